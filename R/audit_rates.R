# Printed Kaplan-Meier rates, standard errors and Fisher p-values of groups at landmarks: can they stand together?

#' Audit printed survival rates, standard errors and p-values
#'
#' Holds the cells of a printed table of Kaplan-Meier rates against one another: by arithmetic that needs no search,
#' by [reconstruct_km()], which goes through all life tables, and by Fisher's test of the events that these allow.
#'
#' @param x A claims table or the path of its csv file, see [audit_template()], with rows of kind `rate`, `std.error`
#'   (percent) and `p`, which have `endpoint`, `group`, `time` and `n`; or a data frame of one row a cell like
#'   [lnm_rates]: `endpoint`, `group`, `n`, `time`, `estimate`, `std.error`, `decimals`, `p` (with two decimals unless
#'   there is a column `decimals.p`).
#' @param pooled Name of the group that is the two others together, or `NULL`.
#' @param rounding As in [reconstruct_km()].
#' @param release When the cells of an endpoint cannot stand together, the largest number of them to release in
#'   search of the smallest sets without which the rest can; see [reconstruct_km()]. 0 skips the search.
#' @param effort,progress As in [reconstruct_km()].
#' @param recorded The result of an earlier, longer search, a data frame with the columns of `release` of a
#'   [reconstruct_km()] and `endpoint` and `undecided` (the number of candidate sets left so); for the endpoints it
#'   has, no sets are searched for.
#' @param ... Not used.
#' @return An `audit_ledger` (see [print.audit_ledger()]). Attribute `allowed`: per endpoint, group and time, the
#'   range over all life tables of events so far and of the number at risk (`cum.event.low` to `n.risk.high`), where
#'   there are any; attribute `reconstructions`: what [reconstruct_km()] gave for each endpoint.
#' @section Definition:
#'   - *never rises*: a survival rate is at most that of the landmark before;
#'   - *certain*: when S > 1 - 1/n for all that the cell may stand for, nobody had an event, and Greenwood's standard
#'     error is 0;
#'   - *smallest standard error*: of all life tables of n subjects with rate S, that without censoring has the
#'     smallest, \eqn{\sqrt{S (1 - S) / n}}{sqrt(S (1 - S) / n)};
#'   - *curve* and *curves together*: [reconstruct_km()] finds life tables or proves that there are none. A cell is
#'     contradicted when all smallest sets of cells whose release lets the rest stand have it, and no candidate set
#'     stayed undecided; cells in some of them are not checkable, since the search does not say which must go. If all
#'     cells can be printed when some are cut off instead of rounded, they are consistent, with that remark;
#'   - *Fisher's test*: p of the events so far among all subjects of two groups, for each pair of numbers of events
#'     that the life tables allow (where there are none, that the rates allow one by one). It counts those censored
#'     before as free of the event, as papers do; a log-rank or another test has another p.
#' @section Edge cases: A group needs `n`; groups beyond two, or two without the pooled one, are reconstructed one at
#'   a time. A p-value without exactly two groups is not checkable.
#' @section Errors: as [audit_counts()], and those of [reconstruct_km()].
#' @references Kaplan EL, Meier P (1958); Greenwood M (1926). That censoring only raises Greenwood's standard error
#'   at a given rate follows as the numbers at risk only fall: with \eqn{a = d / (r - d)}{a = d/(r - d)} and
#'   \eqn{r_i \prod_{j < i} (1 + a_j) \le n}{r[i] prod(1 + a[j], j < i) <= n},
#'   \eqn{\sum a_i / r_i \ge (\prod (1 + a_i) - 1) / n}{sum(a/r) >= (prod(1 + a) - 1)/n}.
#' @examples
#' # B: one event among 12 has a standard error of 8.0 at least.
#' audit_rates(data.frame(
#'   endpoint = "OS", group = c("A", "A", "B", "B"), n = c(10, 10, 12, 12), time = c(12, 24),
#'   estimate = c(90, 80, 100, 91.7), std.error = c(9.5, 12.6, 0, 4), decimals = 1,
#'   p = c(0.45, 0.57)
#' ))
#' @export
audit_rates <- function(x, pooled = NULL, rounding = "half-up", release = 2, effort = 1, progress = FALSE,
                        recorded = NULL, ...) {
  call <- quote(audit_rates())
  check_dots(..., call = call)
  check_given(missing(x), "x", call)
  claims <- if (is.data.frame(x) && "estimate" %in% names(x)) claims_of_rates(x, call) else read_claims(x, call)
  audit <- rate_checks_of(claims, list(
    pooled = pooled, rounding = rounding, release = release, effort = effort, progress = progress,
    recorded = check_recorded(recorded, call)
  ), call)
  if (!length(audit$rows)) {
    abort_rule("empty", "`x` has no rates with endpoint, group, time and n.", arg = "x", call = call)
  }
  new_ledger(audit$rows, claims, allowed = audit$allowed, reconstructions = audit$reconstructions)
}

check_recorded <- function(x, call) {
  if (is.null(x)) return(NULL)
  check_data_frame(x, "recorded", call)
  absent <- setdiff(c("endpoint", "set", "group", "time", "cell", "reads", "undecided"), names(x))
  if (length(absent)) {
    abort_rule("column", paste0("`recorded` has no column ", quoted(absent), "."), arg = "recorded", call = call)
  }
  x
}

# A wide table of rates as claims, a row for each number.
claims_of_rates <- function(x, call) {
  absent <- setdiff(c("group", "n", "time", "decimals"), names(x))
  if (length(absent)) abort_rule("column", paste0("`x` has no column ", quoted(absent), "."), arg = "x", call = call)
  endpoint <- as.character(x[["endpoint"]] %||% "rate")
  group <- as.character(x$group)
  time <- number_text(x$time)
  one <- function(kind, column, decimals, rows, of_group = TRUE) {
    if (!length(rows)) return(NULL)
    data.frame(
      id = paste0(endpoint[rows], if (of_group) paste0(": ", group[rows]), ": ", time[rows], ": ", kind),
      claim = paste0(kind, ", ", endpoint[rows], if (of_group) paste0(", ", group[rows]), ", ", time[rows]),
      kind = rep(kind, length(rows)), value = as.double(x[[column]][rows]), decimals = as.double(decimals[rows]),
      n = if (of_group) x$n[rows] else rep(NA_real_, length(rows)), endpoint = endpoint[rows],
      group = if (of_group) group[rows] else rep(NA_character_, length(rows)), time = x$time[rows],
      stringsAsFactors = FALSE
    )
  }
  given <- function(column) if (column %in% names(x)) which(!is.na(x[[column]])) else integer()
  with_p <- given("p")
  with_p <- with_p[!duplicated(paste(endpoint, x$time)[with_p])]
  decimals_p <- x[["decimals.p"]] %||% rep(2, nrow(x))
  read_claims(rbind(
    one("rate", "estimate", x$decimals, given("estimate")),
    one("std.error", "std.error", x$decimals, given("std.error")),
    one("p", "p", decimals_p, with_p, of_group = FALSE)
  ), call)
}

rate_checks_of <- function(claims, how, call) {
  cells <- claims[claims$kind %in% c("rate", "std.error") & !is.na(claims$endpoint) & !is.na(claims$group) &
    !is.na(claims$time) & !is.na(claims$n), ]
  p <- claims[claims$kind == "p" & !is.na(claims$endpoint) & !is.na(claims$time), ]
  endpoints <- unique(cells$endpoint)
  parts <- lapply(endpoints, function(e) {
    audit_endpoint(cells[cells$endpoint == e, ], p[p$endpoint == e, ], how, call)
  })
  list(
    rows = unlist(lapply(parts, `[[`, "rows"), recursive = FALSE),
    allowed = do.call(rbind, lapply(parts, `[[`, "allowed")),
    reconstructions = stats::setNames(lapply(parts, `[[`, "found"), endpoints)
  )
}

audit_endpoint <- function(cells, p, how, call) {
  table <- printed_rates(cells, call)
  pooled <- if (length(how$pooled) && any(how$pooled == table$group)) how$pooled
  groups <- setdiff(unique(table$group), pooled)
  together <- !is.null(pooled) && length(groups) == 2
  recorded <- how$recorded[how$recorded$endpoint == cells$endpoint[1], ]
  known <- length(recorded) && nrow(recorded) > 0
  search <- function(rows, pooled, release, rounding = how$rounding) {
    reconstruct_km(rows[c("group", "time", "estimate", "std.error", "n", "decimals")],
      pooled = pooled, rounding = rounding, max_solutions = 1, release = release, effort = how$effort,
      progress = how$progress
    )
  }
  parts <- if (together) list(unique(table$group)) else as.list(unique(table$group))
  found <- lapply(parts, function(g) {
    rows <- table[table$group %in% g, ]
    whole <- if (together) pooled
    first <- search(rows, whole, if (known) 0 else how$release)
    if (known && first$n_solutions == 0) {
      sets <- recorded[recorded$group %in% g, ]
      first$release <- structure(sets, at_least = NA, undecided = max(sets$undecided))
    }
    cut <- first$n_solutions == 0 && how$rounding == "half-up" &&
      search(rows, whole, 0, "half-up or truncated")$n_solutions > 0
    list(first = first, rest = rest_of(first, rows, whole, search), cut = cut)
  })
  allowed <- do.call(rbind, lapply(found, function(f) if (!is.null(f$rest)) f$rest$identified))
  if (!is.null(allowed)) allowed <- cbind(endpoint = cells$endpoint[1], allowed)
  rows <- c(
    by_arithmetic(cells, table), unlist(lapply(found, by_search, cells = cells), recursive = FALSE),
    lapply(seq_len(nrow(p)), function(i) by_fisher(p[i, ], table, groups, allowed))
  )
  list(rows = Filter(Negate(is.null), rows), allowed = allowed, found = lapply(found, `[[`, "first"))
}

# One row a group and landmark, as reconstruct_km() reads it.
printed_rates <- function(cells, call) {
  key <- paste(cells$kind, cells$group, cells$time)
  twice <- which(duplicated(key))
  if (length(twice)) {
    abort_rule("value", paste0("the ", cells$kind[twice[1]], " of ", quoted(cells$group[twice[1]]), " at ",
      number_text(cells$time[twice[1]]), " stands twice."
    ), "Give endpoint, group and time in one row each; repeated quotations can be compared by `recompute`.",
      arg = "x", call = call
    )
  }
  table <- unique(cells[c("group", "time", "n")])
  pick <- function(kind, column) {
    part <- cells[cells$kind == kind, ]
    part[[column]][match(paste(table$group, table$time), paste(part$group, part$time))]
  }
  table$estimate <- pick("rate", "value")
  table$std.error <- pick("std.error", "value")
  table$decimals <- pmin(pick("rate", "decimals"), pick("std.error", "decimals"), na.rm = TRUE)
  table[order(match(table$group, unique(table$group)), table$time), ]
}

# Where one smallest set must go, what the others allow.
rest_of <- function(first, rows, pooled, search) {
  if (first$n_solutions > 0) return(first)
  sets <- first$release
  if (is.null(sets) || !nrow(sets) || max(sets$set) > 1 || attr(sets, "undecided") > 0) return(NULL)
  for (i in seq_len(nrow(sets))) {
    rows[[sets$cell[i]]][rows$group == sets$group[i] & rows$time == sets$time[i]] <- NA
  }
  rest <- search(rows, pooled, 0)
  if (rest$n_solutions > 0) rest
}

by_arithmetic <- function(cells, table) {
  rows <- list()
  claim_of <- function(i, kind) {
    cells[cells$kind == kind & cells$group == table$group[i] & cells$time == table$time[i], ]
  }
  for (i in seq_len(nrow(table))) {
    before <- which(table$group == table$group[i] & table$time < table$time[i] & !is.na(table$estimate))
    rate <- printed_interval(table$estimate[i], table$decimals[i])
    if (!is.na(table$estimate[i]) && length(before)) {
      earlier <- table[max(before), ]
      high <- printed_interval(earlier$estimate, earlier$decimals)$high
      rows <- c(rows, list(ledger_row(claim_of(i, "rate"), "never rises",
        if (rate$low <= high + slack(high)) "consistent" else "contradicted",
        paste0("before: ", printed_text(earlier$estimate, earlier$decimals)),
        "a rate that is no higher than the one before"
      )))
    }
    if (is.na(table$std.error[i]) || is.na(table$estimate[i])) next
    rows <- c(rows, list(check_standard_error(claim_of(i, "std.error"), table[i, ], rate)))
  }
  rows
}

check_standard_error <- function(claim, row, rate) {
  n <- row$n
  error <- printed_interval(row$std.error, row$decimals)
  low <- max(0, rate$low / 100)
  high <- min(1, rate$high / 100)
  if (low > 1 - 1 / n + slack(1)) {
    possible <- error$low <= 0
    return(ledger_row(claim, "certain", if (possible) "consistent" else "contradicted",
      paste0("a rate of ", printed_text(row$estimate, row$decimals), "% of ", number_text(n),
        " has no events: the standard error is 0"
      ), "a standard error of 0, or an event"
    ))
  }
  # S (1 - S) is least at one of the ends.
  least <- min(low * (1 - low), high * (1 - high))
  bound <- 100 * sqrt(least / n)
  possible <- error$high >= bound - slack(bound)
  ledger_row(claim, "smallest standard error", if (possible) "consistent" else "contradicted",
    paste0("of ", number_text(n), " without censoring at least ", number_text(signif(bound, 4))),
    if (error$high > 0) {
      paste0("at least ", number_text(ceiling(least / (error$high / 100)^2 - slack(1))), " subjects")
    } else {
      "a rate of 0 or 100%"
    }
  )
}

by_search <- function(found, cells) {
  first <- found$first
  name <- if (length(first$meta$n) > 1) "curves together" else "curve"
  here <- cells[cells$group %in% names(first$meta$n), ]
  row <- function(i, verdict, arithmetic, needed = "") {
    ledger_row(here[i, ], name, verdict, arithmetic, needed, "curves")
  }
  all <- seq_len(nrow(here))
  if (first$n_solutions > 0) {
    text <- if (first$n_solutions == 1) "1 life table prints" else paste(solution_count(first), "life tables print")
    return(lapply(all, row, "consistent", paste(text, "all cells")))
  }
  alone <- first$curves$group[first$curves$possible %in% FALSE]
  none <- paste0("no life table prints all cells", if (length(first$meta$n) > 1 && length(alone)) {
    paste0("; not even those of ", paste(alone, collapse = ", or of "), " alone")
  })
  sets <- first$release
  if (is.null(sets) || !nrow(sets)) {
    why <- if (is.null(sets)) "" else paste0("; without which cells there are some was not found (release = ",
      number_text(first$meta$release), ", at least ", attr(sets, "at_least"), " must go)")
    return(lapply(all, row, "not checkable", paste0(none, why)))
  }
  cell <- c(rate = "estimate", std.error = "std.error")[here$kind]
  hit <- lapply(all, function(i) {
    which(sets$group == here$group[i] & sets$time == here$time[i] & sets$cell == cell[i])
  })
  n_sets <- max(sets$set)
  undecided <- attr(sets, "undecided")
  lapply(all, function(i) {
    if (!length(hit[[i]]) && undecided > 0) {
      return(row(i, "not checkable", paste0(none, "; this cell is in none of the ", n_sets,
        " sets found without which there are some, but ", undecided, " others are undecided"
      )))
    }
    if (!length(hit[[i]])) return(row(i, "consistent", "life tables print it, beside a cell that they do not"))
    reads <- paste(unique(sets$reads[hit[[i]]]), collapse = " or ")
    text <- paste0(none, "; ", if (n_sets == 1 && undecided == 0) {
      "without the one smallest set of cells, which this is in, there are some"
    } else {
      paste0("this cell is in ", length(hit[[i]]), " of the ", n_sets, if (undecided == 0) " smallest",
        " sets found without which there are some", if (undecided > 0) paste0("; ", undecided, " others are undecided")
      )
    })
    if (found$cut) {
      return(row(i, "consistent", paste0(text, ". All cells are printed if some may be cut off, not rounded")))
    }
    if (length(hit[[i]]) < n_sets || undecided > 0) return(row(i, "not checkable", text))
    row(i, "contradicted", text, paste0("beside the other cells, to print as ", reads))
  })
}

by_fisher <- function(claim, table, groups, allowed) {
  row <- function(verdict, arithmetic, needed = "") {
    ledger_row(claim, "Fisher's test", verdict, arithmetic, needed, "curves")
  }
  at <- table[table$time == claim$time, ]
  at <- at[match(groups, at$group), ]
  if (length(groups) != 2 || anyNA(at$n)) return(row("not checkable", "it does not stand beside two groups"))
  events <- lapply(1:2, function(k) events_allowed(at[k, ], allowed))
  pairs <- expand.grid(a = events[[1]], c = events[[2]])
  if (!nrow(pairs)) return(row("not checkable", "no number of events leaves these rates"))
  if (nrow(pairs) > 1e5) return(row("not checkable", "more than 100,000 pairs of numbers of events are possible"))
  p <- fisher_of_events(pairs$a, at$n[1], pairs$c, at$n[2])
  printed <- printed_interval(claim$value, claim$decimals)
  fits <- p >= printed$low - slack(p) & p <= printed$high + slack(p)
  of <- function(events, n) paste0(range_text(range(events)), " of ", number_text(n))
  numbers <- paste0("events ", of(pairs$a, at$n[1]), " and ", of(pairs$c, at$n[2]))
  near <- which.min(abs(p - claim$value))
  if (!any(fits)) {
    return(row("contradicted", paste0(numbers, ": p = ", paste(unique(format_p(range(p))), collapse = " to ")),
      paste0("other events or another test; nearest is p = ", format_p(p[near]), " with ", pairs$a[near], " and ",
        pairs$c[near])
    ))
  }
  hit <- which(fits)[1]
  row(if (all(fits)) "reproduced" else "consistent", paste0(numbers, if (!all(fits)) {
    paste0(", for instance ", pairs$a[hit], " and ", pairs$c[hit])
  }, ": p = ", format_p(p[hit])))
}

# An empty column is no mistake here: nobody had the event, p is 1.
fisher_of_events <- function(a, n, c, m) {
  suppressWarnings(fisher_batch(a, n - a, c, m - c, progress = FALSE), classes = "cryonodes_warning_degenerate")$p.value
}

# Numbers of events so far that the life tables leave; without any, those that the rate leaves.
events_allowed <- function(row, allowed) {
  at <- if (!is.null(allowed)) which(allowed$group == row$group & allowed$time == row$time)
  if (length(at)) return(allowed$cum.event.low[at]:allowed$cum.event.high[at])
  if (is.na(row$estimate)) return(0:row$n)
  rate <- printed_interval(row$estimate, row$decimals)
  # d events leave a rate of at most 1 - d/n, and none leaves 100% only.
  least <- if (rate$high >= 100 - slack(100)) 0 else 1
  most <- floor(row$n * (1 - max(0, rate$low) / 100) + slack(row$n))
  if (least <= most) least:most else integer()
}
