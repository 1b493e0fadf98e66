# Memory beyond input and result, in bytes a row: the process's peak while a verb works, less what it holds with the
# result in hand. Linux only, which tells the peak and lets it be reset. There is no peer: the columns ours.ms and
# peer.ms hold bytes a row, beyond the result and of the result.

memory_of <- function(verb, n, kind) {
  script <- tempfile(fileext = ".R")
  writeLines(c(
    "suppressPackageStartupMessages(library(cryonodes))",
    "held <- function(what) {",
    "  line <- grep(what, readLines('/proc/self/status'), value = TRUE)",
    "  1024 * as.numeric(gsub('[^0-9]', '', line))",
    "}",
    sprintf("n <- %d; set.seed(1); time <- stats::rexp(n, 0.03); event <- stats::runif(n) < 0.4", n),
    if (kind == "whole days") "time <- ceiling(30.4375 * time)",
    "status <- event + (stats::runif(n) < 0.3) * event",
    "arm <- factor(sample(c('a', 'b'), n, TRUE))",
    "invisible(kaplan_meier(c(1, 2), c(1, 0)))",
    "for (i in 1:3) gc(); before <- held('VmRSS'); cat('5', file = '/proc/self/clear_refs')",
    sprintf("result <- %s", verb),
    "peak <- held('VmHWM'); for (i in 1:3) gc(); after <- held('VmRSS')",
    "cat((peak - after) / n, (after - before) / n)"
  ), script)
  as.numeric(strsplit(system2(file.path(R.home("bin"), "Rscript"), shQuote(script), stdout = TRUE), " ")[[1]])
}
verbs <- c(
  kaplan_meier = "kaplan_meier(time, event)", logrank_test = "logrank_test(time, event, arm)",
  restricted_mean = "restricted_mean(time, event, tau = 24)", nelson_aalen = "nelson_aalen(time, event)",
  cumulative_incidence = "cumulative_incidence(time, status)",
  "cumulative_incidence, tests" = "cumulative_incidence(time, status, arm, test = TRUE)"
)
rows <- list()
if (file.exists("/proc/self/clear_refs")) {
  for (n in bench_sizes(1e7)) {
    for (kind in c("untied", "whole days")) {
      for (verb in names(verbs)) {
        bytes <- memory_of(verbs[[verb]], n, kind)
        rows <- c(rows, list(data.frame(
          stem = verb, case = paste0("n = ", format(n, big.mark = ",", scientific = FALSE), ", ", kind,
            ": bytes a row beyond the result; of the result"
          ), peer = "none", ours.ms = round(bytes[1], 2), peer.ms = round(bytes[2], 1), ratio = NA, runs = 1
        )))
      }
    }
  }
}
do.call(rbind, rows)
