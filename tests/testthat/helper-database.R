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

# What a result says, without how it was called; only rows can be dealt out, which a note recommends.
said <- function(x) {
  x$call <- NULL
  x$meta$notes <- sub("; `distribution = .*", "", x$meta$notes)
  unclass(x)
}

# Every verb on the rows of `data`; a verb must not see where they are.
every_verb <- function(data) {
  list(
    km = kaplan_meier(Surv(days, dead) ~ arm, data = data),
    weighted = kaplan_meier(Surv(days, dead) ~ arm, data = data, weights = w),
    delayed = logrank_test(Surv(entry, days, dead) ~ arm + strata(centre), data = data, subset = entry < 20),
    dates = kaplan_meier(Surv(days_between(from, to), out == "death") ~ 1, data = data),
    logrank = logrank_test(Surv(days, dead) ~ arm + strata(centre), data = data, type = "Peto-Peto"),
    pooled = logrank_test(Surv(days, dead) ~ cut(centre, c(0, 3, 7)), data = data, subset = arm != "b" | days > 3),
    incidence = cumulative_incidence(Surv(days, out) ~ arm, data = data, censor = "none"),
    gray = gray_test(Surv(days, out) ~ arm + strata(centre), data = data, censor = "none", cause = "relapse"),
    rmst = restricted_mean(Surv(months, dead) ~ arm, data = data, tau = 1),
    at = compare_at(Surv(days, dead) ~ arm, data = data, times = c(5, 20)),
    medians = compare_medians(Surv(days, dead) ~ arm, data = data, subset = arm %in% c("a", "b")),
    hazard = nelson_aalen(Surv(days, dead) ~ arm, data = data),
    follow_up = follow_up(Surv(days, dead) ~ arm, data = data, potential = 3000),
    counts = event_counts(Surv(days, out) ~ arm + strata(centre), data = data, censor = "none", breaks = c(10, 1e4)),
    rounded = event_counts(Surv(months, dead) ~ arm, data = data, digits = 1),
    proportion = proportion(dead ~ arm, data = data),
    clustered = compare_at(Surv(days, dead) ~ arm, data = data, times = 10, cluster = centre)
  )
}
expect_same_everywhere <- function(there, here) {
  for (verb in names(here)) {
    claim(identical(said(there[[verb]]), said(here[[verb]])), verb)
  }
  expect_named(there, names(here))
}

# Random registries in a table of the connection and in memory, asked the same: how many were compared.
same_random_registries <- function(con, n) {
  compared <- 0
  for (seed in seq_len(n)) {
    rows <- registry_rows(20 + seed %% 150, seed)
    if (length(unique(rows$arm)) < 2) next
    DBI::dbWriteTable(con, "registry", rows, overwrite = TRUE)
    verb <- function(data) {
      switch(1 + seed %% 5,
        kaplan_meier(Surv(days, dead) ~ arm, data = data),
        logrank_test(Surv(days, dead) ~ arm + strata(centre), data = data),
        cumulative_incidence(Surv(days, out) ~ arm, data = data, censor = "none"),
        kaplan_meier(Surv(months, dead) ~ arm, data = data, conf.type = "bpcp"),
        restricted_mean(Surv(entry, days, dead) ~ arm, data = data, tau = 2)
      )
    }
    here <- tryCatch(verb(rows), error = function(e) list(error = conditionMessage(e)))
    there <- tryCatch(verb(dplyr::tbl(con, "registry")), error = function(e) list(error = conditionMessage(e)))
    claim(identical(said(there), said(here)), seed)
    compared <- compared + 1
  }
  compared
}
