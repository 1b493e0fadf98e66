# Keeps the house: what a reader of the tree may rely on. It looks at the sources, so it needs a source tree;
# inside R CMD check there is none, and `make check` runs it from the tree.

house <- normalizePath(test_path("..", ".."))

skip_unless_source_tree <- function() {
  at_home <- file.exists(file.path(house, "DESCRIPTION")) && dir.exists(file.path(house, "inst", "include")) &&
    !any(endsWith(strsplit(house, "/", fixed = TRUE)[[1]], ".Rcheck"))
  skip_if_not(at_home, "no source tree")
}

in_house <- function(...) file.path(house, ...)

house_files <- function(directory, pattern) {
  list.files(in_house(directory), pattern, full.names = TRUE, recursive = TRUE)
}

read_text <- function(path) readLines(path, encoding = "UTF-8", warn = FALSE)

# "R/frame.R:12: <line>" for every line that matches.
lines_with <- function(files, pattern, text_of = read_text) {
  found <- lapply(files, function(path) {
    text <- text_of(path)
    at <- grep(pattern, text, perl = TRUE)
    if (length(at)) paste0(substring(path, nchar(house) + 2), ":", at, ": ", trimws(text[at]))
  })
  as.character(unlist(found))
}

# Every call of function `name` in R/, as expressions.
calls_of <- function(name) {
  walk <- function(e) {
    if (is.call(e)) {
      here <- if (identical(e[[1]], as.name(name))) list(e)
      return(c(here, unlist(lapply(as.list(e), walk), recursive = FALSE)))
    }
    if (is.pairlist(e)) {
      return(unlist(lapply(as.list(e), walk), recursive = FALSE))
    }
    NULL
  }
  files <- house_files("R", "[.]R$")
  unlist(lapply(files, function(path) lapply(parse(path, keep.source = FALSE, encoding = "UTF-8"), walk)),
    recursive = FALSE
  ) |>
    unlist(recursive = FALSE)
}

help_aliases <- function() {
  text <- unlist(lapply(house_files("man", "[.]Rd$"), read_text))
  gsub("^\\\\alias[{]|[}]$", "", grep("^\\\\alias[{]", text, value = TRUE))
}

test_that("the core includes the C++ standard library and itself, nothing else", {
  skip_unless_source_tree()
  headers <- house_files("inst/include", "[.]hpp$")
  expect_gt(length(headers), 5)
  foreign <- lines_with(headers, "^\\s*#\\s*include\\s+(?!<[a-z_0-9]+>|\"cryonodes/[a-z_0-9]+[.]hpp\")")
  # A hint to the system, on Linux only.
  expect_identical(sub(":.*#", ": #", foreign), "inst/include/cryonodes/memory.hpp: #include <sys/mman.h>")
})

# Likewise in C++, comments left out: they may say what the code must not.
code_with <- function(files, pattern) lines_with(files, pattern, text_of = function(x) sub("//.*", "", read_text(x)))

cpp_code <- function() {
  c(house_files("inst/include", "[.]hpp$"), setdiff(house_files("src", "[.](cpp|h)$"), in_house("src/RcppExports.cpp")))
}

test_that("B256: no function that writes a global, lgamma's signgam above all", {
  skip_unless_source_tree()
  pattern <- "\\b(lgamma[fl]?|strtok|rand|srand|localtime|gmtime|asctime|ctime|setlocale)\\s*\\("
  expect_identical(code_with(cpp_code(), pattern), character())
})

test_that("B257: threads are started in one place, which knows no R and carries exceptions home", {
  skip_unless_source_tree()
  starts <- code_with(cpp_code(), "std::(j?thread|async)\\b|pthread_create|#\\s*pragma\\s+omp|RcppParallel")
  expect_identical(unique(sub(":.*", "", starts)), "inst/include/cryonodes/threads.hpp")
  # The glue, which knows R, hands no work to threads itself; the core cannot name R (the first test of this file).
  expect_identical(code_with(house_files("src", "[.](cpp|h)$"), "for_each_block|threads[.]hpp"), character())
  threads <- read_text(in_house("inst/include/cryonodes/threads.hpp"))
  for (part in c("std::exception_ptr failure", "failure = std::current_exception()", "rethrow_exception(failure)")) {
    expect_true(any(grepl(part, threads, fixed = TRUE)), label = part)
  }
})

test_that("B258: nothing in C++ jumps: interrupts and errors of R come as exceptions", {
  skip_unless_source_tree()
  jumps <- "\\b(R_CheckUserInterrupt|Rf_error|Rf_errorcall|Rf_warning|Rf_eval|longjmp)\\s*\\("
  # R calls a column put off with no C++ above it: there an exception could not leave.
  found <- code_with(cpp_code(), jumps)
  expect_match(found, "^src/derived_columns[.]cpp:[0-9]+: *Rf_error")
  expect_length(found, 1)
  expect_length(code_with(cpp_code(), "Rcpp::checkUserInterrupt\\(\\)"), 1)
})

test_that("the umbrella header reaches every header", {
  skip_unless_source_tree()
  included <- function(path) {
    found <- regmatches(read_text(path), regexpr("cryonodes/[a-z_0-9]+[.]hpp", read_text(path)))
    in_house("inst/include", found)
  }
  reached <- character()
  ahead <- in_house("inst/include/cryonodes.hpp")
  while (length(ahead)) {
    reached <- c(reached, ahead)
    ahead <- setdiff(unlist(lapply(ahead, included)), reached)
  }
  expect_setequal(basename(reached), basename(house_files("inst/include", "[.]hpp$")))
})

test_that("each method has its rooms: core, glue, R, native test, test, golden numbers, help, a vignette", {
  skip_unless_source_tree()
  methods <- method_catalogue()
  rooms <- with(methods, c(
    paste0("inst/include/cryonodes/", stem, ".hpp"), paste0("src/", stem, ".cpp"), paste0("R/", stem, ".R"),
    paste0("tests/cpp/test_", stem, ".cpp"), paste0("tests/testthat/test-", stem, ".R"),
    paste0("tests/golden/", stem, ".csv")
  ))
  expect_identical(rooms[!file.exists(in_house(rooms))], character())
  expect_identical(setdiff(methods$fun, help_aliases()), character())
  vignettes <- unlist(lapply(house_files("vignettes", "[.]Rmd$"), read_text))
  told <- vapply(methods$fun, function(fun) any(grepl(paste0(fun, "("), vignettes, fixed = TRUE)), TRUE)
  expect_identical(methods$fun[!told], character())
})

test_that("glue is written for checks, plain frames, counts, columns put off and the methods of the catalogue only", {
  skip_unless_source_tree()
  glue <- sub("[.]cpp$", "", basename(house_files("src", "[.]cpp$")))
  expect_identical(setdiff(glue, c(
    "RcppExports", "cells", "checks", "derived_columns", "event_counts", "plain_frame", method_catalogue()$stem
  )), character())
})

test_that("every export has a help page", {
  skip_unless_source_tree()
  exported <- getNamespaceExports("cryonodes")
  expect_true(all(method_catalogue()$fun %in% exported))
  expect_identical(setdiff(exported, help_aliases()), character())
})

test_that("every condition raised is a rule of error_rules, and every rule is raised", {
  skip_unless_source_tree()
  calls <- calls_of("abort_rule")
  expect_gt(length(calls), 20)
  rules <- unlist(lapply(calls, function(call) {
    Filter(is.character, as.list(match.call(abort_rule, call)$rule) |> unlist())
  }))
  expect_identical(setdiff(rules, error_rules), character())
  # A rule may also be handed on through a variable: then its name stands in the code as a string.
  code <- unlist(lapply(house_files("R", "[.]R$"), function(path) {
    tokens <- utils::getParseData(parse(path, keep.source = TRUE, encoding = "UTF-8"))
    tokens$text[tokens$token == "STR_CONST"]
  }))
  # The classes of what is found in a cohort stand in its checks.
  checks <- utils::read.csv(in_house("inst/rules/checks.csv"))$class
  expect_identical(setdiff(checks, error_rules), character())
  spoken <- table(c(gsub("^\"|\"$", "", code), checks))
  # One mention is the list itself.
  unused <- error_rules[!error_rules %in% names(spoken)[spoken > 1]]
  expect_identical(unused, character())
})

test_that("condition classes named in help exist", {
  skip_unless_source_tree()
  text <- unlist(lapply(house_files("R", "[.]R$"), read_text))
  named <- unlist(regmatches(text, gregexpr("cryonodes_error_[a-z_]+", text)))
  expect_gt(length(named), 0)
  # "cryonodes_error_" alone is the stem a class name is built from.
  expect_identical(setdiff(named, paste0("cryonodes_error_", c("", error_rules))), character())
})

test_that("R code raises no bare stop() and spells out TRUE and FALSE", {
  skip_unless_source_tree()
  found <- lapply(setdiff(house_files("R", "[.]R$"), in_house("R/RcppExports.R")), function(path) {
    tokens <- utils::getParseData(parse(path, keep.source = TRUE, encoding = "UTF-8"))
    bad <- tokens$token == "SYMBOL_FUNCTION_CALL" & tokens$text %in% c("stop", "warning") |
      tokens$token == "SYMBOL" & tokens$text %in% c("T", "F")
    if (any(bad)) paste0(basename(path), ":", tokens$line1[bad], ": ", tokens$text[bad])
  })
  expect_identical(as.character(unlist(found)), character())
})

test_that("no file of R/ is longer than 500 lines, no line of the C++ wider than 120", {
  skip_unless_source_tree()
  files <- house_files("R", "[.]R$")
  long <- vapply(files, function(path) length(read_text(path)), 0L) > 500
  expect_identical(basename(files[long]), character())
  cpp <- c(
    house_files("inst/include", "[.]hpp$"), setdiff(house_files("src", "[.](cpp|h)$"), in_house("src/RcppExports.cpp")),
    list.files(in_house("tests/cpp"), "[.]cpp$", full.names = TRUE)
  )
  expect_identical(lines_with(cpp, "^.{121,}"), character())
})

test_that("examples in help fit the width of the manual", {
  skip_unless_source_tree()
  for (page in house_files("man", "[.]Rd$")) {
    text <- read_text(page)
    from <- grep("^\\\\examples[{]", text)
    to <- which(text == "}")
    wide <- if (length(from)) seq(from, to[to > from][1]) else integer()
    # What @examplesIf wraps around them is not printed.
    shown <- grep("^\\\\dontshow", text[wide], value = TRUE, invert = TRUE)
    expect_true(all(nchar(shown) <= 100), label = basename(page))
  }
})

test_that("lintr is content with R/", {
  skip_unless_source_tree()
  skip_if_not_installed("lintr")
  found <- vapply(lintr::lint_dir(in_house("R")), function(lint) {
    paste0(lint$filename, ":", lint$line_number, ": ", lint$message)
  }, "")
  expect_identical(as.character(found), character())
})

test_that("no path of somebody's machine stands in the tree", {
  skip_unless_source_tree()
  kept <- c("R", "src", "inst", "man", "tests", "tools", "vignettes", "data-raw", "bench", ".ci")
  text <- "([.](R|Rd|Rmd|md|hpp|h|cpp|csv|sh)|Makevars|Makefile|CITATION|run)$"
  files <- c(
    unlist(lapply(kept, house_files, pattern = text)),
    in_house(c("DESCRIPTION", "Makefile", "README.md"))
  )
  files <- files[!grepl("/tests/cpp/build/", files, fixed = TRUE)]
  expect_identical(lines_with(files, "(?<![\\w.~)}])/(home|root|work|tmp|mnt|srv|Users)/"), character())
})

test_that("no printed result of the paper stands in the code", {
  skip_unless_source_tree()
  printed <- utils::read.csv(in_house("inst/extdata/lnm_rates.csv"), colClasses = "character")
  expect_true(all(c("endpoint", "group", "n", "time", "estimate", "std.error", "p") %in% names(printed)))
  cells <- unlist(printed[c("estimate", "std.error", "p")])
  cells <- unique(cells[!is.na(cells) & grepl(".", cells, fixed = TRUE)])
  expect_gt(length(cells), 15)
  # The rates as proportions as well: 96.2 is also 0.962.
  percent <- unlist(printed[c("estimate", "std.error")])
  percent <- unique(percent[!is.na(percent) & grepl(".", percent, fixed = TRUE)])
  numbers <- unique(c(cells, format(as.numeric(percent) / 100, trim = TRUE, drop0trailing = TRUE, digits = 12)))
  # Of the other claims those that cannot stand there by chance: three digits and a point.
  claims <- utils::read.csv(in_house("inst/extdata/lnm_claims.csv"), colClasses = "character")
  claims <- claims$value[claims$where != "Table 1" & !claims$kind %in% c("setting", "limit")]
  long <- grepl(".", claims, fixed = TRUE) & nchar(gsub("^0+|[.]", "", claims)) >= 3
  expect_gt(sum(long), 60)
  numbers <- unique(c(numbers, claims[long]))
  any_of <- paste(gsub(".", "[.]", numbers, fixed = TRUE), collapse = "|")
  # Whole numbers only: 0.31 is not in 0.315, nor 10.1 in 10.1016.
  pattern <- paste0("(?<![0-9.])(", any_of, ")0*(?![0-9.]*[0-9])")
  code <- c(
    house_files("R", "[.]R$"), house_files("src", "[.](cpp|h)$"), house_files("inst/include", "[.]hpp$"),
    house_files("vignettes", "[.]Rmd$")
  )
  expect_identical(lines_with(code, pattern), character())
})

test_that("defaults in R are the defaults of the core", {
  skip_unless_source_tree()
  compared <- 0
  for (i in seq_len(nrow(method_catalogue()))) {
    method <- method_catalogue()[i, ]
    # Comments gone, all on one line: fields are `type name = default;`.
    header <- in_house("inst/include/cryonodes", paste0(method$stem, ".hpp"))
    if (!file.exists(header)) next # the test of the rooms says so
    text <- gsub("//.*", "", read_text(header))
    text <- paste(text, collapse = " ")
    structs <- regmatches(text, gregexpr("struct \\w+Options [{][^}]*[}]", text))
    fields <- unlist(regmatches(unlist(structs), gregexpr("\\w+ = [^;{]+;", unlist(structs))))
    names <- sub(" = .*", "", fields)
    values <- gsub("^\\w+ = |;$|'|^\\w+ = \\w+::|(?<=[0-9])[uUlL]+(?=;$)", "", fields, perl = TRUE)
    values <- sub("^\\w+::", "", values)
    space <- asNamespace("cryonodes")
    verbs <- grep(paste0("^", method$fun, "([.](default|formula|data[.]frame))?$"), ls(space), value = TRUE)
    for (verb in verbs) {
      arguments <- formals(get(verb, envir = space))
      for (j in seq_along(names)) {
        default <- arguments[[intersect(c(names[j], gsub("_", ".", names[j])), names(arguments))[1]]]
        if (is.null(default) || !is.atomic(default) || length(default) != 1) next
        core <- if (is.character(default)) gsub("_", "-", values[j]) else values[j]
        if (is.logical(default)) core <- identical(core, "true")
        expect_identical(as(core, class(default)), default, label = paste0(names[j], " of ", method$stem, ".hpp"),
          expected.label = paste0(verb, "()")
        )
        compared <- compared + 1
      }
    }
  }
  expect_gt(compared, 0)
})

test_that("the examples of the README run", {
  skip_unless_source_tree()
  text <- read_text(in_house("README.md"))
  fences <- grep("^```", text)
  starts <- fences[grepl("^```r$", text[fences])]
  expect_gt(length(starts), 0)
  env <- new.env(parent = globalenv())
  # What it writes goes where nothing stays.
  folder <- tempfile()
  dir.create(folder)
  before <- setwd(folder)
  on.exit(setwd(before))
  for (start in starts) {
    end <- fences[fences > start][1]
    code <- parse(text = text[(start + 1):(end - 1)], keep.source = FALSE)
    expect_gt(length(code), 0)
    expect_error(utils::capture.output(source(exprs = code, local = env, echo = TRUE)), NA)
  }
})

test_that("what the README and the map name is there", {
  skip_unless_source_tree()
  readme <- paste(read_text(in_house("README.md")), collapse = "\n")
  linked <- unlist(regmatches(readme, gregexpr("(?<=\\]\\()[^)#: ]+(?=\\))", readme, perl = TRUE)))
  expect_identical(linked[!file.exists(in_house(linked))], character())
  map <- paste(read_text(in_house("inst/DEVELOPING.md")), collapse = "\n")
  unmapped <- Filter(function(stem) !grepl(stem, map, fixed = TRUE), method_catalogue()$stem)
  expect_identical(unmapped, character())
  news <- read_text(in_house("inst/NEWS.md"))
  version <- read.dcf(in_house("DESCRIPTION"), "Version")[1]
  expect_true(any(grepl(paste("^# cryonodes", version), news)))
})

test_that("nothing in the package runs text, starts programs, reads serialised objects or uses the network", {
  skip_unless_source_tree()
  code <- unlist(lapply(house_files("R", "[.]R$"), function(path) {
    lines <- readLines(path, encoding = "UTF-8")
    paste0(basename(path), ": ", lines[!grepl("^ *#", lines)])
  }))
  dangerous <- c(
    "\\bparse\\(", "str2lang|str2expression|parse_expr", "\\bsystem2?\\(|\\bshell\\(|processx|\\bpipe\\(",
    "readRDS|unserialize|\\bload\\(|\\bdget\\(|\\bsource\\(", "download|\\burl\\(|socketConnection|curl|httr",
    "dbWriteTable|dbExecute|dbSendStatement|copy_to|compute\\(", "\\bsetwd\\(|Sys[.]setenv|assign\\("
  )
  found <- grep(paste(dangerous, collapse = "|"), code, value = TRUE)
  # The rules of claims are parsed, and walked by an interpreter of arithmetic.
  expect_length(grep("^audit_claims.R: .*parse\\(text = text", found), 1)
  expect_identical(grep("^audit_claims.R: .*parse\\(text = text", found, invert = TRUE, value = TRUE), character())
  core <- c(house_files("inst/include/cryonodes", "[.]hpp$"), house_files("src", "[.](cpp|h)$"))
  expect_identical(lines_with(core, "fstream|fopen|popen|system\\(|socket"), character())
})

test_that("what small fits go through is compiled when the package is installed", {
  printed <- function(f) utils::capture.output(print(f))
  # R compiles none of these by itself, however often they are called.
  for (verb in list(kaplan_meier, logrank_test, restricted_mean)) expect_match(printed(verb), "^<bytecode", all = FALSE)
  expect_no_match(printed(gray_test), "^<bytecode")
})
