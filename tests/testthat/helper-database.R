# Rows for the tests of tables that are not in memory: a registry of days, outcomes, groups and centres.
registry_rows <- function(n, seed) {
  set.seed(seed)
  start <- as.Date("2010-01-01") + sample(3000, n, TRUE)
  days <- sample(if (seed %% 2) 40 else 2500, n, TRUE)
  data.frame(
    days = days, from = as.character(start), to = as.character(start + days),
    entry = pmax(0L, days - sample(30, n, TRUE)),
    dead = as.integer(runif(n) < 0.4), out = sample(c("none", "relapse", "death"), n, TRUE, c(0.5, 0.3, 0.2)),
    arm = sample(letters[seq_len(2 + seed %% 3)], n, TRUE), centre = sample(7, n, TRUE), w = sample(0:3, n, TRUE),
    months = round(days / 30.44, 2)
  )
}

# A table of SQLite with these rows, and its connection as an attribute of the test's environment.
sqlite_table <- function(rows, env = parent.frame()) {
  skip_if_not_installed("dbplyr")
  skip_if_not_installed("dplyr")
  skip_if_not_installed("RSQLite")
  con <- DBI::dbConnect(RSQLite::SQLite(), ":memory:")
  withr::defer(DBI::dbDisconnect(con), envir = env)
  DBI::dbWriteTable(con, "registry", rows)
  dplyr::tbl(con, "registry")
}

pieces_of <- function(rows, size) {
  chunks(function(i) {
    if ((i - 1) * size >= nrow(rows)) return(NULL)
    rows[((i - 1) * size + 1):min(i * size, nrow(rows)), ]
  }, progress = FALSE)
}

# What a result says, without how it was called; entries of one time and group are one in counts, and only rows can be
# dealt out, which a note recommends.
said <- function(x) {
  x$call <- NULL
  x$meta$entries <- NULL
  x$meta$notes <- sub("; `distribution = .*", "", x$meta$notes)
  unclass(x)
}
