# Writes glioma.csv and glioma_data.csv: the trial of radioimmunotherapy in coin's `glioma` (Grana et al. 2002), its
# exact log-rank p by coin, whose scores for ties by mid-ranks are ours but for their sign; the p of every way of dealing
# coin's scores in turn; and within both histologies together, which coin draws only, by all ways of one with all ways of
# the other. Run in this directory: Rscript glioma.R
suppressMessages(library(coin))

data(glioma, package = "coin")
data <- data.frame(
  histology = glioma$histology, group = glioma$group, time = glioma$time, status = as.integer(glioma$event)
)
write.csv(data, "glioma_data.csv", row.names = FALSE, quote = FALSE)

# Sums of the scores of all sets of as many as the group has, less their mean, and the observed one.
ways <- function(d) {
  score <- as.vector(logrank_trafo(survival::Surv(d$time, d$status)))
  in_group <- d$group == "RIT"
  sets <- utils::combn(nrow(d), sum(in_group))
  all <- colSums(matrix(score[sets], nrow(sets)))
  list(all = all - mean(all), observed = sum(score[in_group]) - mean(all))
}
parts <- lapply(split(data, data$histology), ways)
far <- 1e-9 # sums that differ by less are equal
by_ways <- vapply(parts, function(x) mean(abs(x$all) >= abs(x$observed) - far), 0)
by_coin <- vapply(names(parts), function(name) {
  d <- data[data$histology == name, ]
  as.vector(pvalue(logrank_test(survival::Surv(time, status) ~ group, d, distribution = "exact")))
}, 0)
observed <- abs(parts[[1]]$observed + parts[[2]]$observed) - far
second <- sort(parts[[2]]$all)
together <- mean(vapply(parts[[1]]$all, function(x) {
  findInterval(-observed - x, second) + length(second) - findInterval(observed - x, second, left.open = TRUE)
}, 0)) / length(second)
stopifnot(all.equal(by_ways, by_coin, tolerance = 1e-10))

origin <- paste("coin", packageVersion("coin"))
golden <- data.frame(
  histology = c(names(parts), names(parts), "both"),
  value = sprintf("%.17g", c(by_coin, by_ways, together)),
  origin = c(rep(paste("recorded:", origin), 2), rep(paste("all ways of dealing the scores of", origin), 3))
)
write.csv(golden, "glioma.csv", row.names = FALSE, quote = FALSE)
