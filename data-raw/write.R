# Writes a data set twice: for R, and as csv for people without R.
write_data <- function(x, name) {
  assign(name, x)
  save(list = name, file = file.path("data", paste0(name, ".rda")), version = 2, compress = "xz")
  utils::write.csv(x, file.path("inst", "extdata", paste0(name, ".csv")), row.names = FALSE, na = "", fileEncoding = "UTF-8")
}
