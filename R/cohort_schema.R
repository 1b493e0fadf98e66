# What a cohort may hold is written in inst/rules, not in code: tables.csv, columns.csv (types, units, allowed values),
# checks.csv and grades.csv. The reader, the checks, the help page and the template workbook read it here.

rules_read <- new.env(parent = emptyenv())

read_rules <- function(name) {
  if (is.null(rules_read[[name]])) {
    path <- system.file("rules", paste0(name, ".csv"), package = "cryonodes", mustWork = TRUE)
    rules_read[[name]] <- utils::read.csv(path, colClasses = "character", na.strings = "", encoding = "UTF-8")
  }
  rules_read[[name]]
}

schema_columns <- function(table) {
  columns <- read_rules("columns")
  columns[columns$table == table, ]
}

schema_key <- function(table) {
  key <- read_rules("tables")
  key <- key$key[key$table == table]
  if (is.na(key)) character() else strsplit(key, " ", fixed = TRUE)[[1]]
}

allowed_values <- function(allowed) if (is.na(allowed)) character() else strsplit(allowed, "|", fixed = TRUE)[[1]]

# A table with all columns of the schema, none of them with a value.
empty_table <- function(table, n = 0) {
  columns <- schema_columns(table)
  blank <- list(
    date = as.Date(NA), number = NA_real_, flag = NA, id = NA_character_, text = NA_character_, choice = NA_character_
  )
  as.data.frame(lapply(stats::setNames(columns$type, columns$column), function(type) rep(blank[[type]], n)))
}

type_words <- c(
  id = "text that names one row", text = "text", choice = "one of the values allowed", date = "date, YYYY-MM-DD",
  number = "number", flag = "yes or no"
)

# The section of cohort()'s help page that lists tables and columns, written from the schema.
schema_rd <- function() {
  plain <- function(x) gsub("([%\\\\{}])", "\\\\\\1", x)
  tables <- read_rules("tables")
  text <- vapply(seq_len(nrow(tables)), function(i) {
    columns <- schema_columns(tables$table[i])
    items <- vapply(seq_len(nrow(columns)), function(j) {
      one <- columns[j, ]
      choices <- gsub("|", ", ", one$allowed, fixed = TRUE)
      what <- c(
        if (one$type == "choice") paste("one of", choices) else type_words[[one$type]],
        if (!is.na(one$unit)) one$unit, if (one$required == "yes") "needed"
      )
      paste0(
        "\\item{\\code{", one$column, "}}{", plain(one$label), " (", plain(paste(what, collapse = "; ")), ").",
        if (!is.na(one$description)) paste0(" ", plain(one$description)), "}"
      )
    }, "")
    paste0(
      "\\strong{", tables$table[i], "}", if (tables$required[i] == "yes") " (needed)", ". ",
      plain(tables$description[i]), "\n\\describe{\n", paste(items, collapse = "\n"), "\n}"
    )
  }, "")
  paste0("@section Tables and columns:\n", paste(text, collapse = "\n\n"))
}

checks_rd <- function() {
  checks <- read_rules("checks")
  paste0(
    "@section Checks:\nErrors stop, warnings travel with the result.\n\\describe{\n", paste0(
      "\\item{\\code{", checks$check, "}}{", ifelse(checks$severity == "warning", "(warning) ", ""), checks$rule, ".}",
      collapse = "\n"
    ), "\n}"
  )
}
