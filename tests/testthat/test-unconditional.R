# Truth: tests/golden/unconditional.csv (brute force in rational numbers, unconditional.py), published p-values, and the
# sums of binomial probabilities written out below.

golden <- function(file) utils::read.csv(testthat::test_path("..", "golden", file))

# Probability of a set of tables, a logical matrix with rows i = 0..n1, columns j = 0..n2.
probability <- function(set, p1, p2) {
  n <- dim(set) - 1
  sum(outer(stats::dbinom(0:n[1], n[1], p1), stats::dbinom(0:n[2], n[2], p2))[set])
}

test_that("Mehta & Senchaudhuri's vaccine: 0.0341 where Fisher has 0.0641", {
  vaccine <- matrix(c(7, 12, 8, 3), 2)
  expect_equal(round(barnard_test(vaccine, alternative = "less")$p.value, 4), 0.0341)
  expect_equal(round(fisher_test(vaccine, alternative = "less")$p.value, 4), 0.0641)
})

test_that("StatXact 11 and SAS 9.4 print these p-values and limits, but for three that are wrong", {
  # As recorded by the authors of exact2x2; what is right instead, and why, is in unconditional_printed.py.
  printed <- golden("unconditional_printed.csv")
  expect_identical(nrow(printed), 32L)
  expect_identical(sum(!is.na(printed$right_from)), 3L)
  for (i in seq_len(nrow(printed))) {
    row <- printed[i, ]
    table <- matrix(c(row$x2, row$n2 - row$x2, row$x1, row$n1 - row$x1), 2, byrow = TRUE)
    test <- switch(row$test,
      boschloo = boschloo_test, difference = barnard_test,
      ratio = function(...) compare_proportions(..., measure = "ratio", method = "exact")
    )
    found <- test(table, tsmethod = row$tsmethod, alternative = row$alternative, progress = FALSE)
    value <- switch(row$quantity, p = found$p.value, conf_low = found$conf.int[1], conf_high = found$conf.int[2])
    expected <- paste(row$software, row$x1, row$x2, row$test, row$tsmethod, row$quantity)
    if (is.na(row$right_from)) {
      expect_lte(abs(value - row$value), 0.5 * 10^-row$digits + 1e-9, label = expected)
    } else {
      expect_gte(value, row$right_from, label = expected)
      expect_lte(value, row$right_to, label = expected)
      expect_gt(abs(value - row$value), 0.5 * 10^-row$digits, label = expected)
    }
  }
})

test_that("one subject in each group: p by hand", {
  # Extreme is (1, 0) alone, of probability p (1 - p): at most 1/4.
  for (test in list(barnard_test, boschloo_test, function(...) barnard_test(..., statistic = "csm"))) {
    one <- test(1, 0, 0, 1, alternative = "greater")
    expect_equal(one$p.value, 0.25, tolerance = 1e-13)
    expect_equal(one$meta$nuisance, 0.5, tolerance = 1e-6) # the maximum is flat
    expect_equal(test(1, 0, 0, 1)$p.value, 0.5, tolerance = 1e-13)
    expect_identical(test(0, 1, 0, 1)$p.value, 1)
  }
})

test_that("p-values are those of brute force", {
  g <- golden("unconditional.csv")
  expect_gt(nrow(g), 150)
  expect_true(all(c("score", "boschloo", "csm") %in% g$order))
  p <- vapply(seq_len(nrow(g)), function(i) {
    r <- g[i, ]
    two <- !r$side %in% c("less", "greater")
    side <- if (two) "two.sided" else r$side
    ts <- if (two) r$side else "central"
    counts <- list(r$x1, r$n1 - r$x1, r$x2, r$n2 - r$x2, alternative = side, tsmethod = ts, conf.int = FALSE)
    test <- if (r$order == "boschloo") boschloo_test else function(...) barnard_test(..., statistic = r$order)
    do.call(test, counts)$p.value
  }, 0)
  expect_lt(max(abs(p / g$p - 1)), 1e-11)
})

test_that("the size is at most the p-value, whatever the common proportion", {
  set.seed(1)
  for (k in 1:12) {
    n <- sample(2:8, 2, replace = TRUE)
    p <- outer(0:n[1], 0:n[2], Vectorize(function(i, j) {
      barnard_test(i, n[1] - i, j, n[2] - j, alternative = "greater", conf.int = FALSE,
        statistic = c("score", "csm")[k %% 2 + 1]
      )$p.value
    }))
    for (alpha in sample(unique(as.vector(p)), 3)) {
      size <- vapply(seq(0, 1, by = 0.01), function(at) probability(p <= alpha, at, at), 0)
      expect_lte(max(size), alpha * (1 + 1e-10))
    }
    # More events in the first group, fewer in the second: no larger a p.
    expect_true(all(diff(p) <= 1e-10) && all(diff(t(p)) >= -1e-10))
  }
})

test_that("exchanging groups and events turns the test", {
  skip_on_cran() # long
  set.seed(2)
  for (k in 1:8) {
    x <- matrix(sample(0:9, 4, replace = TRUE) + 1, 2)
    for (test in list(barnard_test, boschloo_test, function(...) barnard_test(..., statistic = "csm"))) {
      own <- test(x)
      groups <- test(x[2:1, ])
      events <- test(x[, 2:1])
      both <- test(x[2:1, 2:1])
      for (other in list(groups, events, both)) expect_equal(other$p.value, own$p.value, tolerance = 1e-10)
      turn <- if (is.null(own$null.value["odds ratio"]) || is.na(own$null.value["odds ratio"])) {
        function(v) -rev(v)
      } else {
        function(v) rev(1 / v)
      }
      # Limits are within 1e-10, and outer ones by construction.
      expect_equal(as.vector(groups$conf.int), turn(as.vector(own$conf.int)), tolerance = 1e-9)
      expect_equal(as.vector(both$conf.int), as.vector(own$conf.int), tolerance = 1e-9)
    }
  }
})

test_that("the interval leaves out equality if and only if p is below alpha", {
  skip_on_cran() # long
  set.seed(3)
  seen <- c(0, 0)
  for (k in 1:30) {
    n <- sample(5:18, 2)
    a <- c(stats::rbinom(1, n[1], 0.7), stats::rbinom(1, n[2], 0.3))
    for (test in list(barnard_test, boschloo_test, function(...) barnard_test(..., statistic = "csm"),
      function(...) barnard_test(..., tsmethod = "square"), function(...) barnard_test(..., gamma = 1e-3)
    )) {
      one <- test(a[1], n[1] - a[1], a[2], n[2] - a[2])
      out <- one$null.value < one$conf.int[1] || one$null.value > one$conf.int[2]
      expect_identical(unname(out), one$p.value < 0.05)
      seen <- seen + c(out, !out)
    }
  }
  expect_true(all(seen > 20))
})

test_that("limits of the difference: outside every value is refused, by sums of binomials and another optimiser", {
  skip_on_cran() # long
  # The score statistic with constrained estimates found by stats::optimise(), and the tail maximised on a grid.
  score <- function(i, j, n, d) {
    low <- max(0, -d)
    high <- min(1, 1 - d)
    loglik <- function(p) {
      stats::dbinom(i, n[1], min(1, p + d), log = TRUE) + stats::dbinom(j, n[2], p, log = TRUE)
    }
    p2 <- stats::optimise(loglik, c(low, high), maximum = TRUE, tol = 1e-12)$maximum
    for (end in c(low, high)) if (loglik(end) >= loglik(p2)) p2 <- end
    p1 <- min(1, max(0, p2 + d))
    over <- i / n[1] - j / n[2] - d
    if (abs(over) < 1e-9) 0 else over / sqrt(p1 * (1 - p1) / n[1] + p2 * (1 - p2) / n[2])
  }
  upper <- function(x, n, d) {
    z <- outer(0:n[1], 0:n[2], Vectorize(function(i, j) score(i, j, n, d)))
    set <- z >= z[x[1] + 1, x[2] + 1] - 1e-5 # as near as optimise() comes
    grid <- seq(max(0, -d), min(1, 1 - d), length.out = 2000)
    max(vapply(grid, function(p2) probability(set, min(1, p2 + d), p2), 0))
  }
  for (case in list(c(7, 2, 9, 8), c(5, 0, 5, 7), c(3, 6, 11, 6))) {
    x <- case[1:2]
    n <- case[3:4]
    limit <- barnard_test(x[1], n[1] - x[1], x[2], n[2] - x[2], alternative = "greater")$conf.int[1]
    expect_gt(upper(x, n, limit + 1e-4), 0.05)
    for (d in seq(-0.99, limit - 1e-3, length.out = 12)) expect_lte(upper(x, n, d), 0.05)
  }
})

test_that("Boschloo's limits cover: under the limit the tail ordered by Fisher's p is alpha", {
  skip_on_cran() # long
  fisher <- function(i, s, n, w) {
    k <- max(0, s - n[2]):min(n[1], s)
    weight <- choose(n[1], k) * choose(n[2], s - k) * w^k
    sum(weight[k >= i]) / sum(weight)
  }
  upper <- function(x, n, w) {
    f <- outer(0:n[1], 0:n[2], Vectorize(function(i, j) fisher(i, i + j, n, w)))
    set <- f <= f[x[1] + 1, x[2] + 1] * (1 + 1e-9)
    max(vapply(seq(0, 1, length.out = 3001), function(p2) probability(set, w * p2 / (1 - p2 + w * p2), p2), 0))
  }
  for (case in list(c(7, 2, 9, 8), c(5, 0, 5, 7), c(3, 5, 11, 6))) {
    x <- case[1:2]
    n <- case[3:4]
    limit <- boschloo_test(x[1], n[1] - x[1], x[2], n[2] - x[2], alternative = "greater")$conf.int[1]
    expect_gt(upper(x, n, limit * 1.0001), 0.05)
    expect_lte(upper(x, n, limit * 0.9999), 0.05)
    for (w in limit * exp(-c(0.01, 0.1, 0.5, 2, 5))) expect_lte(upper(x, n, w), 0.05)
  }
})

test_that("gamma is added, and only probabilities in the region are looked at", {
  x <- matrix(c(14, 3, 21, 32), 2)
  plain <- barnard_test(x, alternative = "greater", conf.int = FALSE)
  spent <- barnard_test(x, alternative = "greater", gamma = 1e-4, conf.int = FALSE)
  box <- proportion(c(14, 3), c(35, 35), conf.level = 1 - 0.5e-4)
  expect_true(spent$meta$nuisance >= max(box$conf.low) && spent$meta$nuisance <= min(box$conf.high))
  expect_lte(spent$p.value, plain$p.value + 1e-4 + 1e-14)
  expect_gt(spent$p.value, 1e-4)
  # No common proportion is possible: what is left is gamma.
  expect_equal(barnard_test(40, 0, 0, 40, alternative = "greater", gamma = 1e-4, conf.int = FALSE)$p.value, 1e-4)
})

test_that("small p keep their digits", {
  test <- barnard_test(100, 0, 0, 100, alternative = "greater", conf.int = FALSE)
  # Only (100, 0): max (p (1 - p))^100.
  expect_equal(test$log_p_value, 100 * log(0.25), tolerance = 1e-13)
  expect_equal(test$p.value, 0.25^100, tolerance = 1e-11) # the bound of the search
})

test_that("the result is an htest with a row for tidy; labels and events are read", {
  arm <- rep(c("cryo", "drug"), c(9, 10))
  relapse <- c(rep(TRUE, 2), rep(FALSE, 7), rep(TRUE, 6), rep(FALSE, 4))
  test <- barnard_test(arm, relapse)
  expect_s3_class(test, "htest")
  expect_identical(test$meta$event, "TRUE")
  expect_equal(unname(test$estimate), c(2 / 9, 0.6, 2 / 9 - 0.6))
  expect_equal(barnard_test(arm, relapse, event = "FALSE")$p.value, test$p.value, tolerance = 1e-11)
  row <- tidy(boschloo_test(arm, relapse, tsmethod = "minlike"))
  expect_identical(nrow(row), 1L)
  expect_true(is.na(row$conf.low))
  expect_equal(row$estimate, (2 / 7) / (6 / 4))
  expect_identical(glance(test), tidy(test))
  expect_null(boschloo_test(arm, relapse, conf.int = FALSE)$conf.int)
})

test_that("what cannot be tested is refused", {
  x <- matrix(c(3, 1, 2, 5), 2)
  for (case in list(
    list("empty", quote(barnard_test(1, 2, 0, 0))), list("memory", quote(barnard_test(1000, 2000, 3, 5))),
    list("memory", quote(barnard_test(100, 200, 100, 200, statistic = "csm"))),
    list("dim", quote(barnard_test(diag(3)))),
    list("status", quote(boschloo_test(x, event = "x"))), list("choice", quote(barnard_test(x, gamma = 1))),
    list("choice", quote(barnard_test(x, statistic = "wald"))),
    list("choice", quote(boschloo_test(x, tsmethod = "square"))),
    list("choice", quote(barnard_test(x, alternative = "more"))), list("type", quote(barnard_test(x, conf.int = NA))),
    list("conf_level", quote(barnard_test(x, conf.level = 2))), list("count", quote(barnard_test(1.5, 2, 3, 4))),
    list("type", quote(barnard_test()))
  )) {
    expect_error(eval(case[[2]]), class = paste0("cryonodes_error_", case[[1]]), info = deparse(case[[2]]))
  }
})

test_that("print names test, null and source", {
  vaccine <- matrix(c(7, 12, 8, 3), 2, dimnames = list(c("vaccine", "placebo"), c("infected", "healthy")))
  expect_snapshot({
    barnard_test(vaccine, alternative = "less")
    boschloo_test(vaccine, gamma = 1e-6)
    barnard_test(vaccine, statistic = "csm", tsmethod = "square")
  })
  expect_snapshot(error = TRUE, {
    barnard_test(1, 2, 0, 0)
    barnard_test(1000, 2000, 3, 5)
  })
})
