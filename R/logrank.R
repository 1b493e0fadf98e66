#' Log-rank test
#'
#' Compares the follow-up of two or more groups over its whole length: are their hazards equal at all times?
#' Most powerful when the hazards are proportional; blind to curves that cross. Assumes that who is censored has
#' the same outlook as who stays under observation, and that rows are independent: one row a patient. With few
#' events the chi-square approximation is rough.
#'
#' @param ... A formula, or the vector of times: the class of the first argument decides. Not used by the methods.
#' @param formula `Surv(time, status) ~ group`. Several groups are written `a + b` (every combination is a group);
#'   `+ strata(centre)` compares within centres and adds up.
#' @param data Data frame in which the formula and `subset` are evaluated.
#' @param subset Rows to use: a logical condition or row numbers.
#' @param na.action `"error"` (default) refuses missing values; `"omit"` leaves such rows out, counts
#'   them in the result and prints the count. `options(na.action)` plays no part.
#' @param event For a formula: the value(s) of status that mean an event, needed unless status is
#'   logical or 0/1. For vectors: the status itself, logical or 0/1.
#' @param group For vectors: the group of each row.
#' @param strata For vectors: the stratum of each row, or `NULL`.
#' @param timefix Merge times that differ by rounding error only (`TRUE`, as in survival)?
#' @param conf.level Two-sided coverage of the intervals of the hazard ratios, in (0, 1).
#'
#' @return A `logrank_test`, which is also an `htest`: `statistic` (chi-square), `parameter` (degrees of freedom),
#'   `p.value`, `method`, `data.name`, `alternative`, `observed` and `expected` events per group, for two groups
#'   `estimate` (the two hazard ratios). Besides: `log_p_value` (natural logarithm, finite where `p.value` is 0),
#'   `covariance` of observed - expected, `n` per group, `hazard_ratio` (data frame `method`, `estimate`, `conf.low`,
#'   `conf.high`; `NULL` unless there are two groups), `comparison` (which group's hazard is divided by which, in words)
#'   and `meta` (labels, unit, rows left out, notes).
#' @section Definition:
#' At each time of each stratum with \eqn{d} events among \eqn{n} at risk, of whom \eqn{n_i} in group \eqn{i}, group
#' \eqn{i} is expected to have \eqn{E_i = d n_i / n} events, and observed minus expected counts have the covariance
#' \eqn{V_{ij} = d (n - d) / (n - 1) \cdot (n_i [i = j] / n - n_i n_j / n^2)}{V_ij = d (n - d) / (n - 1) *
#' (n_i [i = j] / n - n_i n_j / n^2)} of the multivariate hypergeometric distribution. All are summed over times and
#' strata. The statistic is
#' \eqn{(O - E)' V^- (O - E)} with as many degrees of freedom as \eqn{V} has rank.
#'
#' For two groups, with the first level as reference, the hazard of the second divided by that of the first is estimated
#' by Pike as \eqn{(O_2 / E_2) / (O_1 / E_1)}, its logarithm with standard error \eqn{\sqrt{1/E_1 + 1/E_2}}{sqrt(1/E_1 +
#' 1/E_2)}, and by Peto as \eqn{\exp((O_2 - E_2) / V_{22})}{exp((O_2 - E_2) / V_22)}, with standard error
#' \eqn{1/\sqrt{V_{22}}}{1/sqrt(V_22)}. Both are near the ratio of a Cox model when it is near 1; far from 1 Peto's is
#' drawn towards 1.
#' @section Edge cases:
#' The rank is counted, not estimated: groups are linked when they were at risk together at an event that somebody at
#' risk survived, and each set of linked groups takes one degree of freedom away. A group censored before the first
#' event is linked to none: it carries no information, which `meta$notes` says. When no two groups are linked,
#' `statistic` and `p.value` are `NA`, with the reason in `meta$notes`. A group without events has a Pike ratio of 0 or
#' infinity and no interval for it.
#' @section Errors:
#' `cryonodes_error_missing`, `_time` (negative or infinite), `_status` (coding not stated), `_type`, `_length`,
#' `_empty`, `_group` (fewer than two, more than 1000, or labels that print alike), `_column`, `_formula` (delayed
#' entry, no group, terms that are not groups), `_weights` (weights are not taken), `_conf_level`.
#' @references
#' Mantel N (1966). Evaluation of survival data and two new rank order statistics arising in its consideration. *Cancer
#' Chemotherapy Reports* 50:163-170.
#'
#' Peto R, Peto J (1972). Asymptotically efficient rank invariant test procedures. *JRSS A* 135:185-207.
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
#' @export
logrank_test <- function(...) UseMethod("logrank_test", dispatch_on(...))

#' @rdname logrank_test
#' @export
logrank_test.formula <- function(formula, data = NULL, subset, na.action = "error", event = NULL, timefix = TRUE,
                                 conf.level = 0.95, ...) {
  call <- quote(logrank_test())
  check_logrank_dots(..., call = call)
  frame <- frame_from_formula(
    formula, data,
    subset = enquo(subset) |> absent_as_null(), weights = null_quosure,
    check_na_action(na.action, call), read_event(event), "strata", call, parent.frame()
  )
  if (!is.null(frame$entry)) {
    abort_rule("formula", "delayed entry, `Surv(entry, exit, status)`, is not supported by this test.",
      "Write `Surv(time, status)` with the time under observation, if that answers the question.",
      arg = "formula", call = call
    )
  }
  data_name <- paste(trimws(deparse(formula, width.cutoff = 500L)), collapse = " ")
  fit_logrank(frame, data_name, timefix, conf.level, call)
}

#' @rdname logrank_test
#' @param time For vectors: follow-up of each row, numeric or difftime, finite and >= 0.
#' @export
logrank_test.default <- function(time, event, group, strata = NULL, na.action = "error", timefix = TRUE,
                                 conf.level = 0.95, ...) {
  call <- quote(logrank_test())
  check_logrank_dots(..., call = call)
  if (missing(event)) {
    abort_rule("status", "`event` is missing: whether each time is an event or a censoring must be stated.",
      arg = "event", call = call
    )
  }
  if (missing(group)) group <- NULL
  frame <- frame_from_vectors(time, event, group, NULL, check_na_action(na.action, call), call, stratum = strata)
  data_name <- paste0("time and event by group", if (!is.null(strata)) ", within strata")
  fit_logrank(frame, data_name, timefix, conf.level, call)
}

check_logrank_dots <- function(..., call) {
  if (...length() && "weights" %in% ...names()) {
    abort_rule("weights", "the log-rank test takes no `weights`: its variance is that of whole counts.",
      "Give one row per subject.",
      arg = "weights", call = call
    )
  }
  check_dots(..., call = call)
}

fit_logrank <- function(frame, data_name, timefix, conf.level, call) {
  conf.level <- check_conf_level(conf.level, call)
  frame$timefix <- check_flag(timefix, "timefix", call)
  labels <- frame$group_labels
  if (is.null(labels)) {
    abort_rule("group", "there is no group to compare.", "Write `Surv(time, status) ~ group`.",
      arg = "group", call = call
    )
  }
  if (length(labels) < 2) {
    abort_rule("group", paste0(
      "`", frame$group_title, "` has one group only, ", quoted(labels), ": nothing to compare."
    ),
    arg = frame$group_title, call = call
    )
  }
  # The risk table knows groups only: those of one stratum stand together.
  k <- length(labels)
  if (!is.null(frame$stratum)) {
    frame$group <- frame$group + k * frame$stratum
    frame$n_group <- k * length(frame$stratum_labels)
  }
  core <- call_core(logrank_cpp(frame, k), call)
  by_group <- function(x) setNames(x, labels)
  title <- paste0(if (!is.null(frame$stratum)) "Stratified log-rank" else "Log-rank", " test")
  hazard_ratio <- if (length(labels) == 2) hazard_ratios(core, conf.level)
  structure(list(
    statistic = c("X-squared" = core$statistic), parameter = c(df = core$df), p.value = exp(core$log_p_value),
    alternative = "two.sided", method = title, data.name = data_name,
    estimate = if (!is.null(hazard_ratio)) {
      setNames(hazard_ratio$estimate, paste(hazard_ratio$method, "hazard ratio"))
    },
    observed = by_group(core$observed), expected = by_group(core$expected),
    log_p_value = core$log_p_value,
    covariance = matrix(core$covariance, length(labels), dimnames = list(labels, labels)),
    n = by_group(as.integer(core$n)), hazard_ratio = hazard_ratio,
    comparison = if (!is.null(hazard_ratio)) {
      paste0("hazard of '", labels[2], "' divided by hazard of '", labels[1], "'")
    },
    conf.level = conf.level,
    meta = list(
      format = result_format, method = "logrank", group_title = frame$group_title, group_labels = labels,
      stratum_labels = frame$stratum_labels, unit = frame$unit, n_rows = frame$n_rows,
      rows_dropped = frame$rows_dropped, n_time_merged = core$n_time_merged,
      notes = c(frame$notes, note_merged(core$n_time_merged), logrank_notes(core, labels))
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
  data.frame(
    method = c("Pike", "Peto"), estimate = exp(log_ratio), conf.low = exp(log_ratio - z * std_error),
    conf.high = exp(log_ratio + z * std_error), stringsAsFactors = FALSE
  )
}

logrank_notes <- function(core, labels) {
  if (sum(core$observed) == 0) {
    return("no events: the test is undefined (NA)")
  }
  if (core$df == 0) {
    return(paste0(
      "no event at which two groups", if (length(labels) > 2) " or more", " were at risk and somebody survived: ",
      "the variance is 0 and the test undefined (NA)"
    ))
  }
  sets <- split(labels, core$component)
  alone <- lengths(sets) == 1
  silent <- labels %in% unlist(sets[alone])
  never <- core$expected == 0
  c(
    if (any(silent & never)) {
      paste0("no information from ", quoted(labels[silent & never]), ": censored before the first event; df reduced")
    },
    if (any(silent & !never)) {
      paste0(
        "no information from ", quoted(labels[silent & !never]),
        ": never at risk beside another group at an event that somebody survived; df reduced"
      )
    },
    if (sum(!alone) > 1) {
      paste0(
        "groups were compared only within sets that were at risk together, df reduced: ",
        paste0("{", vapply(sets[!alone], quoted, "", most = max_groups), "}", collapse = ", ")
      )
    },
    if (length(labels) == 2 && any(core$observed == 0)) {
      paste0("no events in ", quoted(labels[core$observed == 0]), ": Pike's ratio has no interval")
    }
  )
}

logrank_fields <- c(
  "statistic", "parameter", "p.value", "log_p_value", "observed", "expected", "covariance", "n", "method"
)

check_logrank <- function(x, call) check_result(x, "logrank_test", logrank_fields, call, "n_rows")

#' @export
print.logrank_test <- function(x, digits = 3, ...) {
  check_logrank(x, quote(print()))
  digits <- check_digits(digits, quote(print()))
  cat(x$method, " of the null hypothesis that ", method_null("logrank"), "\n", sep = "")
  cat(encodeString(x$data.name), "; ", count_line(x$meta), "\n\n", sep = "")
  shown <- data.frame(
    n = number_text(x$n), observed = number_text(x$observed), expected = format_number(x$expected, digits),
    row.names = names(x$n)
  )
  print(shown)
  cat("\n")
  if (is.na(x$statistic)) {
    cat("Chi-square undefined\n")
  } else {
    cat("Chi-square ", format_number(x$statistic, digits), " on ", number_text(x$parameter), " df, p ",
      p_sign(x$p.value), "\n",
      sep = ""
    )
  }
  if (!is.null(x$hazard_ratio)) {
    cat("Hazard ratio, ", encodeString(x$comparison), ":\n", sep = "")
    ratio <- x$hazard_ratio
    interval <- ifelse(is.na(ratio$conf.low), "no interval", paste0(
      number_text(100 * x$conf.level), "% CI ", format_number(ratio$conf.low, digits), " to ",
      format_number(ratio$conf.high, digits)
    ))
    cat(paste0("  ", ratio$method, " ", format_number(ratio$estimate, digits), " (", interval, ")\n"), sep = "")
  }
  cat(method_source("logrank"), if (!is.null(x$hazard_ratio)) "; Pike (1972), Peto et al. (1977)", ".\n", sep = "")
  print_notes(x$meta$notes)
  invisible(x)
}

# "= 0.27", "< 0.001"
p_sign <- function(p) {
  text <- format_p(p)
  if (grepl("^[<>]", text)) sub("^([<>])", "\\1 ", text) else paste("=", text)
}

#' Tidy a log-rank test
#'
#' `tidy()` gives one row per group, `glance()` one row for the test.
#'
#' @param x A [logrank_test()].
#' @param ... Not used.
#' @return `tidy()`: a data frame with `strata` (group label), `n`, `observed`, `expected`. `glance()`: `statistic`,
#'   `df`, `p.value`, `log.p.value`, `method`.
#' @section Errors: `cryonodes_error_object`.
#' @examples
#' test <- logrank_test(c(5, 8, 12, 20, 33, 35), c(1, 0, 1, 1, 1, 0), c(1, 1, 1, 2, 2, 2))
#' tidy(test)
#' glance(test)
#' @method tidy logrank_test
#' @export
tidy.logrank_test <- function(x, ...) {
  check_logrank(x, quote(tidy()))
  data.frame(
    strata = names(x$n), n = as.vector(x$n), observed = as.vector(x$observed), expected = as.vector(x$expected),
    stringsAsFactors = FALSE
  )
}

#' @rdname tidy.logrank_test
#' @method glance logrank_test
#' @export
glance.logrank_test <- function(x, ...) {
  check_logrank(x, quote(glance()))
  data.frame(
    statistic = as.vector(x$statistic), df = as.vector(x$parameter), p.value = x$p.value, log.p.value = x$log_p_value,
    method = x$method, stringsAsFactors = FALSE
  )
}
