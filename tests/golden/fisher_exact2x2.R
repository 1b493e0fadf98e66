# Writes fisher_exact2x2.csv: p-values and intervals of exact2x2 (Fay), run with R 4.2.2 and exact2x2 1.7.0. Its limits
# are searched to `tol`, and its ties are those of a relative 1e-7: tables are small.
library(exact2x2)
set.seed(90)
tables <- c(list(c(7, 255, 30, 464), c(3, 1, 1, 3), c(2, 10, 12, 12), c(100, 1, 2, 100)), lapply(1:36, function(i) {
  stats::rpois(4, c(3, 8, 20)[i %% 3 + 1]) + 1
}))
rows <- list()
for (x in tables) {
  for (method in c("minlike", "central", "blaker")) {
    for (mid in if (method == "central") c(FALSE, TRUE) else FALSE) {
      test <- exact2x2(matrix(x, 2, byrow = TRUE), tsmethod = method, midp = mid, tol = 1e-9)
      rows <- c(rows, list(data.frame(
        a = x[1], b = x[2], c = x[3], d = x[4], method = method, mid_p = as.integer(mid), p_value = test$p.value,
        conf_low = test$conf.int[1], conf_high = test$conf.int[2]
      )))
    }
  }
}
out <- do.call(rbind, rows)
out[7:9] <- lapply(out[7:9], function(v) formatC(v, digits = 12, format = "g"))
write.csv(out, "fisher_exact2x2.csv", row.names = FALSE, quote = FALSE)
