# cumulative_incidence() against cmprsk::cuminc(), whose variance it is asked for, and against the multi-state
# survival::survfit(), which keeps the influence of each row on each time: that one up to 10^4 rows only. Two causes, all
# times different or whole days. The estimates are compared before the times, with cmprsk's at exact times: it does not
# merge those that differ by rounding only, of which there are thousands among 10^6 rows.

rows <- list()
for (n in bench_sizes(c(1e4, 1e6))) {
  set.seed(1)
  months <- stats::rexp(n, 0.03)
  status <- sample(0:2, n, replace = TRUE)
  size <- paste0("n = ", format(n, big.mark = ",", scientific = FALSE))
  for (kind in c("untied", "whole days")) {
    time <- if (kind == "untied") months else ceiling(30.4375 * months)
    data <- data.frame(time, state = factor(status))
    at <- stats::quantile(time, c(0.25, 0.5, 0.75), names = FALSE, type = 1)
    if (requireNamespace("cmprsk", quietly = TRUE)) {
      ours <- function() cumulative_incidence(time, status, variance = "aalen")
      theirs <- function() cmprsk::cuminc(time, status)
      known <- cmprsk::timepoints(theirs(), at)
      mine <- rates(cumulative_incidence(time, status, variance = "aalen", timefix = FALSE), at)
      stopifnot(
        isTRUE(all.equal(mine$estimate, as.vector(t(known$est)), tolerance = 1e-10)),
        isTRUE(all.equal(mine$std.error, sqrt(as.vector(t(known$var))), tolerance = 1e-8))
      )
      rows <- c(rows, list(bench_row(
        "cumulative_incidence", paste0(size, ", ", kind), paste("cmprsk", utils::packageVersion("cmprsk")), ours, theirs
      )))
      rows <- c(rows, list(bench_again(rows[[length(rows)]],
        paste0(size, ", ", kind, ", every column read"), function() read_columns(ours())
      )))
    }
    if (n <= 1e4) {
      ours <- function() cumulative_incidence(Surv(time, state) ~ 1, data = data)
      theirs <- function() survival::survfit(survival::Surv(time, state) ~ 1, data = data, conf.type = "log-log")
      stopifnot(isTRUE(all.equal(ours()$pstate, theirs()$pstate, tolerance = 1e-12)))
      rows <- c(rows, list(bench_row(
        "cumulative_incidence", paste0(size, ", ", kind), paste("survival", utils::packageVersion("survival")), ours,
        theirs,
        runs = 3
      )))
      rows <- c(rows, list(bench_again(rows[[length(rows)]],
        paste0(size, ", ", kind, ", every column read"), function() read_columns(ours())
      )))
    }
  }
}
do.call(rbind, rows)
