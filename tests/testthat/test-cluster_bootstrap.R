# Patients drawn with replacement.

lesions <- data.frame(
  time = c(1, 2, 2, 3, 4, 5, 6, 7, 8, 9), status = c(1, 1, 0, 1, 1, 0, 1, 0, 1, 0), id = c(0, 0, 1, 1, 2, 2, 3, 4, 5, 6)
)

boot <- function(..., progress = FALSE) cluster_bootstrap(..., progress = progress)

test_that("replicates are those of a second writing in exact arithmetic, stream for stream", {
  recorded <- golden("cluster_bootstrap")
  recorded <- recorded[recorded$cohort == "cohort", ]
  statistic <- list(
    "survival 4" = list(statistic = "survival", times = 4), median = list(statistic = "median"),
    "restricted_mean 6" = list(statistic = "restricted_mean", tau = 6)
  )
  for (seed in unique(recorded$seed)) {
    for (name in names(statistic)) {
      x <- do.call(boot, c(
        list(Surv(time, status) ~ cluster(id), lesions, replicates = 40, seed = as.numeric(seed)), statistic[[name]]
      ))
      value <- x$replicates[, 1]
      value[is.infinite(value)] <- NA # not reached
      truth <- recorded$value[recorded$seed == seed & recorded$statistic == name]
      expect_length(truth, 40)
      expect_lte(largest_difference(value, truth), 1e-14)
    }
  }
})

test_that("the distribution over replicates is that of all resamples", {
  tiny <- data.frame(time = c(1, 2, 3, 6), status = c(1, 1, 0, 1))
  recorded <- golden("cluster_bootstrap")
  recorded <- recorded[recorded$cohort == "tiny", ]
  truth <- function(name, what) recorded$value[recorded$statistic == name & recorded$replicate == what]
  check <- function(name, ...) {
    x <- boot(tiny$time, tiny$status, ..., replicates = 40000, seed = 7)
    value <- x$replicates[is.finite(x$replicates)]
    sd <- truth(name, "sd")
    # Within four Monte Carlo standard errors; the seed is fixed.
    expect_lte(abs(mean(value) - truth(name, "mean")), 4 * sd / sqrt(length(value)))
    expect_lte(abs(x$estimates$std.error / sd - 1), 4 / sqrt(length(value)))
    p <- truth(name, "missing") / 256
    expect_lte(abs(x$estimates$n.missing / 40000 - p), 4 * sqrt(p * (1 - p) / 40000))
  }
  check("survival 4", statistic = "survival", times = 4)
  check("median", statistic = "median")
  check("restricted_mean 6", statistic = "restricted_mean", tau = 6)
})

test_that("built-in statistics are those of the curves of the copied rows, exactly", {
  skip_on_cran() # long
  compared <- 0
  for (seed in 1:24) {
    cohort <- random_cohort(seed, groups = 1:3, weights = seed %% 3 == 0, entry = seed %% 4 == 0)
    cohort$weight <- cohort$weight %||% rep(1, nrow(cohort))
    cohort <- cohort[cohort$weight > 0, ]
    if (!nrow(cohort)) next
    cohort$group <- factor(cohort$group, levels = unique(as.character(cohort$group)))
    cohort$id <- sample.int(max(1, nrow(cohort) %/% 2), nrow(cohort), TRUE)
    times <- as.vector(stats::quantile(cohort$time, c(0.2, 0.5, 0.8)))
    f <- if (seed %% 4 == 0) Surv(entry, time, status) ~ group else Surv(time, status) ~ group
    labels <- levels(droplevels(cohort$group))
    args <- list(f, cohort, weights = quote(weight), cluster = quote(id), replicates = 15, seed = seed)
    for (statistic in c("survival", "median")) {
      built_in <- do.call(boot, c(args, list(statistic = statistic, times = if (statistic == "survival") times)))
      by_hand <- do.call(boot, c(args, list(statistic = function(fit) {
        if (statistic == "survival") rates(fit, times)$estimate else as.vector(quantile(fit, 0.5)$quantile)
      })))
      ours <- built_in$replicates[, seq_len(ncol(by_hand$replicates)), drop = FALSE]
      ours[is.infinite(ours)] <- NA
      # Functions see only replicates with all groups.
      counts <- vapply(seq_len(15) - 1, function(r) draw_clusters_cpp(length(unique(cohort$id)), seed, r),
        integer(length(unique(cohort$id)))
      )
      counts <- matrix(counts, ncol = 15)
      whole <- apply(counts, 2, function(k) {
        all(labels %in% cohort$group[k[match(cohort$id, unique(cohort$id))] > 0])
      })
      expect_true(all(is.na(by_hand$replicates[!whole, ])))
      ours[!whole, ] <- NA
      expect_identical(as.vector(ours), as.vector(by_hand$replicates), label = paste(seed, statistic))
      compared <- compared + sum(!is.na(ours))
    }
  }
  expect_gt(compared, 1000)
})

test_that("the restricted mean is the area under the curve", {
  area <- function(fit, tau) {
    inside <- fit$time < tau
    sum(c(1, fit$surv[inside]) * diff(c(0, fit$time[inside], tau)))
  }
  x <- boot(Surv(time, status) ~ cluster(id), lesions, statistic = "restricted_mean", tau = c(2, 5), replicates = 50,
    seed = 1
  )
  expect_equal(x$estimates$estimate, c(area(kaplan_meier(lesions$time, lesions$status), 2), area(
    kaplan_meier(lesions$time, lesions$status), 5
  )), tolerance = 1e-14)
  y <- boot(Surv(time, status) ~ cluster(id), lesions, statistic = function(fit) {
    vapply(c(2, 5), function(tau) if (tau <= max(fit$time) || min(fit$surv) == 0) area(fit, tau) else NA_real_, 0)
  }, replicates = 50, seed = 1)
  expect_equal(as.vector(x$replicates), as.vector(y$replicates), tolerance = 1e-14)
})

test_that("threads and batches change no bit; the seed is recorded and decides everything", {
  one <- boot(Surv(time, status) ~ cluster(id), lesions, times = 4, replicates = 200, seed = 5)
  four <- boot(Surv(time, status) ~ cluster(id), lesions, times = 4, replicates = 200, seed = 5, threads = 4)
  expect_identical(one, four)
  fewer <- boot(Surv(time, status) ~ cluster(id), lesions, times = 4, replicates = 50, seed = 5)
  expect_identical(fewer$replicates, one$replicates[1:50, , drop = FALSE])
  other <- boot(Surv(time, status) ~ cluster(id), lesions, times = 4, replicates = 200, seed = 6)
  expect_false(identical(other$replicates, one$replicates))
  set.seed(3)
  drawn <- boot(Surv(time, status) ~ cluster(id), lesions, times = 4, replicates = 50)
  after <- stats::runif(1)
  again <- boot(Surv(time, status) ~ cluster(id), lesions, times = 4, replicates = 50, seed = drawn$seed)
  expect_identical(again, drawn)
  set.seed(3)
  stats::runif(1) # one number was taken, whatever the replicates
  expect_identical(stats::runif(1), after)
})

test_that("intervals by hand from the replicates", {
  x <- boot(Surv(time, status) ~ cluster(id), lesions, times = 4, replicates = 199, seed = 2, interval = "bca")
  value <- sort(x$replicates[, 1])
  value <- value[!is.na(value)]
  n <- length(value)
  at <- function(p) stats::quantile(value, p, type = 6, names = FALSE)
  limits <- function(m) unlist(x$intervals[x$intervals$method == m, c("conf.low", "conf.high")], use.names = FALSE)
  expect_equal(limits("percentile"), at(c(0.025, 0.975)), tolerance = 1e-14)
  expect_equal(limits("basic"), 2 * x$estimates$estimate - at(c(0.975, 0.025)), tolerance = 1e-14)
  left_out <- vapply(0:6, function(k) {
    rates(kaplan_meier(lesions$time[lesions$id != k], lesions$status[lesions$id != k]), 4)$estimate
  }, 0)
  u <- mean(left_out) - left_out
  a <- sum(u^3) / (6 * sum(u^2)^1.5)
  z0 <- stats::qnorm((sum(value < x$estimates$estimate) + sum(value == x$estimates$estimate) / 2) / n)
  z <- z0 + stats::qnorm(c(0.025, 0.975))
  expect_equal(limits("bca"), at(stats::pnorm(z0 + z / (1 - a * z))), tolerance = 1e-12)
  expect_identical(x$estimates$conf.low, limits("bca")[1])
  expect_equal(x$estimates$std.error, stats::sd(value), tolerance = 1e-14)
})

test_that("two groups get their difference, from the same patients", {
  both <- transform(lesions, g = rep(c("a", "b"), 5))
  x <- boot(Surv(time, status) ~ g + cluster(id), both, times = c(3, 5), replicates = 60, seed = 1)
  expect_identical(x$estimates$strata, rep(c("a", "b", "b - a"), each = 2))
  expect_equal(x$estimates$estimate[5:6], x$estimates$estimate[3:4] - x$estimates$estimate[1:2])
  expect_equal(x$replicates[, 5:6], x$replicates[, 3:4] - x$replicates[, 1:2])
})

test_that("its standard error is near the infinitesimal jackknife of the same clusters", {
  eyes <- with(survival::retinopathy, data.frame(time = futime, status, id, type))
  x <- boot(Surv(time, status) ~ type + cluster(id), eyes, times = c(12, 36), replicates = 2000, seed = 1)
  robust <- rates(kaplan_meier(Surv(time, status) ~ type + cluster(id), eyes), c(12, 36))$std.error
  # The Monte Carlo error of a standard deviation from 2000 replicates is 1.6%; both are estimates to order 1/n.
  expect_true(all(abs(x$estimates$std.error[1:4] / robust - 1) < 0.06))
})

test_that("a median that is not reached is later than every time, and is counted", {
  few <- data.frame(time = 1:8, status = c(1, 1, 1, 1, 0, 0, 0, 0))
  x <- boot(few$time, few$status, statistic = "median", replicates = 300, seed = 1)
  expect_gt(x$estimates$n.missing, 30)
  expect_match(x$estimates$note, "not reached in")
  expect_identical(x$estimates$conf.high, NA_real_)
  expect_false(is.na(x$estimates$conf.low))
  expect_output(print(x), "not reached in")
  never <- boot(few$time, rep(0, 8), statistic = "median", replicates = 20, seed = 1)
  expect_identical(never$estimates$estimate, NA_real_)
  expect_match(never$estimates$note, "in the cohort")
})

test_that("what is printed and tidied is what is there", {
  x <- boot(Surv(time, status) ~ cluster(id), lesions, times = 4, replicates = 50, seed = 1)
  expect_output(print(x), "Bootstrap of 7 clusters (id)", fixed = TRUE)
  expect_output(print(x), "50 replicates, seed 1; percentile intervals (95%)", fixed = TRUE)
  expect_identical(tidy(x), x$estimates)
  expect_identical(as.data.frame(x), x$estimates)
  expect_identical(glance(x)$n.clusters, 7L)
  x$replicates <- NULL
  expect_error(print(x), class = "cryonodes_error_object")
  rows <- boot(lesions$time, lesions$status, times = 4, replicates = 50, seed = 1)
  expect_output(print(rows), "Bootstrap of 10 rows", fixed = TRUE)
})

test_that("bad input is refused by name", {
  ask <- function(...) boot(Surv(time, status) ~ cluster(id), lesions, ..., seed = 1)
  expect_error(ask(), class = "cryonodes_error_times")
  expect_error(ask(times = -1), class = "cryonodes_error_times")
  expect_error(ask(times = NA), class = "cryonodes_error_times")
  expect_error(ask(times = Inf), class = "cryonodes_error_times")
  expect_error(ask(statistic = "quantile", probs = 1.5), class = "cryonodes_error_times")
  expect_error(ask(statistic = "mean"), class = "cryonodes_error_choice")
  expect_error(ask(statistic = "median", times = 4), class = "cryonodes_error_choice")
  expect_error(ask(statistic = function(fit) 1, times = 4), class = "cryonodes_error_choice")
  expect_error(ask(statistic = function(fit) "a", replicates = 2), class = "cryonodes_error_choice")
  expect_error(ask(statistic = function(fit) stop("no such thing")), "no such thing", class = "cryonodes_error_choice")
  expect_error(ask(statistic = function(fit) fit$time, replicates = 50), "as many", class = "cryonodes_error_choice")
  expect_error(ask(statistic = "restricted_mean", tau = 10), "must be at most 9", class = "cryonodes_error_tau")
  expect_error(ask(times = 4, replicates = 1), class = "cryonodes_error_count")
  expect_error(ask(times = 4, threads = 0), class = "cryonodes_error_count")
  expect_error(ask(times = 4, interval = "t"), class = "cryonodes_error_choice")
  expect_error(ask(times = 4, conf.level = 1), class = "cryonodes_error_conf_level")
  expect_error(boot(lesions$time, lesions$status, times = 4, seed = 0.5), class = "cryonodes_error_count")
  expect_error(boot(lesions$time, times = 4), class = "cryonodes_error_status")
  counts <- event_counts(time = 1:3, n.event = 1)
  expect_error(boot(counts, times = 2), "counts", class = "cryonodes_error_choice")
})

test_that("replicates that are all alike give no interval of width zero", {
  alike <- function(...) {
    for (interval in c("percentile", "basic", "bca")) {
      row <- tidy(cluster_bootstrap(..., replicates = 20, seed = 1, interval = interval))
      expect_true(all(is.na(row[c("std.error", "conf.low", "conf.high")])))
      expect_match(row$note, "alike")
    }
  }
  alike(1:4, c(1, 0, 1, 1), cluster = rep("x", 4), times = 3)
  alike(1:4, c(0, 0, 0, 0), times = 1)
  alike(3, 1, times = 3)
})
