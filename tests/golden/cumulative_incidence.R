# Writes cumulative_incidence.csv. Run in this directory, with cmprsk and prodlim: Rscript cumulative_incidence.R
# "recorded": output of the package of the version written beside it.
#   cmprsk::cuminc: variance "aalen"; survival::survfit (infinitesimal jackknife, each row for itself): variance
#   "delta"; prodlim::prodlim: variance "delta".
# Datasets: `mgus2` of survival by sex, time in months to plasma cell malignancy ("pcm") or death, many times tied between
# the causes; `tied`, small, where everybody in group b has an event, some of both causes at the last time.
library(survival)

mgus <- transform(mgus2,
  time = ifelse(pstat == 0, futime, ptime),
  state = factor(ifelse(pstat == 0, 2 * death, 1), 0:2, c("censored", "pcm", "death")), group = as.character(sex)
)
tied <- data.frame(
  time = c(1, 2, 2, 2, 3, 4, 4, 5, 6, 7, 1, 1, 2, 2, 3, 3, 3, 4, 4, 4),
  state = factor(c(1, 1, 2, 0, 2, 1, 1, 0, 2, 0, 1, 1, 2, 1, 2, 2, 2, 1, 2, 2), 0:2, c("censored", "one", "two")),
  group = rep(c("a", "b"), each = 10)
)

long <- function(dataset, group, state, time, variance, quantity, value, origin) {
  data.frame(
    dataset = dataset, group = group, state = state, time = time, variance = variance, quantity = quantity,
    value = as.vector(value), tolerance = 1e-12, origin = paste("recorded:", origin, packageVersion(origin))
  )
}

record <- function(dataset, data, times) {
  states <- levels(data$state)[-1]
  gray <- cmprsk::timepoints(cmprsk::cuminc(data$time, as.character(data$state), data$group, cencode = "censored"), times)
  label <- expand.grid(group = sort(unique(data$group)), state = states, time = times, stringsAsFactors = FALSE)
  pick <- function(m) m[cbind(paste(label$group, label$state), as.character(label$time))]
  # cmprsk gives no number beyond the last follow-up.
  keep <- !is.na(pick(gray$est))
  of_gray <- with(label, rbind(
    long(dataset, group, state, time, "aalen", "estimate", pick(gray$est), "cmprsk"),
    long(dataset, group, state, time, "aalen", "std.error", sqrt(pick(gray$var)), "cmprsk")
  ))[rep(keep, 2), ]
  s <- summary(survfit(Surv(time, state) ~ group, data, conf.type = "log-log"), times = times)
  of_survival <- do.call(rbind, lapply(states, function(state) {
    k <- match(state, s$states)
    group <- sub("group=", "", as.character(s$strata))
    rbind(
      long(dataset, group, state, s$time, "delta", "estimate", s$pstate[, k], "survival"),
      long(dataset, group, state, s$time, "delta", "std.error", s$std.err[, k], "survival"),
      long(dataset, group, state, s$time, "delta", "conf.low", s$lower[, k], "survival"),
      long(dataset, group, state, s$time, "delta", "conf.high", s$upper[, k], "survival")
    )
  }))
  fit <- prodlim::prodlim(prodlim::Hist(time, state, cens.code = "censored") ~ group, data = data)
  of_prodlim <- do.call(rbind, lapply(seq_len(nrow(label)), function(i) {
    one <- fit
    at <- with(label[i, ], list(group = group, state = state, time = time))
    strata <- match(at$group, fit$X$group)
    rows <- fit$first.strata[strata] + seq_len(fit$size.strata[strata]) - 1
    row <- rows[max(which(fit$time[rows] <= at$time))]
    if (at$time > max(fit$time[rows])) return(NULL)
    rbind(
      long(dataset, at$group, at$state, at$time, "delta", "estimate", fit$cuminc[[at$state]][row], "prodlim"),
      long(dataset, at$group, at$state, at$time, "delta", "std.error", fit$se.cuminc[[at$state]][row], "prodlim")
    )
  }))
  rbind(of_gray, of_survival, of_prodlim)
}

golden <- rbind(record("mgus", mgus, c(12, 60, 120, 240)), record("tied", tied, c(1, 2, 3, 4, 6)))
golden <- golden[!is.na(golden$value), ]
golden$value <- sprintf("%.17g", golden$value)
write.csv(golden, "cumulative_incidence.csv", row.names = FALSE, quote = c(1:3, 5, 6, 9))
