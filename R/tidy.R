#' Tidy a Kaplan-Meier estimate
#'
#' `tidy()` gives one row per group and time, `glance()` one row per group, with broom's column names.
#'
#' @param x A [kaplan_meier()].
#' @param row.names,optional,... Not used.
#' @return `tidy()` and `as.data.frame()`: a data frame with `time`, `n.risk`, `n.event`, `n.censor`, `estimate`,
#'   `std.error`, `conf.low`, `conf.high`, `strata`. `std.error` is that of the survival probability itself, not of its
#'   logarithm (what broom prints for a plain survfit). `glance()`: `strata`, `n`, `n.event`, `median`
#'   with `conf.low` and `conf.high` (`NA`: not reached), `follow.up.max`, `note` (why a median is `NA`).
#' @section Errors: `cryonodes_error_object`.
#' @examples
#' fit <- kaplan_meier(c(5, 8, 12, 20, 33), c(1, 0, 1, 0, 0))
#' tidy(fit)
#' glance(fit)
#' @method tidy kaplan_meier
#' @export
tidy.kaplan_meier <- function(x, ...) {
  check_km(x, quote(tidy()))
  label <- rep(x$meta$group_labels, lengths(group_rows(x)))
  data.frame(
    time = x$time, n.risk = x$n.risk, n.event = x$n.event, n.censor = x$n.censor, estimate = x$surv,
    std.error = survival_se(x), conf.low = x$lower, conf.high = x$upper, strata = label,
    stringsAsFactors = FALSE
  )
}

#' @rdname tidy.kaplan_meier
#' @export
as.data.frame.kaplan_meier <- function(x, row.names = NULL, optional = FALSE, ...) tidy.kaplan_meier(x)

#' @rdname tidy.kaplan_meier
#' @method glance kaplan_meier
#' @export
glance.kaplan_meier <- function(x, ...) {
  check_km(x, quote(glance()))
  rows <- group_rows(x)
  medians <- quantile(x, probs = 0.5)
  last <- vapply(rows, function(i) if (length(i)) max(x$time[i]) else NA_real_, 0)
  data.frame(
    strata = names(rows), n = x$n, n.event = vapply(rows, function(i) sum(x$n.event[i]), 0),
    median = as.vector(medians$quantile), conf.low = as.vector(medians$lower), conf.high = as.vector(medians$upper),
    follow.up.max = last, note = median_note(x, rows, medians, last), row.names = NULL, stringsAsFactors = FALSE
  )
}
