#' Life tables as input
#'
#' How many had an event and how many left otherwise at each time: all that a Kaplan-Meier curve needs of its rows, and
#' what a printed life table gives.
#'
#' @param time Times at which somebody leaves observation, finite and >= 0, increasing within a group.
#' @param n.event,n.censor Events and censorings at each time: whole numbers >= 0; one value is recycled.
#' @param n Subjects at time zero: one number, or a named vector by group. `NULL`: those who leave. Subjects beyond
#'   those who leave are still under observation after the last time, and count as censored at it.
#' @param group Group of each row, or `NULL`.
#' @return A data frame of class `event_counts`: `group`, `time`, `n.risk` (just before the time), `n.event`,
#'   `n.censor`. [kaplan_meier()] takes it like the rows it stands for.
#' @section Errors: `cryonodes_error_table` (times that do not increase, negative or broken counts, more who leave than
#'   are at risk), `_time`, `_type`, `_length`, `_missing`, `_empty`, `_group`.
#' @examples
#' table <- event_counts(time = c(3, 8, 12), n.event = c(1, 2, 0), n.censor = c(0, 1, 3), n = 9)
#' table
#' kaplan_meier(table)
#' @export
event_counts <- function(time, n.event, n.censor = 0, n = NULL, group = NULL) {
  call <- quote(event_counts())
  check_given(missing(time), "time", call)
  check_given(missing(n.event), "n.event", call)
  time <- check_time(time, "time", call)
  size <- length(time)
  if (size == 0) abort_rule("empty", "the table has no rows.", call = call)
  if (anyNA(time)) {
    abort_rule("missing", paste0("`time` has a missing value (", at_rows(which(is.na(time))), ")."),
      arg = "time", call = call
    )
  }
  n.event <- check_table_counts(n.event, size, "n.event", call)
  n.censor <- check_table_counts(n.censor, size, "n.censor", call)
  coded <- if (is.null(group)) {
    list(code = integer(size), labels = "All", title = NULL)
  } else {
    check_vector(group, "group", call)
    check_length(group, size, "group", call)
    if (anyNA(group)) abort_rule("missing", "`group` has a missing value.", arg = "group", call = call)
    code_groups(list(group = group), call)
  }
  out <- do.call(rbind, unname(lapply(seq_along(coded$labels), function(g) {
    rows <- which(coded$code == g - 1L)
    at_risk <- count_down(rows, time, n.event, n.censor, n, coded$labels[g], length(coded$labels), call)
    stay <- at_risk[length(rows)] - n.event[rows[length(rows)]] - n.censor[rows[length(rows)]]
    left <- n.censor[rows]
    left[length(rows)] <- left[length(rows)] + stay
    data.frame(
      group = coded$labels[g], time = as.double(time[rows]), n.risk = at_risk, n.event = n.event[rows],
      n.censor = left, stringsAsFactors = FALSE
    )
  })))
  structure(out,
    class = c("event_counts", "data.frame"),
    meta = list(format = result_format, unit = attr(time, "unit"), grouped = !is.null(group), labels = coded$labels)
  )
}

check_table_counts <- function(x, size, arg, call) {
  check_vector(x, arg, call)
  if (!is_number(x)) {
    abort_rule("type", paste0("`", arg, "` must be numeric, not ", class(x)[1], "."), arg = arg, call = call)
  }
  if (length(x) == 1) x <- rep(x, size)
  check_length(x, size, arg, call)
  bad <- which(is.na(x) | !is.finite(x) | x < 0 | x != round(x))
  if (length(bad)) {
    abort_rule("table", paste0(
      "counts must be whole numbers >= 0: `", arg, "` is ", number_text(x[bad[1]]), " in ", at_rows(bad), "."
    ), arg = arg, rows = bad, call = call)
  }
  as.double(x)
}

event_count_columns <- c("group", "time", "n.risk", "n.event", "n.censor")

# The table is a data frame that can have been changed since it was made.
check_event_counts <- function(x, call) {
  parts <- c(as.list(x), list(meta = attr(x, "meta")))
  whole <- structure(parts, class = "event_counts")
  check_result(whole, "event_counts", event_count_columns, call, c("grouped", "labels"))
  for (v in c("n.event", "n.censor")) check_table_counts(x[[v]], nrow(x), v, call)
  invisible(x)
}

# Numbers at risk of one group, with the checks that need them.
count_down <- function(rows, time, n.event, n.censor, n, label, n_groups, call) {
  back <- which(diff(time[rows]) <= 0)
  if (length(back)) {
    abort_rule("table", paste0(
      "times must increase within a group: ", number_text(time[rows[back[1] + 1]]), " after ",
      number_text(time[rows[back[1]]]), " in ", at_rows(rows[back + 1]), "."
    ), arg = "time", rows = rows[back + 1], call = call)
  }
  leave <- n.event[rows] + n.censor[rows]
  start <- sum(leave)
  if (!is.null(n)) {
    if (!is_number(n)) {
      abort_rule("type", paste0("`n` must be numeric, not ", class(n)[1], "."), arg = "n", call = call)
    }
    start <- if (n_groups == 1 && length(n) == 1) n[[1]] else n[match(label, names(n))]
    if (length(start) != 1 || !is.numeric(start) || is.na(start) || start != round(start) || start < 0) {
      abort_rule("table", paste0("`n` must give a whole number >= 0 for group ", quoted(label), "."),
        arg = "n", call = call
      )
    }
  }
  at_risk <- unname(start) - c(0, cumsum(leave)[-length(leave)])
  short <- which(leave > at_risk)
  if (length(short)) {
    abort_rule("table", paste0(
      at_rows(rows[short[1]]), " (time ", number_text(time[rows[short[1]]]), "): ", number_text(leave[short[1]]),
      " leave, ", number_text(max(0, at_risk[short[1]])), " at risk."
    ), arg = "n", rows = rows[short[1]], call = call)
  }
  at_risk
}

#' @rdname kaplan_meier
#' @param counts A life table made by [event_counts()].
#' @export
kaplan_meier.event_counts <- function(counts, conf.type = "log-log", conf.level = 0.95, ...) {
  call <- quote(kaplan_meier())
  check_dots(..., call = call)
  check_event_counts(counts, call)
  meta <- attr(counts, "meta")
  if (sum(counts$n.event, counts$n.censor) == 0) abort_rule("empty", "nobody is in the table.", call = call)
  # Counts are weights, never rows: a table of a registry would fill the memory.
  both <- function(v) rep(v, 2)
  size <- c(counts$n.event, counts$n.censor)
  used <- size > 0
  group <- factor(both(if (meta$grouped) counts$group else rep("All", nrow(counts))), meta$labels)[used]
  frame <- frame_from_vectors(
    both(counts$time)[used], rep(c(1L, 0L), each = nrow(counts))[used], if (meta$grouped) group, size[used], "error",
    call
  )
  frame$n_rows <- sum(size)
  frame$unit <- meta$unit
  # The times are the table's own: none is merged with another.
  fit <- fit_kaplan_meier(frame, conf.type, conf.level, FALSE, survfit_call(match.call()), call)
  n <- as.vector(tapply(size[used], droplevels(group), sum))
  fit$n <- if (all(n <= .Machine$integer.max)) as.integer(n) else n
  fit
}

#' @export
print.event_counts <- function(x, ...) {
  # A life table of which columns were taken out is a data frame.
  if (!all(event_count_columns %in% names(x))) return(print(as.data.frame(x), ...))
  cat("Life table", if (!is.null(attr(x, "meta")$unit)) paste0(", times in ", attr(x, "meta")$unit), "\n", sep = "")
  shown <- as.data.frame(x)
  shown$group <- encodeString(shown$group)
  print(numbers_as_text(shown), row.names = FALSE)
  invisible(x)
}

#' @export
as.data.frame.event_counts <- function(x, ...) {
  attr(x, "meta") <- NULL
  class(x) <- "data.frame"
  x
}
