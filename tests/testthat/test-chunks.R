csv_of <- function(rows, env = parent.frame(), ...) {
  skip_if_not_installed("data.table")
  path <- withr::local_tempfile(fileext = ".csv", .local_envir = env)
  data.table::fwrite(rows, path, ...)
  path
}

test_that("the size of the pieces changes nothing", {
  rows <- registry_rows(101, 4)
  here <- said(kaplan_meier(Surv(days, dead) ~ arm, data = rows))
  for (size in c(1, 2, 50, 100, 101, 5000)) {
    expect_identical(said(kaplan_meier(Surv(days, dead) ~ arm, data = pieces_of(rows, size))), here)
  }
})

test_that("a file in pieces gives what the file in one gives, and can be read again", {
  skip_on_cran()
  rows <- registry_rows(500, 4)
  # Quotes, separators and line ends within text, also where a piece ends.
  rows$arm <- c("plain", "with, comma", "with \"quotes\"", "two\nlines")[1 + seq_len(500) %% 4]
  path <- csv_of(rows)
  for (size in c(1, 7, 499, 1000)) {
    data <- csv_chunks(path, rows = size, progress = FALSE)
    fit <- kaplan_meier(Surv(days_between(from, to), dead) ~ arm, data = data)
    expect_identical(said(fit), said(kaplan_meier(Surv(days_between(from, to), dead) ~ arm, data = rows)))
    expect_identical(said(kaplan_meier(Surv(days, dead) ~ arm, data = data))$n, fit$n)
  }
})

test_that("a byte order mark is no part of a name, and letters stay letters", {
  skip_if_not_installed("data.table")
  path <- withr::local_tempfile(fileext = ".csv")
  text <- enc2utf8("days,dead,arm\n1,1,\u00e9t\u00e9\n2,0,na\u00efve\n3,1,\u00e9t\u00e9\n")
  writeBin(c(as.raw(c(0xef, 0xbb, 0xbf)), charToRaw(text)), path)
  fit <- kaplan_meier(Surv(days, dead) ~ arm, data = csv_chunks(path, rows = 2, progress = FALSE))
  expect_identical(fit$meta$group_labels, c("na\u00efve", "\u00e9t\u00e9"))
  expect_identical(fit$n, c(1L, 2L))
})

test_that("a date that is none is told with the number of such rows", {
  rows <- data.frame(from = "2021-01-01", to = c("2021-01-05", "2021-02-29", "2021-02-30"), dead = 1)
  expect_error(kaplan_meier(Surv(days_between(from, to), dead) ~ 1, data = pieces_of(rows, 3)),
    "in 2 rows: '2021-02-29'", class = "cryonodes_error_dates"
  )
})

test_that("no piece is left open, also after an error", {
  path <- csv_of(registry_rows(500, 4))
  data <- csv_chunks(path, rows = 100, progress = FALSE)
  before <- nrow(showConnections())
  kaplan_meier(Surv(days, dead) ~ arm, data = data)
  expect_identical(nrow(showConnections()), before)
  expect_error(kaplan_meier(Surv(days, nobody) ~ arm, data = data), class = "cryonodes_error_column")
  withr::local_options(cryonodes.max_cells = 2)
  expect_error(kaplan_meier(Surv(days, dead) ~ arm, data = data), class = "cryonodes_error_memory")
  expect_identical(nrow(showConnections()), before)
})

test_that("faults of a file are errors of the file", {
  skip_if_not_installed("data.table")
  path <- withr::local_tempfile(fileext = ".csv")
  read <- function(text, ...) {
    writeLines(text, path)
    kaplan_meier(Surv(days, dead) ~ 1, data = csv_chunks(path, rows = 2, progress = FALSE, ...))
  }
  expect_error(csv_chunks("nowhere.csv"), "no file", class = "cryonodes_error_csv")
  expect_error(csv_chunks(tempdir()), "no file", class = "cryonodes_error_csv")
  expect_error(csv_chunks(1), class = "cryonodes_error_type")
  expect_error(read("days,dead", nrows = "many"), class = "cryonodes_error_csv")
  expect_error(csv_chunks(path, rows = 0), class = "cryonodes_error_count")
  expect_error(read(character()), "is empty", class = "cryonodes_error_csv")
  expect_error(read("days,dead"), class = "cryonodes_error_empty")
  expect_error(read(c("days,dead", "1,0", "2,\"1")), "within quoted text", class = "cryonodes_error_csv")
  expect_error(read(c("days,dead", "1,0", "2,1", "3,1,9")), "piece 2", class = "cryonodes_error_csv")
  expect_error(read(c("days,dead", "1,0", "2,1", "three,1")), "`days` is character in piece 2",
    class = "cryonodes_error_type"
  )
  expect_error(read(c("days,dead,days", "1,0,1")), "several columns called 'days'", class = "cryonodes_error_column")
  expect_error(read(c("days,dead", "1,0", "2,1", "-4,1")), "`days` must be >= 0, not -4 in 1 row",
    class = "cryonodes_error_time"
  )
  # A piece in which a column is empty has no type of its own.
  expect_error(read(c("days,dead", "1,0", "2,1", ",1", ",0")), "`days` has 2 missing values",
    class = "cryonodes_error_missing"
  )
  expect_identical(read(c("days;dead", "1,5;0", "2,5;1", "3,5;1"), sep = ";", dec = ",")$time, c(1.5, 2.5, 3.5))
})

test_that("pieces that do not fit each other are refused, with the number of the piece", {
  from <- function(...) {
    pieces <- list(...)
    kaplan_meier(Surv(days, dead) ~ arm, data = chunks(function(i) if (i <= length(pieces)) pieces[[i]], FALSE))
  }
  one <- data.frame(days = 1:2, dead = 0:1, arm = c("a", "b"))
  expect_error(from(one, one[-2]), "piece 2 of the data has no column 'dead'", class = "cryonodes_error_column")
  expect_error(from(one, 7), "piece 2 of the data must be a data frame", class = "cryonodes_error_type")
  expect_error(from(one, transform(one, arm = 1:2)), "`arm` is integer in piece 2", class = "cryonodes_error_type")
  expect_error(from(one, transform(one, arm = I(list(1, 2)))), "in piece 2", class = "cryonodes_error_type")
  expect_error(from(), class = "cryonodes_error_empty")
  expect_error(from(one[0, ]), class = "cryonodes_error_empty")
  expect_error(chunks(one), class = "cryonodes_error_type")
  failing <- chunks(function(i) if (i == 1) one else stop("disk gone"), FALSE)
  expect_error(kaplan_meier(Surv(days, dead) ~ arm, data = failing), "piece 2 of the data cannot be read: disk gone",
    class = "cryonodes_error_csv"
  )
  # Whole numbers and others, and different levels, do fit.
  mixed <- from(one, transform(one, days = c(1.5, 1), arm = c("c", "a")))
  expect_identical(mixed$meta$group_labels, c("a", "b", "c"))
  factors <- from(transform(one, arm = factor(arm, c("b", "a"))), transform(one, arm = factor(c("z", "b"))))
  expect_identical(factors$meta$group_labels, c("b", "a", "z"))
  expect_identical(factors$n, c(2L, 1L, 1L))
})

test_that("missing values of all kinds are one kind, as in memory", {
  rows <- data.frame(days = c(1, NA, NaN, 4, 0, -0), dead = c(1, 1, 0, NA, 1, 0), arm = c("a", "b", "a", NA, NA, "b"))
  there <- kaplan_meier(Surv(days, dead) ~ arm, data = pieces_of(rows, 2), na.action = "omit")
  here <- kaplan_meier(Surv(days, dead) ~ arm, data = rows, na.action = "omit")
  expect_identical(there$surv, here$surv)
  expect_identical(there$n, here$n)
  expect_match(there$meta$notes, "4 rows left out", all = FALSE)
})

test_that("weights are added up within pieces and over them", {
  rows <- registry_rows(300, 2)
  there <- kaplan_meier(Surv(days, dead) ~ arm, data = pieces_of(rows, 41), weights = w)
  expect_identical(said(there)[c("n", "surv", "std.err", "n.risk")],
    said(kaplan_meier(Surv(days, dead) ~ arm, data = rows, weights = w))[c("n", "surv", "std.err", "n.risk")]
  )
  rows$w[250] <- NA
  expect_error(kaplan_meier(Surv(days, dead) ~ arm, data = pieces_of(rows, 41), weights = w), "1 missing value (1 row)",
    fixed = TRUE, class = "cryonodes_error_missing"
  )
  rows$w[250] <- -2
  expect_error(kaplan_meier(Surv(days, dead) ~ arm, data = pieces_of(rows, 41), weights = w), "not -[0-9]+ in 1 row",
    class = "cryonodes_error_weights"
  )
})

test_that("times are made coarser piece by piece as in one", {
  rows <- registry_rows(300, 2)
  expect_identical(
    event_counts(Surv(months, dead) ~ arm, data = pieces_of(rows, 41), digits = 0),
    event_counts(Surv(months, dead) ~ arm, data = rows, digits = 0)
  )
  # With the limit that the fine times would break.
  withr::local_options(cryonodes.max_cells = 60)
  counts <- event_counts(Surv(days, dead) ~ 1, data = pieces_of(rows, 41), breaks = c(100, 1000, 2500))
  expect_identical(counts$time, c(100, 1000, 2500))
  expect_error(event_counts(Surv(days, dead) ~ 1, data = pieces_of(rows, 41), breaks = c(10, 100)),
    "goes beyond the last of `breaks`", class = "cryonodes_error_times"
  )
})

test_that("memory follows the cells, not the rows", {
  skip_on_cran()
  piece <- function(i) {
    if (i > 20) return(NULL)
    set.seed(i)
    data.frame(days = sample(3650, 2e5, TRUE), dead = rbinom(2e5, 1, 0.3), arm = rep(1:2, 1e5))
  }
  gc(reset = TRUE)
  before <- sum(gc()[, 2])
  fit <- kaplan_meier(Surv(days, dead) ~ arm, data = chunks(piece, FALSE))
  # Four million rows of 20 bytes would be 80 MB; a piece and its codes are some 15.
  expect_lt(sum(gc()[, 6]) - before, 60)
  expect_identical(sum(fit$n), 4000000L)
})

test_that("chunks print what they are", {
  expect_output(print(chunks(function(i) NULL)), "Rows in pieces, from a function")
  expect_output(print(csv_chunks(csv_of(data.frame(a = 1)))), "from '.*csv'")
})
