# Writes nelson_aalen.csv. Run in this directory: Rscript nelson_aalen.R
# "exact": the same estimate in fractions, 3/21 + 1/17 + 1/15 + 1/12 + 1/11 + 1/7 + 1/6.
# "recorded": cumhaz and std.chaz of survival::survfit of the version written beside it.
library(survival)

six_mp_times <- c(6, 7, 10, 13, 16, 22, 23)
at_risk <- c(21, 17, 15, 12, 11, 7, 6)
events <- c(3, 1, 1, 1, 1, 1, 1)
exact <- data.frame(
  dataset = "six_mp", group = "All", time = rep(six_mp_times, 2), quantity = rep(c("estimate", "std.error"), each = 7),
  value = c(cumsum(events / at_risk), sqrt(cumsum(events / at_risk^2))), tolerance = 1e-14,
  origin = "exact: fractions of the 6-MP arm"
)

record <- function(dataset, fit, times) {
  s <- summary(fit, times = times)
  group <- if (is.null(s$strata)) rep("All", length(s$time)) else sub("^[^=]*=", "", as.character(s$strata))
  columns <- list(estimate = s$cumhaz, std.error = s$std.chaz)
  do.call(rbind, Map(function(value, quantity) {
    data.frame(
      dataset = dataset, group = group, time = s$time, quantity = quantity, value = value, tolerance = 1e-12,
      origin = paste("recorded: survival", packageVersion("survival"))
    )
  }, columns, names(columns)))
}

golden <- rbind(
  exact,
  record("lung", survfit(Surv(time, status == 2) ~ sex, lung), c(100, 180, 365, 500)),
  record("veteran", survfit(Surv(time, status) ~ celltype, veteran), c(30, 90, 120))
)
golden$value <- sprintf("%.17g", golden$value)
write.csv(golden, "nelson_aalen.csv", row.names = FALSE, quote = c(1, 2, 4, 7))
