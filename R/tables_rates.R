# Tables of rates. Whatever is given - fits, or numbers read from print - becomes one tidy frame with the
# columns of rate_columns; the layout reads that frame only.

rate_columns <- c(
  "endpoint", "group", "n", "time", "estimate", "std.error", "conf.low", "conf.high", "n.risk", "cum.event", "note"
)

#' Table of survival rates
#'
#' Rates at chosen times for several endpoints, in the layout of a paper's outcome table: a block per
#' endpoint, a row per time, a column per group, and p-values of a named method.
#'
#' @param x An [endpoint()], a list of them or what [outcomes()] made of them; or one [kaplan_meier()] or
#'   [cumulative_incidence()] (of which the first cause is shown); or a named list, one element per endpoint, each a
#'   fit or a list of them, e.g. `list("Overall survival" = list(all, by_group))`; or in the same forms a
#'   [proportion()], which has no times: one row per endpoint, the percentage with its interval; or a data frame of
#'   rates, such as a printed table, with columns `group`, `time`, `estimate` and, where known, `endpoint`, `n`,
#'   `std.error`, `conf.low`, `conf.high`, `n.risk`, `cum.event`, `note` (the reason why a cell is `NA`), `p`.
#' @param times Times to show, in the unit of the follow-up or as a difftime; `NULL` shows those of a data frame.
#' @param show What stands with each rate: `"se"` its standard error and `"ci"` its confidence interval in the
#'   cell, `"n.risk"` and `"events"` (events up to that time) in rows of their own. `character()` shows the rates
#'   alone. Of proportions `"ci"` (their default) and `"events"`.
#' @param digits Decimals of the percentages.
#' @param p Tests: a [compare_at()], [logrank_test()] or [gray_test()], or a list of them, such as the `tests` of a
#'   [cumulative_incidence()], of which that of the cause shown is taken; of several endpoints a list under their
#'   names, each a test or a list of tests. Or a data frame with columns `p`, `endpoint` (when there is more than one),
#'   `time` (`NA` or absent: a p-value of the whole curve, shown beside the endpoint) and, for p-values of several
#'   methods, `method`. Each method has its column and its footnote. Of a `compare_at` whose p-values are adjusted for
#'   several times the adjusted ones are shown.
#' @param p.label What the p-values are, in words: test, hypothesis, sides. Required with p-values that have no
#'   `method`.
#' @param whole Heading of the column of fits without groups.
#' @param unit.time Unit of `times` for the row labels, e.g. `"months"`; by default that of the follow-up, if known.
#' @param time.labels Row labels instead, one for each of `times`.
#' @param percent For a data frame: are rates, standard errors and limits in percent (`TRUE`) or proportions?
#' @param extend As in [rates()]: carry the last rate forward beyond the follow-up, marked with a footnote.
#' @param caption Caption.
#' @param by For endpoints: name of the column that forms the groups, as in [outcomes()].
#' @param ... Not used.
#' @return A `cryonodes_table`; see [print.cryonodes_table()]. `as.data.frame()` gives the numbers as proportions,
#'   one row per endpoint, group and time, with the columns named above.
#' @section Edge cases: A rate, standard error or limit that is not known is a dash; its reason is a
#'   numbered footnote. A standard error of 0 because nobody had an event yet is marked: it is what Greenwood's
#'   formula gives, not a certainty. A p-value of a proportion is given without `time`.
#' @section Errors: `cryonodes_error_object` (not a `kaplan_meier`), `_times`, `_choice`, `_column`, `_table` (numbers
#'   that are not rates, a cell given twice, p-values of an endpoint that is not shown), `_group`, `_length`.
#' @seealso [table_compare()], [figure_outcomes()]
#' @examples
#' lung <- survival::lung
#' lung$sex <- factor(lung$sex, labels = c("Men", "Women"))
#' all <- kaplan_meier(Surv(time, status) ~ 1, lung, event = 2)
#' by_sex <- kaplan_meier(Surv(time, status) ~ sex, lung, event = 2)
#' table_rates(list("Overall survival" = list(all, by_sex)), times = c(365, 730),
#'   time.labels = c("1 year", "2 years"), show = c("ci", "n.risk"))
#'
#' # Complications of procedures
#' major <- proportion(c(3, 0), c(52, 41), group = c("Cryoablation", "Surgery"))
#' table_rates(list("Major complications" = major))
#' @export
table_rates <- function(x, times = NULL, show = "se", digits = 1, p = NULL, p.label = NULL, whole = "Whole cohort",
                        unit.time = NULL, time.labels = NULL, percent = FALSE, extend = FALSE, caption = NULL,
                        by = NULL, ...) {
  call <- quote(table_rates())
  check_dots(..., call = call)
  check_given(missing(x), "x", call)
  made <- fits_of_endpoints(x, by, call)
  x <- made$fits
  times <- times %||% made$times
  check_show(show, call)
  check_decimals(digits, "digits", call)
  check_text(caption, "caption", call)
  read <- read_rates(x, times, whole, percent, extend, call)
  numbers <- read$numbers
  p_values <- read_p(p %||% made$tests %||% read$p, p.label, numbers, read$endpoints, call)
  if (read$what == "Proportion") {
    show <- if (missing(show)) "ci" else check_show_proportion(show, call)
    time.labels <- time.labels %||% "Proportion"
  }
  labels <- label_times(read$times, unit.time %||% read$unit, time.labels, call)
  numbers <- with_p(numbers, p_values)
  what <- if (read$what != "Proportion" && !is.null(read$endpoints)) describe_rates(read$endpoints, show) else paste0(
    read$what, if ("se" %in% show) " (standard error)",
    if ("ci" %in% show) paste0(if ("se" %in% show) " [" else " (", read$interval, if ("se" %in% show) "]" else ")"),
    ", in percent"
  )
  lay_out_rates(numbers, read$times, labels, show, digits, p_values, caption, c(what, notes_left_out(read$endpoints)))
}

# Rows that the fits left out: of all, and beyond these of the groups.
notes_left_out <- function(endpoints) {
  of_endpoint <- function(fits) {
    lost <- vapply(fits, function(x) length((attr(x, "meta") %||% x$meta)$rows_dropped), 0L)
    whole <- vapply(fits, function(x) is.null(x$strata) && is.null(attr(x, "meta")$group_title), TRUE)
    of_all <- if (any(whole)) lost[whole][1] else 0L
    of_groups <- max(0L, lost[!whole] - of_all)
    unit <- attr(fits[[1]], "endpoint")$unit %||% "row"
    c(
      if (of_all) paste0(plural(of_all, unit), " left out for a missing value"),
      if (of_groups) paste0(plural(of_groups, unit), if (any(whole)) " without a group, counted in the whole only" else
        " left out for a missing value"
      )
    )
  }
  notes <- lapply(endpoints, of_endpoint)
  vapply(unique(unlist(notes)), function(note) {
    of <- names(endpoints)[vapply(notes, function(own) note %in% own, TRUE)]
    paste(c(note, if (all(nzchar(of))) paste(of, collapse = "; ")), collapse = ": ")
  }, "", USE.NAMES = FALSE)
}

check_show <- function(show, call) {
  allowed <- c("se", "ci", "n.risk", "events")
  if (!is.character(show) || !all(show %in% allowed)) {
    abort_rule("choice", paste0("`show` must be among ", quoted(allowed), ", not ", one_line(show), "."),
      arg = "show", call = call
    )
  }
}

check_show_proportion <- function(show, call) {
  wrong <- setdiff(show, c("ci", "events"))
  if (length(wrong)) {
    abort_rule("choice", paste0("a proportion has no ", quoted(wrong[1]), " to show."),
      "`show` may be \"ci\", \"events\" or both.", arg = "show", call = call
    )
  }
  show
}

# Named list of endpoints, each a list of kaplan_meier fits; one fit alone is an endpoint without a name.
read_endpoints <- function(x, arg, call) {
  if (inherits(x, "survfit")) {
    check_curve(x, call)
    return(list(list(x)) |> setNames(""))
  }
  if (!is.list(x) || is.data.frame(x) || !length(x)) {
    abort_rule("object", paste0("`", arg, "` must be kaplan_meier fits in a named list, not ", class(x)[1], "."),
      arg = arg, call = call
    )
  }
  check_endpoint_names(x, arg, call)
  lapply(x, function(fits) {
    if (inherits(fits, "survfit")) fits <- list(fits)
    if (!is.list(fits) || !length(fits)) {
      abort_rule("object", paste0("an endpoint must be a kaplan_meier or a list of them, not ", class(fits)[1], "."),
        arg = arg, call = call
      )
    }
    lapply(fits, check_curve, call = call)
    unname(fits)
  })
}

check_endpoint_names <- function(x, arg, call) {
  names <- names(x)
  if (is.null(names) || any(is.na(names) | !nzchar(names)) || anyDuplicated(names)) {
    abort_rule("group", paste0("`", arg, "` must name each endpoint, each name once."), arg = arg, call = call)
  }
}

check_columns_of_endpoint <- function(labels, call) {
  if (anyDuplicated(labels)) {
    abort_rule("group", paste0("two columns of one endpoint are called ", quoted(labels[duplicated(labels)]), "."),
      "Rename the groups, or choose another `whole`.",
      call = call
    )
  }
}

# The unit of the times of all fits, when they agree in one.
common_unit <- function(fits) {
  units <- unique(unlist(lapply(fits, function(fit) fit$meta$unit)))
  if (length(units) == 1) units
}

km_labels <- function(fit, whole) if (is.null(fit$strata)) whole else fit$meta$group_labels

read_rates <- function(x, times, whole, percent, extend, call) {
  check_text(whole, "whole", call, null = FALSE)
  check_flag(percent, "percent", call)
  if (inherits(x, "cryonodes_table")) {
    check_table(x, call)
    if (!all(c("group", "time", "estimate") %in% names(x$numbers))) {
      abort_rule("object", "this cryonodes_table is not a table of rates.", call = call)
    }
    x <- x$numbers
    percent <- FALSE
  }
  proportions <- if (inherits(x, "proportion")) list(x) |> setNames("") else if (only_proportions(x)) x
  if (!is.null(proportions)) return(read_rates_proportions(proportions, times, whole, call))
  if (is.data.frame(x)) {
    return(read_rates_frame(x, times, percent, call))
  }
  if (is.null(times)) {
    abort_rule("times", "`times` is missing: at which times are the rates wanted?", arg = "times", call = call)
  }
  endpoints <- read_endpoints(x, "x", call)
  unit <- common_unit(unlist(endpoints, recursive = FALSE))
  times <- unique(check_times(times, call, unit))
  parts <- Map(function(fits, endpoint) {
    check_columns_of_endpoint(unlist(lapply(fits, km_labels, whole)), call)
    do.call(rbind, lapply(fits, function(fit) {
      cbind(endpoint = endpoint, rates_of_fit(fit, times, extend, whole))[rate_columns]
    }))
  }, endpoints, names(endpoints))
  # Without names: do.call() would make symbols of the labels, in the encoding of the session.
  numbers <- do.call(rbind, unname(parts))
  rownames(numbers) <- NULL
  list(numbers = numbers, times = times, unit = unit, what = "Kaplan-Meier rate", endpoints = endpoints)
}

# Proportions, lists of them, lists of lists: as of Kaplan-Meier fits, and nothing else among them.
only_proportions <- function(x) {
  if (inherits(x, "proportion")) return(TRUE)
  is.list(x) && !is.data.frame(x) && !is.object(x) && length(x) > 0 && all(vapply(x, only_proportions, NA))
}

read_rates_proportions <- function(endpoints, times, whole, call) {
  if (!is.null(times)) {
    abort_rule("times", "proportions have no times: leave `times` out.", arg = "times", call = call)
  }
  if (!identical(names(endpoints), "")) check_endpoint_names(endpoints, "x", call)
  endpoints <- lapply(endpoints, function(fits) if (inherits(fits, "proportion")) list(fits) else fits)
  parts <- Map(function(fits, endpoint) {
    out <- do.call(rbind, lapply(unname(fits), rates_of_proportion, whole, call))
    check_columns_of_endpoint(out$group, call)
    cbind(endpoint = endpoint, out)[rate_columns]
  }, endpoints, names(endpoints))
  numbers <- do.call(rbind, unname(parts))
  rownames(numbers) <- NULL
  intervals <- unique(unlist(lapply(endpoints, lapply, proportion_label)))
  list(
    numbers = numbers, times = NA_real_, unit = NULL, what = "Proportion",
    interval = paste(intervals, collapse = " or "), endpoints = endpoints
  )
}

rates_of_proportion <- function(fit, whole, call) {
  check_proportion(fit, call)
  alone <- nrow(fit) == 1 && is.null(attr(fit, "meta")$group_title)
  note <- rep(NA_character_, nrow(fit))
  note[fit$n.cluster %in% 1L] <- "one cluster: nothing is known of the variation between clusters"
  note[fit$n == 0] <- "nobody was observed"
  data.frame(
    group = if (alone) whole else fit$group, n = as.double(fit$n), time = NA_real_, estimate = fit$proportion,
    std.error = NA_real_, conf.low = fit$conf.low, conf.high = fit$conf.high, n.risk = NA_real_,
    cum.event = as.double(fit$events), note = note, stringsAsFactors = FALSE
  )
}

# "95% Clopper-Pearson confidence interval", and what else belongs to it.
proportion_label <- function(fit) {
  meta <- attr(fit, "meta")
  sides <- c(two.sided = "confidence interval", less = "upper confidence limit", greater = "lower confidence limit")
  level <- in_mark(number_text(100 * meta$conf.level))
  paste0(level, "% ", proportion_names[[meta$conf.type]], " ", sides[[meta$alternative]],
    if (!is.null(meta$cluster_title)) paste0(" clustered by ", meta$cluster_title)
  )
}

read_rates_frame <- function(x, times, percent, call) {
  x <- check_data_frame(as.data.frame(x), "x", call)
  for (name in c("group", "time", "estimate")) check_columns(as.name(name), x, emptyenv(), call)
  x$time <- check_times(x$time, call)
  for (name in c("endpoint", "group", "note")) x[[name]] <- as.character(x[[name]] %||% NA_character_)
  if (all(is.na(x$endpoint))) x$endpoint <- ""
  check_complete(x$endpoint, "endpoint", NULL, call)
  check_complete(x$group, "group", NULL, call)
  for (name in c("n", "estimate", "std.error", "conf.low", "conf.high", "n.risk", "cum.event")) {
    x[[name]] <- x[[name]] %||% NA_real_
    if (!is_number(x[[name]]) && !all(is.na(x[[name]]))) {
      abort_rule("type", paste0("`", name, "` must be numeric, not ", class(x[[name]])[1], "."),
        arg = name, call = call
      )
    }
    x[[name]] <- as.double(x[[name]])
  }
  top <- if (percent) 100 else 1
  bad <- which(x$estimate < 0 | x$estimate > top)
  if (length(bad)) {
    abort_rule("table", paste0(
      "`estimate` must be in [0, ", number_text(top), "], not ", number_text(x$estimate[bad[1]]), " in ",
      at_rows(bad), "."
    ), if (!percent) "Say `percent = TRUE` when the rates are in percent.",
    arg = "estimate", rows = bad, call = call
    )
  }
  bad <- which(x$std.error < 0)
  if (length(bad)) {
    abort_rule("table", paste0(
      "`std.error` must be >= 0, not ", number_text(x$std.error[bad[1]]), " in ", at_rows(bad), "."
    ), arg = "std.error", rows = bad, call = call)
  }
  twice <- which(duplicated(x[c("endpoint", "group", "time")]))
  if (length(twice)) {
    abort_rule("table", paste0("the same endpoint, group and time is given twice, in ", at_rows(twice), "."),
      rows = twice, call = call
    )
  }
  for (name in c("estimate", "std.error", "conf.low", "conf.high")) x[[name]] <- x[[name]] / top
  shown <- if (is.null(times)) unique(x$time) else unique(check_times(times, call))
  rows <- which(!is.na(match_time(x$time, shown)))
  if (!length(rows)) abort_rule("times", "none of `times` is among those of the table.", arg = "times", call = call)
  p <- if (!is.null(x$p)) unique(x[rows, ][!is.na(x$p[rows]), c("endpoint", "time", "p")])
  numbers <- x[rows, c(rate_columns, intersect("decimals", names(x)))]
  rownames(numbers) <- NULL
  list(
    numbers = numbers, times = shown, unit = NULL, p = if (length(p$p)) p, what = "Kaplan-Meier rate",
    interval = "confidence interval"
  )
}

# Times are the same when they differ by rounding only.
match_time <- function(x, table) match(signif(x, 12), signif(table, 12))

label_times <- function(times, unit, labels, call) {
  if (!is.null(labels)) {
    if (!is.character(labels) || length(labels) != length(times)) {
      abort_rule("length", paste0("`time.labels` must be ", length(times), " strings, one for each time."),
        arg = "time.labels", call = call
      )
    }
    return(labels)
  }
  check_text(unit, "unit.time", call)
  text <- in_mark(vapply(times, number_text, ""))
  if (is.null(unit)) return(paste("Time", text))
  # Of a unit in another language the plural is not known.
  singular <- if (unit %in% c("days", "weeks", "months", "years")) sub("s$", "", unit) else unit
  paste(text, ifelse(times == 1, singular, unit))
}

# One size per group, or NULL when the endpoints do not agree (patients here, sessions there).
common_sizes <- function(numbers) {
  size <- tapply(numbers$n, factor(numbers$group, unique(numbers$group)), function(n) {
    n <- unique(n[!is.na(n)])
    if (length(n) == 1) n else if (length(n)) Inf else NA
  })
  if (any(is.infinite(size), na.rm = TRUE)) NULL else size
}

lay_out_rates <- function(numbers, times, labels, show, digits, p, caption, what) {
  book <- footnotes()
  groups <- unique(numbers$group)
  methods <- unique(p$method)
  size <- common_sizes(numbers)
  with_n <- function(label, n) if (is.na(n)) label else paste0(label, ", n = ", number_text(n))
  headings <- if (is.null(size)) groups else mapply(with_n, groups, size)
  # Where each endpoint has one method they share a column; else each has its own, with its mark in the header.
  shared <- length(methods) > 1 && !anyDuplicated(unique(p[c("endpoint", "method")])$endpoint)
  if (shared) {
    p$method_of <- p$method
    p$method <- methods <- "p"
  }
  # These are the first footnotes, as their marks stand in the header.
  method_marks <- if (shared) "" else vapply(methods, book$mark, "", USE.NAMES = FALSE)
  header <- data.frame(
    text = c("", headings, rep("p", length(methods))), mark = c("", rep("", length(groups)), method_marks),
    stringsAsFactors = FALSE
  )
  rows <- list()
  for (endpoint in unique(numbers$endpoint)) {
    part <- numbers[numbers$endpoint == endpoint, ]
    per_group <- function(f, rows) lapply(groups, function(g) f(rows[rows$group == g, ]))
    p_cells <- function(time) {
      lapply(methods, function(m) {
        found <- p_at(p, endpoint, time, m)
        if (!nrow(found)) return(cell(""))
        if (!is.na(found$p)) {
          return(cell(in_mark(format_p(found$p)), if (shared) book$mark(found$method_of) else ""))
        }
        cell(em_dash, book$mark(if (is.na(found$note)) not_given else found$note))
      })
    }
    blank <- function(list) lapply(list, function(x) cell(""))
    block_p <- if (anyNA(times)) blank(methods) else p_cells(NA) # proportions have a row, not a curve
    if (nzchar(endpoint)) {
      rows <- c(rows, list(block_row(endpoint, cells = c(blank(groups), block_p))))
    } else if (any(vapply(block_p, `[[`, "", "text") != "")) {
      rows <- c(rows, list(block_row("Whole curve", cells = c(blank(groups), block_p))))
    }
    indent <- as.integer(nzchar(endpoint))
    if (is.null(size)) {
      n_cell <- function(r) cell(if (nrow(r) && !is.na(r$n[1])) number_text(r$n[1]) else em_dash)
      rows <- c(rows, list(table_row("n", c(per_group(n_cell, part), blank(methods)), indent = indent)))
    }
    for (i in seq_along(times)) {
      here <- part[!is.na(match_time(part$time, times[i])), ]
      if (!nrow(here)) next
      rows <- c(rows, list(table_row(
        labels[i], c(per_group(function(r) cell_rate(r, show, digits, book), here), p_cells(times[i])),
        indent = indent
      )))
      for (count in intersect(c("n.risk", "events"), show)) {
        column <- c(n.risk = "n.risk", events = "cum.event")[[count]]
        rows <- c(rows, list(table_row(
          c(n.risk = "at risk", events = if (is.na(times[i])) "events" else "events so far")[[count]],
          c(per_group(function(r) cell_count_at(r, column, book), here), blank(methods)),
          indent = indent + 1L
        )))
      }
    }
  }
  new_table("rates", numbers, caption %||% "", header, bind_rows_of_table(rows), book$all(what), p = p)
}

not_given <- "not given"

cell_rate <- function(row, show, digits, book) {
  if (!nrow(row)) return(cell(em_dash, book$mark(not_given)))
  beyond <- !is.na(row$note) && startsWith(row$note, "beyond follow-up")
  reason <- if (is.na(row$note)) not_given else if (beyond) in_mark(row$note) else row$note
  if (is.na(row$estimate)) return(cell(em_dash, book$mark(reason)))
  number <- function(x) table_number(100 * x, digits)
  text <- paste0(number(row$estimate), "%")
  marks <- if (beyond) book$mark(reason)
  if ("se" %in% show) {
    text <- paste0(text, " (", if (is.na(row$std.error)) em_dash else number(row$std.error), ")")
    if (is.na(row$std.error)) marks <- c(marks, book$mark(reason))
    if (row$std.error %in% 0 && row$cum.event %in% 0) {
      marks <- c(marks, book$mark("no event yet: the standard error of 0 is the formula's, not a certainty"))
    }
  }
  if ("ci" %in% show) {
    bounds <- c(row$conf.low, row$conf.high)
    limits <- if (all(is.na(bounds))) {
      em_dash
    } else {
      paste0(ifelse(is.na(bounds), em_dash, number(bounds)), collapse = en_dash)
    }
    if (anyNA(bounds) || grepl("beta-product|one cluster", reason)) marks <- c(marks, book$mark(reason))
    text <- if ("se" %in% show) paste0(text, " [", limits, "]") else paste0(text, " (", limits, ")")
  }
  cell(text, paste(unique(marks), collapse = ","))
}

cell_count_at <- function(row, column, book) {
  if (!nrow(row) || is.na(row[[column]])) return(cell(em_dash, book$mark(not_given)))
  cell(number_text(row[[column]]))
}
