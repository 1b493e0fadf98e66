# What a test of counts is given becomes a list: table (labelled, at least 2 x 2, of doubles), rows_dropped (numbers of
# the pairs left out for missing values), notes, data_name. `expressions`: what the caller wrote for each.
contingency_table <- function(given, expressions, na.action, call) {
  given <- place_arguments(given, call)
  na.action <- check_na_action(na.action, call)
  if (length(given) == 4) {
    data <- table_from_counts(given, call)
    data_name <- paste0("(", paste(expressions, collapse = ", "), ")")
  } else if (is.matrix(given$x) || is.table(given$x)) {
    if (length(given) > 1) {
      abort_rule("type", "`y` is not used with a matrix or table of counts `x`.", arg = "y", call = call)
    }
    data <- table_from_matrix(given$x, "x", call)
    data_name <- unname(expressions)
  } else {
    data <- table_from_labels(given, expressions, na.action, call)
    data_name <- paste(expressions, collapse = " and ")
  }
  c(data, list(data_name = data_name))
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

table_from_labels <- function(given, expressions, na.action, call) {
  if (length(given) < 2) {
    abort_rule("type", paste0(
      "`x` must be a matrix or table of counts, or come with a second factor `y`; it is of class ",
      class(given$x)[1], "."
    ), arg = "x", call = call)
  }
  titles <- ifelse(expressions == make.names(expressions), expressions, names(given))
  for (name in names(given)) check_vector(given[[name]], name, call)
  n <- length(given$x)
  if (length(given$y) != n) {
    abort_rule("length", paste0("`x` and `y` must have the same length, not ", n, " and ", length(given$y), "."),
      arg = "y", call = call
    )
  }
  if (n == 0) {
    abort_rule("empty", "no rows to analyse.", call = call)
  }
  missing_rows <- lapply(given, function(v) which(is.na(if (is.factor(v)) as.character(v) else v)))
  rows_dropped <- sort(unique(unlist(missing_rows)))
  if (length(rows_dropped) && na.action == "error") {
    arg <- names(given)[lengths(missing_rows) > 0][1]
    rows <- missing_rows[[arg]]
    abort_rule("missing", paste0(
      "`", arg, "` has ", length(rows), " missing value", if (length(rows) > 1) "s", " (", at_rows(rows), ")."
    ), "Complete the data, or say `na.action = \"omit\"` to leave such rows out, counted and shown.",
    arg = arg, rows = rows, call = call
    )
  }
  if (length(rows_dropped) == n) {
    abort_rule("empty", "no rows without missing values to analyse.", call = call)
  }
  kept <- setdiff(seq_len(n), rows_dropped)
  factors <- Map(function(v, name) as_group(v[kept], name, call), given, names(given))
  for (i in 1:2) {
    if (nlevels(factors[[i]]) < 2) {
      abort_rule("group", paste0(c("first", "second")[i], " factor has 1 level (", quoted(levels(factors[[i]])), ")."),
        arg = names(given)[i], call = call
      )
    }
  }
  size <- lengths(lapply(factors, levels))
  cell <- as.integer(factors$x) + size[1] * (as.integer(factors$y) - 1)
  table <- matrix(as.double(tabulate(cell, prod(size))), size[1], dimnames = setNames(lapply(factors, levels), titles))
  notes <- unlist(Map(function(f, title) look_alikes(levels(f), title), factors, titles), use.names = FALSE)
  list(table = table, rows_dropped = rows_dropped, notes = notes)
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
  refuse <- function(bad, rule, text) {
    bad <- which(bad)
    if (length(bad)) {
      row <- if (!is.null(n_row)) (bad - 1) %% n_row + 1
      abort_rule(rule, paste0(text, ": `", arg, "` has ", format_plain(x[bad[1]]),
        if (!is.null(row)) paste0(" in row ", row[1], ", column ", (bad[1] - 1) %/% n_row + 1),
        if (length(bad) > 1) paste0(" (and ", length(bad) - 1, " more)"), "."
      ), arg = arg, rows = row, call = call)
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
  labels <- dimnames(table) %||% list(NULL, NULL)
  titles <- names(labels)
  for (i in 1:2) {
    plain <- paste(c("row", "column")[i], seq_len(dim(table)[i]))
    own <- labels[[i]] %||% plain
    labels[[i]] <- ifelse(is.na(own) | own == "", plain, own)
  }
  dimnames(table) <- setNames(labels, titles)
  table
}

empty_margins <- function(table) {
  one <- function(empty, what, labels) {
    if (!any(empty)) return(NULL)
    own <- labels[empty] != paste(what, which(empty))
    paste0(what, if (sum(empty) > 1) "s", " ", paste(which(empty), collapse = ", "),
      if (any(own)) paste0(" (", quoted(labels[empty]), ")"), if (sum(empty) > 1) " are" else " is", " empty")
  }
  c(one(rowSums(table) == 0, "row", rownames(table)), one(colSums(table) == 0, "column", colnames(table)))
}
