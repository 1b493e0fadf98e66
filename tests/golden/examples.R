# Writes examples.csv and example_data.csv. Run in this directory: Rscript examples.R (needs KMsurv, bpcp, km.ci, cmprsk
# and prodlim beside survival). The examples that other packages and books are known by:
#   kidney     Klein & Moeschberger section 1.4 (Nahman et al. 1992), as in KMsurv: time to infection, months, by catheter
#   leuk       example of bpcp: 6-MP arm of Freireich et al. (1963)
#   sclerosis  data of bpcp (Nash et al. 2007), in years
#   rectum     example of km.ci
#   test1, test2, test3  survival's vignette "validate": tied times, (start, stop], case weights. "validate" in `origin`
#              are its increments of the hazard in fractions, with beta = 0, hence r = 1; "survival" is survfit().
#   cuminc     example of cmprsk, seed 2, without its strata     entry  example of prodlim: delayed entry, two causes
library(survival)
data(kidney, package = "KMsurv", envir = environment())
data(leuk, sclerosis, package = "bpcp", envir = environment())
data(rectum.dat, package = "km.ci", envir = environment())
RNGkind("Mersenne-Twister", "Inversion", "Rejection")
set.seed(2)
ss <- rexp(100)
gg <- factor(sample(1:3, 100, replace = TRUE), 1:3, c("a", "b", "c"))
cc <- sample(0:2, 100, replace = TRUE)

rows <- function(dataset, time, status, group = "All", entry = 0, weight = 1) {
  data.frame(dataset, entry, time, status, group, weight)
}
data <- rbind(
  rows("kidney", kidney$time, kidney$delta, c("surgical", "percutaneous")[kidney$type]),
  rows("leuk", leuk$time, leuk$status), rows("sclerosis", sclerosis$year, sclerosis$status),
  rows("rectum", rectum.dat$time, rectum.dat$status),
  rows("test1", c(1, 1, 6, 6, 8, 9), c(1, 0, 1, 1, 0, 1)),
  rows("test2", c(2, 3, 6, 7, 8, 9, 9, 9, 14, 17), rep(1:0, c(7, 3)), entry = c(1, 2, 5, 2, 1, 7, 3, 4, 8, 8)),
  rows("test3", c(1, 1, 2, 2, 2, 2, 3, 4, 5), c(1, 0, 1, 1, 1, 0, 0, 1, 0), weight = c(1, 2, 3, 4, 3, 2, 1, 2, 1)),
  rows("cuminc", ss, cc, gg),
  rows("entry", 10:20, c(1, 0, 2, 2, 0, 0, 1, 2, 0, 2, 0), entry = c(7, 3, 11, 12, 11, 2, 1, 7, 15, 17, 3))
)
text <- data
for (v in c("entry", "time", "weight")) text[[v]] <- sprintf("%.17g", text[[v]])
write.csv(text, "example_data.csv", row.names = FALSE, quote = FALSE)

from <- function(package) paste(package, packageVersion(package))
out <- list()
keep <- function(dataset, group, time, quantity, value, origin, tolerance = 1e-12) {
  out[[length(out) + 1]] <<- data.frame(dataset, group, time, quantity, value, tolerance, origin)[!is.na(value), ]
}

# Curves of survival.
for (name in c("kidney", "leuk", "sclerosis", "rectum", "test1", "test2", "test3")) {
  d <- data[data$dataset == name, ]
  f <- survfit(if (name == "test2") Surv(entry, time, status) ~ group else Surv(time, status) ~ group, d,
    weights = if (name == "test3") d$weight, conf.type = "log-log"
  )
  group <- if (is.null(f$strata)) "All" else rep(sub("group=", "", names(f$strata)), f$strata)
  ok <- f$surv > 0 & f$surv < 1
  for (v in c("surv", "cumhaz", "std.chaz", "lower", "upper")) {
    pick <- if (v %in% c("lower", "upper")) ok else TRUE
    keep(name, rep(group, length.out = length(f$time))[pick], f$time[pick], v, f[[v]][pick], from("survival"))
  }
}
kidney_test <- survdiff(Surv(time, status) ~ group, data[data$dataset == "kidney", ])
keep("kidney", NA, NA, c("logrank", paste("expected", levels(factor(data$group[data$dataset == "kidney"])))),
  c(kidney_test$chisq, kidney_test$exp), from("survival"))

# The vignette's hazards: 1/(3r+3), 2/(r+3), 1; 1/(r+1), 1/(r+2), 1/(3r+2), 1/(3r+1) twice, 2/(3r+2); and
# 1/(r^2+11r+7), 10/(11r+5), 2/(2r+1), all with r = 1.
validate <- paste("validate vignette of", from("survival"))
keep("test1", "All", c(1, 6, 9), "cumhaz", cumsum(c(1 / 6, 2 / 4, 1)), validate)
keep("test2", "All", c(2, 3, 6, 7, 8, 9), "cumhaz", cumsum(c(1 / 2, 1 / 3, 1 / 5, 1 / 4, 1 / 4, 2 / 5)), validate)
keep("test3", "All", c(1, 2, 4), "cumhaz", cumsum(c(1 / 19, 10 / 16, 2 / 3)), validate)

# Small-sample limits of bpcp; Thomas & Grunkemeier's by both packages.
for (name in c("leuk", "sclerosis")) {
  d <- data[data$dataset == name, ]
  for (mid in c(FALSE, TRUE)) {
    b <- bpcp::bpcp(d$time, d$status, midp = mid, control = bpcp::bpcpControl(midpMMTol = 1e-14))
    # bpcp rounds its times a little, and begins at 0.
    times <- sort(unique(d$time))
    at <- seq_along(times) + 1
    stopifnot(length(b$L) == length(times) + 1, abs(b$L[at] - times) < 1e-9)
    kind <- if (mid) "bpcp mid-p" else "bpcp"
    keep(name, "All", times, paste(kind, "low"), b$lower[at], from("bpcp"), 1e-10)
    keep(name, "All", times, paste(kind, "high"), b$upper[at], from("bpcp"), 1e-10)
  }
}
f <- survfit(Surv(time, status) ~ 1, data[data$dataset == "rectum", ])
ok <- f$surv > 0 & f$surv < 1
for (method in c("rothman", "grunkemeier")) {
  k <- km.ci::km.ci(f, method = method)
  # Thomas & Grunkemeier's limits are bisected there to some 1e-8.
  kind <- c(rothman = "rothman", grunkemeier = "likelihood")[[method]]
  size <- if (method == "rothman") 1e-12 else 1e-6
  keep("rectum", "All", f$time[ok], paste(kind, "low"), k$lower[ok], from("km.ci"), size)
  keep("rectum", "All", f$time[ok], paste(kind, "high"), k$upper[ok], from("km.ci"), size)
}

# Competing events.
times <- c(0.25, 0.5, 1, 1.5)
gray <- cmprsk::timepoints(cmprsk::cuminc(ss, cc, gg), times)
for (i in seq_len(nrow(gray$est))) {
  label <- strsplit(rownames(gray$est)[i], " ")[[1]]
  keep("cuminc", label[1], times, paste("incidence", label[2]), gray$est[i, ], from("cmprsk"))
  keep("cuminc", label[1], times, paste("std.error", label[2]), sqrt(gray$var[i, ]), from("cmprsk"))
}
d <- data[data$dataset == "entry", ]
p <- prodlim::prodlim(prodlim::Hist(time = time, event = status, entry = entry) ~ 1, data = d)
for (k in 1:2) {
  at <- match(d$time, p$time)
  keep("entry", "All", d$time, paste("incidence", k), p$cuminc[[k]][at], from("prodlim"))
}
golden <- do.call(rbind, out)
# Every sixth time of the longest curve.
long <- golden$dataset == "rectum"
golden <- golden[!long | golden$time %in% sort(unique(golden$time[long]))[c(TRUE, rep(FALSE, 5))], ]
golden$value <- sprintf("%.17g", golden$value)
golden$time <- ifelse(is.na(golden$time), NA, sprintf("%.17g", golden$time))
write.csv(golden, "examples.csv", row.names = FALSE, quote = FALSE)
