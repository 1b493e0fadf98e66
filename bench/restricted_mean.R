# restricted_mean() against survRM2::rmst2(), two groups; estimates and standard errors are compared before the times.

has_peer <- requireNamespace("survRM2", quietly = TRUE)
if (!has_peer) message("restricted_mean: no rows, its peer survRM2 is not installed")
rows <- list()
for (n in if (has_peer) bench_sizes(c(100, 1000, 1e5))) {
  set.seed(1)
  months <- stats::rexp(n, 0.03)
  died <- as.integer(stats::runif(n) < 0.4)
  arm <- sample(0:1, n, replace = TRUE)
  data <- data.frame(months, died, arm)
  theirs <- function() survRM2::rmst2(months, died, arm, tau = 24)
  same <- function(ours, theirs) {
    recorded <- rbind(theirs$RMST.arm0$rmst, theirs$RMST.arm1$rmst)
    stopifnot(isTRUE(all.equal(ours$estimate, as.vector(recorded[, "Est."]), tolerance = 1e-10)))
    stopifnot(isTRUE(all.equal(ours$std.error, as.vector(recorded[, "se"]), tolerance = 1e-10)))
  }
  for (kind in c("formula", "vectors")) {
    ours <- if (kind == "formula") {
      function() restricted_mean(Surv(months, died) ~ arm, data = data, tau = 24)
    } else {
      function() restricted_mean(months, died, arm, tau = 24)
    }
    same(ours(), theirs())
    rows <- c(rows, list(bench_row(
      "restricted_mean", paste0("n = ", format(n, big.mark = ",", scientific = FALSE), ", two groups, ", kind),
      paste("survRM2", utils::packageVersion("survRM2")), ours, theirs
    )))
  }
}
do.call(rbind, rows)
