# What tests of two proportions share: their table as counts, the htest, print and tidy. Rows are the groups.

# A list: counts (x1, n1, x2, n2), labels of the groups, event (its label), table, data_name, rows_dropped, notes.
two_proportions <- function(given, expressions, event, na.action, call) {
  data <- contingency_table(given, expressions, na.action, call)
  table <- data$table
  if (any(dim(table) != 2)) {
    abort_rule("dim", paste0(
      "two proportions make a 2 x 2 table; the data make ", nrow(table), " x ", ncol(table), "."
    ), "Join categories, or compare two at a time.", call = call)
  }
  labels <- colnames(table)
  if (is.null(event)) {
    # As written by who counts events: TRUE or 1.
    own <- identical(labels, c("FALSE", "TRUE")) || identical(labels, c("0", "1"))
    column <- if (own) 2 else 1
  } else {
    column <- match(as.character(event)[1], labels)
    if (!is.atomic(event) || length(event) != 1 || is.na(column)) {
      abort_rule("status", paste0("`event` must be one of ", quoted(labels), ", not ", one_line(event), "."),
        arg = "event", call = call
      )
    }
  }
  n <- rowSums(table)
  if (any(n == 0)) {
    abort_rule("empty", paste0(empty_margins(table)[1], ": a group has no observations."), call = call)
  }
  list(
    counts = as.double(c(table[1, column], n[1], table[2, column], n[2])), labels = rownames(table),
    event = labels[column], table = table, data_name = data$data_name, rows_dropped = data$rows_dropped %||% integer(),
    notes = data$notes
  )
}

check_sides <- function(x, call) check_choice(x, c("two.sided", "less", "greater"), "alternative", call)

observed_measure <- function(counts, measure) {
  p <- counts[c(1, 3)] / counts[c(2, 4)]
  if (measure == "difference") return((counts[1] * counts[4] - counts[3] * counts[2]) / (counts[2] * counts[4]))
  if (measure == "odds ratio") p <- counts[c(1, 3)] / (counts[c(2, 4)] - counts[c(1, 3)])
  na_plain(p[1] / p[2])
}

# `core`: p_value, log_p_value, conf_low, conf_high (NaN: no interval).
two_proportions_test <- function(data, core, statistic, measure, alternative, conf.level, method, source, words,
                                 notes = NULL) {
  counts <- data$counts
  test <- list(statistic = statistic, p.value = core$p_value)
  if (!is.nan(core$conf_low)) {
    test$conf.int <- structure(c(core$conf_low, core$conf_high), conf.level = conf.level)
  }
  estimate <- setNames(
    c(counts[1] / counts[2], counts[3] / counts[4], observed_measure(counts, measure)),
    c(paste("proportion in", data$labels), measure)
  )
  structure(c(test, list(
    estimate = estimate, null.value = setNames(if (measure == "difference") 0 else 1, measure),
    alternative = alternative, method = method, data.name = data$data_name, log_p_value = core$log_p_value,
    table = data$table,
    meta = list(
      format = result_format, method = "two_proportions", measure = measure, event = data$event,
      group_labels = data$labels, counts = counts, n_rows = sum(data$table), rows_dropped = data$rows_dropped,
      source = source, words = words, nuisance = core$nuisance, notes = c(data$notes, notes)
    )
  )), class = c("two_proportions_test", "htest"))
}

two_proportions_fields <- c(
  "statistic", "p.value", "estimate", "null.value", "alternative", "method", "data.name", "log_p_value", "table"
)

check_two_proportions <- function(x, call) {
  check_result(x, "two_proportions_test", two_proportions_fields, call, c("n_rows", "measure", "counts"))
}

#' @export
print.two_proportions_test <- function(x, digits = 3, ...) {
  check_two_proportions(x, quote(print()))
  digits <- check_digits(digits, quote(print()))
  meta <- x$meta
  name <- meta$measure
  labels <- encodeString(meta$group_labels)
  sides <- c(two.sided = "two-sided", less = "against a smaller one", greater = "against a greater one")
  cat(x$method, "\nNull: ", name, " = ", if (meta$measure == "difference") 0 else 1, " of ",
    quoted(meta$event), " in ", quoted(meta$group_labels[1]), " against ", quoted(meta$group_labels[2]), "; ",
    sides[[x$alternative]], "\n",
    sep = ""
  )
  cat(encodeString(x$data.name), "; ", format_plain(meta$n_rows), " observation", if (meta$n_rows != 1) "s",
    if (length(meta$rows_dropped)) {
      paste0(", ", length(meta$rows_dropped), " left out for missing values (", at_rows(meta$rows_dropped), ")")
    }, "\n\n",
    sep = ""
  )
  print(data.frame(
    group = labels, n = format_plain(meta$counts[c(2, 4)]), events = format_plain(meta$counts[c(1, 3)]),
    proportion = format_number(unname(x$estimate[1:2]), digits)
  ), row.names = FALSE)
  cat("\np ", p_sign(x$p.value), if (x$p.value == 0) paste0(" (log p = ", format_number(x$log_p_value, 4), ")"), "; ",
    name, " ", if (is.na(x$estimate[3])) "undefined" else limit_text(unname(x$estimate[3]), digits),
    if (!is.null(x$conf.int)) {
      paste0(" (", number_text(100 * attr(x$conf.int, "conf.level")), "% CI ", limit_text(x$conf.int[1], digits),
        " to ", limit_text(x$conf.int[2], digits), ")"
      )
    }, "\n", meta$words, "; ", meta$source, ".\n",
    sep = ""
  )
  print_notes(meta$notes)
  invisible(x)
}

#' Tidy a test of two proportions
#'
#' @param x A [compare_proportions()], [barnard_test()] or [boschloo_test()].
#' @param ... Not used.
#' @return A data frame with one row: `estimate` (the difference, ratio or odds ratio), `estimate1`, `estimate2` (the
#'   two proportions), `statistic`, `p.value`, `conf.low`, `conf.high` (`NA` without an interval), `method`,
#'   `alternative`, `log.p.value`.
#' @section Errors: `cryonodes_error_object`.
#' @examples
#' tidy(barnard_test(7, 8, 12, 3))
#' @method tidy two_proportions_test
#' @export
tidy.two_proportions_test <- function(x, ...) {
  check_two_proportions(x, quote(tidy()))
  limits <- if (is.null(x$conf.int)) c(NA_real_, NA_real_) else as.vector(x$conf.int)
  estimate <- unname(x$estimate)
  data.frame(
    estimate = estimate[3], estimate1 = estimate[1], estimate2 = estimate[2], statistic = unname(x$statistic),
    p.value = x$p.value, conf.low = limits[1], conf.high = limits[2], method = x$method, alternative = x$alternative,
    log.p.value = x$log_p_value, stringsAsFactors = FALSE
  )
}

#' @rdname tidy.two_proportions_test
#' @method glance two_proportions_test
#' @export
glance.two_proportions_test <- function(x, ...) {
  check_two_proportions(x, quote(glance()))
  tidy.two_proportions_test(x)
}
