# Score limits of other software: writes compare_proportions.csv. R 4.2.2, ratesci 1.1.1 (scoreci, skew and ORbias FALSE; its
# limits are given to 10 decimals). Nothing here comes from cryonodes.
suppressMessages(library(ratesci))
set.seed(1985)
cases <- rbind(
  c(56, 70, 48, 80), c(9, 10, 3, 10), c(6, 7, 2, 7), c(5, 56, 0, 29), c(0, 10, 0, 20), c(10, 10, 0, 20),
  t(replicate(20, {
    n <- sample(3:60, 2)
    c(sample(0:n[1], 1), n[1], sample(0:n[2], 1), n[2])
  }))
)
contrast <- c(difference = "RD", ratio = "RR", "odds ratio" = "OR")
rows <- list()
for (i in seq_len(nrow(cases))) for (measure in names(contrast)) for (correct in c(TRUE, FALSE)) {
  v <- cases[i, ]
  fit <- scoreci(v[1], v[2], v[3], v[4],
    contrast = contrast[[measure]], skew = FALSE, ORbias = FALSE, bcf = correct, level = c(0.95, 0.9)[i %% 2 + 1], precis = 10
  )
  limits <- fit$estimates[1, ]
  rows <- c(rows, list(data.frame(
    x1 = v[1], n1 = v[2], x2 = v[3], n2 = v[4], measure = measure, correct = correct,
    conf.level = c(0.95, 0.9)[i %% 2 + 1], conf.low = sprintf("%.12g", limits[["lower"]]),
    conf.high = sprintf("%.12g", limits[["upper"]])
  )))
}
utils::write.csv(do.call(rbind, rows), "compare_proportions.csv", row.names = FALSE, quote = FALSE)
cat("ratesci", as.character(packageVersion("ratesci")), "\n")
