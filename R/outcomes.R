# Endpoints fitted once, for all that the report shows: tables, figure, methods paragraph and checklist read the result.

#' Estimates of several endpoints, whole and by group
#'
#' Fits each [endpoint()] as it asks for: a Kaplan-Meier curve, a cumulative incidence where there are competing events,
#' a proportion where there are no times; for all units and by group, with the test of the groups and the length of
#' follow-up. [table_rates()], [figure_outcomes()], [methods_text()], [checklist()] and [report()] take the result.
#'
#' @param x An [endpoint()] or a list of them. Names are titles; without a name the label of the rule is taken, and the
#'   unit where it is not the patient. Or a [cohort()]: then the endpoints that a report of the set `rules` shows.
#' @param rules For a cohort: the set of [endpoint_rules()], `"sio2021"` or `"paper2021"`.
#' @param by Name of the column that forms the groups, e.g. `"group"`; `NULL`: no groups. For a cohort a column of the
#'   patients.
#' @param times Landmarks, in the unit of the endpoints, at which rates are shown and checked; `NULL`: none.
#' @param conf.type Scale of the intervals of Kaplan-Meier curves, as in [kaplan_meier()]; `NULL`: its default.
#' @param conf.level Level of all intervals.
#' @param lang Language of the titles of endpoints without a name, `"en"` or `"fr"`.
#' @return A list of class `outcomes`: `endpoints`, `fits` (a list for each endpoint with times: the fit of all units,
#'   and that by group), `proportions` (likewise, of endpoints without times), `tests` and `follow_up` (by endpoint),
#'   `failed` (a data frame: `endpoint`, `what`, `reason`: what could not be computed), `ungrouped` (by endpoint, how
#'   many units have no group), `by`, `times`.
#' @section Edge cases: With one group only, `by` gives no second fit and no test. A test or a follow-up that is not
#'   defined for an endpoint is listed in `failed` with the reason, never left out in silence. Units without a group
#'   are in the fit of all and in no group; how many they are is printed, and stands beneath tables, in the methods
#'   paragraph and in the checklist. Units whose outcome was not recorded are in no proportion; [flow()] counts them.
#'   Tests by dealing patients out at random draw on R's random numbers: [set.seed()] before makes them repeat.
#' @section Errors: `cryonodes_error_object` (no endpoint), `_group` (two endpoints of one name), `_column` (`by`),
#'   `_missing` (no unit of an endpoint has a group), `_times`.
#' @examples
#' os <- endpoint(ablation_cohort, "OS")
#' ltp <- endpoint(ablation_cohort, "LTP", unit = "lesion")
#' fitted <- outcomes(list(os, ltp), by = "group", times = c(12, 24))
#' fitted
#' table_rates(fitted, show = c("ci", "n.risk"))
#' @export
outcomes <- function(x, by = NULL, times = NULL, rules = "sio2021", conf.type = NULL, conf.level = 0.95, lang = "en") {
  call <- quote(outcomes())
  check_given(missing(x), "x", call)
  lang <- check_choice(lang, languages(), "lang", call)
  failed <- list()
  if (inherits(x, "cohort")) {
    derived <- endpoints_of_set(x, rules, by, call)
    x <- derived$endpoints
    failed <- derived$failed
  }
  if (inherits(x, "endpoint")) x <- list(x)
  if (!is.list(x) || !length(x) || !all(vapply(x, inherits, TRUE, "endpoint"))) {
    abort_rule("object", paste0("`x` must be an endpoint or a list of them, not ", class(x)[1], "."),
      "See endpoint().",
      arg = "x", call = call
    )
  }
  names(x) <- endpoint_names(x, call, lang)
  if (!is.null(times)) times <- check_times(times, call)
  check_by(by, x, call)
  try_fit <- function(name, what, expr) {
    tryCatch(expr, cryonodes_error = function(e) {
      failed[[length(failed) + 1]] <<- data.frame(endpoint = name, what = what, reason = bare_reason(e))
      NULL
    })
  }
  timed <- vapply(x, function(e) attr(e, "meta")$rule$kind == "time", TRUE)
  ungrouped <- if (!is.null(by)) vapply(x, function(e) sum(is.na(e[[by]])), 0L)
  fits <- proportions <- tests <- followed <- list()
  for (name in names(x)) {
    e <- x[[name]]
    competing <- is.factor(e$status)
    grouped <- !is.null(by) && length(unique(stats::na.omit(e[[by]]))) > 1
    if (!timed[[name]]) {
      fit <- function(by) proportion(e, by = by, conf.level = conf.level, na.action = "omit")
      proportions[[name]] <- c(list(fit(NULL)), if (grouped) list(fit(by)))
      next
    }
    fit <- function(by) {
      estimate <- if (competing) cumulative_incidence else kaplan_meier
      args <- list(e, by = by, conf.level = conf.level, na.action = "omit")
      if (!competing && !is.null(conf.type)) args$conf.type <- conf.type
      do.call(estimate, args)
    }
    fits[[name]] <- c(list(fit(NULL)), if (grouped) list(fit(by)))
    if (grouped) {
      test <- if (competing) gray_test else logrank_test
      tests[[name]] <- try_fit(name, "test of groups", test(e, by = by, na.action = "omit"))
    }
    followed[[name]] <- try_fit(name, "reverse Kaplan-Meier", reverse_follow_up(e))
  }
  structure(list(
    endpoints = x, fits = fits, proportions = proportions, tests = tests, follow_up = followed,
    failed = do.call(rbind, failed) %||% data.frame(endpoint = character(), what = character(), reason = character()),
    ungrouped = ungrouped, by = by, times = times, conf.level = conf.level, meta = list(format = result_format)
  ), class = "outcomes")
}

# Which endpoints a report shows, and per which unit, stands in inst/rules/report.csv. One that the records do not give
# is listed with the reason.
endpoints_of_set <- function(cohort, rules, by, call) {
  check_cohort_object(cohort, call)
  patients <- cohort$tables$patients
  if (!is.null(by) && !check_text(by, "by", call) %in% names(patients)) {
    abort_rule("column", paste0("`by`: there is no column ", quoted(by), " of the patients; there are ",
      quoted(names(patients), 20), "."
    ), arg = "by", call = call)
  }
  shown <- read_rules("report")
  rules <- check_choice(rules, unique(shown$set), "rules", call)
  shown <- shown[shown$set == rules, ]
  endpoints <- failed <- list()
  for (i in seq_len(nrow(shown))) {
    e <- tryCatch(endpoint(cohort, shown$endpoint[i], shown$unit[i], rules, keep = by),
      cryonodes_error_empty = identity
    )
    if (inherits(e, "endpoint") && any(!is.na(e$status))) {
      endpoints <- c(endpoints, list(e))
    } else {
      failed <- c(failed, list(data.frame(
        endpoint = paste0(shown$endpoint[i], ", per ", shown$unit[i]), what = "endpoint",
        reason = if (inherits(e, "endpoint")) "not recorded" else bare_reason(e)
      )))
    }
  }
  if (!length(endpoints)) {
    abort_rule("empty", paste0("no endpoint of ", rules, " can be derived: ", failed[[1]]$reason),
      arg = "x", call = call
    )
  }
  list(endpoints = endpoints, failed = failed)
}

# Follow-up ends with the event of any kind; of nested units the patient's longest counts, so that patients count once.
reverse_follow_up <- function(e) {
  event <- if (is.factor(e$status)) e$status != "censored" else e$status == 1
  longest <- order(e$patient, -as.numeric(e$time))
  first <- longest[!duplicated(e$patient[longest])]
  out <- follow_up(as.numeric(e$time)[first], event[first])
  out$meta$unit <- attr(e, "meta")$unit.time
  out
}

endpoint_names <- function(x, call, lang = "en") {
  given <- names(x) %||% rep("", length(x))
  made <- vapply(x, function(e) {
    meta <- check_endpoint(e, call)
    label <- word_in(lang, meta$rule$label)
    if (meta$unit == "patient") label else say(lang, "endpoint.of.unit", label = label, unit = word_in(lang, meta$unit))
  }, "")
  out <- unname(ifelse(is.na(given) | !nzchar(given), made, given))
  if (anyDuplicated(out)) {
    abort_rule("group", paste0("two endpoints are called ", quoted(out[duplicated(out)]), "."),
      "Give the list names: list(\"by the paper\" = ..., \"by the consensus\" = ...).",
      arg = "x", call = call
    )
  }
  out
}

check_by <- function(by, endpoints, call) {
  if (is.null(by)) return(invisible(NULL))
  check_text(by, "by", call, null = FALSE)
  for (e in endpoints) {
    if (!by %in% names(e)) {
      abort_rule("column", paste0(
        "`by`: the endpoint has no column ", quoted(by), "; it has ", quoted(names(e), 20), "."
      ), "endpoint(keep = ) carries more columns along.", arg = "by", call = call)
    }
    if (all(is.na(e[[by]]))) check_complete(e[[by]], by, "Leave `by` out.", call)
  }
}

check_outcomes <- function(x, call) {
  check_result(x, "outcomes", c("endpoints", "fits", "proportions", "tests", "follow_up", "failed"), call)
}

#' @export
print.outcomes <- function(x, ...) {
  check_outcomes(x, quote(print()))
  for (name in names(x$endpoints)) {
    cat(quoted_free(name), "\n", paste0("  ", estimand(x$endpoints[[name]]), "\n"), sep = "")
    test <- x$tests[[name]]
    if (!is.null(test)) cat("  ", test$method, ": p ", p_sign(as.vector(test$p.value)), "\n", sep = "")
  }
  without <- x$ungrouped[x$ungrouped > 0]
  for (name in names(without)) {
    cat("Note: ", quoted_free(name), ", ", without[[name]], " without a group: in the fit of all only.\n", sep = "")
  }
  if (length(x$times)) cat("Landmarks: ", paste(number_text(x$times), collapse = ", "), "\n", sep = "")
  for (i in seq_len(nrow(x$failed))) {
    cat("Note: ", quoted_free(x$failed$endpoint[i]), ", ", x$failed$what[i], ": ", x$failed$reason[i], "\n", sep = "")
  }
  invisible(x)
}

#' @rdname outcomes
#' @param i Names or numbers of endpoints: `x[i]` holds these only.
#' @export
`[.outcomes` <- function(x, i) {
  check_outcomes(x, quote(outcomes()))
  chosen <- names(x$endpoints[i])
  if (!length(chosen) || anyNA(chosen)) {
    abort_rule("choice", paste0("no such endpoint; there are ", quoted(names(x$endpoints), 20), "."), arg = "i",
      call = quote(outcomes())
    )
  }
  for (part in c("endpoints", "fits", "proportions", "tests", "follow_up")) {
    x[[part]] <- x[[part]][intersect(chosen, names(x[[part]]))]
  }
  x$failed <- x$failed[x$failed$endpoint %in% chosen, ]
  x$ungrouped <- x$ungrouped[intersect(chosen, names(x$ungrouped))]
  x
}

# What table_rates() and figure_outcomes() take beside fits: endpoints, and what outcomes() made of them. Returns the
# list of fits, with the times and tests that stand for those not given.
fits_of_endpoints <- function(x, by, call) {
  listed <- is.list(x) && !is.data.frame(x) && length(x) && all(vapply(x, inherits, TRUE, "endpoint"))
  if (inherits(x, "endpoint") || listed) x <- outcomes(x, by)
  if (!inherits(x, "outcomes")) {
    if (!is.null(by)) abort_rule("type", "`by` is for endpoints; fits have their groups.", arg = "by", call = call)
    return(list(fits = x))
  }
  check_outcomes(x, call)
  if (!length(x$fits)) {
    abort_rule("endpoint", "none of the endpoints is a time: there is no curve.", "See proportion().", call = call)
  }
  list(fits = x$fits, times = x$times, tests = if (length(x$tests)) x$tests)
}

is_incidence <- function(fit) inherits(fit, "cumulative_incidence")

check_curve <- function(x, call) if (is_incidence(x)) check_incidence(x, call) else check_km(x, call)

# Rates of a curve at given times; of an incidence those of its first cause, the event of the endpoint.
rates_of_fit <- function(fit, times, extend, whole) {
  out <- as.data.frame(rates(fit, times, extend = extend))
  if (is_incidence(fit)) out <- out[out$state == fit$meta$causes[1], ]
  out$group <- if (is.null(fit$strata)) whole else out$strata
  out
}

# What the numbers of a table of rates are, for its footnotes.
describe_rates <- function(endpoints, show) {
  interval <- function(fit, label) paste0(in_mark(number_text(100 * fit$conf.int)), "% ", label, " confidence interval")
  with_error <- function(intervals) {
    intervals <- paste(unique(intervals), collapse = " or ")
    paste0(
      if ("se" %in% show) " (standard error)",
      if ("ci" %in% show) paste0(if ("se" %in% show) " [" else " (", intervals, if ("se" %in% show) "]" else ")"),
      ", in percent"
    )
  }
  fits <- unlist(unname(endpoints), recursive = FALSE)
  km <- Filter(Negate(is_incidence), fits)
  incidences <- Filter(function(list) is_incidence(list[[1]]), endpoints)
  c(
    if (length(km)) {
      paste0("Kaplan-Meier rate", with_error(vapply(km, function(fit) interval(fit, interval_label(fit)), "")))
    },
    vapply(seq_along(incidences), function(k) { # an endpoint that is alone has no name
      name <- names(incidences)[k]
      fit <- incidences[[k]][[1]]
      others <- fit$meta$causes[-1]
      paste0(
        if (nzchar(name)) paste0(name, ": cumulative") else "Cumulative", " incidence of ", fit$meta$causes[1],
        if (length(others)) paste0(", competing: ", paste(others, collapse = ", ")),
        with_error(interval(fit, fit$conf.type))
      )
    }, "")
  )
}

# One panel of figure_outcomes(), as plain data, and drawn.
incidence_frame <- function(fit, axis, title, whole, note, conf.band, call) {
  cause <- fit$meta$causes[1]
  k <- match(cause, fit$states)
  curve <- list(
    time = fit$time, n.event = fit$n.event[, k], surv = fit$pstate[, k], lower = fit$lower[, k], upper = fit$upper[, k]
  )
  labels <- km_labels(fit, whole)
  at_risk <- rates_of_fit(fit, axis$breaks, FALSE, whole)
  risk <- data.frame(
    group = factor(match(at_risk$group, labels), seq_along(labels)), time = at_risk$time, n.risk = at_risk$n.risk
  )
  rows <- unname(group_rows(fit))
  frame <- curve_frame(rep(list(curve), length(rows)), rows, labels,
    paste0(one_row(if (nzchar(title)) title else cause), ", incidence, %"), risk, labels, axis, NULL,
    conf.band, call
  )
  frame$note <- if (length(note)) one_row(note)
  frame
}

panel_of <- function(frame, tag, base_size) {
  if (!is.null(frame$top)) frame$title <- paste(c(tag, frame$title), collapse = "   ")
  panel <- if (is.null(frame$top)) panel_km(frame, tag, base_size) else panel_curves(frame, 100, base_size)
  # A title longer than half a page is wide goes on in a second line.
  title <- panel$labels$title
  if (nchar(title, "width") > 44) {
    lines <- strwrap(title, 40, exdent = 6)
    if (!is.null(tag)) lines[1] <- paste0(tag, "   ", trimws(substring(lines[1], nchar(tag) + 1)))
    panel$labels$title <- paste(lines, collapse = "\n")
  }
  if (is.null(frame$top) || is.null(frame$note)) return(panel)
  # Incidences begin in the lower corner: the text goes into the upper one.
  panel + ggplot2::annotate("text",
    x = 0, y = 0.95 * frame$top, label = frame$note, hjust = 0, vjust = 1, size = 0.85 * base_size / ggplot2::.pt
  )
}

# The p-values of tests, as text for the corner of a panel.
p_in_panels <- function(tests) {
  vapply(tests, function(test) {
    name <- if (inherits(test, "gray_test")) "Gray's test" else "Log-rank test"
    paste0(name, ", p ", in_mark(p_sign(as.vector(test$p.value))))
  }, "")
}

# The reason of an error, to stand inside a sentence.
bare_reason <- function(e) sub("[.]$", "", rlang::cnd_header(e))
