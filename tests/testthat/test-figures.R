five <- kaplan_meier(c(5, 8, 12, 20, 33), c(1, 0, 1, 0, 0))
five_by_group <- kaplan_meier(c(5, 8, 12, 20, 33), c(1, 0, 1, 0, 0), c("a", "a", "b", "b", "b"))
# Building a plot opens a device; this one leaves no file.
grDevices::pdf(NULL)

frame_of <- function(fit, breaks = c(0, 12, 24), until = NULL, ...) {
  plot_frame(fit, time_axis(list(fit), breaks, until, NULL, NULL, quote(test())), ...)
}

test_that("a curve is true steps from (0, 1) to the last follow-up", {
  steps <- frame_of(five)$steps
  expect_identical(steps$time, c(0, 5, 5, 12, 12, 33))
  expect_equal(steps$estimate, c(1, 1, 4 / 5, 4 / 5, 8 / 15, 8 / 15), tolerance = 1e-14)
  # Each piece is level or upright: nothing is interpolated.
  expect_true(all(diff(steps$time) == 0 | diff(steps$estimate) == 0))
})

test_that("the drop to zero is drawn, at time zero too", {
  to_zero <- frame_of(kaplan_meier(c(1, 2), c(0, 1)))$steps
  expect_identical(to_zero[c("time", "estimate")], data.frame(time = c(0, 2, 2), estimate = c(1, 1, 0)))
  at_zero <- frame_of(kaplan_meier(0, 1))$steps
  expect_identical(at_zero$time, c(0, 0))
  expect_identical(at_zero$estimate, c(1, 0))
})

test_that("the band has the limits of the interval where it is defined, and is absent elsewhere", {
  band <- frame_of(five)$band
  limits <- function(s, greenwood) s^exp(c(1, -1) * qnorm(0.975) * sqrt(greenwood) / abs(log(s)))
  first <- limits(4 / 5, 1 / 20)
  second <- limits(8 / 15, 1 / 20 + 1 / 6)
  expect_identical(unique(band$piece), 1L)
  expect_identical(range(band$time), c(5, 33))
  n <- nrow(band) / 2
  upper <- band[seq_len(n), ]
  lower <- band[n + seq_len(n), ]
  expect_identical(rev(lower$time), upper$time)
  expect_equal(upper$limit, ifelse(seq_len(n) <= sum(upper$time < 12) + 1, first[2], second[2]), tolerance = 1e-12)
  expect_equal(rev(lower$limit), ifelse(seq_len(n) <= sum(upper$time < 12) + 1, first[1], second[1]), tolerance = 1e-12)
  # No event, or S = 0: the beta product's limits.
  ends_at_zero <- kaplan_meier(c(1, 2, 2, 3), c(1, 1, 1, 1))
  expect_identical(range(frame_of(ends_at_zero)$band$time), c(1, 3))
  alone <- frame_of(kaplan_meier(1:3, c(0, 0, 0)))$band
  expect_equal(range(alone$limit), c(0.025, 1), tolerance = 1e-14) # one left at risk from 2 on
  expect_identical(nrow(frame_of(five, conf.band = FALSE)$band), 0L)
})

test_that("censorings stand on the curve, after the drop of their time", {
  censor <- frame_of(kaplan_meier(c(5, 5, 8), c(1, 0, 0)))$censor
  expect_identical(censor$time, c(5, 8))
  expect_equal(censor$estimate, c(2 / 3, 2 / 3), tolerance = 1e-14)
  expect_identical(nrow(frame_of(five, censor.marks = FALSE)$censor), 0L)
})

test_that("numbers at risk are counted at the axis marks, just before the time", {
  risk <- frame_of(five_by_group, breaks = c(0, 5, 8, 12, 30, 36))$risk
  expect_identical(risk$time, rep(c(0, 5, 8, 12, 30, 36), 2))
  expect_equal(risk$n.risk, c(2, 2, 1, 0, 0, 0, 3, 3, 3, 3, 1, 0))
})

panels_of <- function(figure) {
  grob <- patchwork::patchworkGrob(figure)
  layout <- grob$layout[grepl("^panel", grob$layout$name), ]
  layout[order(layout$t, layout$l), ]
}

test_that("numbers at risk of millions are written out", {
  skip_if_not_installed("ggplot2")
  fit <- kaplan_meier(event_counts(c(10, 20), c(4e5, 1e5), c(1e5, 4e5)))
  axis <- time_axis(list(fit), c(0, 10, 20), NULL, NULL, NULL, quote(f()))
  millions <- panel_risk(plot_frame(fit, axis))
  expect_identical(millions$data$label, c("1000000", "1000000", "500000"))
  # They are centred on the marks: the first one needs more room beside the label than 1000 does.
  few <- panel_risk(plot_frame(kaplan_meier(event_counts(c(10, 20), c(400, 100), c(100, 400))), axis))
  room <- function(panel) as.numeric(panel$theme$axis.text.y$margin)[2]
  expect_equal(room(millions) - room(few), 3 * 0.24 * 9)
  expect_equal(room(few), 7)
})

test_that("numbers at risk lie under the axis marks whatever the size: same scale, same column", {
  skip_if_not_installed("ggplot2")
  skip_if_not_installed("patchwork")
  # A long label widens the left margin of one of the two panels.
  long <- five_by_group
  long$meta$group_labels <- c("a group with a very long name", "b")
  figure <- figure_outcomes(list(OS = list(five, long)), breaks = c(0, 12, 24, 36))
  for (column in 1:2) {
    curve <- ggplot2::ggplot_build(figure[[column]])
    numbers <- ggplot2::ggplot_build(figure[[column + 2]])
    at <- function(build) build$layout$panel_params[[1]]$x
    expect_identical(at(numbers)$continuous_range, at(curve)$continuous_range)
    expect_identical(at(curve)$breaks, c(0, 12, 24, 36))
    expect_identical(sort(unique(numbers$data[[1]]$x)), at(curve)$breaks)
  }
  panels <- panels_of(figure)
  expect_identical(panels$l[1:2], panels$l[3:4])
  expect_identical(panels$r[1:2], panels$r[3:4])
})

test_that("the drawn layers are those of the frame", {
  skip_if_not_installed("ggplot2")
  frame <- frame_of(five_by_group)
  built <- ggplot2::ggplot_build(panel_km(frame))$data
  expect_identical(built[[1]]$y, frame$band$limit)
  expect_identical(built[[2]]$x, frame$steps$time)
  expect_identical(built[[2]]$y, frame$steps$estimate)
  expect_identical(built[[3]]$x, frame$censor$time)
  # Colour and line type both tell the groups apart.
  lines <- unique(built[[2]][c("colour", "linetype", "group")])
  expect_identical(anyDuplicated(lines$colour), 0L)
  expect_identical(anyDuplicated(lines$linetype), 0L)
})

test_that("up to 42 groups differ in colour or line type; more are refused", {
  pairs <- paste(group_colours(42), group_lines(42))
  expect_identical(anyDuplicated(pairs), 0L)
  many <- kaplan_meier(1:43, rep(1, 43), 1:43)
  expect_error(frame_of(many), class = "cryonodes_error_group")
})

test_that("B214 labels in figures are literal text", {
  skip_if_not_installed("ggplot2")
  skip_if_not_installed("patchwork")
  label <- "%s %d {x} ~ \n alpha^2 \\n"
  odd <- five_by_group
  odd$meta$group_labels <- c(label, "b")
  figure <- figure_outcomes(
    stats::setNames(list(list(odd)), label), p = stats::setNames("%d {p}", label), xlab = "%s ^2"
  )
  file <- tempfile(fileext = ".png")
  on.exit(unlink(file))
  ggplot2::ggsave(file, figure, width = 4, height = 4, dpi = 50)
  expect_gt(file.size(file), 1000)
  texts <- function(grob) {
    own <- if (inherits(grob, "text")) grob$label
    nested <- c(grob$grobs, grob$children)
    c(list(own), unlist(lapply(nested, texts), recursive = FALSE))
  }
  shown <- Filter(Negate(is.null), texts(patchwork::patchworkGrob(figure)))
  expect_false(any(vapply(shown, is.language, TRUE)))
  shown <- unlist(lapply(shown, as.character))
  literal <- "%s %d {x} ~   alpha^2 \\n"
  expect_true(literal %in% shown)
  expect_true("%d {p}" %in% shown)
  expect_true("%s ^2" %in% shown)
})

test_that("a figure is one object for ggsave and patchwork, with six panels for three endpoints", {
  skip_on_cran() # long
  skip_if_not_installed("ggplot2")
  skip_if_not_installed("patchwork")
  both <- list(five, five_by_group)
  figure <- figure_outcomes(list(OS = both, LTPFS = both, DFS = both))
  expect_s3_class(figure, "patchwork")
  expect_s3_class(figure, "ggplot")
  expect_identical(nrow(panels_of(figure)), 12L)
  titles <- vapply(c(1, 2, 5, 6, 9, 10), function(i) figure[[i]]$labels$title, "")
  expect_identical(titles, paste0(letters[1:6], "   ", rep(c("OS", "LTPFS", "DFS"), each = 2), ", %"))
  expect_s3_class(ggplot2::autoplot(five), "patchwork")
  uneven <- figure_outcomes(list(OS = both, DFS = five))
  expect_s3_class(patchwork::patchworkGrob(uneven), "gtable")
})

test_that("the text of a p-value stands in the grouped panel only", {
  skip_if_not_installed("ggplot2")
  skip_if_not_installed("patchwork")
  figure <- figure_outcomes(list(OS = list(five, five_by_group)), p = c(OS = "Log-rank p = 0.3"))
  layers <- vapply(1:2, function(i) length(figure[[i]]$layers), 0L)
  expect_identical(diff(layers), 1L)
  expect_error(figure_outcomes(list(OS = five), p = c(PFS = "x")), class = "cryonodes_error_group")
})

test_that("what cannot be drawn is refused", {
  skip_if_not_installed("ggplot2")
  skip_if_not_installed("patchwork")
  expect_error(figure_outcomes(list(five)), class = "cryonodes_error_group")
  expect_error(figure_outcomes(list(OS = 1)), class = "cryonodes_error_object")
  expect_error(figure_outcomes(five, breaks = c(0, NA)), class = "cryonodes_error_times")
  expect_error(figure_outcomes(five, breaks = -1), class = "cryonodes_error_times")
  expect_error(figure_outcomes(list(OS = list(five, five_by_group)), labels = "a"), class = "cryonodes_error_length")
  expect_error(figure_outcomes(survival::survfit(Surv(1:3, c(1, 0, 1)) ~ 1)), class = "cryonodes_error_object")
})

grDevices::dev.off()

test_that("median lines stand where a curve reaches one half, and nowhere else", {
  skip_if_not_installed("ggplot2")
  skip_if_not_installed("patchwork")
  # a falls to 1/2 at 2 and is flat until 3: its median is 2.5. b stays above.
  fit <- kaplan_meier(c(1, 2, 3, 4, 1, 2, 3, 4), c(1, 1, 1, 1, 1, 0, 0, 0), rep(c("a", "b"), each = 4))
  axis <- time_axis(list(fit), NULL, NULL, NULL, NULL, NULL)
  marks <- plot_frame(fit, axis, median.lines = TRUE)$median
  expect_identical(as.integer(marks$group), 1L)
  expect_identical(marks$time, 2.5)
  expect_null(plot_frame(fit, axis)$median)
  expect_s3_class(ggplot2::autoplot(fit, median.lines = TRUE), "patchwork")
})
