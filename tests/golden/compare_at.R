# Writes compare_at.csv and compare_at_data.csv. Run in this directory: Rscript compare_at.R
# Recorded: bpcp::bpcp2samp(), the melded test, among it the example of its help page (the 6-MP trial of Freireich et
# al. 1963 at 6 months); it integrates to 1e-8, its limits are searched to about 1e-5.
# ComparisonSurv::Fixpoint.test() prints chi-squares of Klein et al. (2007) to 5 decimals. Pseudo-values are
# prodlim::jackknife()'s, from which means and variances follow as written here. Clustered variances: survfit() of one
# group after the other, which groups that share no cluster allow. Incidences: survfit() of several states.
suppressMessages({
  library(bpcp)
  library(ComparisonSurv)
  library(prodlim)
  library(survival)
})
made_by <- function(package) paste("recorded:", package, packageVersion(package))

data(leuk2)
set.seed(20261125)
small <- function(n) {
  data.frame(time = sample(12, n, TRUE), status = rbinom(n, 1, 0.6), group = rep(1:2, length.out = n))
}
data <- rbind(
  data.frame(dataset = "leuk2", time = leuk2$time, status = leuk2$status, group = as.integer(leuk2$treatment),
    cluster = leuk2$pair
  ),
  data.frame(dataset = "ovarian", time = ovarian$futime, status = ovarian$fustat, group = ovarian$rx,
    cluster = seq_along(ovarian$rx)
  ),
  cbind(dataset = "small14", small(14), cluster = rep(1:7, each = 2)),
  cbind(dataset = "small29", small(29), cluster = 1:29),
  local({
    wide <- small(60)
    wide$group <- rep(1:2, each = 30)
    cbind(dataset = "nested60", wide, cluster = c(rep(1:12, length.out = 30), rep(13:22, each = 3)))
  })
)
times <- list(leuk2 = c(6, 10, 15), ovarian = c(300, 400), small14 = c(3, 5), small29 = c(4, 7), nested60 = c(4, 6))
rows <- list()
add <- function(dataset, time, method, quantity, value, tolerance, origin) {
  rows[[length(rows) + 1]] <<- data.frame(dataset, time, method, quantity, value = unname(value), tolerance, origin)
}
parameters <- c(difference = "difference", ratio = "ratio", "odds ratio" = "oddsratio")
for (d in names(times)) {
  x <- data[data$dataset == d, ]
  for (t in times[[d]]) {
    mid_p <- bpcp2samp(x$time, x$status, x$group, t, midp = TRUE)
    # From a million random numbers: five standard errors of a p of 0.05 are 0.0015, of p near 1 0.005.
    add(d, t, "melded mid-p", "p.value", mid_p$p.value, if (mid_p$p.value < 0.1) 1.5e-3 else 5e-3, made_by("bpcp"))
    add(d, t, "melded mid-p", c("difference low", "difference high"), mid_p$conf.int, 4e-3, made_by("bpcp"))
    for (measure in names(parameters)) {
      test <- bpcp2samp(x$time, x$status, x$group, t, parmtype = parameters[[measure]])
      if (measure == "difference") add(d, t, "melded", "p.value", test$p.value, 5e-8, made_by("bpcp"))
      add(d, t, "melded", paste(measure, "low"), test$conf.int[1], 2e-4, made_by("bpcp"))
      add(d, t, "melded", paste(measure, "high"), test$conf.int[2], 2e-4, made_by("bpcp"))
    }
    invisible(capture.output(printed <- ComparisonSurv:::Fixpoint(x$time, x$status, x$group - 1, t)))
    printed <- printed$test
    names <- c(Naive = "identity", Log = "log", Cloglog = "cloglog", "Arcsin-square" = "arcsine", Logit = "logit")
    # Of a rate of 0 or 1 it takes the variance for 0; those are left out.
    ends <- summary(survfit(Surv(time, status) ~ group, data = x), times = t)$surv %in% c(0, 1)
    for (i in seq_len(nrow(printed))) {
      if (is.finite(printed$statistic[i]) && !any(ends)) {
        add(d, t, names[[printed$method[i]]], "chi-square", printed$statistic[i], 5.1e-6, made_by("ComparisonSurv"))
      }
    }
    theta <- as.vector(jackknife(prodlim(Hist(time, status) ~ 1, data = x), times = t))
    for (g in if (!any(ends)) 1:2) {
      here <- x$group == g
      add(d, t, "pseudo-values", paste("rate", g), mean(theta[here]), 1e-10, made_by("prodlim"))
      add(d, t, "pseudo-values", paste("std.error", g), sqrt(sum((theta[here] - mean(theta[here]))^2)) / sum(here),
        1e-10, made_by("prodlim")
      )
    }
    if (d == "nested60") {
      parts <- lapply(1:2, function(g) {
        fit <- survfit(Surv(time, status) ~ 1, data = x[x$group == g, ], cluster = cluster)
        summary(fit, times = t)
      })
      for (g in 1:2) add(d, t, "clustered", paste("std.error", g), parts[[g]]$std.err, 1e-10, made_by("survival"))
      add(d, t, "clustered", "chi-square",
        (parts[[2]]$surv - parts[[1]]$surv)^2 / (parts[[1]]$std.err^2 + parts[[2]]$std.err^2), 1e-10, made_by("survival")
      )
    }
  }
}
# Medians of uncensored samples without ties: bpcp::mdiffmedian.test(), by the sign test. It knows no time zero, which
# small samples feel in their limits: of those p only.
for (i in 1:8) {
  n <- if (i <= 4) sample(3:9, 2) else sample(20:40, 2)
  x <- lapply(n, function(m) sample(10000, m) / 100)
  test <- mdiffmedian.test(x[[1]], x[[2]], conf.level = 0.9)
  name <- paste0("median", i)
  data <- rbind(data, data.frame(dataset = name, time = unlist(x), status = 1, group = rep(1:2, n),
    cluster = seq_len(sum(n))
  ))
  add(name, NA, "median", "p.value", test$p.value, 1e-12, made_by("bpcp"))
  if (i > 4) add(name, NA, "median", c("low", "high"), test$conf.int, 1e-12, made_by("bpcp"))
}
write.csv(data, "compare_at_data.csv", row.names = FALSE, quote = FALSE)

# Incidence of a cause
m <- mgus2
m$time <- ifelse(m$pstat == 1, m$ptime, m$futime)
m$outcome <- factor(ifelse(m$pstat == 1, "pcm", ifelse(m$death == 1, "death", "none")), c("none", "pcm", "death"))
fit <- summary(survfit(Surv(time, outcome) ~ sex, data = m), times = c(60, 120))
at <- function(sex, k) which(fit$strata == paste0("sex=", sex))[k]
for (k in 1:2) {
  f <- fit$pstate[c(at("F", k), at("M", k)), 2]
  se <- fit$std.err[c(at("F", k), at("M", k)), 2]
  cloglog <- log(-log(1 - f))
  add("mgus2", c(60, 120)[k], "cloglog", "chi-square", diff(cloglog)^2 / sum((se / ((1 - f) * log(1 - f)))^2), 1e-9,
    made_by("survival")
  )
  add("mgus2", c(60, 120)[k], "identity", "chi-square", diff(f)^2 / sum(se^2), 1e-9, made_by("survival"))
}
out <- do.call(rbind, rows)
out$value <- format(out$value, digits = 17, trim = TRUE)
write.csv(out, "compare_at.csv", row.names = FALSE, quote = FALSE)
