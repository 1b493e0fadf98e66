test_that("each column has the numbers of logrank_test()", {
  skip_on_cran() # long
  for (seed in 1:20) {
    set.seed(seed)
    n <- sample(c(2, 5, 12, 40), 1)
    m <- 7
    groups <- sample(2:4, 1)
    group <- matrix(sample(letters[seq_len(groups)], n * m, TRUE), n)
    group[1, ] <- "a"
    group[2, ] <- "b"
    time <- matrix(if (seed %% 2 == 0) sample(6, n * m, TRUE) else stats::rexp(n * m), n)
    event <- matrix(stats::rbinom(n * m, 1, 0.6), n)
    type <- test_types[seed %% 5 + 1]
    found <- logrank_columns(time, event, group, type = type)
    for (j in seq_len(m)) {
      one <- logrank_test(time[, j], event[, j], factor(group[, j]), type = type)
      expect_equal(found$statistic[j], unname(one$statistic), tolerance = 1e-12)
      expect_equal(found$log.p.value[j], one$log_p_value, tolerance = 1e-12)
      expect_equal(found$n.event[j], sum(event[, j]))
      if (!is.na(found$z[j])) {
        expect_equal(found$z[j], unname(one$score[2] / sqrt(one$covariance[2, 2])), tolerance = 1e-12)
      }
    }
    # One column of groups, or of events, for all.
    same <- logrank_columns(time, event[, 1], group[, 1], type = type)
    full <- logrank_columns(time, matrix(event[, 1], n, m), matrix(group[, 1], n, m), type = type)
    expect_identical(same, full)
  }
})

test_that("any number of threads gives the same bits", {
  set.seed(2)
  time <- matrix(stats::rexp(50 * 300), 50)
  event <- time < 1
  arm <- rep(1:3, length.out = 50)
  expect_identical(logrank_columns(time, event, arm, threads = 2), logrank_columns(time, event, arm))
})

test_that("a column without information is NA, not an error", {
  found <- logrank_columns(cbind(c(1, 2, 3, 4), c(1, 2, 3, 4)), cbind(c(1, 1, 0, 1), 0), c(1, 1, 2, 2))
  expect_identical(found$df, c(1, 0))
  expect_identical(is.na(found$p.value), c(FALSE, TRUE))
  expect_identical(found$n.event, c(3, 0))
})

test_that("what does not fit is refused with its place", {
  time <- matrix(c(1, 2, 3, 4), 2)
  refuse <- function(class, ...) expect_error(logrank_columns(...), class = paste0("cryonodes_error_", class))
  refuse("type", c(1, 2), c(1, 1), 1:2)
  refuse("missing", time, matrix(1, 2, 2))
  refuse("missing", matrix(c(1, NA), 1), 1, 1)
  refuse("time", -time, matrix(1, 2, 2), 1:2)
  refuse("status", time, matrix(2, 2, 2), 1:2)
  refuse("length", time, matrix(1, 2, 3), 1:2)
  refuse("length", time, matrix(1, 2, 2), 1:3)
  refuse("group", time, matrix(1, 2, 2), c(1, 1))
  refuse("type", time, matrix(1, 2, 2), list("a", "b"))
  refuse("empty", matrix(numeric(), 0, 3), logical(), logical())
  refuse("choice", time, matrix(1, 2, 2), 1:2, type = function(s, n, t) n)
  refuse("choice", time, matrix(1, 2, 2), 1:2, type = "wilcoxon")
  refuse("choice", time, matrix(1, 2, 2), 1:2, type = "max-combo")
  refuse("count", time, matrix(1, 2, 2), 1:2, threads = 0)
})
