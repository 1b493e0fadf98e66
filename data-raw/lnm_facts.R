# Other printed numbers of Autrusseau et al. (2021) that constrain the follow-up or can be checked against Table 1.
# `where` is the section of the author manuscript. lnm_claims has all numbers, these under the same ids.
source("data-raw/write.R")
lnm_facts <- read.csv("data-raw/lnm_facts.csv", colClasses = c(value = "numeric", where = "character"))
stopifnot(!anyNA(lnm_facts), !anyDuplicated(lnm_facts$id))
write_data(lnm_facts, "lnm_facts")
