# Data on real PostgreSQL servers, which helper-postgres.R starts: one that is asked (front), and two that hold a
# region of the registry each (north, south). The rows are in memory as well, so that every answer can be compared.

simulated_registry <- function(n = 20000) {
  set.seed(20, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")
  arm <- sample(c("surgery", "cryoablation", "observation"), n, TRUE)
  months <- as.integer(pmin(ceiling(rexp(n, c(0.01, 0.02, 0.03)[match(arm, sort(unique(arm)))])), 60))
  diagnosed <- as.Date("2005-01-01") + sample.int(5000, n, TRUE)
  data.frame(
    months = months, dead = as.integer(months < 60 & runif(n) < 0.7), cause = sample(0:2, n, TRUE), arm = arm,
    centre = sample(c("A", "B", "C"), n, TRUE), region = sample(c("north", "south"), n, TRUE),
    copies = sample(1:3, n, TRUE), diagnosed = diagnosed, last_seen = diagnosed + sample.int(400, n, TRUE),
    stringsAsFactors = FALSE
  )
}

columns_of_registry <- paste(
  "months integer, dead integer, cause integer, arm text, centre text, region text, copies integer,",
  "diagnosed date, last_seen date"
)

hold_region <- function(server, rows) {
  con <- postgres_connection(server)
  run_sql(con, paste0("CREATE TABLE registry (", columns_of_registry, ")"))
  DBI::dbAppendTable(con, "registry", rows)
  run_sql(con, "CREATE ROLE reader LOGIN", "GRANT SELECT ON registry TO reader")
}

# The table `registry` of the front has no rows of its own; its partitions are tables of the other servers.
join_regions <- function(front, shards) {
  con <- postgres_connection(front)
  run_sql(con, "CREATE EXTENSION postgres_fdw", "CREATE ROLE analyst LOGIN",
    paste0("CREATE TABLE registry (", columns_of_registry, ") PARTITION BY LIST (region)"),
    "GRANT SELECT ON registry TO analyst"
  )
  for (region in names(shards)) {
    run_sql(con,
      sprintf("CREATE SERVER %s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '%s', dbname 'postgres')", region,
        shards[[region]]$data
      ),
      sprintf("CREATE USER MAPPING FOR owner SERVER %s OPTIONS (user 'reader')", region),
      sprintf("CREATE USER MAPPING FOR analyst SERVER %s OPTIONS (user 'reader', password_required 'false')", region),
      sprintf("CREATE FOREIGN TABLE registry_%1$s PARTITION OF registry FOR VALUES IN ('%1$s') SERVER %1$s
        OPTIONS (table_name 'registry')", region),
      sprintf("ANALYZE registry_%s", region)
    )
  }
}

# Started by the first test that asks, and used by all.
here <- new.env()
the_servers <- function() {
  skip_without_postgres()
  if (is.null(here$servers)) {
    here$rows <- simulated_registry()
    here$servers <- postgres_servers(c("front", "north", "south"), envir = testthat::teardown_env())
    for (region in c("north", "south")) {
      hold_region(here$servers[[region]], here$rows[here$rows$region == region, ])
    }
    join_regions(here$servers$front, mget(c("north", "south"), here$servers))
  }
  here$servers
}

analyst <- function(..., envir = parent.frame()) {
  postgres_connection(the_servers()$front, "analyst", c(enable_partitionwise_aggregate = "on"), ..., envir = envir)
}

plan_of <- function(con, sql) DBI::dbGetQuery(con, paste("EXPLAIN (VERBOSE, COSTS OFF)", sql))[[1]]

test_that("an aggregate grouped by the key of the partitions runs on the servers that hold them, another does not", {
  con <- analyst()
  ask <- "SELECT months, dead, arm, COUNT(*) AS n FROM registry GROUP BY months, dead, arm"
  apart <- plan_of(con, paste0(ask, ", region"))
  expect_equal(sum(grepl("Relations: Aggregate on \\(public.registry_(north|south) registry", apart)), 2)
  expect_false(any(grepl("(Hash|Group)?Aggregate$", apart)))
  expect_false(any(grepl("Aggregate on", plan_of(con, ask))))
})
