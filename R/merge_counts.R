# Counts of several sources put together: hospitals that may share how many, but not who.

#' Put counts together, and make them coarser
#'
#' Several centres count their own cohorts by [event_counts()], and one adds up the counts: curves and tests are then
#' the same bits as from all rows in one place. Small counts can tell who somebody is; `coarsen()` moves times together
#' until none is left, and `min.cell` refuses tables in which there are any.
#'
#' @param x,y,... Counts made by [event_counts()], of the same kind: all with strata, causes or delayed entry, or none.
#'   Groups, strata and causes are matched by their labels; one that a table does not have counts nobody there.
#' @param min.cell The smallest number of events (of each cause) or of censorings, other than 0, that may stand at a
#'   time in a group. `NULL`: any. `merge()` and `c()` refuse tables with smaller ones; `coarsen()` makes a table
#'   without.
#' @param timefix Whether times that differ by rounding error only are one time, as in [kaplan_meier()].
#' @return An `event_counts`.
#' @details
#' The order of the groups is that of the labels sorted, as numbers or as text, where each table has them so, as tables
#' made of text or numbers have; else the order in which they come.
#'
#' `coarsen(min.cell = )` goes through the times of each group in order, and moves each count to the last time of a
#' block; a block ends as soon as it has no small count. What is left at the end joins the block before. The curve then
#' falls at the ends of blocks only. A group that has fewer events or censorings than `min.cell` in all cannot be made
#' coarse enough, and is refused. Margins are not hidden: who knows all counts of a group but one knows that one, and
#' two tables of nearly the same patients tell of those in whom they differ.
#' @section Errors: `cryonodes_error_type` (not counts), `_table` (tables of different kinds; small counts), `_time`
#'   (different units), `_times` (`breaks`), `_choice`, `_entry` (times that differ by rounding error, with delayed
#'   entry).
#' @seealso [event_counts()], [databases]
#' @examples
#' lung <- survival::lung
#' north <- event_counts(Surv(time, status == 2) ~ sex, data = lung, subset = inst <= 10)
#' south <- event_counts(Surv(time, status == 2) ~ sex, data = lung, subset = inst > 10)
#' both <- c(north, south)
#' kaplan_meier(both)
#' coarsen(both, min.cell = 5)
#' coarsen(both, breaks = c(180, 365, 730, 1095))
#' @name merge_counts
NULL

#' @rdname merge_counts
#' @export
c.event_counts <- function(..., min.cell = NULL, timefix = TRUE) {
  merge_counts(list(...), min.cell, timefix, quote(c()))
}

#' @rdname merge_counts
#' @export
merge.event_counts <- function(x, y, ..., min.cell = NULL, timefix = TRUE) {
  merge_counts(list(x, y, ...), min.cell, timefix, quote(merge()))
}

merge_counts <- function(tables, min.cell, timefix, call) {
  timefix <- check_flag(timefix, "timefix", call)
  for (i in seq_along(tables)) {
    if (!inherits(tables[[i]], "event_counts")) {
      abort_rule("type", paste0("table ", i, " is not counts but ", class(tables[[i]])[1], "."),
        "Make it by `event_counts()`.",
        call = call
      )
    }
    check_event_counts(tables[[i]], call)
    if (!is.null(min.cell)) refuse_small(tables[[i]], check_whole(min.cell, "min.cell", 1, 1e9, call), i, call)
  }
  metas <- lapply(tables, attr, "meta")
  one_kind(tables, metas, call)
  first <- metas[[1]]
  labels <- union_labels(lapply(metas, `[[`, "labels"))
  strata <- if (!is.null(first$strata)) union_labels(lapply(metas, `[[`, "strata"))
  strata_names <- unlist(lapply(metas, function(meta) setNames(meta$strata_names, meta$strata)))
  causes <- if (!is.null(first$causes)) union_labels(lapply(metas, `[[`, "causes"))
  delayed <- !is.null(tables[[1]]$n.entry)
  # Names as survfit would spell them: of several columns, padded, they come from the tables.
  spelled <- unlist(lapply(metas, function(meta) if (!is.null(meta$names)) setNames(meta$names, meta$labels)))
  n_cell <- length(labels) * max(1L, length(strata))
  meta <- list(labels = labels, strata = strata)
  event_names <- cause_columns(list(causes = causes)) %||% "n.event"
  rows <- do.call(rbind, lapply(tables, function(x) {
    counts <- matrix(0, nrow(x), length(event_names), dimnames = list(NULL, event_names))
    have <- intersect(event_names, names(x))
    counts[, have] <- as.matrix(as.data.frame(x)[have])
    cbind(cell = table_codes(x, meta), time = x$time, counts, n.censor = x$n.censor,
      n.entry = if (delayed) x$n.entry else 0)
  }))
  times <- one_time(rows[, "time"], timefix, call)
  if (delayed && times$merged > 0) {
    abort_rule("entry", "times that differ by rounding error only cannot be put together with delayed entry.",
      "Round the times alike before they are counted, or say `timefix = FALSE`.",
      call = call
    )
  }
  key <- (rows[, "cell"] - 1) * length(times$time) + times$id
  kept <- sort(unique(key))
  sums <- rowsum(rows[, -(1:2), drop = FALSE], match(key, kept), reorder = TRUE)
  cell <- (kept - 1) %/% length(times$time) + 1
  left_n <- Reduce(`+`, lapply(metas, function(meta_i) {
    to <- label_cells(meta_i, meta)
    replace(numeric(n_cell), to, meta_i$n)
  }))
  new_event_counts(
    as.integer(cell), times$time[(kept - 1) %% length(times$time) + 1], unname(sums[, event_names, drop = FALSE]),
    unname(sums[, "n.censor"]), if (delayed) unname(sums[, "n.entry"]),
    list(
      labels = labels, names = if (!is.null(first$names)) unname(spelled[labels]), title = first$title, strata = strata,
      strata_names = if (!is.null(strata)) unname(strata_names[strata]), strata_title = first$strata_title,
      causes = causes, unit = first$unit, n = left_n,
      n_rows = whole_number(sum(vapply(metas, function(meta) as.double(meta$n_rows), 0))),
      rows_dropped = integer(), n_time_merged = times$merged,
      notes = c(unique(unlist(lapply(metas, `[[`, "notes"))), note_merged(times$merged))
    )
  )
}

# Where the cells of a table stand among those of all.
label_cells <- function(own, all) {
  group <- match(own$labels, all$labels)
  if (is.null(all$strata)) return(group)
  as.vector(outer(group, length(all$labels) * (match(own$strata, all$strata) - 1L), `+`))
}

one_kind <- function(tables, metas, call) {
  differ <- function(what) length(unique(lapply(metas, what))) > 1
  unlike <- c(
    if (differ(function(m) is.null(m$strata))) "strata",
    if (differ(function(m) is.null(m$causes))) "competing causes",
    if (length(unique(lapply(tables, function(x) is.null(x$n.entry)))) > 1) "delayed entry",
    if (differ(function(m) is.null(m$names))) "groups"
  )
  if (length(unlike)) {
    abort_rule("table", paste0("some tables have ", unlike[1], ", others have none."), call = call)
  }
  if (differ(function(m) m$unit)) {
    units <- vapply(metas, function(m) m$unit %||% "no unit", "")
    abort_rule("time", paste0("times are in ", paste(unique(units), collapse = " and in "), "."),
      "Count again in one unit.",
      call = call
    )
  }
}

# Labels of all tables: sorted if each table has its own sorted, else as they come.
union_labels <- function(lists) {
  all <- unique(unlist(lists))
  as_number <- function(x) suppressWarnings(as.double(x))
  if (!anyNA(as_number(all)) && !any(vapply(lists, function(x) is.unsorted(as_number(x)), TRUE))) {
    return(all[order(as_number(all))])
  }
  by_text <- function(x) sort(x, method = "radix")
  if (all(vapply(lists, function(x) identical(x, by_text(x)), TRUE))) by_text(all) else all
}

# The distinct times, those that differ by rounding error only as one, and which of them each time is.
one_time <- function(x, timefix, call) {
  frame <- list(time = as.double(x), event = rep(0L, length(x)), timefix = timefix, entry = NULL)
  core <- call_core(event_counts_cpp(frame, TRUE), call)
  list(time = core$times, id = core$exit_id + 1L, merged = core$n_time_merged)
}

small_counts <- function(x, min.cell) {
  columns <- c(cause_columns(attr(x, "meta")) %||% "n.event", "n.censor")
  found <- vapply(columns, function(v) sum(x[[v]] > 0 & x[[v]] < min.cell), 0)
  found[found > 0]
}

refuse_small <- function(x, min.cell, i, call) {
  found <- small_counts(x, min.cell)
  if (length(found)) {
    abort_rule("table", paste0("table ", i, " has counts below ", min.cell, " and above 0: ",
      paste0(found, " of `", names(found), "`", collapse = ", "), "."
    ), "`coarsen(min.cell = )` moves times together until there are none.", arg = "min.cell", call = call)
  }
}

#' @rdname merge_counts
#' @param counts Counts made by [event_counts()], without delayed entry.
#' @param digits,breaks As in [event_counts()].
#' @export
coarsen <- function(counts, min.cell = NULL, digits = NULL, breaks = NULL) {
  call <- quote(coarsen())
  if (!inherits(counts, "event_counts")) {
    abort_rule("type", paste0("`counts` must be made by `event_counts()`, not be ", class(counts)[1], "."),
      arg = "counts", call = call
    )
  }
  check_event_counts(counts, call)
  coarse <- read_coarse(digits, breaks, call)
  if (is.null(min.cell) == is.null(coarse)) {
    abort_rule("choice", "one of `min.cell`, `digits` and `breaks` must be given.", call = call)
  }
  if (!is.null(counts$n.entry)) {
    abort_rule("entry", "counts with delayed entry cannot be made coarser: who enters would be there too late.",
      arg = "counts", call = call
    )
  }
  meta <- attr(counts, "meta")
  code <- table_codes(counts, meta)
  if (is.null(coarse)) {
    min.cell <- check_whole(min.cell, "min.cell", 2, 1e9, call)
    time <- block_ends(counts, code, min.cell, call)
    note <- paste0("times moved together until no count is between 0 and ", min.cell)
  } else {
    time <- coarse_times(as.double(counts$time), coarse, "time", call)
    note <- coarse_note(coarse)
  }
  columns <- c(cause_columns(meta) %||% "n.event", "n.censor")
  first <- !duplicated(data.frame(code, time))
  block <- cumsum(first)
  sums <- rowsum(as.matrix(as.data.frame(counts)[columns]), block)
  meta$notes <- c(meta$notes, note)
  new_event_counts(
    code[first], time[first], unname(sums[, -length(columns), drop = FALSE]), unname(sums[, "n.censor"]), NULL, meta
  )
}

# The time to which each row is moved.
block_ends <- function(counts, code, min.cell, call) {
  meta <- attr(counts, "meta")
  columns <- c(cause_columns(meta) %||% "n.event", "n.censor")
  values <- as.matrix(as.data.frame(counts)[columns])
  fine <- function(sums) all(sums == 0 | sums >= min.cell)
  out <- counts$time
  for (rows in split(seq_along(code), code)) {
    ends <- integer()
    sums <- numeric(length(columns))
    for (i in rows) {
      sums <- sums + values[i, ]
      if (fine(sums)) {
        ends <- c(ends, i)
        sums[] <- 0
      }
    }
    last <- rows[length(rows)]
    # What is left joins the block before; the block grows further back while it is too small.
    if (!length(ends) || ends[length(ends)] != last) {
      repeat {
        from <- if (length(ends) > 1) ends[length(ends) - 1] + 1L else rows[1]
        ends <- c(utils::head(ends, -1), last)
        whole <- colSums(values[from:last, , drop = FALSE])
        if (fine(whole)) break
        if (from == rows[1]) {
          abort_rule("table", paste0("group ", quoted(counts$group[last]), " has fewer than ", min.cell, " of ",
            paste0("`", columns[whole > 0 & whole < min.cell], "`", collapse = " and "), " in all."
          ), "Leave the group out, or put it together with another.", arg = "min.cell", call = call)
        }
        ends <- c(utils::head(ends, -2), last)
      }
    }
    out[rows] <- counts$time[ends[findInterval(rows, ends, left.open = TRUE) + 1L]]
  }
  out
}
