# The two-sided methods of Fisher's exact test. Truth: tests/golden/fisher_methods.csv (fractions, and a look at every
# stretch of odds ratios; fisher_methods.py), published numbers, and all tables of small margins.

golden_methods <- function() utils::read.csv(testthat::test_path("..", "golden", "fisher_methods.csv"))

run_row <- function(r, conf.int) {
  two <- r$method %in% c("minlike", "central", "blaker")
  fisher_test(r$a, r$b, r$c, r$d,
    or = r$or, conf.level = r$conf_level, conf.int = conf.int, mid.p = r$mid_p == 1,
    method = if (two) r$method else "minlike", alternative = if (two) "two.sided" else r$method
  )
}

quiet <- function(expr) {
  withCallingHandlers(expr, cryonodes_warning_degenerate = function(w) invokeRestart("muffleWarning"))
}

all_methods <- expand.grid(method = c("minlike", "central", "blaker"), mid.p = c(FALSE, TRUE), stringsAsFactors = FALSE)

test_that("p-values and limits of each method agree with exact arithmetic", {
  skip_on_cran() # long
  g <- golden_methods()
  expect_gt(nrow(g), 800)
  expect_setequal(unique(g$method[!is.na(g$conf_low)]), c("minlike", "central", "blaker"))
  gaps <- 0
  for (i in seq_len(nrow(g))) {
    r <- g[i, ]
    test <- run_row(r, !is.na(r$conf_low))
    expect_equal(test$p.value, r$p_value, tolerance = 1e-13, info = paste("row", i))
    if (is.na(r$conf_low)) next
    expect_equal(as.vector(test$conf.int), c(r$conf_low, r$conf_high), tolerance = 1e-12, info = paste("row", i))
    expect_identical(nrow(test$meta$gaps) > 0, !is.na(r$gap_low), info = paste("row", i))
    if (!is.na(r$gap_low)) {
      gaps <- gaps + 1
      expect_equal(test$meta$gaps[1, ], c(r$gap_low, r$gap_high), tolerance = 1e-10, info = paste("row", i))
    }
  }
  expect_gt(gaps, 0)
})

test_that("7 of 262 against 30 of 494 (Fay 2010): p = 0.04996 and a set of two pieces", {
  x <- matrix(c(7, 30, 255, 464), 2)
  test <- fisher_test(x)
  expect_equal(test$p.value, 0.04996, tolerance = 1e-4) # as printed
  # 1 lies in the gap: the interval has it, the set has not.
  expect_true(test$meta$gaps[1, 1] < 1 && test$meta$gaps[1, 2] > 1)
  expect_match(test$meta$notes, "p is below 0.05 also for odds ratios from 0.993352 to 1.00621, within the interval")
  for (edge in test$meta$gaps) {
    p <- vapply(c(1 - 1e-9, 1 + 1e-9), function(f) fisher_test(x, or = edge * f, conf.int = FALSE)$p.value, 0)
    expect_identical(sort(p < 0.05), c(FALSE, TRUE))
  }
})

test_that("exact2x2 (1.7.0) has the same p-values, and the same limits of minlike and blaker", {
  skip_on_cran() # long
  g <- utils::read.csv(testthat::test_path("..", "golden", "fisher_exact2x2.csv"))
  expect_gt(nrow(g), 150)
  for (i in seq_len(nrow(g))) {
    r <- g[i, ]
    test <- fisher_test(r$a, r$b, r$c, r$d, method = r$method, mid.p = r$mid_p == 1)
    expect_equal(test$p.value, r$p_value, tolerance = 1e-9) # 12 digits printed, sums less exact
    # Its central limits come from uniroot() and are up to 1e-2 off, for 100, 1, 2, 100 even 4.5e15 for 2.0e5.
    if (r$method == "central") next
    limits <- c(r$conf_low, r$conf_high)
    expect_equal(as.vector(test$conf.int), limits, tolerance = 2e-8, info = paste("row", i)) # searched to 1e-9
  }
})

test_that("p of the methods by hand: weights 1, 16, 36, 16, 1 over 70, and 5, 40, 60, 20, 1 over 126", {
  p <- function(..., method = "minlike", mid.p = TRUE, alternative = "two.sided") {
    fisher_test(..., method = method, mid.p = mid.p, alternative = alternative, conf.int = FALSE)$p.value
  }
  for (method in c("minlike", "central", "blaker")) {
    expect_equal(p(3, 1, 1, 3, method = method), (1 + 1 + 8 + 8) / 70, tolerance = 1e-14)
    expect_identical(p(2, 2, 2, 2, method = method, mid.p = FALSE), 1)
  }
  expect_equal(p(3, 1, 1, 3, alternative = "greater"), 9 / 70, tolerance = 1e-14)
  expect_equal(p(3, 1, 1, 3, alternative = "less"), 61 / 70, tolerance = 1e-14)
  # x = 3 of 0, ..., 4: 20 and less are 5, 20, 1; tails from above 1, 21, 81, from below 5, 45.
  expect_equal(p(3, 1, 1, 4, mid.p = FALSE), 26 / 126, tolerance = 1e-14)
  expect_equal(p(3, 1, 1, 4, mid.p = FALSE, method = "central"), 42 / 126, tolerance = 1e-14)
  expect_equal(p(3, 1, 1, 4, mid.p = FALSE, method = "blaker"), 26 / 126, tolerance = 1e-14)
  expect_equal(p(3, 1, 1, 4, method = "blaker"), 16 / 126, tolerance = 1e-14)
  expect_equal(p(3, 1, 1, 4, method = "central"), 22 / 126, tolerance = 1e-14)
})

test_that("1 is in the interval if and only if p >= 1 - conf.level, in every table of up to 18 subjects", {
  skip_on_cran() # long
  cases <- expand.grid(a = 0:9, b = 0:9, c = 0:9, d = 0:9)
  n <- rowSums(cases)
  filled <- with(cases, a + b > 0 & c + d > 0 & a + c > 0 & b + d > 0)
  cases <- cases[filled & n <= 18, ]
  expect_gt(nrow(cases), 3000)
  for (level in c(0.95, 0.9, 0.8, 0.5)) {
    for (i in seq_len(nrow(all_methods))) {
      found <- fisher_batch(cases,
        method = all_methods$method[i], mid.p = all_methods$mid.p[i], conf.int = TRUE, conf.level = level
      )
      # 0.05 is not 1 - 0.95 to the last digit.
      kept <- found$p.value >= (1 - level) * (1 - 1e-12)
      inside <- found$conf.low <= 1 & found$conf.high >= 1
      for (row in which(kept != inside)) {
        # What is left are gaps of the set, and they are told.
        expect_true(inside[row])
        test <- do.call(fisher_test, c(unname(as.list(cases[row, ])), list(
          method = all_methods$method[i], mid.p = all_methods$mid.p[i], conf.level = level
        )))
        expect_true(any(test$meta$gaps[, 1] < 1 & test$meta$gaps[, 2] > 1))
      }
      expect_lt(mean(kept != inside), 0.01)
    }
    for (side in c("less", "greater")) {
      found <- fisher_batch(cases, alternative = side, conf.int = TRUE, conf.level = level)
      expect_identical(
        found$p.value >= (1 - level) * (1 - 1e-12), found$conf.low <= 1 & found$conf.high >= 1
      )
    }
  }
})

test_that("p is uniform or larger under the null, exactly, unless mid-p", {
  margins <- list(c(7, 9, 8), c(12, 5, 6), c(20, 20, 9), c(30, 4, 15))
  for (m in margins) {
    x <- as.double(seq(max(0, m[3] - m[2]), min(m[3], m[1])))
    weight <- choose(m[1], x) * choose(m[2], m[3] - x)
    for (or in c(1, 0.4, 3)) {
      P <- weight * or^x / sum(weight * or^x)
      for (method in c("minlike", "central", "blaker")) {
        p <- fisher_batch(x, m[3] - x, m[1] - x, m[2] - m[3] + x, or = or, method = method)$p.value
        for (level in p) expect_lte(sum(P[p <= level]), level * (1 + 1e-12))
        mid <- fisher_batch(x, m[3] - x, m[1] - x, m[2] - m[3] + x, or = or, method = method, mid.p = TRUE)$p.value
        expect_true(all(mid < p))
      }
      # One mid-p and its mirror image make 1.
      mid <- vapply(c("less", "greater"), function(side) {
        fisher_batch(x, m[3] - x, m[1] - x, m[2] - m[3] + x, or = or, alternative = side, mid.p = TRUE)$p.value
      }, x)
      expect_equal(rowSums(mid), rep(1, length(x)), tolerance = 1e-13)
      expect_equal(sum(P * mid[, 1]), 0.5, tolerance = 1e-13) # its mean is 1/2
    }
  }
})

test_that("limits are where the p-value says, in wide tables as well", {
  skip_on_cran() # long
  tables <- list(
    c(30, 70, 55, 45), c(210, 790, 260, 740), c(12000, 38000, 12600, 37400), c(3e5, 7e5, 301500, 698500),
    c(5e8, 5e8, 500030000, 499970000)
  )
  for (x in tables) {
    for (i in seq_len(nrow(all_methods))) {
      p_at <- function(or) {
        fisher_test(x[1], x[2], x[3], x[4],
          or = or, method = all_methods$method[i], mid.p = all_methods$mid.p[i], conf.int = FALSE
        )$p.value
      }
      test <- fisher_test(x[1], x[2], x[3], x[4], method = all_methods$method[i], mid.p = all_methods$mid.p[i])
      # A step of less than a hundredth of a standard error to either side, more than a rounding of the odds ratio.
      step <- max(1e-9, 1e-4 * sqrt(sum(1 / x)))
      expect_lt(p_at(test$conf.int[1] * (1 - step)), 0.05)
      expect_gte(p_at(test$conf.int[1] * (1 + 1e-11)), 0.05 * (1 - 1e-4)) # p moves on a step of 1e-11
      expect_lt(p_at(test$conf.int[2] * (1 + step)), 0.05)
      expect_gte(p_at(test$conf.int[2] * (1 - 1e-11)), 0.05 * (1 - 1e-4)) # as above
    }
  }
})

test_that("transposed and reordered tables give one p, bit for bit, and reciprocal odds ratios", {
  skip_on_cran() # long
  set.seed(4)
  for (i in 1:30) {
    x <- matrix(stats::rpois(4, c(3, 10, 60)[i %% 3 + 1]) + 1, 2)
    for (j in seq_len(nrow(all_methods))) {
      run <- function(x) fisher_test(x, method = all_methods$method[j], mid.p = all_methods$mid.p[j])
      base <- run(x)
      for (same in list(t(x), x[2:1, 2:1])) {
        expect_identical(run(same)[c("p.value", "estimate", "conf.int")], base[c("p.value", "estimate", "conf.int")])
      }
      for (turned in list(run(x[2:1, ]), run(x[, 2:1]))) {
        expect_identical(turned$p.value, base$p.value)
        expect_equal(turned$estimate, 1 / base$estimate, tolerance = 1e-14)
        expect_equal(as.vector(turned$conf.int), 1 / rev(as.vector(base$conf.int)), tolerance = 1e-14)
      }
    }
  }
})

test_that("log p stays finite where p does not, for each method", {
  for (i in seq_len(nrow(all_methods))) {
    test <- fisher_test(1e6, 10, 20, 1e6,
      method = all_methods$method[i], mid.p = all_methods$mid.p[i], conf.int = FALSE
    )
    expect_identical(test$p.value, 0)
    expect_true(is.finite(test$log_p_value) && test$log_p_value < -1e6)
  }
})

test_that("the method is told by print, the label and meta", {
  test <- fisher_test(3, 1, 1, 3, method = "blaker", mid.p = TRUE)
  expect_identical(test$method, "Fisher's exact test (Blaker, mid-p)")
  expect_identical(test$meta[c("two_sided", "mid.p")], list(two_sided = "blaker", mid.p = TRUE))
  text <- capture.output(print(test))
  expect_identical(text[1], "Fisher's exact test (Blaker, mid-p)")
  expect_identical(
    text[10], "Two-sided: tables whose smaller tail is no larger than this one's count (Blaker 2000); mid-p."
  )
  expect_identical(fisher_test(3, 1, 1, 3)$method, "Fisher's exact test")
  one <- fisher_test(3, 1, 1, 3, method = "blaker", alternative = "less", conf.int = FALSE)
  expect_identical(one$method, "Fisher's exact test")
  expect_identical(one$p.value, fisher_test(3, 1, 1, 3, alternative = "less")$p.value)
  expect_false(any(grepl("Two-sided|limits", capture.output(print(one)))))
  expect_identical(tidy(test)$method, test$method)
})

test_that("methods that do not exist and levels that mid-p cannot serve are refused", {
  expect_error(fisher_test(3, 1, 1, 3, method = "fay"), class = "cryonodes_error_choice")
  expect_error(fisher_test(3, 1, 1, 3, mid.p = NA), class = "cryonodes_error_type")
  error <- expect_error(fisher_test(3, 1, 1, 3, mid.p = TRUE, conf.level = 0.3), class = "cryonodes_error_conf_level")
  expect_match(conditionMessage(error), "`conf.level` must be 0.5 or more with `mid.p` of `method = \"minlike\"`",
    fixed = TRUE
  )
  expect_lt(fisher_test(3, 1, 1, 3, mid.p = TRUE, conf.level = 0.3, method = "central")$conf.int[1], 6.41)
})
