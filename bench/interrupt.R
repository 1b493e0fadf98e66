# How long each verb keeps somebody waiting who interrupts it: rows of 10^7, an interrupt signal to this process at
# several moments of the call, and the seconds from the signal to the end of the call. The goal is half a second.
# Rscript bench/interrupt.R; BENCH_SIZES as elsewhere, BENCH_VERBS: a pattern of the verbs that are tried.

library(cryonodes)
source(file.path("bench", "helper.R"))

# Seconds from an interrupt `after` seconds from now until `work` has ended by it; NA when it was done before.
wait_after <- function(work, after) {
  sent <- tempfile()
  # %N is GNU's.
  system(sprintf("(sleep %.3f; date +%%s.%%N > %s; kill -INT %d) > /dev/null 2>&1 &", after, sent, Sys.getpid()))
  heard <- tryCatch(
    {
      work()
      repeat Sys.sleep(0.05)
    },
    interrupt = function(e) as.numeric(Sys.time())
  )
  heard - scan(sent, quiet = TRUE)
}

interrupt_row <- function(verb, work, moments = c(0.02, 0.2, 0.4, 0.6, 0.8, 0.95)) {
  # A call that lasts too long is not waited for: the moments are those of its first seconds.
  limit <- 30
  whole <- tryCatch(
    {
      setTimeLimit(elapsed = limit, transient = TRUE)
      system.time(work())[["elapsed"]]
    },
    # The limit of time reaches compiled code as an interrupt.
    error = function(e) limit, interrupt = function(e) limit
  )
  setTimeLimit()
  waits <- vapply(moments * whole, function(after) {
    gc(FALSE)
    wait_after(work, after)
  }, 1)
  data.frame(verb = verb, call.s = signif(whole, 3), longest.wait.s = signif(max(waits), 2), moments = length(moments))
}

rows <- list()
for (n in bench_sizes(1e7)) {
  set.seed(1)
  time <- stats::rexp(n, 0.03)
  status <- sample(0:2, n, replace = TRUE)
  died <- status > 0
  arm <- sample(c("a", "b"), n, replace = TRUE)
  patient <- sample.int(n, n, replace = TRUE)
  calls <- list(
    "kaplan_meier" = function() kaplan_meier(time, died),
    "kaplan_meier, 2 groups" = function() kaplan_meier(time, died, arm),
    "cumulative_incidence, delta" = function() cumulative_incidence(time, status),
    "cumulative_incidence, aalen" = function() cumulative_incidence(time, status, variance = "aalen"),
    "cumulative_incidence, tests" = function() cumulative_incidence(time, status, arm, test = TRUE),
    "cumulative_incidence, robust" = function() cumulative_incidence(time, status, variance = "robust"),
    "cumulative_incidence, clusters" = function() cumulative_incidence(time, status, cluster = patient),
    "logrank_test" = function() logrank_test(time, died, arm),
    "restricted_mean" = function() restricted_mean(time, died, arm, tau = 50),
    "restricted_mean, clusters" = function() restricted_mean(time, died, arm, tau = 50, cluster = patient),
    "nelson_aalen" = function() nelson_aalen(time, died),
    "cluster_bootstrap" = function() cluster_bootstrap(time, died, times = 24, seed = 1, progress = FALSE)
  )
  asked <- Sys.getenv("BENCH_VERBS")
  for (verb in grep(asked, names(calls), value = TRUE)) {
    row <- interrupt_row(verb, calls[[verb]])
    print(row)
    rows <- c(rows, list(row))
  }
}
do.call(rbind, rows)
