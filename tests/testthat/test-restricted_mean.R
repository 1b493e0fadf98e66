library(survival)

numbers_of <- function(x) {
  unclass(x)[c(
    "tau", "tau.max", "n", "n.event", "estimate", "std.error", "conf.low", "conf.high", "lost", "difference", "ratio",
    "lost_ratio", "curve"
  )]
}

# By hand ----------------------------------------------------------------------------------------

#   time   2 dd   3 dc   5 c   7 d   8 c
#   S      5/7    4/7    4/7   2/7
# Area to 8: 2 + 5/7 + 4 (4/7) + 2/7 = 37/7. After 2: 23/7, after 3: 18/7, after 7: 2/7, so the variance is
# ((23/7)^2 2/(7 5) + (18/7)^2 1/(5 4) + (2/7)^2 1/(2 1)) = 339/343.
seven <- data.frame(time = c(2, 2, 3, 3, 5, 7, 8), status = c(1, 1, 1, 0, 0, 1, 0))

test_that("one group by hand", {
  fit <- restricted_mean(seven$time, seven$status, conf.level = 0.5)
  expect_identical(fit$tau, 8)
  expect_equal(fit$estimate, 37 / 7, tolerance = 1e-15)
  expect_equal(fit$std.error, sqrt(339 / 343), tolerance = 1e-15)
  expect_equal(fit$lost$estimate, 19 / 7, tolerance = 1e-15)
  half <- 0.67448975019608174320 * sqrt(339 / 343) # 75% point of the standard normal distribution
  expect_equal(c(fit$conf.low, fit$conf.high), 37 / 7 + c(-1, 1) * half, tolerance = 1e-14)
  expect_equal(c(fit$lost$conf.low, fit$lost$conf.high), 19 / 7 + c(-1, 1) * half, tolerance = 1e-14)
  # To 4: 2 + 5/7 + 4/7; (9/7)^2 2/35 + (4/7)^2 1/20 = 38/343; the event at 7 is not counted.
  short <- restricted_mean(Surv(time, status) ~ 1, seven, tau = 4)
  expect_equal(c(short$estimate, short$std.error), c(23 / 7, sqrt(38 / 343)), tolerance = 1e-15)
  expect_identical(short$n.event, 3)
})

test_that("two groups by hand: difference and ratios against the first", {
  both <- rbind(cbind(seven, arm = "a"), data.frame(time = c(1, 4), status = c(1, 0), arm = "b"))
  # Group b to 4: 1 + 3/2; variance (3/2)^2 1/(2 1) = 9/8.
  fit <- restricted_mean(Surv(time, status) ~ arm, both)
  expect_identical(fit$tau, 4)
  z <- 1.9599639845400538556
  se <- sqrt(9 / 8 + 38 / 343)
  expect_equal(fit$difference$estimate, -11 / 14, tolerance = 1e-14)
  expect_equal(fit$difference$std.error, se, tolerance = 1e-14)
  expect_equal(c(fit$difference$conf.low, fit$difference$conf.high), -11 / 14 + c(-1, 1) * z * se, tolerance = 1e-14)
  expect_equal(fit$difference$p.value, 2 * stats::pnorm(-11 / 14 / se), tolerance = 1e-14)
  expect_equal(fit$difference$log_p_value, log(2) + stats::pnorm(-11 / 14 / se, log.p = TRUE), tolerance = 1e-14)
  se_log <- sqrt(9 / 50 + 38 / 3703)
  expect_equal(fit$ratio$estimate, 35 / 46, tolerance = 1e-14)
  expect_equal(c(fit$ratio$conf.low, fit$ratio$conf.high), 35 / 46 * exp(c(-1, 1) * z * se_log), tolerance = 1e-14)
  expect_equal(fit$lost_ratio$estimate, 21 / 10, tolerance = 1e-14)
  table <- tidy(fit)
  expect_identical(table$measure, c(
    "restricted mean", "restricted mean", "time lost", "time lost", "difference", "ratio", "ratio of time lost"
  ))
  expect_identical(table$strata, c("a", "b", "a", "b", "b", "b", "b"))
  expect_identical(table$reference, c(NA, NA, NA, NA, "a", "a", "a"))
  expect_equal(table$std.error[6] / table$estimate[6], se_log, tolerance = 1e-14)
  expect_true(all(is.na(table$note)))
  expect_identical(as.data.frame(fit), table)
  expect_identical(glance(fit)[c("tau", "n", "n.event")], data.frame(tau = 4, n = 9, n.event = 4))
})

test_that("three groups are each compared with the first", {
  fit <- restricted_mean(Surv(time, status) ~ celltype, survival::veteran, tau = 180)
  pair <- restricted_mean(Surv(time, status) ~ celltype, survival::veteran, tau = 180,
    subset = celltype %in% c("squamous", "large")
  )
  expect_identical(tidy(fit)$strata[9:11], c("smallcell", "adeno", "large"))
  expect_equal(vapply(fit$difference, `[`, 0, 3), unlist(pair$difference), tolerance = 1e-15)
})

# Agreement --------------------------------------------------------------------------------------

test_that("recorded numbers of survRM2 and survival are met", {
  skip_on_cran()
  pbc <- survival::pbc[1:312, ]
  pbc <- data.frame(time = pbc$time / 365.25, status = pbc$status == 2, group = as.integer(pbc$trt == 1))
  data <- list(
    pbc = function(tau) restricted_mean(Surv(time, status) ~ group, pbc, tau = tau),
    aml = function(tau) restricted_mean(Surv(time, status) ~ x, survival::aml, tau = tau),
    veteran = function(tau) restricted_mean(Surv(time, status) ~ celltype, survival::veteran, tau = tau),
    lung = function(tau) restricted_mean(Surv(time, status) ~ sex, survival::lung, event = 2, tau = tau),
    heart = function(tau) restricted_mean(Surv(start, stop, event) ~ 1, survival::heart, tau = tau)
  )
  numbers <- golden("restricted_mean")
  expect_setequal(numbers$dataset, names(data))
  for (i in seq_len(nrow(numbers))) {
    row <- numbers[i, ]
    table <- tidy(data[[row$dataset]](row$tau))
    part <- strsplit(row$quantity, " (?=[^ ]+$)", perl = TRUE)[[1]]
    if (length(part) == 1) part <- if (part == "lost") c("time lost", "estimate") else c("restricted mean", part)
    ours <- table[table$measure == part[1] & table$strata == row$group, part[2]]
    expect_lte(abs(ours - row$value) / max(1, abs(row$value)), row$tolerance,
      label = paste(row$dataset, row$group, row$tau, row$quantity)
    )
  }
  # survRM2's default tau is the one recorded last for it.
  default <- restricted_mean(Surv(time, status) ~ group, pbc)$tau
  expect_equal(default, utils::tail(numbers$tau[numbers$dataset == "pbc"], 1), tolerance = 1e-14)
})

# The influence of each cluster on the area, from survival's on the curve.
survival_influence <- function(formula, d, tau, id) {
  fit <- survfit(formula, d, cluster = id, weights = d$weight, influence = 1, robust = TRUE)
  group <- rep(seq_along(fit$strata), fit$strata)
  out <- lapply(seq_along(fit$strata), function(g) {
    time <- fit$time[group == g]
    u <- fit$influence.surv
    if (is.list(u)) u <- u[[g]]
    u <- as.matrix(u)
    total <- drop(u[, time < tau, drop = FALSE] %*% diff(c(time[time < tau], tau)))
    stats::setNames(total, rownames(u))
  })
  everybody <- unique(unlist(lapply(out, names)))
  do.call(cbind, lapply(out, function(u) unname(ifelse(everybody %in% names(u), u[everybody], 0))))
}

test_that("clustered variances are survival's infinitesimal jackknife, jointly over groups that share patients", {
  skip_on_cran() # long
  compared <- 0
  shared <- 0
  for (seed in 1:300) {
    entry <- seed %% 2 == 0
    d <- random_cohort(seed, groups = 2:3, entry = entry)
    d$weight <- if (seed %% 3 == 0) rep_len(c(1, 2, 0.5), nrow(d)) else 1
    d$group <- droplevels(d$group)
    d$id <- sample.int(max(2, nrow(d) %/% 2), nrow(d), TRUE)
    if (nlevels(d$group) < 2) next
    formula <- if (entry) Surv(entry, time, status) ~ group else Surv(time, status) ~ group
    fit <- restricted_mean(formula, d, weights = weight, cluster = id)
    u <- survival_influence(formula, d, fit$tau, d$id)
    known <- fit$std.error > 0
    # Sums of influences that cancel: survival keeps their rounding errors, here they are 0.
    expect_equal(fit$std.error, ifelse(known, sqrt(colSums(u^2)), 0), tolerance = 1e-11, info = paste("seed", seed))
    expect_lt(max(0, colSums(u^2)[!known]), 1e-20)
    for (k in seq_len(ncol(u) - 1)) {
      joint <- sum((u[, k + 1] - u[, 1])^2)
      if (is.na(fit$difference$std.error[k])) next
      expect_equal(fit$difference$std.error[k], sqrt(joint), tolerance = 1e-10, info = paste("seed", seed))
      scaled <- sum((u[, k + 1] / fit$estimate[k + 1] - u[, 1] / fit$estimate[1])^2)
      expect_equal(fit$ratio$std.error[k], sqrt(scaled), tolerance = 1e-10, info = paste("seed", seed))
      shared <- shared + (abs(joint - sum(u[, c(1, k + 1)]^2)) > 1e-3 * joint)
      compared <- compared + 1
    }
  }
  expect_gt(compared, 80)
  expect_gt(shared, 40)
})

# Properties -------------------------------------------------------------------------------------

test_that("the area is that under rates(), and time lost makes up tau", {
  skip_on_cran() # long
  for (seed in 2001:2060) {
    d <- random_cohort(seed)
    fit <- restricted_mean(Surv(time, status) ~ group, d)
    curve <- kaplan_meier(Surv(time, status) ~ group, d)
    cuts <- sort(unique(c(0, d$time[d$time < fit$tau])))
    height <- rates(curve, cuts, extend = TRUE)
    width <- diff(c(cuts, fit$tau))
    area <- vapply(split(height$estimate, factor(height$strata, unique(height$strata))), function(s) sum(s * width), 0)
    expect_equal(fit$estimate, as.vector(area), tolerance = 1e-12)
    expect_equal(fit$estimate + fit$lost$estimate, rep(fit$tau, length(area)), tolerance = 1e-14)
  }
})

test_that("row order changes nothing, a unit scales, weight 2 is a row twice, counts give the same bits", {
  skip_on_cran() # long
  for (seed in 3001:3060) {
    d <- random_cohort(seed, entry = seed %% 2 == 0)
    d$w <- rep_len(1:2, nrow(d))
    d$id <- rep_len(1:5, nrow(d))
    formula <- if (is.null(d$entry)) Surv(time, status) ~ group else Surv(entry, time, status) ~ group
    fit <- restricted_mean(formula, d, weights = w)
    expect_identical(numbers_of(restricted_mean(formula, d[sample.int(nrow(d)), ], weights = w)), numbers_of(fit))
    expect_identical(numbers_of(restricted_mean(event_counts(formula, d, weights = w))), numbers_of(fit))
    years <- transform(d, time = time * 4)
    if (!is.null(d$entry)) years$entry <- d$entry * 4
    years <- restricted_mean(formula, years, weights = w)
    for (v in c("estimate", "std.error", "conf.low", "conf.high")) expect_identical(years[[v]], 4 * fit[[v]])
    expect_identical(years$ratio, fit$ratio)
    expect_identical(years$difference$log_p_value, fit$difference$log_p_value)
    twice <- d[rep(seq_len(nrow(d)), d$w), ]
    part <- setdiff(names(numbers_of(fit)), "n")
    expect_identical(numbers_of(restricted_mean(formula, twice))[part], numbers_of(fit)[part])
    clustered <- restricted_mean(formula, d, weights = w, cluster = id)
    expect_equal(numbers_of(restricted_mean(formula, twice, cluster = id))[part], numbers_of(clustered)[part],
      tolerance = 1e-12
    )
    shuffled <- restricted_mean(formula, d[sample.int(nrow(d)), ], weights = w, cluster = id)
    expect_equal(numbers_of(shuffled), numbers_of(clustered), tolerance = 1e-12)
  }
})

test_that("without censoring it is the mean of min(T, tau), with the variance of a mean", {
  set.seed(9)
  time <- round(stats::rexp(50, 0.1), 1) + 0.1
  for (tau in c(3, 10, 200)) {
    fit <- restricted_mean(time, rep(1, 50), tau = tau)
    cut <- pmin(time, tau)
    expect_equal(fit$estimate, mean(cut), tolerance = 1e-13)
    expect_equal(fit$std.error, sqrt(mean((cut - mean(cut))^2) / 50), tolerance = 1e-13)
  }
  expect_identical(restricted_mean(time, rep(1, 50))$tau, max(time))
  expect_identical(restricted_mean(time, rep(1, 50))$tau.max, Inf)
})

test_that("the difference changes its sign with the reference, the ratio is turned over", {
  skip_on_cran() # long
  compared <- 0
  for (seed in 4001:4100) {
    d <- random_cohort(seed, groups = 2)
    if (nlevels(droplevels(d$group)) < 2) next
    d$id <- rep_len(1:7, nrow(d))
    for (clustered in c(FALSE, TRUE)) {
      compare <- function(d) {
        if (clustered) restricted_mean(Surv(time, status) ~ group + cluster(id), d)
        else restricted_mean(Surv(time, status) ~ group, d)
      }
      one <- compare(d)
      other <- compare(transform(d, group = factor(group, c("b", "a"))))
      expect_equal(other$difference$estimate, -one$difference$estimate, tolerance = 1e-12)
      expect_equal(other$difference$conf.low, -one$difference$conf.high, tolerance = 1e-12)
      expect_equal(other$ratio$conf.low, 1 / one$ratio$conf.high, tolerance = 1e-12)
      expect_equal(other$difference$log_p_value, one$difference$log_p_value, tolerance = 1e-10)
      compared <- compared + !is.na(one$difference$p.value)
    }
  }
  expect_gt(compared, 50)
})

test_that("every row its own cluster is Greenwood's variance", {
  for (seed in 5001:5040) {
    d <- random_cohort(seed)
    fit <- restricted_mean(Surv(time, status) ~ group, d)
    own <- restricted_mean(Surv(time, status) ~ group, d, cluster = seq_len(nrow(d)))
    several <- own$n.cluster > 1
    expect_equal(own$std.error[several], fit$std.error[several], tolerance = 1e-10)
    expect_identical(own$estimate, fit$estimate)
  }
})

# Interfaces and edges ---------------------------------------------------------------------------

test_that("formula, vectors and cluster() in the formula agree", {
  d <- random_cohort(20, groups = 2)
  d$id <- rep_len(1:9, nrow(d))
  fit <- restricted_mean(Surv(time, status) ~ group + cluster(id), d)
  expect_identical(numbers_of(restricted_mean(Surv(time, status) ~ group, d, cluster = id)), numbers_of(fit))
  expect_identical(numbers_of(restricted_mean(d$time, d$status, d$group, cluster = d$id)), numbers_of(fit))
  expect_identical(fit$meta$group_title, "group")
  expect_identical(glance(fit)$n.cluster, as.integer(length(unique(d$id))))
  expect_error(restricted_mean(Surv(time, status) ~ group + cluster(id), d, cluster = id), "given twice",
    class = "cryonodes_error_formula"
  )
  d$id[3] <- NA
  expect_error(restricted_mean(Surv(time, status) ~ group, d, cluster = id), class = "cryonodes_error_missing")
})

test_that("what has no standard error says why", {
  fit <- restricted_mean(c(1, 2, 3, 4, 5), c(0, 0, 1, 1, 0), c("a", "a", "b", "b", "b"))
  table <- tidy(fit)
  expect_identical(fit$tau, 2)
  expect_match(table$note[1:4], "no event by tau")
  expect_true(all(is.na(table$conf.low)))
  expect_match(table$note[5:6], "no standard error in one of the groups")
  expect_match(table$note[7], "has no ratio")
  one <- tidy(restricted_mean(c(1, 2, 3), c(1, 1, 0), cluster = c(1, 1, 1)))
  expect_match(one$note, "one cluster only")
  same <- tidy(restricted_mean(c(1, 2, 3, 1, 2, 3), c(1, 1, 0, 1, 1, 0), rep(1:2, each = 3), cluster = rep(1:3, 2)))
  expect_match(same$note[5:7], "do not vary apart")
  expect_true(all(is.na(same$p.value)))
  at_once <- tidy(restricted_mean(c(3, 3), c(1, 1), tau = 5))
  expect_identical(at_once$estimate, c(3, 2))
  expect_match(at_once$note, "standard error 0")
})

test_that("a late start and a curve that falls to 0 too early are told", {
  fit <- restricted_mean(Surv(c(1, 2, 3), c(4, 5, 6), c(1, 0, 0)) ~ 1)
  expect_match(fit$meta$notes, "nobody is under observation before 1: ")
  gone <- restricted_mean(Surv(c(0, 2, 2), c(1, 5, 6), c(1, 0, 0)) ~ 1)
  expect_match(gone$meta$notes, "reaches 0 at 1 although others enter")
})

test_that("B099, B101: tau that is none", {
  refused <- function(tau, says) {
    expect_error(restricted_mean(c(1, 2, 3), c(1, 1, 0), tau = tau), says, class = "cryonodes_error_tau")
  }
  refused(0, "`tau` must be > 0, not 0")
  refused(-1, "must be > 0")
  refused(NA, "`tau` is missing")
  refused(NA_real_, "`tau` is missing")
  refused(Inf, "one finite number")
  refused("2", "one finite number")
  refused(c(1, 2), "one finite number")
  refused(as.difftime(2, units = "days"), "one finite number")
})

test_that("tau beyond the follow-up is refused, naming the largest allowed and the group", {
  refused <- function(...) tryCatch(restricted_mean(...), error = identity)
  error <- refused(c(1, 2, 3, 9), c(1, 1, 0, 0), c("a", "a", "a", "b"), tau = 3.5)
  expect_s3_class(error, "cryonodes_error_tau")
  expect_match(conditionMessage(error), "at most 3, where follow-up ends in group 'a', not 3.5", fixed = TRUE)
  expect_identical(error$arg, "tau")
  # All of a have had the event: its curve is 0 from 3 on, and b sets the limit.
  fit <- restricted_mean(c(1, 2, 3, 4, 9), c(1, 1, 1, 1, 0), c("a", "a", "a", "b", "b"))
  expect_identical(fit$tau, 9)
  expect_equal(fit$estimate[1], 2, tolerance = 1e-15)
  expect_identical(restricted_mean(c(0.1, 0.3), c(1, 0), tau = 0.1 + 0.2)$tau, 0.3)
  expect_error(restricted_mean(c(0, 0), c(0, 0)), "ends at time 0", class = "cryonodes_error_tau")
  expect_error(restricted_mean(c(0, 0), c(1, 1)), "ends at time 0", class = "cryonodes_error_tau")
  expect_identical(restricted_mean(c(0, 0), c(1, 1), tau = 1)$estimate, 0)
})

test_that("B026: the largest times give a finite mean", {
  fit <- restricted_mean(Surv(c(1e308, 1e308, 1), c(1, 1, 1)) ~ 1)
  expect_equal(fit$estimate / 1e308, 2 / 3, tolerance = 1e-15)
  expect_equal(fit$std.error / 1e308, sqrt(2 / 27), tolerance = 1e-15)
  expect_true(all(is.finite(unlist(tidy(fit)[c("estimate", "std.error", "conf.low", "conf.high")]))))
})

test_that("bad input keeps its class", {
  d <- data.frame(t = c(1, NA, 3), s = c(1, 1, 0))
  expect_error(restricted_mean(Surv(t, s) ~ 1, d), class = "cryonodes_error_missing")
  expect_identical(restricted_mean(Surv(t, s) ~ 1, d, na.action = "omit")$meta$rows_dropped, 2L)
  expect_error(restricted_mean(c(-1, 2), c(1, 0)), class = "cryonodes_error_time")
  expect_error(restricted_mean(1:3, c(1, 2, 2)), class = "cryonodes_error_status")
  expect_error(restricted_mean(1:3), class = "cryonodes_error_status")
  expect_error(restricted_mean(event = 1:3), class = "cryonodes_error_missing")
  expect_error(restricted_mean(1:3, c(1, 0, 1), conf.level = 1), class = "cryonodes_error_conf_level")
  expect_error(restricted_mean(1:3, c(1, 0, 1), entry = 3:1), class = "cryonodes_error_entry")
  expect_error(restricted_mean(1:3, c(1, 0, 1), tua = 2), class = "cryonodes_error_choice")
  expect_error(restricted_mean(1:3, c(1, 0, 1), timefix = NA), class = "cryonodes_error_type")
  expect_error(restricted_mean(Surv(t, s) ~ frailty(t), d), class = "cryonodes_error_formula")
})

test_that("print says the question, the data, the answer and where it comes from", {
  lesions <- data.frame(
    months = c(3, 8, 8, 12, 15, 20, 24, 30, 31, 36), failed = c(0, 1, 0, 1, 0, 1, 1, 0, 1, 0),
    site = rep(c("liver", "lung"), c(4, 6)), patient = c(1, 1, 2, 3, 3, 4, 5, 5, 6, 7)
  )
  expect_snapshot(restricted_mean(Surv(months, failed) ~ site + cluster(patient), lesions, tau = 12))
  expect_snapshot(restricted_mean(lesions$months, lesions$failed))
  expect_snapshot(restricted_mean(1:4, c(0, 0, 1, 0), c("a", "a", "b", "b")))
  expect_snapshot(restricted_mean(lesions$months, lesions$failed, tau = 40), error = TRUE)
  fit <- restricted_mean(lesions$months, lesions$failed)
  expect_identical(withVisible(print(fit))$visible, FALSE) |> capture.output()
})

test_that("a small fit of plain vectors, made by one call, is what the formula makes of the rows", {
  skip_on_cran() # long
  made <- 0
  for (seed in 1:200) {
    d <- random_cohort(seed)
    group <- list(
      NULL, as.integer(d$group), 2 * as.double(d$group), paste0("g", d$group), factor(paste0("\u00e4", d$group)),
      d$group == "a"
    )[[seed %% 6 + 1]]
    time <- as.double(d$time)
    tau <- if (seed %% 3) min(time) + (seed %% 10 + 1) / 10 * diff(range(time))
    result_of <- function(call) tryCatch(call, cryonodes_error = conditionMessage)
    quick <- result_of(restricted_mean(time, d$status, group, tau = tau))
    formula <- if (is.null(group)) Surv(time, d$status) ~ 1 else Surv(time, d$status) ~ group
    expect_identical(quick, result_of(restricted_mean(formula, tau = tau)), info = seed)
    expect_identical(quick, result_of(restricted_mean(time, d$status, group, tau = tau, weights = rep(1, nrow(d)))))
    made <- made + is.list(quick)
  }
  expect_gt(made, 100)
  # Very many rows.
  set.seed(1)
  n <- 100000
  t <- as.double(sample(900, n, TRUE))
  e <- stats::rbinom(n, 1, 0.5)
  g <- sample(c("a", "b"), n, TRUE)
  expect_identical(restricted_mean(t, e, g, tau = 300), restricted_mean(Surv(t, e) ~ group, tau = 300, data = list(
    t = t, e = e, group = g
  )))
  expect_error(restricted_mean(replace(t, n, -1), e, g, tau = 300), "row 100000", class = "cryonodes_error_time")
  # Arguments by place, by name, left out.
  t <- c(3, 8, 8, 12, 15, 20)
  e <- c(1, 1, 0, 1, 0, 1)
  g <- rep(c("a", "b"), 3)
  known <- restricted_mean(time = t, event = e, group = g, tau = 10)
  expect_identical(restricted_mean(t, e, g, tau = 10), known)
  expect_identical(restricted_mean(t, e, g, 10), known)
  expect_identical(restricted_mean(t, e, tau = 10, group = g), known)
  expect_identical(restricted_mean(tau = 10, t, e, g), known)
  expect_identical(restricted_mean(t, e, , tau = 10), restricted_mean(time = t, event = e, tau = 10))
  expect_identical(restricted_mean(t, e, tau = 10), restricted_mean(time = t, event = e, tau = 10))
  expect_error(restricted_mean(t, , g), class = "cryonodes_error_status")
  expect_error(restricted_mean(t, e, g, tua = 10), class = "cryonodes_error")
  # What cannot be asked is told the same way.
  for (tau in list(0, -1, Inf, NA_real_, "1", c(1, 2), 1e9)) {
    expect_error(restricted_mean(c(1, 2, 3), c(1, 0, 0), tau = tau), class = "cryonodes_error_tau")
  }
})

test_that("an object that is not whole is refused", {
  fit <- restricted_mean(1:4, c(1, 0, 1, 0), c("a", "a", "b", "b"))
  for (damage in list(
    function(x) x[setdiff(names(x), "tau")], function(x) within(unclass(x), estimate <- 1),
    function(x) within(unclass(x), difference <- NULL), function(x) within(unclass(x), meta$format <- 0L)
  )) {
    broken <- structure(damage(fit), class = "restricted_mean")
    for (verb in list(print, tidy, glance)) expect_error(verb(broken), class = "cryonodes_error_object")
  }
})

# The figure -------------------------------------------------------------------------------------

test_that("the shaded outline encloses the restricted mean", {
  d <- random_cohort(33, groups = 3)
  fit <- restricted_mean(Surv(time, status) ~ group, d)
  for (tau in c(fit$tau, fit$tau / 2)) {
    fit <- restricted_mean(Surv(time, status) ~ group, d, tau = tau)
    outlines <- split(area_frame(fit)$area, area_frame(fit)$area$group)
    # The surveyor's formula.
    areas <- vapply(outlines, function(o) {
      follow <- c(seq_len(nrow(o))[-1], 1)
      abs(sum(o$time * o$estimate[follow] - o$time[follow] * o$estimate)) / 2
    }, 0)
    expect_equal(as.vector(areas), fit$estimate, tolerance = 1e-12)
    expect_identical(max(area_frame(fit)$area$time), tau)
  }
})

test_that("the area outlives the last time of a curve that reached 0", {
  frame <- area_frame(restricted_mean(c(1, 2), c(1, 1), tau = 5))
  expect_identical(frame$area$time, c(0, 0, 1, 1, 2, 2, 5, 5))
  expect_identical(frame$area$estimate, c(0, 1, 1, 0.5, 0.5, 0, 0, 0))
})

test_that("autoplot draws one panel a group", {
  skip_if_not_installed("ggplot2")
  fit <- restricted_mean(c(1, 2, 3, 4), c(1, 0, 1, 0), c("a %d", "a %d", "b", "b"))
  figure <- ggplot2::autoplot(fit)
  built <- ggplot2::ggplot_build(figure)
  expect_identical(nrow(built$layout$layout), 2L)
  expect_identical(built$data[[1]]$x, area_frame(fit)$area$time)
  expect_match(area_frame(fit)$titles[1], "a %d: mean up to 2 is 1.50", fixed = TRUE)
  expect_error(ggplot2::autoplot(fit, base_size = 0), class = "cryonodes_error_type")
  expect_error(ggplot2::autoplot(fit, breaks = 1), class = "cryonodes_error_choice")
})
