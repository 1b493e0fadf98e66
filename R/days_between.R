#' Days from one date to another
#'
#' In a formula on rows in memory, on a database ([databases]) or on [chunks()], the same: whole days between two
#' columns of dates.
#'
#' @param from,to Dates, or text as `"2021-03-31"`: one each, or columns of one length. In a formula on data that are
#'   not in memory, names of columns.
#' @return Numeric, whole days, negative where `to` is before `from`, `NA` where one is missing; the attribute `unit` is
#'   `"days"`.
#' @details
#' In SQLite, which has no dates, columns may hold text as above or numbers of days; PostgreSQL, DuckDB and the other
#' engines get the function of theirs that counts days. A time of day is left aside. Text that is no date is refused by
#' SQLite, PostgreSQL and DuckDB; MySQL, Hive, Impala and Spark SQL take it for missing.
#' @section Errors: `cryonodes_error_type` (neither dates nor text), `_dates` (text that is no date, with its row),
#'   `_length`.
#' @examples
#' days_between("2020-02-28", "2020-03-01")
#' days_between(as.Date("2020-02-28"), as.Date(c("2020-03-01", NA)))
#' @export
days_between <- function(from, to) {
  call <- quote(days_between())
  check_given(missing(from), "from", call)
  check_given(missing(to), "to", call)
  from <- day_number(from, "from", call)
  to <- day_number(to, "to", call)
  if (length(from) != length(to) && length(from) != 1 && length(to) != 1) {
    abort_rule("length", paste0("`from` has ", length(from), " dates, `to` has ", length(to), "."),
      arg = "to", call = call
    )
  }
  structure(to - from, unit = "days")
}

# Days since 1970.
day_number <- function(x, arg, call) {
  if (inherits(x, "Date")) return(floor(as.double(unclass(x))))
  if (inherits(x, "POSIXct")) return(as.double(unclass(as.Date(x, tz = attr(x, "tzone") %||% ""))))
  if (is.logical(x) && all(is.na(x))) return(as.double(x))
  if (is.factor(x)) x <- as.character(x)
  if (!is.character(x)) {
    abort_rule("type", paste0("`", arg, "` must be dates, or text as \"2021-03-31\", not ", class(x)[1], "."),
      arg = arg, call = call
    )
  }
  day <- as.Date(substr(x, 1, 10), format = "%Y-%m-%d")
  shaped <- grepl("^[0-9]{4}-[0-9]{2}-[0-9]{2}($|[ T])", x)
  bad <- which(!is.na(x) & (is.na(day) | !shaped))
  if (length(bad)) {
    abort_rule("dates", paste0("`", arg, "` has no date as \"2021-03-31\" in ", at_rows(bad), ": ", quoted(x[bad[1]]),
      "."
    ), arg = arg, rows = bad, call = call)
  }
  as.double(unclass(day))
}

# The two columns of the call days_between(from, to).
days_ends <- function(expr, call) {
  ends <- tryCatch(as.list(match.call(function(from, to) NULL, expr))[-1], error = function(e) list())
  if (!setequal(names(ends), c("from", "to"))) {
    abort_rule("formula", paste0("`", one_line(expr), "` must name two columns of dates."),
      arg = "formula", call = call
    )
  }
  ends[c("from", "to")]
}

# The same in the language of the database. dbplyr passes on functions that it does not know, their names as given.
days_sql <- function(ends, con) {
  from <- as.name(ends$from)
  to <- as.name(ends$to)
  is <- function(...) inherits(con, c(...))
  day <- function(x) rlang::expr(as.Date(!!x))
  if (is("SQLiteConnection")) {
    # Text that is no date, which SQLite moves to the next or takes for missing, becomes infinite, and is found by who
    # looks at the times; numbers are days already.
    number <- function(x) {
      rlang::expr(dplyr::case_when(
        typeof(!!x) == "text" & date(substr(!!x, 1L, 10L), "+0 days") == substr(!!x, 1L, 10L) ~
          julianday(substr(!!x, 1L, 10L)) - 2440587.5,
        typeof(!!x) == "text" ~ dplyr::sql("-9e999"),
        TRUE ~ floor(!!x)
      ))
    }
    rlang::expr(!!number(to) - !!number(from))
  } else if (is("duckdb_connection")) {
    # Its as.Date() takes text that is no date for missing; this refuses it.
    cast <- function(x) rlang::expr(CAST(!!x %AS% dplyr::sql("DATE")))
    rlang::expr(date_diff("day", !!cast(from), !!cast(to)))
  } else if (is("Snowflake", "Microsoft SQL Server", "Redshift", "RedshiftConnection")) {
    rlang::expr(DATEDIFF(dplyr::sql("DAY"), !!from, !!to))
  } else if (is("Oracle", "OraConnection")) {
    rlang::expr(TRUNC(!!to) - TRUNC(!!from))
  } else if (is("BigQueryConnection")) {
    rlang::expr(DATE_DIFF(!!day(to), !!day(from), dplyr::sql("DAY")))
  } else if (is("spark_connection", "Spark SQL", "Hive", "Impala", "MySQL", "MySQLConnection", "MariaDBConnection")) {
    rlang::expr(DATEDIFF(!!to, !!from))
  } else {
    rlang::expr(!!day(to) - !!day(from))
  }
}

# Functions of databases, named in expressions that are not evaluated in R.
utils::globalVariables(c("%AS%", "CAST", "date_diff", "DATEDIFF", "DATE_DIFF", "TRUNC"))
