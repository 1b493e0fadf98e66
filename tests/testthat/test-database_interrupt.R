# Another R process asks a table that takes seconds to count and is interrupted; then it asks again, on the same
# connection. Not part of the built package (.Rbuildignore): callr, which starts the process, is only testthat's.

interrupted_session <- function(engine, n, started) {
  library(cryonodes)
  suppressWarnings(loadNamespace("dbplyr"))
  con <- suppressMessages(DBI::dbConnect(if (engine == "duckdb") duckdb::duckdb() else RSQLite::SQLite()))
  DBI::dbWriteTable(con, "s", data.frame(i = seq_len(n)))
  # Pairs of rows: the square of `n`.
  pairs <- dplyr::tbl(con, dplyr::sql("SELECT a.i % 3650 AS days, b.i % 2 AS dead, b.i % 7 AS arm FROM s AS a, s AS b"))
  colnames(pairs)
  ask <- function(data) kaplan_meier(Surv(days, dead) ~ arm, data = data)
  ask(head(pairs, 10)) # what is loaded and compiled the first time
  from <- proc.time()[["elapsed"]]
  first <- tryCatch(
    {
      file.create(started)
      ask(pairs)
      "answered"
    },
    interrupt = function(i) "interrupted", error = function(e) conditionMessage(e)
  )
  seconds <- proc.time()[["elapsed"]] - from
  # The driver warns of an answer that was left open.
  options(warn = 2)
  list(
    seconds = seconds, first = first, n = sum(ask(head(pairs, 1000))$n), tables = DBI::dbListTables(con),
    temporary = DBI::dbGetQuery(con, if (engine == "duckdb") {
      "SELECT table_name FROM duckdb_tables() WHERE temporary"
    } else {
      "SELECT name FROM sqlite_temp_master"
    })[[1]]
  )
}

expect_interrupted <- function(engine, n) {
  started <- withr::local_tempfile()
  job <- callr::r_bg(interrupted_session, list(engine, n, started), libpath = .libPaths(), error = "error")
  withr::defer(job$kill())
  until <- Sys.time() + 60
  while (!file.exists(started) && job$is_alive() && Sys.time() < until) Sys.sleep(0.05)
  Sys.sleep(0.3)
  expect_true(job$interrupt())
  job$wait(60000)
  found <- job$get_result()
  expect_identical(found[-1], list(first = "interrupted", n = 1000L, tables = "s", temporary = character()))
  found$seconds
}

test_that("who interrupts SQLite has no answer, leaves nothing behind and keeps the connection", {
  skip_if_not_installed("callr")
  skip_if_not_installed("RSQLite")
  skip_if_not_installed("dbplyr")
  # The driver listens when SQLite is done, after some seconds here.
  expect_interrupted("sqlite", 2500)
})

test_that("so does who interrupts DuckDB, at once", {
  if (!requireNamespace("duckdb", quietly = TRUE)) skip("duckdb is not installed (compiling it takes hours)")
  skip_if_not_installed("callr")
  skip_if_not_installed("dbplyr")
  # Ten billion pairs, which would take minutes; the machine may be busy.
  expect_lt(expect_interrupted("duckdb", 1e5), 10)
})
