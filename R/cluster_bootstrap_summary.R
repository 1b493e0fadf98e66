# What a bootstrap says: standard errors and intervals from the replicates; print and broom's verbs.

# A restricted mean is not a number where a group's curve ends before tau.
refuse_unreached_tau <- function(estimate, wanted, labels, frame, call) {
  bad <- which(is.nan(estimate))
  if (!length(bad)) return(invisible())
  group <- frame_groups(frame) %||% integer(length(frame$time))
  last <- vapply(seq_along(labels) - 1L, function(g) max(frame$time[group == g]), 0)
  refuse_tau(wanted$at[(bad[1] - 1) %% length(wanted$at) + 1], list(limits = last), labels, call)
}

summarise_bootstrap <- function(drawn, terms, meta, seed) {
  tail <- (1 - meta$conf.level) / 2
  columns <- seq_len(nrow(terms))
  methods <- c("percentile", "basic", if (meta$interval == "bca") "bca")
  one <- function(k) {
    value <- drawn$values[, k]
    value <- value[!is.nan(value) & !is.na(value)]
    estimate <- drawn$estimate[1, k]
    finite <- value[is.finite(value)]
    # One cluster, or no event: all replicates are one number, which does not make the cohort's certain.
    level <- length(value) > 0 && all(value == value[1])
    limits <- lapply(methods, function(method) {
      if (level) c(NA_real_, NA_real_) else boot_limits(method, value, estimate, tail, drawn$jackknife[, k])
    })
    list(
      std.error = if (length(finite) > 1 && !level) stats::sd(finite) else NA_real_, limits = limits, level = level,
      n.missing = nrow(drawn$values) - length(finite)
    )
  }
  parts <- lapply(columns, one)
  limit <- function(part, method, side) {
    x <- part$limits[[match(method, methods)]][side]
    if (is.finite(x)) x else NA_real_
  }
  all <- do.call(rbind, lapply(methods, function(method) {
    data.frame(
      method = method, terms, conf.low = vapply(parts, limit, 0, method, 1),
      conf.high = vapply(parts, limit, 0, method, 2), stringsAsFactors = FALSE
    )
  }))
  shown <- all[all$method == meta$interval, ]
  missing <- vapply(parts, `[[`, 0, "n.missing")
  estimate <- as.vector(drawn$estimate)
  estimate[!is.finite(estimate)] <- NA_real_
  reason <- if (meta$statistic %in% c("median", "quantile")) "not reached" else "no value"
  level <- vapply(parts, `[[`, TRUE, "level")
  estimates <- data.frame(
    terms, estimate = estimate, std.error = vapply(parts, `[[`, 0, "std.error"), conf.low = shown$conf.low,
    conf.high = shown$conf.high, n.missing = missing,
    note = ifelse(is.na(estimate), paste0(reason, " in the cohort"),
      ifelse(missing > 0, paste0(reason, " in ", number_text(missing), " replicates"),
        ifelse(level, "all replicates are alike: interval undefined", NA_character_)
      )
    ), stringsAsFactors = FALSE
  )
  values <- drawn$values
  values[is.nan(values)] <- NA_real_
  rownames(all) <- NULL
  structure(list(estimates = estimates, intervals = all, replicates = values, seed = seed, meta = meta),
    class = "cluster_bootstrap"
  )
}

# Infinite replicates (a median not reached) are ordered behind all others; a limit among them is no number.
boot_limits <- function(method, value, estimate, tail, jackknife) {
  if (length(value) < 2 || !is.finite(estimate)) return(c(NA_real_, NA_real_))
  at <- function(p) {
    sorted <- sort(value)
    h <- min(max(p * (length(sorted) + 1), 1), length(sorted))
    low <- sorted[floor(h)]
    high <- sorted[ceiling(h)]
    if (is.infinite(high)) return(if (h == floor(h)) low else Inf)
    low + (h - floor(h)) * (high - low)
  }
  if (method == "percentile") return(c(at(tail), at(1 - tail)))
  if (method == "basic") return(2 * estimate - c(at(1 - tail), at(tail)))
  jackknife <- jackknife[is.finite(jackknife)]
  from_mean <- mean(jackknife) - jackknife
  acceleration <- sum(from_mean^3) / (6 * sum(from_mean^2)^1.5)
  z0 <- stats::qnorm(mean(value < estimate) + mean(value == estimate) / 2)
  if (!is.finite(acceleration) || !is.finite(z0)) return(c(NA_real_, NA_real_))
  z <- z0 + stats::qnorm(c(tail, 1 - tail))
  p <- stats::pnorm(z0 + z / (1 - acceleration * z))
  c(at(p[1]), at(p[2]))
}

check_bootstrap <- function(x, call) {
  check_result(x, "cluster_bootstrap", c("estimates", "intervals", "replicates", "seed"), call, c(
    "statistic", "interval", "conf.level", "n_replicates", "n_units", "n_rows", "group_labels"
  ))
  if (!is.data.frame(x$estimates) || !is.matrix(x$replicates) || ncol(x$replicates) != nrow(x$estimates)) {
    abort_rule("object", "the parts of the object do not fit each other.", "Compute it again from the data.",
      call = call
    )
  }
  invisible(x)
}

#' @export
print.cluster_bootstrap <- function(x, digits = 3, ...) {
  check_bootstrap(x, quote(print()))
  digits <- check_digits(digits, quote(print()))
  meta <- x$meta
  cat("Bootstrap of ", number_text(meta$n_units), if (is.null(meta$cluster)) {
    " rows"
  } else {
    paste0(" clusters (", meta$cluster$title, ")")
  }, if (!is.null(meta$group_title)) paste0(", by ", meta$group_title), "\n", count_line(meta), "\n\n", sep = "")
  shown <- x$estimates
  for (v in c("estimate", "std.error", "conf.low", "conf.high")) shown[[v]] <- na_dash(shown[[v]], digits)
  shown$note <- notes_or_nothing(shown$note)
  shown$n.missing <- NULL
  print(shown, row.names = FALSE)
  cat("\n", number_text(meta$n_replicates), " replicates, seed ", format(x$seed, digits = 16, scientific = FALSE), "; ",
    if (meta$interval == "bca") "BCa" else meta$interval, " intervals (", number_text(100 * meta$conf.level), "%)",
    if (!is.null(meta$unit)) paste0("; times in ", meta$unit), ".\n",
    sep = ""
  )
  print_notes(meta$notes)
  invisible(x)
}

#' Tidy a bootstrap
#'
#' @param x A [cluster_bootstrap()].
#' @param row.names,optional,... Not used.
#' @return `tidy()` and `as.data.frame()`: the data frame `estimates`, without row names. `glance()`: one row with
#'   `statistic`, `n.clusters`, `n.rows`, `replicates`, `interval`, `conf.level`, `seed`.
#' @section Errors: `cryonodes_error_object`.
#' @examples
#' x <- cluster_bootstrap(c(5, 8, 12, 20, 33), c(1, 0, 1, 0, 0),
#'   times = 12, replicates = 100, seed = 1
#' )
#' tidy(x)
#' glance(x)
#' @method tidy cluster_bootstrap
#' @export
tidy.cluster_bootstrap <- function(x, ...) {
  check_bootstrap(x, quote(tidy()))
  x$estimates
}

#' @rdname tidy.cluster_bootstrap
#' @export
as.data.frame.cluster_bootstrap <- function(x, row.names = NULL, optional = FALSE, ...) tidy.cluster_bootstrap(x)

#' @rdname tidy.cluster_bootstrap
#' @method glance cluster_bootstrap
#' @export
glance.cluster_bootstrap <- function(x, ...) {
  check_bootstrap(x, quote(glance()))
  data.frame(
    statistic = x$meta$statistic, n.clusters = x$meta$n_units, n.rows = x$meta$n_rows,
    replicates = x$meta$n_replicates, interval = x$meta$interval, conf.level = x$meta$conf.level, seed = x$seed
  )
}
