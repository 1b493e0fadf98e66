# Side by side in one run: the contestants take turns, so that whatever else the machine does meets them alike.
# Base R alone.

bench_pair <- function(ours, theirs, runs = 5) {
  seconds <- matrix(NA_real_, runs, 2)
  # One run each that does not count: first calls load code.
  ours()
  theirs()
  large <- seconds_of(ours) >= 0.005
  for (i in seq_len(runs)) {
    # Who goes first alternates as well.
    order <- if (i %% 2) 1:2 else 2:1
    for (who in order) {
      gc(FALSE)
      seconds[i, who] <- time_of(if (who == 1) ours else theirs, large)
    }
  }
  c(ours = stats::median(seconds[, 1]), theirs = stats::median(seconds[, 2]))
}

seconds_of <- function(work) {
  start <- Sys.time() # system.time() ticks in milliseconds
  work()
  as.numeric(Sys.time() - start, units = "secs")
}

# Short work is repeated until it takes a tenth of a second. `large`: results of the calls before are collected first,
# outside of the time; several hundred megabytes of them would come from memory that was never handed out. One way for
# both contestants.
time_of <- function(work, large = FALSE) {
  if (large) {
    first <- seconds_of(work)
    if (first >= 0.1) return(first)
    return(mean(vapply(seq_len(min(20, ceiling(0.1 / first))), function(i) {
      gc(FALSE)
      seconds_of(work)
    }, 0)))
  }
  repeats <- 1
  repeat {
    elapsed <- system.time(for (i in seq_len(repeats)) work(), gcFirst = FALSE)[["elapsed"]]
    if (elapsed >= 0.1) return(elapsed / repeats)
    repeats <- repeats * if (elapsed < 0.01) 10 else 2
  }
}

# One row of bench/RESULTS.md. `case` says what was done on which data.
bench_row <- function(stem, case, peer, ours, theirs, runs = 5) {
  median <- bench_pair(ours, theirs, runs)
  data.frame(
    stem = stem, case = case, peer = peer, ours.ms = signif(1000 * median[["ours"]], 3),
    peer.ms = signif(1000 * median[["theirs"]], 3), ratio = signif(median[["theirs"]] / median[["ours"]], 3), runs = runs
  )
}

# The same peer, whose time is known already.
bench_again <- function(row, case, ours, runs = row$runs) {
  ours()
  large <- seconds_of(ours) >= 0.005
  seconds <- vapply(seq_len(runs), function(i) {
    gc(FALSE)
    time_of(ours, large)
  }, 0)
  again <- row
  again$case <- case
  again$runs <- runs
  again$ours.ms <- signif(1000 * stats::median(seconds), 3)
  again$ratio <- signif(row$peer.ms / again$ours.ms, 3)
  again
}

# Large results compute a column when somebody reads it: this reads them all.
read_columns <- function(fit) {
  for (column in unclass(fit)) if (is.double(column)) column[1]
  fit
}

# Memory that a virtual machine has never handed out before can cost 20 microseconds a page on first touch, 2 ms for
# each megabyte of a result. So it is touched once, before the first run, and given back: all contestants then find
# memory as they would on a machine that has been up for a while. At most a third of what is free.
touch_memory <- function(gigabytes = 4) {
  known <- tryCatch(grep("^MemAvailable", readLines(file.path("", "proc", "meminfo")), value = TRUE),
    error = function(e) character(), warning = function(w) character()
  )
  free <- if (length(known)) as.numeric(gsub("[^0-9]", "", known)) / 2^20 else 1
  gigabytes <- min(gigabytes, free / 3)
  held <- lapply(seq_len(8 * gigabytes), function(i) rep(1, 2^24))
  rm(held)
  invisible(gc(FALSE))
}

# BENCH_SIZES=100,1000 replaces the sizes of a script: a smoke test.
bench_sizes <- function(default) {
  asked <- Sys.getenv("BENCH_SIZES")
  if (nzchar(asked)) as.numeric(strsplit(asked, ",")[[1]]) else default
}
