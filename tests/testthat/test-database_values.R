# What a call names that is no column: one value for all rows, or a set to look in; never values of single rows.

test_that("values of single rows from outside the data are refused, however many cells there are", {
  # As many combinations as rows, and not in their order.
  rows <- data.frame(time = 6:1, dead = c(1, 0, 1, 1, 0, 1), arm = c("a", "a", "b", "b", "a", "b"))
  there <- sqlite_table(rows)
  keep <- c(TRUE, FALSE, TRUE, TRUE, TRUE, TRUE)
  number <- 1:6
  refused <- function(expr) expect_error(expr, "no column", class = "cryonodes_error_formula")
  refused(kaplan_meier(Surv(time, dead) ~ 1, there, subset = keep))
  refused(kaplan_meier(Surv(time, dead) ~ 1, there, subset = keep & arm == "a"))
  refused(kaplan_meier(Surv(time, dead) ~ 1, there, subset = .env$keep & arm == "a"))
  refused(kaplan_meier(Surv(time, dead) ~ 1, there, subset = arm == c("a", "b")))
  refused(kaplan_meier(Surv(time, dead) ~ number, there))
  refused(kaplan_meier(Surv(time, dead) ~ ifelse(keep, arm, "c"), there))
  refused(kaplan_meier(Surv(time * number, dead) ~ 1, there))
  refused(kaplan_meier(Surv(number, dead) ~ 1, there))
  refused(kaplan_meier(Surv(time, dead) ~ 1, there, cluster = number))
  # A function's own argument is looked up where it was written.
  inside <- function(keep) kaplan_meier(Surv(time, dead) ~ 1, there, subset = keep)
  refused(inside(keep))
})

test_that("one value and sets of values from outside the data mean what they mean in memory", {
  rows <- data.frame(time = 6:1, dead = c(1, 0, 1, 1, 0, 1), arm = c("a", "a", "b", "c", "a", "b"))
  there <- sqlite_table(rows)
  unit <- 30
  wanted <- c("a", "c", "d")
  limits <- c(0, 2, 4, 6)
  same <- function(ask) expect_identical(tidy(ask(there)), tidy(ask(rows)))
  same(function(data) kaplan_meier(Surv(time / unit, dead) ~ 1, data))
  same(function(data) kaplan_meier(Surv(time, dead) ~ 1, data, subset = arm %in% wanted))
  same(function(data) kaplan_meier(Surv(time, dead) ~ factor(arm, c("c", "b", "a"), c("C", "B", "A")), data))
  same(function(data) kaplan_meier(Surv(time, dead) ~ cut(time, limits), data))
})
