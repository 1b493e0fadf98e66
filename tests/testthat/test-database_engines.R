# What SQL engines are sent that nobody has here. dbplyr writes it, each version of it differently: the snapshots are
# those of the versions below.

recorded_versions <- c("2.3", "2.6")

# The version at hand as the variant of a snapshot; `from` is the first that knows the engine.
dbplyr_variant <- function(from = recorded_versions[1]) {
  skip_on_cran()
  skip_if_not_installed("dbplyr")
  version <- paste(unlist(utils::packageVersion("dbplyr"))[1:2], collapse = ".")
  wanted <- recorded_versions[numeric_version(recorded_versions) >= from]
  if (!version %in% wanted) skip(paste("dbplyr", paste(wanted, collapse = " or "), "is not installed"))
  paste0("dbplyr-", version)
}

shown_sql <- function(name, engine) {
  table <- dbplyr::lazy_frame(from = 1, to = 1, months = 1, dead = 1, arm = "a", n = 1, con = engine)
  ask <- function(...) dbplyr::sql_render(counts_query(..., data = table))
  cat(name, "\n",
    ask(Surv(days_between(from, to), dead) ~ arm, weights = n, breaks = c(365, 730)), "\n\n",
    ask(Surv(months, dead) ~ 1, digits = 1), "\n",
    sep = ""
  )
}

test_that("engines are asked in their own SQL", {
  skip_on_cran()
  variant <- dbplyr_variant()
  for (name in c("postgres", "sqlite", "snowflake", "mssql", "oracle", "mysql", "redshift", "hive", "impala", "dbi")) {
    engine <- getExportedValue("dbplyr", paste0("simulate_", name))()
    expect_snapshot(shown_sql(name, engine), variant = variant)
  }
})

test_that("so is Spark SQL", {
  variant <- dbplyr_variant("2.6")
  expect_snapshot(shown_sql("spark_sql", getExportedValue("dbplyr", "simulate_spark_sql")()), variant = variant)
})

test_that("so is BigQuery", {
  variant <- dbplyr_variant("2.6")
  skip_if_not_installed("bigrquery")
  engine <- utils::getFromNamespace("simulate_bigrquery", "bigrquery")()
  expect_snapshot(shown_sql("bigquery", engine), variant = variant)
})
