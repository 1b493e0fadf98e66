# Groups as codes and labels: how the columns of a grouping become what survfit would name them.

max_groups <- 1000L

# Groups as 0-based codes. Names are spelled as survival::survfit() spells its strata, padding
# included, so that its methods and those of other packages find what they expect.
code_groups <- function(columns, call) {
  if (!length(columns)) return(NULL)
  notes <- NULL
  plain <- if (length(columns) == 1) plain_groups_cpp(columns[[1]], names(columns), max_groups)
  if (!is.null(plain)) return(with_label_notes(plain))
  factors <- Map(function(x, name) as_group(x, name, call), columns, names(columns))
  for (name in names(factors)) notes <- c(notes, look_alikes(levels(factors[[name]]), name))
  if (length(factors) > 1) {
    combined <- combine_codes(factors)
    labels <- do.call(paste, c(unname(combined$labels), sep = ", "))
    check_distinct(labels, paste(names(columns), collapse = ", "), call)
    padded <- lapply(factors[-1], function(f) format(levels(f))[as.integer(f)[combined$example]])
    spelled <- c(combined$labels[1], padded)
    names <- do.call(paste, c(unname(Map(function(p, name) paste0(name, "=", p), spelled, names(factors))), sep = ", "))
    code <- combined$code - 1L
  } else {
    labels <- levels(factors[[1]])
    names <- paste0(names(factors), "=", labels)
    code <- as.integer(factors[[1]]) - 1L
  }
  check_group_number(length(labels), paste(names(columns), collapse = ", "), names(columns)[1], call)
  list(
    group = code, group_names = names, group_labels = labels, group_title = paste(names(columns), collapse = ", "),
    notes = notes
  )
}

check_group_number <- function(n, title, arg, call) {
  if (n <= max_groups) return(invisible(n))
  abort_rule("group",
    paste0("`", title, "` has ", n, " groups; the limit is ", max_groups, "."),
    "A column of identifiers is not a grouping.",
    arg = arg, call = call
  )
}

# Before rows are taken, which strips an integer64 of its class where its package is not loaded.
check_group_type <- function(x, name, call) {
  if (inherits(x, "integer64") || is.raw(x)) {
    abort_rule("type", paste0(
      "`", name, "` is ", if (is.raw(x)) "raw" else "integer64", "; labels must be text, numbers or a factor."
    ), "Convert it with `as.character()`.", arg = name, call = call)
  }
  if (is.factor(x)) check_factor(x, name, call)
}

as_group <- function(x, name, call) {
  refuse_twins <- function(labels) {
    twice <- unique(labels[duplicated(labels)])
    if (length(twice)) {
      abort_rule("group", paste0("`", name, "` has different values that all print as ", quoted(twice), "."),
        "Round the values, or make a factor of them.",
        arg = name, call = call
      )
    }
  }
  check_group_type(x, name, call)
  if (is.numeric(x) && !is.factor(x)) {
    values <- sort(unique(x))
    labels <- number_labels(values)
    refuse_twins(labels)
    return(factor(x, levels = values, labels = labels))
  }
  if (any(Encoding(if (is.factor(x)) levels(x) else if (is.character(x)) unique(x) else "") == "bytes")) {
    abort_rule("group", paste0("`", name, "` has text in the encoding \"bytes\", which has no characters."),
      "Declare the encoding with `iconv()`.",
      arg = name, call = call
    )
  }
  if (is.character(x)) x <- enc2utf8(x)
  if (is.factor(x)) levels(x) <- enc2utf8(levels(x))
  if (!is.factor(x)) {
    # Sorted by code point: the order of groups must not depend on the session's locale.
    if (is.character(x)) return(factor(x, levels = sort(unique(x), method = "radix")))
    values <- sort(unique(x))
    labels <- as.character(values)
    refuse_twins(labels)
    # By position: factor() compares the text of a date with the date, and finds nothing.
    return(factor(match(x, values), seq_along(values), labels))
  }
  droplevels(x)
}

# A factor made by hand, or read from a damaged file, may have codes without a level.
check_factor <- function(x, name, call) {
  if (all_levels_cpp(x, length(levels(x)))) return(invisible(x))
  codes <- unclass(x)
  bad <- which(!is.na(codes) & !(codes >= 1 & codes <= length(levels(x))))
  if (length(bad)) {
    abort_rule("type", paste0("`", name, "` is a malformed factor: no level for its code in ", at_rows(bad), "."),
      arg = name, rows = bad, call = call
    )
  }
  invisible(x)
}

# as.character() for numbers, but deaf to options(scipen): a label must not depend on the session.
number_labels <- function(x) {
  if (is.integer(x)) return(sprintf("%d", x))
  # Too many to be groups: they will be refused, and need not be spelled well.
  if (length(x) > max_groups) return(as.character(x))
  vapply(x, format, "", digits = 15, scientific = 0, decimal.mark = ".", trim = TRUE)
}

# Labels that a reader would take for the same: equal but for case, blanks, accents or their encoding.
look_alikes <- function(labels, name) {
  if (clearly_different_cpp(labels)) return(character())
  fold <- gsub("[\u0300-\u036f]", "", labels, perl = TRUE)
  fold <- chartr(
    paste0(
      "\u00e0\u00e1\u00e2\u00e3\u00e4\u00e5\u00e7\u00e8\u00e9\u00ea\u00eb\u00ec\u00ed\u00ee\u00ef",
      "\u00f1\u00f2\u00f3\u00f4\u00f5\u00f6\u00f9\u00fa\u00fb\u00fc"
    ),
    "aaaaaaceeeeiiiinooooouuuu", tolower(fold)
  )
  fold <- gsub("[[:space:]\u00a0]+", "", fold, perl = TRUE)
  same <- unique(fold[duplicated(fold)])
  vapply(same, function(f) {
    paste0("labels of `", name, "` look alike but are kept apart: ", quoted(labels[fold == f]))
  }, "", USE.NAMES = FALSE)
}

# Several factors as one: codes of the combinations that occur, in the order of the first factor, then the second, and
# so on; and of each combination the labels it has in each factor.
combine_codes <- function(factors) {
  code <- as.integer(factors[[1]])
  for (f in factors[-1]) {
    # Numbers that a double holds, however many combinations there could be.
    code <- (match(code, sort(unique(code))) - 1) * nlevels(f) + as.integer(f)
  }
  present <- sort(unique(code))
  example <- match(present, code)
  list(code = match(code, present), labels = lapply(factors, function(f) as.character(f)[example]), example = example)
}

# Labels of combinations can print alike although their parts differ: "x, y" and "z", "x" and "y, z".
check_distinct <- function(labels, name, call) {
  twice <- unique(labels[duplicated(labels)])
  if (length(twice)) {
    abort_rule("group", paste0("`", name, "` has different combinations that all print as ", quoted(twice), "."),
      "Relabel one of the columns.",
      arg = name, call = call
    )
  }
}
