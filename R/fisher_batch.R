#' Fisher's exact test of many 2x2 tables
#'
#' One test for each row of counts: genes, subgroups, simulated trials. Gives the numbers of [fisher_test()], bit for
#' bit, without a result object for each. Tables that come again, as they do where the groups are of one size, are
#' tested once.
#'
#' @param a,b,c,d Counts of the tables with rows `(a, b)` and `(c, d)`: whole numbers from 0 to 2^53, as many of each,
#'   or one for all tables. Instead, `a` may be a matrix or data frame with these four columns in this order.
#' @inheritParams fisher_test
#' @param estimate Compute the odds ratios?
#' @param conf.int Compute the confidence intervals? Both take longer than the p-values.
#' @param p.adjust.method Adjustment of the p-values for their number: one of [stats::p.adjust.methods], or `"DBH"`, the
#'   step-down procedure of Doehler, Durand and Roquain (2018), which knows how small each p-value can be at all, from
#'   package DiscreteFDR.
#' @param threads How many threads may share the tables; the result does not depend on it.
#' @param progress Show how far long work is?
#' @return A data frame with a row for each table, named as those of `a` are: `p.value`, `log.p.value` (natural
#'   logarithm, finite where `p.value` underflows to 0); `estimate` (conditional maximum-likelihood odds ratio; `NA`
#'   where a row or column is empty) and `conf.low`, `conf.high` if asked for; `p.adjusted` unless `p.adjust.method` is
#'   `"none"`.
#' @section Definition: See [fisher_test()]. Gaps within an interval are not looked for.
#' @section Edge cases:
#' A table with an empty row or column: p = 1, odds ratio `NA`, interval 0 to Inf; one warning for all of them.
#' @section Errors:
#' `cryonodes_error_type`, `_missing`, `_count`, `_empty` (no tables; a table without observations), `_length`, `_dim`
#' (not four columns), `_choice`, `_conf_level`, `_package` (DiscreteFDR is not there). They name the rows. Warning
#' `cryonodes_warning_degenerate`.
#' @references
#' Doehler S, Durand G, Roquain E (2018). New FDR bounds for discrete and heterogeneous tests. *Electronic Journal of
#' Statistics* 12:1867-1900.
#' @seealso [fisher_test()]
#' @examples
#' fisher_batch(c(3, 1, 7), c(1, 3, 255), c(1, 2, 30), c(3, 2, 464))
#'
#' # A thousand trials of 50 against 50.
#' set.seed(1)
#' x <- rbinom(1000, 50, 0.2)
#' y <- rbinom(1000, 50, 0.4)
#' found <- fisher_batch(x, 50 - x, y, 50 - y, conf.int = TRUE)
#' mean(found$p.value < 0.05) # the power
#' mean(found$conf.high < 1 | found$conf.low > 1) # the same
#' @export
fisher_batch <- function(a, b, c, d, or = 1, alternative = "two.sided", method = "minlike", mid.p = FALSE,
                         estimate = FALSE, conf.int = FALSE, conf.level = 0.95, p.adjust.method = "none", threads = 1,
                         progress = interactive()) {
  call <- quote(fisher_batch())
  check_given(missing(a), "a", call)
  given <- if (is.data.frame(a) || is.matrix(a)) {
    if (!missing(b) || !missing(c) || !missing(d)) {
      abort_rule("type", "`b`, `c` and `d` are not used with a matrix or data frame `a`.", arg = "a", call = call)
    }
    count_columns(a, call)
  } else {
    check_given(missing(b), "b", call)
    check_given(missing(c), "c", call)
    check_given(missing(d), "d", call)
    list(counts = list(a = a, b = b, c = c, d = d))
  }
  counts <- given$counts
  n <- check_count_columns(counts, call)
  asked <- read_fisher_options(or, alternative, conf.int, conf.level, method, mid.p, call)
  asked$estimate <- check_flag(estimate, "estimate", call)
  # base::c: `c` is an argument, and may be missing.
  p.adjust.method <- check_choice(
    p.adjust.method, base::c(stats::p.adjust.methods, "DBH"), "p.adjust.method", call
  )
  if (p.adjust.method == "DBH") {
    need_package("DiscreteFDR", "adjust p-values by \"DBH\"", call)
    if (asked$mid.p) {
      abort_rule("choice", "`p.adjust.method = \"DBH\"` needs p-values that keep the level: mid-p ones do not.",
        arg = "p.adjust.method", call = call
      )
    }
  }
  threads <- check_whole(threads, "threads", 1, 1024, call)
  ticker <- make_ticker(check_flag(progress, "progress", call), "Testing")
  on.exit(ticker$done())
  core <- call_core(
    fisher_batch_cpp(counts$a, counts$b, counts$c, counts$d, n, asked, threads, ticker$tick), call
  )
  if (core$bad > 0) refuse_counts(counts, n, call)
  found <- list(p.value = core$p_value, log.p.value = core$log_p_value)
  if (asked$estimate) found$estimate <- core$estimate
  if (asked$conf.int) found[base::c("conf.low", "conf.high")] <- core[base::c("conf_low", "conf_high")]
  if (p.adjust.method != "none") {
    found$p.adjusted <- if (p.adjust.method == "DBH") {
      adjust_discrete(found$p.value, counts, n, asked, call)
    } else {
      stats::p.adjust(found$p.value, p.adjust.method)
    }
  }
  if (core$n_empty > 0) warn_degenerate(counts, n, call)
  structure(found, class = "data.frame", row.names = given$names %||% .set_row_names(n))
}

# The four columns of a matrix or data frame, and the names of its rows if they have any.
count_columns <- function(x, call) {
  if (ncol(x) != 4) {
    abort_rule("dim", paste0("`a` must have four columns, the counts a, b, c and d, not ", ncol(x), "."),
      arg = "a", call = call
    )
  }
  counts <- lapply(1:4, function(j) if (is.data.frame(x)) x[[j]] else x[, j])
  own <- if (is.data.frame(x)) {
    if (.row_names_info(x) > 0) attr(x, "row.names")
  } else {
    rownames(x)
  }
  list(
    counts = setNames(lapply(counts, unname), c("a", "b", "c", "d")), names = if (!anyDuplicated(own)) own
  )
}

# The number of tables. The counts themselves are looked at by the core, which sees them all anyway.
check_count_columns <- function(counts, call) {
  for (name in names(counts)) {
    check_vector(counts[[name]], name, call)
    check_counts(if (is.numeric(counts[[name]])) counts[[name]][0] else counts[[name]], name, call)
  }
  sizes <- lengths(counts)
  n <- max(sizes)
  if (any(sizes != n & sizes != 1)) {
    abort_rule("length", paste0("`a`, `b`, `c` and `d` must have as many counts each, or one, not ",
      paste(sizes, collapse = ", "), "."
    ), arg = names(counts)[sizes != n & sizes != 1][1], call = call)
  }
  if (min(sizes) == 0) abort_rule("empty", "no tables to test.", call = call)
  n
}

# The core has met a count that is none: says which.
refuse_counts <- function(counts, n, call) {
  rules <- list(
    missing = list("must not be missing", is.na), count = list("must be finite", is.infinite),
    count = list("must be >= 0", function(x) x < 0), count = list("must be whole numbers", function(x) x != floor(x)),
    count = list("must be at most 2^53", function(x) x > max_count)
  )
  for (i in seq_along(rules)) {
    for (name in names(counts)) {
      bad <- which(rules[[i]][[2]](counts[[name]]))
      if (length(bad)) {
        abort_rule(names(rules)[i], paste0("counts ", rules[[i]][[1]], ": `", name, "` has ",
          format_plain(counts[[name]][bad[1]]), " in ", at_rows(bad), "."
        ), "Correct or exclude these tables; nothing is dropped silently.", arg = name, rows = bad, call = call)
      }
    }
  }
  bad <- which(rep_len(Reduce(`+`, counts), n) == 0)
  abort_rule("empty", paste0("a table has no observations: ", at_rows(bad), "."),
    "Exclude these tables; nothing is dropped silently.", rows = bad, call = call
  )
}

warn_degenerate <- function(counts, n, call) {
  none <- lapply(counts, function(x) x == 0)
  empty <- none$a & none$b | none$c & none$d | none$a & none$c | none$b & none$d
  warn_rule("degenerate", paste0("a row or column is empty in ", at_rows(which(rep_len(empty, n))),
    ": such a table says nothing about the odds ratio."
  ), call = call)
}

# DiscreteFDR wants the p-values that are possible at all, of each pair of margins.
adjust_discrete <- function(p, counts, n, asked, call) {
  m <- rep_len(counts$a + counts$c, n)
  n_other <- rep_len(counts$b + counts$d, n)
  k <- rep_len(counts$a + counts$b, n)
  key <- paste(m, n_other, k)
  first <- which(!duplicated(key))
  asked$conf.int <- asked$estimate <- FALSE
  supports <- lapply(first, function(i) {
    x <- seq(max(0, k[i] - n_other[i]), min(k[i], m[i]))
    possible <- call_core(fisher_batch_cpp(
      x, k[i] - x, m[i] - x, n_other[i] - k[i] + x, length(x), asked, 1L, NULL
    ), call)$p_value
    sort(unique(possible))
  })
  found <- DiscreteFDR::DBH(p, supports,
    direction = "sd", pCDFlist.indices = unname(split(seq_len(n), factor(key, unique(key))))
  )
  found$Adjusted
}
