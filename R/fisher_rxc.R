# Fisher's test of tables larger than 2x2, and of other statistics: the exact p-value where it is within reach, else
# random tables with the same margins (src/fisher_rxc.cpp).

# The arguments of fisher_test() that larger tables have, and those of stats::fisher.test() that need nothing done.
ignored_arguments <- c("workspace", "hybrid", "hybridPars", "control")
larger_defaults <- list(
  statistic = "probability", scores = NULL, exact = NULL, B = 1e5, rare = FALSE, seed = NULL, max.work = 1e8,
  memory = 1e9, threads = 1, simulate.p.value = FALSE, workspace = NULL, hybrid = NULL, hybridPars = NULL,
  control = NULL
)
larger_arguments <- c(names(larger_defaults), "progress")

table_statistics <- c("probability", "chisq", "kruskal", "linear")

# `given`: the frame of a method, from which they are taken; what is not as it should be stops here for 2x2 tables too.
check_larger <- function(given, call) {
  x <- mget(larger_arguments, given)
  x$progress <- check_flag(x$progress, "progress", call)
  # As a rule there is nothing to check: a small test should not wait for it.
  if (identical(x[names(larger_defaults)], larger_defaults)) return(x)
  ignored <- ignored_arguments[!vapply(x[ignored_arguments], is.null, TRUE)]
  x[ignored_arguments] <- NULL
  x$statistic <- check_choice(x$statistic, table_statistics, "statistic", call)
  if (!is.null(x$scores) && x$statistic != "linear") {
    abort_rule("choice", "`scores` belong to `statistic = \"linear\"`.", arg = "scores", call = call)
  }
  if (!is.null(x$exact)) x$exact <- check_flag(x$exact, "exact", call)
  x$simulate.p.value <- check_flag(x$simulate.p.value, "simulate.p.value", call)
  if (isTRUE(x$exact) && x$simulate.p.value) {
    abort_rule("choice", "`exact = TRUE` and `simulate.p.value = TRUE` exclude each other.",
      arg = "simulate.p.value", call = call
    )
  }
  if (!is_number(x$B) || length(x$B) != 1 || is.na(x$B) || x$B < 1 || x$B != round(x$B)) {
    abort_rule("B", paste0("`B` must be a whole number >= 1, not ", one_line(x$B), "."), arg = "B", call = call)
  }
  if (x$B > 1e9) {
    abort_rule("B", paste0("`B` above the limit 1e9: ", one_line(x$B), "."), arg = "B", call = call)
  }
  x$rare <- check_flag(x$rare, "rare", call)
  if (!is.null(x$seed)) x$seed <- check_whole(x$seed, "seed", 0, 2^53, call)
  for (limit in c("max.work", "memory")) {
    value <- x[[limit]]
    if (!is_number(value) || length(value) != 1 || is.na(value) || value < 0) {
      abort_rule("choice", paste0("`", limit, "` must be a number >= 0, not ", one_line(value), "."),
        arg = limit, call = call
      )
    }
  }
  x$threads <- check_whole(x$threads, "threads", 1, 1024, call)
  x$notes <- if (length(ignored)) {
    paste0(paste0("`", ignored, "`", collapse = ", "), if (length(ignored) == 1) " is" else " are",
      " of no use here and ignored")
  }
  x
}

# What a 2x2 table makes of them.
note_two_by_two <- function(larger) {
  c(larger$notes, if (larger$simulate.p.value || isFALSE(larger$exact)) {
    "the p-value of a 2x2 table is exact: nothing was simulated"
  })
}

test_larger_table <- function(data, asked, larger, call) {
  notes <- c(data$notes, refuse_odds_ratio(asked, dim(data$table), call), larger$notes)
  table <- data$table
  n <- sum(table)
  if (n > max_count) {
    abort_rule("count", paste0("the counts add up to ", format_plain(n), ", more than 2^53."), call = call)
  }
  larger$scores <- check_scores(larger, dim(table), call)
  whole <- lapply(larger$scores, whole_scores)
  ticker <- make_ticker(larger$progress, "Tables")
  on.exit(ticker$done())
  tried <- !isFALSE(larger$exact) && !larger$simulate.p.value
  found <- if (tried) exact_larger(table, larger, whole, ticker, call)
  test <- if (!is.null(found)) found else sample_larger(table, larger, ticker, call)
  exact <- is.null(test$mc)
  if (!exact && tried) {
    notes <- c(notes, if (any(lengths(whole) < lengths(larger$scores))) {
      "scores of more than 9 decimal places have no exact p-value here: random tables were drawn"
    } else {
      "the exact p-value was out of reach within `max.work` and `memory`: random tables were drawn"
    })
  }
  test <- c(test, statistic_of_table(table, larger), list(
    method = paste0(statistic_label(larger$statistic), if (exact) ", exact" else ", Monte Carlo"),
    alternative = "two.sided", data.name = data$data_name, table = table,
    meta = list(
      format = result_format, method = "fisher_rxc", n_rows = n, statistic = larger$statistic, scores = larger$scores,
      rows_dropped = data$rows_dropped %||% integer(), notes = notes
    )
  ))
  structure(test, class = c("fisher_rxc", "htest"))
}

# A larger table has no odds ratio, and no sides.
refuse_odds_ratio <- function(asked, size, call) {
  plain <- c(or = asked$or == 1, alternative = asked$alternative == "two.sided", method = asked$method == "minlike",
    mid.p = !asked$mid.p
  )
  if (!all(plain)) {
    wrong <- names(plain)[!plain][1]
    abort_rule("choice", paste0("`", wrong, "` is about an odds ratio, which a ", size[1], " x ", size[2],
      " table has none of here."
    ), "`pairwise_fisher()` compares two rows at a time.", arg = wrong, call = call)
  }
  if (asked$conf.level != 0.95) "`conf.level` is that of an odds ratio: not used here"
}

check_scores <- function(larger, size, call) {
  if (larger$statistic != "linear") return(list(numeric(), numeric()))
  scores <- larger$scores %||% list(seq_len(size[1]), seq_len(size[2]))
  if (!is.list(scores) || length(scores) != 2) {
    abort_rule("type", "`scores` must be a list of two vectors, one number for each row and one for each column.",
      arg = "scores", call = call
    )
  }
  for (i in 1:2) {
    what <- c("row", "column")[i]
    x <- scores[[i]]
    if (!is_number(x) || anyNA(x) || any(abs(x) > 1e100)) {
      abort_rule("type", paste0("the ", what, " scores must be finite numbers, not ", one_line(x), "."),
        arg = "scores", call = call
      )
    }
    if (length(x) != size[i]) {
      abort_rule("length", paste0("`scores` must have one for each of the ", size[i], " ", what, "s, not ", length(x),
        "."
      ), "Empty rows and columns are left out, and have none.", arg = "scores", call = call)
    }
    if (length(unique(x)) < 2) {
      abort_rule("choice", paste0("the ", what, " scores are all equal: nothing can depend on them."),
        arg = "scores", call = call
      )
    }
  }
  lapply(unname(scores), as.double)
}

# Scores times a power of ten, which have the same p-value, as whole numbers: so ties are ties. NULL: no such power.
whole_scores <- function(scores) {
  for (places in 0:9) {
    whole <- round(scores * 10^places)
    if (all(whole / 10^places == scores & abs(whole) <= 2^52)) return(whole)
  }
  NULL
}

# NULL: not within reach. `whole`: the scores.
exact_larger <- function(table, larger, whole, ticker, call) {
  if (any(lengths(whole) < lengths(larger$scores))) {
    if (!isTRUE(larger$exact)) return(NULL)
    abort_rule("choice", "scores of more than 9 decimal places have no exact p-value here.",
      "Round them, or draw random tables: `exact = FALSE`.", arg = "scores", call = call
    )
  }
  core <- call_core(fisher_rxc_exact_cpp(
    as.vector(t(table)), nrow(table), larger$statistic, whole[[1]], whole[[2]], larger$max.work, larger$memory,
    ticker$tick
  ), call)
  if (core$feasible) return(list(p.value = core$p_value, log_p_value = core$log_p_value))
  if (isTRUE(larger$exact)) {
    abort_rule("size", paste0("the exact p-value of this ", nrow(table), " x ", ncol(table), " table of ",
      format_plain(sum(table)), " observations is out of reach within `max.work` and `memory`."
    ), "Allow more, or draw random tables: `exact = FALSE`.", arg = "exact", call = call)
  }
  NULL
}

sample_larger <- function(table, larger, ticker, call) {
  seed <- if (is.null(larger$seed)) floor(stats::runif(1) * 2^31) else larger$seed
  core <- call_core(fisher_rxc_sample_cpp(
    as.vector(t(table)), nrow(table), larger$statistic, larger$scores[[1]], larger$scores[[2]], larger$B, seed,
    as.integer(larger$threads), ticker$tick
  ), call)
  p <- (core$hits + 1) / (larger$B + 1)
  list(
    p.value = p, log_p_value = log(p),
    mc = list(
      B = as.double(larger$B), hits = core$hits, seed = seed,
      conf.int = structure(clopper_pearson(core$hits, larger$B, 0.99), conf.level = 0.99),
      rare = if (larger$rare && core$hits < 10 && sum(table) < 2^20) split_larger(table, larger, seed, ticker, call)
    )
  )
}

# A p that random tables do not meet, from runs whose exponentials of log p are unbiased and independent: the mean of a
# lognormal distribution, and its limits by Cox's method.
split_larger <- function(table, larger, seed, ticker, call) {
  log_p <- call_core(fisher_rxc_split_cpp(
    as.vector(t(table)), nrow(table), larger$statistic, larger$scores[[1]], larger$scores[[2]], seed,
    as.integer(larger$threads), ticker$tick
  ), call)
  runs <- length(log_p)
  spread <- stats::var(log_p)
  middle <- mean(log_p) + spread / 2
  away <- stats::qt(0.995, runs - 1) * sqrt(spread / runs + spread^2 / (2 * (runs - 1)))
  list(
    p.value = exp(middle), log_p_value = middle, log_conf.int = structure(middle + c(-away, away), conf.level = 0.99),
    runs = runs
  )
}

# "2.5e-27", also where a double has no such number.
power_text <- function(log_p) {
  power <- floor(log_p / log(10))
  paste0(format_number(10^(log_p / log(10) - power), 2), "e", power)
}

# The statistic that is shown, in the form its asymptotic test has; the p-value needs its order only.
statistic_of_table <- function(table, larger) {
  n <- sum(table)
  r <- rowSums(table)
  c <- colSums(table)
  expected <- outer(r, c) / n
  switch(larger$statistic,
    probability = NULL,
    chisq = list(
      statistic = c("X-squared" = sum((table - expected)^2 / expected)),
      parameter = c(df = (nrow(table) - 1) * (ncol(table) - 1))
    ),
    kruskal = {
      surplus <- cumsum(c) - c / 2 - n / 2 # midranks less their mean
      between <- sum(as.vector(table %*% surplus)^2 / r)
      list(
        statistic = c("Kruskal-Wallis chi-squared" = (n - 1) * between / sum(c * surplus^2)),
        parameter = c(df = nrow(table) - 1)
      )
    },
    linear = {
      u <- larger$scores[[1]] - sum(r * larger$scores[[1]]) / n
      v <- larger$scores[[2]] - sum(c * larger$scores[[2]]) / n
      list(
        statistic = c("M-squared" = (n - 1) * sum(u * (table %*% v))^2 / (sum(r * u^2) * sum(c * v^2))),
        parameter = c(df = 1)
      )
    }
  )
}

statistic_label <- function(statistic) {
  switch(statistic,
    probability = method_label("fisher_rxc"), chisq = "Pearson's chi-square test", kruskal = "Kruskal-Wallis test",
    linear = "Linear-by-linear association test"
  )
}

rxc_fields <- c("p.value", "method", "alternative", "data.name", "log_p_value", "table")

check_rxc <- function(x, call) check_result(x, "fisher_rxc", rxc_fields, call, c("n_rows", "statistic"))

#' @export
print.fisher_rxc <- function(x, digits = 3, ...) {
  check_rxc(x, quote(print()))
  digits <- check_digits(digits, quote(print()))
  titles <- names(dimnames(x$table))
  named <- length(titles) == 2 && all(nzchar(titles))
  cat(statistic_label(x$meta$statistic),
    if (named) paste0(" of ", encodeString(titles[2]), " by ", encodeString(titles[1])),
    if (is.null(x$mc)) ", exact" else ", Monte Carlo", "\n",
    sep = ""
  )
  cat("Null: ", method_null("fisher_rxc"), "\n", sep = "")
  dropped <- x$meta$rows_dropped
  cat(format_plain(x$meta$n_rows), " observation", if (x$meta$n_rows != 1) "s",
    if (length(dropped)) paste0(", ", length(dropped), " left out for missing values (", at_rows(dropped), ")"), "\n\n",
    sep = ""
  )
  size <- dim(x$table)
  if (size[1] <= most_shown[1] && size[2] <= most_shown[2]) {
    shown <- matrix(format_plain(x$table), size[1], dimnames = unname(lapply(dimnames(x$table), encodeString)))
    print(shown, quote = FALSE, right = TRUE)
  } else {
    cat("A table of ", size[1], " rows and ", size[2], " columns, ", sum(x$table == 0), " of ", prod(size),
      " counts are 0\n",
      sep = ""
    )
  }
  cat("\n")
  if (!is.null(x$statistic)) {
    cat(names(x$statistic), " ", format_number(x$statistic, digits), if (x$meta$statistic != "linear") {
      paste0(" (", number_text(x$parameter), " df)")
    }, ", ", sep = "")
  }
  cat("p ", p_sign(x$p.value), if (x$p.value == 0) paste0(" (log p = ", format_number(x$log_p_value, 4), ")"), sep = "")
  if (is.null(x$mc)) {
    cat(", from all tables with these totals")
  } else {
    limits <- x$mc$conf.int
    cat(", ", format_plain(100 * attr(limits, "conf.level")), "% CI ", format_limit(limits[1], digits), " to ",
      format_limit(limits[2], digits), ", from ", number_text(x$mc$B), " random tables with these totals (seed ",
      number_text(x$mc$seed), ")",
      sep = ""
    )
  }
  rare <- x$mc$rare
  if (!is.null(rare)) {
    limits <- power_text(rare$log_conf.int)
    cat("\nBy splitting: p about ", power_text(rare$log_p_value), ", 99% CI ", limits[1], " to ", limits[2], " (",
      rare$runs, " runs)",
      sep = ""
    )
  }
  cat("\n", statistic_source(x$meta$statistic, is.null(x$mc)), ".\n", sep = "")
  print_notes(x$meta$notes)
  invisible(x)
}

# Rows and columns of a table that is printed.
most_shown <- c(20, 12)

format_limit <- function(x, digits) if (x == 0) "0" else format_number(x, digits)

statistic_source <- function(statistic, exact) {
  paste0(switch(statistic,
    probability = "Freeman & Halton (1951)", chisq = "Pearson (1900)", kruskal = "Kruskal & Wallis (1952)",
    linear = "Mantel (1963)"
  ), if (!exact) "; random tables: Patefield (1981)")
}

#' @rdname fisher_test
#' @method tidy fisher_rxc
#' @export
tidy.fisher_rxc <- function(x, ...) {
  check_rxc(x, quote(tidy()))
  limits <- if (is.null(x$mc)) c(NA_real_, NA_real_) else as.vector(x$mc$conf.int)
  data.frame(
    estimate = NA_real_, p.value = x$p.value, conf.low = NA_real_, conf.high = NA_real_, method = x$method,
    alternative = x$alternative, log.p.value = x$log_p_value, p.low = limits[1], p.high = limits[2],
    n.draws = if (is.null(x$mc)) NA_real_ else x$mc$B, stringsAsFactors = FALSE
  )
}

#' @rdname fisher_test
#' @method glance fisher_rxc
#' @export
glance.fisher_rxc <- function(x, ...) {
  check_rxc(x, quote(glance()))
  tidy.fisher_rxc(x)
}
