# Writes cluster_variance.csv. Run in this directory: Rscript cluster_variance.R
# Recorded: output of prodlim::prodlim(Hist(time, status) ~ g + cluster(id)) and of survival::survfit(cluster = id), of
# the versions written beside each row. prodlim gives a standard error of 0 where S = 0; such rows are left out.
library(survival)
library(prodlim)

cohorts <- list(
  # Drawn by hand: ties, clusters of one to three, clusters in both groups, a censoring at the time of a death.
  small = data.frame(
    time = c(1, 2, 2, 3, 4, 5, 6, 7, 2, 3, 3, 5, 8, 9), status = c(1, 1, 0, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 0),
    id = c(1, 1, 2, 2, 3, 3, 4, 5, 1, 6, 6, 6, 7, 5), g = rep(c("a", "b"), c(8, 6))
  ),
  # The retinopathy trial that comes with the survival package: two eyes a patient, one of them treated.
  retinopathy = with(survival::retinopathy, data.frame(time = futime, status, id, g = as.character(type)))
)
record <- function(dataset, data, group) {
  formula <- if (group) Hist(time, status) ~ g + cluster(id) else Hist(time, status) ~ cluster(id)
  fit <- prodlim(formula, data = data)
  labels <- if (group) rep(fit$X$g, fit$size.strata) else "All"
  keep <- fit$surv > 0
  theirs <- data.frame(
    dataset, group = labels, time = fit$time, quantity = "ying-wei", value = fit$se.surv, tolerance = 1e-12,
    origin = paste("prodlim", packageVersion("prodlim"))
  )[keep, ]
  robust <- survfit(if (group) Surv(time, status) ~ g else Surv(time, status) ~ 1, data, cluster = id)
  labels <- if (group) rep(sub("g=", "", names(robust$strata)), robust$strata) else "All"
  keep <- robust$surv > 0
  one <- function(quantity, value) {
    data.frame(
      dataset, group = labels, time = robust$time, quantity, value, tolerance = 1e-12,
      origin = paste("survival", packageVersion("survival"))
    )[keep, ]
  }
  rbind(theirs, one("ij", robust$std.err), one("std.chaz", robust$std.chaz))
}
out <- do.call(rbind, Map(function(dataset, data) {
  all <- rbind(record(dataset, data, FALSE), record(dataset, data, TRUE))
  # Every tenth time of a long curve.
  if (nrow(data) < 50) all else all[seq(1, nrow(all), 10), ]
}, names(cohorts), cohorts))
out$value <- sprintf("%.15g", out$value)
out$time <- sprintf("%.15g", out$time)
write.csv(out, "cluster_variance.csv", row.names = FALSE, quote = FALSE)
