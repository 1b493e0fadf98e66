library(survival)

caught <- function(expr, class) expect_error(expr, class = paste0("cryonodes_error_", class))

# By hand ----------------------------------------------------------------------------------------

test_that("two causes tied with each other and with a censoring, by hand", {
  fit <- cumulative_incidence(c(2, 2, 3, 3, 5, 7, 8), c(1, 2, 1, 0, 0, 2, 0))
  expect_identical(fit$time, c(2, 3, 5, 7, 8))
  expect_identical(fit$n.risk[, 1], c(7, 5, 3, 2, 1))
  expect_identical(fit$n.event, cbind(0, c(1, 1, 0, 0, 0), c(1, 0, 0, 1, 0)))
  # S: 1 - 2/7; * 4/5; * 1/2.   F1: 1/7; + 5/7 * 1/5.   F2: 1/7; + 4/7 * 1/2
  expect_identical(fit$pstate, cbind(c(5, 4, 4, 2, 2), c(1, 2, 2, 2, 2), c(1, 1, 1, 3, 3)) / 7)
  # Kaplan-Meier of a cause alone: 1 - 6/7 * 4/5 and 1 - 6/7 * 1/2
  expect_equal(unname(fit$one.minus.km[5, ]), c(11 / 35, 4 / 7), tolerance = 1e-14)
  # 2/7 * 5/7 / 7 while nobody is censored; 8/1715 + 30/1715 - 20/1715 + 7/1715 + 70/1715
  expect_equal(fit$std.err[2, 2], sqrt(10 / 343), tolerance = 1e-14)
  expect_equal(fit$std.err[4, 3], sqrt(19 / 343), tolerance = 1e-14)
  # 1/49 (1 - 2/5 + 2/25) + 25/49 * 1/25
  aalen <- cumulative_incidence(c(2, 2, 3, 3, 5, 7, 8), c(1, 2, 1, 0, 0, 2, 0), variance = "aalen")
  expect_equal(aalen$std.err[2, 2], sqrt(6 / 175), tolerance = 1e-14)
  r <- rates(fit, c(3, 7.5))
  expect_identical(r$state, c("1", "1", "2", "2"))
  expect_identical(r$estimate, c(2, 2, 1, 3) / 7)
  expect_identical(r$cum.event, c(2, 2, 1, 2))
  expect_identical(r$n.risk, c(5, 1, 5, 1))
  expect_equal(r$overstated, c(11 / 35 - 2 / 7, 11 / 35 - 2 / 7, 0, 4 / 7 - 3 / 7), tolerance = 1e-14)
})

test_that("delayed entry by hand: who enters at a time is at risk after it", {
  # (0, 3] relapse, (2, 5] death, (3, 4] censored, (3, 6] censored
  fit <- cumulative_incidence(Surv(c(0, 2, 3, 3), c(3, 5, 4, 6), c(1, 2, 0, 0)) ~ 1)
  expect_identical(fit$n.risk[, 1], c(2, 3, 2, 1))
  # At 3 one of two relapses; at 5 one of two who are there dies.
  expect_identical(fit$pstate, cbind(c(2, 2, 1, 1), 2, c(0, 0, 1, 1)) / 4)
})

test_that("numbers of cmprsk, prodlim and survival are met", {
  skip_on_cran() # long
  data <- list(mgus = mgus_data(), tied = tied_data())
  fits <- lapply(data, function(d) {
    lapply(c(aalen = "aalen", delta = "delta"), function(v) {
      cumulative_incidence(Surv(time, state) ~ group, d, variance = v)
    })
  })
  numbers <- golden("cumulative_incidence")
  expect_setequal(numbers$dataset, names(fits))
  expect_gt(nrow(numbers), 200)
  for (i in seq_len(nrow(numbers))) {
    one <- numbers[i, ]
    answer <- rates(fits[[one$dataset]][[one$variance]], one$time)
    ours <- answer[answer$strata == one$group & answer$state == one$state, one$quantity]
    expect_lte(abs(ours - one$value), one$tolerance, label = paste(one[1:6], collapse = " "))
  }
  expect_setequal(sub(" [0-9.]+$", "", numbers$origin), paste("recorded:", c("cmprsk", "prodlim", "survival")))
})

# Agreement with survfit -------------------------------------------------------------------------

test_that("400 random cohorts agree with survfit's multi-state estimate in every element", {
  skip_on_cran() # long
  compared <- 0
  for (seed in 1:400) {
    conf.type <- c("log-log", "log", "plain", "logit", "arcsin")[seed %% 5 + 1]
    d <- random_causes(seed)
    ours <- cumulative_incidence(Surv(time, state) ~ group, d, conf.type = conf.type)
    theirs <- suppressWarnings( # of NaN in its intervals
      survfit(Surv(time, state) ~ group, transform(d, group = droplevels(group)), conf.type = conf.type)
    )
    expect_identical(ours$states, theirs$states)
    worst <- vapply(c("n", "time", "n.risk", "n.event", "n.censor", "pstate", "std.err", "p0", "sp0"), function(v) {
      largest_difference(ours[[v]], theirs[[v]])
    }, 0)
    # survfit's own rounding leaves 1e-9 where a standard error is 0.
    expect_lt(max(worst[names(worst) != "std.err"]), 1e-12, label = paste("seed", seed, names(which.max(worst))))
    expect_lt(max(abs(ours$std.err^2 - theirs$std.err^2)), 1e-13, label = paste("seed", seed, "variance"))
    inside <- ours$pstate > 0 & ours$pstate < 1
    expect_lt(largest_difference(ours$lower[inside], theirs$lower[inside]), 1e-10, label = paste("seed", seed))
    expect_lt(largest_difference(ours$upper[inside], theirs$upper[inside]), 1e-10, label = paste("seed", seed))
    hazard <- match(colnames(theirs$cumhaz), colnames(ours$cumhaz))
    expect_lt(largest_difference(ours$cumhaz[, hazard], theirs$cumhaz), 1e-12)
    compared <- compared + sum(inside)
  }
  expect_gt(compared, 5000)
})

# survfit leaves `cluster` out of the variance of a multi-state curve (3.5-3), so the influence of each row is taken from
# it and summed here.
clustered_by_survfit <- function(fit, d) {
  influence <- fit$influence.pstate
  extra <- dim(influence)[2] - length(fit$time) # a first column for time 0
  vapply(seq_along(fit$states), function(k) {
    by_cluster <- rowsum(influence[, , k] * d$weight, d$id)
    sqrt(colSums(by_cluster^2))[seq_along(fit$time) + extra]
  }, numeric(length(fit$time)))
}

test_that("the variance between clusters is survfit's influence summed over clusters", {
  skip_on_cran() # long
  compared <- 0
  for (seed in 1001:1120) {
    entry <- seed %% 3 == 0
    d <- random_causes(seed, entry = entry)
    d$weight <- if (seed %% 2) rep(1, nrow(d)) else round(stats::runif(nrow(d), 0.2, 3), 2)
    d$row <- seq_len(nrow(d))
    if (nrow(d) < 4 || length(unique(d$id)) < 2) next
    formula <- if (entry) Surv(entry, time, state) ~ 1 else Surv(time, state) ~ 1
    ours <- cumulative_incidence(formula, d, weights = weight, cluster = id)
    # Its intervals warn of what its rounding leaves below 0 or above 1.
    theirs <- suppressWarnings(survfit(formula, d, weights = weight, id = row, influence = TRUE))
    expect_identical(ours$meta$variance, "robust")
    expect_lt(largest_difference(ours$pstate, theirs$pstate), 1e-12)
    expected <- clustered_by_survfit(theirs, d)
    expect_lt(max(abs(ours$std.err - expected)), 1e-10, label = paste("seed", seed))
    same <- cumulative_incidence(update(formula, ~ . + cluster(id)), d, weights = weight)
    expect_identical(same$std.err, ours$std.err)
    compared <- compared + sum(ours$std.err > 0)
  }
  expect_gt(compared, 2000)
})

test_that("clusters within groups; each row for itself is the default of survfit", {
  d <- mgus_data()
  robust <- cumulative_incidence(Surv(time, state) ~ sex, d, variance = "robust")
  theirs <- survfit(Surv(time, state) ~ sex, d)
  expect_lt(largest_difference(robust$std.err, theirs$std.err), 1e-13)
  d$pair <- rep(seq_len(nrow(d)), each = 2, length.out = nrow(d))
  both <- cumulative_incidence(Surv(time, state) ~ sex + cluster(pair), d)
  alone <- cumulative_incidence(Surv(time, state) ~ cluster(pair), d, subset = sex == "M")
  expect_equal(both["sex=M", ]$std.err, alone$std.err, tolerance = 1e-13)
  # A lesion counted twice has no more to say: pairs of copies have the standard error of one of each.
  n <- nrow(d)
  twice <- cumulative_incidence(rep(d$time, 2), rep(d$state, 2), cluster = rep(seq_len(n), 2))
  once <- cumulative_incidence(d$time, d$state)
  expect_equal(twice$std.err, once$std.err, tolerance = 1e-12)
})

test_that("print, summary, plot and `[` of survival take it", {
  d <- mgus_data()
  ours <- cumulative_incidence(Surv(time, state) ~ sex, d)
  theirs <- survfit(Surv(time, state) ~ sex, d, conf.type = "log-log")
  expect_s3_class(ours, c("cumulative_incidence", "survfitms", "survfit"), exact = TRUE)
  expect_identical(setdiff(names(theirs), names(ours)), character())
  expect_identical(ours$transitions, theirs$transitions)
  below_call <- function(lines) lines[-seq_len(which(lines == "")[1])]
  printed <- below_call(capture.output(print(structure(ours, class = c("survfitms", "survfit")))))
  expect_identical(printed, below_call(capture.output(print(theirs))))
  expect_length(printed, 8)
  a <- summary(ours, times = c(60, 120, 240))
  b <- summary(theirs, times = c(60, 120, 240))
  for (v in setdiff(names(b), "call")) expect_equal(a[[v]], b[[v]], tolerance = 1e-12, label = v)
  expect_equal(summary(ours)$table, summary(theirs)$table, tolerance = 1e-12)
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_equal(plot(ours), plot(theirs))
  man <- ours["sex=M", ]
  expect_s3_class(man, "cumulative_incidence")
  expect_identical(man$meta$group_labels, "M")
  expect_identical(rates(man, c(60, 120))$estimate, rates(ours, c(60, 120))$estimate[c(5, 6, 7, 8)])
  other <- theirs["sex=M", ]
  for (v in setdiff(names(other), c("call", "transitions"))) {
    if (!v %in% c("lower", "upper")) expect_equal(man[[v]], other[[v]], tolerance = 1e-12, label = v)
  }
  expect_identical(class(ours[1, 2]), c("survfitms", "survfit"))
  expect_equal(ours[1, 2]$pstate, theirs[1, 2]$pstate, tolerance = 1e-12)
  expect_identical(ours[2:1, ]$meta$group_labels, c("M", "F"))
  skip_if_not_installed("broom")
  tidied <- as.data.frame(broom::tidy(structure(ours, class = c("survfitms", "survfit"))))
  mine <- tidy(ours)
  expect_setequal(names(mine), names(tidied))
  for (v in c("time", "n.event", "estimate", "std.error", "state")) expect_equal(mine[[v]], tidied[[v]], label = v)
})

# Properties -------------------------------------------------------------------------------------

test_that("incidences and the event-free probability sum to 1; order, unit, labels and weights do as they should", {
  skip_on_cran() # long
  for (seed in 2001:2080) {
    d <- random_causes(seed)
    d$w <- rep_len(1:2, nrow(d))
    fit <- cumulative_incidence(Surv(time, state) ~ group, d, variance = c("delta", "aalen")[seed %% 2 + 1])
    numbers <- c("n", "time", "n.risk", "n.event", "n.censor", "pstate", "std.err", "lower", "upper", "strata")
    expect_lte(max(abs(rowSums(fit$pstate) - 1)), 4.5e-16)
    again <- function(data, ...) {
      cumulative_incidence(Surv(time, state) ~ group, data, variance = fit$meta$variance, ...)
    }
    expect_identical(unclass(again(d[sample.int(nrow(d)), ]))[numbers], unclass(fit)[numbers])
    expect_identical(again(transform(d, time = 4 * time))$pstate, fit$pstate)
    # Causes in another order: the same columns in that order.
    swapped <- again(transform(d, state = factor(state, c("censored", rev(levels(state)[-1])))))
    expect_equal(swapped$pstate[, -1], fit$pstate[, rev(seq_along(fit$states)[-1])], tolerance = 1e-15)
    expect_equal(swapped$std.err[, -1], fit$std.err[, rev(seq_along(fit$states)[-1])], tolerance = 1e-13)
    twice <- again(d[rep(seq_len(nrow(d)), d$w), ])
    weighted <- cumulative_incidence(Surv(time, state) ~ group, d, weights = w, variance = fit$meta$variance)
    expect_identical(unclass(weighted)[numbers[-1]], unclass(twice)[numbers[-1]])
    # All causes taken together: Kaplan-Meier.
    km <- kaplan_meier(Surv(time, state != "censored") ~ group, d)
    expect_equal(fit$pstate[, 1], km$surv, tolerance = 1e-14)
    if (fit$meta$variance == "delta") {
      alive <- km$surv > 0
      expect_equal(fit$std.err[alive, 1], (km$surv * km$std.err)[alive], tolerance = 1e-13)
    }
    # Kaplan-Meier of a cause is never below its incidence, and the same while it comes first.
    expect_true(all(fit$one.minus.km >= fit$pstate[, -1] - 1e-14))
    relapse <- kaplan_meier(Surv(time, state == "relapse") ~ group, d)
    expect_equal(unname(fit$one.minus.km[, 1]), 1 - relapse$surv, tolerance = 1e-13)
    expect_true(all(fit$lower <= fit$pstate & fit$pstate <= fit$upper, na.rm = TRUE))
    # No incidence without an interval, and none of no width.
    expect_true(all(fit$upper > fit$lower, na.rm = TRUE))
    expect_false(anyNA(fit$upper[fit$pstate == 0 | fit$pstate == 1]))
  }
})

test_that("counts give the same bits as the rows they stand for", {
  skip_on_cran() # long
  compared <- 0
  for (seed in 1:150) {
    d <- random_causes(seed, entry = seed %% 2 == 1, weights = seed %% 3 == 0)
    if (is.null(d$weight)) d$weight <- 1
    if (all(d$weight == 0)) next
    formula <- if (is.null(d$entry)) Surv(time, state) ~ group else Surv(entry, time, state) ~ group
    for (variance in c("delta", "aalen")) {
      fit <- cumulative_incidence(formula, d, weights = weight, variance = variance)
      counted <- cumulative_incidence(event_counts(formula, d, weights = weight), variance = variance)
      same <- setdiff(names(fit), c("call", "meta", "na.action"))
      expect_identical(unclass(counted)[same], unclass(fit)[same], info = paste("seed", seed))
      expect_identical(rates(counted, c(1, 3, 7)), rates(fit, c(1, 3, 7)), info = paste("seed", seed))
    }
    compared <- compared + 1
  }
  expect_gt(compared, 140)
  expect_error(cumulative_incidence(event_counts(Surv(time, state) ~ 1, d), variance = "robust"), "needs the rows",
    class = "cryonodes_error_choice"
  )
})

test_that("all ways to say what is censored give the same curve", {
  d <- nine_patients()
  fit <- cumulative_incidence(Surv(months, outcome) ~ arm, d)
  same <- function(other) expect_identical(other$pstate, fit$pstate)
  same(cumulative_incidence(d$months, d$outcome, d$arm))
  same(cumulative_incidence(d$months, as.integer(d$outcome) - 1L, d$arm))
  same(cumulative_incidence(d$months, as.integer(d$outcome) + 4, d$arm, censor = 5))
  text <- c(none = "z", relapse = "a", death = "b")[as.character(d$outcome)]
  same(cumulative_incidence(d$months, unname(text), d$arm, censor = "z"))
  d$ready <- Surv(d$months, d$outcome)
  ready <- cumulative_incidence(ready ~ arm, d)
  same(ready)
  expect_identical(ready$states, c("(s0)", "relapse", "death"))
  expect_identical(fit$states, c("(s0)", "relapse", "death"))
})

test_that("a probability of 0 or 1 has the limit of no event among those observed", {
  fit <- cumulative_incidence(1:10, rep(1, 10), conf.type = "plain")
  expect_identical(fit$pstate[10, 2], 1)
  expect_equal(c(fit$lower[10, 2], fit$upper[10, 2]), c(0.025^(1 / 10), 1), tolerance = 1e-14) # Clopper-Pearson, 10 of 10
  expect_equal(fit$lower[10, 2], stats::binom.test(10, 10)$conf.int[1], tolerance = 1e-12)
  none <- cumulative_incidence(1:10, factor(rep("a", 10), c("censored", "a", "b")))
  expect_equal(none$upper[, 3], rep(stats::binom.test(0, 10)$conf.int[2], 10), tolerance = 1e-12)
  expect_output(print(none), "no event of 'b': its incidence is 0")
  # Clusters: five patients say five things, whatever the number of lesions.
  five <- cumulative_incidence(1:10, factor(rep("a", 10), c("censored", "a", "b")), cluster = rep(1:5, 2))
  expect_equal(five$upper[10, 3], 1 - 0.025^(1 / 5), tolerance = 1e-14)
})

# rates(), tidy(), glance(), print() --------------------------------------------------------------

test_that("rates agree with survival's summary(times =); beyond follow-up nothing is invented", {
  d <- mgus_data()
  fit <- cumulative_incidence(Surv(time, state) ~ sex, d)
  s <- summary(survfit(Surv(time, state) ~ sex, d, conf.type = "log-log"), times = c(60, 120))
  r <- rates(fit, c(60, 120))
  by_state <- r[order(r$state != "pcm", r$strata), ]
  expect_equal(by_state$estimate, as.vector(s$pstate[, 2:3]), tolerance = 1e-12)
  expect_equal(by_state$conf.low, as.vector(s$lower[, 2:3]), tolerance = 1e-12)
  expect_equal(by_state$n.event, as.vector(s$n.event[, 2:3]))
  expect_equal(r$n.risk, s$n.risk[c(1, 2, 1, 2, 3, 4, 3, 4), 1])
  small <- cumulative_incidence(nine_patients()$months, nine_patients()$outcome)
  beyond <- rates(small, c(31, 40, 1))
  expect_identical(is.na(beyond$estimate), rep(c(FALSE, TRUE, FALSE), 2))
  expect_match(beyond$note[2], "beyond follow-up \\(last at 31\\)")
  # At 1 nobody has left: no event among nine.
  expect_equal(beyond$conf.high[3], stats::binom.test(0, 9)$conf.int[2], tolerance = 1e-12)
  late <- cumulative_incidence(Surv(c(0, 2, 3, 3), c(3, 5, 4, 6), c(1, 2, 0, 0)) ~ 1)
  expect_match(rates(late, 1)$note[1], "before the first time: interval undefined")
  expect_match(rates(small, 40, extend = TRUE)$note[1], "carried forward")
  # Everybody has had an event: what comes later is known.
  done <- rates(cumulative_incidence(1:4, c(1, 2, 2, 1)), 10)
  expect_identical(done$estimate, c(0.5, 0.5))
  expect_error(rates(small, -1), class = "cryonodes_error_times")
  expect_error(rates(small, 1, exend = TRUE), class = "cryonodes_error_choice")
})

test_that("quantiles by hand: the first time an incidence is reached, the middle of a step at it, or a reason", {
  # F1: 1/7 from 2, 2/7 from 3 to the end at 8.   F2: 1/7 from 2, 3/7 from 7.
  fit <- cumulative_incidence(c(2, 2, 3, 3, 5, 7, 8), c(1, 2, 1, 0, 0, 2, 0))
  q <- quantile(fit, c(0.1, 1 / 7, 0.2, 0.4, 0.9))
  expect_named(q, c("strata", "state", "prob", "estimate", "conf.low", "conf.high", "note"))
  expect_identical(q$state, rep(c("1", "2"), each = 5))
  expect_identical(q$prob, rep(c(0.1, 1 / 7, 0.2, 0.4, 0.9), 2))
  # At 1/7 from 2 to 3, and from 2 to 7.
  expect_equal(q$estimate, c(2, 2.5, 3, NA, NA, 2, 4.5, 7, 7, NA))
  expect_match(q$note[4:5], "not reached: the incidence is 0.286 at the last follow-up \\(8\\)")
  expect_match(q$note[10], "not reached: the incidence is 0.429")
  expect_identical(median(fit), quantile(fit, 0.5))
  # The limits are where those of the incidence pass: first times of upper and lower.
  first <- function(limit, p) fit$time[which(limit >= p)[1]]
  expect_identical(q$conf.low[9], first(fit$upper[, 3], 0.4))
  expect_identical(q$conf.high[8], first(fit$lower[, 3], 0.2))
  expect_identical(q$note[is.na(q$conf.high) & !is.na(q$estimate)] |> unique(), "upper limit not reached")
  expect_error(quantile(fit, 1.2), class = "cryonodes_error_choice")
  expect_error(quantile(fit, prob = 0.2, conf.int = FALSE), class = "cryonodes_error_choice")
  expect_error(median(structure(list(), class = class(fit))), class = "cryonodes_error_object")
})

test_that("quantiles of a lone cause are Kaplan-Meier's, limits too, group by group", {
  skip_on_cran() # long
  compared <- 0
  for (seed in 1:80) {
    d <- random_cohort(seed, weights = seed %% 3 == 0)
    if (is.null(d$weight)) d$weight <- 1
    if (!any(d$status == 1 & d$weight > 0)) next
    probs <- c(0.1, 0.25, 0.5, 0.75)
    q <- quantile(
      cumulative_incidence(Surv(time, status) ~ group, d, weights = weight, conf.type = "plain"), probs
    )
    km <- quantile(kaplan_meier(Surv(time, status) ~ group, d, weights = weight, conf.type = "plain"), probs)
    for (part in c(quantile = "estimate", lower = "conf.low", upper = "conf.high")) {
      theirs <- km[[names(which(c(quantile = "estimate", lower = "conf.low", upper = "conf.high") == part))]]
      expect_equal(q[[part]], as.vector(t(theirs)), tolerance = 1e-14)
    }
    expect_identical(is.na(q$estimate), grepl("^not reached", q$note))
    compared <- compared + nrow(q)
  }
  expect_gt(compared, 500)
})

test_that("tidy and glance have broom's columns", {
  fit <- cumulative_incidence(Surv(months, outcome) ~ arm, nine_patients())
  t <- tidy(fit)
  expect_named(t, c(
    "time", "n.risk", "n.event", "n.censor", "estimate", "std.error", "conf.low", "conf.high", "state", "strata"
  ))
  expect_equal(as.vector(tapply(t$estimate, paste(t$strata, t$time), sum)), rep(1, 8), tolerance = 1e-15)
  expect_identical(as.data.frame(fit), t)
  g <- glance(fit)
  expect_identical(g$state, rep(c("relapse", "death"), 2))
  expect_identical(g$n.event, c(2, 1, 1, 1))
  expect_identical(g$estimate[3:4], rates(fit, 31)$estimate[3:4])
  expect_identical(g$estimate[1:2], rates(fit, 15)$estimate[1:2])
  expect_s3_class(rates(fit, 5), c("incidence_rates", "data.frame"), exact = TRUE)
  expect_identical(class(as.data.frame(rates(fit, 5))), "data.frame")
})

test_that("print says by how much Kaplan-Meier would overstate", {
  expect_snapshot(print(cumulative_incidence(Surv(months, outcome) ~ 1, nine_patients())))
  expect_snapshot(print(cumulative_incidence(Surv(months, outcome) ~ arm, nine_patients()), times = c(12, 24)))
  expect_snapshot(print(cumulative_incidence(Surv(months, outcome) ~ cluster(id), nine_patients())))
})

test_that("an object that was taken apart is refused", {
  fit <- cumulative_incidence(1:4, c(0, 1, 2, 0))
  fit$upper <- fit$upper[-1, ]
  expect_error(print(fit), class = "cryonodes_error_object")
  expect_error(tidy(structure(list(), class = "cumulative_incidence")), class = "cryonodes_error_object")
})

# Published bad inputs: cmprsk -------------------------------------------------------------------

test_that("B153: competing events are defined; incidences and S sum to 1", {
  fit <- cumulative_incidence(Surv(1:4, factor(c(0, 1, 2, 1))) ~ 1)
  expect_identical(fit$pstate[, 2], c(0, 1 / 3, 1 / 3, 2 / 3))
  expect_lte(max(abs(rowSums(fit$pstate) - 1)), 2.3e-16)
})

test_that("B154: a missing status is refused by row; omitted on request, counted and printed", {
  e <- caught(cumulative_incidence(1:4, c(0, 1, 2, NA)), "missing")
  expect_match(conditionMessage(e), "`status` has 1 missing value \\(row 4\\)")
  expect_identical(e$rows, 4L)
  fit <- cumulative_incidence(1:4, c(0, 1, 2, NA), na.action = "omit")
  expect_output(print(fit), "3 rows used, 1 left out for missing values \\(row 4\\)")
})

test_that("B155: no events: incidence 0 for the declared causes, with a limit", {
  fit <- cumulative_incidence(1:4, factor(rep("censored", 4), c("censored", "a", "b")))
  expect_identical(fit$pstate, cbind(rep(1, 4), 0, 0))
  expect_true(all(fit$upper[, 2:3] < 1 & fit$upper[, 2:3] > 0))
  expect_identical(cumulative_incidence(1:4, c(0, 0, 0, 0))$states, c("(s0)", "event"))
})

test_that("B156: one cause only: its incidence is 1 - KM, that of a declared second one 0", {
  fit <- cumulative_incidence(1:4, factor(c(1, 1, 1, 1), 0:2))
  expect_equal(fit$pstate[, 2], 1 - kaplan_meier(1:4, rep(1, 4))$surv, tolerance = 1e-15)
  expect_identical(fit$pstate[, 3], rep(0, 4))
  # cmprsk's variances, as recorded beside the row
  aalen <- cumulative_incidence(1:4, c(1, 1, 1, 1), variance = "aalen")
  expect_equal(aalen$std.err[1:3, 2]^2, c(0.0625, 0.09027778, 0.08506944), tolerance = 1e-7) # printed with 7 digits
})

test_that("B162: a missing status in a Surv() of a factor is refused by row", {
  e <- caught(cumulative_incidence(Surv(1:4, factor(c("censor", "x", NA, "x"))) ~ 1), "missing")
  expect_identical(e$rows, 3L)
})

test_that("what is not stated or does not fit is refused", {
  caught(cumulative_incidence(1:3, c("a", "b", "c")), "status")
  caught(cumulative_incidence(1:3, c(0, 1, 1.5)), "status")
  caught(cumulative_incidence(1:3, c(0, -1, 1)), "status")
  caught(cumulative_incidence(1:3, c(0, 1, 2), censor = 7), "status")
  caught(cumulative_incidence(1:3, c(0, 1)), "length")
  caught(cumulative_incidence(1:3), "status")
  caught(cumulative_incidence(c(1, -2, 3), c(0, 1, 2)), "time")
  caught(cumulative_incidence(numeric(), numeric()), "empty")
  caught(cumulative_incidence(1:3, c(0, 1, 2), conf.type = "wilson"), "conf_type")
  caught(cumulative_incidence(1:3, c(0, 1, 2), conf.level = 95), "conf_level")
  caught(cumulative_incidence(1:3, c(0, 1, 2), variance = "greenwood"), "choice")
  caught(cumulative_incidence(1:3, c(0, 1, 2), cluster = 1:2), "length")
  caught(cumulative_incidence(1:3, c(0, 1, 2), status2 = 1), "choice")
  e <- caught(cumulative_incidence(1:4, c(0, 1, 2, 1), cluster = c(1, 1, 2, 2), variance = "aalen"), "choice")
  expect_match(conditionMessage(e), "takes rows for independent")
  caught(cumulative_incidence(1:4, c(0, 1, 2, 1), cluster = c(1, NA, 2, 2)), "missing")
  d <- nine_patients()
  caught(cumulative_incidence(Surv(months, outcome) ~ arm + cluster(id), d, cluster = id), "formula")
  caught(cumulative_incidence(Surv(months, outcom) ~ arm, d), "column")
})

# Figures ----------------------------------------------------------------------------------------

test_that("the figure draws the steps and bands of the fit", {
  skip_on_cran() # long
  skip_if_not_installed("ggplot2")
  skip_if_not_installed("patchwork")
  fit <- cumulative_incidence(Surv(months, outcome) ~ 1, nine_patients())
  panel <- ggplot2::autoplot(fit, breaks = c(0, 12, 24), risk.table = FALSE)[[1]]
  steps <- panel$data
  # Relapses at 8, 12, 24; follow-up ends at 31.
  relapse <- steps[steps$group == 1, ]
  expect_identical(relapse$time, c(0, 8, 8, 12, 12, 24, 24, 31))
  f <- rates(fit, c(8, 12, 24))$estimate[1:3]
  expect_equal(relapse$estimate, c(0, 0, f[1], f[1], f[2], f[2], f[3], f[3]))
  grouped <- cumulative_incidence(Surv(months, outcome) ~ arm, nine_patients())
  figure <- ggplot2::autoplot(grouped, ylim = 0.8)
  expect_s3_class(figure, "patchwork")
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_error(print(figure), NA)
  expect_error(print(ggplot2::autoplot(grouped, causes = "death", conf.band = FALSE)), NA)
  caught(ggplot2::autoplot(grouped, causes = "progress"), "choice")
  caught(ggplot2::autoplot(grouped, ylim = -1), "type")
})

test_that("a status that is missing in a level of its own is missing, and '(s0)' is no cause", {
  status <- factor(c("censored", NA, "death"), c("censored", NA, "death"), exclude = NULL)
  expect_error(cumulative_incidence(1:3, status), "row 2", class = "cryonodes_error_missing")
  expect_identical(cumulative_incidence(1:3, status, na.action = "omit")$meta$causes, "death")
  first <- factor(c("censored", NA, "death"), c(NA, "censored", "death"), exclude = NULL)
  expect_error(cumulative_incidence(1:3, first), "row 2", class = "cryonodes_error_missing")
  d <- data.frame(time = 1:3, status)
  expect_error(kaplan_meier(Surv(time, status) ~ 1, d, event = "death"), class = "cryonodes_error_missing")
  expect_error(cumulative_incidence(1:3, factor(c("c", "(s0)", "x"), c("c", "(s0)", "x"))), "stands for",
    class = "cryonodes_error_status"
  )
})

test_that("weights beyond an integer are counted among the transitions", {
  fit <- cumulative_incidence(1:3, c(1, 0, 2), weights = c(1e10, 1, 1))
  expect_identical(fit$transitions[["(s0)", "1"]], 1e10)
  expect_type(cumulative_incidence(1:3, c(1, 0, 2))$transitions, "integer")
})
