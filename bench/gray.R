# cumulative_incidence() with the tests of both causes against cmprsk::cuminc(), which gives all of it as well. Two and
# three groups, two causes, all times different or whole days. The statistics and p-values are compared before the times,
# at exact times: cmprsk does not merge those that differ by rounding only. Nine runs: the first after a peer that takes
# much memory are unlike the rest. And 999 ways of dealing 200 patients out, for which there is no peer.

rows <- list()
has_peer <- requireNamespace("cmprsk", quietly = TRUE)
if (!has_peer) message("gray: no peer, cmprsk is not installed")
peer <- if (has_peer) paste("cmprsk", utils::packageVersion("cmprsk")) else "none"
cohort <- function(n, groups = 3) {
  set.seed(1)
  group <- sample(seq_len(groups), n, replace = TRUE)
  data.frame(months = stats::rexp(n, 0.03 * (1 + 0.001 * group)), status = sample(0:2, n, replace = TRUE), group)
}
for (n in bench_sizes(c(1e4, 1e6))) for (groups in 2:3) {
  data <- cohort(n, groups)
  size <- paste0("n = ", format(n, big.mark = ",", scientific = FALSE), ", ", groups, " groups")
  for (kind in c("untied", "whole days")) {
    time <- if (kind == "untied") data$months else ceiling(30.4375 * data$months)
    ours <- function(timefix = TRUE, threads = 1) {
      cumulative_incidence(time, data$status, data$group,
        variance = "aalen", test = TRUE, timefix = timefix, threads = threads
      )
    }
    theirs <- if (has_peer) function() cmprsk::cuminc(time, data$status, data$group) else function() NULL
    if (has_peer) {
      known <- theirs()$Tests
      found <- do.call(rbind, lapply(ours(FALSE)$tests, glance))
      stopifnot(
        isTRUE(all.equal(found$statistic, unname(known[, "stat"]), tolerance = 1e-8)),
        isTRUE(all.equal(found$p.value, unname(known[, "pv"]), tolerance = 1e-8))
      )
    }
    rows <- c(rows, list(bench_row("gray", paste0(size, ", ", kind, ", with incidences"), peer, ours, theirs, 9)))
    if (n >= 1e6 && kind == "untied") {
      two <- function() ours(threads = 2)
      rows <- c(rows, list(bench_again(rows[[length(rows)]], paste0(size, ", ", kind, ", two threads"), two)))
    }
    tests <- function() lapply(1:2, function(cause) gray_test(time, data$status, data$group, cause = cause))
    rows <- c(rows, list(bench_again(rows[[length(rows)]], paste0(size, ", ", kind, ", two gray_test() alone"), tests)))
  }
}
data <- cohort(200)
drawn <- function(threads) {
  function() {
    gray_test(data$months, data$status, data$group,
      cause = 1, distribution = "approximate", replicates = 999, seed = 1, threads = threads
    )
  }
}
stopifnot(identical(drawn(1)(), drawn(2)()))
rows <- c(rows, list(bench_row("gray", "999 drawn ways, n = 200, 2 threads", "one thread", drawn(2), drawn(1), 3)))
do.call(rbind, rows)
