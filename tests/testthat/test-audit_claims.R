claims <- function(..., decimals = 0) {
  rows <- data.frame(..., decimals = decimals, stringsAsFactors = FALSE)
  if (is.null(rows$claim)) rows$claim <- paste("claim", rows$id)
  if (is.null(rows$kind)) rows$kind <- "count"
  rows
}

# One claim with one rule, beside others that rules may name.
one_rule <- function(value, rule, decimals = 0, kind = "other", data = NULL, others = NULL) {
  rows <- rbind(claims(id = "x", value = value, kind = kind, recompute = rule, decimals = decimals), others)
  ledger <- audit_claims(rows, data = data)
  as.data.frame(ledger)[ledger$id == "x", ]
}

records <- data.frame(
  patient = c(1, 1, 2, 3, 4), session = c(1, 2, 1, 1, 1), age = c(50, 51, 60, 71, 44), sex = c("F", "F", "M", "F", "M")
)

test_that("rules on records, by hand", {
  verdict <- function(value, rule, ...) one_rule(value, rule, ..., data = records)$verdict
  expect_identical(verdict(4, "distinct(patient)"), "reproduced")
  expect_identical(verdict(2, "distinct(patient[sex == \"F\"])"), "reproduced")
  # (50 + 60 + 71 + 44) / 4 = 56.25: printed 56.3 or 56.2, at a tie; 56.4 not.
  means <- vapply(c(56.2, 56.3, 56.4), verdict, "", rule = "mean(age[session == 1])", decimals = 1)
  expect_identical(means, c("reproduced", "reproduced", "contradicted"))
  # 44, 50, 51, 60, 71: the upper quartile is 57.75 to 65.5 by definition.
  expect_identical(verdict(60, "quantile(age, 0.75)", decimals = 0), "consistent")
  expect_identical(verdict(66, "quantile(age, 0.75)", decimals = 0), "consistent")
  expect_identical(verdict(67, "quantile(age, 0.75)", decimals = 0), "contradicted")
  expect_identical(verdict(71, "in age[sex == \"F\"]", kind = "example"), "reproduced")
  expect_identical(verdict(60, "in age[sex == \"F\"]", kind = "example"), "contradicted")
  expect_identical(verdict(5, "> max(session)", kind = "limit"), "consistent")
  expect_identical(verdict(2, "> max(session)", kind = "limit"), "contradicted")
  expect_identical(verdict(2, ">= max(session)", kind = "limit"), "consistent")
  expect_identical(verdict(2, "<= max(session)", kind = "limit"), "consistent")
  expect_identical(verdict(3, "<= max(session)", kind = "limit"), "contradicted")
  expect_identical(verdict(1, ">= max(session)", kind = "limit"), "contradicted")
  expect_identical(verdict(2, "< max(session)", kind = "limit"), "contradicted")
  expect_identical(verdict(1, "< max(session)", kind = "limit"), "consistent")
  # 3 of 4 against 1 of 4: (16 + 1 + 16 + 1) / 70.
  expect_identical(verdict(0.49, "fisher(3, 4, 1, 4)", decimals = 2, kind = "p"), "reproduced")
})

test_that("what is printed of another number is carried through, against all that prints so", {
  others <- claims(id = c("a", "b"), value = c(2.5, 0.8), kind = "other", recompute = NA, decimals = 1)
  a <- seq(2.45, 2.55, length.out = 101)
  b <- seq(0.75, 0.85, length.out = 101)
  for (rule in c("a + b", "a - b", "a * b", "a / b", "percent(b, a)", "-a * b", "mean(c(a, b))", "max(c(a, b)) - 3")) {
    all <- eval(parse(text = rule), list(
      a = rep(a, 101), b = rep(b, each = 101), percent = function(x, y) 100 * x / y, c = cbind, mean = rowMeans,
      max = function(x) pmax(x[, 1], x[, 2])
    ))
    known <- list(claims = read_claims(others, NULL), refuse = function(why) stop(why))
    span <- evaluate_rule(parse(text = rule)[[1]], known)
    expect_equal(c(span$low, span$high), range(all), tolerance = 1e-10, info = rule)
  }
  # A whole of 2.45 to 2.55 and 0.75 to 0.85 is 3.2 to 3.4.
  sums <- vapply(c(3.1, 3.2, 3.4, 3.5), function(v) one_rule(v, "a + b", 1, others = others)$verdict, "")
  expect_identical(sums, c("contradicted", "consistent", "consistent", "contradicted"))
})

test_that("each comparison picks what it says, each summary is the one of its name", {
  gives <- function(rule) one_rule(99, rule, data = records)$arithmetic
  # Ages 50, 51, 60, 71, 44.
  expected <- c(
    "count(age == 60)" = 1, "count(age != 60)" = 4, "count(age < 60)" = 3, "count(age <= 60)" = 4, "count(age > 60)" = 1,
    "count(age >= 60)" = 2, "count(age > 44 & age < 60)" = 2, "count(age < 50 | age > 60)" = 2, "count(!(age < 60))" = 2,
    "min(age)" = 44, "max(age)" = 71, "sum(age)" = 276, "median(age)" = 51, "mean(age)" = 55.2,
    # Squares about 55.2: 27.04 + 17.64 + 23.04 + 249.64 + 125.44 = 442.8; a fourth of it is 110.7, its root 10.5214.
    "sd(age)" = 10.521, "length(age)" = 5, "sum(rep(age, 2))" = 552
  )
  for (rule in names(expected)) expect_identical(gives(rule), paste(rule, "=", expected[[rule]]), info = rule)
})

test_that("what is not rounded is asked for where a rule chooses", {
  others <- claims(id = "a", value = 2.5, recompute = NA, decimals = 1)
  expect_error(one_rule(1, "count(a > 2)", others = others), "not rounded", class = "cryonodes_error_formula")
  expect_error(one_rule(1, "fisher(a, 4, 1, 4)", others = others), "not rounded", class = "cryonodes_error_formula")
})

test_that("a rule says what it rests on, and what would make it true", {
  row <- function(...) one_rule(..., data = records)
  expect_identical(row(5, "length(age)")$basis, "records")
  expect_identical(row(5, "2 + 3")$basis, "arithmetic")
  picked <- row(60, "in age[sex == \"F\"]", kind = "example")
  expect_identical(picked$arithmetic, "age[sex == \"F\"] = 50, 51, 71; it should be one of these")
  expect_identical(picked$needed, "one of these to be as printed")
  expect_identical(row(9, "in c(1, 2, 3, 4, 5, 6)", kind = "example")$arithmetic,
    "c(1, 2, 3, 4, 5, 6) = 1, 2, 3, 4, 5, 6; it should be one of these"
  )
  expect_match(row(9, "in c(1, 2, 3, 4, 5, 6, 7)", kind = "example")$arithmetic, "= 1, 2, 3, 4, 5, 6, ...;", fixed = TRUE)
  # The edge that an inequality leaves: below the greatest, above the least that can come out.
  a <- claims(id = "a", value = 10, kind = "other", recompute = NA)
  needed <- function(value, rule) one_rule(value, rule, kind = "limit", others = a)$needed
  expect_identical(needed(11, "<= a"), "the printed number to be <= 10.5")
  expect_identical(needed(11, "< a"), "the printed number to be < 10.5")
  expect_identical(needed(9, ">= a"), "the printed number to be >= 9.5")
  expect_identical(needed(9, "> a"), "the printed number to be > 9.5")
  expect_identical(one_rule(7.25, "5 + 1", 2)$needed, "the computed number to be 7.245 to 7.255")
  expect_identical(one_rule(7.1234, "5 + 1", 4)$needed, "the computed number to be 7.12335 to 7.12345")
  # A percentage of a rounded number is no percentage of a count.
  rounded <- claims(id = c("b", "n"), value = c(2.5, 29), kind = c("other", "count"), recompute = NA, decimals = c(1, 0))
  expect_match(one_rule(20, "percent(b, n)", others = rounded)$needed, "^the computed number to be")
})

test_that("of several ways the best counts: reproduced, consistent, not checkable, contradicted", {
  others <- claims(id = c("a", "z"), value = c(4, 0), recompute = NA)
  best <- function(rule) one_rule(4, rule, others = others, data = records)$verdict
  expect_identical(best("a || distinct(patient)"), "reproduced")
  expect_identical(best("distinct(patient) || a"), "reproduced")
  expect_identical(best("5 || 1 / z || a"), "consistent")
  expect_identical(best("5 || 1 / z"), "not checkable")
  expect_identical(audit_claims(claims(id = "alone", value = 4))$arithmetic, "nothing printed bears on it")
})

test_that("columns of records are plain columns", {
  odd <- records
  odd$sex <- factor(odd$sex)
  expect_identical(one_rule(3, "count(sex == \"F\")", data = odd)$verdict, "reproduced")
  expect_identical(one_rule(2, "distinct(sex)", data = odd)$verdict, "reproduced")
  expect_error(one_rule(2, "sex[age > 60]", data = odd), "gives text", class = "cryonodes_error_formula")
  expect_error(one_rule(2, "rep(age, 0 - 1)", data = odd), "0 to 1e6", class = "cryonodes_error_formula")
  odd$pair <- cbind(1:5, 1:5)
  odd$bag <- as.list(1:5)
  expect_error(one_rule(5, "length(pair)", data = odd), "no plain column", class = "cryonodes_error_formula")
  expect_error(one_rule(5, "length(bag)", data = odd), "no plain column", class = "cryonodes_error_formula")
  expect_error(one_rule(5, "length(age[])", data = odd), "empty arguments", class = "cryonodes_error_formula")
})

test_that("several rules must all hold, of several ways one", {
  both <- claims(id = "x", value = 4, recompute = "distinct(patient); length(patient)")
  expect_identical(audit_claims(both, records)$verdict, c("reproduced", "contradicted"))
  expect_identical(summary(audit_claims(both, records))$verdict, "contradicted")
  either <- one_rule(4, "length(patient) || distinct(patient)", data = records)
  expect_identical(either$verdict, "reproduced")
  expect_identical(either$arithmetic, "distinct(patient) = 4")
  neither <- one_rule(6, "length(patient) || distinct(patient)", data = records)
  expect_identical(neither$arithmetic, "length(patient) = 5; or distinct(patient) = 4")
})

test_that("to stand twice is consistent, not reproduced; a claim without a check says why", {
  rows <- claims(
    id = c("a", "b", "c"), value = c(3, 3, 4), recompute = c(NA, "a", "a"), reason = c("asked by phone", NA, NA)
  )
  ledger <- audit_claims(rows)
  expect_identical(ledger$verdict, c("not checkable", "consistent", "contradicted"))
  expect_identical(ledger$basis, c("none", "repetition", "repetition"))
  expect_identical(ledger$arithmetic[1], "asked by phone")
})

test_that("the arithmetic shows printed numbers, and percentages what they would need", {
  others <- claims(id = c("a", "n"), value = c(2, 29), recompute = NA)
  row <- one_rule(7.9, "percent(a, n)", 1, others = others)
  expect_identical(row$arithmetic, "percent(2, 29) = 6.8966")
  expect_identical(row$needed, "another count of 29 (none prints so), or another denominator of 2 (none prints so)")
  expect_identical(one_rule(28, "a + n", kind = "count", others = others)$needed, "the computed number to be 28")
  expect_match(one_rule(1, "a / (n - 29)", others = others)$arithmetic, "divides by what may be zero")
})

test_that("curves in rules: events and numbers at risk that all life tables leave", {
  # Ten patients, two events before 12 months, nobody censored.
  curve <- data.frame(
    id = c("rate", "se"), claim = "a curve", kind = c("rate", "std.error"), value = c(80, 12.6), decimals = 1, n = 10,
    endpoint = "OS", group = "all", time = 12, recompute = NA
  )
  rule <- function(value, text) {
    rows <- curve[c(1, 2, 2), ]
    rows[3, c("id", "kind", "value", "decimals", "endpoint", "recompute")] <- list("x", "count", value, 0, NA, text)
    ledger <- audit_claims(rows)
    ledger$verdict[ledger$check == text]
  }
  expect_identical(rule(2, "events(\"OS\", \"all\", 12)"), "reproduced")
  expect_identical(rule(3, "events(\"OS\", \"all\", 12)"), "contradicted")
  expect_identical(rule(9, "<= at_risk(\"OS\", \"all\", 12)"), "contradicted")
  expect_identical(rule(3, "events(\"DFS\", \"all\", 12)"), "not checkable")
  expect_identical(rule(2, "events(\"OS\", \"other\", 12)"), "not checkable")
  expect_identical(rule(2, "events(\"OS\", \"all\", 24)"), "not checkable")
  # Eight may be left, more may not.
  expect_identical(rule(8, "<= at_risk(\"OS\", \"all\", 12)"), "consistent")
  rows <- curve[c(1, 2, 2), ]
  rows[3, c("id", "kind", "value", "decimals", "endpoint", "recompute")] <-
    list("x", "count", 2, 0, NA, "events(\"OS\", \"all\", 12)")
  ledger <- audit_claims(rows)
  expect_identical(ledger$basis[ledger$check == "events(\"OS\", \"all\", 12)"], "curves")
})

test_that("a rule runs no code", {
  marker <- tempfile()
  attacks <- c(
    "system(\"true\")", paste0("file.create(\"", marker, "\")"), "base::system(\"true\")", "(function() 1)()", "x <- 1",
    "{ 1 }", "get(\"system\")(\"true\")", "lnm_claims$value", "function(x) x", "Sys.time()", "age[[1]]", "T", "pi",
    "sum(na.rm = 1)", "1; system(\"true\")", "if (TRUE) 1", "\"text\"", "1 +", "1 2",
    paste(c(rep("1 +", 600), "1"), collapse = " "), "# nothing", "1\n2", "count(age)", "rep(1, -1)",
    "rep(1, 1e9)", "events(1)", "mean()"
  )
  for (attack in attacks) {
    expect_error(one_rule(1, attack, data = records), class = "cryonodes_error_formula", info = attack)
  }
  expect_false(file.exists(marker))
})

test_that("bad input is refused", {
  good <- claims(id = "x", value = 4, recompute = "distinct(patient)")
  expect_error(audit_claims(good, data = 1), class = "cryonodes_error")
  expect_error(audit_claims(transform(good, id = "age"), records), class = "cryonodes_error_column")
  expect_error(audit_claims(good), "names 'patient'", class = "cryonodes_error_formula")
  expect_error(audit_claims(good, records, wrong = 1), class = "cryonodes_error_choice")
})

test_that("the template is written once, read back, and audits the invented paper", {
  file <- tempfile(fileext = ".csv")
  written <- audit_template(file)
  expect_error(audit_template(file), class = "cryonodes_error_value")
  expect_error(audit_template(3), class = "cryonodes_error_type")
  expect_error(audit_template(file.path(tempfile(), "no", "folder.csv")), class = "cryonodes_error_value")
  expect_setequal(names(written), names(claim_columns))
  ledger <- audit_claims(file, pooled = "All")
  expect_identical(ledger$claim[!duplicated(ledger$id)], written$claim)
  # 35% of 24 is 8.4; the mean size lies above what the quartiles leave; B's error needs more than ten patients.
  counted <- summary(ledger)
  expect_setequal(counted$id[counted$verdict == "contradicted"], c("smokers_percent", "size_mean", "os_b_12_se"))
  empty <- audit_template(tempfile(), example = FALSE)
  expect_identical(nrow(empty), 0L)
})

test_that("the founding case: verdicts are what its own tables give", {
  skip_on_cran()
  ledger <- audit_claims()
  verdict <- stats::setNames(summary(ledger)$verdict, summary(ledger)$id)
  expect_setequal(names(verdict), lnm_claims$id)
  value <- stats::setNames(lnm_claims$value, lnm_claims$id)
  first <- lnm_sessions[!duplicated(lnm_sessions$patient), ]
  expect_true("curves together" %in% ledger$check)
  # Computed here a second time, without rules.
  same <- c(
    lesions = sum(lnm_sessions$n_lnm), female = sum(first$sex == "F"), male = sum(first$sex == "M"),
    sessions = nrow(lnm_sessions), age_max = max(first$age), age_min = min(first$age),
    size_max = max(lnm_sessions$long_axis_mm)
  )
  for (id in names(same)) {
    expect_identical(verdict[[id]] == "contradicted", same[[id]] != value[[id]], info = id)
  }
  shares <- list(
    ltp_per_patient = c("ltp", "patients"), ltp_per_session = c("ltp", "ltp_sessions"),
    ltp_per_lesion = c("ltp", "lesions"),
    systemic_percent = c("systemic_sessions", "systemic_of"), complication_rate = c("complications", "sessions"),
    biopsy_percent = c("biopsy", "patients"), protected_percent = c("protected", "sessions")
  )
  for (id in names(shares)) {
    share <- 100 * value[[shares[[id]][1]]] / value[[shares[[id]][2]]]
    decimals <- lnm_claims$decimals[lnm_claims$id == id]
    expect_identical(verdict[[id]], if (round_half_up(share, decimals) == value[[id]]) "reproduced" else "contradicted",
      info = id
    )
  }
  # The recorded searches left some undecided: no cell of that endpoint is contradicted by its curves.
  searches <- utils::read.csv(system.file("extdata", "ltpfs_searches.csv", package = "cryonodes"))
  undecided <- searches$undecided[searches$sets_found > 0]
  ltpfs <- ledger[ledger$check == "curves together" & grepl("ltpfs", ledger$id), ]
  expect_gt(nrow(ltpfs), 0)
  expect_identical(unique(ltpfs$verdict), if (undecided > 0) "not checkable" else "contradicted")
  expect_match(ltpfs$arithmetic, paste(undecided, "others are undecided"), fixed = TRUE)
  # The cell that reconstruct_km() would release, where there is one smallest set and cutting off does not explain it.
  printed <- lnm_rates[lnm_rates$endpoint == "Disease-free survival", ]
  released <- reconstruct_km(printed, pooled = "Whole cohort", release = 1)$release
  dfs <- ledger[ledger$check == "curves together" & grepl("^t3_dfs", ledger$id) & ledger$verdict == "contradicted", ]
  expect_identical(nrow(dfs), nrow(released))
  expect_match(dfs$claim, released$group)
  expect_match(dfs$claim, paste(released$time, "months"))
})

test_that("lnm_claims holds the tables and lnm_facts", {
  at <- match(lnm_facts$id, lnm_claims$id)
  expect_identical(lnm_claims$value[at], lnm_facts$value)
  for (kind in c("rate", "std.error")) {
    cells <- lnm_claims[lnm_claims$kind == kind & !is.na(lnm_claims$endpoint), ]
    key <- function(x) paste(x$endpoint, x$group, x$time)
    expect_setequal(key(cells), key(lnm_rates))
    column <- if (kind == "rate") "estimate" else kind
    expect_equal(cells$value, lnm_rates[[column]][match(key(cells), key(lnm_rates))])
  }
  table1 <- lnm_claims[lnm_claims$where == "Table 1", ]
  for (column in c(age = "age", nodes = "n_lnm", size = "long_axis_mm")) {
    suffix <- c(age = "age", n_lnm = "nodes", long_axis_mm = "size")[[column]]
    expect_equal(table1$value[endsWith(table1$id, paste0("_", suffix))], as.double(lnm_sessions[[column]]))
  }
})
