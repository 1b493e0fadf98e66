library(survival)

caught <- function(expr, class) expect_error(expr, class = paste0("cryonodes_error_", class))

test_that("cumulative hazard by hand, both variances", {
  fit <- nelson_aalen(c(2, 2, 3, 3, 5, 7, 8), c(1, 1, 1, 0, 0, 1, 0))
  expect_identical(fit$n.risk, c(7, 5, 3, 2, 1))
  # 2/7; + 1/5; + 1/2, and the same over n^2
  expect_equal(fit$cumhaz, c(2 / 7, 17 / 35, 17 / 35, 69 / 70, 69 / 70), tolerance = 1e-15)
  expect_equal(fit$std.err^2, c(2 / 49, 99 / 1225, 99 / 1225, 1621 / 4900, 1621 / 4900), tolerance = 1e-15)
  binomial <- nelson_aalen(c(2, 2, 3, 3, 5, 7, 8), c(1, 1, 1, 0, 0, 1, 0), variance = "greenwood")
  v <- cumsum(c(2 * 5 / 343, 4 / 125, 0, 1 / 8, 0))
  expect_equal(binomial$std.err^2, v, tolerance = 1e-15)
})

test_that("delayed entry by hand: who enters at a time is at risk after it", {
  # (0, 3] death, (2, 5] death, (3, 4] censored, (3, 6] censored
  fit <- nelson_aalen(Surv(c(0, 2, 3, 3), c(3, 5, 4, 6), c(1, 1, 0, 0)) ~ 1)
  expect_equal(fit$cumhaz, c(1 / 2, 1 / 2, 1, 1), tolerance = 1e-15)
  expect_identical(rates(fit, 3.5)$n.risk, 3)
})

test_that("the three intervals of the 6-MP arm at 16 weeks by hand", {
  h <- 3 / 21 + 1 / 17 + 1 / 15 + 1 / 12 + 1 / 11
  se <- sqrt(3 / 21^2 + 1 / 17^2 + 1 / 15^2 + 1 / 12^2 + 1 / 11^2)
  z <- 1.9599639845400538556 # the 97.5% point, 50-digit arithmetic
  limits <- function(conf.type) {
    r <- rates(nelson_aalen(six_mp()$time, six_mp()$status, conf.type = conf.type), 16)
    c(r$conf.low, r$conf.high)
  }
  expect_equal(limits("plain"), h + c(-1, 1) * z * se, tolerance = 1e-14)
  expect_equal(limits("log"), h * exp(c(-1, 1) * z * se / h), tolerance = 1e-14)
  # Bie, Borgan & Liestol (1987): -2 log sin(asin(exp(-H/2)) +- z se / (2 sqrt(exp(H) - 1)))
  angle <- asin(exp(-h / 2)) + c(1, -1) * z * se / 2 / sqrt(exp(h) - 1)
  expect_equal(limits("arcsin"), -2 * log(sin(angle)), tolerance = 1e-14)
  # They agree where there is much to go on: a million times the rows.
  many <- vapply(c("plain", "log", "arcsin"), function(conf.type) {
    nelson_aalen(event_counts(1, 1e9, 1e9), conf.type = conf.type)$upper
  }, 0)
  expect_lt(diff(range(many)), 1e-8) # of order 1/n
})

test_that("published, exact and recorded numbers are met", {
  fits <- list(
    six_mp = nelson_aalen(Surv(time, status) ~ 1, six_mp()),
    lung = nelson_aalen(Surv(time, status) ~ sex, survival::lung, event = 2),
    veteran = nelson_aalen(Surv(time, status) ~ celltype, survival::veteran)
  )
  numbers <- golden("nelson_aalen")
  expect_setequal(numbers$dataset, names(fits))
  for (i in seq_len(nrow(numbers))) {
    answer <- rates(fits[[numbers$dataset[i]]], numbers$time[i])
    ours <- answer[answer$strata == numbers$group[i], numbers$quantity[i]]
    expect_lte(abs(ours - numbers$value[i]), numbers$tolerance[i],
      label = paste(numbers$dataset[i], numbers$group[i], numbers$time[i], numbers$quantity[i])
    )
  }
})

test_that("300 random cohorts agree with survfit's cumulative hazard, weights and delayed entry among them", {
  skip_on_cran() # long
  compared <- 0
  for (seed in 1:300) {
    entry <- seed %% 5 == 0
    d <- random_cohort(seed, weights = TRUE, entry = entry)
    if (seed %% 3) d$weight <- 1
    used <- d[d$weight > 0, ]
    if (!nrow(used)) next
    formula <- if (entry) Surv(entry, time, status) ~ group else Surv(time, status) ~ group
    ours <- nelson_aalen(formula, d, weights = weight)
    theirs <- survfit(formula, transform(used, group = droplevels(group)), weights = weight)
    expect_lt(largest_difference(ours$time, theirs$time), 1e-12)
    expect_lt(largest_difference(ours$cumhaz, theirs$cumhaz), 1e-12, label = paste("seed", seed))
    expect_lt(largest_difference(ours$std.err, theirs$std.chaz), 1e-12, label = paste("seed", seed))
    compared <- compared + length(ours$time)
  }
  expect_gt(compared, 2000)
})

test_that("order, unit and weights do as they should; counts give the same bits", {
  skip_on_cran() # long
  numbers <- c("time", "n.risk", "n.event", "n.censor", "cumhaz", "std.err", "lower", "upper", "strata")
  for (seed in 3001:3060) {
    d <- random_cohort(seed)
    d$w <- rep_len(1:2, nrow(d))
    variance <- c("aalen", "greenwood")[seed %% 2 + 1]
    conf.type <- c("log", "plain", "arcsin")[seed %% 3 + 1]
    fit_of <- function(data, ...) {
      nelson_aalen(Surv(time, status) ~ group, data, variance = variance, conf.type = conf.type, ...)
    }
    fit <- fit_of(d)
    expect_identical(unclass(fit_of(d[sample.int(nrow(d)), ]))[numbers], unclass(fit)[numbers])
    expect_identical(fit_of(transform(d, time = 4 * time))$cumhaz, fit$cumhaz)
    weighted <- nelson_aalen(Surv(time, status) ~ group, d, weights = w, variance = variance, conf.type = conf.type)
    expect_identical(unclass(weighted)[numbers], unclass(fit_of(d[rep(seq_len(nrow(d)), d$w), ]))[numbers])
    counted <- nelson_aalen(event_counts(Surv(time, status) ~ group, d), variance = variance, conf.type = conf.type)
    expect_identical(unclass(counted)[c("n", numbers)], unclass(fit)[c("n", numbers)])
    expect_true(all(fit$lower <= fit$cumhaz & fit$cumhaz <= fit$upper, na.rm = TRUE))
    # exp(-H) is never below the Kaplan-Meier curve.
    km <- kaplan_meier(Surv(time, status) ~ group, d)
    expect_true(all(km$surv <= exp(-fit$cumhaz) + 1e-15))
  }
})

test_that("before the first event and beyond the last time", {
  fit <- nelson_aalen(c(5, 8, 12, 20, 33), c(0, 0, 1, 0, 0))
  expect_equal(fit$upper[1:2], -log(0.025) / c(4, 3), tolerance = 1e-14)
  r <- rates(fit, c(2, 6, 33, 40))
  expect_identical(is.na(r$conf.high), c(FALSE, FALSE, FALSE, TRUE))
  expect_equal(r$conf.high[1], -log(0.025) / 5, tolerance = 1e-14) # all five are there
  expect_identical(is.na(r$estimate), c(FALSE, FALSE, FALSE, TRUE))
  expect_match(r$note[4], "beyond follow-up")
  # At one time everybody at risk has an event: no binomial variance is left.
  expect_identical(nelson_aalen(c(1, 1), c(1, 1), variance = "greenwood")$upper, NA_real_)
})

test_that("tidy, glance and figure", {
  fit <- nelson_aalen(Surv(time, status) ~ arm, leukaemia())
  expect_named(tidy(fit), c(
    "time", "n.risk", "n.event", "n.censor", "estimate", "std.error", "conf.low", "conf.high", "strata"
  ))
  expect_identical(as.data.frame(fit), tidy(fit))
  g <- glance(fit)
  expect_identical(g$strata, c("6-MP", "placebo"))
  expect_identical(g$n.event, c(9, 21))
  expect_identical(g$estimate[1], rates(fit, 35)$estimate[1])
  expect_snapshot(print(fit))
  skip_if_not_installed("ggplot2")
  skip_if_not_installed("patchwork")
  panel <- ggplot2::autoplot(fit, risk.table = FALSE)[[1]]
  steps <- panel$data[panel$data$group == 1, ]
  expect_identical(unique(steps$time), c(0, 6, 7, 10, 13, 16, 22, 23, 35))
  expect_identical(steps$estimate[nrow(steps)], g$estimate[1])
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_error(print(ggplot2::autoplot(fit)), NA)
})

test_that("a hazard has no quantiles: who asks is told whose to take", {
  fit <- nelson_aalen(1:3, c(1, 1, 0))
  for (ask in list(quantile, median)) {
    e <- caught(ask(fit), "type")
    expect_match(conditionMessage(e), "kaplan_meier", fixed = TRUE)
  }
})

test_that("bad input is refused", {
  caught(nelson_aalen(c(1, -2), c(1, 0)), "time")
  caught(nelson_aalen(1:3, c(1, 2, 2)), "status")
  caught(nelson_aalen(1:3), "status")
  caught(nelson_aalen(1:3, c(1, NA, 0)), "missing")
  caught(nelson_aalen(1:3, c(1, 1, 0), conf.type = "log-log"), "conf_type")
  caught(nelson_aalen(1:3, c(1, 1, 0), variance = "delta"), "choice")
  caught(nelson_aalen(1:3, c(1, 1, 0), conf.level = 0), "conf_level")
  caught(nelson_aalen(Surv(time, status) ~ cluster(inst), survival::lung, event = 2), "formula")
  fit <- nelson_aalen(1:3, c(1, 1, 0))
  caught(rates(fit, Inf), "times")
  fit$upper <- 1
  caught(print(fit), "object")
})
