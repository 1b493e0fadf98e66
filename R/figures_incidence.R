# Figures of incidences and cumulative hazards, in the manner of figures.R: a fit becomes a plot frame, one panel
# function draws it.

#' Curves of cumulative incidence or cumulative hazard
#'
#' Draws the curves with pointwise confidence bands and the numbers at risk beneath. A [cumulative_incidence()] with
#' groups has one panel for each cause, the groups as its curves, and p of Gray's test where the fit has tests; without
#' groups one panel, the causes as its curves. A [nelson_aalen()] has one panel.
#'
#' @param object A [cumulative_incidence()] or a [nelson_aalen()].
#' @param causes The causes to draw, in this order; `NULL` for all.
#' @param ylim Upper end of the vertical axis, one for all panels; `NULL`: 1 for incidences, and for hazards what the
#'   bands need.
#' @param conf.band,risk.table Draw confidence bands, numbers at risk?
#' @inheritParams figure_outcomes
#' @param ... Not used.
#' @return A patchwork, which is also a ggplot: [ggplot2::ggsave()], knitr and patchwork take it as it is.
#' @section Definition: Curves are true steps from (0, 0) to the last follow-up; a band is drawn where the interval is
#' defined. Numbers at risk are those just before the time, as in [rates()]. Colours are Okabe and Ito's, and each curve
#' has a line type of its own, so that a copy in grey can be read.
#' @section Errors: `cryonodes_error_object`, `_times`, `_choice` (a cause that is not there), `_group`, `_package`.
#' @examplesIf requireNamespace("ggplot2", quietly = TRUE) && requireNamespace("patchwork", quietly = TRUE)
#' fit <- cumulative_incidence(c(3, 8, 8, 12, 15, 20, 24, 30), c(0, 1, 2, 1, 0, 2, 1, 0))
#' ggplot2::autoplot(fit)
#' @name autoplot.cumulative_incidence
#' @exportS3Method ggplot2::autoplot
autoplot.cumulative_incidence <- function(object, causes = NULL, breaks = NULL, until = NULL, xlab = NULL,
                                          unit.time = NULL, ylim = NULL, conf.band = TRUE, risk.table = TRUE,
                                          base_size = 9, ...) {
  call <- quote(autoplot())
  check_dots(..., call = call)
  check_incidence(object, call)
  if (is.null(causes)) causes <- object$meta$causes
  unknown <- setdiff(causes, object$meta$causes)
  if (!is.character(causes) || !length(causes) || length(unknown)) {
    abort_rule("choice", paste0("`causes` must be of ", quoted(object$meta$causes), ", not ", one_line(causes), "."),
      arg = "causes", call = call
    )
  }
  axis <- time_axis(list(object), breaks, until, xlab, unit.time, call)
  rows <- unname(group_rows(object))
  labels <- object$meta$group_labels
  curve_of <- function(cause) {
    k <- match(cause, object$states)
    list(
      time = object$time, n.event = object$n.event[, k], surv = object$pstate[, k], lower = object$lower[, k],
      upper = object$upper[, k]
    )
  }
  at_risk <- rates(object, axis$breaks)
  at_risk <- at_risk[at_risk$state == object$meta$causes[1], ]
  risk <- data.frame(
    group = factor(match(at_risk$strata, labels), seq_along(labels)), time = at_risk$time, n.risk = at_risk$n.risk
  )
  frame <- function(curves, rows, names, title) {
    curve_frame(curves, rows, names, title, risk, labels, axis, ylim, conf.band, call)
  }
  frames <- if (is.null(object$strata)) {
    list(frame(lapply(causes, curve_of), rep(rows, length(causes)), causes, "Cumulative incidence, %"))
  } else {
    lapply(causes, function(cause) {
      panel <- frame(rep(list(curve_of(cause)), length(rows)), rows, labels, paste0(one_row(cause), ", %"))
      p <- object$tests[[cause]]$p.value
      if (!is.null(p) && !is.na(p)) panel$note <- paste0("Gray's test p ", p_sign(p))
      panel
    })
  }
  draw_curves(frames, 100, check_flag(risk.table, "risk.table", call), base_size, call)
}

#' @rdname autoplot.cumulative_incidence
#' @exportS3Method ggplot2::autoplot
autoplot.nelson_aalen <- function(object, breaks = NULL, until = NULL, xlab = NULL, unit.time = NULL, ylim = NULL,
                                  conf.band = TRUE, risk.table = TRUE, base_size = 9, ...) {
  call <- quote(autoplot())
  check_dots(..., call = call)
  check_hazard(object, call)
  axis <- time_axis(list(object), breaks, until, xlab, unit.time, call)
  rows <- unname(group_rows(object))
  labels <- object$meta$group_labels
  at_risk <- rates(object, axis$breaks)
  risk <- data.frame(
    group = factor(match(at_risk$strata, labels), seq_along(labels)), time = at_risk$time, n.risk = at_risk$n.risk
  )
  if (is.null(ylim)) ylim <- 1.02 * max(object$cumhaz, object$upper[is.finite(object$upper) & object$n.event > 0])
  curve <- list(
    time = object$time, n.event = object$n.event, surv = object$cumhaz, lower = object$lower, upper = object$upper
  )
  if (!is.numeric(ylim) || ylim <= 0) ylim <- 1
  frame <- curve_frame(rep(list(curve), length(rows)), rows, labels, "Cumulative hazard", risk, labels, axis, ylim,
    conf.band, call
  )
  draw_curves(list(frame), 1, check_flag(risk.table, "risk.table", call), base_size, call)
}

# What a panel draws, as plain data, with the parts that plot_frame() has: `curves[[j]]` is drawn over its rows
# `rows[[j]]` under the name `names[j]`.
curve_frame <- function(curves, rows, names, title, risk, risk_labels, axis, ylim, conf.band, call) {
  if (!is.null(ylim) && (!is_number(ylim) || length(ylim) != 1 || !is.finite(ylim) || ylim <= 0)) {
    abort_rule("type", paste0("`ylim` must be one number > 0, not ", one_line(ylim), "."), arg = "ylim", call = call)
  }
  conf.band <- check_flag(conf.band, "conf.band", call)
  if (length(names) > length(okabe_ito) * length(line_types)) {
    abort_rule("group", paste0("a panel cannot tell ", length(names), " curves apart."), call = call)
  }
  top <- ylim %||% 1
  stacked <- function(part) {
    parts <- Map(function(curve, i, j) {
      one <- part(curve, i)
      cbind(group = rep(j, nrow(one)), one)
    }, curves, rows, seq_along(curves))
    out <- do.call(rbind, parts)
    rownames(out) <- NULL
    out$group <- factor(out$group, seq_along(curves))
    out
  }
  band <- stacked(function(curve, i) band_outline(curve, if (conf.band) i))
  # An infinite limit ends at the edge of the panel.
  band$limit <- pmin(band$limit, top)
  list(
    steps = stacked(function(curve, i) step_corners(curve, i, start = 0)), band = band, risk = risk,
    names = one_row(names), groups = one_row(risk_labels), axis = axis, title = title, top = top
  )
}

draw_curves <- function(frames, scale, risk.table, base_size, call) {
  need_package("ggplot2", "draw figures", call)
  need_package("patchwork", "draw figures", call)
  parts <- lapply(frames, panel_curves, scale, base_size)
  heights <- 1
  if (risk.table) {
    parts <- c(parts, lapply(frames, panel_risk, base_size = base_size))
    heights <- c(1, 1.35 * base_size * length(frames[[1]]$groups))
  }
  patchwork::wrap_plots(parts,
    ncol = length(frames), heights = ggplot2::unit(heights, c("null", "pt")[seq_along(heights)])
  )
}

panel_curves <- function(frame, scale, base_size) {
  n <- length(frame$names)
  aes <- ggplot2::aes
  .data <- rlang::.data
  percent <- function(y) number_text(scale * y)
  keys <- ggplot2::guide_legend(ncol = legend_columns(frame$names), byrow = TRUE)
  ggplot2::ggplot(frame$steps, aes(x = .data$time, y = .data$estimate, colour = .data$group)) +
    ggplot2::geom_polygon(
      aes(x = .data$time, y = .data$limit, fill = .data$group, group = interaction(.data$group, .data$piece)),
      data = frame$band, inherit.aes = FALSE, alpha = 0.18, show.legend = FALSE
    ) +
    ggplot2::geom_path(aes(linetype = .data$group), linewidth = 0.6, linejoin = "mitre") +
    ggplot2::scale_colour_manual(values = group_colours(n), labels = frame$names, drop = FALSE) +
    ggplot2::scale_fill_manual(values = group_colours(n), labels = frame$names, drop = FALSE) +
    ggplot2::scale_linetype_manual(values = group_lines(n), labels = frame$names, drop = FALSE) +
    time_scale(frame$axis, frame$axis$title) +
    ggplot2::scale_y_continuous(
      labels = percent, minor_breaks = NULL, expand = ggplot2::expansion(mult = c(0.02, 0.02))
    ) +
    time_window(frame$axis, c(0, frame$top), "on") +
    ggplot2::labs(title = frame$title, y = NULL, colour = NULL, linetype = NULL) +
    ggplot2::guides(colour = keys, linetype = keys) +
    theme_outcomes(base_size) +
    panel_note(frame$note, frame$top, 1, base_size)
}
