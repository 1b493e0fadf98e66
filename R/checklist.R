# What a reviewer of such a paper asks, looked up in the cohort and its results.

#' A reviewer's questions, answered from the results
#'
#' Goes through what reviewers of ablation cohorts ask and says of each item whether the results answer it: unit,
#' clustering, definitions, censoring, competing events, landmarks with intervals and numbers at risk, length of
#' follow-up, multiplicity, screening, complications, records.
#'
#' @param cohort A [cohort()].
#' @param results [outcomes()], or endpoints to fit first.
#' @param few Numbers at risk below this are pointed out.
#' @return A data frame of class `checklist`: `item`, `state` (`"ok"`, `"attention"`: answered, but a reader should be
#'   told; `"missing"`: not answered), `finding` (text).
#' @section Definition: A rate rests on fewer than `few` if fewer are at risk at its landmark. Events in a group below 5
#'   are pointed out where groups are tested. Death neither as event nor as competing event is censored: pointed out for
#'   each endpoint where somebody died.
#' @section Errors: `cryonodes_error_object`, `_count` (`few`), and those of [outcomes()].
#' @examples
#' os <- endpoint(ablation_cohort, "OS")
#' checklist(ablation_cohort, outcomes(os, by = "group", times = c(12, 24)))
#' @export
checklist <- function(cohort, results, few = 5) {
  call <- quote(checklist())
  check_given(missing(cohort), "cohort", call)
  check_given(missing(results), "results", call)
  check_cohort_object(cohort, call)
  if (!inherits(results, "outcomes")) results <- outcomes(results)
  check_outcomes(results, call)
  if (!is_number(few) || length(few) != 1 || is.na(few) || few < 1) {
    abort_rule("count", paste0("`few` must be one number >= 1, not ", one_line(few), "."), arg = "few", call = call)
  }
  out <- do.call(rbind, c(
    list(
      ask_unit(results), ask_clusters(results), ask_rules(results), ask_censoring(results),
      ask_competing(results, cohort), ask_landmarks(results), ask_few(results, few), ask_follow_up(results),
      ask_multiplicity(results), ask_events(results), ask_failed(results)
    ),
    list(ask_left_out(results), ask_screening(cohort), ask_complications(cohort), ask_records(cohort))
  ))
  structure(out, class = c("checklist", "data.frame"))
}

answer <- function(item, state, finding) {
  data.frame(item = item, state = state, finding = paste(finding, collapse = "; "), stringsAsFactors = FALSE)
}

rules_of <- function(results) lapply(results$endpoints, function(e) attr(e, "meta"))

ask_unit <- function(results) {
  units <- vapply(rules_of(results), function(meta) meta$unit, "")
  answer("Unit of each endpoint", "ok", paste0(names(units), ": ", units))
}

ask_clusters <- function(results) {
  nested <- Filter(function(e) attr(e, "meta")$unit != "patient" && anyDuplicated(e$patient), results$endpoints)
  item <- "Units of one patient taken as dependent"
  if (!length(nested)) return(answer(item, "ok", "no patient has several units in any endpoint"))
  clustered <- vapply(names(nested), function(name) {
    all(vapply(c(results$fits[[name]], results$proportions[[name]]), function(x) {
      !is.null(x$meta$cluster) || !is.null(x$meta$cluster_title) || !is.null(attr(x, "meta")$cluster_title)
    }, TRUE))
  }, TRUE)
  of <- vapply(nested, function(e) {
    paste0(nrow(e), " ", attr(e, "meta")$unit, "s of ", length(unique(e$patient)), " patients")
  }, "")
  answer(item, if (all(clustered)) "ok" else "attention", paste0(
    names(nested), ": ", of, ifelse(clustered, ", clustered by patient", ", taken as independent")
  ))
}

ask_rules <- function(results) {
  unverified <- vapply(rules_of(results), function(meta) meta$rule$certainty != "verified", TRUE)
  sources <- vapply(rules_of(results), function(meta) paste0(meta$rule$set, ", ", meta$rule$source), "")
  answer("Definitions of endpoints, with source", if (any(unverified)) "attention" else "ok", c(
    unique(sources),
    if (any(unverified)) paste0("not verified in the source: ", paste(names(which(unverified)), collapse = ", "))
  ))
}

ask_censoring <- function(results) {
  timed <- Filter(function(meta) meta$rule$kind == "time", rules_of(results))
  if (!length(timed)) return(NULL)
  answer("Censoring", "ok", vapply(names(timed), function(name) {
    paste0(name, ": ", lower_first(estimand(results$endpoints[[name]])[3]))
  }, ""))
}

ask_competing <- function(results, cohort) {
  item <- "Death: event, competing event or censoring"
  timed <- Filter(function(meta) meta$rule$kind == "time", rules_of(results))
  if (!length(timed)) return(NULL)
  how <- vapply(timed, function(meta) {
    if (grepl("death", meta$rule$event)) return("event")
    if (grepl("death", meta$rule$competing)) "competing event" else "censored"
  }, "")
  deaths <- sum(cohort$tables$patients$vital_status == "dead")
  bad <- how == "censored" & deaths > 0
  answer(item, if (any(bad)) "attention" else "ok", c(
    paste0(names(how), ": ", how),
    if (any(bad)) {
      paste0(plural(deaths, "patient"), " died: where death is censored the rates are those of a world without deaths")
    }
  ))
}

# All rates at the landmarks, a row each.
landmark_rates <- function(results) {
  rows <- lapply(names(results$fits), function(name) {
    do.call(rbind, lapply(results$fits[[name]], function(fit) {
      out <- rates_of_fit(fit, results$times, FALSE, "all")
      cbind(endpoint = name, out[c("group", "time", "n.risk", "estimate", "conf.low", "conf.high")])
    }))
  })
  do.call(rbind, rows)
}

where_rates <- function(rows) {
  paste0(rows$endpoint, ", ", rows$group, ", at ", vapply(rows$time, number_text, ""), ": ", rows$n.risk, " at risk")
}

ask_landmarks <- function(results) {
  item <- "Interval and number at risk at each landmark"
  if (!length(results$fits)) return(NULL)
  if (!length(results$times)) return(answer(item, "missing", "no landmarks: outcomes(times = ) names them"))
  rows <- landmark_rates(results)
  without <- is.na(rows$conf.low) | is.na(rows$conf.high)
  answer(item, if (any(without)) "attention" else "ok", c(
    paste0(sum(!without), " of ", nrow(rows), " rates have both"),
    if (any(without)) paste0("no interval: ", paste(where_rates(rows[without, ]), collapse = "; "))
  ))
}

ask_few <- function(results, few) {
  if (!length(results$times) || !length(results$fits)) return(NULL)
  rows <- landmark_rates(results)
  thin <- rows[rows$n.risk < few, ]
  item <- paste0("Rates on fewer than ", few, " at risk")
  if (!nrow(thin)) return(answer(item, "ok", paste0("none; the fewest at risk at a landmark are ", min(rows$n.risk))))
  answer(item, "attention", where_rates(thin))
}

ask_follow_up <- function(results) {
  item <- "Length of follow-up (reverse Kaplan-Meier)"
  if (!length(results$follow_up)) return(answer(item, "missing", "no endpoint with times gives it"))
  answer(item, "ok", vapply(names(results$follow_up), function(name) {
    x <- results$follow_up[[name]]
    paste0(
      name, ": median ", if (is.na(x$median)) "not reached" else format_number(x$median),
      if (!is.na(x$median)) paste0(" (", na_dash(x$conf.low, 3), " to ", na_dash(x$conf.high, 3), ")"), " ", x$meta$unit
    )
  }, ""))
}

ask_multiplicity <- function(results) {
  n <- length(results$tests)
  if (!n) return(answer("Multiplicity", "ok", "no tests"))
  p <- vapply(results$tests, function(x) as.vector(x$p.value), 0)
  holm <- stats::p.adjust(p, "holm")
  answer("Multiplicity", if (n > 1) "attention" else "ok", c(
    paste0(n, if (n > 1) " p-values, not adjusted" else " p-value"),
    if (n > 1) paste0(names(p), ": p ", vapply(p, p_sign, ""), ", by Holm ", vapply(holm, p_sign, ""))
  ))
}

ask_events <- function(results) {
  if (!length(results$tests)) return(NULL)
  few <- lapply(names(results$tests), function(name) {
    e <- results$endpoints[[name]]
    event <- if (is.factor(e$status)) e$status == levels(e$status)[2] else e$status == 1
    n <- tapply(event, e[[results$by]], sum)
    n <- n[n < 5]
    if (length(n)) paste0(name, ", ", names(n), ": ", n)
  })
  few <- unlist(few)
  answer("Events in each group that is tested", if (length(few)) "attention" else "ok",
    if (length(few)) paste0("fewer than 5 events: ", paste(few, collapse = "; ")) else "5 or more in each"
  )
}

ask_failed <- function(results) {
  if (!nrow(results$failed)) return(NULL)
  answer("What could not be computed", "missing", paste0(
    results$failed$endpoint, ", ", results$failed$what, ": ", results$failed$reason
  ))
}

ask_left_out <- function(results) {
  n <- vapply(results$endpoints, function(e) NROW(attr(e, "left_out")) + sum(is.na(e$status)), 0L)
  n <- n[n > 0]
  answer("Units that an endpoint does not count", if (length(n)) "attention" else "ok",
    if (length(n)) paste0(names(n), ": ", n, " (reasons: see the flow)") else "none"
  )
}

ask_screening <- function(cohort) {
  item <- "Screened and excluded, with reasons"
  screening <- cohort$tables$screening
  if (is.null(screening)) return(answer(item, "missing", "no table of screening"))
  lost <- is.na(screening$patient)
  without <- sum(lost & is.na(screening$reason))
  answer(item, if (without) "attention" else "ok", c(
    paste0(nrow(screening), " screened, ", sum(lost), " excluded"), if (without) paste0(without, " without a reason")
  ))
}

ask_complications <- function(cohort) {
  item <- "Complications by a stated system"
  complications <- cohort$tables$complications
  if (is.null(complications)) return(answer(item, "missing", "no table of complications"))
  systems <- unique(complications$system)
  answer(item, if (length(systems) > 1) "attention" else "ok", c(
    paste0(plural(nrow(complications), "complication"), ", ", paste(systems, collapse = " and ")),
    if (length(systems) > 1) "several systems: not to be added up"
  ))
}

ask_records <- function(cohort) {
  n <- nrow(cohort$checks)
  answer("Records checked", if (n || nrow(cohort$excluded)) "attention" else "ok", c(
    if (n) paste0("found: ", count_checks(cohort$checks)) else "nothing found",
    if (nrow(cohort$excluded)) paste0(plural(nrow(cohort$excluded), "patient"), " left out for errors")
  ))
}

#' @export
print.checklist <- function(x, ...) {
  if (!all(c("item", "state", "finding") %in% names(x))) return(NextMethod())
  for (i in seq_len(nrow(x))) {
    cat(format(paste0("[", x$state[i], "]"), width = 12), x$item[i], "\n", sep = "")
    cat(strwrap(encodeString(x$finding[i]), 96, indent = 12, exdent = 14), sep = "\n")
  }
  n <- table(factor(x$state, c("ok", "attention", "missing")))
  cat(paste0(n, " ", names(n), collapse = ", "), "\n", sep = "")
  invisible(x)
}

#' @export
`[.checklist` <- function(x, ...) {
  class(x) <- "data.frame"
  x[...]
}
