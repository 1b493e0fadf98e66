#' Compare medians of survival
#'
#' How much later is half of one group dead than half of another? Difference of the median survival times (or of other
#' quantiles) with a melded interval and p-value that hold for any number of subjects and need no proportional hazards.
#' Assumes that who is censored has the same outlook as who stays under observation, and that rows are independent. For
#' means within a fixed time see [restricted_mean()].
#'
#' @param ... A formula, or the vector of times: the class of the first argument decides. Not used by the methods.
#' @param formula `Surv(time, status) ~ group`; several groups are written `a + b`. The first group is the reference.
#' @param prob Which quantile: the time at which this share has had the event, in (0, 1); 0.5 for the median.
#' @inheritParams kaplan_meier
#' @param weights Case weights, whole numbers >= 0: a row of weight 2 counts as two subjects.
#' @param conf.level Two-sided coverage of all intervals, in (0, 1).
#'
#' @return A `compare_medians`; of two groups also an `htest`. Elements: `medians`, a data frame with a row for each
#'   group: `strata`, `n`, `n.event`, `estimate`, `conf.low`, `conf.high`; `contrasts`, with a row for each group but
#'   the first: `strata`, `reference`, `estimate` (difference), `conf.low`, `conf.high`, `p.value`, `log.p.value`,
#'   `note`; and `meta` (labels, unit, rows left out, notes). `tidy()` gives the contrasts. Times are in the unit of the
#'   input.
#' @section Definition:
#' With the beta laws of the beta product procedure at each time, \eqn{L(t)} behind the lower and \eqn{U(t)} behind the
#' upper limit of S, a time \eqn{M_L} has the distribution \eqn{P(M_L \le t) = P(L(t) \le 1 - p)}{P(M_L <= t) = P(L(t)
#' <= 1 - p)} and \eqn{M_U} that of \eqn{U}; their quantiles are the limits of the group's own quantile, without
#' censoring those of the sign test. The limits of the difference are quantiles of \eqn{M_{L2} - M_{U1}} and
#' \eqn{M_{U2} - M_{L1}}, and p is twice the smaller of \eqn{P(M_{L2} \le M_{U1})}{P(M_L2 <= M_U1)} and
#' \eqn{P(M_{L1} \le M_{U2})}{P(M_L1 <= M_U2)}. The estimate is the difference of the Kaplan-Meier quantiles.
#' @section Edge cases:
#' A quantile that a curve does not reach is `NA`, and so is the difference; interval and p-value remain, limits may be
#' infinite. Lower limits are never below 0, as follow-up starts there.
#' @section Errors:
#' `cryonodes_error_choice` (`prob`), `_missing`, `_time`, `_status`, `_type`, `_length`, `_empty`, `_weights`, `_group`
#' (fewer than two), `_column`, `_formula`, `_entry` (delayed entry is not provided for), `_conf_level`; for counts
#' `_table` and `_object`.
#' @references
#' Fay MP, Proschan MA, Brittain E (2015). Combining one-sample confidence procedures for inference in the two-sample
#' case. *Biometrics* 71:146-156. Fay MP, Brittain EH, Proschan MA (2013). Pointwise confidence intervals for a survival
#' distribution with small samples or heavy censoring. *Biostatistics* 14:723-736.
#' @seealso [compare_at()], [restricted_mean()]
#' @examples
#' patients <- data.frame(
#'   months = c(3, 8, 8, 12, 15, 20, 24, 30, 31),
#'   died = c(0, 1, 1, 1, 0, 1, 1, 0, 0),
#'   arm = c("a", "a", "a", "a", "b", "b", "b", "b", "b")
#' )
#' compare_medians(Surv(months, died) ~ arm, data = patients)
#' compare_medians(Surv(time, status) ~ sex, data = survival::lung, event = 2)
#' @export
compare_medians <- function(...) UseMethod("compare_medians", dispatch_on(...))

#' @rdname compare_medians
#' @export
compare_medians.formula <- function(formula, data = NULL, subset, weights, na.action = "error", event = NULL,
                                    prob = 0.5, conf.level = 0.95, timefix = TRUE, ...) {
  call <- quote(compare_medians())
  check_dots(..., call = call)
  frame <- frame_from_formula(
    formula, data,
    subset = enquo(subset) |> absent_as_null(), weights = enquo(weights) |> absent_as_null(),
    check_na_action(na.action, call), read_event(event), character(), call, parent.frame(),
    timefix = timefix
  )
  fit_compare_medians(frame, formula_text(formula), prob, conf.level, timefix, call)
}

#' @rdname compare_medians
#' @param time For vectors: follow-up of each row, numeric or difftime, finite and >= 0.
#' @export
compare_medians.default <- function(time, event, group = NULL, weights = NULL, na.action = "error", prob = 0.5,
                                    conf.level = 0.95, timefix = TRUE, ...) {
  call <- quote(compare_medians())
  check_dots(..., call = call)
  check_given(missing(time), "time", call)
  if (missing(event)) {
    abort_rule("status", "`event` is missing: whether each time is an event or a censoring must be stated.",
      arg = "event", call = call
    )
  }
  frame <- frame_from_vectors(time, event, group, weights, check_na_action(na.action, call), call)
  fit_compare_medians(frame, "time and event by group", prob, conf.level, timefix, call)
}

#' @rdname compare_medians
#' @param counts A life table made by [event_counts()]; of competing events, any of them counts.
#' @export
compare_medians.event_counts <- function(counts, prob = 0.5, conf.level = 0.95, ...) {
  call <- quote(compare_medians())
  check_dots(..., call = call)
  fit_compare_medians(frame_from_counts(counts, call), "counts by group", prob, conf.level, FALSE, call)
}

fit_compare_medians <- function(frame, data_name, prob, conf.level, timefix, call) {
  conf.level <- check_conf_level(conf.level, call)
  frame$timefix <- check_flag(timefix, "timefix", call)
  if (!is_number(prob) || length(prob) != 1 || is.na(prob) || prob <= 0 || 1 - prob >= 1 ||
    prob >= 1) {
    abort_rule("choice", paste0("`prob` must be one number between 0 and 1, not ", one_line(prob), "."),
      arg = "prob", call = call
    )
  }
  labels <- groups_to_compare(frame, call)
  check_whole_weights(frame, "the melded comparison", call)
  if (!is.null(frame$entry)) {
    abort_rule("entry", "medians are not compared with delayed entry: the beta product is not defined for it.",
      "`restricted_mean()` compares means with it.",
      arg = "entry", call = call
    )
  }
  k <- length(labels)
  fit <- fit_kaplan_meier(frame, "log-log", conf.level, timefix, NULL, call)
  core <- call_core(compare_medians_cpp(frame, 1 - prob, conf.level), call)
  estimate <- as.vector(curve_quantiles(fit, prob, conf.int = FALSE, call = call))
  rows <- group_rows(fit)
  medians <- as_rows(list(
    strata = labels, n = as.vector(fit$n), n.event = unname(vapply(rows, function(i) sum(fit$n.event[i]), 0)),
    estimate = estimate, conf.low = core$conf_low, conf.high = core$conf_high
  ))
  difference <- estimate[-1] - estimate[1]
  contrasts <- as_rows(list(
    strata = labels[-1], reference = rep(labels[1], k - 1), estimate = difference, conf.low = core$difference_low,
    conf.high = core$difference_high, p.value = exp(core$log_p_value), log.p.value = core$log_p_value,
    note = ifelse(is.na(difference), "not reached in one of the groups", NA_character_)
  ))
  what <- if (prob == 0.5) "median" else paste0("time to ", number_text(100 * prob), "% events")
  structure(list(
    p.value = if (k == 2) contrasts$p.value, alternative = "two.sided",
    method = paste0("Melded test of ", if (prob == 0.5) "medians" else "quantiles"), data.name = data_name,
    estimate = if (k == 2) setNames(difference, paste("difference of", what)),
    conf.int = if (k == 2) structure(c(contrasts$conf.low, contrasts$conf.high), conf.level = conf.level),
    medians = medians, contrasts = contrasts, conf.level = conf.level,
    meta = list(
      format = result_format, method = "compare_at", prob = prob, what = what, group_title = frame$group_title,
      group_labels = labels, unit = frame$unit, n_rows = frame$n_rows, rows_dropped = frame$rows_dropped,
      notes = c(frame$notes, note_merged(fit$meta$n_time_merged))
    )
  ), class = c("compare_medians", if (k == 2) "htest"))
}

check_compare_medians <- function(x, call) {
  check_result(x, "compare_medians", c("medians", "contrasts", "method", "conf.level"), call,
    c("group_labels", "n_rows", "what")
  )
}

#' @rdname compare_medians
#' @param x A `compare_medians`.
#' @method tidy compare_medians
#' @export
tidy.compare_medians <- function(x, ...) {
  check_compare_medians(x, quote(tidy()))
  x$contrasts
}

#' @rdname compare_medians
#' @param row.names,optional Not used.
#' @export
as.data.frame.compare_medians <- function(x, row.names = NULL, optional = FALSE, ...) tidy.compare_medians(x)

#' @rdname compare_medians
#' @method glance compare_medians
#' @export
glance.compare_medians <- function(x, ...) {
  check_compare_medians(x, quote(glance()))
  cbind(x$medians, method = x$method)
}

#' @export
print.compare_medians <- function(x, digits = 3, ...) {
  check_compare_medians(x, quote(print()))
  digits <- check_digits(digits, quote(print()))
  level <- paste0(number_text(100 * x$conf.level), "% CI")
  cat(x$method, " of the null hypothesis that they are equal\n", sep = "")
  unit <- if (!is.null(x$meta$unit)) paste0("; times in ", x$meta$unit)
  cat(encodeString(x$data.name), "; ", count_line(x$meta), unit, "\n\n", sep = "")
  interval <- function(y) paste0(limit_text(y$conf.low, digits), " to ", limit_text(y$conf.high, digits))
  m <- x$medians
  shown <- data.frame(
    n = number_text(m$n), events = number_text(m$n.event),
    what = ifelse(is.na(m$estimate), "not reached", format_number(m$estimate, digits)), ci = interval(m)
  )
  names(shown)[3:4] <- c(x$meta$what, level)
  rownames(shown) <- m$strata
  print(shown)
  y <- x$contrasts
  cat("\n", paste0(
    "Difference, '", encodeString(y$strata), "' minus '", encodeString(y$reference), "': ",
    ifelse(is.na(y$estimate), "not known", format_number(y$estimate, digits)), " (", level, " ", interval(y), "), p ",
    p_signs(y$p.value), "\n"
  ), "\nFay, Proschan & Brittain (2015).\n", sep = "")
  print_notes(x$meta$notes)
  invisible(x)
}

limit_text <- function(x, digits) {
  ifelse(is.infinite(x), ifelse(x > 0, "infinity", "-infinity"), format_number(x, digits))
}
