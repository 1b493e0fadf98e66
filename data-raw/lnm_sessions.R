# Table 1 of Autrusseau et al. (2021): one row a session. table1.csv is the transcription; it was compared
# cell by cell with the table in the author manuscript (hal-03964194).
source("data-raw/write.R")
x <- read.csv("data-raw/table1.csv", colClasses = "character")
stopifnot(nrow(x) == 37, !anyNA(x))
lnm_sessions <- data.frame(
  patient = as.integer(x$patient), session = as.integer(x$session), two_stage = x$two_stage == "*",
  sex = factor(x$sex, c("F", "M")), age = as.integer(x$age), primary_tumor = x$primary_tumor,
  histology = x$histology, location = x$location, n_lnm = as.integer(x$n_lnm),
  long_axis_mm = as.integer(x$long_axis_mm)
)
write_data(lnm_sessions, "lnm_sessions")
