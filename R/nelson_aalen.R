#' Nelson-Aalen cumulative hazard
#'
#' Estimates the hazard of an event accumulated up to each time: the number of events a subject would have on average
#' if each left no trace. Assumes that who is censored has the same outlook as who stays under observation, and that
#' rows are independent.
#'
#' @inheritParams kaplan_meier
#' @param time For vectors: follow-up of each row, numeric or difftime, finite and >= 0.
#' @param variance `"aalen"` (default) or `"greenwood"`.
#' @param conf.type Scale of the confidence interval: `"log"` (default), `"plain"` or `"arcsin"`.
#' @return A `nelson_aalen`: a list with one entry per group and time at which the group has an event or a censoring in
#'   `time` (unit of the input), `n.risk`, `n.event`, `n.censor`, `cumhaz`, `std.err` (of the cumulative hazard
#'   itself), `lower`, `upper`; further `n`, `strata`, `conf.int`, `conf.type`, `call`, and in `meta` labels, unit,
#'   rows left out and notes.
#' @section Definition:
#' With `d` events among `n` at risk at each time, \eqn{H(t) = \sum d/n}; its variance is \eqn{\sum d/n^2} (`"aalen"`,
#' as survival prints it) or \eqn{\sum d (n - d)/n^3} (`"greenwood"`, smaller where events are tied). With
#' `h = z se`, the interval is `H -+ h` (`"plain"`, not below 0), `H exp(-+ h/H)` (`"log"`), or
#' `-2 log sin(asin(exp(-H/2)) +- h / (2 sqrt(exp(H) - 1)))` (`"arcsin"`), the angle held within 0 and 90 degrees: an
#' angle of 0 is an upper limit of infinity.
#' @section Edge cases:
#' Before the first event, H = 0 with the limits 0 and `-log(alpha/2)/r`, where `r` are still under observation after
#' the time (at it, for the last time of the group): the limit of no event among `r` subjects. With `"greenwood"` the
#' standard error is 0, and the interval `NA`, when everybody at risk has had an event at one time.
#' @section Errors: Those of [kaplan_meier()], and `cryonodes_error_choice` for an unknown variance. `quantile()` and
#'   `median()` of a hazard are refused (`cryonodes_error_type`): those of the curve are [kaplan_meier()]'s.
#' @references
#' Nelson W (1972). Theory and applications of hazard plotting for censored failure data. *Technometrics* 14:945-966.
#'
#' Aalen OO (1978). Nonparametric inference for a family of counting processes. *Annals of Statistics* 6:701-726.
#'
#' Klein JP (1991). Small sample moments of some estimators of the variance of the Kaplan-Meier and Nelson-Aalen
#' estimators. *Scandinavian Journal of Statistics* 18:333-340 (`"greenwood"`).
#'
#' Bie O, Borgan O, Liestol K (1987). Confidence intervals and confidence bands for the cumulative hazard rate function
#' and their small sample properties. *Scandinavian Journal of Statistics* 14:221-233 (`"log"` and `"arcsin"`).
#' @seealso [kaplan_meier()], [cumulative_incidence()]
#' @examples
#' fit <- nelson_aalen(c(5, 8, 12, 20, 33), c(1, 0, 1, 0, 0))
#' fit
#' rates(fit, times = c(12, 24))
#' nelson_aalen(Surv(time, status) ~ sex, data = survival::lung, event = 2, conf.type = "arcsin")
#' @export
nelson_aalen <- function(...) UseMethod("nelson_aalen", dispatch_on(...))

#' @rdname nelson_aalen
#' @export
nelson_aalen.formula <- function(formula, data = NULL, subset, weights, na.action = "error", event = NULL,
                                 variance = "aalen", conf.type = "log", conf.level = 0.95, timefix = TRUE, ...) {
  call <- quote(nelson_aalen())
  check_dots(..., call = call)
  frame <- frame_from_formula(
    formula, data,
    subset = enquo(subset) |> absent_as_null(), weights = enquo(weights) |> absent_as_null(),
    check_na_action(na.action, call), read_event(event), character(), call, parent.frame(),
    timefix = timefix
  )
  fit_nelson_aalen(frame, variance, conf.type, conf.level, timefix, user_call(match.call(), "nelson_aalen"), call)
}

#' @rdname nelson_aalen
#' @export
nelson_aalen.default <- function(time, event, group = NULL, weights = NULL, na.action = "error", variance = "aalen",
                                 conf.type = "log", conf.level = 0.95, timefix = TRUE, ...) {
  call <- quote(nelson_aalen())
  check_dots(..., call = call)
  check_given(missing(time), "time", call)
  if (missing(event)) {
    abort_rule("status", "`event` is missing: whether each time is an event or a censoring must be stated.",
      arg = "event", call = call
    )
  }
  frame <- frame_from_vectors(time, event, group, weights, check_na_action(na.action, call), call)
  fit_nelson_aalen(frame, variance, conf.type, conf.level, timefix, user_call(match.call(), "nelson_aalen"), call)
}

#' @rdname nelson_aalen
#' @param counts A life table made by [event_counts()].
#' @export
nelson_aalen.event_counts <- function(counts, variance = "aalen", conf.type = "log", conf.level = 0.95, ...) {
  call <- quote(nelson_aalen())
  check_dots(..., call = call)
  fit_nelson_aalen(
    frame_from_counts(counts, call), variance, conf.type, conf.level, FALSE, user_call(match.call(), "nelson_aalen"),
    call
  )
}

fit_nelson_aalen <- function(frame, variance, conf.type, conf.level, timefix, user_call, call) {
  conf.type <- check_scale(conf.type, c("log", "plain", "arcsin"), call)
  variance <- check_choice(variance, c("aalen", "greenwood"), "variance", call)
  conf.level <- check_conf_level(conf.level, call)
  frame$timefix <- check_flag(timefix, "timefix", call)
  core <- call_core(nelson_aalen_cpp(frame, conf.type, conf.level, variance), call)
  fit <- list(
    n = whole_number(frame[["n"]] %||% core$n), time = core$time, n.risk = core$n_risk, n.event = core$n_event,
    n.censor = core$n_censor, cumhaz = core$estimate, std.err = core$std_error, lower = core$conf_low,
    upper = core$conf_high
  )
  if (!is.null(frame$group_names)) fit$strata <- setNames(as.integer(core$rows), frame$group_names)
  fit <- c(fit, list(
    type = if (is.null(frame$entry)) "right" else "counting", conf.int = conf.level, conf.type = conf.type,
    call = user_call,
    meta = list(
      format = result_format, method = "nelson_aalen", group_title = frame$group_title,
      group_labels = frame$group_labels %||% "All", variance = variance, unit = frame$unit, n_rows = frame$n_rows,
      rows_dropped = frame$rows_dropped, n_time_merged = core$n_time_merged,
      notes = c(frame$notes, note_merged(core$n_time_merged)),
      entries = entries_by_group(frame, max(1L, length(frame$group_names)))
    )
  ))
  structure(fit, class = "nelson_aalen")
}

hazard_columns <- c("time", "n.risk", "n.event", "n.censor", "cumhaz", "std.err", "lower", "upper")

check_hazard <- function(x, call) {
  check_result(x, "nelson_aalen", c("n", hazard_columns, "conf.int", "conf.type", "call"), call,
    c("group_labels", "n_rows")
  )
  columns <- unclass(x)[hazard_columns]
  whole <- all(vapply(columns, is.numeric, TRUE)) && length(unique(lengths(columns))) == 1 && is.numeric(x$n) &&
    length(x$n) == length(x$meta$group_labels) && length(x$strata %||% 1L) == length(x$n) &&
    sum(x$strata %||% length(x$time)) == length(x$time) && is.numeric(x$conf.int) && is.character(x$conf.type)
  if (!whole) {
    abort_rule("object", "the parts of the object do not fit each other.", "Compute it again from the data.",
      call = call
    )
  }
  invisible(x)
}

#' Cumulative hazards at given times
#'
#' One row per group and time.
#'
#' @param x A [nelson_aalen()].
#' @inheritParams rates
#' @param extend Beyond a group's last follow-up the cumulative hazard is not known and `NA`. `TRUE` carries the last
#'   one forward and marks it in the column `note`.
#' @return A data frame of class `hazard_rates` with the columns of [rates()]; `estimate` is the cumulative hazard.
#' @section Errors: `cryonodes_error_times`, `_object`, `_type`.
#' @examples
#' rates(nelson_aalen(c(5, 8, 12, 20, 33), c(1, 0, 1, 0, 0)), times = c(12, 24))
#' @export
rates.nelson_aalen <- function(x, times, extend = FALSE, ...) {
  call <- quote(rates())
  check_dots(..., call = call)
  check_hazard(x, call)
  check_given(missing(times), "times", call)
  times <- check_times(times, call, x$meta$unit)
  extend <- check_flag(extend, "extend", call)
  rows <- group_rows(x)
  check_entries(x, rows, call)
  curve <- c(
    unclass(x)[c("time", "n.risk", "n.event", "n.censor", "lower", "upper")],
    list(estimate = x$cumhaz, std.error = x$std.err, done = rep(FALSE, length(x$time)))
  )
  parts <- lapply(seq_along(rows), function(g) {
    # Before anybody has left, all are there without an event; with delayed entry it is not known how many.
    start <- if (identical(x$type, "right")) c(0, -log((1 - x$conf.int) / 2) / x$n.risk[rows[[g]][1]])
    cbind(
      data.frame(strata = x$meta$group_labels[g], time = times, n = x$n[g]),
      read_curve(c(curve, list(start = start)), rows[[g]], times, extend, x$meta$entries[[g]])
    )
  })
  out <- do.call(rbind, parts)
  rownames(out) <- NULL
  structure(out, class = c("hazard_rates", "data.frame"), unit = x$meta$unit, conf.level = x$conf.int)
}

#' @export
print.hazard_rates <- function(x, digits = 3, ...) {
  print_rates(x, digits, c("strata", "time", "estimate", "std.error", "conf.low", "conf.high", "note"), ...)
}

#' @export
as.data.frame.hazard_rates <- as.data.frame.incidence_rates

#' Tidy a Nelson-Aalen estimate
#'
#' `tidy()` gives one row per group and time, `glance()` one row per group, with broom's column names.
#'
#' @param x A [nelson_aalen()].
#' @param row.names,optional,... Not used.
#' @return `tidy()` and `as.data.frame()`: a data frame with `time`, `n.risk`, `n.event`, `n.censor`, `estimate` (the
#'   cumulative hazard), `std.error`, `conf.low`, `conf.high`, `strata`. `glance()`: `strata`, `n`, `n.event`, and at
#'   the last follow-up `time` of the group `estimate`, `std.error`, `conf.low`, `conf.high`.
#' @section Errors: `cryonodes_error_object`.
#' @examples
#' tidy(nelson_aalen(c(5, 8, 12, 20, 33), c(1, 0, 1, 0, 0)))
#' @method tidy nelson_aalen
#' @export
tidy.nelson_aalen <- function(x, ...) {
  check_hazard(x, quote(tidy()))
  data.frame(
    time = x$time, n.risk = x$n.risk, n.event = x$n.event, n.censor = x$n.censor, estimate = x$cumhaz,
    std.error = x$std.err, conf.low = x$lower, conf.high = x$upper,
    strata = rep(x$meta$group_labels, lengths(group_rows(x))), stringsAsFactors = FALSE
  )
}

#' @rdname tidy.nelson_aalen
#' @export
as.data.frame.nelson_aalen <- function(x, row.names = NULL, optional = FALSE, ...) tidy.nelson_aalen(x)

#' @rdname tidy.nelson_aalen
#' @method glance nelson_aalen
#' @export
glance.nelson_aalen <- function(x, ...) {
  check_hazard(x, quote(glance()))
  rows <- group_rows(x)
  last <- vapply(rows, function(i) if (length(i)) i[length(i)] else NA_integer_, 0L)
  data.frame(
    strata = names(rows), n = x$n, n.event = vapply(rows, function(i) sum(x$n.event[i]), 0), time = x$time[last],
    estimate = x$cumhaz[last], std.error = x$std.err[last], conf.low = x$lower[last], conf.high = x$upper[last],
    row.names = NULL, stringsAsFactors = FALSE
  )
}

#' @method quantile nelson_aalen
#' @export
quantile.nelson_aalen <- function(x, ...) no_quantiles(quote(quantile()))

#' @method median nelson_aalen
#' @export
median.nelson_aalen <- function(x, na.rm = FALSE, ...) no_quantiles(quote(median()))

no_quantiles <- function(call) {
  abort_rule("type", "`x` is a cumulative hazard, no share of subjects: it has no quantiles.",
    "Those of the survival curve: `quantile(kaplan_meier(...))`.",
    arg = "x", call = call
  )
}

#' @export
print.nelson_aalen <- function(x, digits = 3, ...) {
  check_hazard(x, quote(print()))
  digits <- check_digits(digits, quote(print()))
  cat("Nelson-Aalen estimate", if (!is.null(x$meta$group_title)) paste0(" by ", x$meta$group_title), "\n", sep = "")
  cat(count_line(x$meta), "\n\n", sep = "")
  table <- glance(x)
  shown <- data.frame(
    n = number_text(table$n), events = number_text(table$n.event), last = number_text(table$time),
    hazard = format_number(table$estimate, digits),
    ci = paste0(na_dash(table$conf.low, digits), " to ", na_dash(table$conf.high, digits))
  )
  names(shown)[3:5] <- c("last follow-up", "cumulative hazard", paste0(number_text(100 * x$conf.int), "% CI"))
  rownames(shown) <- x$meta$group_labels
  print(shown)
  unit <- if (!is.null(x$meta$unit)) paste0("; times in ", x$meta$unit)
  cat("\nVariance: ", x$meta$variance, "; ", x$conf.type, " intervals", unit, ".\n", sep = "")
  print_notes(x$meta$notes)
  invisible(x)
}
