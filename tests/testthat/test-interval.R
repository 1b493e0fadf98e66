library(survival)

cohorts <- function() {
  list(
    six_mp = six_mp(), lung = data.frame(time = lung$time, status = as.integer(lung$status == 2)),
    veteran = veteran[veteran$celltype == "adeno", c("time", "status")], kidney = kidney[c("time", "status")]
  )
}

every_type <- c("log-log", "log", "plain", "logit", "arcsin", "bpcp", "bpcp mid-p", "likelihood", "rothman")

test_that("intervals recorded from survival, bpcp and km.ci are met", {
  numbers <- golden("interval")
  expect_setequal(numbers$conf.type, every_type)
  data <- cohorts()
  compared <- 0
  for (part in split(numbers, numbers[c("dataset", "conf.type", "conf.lower", "conf.level")], drop = TRUE)) {
    d <- data[[part$dataset[1]]]
    fit <- kaplan_meier(d$time, d$status,
      conf.type = part$conf.type[1], conf.lower = part$conf.lower[1],
      conf.level = part$conf.level[1]
    )
    at <- match(part$time, fit$time)
    worst <- max(abs(fit$lower[at] - part$low), abs(fit$upper[at] - part$high))
    expect_lt(worst, part$tolerance[1], label = paste(part$dataset[1], part$conf.type[1], part$conf.lower[1]))
    compared <- compared + nrow(part)
  }
  expect_gt(compared, 1800)
})

# By hand ----------------------------------------------------------------------------------------

test_that("Thomas-Grunkemeier by hand: one death of n, the likelihood ratio is the binomial's", {
  fit <- kaplan_meier(c(1, 2, 3, 4), c(1, 0, 0, 0), conf.type = "likelihood")
  ratio <- function(s) 2 * (3 * log(0.75 / s) + log(0.25 / (1 - s)))
  expect_equal(ratio(c(fit$lower[1], fit$upper[1])), rep(qchisq(0.95, 1), 2), tolerance = 1e-12)
  expect_lt(fit$lower[1], 0.75)
  expect_gt(fit$upper[1], 0.75)
})

test_that("Rothman's interval without censoring is Wilson's", {
  for (n in c(2, 7, 30)) {
    fit <- kaplan_meier(seq_len(n), rep(1, n), conf.type = "rothman")
    for (k in seq_len(n - 1)) {
      # prop.test() warns that its chi-square test is approximate; its interval, which is Wilson's, is not.
      wilson <- suppressWarnings(stats::prop.test(n - k, n, correct = FALSE))$conf.int
      expect_equal(c(fit$lower[k], fit$upper[k]), as.vector(wilson), tolerance = 1e-12)
    }
  }
})

test_that("Peto's and the modified lower limit by hand", {
  # S = 4/5 at 1; at 2 two are lost; at 3 two of five are at risk and one has the event: S = 2/5.
  limit <- function(conf.lower) {
    kaplan_meier(c(1, 2, 2, 3, 4), c(1, 0, 0, 1, 0), conf.type = "plain", conf.lower = conf.lower, conf.level = 0.5)
  }
  z <- 0.67448975019608174320
  expect_equal(limit("peto")$lower[c(1, 3)], c(4 / 5 * (1 - z * sqrt(0.2 / 5)), 2 / 5 * (1 - z * sqrt(0.6 / 2))),
    tolerance = 1e-13
  )
  # At 2, four at risk, five at the last event: sqrt(1/20 * 5/4).
  expect_equal(limit("modified")$lower[1:2], 4 / 5 * (1 - z * sqrt(c(1 / 20, 1 / 16))), tolerance = 1e-13)
  expect_identical(limit("peto")$upper, limit("usual")$upper)
  expect_identical(limit("peto")$conf.lower, "peto")
  expect_output(print(limit("peto")), "plain (peto lower limits) intervals", fixed = TRUE)
})

# The beta product -------------------------------------------------------------------------------

test_that("without censoring the beta product is Clopper and Pearson's, all n to 30, all k, both limits", {
  skip_on_cran() # long
  compared <- 0
  for (n in 1:30) {
    fit <- kaplan_meier(seq_len(n), rep(1, n), conf.type = "bpcp", conf.level = 0.9)
    for (k in seq_len(n)) { # k have died
      expected <- as.vector(stats::binom.test(n - k, n, conf.level = 0.9)$conf.int)
      expect_lt(max(abs(c(fit$lower[k], fit$upper[k]) - expected)), 1e-12)
      compared <- compared + 1
    }
    together <- kaplan_meier(rep(1:2, c(n, n)), rep(1:0, c(n, n)), conf.type = "bpcp", conf.level = 0.9)
    expected <- as.vector(stats::binom.test(n, 2 * n, conf.level = 0.9)$conf.int)
    expect_equal(c(together$lower[1], together$upper[1]), expected, tolerance = 1e-12)
    # Nobody yet: before the first row, (alpha / 2)^(1 / n).
    expect_equal(rates(fit, 0)$conf.low, 0.05^(1 / n), tolerance = 1e-14)
  }
  expect_identical(compared, 465)
})

test_that("mid-p limits are those at which the averaged tails are alpha / 2", {
  for (seed in 1:20) {
    d <- random_cohort(seed, groups = 1)
    wide <- kaplan_meier(d$time, d$status, conf.type = "bpcp")
    mid <- kaplan_meier(d$time, d$status, conf.type = "bpcp mid-p")
    expect_true(all(mid$lower >= wide$lower - 1e-14 & mid$upper <= wide$upper + 1e-14))
  }
  # One of two died: Beta(2, 1) above, Beta(1, 2) below: (x^2 + 1 - (1 - x)^2) / 2 = x.
  fit <- kaplan_meier(1:2, c(1, 0), conf.type = "bpcp mid-p")
  expect_equal(c(fit$lower[1], fit$upper[1]), c(0.025, 0.975), tolerance = 1e-13)
})

test_that("the beta product is refused where it is not defined; fallbacks never are", {
  entry <- Surv(c(0, 1, 2), c(3, 4, 5), c(1, 1, 0))
  for (type in c("bpcp", "bpcp mid-p")) {
    e <- expect_error(kaplan_meier(entry ~ 1, conf.type = type), class = "cryonodes_error_conf_type")
    expect_match(conditionMessage(e), "not for delayed entry")
    e <- expect_error(kaplan_meier(1:3, c(1, 0, 1), weights = c(1, 0.5, 1), conf.type = type),
      class = "cryonodes_error_conf_type"
    )
    expect_match(conditionMessage(e), "fractional weights")
    expect_error(kaplan_meier(1:3, c(1, 0, 1), conf.type = type, conf.lower = "peto"), class = "cryonodes_error_choice")
  }
  expect_error(kaplan_meier(1:3, c(1, 0, 1), conf.lower = "nosuch"), class = "cryonodes_error_choice")
  for (type in setdiff(every_type, c("bpcp", "bpcp mid-p"))) {
    expect_false(anyNA(kaplan_meier(entry ~ 1, conf.type = type)$lower))
    expect_false(anyNA(kaplan_meier(1:3, c(0, 1, 1), weights = c(1, 0.5, 1), conf.type = type)$upper))
  }
  whole <- kaplan_meier(1:3, c(1, 0, 1), weights = c(2, 1, 3), conf.type = "bpcp")
  twice <- kaplan_meier(rep(1:3, c(2, 1, 3)), rep(c(1, 0, 1), c(2, 1, 3)), conf.type = "bpcp")
  expect_identical(whole$lower, twice$lower)
  expect_identical(kaplan_meier(event_counts(Surv(1:3, c(1, 0, 1)) ~ 1), conf.type = "bpcp")$upper,
    kaplan_meier(1:3, c(1, 0, 1), conf.type = "bpcp")$upper
  )
})

# Properties -------------------------------------------------------------------------------------

test_that("limits exist, contain the estimate, and are nested in the level", {
  skip_on_cran() # long
  seen <- 0
  for (seed in 5001:5060) {
    d <- random_cohort(seed, weights = seed %% 2 == 0)
    if (is.null(d$weight)) d$weight <- 1
    if (all(d$weight == 0)) next
    for (type in every_type) {
      fits <- lapply(c(0.8, 0.95, 0.999), function(level) {
        kaplan_meier(Surv(time, status) ~ group, d, weights = weight, conf.type = type, conf.level = level)
      })
      seen <- seen + length(fits)
      for (fit in fits) {
        claim(!(anyNA(fit$lower) || anyNA(fit$upper)), seed)
        claim(all(fit$lower >= 0 & fit$lower <= fit$surv & fit$surv <= fit$upper & fit$upper <= 1), seed)
        claim(!(any(fit$lower == fit$upper)), seed)
      }
      claim(all(fits[[1]]$lower >= fits[[2]]$lower & fits[[2]]$lower >= fits[[3]]$lower), seed)
      claim(all(fits[[1]]$upper <= fits[[2]]$upper & fits[[2]]$upper <= fits[[3]]$upper), seed)
    }
  }
  expect_gt(seen, 1000)
})

# Quantiles --------------------------------------------------------------------------------------

test_that("quantiles of the transformed intervals are survival's", {
  for (seed in 1:100) {
    d <- random_cohort(seed, groups = 1)
    type <- every_type[seed %% 5 + 1]
    ours <- quantile(kaplan_meier(d$time, d$status, conf.type = type), c(0.1, 0.25, 0.5, 0.9))
    theirs <- survfit(Surv(time, status) ~ 1, d, conf.type = type)
    theirs <- quantile(theirs, c(0.1, 0.25, 0.5, 0.9))
    expect_equal(ours, theirs, tolerance = 1e-12, info = paste(seed, type))
  }
})

test_that("the median of the beta product inverts its interval; recorded from bpcp for the 6-MP arm", {
  fit <- kaplan_meier(Surv(time, status) ~ 1, six_mp(), conf.type = "bpcp")
  q <- quantile(fit) # bpcp 1.5.5: quantile(bpcp(time, status)) has 6 to 23, 11 to Inf, 22 to Inf
  expect_identical(as.vector(q$quantile), c(13, 23, NA))
  expect_identical(as.vector(q$lower), c(6, 11, 22))
  expect_identical(as.vector(q$upper), c(23, NA, NA))
  expect_identical(glance(fit)$note, "upper limit of the median not reached")
  # Four patients cannot exclude that half die at once: 0.025^(1/4) = 0.398.
  small <- kaplan_meier(1:4, c(1, 1, 1, 1), conf.type = "bpcp")
  expect_identical(quantile(small, 0.5)$lower[[1]], 0)
  expect_identical(quantile(kaplan_meier(c(1:4, 1:4), rep(1, 8), rep(1:2, each = 4), conf.type = "bpcp"), 0.5)$lower[, 1],
    c("group=1" = 0, "group=2" = 0)
  )
  # S = 1/2 from 2 on: the middle of the flat piece.
  expect_identical(quantile(small, 0.5)$quantile[[1]], 2.5)
})

test_that("a median that is not reached says where the curve ends", {
  fit <- kaplan_meier(c(5, 8, 12, 20, 33), c(1, 0, 1, 0, 0))
  expect_match(glance(fit)$note, "median not reached: S is 0.533 at the last follow-up (33)", fixed = TRUE)
  expect_output(print(fit), "Note: median not reached: S is 0.533", fixed = TRUE)
})

test_that("no 100% to 100%: survival's summary before the first row has the beta product's limit too", {
  s <- summary(kaplan_meier(c(5, 8), c(1, 0)), times = 1)
  expect_equal(c(s$lower, s$upper), c(sqrt(0.025), 1), tolerance = 1e-14)
})

test_that("huge whole weights give no warning of base R", {
  for (type in c("bpcp", "bpcp mid-p")) {
    expect_no_warning(kaplan_meier(1:3, c(1, 0, 1), weights = c(1e150, 1, 1e150), conf.type = type))
    expect_error(kaplan_meier(1:3, c(1, 0, 1), weights = c(1.5, 1, 1), conf.type = type),
      class = "cryonodes_error_conf_type"
    )
  }
})
