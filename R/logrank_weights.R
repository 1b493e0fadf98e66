# What each event time counts for in a test of the log-rank family, and the scores of a test for trend.

test_types <- c(
  "logrank", "Gehan-Breslow", "Tarone-Ware", "Peto-Peto", "modified Peto-Peto", "Fleming-Harrington"
)

# The weights asked for: `core` (the core's name of it), rho, gamma, `fun` (a function, or NULL) and `label`.
read_test_type <- function(type, rho, gamma, call) {
  rho <- check_exponent(rho, "rho", call)
  gamma <- check_exponent(gamma, "gamma", call)
  if (is.list(type) || is.character(type) && (length(type) > 1 || identical(tolower(type), "max-combo"))) {
    return(read_several_types(type, rho != 0 || gamma != 0, call))
  }
  if (is.function(type)) {
    if (rho != 0 || gamma != 0) refuse_exponents("a function of your own", call)
    return(list(core = "given", rho = 0, gamma = 0, fun = type, label = "Weighted log-rank"))
  }
  known <- if (is.character(type) && length(type) == 1) match(tolower(type), tolower(test_types))
  if (is.null(known) || is.na(known)) {
    abort_rule("choice", paste0("`type` must be one of ", quoted(test_types), ", or a function, not ", one_line(type),
      "."
    ), arg = "type", call = call)
  }
  type <- test_types[known]
  if (rho != 0 || gamma != 0) {
    if (!type %in% c("logrank", "Fleming-Harrington")) refuse_exponents(paste0("\"", type, "\""), call)
    type <- "Fleming-Harrington"
  }
  label <- switch(type,
    logrank = "Log-rank",
    "Fleming-Harrington" = paste0("Fleming-Harrington (rho = ", number_text(rho), ", gamma = ", number_text(gamma),
      ")"
    ),
    "modified Peto-Peto" = "Modified Peto-Peto",
    type
  )
  list(core = type, rho = rho, gamma = gamma, fun = NULL, label = label)
}

check_exponent <- function(x, arg, call) {
  if (!is_number(x) || length(x) != 1 || !is.finite(x) || x < 0) {
    abort_rule("choice", paste0("`", arg, "` must be one number >= 0, not ", one_line(x), "."), arg = arg, call = call)
  }
  as.double(x)
}

# Several weights at once: names, functions, or pairs of rho and gamma.
read_several_types <- function(type, exponents, call) {
  if (exponents) refuse_exponents("several weights", call)
  if (is.character(type) && length(type) == 1) type <- list(c(0, 0), c(0, 1), c(1, 0), c(1, 1))
  if (length(type) < 2) {
    abort_rule("choice", "a list of weights must have two or more.", arg = "type", call = call)
  }
  parts <- lapply(as.list(type), function(one) {
    if (is.function(one) || is.character(one) && length(one) == 1 && !identical(tolower(one), "max-combo")) {
      return(read_test_type(one, 0, 0, call))
    }
    if (!is.numeric(one) || length(one) != 2) {
      abort_rule("choice", paste0("each of several weights must be the name of one, a function, or a pair of rho and ",
        "gamma, not ", one_line(one), "."
      ), arg = "type", call = call)
    }
    if (identical(as.double(one), c(0, 0))) return(read_test_type("logrank", 0, 0, call))
    read_test_type("Fleming-Harrington", one[[1]], one[[2]], call)
  })
  list(core = "max-combo", rho = 0, gamma = 0, fun = NULL, label = "Max-combo log-rank", parts = unname(parts))
}

weights_of_own <- function(frame, n_group, test, call) {
  if (is.null(test$fun)) numeric() else given_weights(frame, n_group, test$fun, call)
}

refuse_exponents <- function(what, call) {
  abort_rule("choice", paste0("`rho` and `gamma` belong to \"Fleming-Harrington\" weights, not to ", what, "."),
    arg = "rho", call = call
  )
}

# A function of one's own is asked once, for all event times.
given_weights <- function(frame, n_group, fun, call) {
  times <- call_core(event_times_cpp(frame, n_group), call)
  w <- tryCatch(fun(times$survival, times$n_risk, times$time), error = function(e) {
    abort_rule("choice", paste0("`type` fails: ", conditionMessage(e)),
      "It is called with S just before each event time, the number at risk, and the time.",
      arg = "type", call = call
    )
  })
  # Beyond these their squares have no number.
  fit <- is_number(w) && length(w) == length(times$time) && all(is.finite(w)) &&
    all(w == 0 | (abs(w) > 1e-100 & abs(w) < 1e100))
  if (!fit) {
    abort_rule("choice", paste0("`type` must return one number, 0 or of a size from 1e-100 to 1e100, for each of the ",
      length(times$time), " event times, not ", one_line(w), "."
    ), arg = "type", call = call)
  }
  as.double(w)
}

# Scores of the groups for a test for trend: TRUE means 1, 2, ... in their order.
read_trend <- function(trend, labels, call) {
  if (is.null(trend) || isFALSE(trend)) return(NULL)
  if (isTRUE(trend)) return(setNames(as.double(seq_along(labels)), labels))
  if (!is_number(trend) || length(trend) != length(labels) || !all(is.finite(trend))) {
    abort_rule("choice", paste0("`trend` must be TRUE or one finite number for each of the ", length(labels),
      " groups, not ", one_line(trend), "."
    ), arg = "trend", call = call)
  }
  if (!is.null(names(trend))) {
    if (!setequal(names(trend), labels) || anyDuplicated(names(trend))) {
      abort_rule("choice", paste0("the names of `trend` must be those of the groups, ", quoted(labels), ", not ",
        quoted(names(trend)), "."
      ), arg = "trend", call = call)
    }
    trend <- trend[labels]
  }
  if (all(trend == trend[1])) {
    abort_rule("choice", "the scores of `trend` are all equal: there is nothing to compare.",
      arg = "trend", call = call
    )
  }
  setNames(as.double(trend), labels)
}

# One degree of freedom: the scores' sum s'U over the root of its variance s'Vs, which is a sum of terms >= 0.
trend_statistic <- function(core, scores) {
  # Neither their origin nor their unit plays a part: within 0 and 1 no square of them overflows.
  scores <- scores / max(abs(scores))
  scores <- (scores - min(scores)) / (max(scores) - min(scores))
  apart <- outer(scores, scores, `-`)^2
  variance <- -sum((core$covariance * apart)[upper.tri(apart)])
  if (core$df == 0 || !(variance > 0)) return(NULL)
  z <- sum((scores - mean(scores)) * core$score) / sqrt(variance)
  list(z = z, statistic = z^2, log_p_value = stats::pchisq(z^2, 1, lower.tail = FALSE, log.p = TRUE))
}

# Whose test it is.
type_source <- function(x) {
  if (!is.null(x$null.value)) return("Breslow (1975), Woolson (1981)")
  if (!is.null(x$meta$n_cluster) && is.null(x$permutation)) return("Jung & Jeong (2003), Lin & Wei (1989)")
  source <- c(
    "Gehan-Breslow" = "Gehan (1965), Breslow (1970)", "Tarone-Ware" = "Tarone & Ware (1977)",
    "Peto-Peto" = "Peto & Peto (1972)", "modified Peto-Peto" = "Andersen et al. (1982)",
    "Fleming-Harrington" = "Harrington & Fleming (1982)", "max-combo" = "Tarone (1981), Lee (1996)"
  )[x$meta$type %||% "logrank"]
  if (is.na(source)) method_source("logrank") else unname(source)
}

# Clusters take rows as they are.
check_clustered_test <- function(frame, call) {
  if (!is.null(frame$weights)) {
    abort_rule("weights", "clusters take no `weights`.", "Repeat the rows.", arg = "weights", call = call)
  }
}

# The variance is that of whole subjects.
check_whole_weights <- function(frame, test, call) {
  counts <- if (is.null(frame[["n_censor"]])) frame$weights else c(frame$event, frame$n_censor, frame$entry)
  if (is.null(counts)) return(invisible())
  bad <- which(counts != round(counts))
  if (length(bad)) {
    abort_rule("weights", paste0(
      test, " takes whole counts: `weights` must be whole numbers, not ", number_text(counts[bad[1]]),
      if (is.null(frame[["n_censor"]])) paste0(" in ", at_rows(frame$rows[bad])), "."
    ), "A row of weight 2 stands for two subjects.", arg = "weights", rows = frame$rows[bad], call = call)
  }
}
