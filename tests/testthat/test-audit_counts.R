claim_rows <- function(kind, value, decimals, n, ..., whole = TRUE, variable = NA) {
  k <- max(lengths(list(kind, value)))
  data.frame(
    id = paste0("r", seq_len(k)), claim = paste("claim", seq_len(k)), kind = kind, value = value, decimals = decimals,
    n = n, whole = whole, variable = variable, ..., stringsAsFactors = FALSE
  )
}

verdict_of <- function(ledger, check) ledger$verdict[ledger$check == check]

test_that("GRIM: the example of Brown and Heathers (2017), in fractions", {
  # 145/28 = 5.1785... and 146/28 = 5.2142...: 5.18 and 5.21 can be printed, 5.19 cannot.
  means <- c(5.18, 5.19, 5.20, 5.21)
  verdicts <- vapply(means, function(m) audit_counts(claim_rows("mean", m, 2, 28))$verdict, "")
  expect_identical(verdicts, c("consistent", "contradicted", "contradicted", "consistent"))
  shown <- audit_counts(claim_rows("mean", 5.19, 2, 28))$arithmetic
  expect_match(shown, "145/28 = 5.1786, 146/28 = 5.2143", fixed = TRUE)
  # Of 100 second decimals, as many as n are possible while n is below 50 and no fraction is a tie.
  hundredths <- audit_counts(claim_rows("mean", 3 + 0:99 / 100, 2, 28))
  expect_identical(sum(hundredths$verdict != "contradicted" & !grepl("cut off", hundredths$arithmetic)), 28L)
})

test_that("whole sums are those of an enumeration in whole numbers", {
  skip_on_cran()
  set.seed(1)
  for (i in 1:400) {
    n <- sample(40, 1)
    decimals <- sample(0:3, 1)
    scale <- sample(c(1, 100), 1)
    last <- sample(0:(5 * 10^decimals), 1)
    # |scale S / n - last / 10^d| <= 1 / (2 10^d), all sides times 2 n 10^d.
    sums <- (-n):(6 * n)
    distance <- 2 * abs(scale * sums * 10^decimals - last * n)
    found <- sums[distance <= n]
    got <- printing_sums(last / 10^decimals, decimals, n, scale)
    expect_identical(if (is.null(got)) integer() else as.integer(got), if (length(found)) range(found) else integer())
    cut <- sums[(scale * sums * 10^decimals) %/% n == last]
    got <- printing_sums(last / 10^decimals, decimals, n, scale, "cut")
    expect_identical(if (is.null(got)) integer() else as.integer(got), if (length(cut)) range(cut) else integer())
  }
})

test_that("percentages: with their count, without it, ties, and what is only cut off", {
  with_count <- function(value, decimals, count, n) {
    audit_counts(claim_rows("percent", value, decimals, n, count = count))
  }
  expect_identical(with_count(5.6, 1, 2, 36)$verdict, "reproduced")
  against <- with_count(7.9, 1, 2, 29)
  expect_identical(against$verdict, "contradicted")
  # 2/29 = 6.897%; k/29 is 6.9 or 10.3; 2/n is 7.7 (26) or 8.0 (25).
  expect_identical(against$arithmetic, "2 / 29 = 6.897%")
  expect_identical(
    against$needed, "another count of 29 (none prints so), or another denominator of 2 (none prints so)"
  )
  expect_match(with_count(3.7, 1, 2, 56)$needed, "another denominator of 2 (54)", fixed = TRUE)
  # 1/8 = 12.5%: half up 13, half even 12.
  for (value in 12:13) {
    tie <- with_count(value, 0, 1, 8)
    expect_identical(tie$verdict, "reproduced")
    expect_match(tie$arithmetic, "a tie")
  }
  expect_identical(with_count(14, 0, 1, 8)$verdict, "contradicted")
  # 7/9 = 77.77...%
  cut <- with_count(77.7, 1, 7, 9)
  expect_identical(cut$verdict, "consistent")
  expect_match(cut$arithmetic, "only if cut off, not rounded", fixed = TRUE)
  without <- function(value, n) audit_counts(claim_rows("percent", value, 0, n))
  expect_identical(without(35, 24)$verdict, "contradicted")
  expect_match(without(38, 24)$arithmetic, "9 of 24")
  # 5/48 = 10.4%: 11 is no share of 9, 120% of nothing.
  expect_identical(without(120, 5)$verdict, "contradicted")
})

test_that("a part is no more than its whole", {
  expect_identical(audit_counts(claim_rows("count", c(5, 6), 0, 5))$verdict, c("consistent", "contradicted"))
})

# All ordered samples of whole numbers from 1 to `top`.
all_samples <- function(n, top) {
  grid <- as.matrix(expand.grid(rep(list(seq_len(top)), n)))
  unique(t(apply(grid, 1, sort)))
}

# One ledger for many variables: `each` gives the rows of the i-th.
audit_many <- function(count, each) {
  rows <- do.call(rbind, lapply(seq_len(count), function(i) transform(each(i), variable = paste0("v", i))))
  rows$id <- paste0(rows$variable, rows$kind)
  ledger <- audit_counts(rows)
  ledger$variable <- rows$variable[match(ledger$id, rows$id)]
  ledger
}

test_that("no summary of data that exist is contradicted, whatever the definition of quartiles", {
  skip_on_cran()
  for (n in 2:5) {
    samples <- all_samples(n, if (n < 5) 4 else 3)
    ledger <- audit_many(nrow(samples), function(i) {
      x <- samples[i, ]
      quartiles <- stats::quantile(x, c(0.25, 0.75), names = FALSE, type = 1 + i %% 9)
      value <- c(mean(x), stats::sd(x), stats::median(x), quartiles, range(x))
      claim_rows(c("mean", "sd", "median", "q1", "q3", "min", "max"), round(value, 2), 2, n)
    })
    expect_setequal(unique(ledger$check), c(
      "whole sum", "middle of whole numbers", "order", "mean within the order", "standard deviation within the order",
      "whole sum of squares"
    ))
    expect_identical(ledger$claim[ledger$verdict != "consistent"], character())
  }
})

test_that("hinges and medians of halves lie at the places of the quartiles too", {
  for (n in 2:25) {
    x <- as.double(seq_len(n))^2
    half <- seq_len(floor(n / 2))
    for (quartiles in list(stats::fivenum(x)[c(2, 4)], c(stats::median(x[half]), stats::median(rev(x)[half])))) {
      rows <- claim_rows(c("q1", "q3", "min", "max"), c(quartiles, 1, n^2), 4, n, variable = "x")
      # The very values: nothing lower at its place, nothing higher.
      box <- order_box(split(read_claims(rows, NULL), rows$kind), n, FALSE)
      expect_true(all(box$low <= box$high))
      spread <- data.frame(low = rep(box$low, box$times), high = rep(box$high, box$times))
      expect_true(all(x >= spread$low & x <= spread$high), info = n)
    }
  }
})

test_that("mean and range of whole numbers: contradicted exactly when no sample prints so", {
  skip_on_cran()
  # Between the extremes all sums can be had, so these checks leave nothing out.
  for (n in 3:4) {
    samples <- all_samples(n, 4)
    asked <- expand.grid(low = 1:4, high = 1:4, tenths = 10:40)
    asked <- asked[asked$low <= asked$high, ]
    ledger <- audit_many(nrow(asked), function(i) {
      claim_rows(c("mean", "min", "max"), c(asked$tenths[i] / 10, asked$low[i], asked$high[i]), c(1, 0, 0), n)
    })
    against <- unique(ledger$variable[ledger$verdict == "contradicted"])
    # In whole numbers: |sum / n - tenths / 10| <= 1/20, or cut off to tenths, and the range is had.
    real <- mapply(function(low, high, tenths) {
      sums <- rowSums(samples)[samples[, 1] == low & samples[, n] == high]
      any(abs(20 * sums - 2 * n * tenths) <= n | (10 * sums) %/% n == tenths)
    }, asked$low, asked$high, asked$tenths)
    expect_gt(sum(real), 5)
    expect_setequal(against, paste0("v", which(!real)))
  }
})

test_that("bounds of the standard deviation hold all samples and are met by some", {
  skip_on_cran()
  for (n in 3:4) {
    samples <- all_samples(n, 5)
    for (row in seq_len(nrow(samples))) {
      x <- samples[row, ]
      alike <- samples[samples[, 1] == x[1] & samples[, n] == x[n] & rowSums(samples) == sum(x), , drop = FALSE]
      sds <- apply(alike, 1, stats::sd)
      stat <- read_claims(claim_rows(c("min", "max"), range(x), 8, n, whole = FALSE, variable = "x"), NULL)
      box <- order_box(split(stat, stat$kind), n, FALSE)
      edges <- sqrt(squares_about_mean(box, n, rep(sum(x), 2)) / (n - 1))
      # 1e-6: the box is as wide as the eighth decimal leaves it.
      expect_true(all(sds >= edges[1] - 1e-6 & sds <= edges[2] + 1e-6))
    }
  }
  # Worked: 0, 0, 3 is the only sample of three with range 0 to 3 and mean 1; its variance is (1 + 1 + 4)/2 = 3.
  sd_of <- function(sd) {
    audit_counts(claim_rows(c("mean", "sd", "min", "max"), c(1, sd, 0, 3), 4, 3, whole = FALSE, variable = "x"))
  }
  # 1e-2: the mean is known to its fourth decimal only.
  expect_identical(verdict_of(sd_of(round(sqrt(3), 4)), "standard deviation within the order"), "consistent")
  expect_identical(verdict_of(sd_of(1.71), "standard deviation within the order"), "contradicted")
  expect_identical(verdict_of(sd_of(1.75), "standard deviation within the order"), "contradicted")
  # With divisor n: sqrt(6 / 3) = 1.4142.
  only_n <- sd_of(1.4142)
  expect_match(only_n$arithmetic[only_n$check == "standard deviation within the order"], "only with divisor n")
})

test_that("GRIMMER: standard deviations of whole numbers, against all samples", {
  skip_on_cran()
  n <- 4
  samples <- all_samples(n, 5)
  hundredths <- as.double(0:250)
  for (mean in c(2.5, 3.25)) {
    real <- apply(samples[rowSums(samples) == n * mean, , drop = FALSE], 1, stats::sd)
    ledger <- audit_many(length(hundredths), function(i) {
      claim_rows(c("mean", "sd"), c(mean, hundredths[i] / 100), 2, n)
    })
    whole <- ledger[ledger$check == "whole sum of squares", ]
    possible <- hundredths[paste0("v", seq_along(hundredths)) %in% whole$variable[whole$verdict == "consistent"]]
    # 1e-9: binary fractions.
    near <- function(sds) hundredths[vapply(hundredths, function(h) any(abs(100 * sds - h) <= 0.5 + 1e-9), TRUE)]
    expect_identical(setdiff(near(real), possible), numeric())
    # Sums of squares have the parity of the sum, with either divisor; without limits these are all there are.
    sum <- n * mean
    squares <- seq(ceiling(sum^2 / n), 200)
    about <- squares[(squares - sum) %% 2 == 0] - sum^2 / n
    expect_identical(possible, union(near(sqrt(about / (n - 1))), near(sqrt(about / n))) |> sort())
    expect_lt(length(possible), length(hundredths) / 5)
  }
})

test_that("a mean without a whole sum is told once", {
  # 51/19 = 2.684 and 52/19 = 2.737: no sum makes 2.72.
  rows <- claim_rows(c("mean", "sd", "min", "max"), c(2.72, 3.1, 1, 6), c(2, 1, 0, 0), 19, variable = "x")
  against <- subset(as.data.frame(audit_counts(rows)), verdict == "contradicted")
  expect_identical(against$check, c("whole sum", "standard deviation within the order"))
})

test_that("quartiles out of order, medians between whole numbers", {
  bad <- audit_counts(claim_rows(c("q1", "median", "q3"), c(15, 13, 20), 0, 30, variable = "x"))
  expect_true(all(verdict_of(bad, "order") == "contradicted"))
  half <- function(n) {
    verdict_of(audit_counts(claim_rows("median", 2.5, 1, n, variable = "x")), "middle of whole numbers")
  }
  expect_identical(c(half(4), half(5)), c("consistent", "contradicted"))
  expect_identical(
    audit_counts(claim_rows("sd", 1, 0, 1, variable = "x"))$verdict, "not checkable"
  )
})

test_that("bad claims are refused with their rows", {
  good <- claim_rows("mean", 1, 0, 3)
  expect_error(audit_counts(), class = "cryonodes_error_missing")
  expect_error(audit_counts(1), class = "cryonodes_error_type")
  expect_error(audit_counts(good[0, ]), class = "cryonodes_error_empty")
  expect_error(audit_counts(good[-3]), class = "cryonodes_error_column")
  expect_error(audit_counts(transform(good, kind = "average")), class = "cryonodes_error_choice")
  expect_error(audit_counts(transform(good, value = "1,5")), "'1,5', in row 1", class = "cryonodes_error_value")
  expect_error(audit_counts(transform(good, value = NA)), class = "cryonodes_error_missing")
  expect_error(audit_counts(transform(good, value = 1.25, decimals = 1)), class = "cryonodes_error_value")
  expect_error(audit_counts(transform(good, n = 0)), class = "cryonodes_error_value")
  expect_error(audit_counts(transform(good, decimals = 9)), class = "cryonodes_error_value")
  expect_error(audit_counts(rbind(good, good)), class = "cryonodes_error_id")
  expect_error(audit_counts(good, most = 1), class = "cryonodes_error_choice")
  twice <- transform(rbind(good, good), id = c("a", "b"), variable = "x")
  expect_error(audit_counts(twice), class = "cryonodes_error_value")
  expect_error(audit_counts(tempfile()), class = "cryonodes_error_csv")
})

test_that("labels print as they are, on one line", {
  label <- "50% of {n} \\d <b>x</b> %s `r 1` \"q\"\nsecond"
  rows <- transform(claim_rows("percent", 35, 0, 24), claim = label, where = "=cmd|' /C calc'!A0")
  shown <- paste(capture.output(print(audit_counts(rows))), collapse = "\n")
  expect_match(shown, "50% of {n} \\d <b>x</b> %s `r 1` \"q\" second (=cmd|' /C calc'!A0): printed 35", fixed = TRUE)
  expect_identical(audit_counts(rows)$claim, label)
})

test_that("a ledger counts each claim once, under its gravest verdict", {
  rows <- claim_rows(c("mean", "sd", "min", "max"), c(3, 9, 1, 14), 0, 20, variable = "stay")
  ledger <- audit_counts(rows)
  counted <- summary(ledger)
  expect_identical(counted$id, rows$id)
  expect_identical(counted$verdict, c("consistent", "contradicted", "consistent", "consistent"))
  expect_identical(sum(counted$checks), nrow(ledger))
  expect_identical(unlist(glance(ledger)[3:6], use.names = FALSE), c(1L, 0L, 3L, 0L))
  expect_identical(class(tidy(ledger)), "data.frame")
  expect_identical(as.data.frame(ledger), tidy(ledger))
  expect_error(summary(ledger["id"]), class = "cryonodes_error_object")
  expect_error(print(ledger, most = -1), class = "cryonodes_error_count")
})
