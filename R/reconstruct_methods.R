reconstruction_fields <- c(
  "n_solutions", "exact", "drawn", "n_listed", "unique", "logrank_p", "solutions", "identified", "curves", "table",
  "meta"
)

check_reconstruction <- function(x, call) {
  check_result(x, "km_reconstruction", reconstruction_fields, call, c("groups", "n", "times", "rounding", "release"))
}

#' @export
print.km_reconstruction <- function(x, ...) {
  check_reconstruction(x, quote(print()))
  meta <- x$meta
  cat("Structures that print as published: ", solution_count(x), "\n", sep = "")
  curves <- paste0(names(meta$n), " (n = ", meta$n, if_pooled(names(meta$n), meta$pooled), ")")
  cat("Curves: ", paste(curves, collapse = ", "), "\n", sep = "")
  cat("Landmarks: ", paste(number_text(meta$times), collapse = ", "), "; rounding: ", meta$rounding,
    if (!is.null(x$facts)) paste0("; ", nrow(x$facts), " further fact", if (nrow(x$facts) > 1) "s"), "\n",
    sep = ""
  )
  if (x$n_solutions > 0) print_solutions(x) else print_releases(x)
  invisible(x)
}

if_pooled <- function(names, pooled) ifelse(names %in% pooled, ", pooled", "")

solution_count <- function(x) {
  paste0(
    if (x$exact) format(x$n_solutions, big.mark = ",", decimal.mark = ".", scientific = FALSE) else "more than 1.8e19",
    if (x$n_solutions == 1) " (unique)"
  )
}

print_solutions <- function(x) {
  if (x$drawn) cat("Of these, ", x$n_listed, " were drawn uniformly; ranges below are over all.\n", sep = "")
  cat("\nOver all of them, between\n")
  print(numbers_as_text(x$identified), row.names = FALSE)
  if (!anyNA(x$logrank_p)) {
    cat("Log-rank p up to the last landmark: ", paste(unique(format_p(x$logrank_p)), collapse = " to "),
      if (x$drawn) " (over the draw)", "\n",
      sep = ""
    )
  }
  shown <- utils::head(unique(x$solutions$solution), 3)
  for (s in shown) {
    cat("\nSolution ", s, ", with the numbers at risk just before each event\n", sep = "")
    print(solution_table(x, s), row.names = FALSE)
  }
  more <- x$n_listed - length(shown)
  if (more > 0) cat("... and ", more, " more in `$solutions`.\n", sep = "")
}

# One solution for the eye: an event a line, with the numbers at risk just before it.
solution_table <- function(x, s) {
  rows <- x$solutions[x$solutions$solution == s, ]
  at_risk <- rows[startsWith(names(rows), "n.risk.")]
  names(at_risk) <- if (ncol(at_risk) == 1) "at risk" else sub("^n.risk.", "", names(at_risk))
  cbind(between = paste(number_text(rows$after), "and", number_text(rows$until)), "event in" = rows$group, at_risk)
}

print_releases <- function(x) {
  cat(
    "\nNo data set gives these cells under Kaplan-Meier and Greenwood with these numbers of subjects:\n",
    "the search was exhaustive.\n",
    sep = ""
  )
  alone <- x$curves$group[!x$curves$possible %in% c(TRUE, NA)]
  if (length(alone)) cat("Impossible even alone: ", quoted(alone), "\n", sep = "")
  if (is.null(x$release)) return(invisible())
  undecided <- attr(x$release, "undecided")
  if (undecided > 0) cat("Candidate sets that the search gave up on undecided: ", undecided, "\n", sep = "")
  if (nrow(x$release) == 0) {
    cat("No release of up to ", x$meta$release, " cells was found to let the rest stand; at least ",
      attr(x$release, "at_least"), " must go because of single curves.\n", sep = "")
    return(invisible())
  }
  sets <- max(x$release$set)
  size <- sum(x$release$set == 1)
  cat("The rest can stand when ", size, if (size > 1) " cells are" else " cell is", " released, in ", sets,
    if (sets > 1) " ways:\n" else " way:\n",
    sep = ""
  )
  print(numbers_as_text(x$release), row.names = FALSE)
}

#' @method tidy km_reconstruction
#' @export
tidy.km_reconstruction <- function(x, ...) {
  check_reconstruction(x, quote(tidy()))
  x$solutions
}

#' @method glance km_reconstruction
#' @export
glance.km_reconstruction <- function(x, ...) {
  check_reconstruction(x, quote(glance()))
  data.frame(
    n_solutions = x$n_solutions, unique = x$unique, drawn = x$drawn,
    logrank.p.low = x$logrank_p[1], logrank.p.high = x$logrank_p[2],
    release.size = if (is.null(x$release) || nrow(x$release) == 0) NA_integer_ else sum(x$release$set == 1)
  )
}

#' Draw data sets from a reconstruction
#'
#' Makes individual follow-up that prints as published: event and censoring times are drawn uniformly
#' within what the structure leaves free. The result is one of many possible data sets and is no study's data.
#'
#' @param object A [reconstruct_km()] with at least one solution.
#' @param nsim Number of data sets.
#' @param seed Seed, or `NULL` to go on with the session's stream.
#' @param solution Which listed solution to use; `NULL` draws one of the listed ones.
#' @param follow.up End of follow-up: those still under observation after the last event are censored
#'   between it and this time, which must lie beyond the last landmark.
#' @param ... Not used.
#' @return A data frame with `id`, `group`, `time`, `event` (0/1), ordered by group and time; for `nsim` > 1 a list
#'   of them. The attribute `solution` says which one was used. Facts given to [reconstruct_km()] hold:
#'   numbers at risk at landmarks, and total events, the missing ones after the last landmark.
#' @section Errors: `cryonodes_error_object`, `_count`, `_times`, `_empty` (no solution to draw from).
#' @examples
#' printed <- data.frame(time = c(12, 24), estimate = c(85.7, 57.1), std.error = c(13.2, 18.7))
#' found <- reconstruct_km(printed, n = 7, decimals = 1)
#' simulate(found, seed = 1)
#' @importFrom stats simulate
#' @export
simulate.km_reconstruction <- function(object, nsim = 1, seed = NULL, solution = NULL, follow.up = NULL, ...) {
  call <- quote(simulate())
  check_dots(..., call = call)
  check_reconstruction(object, call)
  check_count(nsim, "nsim", call)
  if (object$n_solutions == 0) {
    abort_rule("empty", "no structure prints as published, so there is nothing to draw from.", call = call)
  }
  last <- max(object$meta$times)
  follow.up <- follow.up %||% (1.5 * last)
  if (!is.numeric(follow.up) || length(follow.up) != 1 || !is.finite(follow.up) || follow.up <= last) {
    abort_rule("times", paste0("`follow.up` must be a time beyond the last landmark (", number_text(last), ")."),
      arg = "follow.up", call = call
    )
  }
  if (!is.null(solution)) {
    check_count(solution, "solution", call)
    if (!solution %in% seq_len(object$n_listed)) {
      abort_rule("count", paste0("`solution` must lie in 1 to ", object$n_listed, ", not ", solution, "."),
        arg = "solution", call = call
      )
    }
  }
  if (!is.null(seed)) set.seed(seed)
  out <- lapply(seq_len(nsim), function(i) {
    pick <- solution %||% sample.int(object$n_listed, 1)
    draw_data(object, pick, follow.up)
  })
  if (nsim == 1) out[[1]] else out
}

draw_data <- function(x, solution, follow.up) {
  groups <- x$meta$groups
  times <- x$meta$times
  events <- x$solutions[x$solutions$solution == solution, ]
  events$time <- spread_events(events)
  fact <- function(what, g, t = NULL) {
    f <- x$facts
    hit <- if (is.null(f)) integer() else which(f$fact == what & f$group %in% g & (is.null(t) | f$time %in% t))
    if (length(hit)) f$value[hit[1]] else NA
  }
  extra <- events_after(x, events, fact)
  known <- levels_at_landmarks(x, events, fact)
  out <- do.call(rbind, lapply(groups, function(g) {
    # Numbers at risk of this group at every event of either group, and at landmarks where known.
    marks <- data.frame(time = events$time, at_risk = events[[paste0("n.risk.", g)]], dies = events$group == g)
    marks <- rbind(marks, data.frame(time = times, at_risk = known[, g], dies = FALSE)[!is.na(known[, g]), ])
    marks <- marks[order(marks$time), ]
    level <- unname(x$meta$n[g])
    from <- 0
    time <- event <- numeric()
    for (i in seq_len(nrow(marks))) {
      lost <- level - marks$at_risk[i]
      time <- c(time, stats::runif(lost, from, marks$time[i]), if (marks$dies[i]) marks$time[i])
      event <- c(event, rep(0, lost), if (marks$dies[i]) 1)
      level <- marks$at_risk[i] - marks$dies[i]
      from <- marks$time[i]
    }
    late <- extra[[g]]
    time <- c(time, stats::runif(late, max(times), follow.up), stats::runif(level - late, from, follow.up))
    event <- c(event, rep(1, late), rep(0, level - late))
    data.frame(group = g, time = time, event = event, stringsAsFactors = FALSE)[order(time), ]
  }))
  rownames(out) <- NULL
  structure(cbind(id = seq_len(nrow(out)), out), solution = solution)
}

# Event times: in each interval, ordered uniform draws strictly inside it.
spread_events <- function(events) {
  time <- numeric(nrow(events))
  for (i in unique(events$interval)) {
    here <- events$interval == i
    time[here] <- sort(stats::runif(sum(here), events$after[here][1], events$until[here][1]))
  }
  time
}

# Numbers at risk at the landmarks by group, where facts fix them; a known pooled number is shared out
# at random within what the events before and after leave free.
levels_at_landmarks <- function(x, events, fact) {
  groups <- x$meta$groups
  columns <- paste0("n.risk.", groups)
  t(vapply(x$meta$times, function(t) {
    level <- vapply(groups, function(g) as.numeric(fact("n.risk", g, t)), 0)
    pooled <- if (!is.null(x$meta$pooled)) fact("n.risk", x$meta$pooled, t) else NA
    if (is.na(pooled)) return(level)
    past <- events[events$until <= t, ]
    next_event <- utils::head(events[events$until > t, ], 1)
    last <- past[nrow(past), ]
    high <- if (nrow(past)) unlist(last[columns]) - (groups == last$group) else unname(x$meta$n[groups])
    low <- if (nrow(next_event)) unlist(next_event[, columns]) else 0 * high
    low <- ifelse(is.na(level), low, level)
    high <- ifelse(is.na(level), high, level)
    for (k in seq_len(pooled - sum(low))) {
      g <- sample.int(length(groups), 1, prob = high - low)
      low[g] <- low[g] + 1
    }
    setNames(low, groups)
  }, numeric(length(groups)))) |> matrix(ncol = length(groups), dimnames = list(NULL, groups))
}

# Events after the last landmark that known totals ask for.
events_after <- function(x, events, fact) {
  groups <- x$meta$groups
  left <- vapply(groups, function(g) {
    own <- events[[paste0("n.risk.", g)]]
    if (length(own)) own[length(own)] - (events$group[length(own)] == g) else unname(x$meta$n[g])
  }, 0)
  done <- vapply(groups, function(g) sum(events$group == g), 0)
  extra <- vapply(groups, function(g) max(0, fact("total.events", g) - done[[g]], na.rm = TRUE), 0)
  all <- if (!is.null(x$meta$pooled)) fact("total.events", x$meta$pooled) else NA
  while (!is.na(all) && sum(done) + sum(extra) < all && any(extra < left)) {
    g <- groups[sample.int(length(groups), 1, prob = pmax(0, left - extra))]
    extra[[g]] <- extra[[g]] + 1
  }
  setNames(as.list(pmin(extra, left)), groups)
}
