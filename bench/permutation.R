# Permutation p-values of logrank_test() against those of coin and clinfun, where these are installed: all ways of
# dealing 40 subjects out to two groups of 20 (coin takes a minute for each run), 10^5 ways drawn at random, 10^4 with
# studentised scores, and all ways of 1000 and 10^4 subjects, which no peer does: these rows have no ratio. The p-values
# are compared before the times. BENCH_SIZES=30 for a smoke test.

rows <- list()
with_peer <- function(package, theirs) {
  there <- requireNamespace(package, quietly = TRUE)
  if (!there) message("permutation: no peer, ", package, " is not installed")
  list(
    name = if (there) paste(package, utils::packageVersion(package)) else "none",
    p = if (there) theirs else function(...) NULL
  )
}
coin <- with_peer("coin", function(data, distribution) {
  as.numeric(coin::pvalue(coin::logrank_test(Surv(time, died) ~ arm, data, distribution = distribution)))
})
clinfun <- with_peer("clinfun", function(data, replicates) {
  clinfun::permlogrank(Surv(time, as.numeric(died)) ~ arm, data, nperm = replicates)$perm.p
})
cohort <- function(n) {
  set.seed(2)
  data.frame(time = stats::rexp(n), died = stats::runif(n) < 0.7, arm = factor(rep(1:2, length.out = n)))
}
ours <- function(data, ...) {
  force(data)
  function() logrank_test(Surv(time, died) ~ arm, data, seed = 1, ...)
}
compare <- function(case, ours, theirs, peer, tolerance, runs) {
  p <- theirs()
  if (!is.null(p)) stopifnot(abs(ours()$p.value - p) < tolerance)
  rows <<- c(rows, list(bench_row("logrank", case, peer, ours, theirs, runs)))
}
for (n in bench_sizes(c(30, 40))) {
  data <- cohort(n)
  compare(paste("all ways, n =", n), ours(data, distribution = "exact"), function() coin$p(data, "exact"), coin$name,
    1e-6, if (n > 35) 1 else 3
  )
}
for (n in bench_sizes(c(30, 1000))) {
  data <- cohort(n)
  compare(paste("10^5 drawn ways, n =", n), ours(data, distribution = "approximate", replicates = 1e5),
    function() coin$p(data, coin::approximate(1e5)), coin$name, 0.02, 5
  )
}
for (n in bench_sizes(c(30, 100, 1000))) {
  data <- cohort(n)
  compare(paste("10^4 drawn ways, studentised, n =", n), ours(data, studentised = TRUE, replicates = 1e4),
    function() clinfun$p(data, 1e4), clinfun$name, 0.03, 3
  )
}
# The error is part of the goal.
for (n in bench_sizes(c(1000, 1e4))) {
  numeric <- ours(cohort(n), distribution = "exact")
  stopifnot(n < 100 || numeric()$permutation$error <= 1e-7)
  compare(paste("all ways within 1e-7, n =", n), numeric, function() NULL, "none", 0, 5)
  rows[[length(rows)]][c("peer.ms", "ratio")] <- NA
}
do.call(rbind, rows)
