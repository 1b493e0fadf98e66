#' Many log-rank tests at once
#'
#' One log-rank test for each column of a matrix of follow-up times: for simulation studies, where thousands of cohorts
#' are tested and a result object for each would cost more than the test. Gives the numbers of [logrank_test()].
#'
#' @param time Matrix of follow-up, a row for each subject, a column for each test; numeric, finite and >= 0.
#' @param event Matrix of as many rows and columns, or a vector for all columns: logical or 0/1.
#' @param group Matrix of as many rows and columns, or a vector for all columns: the groups, whose order is that of
#'   [logrank_test()] and the same for all columns.
#' @param type,rho,gamma Weights of the event times as in [logrank_test()], by name.
#' @param timefix Merge times that differ by rounding error only (`TRUE`, as in survival)?
#' @param threads How many threads may share the columns; the result does not depend on it.
#' @param progress Show how far long work is?
#' @return A data frame with a row for each column: `statistic` (chi-square), `df`, `p.value`, `log.p.value`, `z` (of
#'   two groups: the normal deviate, > 0 where the second has more events than expected; else `NA`) and `n.event`. Where
#'   no two groups are at risk together at an event that somebody survives, the test is undefined: `df` 0, else `NA`.
#' @section Errors:
#' `cryonodes_error_missing`, `_time`, `_status`, `_type` (no matrix), `_length` (sizes that do not fit), `_empty`,
#' `_group` (fewer than two), `_choice` (`type`, `rho`, `gamma`), `_count` (`threads`). Rows in messages are counted
#' down the columns.
#' @seealso [logrank_test()]
#' @examples
#' set.seed(1)
#' n <- 40
#' arm <- rep(c("a", "b"), each = n / 2)
#' event <- matrix(rexp(n * 200, rate = ifelse(arm == "a", 0.05, 0.1)), n)
#' left <- matrix(runif(n * 200, 5, 40), n)
#' found <- logrank_columns(pmin(event, left), event <= left, arm)
#' mean(found$p.value < 0.05) # the power
#' @export
logrank_columns <- function(time, event, group, type = "logrank", rho = 0, gamma = 0, timefix = TRUE, threads = 1,
                            progress = interactive()) {
  call <- quote(logrank_columns())
  check_given(missing(time), "time", call)
  check_given(missing(event), "event", call)
  check_given(missing(group), "group", call)
  if (!is.matrix(time) || !is.numeric(time)) {
    abort_rule("type", paste0("`time` must be a numeric matrix, not ", class(time)[1], "."),
      "A column is a test, a row a subject. One test is `logrank_test()`'s.",
      arg = "time", call = call
    )
  }
  if (!length(time)) abort_rule("empty", "`time` has no rows or no columns.", arg = "time", call = call)
  test <- read_test_type(type, rho, gamma, call)
  if (!is.null(test$fun) || !is.null(test$parts)) {
    abort_rule("choice", "`type` must be the name of one weight: functions and several weights are `logrank_test()`'s.",
      arg = "type", call = call
    )
  }
  n <- nrow(time)
  codes <- function(x, name, read) {
    fits <- if (is.matrix(x)) identical(dim(x), dim(time)) else length(x) == n
    if (!fits) {
      abort_rule("length", paste0(
        "`", name, "` must be a matrix of ", n, " x ", ncol(time), " or a vector of ", n, "."
      ), arg = name, call = call)
    }
    # A column without fault is not copied: there may be very many.
    if (name == "event" && !is.object(x) && !is.double(x) && all_zero_one_cpp(x)) return(x)
    as.integer(read(as.vector(x)))
  }
  if (!is.double(time) || !all_countable_cpp(time)) {
    check_complete(check_time(as.vector(time), "time", call), "time", NULL, call)
    storage.mode(time) <- "double"
  }
  event <- codes(event, "event", function(x) {
    check_complete(x, "event", NULL, call)
    stated_event(x, "event", call)
  })
  labels <- NULL
  check_vector(as.vector(group), "group", call)
  group <- codes(group, "group", function(x) {
    check_complete(x, "group", NULL, call)
    coded <- code_groups(list(group = x), call)
    labels <<- coded$group_labels
    if (is.factor(coded$group)) as.integer(coded$group) - 1L else coded$group
  })
  groups_to_compare(list(group_labels = labels, group_title = "group"), call)
  threads <- check_whole(threads, "threads", 1, 1024, call)
  ticker <- make_ticker(check_flag(progress, "progress", call), "Testing")
  on.exit(ticker$done())
  found <- call_core(logrank_columns_cpp(
    time, event, group, length(labels), test$core, test$rho, test$gamma,
    check_flag(timefix, "timefix", call), threads, ticker$tick
  ), call)
  as_rows(list(
    statistic = found$statistic, df = found$df, p.value = exp(found$log_p_value), log.p.value = found$log_p_value,
    z = found$z, n.event = found$n_event
  ))
}
