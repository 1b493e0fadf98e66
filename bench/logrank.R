# logrank_test() against survival::survdiff() and, where they are installed, FastSurvival::survdiff_fast() and
# fastlogranktest::logrank_test() (github.com/compsysmed/fastlogranktest), which is given the groups apart; two groups;
# the chi-squares are compared before the times. logrank_columns() against loops of the first two.

fast <- requireNamespace("FastSurvival", quietly = TRUE)
fast_name <- if (fast) paste("FastSurvival", utils::packageVersion("FastSurvival"))

apart <- requireNamespace("fastlogranktest", quietly = TRUE)
apart_name <- if (apart) paste("fastlogranktest", utils::packageVersion("fastlogranktest"))

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
    # Times that differ by rounding only are merged by survival and by us; the next two never do that.
    exact <- logrank_test(data$time, died, arm, timefix = FALSE)$statistic[[1]]
    if (fast) {
      vectors <- function() logrank_test(data$time, died, arm)
      quick <- function() FastSurvival::survdiff_fast(data$time, died, arm, control = "a")
      stopifnot(isTRUE(all.equal(as.vector(quick()), exact, tolerance = 1e-9)))
      rows <- c(rows, list(bench_row("logrank", paste0(case, ", vectors"), fast_name, vectors, quick)))
    }
    if (apart) {
      times <- split(data$time, arm)
      events <- split(as.numeric(died), arm)
      of_two <- function() fastlogranktest::logrank_test(times$a, times$b, events$a, events$b)
      stopifnot(isTRUE(all.equal(of_two()[[1]], exact, tolerance = 1e-9)))
      vectors <- function() logrank_test(data$time, died, arm)
      rows <- c(rows, list(bench_row("logrank", paste0(case, ", vectors"), apart_name, vectors, of_two)))
    }
  }
}

# Simulation studies: many cohorts of 1000. The loops run over a part of the columns and are scaled up.
if (max(bench_sizes(1e6)) >= 1e4) {
  set.seed(2)
  columns <- 10000
  part <- 200
  failure <- matrix(stats::rexp(1000 * columns), 1000)
  left <- matrix(stats::runif(1000 * columns, 0, 2), 1000)
  time <- pmin(failure, left)
  event <- failure <= left
  rm(failure, left)
  arm <- rep(c("a", "b"), each = 500)
  in_arm <- factor(arm)
  loop <- function(one) function() vapply(seq_len(part), one, 0)
  by_survdiff <- loop(function(j) survival::survdiff(survival::Surv(time[, j], event[, j]) ~ in_arm)$chisq)
  all <- logrank_columns(time, event, arm)
  stopifnot(isTRUE(all.equal(by_survdiff(), all$statistic[seq_len(part)], tolerance = 1e-9)))
  scaled <- function(peer, theirs, threads) {
    row <- bench_row("logrank", paste0("10,000 tests of n = 1,000", if (threads > 1) ", two threads"), peer,
      function() logrank_columns(time, event, arm, threads = threads), theirs
    )
    row$peer.ms <- row$peer.ms * columns / part
    row$ratio <- signif(row$peer.ms / row$ours.ms, 3)
    row
  }
  survdiff_name <- paste("survival", utils::packageVersion("survival"))
  rows <- c(rows, list(scaled(survdiff_name, by_survdiff, 1), scaled(survdiff_name, by_survdiff, 2)))
  if (fast) {
    by_fast <- loop(function(j) as.vector(FastSurvival::survdiff_fast(time[, j], event[, j], in_arm, control = "a")))
    rows <- c(rows, list(scaled(fast_name, by_fast, 1)))
  }
}
do.call(rbind, rows)
