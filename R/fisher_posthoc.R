# After the test of a larger table: which rows differ, and in which cells.

# The table behind any of the data arguments that these functions share.
read_contingency <- function(x, y, data, weights, subset, na.action, expressions, call) {
  if (rlang::is_formula(x)) return(table_from_formula(x, data, weights, subset, na.action, call))
  if (is.data.frame(x)) return(table_from_data_frame(x, weights, subset, na.action, call))
  if (!is.null(data) || !quo_is_null(subset)) {
    arg <- if (!is.null(data)) "data" else "subset"
    abort_rule("choice", paste0("`", arg, "` goes with a formula."), arg = arg, call = call)
  }
  given <- if (is.null(y)) list(x) else list(x, y)
  contingency_table(given, expressions[seq_along(given)], na.action, call, evaluate_quosure(weights, NULL, call))
}

#' Pairwise Fisher tests
#'
#' Which groups differ? Fisher's exact test of each pair of rows (or columns) of a table, with p-values adjusted for the
#' number of pairs. To follow a test of the whole table, not to replace it.
#'
#' @param x A matrix or table of counts, a formula `~ a + b` or `counts ~ a + b`, a data frame of two columns of labels,
#'   or the labels of the rows, with `y` those of the columns.
#' @param y Labels of the columns, where `x` are those of the rows.
#' @param data,weights,subset,na.action As in [fisher_test()].
#' @param by Compare `"rows"` or `"columns"` with each other?
#' @param p.adjust.method One of [stats::p.adjust.methods].
#' @param ... For `pairwise_fisher()` options of [fisher_test()], such as `conf.level`, `exact`, `B`, `seed`. Otherwise
#'   not used.
#' @return A data frame, one row per pair: `group1`, `group2`, `p.value`, `p.adjusted`; `estimate`, `conf.low`,
#'   `conf.high` (the odds ratio of the first column in `group1` against `group2`; `NA` where more than two columns are
#'   compared); `method`, `note`.
#' @section Definition:
#' A pair of rows is the table of these two alone, tested by [fisher_test()]; columns that are empty in both are left
#' out. p-values are adjusted over all pairs by [stats::p.adjust()].
#' @section Edge cases:
#' Two rows with counts in one and the same column only cannot differ: p = 1, with a note. Random tables of all pairs
#' are drawn with one seed.
#' @section Errors:
#' Those of [fisher_test()]; `cryonodes_error_choice` (`by`, `p.adjust.method`).
#' @references
#' Holm S (1979). A simple sequentially rejective multiple test procedure. *Scandinavian Journal of Statistics* 6:65-70.
#' @seealso [fisher_test()], [adjusted_residuals()]
#' @examples
#' response <- matrix(c(12, 5, 9, 3, 11, 2), 3,
#'   dimnames = list(arm = c("cryo", "heat", "none"), response = c("yes", "no"))
#' )
#' pairwise_fisher(response)
#' pairwise_fisher(~ cyl + gear, data = mtcars, seed = 1, B = 1e4)
#' @export
pairwise_fisher <- function(x, y = NULL, data = NULL, weights, subset, na.action = "error", by = "rows",
                            p.adjust.method = "holm", ...) {
  call <- quote(pairwise_fisher())
  check_given(missing(x), "x", call)
  by <- check_choice(by, c("rows", "columns"), "by", call)
  p.adjust.method <- check_choice(p.adjust.method, stats::p.adjust.methods, "p.adjust.method", call)
  table <- read_contingency(
    x, y, data, enquo(weights) |> absent_as_null(), enquo(subset) |> absent_as_null(), na.action,
    c(one_line(substitute(x)), one_line(substitute(y))), call
  )$table
  if (by == "columns") table <- t(table)
  options <- list(...)
  # Drawn once: random numbers of R are used as often as for one test, whatever the number of pairs.
  if (is.null(options$seed) && ncol(table) > 2 && !isTRUE(options$exact)) options$seed <- floor(stats::runif(1) * 2^31)
  pairs <- utils::combn(nrow(table), 2, simplify = FALSE)
  rows <- lapply(pairs, function(pair) {
    two <- table[pair, , drop = FALSE]
    names <- rownames(two)
    if (sum(colSums(two) > 0) < 2) {
      return(data.frame(
        group1 = names[1], group2 = names[2], p.value = 1, estimate = NA_real_, conf.low = NA_real_,
        conf.high = NA_real_, method = method_label("fisher"), note = "one column has all counts"
      ))
    }
    test <- do.call(fisher_test, c(list(as.table(two)), options))
    row <- tidy(test)
    notes <- test$meta$notes
    data.frame(
      group1 = names[1], group2 = names[2], row[c("p.value", "estimate", "conf.low", "conf.high", "method")],
      note = if (length(notes)) paste(notes, collapse = "; ") else NA_character_
    )
  })
  out <- do.call(rbind, rows)
  p.adjusted <- stats::p.adjust(out$p.value, p.adjust.method)
  data.frame(out[c("group1", "group2", "p.value")], p.adjusted = p.adjusted, out[-(1:3)], row.names = NULL)
}

#' Adjusted residuals of a table
#'
#' In which cells does a table differ from independence? Each count less its expectation, divided by the standard error
#' of that difference: under independence about standard normal, where the expected counts are not small.
#'
#' @inheritParams pairwise_fisher
#' @return A matrix with the dimensions and labels of the table. Empty rows and columns are left out.
#' @section Definition:
#' With counts \eqn{n_{ij}}{n_ij}, totals \eqn{r_i}, \eqn{c_j} and n, and \eqn{e_{ij} = r_i c_j / n}{e_ij = r_i c_j /
#' n},
#' \deqn{(n_{ij} - e_{ij}) / \sqrt{e_{ij} (1 - r_i / n) (1 - c_j / n)}.}{(n_ij - e_ij) /
#' sqrt(e_ij (1 - r_i / n) (1 - c_j / n)).}
#' @section Edge cases: A 2x2 table with an empty row or column has no residuals: refused.
#' @section Errors: Those of [fisher_test()]; `cryonodes_error_dim` (fewer than two non-empty rows or columns).
#' @references
#' Haberman SJ (1973). The analysis of residuals in cross-classified tables. *Biometrics* 29:205-220.
#' @seealso [fisher_test()], [pairwise_fisher()]
#' @examples
#' response <- matrix(c(12, 5, 9, 3, 11, 2), 3,
#'   dimnames = list(arm = c("cryo", "heat", "none"), response = c("yes", "no"))
#' )
#' adjusted_residuals(response)
#' @export
adjusted_residuals <- function(x, y = NULL, data = NULL, weights, subset, na.action = "error", ...) {
  call <- quote(adjusted_residuals())
  check_dots(..., call = call)
  check_given(missing(x), "x", call)
  table <- read_contingency(
    x, y, data, enquo(weights) |> absent_as_null(), enquo(subset) |> absent_as_null(), na.action,
    c(one_line(substitute(x)), one_line(substitute(y))), call
  )$table
  empty <- empty_margins(table)
  if (length(empty)) {
    abort_rule("dim", paste0(paste(empty, collapse = ", "), ": the table has no residuals."), arg = "x", call = call)
  }
  n <- sum(table)
  share <- list(rowSums(table) / n, colSums(table) / n)
  expected <- n * outer(share[[1]], share[[2]])
  (table - expected) / sqrt(expected * outer(1 - share[[1]], 1 - share[[2]]))
}

#' Fisher's test for gtsummary
#'
#' A test for `gtsummary::add_p(test = )`, which calls it with the data, the name of a variable and that of the groups.
#'
#' @param data A data frame.
#' @param variable,by Names of two of its columns: labels, or numbers that stand for some.
#' @param test.args A list of options of [fisher_test()], such as `B` and `seed`; not `or`, `alternative` and
#'   `conf.level`. `add_p(test.args = )` fills it in.
#' @param ... The same options one by one. Whatever else gtsummary passes is not used.
#' @return A data frame with one row: `p.value` and `method`.
#' @section In gtsummary:
#' ```
#' trial |>
#'   gtsummary::tbl_summary(by = "arm") |>
#'   gtsummary::add_p(test = grade ~ add_p_fisher, test.args = grade ~ list(seed = 1))
#' ```
#' @section Definition: [fisher_test()] of `variable` by `by`, rows with a missing value in either left out.
#' @section Edge cases: A column with one label makes no table: p is `NA`, and the method says so.
#' @section Errors: `cryonodes_error_type`, `_column`; those of [fisher_test()] for options.
#' @seealso [fisher_test()]
#' @examples
#' trial <- data.frame(
#'   arm = rep(c("cryo", "drug"), c(9, 8)),
#'   grade = c("I", "I", "I", "II", "I", "II", "I", "I", "III", rep(c("III", "II"), 3), NA, "II")
#' )
#' add_p_fisher(trial, "grade", "arm", seed = 1)
#' @export
add_p_fisher <- function(data, variable, by, test.args = NULL, ...) {
  call <- quote(add_p_fisher())
  if (!is.data.frame(data)) {
    abort_rule("type", paste0("`data` must be a data frame, not ", class(data)[1], "."), arg = "data", call = call)
  }
  for (arg in c("variable", "by")) {
    name <- get(arg)
    if (!is.character(name) || length(name) != 1 || is.na(name)) {
      abort_rule("type", paste0("`", arg, "` must be the name of a column, not ", one_line(name), "."),
        arg = arg, call = call
      )
    }
    check_columns(as.name(name), data, emptyenv(), call)
  }
  labels <- list(as_labels(data[[variable]]), as_labels(data[[by]]))
  kept <- !is.na(labels[[1]]) & !is.na(labels[[2]])
  if (any(vapply(labels, function(x) length(unique(x[kept])), 0L) < 2)) {
    return(data.frame(p.value = NA_real_, method = paste0(method_label("fisher"), ": fewer than two groups")))
  }
  options <- c(list(...), test.args)
  options <- options[names(options) %in% names(larger_defaults)]
  test <- do.call(fisher_test, c(labels, list(na.action = "omit", conf.int = FALSE, progress = FALSE), options))
  data.frame(p.value = test$p.value, method = test$method)
}

# A labelled column loses the class of its package, which says nothing about its values.
as_labels <- function(x) if (is.factor(x) || is.character(x) || is.logical(x)) x else as.vector(unclass(x))
