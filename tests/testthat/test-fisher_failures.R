# Tables larger than 2x2 whose p-values were worked out elsewhere, and those on which others are known to have failed.

counts_of <- function(row) {
  matrix(as.double(strsplit(row$counts, " ", fixed = TRUE)[[1]]), row$nrow, row$ncol)
}

test_that("830 tables have the p-value that whole-number arithmetic has", {
  skip_on_cran() # long
  numbers <- golden("fisher_rxc_exact")
  expect_gte(nrow(numbers), 800)
  for (i in seq_len(nrow(numbers))) {
    exact <- as.double(numbers$p[i])
    p <- fisher_test(counts_of(numbers[i, ]), exact = TRUE)$p.value
    expect_lt(abs(p - exact) / exact, 1e-13, label = paste(numbers$id[i], "relative error"))
  }
})

test_that("tables reported as failing have an answer: the exact one, or a sampled one that says so", {
  skip_on_cran() # long
  failures <- golden("fisher_failures")
  failures <- failures[failures$nrow > 2 | failures$ncol > 2, ]
  expect_gte(nrow(failures), 20)
  exact <- c()
  for (i in seq_len(nrow(failures))) {
    row <- failures[i, ]
    table <- counts_of(row)
    if (sum(rowSums(table) > 0) < 2 || sum(colSums(table) > 0) < 2) { # PR1662: one observation
      expect_error(fisher_test(table), class = "cryonodes_error_dim")
      next
    }
    test <- suppressWarnings(fisher_test(table, max.work = 2e7, memory = 3e8, B = 2000, seed = 1))
    expect_gte(test$p.value, 0, label = row$id)
    expect_lte(test$p.value, 1, label = row$id)
    expect_true(is.finite(test$log_p_value), label = row$id)
    if (!is.null(test$mc)) next
    exact <- c(exact, row$id)
    if (!is.na(row$p)) expect_lt(abs(test$p.value / as.double(row$p) - 1), 1e-12, label = row$id)
    if (!is.na(row$sim_B)) {
      # A million tables by another program; five standard errors.
      b <- as.double(row$sim_B)
      share <- as.double(row$sim_hits) / b
      expect_lt(abs(share - test$p.value), 5 * sqrt(test$p.value * (1 - test$p.value) / b) + 1 / b, label = row$id)
    }
  }
  # Where FEXACT dies or errs.
  expect_true(all(c("PR18336", "gtsummary952", "fexact7", "fexact501", "FisherExact5", "gtsummary190") %in% exact))
})

test_that("stats::fisher.test() errs where it was recorded to, and the network does not", {
  skip_on_cran() # long
  numbers <- golden("fisher_rxc_exact")
  stated <- suppressWarnings(as.double(numbers$p_stats))
  off <- abs(stated / as.double(numbers$p) - 1) > 1e-6
  expect_gt(sum(off, na.rm = TRUE), 50)
  ours <- vapply(which(off), function(i) fisher_test(counts_of(numbers[i, ]), exact = TRUE)$p.value, 0)
  expect_true(all(ours > stated[which(off)])) # what is lost by FEXACT is probability
})
