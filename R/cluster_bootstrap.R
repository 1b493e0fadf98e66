#' Bootstrap of patients
#'
#' Draws patients with replacement, each with all its rows (lesions, sessions), and computes a number of the
#' Kaplan-Meier curve anew each time: how much would it differ in another cohort of as many patients? It assumes that
#' patients are independent, and that there are enough of them (some 20 or more) for their cohort to stand for the
#' population; no resampling makes up for a rare event that was not seen.
#'
#' @param ... A formula, or the vector of times: the class of the first argument decides. Not used by the methods.
#' @inheritParams kaplan_meier
#' @param formula `Surv(time, status) ~ group + cluster(patient)`; groups and `Surv(entry, exit, status)` as in
#'   [kaplan_meier()].
#' @param cluster Which rows belong together; in a formula also written `cluster(patient)`. `NULL`: each row by itself.
#' @param statistic `"survival"` (needs `times`), `"median"`, `"quantile"` (`probs`: shares that have had the event),
#'   `"restricted_mean"` (`tau`), or a function of a [kaplan_meier()] that gives a number or several, always as many.
#' @param times,probs,tau What the statistic is computed at; several are allowed.
#' @param replicates How often patients are drawn, at least 2.
#' @param interval The interval shown: `"percentile"`, `"basic"` or `"bca"`; the result holds the first two always.
#' @param seed A whole number from 0 to 2^53. `NULL`: drawn once from R's random numbers; the result records it.
#' @param threads Number of threads, 1 or more; the result does not depend on it.
#' @param progress Show a progress bar when it takes longer than two seconds?
#'
#' @return A `cluster_bootstrap`: a list of `estimates` (data frame with a row per group and number: `strata`, `term`,
#'   `estimate`, `std.error`, `conf.low`, `conf.high`, `n.missing`, `note`; for two groups also their difference,
#'   second minus first), `intervals` (the same for each method: `method`, `strata`, `term`, `conf.low`, `conf.high`),
#'   `replicates` (matrix, a row per replicate, a column per row of `estimates`), `seed` and `meta`.
#' @section Definition:
#' Of k clusters in the whole cohort, k are drawn with replacement, whatever their groups; a cluster drawn twice counts
#' twice. `std.error` is the standard deviation of the replicates. With \eqn{q(p)} their quantiles (at
#' \eqn{p (R + 1)} of R ordered replicates, linear in between) and \eqn{\hat\theta}{theta} the estimate, the percentile
#' interval is \eqn{q(\alpha/2)}{q(alpha/2)} to \eqn{q(1 - \alpha/2)}{q(1 - alpha/2)}, the basic one
#' \eqn{2 \hat\theta - q(1 - \alpha/2)}{2 theta - q(1 - alpha/2)} to \eqn{2 \hat\theta - q(\alpha/2)}{2 theta -
#' q(alpha/2)}, and BCa has the limits \eqn{q(\Phi(z_0 + z / (1 - a z)))}{q(Phi(z0 + z / (1 - a z)))} with z the sum of
#' \eqn{z_0}{z0} and the normal quantile of \eqn{\alpha/2}{alpha/2} or \eqn{1 - \alpha/2}{1 - alpha/2}, \eqn{z_0}{z0}
#' the normal quantile of the share of replicates below the estimate (half of those equal to it), and the acceleration a
#' from leaving out each cluster in turn. Random numbers are Philox's (4x32, 10 rounds): replicate r, counted from 0,
#' has the stream (seed, r).
#' @section Edge cases:
#' A replicate may lack a group, end before a time asked for, or not reach the median. Such replicates have no value
#' (a function is not asked when any group is lacking); `n.missing` counts them. For quantiles, "not reached" is later
#' than every time: a limit that falls among such replicates is `NA`, and the standard error is that of the others. For
#' the other statistics intervals are those of the replicates that have a value. Nothing is carried beyond the
#' follow-up: a `tau` that a group does not reach is refused.
#' @section Errors:
#' Those of [kaplan_meier()]; `cryonodes_error_times` (`times`, `probs` or `tau`), `_tau` (beyond a group's follow-
#' up), `_choice` (`statistic`, `interval`, a function that fails or changes its length), `_count` (`replicates`,
#' `seed`, `threads`).
#' @references
#' Davison AC, Hinkley DV (1997). *Bootstrap Methods and their Application*. Cambridge University Press, sections 3.8
#' and 5.2-5.3.
#'
#' Efron B (1987). Better bootstrap confidence intervals. *JASA* 82:171-185.
#'
#' Salmon JK, Moraes MA, Dror RO, Shaw DE (2011). Parallel random numbers: as easy as 1, 2, 3. *Proceedings of SC11*.
#' @seealso [kaplan_meier()] with `cluster`, for a variance without resampling
#' @examples
#' lesions <- data.frame(
#'   patient = c(1, 1, 2, 3, 3, 3, 4, 5, 5, 6),
#'   months = c(4, 9, 12, 5, 7, 20, 15, 3, 22, 18), grown = c(1, 0, 0, 1, 1, 0, 1, 1, 0, 0)
#' )
#' cluster_bootstrap(Surv(months, grown) ~ cluster(patient),
#'   data = lesions, times = c(6, 12), seed = 1
#' )
#' cluster_bootstrap(Surv(months, grown) ~ cluster(patient),
#'   data = lesions, statistic = function(fit) sum(fit$n.event), replicates = 50, seed = 1
#' )
#' @export
cluster_bootstrap <- function(...) UseMethod("cluster_bootstrap", dispatch_on(...))

#' @rdname cluster_bootstrap
#' @export
cluster_bootstrap.formula <- function(formula, data = NULL, subset, weights, na.action = "error", event = NULL,
                                      cluster, statistic = "survival", times = NULL, probs = NULL, tau = NULL,
                                      replicates = 1000, interval = "percentile", conf.level = 0.95, seed = NULL,
                                      threads = 1, timefix = TRUE, progress = interactive(), ...) {
  call <- quote(cluster_bootstrap())
  check_dots(..., call = call)
  frame <- frame_from_formula(
    formula, data,
    subset = enquo(subset) |> absent_as_null(), weights = enquo(weights) |> absent_as_null(),
    check_na_action(na.action, call), read_event(event), "cluster", call, parent.frame(),
    cluster = enquo(cluster) |> absent_as_null(), timefix = timefix
  )
  fit_bootstrap(
    frame, list(statistic = statistic, times = times, probs = probs, tau = tau), replicates, interval, conf.level,
    seed, threads, timefix, progress, call
  )
}

#' @rdname cluster_bootstrap
#' @param time For vectors: follow-up of each row, numeric or difftime, finite and >= 0.
#' @export
cluster_bootstrap.default <- function(time, event, group = NULL, weights = NULL, cluster = NULL, na.action = "error",
                                      statistic = "survival", times = NULL, probs = NULL, tau = NULL,
                                      replicates = 1000, interval = "percentile", conf.level = 0.95, seed = NULL,
                                      threads = 1, timefix = TRUE, progress = interactive(), ...) {
  call <- quote(cluster_bootstrap())
  check_dots(..., call = call)
  if (missing(event)) {
    abort_rule("status", "`event` is missing: whether each time is an event or a censoring must be stated.",
      arg = "event", call = call
    )
  }
  frame <- frame_from_vectors(
    time, event, group, weights, check_na_action(na.action, call), call, cluster = cluster
  )
  fit_bootstrap(
    frame, list(statistic = statistic, times = times, probs = probs, tau = tau), replicates, interval, conf.level,
    seed, threads, timefix, progress, call
  )
}

#' @export
cluster_bootstrap.event_counts <- function(...) {
  abort_rule("choice", "the bootstrap draws patients; the counts of an event_counts do not tell whose they are.",
    "Give the rows to the formula or vector method.",
    call = quote(cluster_bootstrap())
  )
}

fit_bootstrap <- function(frame, wanted, replicates, interval, conf.level, seed, threads, timefix, progress, call) {
  if (is_counted(frame)) cluster_bootstrap.event_counts()
  wanted <- check_statistic(wanted, call)
  replicates <- check_whole(replicates, "replicates", 2, 1e7, call)
  check_choice(interval, c("percentile", "basic", "bca"), "interval", call)
  conf.level <- check_conf_level(conf.level, call)
  threads <- check_whole(threads, "threads", 1, 1024, call)
  frame$timefix <- timefix <- check_flag(timefix, "timefix", call)
  seed <- if (is.null(seed)) floor(stats::runif(1) * 2^31) else check_whole(seed, "seed", 0, 2^53, call)
  frame$unclustered <- is.null(frame$cluster)
  ticker <- make_ticker(check_flag(progress, "progress", call))
  on.exit(ticker$done())
  n_group <- max(1L, length(frame$group_names))
  job <- list(
    rows = with_clusters(frame), replicates = replicates, seed = seed, threads = threads,
    jackknife = interval == "bca", tick = ticker$tick, timefix = timefix, n_group = n_group
  )
  drawn <- if (is.function(wanted$fun)) run_function(frame, wanted, job, call) else run_core(wanted, job, call)
  labels <- frame$group_labels %||% "All"
  terms <- data.frame(strata = rep(drawn$strata %||% labels, each = drawn$width), term = drawn$terms)
  if (wanted$name == "restricted_mean") refuse_unreached_tau(drawn$estimate, wanted, labels, frame, call)
  if (n_group == 2 && is.null(drawn$strata)) {
    # The second group minus the first.
    drawn[c("estimate", "jackknife", "values")] <- lapply(drawn[c("estimate", "jackknife", "values")], function(x) {
      if (!length(x)) return(x)
      first <- seq_len(drawn$width)
      cbind(x, minus(x[, first + drawn$width, drop = FALSE], x[, first, drop = FALSE]))
    })
    terms <- rbind(terms, data.frame(
      strata = paste(labels[2], "-", labels[1]), term = terms$term[seq_len(drawn$width)]
    ))
  }
  meta <- list(
    format = result_format, method = "cluster_bootstrap", statistic = wanted$name, group_title = frame$group_title,
    group_labels = labels, unit = frame$unit, n_rows = frame$n_rows, rows_dropped = frame$rows_dropped,
    interval = interval, conf.level = conf.level, n_replicates = replicates,
    cluster = if (!frame$unclustered) cluster_meta(frame, NULL), n_units = job$rows$n_cluster,
    notes = frame$notes
  )
  summarise_bootstrap(drawn, terms, meta, seed)
}

# Not reached in both groups: no difference to speak of. NaN, not a warning.
minus <- function(x, y) {
  out <- x - y
  out[is.infinite(x) | is.infinite(y)] <- NaN
  out
}

check_statistic <- function(wanted, call) {
  given <- names(Filter(Negate(is.null), wanted[c("times", "probs", "tau")]))
  if (is.function(wanted$statistic)) {
    if (length(given)) {
      abort_rule("choice", paste0("`", given[1], "` is not used when `statistic` is a function."),
        arg = given[1], call = call
      )
    }
    return(list(name = "function", fun = wanted$statistic))
  }
  name <- check_choice(wanted$statistic, c("survival", "median", "quantile", "restricted_mean"), "statistic", call)
  needs <- c(survival = "times", median = "", quantile = "probs", restricted_mean = "tau")[[name]]
  surplus <- setdiff(given, needs)
  if (length(surplus)) {
    abort_rule("choice", paste0("`", surplus[1], "` is not used by `statistic = \"", name, "\"`."),
      arg = surplus[1], call = call
    )
  }
  at <- if (nzchar(needs)) wanted[[needs]] else 0.5
  limit <- if (needs == "probs" || !nzchar(needs)) 1 else .Machine$double.xmax
  if (!is_number(at) || !length(at) || anyNA(at) || any(at < 0 | at > limit)) {
    abort_rule("times", paste0(
      "`statistic = \"", name, "\"` needs `", needs, "`: numbers ", if (limit == 1) "from 0 to 1" else ">= 0",
      ", not ", one_line(at), "."
    ), arg = needs, call = call)
  }
  list(name = name, core = if (name == "median") "quantile" else name, at = as.double(at))
}

check_whole <- function(x, arg, low, high, call) {
  if (!is_number(x) || length(x) != 1 || is.na(x) || x < low || x > high || x != round(x)) {
    abort_rule("count", paste0(
      "`", arg, "` must be a whole number from ", number_text(low), " to ", number_text(high), ", not ",
      one_line(x), "."
    ), arg = arg, call = call)
  }
  as.double(x)
}

run_core <- function(wanted, job, call) {
  core <- call_core(cluster_bootstrap_cpp(
    job$rows, wanted$core, wanted$at, job$replicates, job$seed, as.integer(job$threads), job$jackknife, job$tick
  ), call)
  width <- length(wanted$at)
  by_row <- function(x) matrix(x, ncol = width * job$n_group, byrow = TRUE)
  list(
    estimate = by_row(core$estimate), values = by_row(core$replicates),
    jackknife = if (job$jackknife) by_row(core$jackknife), width = width, terms = switch(wanted$name,
      survival = paste0("S(", number_text(wanted$at), ")"), median = "median",
      quantile = paste0("quantile ", number_text(wanted$at)), paste0("restricted mean to ", number_text(wanted$at))
    )
  )
}

# A function of the curve of the rows that were drawn, copies and all. Without one of the groups it has no value: a
# function that expects three curves would find the third in the second place.
run_function <- function(frame, wanted, job, call) {
  rows_of <- split(seq_along(frame$time), factor(job$rows$cluster, seq_len(job$rows$n_cluster) - 1L))
  evaluate <- function(copies, where) {
    i <- sort(unlist(rep(rows_of, copies), use.names = FALSE))
    if (length(unique(frame$group[i])) < length(unique(frame$group))) return(rep(NA_real_, width))
    some <- frame
    for (column in c("time", "entry", "event", "group", "weights")) some[[column]] <- frame[[column]][i]
    some[c("cluster", "read_rows")] <- list(NULL)
    some$n_rows <- length(i)
    # Whatever a copied cohort looks like is no news about the cohort.
    fit <- suppressWarnings(
      fit_kaplan_meier(some, "log-log", 0.95, job$timefix, quote(kaplan_meier()), call),
      classes = "cryonodes_warning_entry"
    )
    value <- tryCatch(wanted$fun(fit), error = function(e) {
      abort_rule("choice", paste0("`statistic` fails ", where, ": ", conditionMessage(e)),
        "It must return `NA` where a curve has no value.",
        arg = "statistic", call = call
      )
    })
    if (!is.numeric(value) || !length(value)) {
      abort_rule("choice", paste0("`statistic` must return numbers, not ", one_line(value), " ", where, "."),
        arg = "statistic", call = call
      )
    }
    value
  }
  n <- job$rows$n_cluster
  width <- NULL
  estimate <- evaluate(rep(1L, n), "for the cohort itself")
  width <- length(estimate)
  repeated <- function(count, copies_of, what, from) {
    out <- matrix(NA_real_, count, width)
    for (k in seq_len(count)) {
      value <- evaluate(copies_of(k), paste0("in ", what, " ", k))
      if (length(value) != width) {
        abort_rule("choice", paste0(
          "`statistic` must always return as many numbers: ", width, " for the cohort, ", length(value),
          " in ", what, " ", k, "."
        ), arg = "statistic", call = call)
      }
      out[k, ] <- value
      if (!is.null(job$tick)) job$tick(k / count)
    }
    out
  }
  list(
    estimate = matrix(as.double(estimate), 1),
    values = repeated(job$replicates, function(k) draw_clusters_cpp(n, job$seed, k - 1), "replicate"),
    jackknife = if (job$jackknife) repeated(n, function(k) as.integer(seq_len(n) != k), "the cohort without cluster"),
    width = width, strata = "All", terms = names(estimate) %||% paste("value", seq_along(estimate))
  )
}
