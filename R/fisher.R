#' Fisher's exact test
#'
#' Do groups differ in how often something happens, or in what happens? It asks how the counts could have fallen given
#' the row and column totals: exact for 2x2 tables of any size; for larger ones exact where all their tables can be gone
#' through, else from random tables, which the result says. Assumes independent observations: lesions of one patient are
#' not. It compares proportions at one moment; patients censored before that moment are not observed at it, and then
#' [kaplan_meier()] and [logrank_test()] are the tools. Given its totals the test is discrete and, in small tables,
#' conservative.
#'
#' @param ... What is tested, one of: a matrix or table `x` of counts (also `xtabs`, `ftable`); two factors or vectors
#'   of labels `x` (rows) and `y` (columns), one value per subject; four counts `a, b, c, d`, the table with rows
#'   `(a, b)` and `(c, d)`; a formula; a data frame `x` of two columns of labels. The options below must be spelled out.
#'   Not used by the methods for a matrix, table, formula and data frame.
#' @param x A matrix or table of counts: whole numbers from 0 to 2^53, with two non-empty rows and columns. Or a data
#'   frame with two columns that are factors, text or logical (besides the one that `weights` names); counts in a data
#'   frame go through [as.matrix()].
#' @param y For labels: those of the columns. With a matrix or table only `NULL`.
#' @param formula `~ a + b`, rows and columns; or `counts ~ a + b` as in [stats::xtabs()]. Labels may be numbers here.
#' @param data A data frame in which the formula is evaluated.
#' @param weights With labels: how many subjects each row stands for, whole numbers. In a formula and a data frame it
#'   may name a column.
#' @param subset Rows to use: a condition, or row numbers.
#' @param or Odds ratio under the null hypothesis, finite and > 0. `or` and `alternative` other than the default are
#'   refused for larger tables, which have no single odds ratio; `conf.int` is without effect there.
#' @param alternative `"two.sided"` (default), `"less"` or `"greater"`: how the odds ratio differs from `or`.
#' @param conf.int Compute the confidence interval?
#' @param conf.level Coverage, in (0, 1), of the two limits or of the one limit of a one-sided alternative.
#' @param method Which tables count as no less extreme than the observed one when both sides do: `"minlike"` (default),
#'   those no more probable; `"central"`, twice the smaller tail; `"blaker"`, those whose smaller tail is no larger. The
#'   interval is that of the same test. A one-sided alternative does not look at it.
#' @param mid.p Count only half of the probability of what is exactly as extreme as the observed table? Less
#'   conservative, and no longer sure to keep the level.
#' @param statistic Which tables are as extreme as the one observed: those as improbable (`"probability"`, Freeman and
#'   Halton, default); of a `"chisq"` (Pearson) as large; `"kruskal"`: rows are groups, columns ordered, of a
#'   Kruskal-Wallis statistic as large; `"linear"`: both ordered, of a sum of products of `scores` as far from its mean.
#' @param scores For `"linear"`: a list of the row and the column scores. `NULL`: 1, 2, 3, ...
#' @param exact For larger tables: `NULL` (default) computes the exact p-value where it is within reach of `max.work`
#'   and `memory`, and else draws random tables; `TRUE` insists on it; `FALSE` draws. So for every `statistic`, but for
#'   scores of more than 9 decimal places, which are drawn.
#' @param B Number of random tables, a whole number from 1 to 1e9.
#' @param rare `TRUE`: where fewer than 10 random tables are as extreme as the observed one, estimate their probability
#'   by splitting as well. For fewer than 2^20 observations; takes seconds, the longer the smaller p is.
#' @param seed A whole number from 0 to 2^53. `NULL`: drawn once from R's random numbers, where tables are drawn; the
#'   result records it.
#' @param max.work,memory What the exact p-value of a larger table may cost: elementary operations (1e8 of them take
#'   some seconds) and bytes.
#' @param threads Number of threads that draw tables, 1 or more; the result does not depend on it.
#' @param progress Show a progress bar when it takes longer than two seconds?
#' @param simulate.p.value As in [stats::fisher.test()]: `TRUE` is `exact = FALSE`. A 2x2 table is tested exactly all
#'   the same, with a note.
#' @param workspace,hybrid,hybridPars,control Arguments of [stats::fisher.test()] that are of no use here: ignored, with
#'   a note.
#' @param na.action For labels: `"error"` (default) refuses missing values; `"omit"` leaves such rows out, counts them
#'   in the result and prints the count.
#'
#' @return A `fisher_test`, which is also an `htest` with the elements of [stats::fisher.test()]: `p.value`, `conf.int`
#'   (absent with `conf.int = FALSE`), `estimate` (the conditional maximum-likelihood odds ratio, not `ad / (bc)`),
#'   `null.value`, `alternative`, `method`, `data.name`; and `log_p_value` (natural logarithm, finite where `p.value`
#'   underflows to 0), `table` (the 2x2 table tested) and `meta` (counts, rows left out, notes;
#'   `two_sided`, the `method`; `mid.p`; `gaps`, a matrix, see Definition).
#'
#'   For a larger table, or another `statistic`, a `fisher_rxc`, also an `htest`: `p.value`, `log_p_value`, `method`,
#'   `data.name`, `table`, `meta`; `statistic` and `parameter` (degrees of freedom) in the form that the asymptotic test
#'   has, except for `"probability"`; and where tables were drawn `mc`, a list of `B`, `hits` (tables as extreme or
#'   more), `seed` and `conf.int` (99 % limits of the p-value that all tables would give), and where it was asked for
#'   and done `rare`: `p.value`, `log_p_value`, `log_conf.int` (natural logarithms of 99 % limits), `runs`.
#'
#'   `tidy()` and `glance()`: one row with `estimate`, `p.value`, `conf.low`, `conf.high`, `method`, `alternative`,
#'   `log.p.value`; of a `fisher_rxc` also `p.low`, `p.high` and `n.draws` (`NA`: exact).
#' @section Definition:
#' For a table with rows (a, b) and (c, d), totals `m = a + c`, `n = b + d`, `k = a + b` and odds ratio \eqn{\omega},
#' \deqn{P(x) = {m \choose x} {n \choose k - x} \omega^x / \sum_i {m \choose i} {n \choose k - i} \omega^i.}{
#' P(x) = C(m, x) C(n, k-x) w^x / sum_i C(m, i) C(n, k-i) w^i.}
#' At \eqn{\omega} = `or`, the p-value is the sum of P(x) over x <= a (`"less"`) or x >= a (`"greater"`). Two-sided, it
#' is twice the smaller of these, at most 1 (`"central"`), or the sum over all x with T(x) <= T(a), where T(x) is P(x)
#' (`"minlike"`) or the smaller of P(X <= x) and P(X >= x) (`"blaker"`). With `mid.p` half of the probability of
#' T(x) = T(a) is taken off, for a tail and for `"central"` half of P(a) of each tail. Equality is decided exactly: in
#' floating point where its error bound allows, else in whole numbers. An `or` other than 1 is the binary fraction
#' stored for it (0.1 is not 1/10). [stats::fisher.test()] counts x as tied when P(x) <= P(a) (1 + 1e-7) and so adds
#' more probable tables in larger studies; see the last example.
#'
#' The estimate is the \eqn{\omega} at which the mean of x is a. The limits are the ends of the set of all
#' \eqn{\omega} whose p-value is 1 - conf.level or more (a p-value within a relative 1e-12 of it counts as equal, as
#' 0.05 is not 1 - 0.95 to the last digit). For `"central"` and one-sided alternatives `or` lies between them if and
#' only if p >= 1 - conf.level. For `"minlike"` and `"blaker"` p jumps, and the set can have gaps: odds ratios between
#' the limits that are refused all the same (Fay 2010), and `or` can be one of them. Gaps are noted, and `meta$gaps` has
#' them, a row each; outside of gaps p and limits agree here as well. [stats::fisher.test()] has the p-value of
#' `"minlike"` and the interval of `"central"`, which may contradict each other.
#'
#' Larger tables with counts \eqn{n_{ij}}{n_ij}, totals \eqn{r_i}, \eqn{c_j} and n have the probability
#' \deqn{\prod_i r_i! \prod_j c_j! / (n! \prod_{ij} n_{ij}!)}{prod r_i! prod c_j! / (n! prod n_ij!)}
#' given the totals, and p is that of all tables as extreme as the one observed. Their order is that of \eqn{\prod
#' n_{ij}!}{prod n_ij!} (`"probability"`), \eqn{\sum n_{ij}^2 / (r_i c_j)}{sum n_ij^2 / (r_i c_j)} (`"chisq"`),
#' \eqn{\sum_i T_i^2 / r_i}{sum T_i^2 / r_i} with the rank sums \eqn{T_i} less their means (`"kruskal"`, midranks), or
#' the distance of \eqn{\sum u_i v_j n_{ij}}{sum u_i v_j n_ij} from its mean (`"linear"`). Ties are decided with as many
#' digits as they need; the exact p-value compares whole numbers, the statistics over their common denominator. From B
#' random tables of which h are as extreme, p is (h + 1) / (B + 1), a valid p-value for any B (Phipson & Smyth 2010),
#' and the limits of the p-value of all tables are those of Clopper and Pearson. Splitting (Guyader, Hengartner &
#' Matzner-Lober 2011) keeps 200 tables in each of 10 runs, replaces the least extreme by copies of others that are
#' moved at random until all are as extreme as the one observed, and estimates a p that random tables do not meet,
#' without bias; its limits are those of a lognormal mean from the spread of the runs (Cox's method), approximate ones
#' therefore. `p.value` stays that of the random tables. Random numbers are Philox's (4x32, 10 rounds): table i, counted
#' from 0, has the stream (seed, i). p is the same for every order of rows and columns and for the transposed table,
#' where these mean the same: for `"kruskal"` for every order of rows, for `"linear"` when the scores move along.
#' @section Edge cases:
#' An empty row or column of a 2x2 table: p = 1, odds ratio `NA`, interval 0 to Inf, with a warning. Of a larger table,
#' empty rows and columns are dropped, with a note; two of each must remain. Unused factor levels are ignored.
#' With one count 0 the estimate is 0 or Inf and one limit is finite. Gaps are looked for in the 256 stretches between
#' jumps of p that are nearest to each limit.
#' @section Errors:
#' `cryonodes_error_type` (not numeric), `_missing`, `_count` (negative, fractional, infinite or above 2^53), `_empty`
#' (no observations), `_dim` (fewer than two non-empty rows or columns), `_group` (a factor with one level), `_length`,
#' `_choice` (option unknown or out of range), `_conf_level` (outside (0, 1);
#' below 0.5 for a two-sided mid-p other than central), `_object`, `_formula`, `_column` (a data frame without two
#' columns of labels), `cryonodes_error_B`, `_size` (`exact = TRUE` out of reach). Warning
#' `cryonodes_warning_degenerate` (empty row or column).
#' @references
#' Fisher RA (1935). The logic of inductive inference. *Journal of the Royal Statistical Society* 98:39-82.
#'
#' Freeman GH, Halton JH (1951). Note on an exact treatment of contingency, goodness of fit and other problems of
#' significance. *Biometrika* 38:141-149.
#'
#' Cornfield J (1956). A statistical problem arising from retrospective studies. *Proceedings of the Third Berkeley
#' Symposium on Mathematical Statistics and Probability* 4:135-148 (exact limits).
#'
#' Guyader A, Hengartner N, Matzner-Lober E (2011). Simulation and estimation of extreme quantiles and extreme
#' probabilities. *Applied Mathematics and Optimization* 64:171-196.
#'
#' Patefield WM (1981). Algorithm AS 159: an efficient method of generating random r x c tables with given row and
#' column totals. *Applied Statistics* 30:91-97.
#'
#' Phipson B, Smyth GK (2010). Permutation p-values should never be zero. *Statistical Applications in Genetics and
#' Molecular Biology* 9:39.
#'
#' Hirji KF (2006). *Exact Analysis of Discrete Data*. Chapman & Hall/CRC (mid-p).
#'
#' Blaker H (2000). Confidence curves and improved exact confidence intervals for discrete distributions. *Canadian
#' Journal of Statistics* 28:783-798.
#'
#' Fay MP (2010). Confidence intervals that match Fisher's exact or Blaker's exact tests. *Biostatistics* 11:373-374.
#' @seealso [fisher_batch()] for many 2x2 tables, [pairwise_fisher()], [adjusted_residuals()], [add_p_fisher()],
#'   [boschloo_test()], [compare_proportions()], [logrank_test()]
#' @examples
#' # Eight cups, four with the milk first; three of four named rightly.
#' fisher_test(3, 1, 1, 3)
#' fisher_test(3, 1, 1, 3, alternative = "greater")$p.value # 17/70
#'
#' arm <- c("cryo", "cryo", "cryo", "cryo", "drug", "drug", "drug", "drug", "drug")
#' relapse <- c("no", "no", "no", "yes", "yes", "yes", "no", "yes", "yes")
#' test <- fisher_test(arm, relapse)
#' test
#' tidy(test)
#'
#' # p < 0.05, and 1 is outside Blaker's interval, as p >= 0.05 of "central" has 1 inside.
#' # Of "minlike" 1 lies in a gap
#' # of the odds ratios that are not refused, which is noted.
#' fay <- matrix(c(7, 30, 255, 464), 2)
#' fisher_test(fay)
#' fisher_test(fay, method = "central")
#' fisher_test(fay, method = "blaker", mid.p = TRUE)
#'
#' # Four grades of satisfaction by income, both ordered (Agresti 2002, table 2.8).
#' jobs <- matrix(c(1, 2, 1, 0, 3, 3, 6, 1, 10, 10, 14, 9, 6, 7, 12, 11), 4)
#' fisher_test(jobs, seed = 1)
#' fisher_test(jobs, statistic = "linear")
#' fisher_test(~ gear + cyl, data = mtcars, seed = 1)$p.value
#'
#' # Not tied, but within 1e-7: the more probable table does not belong in the sum.
#' trial <- matrix(c(20, 38, 40, 106), 2)
#' fisher_test(trial)$p.value # 0.31361807548372905, exactly summed
#' stats::fisher.test(trial)$p.value # 0.3944
#' @export
fisher_test <- function(...) UseMethod("fisher_test")

#' @rdname fisher_test
#' @export
fisher_test.default <- function(..., weights = NULL, na.action = "error",
                                or = 1, alternative = "two.sided", conf.int = TRUE, conf.level = 0.95,
                                method = "minlike", mid.p = FALSE,
                                statistic = "probability", scores = NULL, exact = NULL, B = 1e5, rare = FALSE,
                                seed = NULL, max.work = 1e8, memory = 1e9, threads = 1, progress = interactive(),
                                simulate.p.value = FALSE, workspace = NULL, hybrid = NULL, hybridPars = NULL,
                                control = NULL) {
  call <- quote(fisher_test())
  expressions <- vapply(as.list(substitute(list(...)))[-1], one_line, "")
  larger <- check_larger(environment(), call)
  data <- contingency_table(list(...), expressions, na.action, call, weights)
  test_table(data, or, alternative, conf.int, conf.level, method, mid.p, larger, call)
}

#' @rdname fisher_test
#' @export
fisher_test.matrix <- function(x, y = NULL,
                               or = 1, alternative = "two.sided", conf.int = TRUE, conf.level = 0.95,
                               method = "minlike", mid.p = FALSE,
                               statistic = "probability", scores = NULL, exact = NULL, B = 1e5, rare = FALSE,
                               seed = NULL, max.work = 1e8, memory = 1e9, threads = 1, progress = interactive(),
                               simulate.p.value = FALSE, workspace = NULL, hybrid = NULL, hybridPars = NULL,
                               control = NULL, ...) {
  call <- quote(fisher_test())
  data_name <- one_line(substitute(x))
  check_dots(..., call = call)
  if (!is.null(y)) {
    abort_rule("type", "`y` is not used with a matrix or table of counts `x`.", arg = "y", call = call)
  }
  larger <- check_larger(environment(), call)
  data <- c(table_from_matrix(x, "x", call), data_name = data_name)
  test_table(data, or, alternative, conf.int, conf.level, method, mid.p, larger, call)
}

#' @rdname fisher_test
#' @export
fisher_test.table <- fisher_test.matrix

#' @rdname fisher_test
#' @export
fisher_test.formula <- function(formula, data = NULL, weights, subset, na.action = "error",
                                or = 1, alternative = "two.sided", conf.int = TRUE, conf.level = 0.95,
                                method = "minlike", mid.p = FALSE,
                                statistic = "probability", scores = NULL, exact = NULL, B = 1e5, rare = FALSE,
                                seed = NULL, max.work = 1e8, memory = 1e9, threads = 1, progress = interactive(),
                                simulate.p.value = FALSE, workspace = NULL, hybrid = NULL, hybridPars = NULL,
                                control = NULL, ...) {
  call <- quote(fisher_test())
  check_dots(..., call = call)
  larger <- check_larger(environment(), call)
  data <- table_from_formula(
    formula, data, enquo(weights) |> absent_as_null(), enquo(subset) |> absent_as_null(), na.action, call
  )
  test_table(data, or, alternative, conf.int, conf.level, method, mid.p, larger, call)
}

#' @rdname fisher_test
#' @export
fisher_test.data.frame <- function(x, weights, subset, na.action = "error",
                                   or = 1, alternative = "two.sided", conf.int = TRUE, conf.level = 0.95,
                                   method = "minlike", mid.p = FALSE,
                                   statistic = "probability", scores = NULL, exact = NULL, B = 1e5, rare = FALSE,
                                   seed = NULL, max.work = 1e8, memory = 1e9, threads = 1, progress = interactive(),
                                   simulate.p.value = FALSE, workspace = NULL, hybrid = NULL, hybridPars = NULL,
                                   control = NULL, ...) {
  call <- quote(fisher_test())
  check_dots(..., call = call)
  larger <- check_larger(environment(), call)
  data <- table_from_data_frame(
    x, enquo(weights) |> absent_as_null(), enquo(subset) |> absent_as_null(), na.action, call
  )
  test_table(data, or, alternative, conf.int, conf.level, method, mid.p, larger, call)
}

check_odds_ratio <- function(x, call) {
  if (!is.numeric(x) || length(x) != 1 || is.na(x) || !is.finite(x) || x <= 0) {
    abort_rule("choice", paste0("`or` must be a finite number > 0, not ", one_line(x), "."), arg = "or", call = call)
  }
  as.double(x)
}

# What fisher_test() and fisher_batch() are asked for, checked.
read_fisher_options <- function(or, alternative, conf.int, conf.level, method, mid.p, call) {
  or <- check_odds_ratio(or, call)
  alternative <- check_choice(alternative, c("two.sided", "less", "greater"), "alternative", call)
  conf.int <- check_flag(conf.int, "conf.int", call)
  conf.level <- check_conf_level(conf.level, call)
  method <- check_choice(method, c("minlike", "central", "blaker"), "method", call)
  mid.p <- check_flag(mid.p, "mid.p", call)
  # Of an outer count half of P(a) is left however extreme the odds ratio: below 0.5 a level may refuse them all.
  if (conf.int && mid.p && alternative == "two.sided" && method != "central" && conf.level < 0.5) {
    abort_rule("conf_level", paste0(
      "`conf.level` must be 0.5 or more with `mid.p` of `method = \"", method, "\"`, not ", number_text(conf.level), "."
    ), arg = "conf.level", call = call)
  }
  list(
    or = or, alternative = alternative, conf.int = conf.int, conf.level = conf.level, method = method, mid.p = mid.p
  )
}

test_table <- function(data, or, alternative, conf.int, conf.level, method, mid.p, larger, call) {
  asked <- read_fisher_options(or, alternative, conf.int, conf.level, method, mid.p, call)
  table <- data$table
  if (any(dim(table) != 2) || larger$statistic != "probability") {
    return(test_larger_table(data, asked, larger, call))
  }
  data$notes <- c(data$notes, note_two_by_two(larger))
  if (!any(table > 0)) {
    abort_rule("empty", "table has no observations.", call = call)
  }
  empty <- if (!all(table > 0)) empty_margins(table)
  core <- call_core(fisher_cpp(table[c(1, 3, 2, 4)], asked), call)
  test <- list(p.value = core$p_value)
  if (conf.int) {
    limits <- c(core$conf_low, core$conf_high)
    attr(limits, "conf.level") <- asked$conf.level
    test$conf.int <- limits
  }
  test <- c(test, list(
    estimate = c("odds ratio" = na_plain(core$estimate)), null.value = c("odds ratio" = asked$or),
    alternative = alternative, method = paste0(method_label("fisher"), fisher_variant(asked)),
    data.name = data$data_name, log_p_value = core$log_p_value, table = table,
    meta = list(
      format = result_format, method = "fisher", n_rows = sum(table),
      rows_dropped = data$rows_dropped %||% integer(),
      notes = c(
        data$notes, if (length(empty)) paste0(paste(empty, collapse = ", "), ": the odds ratio is undefined"),
        note_gaps(core$gaps, asked)
      ),
      two_sided = method, mid.p = mid.p, gaps = core$gaps
    )
  ))
  if (length(empty)) {
    warn_rule("degenerate", paste0(paste(empty, collapse = ", "), ": the table says nothing about the odds ratio."),
      call = call
    )
  }
  class(test) <- c("fisher_test", "htest")
  test
}

# " (Blaker, mid-p)"; the test as Fisher's successors know it has no addition.
fisher_variant <- function(asked) {
  if (asked$method == "minlike" && !asked$mid.p) return(NULL)
  named <- c(
    if (asked$alternative == "two.sided") c(central = "central", blaker = "Blaker")[asked$method],
    if (asked$mid.p) "mid-p"
  )
  named <- named[!is.na(named)]
  if (length(named)) paste0(" (", paste(named, collapse = ", "), ")")
}

note_gaps <- function(gaps, asked) {
  if (!nrow(gaps)) return(NULL)
  paste0(
    "p is below ", number_text(1 - asked$conf.level), " also for odds ratios from ",
    paste(format_number(gaps[, 1], 6), "to", format_number(gaps[, 2], 6), collapse = ", and from "),
    ", within the interval"
  )
}

fisher_fields <- c(
  "p.value", "estimate", "null.value", "alternative", "method", "data.name", "log_p_value", "table"
)

check_fisher <- function(x, call) check_result(x, "fisher_test", fisher_fields, call, c("n_rows", "two_sided", "mid.p"))

#' @export
print.fisher_test <- function(x, digits = 3, ...) {
  check_fisher(x, quote(print()))
  digits <- check_digits(digits, quote(print()))
  titles <- names(dimnames(x$table))
  named <- length(titles) == 2 && all(nzchar(titles))
  sides <- c(two.sided = "two-sided", less = "against a smaller one", greater = "against a greater one")
  cat(x$method, if (named) paste0(" of ", encodeString(titles[2]), " by ", encodeString(titles[1])), "\n", sep = "")
  cat("Null: odds ratio = ", format_plain(x$null.value), " of ", quoted(colnames(x$table)[1]), " in ",
    quoted(rownames(x$table)[1]), " against ", quoted(rownames(x$table)[2]), "; ", sides[[x$alternative]], "\n",
    sep = ""
  )
  dropped <- x$meta$rows_dropped
  cat(format_plain(x$meta$n_rows), " observation", if (x$meta$n_rows != 1) "s",
    if (length(dropped)) paste0(", ", length(dropped), " left out for missing values (", at_rows(dropped), ")"), "\n\n",
    sep = ""
  )
  shown <- matrix(format_plain(x$table), 2, dimnames = unname(lapply(dimnames(x$table), encodeString)))
  print(shown, quote = FALSE, right = TRUE)
  p <- format_p(x$p.value)
  cat("\np ", if (!grepl("^[<>]", p)) "= ", p,
    if (x$p.value == 0) paste0(" (log p = ", format_number(x$log_p_value, 4), ")"),
    "; odds ratio ", if (is.na(x$estimate)) "undefined" else format_odds(x$estimate, digits),
    if (!is.null(x$conf.int)) {
      paste0(" (", format_plain(100 * attr(x$conf.int, "conf.level")), "% CI ", format_odds(x$conf.int[1], digits),
        " to ", format_odds(x$conf.int[2], digits), ")")
    }, "\n",
    sep = ""
  )
  if (x$alternative == "two.sided") {
    counted <- c(
      minlike = "tables no more probable than this one count (minlike)", central = "twice the smaller tail (central)",
      blaker = "tables whose smaller tail is no larger than this one's count (Blaker 2000)"
    )
    cat("Two-sided: ", counted[[x$meta$two_sided]], if (x$meta$mid.p) "; mid-p", ".\n", sep = "")
  } else if (x$meta$mid.p) {
    cat("One tail; mid-p.\n")
  }
  cat("Conditional maximum-likelihood odds ratio", if (!is.null(x$conf.int)) " with the limits of this test", "; ",
    method_source(x$meta$method), ".\n",
    sep = ""
  )
  print_notes(x$meta$notes)
  invisible(x)
}

# Whole numbers in full, others to 15 digits, whatever options(digits, scipen) say.
format_plain <- function(x) trimws(formatC(x, digits = 15, format = "fg", decimal.mark = "."))

format_odds <- function(x, digits) {
  if (is.infinite(x)) "Inf" else if (x == 0) "0" else format_number(x, digits)
}

#' @rdname fisher_test
#' @method tidy fisher_test
#' @export
tidy.fisher_test <- function(x, ...) {
  check_fisher(x, quote(tidy()))
  limits <- if (is.null(x$conf.int)) c(NA_real_, NA_real_) else as.vector(x$conf.int)
  data.frame(
    estimate = unname(x$estimate), p.value = x$p.value, conf.low = limits[1], conf.high = limits[2],
    method = x$method, alternative = x$alternative, log.p.value = x$log_p_value, stringsAsFactors = FALSE
  )
}

#' @rdname fisher_test
#' @method glance fisher_test
#' @export
glance.fisher_test <- function(x, ...) {
  check_fisher(x, quote(glance()))
  tidy.fisher_test(x)
}
