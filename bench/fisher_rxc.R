# fisher_test(exact = TRUE) against stats::fisher.test() on tables larger than 2x2: counts drawn with equal chances, or
# with chances in proportion to 1, 2, 3, ... of rows and columns ("graded"). The workspace of the peer is the least of
# 2e5, 2e6, ..., 2e8 that does, since a large one takes time of its own. Only tables that it needs over 50 ms for are
# shown; the last row is the geometric mean of their ratios. Where its p-value is wrong, as the exact one shows, the
# case says so. Each table is tested in a process of its own, as some crash the peer: those, and the ones that it has
# no answer for within a minute, are left out.

drawn_table <- function(rows, columns, n, seed, weights = matrix(1, rows, columns)) {
  set.seed(seed)
  repeat {
    x <- matrix(stats::rmultinom(1, n, weights), rows)
    if (all(rowSums(x) > 0, colSums(x) > 0)) return(x)
  }
}

compared <- function(x, libraries) {
  .libPaths(libraries)
  elapsed <- function(work) 1000 * system.time(work())[["elapsed"]]
  workspace <- p <- NA
  for (workspace in 2 * 10^(5:8)) {
    p <- tryCatch(stats::fisher.test(x, workspace = workspace)$p.value, error = function(e) NA)
    if (!is.na(p)) break
  }
  if (is.na(p)) return(NULL)
  ours <- function() cryonodes::fisher_test(x, exact = TRUE, progress = FALSE)
  theirs <- function() stats::fisher.test(x, workspace = workspace)
  for (i in 1:3) exact <- ours()$p.value # and the package is loaded, and R has compiled what came again
  times <- replicate(3, c(elapsed(ours), elapsed(theirs))) # in turns: the machine may change its speed
  list(p = exact, peer.p = p, ours.ms = stats::median(times[1, ]), peer.ms = stats::median(times[2, ]))
}

rows <- list()
for (size in list(
  c(2, 12, 200), c(3, 4, 250), c(3, 5, 200), c(3, 6, 120), c(4, 4, 100), c(4, 4, 140), c(4, 5, 90), c(4, 6, 60),
  c(5, 5, 60), c(5, 5, 75), c(5, 6, 50), c(5, 8, 45), c(6, 6, 45), c(6, 6, 55), c(7, 6, 45), c(7, 7, 45), c(8, 6, 42),
  c(8, 6, 50), c(8, 7, 45), c(8, 8, 42), c(10, 5, 45), c(9, 9, 40)
)) {
  for (graded in c(FALSE, TRUE)) {
    for (seed in 1:2) {
      weights <- if (graded) outer(seq_len(size[1]), seq_len(size[2])) else matrix(1, size[1], size[2])
      x <- drawn_table(size[1], size[2], size[3], seed, weights)
      found <- tryCatch(callr::r(compared, list(x, .libPaths()), timeout = 60), error = function(e) NULL)
      if (is.null(found) || found$peer.ms < 50) next
      case <- paste0(size[1], " x ", size[2], ", n = ", size[3], if (graded) ", graded", ", p = ", signif(found$p, 2),
        if (abs(found$peer.p / found$p - 1) > 1e-4) paste0(" (peer: ", signif(found$peer.p, 2), ")"))
      rows <- c(rows, list(data.frame(
        stem = "fisher_rxc", case = case, peer = paste("stats", getRversion()), ours.ms = signif(found$ours.ms, 3),
        peer.ms = signif(found$peer.ms, 3), ratio = signif(found$peer.ms / found$ours.ms, 3), runs = 3
      )))
    }
  }
}
ratios <- vapply(rows, function(row) row$ratio, 1)
rows <- c(rows, list(data.frame(
  stem = "fisher_rxc", case = paste("geometric mean of", length(ratios), "tables; the least is", min(ratios)),
  peer = paste("stats", getRversion()), ours.ms = NA, peer.ms = NA, ratio = signif(exp(mean(log(ratios))), 3), runs = 3
)))

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
