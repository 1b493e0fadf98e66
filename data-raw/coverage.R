# How often the 95% intervals of kaplan_meier() hold the true rate at 24 months in cohorts like the founding one: 29
# patients with 1 to 4 lesions, whose outcomes they share through a gamma frailty, and follow-up that ends for all lesions
# of a patient at once. Writes inst/extdata/coverage.csv, which the vignette small-samples shows. Some ten minutes.
#   Rscript data-raw/coverage.R [replicates]

library(cryonodes)
replicates <- as.integer(c(commandArgs(trailingOnly = TRUE), 4000)[1])
month <- 24

# Given the frailty z, a lesion fails at the rate z * rate. Its mean over z (gamma, mean 1, variance v) is
# S(t) = (1 + v * rate * t)^(-1/v), or exp(-rate * t) for v = 0.
rate_for <- function(target, v) if (v == 0) -log(target) / month else (target^-v - 1) / (v * month)

cohort <- function(target, v, lesions) {
  patients <- 29
  n <- if (lesions) sample(1:4, patients, TRUE, prob = c(0.5, 0.25, 0.15, 0.1)) else rep(1, patients)
  z <- if (v == 0) rep(1, patients) else stats::rgamma(patients, 1 / v, 1 / v)
  left <- pmin(stats::rexp(patients, 0.02), stats::runif(patients, 18, 72))
  id <- rep(seq_len(patients), n)
  time <- stats::rexp(length(id), rate_for(target, v) * z[id])
  data.frame(id, time = pmin(time, left[id]), event = as.integer(time <= left[id]))
}

rows_as_patients <- c(
  "plain", "log", "log-log", "logit", "arcsin", "rothman", "likelihood", "bpcp", "bpcp mid-p"
)
clustered <- c("log-log, clustered" = "log-log", "beta, clustered" = "beta-cluster")

limits_at <- function(d) {
  # NA where nobody was followed to 24 months.
  at <- function(fit) unlist(rates(fit, month)[c("conf.low", "conf.high")], use.names = FALSE)
  c(
    lapply(stats::setNames(rows_as_patients, rows_as_patients), function(type) {
      at(kaplan_meier(d$time, d$event, conf.type = type))
    }),
    lapply(clustered, function(type) at(kaplan_meier(d$time, d$event, cluster = d$id, conf.type = type)))
  )
}

settings <- expand.grid(target = c(0.95, 0.85, 0.6), design = c("29 patients", "lesions, alike", "lesions, shared frailty"))
set.seed(20260101)
out <- do.call(rbind, lapply(seq_len(nrow(settings)), function(k) {
  target <- settings$target[k]
  design <- as.character(settings$design[k])
  v <- if (design == "lesions, shared frailty") 1 else 0
  found <- lapply(seq_len(replicates), function(i) {
    do.call(rbind, limits_at(cohort(target, v, design != "29 patients")))
  })
  low <- vapply(found, function(l) l[, 1], numeric(nrow(found[[1]])))
  high <- vapply(found, function(l) l[, 2], numeric(nrow(found[[1]])))
  cat(design, target, "\n")
  data.frame(
    design = design, target = target, interval = rownames(found[[1]]), replicates = rowSums(!is.na(low)),
    coverage = rowMeans(low <= target & target <= high, na.rm = TRUE), too.high = rowMeans(low > target, na.rm = TRUE),
    too.low = rowMeans(high < target, na.rm = TRUE), width = rowMeans(high - low, na.rm = TRUE)
  )
}))
numbers <- c("coverage", "too.high", "too.low", "width")
out[numbers] <- lapply(out[numbers], round, 4)
write.csv(out, "inst/extdata/coverage.csv", row.names = FALSE)
