same_tables <- function(x, y) {
  expect_setequal(names(x$tables), names(y$tables))
  for (name in names(x$tables)) {
    expect_equal(as.data.frame(x, table = name), as.data.frame(y, table = name), label = name)
  }
}
folder_of <- function(tables, sep = ",", ...) {
  folder <- tempfile()
  dir.create(folder)
  for (name in names(tables)) {
    utils::write.table(tables[[name]], file.path(folder, paste0(name, ".csv")), row.names = FALSE, na = "", sep = sep, ...)
  }
  folder
}
write_bytes <- function(bytes, name = tempfile(fileext = ".csv")) {
  writeBin(bytes, name)
  name
}

test_that("a cohort comes back whole from csv, workbook and REDCap's export", {
  skip_on_cran()
  hostile <- five_patients()
  hostile$patients$primary_tumor <- c("=1+1", "'quoted", "a, \"b\"\nc;\td", " \u00e9l\u00e8ve \u4e2d", "-")
  hostile$complications$description <- c("@SUM(A1)", "+49 | -3")
  odd <- do.call(cohort, hostile)
  for (x in list(five_cohort(), odd, ablation_cohort)) {
    folder <- tempfile()
    write_cohort(x, folder)
    same_tables(x, read_cohort(folder))
    file <- tempfile(fileext = ".csv")
    write_cohort(x, file)
    same_tables(x, read_cohort(file))
    skip_if_not_installed("openxlsx")
    skip_if_not_installed("readxl")
    book <- tempfile(fileext = ".xlsx")
    write_cohort(x, book)
    same_tables(x, read_cohort(book))
  }
})

test_that("a list of data frames named as the tables is a cohort too", {
  tables <- unclass(ablation_cohort)$tables
  expect_identical(unclass(read_cohort(tables))$tables, tables)
  expect_error(read_cohort(tables[c("patients", "lesions", "follow_up")]), "sessions", class = "cryonodes_error")
  expect_error(read_cohort(c(tables, list(scans = data.frame()))), "no table called 'scans'",
    class = "cryonodes_error_table"
  )
  expect_error(read_cohort(unname(tables)), "`path` must be", class = "cryonodes_error_type")
  expect_error(read_cohort(c(tables, tables["lesions"])), class = "cryonodes_error_type")
  expect_error(read_cohort(tables$patients), class = "cryonodes_error_type")
  expect_error(read_cohort(list()), class = "cryonodes_error")
  expect_error(read_cohort(list(patients = 1)), class = "cryonodes_error")
})

test_that("the template filled with a cohort reads back as it, and empty it has every column", {
  skip_on_cran()
  skip_if_not_installed("openxlsx")
  skip_if_not_installed("readxl")
  book <- tempfile(fileext = ".xlsx")
  cohort_template(book, ablation_cohort)
  same_tables(ablation_cohort, read_cohort(book))
  expect_error(cohort_template(book), class = "cryonodes_error_value")
  cohort_template(book, overwrite = TRUE)
  tables <- cryonodes:::read_rules("tables")$table
  expect_equal(readxl::excel_sheets(book), c(tables, "explanations"))
  for (name in tables) {
    expect_equal(names(readxl::read_excel(book, name)), cryonodes:::schema_columns(name)$column)
  }
  expect_setequal(unique(check_cohort(book)$check), "table_missing")
  expect_error(read_cohort(book), class = "cryonodes_error_table")
})

test_that("five broken spreadsheets each give a report that names the rows", {
  found <- function(tables, ...) as.data.frame(check_cohort(folder_of(tables), ...))
  # 1. Dates that a spreadsheet turned into numbers, or into the other order.
  excel <- five_patients()
  excel$sessions$date[c(2, 5)] <- c("44044", "15/01/2020")
  one <- found(excel)
  expect_equal(one$row[one$check == "date_serial"], 3)
  expect_equal(one$row[one$check == "date_order"], 6)
  # 2. Decimal commas.
  comma <- five_patients()
  comma$lesions$long_axis_mm[4] <- "9,5"
  two <- found(comma)
  expect_equal(two[, c("check", "table", "row")], data.frame(check = "value_type", table = "lesions", row = 5L))
  expect_match(two$finding, "dec = \",\"", fixed = TRUE)
  expect_equal(nrow(found(within(comma, lesions$long_axis_mm <- sub("[.]", ",", lesions$long_axis_mm)), dec = ",")), 0)
  # 3. Ids that occur twice.
  twice <- five_patients()
  twice$lesions$lesion[7] <- "D1"
  three <- found(twice)
  expect_equal(three$row[three$check == "key_duplicate"], 8)
  # 4. Follow-up after death.
  dead <- five_patients()
  dead$follow_up$date[8] <- "2021-06-02"
  four <- found(dead)
  expect_equal(four[four$check == "after_death", c("table", "row", "patient")],
    data.frame(table = "follow_up", row = 9L, patient = "B"),
    ignore_attr = TRUE
  )
  # 5. Centimetres for millimetres.
  cm <- five_patients()
  cm$lesions$long_axis_mm <- as.numeric(cm$lesions$long_axis_mm) / 10
  five <- found(cm)
  expect_equal(five$row[five$check == "unit_cm"], 2:8)
  expect_output(print(check_cohort(folder_of(dead))), "follow_up, row 9, `date` (patient B)", fixed = TRUE)
})

test_that("B182: a file with other separators is refused with what to say", {
  folder <- folder_of(five_patients(), sep = ";")
  expect_error(read_cohort(folder), "delim = \";\" and perhaps dec", class = "cryonodes_error_csv")
  same_tables(read_cohort(folder, delim = ";"), five_cohort())
})

test_that("B184: byte order marks and encodings", {
  folder <- folder_of(five_patients())
  same <- function(file, to, mark) {
    text <- paste0(paste(readLines(file), collapse = "\n"), "\n")
    writeBin(c(mark, iconv(text, "UTF-8", to, toRaw = TRUE)[[1]]), file)
  }
  same(file.path(folder, "patients.csv"), "UTF-8", as.raw(c(0xef, 0xbb, 0xbf)))
  same(file.path(folder, "sessions.csv"), "UTF-16LE", as.raw(c(0xff, 0xfe)))
  same(file.path(folder, "lesions.csv"), "UTF-16BE", as.raw(c(0xfe, 0xff)))
  same_tables(read_cohort(folder), five_cohort())
  locale <- Sys.getlocale("LC_CTYPE")
  on.exit(Sys.setlocale("LC_CTYPE", locale))
  Sys.setlocale("LC_CTYPE", "C")
  expect_equal(names(read_cohort(folder)$tables$patients)[1], "patient")
  Sys.setlocale("LC_CTYPE", locale)
  latin <- five_patients()
  latin$patients$group <- sub("loco", "r\u00e9gional", latin$patients$group)
  folder <- folder_of(latin, fileEncoding = "latin1")
  expect_error(read_cohort(folder), "latin1", class = "cryonodes_error_csv")
  expect_equal(read_cohort(folder, encoding = "latin1")$tables$patients$group[1], "r\u00e9gional")
  expect_error(read_cohort(folder, encoding = "nonsense"), class = "cryonodes_error_csv")
})

test_that("B187, B190, B192: short lines, columns that are not there, empty files", {
  base <- folder_of(five_patients())
  change <- function(text) {
    writeLines(text, file.path(base, "sessions.csv"))
    base
  }
  expect_error(read_cohort(change(c("session,patient,date", "S1,A,2020-01-01", "S2,A"))),
    "line 3 has 2 cells, the first line 3",
    class = "cryonodes_error_csv"
  )
  expect_error(read_cohort(change(c("session,patient", "S1,A"))), "`date`: is not there; there are 'session', 'patient'",
    class = "cryonodes_error_column"
  )
  expect_error(read_cohort(change(character())), "the file is empty", class = "cryonodes_error_csv")
  expect_error(read_cohort(change("  ")), "the file is empty", class = "cryonodes_error_csv")
  expect_error(read_cohort(change(c("session,patient,date", "S1,\"A,2020-01-01"))), "a quote is not closed",
    class = "cryonodes_error_csv"
  )
})

test_that("B195, B196, B198, B200, B202: cells are text until the schema types them", {
  tables <- five_patients()
  tables$patients$group <- c("T", "F", "T", "F", "T")
  tables <- lapply(tables, function(data) {
    if ("patient" %in% names(data)) data$patient <- c(A = "007", B = "1e5", C = "C", D = "D", E = "E")[data$patient]
    data
  })
  tables$lesions$long_axis_mm[2] <- " 15 "
  tables$lesions$long_axis_mm[3] <- ""
  x <- read_cohort(folder_of(tables))
  expect_equal(x$tables$patients$group, c("T", "F", "T", "F", "T"))
  expect_equal(x$tables$patients$patient[1:2], c("007", "1e5"))
  expect_equal(x$tables$lesions$long_axis_mm[2:3], c(15, NA))
  tables$lesions$long_axis_mm[4] <- "1.234.567"
  found <- check_cohort(folder_of(tables))
  expect_equal(found$row, 5)
  expect_match(found$finding, "'1.234.567' is no number", fixed = TRUE)
  # What a spreadsheet would compute is written as text.
  tables <- five_patients()
  tables$patients$primary_tumor <- c("=cmd|calc", "@SUM(1)", "-1", "+1", "plain")
  folder <- tempfile()
  write_cohort(do.call(cohort, tables), folder)
  lines <- readLines(file.path(folder, "patients.csv"))
  expect_false(any(grepl("(^|,)[\"]?[-=+@]", lines)))
  expect_equal(read_cohort(folder)$tables$patients$primary_tumor, tables$patients$primary_tumor)
})

test_that("cells of a workbook keep their own types", {
  skip_if_not_installed("openxlsx")
  skip_if_not_installed("readxl")
  tables <- five_patients()
  tables$sessions$date <- as.list(as.Date(tables$sessions$date))
  book <- openxlsx::createWorkbook()
  for (name in names(tables)) {
    openxlsx::addWorksheet(book, name)
    if (name != "sessions") openxlsx::writeData(book, name, tables[[name]])
  }
  openxlsx::writeData(book, "sessions", five_patients()$sessions)
  # A date, a number and a text in one column.
  openxlsx::writeData(book, "sessions", as.Date("2020-01-01"), startCol = 3, startRow = 2, colNames = FALSE)
  openxlsx::writeData(book, "sessions", 44044, startCol = 3, startRow = 3, colNames = FALSE)
  openxlsx::addWorksheet(book, "my notes")
  file <- tempfile(fileext = ".xlsx")
  openxlsx::saveWorkbook(book, file)
  found <- check_cohort(file)
  expect_equal(as.data.frame(found)[, c("check", "row")], data.frame(check = "date_serial", row = 3L))
  expect_s3_class(read_cohort(file, date.origin = "1900"), "cohort")
  expect_error(read_cohort(write_bytes(charToRaw("no workbook"), tempfile(fileext = ".xlsx"))),
    class = "cryonodes_error_type"
  )
})

test_that("REDCap's export is refused where it is none, or would lose a value", {
  file <- tempfile(fileext = ".csv")
  write_cohort(five_cohort(), file)
  data <- utils::read.csv(file, colClasses = "character")
  again <- function(data) {
    utils::write.csv(data, file, row.names = FALSE, na = "")
    file
  }
  stray <- data
  stray$patients_group[8] <- "loco"
  expect_error(read_cohort(again(stray)), "line 9: the field 'patients_group' has a value in a row of sessions",
    class = "cryonodes_error_table"
  )
  odd <- data
  odd$redcap_repeat_instrument[8] <- "labs"
  expect_error(read_cohort(again(odd)), "'labs' is no table", class = "cryonodes_error_table")
  expect_error(read_cohort(again(data[-2])), class = "cryonodes_error_column")
})

test_that("paths that cannot be used are told, and nothing is replaced unasked", {
  expect_error(read_cohort(tempfile()), class = "cryonodes_error_type")
  expect_error(read_cohort(3), class = "cryonodes_error_type")
  empty <- tempfile()
  dir.create(empty)
  expect_error(read_cohort(empty), class = "cryonodes_error_table")
  write_cohort(five_cohort(), empty)
  expect_error(write_cohort(five_cohort(), empty), "exists", class = "cryonodes_error_value")
  write_cohort(five_cohort(), empty, overwrite = TRUE)
  same_tables(read_cohort(empty), five_cohort())
  # A table left from another cohort would be read as this one's.
  without <- five_patients()
  without$complications <- NULL
  expect_error(write_cohort(do.call(cohort, without), empty, overwrite = TRUE), "'complications.csv'",
    class = "cryonodes_error_value"
  )
  for (name in c("no.csv", "no.xlsx")) {
    nowhere <- file.path(tempfile(), name)
    expect_error(write_cohort(five_cohort(), nowhere), "no directory", class = "cryonodes_error_value")
  }
  # A folder cannot be made where a file is.
  expect_error(write_cohort(five_cohort(), file.path(empty, "patients.csv", "sub"), format = "csv"),
    class = "cryonodes_error_value"
  )
  expect_error(cohort_template(file.path(tempfile(), "no.xlsx")), class = "cryonodes_error_value")
  expect_error(cohort_template(tempfile(fileext = ".csv")), "xlsx", class = "cryonodes_error_value")
  saved <- tempfile(fileext = ".rds")
  saveRDS(five_cohort(), saved)
  expect_error(read_cohort(saved), class = "cryonodes_error_type")
})
