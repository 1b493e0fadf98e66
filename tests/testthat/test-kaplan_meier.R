library(survival)

# By hand ----------------------------------------------------------------------------------------

test_that("a tied death, a death tied with a censoring, a lone censoring and a lone death, by hand", {
  fit <- kaplan_meier(c(2, 2, 3, 3, 5, 7, 8), c(1, 1, 1, 0, 0, 1, 0), conf.type = "plain", conf.level = 0.5)
  expect_identical(fit$time, c(2, 3, 5, 7, 8))
  expect_identical(fit$n.risk, c(7, 5, 3, 2, 1)) # the row censored at 3 is at risk at 3
  expect_identical(fit$n.event, c(2, 1, 0, 1, 0))
  expect_identical(fit$n.censor, c(0, 1, 1, 0, 1))
  # 5/7; 5/7 * 4/5 = 4/7; 4/7; 4/7 * 1/2 = 2/7; 2/7
  s <- c(5, 4, 4, 2, 2) / 7
  expect_equal(fit$surv, s, tolerance = 1e-15)
  # 2/(7 5) = 2/35; + 1/(5 4) = 3/28; 3/28; + 1/(2 1) = 17/28; 17/28
  greenwood <- c(2 / 35, 3 / 28, 3 / 28, 17 / 28, 17 / 28)
  expect_equal(fit$std.err, sqrt(greenwood), tolerance = 1e-15)
  expect_equal(tidy(fit)$std.error, s * sqrt(greenwood), tolerance = 1e-15)
  # 2/7; + 1/5 = 17/35; 17/35; + 1/2 = 69/70
  expect_equal(fit$cumhaz, c(2 / 7, 17 / 35, 17 / 35, 69 / 70, 69 / 70), tolerance = 1e-15)
  # 2/49; + 1/25 = 99/1225; 99/1225; + 1/4 = 1621/4900
  expect_equal(fit$std.chaz, sqrt(c(2 / 49, 99 / 1225, 99 / 1225, 1621 / 4900, 1621 / 4900)), tolerance = 1e-15)
  # 75% point of the standard normal distribution, to 20 digits
  half <- 0.67448975019608174320 * s * sqrt(greenwood)
  expect_equal(fit$lower, s - half, tolerance = 1e-14)
  expect_equal(fit$upper, pmin(1, s + half), tolerance = 1e-14)
})

test_that("delayed entry by hand: who enters at a time is at risk after it", {
  # (0, 3] death, (2, 5] death, (3, 4] censored, (3, 6] censored
  fit <- kaplan_meier(Surv(c(0, 2, 3, 3), c(3, 5, 4, 6), c(1, 1, 0, 0)) ~ 1)
  expect_identical(fit$n.risk, c(2, 3, 2, 1))
  expect_equal(fit$surv, c(1 / 2, 1 / 2, 1 / 4, 1 / 4), tolerance = 1e-15)
})

test_that("published and recorded rates are met", {
  fits <- list(
    six_mp = kaplan_meier(Surv(time, status) ~ 1, six_mp()),
    lung = kaplan_meier(Surv(time, status) ~ sex, survival::lung, event = 2),
    veteran = kaplan_meier(Surv(time, status) ~ celltype, survival::veteran)
  )
  numbers <- golden("kaplan_meier")
  expect_setequal(numbers$dataset, names(fits))
  for (i in seq_len(nrow(numbers))) {
    answer <- rates(fits[[numbers$dataset[i]]], numbers$time[i])
    ours <- answer[answer$strata == numbers$group[i], numbers$quantity[i]]
    expect_lte(abs(ours - numbers$value[i]) / max(1, abs(numbers$value[i])), numbers$tolerance[i],
      label = paste(numbers$dataset[i], numbers$group[i], numbers$time[i], numbers$quantity[i])
    )
  }
})

# Agreement --------------------------------------------------------------------------------------

# survfit() on the rows of positive weight: a row of weight 0 is none here, while survfit keeps its time.
both_fits <- function(seed, conf.type) {
  weights <- seed %% 3 == 0
  entry <- seed %% 5 == 0
  d <- random_cohort(seed, weights = weights, entry = entry)
  if (!weights) d$weight <- 1
  if (all(d$weight == 0)) {
    expect_error(kaplan_meier(Surv(time, status) ~ group, d, weights = weight), class = "cryonodes_error_empty")
    return(NULL)
  }
  used <- d[d$weight > 0, ]
  used$group <- droplevels(used$group)
  formula <- if (entry) Surv(entry, time, status) ~ group else Surv(time, status) ~ group
  list(
    d = d,
    ours = quiet_entry(if (weights) {
      kaplan_meier(formula, d, weights = weight, conf.type = conf.type)
    } else {
      kaplan_meier(formula, d, conf.type = conf.type)
    }),
    theirs = survfit(formula, used, weights = weight, conf.type = conf.type)
  )
}

test_that("1,000 random cohorts agree with survfit in every element", {
  skip_on_cran() # long
  compared <- 0
  intervals <- 0
  for (seed in 1:1005) {
    conf.type <- c("log-log", "log", "plain")[seed %% 3 + 1]
    fits <- both_fits(seed, conf.type)
    if (is.null(fits)) next
    ours <- fits$ours
    theirs <- fits$theirs
    worst <- vapply(
      c("n", "time", "n.risk", "n.event", "n.censor", "surv", "std.err", "cumhaz", "std.chaz", "strata", "conf.int"),
      function(v) {
        # With one group left survfit has no strata; a formula with a group has one here as well.
        if (v == "strata" && is.null(theirs$strata)) return(largest_difference(ours$strata, length(theirs$time)))
        largest_difference(ours[[v]], theirs[[v]])
      }, 0
    )
    claim(max(worst) < 1e-12, seed)
    if (!is.null(theirs$strata)) expect_identical(names(ours$strata), names(theirs$strata))
    claim(identical(ours$type, theirs$type), seed)
    claim(identical(ours$conf.type, theirs$conf.type), seed)
    # The interval exists after the first event of a group while somebody is left; else the beta product stands in,
    # where survfit collapses to a point or spreads to 0 to 1. Nobody left: nothing is excluded below.
    group <- rep(seq_along(ours$strata), ours$strata)
    exists <- stats::ave(ours$n.event, group, FUN = cumsum) > 0 & ours$surv > 0
    alone <- !exists & ours$surv == 1
    claim(all(ours$lower[alone] < 1) && all(ours$upper[alone] == 1), seed)
    claim(all(ours$lower[ours$surv == 0] == 0) && all(ours$upper[ours$surv == 0] > 0), seed)
    claim(largest_difference(ours$lower[exists], theirs$lower[exists]) < 1e-12, seed)
    claim(largest_difference(ours$upper[exists], theirs$upper[exists]) < 1e-12, seed)
    intervals <- intervals + sum(exists)
    compared <- compared + 1
  }
  expect_gte(compared, 1000)
  expect_gt(intervals, 3000)
})

test_that("a small fit of plain vectors, made by one call, is what the formula and any other way make of the rows", {
  skip_on_cran() # long
  for (seed in 1:200) {
    cohort <- random_cohort(seed)
    status <- list(cohort$status, cohort$status == 1, as.double(cohort$status))[[seed %% 3 + 1]]
    code <- as.integer(cohort$group)
    group <- list(
      NULL, code, as.double(code), cohort$group, factor(paste("arm", code)), paste0("\u00e4", code),
      factor(c("A", "a")[code %% 2 + 1]), code > 2
    )[[seed %% 8 + 1]]
    time <- as.double(cohort$time)
    quick <- kaplan_meier(time, status, group)
    other <- list(
      kaplan_meier(time, status, group, threads = 2), kaplan_meier(time, status, group, weights = rep(1, length(time))),
      if (is.null(group)) kaplan_meier(Surv(time, status) ~ 1) else kaplan_meier(Surv(time, status) ~ group)
    )
    for (way in other) {
      quick$call <- way$call <- NULL
      expect_identical(quick, way)
    }
  }
  expect_identical(kaplan_meier(c(1, 2), c(1, 0))$call, quote(kaplan_meier(c(1, 2), c(1, 0))))
  expect_identical(kaplan_meier(c(1, 2), c(1, 0), )$surv, kaplan_meier(c(1, 2), c(1, 0))$surv)
  expect_error(kaplan_meier(c(1, 2), , c(1, 2)), class = "cryonodes_error_status")
})

test_that("without an event survfit's log and plain intervals are points; ours are the beta product's", {
  for (conf.type in c("log", "plain")) {
    theirs <- survfit(Surv(1:3, c(0, 1, 1)) ~ 1, conf.type = conf.type)
    expect_identical(c(theirs$lower[1], theirs$upper[1]), c(1, 1))
    ours <- kaplan_meier(1:3, c(0, 1, 1), conf.type = conf.type)
    # Two left at risk without an event: 0.025^(1/2). At S = 0 Beta(2, 1) times Beta(1, 1), matched in its moments
    # M1 = 1/3 and M2 = 1/6, is Beta(a, b) with a = (M1 - M2) M1 / (M2 - M1^2) = 1 and b = 2: 1 - 0.025^(1/2).
    expect_equal(ours$lower[c(1, 3)], c(sqrt(0.025), 0), tolerance = 1e-14)
    expect_equal(ours$upper[c(1, 3)], c(1, 1 - sqrt(0.025)), tolerance = 1e-14)
    expect_match(ours$meta$notes, "beta product")
  }
})

# It is a survfit --------------------------------------------------------------------------------

veteran_fits <- function() {
  list(
    ours = kaplan_meier(Surv(time, status) ~ celltype, data = survival::veteran),
    theirs = survfit(Surv(time, status) ~ celltype, data = survival::veteran, conf.type = "log-log")
  )
}

test_that("summary(), quantile(), median() and `[` answer as for a survfit", {
  f <- veteran_fits()
  expect_s3_class(f$ours, c("kaplan_meier", "survfit"), exact = TRUE)
  expect_identical(setdiff(names(f$ours), "meta"), names(f$theirs))
  ours <- summary(f$ours, times = c(10, 100, 150))
  theirs <- summary(f$theirs, times = c(10, 100, 150))
  for (v in setdiff(names(theirs), c("call", "lower", "upper"))) {
    expect_equal(ours[[v]], theirs[[v]], tolerance = 1e-12, label = v)
  }
  # Where S = 0 the beta product stands in for an undefined interval.
  there <- theirs$surv > 0 & theirs$surv < 1
  expect_equal(ours$lower[there], theirs$lower[there], tolerance = 1e-12)
  expect_equal(ours$upper[there], theirs$upper[there], tolerance = 1e-12)
  # Before the first row survival gives 1 to 1; 27 at risk without an event are no certainty.
  expect_equal(ours$lower[!there], 0.025^(1 / ours$n.risk[!there]), tolerance = 1e-14)
  expect_equal(summary(f$ours)$table, summary(f$theirs)$table, tolerance = 1e-12)
  expect_equal(quantile(f$ours, c(0.1, 0.5)), quantile(f$theirs, c(0.1, 0.5)), tolerance = 1e-12)
  expect_equal(stats::median(f$ours), stats::median(f$theirs))
  for (i in list(2, c(1, 4), "celltype=adeno", -1, c(TRUE, FALSE, TRUE, FALSE))) {
    part <- f$ours[i]
    other <- f$theirs[i]
    for (v in setdiff(names(other), "call")) {
      there <- if (v %in% c("lower", "upper")) other$surv > 0 else TRUE
      expect_equal(part[[v]][there], other[[v]][there], tolerance = 1e-12, label = v)
    }
  }
  expect_identical(f$ours[c(4, 1)]$meta$group_labels, c("large", "squamous"))
  expect_identical(f$ours["celltype=adeno"]$meta$n_rows, 27L)
})

test_that("survival's own print and plot take it", {
  f <- veteran_fits()
  below_call <- function(lines) lines[-seq_len(which(lines == "")[1])]
  ours <- below_call(capture.output(print(structure(f$ours, class = "survfit"))))
  expect_identical(ours, below_call(capture.output(print(f$theirs))))
  expect_length(ours, 5)
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_equal(plot(f$ours), plot(f$theirs))
})

test_that("the call can be evaluated again and has formula and data", {
  d <- survival::veteran
  fit <- kaplan_meier(Surv(time, status) ~ celltype, data = d, conf.type = "plain")
  expect_identical(as.character(fit$call[[1]]), "kaplan_meier")
  expect_identical(fit$call$formula, quote(Surv(time, status) ~ celltype))
  expect_identical(fit$call$data, quote(d))
  expect_identical(eval(fit$call), fit)
  expect_identical(kaplan_meier(data = d, formula = Surv(time, status) ~ celltype, conf.type = "plain")$surv, fit$surv)
  expect_identical(kaplan_meier(event = d$status, time = d$time)$surv, kaplan_meier(d$time, d$status)$surv)
})

test_that("broom's verbs take it and give the standard error of the rate itself", {
  skip_if_not_installed("broom")
  f <- veteran_fits()
  ours <- broom::tidy(f$ours)
  theirs <- as.data.frame(broom::tidy(f$theirs))
  expect_equal(ours$estimate, theirs$estimate, tolerance = 1e-12)
  expect_equal(ours$n.risk, theirs$n.risk)
  # For a plain survfit broom prints the standard error of log S.
  alive <- ours$estimate > 0
  expect_equal(ours$std.error[alive], (theirs$std.error * theirs$estimate)[alive], tolerance = 1e-12)
  expect_true(all(is.na(ours$std.error[!alive])))
})

test_that("survminer takes it", {
  skip_if_not_installed("survminer")
  f <- veteran_fits()
  # dplyr complains of survminer's own calls.
  expect_equal(suppressWarnings(survminer::surv_median(f$ours)), suppressWarnings(survminer::surv_median(f$theirs)))
  ours <- survminer::surv_summary(f$ours, data = survival::veteran)
  theirs <- survminer::surv_summary(f$theirs, data = survival::veteran)
  expect_equal(ours$surv, theirs$surv, tolerance = 1e-12)
  expect_identical(ours$celltype, theirs$celltype)
  picture <- suppressWarnings(survminer::ggsurvplot(f$ours, data = survival::veteran, risk.table = TRUE))
  expect_s3_class(picture, "ggsurvplot")
  expect_equal(picture$data.survplot$surv, theirs$surv, tolerance = 1e-12)
})

# rates() ----------------------------------------------------------------------------------------

#   time   5 d   8 c   12 d   20 c   33 c
#   n.risk 5     4     3      2      1
#   S      4/5         8/15
five <- function() kaplan_meier(c(5, 8, 12, 20, 33), c(1, 0, 1, 0, 0))

test_that("rates by hand, in the order asked", {
  r <- rates(five(), c(24, 5, 0, 12))
  expect_identical(r$time, c(24, 5, 0, 12))
  expect_equal(r$estimate, c(8 / 15, 4 / 5, 1, 8 / 15), tolerance = 1e-15)
  expect_identical(r$n.risk, c(1, 5, 5, 3))
  expect_identical(r$cum.event, c(2, 1, 0, 2))
  # Since the next smaller time asked for: in (12, 24] the censoring at 20, in (5, 12] that at 8 and the event at 12.
  expect_identical(r$n.event, c(0, 1, 0, 1))
  expect_identical(r$n.censor, c(1, 0, 0, 1))
  expect_identical(r$n, rep(5L, 4))
  # Greenwood: 1/(5 4) = 1/20; + 1/(3 2) = 13/60
  se <- c(4 / 5 * sqrt(1 / 20), 8 / 15 * sqrt(13 / 60))
  expect_equal(r$std.error, c(se[2], se[1], 0, se[2]), tolerance = 1e-15)
  # Five at risk without an event: the beta product, 0.025^(1/5).
  expect_equal(c(r$conf.low[3], r$conf.high[3]), c(0.025^(1 / 5), 1), tolerance = 1e-14)
  expect_match(r$note[3], "no event yet; beta-product limits")
  expect_identical(is.na(r$note), c(TRUE, TRUE, FALSE, TRUE))
})

test_that("rates agree with summary(times =) where both answer", {
  f <- veteran_fits()
  times <- c(10, 100, 150)
  s <- summary(f$theirs, times = times)
  r <- rates(f$ours, times)
  expect_equal(r$estimate, s$surv, tolerance = 1e-12)
  expect_equal(r$std.error, s$std.err, tolerance = 1e-12)
  expect_equal(r$n.risk, s$n.risk)
  expect_equal(r$n.event, s$n.event)
  expect_equal(r$n.censor, s$n.censor)
  exists <- r$cum.event > 0 & r$estimate > 0
  expect_equal(r$conf.low[exists], s$lower[exists], tolerance = 1e-12)
  expect_equal(r$conf.high[exists], s$upper[exists], tolerance = 1e-12)
  expect_identical(sum(exists), 11L)
  expect_identical(r$strata, sub("celltype=", "", as.character(s$strata)))
})

test_that("beyond the follow-up: NA with a reason; on request the last rate, marked", {
  r <- rates(five(), c(33, 34))
  expect_equal(r$estimate, c(8 / 15, NA))
  expect_identical(is.na(r$std.error), c(FALSE, TRUE))
  expect_identical(is.na(r$conf.high), c(FALSE, TRUE))
  expect_match(r$note[2], "beyond follow-up \\(last at 33\\)")
  expect_identical(r$n.risk[2], 0)
  e <- rates(five(), c(33, 34), extend = TRUE)
  expect_equal(e$estimate, rep(8 / 15, 2))
  expect_match(e$note[2], "carried forward")
  expect_identical(e$note[1], NA_character_)
})

test_that("a curve that reached 0 stays at 0 beyond its end, with the beta product's interval", {
  r <- rates(kaplan_meier(1:3, c(1, 1, 1)), c(2, 3, 10))
  expect_equal(r$estimate, c(1 / 3, 0, 0))
  expect_identical(is.na(r$std.error), c(FALSE, TRUE, TRUE))
  # Without censoring that is Clopper and Pearson's for 0 of 3: 1 - 0.025^(1/3).
  expect_identical(r$conf.low[2:3], c(0, 0))
  expect_equal(r$conf.high[2:3], rep(1 - 0.025^(1 / 3), 2), tolerance = 1e-14)
  expect_match(r$note[3], "S = 0.*beta-product limits")
})

test_that("a time asked for that differs by rounding is the time of the curve", {
  fit <- kaplan_meier(c(0.3, 1), c(1, 0))
  expect_identical(rates(fit, 0.1 + 0.2)$cum.event, 1)
  expect_identical(rates(fit, 0.3 - 1e-12)$n.risk, 2)
  expect_identical(rates(fit, 0.3 - 1e-4)$cum.event, 0)
  expect_equal(rates(fit, 1 + 1e-12)$estimate, 0.5)
})

test_that("rates are a plain data frame when asked, with the columns promised", {
  r <- rates(five(), c(12, 24))
  expect_s3_class(r, c("km_rates", "data.frame"), exact = TRUE)
  d <- as.data.frame(r)
  expect_identical(class(d), "data.frame")
  expect_named(d, c(
    "strata", "time", "n", "n.risk", "n.event", "n.censor", "cum.event", "estimate", "std.error", "conf.low",
    "conf.high", "note"
  ))
  expect_named(as.data.frame(five()), names(tidy(five())))
  g <- glance(kaplan_meier(Surv(time, status) ~ celltype, survival::veteran))
  expect_identical(g$strata, c("squamous", "smallcell", "adeno", "large"))
  expect_equal(g$n.event, c(31, 45, 26, 26))
  expect_equal(g$follow.up.max, c(999, 392, 186, 553))
})

test_that("what rates() cannot answer is refused", {
  for (times in list(-1, Inf, NA_real_, numeric(), "12", NULL)) {
    expect_error(rates(five(), times), class = "cryonodes_error_times")
  }
  expect_error(rates(five(), 1, extend = NA), class = "cryonodes_error_type")
  expect_error(rates(five(), 1, exend = TRUE), class = "cryonodes_error_choice")
})

# Properties -------------------------------------------------------------------------------------

test_that("row order, time unit and an empty group change nothing; weight 2 is a row twice", {
  skip_on_cran() # long
  for (seed in 3001:3060) {
    d <- random_cohort(seed)
    d$w <- rep_len(1:2, nrow(d))
    fit <- kaplan_meier(Surv(time, status) ~ group, d)
    numbers <- c("n", "time", "n.risk", "n.event", "n.censor", "surv", "std.err", "lower", "upper", "strata")
    shuffled <- kaplan_meier(Surv(time, status) ~ group, d[sample.int(nrow(d)), ])
    expect_identical(unclass(shuffled)[numbers], unclass(fit)[numbers])
    more <- kaplan_meier(Surv(time, status) ~ group, transform(d, group = factor(group, c("zz", levels(group)))))
    expect_identical(unclass(more)[numbers], unclass(fit)[numbers])
    years <- kaplan_meier(Surv(time * 4, status) ~ group, d)
    expect_identical(years$surv, fit$surv)
    expect_identical(years$time, fit$time * 4)
    twice <- kaplan_meier(Surv(time, status) ~ group, d[rep(seq_len(nrow(d)), d$w), ])
    weighted <- kaplan_meier(Surv(time, status) ~ group, d, weights = w)
    expect_identical(unclass(weighted)[numbers[-1]], unclass(twice)[numbers[-1]])
  }
})

test_that("without censoring the curve is the share still alive", {
  set.seed(9)
  time <- round(stats::rexp(200, 0.1), 1)
  fit <- kaplan_meier(time, rep(TRUE, 200))
  expect_equal(fit$surv, 1 - stats::ecdf(time)(fit$time), tolerance = 1e-13)
})

test_that("a term that is taken out again is no group, and an offset is refused", {
  fit <- kaplan_meier(Surv(time, status) ~ celltype + trt - trt, survival::veteran)
  expect_identical(fit$meta$group_title, "celltype")
  expect_error(kaplan_meier(Surv(time, status) ~ offset(age), survival::veteran), class = "cryonodes_error_formula")
})

# Published bad inputs: km/time ------------------------------------------------------------------

caught <- function(expr, class) expect_error(expr, class = paste0("cryonodes_error_", class))

test_that("B001: a missing time is refused by row; omitted on request, counted and printed", {
  e <- caught(kaplan_meier(Surv(c(1, NA, 3), c(1, 1, 1)) ~ 1), "missing")
  expect_match(conditionMessage(e), "1 missing value \\(row 2\\).*omit")
  expect_identical(e$rows, 2L)
  fit <- kaplan_meier(Surv(c(1, NA, 3), c(1, 1, 1)) ~ 1, na.action = "omit")
  expect_identical(fit$meta$rows_dropped, 2L)
  expect_identical(fit$n, 2L)
  expect_output(print(fit), "2 rows used, 1 left out for missing values \\(row 2\\)")
})

test_that("B002: NaN is missing, and called NaN", {
  e <- caught(kaplan_meier(Surv(c(1, NaN, 3), c(1, 1, 1)) ~ 1), "missing")
  expect_match(conditionMessage(e), "NaN")
})

test_that("B004: an infinite time is refused by row", {
  e <- caught(kaplan_meier(Surv(c(1, -Inf, 3), c(1, 1, 1)) ~ 1), "time")
  expect_match(conditionMessage(e), "finite, not -Inf in row 2")
  caught(kaplan_meier(c(1, Inf), c(1, 0)), "time")
})

test_that("B006: an event at time 0 counts, with everybody at risk", {
  fit <- kaplan_meier(Surv(c(0, 2, 3), c(1, 1, 1)) ~ 1)
  expect_identical(fit$time, c(0, 2, 3))
  expect_identical(fit$n.risk, c(3, 2, 1))
  expect_equal(fit$surv, c(2 / 3, 1 / 3, 0))
  expect_equal(rates(fit, 0)$estimate, 2 / 3)
})

test_that("B007: a censoring at time 0 leaves the risk set after it, not the count", {
  fit <- kaplan_meier(Surv(c(0, 2, 3), c(0, 1, 1)) ~ 1)
  expect_identical(fit$n, 3L)
  expect_identical(fit$n.risk, c(3, 2, 1))
  expect_equal(rates(fit, 2)$estimate, 1 / 2)
})

test_that("B009: no rows are refused", {
  caught(kaplan_meier(Surv(numeric(0), numeric(0)) ~ 1), "empty")
  caught(kaplan_meier(numeric(), numeric()), "empty")
  caught(kaplan_meier(Surv(time, status) ~ 1, survival::veteran, subset = time < 0), "empty")
})

test_that("B010: one patient, one event: S = 0, an interval below 0.975, median at the event, no warning", {
  expect_no_warning <- function(expr) expect_warning(expr, NA)
  expect_no_warning(fit <- kaplan_meier(Surv(5, 1) ~ 1))
  expect_identical(fit$surv, 0)
  expect_identical(fit$std.err, Inf)
  # Beta(1, 1): Clopper and Pearson's 0 of 1.
  expect_equal(c(fit$lower, fit$upper), c(0, 0.975), tolerance = 1e-14)
  expect_identical(tidy(fit)$std.error, NA_real_)
  expect_no_warning(g <- glance(fit))
  expect_identical(g$median, 5)
  expect_no_warning(capture.output(print(fit)))
})

test_that("B012: all censored: S = 1, the median is not reached", {
  fit <- kaplan_meier(Surv(1:5, rep(0, 5)) ~ 1)
  expect_identical(fit$surv, rep(1, 5))
  # 4, 3, 2, 1 and nobody left at risk.
  expect_equal(fit$lower, c(0.025^(1 / (4:1)), 0), tolerance = 1e-14)
  expect_identical(fit$upper, rep(1, 5))
  expect_identical(glance(fit)$median, NA_real_)
  expect_match(glance(fit)$note, "not reached: S is 1.00 at the last follow-up (5)", fixed = TRUE)
  expect_output(print(fit), "not reached")
})

test_that("B017: dates are no follow-up times", {
  e <- caught(kaplan_meier(Surv(as.Date("2020-01-01") + c(10, 20, 30), c(1, 1, 1)) ~ 1), "type")
  expect_match(conditionMessage(e), "is a Date.*difference of two dates")
})

test_that("B018: a difftime is taken with its unit", {
  time <- as.Date("2020-02-01") - as.Date(c("2020-01-01", "2019-12-01", "2019-11-01"))
  fit <- kaplan_meier(Surv(time, c(1, 1, 1)) ~ 1)
  expect_identical(fit$time, c(31, 62, 92))
  expect_identical(fit$meta$unit, "days")
  expect_output(print(fit), "times in days")
})

test_that("B022: a matrix of times is refused with its dimensions", {
  e <- caught(kaplan_meier(Surv(matrix(1:6, 3), c(1, 1, 1)) ~ 1), "type")
  expect_match(conditionMessage(e), "3 x 2 matrix")
})

test_that("B023: a list of times is refused", {
  d <- data.frame(s = c(1, 1, 1))
  d$t <- list(1, 2, 3)
  e <- caught(kaplan_meier(Surv(t, s) ~ 1, d), "type")
  expect_match(conditionMessage(e), "`t` must be numeric, not a list")
})

test_that("B026: the largest doubles are times like others", {
  fit <- kaplan_meier(Surv(c(1e308, 1e308, 1), c(1, 1, 1)) ~ 1)
  expect_identical(fit$time, c(1, 1e308))
  expect_equal(fit$surv, c(2 / 3, 0))
  expect_identical(glance(fit)$median, 1e308)
  expect_lt(max(nchar(capture.output(print(fit)))), 80)
  # The middle of a flat step at 1/2 lies between two such times: (a + b) / 2 must not overflow.
  even <- kaplan_meier(c(1, 2, 1e308, 1.5e308), rep(1, 4))
  expect_equal(glance(even)$median, 5e307)
  later <- kaplan_meier(c(1, 1e308, 1.5e308, 1.6e308), rep(1, 4))
  expect_equal(glance(later)$median, 1.25e308)
})

test_that("B028: times closer than rounding are one, counted and noted; timefix = FALSE keeps them", {
  fit <- kaplan_meier(Surv(c(1, 1 + 1e-9, 2), c(1, 1, 1)) ~ 1)
  expect_identical(fit$time, c(1, 2))
  expect_identical(fit$n.event, c(2, 1))
  expect_identical(fit$meta$n_time_merged, 1)
  expect_match(fit$meta$notes, "merged", all = FALSE)
  expect_length(kaplan_meier(Surv(c(1, 1 + 1e-9, 2), c(1, 1, 1)) ~ 1, timefix = FALSE)$time, 3)
})

test_that("B029: 0.3 and 0.1 + 0.2 are tied", {
  fit <- kaplan_meier(Surv(c(.3, .1 + .2, 1), c(1, 1, 1)) ~ 1)
  expect_length(fit$time, 2)
  expect_equal(fit$surv[1], 1 / 3)
})

test_that("B031: a chain of near ties is one time, in any order of rows", {
  time <- seq(0, 3e-8, length.out = 7) + 1
  set.seed(31)
  for (i in 1:20) {
    fit <- kaplan_meier(Surv(sample(time), rep(1, 7)) ~ 1)
    expect_identical(fit$time, 1)
    expect_identical(fit$n.event, 7)
  }
})

# km/status --------------------------------------------------------------------------------------

test_that("B033: TRUE is an event", {
  expect_identical(kaplan_meier(Surv(1:3, c(TRUE, FALSE, TRUE)) ~ 1)$n.event, c(1, 0, 1))
})

test_that("B034: 1/2 coding is refused until the event is said", {
  e <- caught(kaplan_meier(Surv(1:4, c(1, 2, 1, 2)) ~ 1), "status")
  expect_match(conditionMessage(e), "codes 1, 2.*event = 2")
  expect_identical(kaplan_meier(Surv(1:4, c(1, 2, 1, 2)) ~ 1, event = 2)$n.event, c(0, 1, 0, 1))
})

test_that("B035: all 2 is refused as well", {
  caught(kaplan_meier(Surv(1:4, c(2, 2, 2, 2)) ~ 1), "status")
})

test_that("B037, B038: another code among 0 and 1 is refused by row", {
  e <- caught(kaplan_meier(Surv(1:4, c(0, 1, 2, 1)) ~ 1), "status")
  expect_match(conditionMessage(e), "must be 0 or 1, not 2 in row 3")
  e <- caught(kaplan_meier(Surv(1:4, c(0, 1, 3, 1)) ~ 1), "status")
  expect_match(conditionMessage(e), "must be 0 or 1, not 3 in row 3")
  expect_identical(e$rows, 3L)
})

test_that("B041: a missing status is refused by row", {
  d <- data.frame(time = 1:4, status = c(0, 1, NA, 1))
  e <- caught(kaplan_meier(Surv(time, status) ~ 1, d), "missing")
  expect_match(conditionMessage(e), "`status` has 1 missing value \\(row 3\\)")
})

test_that("B044: a factor is refused until the event is said", {
  d <- data.frame(time = 1:4, status = factor(c("alive", "dead", "dead", "alive")))
  e <- caught(kaplan_meier(Surv(time, status) ~ 1, d), "status")
  expect_match(conditionMessage(e), "'alive', 'dead'")
  expect_identical(kaplan_meier(Surv(time, status) ~ 1, d, event = "dead")$n.event, c(0, 1, 1, 0))
  caught(kaplan_meier(Surv(time, status) ~ 1, d, event = "died"), "status")
})

test_that("B046: an unused level of a 0/1 factor is ignored with a note", {
  fit <- kaplan_meier(Surv(1:4, factor(c(0, 1, 1, 0), levels = 0:2)) ~ 1)
  expect_identical(fit$n.event, c(0, 1, 1, 0))
  expect_match(fit$meta$notes, "unused status level '2' ignored", all = FALSE)
})

# km/weights -------------------------------------------------------------------------------------

test_that("B049: a row of weight 0 is none: no time, no count, no jump", {
  fit <- kaplan_meier(Surv(1:4, c(1, 1, 0, 1)) ~ 1, weights = c(1, 0, 1, 1))
  expect_identical(fit$n, 3L)
  expect_identical(fit$time, c(1, 3, 4))
  expect_equal(fit$surv, c(2 / 3, 2 / 3, 0))
  expect_match(fit$meta$notes, "1 row of weight 0 left out", all = FALSE)
  # A group of weight 0 is no group; nobody at all is refused.
  part <- kaplan_meier(1:4, c(1, 1, 1, 0), c("a", "a", "b", "b"), weights = c(0, 0, 1, 1))
  expect_identical(part$meta$group_labels, "b")
  caught(kaplan_meier(1:2, c(1, 1), weights = c(0, 0)), "empty")
})

test_that("B053, B054, B057: infinite, overflowing and non-numeric weights are refused", {
  d <- data.frame(t = 1:4, s = c(1, 1, 0, 1))
  e <- caught(kaplan_meier(Surv(t, s) ~ 1, d, weights = c(1, Inf, 1, 1)), "weights")
  expect_match(conditionMessage(e), "finite, not Inf in row 2")
  e <- caught(kaplan_meier(Surv(t, s) ~ 1, d, weights = c(1e308, 1e308, 1, 1)), "weights")
  expect_match(conditionMessage(e), "sum of `weights` overflows")
  e <- caught(kaplan_meier(Surv(t, s) ~ 1, d, weights = c("1", "2", "1", "1")), "type")
  expect_match(conditionMessage(e), "`weights` must be numeric")
  caught(kaplan_meier(Surv(t, s) ~ 1, d, weights = c(1, -1, 1, 1)), "weights")
})

# km/entry ---------------------------------------------------------------------------------------

test_that("B058, B059: an entry that is not before its exit is refused by row", {
  e <- caught(kaplan_meier(Surv(c(0, 1, 2), c(1, 1, 3), c(1, 1, 1)) ~ 1), "entry")
  expect_match(conditionMessage(e), "row 2 has 1 >= 1")
  e <- caught(kaplan_meier(Surv(c(0, 5, 2), c(1, 4, 3), c(1, 1, 1)) ~ 1), "entry")
  expect_match(conditionMessage(e), "row 2 has 5 >= 4")
  expect_identical(e$rows, 2L)
})

test_that("B062: an entry near a time is at that time; an interval that collapses is refused", {
  expect_warning(fit <- kaplan_meier(Surv(c(0, 1 + 1e-10), c(1, 3), c(1, 1)) ~ 1), class = "cryonodes_warning_entry")
  expect_identical(fit$n.risk, c(1, 1))
  e <- caught(kaplan_meier(Surv(c(1, 0), c(1 + 1e-10, 3), c(1, 1)) ~ 1), "entry")
  expect_match(conditionMessage(e), "timefix = FALSE")
  expect_length(kaplan_meier(Surv(c(1, 0), c(1 + 1e-10, 3), c(1, 1)) ~ 1, timefix = FALSE)$time, 2)
})

test_that("B064: a missing entry is refused by row", {
  d <- data.frame(entry = c(NA, 0, 0), exit = 1:3, died = 1)
  e <- caught(kaplan_meier(Surv(entry, exit, died) ~ 1, d), "missing")
  expect_match(conditionMessage(e), "`entry` has 1 missing value \\(row 1\\)")
})

# group ------------------------------------------------------------------------------------------

test_that("B068: a single level is one curve under its label", {
  fit <- kaplan_meier(Surv(1:4, c(1, 1, 0, 1)) ~ g, data.frame(g = rep("a", 4)))
  expect_identical(tidy(fit)$strata, rep("a", 4))
  expect_identical(names(fit$strata), "g=a")
})

test_that("B075: labels that differ in case or blanks stay apart, with a note", {
  d <- data.frame(t = 1:6, s = 1, g = c("a", "A", "a ", "b", "b", "b"))
  fit <- kaplan_meier(Surv(t, s) ~ g, d)
  expect_setequal(fit$meta$group_labels, c("a", "A", "a ", "b"))
  expect_match(fit$meta$notes, "look alike.*'A'.*'a'.*'a '", all = FALSE)
})

test_that("B077: composed and decomposed accents stay apart, with a note", {
  d <- data.frame(t = 1:4, s = 1, g = c("\u00e9", "e\u0301", "z", "z"))
  fit <- kaplan_meier(Surv(t, s) ~ g, d)
  expect_length(fit$meta$group_labels, 3)
  expect_match(fit$meta$notes, "look alike", all = FALSE)
})

test_that("B078: latin1 labels become UTF-8", {
  x <- c("\xe9", "b")
  Encoding(x) <- "latin1"
  fit <- kaplan_meier(Surv(1:2, c(1, 1)) ~ x)
  expect_identical(fit$meta$group_labels, c("b", "\u00e9"))
  expect_identical(Encoding(fit$meta$group_labels[2]), "UTF-8")
})

test_that("B082: numbers that print alike are refused as groups", {
  e <- caught(kaplan_meier(Surv(1:4, c(1, 1, 0, 1)) ~ g, data.frame(g = c(0.1 + 0.2, 0.3, .3, 1))), "group")
  expect_match(conditionMessage(e), "print as '0.3'")
})

test_that("B083: two thousand groups are refused for curves too", {
  caught(kaplan_meier(Surv(1:2000, rep(1, 2000)) ~ as.character(1:2000)), "group")
})

test_that("B084: a column that is not there is named, with its nearest neighbour", {
  e <- caught(kaplan_meier(Surv(1:3, c(1, 1, 1)) ~ nosuch), "column")
  expect_match(conditionMessage(e), "column `nosuch` not found")
  e <- caught(kaplan_meier(Surv(time, status) ~ celtype, survival::veteran), "column")
  expect_match(conditionMessage(e), "Did you mean `celltype`")
})

test_that("B085: a column name with a blank is taken and printed without backticks", {
  d <- data.frame(`bad name` = c(1, 1, 2, 2), t = 1:4, s = 1, check.names = FALSE)
  fit <- kaplan_meier(Surv(t, s) ~ `bad name`, d)
  expect_identical(names(fit$strata), c("bad name=1", "bad name=2"))
  expect_output(print(fit), "by bad name")
})

# km/summary -------------------------------------------------------------------------------------

test_that("B087: past the last follow-up the rate is NA unless the curve ended at 0; no row is lost", {
  expect_identical(rates(kaplan_meier(Surv(1:3, c(1, 1, 1)) ~ 1), 10)$estimate, 0)
  r <- rates(kaplan_meier(Surv(1:3, c(1, 1, 0)) ~ 1), c(2, 10))
  expect_equal(r$estimate, c(1 / 3, NA))
  expect_match(r$note[2], "beyond follow-up")
})

test_that("B089: a negative time is refused", {
  e <- caught(rates(kaplan_meier(Surv(1:3, c(1, 1, 0)) ~ 1), -1), "times")
  expect_match(conditionMessage(e), ">= 0, not -1")
})

test_that("B090: unsorted times are answered in the order asked", {
  r <- rates(kaplan_meier(Surv(c(1, 2, 3), c(1, 1, 0)) ~ 1), c(3, 1, 2))
  expect_identical(r$time, c(3, 1, 2))
  expect_equal(r$estimate, c(1 / 3, 2 / 3, 1 / 3))
})

test_that("B095, B096: a coverage outside (0, 1) is refused", {
  for (level in list(1.2, 0, 1, -1, NA_real_, "0.95", c(0.9, 0.95))) {
    caught(kaplan_meier(Surv(1:4, c(1, 1, 1, 1)) ~ 1, conf.level = level), "conf_level")
  }
})

test_that("B097: an unknown scale is refused with those known", {
  e <- caught(kaplan_meier(Surv(1:4, c(1, 1, 1, 1)) ~ 1, conf.type = "nosuch"), "conf_type")
  expect_match(conditionMessage(e), "'log-log', 'log', 'plain'")
})

# object, system ---------------------------------------------------------------------------------

test_that("B205: an object that lost a field or its format is refused by every method", {
  fit <- five()
  damaged <- list(
    { y <- fit; y$n.risk <- NULL; y },
    { y <- fit; y$meta$format <- 99L; y },
    { y <- fit; y$meta <- NULL; y }
  )
  for (y in damaged) {
    caught(print(y), "object")
    caught(summary(y), "object")
    caught(quantile(y), "object")
    caught(rates(y, 1), "object")
    caught(tidy(y), "object")
    caught(glance(y), "object")
    caught(as.data.frame(y), "object")
    caught(y[1], "object")
  }
})

test_that("B216: a line break in a label does not break the table", {
  d <- data.frame(t = 1:4, s = 1, g = c("a\nb\tc", "a\nb\tc", "100%s {x}", "100%s {x}"))
  fit <- kaplan_meier(Surv(t, s) ~ g, d)
  expect_identical(fit$meta$group_labels, c("100%s {x}", "a\nb\tc"))
  expect_true(any(grepl("a\\nb\\tc", capture.output(print(fit)), fixed = TRUE)))
  expect_true(any(grepl("a\\nb\\tc", capture.output(print(rates(fit, 1))), fixed = TRUE)))
})

test_that("B241: products of counts do not overflow integers", {
  n <- 60000
  fit <- kaplan_meier(seq_len(n), c(1L, integer(n - 1)))
  expect_equal(fit$std.err[1], sqrt(1 / (60000 * 59999)), tolerance = 1e-15)
  # One death among 2 * 60000: E = 1/2 each, V = 1/4, chi-square (1/2)^2 / (1/4) = 1.
  x <- logrank_test(rep(1:2, n), c(1L, integer(2 * n - 1)), rep(1:2, each = n))
  expect_equal(unname(x$expected), c(1 / 2, 1 / 2), tolerance = 1e-15)
  expect_equal(unname(x$statistic), 1, tolerance = 1e-14)
})

test_that("B245: a C locale changes neither results nor labels", {
  d <- data.frame(t = 1:4, s = c(1, 0, 1, 1), g = c("\u00e9", "b", "Z", "\u00e9"))
  fit <- kaplan_meier(Surv(t, s) ~ g, d)
  test <- logrank_test(Surv(t, s) ~ g, d)
  old <- Sys.getlocale("LC_COLLATE")
  type <- Sys.getlocale("LC_CTYPE")
  on.exit({
    Sys.setlocale("LC_COLLATE", old)
    Sys.setlocale("LC_CTYPE", type)
  })
  Sys.setlocale("LC_COLLATE", "C")
  Sys.setlocale("LC_CTYPE", "C")
  again <- kaplan_meier(Surv(t, s) ~ g, d)
  expect_identical(again, fit)
  expect_identical(logrank_test(Surv(t, s) ~ g, d), test)
  expect_output(print(again))
  expect_identical(enc2utf8(again$meta$group_labels), c("Z", "b", "\u00e9"))
})

test_that("B247: options change neither results nor what is printed", {
  d <- survival::veteran
  run <- function() {
    fit <- kaplan_meier(Surv(time, status) ~ celltype, d, conf.level = 0.995)
    test <- logrank_test(Surv(time, status) ~ trt, d, conf.level = 0.995)
    r <- rates(fit, c(90.5, 400))
    refusal <- tryCatch(rates(fit, -1.5), error = conditionMessage)
    list(fit, test, r, refusal, capture.output(print(fit)), capture.output(print(test)), capture.output(print(r)))
  }
  usual <- run()
  old <- options(
    contrasts = c("contr.sum", "contr.poly"), na.action = "na.fail", digits = 3, OutDec = ",", scipen = -20,
    warnPartialMatchDollar = TRUE
  )
  # Setting it to NULL, which it was, does not switch it off.
  on.exit(options(modifyList(old, list(warnPartialMatchDollar = FALSE))))
  expect_identical(run(), usual)
})

test_that("B249: inputs are never modified", {
  make <- function() {
    list(time = c(3, 1, 2, 2 + 1e-10), event = c(1L, 0L, 1L, 1L), group = c(2L, 1L, 2L, 1L), weights = c(1, 2, 0, 1))
  }
  used <- make()
  kaplan_meier(used$time, used$event, used$group, weights = used$weights)
  logrank_test(used$time, used$event, used$group)
  kaplan_meier(Surv(time, event) ~ group, used)
  expect_identical(used, make())
})

# Words ------------------------------------------------------------------------------------------

test_that("print says what was estimated, from how many, and by which method", {
  expect_snapshot(print(kaplan_meier(Surv(time, status) ~ arm, leukaemia())))
  expect_snapshot(print(kaplan_meier(c(1, NA, 3), c(1, 1, 0), na.action = "omit")))
  expect_snapshot(print(rates(five(), c(12, 24, 36))))
})

test_that("errors name argument, rule, finding and place, then a hint", {
  expect_snapshot(error = TRUE, {
    kaplan_meier(c(1, -2, 3, -4), c(1, 1, 1, 0))
    kaplan_meier(Surv(time, status) ~ sex, survival::lung)
    kaplan_meier(Surv(time, status) ~ ph.ecog, survival::lung, event = 2)
    kaplan_meier(Surv(time) ~ sex, survival::lung)
    kaplan_meier(1:3, c(1, 0))
  })
})

test_that("text without an encoding, and times in two units, are refused", {
  label <- c("\xe9", "\xe9", "b", "b")
  Encoding(label) <- "bytes"
  expect_error(kaplan_meier(1:4, c(1, 0, 1, 1), group = label), "bytes", class = "cryonodes_error_group")
  entry <- as.difftime(c(1, 1), units = "weeks")
  exit <- as.difftime(c(8, 10), units = "days")
  expect_error(kaplan_meier(Surv(entry, exit, c(1, 1)) ~ 1), "in weeks", class = "cryonodes_error_time")
  units(entry) <- "days"
  expect_identical(kaplan_meier(Surv(entry, exit, c(1, 1)) ~ 1)$n.risk, c(2, 1))
})

test_that("the short way for plain columns gives what the long way gives", {
  n <- 40
  set.seed(7)
  d <- data.frame(time = rexp(n), died = rbinom(n, 1, 0.5), arm = rep(c("a", "b"), n / 2))
  bare <- function(fit) unclass(fit)[setdiff(names(fit), "call")]
  # An expression instead of a name goes the long way, and so does text; codes and factors go the short one.
  for (died in list(as.double(d$died), as.integer(d$died), d$died == 1)) {
    d$died <- died
    expect_identical(bare(kaplan_meier(Surv(time, died) ~ 1, d)), bare(kaplan_meier(Surv(time + 0, died) ~ 1, d)))
    expect_identical(bare(kaplan_meier(d$time, died)), bare(kaplan_meier(Surv(time + 0, died) ~ 1, d)))
  }
  for (arm in list(factor(d$arm), factor(d$arm, c("b", "a")), rep(c(-3L, 999L), n / 2), rep(c(-0, 10), n / 2))) {
    d$arm <- arm
    long <- d
    long$arm <- factor(arm, if (is.factor(arm)) c(levels(arm), "none") else c(sort(unique(arm)), 1000))
    expect_identical(bare(kaplan_meier(Surv(time, died) ~ arm, d)), bare(kaplan_meier(Surv(time, died) ~ arm, long)))
    expect_identical(
      bare(restricted_mean(d$time, d$died, d$arm)), bare(restricted_mean(long$time, long$died, long$arm))
    )
  }
  # What is not plain is found all the same.
  expect_error(kaplan_meier(Surv(time, died) ~ 1, setNames(cbind(d, 1), c(names(d), "arm"))),
    class = "cryonodes_error_column"
  )
  expect_error(kaplan_meier(Surv(time, died) ~ ., cbind(d, . = 1)), class = "cryonodes_error_formula")
  expect_error(kaplan_meier(replace(d$time, 3, NA), d$died), class = "cryonodes_error_missing")
  expect_error(kaplan_meier(replace(d$time, 3, -1), d$died), class = "cryonodes_error_time")
  expect_error(kaplan_meier(d$time, d$died + 1), class = "cryonodes_error_status")
  expect_error(kaplan_meier(d$time, d$died, d$arm[-1]), class = "cryonodes_error_length")
  expect_error(kaplan_meier(d$time, d$died, replace(d$arm, 2, NA)), class = "cryonodes_error_missing")
  expect_error(kaplan_meier(numeric(), integer()), class = "cryonodes_error_empty")
})
