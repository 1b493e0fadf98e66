# What is done with a compare_at: broom's verbs and print.

check_compare_at <- function(x, call) {
  check_result(x, "compare_at", c("rates", "contrasts", "tests", "method", "conf.level"), call,
    c("group_labels", "n_rows", "how", "measure", "what", "p.adjust.method")
  )
}

#' Tidy a comparison at fixed times
#'
#' `tidy()` gives one row per time, measure and group compared with the first; `glance()` one row per time.
#'
#' @param x A [compare_at()].
#' @param row.names,optional,... Not used.
#' @return `tidy()` and `as.data.frame()`: the data frame `contrasts`, `glance()` the data frame `tests` with a column
#'   `method` of [compare_at()].
#' @section Errors: `cryonodes_error_object`.
#' @examples
#' group <- c(1, 1, 1, 2, 2, 2)
#' test <- compare_at(c(5, 8, 12, 20, 33, 35), c(1, 0, 1, 1, 1, 0), group, times = c(6, 10))
#' tidy(test)
#' glance(test)
#' @method tidy compare_at
#' @export
tidy.compare_at <- function(x, ...) {
  check_compare_at(x, quote(tidy()))
  x$contrasts
}

#' @rdname tidy.compare_at
#' @export
as.data.frame.compare_at <- function(x, row.names = NULL, optional = FALSE, ...) tidy.compare_at(x)

#' @rdname tidy.compare_at
#' @method glance compare_at
#' @export
glance.compare_at <- function(x, ...) {
  check_compare_at(x, quote(glance()))
  cbind(x$tests, method = x$method)
}

compare_source <- function(x) {
  stands_in <- !x$meta$how %in% exact_methods && any(grepl(": melded ", x$contrasts$note, fixed = TRUE))
  paste0(of_method(x), if (stands_in) "; Fay, Proschan & Brittain (2015)")
}

of_method <- function(x) {
  switch(x$meta$how,
    melded = , "melded mid-p" = "Fay, Proschan & Brittain (2015)", "fisher-crude" = method_source("fisher"),
    "pseudo-values" = "Andersen, Klein & Rosthoj (2003), Klein et al. (2007)", "Klein et al. (2007)"
  )
}

# The direction of a contrast in words: "survival of 'b' minus survival of 'a'".
contrast_words <- function(measure, what, own, reference) {
  join <- c(difference = " minus ", ratio = " divided by ", "odds ratio" = " divided by ")[[measure]]
  odds <- if (measure == "odds ratio") "odds of "
  of <- if (what == "survival") " of '" else " in '"
  paste0(odds, what, of, own, "'", join, odds, what, of, reference, "'")
}

#' @export
print.compare_at <- function(x, digits = 3, ...) {
  check_compare_at(x, quote(print()))
  digits <- check_digits(digits, quote(print()))
  meta <- x$meta
  labels <- encodeString(meta$group_labels)
  cat(x$method, "\nof the null hypothesis that ", method_null("compare_at"), "\n", sep = "")
  nested <- if (!is.null(meta$n_cluster)) {
    paste0(" in ", number_text(meta$n_cluster), " cluster", if (meta$n_cluster != 1) "s", " (",
      encodeString(meta$cluster_title), ")"
    )
  }
  cat(encodeString(x$data.name), "; ", count_line(meta), nested,
    if (!is.null(meta$unit)) paste0("; times in ", meta$unit), "\n\n",
    sep = ""
  )
  level <- paste0(number_text(100 * x$conf.level), "% CI")
  interval <- function(y, none) {
    text <- paste0(limit_text(y$conf.low, digits), " to ", limit_text(y$conf.high, digits))
    ifelse(is.na(y$conf.low), none, text)
  }
  rates <- x$rates
  shown <- data.frame(
    time = number_text(rates$time), group = rates$strata, n = number_text(rates$n),
    "at risk" = number_text(rates$n.risk), events = number_text(rates$cum.event),
    rate = na_dash(rates$estimate, digits), ci = interval(rates, "-"), check.names = FALSE
  )
  names(shown)[7] <- level
  shown$note <- notes_or_nothing(rates$note)
  print(shown, row.names = FALSE)
  for (measure in meta$measure) {
    for (g in labels[-1]) {
      rows <- x$contrasts[x$contrasts$measure == measure & encodeString(x$contrasts$strata) == g, ]
      words <- contrast_words(measure, meta$what, g, labels[1])
      cat("\n", toupper(substr(words, 1, 1)), substring(words, 2), ":\n", sep = "")
      cat(paste0(
        "  at ", number_text(rows$time), ": ", na_dash(rows$estimate, digits), " (", level, " ",
        interval(rows, "undefined"), "), p ", ifelse(is.na(rows$p.value), "undefined", p_signs(rows$p.value)),
        ifelse(is.na(rows$note), "", paste0(" [", rows$note, "]")), "\n"
      ), sep = "")
    }
  }
  tests <- x$tests
  if (length(labels) > 2) {
    cat("\nAll groups:\n", paste0(
      "  at ", number_text(tests$time), ": ", ifelse(is.na(tests$p.value), tests$note, paste0("chi-square ",
        format_number(tests$statistic, digits), " on ", tests$df, " df, p ", p_signs(tests$p.value)
      )), "\n"
    ), sep = "")
  }
  if (nrow(tests) > 1 && meta$p.adjust.method != "none") {
    cat("\nAdjusted for ", nrow(tests), " times (", meta$p.adjust.method, "): ", paste0(
      "p ", ifelse(is.na(tests$p.adjusted), "undefined", p_signs(tests$p.adjusted)), " at ", number_text(tests$time),
      collapse = ", "
    ), "\n", sep = "")
  }
  cat("\n", compare_source(x), ".\n", sep = "")
  print_notes(meta$notes)
  invisible(x)
}

p_signs <- function(p) ifelse(is.na(p), "NA", vapply(p, function(value) p_sign(value), ""))
