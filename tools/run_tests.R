# Runs tests/testthat of this tree against the installed package and counts test_that() blocks. A block counts as
# failed when an expectation fails, when it stops, when it is skipped for any reason but a package that is absent, or
# when its snapshot was only now written: a test that compared nothing has shown nothing.
#
#   Rscript tools/run_tests.R [share: 1] [of so many: 1]
#
# runs one share of the files only, each about as large as the others.

given <- as.integer(commandArgs(trailingOnly = TRUE))
share <- if (length(given)) given[1] else 1L
shares <- if (length(given) > 1) given[2] else 1L
files <- list.files("tests/testthat", "^test.*[.]R$", full.names = TRUE)
files <- files[order(-file.size(files), files)]
files <- files[(seq_along(files) - 1) %% shares == share - 1]

# Failures are to be seen all, not the first fifty.
options(testthat.progress.max_fails = Inf, warn = 1)
reporter <- testthat::ProgressReporter$new(show_praise = FALSE, update_interval = Inf)
results <- testthat::test_dir("tests/testthat",
  package = "cryonodes", load_package = "installed", reporter = reporter, stop_on_failure = FALSE,
  filter = paste0("^(", paste(sub("^test-?(.*)[.]R$", "\\1", basename(files)), collapse = "|"), ")$")
)

skip_reason <- function(test) {
  for (result in test$results) {
    if (inherits(result, "expectation_skip")) return(conditionMessage(result))
  }
  NA_character_
}
table <- as.data.frame(results)
reason <- vapply(results, skip_reason, "")
allowed <- !is.na(reason) & grepl("cannot be loaded|is not installed", reason)
unseen <- vapply(results, function(test) {
  any(vapply(test$results, function(result) {
    inherits(result, "expectation_warning") && grepl("^Adding new", conditionMessage(result))
  }, TRUE))
}, TRUE)
bad <- table$failed > 0 | table$error | !is.na(reason) & !allowed | unseen

written <- sum(vapply(files, function(path) {
  sum(grepl("^\\s*(test_that|it)\\(", readLines(path, encoding = "UTF-8")))
}, 0L))
lost <- max(0L, written - nrow(table))

for (i in which(!is.na(reason))) {
  cat(if (bad[i]) "FAIL " else "", "skipped: ", table$file[i], ": ", table$test[i], ": ", reason[i], "\n", sep = "")
}
for (i in which(unseen)) {
  cat("FAIL new snapshot, look at it and commit it: ", table$file[i], ": ", table$test[i], "\n", sep = "")
}
# Failures once more, at the end, where whoever reads only the last lines finds them.
for (i in which(table$failed > 0 | table$error)) {
  cat("FAIL ", table$file[i], ": ", table$test[i], "\n", sep = "")
  for (result in results[[i]]$results) {
    if (inherits(result, c("expectation_failure", "expectation_error"))) {
      cat(paste0("     ", utils::head(strsplit(conditionMessage(result), "\n")[[1]], 8)), sep = "\n")
    }
  }
}
if (lost > 0) cat("FAIL ", lost, " of ", written, " tests were never reached\n", sep = "")
slow <- utils::head(table[order(-table$real), ], 5)
cat("slowest, in seconds:", paste0(slow$file, ": ", slow$test, ": ", round(slow$real)), sep = "\n  ")
cat("\n")
cat(sum(table$nb), "expectations,", sum(allowed), "tests skipped\n")
cat(sum(!bad & !allowed), " passed, ", sum(bad) + lost, " failed\n", sep = "")
quit(status = as.integer(any(bad) || lost > 0 || nrow(table) == 0))
