# fisher_test(exact = TRUE) against stats::fisher.test() on tables larger than 2x2. The workspace of the latter is the
# least of 2e5, 2e6, ..., 2e8 that does, since a large one takes time of its own. Where its p-value is wrong, as the
# exact one shows, the case says so. Tables that it has no answer for stand without a peer.

drawn_table <- function(rows, columns, n, seed, weights = matrix(1, rows, columns)) {
  set.seed(seed)
  repeat {
    x <- matrix(stats::rmultinom(1, n, weights), rows)
    if (all(rowSums(x) > 0, colSums(x) > 0)) return(x)
  }
}

rows <- list()
for (size in list(
  c(3, 5, 100), c(4, 4, 60), c(4, 4, 100), c(5, 5, 45), c(6, 6, 45), c(7, 6, 45), c(7, 7, 45), c(8, 6, 42), c(8, 7, 45)
)) {
  for (seed in 1:2) {
    x <- drawn_table(size[1], size[2], size[3], seed)
    ours <- function() fisher_test(x, exact = TRUE, progress = FALSE)
    for (workspace in 2 * 10^(5:8)) {
      p <- tryCatch(stats::fisher.test(x, workspace = workspace)$p.value, error = function(e) NA)
      if (!is.na(p)) break
    }
    case <- paste0(size[1], " x ", size[2], ", n = ", size[3], ", p = ", signif(ours()$p.value, 2),
      if (!is.na(p) && abs(p / ours()$p.value - 1) > 1e-6) paste0(" (peer: ", signif(p, 2), ")"))
    theirs <- if (is.na(p)) function() NULL else function() stats::fisher.test(x, workspace = workspace)
    row <- bench_row("fisher_rxc", case, paste("stats", getRversion()), ours, theirs, runs = 3)
    if (is.na(p)) row[c("peer", "peer.ms", "ratio")] <- list("no answer", NA, NA)
    rows <- c(rows, list(row))
  }
}

# What should be exact within ten seconds and a gigabyte.
for (size in list(c(3, 5, 500), c(4, 4, 300), c(6, 6, 100), c(8, 6, 50))) {
  for (seed in 1:3) {
    x <- drawn_table(size[1], size[2], size[3], seed)
    test <- NULL
    seconds <- system.time(test <- fisher_test(x, progress = FALSE, seed = 1))[["elapsed"]]
    rows <- c(rows, list(data.frame(
      stem = "fisher_rxc", case = paste0(
        size[1], " x ", size[2], ", n = ", size[3], ", p = ", signif(test$p.value, 2),
        if (!is.null(test$mc)) " (drawn)"
      ), peer = "none", ours.ms = signif(1000 * seconds, 3), peer.ms = NA, ratio = NA, runs = 1
    )))
  }
}
do.call(rbind, rows)
