#' Simultaneous confidence bands for a survival curve
#'
#' A region that contains the whole true curve between two times with the probability stated, where the intervals of
#' [kaplan_meier()] hold at one time each. Assumes what [kaplan_meier()] does, and enough events for the normal
#' approximation along the whole stretch: at its ends few should have had the event, and not few be at risk.
#'
#' @param fit A [kaplan_meier()].
#' @param type `"hall-wellner"`, or `"equal precision"` (Nair): at each time a pointwise interval with a larger
#'   critical value.
#' @param from,to The stretch of time, in the unit of the follow-up, for all groups. `NULL`: from the first event of a
#'   group to its last time with S > 0.
#' @param conf.level Simultaneous coverage, in (0, 1).
#' @param conf.type Scale: `"log-log"` (default), `"log"`, `"plain"` or `"arcsin"`, as in [kaplan_meier()].
#' @param ... Not used.
#' @return A data frame of class `confidence_band`, with `strata`, `time` (`from`, `to` and the times of the curve
#'   between them), `estimate`, `conf.low`, `conf.high` (proportions; each row holds until the next). The attribute
#'   `meta` holds
#'   `curves`, one row per group: `strata`, `n`, `from`, `to`, `a.low`, `a.high`, `critical`; and notes.
#' @section Definition:
#' With \eqn{v(t) = \sum d / (n_j (n_j - d))}{v(t) = sum d / (n_j (n_j - d))} and n subjects, \eqn{a = n v / (1 + n v)}
#' at `from` and `to`. On the scale of log S the half width is \eqn{k (1 + n v) / \sqrt n}{k (1 + n v) / sqrt(n)} for
#' Hall and Wellner and \eqn{c \sqrt v}{c sqrt(v)} for equal precision, carried to the scale of `conf.type` by the delta
#' method. The critical values are computed for the interval (a.low, a.high) and the level asked: k is the quantile of
#' the largest absolute value of a Brownian bridge B there, from the heat equation; c that of
#' \eqn{|B(a)| / \sqrt{a (1 - a)}}{|B(a)| / sqrt(a (1 - a))}, an Ornstein-Uhlenbeck process, from its Laplace transform.
#' Both are exact to 1e-8; stretches shorter than 1e-5 in a (in log v / 2 for c) get the value of that length.
#' @section Agreement with tables:
#' Tables of c in print and in software (Nair 1984, table C.3 of Klein and Moeschberger, package km.ci) solve an
#' approximation for long stretches and high levels: up to 0.03 smaller than the exact values, and for short stretches
#' up to 0.2 larger. Tables of k agree.
#' @section Edge cases:
#' A group without an event, or whose curve falls to 0 at its first event, has no band: a note says so. While S = 1
#' only the Hall-Wellner band on the plain scale exists; others are `NA` there. Limits need not fall with time.
#' Weights count
#' as rows. Hall and Wellner's band is not defined with delayed entry; equal precision does not need n and is.
#' @section Errors: `cryonodes_error_object`, `_times` (a stretch that leaves the follow-up, reaches S = 0 or, with
#'   equal
#'   precision, starts before the first event), `_choice`, `_conf_level`, `_entry`.
#' @references
#' Hall WJ, Wellner JA (1980). Confidence bands for a survival curve from censored data. *Biometrika* 67:133-143.
#'
#' Nair VN (1984). Confidence bands for survival functions with censored data: a comparative study. *Technometrics*
#' 26:265-275.
#'
#' Klein JP, Moeschberger ML (2003). *Survival Analysis*, 2nd ed., section 4.4.
#' @examples
#' fit <- kaplan_meier(Surv(time, status) ~ 1, data = survival::veteran)
#' band <- confidence_band(fit, from = 30, to = 300)
#' band
#' head(tidy(band))
#' confidence_band(fit, type = "equal precision", conf.level = 0.9)
#' @export
confidence_band <- function(fit, type = "hall-wellner", from = NULL, to = NULL, conf.level = 0.95,
                            conf.type = "log-log", ...) {
  UseMethod("confidence_band")
}

#' @export
confidence_band.default <- function(fit, ...) {
  call <- quote(confidence_band())
  check_given(missing(fit), "fit", call)
  abort_rule("object", paste0("`fit` must be a kaplan_meier, not ", class(fit)[1], "."),
    "Make one with `kaplan_meier()`.",
    arg = "fit", call = call
  )
}

#' @export
confidence_band.kaplan_meier <- function(fit, type = "hall-wellner", from = NULL, to = NULL, conf.level = 0.95,
                                         conf.type = "log-log", ...) {
  call <- quote(confidence_band())
  check_dots(..., call = call)
  check_km(fit, call)
  type <- check_choice(type, c("hall-wellner", "equal precision"), "type", call)
  conf.type <- check_choice(conf.type, c("log-log", "log", "plain", "arcsin"), "conf.type", call)
  conf.level <- check_conf_level(conf.level, call)
  from <- check_band_end(from, "from", call)
  to <- check_band_end(to, "to", call)
  if (!is.null(from) && !is.null(to) && from > to) {
    abort_rule("times", paste0("`from` must not be after `to`, not ", number_text(from), " > ", number_text(to), "."),
      arg = "from", call = call
    )
  }
  # Both bands rest on the increments of Greenwood's variance being independent; sums over clusters are not.
  if (isFALSE(fit$logse)) {
    abort_rule("choice", "a band takes rows for independent: it has no place for clusters or a robust `variance`.",
      "Fit the curve without them, or use its pointwise intervals.",
      arg = "fit", call = call
    )
  }
  if (identical(fit$type, "counting") && type == "hall-wellner") {
    abort_rule("entry", "the Hall-Wellner band is not defined with delayed entry.",
      "`type = \"equal precision\"` is.",
      arg = "fit", call = call
    )
  }
  rows <- group_rows(fit)
  curves <- Map(function(i, label) band_curve(fit, i, label, type, from, to, call), rows, names(rows))
  bare <- vapply(curves, is.null, TRUE)
  curves <- unname(curves[!bare])
  notes <- if (any(bare)) paste0("no band for ", quoted(names(rows)[bare]), ": no event before S = 0")
  size <- vapply(curves, function(curve) length(curve$time), 0L)
  column <- function(name) unlist(lapply(curves, `[[`, name), use.names = FALSE)
  n <- as.double(column("n"))
  core <- call_core(confidence_band_cpp(
    as.double(column("estimate")), as.double(column("std_error_log")), as.integer(c(0, cumsum(size))), n, type,
    conf.type, conf.level
  ), call)
  label <- as.character(column("label"))
  end_of <- function(pick) vapply(curves, function(curve) pick(curve$time), 0)
  structure(
    data.frame(
      strata = rep(label, size), time = as.double(column("time")), estimate = as.double(column("estimate")),
      conf.low = na_plain(core$conf_low), conf.high = na_plain(core$conf_high), stringsAsFactors = FALSE
    ),
    class = c("confidence_band", "data.frame"),
    meta = list(
      format = result_format, method = "confidence_band", type = type, conf.type = conf.type, conf.level = conf.level,
      unit = fit$meta$unit, group_labels = fit$meta$group_labels, n_rows = fit$meta$n_rows,
      rows_dropped = fit$meta$rows_dropped, notes = notes,
      curves = data.frame(
        strata = label, n = n, from = end_of(min), to = end_of(max), a.low = core$a_low, a.high = core$a_high,
        critical = core$critical, stringsAsFactors = FALSE
      )
    )
  )
}

check_band_end <- function(x, arg, call) {
  if (is.null(x)) return(NULL)
  if (!is_number(x) || length(x) != 1 || !is.finite(x) || x < 0) {
    abort_rule("times", paste0("`", arg, "` must be one finite number >= 0, not ", one_line(x), "."),
      arg = arg, call = call
    )
  }
  as.double(x)
}

# The rows of one curve that its band needs; NULL where there is none.
band_curve <- function(fit, i, label, type, from, to, call) {
  time <- fit$time[i]
  surv <- fit$surv[i]
  first <- which(fit$n.event[i] > 0)[1]
  last <- sum(surv > 0)
  if (is.na(first) || first > last) return(NULL)
  from <- from %||% min(time[first], to)
  to <- to %||% max(time[last], from)
  refuse <- function(arg, value, rule) {
    abort_rule("times", paste0("`", arg, "` = ", number_text(value), " in group ", quoted(label), ": ", rule, "."),
      arg = arg, call = call
    )
  }
  if (to > time[length(time)]) refuse("to", to, paste0("the follow-up ends at ", number_text(time[length(time)])))
  if (last < length(time) && to >= time[last + 1]) {
    refuse("to", to, paste0("a band must end before S = 0, at ", number_text(time[last + 1])))
  }
  if (type == "equal precision" && from < time[first]) {
    refuse("from", from, paste0("equal precision needs an event, the first is at ", number_text(time[first])))
  }
  if (to < time[first]) refuse("to", to, paste0("the first event is at ", number_text(time[first])))
  times <- sort(unique(c(from, time[time > from & time < to], to)))
  upto <- findInterval(times, time)
  list(
    label = label, time = times, estimate = c(1, surv)[upto + 1], std_error_log = c(0, fit$std.err[i])[upto + 1],
    n = if (identical(fit$type, "counting")) fit$n[match(label, fit$meta$group_labels)] else fit$n.risk[i[1]]
  )
}

check_band <- function(x, call) {
  meta <- attr(x, "meta")
  columns <- c("strata", "time", "estimate", "conf.low", "conf.high")
  if (!identical(meta$format, result_format) || !all(columns %in% names(x)) || !is.data.frame(meta$curves)) {
    abort_rule("object", "the band has lost columns or its attribute `meta`.", "Compute it again.", call = call)
  }
  invisible(x)
}

#' @export
as.data.frame.confidence_band <- function(x, ...) {
  attr(x, "meta") <- NULL
  class(x) <- "data.frame"
  x
}

#' @rdname confidence_band
#' @param x,object A `confidence_band`.
#' @method tidy confidence_band
#' @export
tidy.confidence_band <- function(x, ...) {
  check_band(x, quote(tidy()))
  as.data.frame(x)
}

#' @rdname confidence_band
#' @method glance confidence_band
#' @export
glance.confidence_band <- function(x, ...) {
  check_band(x, quote(glance()))
  attr(x, "meta")$curves
}

#' @export
print.confidence_band <- function(x, digits = 4, ...) {
  if (is.null(attr(x, "meta"))) return(print(as.data.frame(x), ...))
  check_band(x, quote(print()))
  digits <- check_digits(digits, quote(print()))
  meta <- attr(x, "meta")
  cat(number_text(100 * meta$conf.level), "% simultaneous band, ",
    c("hall-wellner" = "Hall-Wellner", "equal precision" = "equal precision")[[meta$type]], ", ", meta$conf.type,
    " scale", if (!is.null(meta$unit)) paste0("; times in ", meta$unit), "\n\n",
    sep = ""
  )
  shown <- meta$curves
  for (v in c("n", "from", "to")) shown[[v]] <- number_text(shown[[v]])
  for (v in c("a.low", "a.high", "critical")) shown[[v]] <- format_number(shown[[v]], digits)
  print(shown, row.names = FALSE)
  cat("\n", nrow(x), " rows: tidy() gives them.\n", sep = "")
  print_notes(meta$notes)
  invisible(x)
}

#' @rdname confidence_band
#' @exportS3Method ggplot2::autoplot
autoplot.confidence_band <- function(object, ...) {
  call <- quote(autoplot())
  check_band(object, call)
  need_package("ggplot2", "draw figures", call)
  labels <- attr(object, "meta")$curves$strata
  unit <- attr(object, "meta")$unit
  d <- as.data.frame(object)
  d$strata <- factor(d$strata, labels)
  fit <- list(time = d$time, lower = d$conf.low, upper = d$conf.high)
  bands <- do.call(rbind, lapply(labels, function(label) {
    outline <- band_outline(fit, which(d$strata == label))
    cbind(outline, strata = rep(label, nrow(outline)), stringsAsFactors = FALSE)
  }))
  bands$strata <- factor(bands$strata, labels)
  bands$piece <- interaction(bands$strata, bands$piece)
  .data <- rlang::.data
  aes <- ggplot2::aes
  ggplot2::ggplot(d, aes(.data$time, .data$estimate, colour = .data$strata)) +
    ggplot2::geom_polygon(
      aes(y = .data$limit, group = .data$piece, fill = .data$strata), bands,
      alpha = 0.2, colour = NA
    ) +
    ggplot2::geom_step() +
    ggplot2::coord_cartesian(ylim = c(0, 1)) +
    ggplot2::labs(
      x = paste0("Time", if (!is.null(unit)) paste0(" (", unit, ")")), y = "Survival", colour = NULL, fill = NULL
    )
}
