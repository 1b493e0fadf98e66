# logrank_test() against survival::survdiff(), two groups; the chi-squares are compared before the times.

rows <- list()
for (n in bench_sizes(c(100, 1e4, 1e6))) {
  set.seed(1)
  months <- stats::rexp(n, 0.03)
  died <- stats::runif(n) < 0.4
  arm <- factor(sample(c("a", "b"), n, replace = TRUE))
  for (kind in c("untied", "whole days")) {
    data <- data.frame(time = if (kind == "untied") months else ceiling(30.4375 * months), died, arm)
    ours <- function() logrank_test(Surv(time, died) ~ arm, data = data)
    theirs <- function() survival::survdiff(survival::Surv(time, died) ~ arm, data = data)
    # Half a million terms are summed with compensation on our side only.
    stopifnot(isTRUE(all.equal(ours()$statistic[[1]], theirs()$chisq, tolerance = 1e-9)))
    rows <- c(rows, list(bench_row(
      "logrank", paste0("n = ", format(n, big.mark = ",", scientific = FALSE), ", ", kind),
      paste("survival", utils::packageVersion("survival")), ours, theirs
    )))
  }
}
do.call(rbind, rows)
