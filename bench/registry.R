# What counting costs where the rows are: 10^5 rows and more in pieces, in a csv file, in SQLite and in PostgreSQL; and in
# memory against survfit(), survdiff(), data.table and the floor (floor.cpp). Each case in a fresh process.
#
#   Rscript bench/registry.R [most rows: 1e6] [results: inst/extdata/registry_runs.csv] [case ...]
#
# appends a row for each case and size; the vignette `registry` reads the latest. Cases: loaded chunks csv sqlite postgres
# memory merge panels; all of them if none is named. `loaded` sees no rows: the memory that packages take. PostgreSQL is started here, in a directory of its own, and stopped after.
# In memory there are at most 10^7 rows, in the csv file too.
#
# The columns: `seconds` the call; `seconds.apart` what of it is not ours: making the rows (chunks), the query alone
# (databases; EXPLAIN ANALYZE in PostgreSQL, `seconds.explain`); `seconds.load` putting the rows there; `cells`, `bytes`:
# how many counts travelled from a database (of pieces and files: were kept), and how long they are as text; `mb.rows`
# what the rows take where they are; `mb.start`, `mb.peak` the process before and at its peak (Linux only), `mb.r` R's own
# peak; `answer` the chi-square of the log-rank test, which must be the same number wherever the same rows are.

# --- The rows: arithmetic on the number of the row, exact in doubles and in 64 bits, so that all have the same ones. -----

modulus <- 2147483647
multiplier <- c(dies = 86028121, leaves = 74207281, cause = 57885161, arm = 43112609, centre = 32582657)
scales <- c(ablation = 4200, surgery = 3600)
size_of_piece <- 1e5
breaks_of_panels <- 30 * 1:122

simulated <- function(from, to) {
  i <- seq(from, to)
  draw <- function(what) (i * multiplier[[what]]) %% modulus
  arm <- 1L + (draw("arm") %% 2 == 0)
  dies <- ceiling(-unname(scales)[arm] * log((draw("dies") + 1) / 2147483648))
  leaves <- draw("leaves") %% 3650 + 1
  data.frame(
    days = as.integer(pmin(dies, leaves)),
    status = ifelse(dies <= leaves, 1L + (draw("cause") %% 10 < 4), 0L),
    arm = structure(arm, levels = names(scales), class = "factor"),
    centre = as.integer(draw("centre") %% 20)
  )
}

pieces <- function(n, clock = NULL) {
  function(i) {
    from <- (i - 1) * size_of_piece + 1
    if (from > n) return(NULL)
    start <- proc.time()[["elapsed"]]
    out <- simulated(from, min(n, i * size_of_piece))
    if (!is.null(clock)) clock$seconds <- clock$seconds + proc.time()[["elapsed"]] - start
    out
  }
}

simulated_sql <- function(series, ln) {
  draw <- function(what) sprintf("(i * %.0f %% %.0f)", multiplier[[what]], modulus)
  paste0(
    "SELECT CASE WHEN dies <= leaves THEN dies ELSE leaves END AS days,",
    " CASE WHEN dies > leaves THEN 0 WHEN cause < 4 THEN 2 ELSE 1 END AS status,",
    " CASE WHEN arm = 0 THEN 'surgery' ELSE 'ablation' END AS arm, centre",
    " FROM (SELECT CAST(ceil(-(CASE WHEN ", draw("arm"), " % 2 = 0 THEN ", scales[["surgery"]], " ELSE ",
    scales[["ablation"]], " END) * ", ln, "(CAST(", draw("dies"), " + 1 AS DOUBLE PRECISION) / 2147483648))",
    " AS INTEGER) AS dies, CAST(", draw("leaves"), " % 3650 + 1 AS INTEGER) AS leaves, CAST(", draw("cause"),
    " % 10 AS INTEGER) AS cause, CAST(", draw("arm"), " % 2 AS INTEGER) AS arm, CAST(", draw("centre"),
    " % 20 AS INTEGER) AS centre FROM ", series, ") AS drawn"
  )
}

# --- Measuring ------------------------------------------------------------------------------------------------------------

status_mb <- function(what) {
  file <- file.path("", "proc", "self", "status")
  if (!file.exists(file)) return(NA)
  as.numeric(gsub("[^0-9]", "", grep(what, readLines(file), value = TRUE))) / 1024
}

measured <- function(work) {
  for (i in 1:3) gc(reset = TRUE)
  # The peak of the process starts anew.
  refs <- file.path("", "proc", "self", "clear_refs")
  if (file.exists(refs)) try(cat("5", file = refs), silent = TRUE)
  start <- status_mb("VmRSS")
  seconds <- system.time(value <- work(), gcFirst = FALSE)[["elapsed"]]
  list(value = value, row = data.frame(
    seconds = round(seconds, 3), mb.start = round(start, 1), mb.peak = round(status_mb("VmHWM"), 1),
    mb.r = round(sum(gc()[, 6]), 1)
  ))
}

# So that what a case loads is loaded and what R compiles at the second call of a function is compiled (it takes up to
# 100 MB while it does).
warm_up <- function(work) for (i in 1:3) work()

by_arm <- Surv(days, status) ~ arm
by_centre <- Surv(days, status) ~ arm + strata(centre)

counts_row <- function(case, what, n, data, formula, ...) {
  run <- measured(function() {
    counts <- cryonodes::event_counts(formula, data = data)
    list(counts = counts, test = cryonodes::logrank_test(counts))
  })
  stopifnot(sum(run$value$counts$n.event, run$value$counts$n.censor) == n)
  counts <- run$value$counts
  causes <- grep("^n[.]event[.]", names(counts), value = TRUE)
  # Each cell is a count of the table that is not 0.
  cells <- sum(as.matrix(as.data.frame(counts)[c(causes, "n.censor")]) > 0)
  row_of(case, what, n, run$row, answer = run$value$test$statistic[[1]], cells = cells, ...)
}

row_of <- function(case, what, n, run, ...) {
  given <- list(...)
  blank <- list(
    seconds.apart = NA, seconds.explain = NA, seconds.load = NA, cells = NA, bytes = NA, mb.rows = NA, answer = NA
  )
  row <- c(list(case = case, what = what, rows = n), run, utils::modifyList(blank, given))
  row$answer <- if (is.na(row$answer)) "" else format(row$answer, digits = 15)
  as.data.frame(row)
}

# How long a table is as text, which is how PostgreSQL sends it.
text_bytes <- function(cells) sum(nchar(do.call(paste, c(unname(as.list(cells)), sep = ",")), "bytes") + 1)

# --- The cases, each in its own process -----------------------------------------------------------------------------------

open_sqlite <- function(where, read_only = TRUE) {
  DBI::dbConnect(RSQLite::SQLite(), where, flags = if (read_only) RSQLite::SQLITE_RO else RSQLite::SQLITE_RWC)
}
open_postgres <- function(where) {
  DBI::dbConnect(RPostgres::Postgres(), host = where, dbname = "postgres", user = "postgres")
}

in_database <- function(case, what, n, con, formula) {
  on.exit(DBI::dbDisconnect(con))
  registry <- dplyr::tbl(con, "registry")
  warm_up(function() {
    cryonodes::event_counts(formula, data = dplyr::tbl(con, dbplyr::sql("SELECT * FROM registry LIMIT 100")))
  })
  query <- cryonodes::counts_query(formula, data = registry)
  sql <- dbplyr::sql_render(query)
  explain <- NA
  # First the query alone: it also brings what the cache can hold of the table.
  alone <- system.time(cells <- DBI::dbGetQuery(con, sql))[["elapsed"]]
  if (case == "postgres") {
    plan <- DBI::dbGetQuery(con, paste("EXPLAIN (ANALYZE, TIMING OFF)", sql))[[1]]
    explain <- as.numeric(gsub("[^0-9.]", "", grep("^Execution Time", plan, value = TRUE))) / 1000
    message(paste(plan, collapse = "\n"))
  }
  n_cells <- nrow(cells)
  bytes <- text_bytes(cells)
  rm(cells)
  out <- counts_row(case, what, n, registry, formula)
  stopifnot(out$cells == n_cells)
  out$bytes <- bytes
  out$seconds.apart <- round(alone, 3)
  out$seconds.explain <- round(explain, 3)
  out
}

# The event table of n rows, as counts of a life table: a shard of a large one.
shard_counts <- function(n) cryonodes::event_counts(by_arm, data = cryonodes::chunks(pieces(n), progress = FALSE))

one <- list(
  loaded = function(n, where) {
    if (where == "database") {
      con <- open_sqlite(":memory:", read_only = FALSE)
      on.exit(DBI::dbDisconnect(con))
      DBI::dbWriteTable(con, "registry", simulated(1, 100))
      warm_up(function() cryonodes::event_counts(by_arm, data = dplyr::tbl(con, "registry")))
    } else {
      warm_up(function() shard_counts(1000))
    }
    row_of("loaded", where, n, measured(function() NULL)$row)
  },
  chunks = function(n, where) {
    warm_up(function() shard_counts(1000))
    clock <- list2env(list(seconds = 0))
    out <- counts_row("chunks", "arm", n, cryonodes::chunks(pieces(n, clock), progress = FALSE), by_arm)
    # The first piece is read twice, for its names.
    out$seconds.apart <- round(clock$seconds, 3)
    out$mb.rows <- round(as.numeric(utils::object.size(simulated(1, min(n, size_of_piece)))) * n /
      min(n, size_of_piece) / 1e6, 1)
    out
  },
  csv = function(n, where) {
    data <- cryonodes::csv_chunks(where, rows = 1e5, progress = FALSE, nThread = 1)
    few <- tempfile()
    writeLines(readLines(where, 100), few)
    warm_up(function() {
      cryonodes::event_counts(by_arm, data = cryonodes::csv_chunks(few, progress = FALSE, nThread = 1))
    })
    out <- counts_row("csv", "arm", n, data, by_arm)
    out$mb.rows <- round(file.size(where) / 1e6, 1)
    out
  },
  sqlite = function(n, where) in_database("sqlite", "arm", n, open_sqlite(where), by_arm),
  postgres = function(n, where) in_database("postgres", "arm", n, open_postgres(where), by_arm),
  postgres_centre = function(n, where) in_database("postgres", "arm and centre", n, open_postgres(where), by_centre),
  memory = function(n, where) {
    rows <- simulated(1, n)
    rows$died <- rows$status > 0
    death <- Surv(days, died) ~ arm
    peer <- function(package) paste0(package, " ", utils::packageVersion(package))
    at <- 1826
    what <- switch(where,
      kaplan_meier = list("kaplan_meier()", function() {
        fit <- cryonodes::kaplan_meier(death, data = rows)
        cryonodes::rates(fit, at)$estimate[1]
      }),
      survfit = list(paste0("survfit(), ", peer("survival")), function() {
        summary(survival::survfit(death, data = rows), times = at)$surv[1]
      }),
      logrank = list("logrank_test()", function() cryonodes::logrank_test(death, data = rows)$statistic[[1]]),
      survdiff = list(paste0("survdiff(), ", peer("survival")), function() {
        survival::survdiff(death, data = rows)$chisq
      }),
      counting = list("event_counts()", function() sum(cryonodes::event_counts(death, data = rows)$n.event)),
      data.table = {
        data.table::setDTthreads(as.integer(Sys.getenv("BENCH_THREADS", "1")))
        rows <- data.table::as.data.table(rows)
        list(paste0("counts, ", peer("data.table"), ", threads: ", data.table::getDTthreads()), function() {
          counts <- rows[, list(N = .N), keyby = c("arm", "days", "died")]
          sum(counts$N[counts$died])
        })
      },
      floor = {
        rows$days <- as.double(rows$days)
        floor_km <- compiled_floor()
        list("floor: one group, C++", function() floor_km(rows$days, rows$died, TRUE))
      }
    )
    # First calls load code; peers that take minutes run once.
    whole <- rows
    rows <- whole[seq_len(1000), ]
    what[[2]]()
    rows <- whole
    rm(whole)
    runs <- if (n > 1e6 && where %in% c("survfit", "survdiff")) 1 else 3
    all <- replicate(runs, measured(what[[2]]), simplify = FALSE)
    run <- all[[1]]$row
    run$seconds <- round(stats::median(vapply(all, function(x) x$row$seconds, 0)), 4)
    row_of("memory", what[[1]], n, run, answer = all[[1]]$value,
      mb.rows = round(as.numeric(utils::object.size(rows)) / 1e6, 1)
    )
  },
  merge = function(n, where) {
    # A hundred shards of n rows each, as the reader of a cluster gets them.
    shard <- shard_counts(min(n, 1e6))
    more <- round(n / min(n, 1e6))
    shards <- rep(list(cryonodes::event_counts(
      shard$time, shard$n.event * more, shard$n.censor * more, group = factor(shard$group)
    )), 100)
    run <- measured(function() cryonodes::logrank_test(do.call(c, shards)))
    row_of("merge", "100 shards of this many rows", n, run$row, answer = run$value$statistic[[1]],
      cells = 100 * nrow(shard)
    )
  },
  panels = function(n, where) {
    # The counts behind the panels of the vignette: at the ends of 30 days, a csv of a few kB.
    run <- measured(function() {
      cryonodes::event_counts(by_arm,
        data = cryonodes::chunks(pieces(n), progress = FALSE), breaks = breaks_of_panels
      )
    })
    counts <- as.data.frame(run$value)
    counts <- data.frame(counts[c("group", "time")],
      disease = counts$n.event.1, other = counts$n.event.2, censored = counts$n.censor
    )
    utils::write.csv(counts, where, row.names = FALSE, quote = FALSE)
    row_of("panels", "counts in steps of 30 days", n, run$row, cells = nrow(counts), bytes = file.size(where))
  }
)

compiled_floor <- function() {
  folder <- tempfile("floor")
  dir.create(folder)
  file.copy(file.path(dirname(this_script()), "floor.cpp"), folder)
  library_file <- file.path(folder, paste0("floor", .Platform$dynlib.ext))
  system2(file.path(R.home("bin"), "R"),
    c("CMD", "SHLIB", "-o", shQuote(library_file), shQuote(file.path(folder, "floor.cpp"))),
    stdout = FALSE, stderr = FALSE
  )
  address <- getNativeSymbolInfo("floor_km", dyn.load(library_file))
  function(time, event, whole) .Call(address, time, event, whole)
}

this_script <- function() {
  sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1])
}

# --- Databases are filled by their own arithmetic; no row passes through R. ------------------------------------------------

fill_sqlite <- function(where, n) {
  con <- open_sqlite(where, read_only = FALSE)
  on.exit(DBI::dbDisconnect(con))
  DBI::dbExecute(con, "PRAGMA journal_mode = OFF")
  DBI::dbExecute(con, "PRAGMA synchronous = OFF")
  # Where SQLite has no ln(), its extension calls it log().
  ln <- tryCatch({
    DBI::dbGetQuery(con, "SELECT ln(2.0)")
    "ln"
  }, error = function(e) {
    RSQLite::initExtension(con, "math")
    "log"
  })
  series <- sprintf("(WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < %.0f) SELECT i FROM s)", n)
  DBI::dbExecute(con, "CREATE TABLE registry (days INTEGER, status INTEGER, arm TEXT, centre INTEGER)")
  system.time(DBI::dbExecute(con, paste("INSERT INTO registry", simulated_sql(series, ln))))[["elapsed"]]
}

fill_postgres <- function(where, n) {
  con <- open_postgres(where)
  on.exit(DBI::dbDisconnect(con))
  DBI::dbExecute(con, "DROP TABLE IF EXISTS registry")
  series <- sprintf("(SELECT generate_series(1, CAST(%.0f AS BIGINT)) AS i) AS s", n)
  sql <- paste("CREATE UNLOGGED TABLE registry AS", simulated_sql(series, "ln"))
  seconds <- system.time(DBI::dbExecute(con, sql))[["elapsed"]]
  DBI::dbExecute(con, "VACUUM ANALYZE registry")
  size <- DBI::dbGetQuery(con, "SELECT CAST(pg_total_relation_size('registry') AS DOUBLE PRECISION) AS size")$size
  c(seconds = seconds, mb = size / 1e6)
}

# A server of one's own: a directory, no network. It does not run as root.
start_postgres <- function() {
  bin <- utils::tail(sort(Sys.glob(file.path("", "usr", "lib", "postgresql", "*", "bin"))), 1)
  if (!length(bin) || !requireNamespace("RPostgres", quietly = TRUE)) return(NULL)
  folder <- tempfile("pg", dirname(tempdir()))
  dir.create(folder, mode = "0755")
  root <- Sys.info()[["effective_user"]] == "root"
  run <- function(command, args) {
    command <- file.path(bin, command)
    quiet <- file.path(tempdir(), "pg.log")
    if (root) {
      args <- c("-u", "postgres", "--", command, args)
      command <- "runuser"
    }
    status <- system2(command, args, stdout = quiet, stderr = quiet)
    if (status != 0) stop("PostgreSQL: ", paste(readLines(quiet), collapse = "\n"))
  }
  if (root) system2("chown", c("postgres", folder))
  data <- file.path(folder, "data")
  run("initdb", c("-D", data, "-U", "postgres", "-A", "trust", "--no-sync"))
  options <- shQuote(paste0("-c listen_addresses='' -c unix_socket_directories=", folder, " -c fsync=off"))
  run("pg_ctl", c("-D", data, "-l", file.path(folder, "log"), "-w", "-o", options, "start"))
  list(where = folder, stop = function() {
    try(run("pg_ctl", c("-D", data, "-m", "immediate", "-w", "stop")))
    unlink(folder, recursive = TRUE)
  })
}

# --- All of it -------------------------------------------------------------------------------------------------------------

fresh <- function(case, n, where = "-") {
  out <- tempfile(fileext = ".csv")
  status <- system2(file.path(R.home("bin"), "Rscript"),
    c(shQuote(this_script()), "--one", case, format(n, scientific = FALSE), shQuote(where), shQuote(out))
  )
  if (status != 0 || !file.exists(out)) {
    message("failed: ", case, ", ", n, " rows")
    return(NULL)
  }
  utils::read.csv(out, colClasses = c(answer = "character"))
}

machine <- function() {
  memory <- file.path("", "proc", "meminfo")
  gb <- if (file.exists(memory)) round(as.numeric(gsub("[^0-9]", "", readLines(memory)[1])) / 2^20) else NA
  data.frame(
    date = format(Sys.Date()), cores = parallel::detectCores(), memory.gb = gb, r = as.character(getRversion())
  )
}

run_all <- function(most, results, cases) {
  add <- function(row) {
    if (is.null(row)) return(invisible())
    row <- cbind(row, machine())
    print(row, row.names = FALSE)
    known <- file.exists(results)
    utils::write.table(row, results,
      sep = ",", append = known, col.names = !known, row.names = FALSE, na = "", qmethod = "double"
    )
  }
  # Otherwise packages ask the system for the time zone, which may have nobody to ask.
  if (!nzchar(Sys.getenv("TZ"))) Sys.setenv(TZ = "UTC")
  sizes <- function(largest = Inf) 10^(5:8)[10^(5:8) <= min(most, largest)]
  folder <- tempfile("registry")
  dir.create(folder)
  on.exit(unlink(folder, recursive = TRUE))
  if ("loaded" %in% cases) for (what in c("pieces", "database")) add(fresh("loaded", 0, what))
  if ("chunks" %in% cases) for (n in sizes()) add(fresh("chunks", n))
  if ("csv" %in% cases && requireNamespace("data.table", quietly = TRUE)) {
    for (n in sizes(1e7)) {
      file <- file.path(folder, "registry.csv")
      read <- pieces(n)
      i <- 0
      while (!is.null(piece <- read(i <- i + 1))) data.table::fwrite(piece, file, append = i > 1)
      add(fresh("csv", n, file))
      unlink(file)
    }
  }
  if ("sqlite" %in% cases && requireNamespace("RSQLite", quietly = TRUE)) {
    for (n in sizes()) {
      file <- file.path(folder, "registry.sqlite")
      seconds <- fill_sqlite(file, n)
      row <- fresh("sqlite", n, file)
      if (!is.null(row)) row[c("seconds.load", "mb.rows")] <- round(c(seconds, file.size(file) / 1e6), 1)
      add(row)
      unlink(file)
    }
  }
  server <- if ("postgres" %in% cases) start_postgres()
  if (!is.null(server)) {
    on.exit(server$stop(), add = TRUE)
    for (n in sizes()) {
      loaded <- round(fill_postgres(server$where, n), 1)
      for (case in c("postgres", "postgres_centre")) {
        row <- fresh(case, n, server$where)
        if (!is.null(row)) row[c("seconds.load", "mb.rows")] <- loaded
        add(row)
      }
    }
  }
  if ("memory" %in% cases) {
    for (n in sizes(1e7)) {
      for (who in c("kaplan_meier", "survfit", "logrank", "survdiff", "counting", "data.table", "floor")) {
        add(fresh("memory", n, who))
      }
    }
  }
  if ("merge" %in% cases) for (n in sizes()) add(fresh("merge", n))
  if ("panels" %in% cases) {
    add(fresh("panels", max(sizes(1e7)), file.path(dirname(results), "registry_panels.csv")))
  }
  same_answers(utils::read.csv(results, colClasses = c(answer = "character")))
}

# The same rows have one chi-square, wherever they are.
same_answers <- function(rows) {
  rows <- rows[rows$case %in% c("chunks", "csv", "sqlite", "postgres") & rows$what == "arm" & nzchar(rows$answer), ]
  for (found in split(rows$answer, rows$rows)) stopifnot(length(unique(found)) == 1)
  invisible(rows)
}

given <- commandArgs(trailingOnly = TRUE)
suppressPackageStartupMessages(library(cryonodes))
if (length(given) && given[1] == "--one") {
  row <- one[[given[2]]](as.numeric(given[3]), given[4])
  utils::write.csv(row, given[5], row.names = FALSE, na = "")
} else {
  every <- c("loaded", "chunks", "csv", "sqlite", "postgres", "memory", "merge", "panels")
  most <- if (length(given)) as.numeric(given[1]) else 1e6
  results <- if (length(given) > 1) given[2] else file.path("inst", "extdata", "registry_runs.csv")
  cases <- if (length(given) > 2) given[-(1:2)] else every
  stopifnot(is.finite(most), most >= 1e5, cases %in% every)
  run_all(most, results, cases)
}
