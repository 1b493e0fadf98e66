# What is read off a cumulative_incidence: at given times, as rows, in one line per group and cause.

#' Incidences at given times
#'
#' One row per group, cause and time: what a paper's table prints, with what stands behind it.
#'
#' @param x A [cumulative_incidence()].
#' @inheritParams rates
#' @param extend Beyond a group's last follow-up the incidence is not known and `NA`, unless everybody has had an event.
#'   `TRUE` carries the last one forward and marks it in the column `note`.
#' @return A data frame of class `incidence_rates` with the columns of [rates()], where `n.event` and `cum.event` count
#'   the cause of the row, and `state` (the cause), `one.minus.km` (what Kaplan-Meier gives that takes the other causes
#'   for censorings) and `overstated` (that less `estimate`).
#' @section Errors: `cryonodes_error_times`, `_object`, `_type`.
#' @examples
#' fit <- cumulative_incidence(c(3, 8, 12, 20, 33), c(1, 2, 0, 1, 0))
#' rates(fit, times = c(12, 24))
#' @export
rates.cumulative_incidence <- function(x, times, extend = FALSE, ...) {
  call <- quote(rates())
  check_dots(..., call = call)
  check_incidence(x, call)
  check_given(missing(times), "times", call)
  times <- check_times(times, call, x$meta$unit)
  extend <- check_flag(extend, "extend", call)
  rows <- group_rows(x)
  check_entries(x, rows, call)
  parts <- list()
  for (g in seq_along(rows)) {
    for (k in seq_along(x$meta$causes)) {
      curve <- list(
        time = x$time, n.risk = x$n.risk[, 1], n.event = x$n.event[, k + 1], n.censor = x$n.censor,
        estimate = x$pstate[, k + 1], std.error = x$std.err[, k + 1], lower = x$lower[, k + 1],
        upper = x$upper[, k + 1], one.minus.km = x$one.minus.km[, k], done = x$pstate[, 1] == 0
      )
      # Before anybody has left, all are there without an event. With delayed entry or clusters it is not known how
      # many.
      if (identical(x$type, "mright") && !identical(x$meta$variance, "robust")) {
        curve$start <- c(0, 1 - ((1 - x$conf.int) / 2)^(1 / x$n.risk[rows[[g]][1], 1]))
      }
      at <- read_curve(curve, rows[[g]], times, extend, x$meta$entries[[g]])
      parts <- c(parts, list(cbind(
        data.frame(strata = x$meta$group_labels[g], state = x$meta$causes[k], time = times, n = x$n[g]), at
      )))
    }
  }
  out <- do.call(rbind, parts)
  out$overstated <- out$one.minus.km - out$estimate
  rownames(out) <- NULL
  front <- c("strata", "state", "time", "n", "n.risk", "n.event", "n.censor", "cum.event")
  out <- out[c(front, "estimate", "std.error", "conf.low", "conf.high", "one.minus.km", "overstated", "note")]
  structure(out, class = c("incidence_rates", "data.frame"), unit = x$meta$unit, conf.level = x$conf.int)
}

# A step curve that starts at 0, read at `times`. `curve` has a vector for each of time, n.risk, n.event, n.censor,
# estimate, std.error, lower, upper, `done` (nothing can happen any more); perhaps one.minus.km, and in `start` the
# limits before the first time. `i` are its rows.
read_curve <- function(curve, i, times, extend, entries = NULL) {
  on <- read_counts(curve, i, times, entries)
  known <- !on$beyond | c(FALSE, curve$done[i])[on$upto + 1]
  at <- function(v, start) ifelse(known | extend, c(start, v[i])[on$upto + 1], NA_real_)
  note <- ifelse(!known & extend, "beyond follow-up: last value carried forward",
    ifelse(!known, on$reason,
      ifelse(on$upto == 0 & is.null(curve$start), "before the first time: interval undefined", NA_character_)
    )
  )
  start <- curve$start %||% c(NA_real_, NA_real_)
  out <- data.frame(
    on$counts, estimate = at(curve$estimate, 0), std.error = at(curve$std.error, 0),
    conf.low = at(curve$lower, start[1]), conf.high = at(curve$upper, start[2]), note = note, stringsAsFactors = FALSE
  )
  if (!is.null(curve$one.minus.km)) out$one.minus.km <- at(curve$one.minus.km, 0)
  out
}

#' Times at which incidences are reached
#'
#' The time by which a given share of a group has had an event of a cause: with a share of one half the median time. A
#' cause that shares its subjects with others often never gets there.
#'
#' @param x A [cumulative_incidence()].
#' @param probs Incidences, from 0 to 1.
#' @param na.rm,... Not used.
#' @return A data frame with one row per group, cause and probability: `strata`, `state` (the cause), `prob`, `estimate`
#'   (the time, in the unit of the follow-up), `conf.low`, `conf.high` and `note`, the reason for an `NA`. `median()`
#'   gives the rows of `probs = 0.5`.
#' @section Definition:
#' The first time at which the incidence is `prob` or more; where it stays at `prob` for a while, the middle between
#' that time and the next event of the cause, as in [survival::quantile.survfit()]. The limits are the first times at
#' which the upper and the lower limit of the incidence are `prob` or more (Brookmeyer and Crowley), with the intervals
#' of incidences between 0 and 1.
#' @section Errors: `cryonodes_error_choice` (probabilities), `_object`, `_type`.
#' @references Brookmeyer R, Crowley J (1982). A confidence interval for the median survival time. *Biometrics*
#'   38:29-41.
#' @examples
#' fit <- cumulative_incidence(c(3, 8, 12, 20, 33), c(1, 2, 1, 1, 0))
#' quantile(fit, c(0.2, 0.4))
#' median(fit)
#' @method quantile cumulative_incidence
#' @export
quantile.cumulative_incidence <- function(x, probs = c(0.25, 0.5, 0.75), ...) {
  call <- quote(quantile())
  check_dots(..., call = call)
  incidence_quantiles(x, probs, call)
}

#' @rdname quantile.cumulative_incidence
#' @method median cumulative_incidence
#' @export
median.cumulative_incidence <- function(x, na.rm = FALSE, ...) {
  call <- quote(median())
  check_dots(..., call = call)
  incidence_quantiles(x, 0.5, call)
}

incidence_quantiles <- function(x, probs, call) {
  check_incidence(x, call)
  check_probs(probs, call)
  rows <- group_rows(x)
  curves <- expand.grid(k = seq_along(x$meta$causes), g = seq_along(rows))
  parts <- Map(function(k, g) {
    i <- rows[[g]]
    incidence <- x$pstate[i, k + 1]
    inside <- ifelse(incidence %in% c(0, 1), NA_real_, 1)
    at <- curve_quantiles(
      list(
        time = x$time[i], surv = 1 - incidence, lower = inside * (1 - x$upper[i, k + 1]),
        upper = inside * (1 - x$lower[i, k + 1])
      ), probs,
      call = call
    )
    last <- length(i)
    short <- if (last) {
      paste0(
        "not reached: the incidence is ", format_number(incidence[last]), " at the last follow-up (",
        number_text(x$time[i[last]]), ")"
      )
    } else {
      "no rows"
    }
    note <- ifelse(is.na(at$quantile), short,
      ifelse(is.na(at$lower), "interval undefined", ifelse(is.na(at$upper), "upper limit not reached", NA_character_))
    )
    data.frame(
      strata = x$meta$group_labels[g], state = x$meta$causes[k], prob = probs, estimate = at$quantile,
      conf.low = at$lower, conf.high = at$upper, note = note, row.names = NULL, stringsAsFactors = FALSE
    )
  }, curves$k, curves$g)
  do.call(rbind, unname(parts))
}

#' Tidy a cumulative incidence
#'
#' `tidy()` gives one row per group, state and time, `glance()` one row per group and cause, with broom's column names.
#'
#' @param x A [cumulative_incidence()].
#' @param row.names,optional,... Not used.
#' @return `tidy()` and `as.data.frame()`: a data frame with `time`, `n.risk`, `n.event`, `n.censor`, `estimate`,
#'   `std.error`, `conf.low`, `conf.high`, `state` (`"(s0)"`, no event yet, and the causes), `strata`. `n.risk` is that
#'   of the group, `n.event` that of the state. `glance()`: `strata`, `state`, `n`, `n.event`, and at the last
#'   follow-up `time` of the group `estimate`, `std.error`, `conf.low`, `conf.high`, `one.minus.km`, `overstated`.
#' @section Errors: `cryonodes_error_object`.
#' @examples
#' fit <- cumulative_incidence(c(3, 8, 12, 20, 33), c(1, 2, 0, 1, 0))
#' tidy(fit)
#' glance(fit)
#' @method tidy cumulative_incidence
#' @export
tidy.cumulative_incidence <- function(x, ...) {
  check_incidence(x, quote(tidy()))
  states <- length(x$states)
  data.frame(
    time = rep(x$time, states), n.risk = rep(x$n.risk[, 1], states), n.event = as.vector(x$n.event),
    n.censor = rep(x$n.censor, states), estimate = as.vector(x$pstate), std.error = as.vector(x$std.err),
    conf.low = as.vector(x$lower), conf.high = as.vector(x$upper), state = rep(x$states, each = length(x$time)),
    strata = rep(rep(x$meta$group_labels, lengths(group_rows(x))), states), stringsAsFactors = FALSE
  )
}

#' @rdname tidy.cumulative_incidence
#' @export
as.data.frame.cumulative_incidence <- function(x, row.names = NULL, optional = FALSE, ...) tidy.cumulative_incidence(x)

#' @rdname tidy.cumulative_incidence
#' @method glance cumulative_incidence
#' @export
glance.cumulative_incidence <- function(x, ...) {
  check_incidence(x, quote(glance()))
  rows <- group_rows(x)
  parts <- lapply(seq_along(rows), function(g) {
    i <- rows[[g]]
    last <- if (length(i)) i[length(i)] else NA_integer_
    k <- seq_along(x$meta$causes) + 1L
    data.frame(
      strata = names(rows)[g], state = x$meta$causes, n = x$n[g],
      n.event = colSums(x$n.event[i, k, drop = FALSE]), time = x$time[last], estimate = x$pstate[last, k],
      std.error = x$std.err[last, k], conf.low = x$lower[last, k], conf.high = x$upper[last, k],
      one.minus.km = x$one.minus.km[last, ], overstated = x$one.minus.km[last, ] - x$pstate[last, k],
      row.names = NULL, stringsAsFactors = FALSE
    )
  })
  do.call(rbind, parts)
}

#' @export
print.incidence_rates <- function(x, digits = 3, ...) {
  print_rates(x, digits, c("strata", "state", "time", "estimate", "conf.low", "conf.high", "overstated", "note"), ...)
}

# Counts in full, estimates in significant digits. A table that has lost columns is a plain data frame.
print_rates <- function(x, digits, columns, ...) {
  if (!all(columns %in% names(x))) return(print(as.data.frame(x), digits = digits, ...))
  digits <- check_digits(digits, quote(print()))
  shown <- as.data.frame(x)
  counts <- intersect(c("time", "n", "n.risk", "n.event", "n.censor", "cum.event"), names(shown))
  estimates <- intersect(
    c("estimate", "std.error", "conf.low", "conf.high", "one.minus.km", "overstated"), names(shown)
  )
  for (v in counts) shown[[v]] <- number_text(shown[[v]])
  for (v in estimates) shown[[v]] <- format_number(shown[[v]], digits)
  shown$note <- notes_or_nothing(shown$note)
  print(shown, row.names = FALSE)
  invisible(x)
}

#' @export
as.data.frame.incidence_rates <- function(x, ...) {
  class(x) <- "data.frame"
  attr(x, "unit") <- attr(x, "conf.level") <- NULL
  x
}
