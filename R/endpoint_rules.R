# What an endpoint counts is a row of inst/rules/endpoints.csv, or one that the user adds; the engine in endpoint.R
# reads the words below and knows no endpoint by name.

endpoint_words <- list(
  units = c("patient", "course", "session", "lesion"),
  kind = c("time", "proportion"),
  start = c("first ablation", "last stage"),
  event = c(
    "death", "cancer death", "other death", "LTP", "residual", "residual after all ablations", "regional progression",
    "distant progression", "re-ablation", "systemic therapy", "other local therapy", "technical success",
    "primary efficacy", "assisted efficacy"
  ),
  population = c("all", "completely ablated", "assessed", "off systemic therapy"),
  censor = c("last imaging", "last contact"),
  certainty = c("verified", "unverified")
)

#' Rules of clinical endpoints
#'
#' What each endpoint counts, as data: a row an endpoint. [endpoint()] reads them; a new endpoint is a new row.
#'
#' @param set `"paper2021"`: the definitions of the founding case (local progression-free and disease-free survival
#'   count what imaging shows, death censors). `"sio2021"`: those of the consensus on image-guided tumour ablation
#'   (death is an event of what is called survival and competes with progression). `NULL`: all sets.
#' @param endpoint,label Short name and title.
#' @param units Units of analysis that make sense, several as a vector: `"patient"`, `"course"` (sessions planned
#'   together), `"session"`, `"lesion"`.
#' @param event What counts as the event, several as a vector: `"death"`, `"cancer death"`, `"other death"`, `"LTP"`,
#'   `"residual"`, `"residual after all ablations"`, `"regional progression"`, `"distant progression"`, `"re-ablation"`,
#'   `"systemic therapy"`, `"other local therapy"`; of proportions also `"technical success"`, `"primary efficacy"`,
#'   `"assisted efficacy"`.
#' @param competing Events that make the event impossible, in the same words, or `NULL`.
#' @param kind `"time"` (until the event) or `"proportion"` (did it happen?).
#' @param start Time zero: `"first ablation"` of the unit or `"last stage"` of its course.
#' @param population Which units can have the event: `"all"`, `"completely ablated"` (documented for the lesion, or for
#'   a lesion of the unit), `"assessed"` (the ablation zone was), `"off systemic therapy"` (none goes on after time
#'   zero).
#' @param censor Where units without event are censored: `"last imaging"` that could have shown it, or `"last contact"`.
#' @param source,note Text: where the definition stands, and what it leaves open.
#' @param certainty `"verified"` in its source or `"unverified"`; the latter is printed.
#' @return A data frame with a row an endpoint and these columns, several words separated by `|`. Rows of
#'   `endpoint_rule()` can be bound to those of `endpoint_rules()` with [rbind()].
#' @section Errors: `cryonodes_error_choice` (a word that the rules do not know), `cryonodes_error_type`.
#' @references
#' Autrusseau P-A et al. (2021), see [lnm_sessions]. Puijk RS, Ahmed M, Adam A et al. (2021). Consensus guidelines for
#' the definition of time-to-event end points in image-guided tumor ablation: results of the SIO and DATECAN initiative.
#' *Radiology* 301:533-540. Ahmed M, Solbiati L, Brace CL et al. (2014). Image-guided tumor ablation: standardization of
#' terminology and reporting criteria, a 10-year update. *Radiology* 273:241-260.
#' @examples
#' endpoint_rules("paper2021")[, c("endpoint", "units", "event", "competing")]
#' ours <- endpoint_rule("distant or death", "Distant progression or death", "patient",
#'   event = c("distant progression", "death"), censor = "last contact", source = "protocol 3.2"
#' )
#' endpoint(ablation_cohort, "distant or death", rules = ours)
#' @export
endpoint_rules <- function(set = NULL) {
  rules <- read_rules("endpoints")
  if (is.null(set)) return(rules)
  set <- check_choice(set, unique(rules$set), "set", quote(endpoint_rules()))
  out <- rules[rules$set == set, ]
  rownames(out) <- NULL
  out
}

#' @rdname endpoint_rules
#' @export
endpoint_rule <- function(endpoint, label = endpoint, units, event, competing = NULL, kind = "time",
                          start = "first ablation", population = "all", censor = "last contact", source = "own rule",
                          certainty = "verified", note = NA) {
  call <- quote(endpoint_rule())
  check_given(missing(endpoint), "endpoint", call)
  check_given(missing(units), "units", call)
  check_given(missing(event), "event", call)
  check_text(endpoint, "endpoint", call, null = FALSE)
  check_text(label, "label", call, null = FALSE)
  row <- data.frame(
    set = "own", endpoint = endpoint, label = label, units = paste(units, collapse = "|"), kind = kind, start = start,
    event = paste(event, collapse = "|"), competing = if (length(competing)) paste(competing, collapse = "|") else NA,
    population = population, censor = censor, source = as.character(source), certainty = certainty,
    note = as.character(note)
  )
  check_rules(row, call)
  row
}

check_rules <- function(rules, call) {
  need <- names(read_rules("endpoints"))
  if (!is.data.frame(rules) || !nrow(rules) || length(setdiff(need, names(rules)))) {
    abort_rule("type", "`rules` must be the name of a set or a data frame like that of endpoint_rules().",
      paste0("Its columns are ", quoted(need, 20), "."),
      arg = "rules", call = call
    )
  }
  words <- endpoint_words
  words$competing <- words$event
  for (column in intersect(names(words), need)) {
    for (i in which(!is.na(rules[[column]]))) {
      odd <- setdiff(allowed_values(rules[[column]][i]), words[[column]])
      if (length(odd)) {
        abort_rule("choice", paste0(
          "`", column, "` of ", quoted(rules$endpoint[i]), " must be among ", quoted(words[[column]], 20), ", not ",
          quoted(odd), "."
        ), arg = column, call = call)
      }
    }
  }
  invisible(rules)
}

find_rule <- function(endpoint, rules, call) {
  if (is.character(rules) && length(rules) == 1) {
    set <- check_choice(rules, unique(read_rules("endpoints")$set), "rules", call)
    rules <- endpoint_rules(set)
  }
  check_rules(rules, call)
  if (!is.character(endpoint) || length(endpoint) != 1 || is.na(endpoint) || !endpoint %in% rules$endpoint) {
    abort_rule("endpoint", paste0(
      "`endpoint` must be one of ", quoted(rules$endpoint, 40), ", not ", one_line(endpoint), "."
    ), "A new endpoint is one row: see endpoint_rule().", arg = "endpoint", call = call)
  }
  rule <- rules[rules$endpoint == endpoint, ]
  if (nrow(rule) > 1) {
    abort_rule("endpoint", paste0("`rules` has ", nrow(rule), " rows called ", quoted(endpoint), "."),
      "Choose one set, or another name.",
      arg = "rules", call = call
    )
  }
  rule
}

check_unit <- function(unit, rule, call) {
  units <- allowed_values(rule$units)
  if (is.null(unit)) return(units[1])
  unit <- check_choice(unit, endpoint_words$units, "unit", call)
  if (!unit %in% units) {
    why <- if (rule$endpoint == "OS" || grepl("death", rule$event)) {
      "A patient dies once; counted by lesion, the dead count as often as they had lesions."
    } else {
      paste0("The rule (", rule$set, ") is of ", paste(units, collapse = " or "), "; endpoint_rule() makes another.")
    }
    abort_rule("endpoint", paste0(
      quoted(rule$endpoint), " is not defined per ", unit, " (", rule$source, "), but per ",
      paste(units, collapse = " or "), "."
    ), why, arg = "unit", call = call)
  }
  unit
}
