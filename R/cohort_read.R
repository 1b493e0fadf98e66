# Files in and out. Everything is read as text (csv) or as the cells' own types (workbooks) and typed by the schema in
# cohort_columns.R; nothing is deserialised and no cell is evaluated.

#' Read and write the records of a cohort
#'
#' From a folder of csv files, a workbook, or a flat export of REDCap with repeat instruments, and back without loss.
#'
#' @param path A folder of csv files named as the tables (`patients.csv`, `sessions.csv`, ...), a workbook (`.xlsx`)
#'   with sheets named so, one csv file exported from REDCap, or a list of data frames named so.
#' @param format `"csv"`, `"xlsx"` or `"redcap"`; `NULL` (default): a folder is `"csv"`, a file goes by its name, and
#'   one csv file is `"redcap"`.
#' @param delim Character that separates the columns of csv files.
#' @param dec Decimal mark in csv files and text cells, `"."` or `","`.
#' @param encoding Encoding of csv files without byte order mark: a name that [iconv()] knows. A byte order mark (UTF-8,
#'   UTF-16) is heeded and removed.
#' @inheritParams cohort
#' @param x A [cohort()].
#' @param overwrite May files that exist be replaced?
#' @return `read_cohort()`: a [cohort()]. `write_cohort()`: `path`, invisibly.
#' @section Formats: In csv files the first line names the columns, text may be quoted with `"`, a blank cell is a
#'   missing value, and each line has as many cells as the first. In a workbook sheets that are not tables of the schema
#'   (notes, the sheet of explanations) are left aside, and said to be. Dates of a workbook that are stored as dates
#'   need no `date.order`. In the export of REDCap, `record_id` is the patient, `redcap_repeat_instrument` names the
#'   table and is blank for the table of patients, and the field of a column is `<table>_<column>`.
#'
#'   Written text that begins with `=`, `+`, `-`, `@` or an apostrophe gets an apostrophe in front in csv files, so that
#'   a spreadsheet shows it and does not compute it; reading takes it away again.
#' @section Errors: `cryonodes_error_value` (a file that exists or cannot be written), `_csv` (empty file, lines of
#'   another length, wrong separator or encoding, named by line), `_table` (no tables), `_type` (path), `_package`
#'   (readxl, openxlsx), and those of [cohort()].
#' @examples
#' folder <- tempfile()
#' write_cohort(ablation_cohort, folder)
#' list.files(folder)
#' read_cohort(folder)
#' @export
read_cohort <- function(path, format = NULL, delim = ",", dec = ".", encoding = "UTF-8", date.order = NULL,
                        date.origin = NULL, closing = NULL, policy = "error", title = NULL) {
  call <- quote(read_cohort())
  check_given(missing(path), "path", call)
  typed <- if (is.list(path)) {
    type_cohort_list(path, date.order, date.origin, dec, call, "path")
  } else {
    type_cohort_files(path, format, delim, dec, encoding, date.order, date.origin, call = call)
  }
  finish_cohort(typed, closing, policy, title, source = if (is.character(path)) basename(path), call = call)
}

type_cohort_files <- function(path, format = NULL, delim = ",", dec = ".", encoding = "UTF-8", date.order = NULL,
                              date.origin = NULL, call) {
  if (!is.character(path) || length(path) != 1 || is.na(path) || !file.exists(path)) {
    abort_rule("type", paste0("`path` must be a folder or file that exists, not ", one_line(path), "."),
      arg = "path", call = call
    )
  }
  check_text(delim, "delim", call, null = FALSE)
  if (nchar(delim) != 1) abort_rule("type", "`delim` must be one character.", arg = "delim", call = call)
  check_text(encoding, "encoding", call, null = FALSE)
  options <- cohort_options(date.order, date.origin, dec, call)
  format <- cohort_format(path, format, dir.exists(path), call)
  csv <- function(file) read_csv_text(file, delim, encoding, call)
  tables <- switch(format,
    csv = read_csv_folder(path, csv, call),
    xlsx = read_workbook(path, call),
    redcap = split_redcap(csv(path), call)
  )
  type_tables(tables, options, call)
}

cohort_format <- function(path, format, folder, call) {
  if (!is.null(format)) return(check_choice(format, c("csv", "xlsx", "redcap"), "format", call))
  if (folder) return("csv")
  kind <- tolower(sub(".*[.]", "", basename(path)))
  if (kind %in% c("xlsx", "csv")) return(c(xlsx = "xlsx", csv = "redcap")[[kind]])
  if (!grepl(".", basename(path), fixed = TRUE)) return("csv")
  abort_rule("type", paste0("`path` ends in '", kind, "': which format is that?"),
    "A folder of csv files, an .xlsx workbook, or a csv export of REDCap.",
    arg = "path", call = call
  )
}

read_csv_folder <- function(path, csv, call) {
  known <- read_rules("tables")$table
  files <- list.files(path, "[.]csv$", ignore.case = TRUE)
  names <- tolower(sub("[.]csv$", "", files, ignore.case = TRUE))
  if (!any(names %in% known)) {
    abort_rule("table", paste0("the folder has no csv file named as a table: ", quoted(paste0(known, ".csv"), 20), "."),
      arg = "path", call = call
    )
  }
  use <- names %in% known
  lapply(stats::setNames(file.path(path, files[use]), names[use]), csv)
}

# A csv file as text: all columns, all cells. Faults are told with the line.
read_csv_text <- function(file, delim, encoding, call) {
  fault <- function(message, hint = NULL) {
    abort_rule("csv", paste0(quoted(basename(file)), ": ", message), hint, arg = "path", call = call)
  }
  bytes <- readBin(file, "raw", file.size(file))
  starts <- function(...) length(bytes) >= ...length() && all(bytes[seq_len(...length())] == as.raw(c(...)))
  if (starts(0xef, 0xbb, 0xbf)) {
    bytes <- bytes[-(1:3)]
    encoding <- "UTF-8"
  } else if (starts(0xff, 0xfe) || starts(0xfe, 0xff)) {
    encoding <- if (starts(0xff, 0xfe)) "UTF-16LE" else "UTF-16BE"
    bytes <- bytes[-(1:2)]
  }
  if (!length(bytes)) fault("the file is empty.")
  if (encoding %in% c("UTF-8", "UTF8") && any(bytes == 0)) {
    fault("the file holds bytes that are no text.", "If it is UTF-16, say encoding = \"UTF-16LE\".")
  }
  text <- tryCatch(iconv(list(bytes), encoding, "UTF-8"), error = function(e) {
    fault(paste0("the encoding ", quoted(encoding), " is not known here."))
  })
  if (is.na(text)) {
    fault(paste0("the file is not in ", encoding, "."), "Say its encoding, for instance encoding = \"latin1\".")
  }
  if (!grepl("[^ \t\r\n]", text)) fault("the file is empty.")
  text <- gsub("\r\n?", "\n", text)
  records <- csv_records(text, delim, fault)
  header <- trimws(records$cells[[1]])
  if (length(header) == 1) {
    other <- setdiff(c(";", "\t", ",", "|"), delim)
    seen <- other[vapply(other, grepl, TRUE, x = header, fixed = TRUE)]
    if (length(seen)) {
      fault(paste0("the columns are not separated by ", quoted(delim), "."), paste0(
        "It looks like delim = ", encodeString(seen[1], quote = "\""),
        if (seen[1] == ";") " and perhaps dec = \",\"", "."
      ))
    }
  }
  if (any(!nzchar(header))) fault(paste0("column ", which(!nzchar(header))[1], " has no name."))
  cells <- records$cells[-1]
  lines <- records$lines[-1]
  blank <- vapply(cells, function(x) !any(nzchar(trimws(x))), TRUE)
  # Blank lines at the end are no rows; between rows they are, with nothing in them, and the checks say so.
  keep <- seq_len(max(0, which(!blank)))
  lone <- lengths(cells) == 1 & blank
  cells[lone] <- list(rep("", length(header)))
  short <- which(lengths(cells[keep]) != length(header))
  if (length(short)) {
    fault(paste0(
      "line ", lines[short[1]], " has ", lengths(cells)[short[1]], " cells, the first line ", length(header),
      if (length(short) > 1) paste0(" (and ", length(short) - 1, " more such lines)"), "."
    ), "A comma within a text needs quotes around the text.")
  }
  matrix <- matrix(unlist(cells[keep]), ncol = length(header), byrow = TRUE)
  data <- as.data.frame(matrix, stringsAsFactors = FALSE)
  data[] <- lapply(data, function(x) sub("^'(?=[-=+@'])", "", x, perl = TRUE))
  names(data) <- header
  structure(data, lines = lines[keep])
}

# Cells of each record, and the line on which it starts; quotes as in RFC 4180.
csv_records <- function(text, delim, fault) {
  parts <- strsplit(text, "\"", fixed = TRUE)[[1]]
  if (grepl("\"$", text)) parts <- c(parts, "")
  if (length(parts) %% 2 == 0) {
    open <- 1 + nchar(gsub("[^\n]", "", paste(parts[seq_len(length(parts) - 1)], collapse = "")))
    fault(paste0("a quote is not closed; the last one opens on line ", open, "."))
  }
  # Outside of quotes (odd parts) the separators become marks that no text holds; a doubled quote is a quote.
  outside <- seq(1, length(parts), 2)
  inner <- outside[outside > 1 & outside < length(parts)]
  doubled <- inner[!nzchar(parts[inner])]
  parts[outside] <- gsub("\n", "\002", gsub(delim, "\001", parts[outside], fixed = TRUE), fixed = TRUE)
  parts[doubled] <- "\""
  whole <- paste(parts, collapse = "")
  records <- strsplit(whole, "\002", fixed = TRUE)[[1]]
  within <- nchar(gsub("[^\n]", "", records))
  cells <- strsplit(records, "\001", fixed = TRUE)
  # strsplit() drops an empty cell at the end.
  ends <- endsWith(records, "\001")
  cells[ends] <- lapply(cells[ends], c, "")
  cells[!nzchar(records)] <- list("")
  list(cells = cells, lines = cumsum(c(1, utils::head(within, -1) + 1)))
}

read_workbook <- function(path, call) {
  need_package("readxl", "read a workbook", call)
  sheets <- tryCatch(readxl::excel_sheets(path), error = function(e) {
    abort_rule("type", paste0(quoted(basename(path)), " cannot be read as a workbook."), arg = "path", call = call)
  })
  known <- read_rules("tables")$table
  use <- sheets[tolower(sheets) %in% known]
  if (!length(use)) {
    abort_rule("table", paste0("the workbook has no sheet named as a table: ", quoted(known, 20), "."),
      paste0("Its sheets are ", quoted(sheets), "."),
      arg = "path", call = call
    )
  }
  tables <- lapply(stats::setNames(use, tolower(use)), function(sheet) {
    cells <- readxl::read_excel(path, sheet,
      col_types = "list", trim_ws = TRUE, .name_repair = "minimal", progress = FALSE
    )
    data <- as.list(cells)
    n <- nrow(cells)
    blank <- rep(TRUE, n)
    for (column in data) blank <- blank & vapply(column, function(x) length(x) != 1 || is.na(x), TRUE)
    keep <- seq_len(max(0, which(!blank)))
    out <- as.data.frame(matrix(NA, length(keep), 0))
    for (i in seq_along(data)) if (nzchar(names(data)[i]) || any(!blank)) out[[names(data)[i]]] <- data[[i]][keep]
    structure(out, lines = keep + 1L)
  })
  # A table that is not needed and has no rows is not there.
  Filter(function(data) nrow(data) > 0 || ncol(data) > 0, tables)
}

split_redcap <- function(data, call) {
  special <- c("record_id", "redcap_repeat_instrument", "redcap_repeat_instance")
  lost <- setdiff(special, names(data))
  if (length(lost)) {
    abort_rule("column", paste0("an export of REDCap has the column ", quoted(lost), "; this file has not."),
      paste0("There are ", quoted(names(data), 12), "."),
      arg = "path", call = call
    )
  }
  lines <- attr(data, "lines")
  known <- read_rules("tables")$table
  instrument <- data$redcap_repeat_instrument
  instrument[!nzchar(instrument)] <- "patients"
  odd <- which(!instrument %in% known)
  if (length(odd)) {
    abort_rule("table", paste0(
      "line ", lines[odd[1]], ": ", quoted(instrument[odd[1]]), " is no table of the schema."
    ), paste0("The tables are ", quoted(known, 20), "."), arg = "path", call = call)
  }
  tables <- lapply(stats::setNames(nm = unique(instrument)), function(name) {
    rows <- which(instrument == name)
    fields <- names(data)[startsWith(names(data), paste0(name, "_"))]
    columns <- data.frame(matrix(NA, length(rows), 0))
    if ("patient" %in% schema_columns(name)$column) columns$patient <- data$record_id[rows]
    for (field in fields) columns[[substring(field, nchar(name) + 2)]] <- data[[field]][rows]
    structure(columns, lines = lines[rows])
  })
  # Fields of one instrument filled in the rows of another would be lost.
  for (name in names(tables)) {
    fields <- names(data)[startsWith(names(data), paste0(name, "_"))]
    for (field in fields) {
      stray <- which(instrument != name & nzchar(data[[field]]))
      if (length(stray)) {
        abort_rule("table", paste0(
          "line ", lines[stray[1]], ": the field ", quoted(field), " has a value in a row of ",
          instrument[stray[1]], "."
        ), arg = "path", call = call)
      }
    }
  }
  tables
}

#' @rdname read_cohort
#' @export
write_cohort <- function(x, path, format = NULL, overwrite = FALSE) {
  call <- quote(write_cohort())
  check_cohort_object(x, call)
  check_given(missing(path), "path", call)
  check_text(path, "path", call, null = FALSE)
  format <- cohort_format(path, format, folder = dir.exists(path), call)
  check_flag(overwrite, "overwrite", call)
  tables <- Filter(function(data) is.null(attr(data, "derived")), x$tables)
  tables <- lapply(tables, function(data) data[vapply(data, function(v) !all(is.na(v)), TRUE)])
  if (format == "xlsx") need_package("openxlsx", "write a workbook", call)
  if (format == "csv") {
    refuse_stale_tables(path, names(tables), call)
    if (!dir.exists(path)) write_or_abort(dir.create(path, recursive = TRUE), path, "path", call)
  }
  files <- if (format == "csv") file.path(path, paste0(names(tables), ".csv")) else path
  for (file in files) check_new_file(file, "path", overwrite, call)
  write_or_abort(switch(format,
    csv = Map(write_csv_text, tables, files),
    redcap = write_csv_text(join_redcap(tables), path),
    xlsx = write_workbook(tables, path)
  ), path, "path", call)
  invisible(path)
}

# A table in the folder that this cohort has not would be read as one of its own.
refuse_stale_tables <- function(path, written, call) {
  stale <- setdiff(read_rules("tables")$table, written)
  stale <- paste0(stale, ".csv")[file.exists(file.path(path, paste0(stale, ".csv")))]
  if (length(stale)) {
    abort_rule("value", paste0("`path` holds ", quoted(stale), ", of which the cohort has no table."),
      "Remove it, or choose another folder.",
      arg = "path", call = call
    )
  }
}

# Cells as text that reads back as the same value.
cells_as_text <- function(data) {
  data[] <- lapply(data, function(x) {
    text <- if (is.numeric(x) && !inherits(x, "Date")) {
      vapply(x, format, "", digits = 15, trim = TRUE, decimal.mark = ".")
    } else if (is.logical(x)) {
      ifelse(x, "yes", "no")
    } else {
      as.character(x)
    }
    text[is.na(x)] <- ""
    text
  })
  data
}

write_csv_text <- function(data, file) {
  data <- cells_as_text(data)
  data[] <- lapply(data, function(x) sub("^(?=[-=+@'])", "'", enc2utf8(x), perl = TRUE))
  quote_cell <- function(x) {
    ifelse(grepl("[,\"\n\r]|^ | $", x), paste0("\"", gsub("\"", "\"\"", x, fixed = TRUE), "\""), x)
  }
  lines <- c(
    paste(quote_cell(names(data)), collapse = ","),
    do.call(paste, c(unname(lapply(data, quote_cell)), sep = ","))
  )
  connection <- file(file, "wb")
  on.exit(close(connection))
  writeLines(lines, connection, sep = "\n", useBytes = TRUE)
}

join_redcap <- function(tables) {
  blocks <- lapply(names(tables), function(name) {
    data <- cells_as_text(tables[[name]])
    n <- nrow(data)
    patient <- patients_of(tables, name)
    patient[is.na(patient)] <- ""
    # Of a patient once; of another table once for each of the patient's rows.
    instance <- as.character(stats::ave(seq_len(n), patient, FUN = seq_along))
    once <- name == "patients"
    out <- data.frame(
      record_id = patient, redcap_repeat_instrument = rep(if (once) "" else name, n),
      redcap_repeat_instance = if (once) rep("", n) else instance
    )
    for (column in setdiff(names(data), "patient")) out[[paste0(name, "_", column)]] <- data[[column]]
    out
  })
  fields <- unique(unlist(lapply(blocks, names)))
  do.call(rbind, lapply(blocks, function(block) {
    block[setdiff(fields, names(block))] <- ""
    block[fields]
  }))
}

write_workbook <- function(tables, path) {
  book <- openxlsx::createWorkbook()
  for (name in names(tables)) {
    data <- tables[[name]]
    data[] <- lapply(data, function(x) if (is.logical(x)) ifelse(x, "yes", "no") else x)
    openxlsx::addWorksheet(book, name)
    fill_sheet(book, name, data)
  }
  openxlsx::saveWorkbook(book, path, overwrite = TRUE)
}

fill_sheet <- function(book, name, data) {
  bold <- openxlsx::createStyle(textDecoration = "bold", border = "bottom")
  openxlsx::writeData(book, name, data, headerStyle = bold, keepNA = FALSE)
  openxlsx::freezePane(book, name, firstRow = TRUE)
  openxlsx::setColWidths(book, name, seq_along(data), pmax(12, nchar(names(data)) + 3))
}

#' An empty workbook for a cohort
#'
#' Writes the workbook that [read_cohort()] reads: a sheet for each table with its columns, lists to choose from where
#' values are fixed, cells formatted as dates, and a sheet of explanations, all from the schema.
#'
#' @param path File to write, `.xlsx`.
#' @param data A [cohort()] to fill it with, or `NULL`: empty.
#' @param rows How many rows of each sheet are prepared for entry.
#' @param overwrite May a file that exists be replaced?
#' @return `path`, invisibly.
#' @section Errors: `cryonodes_error_type`, `_value` (extension; no directory; the file exists), `_package` (openxlsx),
#'   `cryonodes_error_count` (`rows`).
#' @examplesIf requireNamespace("openxlsx", quietly = TRUE)
#' file <- tempfile(fileext = ".xlsx")
#' cohort_template(file)
#' @export
cohort_template <- function(path, data = NULL, rows = 500, overwrite = FALSE) {
  call <- quote(cohort_template())
  check_given(missing(path), "path", call)
  check_text(path, "path", call, null = FALSE)
  check_flag(overwrite, "overwrite", call)
  if (!is.null(data)) check_cohort_object(data, call)
  if (!is_number(rows) || length(rows) != 1 || is.na(rows) || rows < 1 || rows != round(rows) || rows > 1e5) {
    abort_rule("count", paste0("`rows` must be a whole number from 1 to 100000, not ", one_line(rows), "."),
      arg = "rows", call = call
    )
  }
  if (!grepl("[.]xlsx$", path, ignore.case = TRUE)) {
    abort_rule("value", paste0("`path` must end in .xlsx, not ", one_line(basename(path)), "."),
      arg = "path", call = call
    )
  }
  check_new_file(path, "path", overwrite, call)
  need_package("openxlsx", "write a workbook", call)
  tables <- read_rules("tables")
  book <- openxlsx::createWorkbook()
  day <- openxlsx::createStyle(numFmt = "yyyy-mm-dd")
  text <- openxlsx::createStyle(numFmt = "@")
  for (name in tables$table) {
    columns <- schema_columns(name)
    known <- if (is.null(data) || !is.null(attr(data$tables[[name]], "derived"))) NULL else data$tables[[name]]
    filled <- if (is.null(known)) empty_table(name) else known[columns$column]
    filled[] <- lapply(filled, function(x) if (is.logical(x)) ifelse(x, "yes", "no") else x)
    openxlsx::addWorksheet(book, name)
    fill_sheet(book, name, filled)
    last <- 1 + max(rows, nrow(filled))
    for (i in seq_len(nrow(columns))) {
      cells <- seq(2, last)
      if (columns$type[i] == "date") openxlsx::addStyle(book, name, day, cells, i)
      # As text, so that 007 stays 007.
      if (columns$type[i] %in% c("id", "text")) openxlsx::addStyle(book, name, text, cells, i)
      choices <- allowed_values(columns$allowed[i])
      if (length(choices)) {
        list_of <- paste0("\"", paste(choices, collapse = ","), "\"")
        # openxlsx 4.2.5 formats with an argument too many, and R warns of it.
        suppressWarnings(
          openxlsx::dataValidation(book, name, i, cells, type = "list", value = list_of, allowBlank = TRUE)
        )
      }
    }
  }
  columns <- read_rules("columns")
  explain <- data.frame(
    table = columns$table, column = columns$column, label = columns$label,
    needed = ifelse(columns$required == "yes", "yes", ""), holds = unname(type_words[columns$type]),
    values = ifelse(is.na(columns$allowed), "", gsub("|", ", ", columns$allowed, fixed = TRUE)),
    unit = ifelse(is.na(columns$unit), "", columns$unit),
    note = ifelse(is.na(columns$description), "", columns$description)
  )
  openxlsx::addWorksheet(book, "explanations")
  fill_sheet(book, "explanations", explain)
  write_or_abort(openxlsx::saveWorkbook(book, path, overwrite = TRUE), path, "path", call)
  invisible(path)
}
