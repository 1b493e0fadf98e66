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
#' @param lang Language of items and findings, `"en"` or `"fr"`; reasons why something could not be computed are in
#'   English.
#' @return A data frame of class `checklist`: `item`, `state` (`"ok"`, `"attention"`: answered, but a reader should be
#'   told; `"missing"`: not answered), `finding` (text, with the decimal mark of `options(cryonodes.decimal.mark = )`).
#' @section Definition: A rate rests on fewer than `few` if fewer are at risk at its landmark. Events in a group below 5
#'   are pointed out where groups are tested. Death neither as event nor as competing event is censored: pointed out for
#'   each endpoint where somebody died.
#' @section Errors: `cryonodes_error_object`, `_count` (`few`), `_choice` (`lang`), and those of [outcomes()].
#' @examples
#' os <- endpoint(ablation_cohort, "OS")
#' checklist(ablation_cohort, outcomes(os, by = "group", times = c(12, 24)))
#' @export
checklist <- function(cohort, results, few = 5, lang = "en") {
  call <- quote(checklist())
  check_given(missing(cohort), "cohort", call)
  check_given(missing(results), "results", call)
  check_cohort_object(cohort, call)
  lang <- check_choice(lang, languages(), "lang", call)
  if (!inherits(results, "outcomes")) results <- outcomes(results, lang = lang)
  check_outcomes(results, call)
  if (!is_number(few) || length(few) != 1 || is.na(few) || few < 1) {
    abort_rule("count", paste0("`few` must be one number >= 1, not ", one_line(few), "."), arg = "few", call = call)
  }
  out <- rbind(
    ask_unit(results, lang), ask_clusters(results, lang), ask_rules(results, lang), ask_censoring(results, lang),
    ask_competing(results, cohort, lang), ask_landmarks(results, lang), ask_few(results, few, lang),
    ask_follow_up(results, lang), ask_multiplicity(results, lang), ask_events(results, lang),
    ask_groups(results, lang), ask_failed(results, lang), ask_left_out(results, lang), ask_screening(cohort, lang),
    ask_complications(cohort, lang), ask_records(cohort, lang)
  )
  structure(out, class = c("checklist", "data.frame"))
}

answer <- function(lang, item, state, finding) {
  data.frame(item = item, state = state, finding = findings(lang, finding), stringsAsFactors = FALSE)
}

findings <- function(lang, x) paste(x, collapse = say(lang, "list.between"))

rules_of <- function(results) lapply(results$endpoints, function(e) attr(e, "meta"))

ask_unit <- function(results, lang) {
  units <- vapply(rules_of(results), function(meta) meta$unit, "")
  answer(lang, say(lang, "check.unit"), "ok",
    say(lang, "check.value", name = names(units), value = word_in(lang, units))
  )
}

ask_clusters <- function(results, lang) {
  nested <- Filter(function(e) attr(e, "meta")$unit != "patient" && anyDuplicated(e$patient), results$endpoints)
  item <- say(lang, "check.clusters")
  if (!length(nested)) return(answer(lang, item, "ok", say(lang, "check.clusters.none")))
  clustered <- vapply(names(nested), function(name) {
    all(vapply(c(results$fits[[name]], results$proportions[[name]]), function(x) {
      !is.null(x$meta$cluster) || !is.null(x$meta$cluster_title) || !is.null(attr(x, "meta")$cluster_title)
    }, TRUE))
  }, TRUE)
  answer(lang, item, if (all(clustered)) "ok" else "attention", vapply(names(nested), function(name) {
    e <- nested[[name]]
    say(lang, if (clustered[[name]]) "check.clustered" else "check.independent",
      name = name, units = count_in(lang, nrow(e), attr(e, "meta")$unit),
      patients = count_in(lang, length(unique(e$patient)), "patient")
    )
  }, ""))
}

ask_rules <- function(results, lang) {
  unverified <- vapply(rules_of(results), function(meta) meta$rule$certainty != "verified", TRUE)
  sources <- vapply(rules_of(results), function(meta) paste0(meta$rule$set, ", ", meta$rule$source), "")
  answer(lang, say(lang, "check.rules"), if (any(unverified)) "attention" else "ok", c(
    unique(sources),
    if (any(unverified)) say(lang, "check.unverified", list = paste(names(which(unverified)), collapse = ", "))
  ))
}

of_times <- function(results) Filter(function(meta) meta$rule$kind == "time", rules_of(results))

ask_censoring <- function(results, lang) {
  timed <- of_times(results)
  if (!length(timed)) return(NULL)
  answer(lang, say(lang, "check.censoring"), "ok", vapply(names(timed), function(name) {
    meta <- timed[[name]]
    how <- censoring_words(meta$rule, meta$max.gap, meta$confirm, lang)
    say(lang, "check.value", name = name, value = lower_first(how))
  }, ""))
}

ask_competing <- function(results, cohort, lang) {
  timed <- of_times(results)
  if (!length(timed)) return(NULL)
  how <- vapply(timed, function(meta) {
    if (grepl("death", meta$rule$event)) return("event")
    if (grepl("death", meta$rule$competing)) "competing event" else "censored"
  }, "")
  deaths <- sum(cohort$tables$patients$vital_status == "dead")
  bad <- any(how == "censored") && deaths > 0
  answer(lang, say(lang, "check.competing"), if (bad) "attention" else "ok", c(
    say(lang, "check.value", name = names(how), value = word_in(lang, how)),
    if (bad) say(lang, "check.deaths", count = count_in(lang, deaths, "patient"))
  ))
}

# All rates at the landmarks, a row each.
landmark_rates <- function(results) {
  rows <- lapply(names(results$fits), function(name) {
    do.call(rbind, lapply(results$fits[[name]], function(fit) {
      out <- rates_of_fit(fit, results$times, FALSE, "all")
      out$whole <- is.null(fit$strata)
      cbind(endpoint = name, out[c("group", "whole", "time", "n.risk", "estimate", "conf.low", "conf.high")])
    }))
  })
  do.call(rbind, rows)
}

where_rates <- function(rows, lang) {
  say(lang, "check.rate",
    name = rows$endpoint, group = ifelse(rows$whole, say(lang, "check.all"), rows$group),
    time = rows$time, n = rows$n.risk
  )
}

ask_landmarks <- function(results, lang) {
  item <- say(lang, "check.landmarks")
  if (!length(results$fits)) return(NULL)
  if (!length(results$times)) return(answer(lang, item, "missing", say(lang, "check.landmarks.none")))
  rows <- landmark_rates(results)
  without <- is.na(rows$conf.low) | is.na(rows$conf.high)
  answer(lang, item, if (any(without)) "attention" else "ok", c(
    say(lang, "check.landmarks.both", n = sum(!without), total = nrow(rows)),
    if (any(without)) {
      say(lang, "check.landmarks.without", list = findings(lang, where_rates(rows[without, ], lang)))
    }
  ))
}

ask_few <- function(results, few, lang) {
  if (!length(results$times) || !length(results$fits)) return(NULL)
  rows <- landmark_rates(results)
  thin <- rows[rows$n.risk < few, ]
  item <- say(lang, "check.few", few = few)
  if (!nrow(thin)) return(answer(lang, item, "ok", say(lang, "check.few.none", n = min(rows$n.risk))))
  answer(lang, item, "attention", where_rates(thin, lang))
}

ask_follow_up <- function(results, lang) {
  item <- say(lang, "check.follow.up")
  if (!length(results$follow_up)) return(answer(lang, item, "missing", say(lang, "check.follow.up.none")))
  answer(lang, item, "ok", vapply(names(results$follow_up), function(name) {
    x <- results$follow_up[[name]]
    unit <- word_in(lang, x$meta$unit)
    if (is.na(x$median)) return(say(lang, "check.follow.up.open", name = name, unit = unit))
    say(lang, "check.follow.up.median",
      name = name, median = in_mark(format_number(x$median)), low = in_mark(na_dash(x$conf.low, 3)),
      high = in_mark(na_dash(x$conf.high, 3)), unit = unit
    )
  }, ""))
}

ask_multiplicity <- function(results, lang) {
  n <- length(results$tests)
  item <- say(lang, "check.multiplicity")
  if (!n) return(answer(lang, item, "ok", say(lang, "check.multiplicity.none")))
  if (n == 1) return(answer(lang, item, "ok", say(lang, "check.multiplicity.one")))
  p <- vapply(results$tests, function(x) as.vector(x$p.value), 0)
  shown <- function(p) in_mark(vapply(p, p_sign, ""))
  answer(lang, item, "attention", c(
    say(lang, "check.multiplicity.several", n = n),
    say(lang, "check.multiplicity.holm", name = names(p), p = shown(p), holm = shown(stats::p.adjust(p, "holm")))
  ))
}

ask_events <- function(results, lang) {
  if (!length(results$tests)) return(NULL)
  few <- unlist(lapply(names(results$tests), function(name) {
    e <- results$endpoints[[name]]
    event <- if (is.factor(e$status)) e$status == levels(e$status)[2] else e$status == 1
    n <- tapply(event, e[[results$by]], sum)
    n <- n[n < 5]
    if (length(n)) say(lang, "check.events.group", name = name, group = names(n), n = as.vector(n))
  }))
  answer(lang, say(lang, "check.events"), if (length(few)) "attention" else "ok",
    if (length(few)) {
      say(lang, "check.events.few", list = findings(lang, few))
    } else {
      say(lang, "check.events.enough")
    }
  )
}

ask_groups <- function(results, lang) {
  if (is.null(results$by)) return(NULL)
  n <- results$ungrouped[results$ungrouped > 0]
  answer(lang, say(lang, "check.groups"), if (length(n)) "attention" else "ok",
    if (length(n)) {
      units <- vapply(rules_of(results)[names(n)], function(meta) meta$unit, "")
      say(lang, "check.groups.without", name = names(n), count = mapply(count_in, lang, n, units))
    } else {
      say(lang, "check.groups.all")
    }
  )
}

ask_failed <- function(results, lang) {
  failed <- results$failed
  if (!nrow(failed)) return(NULL)
  answer(lang, say(lang, "check.failed"), "missing", say(lang, "check.failed.one",
    name = failed$endpoint, what = word_in(lang, failed$what), reason = word_in(lang, failed$reason)
  ))
}

ask_left_out <- function(results, lang) {
  n <- vapply(results$endpoints, function(e) NROW(attr(e, "left_out")) + sum(is.na(e$status)), 0L)
  n <- n[n > 0]
  answer(lang, say(lang, "check.left.out"), if (length(n)) "attention" else "ok",
    if (length(n)) say(lang, "check.left.out.one", name = names(n), n = n) else say(lang, "check.left.out.none")
  )
}

ask_screening <- function(cohort, lang) {
  item <- say(lang, "check.screening")
  screening <- cohort$tables$screening
  if (is.null(screening)) return(answer(lang, item, "missing", say(lang, "check.screening.none")))
  lost <- is.na(screening$patient)
  without <- sum(lost & is.na(screening$reason))
  answer(lang, item, if (without) "attention" else "ok", c(
    say(lang, "check.screening.some", n = nrow(screening), lost = sum(lost)),
    if (without) say(lang, "check.screening.without", n = without)
  ))
}

ask_complications <- function(cohort, lang) {
  item <- say(lang, "check.complications")
  complications <- cohort$tables$complications
  if (is.null(complications)) return(answer(lang, item, "missing", say(lang, "check.complications.none")))
  systems <- unique(complications$system)
  answer(lang, item, if (length(systems) > 1) "attention" else "ok", c(
    say(lang, "check.complications.some",
      count = count_in(lang, nrow(complications), "complication"), systems = list_in(lang, systems)
    ),
    if (length(systems) > 1) say(lang, "check.complications.several")
  ))
}

ask_records <- function(cohort, lang) {
  n <- nrow(cohort$checks)
  left <- nrow(cohort$excluded)
  answer(lang, say(lang, "check.records"), if (n || left) "attention" else "ok", c(
    if (n) say(lang, "check.records.found", list = count_checks(cohort$checks)) else say(lang, "check.records.none"),
    if (left) say(lang, "check.records.left", count = count_in(lang, left, "patient"))
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
