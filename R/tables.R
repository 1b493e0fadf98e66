# Tables as objects. A cryonodes_table is a list:
#   kind      "characteristics", "rates", "compare", "complications", "proportions" or "text"
#   numbers   tidy data frame, unrounded
#   caption   one string
#   header    data frame: text, mark; one row per column
#   rows      data frame: kind ("block" for a heading over the rows that follow, or "row"), indent
#   cells     character matrix, one row per row of `rows`; marks: the footnote marks beside the cells, or ""
#   notes     data frame: mark ("" for a general note), text
#   wrap      of tables of text: the share of the width that each column has; NULL: columns as wide as their numbers
#   meta      list(format)
# Everything is text by then: the writers in tables_print.R do no arithmetic.

new_table <- function(kind, numbers, caption, header, body, notes, ...) {
  structure(
    list(
      kind = kind, numbers = numbers, caption = caption, header = header,
      rows = data.frame(kind = body$kind, indent = body$indent, stringsAsFactors = FALSE),
      cells = body$cells, marks = body$marks, notes = notes, ..., meta = list(format = result_format)
    ),
    class = "cryonodes_table"
  )
}

table_fields <- c("kind", "numbers", "caption", "header", "rows", "cells", "marks", "notes")

# A data frame of text as a table: what is said of endpoints, checks, the checklist. Columns wrap.
text_table <- function(data, caption, header, wrap, notes = character()) {
  cells <- vapply(data, as.character, rep("", nrow(data))) |> matrix(nrow(data))
  cells[is.na(cells)] <- ""
  rows <- lapply(seq_len(nrow(cells)), function(i) table_row(cells[i, 1], lapply(cells[i, -1], cell)))
  head <- data.frame(text = header, mark = "", stringsAsFactors = FALSE)
  new_table("text", data, caption, head, bind_rows_of_table(rows), footnotes()$all(notes), wrap = wrap)
}

check_table <- function(x, call) check_result(x, "cryonodes_table", table_fields, call)

em_dash <- "\u2014"
en_dash <- "\u2013"
plus_minus <- "\u00b1"
dagger <- "\u2020"

# A cell is its text and the mark of its footnote.
cell <- function(text, mark = "") list(text = text, mark = mark)

# One row of a table: a label and its cells.
table_row <- function(label, cells, kind = "row", indent = 0L, mark = "") {
  list(
    kind = kind, indent = indent, text = c(label, vapply(cells, `[[`, "", "text")),
    mark = c(mark, vapply(cells, `[[`, "", "mark"))
  )
}

block_row <- function(label, n_columns, cells = rep(list(cell("")), n_columns), mark = "") {
  table_row(label, cells, "block", mark = mark)
}

bind_rows_of_table <- function(rows) {
  matrix_of <- function(field) do.call(rbind, lapply(rows, `[[`, field))
  list(
    kind = vapply(rows, `[[`, "", "kind"), indent = vapply(rows, `[[`, 0L, "indent"), cells = matrix_of("text"),
    marks = matrix_of("mark")
  )
}

# Numbers the footnotes in the order of their first use; the same reason has the same number.
footnotes <- function() {
  texts <- character()
  list(
    mark = function(text) {
      if (is.na(text) || !nzchar(text)) return("")
      if (!text %in% texts) texts <<- c(texts, text)
      as.character(match(text, texts))
    },
    all = function(general = character()) {
      data.frame(
        mark = c(rep("", length(general)), as.character(seq_along(texts))), text = c(general, texts),
        stringsAsFactors = FALSE
      )
    }
  )
}

join_caption <- function(caption, statement) {
  if (is.null(caption)) return(statement)
  paste0(sub("[.[:space:]]+$", "", caption), ". ", statement)
}

check_text <- function(x, arg, call, null = TRUE) {
  if (is.null(x) && null) return(NULL)
  if (!is.character(x) || length(x) != 1 || is.na(x)) {
    abort_rule("type", paste0("`", arg, "` must be one string", if (null) " or NULL", ", not ", one_line(x), "."),
      arg = arg, call = call
    )
  }
  x
}

check_decimals <- function(x, arg, call, most = 1) {
  if (!is_number(x) || !length(x) || length(x) > most || anyNA(x) || any(x < 0 | x > 15 | x != round(x))) {
    abort_rule("type", paste0(
      "`", arg, "` must be ", if (most == 1) "one whole number" else "whole numbers", " of decimals from 0 to 15, not ",
      one_line(x), "."
    ), arg = arg, call = call)
  }
  x
}

check_data_frame <- function(x, arg, call) {
  if (!is.data.frame(x)) {
    abort_rule("type", paste0("`", arg, "` must be a data frame, not ", class(x)[1], "."), arg = arg, call = call)
  }
  if (!nrow(x)) abort_rule("empty", paste0("`", arg, "` has no rows."), arg = arg, call = call)
  check_names_once(x, arg, call)
  x
}

# Of two columns with one name only the first would be read.
check_names_once <- function(x, arg, call) {
  twice <- unique(names(x)[duplicated(names(x))])
  if (length(twice)) {
    abort_rule("column", paste0("`", arg, "` has several columns called ", quoted(twice), "."), arg = arg, call = call)
  }
}

check_column_names <- function(x, data, arg, call, most = Inf) {
  if (is.null(x)) return(NULL)
  if (!is.character(x) || !length(x) || length(x) > most || anyNA(x) || any(!nzchar(x))) {
    abort_rule("type", paste0(
      "`", arg, "` must be ", if (most == 1) "the name of a column" else "names of columns", ", not ", one_line(x), "."
    ), arg = arg, call = call)
  }
  for (name in x) check_columns(as.name(name), data, emptyenv(), call)
  unique(unname(x))
}

#' Characteristics of a cohort
#'
#' Describes patients, sessions or lesions: counts with percentages for categories, mean with standard
#' deviation and median with quartiles and range for numbers, for all units and by group. What is
#' counted, and how many of them, stands in the caption: one table never mixes units.
#'
#' @param data Data frame with one row per session (or per patient, or per lesion). Or a [cohort()]: then `unit` chooses
#'   the rows (`"patient"` where nothing is said), ages and numbers of sessions and lesions are counted, and labels are
#'   those of the columns or of the schema.
#' @param variables Names of the columns to describe, in order; `NULL` takes all but `by`, `id` and `weights`.
#'   Numeric columns are summarised as numbers (make a factor of a numeric code); factor, character and
#'   logical columns as categories. A factor keeps the order of its levels and shows those that do not occur.
#' @param by Name of the column that forms the groups, or `NULL`.
#' @param unit What is counted: `"patient"`, `"session"` or `"lesion"`. `NULL` counts the rows and calls them rows.
#'   `"patient"` needs `id` and keeps one row a patient. `"lesion"` with `weights` counts each row as often as it
#'   has lesions; without `weights` a row is taken for one lesion.
#' @param id Name of the column that identifies the patient. With other units it serves to say how many
#'   patients they come from.
#' @param weights Name of a column of whole numbers, e.g. lesions per session; for `unit = "lesion"` only.
#' @param pick `"unique"` (default) refuses, for `unit = "patient"`, a column whose value changes within a patient;
#'   `"first"` takes the first row of each patient and says so beneath the table.
#' @param labels Named character vector: names are columns, values what to print for them.
#' @param digits Decimals of means, standard deviations and quantiles. One number, or a named vector with a number for
#'   some columns and an unnamed one for the rest.
#' @param digits.percent Decimals of percentages.
#' @param overall Heading of the column of all units; `NULL` leaves the column out (when there is `by`).
#' @param missing Label of the row that counts missing values, shown for each variable that has some.
#' @param caption Put before the statement of the unit and its number.
#' @return A `cryonodes_table`; see [print.cryonodes_table()] for its forms. `as.data.frame()` gives the numbers, one
#'   row per variable, level and group: `variable`, `level` (`NA` for numbers), `group`, `total` (units in the
#'   group), `n` (units at this level; known values of a number), `percent`, `mean`, `sd`, `median`,
#'   `q1`, `q3`, `min`, `max`, `missing` (units without a value).
#' @section Definition:
#' Percentages are of the units whose value is known. The standard deviation has divisor n - 1. Quartiles
#' interpolate between order statistics at position 1 + (n - 1) p, R's [stats::quantile()] type 7;
#' the IQR is printed as the two quartiles. Printed decimals are rounded half up; quantiles lose a
#' fraction that is all zeros.
#' @section Edge cases:
#' One value has no standard deviation and no value has no mean: the cell is a dash with a
#' footnote. A missing group is refused, not dropped; of a cohort, who has no group is in the column of all only, and
#' beneath the table it says how many they are.
#' @section Errors:
#' `cryonodes_error_column` (no such column), `_group` (a value changes within a patient; the heading
#' `overall` is also a group), `_missing` (in `by` or `id`), `_weights`, `_type`, `_choice`, `_empty`.
#' @seealso [table_rates()]
#' @examples
#' sessions <- data.frame(
#'   patient = c(1, 1, 2, 3, 4), sex = c("F", "F", "M", "F", "M"), size = c(12, 15, 9, 22, NA),
#'   nodes = c(1, 3, 2, 1, 1), group = c("regional", "regional", "distant", "regional", "distant")
#' )
#' table_characteristics(sessions, c("sex", "size"), by = "group", unit = "session", id = "patient",
#'   labels = c(sex = "Sex", size = "Long axis, mm"))
#' table_characteristics(sessions, "sex", unit = "patient", id = "patient")
#' table_characteristics(sessions, "size", unit = "lesion", weights = "nodes")
#'
#' table_characteristics(ablation_cohort, by = "group")
#' table_characteristics(ablation_cohort, c("location", "long_axis_mm"), unit = "lesion")
#' @export
table_characteristics <- function(data, variables = NULL, by = NULL, unit = NULL, id = NULL, weights = NULL,
                                  pick = "unique", labels = NULL, digits = 1, digits.percent = 1,
                                  overall = "All", missing = "Missing", caption = NULL) {
  call <- quote(table_characteristics())
  # `missing` is an argument here.
  check_given(base::missing(data), "data", call)
  of_cohort <- inherits(data, "cohort")
  if (inherits(data, "cohort")) {
    described <- described_units(data, unit %||% "patient", by, call)
    unit <- unit %||% "patient"
    labels <- c(labels, described$labels[setdiff(names(described$labels), names(labels))])
    variables <- variables %||% setdiff(described$variables, by)
    data <- described$data
    id <- "patient"
  }
  check_data_frame(data, "data", call)
  by <- check_column_names(by, data, "by", call, most = 1)
  id <- check_column_names(id, data, "id", call, most = 1)
  weights <- check_column_names(weights, data, "weights", call, most = 1)
  variables <- check_column_names(variables %||% setdiff(names(data), c(by, id, weights)), data, "variables", call)
  if (!is.null(unit)) check_choice(unit, c("patient", "session", "lesion"), "unit", call)
  check_choice(pick, c("unique", "first"), "pick", call)
  check_decimals(digits, "digits", call, most = Inf)
  check_decimals(digits.percent, "digits.percent", call)
  check_text(overall, "overall", call)
  check_text(missing, "missing", call, null = FALSE)
  check_text(caption, "caption", call)
  labels <- check_labels(labels, data, call)

  values <- setNames(lapply(variables, function(name) read_variable(data[[name]], name, call)), variables)
  group <- if (!is.null(by)) read_groups(data[[by]], by, overall, call, refuse = !of_cohort)
  counted <- counted_rows(data, c(variables, by), unit, id, weights, pick, call)
  values <- lapply(values, function(v) v[counted$rows])
  group <- group[counted$rows]

  whole <- if (is.null(group) || !is.null(overall)) list(rep(TRUE, length(counted$rows)))
  columns <- setNames(
    c(whole, lapply(levels(group), function(level) group %in% level)),
    c(if (!is.null(whole)) overall %||% "All", levels(group))
  )
  counted$notes <- c(counted$notes, without_group(sum(is.na(group)), unit %||% "row", by, overall))
  numbers <- do.call(rbind, lapply(variables, function(name) {
    # Without names: do.call() would make symbols of the labels, in the encoding of the session.
    parts <- Map(function(rows, g) summarise_variable(values[[name]][rows], name, g), columns, names(columns))
    do.call(rbind, unname(parts))
  }))
  rownames(numbers) <- NULL
  lay_out_characteristics(
    numbers, columns, labels, digits_of(digits, variables), digits.percent, missing,
    join_caption(caption, counted$statement), counted$notes
  )
}

check_labels <- function(labels, data, call) {
  if (is.null(labels)) return(character())
  if (!is.character(labels) || is.null(names(labels)) || anyNA(labels) || any(!nzchar(names(labels)))) {
    abort_rule("type", "`labels` must be a named character vector: names are columns, values their labels.",
      arg = "labels", call = call
    )
  }
  for (name in names(labels)) check_columns(as.name(name), data, emptyenv(), call)
  labels
}

digits_of <- function(digits, variables) {
  named <- names(digits) %||% rep("", length(digits))
  default <- c(digits[!nzchar(named)], 1)[[1]]
  setNames(ifelse(variables %in% named, digits[match(variables, named)], default), variables)
}

# A column as numbers or as a factor; nothing else is described.
read_variable <- function(x, name, call) {
  if (inherits(x, c("Date", "POSIXt", "integer64")) || is.complex(x) || is.raw(x)) {
    abort_rule("type", paste0("`", name, "` is ", class(x)[1], "; only numbers and categories are described."),
      arg = name, call = call
    )
  }
  check_vector(x, name, call)
  if (is.factor(x)) {
    check_factor(x, name, call)
    return(factor(as.character(x), levels = setdiff(enc2utf8(levels(x)), NA)))
  }
  if (is.character(x)) return(as_group(x, name, call))
  if (is.logical(x)) return(factor(x, levels = c(FALSE, TRUE)))
  if (inherits(x, "difftime")) x <- unclass(x)
  x <- as.double(x)
  bad <- which(is.infinite(x))
  if (length(bad)) {
    abort_rule("type", paste0("`", name, "` must be finite, not ", x[bad[1]], " in ", at_rows(bad), "."),
      arg = name, rows = bad, call = call
    )
  }
  x
}

# Records of a clinic may lack a group: then such rows are in the column of all only. Where nobody has one, there is
# nothing to compare.
read_groups <- function(x, name, overall, call, refuse = TRUE) {
  check_vector(x, name, call)
  if (refuse || all(is.na(x))) {
    check_complete(x, name, "Give such rows a group of their own, or leave them out before.", call)
  }
  group <- as_group(x, name, call)
  if (nlevels(group) > max_groups) {
    abort_rule("group", paste0("`", name, "` has ", nlevels(group), " groups; the limit is ", max_groups, "."),
      arg = name, call = call
    )
  }
  if (!is.null(overall) && overall %in% levels(group)) {
    abort_rule("group", paste0("`overall` = ", quoted(overall), " is also a group of `", name, "`."),
      "Choose another heading with `overall = `.",
      arg = "overall", call = call
    )
  }
  group
}

check_complete <- function(x, name, hint, call) {
  rows <- which(is.na(x))
  if (length(rows)) {
    abort_rule("missing", paste0(
      "`", name, "` has ", length(rows), " missing value", if (length(rows) > 1) "s", " (", at_rows(rows), ")."
    ), hint, arg = name, rows = rows, call = call)
  }
}

max_units <- 1e7

# Which rows of the data are counted, a row of several lesions as often as it has lesions.
counted_rows <- function(data, columns, unit, id, weights, pick, call) {
  rows <- seq_len(nrow(data))
  notes <- character()
  if (!is.null(weights) && !identical(unit, "lesion")) {
    abort_rule("choice", "`weights` is used with `unit = \"lesion\"` only.", arg = "weights", call = call)
  }
  if (identical(unit, "patient") && is.null(id)) {
    abort_rule("choice", "`unit = \"patient\"` needs `id`, the column that identifies the patient.",
      arg = "id", call = call
    )
  }
  if (!is.null(id)) {
    check_vector(data[[id]], id, call)
    check_complete(data[[id]], id, "Every row must belong to a patient.", call)
  }
  n_patients <- if (!is.null(id)) length(unique(data[[id]]))
  if (identical(unit, "patient")) {
    changing <- columns_changing(data, columns, id, pick, call)
    rows <- which(!duplicated(data[[id]]))
    if (length(changing)) {
      notes <- paste0(
        "First row of each patient, where rows of a patient differ: ",
        paste0("`", changing, "`", collapse = ", ")
      )
    }
  }
  if (!is.null(weights)) {
    count <- check_lesions(data[[weights]], weights, call)
    rows <- rep(rows, count)
    notes <- paste0("Each row counts as often as `", weights, "` says")
  }
  name <- c(patient = "Patients", session = "Sessions", lesion = "Lesions")[unit %||% NA_character_]
  of <- c(
    if (!is.null(weights)) paste(nrow(data), "rows"),
    if (!is.null(n_patients) && !identical(unit, "patient")) paste0(n_patients, " patient", if (n_patients != 1) "s")
  )
  statement <- paste0(
    if (is.na(name)) "Rows" else name, ", n = ", length(rows),
    if (length(of)) paste0(" (", paste(of, collapse = ", "), ")")
  )
  list(rows = rows, statement = statement, notes = notes)
}

check_lesions <- function(x, name, call) {
  check_vector(x, name, call)
  bad <- if (is_number(x)) which(is.na(x) | x < 0 | x != round(x)) else seq_along(x)
  if (length(bad)) {
    abort_rule("weights", paste0(
      "`", name, "` must be a whole number >= 0, not ", one_line(x[bad[1]]), " in ", at_rows(bad), "."
    ), arg = name, rows = bad, call = call)
  }
  if (sum(as.double(x)) > max_units || sum(x) == 0) {
    abort_rule("weights", paste0(
      "the sum of `", name, "` must be from 1 to ",
        format(max_units, big.mark = ",", decimal.mark = ".", scientific = FALSE),
      ", not ", number_text(sum(as.double(x))), "."
    ), arg = name, call = call)
  }
  as.integer(x)
}

columns_changing <- function(data, columns, id, pick, call) {
  first <- match(data[[id]], data[[id]])
  changing <- character()
  for (name in columns) {
    code <- match(data[[name]], data[[name]])
    differs <- which(code != code[first])
    if (!length(differs)) next
    if (pick == "unique") {
      abort_rule("group", paste0(
        "`", name, "` is not one value per patient: it changes within `", id, "` ", one_line(data[[id]][differs[1]]),
        " in ", at_rows(differs), "."
      ), "Say `pick = \"first\"` to take each patient's first row, or describe another unit.",
      arg = name, rows = differs, call = call
      )
    }
    changing <- c(changing, name)
  }
  changing
}

summarise_variable <- function(x, name, group) {
  total <- length(x)
  absent <- sum(is.na(x))
  known <- x[!is.na(x)]
  row <- data.frame(
    variable = name, level = NA_character_, group = group, total = total, n = length(known), percent = NA_real_,
    mean = NA_real_, sd = NA_real_, median = NA_real_, q1 = NA_real_, q3 = NA_real_, min = NA_real_, max = NA_real_,
    missing = absent, stringsAsFactors = FALSE
  )
  if (is.factor(x)) {
    count <- tabulate(known, nlevels(x))
    row <- row[rep(1, max(1, nlevels(x))), ]
    if (nlevels(x)) {
      row$level <- levels(x)
      row$n <- count
      row$percent <- if (length(known)) 100 * count / length(known) else NA_real_
    } else {
      # No level at all: every value is missing, and the variable still has its row.
      row$level <- ""
    }
    rownames(row) <- NULL
    return(row)
  }
  if (length(known)) {
    quartiles <- stats::quantile(known, c(0.25, 0.5, 0.75), type = 7, names = FALSE)
    row[c("mean", "sd", "q1", "median", "q3", "min", "max")] <-
      list(mean(known), stats::sd(known), quartiles[1], quartiles[2], quartiles[3], min(known), max(known))
  }
  row
}

lay_out_characteristics <- function(numbers, columns, labels, digits, digits.percent, missing, caption, notes) {
  book <- footnotes()
  groups <- names(columns)
  total <- vapply(columns, sum, 0L)
  rows <- list()
  for (name in unique(numbers$variable)) {
    part <- numbers[numbers$variable == name, ]
    of_group <- function(p) lapply(groups, function(g) p[p$group == g, ])
    label <- if (name %in% names(labels)) labels[[name]] else name
    if (all(is.na(part$level))) {
      rows <- c(rows, list(
        block_row(label, length(groups)),
        table_row(
          paste("Mean", plus_minus, "SD"), lapply(of_group(part), cell_mean, digits[[name]], book), indent = 1L
        ),
        table_row("Median [IQR; range]", lapply(of_group(part), cell_median, digits[[name]], book), indent = 1L)
      ))
    } else {
      rows <- c(rows, list(block_row(paste0(label, ", n (%)"), length(groups))))
      for (level in setdiff(unique(part$level), if (!any(part$n)) "")) {
        here <- of_group(part[part$level == level, ])
        shown <- if (nzchar(level)) level else "(empty text)"
        rows <- c(rows, list(table_row(shown, lapply(here, cell_count, digits.percent, book), indent = 1L)))
      }
    }
    absent <- part$missing[match(groups, part$group)]
    if (any(absent > 0)) {
      rows <- c(rows, list(table_row(missing, lapply(as.character(absent), cell), indent = 1L)))
    }
  }
  general <- c(
    notes,
    if (any(is.na(numbers$level))) "IQR: quartiles by linear interpolation between order statistics (quantile type 7)",
    if (any(!is.na(numbers$level) & numbers$missing > 0)) "Percentages are of the known values"
  )
  header <- data.frame(text = c("", paste0(groups, ", n = ", total)), mark = "", stringsAsFactors = FALSE)
  new_table("characteristics", numbers, caption, header, bind_rows_of_table(rows), book$all(general))
}

no_value <- "no known value"

cell_count <- function(row, digits, book) {
  if (is.na(row$percent)) return(cell(em_dash, book$mark(no_value)))
  cell(paste0(row$n, " (", table_number(row$percent, digits), "%)"))
}

cell_mean <- function(row, digits, book) {
  if (is.na(row$mean)) return(cell(em_dash, book$mark(no_value)))
  if (is.na(row$sd)) {
    return(cell(
      paste(table_number(row$mean, digits), plus_minus, em_dash), book$mark("one value: no standard deviation")
    ))
  }
  cell(paste(table_number(row$mean, digits), plus_minus, table_number(row$sd, digits)))
}

cell_median <- function(row, digits, book) {
  if (is.na(row$median)) return(cell(em_dash, book$mark(no_value)))
  number <- function(x) in_mark(sub("\\.0+$", "", format_fixed(x, digits)))
  # A dash beside a minus sign would be misread.
  to <- if (row$min < 0) " to " else en_dash
  cell(paste0(
    number(row$median), " [", number(row$q1), to, number(row$q3), "; ", number(row$min), to, number(row$max), "]"
  ))
}
