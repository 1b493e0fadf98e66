# What is done with a restricted_mean: broom's verbs and print.

restricted_mean_fields <- c(
  "tau", "tau.max", "n", "n.event", "estimate", "std.error", "conf.low", "conf.high", "lost", "conf.level", "curve"
)

check_restricted_mean <- function(x, call) {
  check_result(x, "restricted_mean", restricted_mean_fields, call, c("group_labels", "n_rows"))
  k <- length(x$meta$group_labels)
  per_group <- unclass(x)[c("n", "n.event", "estimate", "std.error", "conf.low", "conf.high")]
  compared <- unclass(x)[c("difference", "ratio", "lost_ratio")]
  whole <- k > 0 && all(vapply(per_group, is.numeric, TRUE)) && all(lengths(per_group) == k) &&
    is.numeric(x$tau) && length(x$tau) == 1 && is.numeric(x$conf.level) && is.list(x$lost) && is.list(x$curve) &&
    all(lengths(x$lost) == k) && sum(x$curve$rows) == length(x$curve$time) && length(x$curve$rows) == k &&
    all(vapply(compared, function(y) if (k == 1) is.null(y) else is.list(y) && all(lengths(y) == k - 1), TRUE))
  if (!whole) {
    abort_rule("object", "the parts of the object do not fit each other.", "Compute it again from the data.",
      call = call
    )
  }
  invisible(x)
}

# Why a group has no interval; NA where it has one.
restricted_mean_notes <- function(x) {
  one_cluster <- if (is.null(x$n.cluster)) FALSE else x$n.cluster < 2
  ifelse(x$std.error > 0, NA_character_,
    ifelse(one_cluster, "one cluster only: interval undefined",
      ifelse(x$n.event == 0, "no event by tau: interval undefined", "standard error 0: interval undefined")
    )
  )
}

#' Tidy a restricted mean
#'
#' `tidy()` gives one row per group for the restricted mean and the time lost, then one row per comparison;
#' `glance()` one row for the whole.
#'
#' @param x A [restricted_mean()].
#' @param row.names,optional,... Not used.
#' @return `tidy()` and `as.data.frame()`: a data frame with `measure` (`"restricted mean"`, `"time lost"`,
#'   `"difference"`, `"ratio"`, `"ratio of time lost"`), `strata` (group label), `reference` (the group it is compared
#'   with, or `NA`), `time` (tau), `n`, `n.event`, `estimate`, `std.error` (of the estimate itself; that of the
#'   logarithm of a ratio, on which its interval and p-value rest, is `std.error / estimate`), `conf.low`, `conf.high`,
#'   `statistic`, `p.value`, `log.p.value` and `note`, the reason for an `NA`. `glance()`: `tau`, `tau.max`, `n`,
#'   `n.event`, `n.cluster` (`NA` without), `conf.level`, `method`.
#' @section Errors: `cryonodes_error_object`.
#' @examples
#' fit <- restricted_mean(c(5, 8, 12, 20, 33, 35), c(1, 0, 1, 1, 1, 0), c(1, 1, 1, 2, 2, 2), tau = 12)
#' tidy(fit)
#' glance(fit)
#' @method tidy restricted_mean
#' @export
tidy.restricted_mean <- function(x, ...) {
  check_restricted_mean(x, quote(tidy()))
  labels <- x$meta$group_labels
  note <- restricted_mean_notes(x)
  rows <- function(measure, y, g, std.error, reference = NA_character_, note) {
    blank <- rep(NA_real_, length(g))
    data.frame(
      measure = measure, strata = labels[g], reference = reference, time = x$tau, n = x$n[g], n.event = x$n.event[g],
      estimate = na_plain(y$estimate), std.error = std.error, conf.low = y$conf.low, conf.high = y$conf.high,
      statistic = y$statistic %||% blank, p.value = y$p.value %||% blank, log.p.value = y$log_p_value %||% blank,
      note = note, row.names = NULL, stringsAsFactors = FALSE
    )
  }
  every <- seq_along(labels)
  means <- unclass(x)[c("estimate", "conf.low", "conf.high")]
  out <- rbind(
    rows("restricted mean", means, every, x$std.error, note = note),
    rows("time lost", x$lost, every, x$std.error, note = note)
  )
  if (length(labels) == 1) return(out)
  compare <- function(measure, y, times = 1) {
    because <- ifelse(!is.na(y$p.value), NA_character_,
      ifelse(is.na(y$estimate), "a restricted mean or time lost of 0 has no ratio",
        ifelse(!is.na(note[1]) | !is.na(note[-1]), "no standard error in one of the groups: inference undefined",
          "the groups do not vary apart from each other: inference undefined"
        )
      )
    )
    rows(measure, y, every[-1], y$std.error * times, labels[1], because)
  }
  rbind(
    out, compare("difference", x$difference), compare("ratio", x$ratio, x$ratio$estimate),
    compare("ratio of time lost", x$lost_ratio, x$lost_ratio$estimate)
  )
}

#' @rdname tidy.restricted_mean
#' @export
as.data.frame.restricted_mean <- function(x, row.names = NULL, optional = FALSE, ...) tidy.restricted_mean(x)

#' @rdname tidy.restricted_mean
#' @method glance restricted_mean
#' @export
glance.restricted_mean <- function(x, ...) {
  check_restricted_mean(x, quote(glance()))
  data.frame(
    tau = x$tau, tau.max = x$tau.max, n = sum(x$n), n.event = sum(x$n.event),
    n.cluster = x$meta$n_cluster %||% NA_integer_, conf.level = x$conf.level, method = method_label("restricted_mean"),
    stringsAsFactors = FALSE
  )
}

#' @export
print.restricted_mean <- function(x, digits = 3, ...) {
  check_restricted_mean(x, quote(print()))
  digits <- check_digits(digits, quote(print()))
  labels <- x$meta$group_labels
  unit <- if (!is.null(x$meta$unit)) paste0(" ", x$meta$unit)
  cat("Restricted mean survival time up to ", number_text(x$tau), unit,
    if (!is.null(x$meta$group_title)) paste0(" by ", x$meta$group_title), "\n", sep = ""
  )
  cat(count_line(x$meta), if (!is.null(x$meta$n_cluster)) {
    title <- sub("^cluster\\((.*)\\)$", "\\1", x$meta$cluster_title)
    paste0(", ", number_text(x$meta$n_cluster), " clusters (", encodeString(title), ")")
  }, "\n\n", sep = "")
  interval <- function(y) {
    ifelse(is.na(y$conf.low), "no interval",
      paste0(format_number(y$conf.low, digits), " to ", format_number(y$conf.high, digits))
    )
  }
  level <- paste0(number_text(100 * x$conf.level), "% CI")
  shown <- data.frame(
    n = number_text(x$n), events = number_text(x$n.event), mean = format_number(x$estimate, digits),
    std.error = format_number(x$std.error, digits), ci = interval(x), lost = format_number(x$lost$estimate, digits)
  )
  names(shown)[4:6] <- c("std. error", level, "time lost")
  rownames(shown) <- labels
  print(shown)
  if (length(labels) > 1) {
    cat("\nCompared with '", encodeString(labels[1]), "':\n", sep = "")
    for (measure in c("difference", "ratio")) {
      y <- x[[measure]]
      cat(paste0(
        "  ", measure, " of '", encodeString(labels[-1]), "' ", format_number(na_plain(y$estimate), digits),
        ifelse(is.na(y$p.value), " (inference undefined)",
          paste0(" (", level, " ", interval(y), "), p ", vapply(y$p.value, p_sign, ""))
        ), "\n"
      ), sep = "")
    }
  }
  cat("\n", method_source("restricted_mean"), if (!is.null(x$n.cluster)) "; infinitesimal jackknife by cluster",
    ".\n", sep = ""
  )
  print_notes(x$meta$notes)
  note <- restricted_mean_notes(x)
  print_notes(unique(note[!is.na(note)]))
  invisible(x)
}
