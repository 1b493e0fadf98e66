# Tests of counts against numbers worked out elsewhere: the column `exact` of the golden files is whole-number or
# many-digit arithmetic; `value` is what another package printed, to the digits it has.

two_by_two <- function(row) matrix(c(row$a, row$c, row$b, row$d), 2)

# Tables of the golden file in turn, with the rows that belong to each.
each_table <- function(numbers, by, f) {
  for (part in split(numbers, numbers[by], drop = TRUE)) f(part)
}

test_that("2x2 tests and their limits are exact: 47 tables, four methods, three odds ratios", {
  skip_on_cran() # long
  numbers <- golden("exact2x2")
  expect_gte(nrow(numbers), 900)
  each_table(numbers, c("id", "method", "or"), function(part) {
    mid <- startsWith(part$method[1], "midp")
    test <- fisher_test(two_by_two(part[1, ]),
      or = part$or[1], method = sub("midp ", "", part$method[1]), mid.p = mid
    )
    ours <- c(p = test$p.value, conf_low = test$conf.int[1], conf_high = test$conf.int[2])[part$quantity]
    info <- paste(part$id, part$method, part$quantity)
    whole <- is.finite(part$exact) & part$exact > 0
    expect_equal(unname(ours[!whole]), part$exact[!whole], info = info[1])
    for (i in which(whole)) expect_lt(abs(ours[[i]] / part$exact[i] - 1), 1e-10, label = info[i])
  })
})

test_that("unconditional p-values are exact where that could be worked out", {
  numbers <- golden("exact_uncond")
  numbers <- numbers[numbers$quantity == "p" & !is.na(numbers$exact), ]
  # The file's alternatives are those of the second proportion to the first.
  turned <- c(less = "greater", greater = "less", two.sided = "two.sided")
  compared <- 0
  for (i in seq_len(nrow(numbers))) {
    row <- numbers[i, ]
    call <- switch(row$method,
      "z-pooled" = function(...) barnard_test(..., tsmethod = "square"), boschloo = function(...) {
        boschloo_test(..., tsmethod = "minlike")
      }, "boschloo central" = function(...) boschloo_test(..., tsmethod = "central")
    )
    if (is.null(call)) next
    test <- call(two_by_two(row), alternative = turned[[row$alternative]], conf.int = FALSE)
    expect_lt(abs(test$p.value / row$exact - 1), 1e-9, label = paste(row$id, row$method, row$alternative))
    compared <- compared + 1
  }
  expect_gte(compared, 40)
})

test_that("score limits of differences, ratios and odds ratios have the digits of 40-digit arithmetic", {
  numbers <- golden("proportion_difference")
  asked <- list(
    "difference mn" = list("difference", TRUE), "difference mee" = list("difference", FALSE),
    "ratio mn" = list("ratio", TRUE), "ratio koopman" = list("ratio", FALSE),
    "odds ratio mn" = list("odds ratio", TRUE), "odds ratio score" = list("odds ratio", FALSE)
  )
  numbers <- numbers[numbers$method %in% names(asked) & !is.na(numbers$exact), ]
  expect_gte(nrow(numbers), 300)
  each_table(numbers, c("id", "method"), function(part) {
    how <- asked[[part$method[1]]]
    limits <- compare_proportions(two_by_two(part[1, ]), measure = how[[1]], correct = how[[2]])$conf.int
    ours <- limits[match(part$quantity, c("conf_low", "conf_high"))]
    expect_equal(ours, part$exact, tolerance = 1e-9, info = paste(part$id[1], part$method[1])) # of a limit near 0
  })
})

test_that("limits of one proportion are exact", {
  numbers <- golden("proportion_peers")
  types <- c(central = "clopper-pearson", blaker = "blaker", "midp central" = "mid-p", wilson = "wilson")
  numbers <- numbers[numbers$method %in% names(types) & grepl("^conf", numbers$quantity) & !is.na(numbers$exact), ]
  expect_gte(nrow(numbers), 150)
  each_table(numbers, c("id", "method"), function(part) {
    fit <- proportion(part$x[1], part$n[1], conf.type = types[[part$method[1]]])
    ours <- c(fit$conf.low, fit$conf.high)[match(part$quantity, c("conf_low", "conf_high"))]
    expect_equal(ours, part$exact, tolerance = 1e-10, info = paste(part$id[1], part$method[1]))
  })
})

test_that("the exact p of a larger table is that of all its tables, counted in fractions", {
  numbers <- golden("fisher_rxc")
  expect_identical(as.vector(table(numbers$statistic)), rep(120L, 4))
  for (i in seq_len(nrow(numbers))) {
    x <- matrix(as.double(strsplit(numbers$counts[i], " ")[[1]]), numbers$rows[i])
    test <- fisher_test(x, statistic = numbers$statistic[i], exact = TRUE)
    expect_lt(abs(test$p.value / numbers$p[i] - 1), 1e-12, label = paste(numbers$statistic[i], numbers$counts[i]))
  }
})

test_that("random tables contain the exact p of every statistic as often as they should", {
  numbers <- golden("fisher_rxc")
  set.seed(1)
  numbers <- numbers[numbers$statistic != "probability", ]
  numbers <- numbers[sample(nrow(numbers), 60), ]
  inside <- vapply(seq_len(nrow(numbers)), function(i) {
    x <- matrix(as.double(strsplit(numbers$counts[i], " ")[[1]]), numbers$rows[i])
    limits <- fisher_test(x, statistic = numbers$statistic[i], exact = FALSE, B = 5000, seed = i)$mc$conf.int
    numbers$p[i] >= limits[1] && numbers$p[i] <= limits[2]
  }, NA)
  # 60 intervals of 99%: four misses or more have a probability below 0.004.
  expect_gte(sum(inside), 57)
})
