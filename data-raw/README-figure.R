# The picture in the README: Figure 4 from the reconstructed cohort.
library(cryonodes)
endpoints <- lapply(c("OS", "LTPFS", "DFS"), function(name) endpoint(lnm_cohort, name, "patient", "paper2021"))
names(endpoints) <- vapply(endpoints, function(x) attr(x, "meta")$rule$label, "")
fits <- lapply(endpoints, function(x) list(kaplan_meier(x), kaplan_meier(x, by = "group")))
p <- vapply(endpoints, function(x) paste("Log-rank p =", format_p(logrank_test(x)$p.value)), "")
figure <- figure_outcomes(fits, breaks = seq(0, 72, 12), until = 72, unit.time = "months", p = p)
ggplot2::ggsave("man/figures/README-figure.png", figure, width = 180, height = 230, units = "mm", dpi = 130)
# 128 colours are enough for it, and a third of the size.
system2("pngquant", c("--force", "--nofs", "--output", "man/figures/README-figure.png", "128", "man/figures/README-figure.png"))
