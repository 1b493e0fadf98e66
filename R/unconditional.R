#' Boschloo's and Barnard's unconditional exact tests
#'
#' Do two groups differ in how often something happens? Exact, like [fisher_test()], and usually more powerful: only the
#' sizes of the groups (the rows of the table) are taken as fixed, as in a trial or a cohort, not how many have the
#' event. The common probability under the null hypothesis is unknown, so the largest p-value over all of them is given.
#' Assumes independent observations: lesions of one patient are not.
#'
#' @param ... What is tested, as in [fisher_test()], rows being the groups: a matrix or table of counts; two factors or
#'   vectors of labels `x` (group) and `y` (outcome), one value per subject; four counts `a, b, c, d`, the table with
#'   rows `(a, b)` and `(c, d)`. The options below must be spelled out.
#' @param event Label of the column that is the event. `NULL`: the first, or `TRUE` or 1 where the columns are logical
#'   or 0/1.
#' @param alternative `"two.sided"` (default), `"less"` or `"greater"`: how the proportion of the first group differs
#'   from that of the second.
#' @param tsmethod Two-sided p-value: `"central"` (default), twice the smaller one-sided p-value, with which the
#'   interval always agrees; or of tables ordered in both directions at once: `"minlike"` for Boschloo's test,
#'   `"square"` for Barnard's. See Definition.
#' @param gamma Error spent on a confidence region for the two probabilities (Berger & Boos 1994), in \[0, 1); 0: none.
#'   Then only probabilities within it are looked at, and `gamma` is added to p. 1e-6 is usual; it must be chosen in
#'   advance.
#' @param conf.int Compute the confidence interval?
#' @param conf.level Coverage, in (0, 1), of the two limits or of the one limit of a one-sided alternative.
#' @param na.action For labels: `"error"` (default) refuses missing values; `"omit"` leaves such pairs out, counts
#'   them in the result and prints the count.
#' @param progress Show how far long work is?
#'
#' @return A `two_proportions_test`, which is also an `htest`: `statistic`, `p.value`, `conf.int` (where there is one),
#'   `estimate` (the two proportions and their difference; for Boschloo's test their odds ratio), `null.value`,
#'   `alternative`, `method`, `data.name`; besides `log_p_value` (natural logarithm), `table`, and `meta` with
#'   `nuisance`, the common probability at which p is largest. `tidy()` and `glance()` give one row.
#' @section Definition:
#' With \eqn{X_i} binomial of \eqn{n_i} and \eqn{\pi_i}{pi_i} and R the tables at least as extreme as the observed one,
#' \deqn{p = \max_{0 \le \pi \le 1} P(R \mid \pi_1 = \pi_2 = \pi) + \gamma.}{
#' p = max over pi in [0, 1] of P(R | pi_1 = pi_2 = pi) + gamma.}
#' Tables are more extreme
#' - `boschloo_test()`: the smaller their one-sided Fisher p-value (Boschloo 1970); the `statistic` is that of the data.
#'   With `tsmethod = "minlike"` their two-sided one, the sum of all probabilities no larger than the table's.
#' - `barnard_test()`, `"score"`: the larger \eqn{z = (x_1/n_1 - x_2/n_2) / \sqrt{p (1 - p) (1/n_1 + 1/n_2)}}{
#'   z = (x1/n1 - x2/n2) / sqrt(p (1 - p) (1/n1 + 1/n2))} with \eqn{p = (x_1 + x_2) / (n_1 + n_2)}{
#'   p = (x1 + x2) / (n1 + n2)}, 0 where p is 0 or 1 (Suissa & Shuster 1985); with `"square"` the larger
#'   \eqn{z^2}{z^2}.
#' - `barnard_test()`, `"csm"`: the earlier they enter Barnard's order (1947). It begins with \eqn{(n_1, 0)}{(n1, 0)};
#'   next is always, of the tables that keep it convex (with a table all those with more events in group 1 and fewer in
#'   group 2 belong to it), the one with which max P is least. With `"square"` each table enters together with the one
#'   of opposite difference, \eqn{(n_1 - x_1, n_2 - x_2)}{(n1 - x1, n2 - x2)}, which is Barnard's own, two-sided test.
#'   The `statistic` is the number of tables in R.
#'
#' Ties of z and of Fisher's p are decided in whole numbers. In Barnard's order tables whose max P agree to 1e-10 of
#' their size enter together. P is a polynomial in \eqn{\pi}{pi} written in Bernstein's form, whose coefficients bound
#' it; halving intervals until no coefficient exceeds an attained value by more than 1e-11 of it leaves no maximum
#' unseen.
#'
#' The interval holds the values that the one-sided tests do not refuse, at \eqn{\alpha/2}{alpha/2} each
#' (`"central"`): Barnard's `"score"` under each difference by its own score statistic (Chan & Zhang 1999, as
#' [compare_proportions()] with `method = "exact"`), `"csm"` by its order at equality (Buehler 1957), Boschloo's under
#' each odds ratio by Fisher's p-value for it. `"square"` with `"score"` inverts the two-sided test (Agresti & Min
#' 2001); `"minlike"`, and `"square"` with `"csm"`, have no interval. The limits are the outermost ends, found with
#' certainty within 1e-10.
#' With `gamma`, both probabilities lie in their Clopper-Pearson intervals of level 1 - gamma / 2, for p and interval.
#' @section Edge cases:
#' No event at all, or events only: p = 1. Then, and near it, the interval of `"csm"` is very wide, because such tables
#' come last in its order. With a count of 0 one limit of the odds ratio is 0 or Inf.
#' @section Errors:
#' As [fisher_test()]: `cryonodes_error_type`, `_missing`, `_count`, `_dim`, `_length`, `_group`, `_choice`,
#' `_conf_level`; `_empty` (a group without observations); `_status` (`event` is no column); `_memory` (more than 2000
#' observations, or for `"csm"` a product of the groups' sizes above 40000).
#' @references
#' Barnard GA (1947). Significance tests for 2x2 tables. *Biometrika* 34:123-138.
#'
#' Boschloo RD (1970). Raised conditional level of significance for the 2x2-table when testing the equality of two
#' probabilities. *Statistica Neerlandica* 24:1-35.
#'
#' Suissa S, Shuster JJ (1985). Exact unconditional sample sizes for the 2x2 binomial trial. *Journal of the Royal
#' Statistical Society A* 148:317-327.
#'
#' Berger RL, Boos DD (1994). P values maximized over a confidence set for the nuisance parameter. *Journal of the
#' American Statistical Association* 89:1012-1016.
#'
#' Mehta CR, Senchaudhuri P (2003). Conditional versus unconditional exact tests for comparing two binomials. Cytel.
#' @seealso [compare_proportions()], [fisher_test()]
#' @examples
#' # A vaccine: 7 of 15 infected with it, 12 of 15 with placebo (Mehta & Senchaudhuri 2003)
#' vaccine <- matrix(c(7, 12, 8, 3), 2,
#'   dimnames = list(c("vaccine", "placebo"), c("infected", "healthy"))
#' )
#' barnard_test(vaccine, alternative = "less")
#' fisher_test(vaccine, alternative = "less")$p.value
#' boschloo_test(vaccine)
#' barnard_test(vaccine, statistic = "csm", conf.int = FALSE)
#' @export
boschloo_test <- function(..., event = NULL, alternative = "two.sided", tsmethod = "central", gamma = 0,
                          conf.int = TRUE, conf.level = 0.95, na.action = "error", progress = interactive()) {
  call <- quote(boschloo_test())
  expressions <- vapply(as.list(substitute(list(...)))[-1], one_line, "")
  tsmethod <- check_choice(tsmethod, c("central", "minlike"), "tsmethod", call)
  data <- two_proportions(list(...), expressions, event, na.action, call)
  fit_unconditional(data, "boschloo", alternative, tsmethod, "odds ratio", gamma, conf.int, conf.level, progress, call)
}

#' @rdname boschloo_test
#' @param statistic How Barnard's test orders tables: `"score"` (default) or `"csm"`.
#' @export
barnard_test <- function(..., event = NULL, statistic = "score", alternative = "two.sided", tsmethod = "central",
                         gamma = 0, conf.int = TRUE, conf.level = 0.95, na.action = "error",
                         progress = interactive()) {
  call <- quote(barnard_test())
  expressions <- vapply(as.list(substitute(list(...)))[-1], one_line, "")
  statistic <- check_choice(statistic, c("score", "csm"), "statistic", call)
  tsmethod <- check_choice(tsmethod, c("central", "square"), "tsmethod", call)
  data <- two_proportions(list(...), expressions, event, na.action, call)
  fit_unconditional(data, statistic, alternative, tsmethod, "difference", gamma, conf.int, conf.level, progress, call)
}

check_gamma <- function(x, call) {
  if (!is_number(x) || length(x) != 1 || is.na(x) || x < 0 || x >= 1) {
    abort_rule("choice", paste0("`gamma` must be a number in [0, 1), not ", one_line(x), "."), arg = "gamma",
      call = call
    )
  }
  as.double(x)
}

most_unconditional <- 2000
most_csm <- 40000

check_unconditional_size <- function(counts, order, call) {
  n <- counts[c(2, 4)]
  if (sum(n) > most_unconditional) {
    abort_rule("memory", paste0("unconditional exact tests take up to ", most_unconditional, " observations, not ",
      format_plain(sum(n)), "."
    ), "So large a table needs no exact test: see `compare_proportions()`, or `fisher_test()`.", call = call)
  }
  if (order == "csm" && prod(n) > most_csm) {
    abort_rule("memory", paste0("`statistic = \"csm\"` takes groups whose sizes have a product of up to ", most_csm,
      ", not ", format_plain(prod(n)), "."
    ), "Use `statistic = \"score\"`.", arg = "statistic", call = call)
  }
}

# `order`: "boschloo", "score" or "csm".
fit_unconditional <- function(data, order, alternative, tsmethod, measure, gamma, conf.int, conf.level, progress, call,
                              method = NULL) {
  alternative <- check_sides(alternative, call)
  gamma <- check_gamma(gamma, call)
  conf.int <- check_flag(conf.int, "conf.int", call)
  conf.level <- check_conf_level(conf.level, call)
  check_unconditional_size(data$counts, order, call)
  joint <- alternative == "two.sided" && tsmethod != "central"
  ticker <- make_ticker(check_flag(progress, "progress", call), "Testing")
  on.exit(ticker$done())
  core <- call_core(
    unconditional_cpp(data$counts, order, alternative, joint, measure, gamma, conf.int, conf.level, ticker$tick), call
  )
  statistic <- switch(order,
    boschloo = c("Fisher's p" = core$statistic), csm = c("tables as extreme" = core$statistic), c(z = core$statistic)
  )
  label <- switch(order,
    boschloo = "Boschloo's test", csm = "Barnard's CSM test", "Barnard's test with the pooled score statistic"
  )
  source <- switch(order,
    boschloo = "Boschloo (1970)", csm = "Barnard (1947)", "Suissa & Shuster (1985)"
  )
  words <- paste0(
    "Unconditional exact p, largest at the common proportion ", format_number(core$nuisance, 4),
    if (gamma > 0) paste0(", Berger & Boos gamma ", number_text(gamma)),
    if (alternative == "two.sided") paste0("; ", if (joint) {
      switch(order,
        boschloo = "ordered by Fisher's two-sided p", csm = "Barnard's symmetric order", "ordered by z^2"
      )
    } else {
      "twice the smaller one-sided p"
    })
  )
  notes <- if (conf.int && joint && order != "score") {
    paste0("no interval inverts this two-sided test; `tsmethod = \"central\"` has one")
  }
  two_proportions_test(data, core, statistic, measure, alternative, conf.level, method %||% label, source, words, notes)
}
