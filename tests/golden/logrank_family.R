# Writes logrank_family.csv and logrank_family_data.csv. Run in this directory: Rscript logrank_family.R
# Recorded: survMisc::comp() of the version written beside it, on the cohorts of Klein & Moeschberger (2003), Examples
# 7.2 (kidney dialysis, two groups), 7.4 and 7.6 (cancer of the larynx, four stages, and for trend), as package KMsurv
# has them. Its Q is the score of the second of two groups, and, with the sign turned, that of the scores 1, 2, 3, 4 for trend. Its variance
# of two groups is not taken: 6.2368 for the kidney data, where survival::survdiff() and nphRCT::wlrt() have 6.2106. Those
# of the weights that it has, Fleming and Harrington's, are nphRCT's.
suppressMessages({
  library(survMisc)
  library(nphRCT)
  library(survival)
})

data("kidney", package = "KMsurv")
data("larynx", package = "KMsurv")
kidney <- data.frame(dataset = "kidney", time = kidney$time, status = kidney$delta, group = kidney$type)
larynx <- data.frame(dataset = "larynx", time = larynx$time, status = larynx$delta, group = larynx$stage)
write.csv(rbind(kidney, larynx), "logrank_family_data.csv", row.names = FALSE, quote = FALSE)

rho <- c(0, 1, 1, 0.5, 0.5)
gamma <- c(1, 0, 1, 0.5, 2)
types <- data.frame(
  type = c("logrank", "Gehan-Breslow", "Tarone-Ware", "Peto-Peto", "modified Peto-Peto", rep("Fleming-Harrington", 5)),
  rho = c(rep(0, 5), rho), gamma = c(rep(0, 5), gamma)
)
tests_of <- function(data, part) {
  fit <- ten(Surv(time, status) ~ group, data = data)
  invisible(capture.output(comp(fit, p = rho, q = gamma)))
  if (part == "lrt") attr(fit, "lrt") else attr(fit, "tft")$tft
}
record <- function(data, part, quantities) {
  found <- as.data.frame(tests_of(data, part))
  do.call(rbind, lapply(names(quantities), function(quantity) {
    data.frame(
      dataset = data$dataset[1], types, trend = part == "tft", quantity = quantity,
      value = found[[quantities[[quantity]]]], tolerance = 1e-10,
      origin = paste("recorded: survMisc", packageVersion("survMisc"))
    )
  }))
}
of_two <- do.call(rbind, lapply(which(types$type %in% c("logrank", "Fleming-Harrington")), function(i) {
  fit <- wlrt(Surv(time, status) ~ group, transform(kidney, group = factor(group)), "fh",
    rho = types$rho[i], gamma = types$gamma[i]
  )
  data.frame(
    dataset = "kidney", types[rep(i, 3), ], trend = FALSE, quantity = c("score", "variance", "statistic"),
    value = c(fit$u, fit$v_u, fit$z^2), tolerance = 1e-10, origin = paste("recorded: nphRCT", packageVersion("nphRCT"))
  )
}))
golden <- rbind(
  record(kidney, "lrt", c(score = "Q")), of_two,
  record(larynx, "lrt", c(statistic = "chiSq", df = "df", p.value = "pChisq")),
  record(larynx, "tft", c(score = "Q", variance = "Var", statistic = "chiSq", p.value = "pChisq"))
)
golden$value <- sprintf("%.17g", golden$value)
write.csv(golden, "logrank_family.csv", row.names = FALSE, quote = FALSE)
