# Writes kaplan_meier.csv. Run in this directory: Rscript kaplan_meier.R
# "published": textbook values for the 6-MP arm of Freireich EJ et al. (1963), Blood 21:699-716, as given by Klein JP,
# Moeschberger ML, Survival Analysis: three decimals, hence a tolerance of half a unit of the last place and a little.
# "recorded": output of survival::survfit of the version written beside it.
library(survival)

six_mp <- data.frame(
  time = c(6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35),
  status = c(1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0)
)
published <- data.frame(
  dataset = "six_mp", group = "All", time = rep(c(6, 10, 23), 2), quantity = rep(c("estimate", "std.error"), each = 3),
  value = c(.857, .753, .448, .076, .096, .135), tolerance = 6e-4,
  origin = "published: Klein & Moeschberger; data of Freireich et al. (1963)"
)

record <- function(dataset, fit, times) {
  s <- summary(fit, times = times)
  group <- if (is.null(s$strata)) rep("All", length(s$time)) else sub("^[^=]*=", "", as.character(s$strata))
  columns <- list(
    estimate = s$surv, std.error = s$std.err, n.risk = s$n.risk, conf.low = s$lower, conf.high = s$upper
  )
  do.call(rbind, Map(function(value, quantity) {
    data.frame(
      dataset = dataset, group = group, time = s$time, quantity = quantity, value = value, tolerance = 1e-12,
      origin = paste("recorded: survival", packageVersion("survival"))
    )
  }, columns, names(columns)))
}

golden <- rbind(
  published,
  record("six_mp", survfit(Surv(time, status) ~ 1, six_mp, conf.type = "log-log"), c(6, 10, 23)),
  record("lung", survfit(Surv(time, status == 2) ~ sex, lung, conf.type = "log-log"), c(100, 180, 365, 500)),
  record("veteran", survfit(Surv(time, status) ~ celltype, veteran, conf.type = "log-log"), c(30, 90, 120))
)
golden$value <- sprintf("%.17g", golden$value)
write.csv(golden, "kaplan_meier.csv", row.names = FALSE, quote = c(1, 2, 4, 7))
