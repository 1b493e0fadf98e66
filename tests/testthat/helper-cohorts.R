# Seeded random cohorts and the golden numbers, shared by the tests.

# A small cohort with what goes wrong in practice: ties, an empty factor level, groups or cohorts without events, one
# patient. Which of these happens depends on the seed only.
#   groups: how many there may be
#   weights: whole case weights, some of them 0    entry: delayed entry in part of the cohorts
random_cohort <- function(seed, groups = 1:5, weights = FALSE, entry = FALSE) {
  set.seed(seed, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")
  n <- sample(c(1:4, 6, 8, 12, 16, 20, 30, 40, 80), 1)
  ties <- sample(c("many", "some", "none"), 1)
  time <- switch(ties,
    many = sample.int(6, n, TRUE),
    some = round(stats::rexp(n, 0.1), 1) + 0.1,
    none = stats::rexp(n, 0.1)
  )
  event_share <- sample(c(0, 0.2, 0.5, 0.8, 1), 1, prob = c(1, 3, 3, 3, 1))
  k <- groups[sample.int(length(groups), 1)]
  cohort <- data.frame(
    time = time, status = as.integer(stats::runif(n) < event_share),
    group = factor(sample.int(k, n, TRUE), levels = seq_len(k + 1), labels = letters[seq_len(k + 1)]),
    centre = sample(c("north", "south", "west"), n, TRUE)
  )
  if (k > 1 && seed %% 4 == 0) cohort$status[cohort$group == "b"] <- 0L
  if (entry) cohort$entry <- if (seed %% 2 == 0) cohort$time * stats::runif(n, 0, 0.9) else rep(0, n)
  if (weights) cohort$weight <- sample(0:3, n, TRUE, prob = c(1, 5, 2, 1))
  cohort
}

# Largest difference, relative where the value is larger than 1. NA must meet NA, and infinity infinity of its sign.
largest_difference <- function(x, y) {
  x <- as.vector(x)
  y <- as.vector(y)
  if (length(x) != length(y)) return(Inf)
  if (!identical(is.na(x), is.na(y))) return(Inf)
  x <- x[!is.na(x)]
  y <- y[!is.na(y)]
  infinite <- is.infinite(x) | is.infinite(y)
  if (any(x[infinite] != y[infinite])) return(Inf)
  max(0, abs(x - y)[!infinite] / pmax(1, abs(y[!infinite])))
}

# Random cohorts with delayed entry often begin with a risk set of one.
quiet_entry <- function(expr) suppressWarnings(expr, classes = "cryonodes_warning_entry")

golden <- function(stem) {
  utils::read.csv(testthat::test_path("..", "golden", paste0(stem, ".csv")), stringsAsFactors = FALSE)
}

six_mp <- function() {
  data.frame(
    time = c(6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35),
    status = c(1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0)
  )
}

leukaemia <- function() {
  placebo <- c(1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23)
  rbind(cbind(six_mp(), arm = "6-MP"), data.frame(time = placebo, status = 1, arm = "placebo"))
}

# The 38 patients with acute lymphoblastic leukaemia of Klein & Moeschberger, section 1.3: days to death or relapse.
bone_marrow <- function() {
  lost <- c(226, 530, 996, 1111, 1167, 1182, 1199, 1330, 1377, 1433, 1462, 1496, 1602, 2081)
  ill <- c(
    1, 55, 74, 86, 104, 107, 109, 110, 122, 122, 129, 172, 192, 194, 230, 276, 332, 383, 418, 466, 487, 526, 609, 662
  )
  data.frame(time = c(ill, lost), status = rep(c(1, 0), c(length(ill), length(lost))))
}

# For loops over thousands of cohorts, where expectations take longer than what they look at. It fails as they do.
claim <- function(holds, seed) {
  if (!isTRUE(holds)) fail(paste0("seed ", seed, ": ", paste(deparse(substitute(holds)), collapse = " ")))
}
