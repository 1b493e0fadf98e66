test_that("a life table gives the curve of its rows", {
  # 9 at risk: one event at 3 (8/9), two events and a censoring at 8 (6/8 of that), three censored at 12.
  table <- event_counts(c(3, 8, 12), n.event = c(1, 2, 0), n.censor = c(0, 1, 3), n = 9)
  expect_identical(table$n.risk, c(9, 8, 5))
  fit <- kaplan_meier(table)
  expect_equal(fit$surv, c(8 / 9, 8 / 9 * 6 / 8, 8 / 9 * 6 / 8), tolerance = 1e-15)
  expect_identical(fit$n, 9L)
  rows <- kaplan_meier(c(3, 8, 8, 8, rep(12, 5)), c(1, 1, 1, 0, rep(0, 5)))
  same <- setdiff(names(rows), c("call", "meta"))
  expect_identical(unclass(fit)[same], unclass(rows)[same])
})

test_that("groups of a life table stay apart", {
  table <- event_counts(c(1, 2, 1), c(1, 1, 2), c(0, 1, 0), n = c(b = 4, a = 5), group = c("a", "a", "b"))
  expect_identical(table$group, c("a", "a", "b"))
  expect_identical(table$n.risk, c(5, 4, 4))
  expect_identical(unname(kaplan_meier(table)$n), c(5L, 4L))
})

test_that("B232: more leave than are at risk", {
  expect_error(event_counts(1:3, n.event = 5, n.censor = 1, n = 10), "6 leave, 4 at risk", class = "cryonodes_error_table")
})

test_that("B233: times that do not increase", {
  error <- tryCatch(event_counts(c(2, 1, 3), 1, 1, n = 10), error = identity)
  expect_s3_class(error, "cryonodes_error_table")
  expect_match(conditionMessage(error), "must increase")
  expect_identical(error$rows, 2L)
})

test_that("B234: negative and broken counts", {
  expect_error(event_counts(1:3, c(1, -1, 1), 1, n = 10), "counts must be whole numbers >= 0", class = "cryonodes_error_table")
  expect_error(event_counts(1:3, c(1, 0.5, 1), 1, n = 10), class = "cryonodes_error_table")
  expect_error(event_counts(1:3, c(1, NA, 1), 1, n = 10), class = "cryonodes_error_table")
  expect_error(event_counts(1:3, c("1", "1", "1"), 1, n = 10), class = "cryonodes_error_type")
  expect_error(event_counts(1:3, c(1, 1), 1, n = 10), class = "cryonodes_error_length")
  expect_error(event_counts(numeric(), numeric()), class = "cryonodes_error_empty")
  expect_error(event_counts(c(1, NA), 1), class = "cryonodes_error_missing")
})

test_that("counted cohorts give the same bits as their rows: ties, delayed entry, weights, empty groups", {
  skip_on_cran() # long
  compared <- 0
  for (seed in 1:300) {
    rows <- random_cohort(seed, entry = seed %% 2 == 1, weights = seed %% 3 == 0)
    if (is.null(rows$weight)) rows$weight <- 1
    if (all(rows$weight == 0)) next
    formula <- if (is.null(rows$entry)) Surv(time, status) ~ group else Surv(entry, time, status) ~ group
    fit <- kaplan_meier(formula, data = rows, weights = weight)
    counts <- event_counts(formula, data = rows, weights = weight)
    counted <- kaplan_meier(counts)
    same <- setdiff(names(fit), c("call", "meta", "na.action"))
    expect_identical(unclass(counted)[same], unclass(fit)[same], info = paste("seed", seed))
    expect_identical(rates(counted, c(1, 3, 7)), rates(fit, c(1, 3, 7)), info = paste("seed", seed))
    compared <- compared + 1
  }
  expect_gt(compared, 280)
})

test_that("competing events are counted by cause, and what is censored is stated", {
  rows <- data.frame(t = c(1, 2, 2, 3, 4), s = factor(c("censored", "relapse", "death", "relapse", "censored")))
  rows$s <- stats::relevel(rows$s, "censored")
  counts <- event_counts(Surv(t, s) ~ 1, data = rows)
  expect_identical(counts$n.event, c(0, 2, 1, 0))
  expect_identical(counts$n.event.relapse, c(0, 1, 1, 0))
  expect_identical(counts$n.event.death, c(0, 1, 0, 0))
  by_hand <- event_counts(1:4, n.event = cbind(death = c(0, 1, 0, 0), relapse = c(0, 1, 1, 0)), n.censor = c(1, 0, 0, 1))
  expect_identical(by_hand[names(counts)], as.data.frame(counts), ignore_attr = TRUE)
  rows$s <- as.character(rows$s)
  expect_error(event_counts(Surv(t, s) ~ 1, data = rows), class = "cryonodes_error_status")
  expect_identical(event_counts(Surv(t, s) ~ 1, data = rows, censor = "censored")$n.event, c(0, 2, 1, 0))
})

test_that("counts that were changed by hand are refused", {
  counts <- event_counts(1:3, 1, 1)
  counts$n.event[2] <- -1
  expect_error(kaplan_meier(counts), "counts must be numbers >= 0", class = "cryonodes_error_table")
  expect_error(kaplan_meier(event_counts(1:3, 1, 1)[3:1, ]), class = "cryonodes_error_table")
  expect_error(event_counts(1:3, 1, 1, n = 6, n.entry = c(6, 0, 0)), class = "cryonodes_error_table")
  expect_error(event_counts(1:3, 1, 1, n.entry = c(2, 2, 2)), "2 leave, 0 at risk", class = "cryonodes_error_table")
})

test_that("a table from which rows or counts were taken is refused, not read as another cohort", {
  counts <- event_counts(Surv(time, status == 2) ~ sex, survival::lung)
  refused <- function(x) expect_error(kaplan_meier(x), "do not add up", class = "cryonodes_error_table")
  refused(counts[counts$group == "1", ])
  refused(counts[-5, ])
  refused(counts[-1, ])
  refused(counts[-nrow(counts), ])
  refused(replace(counts, "n.event", counts$n.event + 1))
  refused(replace(counts, "n.risk", counts$n.risk - 1))
  expect_error(kaplan_meier(replace(counts, "time", counts$time - 100)), class = "cryonodes_error_time")
  expect_error(kaplan_meier(replace(counts, "time", as.character(counts$time))), class = "cryonodes_error_type")
  late <- event_counts(Surv(entry, exit, cause) ~ 1, list(entry = c(0, 0, 1), exit = c(2, 3, 4), cause = c(1, 2, 0)))
  expect_error(cumulative_incidence(replace(late, "n.event.1", 0)), class = "cryonodes_error_table")
  expect_error(cumulative_incidence(replace(late, "n.entry", c(3, 0, 0, 0, 0))), class = "cryonodes_error_table")
  # What changes no number is taken.
  same <- replace(counts, "group", factor(counts$group))
  same$n.censor <- as.integer(same$n.censor)
  expect_identical(tidy(kaplan_meier(same)), tidy(kaplan_meier(counts)))
})

test_that("counts by hand: sizes beyond counting, causes without a name, groups without a label", {
  for (n in c(Inf, 1e300, 2^54)) expect_error(event_counts(1:3, 1, n = n), class = "cryonodes_error_table")
  expect_error(event_counts(1:3, c(1e17, 1e17, 1), 1), "2^53", fixed = TRUE, class = "cryonodes_error_table")
  expect_error(event_counts(1:3, c(1e308, 1e308, 1), 1), "2^53", fixed = TRUE, class = "cryonodes_error_table")
  for (name in list(NA, "")) {
    events <- matrix(1, 3, 2, dimnames = list(NULL, c("a", name)))
    expect_error(event_counts(1:3, events), "must be named", class = "cryonodes_error_table")
  }
  expect_error(event_counts(1:3, data.frame(a = 1:3)[0]), "must be named", class = "cryonodes_error_table")
  group <- factor(c("a", "a", NA, NA), exclude = NULL)
  expect_error(event_counts(c(1, 2, 1, 2), 1, group = group), class = "cryonodes_error_missing")
})
