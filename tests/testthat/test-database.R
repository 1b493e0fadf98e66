test_that("all verbs give the bits of rows in memory from SQLite and from pieces", {
  skip_on_cran()
  rows <- registry_rows(300, 2)
  here <- every_verb(rows)
  expect_same_everywhere(every_verb(sqlite_table(rows)), here)
  expect_same_everywhere(every_verb(pieces_of(rows, 70)), here)
})

test_that("random registries give the same bits in SQLite", {
  skip_on_cran()
  # 1000 of them take two minutes. Some have one group only.
  n <- as.integer(Sys.getenv("CRYONODES_REGISTRIES", "100"))
  expect_gt(same_random_registries(dbplyr::remote_con(sqlite_table(registry_rows(1, 1))), n), 0.9 * n)
})

test_that("a table of many thousands of rows comes back as its cells, in several pages", {
  skip_on_cran()
  rows <- data.frame(days = rep(0:149999, 2), dead = rep(0:1, each = 150000))
  table <- sqlite_table(rows)
  expect_identical(
    said(kaplan_meier(Surv(days, dead) ~ 1, data = table)), said(kaplan_meier(Surv(days, dead) ~ 1, data = rows))
  )
})

test_that("the database gets one query, and its answer is the distinct rows", {
  table <- sqlite_table(data.frame(days = c(3, 3, 5, 3), dead = c(1, 1, 0, 0), arm = c("a", "a", "b", "a"), n = 1:4))
  query <- counts_query(Surv(days, dead == 1) ~ arm, data = table)
  cells <- as.data.frame(dplyr::collect(query))
  cells <- cells[order(cells$days, cells$dead), ]
  expect_identical(names(cells), c("days", "dead", "arm", "cells"))
  expect_identical(cells$cells, c(1L, 2L, 1L))
  expect_length(gregexpr("GROUP BY", dbplyr::sql_render(query))[[1]], 1)
  # The names of the query give way to those of the data.
  renamed <- dplyr::rename(table, cells = arm, weight = n)
  expect_identical(
    colnames(counts_query(Surv(days, dead) ~ cells, data = renamed, weights = weight)),
    c("days", "dead", "cells", "weight_kind", "cells.1", "weight")
  )
  expect_identical(kaplan_meier(Surv(days, dead) ~ cells, data = renamed)$n, c(3L, 1L))
})

test_that("hostile names of columns and groups are only names", {
  odd <- c("a\"; DROP TABLE registry; --", "b'`", "c d\\", "n", "cells", "\u00e9\u00df")
  rows <- data.frame(c(1, 2, 3, 4, 5, 6), c(1, 0, 1, 0, 1, 1), odd)
  names(rows) <- c("se`lect\"'", "from; --", "gro\u00fcp \\")
  table <- sqlite_table(rows)
  formula <- eval(call("~", call("Surv", as.name(names(rows)[1]), as.name(names(rows)[2])), as.name(names(rows)[3])))
  expect_identical(said(kaplan_meier(formula, data = table)), said(kaplan_meier(formula, data = rows)))
  expect_true(DBI::dbExistsTable(dbplyr::remote_con(table), "registry"))
})

test_that("faults of the rows are counted, and refused as in memory", {
  skip_on_cran()
  rows <- data.frame(
    days = c(1, 2, -3, -3, 4, NA), dead = c(0, 1, 1, 1, 7, 0), arm = c("a", NA, "b", "b", NA, "a"),
    w = c(1, 1, -1, 1, NA, 1)
  )
  table <- sqlite_table(rows)
  expect_error(kaplan_meier(Surv(days, dead) ~ 1, data = table), "`days` must be >= 0, not -3 in 2 rows",
    class = "cryonodes_error_time"
  )
  well <- dplyr::filter(table, days > 0)
  expect_error(kaplan_meier(Surv(days, dead) ~ 1, data = well), "not 7 in 1 row", class = "cryonodes_error_status")
  expect_error(kaplan_meier(Surv(days, dead, type = "left") ~ 1, data = well), class = "cryonodes_error_formula")
  coded <- function(...) kaplan_meier(Surv(days, dead) ~ arm, data = well, event = c(1, 7), ...)
  failure <- expect_error(coded(), "`arm` has 2 missing values (2 rows)",
    fixed = TRUE, class = "cryonodes_error_missing"
  )
  expect_null(failure$rows)
  expect_error(coded(subset = !is.na(arm)), NA)
  fit <- coded(na.action = "omit")
  expect_identical(fit$n, 1L)
  expect_match(fit$meta$notes, "2 rows left out for missing values", all = FALSE)
  weighted <- function(...) kaplan_meier(Surv(abs(days), dead != 0) ~ 1, data = table, weights = w, ...)
  expect_error(weighted(subset = !is.na(days)), "`weights` must be >= 0, not -1 in 1 row",
    class = "cryonodes_error_weights"
  )
  expect_error(kaplan_meier(Surv(days, dead != 0) ~ 1, data = dplyr::filter(well, days > 1), weights = w),
    "`weights` has 1 missing value (1 row)",
    fixed = TRUE, class = "cryonodes_error_missing"
  )
})

test_that("weights of 0 are as if absent, and are counted", {
  rows <- data.frame(days = c(3, 3, 3, 5), dead = c(1, 1, 1, 0), w = c(2, 0, 1, 0.5))
  there <- kaplan_meier(Surv(days, dead) ~ 1, data = sqlite_table(rows), weights = w)
  here <- kaplan_meier(Surv(days, dead) ~ 1, data = rows, weights = w)
  expect_identical(there$n, here$n)
  expect_identical(there$surv, here$surv)
  expect_match(there$meta$notes, "1 row of weight 0 left out", all = FALSE)
})

test_that("what needs several rows at once is refused, what works value by value is R's", {
  rows <- registry_rows(60, 4)
  table <- sqlite_table(rows)
  for (formula in list(
    Surv(days, dead) ~ cut(days, quantile(days)), Surv(days - min(days), dead) ~ 1, Surv(rank(days), dead) ~ 1,
    Surv(days, dead) ~ I(arm), Surv(days, dead) ~ rev(arm), Surv(days, cummax(dead)) ~ 1
  )) {
    expect_error(kaplan_meier(formula, data = table), "cannot be used on data", class = "cryonodes_error_formula")
  }
  limit <- quantile(rows$days)[[3]]
  # A quotient of whole numbers, which SQL would cut off; a variable of the caller.
  formula <- Surv(days / 7L, dead) ~ ifelse(days > limit, "long", paste0("short ", toupper(arm)))
  expect_identical(said(kaplan_meier(formula, data = table)), said(kaplan_meier(formula, data = rows)))
  expect_error(kaplan_meier(Surv(days, dead) ~ arm, data = table, subset = 1:3), "rows there have no order",
    class = "cryonodes_error_formula"
  )
  expect_error(kaplan_meier(Surv(days, dead) ~ arm, data = table, subset = days), "logical condition",
    class = "cryonodes_error_type"
  )
  expect_error(kaplan_meier(Surv(days, dead) ~ arm, data = table, weights = w / 2), "must name a column",
    class = "cryonodes_error_column"
  )
  expect_error(kaplan_meier(Surv(days, deed) ~ arm, data = table), "Did you mean `dead`",
    class = "cryonodes_error_column"
  )
  expect_error(kaplan_meier(Surv(days, dead) ~ ., data = table), class = "cryonodes_error_formula")
  expect_error(kaplan_meier(~arm, data = table), class = "cryonodes_error_formula")
  expect_error(follow_up(Surv(days, dead) ~ 1, data = table, potential = days), class = "cryonodes_error_column")
})

test_that("tests that deal out rows, and the bootstrap, say that they need rows", {
  table <- sqlite_table(registry_rows(30, 4))
  expect_error(logrank_test(Surv(days, dead) ~ arm, data = table, distribution = "exact"), "give the rows",
    class = "cryonodes_error_choice"
  )
  expect_error(cluster_bootstrap(Surv(days, dead) ~ arm, data = table, times = 3), "whose they are",
    class = "cryonodes_error_choice"
  )
})

test_that("clusters bring the rows, up to the limit, and not with weights", {
  rows <- registry_rows(90, 4)
  table <- sqlite_table(rows)
  fit <- function(data, ...) kaplan_meier(Surv(days, dead) ~ arm, data = data, cluster = centre, ...)
  expect_identical(fit(table)$n, fit(rows)$n)
  expect_equal(fit(table)$std.err, fit(rows)$std.err, tolerance = 1e-13)
  expect_error(fit(table, weights = w), "`cluster` needs the rows", class = "cryonodes_error_choice")
  withr::local_options(cryonodes.max_cells = 80)
  expect_error(fit(table, subset = arm == "a" | arm == "b"), class = "cryonodes_error_memory")
})

test_that("more combinations than the limit are refused before they are all fetched", {
  table <- sqlite_table(registry_rows(300, 2))
  withr::local_options(cryonodes.max_cells = 50)
  expect_error(kaplan_meier(Surv(days, dead) ~ 1, data = table), "more than 50 different combinations of `days`, `dead`",
    class = "cryonodes_error_memory"
  )
  expect_error(kaplan_meier(Surv(days, dead) ~ 1, data = pieces_of(registry_rows(300, 2), 100)),
    class = "cryonodes_error_memory"
  )
  # Made coarser in the database, they are few.
  counts <- event_counts(Surv(days, dead) ~ 1, data = table, breaks = seq(100, 2500, by = 100))
  expect_identical(sum(counts$n.event), as.double(sum(registry_rows(300, 2)$dead)))
  expect_match(attr(counts, "meta")$notes, "moved up to the next of 25 breaks", all = FALSE)
})

test_that("times are made coarser for the curve only, not for a subset or a group that reads them", {
  rows <- registry_rows(200, 2)
  table <- sqlite_table(rows)
  expect_identical(
    event_counts(Surv(days, dead) ~ arm, data = table, subset = days > 300, breaks = c(1000, 2500)),
    event_counts(Surv(days, dead) ~ arm, data = rows, subset = days > 300, breaks = c(1000, 2500))
  )
  expect_identical(
    event_counts(Surv(months, dead) ~ ifelse(months > 10.4, "late", "soon"), data = pieces_of(rows, 70), digits = 0),
    event_counts(Surv(months, dead) ~ ifelse(months > 10.4, "late", "soon"), data = rows, digits = 0)
  )
})

test_that("`shard` counts apart and adds up", {
  rows <- registry_rows(200, 4)
  table <- sqlite_table(rows)
  expect_match(
    dbplyr::sql_render(counts_query(Surv(days, dead) ~ arm, data = table, shard = centre)), "`centre` AS `shard`",
    fixed = TRUE
  )
  expect_identical(
    event_counts(Surv(days, dead) ~ arm, data = table, shard = centre), event_counts(Surv(days, dead) ~ arm, data = rows)
  )
  expect_error(event_counts(Surv(days, dead) ~ arm, data = rows, shard = centre), class = "cryonodes_error_choice")
  expect_error(event_counts(Surv(days, dead) ~ arm, data = table, shard = centre + 1), class = "cryonodes_error_column")
})

test_that("a connection needs the name of a table", {
  rows <- registry_rows(40, 4)
  con <- dbplyr::remote_con(sqlite_table(rows))
  expect_error(kaplan_meier(Surv(days, dead) ~ arm, data = con), "many tables", class = "cryonodes_error_type")
  expect_error(event_counts(Surv(days, dead) ~ arm, data = con), "many tables", class = "cryonodes_error_type")
  expect_error(counts_query(Surv(days, dead) ~ arm, data = con), "many tables", class = "cryonodes_error_type")
  expect_error(counts_query(Surv(days, dead) ~ arm, data = rows), "lazy table", class = "cryonodes_error_type")
  expect_error(event_counts(Surv(days, dead) ~ arm, data = rows, table = "registry"), class = "cryonodes_error_choice")
  expect_error(event_counts(Surv(days, dead) ~ arm, data = con, table = "nowhere"), "nowhere",
    class = "cryonodes_error_db"
  )
  expect_identical(
    event_counts(Surv(days, dead) ~ arm, data = con, table = "registry"),
    event_counts(Surv(days, dead) ~ arm, data = rows)
  )
})

test_that("text that is no date is found in SQLite, numbers are days", {
  table <- sqlite_table(data.frame(
    from = c("2020-02-28", "2020-02-28", "2020-01-05"), to = c("2020-03-01", "2021-02-29", "2020-01-05 23:10:00"),
    number = c(18320, 18321, 18266), dead = 1
  ))
  expect_error(kaplan_meier(Surv(days_between(from, to), dead) ~ 1, data = table), "finite", class = "cryonodes_error_time")
  well <- dplyr::filter(table, number != 18321)
  # 2020 is a leap year: 28 February to 1 March are two days.
  expect_identical(kaplan_meier(Surv(days_between(from, to), dead) ~ 1, data = well)$time, c(0, 2))
  # 18320 is 2020-02-28.
  expect_identical(kaplan_meier(Surv(days_between(to = to, from = number), dead) ~ 1, data = well)$time, c(0, 2))
  expect_error(kaplan_meier(Surv(days_between(from), dead) ~ 1, data = table), class = "cryonodes_error_formula")
  expect_error(kaplan_meier(Surv(days_between(from, "2020-01-01"), dead) ~ 1, data = table), "two columns",
    class = "cryonodes_error_formula"
  )
})

test_that("a failure of the database is an error of its own, and leaves the connection usable", {
  table <- sqlite_table(registry_rows(40, 4))
  con <- dbplyr::remote_con(table)
  # A column that holds text after numbers: the driver would read the text as 0.
  DBI::dbExecute(con, "CREATE TABLE mixed (days, dead)")
  DBI::dbExecute(con, "INSERT INTO mixed VALUES (1, 1), (2, 0), ('three', 1)")
  expect_error(kaplan_meier(Surv(days, dead) ~ 1, data = dplyr::tbl(con, "mixed")), "mixed type",
    class = "cryonodes_error_db"
  )
  DBI::dbExecute(con, "CREATE TABLE doomed (days, dead)")
  doomed <- dplyr::tbl(con, "doomed")
  colnames(doomed)
  DBI::dbExecute(con, "DROP TABLE doomed")
  expect_error(kaplan_meier(Surv(days, dead) ~ 1, data = doomed), "no such table", class = "cryonodes_error_db")
  before <- DBI::dbListTables(con)
  expect_error(kaplan_meier(Surv(days, dead) ~ arm, data = table), NA)
  expect_identical(DBI::dbListTables(con), before)
  expect_error(kaplan_meier(Surv(days, dead) ~ 1, data = dbplyr::lazy_frame(days = 1, dead = 1)), "no database",
    class = "cryonodes_error_db"
  )
})

test_that("a database that cannot be written to can be counted in", {
  skip_if_not_installed("RSQLite")
  skip_if_not_installed("dbplyr")
  path <- withr::local_tempfile(fileext = ".sqlite")
  con <- DBI::dbConnect(RSQLite::SQLite(), path)
  DBI::dbWriteTable(con, "registry", registry_rows(40, 4))
  DBI::dbDisconnect(con)
  con <- DBI::dbConnect(RSQLite::SQLite(), path, flags = RSQLite::SQLITE_RO)
  withr::defer(DBI::dbDisconnect(con))
  expect_identical(sum(kaplan_meier(Surv(days, dead) ~ arm, data = dplyr::tbl(con, "registry"))$n), 40L)
})

test_that("cells of more than 2^31 rows are counted exactly", {
  skip_if_not_installed("bit64")
  # A table that holds counts already, ten billion in all: the database adds up in 64-bit integers.
  table <- sqlite_table(data.frame(
    days = c(10L, 10L, 20L, 20L, 30L), dead = c(1L, 1L, 1L, 0L, 1L),
    n = bit64::as.integer64(c("3999999999", "1", "1", "3000000000", "2999999999"))
  ))
  counts <- event_counts(Surv(days, dead) ~ 1, data = table, weights = n)
  expect_identical(counts$n.risk, c(1e10, 6e9, 2999999999))
  expect_identical(counts$n.event, c(4e9, 1, 2999999999))
  fit <- kaplan_meier(counts)
  # By hand: 6/10 survive day 10, all but one of 6e9 day 20, nobody day 30.
  expect_equal(fit$surv, c(0.6, 0.6 * (6e9 - 1) / 6e9, 0), tolerance = 1e-15)
  expect_equal(fit$std.err[1]^2, 4e9 / (1e10 * 6e9), tolerance = 1e-14)
  expect_identical(rates(fit, times = 15)$n.risk, 6e9)
  test <- logrank_test(event_counts(
    time = rep(c(10, 20), 2), n.event = c(4e9, 1e9, 5e9, 1e9), group = rep(c("a", "b"), each = 2)
  ))
  expect_identical(unname(test$observed), c(5e9, 6e9))
  # By hand: expected events of the first group, 9e9 * 5/11 + 2e9 * 1/2.
  expect_equal(unname(test$expected[1]), 9e9 * 5 / 11 + 1e9, tolerance = 1e-15)
})

test_that("who enters late is told by time, in memory as from elsewhere", {
  rows <- data.frame(
    entry = c(0, 2, 2, 0, 2, 5, 5, 7), exit = c(9, 9, 10, 3, 12, 14, 9, 15), dead = c(1, 0, 1, 1, 0, 1, 1, 0),
    arm = c("a", "a", "a", "a", "b", "b", "b", "b"), w = c(2, 1, 3, 2, 1, 1, 1, 2)
  )
  for (ask in list(
    function(data) kaplan_meier(Surv(entry, exit, dead) ~ arm, data = data, weights = w),
    function(data) nelson_aalen(Surv(entry, exit, dead) ~ arm, data = data),
    function(data) cumulative_incidence(Surv(entry, exit, dead) ~ arm, data = data)
  )) {
    near <- suppressWarnings(ask(rows))
    for (there in list(sqlite_table(rows), pieces_of(rows, 3))) {
      expect_identical(said(suppressWarnings(ask(there))), said(near))
    }
  }
  entries <- kaplan_meier(Surv(entry, exit, dead) ~ 1, data = rows, weights = w)$meta$entries
  expect_identical(entries, list(list(time = c(0, 2, 5, 7), weight = c(4, 5, 2, 2))))
})

test_that("an order of the rows is left aside, unless it says with a limit which rows", {
  rows <- registry_rows(60, 2)
  rows$id <- 60:1
  table <- dplyr::arrange(sqlite_table(rows), id)
  expect_no_match(as.character(dbplyr::sql_render(counts_query(Surv(days, dead) ~ arm, data = table))), "ORDER BY")
  ask <- function(data) said(kaplan_meier(Surv(days, dead) ~ arm, data = data))
  expect_identical(ask(table), ask(rows))
  expect_identical(ask(head(table, 25)), ask(rows[36:60, ]))
})

test_that("names that differ by capitals only from those of the query are other names", {
  rows <- data.frame(
    Days = c(1, 2, 3, 4), dead = c(1, 0, 1, 1), Cells = c("a", "b", "a", "b"), Weight = c(1, 2, 1, 1),
    from = "2020-01-01", to = c("2020-01-03", "2020-01-04", "2020-01-05", "2020-01-05")
  )
  ask <- function(data) {
    event_counts(Surv(days_between(from, to), dead) ~ Cells, data,
      weights = Weight, subset = Days > 1, breaks = c(3, 9)
    )
  }
  expect_identical(ask(sqlite_table(rows)), ask(rows))
})
