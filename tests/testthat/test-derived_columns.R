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
  skip_on_cran() # long
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

test_that("incidences of many rows are read late, and are those of the counts", {
  data <- many()
  data$status <- data$died * sample(1:2, nrow(data), TRUE)
  data$alone <- as.integer(data$died)
  late <- c(
    "time", "n.risk", "n.event", "n.censor", "pstate", "std.err", "cumhaz", "one.minus.km", "lower", "upper"
  )
  for (status in c("status", "alone")) {
    data$now <- data[[status]]
    for (conf.type in c("log-log", "arcsin")) {
      counts <- event_counts(Surv(time, factor(now)) ~ arm, data = data)
      expected <- cumulative_incidence(counts, conf.type = conf.type)
      expect_gt(length(expected$time), 4096)
      set.seed(1)
      for (i in 1:3) {
        fit <- cumulative_incidence(Surv(time, factor(now)) ~ arm, data = data, conf.type = conf.type)
        # The counts name a lone cause otherwise.
        expect_identical(as.vector(fit$transitions), as.vector(expected$transitions))
        for (column in sample(late)) expect_identical(fit[[column]], expected[[column]])
      }
    }
  }
  expect_identical(fit$meta$notes, expected$meta$notes)
})

for (days in c(TRUE, FALSE)) test_that(paste("very many rows are looked at once, faults are found; days:", days), {
  n <- 1e5
  set.seed(3)
  time <- sample(1:2000, n, TRUE) + if (days) 0 else runif(n)
  died <- runif(n) < 0.4
  arm <- factor(sample(c("a", "b"), n, TRUE))
  whole <- kaplan_meier(time, died, arm)
  # Weights of 1 go the long way.
  expect_identical(unclass(whole)[columns], unclass(kaplan_meier(time, died, arm, weights = rep(1, n)))[columns])
  expect_identical(kaplan_meier(time, died)$surv, kaplan_meier(time, died, weights = rep(1, n))$surv)
  expect_identical(follow_up(time, died)$median, follow_up(time, as.integer(died), weights = rep(1, n))$median)
  expect_identical(
    logrank_test(time, died, arm)$statistic, logrank_test(time, as.integer(died), as.character(arm))$statistic
  )
  # A frame's counts serve the first who asks; a second fit counts for itself.
  expect_identical(kaplan_meier(time, died, arm)$surv, whole$surv)
  expect_error(kaplan_meier(replace(time, 70000, NA), died), class = "cryonodes_error_missing")
  expect_error(kaplan_meier(replace(time, 70000, -1), died), class = "cryonodes_error_time")
  expect_error(kaplan_meier(replace(time, 70000, Inf), died), class = "cryonodes_error_time")
  expect_error(kaplan_meier(time, replace(died, 5, NA)), class = "cryonodes_error_missing")
  expect_error(kaplan_meier(time, replace(as.integer(died), 5, 2L)), class = "cryonodes_error_status")
  expect_error(kaplan_meier(time, died, replace(arm, 5, NA)), class = "cryonodes_error_missing")
  expect_error(kaplan_meier(time, died[-1]), class = "cryonodes_error_length")
  unused <- factor(arm, c("a", "none", "b"))
  expect_identical(names(kaplan_meier(time, died, unused)$strata), names(whole$strata))
  expect_error(kaplan_meier(replace(time, 70000, NaN), died), class = "cryonodes_error_missing")
  expect_error(kaplan_meier(time, replace(as.double(died), 5, 0.5)), class = "cryonodes_error_status")
  expect_error(kaplan_meier(time, died, replace(as.integer(arm), 5, NA)), class = "cryonodes_error_missing")
  expect_identical(kaplan_meier(replace(time, 99999, 7.5), died)$n.risk[1], n)
  # A time of -0 is 0; of times hundreds of orders of magnitude apart keys have no room.
  for (unusual in list(-0, c(1e-300, 1e300))) {
    changed <- replace(time, seq_along(unusual) + 10, unusual)
    expect_identical(kaplan_meier(changed, died, arm)$surv, kaplan_meier(changed, died, arm, weights = rep(1, n))$surv)
  }
  # Numbers of groups, from another one than 0 and with a gap.
  for (codes in list(as.integer(arm) + 5L, 3L * as.integer(arm), as.integer(arm) - 7)) {
    expect_identical(logrank_test(time, died, codes)$statistic, logrank_test(time, died, arm)$statistic)
    expect_identical(kaplan_meier(time, died, codes)$surv, whole$surv)
  }
})

test_that("any number of threads gives the same curve", {
  data <- many(210000)
  one <- kaplan_meier(Surv(time, died) ~ arm, data = data)
  two <- kaplan_meier(Surv(time, died) ~ arm, data = data, threads = 2)
  for (column in columns) expect_identical(two[[column]], one[[column]])
  expect_error(kaplan_meier(data$time, data$died, threads = 0), "threads", class = "cryonodes_error")
  incidence <- function(...) cumulative_incidence(data$time, data$died + 0, data$arm, test = TRUE, ...)
  one <- incidence()
  two <- incidence(threads = 2)
  for (column in c("time", "pstate", "std.err", "tests")) expect_identical(two[[column]], one[[column]])
  expect_error(incidence(threads = 1.5), "threads", class = "cryonodes_error_count")
})

test_that("fits that nobody holds any more do not pile up, though R does not see what they hold", {
  skip_on_cran()
  status <- file.path("", "proc", "self", "status")
  skip_if_not(file.exists(status), "the system tells what a process holds")
  held <- function() as.numeric(gsub("[^0-9]", "", grep("^VmRSS", readLines(status), value = TRUE))) / 1024
  set.seed(5)
  time <- runif(2e5)
  died <- runif(2e5) < 0.5
  gc()
  before <- held()
  # 640 MB in all; R is asked to collect once 256 MB are held.
  most <- 0
  for (i in 1:200) {
    kaplan_meier(time, died)
    most <- max(most, held() - before)
  }
  expect_lt(most, 450)
})
