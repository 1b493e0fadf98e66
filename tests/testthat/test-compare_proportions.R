# Truth: Newcombe's (1998) published limits; tests/golden/compare_proportions.csv (ratesci); roots checked by the
# definition of the statistics.

golden <- function(file) utils::read.csv(testthat::test_path("..", "golden", file))

compare <- function(x1, n1, x2, n2, ...) compare_proportions(x1, n1 - x1, x2, n2 - x2, ...)

limits_of <- function(...) as.vector(compare(...)$conf.int)

test_that("Newcombe's (1998) table II: Mee (method 5) and Miettinen-Nurminen (method 6)", {
  cases <- list(
    list(c(56, 70, 48, 80), c(0.0533, 0.3377), c(0.0528, 0.3382)),
    list(c(9, 10, 3, 10), c(0.1821, 0.8370), c(0.1700, 0.8406)),
    list(c(6, 7, 2, 7), c(0.0544, 0.8478), c(0.0342, 0.8534)),
    list(c(5, 56, 0, 29), c(-0.0313, 0.1926), c(-0.0326, 0.1933)),
    list(c(0, 10, 0, 20), c(-0.1611, 0.2775), c(-0.1658, 0.2844)),
    list(c(0, 10, 0, 10), c(-0.2775, 0.2775), c(-0.2879, 0.2879)),
    list(c(10, 10, 0, 20), c(0.7225, 1), c(0.7156, 1)),
    list(c(10, 10, 0, 10), c(0.6777, 1), c(0.6636, 1))
  )
  for (case in cases) {
    counts <- as.list(case[[1]])
    expect_equal(round(do.call(limits_of, c(counts, correct = FALSE)), 4), case[[2]])
    expect_equal(round(do.call(limits_of, counts), 4), case[[3]])
  }
})

test_that("score limits agree with ratesci", {
  skip_on_cran()
  g <- golden("compare_proportions.csv")
  expect_gt(nrow(g), 100)
  for (i in seq_len(nrow(g))) {
    r <- g[i, ]
    own <- limits_of(r$x1, r$n1, r$x2, r$n2, measure = r$measure, correct = r$correct, conf.level = r$conf.level)
    # Recorded to 10 decimals, of a bisection.
    expect_equal(own, c(r$conf.low, r$conf.high), tolerance = 1e-8, info = paste("row", i))
  }
})

test_that("without the factor p is that of the chi-square test", {
  set.seed(1)
  for (k in 1:10) {
    x <- matrix(sample(1:40, 4), 2)
    truth <- suppressWarnings(stats::prop.test(x, correct = FALSE)$p.value)
    for (measure in c("difference", "ratio", "odds ratio")) {
      expect_equal(compare_proportions(x, measure = measure, correct = FALSE)$p.value, truth, tolerance = 1e-12)
    }
  }
})

test_that("limits and p agree, and turn with groups and events", {
  skip_on_cran() # long
  set.seed(2)
  seen <- c(0, 0)
  for (k in 1:40) {
    n <- sample(3:40, 2)
    x <- c(stats::rbinom(1, n[1], 0.6), stats::rbinom(1, n[2], 0.35))
    for (measure in c("difference", "ratio", "odds ratio")) {
      one <- compare(x[1], n[1], x[2], n[2], measure = measure)
      out <- one$null.value < one$conf.int[1] || one$null.value > one$conf.int[2]
      expect_identical(unname(out), one$p.value < 0.05)
      seen <- seen + c(out, !out)
      back <- limits_of(x[2], n[2], x[1], n[1], measure = measure)
      turn <- if (measure == "difference") -rev(back) else rev(1 / back)
      expect_equal(as.vector(one$conf.int), turn, tolerance = 1e-11)
      if (measure != "ratio") {
        back <- limits_of(n[1] - x[1], n[1], n[2] - x[2], n[2], measure = measure)
        turn <- if (measure == "difference") -rev(back) else rev(1 / back)
        expect_equal(as.vector(one$conf.int), turn, tolerance = 1e-11)
      }
      greater <- compare(x[1], n[1], x[2], n[2], measure = measure, alternative = "greater", conf.level = 0.975)
      expect_equal(greater$conf.int[1], one$conf.int[1], tolerance = 1e-12)
    }
  }
  expect_true(all(seen > 20))
})

test_that("zero counts have limits at the bounds", {
  expect_identical(limits_of(0, 5, 0, 7, measure = "ratio"), c(0, Inf))
  expect_identical(compare(0, 5, 0, 7, measure = "ratio")$estimate[["ratio"]], NA_real_)
  expect_identical(compare(0, 5, 0, 7, measure = "odds ratio")$p.value, 1)
  expect_identical(limits_of(3, 5, 0, 7, measure = "ratio")[2], Inf)
  expect_identical(compare(3, 5, 0, 7, measure = "ratio")$estimate[["ratio"]], Inf)
  expect_identical(limits_of(0, 5, 3, 7, measure = "odds ratio")[1], 0)
  expect_identical(limits_of(5, 5, 0, 7)[2], 1)
  expect_identical(limits_of(0, 5, 7, 7)[1], -1)
  expect_identical(limits_of(4, 5, 1, 7, alternative = "greater")[2], 1)
  expect_identical(limits_of(4, 5, 1, 7, alternative = "less", measure = "ratio")[1], 0)
})

test_that("exact limits: those of barnard_test(), they contain the data, and agree with p", {
  skip_on_cran() # long
  one <- compare(7, 15, 12, 15, method = "exact")
  other <- barnard_test(7, 8, 12, 3)
  expect_identical(one$conf.int, other$conf.int)
  expect_identical(one$p.value, other$p.value)
  set.seed(3)
  for (k in 1:12) {
    n <- sample(4:14, 2)
    x <- c(stats::rbinom(1, n[1], 0.7), stats::rbinom(1, n[2], 0.3))
    for (measure in c("difference", "ratio", "odds ratio")) for (ts in c("central", "square")) {
      if (measure == "odds ratio" && ts == "square") next
      one <- compare(x[1], n[1], x[2], n[2], measure = measure, method = "exact", tsmethod = ts)
      out <- one$null.value < one$conf.int[1] || one$null.value > one$conf.int[2]
      expect_identical(unname(out), one$p.value < 0.05)
      at <- one$estimate[[3]]
      if (!is.na(at)) expect_true(one$conf.int[1] <= at && at <= one$conf.int[2])
    }
  }
  expect_error(compare(1, 3, 2, 3, method = "exact", tsmethod = "square", measure = "odds ratio"),
    class = "cryonodes_error_choice"
  )
})

test_that("exact limits cover at least their level", {
  skip_on_cran() # long
  n <- c(6, 5)
  tables <- expand.grid(x1 = 0:n[1], x2 = 0:n[2])
  for (measure in c("difference", "ratio")) for (ts in c("central", "square")) {
    limits <- t(mapply(function(x1, x2) {
      limits_of(x1, n[1], x2, n[2], measure = measure, method = "exact", tsmethod = ts, conf.level = 0.9)
    }, tables$x1, tables$x2))
    set.seed(4)
    for (k in 1:300) {
      p <- stats::runif(2)
      value <- if (measure == "difference") p[1] - p[2] else p[1] / p[2]
      weight <- stats::dbinom(tables$x1, n[1], p[1]) * stats::dbinom(tables$x2, n[2], p[2])
      expect_gte(sum(weight[limits[, 1] <= value & value <= limits[, 2]]), 0.9 - 1e-12)
    }
  }
})

test_that("what cannot be compared is refused; print says what was compared", {
  for (case in list(
    list("choice", quote(compare(1, 3, 2, 3, measure = "risk"))),
    list("choice", quote(compare(1, 3, 2, 3, method = "wald"))),
    list("empty", quote(compare(1, 3, 0, 0))), list("type", quote(compare(1, 3, 2, 3, correct = NA))),
    list("conf_level", quote(compare(1, 3, 2, 3, conf.level = 0))),
    list("memory", quote(compare(1, 3000, 2, 3, method = "exact")))
  )) {
    expect_error(eval(case[[2]]), class = paste0("cryonodes_error_", case[[1]]), info = deparse(case[[2]]))
  }
  expect_snapshot({
    compare_proportions(56, 14, 48, 32)
    compare_proportions(3, 2, 0, 7, measure = "ratio", correct = FALSE)
    compare_proportions(7, 8, 12, 3, method = "exact", tsmethod = "square")
  })
})
