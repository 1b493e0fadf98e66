# What is printed of a log-rank test, and what tidy() and glance() give.

logrank_fields <- c(
  "statistic", "parameter", "p.value", "log_p_value", "observed", "expected", "covariance", "n", "method"
)

check_logrank <- function(x, call) check_result(x, "logrank_test", logrank_fields, call, "n_rows")

#' @export
print.logrank_test <- function(x, digits = 3, ...) {
  check_logrank(x, quote(print()))
  digits <- check_digits(digits, quote(print()))
  one_sample <- !is.null(x$null.value)
  null <- if (one_sample) "the hazard is that of the reference at all times" else method_null("logrank")
  print_test_head(x, null)
  shown <- data.frame(
    n = number_text(x$n), observed = number_text(x$observed), expected = format_number(x$expected, digits),
    row.names = names(x$n)
  )
  # Weighted, these are not what the test compares.
  if (!x$meta$type %in% c("logrank", "max-combo")) shown$score <- format_number(x$score, digits)
  if (!is.null(x$trend)) shown$trend <- number_text(x$trend)
  print(shown)
  if (!is.null(x$components)) {
    cat("\n")
    print(data.frame(weight = x$components$weight, Z = format_number(x$components$z, digits)), row.names = FALSE)
    cat("\nLargest |Z| ", format_number(x$statistic, digits), "\n", sep = "")
  }
  print_test_answer(x, digits)
  if (!is.null(x$hazard_ratio)) {
    cat("Hazard ratio, ", encodeString(x$comparison), ":\n", sep = "")
    ratio <- x$hazard_ratio
    interval <- ifelse(is.na(ratio$conf.low), "no interval", paste0(
      number_text(100 * x$conf.level), "% CI ", format_number(ratio$conf.low, digits), " to ",
      format_number(ratio$conf.high, digits)
    ))
    cat(paste0("  ", ratio$method, " ", format_number(ratio$estimate, digits), " (", interval, ")\n"), sep = "")
  }
  if (one_sample) {
    cat("Observed / expected ", format_number(x$estimate, digits), " (", number_text(100 * x$conf.level),
      "% CI ", format_number(x$conf.int[1], digits), " to ", format_number(x$conf.int[2], digits), ", exact Poisson)\n",
      sep = ""
    )
  }
  cat(type_source(x), if (!is.null(x$hazard_ratio)) "; Pike (1972), Peto et al. (1977)", ".\n", sep = "")
  print_notes(x$meta$notes)
  invisible(x)
}

#' Tidy a log-rank test
#'
#' `tidy()` gives one row per group, `glance()` one row for the test.
#'
#' @param x A [logrank_test()].
#' @param ... Not used.
#' @return `tidy()`: a data frame with `strata` (group label), `n`, `observed`, `expected`. `glance()`: `statistic`,
#'   `df`, `p.value`, `log.p.value`, `method`.
#' @section Errors: `cryonodes_error_object`.
#' @examples
#' test <- logrank_test(c(5, 8, 12, 20, 33, 35), c(1, 0, 1, 1, 1, 0), c(1, 1, 1, 2, 2, 2))
#' tidy(test)
#' glance(test)
#' @method tidy logrank_test
#' @export
tidy.logrank_test <- function(x, ...) {
  check_logrank(x, quote(tidy()))
  data.frame(
    strata = names(x$n), n = as.vector(x$n), observed = as.vector(x$observed), expected = as.vector(x$expected),
    stringsAsFactors = FALSE
  )
}

#' @rdname tidy.logrank_test
#' @method glance logrank_test
#' @export
glance.logrank_test <- function(x, ...) {
  check_logrank(x, quote(glance()))
  data.frame(
    statistic = as.vector(x$statistic), df = if (is.null(x$parameter)) NA_real_ else as.vector(x$parameter),
    p.value = x$p.value, log.p.value = x$log_p_value,
    method = x$method, stringsAsFactors = FALSE
  )
}
