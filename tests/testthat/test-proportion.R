# Truth: by hand; tests/golden/proportion.csv (definitions in 40-digit arithmetic, proportion.py) and
# proportion_clustered.csv (survey's svyciprop).

golden <- function(file) utils::read.csv(testthat::test_path("..", "golden", file))

limits_of <- function(...) {
  p <- proportion(...)
  c(p$conf.low, p$conf.high)
}

test_that("none or all of n: the limits are powers", {
  expect_equal(limits_of(0, 10), c(0, 1 - 0.025^0.1), tolerance = 1e-14)
  expect_equal(limits_of(10, 10), c(0.025^0.1, 1), tolerance = 1e-14)
  expect_equal(limits_of(0, 10, alternative = "less"), c(0, 1 - 0.05^0.1), tolerance = 1e-14)
  expect_equal(limits_of(0, 10, conf.type = "mid-p"), c(0, 1 - 0.05^0.1), tolerance = 1e-14)
  # Wilson: z^2 / (n + z^2)
  z2 <- qnorm(0.975)^2
  expect_equal(limits_of(0, 10, conf.type = "wilson"), c(0, z2 / (10 + z2)), tolerance = 1e-13)
  # Blaker, 1 of 1: P(X >= 1) = p exceeds 0.05; 0 joins at p = 1/2 only.
  expect_equal(limits_of(1, 1, conf.type = "blaker"), c(0.05, 1), tolerance = 1e-13)
})

test_that("limits agree with their definitions in 40-digit arithmetic", {
  g <- golden("proportion.csv")
  expect_gt(nrow(g), 500)
  one <- function(x, n, type, level, side) {
    limits_of(x, n, conf.type = type, conf.level = level, alternative = side)
  }
  seen <- Map(one,
    g$x, g$n, g$conf.type, g$conf.level, g$alternative
  )
  seen <- do.call(rbind, seen)
  truth <- cbind(g$conf.low, g$conf.high)
  # A lower limit that is nothing but rounding (z of 1/2) is 0 here and there.
  expect_lt(max((abs(seen - truth) - 1e-30) / pmax(truth, 1e-300)), 1e-12)
})

test_that("published limits: 81 of 263, 15 of 148, 0 of 20, 1 of 29 (Newcombe 1998, table I)", {
  wilson <- rbind(c(0.2553, 0.3662), c(0.0624, 0.1605), c(0, 0.1611), c(0.0061, 0.1718))
  exact <- rbind(c(0.2527, 0.3676), c(0.0578, 0.1617), c(0, 0.1684), c(0.0009, 0.1776))
  mid_p <- rbind(c(0.2544, 0.3658), c(0.0601, 0.1581), c(0, 0.1391), c(0.0017, 0.1585))
  x <- c(81, 15, 0, 1)
  n <- c(263, 148, 20, 29)
  rounded <- function(type) {
    p <- proportion(x, n, conf.type = type)
    round(cbind(p$conf.low, p$conf.high), 4)
  }
  expect_equal(rounded("wilson"), wilson)
  expect_equal(rounded("clopper-pearson"), exact)
  expect_equal(rounded("mid-p"), mid_p)
})

test_that("Blaker's limits are where acceptability passes alpha, and within Clopper and Pearson's", {
  skip_on_cran() # long
  acceptability <- function(p, x, n) {
    lower <- stats::pbinom(0:n, n, p)
    upper <- stats::pbinom(0:n - 1, n, p, lower.tail = FALSE)
    tail <- pmin(lower, upper)
    sum(stats::dbinom(0:n, n, p)[tail <= tail[x + 1] * (1 + 1e-12)])
  }
  for (n in c(1, 4, 9, 17, 30)) for (x in 0:n) {
    b <- limits_of(x, n, conf.type = "blaker")
    cp <- limits_of(x, n)
    expect_true(b[1] >= cp[1] - 1e-14 && b[2] <= cp[2] + 1e-14)
    # From just inside acceptability is above alpha; everywhere outside, below.
    if (x > 0) {
      expect_gt(acceptability(b[1] + 1e-9, x, n), 0.05)
      expect_lt(max(vapply(b[1] * seq(0.01, 1 - 1e-9, length.out = 200), acceptability, 0, x, n)), 0.05 + 1e-12)
    }
  }
})

test_that("limits turn with the event, and one is at most what two are", {
  for (type in c("clopper-pearson", "mid-p", "wilson", "blaker")) {
    x <- c(0, 1, 3, 7, 12, 400)
    n <- c(5, 1, 9, 20, 12, 1000)
    a <- proportion(x, n, conf.type = type)
    b <- proportion(n - x, n, conf.type = type)
    expect_equal(a$conf.low, 1 - b$conf.high, tolerance = 1e-12)
    expect_true(all(a$conf.low <= a$proportion & a$proportion <= a$conf.high))
  }
})

test_that("the exact intervals cover at least their level, whatever p", {
  for (type in c("clopper-pearson", "blaker")) {
    n <- 14
    p <- proportion(0:n, n, conf.type = type, conf.level = 0.9)
    grid <- c(seq(0.001, 0.999, length.out = 500), p$conf.low[-1] + 1e-9, p$conf.high[seq_len(n)] - 1e-9)
    covered <- vapply(grid, function(at) sum(stats::dbinom(0:n, n, at)[p$conf.low <= at & at <= p$conf.high]), 0)
    expect_gte(min(covered), 0.9 - 1e-12)
  }
})

test_that("Korn and Graubard's limits are those of survey", {
  skip_on_cran() # long
  g <- golden("proportion_clustered.csv")
  expect_gt(nrow(g), 20)
  for (i in seq_len(nrow(g))) {
    x <- as.numeric(strsplit(g$x[i], " ")[[1]])
    n <- as.numeric(strsplit(g$n[i], " ")[[1]])
    p <- proportion(x, n, cluster = seq_along(x), conf.level = g$conf.level[i])
    expect_equal(p$n.effective, g$n.effective[i], tolerance = 1e-10)
    expect_equal(c(p$conf.low, p$conf.high), c(g$conf.low[i], g$conf.high[i]), tolerance = 1e-10)
    # The same from rows, by formula and by vectors.
    rows <- data.frame(id = rep(seq_along(x), n), y = unlist(Map(function(a, b) rep(1:0, c(a, b - a)), x, n)))
    level <- g$conf.level[i]
    expect_equal(proportion(y ~ 1, rows, cluster = id, conf.level = level)$conf.low, p$conf.low, tolerance = 1e-14)
    expect_equal(proportion(rows$y, cluster = rows$id, conf.level = level)$conf.high, p$conf.high, tolerance = 1e-14)
  }
})

test_that("clusters by hand: the cap, none and all, one cluster, one row a cluster", {
  # Equal shares: v = 0, so n.
  p <- proportion(c(1, 1, 1), c(2, 2, 2), cluster = 1:3)
  expect_identical(p$n.effective, 6)
  expect_equal(c(p$conf.low, p$conf.high), limits_of(3, 6), tolerance = 1e-14)
  p <- proportion(c(0, 0, 0), c(2, 5, 1), cluster = 1:3)
  expect_identical(p$n.effective, 3)
  expect_equal(c(p$conf.low, p$conf.high), limits_of(0, 3), tolerance = 1e-14)
  p <- proportion(c(2, 5, 1), c(2, 5, 1), cluster = 1:3)
  expect_equal(c(p$conf.low, p$conf.high), limits_of(3, 3), tolerance = 1e-14)
  p <- proportion(c(1, 1), c(2, 5), cluster = c("a", "a"))
  expect_identical(c(p$conf.low, p$conf.high), c(0, 1))
  expect_match(attr(p, "meta")$notes, "one cluster only")
  # One row each: v = p (1 - p) / (n - 1), t ratio 1.
  p <- proportion(c(1, 1, 0, 0, 0), cluster = 1:5)
  expect_equal(p$n.effective, 4, tolerance = 1e-14)
})

test_that("groups, labels, missing values and the event are read as elsewhere", {
  d <- data.frame(y = c("yes", "no", "yes", NA, "no"), arm = c("a", "a", "b", "b", "b"))
  p <- proportion(y ~ arm, d, event = "yes", na.action = "omit")
  expect_identical(p$group, c("a", "b"))
  expect_identical(p$n, c(2L, 2L))
  expect_identical(p$events, c(1L, 1L))
  expect_identical(attr(p, "meta")$rows_dropped, 4L)
  expect_equal(tidy(p)$conf.low, limits_of(c(1, 1), c(2, 2))[1:2], tolerance = 1e-14)
  expect_identical(names(tidy(p)), c("strata", "n", "n.event", "estimate", "conf.low", "conf.high"))
  expect_identical(glance(p)$n, 4L)
  expect_identical(class(as.data.frame(p)), "data.frame")
  expect_identical(proportion(0, 0)$proportion, NA_real_)
  expect_identical(limits_of(0, 0), c(0, 1))
  for (case in list(
    list("count", quote(proportion(5, 3))), list("count", quote(proportion(1.5, 3))),
    list("count", quote(proportion(-1, 3))), list("count", quote(proportion(1, 2e9))),
    list("missing", quote(proportion(NA_real_, 3))), list("length", quote(proportion(1:3, 4:5))),
    list("type", quote(proportion("1", 3))), list("status", quote(proportion(c("a", "b")))),
    list("missing", quote(proportion(y ~ arm, d, event = "yes"))), list("status", quote(proportion(c(1, 2)))),
    list("conf_type", quote(proportion(1, 3, conf.type = "wald"))),
    list("conf_type", quote(proportion(1, 3, conf.type = "korn-graubard"))),
    list("conf_type", quote(proportion(c(1, 0), c(2, 2), cluster = 1:2, conf.type = "wilson"))),
    list("conf_type", quote(proportion(1, 3, conf.type = "blaker", alternative = "less"))),
    list("conf_level", quote(proportion(1, 3, conf.level = 1))),
    list("conf_level", quote(proportion(c(1, 0), cluster = 1:2, alternative = "less", conf.level = 0.4))),
    list("choice", quote(proportion(1, 3, alternative = "both"))), list("choice", quote(proportion(1, 3, event = 1))),
    list("choice", quote(proportion(1, 3, method = "exact"))), list("missing", quote(proportion())),
    list("formula", quote(proportion(Surv(1, 1) ~ 1))), list("empty", quote(proportion(numeric(), numeric())))
  )) {
    expect_error(eval(case[[2]]), class = paste0("cryonodes_error_", case[[1]]), info = deparse(case[[2]]))
  }
  expect_error(print(structure(proportion(1, 3), meta = NULL)), class = "cryonodes_error_object")
})

test_that("print says what was counted and how", {
  expect_snapshot({
    proportion(c(3, 0), c(52, 41), group = c("cryoablation", "surgery"))
    proportion(c(1, 2, 0), c(3, 4, 3), cluster = c("a", "b", "c"))
    proportion(c(TRUE, FALSE, NA), na.action = "omit", conf.type = "blaker")
    proportion(5, 3)
  }, error = TRUE)
})
