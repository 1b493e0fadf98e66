# Writes fisher_failures.csv: tables that people reported as failing, or as given a wrong answer, in public, with the link.
# Run in this directory: Rscript fisher_failures.R, then python3 fisher_failures.py, which adds the truth.
# counts: column by column. error: what the report says (its software named in `software`). from: where the counts stand,
# "printed" in the report or how they follow from what it names.
# outcome_*: stats::fisher.test here, in a child process given 20 seconds of its processor,
# with the default workspace, 2e7 and 2e8: p to 17
# digits, the message of an error, or "timeout".
# sim_hits of sim_B tables drawn with r2dtable() (Patefield 1981), set.seed(sim_seed), were no likelier than the observed
# one: sums of log factorials, equal within 1e-7 (far above their rounding, and a real difference so small changes no digit
# that sim_B draws can show). Only for r x c tables.
rows <- list()
add <- function(id, link, year, software, error, from, x) {
  rows[[length(rows) + 1]] <<- data.frame(id, link, year, software, error, from,
    nrow = nrow(x), ncol = ncol(x), counts = paste(format(c(x), trim = TRUE, scientific = FALSE), collapse = " "),
    n = format(sum(x), scientific = FALSE)
  )
}
bugzilla <- function(n) paste0("https://bugs.r-project.org/show_bug.cgi?id=", n)
by_row <- function(...) rbind(...)

# The tables of R's own reports stand in its regression tests: github.com/wch/r-source, tests/reg-tests-1*.R.
add("PR644", bugzilla(644), 2000, "R", "crash on Windows and elsewhere", "tests/reg-tests-1a.R of R", matrix(c(
  2, 2, 4, 8, 6, 0, 1, 1, 7, 8, 1, 3, 1, 3, 7, 4, 2, 2, 2, 1, 1, 0, 0, 0, 0, 0, 1, 1, 2, 0, 1, 1, 0, 2, 1, 0, 0, 0
), ncol = 2))
add("PR1662", bugzilla(1662), 2002, "R <= 1.5.0", "crash on a table with total one", "tests/reg-tests-1a.R of R",
  cbind(0, c(0, 0, 0, 1))
)
add("PR2480", "https://stat.ethz.ch/pipermail/r-devel/2003-January/025783.html", 2003, "R 1.6.0, gregmisc::CrossTable",
  "fisher.test stops; CrossTable gives no table", "printed",
  by_row(c(24, 31, 2, 50), c(4, 101, 16, 130), c(0, 29, 3, 52), c(3, 39, 11, 210))
)
add("PR4688", bugzilla(4688), 2003, "R 1.8.0", "p = Inf; since 1.8.1 FEXACT error 501", "tests/reg-tests-1a.R of R",
  cbind(c(2121, 100, 27, 0), c(4700, 216, 67, 0), c(6234, 2461, 502, 14))
)
add("PR10558", bugzilla(10558), 2008, "R < 2.7.0", "simulate.p.value = TRUE: p about 0.0005, exact 1/60",
  "tests/reg-tests-1b.R of R", diag(1:3)
)
add("R2.11.0", "https://github.com/wch/r-source/blob/trunk/tests/reg-tests-1b.R", 2010, "R < 2.11.0",
  "p = 1 + 1.17e-13", "tests/reg-tests-1b.R of R", cbind(c(14, 29, 16), c(14, 29, 16))
)
add("PR18336", bugzilla(18336), 2022, "R <= 4.2.0", "segfault; since then FEXACT[f3xact()] error: hash key > INT_MAX",
  "tests/reg-tests-1e.R of R", by_row(c(1, 0, 5, 2, 1, 90), c(2, 1, 0, 2, 3, 89), c(0, 0, 0, 1, 0, 14),
    c(0, 0, 0, 0, 0, 5), c(0, 0, 0, 0, 0, 2), c(0, 0, 0, 0, 0, 2)
  )
)
type <- rep(c("A", "A", "A", "A", "B", "C", "C"), 100)
treatment <- c(rep(c("v", "x", "x", "y", "z"), 2), rep(c("z", "z", "x", "y", "x"), 2),
  rep(c("w", "x", "x", "y", "z"), 136)
)
add("gtsummary952", "https://github.com/ddsjoberg/gtsummary/issues/952", 2021, "R, gtsummary::add_p",
  "out of workspace, p-value omitted", "code of the report", unclass(table(type, treatment))
)
add("gtsummary190", "https://github.com/ddsjoberg/gtsummary/issues/190", 2019, "R, gtsummary::add_p",
  "FEXACT error 7(location). LDSTP=18180 is too small for this problem", "code of the report",
  cbind(c(11, 421, 347, 239, 26), c(1, 785, 492, 172, 17))
)
add("mariposa", "https://github.com/YannickDiehl/mariposa/blob/main/NEWS.md", 2026, "R, mariposa::fisher_test",
  "FEXACT error 501. The hash table key cannot be computed",
  "education by employment in data/survey_data.rda of that package (test NP-10)",
  by_row(c(0, 571, 65, 171, 34), c(0, 412, 51, 137, 29), c(44, 366, 44, 145, 32), c(34, 251, 22, 72, 20))
)
add("vcdExtra", "https://friendly.github.io/vcdExtra/articles/a2-tests.html", 2026, "R, tutorial of vcdExtra",
  "FEXACT error 6 (f5xact). LDKEY=618 is too small for this problem: kval=238045028.",
  "margin of datasets::HairEyeColor", unclass(apply(HairEyeColor, c(1, 2), sum))
)
fx <- "https://github.com/maclandrol/FisherExact/issues/"
add("FisherExact3", paste0(fx, 3), 2017, "Python FisherExact (FEXACT)", "Call-back failed; OverflowError when simulating",
  "printed", by_row(
    c(23, 56, 39, 34, 1906, 203, 20, 23, 19, 1793, 204, 32, 88, 408, 1530, 415),
    c(205, 86, 32, 25, 1710, 276, 120, 168, 122, 1372, 475, 6, 29, 324, 1699, 329)
  )
)
add("FisherExact4", paste0(fx, 4), 2017, "Python FisherExact (FEXACT)", "Segmentation fault: 11", "printed", by_row(
  c(
    89, 66, 33, 32, 28, 15, 16, 21, 12, 20, 17, 0, 3, 6, 3, 1, 7, 7, 10, 7, 6, 6, 5, 3, 2, 1, 0, 13, 7, 5, 0, 11, 3, 3, 1,
    1, 0, 0, 0, 6, 5, 3, 3, 2, 2, 2, 2, rep(1, 14), rep(0, 18), 10, 4, 3, 3, 3, 2, 2, 2, 2, 2, rep(1, 24)
  ),
  c(
    90, 58, 44, 22, 18, 17, 15, 14, 13, 12, 12, 10, 9, 8, 6, 6, 5, 5, rep(4, 9), 3, 3, 3, 3, rep(2, 8), rep(1, 40),
    rep(0, 34)
  )
))
add("FisherExact5", paste0(fx, 5), 2018, "Python FisherExact (FEXACT)", "p = 0", "printed",
  by_row(c(159, 4, 80), c(3, 25, 0), c(30, 0, 108))
)
add("FisherExact7", paste0(fx, 7), 2018, "Python FisherExact (FEXACT)", "segmentation fault (core dumped)", "printed",
  by_row(c(8472, 9541, 4581, 7998, 2755), c(19031, 20811, 12565, 17134, 5302))
)
add("FisherExact8", paste0(fx, 8), 2019, "Python FisherExact (FEXACT)", "segfault with the default workspace", "printed",
  by_row(c(1088, 126, 342, 516, 594, 578, 528, 378, 272, 160, 68, 40, 22, 4, 2),
    c(12, 1, 5, 4, 5, 1, 2, 1, 0, 0, 0, 0, 0, 0, 0)
  )
)
add("FisherExact11", paste0(fx, 11), 2021, "Python FisherExact (FEXACT)", "Segmentation fault (core dumped): empty column",
  "printed", by_row(c(38, 0, 49), c(37, 0, 52))
)
add("FisherExact12", paste0(fx, 12), 2022, "Python FisherExact (FEXACT)", "p = 0.4857142857142828, R 0.7932841152655332",
  "printed", by_row(c(1, 3, 1, 4), c(3, 5, 1, 3))
)
release <- "https://github.com/boussoffara/fexact/releases/tag/v0.2.0"
add("fexact7", release, 2026, "Python fexact (R's fexact.c)", "p = 0.781, right 0.874: 32-bit path counts overflowed",
  "printed", by_row(rep(c(10, 6, 7), 7), rep(c(5, 7, 9), 7))
)
add("fexact10", release, 2026, "Python fexact (R's fexact.c)", "p = 0.329, right 0.929: 32-bit path counts overflowed",
  "printed (30 columns of the same kind)", by_row(rep(c(10, 6, 7), 10), rep(c(5, 7, 9), 10))
)
add("fexact501", release, 2026, "Python fexact (R's fexact.c)", "FEXACT error 501 (hash key overflow)", "printed",
  by_row(c(100000, 6, 7), c(100000, 7, 9))
)

# 2 x 2
add("VISCfunctions53", "https://github.com/FredHutch/VISCfunctions/issues/53", 2020, "R, stats::fisher.test",
  "p > 1 (by 2.2e-16)", "printed", matrix(c(21, 2, 16, 2), 2)
)
add("qvalue7", "https://github.com/StoreyLab/qvalue/issues/7", 2017, "R, stats::fisher.test, then qvalue",
  "p > 1: p-values not in valid range [0, 1]", "printed", matrix(c(2, 1, 641, 234), 2)
)
add("HypothesisTests25", "https://github.com/JuliaStats/HypothesisTests.jl/issues/25", 2014, "Julia HypothesisTests",
  "p > 1", "printed", matrix(c(1, 1, 1, 1), 2)
)
add("HypothesisTests234", "https://github.com/JuliaStats/HypothesisTests.jl/issues/234", 2021, "Julia HypothesisTests",
  "upper limit 4.5e15 (R: 0.089635757)", "printed", matrix(c(5, 192, 40, 50), 2)
)
add("scipy4130", "https://github.com/scipy/scipy/issues/4130", 2014, "Python scipy", "p = 1, right 0.9567", "printed",
  by_row(c(345, 455), c(260, 345))
)
add("scipy9231", "https://github.com/scipy/scipy/issues/9231", 2018, "Python scipy 1.0.0", "infinite loop", "printed",
  by_row(c(5829225, 5692693), c(5760959, 5760959))
)
add("htslib1944", "https://github.com/samtools/htslib/issues/1944", 2025, "C htslib", "p = 0.0451776, R 0.4310166",
  "printed", matrix(c(1027, 167, 422, 60), 2)
)
add("bedtools343", "https://github.com/arq5x/bedtools2/issues/343", 2015, "C bedtools fisher",
  "left 0, right 1 (the tails wrong)", "printed", by_row(c(781, 23171), c(4963, 2455001))
)
add("bedtools855", "https://github.com/arq5x/bedtools2/issues/855", 2020, "C bedtools fisher", "p = 1 for a tiny p",
  "printed", by_row(c(4155, 4903), c(805463, 8507517))
)
add("fisher34", "https://github.com/brentp/fishers_exact_test/issues/34", 2021, "Python fisher",
  "OverflowError: value too large to convert to int", "printed (x11, x12, x21, x22)",
  by_row(c(1, 78), c(1406551982, 2642326796))
)
add("fisher47", "https://github.com/brentp/fishers_exact_test/issues/47", 2023, "Python fisher",
  "p = 1.4e-06, right 1.2e-17", "printed", matrix(c(50, 1, 257, 375), 2)
)
data <- do.call(rbind, rows)

run <- function(x, workspace) {
  code <- paste0("m <- matrix(c(", paste(format(x, scientific = FALSE, trim = TRUE), collapse = ","), "), ", nrow(x),
    "); cat(tryCatch(formatC(stats::fisher.test(m, workspace = ", workspace, ")$p.value, digits = 17, format = 'g'), ",
    "error = function(e) conditionMessage(e)))"
  )
  out <- suppressWarnings(system2("bash", c("-c", shQuote(paste("ulimit -t 20; exec Rscript -e", shQuote(code)))),
    stdout = TRUE, stderr = FALSE
  ))
  if (!is.null(attr(out, "status"))) return(if (attr(out, "status") %in% c(137, 152)) "timeout" else "died")
  gsub("[[:space:]]+", " ", paste(out, collapse = " "))
}
simulate <- function(x, b) {
  x <- x[rowSums(x) > 0, colSums(x) > 0, drop = FALSE]
  if (any(dim(x) < 2) || all(dim(x) == 2)) return(NA)
  log_factorial <- lfactorial(0:max(x, min(max(rowSums(x)), max(colSums(x)))))
  observed <- sum(log_factorial[x + 1])
  hits <- 0
  for (i in seq_len(b / 1e4)) {
    drawn <- stats::r2dtable(1e4, rowSums(x), colSums(x))
    hits <- hits + sum(vapply(drawn, function(t) sum(log_factorial[t + 1]), 0) >= observed - 1e-7)
  }
  hits
}
tables <- Map(function(counts, nrow) matrix(as.numeric(strsplit(counts, " ")[[1]]), nrow), data$counts, data$nrow)
data$outcome_default <- NA
for (workspace in c("2e5", "2e7", "2e8")) {
  name <- paste0("outcome_", if (workspace == "2e5") "default" else workspace)
  # A 2 x 2 table has no use for the workspace.
  again <- workspace == "2e5" | data$nrow != 2 | data$ncol != 2
  data[[name]] <- data$outcome_default
  data[[name]][again] <- vapply(tables[again], run, "", workspace = workspace)
}
data$r_version <- paste0("R ", R.version$major, ".", R.version$minor)
data$sim_seed <- 20261125
data$sim_B <- 1e6
data$sim_hits <- vapply(tables, function(x) {
  set.seed(20261125)
  as.numeric(simulate(x, 1e6))
}, 0)
data$sim_B[is.na(data$sim_hits)] <- NA
data$sim_seed[is.na(data$sim_hits)] <- NA
data$sim_B <- format(data$sim_B, scientific = FALSE, trim = TRUE)
write.csv(data, "fisher_failures.csv", row.names = FALSE, na = "NA")
