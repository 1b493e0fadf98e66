#' Kaplan-Meier survival curves
#'
#' Estimates the share of subjects still free of an event at each time, when some leave observation
#' before theirs. Assumes that who is censored has the same outlook as who stays under observation,
#' and that rows are independent: one row a patient. Lesions that share a patient are not independent:
#' say so with `cluster`;
#' with competing deaths the complement of the curve overstates the risk of the event.
#'
#' @param ... A formula, or the vector of times: the class of the first argument decides. Not used by the methods.
#' @param formula `Surv(time, status) ~ group` (or `~ 1`). In a formula, `Surv(entry, exit, status)` gives delayed
#'   entry, and several groups are written `a + b`.
#' @param data Data frame in which the formula, `subset` and `weights` are evaluated.
#' @param subset Rows to use: a logical condition or row numbers.
#' @param weights Case weights, finite and >= 0. A row of weight 2 counts as two rows; one of weight 0
#'   as none: it is left out with a note, and a group of such rows only does not appear.
#' @param na.action `"error"` (default) refuses missing values; `"omit"` leaves such rows out, counts
#'   them in the result and prints the count. `options(na.action)` plays no part.
#' @param event For a formula: the value(s) of status that mean an event, needed unless status is
#'   logical or 0/1. For vectors: the status itself, logical or 0/1.
#' @param group For vectors: the group of each row, or `NULL`.
#' @param conf.type Kind of confidence interval: `"log-log"` (default), `"log"`, `"plain"`, `"logit"`, `"arcsin"`,
#'   `"bpcp"`, `"bpcp mid-p"`, `"likelihood"` or `"rothman"`; for clusters also `"beta-cluster"` (experimental). See the
#'   section Intervals.
#' @param conf.lower Standard error behind the lower limit of the first five kinds, as in [survival::survfit()]:
#'   `"usual"` (Greenwood's), `"peto"` or `"modified"`.
#' @param conf.level Two-sided coverage, in (0, 1).
#' @param timefix Merge times that differ by rounding error only (`TRUE`, as in survival)?
#' @param cluster Which rows belong together (the patient of each lesion); in a formula also written `cluster(id)`.
#'   The estimate stays the same, its variance is summed over clusters.
#' @param threads How many threads may share the ordering of very many rows, 1 or more; the result does not depend on
#'   it.
#' @param variance `"greenwood"` (default without clusters), `"ij"` (infinitesimal jackknife; default with clusters,
#'   without them each row is one) or `"ying-wei"`.
#'
#' @return A `kaplan_meier`, which is also a [survival::survfit.object] in every element: one row per
#'   group and time at which the group has an event or a censoring, in the unit of the input.
#'   `std.err` is on the log scale there, as in survival; `std.error` in [tidy()][tidy.kaplan_meier],
#'   [rates()] and `as.data.frame()` is that of the survival probability itself. The element `meta`
#'   holds labels, unit, rows left out and notes. From 4096 rows of the result on, its columns are computed when one of
#'   them is first read (but not `"bpcp"` and `"likelihood"` fits); to all who read them they are ordinary vectors.
#' @section Definition:
#' With `d` events among `n` at risk at each time, \eqn{S(t) = \prod (1 - d/n)} and, by Greenwood,
#' \eqn{SE(S) = S \sqrt{\sum d / (n (n - d))}}{SE(S) = S sqrt(sum d / (n (n - d)))}. Subjects censored at
#' a time still count as at risk at that time.
#'
#' For clusters, row \eqn{i} of weight \eqn{w} changes \eqn{-\log S(t)}{-log S(t)} at the rate
#' \eqn{u_i(t) = w (e\,[event\ by\ t] - \sum g)}{u_i(t) = w (e [event by t] - sum g)}, the sum over the times up to
#' \eqn{t} at which it is at risk, and \eqn{Var \log S(t) = \sum_c (\sum_{i \in c} u_i(t))^2}{Var log S(t) = sum over
#' clusters of (sum of u_i(t) over their rows)^2}. The infinitesimal jackknife has \eqn{e = 1/(n - d)} at the row's own
#' event and \eqn{g = d / (n (n - d))}, the derivative of log S by the row's weight: what
#' `survival::survfit(cluster = )` computes. Ying and Wei have \eqn{e = 1/n} and \eqn{g = d / n^2}, the derivative of
#' Nelson-Aalen's estimate, and come out smaller, most where few are at risk. Groups that share a cluster each have
#' their own sum. With one row a cluster this is not Greenwood's variance: without censoring both are S (1 - S) / n,
#' with censoring they differ.
#' @section Intervals:
#' With \eqn{\sigma^2 = \sum d / (n (n - d))}{v = sum d / (n (n - d))}, z the normal quantile and
#' \eqn{\alpha}{alpha} = 1 - `conf.level`:
#'
#' * `"plain"`, `"log"`, `"log-log"`, `"logit"`, `"arcsin"`: normal on the scale S, log S, log(-log S),
#'   log(S / (1 - S)), arcsin \eqn{\sqrt S}{sqrt S}, the standard error by the delta method, mapped back and kept
#'   within 0 to 1. Undefined
#'   while S = 1 and once S = 0.
#' * `"bpcp"`: the beta product confidence procedure of Fay, Brittain and Proschan, by their method of moments. The
#'   upper limit is the 1 - alpha / 2 quantile of a product of independent Beta(n - d + 1, d), one for each event
#'   time, the lower limit the alpha / 2 quantile of that product times Beta(m, 1), m the number at risk after the time
#'   (0 if none). The product is replaced by the beta law of the same mean and variance; limits that would rise are kept
#'   level. Without censoring this is the interval of Clopper and Pearson, without event the lower limit is
#'   \eqn{(\alpha/2)^{1/m}}{(alpha/2)^(1/m)}. It is made for small cohorts and is never too short in their simulations.
#' * `"bpcp mid-p"`: limits at which the two tails of `"bpcp"`, averaged, are alpha / 2: shorter, near the level on
#'   average rather than always above it.
#' * `"likelihood"`: all S that the likelihood ratio does not reject, the statistic set against a chi-square quantile
#'   of one degree of freedom. Work grows with rows times events.
#' * `"rothman"`: Wilson's interval for a proportion S out of n' = S (1 - S) / Var(S), the number without censoring that
#'   would have this variance.
#'
#' Where an interval other than `"bpcp"` is undefined, because nobody has had the event or S = 0, the limits of
#' `"bpcp"` stand in, and a note says so: no event does not mean 100% to 100%. They take the counts as they are, so a
#' row of weight w is w rows; with delayed entry m is who of those at risk at the time has not left, and the lower limit
#' before the first event does not rise when subjects enter. Asked for by name, `"bpcp"` and `"bpcp mid-p"` need whole
#' counts and no delayed entry, for which they are defined, and are refused otherwise.
#'
#' Which one? With many events and rates away from 0 and 1 they hardly differ, and `"log-log"` is usual. With few take
#' `"bpcp"` where the level must be kept, `"bpcp mid-p"` where it may be kept on average; `"plain"` covers too little
#' there (Borgan and Liestol 1990). Rows that share a patient need `cluster` first. State the choice in advance; see the
#' vignette `small-samples`. All hold at one time: for a whole curve there is [confidence_band()].
#'
#' `conf.lower = "peto"` takes \eqn{\sqrt{(1 - S) / n}}{sqrt((1 - S) / n)} for the standard error of log S below the
#' estimate, n the number at risk; `"modified"` multiplies Greenwood's by the square root of n at the last event over
#' n now, so that the lower limit falls while subjects are lost. Upper limits stay.
#'
#' `"beta-cluster"` (experimental) takes Clopper and Pearson's limits for a sample of effective size
#' \eqn{n_{eff} = S (1 - S) / Var S \cdot (t_{n-1} / t_{k-1})^2}{n_eff = S (1 - S) / Var S * (t_(n-1) / t_(k-1))^2}, as
#' Korn and Graubard do for surveys: with the larger of the robust and Greenwood's variance, n rows and k clusters in
#' the group, and t the two-sided point of Student's distribution. Where S = 1, \eqn{n_{eff}}{n_eff} is the number of
#' clusters at risk; where S = 0, that number when it fell to 0. A group of one cluster has limits 0 and 1 once S < 1.
#' With clusters the interval is made from the robust standard error: `"bpcp"`, `"bpcp mid-p"`, `"likelihood"` and other
#' `conf.lower` than `"usual"`, which count rows, are refused, and the limits of `"beta-cluster"` stand in where others
#' are undefined.
#' @section Quantiles:
#' `quantile()` and `median()` give the first time at which 1 - S reaches the probability (the middle of the flat piece
#' where S meets it exactly, as in survival), with the times at which the limits of the interval do so: the interval of
#' Brookmeyer and Crowley for each `conf.type`. For the transformed kinds only rows with a defined interval count, as in
#' survival; for the others all rows, and the lower limit is 0 where the whole cohort is too small to exclude it. `NA`
#' means not reached within the follow-up; [glance()][tidy.kaplan_meier] says where the curve ends.
#' @section Edge cases:
#' An event at time 0 counts, with everybody at risk. Once S = 0 the standard error is undefined and
#' `NA`. Times closer to their predecessor than `sqrt(.Machine$double.eps)`, absolutely or relative to the mean of
#' the distinct times, are one time; neighbours chain, and entries and exits of all groups are taken together. This is
#' what survival does with `timefix`; the number merged is in `meta$n_time_merged`. A group of one
#' cluster has no robust standard error, and where the influences of all clusters cancel the interval is `NA`. With
#' delayed entry, a curve that falls to 0 while others enter later, or a time with nobody at risk, is warned of
#' (`cryonodes_warning_entry`).
#' @section Errors:
#' `cryonodes_error_missing`, `_time` (negative or infinite), `_status` (coding not stated), `_type`,
#' `_length`, `_empty`, `_entry` (not before exit), `_weights`, `_group` (more than 1000, or labels
#' that print alike), `_column`, `_formula`, `_conf_level`, `_conf_type`, `_choice` (`variance`, or clusters of counts),
#' `_count` (`threads`).
#' @references
#' Kaplan EL, Meier P (1958). Nonparametric estimation from incomplete observations. *JASA* 53:457-481, eq. 2b.
#'
#' Greenwood M (1926). The natural duration of cancer. *Reports on Public Health and Medical Subjects* 33:1-26.
#'
#' Kalbfleisch JD, Prentice RL (1980). *The Statistical Analysis of Failure Time Data*, p. 14-15 (log-log interval).
#'
#' Borgan O, Liestol K (1990). A note on confidence intervals and bands for the survival function based on
#' transformations. *Scand J Stat* 17:35-41 (arcsin).
#'
#' Fay MP, Brittain EH, Proschan MA (2013). Pointwise confidence intervals for a survival distribution with small
#' samples or heavy censoring. *Biostatistics* 14:723-736 (bpcp). Fay MP, Brittain EH (2016). Finite sample pointwise
#' confidence intervals for a survival distribution with right-censored data. *Stat Med* 35:2726-2740 (mid-p).
#'
#' Thomas DR, Grunkemeier GL (1975). Confidence interval estimation of survival probabilities for censored data.
#' *JASA* 70:865-871.
#'
#' Rothman KJ (1978). Estimation of confidence limits for the cumulative probability of survival in life table
#' analysis. *J Chron Dis* 31:557-560.
#'
#' Dorey FJ, Korn EL (1987). Effective sample sizes for confidence intervals for survival probabilities. *Stat Med*
#' 6:679-687 (modified and Peto's lower limits).
#'
#' Ying Z, Wei LJ (1994). The Kaplan-Meier estimate for dependent failure time observations. *Journal of Multivariate
#' Analysis* 50:17-29.
#'
#' Korn EL, Graubard BI (1998). Confidence intervals for proportions with small expected number of positive counts
#' estimated from survey data. *Survey Methodology* 24:193-201.
#'
#' Brookmeyer R, Crowley J (1982). A confidence interval for the median survival time. *Biometrics* 38:29-41.
#' @seealso [rates()], [confidence_band()], [logrank_test()], [figure_outcomes()]
#' @examples
#' patients <- data.frame(
#'   months = c(3, 8, 8, 12, 15, 20, 24, 30, 31),
#'   died = c(0, 1, 0, 1, 0, 0, 1, 0, 0),
#'   arm = c("a", "a", "a", "a", "b", "b", "b", "b", "b")
#' )
#' fit <- kaplan_meier(Surv(months, died) ~ arm, data = patients)
#' fit
#' rates(fit, times = c(12, 24))
#' summary(fit, times = 12) # survival's own summary
#' kaplan_meier(patients$months, patients$died, patients$arm, conf.type = "log")
#' # Lesions that share a patient
#' kaplan_meier(patients$months, patients$died, cluster = c(1, 1, 2, 2, 3, 4, 4, 5, 5))
#' @export
kaplan_meier <- function(...) {
  # As in logrank_test(): a few vectors and nothing else.
  n <- ...length()
  if ((n == 2 || (n == 3 && !missing(..3))) && is.null(...names()) && !missing(..2) && !is.object(..1)) {
    event <- ..2 # here, so that an error in it is told of the call that was made
    group <- if (n == 3) ..3
    fit <- .Call(`_cryonodes_plain_kaplan_meier_cpp`, ..1, event, group, max_groups, sys.call())
    if (!is.null(fit)) return(fit)
  }
  UseMethod("kaplan_meier", dispatch_on(...))
}

#' @rdname kaplan_meier
#' @export
kaplan_meier.formula <- function(formula, data = NULL, subset, weights, na.action = "error", event = NULL,
                                 conf.type = "log-log", conf.level = 0.95, timefix = TRUE, cluster, variance = NULL,
                                 conf.lower = "usual", threads = 1, ...) {
  call <- quote(kaplan_meier())
  check_dots(..., call = call)
  frame <- frame_from_formula(
    formula, data,
    subset = enquo(subset) |> absent_as_null(), weights = enquo(weights) |> absent_as_null(),
    check_na_action(na.action, call), read_event(event), "cluster", call, parent.frame(),
    cluster = enquo(cluster) |> absent_as_null(), timefix = timefix
  )
  fit_kaplan_meier(frame, conf.type, conf.level, timefix, survfit_call(match.call()), call, conf.lower, variance,
    threads
  )
}

#' @rdname kaplan_meier
#' @param time For vectors: follow-up of each row, numeric or difftime, finite and >= 0.
#' @export
kaplan_meier.default <- function(time, event, group = NULL, weights = NULL, na.action = "error",
                                 conf.type = "log-log", conf.level = 0.95, timefix = TRUE, cluster = NULL,
                                 variance = NULL, conf.lower = "usual", threads = 1, ...) {
  # A small fit that asks for nothing special is made by one call: R's own work would take longer.
  if (!...length() && !missing(event) && is.null(weights) && is.null(cluster) &&
    identical(list(conf.type, conf.lower, variance, conf.level, timefix, threads), km_defaults)) {
    fit <- plain_kaplan_meier_cpp(time, event, group, max_groups, sys.call())
    if (!is.null(fit)) return(fit)
  }
  call <- quote(kaplan_meier())
  check_dots(..., call = call)
  if (missing(event)) {
    abort_rule("status", "`event` is missing: whether each time is an event or a censoring must be stated.",
      arg = "event", call = call
    )
  }
  frame <- frame_from_vectors(
    time, event, group, weights, check_na_action(na.action, call), call, cluster = cluster
  )
  fit_kaplan_meier(frame, conf.type, conf.level, timefix, survfit_call(match.call()), call, conf.lower, variance,
    threads
  )
}

# What a method is chosen by: a `formula` wherever it stands, else the first argument, if it has a class.
dispatch_on <- function(...) {
  if (!...length()) return(NULL)
  x <- if (any(...names() == "formula")) ...elt(match("formula", ...names())) else ..1
  if (is.object(x)) x
}

km_defaults <- list("log-log", "usual", NULL, 0.95, TRUE, 1)

fit_kaplan_meier <- function(frame, conf.type, conf.level, timefix, user_call, call, conf.lower = "usual",
                             variance = NULL, threads = 1) {
  clustered <- !is.null(frame$cluster)
  # What nobody has changed needs no check: those take as long as a small fit.
  if (clustered || !identical(list(conf.type, conf.lower, variance, conf.level, timefix, threads), km_defaults)) {
    conf.type <- check_conf_type(conf.type, call)
    conf.lower <- check_conf_lower(conf.lower, conf.type, call)
    variance <- check_variance(variance, frame, conf.type, conf.lower, call)
    conf.level <- check_conf_level(conf.level, call)
    timefix <- check_flag(timefix, "timefix", call)
    threads <- check_whole(threads, "threads", 1, 1024, call)
  } else {
    variance <- "greenwood"
  }
  frame$timefix <- timefix
  robust <- variance != "greenwood"
  rows <- if (robust) with_clusters(frame) else frame
  fit <- call_core(kaplan_meier_cpp(rows, conf.type, conf.lower, conf.level, variance, threads, user_call), call)
  if (is_product(conf.type)) check_product(conf.type, fit, frame, call)
  found <- note_merged(fit$meta$n_time_merged)
  if (robust) {
    clusters <- fit$meta$cluster
    if (clustered) found <- c(found, note_lone_cluster(clusters, fit$meta$group_labels))
    fit$meta["cluster"] <- list(if (clustered) cluster_meta(frame, clusters))
  }
  if (length(found)) fit$meta$notes <- append(fit$meta$notes, found, length(frame$notes))
  if (!is.null(frame$entry)) {
    fit$meta$entries <- entries_by_group(frame, length(fit$meta$group_labels))
    warn_early_risk_sets(fit, group_rows(fit), call)
  }
  fit
}

# Counts are integers while they fit.
whole_number <- function(x) if (all(x <= 2147483647)) as.integer(x) else x

# With delayed entry, when and with what weight each group's subjects enter: between two rows of a survfit only this
# tells who is there already. NULL without delayed entry.
entries_by_group <- function(frame, n_group) {
  if (is.null(frame$entry)) return(NULL)
  group <- factor(frame_groups(frame) %||% integer(length(frame$time)), seq_len(n_group) - 1L)
  if (!is.null(frame$n_censor)) {
    # Of counts, `entry` is how many entered at each time.
    return(unname(Map(function(time, entered) {
      list(time = time[entered > 0], weight = entered[entered > 0])
    }, split(frame$time, group), split(frame$entry, group))))
  }
  weight <- frame$weights %||% rep(1, length(frame$time))
  unname(Map(function(entry, weight) {
    entry_order <- order(entry)
    time <- entry[entry_order]
    last <- !duplicated(time, fromLast = TRUE)
    list(time = time[last], weight = diff(c(0, cumsum(weight[entry_order])[last])))
  }, split(frame$entry, group), split(weight, group)))
}

note_merged <- function(n) {
  if (n > 0) {
    paste0(
      number_text(n), " time", if (n > 1) "s", " equal but for rounding error ", if (n > 1) "were" else "was",
      " merged (timefix = TRUE)"
    )
  }
}

km_fields <- c("n", "time", "n.risk", "n.event", "n.censor", "surv", "std.err", "cumhaz", "lower", "upper", "call")

check_km <- function(x, call) {
  check_result(x, "kaplan_meier", km_fields, call, c("group_labels", "n_rows"))
  columns <- unclass(x)[c("time", "n.risk", "n.event", "n.censor", "surv", "std.err", "cumhaz", "lower", "upper")]
  whole <- all(vapply(columns, is.numeric, TRUE)) && length(unique(lengths(columns))) == 1 && is.numeric(x$n) &&
    is.character(x$meta$group_labels) && length(x$n) == length(x$meta$group_labels) &&
    is.numeric(x$meta$n_rows) && (is.null(x$strata) || is.numeric(x$strata)) &&
    length(x$strata %||% 1L) == length(x$n) && sum(x$strata %||% length(x$time)) == length(x$time) &&
    is.numeric(x$conf.int) && is.character(x$conf.type)
  if (!whole) {
    abort_rule("object", "the parts of the object do not fit each other.", "Compute it again from the data.",
      call = call
    )
  }
  invisible(x)
}

# NaN marks "undefined" in the core; users see NA.
na_plain <- function(x) {
  x[is.nan(x)] <- NA_real_
  x
}

# Other packages look for `formula` and `data` in a survfit's call.
survfit_call <- function(call) {
  call[[1]] <- quote(kaplan_meier)
  call
}

# Of an argument that was not given, the quosure of `NULL`: made once.
null_quosure <- rlang::quo(NULL)
absent_as_null <- function(quosure) if (quo_is_missing(quosure)) null_quosure else quosure

check_dots <- function(..., call) {
  if (...length()) {
    names <- ...names() %||% ""
    found <- if (nzchar(names[1])) paste0("`", names[1], "`") else one_line(..1)
    abort_rule("choice", paste0("unknown argument ", found, "."), call = call)
  }
}

# Rows of each group, named by its label.
group_rows <- function(x) {
  if (is.null(x$strata)) {
    return(setNames(list(seq_along(x$time)), x$meta$group_labels[1]))
  }
  ends <- cumsum(x$strata)
  setNames(Map(function(n, end) seq_len(n) + end - n, x$strata, ends), x$meta$group_labels)
}

#' @export
`[.kaplan_meier` <- function(x, ...) {
  call <- quote(`[`())
  check_km(x, call)
  if (...length() && !missing(..1) && !is.null(..1) && !(is.atomic(..1) && length(dim(..1)) < 2)) {
    abort_rule("type", paste0("a group is chosen by its number or its name, not by ", one_line(..1), "."), call = call)
  }
  out <- call_survival(NextMethod(), "[", call)
  if (!length(out$time)) abort_rule("empty", "no group is selected.", call = call)
  meta <- x$meta
  if (!is.null(x$strata) && ...length() && !missing(..1)) {
    chosen <- setNames(seq_along(x$strata), names(x$strata))[..1]
    meta$group_labels <- meta$group_labels[chosen]
    meta$entries <- meta$entries[chosen]
    if (!is.null(meta$cluster)) meta$cluster$by_group <- meta$cluster$by_group[chosen]
    meta$n_rows <- sum(out$n)
  }
  out$meta <- meta
  structure(unclass(out)[!vapply(out, is.null, TRUE)], class = class(x))
}

#' @export
plot.kaplan_meier <- function(x, ...) {
  check_km(x, quote(plot()))
  NextMethod()
}

#' @export
print.kaplan_meier <- function(x, digits = 3, ...) {
  check_km(x, quote(print()))
  digits <- check_digits(digits, quote(print()))
  cat("Kaplan-Meier estimate", if (!is.null(x$meta$group_title)) paste0(" by ", x$meta$group_title), "\n", sep = "")
  cat(count_line(x$meta), "\n\n", sep = "")
  table <- glance(x)
  shown <- data.frame(
    n = number_text(table$n), events = number_text(table$n.event),
    median = ifelse(is.na(table$median), "not reached", format_number(table$median, digits)),
    ci = ifelse(is.na(table$conf.low) & is.na(table$conf.high), "-",
      paste0(na_dash(table$conf.low, digits), " to ", na_dash(table$conf.high, digits))
    ),
    last = format_number(table$follow.up.max, digits)
  )
  names(shown)[3:5] <- c("median", paste0(number_text(100 * x$conf.int), "% CI"), "last follow-up")
  rownames(shown) <- x$meta$group_labels
  print(shown)
  unit <- if (!is.null(x$meta$unit)) paste0("; times in ", x$meta$unit)
  cat("\n", variance_line(x), "; ", interval_label(x), " intervals", unit, ".\n", sep = "")
  print_notes(c(x$meta$notes, note_not_reached(table)))
  invisible(x)
}
