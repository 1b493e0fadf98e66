library(survival)

# By hand ----------------------------------------------------------------------------------------

by_hand <- data.frame(
  time = c(2, 3, 5, 2, 3, 7, 8), died = c(1, 1, 0, 1, 0, 1, 0), arm = c("a", "a", "a", "b", "b", "b", "b")
)

test_that("a tied death, a death tied with a censoring, a lone censoring and a lone death, by hand", {
  x <- logrank_test(Surv(time, died) ~ arm, by_hand)
  # time 2: 3 + 4 at risk, 2 die:  E_a = 2 * 3/7 = 6/7,  V = 2 (7 - 2) / (7 - 1) * 3*4/49 = 20/49
  # time 3: 2 + 3 at risk, 1 dies: E_a = 2/5,            V = 1 * 4/4 * 2*3/25 = 6/25
  # time 5: no death.   time 7: 0 + 2 at risk, 1 dies: E_a = 0, V = 0
  # E_a = 44/35, E_b = 4 - 44/35 = 96/35, V = 794/1225, O_a - E_a = 26/35
  expect_equal(x$observed, c(a = 2, b = 2), tolerance = 1e-14)
  expect_equal(x$expected, c(a = 44 / 35, b = 96 / 35), tolerance = 1e-14)
  expect_equal(x$covariance, 794 / 1225 * matrix(c(1, -1, -1, 1), 2, dimnames = list(c("a", "b"), c("a", "b"))),
    tolerance = 1e-14
  )
  # (26/35)^2 / (794/1225) = 676/794
  expect_equal(x$statistic, c("X-squared" = 338 / 397), tolerance = 1e-14)
  expect_equal(x$parameter, c(df = 1))
  expect_equal(x$p.value, stats::pchisq(338 / 397, 1, lower.tail = FALSE), tolerance = 1e-13)
  expect_equal(x$n, c(a = 3L, b = 4L))
})

test_that("the hazard ratios by hand: second level divided by first", {
  x <- logrank_test(Surv(time, died) ~ arm, by_hand)
  ratio <- x$hazard_ratio
  z <- 1.9599639845400538556
  # Pike: (2 / (96/35)) / (2 / (44/35)) = 44/96; variance of its logarithm 35/44 + 35/96
  # Peto: exp((2 - 96/35) / (794/1225)) = exp(-455/397); variance 1225/794
  expect_equal(ratio$method, c("Pike", "Peto"))
  expect_equal(ratio$estimate, c(44 / 96, exp(-455 / 397)), tolerance = 1e-14)
  se <- sqrt(c(35 / 44 + 35 / 96, 1225 / 794))
  expect_equal(ratio$conf.low, ratio$estimate * exp(-z * se), tolerance = 1e-14)
  expect_equal(ratio$conf.high, ratio$estimate * exp(z * se), tolerance = 1e-14)
  expect_identical(x$comparison, "hazard of 'b' divided by hazard of 'a'")
  half <- logrank_test(Surv(time, died) ~ arm, by_hand, conf.level = 0.5)$hazard_ratio
  expect_equal(half$conf.high, ratio$estimate * exp(0.67448975019608174320 * se), tolerance = 1e-14)
})

test_that("three groups of one at a single death: chi-square 2 on 2 df", {
  # E = 1/3 each, V = (2/9 on, -1/9 off the diagonal); with the first group left out
  # (1/9) (1, 1) V^-1 (1, 1)' = (1/9) * 3 * (2 + 1 + 1 + 2) = 2
  x <- logrank_test(1:3, c(1, 0, 0), c("a", "b", "c"))
  expect_equal(unname(x$statistic), 2, tolerance = 1e-14)
  expect_equal(unname(x$parameter), 2)
  expect_equal(x$log_p_value, -1, tolerance = 1e-14) # two df: exp(-x / 2)
  expect_null(x$hazard_ratio)
})

# Agreement --------------------------------------------------------------------------------------

test_that("1,000 random cohorts agree with survdiff, and where it fails the reason is known", {
  skip_on_cran() # long
  compared <- singular <- undefined <- single <- 0
  for (seed in 1:1700) {
    d <- random_cohort(seed, groups = 2:5)
    formula <- if (seed %% 3 == 0) Surv(time, status) ~ group + strata(centre) else Surv(time, status) ~ group
    if (length(unique(d$group)) < 2) {
      expect_error(logrank_test(formula, d), class = "cryonodes_error_group")
      single <- single + 1
      next
    }
    ours <- logrank_test(formula, d)
    # With fewer than two groups at risk survdiff asks pchisq() for 0 or -1 degrees of freedom, hence its warnings.
    theirs <- tryCatch(suppressWarnings(survdiff(formula, d)), error = conditionMessage)
    if (is.character(theirs)) {
      # survdiff drops groups with expected 0 and inverts the rest, which is singular when groups with expected > 0
      # were never at risk beside others at an informative event.
      expect_match(theirs, "singular", info = seed)
      claim(ours$parameter < sum(ours$expected > 0) - 1, seed)
      singular <- singular + 1
      next
    }
    total <- function(x) if (is.matrix(x)) rowSums(x) else x
    worst <- max(
      largest_difference(ours$observed, total(theirs$obs)), largest_difference(ours$expected, total(theirs$exp)),
      largest_difference(ours$covariance, theirs$var)
    )
    claim(worst < 1e-12, seed)
    claim(identical(names(ours$n), sub("^group=", "", names(theirs$n))), seed)
    df <- sum(total(theirs$exp) > 0) - 1
    if (ours$parameter == df && df > 0) {
      claim(largest_difference(ours$statistic, theirs$chisq) < 1e-12, seed)
      claim(largest_difference(ours$p.value, theirs$pvalue) < 1e-12, seed)
      compared <- compared + 1
    } else if (df < 1) {
      # "No test, actually": survdiff gives 0 on 0 df.
      claim(identical(unname(ours$statistic), NA_real_), seed)
      undefined <- undefined + 1
    } else {
      # survdiff inverted a matrix that is singular but for rounding: our rank says which.
      claim(ours$parameter < df, seed)
      claim(rcond(theirs$var[total(theirs$exp) > 0, total(theirs$exp) > 0][-1, -1, drop = FALSE]) < 1e-12, seed)
      singular <- singular + 1
    }
  }
  # All four kinds do occur.
  expect_gte(compared, 1000)
  expect_gt(singular, 5)
  expect_gt(undefined, 20)
  expect_gt(single, 20)
})

test_that("groups that never meet are compared within their sets, where survdiff has no answer", {
  d <- data.frame(
    time = c(1, 2, 3, 4, 1, 2, 3, 4), status = 1, group = c("a", "b", "a", "b", "c", "d", "d", "c"),
    centre = rep(c("north", "south"), each = 4)
  )
  x <- logrank_test(Surv(time, status) ~ group + strata(centre), d)
  north <- logrank_test(Surv(time, status) ~ group, d[1:4, ])
  south <- logrank_test(Surv(time, status) ~ group, d[5:8, ])
  # Independent comparisons: chi-squares and degrees of freedom add up.
  expect_equal(x$statistic, north$statistic + south$statistic, tolerance = 1e-14)
  expect_equal(unname(x$parameter), 2)
  expect_match(x$meta$notes, "'a', 'b'.*'c', 'd'", all = FALSE)
  # The generalised inverse of the whole covariance gives the same.
  e <- eigen(x$covariance, symmetric = TRUE)
  kept <- e$values > 1e-10
  u <- crossprod(e$vectors[, kept], x$observed - x$expected)
  expect_equal(sum(kept), 2)
  expect_equal(unname(x$statistic), sum(u^2 / e$values[kept]), tolerance = 1e-13)
})

test_that("the p-value stays on the log scale where it underflows", {
  n <- 4000
  x <- logrank_test(seq_len(2 * n), rep(1, 2 * n), rep(c("early", "late"), each = n))
  expect_gt(x$statistic, 2000)
  expect_identical(x$p.value, 0)
  expect_true(is.finite(x$log_p_value))
  expect_equal(x$log_p_value, stats::pchisq(x$statistic[[1]], 1, lower.tail = FALSE, log.p = TRUE), tolerance = 1e-12)
  expect_equal(glance(x)$log.p.value, x$log_p_value)
})

test_that("published and recorded results are met", {
  cases <- list(
    leukaemia = logrank_test(Surv(time, status) ~ arm, leukaemia()),
    lung = logrank_test(Surv(time, status) ~ sex, survival::lung, event = 2),
    "lung stratified by ph.ecog" =
      logrank_test(Surv(time, status) ~ sex + strata(ph.ecog), survival::lung, event = 2, na.action = "omit"),
    veteran = logrank_test(Surv(time, status) ~ celltype, survival::veteran)
  )
  numbers <- golden("logrank")
  expect_setequal(numbers$dataset, names(cases))
  for (i in seq_len(nrow(numbers))) {
    x <- cases[[numbers$dataset[i]]]
    ours <- switch(numbers$quantity[i],
      statistic = x$statistic, observed = x$observed[numbers$group[i]], expected = x$expected[numbers$group[i]],
      variance = diag(x$covariance)[numbers$group[i]]
    )
    expect_lte(abs(ours - numbers$value[i]) / max(1, abs(numbers$value[i])), numbers$tolerance[i],
      label = paste(numbers$dataset[i], numbers$group[i], numbers$quantity[i])
    )
  }
})

# Properties -------------------------------------------------------------------------------------

informative <- function(seeds) {
  cohorts <- lapply(seeds, random_cohort, groups = 2:5)
  Filter(function(d) nrow(d) >= 10 && length(unique(d$group)) > 1 && sum(d$status) > 3, cohorts)
}
same_test <- function(x, y) {
  max(largest_difference(x$statistic, y$statistic), largest_difference(x$parameter, y$parameter))
}

test_that("row order, group labels, order of groups and time unit change nothing", {
  cohorts <- informative(2001:2060)
  expect_gt(length(cohorts), 20)
  for (d in cohorts) {
    x <- logrank_test(Surv(time, status) ~ group + strata(centre), d)
    shuffled <- d[sample.int(nrow(d)), ]
    expect_lt(same_test(x, logrank_test(Surv(time, status) ~ group + strata(centre), shuffled)), 1e-12)
    turned <- d
    turned$group <- factor(d$group, levels = rev(levels(d$group)), labels = paste("arm", rev(levels(d$group))))
    y <- logrank_test(Surv(time, status) ~ group + strata(centre), turned)
    expect_lt(same_test(x, y), 1e-12)
    expect_lt(largest_difference(rev(y$expected), x$expected), 1e-12)
    expect_lt(same_test(x, logrank_test(Surv(time * 12, status) ~ group + strata(centre), d)), 1e-12)
  }
})

test_that("an empty level and a single stratum change nothing, and observed - expected sums to zero", {
  for (d in informative(2061:2120)) {
    x <- logrank_test(Surv(time, status) ~ group, d)
    more <- transform(d, group = factor(group, levels = c("nobody", levels(group), "none")), one = 1)
    y <- logrank_test(Surv(time, status) ~ group, more)
    expect_identical(y$statistic, x$statistic)
    expect_identical(y$n, x$n)
    expect_identical(logrank_test(Surv(time, status) ~ group + strata(one), more)$covariance, x$covariance)
    expect_lt(abs(sum(x$observed - x$expected)), 1e-12)
    expect_lt(max(abs(rowSums(x$covariance))), 1e-12)
  }
})

test_that("swapping two groups turns the hazard ratios upside down", {
  x <- logrank_test(Surv(time, status) ~ arm, leukaemia())
  y <- logrank_test(Surv(time, status) ~ factor(arm, c("placebo", "6-MP")), leukaemia())
  expect_equal(y$hazard_ratio$estimate, 1 / x$hazard_ratio$estimate, tolerance = 1e-13)
  expect_equal(y$hazard_ratio$conf.low, 1 / x$hazard_ratio$conf.high, tolerance = 1e-13)
  expect_gt(x$hazard_ratio$estimate[1], 1) # placebo, the second level, relapses faster
  expect_match(x$comparison, "'placebo' divided by hazard of '6-MP'")
})

test_that("the p-value is not too small under the null", {
  set.seed(71)
  p <- replicate(400, {
    time <- stats::rexp(60)
    censored <- stats::rexp(60, 0.4)
    logrank_test(pmin(time, censored), time <= censored, rep(1:3, 20))$p.value
  })
  # 400 draws, 5% each: 97.5% point of the binomial is 29, the 99.9% point 34.
  expect_lte(sum(p < 0.05), 34)
  expect_gte(sum(p < 0.05), 8) # 0.1% point: neither may it be blind
})

# The object -------------------------------------------------------------------------------------

test_that("it is an htest with a row per group and a row per test", {
  x <- logrank_test(Surv(time, status) ~ arm, leukaemia())
  expect_s3_class(x, c("logrank_test", "htest"), exact = TRUE)
  expect_identical(x$alternative, "two.sided")
  expect_identical(x$data.name, "Surv(time, status) ~ arm")
  expect_identical(tidy(x)$strata, c("6-MP", "placebo"))
  expect_named(tidy(x), c("strata", "n", "observed", "expected"))
  expect_named(glance(x), c("statistic", "df", "p.value", "log.p.value", "method"))
  expect_equal(exp(glance(x)$log.p.value), glance(x)$p.value)
  expect_output(stats:::print.htest(x), "X-squared = 16.793, df = 1")
})

test_that("formula and vectors agree, strata and labels included", {
  d <- survival::veteran
  x <- logrank_test(Surv(time, status) ~ celltype + strata(trt), d)
  y <- logrank_test(d$time, d$status, d$celltype, strata = d$trt)
  expect_identical(x$statistic, y$statistic)
  expect_identical(x$covariance, y$covariance)
  expect_identical(x$meta$stratum_labels, c("1", "2"))
  expect_match(x$method, "Stratified")
  expect_identical(logrank_test(group = d$celltype, time = d$time, event = d$status)$n, x$n)
})

test_that("two columns of groups and two of strata are their combinations", {
  d <- transform(survival::veteran, cell = paste(trt, prior), stratum = paste(celltype, age > 60))
  x <- logrank_test(Surv(time, status) ~ trt + prior + strata(celltype, age > 60), d)
  y <- logrank_test(Surv(time, status) ~ cell + strata(stratum), d)
  expect_equal(x$statistic, y$statistic, tolerance = 1e-13)
  expect_identical(names(x$n)[1], "1, 0")
})

test_that("a term that is taken out again is no group", {
  x <- logrank_test(Surv(time, status) ~ trt + prior - prior, survival::veteran)
  expect_identical(names(x$n), c("1", "2"))
})

test_that("subset and missing values are counted, never silent", {
  d <- survival::lung
  expect_error(logrank_test(Surv(time, status) ~ ph.ecog, d, event = 2), class = "cryonodes_error_missing")
  x <- logrank_test(Surv(time, status) ~ ph.ecog, d, subset = sex == 1, event = 2, na.action = "omit")
  expect_identical(x$meta$n_rows, sum(d$sex == 1 & !is.na(d$ph.ecog)))
  expect_identical(x$meta$rows_dropped, which(d$sex == 1 & is.na(d$ph.ecog)))
  expect_output(print(x), "1 left out for missing values \\(row 14\\)")
})

test_that("times that differ by rounding are tied unless told otherwise", {
  x <- logrank_test(c(0.3, 0.1 + 0.2, 1, 1), c(1, 1, 0, 0), c(1, 2, 1, 2))
  expect_equal(unname(x$statistic), 0)
  expect_match(x$meta$notes, "merged", all = FALSE)
  y <- logrank_test(c(0.3, 0.1 + 0.2, 1, 1), c(1, 1, 0, 0), c(1, 2, 1, 2), timefix = FALSE)
  expect_gt(y$statistic, 0)
})

test_that("no events in a group: Pike's ratio is 0 without an interval, Peto's has one", {
  x <- logrank_test(1:8, c(1, 0, 1, 0, 1, 0, 0, 0), rep(c("a", "b"), 4))
  expect_identical(x$hazard_ratio$estimate[1], 0)
  expect_identical(x$hazard_ratio$conf.low[1], NA_real_)
  expect_identical(x$hazard_ratio$conf.high[1], NA_real_)
  expect_true(all(is.finite(unlist(x$hazard_ratio[2, -1]))))
  expect_match(x$meta$notes, "no events in 'b'", all = FALSE)
})

test_that("all censored: undefined, with the reason", {
  x <- logrank_test(1:4, rep(0, 4), c(1, 1, 2, 2))
  expect_identical(unname(x$statistic), NA_real_)
  expect_identical(x$p.value, NA_real_)
  expect_match(x$meta$notes, "no events")
  expect_identical(x$hazard_ratio$estimate, c(NA_real_, NA_real_))
})

test_that("what the test does not do is refused by name", {
  d <- transform(by_hand, entry = 0, w = 1)
  expect_error(logrank_test(Surv(time, entry, died) ~ arm, d), class = "cryonodes_error_entry")
  expect_error(logrank_test(Surv(time, died) ~ arm * w, d), class = "cryonodes_error_formula")
  expect_error(logrank_test(Surv(time, died) ~ arm + offset(w), d), class = "cryonodes_error_formula")
  expect_error(logrank_test(Surv(time, died) ~ arm + strata(w, na.group = TRUE), d), class = "cryonodes_error_formula")
  expect_error(logrank_test(Surv(time, died) ~ 1, d), class = "cryonodes_error_group")
  expect_error(logrank_test(Surv(time, died) ~ strata(arm), d), class = "cryonodes_error_group")
  expect_error(logrank_test(Surv(time, died) ~ w, d), class = "cryonodes_error_group")
  expect_error(logrank_test(d$time, d$died), class = "cryonodes_error_group")
  expect_error(logrank_test(d$time, group = d$arm), class = "cryonodes_error_status")
  expect_error(logrank_test(d$time, d$died, d$arm, strata = 1:2), class = "cryonodes_error_length")
  expect_error(logrank_test(Surv(time, died) ~ arm, d, sigma = 1), class = "cryonodes_error_choice")
  expect_error(logrank_test(Surv(time, died) ~ arm, d, conf.level = 95), class = "cryonodes_error_conf_level")
})

test_that("an object that lost a field or its format is refused by every method", {
  x <- logrank_test(Surv(time, died) ~ arm, by_hand)
  damaged <- list({ y <- x; y$expected <- NULL; y }, { y <- x; y$meta$format <- 99L; y }, { y <- x; y$meta <- NULL; y })
  for (y in damaged) {
    expect_error(print(y), class = "cryonodes_error_object")
    expect_error(tidy(y), class = "cryonodes_error_object")
    expect_error(glance(y), class = "cryonodes_error_object")
  }
})

# Published bad inputs, area group ---------------------------------------------------------------

test_that("B071: a group censored before the first event takes a degree of freedom with it, and is named", {
  x <- logrank_test(Surv(c(1, 2, 3, 4, .1, .2), c(1, 1, 1, 1, 0, 0)) ~ c(1, 1, 2, 2, 3, 3))
  expect_equal(unname(x$statistic), 2.882353, tolerance = 1e-6) # printed with 6 decimals
  expect_equal(unname(x$parameter), 1)
  expect_equal(x$p.value, 0.08955507, tolerance = 1e-6) # printed with 8 decimals
  expect_identical(unname(x$expected[3]), 0)
  expect_match(x$meta$notes, "no information from '3'", all = FALSE)
  expect_output(print(x), "no information from '3'")
})

test_that("B074: one event at the last time is no test: NA with a reason, not NaN", {
  x <- logrank_test(Surv(c(5, 1, 2, 3), c(1, 0, 0, 0)) ~ c(1, 1, 2, 2))
  expect_identical(unname(x$statistic), NA_real_)
  expect_identical(x$p.value, NA_real_)
  expect_identical(x$log_p_value, NA_real_)
  expect_match(x$meta$notes, "variance is 0")
  expect_false(any(grepl("NaN", capture.output(print(x)))))
})

test_that("B083: two thousand groups are refused, naming the limit", {
  expect_error(logrank_test(Surv(1:2000, rep(1, 2000)) ~ as.character(1:2000)), "1000", class = "cryonodes_error_group")
  # The limit itself is answered: everybody dies in turn, a group each.
  x <- logrank_test(1:1000, rep(1, 1000), 1:1000)
  expect_equal(unname(x$parameter), 999)
})

# Words ------------------------------------------------------------------------------------------

test_that("print says question, counts, answer, comparison and notes", {
  expect_snapshot(print(logrank_test(Surv(time, status) ~ arm, leukaemia())))
  expect_snapshot(print(logrank_test(c(1, 2, 3, 4, .1, .2), c(1, 1, 1, 1, 0, 0), c(1, 1, 2, 2, 3, 3))))
  expect_snapshot(print(logrank_test(1:4, rep(0, 4), c(1, 1, 2, 2))))
})

test_that("refusals name argument, rule and way out", {
  expect_snapshot(error = TRUE, {
    logrank_test(Surv(time, died) ~ arm, by_hand, weights = time / 2)
    logrank_test(Surv(time, died) ~ 1, by_hand)
    logrank_test(Surv(time, time, died) ~ arm, by_hand)
    logrank_test(Surv(time, died) ~ arm, by_hand, type = "tarone")
  })
})

# The family of weights --------------------------------------------------------------------------

# Cohorts of Klein & Moeschberger: kidney dialysis (119 patients) and cancer of the larynx (90).
textbook <- function(dataset) {
  rows <- utils::read.csv(test_path("..", "golden", "logrank_family_data.csv"))
  rows[rows$dataset == dataset, c("time", "status", "group")]
}

test_that("the family of weights, of two groups, of four and for trend, is what survMisc recorded", {
  numbers <- utils::read.csv(test_path("..", "golden", "logrank_family.csv"))
  expect_gte(nrow(numbers), 80)
  for (i in seq_len(nrow(numbers))) {
    row <- numbers[i, ]
    x <- logrank_test(Surv(time, status) ~ group, textbook(row$dataset),
      type = row$type, rho = row$rho, gamma = row$gamma, trend = row$trend
    )
    scores <- x$trend
    ours <- switch(row$quantity,
      statistic = x$statistic, df = x$parameter, p.value = x$p.value,
      score = if (row$trend) -sum(scores * x$score) else x$score[[2]],
      variance = if (row$trend) drop(scores %*% x$covariance %*% scores) else x$covariance[[1]]
    )
    expect_equal(unname(ours), row$value, tolerance = row$tolerance, label = paste(row, collapse = " "))
  }
})

test_that("rho is survdiff's, on random cohorts with strata", {
  skip_on_cran() # long
  compared <- 0
  for (seed in 1:300) {
    d <- random_cohort(seed, groups = 2:5)
    if (length(unique(d$group)) < 2) next
    rho <- c(0.5, 1, 1.5, 2)[seed %% 4 + 1]
    formula <- if (seed %% 3 == 0) Surv(time, status) ~ group + strata(centre) else Surv(time, status) ~ group
    theirs <- tryCatch(suppressWarnings(survdiff(formula, d, rho = rho)), error = function(e) NULL)
    ours <- logrank_test(formula, d, rho = rho)
    expect_match(ours$method, "Fleming-Harrington")
    expect_null(ours$hazard_ratio)
    total <- function(x) if (is.matrix(x)) rowSums(x) else x
    if (is.null(theirs)) next
    expect_lt(largest_difference(ours$covariance, theirs$var), 1e-12)
    expect_lt(largest_difference(ours$score, total(theirs$obs) - total(theirs$exp)), 1e-12)
    if (ours$parameter == sum(total(theirs$exp) > 0) - 1 && ours$parameter > 0) {
      expect_lt(largest_difference(ours$statistic, theirs$chisq), 1e-11) # theirs is solved without compensation
      compared <- compared + 1
    }
  }
  expect_gt(compared, 150)
})

test_that("weights by hand: two groups, three deaths", {
  # time 2: n = 7, n_a = 3, d = 2 (one of a); time 3: n = 5, n_a = 2, d = 1 (a); time 7: only b.
  # O - E of a: 1 - 6/7 = 1/7 and 1 - 2/5 = 3/5; V: 20/49 and 6/25
  score <- function(w) w[1] / 7 + w[2] * 3 / 5
  variance <- function(w) w[1]^2 * 20 / 49 + w[2]^2 * 6 / 25
  # S before: 1, 5/7; Peto's: 6/8, 6/8 * 5/6
  weights <- list(
    "Gehan-Breslow" = c(7, 5), "Tarone-Ware" = sqrt(c(7, 5)), "Peto-Peto" = c(6 / 8, 5 / 8),
    "modified Peto-Peto" = c(6 / 8 * 7 / 8, 5 / 8 * 5 / 6), logrank = c(1, 1)
  )
  for (type in names(weights)) {
    x <- logrank_test(Surv(time, died) ~ arm, by_hand, type = tolower(type))
    expect_equal(x$score[["a"]], score(weights[[type]]), tolerance = 1e-14)
    expect_equal(x$covariance[[1]], variance(weights[[type]]), tolerance = 1e-14)
    expect_equal(unname(x$statistic), score(weights[[type]])^2 / variance(weights[[type]]), tolerance = 1e-13)
  }
  w <- c((5 / 7)^0.5 * 0, (5 / 7)^0.5 * (2 / 7)^2)
  x <- logrank_test(Surv(time, died) ~ arm, by_hand, rho = 0.5, gamma = 2)
  expect_equal(x$score[["a"]], score(w), tolerance = 1e-13)
  expect_equal(x$covariance[[1]], variance(w), tolerance = 1e-13)
})

test_that("a function of S, the number at risk and the time gives any weights", {
  d <- textbook("larynx")
  seen <- NULL
  x <- logrank_test(Surv(time, status) ~ group, d, type = function(survival, n.risk, time) {
    seen <<- data.frame(survival, n.risk, time)
    sqrt(n.risk)
  })
  expect_equal(x$statistic, logrank_test(Surv(time, status) ~ group, d, type = "Tarone-Ware")$statistic)
  pooled <- summary(survfit(Surv(time, status) ~ 1, d))
  expect_equal(seen$time, pooled$time)
  expect_equal(seen$n.risk, pooled$n.risk)
  expect_equal(seen$survival, c(1, pooled$surv[-length(pooled$surv)]))
  y <- logrank_test(Surv(time, status) ~ group, d, type = function(s, n, t) 1e3 * s * (1 - s))
  expect_equal(y$statistic, logrank_test(Surv(time, status) ~ group, d, rho = 1, gamma = 1)$statistic)
  expect_error(logrank_test(Surv(time, status) ~ group, d, type = function(s, n, t) 1), class = "cryonodes_error_choice")
  expect_error(logrank_test(Surv(time, status) ~ group, d, type = function(s, n, t) stop("no")), "no",
    class = "cryonodes_error_choice"
  )
  expect_error(logrank_test(Surv(time, status) ~ group, d, type = function(s, n, t) log(s - 1)) |> suppressWarnings(),
    class = "cryonodes_error_choice"
  )
})

test_that("delayed entry: the score test of a Cox model, where no two times are equal", {
  skip_on_cran() # long
  for (seed in 1:100) {
    d <- random_cohort(seed, groups = 2:4, entry = TRUE)
    set.seed(seed)
    d$time <- d$time + stats::runif(nrow(d), 0, 0.01)
    if (length(unique(d$group)) < 2 || sum(d$status) < 2) next
    ours <- logrank_test(Surv(entry, time, status) ~ group, d)
    theirs <- suppressWarnings(
      coxph(Surv(entry, time, status) ~ group, d, control = coxph.control(iter.max = 0), ties = "breslow")
    )
    # Groups that are never beside another at an event make their information matrix singular.
    if (ours$parameter == length(ours$n) - 1) {
      expect_equal(unname(ours$statistic), theirs$score, tolerance = 1e-8) # theirs is solved by Cholesky with a tolerance
    }
    expect_equal(
      logrank_test(d$time, d$status, d$group, entry = d$entry, type = "Peto-Peto")$statistic,
      logrank_test(event_counts(Surv(entry, time, status) ~ group, d), type = "Peto-Peto")$statistic
    )
  }
})

test_that("a row of weight 2 is a row twice, counts are rows, and fractions are refused", {
  skip_on_cran()
  for (seed in 1:60) {
    d <- random_cohort(seed, groups = 2:4, weights = TRUE)
    long <- d[rep(seq_len(nrow(d)), d$weight), ]
    if (length(unique(long$group)) < 2) next
    type <- test_types[seed %% 5 + 1]
    x <- logrank_test(Surv(time, status) ~ group + strata(centre), d, weights = weight, type = type)
    y <- logrank_test(Surv(time, status) ~ group + strata(centre), long, type = type)
    same <- c("statistic", "parameter", "p.value", "observed", "expected", "score", "covariance", "n")
    expect_equal(unclass(x)[same], unclass(y)[same], tolerance = 1e-12)
    counts <- event_counts(Surv(time, status) ~ group, long)
    expect_equal(
      unclass(logrank_test(counts, type = type))[same],
      unclass(logrank_test(Surv(time, status) ~ group, long, type = type))[same],
      tolerance = 1e-12
    )
  }
  d <- data.frame(time = 1:4, died = 1, arm = c(1, 1, 2, 2), w = c(1, 2, 0.5, 1))
  expect_error(logrank_test(Surv(time, died) ~ arm, d, weights = w), "0.5 in row 3", class = "cryonodes_error_weights")
})

test_that("trend: scores in order, under their names, and what is no score", {
  d <- textbook("larynx")
  x <- logrank_test(Surv(time, status) ~ group, d, trend = TRUE)
  expect_equal(unname(x$parameter), 1)
  expect_match(x$method, "for trend")
  expect_identical(x$trend, c("1" = 1, "2" = 2, "3" = 3, "4" = 4))
  # Neither origin nor unit of the scores counts.
  for (scores in list(
    c(10, 20, 30, 40), c(4, 3, 2, 1), c("4" = 4, "1" = 1, "3" = 3, "2" = 2), 1:4 * 1e300, 1:4 * 1e-300
  )) {
    expect_equal(logrank_test(Surv(time, status) ~ group, d, trend = scores)$statistic, x$statistic)
  }
  # Of two groups it is the test itself.
  expect_equal(
    logrank_test(Surv(time, died) ~ arm, by_hand, trend = TRUE)$p.value, logrank_test(Surv(time, died) ~ arm, by_hand)$p.value
  )
  expect_output(print(x), "trend")
  for (wrong in list("a", c(1, 2), c(1, 2, 3, NA), c(a = 1, b = 2, c = 3, d = 4), rep(1, 4))) {
    expect_error(logrank_test(Surv(time, status) ~ group, d, trend = wrong), class = "cryonodes_error_choice")
  }
})

test_that("one sample: survdiff's test against an expected survival, and by hand with delayed entry", {
  d <- survival::lung
  s0 <- function(t) exp(-(t / 400)^1.2)
  x <- logrank_test(Surv(time, status) ~ 1, d, event = 2, reference = s0)
  theirs <- survdiff(Surv(time, status) ~ offset(s0(time)), d)
  expect_equal(unname(x$statistic), theirs$chisq, tolerance = 1e-12)
  expect_equal(unname(x$expected), theirs$exp, tolerance = 1e-12)
  expect_equal(x$p.value, theirs$pvalue, tolerance = 1e-12)
  poisson <- stats::poisson.test(sum(d$status == 2), theirs$exp)
  expect_equal(as.vector(x$conf.int), as.vector(poisson$conf.int), tolerance = 1e-12)
  expect_equal(unname(x$estimate), unname(poisson$estimate), tolerance = 1e-12)
  expect_output(print(x), "Observed / expected")
  # Hazard 1/10: (0, 4], (2, 5], (3, 6] are 4 + 3 + 3 = 10 years, 1 expected; 2 died.
  y <- logrank_test(c(4, 5, 6), c(1, 0, 1), entry = c(0, 2, 3), reference = function(t) exp(-t / 10))
  expect_equal(unname(y$expected), 1, tolerance = 1e-14)
  expect_equal(unname(y$statistic), 1, tolerance = 1e-13)
  counts <- event_counts(Surv(entry, time, died) ~ 1, data.frame(entry = c(0, 2, 3), time = 4:6, died = c(1, 0, 1)))
  expect_equal(logrank_test(counts, reference = function(t) exp(-t / 10))$expected, y$expected, tolerance = 1e-13)
  wrong <- list(
    "a", function(t) 1, function(t) rep(2, length(t)), function(t) stop("no"), function(t) t / 1e4, function(t) 0 * t
  )
  for (f in wrong) {
    expect_error(logrank_test(Surv(time, status) ~ 1, d, event = 2, reference = f), class = "cryonodes_error_choice")
  }
  expect_error(logrank_test(Surv(time, status) ~ sex, d, event = 2, reference = s0), class = "cryonodes_error_choice")
})

test_that("types that are none are refused", {
  for (wrong in list("tarone", 1, NA, c("logrank", "Cox"), list())) {
    expect_error(logrank_test(Surv(time, died) ~ arm, by_hand, type = wrong), class = "cryonodes_error_choice")
  }
  expect_error(logrank_test(Surv(time, died) ~ arm, by_hand, rho = -1), class = "cryonodes_error_choice")
  expect_error(logrank_test(Surv(time, died) ~ arm, by_hand, type = "Peto-Peto", rho = 1), class = "cryonodes_error_choice")
  expect_error(logrank_test(Surv(time, died) ~ arm, by_hand, type = sqrt, gamma = 1), class = "cryonodes_error_choice")
})

test_that("columns of strata and clusters are combined by their values, not by how they print", {
  set.seed(1)
  d <- data.frame(
    time = sample(30, 24), died = 1, arm = rep(1:2, 12), a = rep(c("x, y", "x"), each = 12),
    b = rep(c("z", "y, z"), each = 12), id = rep(1:12, each = 2), one = 1
  )
  expect_error(logrank_test(Surv(time, died) ~ arm + strata(a, b), d), "print as", class = "cryonodes_error_group")
  expect_error(logrank_test(Surv(time, died) ~ a + b, d), "print as", class = "cryonodes_error_group")
  both <- logrank_test(Surv(time, died) ~ arm + cluster(a, id), d, distribution = "asymptotic")
  expect_equal(both$meta$n_cluster, 12)
  expect_error(logrank_test(Surv(time, died) ~ arm + strata(id, 1:3), d), class = "cryonodes_error_length")
  expect_error(logrank_test(Surv(time, died) ~ arm + strata(), d), class = "cryonodes_error_formula")
  expect_error(logrank_test(Surv(time, died) ~ arm + cluster(one, as.raw(id)), d), class = "cryonodes_error_type")
  d$id[3] <- NA
  expect_error(logrank_test(Surv(time, died) ~ arm + cluster(one, id), d), "row 3", class = "cryonodes_error_missing")
  two <- logrank_test(Surv(time, died) ~ arm + strata(one, b), d)
  expect_identical(two$meta$stratum_labels, c("1, y, z", "1, z"))
})

test_that("a small plain test by one call is the one that R puts together", {
  skip_on_cran() # long
  one_call <- 0
  for (seed in 1:120) {
    set.seed(seed)
    n <- sample(c(6, 20, 60, 200), 1)
    d <- data.frame(
      time = if (seed %% 2 == 0) sample(30, n, TRUE) + 0 else stats::rexp(n), status = stats::rbinom(n, 1, 0.7),
      group = rep_len(switch(seed %% 3 + 1, c("a", "b"), factor(c("x", "y"), c("y", "x")), c(7, 3)), n)
    )
    if (seed %% 5 == 0) d$group <- rep_len(c("a", "b", "c"), n)
    # A default that is spelled out goes the long way.
    expect_identical(
      logrank_test(d$time, d$status, d$group), logrank_test(d$time, d$status, d$group, timefix = TRUE)
    )
    expect_identical(
      logrank_test(Surv(time, status) ~ group, d), logrank_test(Surv(time, status) ~ group, d, timefix = TRUE)
    )
    one_call <- one_call + !is.null(plain_logrank_cpp(d$time, d$status, d$group, max_groups))
  }
  expect_gt(one_call, 40)
  # Names that want quotes keep them.
  odd <- setNames(d, c("time", "status", "if"))
  expect_identical(logrank_test(Surv(time, status) ~ `if`, odd)$data.name, "Surv(time, status) ~ `if`")
})

test_that("very many rows that are counted as they are read: one call, the same test, the same errors", {
  skip_on_cran() # long
  set.seed(1)
  n <- 100000
  d <- data.frame(
    time = as.double(sample(900, n, TRUE)), status = stats::rbinom(n, 1, 0.5),
    group = factor(sample(c("x", "y"), n, TRUE))
  )
  expect_s3_class(plain_logrank_cpp(d$time, d$status, d$group, max_groups), "logrank_test")
  expect_null(plain_logrank_cpp(d$time[-1], d$status[-1], d$group[-1], max_groups)) # neither few nor very many
  expect_null(plain_logrank_cpp(d$time + 0.5, d$status, d$group, max_groups)) # to be ordered
  expect_null(plain_logrank_cpp(d$time, d$status, rep_len(1:3, n), max_groups)) # not in two groups
  both_ways <- function(d) {
    result_of <- function(call) tryCatch(call, cryonodes_error = conditionMessage)
    quick <- result_of(logrank_test(Surv(time, status) ~ group, d))
    expect_identical(quick, result_of(logrank_test(Surv(time, status) ~ group, d, timefix = TRUE)))
    by_vectors <- result_of(logrank_test(d$time, d$status, d$group))
    expect_identical(by_vectors, result_of(logrank_test(d$time, d$status, d$group, timefix = TRUE)))
    quick
  }
  expect_s3_class(both_ways(d), "logrank_test")
  expect_s3_class(both_ways(transform(d, group = as.integer(group) + 4L)), "logrank_test")
  # A fraction far down; what is wrong there.
  expect_s3_class(both_ways(replace(d, "time", list(replace(d$time, 99999, 0.5)))), "logrank_test")
  for (bad in list(NA, -1, Inf)) {
    expect_match(both_ways(replace(d, "time", list(replace(d$time, 99999, bad)))), "99999", fixed = TRUE)
  }
  expect_type(both_ways(replace(d, "status", list(replace(d$status, 99999, 7)))), "character")
  expect_type(both_ways(replace(d, "group", list(replace(d$group, 99999, NA)))), "character")
})

test_that("a field that is of another kind than it was is named", {
  x <- logrank_test(c(1, 2, 3, 4, 5, 6), c(1, 1, 0, 1, 1, 1), c("a", "b", "a", "b", "a", "b"))
  damaged <- function(field, value) {
    x[[field]] <- value
    x
  }
  for (method in list(print, tidy, glance)) {
    expect_error(method(damaged("statistic", "6.2")), "field 'statistic' is of type character, not numeric",
      class = "cryonodes_error_object"
    )
    expect_error(method(damaged("method", 1)), "'method' is of type double, not character",
      class = "cryonodes_error_object"
    )
    expect_error(method(damaged("hazard_ratio", "1.2")), "'hazard_ratio' is of type character, not list",
      class = "cryonodes_error_object"
    )
  }
})

test_that("what is missing is told, also where a wrapper hands it on, and whichever way the arguments are given", {
  wrapper <- function(time, event, group) logrank_test(time, event, group)
  expect_error(wrapper(c(1, 2), , c(0, 1)), "`event` is missing", class = "cryonodes_error_status")
  expect_error(logrank_test(c(1, 2), , c(0, 1)), "`event` is missing", class = "cryonodes_error_status")
  expect_error(logrank_test(c(1, 2), c(1, 1), ), class = "cryonodes_error_group")
  time <- c(5, 3, 8, 1, 9, 4, 7, 2, 6, 10, 12, 11)
  group <- rep(c(5L, 6L), 6)
  x <- wrapper(time, rep(1, 12), group)
  expect_equal(x, logrank_test(group = group, event = rep(1, 12), time = time), tolerance = 1e-14)
  expect_equal(x, logrank_test(time, rep(1, 12), as.character(group)), tolerance = 1e-14)
})
