#' Gray's test for cumulative incidence
#'
#' Compares the cumulative incidence of one cause between two or more groups, when other events may come first: is the
#' share of subjects who have had it the same at all times? A log-rank test of the cause, with the other causes as
#' censorings, asks about its hazard among those still free of all; the two can disagree, and then both are true.
#' Assumes that who is censored has the same outlook as who stays under observation, and that rows are independent: one
#' row a patient, unless `cluster` says which of them belong together. With few events the chi-square approximation is
#' rough.
#'
#' @param ... A formula, or the vector of times: the class of the first argument decides. Not used by the methods.
#' @param formula `Surv(time, status) ~ group`. Several groups are written `a + b` (every combination is a group);
#'   `+ strata(centre)` compares within centres and adds up, `+ cluster(id)` names the clusters.
#' @param data Data frame in which the formula, `subset`, `weights` and `cluster` are evaluated.
#' @param subset Rows to use: a logical condition or row numbers.
#' @param weights Case weights, whole numbers >= 0: a row of weight 2 counts as two subjects, one of weight 0 as none.
#' @param na.action `"error"` (default) refuses missing values; `"omit"` leaves such rows out, counts
#'   them in the result and prints the count. `options(na.action)` plays no part.
#' @param status For vectors: what each row ended with. Here and in a formula: a factor whose first level means
#'   censored; numbers with 0 for censored; or any labels together with `censor`. All levels of a factor are causes,
#'   also those that did not happen.
#' @param censor The value(s) of status that mean censored, when the two conventions do not hold.
#' @param cause Label of the cause whose incidence is compared. `NULL`: the first; which one that is, is told. One test
#'   is of one cause.
#' @param rho A time counts for `(1 - F)^rho`, `F` the incidence of all groups just before it; >= 0. Above 0, early
#'   differences count for more.
#' @param group For vectors: the group of each row.
#' @param strata For vectors: the stratum of each row, or `NULL`.
#' @param cluster Which rows belong together (the patient of each lesion); in a formula also written `cluster(id)`. It
#'   is never a group. Patients are then dealt out to the groups, not rows: see `distribution`.
#' @param distribution Where the p-value comes from: `"asymptotic"` (the chi-square distribution; default without
#'   clusters), `"exact"` (all ways of dealing the units out to two groups), `"approximate"` (`replicates` of them,
#'   drawn at random). `NULL` with clusters: exact for two groups where all ways can be counted, else approximate. See
#'   Permutation.
#' @param replicates,seed How many ways are drawn, and from which random numbers (a whole number; `NULL`: drawn with R's
#'   own, and kept in the result). Replicate i depends on the seed and i alone.
#' @param threads How many threads may share the ways of dealing, or the ordering of very many rows, 1 or more; the
#'   result does not depend on it.
#' @param progress Show how far long work is?
#' @param timefix Merge times that differ by rounding error only (`TRUE`)? cmprsk does not.
#'
#' @return A `gray_test`, which is also an `htest`: `statistic` (chi-square), `parameter` (degrees of freedom),
#'   `p.value`, `method`, `data.name`, `alternative`. Besides: `cause`; per group `n`, `observed` and `expected` events
#'   of the cause, `score` (weighted observed - expected); `covariance` of the scores; `log_p_value` (natural logarithm,
#'   finite where `p.value` is 0); `permutation` (how the p-value was found, `NULL` for the chi-square distribution);
#'   `meta` (labels, causes, unit, rows left out, notes).
#' @section Definition:
#' Stratum by stratum, with \eqn{n_i} at risk in group \eqn{i} at a time, \eqn{S_i} its probability of no event and
#' \eqn{F_i} its incidence of the cause just before the time, let \eqn{r_i = n_i / S_i} and
#' \eqn{h_i = r_i (1 - F_i)}. Of \eqn{d} events of the cause, \eqn{d_i} of them in group \eqn{i}, group \eqn{i} is
#' expected to have \eqn{d h_i / \sum h}{d h_i / sum h}. The score of a group is
#' \eqn{\sum (1 - F)^\rho (d_i - d h_i / \sum h)}{sum (1 - F)^rho (d_i - d h_i / sum h)}, where the pooled incidence
#' \eqn{F} rises by \eqn{d / R}, \eqn{R = \sum r}{R = sum r}, at each time. Only groups with somebody at risk are in the
#' sums.
#'
#' Let \eqn{a_{ik} = (1 - F)^\rho r_i ([i = k] - r_k / R)}{a_ik = (1 - F)^rho r_i ([i = k] - r_k / R)}, and let
#' \eqn{c_{ik}}{c_ik} grow by \eqn{a_{ik} d / (R (1 - F))}{a_ik d / (R (1 - F))} at each time, with \eqn{D_{ik}}{D_ik}
#' what it still grows by after the time. The covariance of the scores is the sum over groups \eqn{k} and times of
#' \eqn{w (a_{ik} + t D_{ik}) (a_{jk} + t D_{jk})}{w (a_ik + t D_ik) (a_jk + t D_jk)} with
#' \eqn{w = d / (R r_k) \cdot (m - d) / (m - 1)}{w = d / (R r_k) * (m - d) / (m - 1)}, \eqn{m = R S_k}, and
#' \eqn{t = 1 - (1 - F) / S_k}; and, for \eqn{e} events of other causes in group \eqn{k}, of
#' \eqn{w\, t^2 D_{ik} D_{jk}}{w t^2 D_ik D_jk} with
#' \eqn{w = e / r_k^2 \cdot (n_k - e) / (n_k - 1)}{w = e / r_k^2 * (n_k - e) / (n_k - 1)} and
#' \eqn{t = (1 - F) / S_k}. In \eqn{t}, \eqn{F} and \eqn{S_k} are those after the time; where \eqn{S_k} is 0 then,
#' \eqn{t} is 1, and 0 for other causes; the last factor of \eqn{w} is 1 for a single event. The statistic is
#' \eqn{U' V^- U}{U' V^- U}, with one degree of freedom less than groups. Statistic and p-value are those of
#' `cmprsk::cuminc()`.
#'
#' With one cause only, the score is that of the log-rank test (for `rho = 0`); its variance is another estimate of the
#' same. Without censoring it is the log-rank score in which who has another event stays at risk for ever.
#' @section Permutation:
#' If group has no bearing on events and censoring, every way of dealing the subjects out to groups of these sizes is
#' equally likely. The statistic, its variance included, is computed anew for each way, because in Gray's test both
#' depend on who is with whom. `"exact"` takes all ways for two groups in one stratum, up to a million of them: some 22
#' subjects. `"approximate"` reports \eqn{(b + 1) / (B + 1)} for \eqn{b} of \eqn{B} replicates with a statistic at least
#' as large, dealing within strata, and the exact 99% limits of what all ways would give. Statistics that differ by less
#' than 1e-9 of their size count as equal; ways without a statistic count as larger, which a note tells.
#'
#' Clusters are dealt out as a whole; group and stratum must be constant within them. Groups keep their number of
#' clusters, not of rows. There is no chi-square distribution for clusters here. Where follow-up itself differs between
#' the groups dealing is not quite right; without clusters `meta$notes` says so when a log-rank test of the censorings
#' has p < 0.05. `weights` have the chi-square distribution only.
#' @section Edge cases:
#' Groups are linked when they were at risk together at an event of the cause, and each set of linked groups takes one
#' degree of freedom away; a group that was gone before the first such event carries no information, which `meta$notes`
#' says (cmprsk gives -1 then). Where no two groups are linked, or where the covariance is not positive definite, as few
#' and much tied events can have it, `statistic` and `p.value` are `NA`, with the reason in `meta$notes`. The pooled
#' incidence can rise beyond 1 when groups leave at very different times; a note says so.
#' @section Errors:
#' `cryonodes_error_entry` (delayed entry, which this test has no place for), `_missing`, `_time`, `_status` (what is
#' censored is not stated), `_type`, `_length`, `_empty`, `_group` (fewer than two, more than 1000, labels that print
#' alike, or a group that varies within a cluster), `_column`, `_formula`, `_weights` (not whole numbers), `_choice`
#' (`cause`, `rho`, `distribution`), `_memory` (too many ways to count), `_count` (`replicates`, `seed`, `threads`).
#' @references
#' Gray RJ (1988). A class of K-sample tests for comparing the cumulative incidence of a competing risk. *Annals of
#' Statistics* 16:1141-1154.
#' @seealso [cumulative_incidence()], which with `test = TRUE` tests every cause; [logrank_test()]
#' @examples
#' patients <- data.frame(
#'   months = c(3, 8, 8, 12, 15, 20, 24, 30, 31, 33),
#'   outcome = factor(
#'     c(
#'       "none", "relapse", "death", "relapse", "relapse", "death", "relapse", "none", "none", "death"
#'     ),
#'     levels = c("none", "relapse", "death")
#'   ),
#'   arm = rep(c("a", "b"), each = 5)
#' )
#' gray_test(Surv(months, outcome) ~ arm, data = patients, cause = "relapse")
#' gray_test(Surv(months, outcome) ~ arm, data = patients, cause = "death", distribution = "exact")
#' # Two lesions of one patient: patients are dealt out
#' gray_test(Surv(months, outcome) ~ arm, data = patients, cause = "relapse", cluster = c(1, 1, 2:9))
#' @export
gray_test <- function(...) UseMethod("gray_test", dispatch_on(...))

#' @rdname gray_test
#' @export
gray_test.formula <- function(formula, data = NULL, subset, weights, na.action = "error", censor = NULL, cause = NULL,
                              rho = 0, cluster, distribution = NULL, replicates = 9999, seed = NULL, threads = 1,
                              progress = interactive(), timefix = TRUE, ...) {
  call <- quote(gray_test())
  check_dots(..., call = call)
  frame <- frame_from_formula(
    formula, data,
    subset = enquo(subset) |> absent_as_null(), weights = enquo(weights) |> absent_as_null(),
    check_na_action(na.action, call), read_causes(censor), c("strata", "cluster"), call, parent.frame(),
    cluster = enquo(cluster) |> absent_as_null(), timefix = timefix
  )
  wanted <- read_distribution(distribution, !is.null(frame$cluster), replicates, seed, threads, progress, call)
  fit_gray(frame, formula_text(formula), cause, rho, wanted, timefix, call)
}

#' @rdname gray_test
#' @param time For vectors: follow-up of each row, numeric or difftime, finite and >= 0.
#' @export
gray_test.default <- function(time, status, group = NULL, strata = NULL, censor = NULL, weights = NULL,
                              na.action = "error", cause = NULL, rho = 0, cluster = NULL, distribution = NULL,
                              replicates = 9999, seed = NULL, threads = 1, progress = interactive(), timefix = TRUE,
                              ...) {
  call <- quote(gray_test())
  check_dots(..., call = call)
  check_given(missing(time), "time", call)
  if (missing(status)) {
    abort_rule("status", "`status` is missing: what each time ended with must be stated.", arg = "status", call = call)
  }
  frame <- frame_from_vectors(time, status, group, weights, check_na_action(na.action, call), call,
    stratum = strata, cluster = cluster, status = read_causes(censor), event_name = "status"
  )
  data_name <- paste0("time and status by group", if (!is.null(strata)) ", within strata")
  wanted <- read_distribution(distribution, !is.null(frame$cluster), replicates, seed, threads, progress, call)
  fit_gray(frame, data_name, cause, rho, wanted, timefix, call)
}

#' @rdname gray_test
#' @param counts A life table made by [event_counts()], with its causes.
#' @export
gray_test.event_counts <- function(counts, cause = NULL, rho = 0, ...) {
  call <- quote(gray_test())
  refuse_clusters_of_counts(..., call = call)
  check_dots(..., call = call)
  wanted <- list(name = "asymptotic", threads = 1)
  fit_gray(frame_from_counts(counts, call, strata = TRUE), "counts by group", cause, rho, wanted, FALSE, call)
}

fit_gray <- function(frame, data_name, cause, rho, wanted, timefix, call) {
  frame$timefix <- check_flag(timefix, "timefix", call)
  rho <- check_exponent(rho, "rho", call)
  causes <- frame$causes %||% "event"
  code <- read_cause(cause, causes, call)
  labels <- check_gray_frame(frame, call)
  k <- length(labels)
  clustered <- !is.null(frame$cluster)
  if (clustered) {
    check_clustered_test(frame, call)
    if (wanted$name == "asymptotic") {
      abort_rule("choice",
        "the chi-square distribution of Gray's test takes rows for independent; clusters are dealt out.",
        "Leave `distribution` out, or say `distribution = \"approximate\"`.",
        arg = "distribution", call = call
      )
    }
  }
  cells <- cells_of_strata(frame)
  rows <- cells # their clusters are for dealing
  rows["cluster"] <- list(NULL)
  core <- call_core(gray_cpp(rows, k, code, rho, wanted$threads), call)
  undefined <- is.na(core$statistic)
  dealt <- if (wanted$name != "asymptotic") {
    found <- deal_groups(frame, k, wanted, function() dealing_of_gray(frame, code, rho, wanted, undefined, call), call)
    if (!undefined) found
  }
  which <- if (is.null(cause) && length(causes) > 1) {
    paste0("the first of the causes ", quoted(causes), " is compared; `cause` names another")
  }
  new_gray(core, frame, labels, causes[code], data_name, rho, dealt, before = which, after = c(
    note_few(core, labels, frame, wanted, ways_countable(core)), dealt$note, note_undefined_ways(dealt),
    if (!is.null(dealt) && !clustered) note_censoring(cells, k, call)
  ))
}

# The labels of the groups that can be compared.
check_gray_frame <- function(frame, call) {
  if (!is.null(frame$entry)) {
    abort_rule("entry", "Gray's test has no place for delayed entry: all must be at risk from the start.",
      arg = "entry", call = call
    )
  }
  check_whole_weights(frame, "Gray's test", call)
  groups_to_compare(frame, call)
}

# What the core found, as a gray_test. `dealt`: the permutation. `before` and `after`: notes around those of the test.
new_gray <- function(core, frame, labels, cause, data_name, rho = 0, dealt = NULL, before = NULL, after = NULL) {
  log_p_value <- if (is.null(dealt)) core$log_p_value else log(dealt$p.value)
  by_group <- function(x) setNames(x, labels)
  test <- list(label = paste0("Gray's", if (rho != 0) paste0(" (rho = ", number_text(rho), ")")))
  structure(list(
    statistic = c("X-squared" = core$statistic), parameter = if (is.null(dealt)) c(df = core$df),
    p.value = if (is.null(dealt)) exp(log_p_value) else dealt$p.value, alternative = "two.sided",
    method = test_title(test, frame, NULL, dealt), data.name = data_name, cause = cause,
    observed = by_group(core$observed), expected = by_group(core$expected), score = by_group(core$score),
    log_p_value = log_p_value,
    covariance = matrix(core$covariance, length(labels), dimnames = list(labels, labels)),
    n = by_group(whole_number(core$n)), permutation = dealt,
    meta = list(
      format = result_format, method = "gray", rho = rho, causes = frame$causes %||% "event",
      group_title = frame$group_title, group_labels = labels, stratum_labels = frame$stratum_labels, unit = frame$unit,
      n_rows = frame$n_rows, rows_dropped = frame$rows_dropped, n_time_merged = core$n_time_merged,
      cluster_title = if (!is.null(frame$cluster)) cluster_meta(frame, NULL)$title, n_cluster = frame$n_cluster,
      notes = c(frame$notes, note_merged(core$n_time_merged), before, gray_notes(core, labels, cause), after)
    )
  ), class = c("gray_test", "htest"))
}

# Ways of dealing that are tested one by one: seconds.
most_ways <- 1e6
ways_countable <- function(core) length(core$n) == 2 && choose(sum(core$n), min(core$n)) <= most_ways

# The statistic of each way is computed anew. Where the observed one is undefined there is nothing to hold them against.
dealing_of_gray <- function(frame, code, rho, wanted, undefined, call) {
  run <- function(units, tick, max_ways, seed) {
    if (undefined) return(list(as_large = 0, undefined = 0, ways = 1)) # nobody will look at it
    call_core(gray_tail_cpp(
      frame, code, rho, units$group, units$n_group, units$stratum, units$n_stratum, max_ways, wanted$replicates, seed,
      wanted$threads, tick
    ), call)
  }
  list(
    exact = function(units, tick) {
      found <- run(units, tick, most_ways, 0)
      list(p.value = found$as_large / found$ways, ways = found$ways, undefined = found$undefined)
    },
    draw = function(units, draws, tick) {
      found <- run(units, tick, 0, draws[3])
      list(hits = found$as_large, undefined = found$undefined)
    }
  )
}

# The code of the cause of interest, from 1.
read_cause <- function(cause, causes, call) {
  if (is.null(cause)) return(1L)
  known <- is.atomic(cause) && length(cause) == 1 && !is.na(cause)
  code <- if (known) match(if (is.numeric(cause)) number_labels(cause) else as.character(cause), causes)
  if (!known || is.na(code)) {
    abort_rule("choice", paste0("`cause` must be one of ", quoted(causes), ", not ", one_line(cause), "."),
      arg = "cause", call = call
    )
  }
  code
}

gray_notes <- function(core, labels, cause) {
  if (sum(core$observed) == 0) return(paste0("no event of ", quoted(cause), ": the test is undefined (NA)"))
  beyond <- if (core$greatest_pooled > 1 + 1e-9) {
    paste0("the pooled incidence rises to ", format_number(core$greatest_pooled, 3),
      ", beyond 1, because groups leave at very different times: the variance is doubtful"
    )
  }
  sets <- split(labels, core$component)
  alone <- lengths(sets) == 1
  if (all(alone)) {
    return(paste0("no event of ", quoted(cause), " at which two groups", if (length(labels) > 2) " or more",
      " were at risk: the test is undefined (NA)"
    ))
  }
  if (is.na(core$statistic)) {
    return(c(beyond, paste0(
      if (isTRUE(all(core$covariance == 0))) {
        "all at risk had the event at one time: the variance is 0"
      } else {
        "the covariance of the scores is not positive definite, as that of few or much tied events may be"
      }, ": the test is undefined (NA)"
    )))
  }
  c(
    beyond,
    if (any(alone)) {
      paste0("no information from ", quoted(unlist(sets[alone])), ": never at risk beside another group at an event ",
        "of ", quoted(cause), "; df reduced"
      )
    },
    if (sum(!alone) > 1) note_sets(sets[!alone])
  )
}

note_undefined_ways <- function(dealt) {
  if (is.null(dealt) || dealt$undefined == 0) return(NULL)
  paste0("in ", number_text(dealt$undefined), " of the ways of dealing the statistic is undefined; ",
    "they count as larger than the observed one"
  )
}

gray_fields <- c(
  "statistic", "p.value", "log_p_value", "cause", "observed", "expected", "score", "covariance", "n", "method"
)

check_gray <- function(x, call) check_result(x, "gray_test", gray_fields, call, c("n_rows", "rho"))

#' @export
print.gray_test <- function(x, digits = 3, ...) {
  check_gray(x, quote(print()))
  digits <- check_digits(digits, quote(print()))
  print_test_head(x, sub("the cause", paste0("'", encodeString(x$cause), "'"), method_null("gray"), fixed = TRUE))
  shown <- data.frame(
    n = number_text(x$n), observed = number_text(x$observed), expected = format_number(x$expected, digits),
    row.names = names(x$n)
  )
  if (x$meta$rho != 0) shown$score <- format_number(x$score, digits)
  print(shown)
  print_test_answer(x, digits)
  cat(method_source("gray"), ".\n", sep = "")
  print_notes(x$meta$notes)
  invisible(x)
}

#' Tidy Gray's test
#'
#' `tidy()` gives one row per group, `glance()` one row for the test.
#'
#' @param x A [gray_test()].
#' @param row.names,optional,... Not used.
#' @return `tidy()` and `as.data.frame()`: a data frame with `cause`, `strata` (group label), `n`, `observed`,
#'   `expected`, `score`.
#'   `glance()`: `cause`, `statistic`, `df`, `p.value`, `log.p.value`, `method`.
#' @section Errors: `cryonodes_error_object`.
#' @examples
#' test <- gray_test(c(5, 8, 12, 20, 33, 35), c(1, 0, 2, 1, 1, 2), c(1, 1, 1, 2, 2, 2), cause = 1)
#' tidy(test)
#' glance(test)
#' @method tidy gray_test
#' @export
tidy.gray_test <- function(x, ...) {
  check_gray(x, quote(tidy()))
  data.frame(
    cause = x$cause, strata = names(x$n), n = as.vector(x$n), observed = as.vector(x$observed),
    expected = as.vector(x$expected), score = as.vector(x$score), stringsAsFactors = FALSE
  )
}

#' @rdname tidy.gray_test
#' @export
as.data.frame.gray_test <- function(x, row.names = NULL, optional = FALSE, ...) tidy.gray_test(x)

#' @rdname tidy.gray_test
#' @method glance gray_test
#' @export
glance.gray_test <- function(x, ...) {
  check_gray(x, quote(glance()))
  data.frame(
    cause = x$cause, statistic = as.vector(x$statistic),
    df = if (is.null(x$parameter)) NA_real_ else as.vector(x$parameter), p.value = x$p.value,
    log.p.value = x$log_p_value, method = x$method, stringsAsFactors = FALSE
  )
}
