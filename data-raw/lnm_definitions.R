# Table 2 of Autrusseau et al. (2021), in our own words.
source("data-raw/write.R")
lnm_definitions <- data.frame(
  term = c(
    "Technical success", "Primary technique efficacy", "Local tumour progression (LTP)",
    "Loco-regional progression", "Distant progression", "Local tumour progression-free survival (LTPFS)",
    "Disease-free survival (DFS)", "Overall survival (OS)"
  ),
  definition = c(
    "CT or MR during the procedure shows the ice covering the whole node with a margin of 5 mm or more",
    "The treated zone takes up no contrast on MR at one month, and no FDG on the first PET-CT (mostly 6 to 12 weeks after ablation)",
    "Contrast or tracer uptake appears anew where a node had been completely ablated, on CT, MR or PET-CT",
    "Imaging in follow-up shows regional nodes that are new, not the treated ones",
    "Imaging in follow-up shows distant nodes that are new, not the treated ones, or new metastases in organs",
    "From ablation to the first imaging that shows LTP",
    "From ablation to the first imaging that shows progression anywhere",
    "From ablation to death of any cause"
  ),
  event = c(NA, NA, NA, NA, NA, "LTP on imaging", "any progression on imaging", "death"),
  censored_by_death = c(NA, NA, NA, NA, NA, TRUE, TRUE, FALSE)
)
write_data(lnm_definitions, "lnm_definitions")
