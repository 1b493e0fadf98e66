# A proportion computed, printed and tidied.

proportion_types <- c("clopper-pearson", "blaker", "mid-p", "wilson", "korn-graubard")

proportion_names <- c(
  "clopper-pearson" = "Clopper-Pearson", blaker = "Blaker", "mid-p" = "Clopper-Pearson with mid-p", wilson = "Wilson",
  "korn-graubard" = "Korn-Graubard"
)

proportion_sources <- c(
  "clopper-pearson" = "Clopper & Pearson (1934)", blaker = "Blaker (2000)", "mid-p" = "Berry & Armitage (1995)",
  wilson = "Wilson (1927)", "korn-graubard" = "Korn & Graubard (1998)"
)

most_observed <- 1e9

check_proportion_type <- function(x, clustered, alternative, call) {
  if (is.null(x)) x <- if (clustered) "korn-graubard" else "clopper-pearson"
  if (!is.character(x) || length(x) != 1 || is.na(match(x, proportion_types))) {
    abort_rule("conf_type", paste0("`conf.type` must be one of ", quoted(proportion_types), ", not ", one_line(x), "."),
      arg = "conf.type", call = call
    )
  }
  if (clustered && x != "korn-graubard") {
    abort_rule("conf_type", paste0("`conf.type = \"", x, "\"` takes outcomes for independent: it has no place for ",
      "clusters."
    ), "For clusters use \"korn-graubard\".", arg = "conf.type", call = call)
  }
  if (!clustered && x == "korn-graubard") {
    abort_rule("conf_type", "`conf.type = \"korn-graubard\"` is for clustered outcomes: no cluster is given.",
      arg = "conf.type", call = call
    )
  }
  if (x == "blaker" && alternative != "two.sided") {
    abort_rule("conf_type", "Blaker's interval is two-sided.", "For one limit use \"clopper-pearson\".",
      arg = "conf.type", call = call
    )
  }
  x
}

fit_proportion <- function(counts, conf.type, alternative, conf.level, data_name, call) {
  alternative <- check_choice(alternative, c("two.sided", "less", "greater"), "alternative", call)
  conf.level <- check_conf_level(conf.level, call)
  clustered <- !is.null(counts$parts)
  conf.type <- check_proportion_type(conf.type, clustered, alternative, call)
  x <- counts$x
  n <- counts$n
  labels <- counts$labels %||% if (length(x) == 1) "all" else paste("row", seq_along(x))
  bad <- which(n > most_observed)
  if (length(bad)) {
    abort_rule("count", paste0("`n` must be at most 10^9, not ", format_plain(n[bad[1]]), " in ", at_rows(bad), "."),
      arg = "n", rows = bad, call = call
    )
  }
  out <- data.frame(group = labels, n = whole_number(n), events = whole_number(x), stringsAsFactors = FALSE)
  events <- x
  size <- n
  notes <- counts$notes
  if (clustered) {
    alpha <- (1 - conf.level) * if (alternative == "two.sided") 1 else 2
    if (alpha >= 1) {
      abort_rule("conf_level", "one limit for clusters needs `conf.level` > 0.5.", arg = "conf.level", call = call)
    }
    parts <- lapply(counts$parts, function(part) {
      if (!length(part$n)) return(c(0, 0, 0, NaN, NaN))
      call_core(clustered_counts_cpp(part$x, part$n, alpha), call)
    })
    parts <- do.call(rbind, parts)
    out$n.cluster <- as.integer(parts[, 3])
    size <- parts[, 5]
    out$n.effective <- na_plain(size)
    events <- ifelse(x == n, size, size * (x / n))
    alone <- labels[parts[, 3] == 1]
    if (length(alone)) {
      notes <- c(notes, paste0("group ", quoted(alone), if (length(alone) > 1) " have" else " has",
        " one cluster only: nothing is known of the variation between clusters"
      ))
    }
  }
  empty <- labels[n == 0]
  if (length(empty)) notes <- c(notes, paste0("nobody was observed in ", quoted(empty)))
  limits <- call_core(proportion_cpp(events, size, conf.type, alternative, conf.level), call)
  out$proportion <- na_plain(x / n)
  out$conf.low <- limits$low
  out$conf.high <- limits$high
  out$method <- proportion_names[[conf.type]]
  meta <- list(
    format = result_format, method = "proportion", conf.type = conf.type, conf.level = conf.level,
    alternative = alternative, data.name = data_name, group_title = counts$title, cluster_title = counts$cluster_title,
    n_rows = counts$n_rows, rows_dropped = counts$rows_dropped, notes = notes
  )
  structure(out, class = c("proportion", "data.frame"), meta = meta)
}

# A data frame whose columns or whose record are gone is no longer the result it was.
check_proportion <- function(x, call) {
  record <- structure(c(unclass(x), list(meta = attr(x, "meta"))), class = "proportion")
  check_result(record, "proportion", proportion_fields, call, c("conf.type", "n_rows"))
}

proportion_fields <- c("group", "n", "events", "proportion", "conf.low", "conf.high", "method")

#' @export
print.proportion <- function(x, digits = 3, ...) {
  check_proportion(x, quote(print()))
  digits <- check_digits(digits, quote(print()))
  meta <- attr(x, "meta")
  cat("Proportion", if (nrow(x) != 1) "s", ": ", encodeString(meta$data.name), "; ", count_line(meta), "\n\n", sep = "")
  shown <- data.frame(
    group = encodeString(x$group), n = format_plain(x$n), events = format_plain(x$events), stringsAsFactors = FALSE
  )
  names(shown)[1] <- encodeString(meta$group_title %||% "group")
  if (!is.null(x$n.cluster)) {
    shown$clusters <- format_plain(x$n.cluster)
    shown[["effective n"]] <- na_dash(x$n.effective, digits)
  }
  shown$proportion <- limit_text(x$proportion, digits)
  shown[[paste0(number_text(100 * meta$conf.level), "% CI")]] <-
    paste(limit_text(x$conf.low, digits), "to", limit_text(x$conf.high, digits))
  print(shown, row.names = FALSE)
  cat("\n", proportion_names[[meta$conf.type]], " limits",
    if (meta$alternative != "two.sided") paste0(", one-sided (", if (meta$alternative == "less") "upper" else "lower",
      ")"
    ),
    if (!is.null(meta$cluster_title)) paste0(", clustered by ", encodeString(meta$cluster_title)), "; ",
    proportion_sources[[meta$conf.type]], ".\n",
    sep = ""
  )
  print_notes(meta$notes)
  invisible(x)
}

#' @rdname proportion
#' @param row.names,optional Not used.
#' @export
as.data.frame.proportion <- function(x, row.names = NULL, optional = FALSE, ...) {
  attr(x, "meta") <- NULL
  class(x) <- "data.frame"
  x
}

#' @rdname proportion
#' @method tidy proportion
#' @export
tidy.proportion <- function(x, ...) {
  check_proportion(x, quote(tidy()))
  data.frame(
    strata = x$group, n = x$n, n.event = x$events, estimate = x$proportion, conf.low = x$conf.low,
    conf.high = x$conf.high, stringsAsFactors = FALSE
  )
}

#' @rdname proportion
#' @method glance proportion
#' @export
glance.proportion <- function(x, ...) {
  check_proportion(x, quote(glance()))
  meta <- attr(x, "meta")
  data.frame(
    n = sum(x$n), n.event = sum(x$events), groups = nrow(x), conf.level = meta$conf.level,
    alternative = meta$alternative, method = proportion_names[[meta$conf.type]], stringsAsFactors = FALSE
  )
}
