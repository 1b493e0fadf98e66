#' Cohorts as counts
#'
#' How many had an event, how many left otherwise and how many entered, at each time and in each group. This is all that
#' Kaplan-Meier curves, cumulative incidences and restricted means need of the rows, so that their results from the
#' counts are the same bits as from the rows. A printed life table gives the same.
#'
#' @param ... A formula, or the times of a life table: the class of the first argument decides. Not used by the methods.
#' @param formula `Surv(time, status) ~ group` (or `~ 1`); `Surv(entry, exit, status)` counts the entries as well;
#'   `strata(centre)` counts each centre apart: the tests of all groups compare within centres, and elsewhere each
#'   centre of a group is a group of its own, as in a formula.
#' @param data A data frame, or rows that are elsewhere: a lazy table of a database (see [databases]), [chunks()], or
#'   a DBI connection together with `table`.
#' @param table With a connection as `data`: the name of the table, or what [DBI::Id()] makes.
#' @param digits,breaks Make times coarser, and say so in the notes: rounded to so many digits, halves up; or moved up
#'   to the next of these increasing numbers, of which the last must be at or beyond the longest time.
#' @param shard See [databases].
#' @inheritParams kaplan_meier
#' @param censor With competing events: the value(s) of status that mean censored. Without `event`, a factor of more
#'   than two levels, or numbers beyond 1, are read as competing events: the first level, or 0, is censored.
#' @param time Times at which somebody leaves observation (or enters), finite and >= 0, increasing within a group.
#' @param n.event,n.censor Events and censorings at each time: whole numbers >= 0; one value is recycled. With competing
#'   events, `n.event` is a data frame or a matrix with a named column for each cause.
#' @param n Subjects at time zero: one number, or a named vector by group. `NULL`: those who leave. Subjects beyond
#'   those who leave are still under observation after the last time, and count as censored at it.
#' @param group Group of each row, or `NULL`.
#' @param n.entry With delayed entry, how many enter at each time (at risk only after it); then `n` has no place.
#' @return A data frame of class `event_counts`: `group`, `time`, `n.risk` (just before the time), `n.entry` (with
#'   delayed entry), `n.event`, `n.censor`; with competing events also `n.event.<cause>`. Estimators take it like the
#'   rows it stands for.
#' @section Errors: `cryonodes_error_table` (times that do not increase, negative or broken counts, more who leave than
#'   are at risk), `_time`, `_type`, `_length`, `_missing`, `_empty`, `_group`; for a formula those of [kaplan_meier()].
#' @examples
#' table <- event_counts(time = c(3, 8, 12), n.event = c(1, 2, 0), n.censor = c(0, 1, 3), n = 9)
#' table
#' kaplan_meier(table)
#' counts <- event_counts(Surv(time, status == 2) ~ sex, data = survival::lung)
#' head(counts)
#' kaplan_meier(counts)
#' @export
event_counts <- function(...) UseMethod("event_counts", dispatch_on(...))

#' @rdname event_counts
#' @export
event_counts.formula <- function(formula, data = NULL, subset, weights, na.action = "error", event = NULL,
                                 censor = NULL, timefix = TRUE, digits = NULL, breaks = NULL, table = NULL, shard,
                                 ...) {
  call <- quote(event_counts())
  check_dots(..., call = call)
  timefix <- check_flag(timefix, "timefix", call)
  shard <- enquo(shard) |> absent_as_null()
  if (!is.null(table) || inherits(data, "DBIConnection")) data <- table_of_connection(data, table, call)
  if (!quo_is_null(shard) && !inherits(data, "tbl_lazy")) {
    abort_rule("choice", "`shard` is for tables of a database.", arg = "shard", call = call)
  }
  frame <- frame_from_formula(
    formula, data,
    subset = enquo(subset) |> absent_as_null(), weights = enquo(weights) |> absent_as_null(),
    check_na_action(na.action, call), read_either(event, censor), "strata", call, parent.frame(),
    coarse = read_coarse(digits, breaks, call), shard = shard, timefix = timefix
  )
  if (is_counted(frame)) return(frame$counts)
  frame$timefix <- timefix
  count_frame(frame, NULL, call)
}

# The rows of a frame, counted. `counted`: how many rows each of them stands for, NULL for one each.
count_frame <- function(frame, counted, call) {
  core <- call_core(event_counts_cpp(cells_of_strata(frame), !is.null(frame$entry)), call)
  labels <- frame$group_labels %||% "All"
  causes <- frame$causes
  # Groups within strata, as cells_of_strata() numbers them.
  group <- rep(seq_along(core$rows), core$rows)
  events <- setNames(as.data.frame(core$n_event), paste0("X", seq_len(max(1L, length(causes)))))
  table <- cbind(data.frame(group = group, time = core$time, n.entry = 0, n.censor = core$n_censor), events)
  if (!is.null(frame$entry)) {
    weight <- frame$weights %||% rep(1, length(frame$time))
    at <- data.frame(group = cell_codes(frame), time = core$times[core$entry_id + 1L])
    entered <- stats::aggregate(list(n.entry = weight), at, sum)
    table <- merge(table, entered, by = c("group", "time"), all = TRUE, sort = FALSE)
    table$n.entry <- ifelse(is.na(table$n.entry.y), 0, table$n.entry.y)
    table$n.entry.x <- table$n.entry.y <- NULL
    table[is.na(table)] <- 0
    table <- table[order(table$group, table$time), ]
  }
  new_event_counts(
    table$group, table$time, as.matrix(table[names(events)]), table$n.censor, if (!is.null(frame$entry)) table$n.entry,
    list(
      labels = labels, names = frame$group_names, title = frame$group_title, strata = frame$stratum_labels,
      strata_names = frame$stratum_names, strata_title = frame$stratum_title, causes = causes, unit = frame$unit,
      n = if (is.null(counted)) core$n else sums_by_group(counted, cell_codes(frame), seq_along(core$rows)),
      n_rows = frame$n_rows, rows_dropped = frame$rows_dropped,
      n_time_merged = core$n_time_merged, notes = c(frame$notes, note_merged(core$n_time_merged))
    )
  )
}

# The groups within strata, from 1.
cell_codes <- function(frame) {
  cells <- cells_of_strata(frame)
  (frame_groups(cells) %||% integer(length(frame$time))) + 1L
}

is_counted <- function(frame) !is.null(frame[["n_censor"]])

table_of_connection <- function(data, table, call) {
  if (!inherits(data, "DBIConnection")) {
    abort_rule("choice", "`table` goes with a connection as `data`.", arg = "table", call = call)
  }
  need_package("dplyr", "count in a database", call)
  need_package("dbplyr", "count in a database", call)
  if (is.null(table)) far_names(data, call)
  in_database(dplyr::tbl(data, table), call)
}

# Competing events where the status says so, events otherwise.
read_either <- function(event, censor) {
  function(x, arg, call) {
    several <- is.null(event) && (!is.null(censor) || is.factor(x) && nlevels(x) > 2 ||
      is.numeric(x) && any(x > 1, na.rm = TRUE) && any(x == 0, na.rm = TRUE))
    if (several) check_causes(x, arg, censor, call) else check_status(x, arg, event, call)
  }
}

#' @rdname event_counts
#' @export
event_counts.default <- function(time, n.event, n.censor = 0, n = NULL, group = NULL, n.entry = NULL, ...) {
  call <- quote(event_counts())
  check_dots(..., call = call)
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
  causes <- NULL
  if (is.data.frame(n.event) || is.matrix(n.event)) {
    causes <- colnames(n.event)
    if (!length(causes) || anyDuplicated(causes) || anyNA(causes) || any(causes == "")) {
      abort_rule("table", "the columns of `n.event` must be named, each by a cause of its own.",
        arg = "n.event", call = call
      )
    }
    events <- vapply(causes, function(k) check_table_counts(n.event[, k, drop = TRUE], size, "n.event", call),
      numeric(size)
    )
    events <- matrix(events, nrow = size)
  } else {
    events <- matrix(check_table_counts(n.event, size, "n.event", call))
  }
  n.censor <- check_table_counts(n.censor, size, "n.censor", call)
  if (!is.null(n.entry)) n.entry <- check_table_counts(n.entry, size, "n.entry", call)
  if (!is.null(n.entry) && !is.null(n)) {
    abort_rule("table", "`n` and `n.entry` exclude each other: with delayed entry nobody is there at time zero.",
      arg = "n", call = call
    )
  }
  coded <- if (is.null(group)) {
    list(group = integer(size), group_labels = "All")
  } else {
    check_vector(group, "group", call)
    check_length(group, size, "group", call)
    if (anyNA(group) || anyNA(levels(group))) {
      abort_rule("missing", "`group` has a missing value.", arg = "group", call = call)
    }
    code_groups(list(group = group), call)
  }
  sorted <- order(coded$group)
  code <- coded$group[sorted] + 1L
  total <- rowSums(events)
  for (g in seq_along(coded$group_labels)) {
    rows <- which(coded$group == g - 1L)
    at_risk <- count_down(
      rows, time, total, n.censor, n.entry, n, coded$group_labels[g], length(coded$group_labels), call
    )
    last <- rows[length(rows)]
    stay <- at_risk[length(rows)] - total[last] - n.censor[last] + if (is.null(n.entry)) 0 else n.entry[last]
    n.censor[last] <- n.censor[last] + stay
  }
  new_event_counts(
    code, as.double(time)[sorted], events[sorted, , drop = FALSE], n.censor[sorted], n.entry[sorted],
    list(
      labels = coded$group_labels, names = coded$group_names, title = coded$group_title, causes = causes,
      unit = attr(time, "unit"),
      n = as.vector(tapply((total + n.censor)[sorted], factor(code, seq_along(coded$group_labels)), sum)),
      n_rows = sum(total, n.censor), rows_dropped = integer(), n_time_merged = 0, notes = coded$notes
    )
  )
}

# `group` is a 1-based code, rising; with strata, that of the groups within the strata. `events` is a matrix with a
# column for each cause.
new_event_counts <- function(group, time, events, n.censor, n.entry, meta) {
  total <- rowSums(events)
  leave <- total + n.censor
  k <- length(meta$labels)
  out <- data.frame(
    group = meta$labels[(group - 1L) %% k + 1L], time = time, n.risk = numbers_at_risk(group, leave, n.entry),
    stringsAsFactors = FALSE
  )
  if (!is.null(meta$strata)) out <- cbind(data.frame(strata = meta$strata[(group - 1L) %/% k + 1L]), out)
  if (!is.null(n.entry)) out$n.entry <- n.entry
  out$n.event <- total
  for (i in seq_along(meta$causes)) out[[paste0("n.event.", meta$causes[i])]] <- events[, i]
  out$n.censor <- n.censor
  meta$left <- sums_by_group(leave, group, seq_len(k * max(1L, length(meta$strata))))
  structure(out, class = c("event_counts", "data.frame"), meta = c(list(format = result_format), meta))
}

sums_by_group <- function(x, group, labels) {
  as.vector(tapply(x, factor(group, seq_along(labels)), sum, default = 0))
}

numbers_at_risk <- function(group, leave, n.entry) {
  unsplit(lapply(split(seq_along(group), group), function(i) {
    if (is.null(n.entry)) rev(cumsum(rev(leave[i]))) else c(0, cumsum(n.entry[i] - leave[i]))[seq_along(i)]
  }), group)
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
  if (sum(x) > largest_count) {
    abort_rule("table", paste0("counts must add up to at most 2^53, beyond which a number no longer counts: `", arg,
      "` has more."
    ), arg = arg, call = call)
  }
  as.double(x)
}

largest_count <- 2^53

event_count_columns <- c("group", "time", "n.risk", "n.event", "n.censor")

# The table is a data frame that can have been changed since it was made.
check_event_counts <- function(x, call) {
  parts <- c(as.list(x), list(meta = attr(x, "meta")))
  whole <- structure(parts, class = "event_counts")
  check_result(whole, "event_counts", event_count_columns, call, c("labels", "n", "n_rows", "left"))
  meta <- attr(x, "meta")
  columns <- c("n.event", "n.censor", if ("n.entry" %in% names(x)) "n.entry", cause_columns(meta))
  if (!is.null(meta$strata) && is.null(x$strata)) {
    abort_rule("object", "the counts have lost their column 'strata'.", "Count again.", call = call)
  }
  lost <- setdiff(columns, names(x))
  if (length(lost)) {
    abort_rule("object", paste0("the counts have lost their column ", quoted(lost), "."),
      "Count again.", call = call
    )
  }
  for (v in columns) {
    bad <- if (is.numeric(x[[v]])) which(!is.finite(x[[v]]) | x[[v]] < 0) else seq_len(nrow(x))
    if (length(bad)) {
      abort_rule("table", paste0("counts must be numbers >= 0: `", v, "` is ", one_line(x[[v]][bad[1]]), " in ",
        at_rows(bad), "."
      ), arg = v, rows = bad, call = call)
    }
  }
  check_time(x$time, "time", call)
  code <- table_codes(x, meta)
  if (anyNA(code) || is.unsorted(code) || anyNA(x$time) || any(diff(x$time)[diff(code) == 0] <= 0)) {
    abort_rule("table", "the rows of the counts are not by group and increasing time any more.", call = call)
  }
  # Rows taken out or counts changed: the numbers at risk, or the sizes of the groups, would be those of other tables.
  leave <- as.double(x$n.event + x$n.censor)
  causes <- cause_columns(meta)
  entry <- if ("n.entry" %in% names(x)) as.double(x$n.entry)
  left <- sums_by_group(leave, code, seq_along(meta$left))
  differ <- function(a, b) !is.numeric(a) || anyNA(a) || any(abs(a - b) > 1e-9 * (1 + abs(b)))
  if (nrow(x) && (differ(x$n.risk, numbers_at_risk(code, leave, entry)) || differ(left, meta$left) ||
    length(causes) && differ(rowSums(as.matrix(as.data.frame(x)[causes])), x$n.event))) {
    abort_rule("table", "the counts were changed since they were made, and do not add up any more.",
      "Count the rows wanted (`subset`), or give the columns to `event_counts()` anew.",
      call = call
    )
  }
  invisible(x)
}

# Of each row the code of its group, within its stratum if there are strata, from 1.
table_codes <- function(x, meta) {
  code <- match(x$group, meta$labels)
  if (is.null(meta$strata)) code else code + length(meta$labels) * (match(x$strata, meta$strata) - 1L)
}

# Groups with their strata, those in which somebody is, spelled and ordered as code_groups() does it for two columns.
strata_as_groups <- function(counts, call) {
  meta <- attr(counts, "meta")
  if (is.null(meta$strata)) return(counts)
  cell <- table_codes(counts, meta) - 1L
  k <- length(meta$labels)
  by_group <- cell %% k * length(meta$strata) + cell %/% k
  present <- sort(unique(by_group))
  group <- present %/% length(meta$strata) + 1L
  stratum <- present %% length(meta$strata) + 1L
  meta$n <- meta$n[(stratum - 1L) * k + group]
  meta$title <- paste(c(meta$title, meta$strata_title), collapse = ", ")
  check_group_number(length(present), meta$title, meta$title, call)
  if (is.null(meta$names)) {
    meta$labels <- meta$strata[stratum]
    meta$names <- meta$strata_names[stratum]
  } else {
    meta$labels <- paste(meta$labels[group], meta$strata[stratum], sep = ", ")
    check_distinct(meta$labels, meta$title, call)
    meta$names <- paste(meta$names[group], format(meta$strata_names)[stratum], sep = ", ")
  }
  meta$strata <- meta$strata_names <- meta$strata_title <- NULL
  rows <- order(by_group)
  x <- as.data.frame(counts)[rows, ]
  events <- as.matrix(x[cause_columns(meta) %||% "n.event"])
  new_event_counts(match(by_group[rows], present), x$time, events, x$n.censor, x$n.entry, meta)
}

cause_columns <- function(meta) if (length(meta$causes)) paste0("n.event.", meta$causes)

# The counts as the core reads them: a frame whose rows are counted. `strata`: whether the caller tests within them;
# elsewhere each stratum of a group is a group, as in a formula.
frame_from_counts <- function(counts, call, strata = FALSE) {
  check_event_counts(counts, call)
  if (!strata) counts <- strata_as_groups(counts, call)
  meta <- attr(counts, "meta")
  if (sum(counts$n.event, counts$n.censor) == 0) abort_rule("empty", "nobody is in the table.", call = call)
  list(
    time = as.double(counts$time), entry = if (!is.null(counts$n.entry)) as.double(counts$n.entry),
    event = as.double(unlist(unclass(counts)[cause_columns(meta) %||% "n.event"], use.names = FALSE)),
    n_censor = as.double(counts$n.censor), group = match(counts$group, meta$labels) - 1L,
    group_names = meta$names, group_labels = if (!is.null(meta$names)) meta$labels, group_title = meta$title,
    stratum = if (!is.null(meta$strata)) match(counts$strata, meta$strata) - 1L, stratum_labels = meta$strata,
    causes = meta$causes,
    unit = meta$unit, rows_dropped = meta$rows_dropped, n_rows = meta$n_rows, n = meta$n, notes = meta$notes
  )
}

# Numbers at risk of one group, with the checks that need them.
count_down <- function(rows, time, n.event, n.censor, n.entry, n, label, n_groups, call) {
  back <- which(diff(time[rows]) <= 0)
  if (length(back)) {
    abort_rule("table", paste0(
      "times must increase within a group: ", number_text(time[rows[back[1] + 1]]), " after ",
      number_text(time[rows[back[1]]]), " in ", at_rows(rows[back + 1]), "."
    ), arg = "time", rows = rows[back + 1], call = call)
  }
  leave <- n.event[rows] + n.censor[rows]
  start <- if (is.null(n.entry)) sum(leave) else 0
  if (!is.null(n)) {
    if (!is_number(n)) {
      abort_rule("type", paste0("`n` must be numeric, not ", class(n)[1], "."), arg = "n", call = call)
    }
    start <- if (n_groups == 1 && length(n) == 1) n[[1]] else n[match(label, names(n))]
    if (length(start) != 1 || !is.numeric(start) || is.na(start) || start != round(start) || start < 0 ||
      start > largest_count) {
      abort_rule("table", paste0("`n` must give a whole number from 0 to 2^53 for group ", quoted(label), "."),
        arg = "n", call = call
      )
    }
  }
  change <- (if (is.null(n.entry)) 0 else n.entry[rows]) - leave
  at_risk <- unname(start) + c(0, cumsum(change)[-length(change)])
  short <- which(leave > at_risk)
  if (length(short)) {
    abort_rule("table", paste0(
      at_rows(rows[short[1]]), " (time ", number_text(time[rows[short[1]]]), "): ", number_text(leave[short[1]]),
      " leave, ", number_text(max(0, at_risk[short[1]])), " at risk."
    ), arg = if (is.null(n.entry)) "n" else "n.entry", rows = rows[short[1]], call = call)
  }
  at_risk
}

#' @rdname kaplan_meier
#' @param counts A life table made by [event_counts()].
#' @export
kaplan_meier.event_counts <- function(counts, conf.type = "log-log", conf.level = 0.95, conf.lower = "usual", ...) {
  call <- quote(kaplan_meier())
  refuse_clusters_of_counts(..., call = call)
  check_dots(..., call = call)
  # The times are the table's own: none is merged with another.
  frame <- frame_from_counts(counts, call)
  fit_kaplan_meier(frame, conf.type, conf.level, FALSE, survfit_call(match.call()), call, conf.lower)
}

#' @export
print.event_counts <- function(x, ...) {
  # A life table of which columns were taken out is a data frame.
  if (!all(event_count_columns %in% names(x))) return(print(as.data.frame(x), ...))
  unit <- attr(x, "meta")$unit
  cat("Counts of events", if (!is.null(unit)) paste0(", times in ", unit), "\n", sep = "")
  print(numbers_as_text(as.data.frame(x)), row.names = FALSE)
  invisible(x)
}

#' @export
as.data.frame.event_counts <- function(x, ...) {
  attr(x, "meta") <- NULL
  class(x) <- "data.frame"
  x
}
