# Two tables of rates side by side: what was rebuilt, and what was printed.

#' Rebuilt and printed rates side by side
#'
#' Sets every number of a rebuilt table of rates beside the printed one and marks the cells that differ at the
#' printed decimals.
#'
#' @param rebuilt,printed Rates to compare: a table made by [table_rates()], or a data frame as it takes one. Rows are
#'   matched by endpoint, group and time, all three spelled alike.
#' @param decimals Decimals of the printed percentages; a column `decimals` of `printed` overrides it cell by cell.
#' @param decimals.p Decimals of the printed p-values.
#' @param percent Is `printed` in percent (`TRUE`) or in proportions? `percent.rebuilt` says it of `rebuilt`.
#' @param percent.rebuilt As `percent`.
#' @param unit.time,time.labels,caption As in [table_rates()].
#' @return A `cryonodes_table`, each cell "rebuilt | printed", a dagger on cells that differ and a note for each of
#'   them. Its `numbers` have a row per endpoint, group and time with `estimate`, `std.error`, `p` and the same with
#'   suffix `.printed`, and logical columns `estimate.differs`, `std.error.differs`, `p.differs` (`NA` where one side
#'   has no number).
#' @section Definition: A rebuilt number is rounded half up to the printed decimals and differs when the result is not
#'   the printed number. A number that only one side has is shown as a dash, marked and listed.
#' @section Errors: Those of [table_rates()]; `cryonodes_error_table` when the two have no endpoint, group and
#'   time in common.
#' @examples
#' rebuilt <- data.frame(
#'   group = "All", time = c(1, 2), estimate = c(0.9412, 0.8235), std.error = c(0.0571, 0.0925)
#' )
#' printed <- data.frame(
#'   group = "All", time = c(1, 2), estimate = c(94.1, 82.5), std.error = c(5.7, 9.2)
#' )
#' table_compare(rebuilt, printed, percent = TRUE, unit.time = "years")
#' @export
table_compare <- function(rebuilt, printed, decimals = 1, decimals.p = 2, percent = FALSE, percent.rebuilt = FALSE,
                          unit.time = NULL, time.labels = NULL, caption = NULL) {
  call <- quote(table_compare())
  check_given(missing(rebuilt), "rebuilt", call)
  check_given(missing(printed), "printed", call)
  check_decimals(decimals, "decimals", call)
  check_decimals(decimals.p, "decimals.p", call)
  check_text(caption, "caption", call)
  sides <- list(
    rebuilt = read_rates(as_rates_input(rebuilt, "rebuilt", call), NULL, "All", percent.rebuilt, FALSE, call),
    printed = read_rates(as_rates_input(printed, "printed", call), NULL, "All", percent, FALSE, call)
  )
  numbers <- pair_rates(sides, decimals, decimals.p, call)
  times <- unique(numbers$time)
  lay_out_compare(numbers, times, label_times(times, unit.time, time.labels, call), decimals.p, caption)
}

as_rates_input <- function(x, arg, call) {
  if (!inherits(x, c("cryonodes_table", "data.frame"))) {
    abort_rule("type", paste0("`", arg, "` must be a table of rates or a data frame, not ", class(x)[1], "."),
      arg = arg, call = call
    )
  }
  x
}

pair_rates <- function(sides, decimals, decimals.p, call) {
  key <- function(side) {
    do.call(paste, c(side$numbers[c("endpoint", "group")], list(signif(side$numbers$time, 12)), sep = "\r"))
  }
  p_of <- function(side) {
    if (is.null(side$p)) return(rep(NA_real_, nrow(side$numbers)))
    p_of_rows(side$numbers, cbind(side$p, method = "p"), "p")
  }
  keys <- lapply(sides, key)
  if (!length(intersect(keys$rebuilt, keys$printed))) {
    abort_rule("table", "`rebuilt` and `printed` have no endpoint, group and time in common.",
      "Spell endpoints and groups alike in both.",
      call = call
    )
  }
  all <- union(keys$printed, keys$rebuilt)
  from <- lapply(keys, function(k) match(all, k))
  first <- function(column) {
    printed <- sides$printed$numbers[[column]][from$printed]
    other <- sides$rebuilt$numbers[[column]][from$rebuilt]
    ifelse(is.na(printed), other, printed)
  }
  out <- data.frame(
    endpoint = first("endpoint"), group = first("group"), n = first("n"), time = first("time"), stringsAsFactors = FALSE
  )
  for (column in c("estimate", "std.error")) {
    out[[column]] <- sides$rebuilt$numbers[[column]][from$rebuilt]
    out[[paste0(column, ".printed")]] <- sides$printed$numbers[[column]][from$printed]
  }
  out$p <- p_of(sides$rebuilt)[from$rebuilt]
  out$p.printed <- p_of(sides$printed)[from$printed]
  given <- sides$printed$numbers$decimals[from$printed]
  out$decimals <- if (is.null(given)) decimals else ifelse(is.na(given), decimals, given)
  for (column in c("estimate", "std.error", "p")) {
    scale <- if (column == "p") 1 else 100
    digits <- if (column == "p") decimals.p else out$decimals
    printed <- paste0(column, ".printed")
    # Both sides are rounded, as the printed number, too, is stored in binary.
    gap <- round_half_up(scale * out[[column]], digits) - round_half_up(scale * out[[printed]], digits)
    out[[paste0(column, ".differs")]] <- abs(gap) > 1e-9
  }
  out
}

lay_out_compare <- function(numbers, times, labels, decimals.p, caption) {
  groups <- unique(numbers$group)
  with_p <- !all(is.na(numbers$p) & is.na(numbers$p.printed))
  size <- common_sizes(numbers)
  headings <- groups
  if (!is.null(size)) headings <- ifelse(is.na(size), groups, paste0(groups, ", n = ", number_text(size)))
  listed <- character()
  mark_differences <- function(row, columns, place) {
    words <- c(estimate = "rate", std.error = "standard error", p = "p")
    texts <- lapply(columns, function(column) {
      difference_text(row, column, words[[column]], if (column == "p") decimals.p else row$decimals)
    })
    texts <- unlist(texts)
    if (!length(texts)) return("")
    listed <<- c(listed, paste0(place, ": ", paste(texts, collapse = "; ")))
    dagger
  }
  rows <- list()
  for (endpoint in unique(numbers$endpoint)) {
    part <- numbers[numbers$endpoint == endpoint, ]
    named <- nzchar(endpoint)
    if (named) rows <- c(rows, list(block_row(endpoint, length(groups) + with_p)))
    for (i in which(times %in% part$time)) {
      here <- part[part$time == times[i], ]
      place <- function(...) paste(c(if (named) endpoint, labels[i], ...), collapse = ", ")
      cells <- lapply(groups, function(g) {
        row <- here[here$group == g, ]
        if (!nrow(row)) return(cell(em_dash))
        cell(
          paste(pair_text(row, "", row$decimals), "|", pair_text(row, ".printed", row$decimals)),
          mark_differences(row, c("estimate", "std.error"), place(g))
        )
      })
      if (with_p) {
        p_text <- function(p) if (is.na(p)) em_dash else format_fixed(p, decimals.p)
        cells <- c(cells, list(cell(
          paste(p_text(here$p[1]), "|", p_text(here$p.printed[1])), mark_differences(here[1, ], "p", place())
        )))
      }
      rows <- c(rows, list(table_row(labels[i], cells, indent = as.integer(named))))
    }
  }
  header <- data.frame(text = c("", headings, if (with_p) "p"), mark = "", stringsAsFactors = FALSE)
  notes <- data.frame(
    mark = c("", if (length(listed)) dagger, rep("", length(listed))),
    text = c(
      "Each cell: rebuilt | printed; rate (standard error), in percent",
      if (length(listed)) c("Differs at the printed decimals, or is on one side only", listed)
    ), stringsAsFactors = FALSE
  )
  new_table("compare", numbers, caption %||% "", header, bind_rows_of_table(rows), notes)
}

pair_text <- function(row, suffix, decimals) {
  estimate <- row[[paste0("estimate", suffix)]]
  error <- row[[paste0("std.error", suffix)]]
  if (is.na(estimate)) return(em_dash)
  paste0(
    format_fixed(100 * estimate, decimals), "%",
    if (!is.na(row$std.error) || !is.na(row$std.error.printed)) {
      paste0(" (", if (is.na(error)) em_dash else format_fixed(100 * error, decimals), ")")
    }
  )
}

difference_text <- function(row, column, word, decimals) {
  scale <- if (column == "p") 1 else 100
  sides <- c(row[[column]], row[[paste0(column, ".printed")]])
  text <- ifelse(is.na(sides), em_dash, format_fixed(scale * sides, decimals))
  if (sum(is.na(sides)) == 1) {
    return(paste(word, if (is.na(sides[1])) paste(text[2], "not rebuilt") else paste(text[1], "not printed")))
  }
  if (isTRUE(row[[paste0(column, ".differs")]])) paste0(word, " ", text[1], " rebuilt, ", text[2], " printed")
}
