# What R does about intervals: which are refused, what stands in, quantiles and their limits.

is_product <- function(conf.type) conf.type == "bpcp" || conf.type == "bpcp mid-p"

# The beta product is derived for counts of right-censored subjects.
check_product <- function(conf.type, columns, frame, call) {
  counts <- c(columns$n.event, columns$n.censor)
  problem <- if (!is.null(frame$entry)) {
    "right-censored data, not for delayed entry"
  } else if (any(counts != round(counts))) {
    "whole counts, not for fractional weights"
  }
  if (!is.null(problem)) {
    abort_rule("conf_type", paste0("`conf.type = \"", conf.type, "\"` is defined for ", problem, "."),
      "\"log-log\", \"likelihood\" and \"rothman\" take such data.",
      arg = "conf.type", call = call
    )
  }
}

# Where S is 1 or 0 other limits stand in: for independent rows those of the beta product, for clusters those of
# conf.type = "beta-cluster".
stand_in_label <- function(fit) {
  if (is_product(fit$conf.type) || fit$conf.type == "beta-cluster") return("")
  if (isFALSE(fit$logse)) "; beta-cluster limits" else "; beta-product limits"
}

interval_label <- function(fit) {
  long <- c(
    bpcp = "beta-product", "bpcp mid-p" = "beta-product mid-p", likelihood = "likelihood-ratio",
    rothman = "Rothman-Wilson", "beta-cluster" = "beta-cluster (experimental)"
  )
  label <- if (fit$conf.type %in% names(long)) long[[fit$conf.type]] else fit$conf.type
  paste0(label, if (!is.null(fit$conf.lower)) paste0(" (", fit$conf.lower, " lower limits)"))
}

# Lower limit of S before the first row, with n at risk: Clopper and Pearson's for n out of n, or for all clusters of
# the group.
no_event_low <- function(fit, n, clusters = NULL) {
  if (!is.null(clusters)) n <- ifelse(n > 0, clusters, 0)
  alpha <- 1 - fit$conf.int
  ifelse(n > 0, (if (fit$conf.type == "bpcp mid-p") alpha else alpha / 2)^(1 / n), 0)
}

#' @export
summary.kaplan_meier <- function(object, times, ...) {
  call <- quote(summary())
  check_km(object, call)
  plain <- structure(object, class = "survfit")
  if (missing(times)) return(call_survival(summary(plain, ...), "summary", call))
  if (!is_number(times) || !length(times) || anyNA(times)) {
    abort_rule("times", paste0("`times` must be numbers without missing values, not ", one_line(times), "."),
      arg = "times", call = call
    )
  }
  out <- call_survival(summary(plain, times = times, ...), "summary", call)
  # Before the first row survival gives 1 to 1.
  point <- out$surv %in% 1 & out$lower %in% 1
  group <- if (is.null(out$strata)) 1L else as.integer(out$strata)[point]
  out$lower[point] <- no_event_low(object, out$n.risk[point], object$meta$cluster$by_group[group])
  out
}

check_probs <- function(probs, call) {
  if (!is_number(probs) || !length(probs) || anyNA(probs) || any(probs < 0 | probs > 1)) {
    abort_rule("choice", paste0("`probs` must be numbers from 0 to 1, not ", one_line(probs), "."),
      arg = "probs", call = call
    )
  }
}

# survival's quantiles of a curve that falls from 1.
curve_quantiles <- function(x, probs, ..., call) {
  # survival takes the middle of a flat step as (a + b) / 2, which overflows near the largest double. Halving and
  # doubling are exact.
  half <- length(x$time) && max(x$time) > .Machine$double.xmax / 2
  if (half) x$time <- x$time / 2
  out <- call_survival(stats::quantile(structure(x, class = "survfit"), probs, ...), "quantile", call)
  if (half) out <- if (is.list(out)) lapply(out, `*`, 2) else 2 * out
  out
}

#' @export
quantile.kaplan_meier <- function(x, probs = c(0.25, 0.5, 0.75), ...) {
  call <- quote(quantile())
  check_km(x, call)
  check_probs(probs, call)
  # Of the transformed intervals only those that exist are inverted, as in survival.
  transformed <- x$conf.type %in% transformed_types
  if (transformed) x$lower[x$surv %in% c(0, 1)] <- x$upper[x$surv %in% c(0, 1)] <- NA_real_
  out <- curve_quantiles(x, probs, ..., call = call)
  if (!transformed && is.list(out)) {
    # The interval before the first row of the curve, which the object has no row for.
    first <- vapply(group_rows(x), `[`, 1L, 1L)
    open <- outer(no_event_low(x, x$n.risk[first], x$meta$cluster$by_group), 1 - probs, `<=`)
    out$lower[if (is.matrix(out$lower)) open else open[1, ]] <- 0
  }
  out
}

# Why a median or a limit of it is NA, group by group.
median_note <- function(x, rows, medians, last) {
  ends <- vapply(rows, function(i) if (length(i)) x$surv[i[length(i)]] else 1, 0)
  ifelse(is.na(as.vector(medians$quantile)),
    paste0("median not reached: S is ", format_number(ends), " at the last follow-up (", number_text(last), ")"),
    ifelse(is.na(as.vector(medians$upper)), "upper limit of the median not reached", NA_character_)
  )
}

note_not_reached <- function(glanced) {
  missing <- which(is.na(glanced$median))
  if (length(missing) > 3) {
    return(paste0("median not reached in ", length(missing), " groups, whose curves end above 0.5"))
  }
  if (nrow(glanced) == 1) return(glanced$note[missing])
  if (length(missing)) paste0(encodeString(glanced$strata[missing]), ": ", glanced$note[missing])
}
