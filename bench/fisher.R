# fisher_test() against stats::fisher.test(): p-value, odds ratio and interval of one 2 x 2 table a call.

rows <- list()
for (n in bench_sizes(c(30, 100, 2000))) {
  set.seed(1)
  tables <- lapply(1:50, function(i) matrix(stats::rmultinom(1, n, c(0.3, 0.2, 0.2, 0.3)), 2))
  ours <- function() for (x in tables) fisher_test(x)
  theirs <- function() for (x in tables) stats::fisher.test(x)
  rows <- c(rows, list(bench_row(
    "fisher", paste0("50 tables, N = ", n), paste("stats", getRversion()), ours, theirs
  )))
}
do.call(rbind, rows)
