# Writes coin_rank.csv: exact p-values of 2 x C tables by coin (its shift and split-up algorithms, Streitberg & Roehmel
# 1986, van de Wiel 2001). Run in this directory: Rscript coin_rank.R
# counts: column by column. kruskal: wilcox_test() of the ordered columns by row, two-sided; linear: the same with scores
# 1, 2, 3, ... Rank sums far from their mean on either side.
suppressPackageStartupMessages(library(coin))
set.seed(20261125)
rows <- do.call(rbind, lapply(1:12, function(i) {
  columns <- 3 + i %% 4
  x <- rbind(stats::rpois(columns, 4) + 1, stats::rpois(columns, 2 + seq_len(columns)) + 1)
  group <- factor(rep(as.vector(row(x)), as.vector(x)))
  column <- rep(as.vector(col(x)), as.vector(x))
  p <- c(
    kruskal = pvalue(wilcox_test(column ~ group, distribution = "exact")),
    linear = pvalue(oneway_test(column ~ group, distribution = "exact"))
  )
  data.frame(counts = paste(as.vector(x), collapse = " "), statistic = names(p), p = formatC(p, digits = 17, format = "g"),
    coin = as.character(utils::packageVersion("coin"))
  )
}))
write.csv(rows, "coin_rank.csv", row.names = FALSE, quote = FALSE)
