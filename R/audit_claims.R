# All claims of a paper: recomputed from its records, from its other numbers, and from the curves that it prints.

#' Audit every number that a paper prints
#'
#' Recomputes each claim in the ways that its table names, adds the checks of [audit_counts()] and [audit_rates()],
#' and says of each what comes out: reproduced, consistent, contradicted, or not checkable and why.
#'
#' @param x A claims table or the path of its csv file, see [audit_template()]. The default is the founding case.
#' @param data The records that the paper prints, a data frame, or `NULL`. Rules name its columns.
#' @param pooled,rounding,release,effort,progress,recorded As in [audit_rates()]. For the founding case, `data` is
#'   [lnm_sessions], `pooled` its whole cohort and `recorded` a search of some minutes, unless given.
#' @param ... Not used.
#' @return An `audit_ledger`, see [print.audit_ledger()], with a row for each check of each claim, and the attributes
#'   that [audit_rates()] gives. `check` is the rule as written; `arithmetic` shows it with the printed numbers in the
#'   place of the names, and what comes out.
#' @section Definition: A rule in the column `recompute` is a relation and an expression, as in `patients - alive`,
#'   `<= sessions` and `in age[sex == "F"]`. Several rules have `;` between them and must all hold; ways to read one
#'   rule have `||` between them, and the best counts. Relations are `=` (when none is written), `<`, `<=`, `>`,
#'   `>=`, of the printed value to the computed one, and `in` (one of several). An expression has numbers, text in
#'   double quotes, names of other claims (`id`) and of columns of `data`, and
#'   - `+ - * /`, comparisons, `&`, `|`, `!`, brackets to pick elements;
#'   - `sum`, `mean`, `sd`, `median`, `min`, `max`, `length`, `c`, `rep`; `count` (how often true), `distinct`
#'     (different values), `percent(a, b)`, `quantile(x, p)` (from the least to the greatest of the nine usual
#'     definitions);
#'   - `fisher(a, n, b, m)`: the two-sided p of a of n against b of m;
#'   - `events(endpoint, group, time)` and `at_risk(endpoint, group, time)`: what the printed curves allow, see
#'     [audit_rates()].
#'
#'   Nothing else is evaluated: a claims table from elsewhere can run no code. Another claim's value stands for all
#'   that prints so (a count for itself), and these limits are carried through the expression. *Reproduced*: all that
#'   can come out prints as the value. *Consistent*: some of it does, or an inequality holds, or only when cut off
#'   instead of rounded (the ledger says so), or the same number only stands elsewhere too. *Contradicted*: none
#'   does; `needed` says what would have to be true. Contradicted means that the printed numbers and the rule cannot
#'   both hold. Often the rule, which is the auditor's reading of the text, is what to look at first.
#' @section Edge cases: A claim without rule to which no other check applies is *not checkable*, with its `reason`. A
#'   rule without a result (curves that no life table prints, division by zero) is *not checkable* and says why.
#' @section Errors: as [audit_rates()]; `cryonodes_error_formula` (a rule that cannot be read, with unknown names or
#'   functions), `_column` (a claim named like a column of `data`).
#' @seealso [lnm_claims], `vignette("audit")`
#' @examples
#' patients <- data.frame(sex = c("F", "M", "M"), age = c(61, 48, 70))
#' audit_claims(data.frame(
#'   id = c("n", "women", "age_mean"), claim = c("patients", "share of women", "mean age"),
#'   kind = c("count", "percent", "mean"), value = c(3, 30, 59.7), decimals = c(0, 0, 1),
#'   recompute = c("length(sex)", "percent(count(sex == \"F\"), n)", "mean(age)")
#' ), data = patients)
#' @export
audit_claims <- function(x = cryonodes::lnm_claims, data = NULL, pooled = NULL, rounding = "half-up", release = 2,
                         effort = 1, progress = FALSE, recorded = NULL, ...) {
  call <- quote(audit_claims())
  check_dots(..., call = call)
  own <- missing(x)
  claims <- read_claims(x, call)
  if (own) {
    data <- data %||% cryonodes::lnm_sessions
    pooled <- pooled %||% "Whole cohort"
    recorded <- recorded %||% recorded_ltpfs()
  }
  if (!is.null(data)) {
    check_data_frame(data, "data", call)
    check_names_once(data, "data", call)
    both <- intersect(names(data), claims$id)
    if (length(both)) {
      abort_rule("column", paste0("`data` has a column ", quoted(both), ", which is also the id of a claim."),
        "Rules name both: give the claim another id.",
        arg = "data", call = call
      )
    }
  }
  curves <- rate_checks_of(claims, list(
    pooled = pooled, rounding = rounding, release = release, effort = effort, progress = progress,
    recorded = check_recorded(recorded, call)
  ), call)
  known <- list(claims = claims, data = data, allowed = curves$allowed, call = call)
  ruled <- which(!is.na(claims$recompute))
  by_rule <- unlist(lapply(ruled, function(i) apply_rules(claims[i, ], known)), recursive = FALSE)
  rows <- c(by_rule, count_checks_of(claims, call), curves$rows)
  checked <- unique(vapply(rows, function(r) r$id, ""))
  rest <- lapply(which(!claims$id %in% checked), function(i) {
    reason <- claims$reason[i]
    ledger_row(claims[i, ], "none", "not checkable", if (is.na(reason)) "nothing printed bears on it" else reason,
      basis = "none"
    )
  })
  new_ledger(c(rows, rest), claims, allowed = curves$allowed, reconstructions = curves$reconstructions)
}

# What data-raw/ltpfs_release.R found.
recorded_ltpfs <- function() {
  read <- function(name) utils::read.csv(system.file("extdata", name, package = "cryonodes"))
  searches <- read("ltpfs_searches.csv")
  cbind(
    endpoint = "Local tumour progression-free survival", read("ltpfs_release.csv"),
    undecided = searches$undecided[searches$sets_found > 0]
  )
}

relations <- c("<=", ">=", "<", ">", "=", "in ")

apply_rules <- function(claim, known) {
  written <- trimws(strsplit(claim$recompute, ";", fixed = TRUE)[[1]])
  lapply(written[nzchar(written)], function(rule) {
    # Alternatives: the best of them counts.
    ways <- trimws(strsplit(rule, "||", fixed = TRUE)[[1]])
    rows <- lapply(ways, apply_rule, claim = claim, known = known)
    if (length(rows) == 1) return(rows[[1]])
    verdict <- vapply(rows, `[[`, "", "verdict")
    best <- rows[[which.min(match(verdict, c("reproduced", "consistent", "not checkable", "contradicted")))]]
    best$check <- rule
    # Where none holds, all are shown.
    if (best$verdict == "contradicted") {
      for (field in c("arithmetic", "needed")) {
        best[[field]] <- paste(unique(vapply(rows, `[[`, "", field)), collapse = "; or ")
      }
    }
    best
  })
}

apply_rule <- function(rule, claim, known) {
  known$refuse <- function(why) {
    abort_rule("formula", paste0("the rule ", quoted(rule), " of claim ", quoted(claim$id), " ", why, "."),
      arg = "x", call = known$call
    )
  }
  starts <- relations[startsWith(rule, relations)]
  relation <- if (length(starts)) trimws(starts[1]) else "="
  e <- parse_rule(if (length(starts)) substring(rule, nchar(starts[1]) + 1) else rule, known$refuse)
  result <- evaluate_rule(e, known)
  if (is.character(result$low)) known$refuse("gives text")
  low <- as.double(result$low)
  high <- as.double(result$high)
  compared <- compare_printed(claim, relation, low, high)
  # To stand twice is not to be recomputed.
  repeated <- is.name(e) && as.character(e) %in% known$claims$id
  if (repeated && compared$verdict == "reproduced") compared$verdict <- "consistent"
  shown <- rule_text(e, known)
  gives <- values_text(low, high, claim$decimals)
  arithmetic <- if (is.null(result$why)) {
    paste0(if (repeated) paste("elsewhere", shown) else paste0(shown, " = ", gives),
      if (!relation %in% c("=", "in")) paste0("; it should be ", relation, " that"),
      if (relation == "in") "; it should be one of these", if (nzchar(compared$note)) paste0(": ", compared$note)
    )
  } else {
    result$why
  }
  ledger_row(claim, rule, compared$verdict, arithmetic, rule_needs(claim, relation, e, low, high, known),
    rule_basis(e, known)
  )
}

parse_rule <- function(text, refuse) {
  if (nchar(text) > 1000) refuse("is longer than 1000 characters")
  parsed <- tryCatch(parse(text = text, keep.source = FALSE), error = function(e) refuse("cannot be read"))
  if (length(parsed) != 1) refuse("must be one expression")
  parsed[[1]]
}

rule_basis <- function(e, known) {
  if (any(c("events", "at_risk") %in% all.names(e))) return("curves")
  if (any(names(known$data) %in% all.vars(e))) return("records")
  if (is.name(e)) "repetition" else "arithmetic"
}

values_text <- function(low, high, decimals) {
  # Three digits more than printed, and no zeros that say nothing.
  digits <- function(x) number_text(round(x, decimals + 3))
  one <- mapply(function(a, b) if (is.na(a) || a == b) digits(a) else paste(digits(a), "to", digits(b)), low, high)
  one <- unique(one)
  paste0(paste(utils::head(one, 6), collapse = ", "), if (length(one) > 6) ", ...")
}

# What would have to be true for a rule that fails.
rule_needs <- function(claim, relation, e, low, high, known) {
  if (relation == "in" || !length(low) || anyNA(low)) return("one of these to be as printed")
  if (relation == "=" && is.call(e) && identical(e[[1]], quote(percent)) && length(e) == 3) {
    parts <- lapply(as.list(e)[-1], evaluate_rule, known = known)
    whole <- all(vapply(parts, function(p) length(p$low) == 1 && p$low == p$high && p$low == round(p$low), TRUE))
    if (whole && parts[[2]]$low >= 1) {
      return(percent_needs(claim$value, claim$decimals, parts[[1]]$low, parts[[2]]$low))
    }
  }
  if (relation == "=") {
    printed <- printed_interval(claim$value, claim$decimals, is_exact(claim))
    return(paste0("the computed number to be ", values_text(printed$low, printed$high, claim$decimals)))
  }
  edge <- if (relation %in% c("<", "<=")) max(high) else min(low)
  paste0("the printed number to be ", relation, " ", values_text(edge, edge, claim$decimals))
}

# A value in a rule: what it is at least and at most, elementwise; `why` when there is none.
span_of <- function(low, high = low, why = NULL) list(low = low, high = high, why = why)

evaluate_rule <- function(e, known) {
  if (is.numeric(e) || is.character(e) || is.logical(e)) return(span_of(e))
  if (is.name(e)) return(value_of_name(as.character(e), known))
  if (!is.call(e) || !is.name(e[[1]])) known$refuse("has something that is neither a number, a name nor a function")
  name <- as.character(e[[1]])
  f <- rule_functions[[name]]
  if (is.null(f)) known$refuse(paste0("has the unknown function ", quoted(name)))
  if (!is.null(names(e)) || !all(nzchar(as.character(e)[-1]))) {
    known$refuse(paste0("has named or empty arguments in ", quoted(name)))
  }
  args <- lapply(as.list(e)[-1], evaluate_rule, known = known)
  why <- unlist(lapply(args, `[[`, "why"))
  if (length(why)) return(span_of(NA_real_, why = why[1]))
  if (name %in% c("events", "at_risk")) return(allowed_by_curves(name, args, known))
  tryCatch(do.call(f, args), error = function(err) {
    known$refuse(paste0("fails in ", quoted(name), ": ", conditionMessage(err)))
  })
}

value_of_name <- function(name, known) {
  if (!is.null(known$data) && name %in% names(known$data)) {
    column <- known$data[[name]]
    if (is.factor(column)) column <- as.character(column)
    if (!is.atomic(column) || length(dim(column)) > 1) {
      known$refuse(paste0("names ", quoted(name), ", which is no plain column"))
    }
    return(span_of(column))
  }
  i <- match(name, known$claims$id)
  if (is.na(i)) known$refuse(paste0("names ", quoted(name), ", which is neither a claim nor a column of `data`"))
  claim <- known$claims[i, ]
  printed <- printed_interval(claim$value, claim$decimals, is_exact(claim))
  span_of(printed$low, printed$high)
}

allowed_by_curves <- function(name, args, known) {
  if (length(args) != 3) known$refuse(paste0("has ", quoted(name), " without endpoint, group and time"))
  at <- known$allowed
  here <- if (!is.null(at)) {
    which(at$endpoint == args[[1]]$low & at$group == args[[2]]$low & at$time == args[[3]]$low)
  }
  if (!length(here)) return(span_of(NA_real_, why = paste0("no life table is known that prints ", args[[1]]$low)))
  column <- if (name == "events") "cum.event" else "n.risk"
  span_of(at[[paste0(column, ".low")]][here], at[[paste0(column, ".high")]][here])
}

# The rule with printed numbers in the place of names of claims.
rule_text <- function(e, known) {
  put <- function(e) {
    if (is.name(e)) {
      i <- match(as.character(e), known$claims$id)
      if (!is.na(i)) return(as.name(printed_text(known$claims$value[i], known$claims$decimals[i])))
    }
    if (is.call(e)) e[-1] <- lapply(as.list(e)[-1], put)
    e
  }
  gsub("`", "", paste(deparse(put(e), width.cutoff = 500L), collapse = " "), fixed = TRUE)
}

exact_value <- function(x) {
  if (!identical(x$low, x$high)) rlang::abort("it needs numbers that are not rounded")
  x$low
}

monotone <- function(f) function(x) span_of(f(x$low), f(x$high))
on_exact <- function(f) function(...) span_of(f(...))
comparison <- function(f) on_exact(function(x, y) f(exact_value(x), exact_value(y)))

product <- function(x, y) {
  all <- list(x$low * y$low, x$low * y$high, x$high * y$low, x$high * y$high)
  span_of(do.call(pmin, all), do.call(pmax, all))
}

negative <- function(x) span_of(-x$high, -x$low)

quotient <- function(x, y) {
  if (any(y$low <= 0 & y$high >= 0)) return(span_of(NA_real_, why = "it divides by what may be zero"))
  product(x, span_of(1 / y$high, 1 / y$low))
}

rule_functions <- list(
  "(" = function(x) x,
  "+" = function(x, y = NULL) if (is.null(y)) x else span_of(x$low + y$low, x$high + y$high),
  "-" = function(x, y = NULL) if (is.null(y)) negative(x) else span_of(x$low - y$high, x$high - y$low),
  "*" = product, "/" = quotient,
  "==" = comparison(`==`), "!=" = comparison(`!=`), "<" = comparison(`<`), ">" = comparison(`>`),
  "<=" = comparison(`<=`), ">=" = comparison(`>=`), "&" = comparison(`&`), "|" = comparison(`|`),
  "!" = on_exact(function(x) !exact_value(x)),
  "[" = function(x, i) span_of(x$low[exact_value(i)], x$high[exact_value(i)]),
  sum = monotone(sum), mean = monotone(mean), median = monotone(stats::median),
  min = monotone(min), max = monotone(max),
  length = on_exact(function(x) length(x$low)),
  sd = on_exact(function(x) stats::sd(exact_value(x))),
  count = on_exact(function(x) {
    x <- exact_value(x)
    if (!is.logical(x)) rlang::abort("it counts how often something is true")
    sum(x)
  }),
  distinct = on_exact(function(x) length(unique(exact_value(x)))),
  c = function(...) {
    parts <- list(...)
    span_of(unlist(lapply(parts, `[[`, "low")), unlist(lapply(parts, `[[`, "high")))
  },
  rep = function(x, times) {
    times <- exact_value(times)
    if (length(times) != 1 || is.na(times) || times < 0 || times > 1e6) rlang::abort("`times` must lie in 0 to 1e6")
    span_of(rep(x$low, times), rep(x$high, times))
  },
  percent = function(x, y) quotient(product(span_of(100), x), y),
  quantile = function(x, p) {
    p <- exact_value(p)
    by_type <- function(x) vapply(1:9, function(type) stats::quantile(x, p, names = FALSE, type = type), 0)
    span_of(min(by_type(x$low)), max(by_type(x$high)))
  },
  fisher = on_exact(function(a, n, b, m) {
    counts <- vapply(list(a, n, b, m), exact_value, 0)
    fisher_of_events(counts[1], counts[2], counts[3], counts[4])
  }),
  events = TRUE, at_risk = TRUE
)
