# Writes permutation.csv and permutation_data.csv. Run in this directory: Rscript permutation.R
# Recorded: the exact p of coin::logrank_test() of the version written beside it, for two groups without tied times, where
# its scores and ours are the same but for their sign. Cohorts: random, of 12 to 24 subjects.
suppressMessages(library(coin))

types <- c("logrank", "Gehan-Breslow", "Tarone-Ware")
set.seed(2001, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")
data <- do.call(rbind, lapply(1:9, function(k) {
  n <- sample(12:24, 1)
  data.frame(
    dataset = paste0("random", k), time = round(rexp(n, 0.05), 6), status = as.integer(runif(n) < 0.6),
    group = sample(rep(1:2, c(n %/% 3, n - n %/% 3)))
  )
}))
write.csv(data, "permutation_data.csv", row.names = FALSE, quote = FALSE)
golden <- do.call(rbind, lapply(unique(data$dataset), function(name) {
  d <- data[data$dataset == name, ]
  stopifnot(!anyDuplicated(d$time))
  do.call(rbind, lapply(types, function(type) {
    test <- logrank_test(survival::Surv(time, status) ~ factor(group), d, type = type, distribution = "exact")
    data.frame(
      dataset = name, type = type, value = sprintf("%.17g", as.vector(pvalue(test))), tolerance = 1e-8,
      origin = paste("recorded: coin", packageVersion("coin"))
    )
  }))
}))
write.csv(golden, "permutation.csv", row.names = FALSE, quote = FALSE)
