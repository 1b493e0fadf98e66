#' Cumulative incidence of competing events
#'
#' Estimates, at each time, the share of subjects who have had an event of each cause so far, when another event may
#' come first and some leave observation before any. This is the Aalen-Johansen estimate. Kaplan-Meier of one cause,
#' with the other causes as censorings, answers a question about a world without them and is larger; by how much is
#' printed. Assumes that who is censored has the same outlook as who stays, and without `cluster` that rows are
#' independent.
#'
#' @inheritParams kaplan_meier
#' @param formula `Surv(time, status) ~ group` (or `~ 1`). In a formula, `Surv(entry, exit, status)` gives delayed
#'   entry, several groups are written `a + b`, and `cluster(id)` names the clusters.
#' @param time For vectors: follow-up of each row, numeric or difftime, finite and >= 0.
#' @param status For vectors: what each row ended with. Here and in a formula: a factor whose first level means
#'   censored; numbers with 0 for censored; or any labels together with `censor`. All levels of a factor are causes,
#'   also those that did not happen.
#' @param censor The value(s) of status that mean censored, when the two conventions do not hold.
#' @param cluster For a formula: the variable that names the cluster (the patient, for lesions) of each row. For
#'   vectors: its values. `NULL`: each row for itself.
#' @param variance `"delta"`, `"aalen"` or `"robust"`; by default `"delta"`, with clusters always `"robust"`.
#' @param conf.type Scale of the confidence interval: `"log-log"` (default), `"log"`, `"plain"`, `"logit"` or
#'   `"arcsin"`, each of the incidence itself, as in [survival::survfit()].
#' @param test Add Gray's test of each cause between the groups, as `cmprsk::cuminc()` does? Very many rows are then
#'   ordered once for all of it. Not with clusters, delayed entry or `strata()`; [gray_test()] has more choices.
#' @return A `cumulative_incidence`, which is also a multi-state [survival::survfit.object] (class `survfitms`): one row
#'   per group and time at which the group has an event or a censoring; matrices `pstate`, `std.err`, `lower`, `upper`,
#'   `n.risk`, `n.event` with a column for each of `states`, the first of which, `"(s0)"`, is "no event yet"; `cumhaz`
#'   and `one.minus.km` with a column for each cause. [tidy()][tidy.cumulative_incidence] and
#'   [rates()][rates.cumulative_incidence] give them as rows, [quantile()][quantile.cumulative_incidence] the times at
#'   which incidences are reached. With `test = TRUE` the element `tests` is a list of the [gray_test()] of each cause,
#'   by its name; a choice of groups, `fit[1, ]`, has none. The element `meta` holds labels, unit, rows left out and
#'   notes. Of many rows (4096 or more of the result) columns are computed when they are first read; to all who read
#'   them they are ordinary matrices.
#' @section Definition:
#' With `d_k` events of cause `k`, `d` of all causes, among `n` at risk at each time, \eqn{S = \prod (1 - d/n)} is the
#' probability of no event yet and \eqn{F_k(t) = \sum S(before) d_k/n} the incidence. Both are carried on at twice the
#' precision of a double, so that their sum is 1 up to the rounding of the numbers themselves.
#'
#' The variance is that of \eqn{F_k} linearised in `h_k = d_k/n` and `h = d/n`. `"delta"`: `var h_k = h_k (1 - h_k)/n`,
#' `cov(h, h_k) = h_k (1 - h)/n`; with one cause this is Greenwood's, and without weights or delayed entry what survival
#' prints. `"aalen"`: `var h_k = cov(h, h_k) = v(d_k)`, `var h = v(d_k) + v(d - d_k)` with
#' `v(x) = x (n - x)/(n^2 (n - 1))`, and `x/n^2` for `x <= 1`: the variance of `cmprsk::cuminc()`. In both, a row of
#' weight 2 is two rows. `"robust"`: the squared influence of each cluster, summed over clusters (infinitesimal
#' jackknife); there a weight is that of one row.
#' @section Edge cases:
#' A probability of 0 or 1 has no normal interval. With an effective number `m` its limit is that of no event among `m`
#' subjects, `1 - (alpha/2)^(1/m)` for 0 and `(alpha/2)^(1/m)` for 1, where `m = r/S` with `r` still under observation
#' after the time (at it, for the last time of the group), at most all subjects; clusters reduce `m` by the ratio of
#' clusters to rows. Without censoring this is Clopper and Pearson's limit. A cause that never happens has incidence 0.
#' With fewer than two clusters in a group there is no standard error.
#' @section Errors:
#' `cryonodes_error_missing`, `_time`, `_status` (what is censored is not stated), `_type`, `_length`, `_empty`,
#' `_entry`, `_weights`, `_group`, `_column`, `_formula`, `_conf_level`, `_conf_type`, `_choice` (variance, test),
#' `_count` (threads).
#' @references
#' Aalen OO, Johansen S (1978). An empirical transition matrix for non-homogeneous Markov chains based on censored
#' observations. *Scandinavian Journal of Statistics* 5:141-150.
#'
#' Aalen OO (1978). Nonparametric estimation of partial transition probabilities in multiple decrement models.
#' *Annals of Statistics* 6:534-545 (`"aalen"`).
#'
#' Dinse GE, Larson MG (1986). A note on semi-Markov models for partially censored data. *Biometrika* 73:379-386
#' (`"delta"`).
#'
#' Gray RJ (1988). A class of K-sample tests for comparing the cumulative incidence of a competing risk. *Annals of
#' Statistics* 16:1141-1154 (`test`).
#'
#' Clopper CJ, Pearson ES (1934). The use of confidence or fiducial limits illustrated in the case of the binomial.
#' *Biometrika* 26:404-413.
#' @seealso [gray_test()] for comparing groups, [kaplan_meier()], [event_counts()]
#' @examples
#' patients <- data.frame(
#'   months = c(3, 8, 8, 12, 15, 20, 24, 30, 31),
#'   outcome = factor(
#'     c("none", "relapse", "death", "relapse", "none", "death", "relapse", "none", "none"),
#'     levels = c("none", "relapse", "death")
#'   ),
#'   arm = rep(c("a", "b"), c(5, 4))
#' )
#' fit <- cumulative_incidence(Surv(months, outcome) ~ 1, data = patients)
#' fit
#' rates(fit, times = c(12, 24))
#' summary(fit, times = 12) # survival's own summary
#' fit <- cumulative_incidence(Surv(months, outcome) ~ arm, data = patients, test = TRUE)
#' fit
#' fit$tests$relapse
#' @export
cumulative_incidence <- function(...) UseMethod("cumulative_incidence", dispatch_on(...))

#' @rdname cumulative_incidence
#' @export
cumulative_incidence.formula <- function(formula, data = NULL, subset, weights, na.action = "error", censor = NULL,
                                         cluster = NULL, variance = NULL, conf.type = "log-log", conf.level = 0.95,
                                         test = FALSE, timefix = TRUE, threads = 1, ...) {
  call <- quote(cumulative_incidence())
  check_dots(..., call = call)
  frame <- frame_from_formula(
    formula, data,
    subset = enquo(subset) |> absent_as_null(), weights = enquo(weights) |> absent_as_null(),
    check_na_action(na.action, call), read_causes(censor), "cluster", call, parent.frame(),
    cluster = enquo(cluster) |> absent_as_null(), timefix = timefix
  )
  if (isTRUE(test) && any(vapply(as.list(attr(stats::terms(formula), "variables")), is_call_of, TRUE, "strata"))) {
    abort_rule("choice", paste0("with `test = TRUE` a formula may not have `strata()`: each stratum has curves of its ",
      "own, and the tests would compare them all."
    ), "`gray_test()` compares the groups within strata.",
      arg = "test", call = call
    )
  }
  fit_incidence(frame, variance, conf.type, conf.level, test, timefix, threads, formula_text(formula),
    user_call(match.call(), "cumulative_incidence"), call
  )
}

#' @rdname cumulative_incidence
#' @export
cumulative_incidence.default <- function(time, status, group = NULL, censor = NULL, weights = NULL, cluster = NULL,
                                         na.action = "error", variance = NULL, conf.type = "log-log",
                                         conf.level = 0.95, test = FALSE, timefix = TRUE, threads = 1, ...) {
  call <- quote(cumulative_incidence())
  check_dots(..., call = call)
  check_given(missing(time), "time", call)
  if (missing(status)) {
    abort_rule("status", "`status` is missing: what each time ended with must be stated.", arg = "status", call = call)
  }
  frame <- frame_from_vectors(time, status, group, weights, check_na_action(na.action, call), call,
    cluster = cluster, status = read_causes(censor), event_name = "status"
  )
  fit_incidence(frame, variance, conf.type, conf.level, test, timefix, threads, "time and status by group",
    user_call(match.call(), "cumulative_incidence"), call
  )
}

#' @rdname cumulative_incidence
#' @param counts A life table made by [event_counts()]; it cannot give the variance `"robust"`.
#' @export
cumulative_incidence.event_counts <- function(counts, variance = NULL, conf.type = "log-log", conf.level = 0.95,
                                              test = FALSE, ...) {
  call <- quote(cumulative_incidence())
  check_dots(..., call = call)
  fit_incidence(
    frame_from_counts(counts, call), variance, conf.type, conf.level, test, FALSE, 1, "counts by group",
    user_call(match.call(), "cumulative_incidence"), call
  )
}

# Other packages look for `formula` and `data` in the call; it names the verb, not its method.
user_call <- function(call, fun) {
  call[[1]] <- as.name(fun)
  call
}

check_scale <- function(x, allowed, call) {
  if (!is.character(x) || length(x) != 1 || !x %in% allowed) {
    abort_rule("conf_type", paste0("`conf.type` must be one of ", quoted(allowed), ", not ", one_line(x), "."),
      arg = "conf.type", call = call
    )
  }
  x
}

# What `variance` stands for, and the clusters between which a robust one is taken.
read_variance <- function(variance, frame, call) {
  clustered <- !is.null(frame$cluster)
  variance <- check_choice(variance %||% if (clustered) "robust" else "delta", c("delta", "aalen", "robust"),
    "variance", call
  )
  if (clustered && variance != "robust") {
    abort_rule("choice", paste0("`variance` = '", variance, "' takes rows for independent; with clusters it is ",
      "'robust'."
    ), arg = "variance", call = call)
  }
  if (variance == "robust" && !is.null(frame$n_censor)) {
    abort_rule("choice", "`variance` = 'robust' needs the rows; counts do not have them.",
      arg = "variance", call = call
    )
  }
  variance
}

fit_incidence <- function(frame, variance, conf.type, conf.level, test, timefix, threads, data_name, user_call, call) {
  conf.type <- check_scale(conf.type, c("log-log", "log", "plain", "logit", "arcsin"), call)
  conf.level <- check_conf_level(conf.level, call)
  frame$timefix <- check_flag(timefix, "timefix", call)
  threads <- check_whole(threads, "threads", 1, 1024, call)
  variance <- read_variance(variance, frame, call)
  compared <- if (check_flag(test, "test", call)) check_incidence_test(frame, call)
  rows <- if (variance == "robust") with_clusters(frame) else frame
  core <- call_core(cumulative_incidence_cpp(rows, conf.type, conf.level, variance, test, threads), call)
  causes <- frame$causes %||% "event"
  states <- c("(s0)", causes)
  n_group <- max(1L, length(frame$group_names))
  events <- core$events
  start <- function(first) {
    out <- matrix(rep(c(first, rep(0, length(causes))), each = n_group), n_group,
      dimnames = list(frame$group_names, states)
    )
    if (is.null(frame$group_names)) out[1, ] else out
  }
  # The elements of a survfitms, in its order.
  fit <- list(
    n = whole_number(frame[["n"]] %||% core$n), time = core$time,
    n.risk = core$n_risk, n.event = core$n_event, n.censor = core$n_censor, pstate = core$estimate, p0 = start(1)
  )
  if (!is.null(frame$group_names)) fit$strata <- setNames(as.integer(core$rows), frame$group_names)
  fit <- c(fit, list(
    std.err = core$std_error, sp0 = unname(start(0)), logse = FALSE,
    cumhaz = core$cumhaz, one.minus.km = core$one_minus_km,
    transitions = transition_counts(causes, events, core$censored), lower = core$conf_low, upper = core$conf_high,
    conf.type = conf.type, conf.int = conf.level, states = states,
    type = if (is.null(frame$entry)) "mright" else "mcounting", call = user_call
  ))
  if (length(frame$rows_dropped)) {
    fit$na.action <- structure(frame$rows_dropped, class = "omit", names = frame$rows_dropped)
  }
  fit$meta <- list(
    format = result_format, method = "cumulative_incidence", group_title = frame$group_title,
    group_labels = frame$group_labels %||% "All", causes = causes, variance = variance,
    cluster_title = frame$cluster_title, n_cluster = frame$n_cluster, unit = frame$unit, n_rows = frame$n_rows,
    rows_dropped = frame$rows_dropped, n_time_merged = core$n_time_merged,
    notes = c(frame$notes, note_merged(core$n_time_merged), note_absent(causes, events)),
    entries = entries_by_group(frame, n_group)
  )
  if (test) fit$tests <- setNames(lapply(seq_along(causes), function(k) {
    few <- note_few(core$tests[[k]], compared, frame, list(name = "asymptotic"),
      ways_countable(core$tests[[k]])
    )
    new_gray(core$tests[[k]], frame, compared, causes[k], data_name, after = few)
  }), causes)
  structure(fit, class = c("cumulative_incidence", "survfitms", "survfit"))
}

# The labels of the groups that the tests compare.
check_incidence_test <- function(frame, call) {
  if (!is.null(frame$cluster)) {
    abort_rule("choice", "`test = TRUE` takes rows for independent, and there are clusters.",
      "`gray_test()` deals the clusters out.",
      arg = "test", call = call
    )
  }
  check_gray_frame(frame, call)
}

# As survival tabulates them: from the one state that can be left.
transition_counts <- function(causes, events, censored) {
  states <- c("(s0)", causes)
  table <- matrix(0, length(states), length(states),
    dimnames = list(from = states, to = c(causes, "(censored)"))
  )
  table[1, ] <- round(c(events, censored))
  if (all(table <= .Machine$integer.max)) storage.mode(table) <- "integer"
  structure(table, class = "table")
}

note_absent <- function(causes, events) {
  if (any(events == 0)) paste0("no event of ", quoted(causes[events == 0]), ": its incidence is 0")
}

incidence_fields <- c(
  "n", "time", "n.risk", "n.event", "n.censor", "pstate", "p0", "std.err", "cumhaz", "one.minus.km", "lower", "upper",
  "states", "conf.int", "conf.type", "call"
)

check_incidence <- function(x, call) {
  check_result(x, "cumulative_incidence", incidence_fields, call, c("group_labels", "causes", "n_rows"))
  rows <- length(x$time)
  of_size <- function(name, columns) is.numeric(x[[name]]) && identical(dim(x[[name]]), c(rows, columns))
  states <- length(x$meta$causes) + 1L
  whole <- is.numeric(x$time) && is.numeric(x$n) && length(x$n.censor) == rows &&
    all(vapply(c("n.risk", "n.event", "pstate", "std.err", "lower", "upper"), of_size, TRUE, states)) &&
    of_size("one.minus.km", states - 1L) && length(x$states) == states &&
    length(x$n) == length(x$meta$group_labels) && length(x$strata %||% 1L) == length(x$n) &&
    sum(x$strata %||% rows) == rows && is.numeric(x$conf.int) && is.character(x$conf.type)
  if (!whole) {
    abort_rule("object", "the parts of the object do not fit each other.", "Compute it again from the data.",
      call = call
    )
  }
  for (test in x$tests) check_gray(test, call)
  invisible(x)
}

#' @export
`[.cumulative_incidence` <- function(x, ...) {
  call <- quote(`[`())
  check_incidence(x, call)
  out <- call_survival(NextMethod(), "[", call)
  if (!length(out$time)) abort_rule("empty", "no group is selected.", call = call)
  plain <- structure(
    unclass(out)[!vapply(out, is.null, TRUE) & !names(out) %in% c("meta", "one.minus.km", "tests")],
    class = c("survfitms", "survfit")
  )
  # A choice of states is a multi-state survfit and no more: without them all, probabilities do not sum to 1.
  if (!identical(out$states, x$states) || is.null(dim(out$pstate))) return(plain)
  rows <- seq_along(x$time)
  meta <- x$meta
  if (!is.null(x$strata) && ...length() && !missing(..1)) {
    chosen <- unname(setNames(seq_along(x$strata), names(x$strata))[..1])
    rows <- unlist(unname(group_rows(x))[chosen])
    meta$group_labels <- meta$group_labels[chosen]
    meta$entries <- meta$entries[chosen]
    meta$n_rows <- sum(out$n)
  }
  plain$one.minus.km <- x$one.minus.km[rows, , drop = FALSE]
  plain$transitions <- transition_counts(
    meta$causes, colSums(plain$n.event)[-1], sum(plain$n.censor)
  )
  plain$meta <- meta
  structure(plain, class = class(x))
}

#' @export
summary.cumulative_incidence <- function(object, times, ...) {
  call <- quote(summary())
  check_incidence(object, call)
  plain <- structure(object, class = c("survfitms", "survfit"))
  if (missing(times)) return(call_survival(summary(plain, ...), "summary", call))
  if (!is_number(times) || !length(times) || anyNA(times)) {
    abort_rule("times", paste0("`times` must be numbers without missing values, not ", one_line(times), "."),
      arg = "times", call = call
    )
  }
  call_survival(summary(plain, times = times, ...), "summary", call)
}

#' @export
plot.cumulative_incidence <- function(x, ...) {
  check_incidence(x, quote(plot()))
  NextMethod()
}

#' @rdname cumulative_incidence
#' @param x A `cumulative_incidence`.
#' @param times For `print()`: times at which to print the incidences, instead of each group's last.
#' @param digits Significant digits to print.
#' @export
print.cumulative_incidence <- function(x, times = NULL, digits = 3, ...) {
  call <- quote(print())
  check_incidence(x, call)
  digits <- check_digits(digits, call)
  cat("Cumulative incidence", if (!is.null(x$meta$group_title)) paste0(" by ", x$meta$group_title), "\n", sep = "")
  cat(count_line(x$meta),
    if (!is.null(x$meta$n_cluster)) paste0(", ", x$meta$n_cluster, " clusters of ",
      sub("^(survival::)?cluster[(](.*)[)]$", "\\2", x$meta$cluster_title)
    ), "\n\n",
    sep = ""
  )
  table <- if (is.null(times)) glance(x) else rates(x, times)
  shown <- data.frame(cause = table$state, n = number_text(table$n))
  if (!is.null(x$meta$group_title)) shown <- cbind(group = table$strata, shown)
  shown$events <- number_text(if (is.null(times)) table$n.event else table$cum.event)
  shown$time <- number_text(table$time)
  shown$incidence <- format_number(table$estimate, digits)
  shown$ci <- paste0(na_dash(table$conf.low, digits), " to ", na_dash(table$conf.high, digits))
  shown$over <- na_dash(table$overstated, 2)
  names(shown)[match(c("ci", "over"), names(shown))] <- c(paste0(number_text(100 * x$conf.int), "% CI"), "excess of KM")
  print(shown, row.names = FALSE)
  cat("\n1 - KM would overstate the incidence by the last column.")
  unit <- if (!is.null(x$meta$unit)) paste0("; times in ", x$meta$unit)
  cat("\nAalen-Johansen estimate; variance: ", x$meta$variance, "; ", x$conf.type, " intervals", unit, ".\n", sep = "")
  for (test in x$tests) {
    cat("Gray's test of ", quoted(test$cause), ": ", test_answer(test, digits), ".\n", sep = "")
    print_notes(setdiff(test$meta$notes, x$meta$notes))
  }
  print_notes(x$meta$notes)
  invisible(x)
}
