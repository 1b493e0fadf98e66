# How often the tests of logrank_test() reject at 5% in cohorts like the founding one: 29 patients, 9 and 20 by chance, with 1
# to 4 lesions, whose outcomes they share through a gamma frailty, and follow-up that ends for all lesions of a patient at
# once. Under the null, and where the hazard of the second group is 2.5 times that of the first. Writes
# inst/extdata/test_levels.csv, which the vignette small-samples shows. Some five minutes.
#   Rscript data-raw/test_levels.R [replicates]

library(cryonodes)
replicates <- as.integer(c(commandArgs(trailingOnly = TRUE), 4000)[1])
source("data-raw/nested_cohort.R")

p_values <- function(d) {
  p <- function(...) logrank_test(d$time, d$event, d$arm, ...)$p.value
  first <- d[!duplicated(d$id), ]
  c(
    "log-rank of lesions" = p(), "permutation of lesions" = p(distribution = "approximate",
      replicates = 999, seed = sample.int(1e6, 1)
    ),
    "robust log-rank, clustered" = p(cluster = d$id, distribution = "asymptotic"),
    "exact permutation of patients" = p(cluster = d$id),
    "log-rank of first lesions" = logrank_test(first$time, first$event, first$arm)$p.value
  )
}

settings <- expand.grid(
  ratio = c(1, 2.5), design = c("29 patients", "lesions, alike", "lesions, shared frailty"), stringsAsFactors = FALSE
)
set.seed(20260102)
out <- do.call(rbind, lapply(seq_len(nrow(settings)), function(k) {
  design <- settings$design[k]
  found <- vapply(seq_len(replicates), function(i) {
    p_values(cohort(settings$ratio[k], if (design == "lesions, shared frailty") 1 else 0, design != "29 patients"))
  }, numeric(5))
  cat(design, settings$ratio[k], "\n")
  data.frame(
    design = design, ratio = settings$ratio[k], test = rownames(found), replicates = rowSums(!is.na(found)),
    rejected = round(rowMeans(found <= 0.05, na.rm = TRUE), 4)
  )
}))
write.csv(out, "inst/extdata/test_levels.csv", row.names = FALSE)
