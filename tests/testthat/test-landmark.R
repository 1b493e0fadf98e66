caught <- function(expr, class) expect_error(expr, class = paste0("cryonodes_error_", class))

six <- function() {
  data.frame(
    months = c(2, 3, 3, 5, 8, 9), died = c(1, 1, 0, 0, 1, 0), response = c("no", "yes", "no", "yes", "yes", "no")
  )
}

test_that("who is at risk after the landmark, counted from it, and why the others are not", {
  at <- landmark(six(), 3, time = months, status = died)
  expect_identical(at$months, c(2, 5, 6)) # 5, 8, 9 less 3
  expect_identical(at$response, c("yes", "yes", "no"))
  out <- attr(at, "landmark")$left_out
  expect_identical(out$row, 1:3)
  expect_identical(out$reason, c("event before", "event before", "censored before"))
  expect_output(print(at), "Landmark at 3: 3 of 6 rows at risk; time counted from the landmark")
  expect_output(print(at), "Left out: 1 censored before, 2 event before")
  expect_identical(landmark(six(), 3, "months", "died")$months, at$months)
  expect_identical(landmark(six(), 3, months, died, reset = FALSE)$months, c(5, 8, 9))
  expect_identical(nrow(landmark(six(), 0, months, died)), 6L)
})

test_that("the curve from the landmark is the conditional curve", {
  d <- survival::veteran
  fit <- kaplan_meier(Surv(time, status) ~ 1, data = landmark(d, 90))
  whole <- rates(kaplan_meier(Surv(time, status) ~ 1, data = d), c(90, 180, 365))
  expect_equal(rates(fit, c(90, 275))$estimate, whole$estimate[2:3] / whole$estimate[1], tolerance = 1e-14)
})

test_that("competing events and delayed entry", {
  d <- data.frame(time = c(1, 2, 4, 6, 7), status = c(1, 2, 0, 1, 2), start = c(0, 0, 0, 3, 1))
  at <- landmark(d, 2.5, entry = start)
  expect_identical(at$time, c(1.5, 4.5))
  expect_identical(at$start, c(0, 0))
  expect_identical(attr(at, "landmark")$left_out$reason, c("1 before", "2 before", "entered later"))
  expect_identical(nrow(cumulative_incidence(Surv(time, status) ~ 1, data = at)$pstate), 2L)
})

test_that("missing values, nobody left and wrong arguments are refused", {
  d <- six()
  d$months[2] <- NA
  e <- caught(landmark(d, 1, months, died), "missing")
  expect_identical(e$rows, 2L)
  expect_identical(attr(landmark(d, 1, months, died, na.action = "omit"), "landmark")$left_out$reason, "missing value")
  e <- caught(landmark(six(), 9, months, died), "empty")
  expect_match(conditionMessage(e), "nobody is at risk after t = 9.*ends at 9")
  caught(landmark(six(), -1, months, died), "times")
  caught(landmark(six(), c(1, 2), months, died), "times")
  caught(landmark(six(), NA, months, died), "times")
  caught(landmark(six(), 3), "column")
  caught(landmark(six(), 3, months, deid), "column")
  caught(landmark(six(), 3, months + 1, died), "column")
  caught(landmark(as.list(six()), 3, months, died), "type")
  caught(landmark(survival::lung, 100, time, status), "status")
  expect_gt(nrow(landmark(survival::lung, 100, event = 2)), 100)
  caught(landmark(six(), 3, months, response), "status")
})

test_that("taking rows out again leaves a plain data frame", {
  at <- landmark(six(), 3, months, died)
  expect_identical(class(at[1:2, ]), "data.frame")
  expect_identical(class(as.data.frame(at)), "data.frame")
  expect_null(attr(at[1:2, ], "landmark"))
})

test_that("print shows the first rows only, and says how many there are", {
  at <- landmark(survival::lung, 100, event = 2)
  shown <- capture.output(print(at))
  # Two lines of heading, the columns' names, ten rows, the rest.
  expect_match(shown[1], paste("Landmark at 100:", nrow(at), "of 228 rows at risk"), fixed = TRUE)
  expect_match(shown[2], "Left out: ")
  expect_length(shown, 14)
  expect_match(shown[14], paste("... and", nrow(at) - 10, "more"), fixed = TRUE)
  expect_length(capture.output(print(at, n = Inf)), nrow(at) + 3)
  expect_false(any(grepl("more;", capture.output(print(landmark(six(), 3, months, died))))))
  for (n in list(0, 1.5, NA, "all", 1:2)) caught(print(at, n = n), "count")
})

test_that("times that differ from the landmark by rounding only are the landmark", {
  d <- data.frame(time = c(0.1 + 0.2, 1), status = 1)
  expect_identical(landmark(d, 0.3), landmark(d, 0.1 + 0.2), ignore_attr = TRUE)
  expect_identical(landmark(d, 0.3)$time, 0.7)
  expect_identical(attr(landmark(d, 0.3), "landmark")$left_out$reason, "event before")
})

test_that("columns of one name, or of two units, are refused", {
  d <- data.frame(time = 1:3, status = 1, time = 9, check.names = FALSE)
  expect_error(landmark(d, 1), "several columns called 'time'", class = "cryonodes_error_column")
  d <- data.frame(time = as.difftime(8:10, units = "days"), status = 1)
  d$entry <- as.difftime(c(1, 1, 1), units = "weeks")
  expect_error(landmark(d, 1, entry = entry), "in weeks", class = "cryonodes_error_time")
})
