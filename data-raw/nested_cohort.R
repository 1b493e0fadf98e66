# A cohort like the founding one, for simulations: 29 patients, by chance 9 and 20 in two groups, one row each or 1 to 4 lesions
# that share a gamma frailty of variance v; follow-up ends for all lesions of a patient at once. `ratio`: hazard of the
# second group to that of the first.
# Half of the lesions have failed by 24 months, but for the frailty.
rate <- log(2) / 24

cohort <- function(ratio, v, lesions) {
  patients <- 29
  n <- if (lesions) sample(1:4, patients, TRUE, prob = c(0.5, 0.25, 0.15, 0.1)) else rep(1, patients)
  z <- if (v == 0) rep(1, patients) else stats::rgamma(patients, 1 / v, 1 / v)
  second <- sample(rep(0:1, c(9, 20)))
  left <- pmin(stats::rexp(patients, 0.02), stats::runif(patients, 18, 72))
  id <- rep(seq_len(patients), n)
  time <- stats::rexp(length(id), rate * ratio^second[id] * z[id])
  data.frame(id, arm = second[id], time = pmin(time, left[id]), event = as.integer(time <= left[id]))
}
