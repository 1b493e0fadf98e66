# Survival figures. A fit becomes a plot frame (plain data: steps, bands, censorings, numbers at risk), and one panel
# function draws it. What a figure shows is tested on the frame.

#' Survival curves, one panel per endpoint and grouping
#'
#' Draws Kaplan-Meier curves with pointwise confidence bands, censoring marks and the numbers at risk beneath each
#' panel: one row per endpoint, one column per fit (whole cohort, by group).
#'
#' @param fits Named list, one element per endpoint: a [kaplan_meier()] or a list of them, e.g.
#'   `list("Overall survival" = list(all, by_group))`. One `kaplan_meier` alone gives one panel. A
#'   [cumulative_incidence()] is drawn as such, its first cause. An [endpoint()], a list of them or what [outcomes()]
#'   made of them do as well: curves of all units and by group, with the p-value of the groups.
#' @param breaks Times at which the axis has its marks and the numbers at risk are counted, in the unit of the
#'   follow-up; `NULL` chooses round ones. All panels share one time axis.
#' @param until End of the time axis; `NULL` is the last follow-up of all fits or the last break, the later one.
#' @param xlab Title of the time axis; `NULL` says "Time" and its unit, when known.
#' @param unit.time Unit of time for the axis title; by default that of the follow-up, if known.
#' @param labels Tags of the panels, row by row; `NULL` for none. A panel alone has none by default.
#' @param whole What to call the curve of a fit without groups.
#' @param p Text for a corner of grouped panels, e.g. `c("Overall survival" = "Log-rank p = 0.27")`: a character
#'   vector named by endpoint. Printed as it is.
#' @param conf.band,censor.marks,risk.table Draw confidence bands, censoring marks, numbers at risk?
#' @param median.lines Draw dotted lines to the median of each curve that reaches it?
#' @param base_size Size of the text, in points.
#' @param by For endpoints: name of the column that forms the groups, as in [outcomes()].
#' @param ... For `autoplot()`: `breaks`, `until`, `xlab` and the other arguments of `figure_outcomes()`.
#' @return A patchwork, which is also a ggplot: [ggplot2::ggsave()], knitr and patchwork take it as it is.
#' @section Definition: Curves are true steps, with the drop drawn, from (0, 1) to the last follow-up. A band is
#' drawn where the interval of the fit is defined, and stays constant between times as the curve does. Numbers at
#' risk are those just before the time, as in [rates()]; they are drawn on the same time scale as the curves and
#' lie under its marks whatever the size of the figure.
#' @section Edge cases: Before the first event and once S = 0 the band has the limits of the beta product, as the
#'   fit has; it starts at the first time of the curve. Groups are told apart by colour (Okabe and Ito's, safe for
#'   colour-blind readers) and by line type, so that a copy in grey can be read. Labels are literal text, never
#'   formulas or markup.
#' @section Errors: `cryonodes_error_object`, `_times`, `_group` (more than 42 groups in a panel, an endpoint
#' without a name), `_length`, `_package` (ggplot2 or patchwork absent).
#' @references Okabe M, Ito K (2008). *Color Universal Design*, the palette of eight colours.
#' @seealso [table_rates()]
#' @examplesIf requireNamespace("ggplot2", quietly = TRUE) && requireNamespace("patchwork", quietly = TRUE)
#' lung <- survival::lung
#' lung$sex <- factor(lung$sex, labels = c("Men", "Women"))
#' all <- kaplan_meier(Surv(time, status) ~ 1, lung, event = 2)
#' by_sex <- kaplan_meier(Surv(time, status) ~ sex, lung, event = 2)
#' figure_outcomes(list("Overall survival" = list(all, by_sex)), breaks = c(0, 250, 500, 750, 1000),
#'   unit.time = "days")
#' @export
figure_outcomes <- function(fits, breaks = NULL, until = NULL, xlab = NULL, unit.time = NULL, labels = letters,
                            whole = "Whole cohort", p = NULL, conf.band = TRUE, censor.marks = TRUE,
                            risk.table = TRUE, median.lines = FALSE, base_size = 9, by = NULL) {
  call <- quote(figure_outcomes())
  check_given(missing(fits), "fits", call)
  made <- fits_of_endpoints(fits, by, call)
  fits <- made$fits
  if (!is.null(made$tests)) p <- p %||% p_in_panels(made$tests)
  need_package("ggplot2", "draw figures", call)
  need_package("patchwork", "draw figures", call)
  endpoints <- read_endpoints(fits, "fits", call)
  check_text(xlab, "xlab", call)
  check_text(unit.time, "unit.time", call)
  check_text(whole, "whole", call, null = FALSE)
  check_flag(risk.table, "risk.table", call)
  if (!is_number(base_size) || length(base_size) != 1 || !is.finite(base_size) || base_size <= 0) {
    abort_rule("type", paste0("`base_size` must be a number > 0, not ", one_line(base_size), "."),
      arg = "base_size", call = call
    )
  }
  axis <- time_axis(unlist(endpoints, recursive = FALSE), breaks, until, xlab, unit.time, call)
  columns <- max(lengths(endpoints))
  n_panels <- columns * length(endpoints)
  if (missing(labels) && n_panels == 1) labels <- NULL
  check_labels_of_panels(labels, n_panels, call)
  p <- check_panel_text(p, names(endpoints), call)

  frames <- Map(function(fits, endpoint) {
    lapply(fits, function(fit) {
      note <- if (!is.null(fit$strata)) as.vector(p[match(endpoint, names(p), 0L)])
      if (is_incidence(fit)) return(incidence_frame(fit, axis, endpoint, whole, note, conf.band, call))
      plot_frame(fit, axis,
        title = endpoint, whole = whole, note = note,
        conf.band = check_flag(conf.band, "conf.band", call),
        censor.marks = check_flag(censor.marks, "censor.marks", call),
        median.lines = check_flag(median.lines, "median.lines", call), call = call
      )
    })
  }, endpoints, names(endpoints))
  parts <- list()
  heights <- numeric()
  for (i in seq_along(frames)) {
    tags <- if (!is.null(labels)) labels[(i - 1) * columns + seq_len(columns)]
    curves <- lapply(seq_len(columns), function(j) {
      if (j > length(frames[[i]])) patchwork::plot_spacer() else panel_of(frames[[i]][[j]], tags[j], base_size)
    })
    parts <- c(parts, curves)
    heights <- c(heights, 1)
    if (risk.table) {
      rows <- max(vapply(frames[[i]], function(frame) length(frame$groups), 0L))
      parts <- c(parts, lapply(seq_len(columns), function(j) {
        if (j > length(frames[[i]])) patchwork::plot_spacer() else panel_risk(frames[[i]][[j]], rows, base_size)
      }))
      heights <- c(heights, 1.35 * base_size * rows)
    }
  }
  # The curves share what height is left; a line of numbers at risk has the height of a line of text.
  units <- if (risk.table) c("null", "pt") else "null"
  patchwork::wrap_plots(parts,
    ncol = columns, heights = ggplot2::unit(heights, rep(units, length.out = length(heights)))
  )
}

#' @rdname figure_outcomes
#' @param object A [kaplan_meier()].
#' @exportS3Method ggplot2::autoplot
autoplot.kaplan_meier <- function(object, ...) {
  check_km(object, quote(autoplot()))
  figure_outcomes(object, labels = NULL, ...)
}

check_labels_of_panels <- function(labels, n, call) {
  if (is.null(labels)) return(invisible(NULL))
  if (!is.character(labels) || length(labels) < n) {
    abort_rule("length", paste0("`labels` must be at least ", n, " strings, one for each panel."),
      arg = "labels", call = call
    )
  }
}

check_panel_text <- function(p, endpoints, call) {
  if (is.null(p)) return(NULL)
  if (!is.character(p) || !length(p) || is.null(names(p)) && (length(endpoints) > 1 || length(p) > 1)) {
    abort_rule("type", "`p` must be a character vector named by endpoint.", arg = "p", call = call)
  }
  if (is.null(names(p))) names(p) <- endpoints
  unknown <- setdiff(names(p), endpoints)
  if (length(unknown)) {
    abort_rule("group", paste0("`p` has text for ", quoted(unknown), ", which is not an endpoint."),
      arg = "p", call = call
    )
  }
  p
}

# One time axis for all panels: its marks, its end, its title.
time_axis <- function(fits, breaks, until, xlab, unit, call) {
  last <- max(0, unlist(lapply(fits, `[[`, "time")))
  common <- common_unit(fits)
  if (!is.null(breaks)) breaks <- sort(unique(check_times(breaks, call, common)))
  if (is.null(until)) {
    until <- max(last, breaks)
  } else {
    if (length(until) != 1) check_length(until, 1, "until", call)
    until <- check_times(until, call, common)
  }
  if (until <= 0) until <- 1
  breaks <- breaks %||% pretty(c(0, until), 5)
  unit <- unit %||% common
  list(
    breaks = breaks[breaks <= until * (1 + 1e-12)], until = until,
    title = xlab %||% if (is.null(unit)) "Time" else paste0("Time, ", unit)
  )
}

# What a panel draws, as plain data:
#   steps   group time estimate: the corners of each curve, in drawing order, from (0, 1)
#   band    group piece time limit: the outline of each stretch on which the interval is defined
#   censor  group time estimate: where somebody left observation
#   median  group time: where a curve reaches one half
#   risk    group time n.risk: at the axis marks
plot_frame <- function(fit, axis, title = "", whole = "Whole cohort", note = NULL, conf.band = TRUE,
                       censor.marks = TRUE, median.lines = FALSE, call = quote(plot_frame())) {
  groups <- one_row(km_labels(fit, whole))
  if (length(groups) > length(okabe_ito) * length(line_types)) {
    abort_rule("group", paste0("a panel cannot tell ", length(groups), " groups apart."), call = call)
  }
  rows <- unname(group_rows(fit))
  as_groups <- function(parts) {
    out <- do.call(rbind, Map(function(part, g) if (nrow(part)) cbind(group = g, part), parts, seq_along(parts)))
    if (is.null(out)) out <- cbind(group = integer(), parts[[1]])
    rownames(out) <- NULL
    out$group <- factor(out$group, seq_along(groups))
    out
  }
  at_risk <- rates(fit, axis$breaks)
  list(
    steps = as_groups(lapply(rows, function(i) step_corners(fit, i))),
    band = as_groups(lapply(rows, function(i) band_outline(fit, if (conf.band) i))),
    censor = as_groups(lapply(rows, function(i) censorings(fit, if (censor.marks) i))),
    median = if (median.lines) median_marks(fit, length(groups)),
    risk = data.frame(
      group = factor(rep(seq_along(groups), each = length(axis$breaks)), seq_along(groups)),
      time = at_risk$time, n.risk = at_risk$n.risk
    ),
    groups = groups, axis = axis, title = one_row(title), note = if (length(note)) one_row(note)
  )
}

# (0, start), then at each time the corner before and the corner after the step; a last corner ends the curve.
step_corners <- function(fit, i, start = 1) {
  drop <- i[fit$n.event[i] > 0]
  before <- c(start, fit$surv[drop])[seq_along(drop)]
  last <- if (length(i)) fit$time[i[length(i)]] else numeric()
  out <- data.frame(
    time = c(0, rep(fit$time[drop], each = 2), last),
    estimate = c(start, as.vector(rbind(before, fit$surv[drop])), if (length(i)) fit$surv[i[length(i)]])
  )
  # The end repeats the last corner when the last time is a drop.
  out[!c(FALSE, rowSums(abs(diff(as.matrix(out)))) == 0), ]
}

# The interval of each time holds until the next; stretches without one leave a gap. A stretch is outlined along
# its upper limit and back along its lower one.
band_outline <- function(fit, i) {
  empty <- data.frame(piece = integer(), time = numeric(), limit = numeric())
  if (length(i) < 2) return(empty)
  from <- i[-length(i)]
  start <- fit$time[from]
  end <- fit$time[i[-1]]
  low <- fit$lower[from]
  high <- fit$upper[from]
  known <- !is.na(low) & !is.na(high)
  runs <- rle(known)
  piece <- rep(seq_along(runs$lengths), runs$lengths)
  out <- lapply(unique(piece[known]), function(k) {
    s <- which(piece == k)
    data.frame(
      piece = k, time = c(rbind(start[s], end[s]), rev(c(rbind(start[s], end[s])))),
      limit = c(rep(high[s], each = 2), rev(rep(low[s], each = 2)))
    )
  })
  out <- do.call(rbind, out)
  if (is.null(out)) return(empty)
  out$piece <- match(out$piece, unique(out$piece))
  out
}

censorings <- function(fit, i) {
  i <- i[fit$n.censor[i] > 0]
  data.frame(time = fit$time[i], estimate = fit$surv[i])
}

median_marks <- function(fit, n_groups) {
  time <- glance(fit)$median
  reached <- which(!is.na(time))
  data.frame(group = factor(reached, seq_len(n_groups)), time = time[reached])
}

okabe_ito <- c("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
line_types <- c("solid", "42", "12", "4212", "82", "2212")

# The first curve of a fit without groups is black; groups take colours, each with its own line type.
group_colours <- function(n) if (n == 1) "#000000" else rep(okabe_ito, length.out = n)
group_lines <- function(n) {
  # Line type and colour move on together; when the colours have gone round, the line types are one ahead.
  k <- seq_len(n) - 1
  colours <- length(okabe_ito)
  line_types[(k %% colours + k %/% colours) %% length(line_types) + 1]
}

# Both the curves and the numbers at risk use this scale: it is why they cannot drift apart.
time_scale <- function(axis, title) {
  number <- function(x) vapply(x, number_text, "")
  ggplot2::scale_x_continuous(
    name = title, breaks = axis$breaks, labels = number(axis$breaks), minor_breaks = NULL,
    expand = ggplot2::expansion(mult = 0.04)
  )
}

time_window <- function(axis, ylim, clip) {
  ggplot2::coord_cartesian(xlim = c(0, axis$until), ylim = ylim, clip = clip)
}

panel_km <- function(frame, tag = NULL, base_size = 9) {
  n <- length(frame$groups)
  labels <- frame$groups
  aes <- ggplot2::aes
  .data <- rlang::.data
  panel <- ggplot2::ggplot(frame$steps, aes(x = .data$time, y = .data$estimate, colour = .data$group)) +
    ggplot2::geom_polygon(
      aes(x = .data$time, y = .data$limit, fill = .data$group, group = interaction(.data$group, .data$piece)),
      data = frame$band, inherit.aes = FALSE, alpha = 0.18, show.legend = FALSE
    ) +
    ggplot2::geom_path(aes(linetype = .data$group), linewidth = 0.6, linejoin = "mitre") +
    ggplot2::geom_point(data = frame$censor, shape = 3, size = 1.3, stroke = 0.5, show.legend = FALSE) +
    ggplot2::scale_colour_manual(values = group_colours(n), labels = labels, drop = FALSE) +
    ggplot2::scale_fill_manual(values = group_colours(n), labels = labels, drop = FALSE) +
    ggplot2::scale_linetype_manual(values = group_lines(n), labels = labels, drop = FALSE) +
    time_scale(frame$axis, frame$axis$title) +
    ggplot2::scale_y_continuous(
      breaks = seq(0, 1, 0.25), labels = c("0", "25", "50", "75", "100"), minor_breaks = NULL,
      expand = ggplot2::expansion(mult = c(0.02, 0.02))
    ) +
    time_window(frame$axis, c(0, 1), "on") +
    ggplot2::labs(
      title = paste(c(tag, paste0(if (nzchar(frame$title)) frame$title else "Survival", ", %")), collapse = "   "),
      y = NULL, colour = NULL, linetype = NULL
    ) +
    ggplot2::guides(
      colour = ggplot2::guide_legend(ncol = legend_columns(labels), byrow = TRUE),
      linetype = ggplot2::guide_legend(ncol = legend_columns(labels), byrow = TRUE)
    ) +
    theme_outcomes(base_size)
  if (!is.null(frame$median)) {
    dotted <- function(...) {
      ggplot2::geom_segment(aes(..., colour = .data$group),
        data = frame$median, inherit.aes = FALSE, linetype = "13", linewidth = 0.4, show.legend = FALSE
      )
    }
    panel <- panel + dotted(x = 0, xend = .data$time, y = 0.5, yend = 0.5) +
      dotted(x = .data$time, xend = .data$time, y = 0.5, yend = 0)
  }
  panel + panel_note(frame$note, 0.05, 0, base_size)
}

# Words in a panel, at its left; `vjust` 0 above y, 1 below it. Without words nothing, which may be added to a plot.
panel_note <- function(note, y, vjust, base_size) {
  if (is.null(note)) return(NULL)
  ggplot2::annotate("text",
    x = 0, y = y, label = note, hjust = 0, vjust = vjust, size = 0.85 * base_size / ggplot2::.pt
  )
}

# As many keys side by side as fit in half a page.
legend_columns <- function(labels) max(1, min(length(labels), 48 %/% (max(nchar(labels, "width")) + 6)))

# `rows` is the number of lines to leave room for, so that panels side by side begin on the same line.
panel_risk <- function(frame, rows = length(frame$groups), base_size = 9) {
  .data <- rlang::.data
  number <- vapply(frame$risk$n.risk, function(n) format(n, digits = 4, decimal.mark = ".", scientific = FALSE), "")
  # The first numbers are centred on the first mark: long ones reach towards the labels.
  longest <- max(4, nchar(number[frame$risk$time == frame$axis$breaks[1]]))
  ggplot2::ggplot(
    cbind(frame$risk, line = -as.integer(frame$risk$group), label = number),
    ggplot2::aes(x = .data$time, y = .data$line, label = .data$label)
  ) +
    ggplot2::geom_text(size = 0.85 * base_size / ggplot2::.pt) +
    time_scale(frame$axis, NULL) +
    ggplot2::scale_y_continuous(
      breaks = -seq_along(frame$groups), labels = frame$groups, minor_breaks = NULL, expand = c(0, 0)
    ) +
    time_window(frame$axis, c(-rows - 0.5, -0.5), "off") +
    ggplot2::labs(title = "At risk", y = NULL) +
    theme_outcomes(base_size) +
    ggplot2::theme(
      panel.grid.major.y = ggplot2::element_blank(), axis.line = ggplot2::element_blank(),
      axis.ticks = ggplot2::element_blank(), axis.text.x = ggplot2::element_blank(),
      axis.text.y = ggplot2::element_text(margin = ggplot2::margin(r = 7 + 0.24 * base_size * (longest - 4))),
      plot.title = ggplot2::element_text(size = 0.85 * base_size, face = "plain", margin = ggplot2::margin(b = 1)),
      plot.margin = ggplot2::margin(0, 6, 6, 4)
    )
}

theme_outcomes <- function(base_size) {
  ggplot2::theme_minimal(base_size = base_size) +
    ggplot2::theme(
      panel.grid.minor = ggplot2::element_blank(), panel.grid.major.x = ggplot2::element_blank(),
      panel.grid.major.y = ggplot2::element_line(colour = "grey90", linewidth = 0.3),
      axis.line = ggplot2::element_line(linewidth = 0.3), axis.ticks = ggplot2::element_line(linewidth = 0.3),
      axis.text = ggplot2::element_text(colour = "black", size = 0.85 * base_size),
      axis.title = ggplot2::element_text(size = 0.85 * base_size),
      plot.title = ggplot2::element_text(size = base_size, face = "bold", margin = ggplot2::margin(b = 2)),
      plot.title.position = "plot",
      legend.position = "top", legend.justification = "left", legend.margin = ggplot2::margin(0, 0, 0, 0),
      legend.box.spacing = ggplot2::unit(2, "pt"), legend.key.width = ggplot2::unit(22, "pt"),
      legend.key.height = ggplot2::unit(1.2 * base_size, "pt"), legend.spacing.y = ggplot2::unit(0, "pt"),
      legend.text = ggplot2::element_text(size = 0.85 * base_size), plot.margin = ggplot2::margin(4, 6, 2, 4)
    )
}
