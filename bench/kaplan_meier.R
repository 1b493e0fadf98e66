# kaplan_meier() against survival::survfit() and, where it is installed, prodlim::prodlim(): all times different, tenths of
# months and whole days with many ties; one group and ten. Below them the floor: C++ that only orders and scans the same
# rows (floor.cpp; ratio = floor / ours, 1 is the most there can be). survfit is asked for the same interval; the
# estimates are compared before the times. BENCH_SIZES=1e4 for a smoke test.

floor_km <- local({
  compiled <- tempfile("floor")
  dir.create(compiled)
  source <- Filter(file.exists, c("bench/floor.cpp", "floor.cpp"))
  if (length(source)) {
    file.copy(source[1], compiled)
    library_file <- file.path(compiled, paste0("floor", .Platform$dynlib.ext))
    failed <- system2(file.path(R.home("bin"), "R"),
      c("CMD", "SHLIB", "-o", shQuote(library_file), shQuote(file.path(compiled, "floor.cpp"))),
      stdout = FALSE, stderr = FALSE
    )
    if (failed == 0) {
      address <- getNativeSymbolInfo("floor_km", dyn.load(library_file))
      function(time, event, whole) .Call(address, time, event, whole)
    }
  }
})

sizes <- bench_sizes(c(100, 1e4, 1e6, 1e7))
rows <- list()
add <- function(case, peer, ours, theirs, runs = 5) {
  rows <<- c(rows, list(bench_row("kaplan_meier", case, peer, ours, theirs, runs)))
}
survival_peer <- paste("survival", utils::packageVersion("survival"))
for (n in sizes) {
  set.seed(1)
  months <- stats::rexp(n, 0.03)
  died <- stats::runif(n) < 0.4
  arm <- factor(sample(letters[1:10], n, replace = TRUE))
  size <- paste0("n = ", format(n, big.mark = ",", scientific = FALSE))
  runs <- if (n > 1e6) 3 else 5
  times <- list(
    untied = months, "tenths of months" = ceiling(10 * months) / 10, "whole days" = ceiling(30.4375 * months)
  )
  for (kind in names(times)) {
    data <- data.frame(time = times[[kind]], died, arm)
    for (groups in if (n > 1e6) 1 else c(1, 10)) {
      formula <- if (groups == 1) Surv(time, died) ~ 1 else Surv(time, died) ~ arm
      case <- paste0(size, ", ", kind, ", ", groups, " group", if (groups > 1) "s")
      ours <- function() kaplan_meier(formula, data = data)
      theirs <- function() survival::survfit(formula, data = data, conf.type = "log-log")
      stopifnot(isTRUE(all.equal(ours()$surv, theirs()$surv, tolerance = 1e-12)))
      add(case, survival_peer, ours, theirs, runs)
      if (n >= 1e4) {
        read <- bench_again(rows[[length(rows)]], paste0(case, ", every column read"), function() read_columns(ours()))
        rows <- c(rows, list(read))
      }
      if (n >= 1e6 && kind == "untied") {
        ahead <- rows[[length(rows) - 1]]
        rows <- c(rows, list(bench_again(ahead, paste0(case, ", two threads"), function() {
          kaplan_meier(formula, data = data, threads = 2)
        })))
      }
      if (requireNamespace("prodlim", quietly = TRUE)) {
        hist <- if (groups == 1) prodlim::Hist(time, died) ~ 1 else prodlim::Hist(time, died) ~ arm
        environment(hist) <- list2env(list(Hist = prodlim::Hist), parent = globalenv())
        hist[[2]][[1]] <- as.name("Hist")
        add(case, paste("prodlim", utils::packageVersion("prodlim")), ours,
          function() prodlim::prodlim(hist, data = data), runs
        )
      }
      if (groups == 1 && n >= 1e4 && !is.null(floor_km)) {
        add(case, "floor", ours, function() floor_km(data$time, data$died, kind == "whole days"), runs)
      }
    }
    if (n == 100) {
      # What one small call costs: plain vectors, and a factor of two.
      time <- data$time
      event <- data$died
      add(paste0(size, ", ", kind, ", vectors"), survival_peer,
        function() kaplan_meier(time, event),
        function() survival::survfit(Surv(time, event) ~ 1, conf.type = "log-log")
      )
      two <- data.frame(data[c("time", "died")], arm = factor(sample(c("a", "b"), n, replace = TRUE)))
      add(paste0(size, ", ", kind, ", 2 groups"), survival_peer,
        function() kaplan_meier(Surv(time, died) ~ arm, data = two),
        function() survival::survfit(Surv(time, died) ~ arm, data = two, conf.type = "log-log")
      )
    }
  }
}
do.call(rbind, rows)
