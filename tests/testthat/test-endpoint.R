# The five patients of helper-clinic.R; days counted on a calendar.
five <- five_cohort()
times <- function(endpoint, unit, rules, ...) {
  x <- endpoint(five, endpoint, unit, rules, unit.time = "days", ...)
  key <- if (unit == "patient") x$patient else x[[unit]]
  stats::setNames(as.numeric(x$time), key)
}
status <- function(endpoint, unit, rules, ...) {
  x <- endpoint(five, endpoint, unit, rules, ...)
  key <- if (unit == "patient") x$patient else x[[unit]]
  stats::setNames(if (is.factor(x$status)) as.character(x$status) else x$status, key)
}

test_that("overall survival of five patients is as worked out by hand", {
  for (rules in c("paper2021", "sio2021")) {
    expect_equal(times("OS", "patient", rules), c(A = 425, B = 457, C = 305, D = 61, E = 366))
    expect_equal(status("OS", "patient", rules), c(A = 0, B = 1, C = 1, D = 0, E = 0))
  }
})

test_that("local progression-free survival per lesion: death censors in the paper's rule and is an event in the other", {
  expect_equal(times("LTPFS", "lesion", "paper2021"), c(A1 = 182, A2 = 366, B1 = 275, C1 = 244, C2 = 216, E1 = 304))
  expect_equal(status("LTPFS", "lesion", "paper2021"), c(A1 = 1, A2 = 0, B1 = 0, C1 = 0, C2 = 0, E1 = 1))
  expect_equal(times("LTPFS", "lesion", "sio2021"), c(A1 = 182, A2 = 366, B1 = 457, C1 = 305, C2 = 277, E1 = 304))
  expect_equal(status("LTPFS", "lesion", "sio2021"), c(A1 = 1, A2 = 0, B1 = 1, C1 = 1, C2 = 1, E1 = 1))
  left <- attr(endpoint(five, "LTPFS", "lesion"), "left_out")
  expect_equal(left, data.frame(unit = "D1", patient = "D", reason = "complete ablation is not documented"))
})

test_that("local progression by patient, course and session", {
  expect_equal(times("LTPFS", "patient", "paper2021"), c(A = 182, B = 275, C = 244, E = 304))
  expect_equal(status("LTPFS", "patient", "paper2021"), c(A = 1, B = 0, C = 0, E = 1))
  # The lesion treated again in S2 is free of progression from then on; B1 was complete after S4 only, which both count.
  expect_equal(
    times("LTPFS", "session", "paper2021"),
    c(S1 = 182, S2 = 153, S3 = 275, S4 = 214, S5 = 244, S6 = 216, S8 = 304)
  )
  expect_equal(status("LTPFS", "session", "paper2021"), c(S1 = 1, S2 = 0, S3 = 0, S4 = 0, S5 = 0, S6 = 0, S8 = 1))
  # Both stages are one course, which starts with the first.
  x <- times("LTPFS", "course", "paper2021")
  expect_equal(x[["K1"]], 244)
  expect_length(x, 6)
})

test_that("disease-free survival, competing deaths and causes of death", {
  expect_equal(times("DFS", "patient", "paper2021"), c(A = 182, B = 275, C = 244, D = 0, E = 121))
  expect_equal(status("DFS", "patient", "paper2021"), c(A = 1, B = 1, C = 0, D = 0, E = 1))
  expect_equal(times("DFS", "patient", "sio2021"), c(A = 182, B = 275, C = 305, D = 0, E = 121))
  expect_equal(status("DFS", "patient", "sio2021"), c(A = 1, B = 1, C = 1, D = 0, E = 1))
  expect_equal(times("PFS", "patient", "sio2021"), c(A = 182, B = 31, C = 305, D = 0, E = 121))
  expect_equal(times("LTP", "patient", "sio2021"), c(A = 182, B = 457, C = 305, E = 304))
  expect_equal(status("LTP", "patient", "sio2021"), c(A = "LTP", B = "death", C = "death", E = "LTP"))
  expect_equal(
    status("CSS", "patient", "sio2021"),
    c(A = "censored", B = "cancer death", C = "other death", D = "censored", E = "censored")
  )
  # A look at the site shows no distant progression: E is censored at the imaging of the whole body.
  expect_equal(times("DP", "patient", "paper2021"), c(A = 366, B = 275, C = 244, D = 0, E = 121))
  expect_equal(status("DP", "patient", "paper2021"), c(A = 0, B = 1, C = 0, D = 0, E = 0))
  expect_equal(times("LRP", "patient", "sio2021"), c(A = 182, B = 457, C = 305, D = 0, E = 121))
})

test_that("local control, re-ablation and freedom from systemic therapy", {
  # The residual disease of B1 was cleared by a second ablation.
  expect_equal(times("LC", "lesion", "sio2021"), c(A1 = 182, A2 = 366, B1 = 457, C1 = 305, C2 = 277, D1 = 0, E1 = 304))
  expect_equal(
    status("LC", "lesion", "sio2021"),
    c(A1 = "LC", A2 = "censored", B1 = "death", C1 = "death", C2 = "death", D1 = "censored", E1 = "LC")
  )
  # The second stage of a planned treatment is no re-ablation.
  expect_equal(
    times("re-ablation", "lesion", "sio2021"),
    c(A1 = 213, A2 = 425, B1 = 61, C1 = 277, C2 = 277, D1 = 61, E1 = 366)
  )
  expect_equal(unname(status("re-ablation", "lesion", "sio2021")), c(
    "re-ablation", "censored", "re-ablation", "death", "death", "censored", "censored"
  ))
  x <- times("FFST", "course", "paper2021")
  expect_equal(unname(x), c(425, 212, 306, 245, 277, 61))
  expect_equal(unname(status("FFST", "course", "paper2021")), c(0, 0, 1, 1, 0, 0))
  expect_match(attr(endpoint(five, "FFST", "course"), "left_out")$reason, "goes on")
})

test_that("success and failure per lesion, session and patient", {
  share <- function(...) {
    x <- endpoint(five, ...)
    c(sum(x$status), length(x$status))
  }
  expect_equal(share("technical success", "lesion", "paper2021"), c(6, 7))
  expect_equal(share("technical success", "session", "paper2021"), c(7, 8))
  expect_equal(share("primary efficacy", "lesion", "paper2021"), c(5, 6))
  expect_equal(share("primary efficacy", "patient", "paper2021"), c(3, 4))
  # S3 failed; S4 cleared what it had left.
  expect_equal(share("primary efficacy", "session", "paper2021"), c(6, 7))
  expect_equal(share("assisted efficacy", "lesion", "sio2021"), c(6, 6))
  expect_equal(share("residual", "lesion", "sio2021"), c(1, 6))
  expect_equal(share("LTP", "lesion", "paper2021"), c(2, 6))
  expect_equal(share("LTP", "session", "paper2021"), c(2, 7))
  expect_equal(share("LTP", "patient", "paper2021"), c(2, 4))
})

test_that("each row says why and from which record, and where the event lies", {
  x <- endpoint(five, "LTPFS", "lesion", "paper2021")
  expect_equal(x$why[x$lesion == "A1"], "LTP on 2020-07-01")
  expect_equal(x$record[x$lesion == "A1"], "follow_up, row 3")
  expect_equal(x$left[x$lesion == "A1"], as.Date("2020-02-01"))
  expect_equal(x$why[x$lesion == "A2"], "no event; last imaging 2021-01-01")
  expect_equal(x$record[x$lesion == "A2"], "follow_up, row 5")
  expect_equal(x$why[x$lesion == "C1"], "no event before death; last imaging 2020-09-15")
  dfs <- endpoint(five, "DFS", rules = "paper2021")
  # Of E only the site was seen before the progression.
  expect_true(is.na(dfs$left[dfs$patient == "E"]))
  expect_match(dfs$why[dfs$patient == "D"], "never seen by imaging, censored at time zero")
  os <- endpoint(five, "OS")
  expect_equal(os$record[os$patient == "B"], "patients, row 2")
  expect_equal(os$why[os$patient == "A"], "no event; last contact 2021-03-01")
  ps <- endpoint(five, "primary efficacy", "session")
  expect_equal(ps$why[ps$session == "S3"], "residual of lesion B1 on 2020-04-01")
})

test_that("gaps, confirmation and closing", {
  # A1 was not seen for 151 days before its progression, E1 for 183.
  x <- endpoint(five, "LTPFS", "lesion", "paper2021", "days", max.gap = 150)
  expect_equal(as.numeric(x$time[x$lesion %in% c("A1", "E1")]), c(31, 121))
  expect_equal(x$status[x$lesion %in% c("A1", "E1")], c(0, 0))
  expect_match(x$why[x$lesion == "A1"], "151 days without imaging")
  expect_equal(times("LTPFS", "lesion", "paper2021", max.gap = 151)[["A1"]], 182)
  # A death needs no imaging.
  expect_equal(times("OS", "patient", "sio2021", max.gap = 1), times("OS", "patient", "sio2021"))
  expect_equal(unname(status("LTPFS", "lesion", "paper2021", confirm = 30)), rep(0, 6))
  tables <- five_patients()
  tables$follow_up <- rbind(tables$follow_up, c("E", "2021-01-05", "imaging", "site", "E1", "LTP"))
  again <- endpoint(do.call(cohort, tables), "LTPFS", "lesion", "paper2021", "days", confirm = 30)
  expect_equal(again$status, c(0, 0, 0, 0, 0, 1))
  expect_equal(as.numeric(again$time[6]), 304)
  closed <- endpoint(five_cohort(closing = "2020-12-31"), "OS", unit.time = "days")
  expect_equal(as.numeric(closed$time), c(365, 305, 305, 61, 334))
  expect_equal(closed$status, c(0, 0, 1, 0, 0))
})

test_that("months and years are those of the calendar's mean", {
  expect_equal(as.numeric(endpoint(five, "OS", unit.time = "years")$time[1]), 425 / 365.25)
  months <- endpoint(five, "OS")$time
  expect_equal(as.numeric(months[1]), 425 / 365.25 * 12)
  expect_equal(kaplan_meier(endpoint(five, "OS"))$meta$unit, "months")
})

test_that("a new endpoint is one row of rules", {
  ours <- endpoint_rule("X", "Distant progression or death", "patient",
    event = c("distant progression", "death"), censor = "last contact"
  )
  x <- endpoint(five, "X", rules = rbind(endpoint_rules("sio2021"), ours), unit.time = "days")
  expect_equal(as.numeric(x$time), c(425, 275, 305, 61, 366))
  expect_equal(x$status, c(0, 1, 1, 0, 0))
  expect_error(endpoint_rule("X", units = "patient", event = "relapse"), class = "cryonodes_error_choice")
  expect_error(endpoint_rule("X", units = "patient"), "`event`", class = "cryonodes_error_missing")
  expect_error(endpoint(five, "X", rules = rbind(ours, ours)), class = "cryonodes_error_endpoint")
})

test_that("estimators and tests take an endpoint, with its clusters", {
  os <- endpoint(five, "OS", unit.time = "days")
  by_hand <- data.frame(time = c(425, 457, 305, 61, 366), event = c(0, 1, 1, 0, 0), group = five$tables$patients$group)
  a <- kaplan_meier(os)
  b <- kaplan_meier(Surv(time, event) ~ 1, by_hand)
  expect_equal(a$surv, b$surv)
  expect_s3_class(a, "survfit")
  expect_equal(logrank_test(os)$statistic, logrank_test(Surv(time, event) ~ group, by_hand)$statistic)
  ltp <- endpoint(five, "LTPFS", "lesion", "sio2021", "days")
  lesions <- data.frame(
    time = c(182, 366, 457, 305, 277, 304), event = c(1, 0, 1, 1, 1, 1), patient = c("A", "A", "B", "C", "C", "E")
  )
  expect_equal(
    kaplan_meier(ltp)$std.err, kaplan_meier(Surv(time, event) ~ 1, lesions, cluster = patient)$std.err
  )
  expect_equal(tidy(restricted_mean(ltp, tau = 200))$estimate,
    tidy(restricted_mean(Surv(time, event) ~ 1, lesions, tau = 200, cluster = patient))$estimate
  )
  compete <- endpoint(five, "LTP", "patient")
  expect_s3_class(cumulative_incidence(compete), "cumulative_incidence")
  expect_output(print(kaplan_meier(ltp)), "Unit: lesion; 6 lesions (4 patients", fixed = TRUE)
  p <- proportion(endpoint(five, "primary efficacy", "lesion"))
  expect_equal(tidy(p)$estimate, 5 / 6)
})

test_that("what would answer another question is refused", {
  expect_error(endpoint(five, "OS", "lesion"), class = "cryonodes_error_endpoint")
  expect_error(endpoint(five, "OS", "session", "paper2021"), class = "cryonodes_error_endpoint")
  expect_error(endpoint(five, "PFS", rules = "paper2021"), class = "cryonodes_error_endpoint")
  ltp <- endpoint(five, "LTP", "lesion")
  for (verb in list(kaplan_meier, logrank_test, restricted_mean, nelson_aalen)) {
    expect_error(verb(ltp), class = "cryonodes_error_endpoint")
  }
  lesions <- endpoint(five, "LTPFS", "lesion")
  for (verb in list(compare_medians, follow_up, nelson_aalen, event_counts)) {
    expect_error(verb(lesions), class = "cryonodes_error_endpoint")
  }
  expect_error(proportion(lesions), class = "cryonodes_error_endpoint")
  expect_error(kaplan_meier(endpoint(five, "residual", "lesion")), class = "cryonodes_error_endpoint")
  expect_error(kaplan_meier(lesions, by = "arm"), class = "cryonodes_error_column")
  expect_error(endpoint(five, "OS", max.gap = 0), class = "cryonodes_error_count")
  expect_error(endpoint(five, "OS", keep = "wing"), class = "cryonodes_error_column")
  # A part of an endpoint no longer knows whose it is.
  expect_identical(class(lesions[1:3, ]), "data.frame")
})

test_that("the mean of observed times is shown with what it leaves out", {
  s <- summary(endpoint(five, "FFST", "course", "paper2021", "days"))
  expect_equal(s$table$mean.observed, (306 + 245) / 2)
  expect_equal(s$table$n.event, 2)
  expect_match(s$notes, "leaves out 4")
  expect_output(print(s), "Restricted mean")
})

test_that("order of rows and names of ids change nothing", {
  skip_on_cran()
  set.seed(1)
  rules <- endpoint_rules()
  units <- vapply(strsplit(rules$units, "|", fixed = TRUE), `[`, "", 1)
  of <- function(x) {
    Map(function(name, unit, set) {
      found <- endpoint(x, name, unit, set)
      found <- as.data.frame(found)[order(found[[unit]]), ]
      rownames(found) <- NULL
      found[intersect(c(unit, "time", "status", "start", "end", "left"), names(found))]
    }, rules$endpoint, units, rules$set)
  }
  here <- of(five)
  for (i in 1:20) {
    shuffled <- lapply(five_patients(), function(data) data[sample(nrow(data)), ])
    expect_identical(of(do.call(cohort, shuffled)), here)
  }
})

test_that("an event lies after what was seen free, within what is known", {
  skip_on_cran()
  rules <- endpoint_rules()
  for (i in which(rules$kind == "time")) {
    for (unit in strsplit(rules$units[i], "|", fixed = TRUE)[[1]]) {
      x <- endpoint(ablation_cohort, rules$endpoint[i], unit, rules$set[i])
      known <- match(x$patient, ablation_cohort$tables$patients$patient)
      last <- ablation_cohort$tables$patients$last_contact[known]
      expect_true(all(x$end >= x$start & x$end <= last))
      expect_true(all(is.na(x$left) | x$left < x$end & x$left > x$start))
      expect_equal(nrow(x) + nrow(attr(x, "left_out")), length(unique(switch(unit,
        patient = ablation_cohort$tables$patients$patient, lesion = ablation_cohort$tables$lesions$lesion,
        session = ablation_cohort$tables$sessions$session,
        ifelse(is.na(ablation_cohort$tables$sessions$course), ablation_cohort$tables$sessions$session,
          ablation_cohort$tables$sessions$course
        )
      ))))
    }
  }
})

# One patient A with one lesion treated on 2020-01-01, whose other records are given.
one_patient <- function(follow_up, death = NA, therapy = NULL, last = "2021-01-01") {
  cohort(
    patients = data.frame(
      patient = "A", vital_status = if (is.na(death)) "alive" else "dead", death_date = death,
      last_contact = if (is.na(death)) last else death
    ),
    sessions = data.frame(session = "S", patient = "A", date = "2020-01-01"),
    lesions = data.frame(lesion = "L", patient = "A", session = "S"),
    follow_up = cbind(patient = "A", kind = "imaging", follow_up), systemic_therapy = therapy
  )
}
seen <- function(date, finding, scope = "site") data.frame(date, lesion = "L", scope, finding)

test_that("days that meet: time zero, a tie of events, the last day that confirms", {
  # Who dies on the day of treatment has died.
  x <- one_patient(seen("2020-01-01", NA), death = "2020-01-01")
  os <- endpoint(x, "OS", unit.time = "days")
  expect_equal(c(os$time, os$status), c(0, 1), ignore_attr = TRUE)
  # What is seen during the treatment is not follow-up: nobody was followed, nothing is known of the day before.
  x <- one_patient(seen("2020-01-01", NA, "whole body"))
  dfs <- endpoint(x, "DFS", rules = "paper2021")
  expect_match(dfs$why, "never seen by imaging")
  # Progression and death on one day: progression.
  both <- rbind(seen("2020-02-01", "complete ablation"), seen("2020-06-01", "LTP"))
  ltp <- endpoint(one_patient(both, death = "2020-06-01"), "LTP", "lesion", unit.time = "days")
  expect_equal(as.character(ltp$status), "LTP")
  # Confirmed after 30 days, and not by a look after 29.
  again <- function(date) {
    x <- one_patient(rbind(both, seen(date, "LTP")))
    endpoint(x, "LTPFS", "lesion", "paper2021", confirm = 30)$status
  }
  expect_equal(again("2020-07-01"), 1)
  expect_equal(again("2020-06-30"), 0)
})

test_that("therapy that ends with the treatment is a break, and one that begins with it is none", {
  after <- function(start, stop) {
    x <- one_patient(seen("2020-02-01", "complete ablation"), therapy = data.frame(patient = "A", start, stop))
    tryCatch(nrow(endpoint(x, "FFST", "course")), cryonodes_error_empty = function(e) 0)
  }
  expect_equal(after("2019-01-01", "2020-01-01"), 1)
  expect_equal(after("2019-01-01", "2020-01-02"), 0)
  expect_equal(after("2020-01-01", NA), 0)
})

test_that("residual disease found on the day of its treatment is a failure of the first", {
  x <- cohort(
    patients = data.frame(patient = "A", vital_status = "alive"),
    sessions = data.frame(session = c("S", "T"), patient = "A", date = c("2020-01-01", "2020-03-01")),
    lesions = data.frame(lesion = "L", patient = "A"),
    ablations = data.frame(lesion = "L", session = c("S", "T")),
    follow_up = cbind(patient = "A", kind = "imaging", rbind(
      seen("2020-03-01", "residual"), seen("2020-04-01", "complete ablation")
    ))
  )
  expect_equal(endpoint(x, "primary efficacy", "lesion")$status, FALSE)
  expect_equal(endpoint(x, "assisted efficacy", "lesion")$status, TRUE)
})
