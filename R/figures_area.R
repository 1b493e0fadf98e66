# The restricted mean as a figure: the area under each curve up to tau.

#' Draw restricted means
#'
#' The Kaplan-Meier curve of each group with the area up to `tau` shaded, one panel a group.
#'
#' @param object A [restricted_mean()].
#' @param xlab Title of the time axis; `NULL` says "Time" and its unit, when known.
#' @param base_size Size of the text, in points.
#' @param ... Not used.
#' @return A ggplot.
#' @section Definition: Curves are true steps from (0, 1) to the last follow-up; the shaded area is the restricted mean
#'   and ends at `tau`. Its size stands in the title of the panel.
#' @section Errors: `cryonodes_error_object`, `_type`, `_package` (ggplot2 absent).
#' @examplesIf requireNamespace("ggplot2", quietly = TRUE)
#' fit <- restricted_mean(Surv(time, status) ~ sex, data = survival::lung, event = 2, tau = 365)
#' ggplot2::autoplot(fit)
#' @exportS3Method ggplot2::autoplot
autoplot.restricted_mean <- function(object, xlab = NULL, base_size = 9, ...) {
  call <- quote(autoplot())
  check_dots(..., call = call)
  check_restricted_mean(object, call)
  need_package("ggplot2", "draw figures", call)
  check_text(xlab, "xlab", call)
  if (!is_number(base_size) || length(base_size) != 1 || !is.finite(base_size) || base_size <= 0) {
    abort_rule("type", paste0("`base_size` must be a number > 0, not ", one_line(base_size), "."),
      arg = "base_size", call = call
    )
  }
  frame <- area_frame(object)
  unit <- object$meta$unit
  .data <- rlang::.data
  aes <- ggplot2::aes
  colours <- group_colours(length(frame$titles))
  ggplot2::ggplot(frame$steps, aes(x = .data$time, y = .data$estimate)) +
    ggplot2::geom_polygon(aes(fill = .data$group), data = frame$area, alpha = 0.25, show.legend = FALSE) +
    ggplot2::geom_path(aes(colour = .data$group), linewidth = 0.6, linejoin = "mitre", show.legend = FALSE) +
    ggplot2::geom_vline(xintercept = object$tau, linetype = "42", linewidth = 0.3) +
    ggplot2::scale_colour_manual(values = colours, drop = FALSE) +
    ggplot2::scale_fill_manual(values = colours, drop = FALSE) +
    ggplot2::facet_wrap(ggplot2::vars(.data$group),
      labeller = ggplot2::as_labeller(function(level) frame$titles[as.integer(level)])
    ) +
    ggplot2::scale_y_continuous(
      breaks = seq(0, 1, 0.25), labels = c("0", "25", "50", "75", "100"), minor_breaks = NULL, limits = c(0, 1)
    ) +
    ggplot2::labs(x = xlab %||% if (is.null(unit)) "Time" else paste0("Time, ", unit), y = "Survival, %") +
    theme_outcomes(base_size)
}

# What the figure draws, as plain data: `steps` are the corners of each curve, `area` the outline of each area, `titles`
# the panels' by number of the group.
area_frame <- function(x) {
  labels <- x$meta$group_labels
  ends <- cumsum(x$curve$rows)
  corners <- Map(function(n, end) step_corners(x$curve, seq_len(n) + end - n), x$curve$rows, ends)
  outline <- lapply(corners, function(steps) {
    inside <- steps[steps$time <= x$tau, ]
    level <- inside$estimate[nrow(inside)]
    data.frame(time = c(0, inside$time, x$tau, x$tau), estimate = c(0, inside$estimate, level, 0))
  })
  as_groups <- function(parts) {
    out <- do.call(rbind, Map(function(part, g) cbind(group = g, part), parts, seq_along(parts)))
    rownames(out) <- NULL
    out$group <- factor(out$group, seq_along(labels))
    out
  }
  list(
    steps = as_groups(corners), area = as_groups(outline),
    titles = paste0(one_row(if (length(labels) == 1) "" else paste0(labels, ": ")), "mean up to ",
      number_text(x$tau), " is ", format_number(x$estimate)
    )
  )
}
