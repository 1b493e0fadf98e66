# Permutation p-values of logrank_test() against coin's, where that is installed: all ways of dealing 40 subjects out to
# two groups of 20, and 10^5 ways drawn at random. The p-values are compared before the times. coin's exact test takes a
# minute for each run. BENCH_SIZES=30 for a smoke test.

rows <- list()
has_peer <- requireNamespace("coin", quietly = TRUE)
if (!has_peer) message("permutation: no peer, coin is not installed")
cohort <- function(n) {
  set.seed(2)
  data.frame(time = stats::rexp(n), died = stats::runif(n) < 0.7, arm = factor(rep(1:2, length.out = n)))
}
peer <- if (has_peer) paste("coin", utils::packageVersion("coin")) else "none"
nothing <- function() NULL
for (n in bench_sizes(c(30, 40))) {
  data <- cohort(n)
  ours <- function() logrank_test(Surv(time, died) ~ arm, data, distribution = "exact")
  theirs <- if (has_peer) function() coin::logrank_test(Surv(time, died) ~ arm, data, distribution = "exact") else nothing
  if (has_peer) stopifnot(abs(ours()$p.value - coin::pvalue(theirs())) < 1e-6)
  rows <- c(rows, list(bench_row("logrank", paste("all ways, n =", n), peer, ours, theirs, if (n > 35) 1 else 3)))
}
for (n in bench_sizes(c(30, 1000))) {
  data <- cohort(n)
  ours <- function() logrank_test(Surv(time, died) ~ arm, data, distribution = "approximate", replicates = 1e5, seed = 1)
  theirs <- if (has_peer) {
    function() coin::pvalue(coin::logrank_test(Surv(time, died) ~ arm, data, distribution = coin::approximate(1e5)))
  } else {
    nothing
  }
  if (has_peer) stopifnot(abs(ours()$p.value - theirs()) < 0.02)
  rows <- c(rows, list(bench_row("logrank", paste("10^5 drawn ways, n =", n), peer, ours, theirs, 3)))
}
do.call(rbind, rows)
