# The picture in the README: Figure 4 from the reconstructed cohort.
library(cryonodes)
columns <- list(
  "Overall survival" = Surv(os_months, died) ~ group,
  "Local tumour progression-free survival" = Surv(ltpfs_months, ltp) ~ group,
  "Disease-free survival" = Surv(dfs_months, progressed) ~ group
)
fits <- lapply(columns, function(by_group) {
  list(kaplan_meier(update(by_group, . ~ 1), data = lnm_cohort), kaplan_meier(by_group, data = lnm_cohort))
})
p <- vapply(columns, function(f) paste("Log-rank p =", format_p(logrank_test(f, data = lnm_cohort)$p.value)), "")
figure <- figure_outcomes(fits, breaks = seq(0, 72, 12), until = 72, unit.time = "months", p = p)
ggplot2::ggsave("man/figures/README-figure.png", figure, width = 180, height = 230, units = "mm", dpi = 130)
