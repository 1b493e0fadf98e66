# fisher_test() against stats::fisher.test(): p-value, odds ratio and interval of one 2 x 2 table a call. fisher_batch()
# against a loop of it, which runs over a sample of the tables, its time scaled to all of them; and against the
# vectorised tests of HighSpeedStats (github.com/juliangehring/HighSpeedStats, whose p is that of a tolerance of 1e-7),
# DiscreteTests and corpora (whose two-sided p is twice the smaller tail), where they are installed.

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

# `theirs` takes the rows it is to test: `some` of all.
batch_row <- function(case, peer, counts, ours, theirs, some) {
  part <- counts[seq_len(min(some, nrow(counts))), ]
  row <- bench_row("fisher", case, peer, ours, function() theirs(part))
  scale <- nrow(counts) / nrow(part)
  row$peer.ms <- signif(row$peer.ms * scale, 3)
  row$ratio <- signif(row$ratio * scale, 3)
  row
}

loop <- function(conf.int) {
  function(counts) {
    counts <- as.matrix(counts)
    for (i in seq_len(nrow(counts))) stats::fisher.test(matrix(counts[i, c(1, 3, 2, 4)], 2), conf.int = conf.int)
  }
}
base <- paste("stats", getRversion(), "loop, scaled")

drawn <- function(tables, n) {
  n <- stats::rpois(tables, n)
  a <- stats::rbinom(tables, n, 0.3)
  b <- stats::rbinom(tables, n - a, 0.2 / 0.7)
  c <- stats::rbinom(tables, n - a - b, 0.4)
  data.frame(a, b, c, d = n - a - b - c)
}

for (n in bench_sizes(c(100, 2000))) {
  set.seed(2)
  counts <- drawn(if (n < 50) 1e3 else 1e6, n)
  size <- format(nrow(counts), big.mark = ",", scientific = FALSE)
  case <- paste0(size, " tables, N about ", n, ", p")
  ours <- function() fisher_batch(counts)
  rows <- c(rows, list(
    batch_row(case, base, counts, ours, loop(TRUE), 100),
    batch_row(case, paste(base, "p only"), counts, ours, loop(FALSE), 100)
  ))
  if (requireNamespace("corpora", quietly = TRUE)) {
    peer <- paste("corpora", utils::packageVersion("corpora"))
    central <- function() fisher_batch(counts, method = "central")
    rows <- c(rows, list(batch_row(paste(case, "central"), peer, counts, central, function(x) {
      corpora::fisher.pval(x$a, x$a + x$c, x$b, x$b + x$d)
    }, 1e4)))
  }
  if (requireNamespace("HighSpeedStats", quietly = TRUE)) {
    peer <- paste("HighSpeedStats", utils::packageVersion("HighSpeedStats"))
    rows <- c(rows, list(batch_row(case, peer, counts, ours, function(x) {
      HighSpeedStats::ultrafastfet(x$a, x$b, x$c, x$d)
    }, 1e5)))
  }
  if (requireNamespace("DiscreteTests", quietly = TRUE)) {
    peer <- paste("DiscreteTests", utils::packageVersion("DiscreteTests"))
    rows <- c(rows, list(batch_row(case, peer, counts, ours, function(x) {
      DiscreteTests::fisher_test_pv(as.matrix(x), simple_output = TRUE)
    }, 1e4)))
  }
  few <- counts[seq_len(nrow(counts) / 10), ]
  size <- format(nrow(few), big.mark = ",", scientific = FALSE)
  case <- paste0(size, " tables, N about ", n, ", p, odds ratio, interval")
  rows <- c(rows, list(batch_row(case, base, few, function() {
    fisher_batch(few, estimate = TRUE, conf.int = TRUE)
  }, loop(TRUE), 100)))
}

set.seed(3)
x <- stats::rbinom(1e6, 50, 0.2)
y <- stats::rbinom(1e6, 50, 0.4)
counts <- data.frame(a = x, b = 50L - x, c = y, d = 50L - y)
ours <- function() fisher_batch(counts)
case <- "1,000,000 tables, 50 against 50, p"
rows <- c(rows, list(
  batch_row(case, base, counts, ours, loop(TRUE), 100),
  batch_row(case, paste(base, "p only"), counts, ours, loop(FALSE), 100)
))
do.call(rbind, rows)
