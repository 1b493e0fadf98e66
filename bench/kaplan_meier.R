# kaplan_meier() against survival::survfit(), two groups: all times different, and whole days with many ties.
# Both are asked for the same interval; their estimates are compared before their times.

rows <- list()
for (n in bench_sizes(c(100, 1e4, 1e6))) {
  set.seed(1)
  months <- stats::rexp(n, 0.03)
  died <- stats::runif(n) < 0.4
  arm <- factor(sample(c("a", "b"), n, replace = TRUE))
  for (kind in c("untied", "whole days")) {
    data <- data.frame(time = if (kind == "untied") months else ceiling(30.4375 * months), died, arm)
    ours <- function() kaplan_meier(Surv(time, died) ~ arm, data = data, conf.type = "log-log")
    theirs <- function() survival::survfit(survival::Surv(time, died) ~ arm, data = data, conf.type = "log-log")
    stopifnot(isTRUE(all.equal(ours()$surv, theirs()$surv, tolerance = 1e-12)))
    rows <- c(rows, list(bench_row(
      "kaplan_meier", paste0("n = ", format(n, big.mark = ",", scientific = FALSE), ", ", kind),
      paste("survival", utils::packageVersion("survival")), ours, theirs
    )))
  }
}
do.call(rbind, rows)
