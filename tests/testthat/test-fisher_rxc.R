# Truth: every table with the same totals in turn, in whole numbers; printed p-values.

larger <- function(x, ...) fisher_test(x, progress = FALSE, ...)

# All tables with given totals, as a list.
all_tables <- function(rows, columns) {
  if (length(rows) == 1) return(list(matrix(columns, 1)))
  ways <- as.matrix(expand.grid(lapply(columns, function(c) 0:min(c, rows[1]))))
  ways <- ways[rowSums(ways) == rows[1], , drop = FALSE]
  unlist(lapply(seq_len(nrow(ways)), function(i) {
    lapply(all_tables(rows[-1], columns - ways[i, ]), function(rest) rbind(unname(ways[i, ]), rest, deparse.level = 0))
  }), recursive = FALSE)
}

# Each statistic as a whole number that orders tables as it does.
whole_statistic <- list(
  probability = function(x) prod(factorial(x)),
  chisq = function(x) sum(x^2 * outer(prod(rowSums(x)) / rowSums(x), prod(colSums(x)) / colSums(x))),
  kruskal = function(x) {
    c <- colSums(x)
    sum((x %*% (2 * cumsum(c) - c + 1))^2 * prod(rowSums(x)) / rowSums(x))
  },
  linear = function(x) {
    abs(sum(x * outer(seq_len(nrow(x)), seq_len(ncol(x)))) * sum(x) -
      sum(rowSums(x) * seq_len(nrow(x))) * sum(colSums(x) * seq_len(ncol(x))))
  }
)

by_enumeration <- function(x, statistic) {
  tables <- all_tables(rowSums(x), colSums(x))
  weight <- vapply(tables, function(t) 1 / prod(factorial(t)), 0)
  value <- round(vapply(tables, whole_statistic[[statistic]], 0))
  sum(weight[value >= round(whole_statistic[[statistic]](x))]) / sum(weight)
}

jobs <- matrix(c(1, 2, 1, 0, 3, 3, 6, 1, 10, 10, 14, 9, 6, 7, 12, 11), 4)

inside <- function(p, test) {
  expect_gte(p, test$mc$conf.int[1])
  expect_lte(p, test$mc$conf.int[2])
}

test_that("random tables agree with all tables, for every statistic", {
  tables <- list(
    matrix(c(3, 0, 1, 0, 2, 1, 1, 1, 3), 3), matrix(c(4, 1, 0, 1, 2, 4), 3), matrix(c(2, 0, 1, 1, 0, 2, 1, 1), 2)
  )
  for (x in tables) {
    for (statistic in names(whole_statistic)) {
      test <- larger(x, statistic = statistic, exact = FALSE, seed = 3)
      inside(by_enumeration(x, statistic), test)
      expect_equal(test$p.value, (test$mc$hits + 1) / (test$mc$B + 1), tolerance = 1e-15)
      limits <- stats::binom.test(test$mc$hits, test$mc$B, conf.level = 0.99)$conf.int
      expect_equal(as.vector(test$mc$conf.int), as.vector(limits), tolerance = 1e-12)
    }
  }
})

test_that("published p-values lie in the interval", {
  # ?fisher.test: job satisfaction 0.7827; MP6 of Mehta & Patel (1983) 0.03929964.
  mp6 <- rbind(
    c(1, 2, 2, 1, 1, 0, 1), c(2, 0, 0, 2, 3, 0, 0), c(0, 1, 1, 1, 2, 7, 3), c(1, 1, 2, 0, 0, 0, 1),
    c(0, 1, 1, 1, 1, 0, 0)
  )
  inside(0.7827, larger(jobs, exact = FALSE, seed = 1))
  inside(0.03929964, larger(mp6, exact = FALSE, seed = 1))
  # A 2^32 overflow makes 0.0393 of it in R's FEXACT; exact 0.10445.
  wrong <- structure(c(
    1, 0, 0, 3, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 2, 0, 0, 0, 3, 0, 0, 1, 0, 1, 0, 1, 1, 3, 2, 0, 0, 1, 1, 0, 0, 1, 0, 3, 1,
    1, 0, 1, 0, 0, 1, 0, 2, 4
  ), dim = c(8, 6))
  inside(0.10445, larger(wrong, exact = FALSE, seed = 1))
})

test_that("a 2x2 table has as many random tables in its tail as its exact p says", {
  # P(X >= 3) + P(X <= 1) of the tasting of tea, by chi-square as by probability.
  inside(34 / 70, larger(matrix(c(3, 1, 1, 3), 2), statistic = "chisq", exact = FALSE, seed = 5))
})

test_that("p is the same for every order of rows and columns, transposed, and for any number of threads", {
  set.seed(1)
  for (x in list(jobs, matrix(stats::rpois(12, 400), 3), matrix(stats::rpois(12, 1), 4) + diag(4)[, 1:3])) {
    for (statistic in c("probability", "chisq")) {
      p <- function(x, ...) larger(x, statistic = statistic, exact = FALSE, seed = 2, B = 3000, ...)$mc$hits
      hits <- p(x)
      rows <- sample(nrow(x))
      columns <- sample(ncol(x))
      expect_identical(p(x[rows, columns]), hits)
      expect_identical(p(t(x)), hits)
      expect_identical(p(t(x)[columns, ]), hits)
      expect_identical(p(x, threads = 2), hits)
    }
    rows <- sample(nrow(x))
    kruskal <- function(x) larger(x, statistic = "kruskal", exact = FALSE, seed = 2, B = 3000)
    expect_identical(kruskal(x[rows, ])$mc, kruskal(x)$mc)
    scores <- list(2^seq_len(nrow(x)), seq_len(ncol(x)))
    linear <- function(x, scores) {
      larger(x, statistic = "linear", scores = scores, exact = FALSE, seed = 2, B = 3000)
    }
    expect_identical(linear(x[rows, ], list(scores[[1]][rows], scores[[2]]))$mc, linear(x, scores)$mc)
  }
})

test_that("a p that random tables do not meet is estimated by splitting", {
  # log p of a 2x2 table is known; its tables by chi-square are those by probability at equal row totals.
  x <- matrix(c(40, 10, 10, 40), 2)
  truth <- fisher_test(x)$log_p_value
  test <- larger(x, statistic = "chisq", exact = FALSE, B = 1000, rare = TRUE, seed = 1)
  expect_identical(test$mc$hits, 0)
  expect_gt(truth, test$mc$rare$log_conf.int[1])
  expect_lt(truth, test$mc$rare$log_conf.int[2])
  expect_lt(diff(as.vector(test$mc$rare$log_conf.int)), 2.5) # ten runs: a factor of 3 either way
  expect_match(paste(capture.output(print(test)), collapse = "\n"), "By splitting: p about [0-9.]+e-[0-9]+, 99% CI ")
  expect_identical(larger(x, statistic = "chisq", exact = FALSE, B = 1000, rare = TRUE, seed = 1, threads = 2)$mc, test$mc)
  expect_null(larger(jobs, exact = FALSE, rare = TRUE, B = 1000, seed = 1)$mc$rare)
  expect_error(fisher_test(jobs, rare = 1), class = "cryonodes_error_type")
})

test_that("the seed decides, and R's random numbers only where none is given", {
  set.seed(1)
  before <- .Random.seed
  a <- larger(jobs, exact = FALSE, seed = 4, B = 2000)
  expect_identical(.Random.seed, before)
  expect_identical(larger(jobs, exact = FALSE, seed = 4, B = 2000), a)
  expect_false(identical(larger(jobs, exact = FALSE, seed = 5, B = 2000)$mc$hits, a$mc$hits))
  b <- larger(jobs, exact = FALSE, B = 2000)
  set.seed(1)
  expect_identical(larger(jobs, exact = FALSE, B = 2000), b)
})

test_that("statistics are those of their asymptotic tests", {
  x <- larger(jobs, statistic = "chisq", seed = 1, B = 100)
  peer <- suppressWarnings(stats::chisq.test(jobs))
  expect_equal(x$statistic, peer$statistic, tolerance = 1e-12)
  expect_equal(x$parameter, peer$parameter)
  x <- larger(jobs, statistic = "kruskal", seed = 1, B = 100)
  peer <- stats::kruskal.test(rep(as.vector(col(jobs)), jobs), rep(as.vector(row(jobs)), jobs))
  expect_equal(x$statistic, peer$statistic, tolerance = 1e-12)
  expect_equal(x$parameter, peer$parameter)
  x <- larger(jobs, statistic = "linear", seed = 1, B = 100)
  r <- stats::cor(rep(as.vector(col(jobs)), jobs), rep(as.vector(row(jobs)), jobs))
  expect_equal(x$statistic, c("M-squared" = (sum(jobs) - 1) * r^2), tolerance = 1e-12)
  expect_identical(x$parameter, c(df = 1))
})

test_that("p of every statistic is that of all tables with the totals, ties included", {
  tables <- list(
    matrix(c(3, 0, 1, 0, 2, 1, 1, 1, 3), 3), matrix(c(4, 1, 0, 1, 2, 4), 3), matrix(c(2, 0, 1, 1, 0, 2, 1, 1), 2)
  )
  for (x in tables) {
    for (statistic in names(whole_statistic)) {
      test <- larger(x, statistic = statistic)
      expect_null(test$mc)
      expect_match(test$method, ", exact$")
      expect_equal(test$p.value, by_enumeration(x, statistic), tolerance = 1e-13, info = statistic)
    }
  }
  # A law in whole numbers (tests/golden/table_network.py).
  expect_equal(larger(jobs, statistic = "linear")$p.value, 0.09322790762469071, tolerance = 1e-13)
  text <- capture.output(print(larger(jobs, statistic = "linear")))
  expect_match(text[1], "^Linear-by-linear association test, exact$")
  expect_match(text, "^M-squared 2[.]98, p = 0[.]09[0-9]*, from all tables with these totals$", all = FALSE)
})

test_that("two groups by Kruskal and Wallis are those of the exact rank sum test with ties", {
  # coin's wilcox_test(distribution = "exact") of the same table, whose algorithm is another (tests/golden/coin_rank.R).
  numbers <- golden("coin_rank")
  for (i in seq_len(nrow(numbers))) {
    x <- matrix(as.double(strsplit(numbers$counts[i], " ")[[1]]), 2)
    expect_equal(larger(x, statistic = numbers$statistic[i])$p.value, numbers$p[i], tolerance = 1e-10)
  }
})

test_that("scores are decimals, and the same up to a linear change", {
  skip_on_cran()
  p <- function(...) larger(jobs, statistic = "linear", scores = list(...))$p.value
  expect_equal(p(c(0.1, 0.2, 0.3, 0.4), 10 * (1:4)), p(1:4, 1:4), tolerance = 1e-14)
  expect_equal(p(-(1:4), 1:4), p(1:4, 1:4), tolerance = 1e-14)
  test <- larger(jobs, statistic = "linear", scores = list(sqrt(1:4), 1:4), B = 1000, seed = 1)
  expect_identical(test$mc$B, 1000)
  expect_identical(test$meta$notes,
    "scores of more than 9 decimal places have no exact p-value here: random tables were drawn"
  )
  expect_identical(whole_scores(c(-1.25, 2, 0.001)), c(-1250, 2000, 1))
  expect_null(whole_scores(1 / 3))
  expect_null(whole_scores(1e17))
})

test_that("what is out of reach is drawn, and said so", {
  test <- larger(jobs, statistic = "kruskal", max.work = 1000, B = 1000, seed = 1)
  expect_identical(test$mc$B, 1000)
  expect_match(test$meta$notes, "out of reach within `max.work` and `memory`: random tables were drawn", fixed = TRUE)
  expect_error(larger(jobs, statistic = "kruskal", max.work = 1000, exact = TRUE), class = "cryonodes_error_size")
})

# --- arguments -------------------------------------------------------------------------------------------------------

test_that("every argument of fisher.test() is taken", {
  test <- fisher_test(jobs, y = NULL, workspace = 2e7, hybrid = TRUE, hybridPars = c(expect = 5, percent = 80, Emin = 1),
    control = list(), or = 1, alternative = "two.sided", conf.int = TRUE, conf.level = 0.95, simulate.p.value = TRUE,
    B = 2000, seed = 1
  )
  expect_identical(test$mc$B, 2000)
  expect_identical(test$meta$notes, "`workspace`, `hybrid`, `hybridPars`, `control` are of no use here and ignored")
  small <- fisher_test(matrix(c(3, 1, 1, 3), 2), workspace = 2e7, simulate.p.value = TRUE, B = 100)
  expect_s3_class(small, "fisher_test")
  expect_equal(small$p.value, 34 / 70, tolerance = 1e-14)
  expect_identical(small$meta$notes, c(
    "`workspace` is of no use here and ignored", "the p-value of a 2x2 table is exact: nothing was simulated"
  ))
  expect_match(larger(jobs, conf.level = 0.9, exact = FALSE, B = 10)$meta$notes, "`conf.level` is that of an odds ratio")
  expect_error(fisher_test(jobs, jobs), class = "cryonodes_error_type")
  expect_null(larger(jobs, conf.int = FALSE, exact = FALSE, B = 10)$meta$notes)
})

test_that("the defaults that need no check are those of the methods", {
  for (method in c("default", "matrix", "formula", "data.frame")) {
    arguments <- formals(getS3method("fisher_test", method))
    for (name in names(larger_defaults)) expect_identical(eval(arguments[[name]]), larger_defaults[[name]], label = name)
    expect_true(all(c(larger_arguments, ignored_arguments) %in% names(arguments)))
  }
})

test_that("B144, B146: a number of tables that is none, or too large, is refused", {
  x <- matrix(c(3, 1, 2, 4, 2, 5), 2)
  error <- expect_error(fisher_test(x, simulate.p.value = TRUE, B = -5), class = "cryonodes_error_B")
  expect_match(conditionMessage(error), "`B` must be a whole number >= 1", fixed = TRUE)
  expect_identical(error$arg, "B")
  error <- expect_error(fisher_test(x, simulate.p.value = TRUE, B = 1e12), class = "cryonodes_error_B")
  expect_match(conditionMessage(error), "`B` above the limit 1e9", fixed = TRUE)
  for (B in list(0, 1.5, NA, "100", c(10, 20), Inf)) expect_error(fisher_test(x, B = B), class = "cryonodes_error_B")
  expect_error(fisher_test(matrix(1:4, 2), B = 0), class = "cryonodes_error_B")
})

test_that("B137, B138, B142: large tables end in a p-value, B140: one observation is refused", {
  skip_on_cran() # long
  d <- matrix(c(
    1, 0, 5, 2, 1, 90, 2, 1, 0, 2, 3, 89, 0, 0, 0, 1, 0, 14, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 2
  ), 6, byrow = TRUE)
  test <- larger(d, B = 2000, seed = 1)
  expect_true(test$p.value > 0.05 && test$p.value < 1)
  test <- larger(cbind(Si = c(2121, 100, 27, 0), av = c(4700, 216, 67, 0), Nc = c(6234, 2461, 502, 14)), B = 2000,
    seed = 1, exact = FALSE)
  expect_identical(test$mc$hits, 0)
  expect_equal(test$p.value, 1 / 2001)
  expect_error(fisher_test(cbind(0, c(0, 0, 0, 1))), class = "cryonodes_error_dim")
  set.seed(3)
  expect_true(is.finite(larger(matrix(stats::rpois(20, 30), 5), B = 2000, seed = 1)$log_p_value))
})

test_that("B142: what takes long can be interrupted", {
  skip_on_cran()
  set.seed(3)
  x <- matrix(stats::rpois(2500, 3000), 50)
  start <- proc.time()[["elapsed"]]
  setTimeLimit(elapsed = 0.3, transient = TRUE)
  ended <- tryCatch(larger(x, exact = FALSE, B = 1e8), interrupt = function(e) "interrupt", error = function(e) "error")
  setTimeLimit(elapsed = Inf)
  expect_true(is.character(ended))
  # 0.3 s and half a second, on a machine that may be busy.
  expect_lt(proc.time()[["elapsed"]] - start, 3)
  expect_true(larger(x, exact = FALSE, B = 10)$mc$hits <= 10)
})

test_that("B259: the most probable table has p = 1, not nearly 1", {
  dd <- data.frame(group = 1, score = c(rep(0, 14), rep(1, 29), rep(2, 16)))[rep(1:59, 2), ]
  dd$group <- rep(c("DOG", "kitty"), each = 59)
  expect_identical(fisher_test(dd$score, dd$group, seed = 1)$p.value, 1)
})

test_that("options that fit nothing are refused", {
  choice <- function(...) expect_error(fisher_test(jobs, ...), class = "cryonodes_error_choice")
  error <- choice(or = 2)
  expect_match(conditionMessage(error), "`or` is about an odds ratio, which a 4 x 4 table has none of", fixed = TRUE)
  choice(alternative = "less")
  choice(statistic = "g")
  choice(scores = list(1:4, 1:4))
  choice(statistic = "linear", scores = list(1:4, (1:4) / 3), exact = TRUE)
  choice(exact = TRUE, simulate.p.value = TRUE)
  choice(max.work = -1)
  choice(memory = NA)
  choice(statistic = "linear", scores = list(1:4, c(1, 1, 1, 1)))
  expect_error(fisher_test(jobs, exact = NA), class = "cryonodes_error_type")
  expect_error(fisher_test(jobs, simulate.p.value = "yes"), class = "cryonodes_error_type")
  expect_error(fisher_test(jobs, statistic = "linear", scores = 1:4), class = "cryonodes_error_type")
  expect_error(fisher_test(jobs, statistic = "linear", scores = list(1:4, c(1, 2, NA, 3))), class = "cryonodes_error_type")
  expect_error(fisher_test(jobs, statistic = "linear", scores = list(1:4, 1:3)), class = "cryonodes_error_length")
  for (bad in list(-1, 0.5, NA, "a")) expect_error(fisher_test(jobs, seed = bad), class = "cryonodes_error_count")
  expect_error(fisher_test(jobs, threads = 0), class = "cryonodes_error_count")
  error <- expect_error(fisher_test(matrix(2^52, 2, 3)), class = "cryonodes_error_count")
  expect_match(conditionMessage(error), "more than 2^53", fixed = TRUE)
  # Without work nothing is exact.
  error <- expect_error(fisher_test(jobs, exact = TRUE, max.work = 0), class = "cryonodes_error_size")
  expect_match(conditionMessage(error), "out of reach", fixed = TRUE)
  expect_match(conditionMessage(error), "exact = FALSE", fixed = TRUE)
})

# --- the object ------------------------------------------------------------------------------------------------------

test_that("the result is an htest with tidy and glance", {
  test <- larger(jobs, exact = FALSE, seed = 1, B = 5000)
  expect_s3_class(test, c("fisher_rxc", "htest"), exact = TRUE)
  expect_equal(test$log_p_value, log(test$p.value), tolerance = 1e-15)
  expect_identical(test$data.name, "x")
  expect_identical(unname(test$table), jobs)
  for (row in list(tidy(test), glance(test))) {
    expect_named(row, c(
      "estimate", "p.value", "conf.low", "conf.high", "method", "alternative", "log.p.value", "p.low", "p.high", "n.draws"
    ))
    expect_identical(nrow(row), 1L)
    expect_identical(c(row$p.low, row$p.high), as.vector(test$mc$conf.int))
    expect_identical(row$n.draws, 5000)
    expect_identical(c(row$estimate, row$conf.low, row$conf.high), rep(NA_real_, 3))
  }
  lost <- test
  lost$table <- NULL
  for (verb in list(print, tidy, glance)) expect_error(verb(lost), class = "cryonodes_error_object")
})

test_that("print names the question, the data, the answer and how it was come by", {
  x <- matrix(c(3, 0, 1, 0, 2, 4), 2, dimnames = list(arm = c("cryo", "drug"), grade = c("I", "II", "III")))
  test <- fisher_test(x, exact = FALSE, seed = 1, B = 1e5)
  text <- capture.output(print(test))
  expect_identical(text[1:7], c(
    "Fisher-Freeman-Halton test of grade by arm, Monte Carlo", "Null: rows and columns are independent",
    "10 observations", "", "     I II III", "cryo 3  1   2", "drug 0  0   4"
  ))
  expect_match(text[9], "^p = 0[.][0-9]+, 99% CI 0[.][0-9]+ to 0[.][0-9]+, from 100000 random tables with these totals \\(seed 1\\)$")
  expect_identical(text[10], "Freeman & Halton (1951); random tables: Patefield (1981).")
  text <- capture.output(print(fisher_test(x, statistic = "linear", seed = 1)))
  expect_match(text[9], "^M-squared [0-9.]+, p = ")
  set.seed(1)
  wide <- larger(matrix(stats::rpois(60, 2), 3), exact = FALSE, seed = 1, B = 100)
  expect_match(capture.output(print(wide))[5], "A table of 3 rows and [0-9]+ columns, [0-9]+ of [0-9]+ counts are 0")
})

# --- after the test --------------------------------------------------------------------------------------------------

test_that("pairs are the tests of two rows, adjusted", {
  response <- matrix(c(12, 5, 9, 3, 11, 2), 3, dimnames = list(arm = c("a", "b", "c"), response = c("yes", "no")))
  pairs <- pairwise_fisher(response)
  expect_named(pairs, c(
    "group1", "group2", "p.value", "p.adjusted", "estimate", "conf.low", "conf.high", "method", "note"
  ))
  expect_identical(paste(pairs$group1, pairs$group2), c("a b", "a c", "b c"))
  one <- fisher_test(response[c(1, 3), ])
  expect_identical(pairs$p.value[2], one$p.value)
  expect_identical(pairs$estimate[2], one$estimate[["odds ratio"]])
  expect_identical(c(pairs$conf.low[2], pairs$conf.high[2]), as.vector(one$conf.int))
  expect_identical(pairs$p.adjusted, stats::p.adjust(pairs$p.value, "holm"))
  expect_identical(pairwise_fisher(response, p.adjust.method = "none")$p.adjusted, pairs$p.value)
  expect_identical(pairwise_fisher(t(response), by = "columns")$p.value, pairs$p.value)
  expect_equal(pairwise_fisher(response, conf.level = 0.9)$conf.low[2],
    fisher_test(response[c(1, 3), ], conf.level = 0.9)$conf.int[1]
  )
  rows <- as.data.frame(as.table(response), responseName = "n")
  expect_identical(pairwise_fisher(n ~ arm + response, data = rows), pairs)
  larger <- pairwise_fisher(jobs, seed = 1, B = 1000)
  expect_identical(nrow(larger), 6L)
  expect_true(all(is.na(larger$estimate)))
  expect_identical(larger$p.value[1], fisher_test(jobs[1:2, ], seed = 1, B = 1000)$p.value)
  alike <- pairwise_fisher(rbind(a = c(3, 0, 0), b = c(2, 0, 0), c = c(1, 2, 1)), seed = 1)
  expect_identical(alike$p.value[1], 1)
  expect_match(alike$note[1], "one column has all counts")
  expect_error(pairwise_fisher(response, by = "all"), class = "cryonodes_error_choice")
  expect_error(pairwise_fisher(response, p.adjust.method = "mine"), class = "cryonodes_error_choice")
  expect_error(pairwise_fisher(), class = "cryonodes_error_missing")
  expect_error(pairwise_fisher(response, data = rows), class = "cryonodes_error_choice")
})

test_that("adjusted residuals are those of chisq.test()", {
  dimnames(jobs) <- list(income = letters[1:4], satisfaction = LETTERS[1:4])
  expect_equal(adjusted_residuals(jobs), suppressWarnings(unclass(stats::chisq.test(jobs)$stdres)), tolerance = 1e-12)
  expect_equal(unname(adjusted_residuals(matrix(c(1, 3, 3, 1), 2))), matrix(c(-1, 1, 1, -1), 2) * sqrt(2))
  expect_error(adjusted_residuals(matrix(c(1, 3, 0, 0), 2)), class = "cryonodes_error_dim")
  expect_error(adjusted_residuals(jobs, digits = 2), class = "cryonodes_error")
})

test_that("the test for gtsummary leaves missing values out and takes the options it knows", {
  trial <- data.frame(
    arm = rep(c("cryo", "drug"), c(5, 5)), grade = c("I", "II", "I", "III", NA, "II", "III", "III", "III", "II"),
    died = c(1, 0, 0, 0, 0, 1, 1, 1, 0, 1), site = "here"
  )
  row <- add_p_fisher(trial, "grade", "arm", seed = 1, B = 1000, tbl = NULL, type = list(), group = NULL, conf.level = 0.95)
  expect_identical(row$p.value, fisher_test(trial$grade, trial$arm, na.action = "omit", seed = 1, B = 1000)$p.value)
  expect_identical(dim(row), c(1L, 2L))
  # As gtsummary 2 calls it.
  passed <- list(
    data = trial, variable = "grade", by = "arm", group = NULL, type = "categorical",
    test.args = list(seed = 1, B = 1000), adj.vars = NULL, conf.level = 0.95, continuous_variable = NULL
  )
  expect_identical(do.call(add_p_fisher, passed), row)
  expect_identical(add_p_fisher(trial, "died", "arm")$method, "Fisher's exact test")
  expect_identical(add_p_fisher(trial, "died", "arm")$p.value, fisher_test(trial$died, trial$arm)$p.value)
  expect_identical(add_p_fisher(trial, "site", "arm")$p.value, NA_real_)
  expect_error(add_p_fisher(trial, "grades", "arm"), class = "cryonodes_error_column")
  expect_error(add_p_fisher(trial, 2, "arm"), class = "cryonodes_error_type")
  expect_error(add_p_fisher(1:3, "a", "b"), class = "cryonodes_error_type")
})
