# What can be given to a test of counts, and what is refused.

arm <- c("cryo", "drug", "cryo", "drug", "none", "none", "cryo", "drug")
grade <- c("I", "II", "I", "III", "II", "II", "III", "III")
counted <- table(arm, grade)
p_of <- function(...) fisher_test(..., seed = 1, B = 500)

test_that("matrix, table, xtabs, ftable, labels, data frame and formula are one table", {
  d <- data.frame(arm, grade = factor(grade))
  rows <- as.data.frame(counted)
  tests <- list(
    p_of(arm, grade), p_of(counted), p_of(unclass(counted)), p_of(stats::xtabs(~ arm + grade)),
    p_of(stats::ftable(counted)), p_of(d), p_of(~ arm + grade), p_of(~ arm + grade, data = d),
    p_of(Freq ~ arm + grade, data = rows), p_of(~ arm + grade, data = rows, weights = Freq),
    p_of(rows, weights = Freq), p_of(rows$arm, rows$grade, weights = rows$Freq)
  )
  for (test in tests) {
    expect_identical(unname(test$table), unname(unclass(counted)) + 0)
    expect_identical(unname(dimnames(test$table)), unname(dimnames(counted)))
    expect_identical(test$p.value, tests[[1]]$p.value)
    expect_identical(test$meta$n_rows, 8)
  }
  expect_identical(names(dimnames(tests[[8]]$table)), c("arm", "grade"))
  expect_identical(tests[[8]]$data.name, "arm and grade")
  expect_identical(tests[[6]]$data.name, "arm and grade")
  # Codes are labels in a formula.
  expect_identical(rownames(p_of(~ gear + cyl, data = mtcars)$table), c("3", "4", "5"))
  expect_s3_class(fisher_test(~ vs + am, data = mtcars), "fisher_test")
  expect_identical(unname(fisher_test(~ vs + am, data = mtcars)$table), unname(unclass(table(mtcars$vs, mtcars$am))) + 0)
})

test_that("subset, weights and missing values follow the formula", {
  d <- data.frame(arm, grade, n = c(2, 1, 0, 3, 1, 1, 2, 2), old = rep(c(TRUE, FALSE), 4))
  test <- p_of(~ arm + grade, data = d, subset = arm != "none")
  expect_identical(rownames(test$table), c("cryo", "drug"))
  test <- p_of(n ~ arm + grade, data = d)
  expect_identical(test$meta$n_rows, 12)
  expect_identical(test$meta$notes[1], "1 row of weight 0 left out")
  d$grade[2] <- NA
  d$n[5] <- NA
  error <- expect_error(p_of(~ arm + grade, data = d), class = "cryonodes_error_missing")
  expect_match(conditionMessage(error), "`grade` has 1 missing value (row 2)", fixed = TRUE)
  error <- expect_error(p_of(~ arm + grade, data = d, weights = n, subset = !is.na(grade)), class = "cryonodes_error_missing")
  expect_match(conditionMessage(error), "`weights` has 1 missing value (row 5)", fixed = TRUE)
  expect_identical(p_of(n ~ arm + grade, data = d, na.action = "omit")$meta$rows_dropped, c(2L, 5L))
  # What the subset leaves out is not missed.
  expect_identical(p_of(~ arm + grade, data = d, subset = -2)$meta$rows_dropped, integer())
})

test_that("a data frame that is no pair of labels is refused", {
  error <- expect_error(fisher_test(data.frame(yes = 1:3, no = 4:6)), class = "cryonodes_error_type")
  expect_match(conditionMessage(error), "`x` is a data frame of numbers, whose columns ('yes', 'no') are no labels.", fixed = TRUE)
  expect_match(conditionMessage(error), "as.matrix()", fixed = TRUE)
  error <- expect_error(fisher_test(data.frame(arm, grade, n = 1)), class = "cryonodes_error_column")
  expect_match(conditionMessage(error), "`x` must have two columns of labels, not 3 ('arm', 'grade', 'n'); 'n' is no factor or text.",
    fixed = TRUE
  )
  expect_error(fisher_test(data.frame(arm, grade, arm)), class = "cryonodes_error_column")
  expect_error(fisher_test(data.frame(arm)), class = "cryonodes_error_column")
  expect_error(fisher_test(data.frame()), class = "cryonodes_error_column")
})

test_that("formulas and weights that fit nothing are refused", {
  d <- data.frame(arm, grade, n = 1:8, half = 1:8 / 2)
  refused <- function(rule, ...) expect_error(fisher_test(..., B = 100), class = paste0("cryonodes_error_", rule))
  refused("formula", ~arm, data = d)
  refused("formula", ~ arm + grade + n, data = d)
  refused("formula", ~ arm * grade, data = d)
  refused("formula", ~ arm + ., data = d)
  refused("formula", n ~ arm + grade, data = d, weights = n)
  error <- refused("column", ~ arm + grad, data = d)
  expect_match(conditionMessage(error), "Did you mean `grade`?", fixed = TRUE)
  refused("type", ~ arm + grade, data = 1:3)
  error <- refused("count", ~ arm + grade, data = d, weights = half)
  expect_match(conditionMessage(error), "counts must be whole numbers: `weights` has 0.5 in row 1 (and 3 more).", fixed = TRUE)
  expect_identical(error$rows, c(1L, 3L, 5L, 7L))
  refused("count", ~ arm + grade, data = d, weights = -n)
  refused("type", ~ arm + grade, data = d, weights = arm)
  refused("length", arm, grade, weights = 1:3)
  refused("choice", counted, weights = 1)
  refused("choice", 1, 2, 3, 4, weights = 1)
  refused("empty", ~ arm + grade, data = d, subset = n > 10)
  refused("empty", arm, grade, weights = numeric(8))
  refused("group", as.character(1:2000), rep(1:2, 1000))
  refused("length", arm, grade[1:3])
})

test_that("empty rows and columns of a larger table are left out with a note", {
  x <- matrix(c(3, 0, 2, 1, 0, 4, 0, 0, 0, 2, 0, 3), 3)
  test <- p_of(x)
  expect_identical(dim(test$table), c(2L, 3L))
  expect_identical(test$meta$notes[1:2], c("row 2 is empty and left out", "column 3 is empty and left out"))
  expect_identical(test$p.value, p_of(x[c(1, 3), c(1, 2, 4)])$p.value)
})
