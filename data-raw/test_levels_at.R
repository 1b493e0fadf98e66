# How often the tests of compare_at() reject at 5%, at 12 and 24 months, in cohorts like the founding one; see
# nested_cohort.R. Writes inst/extdata/test_levels_at.csv, which the vignette small-samples shows. Some ten minutes.
#   Rscript data-raw/test_levels_at.R [replicates]

library(cryonodes)
replicates <- as.integer(c(commandArgs(trailingOnly = TRUE), 2000)[1])
source("data-raw/nested_cohort.R")

p_values <- function(d, lesions) {
  p <- function(method, cluster = NULL) {
    compare_at(d$time, d$event, d$arm, times = c(12, 24), method = method, cluster = cluster)$tests$p.value
  }
  methods <- c("melded", "melded mid-p", "cloglog", "arcsine", "identity", "pseudo-values", "fisher-crude")
  rows <- sapply(methods, p, simplify = FALSE)
  if (!lesions) return(unlist(rows))
  nested <- list("melded, clustered" = p("melded", d$id), "cloglog, clustered" = p("cloglog", d$id))
  unlist(c(rows[c("melded", "cloglog", "fisher-crude")], nested))
}

settings <- expand.grid(ratio = c(1, 4), design = c("29 patients", "lesions, shared frailty"), stringsAsFactors = FALSE)
set.seed(20261125)
out <- do.call(rbind, lapply(seq_len(nrow(settings)), function(k) {
  lesions <- settings$design[k] != "29 patients"
  found <- do.call(cbind, lapply(seq_len(replicates), function(i) {
    p_values(cohort(settings$ratio[k], if (lesions) 1 else 0, lesions), lesions)
  }))
  cat(settings$design[k], settings$ratio[k], "\n")
  data.frame(
    design = settings$design[k], ratio = settings$ratio[k], test = sub("[12]$", "", rownames(found)),
    time = c(12, 24)[as.integer(sub(".*([12])$", "\\1", rownames(found)))], replicates = rowSums(!is.na(found)),
    rejected = round(rowMeans(found <= 0.05, na.rm = TRUE), 4)
  )
}))
write.csv(out, "inst/extdata/test_levels_at.csv", row.names = FALSE)
