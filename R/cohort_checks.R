# All that is found in the records: what could not be read, and what the checks of cohort_check_rules.R find.

#' Check the records of a cohort
#'
#' Lists everything in the tables of a cohort that cannot be read, contradicts itself or looks mistaken, by check, table
#' and row, without stopping: for mending a spreadsheet before [cohort()] accepts it.
#'
#' @param x A [cohort()], a list of data frames named as its tables, or the path of files that [read_cohort()] reads.
#' @param ... Arguments of [cohort()] (`date.order`, `date.origin`, `dec`) or of [read_cohort()].
#' @return A `cohort_checks`, a data frame with one row a finding: `check`, `severity` (`"error"`, `"warning"`),
#'   `table`, `row` (of the data frame; for a csv file its line, for a workbook the row of its sheet), `column`,
#'   `patient`, `finding`. Errors come first. Without findings it has no rows.
#' @section Errors: `cryonodes_error_type`; of files those of [read_cohort()].
#' @seealso [cohort()], where the checks are listed.
#' @examples
#' check_cohort(list(
#'   patients = data.frame(patient = c("A", "B"), vital_status = c("alive", "dead")),
#'   sessions = data.frame(session = 1:2, patient = c("A", "C"), date = c("2020-01-10", "10.1.2020")),
#'   lesions = data.frame(lesion = "A1", patient = "A", session = 1),
#'   follow_up = data.frame(patient = "A", date = "2019-02-10", kind = "imaging")
#' ))
#' @export
check_cohort <- function(x, ...) {
  call <- quote(check_cohort())
  check_given(missing(x), "x", call)
  if (inherits(x, "cohort")) {
    check_cohort_object(x, call)
    return(x$checks)
  }
  typed <- if (is.character(x)) type_cohort_files(x, ..., call = call) else type_cohort_list(x, ..., call = call)
  all_checks(typed)
}

type_cohort_list <- function(x, date.order = NULL, date.origin = NULL, dec = ".", call, arg = "x") {
  known <- read_rules("tables")$table
  if (!is.list(x) || is.data.frame(x) || is.null(names(x)) || anyDuplicated(names(x))) {
    abort_rule("type", paste0("`", arg, "` must be a cohort, a list of data frames with the names of its tables, or a ",
      "path."
    ), paste0("The tables are ", quoted(known, 20), "."), arg = arg, call = call)
  }
  odd <- setdiff(names(x), known)
  if (length(odd)) {
    abort_rule("table", paste0("there is no table called ", quoted(odd), "."),
      paste0("The tables are ", quoted(known, 20), "."),
      arg = arg, call = call
    )
  }
  type_tables(x, cohort_options(date.order, date.origin, dec, call), call)
}

# Findings after which a record cannot be used, whatever the policy.
unread_checks <- c(
  "table_missing", "column_missing", "column_twice", "value_missing", "value_type", "value_allowed", "value_range",
  "date_format", "date_order", "date_mixed", "date_serial", "key_duplicate", "key_unknown"
)

all_checks <- function(typed) {
  rules <- read_rules("checks")
  tables <- typed$tables
  reading <- typed$findings
  broken <- reading[reading$check %in% c("table_missing", "column_missing", "column_twice"), ]
  found <- if (is.null(broken) || !nrow(broken)) {
    # The checks see NA where a value could not be read, and are silent there: it has been told.
    all <- tables
    if (is.null(all$ablations)) all$ablations <- ablations_of_lesions(all$lesions)
    lapply(stats::setNames(names(record_checks), names(record_checks)), function(name) {
      part <- record_checks[[name]](all)
      if (is.null(part) || !nrow(part)) return(NULL)
      row <- mapply(function(table, at) attr(tables[[table]], "lines")[at], part$table, part$at, USE.NAMES = FALSE)
      data.frame(check = name, table = part$table, row = row, column = part$column, finding = part$finding)
    })
  }
  out <- rbind(reading, if (!is.null(found)) do.call(rbind, unname(found)))
  if (is.null(out)) {
    out <- data.frame(
      check = character(), table = character(), row = integer(), column = character(), finding = character()
    )
  }
  out$severity <- rules$severity[match(out$check, rules$check)]
  out$patient <- patient_of_rows(tables, out$table, out$row)
  # Where a value of a patient could not be read, what merely looks odd may come of that.
  unread <- out$patient[out$check %in% unread_checks & !is.na(out$patient)]
  out <- out[!(out$severity == "warning" & out$check %in% names(found) & out$patient %in% unread), ]
  out <- out[order(out$severity, match(out$table, read_rules("tables")$table), out$row, match(out$check, rules$check)),
    c("check", "severity", "table", "row", "column", "patient", "finding")
  ]
  rownames(out) <- NULL
  structure(unique(out), class = c("cohort_checks", "data.frame"))
}

patient_of_rows <- function(tables, table, row) {
  out <- rep(NA_character_, length(table))
  for (name in unique(table)) {
    data <- tables[[name]]
    if (is.null(data)) next
    here <- which(table == name & !is.na(row))
    out[here] <- patients_of(tables, name)[match(row[here], attr(data, "lines"))]
  }
  out
}

patients_of <- function(tables, name) {
  data <- tables[[name]]
  if ("patient" %in% names(data)) return(data$patient)
  if ("session" %in% names(data)) return(tables$sessions$patient[match(data$session, tables$sessions$session)])
  tables$lesions$patient[match(data$lesion, tables$lesions$lesion)]
}

#' @export
print.cohort_checks <- function(x, ...) {
  if (!all(c("check", "severity", "table", "finding") %in% names(x))) return(NextMethod())
  if (!nrow(x)) {
    cat("Records checked: nothing found\n")
    return(invisible(x))
  }
  for (severity in unique(x$severity)) {
    part <- x[x$severity == severity, ]
    cat(plural(nrow(part), severity), " (", count_checks(part), ")\n", sep = "")
    lines <- where_found(part)
    cat(paste0("  ", utils::head(lines, 20)), sep = "\n")
    if (length(lines) > 20) cat("  and ", length(lines) - 20, " more: as.data.frame() has them all\n", sep = "")
  }
  invisible(x)
}

#' @export
as.data.frame.cohort_checks <- function(x, ...) {
  class(x) <- "data.frame"
  x
}
