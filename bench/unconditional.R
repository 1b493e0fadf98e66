# Barnard's and Boschloo's tests against Exact and exact2x2: p-value alone, or with the interval of the difference.

library(cryonodes)
rows <- list()
peer <- function(package) paste(package, utils::packageVersion(package))
if (requireNamespace("Exact", quietly = TRUE)) {
  quiet <- function(expr) suppressWarnings(suppressMessages(expr))
  for (n in bench_sizes(c(15, 50))) {
    x <- round(n * c(0.3, 0.5))
    table <- matrix(c(x, n - x), 2)
    exact <- function(method, interval, alternative = "less") {
      function() {
        quiet(Exact::exact.test(table,
          method = method, alternative = alternative, conf.int = interval, to.plot = FALSE, model = "binomial",
          cond.row = TRUE, useStoredCSM = FALSE
        ))
      }
    }
    ours <- function(test, interval, ...) function() test(table, alternative = "less", conf.int = interval, ...)
    name <- function(what) paste0(what, ", ", n, " v ", n)
    rows <- c(rows, list(
      bench_row("unconditional", name("Barnard score, p"), peer("Exact"), ours(barnard_test, FALSE),
        exact("z-pooled", FALSE), 3
      ),
      bench_row("unconditional", name("Boschloo, p"), peer("Exact"), ours(boschloo_test, FALSE),
        exact("boschloo", FALSE), 3
      )
    ))
    if (n <= 15) {
      rows <- c(rows, list(
        bench_row("unconditional", name("Barnard score, p and interval"), peer("Exact"), ours(barnard_test, TRUE),
          exact("z-pooled", TRUE), 3
        ),
        bench_row("unconditional", name("Barnard CSM, p"), peer("Exact"), ours(barnard_test, FALSE, statistic = "csm"),
          exact("csm", FALSE), 3
        )
      ))
    } else {
      rows <- c(rows, list(bench_row("unconditional", name("Barnard CSM, p; no peer ends in time"), "itself",
        ours(barnard_test, FALSE, statistic = "csm"), ours(barnard_test, FALSE, statistic = "csm"), 3
      )))
    }
  }
}
# Its intervals take minutes: p-values only.
if (requireNamespace("exact2x2", quietly = TRUE)) {
  rows <- c(rows, list(bench_row("unconditional", "Boschloo, p, 7/15 v 12/15", peer("exact2x2"),
    function() boschloo_test(7, 8, 12, 3, conf.int = FALSE),
    function() exact2x2::boschloo(12, 15, 7, 15, conf.int = FALSE), 3
  )))
}
do.call(rbind, rows)
