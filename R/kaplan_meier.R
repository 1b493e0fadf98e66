#' Kaplan-Meier survival curves
#'
#' Estimates the share of subjects still free of an event at each time, when some leave observation
#' before theirs. Assumes that who is censored has the same outlook as who stays under observation,
#' and that rows are independent: one row a patient. Lesions that share a patient are not independent;
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
#'   `"bpcp"`, `"bpcp mid-p"`, `"likelihood"` or `"rothman"`; see the section Intervals.
#' @param conf.lower Standard error behind the lower limit of the first five kinds, as in [survival::survfit()]:
#'   `"usual"` (Greenwood's), `"peto"` or `"modified"`.
#' @param conf.level Two-sided coverage, in (0, 1).
#' @param timefix Merge times that differ by rounding error only (`TRUE`, as in survival)?
#'
#' @return A `kaplan_meier`, which is also a [survival::survfit.object] in every element: one row per
#'   group and time at which the group has an event or a censoring, in the unit of the input.
#'   `std.err` is on the log scale there, as in survival; `std.error` in [tidy()][tidy.kaplan_meier],
#'   [rates()] and `as.data.frame()` is that of the survival probability itself. The element `meta`
#'   holds labels, unit, rows left out and notes.
#' @section Definition:
#' With `d` events among `n` at risk at each time, \eqn{S(t) = \prod (1 - d/n)} and, by Greenwood,
#' \eqn{SE(S) = S \sqrt{\sum d / (n (n - d))}}{SE(S) = S sqrt(sum d / (n (n - d)))}. Subjects censored at
#' a time still count as at risk at that time.
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
#' `conf.lower = "peto"` takes \eqn{\sqrt{(1 - S) / n}}{sqrt((1 - S) / n)} for the standard error of log S below the
#' estimate, n the number at risk; `"modified"` multiplies Greenwood's by the square root of n at the last event over
#' n now, so that the lower limit falls while subjects are lost. Upper limits stay.
#' @section Quantiles:
#' `quantile()` and `median()` give the first time at which 1 - S reaches the probability (the middle of the flat piece
#' where S meets it exactly, as in survival), with the times at which the limits of the interval do so: the interval of
#' Brookmeyer and Crowley for each `conf.type`. For the transformed kinds only rows with a defined interval count, as in
#' survival; for the others all rows, and the lower limit is 0 where the whole cohort is too small to exclude it. `NA`
#' means not reached within the follow-up; [glance()][tidy.kaplan_meier] says where the curve ends.
#' @section Edge cases:
#' An event at time 0 counts, with everybody at risk. Once S = 0 the standard error is undefined and
#' `NA`. Times closer to their predecessor than `sqrt(.Machine$double.eps)`, absolutely or relative to the mean of
#' the distinct
#' times, are one time; the number merged is in `meta$n_time_merged`.
#' @section Errors:
#' `cryonodes_error_missing`, `_time` (negative or infinite), `_status` (coding not stated), `_type`,
#' `_length`, `_empty`, `_entry` (not before exit), `_weights`, `_group` (more than 1000, or labels
#' that print alike), `_column`, `_formula`, `_conf_level`, `_conf_type`.
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
#' @export
kaplan_meier <- function(...) UseMethod("kaplan_meier", dispatch_on(...))

#' @rdname kaplan_meier
#' @export
kaplan_meier.formula <- function(formula, data = NULL, subset, weights, na.action = "error", event = NULL,
                                 conf.type = "log-log", conf.level = 0.95, timefix = TRUE, conf.lower = "usual", ...) {
  call <- quote(kaplan_meier())
  check_dots(..., call = call)
  frame <- frame_from_formula(
    formula, data,
    subset = rlang::enquo(subset) |> absent_as_null(), weights = rlang::enquo(weights) |> absent_as_null(),
    check_na_action(na.action, call), read_event(event), character(), call, parent.frame()
  )
  fit_kaplan_meier(frame, conf.type, conf.level, timefix, survfit_call(match.call()), call, conf.lower)
}

#' @rdname kaplan_meier
#' @param time For vectors: follow-up of each row, numeric or difftime, finite and >= 0.
#' @export
kaplan_meier.default <- function(time, event, group = NULL, weights = NULL, na.action = "error",
                                 conf.type = "log-log", conf.level = 0.95, timefix = TRUE, conf.lower = "usual", ...) {
  call <- quote(kaplan_meier())
  check_dots(..., call = call)
  if (missing(event)) {
    abort_rule("status", "`event` is missing: whether each time is an event or a censoring must be stated.",
      arg = "event", call = call
    )
  }
  frame <- frame_from_vectors(time, event, group, weights, check_na_action(na.action, call), call)
  fit_kaplan_meier(frame, conf.type, conf.level, timefix, survfit_call(match.call()), call, conf.lower)
}

# What a method is chosen by: a `formula` wherever it stands, else the first argument.
dispatch_on <- function(...) {
  if (!...length()) return(NULL)
  at <- match("formula", ...names())
  if (is.na(at)) ..1 else ...elt(at)
}

fit_kaplan_meier <- function(frame, conf.type, conf.level, timefix, user_call, call, conf.lower) {
  conf.type <- check_conf_type(conf.type, call)
  conf.lower <- check_conf_lower(conf.lower, conf.type, call)
  conf.level <- check_conf_level(conf.level, call)
  timefix <- check_flag(timefix, "timefix", call)
  n_group <- max(1L, length(frame$group_names))
  core <- call_core(kaplan_meier_cpp(frame_core(frame, timefix), conf.type, conf.lower, conf.level), call)
  check_product(conf.type, core, frame, call)
  # The elements of a survfit, in its order.
  fit <- list(
    n = whole_number(frame$n %||% core$n), time = core$time, n.risk = core$n_risk, n.event = core$n_event,
    n.censor = core$n_censor, surv = core$estimate, std.err = core$std_error_log, cumhaz = core$cumhaz,
    std.chaz = core$std_chaz
  )
  if (!is.null(frame$group_names)) fit$strata <- stats::setNames(as.integer(core$rows), frame$group_names)
  fit <- c(fit, list(
    type = if (is.null(frame$entry)) "right" else "counting", logse = TRUE, conf.int = conf.level,
    conf.type = conf.type
  ), if (conf.lower != "usual") list(conf.lower = conf.lower), list(
    lower = core$conf_low, upper = core$conf_high, call = user_call
  ))
  if (length(frame$rows_dropped)) {
    fit$na.action <- structure(frame$rows_dropped, class = "omit", names = frame$rows_dropped)
  }
  fit$meta <- list(
    format = result_format, method = "kaplan_meier", group_title = frame$group_title,
    group_labels = frame$group_labels %||% "All", unit = frame$unit, n_rows = frame$n_rows,
    rows_dropped = frame$rows_dropped, n_time_merged = core$n_time_merged,
    notes = c(frame$notes, note_merged(core$n_time_merged), note_stand_in(conf.type, fit$surv)),
    entries = entries_by_group(frame, n_group)
  )
  structure(fit, class = c("kaplan_meier", "survfit"))
}

# Counts are integers while they fit.
whole_number <- function(x) if (all(x <= .Machine$integer.max)) as.integer(x) else x

# With delayed entry, when and with what weight each group's subjects enter: between two rows of a survfit only this
# tells who is there already. NULL without delayed entry.
entries_by_group <- function(frame, n_group) {
  if (is.null(frame$entry)) return(NULL)
  group <- factor(frame$group %||% integer(length(frame$time)), seq_len(n_group) - 1L)
  if (!is.null(frame$n_censor)) {
    # Of counts, `entry` is how many entered at each time.
    return(unname(Map(function(time, entered) {
      list(time = time[entered > 0], weight = entered[entered > 0])
    }, split(frame$time, group), split(frame$entry, group))))
  }
  weight <- frame$weights %||% rep(1, length(frame$time))
  unname(Map(function(entry, weight) {
    entry_order <- order(entry)
    list(time = entry[entry_order], weight = weight[entry_order])
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

absent_as_null <- function(quosure) if (rlang::quo_is_missing(quosure)) rlang::quo(NULL) else quosure

check_dots <- function(..., call) {
  if (...length()) {
    names <- ...names() %||% ""
    found <- if (nzchar(names[1])) paste0("`", names[1], "`") else one_line(..1)
    abort_rule("choice", paste0("unknown argument ", found, "."), call = call)
  }
}

#' Survival rates at given times
#'
#' One row per group and time: what a paper's table of rates prints, with what stands behind it.
#'
#' @param x A [kaplan_meier()].
#' @param times Numeric, finite and >= 0, in the unit of the follow-up; answered in the order asked.
#' @param extend Beyond a group's last follow-up the rate is not known and `NA`, unless the curve has
#'   reached 0. `TRUE` carries the last rate forward and marks it in the column `note`.
#' @param ... Not used.
#' @return A data frame of class `km_rates` with columns `strata` (group label), `time`, `n` (subjects in the
#'   group), `n.risk` (at risk just before the time; with delayed entry those who entered before it, at time 0 those
#'   who enter then; survival's own `summary(times = )` also counts who enters between that time and the next row of
#'   the curve), `n.event` and `n.censor` (since the next smaller time
#'   asked for, that time itself excluded), `cum.event` (events up to and including the time), `estimate`,
#'   `std.error` (of the rate itself), `conf.low`, `conf.high` (proportions) and `note`: the reason for an `NA`,
#'   the mark of an extension, or that the beta-product limits stand in for an undefined interval.
#' @section Errors: `cryonodes_error_times`, `_object`, `_type`.
#' @examples
#' fit <- kaplan_meier(c(5, 8, 12, 20, 33), c(1, 0, 1, 0, 0))
#' rates(fit, times = c(12, 24, 36))
#' rates(fit, times = c(24, 36), extend = TRUE)
#' @export
rates <- function(x, times, extend = FALSE, ...) UseMethod("rates")

#' @rdname rates
#' @export
rates.default <- function(x, times, extend = FALSE, ...) {
  call <- quote(rates())
  check_given(missing(x), "x", call)
  abort_rule("object", paste0("`x` must be a kaplan_meier, not ", class(x)[1], "."),
    "Make one with `kaplan_meier()`.",
    arg = "x", call = call
  )
}

#' @rdname rates
#' @export
rates.kaplan_meier <- function(x, times, extend = FALSE, ...) {
  call <- quote(rates())
  check_dots(..., call = call)
  check_km(x, call)
  check_given(missing(times), "times", call)
  times <- check_times(times, call)
  extend <- check_flag(extend, "extend", call)
  rows <- group_rows(x)
  if (identical(x$type, "counting") && length(x$meta$entries) != length(rows)) {
    abort_rule("object", "the object has lost its entry times, `meta$entries`.", "Compute it again from the data.",
      call = call
    )
  }
  # Without names: do.call() would make symbols of the labels, in the encoding of the session.
  parts <- lapply(seq_along(rows), function(k) {
    rates_one(x, rows[[k]], names(rows)[k], x$n[k], times, extend, x$meta$entries[[k]])
  })
  out <- do.call(rbind, parts)
  rownames(out) <- NULL
  structure(out, class = c("km_rates", "data.frame"), unit = x$meta$unit, conf.level = x$conf.int)
}

rates_one <- function(x, i, label, n, times, extend, entries = NULL) {
  time <- x$time[i]
  last <- length(time)
  # Times that differ from a time of the curve by rounding only are that time.
  slack <- sqrt(.Machine$double.eps) * pmax(1, abs(times))
  upto <- if (last) findInterval(times + slack, time) else integer(length(times))
  before <- if (last) findInterval(times - slack, time, left.open = TRUE) else integer(length(times))
  cumulative <- function(v) c(0, cumsum(v[i]))[upto + 1]
  since <- function(v) {
    total <- cumulative(v)
    by_time <- order(times)
    total[by_time] <- c(total[by_time[1]], diff(total[by_time]))
    total
  }
  at <- function(v, start) c(start, v[i])[upto + 1]
  estimate <- at(x$surv, 1)
  beyond <- last == 0 | times - slack > time[max(1, last)]
  known <- !beyond | estimate == 0
  std_error <- estimate * at(x$std.err, 0)
  none_yet <- upto == 0 | cumulative(x$n.event) == 0
  stand_in <- if (is_product(x$conf.type)) "" else "; beta-product limits"
  note <- ifelse(!known & extend, "beyond follow-up: last rate carried forward",
    ifelse(!known, paste0("beyond follow-up (last at ", number_text(time[max(1, last)]), ")"),
      ifelse(estimate == 0, paste0("S = 0: standard error undefined", stand_in),
        ifelse(none_yet, paste0("no event yet", stand_in), NA_character_)
      )
    )
  )
  shown <- known | extend
  hide <- function(v) ifelse(shown, v, NA_real_)
  n_risk <- if (last) c(x$n.risk[i], 0)[before + 1] else rep(0, length(times))
  if (last && !is.null(entries)) {
    n_risk <- n_risk - entering_later(entries, times, slack, time, before, on_row = upto > before)
  }
  start_low <- no_event_low(x, n_risk)
  limit <- function(v, start) hide(ifelse(upto == 0, start, at(v, NA_real_)))
  data.frame(
    strata = label, time = times, n = n, n.risk = n_risk, n.event = since(x$n.event), n.censor = since(x$n.censor),
    cum.event = cumulative(x$n.event), estimate = hide(estimate), std.error = hide(na_plain(std_error)),
    conf.low = limit(x$lower, start_low), conf.high = limit(x$upper, 1), note = note,
    stringsAsFactors = FALSE
  )
}

# The weight that enters at or after each asked time but before the next row of the curve, whose number at risk has it
# already. A time that is a row needs no correction.
entering_later <- function(entries, times, slack, time, before, on_row) {
  next_row <- c(time, Inf)[before + 1]
  entered <- c(0, cumsum(entries$weight))
  # At time 0 those who enter at 0 are there: nobody could be before.
  start <- ifelse(times <= slack, slack, times - slack)
  by_start <- findInterval(start, entries$time, left.open = TRUE)
  by_next <- findInterval(next_row - sqrt(.Machine$double.eps) * pmax(1, next_row), entries$time, left.open = TRUE)
  ifelse(on_row | !is.finite(next_row), 0, pmax(0, entered[by_next + 1] - entered[by_start + 1]))
}

# Rows of each group, named by its label.
group_rows <- function(x) {
  if (is.null(x$strata)) {
    return(stats::setNames(list(seq_along(x$time)), x$meta$group_labels[1]))
  }
  ends <- cumsum(x$strata)
  stats::setNames(Map(function(n, end) seq_len(n) + end - n, x$strata, ends), x$meta$group_labels)
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
    chosen <- stats::setNames(seq_along(x$strata), names(x$strata))[..1]
    meta$group_labels <- meta$group_labels[chosen]
    meta$entries <- meta$entries[chosen]
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
  cat("\nGreenwood variance; ", interval_label(x), " intervals", unit, ".\n", sep = "")
  print_notes(c(x$meta$notes, note_not_reached(table)))
  invisible(x)
}

#' @export
print.km_rates <- function(x, digits = 3, ...) {
  lost <- setdiff(c(
    "strata", "time", "n", "n.risk", "n.event", "n.censor", "cum.event", "estimate", "std.error", "conf.low",
    "conf.high", "note"
  ), names(x))
  if (length(lost)) return(print(as.data.frame(x), digits = digits, ...))
  digits <- check_digits(digits, quote(print()))
  shown <- as.data.frame(x)
  for (v in c("time", "n", "n.risk", "n.event", "n.censor", "cum.event")) shown[[v]] <- number_text(shown[[v]])
  for (v in c("estimate", "std.error", "conf.low", "conf.high")) shown[[v]] <- format_number(shown[[v]], digits)
  shown$note <- ifelse(is.na(shown$note), "", shown$note)
  print(shown, row.names = FALSE)
  invisible(x)
}

#' @export
as.data.frame.km_rates <- function(x, ...) {
  class(x) <- "data.frame"
  attr(x, "unit") <- attr(x, "conf.level") <- NULL
  x
}
