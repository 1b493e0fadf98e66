# Whatever is audited: what real data print is never called impossible, and what nobody could have printed ends in an
# answer or in an error of ours.

# All that a paper could print of one cohort, in its own rounding and definition of quartiles, as claims with rules.
claims_of_cohort <- function(data, half_up, type) {
  n <- nrow(data)
  decimals <- sample(0:2, 1)
  rounded <- function(x, d = decimals) if (half_up) round_half_up(x, d) else round(x, d)
  women <- sum(data$sex == "F")
  rows <- data.frame(
    id = c("n", "women", "men", "women_percent", "men_percent"), kind = rep(c("count", "percent"), 3:2),
    value = c(n, women, n - women, rounded(100 * women / n), rounded(100 * (n - women) / n)),
    decimals = c(0, 0, 0, decimals, decimals), n = n, count = c(NA, NA, NA, women, NA), variable = NA, whole = NA,
    recompute = c("length(sex)", "count(sex == \"F\")", "n - women", "percent(women, n)", "percent(men, n)")
  )
  for (variable in c("age", "size")) {
    x <- data[[variable]]
    q <- quantile(x, c(0.25, 0.5, 0.75), names = FALSE, type = type)
    value <- c(mean = mean(x), sd = sd(x), median = median(x), q1 = q[1], q3 = q[3], min = min(x), max = max(x))
    value <- value[!is.na(value)]
    kind <- names(value)
    d <- ifelse(kind %in% c("min", "max"), if (variable == "age") 0 else 1, decimals)
    rule <- ifelse(kind %in% c("q1", "q3"), sprintf("quantile(%s, %s)", variable, ifelse(kind == "q1", 0.25, 0.75)),
      sprintf("%s(%s)", kind, variable)
    )
    rows <- rbind(rows, data.frame(
      id = paste0(variable, "_", kind), kind, value = mapply(rounded, unname(value), d), decimals = d, n, count = NA,
      variable, whole = variable == "age", recompute = rule
    ))
  }
  cbind(rows, claim = rows$id)
}

test_that("what a cohort prints of itself is never contradicted, whatever the rounding and the quartiles", {
  skip_on_cran()
  set.seed(6)
  for (i in 1:20) {
    n <- sample(c(1:4, 10, 23, 60), 1)
    data <- data.frame(
      sex = sample(c("F", "M"), n, TRUE), age = round(stats::rnorm(n, 60, sample(c(0, 3, 15), 1))),
      size = round(stats::rexp(n, 0.1), 1) - sample(c(0, 5), 1)
    )
    rows <- claims_of_cohort(data, i %% 2 == 0, sample(1:9, 1))
    ledger <- as.data.frame(audit_claims(rows, data))
    expect_identical(ledger[ledger$verdict == "contradicted", c("id", "printed", "arithmetic")],
      ledger[0, c("id", "printed", "arithmetic")],
      ignore_attr = TRUE, info = i
    )
    # Each was held against the records, so that there was something to contradict.
    expect_true(all(rows$id %in% ledger$id[ledger$verdict %in% c("reproduced", "consistent")]))
  }
})

test_that("a count that is one off is contradicted, in whatever cohort", {
  skip_on_cran()
  set.seed(7)
  for (i in 1:12) {
    n <- sample(3:40, 1)
    data <- data.frame(sex = rep(c("F", "M"), c(1, n - 1)), age = sample(40:80, n, TRUE), size = stats::runif(n))
    rows <- claims_of_cohort(data, TRUE, 7)
    off <- sample(c("n", "women", "men", "age_min", "age_max"), 1)
    rows$value[rows$id == off] <- rows$value[rows$id == off] + sample(c(-1, 1), 1)
    ledger <- audit_claims(rows, data)
    expect_true(off %in% ledger$id[ledger$verdict == "contradicted"] ||
      off == "n" && any(ledger$verdict == "contradicted"), info = paste(i, off))
  }
})

test_that("garbage ends in an answer or in an error of ours", {
  skip_on_cran()
  set.seed(8)
  verdicts <- c("contradicted", "reproduced", "consistent", "not checkable")
  odd <- list(NA, -1, 0, 1e12, Inf, NaN, 0.123456789, "a", "", "1e400", "\u00e9", TRUE, 1:2, NULL)
  tokens <- c("a", "n", "age", "sex", "\"F\"", "1", "0", "1e308", "0.1", "+", "-", "*", "/", "(", ")", "[", "]", ",", "<", "==",
    "&", "|", "!", ";", "||", ">=", "in ", "sum(", "quantile(", "percent(", "rep(", "events(", "fisher(", "count(", "sd(", "distinct("
  )
  records <- data.frame(age = c(50, NA, 60), sex = c("F", "M", NA))
  kinds <- c("count", "percent", "mean", "sd", "median", "q1", "q3", "min", "max", "rate", "std.error", "p", "other", "odd")
  outcome <- character()
  for (i in 1:60) {
    k <- sample(1:5, 1)
    pick <- function(x) sample(x, k, TRUE)
    rows <- data.frame(
      id = if (i %% 5) c("a", "n", "c", "d", "e")[1:k] else pick(c("a", "n")), claim = "claim", kind = pick(kinds[-14]),
      value = pick(c(0, 1, 5, 12.5, 99.9, 100, 101, -3)), decimals = pick(0:2), n = pick(c(1, 2, 5, 10, 40, NA)),
      variable = pick(c("v", "w", NA)), whole = pick(c(TRUE, FALSE, NA)), count = pick(c(0, 1, 7, NA)),
      endpoint = pick(c("OS", NA)), group = pick(c("A", "B", "all", NA)), time = pick(c(12, 24, NA)),
      recompute = if (i %% 2) NA_character_ else replicate(k, paste(sample(tokens, sample(1:6, 1), TRUE), collapse = " "))
    )
    rows$value <- round(rows$value, rows$decimals)
    if (i %% 3 == 0) {
      column <- sample(names(rows), 1)
      rows[[column]] <- if (i %% 2) rep(odd[[sample(length(odd) - 2, 1)]], k) else odd[[sample(length(odd), 1)]][1]
    }
    audits <- list(
      function() audit_claims(rows, records, release = 0), function() audit_counts(rows),
      function() audit_rates(rows, pooled = "all", release = 0)
    )
    for (audit in audits) {
      result <- tryCatch(suppressWarnings(audit()), error = identity)
      if (inherits(result, "audit_ledger")) {
        expect_true(all(result$verdict %in% verdicts) && !anyNA(result$arithmetic), info = i)
      } else {
        expect_true(inherits(result, "cryonodes_error"), info = paste(i, conditionMessage(result)))
      }
      outcome <- c(outcome, class(result)[1])
    }
  }
  # Both ends are met, many times.
  expect_gt(sum(outcome == "audit_ledger"), 20)
  expect_gt(sum(outcome != "audit_ledger"), 20)
})
