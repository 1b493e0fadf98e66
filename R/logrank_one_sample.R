# A log-rank test of one group against a known survival function.

# Against a known survival function (Breslow 1975, Woolson 1981): expected is the sum of -log S over the follow-up.
one_sample_logrank <- function(frame, data_name, test, trend, reference, wanted, conf.level, call) {
  if (!is.null(frame$group_names) || !is.null(frame$stratum) || !is.null(frame$cluster) || !is.null(trend) ||
    test$core != "logrank" || wanted$name != "asymptotic") {
    abort_rule("choice", paste0("with a `reference` there are no groups, strata, clusters, `trend`, weights other ",
      "than \"logrank\" or `distribution` other than \"asymptotic\"."
    ),
      "Write `Surv(time, status) ~ 1`.", arg = "reference", call = call
    )
  }
  if (!is.function(reference)) {
    abort_rule("choice", paste0("`reference` must be a function of time that gives survival, not ",
      one_line(reference), "."
    ), arg = "reference", call = call)
  }
  counted <- !is.null(frame[["n_censor"]])
  left <- if (counted) rowSums(matrix(frame$event, length(frame$time))) + frame$n_censor
  weight <- if (counted) left else frame$weights %||% rep(1, length(frame$time))
  hazard <- function(time) -log(reference_survival(reference, time, call))
  expected <- sum(weight * hazard(frame$time))
  if (!is.null(frame$entry)) {
    # Of counts, `entry` is how many entered at each time.
    expected <- expected - if (counted) sum(frame$entry * hazard(frame$time)) else sum(weight * hazard(frame$entry))
  }
  observed <- if (counted) sum(frame$event) else sum(weight * frame$event)
  statistic <- if (expected > 0) (observed - expected)^2 / expected else NA_real_
  tail <- (1 - conf.level) / 2
  limits <- c(
    if (observed > 0) stats::qchisq(tail, 2 * observed) / 2 else 0,
    stats::qchisq(tail, 2 * observed + 2, lower.tail = FALSE) / 2
  ) / expected
  log_p_value <- stats::pchisq(statistic, 1, lower.tail = FALSE, log.p = TRUE)
  n <- sum(weight)
  structure(list(
    statistic = c("X-squared" = statistic), parameter = c(df = 1), p.value = exp(log_p_value),
    conf.int = structure(limits, conf.level = conf.level), estimate = c("observed / expected" = observed / expected),
    null.value = c("observed / expected" = 1), alternative = "two.sided", method = "One-sample log-rank test",
    data.name = data_name, observed = c(All = observed), expected = c(All = expected),
    score = c(All = observed - expected), log_p_value = log_p_value,
    covariance = matrix(expected, 1, 1, dimnames = list("All", "All")), n = c(All = whole_number(n)),
    hazard_ratio = NULL, conf.level = conf.level,
    meta = list(
      format = result_format, method = "logrank", type = "logrank", group_labels = "All", unit = frame$unit,
      n_rows = frame$n_rows, rows_dropped = frame$rows_dropped, n_time_merged = 0,
      notes = c(frame$notes, if (!(expected > 0)) "nothing is expected of the reference: the test is undefined (NA)")
    )
  ), class = c("logrank_test", "htest"))
}

reference_survival <- function(reference, time, call) {
  s <- tryCatch(reference(time), error = function(e) {
    abort_rule("choice", paste0("`reference` fails: ", conditionMessage(e)), arg = "reference", call = call)
  })
  if (!is_number(s) || length(s) != length(time) || anyNA(s) || any(s < 0 | s > 1)) {
    abort_rule("choice", paste0("`reference` must return one number from 0 to 1 for each of the ", length(time),
      " times, not ", one_line(s), "."
    ), arg = "reference", call = call)
  }
  if (any(s == 0)) {
    abort_rule("choice", paste0("`reference` is 0 at time ", number_text(min(time[s == 0])),
      ": nobody can be followed for so long."
    ), arg = "reference", call = call)
  }
  if (is.unsorted(-s[order(time)])) {
    abort_rule("choice", "`reference` must not rise with time.", arg = "reference", call = call)
  }
  s
}
