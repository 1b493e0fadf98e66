# By hand, in pseudo-values and at the ends: tests/cpp/test_compare_at.cpp. Here: what a user sees.

at_times <- function(cohort, times, ...) {
  compare_at(Surv(time, status) ~ group, data = cohort, times = times, ...)
}

all_methods <- c("melded", "melded mid-p", "identity", "log", "cloglog", "arcsine", "logit", "pseudo-values", "fisher-crude")

# A seeded cohort with at least two groups.
two_or_more <- function(seed, ...) {
  for (i in 0:50) {
    cohort <- random_cohort(seed + 1000L * i, groups = 2:4, ...)
    if (length(unique(cohort$group)) > 1) return(cohort)
  }
}

numbers_of <- function(test) {
  unlist(c(
    test$rates[c("n", "n.risk", "cum.event", "estimate", "std.error", "conf.low", "conf.high")],
    test$contrasts[c("estimate", "conf.low", "conf.high", "statistic", "log.p.value")],
    test$tests[c("statistic", "log.p.value")]
  ))
}

test_that("recorded numbers of other packages are met", {
  skip_on_cran() # long
  data <- utils::read.csv(test_path("..", "golden", "compare_at_data.csv"))
  numbers <- golden("compare_at")
  m <- survival::mgus2
  outcome <- factor(ifelse(m$pstat == 1, "pcm", ifelse(m$death == 1, "death", "none")), c("none", "pcm", "death"))
  found <- Map(function(dataset, time, method, quantity) {
    if (dataset == "mgus2") {
      test <- compare_at(ifelse(m$pstat == 1, m$ptime, m$futime), outcome, m$sex,
        times = time, cause = "pcm",
        method = method
      )
      return(test$tests$statistic)
    }
    x <- data[data$dataset == dataset, ]
    if (method == "median") {
      test <- compare_medians(x$time, x$status, x$group, conf.level = 0.9)$contrasts
      return(test[[c(p.value = "p.value", low = "conf.low", high = "conf.high")[[quantity]]]])
    }
    test <- compare_at(x$time, x$status, x$group,
      times = time, method = if (method == "clustered") "identity" else method,
      measure = c("difference", "ratio", "odds ratio"), cluster = if (method == "clustered") x$cluster
    )
    group <- as.integer(sub(".* ", "", quantity)) |> suppressWarnings()
    if (quantity == "p.value") return(test$p.value)
    if (quantity == "chi-square") return(test$tests$statistic)
    if (startsWith(quantity, "rate ")) return(test$rates$estimate[group])
    if (startsWith(quantity, "std.error")) return(test$rates$std.error[group])
    measure <- sub(" (low|high)$", "", quantity)
    test$contrasts[[paste0("conf.", sub(".* ", "", quantity))]][test$contrasts$measure == measure]
  }, numbers$dataset, numbers$time, numbers$method, numbers$quantity)
  expect_gt(length(found), 140)
  off <- mapply(largest_difference, found, numbers$value) > numbers$tolerance
  expect_identical(numbers[off, 1:4], numbers[0, 1:4], ignore_attr = TRUE)
})

test_that("without censoring the default is the central version of Fisher's test", {
  for (seed in 1:20) {
    set.seed(seed)
    n <- sample(4:30, 1)
    cohort <- data.frame(time = sample(9, n, TRUE), status = 1, group = rep(c("a", "b"), length.out = n))
    test <- at_times(cohort, 4)
    alive <- table(cohort$group, factor(cohort$time > 4, c(FALSE, TRUE)))
    sides <- vapply(c("less", "greater"), function(side) stats::fisher.test(alive, alternative = side)$p.value, 0)
    expect_equal(test$p.value, min(1, 2 * min(sides)), tolerance = 1e-9)
    expect_identical(test$meta$how, "melded")
  }
})

test_that("the paper's Fisher tests of deaths so far come out as printed", {
  os <- endpoint(lnm_cohort, "OS", rules = "paper2021")
  test <- compare_at(os, times = c(12, 24, 36), method = "fisher-crude")
  printed <- subset(lnm_rates, endpoint == "Overall survival" & group == "Whole cohort")
  expect_identical(format_fixed(test$tests$p.value, 2), format_fixed(printed$p, 2))
  expect_match(test$meta$notes, "censored before 12, 24, 36 counts as free of the event", all = FALSE)
  rates <- test$rates
  expect_equal(rates$estimate, 1 - rates$cum.event / rates$n)
  lost <- vapply(seq_len(nrow(rates)), function(i) {
    here <- os[os$group == rates$strata[i], ]
    sum(here$status == 0 & here$time < rates$time[i])
  }, 0)
  expect_equal(rates$cum.censor, lost)
})

test_that("rates are those of kaplan_meier(), and of cumulative_incidence()", {
  skip_on_cran()
  for (seed in 1:30) {
    cohort <- two_or_more(seed)
    times <- unname(stats::quantile(cohort$time, c(0.2, 0.6, 0.95), type = 1))
    test <- at_times(cohort, times, method = "cloglog")
    other <- rates(kaplan_meier(Surv(time, status) ~ group, cohort), test$rates$time[!duplicated(test$rates$time)])
    other <- other[order(match(other$time, unique(test$rates$time)), match(other$strata, test$rates$strata)), ]
    expect_identical(test$rates$estimate, other$estimate)
    expect_equal(test$rates$n.risk, other$n.risk)
    expect_equal(test$rates$cum.event, other$cum.event)
    inside <- !is.na(other$estimate) & other$estimate > 0 & other$estimate < 1
    expect_equal(test$rates$std.error[inside], other$std.error[inside], tolerance = 1e-12)
    expect_equal(test$rates$conf.low[inside], other$conf.low[inside], tolerance = 1e-12)
  }
  m <- survival::mgus2
  status <- ifelse(m$pstat == 1, "pcm", ifelse(m$death == 1, "death", "none"))
  time <- ifelse(m$pstat == 1, m$ptime, m$futime)
  test <- compare_at(time, status, m$sex, times = c(60, 240), cause = "death", censor = "none")
  other <- rates(cumulative_incidence(time, status, m$sex, censor = "none"), c(60, 240))
  other <- other[other$state == "death", ]
  other <- other[order(other$time, other$strata), ]
  expect_identical(test$rates$estimate, other$estimate)
  expect_equal(test$rates$std.error, other$std.error, tolerance = 1e-12)
})

test_that("order of rows, names of groups, unit of time and empty levels change nothing", {
  skip_on_cran() # long
  for (seed in 1:24) {
    cohort <- two_or_more(seed)
    time <- unname(stats::quantile(cohort$time, 0.5, type = 1))
    method <- all_methods[seed %% 9 + 1]
    base <- at_times(cohort, time, method = method)
    set.seed(seed)
    shuffled <- cohort[sample(nrow(cohort)), ]
    expect_equal(numbers_of(at_times(shuffled, time, method = method)), numbers_of(base), tolerance = 1e-9)
    days <- transform(cohort, time = 30 * time)
    expect_equal(numbers_of(at_times(days, 30 * time, method = method)), numbers_of(base), tolerance = 1e-9)
    renamed <- cohort
    levels(renamed$group) <- paste("arm", levels(renamed$group))
    expect_identical(numbers_of(at_times(renamed, time, method = method)), numbers_of(base))
    more <- cohort
    more$group <- factor(more$group, levels = c("none of these", levels(more$group)))
    expect_identical(numbers_of(at_times(more, time, method = method)), numbers_of(base))
  }
})

test_that("the other group first turns the contrast", {
  for (seed in 1:16) {
    cohort <- two_or_more(seed)
    cohort$group <- ifelse(cohort$group == cohort$group[1], "x", "y")
    time <- unname(stats::quantile(cohort$time, 0.4, type = 1))
    method <- all_methods[seed %% 9 + 1]
    measures <- c("difference", "ratio", "odds ratio")
    one <- at_times(cohort, time, method = method, measure = measures)$contrasts
    cohort$group <- factor(cohort$group, c("y", "x"))
    two <- at_times(cohort, time, method = method, measure = measures)$contrasts
    expect_equal(two$log.p.value, one$log.p.value, tolerance = 1e-9)
    expect_equal(two$conf.low[1], -one$conf.high[1], tolerance = 1e-8)
    expect_equal(two$conf.low[2:3], 1 / one$conf.high[2:3], tolerance = 1e-7)
  }
})

test_that("a row of weight 2 is two rows, counts are rows", {
  skip_on_cran() # long
  for (seed in 1:16) {
    cohort <- two_or_more(seed, weights = TRUE)
    rows <- cohort[rep(seq_len(nrow(cohort)), cohort$weight), ]
    if (length(unique(rows$group)) < 2) next
    time <- unname(stats::quantile(rows$time, 0.5, type = 1))
    rows$group <- droplevels(rows$group)
    for (method in setdiff(all_methods, "pseudo-values")) {
      weighted <- compare_at(Surv(time, status) ~ group, subset(cohort, group %in% levels(rows$group)),
        times = time, weights = weight, method = method
      )
      expect_equal(numbers_of(weighted)[-(1:nlevels(rows$group))],
        numbers_of(at_times(rows, time, method = method))[-(1:nlevels(rows$group))],
        tolerance = 1e-9
      )
    }
    for (method in all_methods) {
      counts <- event_counts(Surv(time, status) ~ group, rows)
      expect_identical(
        numbers_of(compare_at(counts, times = time, method = method)),
        numbers_of(at_times(rows, time, method = method))
      )
    }
  }
})

test_that("a rate of 0 or 1 has an answer with every method", {
  cohort <- data.frame(
    time = c(2, 3, 5, 6, 8, 9, 1, 2, 3, 4), status = c(0, 0, 0, 1, 0, 0, 1, 1, 1, 1), group = rep(c("a", "b"), c(6, 4))
  )
  for (method in all_methods) {
    test <- at_times(cohort, 5, method = method, measure = c("difference", "ratio", "odds ratio"))
    expect_identical(test$rates$estimate[1], 1)
    expect_true(all(is.finite(test$contrasts$p.value)))
    expect_false(anyNA(test$contrasts$conf.low))
    expect_lt(test$contrasts$conf.low[1], -0.9)
    expect_gt(test$contrasts$conf.high[1], -0.9)
    if (!method %in% exact_methods) expect_match(test$contrasts$note[1], "a rate of 0 or 1")
  }
  expect_match(at_times(cohort, 5, method = "identity", pooled = TRUE)$contrasts$note, "melded interval$")
  expect_match(at_times(cohort, 5, method = "logit", pooled = TRUE)$contrasts$note, "melded p and interval$")
})

test_that("a group that is not followed so far has no answer, with its last time", {
  cohort <- data.frame(time = 1:8, status = c(1, 0, 1, 0, 1, 0, 1, 0), group = rep(c("a", "b"), each = 4))
  for (method in setdiff(all_methods, "fisher-crude")) {
    test <- at_times(cohort, c(4, 5), method = method)
    expect_false(is.na(test$tests$p.value[1]))
    expect_true(is.na(test$tests$p.value[2]))
    expect_match(test$contrasts$note[2], "'a' beyond follow-up [(]last at 4[)]")
    expect_match(test$rates$note[3], "beyond follow-up")
  }
})

test_that("clusters: the default is melded for few, never a test of a third group", {
  cohort <- data.frame(
    time = c(rep(c(3, 5, 8, 13, 21, 34), 2), rep(c(9, 13, 5, 34, 20, 40), 2)), status = rep(c(1, 0, 1, 1), 6), group = rep(c("a", "b"), each = 12),
    patient = rep(1:8, each = 3)
  )
  test <- compare_at(Surv(time, status) ~ group + cluster(patient), cohort, times = 8)
  expect_identical(test$meta$how, "melded")
  expect_identical(test$meta$n_cluster, 8L)
  expect_identical(nrow(test$rates), 2L)
  rows <- at_times(cohort, 8)
  expect_gt(test$p.value, rows$p.value)
  # Patients with lesions in both groups: no longer melded, and the covariance counts.
  cohort$both <- rep(1:12, 2)
  paired <- compare_at(Surv(time, status) ~ group, cohort, times = 6, cluster = both)
  expect_identical(paired$meta$how, "cloglog")
  expect_match(paired$meta$notes, "12 clusters", all = FALSE)
  expect_error(compare_at(Surv(time, status) ~ group, cohort, times = 6, cluster = both, method = "melded"),
    class = "cryonodes_error_choice"
  )
  expect_error(compare_at(Surv(time, status) ~ group, cohort, times = 6, cluster = both, method = "fisher-crude"),
    "takes? the rows of a patient for patients",
    class = "cryonodes_error_choice"
  )
  pseudo <- compare_at(Surv(time, status) ~ group, cohort, times = 6, cluster = patient, method = "pseudo-values")
  expect_true(is.finite(pseudo$p.value))
})

test_that("delayed entry: the risk sets of those who have entered", {
  set.seed(4)
  cohort <- data.frame(entry = stats::runif(80, 0, 4), group = rep(c("a", "b"), 40))
  cohort$time <- cohort$entry + stats::rexp(80, 0.2)
  cohort$status <- stats::rbinom(80, 1, 0.7)
  test <- compare_at(Surv(entry, time, status) ~ group, cohort, times = 6)
  expect_identical(test$meta$how, "cloglog")
  at_risk <- tapply(cohort$entry < 6 & cohort$time >= 6, cohort$group, sum)
  expect_equal(test$rates$n.risk, as.vector(at_risk))
  expect_error(compare_at(Surv(entry, time, status) ~ group, cohort, times = 6, method = "melded"),
    "delayed entry",
    class = "cryonodes_error_choice"
  )
})

test_that("several times: p-values are adjusted on request", {
  cohort <- leukaemia()
  times <- c(5, 10, 15)
  test <- compare_at(Surv(time, status) ~ arm, cohort, times = times, p.adjust.method = "holm")
  expect_equal(test$tests$p.adjusted, stats::p.adjust(test$tests$p.value, "holm"))
  plain <- compare_at(Surv(time, status) ~ arm, cohort, times = times)
  expect_identical(plain$tests$p.adjusted, plain$tests$p.value)
  expect_identical(glance(test)$p.value, plain$tests$p.value)
  expect_s3_class(compare_at(Surv(time, status) ~ arm, cohort, times = 5), c("compare_at", "htest"), exact = TRUE)
  expect_identical(class(plain), "compare_at")
  expect_identical(tidy(plain), plain$contrasts)
  expect_identical(as.data.frame(plain), plain$contrasts)
})

test_that("tables of rates take the tests", {
  cohort <- leukaemia()
  fit <- kaplan_meier(Surv(time, status) ~ arm, cohort)
  test <- compare_at(Surv(time, status) ~ arm, cohort, times = c(5, 10))
  whole <- logrank_test(Surv(time, status) ~ arm, cohort)
  table <- table_rates(fit, c(5, 10), p = list(test, whole))
  text <- paste(format(table), collapse = "\n")
  for (p in c(test$tests$p.value, whole$p.value)) expect_match(text, format_p(p), fixed = TRUE)
  expect_match(text, test$method, fixed = TRUE)
  expect_match(text, whole$method, fixed = TRUE)
  by_endpoint <- table_rates(list(OS = fit, DFS = fit), c(5, 10), p = list(OS = test, DFS = list(test)))
  expect_equal(as.data.frame(by_endpoint)$p, rep(rep(test$tests$p.value, 2), 2))
  adjusted <- compare_at(Surv(time, status) ~ arm, cohort, times = c(5, 10), p.adjust.method = "bonferroni")
  expect_equal(unique(as.data.frame(table_rates(fit, c(5, 10), p = adjusted))$p), pmin(1, 2 * test$tests$p.value))
  gray <- gray_test(Surv(time, status) ~ arm, cohort)
  expect_match(paste(format(table_rates(fit, 5, p = gray)), collapse = "\n"), gray$method, fixed = TRUE)
  expect_error(table_rates(fit, 5, p = list(1)), class = "cryonodes_error_type")
  expect_error(table_rates(fit, 5, p = "x"), class = "cryonodes_error_type")
  expect_error(table_rates(list(OS = fit, DFS = fit), 5, p = list(test, test)), class = "cryonodes_error_table")
  expect_error(table_rates(list(OS = fit, DFS = fit), 5, p = list(OS = test, PFS = test)),
    class = "cryonodes_error_table"
  )
})

test_that("what cannot be asked is refused in words", {
  cohort <- leukaemia()
  refuse <- function(..., class = "choice", words = "") {
    expect_error(compare_at(Surv(time, status) ~ arm, cohort, ...), words, class = paste0("cryonodes_error_", class))
  }
  refuse(class = "missing", words = "`times` is missing")
  refuse(times = NA_real_, class = "times")
  refuse(times = -1, class = "times")
  refuse(times = "12", class = "times")
  refuse(times = 5, method = "wald")
  refuse(times = 5, method = "melded", pooled = TRUE)
  refuse(times = 5, measure = "hazard ratio")
  refuse(times = 5, p.adjust.method = "tukey")
  refuse(times = 5, conf.level = 95, class = "conf_level")
  refuse(times = 5, censor = "none", words = "goes with `cause`")
  refuse(times = 5, cause = "relapse", words = "must be one of '1', not")
  refuse(times = 5, weights = rep(0.5, 42), method = "melded")
  refuse(times = 5, weights = rep(2, 42), method = "pseudo-values")
  expect_error(compare_at(Surv(time, status) ~ 1, cohort, times = 5), class = "cryonodes_error_group")
  expect_error(compare_at(Surv(time, status) ~ arm, subset(cohort, arm == "6-MP"), times = 5),
    class = "cryonodes_error_group"
  )
  m <- survival::mgus2
  expect_error(
    compare_at(m$futime, factor(m$death), m$sex, times = 5, cause = "pcm"), "'1'",
    class = "cryonodes_error_choice"
  )
  expect_error(print(structure(list(), class = "compare_at")), class = "cryonodes_error_object")
})

test_that("print says what was compared, in which direction", {
  expect_snapshot(print(compare_at(Surv(time, status) ~ arm, leukaemia(), times = c(6, 10), p.adjust.method = "holm")))
  expect_snapshot(print(compare_at(Surv(time, status) ~ arm, leukaemia(),
    times = 10, method = "fisher-crude", measure = c("difference", "odds ratio")
  )))
  expect_snapshot(print(compare_at(Surv(time, status) ~ ph.ecog, survival::lung,
    event = 2, times = 365, method = "logit", na.action = "omit", measure = "ratio"
  )))
})

test_that("the default counts subjects, not rows of weights", {
  d <- leukaemia()
  how <- function(...) compare_at(Surv(time, status) ~ arm, d, times = 10, ...)$meta$how
  expect_identical(how(), "melded")
  expect_identical(how(weights = rep(20, 42)), "cloglog")
  rows <- d[rep(1:42, 20), ]
  counts <- event_counts(Surv(time, status) ~ arm, rows)
  expect_identical(compare_at(counts, times = 10)$meta$how, "cloglog")
  expect_error(how(weights = rep(1e6, 42), method = "melded"), "any other method will do",
    class = "cryonodes_error_choice"
  )
  # The stand-in of a rate of 1 is quick for any number of subjects, and agrees with itself.
  early <- function(w) compare_at(Surv(time, status) ~ arm, d, times = 1, weights = rep(w, 42), method = "log")
  expect_true(is.finite(early(1e6)$contrasts$log.p.value))
})

test_that("with delayed entry nobody may be there: no rate of 1, no p", {
  d <- data.frame(entry = c(2, 3, 2, 4, 0, 0, 1, 1), time = c(5, 9, 8, 7, 6, 9, 8, 7), status = c(1, 0, 1, 0, 1, 0, 1, 1),
    group = rep(c("a", "b"), each = 4)
  )
  test <- compare_at(Surv(entry, time, status) ~ group, d, times = c(1, 6))
  expect_identical(is.na(test$rates$estimate), c(TRUE, FALSE, FALSE, FALSE))
  expect_match(test$rates$note[1], "nobody under observation")
  expect_match(test$contrasts$note[1], "'a' nobody under observation")
  expect_false(is.na(test$tests$p.value[2]))
})

test_that("a table takes no p of other groups or of other times", {
  d <- leukaemia()
  fit <- kaplan_meier(Surv(time, status) ~ arm, d)
  other <- compare_at(d$time, d$status, rep(c("x", "y"), 21), times = 10)
  expect_error(table_rates(fit, 10, p = other), "compares the groups 'x', 'y'", class = "cryonodes_error_table")
  late <- compare_at(Surv(time, status) ~ arm, d, times = 12)
  expect_error(table_rates(fit, 10, p = late), "but at '12'", class = "cryonodes_error_times")
  damaged <- logrank_test(Surv(time, status) ~ arm, d)
  damaged$p.value <- NULL
  expect_error(table_rates(fit, 10, p = damaged), class = "cryonodes_error_object")
})
