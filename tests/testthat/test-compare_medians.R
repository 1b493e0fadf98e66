# By hand: tests/cpp/test_melded_median.cpp; recorded numbers: test-compare_at.R.

test_that("medians are those of kaplan_meier(), their limits without censoring those of the sign test", {
  for (seed in 1:12) {
    set.seed(seed)
    n <- sample(6:20, 2, TRUE)
    time <- sample(1000, sum(n))
    group <- rep(c("a", "b"), n)
    test <- compare_medians(time, rep(1, sum(n)), group)
    expect_equal(test$medians$estimate, as.vector(tapply(time, group, stats::median)))
    for (g in 1:2) {
      x <- sort(time[group == c("a", "b")[g]])
      # At least k of n below the median with probability above 2.5%.
      k <- stats::qbinom(0.025, n[g], 0.5)
      expect_equal(test$medians$conf.low[g], c(0, x)[k + 1])
      expect_equal(test$medians$conf.high[g], rev(c(x, Inf))[k + 1])
    }
    expect_equal(test$contrasts$estimate, diff(test$medians$estimate))
    turned <- compare_medians(time, rep(1, sum(n)), factor(group, c("b", "a")))$contrasts
    expect_equal(turned$log.p.value, test$contrasts$log.p.value)
    expect_equal(c(turned$conf.low, turned$conf.high), -c(test$contrasts$conf.high, test$contrasts$conf.low))
  }
})

test_that("rows, weights and counts give the same; order and unit of time play no part", {
  cohort <- leukaemia()
  base <- compare_medians(Surv(time, status) ~ arm, cohort)
  numbers <- function(x) unlist(c(x$medians[-(1:2)], x$contrasts[3:7]))
  expect_identical(numbers(compare_medians(Surv(time, status) ~ arm, cohort[42:1, ])), numbers(base))
  expect_identical(numbers(compare_medians(event_counts(Surv(time, status) ~ arm, cohort))), numbers(base))
  twice <- cohort[rep(1:42, each = 2), ]
  expect_equal(
    numbers(compare_medians(Surv(time, status) ~ arm, cohort, weights = rep(2, 42))),
    numbers(compare_medians(Surv(time, status) ~ arm, twice))
  )
  months <- compare_medians(Surv(time / 4, status) ~ arm, cohort)
  expect_equal(months$contrasts$conf.low, base$contrasts$conf.low / 4)
  expect_equal(months$p.value, base$p.value)
})

test_that("the interval holds: coverage of the difference of two medians is at least 95%", {
  skip_on_cran()
  set.seed(8)
  held <- replicate(400, {
    n <- c(8, 12)
    event <- c(stats::rexp(n[1], log(2) / 10), stats::rexp(n[2], log(2) / 16))
    left <- stats::runif(20, 0, 40)
    y <- compare_medians(pmin(event, left), as.integer(event <= left), rep(1:2, n))$contrasts
    y$conf.low <= 6 && 6 <= y$conf.high
  })
  # Binomial: fewer than 370 of 400 would come by chance less than 2% of the time if coverage were 95%.
  expect_gte(sum(held), 370)
})

test_that("what cannot be asked is refused in words", {
  cohort <- leukaemia()
  refuse <- function(..., class) {
    expect_error(compare_medians(Surv(time, status) ~ arm, cohort, ...), class = paste0("cryonodes_error_", class))
  }
  refuse(prob = 0, class = "choice")
  refuse(prob = 1e-17, class = "choice")
  refuse(prob = c(0.2, 0.5), class = "choice")
  refuse(weights = rep(0.5, 42), class = "weights")
  refuse(conf.level = 1, class = "conf_level")
  expect_error(compare_medians(Surv(time, status) ~ 1, cohort), class = "cryonodes_error_group")
  expect_error(compare_medians(Surv(time - 0.5, time, status) ~ arm, cohort), class = "cryonodes_error_entry")
  expect_error(print(structure(list(), class = "compare_medians")), class = "cryonodes_error_object")
})

test_that("print gives both medians and the direction of the difference", {
  expect_snapshot(print(compare_medians(Surv(time, status) ~ arm, leukaemia())))
  expect_snapshot(print(compare_medians(c(3, 8, 9, 12, 5), c(1, 0, 0, 0, 1), c("a", "a", "b", "b", "b"), prob = 0.25)))
})

test_that("glance() gives the groups, as.data.frame() the contrasts", {
  test <- compare_medians(c(5, 8, 12, 20, 33, 35), c(1, 0, 1, 1, 1, 0), c(1, 1, 1, 2, 2, 2))
  expect_identical(as.data.frame(test), tidy(test))
  expect_identical(glance(test)$strata, c("1", "2"))
  expect_identical(glance(test)$estimate, test$medians$estimate)
  expect_identical(glance(test)$method, rep("Melded test of medians", 2))
})
