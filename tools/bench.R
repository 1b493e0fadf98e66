# Rscript tools/bench.R <results.md>: runs every bench/<stem>.R, each in its own environment and each ending in its rows,
# and appends them to the results.

suppressPackageStartupMessages(library(cryonodes))
results <- commandArgs(trailingOnly = TRUE)[1]
scripts <- setdiff(list.files("bench", "[.]R$"), c("helper.R", "interrupt.R", "registry.R"))

local({
  sys.source(file.path("bench", "helper.R"), environment())
  touch_memory()
})
rows <- do.call(rbind, lapply(scripts, function(script) {
  cat("bench:", script, "\n")
  env <- new.env(parent = globalenv())
  sys.source(file.path("bench", "helper.R"), env)
  source(file.path("bench", script), local = env)$value
}))
print(rows, row.names = FALSE)

processor <- tryCatch(
  sub(".*: *", "", grep("model name", readLines(file.path("", "proc", "cpuinfo")), value = TRUE)[1]),
  error = function(e) NA
)
head <- paste0(
  "\n## ", format(Sys.Date()), ", cryonodes ", utils::packageVersion("cryonodes"), ", R ", getRversion(),
  if (!is.na(processor)) paste0(", ", processor), "\n\nMedians in milliseconds; ratio = peer / ours, above 1 we are faster.\n"
)
if (!file.exists(results)) cat("# Side by side with other packages\n", file = results)
cat(head, knitr::kable(rows, format = "pipe"), "", sep = "\n", file = results, append = TRUE)
