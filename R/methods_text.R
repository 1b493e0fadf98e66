# The statistical paragraph, written from the results: what is not in them is not claimed.

#' The statistical paragraph of a paper
#'
#' Reads the results (endpoints with their rules, estimates, intervals, tests) and says what was done, with versions and
#' references. Nothing is said that no result holds: run another test, and the paragraph names another.
#'
#' @param ... [outcomes()], or single results: [kaplan_meier()], [cumulative_incidence()], [restricted_mean()],
#'   [logrank_test()], [gray_test()], [compare_at()], [proportion()], [follow_up()], [fisher_test()], or lists of them.
#'   The tests that a [cumulative_incidence()] was made with are named as well.
#' @param lang Language, `"en"` or `"fr"`. Names of methods and sources that have no French stay as they are.
#' @return Text of class `methods_text`: one element a paragraph, with numbers of references in brackets; the references
#'   are in the attribute `references`. `print()` writes both; `format(x, "markdown")` has labels escaped for documents.
#' @section Definition: Sentences are made from the fields of the results: the rule of the endpoint (`attr(x,
#'   "endpoint")`), `conf.type`, `conf.level`, the variance, the clusters, the method of a test. p-values of several
#'   tests are called unadjusted unless a result says otherwise. Numbers have the decimal mark of
#'   `options(cryonodes.decimal.mark = )`. Units that have no group are in no comparison; it says how many.
#' @section Errors: `cryonodes_error_object` (something that is no result), `_missing` (no result), `_choice` (`lang`).
#' @examples
#' os <- endpoint(ablation_cohort, "OS")
#' methods_text(kaplan_meier(os, by = "group"), logrank_test(os))
#' methods_text(kaplan_meier(os), lang = "fr")
#' methods_text(outcomes(list(os, endpoint(ablation_cohort, "LTP", unit = "lesion")), by = "group"))
#' @export
methods_text <- function(..., lang = "en") {
  call <- quote(methods_text())
  lang <- check_choice(lang, languages(), "lang", call)
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
  # Those that incidences were made with may be given beside them.
  own <- unlist(lapply(of("cumulative_incidence"), `[[`, "tests"), recursive = FALSE)
  given <- Filter(function(x) is_p_result(x) && !any(vapply(own, same_gray, TRUE, x)), results)
  tests <- c(own, given)
  text <- c(
    paste(describe_endpoints(results, lang), collapse = " "),
    paste(c(
      describe_curves(of("kaplan_meier"), cite, lang), describe_incidences(of("cumulative_incidence"), cite, lang),
      describe_means(of("restricted_mean"), cite, lang), describe_proportions(of("proportion"), cite, lang),
      describe_follow_up(of("follow_up"), cite, lang)
    ), collapse = " "),
    paste(c(describe_tests(tests, cite, lang), describe_software(lang)), collapse = " ")
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

# Of the same rows, whichever way they came.
same_gray <- function(x, y) {
  numbers <- c("cause", "observed", "expected", "covariance", "p.value")
  inherits(y, "gray_test") && identical(lapply(unclass(x)[numbers], unname), lapply(unclass(y)[numbers], unname))
}

is_p_result <- function(x) inherits(x, c("logrank_test", "gray_test", "compare_at", "fisher_test"))

# Labels of the endpoints that a set of results is about, as they stand inside a sentence.
about <- function(results, lang) {
  labels <- unlist(lapply(results, function(x) {
    e <- attr(x, "endpoint")
    if (is.null(e)) return(NULL)
    label <- lower_first(word_in(lang, e$label))
    if (e$unit == "patient") label else say(lang, "endpoint.about", label = label, unit = word_in(lang, e$unit))
  }))
  if (length(labels)) say(lang, "methods.about", list = list_in(lang, unique(labels)))
}

describe_endpoints <- function(results, lang) {
  endpoints <- Filter(Negate(is.null), lapply(results, attr, "endpoint"))
  keys <- vapply(endpoints, function(e) paste(e$title, e$unit), "")
  vapply(endpoints[!duplicated(keys)], function(e) {
    rule <- e$rule
    common <- list(lang,
      label = word_in(lang, e$label), unit = word_in(lang, e$unit), event = events_in(lang, rule$event),
      source = rule$source, unverified = if (rule$certainty != "verified") say(lang, "methods.unverified"),
      population = if (rule$population != "all") {
        say(lang, "methods.population", population = word_in(lang, rule$population))
      }
    )
    if (rule$kind != "time") return(do.call(say, append(common, "methods.proportion", 1)))
    do.call(say, c(append(common, "methods.time", 1), list(
      start = word_in(lang, rule$start),
      competing = if (!is.na(rule$competing)) {
        say(lang, "methods.competing", event = events_in(lang, rule$competing))
      },
      # The censoring as the estimand has it, with its options.
      censoring = lower_first(censoring_words(rule, e$max.gap, e$confirm, lang))
    )))
  }, "")
}

by_key <- function(results, key) {
  keys <- vapply(results, key, "")
  unname(split(results, factor(keys, unique(keys))))
}

describe_curves <- function(fits, cite, lang) {
  parts <- by_key(fits, function(x) {
    paste(x$conf.type, x$conf.int, x$meta$variance %||% "greenwood", is.null(x$meta$cluster))
  })
  vapply(parts, function(part) {
    x <- part[[1]]
    variance <- x$meta$variance %||% "greenwood"
    # References are numbered in the order in which they are read.
    kaplan_meier <- cite("kaplan_meier")
    errors <- if (variance %in% c("ij", "ying-wei")) {
      say(lang, "methods.clustered.errors",
        units = units_of_results(part, lang),
        method = word_in(lang, c(ij = "infinitesimal jackknife", "ying-wei" = "Ying and Wei")[[variance]]),
        cite = cite(if (variance == "ij") "cluster" else "ying_wei")
      )
    } else {
      say(lang, "methods.greenwood", cite = cite("greenwood"))
    }
    say(lang, "methods.curves",
      about = about(part, lang), cite = kaplan_meier, errors = errors, interval = word_in(lang, interval_label(x)),
      level = 100 * x$conf.int, product = if (is_product(x$conf.type)) paste0(" ", cite("bpcp"))
    )
  }, "")
}

units_of_results <- function(results, lang) {
  units <- unique(unlist(lapply(results, function(x) attr(x, "endpoint")$unit)))
  say(lang, paste0("units.", if (length(units) == 1) units else "unit"))
}

describe_incidences <- function(fits, cite, lang) {
  parts <- by_key(fits, function(x) paste(x$conf.type, x$conf.int, x$meta$variance))
  vapply(parts, function(part) {
    x <- part[[1]]
    say(lang, "methods.incidences",
      about = about(part, lang), cite = cite("cumulative_incidence"), interval = word_in(lang, x$conf.type),
      level = 100 * x$conf.int,
      clustered = if (identical(x$meta$variance, "robust")) {
        say(lang, "methods.clustered.incidences", units = units_of_results(part, lang))
      }
    )
  }, "")
}

describe_means <- function(fits, cite, lang) {
  if (length(fits)) say(lang, "methods.means", about = about(fits, lang), cite = cite("restricted_mean"))
}

describe_proportions <- function(fits, cite, lang) {
  parts <- by_key(fits, function(x) paste(attr(x, "meta")$conf.type, attr(x, "meta")$conf.level))
  vapply(parts, function(part) {
    meta <- attr(part[[1]], "meta")
    say(lang, "methods.proportions",
      about = about(part, lang), interval = word_in(lang, proportion_names[[meta$conf.type]]),
      level = 100 * meta$conf.level, cite = cite(meta$conf.type),
      clustered = if (!is.null(meta$cluster_title)) {
        say(lang, "methods.clustered.proportions", units = units_of_results(part, lang))
      }
    )
  }, "")
}

describe_follow_up <- function(fits, cite, lang) {
  if (length(fits)) say(lang, "methods.follow.up", cite = cite("follow_up"))
}

describe_tests <- function(tests, cite, lang) {
  if (!length(tests)) return(character())
  key_of <- function(x) intersect(c("logrank_test", "gray_test", "compare_at", "fisher_test"), class(x))[1]
  parts <- by_key(tests, function(x) x$method)
  adjusted <- vapply(tests, function(x) inherits(x, "compare_at") && !identical(x$meta$p.adjust.method, "none"), TRUE)
  n <- sum(vapply(tests, function(x) if (inherits(x, "compare_at")) nrow(x$tests) else 1L, 0L))
  left_out <- left_out_of_tests(tests, lang)
  c(
    vapply(parts, function(part) {
      x <- part[[1]]
      say(lang, "methods.tests",
        about = about(part, lang), method = method_in(lang, x$method), cite = cite(key_of(x)),
        clustered = if (!is.null(x$meta$cluster_title)) {
          say(lang, "methods.clustered.tests", units = units_of_results(part, lang))
        },
        sides = if (is.null(x$alternative) || x$alternative == "two.sided") say(lang, "methods.two.sided"),
        drawn = draws_text(part, lang)
      )
    }, ""),
    if (length(left_out)) say(lang, "methods.left.out", list = list_in(lang, left_out)),
    if (n > 1) say(lang, if (all(adjusted)) "methods.adjusted" else "methods.unadjusted", n = n)
  )
}

# The name of a test in a sentence: its parts, of which some have a word in the language.
method_in <- function(lang, method) {
  method <- sub("^(Log-rank|Comparison|Clustered|Stratified|Exact|Two-sided)", "\\L\\1", method, perl = TRUE)
  paste(word_in(lang, strsplit(method, ", ", fixed = TRUE)[[1]]), collapse = ", ")
}

left_out_of_tests <- function(tests, lang) {
  unlist(lapply(tests, function(x) {
    n <- length(x$meta$rows_dropped)
    e <- attr(x, "endpoint")
    if (!n) return(NULL)
    if (is.null(e)) return(say(lang, "methods.incomplete", count = count_in(lang, n, "row")))
    say(lang, "methods.ungrouped", count = count_in(lang, n, e$unit), label = lower_first(word_in(lang, e$label)))
  })) |> unique()
}

# Of p-values from random dealing: how many were drawn, and from which seed.
draws_text <- function(tests, lang) {
  drawn <- Filter(function(x) !is.null(x$permutation$replicates), tests)
  paste(vapply(drawn, function(x) {
    say(lang, "methods.drawn", n = format_plain(x$permutation$replicates), seed = format_plain(x$permutation$seed))
  }, ""), collapse = "")
}

describe_software <- function(lang) {
  version <- function(package) as.character(utils::packageVersion(package))
  say(lang, "methods.software",
    r = paste(R.version$major, R.version$minor, sep = "."), cryonodes = version("cryonodes"),
    survival = version("survival")
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
