# reconstruct_km() on tables printed from simulated cohorts: three landmarks, two groups and the pooled curve. There is
# no peer; the columns hold the median and the longest of ten cohorts, in milliseconds.

print_cohort <- function(n, seed) {
  set.seed(seed)
  group <- rep(c("x", "y"), c(ceiling(0.7 * n), n - ceiling(0.7 * n)))
  event_time <- stats::rexp(n, 0.02)
  left <- stats::rexp(n, 0.025)
  time <- pmin(event_time, left)
  curve <- function(rows, name) {
    at <- as.data.frame(rates(kaplan_meier(time[rows], (event_time <= left)[rows]), c(12, 24, 36), extend = TRUE))
    half_up <- function(x) floor(1000 * x + 0.5 + 1e-9) / 10
    data.frame(
      group = name, n = sum(rows), time = at$time, estimate = half_up(at$estimate),
      std.error = ifelse(at$estimate == 0, NA, half_up(at$std.error))
    )
  }
  rbind(curve(rep(TRUE, n), "all"), curve(group == "x", "x"), curve(group == "y", "y"))
}
rows <- lapply(bench_sizes(c(29, 50)), function(n) {
  seconds <- vapply(1:10, function(seed) {
    table <- print_cohort(n, seed)
    # A search that is not done after a minute counts as endless.
    tryCatch(
      {
        setTimeLimit(elapsed = 60, transient = TRUE)
        system.time(reconstruct_km(table, pooled = "all", decimals = 1))[["elapsed"]]
      },
      interrupt = function(e) Inf, error = function(e) Inf
    )
  }, 0)
  data.frame(
    stem = "reconstruct", case = paste0("n = ", n, ", 10 cohorts: median; longest beside it"), peer = "none",
    ours.ms = signif(1000 * stats::median(seconds), 3), peer.ms = signif(1000 * max(seconds), 3), ratio = NA, runs = 10
  )
})
do.call(rbind, rows)
