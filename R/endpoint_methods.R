# An endpoint printed, summarised, and handed to the estimators and tests.

#' @export
print.endpoint <- function(x, ...) {
  meta <- attr(x, "meta")
  if (is.null(meta) || !all(c("status", "why") %in% names(x))) return(NextMethod())
  cat(endpoint_title(x), "\n", sep = "")
  for (line in estimand(x)) cat("  ", line, "\n", sep = "")
  status <- x$status
  if (meta$rule$kind == "time") {
    n <- if (is.factor(status)) table(status) else c(event = sum(status == 1), censored = sum(status == 0))
    cat("  ", paste0(n, " ", names(n), collapse = ", "), "; follow-up ", format_number(min(x$time)), " to ",
      format_number(max(x$time)), " ", meta$unit.time, "\n",
      sep = ""
    )
  } else {
    known <- sum(!is.na(status))
    cat("  ", sum(status, na.rm = TRUE), " of ", plural(known, meta$unit),
      if (known < nrow(x)) paste0("; of ", nrow(x) - known, " not recorded"), "\n",
      sep = ""
    )
  }
  left <- attr(x, "left_out")
  if (NROW(left)) {
    n <- sort(table(left$reason), decreasing = TRUE)
    cat("  Left out: ", paste0(n, " (", names(n), ")", collapse = ", "), "\n", sep = "")
  }
  if (meta$rule$certainty != "verified") cat("  The rule is unverified: its source was not read.\n")
  invisible(x)
}

endpoint_title <- function(x) {
  rule <- attr(x, "meta")$rule
  paste0(quoted_free(rule$label), " (", quoted_free(rule$endpoint), ", ", rule$set, ")")
}

# The estimand in words: unit, start, event, censoring, how many.
estimand <- function(x, lang = "en") {
  meta <- attr(x, "meta")
  rule <- meta$rule
  # The unit itself is counted already.
  other <- setdiff(c("patient", "session", "lesion"), meta$unit)
  others <- vapply(other, function(unit) count_in(lang, meta$n[[paste0(unit, "s")]], unit), "")
  c(
    say(lang, "estimand.unit",
      unit = word_in(lang, meta$unit), count = count_in(lang, nrow(x), meta$unit),
      others = paste(others, collapse = ", "), population = if (rule$population != "all") {
        say(lang, "estimand.population", population = word_in(lang, rule$population))
      }
    ),
    if (rule$kind == "time") {
      c(
        say(lang, "estimand.time",
          start = word_in(lang, rule$start), event = events_in(lang, rule$event),
          competing = if (!is.na(rule$competing)) {
            say(lang, "estimand.competing", event = events_in(lang, rule$competing))
          }
        ),
        censoring_words(rule, meta$max.gap, meta$confirm, lang)
      )
    } else {
      say(lang, "estimand.outcome", event = events_in(lang, rule$event))
    },
    say(lang, "estimand.source", source = rule$source, certainty = word_in(lang, rule$certainty))
  )
}

censoring_words <- function(rule, max.gap, confirm, lang) {
  say(lang, "estimand.censoring",
    censor = word_in(lang, rule$censor),
    death = if (!grepl("death", paste(rule$event, rule$competing))) say(lang, "estimand.death"),
    gap = if (!is.null(max.gap)) say(lang, "estimand.gap", days = max.gap),
    confirm = if (!is.null(confirm)) say(lang, "estimand.confirm", days = confirm)
  )
}

#' Summary of an endpoint
#'
#' @param object An [endpoint()].
#' @param tau Time to which the restricted mean is taken; `NULL`: the largest that is allowed.
#' @param conf.level Level of the intervals.
#' @param ... Not used.
#' @return A list of class `summary.endpoint`: `table` (a data frame: number, events, median with interval, restricted
#'   mean with interval, and the mean of the times that ended in an event), `estimand` (text) and `notes`.
#' @section Definition: The mean of the observed times to the event, which papers print for breaks of systemic therapy,
#'   leaves out all whose break still lasts. These are the long ones: it is too short, the more so the more are
#'   censored, and it changes with the follow-up. The median and the restricted mean use the censored times as well.
#'   With competing events they are those of the time to the first event of any kind.
#' @examples
#' summary(endpoint(ablation_cohort, "FFST", unit = "course"))
#' @export
summary.endpoint <- function(object, tau = NULL, conf.level = 0.95, ...) {
  call <- quote(summary())
  meta <- check_endpoint(object, call)
  if (meta$rule$kind != "time") {
    return(proportion(object, conf.level = conf.level))
  }
  any_event <- if (is.factor(object$status)) object$status != "censored" else object$status == 1
  data <- data.frame(time = as.numeric(object$time), event = any_event, patient = object$patient)
  formula <- if (meta$unit == "patient") Surv(time, event) ~ 1 else Surv(time, event) ~ cluster(patient)
  fit <- kaplan_meier(formula, data = data, conf.level = conf.level)
  q <- stats::quantile(fit, 0.5)
  mean <- restricted_mean(formula, data = data, tau = tau, conf.level = conf.level)
  rmst <- tidy(mean)
  observed <- data$time[any_event]
  table <- data.frame(
    n = nrow(data), n.event = sum(any_event), median = as.numeric(q$quantile), median.low = as.numeric(q$lower),
    median.high = as.numeric(q$upper), tau = rmst$time[1], rmst = rmst$estimate[1], rmst.low = rmst$conf.low[1],
    rmst.high = rmst$conf.high[1], mean.observed = if (length(observed)) mean(observed) else NA_real_
  )
  structure(list(
    table = table, estimand = estimand(object), title = endpoint_title(object), unit.time = meta$unit.time,
    notes = c(
      if (table$n.event < table$n) paste0(
        "the mean of the ", table$n.event, " observed times leaves out ", table$n - table$n.event,
        " that had not ended: it is too short"
      ),
      if (is.factor(object$status)) "times to the first event of any kind, competing events included"
    )
  ), class = "summary.endpoint")
}

#' @export
print.summary.endpoint <- function(x, digits = 3, ...) {
  t <- x$table
  interval <- function(low, high) paste0(" (", na_dash(low, digits), " to ", na_dash(high, digits), ")")
  cat(x$title, "\n", sep = "")
  for (line in x$estimand) cat("  ", line, "\n", sep = "")
  cat("  Events: ", t$n.event, " of ", t$n, "\n", sep = "")
  cat("  Median: ", if (is.na(t$median)) "not reached" else format_number(t$median, digits),
    interval(t$median.low, t$median.high), " ", x$unit.time, "\n",
    sep = ""
  )
  cat("  Restricted mean to ", format_number(t$tau, digits), ": ", format_number(t$rmst, digits),
    interval(t$rmst.low, t$rmst.high), " ", x$unit.time, "\n",
    sep = ""
  )
  if (!is.na(t$mean.observed)) {
    cat("  Mean of the observed times to the event: ", format_number(t$mean.observed, digits), " ", x$unit.time, "\n",
      sep = ""
    )
  }
  print_notes(x$notes)
  invisible(x)
}

check_endpoint <- function(x, call) {
  meta <- attr(x, "meta")
  if (is.null(meta$rule) || !all(c("patient", "status") %in% names(x))) {
    abort_rule("object", "this is no whole result of endpoint(): it has lost its rule or its columns.",
      "Compute it again, or take as.data.frame() and a formula.",
      call = call
    )
  }
  meta
}

#' @export
as.data.frame.endpoint <- function(x, ...) {
  attr(x, "meta") <- attr(x, "left_out") <- NULL
  class(x) <- "data.frame"
  x
}

# A part of an endpoint is a data frame: the counts of the whole would no longer be its own.
#' @export
`[.endpoint` <- function(x, ...) as.data.frame(x)[...]

# One way for all verbs: the formula that the endpoint stands for, with its clusters. `causes`: whether the verb takes
# competing events; `clustered`: whether it takes clusters.
fit_endpoint <- function(verb, x, by, causes, clustered, kind = "time", call, ...) {
  meta <- check_endpoint(x, call)
  if (meta$rule$kind != kind) {
    abort_rule("endpoint", if (kind == "time") {
      paste0(quoted(meta$rule$endpoint), " is a proportion, without times: see proportion().")
    } else {
      paste0(quoted(meta$rule$endpoint), " is a time: see kaplan_meier() or cumulative_incidence().")
    }, arg = "x", call = call)
  }
  competing <- is.factor(x$status)
  if (competing && !causes) {
    abort_rule("endpoint", paste0(
      quoted(meta$rule$endpoint), " has competing events (", quoted(levels(x$status)[-(1:2)]),
      "); to censor them would estimate another thing."
    ), "Take cumulative_incidence() or gray_test(), or an endpoint in which they are events.", arg = "x", call = call)
  }
  nested <- meta$unit != "patient" && anyDuplicated(x$patient)
  if (nested && !clustered) {
    abort_rule("endpoint", paste0(
      "several ", meta$unit, "s share a patient, and this method takes rows as independent."
    ), "Take unit = \"patient\", or kaplan_meier(), restricted_mean() or logrank_test(), which know clusters.",
    arg = "x", call = call)
  }
  if (!is.null(by)) {
    if (!is.character(by) || anyNA(by) || !length(by)) {
      abort_rule("type", "`by` must be names of columns of the endpoint.", arg = "by", call = call)
    }
    lost <- setdiff(by, names(x))
    if (length(lost)) {
      abort_rule("column", paste0(
        "`by`: the endpoint has no column ", quoted(lost), "; it has ", quoted(names(x), 20), "."
      ), "endpoint(keep = ) carries more columns along.", arg = "by", call = call)
    }
  }
  data <- as.data.frame(x)
  left <- if (kind == "time") quote(Surv(time, status)) else quote(status)
  terms <- lapply(by, as.name)
  if (nested) terms <- c(terms, quote(cluster(patient)))
  right <- if (length(terms)) Reduce(function(a, b) call("+", a, b), terms) else 1
  formula <- stats::as.formula(call("~", left, right), env = asNamespace("cryonodes"))
  result <- verb(formula, data = data, ...)
  attr(result, "endpoint") <- list(
    title = endpoint_title(x), estimand = estimand(x), label = meta$rule$label, rule = meta$rule, unit = meta$unit,
    max.gap = meta$max.gap, confirm = meta$confirm
  )
  class(result) <- c("endpoint_fit", class(result))
  result
}

# What is estimated comes before the numbers.
#' @export
print.endpoint_fit <- function(x, ...) {
  endpoint <- attr(x, "endpoint")
  cat(endpoint$title, "\n", paste0("  ", endpoint$estimand, "\n"), "\n", sep = "")
  NextMethod()
}

#' Estimates and tests of an endpoint
#'
#' The estimators and tests take an [endpoint()] directly: they read its times and status, group by the columns named
#' in `by`, and take units of one patient as a cluster. What would answer another question is refused: competing events
#' as censored, lesions as independent.
#'
#' @param x An [endpoint()].
#' @param by Names of columns to group by, or `NULL`: all units together. Tests take `"group"` where nothing is said.
#' @param ... Further arguments of the formula method: `conf.type`, `times`, `tau`, ...
#' @return What the formula method returns, with the estimand in the attribute `"endpoint"`: it is printed first.
#' @section Errors: `cryonodes_error_endpoint` (a method that the endpoint does not suit), `_column` (`by`), and those
#'   of the method.
#' @name endpoint_fits
#' @examples
#' os <- endpoint(ablation_cohort, "OS")
#' kaplan_meier(os, by = "group")
#' logrank_test(os)
#' compare_at(os, times = 24)
#' restricted_mean(os, tau = 36)
NULL

#' @rdname endpoint_fits
#' @export
kaplan_meier.endpoint <- function(x, by = NULL, ...) {
  fit_endpoint(kaplan_meier.formula, x, by, FALSE, TRUE, call = quote(kaplan_meier()), ...)
}

#' @rdname endpoint_fits
#' @export
nelson_aalen.endpoint <- function(x, by = NULL, ...) {
  fit_endpoint(nelson_aalen.formula, x, by, FALSE, FALSE, call = quote(nelson_aalen()), ...)
}

#' @rdname endpoint_fits
#' @export
cumulative_incidence.endpoint <- function(x, by = NULL, ...) {
  fit_endpoint(cumulative_incidence.formula, x, by, TRUE, TRUE, call = quote(cumulative_incidence()), ...)
}

#' @rdname endpoint_fits
#' @export
restricted_mean.endpoint <- function(x, by = NULL, ...) {
  fit_endpoint(restricted_mean.formula, x, by, FALSE, TRUE, call = quote(restricted_mean()), ...)
}

#' @rdname endpoint_fits
#' @export
cluster_bootstrap.endpoint <- function(x, by = NULL, ...) {
  fit_endpoint(cluster_bootstrap.formula, x, by, FALSE, TRUE, call = quote(cluster_bootstrap()), ...)
}

#' @rdname endpoint_fits
#' @export
logrank_test.endpoint <- function(x, by = "group", ...) {
  fit_endpoint(logrank_test.formula, x, by, FALSE, TRUE, call = quote(logrank_test()), ...)
}

#' @rdname endpoint_fits
#' @export
gray_test.endpoint <- function(x, by = "group", ...) {
  fit_endpoint(gray_test.formula, x, by, TRUE, TRUE, call = quote(gray_test()), ...)
}

#' @rdname endpoint_fits
#' @export
compare_at.endpoint <- function(x, by = "group", ...) {
  fit_endpoint(compare_at.formula, x, by, TRUE, TRUE, call = quote(compare_at()), ...)
}

#' @rdname endpoint_fits
#' @export
compare_medians.endpoint <- function(x, by = "group", ...) {
  fit_endpoint(compare_medians.formula, x, by, FALSE, FALSE, call = quote(compare_medians()), ...)
}

#' @rdname endpoint_fits
#' @export
follow_up.endpoint <- function(x, by = NULL, ...) {
  fit_endpoint(follow_up.formula, x, by, FALSE, FALSE, call = quote(follow_up()), ...)
}

#' @rdname endpoint_fits
#' @export
event_counts.endpoint <- function(x, by = NULL, ...) {
  fit_endpoint(event_counts.formula, x, by, TRUE, FALSE, call = quote(event_counts()), ...)
}

#' @rdname endpoint_fits
#' @export
proportion.endpoint <- function(x, by = NULL, ...) {
  fit_endpoint(proportion.formula, x, by, FALSE, TRUE, kind = "proportion", call = quote(proportion()), ...)
}
