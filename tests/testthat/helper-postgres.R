# Real PostgreSQL servers, each in a directory of its own that nobody else may enter: a Unix socket there, no TCP. They
# are stopped and their directories removed when the test file ends; they also stop if this process is killed.
# Not part of the built package (.Rbuildignore), so that RPostgres, which only these tests use, is nobody's dependency.

postgres_binary <- function(name) {
  found <- Sys.glob(file.path("/usr/lib/postgresql/*/bin", name))
  if (length(found)) utils::tail(found, 1) else ""
}

skip_without_postgres <- function() {
  if (postgres_binary("postgres") == "" || postgres_binary("initdb") == "") skip("postgres is not installed")
  skip_if_not_installed("RPostgres")
  skip_if_not_installed("dbplyr")
}

# The server refuses to run as root.
postgres_user <- function() {
  if (Sys.info()[["effective_user"]] != "root") return(NULL)
  if (system2("id", "postgres", stdout = FALSE, stderr = FALSE) == 0) "postgres" else "nobody"
}

as_postgres_user <- function(args, ...) {
  user <- postgres_user()
  drop <- if (!is.null(user)) c(paste0("--reuid=", user), "--regid", system2("id", c("-g", user), stdout = TRUE),
    "--clear-groups")
  processx::process$new("setpriv", c(drop, "--pdeathsig", "INT", args), ...)
}

# Servers by name, with nothing in them; each can be started and stopped. `user` may do everything on them.
postgres_servers <- function(names, envir = parent.frame()) {
  # Not in tempdir(), which the server's user could not enter, and short, as the name of a socket has to be.
  home <- tempfile("pg", dirname(tempdir()))
  dir.create(home, mode = "0700")
  user <- postgres_user()
  if (!is.null(user)) system2("chown", c(user, home))
  servers <- new.env()
  withr::defer(
    {
      for (name in ls(servers)) postgres_stop(servers[[name]])
      unlink(home, recursive = TRUE)
    },
    envir = envir
  )
  data <- file.path(home, names)
  log <- file.path(home, "initdb.log")
  made <- as_postgres_user(
    c(postgres_binary("initdb"), "-D", data[1], "-U", "owner", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"),
    stdout = log, stderr = "2>&1", wd = home
  )
  made$wait()
  if (made$get_exit_status() != 0) stop(paste(c("initdb failed", readLines(log)), collapse = "\n"))
  for (copy in data[-1]) system2("cp", c("-a", data[1], copy))
  for (i in seq_along(names)) {
    servers[[names[i]]] <- list(data = data[i], log = paste0(data[i], ".log"), process = NULL)
    servers[[names[i]]] <- postgres_start(servers[[names[i]]])
  }
  servers
}

postgres_start <- function(server) {
  settings <- c(
    listen_addresses = "", unix_socket_directories = server$data, fsync = "off", synchronous_commit = "off",
    shared_buffers = "16MB", max_connections = "20", autovacuum = "off", jit = "off"
  )
  server$process <- as_postgres_user(
    c(postgres_binary("postgres"), "-D", server$data, rbind("-c", paste0(names(settings), "=", settings))),
    stdout = server$log, stderr = "2>&1", wd = server$data
  )
  until <- Sys.time() + 30
  repeat {
    con <- tryCatch(postgres_open(server), error = function(e) e)
    if (!inherits(con, "error")) break
    if (!server$process$is_alive() || Sys.time() > until) {
      stop(paste(c("PostgreSQL does not start", conditionMessage(con), readLines(server$log)), collapse = "\n"))
    }
    Sys.sleep(0.05)
  }
  DBI::dbDisconnect(con)
  server
}

# As if its machine lost power.
postgres_kill <- function(server) {
  server$process$signal(tools::SIGQUIT)
  server$process$wait(10000)
}

postgres_stop <- function(server) {
  if (is.null(server$process) || !server$process$is_alive()) return()
  server$process$signal(tools::SIGINT)
  server$process$wait(10000)
  if (server$process$is_alive()) postgres_kill(server)
}

postgres_open <- function(server, user = "owner", ...) {
  # Without TZ, R asks systemd for the time zone and warns where that does not run.
  withr::local_timezone("UTC")
  DBI::dbConnect(RPostgres::Postgres(), host = server$data, user = user, dbname = "postgres", ...)
}

# A connection that ends with the test. `settings` are those of its session.
postgres_connection <- function(server, user = "owner", settings = NULL, ..., envir = parent.frame()) {
  options <- paste0("-c ", names(settings), "=", settings, recycle0 = TRUE)
  con <- postgres_open(server, user, options = paste(options, collapse = " "), ...)
  withr::defer(if (DBI::dbIsValid(con)) DBI::dbDisconnect(con), envir = envir)
  con
}

run_sql <- function(con, ...) for (statement in c(...)) DBI::dbExecute(con, statement)
