test_that("a life table gives the curve of its rows", {
  # 9 at risk: one event at 3 (8/9), two events and a censoring at 8 (6/8 of that), three censored at 12.
  table <- event_counts(c(3, 8, 12), n.event = c(1, 2, 0), n.censor = c(0, 1, 3), n = 9)
  expect_identical(table$n.risk, c(9, 8, 5))
  fit <- kaplan_meier(table)
  expect_equal(fit$surv, c(8 / 9, 8 / 9 * 6 / 8, 8 / 9 * 6 / 8), tolerance = 1e-15)
  expect_identical(fit$n, 9L)
  rows <- kaplan_meier(c(3, 8, 8, 8, rep(12, 5)), c(1, 1, 1, 0, rep(0, 5)))
  same <- setdiff(names(rows), c("call", "meta"))
  expect_identical(unclass(fit)[same], unclass(rows)[same])
})

test_that("groups of a life table stay apart", {
  table <- event_counts(c(1, 2, 1), c(1, 1, 2), c(0, 1, 0), n = c(b = 4, a = 5), group = c("a", "a", "b"))
  expect_identical(table$group, c("a", "a", "b"))
  expect_identical(table$n.risk, c(5, 4, 4))
  expect_identical(unname(kaplan_meier(table)$n), c(5L, 4L))
})

test_that("B232: more leave than are at risk", {
  expect_error(event_counts(1:3, n.event = 5, n.censor = 1, n = 10), "6 leave, 4 at risk", class = "cryonodes_error_table")
})

test_that("B233: times that do not increase", {
  error <- tryCatch(event_counts(c(2, 1, 3), 1, 1, n = 10), error = identity)
  expect_s3_class(error, "cryonodes_error_table")
  expect_match(conditionMessage(error), "must increase")
  expect_identical(error$rows, 2L)
})

test_that("B234: negative and broken counts", {
  expect_error(event_counts(1:3, c(1, -1, 1), 1, n = 10), "counts must be whole numbers >= 0", class = "cryonodes_error_table")
  expect_error(event_counts(1:3, c(1, 0.5, 1), 1, n = 10), class = "cryonodes_error_table")
  expect_error(event_counts(1:3, c(1, NA, 1), 1, n = 10), class = "cryonodes_error_table")
  expect_error(event_counts(1:3, c("1", "1", "1"), 1, n = 10), class = "cryonodes_error_type")
  expect_error(event_counts(1:3, c(1, 1), 1, n = 10), class = "cryonodes_error_length")
  expect_error(event_counts(numeric(), numeric()), class = "cryonodes_error_empty")
  expect_error(event_counts(c(1, NA), 1), class = "cryonodes_error_missing")
})
