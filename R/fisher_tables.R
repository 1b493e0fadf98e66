# What a test of counts is given becomes a list: table (labelled, at least 2 x 2, of doubles), rows_dropped (numbers of
# the pairs left out for missing values), notes, data_name. `expressions`: what the caller wrote for each.
contingency_table <- function(given, expressions, na.action, call, weights = NULL) {
  given <- place_arguments(given, call)
  na.action <- check_na_action(na.action, call)
  counted <- length(given) == 4 || is.matrix(given$x) || is.table(given$x)
  if (!is.null(weights) && counted) {
    abort_rule("choice", "`weights` go with labels: counts have them in the table.", arg = "weights", call = call)
  }
  if (length(given) == 4) {
    data <- table_from_counts(given, call)
    data_name <- paste0("(", paste(expressions, collapse = ", "), ")")
  } else if (counted) {
    if (length(given) > 1) {
      abort_rule("type", "`y` is not used with a matrix or table of counts `x`.", arg = "y", call = call)
    }
    data <- table_from_matrix(given$x, "x", call)
    data_name <- unname(expressions)
  } else {
    titles <- ifelse(expressions == make.names(expressions), expressions, names(given))
    data <- table_from_labels(given, titles, na.action, call, weights)
    data_name <- paste(expressions, collapse = " and ")
  }
  c(data, list(data_name = data_name))
}

# The same from a formula `~ a + b` or `counts ~ a + b`; weights and subset are quosures.
table_from_formula <- function(formula, data, weights, subset, na.action, call) {
  na.action <- check_na_action(na.action, call)
  if (!is.null(data) && !is.data.frame(data) && (!is.list(data) || is.null(names(data)))) {
    abort_rule("type", paste0("`data` must be a data frame, not ", class(data)[1], "."), arg = "data", call = call)
  }
  rhs <- rlang::f_rhs(formula)
  labels <- if (is_call_of(rhs, "+") && length(rhs) == 3) as.list(rhs)[-1]
  if (is.null(labels) || any(vapply(labels, is_call_of, TRUE, "+")) || any(vapply(labels, identical, TRUE, quote(.)))) {
    abort_rule("formula", paste0("`formula` must have two factors on its right side, not `", one_line(rhs), "`."),
      "Write `~ a + b`, or `counts ~ a + b` where rows are counted already.",
      arg = "formula", call = call
    )
  }
  env <- rlang::f_env(formula)
  evaluate <- function(expr) {
    check_columns(expr, data, env, call)
    evaluate_user(expr, eval_tidy(expr, data, env), call)
  }
  given <- setNames(lapply(labels, evaluate), vapply(labels, plain_name, ""))
  lhs <- rlang::f_lhs(formula)
  if (!is.null(lhs) && !quo_is_null(weights)) {
    abort_rule("formula", "counts are given twice: on the left of `formula` and as `weights`.",
      arg = "weights", call = call
    )
  }
  counts <- if (!is.null(lhs)) evaluate(lhs) else evaluate_quosure(weights, data, call)
  out <- table_from_labels(given, names(given), na.action, call, counts, evaluate_quosure(subset, data, call),
    weights_name = if (is.null(lhs)) "weights" else plain_name(lhs)
  )
  c(out, list(data_name = paste(names(given), collapse = " and ")))
}

# The same from a data frame of two columns of labels, besides the column that `weights` names.
table_from_data_frame <- function(x, weights, subset, na.action, call) {
  na.action <- check_na_action(na.action, call)
  counted <- if (!quo_is_null(weights)) intersect(names(x), free_names(quo_get_expr(weights)))
  columns <- setdiff(names(x), counted)
  labels <- function(v) is.factor(v) || is.character(v) || is.logical(v)
  is_label <- vapply(columns, function(name) labels(x[[name]]), TRUE)
  if (length(columns) && !any(is_label)) {
    abort_rule("type", paste0("`x` is a data frame of numbers, whose columns (", quoted(columns), ") are no labels."),
      "If these are counts, give `as.matrix()` of it; if they are codes, write `~ a + b` with `data`.",
      arg = "x", call = call
    )
  }
  if (length(columns) != 2 || !all(is_label)) {
    numeric <- if (!all(is_label)) {
      paste0("; ", quoted(columns[!is_label]), if (sum(!is_label) == 1) " is" else " are", " no factor or text")
    }
    abort_rule("column", paste0("`x` must have two columns of labels, not ", length(columns),
      if (length(columns)) paste0(" (", quoted(columns), ")"), numeric, "."
    ), "Name two with `~ a + b` and `data`; counts of rows go to `weights`.", arg = "x", call = call)
  }
  out <- table_from_labels(
    as.list(x[columns]), columns, na.action, call, evaluate_quosure(weights, x, call), evaluate_quosure(subset, x, call)
  )
  c(out, list(data_name = paste(columns, collapse = " and ")))
}

evaluate_quosure <- function(quosure, data, call) {
  if (quo_is_null(quosure)) return(NULL)
  expr <- quo_get_expr(quosure)
  check_columns(expr, data, rlang::quo_get_env(quosure), call)
  evaluate_user(expr, eval_tidy(quosure, data), call)
}

# The names of the data: x | x, y | a, b, c, d; positions fill what names leave open.
place_arguments <- function(given, call) {
  names <- names(given) %||% rep("", length(given))
  wanted <- if (length(given) == 4) c("a", "b", "c", "d") else c("x", "y")[seq_len(min(2, length(given)))]
  unknown <- names[nzchar(names) & !names %in% wanted]
  if (length(unknown)) {
    abort_rule("choice", paste0("unknown argument `", unknown[1], "`."), call = call)
  }
  if (!length(given) %in% c(1, 2, 4) || anyDuplicated(names[nzchar(names)])) {
    abort_rule("type", paste0(
      "give a matrix or table of counts, two factors, or four counts, not ", length(given), " argument",
      if (length(given) != 1) "s", "."
    ), call = call)
  }
  names[!nzchar(names)] <- setdiff(wanted, names)
  setNames(given, names)[wanted]
}

# Each table_from_*() returns a list: table, rows_dropped, notes.

table_from_counts <- function(given, call) {
  for (name in names(given)) {
    check_vector(given[[name]], name, call)
    if (length(given[[name]]) != 1) {
      abort_rule("length", paste0("`", name, "` must be one count, not ", length(given[[name]]), " values."),
        arg = name, call = call
      )
    }
    check_counts(given[[name]], name, call)
  }
  list(table = label_table(matrix(as.double(unlist(given)), 2, byrow = TRUE)), notes = NULL)
}

table_from_matrix <- function(x, arg, call) {
  if (inherits(x, "ftable")) x <- as.matrix(x)
  if (length(dim(x)) != 2) {
    abort_rule("dim", paste0("`", arg, "` must have rows and columns, not ", length(dim(x)), " dimension",
      if (length(dim(x)) != 1) "s", "."), arg = arg, call = call)
  }
  check_counts(x, arg, call)
  if (!any(x > 0)) {
    abort_rule("empty", "table has no observations.", arg = arg, call = call)
  }
  size <- dim(x)
  table <- label_table(matrix(as.double(x), nrow(x), dimnames = dimnames(x)))
  # Two empty-margin policies: a 2x2 table stays what it was asked as, a larger one is reduced to its content.
  notes <- NULL
  if (!identical(as.integer(size), c(2L, 2L))) {
    filled <- list(rowSums(table) > 0, colSums(table) > 0)
    notes <- empty_margins(table)
    table <- table[filled[[1]], filled[[2]], drop = FALSE]
    if (length(notes)) notes <- paste0(notes, " and left out")
    few <- dim(table) < 2
    if (any(few)) {
      abort_rule("dim", paste0("need at least 2 non-empty ", if (few[1]) "rows" else "columns", ", not ",
        dim(table)[few][1], " (`", arg, "` is ", size[1], " x ", size[2], ")."), arg = arg, call = call)
    }
  }
  list(table = table, notes = notes)
}

# `weights`: how many rows each stands for; `subset` as read_subset() takes it.
table_from_labels <- function(given, titles, na.action, call, weights = NULL, subset = NULL, weights_name = "weights") {
  if (length(given) < 2) {
    abort_rule("type", paste0(
      "`x` must be a matrix or table of counts, or come with a second factor `y`; it is of class ",
      class(given[[1]])[1], "."
    ), arg = "x", call = call)
  }
  for (name in names(given)) check_vector(given[[name]], name, call)
  n <- length(given[[1]])
  if (length(given[[2]]) != n) {
    abort_rule("length", paste0("`", names(given)[1], "` and `", names(given)[2],
      "` must have the same length, not ", n, " and ", length(given[[2]]), "."
    ), call = call)
  }
  if (n == 0) {
    abort_rule("empty", "no rows to analyse.", call = call)
  }
  if (!is.null(weights)) weights <- check_row_counts(weights, n, weights_name, call)
  keep <- if (is.null(subset)) rep(TRUE, n) else read_subset(subset, n, call)
  if (!any(keep)) {
    abort_rule("empty", "`subset` leaves no rows to analyse.", call = call)
  }
  columns <- c(given, if (!is.null(weights)) setNames(list(weights), weights_name))
  missing_rows <- lapply(columns, function(v) which(is.na(if (is.factor(v)) as.character(v) else v) & keep))
  rows_dropped <- sort(unique(unlist(missing_rows, use.names = FALSE)))
  if (length(rows_dropped) && na.action == "error") {
    arg <- names(columns)[lengths(missing_rows) > 0][1]
    rows <- missing_rows[[arg]]
    abort_rule("missing", paste0(
      "`", arg, "` has ", length(rows), " missing value", if (length(rows) > 1) "s", " (", at_rows(rows), ")."
    ), "Complete the data, or say `na.action = \"omit\"` to leave such rows out, counted and shown.",
    arg = arg, rows = rows, call = call
    )
  }
  keep[rows_dropped] <- FALSE
  if (!any(keep)) {
    abort_rule("empty", "no rows without missing values to analyse.", call = call)
  }
  weightless <- keep & !is.null(weights) & (weights %||% 1) == 0
  keep <- keep & !weightless
  if (!any(keep)) {
    abort_rule("empty", "table has no observations.", arg = weights_name, call = call)
  }
  factors <- Map(function(v, name) as_group(v[keep], name, call), given, names(given))
  for (i in 1:2) {
    levels <- levels(factors[[i]])
    if (length(levels) < 2) {
      abort_rule("group", paste0(c("first", "second")[i], " factor has 1 level (", quoted(levels), ")."),
        arg = names(given)[i], call = call
      )
    }
    if (length(levels) > max_groups) {
      abort_rule("group", paste0("`", titles[i], "` has ", length(levels), " groups; the limit is ", max_groups, "."),
        "A column of identifiers is not a grouping.",
        arg = names(given)[i], call = call
      )
    }
  }
  size <- lengths(lapply(factors, levels), use.names = FALSE)
  cell <- as.integer(factors[[1]]) + size[1] * (as.integer(factors[[2]]) - 1)
  counts <- if (is.null(weights)) {
    tabulate(cell, prod(size))
  } else {
    tapply(weights[keep], factor(cell, seq_len(prod(size))), sum, default = 0)
  }
  table <- matrix(as.double(counts), size[1], dimnames = setNames(lapply(unname(factors), levels), titles))
  notes <- unlist(Map(function(f, title) look_alikes(levels(f), title), factors, titles), use.names = FALSE)
  if (any(weightless)) {
    notes <- c(notes, paste0(sum(weightless), " row", if (sum(weightless) > 1) "s", " of weight 0 left out"))
  }
  list(table = table, rows_dropped = rows_dropped %||% integer(), notes = notes)
}

check_row_counts <- function(x, n, arg, call) {
  check_vector(x, arg, call)
  if (length(x) != n) {
    abort_rule("length", paste0("`", arg, "` must have ", n, " value", if (n != 1) "s", " like the rows, not ",
      length(x), "."
    ), arg = arg, call = call)
  }
  # A missing count is a missing value of its row: `na.action` decides.
  missing <- is.na(x)
  if (is.numeric(x) || all(missing)) x <- as_plain(x)
  check_counts(if (all(missing)) numeric(n) else replace(x, missing, 0), arg, call)
  as.double(x)
}

max_count <- 2^53

# One count or a matrix of them. Unlike a patient's missing value a missing count cannot be left out: NA is refused.
check_counts <- function(x, arg, call) {
  if (!is.numeric(x) || inherits(x, c("Date", "POSIXt", "difftime", "integer64", "Surv"))) {
    found <- if (is.object(x) && !is.table(x)) class(x)[1] else if (is.factor(x)) "factor" else typeof(x)
    abort_rule("type", paste0("counts must be numeric: `", arg, "` is ", found, "."), arg = arg, call = call)
  }
  n_row <- nrow(x)
  x <- as.double(x)
  if (!anyNA(x) && all(x >= 0 & x <= max_count & x == floor(x))) return(invisible(x))
  refuse <- function(bad, rule, text) {
    bad <- which(bad)
    if (length(bad)) {
      row <- if (!is.null(n_row)) (bad - 1) %% n_row + 1
      rows <- row %||% if (length(x) > 1) bad
      abort_rule(rule, paste0(text, ": `", arg, "` has ", format_plain(x[bad[1]]),
        if (!is.null(row)) {
          paste0(" in row ", row[1], ", column ", (bad[1] - 1) %/% n_row + 1)
        } else if (length(x) > 1) {
          paste0(" in row ", bad[1])
        },
        if (length(bad) > 1) paste0(" (and ", length(bad) - 1, " more)"), "."
      ), arg = arg, rows = rows, call = call)
    }
  }
  refuse(is.na(x), "missing", "counts must not be missing")
  refuse(is.infinite(x), "count", "counts must be finite")
  refuse(x < 0, "count", "counts must be >= 0")
  refuse(x != floor(x), "count", "counts must be whole numbers")
  refuse(x > max_count, "count", "counts must be at most 2^53")
  invisible(x)
}

label_table <- function(table) {
  if (is.null(dimnames(table)) && length(table) == 4 && nrow(table) == 2) { # most are; a small test should not wait
    dimnames(table) <- bare_labels
    return(table)
  }
  labels <- dimnames(table) %||% list(NULL, NULL)
  titles <- names(labels)
  for (i in 1:2) {
    what <- c("row", "column")[i]
    own <- labels[[i]]
    bare <- if (is.null(own)) seq_len(dim(table)[i]) else which(is.na(own) | own == "")
    if (length(bare)) own[bare] <- paste(what, bare)
    labels[[i]] <- own
  }
  names(labels) <- titles
  dimnames(table) <- labels
  table
}

bare_labels <- list(c("row 1", "row 2"), c("column 1", "column 2"))

empty_margins <- function(table) {
  one <- function(empty, what, labels) {
    if (!any(empty)) return(NULL)
    own <- labels[empty] != paste(what, which(empty))
    paste0(what, if (sum(empty) > 1) "s", " ", paste(which(empty), collapse = ", "),
      if (any(own)) paste0(" (", quoted(labels[empty]), ")"), if (sum(empty) > 1) " are" else " is", " empty")
  }
  c(one(rowSums(table) == 0, "row", rownames(table)), one(colSums(table) == 0, "column", colnames(table)))
}
