# The tables of a cohort as units, and the dated records that concern each of them.

# Which lesions make up a unit, and on which day it was treated (a row an ablation).
members_of <- function(tables, unit) {
  ablations <- tables$ablations[!is.na(tables$ablations$session) & !is.na(tables$ablations$lesion), ]
  at <- match(ablations$session, tables$sessions$session)
  all <- data.frame(
    lesion = ablations$lesion, session = ablations$session, patient = tables$sessions$patient[at],
    course = courses_of(tables$sessions)[at], date = tables$sessions$date[at],
    technical_success = ablations$technical_success
  )
  # A session in which no lesion is known to have been treated is a session all the same.
  bare <- which(!tables$sessions$session %in% all$session)
  if (length(bare) && unit != "lesion") {
    all <- rbind(all, data.frame(
      lesion = NA_character_, session = tables$sessions$session[bare], patient = tables$sessions$patient[bare],
      course = courses_of(tables$sessions)[bare], date = tables$sessions$date[bare], technical_success = NA
    ))
  }
  all$unit <- all[[unit]]
  all
}

units_of <- function(tables, members, unit, rule) {
  ids <- unique(switch(unit,
    patient = tables$patients$patient, session = tables$sessions$session, course = courses_of(tables$sessions),
    lesion = tables$lesions$lesion
  ))
  first <- members[order(members$date), ]
  first <- first[match(ids, first$unit), ]
  start <- first$date
  if (identical(rule$start, "last stage")) {
    # The sessions of the course that the unit's first session belongs to.
    days <- tapply(as.numeric(tables$sessions$date), courses_of(tables$sessions), max)
    start <- as.Date(as.numeric(days[match(first$course, names(days))]), origin = "1970-01-01")
  }
  owner <- switch(unit,
    lesion = tables$lesions$patient[match(ids, tables$lesions$lesion)], patient = ids, first$patient
  )
  out <- data.frame(unit = ids, patient = owner, start = start)
  out$group <- group_of_patients(tables)[match(owner, tables$patients$patient)]
  out
}

carry_columns <- function(units, tables, unit, keep, call) {
  if (is.null(keep)) return(units)
  if (!is.character(keep) || anyNA(keep)) {
    abort_rule("type", "`keep` must be names of columns.", arg = "keep", call = call)
  }
  for (column in setdiff(keep, names(units))) {
    from <- Filter(function(name) column %in% names(tables[[name]]), c(if (unit == "lesion") "lesions",
      if (unit == "session") "sessions", "patients"
    ))
    if (!length(from)) {
      abort_rule("column", paste0("`keep`: there is no column ", quoted(column), " of the ", unit, "s."),
        arg = "keep", call = call
      )
    }
    data <- tables[[from[1]]]
    by <- if (from[1] == "patients") match(units$patient, data$patient) else match(units$unit, data[[unit]])
    units[[column]] <- data[[column]][by]
  }
  units
}

# All that may be an event: term, patient, lesion (NA: of the patient), session, date, and where it stands.
records_of <- function(tables, closing) {
  line <- function(name, at) attr(tables[[name]], "lines")[at]
  record <- function(term, patient, lesion, date, table, at, imaging = FALSE) {
    n <- length(at)
    data.frame(
      term = rep(term, length.out = n), patient = patient, lesion = rep(lesion, length.out = n), date = date,
      table = rep(table, n), row = line(table, at), imaging = rep(imaging, length.out = n)
    )
  }
  patients <- tables$patients
  dead <- which(!is.na(patients$death_date))
  cancer <- dead[patients$cause_of_death[dead] %in% "cancer"]
  other <- setdiff(dead, cancer)
  death <- function(term, at) record(term, patients$patient[at], NA, patients$death_date[at], "patients", at)
  local <- findings_of_lesions(tables)
  local <- local[local$kind == "imaging" & local$finding != "no progression", ]
  follow_up <- tables$follow_up
  spread <- which(follow_up$finding %in% c("regional progression", "distant progression") & follow_up$kind == "imaging")
  sessions <- tables$sessions
  ablations <- tables$ablations
  at <- match(ablations$session, sessions$session)
  therapy <- tables$systemic_therapy
  other_therapy <- tables$other_therapy
  out <- rbind(
    death("death", dead), death("cancer death", cancer), death("other death", other),
    record(local$finding, local$patient, local$lesion, local$date, "follow_up", local$at, TRUE),
    record(follow_up$finding[spread], follow_up$patient[spread], NA, follow_up$date[spread], "follow_up", spread, TRUE),
    record("re-ablation", sessions$patient[at], ablations$lesion, sessions$date[at], "ablations", seq_along(at)),
    if (!is.null(therapy)) {
      record("systemic therapy", therapy$patient, NA, therapy$start, "systemic_therapy", seq_len(nrow(therapy)))
    },
    if (!is.null(other_therapy)) {
      record("other local therapy", other_therapy$patient, other_therapy$lesion, other_therapy$date, "other_therapy",
        seq_len(nrow(other_therapy))
      )
    }
  )
  # Days on which imaging looked, whatever it found.
  seen <- which(follow_up$kind == "imaging")
  looks <- data.frame(
    patient = follow_up$patient[seen], lesion = follow_up$lesion[seen], scope = follow_up$scope[seen],
    date = follow_up$date[seen], finding = follow_up$finding[seen], row = line("follow_up", seen)
  )
  last <- last_known(tables)
  if (!is.null(closing)) {
    out <- out[out$date <= closing, ]
    looks <- looks[looks$date <= closing, ]
    last$date <- pmin(last$date, closing)
  }
  list(events = out, looks = looks, last = last, therapy = therapy, tables = tables)
}

local_terms <- c("LTP", "residual", "complete ablation", "equivocal", "re-ablation")

# The records of the given terms that concern each unit: unit, date, term, where. Local findings are those of its
# lesions, everything else those of its patient.
records_of_units <- function(units, members, events, terms) {
  events <- events[events$term %in% terms, ]
  local <- events$term %in% local_terms
  of <- unique(members[!is.na(members$lesion) & members$unit %in% units$unit, c("unit", "lesion")])
  near <- merge(events[local, ], of, by = "lesion")
  far <- merge(events[!local, ], units[c("unit", "patient")], by = "patient")
  out <- rbind(near[order(names(near))], far[order(names(far))])
  out$start <- units$start[match(out$unit, units$unit)]
  out <- out[order(out$date, match(out$term, terms), out$table, out$row), ]
  rownames(out) <- NULL
  out
}

# Imaging that could have shown any of the terms: who is called free of progression anywhere was looked at everywhere. A
# finding of a lesion says nothing of what lies beyond its site, unless the scope does.
looks_of_units <- function(units, members, looks, terms) {
  scope <- ifelse(is.na(looks$scope), ifelse(is.na(looks$lesion), "whole body", "site"), looks$scope)
  distant <- "distant progression" %in% terms
  local <- !distant && !"regional progression" %in% terms
  enough <- scope %in% c("whole body", if (!distant) "regional", if (local) "site")
  looks <- looks[enough, ]
  of <- unique(members[!is.na(members$lesion) & members$unit %in% units$unit, c("unit", "lesion")])
  # Who saw the region or the whole body has seen the patient's other lesions as well.
  of_lesion <- scope[enough] == "site" & !is.na(looks$lesion)
  own <- merge(looks[of_lesion, ], of, by = "lesion")
  whole <- merge(looks[!of_lesion, ], units[c("unit", "patient")], by = "patient")
  columns <- c("unit", "date", "finding", "row")
  out <- rbind(own[columns], whole[columns])
  out$start <- units$start[match(out$unit, units$unit)]
  out <- out[!is.na(out$date) & out$date > out$start, ]
  out[order(out$date, out$row), ]
}
