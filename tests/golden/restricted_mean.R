# Writes restricted_mean.csv. Run in this directory: Rscript restricted_mean.R (needs survRM2 and survival)
# "survRM2": rmst2() on its own example, rmst2.sample.data() (the 312 randomised patients of survival::pbc, in years;
# arm 1 is D-penicillamine). "survival": print(survfit, rmean = tau). Arm 0, or the first group, is the reference.
library(survival)

rows <- function(dataset, group, tau, quantity, value, origin) {
  data.frame(dataset, group, tau, quantity, value, tolerance = 1e-12, origin)
}

from_survrm2 <- function(tau) {
  origin <- paste("survRM2", packageVersion("survRM2"))
  d <- survRM2::rmst2.sample.data()
  fit <- survRM2::rmst2(d$time, d$status, d$arm, tau = tau)
  arms <- lapply(0:1, function(arm) {
    one <- if (arm == 0) fit$RMST.arm0 else fit$RMST.arm1
    rows("pbc", arm, fit$tau, c("estimate", "std.error", "conf.low", "conf.high", "lost"),
      c(one$rmst[c("Est.", "se", "lower .95", "upper .95")], one$rmtl["Est."]), origin
    )
  })
  compared <- Map(function(row, measure) {
    value <- fit$unadjusted.result[row, ]
    rows("pbc", 1, fit$tau, paste(measure, c("estimate", "conf.low", "conf.high", "p.value")), value, origin)
  }, 1:3, c("difference", "ratio", "ratio of time lost"))
  do.call(rbind, c(arms, compared))
}

from_survival <- function(dataset, fit, tau) {
  table <- summary(fit, rmean = tau)$table
  if (is.null(dim(table))) table <- t(table)
  group <- if (is.null(fit$strata)) "All" else sub("^[^=]*=", "", names(fit$strata))
  origin <- paste("survival", packageVersion("survival"))
  rbind(
    rows(dataset, group, tau, "estimate", table[, "rmean"], origin),
    rows(dataset, group, tau, "std.error", table[, "se(rmean)"], origin)
  )
}

golden <- rbind(
  from_survrm2(10), from_survrm2(5), from_survrm2(NULL),
  from_survival("aml", survfit(Surv(time, status) ~ x, aml), 28),
  from_survival("veteran", survfit(Surv(time, status) ~ celltype, veteran), 180),
  from_survival("lung", survfit(Surv(time, status == 2) ~ sex, lung), 700),
  from_survival("heart", survfit(Surv(start, stop, event) ~ 1, heart), 365)
)
golden$value <- sprintf("%.17g", golden$value)
write.csv(golden, "restricted_mean.csv", row.names = FALSE, quote = c(1, 2, 4, 7))
