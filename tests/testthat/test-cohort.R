without <- function(tables, table, column, row, value) {
  tables[[table]][[column]][row] <- value
  tables
}
findings <- function(tables, ...) as.data.frame(check_cohort(tables, ...))

test_that("a cohort without fault has nothing found, and counts", {
  x <- five_cohort()
  expect_equal(nrow(x$checks), 0)
  expect_equal(x$meta$n[["ablations"]], 9)
  expect_s3_class(x$tables$sessions$date, "Date")
  expect_type(x$tables$sessions$session, "character")
  expect_output(print(x), "5 patients, 8 sessions (7 courses), 7 lesions, 9 ablations", fixed = TRUE)
  expect_output(print(x), "2 of 5 patients died", fixed = TRUE)
})

# One break of each rule, and only that, in five patients without fault: table, column, row, value.
breaks <- list(
  value_missing = list("sessions", "date", 3, NA),
  value_type = list("lesions", "long_axis_mm", 2, "15 mm"),
  value_allowed = list("follow_up", "finding", 3, "ltp"),
  value_range = list("lesions", "long_axis_mm", 5, "1400"),
  date_format = list("patients", "last_contact", 1, "2021-02-30"),
  date_mixed = list("patients", "last_contact", 4, "01/08/2020"),
  date_serial = list("patients", "last_contact", 4, "44044"),
  date_sentinel = list("systemic_therapy", "stop", 1, "9999-12-31"),
  date_future = list("patients", "last_contact", 1, "2391-03-01"),
  unit_cm = list("lesions", "long_axis_mm", 3, "2.2"),
  key_duplicate = list("patients", "patient", 5, "A"),
  key_unknown = list("ablations", "session", 9, "S9"),
  other_patient = list("follow_up", "lesion", 3, "B1"),
  follow_up_order = list("follow_up", "date", 6, "2020-02-20"),
  after_death = list("follow_up", "date", 11, "2020-11-16"),
  vital_status = list("patients", "death_date", 2, NA),
  contact_order = list("patients", "last_contact", 5, "2020-11-30"),
  therapy_order = list("systemic_therapy", "stop", 1, "2020-12-31"),
  complication_order = list("complications", "date", 1, "2020-02-28"),
  complication_grade = list("complications", "grade", 2, "2"),
  finding_lesion = list("follow_up", "lesion", 2, NA),
  ltp_after_complete = list("follow_up", "finding", 13, "equivocal"),
  course_patient = list("sessions", "course", 8, "K1"),
  course_span = list("sessions", "date", 6, "2020-04-20"),
  course_single = list("sessions", "course", 6, NA),
  lesion_untreated = list("ablations", "lesion", 8, "C2")
)

test_that("each check finds its own break, in the row where it is", {
  skip_on_cran()
  sound <- five_patients()
  for (name in names(breaks)) {
    b <- breaks[[name]]
    found <- findings(without(sound, b[[1]], b[[2]], b[[3]], b[[4]]), date.order = "dmy", date.origin = if (
      name == "date_serial") NULL else "1900")
    own <- found[found$check == name, ]
    expect_true(nrow(own) >= 1, label = name)
    if (!name %in% c("vital_status", "course_single", "lesion_untreated", "contact_order", "key_unknown",
      "ltp_after_complete")) {
      expect_true(b[[3]] %in% own$row && all(own$table == b[[1]]), label = name)
    }
    expect_equal(unique(own$severity), cryonodes:::read_rules("checks")$severity[
      match(name, cryonodes:::read_rules("checks")$check)
    ], label = name)
  }
})

test_that("every check of the rules can be broken", {
  sound <- five_patients()
  sound$patients$birth_date <- c("1950-01-01", "2021-01-01", "1960-01-01", "1970-01-01", "1980-01-01")
  sound$patients$diagnosis_date <- c("2019-01-01", "2019-01-01", "2020-02-01", "2019-01-01", "2019-01-01")
  sound$patients <- rbind(sound$patients, NA)
  sound$patients$patient[6] <- "F"
  sound$patients$vital_status[6] <- "alive"
  sound$patients$note <- "x"
  sound$sessions$group <- c("loco", "distant", NA, NA, NA, NA, NA, NA)
  sound$sessions[9, ] <- list("S9", "E", "2020-03-01", NA, NA)
  sound$follow_up <- rbind(sound$follow_up, sound$follow_up[1, ],
    c("A", "2021-02-01", "imaging", "site", "A2", "residual"), c("A", "2020-07-15", "imaging", "site", "A1", "complete ablation")
  )
  sound$screening <- data.frame(candidate = c("x", "y"), patient = c("A", NA), reason = NA)
  sound$patients$last_contact[1] <- "2023-03-01"
  more <- findings(sound)
  twice <- five_patients()
  names(twice$lesions)[3] <- "lesion"
  lost <- five_patients()
  lost$sessions$date <- NULL
  seen <- unique(c(
    names(breaks), more$check, findings(twice)$check, findings(lost)$check, findings(five_patients()[-1])$check,
    findings(without(five_patients(), "patients", "last_contact", 1:5, "01/03/2021"))$check
  ))
  expect_setequal(seen, cryonodes:::read_rules("checks")$check)
  expect_match(more$finding[more$check == "birth_order"], "born 2021-01-01")
  expect_equal(more$row[more$check == "row_duplicate"], 16)
  expect_equal(more$patient[more$check == "gap"], "A")
})

test_that("errors stop with all of them, their rows and classes; policies keep or exclude", {
  tables <- without(five_patients(), "follow_up", "date", 11, "2020-12-24")
  stopped <- expect_error(do.call(cohort, tables), class = "cryonodes_error_cohort")
  expect_s3_class(stopped, "cryonodes_error_dates")
  expect_match(conditionMessage(stopped), "follow_up, row 11, `date` (patient C): 2020-12-24 is after the death", fixed = TRUE)
  expect_equal(stopped$checks$check[1], "after_death")
  out <- do.call(cohort, c(tables, policy = "exclude"))
  expect_equal(out$excluded$patient, "C")
  expect_false("C" %in% unlist(lapply(out$tables, `[[`, "patient")))
  expect_false(any(c("C1", "C2") %in% out$tables$ablations$lesion))
  expect_equal(nrow(endpoint(out, "OS")), 4)
  # Rows still say where they stand in what was given.
  expect_equal(endpoint(out, "LTPFS", "lesion", "paper2021")$record[4], "follow_up, row 15")
  kept <- do.call(cohort, c(tables, policy = "keep"))
  expect_equal(nrow(endpoint(kept, "OS")), 5)
  expect_true("after_death" %in% kept$checks$check)
  # What cannot be read is not kept.
  expect_error(do.call(cohort, c(without(tables, "sessions", "date", 1, "soon"), policy = "keep")),
    class = "cryonodes_error_dates"
  )
})

test_that("B168: a warning travels with the result; dates that stand for unknown are told at once", {
  x <- do.call(cohort, without(five_patients(), "lesions", "long_axis_mm", 3, "2.2"))
  expect_equal(x$checks$check, "unit_cm")
  expect_match(x$checks$finding, "2.2 mm: was it written in cm?", fixed = TRUE)
  expect_warning(
    do.call(cohort, without(five_patients(), "systemic_therapy", "stop", 1, "9999-12-31")),
    class = "cryonodes_warning_dates"
  )
})

test_that("lesions name their session where there is no table of ablations", {
  tables <- five_patients()
  tables$ablations <- NULL
  tables$lesions$session <- c("S1", "S1", "S3", "S5", "S6", "S7", "S8")
  x <- do.call(cohort, tables)
  expect_equal(x$meta$n[["ablations"]], 7)
  tables$lesions$session[2] <- "S8"
  expect_equal(findings(tables)$check[1], "other_patient")
})

test_that("B165, B167, B169, B180: dates are days of the calendar, written in one stated way", {
  tables <- five_patients()
  mixed <- without(tables, "sessions", "date", 2, "01/08/2020")
  expect_equal(findings(mixed)[1, c("check", "row")], data.frame(check = "date_order", row = 2L))
  expect_setequal(findings(mixed, date.order = "dmy")$check, "date_mixed")
  all_dmy <- tables
  all_dmy$sessions$date <- format(as.Date(tables$sessions$date), "%d.%m.%Y")
  expect_identical(do.call(cohort, c(all_dmy, date.order = "dmy"))$tables$sessions$date, as.Date(tables$sessions$date))
  expect_error(do.call(cohort, c(all_dmy, date.order = "mdy")), class = "cryonodes_error_dates")
  serial <- tables
  serial$sessions$date <- as.numeric(as.Date(tables$sessions$date)) + 25569
  expect_equal(unique(findings(serial)$check), "date_serial")
  expect_identical(do.call(cohort, c(serial, date.origin = "1900"))$tables$sessions$date, as.Date(tables$sessions$date))
  # 24 March to 31 March 2021 in Berlin: clocks changed on the 28th.
  zone <- tables
  zone$sessions$date <- as.POSIXct(paste(tables$sessions$date, "23:30"), tz = "Europe/Berlin")
  expect_identical(do.call(cohort, zone)$tables$sessions$date, as.Date(tables$sessions$date))
  expect_s3_class(endpoint(five_cohort(), "OS")$end, "Date")
})

test_that("B173, B174: ids are text, and 7 is not 007", {
  tables <- five_patients()
  tables <- lapply(tables, function(data) {
    if ("patient" %in% names(data)) data$patient <- sub("A", "007", data$patient)
    data
  })
  expect_equal(nrow(findings(tables)), 0)
  other <- tables
  other$sessions$patient[1] <- "7"
  found <- findings(other)
  expect_match(found$finding[found$check == "key_unknown"], "'7' is not in the table of patients; '007' is another name")
  expect_error(do.call(cohort, other), class = "cryonodes_error_id")
  long <- five_patients()
  long$sessions$session <- c(123456789012, 2:8)
  long$ablations$session <- c(123456789012, 123456789012, 2, 3, 4, 5, 6, 7, 8)
  long$complications$session <- c(3, 8)
  expect_equal(do.call(cohort, long)$tables$sessions$session[1], "123456789012")
  long$sessions$session[2] <- 2.5
  expect_equal(findings(long)$check[1], "value_type")
})

test_that("B176, B177, B178: order of diagnosis, treatment, follow-up and death", {
  tables <- five_patients()
  tables$patients$diagnosis_date <- c("2020-05-01", rep(NA, 4))
  expect_equal(findings(tables)[1, c("check", "row")], data.frame(check = "diagnosis_order", row = 1L))
  expect_equal(do.call(cohort, c(tables, policy = "exclude"))$excluded$patient, "A")
  early <- without(five_patients(), "patients", "last_contact", 4, "2020-05-18")
  expect_error(do.call(cohort, early), class = "cryonodes_error_dates")
  late <- without(five_patients(), "patients", "last_contact", 3, "2020-12-15")
  expect_error(do.call(cohort, late), class = "cryonodes_error_dates")
})

test_that("labels of users stay text in prints and errors", {
  tables <- five_patients()
  hostile <- "%s {x} <b>\n\\input{a}"
  tables <- lapply(tables, function(data) {
    if ("patient" %in% names(data)) data$patient <- sub("A", hostile, data$patient, fixed = TRUE)
    data
  })
  tables$patients$group <- sub("loco", "=cmd|' /C calc'", tables$patients$group)
  x <- do.call(cohort, tables)
  expect_output(print(x), "=cmd|' /C calc' (3)", fixed = TRUE)
  tables$sessions$date[1] <- "soon {1+1}"
  stopped <- expect_error(do.call(cohort, tables), class = "cryonodes_error_dates")
  expect_match(conditionMessage(stopped), "'soon {1+1}' is no date", fixed = TRUE)
  expect_output(print(endpoint(x, "OS")), "Overall survival")
})

test_that("arguments that cannot be used are told", {
  tables <- five_patients()
  expect_error(cohort(tables$patients), class = "cryonodes_error_missing")
  expect_error(do.call(cohort, c(tables, date.order = "dym")), class = "cryonodes_error_choice")
  expect_error(do.call(cohort, c(tables, closing = "31.12.2020")), class = "cryonodes_error_dates")
  expect_error(do.call(cohort, c(tables, list(closing = 20))), class = "cryonodes_error_dates")
  expect_error(do.call(cohort, utils::modifyList(tables, list(patients = "A"))), class = "cryonodes_error_type")
  expect_error(check_cohort(3), class = "cryonodes_error_type")
  expect_error(check_cohort(list(patient = tables$patients)), class = "cryonodes_error_table")
  x <- five_cohort()
  x$tables <- NULL
  expect_error(print(x), class = "cryonodes_error_object")
  expect_error(endpoint(x, "OS"), class = "cryonodes_error_object")
})

test_that("B191: a column of a like name is not taken for one that is absent", {
  tables <- five_patients()
  names(tables$sessions)[4] <- "course2"
  x <- do.call(cohort, tables)
  expect_true(all(is.na(x$tables$sessions$course)))
  expect_equal(x$checks$check, "column_unknown")
  names(tables$patients)[3] <- "vital_status2"
  expect_error(do.call(cohort, tables), "`vital_status`: is not there", class = "cryonodes_error_column")
})

test_that("days that meet are in order, a year and ninety days are not too long", {
  tables <- five_patients()
  # An assessment on the day of death.
  tables$follow_up$date[11] <- "2020-11-15"
  expect_equal(nrow(findings(tables)), 0)
  # LTP on the day on which complete ablation was documented.
  expect_equal(findings(without(five_patients(), "follow_up", "date", 3, "2020-02-01"))$check[1], "ltp_after_complete")
  # A was last seen by imaging 2021-01-01: 365 days later, and 366.
  gap <- function(day) "gap" %in% findings(without(five_patients(), "patients", "last_contact", 1, day))$check
  expect_false(gap("2022-01-01"))
  expect_true(gap("2022-01-02"))
  # Stages from 2020-01-15: 90 days later, and 91.
  span <- function(day) {
    moved <- without(five_patients(), "sessions", "date", 6, day)
    moved$follow_up$date[9:10] <- "2020-05-15"
    "course_span" %in% findings(moved)$check
  }
  expect_false(span("2020-04-14"))
  expect_true(span("2020-04-15"))
  # A spreadsheet's day 60 is 29 February 1900, which never was.
  serial <- cryonodes:::read_dates(c(60, 61), list(date.origin = "1900"))
  expect_identical(serial$value, as.Date(c(NA, "1900-03-01")))
  expect_equal(serial$findings$at, 1)
})
