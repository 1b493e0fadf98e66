# Truth: fractions by hand, and tests/golden/fisher*.csv (exact rational and 60-digit arithmetic; fisher.py).

golden <- function(file) utils::read.csv(testthat::test_path("..", "golden", file))

off <- function(value, truth) max(abs(value / truth - 1))

quiet <- function(expr) {
  withCallingHandlers(expr, cryonodes_warning_degenerate = function(w) invokeRestart("muffleWarning"))
}

random_tables <- function(n, seed) {
  set.seed(seed)
  lapply(seq_len(n), function(i) matrix(stats::rpois(4, c(2, 8, 40, 300)[i %% 4 + 1]) + 1, 2))
}

p_of <- function(x, alternative = "two.sided", or = 1) {
  fisher_test(x, or = or, alternative = alternative, conf.int = FALSE)$p.value
}

# --- by hand ---------------------------------------------------------------------------------------------------------

test_that("the lady tasting tea: weights 1, 16, 36, 16, 1 over 70", {
  test <- fisher_test(3, 1, 1, 3)
  expect_equal(test$p.value, 34 / 70, tolerance = 1e-14)
  expect_equal(test$log_p_value, log(34 / 70), tolerance = 1e-14)
  expect_equal(fisher_test(3, 1, 1, 3, alternative = "greater")$p.value, 17 / 70, tolerance = 1e-14)
  expect_equal(fisher_test(3, 1, 1, 3, alternative = "less")$p.value, 69 / 70, tolerance = 1e-14)
  # The estimate solves (16 w + 72 w^2 + 48 w^3 + 4 w^4) / (1 + 16 w + 36 w^2 + 16 w^3 + w^4) = 3.
  w <- unname(test$estimate)
  expect_equal(w^4 - 36 * w^2 - 32 * w - 3, 0, tolerance = 1e-9) # four powers of 6.4 times a rounding
})

test_that("the smallest table has the limits of its quadratic", {
  # Weights 1, 4w, w^2: P(X >= 1) = 1/40 at 1 + 4w + w^2 = 40/39.
  test <- fisher_test(1, 1, 1, 1, method = "central")
  w <- sqrt(4 + 1 / 39) - 2
  expect_equal(as.vector(test$conf.int), c(w, 1 / w), tolerance = 1e-12)
  expect_equal(unname(test$estimate), 1, tolerance = 1e-12)
  expect_identical(test$p.value, 1)
})

test_that("under another null value ties are those of the double that was given", {
  # Weights at w = 4: 1, 16, 16. The neighbouring doubles break the tie either way.
  eps <- .Machine$double.eps
  expect_identical(fisher_test(1, 1, 1, 1, or = 4)$p.value, 1)
  expect_identical(fisher_test(2, 0, 0, 2, or = 4)$p.value, 1)
  expect_equal(fisher_test(1, 1, 1, 1, or = 4 * (1 + eps))$p.value, 17 / 33, tolerance = 1e-13)
  expect_equal(fisher_test(2, 0, 0, 2, or = 4 * (1 - eps))$p.value, 17 / 33, tolerance = 1e-13)
})

# --- golden ----------------------------------------------------------------------------------------------------------

test_that("every table of up to 20 subjects has the p-values of exact rational arithmetic", {
  skip_on_cran() # long
  g <- golden("fisher-n20.csv")
  expect_identical(nrow(g), 10625L) # C(24, 4) - 1
  p <- quiet(vapply(seq_len(nrow(g)), function(i) {
    x <- matrix(c(g$a[i], g$c[i], g$b[i], g$d[i]), 2)
    c(p_of(x), p_of(x, "less"), p_of(x, "greater"))
  }, numeric(3)))
  expect_lt(off(p[1, ], g$two / g$den), 1e-13)
  expect_lt(off(p[2, ], g$less / g$den), 1e-13)
  expect_lt(off(p[3, ], g$greater / g$den), 1e-13)
  expect_true(all(p > 0 & p <= 1))
  # Where all tables are summed p is 1, not nearly 1.
  expect_true(all(p[1, g$two == g$den] == 1))
})

test_that("p-values, odds ratios and limits agree with exact and 60-digit arithmetic", {
  skip_on_cran() # long
  g <- golden("fisher.csv")
  expect_gt(nrow(g), 300)
  expect_setequal(g$way, c("rational", "window", "integral"))
  for (i in seq_len(nrow(g))) {
    r <- g[i, ]
    run <- function(alternative) {
      fisher_test(r$a, r$b, r$c, r$d,
        or = r$or, alternative = alternative, conf.level = r$conf_level, conf.int = !is.na(r$conf_low)
      )
    }
    central <- function() {
      fisher_test(r$a, r$b, r$c, r$d, or = r$or, conf.level = r$conf_level, method = "central")
    }
    tests <- lapply(c(two = "two.sided", less = "less", greater = "greater"), run)
    row <- paste("row", i)
    for (side in names(tests)) {
      truth <- r[[paste0("p_", side)]]
      log_truth <- r[[paste0("log_p_", side)]]
      expect_lt(abs(tests[[side]]$log_p_value - log_truth) / max(1, abs(log_truth)), 1e-12, label = paste(row, side))
      if (truth > 1e-300) expect_lt(off(tests[[side]]$p.value, truth), 1e-12, label = paste(row, side))
    }
    if (!is.na(r$estimate)) expect_equal(unname(tests$two$estimate), r$estimate, tolerance = 1e-10, info = row)
    if (!is.na(r$conf_low)) {
      expect_equal(as.vector(central()$conf.int), c(r$conf_low, r$conf_high), tolerance = 1e-10, info = row)
      expect_equal(as.vector(tests$greater$conf.int), c(r$conf_low_one, Inf), tolerance = 1e-10, info = row)
      expect_equal(as.vector(tests$less$conf.int), c(0, r$conf_high_one), tolerance = 1e-10, info = row)
    }
  }
})

# --- published bad inputs, by their number ----------------------------------------------------------------------------

test_that("B103, B104, B105: a more probable table within 1e-7 is not added", {
  expect_equal(fisher_test(matrix(c(18, 233, 17, 280), 2))$p.value, 0.49021504810280413, tolerance = 1e-13)
  expect_equal(fisher_test(matrix(c(20, 38, 40, 106), 2))$p.value, 0.31361807548372905, tolerance = 1e-13)
  expect_equal(fisher_test(matrix(c(466, 85, 490, 53), 2))$p.value, 0.0047953449729415708, tolerance = 1e-13)
})

test_that("B106, B107: limits and estimate of a table near the end of its support", {
  test <- fisher_test(matrix(c(100, 2, 1, 100), 2), method = "central")
  expect_equal(as.vector(test$conf.int), c(387.2441776111572, 200579.12298997833), tolerance = 1e-12)
  expect_identical(attr(test$conf.int, "conf.level"), 0.95)
  expect_equal(test$estimate, c("odds ratio" = 3630.31720889407), tolerance = 1e-12)
})

test_that("B111: counts above 2^31 are counted, up to 2^53", {
  # Three points of support; the two ends weigh about 2 / (3e9) and 4 / 3 of that.
  expect_equal(fisher_test(matrix(c(3e9, 1, 1, 1), 2))$p.value, 1.3333333317777778e-09, tolerance = 1e-12)
  expect_identical(fisher_test(2^53, 2^53, 2^53, 2^53)$p.value, 1)
  error <- expect_error(fisher_test(matrix(c(2^53 + 2, 1, 1, 1), 2)), class = "cryonodes_error_count")
  expect_match(conditionMessage(error), "counts must be at most 2^53: `x` has 9007199254740994", fixed = TRUE)
})

test_that("B114: a count that is not whole is refused", {
  error <- expect_error(fisher_test(matrix(c(1 + 1e-9, 2, 3, 4), 2)), class = "cryonodes_error_count")
  expect_match(conditionMessage(error), "counts must be whole numbers: `x` has 1.000000001 in row 1, column 1.",
    fixed = TRUE
  )
  expect_identical(error$arg, "x")
  expect_equal(error$rows, 1)
  error <- expect_error(fisher_test(1, 2.5, 3, 4), class = "cryonodes_error_count")
  expect_identical(error$arg, "b")
})

test_that("B117: an infinite count is refused, as are negative and missing ones", {
  error <- expect_error(fisher_test(matrix(c(Inf, 2, 3, 4), 2)), class = "cryonodes_error_count")
  expect_match(conditionMessage(error), "counts must be finite", fixed = TRUE)
  error <- expect_error(fisher_test(matrix(c(1, -2, 3, 4), 2)), class = "cryonodes_error_count")
  expect_match(conditionMessage(error), "counts must be >= 0: `x` has -2 in row 2, column 1.", fixed = TRUE)
  error <- expect_error(fisher_test(matrix(c(1, 2, NA, 4), 2)), class = "cryonodes_error_missing")
  expect_match(conditionMessage(error), "row 1, column 2", fixed = TRUE)
  expect_error(fisher_test(NaN, 2, 3, 4), class = "cryonodes_error_missing")
  expect_error(fisher_test(as.table(matrix(c(1, NA, 3, 4), 2))), class = "cryonodes_error_missing")
})

test_that("B119, B120: an empty margin gives p = 1, no odds ratio, and a warning that names it", {
  expect_degenerate <- function(x, what) {
    warning <- expect_warning(test <- fisher_test(x), class = "cryonodes_warning_degenerate")
    expect_match(conditionMessage(warning), what, fixed = TRUE)
    expect_identical(test$p.value, 1)
    expect_identical(test$log_p_value, 0)
    expect_identical(test$estimate, c("odds ratio" = NA_real_))
    expect_identical(as.vector(test$conf.int), c(0, Inf))
    expect_match(test$meta$notes, what, fixed = TRUE)
  }
  expect_degenerate(matrix(c(0, 0, 3, 4), 2), "column 1 is empty")
  expect_degenerate(t(matrix(c(0, 0, 3, 4), 2)), "row 1 is empty")
  expect_degenerate(matrix(c(0, 3, 0, 4), 2), "row 1 is empty")
  expect_degenerate(t(matrix(c(0, 3, 0, 4), 2)), "column 1 is empty")
  expect_degenerate(matrix(c(0, 0, 3, 0), 2), "row 2 is empty, column 1 is empty")
  expect_degenerate(matrix(c(3, 4, 0, 0), 2, dimnames = list(c("a", "b"), c("yes", "no"))), "column 2 ('no') is empty")
})

test_that("B121: a table with one row is refused", {
  error <- expect_error(fisher_test(matrix(1:3, 1)), class = "cryonodes_error_dim")
  expect_match(conditionMessage(error), "need at least 2 non-empty rows", fixed = TRUE)
  error <- expect_error(fisher_test(matrix(1:3, 3)), class = "cryonodes_error_dim")
  expect_match(conditionMessage(error), "need at least 2 non-empty columns", fixed = TRUE)
  expect_error(fisher_test(cbind(0, c(0, 0, 0, 1))), class = "cryonodes_error_dim")
  expect_error(fisher_test(table(c("a", "b"))), class = "cryonodes_error_dim")
})

test_that("B122: an empty column of a larger table is dropped, with a note", {
  test <- fisher_test(matrix(c(3, 4, 0, 0, 5, 6), 2))
  plain <- fisher_test(matrix(c(3, 4, 5, 6), 2))
  for (field in c("p.value", "log_p_value", "estimate", "conf.int")) expect_identical(test[[field]], plain[[field]])
  expect_identical(test$meta$notes, "column 2 is empty and left out")
  expect_identical(colnames(test$table), c("column 1", "column 3"))
  expect_identical(fisher_test(t(matrix(c(3, 4, 0, 0, 5, 6), 2)))$meta$notes, "row 2 is empty and left out")
})

test_that("B123: a table without observations is refused", {
  for (x in list(matrix(0, 2, 3), matrix(0, 2, 2), matrix(0, 0, 2))) {
    error <- expect_error(fisher_test(x), class = "cryonodes_error_empty")
    expect_match(conditionMessage(error), "table has no observations", fixed = TRUE)
  }
  expect_error(fisher_test(0, 0, 0, 0), class = "cryonodes_error_empty")
  expect_error(fisher_test(character(), character()), class = "cryonodes_error_empty")
})

test_that("B127: counts that are not numbers are refused", {
  error <- expect_error(fisher_test(matrix(c("3", "1", "1", "3"), 2)), class = "cryonodes_error_type")
  expect_match(conditionMessage(error), "counts must be numeric", fixed = TRUE)
  expect_error(fisher_test(matrix(c(TRUE, FALSE, TRUE, TRUE), 2)), class = "cryonodes_error_type")
  expect_error(fisher_test("3", 1, 1, 3), class = "cryonodes_error_type")
  expect_error(fisher_test(3, 1, 1, factor(3)), class = "cryonodes_error_type")
  expect_error(fisher_test(data.frame(a = 1:2, b = 3:4)), class = "cryonodes_error_type")
})

test_that("B129: pairs with a missing value are refused, or left out and counted", {
  x <- c("a", "a", "b", "b")
  y <- c("x", "y", NA, "x")
  error <- expect_error(fisher_test(x, y), class = "cryonodes_error_missing")
  expect_match(conditionMessage(error), "`y` has 1 missing value (row 3)", fixed = TRUE)
  expect_identical(error$arg, "y")
  expect_identical(error$rows, 3L)
  test <- fisher_test(x, y, na.action = "omit")
  expect_identical(test$meta$rows_dropped, 3L)
  expect_identical(test$meta$n_rows, 3)
  expect_identical(unname(test$table), matrix(c(1, 1, 1, 0), 2))
  expect_match(capture.output(print(test))[3], "3 observations, 1 left out for missing values (row 3)", fixed = TRUE)
  expect_identical(fisher_test(x, addNA(y), na.action = "omit")$meta$rows_dropped, 3L)
  expect_error(fisher_test(x, rep(NA, 4), na.action = "omit"), class = "cryonodes_error_empty")
  expect_error(fisher_test(x, y, na.action = "keep"), class = "cryonodes_error_choice")
  old <- options(na.action = "na.omit")
  on.exit(options(old))
  expect_error(fisher_test(x, y), class = "cryonodes_error_missing")
})

test_that("B130: a factor with one level is refused", {
  error <- expect_error(fisher_test(c("a", "a", "b", "b"), c("x", "x", "x", "x")), class = "cryonodes_error_group")
  expect_match(conditionMessage(error), "second factor has 1 level", fixed = TRUE)
  error <- expect_error(fisher_test(c("x", "x"), c("a", "b")), class = "cryonodes_error_group")
  expect_match(conditionMessage(error), "first factor has 1 level", fixed = TRUE)
})

test_that("B131: an unused level is ignored", {
  y <- c("x", "y", "y", "y")
  test <- fisher_test(factor(c("a", "a", "b", "b"), levels = c("a", "b", "c")), y)
  plain <- fisher_test(c("a", "a", "b", "b"), y)
  # Given its totals the table is (1, 1; 0, 2) or (0, 2; 1, 1), each with 1/2.
  expect_identical(test$p.value, 1)
  expect_identical(test$estimate, c("odds ratio" = Inf))
  for (field in c("p.value", "estimate", "conf.int")) expect_identical(test[[field]], plain[[field]])
})

# --- properties ------------------------------------------------------------------------------------------------------

test_that("transposing changes nothing; swapping rows or columns inverts the odds ratio", {
  skip_on_cran() # long
  for (x in random_tables(40, 1)) {
    base <- fisher_test(x)
    expect_true(base$p.value > 0 && base$p.value <= 1)
    turned <- fisher_test(t(x))
    for (field in c("p.value", "log_p_value", "estimate", "conf.int")) expect_identical(turned[[field]], base[[field]])
    for (swapped in list(fisher_test(x[2:1, ]), fisher_test(x[, 2:1]))) {
      expect_identical(swapped$p.value, base$p.value)
      expect_identical(swapped$log_p_value, base$log_p_value)
      expect_equal(swapped$estimate, 1 / base$estimate, tolerance = 1e-14)
      expect_equal(as.vector(swapped$conf.int), 1 / rev(as.vector(base$conf.int)), tolerance = 1e-14)
    }
    expect_identical(p_of(x[2:1, ], "less"), p_of(x, "greater"))
  }
})

test_that("the two one-sided p-values share the observed table alone", {
  for (x in random_tables(40, 2)) {
    own <- stats::dhyper(x[1, 1], sum(x[, 1]), sum(x[, 2]), sum(x[1, ]))
    expect_equal(p_of(x, "less") + p_of(x, "greater") - own, 1, tolerance = 1e-12)
    expect_gte(p_of(x), min(p_of(x, "less"), p_of(x, "greater")) * (1 - 1e-12))
  }
})

test_that("a null value lies inside the limits if and only if no one-sided p-value refuses it", {
  skip_on_cran() # long
  seen <- c(inside = 0, below = 0, above = 0)
  for (x in random_tables(40, 3)) {
    limits <- as.vector(fisher_test(x, conf.level = 0.9, method = "central")$conf.int)
    for (or in c(0.2, 0.5, 1, 2, 5)) {
      below <- p_of(x, "greater", or) < 0.05
      above <- p_of(x, "less", or) < 0.05
      expect_identical(c(or < limits[1], or > limits[2]), c(below, above))
      seen <- seen + c(!below && !above, below, above)
    }
  }
  expect_true(all(seen > 10))
})

test_that("options change print and p in no way", {
  counted <- matrix(c(20, 38, 40, 106), 2)
  before <- fisher_test(counted)
  text <- capture.output(print(before))
  old <- options(digits = 3, OutDec = ",", scipen = -5, contrasts = c("contr.sum", "contr.poly"))
  on.exit(options(old))
  expect_identical(fisher_test(counted), before)
  expect_identical(capture.output(print(before)), text)
})

# --- the object ------------------------------------------------------------------------------------------------------

test_that("matrix, table, factors and four counts are one test", {
  arm <- factor(c("cryo", "cryo", "cryo", "cryo", "drug", "drug", "drug", "drug", "drug"))
  relapse <- c("no", "no", "no", "yes", "yes", "yes", "no", "yes", "yes")
  counted <- table(arm, relapse)
  tests <- list(
    fisher_test(arm, relapse), fisher_test(counted), fisher_test(unclass(counted)), fisher_test(3, 1, 1, 4),
    fisher_test(x = arm, y = relapse), fisher_test(y = relapse, x = arm), fisher_test(a = 3, b = 1, c = 1, d = 4),
    fisher_test(d = 4, 3, 1, 1), fisher_test(alternative = "two.sided", x = counted), fisher_test(x = counted)
  )
  for (test in tests) {
    expect_s3_class(test, c("fisher_test", "htest"), exact = TRUE)
    expect_identical(unname(test$table), matrix(c(3, 1, 1, 4), 2))
    for (field in c("p.value", "log_p_value", "estimate", "conf.int", "null.value", "alternative", "method")) {
      expect_identical(test[[field]], tests[[1]][[field]])
    }
  }
  # Weights C(4, x) C(5, 4 - x): 5, 40, 60, 20, 1 of 126; as improbable as 20 are 5, 20 and 1.
  expect_equal(tests[[1]]$p.value, 26 / 126, tolerance = 1e-13)
  expect_identical(tests[[1]]$data.name, "arm and relapse")
  expect_identical(tests[[2]]$data.name, "counted")
  expect_identical(tests[[4]]$data.name, "(3, 1, 1, 4)")
  expect_identical(dimnames(tests[[1]]$table), list(arm = c("cryo", "drug"), relapse = c("no", "yes")))
  expect_identical(tests[[1]]$meta$format, 1L)
  expect_identical(tests[[1]]$meta$method, "fisher")
  expect_identical(tests[[1]]$meta$rows_dropped, integer())
  expect_null(fisher_test(counted, conf.int = FALSE)$conf.int)
})

test_that("arguments that fit nothing are refused", {
  counted <- matrix(1:4, 2)
  expect_error(fisher_test(), class = "cryonodes_error_type")
  expect_error(fisher_test(3), class = "cryonodes_error_type")
  expect_error(fisher_test(1, 2, 3), class = "cryonodes_error_type")
  expect_error(fisher_test(1, 2, 3, 4, conf = 0.9), class = "cryonodes_error_choice")
  expect_error(fisher_test(a = 1, b = 2, c = 3, e = 4), class = "cryonodes_error_choice")
  expect_error(fisher_test(counted, grid = 2), class = "cryonodes_error_choice")
  expect_error(fisher_test(c(1, 2), 2, 3, 4), class = "cryonodes_error_length")
  expect_error(fisher_test(c("a", "b"), c("a", "b", "c")), class = "cryonodes_error_length")
  expect_error(fisher_test(x = counted, y = c("a", "b"), alternative = "less"), class = "cryonodes_error")
  expect_error(fisher_test(counted, alternative = "l"), class = "cryonodes_error_choice")
  for (or in list(0, -1, Inf, NA, "1", c(1, 2))) {
    expect_error(fisher_test(counted, or = or), class = "cryonodes_error_choice")
  }
  expect_error(fisher_test(counted, conf.level = 1), class = "cryonodes_error_conf_level")
  expect_error(fisher_test(counted, conf.int = NA), class = "cryonodes_error_type")
  error <- expect_error(fisher_test(counted, or = 0), class = "cryonodes_error_choice")
  expect_identical(as.character(error$call), "fisher_test")
})

test_that("print names the groups, the null value, the answer and the source", {
  arm <- rep(c("cryo", "drug"), c(4, 5))
  relapse <- c("no", "no", "no", "yes", "yes", "yes", "no", "yes", "yes")
  expect_identical(capture.output(print(fisher_test(arm, relapse))), c(
    "Fisher's exact test of relapse by arm",
    "Null: odds ratio = 1 of 'no' in 'cryo' against 'drug'; two-sided",
    "9 observations",
    "",
    "     no yes",
    "cryo  3   1",
    "drug  1   4",
    "",
    "p = 0.21; odds ratio 8.35 (95% CI 0.448 to 383)",
    "Two-sided: tables no more probable than this one count (minlike).",
    "Conditional maximum-likelihood odds ratio with the limits of this test; Fisher (1935), Freeman & Halton (1951)."
  ))
  text <- capture.output(print(fisher_test(1e5, 0, 0, 1e5, or = 0.25, alternative = "greater", conf.level = 0.9)))
  expect_match(text[2], "ratio = 0.25 of 'column 1' in 'row 1' against 'row 2'; against a greater one", fixed = TRUE)
  expect_match(text[9], "^p <0.001 \\(log p = -[0-9]+\\); odds ratio Inf \\(90% CI [0-9]+ to Inf\\)$")
  text <- quiet(capture.output(print(fisher_test(0, 0, 3, 4))))
  expect_match(text[9], "p = 1; odds ratio undefined (95% CI 0 to Inf)", fixed = TRUE)
  expect_match(text[12], "Note: row 1 is empty", fixed = TRUE)
  hostile <- c("%s {x} \\q", "a\nb")
  text <- capture.output(print(fisher_test(rep(hostile, 3), c(1, 2, 2, 1, 1, 2))))
  expect_match(text[2], "'%s {x} \\\\q' against 'a\\nb'", fixed = TRUE)
  expect_length(text, 11)
})

test_that("labels that look alike are kept apart and noted", {
  test <- fisher_test(c("a", "A ", "a", "A "), c(0, 1, 1, 0))
  expect_match(test$meta$notes, "labels of `x` look alike but are kept apart: 'a', 'A '|'A ', 'a'")
})

test_that("tidy and glance give broom's columns in one row", {
  test <- fisher_test(20, 40, 38, 106)
  for (row in list(tidy(test), glance(test))) {
    expect_named(row, c("estimate", "p.value", "conf.low", "conf.high", "method", "alternative", "log.p.value"))
    expect_identical(row$p.value, test$p.value)
    expect_identical(row$log.p.value, test$log_p_value)
    expect_identical(c(row$conf.low, row$conf.high), as.vector(test$conf.int))
  }
  expect_identical(tidy(fisher_test(1, 2, 3, 4, conf.int = FALSE))$conf.low, NA_real_)
  skip_if_not_installed("broom")
  expect_identical(as.data.frame(broom::tidy(structure(test, class = "htest")))$estimate[[1]], test$estimate[[1]])
})

test_that("an object that is not whole is refused", {
  test <- fisher_test(1, 2, 3, 4)
  lost <- test
  lost$p.value <- NULL
  old <- test
  old$meta$format <- 0L
  for (bad in list(lost, old)) {
    expect_error(print(bad), class = "cryonodes_error_object")
    expect_error(tidy(bad), class = "cryonodes_error_object")
    expect_error(glance(bad), class = "cryonodes_error_object")
  }
})

test_that("the help's wrong example is wrong where it says so", {
  trial <- matrix(c(20, 38, 40, 106), 2)
  expect_equal(stats::fisher.test(trial)$p.value, 0.39444497619552243, tolerance = 1e-6) # the p that R 4.2.2 printed
  expect_gt(stats::fisher.test(trial)$p.value, fisher_test(trial)$p.value + 0.08)
})
