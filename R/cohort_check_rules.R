# What the records say of each other. Each check is a row of inst/rules/checks.csv and an entry here: a function of the
# typed tables that returns the rows (positions) that break the rule, with the finding in words.

rows_found <- function(table, at, column, finding) {
  at <- as.integer(at)
  n <- length(at)
  data.frame(
    table = rep(table, n), at = at, column = rep(column, length.out = n),
    finding = rep(as.character(finding), length.out = n)
  )
}

first_session <- function(tables) {
  sessions <- tables$sessions
  day <- tapply(as.numeric(sessions$date), factor(sessions$patient, unique(tables$patients$patient)), function(x) {
    if (all(is.na(x))) NA_real_ else min(x, na.rm = TRUE)
  })
  as.Date(as.numeric(day), origin = "1970-01-01")[match(tables$patients$patient, names(day))]
}

# Every dated record: table, position, column, patient, date.
dated_records <- function(tables, except = character()) {
  columns <- read_rules("columns")
  columns <- columns[columns$type == "date" & columns$table %in% names(tables) &
    !paste(columns$table, columns$column) %in% except, ]
  do.call(rbind, lapply(seq_len(nrow(columns)), function(i) {
    name <- columns$table[i]
    value <- tables[[name]][[columns$column[i]]]
    at <- which(!is.na(value))
    data.frame(
      table = rep(name, length(at)), at = at, column = rep(columns$column[i], length(at)),
      patient = patients_of(tables, name)[at], date = value[at]
    )
  }))
}

# The last day on which something is known of each patient.
last_known <- function(tables) {
  records <- dated_records(tables, c(
    "patients birth_date", "patients diagnosis_date", "systemic_therapy stop", "complications resolved"
  ))
  day <- tapply(as.numeric(records$date), factor(records$patient, unique(tables$patients$patient)), max)
  last <- as.Date(as.numeric(day), origin = "1970-01-01")[match(tables$patients$patient, names(day))]
  dead <- !is.na(tables$patients$death_date)
  last[dead] <- tables$patients$death_date[dead]
  data.frame(patient = tables$patients$patient, date = last)
}

of_patient <- function(tables, value, patient) value[match(patient, tables$patients$patient)]

# `at` of a data frame of several tables, as findings.
per_table <- function(records, finding) {
  if (!nrow(records)) return(NULL)
  data.frame(table = records$table, at = records$at, column = records$column, finding = finding)
}

record_checks <- list(
  date_sentinel = function(tables) {
    records <- dated_records(tables)
    odd <- format(records$date) %in% c("1899-12-30", "1899-12-31", "1900-01-01", "1900-01-00", "1904-01-01",
      "1970-01-01", "2099-12-31", "2999-12-31", "9999-12-31", "9999-01-01")
    odd <- odd & !(records$column == "birth_date" & format(records$date) == "1970-01-01")
    per_table(records[odd, ], paste0(format(records$date[odd]), " often stands for 'unknown'"))
  },
  date_future = function(tables) {
    records <- dated_records(tables, "systemic_therapy stop")
    late <- records$date > Sys.Date()
    per_table(records[late, ], paste0(format(records$date[late]), " is yet to come"))
  },
  unit_cm = function(tables) {
    size <- tables$lesions$long_axis_mm
    # Few lesions that are seen are below 5 mm; where most are said to be, all of the column is doubtful.
    doubtful <- stats::median(size, na.rm = TRUE) < 5
    odd <- which(!is.na(size) & size > 0 & (size < 5 & (size != round(size) | size < 2) | size < 10 & doubtful))
    rows_found("lesions", odd, "long_axis_mm", paste0(number_text(size[odd]), " mm: was it written in cm?"))
  },
  key_duplicate = function(tables) {
    do.call(rbind, lapply(names(tables), function(name) {
      key <- schema_key(name)
      if (!length(key) || !is.null(attr(tables[[name]], "derived"))) return(NULL)
      data <- tables[[name]][key]
      text <- do.call(paste, c(unname(as.list(data)), sep = "\r"))
      again <- which(stats::complete.cases(data) & duplicated(text))
      if (!length(again)) return(NULL)
      first <- attr(tables[[name]], "lines")[match(text[again], text)]
      shown <- apply(data[again, , drop = FALSE], 1, paste, collapse = ", ")
      rows_found(name, again, key[length(key)], paste0(quote_each(shown), " is in row ", first, " already"))
    }))
  },
  key_unknown = function(tables) {
    columns <- read_rules("columns")
    columns <- columns[!is.na(columns$references) & columns$table %in% names(tables), ]
    do.call(rbind, lapply(seq_len(nrow(columns)), function(i) {
      name <- columns$table[i]
      target <- columns$references[i]
      value <- tables[[name]][[columns$column[i]]]
      known <- tables[[target]][[schema_key(target)]]
      bad <- which(!is.na(value) & !value %in% known)
      if (!is.null(attr(tables[[name]], "derived"))) bad <- integer()
      # 007 and 7 are two names: said, not mended.
      bare <- function(x) sub("^0+(?=.)", "", x, perl = TRUE)
      alike <- known[match(bare(value[bad]), bare(known))]
      rows_found(name, bad, columns$column[i], paste0(
        quote_each(value[bad]), " is not in the table of ", target,
        ifelse(is.na(alike), "", paste0("; ", quote_each(alike), " is another name"))
      ))
    }))
  },
  row_duplicate = function(tables) {
    do.call(rbind, lapply(c("follow_up", "systemic_therapy", "other_therapy", "complications"), function(name) {
      if (is.null(tables[[name]])) return(NULL)
      data <- tables[[name]]
      text <- do.call(paste, c(unname(lapply(data, as.character)), sep = "\r"))
      again <- which(duplicated(text))
      first <- attr(data, "lines")[match(text[again], text)]
      rows_found(name, again, NA_character_, paste0("is the same as row ", first, recycle0 = TRUE))
    }))
  },
  other_patient = function(tables) {
    owner <- function(lesion) tables$lesions$patient[match(lesion, tables$lesions$lesion)]
    visitor <- function(session) tables$sessions$patient[match(session, tables$sessions$session)]
    lesions <- tables$lesions
    a <- which(lesions$patient != visitor(lesions$session))
    b <- which(owner(tables$ablations$lesion) != visitor(tables$ablations$session))
    if (!is.null(attr(tables$ablations, "derived"))) b <- integer()
    c <- which(tables$follow_up$patient != owner(tables$follow_up$lesion))
    of <- function(x) quote_each(x)
    rbind(
      rows_found("lesions", a, "session", paste0(
        "session ", of(lesions$session[a]), " is of patient ", of(visitor(lesions$session[a])),
        recycle0 = TRUE
      )),
      rows_found("ablations", b, "session", paste0(
        "lesion ", of(tables$ablations$lesion[b]), " and session ", of(tables$ablations$session[b]),
        " are of two patients",
        recycle0 = TRUE
      )),
      rows_found("follow_up", c, "lesion", paste0(
        "lesion ", of(tables$follow_up$lesion[c]), " is of patient ", of(owner(tables$follow_up$lesion[c])),
        recycle0 = TRUE
      )),
      if (!is.null(tables$other_therapy)) {
        d <- which(tables$other_therapy$patient != owner(tables$other_therapy$lesion))
        rows_found("other_therapy", d, "lesion", paste0(
          "lesion ", of(tables$other_therapy$lesion[d]), " is of another patient",
          recycle0 = TRUE
        ))
      }
    )
  },
  birth_order = function(tables) {
    bad <- which(tables$patients$birth_date >= first_session(tables))
    rows_found("patients", bad, "birth_date", paste0(
      "born ", format(tables$patients$birth_date[bad]), ", treated ", format(first_session(tables)[bad]),
      recycle0 = TRUE
    ))
  },
  diagnosis_order = function(tables) {
    bad <- which(tables$patients$diagnosis_date > first_session(tables))
    rows_found("patients", bad, "diagnosis_date", paste0(
      "diagnosed ", format(tables$patients$diagnosis_date[bad]), ", treated ", format(first_session(tables)[bad]),
      recycle0 = TRUE
    ))
  },
  follow_up_order = function(tables) {
    start <- of_patient(tables, first_session(tables), tables$follow_up$patient)
    bad <- which(tables$follow_up$date < start)
    last <- which(tables$patients$last_contact < first_session(tables))
    rbind(
      rows_found("follow_up", bad, "date", paste0(
        format(tables$follow_up$date[bad]), " is before the first session on ", format(start[bad]),
        recycle0 = TRUE
      )),
      rows_found("patients", last, "last_contact", paste0(
        format(tables$patients$last_contact[last]), " is before the first session on ",
        format(first_session(tables)[last]),
        recycle0 = TRUE
      ))
    )
  },
  after_death = function(tables) {
    records <- dated_records(tables, c("patients death_date", "systemic_therapy stop", "complications resolved"))
    death <- of_patient(tables, tables$patients$death_date, records$patient)
    bad <- which(records$date > death)
    per_table(records[bad, ], paste0(
      format(records$date[bad]), " is after the death on ", format(death[bad]),
      recycle0 = TRUE
    ))
  },
  vital_status = function(tables) {
    patients <- tables$patients
    dead <- which(patients$vital_status == "dead" & is.na(patients$death_date))
    alive <- which(patients$vital_status == "alive" & !is.na(patients$death_date))
    cause <- which(patients$vital_status == "alive" & !is.na(patients$cause_of_death))
    rbind(
      rows_found("patients", dead, "death_date", "is blank for a patient who is dead"),
      rows_found("patients", alive, "vital_status", paste0(
        "is alive, with a date of death, ", format(patients$death_date[alive]),
        recycle0 = TRUE
      )),
      rows_found("patients", cause, "cause_of_death", "is given for a patient who is alive")
    )
  },
  contact_order = function(tables) {
    records <- dated_records(tables, c(
      "patients birth_date", "patients diagnosis_date", "patients last_contact", "patients death_date",
      "systemic_therapy stop", "complications resolved"
    ))
    last <- of_patient(tables, tables$patients$last_contact, records$patient)
    bad <- which(records$date > last)
    per_table(records[bad, ], paste0(
      format(records$date[bad]), " is after the last contact on ", format(last[bad]),
      recycle0 = TRUE
    ))
  },
  therapy_order = function(tables) {
    bad <- which(tables$systemic_therapy$stop < tables$systemic_therapy$start)
    rows_found("systemic_therapy", bad, "stop", "is before the start")
  },
  complication_order = function(tables) {
    data <- tables$complications
    start <- tables$sessions$date[match(data$session, tables$sessions$session)]
    bad <- which(data$date < start)
    undone <- which(data$resolved < ifelse_date(is.na(data$date), start, data$date))
    rbind(
      rows_found("complications", bad, "date", paste0(
        "is before the session on ", format(start[bad]),
        recycle0 = TRUE
      )),
      rows_found("complications", undone, "resolved", "is before the complication")
    )
  },
  complication_grade = function(tables) {
    data <- tables$complications
    grades <- read_rules("grades")
    bad <- which(!is.na(data$grade) & data$system %in% grades$system &
      !paste(data$system, data$grade, sep = "\r") %in% paste(grades$system, grades$grade, sep = "\r"))
    have <- vapply(data$system[bad], function(s) paste(grades$grade[grades$system == s], collapse = ", "), "")
    rows_found("complications", bad, "grade", paste0(
      quote_each(data$grade[bad]), " is no grade of ", data$system[bad], " (", have, ")",
      recycle0 = TRUE
    ))
  },
  finding_lesion = function(tables) {
    data <- tables$follow_up
    lesions <- table(tables$lesions$patient)
    bad <- which(data$finding %in% c("complete ablation", "residual", "LTP") & is.na(data$lesion) &
      !(lesions[data$patient] %in% 1L))
    rows_found("follow_up", bad, "lesion", paste0(
      quote_each(data$finding[bad]), " is found, but of which lesion?",
      recycle0 = TRUE
    ))
  },
  ltp_after_complete = function(tables) {
    data <- findings_of_lesions(tables)
    complete <- data[data$finding == "complete ablation", ]
    first <- complete$date[match(data$lesion, complete$lesion)]
    bad <- which(data$finding == "LTP" & (is.na(first) | first >= data$date))
    rows_found("follow_up", data$at[bad], "finding", paste0(
      "LTP of lesion ", quote_each(data$lesion[bad]), " without complete ablation before",
      recycle0 = TRUE
    ))
  },
  finding_order = function(tables) {
    data <- findings_of_lesions(tables)
    treated <- treatment_days(tables)
    treated <- split(treated$date, treated$lesion)
    before <- c("complete ablation" = "LTP", residual = "complete ablation")
    # In order of time, so that the first match is the earliest.
    key <- paste(data$lesion, data$finding, sep = "\r")
    earlier <- data$date[match(paste(data$lesion, before[data$finding], sep = "\r"), key)]
    odd <- which(earlier < data$date)
    again <- vapply(odd, function(i) {
      days <- treated[[data$lesion[i]]]
      any(days > earlier[i] & days <= data$date[i])
    }, TRUE)
    odd <- odd[!again]
    rows_found("follow_up", data$at[odd], "finding", paste0(
      quote_each(data$finding[odd]), " of lesion ", quote_each(data$lesion[odd]), " after ",
      before[data$finding[odd]], ", without new treatment",
      recycle0 = TRUE
    ))
  },
  gap = function(tables) {
    imaging <- tables$follow_up[tables$follow_up$kind %in% "imaging" & !is.na(tables$follow_up$date), ]
    patients <- tables$patients
    last <- last_known(tables)$date
    start <- first_session(tables)
    of <- match(imaging$patient, patients$patient)
    seen <- data.frame(i = c(seq_along(start), of, seq_along(last)), day = c(start, imaging$date, last))
    seen <- seen[!is.na(seen$i) & !is.na(seen$day), ]
    seen <- seen[order(seen$i, seen$day), ]
    n <- nrow(seen)
    far <- which(seen$i[-1] == seen$i[-n] & as.numeric(seen$day[-1] - seen$day[-n]) > 365)
    text <- tapply(paste0(format(seen$day[far]), " to ", format(seen$day[far + 1]), recycle0 = TRUE), seen$i[far],
      paste, collapse = ", nor from "
    )
    rows_found("patients", as.integer(names(text)), "patient", paste0("no imaging from ", text, recycle0 = TRUE))
  },
  group = function(tables) {
    sessions <- tables$sessions
    own <- of_patient(tables, group_of_patients(tables), sessions$patient)
    bad <- which(!is.na(sessions$group) & sessions$group != own)
    rows_found("sessions", bad, "group", paste0(
      quote_each(sessions$group[bad]), " where the patient has ", quote_each(own[bad]),
      recycle0 = TRUE
    ))
  },
  group_missing = function(tables) {
    group <- group_of_patients(tables)
    bad <- if (all(is.na(group))) integer() else which(is.na(group))
    rows_found("patients", bad, "group", "is blank")
  },
  course_patient = function(tables) {
    sessions <- tables$sessions
    first <- sessions$patient[match(sessions$course, sessions$course)]
    bad <- which(!is.na(sessions$course) & sessions$patient != first)
    rows_found("sessions", bad, "course", paste0("is a course of patient ", quote_each(first[bad]), recycle0 = TRUE))
  },
  course_span = function(tables) {
    sessions <- tables$sessions
    first <- tapply(as.numeric(sessions$date), sessions$course, function(x) {
      if (all(is.na(x))) NA else min(x, na.rm = TRUE)
    })
    days <- as.numeric(sessions$date) - as.numeric(first[match(sessions$course, names(first))])
    bad <- which(days > 90)
    rows_found("sessions", bad, "date", paste0("is ", days[bad], " days after the first stage", recycle0 = TRUE))
  },
  course_single = function(tables) {
    times <- table(tables$sessions$course)
    bad <- which(tables$sessions$course %in% names(times)[times == 1])
    rows_found("sessions", bad, "course", "has one session only")
  },
  patient_untreated = function(tables) {
    rows_found("patients", which(!tables$patients$patient %in% tables$sessions$patient), "patient", "has no session")
  },
  session_empty = function(tables) {
    bad <- which(!tables$sessions$session %in% tables$ablations$session)
    rows_found("sessions", bad, "session", "no lesion was treated in it")
  },
  lesion_untreated = function(tables) {
    treated <- tables$ablations$lesion[!is.na(tables$ablations$session)]
    bad <- which(!tables$lesions$lesion %in% treated)
    rows_found("lesions", bad, "lesion", "was treated in no session")
  },
  no_follow_up = function(tables) {
    follow_up <- tables$follow_up
    seen <- follow_up$patient[which(follow_up$date > of_patient(tables, first_session(tables), follow_up$patient))]
    bad <- which(!tables$patients$patient %in% seen)
    rows_found("patients", bad, "patient", "has no follow-up after the first session")
  },
  screening_reason = function(tables) {
    data <- tables$screening
    bad <- which(is.na(data$patient) == is.na(data$reason))
    rows_found("screening", bad, "reason", ifelse(is.na(data$reason[bad]), "is blank, and there is no patient",
      "is given for a patient of the study"
    ))
  }
)

ifelse_date <- function(test, yes, no) {
  out <- no
  out[test] <- yes[test]
  out
}

# Findings that speak of a lesion, in order of time. A finding without lesion is that of the patient's only one.
findings_of_lesions <- function(tables) {
  data <- tables$follow_up
  only <- tables$lesions[!tables$lesions$patient %in% tables$lesions$patient[duplicated(tables$lesions$patient)], ]
  local <- data$finding %in% c("complete ablation", "residual", "LTP", "equivocal")
  lesion <- ifelse(is.na(data$lesion) & local, only$lesion[match(data$patient, only$patient)], data$lesion)
  at <- which(!is.na(lesion) & !is.na(data$finding) & !is.na(data$date))
  at <- at[order(data$date[at], at)]
  data.frame(at = at, patient = data$patient[at], lesion = lesion[at], date = data$date[at], finding = data$finding[at],
    kind = data$kind[at])
}

# Days on which a lesion was treated locally, by ablation or otherwise.
treatment_days <- function(tables) {
  ablations <- tables$ablations
  out <- data.frame(
    lesion = ablations$lesion, date = tables$sessions$date[match(ablations$session, tables$sessions$session)]
  )
  if (!is.null(tables$other_therapy)) {
    other <- tables$other_therapy[!is.na(tables$other_therapy$lesion), c("lesion", "date")]
    out <- rbind(out, other)
  }
  out[!is.na(out$lesion) & !is.na(out$date), ]
}
