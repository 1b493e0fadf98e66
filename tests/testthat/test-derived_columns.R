# Curves of many rows promise their columns and compute them when they are read. The counts of the same rows
# (event_counts) are computed at once: both must be the same bits, in whichever order the columns are read.

many <- function(n = 12000, whole = FALSE) {
  set.seed(26)
  time <- rexp(n, 0.03)
  data.frame(
    time = if (whole) ceiling(3000 * time) else time, died = runif(n) < 0.4, arm = factor(sample(c("a", "b"), n, TRUE))
  )
}
columns <- c("time", "n.risk", "n.event", "n.censor", "surv", "std.err", "cumhaz", "std.chaz", "lower", "upper")
at_once <- function(data, ...) kaplan_meier(event_counts(Surv(time, died) ~ arm, data = data), ...)

test_that("columns that are read late are those computed at once, in whichever order", {
  for (whole in c(FALSE, TRUE)) {
    data <- many(whole = whole)
    for (conf.type in c("log-log", "log", "plain", "logit", "arcsin", "rothman")) {
      expected <- at_once(data, conf.type = conf.type)
      expect_gt(length(expected$time), 4096)
      set.seed(1)
      for (i in 1:4) {
        fit <- kaplan_meier(Surv(time, died) ~ arm, data = data, conf.type = conf.type)
        for (column in sample(columns)) expect_identical(fit[[column]], expected[[column]])
      }
    }
  }
})

test_that("of an interval that is dear, and of few rows, nothing is put off", {
  data <- many()
  expect_identical(
    kaplan_meier(Surv(time, died) ~ arm, data = data[1:300, ], conf.type = "bpcp")$upper,
    at_once(data[1:300, ], conf.type = "bpcp")$upper
  )
})

test_that("late columns outlive the collector, the fit, a file and a change", {
  data <- many()
  expected <- at_once(data)
  fit <- kaplan_meier(Surv(time, died) ~ arm, data = data)
  upper <- fit$upper
  path <- tempfile(fileext = ".rds")
  saveRDS(fit, path)
  rm(fit)
  gc()
  expect_identical(upper, expected$upper)
  expect_identical(unclass(readRDS(path))[columns], unclass(expected)[columns])

  fit <- kaplan_meier(Surv(time, died) ~ arm, data = data)
  changed <- fit
  changed$n.risk[1] <- -5
  changed$time[1] <- -7
  expect_identical(c(changed$n.risk[1], changed$time[1]), c(-5, -7))
  for (column in columns) expect_identical(fit[[column]], expected[[column]])
  expect_identical(changed$surv, expected$surv)
})

test_that("notes and methods know late columns as they know others", {
  data <- many()
  expected <- at_once(data)
  fit <- kaplan_meier(Surv(time, died) ~ arm, data = data)
  expect_identical(fit$meta$notes, expected$meta$notes)
  # The last to leave dies: the curve ends at 0.
  ends <- rbind(data, data.frame(time = 1e6, died = TRUE, arm = "b"))
  expect_match(kaplan_meier(Surv(time, died) ~ arm, data = ends)$meta$notes, "S is 1 or 0", all = FALSE)
  expect_equal(rates(fit, c(12, 24)), rates(expected, c(12, 24)))
  expect_identical(fit[2]$lower, expected[2]$lower)
  expect_identical(summary(fit, times = 24)$surv, summary(expected, times = 24)$surv)
})
