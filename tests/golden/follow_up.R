# Writes follow_up.csv. Run in this directory: Rscript follow_up.R (needs prodlim and survival)
# Reverse Kaplan-Meier estimates of prodlim(reverse = TRUE) at given times, and its median. "ties" is the example of
# prodlim's help in which events and censorings fall on the same times.
library(survival)
library(prodlim)

ties <- data.frame(time = c(1, 2, 3, 3, 3, 4, 5, 5, 6, 7), status = c(1, 0, 0, 1, 0, 1, 0, 1, 1, 0))
lung <- transform(lung, status = as.integer(status == 2))

record <- function(dataset, data, times) {
  fit <- prodlim(Hist(time, status) ~ 1, data, reverse = TRUE)
  at <- match(times, fit$time)
  stopifnot(!anyNA(at))
  origin <- paste("prodlim", packageVersion("prodlim"))
  # quantile.prodlim() prints this one as q = 0.50.
  median <- fit$time[fit$surv <= 0.5][1]
  rbind(
    data.frame(dataset, time = times, quantity = "estimate", value = fit$surv[at], tolerance = 1e-12, origin),
    data.frame(dataset, time = times, quantity = "std.error", value = fit$se.surv[at], tolerance = 1e-12, origin),
    data.frame(dataset, time = NA, quantity = "median", value = median, tolerance = 0, origin)
  )
}

golden <- rbind(
  record("ties", ties, c(2, 3, 5)),
  record("lung", lung, c(105, 177, 301, 511)),
  record("colon", subset(colon, etype == 2), c(1995, 2257, 2527))
)
golden$value <- sprintf("%.17g", golden$value)
write.csv(golden, "follow_up.csv", row.names = FALSE, quote = c(1, 3, 6))
