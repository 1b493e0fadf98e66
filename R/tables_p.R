# p-values in a table of rates: given as tests, or as a data frame.

# The tests whose p-values a table can show.
is_test_of_groups <- function(x) inherits(x, c("logrank_test", "compare_at", "gray_test"))

test_hint <- paste0("A test is made by `compare_at()`, `logrank_test()` or `gray_test()`; ",
  "of a `cumulative_incidence()` give `fit$tests`, which it has with `test = TRUE`."
)

# What plain lists within lists hold.
flat_list <- function(x) {
  if (!is.list(x) || is.object(x)) return(list(x))
  unlist(lapply(unname(x), flat_list), recursive = FALSE)
}

# Tests, or a list of them; with several endpoints a list by endpoint. `fits`: the curves of each endpoint, or NULL.
p_of_tests <- function(tests, endpoints, groups, fits, call) {
  if (is_incidence(tests) && length(tests$tests)) tests <- tests$tests
  if (is_test_of_groups(tests)) tests <- list(tests)
  if (!is.list(tests) || is.object(tests) || !length(tests)) {
    abort_rule("type", paste0("`p` must be tests or a data frame, not ", class(tests)[1], "."), test_hint,
      arg = "p", call = call
    )
  }
  # Names are those of endpoints, but for the tests of a fit, which are named by their causes.
  by_cause <- identical(names(tests), unlist(lapply(unname(tests), function(x) if (inherits(x, "gray_test")) x$cause)))
  if (length(endpoints) == 1 && (by_cause || !nzchar(endpoints) || !endpoints %in% names(tests))) {
    tests <- setNames(list(tests), endpoints)
  }
  unknown <- setdiff(names(tests), endpoints)
  if (is.null(names(tests)) || length(unknown)) {
    abort_rule("table", paste0(
      "`p` must name its tests by endpoint, ", quoted(endpoints),
      if (length(unknown)) paste0(", not ", quoted(unknown)), "."
    ), arg = "p", call = call)
  }
  parts <- Map(function(of_endpoint, endpoint) {
    of_endpoint <- flat_list(of_endpoint)
    of_endpoint <- tests_of_cause(of_endpoint, fits[[match(endpoint, endpoints)]], call)
    rows <- lapply(of_endpoint, p_of_test, groups = groups, call = call)
    cbind(endpoint = endpoint, do.call(rbind, unname(rows)))
  }, tests, names(tests))
  do.call(rbind, unname(parts))
}

# Of incidences the first cause is shown: of Gray's tests of all causes, as a fit has them, that of this one is taken.
tests_of_cause <- function(tests, fits, call) {
  shown <- unlist(lapply(Filter(is_incidence, fits), function(fit) fit$meta$causes[1]))
  gray <- vapply(tests, inherits, TRUE, "gray_test")
  other <- gray & vapply(tests, function(x) is.list(x) && !all(x$cause %in% shown), TRUE)
  if (is.null(shown) || !any(other)) return(tests)
  if (all(other[gray])) {
    abort_rule("table", paste0(
      "`p` compares the incidences of ", quoted(unique(vapply(tests[other], `[[`, "", "cause"))),
      "; the table shows those of ", quoted(unique(shown)), ", the first cause."
    ), "Give the test of that cause, or make the cause that is meant the first.", arg = "p", call = call)
  }
  tests[!other]
}

p_of_test <- function(x, groups, call) {
  if (!is_test_of_groups(x)) {
    abort_rule("type", paste0("`p` must hold tests of groups, not ", class(x)[1], "."), test_hint,
      arg = "p", call = call
    )
  }
  fields <- if (inherits(x, "compare_at")) c("tests", "contrasts", "method") else c("p.value", "method")
  check_result(x, class(x)[1], fields, call, "group_labels")
  labels <- x$meta$group_labels
  if (is.null(x$null.value) && !all(labels %in% groups)) { # one sample has no groups
    abort_rule("table", paste0(
      "`p` compares the groups ", quoted(labels), "; those of the table are ", quoted(groups), "."
    ), arg = "p", call = call)
  }
  if (!inherits(x, "compare_at")) {
    p <- as.vector(x$p.value)
    return(data.frame(
      time = NA_real_, p = p, method = x$method, note = if (is.na(p)) "the test is undefined" else NA_character_,
      stringsAsFactors = FALSE
    ))
  }
  check_compare_at(x, call)
  how <- x$meta$p.adjust.method
  data.frame(
    time = x$tests$time, p = x$tests$p.adjusted,
    method = paste0(
      x$method, if (x$meta$how == "fisher-crude") ": it ignores censoring",
      if (how != "none") paste0("; adjusted for ", nrow(x$tests), " times (", how, ")")
    ), note = x$tests$note, stringsAsFactors = FALSE
  )
}

read_p <- function(p, label, numbers, fits, call) {
  check_text(label, "p.label", call)
  if (is.null(p)) return(NULL)
  tests <- !is.data.frame(p)
  if (tests) p <- p_of_tests(p, unique(numbers$endpoint), unique(numbers$group), fits, call)
  p <- as.data.frame(check_data_frame(p, "p", call))
  check_columns(quote(p), p, emptyenv(), call)
  if (is.null(p$method)) {
    if (is.null(label)) {
      abort_rule("choice", "`p.label` is missing: a p-value is shown with the name of its method only.",
        "For example \"Fisher's exact test, deaths by that time, two-sided\".",
        arg = "p.label", call = call
      )
    }
    p$method <- label
  }
  check_complete(p$method, "method", NULL, call)
  endpoints <- unique(numbers$endpoint)
  if (is.null(p$endpoint)) {
    if (length(endpoints) > 1) check_columns(quote(endpoint), p, emptyenv(), call)
    p$endpoint <- endpoints
  }
  p$time <- if (is.null(p$time)) NA_real_ else p$time
  if (!is_number(p$p) && !all(is.na(p$p)) || any(p$p < 0 | p$p > 1, na.rm = TRUE)) {
    abort_rule("table", "`p` must be numbers in [0, 1].", arg = "p", call = call)
  }
  p <- data.frame(
    endpoint = as.character(p$endpoint), time = as.double(p$time), p = as.double(p$p), method = as.character(p$method),
    note = as.character(p$note %||% NA_character_), stringsAsFactors = FALSE
  )
  unknown <- setdiff(p$endpoint, endpoints)
  if (length(unknown)) {
    abort_rule("table", paste0("`p` has values for ", quoted(unknown), ", which is not an endpoint of the table."),
      arg = "p", call = call
    )
  }
  shown <- is.na(p$time) | !is.na(match_time(p$time, numbers$time))
  if (tests && !any(shown)) {
    abort_rule("times", paste0("`p` has no p-value at a time of the table, but at ", quoted(number_text(p$time)), "."),
      arg = "p", call = call
    )
  }
  p <- p[shown, ]
  twice <- which(duplicated(data.frame(p$endpoint, signif(p$time, 12), p$method)))
  if (length(twice)) {
    abort_rule("table", paste0("`p` has two values for the same endpoint, time and method (", at_rows(twice), ")."),
      arg = "p", rows = twice, call = call
    )
  }
  p
}

# The p-values of one endpoint, time and method (at most one), with the reason of one that is missing.
p_at <- function(p, endpoint, time, method) {
  same <- p$endpoint == endpoint & p$method == method
  same <- same & if (is.na(time)) is.na(p$time) else !is.na(match_time(p$time, time))
  p[same, ]
}

p_of_rows <- function(numbers, p, method) {
  first <- function(endpoint, time) c(p_at(p, endpoint, time, method)$p, NA_real_)[1]
  value <- Map(first, numbers$endpoint, numbers$time)
  unlist(value, use.names = FALSE)
}

# The numbers carry p when it is one value per endpoint and time; p-values of several methods are in `x$p`.
with_p <- function(numbers, p) {
  if (is.null(p) || length(unique(p$method)) != 1 || anyNA(p$time)) return(numbers)
  numbers$p <- p_of_rows(numbers, p, p$method[1])
  numbers
}
