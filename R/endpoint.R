#' Endpoints from the records of a cohort
#'
#' Derives who had the event, when, and who was censored, from dated records by a written rule; each row says why and
#' from which record. The result goes into [kaplan_meier()], [logrank_test()], [cumulative_incidence()] and the other
#' estimators and tests as it is; they take lesions of one patient as belonging together.
#'
#' @param x A [cohort()].
#' @param endpoint Name of the endpoint, as in [endpoint_rules()]: `"OS"`, `"LTPFS"`, `"DFS"`, ...
#' @param unit `"patient"`, `"course"`, `"session"` or `"lesion"`; `NULL`: the first that the rule names. A unit that
#'   the rule does not name is refused: there is no overall survival of a lesion.
#' @param rules A set of [endpoint_rules()], or a data frame of rules.
#' @param unit.time `"months"` (of 365.25 / 12 days), `"days"` or `"years"`.
#' @param max.gap Days. After a longer gap between assessments by imaging (or between the start and the first of them),
#'   an event that only imaging shows is not counted: the unit is censored at the last assessment before the gap.
#'   `NULL`: no limit.
#' @param confirm Days. An event that imaging shows counts if an assessment at least so many days later shows it again;
#'   its day stays the first. `NULL`: no confirmation is asked for.
#' @param keep Columns of the tables of patients, sessions or lesions to carry along, to group by.
#' @return An `endpoint`, a data frame with a row a unit: `patient`, `course`, `session` or `lesion` (the unit),
#'   `group`, `start`, `end` (Date), `time`, `status` (1 event, 0 censored; with competing events a factor whose first
#'   level is `censored`), `left` (the last day on which imaging showed the unit free of the event; `NA` if only the
#'   start is), so that the event lies in (`left`, `end`]; `why` and `record` (table and row). Of proportions: `status`
#'   (did it happen?), `why`, `record`. Units that the rule does not count are in the attribute `left_out`, with the
#'   reason.
#' @section Definition: The event is the earliest record, after time zero, of those that the rule names. A death on the
#'   day of time zero counts. Of an event and a competing event on one day the event counts. Imaging assesses a lesion
#'   if it names the lesion, names none, or covers the region or the whole body; it assesses regional progression if it
#'   covers the region or the whole body, and distant progression if it covers the whole body. An assessment of the
#'   patient without `scope` is taken as one of the whole body, one of a lesion as one of its site. Who has no event is
#'   censored at the last imaging that assesses all that the rule counts, or at the last contact, as the rule says;
#'   death that the rule does not name (in `paper2021`) censors there as well. With `closing` of the cohort nothing
#'   later counts.
#' @section Errors: `cryonodes_error_endpoint` (unknown endpoint, or a unit that it is not defined for), `_choice`,
#'   `_count` (`max.gap`, `confirm`), `_column` (`keep`), `_empty` (no unit that the rule counts).
#' @seealso [endpoint_rules()]
#' @examples
#' ltpfs <- endpoint(ablation_cohort, "LTPFS", unit = "lesion")
#' ltpfs
#' head(as.data.frame(ltpfs)[c("lesion", "time", "status", "why")])
#' kaplan_meier(ltpfs, by = "group")
#' logrank_test(ltpfs, by = "group")
#'
#' # Death competes with local progression.
#' cumulative_incidence(endpoint(ablation_cohort, "LTP", unit = "patient"))
#' proportion(endpoint(ablation_cohort, "primary efficacy", unit = "lesion"))
#' @export
endpoint <- function(x, endpoint, unit = NULL, rules = "sio2021", unit.time = "months", max.gap = NULL, confirm = NULL,
                     keep = NULL) {
  call <- quote(endpoint())
  check_given(missing(x), "x", call)
  check_given(missing(endpoint), "endpoint", call)
  check_cohort_object(x, call)
  rule <- find_rule(endpoint, rules, call)
  unit <- check_unit(unit, rule, call)
  unit.time <- check_choice(unit.time, c("months", "days", "years"), "unit.time", call)
  max.gap <- check_days(max.gap, "max.gap", call)
  confirm <- check_days(confirm, "confirm", call)
  tables <- x$tables
  members <- members_of(tables, unit)
  units <- units_of(tables, members, unit, rule)
  units <- carry_columns(units, tables, unit, keep, call)
  records <- records_of(tables, x$meta$closing)
  counted <- counted_units(units, members, records, rule)
  left_out <- data.frame(unit = units$unit, patient = units$patient, reason = counted)[!is.na(counted), ]
  rownames(left_out) <- NULL
  units <- units[is.na(counted), ]
  if (!nrow(units)) {
    abort_rule("empty", paste0("no ", unit, " is counted for ", quoted(endpoint), ": ", left_out$reason[1], "."),
      arg = "endpoint", call = call
    )
  }
  out <- if (rule$kind == "time") {
    derive_times(units, members, records, rule, unit, unit.time, max.gap, confirm, x)
  } else {
    derive_outcomes(units, members, records, rule, unit)
  }
  rownames(out) <- NULL
  attr(out, "left_out") <- left_out
  attr(out, "meta") <- list(
    format = result_format, rule = rule, unit = unit, unit.time = if (rule$kind == "time") unit.time, max.gap = max.gap,
    confirm = confirm, n = unit_counts(tables, members, out, unit), title = x$meta$title, closing = x$meta$closing
  )
  class(out) <- c("endpoint", "data.frame")
  out
}

check_days <- function(x, arg, call) {
  if (is.null(x)) return(NULL)
  if (inherits(x, "difftime")) x <- as.numeric(x, units = "days")
  if (!is_number(x) || length(x) != 1 || is.na(x) || !is.finite(x) || x <= 0) {
    abort_rule("count", paste0("`", arg, "` must be a number of days > 0 or NULL, not ", one_line(x), "."),
      arg = arg, call = call
    )
  }
  x
}

days_per <- c(days = 1, months = 365.25 / 12, years = 365.25)

# NA for units that the rule counts, else the reason why not.
counted_units <- function(units, members, records, rule) {
  reason <- rep(NA_character_, nrow(units))
  reason[is.na(units$start)] <- "was never treated"
  closing <- is.na(reason) & !is.na(match(units$patient, records$last$patient)) &
    units$start > records$last$date[match(units$patient, records$last$patient)]
  reason[closing] <- "was treated after the follow-up was closed"
  if (rule$population %in% c("completely ablated", "assessed")) {
    terms <- if (rule$population == "assessed") c("complete ablation", "residual") else "complete ablation"
    seen <- records_of_units(units, members, records$events, terms)
    seen <- unique(seen$unit[seen$date > seen$start])
    reason[is.na(reason) & !units$unit %in% seen] <- if (rule$population == "assessed") {
      "the ablation zone was not assessed"
    } else {
      "complete ablation is not documented"
    }
  }
  if (rule$population == "off systemic therapy" && !is.null(records$therapy)) {
    therapy <- merge(
      units[c("unit", "patient", "start")], records$therapy[c("patient", "start", "stop")],
      by = "patient"
    )
    on <- therapy$start.y <= therapy$start.x & (is.na(therapy$stop) | therapy$stop > therapy$start.x)
    reason[is.na(reason) & units$unit %in% therapy$unit[which(on)]] <- "systemic therapy goes on"
  }
  reason
}

derive_times <- function(units, members, records, rule, unit, unit.time, max.gap, confirm, x) {
  events <- allowed_values(rule$event)
  competing <- setdiff(allowed_values(rule$competing), events)
  # A death that the rule does not name still ends the follow-up.
  deaths <- c("death", "cancer death", "other death")
  implied <- if (!any(deaths %in% c(events, competing))) "death" else character()
  hits <- records_of_units(units, members, records$events, expand_terms(c(events, competing, implied)))
  hits <- after_start(hits)
  looks <- looks_of_units(units, members, records$looks, events)
  hits <- residual_in_the_end(hits, units, members, records, c(events, competing))
  if (!is.null(confirm)) hits <- confirmed(hits, events, confirm)
  first <- hits[!duplicated(hits$unit), ]
  # Of an event and another on one day the event counts, by the order of the terms.
  i <- match(units$unit, first$unit)
  term <- first$term[i]
  end <- first$date[i]
  why <- paste0(term, " on ", format(end))
  record <- paste0(first$table[i], ", row ", first$row[i])
  status <- ifelse(term %in% events, "event", ifelse(term %in% competing, term, "censored"))
  why[status == "censored"] <- paste0("censored by ", why[status == "censored"])
  none <- is.na(i)
  last <- last_look(units, looks, records, rule)
  # Who died without event is censored at death where the last contact counts, else at the last imaging.
  by_death <- !none & status == "censored" & rule$censor == "last imaging"
  at <- none | by_death
  end[at] <- last$date[at]
  record[at] <- last$record[at]
  why[at] <- paste0("no event", ifelse(by_death[at], " before death", ""), "; ", last$why[at])
  status[none] <- "censored"
  seen_free <- looks[match(looks$unit, units$unit, 0L) > 0, ]
  left <- last_before(units, seen_free, end)
  if (!is.null(max.gap)) {
    gap <- gap_before(units, looks, end, status, term, max.gap)
    hit <- !is.na(gap$date)
    status[hit] <- "censored"
    why[hit] <- paste0("censored before ", gap$days[hit], " days without imaging; then ", why[hit])
    record[hit] <- gap$record[hit]
    end[hit] <- gap$date[hit]
    left[hit] <- NA
  }
  left[status != "event"] <- NA
  days <- as.numeric(end - units$start)
  out <- unit_columns(units, unit)
  out$start <- units$start
  out$end <- end
  out$time <- structure(days / days_per[[unit.time]], unit = unit.time)
  out$status <- if (length(competing)) {
    main <- if (length(events) == 1) events else rule$endpoint
    factor(ifelse(status == "event", main, status), c("censored", main, competing))
  } else {
    as.integer(status == "event")
  }
  out$left <- left
  out$why <- why
  out$record <- record
  out
}

# A term that sums up others.
expand_terms <- function(terms) {
  terms[terms == "residual after all ablations"] <- "residual"
  unique(terms)
}

after_start <- function(hits) {
  death <- hits$term %in% c("death", "cancer death", "other death")
  hits[which(ifelse(death, hits$date >= hits$start, hits$date > hits$start)), ]
}

# Residual disease counts as a loss of control only if no later ablation cleared it.
residual_in_the_end <- function(hits, units, members, records, terms) {
  if (!"residual after all ablations" %in% terms) return(hits)
  complete <- records_of_units(units, members, records$events, "complete ablation")
  complete <- complete[rev(seq_len(nrow(complete))), ]
  key <- function(x) paste(x$unit, x$lesion, sep = "\r")
  # The latest is the first from behind.
  latest <- complete$date[match(key(hits), key(complete))]
  residual <- hits$term == "residual"
  cleared <- residual & !is.na(latest) & latest > hits$date
  hits$term[residual] <- "residual after all ablations"
  hits[!cleared, ]
}

confirmed <- function(hits, events, days) {
  key <- paste(hits$unit, hits$term, hits$lesion, sep = "\r")
  # In order of time: the last of its kind is the first from behind.
  last <- rev(hits$date)[match(key, rev(key))]
  hits[!hits$imaging | !hits$term %in% events | last >= hits$date + days, ]
}

# Where a unit without event is censored.
last_look <- function(units, looks, records, rule) {
  contact <- records$last$date[match(units$patient, records$last$patient)]
  if (rule$censor == "last contact") {
    return(data.frame(
      date = contact, why = paste0("last contact ", format(contact)),
      record = paste0("patients, row ", attr(records$tables$patients, "lines")[
        match(units$patient, records$tables$patients$patient)
      ])
    ))
  }
  last <- looks[!duplicated(looks$unit, fromLast = TRUE), ]
  i <- match(units$unit, last$unit)
  date <- last$date[i]
  none <- is.na(date)
  date[none] <- units$start[none]
  data.frame(
    date = date,
    why = ifelse(none, "never seen by imaging, censored at time zero", paste0("last imaging ", format(date))),
    record = ifelse(none, NA, paste0("follow_up, row ", last$row[i]))
  )
}

last_before <- function(units, looks, end) {
  looks <- looks[looks$date < end[match(looks$unit, units$unit)], ]
  last <- looks[!duplicated(looks$unit, fromLast = TRUE), ]
  last$date[match(units$unit, last$unit)]
}

# The first gap between assessments that is longer than allowed and comes before an event that imaging showed.
gap_before <- function(units, looks, end, status, term, max.gap) {
  n <- nrow(units)
  out <- data.frame(date = as.Date(rep(NA, n)), days = rep(NA_real_, n), record = rep(NA_character_, n))
  shown <- which(status == "event" & term %in% c(local_terms, "regional progression", "distant progression",
    "residual after all ablations"
  ))
  of <- split(seq_len(nrow(looks)), looks$unit)
  for (i in shown) {
    own <- looks[of[[units$unit[i]]], ]
    own <- own[own$date <= end[i], ]
    days <- unique(c(units$start[i], own$date, end[i]))
    far <- which(diff(as.numeric(days)) > max.gap)
    if (!length(far)) next
    out$date[i] <- days[far[1]]
    out$days[i] <- as.numeric(days[far[1] + 1] - days[far[1]])
    if (far[1] > 1) out$record[i] <- paste0("follow_up, row ", own$row[match(days[far[1]], own$date)])
  }
  out
}

unit_columns <- function(units, unit) {
  out <- data.frame(patient = units$patient)
  if (unit != "patient") out[[unit]] <- units$unit
  cbind(out, units[setdiff(names(units), c("unit", "patient", "start"))])
}

# Did it happen? Of a unit with several lesions success is that of all, failure that of any.
derive_outcomes <- function(units, members, records, rule, unit) {
  out <- unit_columns(units, unit)
  lesions <- treated_lesions(members[members$unit %in% units$unit, ])
  term <- allowed_values(rule$event)
  part <- switch(term[1],
    "technical success" = technical_success(members, units),
    "primary efficacy" = efficacy(lesions, records, primary = TRUE),
    "assisted efficacy" = efficacy(lesions, records, primary = FALSE),
    happened(units, members, records, term)
  )
  success <- term[1] %in% c("technical success", "primary efficacy", "assisted efficacy")
  split <- split(seq_len(nrow(part)), factor(part$unit, units$unit))
  decide <- vapply(split, function(rows) {
    value <- part$value[rows]
    # One failure decides, an unknown does not hide it.
    if (!length(rows)) NA else if (success) all(value) else any(value)
  }, NA)
  deciding <- vapply(seq_along(split), function(i) {
    rows <- split[[i]]
    pick <- rows[which(part$value[rows] %in% decide[i])]
    if (success && isTRUE(decide[i]) || !length(pick)) pick <- rows
    if (length(pick)) pick[1] else NA_integer_
  }, 1L)
  out$status <- unname(decide)
  out$why <- part$why[deciding]
  out$record <- part$record[deciding]
  unknown <- is.na(out$status)
  out$why[unknown] <- "not recorded"
  out
}

technical_success <- function(members, units) {
  own <- members[members$unit %in% units$unit, ]
  own <- own[order(own$date), ]
  # Of a lesion the first treatment counts.
  first <- own[!duplicated(paste(own$unit, own$lesion, sep = "\r")), ]
  data.frame(
    unit = first$unit, value = first$technical_success,
    why = paste0("technical success of lesion ", first$lesion, " on ", format(first$date), ": ",
      ifelse(is.na(first$technical_success), "not recorded", ifelse(first$technical_success, "yes", "no"))
    ), record = paste0("ablations, session ", first$session)
  )
}

# Primary: complete ablation is shown before residual disease and before any further treatment of the lesion. Assisted:
# it is shown in the end.
efficacy <- function(lesions, records, primary) {
  terms <- c("complete ablation", "residual", "re-ablation", "other local therapy")
  events <- records$events[records$events$term %in% terms & !is.na(records$events$lesion), ]
  own <- merge(lesions, events[c("lesion", "term", "date", "table", "row")], by = "lesion")
  own <- own[own$date > own$start, ]
  # On one day residual disease was found before it was treated.
  own <- own[order(own$date, match(own$term, terms), own$row), ]
  key <- function(x) paste(x$unit, x$lesion, sep = "\r")
  treated <- own[own$term %in% terms[3:4], ]
  shown <- own[own$term %in% terms[1:2], ]
  if (primary) {
    again <- treated$date[match(key(shown), key(treated))]
    shown <- shown[is.na(again) | shown$date <= again, ]
  } else {
    shown <- shown[order(shown$term != "complete ablation"), ]
  }
  i <- match(key(lesions), key(shown))
  data.frame(
    unit = lesions$unit, value = shown$term[i] == "complete ablation",
    why = ifelse(is.na(i), NA, paste0(shown$term[i], " of lesion ", lesions$lesion, " on ", format(shown$date[i]))),
    record = ifelse(is.na(i), NA, paste0("follow_up, row ", shown$row[i]))
  )
}

happened <- function(units, members, records, terms) {
  hits <- after_start(records_of_units(units, members, records$events, terms))
  first <- hits[!duplicated(hits$unit), ]
  i <- match(units$unit, first$unit)
  data.frame(
    unit = units$unit, value = !is.na(i),
    why = ifelse(is.na(i), paste0("no ", paste(terms, collapse = " or "), " recorded"),
      paste0(first$term[i], " on ", format(first$date[i]))
    ), record = ifelse(is.na(i), NA, paste0(first$table[i], ", row ", first$row[i]))
  )
}

# Lesions of the units, with the day on which the course that treated each of them first was completed.
treated_lesions <- function(members) {
  members <- members[!is.na(members$lesion), ]
  members <- members[order(members$date), ]
  key <- paste(members$unit, members$lesion, sep = "\r")
  same <- members$course == members$course[match(key, key)]
  last <- tapply(as.numeric(members$date[same]), key[same], max)
  first <- !duplicated(key)
  out <- members[first, c("unit", "lesion")]
  out$start <- as.Date(as.numeric(last[match(key[first], names(last))]), origin = "1970-01-01")
  out
}

unit_counts <- function(tables, members, out, unit) {
  units <- if (unit == "patient") out$patient else out[[unit]]
  own <- members[members$unit %in% units, ]
  c(
    patients = length(unique(out$patient)), sessions = length(unique(own$session)),
    lesions = length(unique(own$lesion[!is.na(own$lesion)]))
  )
}
