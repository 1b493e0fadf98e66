# Times made coarser, by whole digits or up to the next of given breaks: in memory and, by the same arithmetic, in a
# database.

# What `digits` and `breaks` ask for; NULL if nothing.
read_coarse <- function(digits, breaks, call) {
  if (is.null(digits) && is.null(breaks)) return(NULL)
  if (!is.null(digits) && !is.null(breaks)) {
    abort_rule("choice", "`digits` and `breaks` exclude each other.", arg = "breaks", call = call)
  }
  if (!is.null(digits)) return(list(digits = check_whole(digits, "digits", 0, 15, call)))
  breaks <- check_time(breaks, "breaks", call)
  if (!length(breaks) || anyNA(breaks) || any(diff(c(0, breaks)) <= 0)) {
    abort_rule("times", "`breaks` must be numbers above 0 that increase.", arg = "breaks", call = call)
  }
  list(breaks = as.vector(breaks))
}

# Halves go up: not by round(), which goes to the even digit, and not everywhere alike.
coarse_times <- function(x, coarse, arg, call) {
  if (!is.null(coarse$digits)) {
    scale <- 10^coarse$digits
    found <- floor(x * scale + 0.5) / scale
  } else {
    beyond <- which(x > coarse$breaks[length(coarse$breaks)])
    if (length(beyond)) {
      abort_rule("times", paste0("`", arg, "` goes beyond the last of `breaks`, ",
        number_text(coarse$breaks[length(coarse$breaks)]), ", in ", at_rows(beyond), "."
      ), "Add a break at or after the longest time.", arg = "breaks", rows = beyond, call = call)
    }
    found <- c(0, coarse$breaks)[findInterval(x, c(0, coarse$breaks), left.open = TRUE, rightmost.closed = TRUE) + 1]
    found[which(x == 0)] <- 0
  }
  attributes(found) <- attributes(x)
  found
}

coarse_note <- function(coarse) {
  if (!is.null(coarse$digits)) return(paste0("times rounded to ", plural(coarse$digits, "digit")))
  paste0("times moved up to the next of ", plural(length(coarse$breaks), "break"))
}

# The response of a formula with coarser times.
coarse_response <- function(response, coarse, call) {
  if (!is.null(response$entry) && !is.null(coarse$breaks)) {
    abort_rule("choice", "with delayed entry times cannot be moved to `breaks`: who enters would be there too late.",
      "Use `digits`.",
      arg = "breaks", call = call
    )
  }
  response$time <- coarse_times(response$time, coarse, response$names[1], call)
  if (!is.null(response$entry)) {
    response$entry <- coarse_times(response$entry, coarse, response$names[3], call)
  }
  response$note <- c(response$note, coarse_note(coarse))
  response
}

# The same in SQL. Times that are out of place pass as they are, and those beyond the last break as one time beyond it,
# to be found where all are checked; breaks whose decimal text is another number are left to R.
coarse_sql <- function(key, coarse, con) {
  # Decimal numbers round differently from R's, and numbers of 32 bits compare differently.
  double <- if (inherits(con, c("PqConnection", "PostgreSQL", "Redshift", "RedshiftConnection"))) {
    "DOUBLE PRECISION"
  } else if (inherits(con, c("duckdb_connection", "spark_connection", "Spark SQL", "Snowflake"))) {
    "DOUBLE"
  }
  if (!is.null(double)) key <- rlang::expr(CAST(!!key %AS% dplyr::sql(!!double)))
  if (!is.null(coarse$digits)) {
    scale <- 10^coarse$digits
    return(rlang::expr(floor(!!key * !!scale + 0.5) / !!scale))
  }
  breaks <- coarse$breaks
  if (any(as.double(vapply(breaks, format, "", digits = 15)) != breaks)) return(key)
  cases <- lapply(breaks, function(b) rlang::expr(!!key <= !!b ~ !!b))
  # Some databases have NaN above all numbers: it passes, as infinity does.
  beyond <- rlang::expr(!!key > !!max(breaks) & !!key < 1e15 ~ !!(2 * max(breaks)))
  rlang::expr(dplyr::case_when(!!key <= 0 ~ !!key, !!!cases, !!beyond, TRUE ~ !!key))
}

# The same piece by piece.
coarse_chunk <- function(x, coarse, name, call) {
  if (!is_number(x) && !inherits(x, "difftime")) return(x)
  last <- max(coarse$breaks, -Inf)
  if (!is.null(coarse$breaks)) x[which(is.finite(x) & x > last)] <- 2 * last
  fine <- which(is.finite(x) & x >= 0 & (is.null(coarse$breaks) | x <= last))
  x[fine] <- coarse_times(as.double(unclass(x))[fine], coarse, name, call)
  x
}
