# Table 3 of Autrusseau et al. (2021) as printed, long. Transcribed in table3.csv and compared a second time with
# the author manuscript (hal-03964194). The software that printed it drops trailing zeros ("70%", "(19)"), so every
# rate and standard error is taken as printed to one decimal.
source("data-raw/write.R")
x <- read.csv("data-raw/table3.csv", check.names = FALSE)
groups <- data.frame(
  column = c("whole", "loco", "oligo"), group = c("Whole cohort", "Loco-regional", "Oligo-metastatic"), n = c(29L, 20L, 9L)
)
lnm_rates <- do.call(rbind, lapply(seq_len(nrow(x)), function(i) {
  data.frame(
    endpoint = x$endpoint[i], group = groups$group, n = groups$n, time = 12 * x$time_years[i],
    estimate = unlist(x[i, paste0(groups$column, "_estimate")]),
    std.error = unlist(x[i, paste0(groups$column, "_std.error")]), p = x$p[i], decimals = 1L, row.names = NULL
  )
}))
stopifnot(nrow(lnm_rates) == 27, !anyNA(lnm_rates))
write_data(lnm_rates, "lnm_rates")
