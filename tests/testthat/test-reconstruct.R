printed <- function(endpoint) lnm_rates[lnm_rates$endpoint == endpoint, ]
whole <- "Whole cohort"

# A cohort's own table, as a paper would print it.
print_table <- function(time, event, group, times, decimals = 1) {
  curve <- function(rows, name) {
    at <- as.data.frame(rates(kaplan_meier(time[rows], event[rows]), times, extend = TRUE))
    at$std.error[at$estimate == 0] <- NA
    # Half up in decimal arithmetic, by sprintf on the exact side of a half.
    half_up <- function(x) floor(100 * x * 10^decimals + 0.5 + 1e-9) / 10^decimals
    data.frame(
      group = name, n = sum(rows), time = times, estimate = half_up(at$estimate), std.error = half_up(at$std.error)
    )
  }
  do.call(rbind, c(
    list(curve(rep(TRUE, length(time)), "all")), lapply(unique(group), function(g) curve(group == g, g))
  ))
}

# The structure of a data set, written down without the package: events in time order, and who is at risk then.
truth_of <- function(time, event, group, times) {
  died <- which(event == 1 & time <= max(times))
  died <- died[order(time[died])]
  levels <- unique(group)
  data.frame(
    interval = findInterval(time[died], c(0, times), left.open = TRUE), group = group[died],
    a = vapply(died, function(i) sum(time >= time[i] & group == levels[1]), 0),
    b = vapply(died, function(i) sum(time >= time[i] & group == levels[2]), 0)
  )
}

test_that("counts agree with brute force in exact arithmetic on 90 small tables", {
  skip_on_cran() # long
  golden <- utils::read.csv(test_path("..", "golden", "reconstruct.csv"))
  for (case in unique(golden$case)) {
    rows <- golden[golden$case == case, ]
    joint <- "P" %in% rows$group
    found <- reconstruct_km(rows[c("group", "n", "time", "estimate", "std.error", "decimals")],
      pooled = if (joint) "P", rounding = rows$rounding[1], release = 0
    )
    expect_identical(found$n_solutions, as.numeric(rows$n_solutions[1]), info = paste("case", case))
    if (found$n_solutions > 0) {
      at <- match(paste(rows$group, rows$time), paste(found$identified$group, found$identified$time))
      expect_identical(found$identified$cum.event.low[at], rows$cum.event.low, info = paste("case", case))
      expect_identical(found$identified$cum.event.high[at], rows$cum.event.high, info = paste("case", case))
    }
    # The search for a first solution is another algorithm; it must agree that there is one.
    expect_identical(
      reconstructible_cpp(
        unname(make_problem(found$table, if (joint) "P", NULL, NULL)$groups),
        make_problem(found$table, if (joint) "P", NULL, NULL)$pooled, list(), 1e6, 0, NULL
      ),
      rows$n_solutions[1] > 0,
      info = paste("case", case)
    )
  }
})

test_that("overall survival: one cell cannot print rounded, and three structures print it cut", {
  # By hand: 25/26, then 16/17, then 13/14 11/12 10/11 for the cohort; 10/11 and 8/9; 8/9, then 3/4 2/3. The standard
  # error of 25/26 is sqrt(25/26^3) = 0.03771.
  os <- reconstruct_km(printed("Overall survival"), pooled = whole)
  expect_identical(os$n_solutions, 0)
  expect_identical(os$release$group, whole)
  expect_identical(os$release$time, 12)
  expect_identical(os$release$cell, "std.error")
  expect_identical(os$release$reads, "3.8")
  cut <- reconstruct_km(printed("Overall survival"), pooled = whole, rounding = "half-up or truncated")
  expect_identical(cut$n_solutions, 3)
  expect_false(cut$unique)
  by_solution <- split(cut$solutions, cut$solutions$solution)
  for (s in by_solution) {
    expect_equal(s[["n.risk.Whole cohort"]], c(26, 17, 14, 12, 11))
    expect_equal(s[["n.risk.Loco-regional"]][s$group == "Loco-regional"], c(11, 9))
    expect_equal(s[["n.risk.Oligo-metastatic"]][s$group == "Oligo-metastatic"], c(9, 4, 3))
  }
  # Log-rank p of the first order of events by hand: E = 17/26 + 11/17 + 9/14 + 8/12 + 8/11 for 2 observed.
  expected <- 17 / 26 + 11 / 17 + 9 / 14 + 8 / 12 + 8 / 11
  variance <- 17 * 9 / 26^2 + 11 * 6 / 17^2 + 9 * 5 / 14^2 + 8 * 4 / 12^2 + 8 * 3 / 11^2
  p <- 2 * stats::pnorm(-abs(2 - expected) / sqrt(variance))
  expect_true(any(abs(cut$logrank_p - p) < 1e-12))
})

test_that("disease-free survival: one printed cell stands against all others", {
  dfs <- reconstruct_km(printed("Disease-free survival"), pooled = whole)
  expect_identical(dfs$n_solutions, 0)
  expect_identical(dfs$curves$group[!dfs$curves$possible], "Loco-regional")
  expect_identical(unlist(dfs$release[c("group", "cell")], use.names = FALSE), c("Loco-regional", "std.error"))
  expect_identical(dfs$release$time, 24)
  # What it should have read is reachable, and the printed value is not.
  rows <- printed("Disease-free survival")
  cell <- rows$group == "Loco-regional" & rows$time == 24
  rows$std.error[cell] <- as.numeric(dfs$release$reads)
  expect_gt(reconstruct_km(rows, pooled = whole)$n_solutions, 0)
})

test_that("local progression-free survival: every curve is impossible by itself", {
  ltp <- reconstruct_km(printed("Local tumour progression-free survival"), pooled = whole, release = 0)
  expect_identical(ltp$n_solutions, 0)
  expect_false(any(ltp$curves$possible))
})

test_that("the truth is always among the solutions", {
  skip_on_cran() # long
  for (seed in 1:120) {
    set.seed(seed, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")
    n <- sample(8:24, 1)
    group <- sample(rep(c("x", "y"), length.out = n))
    event_time <- stats::rexp(n, 0.02)
    left <- stats::runif(n, 2, 60)
    time <- pmin(event_time, left)
    event <- as.integer(event_time <= left)
    table <- print_table(time, event, group, c(12, 24, 36))
    found <- reconstruct_km(table, pooled = "all", decimals = 1, release = 0, max_solutions = 2e5)
    truth <- truth_of(time, event, group, c(12, 24, 36))
    expect_false(found$drawn, info = paste("seed", seed))
    code <- function(d, a, b) paste(d$interval, d$group, d[[a]], d[[b]], collapse = ";")
    columns <- paste0("n.risk.", unique(group))
    listed <- if (nrow(truth)) {
      vapply(split(found$solutions, found$solutions$solution), code, "", a = columns[1], b = columns[2])
    } else ""
    expect_true(code(truth, "a", "b") %in% listed || nrow(truth) == 0 && found$n_solutions > 0, info = paste("seed", seed))
  }
})

test_that("a draw from a solution prints as the table it came from, and keeps its facts", {
  facts <- data.frame(
    fact = c("total.events", "n.risk"), group = whole, time = c(NA, 24), value = c(6, 16)
  )
  os <- reconstruct_km(printed("Overall survival"), pooled = whole, rounding = "half-up or truncated", facts = facts)
  for (seed in 1:20) {
    d <- simulate(os, seed = seed, follow.up = 100)
    expect_identical(nrow(d), 29L)
    expect_identical(sum(d$event), 6)
    expect_identical(sum(d$time > 24), 16L)
    at <- as.data.frame(rates(kaplan_meier(d$time, d$event), c(12, 24, 36), extend = TRUE))
    one <- printed("Overall survival")
    one <- one[one$group == whole, ]
    # Cut or rounded: less than a unit of the last digit away.
    expect_true(all(100 * at$estimate - one$estimate > -0.051 & 100 * at$estimate - one$estimate < 0.1))
    expect_true(all(100 * at$std.error - one$std.error > -0.051 & 100 * at$std.error - one$std.error < 0.1))
    by_group <- kaplan_meier(d$time, d$event, d$group)
    expect_identical(by_group$meta$group_labels, c("Loco-regional", "Oligo-metastatic"))
  }
  expect_length(simulate(os, nsim = 3, seed = 1), 3)
  expect_identical(simulate(os, seed = 4), simulate(os, seed = 4))
})

test_that("more solutions than are listed are drawn, with exact count and ranges", {
  # One event or none in each of two intervals among 30, nothing printed but n: brute force gives the count.
  table <- data.frame(time = c(1, 2), estimate = c(90, 80), std.error = NA_real_)
  found <- reconstruct_km(table, n = 30, decimals = 0, max_solutions = 5)
  all <- reconstruct_km(table, n = 30, decimals = 0, max_solutions = 1e6)
  expect_true(found$drawn)
  expect_false(all$drawn)
  expect_identical(found$n_solutions, as.numeric(max(all$solutions$solution)))
  expect_identical(found$identified, all$identified)
  expect_identical(found$n_listed, 5)
  drawn <- vapply(split(found$solutions[-1], found$solutions$solution), function(d) paste(unlist(d), collapse = " "), "")
  listed <- vapply(split(all$solutions[-1], all$solutions$solution), function(d) paste(unlist(d), collapse = " "), "")
  expect_true(all(drawn %in% listed))
})

test_that("facts narrow the solutions to those that meet them", {
  table <- printed("Overall survival")
  all <- reconstruct_km(table, pooled = whole, rounding = "half-up or truncated")
  fact <- function(...) {
    reconstruct_km(table, pooled = whole, rounding = "half-up or truncated", facts = data.frame(...), release = 0)
  }
  expect_identical(fact(fact = "total.events", group = whole, time = NA, value = 4)$n_solutions, 0)
  expect_identical(fact(fact = "cum.event", group = whole, time = 36, value = 5)$n_solutions, all$n_solutions)
  expect_identical(fact(fact = "n.risk", group = "Oligo-metastatic", time = 24, value = 4)$n_solutions, 2)
  expect_identical(fact(fact = "n.risk", group = whole, time = 24, value = 17)$n_solutions, 0)
  fisher <- fact(fact = "fisher.p", group = NA, time = c(12, 24, 36), value = c(0.31, 0.53, 0.29), decimals = 2)
  expect_identical(fisher$n_solutions, all$n_solutions)
  expect_identical(fact(fact = "fisher.p", group = NA, time = 36, value = 0.5, decimals = 2)$n_solutions, 0)
})

test_that("undefined standard errors at S = 0 agree with nothing printed and with 0", {
  table <- data.frame(time = 1, estimate = 0, std.error = c(NA, 0, 5))
  counts <- vapply(1:3, function(i) reconstruct_km(table[i, ], n = 3, decimals = 1, release = 0)$n_solutions, 0)
  # Sequences among 3, 2, 1 that end at 1: any subset of {3, 2}, then 1.
  expect_identical(counts, c(4, 4, 0))
})

test_that("a value on a rounding limit is accepted from both sides", {
  # 5/8 = 62.5%: printed without decimals it reads 63 (half up), and 62.5 is also the limit of 62.
  table <- function(v) data.frame(time = 1, estimate = v, std.error = NA)
  has <- function(v) {
    found <- reconstruct_km(table(v), n = 8, decimals = 0, release = 0)
    sequences <- split(found$solutions[["n.risk.all"]], found$solutions$solution)
    any(vapply(sequences, function(r) isTRUE(all.equal(r, as.numeric(8:6))), TRUE))
  }
  expect_true(has(63))
  expect_true(has(62))
  expect_false(has(64))
})

test_that("bad tables are refused by rule", {
  good <- printed("Overall survival")
  refuse <- function(class, ..., x = good) {
    expect_error(reconstruct_km(x, ...), class = paste0("cryonodes_error_", class))
  }
  refuse("group")
  refuse("group", pooled = "nobody")
  refuse("table", pooled = whole, x = within(good, estimate[1] <- 120))
  refuse("table", pooled = whole, x = within(good, std.error[2] <- -1))
  refuse("table", pooled = whole, x = within(good, n[group == "Oligo-metastatic"] <- 10L))
  refuse("table", pooled = whole, x = within(good, time[2] <- NA))
  refuse("table", pooled = whole, x = rbind(good, good[1, ]))
  refuse("table", pooled = whole, x = good[setdiff(names(good), "decimals")])
  refuse("table", pooled = whole, x = good[setdiff(names(good), "std.error")])
  refuse("table", x = data.frame(time = 1, estimate = 0.9, std.error = 0.05), n = 9, decimals = 2)
  refuse("table", pooled = whole, facts = data.frame(fact = "n.risk", group = whole, time = 13, value = 2))
  refuse("table", pooled = whole, facts = data.frame(fact = "deaths", group = whole, time = 12, value = 2))
  refuse("choice", pooled = whole, rounding = "banker")
  refuse("choice", pooled = whole, tolerance = 1)
  refuse("count", pooled = whole, max_solutions = -1)
  refuse("memory", pooled = whole, rounding = "half-up or truncated", max_states = 3)
  error <- tryCatch(reconstruct_km(within(good, estimate[4] <- 120), pooled = whole), error = identity)
  expect_match(conditionMessage(error), "not 120 in row 4")
  expect_identical(error$rows, 4L)
})

test_that("B244: an interrupt ends a long search with a condition, and the next search is whole", {
  skip_on_cran() # long
  # Nothing is known of the rates, so the search visits everything.
  heavy <- data.frame(group = rep(c("all", "x", "y"), each = 2), time = c(1, 2), estimate = NA_real_, std.error = NA_real_)
  started <- proc.time()[["elapsed"]]
  ended <- tryCatch(
    {
      setTimeLimit(elapsed = 1, transient = TRUE)
      reconstruct_km(heavy, n = c(all = 300, x = 200, y = 100), pooled = "all", decimals = 1)
    },
    interrupt = function(e) "stopped", error = function(e) "stopped"
  )
  setTimeLimit(elapsed = Inf)
  expect_identical(ended, "stopped")
  # Half a second after the second that was allowed, and as much again for a busy machine.
  expect_lt(proc.time()[["elapsed"]] - started, 2)
  expect_identical(reconstruct_km(printed("Overall survival"), pooled = whole, release = 0)$n_solutions, 0)
})

test_that("B205: a reconstruction that lost a field or its format is refused", {
  os <- reconstruct_km(printed("Overall survival"), pooled = whole, release = 0)
  broken <- os
  broken$identified <- NULL
  expect_error(print(broken), class = "cryonodes_error_object")
  old <- os
  old$meta$format <- 0L
  expect_error(tidy(old), class = "cryonodes_error_object")
  expect_error(simulate(os), class = "cryonodes_error_empty")
})

test_that("print says in words what was found", {
  local_reproducible_output(width = 100)
  expect_snapshot({
    reconstruct_km(printed("Overall survival"), pooled = whole)
    reconstruct_km(printed("Overall survival"), pooled = whole, rounding = "half-up or truncated")
    glance(reconstruct_km(printed("Overall survival"), pooled = whole))
  })
})
