# The condition classes. A message has the form: argument, rule, finding, place; then one hint.
# Messages are passed on as literal text: user data in them is never read as a format or as markup.

error_rules <- c(
  "missing", "time", "status", "type", "empty", "length", "group", "weights", "entry", "count", "dim", "table",
  "times", "conf_level", "conf_type", "choice", "column", "formula", "object", "package", "core", "memory", "work",
  "tau", "size", "B", "cohort", "csv", "dates", "id", "value", "records", "endpoint", "db"
)

# Several rules may be broken at once; the message is then that of all.
abort_rule <- function(rule, message, hint = NULL, arg = NULL, rows = NULL, call = NULL, ...) {
  stopifnot(all(rule %in% error_rules))
  rlang::abort(
    c(message, if (!is.null(hint)) c(i = hint)),
    class = c(paste0("cryonodes_error_", rule), "cryonodes_error"),
    arg = arg, rows = if (is.null(cell_state$counts)) rows, call = call, ...
  )
}

# For tryCatch(): what fails elsewhere becomes an error of this package, by `translate`; its own errors stay as they
# are.
errors_of_others <- function(translate) {
  function(e) if (inherits(e, "cryonodes_error")) rlang::cnd_signal(e) else translate(e)
}

warn_rule <- function(rule, message, call = NULL) {
  rlang::warn(message, class = c(paste0("cryonodes_warning_", rule), "cryonodes_warning"), call = call)
}

# The one place where an exception of the C++ core becomes a condition of the package.
call_core <- function(expr, call = NULL) {
  # One handler for all of them, which does not come back: tryCatch() costs as much as a small fit.
  withCallingHandlers(expr, "C++Error" = function(e) {
    if (inherits(e, "cryonodes::memory_error")) abort_rule("memory", conditionMessage(e), call = call)
    if (inherits(e, "cryonodes::work_error")) abort_rule("work", conditionMessage(e), call = call)
    if (inherits(e, "std::bad_alloc")) abort_rule("memory", "not enough memory for this computation", call = call)
    if (inherits(e, "cryonodes::entry_error")) {
      abort_rule("entry", "entry must be < exit; an entry and its exit differ by rounding error only.",
        "`timefix = FALSE` keeps such times apart.",
        arg = "entry", call = call
      )
    }
    abort_rule("core", conditionMessage(e), "This check should have come earlier: please report it.", call = call)
  })
}

# How many rows these are: cells stand for several (R/cells.R).
count_rows <- function(rows) if (is.null(cell_state$counts)) length(rows) else sum(cell_state$counts[rows])

# "row 17", "rows 3 and 9", "rows 1, 2, 3 (and 40 more)"; of rows that are elsewhere, "4 rows".
at_rows <- function(rows, most = 3) {
  if (!is.null(cell_state$counts)) return(plural(count_rows(rows), "row"))
  shown <- utils::head(rows, most)
  text <- if (length(shown) == 2) paste(shown, collapse = " and ") else paste(shown, collapse = ", ")
  paste0(
    if (length(rows) == 1) "row " else "rows ", text,
    if (length(rows) > most) paste0(" (and ", length(rows) - most, " more)")
  )
}

quoted <- function(x, most = 8) {
  shown <- as.character(utils::head(x, most))
  # Escapes where something would break the line, and only there: letters must not depend on the session's locale.
  odd <- grepl("[\x01-\x1f\x7f\\\\]", shown, perl = TRUE, useBytes = TRUE)
  shown[odd] <- encodeString(shown[odd])
  text <- paste0("'", shown, "'", collapse = ", ")
  if (length(x) > most) paste0(text, ", ...") else text
}
