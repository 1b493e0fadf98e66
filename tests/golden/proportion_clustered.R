# Korn & Graubard's limits of other software: writes proportion_clustered.csv. R 4.2.2, survey (svyciprop, method =
# "beta", of a design with clusters, without weights). Rows where survey's effective sample size is above n, which this
# package caps, and proportions of 0 and 1, which it treats in its own way, are left out.
suppressMessages(library(survey))
set.seed(1998)
rows <- list()
for (i in 1:40) {
  k <- sample(3:25, 1)
  size <- sample(1:6, k, replace = TRUE)
  chance <- rep(plogis(rnorm(k, c(-2, 0, 1)[i %% 3 + 1], 1.5)), size)
  data <- data.frame(y = rbinom(sum(size), 1, chance), id = rep(seq_len(k), size))
  if (all(data$y == data$y[1])) next
  level <- c(0.95, 0.9, 0.99)[i %% 3 + 1]
  design <- svydesign(ids = ~id, data = data, weights = ~1)
  fit <- svyciprop(~y, design, method = "beta", level = level)
  p <- as.vector(fit)
  v <- as.vector(attr(fit, "var"))
  df <- degf(design)
  n_eff <- p * (1 - p) / v * (qt((1 - level) / 2, nrow(data) - 1) / qt((1 - level) / 2, df))^2
  if (n_eff > nrow(data)) next
  limits <- attr(fit, "ci")
  rows <- c(rows, list(data.frame(
    sample = i, x = paste(rowsum(data$y, data$id), collapse = " "), n = paste(size, collapse = " "),
    conf.level = level, n.effective = sprintf("%.15g", n_eff), conf.low = sprintf("%.15g", limits[1]),
    conf.high = sprintf("%.15g", limits[2])
  )))
}
utils::write.csv(do.call(rbind, rows), "proportion_clustered.csv", row.names = FALSE, quote = FALSE)
cat("survey", as.character(packageVersion("survey")), length(rows), "\n")
