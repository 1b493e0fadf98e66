#' Rows still at risk at a landmark
#'
#' Keeps the rows that are under observation and event-free after time `t`, so that what was known by then (a response,
#' say) can be compared without the head start of those who had to live to get it. Who is left out, and why, is counted.
#'
#' @param data Data frame.
#' @param t The landmark: one number, finite and >= 0, in the unit of the follow-up.
#' @param time,status Columns of `data`, as names or in quotes: follow-up, and what it ended with. Status is read as in
#'   [kaplan_meier()], or with competing events as in [cumulative_incidence()].
#' @param entry Column with the times of delayed entry; who enters after `t` is left out.
#' @param event,censor The value(s) of status that mean an event, or that mean censored.
#' @param reset Count time from the landmark (`TRUE`)? Otherwise times stay as they are.
#' @param na.action `"error"` (default) refuses missing values in these columns; `"omit"` leaves such rows out, counted.
#' @return The rows of `data` with `time > t`, in their order, as a data frame of class `landmark`; with `reset = TRUE`
#'   the column `time` is less by `t`. With `reset`, an `entry` column, which nobody needs any more, becomes 0. The
#'   attribute `"landmark"` is a list: `t`, `reset`, `n` (rows given), `left_out` (a data frame with `row`, `time`,
#'   `reason`).
#' @section Edge cases: A row that ends at `t` itself, by event or censoring, is left out: after `t` there is nothing of
#'   it to analyse. When nobody is left, an error says when the last row ends.
#' @section Errors: `cryonodes_error_column`, `_times` (not one landmark), `_empty`, `_missing`, `_time`, `_status`,
#'   `_type`, `_entry`.
#' @references Anderson JR, Cain KC, Gelber RD (1983). Analysis of survival by tumor response. *Journal of Clinical
#'   Oncology* 1:710-719.
#' @examples
#' at_90 <- landmark(survival::veteran, 90, time = time, status = status)
#' at_90
#' kaplan_meier(Surv(time, status) ~ trt, data = at_90)
#' @export
landmark <- function(data, t, time = time, status = status, entry = NULL, event = NULL, censor = NULL, reset = TRUE,
                     na.action = "error") {
  call <- quote(landmark())
  check_given(missing(data), "data", call)
  check_given(missing(t), "t", call)
  if (!is.data.frame(data)) {
    abort_rule("type", paste0("`data` must be a data frame, not ", class(data)[1], "."), arg = "data", call = call)
  }
  if (!is_number(t) || length(t) != 1 || is.na(t) || !is.finite(t) || t < 0) {
    abort_rule("times", paste0("`t` must be one number, finite and >= 0, not ", one_line(t), "."),
      arg = "t", call = call
    )
  }
  reset <- check_flag(reset, "reset", call)
  na.action <- check_na_action(na.action, call)
  if (anyDuplicated(names(data))) {
    twice <- unique(names(data)[duplicated(names(data))])
    abort_rule("column", paste0("`data` has several columns called ", quoted(twice), "."), arg = "data", call = call)
  }
  time_name <- column_name(substitute(time), "time", data, call)
  status_name <- column_name(substitute(status), "status", data, call)
  entry_name <- if (!is.null(substitute(entry))) column_name(substitute(entry), "entry", data, call)
  follow_up <- check_time(data[[time_name]], time_name, call)
  code <- read_either(event, censor)(data[[status_name]], status_name, call)
  entered <- if (!is.null(entry_name)) check_time(data[[entry_name]], entry_name, call)

  if (!is.null(entered)) check_same_unit(entered, entry_name, attr(follow_up, "unit"), call)
  # Times that differ from the landmark by rounding only are the landmark.
  beyond <- function(x) x > t + sqrt(.Machine$double.eps) * max(1, t)
  absent <- is.na(follow_up) | is.na(code) | if (is.null(entered)) FALSE else is.na(entered)
  if (any(absent) && na.action == "error") {
    columns <- list(follow_up, code, entered)
    arg <- c(time_name, status_name, entry_name)[vapply(columns, anyNA, TRUE)][1]
    abort_rule("missing", paste0("`", arg, "` has a missing value (", at_rows(which(is.na(data[[arg]]))), ")."),
      "Complete the data, or say `na.action = \"omit\"` to leave such rows out, counted and shown.",
      arg = arg, rows = which(is.na(data[[arg]])), call = call
    )
  }
  late <- if (is.null(entered)) FALSE else beyond(entered) & beyond(follow_up)
  bad <- if (is.null(entered)) integer() else which(entered >= follow_up)
  if (length(bad)) {
    abort_rule("entry", paste0("entry must be < exit; not so in ", at_rows(bad), "."),
      arg = entry_name, rows = bad, call = call
    )
  }
  causes <- attr(code, "causes") %||% "event"
  reason <- ifelse(absent, "missing value",
    ifelse(beyond(follow_up), ifelse(late, "entered later", NA_character_),
      ifelse(code > 0, paste(c("", causes)[code + 1L], "before"), "censored before")
    )
  )
  keep <- is.na(reason)
  if (!any(keep)) {
    last <- if (any(!absent)) max(follow_up[!absent])
    abort_rule("empty", paste0("nobody is at risk after t = ", number_text(t), "."),
      if (length(last)) paste0("The last row ends at ", number_text(last), "."),
      arg = "t", call = call
    )
  }
  out <- data[keep, , drop = FALSE]
  if (reset) {
    out[[time_name]] <- out[[time_name]] - t
    if (!is.null(entry_name)) out[[entry_name]] <- 0 * out[[entry_name]]
  }
  unit <- attr(follow_up, "unit")
  structure(out,
    class = unique(c("landmark", class(data))),
    landmark = list(
      t = t, reset = reset, n = nrow(data), unit = unit,
      left_out = data.frame(
        row = which(!keep), time = as.vector(follow_up)[!keep], reason = reason[!keep], stringsAsFactors = FALSE
      )
    )
  )
}

# A column named plainly or in quotes.
column_name <- function(expr, arg, data, call) {
  name <- if (is.name(expr)) as.character(expr) else expr
  if (!is.character(name) || length(name) != 1) {
    abort_rule("column", paste0("`", arg, "` must name a column of `data`, not ", one_line(expr), "."),
      arg = arg, call = call
    )
  }
  if (!name %in% names(data)) check_columns(as.name(name), data, emptyenv(), call)
  name
}

#' @rdname landmark
#' @param x A `landmark`.
#' @param n Number of rows to print; `Inf` for all.
#' @param ... Further arguments of `print()` for data frames.
#' @export
print.landmark <- function(x, n = 10, ...) {
  check_whole(n, "n", 1, Inf, quote(print()))
  about <- attr(x, "landmark")
  if (!is.null(about)) {
    cat("Landmark at ", number_text(about$t), if (!is.null(about$unit)) paste0(" ", about$unit), ": ", nrow(x), " of ",
      about$n, " rows at risk", if (about$reset) "; time counted from the landmark", "\n",
      sep = ""
    )
    counts <- table(about$left_out$reason)
    if (length(counts)) {
      cat("Left out: ", paste0(counts, " ", names(counts), collapse = ", "), "\n", sep = "")
    }
  }
  print(utils::head(as.data.frame(x), n), ...)
  if (nrow(x) > n) cat("... and ", nrow(x) - n, " more; `print(x, n = Inf)` shows all\n", sep = "")
  invisible(x)
}

#' @export
as.data.frame.landmark <- function(x, ...) {
  attr(x, "landmark") <- NULL
  class(x) <- setdiff(class(x), "landmark")
  x
}

# Rows or columns taken out again: the counts no longer tell of what is there.
#' @export
`[.landmark` <- function(x, ...) as.data.frame(x)[...]
