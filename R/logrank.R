#' Log-rank test
#'
#' Compares the follow-up of two or more groups over its whole length: are their hazards equal at all times?
#' Most powerful when the hazards are proportional; blind to curves that cross. Other weights look at early or late
#' differences, `trend` at groups in order, `reference` compares one group with a known survival function. Assumes that
#' who is censored has the same outlook as who stays under observation, and that rows are independent: one row a
#' patient. With few events the chi-square approximation is rough. State the weights in advance: the best of several
#' tests is no test.
#'
#' @param ... A formula, or the vector of times: the class of the first argument decides. Not used by the methods.
#' @param formula `Surv(time, status) ~ group`, with delayed entry `Surv(entry, exit, status) ~ group`. Several groups
#'   are written `a + b` (every combination is a group); `+ strata(centre)` compares within centres and adds up.
#' @param data Data frame in which the formula, `subset` and `weights` are evaluated.
#' @param subset Rows to use: a logical condition or row numbers.
#' @param na.action `"error"` (default) refuses missing values; `"omit"` leaves such rows out, counts
#'   them in the result and prints the count. `options(na.action)` plays no part.
#' @param event For a formula: the value(s) of status that mean an event, needed unless status is
#'   logical or 0/1. For vectors: the status itself, logical or 0/1.
#' @param group For vectors: the group of each row.
#' @param strata For vectors: the stratum of each row, or `NULL`.
#' @param weights Case weights, whole numbers >= 0: a row of weight 2 counts as two subjects, one of weight 0 as none.
#' @param type What an event time counts for: `"logrank"` (1, the default), `"Gehan-Breslow"`, `"Tarone-Ware"`,
#'   `"Peto-Peto"`, `"modified Peto-Peto"`, `"Fleming-Harrington"` (see `rho`, `gamma`), or a function of one's own of
#'   S, the number at risk and the time, three vectors with a number for each event time, that returns as many weights.
#'   Several of them, as a vector or list in which `c(rho, gamma)` stands for Fleming-Harrington, or `"max-combo"` for
#'   the pairs (0, 0), (0, 1), (1, 0), (1, 1): the test of the largest, two groups, with a p that allows for the choice.
#' @param rho,gamma Of `"Fleming-Harrington"`, which they imply: the weight is S^rho (1 - S)^gamma, both >= 0. `rho`
#'   alone is [survival::survdiff()]'s.
#' @param trend Scores of the groups for a test for trend, in their order or under their names; `TRUE`: 1, 2, ...
#' @param reference For a one-sample test, `~ 1`: a function of time (in the unit of the follow-up) that gives the
#'   survival that would be expected.
#' @param cluster Which rows belong together (the patient of each lesion); in a formula also written `cluster(id)`. It
#'   is never a group. Patients are then dealt out to the groups, not rows: see `distribution`.
#' @param distribution Where the p-value comes from: `"asymptotic"` (the chi-square distribution; default without
#'   clusters), `"exact"` (all ways of dealing the units out to two groups), `"approximate"` (`replicates` of them,
#'   drawn at random). `NULL` with clusters: exact for two groups where that can be had, else approximate;
#'   with `studentised` or several weights approximate. See Permutation.
#' @param replicates,seed How many ways are drawn, and from which random numbers (a whole number; `NULL`: drawn with R's
#'   own, and kept in the result). Replicate i depends on the seed and i alone.
#' @param stop.at A level, such as 0.05, at which drawing may end early: after each 1000 replicates it does if the level
#'   lies outside the 99% interval of p, which holds however often one looks. `NULL`: draw all.
#' @param studentised Divide the score by its standard deviation anew in each dealing (two groups, drawn ways)? For
#'   groups whose follow-up differs.
#' @param inverse.size With clusters: does each row count for one by the number of rows of its cluster, so that patients
#'   count alike, however many lesions they have? By default rows do. Where the number of lesions has to do with the
#'   outlook, the two answer different questions.
#' @param threads How many threads may share the replicates, or the ordering of very many rows, 1 or more; the result
#'   does not depend on it.
#' @param progress Show how far long work is?
#' @param timefix Merge times that differ by rounding error only (`TRUE`, as in survival)?
#' @param conf.level Two-sided coverage of the intervals of the hazard ratios, in (0, 1).
#'
#' @return A `logrank_test`, which is also an `htest`: `statistic` (chi-square), `parameter` (degrees of freedom),
#'   `p.value`, `method`, `data.name`, `alternative`, `observed` and `expected` events per group, for two groups
#'   `estimate` (the two hazard ratios; not with weights). Besides: `score` (weighted observed - expected),
#'   `log_p_value` (natural logarithm, finite where `p.value` is 0), `permutation` (how the p-value was found, `NULL`
#'   for the chi-square distribution), `components` (of several weights, each one's `z`), `covariance` of the scores,
#'   `n` per group, `trend` (the scores of the groups), `hazard_ratio` (data frame `method`, `estimate`,
#'   `conf.low`, `conf.high`; `NULL` unless there are two groups), `comparison` (which group's hazard is divided by
#'   which, in words) and `meta` (labels, unit, rows left out, notes).
#' @section Definition:
#' At each time of each stratum with \eqn{d} events among \eqn{n} at risk, of whom \eqn{n_i} in group \eqn{i}, group
#' \eqn{i} is expected to have \eqn{E_i = d n_i / n} events, and observed minus expected counts have the covariance
#' \eqn{V_{ij} = d (n - d) / (n - 1) \cdot (n_i [i = j] / n - n_i n_j / n^2)}{V_ij = d (n - d) / (n - 1) *
#' (n_i [i = j] / n - n_i n_j / n^2)} of the multivariate hypergeometric distribution. All are summed over times and
#' strata. The statistic is
#' \eqn{(O - E)' V^- (O - E)} with as many degrees of freedom as \eqn{V} has rank.
#'
#' With weights the scores are \eqn{U_i = \sum w (d_i - d n_i / n)}{U_i = sum w (d_i - d n_i / n)} and each term of V is
#' multiplied by \eqn{w^2}{w^2}. With all groups of the stratum together, \eqn{S} is Kaplan and Meier's estimate just
#' before the time, and \eqn{\tilde S = \prod (1 - d / (n + 1))}{S~ = prod (1 - d / (n + 1))} up to and including it:
#'
#' * log-rank 1; Gehan-Breslow \eqn{n}; Tarone-Ware \eqn{\sqrt n}{sqrt n};
#' * Peto-Peto \eqn{\tilde S}{S~}; modified Peto-Peto \eqn{\tilde S n / (n + 1)}{S~ n / (n + 1)};
#' * Fleming-Harrington \eqn{S^\rho (1 - S)^\gamma}{S^rho (1 - S)^gamma}.
#'
#' For trend, with scores \eqn{s_i}, the statistic is \eqn{(s' U)^2 / s' V s}, on one degree of freedom. Against a
#' reference \eqn{S_0}, \eqn{E = \sum -\log S_0}{E = sum -log S_0} over the exits, less that over the entries, and the
#' statistic is \eqn{(O - E)^2 / E}; O / E comes with the exact limits of a Poisson count.
#'
#' For two groups, with the first level as reference, the hazard of the second divided by that of the first is estimated
#' by Pike as \eqn{(O_2 / E_2) / (O_1 / E_1)}, its logarithm with standard error \eqn{\sqrt{1/E_1 + 1/E_2}}{sqrt(1/E_1 +
#' 1/E_2)}, and by Peto as \eqn{\exp((O_2 - E_2) / V_{22})}{exp((O_2 - E_2) / V_22)}, with standard error
#' \eqn{1/\sqrt{V_{22}}}{1/sqrt(V_22)}. Both are near the ratio of a Cox model when it is near 1; far from 1 Peto's is
#' drawn towards 1.
#' @section Permutation:
#' If group has no bearing on survival and censoring, every way of dealing the subjects out to groups of these sizes is
#' equally likely. Row \eqn{i} contributes \eqn{a_i = w\,[event] - \sum w d / n}{a_i = w [event] - sum w d / n}, the sum
#' over the event times up to its own, to whichever group it is in, because \eqn{w}, \eqn{d} and \eqn{n} do not depend
#' on groups. For two groups `"exact"` is the share of all ways whose score is as far from 0 as the observed one, ties
#' included. Up to \eqn{2^{53}}{2^53} ways are counted, if memory allows: for some 45 subjects, up to 57 where many
#' scores are equal. Scores are rounded to some \eqn{2^{-42}}{2^-42} of the sum of their sizes, and sums that differ by
#' less than `permutation$tolerance` count as equal; `permutation$p.farther` is the probability without those: the p of
#' unrounded scores lies between. Of more ways p is computed from the characteristic function of the score (Pagano and
#' Tritchler), and `permutation$error` is a proven bound of what it may be off by: p is bracketed by a trigonometric
#' polynomial above the indicator of the tails and one below (Selberg), and of the million frequencies in them all but
#' some dozen are shown not to matter. The bound is 1e-7 at most for some 150 subjects and more, 1e-5 for fewer, and
#' smaller where p < 0.05. Where so few scores differ that a single sum has a weight of its own, all ways are counted in
#' floating point, if memory allows.
#'
#' `"approximate"` reports \eqn{(b + 1) / (B + 1)} for \eqn{b} of \eqn{B} replicates at least as extreme in
#' \eqn{\sum U_g^2 / n_g}{sum U_g^2 / n_g}, dealing within strata, and the exact 99% limits of what all ways would give.
#' With `stop.at` they are those p for which \eqn{(B + 1) P(b; B, p) > 0.01}{(B + 1) P(b; B, p) > 0.01}, a confidence
#' sequence (Robbins, Lai): p of all ways is among them for all B at once with a probability of 99%.
#'
#' `studentised` compares \eqn{U_2^2 / V_{22}}{U_2^2 / V_22}, both recomputed for each way (Neuhaus; Brendel and
#' others). It is valid for many subjects even if censoring differs between the groups, and for any number if it does
#' not. Several weights are compared by the largest \eqn{|Z|}, \eqn{Z} the score of the second group divided by its
#' standard deviation over all ways of dealing; `observed`, `expected`, `score` and `covariance` are those of the
#' log-rank test.
#'
#' Clusters are dealt out as a whole, with the sum of their rows' parts; group and stratum must be constant within them.
#' For `"asymptotic"` they may vary: then \eqn{V = \sum_c e_c e_c'}{V = sum over clusters of e e'}, with \eqn{e_c} the
#' sum over the rows of a cluster of
#' \eqn{w\,[event] (z - n_g / n) - \sum w d / n (z - n_g / n)}{w [event] (z - n_g / n) - sum w d / n (z - n_g / n)},
#' \eqn{z} = 1 for the row's own group: the test of Jung and Jeong, the robust score test of a Cox model with Breslow's
#' ties. It needs many clusters.
#'
#' With `inverse.size`, rows count for \eqn{1/m} in a cluster of \eqn{m}, in \eqn{n}, in \eqn{d} and in the scores
#' (Williamson, Datta and Satten, for marginal analyses); `observed` and `expected` still count rows.
#'
#' Where follow-up itself differs between the groups dealing is not quite right; without clusters `meta$notes` says so
#' when a log-rank test of the censorings has p < 0.05. Where the chi-square statistic is undefined all ways of dealing
#' are alike, and p is 1. Delayed entry, `weights` and `trend` have the chi-square distribution only; clusters take no
#' `weights`.
#' @section Edge cases:
#' The rank is counted, not estimated: groups are linked when they were at risk together at an event that somebody at
#' risk survived, and each set of linked groups takes one degree of freedom away. A group censored before the first
#' event is linked to none: it carries no information, which `meta$notes` says. When no two groups are linked,
#' `statistic` and `p.value` are `NA`, with the reason in `meta$notes`. A group without events has a Pike ratio of 0 or
#' infinity and no interval for it.
#' @section Errors:
#' `cryonodes_error_missing`, `_time` (negative or infinite), `_status` (coding not stated), `_type`, `_length`,
#' `_empty`, `_entry` (not before exit), `_group` (fewer than two, more than 1000, or labels that print alike),
#' `_column`, `_formula` (no group, terms that are not groups), `_weights` (not whole numbers), `_choice` (`type`,
#' `rho`, `gamma`, `trend`, `reference`, `distribution`, `stop.at`, `studentised`), `_memory` (too many ways to count),
#' `_count` (`replicates`, `seed`, `threads`), `_conf_level`; `_group` also when a group varies within a cluster that is
#' to be dealt out.
#' @references
#' Mantel N (1966). Evaluation of survival data and two new rank order statistics arising in its consideration. *Cancer
#' Chemotherapy Reports* 50:163-170.
#'
#' Peto R, Peto J (1972). Asymptotically efficient rank invariant test procedures. *JRSS A* 135:185-207.
#'
#' Gehan EA (1965). A generalized Wilcoxon test for comparing arbitrarily singly-censored samples. *Biometrika*
#' 52:203-223. Breslow N (1970). A generalized Kruskal-Wallis test for comparing K samples subject to unequal patterns
#' of censorship. *Biometrika* 57:579-594.
#'
#' Tarone RE, Ware J (1977). On distribution-free tests for equality of survival distributions. *Biometrika* 64:156-160.
#'
#' Andersen PK, Borgan O, Gill R, Keiding N (1982). Linear nonparametric tests for comparison of counting processes,
#' with applications to censored survival data. *International Statistical Review* 50:219-258.
#'
#' Harrington DP, Fleming TR (1982). A class of rank test procedures for censored survival data. *Biometrika*
#' 69:553-566.
#'
#' Klein JP, Moeschberger ML (2003). *Survival Analysis*, 2nd ed., chapter 7.
#'
#' Breslow N (1975). Analysis of survival data under the proportional hazards model. *International Statistical Review*
#' 43:45-58. Woolson RF (1981). Rank tests and a one-sample logrank test for comparing observed survival data to a
#' standard population. *Biometrics* 37:687-696.
#'
#' Pagano M, Tritchler D (1983). On obtaining permutation distributions in polynomial time. *JASA* 78:435-440.
#' Robbins H (1970). Statistical methods related to the law of the iterated logarithm. *Annals of Mathematical
#' Statistics* 41:1397-1409. Lai TL (1976). On confidence sequences. *Annals of Statistics* 4:265-280.
#'
#' Neuhaus G (1993). Conditional rank tests for the two-sample problem under random censorship. *Annals of Statistics*
#' 21:1760-1779. Brendel M, Janssen A, Mayer CD, Pauly M (2014). Weighted logrank permutation tests for randomly right
#' censored life science data. *Scandinavian Journal of Statistics* 41:742-761.
#'
#' Tarone RE (1981). On the distribution of the maximum of the logrank statistic and the modified Wilcoxon statistic.
#' *Biometrics* 37:79-85. Lee JW (1996). Some versatile tests based on the simultaneous use of weighted log-rank
#' statistics. *Biometrics* 52:721-725.
#'
#' Montgomery HL (1994). *Ten Lectures on the Interface between Analytic Number Theory and Harmonic Analysis*, chapter 1
#' (Selberg's polynomials).
#'
#' Prentice RL (1978). Linear rank tests with right censored data. *Biometrika* 65:167-179 (the parts of the rows).
#'
#' van de Wiel MA (2001). The split-up algorithm: a fast symbolic method for computing p-values of distribution-free
#' statistics. *Computational Statistics* 16:519-538.
#'
#' Jung SH, Jeong JH (2003). Rank tests for clustered survival data. *Lifetime Data Analysis* 9:21-33.
#'
#' Williamson JM, Datta S, Satten GA (2003). Marginal analyses of clustered data when cluster size is informative.
#' *Biometrics* 59:36-42.
#'
#' Pike MC (1972). Contribution to the discussion of Peto & Peto. *JRSS A* 135:201-203.
#'
#' Peto R, Pike MC, Armitage P, et al. (1977). Design and analysis of randomized clinical trials requiring prolonged
#' observation of each patient. II. *British Journal of Cancer* 35:1-39.
#'
#' Berry G, Kitchin RM, Mock PA (1991). A comparison of two simple hazard ratio estimators based on the logrank test.
#' *Statistics in Medicine* 10:749-755.
#' @seealso [kaplan_meier()], [tidy.logrank_test()]
#' @examples
#' patients <- data.frame(
#'   months = c(3, 8, 8, 12, 15, 20, 24, 30, 31),
#'   died = c(0, 1, 1, 1, 0, 1, 1, 0, 0),
#'   arm = c("a", "a", "a", "a", "b", "b", "b", "b", "b")
#' )
#' logrank_test(Surv(months, died) ~ arm, data = patients)
#' logrank_test(patients$months, patients$died, patients$arm)$hazard_ratio
#' logrank_test(Surv(months, died) ~ arm, data = patients, type = "Tarone-Ware")
#' # All ways of dealing nine patients out to groups of four and five
#' logrank_test(Surv(months, died) ~ arm, data = patients, distribution = "exact")
#' # Early, late and middle differences at once
#' logrank_test(Surv(months, died) ~ arm,
#'   data = patients, type = "max-combo", replicates = 999, seed = 1
#' )
#' # Lesions that share a patient: patients are dealt out
#' logrank_test(Surv(months, died) ~ arm, data = patients, cluster = c(1, 1, 2, 3, 4, 4, 5, 6, 7))
#' # Against a yearly hazard of 30%
#' logrank_test(Surv(months, died) ~ 1, data = patients, reference = function(t) exp(-0.3 * t / 12))
#' @export
logrank_test <- function(...) {
  # Three vectors and nothing else: to find the method and match its arguments takes a third of the test's time.
  if (...length() == 3 && is.null(...names()) && !missing(..2) && !missing(..3) && !is.object(..1)) {
    test <- .Call(`_cryonodes_plain_logrank_cpp`, ..1, ..2, ..3, max_groups)
    if (!is.null(test)) return(test)
  }
  UseMethod("logrank_test", dispatch_on(...))
}

#' @rdname logrank_test
#' @export
logrank_test.formula <- function(formula, data = NULL, subset, weights, na.action = "error", event = NULL,
                                 type = "logrank", rho = 0, gamma = 0, trend = NULL, reference = NULL, cluster,
                                 distribution = NULL, replicates = 9999, seed = NULL, stop.at = NULL,
                                 studentised = FALSE, inverse.size = FALSE, threads = 1,
                                 progress = interactive(), timefix = TRUE, conf.level = 0.95, ...) {
  # A test of few rows, or of counted ones, in two groups that asks for nothing special is made by one call: what R
  # puts together below takes 0.3 ms.
  if (nargs() == 2 && !missing(data)) {
    test <- plain_logrank_formula_cpp(formula, data, max_groups)
    if (!is.null(test)) return(test)
  }
  call <- quote(logrank_test())
  check_dots(..., call = call)
  frame <- frame_from_formula(
    formula, data,
    subset = enquo(subset) |> absent_as_null(), weights = enquo(weights) |> absent_as_null(),
    check_na_action(na.action, call), read_event(event), c("strata", "cluster"), call, parent.frame(),
    cluster = enquo(cluster) |> absent_as_null(), timefix = timefix
  )
  data_name <- formula_text(formula)
  test <- read_test_type(type, rho, gamma, call)
  wanted <- read_distribution(distribution, !is.null(frame$cluster), replicates, seed, threads, progress, call,
    test, stop.at, studentised, inverse.size
  )
  fit_logrank(frame, data_name, test, trend, reference, wanted, timefix, conf.level, call)
}

#' @rdname logrank_test
#' @param time For vectors: follow-up of each row, numeric or difftime, finite and >= 0.
#' @param entry For vectors: time of entry of each row, before its `time`, or `NULL`.
#' @export
logrank_test.default <- function(time, event, group = NULL, strata = NULL, entry = NULL, weights = NULL,
                                 na.action = "error", type = "logrank", rho = 0, gamma = 0, trend = NULL,
                                 reference = NULL, cluster = NULL, distribution = NULL, replicates = 9999,
                                 seed = NULL, stop.at = NULL, studentised = FALSE, inverse.size = FALSE,
                                 threads = 1, progress = interactive(), timefix = TRUE, conf.level = 0.95, ...) {
  call <- quote(logrank_test())
  check_dots(..., call = call)
  check_given(missing(time), "time", call)
  if (missing(event)) {
    abort_rule("status", "`event` is missing: whether each time is an event or a censoring must be stated.",
      arg = "event", call = call
    )
  }
  frame <- frame_from_vectors(time, event, group, weights, check_na_action(na.action, call), call,
    stratum = strata, entry = entry, cluster = cluster
  )
  data_name <- if (is.null(group)) "time and event" else "time and event by group"
  data_name <- paste0(data_name, if (!is.null(strata)) ", within strata")
  test <- read_test_type(type, rho, gamma, call)
  wanted <- read_distribution(distribution, !is.null(frame$cluster), replicates, seed, threads, progress, call,
    test, stop.at, studentised, inverse.size
  )
  fit_logrank(frame, data_name, test, trend, reference, wanted, timefix, conf.level, call)
}

#' @rdname logrank_test
#' @param counts A life table made by [event_counts()]; of competing events, any of them counts.
#' @export
logrank_test.event_counts <- function(counts, type = "logrank", rho = 0, gamma = 0, trend = NULL, reference = NULL,
                                      conf.level = 0.95, ...) {
  call <- quote(logrank_test())
  check_dots(..., call = call)
  test <- read_test_type(type, rho, gamma, call)
  wanted <- list(name = if (is.null(test$parts)) "asymptotic" else "approximate", studentised = FALSE, threads = 1)
  fit_logrank(frame_from_counts(counts, call, strata = TRUE), "counts by group", test, trend, reference, wanted, FALSE,
    conf.level, call
  )
}

fit_logrank <- function(frame, data_name, test, trend, reference, wanted, timefix, conf.level, call) {
  conf.level <- check_conf_level(conf.level, call)
  frame$timefix <- check_flag(timefix, "timefix", call)
  check_whole_weights(frame, "the log-rank test", call)
  if (!is.null(reference)) {
    return(one_sample_logrank(frame, data_name, test, trend, reference, wanted, conf.level, call))
  }
  labels <- groups_to_compare(frame, call)
  scores <- read_trend(trend, labels, call)
  k <- length(labels)
  cells <- cells_of_strata(frame)
  clustered <- !is.null(frame$cluster)
  if (clustered) check_clustered_test(frame, call)
  if (isTRUE(wanted$inverse.size)) cells$size_weights <- inverse_sizes(frame, call)
  given <- weights_of_own(cells, k, test, call)
  # Of several weights, counts and scores are those of the log-rank test.
  core_type <- if (is.null(test$parts)) test$core else "logrank"
  core <- call_core(logrank_cpp(cells, k, core_type, test$rho, test$gamma, given, wanted$threads), call)
  by_group <- function(x) setNames(x, labels)
  answer <- list(statistic = core$statistic, df = core$df, log_p_value = core$log_p_value)
  if (!is.null(scores)) {
    found <- trend_statistic(core, scores)
    answer <- list(
      statistic = found$statistic %||% NA_real_, df = if (is.null(found)) 0 else 1,
      log_p_value = found$log_p_value %||% NA_real_
    )
  }
  dealt <- if (wanted$name != "asymptotic") {
    if (!is.null(scores)) {
      abort_rule("choice", "a test for `trend` has the chi-square distribution only.",
        "Say `distribution = \"asymptotic\"`.",
        arg = "distribution", call = call
      )
    }
    rows <- list(cells = cells, test = test, given = given)
    deal_groups(frame, k, wanted, function() dealing_of_scores(rows, k, wanted, call), call,
      test = test, varying = "`distribution = \"asymptotic\"` takes clusters of several groups."
    )
  }
  # Sums of fewer clusters than that cannot spread in as many directions.
  too_few <- clustered && (if (is.null(scores)) core$df else min(core$df, 1)) > core$n_cluster - 1
  if (too_few) answer <- list(statistic = NA_real_, df = 0, log_p_value = NA_real_)
  if (!is.null(dealt)) answer[c("df", "log_p_value")] <- list(NULL, log(dealt$p.value))
  components <- if (!is.null(test$parts)) {
    data.frame(weight = vapply(test$parts, function(part) part$label, ""), z = dealt$z)
  }
  statistic <- if (is.null(components)) {
    c("X-squared" = answer$statistic)
  } else {
    c("max |Z|" = if (all(is.na(dealt$z))) NA_real_ else max(abs(dealt$z), na.rm = TRUE))
  }
  # Ratios of hazards are estimated from unweighted counts of independent rows.
  hazard_ratio <- if (k == 2 && test$core == "logrank" && !clustered) hazard_ratios(core, conf.level)
  structure(list(
    statistic = statistic, parameter = if (!is.null(answer$df)) c(df = answer$df),
    p.value = exp(answer$log_p_value),
    alternative = "two.sided", method = test_title(test, frame, scores, dealt, wanted), data.name = data_name,
    estimate = if (!is.null(hazard_ratio)) {
      setNames(hazard_ratio$estimate, paste(hazard_ratio$method, "hazard ratio"))
    },
    observed = by_group(core$observed), expected = by_group(core$expected), score = by_group(core$score),
    log_p_value = answer$log_p_value,
    covariance = matrix(core$covariance, k, dimnames = list(labels, labels)),
    n = by_group(whole_number(core$n)), hazard_ratio = hazard_ratio,
    comparison = if (!is.null(hazard_ratio)) {
      paste0("hazard of '", labels[2], "' divided by hazard of '", labels[1], "'")
    },
    trend = scores, components = components, permutation = dealt, conf.level = conf.level,
    meta = list(
      format = result_format, method = "logrank", type = test$core, rho = test$rho, gamma = test$gamma,
      group_title = frame$group_title, group_labels = labels,
      stratum_labels = frame$stratum_labels, unit = frame$unit, n_rows = frame$n_rows,
      rows_dropped = frame$rows_dropped, n_time_merged = core$n_time_merged,
      cluster_title = if (clustered) cluster_meta(frame, NULL)$title, n_cluster = frame$n_cluster,
      notes = c(
        frame$notes, note_merged(core$n_time_merged), if (!clustered) logrank_notes(core, labels),
        if (clustered && wanted$name == "asymptotic") note_few_clusters(core$n_cluster, too_few),
        if (is.null(scores)) note_few(core, labels, frame, wanted, countable = TRUE), dealt$note,
        if (!is.null(dealt) && !clustered && !wanted$studentised) note_censoring(cells, k, call)
      )
    )
  ), class = c("logrank_test", "htest"))
}

# First level: reference. Pike (1972) and Peto et al. (1977), as compared by Berry, Kitchin & Mock (1991).
hazard_ratios <- function(core, conf.level) {
  z <- stats::qnorm((1 - conf.level) / 2, lower.tail = FALSE)
  o <- core$observed
  e <- core$expected
  v <- core$covariance[1]
  log_ratio <- c(log(o[2] / e[2]) - log(o[1] / e[1]), if (v > 0) (o[2] - e[2]) / v else NA)
  std_error <- c(sqrt(1 / e[1] + 1 / e[2]), if (v > 0) 1 / sqrt(v) else NA)
  # Without information there is no ratio; with a ratio of 0 or infinity, no interval around it.
  if (v <= 0) log_ratio[1] <- NA
  std_error[!is.finite(log_ratio)] <- NA
  # data.frame() takes longer than the test.
  structure(list(
    method = c("Pike", "Peto"), estimate = exp(log_ratio), conf.low = exp(log_ratio - z * std_error),
    conf.high = exp(log_ratio + z * std_error)
  ), class = "data.frame", row.names = 1:2)
}

logrank_notes <- function(core, labels) {
  if (sum(core$observed) == 0) {
    return("no events: the test is undefined (NA)")
  }
  if (core$df == 0) {
    return(paste0(
      "no event of weight other than 0 at which two groups", if (length(labels) > 2) " or more",
      " were at risk and somebody survived: ",
      "the variance is 0 and the test undefined (NA)"
    ))
  }
  all_linked <- core$df == length(labels) - 1
  sets <- if (all_linked) list(labels) else split(labels, core$component)
  alone <- lengths(sets) == 1
  silent <- if (all_linked) rep(FALSE, length(labels)) else labels %in% unlist(sets[alone])
  never <- core$expected == 0
  c(
    if (any(silent & never)) {
      paste0("no information from ", quoted(labels[silent & never]), ": censored before the first event; df reduced")
    },
    if (any(silent & !never)) {
      paste0(
        "no information from ", quoted(labels[silent & !never]),
        ": never at risk beside another group at an event that somebody survived and that has a weight; df reduced"
      )
    },
    if (sum(!alone) > 1) note_sets(sets[!alone]),
    if (length(labels) == 2 && any(core$observed == 0)) {
      paste0("no events in ", quoted(labels[core$observed == 0]), ": Pike's ratio has no interval")
    }
  )
}
