# Writes logrank.csv. Run in this directory: Rscript logrank.R
# "published": textbook values for the remissions of Freireich EJ et al. (1963), Blood 21:699-716: chi-square 16.79,
# observed 9 and 21, expected 19.25 and 10.75 (two decimals: tolerance half a unit of the last place and a little).
# "recorded": output of survival::survdiff of the version written beside it.
library(survival)

leukaemia <- data.frame(
  time = c(
    6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35,
    1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23
  ),
  status = c(1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, rep(1, 21)),
  arm = rep(c("6-MP", "placebo"), each = 21)
)
published <- data.frame(
  dataset = "leukaemia", group = c("", "6-MP", "placebo", "6-MP", "placebo"),
  quantity = c("statistic", "observed", "observed", "expected", "expected"), value = c(16.79, 9, 21, 19.25, 10.75),
  tolerance = c(6e-3, 0, 0, 6e-3, 6e-3), origin = "published: textbook values; data of Freireich et al. (1963)"
)

record <- function(dataset, fit) {
  total <- function(x) if (is.matrix(x)) rowSums(x) else x
  group <- sub("^[^=]*=", "", names(fit$n))
  data.frame(
    dataset = dataset, group = c("", group, group, group),
    quantity = c("statistic", rep(c("observed", "expected", "variance"), each = length(group))),
    value = c(fit$chisq, total(fit$obs), total(fit$exp), diag(fit$var)), tolerance = 1e-12,
    origin = paste("recorded: survival", packageVersion("survival"))
  )
}

golden <- rbind(
  published,
  record("leukaemia", survdiff(Surv(time, status) ~ arm, leukaemia)),
  record("lung", survdiff(Surv(time, status == 2) ~ sex, lung)),
  record("lung stratified by ph.ecog", survdiff(Surv(time, status == 2) ~ sex + strata(ph.ecog), lung)),
  record("veteran", survdiff(Surv(time, status) ~ celltype, veteran))
)
golden$value <- sprintf("%.17g", golden$value)
write.csv(golden, "logrank.csv", row.names = FALSE, quote = c(1, 2, 3, 6))
