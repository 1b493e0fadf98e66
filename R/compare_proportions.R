#' Two proportions compared
#'
#' How much do two groups differ in how often something happens: as a difference (of risks), a ratio (relative risk) or
#' an odds ratio, with an interval that agrees with the test. For independent observations that are all fully observed;
#' for follow-up that ends early see [compare_at()].
#'
#' @inheritParams boschloo_test
#' @param measure `"difference"` (default), `"ratio"` or `"odds ratio"`, of the first group against the second.
#' @param method `"score"` (default; approximate, any size) or `"exact"` (unconditional; covers at least `conf.level`).
#' @param correct For `"score"`: the factor n / (n - 1) in the variance? `TRUE` is Miettinen & Nurminen's; `FALSE` is
#'   Mee's and Farrington & Manning's difference and Koopman's ratio, whose p-value is that of the chi-square test.
#' @param tsmethod For `"exact"`: `"central"` (default; two one-sided tests, Chan & Zhang 1999) or `"square"` (one
#'   two-sided test, Agresti & Min 2001; shorter, each limit may miss more often; not for odds ratios).
#' @param gamma For `"exact"`: error spent on a confidence region for the two probabilities, see [boschloo_test()].
#'
#' @return A `two_proportions_test`, which is also an `htest`; see [boschloo_test()]. `estimate` holds the two
#'   proportions and the measure, `statistic` the score statistic z at equality (Fisher's p-value for exact odds
#'   ratios).
#' @section Definition:
#' Under each value of the measure, \eqn{\tilde p_1, \tilde p_2}{p1~, p2~} are the likeliest probabilities that have it,
#' in closed form: a root of Miettinen and Nurminen's cubic for a difference, of quadratics for the others. The score
#' statistics are
#' \deqn{\frac{\hat p_1 - \hat p_2 - \delta}{\sqrt{\tilde v_1 + \tilde v_2}}, \quad
#' \frac{\hat p_1 - \rho \hat p_2}{\sqrt{\tilde v_1 + \rho^2 \tilde v_2}}, \quad
#' n_1 (\hat p_1 - \tilde p_1) \sqrt{\frac{1}{n_1^2 \tilde v_1} + \frac{1}{n_2^2 \tilde v_2}},}{
#' (p1 - p2 - d) / sqrt(v1 + v2), (p1 - r p2) / sqrt(v1 + r^2 v2), n1 (p1 - p1~) sqrt(1 / (n1^2 v1) + 1 / (n2^2 v2)),}
#' with \eqn{\tilde v_i = \tilde p_i (1 - \tilde p_i) / n_i}{v_i = p_i~ (1 - p_i~) / n_i}; `correct` multiplies them by
#' \eqn{\sqrt{(n - 1) / n}}{sqrt((n - 1) / n)}. At equality all three are the pooled z.
#'
#' `"score"`: p is the normal tail of z, the limits are the values at which the statistic is the normal quantile and its
#' negative. `"exact"`: p is the largest probability of a statistic at least as extreme over all pairs of probabilities
#' with the value (as [barnard_test()]), the limits are the outermost values not refused. For odds ratios, whose score
#' statistic orders tables badly far from the data, tables are ordered by Fisher's p-value: it is [boschloo_test()].
#' @section Edge cases:
#' Zero counts need no correction. With no event in the second group the ratio is Inf and has no upper limit; with none
#' in either the ratio is `NA` with limits 0 and Inf, p = 1, and a difference still has its interval. Likewise odds
#' ratios. Limits of a difference end at -1 and 1.
#' @section Errors:
#' As [boschloo_test()]; `cryonodes_error_memory` for `"exact"` only.
#' @references
#' Miettinen O, Nurminen M (1985). Comparative analysis of two rates. *Statistics in Medicine* 4:213-226.
#'
#' Farrington CP, Manning G (1990). Test statistics and sample size formulae for comparative binomial trials with null
#' hypothesis of non-zero risk difference or non-unity relative risk. *Statistics in Medicine* 9:1447-1454.
#'
#' Newcombe RG (1998). Interval estimation for the difference between independent proportions: comparison of eleven
#' methods. *Statistics in Medicine* 17:873-890.
#'
#' Chan ISF, Zhang Z (1999). Test-based exact confidence intervals for the difference of two binomial proportions.
#' *Biometrics* 55:1202-1209.
#'
#' Agresti A, Min Y (2001). On small-sample confidence intervals for parameters in discrete distributions. *Biometrics*
#' 57:963-971.
#' @seealso [boschloo_test()], [fisher_test()], [proportion()], [compare_at()]
#' @examples
#' # 56 of 70 against 48 of 80 (Newcombe 1998)
#' compare_proportions(56, 14, 48, 32)
#' compare_proportions(56, 14, 48, 32, measure = "ratio")
#' compare_proportions(56, 14, 48, 32, method = "exact")
#'
#' arm <- rep(c("cryo", "drug"), c(9, 10))
#' relapse <- c(rep(TRUE, 2), rep(FALSE, 7), rep(TRUE, 6), rep(FALSE, 4))
#' tidy(compare_proportions(arm, relapse))
#' @export
compare_proportions <- function(..., event = NULL, measure = "difference", method = "score",
                                alternative = "two.sided", correct = TRUE, tsmethod = "central", gamma = 0,
                                conf.level = 0.95, na.action = "error", progress = interactive()) {
  call <- quote(compare_proportions())
  expressions <- vapply(as.list(substitute(list(...)))[-1], one_line, "")
  measure <- check_choice(measure, compare_measures, "measure", call)
  method <- check_choice(method, c("score", "exact"), "method", call)
  alternative <- check_sides(alternative, call)
  correct <- check_flag(correct, "correct", call)
  tsmethod <- check_choice(tsmethod, c("central", "square"), "tsmethod", call)
  conf.level <- check_conf_level(conf.level, call)
  data <- two_proportions(list(...), expressions, event, na.action, call)
  title <- c(difference = "Difference", ratio = "Ratio", "odds ratio" = "Odds ratio")[[measure]]
  title <- paste(title, "of two proportions")
  if (method == "exact") {
    if (measure == "odds ratio" && tsmethod == "square" && alternative == "two.sided") {
      abort_rule("choice", "`tsmethod = \"square\"` has no interval for odds ratios.", "Use \"central\".",
        arg = "tsmethod", call = call
      )
    }
    # The score statistic of odds ratios far from the data does not order tables sensibly; Fisher's p does.
    order <- if (measure == "odds ratio") "boschloo" else "score"
    test <- fit_unconditional(data, order, alternative, tsmethod, measure, gamma, TRUE, conf.level, progress, call,
      method = paste0(title, ", unconditional exact")
    )
    test$meta$source <- if (order == "boschloo") {
      "Boschloo (1970)"
    } else if (tsmethod == "square" && alternative == "two.sided") {
      "Agresti & Min (2001)"
    } else {
      "Chan & Zhang (1999)"
    }
    return(test)
  }
  core <- call_core(compare_proportions_cpp(data$counts, measure, alternative, correct, conf.level), call)
  plain <- c(difference = "Farrington & Manning (1990)", ratio = "Koopman (1984)", "odds ratio" = "Cornfield (1956)")
  two_proportions_test(data, core, c(z = core$statistic), measure, alternative, conf.level,
    paste0(title, ", score test and interval"),
    if (correct) "Miettinen & Nurminen (1985)" else plain[[measure]], "Score limits"
  )
}
