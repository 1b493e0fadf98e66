# Writes exact_uncond.csv. Run in this directory, with Exact and exact2x2: Rscript exact_uncond.R, then python3
# exact_uncond.py, which adds `exact`. Tables [a b; c d] by row: a successes of a + b, c of c + d.
# Recorded: Exact::exact.test() (1000 values of the nuisance parameter), exact2x2::boschloo() and uncondExact2x2() with
# method "score": tsmethod "central" is the interval of Chan and Zhang (1999), "square" that of Agresti and Min (2001).
# Difference: p2 - p1 in exact2x2, p1 - p2 in Exact, and here p2 - p1 for both; ratio p2 / p1; odds ratio likewise.
# Both search on grids: tolerance 2e-4 for p (Exact, whose grid leaves out 0 and 1), 1e-3 else.
# boschloo(tsmethod = "minlike") is another ordering than Boschloo's two-sided test by Fisher's two-sided p (Exact). `alternative` is said of p2 - p1.
# mehta2003: Mehta and Senchaudhuri, "Conditional versus unconditional exact tests for comparing two binomials" (2003),
# vaccine trial, 7 of 15 against 12 of 15: there 0.0341 one-sided (Barnard), 0.0641 by Fisher's test.
suppressMessages({
  library(exact2x2)
  library(Exact)
})
set.seed(20261125)
tables <- list(mehta2003 = c(7, 8, 12, 3), tea = c(3, 1, 1, 3), convictions = c(2, 10, 15, 3), zero = c(0, 10, 4, 6),
  far = c(1, 19, 14, 6), same = c(4, 6, 8, 12)
)
for (i in 1:6) {
  n <- sample(4:20, 2, TRUE)
  x <- c(sample(0:n[1], 1), sample(0:n[2], 1))
  tables[[paste0("drawn", i)]] <- c(x[1], n[1] - x[1], x[2], n[2] - x[2])
}
rows <- list()
add <- function(id, method, alternative, value, package, tolerance) {
  t <- tables[[id]]
  rows[[length(rows) + 1]] <<- data.frame(id, a = t[1], b = t[2], c = t[3], d = t[4], method, alternative,
    quantity = names(value), value = formatC(unname(value), digits = 17, format = "g"), tolerance,
    origin = paste("recorded:", package, packageVersion(package))
  )
}
opposite <- c(two.sided = "two.sided", less = "greater", greater = "less")
for (id in names(tables)) {
  t <- tables[[id]]
  x <- matrix(t, 2, byrow = TRUE)
  for (alternative in c("two.sided", "less", "greater")) {
    for (method in c("z-pooled", "z-unpooled", "boschloo", if (sum(t) <= 24) "csm")) {
      r <- try(exact.test(x, method = method, alternative = opposite[[alternative]], to.plot = FALSE, npNumbers = 1000,
        useStoredCSM = FALSE
      ), silent = TRUE)
      if (!inherits(r, "try-error")) add(id, method, alternative, c(p = r$p.value), "Exact", 2e-4)
    }
    r <- boschloo(t[1], t[1] + t[2], t[3], t[3] + t[4], alternative = alternative, tsmethod = "central")
    add(id, if (alternative == "two.sided") "boschloo central" else "boschloo", alternative, c(p = r$p.value), "exact2x2",
      1e-3
    )
  }
  r <- boschloo(t[1], t[1] + t[2], t[3], t[3] + t[4], tsmethod = "minlike")
  add(id, "boschloo exact2x2 minlike", "two.sided", c(p = r$p.value), "exact2x2", 1e-3)
  for (parameter in if (!grepl("drawn", id)) c("difference", "ratio", "oddsratio")) {
    for (ts in c("central", "square")) {
      r <- try(uncondExact2x2(t[1], t[1] + t[2], t[3], t[3] + t[4], parmtype = parameter, method = "score", tsmethod = ts,
        conf.int = TRUE
      ), silent = TRUE)
      if (inherits(r, "try-error")) next
      add(id, paste("score", ts, parameter), "two.sided", c(p = r$p.value, conf_low = r$conf.int[1],
        conf_high = r$conf.int[2]
      ), "exact2x2", 1e-3)
    }
  }
}
write.csv(do.call(rbind, rows), "exact_uncond.csv", row.names = FALSE, quote = FALSE)
