# The examples of books and packages, recorded: tests/golden/examples.R says which and where they come from.

test_that("examples of Klein & Moeschberger, survival, bpcp, km.ci, cmprsk and prodlim are met", {
  recorded <- golden("examples")
  data <- golden("example_data")
  ours <- list()
  add <- function(dataset, group, time, quantity, value) {
    ours[[length(ours) + 1]] <<- data.frame(dataset, group, time, quantity, value, stringsAsFactors = FALSE)
  }
  for (name in c("kidney", "leuk", "sclerosis", "rectum", "test1", "test2", "test3")) {
    d <- data[data$dataset == name, ]
    counting <- name == "test2"
    curve <- function(...) {
      f <- if (counting) Surv(entry, time, status) ~ group else Surv(time, status) ~ group
      as.list(quiet_entry(kaplan_meier(f, d, weights = weight, ...)))
    }
    fit <- curve()
    group <- rep(sub("group=", "", names(fit$strata)), fit$strata)
    for (v in c("surv", "cumhaz", "std.chaz", "lower", "upper")) add(name, group, fit$time, v, fit[[v]])
    if (name %in% c("leuk", "sclerosis", "rectum")) {
      for (kind in c("bpcp", "bpcp mid-p", "likelihood", "rothman")) {
        fit <- curve(conf.type = kind)
        add(name, group, fit$time, paste(kind, "low"), fit$lower)
        add(name, group, fit$time, paste(kind, "high"), fit$upper)
      }
    }
  }
  test <- logrank_test(Surv(time, status) ~ group, data[data$dataset == "kidney", ])
  add("kidney", NA, NA, "logrank", test$statistic)
  add("kidney", NA, NA, paste("expected", test$meta$group_labels), test$exp)
  at <- function(fit, times) as.data.frame(rates(fit, times = times, extend = TRUE))
  x <- at(cumulative_incidence(Surv(time, status) ~ group, data[data$dataset == "cuminc", ], variance = "aalen"),
    c(0.25, 0.5, 1, 1.5)
  )
  add("cuminc", x$strata, x$time, paste("incidence", x$state), x$estimate)
  add("cuminc", x$strata, x$time, paste("std.error", x$state), x$std.error)
  x <- at(quiet_entry(cumulative_incidence(Surv(entry, time, status) ~ 1, data[data$dataset == "entry", ])), 10:20)
  add("entry", x$strata, x$time, paste("incidence", x$state), x$estimate)
  ours <- do.call(rbind, ours)
  key <- function(x) paste(x$dataset, x$group, signif(x$time, 12), x$quantity)
  found <- match(key(recorded), key(ours))
  expect_identical(unique(key(recorded)[is.na(found)]), character(0))
  off <- abs(ours$value[found] - recorded$value) / pmax(1, abs(recorded$value))
  # Each row has its own tolerance.
  expect_identical(key(recorded)[is.na(off) | off > recorded$tolerance], character(0))
})

# tests/golden/printed.csv holds what is printed at the places it names; "kept in": as copied there.
test_that("numbers in print are met to the last digit", {
  numbers <- utils::read.csv(test_path("..", "golden", "printed.csv"), colClasses = "character")
  cohorts <- list(
    six_mp = six_mp(), bone_marrow = bone_marrow(),
    five_subjects = data.frame(time = c(6, 44, 21, 14, 62), status = c(1, 1, 0, 1, 1))
  )
  expect_setequal(numbers$dataset, names(cohorts))
  ours <- vapply(seq_len(nrow(numbers)), function(i) {
    row <- numbers[i, ]
    curve <- function(...) kaplan_meier(Surv(time, status) ~ 1, cohorts[[row$dataset]], ...)
    if (row$prob == "") return(rates(curve(), as.numeric(row$time))[[row$quantity]])
    unname(quantile(curve(conf.type = row$conf.type), as.numeric(row$prob))[[row$quantity]])
  }, 0)
  decimals <- nchar(sub("^[0-9]*[.]?", "", numbers$value))
  expect_identical(sprintf("%.*f", decimals, ours), numbers$value)
})

test_that("near ties between causes, clusters, groups, entry and exit are survival's", {
  skip_on_cran() # long
  counts <- c("time", "n.risk", "n.event", "n.censor")
  survival_has <- function(ours, theirs, elements) {
    for (v in elements) expect_lt(largest_difference(unclass(ours)[[v]], unclass(theirs)[[v]]), 1e-12)
  }
  for (seed in 1:60) {
    d <- random_causes(seed)
    if (nrow(d) < 4) next
    d$state <- droplevels(d$state)
    # Times that several rows share, each off by rounding, for long and for short times.
    d$time <- (ceiling(d$time) + 1) * 10^sample(c(-2, 0, 3), 1)
    near <- function(x) x * (1 + sample(c(-1, 0, 1, 2), length(x), TRUE) * 1e-10)
    d$exit <- near(d$time)
    entry <- sort(unique(d$time))
    d$entry <- vapply(d$time, function(t) c(0, entry[entry < t])[sample.int(sum(entry < t) + 1, 1)], 0)
    d$entry <- near(d$entry)
    d$one <- seq_len(nrow(d))
    ok <- function(fit) !is.na(fit$std.err) & fit$surv > 0

    ours <- kaplan_meier(Surv(exit, status) ~ group + cluster(id), d)
    theirs <- survival::survfit(Surv(exit, status) ~ group, d, cluster = id)
    expect_identical(ours$time, theirs$time)
    survival_has(ours, theirs, c(counts, "surv"))
    expect_lt(largest_difference(ours$std.err[ok(ours)], theirs$std.err[ok(ours)]), 1e-12)
    # Nothing is merged that should not be: the same as from the times without rounding.
    expect_identical(ours$n.event, kaplan_meier(Surv(time, status) ~ group, d)$n.event)

    ours <- quiet_entry(kaplan_meier(Surv(entry, exit, status) ~ 1, d))
    theirs <- survival::survfit(Surv(entry, exit, status) ~ 1, d)
    survival_has(ours, theirs, c(counts, "surv"))
    if (nlevels(d$state) > 2) {
      ours <- cumulative_incidence(Surv(exit, state) ~ 1, d)
      survival_has(ours, survival::survfit(Surv(exit, state) ~ 1, d), c("time", "pstate", "n.risk", "n.event"))
      ours <- quiet_entry(cumulative_incidence(Surv(entry, exit, state) ~ 1, d))
      theirs <- survival::survfit(Surv(entry, exit, state) ~ 1, d, id = one)
      survival_has(ours, theirs, c("time", "pstate", "n.risk"))
    }
  }
})
