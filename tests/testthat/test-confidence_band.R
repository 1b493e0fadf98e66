six <- function(...) kaplan_meier(Surv(time, status) ~ 1, six_mp(), ...)

test_that("critical values: Hall & Wellner's as tabulated, Nair's as his approximation", {
  numbers <- golden("confidence_band")
  expect_setequal(numbers$type, c("hall-wellner", "equal precision"))
  for (i in seq_len(nrow(numbers))) {
    row <- numbers[i, ]
    # Two rows whose Greenwood sums v give n v / (1 + n v) = a, n = 100.
    v <- c(row$a.low, row$a.high) / (1 - c(row$a.low, min(row$a.high, 1 - 1e-12))) / 100
    core <- cryonodes:::confidence_band_cpp(c(0.9, 0.8), sqrt(v), c(0L, 2L), 100, row$type, "log-log", row$conf.level)
    if (row$type == "hall-wellner") {
      expect_lt(abs(core$critical - row$critical), 1.01e-4) # four printed decimals
    } else {
      # His approximation for long stretches, which the table solves: its tail at the tabulated value is the level's.
      c <- row$critical
      log_ratio <- log(row$a.high * (1 - row$a.low) / (row$a.low * (1 - row$a.high)))
      tail <- 4 * dnorm(c) / c + dnorm(c) * (c - 1 / c) * log_ratio
      expect_lt(abs(tail / (1 - row$conf.level) - 1), 2e-3) # c has four decimals
      expect_lt(core$critical - c, 0.03)
    }
  }
})

test_that("the whole unit interval gives Kolmogorov's quantile, a single time the pointwise interval", {
  core <- cryonodes:::confidence_band_cpp(1, 0, c(0L, 1L), 1, "hall-wellner", "plain", 0.95)
  expect_true(is.nan(core$critical))
  # P(sup |B| <= k) = 1 - 2 sum (-1)^(j - 1) exp(-2 j^2 k^2)
  j <- 1:20
  root <- uniroot(function(k) 1 - 2 * sum((-1)^(j - 1) * exp(-2 * j^2 * k^2)) - 0.95, c(1, 2), tol = 1e-14)$root
  core <- cryonodes:::confidence_band_cpp(c(1, 0.5), c(0, 1e9), c(0L, 2L), 1, "hall-wellner", "plain", 0.95)
  expect_equal(core$critical, root, tolerance = 1e-9)
  fit <- six()
  for (type in c("hall-wellner", "equal precision")) {
    band <- confidence_band(fit, type, from = 10, to = 10)
    expect_equal(c(band$conf.low, band$conf.high), unlist(rates(fit, 10)[c("conf.low", "conf.high")], use.names = FALSE),
      tolerance = 1e-12
    )
  }
})

test_that("equal precision agrees with the eigenfunctions of the Ornstein-Uhlenbeck process, by hand at c = 1", {
  # On (-1, 1), f'' - x f' = -2 f has the even solution 1 - x^2: eigenvalue 2. Long stretches decay like exp(-2 T).
  within <- function(t) { # level at which the critical value of length T is 1
    uniroot(function(p) {
      core <- cryonodes:::confidence_band_cpp(c(0.9, 0.8), c(0.1, 0.1 * exp(t)), c(0L, 2L), 10, "equal precision",
        "log-log", p
      )
      core$critical - 1
    }, c(1e-9, 0.6), tol = 1e-13)$root
  }
  expect_equal(log(within(2) / within(3)), 2, tolerance = 1e-6) # the root is found to 1e-13 of 1e-3
  # The first term alone: <1, f>^2 / <f, f> under the normal density on (-1, 1), f = 1 - x^2; the next eigenvalue is > 15.
  w <- function(g) integrate(function(x) g(x) * dnorm(x), -1, 1, rel.tol = 1e-12)$value
  first <- w(function(x) 1 - x^2)^2 / w(function(x) (1 - x^2)^2)
  expect_equal(within(2), first * exp(-4), tolerance = 1e-8)
})

test_that("bands by hand from their critical values, on each scale", {
  fit <- six()
  band <- confidence_band(fit, from = 6, to = 23, conf.type = "plain")
  k <- glance(band)$critical
  i <- which(fit$time >= 6 & fit$time <= 23)
  v <- fit$std.err[i]^2
  half <- k * (1 + 21 * v) / sqrt(21) * fit$surv[i]
  expect_equal(band$conf.low, pmax(0, fit$surv[i] - half), tolerance = 1e-12)
  expect_equal(glance(band)$a.high, 21 * v[length(v)] / (1 + 21 * v[length(v)]), tolerance = 1e-12)
  equal <- confidence_band(fit, "equal precision", from = 6, to = 23, conf.type = "arcsin")
  half <- glance(equal)$critical * sqrt(v) / 2 * sqrt(fit$surv[i] / (1 - fit$surv[i]))
  expect_equal(equal$conf.high, sin(pmin(pi / 2, asin(sqrt(fit$surv[i])) + half))^2, tolerance = 1e-12)
  log <- confidence_band(fit, "equal precision", from = 6, to = 23, conf.type = "log")
  expect_equal(log$conf.low, fit$surv[i] * exp(-glance(log)$critical * sqrt(v)), tolerance = 1e-12)
})

test_that("bands are wider than intervals, widen with level and stretch, and hold between rows", {
  fit <- kaplan_meier(Surv(time, status) ~ celltype, survival::veteran)
  for (type in c("hall-wellner", "equal precision")) {
    wide <- confidence_band(fit, type, from = 20, to = 150)
    narrow <- confidence_band(fit, type, from = 50, to = 100)
    expect_true(all(glance(wide)$critical > glance(narrow)$critical))
    low <- confidence_band(fit, type, from = 20, to = 150, conf.level = 0.5)
    expect_true(all(low$conf.low >= wide$conf.low & low$conf.high <= wide$conf.high))
    for (group in unique(wide$strata)) {
      here <- wide[wide$strata == group, ]
      expect_identical(range(here$time), c(20, 150))
      point <- rates(fit, here$time)
      point <- point[point$strata == group, ]
      expect_equal(here$estimate, point$estimate, tolerance = 1e-14)
      if (type == "equal precision") expect_true(all(here$conf.low <= point$conf.low))
    }
  }
})

test_that("stretches that cannot be are refused with the group and what can be", {
  fit <- kaplan_meier(c(2, 3, 5, 8, 1, 9), c(1, 0, 1, 0, 1, 1), c("a", "a", "a", "a", "b", "b"))
  refused <- function(...) expect_error(confidence_band(fit, ...), class = "cryonodes_error_times")
  expect_match(conditionMessage(refused(to = 8.5)), "'a': the follow-up ends at 8")
  expect_match(conditionMessage(refused(from = 2, to = 9)), "group 'a'")
  expect_match(conditionMessage(refused(type = "equal precision", from = 1.5, to = 7)), "'a'.*first is at 2")
  refused(from = 5, to = 4)
  refused(from = -1)
  refused(to = NA_real_)
  alone <- kaplan_meier(c(1, 9), c(1, 1))
  e <- expect_error(confidence_band(alone, to = 9), class = "cryonodes_error_times")
  expect_match(conditionMessage(e), "before S = 0, at 9")
  expect_error(confidence_band(fit, conf.type = "logit"), class = "cryonodes_error_choice")
  expect_error(confidence_band(fit, level = 0.9), class = "cryonodes_error_choice")
  expect_error(confidence_band(fit, conf.level = 1), class = "cryonodes_error_conf_level")
  expect_error(confidence_band(1), class = "cryonodes_error_object")
  entry <- kaplan_meier(Surv(c(0, 0, 1), c(3, 4, 5), c(1, 1, 0)) ~ 1)
  expect_error(confidence_band(entry), class = "cryonodes_error_entry")
  expect_false(anyNA(confidence_band(entry, "equal precision")$conf.low))
})

test_that("a group without an event has no band and says so; S = 1 has one on the plain scale only", {
  fit <- kaplan_meier(c(1, 2, 3, 4), c(1, 0, 0, 0), c("a", "a", "b", "b"))
  band <- confidence_band(fit)
  expect_identical(unique(band$strata), "a")
  expect_output(print(band), "no band for 'b'")
  early <- confidence_band(six(), from = 0, to = 10)
  expect_identical(is.na(early$conf.low), early$estimate == 1)
  expect_false(anyNA(confidence_band(six(), from = 0, to = 10, conf.type = "plain")$conf.low))
  none <- confidence_band(kaplan_meier(1:3, c(0, 0, 0)))
  expect_identical(nrow(none), 0L)
  expect_output(print(none), "no band")
})

test_that("it is a data frame with broom's columns, and a figure", {
  band <- confidence_band(six())
  expect_s3_class(band, c("confidence_band", "data.frame"), exact = TRUE)
  expect_named(tidy(band), c("strata", "time", "estimate", "conf.low", "conf.high"))
  expect_identical(class(tidy(band)), "data.frame")
  expect_output(print(band), "95% simultaneous band, Hall-Wellner, log-log scale", fixed = TRUE)
  broken <- band
  attr(broken, "meta") <- list()
  expect_error(tidy(broken), class = "cryonodes_error_object")
  skip_if_not_installed("ggplot2")
  picture <- ggplot2::autoplot(band)
  expect_s3_class(picture, "ggplot")
  drawn <- ggplot2::ggplot_build(picture)$data[[1]]
  expect_equal(range(drawn$y), range(c(band$conf.low[-nrow(band)], band$conf.high[-nrow(band)])), tolerance = 1e-12)
})

test_that("a curve with a robust variance has no band: its std.err is not Greenwood's", {
  fit <- kaplan_meier(Surv(time, status) ~ 1, survival::veteran, cluster = celltype)
  for (type in c("hall-wellner", "equal precision")) {
    expect_error(confidence_band(fit, type), "independent", class = "cryonodes_error_choice")
  }
  robust <- kaplan_meier(Surv(time, status) ~ 1, survival::veteran, variance = "ij")
  expect_error(confidence_band(robust), "independent", class = "cryonodes_error_choice")
})

test_that("a level that only rounding keeps from 1 is refused", {
  fit <- kaplan_meier(1:3, c(1, 0, 1))
  expect_error(confidence_band(fit, conf.level = 1 - 1e-16), class = "cryonodes_error_conf_level")
  expect_error(kaplan_meier(1:3, c(1, 0, 1), conf.level = 1 - 1e-16), class = "cryonodes_error_conf_level")
  expect_true(all(is.finite(kaplan_meier(1:3, c(1, 0, 1), conf.level = 0.999999)$lower)))
})
