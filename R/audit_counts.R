# Counts, percentages and summaries of one variable: can whole things of this number print so?

#' Audit printed counts, percentages, means, medians, ranges and standard deviations
#'
#' Can `n` things print these numbers? Percentages are compared with their counts, or with all whole counts; means of
#' whole numbers with all whole sums (GRIM); and minimum, quartiles, median, maximum, mean and standard deviation of
#' one variable with one another. A finding says that the numbers cannot stand together as they are described, not
#' why.
#'
#' @param x A claims table or the path of its csv file, see [audit_template()]: `id`, `claim`, `kind`, `value`,
#'   `decimals`, with `n`, and where they apply `count`, `variable`, `whole`, `where`. Rows without `n` and rows of
#'   other kinds are passed over.
#' @param ... Not used.
#' @return An `audit_ledger`: a data frame with a row for each check, see [print.audit_ledger()].
#' @section Definition: A printed value v with last digit u stands for \[v - u/2, v + u/2\], limits included. Checks
#'   are
#'   - *part of the whole*: a count is at most n;
#'   - *percent of the count*: 100 count / n prints as v;
#'   - *whole count*: some whole k in 0..n has 100 k / n that prints as v;
#'   - *whole sum*: some whole S has S / n that prints as v (whole numbers only; between n min and n max if printed);
#'   - *middle of whole numbers*: a median of whole numbers is whole, or half of an odd number when n is even;
#'   - *order*: the ordered values \eqn{x_1 \le \dots \le x_n}{x1 <= ... <= xn} exist. Each printed quantile bounds
#'     those at its place. All usual definitions of quartiles, the nine of [stats::quantile()], hinges and medians of
#'     halves, put that of probability p between places \eqn{\lfloor np \rfloor}{floor(np)} and
#'     \eqn{\lceil np + \max(p, 1 - p) \rceil}{ceil(np + max(p, 1 - p))}, so no definition is assumed;
#'   - *mean within the order*: between the mean of the lowest and of the highest such values;
#'   - *standard deviation within the order*: between the least and an upper bound of the greatest that such values
#'     with such a mean have (the least by levelling the values, the greatest as a linear program: \eqn{x^2} at most
#'     the chord over what is possible for x). With divisor n - 1; if only the divisor n allows it, the ledger says
#'     so;
#'   - *whole sum of squares*: of whole numbers, S and the sum of their squares are whole and both even or both odd
#'     (GRIMMER), and some such pair prints the mean and standard deviation.
#' @section Edge cases: `n = 1` has no standard deviation: *not checkable*. What is bounded by nothing printed (no
#'   minimum or maximum) is consistent as far as the rest goes. "Consistent" means that none of these checks excludes
#'   it, not that data have been found. A mean that only agrees when cut off instead of rounded is consistent, with
#'   that remark.
#' @section Errors: `cryonodes_error_missing`, `_column`, `_value`, `_id`, `_choice`, `_type`, `_empty`, `_csv`.
#' @references Brown NJL, Heathers JAJ (2017), *Soc Psychol Personal Sci* 8:363-369 (GRIM). Anaya J (2016), *PeerJ
#'   Preprints* 4:e2400v1 (GRIMMER); Allard A (2018), its parity test. Heathers JAJ et al. (2018), *PeerJ Preprints*
#'   6:e26968v1 (SPRITE). Hyndman RJ, Fan Y (1996), *Am Stat* 50:361-365 (quantiles).
#' @examples
#' # Brown & Heathers (2017): 28 whole numbers cannot have the mean 5.19.
#' audit_counts(data.frame(
#'   id = "m", claim = "mean score", kind = "mean", value = 5.19, decimals = 2, n = 28,
#'   whole = TRUE
#' ))
#' # A greater spread than this range and mean allow.
#' audit_counts(data.frame(
#'   id = c("mean", "sd", "min", "max"), kind = c("mean", "sd", "min", "max"),
#'   claim = "days in hospital",
#'   value = c(3, 9, 1, 14), decimals = 0, n = 20, variable = "stay"
#' ))
#' @export
audit_counts <- function(x, ...) {
  call <- quote(audit_counts())
  check_dots(..., call = call)
  check_given(missing(x), "x", call)
  claims <- read_claims(x, call)
  new_ledger(count_checks_of(claims, call), claims)
}

count_checks_of <- function(claims, call) {
  use <- claims[!is.na(claims$n), ]
  single <- lapply(seq_len(nrow(use)), function(i) {
    row <- use[i, ]
    switch(row$kind,
      count = check_part(row), percent = check_percent(row), mean = if (row$whole) check_whole_sum(row, use)
    )
  })
  kinds <- c("mean", "sd", "median", "q1", "q3", "min", "max")
  use <- use[!is.na(use$variable) & use$kind %in% kinds, ]
  grouped <- lapply(split(use, factor(use$variable, unique(use$variable))), check_variable, call = call)
  c(Filter(Negate(is.null), single), unlist(unname(grouped), recursive = FALSE))
}

check_part <- function(row) {
  ledger_row(row, "part of the whole", if (row$value <= row$n && row$value >= 0) "consistent" else "contradicted",
    paste0(number_text(row$value), " of ", number_text(row$n)), paste0("a whole of at least ", number_text(row$value))
  )
}

# The whole numbers S for which scale * S / n prints as value; NULL if none. In whole numbers, so exact.
printing_sums <- function(value, decimals, n, scale = 1, how = "rounded") {
  last <- round(value * 10^decimals)
  divisor <- 2 * 10^decimals * scale
  edges <- if (how == "rounded") c(2 * last - 1, 2 * last + 1) else c(2 * last, 2 * last + 2)
  low <- -((-(n * edges[1])) %/% divisor)
  # What is cut off is less than a whole unit: the upper limit does not belong to it.
  high <- if (how == "rounded") (n * edges[2]) %/% divisor else -((-(n * edges[2])) %/% divisor) - 1
  if (low > high) NULL else c(low, high)
}

sums_within <- function(sums, low, high) {
  if (is.null(sums)) return(NULL)
  sums <- c(max(sums[1], low), min(sums[2], high))
  if (sums[1] > sums[2]) NULL else sums
}

range_text <- function(x) paste(unique(number_text(x)), collapse = " to ")

between_text <- function(ends) {
  paste0("between ", number_text(signif(ends[1], 5)), " and ", number_text(signif(ends[2], 5)))
}

check_percent <- function(row) {
  if (!is.na(row$count)) return(check_percent_of_count(row))
  found <- sums_within(printing_sums(row$value, row$decimals, row$n, 100), 0, row$n)
  if (!is.null(found)) {
    return(ledger_row(row, "whole count", "consistent", paste0(range_text(found), " of ", number_text(row$n))))
  }
  cut <- sums_within(printing_sums(row$value, row$decimals, row$n, 100, "cut"), 0, row$n)
  if (!is.null(cut)) {
    return(ledger_row(row, "whole count", "consistent",
      paste0(range_text(cut), " of ", number_text(row$n), ": only if cut off, not rounded")
    ))
  }
  near <- floor(row$value * row$n / 100)
  near <- unique(pmin(pmax(near + 0:1, 0), row$n))
  around <- paste0(near, "/", row$n, " = ", printed_text(100 * near / row$n, row$decimals + 2), "%")
  ledger_row(row, "whole count", "contradicted",
    paste0("no whole number of ", number_text(row$n), " makes ", printed_text(row$value, row$decimals), "%: ",
      paste(around, collapse = ", ")
    ), "another denominator, or another unit"
  )
}

check_percent_of_count <- function(row) {
  share <- 100 * row$count / row$n
  result <- compare_printed(row, "=", share, share)
  arithmetic <- paste0(number_text(row$count), " / ", number_text(row$n), " = ",
    printed_text(share, row$decimals + 2), "%", if (nzchar(result$note)) paste0(": ", result$note)
  )
  needs <- percent_needs(row$value, row$decimals, row$count, row$n)
  ledger_row(row, "percent of the count", result$verdict, arithmetic, needs)
}

# What would make a percentage true: counts for this denominator, or denominators for this count.
percent_needs <- function(value, decimals, count, n) {
  counts <- sums_within(printing_sums(value, decimals, n, 100), 0, n)
  edges <- (value + c(-0.5, 0.5) * 10^-decimals) / 100
  # 1e-9: binary fractions.
  sizes <- if (edges[1] > 0) c(ceiling(count / edges[2] - 1e-9), floor(count / edges[1] + 1e-9))
  if (!is.null(sizes) && sizes[1] > sizes[2]) sizes <- NULL
  or_none <- function(x) if (is.null(x)) "none prints so" else range_text(x)
  paste0(
    "another count of ", number_text(n), " (", or_none(counts), "), or another denominator of ", number_text(count),
    " (", or_none(sizes), ")"
  )
}

check_whole_sum <- function(row, all) {
  limit <- function(kind, otherwise) {
    value <- all$value[!is.na(row$variable) & all$variable %in% row$variable & all$kind == kind]
    if (length(value) == 1) row$n * value else otherwise
  }
  low <- limit("min", -Inf)
  high <- limit("max", Inf)
  found <- sums_within(printing_sums(row$value, row$decimals, row$n), low, high)
  cut <- sums_within(printing_sums(row$value, row$decimals, row$n, how = "cut"), low, high)
  of_n <- function(sums) paste0("sum ", range_text(sums), " of ", number_text(row$n))
  if (!is.null(found)) return(ledger_row(row, "whole sum", "consistent", of_n(found)))
  if (!is.null(cut)) {
    return(ledger_row(row, "whole sum", "consistent", paste0(of_n(cut), ": only if cut off, not rounded")))
  }
  near <- floor(row$value * row$n) + 0:1
  around <- paste0(number_text(near), "/", row$n, " = ", printed_text(near / row$n, row$decimals + 2))
  ledger_row(row, "whole sum", "contradicted", paste0("no whole sum of ", number_text(row$n),
    " whole numbers makes ", printed_text(row$value, row$decimals), ": ", paste(around, collapse = ", ")
  ), "another n, or values that are not whole")
}

# Summaries of one variable -----------------------------------------------------------------------------------------

check_variable <- function(rows, call) {
  twice <- which(duplicated(rows$kind))
  if (length(twice)) {
    abort_rule("value", paste0("variable ", quoted(rows$variable[1]), " has its ", rows$kind[twice[1]], " twice."),
      "Give `variable` in one row of each kind; repeated quotations can be compared by `recompute`.",
      arg = "x", call = call
    )
  }
  if (length(unique(rows$n)) > 1) {
    abort_rule("value", paste0("variable ", quoted(rows$variable[1]), " has several values of `n`."),
      arg = "x", call = call
    )
  }
  n <- rows$n[1]
  whole <- all(rows$whole)
  stat <- split(rows, factor(rows$kind, unique(rows$kind)))
  out <- list()
  if (!is.null(stat$median) && whole) out <- c(out, list(check_middle(stat$median)))
  box <- order_box(stat, n, whole)
  placed <- rows[rows$kind %in% names(quantile_places), ]
  possible <- all(box$low <= box$high)
  if (nrow(placed) > 1 || !possible) {
    text <- paste0(placed$kind, " ", printed_text(placed$value, placed$decimals), collapse = ", ")
    out <- c(out, lapply(seq_len(nrow(placed)), function(i) {
      ledger_row(placed[i, ], "order", if (possible) "consistent" else "contradicted",
        paste0(text, "; n = ", number_text(n)),
        "summaries in order: minimum, quartiles, median and maximum of the same values"
      )
    }))
  }
  if (!possible) return(out)
  if (!is.null(stat$mean)) out <- c(out, list(check_mean_in_box(stat$mean, box)))
  if (!is.null(stat$sd)) out <- c(out, check_sd(stat, box, n, whole))
  out
}

check_middle <- function(row) {
  step <- if (row$n %% 2 == 0) 0.5 else 1
  edges <- printed_interval(row$value, row$decimals)
  eps <- slack(row$value)
  near <- c(floor((edges$high + eps) / step), ceiling((edges$low - eps) / step)) * step
  ledger_row(row, "middle of whole numbers", if (near[1] >= near[2]) "consistent" else "contradicted",
    paste0("n = ", number_text(row$n), ": a multiple of ", number_text(step)), "another n, or values that are not whole"
  )
}

quantile_places <- c(min = 0, q1 = 0.25, median = 0.5, q3 = 0.75, max = 1)

# What each of the n ordered values may be, as runs: low, high, times.
order_box <- function(stat, n, whole) {
  low <- rep(-Inf, n)
  high <- rep(Inf, n)
  for (kind in intersect(names(quantile_places), names(stat))) {
    p <- quantile_places[[kind]]
    printed <- printed_interval(stat[[kind]]$value, stat[[kind]]$decimals)
    places <- switch(kind,
      min = c(1, 1), max = c(n, n), median = c(ceiling(n / 2), floor(n / 2) + 1),
      c(max(1, floor(n * p)), min(n, ceiling(n * p + max(p, 1 - p))))
    )
    low[places[2]:n] <- pmax(low[places[2]:n], printed$low)
    high[seq_len(places[1])] <- pmin(high[seq_len(places[1])], printed$high)
    if (kind == "min") low <- pmax(low, printed$low)
    if (kind == "max") high <- pmin(high, printed$high)
  }
  if (whole) {
    low <- ceiling(low - slack(low))
    high <- floor(high + slack(high))
  }
  change <- c(TRUE, low[-1] != low[-n] | high[-1] != high[-n])
  data.frame(low = low[change], high = high[change], times = diff(c(which(change), n + 1)))
}

box_sum <- function(box, side) sum(box[[side]] * box$times)

# Does anything between these ends print so? "rounded", "cut" or "".
prints_between <- function(row, low, high) {
  printed <- printed_interval(row$value, row$decimals)
  if (printed$high >= low - slack(low) && printed$low <= high + slack(high)) return("rounded")
  below <- row$value + 10^-row$decimals
  if (row$value >= 0 && row$value <= high + slack(high) && below > low + slack(low)) return("cut")
  ""
}

check_mean_in_box <- function(row, box) {
  edges <- c(box_sum(box, "low"), box_sum(box, "high")) / sum(box$times)
  how <- prints_between(row, edges[1], edges[2])
  between <- between_text(edges)
  ledger_row(row, "mean within the order", if (nzchar(how)) "consistent" else "contradicted",
    paste0(between, if (how == "cut") ": only if cut off, not rounded"), paste0("a mean ", between)
  )
}

# Least sums of squares of values in the box with these sums: all values at one level, as far as their limits let them.
least_squares_at <- function(box, sums) {
  ends <- c(box$low, box$high)
  ends <- sort(unique(ends[is.finite(ends)]))
  # Beyond the last limit only unlimited values go on, so far that every one of the sums is reached.
  far <- sum(box$times) * (max(0, abs(ends)) + 1) + max(abs(sums))
  levels <- c(-far, ends, far)
  values <- function(level) pmin(pmax(rep(level, each = nrow(box)), box$low), box$high)
  sum_of <- function(level, power) colSums(matrix(values(level)^power * box$times, nrow = nrow(box)))
  # The sum is linear between two limits; where it stands still, so do the values.
  at <- sum_of(levels, 1)
  k <- findInterval(sums, at, all.inside = TRUE)
  rise <- at[k + 1] - at[k]
  part <- ifelse(rise > 0, pmin(pmax((sums - at[k]) / rise, 0), 1), 0)
  sum_of(levels[k] + part * (levels[k + 1] - levels[k]), 2)
}

# An upper bound of them: x^2 <= (low + high) x - low high, then the dearest values first.
most_squares_at <- function(box, sums) {
  if (any(is.infinite(box$low) | is.infinite(box$high))) return(rep(Inf, length(sums)))
  box <- box[order(-(box$low + box$high)), ]
  room <- (box$high - box$low) * box$times
  at <- box_sum(box, "low") + cumsum(c(0, room))
  squares <- sum(box$low^2 * box$times) + cumsum(c(0, room * (box$low + box$high)))
  if (at[1] == at[length(at)]) return(rep(squares[1], length(sums)))
  stats::approx(at, squares, sums, rule = 2, ties = list("ordered", max))$y
}

# Between which the sum of squares about the mean lies, over all means that print so. The grid is fine, and what may lie
# between two of its points is added: the derivative by the sum is at most twice the range.
squares_about_mean <- function(box, n, sums) {
  grid <- seq(sums[1], sums[2], length.out = if (sums[1] == sums[2]) 1 else 201)
  least <- least_squares_at(box, grid) - grid^2 / n
  most <- most_squares_at(box, grid) - grid^2 / n
  spread <- max(box$high) - min(box$low)
  loose <- if (length(grid) > 1) 2 * spread * (grid[2] - grid[1]) else 0
  # A square root is taken of both: no rounding error may make them negative.
  pmax(0, c(if (is.finite(loose)) min(least) - loose else 0, max(most) + loose))
}

check_sd <- function(stat, box, n, whole) {
  row <- stat$sd
  if (n < 2) {
    return(list(ledger_row(row, "standard deviation within the order", "not checkable", "one value has none")))
  }
  sums <- c(box_sum(box, "low"), box_sum(box, "high"))
  if (!is.null(stat$mean)) {
    mean <- printed_interval(stat$mean$value, stat$mean$decimals)
    sums <- c(max(sums[1], n * mean$low), min(sums[2], n * mean$high))
  }
  # The mean has been told to be out of reach, or nothing bounds it.
  if (sums[1] > sums[2] || any(is.infinite(sums))) return(list())
  edges <- sqrt(squares_about_mean(box, n, sums))
  how <- c("rounded", "rounded", "cut", "cut")
  with_n <- c(FALSE, TRUE, FALSE, TRUE)
  works <- mapply(function(h, d) prints_between(row, edges[1] / d, edges[2] / d) == h, how, sqrt(n - 1 + with_n))
  first <- which(works)[1]
  between <- between_text(edges / sqrt(n - 1))
  out <- list(ledger_row(row, "standard deviation within the order", if (any(works)) "consistent" else "contradicted",
    paste0(between, if (any(works)) {
      c("", ": only with divisor n", ": only if cut off, not rounded", ": only with divisor n, cut off")[first]
    }), paste0("a standard deviation ", between)
  ))
  # Without a whole sum the mean has been told to be impossible.
  first <- ceiling(sums[1] - slack(sums[1]))
  last <- floor(sums[2] + slack(sums[2]))
  if (whole && !is.null(stat$mean) && first <= last) out <- c(out, list(check_whole_squares(stat, box, n, first:last)))
  out
}

# GRIMMER: whole sums S and whole sums of squares Q, even together or odd together.
check_whole_squares <- function(stat, box, n, candidates) {
  row <- stat$sd
  printed <- printed_interval(row$value, row$decimals)
  least <- least_squares_at(box, candidates)
  most <- most_squares_at(box, candidates)
  pairs_for <- function(divisor) {
    low <- pmax(divisor * max(0, printed$low)^2 + candidates^2 / n, least)
    high <- pmin(divisor * printed$high^2 + candidates^2 / n, most)
    low <- ceiling(low - slack(low))
    high <- floor(high + slack(high))
    low <- low + (low - candidates) %% 2
    cbind(candidates, low)[low <= high, , drop = FALSE]
  }
  found <- pairs_for(n - 1)
  only_n <- !nrow(found)
  if (only_n) found <- pairs_for(n)
  ledger_row(row, "whole sum of squares", if (nrow(found)) "consistent" else "contradicted",
    if (nrow(found)) {
      paste0("for instance sum ", number_text(found[1, 1]), ", of squares ", number_text(found[1, 2]),
        if (only_n) ": only with divisor n"
      )
    } else {
      paste0("no whole sum of squares of ", number_text(n), " whole numbers makes it with this mean")
    }, "another n, or values that are not whole"
  )
}
