test_that("sessions add up to the printed totals", {
  fact <- function(id) lnm_facts$value[lnm_facts$id == id]
  expect_equal(nrow(lnm_sessions), fact("sessions"))
  expect_equal(length(unique(lnm_sessions$patient)), fact("patients"))
  expect_equal(sum(lnm_sessions$n_lnm), fact("lesions"))
  expect_equal(range(lnm_sessions$long_axis_mm), c(fact("size_min"), fact("size_max")))
  expect_identical(sum(lnm_sessions$two_stage), 2L)
})

test_that("the cohort says that it is reconstructed, and is coherent", {
  fact <- function(id) lnm_facts$value[lnm_facts$id == id]
  expect_output(print(lnm_cohort), "Reconstructed from print, no data of the study")
  expect_equal(nrow(lnm_cohort$checks), 0)
  os <- endpoint(lnm_cohort, "OS", rules = "paper2021")
  dfs <- endpoint(lnm_cohort, "DFS", rules = "paper2021")
  ltpfs <- endpoint(lnm_cohort, "LTPFS", rules = "paper2021")
  expect_equal(as.vector(table(os$group)), c(fact("loco_patients"), fact("distant_patients")))
  expect_true(all(dfs$time <= os$time & ltpfs$time <= os$time))
  expect_equal(sum(os$status), fact("patients") - fact("alive"))
  expect_equal(sum(dfs$status), fact("progressed"))
  expect_equal(sum(ltpfs$status), fact("ltp"))
  expect_equal(sum(os$time > 24), fact("followed_2y"))
  # Whole days, of which a month has some thirty.
  local <- sort(as.numeric(ltpfs$time)[ltpfs$status == 1])
  expect_equal(local, sort(c(fact("ltp_first"), fact("ltp_second"))), tolerance = 0.02)
})

test_that("the cohort's overall survival prints as published, but for the cell that cannot", {
  printed <- lnm_rates[lnm_rates$endpoint == "Overall survival", ]
  at <- rbind(
    as.data.frame(rates(kaplan_meier(endpoint(lnm_cohort, "OS")), c(12, 24, 36))),
    as.data.frame(rates(kaplan_meier(endpoint(lnm_cohort, "OS"), by = "group"), c(12, 24, 36)))
  )
  at$strata[at$strata == "All"] <- "Whole cohort"
  at <- at[match(paste(printed$group, printed$time), paste(at$strata, at$time)), ]
  expect_identical(sprintf("%.1f", 100 * at$estimate), sprintf("%.1f", printed$estimate))
  differ <- sprintf("%.1f", 100 * at$std.error) != sprintf("%.1f", printed$std.error)
  expect_identical(paste(printed$group, printed$time)[differ], "Whole cohort 12")
})

expect_same_as_csv <- function(name, file) {
  csv <- utils::read.csv(file, colClasses = "character", na.strings = "", encoding = "UTF-8")
  text <- as.data.frame(lapply(get(name), function(x) {
    if (is.numeric(x)) as.character(signif(x, 15)) else as.character(x)
  }))
  expect_identical(unname(as.matrix(csv)), unname(as.matrix(text)), info = name)
}

test_that("the csv files hold the same as the data sets", {
  for (name in c("lnm_sessions", "lnm_definitions", "lnm_rates", "lnm_facts")) {
    expect_same_as_csv(name, system.file("extdata", paste0(name, ".csv"), package = "cryonodes"))
  }
})

test_that("so does that of the claims, which is in the sources only", {
  file <- test_path("..", "..", "inst", "extdata", "lnm_claims.csv")
  skip_if_not(file.exists(file), "no source tree")
  expect_same_as_csv("lnm_claims", file)
})

test_that("Table 3 is transcribed as the manuscript prints it", {
  # Read a second time from the manuscript, line by line: cohort, loco-regional, oligo-metastatic; rate, error.
  lines <- c(
    "96.2 3.7 100 0 88.9 10.5 0.31", "90.5 6.5 90.9 8.7 88.9 10.5 0.53", "70 11.6 80.8 12.2 44.4 22.8 0.29",
    "100 1 100 0 100 1 1", "94.3 3.9 86.5 7.3 100 1 1", "94.3 3.9 86.5 7.3 100 1 1",
    "74 8.5 72.8 10.5 77.8 13.9 1", "39.9 11.2 40.4 13.4 46.7 19 1", "31.9 11.5 32.3 12.3 46.7 19 1"
  )
  rows <- split(lnm_rates, rep(1:9, each = 3))
  text <- vapply(rows, function(r) paste(c(rbind(r$estimate, r$std.error), r$p[1]), collapse = " "), "")
  expect_identical(unname(text), lines)
})
