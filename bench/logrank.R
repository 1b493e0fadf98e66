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
    case <- paste0("n = ", format(n, big.mark = ",", scientific = FALSE), ", ", kind)
    rows <- c(rows, list(bench_row(
      "logrank", case, paste("survival", utils::packageVersion("survival")), ours, theirs
    )))
    if (n == 100) {
      time <- data$time
      rows <- c(rows, list(bench_again(rows[[length(rows)]], paste0(case, ", vectors"), function() {
        logrank_test(time, died, arm)
      })))
    }
    if (n >= 1e6 && kind == "untied") {
      rows <- c(rows, list(bench_again(rows[[length(rows)]], paste0(case, ", two threads"), function() {
        logrank_test(Surv(time, died) ~ arm, data = data, threads = 2)
      })))
    }
  }
}
do.call(rbind, rows)
