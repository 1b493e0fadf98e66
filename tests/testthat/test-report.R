# From a cohort to tables, figure, text and document.

hostile <- "<b>&=cmd|' /C calc'!A0 $x_1$ **bold** \\input{x} %s {y} #1 ~^ `r 1`"

# Four patients, counted by hand: two groups, one of them with a label that every format would take for its own.
small_cohort <- function(group = c("A", "A", "B", "B"), ...) {
  cohort(
    patients = data.frame(
      patient = c("P1", "P2", "P3", "P4"), sex = c("F", "M", "F", "M"), age = c(50, 60, 70, 80), group = group,
      vital_status = c("alive", "dead", "alive", "dead"), last_contact = c("2022-01-01", NA, "2022-06-01", NA),
      death_date = c(NA, "2021-06-01", NA, "2021-09-01")
    ),
    sessions = data.frame(
      session = c("S1", "S2", "S3", "S4", "S5"), patient = c("P1", "P1", "P2", "P3", "P4"),
      date = c("2020-01-01", "2020-06-01", "2020-02-01", "2020-03-01", "2020-04-01")
    ),
    lesions = data.frame(
      lesion = c("L1", "L2", "L3", "L4", "L5"), patient = c("P1", "P1", "P2", "P3", "P4"),
      session = c("S1", "S2", "S3", "S4", "S5"), long_axis_mm = c(10, 12, 20, 8, 15)
    ),
    follow_up = data.frame(
      patient = c("P1", "P1", "P2", "P3", "P4", "P1"), kind = "imaging", lesion = c("L1", "L2", "L3", "L4", "L5", "L1"),
      date = c("2020-02-01", "2020-07-01", "2020-03-01", "2020-04-01", "2020-05-01", "2021-01-01"),
      finding = c(rep("complete ablation", 5), "LTP")
    ), ...
  )
}

complications_by_hand <- data.frame(
  session = c("S1", "S1", "S2", "S3", "S4"), system = c("SIR 2003", "SIR 2003", "SIR 2003", "SIR 2003", "CTCAE"),
  grade = c("A", "C", "B", "F", "2"), resolved = c("2020-01-03", NA, "2020-06-02", NA, NA)
)

screening_by_hand <- data.frame(
  candidate = 1:7, patient = c("P1", "P2", "P3", "P4", NA, NA, NA),
  reason = c(NA, NA, NA, NA, "surgery", "surgery", "refused")
)

test_that("characteristics are read from a cohort: ages, numbers of sessions and lesions, labels", {
  x <- small_cohort()
  numbers <- as.data.frame(table_characteristics(x, by = "group"))
  at <- function(variable, group) numbers[numbers$variable == variable & numbers$group == group, ]
  expect_identical(at("age", "All")$mean, 65)
  expect_identical(at("n_sessions", "A")$mean, 1.5)
  expect_identical(at("n_lesions", "B")$max, 1)
  lesions <- table_characteristics(x, "long_axis_mm", unit = "lesion")
  expect_identical(as.data.frame(lesions)$mean, 13)
  expect_true("Long axis, mm" %in% lesions$cells)
  expect_match(lesions$caption, "Lesions, n = 5 (4 patients)", fixed = TRUE)
  patients <- data.frame(patient = "A", vital_status = "alive", age = 40)
  attr(patients$age, "label") <- "Age when treated"
  own <- cohort(patients, data.frame(session = 1, patient = "A", date = "2020-01-01"),
    data.frame(lesion = 1, patient = "A", session = 1), data.frame(patient = "A", date = "2020-02-01", kind = "contact")
  )
  expect_true("Age when treated" %in% table_characteristics(own)$cells)
})

test_that("age at the first session comes from the date of birth", {
  x <- cohort(data.frame(patient = "A", vital_status = "alive", birth_date = "1980-01-01"),
    data.frame(session = 2:1, patient = "A", date = c("2021-01-01", "2020-01-01")),
    data.frame(lesion = 1, patient = "A", session = 1), data.frame(patient = "A", date = "2021-02-01", kind = "contact")
  )
  # 14610 days from 1980-01-01 to 2020-01-01
  expect_equal(as.data.frame(table_characteristics(x, "age"))$mean, 14610 / 365.25)
})

test_that("complications by hand: the worst grade counts, systems stand apart, limits are those of proportion()", {
  table <- table_complications(small_cohort(complications = complications_by_hand))
  numbers <- as.data.frame(table)
  at <- function(...) {
    wanted <- list(...)
    numbers[Reduce(`&`, Map(function(name, value) numbers[[name]] %in% value, names(wanted), wanted)), ]
  }
  # SIR 2003: four complications in three sessions (S1, S2 of P1; S3 of P2), of two patients; major in S1 and S3.
  expect_identical(at(system = "SIR 2003", measure = "any")$n, c(4L, 3L, 2L))
  expect_identical(at(system = "SIR 2003", measure = "any")$total, c(4L, 5L, 4L))
  expect_identical(at(system = "SIR 2003", measure = "major")$n, c(2L, 2L))
  expect_identical(at(system = "SIR 2003", measure = "worst grade", unit = "session")$n, c(0L, 1L, 1L, 0L, 0L, 1L))
  expect_identical(at(system = "SIR 2003", measure = "worst grade", unit = "patient")$n, c(0L, 0L, 1L, 0L, 0L, 1L))
  expect_identical(at(system = "SIR 2003", measure = "resolved")$n, 2L)
  expect_identical(at(system = "CTCAE", measure = "any")$n, c(1L, 1L, 1L))
  expect_identical(nrow(at(system = "CTCAE", measure = "major")), 0L)
  session <- at(system = "SIR 2003", measure = "any", unit = "session")
  clustered <- proportion(c(1, 1, 1, 0, 0), event = 1, cluster = c(1, 1, 2, 3, 4))
  expect_identical(session$conf.low, clustered$conf.low)
  patient <- at(system = "SIR 2003", measure = "any", unit = "patient")
  expect_equal(c(patient$conf.low, patient$conf.high), as.vector(binom.test(2, 4)$conf.int))
  expect_error(table_complications(small_cohort()), class = "cryonodes_error_empty")
})

test_that("complications by a column of the sessions: a patient is one of each value that his sessions have", {
  x <- small_cohort(complications = complications_by_hand)
  # S1 and S2 are of P1; S5 has no value.
  x$tables$sessions$modality <- c("cryo", "microwave", "cryo", "microwave", NA)
  table <- table_complications(x, by = "modality", system = "SIR 2003")
  numbers <- as.data.frame(table)
  at <- function(measure, unit, group) {
    numbers[numbers$measure == measure & numbers$unit == unit & numbers$group == group, c("n", "total")]
  }
  # cryo: S1 (A and C) and S3 (F), of P1 and P2; microwave: S2 (B) and S4 (CTCAE only), of P1 and P3.
  expect_equal(at("any", "complication", "cryo"), data.frame(n = 3, total = 3), ignore_attr = TRUE)
  expect_equal(at("any", "session", "cryo"), data.frame(n = 2, total = 2), ignore_attr = TRUE)
  expect_equal(at("any", "patient", "cryo"), data.frame(n = 2, total = 2), ignore_attr = TRUE)
  expect_equal(at("any", "session", "microwave"), data.frame(n = 1, total = 2), ignore_attr = TRUE)
  expect_equal(at("major", "patient", "microwave"), data.frame(n = 0, total = 2), ignore_attr = TRUE)
  expect_equal(at("any", "session", "All"), data.frame(n = 3, total = 5), ignore_attr = TRUE)
  expect_true("1 session without a value of `modality`: in the column All only" %in% table$notes$text)
  expect_true("1 patient with sessions of several columns, counted in each" %in% table$notes$text)
  by_sex <- as.data.frame(table_complications(x, by = "sex", system = "SIR 2003"))
  # F: P1 and P3, with S1, S2 and S4.
  expect_identical(by_sex$n[by_sex$measure == "any" & by_sex$group == "F"], c(3L, 2L, 1L))
  expect_identical(by_sex$total[by_sex$measure == "any" & by_sex$group == "F"], c(3L, 3L, 2L))
  expect_false(any(grepl("without|several columns", table_complications(x, by = "sex")$notes$text)))
  expect_error(table_complications(x, by = "nothing"), class = "cryonodes_error_column")
  expect_error(table_complications(x, by = "anaesthesia"), class = "cryonodes_error_missing")
  expect_error(table_complications(x, by = "modality", overall = "cryo"), class = "cryonodes_error_group")
})

test_that("the table of complications as it is read, by hand", {
  given <- complications_by_hand
  given$resolved[2] <- "2020-01-09"
  x <- small_cohort(complications = given)
  table <- table_complications(x, by = "group", conf.level = 0.9, digits = 2)
  expect_identical(table$header$text, c("", "All", "A", "B"))
  row <- function(label) table$cells[table$cells[, 1] == label, -1, drop = FALSE]
  limits <- function(k, n) {
    ends <- sprintf("%.2f", 100 * binom.test(k, n, conf.level = 0.9)$conf.int)
    sprintf("%d/%d, %.2f%% (%s\u2013%s)", k, n, 100 * k / n, ends[1], ends[2])
  }
  # SIR 2003 first: P1 and P2 of A had all of it; CTCAE: P3 of B.
  expect_identical(row("Complications"), rbind(c("4", "4", "0"), c("1", "0", "1")))
  expect_identical(row("Patients with any"), rbind(
    c(limits(2, 4), limits(2, 2), limits(0, 2)), c(limits(1, 4), limits(0, 2), limits(1, 2))
  ))
  clustered <- proportion(c(1, 1, 1, 0, 0), event = 1, cluster = c(1, 1, 2, 3, 4), conf.level = 0.9)
  expect_identical(row("Sessions with any")[1, 1], sprintf("3/5, 60.00%% (%.2f\u2013%.2f)", 100 * clustered$conf.low,
    100 * clustered$conf.high
  ))
  # Nobody of B had two sessions.
  expect_identical(row("Sessions with any")[1, 3], limits(0, 2))
  expect_identical(row("Sessions with a major one (C to F)")[, 3], limits(0, 2))
  expect_identical(nrow(row("Patients with a major one (C to F)")), 1L)
  # Of the session: S1 C (with A), S2 B, S3 F; of the patient: P1 C, P2 F.
  grade <- function(label) row(label)[, 1]
  expect_identical(grade("B, nominal therapy, no consequence"), c("1/5 (20.00%)", "0/4 (0.00%)"))
  expect_identical(grade("C, therapy, short hospital stay"), c("1/5 (20.00%)", "1/4 (25.00%)"))
  expect_identical(grade("2, moderate"), c("1/5 (20.00%)", "1/4 (25.00%)"))
  expect_identical(row("Resolved, with a date"), rbind(c("3/4 (75.00%)", "3/4 (75.00%)", "0"), c("\u2014", "0", "\u2014")))
  expect_identical(table$notes$text, c(
    "Rates with 90% confidence intervals; who has no record had no complication",
    "Each grading system apart: nothing is added up over systems", "Korn-Graubard limits, patients as clusters",
    "Clopper-Pearson limits", "no date of resolution is recorded: not known whether they resolved"
  ))
  one <- table_complications(x, system = "CTCAE")
  expect_identical(unique(as.data.frame(one)$system), "CTCAE")
  expect_false("Each grading system apart: nothing is added up over systems" %in% one$notes$text)
  expect_error(table_complications(x, system = "CIRSE"), class = "cryonodes_error_choice")
})

test_that("groups of complications: from the sessions where patients have none, without sessions, with gaps", {
  x <- small_cohort(complications = complications_by_hand)
  of_patients <- as.data.frame(table_complications(x, by = "group"))
  x$tables$sessions$group <- c("A", "A", "A", "B", "B")
  x$tables$patients$group <- NA_character_
  expect_identical(as.data.frame(table_complications(x, by = "group")), of_patients)
  # Two sessions of one kind are one patient; a gap beside them makes no second kind.
  x$tables$sessions$modality <- c("cryo", "cryo", "cryo", NA, "microwave")
  numbers <- as.data.frame(table_complications(x, by = "modality", system = "SIR 2003"))
  cryo <- numbers[numbers$group == "cryo" & numbers$measure == "any", ]
  expect_identical(cryo$total, c(4L, 3L, 2L))
  x$tables$sessions$modality <- c("cryo", NA, "cryo", "microwave", "microwave")
  expect_false(any(grepl("several columns", table_complications(x, by = "modality")$notes$text)))
  # P4 was never treated: a group of patients without sessions.
  x <- small_cohort(group = c("A", "A", "B", "C"), complications = complications_by_hand)
  x$tables$sessions <- x$tables$sessions[1:4, ]
  table <- table_complications(x, by = "group", system = "SIR 2003")
  of_c <- as.data.frame(table)[as.data.frame(table)$group == "C", ]
  expect_identical(of_c$total[of_c$measure == "any"], c(0L, 0L, 1L))
  expect_identical(of_c$estimate[of_c$measure == "any"], c(NA, NA, 0))
  expect_false(any(is.nan(of_c$estimate)))
  expect_true(all(is.na(of_c$conf.low[of_c$unit == "session"]) & is.na(of_c$conf.high[of_c$unit == "session"])))
  expect_identical(table$cells[table$cells[, 1] == "Sessions with any", 5], "\u2014")
  expect_true("nobody was observed" %in% table$notes$text)
})

test_that("patients without a group are in the whole only, and everything says how many they are", {
  skip_on_cran()
  x <- small_cohort(group = c("A", "B", "B", NA), complications = complications_by_hand)
  expect_identical(x$checks$severity[x$checks$check == "group_missing"], "warning")
  o <- outcomes(endpoint(x, "OS"), by = "group", times = 12)
  expect_identical(o$ungrouped, c("Overall survival" = 1L))
  fits <- o$fits[[1]]
  expect_identical(c(fits[[1]]$n, fits[[2]]$n), c(4L, 1L, 2L))
  # As if P4 were not there.
  without <- as.data.frame(endpoint(x, "OS"))[1:3, ]
  direct <- logrank_test(Surv(time, status) ~ group, data = without)
  expect_identical(o$tests[[1]]$p.value, direct$p.value)
  expect_output(print(o), "Overall survival, 1 without a group")
  said <- function(table) grep("without a group", table$notes$text, value = TRUE)
  expect_identical(said(table_rates(o)), "1 patient without a group, counted in the whole only: Overall survival")
  expect_identical(said(table_characteristics(x, by = "group")), "1 patient without a group: in the column All only")
  expect_identical(said(table_complications(x, by = "group")), "1 patient without a group: in the column All only")
  numbers <- as.data.frame(table_characteristics(x, "age", by = "group"))
  expect_identical(numbers$total, c(4L, 1L, 2L))
  expect_identical(numbers$mean, c(65, 50, 65))
  list <- checklist(x, o)
  expect_identical(list$state[list$item == "Groups that are compared"], "attention")
  expect_match(paste(methods_text(o), collapse = " "), "1 patient without a group", fixed = TRUE)
  full <- small_cohort()
  o <- outcomes(endpoint(full, "OS"), by = "group", times = 12)
  expect_identical(o$ungrouped, c("Overall survival" = 0L))
  expect_identical(said(table_rates(o)), character())
  expect_false("attention" %in% checklist(full, o)$state[startsWith(checklist(full, o)$item, "Groups")])
  expect_error(outcomes(endpoint(small_cohort(group = NA_character_), "OS"), by = "group"), class = "cryonodes_error_missing")
})

test_that("outcomes that were not recorded are in no proportion, and stop nothing", {
  x <- five_cohort()
  x$tables$ablations$technical_success[1:2] <- NA
  e <- endpoint(x, "technical success", "session")
  # S1 has no value left; one of the other seven, S3, failed.
  o <- outcomes(e, by = "group")
  expect_identical(c(o$proportions[[1]][[1]]$events, o$proportions[[1]][[1]]$n), 6:7)
  expect_true("1 session left out for a missing value: Technical success, per session" %in%
    table_rates(o$proportions)$notes$text)
})

test_that("flow by hand: screened, excluded with reasons, analysed, not counted", {
  x <- small_cohort(screening = screening_by_hand)
  steps <- as.data.frame(flow(x, endpoint(x, "OS")))
  n <- function(step) steps$n[steps$step == step]
  expect_identical(n("screened"), 7L)
  expect_identical(steps$label[steps$step == "excluded"], c("surgery", "refused"))
  expect_identical(n("excluded"), 2:1)
  expect_identical(n("included"), 4L)
  expect_identical(n("analysed"), c(4L, 5L, 5L))
  expect_identical(n("group"), c(2L, 3L, 3L, 2L, 2L, 2L))
  expect_identical(n("endpoint"), 4L)
  expect_match(flow(small_cohort())$notes, "no table of screening")
})

test_that("outcomes: incidences where death competes, clusters for lesions, p as the tests give it", {
  set.seed(1)
  o <- outcomes(list(
    endpoint(ablation_cohort, "OS"), endpoint(ablation_cohort, "LTP", unit = "lesion"),
    endpoint(ablation_cohort, "primary efficacy", unit = "lesion")
  ), by = "group", times = 24)
  expect_named(o$fits, c("Overall survival", "Local tumour progression, per lesion"))
  expect_s3_class(o$fits[[2]][[2]], "cumulative_incidence")
  numbers <- as.data.frame(table_rates(o))
  direct <- rates(cumulative_incidence(endpoint(ablation_cohort, "LTP", unit = "lesion")), 24)
  row <- numbers$endpoint == "Local tumour progression, per lesion" & numbers$group == "Whole cohort"
  expect_identical(numbers$estimate[row], direct$estimate[direct$state == "LTP"])
  expect_identical(numbers$std.error[row], direct$std.error[direct$state == "LTP"])
  expect_identical(o$tests[[1]]$p.value, logrank_test(endpoint(ablation_cohort, "OS"))$p.value)
  expect_named(o["Overall survival"]$fits, "Overall survival")
  expect_s3_class(table_rates(o$proportions), "cryonodes_table")
  expect_error(outcomes(1), class = "cryonodes_error_object")
  expect_error(o["no such"], class = "cryonodes_error_choice")
  os <- endpoint(ablation_cohort, "OS")
  expect_error(outcomes(list(os, os)), class = "cryonodes_error_group")
  expect_error(outcomes(os, by = "nothing"), class = "cryonodes_error_column")
})

test_that("the paragraph says what was run and nothing else", {
  os <- endpoint(ablation_cohort, "OS")
  text <- paste(methods_text(kaplan_meier(os, conf.type = "bpcp")), collapse = " ")
  expect_match(text, "beta-product 95% confidence intervals")
  expect_match(text, paste("cryonodes", packageVersion("cryonodes")), fixed = TRUE)
  expect_false(grepl("log-rank|Gray|Korn|competing", text, ignore.case = TRUE))
  both <- methods_text(kaplan_meier(os), logrank_test(os))
  expect_match(paste(both, collapse = " "), "log-rank test")
  expect_match(attr(both, "references"), "Mantel", all = FALSE)
  set.seed(1)
  drawn <- gray_test(endpoint(ablation_cohort, "LTP", unit = "lesion"))
  said <- paste0("9999 random permutations, seed ", sprintf("%.0f", drawn$permutation$seed))
  expect_match(paste(methods_text(drawn), collapse = " "), said, fixed = TRUE)
  expect_error(methods_text(), class = "cryonodes_error_missing")
  expect_error(methods_text(1), class = "cryonodes_error_object")
})

test_that("the checklist finds what is not there and what rests on few", {
  x <- small_cohort()
  list <- checklist(x, outcomes(endpoint(x, "OS"), times = 12))
  state <- function(item) list$state[startsWith(list$item, item)]
  expect_identical(state("Screened"), "missing")
  expect_identical(state("Complications"), "missing")
  expect_identical(state("Rates on fewer than 5"), "attention")
  expect_identical(state("Death"), "ok")
  paper <- checklist(x, outcomes(endpoint(x, "LTPFS", "lesion", rules = "paper2021"), times = 12))
  expect_identical(paper$state[startsWith(paper$item, "Death")], "attention")
  full <- small_cohort(screening = screening_by_hand, complications = complications_by_hand)
  list <- checklist(full, endpoint(full, "OS"))
  expect_identical(state("Screened"), "ok")
  expect_identical(state("Complications"), "attention")
  expect_identical(state("Interval and number"), "missing")
})

# What the checklist says of one item, by the beginning of its name.
item_of <- function(list, begins) as.list(list[startsWith(list$item, begins), c("state", "finding")])

test_that("the checklist by hand: units, clusters, definitions, deaths", {
  x <- five_cohort()
  o <- outcomes(list(endpoint(x, "OS"), ltp = endpoint(x, "LTP", "lesion")), times = 6)
  list <- checklist(x, o)
  expect_identical(item_of(list, "Units of one"), list(state = "ok", finding = "ltp: 6 lesions of 4 patients, clustered by patient"))
  expect_identical(item_of(list, "Definitions")$state, "attention")
  expect_match(item_of(list, "Definitions")$finding, "not verified in the source: ltp", fixed = TRUE)
  expect_identical(item_of(checklist(x, o["Overall survival"]), "Definitions")$state, "ok")
  # The same curve of rows taken as independent.
  e <- as.data.frame(o$endpoints$ltp)
  alone <- o
  alone$fits$ltp <- list(cumulative_incidence(Surv(time, status) ~ 1, data = e))
  expect_identical(item_of(checklist(x, alone), "Units of one"),
    list(state = "attention", finding = "ltp: 6 lesions of 4 patients, taken as independent")
  )
  # One lesion a patient: nothing to be dependent.
  one <- five_patients()
  for (name in c("lesions", "ablations", "follow_up")) {
    one[[name]] <- one[[name]][!one[[name]]$lesion %in% c("A2", "C2"), ]
  }
  one <- do.call(cohort, one)
  expect_identical(item_of(checklist(one, endpoint(one, "LTP", "lesion")), "Units of one")$finding,
    "no patient has several units in any endpoint"
  )
  # D was never seen by imaging.
  expect_identical(item_of(list, "Units that")$finding, "ltp: 1 (reasons: see the flow)")
  paper <- endpoint(x, "LTPFS", "patient", rules = "paper2021")
  expect_identical(item_of(checklist(x, paper), "Death")$state, "attention")
  expect_match(item_of(checklist(x, paper), "Death")$finding, "2 patients died", fixed = TRUE)
  x$tables$patients$vital_status <- "alive"
  expect_identical(item_of(checklist(x, paper), "Death")$state, "ok")
})

test_that("the checklist by hand: few at risk, follow-up, several tests, few events, failures, records", {
  x <- small_cohort()
  e <- list(a = endpoint(x, "OS"), b = endpoint(x, "LTP", "lesion"))
  o <- outcomes(e, by = "group", times = 12)
  least <- min(unlist(lapply(unlist(o$fits, recursive = FALSE), function(f) as.data.frame(rates(f, 12))$n.risk)))
  few <- function(n) item_of(checklist(x, o, few = n), "Rates on fewer")
  expect_identical(few(max(1, least))$state, "ok")
  expect_identical(few(least + 1)$state, "attention")
  expect_error(checklist(x, o, few = 0), class = "cryonodes_error_count")
  o$follow_up$a$median <- 30
  o$follow_up$a$conf.low <- 20
  o$follow_up$a$conf.high <- NA
  o$follow_up$b$median <- NA
  expect_identical(item_of(checklist(x, o), "Length")$finding,
    "a: median 30.0 (20.0 to -) months; b: median not reached months"
  )
  # Holm: twice the smaller, and the other as it is.
  o$tests <- list(a = list(p.value = 0.01), b = list(p.value = 0.04))
  expect_identical(item_of(checklist(x, o), "Multiplicity"), list(state = "attention",
    finding = "2 p-values, not adjusted; a: p = 0.01, by Holm = 0.02; b: p = 0.04, by Holm = 0.04"
  ))
  o$tests$b <- NULL
  expect_identical(item_of(checklist(x, o), "Multiplicity"), list(state = "ok", finding = "1 p-value"))
  # Five events are enough, four are not; of competing events the first kind counts.
  groups <- rep(c("A", "B"), each = 20)
  long <- structure(data.frame(group = groups, patient = 1:40, status = as.integer(rep(1:20, 2) <= rep(5:4, each = 20))),
    meta = attr(e$a, "meta"), class = c("endpoint", "data.frame")
  )
  o$endpoints$a <- long
  expect_identical(item_of(checklist(x, o), "Events"), list(state = "attention", finding = "fewer than 5 events: a, B: 4"))
  o$endpoints$a$status <- factor(ifelse(long$status == 1, "LTP", "censored"), c("censored", "LTP", "death"))
  expect_identical(item_of(checklist(x, o), "Events")$finding, "fewer than 5 events: a, B: 4")
  o$failed <- data.frame(endpoint = "a", what = "test of groups", reason = "why")
  expect_identical(item_of(checklist(x, o), "What could"), list(state = "missing", finding = "a, test of groups: why"))
  x$checks <- x$checks[0, ]
  expect_identical(item_of(checklist(x, o), "Records"), list(state = "ok", finding = "nothing found"))
  x$excluded <- data.frame(patient = "Z", reason = "key")
  expect_identical(item_of(checklist(x, o), "Records"),
    list(state = "attention", finding = "nothing found; 1 patient left out for errors")
  )
})

test_that("the flow by hand: who is missing from the screening, left out, without reason, not recorded", {
  x <- five_cohort()
  x$tables$screening <- data.frame(candidate = 1:6, patient = c("A", "B", "C", "D", NA, NA), reason = c(rep(NA, 4), "age", NA))
  x$excluded <- data.frame(patient = "Z", reason = "key_duplicate")
  x$tables$ablations$technical_success[1:3] <- NA
  e <- endpoint(x, "technical success", "session")
  f <- flow(x, list(endpoint(x, "OS"), ts = e))
  steps <- as.data.frame(f)
  n <- function(step, column = "n") steps[[column]][steps$step == step]
  # Six candidates, E who is not among them, Z who was left out.
  expect_identical(n("screened"), 8L)
  expect_match(f$notes, "1 patient of the cohort not in the table of screening", fixed = TRUE)
  expect_setequal(n("excluded", "label"), c("age", "no reason stated"))
  expect_identical(n("included"), 6L)
  expect_identical(c(n("left out"), n("left out", "label")), c("1", "key_duplicate"))
  # Sessions and lesions of B and D; then of A, C and E.
  expect_identical(n("group"), c(2L, 3L, 2L, 3L, 5L, 5L))
  # Both sessions of A have no outcome.
  expect_identical(c(n("endpoint"), n("endpoint", "patients")), c(5L, 6L, 5L, 4L))
  expect_identical(c(n("not counted"), n("not counted", "patients")), 2:1)
  boxes <- cryonodes:::flow_boxes(f)
  lines <- lapply(boxes[vapply(boxes, `[[`, "", "kind") == "endpoint"], `[[`, "lines")
  expect_identical(lines, list("Overall survival: 5 patients", c("ts: 6 sessions of 4 patients", "not counted 2: not recorded")))
  turned <- cryonodes:::flow_boxes(flow(x, list(ts = e, endpoint(x, "OS"))))
  lines <- lapply(turned[vapply(turned, `[[`, "", "kind") == "endpoint"], `[[`, "lines")
  expect_identical(lengths(lines), 2:1)
  frame <- cryonodes:::flow_frame(f)$boxes
  of_groups <- frame[frame$kind == "group", ]
  expect_identical(of_groups$left, c(0.02, 0.54))
  expect_identical(of_groups$top[1], of_groups$top[2])
  bare <- five_patients()
  bare$patients$group <- NULL
  expect_false("group" %in% as.data.frame(flow(do.call(cohort, bare)))$step)
})

test_that("outcomes by hand: levels, kinds of interval, names, groups of one, parts", {
  x <- five_cohort()
  os <- endpoint(x, "OS")
  ltp <- endpoint(x, "LTP", "lesion")
  works <- endpoint(x, "technical success", "session")
  o <- outcomes(list(os, mine = ltp, works), by = "group", conf.level = 0.9, conf.type = "plain")
  expect_named(o$endpoints, c("Overall survival", "mine", "Technical success, per session"))
  expect_identical(vapply(o$fits[[1]], function(f) paste(f$conf.type, f$conf.int), ""), rep("plain 0.9", 2))
  expect_identical(vapply(o$fits$mine, function(f) f$conf.int, 0), c(0.9, 0.9))
  expect_identical(attr(o$proportions[[1]][[2]], "meta")$conf.level, 0.9)
  expect_s3_class(o$tests$mine, "gray_test")
  unknown <- outcomes(small_cohort())$failed
  expect_identical(unknown$reason[unknown$endpoint == "technical success, per lesion"], "not recorded")
  # The longest of each patient, ended by an event of any kind.
  times <- split(as.data.frame(ltp), ltp$patient)
  last <- do.call(rbind, lapply(times, function(d) d[which.max(as.numeric(d$time)), ]))
  direct <- follow_up(as.numeric(last$time), last$status != "censored")
  expect_identical(o$follow_up$mine$median, direct$median)
  expect_identical(o$follow_up$mine$n, direct$n)
  table <- table_rates(o, times = 6)
  expect_true("p" %in% table$header$text)
  expect_match(table$notes$text, "mine: cumulative incidence of LTP, competing: death", fixed = TRUE, all = FALSE)
  part <- o["mine"]
  expect_named(part$endpoints, "mine")
  for (name in c("fits", "tests", "follow_up", "ungrouped")) expect_true(all(names(part[[name]]) %in% "mine"), info = name)
  expect_length(part$proportions, 0)
  o$failed <- data.frame(endpoint = c("mine", "Overall survival"), what = "x", reason = "y")
  expect_identical(o["mine"]$failed$endpoint, "mine")
  # One group and a gap are nothing to compare.
  lone <- small_cohort(group = c("A", "A", "A", NA))
  single <- outcomes(endpoint(lone, "OS"), by = "group")
  expect_length(single$fits[[1]], 1)
  expect_length(single$tests, 0)
  paper <- outcomes(x, by = "vital_status", rules = "paper2021")
  expect_true(all(vapply(paper$endpoints, function(e) attr(e, "meta")$rule$set == "paper2021", TRUE)))
  expect_true(all(vapply(paper$endpoints, function(e) "vital_status" %in% names(e), TRUE)))
  expect_error(outcomes(x, by = "nothing"), class = "cryonodes_error_column")
})

test_that("numbers of tables have the decimal mark that the option says, labels keep their own", {
  old <- options(cryonodes.decimal.mark = ",")
  on.exit(options(old))
  table <- table_characteristics(data.frame(x = c(1.5, 2.5), g = c("v1.2", "v1.2")))
  expect_true("2,0 \u00b1 0,7" %in% table$cells)
  expect_true("v1.2" %in% table$cells)
  options(cryonodes.decimal.mark = ";")
  expect_error(table_characteristics(data.frame(x = 1.5)), class = "cryonodes_error_choice")
})

test_that("each key has a text in each language, and no other is given out", {
  texts <- report_text()
  expect_false(anyNA(texts))
  expect_false(anyDuplicated(texts$key) > 0)
  expect_error(report_text("nothing"), class = "cryonodes_error_choice")
  expect_error(report_text("methods", "de"), class = "cryonodes_error_choice")
})

test_that("every sentence fills in the same names in each language; every word of the rules has its French", {
  texts <- report_text()
  names_in <- function(x) lapply(regmatches(x, gregexpr("[{][^}]*[}]", x)), sort)
  expect_identical(names_in(texts$fr), names_in(texts$en))
  expect_gt(sum(lengths(names_in(texts$en))), 100)
  known <- texts$en[startsWith(texts$key, "word.")]
  words <- cryonodes:::endpoint_words
  asked <- c(unlist(words[c("units", "start", "event", "population", "censor", "certainty")]), endpoint_rules()$label)
  expect_identical(setdiff(asked, known), character())
})

test_that("French with decimal comma: no word of English, no decimal point, and the same numbers", {
  old <- options(cryonodes.decimal.mark = ",")
  on.exit(options(old))
  x <- small_cohort(group = c("A", "B", "B", NA))
  e <- list(endpoint(x, "OS", max.gap = 400), endpoint(x, "LTP", "lesion"), endpoint(x, "primary efficacy", "lesion"))
  fitted <- function(lang) outcomes(e, by = "group", times = 12.5, conf.level = 0.975, lang = lang)
  o <- fitted("fr")
  expect_named(o$fits, c("Survie globale", "Progression tumorale locale, par l\u00e9sion"))
  text <- paste(methods_text(o, lang = "fr"), collapse = " ")
  expect_match(text, "intervalles de confiance \u00e0 97,5 %", fixed = TRUE)
  expect_match(text, "pas au-del\u00e0 de 400 jours sans imagerie", fixed = TRUE)
  expect_match(text, "1 patient sans groupe (survie globale)", fixed = TRUE)
  list <- checklist(x, o, lang = "fr")
  expect_identical(list$state, checklist(x, fitted("en"))$state)
  expect_match(list$finding, "Survie globale, ensemble, \u00e0 12,5 : ", fixed = TRUE, all = FALSE)
  # Versions keep their points; sources and titles of tests by dealing may be English.
  everything <- paste(sub("packages .*", "", text), paste(list$item, list$finding, collapse = " "), paste(table_text(o, lang = "fr")$cells, collapse = " "))
  expect_false(grepl("\\b(the|of|and|with|were|from|patients? without|survival|death|lesions?)\\b", everything, perl = TRUE))
  shown <- gsub(paste(R.version$major, R.version$minor, sep = "."), "", text, fixed = TRUE)
  shown <- gsub("(cryonodes|survival) [0-9.]+", "", shown)
  expect_false(grepl("[0-9][.][0-9]", shown))
  expect_false(grepl("[0-9][.][0-9]", paste(list$finding, collapse = " ")))
  table <- table_text(list, lang = "fr")
  expect_true(all(c("acquis", "\u00e0 signaler", "absent") %in% table$cells))
  english <- paste(methods_text(o), collapse = " ")
  expect_match(english, "log-log 97,5% confidence intervals", fixed = TRUE)
  rates <- table_rates(o, show = "ci", unit.time = "mois")
  expect_true("12,5 mois" %in% rates$cells)
  expect_match(rates$notes$text, "97,5% log-log", fixed = TRUE, all = FALSE)
  boxes <- unlist(lapply(cryonodes:::flow_boxes(flow(x, o), lang = "fr"), `[[`, "lines"))
  expect_true("groupe non pr\u00e9cis\u00e9: 1 patient, 1 s\u00e9ance, 1 l\u00e9sion" %in% boxes)
  expect_error(methods_text(o, lang = "de"), class = "cryonodes_error_choice")
  expect_error(checklist(x, o, lang = "de"), class = "cryonodes_error_choice")
  expect_error(outcomes(e, lang = "de"), class = "cryonodes_error_choice")
})

test_that("a sentence takes labels as text, and plurals by language", {
  expect_identical(cryonodes:::say("en", "check.value", name = "{value}", value = c("a", "{name}")),
    c("{value}: a", "{value}: {name}")
  )
  expect_identical(cryonodes:::count_in("fr", 0:2, "lesion"), c("0 l\u00e9sion", "1 l\u00e9sion", "2 l\u00e9sions"))
  expect_identical(cryonodes:::count_in("en", 0:2, "lesion"), c("0 lesions", "1 lesion", "2 lesions"))
  expect_identical(cryonodes:::list_in("en", c("a", "b", "c")), "a, b and c")
  expect_identical(cryonodes:::say("en", "check.landmarks.both", n = 100000L, total = 1e6),
    "100000 of 1000000 rates have both"
  )
})

test_that("report() refuses what it cannot write, before it computes", {
  x <- small_cohort()
  at <- tempfile("report")
  dir.create(at)
  on.exit(unlink(at, recursive = TRUE))
  expect_error(report(x, file.path(at, "report.odt")), class = "cryonodes_error_value")
  expect_error(report(x, file.path(at, "no", "report.html")), class = "cryonodes_error_value")
  there <- file.path(at, "there.html")
  writeLines("mine", there)
  expect_error(report(x, there), class = "cryonodes_error_value")
  expect_identical(readLines(there), "mine")
  expect_error(report(x, file.path(at, "r.html"), lang = "de"), class = "cryonodes_error_choice")
  expect_identical(list.files(at), "there.html")
})

test_that("the template can be drafted, and finds its parts", {
  skip_if_not_installed("rmarkdown")
  at <- tempfile("draft")
  dir.create(at)
  on.exit(unlink(at, recursive = TRUE))
  file <- rmarkdown::draft(file.path(at, "mine.Rmd"), "cohort-report", package = "cryonodes", edit = FALSE)
  expect_true(file.exists(file.path(dirname(file), "report.css")))
  front <- rmarkdown::yaml_front_matter(file)
  expect_named(front$output, c("html_document", "word_document", "pdf_document"))
  text <- readLines(file)
  used <- unlist(regmatches(text, gregexpr("(words[(]|numbered[(][^,]*, )\"[a-z.]+\"", text)))
  keys <- gsub(".*\"([a-z.]+)\"", "\\1", used)
  expect_gt(length(keys), 15)
  expect_identical(setdiff(keys, report_text()$key), character())
})

skip_without <- function(program) {
  found <- Sys.which(program)
  skip_if(!nzchar(found), paste(program, "is not installed"))
  found
}

# One rendering of each format serves several tests.
rendered <- new.env()
render_once <- function(format) {
  for (package in c("rmarkdown", "knitr", "ggplot2", "patchwork", "xml2")) skip_if_not_installed(package)
  skip_if(!rmarkdown::pandoc_available("2.0"), "pandoc is not installed")
  if (is.null(rendered[[format]])) {
    file <- file.path(tempdir(), paste0("cryonodes-report.", format))
    x <- small_cohort(group = c("A", "A", hostile, NA), complications = complications_by_hand,
      screening = within(screening_by_hand, reason[5:6] <- hostile), title = hostile
    )
    e <- list(endpoint(x, "OS"), endpoint(x, "LTP", unit = "lesion"))
    names(e) <- c(hostile, "LTP")
    before <- list.files(tempdir(), all.files = TRUE)
    report(x, file, endpoints = e, times = 12, lang = "fr", quiet = TRUE, overwrite = TRUE)
    rendered$left <- setdiff(list.files(tempdir(), all.files = TRUE), c(before, basename(file)))
    rendered[[format]] <- file
  }
  rendered[[format]]
}

test_that("HTML: labels are text, headings, alternative text and language are there, nothing comes from elsewhere", {
  skip_on_cran() # renders a document
  page <- xml2::read_html(render_once("html"))
  expect_identical(grep("report", rendered$left, value = TRUE), character())
  expect_identical(xml2::xml_attr(xml2::xml_find_first(page, "/html"), "lang"), "fr")
  title <- xml2::xml_text(xml2::xml_find_first(page, "//h1[contains(@class, 'title')]"))
  expect_identical(gsub("[[:space:]]+", " ", title), hostile) # pandoc breaks its lines
  expect_length(xml2::xml_find_all(page, "//b | //body//td//strong | //body//th//em"), 0)
  # A patient without a group stops nothing, and is told of.
  text <- xml2::xml_text(xml2::xml_find_first(page, "//body"))
  expect_match(gsub("[[:space:]]+", " ", text), "1 patient sans groupe, hors de la comparaison", fixed = TRUE)
  cells <- xml2::xml_text(xml2::xml_find_all(page, "//th"))
  expect_true(any(grepl(hostile, cells, fixed = TRUE)))
  images <- xml2::xml_find_all(page, "//img")
  expect_length(images, 2)
  expect_true(all(nchar(xml2::xml_attr(images, "alt")) > 20))
  expect_true(all(startsWith(xml2::xml_attr(images, "src"), "data:image/svg")))
  links <- c(
    xml2::xml_attr(xml2::xml_find_all(page, "//script[@src] | //img"), "src"),
    xml2::xml_attr(xml2::xml_find_all(page, "//link"), "href")
  )
  expect_identical(grep("^(data:|$)", links, value = TRUE, invert = TRUE), character())
  level <- as.integer(sub("h", "", xml2::xml_name(xml2::xml_find_all(page, "//h1 | //h2 | //h3"))))
  expect_true(all(diff(level) <= 1))
})

test_that("HTML in a browser: no script error, no sideways scrolling of the page at desktop and phone width", {
  skip_on_cran() # starts a browser
  browser <- skip_without("chromium")
  file <- render_once("html")
  # The page reports on itself: its width against the window's, and errors of scripts.
  probe <- tempfile(fileext = ".html")
  text <- readLines(file, warn = FALSE)
  script <- paste0(
    "<script>window.bad = []; window.onerror = function (m) { window.bad.push(m); };",
    "window.addEventListener('load', function () { document.title = 'width ' + document.documentElement.scrollWidth + ",
    "' of ' + window.innerWidth + ' errors ' + window.bad.length; });</script></head>"
  )
  writeLines(sub("</head>", script, text, fixed = TRUE), probe)
  for (width in c(1280, 500)) {
    dom <- system2(browser, c("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--timeout=20000",
      paste0("--window-size=", width, ",900"), "--dump-dom", paste0("file://", probe)
    ), stdout = TRUE, stderr = FALSE)
    dom <- paste(dom, collapse = " ")
    title <- regmatches(dom, regexpr("width [0-9]+ of [0-9]+ errors [0-9]+", dom))
    expect_length(title, 1)
    number <- as.integer(regmatches(title, gregexpr("[0-9]+", title))[[1]])
    expect_lte(number[1], number[2])
    expect_identical(number[3], 0L)
  }
})

test_that("Word: tables are tables, labels are text, LibreOffice opens it", {
  skip_on_cran() # renders a document
  skip_if_not_installed("flextable")
  skip_if_not_installed("officer")
  file <- render_once("docx")
  content <- officer::docx_summary(officer::read_docx(file))
  expect_gte(length(unique(content$doc_index[content$content_type == "table cell"])), 7)
  expect_true(any(grepl(hostile, content$text[content$content_type == "table cell"], fixed = TRUE)))
  expect_true(any(content$text %in% hostile))
  office <- skip_without("soffice")
  out <- tempfile("word")
  profile <- paste0("-env:UserInstallation=file://", tempfile("profile"))
  # R's library path would keep the program from finding its own.
  system2("env", c(
    "-u", "LD_LIBRARY_PATH", office, profile, "--headless", "--convert-to", "pdf", "--outdir", out, file
  ), stdout = FALSE, stderr = FALSE)
  pdf <- list.files(out, "pdf$", full.names = TRUE)
  expect_length(pdf, 1)
  info <- system2(skip_without("pdfinfo"), pdf, stdout = TRUE)
  pages <- as.integer(sub("Pages: *", "", grep("^Pages", info, value = TRUE)))
  expect_gte(pages, 4)
  expect_lte(pages, 15)
})

test_that("PDF: compiles with labels that LaTeX would take for commands", {
  skip_on_cran() # compiles a document
  skip_without("xelatex")
  file <- render_once("pdf")
  expect_identical(readBin(file, "raw", 4), charToRaw("%PDF"))
  text <- paste(system2(skip_without("pdftotext"), c("-layout", file, "-"), stdout = TRUE), collapse = "\n")
  expect_match(text, "=cmd|", fixed = TRUE)
  expect_match(text, "\\input{x}", fixed = TRUE)
})
