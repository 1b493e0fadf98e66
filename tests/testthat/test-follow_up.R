library(survival)

numbers_of_follow_up <- function(x) unclass(x)[setdiff(names(x), c("curve", "meta"))]

# By hand ----------------------------------------------------------------------------------------

test_that("reverse estimate, plain summaries and completeness by hand", {
  time <- c(2, 2, 3, 3, 5, 7, 8)
  status <- c(1, 0, 1, 0, 0, 1, 0)
  fit <- follow_up(time, status, potential = c(9, 4, 9, 3, 10, 9, 8))
  # Those with the event at 2 and 3 are out first: 1 - 1/6, 1 - 1/4, 1 - 1/3; at 8 the last one leaves.
  expect_equal(fit$curve$surv, c(5 / 6, 5 / 8, 5 / 12, 5 / 12, 0), tolerance = 1e-15)
  expect_equal(c(fit$q25, fit$median, fit$q75), c(3, 5, 8))
  expect_identical(c(fit$n, fit$n.event, fit$n.censor), c(7, 3, 4))
  expect_equal(unlist(fit$all), c(mean = 30 / 7, min = 2, q25 = 2, median = 3, q75 = 7, max = 8), tolerance = 1e-15)
  expect_equal(unlist(fit$censored), c(mean = 4.5, min = 2, q25 = 2.5, median = 4, q75 = 6.5, max = 8))
  # Events 2 + 3 + 7 count as observed; the others could have had 4, 3, 10 and 8.
  expect_equal(fit$completeness, 30 / 37, tolerance = 1e-15)
  expect_null(follow_up(time, status)$completeness)
  # 8 for all: 12 + 4 times 8.
  expect_equal(follow_up(time, status, potential = 8)$completeness, 30 / 44, tolerance = 1e-15)
})

test_that("the interval of the median is Brookmeyer and Crowley's on the reverse curve", {
  fit <- follow_up(Surv(time, status) ~ 1, survival::lung, event = 2)
  low <- fit$curve$lower
  high <- fit$curve$upper
  first_below <- function(limit) fit$curve$time[which(limit <= 0.5)[1]]
  expect_identical(c(fit$conf.low, fit$conf.high), c(first_below(low), first_below(high)))
  plain <- follow_up(Surv(time, status) ~ 1, survival::lung, event = 2, conf.type = "plain", conf.level = 0.8)
  expect_gt(plain$conf.low, fit$conf.low)
  expect_identical(plain$conf.type, "plain")
})

# Agreement --------------------------------------------------------------------------------------

test_that("recorded numbers of prodlim are met", {
  fits <- list(
    ties = follow_up(c(1, 2, 3, 3, 3, 4, 5, 5, 6, 7), c(1, 0, 0, 1, 0, 1, 0, 1, 1, 0)),
    lung = follow_up(Surv(time, status) ~ 1, survival::lung, event = 2),
    colon = follow_up(Surv(time, status) ~ 1, survival::colon, subset = etype == 2)
  )
  numbers <- golden("follow_up")
  expect_setequal(numbers$dataset, names(fits))
  for (i in seq_len(nrow(numbers))) {
    fit <- fits[[numbers$dataset[i]]]
    ours <- if (is.na(numbers$time[i])) fit$median else rates(fit$curve, numbers$time[i])[[numbers$quantity[i]]]
    expect_lte(abs(ours - numbers$value[i]), numbers$tolerance[i],
      label = paste(numbers$dataset[i], numbers$time[i], numbers$quantity[i])
    )
  }
})

test_that("without such ties survfit(Surv(time, 1 - status)) says the same; with them it follows longer", {
  set.seed(4)
  time <- stats::rexp(60)
  status <- stats::rbinom(60, 1, 0.5)
  fit <- follow_up(time, status)
  theirs <- survfit(Surv(time, 1 - status) ~ 1, conf.type = "log-log")
  expect_equal(fit$curve$surv, theirs$surv, tolerance = 1e-13)
  expect_equal(c(fit$median, fit$conf.low, fit$conf.high), unname(unlist(quantile(theirs, 0.5))), tolerance = 1e-13)
  whole <- ceiling(5 * time)
  tied <- follow_up(whole, status)
  theirs <- survfit(Surv(whole, 1 - status) ~ 1)
  expect_true(all(tied$curve$surv <= theirs$surv + 1e-14))
  expect_gt(max(theirs$surv - tied$curve$surv), 0.01)
})

# Properties -------------------------------------------------------------------------------------

test_that("S(t) G(t) is the share still there; row order, unit, weights and counts change nothing", {
  skip_on_cran() # long
  for (seed in 1:80) {
    d <- random_cohort(seed)
    d$w <- rep_len(1:2, nrow(d))
    fit <- follow_up(Surv(time, status) ~ group, d, weights = w, potential = 1e3)
    forward <- kaplan_meier(Surv(time, status) ~ group, d, weights = w)
    rows <- group_rows(forward)
    for (i in rows) {
      left <- forward$n.risk[i] - forward$n.event[i] - forward$n.censor[i]
      expect_equal(forward$surv[i] * fit$curve$surv[i], left / forward$n.risk[i[1]], tolerance = 1e-13)
    }
    same <- numbers_of_follow_up(fit)
    shuffled <- follow_up(Surv(time, status) ~ group, d[sample.int(nrow(d)), ], weights = w, potential = 1e3)
    expect_identical(numbers_of_follow_up(shuffled), same)
    counts <- event_counts(Surv(time, status) ~ group, d, weights = w)
    expect_identical(numbers_of_follow_up(follow_up(counts, potential = 1e3)), same)
    twice <- d[rep(seq_len(nrow(d)), d$w), ]
    expect_identical(numbers_of_follow_up(follow_up(Surv(time, status) ~ group, twice, potential = 1e3)), same)
    years <- follow_up(Surv(4 * time, status) ~ group, d, weights = w, potential = 4e3)
    expect_identical(years$median, 4 * fit$median)
    expect_identical(years$all$mean, 4 * fit$all$mean)
    expect_equal(years$completeness, fit$completeness, tolerance = 1e-14)
    # Base R's type 2, group by group.
    base <- tapply(twice$time, droplevels(twice$group), quantile, 0.25, type = 2)
    expect_equal(fit$all$q25, unname(c(base)), tolerance = 1e-14)
    expect_equal(fit$all$mean, unname(c(tapply(twice$time, droplevels(twice$group), mean))), tolerance = 1e-13)
  }
})

test_that("completeness is 1 when nobody is lost, and falls with what could have been seen", {
  d <- random_cohort(21)
  expect_equal(follow_up(d$time, d$status, potential = d$time)$completeness, 1, tolerance = 1e-15)
  d$status[1] <- 0L
  shares <- vapply(c(1, 2, 5), function(k) follow_up(d$time, d$status, potential = k * d$time)$completeness, 0)
  expect_true(all(diff(shares) < 0))
  expect_identical(
    follow_up(Surv(time, status) ~ group, d, potential = 2 * time)$completeness,
    follow_up(d$time, d$status, d$group, potential = 2 * d$time)$completeness
  )
})

test_that("completeness tells early losses from late ones, by hand", {
  # The cohort of Xue et al. (2017), BMC Med Res Methodol 17:155, figure 1: 100 subjects and three years; 10, 5 and 5
  # events and 40 losses in mid-year, the losses in the first year or in the third. Observed by potential: 25 + 20 + 120
  # or 25 + 100 + 120 by 25 + 120 + 120 years.
  ends <- function(loss) rep(c(0.5, 1.5, 2.5, loss, 3), c(10, 5, 5, 40, 40))
  status <- rep(c(1, 0), c(20, 80))
  expect_equal(follow_up(ends(0.5), status, potential = 3)$completeness, 165 / 265, tolerance = 1e-15)
  expect_equal(follow_up(ends(2.5), status, potential = 3)$completeness, 245 / 265, tolerance = 1e-15)
})

# Interfaces and edges ---------------------------------------------------------------------------

test_that("tidy has a row for each way of summing up, with reasons", {
  fit <- follow_up(c(1, 2, 3, 4, 5, 6), c(1, 1, 1, 0, 1, 1), rep(c("a", "b"), each = 3))
  table <- tidy(fit)
  expect_identical(table$strata, rep(c("a", "b"), each = 3))
  expect_identical(table$measure, rep(c("reverse Kaplan-Meier", "all times", "times without event"), 2))
  expect_identical(table$note, c("nobody is censored", NA, "everybody had the event", "not reached", NA, NA))
  expect_equal(table$median, c(NA, 2, NA, NA, 5, 4))
  expect_match(fit$meta$notes, "nobody is censored in group 'a'")
  expect_identical(as.data.frame(fit), table)
  expect_identical(glance(fit)$n.censor, c(0, 1))
  expect_identical(glance(fit)$completeness, c(NA_real_, NA_real_))
})

test_that("potential follow-up that cannot be is refused, by row of the data", {
  d <- data.frame(t = c(1, 2, 3), s = c(1, 0, 0), p = c(5, 1, 5))
  error <- tryCatch(follow_up(Surv(t, s) ~ 1, d, potential = p), error = identity)
  expect_s3_class(error, "cryonodes_error_time")
  expect_match(conditionMessage(error), "must not be below the time observed, 2, but is 1 in row 2", fixed = TRUE)
  expect_identical(error$rows, 2L)
  d$p[2] <- NA
  error <- tryCatch(follow_up(Surv(t, s) ~ 1, d, potential = p, na.action = "omit"), error = identity)
  expect_s3_class(error, "cryonodes_error_missing")
  expect_identical(error$rows, 2L)
  # A row that is not used needs none.
  d$t[2] <- NA
  expect_equal(follow_up(Surv(t, s) ~ 1, d, potential = p, na.action = "omit")$completeness, 4 / 6, tolerance = 1e-15)
  expect_equal(follow_up(Surv(t, s) ~ 1, d, subset = -2, potential = p)$completeness, 4 / 6, tolerance = 1e-15)
  expect_error(follow_up(1:3, c(1, 0, 0), potential = c(5, 5)), class = "cryonodes_error_length")
  expect_error(follow_up(1:3, c(1, 0, 0), potential = Inf), class = "cryonodes_error_time")
  expect_error(follow_up(1:3, c(1, 0, 0), potential = "5"), class = "cryonodes_error_type")
  expect_error(follow_up(1:3, c(1, 0, 0), potential = as.Date("2020-01-01")), class = "cryonodes_error_type")
  expect_error(follow_up(event_counts(1:3, 1, 1), potential = 4:6), class = "cryonodes_error_length")
  expect_error(follow_up(event_counts(1:3, 1, 1), potential = 2), class = "cryonodes_error_time")
  expect_error(follow_up(Surv(p, s) ~ 1, d, subset = -2, potential = nowhere), class = "cryonodes_error_column")
  # 0.1 + 0.2 is not 0.3.
  expect_identical(follow_up(0.1 + 0.2, 0, potential = 0.3)$completeness, 1)
})

test_that("delayed entry and other bad input are refused", {
  expect_error(follow_up(Surv(c(0, 1), c(2, 3), c(1, 0)) ~ 1), class = "cryonodes_error_entry")
  late <- event_counts(Surv(c(0, 1), c(2, 3), c(1, 0)) ~ 1)
  expect_error(follow_up(late), class = "cryonodes_error_entry")
  expect_error(follow_up(1:3), class = "cryonodes_error_status")
  expect_error(follow_up(event = 1), class = "cryonodes_error_missing")
  expect_error(follow_up(c(1, NA), c(1, 0)), class = "cryonodes_error_missing")
  expect_error(follow_up(1:2, c(1, 0), conf.type = "odd"), class = "cryonodes_error_conf_type")
  expect_error(follow_up(1:2, c(1, 0), conf.level = 2), class = "cryonodes_error_conf_level")
  expect_error(follow_up(1:2, c(1, 0), close = 2), class = "cryonodes_error_choice")
  fit <- follow_up(1:4, c(1, 0, 1, 0))
  fit$median <- c(1, 2)
  expect_error(print(fit), class = "cryonodes_error_object")
  expect_error(tidy(structure(list(), class = "follow_up")), class = "cryonodes_error_object")
})

test_that("one row, one time, and the largest times", {
  one <- follow_up(5, 0, potential = 10)
  expect_identical(c(one$median, one$all$median, one$completeness), c(5, 5, 0.5))
  expect_identical(follow_up(0, 0, potential = 0)$completeness, NA_real_)
  huge <- follow_up(c(1.7e308, 1.7e308), c(0, 0), potential = 1.7e308)
  expect_identical(c(huge$all$mean, huge$completeness), c(1.7e308, 1))
})

test_that("print shows what a paper prints", {
  d <- data.frame(
    months = c(3, 8, 8, 12, 15, 20, 24, 30, 31, 36), failed = c(0, 1, 0, 1, 0, 1, 1, 0, 1, 0),
    site = rep(c("liver", "lung"), c(4, 6))
  )
  expect_snapshot(follow_up(Surv(months, failed) ~ site, d, potential = 40))
  expect_snapshot(follow_up(1:3, c(1, 1, 1)))
})

test_that("a potential follow-up in another unit is refused", {
  time <- as.difftime(c(3, 5), units = "days")
  expect_error(follow_up(time, c(1, 0), potential = as.difftime(6, units = "weeks")), "in weeks",
    class = "cryonodes_error_time"
  )
  same <- follow_up(time, c(1, 0), potential = as.difftime(6, units = "days"))
  expect_identical(same$completeness, follow_up(c(3, 5), c(1, 0), potential = 6)$completeness)
})

test_that("of counts, a potential that is too short is told with its row", {
  counts <- event_counts(1:3, 1, 1)
  expect_error(follow_up(counts, potential = 2.5), "row 3", class = "cryonodes_error_time")
})
