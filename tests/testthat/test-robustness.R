# Bad and unusual input through every exported function: a right answer or a typed error.

test_that("who enters after the asked time is not at risk at it", {
  # By hand: entries 0, 2, 6; exits 5, 8, 9. At t those with entry < t <= exit are at risk, at 0 those who enter then.
  d <- data.frame(entry = c(0, 2, 6), exit = c(5, 8, 9), status = c(1, 1, 0))
  fit <- kaplan_meier(Surv(entry, exit, status) ~ 1, d)
  asked <- c(0, 1, 2, 3, 5, 5.5, 6, 7, 8, 8.5, 9, 10)
  expect_equal(rates(fit, asked)$n.risk, c(1, 1, 1, 2, 2, 1, 1, 2, 2, 1, 1, 0))
  # In any order of asking, and of a fit taken out of one by group; weights count.
  expect_equal(rates(fit, rev(asked))$n.risk, rev(c(1, 1, 1, 2, 2, 1, 1, 2, 2, 1, 1, 0)))
  both <- kaplan_meier(Surv(entry, exit, status) ~ g, rbind(
    cbind(d, g = "a"), cbind(transform(d, entry = entry + 1, exit = exit + 1), g = "b")
  ))
  expect_equal(rates(both[2], c(1, 2, 4))$n.risk, rates(both, c(1, 2, 4))$n.risk[4:6])
  heavy <- kaplan_meier(Surv(entry, exit, status) ~ 1, d, weights = c(1, 3, 1))
  expect_equal(rates(heavy, c(1, 3))$n.risk, c(1, 4))
})

test_that("at the curve's own times the number at risk is the curve's, with entries anywhere", {
  set.seed(5)
  d <- data.frame(entry = sample(0:9, 60, TRUE), status = rbinom(60, 1, 0.5))
  d$exit <- d$entry + sample(1:9, 60, TRUE)
  fit <- kaplan_meier(Surv(entry, exit, status) ~ 1, d)
  asked <- seq(0.25, 18, by = 0.25)
  expect_equal(rates(fit, asked)$n.risk, vapply(asked, function(t) sum(d$entry < t & d$exit >= t), 0))
})
