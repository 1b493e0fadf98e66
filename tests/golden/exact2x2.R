# Writes exact2x2.csv. Run in this directory, with exact2x2: Rscript exact2x2.R, then python3 exact2x2.py for `exact`.
# Recorded: exact2x2::exact2x2() of the version written beside each row. Tables [a b; c d] by row. Its p counts a table that
# is likelier by less than 1e-7 as no likelier; its limits for minlike and blaker are searched (tol = 1e-8 asked for) on
# rounded odds ratios: five digits. Those of central and midp come from a loose uniroot(): up to 1 % off (the exact ones are
# beside them). conf_* at 95 %. midp exists for tsmethod "central" only.
# Published: fay2010 (R Journal 2(1), 53-58): 7 of 262 against 30 of 494; tea and convictions: ?fisher.test;
# mehta2003 (Mehta and Senchaudhuri, vaccine trial): 7 of 15 against 12 of 15. The others are drawn.
suppressMessages(library(exact2x2))
set.seed(20261125)
tables <- list(fay2010 = c(7, 255, 30, 464), tea = c(3, 1, 1, 3), convictions = c(2, 15, 10, 3), mehta2003 = c(7, 8, 12, 3),
  example1 = c(6, 12, 12, 5), one_zero = c(0, 8, 7, 5), two_zeros = c(0, 12, 12, 0)
)
for (i in 1:40) {
  top <- c(5, 12, 30, 60)[i %% 4 + 1]
  tables[[paste0("drawn", i)]] <- sample(0:top, 4, TRUE) + c(0, 1, 1, 0)
}
rows <- list()
origin <- paste("recorded: exact2x2", packageVersion("exact2x2"))
for (id in names(tables)) {
  t <- tables[[id]]
  x <- matrix(t, 2, byrow = TRUE)
  for (method in c("minlike", "central", "blaker", "midp central")) {
    for (or in c(1, 0.5, 3)) {
      r <- suppressWarnings(exact2x2(x, or = or, tsmethod = sub("midp ", "", method), midp = method == "midp central",
        tol = 1e-8, conf.int = or == 1
      ))
      value <- c(p = r$p.value)
      if (or == 1) value <- c(value, conf_low = r$conf.int[1], conf_high = r$conf.int[2])
      rows[[length(rows) + 1]] <- data.frame(id, a = t[1], b = t[2], c = t[3], d = t[4], method, or,
        quantity = names(value), value = formatC(value, digits = 17, format = "g"), origin
      )
    }
  }
}
write.csv(do.call(rbind, rows), "exact2x2.csv", row.names = FALSE, quote = FALSE)
