# Writes proportion_peers.csv and proportion_clusters.csv. Run in this directory, with exactci, binom, PropCIs, BlakerCI and
# survey: Rscript proportion_peers.R, then python3 proportion_peers.py, which adds `exact`. 95 % intervals.
# Recorded: exactci::binom.exact() (tsmethod central = Clopper-Pearson, minlike, blaker; midp of central) and its p-values
# against null 0.5 and 0.1, binom::binom.confint() (wilson), BlakerCI, PropCIs::midPci(). tolerance: of |value - exact|, as they search or round.
# clusters: lesions in patients; proportion_clusters.csv has a row a patient (events of n). survey::svyciprop() on one row a
# lesion, ids = ~patient: method "beta" is Korn and Graubard's (1998) interval with their factor
# (t(n - 1) / t(degf))^2 on the effective n; it does not hold the effective n at or below n.
suppressMessages({
  library(survey)
})
set.seed(20261125)
rows <- list()
add <- function(id, x, n, method, value, package, tolerance) {
  rows[[length(rows) + 1]] <<- data.frame(id, x, n, method, quantity = names(value),
    value = formatC(unname(value), digits = 17, format = "g"), tolerance,
    origin = paste("recorded:", package, packageVersion(package))
  )
}
pairs <- rbind(c(0, 10), c(10, 10), c(1, 10), c(3, 10), c(5, 10), c(2, 15), c(0, 1), c(1, 1), c(7, 262), c(30, 494),
  c(15, 148), c(81, 263), c(0, 20), c(1, 29), c(50, 100), c(4, 50), c(499, 500)
)
for (i in seq_len(nrow(pairs))) {
  x <- pairs[i, 1]
  n <- pairs[i, 2]
  id <- paste0(x, "of", n)
  for (ts in c("central", "minlike", "blaker")) {
    for (null in c(0.5, 0.1)) {
      r <- suppressWarnings(exactci::binom.exact(x, n, p = null, tsmethod = ts))
      value <- c(r$p.value, if (null == 0.5) r$conf.int)
      names(value) <- c(paste0("p_", null), if (null == 0.5) c("conf_low", "conf_high"))
      add(id, x, n, ts, value, "exactci", 1e-4)
    }
  }
  r <- exactci::binom.exact(x, n, p = 0.5, tsmethod = "central", midp = TRUE)
  add(id, x, n, "midp central", c(p_0.5 = r$p.value, conf_low = r$conf.int[1], conf_high = r$conf.int[2]), "exactci", 1e-4)
  r <- PropCIs::midPci(x, n, 0.95)$conf.int
  add(id, x, n, "midp central", c(conf_low = r[1], conf_high = r[2]), "PropCIs", 1e-3)
  r <- binom::binom.confint(x, n, methods = "wilson")
  add(id, x, n, "wilson", c(conf_low = r$lower, conf_high = r$upper), "binom", 1e-12)
  r <- BlakerCI::binom.blaker.limits(x, n)
  add(id, x, n, "blaker", c(conf_low = r[1], conf_high = r[2]), "BlakerCI", 1e-8)
}
cohorts <- list()
for (k in 1:6) {
  patients <- c(5, 12, 30, 60, 20, 15)[k]
  lesions <- sample(1:c(2, 4, 6, 3, 8, 5)[k], patients, TRUE)
  share <- rbeta(patients, c(1, 2, 3, 0.3, 8, 20)[k], c(2, 3, 3, 2, 1, 20)[k])
  cohorts[[paste0("clusters", k)]] <- data.frame(patient = seq_len(patients), events = rbinom(patients, lesions, share),
    n = lesions
  )
}
for (id in names(cohorts)) {
  d <- cohorts[[id]]
  long <- data.frame(patient = rep(d$patient, d$n), y = unlist(Map(function(e, n) rep(1:0, c(e, n - e)), d$events, d$n)))
  design <- suppressWarnings(svydesign(ids = ~patient, data = long))
  x <- sum(d$events)
  n <- sum(d$n)
  mean <- svymean(~y, design)
  add(id, x, n, "survey", c(estimate = coef(mean)[[1]], std.error = SE(mean)[[1]]), "survey", 1e-12)
  for (method in c("beta", "logit", "mean")) {
    r <- confint(svyciprop(~y, design, method = method))
    add(id, x, n, paste("survey", method), c(conf_low = r[1], conf_high = r[2]), "survey", 1e-9)
  }
}
write.csv(do.call(rbind, rows), "proportion_peers.csv", row.names = FALSE, quote = FALSE)
write.csv(do.call(rbind, Map(cbind, id = names(cohorts), cohorts)), "proportion_clusters.csv", row.names = FALSE,
  quote = FALSE
)
