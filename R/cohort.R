#' A cohort of patients, sessions, lesions and follow-up
#'
#' Puts the dated records of an ablation cohort together, checks them, and keeps them for [endpoint()], tables and the
#' report. Data frames are taken as they are; files are read by [read_cohort()]; an empty workbook to fill in is written
#' by [cohort_template()].
#'
#' Nothing is guessed and nothing is lost: values that cannot be read, dates whose order is not stated, keys that point
#' nowhere and records that contradict each other are listed by table and row, all at once.
#'
#' @param patients,sessions,lesions,follow_up Data frames, see Tables and columns.
#' @param ablations,systemic_therapy,other_therapy,complications,screening Data frames, or `NULL`.
#' @param date.order Order of dates that are text and not YYYY-MM-DD: `"dmy"` or `"mdy"`. `NULL`: there are none.
#' @param date.origin For dates that are numbers of a spreadsheet: `"1900"` or `"1904"`, the system it counts in.
#' @param dec Decimal mark of numbers that are text, `"."` or `","`.
#' @param closing Day on which the follow-up was closed, a Date or YYYY-MM-DD: who was in contact then is censored
#'   there. `NULL`: each patient at the last record.
#' @param policy What becomes of a patient with an error in the records: `"error"` (default) stops with the list of all;
#'   `"exclude"` leaves the patient out with all records and lists it in `excluded`; `"keep"` keeps all and lets the
#'   errors travel with the result. Errors that are not those of a patient (a column that is not there, a value that
#'   cannot be read) stop in any case.
#' @param title Text that names the cohort in prints and reports.
#' @return A `cohort`: a list of `tables` (data frames with the columns of the schema: dates as Date, ids as text),
#'   `checks` (a [check_cohort()] data frame of what was found), `excluded` (patients left out, with the reason) and
#'   `meta`. `as.data.frame(x, table)` gives one table; `summary(x)` counts.
#' @eval schema_rd()
#' @eval checks_rd()
#' @section Edge cases: Without `ablations`, each lesion is taken as treated once, in the session of its row. Blank rows
#'   at the end of a file are left out. Columns that the schema does not know are kept as text, with a warning in
#'   `checks`.
#' @section Errors: `cryonodes_error_cohort`, with the classes of what was found (`_dates`, `_id`, `_column`,
#'   `_missing`, `_type`, `_choice`, `_value`, `_status`, `_group`, `_table`, `_records`) and the list itself in the
#'   field `checks`. Dates that stand for "unknown" (1900-01-01, 9999-12-31) give a warning, `cryonodes_warning_dates`.
#' @seealso [check_cohort()], [read_cohort()], [endpoint()]
#' @examples
#' example <- cohort(
#'   patients = data.frame(
#'     patient = c("A", "B"), vital_status = c("alive", "dead"), death_date = c(NA, "2021-09-30")
#'   ),
#'   sessions = data.frame(session = 1:2, patient = c("A", "B"), date = c("2020-01-10", "2020-03-02")),
#'   lesions = data.frame(
#'     lesion = c("A1", "A2", "B1"), patient = c("A", "A", "B"), session = c(1, 1, 2)
#'   ),
#'   follow_up = data.frame(
#'     patient = c("A", "A", "B", "A"),
#'     date = c("2020-02-10", "2020-02-10", "2020-04-01", "2020-12-01"),
#'     kind = "imaging", lesion = c("A1", "A2", "B1", "A1"),
#'     finding = c("complete ablation", "complete ablation", "complete ablation", "LTP")
#'   )
#' )
#' example
#' endpoint(example, "LTPFS", unit = "lesion")
#' @export
cohort <- function(patients, sessions, lesions, follow_up, ablations = NULL, systemic_therapy = NULL,
                   other_therapy = NULL, complications = NULL, screening = NULL, date.order = NULL, date.origin = NULL,
                   dec = ".", closing = NULL, policy = "error", title = NULL) {
  call <- quote(cohort())
  check_given(missing(patients), "patients", call)
  check_given(missing(sessions), "sessions", call)
  check_given(missing(lesions), "lesions", call)
  check_given(missing(follow_up), "follow_up", call)
  tables <- list(
    patients = patients, sessions = sessions, lesions = lesions, follow_up = follow_up, ablations = ablations,
    systemic_therapy = systemic_therapy, other_therapy = other_therapy, complications = complications,
    screening = screening
  )
  options <- cohort_options(date.order, date.origin, dec, call)
  finish_cohort(type_tables(tables, options, call), closing, policy, title, source = NULL, call = call)
}

cohort_options <- function(date.order, date.origin, dec, call) {
  if (!is.null(date.order)) date.order <- check_choice(date.order, c("ymd", "dmy", "mdy"), "date.order", call)
  if (!is.null(date.origin)) {
    date.origin <- check_choice(as.character(date.origin), c("1900", "1904"), "date.origin", call)
  }
  list(date.order = date.order, date.origin = date.origin, dec = check_choice(dec, c(".", ","), "dec", call))
}

# Columns as the schema's types, with what could not be read. `lines` (of a file) say where a row stands in it.
type_tables <- function(tables, options, call) {
  known <- read_rules("tables")
  findings <- list()
  add <- function(check, table, rows = NA_integer_, column = NA_character_, finding) {
    n <- length(rows)
    if (!n) return(invisible())
    findings[[length(findings) + 1]] <<- data.frame(
      check = check, table = table, row = rows, column = rep(column, length.out = n), finding = finding
    )
  }
  out <- list()
  for (name in known$table) {
    data <- tables[[name]]
    needed <- known$required[known$table == name] == "yes"
    if (is.null(data)) {
      if (needed) add("table_missing", name, finding = "is not given")
      next
    }
    if (!is.data.frame(data)) {
      abort_rule("type", paste0("`", name, "` must be a data frame, not ", class(data)[1], "."),
        arg = name, call = call
      )
    }
    lines <- attr(data, "lines") %||% seq_len(nrow(data))
    if (!nrow(data)) {
      if (needed) add("table_missing", name, finding = "has no rows")
      next
    }
    columns <- schema_columns(name)
    twice <- unique(names(data)[duplicated(names(data))])
    add("column_twice", name, rep(NA_integer_, length(twice)), twice, "occurs more than once")
    lost <- setdiff(columns$column[columns$required == "yes"], names(data))
    add("column_missing", name, rep(NA_integer_, length(lost)), lost, paste0(
      "is not there; there are ", quoted(names(data), 30)
    ))
    more <- setdiff(names(data), columns$column)
    add("column_unknown", name, rep(NA_integer_, length(more)), more, "is not in the schema")
    typed <- empty_table(name, nrow(data))
    for (i in seq_len(nrow(columns))) {
      column <- columns$column[i]
      if (!column %in% names(data)) next
      part <- read_column(data[[column]], columns[i, ], options)
      typed[[column]] <- part$value
      for (k in split(part$findings, part$findings$check)) add(k$check[1], name, lines[k$at], column, k$finding)
      if (columns$required[i] == "yes") {
        unread <- c(part$findings$at)
        blank <- setdiff(which(is.na(part$value)), unread)
        add("value_missing", name, lines[blank], column, "is blank")
      }
    }
    for (column in more) typed[[column]] <- read_column(data[[column]], list(type = "text"), options)$value
    label <- lapply(data, attr, "label", exact = TRUE)
    for (column in names(Filter(is.character, label))) attr(typed[[column]], "label") <- label[[column]]
    out[[name]] <- structure(typed, lines = as.integer(lines))
  }
  list(tables = out, findings = do.call(rbind, findings))
}

finish_cohort <- function(typed, closing, policy, title, source, call) {
  policy <- check_choice(policy, c("error", "exclude", "keep"), "policy", call)
  closing <- read_closing(closing, call)
  if (!is.null(title)) check_text(title, "title", call)
  checks <- all_checks(typed)
  severe <- checks$severity == "error"
  rules <- read_rules("checks")
  stops <- severe & (is.na(checks$patient) | checks$check %in% unread_checks)
  if (any(severe) && (policy == "error" || any(stops))) stop_for_checks(checks, call)
  tables <- typed$tables
  excluded <- data.frame(patient = character(), reason = character())
  if (policy == "exclude" && any(severe)) {
    bad <- unique(checks$patient[severe])
    reason <- vapply(bad, function(p) {
      paste(unique(rules$rule[match(checks$check[severe & checks$patient == p], rules$check)]), collapse = "; ")
    }, "")
    excluded <- data.frame(patient = bad, reason = unname(reason))
    tables <- drop_patients(tables, bad)
    if (!nrow(tables$patients)) {
      abort_rule("empty", "no patient is left: the records of each have an error.", arg = "policy", call = call)
    }
  }
  if (is.null(tables$ablations)) tables$ablations <- ablations_of_lesions(tables$lesions)
  sentinel <- checks[checks$check == "date_sentinel", ]
  if (nrow(sentinel)) {
    warn_rule("dates", paste0(
      "dates that look like 'unknown' are taken as they stand: ",
      paste(utils::head(where_found(sentinel), 3), collapse = "; "),
      if (nrow(sentinel) > 3) paste0(" (and ", nrow(sentinel) - 3, " more)"), "."
    ), call = call)
  }
  structure(list(
    tables = tables, checks = checks, excluded = excluded,
    meta = list(
      format = result_format, closing = closing, policy = policy, title = title, source = source,
      n = vapply(tables, nrow, 0L)
    )
  ), class = "cohort")
}

read_closing <- function(closing, call) {
  if (is.null(closing)) return(NULL)
  part <- if (is.atomic(closing) && length(closing) == 1 && !is.na(closing) && !is.numeric(unclass(closing)[1]) ||
    inherits(closing, c("Date", "POSIXt"))) read_dates(closing, list())
  if (is.null(part) || nrow(part$findings) || length(part$value) != 1 || is.na(part$value)) {
    abort_rule("dates", paste0("`closing` must be one date, YYYY-MM-DD, not ", one_line(closing), "."),
      arg = "closing", call = call
    )
  }
  part$value
}

ablations_of_lesions <- function(lesions) {
  out <- empty_table("ablations", nrow(lesions))
  out$lesion <- lesions$lesion
  out$session <- lesions$session
  structure(out, lines = attr(lesions, "lines"), derived = TRUE)
}

drop_patients <- function(tables, patients) {
  sessions <- tables$sessions$session[tables$sessions$patient %in% patients]
  lesions <- tables$lesions$lesion[tables$lesions$patient %in% patients]
  lapply(tables, function(data) {
    gone <- if ("patient" %in% names(data)) {
      data$patient %in% patients
    } else if ("session" %in% names(data)) {
      data$session %in% sessions
    } else {
      data$lesion %in% lesions
    }
    lines <- attr(data, "lines")
    data <- data[!gone, , drop = FALSE]
    rownames(data) <- NULL
    structure(data, lines = lines[!gone])
  })
}

stop_for_checks <- function(checks, call) {
  bad <- checks[checks$severity == "error", ]
  rules <- read_rules("checks")
  lines <- where_found(bad)
  abort_rule(unique(c(rules$class[match(bad$check, rules$check)], "cohort")), c(
    paste0("the records have ", nrow(bad), if (nrow(bad) == 1) " error" else " errors", " (", count_checks(bad), ")."),
    stats::setNames(utils::head(lines, 12), rep("x", min(12, length(lines)))),
    if (length(lines) > 12) c("x" = paste0("and ", length(lines) - 12, " more."))
  ), "check_cohort() gives the whole list as a data frame; nothing was changed or left out.",
  rows = bad$row, call = call, checks = checks)
}

count_checks <- function(checks) {
  n <- sort(table(checks$check), decreasing = TRUE)
  paste0(names(n), " ", n, collapse = ", ")
}

where_found <- function(checks) {
  paste0(
    checks$table, ifelse(is.na(checks$row), "", paste0(", row ", checks$row)),
    ifelse(is.na(checks$column), "", paste0(", `", checks$column, "`")),
    ifelse(is.na(checks$patient) | is.na(checks$row), "", paste0(" (patient ", checks$patient, ")")), ": ",
    checks$finding
  )
}

#' @export
print.cohort <- function(x, ...) {
  check_cohort_object(x, quote(print()))
  n <- x$meta$n
  sessions <- x$tables$sessions
  cat(if (is.null(x$meta$title)) "Cohort" else paste0("Cohort: ", quoted_free(x$meta$title)), "\n", sep = "")
  cat(plural(n[["patients"]], "patient"), ", ", plural(n[["sessions"]], "session"), " (",
    plural(length(unique(courses_of(sessions))), "course"), "), ", plural(n[["lesions"]], "lesion"), ", ",
    plural(n[["ablations"]], "ablation"), "\n",
    sep = ""
  )
  span <- format(range(sessions$date))
  cat("Sessions ", span[1], " to ", span[2], "; follow-up: ", plural(n[["follow_up"]], "record"), ", the last ",
    format(max(last_known(x$tables)$date)), if (!is.null(x$meta$closing)) paste0("; closed ", format(x$meta$closing)),
    "\n",
    sep = ""
  )
  dead <- sum(x$tables$patients$vital_status == "dead")
  cat(dead, " of ", n[["patients"]], " patients died\n", sep = "")
  more <- setdiff(names(n), c("patients", "sessions", "lesions", "follow_up", "ablations"))
  if (length(more)) cat("Also: ", paste0(gsub("_", " ", more), " (", n[more], ")", collapse = ", "), "\n", sep = "")
  groups <- group_of_patients(x$tables)
  if (any(!is.na(groups))) {
    by <- table(groups)
    cat("Groups: ", paste0(quoted_free(names(by)), " (", by, ")", collapse = ", "), "\n", sep = "")
  }
  if (nrow(x$excluded)) cat(plural(nrow(x$excluded), "patient"), " left out for errors: see $excluded\n", sep = "")
  if (nrow(x$checks)) {
    cat("Checks: ", count_checks(x$checks), ": see $checks\n", sep = "")
  } else {
    cat("Checks: nothing found\n")
  }
  invisible(x)
}

#' @export
summary.cohort <- function(object, ...) {
  check_cohort_object(object, quote(summary()))
  data.frame(table = names(object$tables), rows = vapply(object$tables, nrow, 0L), row.names = NULL)
}

#' @export
as.data.frame.cohort <- function(x, row.names = NULL, optional = FALSE, ..., table = "patients") {
  check_cohort_object(x, quote(as.data.frame()))
  table <- check_choice(table, names(x$tables), "table", quote(as.data.frame()))
  structure(x$tables[[table]], lines = NULL, derived = NULL)
}

check_cohort_object <- function(x, call) {
  check_result(x, "cohort", c("tables", "checks", "excluded"), call, c("closing", "n"))
}

# Text of the user in a line of ours: control characters escaped, without quotes.
quoted_free <- function(x) {
  text <- quote_each(as.character(x))
  substr(text, 2, nchar(text) - 1)
}

# A session without a course is one of its own.
courses_of <- function(sessions) ifelse(is.na(sessions$course), paste0("session ", sessions$session), sessions$course)

group_of_patients <- function(tables) {
  group <- tables$patients$group
  by_session <- tables$sessions$group[match(tables$patients$patient, tables$sessions$patient)]
  ifelse(is.na(group), by_session, group)
}
