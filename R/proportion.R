#' Proportions with confidence intervals
#'
#' How often did something happen, and how well is that known: complications of procedures, responses of lesions. Exact
#' for independent observations that are all fully observed; patients censored early are not, and then [kaplan_meier()]
#' or [cumulative_incidence()] is the tool. Lesions of one patient are not independent: say so with `cluster`.
#'
#' @param ... A formula, counts or outcomes: the class of the first argument decides. Not used by the methods.
#' @param formula `outcome ~ group`, or `outcome ~ 1`. Several groups are written `a + b` (every combination is a
#'   group); `+ cluster(id)` names the clusters.
#' @param data Data frame in which the formula, `subset` and `cluster` are evaluated.
#' @param subset Rows to use: a logical condition or row numbers.
#' @param x Counts of events, one row of the result each; or, without `n`, the outcomes: logical, 0/1, or any values
#'   together with `event`.
#' @param n How many were observed; as long as `x`, or one number. At most 10^9.
#' @param group For counts: labels of the rows, or `NULL`. For outcomes: the group of each.
#' @param cluster Which outcomes belong together (the patient of each lesion); for counts, which rows do: their sum is
#'   then one row a group. Needs `conf.type = "korn-graubard"`, which is the default then.
#' @param event The value(s) of the outcome that mean an event, when it is not logical or 0/1.
#' @param conf.type `"clopper-pearson"` (default without clusters), `"blaker"`, `"mid-p"`, `"wilson"` or
#'   `"korn-graubard"` (default with clusters). See Definition.
#' @param alternative `"two.sided"` (default), `"less"` (an upper limit only) or `"greater"` (a lower one), as in
#'   [fisher_test()].
#' @param conf.level Coverage, in (0, 1), of the two limits or of the one limit of a one-sided alternative.
#' @param na.action `"error"` (default) refuses missing values; `"omit"` leaves such rows out, counts them in the result
#'   and prints the count. Counts must not be missing.
#'
#' @return A `proportion`, which is a data frame with one row a group: `group`, `n`, `events`, `proportion` (0 to 1),
#'   `conf.low`, `conf.high`, `method`; with clusters also `n.cluster` and `n.effective`. Its attribute `meta` holds
#'   what `print()` says of it. `tidy()`: `strata`, `n`, `n.event`, `estimate`, `conf.low`, `conf.high`; `glance()`: one
#'   row with the totals.
#' @section Definition:
#' Let X be binomial of n and p, \eqn{x} events seen, and \eqn{\alpha} = 1 - `conf.level`.
#'
#' `"clopper-pearson"`: the p at which \eqn{P(X \ge x)}{P(X >= x)} and \eqn{P(X \le x)}{P(X <= x)} are
#' \eqn{\alpha/2}{alpha/2}. Covers at least `conf.level` on each side, whatever p.
#'
#' `"blaker"`: the least and the greatest p of which \eqn{P(X \ge x) + P(X \le c)}{P(X >= x) + P(X <= c)} exceeds
#' \eqn{\alpha}{alpha}, where c is the largest number with
#' \eqn{P(X \le c) \le P(X \ge x)}{P(X <= c) <= P(X >= x)} (and with the sides exchanged when x lies low). Covers at
#' least `conf.level`, lies within Clopper and Pearson's, and is two-sided only. The set of such p can have gaps; the
#' limits are its ends. They are found from its structure, not on a grid.
#'
#' `"mid-p"`: as Clopper and Pearson's, with half of \eqn{P(X = x)}. Covers about `conf.level` on average, less for some
#' p.
#'
#' `"wilson"`: the roots p of \eqn{(x - np)^2 = z^2 n p (1 - p)}, z the normal quantile. An approximation that covers
#' about `conf.level` on average.
#'
#' `"korn-graubard"`: Clopper and Pearson's limits for an effective sample. With \eqn{x_j} events among \eqn{n_j} in
#' cluster j of k, \eqn{p = \sum x_j / \sum n_j}{p = sum x_j / sum n_j},
#' \deqn{v = \frac{k}{k - 1} \sum_j (x_j - p n_j)^2 / n^2, \quad
#' n_{eff} = \min\left(n, \frac{p (1 - p)}{v} \left(\frac{t_{n-1}}{t_{k-1}}\right)^2\right),}{
#' v = k / (k - 1) sum_j (x_j - p n_j)^2 / n^2, n_eff = min(n, p (1 - p) / v (t_(n-1) / t_(k-1))^2),}
#' t the point of Student's distribution that is exceeded in size with probability \eqn{\alpha}{alpha}
#' (\eqn{2\alpha}{2 alpha} for one limit), the limits are beta quantiles with \eqn{n_{eff} p}{n_eff p} events of
#' \eqn{n_{eff}}{n_eff}, which need not be whole. Each group has its own clusters. Below the cap at n this is
#' `survey::svyciprop(method = "beta")`.
#' @section Edge cases:
#' 0 of n: the lower limit is 0; n of n: the upper limit is 1. A group with n = 0 has proportion `NA` and limits 0 and
#' 1. With clusters, 0 of n and n of n have no variance between clusters; the effective sample size is the number of
#' clusters then. A group with one cluster has limits 0 and 1, and a note.
#' @section Errors:
#' `cryonodes_error_count` (`x` or `n` negative, fractional, above 10^9, or `x` > `n`), `_missing`, `_type`, `_length`,
#' `_empty`, `_status` (which outcome is the event is not stated), `_group`, `_column`, `_formula`, `_conf_type`
#' (unknown; clusters with an interval that takes outcomes for independent; `"korn-graubard"` without clusters;
#' one-sided `"blaker"`), `_conf_level`, `_choice`.
#' @references
#' Clopper CJ, Pearson ES (1934). The use of confidence or fiducial limits illustrated in the case of the binomial.
#' *Biometrika* 26:404-413.
#'
#' Blaker H (2000). Confidence curves and improved exact confidence intervals for discrete distributions. *Canadian
#' Journal of Statistics* 28:783-798.
#'
#' Berry G, Armitage P (1995). Mid-P confidence intervals: a brief review. *The Statistician* 44:417-423.
#'
#' Wilson EB (1927). Probable inference, the law of succession, and statistical inference. *Journal of the American
#' Statistical Association* 22:209-212.
#'
#' Korn EL, Graubard BI (1998). Confidence intervals for proportions with small expected number of positive counts
#' estimated from survey data. *Survey Methodology* 24:193-201.
#' @seealso [compare_proportions()], [fisher_test()]
#' @examples
#' # Complications of two procedures
#' proportion(c(3, 0), c(52, 41), group = c("cryoablation", "surgery"))
#' proportion(c(3, 0), c(52, 41), conf.type = "blaker")
#'
#' # Lesions in patients
#' lesions <- data.frame(
#'   patient = c(1, 1, 1, 2, 2, 3, 4, 4, 5, 6),
#'   response = c("yes", "yes", "yes", "no", "no", "yes", "no", "yes", "yes", "no")
#' )
#' proportion(response ~ 1, lesions, event = "yes", cluster = patient)
#' @export
proportion <- function(...) UseMethod("proportion", dispatch_on(...))

#' @rdname proportion
#' @export
proportion.formula <- function(formula, data = NULL, subset, cluster, event = NULL, conf.type = NULL,
                               alternative = "two.sided", conf.level = 0.95, na.action = "error", ...) {
  call <- quote(proportion())
  check_dots(..., call = call)
  frame <- frame_from_formula(
    with_times(formula, call), data,
    subset = enquo(subset) |> absent_as_null(), weights = null_quosure, check_na_action(na.action, call),
    read_event(event), "cluster", call, parent.frame(), cluster = enquo(cluster) |> absent_as_null()
  )
  fit_proportion(counts_of_frame(frame), conf.type, alternative, conf.level, formula_text(formula), call)
}

#' @rdname proportion
#' @export
proportion.default <- function(x, n = NULL, group = NULL, cluster = NULL, event = NULL, conf.type = NULL,
                               alternative = "two.sided", conf.level = 0.95, na.action = "error", ...) {
  call <- quote(proportion())
  check_dots(..., call = call)
  check_given(missing(x), "x", call)
  counted <- !is.null(n)
  if (counted) {
    if (!is.null(event)) {
      abort_rule("choice", "`event` is for outcomes: `x` and `n` are counts.", arg = "event", call = call)
    }
    counts <- counts_of_rows(x, n, group, cluster, check_na_action(na.action, call), call)
  } else {
    frame <- frame_from_vectors(numeric(length(x)), x, group, NULL, check_na_action(na.action, call), call,
      cluster = cluster, status = read_event(event), event_name = "x"
    )
    counts <- counts_of_frame(frame)
  }
  fit_proportion(counts, conf.type, alternative, conf.level, if (counted) "x of n" else "x", call)
}

# The reader of cohorts wants times; outcomes that are all observed are those of one moment.
with_times <- function(formula, call) {
  if (!rlang::is_formula(formula, lhs = TRUE)) {
    abort_rule("formula", "`formula` must look like `outcome ~ group`.", arg = "formula", call = call)
  }
  lhs <- rlang::f_lhs(formula)
  if (is_call_of(lhs, "Surv")) {
    abort_rule("formula", "a proportion has no times: `formula` must look like `outcome ~ group`.",
      "For censored times see `kaplan_meier()`.",
      arg = "formula", call = call
    )
  }
  formula[[2]] <- call("Surv", call("*", 0, call("is.na", lhs)), lhs)
  formula
}

# What is counted is a list: x, n, labels (NULL without groups), title; for clusters `parts`, one data frame of events
# and sizes per group, and their title; rows_dropped, n_rows, notes.
counts_of_frame <- function(frame) {
  labels <- frame$group_labels
  k <- max(1, length(labels))
  g <- if (is.null(labels)) rep(1L, length(frame$event)) else as.integer(frame_groups(frame)) + 1L
  if (is_counted(frame)) {
    g <- frame$group + 1L
    x <- sums_by_group(frame$event, g, seq_len(k))
    n <- x + sums_by_group(frame$n_censor, g, seq_len(k))
  } else {
    event <- as.integer(frame$event)
    x <- as.double(tabulate(g[event == 1L], k))
    n <- as.double(tabulate(g, k))
  }
  counts <- list(
    x = x, n = n, labels = labels, title = frame$group_title, rows_dropped = frame$rows_dropped,
    n_rows = frame$n_rows, notes = frame$notes
  )
  if (!is.null(frame$cluster)) {
    counts$cluster_title <- cluster_meta(frame, 0L)$title
    counts$parts <- cluster_parts(event, rep(1, length(event)), g, frame$cluster, k)
  }
  counts
}

cluster_parts <- function(x, n, g, cluster, k) {
  lapply(seq_len(k), function(i) {
    own <- g == i & n > 0
    list(x = as.vector(rowsum(as.double(x[own]), cluster[own])), n = as.vector(rowsum(as.double(n[own]), cluster[own])))
  })
}

counts_of_rows <- function(x, n, group, cluster, na.action, call) {
  for (name in c("x", "n")) {
    value <- get(name)
    check_vector(value, name, call)
    check_counts(value, name, call)
  }
  if (!length(x)) abort_rule("empty", "no rows to analyse.", call = call)
  if (length(n) == 1) n <- rep(n, length(x))
  if (length(n) != length(x)) {
    abort_rule("length", paste0("`n` must have one value or ", length(x), " like `x`, not ", length(n), "."),
      arg = "n", call = call
    )
  }
  bad <- which(x > n)
  if (length(bad)) {
    abort_rule("count", paste0("`x` must be <= `n`, not ", format_plain(x[bad[1]]), " of ", format_plain(n[bad[1]]),
      " in ", at_rows(bad), "."
    ), arg = "x", rows = bad, call = call)
  }
  x <- as.double(x)
  n <- as.double(n)
  columns <- list(group = group, cluster = cluster)
  columns <- columns[!vapply(columns, is.null, TRUE)]
  missing_rows <- sort(unique(unlist(Map(function(v, name) {
    check_vector(v, name, call)
    check_group_type(v, name, call)
    if (length(v) != length(x)) {
      abort_rule("length", paste0("`", name, "` must have ", length(x), " values like `x`, not ", length(v), "."),
        arg = name, call = call
      )
    }
    rows <- which(is.na(if (is.factor(v)) as.character(v) else v))
    if (length(rows) && na.action == "error") {
      abort_rule("missing", paste0("`", name, "` has ", length(rows), " missing value", if (length(rows) > 1) "s", " (",
        at_rows(rows), ")."
      ), "Complete the data, or say `na.action = \"omit\"` to leave such rows out, counted and shown.",
      arg = name, rows = rows, call = call
      )
    }
    rows
  }, columns, names(columns)), use.names = FALSE)))
  kept <- setdiff(seq_along(x), missing_rows)
  if (!length(kept)) abort_rule("empty", "no rows without missing values to analyse.", call = call)
  counts <- list(
    x = x[kept], n = n[kept], labels = NULL, title = NULL, rows_dropped = missing_rows, n_rows = length(kept),
    notes = NULL
  )
  # Labels of counts may repeat unless rows are to be added up: they only name the rows.
  if (is.null(cluster)) {
    if (!is.null(group)) counts[c("labels", "title")] <- list(as.character(group[kept]), "group")
    return(counts)
  }
  grouped <- if (is.null(group)) NULL else as_group(group[kept], "group", call)
  g <- if (is.null(grouped)) rep(1L, length(kept)) else as.integer(grouped)
  k <- max(1, nlevels(grouped))
  counts$parts <- cluster_parts(counts$x, counts$n, g, number_clusters(as_group(cluster[kept], "cluster", call)), k)
  counts$labels <- levels(grouped)
  if (!is.null(group)) counts$title <- "group"
  counts$cluster_title <- "cluster"
  total <- function(v) vapply(seq_len(k), function(i) sum(v[g == i]), 0)
  counts[c("x", "n")] <- list(total(counts$x), total(counts$n))
  counts
}
