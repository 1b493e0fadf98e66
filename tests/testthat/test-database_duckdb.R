# DuckDB, which runs within R's process. From its sources it compiles for hours, so nothing here installs it: these
# tests run where somebody has it. Not part of the built package (.Rbuildignore), so that it is nobody's dependency.

# A database of its own, in memory unless a file is named, and closed when the test ends.
duckdb_connection <- function(..., env = parent.frame()) {
  if (!requireNamespace("duckdb", quietly = TRUE)) skip("duckdb is not installed (compiling it takes hours)")
  # It asks for a newer dbplyr by a warning, and says where it keeps its extensions; neither is about counting.
  suppressWarnings(requireNamespace("dbplyr", quietly = TRUE))
  skip_if_not_installed("dbplyr")
  skip_if_not_installed("dplyr")
  con <- suppressMessages(DBI::dbConnect(duckdb::duckdb(), ...))
  withr::defer(if (DBI::dbIsValid(con)) DBI::dbDisconnect(con, shutdown = TRUE), envir = env)
  con
}

duckdb_table <- function(rows, env = parent.frame()) {
  con <- duckdb_connection(env = env)
  DBI::dbWriteTable(con, "registry", rows)
  dplyr::tbl(con, "registry")
}

query_table <- function(con, ...) dplyr::tbl(con, dplyr::sql(paste(...)))
failed <- function(expr, pattern = NULL) expect_error(expr, pattern, class = "cryonodes_error_db")
same <- function(there, here) expect_identical(said(there), said(here))

test_that("all verbs give the bits of rows in memory from DuckDB", {
  rows <- registry_rows(300, 2)
  table <- duckdb_table(rows)
  con <- dbplyr::remote_con(table)
  tables <- function() DBI::dbGetQuery(con, "SELECT table_name, temporary FROM duckdb_tables()")
  before <- tables()
  expect_same_everywhere(every_verb(table), every_verb(rows))
  # No verb leaves anything behind.
  expect_identical(tables(), before)
  expect_length(DBI::dbListTables(con), 1)
})

test_that("random registries give the same bits in DuckDB", {
  skip_on_cran()
  n <- as.integer(Sys.getenv("CRYONODES_REGISTRIES", "100"))
  expect_gt(same_random_registries(duckdb_connection(), n), 0.9 * n)
})

test_that("hostile names of columns, tables and groups are only names", {
  odd <- c("a\"; DROP TABLE registry; --", "b'`", "c d\\", "n", "cells", "\u00e9\u00df", "%s {x} $1", "two\nlines", "")
  rows <- data.frame(seq_along(odd), rep_len(c(1, 0, 1), length(odd)), odd)
  names(rows) <- c("se`lect\"'", "from; --", "gro\u00fcp \\")
  con <- duckdb_connection()
  name <- "ta\"ble'; DROP TABLE registry; --"
  DBI::dbWriteTable(con, name, rows)
  formula <- eval(call("~", call("Surv", as.name(names(rows)[1]), as.name(names(rows)[2])), as.name(names(rows)[3])))
  same(kaplan_meier(formula, query_table(con, "SELECT * FROM", DBI::dbQuoteIdentifier(con, name))),
    kaplan_meier(formula, rows))
  expect_identical(DBI::dbListTables(con), name)
})

test_that("faults of the rows are counted, and refused as in memory", {
  ok <- data.frame(time = c(1, 2, 3), dead = c(1, 0, 1), arm = "a", w = c(1, 2, 1))
  wrong <- list(
    time = list(NaN, -2, Inf, NA), dead = list(7, NA, NaN), arm = list(NA), w = list(NA, NaN, -1, Inf)
  )
  con <- duckdb_connection()
  for (column in names(wrong)) {
    for (value in wrong[[column]]) {
      bad <- ok[c(1, 2, 2), ]
      bad[[column]] <- value
      rows <- rbind(ok, bad)
      DBI::dbWriteTable(con, "registry", rows, overwrite = TRUE)
      there <- dplyr::tbl(con, "registry")
      ask <- function(data, ...) kaplan_meier(Surv(time, dead) ~ arm, data = data, weights = w, ...)
      near <- rlang::catch_cnd(ask(rows), "error")
      far <- rlang::catch_cnd(ask(there), "error")
      expect_s3_class(near, "cryonodes_error")
      expect_identical(class(far), class(near))
      expect_match(conditionMessage(far), "\\b3\\b")
      coarse <- function(data) event_counts(Surv(time, dead) ~ arm, data = data, weights = w, breaks = c(2, 4))
      expect_identical(class(rlang::catch_cnd(coarse(there), "error")), class(rlang::catch_cnd(coarse(rows), "error")))
      if (inherits(near, "cryonodes_error_missing")) {
        kept <- ask(there, na.action = "omit")
        expect_identical(tidy(kept), tidy(ask(ok)))
        expect_match(kept$meta$notes, "3 rows left out for missing values", all = FALSE)
      }
    }
  }
})

test_that("days between dates, times of day and text are counted; text that is no date is refused", {
  con <- duckdb_connection()
  DBI::dbExecute(con, "CREATE TABLE seen (a DATE, b TIMESTAMP, c TEXT, dead BOOLEAN)")
  DBI::dbExecute(con, paste(
    "INSERT INTO seen VALUES ('2020-02-28', '2020-03-01 23:59:59', '2020-03-01', true),",
    "('1899-12-31', '1900-03-01 00:00:00', '1900-03-01T08:00', false)"
  ))
  seen <- dplyr::tbl(con, "seen")
  # 2020 is a leap year, 1900 is not.
  by_time <- kaplan_meier(Surv(days_between(a, b), dead) ~ 1, data = seen)
  expect_identical(by_time$time, c(2, 60))
  expect_identical(by_time$n.event, c(1, 0))
  expect_identical(kaplan_meier(Surv(days_between(from = a, to = c), dead) ~ 1, data = seen)$time, c(2, 60))
  rows <- data.frame(a = as.Date("2020-02-28"), b = as.Date(c("2020-03-01", NA)), dead = 1:0)
  DBI::dbWriteTable(con, "dates", rows)
  ask <- function(data) kaplan_meier(Surv(days_between(a, b), dead) ~ 1, data, na.action = "omit")
  expect_identical(tidy(ask(dplyr::tbl(con, "dates"))), tidy(ask(rows)))
  # As if it were missing it would be left out here.
  failed(ask(query_table(con, "SELECT a, '2021-02-30' AS b, 1 AS dead FROM dates")), "2021-02-30")
})

test_that("every type of number, logical and text counts the same, however the driver is told to read 64 bits", {
  rows <- registry_rows(200, 1)[c("days", "dead", "arm")]
  times <- c(
    "TINYINT", "USMALLINT", "INTEGER", "BIGINT", "UBIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL(9,3)",
    "DECIMAL(38,0)"
  )
  statuses <- c(
    "BOOLEAN", "UTINYINT", "BIGINT", "DECIMAL(3,1)", "HUGEINT", "DOUBLE", "FLOAT", "INTEGER", "DECIMAL(20,0)",
    "SMALLINT"
  )
  groups <- rep(c("TEXT", "ENUM('b', 'a', 'c')"), 5)
  near <- lapply(list(c("a", "b", "c"), c("b", "a", "c")), function(levels) {
    rows$arm <- factor(rows$arm, levels)
    kaplan_meier(Surv(days, dead) ~ arm, data = rows)
  })
  for (bigint in c("numeric", "integer64")) {
    con <- duckdb_connection(bigint = bigint)
    DBI::dbWriteTable(con, "registry", rows)
    for (i in seq_along(times)) {
      table <- query_table(con, sprintf(
        "SELECT days::%s AS days, dead::%s AS dead, arm::%s AS arm FROM registry", times[i], statuses[i], groups[i]
      ))
      same(kaplan_meier(Surv(days, dead) ~ arm, data = table), near[[1 + startsWith(groups[i], "ENUM")]])
    }
  }
})

test_that("times with decimals are made coarser in DuckDB as in memory, whatever type they have there", {
  # 0.285 * 100 is below a half in doubles, and a half in decimals; 0.1 of 32 bits is more than 0.1.
  rows <- data.frame(time = c(0.285, 0.145, 1.005, 0.1, 0.5, 2.5, 7.125, 0), dead = c(1, 0, 1, 1, 1, 0, 1, 0))
  con <- duckdb_connection()
  DBI::dbWriteTable(con, "doubles", rows)
  DBI::dbExecute(con, "CREATE TABLE decimals (time DECIMAL(9,3), dead INTEGER)")
  DBI::dbExecute(con, "INSERT INTO decimals SELECT * FROM doubles")
  DBI::dbExecute(con, "CREATE TABLE floats (time FLOAT, dead INTEGER)")
  DBI::dbExecute(con, "INSERT INTO floats SELECT * FROM doubles")
  for (name in c("doubles", "decimals", "floats")) {
    there <- dplyr::tbl(con, name)
    here <- as.data.frame(dplyr::collect(there))
    for (digits in c(0, 1, 2)) {
      expect_identical(event_counts(Surv(time, dead) ~ 1, there, digits = digits),
        event_counts(Surv(time, dead) ~ 1, here, digits = digits))
    }
    expect_identical(event_counts(Surv(time, dead) ~ 1, there, breaks = c(0.1, 0.5, 1, 10)),
      event_counts(Surv(time, dead) ~ 1, here, breaks = c(0.1, 0.5, 1, 10)))
  }
})

test_that("names that differ by capitals only from those of the query are other names", {
  rows <- data.frame(
    Days = c(1, 2, 3, 4), dead = c(1, 0, 1, 1), Cells = c("a", "b", "a", "b"), Weight = c(1, 2, 1, 1),
    from = "2020-01-01", to = c("2020-01-03", "2020-01-04", "2020-01-05", "2020-01-05")
  )
  ask <- function(data) {
    event_counts(Surv(days_between(from, to), dead) ~ Cells, data,
      weights = Weight, subset = Days > 1, breaks = c(3, 9)
    )
  }
  expect_identical(ask(duckdb_table(rows)), ask(rows))
})

test_that("sums come as doubles and are exact up to 2^53, beyond which they are refused", {
  con <- duckdb_connection()
  # DuckDB adds up integers in 128 bits.
  sums <- DBI::dbGetQuery(con,
    "SELECT sum(x) AS s, typeof(sum(x)) AS type FROM (VALUES (9007199254740991), (1)) AS t(x)"
  )
  expect_identical(sums, data.frame(s = 2^53, type = "HUGEINT"))
  counted <- function(...) {
    query_table(con, "SELECT * FROM (VALUES", paste(c(...), collapse = ", "), ") AS t(days, dead, n)")
  }
  ask <- function(table) event_counts(Surv(days, dead) ~ 1, data = table, weights = n)
  counts <- ask(counted(
    "(10, 1, 3999999999)", "(10, 1, 1)", "(20, 1, 1)", "(20, 0, 3000000000)", "(30, 1, 2999999999)"
  ))
  expect_identical(counts$n.risk, c(1e10, 6e9, 2999999999))
  expect_identical(counts$n.event, c(4e9, 1, 2999999999))
  expect_identical(ask(counted("(1, 1, 562949953421311)", "(1, 1, 1)"))$n.event, 2^49)
  expect_error(ask(counted(rep("(1, 1, 900000000000000)", 11))), "2\\^53",
    class = "cryonodes_error_table"
  )
})

test_that("more than 2^31 rows are counted, one by one", {
  skip_on_cran()
  con <- duckdb_connection()
  table <- query_table(con, "SELECT 5 AS days, true AS dead FROM range(2200000000)")
  counts <- event_counts(Surv(days, dead) ~ 1, data = table)
  expect_identical(counts$n.event, 2200000000)
  expect_identical(kaplan_meier(counts)$surv, 0)
})

test_that("a Parquet file, or several, is counted where it lies", {
  rows <- registry_rows(300, 4)
  rows$from <- as.Date(rows$from)
  rows$to <- as.Date(rows$to)
  con <- duckdb_connection()
  DBI::dbWriteTable(con, "registry", rows)
  folder <- withr::local_tempdir()
  for (half in 0:1) {
    DBI::dbExecute(con, sprintf("COPY (SELECT * FROM registry WHERE centre %% 2 = %d) TO '%s' (FORMAT parquet)", half,
      file.path(folder, paste0("half", half, ".parquet"))))
  }
  DBI::dbRemoveTable(con, "registry")
  ask <- function(data) {
    list(
      kaplan_meier(Surv(days, dead) ~ arm, data = data), gray_test(Surv(days, out) ~ arm, data = data, censor = "none"),
      kaplan_meier(Surv(days_between(from, to), dead) ~ arm, data = data, weights = w)
    )
  }
  both <- sprintf("read_parquet('%s')", file.path(folder, "*.parquet"))
  for (there in list(query_table(con, "SELECT * FROM", both), dplyr::tbl(con, both))) {
    Map(same, ask(there), ask(rows))
  }
  one <- dplyr::tbl(con, sprintf("read_parquet('%s')", file.path(folder, "half1.parquet")))
  Map(same, ask(one), ask(rows[rows$centre %% 2 == 1, ]))
  expect_identical(DBI::dbListTables(con), character())
})

test_that("a lost file, too little memory and a closed connection are errors of the database; else it goes on", {
  rows <- registry_rows(60, 4)
  con <- duckdb_connection()
  DBI::dbWriteTable(con, "registry", rows)
  table <- dplyr::tbl(con, "registry")
  path <- withr::local_tempfile(fileext = ".parquet")
  DBI::dbExecute(con, sprintf("COPY registry TO '%s' (FORMAT parquet)", path))
  file <- query_table(con, sprintf("SELECT * FROM read_parquet('%s')", path))
  unlink(path)
  failed(kaplan_meier(Surv(days, dead) ~ arm, data = file), "No files found")
  ask <- function(data) kaplan_meier(Surv(days, dead) ~ arm, data = data)
  expect_same <- function() same(ask(table), ask(rows))
  expect_same()
  DBI::dbExecute(con, "SET temp_directory = ''")
  DBI::dbExecute(con, "SET memory_limit = '8MB'")
  many <- query_table(con, "SELECT range AS days, repeat('x', 400) || range AS arm, 1 AS dead FROM range(1000000)")
  failed(kaplan_meier(Surv(days, dead) ~ arm, data = many), "[Mm]emory")
  DBI::dbExecute(con, "RESET memory_limit")
  expect_same()
  DBI::dbDisconnect(con, shutdown = TRUE)
  failed(kaplan_meier(Surv(days, dead) ~ arm, data = table))
})

test_that("a database that may only be read is enough", {
  rows <- registry_rows(60, 4)
  path <- withr::local_tempfile(fileext = ".duckdb")
  con <- duckdb_connection(dbdir = path)
  DBI::dbWriteTable(con, "registry", rows)
  DBI::dbDisconnect(con, shutdown = TRUE)
  con <- duckdb_connection(dbdir = path, read_only = TRUE)
  expect_error(DBI::dbExecute(con, "CREATE TABLE more (x INTEGER)"), "read-only")
  ask <- function(data) kaplan_meier(Surv(days, dead) ~ arm, data = data)
  same(ask(dplyr::tbl(con, "registry")), ask(rows))
})
