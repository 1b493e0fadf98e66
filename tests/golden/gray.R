# Writes gray.csv and gray_data.csv. Run in this directory: Rscript gray.R
# Recorded: cmprsk::cuminc()$Tests of the version written beside it, on the data of its own help page and on random
# cohorts: two to five groups, two or three causes, whole days with heavy ties or times rounded to a tenth or not at all,
# three strata; in some a group without the event of cause 1, or one that leaves early; one of 400 rows, for event times
# beyond one run of the sums. Where cmprsk finds a
# singular covariance (it writes -1) nothing is recorded.
library(cmprsk)
kinds <- list(kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")

# example(cuminc)
do.call(set.seed, c(2, kinds))
help_page <- data.frame(
  dataset = "help page", time = rexp(100), group = sample(1:3, 100, replace = TRUE),
  status = sample(0:2, 100, replace = TRUE), stratum = sample(1:2, 100, replace = TRUE)
)
random <- lapply(c(1:12, 14), function(k) {
  do.call(set.seed, c(1988 + k, kinds))
  n <- if (k == 14) 400 else c(24, 40, 60, 90)[(k - 1) %% 4 + 1]
  groups <- 2 + (k - 1) %% 4
  group <- sample.int(groups, n, TRUE)
  time <- switch((k - 1) %% 3 + 1, sample.int(7, n, TRUE), round(rexp(n, 0.1), 1) + 0.1, rexp(n, 0.1))
  status <- sample(0:(2 + k %% 2), n, TRUE)
  if (k %% 4 == 0) status[group == 2 & status == 1] <- 2
  if (k %% 5 == 0) {
    early <- group == 1 & time > stats::median(time) / 2
    status[early] <- 0
    time[early] <- stats::median(time) / 2
  }
  data.frame(dataset = paste0("random", k), time, group, status, stratum = sample.int(3, n, TRUE))
})
data <- do.call(rbind, c(list(help_page), random))[c("dataset", "time", "status", "group", "stratum")]

golden <- do.call(rbind, lapply(unique(data$dataset), function(name) {
  d <- data[data$dataset == name, ]
  cases <- expand.grid(rho = c(0, 0.5, 1, 2), stratified = c(FALSE, TRUE))
  do.call(rbind, lapply(seq_len(nrow(cases)), function(i) {
    stratum <- if (cases$stratified[i]) d$stratum else rep(1, nrow(d))
    tests <- cuminc(d$time, d$status, d$group, stratum, rho = cases$rho[i])$Tests
    data.frame(
      dataset = name, cause = as.integer(rownames(tests)), cases[i, ], statistic = tests[, "stat"], df = tests[, "df"],
      p.value = tests[, "pv"], tolerance = 1e-10, origin = paste("recorded: cmprsk", packageVersion("cmprsk")),
      row.names = NULL
    )
  }))
}))
golden <- golden[golden$statistic >= 0, ]
for (column in c("statistic", "p.value")) golden[[column]] <- sprintf("%.17g", golden[[column]])
data$time <- sprintf("%.17g", data$time)
write.csv(golden, "gray.csv", row.names = FALSE, quote = FALSE)
write.csv(data, "gray_data.csv", row.names = FALSE, quote = FALSE)
