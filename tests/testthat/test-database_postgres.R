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
      sprintf("GRANT SELECT ON registry_%s TO analyst", region),
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
  # The second keeps its notices, which the driver prints, out of the log.
  settings <- c(enable_partitionwise_aggregate = "on", client_min_messages = "error")
  postgres_connection(the_servers()$front, "analyst", settings, ..., envir = envir)
}

registry_of <- function(con) dplyr::tbl(con, "registry")
bare <- function(result) {
  result$call <- NULL
  result
}
same <- function(far, near) expect_identical(bare(far), bare(near))
failed <- function(expr, pattern = NULL) expect_error(expr, pattern, class = "cryonodes_error_db")

# Nothing that outlives a call: no temporary table, no transaction, no query that still runs or waits to be read.
expect_nothing_left <- function(con) {
  own <- DBI::dbGetQuery(con, "SELECT pg_backend_pid() AS pid")$pid
  watch <- postgres_connection(the_servers()$front)
  state <- DBI::dbGetQuery(watch, "SELECT state FROM pg_stat_activity WHERE pid = $1", params = list(own))$state
  expect_identical(state, "idle")
  made <- DBI::dbGetQuery(watch, "SELECT count(*) AS n FROM pg_class WHERE relpersistence = 't'")$n
  expect_equal(as.double(made), 0)
}

expect_usable <- function(con) {
  same(kaplan_meier(Surv(months, dead) ~ arm, registry_of(con)), kaplan_meier(Surv(months, dead) ~ arm, here$rows))
  expect_nothing_left(con)
}

# A table or view of the front that lives as long as the test.
make_there <- function(name, ..., kind = "VIEW", envir = parent.frame()) {
  con <- postgres_connection(the_servers()$front, envir = envir)
  run_sql(con, paste("CREATE", kind, name, "AS", ...), paste("GRANT SELECT ON", name, "TO analyst"))
  withr::defer(run_sql(con, paste("DROP", kind, name)), envir = envir)
}

# Rows that R has, as a table of the front.
copy_there <- function(rows, name, types = NULL, envir = parent.frame()) {
  con <- postgres_connection(the_servers()$front, envir = envir)
  quoted <- DBI::dbQuoteIdentifier(con, name)
  DBI::dbWriteTable(con, name, rows, field.types = types)
  run_sql(con, paste("GRANT SELECT ON", quoted, "TO analyst"))
  withr::defer(run_sql(con, paste("DROP TABLE", quoted)), envir = envir)
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

test_that("so does the query of this package with `shard`, also with weights, dates and coarser times", {
  con <- analyst()
  pushed <- function(query) {
    sum(grepl("Relations: Aggregate on", plan_of(con, dbplyr::sql_render(query))))
  }
  registry <- registry_of(con)
  expect_equal(pushed(counts_query(Surv(months, dead) ~ arm, registry, shard = region)), 2)
  expect_equal(pushed(counts_query(Surv(months, dead) ~ arm, registry)), 0)
  expect_equal(pushed(counts_query(Surv(months, dead) ~ arm + strata(centre), registry, shard = region)), 2)
  expect_equal(pushed(counts_query(Surv(months, dead) ~ arm, registry, weights = copies, shard = region)), 2)
  expect_equal(pushed(counts_query(Surv(months, dead) ~ arm, registry, breaks = c(12, 24, 60), shard = region)), 2)
  expect_equal(
    pushed(counts_query(Surv(days_between(diagnosed, last_seen), dead) ~ arm, registry, shard = region)), 2
  )
})

test_that("the answers from two servers are those from the rows in memory, bit by bit", {
  con <- analyst()
  there <- registry_of(con)
  rows <- here$rows
  for (data in list(there, dplyr::arrange(dplyr::filter(there, months >= 0), region))) {
    same(kaplan_meier(Surv(months, dead) ~ arm, data), kaplan_meier(Surv(months, dead) ~ arm, rows))
  }
  same(logrank_test(Surv(months, dead) ~ arm + strata(centre), there),
    logrank_test(Surv(months, dead) ~ arm + strata(centre), rows))
  same(cumulative_incidence(Surv(months, cause) ~ arm, there, censor = 0),
    cumulative_incidence(Surv(months, cause) ~ arm, rows, censor = 0))
  same(gray_test(Surv(months, cause) ~ arm, there, censor = 0), gray_test(Surv(months, cause) ~ arm, rows, censor = 0))
  same(restricted_mean(Surv(months, dead) ~ arm, there, tau = 36),
    restricted_mean(Surv(months, dead) ~ arm, rows, tau = 36))
  same(kaplan_meier(Surv(months, dead) ~ arm, there, weights = copies),
    kaplan_meier(Surv(months, dead) ~ arm, rows, weights = copies))
  same(kaplan_meier(Surv(months, dead) ~ arm, there, subset = centre != "A"),
    kaplan_meier(Surv(months, dead) ~ arm, rows, subset = centre != "A"))
  expect_nothing_left(con)
})

test_that("parts counted apart by `shard` add up to the counts of all rows", {
  con <- analyst()
  for (weights in list(NULL, quote(copies))) {
    ask <- function(data, ...) {
      eval(bquote(event_counts(Surv(months, dead) ~ arm, data, weights = .(weights), ...)))
    }
    expect_identical(ask(registry_of(con), shard = region), ask(here$rows))
    expect_identical(ask(registry_of(con)), ask(here$rows))
  }
})

test_that("days between two columns of dates are counted on the servers, leap days and time of day included", {
  con <- analyst()
  same(kaplan_meier(Surv(days_between(diagnosed, last_seen), dead) ~ arm, registry_of(con)),
    kaplan_meier(Surv(days_between(diagnosed, last_seen), dead) ~ arm, here$rows))
  make_there("seen", "SELECT DATE '2020-02-28' AS a, TIMESTAMP '2020-03-01 23:59:59' AS b, true AS dead",
    "UNION ALL SELECT DATE '1899-12-31', TIMESTAMP '1900-03-01 00:00:00', false")
  # 2020 is a leap year, 1900 is not.
  fit <- kaplan_meier(Surv(days_between(a, b), dead) ~ 1, dplyr::tbl(con, "seen"))
  expect_equal(fit$time, c(2, 60))
  expect_equal(fit$n.event, c(1, 0))
})

test_that("every type of number, logical and text counts the same, however the driver is told to read 64 bits", {
  the_servers()
  rows <- here$rows[1:400, c("months", "dead", "arm")]
  copy_there(rows, "typed")
  times <- c("smallint", "integer", "bigint", "real", "double precision", "numeric", "numeric(8,2)")
  statuses <- c("boolean", "smallint", "bigint", "numeric", "double precision", "integer", "numeric(1)")
  groups <- c("text", "varchar(20)", "name", "arms", "text", "arms", "text")
  owner <- postgres_connection(here$servers$front)
  run_sql(owner, "CREATE TYPE arms AS ENUM ('observation', 'surgery', 'cryoablation')")
  withr::defer(run_sql(owner, "DROP TYPE arms CASCADE"))
  near <- kaplan_meier(Surv(months, dead) ~ arm, rows)
  ask <- function(con, time, status, group) {
    data <- dplyr::tbl(con, dplyr::sql(sprintf(
      "SELECT months::%s AS months, dead::%s AS dead, arm::%s AS arm FROM typed",
      time, if (status == "boolean") "integer::boolean" else status, group
    )))
    same(kaplan_meier(Surv(months, dead) ~ arm, data), near)
  }
  con <- analyst()
  for (i in seq_along(times)) ask(con, times[i], statuses[i], groups[i])
  # Counts are 64 bits wide. As text they are read all the same; times as text are refused.
  for (bigint in c("integer64", "integer", "numeric")) ask(analyst(bigint = bigint), "bigint", "bigint", "text")
  text <- analyst(bigint = "character")
  ask(text, "integer", "integer", "text")
  expect_error(ask(text, "bigint", "integer", "text"), class = "cryonodes_error_type")
})

test_that("times with decimals are made coarser on the server as in memory", {
  the_servers()
  set.seed(4)
  rows <- data.frame(time = c(rexp(300), 0.5, 1.5, 2.5, 0.25, 0.125), dead = rbinom(305, 1, 0.6))
  copy_there(rows, "decimals")
  copy_there(rows, "exact", c(time = "numeric", dead = "integer"))
  con <- analyst()
  for (table in c("decimals", "exact")) {
    there <- dplyr::tbl(con, table)
    for (digits in c(0, 2)) {
      expect_identical(event_counts(Surv(time, dead) ~ 1, there, digits = digits),
        event_counts(Surv(time, dead) ~ 1, rows, digits = digits))
    }
    expect_identical(event_counts(Surv(time, dead) ~ 1, there, breaks = c(0.1, 0.5, 1, 10)),
      event_counts(Surv(time, dead) ~ 1, rows, breaks = c(0.1, 0.5, 1, 10)))
  }
})

test_that("weights beyond 32 bits add up exactly, or the driver that cannot hold them is named", {
  con <- analyst()
  make_there("large", "SELECT 1 AS time, 1 AS dead, 3000000000 AS copies FROM generate_series(1, 3)",
    "UNION ALL SELECT 2, 0, 1099511627776")
  counts <- event_counts(Surv(time, dead) ~ 1, dplyr::tbl(con, "large"), weights = copies)
  expect_identical(counts$n.event, c(9e9, 0))
  expect_identical(counts$n.censor, c(0, 2^40))
  make_there("wide", "SELECT 1 AS time, 1 AS dead, 2000000000 AS copies FROM generate_series(1, 3)")
  ask <- function(con) event_counts(Surv(time, dead) ~ 1, dplyr::tbl(con, "wide"), weights = copies, na.action = "omit")
  expect_identical(ask(con)$n.event, 6e9)
  failed(ask(analyst(bigint = "integer")), "too large")
})

test_that("names and labels are data: quotes, semicolons, line breaks and other scripts", {
  the_servers()
  labels <- c(
    "'; DROP TABLE registry; --", "a\"b", "\\' OR 1=1", "two\nlines", "\u6771\u4eac", "%s {x} $1", "\U1F600", ""
  )
  set.seed(8)
  rows <- data.frame(t = sample.int(9, 200, TRUE), d = rbinom(200, 1, 0.5), g = sample(labels, 200, TRUE))
  names <- c("a\"; DROP TABLE registry; --", "Gr\u00f6\u00dfe (\u00b5m)", "it's")
  names(rows) <- names
  table <- "ta\"ble'; DROP TABLE registry; --"
  copy_there(rows, table)
  con <- analyst()
  formula <- eval(bquote(Surv(.(as.name(names[1])), .(as.name(names[2]))) ~ .(as.name(names[3]))))
  same(kaplan_meier(formula, dplyr::tbl(con, table)), kaplan_meier(formula, rows))
  # The names that the query itself gives to its columns.
  for (taken in list(c("cells", "weight", "shard"), c("days", "n", "weight_kind"), c("cells_1", "weight_1", "cells"))) {
    names(rows) <- taken
    name <- paste(taken, collapse = " ")
    copy_there(rows, name)
    formula <- eval(bquote(Surv(.(as.name(taken[1])), .(as.name(taken[2]))) ~ .(as.name(taken[3]))))
    ask <- function(data) {
      eval(bquote(kaplan_meier(.(formula), data, weights = .(as.name(taken[1])))))
    }
    same(ask(dplyr::tbl(con, name)), ask(rows))
    apart <- eval(bquote(event_counts(.(formula), dplyr::tbl(con, name), shard = .(as.name(taken[3])))))
    expect_identical(apart, event_counts(formula, rows))
  }
  expect_usable(con)
})

test_that("what is wrong in the rows is found and refused as in memory, with how many rows", {
  the_servers()
  ok <- data.frame(time = c(1, 2, 3), dead = c(1, 0, 1), arm = "a")
  wrong <- list(
    time = list(NaN, -2, Inf, NA), dead = list(7, NA, NaN), arm = list(NA)
  )
  con <- analyst()
  for (column in names(wrong)) {
    for (i in seq_along(wrong[[column]])) {
      bad <- ok[c(1, 2, 2), ]
      bad[[column]] <- wrong[[column]][[i]]
      rows <- rbind(ok, bad)
      name <- paste(column, i)
      copy_there(rows, name)
      there <- dplyr::tbl(con, name)
      near <- rlang::catch_cnd(kaplan_meier(Surv(time, dead) ~ arm, rows), "error")
      far <- rlang::catch_cnd(kaplan_meier(Surv(time, dead) ~ arm, there), "error")
      expect_s3_class(near, "cryonodes_error")
      expect_identical(class(far), class(near))
      expect_match(conditionMessage(far), "\\b3\\b")
      if (inherits(near, "cryonodes_error_missing")) {
        kept <- kaplan_meier(Surv(time, dead) ~ arm, there, na.action = "omit")
        expect_identical(tidy(kept), tidy(kaplan_meier(Surv(time, dead) ~ arm, ok)))
        expect_identical(kept$n, 3L)
      }
    }
  }
  expect_nothing_left(con)
})

test_that("a shard that is down is an error and not half an answer; the other goes on, and so does the connection", {
  con <- analyst()
  north <- here$rows[here$rows$region == "north", ]
  expect_usable(con)
  postgres_kill(here$servers$south)
  withr::defer(if (!here$servers$south$process$is_alive()) here$servers$south <- postgres_start(here$servers$south))
  failed(kaplan_meier(Surv(months, dead) ~ arm, registry_of(con)), "south|connect")
  failed(event_counts(Surv(months, dead) ~ arm, registry_of(con), shard = region))
  same(kaplan_meier(Surv(months, dead) ~ arm, dplyr::tbl(con, "registry_north")),
    kaplan_meier(Surv(months, dead) ~ arm, north))
  expect_nothing_left(con)
  here$servers$south <- postgres_start(here$servers$south)
  expect_usable(con)
})

# A column that ends the session which reads it, at the row of the 59th month.
deadly <- "dead + CASE WHEN months = 59 THEN pg_terminate_backend(pg_backend_pid())::integer ELSE 0 END AS dead"

test_that("a shard lost while it counts is an error and not half an answer", {
  con <- analyst()
  south <- postgres_connection(here$servers$south)
  run_sql(south, paste("CREATE VIEW lost AS SELECT months,", deadly, ", arm FROM registry"),
    "GRANT SELECT ON lost TO reader")
  owner <- postgres_connection(here$servers$front)
  run_sql(owner,
    "CREATE FOREIGN TABLE lost (months integer, dead integer, arm text) SERVER south OPTIONS (table_name 'lost')",
    "GRANT SELECT ON lost TO analyst"
  )
  withr::defer(run_sql(owner, "DROP FOREIGN TABLE lost"))
  make_there("half_lost", "SELECT months, dead, arm FROM registry_north UNION ALL SELECT months, dead, arm FROM lost")
  failed(kaplan_meier(Surv(months, dead) ~ arm, dplyr::tbl(con, "half_lost")))
  expect_usable(con)
})

test_that("a connection lost in mid-query is an error, and a new one has the answer", {
  con <- analyst()
  make_there("fatal", "SELECT months,", deadly, ", arm FROM registry")
  fatal <- dplyr::tbl(con, "fatal")
  failed(kaplan_meier(Surv(months, dead) ~ arm, fatal))
  # Lost before the query: the next is refused too, whatever it asks.
  failed(kaplan_meier(Surv(months, dead) ~ arm, fatal))
  expect_usable(analyst())
})

test_that("who may not read gets the database's refusal", {
  con <- analyst()
  make_there("secret", "SELECT * FROM registry")
  secret <- dplyr::tbl(con, "secret")
  run_sql(postgres_connection(here$servers$front), "REVOKE SELECT ON secret FROM analyst")
  failed(kaplan_meier(Surv(months, dead) ~ 1, secret), "permission denied")
  expect_usable(con)
})

test_that("a database that may only be read is enough", {
  con <- analyst()
  run_sql(con, "SET default_transaction_read_only = on")
  expect_usable(con)
  DBI::dbBegin(con)
  same(event_counts(Surv(months, dead) ~ arm, registry_of(con), weights = copies),
    event_counts(Surv(months, dead) ~ arm, here$rows, weights = copies))
  DBI::dbCommit(con)
  expect_error(run_sql(con, "CREATE TABLE more (x integer)"), "read-only")
})

test_that("a full disk for temporary files and a query that takes too long are errors; the connection goes on", {
  the_servers()
  con <- postgres_connection(here$servers$front,
    settings = c(work_mem = "64kB", hash_mem_multiplier = "1", temp_file_limit = "64kB", statement_timeout = "700ms")
  )
  make_there("many", "SELECT i AS months, i % 2 AS dead FROM generate_series(1, 100000) i")
  failed(kaplan_meier(Surv(months, dead) ~ 1, dplyr::tbl(con, "many")), "temp_file_limit")
  expect_nothing_left(con)
  make_there("slow", "SELECT months, dead FROM registry_north, pg_sleep(20)")
  started <- Sys.time()
  failed(kaplan_meier(Surv(months, dead) ~ 1, dplyr::tbl(con, "slow")), "statement timeout")
  expect_lt(as.double(Sys.time() - started, units = "secs"), 10)
  run_sql(con, "RESET temp_file_limit", "RESET work_mem", "RESET statement_timeout")
  expect_usable(con)
})

test_that("a result left open, too many combinations and several pages leave the connection as it should be", {
  con <- analyst()
  open <- DBI::dbSendQuery(con, "SELECT generate_series(1, 10)")
  # The driver says that it closes it, as it does to everybody.
  expect_warning(kaplan_meier(Surv(months, dead) ~ arm, registry_of(con)), "open result")
  expect_usable(con)
  long <- dplyr::tbl(con, dplyr::sql("SELECT i AS months, i % 2 AS dead FROM generate_series(1, 150000) i"))
  rows <- data.frame(months = 1:150000, dead = 1:150000 %% 2L)
  expect_identical(event_counts(Surv(months, dead) ~ 1, long), event_counts(Surv(months, dead) ~ 1, rows))
  withr::with_options(list(cryonodes.max_cells = 120000), {
    expect_error(event_counts(Surv(months, dead) ~ 1, long), "120000", class = "cryonodes_error_memory")
  })
  expect_usable(con)
})

test_that("a failed query in a transaction leaves the transaction to its owner", {
  con <- analyst()
  DBI::dbBegin(con)
  by_zero <- dplyr::mutate(registry_of(con), months = months / 0L)
  failed(kaplan_meier(Surv(months, dead) ~ 1, by_zero), "division by zero")
  DBI::dbRollback(con)
  expect_usable(con)
})

test_that("what is drawn by a seed does not depend on the order in which the server answers", {
  con <- analyst()
  ask <- function() {
    bare(cluster_bootstrap(Surv(months, dead) ~ arm, registry_of(con), cluster = diagnosed, times = 12,
      subset = centre == "A", replicates = 20, seed = 1
    ))
  }
  order_of <- function() dplyr::collect(counts_query(Surv(months, dead) ~ arm, registry_of(con)))$months
  run_sql(con, "SET enable_hashagg = off")
  sorted <- list(ask(), order_of())
  run_sql(con, "SET enable_hashagg = on", "SET enable_sort = off")
  hashed <- list(ask(), order_of())
  expect_false(identical(sorted[[2]], hashed[[2]]))
  expect_identical(sorted[[1]], hashed[[1]])
})

# Another R process asks a table and is interrupted; then it asks the registry, on the same connection. It does so
# twice: the driver asks for interrupts while it waits if it is told to, else when the server has answered.
interrupted_session <- function(socket) {
  Sys.setenv(TZ = "UTC")
  library(cryonodes)
  open <- function(...) DBI::dbConnect(RPostgres::Postgres(), host = socket, dbname = "postgres", ...)
  watch <- open(user = "owner")
  ask <- function(table, check_interrupts) {
    con <- open(user = "analyst", check_interrupts = check_interrupts, application_name = table)
    first <- tryCatch(
      {
        kaplan_meier(Surv(months, dead) ~ 1, dplyr::tbl(con, table))
        "answered"
      },
      interrupt = function(i) "interrupted", error = function(e) conditionMessage(e)
    )
    second <- kaplan_meier(Surv(months, dead) ~ arm, dplyr::tbl(con, "registry"))
    second$call <- NULL
    pid <- DBI::dbGetQuery(con, "SELECT pg_backend_pid() AS pid")$pid
    list(
      first = first, second = second,
      state = DBI::dbGetQuery(watch, paste0("SELECT state FROM pg_stat_activity WHERE pid = ", pid))$state,
      made = DBI::dbGetQuery(watch, "SELECT count(*)::integer AS n FROM pg_class WHERE relpersistence = 't'")$n
    )
  }
  list(ask("slow", TRUE), ask("slowish", FALSE))
}

# When the server is at it.
interrupt_session <- function(job, table) {
  watch <- postgres_connection(the_servers()$front)
  until <- Sys.time() + 20
  repeat {
    busy <- DBI::dbGetQuery(watch, "SELECT wait_event FROM pg_stat_activity WHERE application_name = $1", list(table))
    if ("PgSleep" %in% busy$wait_event) return(job$interrupt())
    if (!job$is_alive() || Sys.time() > until) return(FALSE)
    Sys.sleep(0.05)
  }
}

test_that("who interrupts has no answer, leaves nothing behind and keeps the connection", {
  the_servers()
  near <- bare(kaplan_meier(Surv(months, dead) ~ arm, here$rows))
  make_there("slow", "SELECT months, dead FROM registry_north, pg_sleep(20)")
  make_there("slowish", "SELECT months, dead FROM registry_north, pg_sleep(1)")
  job <- callr::r_bg(interrupted_session, list(here$servers$front$data), libpath = .libPaths(), error = "error")
  withr::defer(job$kill())
  for (table in c("slow", "slowish")) expect_true(interrupt_session(job, table))
  job$wait(15000)
  for (found in job$get_result()) {
    expect_identical(found$first, "interrupted")
    expect_identical(found$second, near)
    expect_identical(found$state, "idle")
    expect_identical(found$made, 0L)
  }
})
