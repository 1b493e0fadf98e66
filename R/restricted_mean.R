#' Restricted mean survival time
#'
#' How long, on average, subjects stay free of the event within the first `tau` of follow-up: the area under the
#' Kaplan-Meier curve up to `tau`. Groups are compared by difference and ratio, which needs no proportional hazards.
#' Assumes that who is censored has the same outlook as who stays under observation, and that rows are independent
#' unless `cluster` says which of them belong together: lesions of one patient.
#'
#' @param ... A formula, or the vector of times: the class of the first argument decides. Not used by the methods.
#' @param formula `Surv(time, status) ~ group` (or `~ 1`), with `+ cluster(id)` for rows that belong together. In a
#'   formula, `Surv(entry, exit, status)` gives delayed entry, and several groups are written `a + b`.
#' @param tau End of the area: a number > 0 in the unit of the follow-up, at most the largest that all groups allow, see
#'   Definition. `NULL` takes that one. State it in advance: the answer depends on it.
#' @param cluster Cluster of each row, such as the patient: a column of `data`, or a vector. `NULL`: rows are
#'   independent.
#' @inheritParams kaplan_meier
#' @param conf.level Two-sided coverage of all intervals, in (0, 1).
#'
#' @return A `restricted_mean`: `tau`, `tau.max` (the largest allowed; `Inf` where every curve reaches 0), and per group
#'   `n` (rows), `n.event` (up to and including `tau`), `n.cluster`, `estimate`, `std.error`, `conf.low`, `conf.high`;
#'   `lost`, the restricted mean time lost, with the same standard error; `difference`, `ratio` and `lost_ratio`, one
#'   entry for each group but the first, compared with the first (`NULL` without groups), with `statistic`, `p.value`
#'   and `log_p_value` (natural logarithm, finite where `p.value` is 0); `curve` (`time`, `n.event` and `surv` where
#'   each group's curve falls and where it ends, `rows` how many of these each group has); `meta` (labels, unit, rows
#'   left out, notes). Times are in the unit of the input. [tidy()][tidy.restricted_mean] gives all of it as one data
#'   frame.
#' @section Definition:
#' \eqn{RMST = \int_0^\tau S(t) dt}, and the time lost is \eqn{\tau - RMST}. With \eqn{d} events among \eqn{n} at
#' risk at each time and \eqn{A} the area under the curve from that time to \eqn{\tau}, the variance is
#' \eqn{\sum A^2 d / (n (n - d))}{sum A^2 d / (n (n - d))} (Klein and Moeschberger, eq. 4.5.2), which goes with
#' Greenwood's formula; survRM2 and survival's `print(rmean =)` compute the same. (A divisor \eqn{n^2} instead, which
#' goes with the variance of Nelson and Aalen, gives less.) Where the last subject at risk has the event, \eqn{A = 0}
#' and the term is 0.
#'
#' Intervals are normal, and cut at 0 and \eqn{\tau}. A difference has the sum of the two variances; a ratio is
#' compared with 1 on the log scale, \eqn{Var(\log RMST) = Var(RMST) / RMST^2}.
#'
#' With clusters, the variance is the infinitesimal jackknife: the derivative of the area in the weight of each row,
#' \eqn{\sum A (Y d / (n (n - d)) - dN / (n - d))}{sum A (Y d / (n (n - d)) - dN / (n - d))} with \eqn{Y} whether
#' the row is at risk and \eqn{dN} whether it has its event then, is summed within clusters, squared and summed, as in
#' survival. When groups share clusters, a comparison uses the joint influence: a patient with lesions in both
#' groups is his own control. No small-sample factor is applied; with few clusters the intervals are too narrow.
#' A row of weight 2 is two rows of the same cluster.
#'
#' A group's curve is known up to its last time, or without end if it reaches 0. The largest `tau` is the smallest
#' of these over the groups. Survival's `print(rmean =)` carries the curve on beyond the last time instead, by default
#' to the last time of all groups, without saying so.
#' @section Edge cases:
#' A standard error of 0 (no event before `tau`, one cluster only, or all that happens happens at one time) is no
#' certainty: the interval is `NA`, and so is the inference of each comparison with that group, with the reason in the
#' column `note` of [tidy()][tidy.restricted_mean]. When all curves reach 0, `tau = NULL` is the last time of all, and
#' the result the plain mean. With delayed entry the curve is taken as 1 until the first subject enters, which a
#' note says. `tau` beyond the largest by rounding error only is the largest.
#' @section Errors:
#' `cryonodes_error_tau` (not a finite number > 0, or beyond the follow-up: the message names the largest allowed),
#' `_missing`, `_time`, `_status`, `_type`, `_length`, `_empty`, `_entry`, `_weights`, `_group`, `_column`, `_formula`,
#' `_conf_level`; for counts `_table` and `_object`.
#' @references
#' Irwin JO (1949). The standard error of an estimate of expectation of life. *Journal of Hygiene* 47:188-189.
#'
#' Klein JP, Moeschberger ML (2003). *Survival Analysis*, 2nd ed., eq. 4.5.1-4.5.2.
#'
#' Uno H, Claggett B, Tian L, et al. (2014). Moving beyond the hazard ratio in quantifying the between-group difference
#' in survival analysis. *Journal of Clinical Oncology* 32:2380-2385.
#'
#' Jaeckel LA (1972). The infinitesimal jackknife. *Bell Laboratories Memorandum* MM 72-1215-11.
#' @seealso [kaplan_meier()], [tidy.restricted_mean()], [autoplot.restricted_mean()]
#' @examples
#' lesions <- data.frame(
#'   months = c(3, 8, 8, 12, 15, 20, 24, 30, 31, 36),
#'   failed = c(0, 1, 0, 1, 0, 1, 1, 0, 1, 0),
#'   site = c("liver", "liver", "liver", "liver", "lung", "liver", "lung", "lung", "lung", "lung"),
#'   patient = c(1, 1, 2, 3, 3, 4, 5, 5, 6, 7)
#' )
#' restricted_mean(Surv(months, failed) ~ site, data = lesions, tau = 20)
#' restricted_mean(Surv(months, failed) ~ site + cluster(patient), data = lesions, tau = 20)
#' restricted_mean(lesions$months, lesions$failed)
#' counts <- event_counts(time = c(3, 8, 12), n.event = c(1, 2, 0), n.censor = c(0, 1, 3), n = 9)
#' restricted_mean(counts, tau = 10)
#' @export
restricted_mean <- function(...) {
  # As in logrank_test(): time, event, group and tau, or the first of these.
  n <- ...length()
  if (n >= 2 && n <= 4 && !missing(..2) && (n == 2 || !missing(..3)) && !is.object(..1)) {
    event <- ..2 # here, so that an error in it is told of the call that was made
    group <- if (n > 2) ..3
    tau <- if (n > 3) ..4
    fit <- .Call(`_cryonodes_plain_restricted_mean_cpp`, ..1, event, group, tau, ...names(), max_groups)
    if (!is.null(fit)) return(fit)
  }
  UseMethod("restricted_mean", dispatch_on(...))
}

#' @rdname restricted_mean
#' @export
restricted_mean.formula <- function(formula, data = NULL, subset, weights, na.action = "error", event = NULL,
                                    tau = NULL, cluster, conf.level = 0.95, timefix = TRUE, ...) {
  call <- quote(restricted_mean())
  check_dots(..., call = call)
  frame <- frame_from_formula(
    formula, data,
    subset = enquo(subset) |> absent_as_null(), weights = enquo(weights) |> absent_as_null(),
    check_na_action(na.action, call), read_event(event), "cluster", call, parent.frame(),
    cluster = enquo(cluster) |> absent_as_null(), timefix = timefix
  )
  fit_restricted_mean(frame, tau, conf.level, timefix, call)
}

#' @rdname restricted_mean
#' @param time For vectors: follow-up of each row, numeric or difftime, finite and >= 0.
#' @param entry For vectors: time of entry of each row, before its `time`, or `NULL`.
#' @export
restricted_mean.default <- function(time, event, group = NULL, tau = NULL, entry = NULL, weights = NULL, cluster = NULL,
                                    na.action = "error", conf.level = 0.95, timefix = TRUE, ...) {
  call <- quote(restricted_mean())
  check_dots(..., call = call)
  check_given(missing(time), "time", call)
  if (missing(event)) {
    abort_rule("status", "`event` is missing: whether each time is an event or a censoring must be stated.",
      arg = "event", call = call
    )
  }
  frame <- frame_from_vectors(time, event, group, weights, check_na_action(na.action, call), call,
    cluster = cluster, entry = entry
  )
  fit_restricted_mean(frame, tau, conf.level, timefix, call)
}

#' @rdname restricted_mean
#' @param counts A life table made by [event_counts()]; of competing events, any of them counts.
#' @export
restricted_mean.event_counts <- function(counts, tau = NULL, conf.level = 0.95, ...) {
  call <- quote(restricted_mean())
  check_dots(..., call = call)
  fit_restricted_mean(frame_from_counts(counts, call), tau, conf.level, FALSE, call)
}

fit_restricted_mean <- function(frame, tau, conf.level, timefix, call) {
  tau <- check_tau(tau, call)
  conf.level <- check_conf_level(conf.level, call)
  frame$timefix <- check_flag(timefix, "timefix", call)
  fit <- call_core(restricted_mean_cpp(frame, tau, conf.level), call)
  if (is.null(fit$estimate)) refuse_tau(tau, fit, frame$group_labels %||% "All", call)
  found <- c(note_merged(fit$meta$n_time_merged), if (!is.null(frame$entry)) notes_delayed_entry(frame, fit))
  if (length(found)) fit$meta$notes <- c(frame$notes, found)
  fit
}

# The core takes NA for "the largest".
check_tau <- function(tau, call) {
  if (is.null(tau)) return(NA_real_)
  if (length(tau) == 1 && is.atomic(tau) && is.na(tau)) {
    abort_rule("tau", "`tau` is missing (NA).", "Leave it out for the largest that all groups allow.",
      arg = "tau", call = call
    )
  }
  if (!is_number(tau) || length(tau) != 1 || !is.finite(tau)) {
    abort_rule("tau", paste0("`tau` must be one finite number, not ", one_line(tau), "."), arg = "tau", call = call)
  }
  if (tau <= 0) {
    abort_rule("tau", paste0("`tau` must be > 0, not ", number_text(tau), "."), arg = "tau", call = call)
  }
  as.double(tau)
}

refuse_tau <- function(tau, refused, labels, call) {
  largest <- min(refused$limits)
  shortest <- which.min(refused$limits)
  where <- if (length(labels) > 1) paste0(" in group ", quoted(labels[shortest]))
  if (largest <= 0 || is.na(tau)) {
    abort_rule("tau", paste0("follow-up ends at time 0", where, ": no `tau` is possible."), arg = "tau", call = call)
  }
  abort_rule("tau", paste0(
    "`tau` must be at most ", format(largest, digits = 15, decimal.mark = "."), ", where follow-up ends", where,
    ", not ", format(tau, digits = 15, decimal.mark = "."), "."
  ), "Beyond it the curve is not known; nothing is extrapolated.", arg = "tau", call = call)
}

# Where a late start leaves the curve without anybody behind it.
notes_delayed_entry <- function(frame, fit) {
  labels <- fit$meta$group_labels
  entries <- entries_by_group(frame, length(labels))
  in_group <- if (length(labels) > 1) paste0(" in group ", vapply(labels, quoted, "")) else ""
  first <- vapply(entries, function(x) min(x$time, Inf), 0)
  latest <- vapply(entries, function(x) max(x$time, -Inf), 0)
  ends <- cumsum(fit$curve$rows)
  empty <- mapply(function(n, end) {
    i <- seq_len(n) + end - n
    min(fit$curve$time[i][fit$curve$surv[i] == 0], Inf)
  }, fit$curve$rows, ends)
  late <- first > 0 & first < fit$tau
  gone <- empty <= latest
  c(
    if (any(late)) {
      paste0("nobody is under observation before ", number_text(first[late]), in_group[late],
        ": the curve is taken as 1 until then"
      )
    },
    if (any(gone)) {
      paste0("the curve reaches 0 at ", number_text(empty[gone]), in_group[gone],
        " although others enter then or later"
      )
    }
  )
}
