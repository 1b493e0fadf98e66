# p-values from all ways of dealing the units out to the groups, or from some of them drawn at random. Units are rows,
# or the clusters (patients) to which rows belong.

# What is asked for. NULL: the chi-square distribution for independent rows, a permutation for clusters and for what has
# no other distribution.
read_distribution <- function(distribution, clustered, replicates, seed, threads, progress, call, test = NULL,
                              stop.at = NULL, studentised = FALSE, inverse.size = FALSE) {
  if (!is.null(distribution)) {
    check_choice(distribution, c("asymptotic", "exact", "approximate"), "distribution", call)
  }
  studentised <- check_flag(studentised, "studentised", call)
  drawn_only <- if (studentised) "`studentised` scores" else if (!is.null(test$parts)) "the largest of several scores"
  if (studentised && !is.null(test$parts)) {
    abort_rule("choice", "`studentised` takes one `type` only.", arg = "studentised", call = call)
  }
  name <- distribution %||% if (!is.null(drawn_only)) "approximate" else if (clustered) "permutation" else "asymptotic"
  if (!is.null(drawn_only) && name != "approximate") {
    abort_rule("choice", paste0(drawn_only, " have the distribution of drawn ways of dealing only."),
      "Say `distribution = \"approximate\"`.",
      arg = "distribution", call = call
    )
  }
  if (!is.null(stop.at)) {
    if (!is_number(stop.at) || length(stop.at) != 1 || is.na(stop.at) || stop.at <= 0 || stop.at >= 1) {
      abort_rule("choice", paste0("`stop.at` must be a level in (0, 1), or NULL, not ", one_line(stop.at), "."),
        arg = "stop.at", call = call
      )
    }
    if (!name %in% c("approximate", "permutation")) {
      abort_rule("choice", "`stop.at` ends the drawing of ways of dealing: nothing is drawn here.",
        "Say `distribution = \"approximate\"`.",
        arg = "stop.at", call = call
      )
    }
  }
  list(
    name = name, studentised = studentised, stop.at = stop.at,
    inverse.size = check_flag(inverse.size, "inverse.size", call),
    replicates = check_whole(replicates, "replicates", 99, 1e9, call),
    seed = if (!is.null(seed)) check_whole(seed, "seed", 0, 2^53, call),
    threads = check_whole(threads, "threads", 1, 1024, call), progress = check_flag(progress, "progress", call)
  )
}

# The p-value by dealing. `prepare()` gives the two ways to go: `exact(units, tick)`, what a result says of all ways, or
# NULL where they are too many; and `draw(units, draws, tick)`, the `hits` among those drawn and what else is said of
# them. `draws` is how many, how many were drawn before, and the seed. `varying`: what to do with clusters of several
# groups.
deal_groups <- function(frame, k, wanted, prepare, call, test = NULL, varying = NULL) {
  refuse_dealing(frame, wanted, k, test, call)
  units <- if (is.null(frame$cluster)) {
    list(group = frame_groups(frame), stratum = frame$stratum, name = "row")
  } else {
    list(
      group = one_per_cluster(frame_groups(frame), frame, "group", frame$group_labels, varying, call),
      stratum = if (!is.null(frame$stratum)) {
        one_per_cluster(frame$stratum, frame, "stratum", frame$stratum_labels, varying, call)
      },
      name = "cluster"
    )
  }
  n_units <- length(units$group)
  units$n_group <- k
  units$n_stratum <- max(1L, length(frame$stratum_labels))
  if (is.null(units$stratum)) units$stratum <- integer()
  can_be_exact <- k == 2 && units$n_stratum == 1
  if (wanted$name == "exact" && !can_be_exact) {
    abort_rule("choice", "`distribution = \"exact\"` is for two groups in one stratum.",
      "`distribution = \"approximate\"` draws ways of dealing for more.",
      arg = "distribution", call = call
    )
  }
  ways <- prepare()
  ticker <- make_ticker(wanted$progress, "Dealing")
  on.exit(ticker$done())
  note <- NULL
  if (wanted$name != "approximate" && can_be_exact) {
    found <- tryCatch(ways$exact(units, ticker$tick), cryonodes_error_memory = function(e) NULL)
    if (!is.null(found)) {
      return(c(list(distribution = "exact"), found, list(n_units = n_units, unit = units$name)))
    }
    if (wanted$name == "exact") {
      abort_rule("memory", paste0("there are too many ways of dealing ", n_units, " ", units$name, "s to count them",
        ways$why, "."
      ), "`distribution = \"approximate\"` draws some of them.", arg = "distribution", call = call)
    }
    note <- "too many ways of dealing to count them: some were drawn"
  }
  seed <- if (is.null(wanted$seed)) floor(stats::runif(1) * 2^31) else wanted$seed
  c(
    list(distribution = "approximate"),
    draw_ways(function(draws, tick) ways$draw(units, draws, tick), wanted, seed, ticker),
    list(seed = seed, n_units = n_units, unit = units$name, studentised = wanted$studentised, note = note)
  )
}

# Dealing of the scores of the log-rank family. `rows`: the frame whose groups are those of stratum and group together
# (cells), the test, and its weights if they are given.
dealing_of_scores <- function(rows, k, wanted, call) {
  test <- rows$test
  score <- if (!wanted$studentised) dealt_scores(rows, k, call)
  list(
    exact = function(units, tick) exact_dealing(score, units$group, wanted$threads, tick, call),
    why = ", and their scores too few or too much alike for a narrow bound",
    draw = function(units, draws, tick) {
      if (wanted$studentised) {
        return(list(hits = call_core(studentised_tail_cpp(
          rows$cells, test$core, test$rho, test$gamma, rows$given, units$group, units$stratum, units$n_stratum, draws,
          wanted$threads, tick
        ), call)))
      }
      if (is.matrix(score)) {
        return(call_core(largest_tail_cpp(
          score, units$group, units$stratum, units$n_stratum, draws, wanted$threads, tick
        ), call))
      }
      list(hits = call_core(approximate_tail_cpp(
        score, units$group, units$n_group, units$stratum, units$n_stratum, draws, wanted$threads, tick
      ), call))
    }
  )
}

# Each row's or cluster's part in the score; of several scores a column each.
dealt_scores <- function(rows, k, call) {
  parts <- rows$test$parts
  one <- function(test, given) {
    call_core(logrank_scores_cpp(rows$cells, k, test$core, test$rho, test$gamma, given), call)
  }
  if (is.null(parts)) return(one(rows$test, rows$given))
  do.call(cbind, lapply(parts, function(part) one(part, weights_of_own(rows$cells, k, part, call))))
}

# Replicates in one go, or in batches until `stop.at` lies outside the confidence sequence. `draw` counts those as
# extreme as what was found, or more.
draw_ways <- function(draw, wanted, seed, ticker) {
  if (is.null(wanted$stop.at)) {
    used <- wanted$replicates
    found <- draw(c(used, 0, seed), ticker$tick)
    hits <- found$hits
    limits <- clopper_pearson(hits, used, 0.99)
    stopped <- NULL
  } else {
    used <- hits <- 0
    stopped <- FALSE
    while (used < wanted$replicates && !stopped) {
      batch <- min(draw_batch, wanted$replicates - used)
      tick <- if (!is.null(ticker$tick)) function(share) ticker$tick((used + share * batch) / wanted$replicates)
      found <- draw(c(batch, used, seed), tick)
      hits <- hits + found$hits
      used <- used + batch
      limits <- confidence_sequence(hits, used, 0.99)
      stopped <- used < wanted$replicates && (wanted$stop.at < limits[1] || wanted$stop.at > limits[2])
    }
  }
  c(
    list(p.value = (hits + 1) / (used + 1), p.low = limits[1], p.high = limits[2], hits = hits, replicates = used),
    found[names(found) != "hits"],
    if (!is.null(stopped)) list(stop.at = wanted$stop.at, stopped = stopped, most = wanted$replicates)
  )
}

# The interval is looked at after each.
draw_batch <- 1000

# All p with (n + 1) P(hits | n, p) > 1 - level: with a probability of `level` they hold the true one for all n at once,
# however often one looks (Robbins 1970, Lai 1976; Ville's inequality for the mixture over all p).
confidence_sequence <- function(hits, n, level) {
  inside <- function(p) log(n + 1) + stats::dbinom(hits, n, p, log = TRUE) - log(1 - level)
  edge <- function(from, to) stats::uniroot(inside, c(from, to), tol = 1e-12)$root
  middle <- hits / n
  c(if (hits == 0) 0 else edge(1e-300, middle), if (hits == n) 1 else edge(middle, 1 - 1e-16))
}

# All ways of dealing to two groups: counted where there are no more than numbers can tell apart, else by the
# characteristic function, else counted in floating point. `error` bounds what p can be off by; NULL: none will do.
exact_dealing <- function(score, group, threads, tick, call) {
  counted <- function() {
    found <- tryCatch(call_core(exact_tail_cpp(score, group, most_sums, tick), call),
      cryonodes_error_memory = function(e) NULL
    )
    if (is.null(found)) return(NULL)
    list(p.value = found$p_value, p.farther = found$farther, tolerance = found$tolerance, ways = found$ways,
      error = found$error
    )
  }
  many <- choose(length(score), sum(group)) > 2^53
  found <- if (!many) counted()
  if (!is.null(found)) return(found)
  found <- call_core(numeric_tail_cpp(score, group, threads, tick), call)
  if (found$error <= most_error) {
    return(list(p.value = found$p_value, ways = exp(found$log_ways), log_ways = found$log_ways, error = found$error))
  }
  if (many) counted()
}

# Sums held at a time for each half of the units: 16 bytes each.
most_sums <- 2^23
# A p-value further off than that is not called exact.
most_error <- 1e-5

clopper_pearson <- function(hits, n, level) {
  unlist(proportion_cpp(hits, n, "clopper-pearson", "two.sided", level), use.names = FALSE)
}

refuse_dealing <- function(frame, wanted, k, test, call) {
  one_comparison <- if (wanted$studentised) "`studentised`" else if (!is.null(test$parts)) "a `type` of several weights"
  if (!is.null(one_comparison) && k != 2) {
    abort_rule("choice", paste0(one_comparison, " is for two groups, not ", k, "."),
      arg = if (wanted$studentised) "studentised" else "type", call = call
    )
  }
  if (wanted$studentised && !is.null(frame$cluster)) {
    abort_rule("choice", "`studentised` scores are those of rows: clusters have none.",
      arg = "studentised", call = call
    )
  }
  what <- if (!is.null(frame$entry)) {
    "delayed entry: who entered late cannot change places with who was there from the start"
  } else if (!is.null(frame$weights)) {
    "`weights`: repeat the rows instead"
  } else if (!is.null(frame[["n_censor"]])) {
    "counts: give the rows"
  }
  if (!is.null(what)) {
    abort_rule("choice", paste0("groups cannot be dealt out with ", what, "."),
      if (is.null(one_comparison)) "`distribution = \"asymptotic\"` will do.",
      arg = "distribution", call = call
    )
  }
}

# The code of each cluster, which all its rows must share: a patient is dealt to one group.
one_per_cluster <- function(code, frame, what, labels, varying, call) {
  first <- match(seq_len(frame$n_cluster) - 1L, frame$cluster)
  of_cluster <- code[first]
  other <- which(code != of_cluster[frame$cluster + 1L])
  if (length(other)) {
    mate <- first[frame$cluster[other[1]] + 1L]
    abort_rule("group", paste0(
      "the ", what, " varies within a cluster: ",
      if (is.null(frame$rows)) "two rows" else paste("rows", frame$rows[mate], "and", frame$rows[other[1]]),
      " belong to one, and to ", quoted(labels[code[mate] + 1L]), " and ", quoted(labels[code[other[1]] + 1L]), "."
    ), paste(c("Clusters are dealt out as a whole.", varying), collapse = " "),
    arg = "cluster", rows = frame$rows[other], call = call
    )
  }
  of_cluster
}

# Dealing takes the censoring for equal in all groups; a log-rank test of the censorings tells whether it is.
note_censoring <- function(frame, k, call) {
  frame$reverse <- TRUE
  censored <- call_core(logrank_cpp(frame, k, "logrank", 0, 0, numeric(), 1), call)
  p <- exp(censored$log_p_value)
  if (!is.na(p) && p < 0.05) {
    paste0("follow-up differs between the groups (log-rank p ", p_sign(p), " of leaving without the event): ",
      "a permutation test takes it for equal"
    )
  }
}

# Where the chi-square distribution is a rough guide, and what there is instead. A variance between clusters has a note
# of its own.
# `countable`: can all ways of dealing two groups be counted?
note_few <- function(core, labels, frame, wanted, countable) {
  few <- core$expected > 0 & core$expected < 5
  if (wanted$name != "asymptotic" || !any(few) || is.na(core$statistic)) return(NULL)
  dealt <- is.null(frame$entry) && is.null(frame$weights) && is.null(frame[["n_censor"]]) && is.null(frame$cluster)
  exact <- length(labels) == 2 && is.null(frame$stratum) && countable
  paste0(
    "fewer than 5 events expected in ", quoted(labels[few]), ": the chi-square distribution is a rough guide",
    if (dealt) paste0("; `distribution = \"", if (exact) "exact" else "approximate", "\"` needs none")
  )
}

# Rounded upwards to one digit: a bound stays one.
bound_text <- function(x) {
  power <- floor(log10(x))
  sub("e-0", "e-", formatC(ceiling(x / 10^power * (1 - 1e-12)) * 10^power, digits = 0, format = "e"), fixed = TRUE)
}

# 92378; 2.7e+299; "about 10^3010" where R has no number for them.
ways_text <- function(x) {
  if (is.finite(x$ways)) return(if (x$ways < 1e15) number_text(x$ways) else format_number(x$ways, 2))
  paste0("about 10^", round(x$log_ways / log(10)))
}

permutation_line <- function(x, cluster_title) {
  units <- if (x$unit == "row") "rows" else paste0("clusters (", cluster_title, ")")
  p <- paste0("p ", p_sign(x$p.value))
  if (x$distribution == "exact") {
    within <- if (isTRUE(x$error > 0)) paste0(", numerically to within ", bound_text(x$error))
    return(paste0("All ", ways_text(x), " ways of dealing ", number_text(x$n_units), " ", units, ": ", p, within))
  }
  stopped <- isTRUE(x$stopped)
  paste0(
    number_text(x$replicates), if (stopped) paste0(" of ", number_text(x$most)), " random ways of dealing ",
    number_text(x$n_units), " ", units, " (seed ", number_text(x$seed),
    if (stopped) paste0("; stopped, ", number_text(x$stop.at), " is outside the interval"), "): ", p, ", 99% CI ",
    format_number(x$p.low, 3), " to ", format_number(x$p.high, 3)
  )
}

# The robust variance is an estimate from as many numbers as there are clusters.
note_few_clusters <- function(n, too_few) {
  if (too_few) {
    paste0(number_text(n), " cluster", if (n != 1) "s",
      " with a part in the test: too few for a robust variance, the test is undefined (NA)"
    )
  } else if (n < 40) {
    units <- paste0(number_text(n), " cluster", if (n != 1) "s")
    paste0("a robust variance from ", units, " with a part in the test is a rough guide")
  }
}
