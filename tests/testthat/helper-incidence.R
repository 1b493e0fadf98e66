# Cohorts of competing events, seeded.

# random_cohort() with two or three causes in `state`; "never" is a cause that does not happen.
random_causes <- function(seed, ...) {
  cohort <- random_cohort(seed, ...)
  causes <- c("relapse", "death", "other")[seq_len(2 + seed %% 2)]
  cause <- causes[sample.int(length(causes), nrow(cohort), TRUE)]
  cohort$state <- factor(ifelse(cohort$status == 1, cause, "censored"), c("censored", causes, "never"))
  cohort$id <- sample.int(max(2, nrow(cohort) %/% 2), nrow(cohort), TRUE)
  cohort
}

mgus_data <- function() {
  transform(survival::mgus2,
    time = ifelse(pstat == 0, futime, ptime),
    state = factor(ifelse(pstat == 0, 2 * death, 1), 0:2, c("censored", "pcm", "death")), group = as.character(sex)
  )
}

tied_data <- function() {
  data.frame(
    time = c(1, 2, 2, 2, 3, 4, 4, 5, 6, 7, 1, 1, 2, 2, 3, 3, 3, 4, 4, 4),
    state = factor(c(1, 1, 2, 0, 2, 1, 1, 0, 2, 0, 1, 1, 2, 1, 2, 2, 2, 1, 2, 2), 0:2, c("censored", "one", "two")),
    group = rep(c("a", "b"), each = 10)
  )
}

nine_patients <- function() {
  data.frame(
    months = c(3, 8, 8, 12, 15, 20, 24, 30, 31),
    outcome = factor(c("none", "relapse", "death", "relapse", "none", "death", "relapse", "none", "none"),
      levels = c("none", "relapse", "death")
    ),
    arm = rep(c("a", "b"), c(5, 4)), id = c(1, 1, 2, 2, 3, 3, 4, 4, 4)
  )
}
