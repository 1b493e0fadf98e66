# Bad and unusual input through every exported function: a right answer or a typed error.

test_that("who enters after the asked time is not at risk at it", {
  # By hand: entries 0, 2, 6; exits 5, 8, 9. At t those with entry < t <= exit are at risk, at 0 those who enter then.
  d <- data.frame(entry = c(0, 2, 6), exit = c(5, 8, 9), status = c(1, 1, 0))
  fit <- kaplan_meier(Surv(entry, exit, status) ~ 1, d)
  asked <- c(0, 1, 2, 3, 5, 5.5, 6, 7, 8, 8.5, 9, 10)
  expect_equal(rates(fit, asked)$n.risk, c(1, 1, 1, 2, 2, 1, 1, 2, 2, 1, 1, 0))
  # In any order of asking, and of a fit taken out of one by group; weights count.
  expect_equal(rates(fit, rev(asked))$n.risk, rev(c(1, 1, 1, 2, 2, 1, 1, 2, 2, 1, 1, 0)))
  both <- kaplan_meier(Surv(entry, exit, status) ~ g, rbind(
    cbind(d, g = "a"), cbind(transform(d, entry = entry + 1, exit = exit + 1), g = "b")
  ))
  expect_equal(rates(both[2], c(1, 2, 4))$n.risk, rates(both, c(1, 2, 4))$n.risk[4:6])
  heavy <- kaplan_meier(Surv(entry, exit, status) ~ 1, d, weights = c(1, 3, 1))
  expect_equal(rates(heavy, c(1, 3))$n.risk, c(1, 4))
})

test_that("at the curve's own times the number at risk is the curve's, with entries anywhere", {
  set.seed(5)
  d <- data.frame(entry = sample(0:9, 60, TRUE), status = rbinom(60, 1, 0.5))
  d$exit <- d$entry + sample(1:9, 60, TRUE)
  fit <- kaplan_meier(Surv(entry, exit, status) ~ 1, d)
  asked <- seq(0.25, 18, by = 0.25)
  expect_equal(rates(fit, asked)$n.risk, vapply(asked, function(t) sum(d$entry < t & d$exit >= t), 0))
})

patients <- data.frame(
  time = c(5, 8, 12, 20, 33, 40), status = c(1, 0, 1, 0, 0, 1), arm = c("a", "a", "b", "b", "a", "b")
)
refused <- function(expr, rule) expect_error(expr, class = paste0("cryonodes_error_", rule))
by_arm <- function() kaplan_meier(Surv(time, status) ~ arm, patients)

test_that("a table with large counts needs no row per subject", {
  # By hand: 1e9 at risk less one event and 3 who stay: S = (1 - 1/2) then.
  fit <- kaplan_meier(event_counts(1:2, c(1e9, 2), c(0, 2)))
  expect_equal(fit$n.risk, c(1e9 + 4, 4))
  expect_equal(fit$surv, c(4 / (1e9 + 4), 2 / (1e9 + 4)))
  expect_equal(fit$n, 1e9 + 4)
  # And a small one is the fit of its subjects, element by element.
  whole <- kaplan_meier(c(1, 1, 2, 2, 2), c(1, 1, 1, 0, 0), c("x", "y", "x", "y", "y"))
  counted <- kaplan_meier(event_counts(c(1, 2, 1, 2), c(1, 1, 1, 0), c(0, 0, 0, 2), group = c("x", "x", "y", "y")))
  same <- setdiff(names(whole), c("call", "meta"))
  expect_equal(unclass(counted)[same], unclass(whole)[same])
})

test_that("columns may be written with `$`, inside `Surv()`, as group, weights and subset", {
  expect_equal(tidy(kaplan_meier(Surv(patients$time, patients$status) ~ patients$arm)), tidy(by_arm()))
  expect_equal(kaplan_meier(Surv(time, status) ~ 1, patients, subset = patients$arm == "a")$n, 3L)
  refused(kaplan_meier(Surv(nowhere$time, status) ~ 1, patients), "column")
})

test_that("dates and lengths of time are groups like any others", {
  day <- as.Date("2020-01-01") + c(1, 0, 1)
  fit <- kaplan_meier(1:3, c(1, 0, 1), day)
  expect_identical(fit$meta$group_labels, c("2020-01-01", "2020-01-02"))
  expect_equal(fit$n, c(1L, 2L))
})

test_that("a level NA of a factor is a missing value, and a code without level is refused", {
  hidden <- factor(c("a", NA, "b"), exclude = NULL)
  expect_identical(refused(kaplan_meier(1:3, c(1, 0, 1), hidden), "missing")$rows, 2L)
  expect_equal(kaplan_meier(1:3, c(1, 0, 1), hidden, na.action = "omit")$meta$rows_dropped, 2L)
  broken <- structure(c(1L, 5L, 2L), levels = c("0", "1"), class = "factor")
  expect_identical(refused(kaplan_meier(1:3, c(1, 0, 1), broken), "type")$rows, 2L)
  refused(kaplan_meier(1:3, broken), "type")
  refused(table_characteristics(data.frame(a = broken)), "type")
})

test_that("64-bit integers and Surv objects are not read as numbers", {
  wide <- structure(c(1, 2, 3), class = "integer64")
  spans <- survival::Surv(1:3, c(1, 0, 1))
  refused(kaplan_meier(1:3, c(1, 0, 1), wide), "type")
  refused(kaplan_meier(1:3, c(1, 0, 1), weights = wide), "type")
  refused(rates(by_arm(), wide), "times")
  refused(rates(by_arm(), spans), "times")
  refused(fisher_test(spans), "type")
  refused(format_p(spans), "type")
  refused(event_counts(1:3, 1, n = list(3)), "type")
})

test_that("a row number given twice is refused, not used once", {
  refused(kaplan_meier(Surv(time, status) ~ 1, patients, subset = c(1, 1, 2)), "type")
  refused(kaplan_meier(Surv(time, status) ~ 1, patients, subset = c(-1, 2)), "type")
})

test_that("of two columns with one name none is read silently", {
  twice <- stats::setNames(patients, c("time", "status", "time"))
  refused(kaplan_meier(Surv(time, status) ~ 1, twice), "column")
  refused(table_characteristics(twice), "column")
  printed <- stats::setNames(data.frame(12, 0.5, 0.1, 0.4), c("time", "estimate", "std.error", "estimate"))
  refused(table_rates(cbind(group = "x", printed)), "column")
  refused(reconstruct_km(printed, n = 9, decimals = 1, scale = "proportion"), "column")
  refused(kaplan_meier(Surv(time, status) ~ 1, list(1, 2)), "column")
})

test_that("an expression that fails is reported as part of the formula", {
  refused(kaplan_meier(Surv(time, status) ~ stop("no"), patients), "formula")
  refused(kaplan_meier(Surv(log("a"), status) ~ 1, patients), "formula")
  refused(kaplan_meier(Surv(time, status) ~ ., patients), "formula")
  refused(kaplan_meier(Surv(time, status, time = 3, time = 4) ~ 1, patients), "formula")
  refused(kaplan_meier(Surv(time, status) ~ 1, patients, subset = stop("no")), "formula")
  refused(kaplan_meier(Surv(time, status) ~ 1, patients, event = mean), "status")
})

test_that("options of methods are checked before base R or survival see them", {
  fit <- by_arm()
  for (bad in list(NULL, NA, Inf, "a", 1:2, list(1), mean, -1, 99)) {
    refused(print(fit, digits = bad), "type")
    refused(print(rates(fit, 12), digits = bad), "type")
    refused(print(fisher_test(3, 1, 1, 3), digits = bad), "type")
    refused(format_p(0.3, digits = bad), "type")
    refused(table_rates(fit, 12, digits = bad), "type")
  }
  refused(print(logrank_test(Surv(time, status) ~ arm, patients), digits = "a"), "type")
  refused(format_p(0.3, eps = "a"), "type")
  refused(quantile(fit, probs = 2), "choice")
  refused(quantile(fit, probs = NA), "choice")
  refused(summary(fit, times = "a"), "times")
  refused(summary(fit, times = 1e6), "choice")
  for (bad in list(3, "x", NA, list(1), mean)) expect_error(fit[bad], class = "cryonodes_error")
  refused(fit[0], "empty")
  refused(rates(fit), "missing")
  refused(rates(NULL, 12), "object")
  refused(table_rates(fit, 12, p = mean, p.label = "x"), "type")
  refused(table_characteristics(), "missing")
  refused(event_counts(), "missing")
  refused(reconstruct_km(), "missing")
  skip_if_not_installed("patchwork")
  refused(figure_outcomes(fit, base_size = "a"), "type")
  refused(figure_outcomes(fit, p = character()), "type")
})

test_that("the printed table of a reconstruction has names, one size a group and one `decimals`", {
  printed <- data.frame(time = c(12, 24), estimate = c(90, 45), std.error = c(9, 22))
  for (bad in list(1:3, "a", mean, list(1))) refused(reconstruct_km(printed, n = 9, decimals = bad), "type")
  refused(reconstruct_km(printed, n = mean, decimals = 1), "type")
  refused(reconstruct_km(cbind(group = c("", "x"), printed), n = c(x = 9), decimals = 1), "table")
  # More cells to release than there are is the same as all of them.
  impossible <- data.frame(time = 12, estimate = 90, std.error = 40)
  expect_equal(
    reconstruct_km(impossible, n = 9, decimals = 1, release = 1e9)$release$cell,
    reconstruct_km(impossible, n = 9, decimals = 1, release = 2)$release$cell
  )
})

test_that("an object that lost a part, or has a part of another kind, is refused by every method", {
  skip_on_cran() # long
  methods <- list(print, summary, quantile, tidy, glance, as.data.frame, plot, function(x) rates(x, 12), function(x) x[1])
  damaged <- function(x, field, value) {
    parts <- unclass(x)
    parts[[field]] <- value
    structure(parts, class = class(x))
  }
  for (method in methods) {
    for (field in c("time", "surv", "n.risk", "strata", "meta", "n")) refused(method(damaged(by_arm(), field, NULL)), "object")
    for (field in c("time", "surv", "strata", "meta", "n")) refused(method(damaged(by_arm(), field, "x")), "object")
  }
  late <- kaplan_meier(Surv(c(0, 2), c(3, 4), c(1, 1)) ~ 1)
  late$meta$entries <- NULL
  refused(rates(late, 1), "object")
  counts <- event_counts(1:2, 1, c(0, 3))
  attr(counts, "meta") <- NULL
  refused(kaplan_meier(counts), "object")
})

test_that("B204: of an .rds file cut short nothing is read; a whole one comes back", {
  skip_on_cran() # long
  fits <- list(
    by_arm(), nelson_aalen(Surv(time, status) ~ arm, patients), logrank_test(Surv(time, status) ~ arm, patients),
    cumulative_incidence(Surv(time, status + (time > 30)) ~ arm, patients), fisher_test(3, 1, 1, 3),
    event_counts(1:2, 1, c(0, 3)), landmark(patients, 8), table_rates(by_arm(), times = 10)
  )
  file <- tempfile(fileext = ".rds")
  on.exit(unlink(file))
  for (fit in fits) {
    for (compress in c(TRUE, FALSE)) {
      saveRDS(fit, file, compress = compress)
      whole <- readBin(file, "raw", file.size(file))
      # Without the last ten bytes of a compressed file, its checksum, nothing of the object would be lost.
      for (end in round(seq(0, length(whole) - 20, length.out = 20))) {
        writeBin(whole[seq_len(end)], file)
        expect_error(suppressWarnings(readRDS(file)), label = paste(class(fit)[1], "cut at", end))
      }
      writeBin(whole, file)
      expect_identical(capture.output(print(readRDS(file))), capture.output(print(fit)))
    }
  }
})

test_that("numbers print alike whatever the session's options are", {
  shown <- function() {
    printed <- data.frame(time = c(12, 24.5), estimate = c(88.9, 44.4), std.error = c(10.5, 22.8))
    found <- reconstruct_km(printed, n = 9, decimals = 1)
    big <- data.frame(group = "all", time = 1, estimate = 0.5, n = 100000)
    utils::capture.output({
      print(found)
      print(event_counts(c(1.5, 100000), 1, c(0, 100000)))
      print(table_rates(big))
      print(table_compare(big, big))
      print(table_rates(kaplan_meier(c(1, 2), c(1, 1)), 1, show = c("ci", "n.risk")))
      print(rates(kaplan_meier(c(1.5, 100000), c(1, 1)), c(1.5, 100000)))
      print(tryCatch(simulate(found, follow.up = 1.5), error = conditionMessage))
      print(tryCatch(fisher_test(1.5, 1, 1, 1), error = conditionMessage))
      print(tryCatch(table_rates(data.frame(group = "a", time = 1, estimate = 2.5), 1), error = conditionMessage))
    })
  }
  plain <- shown()
  expect_match(plain, "n = 100000", fixed = TRUE, all = FALSE)
  for (set in list(list(OutDec = ","), list(scipen = -10), list(scipen = 100), list(digits = 3), list(digits = 15))) {
    old <- options(set)
    changed <- shown()
    options(old)
    expect_identical(changed, plain)
  }
})

test_that("endpoints of different sizes compare under headings without a size", {
  rates <- data.frame(endpoint = c("A", "B"), group = "all", time = 1, estimate = 0.5, n = c(20, 30))
  expect_identical(table_compare(rates, rates)$header$text, c("", "all"))
})

test_that("a formula without time, a function as group and levels of bytes are refused with a class", {
  d <- data.frame(t = 1:4 + 0, s = c(0, 1, 0, 1), g = c("a", "a", "b", "b"))
  expect_error(kaplan_meier(Surv(, s) ~ g, data = d), "has no time", class = "cryonodes_error_formula")
  expect_error(
    kaplan_meier(Surv(t, s) ~ g, data = list(t = 1, s = 1, g = sum)), "must be a vector, not a function",
    class = "cryonodes_error_type"
  )
  bytes <- c("\xff", "b")
  Encoding(bytes) <- "bytes"
  d$g <- structure(c(1L, 2L, 1L, 2L), levels = bytes, class = "factor")
  expect_error(kaplan_meier(Surv(t, s) ~ g, data = d), "bytes", class = "cryonodes_error_group")
})

test_that("times may be a difftime where the follow-up has a unit, and only there", {
  days <- data.frame(
    time = as.difftime(c(10, 20, 30, 40, 50, 60), units = "days"), event = c(1, 0, 1, 1, 0, 1), g = rep(1:2, each = 3)
  )
  four_weeks <- as.difftime(4, units = "weeks")
  fit <- kaplan_meier(Surv(time, event) ~ g, days)
  expect_identical(rates(fit, four_weeks), rates(fit, 28))
  expect_identical(
    tidy(compare_at(Surv(time, event) ~ g, days, times = four_weeks)),
    tidy(compare_at(Surv(time, event) ~ g, days, times = 28))
  )
  expect_identical(table_rates(fit, four_weeks)$numbers, table_rates(fit, 28)$numbers)
  expect_error(
    rates(kaplan_meier(1:3, c(1, 1, 0)), four_weeks), "`times` is in weeks, but the follow-up has no unit",
    class = "cryonodes_error_times"
  )
})

test_that("labels with control characters are escaped once where they are printed", {
  time <- c(5, 8, 12, 4, 9, 35)
  event <- c(1, 0, 1, 1, 1, 0)
  group <- rep(c("a\tb", "c\\d"), each = 3)
  printed <- list(
    compare_at(time, event, group, times = 10), compare_medians(time, event, group), follow_up(time, event, group),
    restricted_mean(time, event, group, tau = 12), event_counts(time, event, 1 - event, group = group),
    cumulative_incidence(time, event, group, censor = 0), kaplan_meier(time, event, group),
    confidence_band(kaplan_meier(time, event, group), from = 5, to = 8)
  )
  for (object in printed) {
    text <- paste(capture.output(print(object)), collapse = "\n")
    expect_match(text, "a\\tb", fixed = TRUE, info = class(object)[1])
    expect_no_match(text, "a\\\\tb", fixed = TRUE, info = class(object)[1])
    expect_no_match(text, "c\\\\\\\\d", fixed = TRUE, info = class(object)[1])
  }
})

test_that("what is wrong in a long column is found wherever it stands", {
  time <- seq(0.5, by = 0.25, length.out = 200) # whole blocks of rows and the rest of one
  event <- rep_len(0:1, 200)
  fit <- kaplan_meier(time, event)
  for (at in c(1, 64, 65, 128, 130, 192, 193, 200)) {
    put <- function(x, value) replace(x, at, value)
    for (bad in list(NaN, Inf, -Inf, -1e-300, -5)) {
      expect_error(kaplan_meier(put(time, bad), event), class = "cryonodes_error", paste0("row ", at, "\\b"))
    }
    expect_error(kaplan_meier(time, put(event, NA)), class = "cryonodes_error", paste0("row ", at, "\\b"))
    expect_error(kaplan_meier(time, put(event, 2L)), class = "cryonodes_error", paste0("row ", at, "\\b"))
    expect_error(kaplan_meier(time, put(event, -1L)), class = "cryonodes_error", paste0("row ", at, "\\b"))
    expect_error(kaplan_meier(time, put(event == 1, NA)), class = "cryonodes_error", paste0("row ", at, "\\b"))
    largest <- put(time, .Machine$double.xmax)
    expect_identical(max(kaplan_meier(largest, event)$time), .Machine$double.xmax)
    below <- put(time, -0)
    above <- put(time, 0)
    expect_identical(unclass(kaplan_meier(below, event))$surv, unclass(kaplan_meier(above, event))$surv)
    expect_identical(kaplan_meier(below, event)$time, kaplan_meier(above, event)$time)
  }
})
