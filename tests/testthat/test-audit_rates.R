rate_rows <- function(group, n, time, estimate, std.error, p = NA, decimals = 1) {
  data.frame(endpoint = "OS", group, n, time, estimate, std.error, decimals, p, stringsAsFactors = FALSE)
}

of_check <- function(ledger, check) as.data.frame(ledger)[ledger$check == check, ]

test_that("the smallest standard error is Greenwood's without censoring, by hand", {
  # 10 patients, 2 events, no censoring: S = 0.8, SE = sqrt(0.8 0.2 / 10) = 0.12649; 12.6 prints, 12.5 does not.
  se <- function(printed) {
    of_check(audit_rates(rate_rows("A", 10, 12, 80, printed), release = 0), "smallest standard error")
  }
  expect_identical(se(12.6)$verdict, "consistent")
  against <- se(12.5)
  expect_identical(against$verdict, "contradicted")
  # At most 12.55 with S (1 - S) at least 0.8005 0.1995 (80.05%): 0.15970 / 0.1255^2 = 10.14, so 11.
  expect_identical(against$needed, "at least 11 subjects")
  expect_identical(se(30)$verdict, "consistent")
})

test_that("censoring never lowers Greenwood's standard error at a given rate", {
  skip_on_cran()
  # What the check rests on, over random life tables.
  set.seed(2)
  for (i in 1:300) {
    n <- sample(2:30, 1)
    fit <- kaplan_meier(sample(1:8, n, TRUE), stats::rbinom(n, 1, 0.5))
    at <- as.data.frame(rates(fit, 4, extend = TRUE))
    if (is.na(at$std.error)) next
    expect_gte(at$std.error, sqrt(at$estimate * (1 - at$estimate) / n) - 1e-12)
  }
})

test_that("a rate that rises, a certain rate with an error", {
  rising <- of_check(audit_rates(rate_rows("A", 10, c(12, 24), c(80, 90), c(12.6, 9.5)), release = 0), "never rises")
  expect_identical(rising$verdict, "contradicted")
  certain <- function(error, n) of_check(audit_rates(rate_rows("A", n, 12, 100, error), release = 0), "certain")$verdict
  expect_identical(c(certain(0, 10), certain(1, 10)), c("consistent", "contradicted"))
  # Of 2000, one event prints as 100.0 (99.95): the rate is not certain.
  expect_identical(certain(0, 2000), character())
})

test_that("Fisher's p of the events that the curves leave, against stats::fisher.test()", {
  # 2 of 10 and 1 of 12 without censoring.
  p <- stats::fisher.test(matrix(c(2, 8, 1, 11), 2))$p.value
  rows <- function(p) rate_rows(c("A", "B"), c(10, 12), 24, c(80, 91.7), c(12.6, 8), p)
  fisher <- function(p) of_check(audit_rates(rows(p)), "Fisher's test")
  expect_identical(fisher(round(p, 2))$verdict, "reproduced")
  against <- fisher(round(p, 2) + 0.01)
  expect_identical(against$verdict, "contradicted")
  expect_match(against$arithmetic, "events 2 of 10 and 1 of 12", fixed = TRUE)
  three <- rbind(rows(0.5), rate_rows("C", 5, 24, 60, 21.9))
  expect_identical(of_check(audit_rates(three), "Fisher's test")$verdict, "not checkable")
  # Without standard errors the rates alone leave a range: 1 or 2 events of 10 make 80%, with or without censoring.
  open <- transform(rows(0.57), std.error = NA)
  expect_match(of_check(audit_rates(open), "Fisher's test")$arithmetic, "of 10 and 1 of 12")
})

test_that("numbers of events that a rate leaves, against all life tables of few subjects", {
  # All orders of events and censorings of n subjects, one after another.
  for (n in 2:6) {
    orders <- as.matrix(expand.grid(rep(list(0:1), n)))
    seen <- list()
    for (i in seq_len(nrow(orders))) {
      event <- orders[i, ]
      s <- prod(1 - event / rev(seq_len(n)))
      key <- printed_text(100 * s, 1)
      seen[[key]] <- union(seen[[key]], sum(event))
    }
    for (key in names(seen)) {
      row <- data.frame(group = "A", time = 1, estimate = as.numeric(key), decimals = 1, n = n)
      expect_true(all(seen[[key]] %in% events_allowed(row, NULL)), info = paste(n, key))
    }
  }
})

test_that("where no number of events leaves a rate, p has nothing to be checked against", {
  # Of 10, one event leaves 90% at most: 95% is printed by none. At 100% nobody had one.
  events <- function(estimate) events_allowed(data.frame(group = "A", time = 1, estimate, decimals = 1, n = 10), NULL)
  expect_length(events(95), 0)
  expect_identical(as.integer(events(100)), 0L)
  expect_identical(as.integer(events(90)), 1L)
  expect_identical(as.integer(events(80)), 1:2)
  expect_identical(as.integer(events(0)), 1:10)
  expect_identical(as.integer(events(NA_real_)), 0:10)
  ledger <- audit_rates(rate_rows(c("A", "B"), 10, 24, c(95, 80), NA, 0.5), release = 0)
  against <- of_check(ledger, "Fisher's test")
  expect_identical(against$verdict, "not checkable")
  expect_match(against$arithmetic, "no number of events", fixed = TRUE)
})

test_that("what a cohort prints is not contradicted", {
  for (seed in 1:12) {
    set.seed(seed)
    cohort <- data.frame(
      time = round(stats::rexp(14, 0.05), 1) + 0.1, status = stats::rbinom(14, 1, 0.6), group = rep(c("A", "B"), 7)
    )
    times <- c(12, 24)
    at <- rbind(
      as.data.frame(rates(kaplan_meier(Surv(time, status) ~ 1, cohort), times, extend = TRUE)),
      as.data.frame(rates(kaplan_meier(Surv(time, status) ~ group, cohort), times, extend = TRUE))
    )
    error <- ifelse(is.na(at$std.error), NA, round_half_up(100 * at$std.error, 1))
    events <- function(g, t) sum(cohort$status[cohort$group == g & cohort$time <= t])
    p <- vapply(times, function(t) {
      d <- c(events("A", t), events("B", t))
      if (sum(d) %in% c(0, 14)) 1 else stats::fisher.test(matrix(c(d, 7 - d), 2))$p.value
    }, 0)
    printed <- rate_rows(rep(c("all", "A", "B"), each = 2), rep(c(14, 7, 7), each = 2), times,
      round_half_up(100 * at$estimate, 1), error, round_half_up(p, 2)[match(at$time, times)]
    )
    ledger <- audit_rates(printed, pooled = "all", release = 1)
    expect_identical(ledger$id[ledger$verdict == "contradicted"], character(), info = seed)
    expect_true(any(ledger$check == "curves together"))
  }
})

test_that("the cell that was changed is found, where the others allow one value only", {
  # Two groups without censoring: 10 patients with events in 1 and 2, 12 with 0 and 1, and their sum.
  printed <- rate_rows(rep(c("all", "A", "B"), each = 2), rep(c(22, 10, 12), each = 2), c(12, 24),
    c(95.5, 86.4, 90, 80, 100, 91.7), c(4.4, 7.3, 9.5, 12.6, 0, 8))
  expect_false("contradicted" %in% audit_rates(printed, pooled = "all")$verdict)
  changed <- printed
  changed$std.error[2] <- 8.3
  ledger <- audit_rates(changed, pooled = "all")
  against <- ledger[ledger$verdict == "contradicted", ]
  expect_identical(against$id, "OS: all: 24: std.error")
  expect_match(against$needed, "7.3", fixed = TRUE)
  # Without a search it is known that the cells cannot stand together, not which.
  blind <- of_check(audit_rates(changed, pooled = "all", release = 0), "curves together")
  expect_identical(unique(blind$verdict), "not checkable")
  # A recorded search stands for one.
  found <- attr(ledger, "reconstructions")$OS[[1]]$release
  recorded <- cbind(endpoint = "OS", found, undecided = 0)
  again <- audit_rates(changed, pooled = "all", release = 0, recorded = recorded)
  expect_identical(of_check(again, "curves together")$verdict, of_check(ledger, "curves together")$verdict)
  unsure <- audit_rates(changed, pooled = "all", recorded = transform(recorded, undecided = 3))
  expect_identical(unique(of_check(unsure, "curves together")$verdict), "not checkable")
})

test_that("a cell that is cut off, not rounded, is consistent and said to be", {
  # sqrt(0.8 0.2 / 10) = 12.649 rounds to 12.6; 9 of 12: sqrt(0.75 0.25 / 12) = 12.5; 10 of 12: 10.758, cut to 10.7.
  cut <- of_check(audit_rates(rate_rows("A", 12, 12, 83.3, 10.7)), "curve")
  expect_identical(unique(cut$verdict), "consistent")
  expect_match(cut$arithmetic[2], "cut off", fixed = TRUE)
})

test_that("bad input is refused", {
  good <- rate_rows("A", 10, 12, 80, 12.6)
  expect_error(audit_rates(), class = "cryonodes_error_missing")
  expect_error(audit_rates(good[-2]), class = "cryonodes_error_column")
  expect_error(audit_rates(rbind(good, good)), class = "cryonodes_error_id")
  expect_error(audit_rates(good, recorded = data.frame(set = 1)), class = "cryonodes_error_column")
  expect_error(audit_rates(good, rounding = "up"), class = "cryonodes_error_choice")
  expect_error(audit_rates(good, groups = 1), class = "cryonodes_error_choice")
  none <- data.frame(id = "a", claim = "b", kind = "rate", value = 1, decimals = 0)
  expect_error(audit_rates(none), class = "cryonodes_error_empty")
})
