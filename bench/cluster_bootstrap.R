# cluster_bootstrap() against the loop that one writes by hand: draw the patients' rows, survfit(), read the number off.
# One row a patient. The loop runs fewer replicates, and its time is scaled to as many.

at_time <- 24
rows <- list()
for (n in bench_sizes(c(100, 1000))) {
  set.seed(1)
  event_time <- stats::rexp(n, 0.03)
  left <- stats::rexp(n, 0.02)
  data <- data.frame(time = pmin(event_time, left), died = event_time <= left)
  read <- list(
    survival = function(fit) summary(fit, times = at_time, extend = TRUE)$surv,
    median = function(fit) stats::quantile(fit, 0.5, conf.int = FALSE),
    restricted_mean = function(fit) summary(fit, rmean = at_time)$table[["rmean"]]
  )
  for (statistic in names(read)) {
    ours <- function(replicates = 1000) {
      cluster_bootstrap(data$time, data$died,
        statistic = statistic, times = if (statistic == "survival") at_time,
        tau = if (statistic == "restricted_mean") at_time, replicates = replicates, seed = 1, progress = FALSE
      )
    }
    theirs <- function(replicates = 50) {
      replicate(replicates, {
        drawn <- data[sample.int(n, replace = TRUE), ]
        read[[statistic]](survival::survfit(survival::Surv(time, died) ~ 1, data = drawn))
      })
    }
    # The same number of the cohort itself.
    whole <- read[[statistic]](survival::survfit(survival::Surv(time, died) ~ 1, data = data))
    stopifnot(isTRUE(all.equal(ours(2)$estimates$estimate, as.vector(whole), tolerance = 1e-12)))
    row <- bench_row(
      "cluster_bootstrap", paste0("1000 replicates of n = ", n, ", ", statistic),
      paste("survival", utils::packageVersion("survival")), ours, theirs
    )
    row[c("peer.ms", "ratio")] <- row[c("peer.ms", "ratio")] * 1000 / 50
    rows <- c(rows, list(row))
  }
}
do.call(rbind, rows)
