# Writes interval.csv, beta.csv and confidence_band.csv. Run in this directory: Rscript interval.R
# Recorded from survival (transformed intervals, conf.lower), bpcp (beta product; its root finder for mid-p set to
# 1e-14), km.ci (Rothman; Thomas & Grunkemeier, bisected there to some 1e-8; tables of critical values) and R's qbeta().
# Only rows with 0 < S < 1 are kept of those that are undefined elsewhere.
library(survival)
from <- function(package) paste(package, packageVersion(package))
six_mp <- data.frame(
  time = c(6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35),
  status = c(1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0)
)
cohorts <- list(
  six_mp = six_mp, lung = data.frame(time = lung$time, status = as.integer(lung$status == 2)),
  veteran = veteran[veteran$celltype == "adeno", c("time", "status")], kidney = kidney[c("time", "status")]
)
out <- list()
keep <- function(dataset, conf.type, conf.lower, conf.level, time, low, high, tolerance, origin) {
  rows <- unique(round(seq(1, length(time), length.out = min(12, length(time)))))
  out[[length(out) + 1]] <<- data.frame(
    dataset = dataset, conf.type = conf.type, conf.lower = conf.lower, conf.level = conf.level, time = time[rows],
    low = low[rows], high = high[rows], tolerance = tolerance, origin = origin
  )
}
for (name in names(cohorts)) {
  d <- cohorts[[name]]
  for (level in c(0.9, 0.95)) {
    for (type in c("plain", "log", "log-log", "logit", "arcsin")) for (low in c("usual", "peto", "modified")) {
      f <- survfit(Surv(time, status) ~ 1, d, conf.type = type, conf.lower = low, conf.int = level)
      ok <- f$surv > 0 & f$surv < 1
      keep(name, type, low, level, f$time[ok], f$lower[ok], f$upper[ok], 1e-12, from("survival"))
    }
    for (mid in c(FALSE, TRUE)) {
      b <- bpcp::bpcp(d$time, d$status, alpha = 1 - level, midp = mid, control = bpcp::bpcpControl(midpMMTol = 1e-14))
      keep(name, if (mid) "bpcp mid-p" else "bpcp", "usual", level, b$L[-1], b$lower[-1], b$upper[-1], 1e-10, from("bpcp"))
    }
    f <- survfit(Surv(time, status) ~ 1, d)
    ok <- f$surv > 0 & f$surv < 1
    for (type in c("rothman", "grunkemeier")) {
      k <- km.ci::km.ci(f, conf.level = level, method = type)
      keep(name, if (type == "rothman") type else "likelihood", "usual", level, f$time[ok], k$lower[ok], k$upper[ok],
        if (type == "rothman") 1e-12 else 1e-6, from("km.ci"))
    }
  }
}
write <- function(x, file) {
  for (v in setdiff(names(x)[vapply(x, is.numeric, TRUE)], "tolerance")) x[[v]] <- sprintf("%.17g", x[[v]])
  write.csv(x, file, row.names = FALSE, quote = FALSE)
}
write(do.call(rbind, out), "interval.csv")

v <- c(1e-3, 0.5, 1, 1.5, 3, 10, 50, 1000, 1e5, 1e7, 1e9, 1e12)
g <- expand.grid(p = c(1e-10, 0.005, 0.025, 0.2, 0.5, 0.9), a = v, b = v)
g$lower <- suppressWarnings(qbeta(g$p, g$a, g$b))
g$upper <- suppressWarnings(qbeta(g$p, g$a, g$b, lower.tail = FALSE))
write(g[(g$lower == 0 | g$lower > 1e-300) & (g$upper == 0 | g$upper > 1e-300), ], "beta.csv")

# km.ci's tables: rows a_high = 0.10, 0.12, ...; columns a_low = 0.00 (Hall-Wellner) or 0.02 (Nair), + 0.02.
bands <- list()
for (level in c(90, 95, 99)) for (type in c("hall", "nair")) {
  # km.ci has no table of Nair for 99%.
  table <- get0(paste0("critical.value.", type, ".", level), asNamespace("km.ci"))
  if (is.null(table)) next
  at <- expand.grid(i = seq(1, nrow(table), 5), j = seq(1, ncol(table), 4))
  at$critical <- table[as.matrix(at)]
  at <- at[!is.na(at$critical), ]
  bands[[length(bands) + 1]] <- data.frame(
    type = if (type == "hall") "hall-wellner" else "equal precision", conf.level = level / 100,
    a.low = 0.02 * (at$j - (type == "hall")), a.high = 0.08 + 0.02 * at$i, critical = at$critical, origin = from("km.ci")
  )
}
write(do.call(rbind, bands), "confidence_band.csv")
