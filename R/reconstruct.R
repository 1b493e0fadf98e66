#' Read printed Kaplan-Meier rates backwards
#'
#' From rates and Greenwood standard errors at a few landmarks to every life table that can have
#' produced them, or to the proof, by exhaustive search, that none can.
#'
#' @param x Data frame, one row per curve and landmark: `group`, `time`, `estimate`, `std.error` (`NA`: not
#'   printed), optionally `n` and `decimals` (digits after the point in which both were printed).
#' @param n Subjects at time zero: a named vector by group, unless `x` has the column.
#' @param pooled Name of the group that is the two others together, or `NULL` for a single curve.
#' @param scale `"percent"` or `"proportion"`.
#' @param decimals Digits after the point as printed, unless `x` has the column. It is not read off the
#'   numbers: 70 may have been printed as 70.0.
#' @param rounding What a printed value v with last digit u may stand for. `"half-up"`: \[v - u/2, v + u/2\];
#'   `"half-up or truncated"`: up to v + u as well; `"one unit"`: \[v - u, v + u\]. A value on a limit is
#'   accepted.
#' @param facts Data frame of further printed facts that hold as stated: `fact`, `group`, `time`, `value`, where
#'   `fact` is `"n.risk"` (under observation at the landmark, nobody leaving exactly then), `"cum.event"` (events up to
#'   the landmark), `"total.events"` (over the whole follow-up; `time` is `NA`), or `"fisher.p"` (two-sided Fisher p
#'   on the two groups' events up to the landmark; `group` is `NA`), with a column `decimals` for the latter.
#' @param max_solutions As many solutions are listed; of more, as many are drawn uniformly.
#' @param max_states Bound on the states kept at once (about 100 bytes each).
#' @param release When nothing fits, the largest number of printed cells to release in search of the
#'   smallest sets whose release lets the rest stand; 0 skips this search.
#' @param effort Multiplies the number of steps after which a candidate set is left undecided; the default keeps each to
#'   some seconds.
#' @param seed Seed of the draw when there are more than `max_solutions` solutions.
#' @param progress Show progress of long searches?
#' @param ... Not used.
#'
#' @return A `km_reconstruction`, a list:
#' - `n_solutions` (`exact` is `FALSE` beyond 1.8e19), `unique`;
#' - `solutions`: one row per event, with `solution`, `interval`, `group`, `after` and `until` (the interval's ends),
#'   and the numbers at risk just before it, one column a curve; `drawn`: they are a draw, not all;
#' - `identified`: per curve and landmark, the range over all solutions of events so far and of the number at risk;
#' - `logrank_p`: range of the log-rank p up to the last landmark, over the listed or drawn solutions; `NA` for one
#'   curve;
#' - `curves`: can each curve stand alone? (`NA`: not decided within the bound on steps)
#' - `release`: the smallest releases, with `set`, `group`, `time`, `cell`, `printed`, `reads` (what the cell should
#'   then have read) and `n_solutions`; attribute `at_least` is the number of cells that any set must hold because of
#'   single curves, `undecided` the number of candidate sets given up undecided (see `effort`); `NULL` if there
#'   are solutions;
#' - `table`, `facts`, `meta`: what was given.
#' @section Definition:
#' A curve prints what it prints through the numbers at risk \eqn{r_1 > r_2 > \dots}{r1 > r2 > ...} at its events:
#' \eqn{S = \prod (1 - 1/r)} and \eqn{SE = S \sqrt{\sum 1/(r(r-1))}}{SE = S sqrt(sum 1/(r(r-1)))}. Tied events count as
#' consecutive numbers, since \eqn{1 - d/n} and \eqn{d/(n(n-d))} telescope. A structure is the list of events with their
#' interval, group and the numbers at risk in both groups; pooled numbers at risk are their sums.
#' Censoring times are free between events, so that two data sets with one structure print alike.
#' @section Edge cases:
#' Once S = 0 its standard error is undefined and agrees with `NA` or 0. Solutions order the events of
#' different groups; a tie between groups prints like either order.
#' @section Errors:
#' `cryonodes_error_table` (columns, ranges, numbers that contradict one another), `_group` (unknown pooled
#' group, more than two groups), `_count`, `_choice`, `_memory` (more than `max_states`), `_object`.
#' @references The telescoping of tied events follows from Kaplan & Meier (1958, eq. 2b) and Greenwood (1926). For
#' reading digitised curves instead of printed rates see Guyot P et al. (2012), *BMC Med Res Methodol* 12:9.
#' @examples
#' printed <- data.frame(
#'   group = "all", time = c(12, 24), estimate = c(85.7, 57.1), std.error = c(13.2, 18.7)
#' )
#' reconstruct_km(printed, n = c(all = 7), decimals = 1)
#' @export
reconstruct_km <- function(x, n = NULL, pooled = NULL, scale = "percent", decimals = NULL, rounding = "half-up",
                           facts = NULL, max_solutions = 200, max_states = 2e7, release = 8, effort = 1, seed = 1,
                           progress = interactive(), ...) {
  call <- quote(reconstruct_km())
  check_dots(..., call = call)
  check_given(missing(x), "x", call)
  scale <- check_choice(scale, c("percent", "proportion"), "scale", call)
  rounding <- check_choice(rounding, names(rounding_units), "rounding", call)
  table <- read_printed(x, n, pooled, scale, decimals, rounding, call)
  for (arg in c("max_solutions", "max_states", "release", "effort", "seed")) check_count(get(arg), arg, call)
  problem <- make_problem(table, pooled, facts, call)

  ticker <- make_ticker(check_flag(progress, "progress", call))
  on.exit(ticker$done())
  # What every search needs besides its problem.
  search <- list(
    solutions = max_solutions, states = max_states, effort = effort, seed = seed, tick = ticker$tick, call = call
  )
  core <- run_search(problem, search)
  out <- list(
    n_solutions = core$n_solutions, exact = !core$saturated, solutions = solution_frame(core, problem),
    drawn = core$drawn, n_listed = core$n_listed,
    unique = core$n_solutions == 1, identified = identified_frame(core, problem)
  )
  out$logrank_p <- if (length(problem$groups) == 2) logrank_range(core) else c(NA_real_, NA_real_)
  out$curves <- curves_alone(problem, core$n_solutions > 0, search)
  out$release <- if (core$n_solutions == 0 && release > 0) smallest_releases(problem, release, search)
  out$table <- table
  out$facts <- problem$facts
  out$meta <- list(
    format = result_format, method = "reconstruct", rounding = rounding, scale = scale, pooled = pooled,
    groups = names(problem$groups), n = vapply(problem$curves, `[[`, 0L, "n"), times = problem$times, release = release,
    steps = core$steps
  )
  structure(out, class = "km_reconstruction")
}

# Units below and above the printed value, in units of its last digit.
rounding_units <- list("half-up" = c(0.5, 0.5), "half-up or truncated" = c(0.5, 1), "one unit" = c(1, 1))

check_count <- function(x, arg, call) {
  if (!is_number(x) || length(x) != 1 || is.na(x) || !is.finite(x) || x < 0 || x != round(x)) {
    abort_rule("count", paste0("`", arg, "` must be a whole number >= 0, not ", one_line(x), "."),
      arg = arg, call = call
    )
  }
  invisible(x)
}

read_printed <- function(x, n, pooled, scale, decimals, rounding, call) {
  bad <- function(message, rows = NULL, hint = NULL) {
    abort_rule("table", message, hint, arg = "x", rows = rows, call = call)
  }
  if (!is.data.frame(x) || nrow(x) == 0) bad("`x` must be a data frame with a row per curve and landmark.")
  check_names_once(x, "x", call)
  if (!"group" %in% names(x)) x[["group"]] <- "all"
  if (!is.null(decimals) && (!is_number(decimals) || length(decimals) != 1)) {
    abort_rule("type", paste0("`decimals` must be one whole number, not ", one_line(decimals), "."),
      arg = "decimals", call = call
    )
  }
  if (!is.null(n) && !is_number(n)) {
    abort_rule("type", paste0("`n` must be numeric, not ", class(n)[1], "."), arg = "n", call = call)
  }
  if (!"decimals" %in% names(x)) x[["decimals"]] <- decimals %||% bad(
    "`decimals` is not given: the digits after the point in which rates and standard errors were printed.",
    hint = "Give a column `decimals` or the argument, e.g. `decimals = 1`."
  )
  absent <- setdiff(c("group", "time", "estimate", "std.error"), names(x))
  if (length(absent)) bad(paste0("`x` has no column ", quoted(absent), "."))
  check_vector(x[["group"]], "group", call)
  x[["group"]] <- as.character(x[["group"]])
  unnamed <- which(is.na(x[["group"]]) | !nzchar(x[["group"]]))
  if (length(unnamed)) bad(paste0("column `group` has no name in ", at_rows(unnamed), "."), unnamed)
  if (!"n" %in% names(x)) {
    if (is.null(names(n)) && length(n) == 1 && length(unique(x[["group"]])) == 1) names(n) <- x[["group"]][1]
    if (is.null(n) || !all(x[["group"]] %in% names(n))) {
      bad(paste0("`n` must name the size of every group: ", quoted(unique(x[["group"]])), "."))
    }
    x[["n"]] <- unname(n[x[["group"]]])
  }
  for (v in c("time", "estimate", "std.error", "n", "decimals")) {
    if (!is.numeric(x[[v]]) && !all(is.na(x[[v]]))) {
      bad(paste0("column `", v, "` must be numeric, not ", class(x[[v]])[1], "."))
    }
    x[[v]] <- as.double(x[[v]])
    absent <- which(is.na(x[[v]]))
    if (length(absent) && !v %in% c("estimate", "std.error")) {
      bad(paste0("column `", v, "` has a missing value (", at_rows(absent), ")."), absent)
    }
  }
  check_range <- function(v, ok, rule) {
    rows <- which(!is.na(x[[v]]) & !ok)
    if (length(rows)) {
      bad(paste0("`", v, "` must be ", rule, ", not ", number_text(x[[v]][rows[1]]), " in ", at_rows(rows), "."), rows)
    }
  }
  top <- if (scale == "percent") 100 else 1
  in_scale <- paste0("in [0, ", number_text(top), "] on the scale '", scale, "'")
  check_range("estimate", x$estimate >= 0 & x$estimate <= top, in_scale)
  check_range("std.error", x$std.error >= 0 & is.finite(x$std.error), "finite and >= 0")
  check_range("time", x$time > 0 & is.finite(x$time), "finite and > 0")
  check_range("n", x$n >= 1 & x$n == round(x$n) & x$n <= 1e6, "a whole number from 1 to 1,000,000")
  check_range("decimals", x$decimals %in% 0:8, "a whole number from 0 to 8")
  if (scale == "percent" && any(x$estimate > 0, na.rm = TRUE) && all(x$estimate <= 1, na.rm = TRUE)) {
    bad("all rates are <= 1 on the scale 'percent'.", hint = "For proportions say `scale = \"proportion\"`.")
  }
  twice <- which(duplicated(x[c("group", "time")]))
  if (length(twice)) bad(paste0("a group has a landmark twice (", at_rows(twice), ")."), twice)
  for (g in unique(x[["group"]])) {
    if (length(unique(x$n[x$group == g])) > 1) bad(paste0("group ", quoted(g), " has several values of `n`."))
  }
  unit <- 10^-x$decimals
  edges <- rounding_units[[rounding]]
  for (v in c("estimate", "std.error")) {
    name <- sub(".", "_", v, fixed = TRUE)
    x[[paste0(name, "_low")]] <- (x[[v]] - edges[1] * unit) / top
    x[[paste0(name, "_high")]] <- (x[[v]] + edges[2] * unit) / top
  }
  x
}

# The table as the core wants it: curves over common landmarks, absent cells NA.
make_problem <- function(table, pooled, facts, call) {
  names <- unique(table$group)
  if (!is.null(pooled) && !(is.character(pooled) && length(pooled) == 1 && pooled %in% names)) {
    abort_rule("group", paste0("`pooled` must be one of the groups ", quoted(names), ", not ", one_line(pooled), "."),
      arg = "pooled", call = call
    )
  }
  groups <- setdiff(names, pooled)
  if (is.null(pooled) && length(groups) > 1) {
    abort_rule("group", paste0("`pooled` does not say which of ", length(groups), " groups is the others together."),
      "Curves that share no patients are reconstructed one at a time.",
      arg = "pooled", call = call
    )
  }
  if (!is.null(pooled) && length(groups) != 2) {
    abort_rule("group", paste0("a pooled curve needs exactly two groups beside it, not ", length(groups), "."),
      arg = "x", call = call
    )
  }
  times <- sort(unique(table$time))
  curve <- function(g) {
    rows <- table[table$group == g, ]
    at <- match(times, rows$time)
    cells <- rows[at, c("estimate_low", "estimate_high", "std_error_low", "std_error_high")]
    c(list(n = as.integer(rows$n[1])), as.list(cells), list(
      n_risk = rep(-1L, length(times)), events = rep(-1L, length(times)), total_events = -1L
    ))
  }
  curves <- lapply(setNames(names, names), curve)
  if (!is.null(pooled)) {
    parts <- sum(vapply(curves[groups], `[[`, 0L, "n"))
    if (curves[[pooled]]$n != parts) {
      abort_rule("table", paste0("'", pooled, "' has n = ", curves[[pooled]]$n, ", but its parts have ", parts, "."),
        arg = "n", call = call
      )
    }
  }
  problem <- list(curves = curves, groups = curves[groups], pooled = if (is.null(pooled)) list() else curves[[pooled]],
    pooled_name = pooled, times = times, allowed = list(), table = table, facts = facts)
  add_facts(problem, facts, call)
}

add_facts <- function(problem, facts, call) {
  if (is.null(facts)) return(problem)
  bad <- function(message, row) {
    abort_rule("table", paste0(message, " (row ", row, " of `facts`)."), arg = "facts", rows = row, call = call)
  }
  absent <- setdiff(c("fact", "group", "time", "value"), names(facts))
  if (!is.data.frame(facts) || length(absent)) {
    abort_rule("table", "`facts` must be a data frame with columns fact, group, time, value.",
      arg = "facts", call = call
    )
  }
  known <- c("n.risk", "cum.event", "total.events", "fisher.p")
  fields <- c(n.risk = "n_risk", cum.event = "events")
  for (i in seq_len(nrow(facts))) {
    fact <- facts$fact[i]
    value <- facts$value[i]
    if (!fact %in% known) bad(paste0("`fact` must be one of ", quoted(known), ", not ", quoted(fact)), i)
    if (!is.numeric(value) || is.na(value) || value < 0) bad("`value` must be a number >= 0", i)
    j <- match(facts$time[i], problem$times)
    if (fact != "total.events" && is.na(j)) bad("`time` must be a landmark of the table", i)
    if (fact == "fisher.p") {
      problem$allowed <- allow_fisher(problem, j, value, facts$decimals[i], i, bad)
      next
    }
    if (value != round(value)) bad("`value` must be a whole number", i)
    g <- as.character(facts$group[i])
    if (!g %in% names(problem$curves)) bad(paste0("`group` must be one of ", quoted(names(problem$curves))), i)
    if (fact == "total.events") {
      problem$curves[[g]]$total_events <- as.integer(value)
    } else {
      problem$curves[[g]][[fields[[fact]]]][j] <- as.integer(value)
    }
  }
  problem$groups <- problem$curves[names(problem$groups)]
  if (!is.null(problem$pooled_name)) problem$pooled <- problem$curves[[problem$pooled_name]]
  problem
}

# Pairs of cumulative events whose two-sided Fisher p prints as stated.
allow_fisher <- function(problem, j, value, decimals, row, bad) {
  if (length(problem$groups) != 2) bad("a Fisher p needs two groups", row)
  if (is.null(decimals) || is.na(decimals)) bad("a Fisher p needs `decimals`", row)
  n <- vapply(problem$groups, `[[`, 0L, "n")
  half <- 0.5 * 10^-decimals + 1e-12
  pairs <- expand.grid(b = 0:n[2], a = 0:n[1])
  p <- vapply(seq_len(nrow(pairs)), function(i) {
    fisher_p(pairs$a[i], n[1] - pairs$a[i], pairs$b[i], n[2] - pairs$b[i])
  }, 0)
  allowed <- problem$allowed
  if (!length(allowed)) allowed <- rep(list(logical()), length(problem$times))
  before <- if (length(allowed[[j]])) allowed[[j]] else TRUE
  allowed[[j]] <- before & abs(p - value) <= half
  allowed
}

run_search <- function(problem, search, max_steps = 0, values = FALSE) {
  call_core(reconstruct_cpp(
    unname(problem$groups), problem$pooled, problem$allowed, search$solutions, search$states, max_steps, values,
    search$seed, search$tick
  ), search$call)
}

# TRUE, FALSE, or with `max_steps` > 0 NA where that many steps did not decide.
run_exists <- function(groups, pooled, allowed, search, max_steps = 0) {
  tryCatch(
    call_core(
      reconstructible_cpp(unname(groups), pooled, allowed, search$states, max_steps, search$tick), search$call
    ),
    cryonodes_error_work = function(e) NA
  )
}

stands_alone <- function(curve, search) decide(list(groups = list(curve), pooled = list(), allowed = list()), search)

# Is there a solution? NA where neither search came to an end within its bound on steps. The full search is the
# quicker one where little fits, the search for a first solution where much does.
decide <- function(problem, search) {
  count <- tryCatch(
    run_search(problem, utils::modifyList(search, list(solutions = 0)), search$effort * full_steps)$n_solutions,
    cryonodes_error_work = function(e) NA, cryonodes_error_memory = function(e) NA
  )
  if (!is.na(count)) return(count > 0)
  run_exists(problem$groups, problem$pooled, problem$allowed, search, search$effort * first_steps)
}

# A second or two in either search.
full_steps <- 2e7
first_steps <- 1e6

curve_names <- function(problem) c(names(problem$groups), problem$pooled_name)

solution_frame <- function(core, problem) {
  group <- names(problem$groups)
  out <- data.frame(
    solution = core$solution, interval = core$interval, group = group[core$group], stringsAsFactors = FALSE
  )
  out$after <- c(0, problem$times)[core$interval]
  out$until <- problem$times[core$interval]
  out[[paste0("n.risk.", group[1])]] <- core$a
  if (length(group) == 2) {
    out[[paste0("n.risk.", group[2])]] <- core$b
    out[[paste0("n.risk.", problem$pooled_name)]] <- core$a + core$b
  }
  out
}

identified_frame <- function(core, problem) {
  curves <- curve_names(problem)
  column <- c(1, 2, 3)[seq_along(curves)]
  do.call(rbind, Map(function(name, k) {
    data.frame(
      group = name, time = problem$times,
      cum.event.low = core$events[, 2 * k - 1], cum.event.high = core$events[, 2 * k],
      n.risk.low = core$n_risk[, 2 * k - 1], n.risk.high = core$n_risk[, 2 * k],
      row.names = NULL, stringsAsFactors = FALSE
    )
  }, curves, column)) |> `rownames<-`(NULL)
}

# Log-rank p of each listed solution from its events: one at a time, with a and b at risk,
# E = a / (a + b) and V = a b / (a + b)^2.
logrank_range <- function(core) {
  if (core$n_solutions == 0) return(c(NA_real_, NA_real_))
  pool <- core$a + core$b
  sum_by <- function(x) vapply(split(x, factor(core$solution, seq_len(core$n_listed))), sum, 0)
  score <- sum_by((core$group == 1) - core$a / pool)
  variance <- sum_by(core$a * core$b / pool^2)
  p <- ifelse(variance > 0, stats::pchisq(score^2 / variance, 1, lower.tail = FALSE), NA_real_)
  if (all(is.na(p))) c(NA_real_, NA_real_) else range(p, na.rm = TRUE)
}

# In a joint solution each curve stands. NA: not decided within the bound on steps.
curves_alone <- function(problem, solved, search) {
  names <- curve_names(problem)
  data.frame(
    group = names, n = vapply(problem$curves[names], `[[`, 0L, "n"),
    possible = solved | vapply(problem$curves[names], function(curve) !solved && stands_alone(curve, search), NA),
    row.names = NULL, stringsAsFactors = FALSE
  )
}

# ---- Progress ---------------------------------------------------------------------------------------

# A progress bar that appears when the search has run for two seconds, and an interrupt that ends it
# without an answer.
make_ticker <- function(show, doing = "Searching") {
  started <- proc.time()[["elapsed"]]
  bar <- NULL
  tick <- if (show) function(share) {
    if (is.null(bar) && proc.time()[["elapsed"]] - started > 2) {
      bar <<- cli::cli_progress_bar(doing,
        total = 100, .auto_close = FALSE, format = paste(doing, "{cli::pb_bar} {cli::pb_percent}")
      )
    }
    if (!is.null(bar)) cli::cli_progress_update(set = max(0, round(100 * share)), id = bar, force = TRUE)
  }
  list(tick = tick, done = function() if (!is.null(bar)) cli::cli_progress_done(id = bar))
}

# Two-sided Fisher p of a 2 x 2 table of counts (an empty margin, no information: 1).
fisher_p <- function(a, b, c, d) {
  suppressWarnings(fisher_test(a, b, c, d)$p.value, classes = "cryonodes_warning_degenerate")
}
