#' Survival rates at given times
#'
#' One row per group and time: what a paper's table of rates prints, with what stands behind it.
#'
#' @param x A [kaplan_meier()].
#' @param times Numeric, finite and >= 0, in the unit of the follow-up, or a difftime when that has a unit; answered in
#'   the order asked.
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
  times <- check_times(times, call, x$meta$unit)
  extend <- check_flag(extend, "extend", call)
  rows <- group_rows(x)
  check_entries(x, rows, call)
  # Without names: do.call() would make symbols of the labels, in the encoding of the session.
  parts <- lapply(seq_along(rows), function(k) {
    rates_one(x, rows[[k]], names(rows)[k], x$n[k], times, extend, x$meta$entries[[k]], x$meta$cluster$by_group[k])
  })
  out <- do.call(rbind, parts)
  rownames(out) <- NULL
  structure(out, class = c("km_rates", "data.frame"), unit = x$meta$unit, conf.level = x$conf.int)
}

# Curves with delayed entry know who enters when.
check_entries <- function(x, rows, call) {
  if (any(x$type %in% c("counting", "mcounting")) && length(x$meta$entries) != length(rows)) {
    abort_rule("object", "the object has lost its entry times, `meta$entries`.", "Compute it again from the data.",
      call = call
    )
  }
}

# The times asked of a curve, whose rows `i` have time, n.risk, n.event and n.censor: how many of its times have come
# by then (`upto`), which lie beyond the last one (`beyond`, `reason`), and what is counted. Times that differ from a
# time of the curve by rounding only are that time.
read_counts <- function(curve, i, times, entries = NULL) {
  time <- curve$time[i]
  last <- length(time)
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
  n_risk <- if (last) c(curve$n.risk[i], 0)[before + 1] else rep(0, length(times))
  if (last && !is.null(entries)) {
    n_risk <- n_risk - entering_later(entries, times, slack, time, before, on_row = upto > before)
  }
  list(
    upto = upto, beyond = last == 0 | times - slack > time[max(1, last)],
    reason = beyond_follow_up(time[max(1, last)]),
    counts = data.frame(
      n.risk = n_risk, n.event = since(curve$n.event), n.censor = since(curve$n.censor),
      cum.event = cumulative(curve$n.event)
    )
  )
}

rates_one <- function(x, i, label, n, times, extend, entries = NULL, clusters = NULL) {
  on <- read_counts(x, i, times, entries)
  at <- function(v, start) c(start, v[i])[on$upto + 1]
  estimate <- at(x$surv, 1)
  known <- !on$beyond | estimate == 0
  std_error <- at(survival_se(x), 0)
  none_yet <- on$upto == 0 | on$counts$cum.event == 0
  stand_in <- stand_in_label(x)
  note <- ifelse(!known & extend, "beyond follow-up: last rate carried forward",
    ifelse(!known, on$reason,
      ifelse(estimate == 0, paste0("S = 0: standard error undefined", stand_in),
        ifelse(none_yet, paste0("no event yet", stand_in),
          ifelse(is.na(at(x$lower, NA_real_)), "no robust standard error: interval undefined", NA_character_)
        )
      )
    )
  )
  shown <- known | extend
  hide <- function(v) ifelse(shown, v, NA_real_)
  start_low <- no_event_low(x, on$counts$n.risk, clusters)
  limit <- function(v, start) hide(ifelse(on$upto == 0, start, at(v, NA_real_)))
  data.frame(
    strata = label, time = times, n = n, on$counts, estimate = hide(estimate), std.error = hide(na_plain(std_error)),
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
  shown$note <- notes_or_nothing(shown$note)
  print(shown, row.names = FALSE)
  invisible(x)
}

#' @export
as.data.frame.km_rates <- function(x, ...) {
  class(x) <- "data.frame"
  attr(x, "unit") <- attr(x, "conf.level") <- NULL
  x
}
