# Tables of a database, as lazy tables of dbplyr: one query counts the rows where they are. All SQL is dbplyr's.

#' Counting where the rows are
#'
#' Every function of this package that takes `formula` and `data` takes tables that are not in memory as well: lazy
#' tables of a database ([dplyr::tbl()]) and files that are read piece by piece ([chunks()]). The rows stay where they
#' are; what travels is how many of them there are of each combination of the columns that the call names. Curves and
#' tests need no more, and are the same bits as from the rows in memory.
#'
#' @details
#' Expressions are evaluated in R, on the combinations that came back: `status == 2` or `cut(age, c(0, 50, 70, 100))`
#' mean what they mean for a data frame. Functions that look at several rows at once (`quantile()`, `mean()`) are
#' refused. Missing values, negative times and unknown codes are counted in the same query, and refused or left out
#' (`na.action`) with their number. Only [days_between()] is computed in the database, and `weights`, which must name a
#' column, are added up there.
#'
#' The number of combinations is bounded by `options(cryonodes.max_cells = )`, 2 million unless set. Days and a few
#' groups stay far below; times with decimals do not, and [event_counts()] makes them coarser in the database, by
#' `digits` or `breaks`. A call with `cluster` needs the rows one by one, and takes at most as many. Sums of weights
#' that are not whole numbers depend on the order of adding in their last digits, and what is drawn by a seed
#' ([cluster_bootstrap()]) is drawn from rows in an order of their own.
#'
#' Of a table that is partitioned over several servers the database can count each part where it is only if the column
#' of the partition is among those counted by: `shard` names it. The parts are added up in R.
#' @param data A lazy table of dbplyr.
#' @inheritParams event_counts
#' @param weights,shard A column of `data`: case weights; the key of the partitions of a distributed table.
#' @return `counts_query()`: the query as a lazy table, not run: for `dplyr::show_query()` and `dplyr::explain()`.
#' @section Engines: The tests run SQLite; PostgreSQL 15, also with partitions on two servers; and, where it is
#'   installed, DuckDB, with its Parquet files. For Snowflake, Microsoft SQL Server, Oracle, MySQL, Redshift, Hive,
#'   Impala, Spark SQL and BigQuery it is only tested what SQL would be sent; nobody has run it. What else dbplyr
#'   translates should do, and has not been tested. Tests run with dbplyr 2.3 and 2.6.
#'
#'   An interrupt ends the call without an answer: DuckDB stops at once, and so does PostgreSQL if it is connected with
#'   `check_interrupts = TRUE`; SQLite's driver hears of it when the rows are counted.
#' @section Errors: `cryonodes_error_db` (the database refused, failed or was lost: there is no partial answer),
#'   `_memory` (more combinations than allowed), `_formula` (a function that needs several rows), `_column`, `_type`
#'   (`data` is a connection), `_package` (dplyr, dbplyr); further those of the function called, with numbers of rows
#'   for row numbers.
#' @seealso [event_counts()], [chunks()], [coarsen()]
#' @examplesIf requireNamespace("dbplyr", quietly = TRUE) && requireNamespace("RSQLite", quietly = TRUE)
#' con <- DBI::dbConnect(RSQLite::SQLite(), ":memory:")
#' DBI::dbWriteTable(con, "registry", survival::colon)
#' registry <- dplyr::tbl(con, "registry")
#' kaplan_meier(Surv(time, status) ~ rx, data = registry, subset = etype == 2)
#' dplyr::show_query(counts_query(Surv(time, status) ~ rx, data = registry))
#' DBI::dbDisconnect(con)
#' @name databases
NULL

#' @rdname databases
#' @export
counts_query <- function(formula, data, subset, weights, digits = NULL, breaks = NULL, shard) {
  call <- quote(counts_query())
  check_given(missing(formula), "formula", call)
  check_given(missing(data), "data", call)
  if (!inherits(data, "tbl_lazy")) {
    if (inherits(data, "DBIConnection")) far_names(data, call)
    abort_rule("type", paste0("`data` must be a lazy table of a database, not ", class(data)[1], "."),
      "`dplyr::tbl(con, \"registry\")` makes one.",
      arg = "data", call = call
    )
  }
  asked <- read_far_call(
    formula, data, enquo(subset) |> absent_as_null(), enquo(weights) |> absent_as_null(), null_quosure,
    read_coarse(digits, breaks, call), enquo(shard) |> absent_as_null(), parent.frame(), call
  )
  query_of(data, asked, call)$query
}

#' @export
far_names.DBIConnection <- function(data, call) {
  abort_rule("type", "`data` is a connection, which has many tables.",
    "Name one: `data = dplyr::tbl(con, \"registry\")`.",
    arg = "data", call = call
  )
}

#' @export
far_names.tbl_lazy <- function(data, call) {
  need_package("dplyr", "count in a database", call)
  need_package("dbplyr", "count in a database", call)
  in_database(colnames(data), call)
}

# The query, and by position what its columns are.
query_of <- function(data, asked, call) {
  columns <- asked$columns
  keys <- c(lapply(columns, as.name), lapply(asked$computed, days_sql, con = dbplyr::remote_con(data)))
  names(keys) <- c(columns, rep("days", length(asked$computed)))
  roles <- c(columns, names(asked$computed))
  if (!is.null(asked$shard)) {
    keys <- c(keys, list(shard = as.name(asked$shard)))
    roles <- c(roles, NA)
  }
  weight <- if (!is.null(asked$weight)) as.name(asked$weight)
  # Missing, negative, no and huge (infinite) weights are counted apart, to be found.
  if (!is.null(weight)) {
    keys <- c(keys, list(weight_kind = rlang::expr(dplyr::case_when(
      is.na(!!weight) ~ 0L, !!weight < 0 ~ 1L, !!weight == 0 ~ 2L, !!weight > 1e15 ~ 4L, TRUE ~ 3L
    ))))
    roles <- c(roles, NA)
  }
  taken <- unique_names(c(names(keys), "cells", if (!is.null(weight)) "weight"))
  names(keys) <- taken[seq_along(keys)]
  columns_sent <- c(keys, if (!is.null(weight)) list(weight) else list())
  names(columns_sent) <- c(names(keys), if (!is.null(weight)) utils::tail(taken, 1))
  totals <- setNames(list(rlang::expr(dplyr::n())), taken[length(keys) + 1])
  if (!is.null(weight)) {
    totals[[utils::tail(taken, 1)]] <- rlang::expr(sum(!!as.name(utils::tail(taken, 1)), na.rm = TRUE))
  }
  query <- in_database({
    sent <- dplyr::transmute(unordered(dplyr::ungroup(data)), !!!columns_sent)
    sum_up <- function(table, totals) {
      dplyr::summarise(dplyr::group_by(table, !!!lapply(names(keys), as.name)), !!!totals, .groups = "drop")
    }
    counted <- sum_up(sent, totals)
    # Coarser times are made of what is counted already: of rows it would take longer than the counting.
    for (name in names(keys)[match(asked$coarse_in, roles)]) {
      time <- setNames(list(coarse_sql(as.name(name), asked$coarse, dbplyr::remote_con(data))), name)
      again <- lapply(setNames(nm = names(totals)), function(name) rlang::expr(sum(!!as.name(name), na.rm = TRUE)))
      counted <- sum_up(dplyr::mutate(counted, !!!time), again)
    }
    counted
  }, call)
  list(query = query, roles = roles, weighted = !is.null(weight))
}

# Most databases take `Days` and `days` for one name.
unique_names <- function(names) {
  small <- tolower(names)
  found <- make.unique(small)
  ifelse(found == small, names, found)
}

# Counts have no order, and some databases refuse one where rows are counted. With a limit it says which rows.
unordered <- function(data) {
  if (!is.null(data$lazy_query$order_by) && is.null(data$lazy_query$limit)) data$lazy_query["order_by"] <- list(NULL)
  data
}

#' @export
fetch_cells.tbl_lazy <- function(data, asked, call) {
  sent <- query_of(data, asked, call)
  columns <- fetch_pages(sent$query, asked$columns, call)
  n_key <- length(sent$roles)
  cells <- as.double(columns[[n_key + 1]])
  values <- columns[which(!is.na(sent$roles))]
  names(values) <- sent$roles[!is.na(sent$roles)]
  weight <- if (sent$weighted) {
    kind <- columns[[n_key]]
    ifelse(kind == 0, NA_real_, as.double(columns[[n_key + 2]]))
  }
  # Drivers can be told to read 64 bits as 32, and make NA of what does not fit.
  lost <- is.na(cells) | if (sent$weighted) is.na(weight) & !is.nan(weight) & kind != 0 else FALSE
  if (any(lost)) {
    abort_rule("db", "the driver gave no number for a count or a sum that is too large for it.",
      "Connect with `bigint = \"numeric\"`.",
      call = call
    )
  }
  # Infinite weights are found by who reads them.
  if (any(cells > largest_count) || sent$weighted && any(weight > largest_count & weight < Inf, na.rm = TRUE)) {
    abort_rule("table", "the counts, or the sums of weights, go beyond 2^53, where a number no longer counts.",
      call = call
    )
  }
  list(values = as_rows(in_days(values, asked)), n = cells, weight = weight)
}

page_rows <- 1e5

fetch_pages <- function(query, columns, call) {
  con <- dbplyr::remote_con(query)
  if (inherits(con, "Pool")) {
    abort_rule("db", "the table belongs to a pool of connections.",
      "Take one out, with `pool::poolCheckout()`, and make the table of it.",
      arg = "data", call = call
    )
  }
  # dbplyr's simulated databases are connections to nothing.
  if (!inherits(con, "DBIConnection") || inherits(con, "TestConnection")) {
    abort_rule("db", "the table belongs to no database that could be asked.",
      "`counts_query()` shows the query.",
      arg = "data", call = call
    )
  }
  pages <- list()
  rows <- 0
  # dbplyr warns of an order that a query inside another does not keep; counts have none.
  sql <- in_database(suppressWarnings(dbplyr::sql_render(query)), call)
  # The driver warns if it closes a result that was left open on this connection: that is not about the answer.
  result <- in_database(DBI::dbSendQuery(con, sql), call, warnings = FALSE)
  # On an interrupt too: the connection is free for the next query.
  on.exit(tryCatch(suppressWarnings(DBI::dbClearResult(result)), error = function(e) NULL))
  in_database({
    repeat {
      page <- DBI::dbFetch(result, n = page_rows)
      rows <- rows + nrow(page)
      if (rows > most_cells()) break
      if (nrow(page) || !length(pages)) pages[[length(pages) + 1]] <- lapply(page, plain_column)
      if (DBI::dbHasCompleted(result)) break
    }
  }, call)
  if (rows > most_cells()) abort_cells(columns, call)
  do.call(Map, c(list(f = function(...) unlist_column(list(...))), unname(pages)))
}

# 64-bit integers, which databases count in, are exact as doubles up to 2^53.
plain_column <- function(x) if (inherits(x, "integer64")) as.double(x) else x

unlist_column <- function(parts) if (length(parts) == 1) parts[[1]] else do.call(c, parts)

# What the database says, as an error of this package. Its warnings too: a driver warns when it has read a value as
# another one.
in_database <- function(expr, call, warnings = TRUE) {
  failed <- function(what) {
    function(e) {
      abort_rule("db", paste0("the database ", what, ": ", trimws(conditionMessage(e))), call = call)
    }
  }
  translated <- errors_of_others(failed("refused or failed"))
  if (!warnings) return(tryCatch(expr, error = translated))
  tryCatch(expr, error = translated, warning = failed("warned"))
}
