# Adds stats::fisher.test(workspace = 2e8) to fisher_rxc_exact.csv and counts its errors in fisher_rxc_errs.csv.
# Run in this directory after fisher_rxc_exact.py: Rscript fisher_rxc_errs.R (about 20 minutes)
# Each table in a child process, given 60 seconds of its processor. p_stats: 17 digits, or the message of the error, or
# "timeout"; seconds_stats: processor time.
# wrong: relative difference from the exact p above 1e-6; right: at most that; failed: error or timeout. `worst` is the
# greatest ratio of the two p, the larger over the smaller.
version <- R.version
r_version <- paste0("R ", version$major, ".", version$minor)
one <- function(counts, nrow) {
  code <- paste0("m <- matrix(as.integer(strsplit('", counts, "', ' ')[[1]]), ", nrow, "); cat(tryCatch({",
    "s <- system.time(p <- stats::fisher.test(m, workspace = 2e8)$p.value)[[1]]; ",
    "c(formatC(p, digits = 17, format = 'g'), s) }, error = function(e) c(conditionMessage(e), NA)), sep = '|')"
  )
  out <- suppressWarnings(system2("bash", c("-c", shQuote(paste("ulimit -t 60; exec Rscript -e", shQuote(code)))),
    stdout = TRUE, stderr = FALSE
  ))
  if (!is.null(attr(out, "status"))) return(c(if (attr(out, "status") %in% c(137, 152)) "timeout" else "died", NA))
  strsplit(gsub("[[:space:]]+", " ", paste(out, collapse = " ")), "|", fixed = TRUE)[[1]]
}
data <- read.csv("fisher_rxc_exact.csv", colClasses = "character")
done <- vapply(seq_len(nrow(data)), function(i) one(data$counts[i], as.integer(data$nrow[i])), character(2))
data$p_stats <- done[1, ]
data$seconds_stats <- done[2, ]
data$r_version <- r_version
write.csv(data, "fisher_rxc_exact.csv", row.names = FALSE, quote = grep("p_stats", names(data)))

drawn <- data[grepl("-", data$id), ]
exact <- as.numeric(drawn$p)
p <- suppressWarnings(as.numeric(drawn$p_stats))
drawn$wrong <- !is.na(p) & abs(p - exact) > 1e-6 * exact
drawn$failed <- is.na(p)
drawn$ratio <- pmax(p / exact, exact / p)
cell <- paste(drawn$nrow, drawn$ncol, drawn$n)
errs <- do.call(rbind, lapply(split(drawn, factor(cell, unique(cell))), function(d) {
  data.frame(nrow = d$nrow[1], ncol = d$ncol[1], n = d$n[1], tables = nrow(d), right = sum(!d$wrong & !d$failed),
    wrong = sum(d$wrong), failed = sum(d$failed), worst = signif(max(d$ratio, 1, na.rm = TRUE), 6),
    median_seconds = median(as.numeric(d$seconds_stats), na.rm = TRUE), r_version = r_version
  )
}))
write.csv(errs, "fisher_rxc_errs.csv", row.names = FALSE, quote = FALSE)
