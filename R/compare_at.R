#' Compare groups at fixed times
#'
#' Do groups differ in survival at 12 months, at 24? Compares Kaplan-Meier estimates, or incidences of a competing
#' event, at times stated in advance: difference, ratio or odds ratio with interval and p-value. What happens before and
#' after the time plays no part; for whole curves see [logrank_test()] and [restricted_mean()]. Assumes that who is
#' censored has the same outlook as who stays under observation, and that rows are independent unless `cluster` says
#' which of them belong together.
#'
#' @param ... A formula, or the vector of times: the class of the first argument decides. Not used by the methods.
#' @param formula `Surv(time, status) ~ group`, with `+ cluster(id)` for rows that belong together. In a formula,
#'   `Surv(entry, exit, status)` gives delayed entry, and several groups are written `a + b`. The first group is the
#'   reference.
#' @param times When to compare: one or more numbers >= 0 in the unit of the follow-up, or a difftime when that has a
#'   unit.
#' @param method How, see Methods. `NULL`: `"melded"` for fewer than 100 subjects (clusters, where there are any), where
#'   it is defined, else `"cloglog"`.
#' @param pooled Take the variance of the test from all groups together, as the hypothesis has it? For `"identity"`,
#'   `"log"`, `"cloglog"`, `"arcsine"` and `"logit"` of independent rows.
#' @param measure Which of `"difference"`, `"ratio"` and `"odds ratio"` to report, one or more.
#' @param cause For competing events: the label of the event whose incidences are compared. `NULL`: survival.
#' @param censor With `cause`: the value(s) of status that mean censored, as in [cumulative_incidence()].
#' @param cluster Cluster of each row, such as the patient: a column of `data`, or a vector. `NULL`: rows are
#'   independent.
#' @param p.adjust.method How the p-values of several times are adjusted for being several, as in
#'   [stats::p.adjust()]: `"none"` (default), `"holm"`, ...
#' @inheritParams kaplan_meier
#' @param conf.level Two-sided coverage of all intervals, in (0, 1).
#'
#' @return A `compare_at`; of two groups at one time also an `htest`. Elements: `rates`, a data frame with a row for
#'   each time and group: `time`, `strata`, `n`, `n.risk` (just before the time), `cum.event` (by the time),
#'   `cum.censor` (before it), `estimate`, `std.error`, `conf.low`, `conf.high`, `note`; `contrasts`, with a row for
#'   each time, measure and group but the first: `time`, `measure`, `strata`, `reference`, `estimate`, `std.error` (of
#'   the difference, or of the logarithm of a ratio; `NA` where the interval is not made from one), `conf.low`,
#'   `conf.high`, `statistic` (normal deviate), `p.value`, `log.p.value`, `note`; `tests`, with a row for each time:
#'   `time`, `statistic`, `df`, `p.value`, `log.p.value`, `p.adjusted`, `note`; and `meta` (labels, unit, rows left out,
#'   notes). [tidy()][tidy.compare_at] gives the contrasts, `glance()` the tests.
#' @section Methods:
#' With \eqn{\hat S_g}{S_g} the Kaplan-Meier estimate of group \eqn{g} at the time and \eqn{V_g} Greenwood's variance:
#'
#' * `"identity"`, `"log"`, `"cloglog"`, `"arcsine"`, `"logit"`: \eqn{\phi(\hat S)}{phi(S)} is taken for normal, with
#'   variance \eqn{\phi'(\hat S_g)^2 V_g}{phi'(S_g)^2 V_g} and \eqn{\phi}{phi} = \eqn{S}, \eqn{\log S}{log S},
#'   \eqn{\log(-\log S)}{log(-log S)}, \eqn{\arcsin \sqrt S}{arcsin sqrt S}, \eqn{\log(S/(1 - S))}{log(S/(1 - S))}. Two
#'   groups have a normal deviate, more a chi-square on one degree of freedom less than groups. With `pooled` the
#'   variance is \eqn{\phi'(\hat S)^2 \hat S^2 \sum h / ((1 - h) n_g)}{phi'(S)^2 S^2 sum h / ((1 - h) n_g)}, with
#'   \eqn{\hat S}{S} and the hazards \eqn{h} of all groups together and the numbers at risk \eqn{n_g} of the group.
#'   Intervals of differences and ratios are recovered from those of the two groups on the scale of the method; on that
#'   scale itself they are the normal ones.
#' * `"melded"`: what is known of each \eqn{S_g} are the two beta laws of the beta product procedure, whose quantiles
#'   are its lower and upper limits. The p-value against "no larger than in the reference" is
#'   \eqn{P(L_2 \le U_1)}{P(L_2 <= U_1)} with \eqn{L_2} from the lower law of one group and \eqn{U_1} from the upper law
#'   of the other; p is twice the smaller of both sides, and the limits are quantiles of \eqn{L_2 - U_1} and
#'   \eqn{U_2 - L_1} (of quotients, for ratios). It errs on the safe side for any number of subjects, and without
#'   censoring the central version of Fisher's exact test. `"melded mid-p"` takes for each group
#'   either law with probability 1/2, as `"bpcp mid-p"` does for one group: on average it is nearer to the level,
#'   without a guarantee. With clusters the laws are those of `conf.type = "beta-cluster"` of
#'   [kaplan_meier()]: experimental.
#' * `"pseudo-values"`: means of the jackknife pseudo-values of all groups together, compared on the scale of
#'   `"cloglog"`, with the variance between rows or clusters (generalised estimating equations, independence).
#' * `"fisher-crude"`: Fisher's exact test of who is known to have had the event by the time against all others, as if
#'   nobody had been censored before. It is here because papers use it; the result says how many it takes for event-free
#'   who were not followed so long. Its intervals are melded ones of the crude shares.
#'
#' Incidences of a cause have the variance `"delta"` of [cumulative_incidence()] (with clusters `"robust"`) in place of
#' Greenwood's; `"cloglog"` is then \eqn{\log(-\log(1 - F))}{log(-log(1 - F))}, and `"melded"`, experimental, takes each
#' for a share of the \eqn{F (1 - F) / V} subjects that would give that variance. With clusters, \eqn{V} and the
#' covariance of groups that share clusters are the infinitesimal jackknife.
#' @section Edge cases:
#' Where a rate is 0 or 1, or a mean of pseudo-values is not between them, a normal scale has no answer (a group whose
#' own curve is 0 or 1 keeps that for its mean of pseudo-values). The melded p-value and intervals stand in, which the
#' `note` says; with `pooled` the test remains as long as the scale has a value there. Of more than two groups the
#' chi-square is then undefined. A group that is not followed to the time has no rate and no comparison, unless its
#' curve has reached 0: the note names its last time. Nor has a group of one cluster. Times that differ from a time of
#' the data by rounding only are that time.
#' @section Errors:
#' `cryonodes_error_times`, `_missing`, `_time`, `_status`, `_type`, `_length`, `_empty`, `_entry`, `_weights`, `_group`
#' (fewer than two), `_column`, `_formula`, `_conf_level`, `_choice` (`method`, `measure`, `pooled`, `cause`, or a
#' method that the data do not allow); for counts `_table` and `_object`.
#' @references
#' Klein JP, Logan B, Harhoff M, Andersen PK (2007). Analyzing survival curves at a fixed point in time. *Statistics in
#' Medicine* 26:4505-4519.
#'
#' Fay MP, Proschan MA, Brittain E (2015). Combining one-sample confidence procedures for inference in the two-sample
#' case. *Biometrics* 71:146-156. Fay MP, Brittain EH, Proschan MA (2013). Pointwise confidence intervals for a survival
#' distribution with small samples or heavy censoring. *Biostatistics* 14:723-736.
#'
#' Zou GY, Donner A (2008). Construction of confidence limits about effect measures: a general approach. *Statistics in
#' Medicine* 27:1693-1702. Zou GY (2007). Toward using confidence intervals to compare correlations. *Psychological
#' Methods* 12:399-413.
#'
#' Andersen PK, Klein JP, Rosthoj S (2003). Generalised linear models for correlated pseudo-observations, with
#' applications to multi-state models. *Biometrika* 90:15-27.
#' @seealso [tidy.compare_at()], [logrank_test()], [restricted_mean()]
#' @examples
#' patients <- data.frame(
#'   months = c(3, 8, 8, 12, 15, 20, 24, 30, 31),
#'   died = c(0, 1, 1, 1, 0, 1, 1, 0, 0),
#'   arm = c("a", "a", "a", "a", "b", "b", "b", "b", "b")
#' )
#' compare_at(Surv(months, died) ~ arm, data = patients, times = c(6, 12))
#' compare_at(Surv(months, died) ~ arm, data = patients, times = 10, method = "fisher-crude")
#' lung <- survival::lung
#' compare_at(Surv(time, status) ~ sex,
#'   data = lung, event = 2, times = 365, measure = c("difference", "ratio")
#' )
#' # Incidence of a competing event
#' mgus <- survival::mgus2
#' mgus$time <- ifelse(mgus$pstat == 1, mgus$ptime, mgus$futime)
#' mgus$outcome <- ifelse(mgus$pstat == 1, "pcm", ifelse(mgus$death == 1, "death", "none"))
#' compare_at(Surv(time, outcome) ~ sex, data = mgus, times = 120, cause = "pcm", censor = "none")
#' @export
compare_at <- function(...) UseMethod("compare_at", dispatch_on(...))

#' @rdname compare_at
#' @export
compare_at.formula <- function(formula, data = NULL, times, subset, weights, na.action = "error", event = NULL,
                               cause = NULL, censor = NULL, cluster, method = NULL, pooled = FALSE,
                               measure = "difference", p.adjust.method = "none", conf.level = 0.95, timefix = TRUE,
                               ...) {
  call <- quote(compare_at())
  check_dots(..., call = call)
  check_given(missing(times), "times", call)
  asked <- read_compare_at(times, method, pooled, measure, cause, censor, p.adjust.method, conf.level, call)
  frame <- frame_from_formula(
    formula, data,
    subset = enquo(subset) |> absent_as_null(), weights = enquo(weights) |> absent_as_null(),
    check_na_action(na.action, call), if (is.null(cause)) read_event(event) else read_causes(censor), "cluster", call,
    parent.frame(),
    cluster = enquo(cluster) |> absent_as_null(), timefix = timefix
  )
  fit_compare_at(frame, formula_text(formula), asked, timefix, call)
}

#' @rdname compare_at
#' @param time For vectors: follow-up of each row, numeric or difftime, finite and >= 0.
#' @param entry For vectors: time of entry of each row, before its `time`, or `NULL`.
#' @export
compare_at.default <- function(time, event, group = NULL, times, cause = NULL, censor = NULL, entry = NULL,
                               weights = NULL, cluster = NULL, na.action = "error", method = NULL, pooled = FALSE,
                               measure = "difference", p.adjust.method = "none", conf.level = 0.95, timefix = TRUE,
                               ...) {
  call <- quote(compare_at())
  check_dots(..., call = call)
  check_given(missing(time), "time", call)
  if (missing(event)) {
    abort_rule("status", "`event` is missing: whether each time is an event or a censoring must be stated.",
      arg = "event", call = call
    )
  }
  check_given(missing(times), "times", call)
  asked <- read_compare_at(times, method, pooled, measure, cause, censor, p.adjust.method, conf.level, call)
  frame <- frame_from_vectors(time, event, group, weights, check_na_action(na.action, call), call,
    cluster = cluster, entry = entry, status = if (!is.null(cause)) read_causes(censor)
  )
  fit_compare_at(frame, "time and event by group", asked, timefix, call)
}

#' @rdname compare_at
#' @param counts A life table made by [event_counts()]; without `cause`, any of its competing events counts.
#' @export
compare_at.event_counts <- function(counts, times, cause = NULL, method = NULL, pooled = FALSE, measure = "difference",
                                    p.adjust.method = "none", conf.level = 0.95, ...) {
  call <- quote(compare_at())
  check_dots(..., call = call)
  check_given(missing(times), "times", call)
  asked <- read_compare_at(times, method, pooled, measure, cause, NULL, p.adjust.method, conf.level, call)
  fit_compare_at(frame_from_counts(counts, call), "counts by group", asked, FALSE, call)
}

klein_methods <- c("identity", "log", "cloglog", "arcsine", "logit")
compare_methods <- c("melded", "melded mid-p", klein_methods, "pseudo-values", "fisher-crude")
# Those that compare two groups at a time.
exact_methods <- c("melded", "melded mid-p", "fisher-crude")
compare_measures <- c("difference", "ratio", "odds ratio")

# What is asked for, as far as it can be checked without the data.
read_compare_at <- function(times, method, pooled, measure, cause, censor, p.adjust.method, conf.level, call) {
  if (!is.null(method)) check_choice(method, compare_methods, "method", call)
  check_flag(pooled, "pooled", call)
  if (pooled && !is.null(method) && !method %in% klein_methods) {
    abort_rule("choice", paste0("`pooled` belongs to ", quoted(klein_methods), ", not to \"", method, "\"."),
      arg = "pooled", call = call
    )
  }
  if (!is.character(measure) || !length(measure) || !all(measure %in% compare_measures)) {
    abort_rule("choice", paste0("`measure` must be among ", quoted(compare_measures), ", not ", one_line(measure), "."),
      arg = "measure", call = call
    )
  }
  if (!is.null(censor) && is.null(cause)) {
    abort_rule("choice", "`censor` goes with `cause`: incidences of which event are compared?",
      arg = "cause", call = call
    )
  }
  check_choice(p.adjust.method, stats::p.adjust.methods, "p.adjust.method", call)
  list(
    times = times, method = method, pooled = pooled, measure = unique(measure),
    cause = cause, p.adjust.method = p.adjust.method, conf.level = check_conf_level(conf.level, call)
  )
}

# Beyond that a beta law takes long to sum, and is normal.
most_melded <- 1e7

# Why the data do not allow a method, with a hint; NULL where they do.
refused_method <- function(method, frame, asked, shared) {
  counts <- if (is.null(frame[["n_censor"]])) frame$weights else c(frame$event, frame$n_censor)
  incidence <- !is.null(asked$cause)
  what <- if (!method %in% klein_methods && !is.null(frame$entry)) {
    "delayed entry"
  } else if (method == "pseudo-values" && !is.null(frame$weights)) {
    "`weights`"
  } else if (method %in% exact_methods && any(counts %% 1 != 0)) {
    "weights that are not whole numbers"
  } else if (method %in% c("melded", "melded mid-p") && sum(counts) > most_melded) {
    paste0("more than ", number_text(most_melded), " subjects: any other method will do")
  } else if (method == "fisher-crude" && !is.null(frame$cluster)) {
    "clusters: it would take the rows of a patient for patients"
  } else if (method %in% c("pseudo-values", "fisher-crude") && incidence) {
    "`cause`"
  } else if (method %in% c("melded", "melded mid-p") && shared) {
    "clusters that have rows in several groups"
  }
  if (is.null(what)) return(NULL)
  paste0("`method = \"", method, "\"` is not defined for ", what, ".")
}

choose_method <- function(frame, asked, shared, call) {
  method <- asked$method
  if (is.null(method)) {
    counted <- if (is.null(frame[["n_censor"]])) frame$weights else c(frame$event, frame$n_censor)
    units <- frame$n_cluster %||% if (is.null(counted)) length(frame$time) else sum(counted)
    small <- units < 100 && !asked$pooled && is.null(asked$cause)
    method <- if (small && is.null(refused_method("melded", frame, asked, shared))) "melded" else "cloglog"
  }
  refused <- refused_method(method, frame, asked, shared)
  if (!is.null(refused)) abort_rule("choice", refused, "\"cloglog\" takes such data.", arg = "method", call = call)
  if (asked$pooled && (!is.null(frame$cluster) || !is.null(asked$cause))) {
    abort_rule("choice", paste0("`pooled` is for the survival of independent rows, not for ",
      if (is.null(asked$cause)) "clusters" else "incidences", "."
    ), arg = "pooled", call = call)
  }
  if (shared && !is.null(asked$cause)) {
    abort_rule("choice", "incidences of groups that share clusters cannot be compared: their covariance is not known.",
      "Compare survival, or one group of patients after the other.",
      arg = "cluster", call = call
    )
  }
  method
}

fit_compare_at <- function(frame, data_name, asked, timefix, call) {
  frame$timefix <- check_flag(timefix, "timefix", call)
  asked$times <- unique(check_times(asked$times, call, frame$unit))
  labels <- groups_to_compare(frame, call)
  cause <- 0L # survival
  if (!is.null(asked$cause)) {
    causes <- frame$causes %||% "event"
    cause <- read_cause(asked$cause, causes, call)
    asked$cause <- causes[cause]
  }
  shared <- !is.null(frame$cluster) && anyDuplicated(unique(cbind(frame$cluster, frame_groups(frame)))[, 1]) > 0
  method <- choose_method(frame, asked, shared, call)
  core <- call_core(compare_at_cpp(
    frame, asked$times, method, asked$pooled, cause, asked$conf.level, compare_measures %in% asked$measure
  ), call)
  k <- length(labels)
  times <- asked$times
  rates <- as_rows(c(list(time = rep(times, each = k), strata = rep(labels, length(times))), core$rates))
  what <- if (is.null(asked$cause)) "survival" else paste0("incidence of ", quoted(asked$cause))
  lone <- if (length(core$n_cluster)) core$n_cluster < 2 else FALSE
  nobody <- core$last >= rates$time
  rates$note <- ifelse(is.na(rates$estimate), ifelse(nobody, "nobody under observation at that time",
    beyond_follow_up(core$last)
  ),
    ifelse(lone, "one cluster only: no standard error", NA_character_)
  )
  contrasts <- contrast_rows(core, rates, times, labels, method, asked)
  of_two <- if (k == 2) contrasts[contrasts$measure == asked$measure[1], ]
  tests <- as_rows(list(
    time = times, statistic = core$chi_square, df = ifelse(is.na(core$chi_square), NA, k - 1),
    p.value = exp(core$log_p_all), log.p.value = core$log_p_all,
    p.adjusted = stats::p.adjust(exp(core$log_p_all), asked$p.adjust.method),
    note = if (k == 2) of_two$note else note_all_groups(rates, core, labels, method, asked)
  ))
  units <- frame$n_cluster %||% sum(rates$n[seq_len(k)])
  structure(list(
    statistic = if (k == 2 && length(times) == 1) c(z = of_two$statistic),
    p.value = if (length(times) == 1) tests$p.value, alternative = "two.sided",
    method = compare_title(method, asked, what), data.name = data_name,
    estimate = if (k == 2 && length(times) == 1) setNames(of_two$estimate, asked$measure[1]),
    conf.int = if (k == 2 && length(times) == 1) {
      structure(c(of_two$conf.low, of_two$conf.high), conf.level = asked$conf.level)
    },
    rates = rates, contrasts = contrasts, tests = tests, conf.level = asked$conf.level,
    meta = list(
      format = result_format, method = "compare_at", how = method, pooled = asked$pooled, measure = asked$measure,
      what = what, cause = asked$cause, p.adjust.method = asked$p.adjust.method,
      group_title = frame$group_title, group_labels = labels, unit = frame$unit,
      n_rows = frame$n_rows, rows_dropped = frame$rows_dropped, n_time_merged = core$n_time_merged,
      cluster_title = if (!is.null(frame$cluster)) cluster_meta(frame, NULL)$title, n_cluster = frame$n_cluster,
      notes = c(
        frame$notes, note_merged(core$n_time_merged),
        if (method == "fisher-crude") note_crude(rates, labels, times),
        if (!method %in% exact_methods) note_normal(rates, frame, units),
        if (shared && any(core$melded > 0)) "groups share clusters: a melded p-value takes them for independent"
      )
    )
  ), class = c("compare_at", if (k == 2 && length(times) == 1) "htest"))
}

# How many Fisher's test takes for event-free who were not followed so long.
note_crude <- function(rates, labels, times) {
  lost <- lapply(labels, function(g) rates[rates$strata == g, ])
  lost <- lost[vapply(lost, function(rows) any(rows$cum.censor > 0), TRUE)]
  if (!length(lost)) return("nobody was censored before the time: Fisher's test loses nothing")
  each <- vapply(lost, function(rows) {
    paste0(paste(number_text(rows$cum.censor), collapse = ", "), " of ", number_text(rows$n[1]), " in '",
      rows$strata[1], "'"
    )
  }, "")
  paste0("Fisher's test ignores censoring: who was censored before ", paste(number_text(times), collapse = ", "),
    " counts as free of the event; that is ", paste(each, collapse = " and ")
  )
}

# Where a normal scale is a rough guide.
note_normal <- function(rates, frame, units) {
  if (!is.null(frame$cluster)) return(note_few_clusters(units, FALSE))
  few <- !is.na(rates$estimate) & pmin(rates$cum.event, rates$n.risk) < 5
  if (any(few)) {
    paste0("fewer than 5 with the event or still at risk in ", quoted(unique(rates$strata[few])),
      ": a normal scale is a rough guide"
    )
  }
}

# data.frame() takes longer than the comparison.
as_rows <- function(columns) structure(columns, class = "data.frame", row.names = seq_along(columns[[1]]))

contrast_rows <- function(core, rates, times, labels, method, asked) {
  k <- length(labels)
  n <- length(times)
  at <- matrix(seq_len(k * n), k) # rows of `rates`, a column a time
  own <- as.vector(at[-1, , drop = FALSE])
  reference <- rep(at[1, ], each = k - 1)
  p <- core$log_p_value
  ends <- rates$estimate <= 0 | rates$estimate >= 1
  stands_in <- core$melded > 0 & !method %in% exact_methods
  note <- ifelse(!is.na(rates$note[reference]), paste0("'", labels[1], "' ", rates$note[reference]),
    ifelse(!is.na(rates$note[own]), paste0("'", rep(labels[-1], n), "' ", rates$note[own]),
      ifelse(is.na(p), "the groups do not vary apart from each other: undefined",
        ifelse(!stands_in, NA_character_,
          paste0(
            ifelse(ends[reference] | ends[own], "a rate of 0 or 1", "a rate without variance"), ": melded ",
            ifelse(is.na(core$statistic), "p and ", ""), "interval"
          )
        )
      )
    )
  )
  parts <- lapply(asked$measure, function(m) {
    as_rows(c(
      list(
        time = rep(times, each = k - 1), measure = rep(m, n * (k - 1)), strata = rep(labels[-1], n),
        reference = rep(labels[1], n * (k - 1))
      ),
      core[[m]], list(statistic = core$statistic, p.value = exp(p), log.p.value = p, note = note)
    ))
  })
  do.call(rbind, parts)
}

# Why more than two groups have no test.
note_all_groups <- function(rates, core, labels, method, asked) {
  at <- split(rates, factor(rates$time, asked$times))
  out <- vapply(at, function(rows) {
    silent <- !is.na(rows$note)
    ends <- rows$estimate <= 0 | rows$estimate >= 1
    if (method %in% exact_methods) return("this method compares two groups at a time")
    if (any(silent)) return(paste0("no rate of ", quoted(rows$strata[silent]), ": undefined"))
    if (any(ends)) return(paste0("a rate of 0 or 1 in ", quoted(rows$strata[ends]), ": undefined"))
    "the groups do not vary apart from each other: undefined"
  }, "")
  ifelse(is.na(core$log_p_all), unname(out), NA_character_)
}

compare_title <- function(method, asked, what) {
  kind <- switch(method,
    melded = , "melded mid-p" = paste0(
      sub("melded", if (is.null(asked$cause)) "melded beta-product" else "melded (experimental)", method), " test"
    ),
    cloglog = "complementary log-log test", "pseudo-values" = "test of pseudo-values",
    "fisher-crude" = "Fisher's exact test of crude counts", paste(method, "test")
  )
  paste0("Comparison of ", what, " at a fixed time, ", kind, if (asked$pooled) ", pooled variance")
}
