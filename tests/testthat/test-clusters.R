# Rows that share a patient: robust variances of the Kaplan-Meier curve, and curves that delayed entry pins.

pairs <- data.frame(time = c(1, 3, 2, 4), status = c(1, 1, 1, 0), id = c("A", "A", "B", "B"))

clustered_cohort <- function(seed) {
  cohort <- random_cohort(seed, groups = 1:3, weights = seed %% 3 == 0, entry = seed %% 2 == 0)
  # Few clusters, so that groups share them.
  cohort$id <- sample.int(max(1, nrow(cohort) %/% 2), nrow(cohort), TRUE)
  cohort$weight <- cohort$weight %||% rep(1, nrow(cohort))
  cohort[cohort$weight > 0, ]
}

test_that("two pairs by hand, in fractions", {
  # n = 4, 3, 2, 1 and S = 3/4, 1/2, 1/4. Influence on -log S of A at 1: 1/3 - 2/12 = 1/6; at 2: 1/6 - 1/6 = 0;
  # at 3: 0 + 1 - 1/2 = 1/2. That of B is the negative.
  fit <- kaplan_meier(Surv(time, status) ~ cluster(id), pairs)
  expect_equal(fit$surv, c(3 / 4, 1 / 2, 1 / 4, 1 / 4), tolerance = 1e-14)
  expect_equal(fit$std.err, c(3 / 4 * sqrt(2) / 6, 0, 1 / 4 * sqrt(2) / 2, 1 / 4 * sqrt(2) / 2), tolerance = 1e-14)
  # Influence on Nelson-Aalen's estimate of A: 1/4 - 2/16 = 1/8, 1/8 - 1/9 = 1/72, 1/72 + 1/2 - 1/4 = 19/72.
  chaz <- sqrt(2) * c(1 / 8, 1 / 72, 19 / 72, 19 / 72)
  expect_equal(fit$std.chaz, chaz, tolerance = 1e-14)
  ying_wei <- kaplan_meier(Surv(time, status) ~ 1, pairs, cluster = id, variance = "ying-wei")
  expect_equal(ying_wei$std.err, ying_wei$surv * chaz, tolerance = 1e-14)
  # No interval of zero width where the influences cancel.
  expect_identical(is.na(fit$lower), c(FALSE, TRUE, FALSE, FALSE))
  expect_identical(is.na(fit$upper), c(FALSE, TRUE, FALSE, FALSE))
})

test_that("numbers of prodlim and survival, recorded", {
  small <- data.frame(
    time = c(1, 2, 2, 3, 4, 5, 6, 7, 2, 3, 3, 5, 8, 9), status = c(1, 1, 0, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 0),
    id = c(1, 1, 2, 2, 3, 3, 4, 5, 1, 6, 6, 6, 7, 5), g = rep(c("a", "b"), c(8, 6))
  )
  eyes <- with(survival::retinopathy, data.frame(time = futime, status, id, g = as.character(type)))
  cohorts <- list(small = small, retinopathy = eyes)
  recorded <- golden("cluster_variance")
  expect_gt(sum(recorded$quantity == "ying-wei"), 50)
  for (name in names(cohorts)) {
    for (variance in c("ij", "ying-wei")) {
      fits <- list(
        kaplan_meier(Surv(time, status) ~ cluster(id), cohorts[[name]], variance = variance),
        kaplan_meier(Surv(time, status) ~ g + cluster(id), cohorts[[name]], variance = variance)
      )
      ours <- do.call(rbind, lapply(fits, function(fit) {
        rows <- tidy(fit)
        rows$std.chaz <- fit$std.chaz
        rows
      }))
      theirs <- recorded[recorded$dataset == name & recorded$quantity %in% c(variance, "std.chaz"), ]
      at <- match(paste(theirs$group, theirs$time), paste(ours$strata, ours$time))
      expect_false(anyNA(at))
      value <- ifelse(theirs$quantity == "std.chaz", ours$std.chaz[at], ours$std.error[at])
      expect_true(all(abs(value - theirs$value) <= theirs$tolerance), label = paste(name, variance))
    }
  }
})

test_that("the infinitesimal jackknife is survival's, with ties, weights, delayed entry and shared clusters", {
  skip_on_cran() # long
  compared <- 0
  for (seed in 1:150) {
    cohort <- clustered_cohort(seed)
    if (!nrow(cohort)) next
    f <- if (seed %% 2 == 0) Surv(entry, time, status) ~ group else Surv(time, status) ~ group
    for (type in c("log-log", "log", "plain")) {
      ours <- quiet_entry(kaplan_meier(f, cohort, weights = weight, cluster = id, conf.type = type))
      theirs <- survival::survfit(f, cohort, weights = weight, cluster = id, conf.type = type)
      expect_identical(ours$logse, theirs$logse)
      expect_lte(largest_difference(ours$surv, theirs$surv), 1e-12)
      alone <- rep(ours$meta$cluster$by_group < 2, ours$strata)
      # Where S = 0 and in a group of one cluster survival has a standard error of 0, we have none.
      expect_identical(is.na(ours$std.err), ours$surv == 0 | alone)
      known <- !is.na(ours$std.err)
      expect_lte(largest_difference(ours$std.err[known], theirs$std.err[known]), 1e-10)
      expect_lte(largest_difference(ours$std.chaz[!alone], theirs$std.chaz[!alone]), 1e-10)
      # survival's limits are S itself where its standard error is 0; ours stand in where S is 0 or 1.
      known <- !is.na(ours$lower) & ours$surv > 0 & ours$surv < 1
      expect_true(all(ours$lower[ours$surv == 1] < 1) && all(ours$upper[ours$surv == 0] > 0))
      expect_lte(largest_difference(ours$lower[known], theirs$lower[known]), 1e-10)
      expect_lte(largest_difference(ours$upper[known], theirs$upper[known]), 1e-10)
      compared <- compared + sum(known)
    }
  }
  expect_gt(compared, 2000)
})

test_that("without clusters `variance = \"ij\"` takes each row for one, as survival's robust = TRUE", {
  for (seed in 1:20) {
    cohort <- random_cohort(seed, groups = 1)
    ours <- kaplan_meier(Surv(time, status) ~ 1, cohort, variance = "ij")
    theirs <- survival::survfit(Surv(time, status) ~ 1, cohort, robust = TRUE)
    known <- !is.na(ours$std.err)
    expect_lte(largest_difference(ours$std.err[known], theirs$std.err[known]), 1e-10)
    expect_identical(
      ours$std.err, kaplan_meier(Surv(time, status) ~ cluster(seq_along(time)), cohort)$std.err
    )
  }
  expect_output(print(ours), "robust variance (infinitesimal jackknife)", fixed = TRUE)
})

test_that("split follow-up of a subject changes neither the curve nor its robust variance", {
  for (seed in 1:30) {
    cohort <- random_cohort(seed, groups = 1:2, entry = TRUE)
    cohort$id <- seq_len(nrow(cohort))
    # Each row is cut in two at a time of its own.
    cut <- cohort$entry + (cohort$time - cohort$entry) * stats::runif(nrow(cohort), 0.2, 0.8)
    split <- rbind(transform(cohort, time = cut, status = 0L), transform(cohort, entry = cut))
    whole <- quiet_entry(kaplan_meier(Surv(entry, time, status) ~ group + cluster(id), cohort))
    parts <- quiet_entry(kaplan_meier(Surv(entry, time, status) ~ group + cluster(id), split))
    a <- tidy(whole)
    b <- tidy(parts)
    b <- b[match(paste(a$strata, a$time), paste(b$strata, b$time)), ]
    expect_lte(largest_difference(b$estimate, a$estimate), 1e-12)
    expect_lte(largest_difference(b$std.error, a$std.error), 1e-10)
  }
})

test_that("row order, names of clusters and a weight of 2 for a row twice change nothing", {
  for (seed in seq(3, 60, 3)) {
    cohort <- clustered_cohort(seed)
    if (!nrow(cohort)) next
    fit <- function(data, ...) quiet_entry(kaplan_meier(Surv(time, status) ~ group + cluster(id), data, ...))
    weighted <- fit(cohort, weights = weight)
    twice <- fit(cohort[rep(seq_len(nrow(cohort)), cohort$weight), ])
    expect_lte(largest_difference(twice$std.err, weighted$std.err), 1e-12)
    mixed <- cohort[sample(nrow(cohort)), ]
    mixed$id <- paste("patient", 1000 - mixed$id)
    expect_lte(largest_difference(fit(mixed, weights = weight)$std.err, weighted$std.err), 1e-12)
  }
})

test_that("clusters as vector, as argument and in the formula are the same", {
  a <- kaplan_meier(pairs$time, pairs$status, cluster = pairs$id)
  b <- kaplan_meier(Surv(time, status) ~ cluster(id), pairs)
  c <- kaplan_meier(Surv(time, status) ~ 1, pairs, cluster = id)
  expect_identical(a$std.err, b$std.err)
  expect_identical(b$std.err, c$std.err)
  expect_identical(b$meta$cluster, list(title = "id", n = 2L, by_group = 2L, rows = 4L))
  expect_identical(c$meta$cluster, b$meta$cluster)
  expect_output(print(b), "variance: clustered by id (2 clusters; infinitesimal jackknife)", fixed = TRUE)
})

test_that("rates, tidy, summary and subsets of a clustered curve read its standard error as it is", {
  eyes <- with(survival::retinopathy, data.frame(time = futime, status, id, type))
  fit <- kaplan_meier(Surv(time, status) ~ type + cluster(id), eyes)
  theirs <- summary(survival::survfit(Surv(time, status) ~ type, eyes, cluster = id), times = c(12, 36))
  expect_equal(rates(fit, c(12, 36))$std.error, theirs$std.err, tolerance = 1e-12)
  expect_equal(summary(fit, times = c(12, 36))$std.err, theirs$std.err, tolerance = 1e-12)
  one <- fit[2]
  expect_identical(tidy(one)$std.error, tidy(fit)$std.error[tidy(fit)$strata == one$meta$group_labels])
  expect_identical(one$meta$cluster$by_group, fit$meta$cluster$by_group[2])
})

test_that("the beta interval is never of zero width, holds S and is Clopper and Pearson's in the plain case", {
  # Nobody is censored and each row is a cluster: binomial counts, n_eff = n (t ratio 1).
  time <- 1:20
  fit <- kaplan_meier(time, rep(1, 20), cluster = 1:20, conf.type = "beta-cluster")
  for (i in c(1, 7, 19)) {
    exact <- stats::binom.test(20 - i, 20)$conf.int
    expect_equal(c(fit$lower[i], fit$upper[i]), exact[1:2], tolerance = 1e-9) # binom.test's own root finding
  }
  expect_identical(fit$upper[20] > 0 && fit$lower[20] == 0, TRUE)
  for (seed in 1:60) {
    cohort <- clustered_cohort(seed)
    if (!nrow(cohort)) next
    x <- kaplan_meier(Surv(time, status) ~ group + cluster(id), cohort, conf.type = "beta-cluster", conf.level = 0.9)
    expect_true(all(x$lower >= 0 & x$lower <= x$surv & x$surv <= x$upper & x$upper <= 1 & x$lower < x$upper))
    # The definition again, from what the results hold.
    plain <- kaplan_meier(Surv(time, status) ~ group, cohort)
    k <- rep(x$meta$cluster$by_group, x$strata)
    n <- rep(x$n, x$strata)
    known <- x$surv > 0 & x$surv < 1 & k > 1
    variance <- pmax((plain$surv * plain$std.err)^2, x$std.err^2)
    effective <- x$surv * (1 - x$surv) / variance *
      suppressWarnings((stats::qt(0.95, n - 1) / stats::qt(0.95, k - 1))^2)
    low <- stats::qbeta(0.05, effective * x$surv, effective * (1 - x$surv) + 1)
    high <- stats::qbeta(0.95, effective * x$surv + 1, effective * (1 - x$surv))
    # A curve that stays keeps its limits; qbeta itself is good to some 1e-8 with a shape parameter near 0.
    first <- known & !duplicated(paste(rep(seq_along(x$strata), x$strata), x$surv))
    expect_lte(largest_difference(x$lower[first], low[first]), 1e-7)
    expect_lte(largest_difference(x$upper[first], high[first]), 1e-7)
  }
  expect_output(print(x), "beta-cluster (experimental) intervals", fixed = TRUE)
  before <- kaplan_meier(c(1, 2, 3), c(0, 1, 0), cluster = c(1, 1, 2), conf.type = "beta-cluster")
  expect_equal(before$lower[1], 0.025^(1 / 2), tolerance = 1e-12) # no event yet, two clusters at risk
})

test_that("a group of one cluster has no robust standard error, and says so", {
  fit <- kaplan_meier(c(1, 2, 3, 4), c(1, 1, 1, 0), c("a", "a", "b", "b"), cluster = c(1, 1, 2, 3))
  expect_identical(is.na(fit$std.err), c(TRUE, TRUE, FALSE, FALSE))
  expect_match(fit$meta$notes, "group 'a' has one cluster only", all = FALSE)
})

test_that("clusters are refused where they have no meaning, never taken for groups", {
  counts <- event_counts(pairs$time, n.event = pairs$status[order(pairs$time)]) |> tryCatch(error = function(e) {
    event_counts(time = 1:4, n.event = c(1, 1, 1, 0), n.censor = c(0, 0, 0, 1))
  })
  expect_error(kaplan_meier(counts, cluster = pairs$id), "needs rows", class = "cryonodes_error_choice")
  expect_error(event_counts(Surv(time, status) ~ cluster(id), pairs), class = "cryonodes_error_formula")
  expect_error(logrank_test(Surv(time, status) ~ cluster(id), pairs), "no group", class = "cryonodes_error_group")
  expect_error(
    kaplan_meier(Surv(time, status) ~ cluster(id), pairs, variance = "greenwood"),
    class = "cryonodes_error_choice"
  )
  expect_error(kaplan_meier(pairs$time, pairs$status, variance = "robust"), class = "cryonodes_error_choice")
  expect_error(
    kaplan_meier(pairs$time, pairs$status, conf.type = "beta-cluster"),
    class = "cryonodes_error_conf_type"
  )
  expect_error(kaplan_meier(Surv(time, status) ~ cluster(id), pairs, cluster = id), class = "cryonodes_error_formula")
  expect_error(kaplan_meier(pairs$time, pairs$status, cluster = 1:3), class = "cryonodes_error_length")
  expect_error(kaplan_meier(pairs$time, pairs$status, cluster = c(1, NA, 2, 2)), class = "cryonodes_error_missing")
})

test_that("a curve that delayed entry pins is warned of, by time and group", {
  early <- data.frame(
    entry = c(0, 2, 3, 3, 0, 0), time = c(1, 5, 6, 7, 2, 4), status = c(1, 1, 0, 1, 1, 0), g = rep(c("x", "y"), c(4, 2))
  )
  expect_warning(
    kaplan_meier(Surv(entry, time, status) ~ g, early),
    "falls to 0 at time 1 in group 'x', where 1 is at risk",
    class = "cryonodes_warning_entry"
  )
  expect_warning(
    kaplan_meier(Surv(entry, time, status) ~ 1, transform(early[1:4, ], status = c(0, 1, 0, 1))),
    "nobody is at risk for a while after time 1",
    class = "cryonodes_warning_entry"
  )
  # The end of a curve, and a row that ends where the next begins, are no surprise.
  expect_silent(kaplan_meier(Surv(entry, time, status) ~ g, early[5:6, ]))
  expect_silent(kaplan_meier(Surv(entry, time, status) ~ 1, data.frame(entry = c(0, 2), time = c(2, 5), status = 0:1)))
  counts <- event_counts(Surv(entry, time, status) ~ g, early)
  expect_warning(kaplan_meier(counts), "falls to 0 at time 1", class = "cryonodes_warning_entry")
})

test_that("clusters of whole numbers are numbered as all others are", {
  set.seed(5)
  for (x in list(
    c(3L, 1L, 3L, 2L), sample.int(1000, 500, TRUE), -5:5, c(.Machine$integer.max, 1L), c(NA, 1L, 2L), c(1.5, 1, 1.5),
    c("b", "a", "b"), factor(c("b", "a")), c(2, 1, 2), -.Machine$integer.max + 0:2
  )) {
    expect_identical(number_clusters(x), match(x, unique(x)) - 1L)
  }
})
