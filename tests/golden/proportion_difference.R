# Writes proportion_difference.csv. Run in this directory, with ratesci and PropCIs: Rscript proportion_difference.R, then
# python3 proportion_difference.py, which adds `exact`. Group 1 (a of a + b) minus, or over, group 2 (c of c + d).
# Recorded: ratesci::scoreci(skew = FALSE) for score intervals, with (mn) and without (mee, koopman, score) the factor
# N / (N - 1) of Miettinen and Nurminen (1985); ratesci::moverci(type = "wilson") for Newcombe's (1998) hybrid of Wilson
# intervals and its ratio (Donner and Zou 2012); PropCIs for the same (its odds ratio walks in steps of 0.1 %). tolerance:
# of |value - exact| over max(1, |exact|), by what each package searches to.
# perondi2004: 7 of 34 against 1 of 34, in Fagerland, Lydersen and Laake (2015, Stat Methods Med Res 24, 224-254).
# newcombe*: 56/70 v 48/80, 9/10 v 3/10, 10/10 v 0/20, 10/10 v 0/10: the examples a, b, g and h of Newcombe (1998,
# Stat Med 17, 873-890).
set.seed(20261125)
tables <- list(perondi2004 = c(7, 27, 1, 33), newcombe_a = c(56, 14, 48, 32), newcombe_b = c(9, 1, 3, 7),
  newcombe_g = c(10, 0, 0, 20), newcombe_h = c(10, 0, 0, 10), fay2010 = c(30, 464, 7, 255), mehta2003 = c(12, 3, 7, 8),
  none = c(0, 20, 0, 30), one_none = c(5, 25, 0, 40), all = c(12, 0, 9, 0)
)
for (i in 1:20) {
  n <- sample(c(5, 20, 80, 400), 2, TRUE)
  x <- c(sample(0:n[1], 1), sample(0:n[2], 1))
  tables[[paste0("drawn", i)]] <- c(x[1], n[1] - x[1], x[2], n[2] - x[2])
}
rows <- list()
for (id in names(tables)) {
  t <- tables[[id]]
  n <- c(t[1] + t[2], t[3] + t[4])
  add <- function(method, value, package, tolerance) {
    rows[[length(rows) + 1]] <<- data.frame(id, a = t[1], b = t[2], c = t[3], d = t[4], method,
      quantity = c("conf_low", "conf_high"), value = formatC(unname(value), digits = 15, format = "g"), tolerance,
      origin = paste("recorded:", package, packageVersion(package))
    )
  }
  score <- function(...) {
    unname(ratesci::scoreci(t[1], n[1], t[3], n[2], skew = FALSE, or_bias = FALSE, precis = 10, warn = FALSE,
      ...
    )$estimates[1, c("lower", "upper")])
  }
  mover <- function(contrast) {
    unname(ratesci::moverci(t[1], n[1], t[3], n[2], contrast = contrast, type = "wilson")$estimates[1, c(
      "lower", "upper"
    )])
  }
  attempt <- function(method, expression, package, tolerance) {
    value <- tryCatch(suppressWarnings(expression), error = function(e) NULL)
    if (is.numeric(value) && length(value) == 2) add(method, value, package, tolerance)
  }
  attempt("difference mn", score(contrast = "RD"), "ratesci", 1e-8)
  attempt("difference mee", score(contrast = "RD", bcf = FALSE), "ratesci", 1e-8)
  attempt("difference newcombe", mover("RD"), "ratesci", 1e-8)
  attempt("ratio mn", score(contrast = "RR"), "ratesci", 1e-8)
  attempt("ratio koopman", score(contrast = "RR", bcf = FALSE), "ratesci", 1e-8)
  attempt("ratio mover", mover("RR"), "ratesci", 1e-8)
  attempt("odds ratio mn", score(contrast = "OR"), "ratesci", 1e-8)
  attempt("odds ratio score", score(contrast = "OR", bcf = FALSE), "ratesci", 1e-8)
  attempt("difference mn", PropCIs::diffscoreci(t[1], n[1], t[3], n[2], 0.95)$conf.int, "PropCIs", 1e-6)
  attempt("ratio koopman", PropCIs::riskscoreci(t[1], n[1], t[3], n[2], 0.95)$conf.int, "PropCIs", 1e-4)
  attempt("odds ratio mn", PropCIs::orscoreci(t[1], n[1], t[3], n[2], 0.95)$conf.int, "PropCIs", 2e-3)
}
write.csv(do.call(rbind, lapply(rows, function(r) {
  r$value <- trimws(r$value)
  r
})), "proportion_difference.csv", row.names = FALSE, quote = FALSE)
