# fisher_test() against stats::fisher.test(workspace = 2e8): exact p of tables larger than 2 x 2.

rxc_bench_table <- function(rows, columns, n, seed) {
  set.seed(seed)
  matrix(stats::rmultinom(1, n, outer(stats::runif(rows, 0.5, 1.5), stats::runif(columns, 0.5, 1.5))), rows)
}

rows <- list()
for (size in list(c(3, 5, 100), c(4, 4, 100), c(5, 5, 50), c(6, 6, 40))) {
  x <- rxc_bench_table(size[1], size[2], size[3], 1)
  rows <- c(rows, list(bench_row(
    "fisher_rxc", paste0(size[1], " x ", size[2], ", n = ", size[3]), paste("stats", getRversion()),
    function() fisher_test(x, exact = TRUE, progress = FALSE), function() stats::fisher.test(x, workspace = 2e8),
    runs = 3
  )))
}
do.call(rbind, rows)
