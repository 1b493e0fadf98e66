# The smallest sets of printed LTPFS cells whose release lets the rest stand: a search of about a quarter of an hour, too
# long for the vignette, which shows what is written here. Needs the package installed, run after lnm_rates.R.

library(cryonodes)
source("data-raw/write.R")
printed <- subset(lnm_rates, endpoint == "Local tumour progression-free survival")
whole <- printed$group[1]

# Up to 9 cells with an effort that decides every candidate set but one (see below); then 10, where sets are found.
searches <- data.frame(release = c(9, 10), effort = c(120, 1))
found <- Map(function(release, effort) {
  reconstruct_km(printed, pooled = whole, release = release, effort = effort, progress = FALSE)$release
}, searches$release, searches$effort)

searches$at_least <- vapply(found, attr, 0, "at_least")
searches$undecided <- vapply(found, attr, 0, "undecided")
searches$sets_found <- vapply(found, function(f) length(unique(f$set)), 0)
utils::write.csv(searches, "inst/extdata/ltpfs_searches.csv", row.names = FALSE)
utils::write.csv(found[[2]], "inst/extdata/ltpfs_release.csv", row.names = FALSE)
