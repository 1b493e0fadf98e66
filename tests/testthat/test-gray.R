library(survival)

# Ten patients, ties among them, for tests of words.
ten_patients <- function() {
  data.frame(
    months = c(3, 8, 8, 12, 15, 20, 24, 30, 31, 33),
    outcome = factor(
      c("none", "relapse", "death", "relapse", "relapse", "death", "relapse", "none", "none", "death"),
      c("none", "relapse", "death")
    ),
    arm = rep(c("a", "b"), each = 5), id = c(1, 1, 2, 3, 4, 5, 5, 6, 7, 8)
  )
}

# What a change that must not matter has to leave as it was.
numbers_of <- function(x) {
  c(x$statistic, x$parameter, x$p.value, x$log_p_value, x$observed, x$expected, x$score, x$covariance)
}

test_that("recorded tests of cmprsk are met: help page, ties, strata, rho, two to five groups", {
  skip_on_cran() # long
  numbers <- golden("gray")
  data <- utils::read.csv(test_path("..", "golden", "gray_data.csv"))
  for (i in seq_len(nrow(numbers))) {
    row <- numbers[i, ]
    d <- data[data$dataset == row$dataset, ]
    x <- gray_test(d$time, d$status, d$group,
      strata = if (row$stratified) d$stratum, cause = row$cause, rho = row$rho, timefix = FALSE
    )
    expect_equal(unname(x$statistic), row$statistic, tolerance = row$tolerance, label = paste("statistic", i))
    expect_identical(unname(x$parameter), as.double(row$df))
    expect_lt(abs(x$p.value - row$p.value), row$tolerance) # theirs is 1 - pchisq()
    if (row$stratified) {
      again <- gray_test(Surv(time, status) ~ group + strata(stratum), d,
        cause = row$cause, rho = row$rho, timefix = FALSE
      )
      expect_identical(numbers_of(again), numbers_of(x))
    }
  }
})

# The definition on the help page, word for word: every event is followed into the scores of all later times.
by_definition <- function(d, cause, rho) {
  groups <- levels(droplevels(d$group))
  k <- length(groups)
  times <- sort(unique(d$time[d$state != "censored"]))
  S <- rep(1, k)
  F_k <- rep(0, k)
  pooled <- 0
  U <- rep(0, k)
  grown <- matrix(0, k, k)
  parts <- list()
  for (time in times) {
    count <- function(rows) vapply(groups, function(g) sum(d$group == g & rows), 0, USE.NAMES = FALSE)
    n <- count(d$time >= time)
    d_i <- count(d$time == time & d$state == cause)
    e_i <- count(d$time == time & d$state != cause & d$state != "censored")
    there <- n > 0
    r <- ifelse(there, n / S, 0)
    h <- r * (1 - F_k)
    after <- ifelse(there, S * (1 - (d_i + e_i) / n), S)
    events <- sum(d_i)
    F_k <- F_k + ifelse(there, S * d_i / n, 0)
    before <- pooled
    if (events > 0) {
      pooled <- pooled + events / sum(r)
      if (sum(there) > 1) {
        U <- U + (1 - before)^rho * (d_i - events * h / sum(h))
        a <- (1 - before)^rho * (diag(r, k) - outer(r, r) / sum(r))
        grown <- grown + a * events / (sum(r) * (1 - before))
        for (g in which(there)) {
          m <- sum(r) * S[g]
          parts <- c(parts, list(list(
            g = g, a = a[, g], grown = grown[, g], t = if (after[g] > 0) 1 - (1 - pooled) / after[g] else 1,
            w = events / (sum(r) * r[g]) * if (events > 1) (m - events) / (m - 1) else 1
          )))
        }
      }
    }
    for (g in which(e_i > 0 & after > 0)) {
      parts <- c(parts, list(list(
        g = g, a = rep(0, k), grown = grown[, g], t = (1 - pooled) / after[g],
        w = e_i[g] / r[g]^2 * if (e_i[g] > 1) (n[g] - e_i[g]) / (n[g] - 1) else 1
      )))
    }
    S <- after
  }
  V <- matrix(0, k, k)
  for (x in parts) {
    moved <- x$a + x$t * (grown[, x$g] - x$grown)
    V <- V + x$w * outer(moved, moved)
  }
  list(score = U, covariance = V)
}

test_that("score and covariance are those of the definition, whatever the degrees of freedom", {
  skip_on_cran() # long
  compared <- 0
  for (seed in 1:120) {
    d <- random_causes(seed, groups = 2:5)
    if (nlevels(droplevels(d$group)) < 2 || all(d$state != "relapse")) next
    rho <- c(0, 1)[1 + seed %% 2]
    x <- gray_test(Surv(time, state) ~ group, d, cause = "relapse", rho = rho, timefix = FALSE)
    told <- by_definition(d, "relapse", rho)
    expect_equal(unname(x$score), told$score, tolerance = 1e-11)
    if (!all(is.finite(told$covariance))) next
    expect_lt(max(abs(x$covariance - told$covariance)), 1e-9 * max(1, told$covariance))
    compared <- compared + 1
  }
  expect_gt(compared, 60)
})

test_that("order of rows, names of groups, a change of time and an empty level leave the test as it is", {
  skip_on_cran() # long
  for (seed in 1:40) {
    d <- random_causes(seed, groups = 2:4)
    if (nlevels(droplevels(d$group)) < 2) next
    x <- gray_test(Surv(time, state) ~ group, d, cause = "relapse", rho = 0.5)
    moved <- d[sample.int(nrow(d)), ]
    expect_equal(numbers_of(gray_test(Surv(time, state) ~ group, moved, cause = "relapse", rho = 0.5)), numbers_of(x),
      tolerance = 1e-12
    )
    later <- transform(d, time = 3 + time^2)
    expect_equal(
      numbers_of(gray_test(Surv(time, state) ~ group, later, cause = "relapse", rho = 0.5, timefix = FALSE)),
      numbers_of(gray_test(Surv(time, state) ~ group, d, cause = "relapse", rho = 0.5, timefix = FALSE)),
      tolerance = 1e-12
    )
    turned <- transform(d, group = factor(group, rev(levels(group))))
    y <- gray_test(Surv(time, state) ~ group, turned, cause = "relapse", rho = 0.5)
    expect_equal(y$score[names(x$score)], x$score, tolerance = 1e-12)
    expect_equal(y$statistic, x$statistic, tolerance = 1e-8) # the one group that is left out is another
    expect_identical(y$parameter, x$parameter)
    d$group <- droplevels(d$group) # random_causes() has a level too many
    expect_identical(numbers_of(gray_test(Surv(time, state) ~ group, d, cause = "relapse", rho = 0.5)), numbers_of(x))
  }
})

test_that("a row of weight 2 is two rows, counts are rows, and plain vectors are the formula", {
  d <- random_causes(26, groups = 3, weights = TRUE)
  x <- gray_test(Surv(time, state) ~ group, d, weights = weight, cause = "death")
  twice <- d[rep(seq_len(nrow(d)), d$weight), ]
  plain <- gray_test(Surv(time, state) ~ group, twice, cause = "death")
  expect_equal(numbers_of(x), numbers_of(plain), tolerance = 1e-12)
  expect_identical(x$n, plain$n)
  counts <- event_counts(Surv(time, state) ~ group, data = twice)
  expect_equal(numbers_of(gray_test(counts, cause = "death")), numbers_of(plain), tolerance = 1e-12)
  expect_equal(numbers_of(gray_test(twice$time, twice$state, twice$group, cause = "death")), numbers_of(plain))
  half <- expect_error(gray_test(Surv(time, state) ~ group, d, weights = weight / 2), class = "cryonodes_error_weights")
  expect_match(conditionMessage(half), "Gray's test takes whole counts")
})

test_that("with one cause the score is the log-rank test's, and the statistics agree in large cohorts", {
  for (seed in 1:30) {
    d <- random_cohort(seed, groups = 2:4)
    if (nlevels(droplevels(d$group)) < 2) next
    ours <- gray_test(Surv(time, status) ~ group + strata(centre), d)
    theirs <- logrank_test(Surv(time, status) ~ group + strata(centre), d)
    expect_equal(ours$score, theirs$score, tolerance = 1e-12)
    expect_equal(ours$expected, theirs$expected, tolerance = 1e-12)
  }
  set.seed(5)
  n <- 4000
  d <- data.frame(time = stats::rexp(n), status = as.integer(stats::runif(n) < 0.7), arm = rep(1:2, n / 2))
  # The variances are two estimates of the same, and differ by the order of 1 / sqrt(n).
  expect_equal(gray_test(Surv(time, status) ~ arm, d)$statistic, logrank_test(Surv(time, status) ~ arm, d)$statistic,
    tolerance = 0.02
  )
})

test_that("scores sum to 0, and so do the rows of their covariance", {
  for (seed in 1:20) {
    d <- random_causes(seed, groups = 2:4)
    if (nlevels(droplevels(d$group)) < 2) next
    x <- gray_test(Surv(time, state) ~ group + strata(centre), d, cause = "relapse", rho = 1)
    expect_lt(abs(sum(x$score)), 1e-12)
    expect_equal(sum(x$observed), sum(x$expected), tolerance = 1e-12)
    if (!anyNA(x$covariance)) expect_lt(max(abs(rowSums(x$covariance))), 1e-11 * max(1, x$covariance))
  }
})

test_that("the p-value has a logarithm where it is 0 itself", {
  n <- 4000
  x <- gray_test(c(seq_len(n), n + seq_len(n)), rep(c(1, 2), n), rep(c("a", "b"), each = n), cause = 1)
  expect_identical(x$p.value, 0)
  expect_true(is.finite(x$log_p_value))
  expect_equal(x$log_p_value, stats::pchisq(unname(x$statistic), 1, lower.tail = FALSE, log.p = TRUE),
    tolerance = 1e-10
  )
})

# p by every way of dealing in turn, each of them a test of its own.
by_hand <- function(d, cause, second, units = seq_len(nrow(d))) {
  statistic <- function(of_second) {
    unname(gray_test(d$time, d$state, ifelse(units %in% of_second, "b", "a"), cause = cause)$statistic)
  }
  found <- statistic(second)
  all <- apply(utils::combn(length(unique(units)), length(second)), 2, statistic)
  mean(is.na(all) | all >= found * (1 - 1e-9))
}

test_that("the exact p is that of every way of dealing in turn, ties and censorings included", {
  skip_on_cran()
  compared <- 0
  for (seed in 1:25) {
    set.seed(seed)
    n <- sample(6:8, 1)
    d <- data.frame(
      time = if (seed %% 2) sample.int(5, n, TRUE) else stats::rexp(n),
      state = factor(sample(0:2, n, TRUE), 0:2), group = sample(c("a", "a", "b", "b", sample(c("a", "b"), n - 4, TRUE)))
    )
    x <- gray_test(Surv(time, state) ~ group, d, cause = 1, distribution = "exact")
    if (is.na(x$statistic)) {
      expect_identical(x$p.value, NA_real_)
      next
    }
    expect_equal(x$p.value, by_hand(d, 1, which(d$group == "b")), tolerance = 1e-12)
    expect_identical(x$permutation$ways, choose(n, sum(d$group == "b")))
    expect_identical(x$statistic, gray_test(Surv(time, state) ~ group, d, cause = 1)$statistic)
    expect_null(x$parameter)
    compared <- compared + 1
  }
  expect_gt(compared, 12)
})

test_that("B150, B152: four events in turn, two and two; ties count", {
  # Ways {1, 2} and {3, 4} have the largest statistic, and both are the observed one.
  x <- gray_test(Surv(c(1, 2, 3, 4), c(1, 1, 1, 1)) ~ c(1, 1, 2, 2), distribution = "exact")
  expect_equal(x$p.value, 1 / 3, tolerance = 1e-15)
  expect_output(print(x), "All 6 ways of dealing 4 rows: p = 0.33")
  expect_identical(x$method, "Gray's test, exact permutation")
  d <- data.frame(time = c(1, 1, 2, 2, 1, 2, 2, 3), state = factor(c(1, 2, 1, 1, 2, 1, 0, 1)))
  y <- gray_test(d$time, d$state, rep(c("a", "b"), each = 4), cause = 1, distribution = "exact")
  expect_equal(y$p.value, by_hand(d, 1, 5:8), tolerance = 1e-12)
})

test_that("drawn ways agree with all ways within their interval; the seed decides, the threads do not", {
  set.seed(6)
  d <- data.frame(time = stats::rexp(14), state = factor(sample(0:2, 14, TRUE)), arm = rep(1:2, c(6, 8)))
  exact <- gray_test(Surv(time, state) ~ arm, d, cause = 1, distribution = "exact")
  x <- gray_test(Surv(time, state) ~ arm, d, cause = 1, distribution = "approximate", seed = 3)
  expect_gt(exact$p.value, x$permutation$p.low)
  expect_lt(exact$p.value, x$permutation$p.high)
  expect_equal(x$p.value, (x$permutation$hits + 1) / 10000)
  expect_equal(x$log_p_value, log(x$p.value))
  for (distribution in c("exact", "approximate")) {
    one <- gray_test(Surv(time, state) ~ arm, d, cause = 1, distribution = distribution, seed = 3)
    two <- gray_test(Surv(time, state) ~ arm, d, cause = 1, distribution = distribution, seed = 3, threads = 2)
    expect_identical(two, one)
  }
  other <- gray_test(Surv(time, state) ~ arm, d, cause = 1, distribution = "approximate", seed = 4)
  expect_false(identical(other$permutation$hits, x$permutation$hits))
  set.seed(9)
  a <- gray_test(Surv(time, state) ~ arm, d, cause = 1, distribution = "approximate", replicates = 199)
  set.seed(9)
  expect_identical(gray_test(Surv(time, state) ~ arm, d, cause = 1, distribution = "approximate", replicates = 199), a)
  expect_output(print(a), "199 random ways of dealing 14 rows")
})

test_that("patients are dealt out as a whole; of one lesion each, they are rows", {
  d <- data.frame(
    time = c(5, 8, 12, 3, 9, 9, 14, 20, 6, 2), state = factor(c(1, 0, 2, 1, 1, 0, 1, 0, 2, 1)),
    arm = c("a", "a", "a", "b", "b", "b", "b", "a", "a", "b"), patient = c(1, 1, 2, 3, 3, 3, 4, 5, 5, 6)
  )
  x <- gray_test(Surv(time, state) ~ arm + cluster(patient), d, cause = 1)
  expect_identical(x$permutation$distribution, "exact")
  expect_identical(x$permutation$ways, 20)
  expect_equal(x$p.value, by_hand(d, 1, c(3, 4, 6), d$patient), tolerance = 1e-12)
  expect_identical(x$method, "Clustered Gray's test, exact permutation")
  expect_output(print(x), "ways of dealing 6 clusters \\(patient\\)")
  drawn <- gray_test(Surv(time, state) ~ arm, d, cause = 1, cluster = patient, distribution = "approximate", seed = 1)
  expect_gt(x$p.value, drawn$permutation$p.low)
  expect_lt(x$p.value, drawn$permutation$p.high)
  d$row <- sample(10)
  alone <- gray_test(Surv(time, state) ~ arm + cluster(row), d, cause = 1)
  rows <- gray_test(Surv(time, state) ~ arm, d, cause = 1, distribution = "exact")
  expect_identical(alone$p.value, rows$p.value)
  expect_identical(alone$statistic, rows$statistic)
})

test_that("more than two groups and strata are drawn, never counted; clusters of many ways too", {
  d <- mgus_data()[1:300, ]
  d$grade <- cut(d$age, c(0, 65, 75, 120))
  x <- gray_test(Surv(time, state) ~ grade + strata(group), d,
    cause = "death", distribution = "approximate", seed = 1, replicates = 499
  )
  expect_identical(x$p.value, 1 / 500) # the chi-square distribution has far less
  expect_lt(gray_test(Surv(time, state) ~ grade + strata(group), d, cause = "death")$p.value, 1e-6)
  for (formula in list(Surv(time, state) ~ grade, Surv(time, state) ~ group + strata(grade))) {
    expect_error(gray_test(formula, d, distribution = "exact"), class = "cryonodes_error_choice")
  }
  expect_error(gray_test(Surv(time, state) ~ group, d, distribution = "exact"), class = "cryonodes_error_memory")
  y <- gray_test(Surv(time, state) ~ group, d, cluster = id, replicates = 99, seed = 2)
  expect_identical(y$permutation$distribution, "approximate")
  expect_match(y$meta$notes, "too many ways", all = FALSE)
})

test_that("the exact p keeps its level under the null", {
  set.seed(98)
  p <- replicate(200, {
    state <- factor(sample(0:2, 12, TRUE, prob = c(1, 2, 2)), 0:2)
    gray_test(stats::rexp(12), state, rep(1:2, 6), cause = 1, distribution = "exact")$p.value
  })
  expect_lte(sum(p <= 0.05, na.rm = TRUE), 21) # 99.9% point of Binomial(200, 0.05)
})

test_that("the first cause is compared unless another is named, and that is told", {
  d <- ten_patients()
  x <- gray_test(Surv(months, outcome) ~ arm, d)
  expect_identical(x$cause, "relapse")
  expect_match(x$meta$notes, "first of the causes 'relapse', 'death' is compared", all = FALSE)
  named <- gray_test(Surv(months, outcome) ~ arm, d, cause = "relapse")
  expect_identical(numbers_of(named), numbers_of(x))
  expect_false(any(grepl("first of the causes", named$meta$notes)))
  coded <- gray_test(d$months, as.integer(d$outcome) - 1L, d$arm, cause = 2)
  expect_equal(numbers_of(coded), numbers_of(gray_test(Surv(months, outcome) ~ arm, d, cause = "death")))
  expect_identical(numbers_of(gray_test(d$months, as.character(d$outcome), d$arm, censor = "none", cause = "death")),
    numbers_of(coded)
  )
  for (wrong in list("lost", 3, c("relapse", "death"), NA, list(1))) {
    expect_error(gray_test(Surv(months, outcome) ~ arm, d, cause = wrong), class = "cryonodes_error_choice")
  }
  expect_silent(gray_test(Surv(months, outcome != "none") ~ arm, d))
})

test_that("print, tidy and glance say what was tested", {
  d <- ten_patients()
  x <- gray_test(Surv(months, outcome) ~ arm, d, cause = "relapse", rho = 1)
  expect_s3_class(x, c("gray_test", "htest"), exact = TRUE)
  text <- paste(utils::capture.output(print(x)), collapse = "\n")
  expect_match(text, "Gray's (rho = 1) test of the null hypothesis that the incidence of 'relapse' is the same in all",
    fixed = TRUE
  )
  expect_match(text, "Surv(months, outcome) ~ arm; 10 rows used", fixed = TRUE)
  expect_match(text, "n observed expected score", fixed = TRUE)
  expect_match(text, "Chi-square .* on 1 df, p = .*\nGray \\(1988\\)\\.")
  expect_output(stats:::print.htest(x), "X-squared = .*df = 1")
  table <- tidy(x)
  expect_identical(table[c("cause", "strata", "observed")],
    data.frame(cause = "relapse", strata = c("a", "b"), observed = c(3, 1))
  )
  expect_identical(names(table), c("cause", "strata", "n", "observed", "expected", "score"))
  expect_identical(table$n, c(5L, 5L))
  row <- glance(x)
  expect_identical(names(row), c("cause", "statistic", "df", "p.value", "log.p.value", "method"))
  expect_equal(row$log.p.value, log(row$p.value), tolerance = 1e-12)
  expect_identical(glance(gray_test(Surv(months, outcome) ~ arm, d, distribution = "exact"))$df, NA_real_)
  expect_error(tidy.gray_test(structure(list(), class = "gray_test")), class = "cryonodes_error_object")
})

test_that("B215: a label is text, not a format", {
  d <- transform(ten_patients(), arm = rep(c("100%s", "%d"), each = 5))
  x <- gray_test(Surv(months, outcome) ~ arm, d, cause = "relapse")
  expect_output(print(x), "100%s")
})

test_that("what has no answer is NA, with the reason", {
  reason <- function(x, words) {
    expect_identical(c(unname(x$statistic), x$p.value, x$log_p_value), rep(NA_real_, 3))
    expect_match(x$meta$notes, words, all = FALSE)
    expect_output(print(x), "Chi-square undefined")
  }
  d <- ten_patients()
  levels(d$outcome) <- c("none", "relapse", "death")
  d$outcome <- factor(d$outcome, c("none", "relapse", "death", "never"))
  reason(gray_test(Surv(months, outcome) ~ arm, d, cause = "never"), "no event of 'never'")
  # B155: nobody has any event.
  reason(gray_test(1:4, rep(0, 4), c(1, 1, 2, 2)), "no event of 'event'")
  # B074: one event, with only one at risk.
  reason(gray_test(c(5, 1, 2, 3), c(1, 0, 0, 0), c(1, 1, 2, 2)), "no event of '1' at which two groups were at risk")
  reason(gray_test(rep(4, 6), c(1, 1, 1, 1, 1, 1), rep(1:2, 3)), "had the event at one time: the variance is 0")
  lone <- gray_test(c(5, 1, 2, 3), c(1, 0, 0, 0), c(1, 1, 2, 2), cluster = 1:4)
  reason(lone, "at which two groups were at risk")
  expect_null(lone$permutation)
})

test_that("a covariance that is not positive definite gives no test; a pooled incidence beyond 1 is told", {
  set.seed(1645)
  n <- 15
  found <- 0
  for (i in 1:400) {
    x <- gray_test(sample.int(6, n, TRUE), sample(0:1, n, TRUE, c(1, 4)), sample.int(4, n, TRUE))
    if (is.na(x$statistic) && any(grepl("not positive definite", x$meta$notes))) found <- found + 1
  }
  expect_gt(found, 0)
  # One group has all its events first, and leaves; those of the other are counted on top of them.
  x <- gray_test(c(1, 2, 3, 9, 9, 9, 9, 4, 5, 6), c(1, 1, 1, 1, 1, 1, 1, 1, 1, 0), c(1, 1, 1, 2, 2, 2, 2, 2, 2, 3))
  expect_match(x$meta$notes, "pooled incidence rises to .* beyond 1", all = FALSE)
})

test_that("B071: a group that is gone before the first event takes a degree of freedom with it", {
  time <- c(1, 2, 3, 4, 5, 6, 0.1, 0.2)
  x <- gray_test(time, c(1, 2, 1, 1, 1, 2, 0, 0), c(1, 1, 2, 2, 1, 2, 3, 3), cause = 1)
  expect_identical(unname(x$parameter), 1)
  expect_match(x$meta$notes, "no information from '3'", all = FALSE)
  without <- gray_test(time[1:6], c(1, 2, 1, 1, 1, 2), c(1, 1, 2, 2, 1, 2), cause = 1)
  expect_equal(x$statistic, without$statistic, tolerance = 1e-12)
  # Two pairs that never meet.
  y <- gray_test(c(1, 2, 3, 4, 1, 2, 3, 4), c(1, 1, 0, 0, 1, 1, 0, 0), rep(letters[1:4], each = 2),
    strata = rep(1:2, each = 4)
  )
  expect_identical(unname(y$parameter), 2)
  expect_match(y$meta$notes, "sets that were at risk together, df reduced: {'a', 'b'}, {'c', 'd'}", fixed = TRUE,
    all = FALSE
  )
})

test_that("few events and unequal follow-up are told", {
  d <- ten_patients()
  x <- gray_test(Surv(months, outcome) ~ arm, d, cause = "death")
  expect_match(x$meta$notes, "fewer than 5 events expected.*distribution = \"exact\"", all = FALSE)
  long <- data.frame(time = c(1:15, 101:115), state = rep(c(0, 2, 1), 10), arm = rep(1:2, each = 15))
  y <- gray_test(Surv(time, state) ~ arm, long, distribution = "approximate", replicates = 199)
  expect_match(y$meta$notes, "follow-up differs between the groups", all = FALSE)
})

test_that("bad groups: B068, B075, B077, B078, B082, B083, B084, B085", {
  status <- c(1, 2, 0, 1)
  refused <- function(expr, rule) expect_error(expr, class = paste0("cryonodes_error_", rule))
  refused(gray_test(1:4, status, rep("a", 4)), "group")
  refused(gray_test(1:4, status), "group")
  refused(gray_test(Surv(1:4, status) ~ 1), "group")
  d <- data.frame(t = 1:6, s = 1, g = c("a", "A", "a ", "b", "b", "b"))
  expect_match(gray_test(Surv(t, s) ~ g, d)$meta$notes, "look alike", all = FALSE)
  e <- gray_test(Surv(1:4, status) ~ g, data.frame(g = c("\u00e9", "e\u0301", "z", "z")), cause = 1)
  expect_length(e$n, 3)
  expect_match(e$meta$notes, "look alike", all = FALSE)
  latin <- c("\xe9", "b", "b", "b")
  Encoding(latin) <- "latin1"
  expect_identical(names(gray_test(1:4, status, latin, cause = 1)$n), c("b", "\u00e9"))
  refused(gray_test(1:4, status, c(0.1 + 0.2, 0.3, 0.3, 1)), "group")
  refused(gray_test(1:2000, rep(1, 2000), as.character(1:2000)), "group")
  refused(gray_test(Surv(1:3, c(1, 1, 1)) ~ nosuch), "column")
  spaced <- data.frame(`bad name` = c(1, 1, 2, 2), t = 1:4, s = status, check.names = FALSE)
  expect_identical(gray_test(Surv(t, s) ~ `bad name`, spaced, cause = 1)$meta$group_title, "bad name")
})

test_that("bad status and rows: B147, B153, B154, B156, B162", {
  refused <- function(expr, rule) expect_error(expr, class = paste0("cryonodes_error_", rule))
  group <- c(1, 2, 1, 2)
  refused(gray_test(1:4, c(0, 1, 2, NA), group), "missing")
  refused(gray_test(Surv(1:4, factor(c("censor", "x", NA, "x"))) ~ group), "missing")
  x <- gray_test(1:5, c(0, 1, 2, NA, 1), c(group, 1), na.action = "omit", cause = 1)
  expect_identical(x$meta$rows_dropped, 4L)
  expect_output(print(x), "4 rows used, 1 left out for missing values \\(row 4\\)")
  refused(gray_test(1:4, c(0, 1, 2, 1), c(1, NA, 2, 2)), "missing")
  refused(gray_test(c(1, NA, 3, 4), c(0, 1, 2, 1), group), "missing")
  expect_identical(gray_test(Surv(1:4, factor(c(0, 1, 2, 1))) ~ group)$meta$causes, c("1", "2"))
  # Only cause 1: no other is made up.
  expect_identical(gray_test(1:4, c(1, 1, 1, 1), group)$meta$causes, "1")
  refused(gray_test(1:4, c("a", "b", "b", "a"), group), "status")
  refused(gray_test(1:4, c(0, 1.5, 1, 0), group), "status")
  refused(gray_test(1:4, c(0, -1, 1, 0), group), "status")
  refused(gray_test(c(1, 2, 3, -4), c(0, 1, 1, 0), group), "time")
  refused(gray_test(1:4, c(0, 1, 1, 0), group[1:3]), "length")
  refused(gray_test(numeric(), numeric(), numeric()), "empty")
  refused(gray_test(1:4, group = group), "status")
  refused(gray_test(status = c(0, 1, 1, 0), group = group), "missing")
})

test_that("what the test has no place for is refused", {
  d <- transform(ten_patients(), entry = 0, w = 2)
  refused <- function(expr, rule) expect_error(expr, class = paste0("cryonodes_error_", rule))
  e <- refused(gray_test(Surv(entry, months, outcome) ~ arm, d), "entry")
  expect_match(conditionMessage(e), "no place for delayed entry")
  e <- refused(gray_test(Surv(months, outcome) ~ arm, d, cluster = id, distribution = "asymptotic"), "choice")
  expect_match(conditionMessage(e), "clusters are dealt out")
  e <- refused(gray_test(Surv(months, outcome) ~ arm, d, cluster = c(1, 1, 2, 3, 4, 4, 5, 6, 7, 8)), "group")
  expect_match(conditionMessage(e), "rows 5 and 6")
  expect_false(grepl("asymptotic", conditionMessage(e), fixed = TRUE))
  refused(gray_test(Surv(months, outcome) ~ arm, d, weights = w, distribution = "exact"), "choice")
  refused(gray_test(Surv(months, outcome) ~ arm, d, weights = w, cluster = id), "weights")
  refused(gray_test(Surv(months, outcome) ~ arm, d, distribution = "permutation"), "choice")
  for (wrong in list(-1, NA, "0", c(0, 1), Inf)) {
    refused(gray_test(Surv(months, outcome) ~ arm, d, rho = wrong), "choice")
  }
  for (wrong in list(1, 1e10, 10.5, NA)) {
    refused(gray_test(Surv(months, outcome) ~ arm, d, distribution = "approximate", replicates = wrong), "count")
  }
  refused(gray_test(event_counts(Surv(months, outcome) ~ arm, data = d), cluster = d$id), "choice")
  expect_error(gray_test(Surv(months, outcome) ~ arm, d, gamma = 1), class = "cryonodes_error")
})

test_that("as.data.frame() gives the rows of tidy()", {
  test <- gray_test(c(5, 8, 12, 20, 33, 35), c(1, 0, 2, 1, 1, 2), c(1, 1, 1, 2, 2, 2), cause = 1)
  expect_identical(as.data.frame(test), tidy(test))
  expect_identical(as.data.frame(test)$n, c(3L, 3L))
})

test_that("columns without fault are read at once, by number or by level, and give what the long way gives", {
  skip_on_cran()
  # Weights of 1 take the long way.
  both <- function(time, status, group) {
    n <- length(time)
    cause <- if (is.factor(status)) levels(status)[2] else max(status)
    test <- function(...) gray_test(time, status, group, cause = cause, ...)[c("statistic", "p.value", "parameter")]
    curve <- function(...) tidy(cumulative_incidence(time, status, group, ...))
    expect_identical(test(), test(weights = rep(1, n)))
    expect_identical(curve(), curve(weights = rep(1, n)))
  }
  set.seed(1)
  for (n in c(60, 1e5 + 1)) {
    days <- sample(400, n, TRUE)
    status <- sample(0:2, n, TRUE)
    arm <- sample(1:3, n, TRUE)
    labels <- c("none", "relapse", "death")
    for (time in list(as.double(days), days + stats::runif(n), days)) {
      both(time, status, arm)
      both(time, as.double(status), c("c", "a", "b")[arm])
      both(time, factor(labels[status + 1], labels), factor(arm))
    }
    both(as.double(days), factor(labels[status + 1], c(labels, "never")), factor(arm, 0:3))
    for (group in list(arm + 4L, arm - 2L, 2L * arm)) { # from another number, and with a gap
      both(as.double(days), status, group)
      frame <- plain_frame_cpp(as.double(days), status, group, max_groups, TRUE)
      expect_identical(frame_groups(frame), arm - 1L)
      expect_identical(frame$group_labels, as.character(sort(unique(group))))
    }
    both(as.double(days), 2L * status, arm) # a gap
    both(days + stats::runif(n), 2L * status, arm)
    both(as.double(days), pmin(status, 1L), arm) # one cause
    both(as.double(days), status + 1L, arm) # nobody censored
    expect_error(gray_test(days + 0, replace(status, 3, NA), arm, cause = 1), "row 3", class = "cryonodes_error_missing")
    expect_error(gray_test(days + 0, replace(status, 3, -1L), arm, cause = 1), "row 3", class = "cryonodes_error_status")
    expect_error(gray_test(days + 0, replace(status, 3, 1.5), arm, cause = 1), "row 3", class = "cryonodes_error_status")
    expect_error(gray_test(replace(days, 3, -1), status, arm, cause = 1), "row 3", class = "cryonodes_error_time")
    expect_error(gray_test(days + 0, status, replace(arm, 3, NA), cause = 1), "row 3", class = "cryonodes_error_missing")
  }
})

test_that("incidences with tests: of each cause what gray_test() gives, of rows, counts and weights", {
  d <- ten_patients()
  d$status <- as.integer(d$outcome) - 1L
  set.seed(5)
  many <- data.frame(
    months = round(stats::rexp(6000, 0.1), 2), status = sample(0:3, 6000, TRUE), arm = sample(2:4, 6000, TRUE),
    w = sample(0:2, 6000, TRUE)
  )
  for (cohort in list(d[c("months", "status", "arm")], many)) {
    fit <- cumulative_incidence(Surv(months, status) ~ arm, cohort, test = TRUE)
    causes <- as.character(seq_len(max(cohort$status)))
    expect_identical(names(fit$tests), causes)
    for (cause in causes) {
      test <- gray_test(Surv(months, status) ~ arm, cohort, cause = cause)
      expect_s3_class(fit$tests[[cause]], "gray_test")
      expect_identical(fit$tests[[cause]], test)
    }
    bare <- cumulative_incidence(Surv(months, status) ~ arm, cohort)
    expect_null(bare$tests)
    expect_equal(unclass(fit)[setdiff(names(fit), c("tests", "call"))], unclass(bare)[setdiff(names(bare), "call")])

    counts <- event_counts(Surv(months, status) ~ arm, cohort)
    of_counts <- cumulative_incidence(counts, test = TRUE)
    of_vectors <- cumulative_incidence(cohort$months, cohort$status, cohort$arm, test = TRUE)
    for (cause in causes) {
      expect_identical(numbers_of(of_counts$tests[[cause]]), numbers_of(fit$tests[[cause]]))
      expect_identical(numbers_of(of_vectors$tests[[cause]]), numbers_of(fit$tests[[cause]]))
    }
  }
  weighted <- cumulative_incidence(Surv(months, status) ~ arm, many, weights = w, test = TRUE)
  repeated <- cumulative_incidence(Surv(months, status) ~ arm, many[rep(seq_len(6000), many$w), ], test = TRUE)
  for (cause in 1:3) expect_identical(numbers_of(weighted$tests[[cause]]), numbers_of(repeated$tests[[cause]]))
})

test_that("incidences with tests are printed, subset and refused in words", {
  d <- ten_patients()
  fit <- cumulative_incidence(Surv(months, outcome) ~ arm, d, test = TRUE)
  test <- gray_test(Surv(months, outcome) ~ arm, d, cause = "death")
  said <- capture.output(print(fit))
  expect_match(said, paste0(
    "^Gray's test of 'death': chi-square ", format_number(test$statistic, 3), " on 1 df, p = ",
    format_p(test$p.value), "\\.$"
  ), all = FALSE)
  expect_length(grep("^Gray's test of", said), 2)
  expect_length(grep("^Note: fewer than 5 events expected", said), 2)
  expect_null(fit[1, ]$tests) # of one group there is none
  if (requireNamespace("ggplot2", quietly = TRUE) && requireNamespace("patchwork", quietly = TRUE)) {
    notes <- function(fit) {
      figure <- ggplot2::autoplot(fit, risk.table = FALSE)
      unlist(lapply(seq_along(fit$meta$causes), function(k) {
        lapply(figure[[k]]$layers, function(layer) layer$aes_params$label)
      }))
    }
    expect_identical(notes(fit), paste("Gray's test p =", c("0.024", format_p(test$p.value))))
    expect_null(notes(cumulative_incidence(Surv(months, outcome) ~ arm, d)))
  }
  fit$tests$death$p.value <- NULL
  expect_error(print(fit), class = "cryonodes_error_object")

  refused <- function(class, ...) {
    expect_error(cumulative_incidence(..., test = TRUE), class = paste0("cryonodes_error_", class))
  }
  refused("group", Surv(months, outcome) ~ 1, d)
  refused("group", Surv(months, outcome) ~ arm, d[1:5, ])
  refused("choice", Surv(months, outcome) ~ arm + cluster(id), d)
  refused("choice", Surv(months, outcome) ~ arm + strata(id > 4), d)
  refused("entry", Surv(months - 1, months, outcome) ~ arm, d)
  refused("weights", Surv(months, outcome) ~ arm, d, weights = rep(0.5, 10))
  expect_error(cumulative_incidence(Surv(months, outcome) ~ arm, d, test = NA), class = "cryonodes_error_type")
})

test_that("a group that has left with one subject's worth of risk leaves the statistic defined", {
  # cmprsk 2.2.12, cuminc(): 1 on 2 df, 0.172531523384 on 2 df
  x <- gray_test(c(1, 2, 3, 3), factor(c(1, 0, 1, 1), 0:1), c("A", "A", "B", "C"))
  expect_equal(unname(x$statistic), 1)
  expect_equal(unname(x$covariance), matrix(c(36, -18, -18, -18, 41, -23, -18, -23, 41) / 144, 3))
  time <- c(1, 6, 6, 2, 4, 2, 4, 4, 5, 5, 3, 3, 2, 5, 4, 4, 5, 2, 3, 2, 6)
  status <- c(2, 1, 2, 2, 2, 1, 1, 1, 0, 0, 1, 1, 1, 0, 1, 0, 0, 1, 1, 1, 1)
  group <- strsplit("ABCCACABBBCBCAACCACCB", "")[[1]]
  x <- gray_test(time, factor(status, 0:2), group, cause = "1", timefix = FALSE)
  expect_equal(unname(x$statistic), 0.172531523384, tolerance = 1e-10)
})

test_that("where the statistic is undefined, so is p from drawn ways", {
  x <- gray_test(rep(1, 6), factor(rep(1, 6), 0:1), c(1, 1, 2, 2, 3, 3),
    distribution = "approximate", replicates = 99, seed = 1
  )
  expect_true(is.na(x$statistic) && is.na(x$p.value))
  expect_null(x$permutation)
  expect_match(x$meta$notes, "the test is undefined", all = FALSE)
})

test_that("tests made with the incidences go to the table of rates and to the paragraph", {
  states <- c("none", "relapse", "death")
  d <- data.frame(
    t = c(2, 4, 4, 6, 7, 9, 1, 3, 5, 8, 8, 10), s = factor(rep(states, 4), states), g = rep(c("a", "b"), each = 6)
  )
  fit <- cumulative_incidence(Surv(t, s) ~ g, data = d, test = TRUE)
  one <- table_rates(fit, times = 5, p = fit$tests$relapse)
  # Of all causes that of the one that is shown.
  expect_identical(table_rates(fit, times = 5, p = fit$tests), one)
  named <- table_rates(list(R = fit), times = 5, p = list(R = fit$tests))
  expect_identical(unique(named$p$p), as.vector(fit$tests$relapse$p.value))
  expect_error(table_rates(fit, times = 5, p = fit$tests$death), "'death'.*'relapse'", class = "cryonodes_error_table")
  other <- cumulative_incidence(Surv(t, factor(s, c("none", "death", "relapse"))) ~ g, data = d)
  expect_identical(unique(table_rates(other, 5, p = fit$tests)$p$p), as.vector(fit$tests$death$p.value))
  log_rank <- logrank_test(Surv(t, s != "none") ~ g, data = d)
  expect_setequal(table_rates(fit, 5, p = c(list(log_rank), fit$tests))$p$method, c("Log-rank test", "Gray's test"))
  expect_error(table_rates(fit, 5, p = list(fit$tests$relapse, 3)), class = "cryonodes_error_type")
  # An endpoint without a name has its cause in the footnote too.
  expect_match(paste(format(one), collapse = " "), "Cumulative incidence of relapse, competing: death")
  # The fit itself, lists within lists, an endpoint that is called like a cause.
  for (p in list(fit, list(fit$tests), list(fit$tests, log_rank)[1])) expect_identical(table_rates(fit, 5, p = p), one)
  expect_identical(table_rates(list(relapse = fit), 5, p = fit$tests)$p$p, one$p$p)
  expect_error(table_rates(other, 5, p = other), "not cumulative_incidence", class = "cryonodes_error_type")
  # Another endpoint's test is none of this one.
  mixed <- list(R = fit$tests$relapse, S = log_rank)
  expect_error(table_rates(list(R = fit), 5, p = mixed), "not 'S'", class = "cryonodes_error_table")

  text <- paste(methods_text(fit), collapse = " ")
  expect_match(text, "Gray's test.*2 p-values were computed")
  # The same tests once more, however they were made; another p-value of theirs is another test.
  by_vectors <- gray_test(d$t, d$s, d$g, cause = "death")
  expect_identical(paste(methods_text(fit, fit$tests, by_vectors), collapse = " "), text)
  exact <- gray_test(Surv(t, s) ~ g, d, cause = "death", distribution = "exact")
  expect_match(paste(methods_text(fit, exact), collapse = " "), "3 p-values were computed")
  expect_match(paste(methods_text(log_rank, log_rank), collapse = " "), "2 p-values were computed")
  expect_no_match(paste(methods_text(other), collapse = " "), "Gray")
})
