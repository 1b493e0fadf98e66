# The statistical paragraph, written from the results: what is not in them is not claimed.

#' The statistical paragraph of a paper
#'
#' Reads the results (endpoints with their rules, estimates, intervals, tests) and says what was done, with versions and
#' references. Nothing is said that no result holds: run another test, and the paragraph names another.
#'
#' @param ... [outcomes()], or single results: [kaplan_meier()], [cumulative_incidence()], [restricted_mean()],
#'   [logrank_test()], [gray_test()], [compare_at()], [proportion()], [follow_up()], [fisher_test()], or lists of them.
#' @return Text of class `methods_text`: one element a paragraph, with numbers of references in brackets; the references
#'   are in the attribute `references`. `print()` writes both; `format(x, "markdown")` has labels escaped for documents.
#' @section Definition: Sentences are made from the fields of the results: the rule of the endpoint (`attr(x,
#'   "endpoint")`), `conf.type`, `conf.level`, the variance, the clusters, the method of a test. p-values of several
#'   tests are called unadjusted unless a result says otherwise. The text is in English.
#' @section Errors: `cryonodes_error_object` (something that is no result), `_missing` (no result).
#' @examples
#' os <- endpoint(ablation_cohort, "OS")
#' methods_text(kaplan_meier(os, by = "group"), logrank_test(os))
#' methods_text(outcomes(list(os, endpoint(ablation_cohort, "LTP", unit = "lesion")), by = "group"))
#' @export
methods_text <- function(...) {
  call <- quote(methods_text())
  results <- list_results(list(...), call)
  if (!length(results)) {
    abort_rule("missing", "there is no result to describe.", "Give outcomes(), or estimates and tests.", call = call)
  }
  cited <- character()
  cite <- function(key) {
    if (!key %in% cited) cited <<- c(cited, key)
    paste0("[", match(key, cited), "]")
  }
  of <- function(class) Filter(function(x) inherits(x, class), results)
  text <- c(
    paste(describe_endpoints(results), collapse = " "),
    paste(c(
      describe_curves(of("kaplan_meier"), cite), describe_incidences(of("cumulative_incidence"), cite),
      describe_means(of("restricted_mean"), cite), describe_proportions(of("proportion"), cite),
      describe_follow_up(of("follow_up"), cite)
    ), collapse = " "),
    paste(c(describe_tests(Filter(is_p_result, results), cite), describe_software()), collapse = " ")
  )
  references <- read_rules("references")
  structure(text[nzchar(text)],
    references = references$citation[match(cited, references$key)], class = "methods_text"
  )
}

result_classes <- c(
  "kaplan_meier", "cumulative_incidence", "restricted_mean", "logrank_test", "gray_test", "compare_at", "fisher_test",
  "proportion", "follow_up"
)

list_results <- function(x, call) {
  out <- list()
  for (item in x) {
    if (inherits(item, "outcomes")) {
      check_outcomes(item, call)
      item <- unclass(item)[c("fits", "proportions", "tests", "follow_up")]
    }
    if (is.null(item)) next
    if (inherits(item, result_classes)) {
      out <- c(out, list(item))
    } else if (is.list(item) && !is.object(item)) {
      out <- c(out, list_results(item, call))
    } else {
      abort_rule("object", paste0("no paragraph can be made of an object of class ", class(item)[1], "."),
        paste0("Results are of class ", quoted(result_classes, 20), "."),
        call = call
      )
    }
  }
  out
}

is_p_result <- function(x) inherits(x, c("logrank_test", "gray_test", "compare_at", "fisher_test"))

sentence_list <- function(x) {
  x <- unique(x)
  if (length(x) < 2) return(x)
  paste0(paste(x[-length(x)], collapse = ", "), " and ", x[length(x)])
}

# Labels of the endpoints that a set of results is about, as they stand inside a sentence.
about <- function(results) {
  labels <- unlist(lapply(results, function(x) {
    e <- attr(x, "endpoint")
    if (!is.null(e)) paste0(lower_first(e$label), if (e$unit != "patient") paste0(" per ", e$unit))
  }))
  sentence_list(labels)
}

lower_first <- function(x) paste0(tolower(substr(x, 1, 1)), substring(x, 2))

in_brackets <- function(text) if (length(text)) paste0(" (", text, ")")

describe_endpoints <- function(results) {
  endpoints <- Filter(Negate(is.null), lapply(results, attr, "endpoint"))
  keys <- vapply(endpoints, function(e) paste(e$title, e$unit), "")
  endpoints <- endpoints[!duplicated(keys)]
  vapply(endpoints, function(e) {
    rule <- e$rule
    words <- function(x) paste(allowed_values(x), collapse = " or ")
    what <- if (rule$kind == "time") {
      paste0(
        "from ", rule$start, " to ", words(rule$event),
        if (!is.na(rule$competing)) paste0(", with ", words(rule$competing), " as competing event"), "; ",
        # The censoring as the estimand has it, with its options.
        lower_first(e$estimand[3])
      )
    } else {
      paste0("the proportion with ", words(rule$event))
    }
    paste0(
      e$label, " was analysed per ", e$unit, ": ", what,
      if (rule$population != "all") paste0("; units: ", rule$population),
      " (", rule$source, if (rule$certainty != "verified") "; definition to be verified in the source", ")."
    )
  }, "")
}

by_key <- function(results, key) {
  keys <- vapply(results, key, "")
  unname(split(results, factor(keys, unique(keys))))
}

conf_text <- function(level) paste0(number_text(100 * level), "% confidence intervals")

describe_curves <- function(fits, cite) {
  parts <- by_key(fits, function(x) {
    paste(x$conf.type, x$conf.int, x$meta$variance %||% "greenwood", is.null(x$meta$cluster))
  })
  vapply(parts, function(part) {
    x <- part[[1]]
    variance <- x$meta$variance %||% "greenwood"
    paste0(
      "Rates", in_brackets(about(part)), " were estimated by the Kaplan-Meier method ", cite("kaplan_meier"), " with ",
      if (variance %in% c("ij", "ying-wei")) {
        paste0("standard errors that take the ", units_of_results(part), "s of one patient as a cluster (",
          c(ij = "infinitesimal jackknife", "ying-wei" = "Ying and Wei")[[variance]], " ",
          cite(if (variance == "ij") "cluster" else "ying_wei"), ")"
        )
      } else {
        paste0("Greenwood's standard errors ", cite("greenwood"))
      }, " and ", interval_label(x), " ", conf_text(x$conf.int),
      if (is_product(x$conf.type)) paste0(" ", cite("bpcp")), "."
    )
  }, "")
}

units_of_results <- function(results) {
  units <- unique(unlist(lapply(results, function(x) attr(x, "endpoint")$unit)))
  if (length(units) == 1) units else "unit"
}

describe_incidences <- function(fits, cite) {
  parts <- by_key(fits, function(x) paste(x$conf.type, x$conf.int, x$meta$variance))
  vapply(parts, function(part) {
    x <- part[[1]]
    paste0(
      "Cumulative incidences", in_brackets(about(part)), " were estimated by the Aalen-Johansen method ",
      cite("cumulative_incidence"), " with competing events taken into account, with ", x$conf.type, " ",
      conf_text(x$conf.int), if (identical(x$meta$variance, "robust")) {
        paste0(" from a variance between patients (", units_of_results(part), "s of one patient as a cluster)")
      }, "."
    )
  }, "")
}

describe_means <- function(fits, cite) {
  if (!length(fits)) return(character())
  paste0("Restricted mean times", in_brackets(about(fits)), " are areas under the Kaplan-Meier curve ",
    cite("restricted_mean"), "."
  )
}

describe_proportions <- function(fits, cite) {
  parts <- by_key(fits, function(x) paste(attr(x, "meta")$conf.type, attr(x, "meta")$conf.level))
  vapply(parts, function(part) {
    meta <- attr(part[[1]], "meta")
    paste0(
      "Proportions", in_brackets(about(part)), " have ", proportion_names[[meta$conf.type]], " ",
      conf_text(meta$conf.level), " ", cite(meta$conf.type), if (!is.null(meta$cluster_title)) {
        paste0(", with the ", units_of_results(part), "s of one patient as a cluster")
      }, "."
    )
  }, "")
}

describe_follow_up <- function(fits, cite) {
  if (!length(fits)) return(character())
  paste0("Length of follow-up is the median of the reverse Kaplan-Meier estimate ", cite("follow_up"), ".")
}

describe_tests <- function(tests, cite) {
  if (!length(tests)) return(character())
  key_of <- function(x) intersect(c("logrank_test", "gray_test", "compare_at", "fisher_test"), class(x))[1]
  parts <- by_key(tests, function(x) x$method)
  adjusted <- vapply(tests, function(x) inherits(x, "compare_at") && !identical(x$meta$p.adjust.method, "none"), TRUE)
  n <- sum(vapply(tests, function(x) if (inherits(x, "compare_at")) nrow(x$tests) else 1L, 0L))
  c(
    vapply(parts, function(part) {
      x <- part[[1]]
      method <- sub("^(Log-rank|Clustered|Stratified|Exact|Two-sided)", "\\L\\1", x$method, perl = TRUE)
      nested <- units_of_results(part)
      paste0(
        "Groups were compared", in_brackets(about(part)), " by: ", method, " ", cite(key_of(x)),
        if (!is.null(x$meta$cluster_title)) paste0(", ", nested, "s of one patient as a cluster"),
        if (identical(x$alternative, "two.sided") || is.null(x$alternative)) ", two-sided", draws_text(part), "."
      )
    }, ""),
    if (n > 1) paste0(
      n, " p-values were computed; ",
      if (all(adjusted)) "they are adjusted for several times" else "they are not adjusted for multiplicity", "."
    )
  )
}

# Of p-values from random dealing: how many were drawn, and from which seed.
draws_text <- function(tests) {
  drawn <- Filter(function(x) !is.null(x$permutation$replicates), tests)
  if (!length(drawn)) return(NULL)
  paste0("; ", paste(vapply(drawn, function(x) {
    paste0(format_plain(x$permutation$replicates), " random permutations, seed ", format_plain(x$permutation$seed))
  }, ""), collapse = "; "))
}

describe_software <- function() {
  version <- function(package) as.character(utils::packageVersion(package))
  paste0(
    "Analyses were done in R ", paste(R.version$major, R.version$minor, sep = "."), " with packages cryonodes ",
    version("cryonodes"), " and survival ", version("survival"), "."
  )
}

#' @export
print.methods_text <- function(x, ...) {
  cat(format(x), sep = "\n")
  invisible(x)
}

#' @export
format.methods_text <- function(x, output = "text", heading = "References", ...) {
  call <- quote(format())
  output <- check_choice(output, c("text", "markdown"), "output", call)
  references <- attr(x, "references")
  text <- unclass(x)
  attributes(text) <- NULL
  if (output == "markdown") {
    list <- paste0(seq_along(references), "\\. ", escape_markdown(references))
    lines <- c(escape_markdown(text), if (length(references)) c(paste("##", escape_markdown(heading)), list))
    return(as.vector(rbind(lines, "")))
  }
  c(
    unlist(lapply(text, function(p) c(strwrap(encodeString(p), 100), ""))),
    if (length(references)) strwrap(paste0("[", seq_along(references), "] ", references), 100, exdent = 4)
  )
}
