counts_of <- function(rows, formula = Surv(days, dead) ~ arm, ...) event_counts(formula, data = rows, ...)

test_that("counts of hospitals put together are the counts of all rows", {
  skip_on_cran()
  formulas <- list(
    Surv(days, dead) ~ arm, Surv(days, dead) ~ 1, Surv(days, dead) ~ arm + strata(w), Surv(days, dead) ~ arm + w,
    Surv(months, dead) ~ w, Surv(entry, days, dead) ~ arm
  )
  for (seed in c(2, 3, 4)) {
    rows <- registry_rows(200, seed)
    for (formula in formulas) {
      parts <- lapply(split(rows, rows$centre), counts_of, formula)
      expect_identical(do.call(c, unname(parts)), counts_of(rows, formula))
      expect_identical(do.call(c, rev(unname(parts))), counts_of(rows, formula))
    }
    causes <- lapply(split(rows, rows$centre), counts_of, Surv(days, out) ~ arm, censor = "none")
    expect_identical(merge(causes[[1]], c(causes[[2]], causes[[3]]), causes[[4]], causes[[5]], c(causes[[6]], causes[[7]])),
      counts_of(rows, Surv(days, out) ~ arm, censor = "none")
    )
  }
})

test_that("a group, a stratum or a cause that one table lacks has nobody there", {
  # By hand: group b only in the second table, cause y only in the first.
  one <- event_counts(time = c(1, 2), n.event = data.frame(x = c(1, 0), y = c(0, 2)), n.censor = c(0, 1), group = c("a", "a"))
  two <- event_counts(time = c(1, 2, 1), n.event = data.frame(x = c(1, 1, 3)), n.censor = 0, group = c("a", "a", "b"))
  both <- c(one, two)
  expect_identical(both$group, c("a", "a", "b"))
  expect_identical(both$n.event.x, c(2, 1, 3))
  expect_identical(both$n.event.y, c(0, 2, 0))
  expect_identical(both$n.risk, c(6, 4, 3))
  expect_identical(both$n.censor, c(0, 1, 0))
})

test_that("times that differ by rounding error only are one, unless that is not wanted", {
  one <- event_counts(time = 0.3, n.event = 1)
  two <- event_counts(time = 0.1 + 0.2, n.event = 2)
  expect_false(one$time == two$time)
  expect_identical(c(one, two)$n.event, 3)
  expect_match(attr(c(one, two), "meta")$notes, "1 time equal but for rounding error", all = FALSE)
  expect_identical(c(one, two, timefix = FALSE)$n.event, c(1, 2))
  late <- function(time) event_counts(time = c(0, time), n.event = c(0, 1), n.entry = c(1, 0))
  expect_error(c(late(0.3), late(0.1 + 0.2)), class = "cryonodes_error_entry")
})

test_that("groups of numbers stay in the order of numbers", {
  rows <- registry_rows(200, 4)
  rows$w <- c(2, 10, 9)[1 + rows$w %% 3]
  parts <- lapply(split(rows, rows$centre > 3), counts_of, Surv(days, dead) ~ w)
  expect_identical(unique(do.call(c, unname(parts))$group), c("2", "9", "10"))
  apart <- lapply(split(rows, rows$w == 9), counts_of, Surv(days, dead) ~ w)
  expect_identical(unique(c(apart[[1]], apart[[2]])$group), c("2", "9", "10"))
})

test_that("tables of different kinds are refused", {
  rows <- registry_rows(60, 4)
  plain <- counts_of(rows)
  expect_error(c(plain, counts_of(rows, Surv(days, dead) ~ 1)), "some tables have groups", class = "cryonodes_error_table")
  expect_error(c(plain, counts_of(rows, Surv(days, out) ~ arm, censor = "none")), "competing causes",
    class = "cryonodes_error_table"
  )
  expect_error(c(plain, counts_of(rows, Surv(entry, days, dead) ~ arm)), "delayed entry", class = "cryonodes_error_table")
  expect_error(c(plain, counts_of(rows, Surv(days, dead) ~ arm + strata(w))), "strata", class = "cryonodes_error_table")
  expect_error(c(plain, counts_of(rows, Surv(days_between(from, to), dead) ~ arm)), "no unit and in days",
    class = "cryonodes_error_time"
  )
  expect_error(merge(plain, rows), "table 2 is not counts but data.frame", class = "cryonodes_error_type")
  plain$n.event[1] <- plain$n.event[1] + 1
  expect_error(c(counts_of(rows), plain), class = "cryonodes_error_table")
})

test_that("tests take counts by strata within these, curves as groups", {
  rows <- registry_rows(300, 4)
  counts <- counts_of(rows, Surv(days, dead) ~ arm + strata(centre))
  here <- logrank_test(Surv(days, dead) ~ arm + strata(centre), data = rows)
  there <- logrank_test(counts)
  expect_identical(there$statistic, here$statistic)
  expect_identical(there$n, here$n)
  expect_match(there$method, "^Stratified")
  # Labels of one length, and of several, which survfit pads; a stratum in which a group has nobody.
  rows$place <- ifelse(rows$centre == rows$centre[1], "the first", as.character(rows$centre))
  rows <- rows[rows$place != "the first" | rows$arm == rows$arm[1], ]
  how <- list(
    Surv(days, dead) ~ arm + strata(centre), Surv(days, dead) ~ strata(centre), Surv(days, dead) ~ arm + strata(place),
    Surv(days, dead) ~ arm + strata(centre == 1)
  )
  for (formula in how) {
    whole <- counts_of(rows, formula)
    parts <- merge(counts_of(rows[1:150, ], formula), counts_of(rows[-(1:150), ], formula))
    expect_identical(said(kaplan_meier(whole)), said(kaplan_meier(formula, data = rows)))
    expect_identical(said(kaplan_meier(parts)), said(kaplan_meier(formula, data = rows)))
    expect_identical(said(restricted_mean(whole, tau = 10)), said(restricted_mean(formula, data = rows, tau = 10)))
  }
  many <- data.frame(days = 1, dead = 1, arm = rep(c("a", "b"), 600), centre = rep(1:600, each = 2))
  expect_error(
    kaplan_meier(counts_of(many, how[[1]])), "`arm, strata\\(centre\\)` has 1200 groups",
    class = "cryonodes_error_group"
  )
  expect_identical(names(kaplan_meier(counts)$strata)[1:2], c("arm=a, strata(centre)=1", "arm=a, strata(centre)=2"))
  counts$strata <- NULL
  expect_error(logrank_test(counts), "lost their column 'strata'", class = "cryonodes_error_object")
})

test_that("small counts are refused, and coarser times have none", {
  rows <- registry_rows(400, 4)
  fine <- counts_of(rows)
  expect_error(c(fine, fine, min.cell = 5), "table 1 has counts below 5", class = "cryonodes_error_table")
  coarse <- coarsen(fine, min.cell = 5)
  columns <- unlist(as.data.frame(coarse)[c("n.event", "n.censor")])
  expect_true(all(columns == 0 | columns >= 5))
  expect_identical(sum(coarse$n.event), sum(fine$n.event))
  expect_identical(tapply(coarse$n.censor, coarse$group, sum), tapply(fine$n.censor, fine$group, sum))
  expect_error(merge(coarse, coarse, min.cell = 5), NA)
  expect_match(attr(coarse, "meta")$notes, "no count is between 0 and 5", all = FALSE)
})

test_that("blocks are the shortest from the start, and the rest joins the last", {
  # By hand, at least 3: (1,0)+(2,0) at time 2; (3,3) at 3; (1,1) at 4 is too small and joins the block of 3.
  table <- event_counts(time = 1:4, n.event = c(1, 2, 3, 1), n.censor = c(0, 0, 3, 1))
  coarse <- coarsen(table, min.cell = 3)
  expect_identical(coarse$time, c(2, 4))
  expect_identical(coarse$n.event, c(3, 4))
  expect_identical(coarse$n.censor, c(0, 4))
  # The rest joins the last block, and that the one before, when it is too small still: (3,0), (3,0), (0,1) with 4.
  table <- event_counts(time = 1:4, n.event = c(4, 0, 4, 0), n.censor = c(0, 4, 0, 3))
  expect_identical(coarsen(table, min.cell = 4)$time, c(1, 4))
  expect_identical(coarsen(table, min.cell = 4)$n.censor, c(0, 7))
  expect_error(coarsen(table, min.cell = 9), "fewer than 9", class = "cryonodes_error_table")
})

test_that("breaks and digits move times, and are checked", {
  table <- event_counts(time = c(0, 1, 10, 10.5, 99), n.event = 1)
  expect_identical(coarsen(table, breaks = c(10, 99))[c("time", "n.event")] |> as.list(), list(time = c(0, 10, 99), n.event = c(1, 2, 2)))
  expect_identical(coarsen(table, digits = 0)$time, c(0, 1, 10, 11, 99))
  expect_error(coarsen(table, breaks = c(10, 98)), "beyond the last", class = "cryonodes_error_times")
  for (bad in list(c(10, 5), c(0, 99), NA_real_, numeric(), "a", -1)) {
    expect_error(coarsen(table, breaks = bad), class = "cryonodes_error")
  }
  expect_error(coarsen(table, digits = -1), class = "cryonodes_error_count")
  expect_error(coarsen(table), class = "cryonodes_error_choice")
  expect_error(coarsen(table, min.cell = 5, digits = 0), class = "cryonodes_error_choice")
  expect_error(coarsen(1:3, min.cell = 5), class = "cryonodes_error_type")
  expect_error(coarsen(event_counts(time = 0:1, n.event = 0:1, n.entry = c(1, 0)), min.cell = 5),
    class = "cryonodes_error_entry"
  )
})

test_that("days between dates are whole days, of dates and of text", {
  expect_identical(days_between("2020-02-28", "2020-03-01"), structure(2, unit = "days"))
  expect_identical(as.vector(days_between(as.Date("2021-02-28"), c("2021-03-01", NA))), c(1, NA))
  expect_identical(as.vector(days_between("2020-01-02T23:59", "2020-01-01")), -1)
  expect_error(days_between("2021-02-29", "2021-03-01"), "in row 1: '2021-02-29'", class = "cryonodes_error_dates")
  expect_error(days_between("1.3.2021", "2021-03-01"), class = "cryonodes_error_dates")
  rows <- data.frame(from = "2021-02-29", to = "2021-03-01", dead = 1)
  expect_error(kaplan_meier(Surv(days_between(from, to), dead) ~ 1, data = rows), "'2021-02-29'",
    class = "cryonodes_error_dates"
  )
  expect_error(days_between(1, "2021-03-01"), class = "cryonodes_error_type")
  expect_error(days_between(rep("2021-03-01", 2), rep("2021-03-01", 3)), class = "cryonodes_error_length")
})
