library(survival)

# p by every way of dealing in turn, each of them a survdiff().
by_survdiff <- function(time, status, group) {
  surplus <- function(second) {
    fit <- survdiff(Surv(time, status) ~ second)
    fit$obs[2] - fit$exp[2]
  }
  observed <- surplus(group == sort(unique(group))[2])
  ways <- utils::combn(length(time), sum(group == sort(unique(group))[2]))
  all <- apply(ways, 2, function(i) surplus(seq_along(time) %in% i))
  mean(abs(all) >= abs(observed) - 1e-9) # ties, computed by another route, differ by rounding
}

test_that("the exact p is that of every way of dealing in turn, ties and censorings included", {
  set.seed(20)
  for (case in 1:12) {
    n <- sample(5:8, 1)
    time <- if (case %% 2) sample.int(5, n, TRUE) else stats::rexp(n)
    status <- as.integer(stats::runif(n) < 0.7)
    if (!any(status)) status[1] <- 1L
    group <- c(1, 2, sample(1:2, n - 2, TRUE))
    x <- logrank_test(time, status, group, distribution = "exact")
    expect_equal(x$p.value, by_survdiff(time, status, group), tolerance = 1e-12)
    expect_lte(x$permutation$p.farther, x$p.value)
    expect_identical(x$permutation$ways, choose(n, sum(group == 2)))
    # The parts of the rows add up to the score that the test has by its own sums.
    plain <- logrank_test(time, status, group)
    expect_equal(x$score, plain$score, tolerance = 1e-12)
    expect_identical(x$statistic, plain$statistic)
  }
})

test_that("recorded exact p-values of coin are met where no times are tied", {
  numbers <- golden("permutation")
  data <- utils::read.csv(test_path("..", "golden", "permutation_data.csv"))
  for (i in seq_len(nrow(numbers))) {
    d <- data[data$dataset == numbers$dataset[i], ]
    x <- logrank_test(d$time, d$status, d$group, type = numbers$type[i], distribution = "exact")
    expect_equal(x$p.value, numbers$value[i], tolerance = numbers$tolerance[i], label = numbers$dataset[i])
  }
})

test_that("coin's glioma trial, with tied times: exact within each histology, drawn within both together", {
  numbers <- golden("glioma")
  data <- utils::read.csv(test_path("..", "golden", "glioma_data.csv"))
  for (i in which(numbers$histology != "both")) {
    x <- logrank_test(Surv(time, status) ~ group, data, subset = histology == numbers$histology[i],
      distribution = "exact"
    )
    expect_equal(x$p.value, numbers$value[i], tolerance = 1e-12)
  }
  x <- logrank_test(Surv(time, status) ~ group + strata(histology), data,
    distribution = "approximate", replicates = 19999999, seed = 1
  )
  p <- numbers$value[numbers$histology == "both"]
  expect_true(p >= x$permutation$p.low && p <= x$permutation$p.high)
  expect_lt(x$permutation$p.high, 1.3 * p)
})

test_that("B150: four deaths in turn, two and two, p is 1/3", {
  x <- logrank_test(Surv(c(1, 2, 3, 4), c(1, 1, 1, 1)) ~ c(1, 1, 2, 2), distribution = "exact")
  expect_equal(x$p.value, 1 / 3, tolerance = 1e-15)
  expect_identical(x$permutation$ways, 6)
  expect_output(print(x), "All 6 ways of dealing 4 rows: p = 0.33")
  expect_identical(x$method, "Log-rank test, exact permutation")
})

test_that("drawn ways agree with all ways within their interval; the seed decides, the threads do not", {
  set.seed(4)
  d <- data.frame(time = stats::rexp(24), died = stats::runif(24) < 0.6, arm = rep(1:2, c(9, 15)))
  exact <- logrank_test(Surv(time, died) ~ arm, d, distribution = "exact")
  x <- logrank_test(Surv(time, died) ~ arm, d, distribution = "approximate", seed = 3)
  expect_gt(exact$p.value, x$permutation$p.low)
  expect_lt(exact$p.value, x$permutation$p.high)
  expect_equal(x$p.value, (x$permutation$hits + 1) / 10000)
  limits <- stats::binom.test(x$permutation$hits, 9999, conf.level = 0.99)$conf.int
  expect_equal(c(x$permutation$p.low, x$permutation$p.high), as.vector(limits), tolerance = 1e-12)
  again <- logrank_test(Surv(time, died) ~ arm, d, distribution = "approximate", seed = 3, threads = 2)
  expect_identical(again$permutation, x$permutation)
  # p is near 1 and its hits few apart: two seeds may well have the same number.
  others <- vapply(4:8, function(seed) {
    logrank_test(Surv(time, died) ~ arm, d, distribution = "approximate", seed = seed)$permutation$hits
  }, 0)
  expect_gt(length(unique(others)), 2)
  set.seed(9)
  a <- logrank_test(Surv(time, died) ~ arm, d, distribution = "approximate", replicates = 199)
  set.seed(9)
  expect_identical(logrank_test(Surv(time, died) ~ arm, d, distribution = "approximate", replicates = 199), a)
  expect_match(a$method, "permutation")
  expect_output(print(a), "199 random ways of dealing 24 rows")
})

test_that("more than two groups and strata are drawn, never counted", {
  d <- survival::veteran
  x <- logrank_test(Surv(time, status) ~ celltype + strata(trt), d, distribution = "approximate", seed = 1)
  expect_lt(x$p.value, 0.001)
  expect_error(logrank_test(Surv(time, status) ~ celltype, d, distribution = "exact"), class = "cryonodes_error_choice")
  expect_error(logrank_test(Surv(time, status) ~ trt + strata(celltype), d, distribution = "exact"),
    class = "cryonodes_error_choice"
  )
  # A stratum with one group only has nothing to deal, and changes nothing.
  e <- data.frame(time = c(1:8, 3, 4), died = 1, arm = c(rep(1:2, 4), 1, 1), centre = rep(1:2, c(8, 2)))
  strata <- logrank_test(Surv(time, died) ~ arm + strata(centre), e, distribution = "approximate", seed = 2)
  alone <- logrank_test(Surv(time, died) ~ arm, e[1:8, ], distribution = "exact")
  expect_gt(alone$p.value, strata$permutation$p.low)
  expect_lt(alone$p.value, strata$permutation$p.high)
})

test_that("patients are dealt out, not lesions: as if each patient's lesions were one row with their sum", {
  d <- data.frame(
    time = c(5, 8, 12, 3, 9, 9, 14, 20, 6, 2), failed = c(1, 0, 1, 1, 1, 0, 1, 0, 1, 1),
    arm = c("a", "a", "a", "b", "b", "b", "b", "a", "a", "b"), patient = c(1, 1, 2, 3, 3, 3, 4, 5, 5, 6)
  )
  x <- logrank_test(Surv(time, failed) ~ arm + cluster(patient), d)
  expect_identical(x$permutation$distribution, "exact")
  expect_identical(x$permutation$ways, 20) # 6 patients, three in b: not a word of six groups
  expect_identical(names(x$n), c("a", "b"))
  # Every way of choosing three of six patients, by survdiff.
  surplus <- function(patients) {
    fit <- survdiff(Surv(time, failed) ~ I(patient %in% patients), d)
    fit$obs[2] - fit$exp[2]
  }
  all <- apply(utils::combn(6, 3), 2, surplus)
  expect_equal(x$p.value, mean(abs(all) >= abs(surplus(c(3, 4, 6))) - 1e-9), tolerance = 1e-12)
  expect_output(print(x), "ways of dealing 6 clusters \\(patient\\)")
  expect_identical(logrank_test(d$time, d$failed, d$arm, cluster = d$patient)$p.value, x$p.value)
  drawn <- logrank_test(Surv(time, failed) ~ arm, d, cluster = patient, distribution = "approximate", seed = 1)
  expect_gt(x$p.value, drawn$permutation$p.low)
  expect_lt(x$p.value, drawn$permutation$p.high)
})

test_that("one lesion a patient: clusters change nothing", {
  set.seed(8)
  d <- data.frame(time = stats::rexp(18), died = stats::runif(18) < 0.7, arm = rep(1:2, 9), id = sample(18))
  expect_equal(
    logrank_test(Surv(time, died) ~ arm + cluster(id), d)$p.value,
    logrank_test(Surv(time, died) ~ arm, d, distribution = "exact")$p.value,
    tolerance = 1e-12
  )
})

test_that("a group that varies within a patient is refused for dealing, and taken by the robust test", {
  d <- data.frame(
    time = c(5, 8, 12, 3, 9, 7, 4, 11), failed = c(1, 0, 1, 1, 1, 1, 0, 1), site = c("a", "b", "a", "b", "a", "b", "a", "b"),
    patient = c(1, 1, 2, 2, 3, 3, 4, 4)
  )
  e <- expect_error(logrank_test(Surv(time, failed) ~ site + cluster(patient), d), class = "cryonodes_error_group")
  expect_match(conditionMessage(e), "rows 1 and 2")
  expect_identical(e$arg, "cluster")
  x <- logrank_test(Surv(time, failed) ~ site + cluster(patient), d, distribution = "asymptotic")
  theirs <- coxph(Surv(time, failed) ~ site, d, cluster = patient, ties = "breslow", robust = TRUE)
  expect_equal(unname(x$statistic), drop(theirs$rscore), tolerance = 1e-10)
})

test_that("the robust test is coxph's robust score test, on random cohorts, late entry included", {
  compared <- 0
  for (seed in 1:120) {
    d <- random_cohort(seed, groups = 2:3, entry = seed %% 2 == 0)
    d$id <- sample.int(max(2, nrow(d) %/% 2), nrow(d), TRUE)
    d <- droplevels(d)
    if (nlevels(d$group) < 2 || sum(d$status) < 3 || nrow(d) < 12) next
    formula <- if (seed %% 2 == 0) Surv(entry, time, status) ~ group else Surv(time, status) ~ group
    theirs <- tryCatch(
      suppressWarnings(coxph(formula, d, cluster = id, ties = "breslow", robust = TRUE)), error = function(e) NULL
    )
    ours <- logrank_test(formula, d, cluster = id, distribution = "asymptotic")
    if (is.null(theirs) || ours$parameter < nlevels(d$group) - 1) next
    expect_equal(unname(ours$statistic), drop(theirs$rscore), tolerance = 1e-7) # theirs is solved with a tolerance of its own
    compared <- compared + 1
  }
  expect_gt(compared, 25)
})

test_that("the robust test says so when it has few clusters, and has no answer from one", {
  d <- data.frame(time = c(5, 8, 12, 3, 9, 9, 14, 20), died = c(1, 0, 1, 1, 1, 0, 1, 0), arm = rep(1:2, 4))
  one <- logrank_test(Surv(time, died) ~ arm, d, cluster = rep(1, 8), distribution = "asymptotic")
  expect_identical(one$p.value, NA_real_)
  expect_identical(unname(one$statistic), NA_real_)
  expect_match(one$meta$notes, "1 cluster with a part in the test: too few", all = FALSE)
  four <- logrank_test(Surv(time, died) ~ arm, d, cluster = rep(1:4, each = 2), distribution = "asymptotic")
  expect_true(is.finite(four$p.value))
  expect_match(four$meta$notes, "from 4 clusters with a part in the test is a rough guide", all = FALSE)
  expect_output(print(four), "8 rows used in 4 clusters \\(rep\\(1:4, each = 2\\)\\).*Jung & Jeong")
})

test_that("clusters without a part in the test do not count as clusters", {
  set.seed(2)
  d <- rbind(
    data.frame(time = round(stats::rexp(20) + 1, 3), died = 1, arm = rep(1:2, 10), id = 1),
    data.frame(time = stats::runif(50, 0, 0.9), died = 0, arm = rep(1:2, 25), id = 2:51)
  )
  x <- logrank_test(Surv(time, died) ~ arm, d, cluster = id, distribution = "asymptotic")
  expect_identical(x$p.value, NA_real_)
  expect_match(x$meta$notes, "1 cluster with a part", all = FALSE)
  # Everybody dies at once: no variance but that of rounding.
  y <- logrank_test(rep(5, 7), rep(1, 7), rep(1:2, 3:4), cluster = 1:7, distribution = "asymptotic")
  expect_identical(y$p.value, NA_real_)
})

test_that("what cannot be dealt is refused", {
  d <- data.frame(entry = 0, time = 1:6, died = 1, arm = rep(1:2, 3), w = c(2, 1, 1, 1, 1, 1))
  refused <- function(expr) expect_error(expr, class = "cryonodes_error_choice")
  refused(logrank_test(Surv(entry, time, died) ~ arm, d, distribution = "exact"))
  refused(logrank_test(Surv(time, died) ~ arm, d, weights = w, distribution = "exact"))
  refused(logrank_test(Surv(time, died) ~ arm, d, trend = TRUE, distribution = "exact"))
  refused(logrank_test(Surv(time, died) ~ arm, d, distribution = "permutation"))
  expect_error(logrank_test(Surv(time, died) ~ arm, d, weights = w, cluster = arm), class = "cryonodes_error_weights")
  for (wrong in list(1, 1e10, 10.5, "many", NA)) {
    expect_error(logrank_test(Surv(time, died) ~ arm, d, distribution = "approximate", replicates = wrong),
      class = "cryonodes_error_count"
    )
  }
  # Few scores of odd sizes, very many ways: neither counted nor bounded.
  odd <- data.frame(time = 1, died = rep(c(1, 1, 0), 400), arm = rep(1:2, c(580, 620)), id = 1:1200)
  expect_error(logrank_test(Surv(time, died) ~ arm, odd, distribution = "exact"), class = "cryonodes_error_memory")
  x <- logrank_test(Surv(time, died) ~ arm, odd, cluster = id, replicates = 199)
  expect_identical(x$permutation$distribution, "approximate")
  expect_match(x$meta$notes, "too many ways", all = FALSE)
})

# A group of m units whose scores add up to `sum`, found by exchanging units.
group_of_sum <- function(score, m, sum) {
  group <- rep(1:0, c(m, length(score) - m))
  while ((off <- sum(score[group == 1]) - sum) != 0) {
    pair <- c(sample(which(group == 1), 1), sample(which(group == 0), 1))
    if (abs(off - diff(rev(score[pair]))) < abs(off) || stats::runif(1) < 0.05) group[pair] <- 0:1
  }
  as.integer(group)
}

test_that("sums of whole numbers over hundreds of units: p as whole-number arithmetic has it, within the error stated", {
  skip_on_cran() # long
  numbers <- golden("permutation_tail")
  set.seed(12)
  for (i in seq_len(nrow(numbers))) {
    n <- numbers$n[i]
    score <- if (numbers$scores[i] == "ranks") seq_len(n) else seq_len(n)^2 %% 101
    group <- group_of_sum(score, numbers$m[i], numbers$sum[i])
    x <- numeric_tail_cpp(score, group, 1, NULL)
    expect_lte(abs(x$p_value - numbers$value[i]), x$error, label = paste(numbers$scores[i], n))
    expect_lte(x$error, 1e-7)
    expect_equal(x$log_ways, lchoose(n, numbers$m[i]), tolerance = 1e-12)
    # Thirds are no whole multiples of a step: the bracket is as wide as the weight of the sum itself, or wider.
    if (i %% 3 == 2) {
      y <- numeric_tail_cpp(score / 3, group, 1, NULL)
      expect_lte(abs(y$p_value - numbers$value[i]), y$error, label = paste(numbers$scores[i], n, "in thirds"))
    }
  }
})

test_that("the computed p of ranks is that of wilcox.test()", {
  set.seed(5)
  for (n in c(60, 90, 150)) {
    x <- sample(n)
    group <- rep(0:1, c(n - 25, 25))
    w <- sum(x[group == 1]) - 25 * 26 / 2
    theirs <- min(1, 2 * min(stats::pwilcox(w, 25, n - 25), stats::pwilcox(w - 1, 25, n - 25, lower.tail = FALSE)))
    ours <- numeric_tail_cpp(as.double(x), as.integer(group), 1, NULL)
    expect_lte(abs(ours$p_value - theirs), ours$error + 1e-12) # theirs is rounded
  }
})

test_that("the bracket holds the p of all ways where both can be had, and drawn ways agree where they cannot", {
  skip_on_cran() # long
  set.seed(46)
  for (times in c(0, 15)) {
    n <- 46
    time <- if (times > 0) as.double(sample.int(times, n, TRUE)) else stats::rexp(n)
    frame <- data.frame(time = time, died = stats::runif(n) < 0.7, arm = rep(1:2, c(20, 26)))
    x <- logrank_test(Surv(time, died) ~ arm, frame, distribution = "exact")
    expect_identical(x$permutation$error, 0)
    score <- logrank_scores_cpp(
      list(time = frame$time, event = as.integer(frame$died), group = frame$arm - 1L, group_names = c("1", "2"),
        timefix = TRUE
      ), 2, "logrank", 0, 0, numeric()
    )
    y <- numeric_tail_cpp(score, frame$arm - 1L, 1, NULL)
    expect_lte(abs(y$p_value - x$p.value), y$error)
    expect_lte(y$error, 1e-5)
  }
  many <- data.frame(time = stats::rexp(300), died = stats::runif(300) < 0.6, arm = rep(1:2, c(120, 180)), id = 1:300)
  x <- logrank_test(Surv(time, died) ~ arm, many, distribution = "exact")
  expect_lte(x$permutation$error, 1e-7)
  drawn <- logrank_test(Surv(time, died) ~ arm, many, distribution = "approximate", seed = 3)
  expect_gt(x$p.value, drawn$permutation$p.low)
  expect_lt(x$p.value, drawn$permutation$p.high)
  expect_identical(logrank_test(Surv(time, died) ~ arm, many, distribution = "exact", threads = 2)$p.value, x$p.value)
  # Clusters of one row each have it without asking.
  expect_equal(logrank_test(Surv(time, died) ~ arm, many, cluster = id)$p.value, x$p.value, tolerance = 1e-6) # two errors
  expect_output(print(x), "All 2[.][0-9]e[+]86 ways of dealing 300 rows: p = 0[.][0-9]+, numerically to within [1-9]e-[89]")
  expect_output(cat(permutation_line(list(
    distribution = "exact", unit = "row", p.value = 0.5, ways = Inf, log_ways = 6924.64, error = 8.1e-8, n_units = 1e4
  ), NULL)), "All about 10^3007 ways of dealing 10000 rows: p = 0.5, numerically to within 9e-8", fixed = TRUE)
})

test_that("few expected events and unequal follow-up are told", {
  x <- logrank_test(Surv(c(2, 3, 5, 2, 3, 7, 8), c(1, 1, 0, 1, 0, 1, 0)) ~ rep(1:2, 3:4))
  expect_match(x$meta$notes, "fewer than 5 events expected.*distribution = \"exact\"", all = FALSE)
  d <- data.frame(time = c(1:15, 101:115), died = rep(c(0, 0, 1), 10), arm = rep(1:2, each = 15))
  y <- logrank_test(Surv(time, died) ~ arm, d, distribution = "approximate", replicates = 199)
  expect_match(y$meta$notes, "follow-up differs between the groups", all = FALSE)
  expect_false(any(grepl("chi-square", y$meta$notes)))
})

test_that("the exact test keeps its level under the null", {
  set.seed(99)
  p <- replicate(300, {
    time <- stats::rexp(14)
    logrank_test(time, stats::runif(14) < 0.7, rep(1:2, 7), distribution = "exact")$p.value
  })
  expect_lte(sum(p <= 0.05), 29) # 99.9% point of Binomial(300, 0.05) is 28
})

test_that("tidy and glance know permutations", {
  x <- logrank_test(Surv(time, status) ~ sex, survival::lung[1:40, ], event = 2, distribution = "exact")
  expect_identical(glance(x)$df, NA_real_)
  expect_equal(glance(x)$log.p.value, log(x$p.value))
  expect_output(stats:::print.htest(x), "p-value")
})

# Every way of dealing within strata, as rows of TRUE for the second group.
all_dealings <- function(second, stratum = rep(1, length(second))) {
  by_stratum <- lapply(split(seq_along(second), stratum), function(rows) {
    utils::combn(seq_along(rows), sum(second[rows]), function(i) rows[i], simplify = FALSE)
  })
  ways <- expand.grid(lapply(by_stratum, seq_along))
  t(apply(ways, 1, function(way) {
    seq_along(second) %in% unlist(Map(function(sets, i) sets[[i]], by_stratum, way))
  }))
}

test_that("the studentised p is that of every way of dealing in turn, within its limits, strata and ties included", {
  skip_on_cran() # long
  set.seed(93)
  for (case in 1:6) {
    d <- data.frame(
      time = if (case %% 2) sample.int(6, 10, TRUE) else stats::rexp(10), died = c(1, stats::runif(9) < 0.6),
      arm = c(1, 2, sample(1:2, 8, TRUE)), centre = if (case > 3) rep(1:2, c(4, 6)) else 1
    )
    chi_square <- function(second) {
      if (length(unique(second)) < 2) return(0)
      fit <- survdiff(Surv(time, died) ~ second + strata(centre), d)
      v <- fit$var[2, 2]
      if (v < 1e-12) 0 else (sum(fit$obs[2, ] - fit$exp[2, ]))^2 / v
    }
    one <- function(second) {
      # With one stratum survdiff() drops the dimension.
      fit <- if (case > 3) return(chi_square(second)) else survdiff(Surv(time, died) ~ second, d)
      if (fit$var[2, 2] < 1e-12) 0 else (fit$obs[2] - fit$exp[2])^2 / fit$var[2, 2]
    }
    all <- apply(all_dealings(d$arm == 2, d$centre), 1, one)
    truth <- mean(all >= one(d$arm == 2) - 1e-9)
    formula <- if (case > 3) Surv(time, died) ~ arm + strata(centre) else Surv(time, died) ~ arm
    x <- logrank_test(formula, d, studentised = TRUE, seed = case)
    expect_gte(truth, x$permutation$p.low)
    expect_lte(truth, x$permutation$p.high)
    expect_identical(logrank_test(formula, d, studentised = TRUE, seed = case, threads = 2)$permutation, x$permutation)
    expect_equal(if (is.na(x$statistic)) 0 else unname(x$statistic), one(d$arm == 2), tolerance = 1e-10)
  }
  expect_output(print(x), "studentised permutation")
})

test_that("of several weights the largest |Z| has the p of every way of dealing in turn, each Z its own deviation", {
  skip_on_cran() # long
  set.seed(7)
  kinds <- list(list("logrank", 0, 0), list("Fleming-Harrington", 0, 1), list("Fleming-Harrington", 1, 0),
    list("Fleming-Harrington", 1, 1)
  )
  for (case in 1:3) {
    d <- data.frame(
      time = if (case == 2) sample.int(5, 9, TRUE) else stats::rexp(9), died = c(1, 1, stats::runif(7) < 0.7),
      arm = rep(1:2, 4:5), centre = if (case == 3) rep(1:2, length.out = 9) else 1
    )
    dealings <- all_dealings(d$arm == 2, d$centre)
    score <- function(second, kind) {
      fit <- logrank_test(d$time, d$died, second, strata = if (case == 3) d$centre, type = kind[[1]], rho = kind[[2]],
        gamma = kind[[3]]
      )
      fit$score[["TRUE"]]
    }
    scores <- sapply(kinds, function(kind) apply(dealings, 1, score, kind))
    deviation <- sqrt(colMeans(scores^2))
    found <- sapply(kinds, function(kind) score(d$arm == 2, kind)) / deviation
    truth <- mean(apply(abs(sweep(scores, 2, deviation, `/`)), 1, max) >= max(abs(found)) - 1e-9)
    x <- logrank_test(d$time, d$died, d$arm, strata = if (case == 3) d$centre, type = "max-combo", seed = case)
    expect_equal(x$components$z, found, tolerance = 1e-10)
    expect_equal(unname(x$statistic), max(abs(found)), tolerance = 1e-10)
    expect_gte(truth, x$permutation$p.low)
    expect_lte(truth, x$permutation$p.high)
  }
  again <- logrank_test(d$time, d$died, d$arm, strata = d$centre, seed = 3, threads = 2,
    type = list("logrank", c(0, 1), c(1, 0), c(1, 1))
  )
  expect_identical(again$permutation, x$permutation)
  expect_output(print(x), "Fleming-Harrington [(]rho = 1, gamma = 0[)].*Largest [|]Z[|]")
  expect_identical(names(glance(x)), names(glance(logrank_test(d$time, d$died, d$arm))))
  # A kind alone and twice the same kind are the same test as the plain one.
  one <- logrank_test(d$time, d$died, d$arm, distribution = "approximate", seed = 5)
  twice <- logrank_test(d$time, d$died, d$arm, type = c("logrank", "logrank"), seed = 5)
  expect_identical(twice$permutation$hits, one$permutation$hits)
  # Clusters of one row each change nothing.
  clustered <- logrank_test(d$time, d$died, d$arm, cluster = 1:9, type = c("logrank", "Gehan-Breslow"), seed = 5)
  plain <- logrank_test(d$time, d$died, d$arm, type = c("logrank", "Gehan-Breslow"), seed = 5)
  expect_identical(clustered$permutation$hits, plain$permutation$hits)
})

test_that("drawing ends once the level is outside the interval, with the replicates it would have had anyhow", {
  set.seed(1)
  d <- data.frame(time = stats::rexp(60), died = 1, arm = rep(1:2, 30))
  x <- logrank_test(Surv(time, died) ~ arm, d, distribution = "approximate", seed = 8, stop.at = 0.05)
  n <- x$permutation$replicates
  expect_true(x$permutation$stopped)
  expect_lt(n, 9999)
  expect_identical(n %% 1000, 0)
  plain <- logrank_test(Surv(time, died) ~ arm, d, distribution = "approximate", seed = 8, replicates = n)
  expect_identical(plain$permutation$hits, x$permutation$hits)
  expect_true(x$permutation$p.low > 0.05 || x$permutation$p.high < 0.05)
  expect_lt(x$permutation$p.low, plain$permutation$p.low) # often looked at, so wider
  again <- logrank_test(Surv(time, died) ~ arm, d, distribution = "approximate", seed = 8, stop.at = 0.05, threads = 2)
  expect_identical(again$permutation, x$permutation)
  expect_output(print(x), "1000 of 9999 random ways .*stopped, 0.05 is outside the interval")
  level <- plain$p.value # as near as can be: nothing to tell apart
  all <- logrank_test(Surv(time, died) ~ arm, d, distribution = "approximate", seed = 8, stop.at = level, replicates = 2500)
  expect_false(all$permutation$stopped)
  expect_identical(all$permutation$replicates, 2500)
})

test_that("the interval that is looked at after each batch misses p as seldom as it says", {
  skip_on_cran() # long
  set.seed(70)
  for (p in c(0.002, 0.05, 0.6)) {
    missed <- replicate(400, {
      hits <- cumsum(stats::rbinom(15, 1000, p))
      any(vapply(1:15, function(k) {
        limits <- confidence_sequence(hits[k], 1000 * k, 0.99)
        p < limits[1] || p > limits[2]
      }, TRUE))
    })
    expect_lte(sum(missed), 12) # the 99.9% point of Binomial(400, 0.01) is 11
  }
  expect_identical(confidence_sequence(0, 1000, 0.99)[1], 0)
  expect_identical(confidence_sequence(1000, 1000, 0.99)[2], 1)
  limits <- confidence_sequence(50, 1000, 0.99)
  expect_equal(1001 * stats::dbinom(50, 1000, limits), c(0.01, 0.01), tolerance = 1e-6) # the root's
})

test_that("what cannot be studentised, combined or stopped is refused", {
  d <- data.frame(time = 1:9, died = 1, arm = rep(1:3, 3), two = rep(1:2, length.out = 9), id = rep(1:3, each = 3))
  refused <- function(expr, arg) {
    expect_identical(expect_error(expr, class = "cryonodes_error_choice")$arg, arg)
  }
  refused(logrank_test(Surv(time, died) ~ arm, d, studentised = TRUE), "studentised")
  refused(logrank_test(Surv(time, died) ~ arm, d, type = "max-combo"), "type")
  refused(logrank_test(Surv(time, died) ~ two, d, cluster = time, studentised = TRUE), "studentised")
  refused(logrank_test(Surv(time, died) ~ two, d, type = "max-combo", studentised = TRUE), "studentised")
  refused(logrank_test(Surv(time, died) ~ two, d, type = "max-combo", distribution = "exact"), "distribution")
  refused(logrank_test(Surv(time, died) ~ two, d, studentised = TRUE, distribution = "asymptotic"), "distribution")
  refused(logrank_test(Surv(time, died) ~ two, d, type = c("logrank", "Cox")), "type")
  refused(logrank_test(Surv(time, died) ~ two, d, type = list("logrank", 1:3)), "type")
  refused(logrank_test(Surv(time, died) ~ two, d, type = list("logrank")), "type")
  refused(logrank_test(Surv(time, died) ~ two, d, type = list("logrank", c(0, -1))), "gamma")
  refused(logrank_test(Surv(time, died) ~ two, d, type = "max-combo", rho = 1), "rho")
  refused(logrank_test(Surv(time, died) ~ two, d, stop.at = 0.05), "stop.at")
  refused(logrank_test(Surv(time, died) ~ two, d, distribution = "approximate", stop.at = 1), "stop.at")
  refused(logrank_test(event_counts(Surv(time, died) ~ two, d), type = "max-combo"), "distribution")
  refused(logrank_test(Surv(time, died) ~ two, d, type = "max-combo", trend = TRUE), "distribution")
  refused(logrank_test(Surv(time, died) ~ 1, d, type = "max-combo", reference = function(t) exp(-t)), "reference")
  expect_error(logrank_test(Surv(time, died) ~ two, d, studentised = 1), class = "cryonodes_error_type")
})

test_that("inverse cluster size weights: coxph's weighted robust score test; copies of a lesion change nothing", {
  for (seed in 1:20) {
    set.seed(seed)
    id <- rep(1:14, sample(1:4, 14, TRUE))
    n <- length(id)
    d <- data.frame(
      id, time = if (seed %% 2 == 0) sample(8, n, TRUE) else stats::rexp(n), failed = stats::rbinom(n, 1, 0.7),
      arm = if (seed %% 3 == 0) sample(0:1, n, TRUE) else rep(0:1, 7)[id]
    )
    d$w <- 1 / as.vector(table(id))[id]
    ours <- logrank_test(Surv(time, failed) ~ arm, d, cluster = id, distribution = "asymptotic", inverse.size = TRUE)
    theirs <- coxph(Surv(time, failed) ~ arm, d, weights = w, cluster = id, ties = "breslow", robust = TRUE)
    expect_equal(unname(ours$statistic), drop(theirs$rscore), tolerance = 1e-10)
    if (seed %% 3 == 0) next
    exact <- function(d, ...) logrank_test(Surv(time, failed) ~ arm, d, cluster = id, ...)$p.value
    # Every lesion of the first two patients twice: they still count for one each.
    twice <- rbind(d, d[d$id <= 2, ])
    expect_equal(exact(twice, inverse.size = TRUE), exact(d, inverse.size = TRUE))
    alike <- d[rep(which(!duplicated(d$id)), each = 2), ]
    expect_equal(exact(alike, inverse.size = TRUE), exact(alike))
  }
  expect_error(logrank_test(d$time, d$failed, d$arm, inverse.size = TRUE), class = "cryonodes_error_choice")
  expect_error(logrank_test(d$time, d$failed, d$arm, cluster = d$id, inverse.size = NA), class = "cryonodes_error_type")
  expect_match(
    logrank_test(d$time, d$failed, rep(0:1, 7)[d$id], cluster = d$id, inverse.size = TRUE)$method,
    "inverse cluster size weights"
  )
})
