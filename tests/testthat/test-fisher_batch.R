# fisher_batch(): fisher_test() row by row, which has its own truths.

quiet <- function(expr) {
  withCallingHandlers(expr, cryonodes_warning_degenerate = function(w) invokeRestart("muffleWarning"))
}

random_counts <- function(n, seed) {
  set.seed(seed)
  data.frame(
    a = stats::rpois(n, c(1, 5, 40, 300)), b = stats::rpois(n, c(2, 9, 30)), c = stats::rpois(n, 8),
    d = stats::rpois(n, c(700, 3)) + 1
  )
}

test_that("each row has the numbers of fisher_test(), bit for bit", {
  skip_on_cran() # long
  counts <- random_counts(120, 1)
  asked <- list(
    list(), list(method = "central", mid.p = TRUE), list(method = "blaker", conf.level = 0.8),
    list(alternative = "less", or = 2), list(alternative = "greater", mid.p = TRUE), list(or = 0.3)
  )
  for (options in asked) {
    found <- quiet(do.call(fisher_batch, c(list(counts), options, conf.int = TRUE, estimate = TRUE)))
    expect_named(found, c("p.value", "log.p.value", "estimate", "conf.low", "conf.high"))
    for (i in seq_len(nrow(counts))) {
      own <- quiet(do.call(fisher_test, c(unname(as.list(counts[i, ])), options)))
      expect_identical(
        unlist(found[i, ], use.names = FALSE), c(own$p.value, own$log_p_value, own$estimate[[1]], own$conf.int[1:2])
      )
    }
    # Not even the last bit hangs on what else is asked for.
    expect_identical(quiet(do.call(fisher_batch, c(list(counts), options)))$p.value, found$p.value)
  }
})

test_that("every table of up to 20 subjects has its exact p", {
  g <- utils::read.csv(testthat::test_path("..", "golden", "fisher-n20.csv"))
  expect_identical(nrow(g), 10625L)
  run <- function(side) quiet(fisher_batch(g$a, g$b, g$c, g$d, alternative = side))$p.value
  expect_lt(max(abs(run("two.sided") / (g$two / g$den) - 1)), 1e-13)
  expect_lt(max(abs(run("less") / (g$less / g$den) - 1)), 1e-13)
  expect_lt(max(abs(run("greater") / (g$greater / g$den) - 1)), 1e-13)
})

test_that("threads, order and repetition change no bit", {
  counts <- random_counts(5000, 2)
  one <- quiet(fisher_batch(counts, conf.int = TRUE, method = "blaker"))
  expect_identical(quiet(fisher_batch(counts, conf.int = TRUE, method = "blaker", threads = 3)), one)
  order <- rev(seq_len(nrow(counts)))
  turned <- quiet(fisher_batch(counts[order, ], conf.int = TRUE, method = "blaker"))
  expect_identical(turned$conf.low, one$conf.low[order])
  expect_identical(turned$p.value, one$p.value[order])
})

test_that("vectors, one count for all, a matrix and a data frame are read alike", {
  plain <- fisher_batch(c(3, 5, 1), c(1, 3, 7), c(1, 2, 2), c(3, 2, 2))
  expect_identical(fisher_batch(cbind(c(3, 5, 1), c(1, 3, 7), c(1, 2, 2), c(3, 2, 2))), plain)
  expect_identical(fisher_batch(c(3L, 5L, 1L), c(1L, 3L, 7L), c(1L, 2L, 2L), c(3, 2, 2)), plain)
  expect_identical(fisher_batch(3, c(1, 5), 1, 3), fisher_batch(c(3, 3), c(1, 5), c(1, 1), c(3, 3)))
  genes <- data.frame(x = c(3, 5), y = 1:2, z = 2:1, w = c(4, 4), row.names = c("BRCA1", "TP53"))
  expect_identical(row.names(fisher_batch(genes)), c("BRCA1", "TP53"))
  expect_identical(row.names(fisher_batch(as.matrix(genes))), c("BRCA1", "TP53"))
  expect_identical(fisher_batch(unname(as.matrix(genes)))$p.value, fisher_batch(genes)$p.value)
  expect_identical(fisher_batch(2^53, 2^53, 2^53, 2^53)$p.value, 1)
})

test_that("p-values are adjusted as asked", {
  counts <- random_counts(60, 3)
  found <- quiet(fisher_batch(counts, p.adjust.method = "holm"))
  expect_identical(found$p.adjusted, stats::p.adjust(found$p.value, "holm"))
  expect_null(quiet(fisher_batch(counts))$p.adjusted)
  expect_error(fisher_batch(counts, p.adjust.method = "sidak"), class = "cryonodes_error_choice")
  skip_if_not_installed("DiscreteFDR")
  expect_error(fisher_batch(counts, mid.p = TRUE, p.adjust.method = "DBH"), class = "cryonodes_error_choice")
  found <- quiet(fisher_batch(counts, p.adjust.method = "DBH"))
  # HSD by its definition: F_i(t) is the largest p-value <= t that table i can have, of p[1] <= p[2] <= ... the largest
  # so far of the sum of all F_i(p[k]) / (1 - F_i(p[k])) over k.
  possible <- with(counts, Map(function(m, n, k) {
    x <- seq(max(0, k - n), min(k, m))
    quiet(fisher_batch(x, k - x, m - x, n - k + x))$p.value
  }, a + c, b + d, a + b))
  p <- sort(found$p.value)
  odds <- rowSums(vapply(possible, function(s) {
    largest <- vapply(p, function(t) max(0, s[s <= t]), 0)
    largest / (1 - largest)
  }, p))
  expect_equal(sort(found$p.adjusted), pmin(1, cummax(odds / seq_along(p))), tolerance = 1e-12)
  expect_identical(order(found$p.adjusted, found$p.value), order(found$p.value))
})

test_that("bad counts are refused with their rows", {
  error <- expect_error(fisher_batch(c(1, 2, -3), 2, 3, 4), class = "cryonodes_error_count")
  expect_match(conditionMessage(error), "counts must be >= 0: `a` has -3 in row 3.", fixed = TRUE)
  expect_identical(error$arg, "a")
  expect_identical(error$rows, 3L)
  expect_error(fisher_batch(1, c(2, NA), 3, 4), class = "cryonodes_error_missing")
  expect_error(fisher_batch(1L, c(2L, NA), 3L, 4L), class = "cryonodes_error_missing")
  expect_error(fisher_batch(1, c(2, 2.5), 3, 4), class = "cryonodes_error_count")
  expect_error(fisher_batch(1, c(2, Inf), 3, 4), class = "cryonodes_error_count")
  expect_error(fisher_batch(1, c(2, 2^53 + 2), 3, 4), class = "cryonodes_error_count")
  error <- expect_error(fisher_batch(c(1, 0), c(1, 0), 0, 0), class = "cryonodes_error_empty")
  expect_match(conditionMessage(error), "a table has no observations: row 2", fixed = TRUE)
  expect_error(fisher_batch(numeric(), numeric(), numeric(), numeric()), class = "cryonodes_error_empty")
  expect_error(fisher_batch(1:2, 1:3, 1, 1), class = "cryonodes_error_length")
  expect_error(fisher_batch("3", 1, 1, 3), class = "cryonodes_error_type")
  expect_error(fisher_batch(TRUE, 1, 1, 3), class = "cryonodes_error_type")
  expect_error(fisher_batch(list(3), 1, 1, 3), class = "cryonodes_error_type")
  expect_error(fisher_batch(factor(3), 1, 1, 3), class = "cryonodes_error_type")
  expect_error(fisher_batch(matrix(1:6, 2)), class = "cryonodes_error_dim")
  expect_error(fisher_batch(matrix(1:8, 2), 3), class = "cryonodes_error_type")
  expect_error(fisher_batch(data.frame(1:2, 3:4, c("a", "b"), 1:2)), class = "cryonodes_error_type")
  expect_error(fisher_batch(1, 2, 3), class = "cryonodes_error_missing")
  expect_error(fisher_batch(1, 2, 3, 4, or = 0), class = "cryonodes_error_choice")
  expect_error(fisher_batch(1, 2, 3, 4, threads = 0), class = "cryonodes_error_count")
  error <- expect_error(fisher_batch(1, 2, 3, 4, method = "exact"), class = "cryonodes_error_choice")
  expect_identical(as.character(error$call), "fisher_batch")
})

test_that("no sum of counts overflows", {
  found <- testthat::capture_warnings(fisher_batch(c(2000000000L, 0L), c(1000000000L, 0L), c(1L, 1L), c(50L, 1L)))
  expect_length(found, 1)
  expect_match(found, "empty in row 2", fixed = TRUE)
})

test_that("empty margins give p = 1 and one warning for all", {
  warning <- expect_warning(
    found <- fisher_batch(c(3, 0, 2), c(1, 0, 3), c(1, 2, 0), c(3, 1, 0), estimate = TRUE, conf.int = TRUE),
    class = "cryonodes_warning_degenerate"
  )
  expect_match(conditionMessage(warning), "a row or column is empty in rows 2 and 3", fixed = TRUE)
  expect_identical(found$p.value[2:3], c(1, 1))
  expect_identical(found$estimate[2:3], c(NA_real_, NA_real_))
  expect_identical(found$conf.low[2:3], c(0, 0))
  expect_identical(found$conf.high[2:3], c(Inf, Inf))
})
