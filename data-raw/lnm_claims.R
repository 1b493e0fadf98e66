# Every number that Autrusseau et al. (2021) print about their study. lnm_claims.csv has those of the title, abstract,
# text, legends and Tables 2 and 3's header, in our own words; the cells of Tables 1 and 3 are added from their
# transcriptions (table1.csv, table3.csv). Left out: page and reference numbers, addresses, software versions, and the
# landmarks "1, 2, 3 years" where they only name a rate that has its own row.
source("data-raw/write.R")
text <- read.csv("data-raw/lnm_claims.csv", colClasses = "character", na.strings = "")
table1 <- read.csv("data-raw/table1.csv", colClasses = "character")
table3 <- read.csv("data-raw/table3.csv", colClasses = "character")

fields <- c(names(text), "endpoint", "group", "time")
claims_of <- function(...) {
  out <- data.frame(..., stringsAsFactors = FALSE)
  out[setdiff(fields, names(out))] <- NA
  out[fields]
}
decimals_of <- function(x) as.character(ifelse(grepl(".", x, fixed = TRUE), nchar(sub(".*[.]", "", x)), 0))

# Table 1: a later session has no lower age; nodes and sizes lie within the printed ranges.
row <- sprintf("t1_p%02d_s%s", as.integer(table1$patient), table1$session)
who <- paste0("patient ", table1$patient, ", session ", table1$session)
cell <- function(what, column, words, unit, recompute) {
  claims_of(
    id = paste0(row, "_", what), where = "Table 1", claim = paste0(words, ", ", who), kind = "example",
    value = table1[[column]], decimals = "0", unit = unit, recompute = recompute,
    reason = ifelse(is.na(recompute), "a record: others are computed from it", NA)
  )
}
before <- match(paste(table1$patient, as.integer(table1$session) - 1), paste(table1$patient, table1$session))
ages <- cell("age", "age", "age", "years", ifelse(is.na(before), NA, paste0(">= ", row[before], "_age")))
nodes <- cell("nodes", "n_lnm", "nodes treated", "lesions", "<= nodes_max ; >= nodes_min")
sizes <- cell("size", "long_axis_mm", "long axis", "mm", "<= size_max ; >= size_min")
has_number <- grepl("[0-9]", table1$histology)
histology <- claims_of(
  id = paste0(row, "_histology"), where = "Table 1", claim = paste0("number in the histology, ", who), kind = "example",
  value = gsub("[^0-9.]", "", table1$histology), decimals = decimals_of(gsub("[^0-9.]", "", table1$histology)),
  unit = ifelse(grepl("mm", table1$histology), "mm", "grade"), reason = "a record: others are computed from it"
)[has_number, ]

# Table 3: cells in percent, one digit after the point although trailing zeros are dropped.
short <- c("Overall survival" = "os", "Local tumour progression-free survival" = "ltpfs", "Disease-free survival" = "dfs")
groups <- c(whole = "Whole cohort", loco = "Loco-regional", oligo = "Oligo-metastatic")
sizes_of <- c(whole = "29", loco = "20", oligo = "9")
months <- 12 * as.integer(table3$time_years)
rates <- do.call(rbind, lapply(names(groups), function(g) {
  one <- function(kind, suffix, words) {
    claims_of(
      id = paste0("t3_", short[table3$endpoint], "_", g, "_", months, "_", suffix), where = "Table 3",
      claim = paste0(words, ", ", table3$endpoint, ", ", groups[g], ", ", months, " months"), kind = kind,
      value = table3[[paste0(g, "_", if (kind == "rate") "estimate" else kind)]], decimals = "1", unit = "percent",
      n = sizes_of[[g]], endpoint = table3$endpoint, group = groups[[g]], time = as.character(months)
    )
  }
  rbind(one("rate", "rate", "rate"), one("std.error", "se", "standard error"))
}))
p_values <- claims_of(
  id = paste0("t3_", short[table3$endpoint], "_", months, "_p"), where = "Table 3",
  claim = paste0("p (Fisher), ", table3$endpoint, ", ", months, " months"), kind = "p", value = table3$p, decimals = "2",
  endpoint = table3$endpoint, time = as.character(months)
)

text[setdiff(fields, names(text))] <- NA
lnm_claims <- rbind(text[fields], ages, nodes, sizes, histology, rates, p_values)
for (column in c("value", "decimals", "n", "count", "time")) lnm_claims[[column]] <- as.numeric(lnm_claims[[column]])
lnm_claims$whole <- lnm_claims$whole %in% "yes"
rownames(lnm_claims) <- NULL
facts <- read.csv("data-raw/lnm_facts.csv")
stopifnot(
  !anyDuplicated(lnm_claims$id), !anyNA(lnm_claims[c("id", "where", "claim", "kind", "value", "decimals")]),
  # lnm_facts is the part that other code reads; every row of it is a claim of the same name and value.
  lnm_claims$value[match(facts$id, lnm_claims$id)] == facts$value
)
write_data(lnm_claims, "lnm_claims")
