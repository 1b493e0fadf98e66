#' Length and completeness of follow-up
#'
#' How long were they followed? The median of the observed times answers another question, since whoever has the event
#' is followed no further: a cohort with many events would seem badly followed. The reverse Kaplan-Meier estimate turns
#' the roles round: leaving without the event is what is waited for. Beside it stand the plain summaries that
#' papers print, and, given how long each could have been followed, how much of that time was observed.
#'
#' @param ... A formula, or the vector of times: the class of the first argument decides. Not used by the methods.
#' @param formula `Surv(time, status) ~ group` (or `~ 1`); several groups are written `a + b`. Follow-up is counted from
#'   time zero: delayed entry is refused.
#' @inheritParams kaplan_meier
#' @param potential How long each row would have been followed if not lost: a number for all, or a column of `data` (a
#'   vector), in the unit of the follow-up and not below the time observed. With dates,
#'   `potential = as.numeric(closing_date - start_date)`. `NULL`: completeness is not computed.
#' @param conf.type Scale of the confidence interval of the reverse curve, as in [kaplan_meier()].
#'
#' @return A `follow_up`, with one entry per group in each of: `n`, `n.event`, `n.censor` (without event; all three
#'   count weights), `median`, `conf.low`, `conf.high`, `q25`, `q75` of the reverse Kaplan-Meier estimate (`NA`: not
#'   reached), `all` and `censored` (`mean`, `min`, `q25`, `median`, `q75`, `max` of all observed times, and of those
#'   without event), `completeness` (a proportion, or `NULL`); `curve`, the reverse estimate as a [kaplan_meier()], in
#'   which events are censorings; `meta`. [tidy()][tidy.follow_up] gives it as a data frame. Times are in the unit of
#'   the input.
#' @section Definition:
#' With \eqn{d} events and \eqn{c} censorings among \eqn{n} at risk at each time, the reverse estimate is \eqn{G(t) =
#' \prod (1 - c / (n - d))}{G(t) = prod (1 - c / (n - d))}: an event comes before a censoring at the same time, as
#' in the Kaplan-Meier estimate \eqn{S} itself, so whoever has the event is out before the censorings are counted.
#' Then \eqn{S(t) G(t)} is the share still under observation after \eqn{t}. `prodlim(reverse = TRUE)` does the same;
#' `survfit(Surv(time, 1 - status) ~ 1)` leaves those with the event at risk and gives longer follow-up where there
#' are such ties. The median's interval is that of Brookmeyer and Crowley, on the scale of `conf.type`.
#'
#' Plain quantiles average the distribution function's inverse at its steps (type 2 of [stats::quantile()], as SAS and
#' Stata), because a weight of 2 must be two rows; the median is everybody's.
#'
#' Completeness is Clark's \eqn{C}: the sum of the observed times divided by the sum of the potential ones, where for a
#' row with the event the potential is the time of the event. Those lost might have had the event earlier than
#' their potential, so it is a lower limit.
#' @section Edge cases:
#' When fewer than half (of the reverse estimate) are censored the median is not reached and `NA`; when nobody is
#' censored there is no reverse estimate, which a note says. Summaries of those without event are `NA` when there are
#' none. A potential shorter than the time observed is refused, but for rounding error.
#' @section Errors:
#' `cryonodes_error_entry` (delayed entry), `_time` (`potential` negative, infinite or below the time observed),
#' `_missing` (also in `potential`, whatever `na.action` says: completeness needs all of them), `_status`, `_type`,
#' `_length`, `_empty`, `_weights`, `_group`, `_column`, `_formula`, `_conf_level`, `_conf_type`; for counts `_table`,
#' `_object`.
#' @references
#' Schemper M, Smith TL (1996). A note on quantifying follow-up in studies of failure time. *Controlled Clinical Trials*
#' 17:343-346.
#'
#' Clark TG, Altman DG, De Stavola BL (2002). Quantification of the completeness of follow-up. *Lancet* 359:1309-1310.
#'
#' Hyndman RJ, Fan Y (1996). Sample quantiles in statistical packages. *The American Statistician* 50:361-365.
#' @seealso [kaplan_meier()], [tidy.follow_up()]
#' @examples
#' patients <- data.frame(
#'   months = c(3, 8, 8, 12, 15, 20, 24, 30, 31),
#'   died = c(0, 1, 0, 1, 0, 0, 1, 0, 0),
#'   until_closing = c(40, 38, 30, 30, 28, 25, 24, 30, 31)
#' )
#' follow_up(Surv(months, died) ~ 1, data = patients, potential = until_closing)
#' follow_up(patients$months, patients$died, potential = 40)$completeness
#' follow_up(event_counts(Surv(months, died) ~ 1, data = patients))
#' @export
follow_up <- function(...) UseMethod("follow_up", dispatch_on(...))

#' @rdname follow_up
#' @export
follow_up.formula <- function(formula, data = NULL, subset, weights, na.action = "error", event = NULL, potential,
                              conf.type = "log-log", conf.level = 0.95, timefix = TRUE, ...) {
  call <- quote(follow_up())
  check_dots(..., call = call)
  frame <- frame_from_formula(
    formula, data,
    subset = enquo(subset) |> absent_as_null(), weights = enquo(weights) |> absent_as_null(),
    check_na_action(na.action, call), read_event(event), character(), call, parent.frame(),
    timefix = timefix
  )
  potential <- enquo(potential) |> absent_as_null()
  if (!quo_is_null(potential)) {
    expr <- quo_get_expr(potential)
    if (is_far(data)) data <- NULL # one number for all: rows that are elsewhere have none of their own
    check_columns(expr, data, rlang::quo_get_env(potential), call)
    potential <- evaluate_user(expr, eval_tidy(potential, data), call)
  } else {
    potential <- NULL
  }
  fit_follow_up(frame, potential, conf.type, conf.level, timefix, match.call(), call)
}

#' @rdname follow_up
#' @param time For vectors: follow-up of each row, numeric or difftime, finite and >= 0.
#' @export
follow_up.default <- function(time, event, group = NULL, potential = NULL, weights = NULL, na.action = "error",
                              conf.type = "log-log", conf.level = 0.95, timefix = TRUE, ...) {
  call <- quote(follow_up())
  check_dots(..., call = call)
  check_given(missing(time), "time", call)
  if (missing(event)) {
    abort_rule("status", "`event` is missing: whether each time is an event or a censoring must be stated.",
      arg = "event", call = call
    )
  }
  frame <- frame_from_vectors(time, event, group, weights, check_na_action(na.action, call), call)
  fit_follow_up(frame, potential, conf.type, conf.level, timefix, match.call(), call)
}

#' @rdname follow_up
#' @param counts A life table made by [event_counts()]; of competing events, any of them ends the follow-up. `potential`
#'   is then one number for all.
#' @export
follow_up.event_counts <- function(counts, potential = NULL, conf.type = "log-log", conf.level = 0.95, ...) {
  call <- quote(follow_up())
  check_dots(..., call = call)
  frame <- frame_from_counts(counts, call)
  if (length(potential) > 1) {
    abort_rule("length", "`potential` must be one number: counts know no rows.", arg = "potential", call = call)
  }
  fit_follow_up(frame, potential, conf.type, conf.level, FALSE, match.call(), call)
}

fit_follow_up <- function(frame, potential, conf.type, conf.level, timefix, user_call, call) {
  if (!is.null(frame$entry)) {
    abort_rule("entry", "delayed entry is not supported: follow-up is counted from time zero.",
      "Write `Surv(time, status)` with the time under observation, if that answers the question.",
      arg = "entry", call = call
    )
  }
  potential <- read_potential(potential, frame, call)
  frame$timefix <- timefix <- check_flag(timefix, "timefix", call)
  user_call[[1]] <- quote(follow_up)
  reverse <- frame
  reverse$reverse <- TRUE
  curve <- fit_kaplan_meier(
    reverse, conf.type = conf.type, conf.level = conf.level, timefix = timefix, user_call = user_call, call = call
  )
  curve$meta$notes <- c(curve$meta$notes, "reverse estimate: leaving without the event is the event")
  core <- call_core(follow_up_cpp(frame, potential %||% numeric()), call)
  quantiles <- stats::quantile(curve, c(0.25, 0.5, 0.75))
  column <- function(part, k) {
    x <- quantiles[[part]]
    as.vector(if (is.matrix(x)) x[, k] else x[k])
  }
  times <- c("mean", "min", "q25", "median", "q75", "max")
  labels <- frame$group_labels %||% "All"
  uncensored <- core$censored$n == 0
  structure(list(
    n = core$all$n, n.event = core$n_event, n.censor = core$censored$n,
    median = column("quantile", 2), conf.low = column("lower", 2), conf.high = column("upper", 2),
    q25 = column("quantile", 1), q75 = column("quantile", 3),
    all = lapply(core$all[times], na_plain), censored = lapply(core$censored[times], na_plain),
    completeness = if (!is.null(potential)) na_plain(core$completeness),
    conf.level = curve$conf.int, conf.type = curve$conf.type, curve = curve,
    meta = list(
      format = result_format, method = "follow_up", group_title = frame$group_title, group_labels = labels,
      unit = frame$unit, n_rows = frame$n_rows, rows_dropped = frame$rows_dropped,
      n_time_merged = curve$meta$n_time_merged,
      notes = c(frame$notes, note_merged(curve$meta$n_time_merged), if (any(uncensored)) {
        paste0("nobody is censored", if (length(labels) > 1) paste0(" in group ", quoted(labels[uncensored])),
          ": no reverse Kaplan-Meier estimate"
        )
      })
    )
  ), class = "follow_up")
}

# One number, or one for each row used, not below the time observed.
read_potential <- function(potential, frame, call) {
  if (is.null(potential)) return(NULL)
  potential <- check_time(potential, "potential", call)
  check_same_unit(potential, "potential", frame$unit, call)
  potential <- as.double(potential)
  rows <- frame[["rows"]] %||% seq_along(frame$time)
  if (length(potential) != 1) {
    check_length(potential, frame$n_input, "potential", call)
    potential <- potential[rows]
  }
  if (anyNA(potential)) {
    missing <- if (length(potential) > 1) rows[is.na(potential)] else 1L
    abort_rule("missing", paste0(
      "`potential` has ", length(missing), " missing value", if (length(missing) > 1) "s", " (", at_rows(missing), ")."
    ), "Completeness needs it for every row used.", arg = "potential", rows = missing, call = call)
  }
  short <- which(frame$time > potential * (1 + sqrt(.Machine$double.eps)))
  if (length(short)) {
    abort_rule("time", paste0(
      "`potential` must not be below the time observed, ", number_text(frame$time[short[1]]), ", but is ",
      number_text(rep_len(potential, length(frame$time))[short[1]]), " in ", at_rows(rows[short]), "."
    ), "Correct the closing date, or end the follow-up there.", arg = "potential", rows = rows[short], call = call)
  }
  potential
}

follow_up_fields <- c(
  "n", "n.event", "n.censor", "median", "conf.low", "conf.high", "q25", "q75", "all", "censored", "conf.level", "curve"
)

check_follow_up <- function(x, call) {
  check_result(x, "follow_up", follow_up_fields, call, c("group_labels", "n_rows"))
  k <- length(x$meta$group_labels)
  per_group <- unclass(x)[follow_up_fields[1:8]]
  whole <- k > 0 && all(vapply(per_group, is.numeric, TRUE)) && all(lengths(per_group) == k) && is.list(x$all) &&
    is.list(x$censored) && all(lengths(x$all) == k) && all(lengths(x$censored) == k) && is.numeric(x$conf.level) &&
    length(x$completeness) %in% c(0, k)
  if (!whole) {
    abort_rule("object", "the parts of the object do not fit each other.", "Compute it again from the data.",
      call = call
    )
  }
  invisible(x)
}

#' Tidy a follow-up
#'
#' `tidy()` gives one row per group and way of summing up, `glance()` one row per group.
#'
#' @param x A [follow_up()].
#' @param row.names,optional,... Not used.
#' @return `tidy()` and `as.data.frame()`: a data frame with `strata` (group label), `measure` (`"reverse
#'   Kaplan-Meier"`, `"all times"`, `"times without event"`), `n` (weights of those it is about), `median`, `conf.low`,
#'   `conf.high` (reverse Kaplan-Meier only), `q25`, `q75`, `mean`, `min`, `max` (plain summaries only) and `note`, the
#'   reason for an `NA` median. `glance()`: `strata`, `n`, `n.event`, `n.censor`, `median`, `conf.low`, `conf.high`,
#'   `completeness`.
#' @section Errors: `cryonodes_error_object`.
#' @examples
#' followed <- follow_up(c(5, 8, 12, 20, 33), c(1, 0, 1, 0, 0), potential = 40)
#' tidy(followed)
#' glance(followed)
#' @method tidy follow_up
#' @export
tidy.follow_up <- function(x, ...) {
  check_follow_up(x, quote(tidy()))
  k <- length(x$meta$group_labels)
  blank <- rep(NA_real_, k)
  plain <- function(measure, y, n) {
    data.frame(
      measure = measure, n = n, median = y$median, conf.low = blank, conf.high = blank, q25 = y$q25, q75 = y$q75,
      mean = y$mean, min = y$min, max = y$max,
      note = ifelse(is.na(y$median), "everybody had the event", NA_character_), stringsAsFactors = FALSE
    )
  }
  reverse <- data.frame(
    measure = "reverse Kaplan-Meier", n = x$n, median = x$median, conf.low = x$conf.low, conf.high = x$conf.high,
    q25 = x$q25, q75 = x$q75, mean = blank, min = blank, max = blank,
    note = ifelse(!is.na(x$median), NA_character_, ifelse(x$n.censor == 0, "nobody is censored", "not reached")),
    stringsAsFactors = FALSE
  )
  out <- rbind(reverse, plain("all times", x$all, x$n), plain("times without event", x$censored, x$n.censor))
  out <- cbind(strata = rep(x$meta$group_labels, 3), out, stringsAsFactors = FALSE)
  out <- out[order(rep(seq_len(k), 3)), ]
  rownames(out) <- NULL
  out
}

#' @rdname tidy.follow_up
#' @export
as.data.frame.follow_up <- function(x, row.names = NULL, optional = FALSE, ...) tidy.follow_up(x)

#' @rdname tidy.follow_up
#' @method glance follow_up
#' @export
glance.follow_up <- function(x, ...) {
  check_follow_up(x, quote(glance()))
  data.frame(
    strata = x$meta$group_labels, n = x$n, n.event = x$n.event, n.censor = x$n.censor, median = x$median,
    conf.low = x$conf.low, conf.high = x$conf.high, completeness = x$completeness %||% NA_real_,
    stringsAsFactors = FALSE
  )
}

#' @export
print.follow_up <- function(x, digits = 3, ...) {
  check_follow_up(x, quote(print()))
  digits <- check_digits(digits, quote(print()))
  cat("Follow-up", if (!is.null(x$meta$group_title)) paste0(" by ", x$meta$group_title), "\n", sep = "")
  cat(count_line(x$meta), "\n\n", sep = "")
  range <- function(low, high) paste0(na_dash(low, digits), " to ", na_dash(high, digits))
  plain <- function(y) {
    ifelse(is.na(y$median), "-", paste0(format_number(y$median, digits), " (", range(y$min, y$max), ")"))
  }
  shown <- data.frame(
    n = number_text(x$n), events = number_text(x$n.event),
    median = ifelse(is.na(x$median), "not reached", format_number(x$median, digits)),
    ci = ifelse(is.na(x$conf.low) & is.na(x$conf.high), "-", range(x$conf.low, x$conf.high)),
    iqr = ifelse(is.na(x$q25) & is.na(x$q75), "-", range(x$q25, x$q75)), all = plain(x$all), free = plain(x$censored)
  )
  names(shown)[4:7] <- c(paste0(number_text(100 * x$conf.level), "% CI"), "IQR", "all times", "without event")
  if (!is.null(x$completeness)) {
    shown$completeness <- ifelse(is.na(x$completeness), "-", paste0(format_fixed(100 * x$completeness), "%"))
  }
  rownames(shown) <- x$meta$group_labels
  print(shown)
  unit <- if (!is.null(x$meta$unit)) paste0("; times in ", x$meta$unit)
  cat("\nMedian, CI and IQR: reverse Kaplan-Meier, ", x$conf.type,
    " interval. Then plain medians (smallest to largest)", unit, ".\n", sep = ""
  )
  if (!is.null(x$completeness)) cat("Completeness: observed by potential time (Clark et al. 2002).\n")
  print_notes(x$meta$notes)
  invisible(x)
}
