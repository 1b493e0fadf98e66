# The whole report: one R Markdown template, three formats. The template calls what a user can call; this file checks,
# renders in a directory of its own, and puts one file where it was asked for.

#' A report of a cohort for a journal
#'
#' One call from the records to a document: flow of participants, cohort, endpoints with their definitions, rates at
#' landmarks, curves, complications, the statistical paragraph with references, a reviewer's checklist, what was found
#' in the records, software. As HTML, Word or PDF, by the extension of `file`.
#'
#' @param cohort A [cohort()].
#' @param file Where to write: a path that ends in `.html`, `.docx` or `.pdf`, in a directory that exists. Nothing else
#'   is written, but in the session's temporary directory.
#' @param endpoints A list of [endpoint()]s; `NULL`: those that the set `rules` names for reports.
#' @param rules Set of [endpoint_rules()], `"sio2021"` or `"paper2021"`, where `endpoints` is not given.
#' @param by Column of the patients (or, with `endpoints`, of these) that forms the groups; `NULL`: none. The default
#'   `"group"` is passed over where the cohort has no groups. Patients without a group are counted in the whole cohort
#'   and left out of the comparison; tables, methods and checklist say how many they are.
#' @param times Landmarks, in the unit of the endpoints (months). Tests that deal patients out at random draw on R's
#'   random numbers: [set.seed()] before makes them repeat, and the paragraph on methods names the seed.
#' @param title,author Text of the title page; by default the title of the cohort, and nobody.
#' @param lang Language, `"en"` or `"fr"`, of headings, captions, definitions, methods and checklist. Footnotes and what
#'   was found in the records are in English.
#' @param decimal.mark `"."` or `","`, in tables and sentences; by default that of `options(cryonodes.decimal.mark)`,
#'   else a point.
#' @param overwrite Replace a file that exists?
#' @param quiet No progress?
#' @return The path, invisibly.
#' @section Template: The same document to change and to keep with the data: `rmarkdown::draft("report.Rmd",
#'   "cohort-report", package = "cryonodes")`, or in RStudio File, New File, R Markdown, From Template.
#' @section Definition: Labels, titles and names from the records are text in every format: HTML, LaTeX, Markdown and
#'   what a spreadsheet takes for a formula are escaped. Word tables are tables of Word (flextable). Figures are
#'   vectors in HTML (SVG) and PDF, and PNG of 300 dots per inch in Word. The HTML file holds everything: no other
#'   file, no network.
#' @section Errors: `cryonodes_error_value` (extension; a directory that is not there; a file that exists),
#'   `cryonodes_error_package` (rmarkdown, knitr, ggplot2, patchwork, for Word flextable; pandoc or LaTeX absent),
#'   `_choice`, and those of [outcomes()]. If rendering fails its own message is passed on as `cryonodes_error_core`.
#' @examplesIf interactive() && requireNamespace("rmarkdown", quietly = TRUE) && rmarkdown::pandoc_available("2.0")
#' report(ablation_cohort, file.path(tempdir(), "report.html"), times = c(12, 24, 36))
#' @export
report <- function(cohort, file, endpoints = NULL, rules = "sio2021", by = "group", times = c(12, 24), title = NULL,
                   author = NULL, lang = "en", decimal.mark = NULL, overwrite = FALSE, quiet = FALSE) {
  call <- quote(report())
  check_given(missing(cohort), "cohort", call)
  check_given(missing(file), "file", call)
  check_cohort_object(cohort, call)
  format <- check_report_file(file, check_flag(overwrite, "overwrite", call), call)
  lang <- check_choice(lang, languages(), "lang", call)
  check_text(title, "title", call)
  check_text(author, "author", call)
  check_flag(quiet, "quiet", call)
  mark <- check_choice(decimal.mark %||% decimal_mark(), c(".", ","), "decimal.mark", call)
  check_report_programs(format, call)
  old <- options(cryonodes.decimal.mark = mark)
  on.exit(options(old), add = TRUE)
  if (!quiet) cli::cli_progress_step("Endpoints, rates and tests")
  if (identical(by, "group") && all(is.na(group_of_patients(cohort$tables)))) by <- NULL
  results <- if (inherits(endpoints, "outcomes")) {
    endpoints
  } else {
    outcomes(endpoints %||% cohort, by = by, times = times, rules = rules, lang = lang)
  }
  if (!quiet) cli::cli_progress_step("Document ({format})")
  work <- tempfile("report")
  dir.create(work)
  on.exit(unlink(work, recursive = TRUE), add = TRUE)
  from <- system.file("rmarkdown", "templates", "cohort-report", "skeleton", package = "cryonodes", mustWork = TRUE)
  file.copy(file.path(from, list.files(from)), work)
  params <- list(cohort = cohort, results = results, lang = lang)
  made <- render_report(file.path(work, "skeleton.Rmd"), format, lang, params,
    title %||% cohort$meta$title %||% report_text("title", lang), author, call
  )
  if (!file.copy(made, file, overwrite = overwrite)) {
    abort_rule("value", paste0("`file`: ", one_line(file), " could not be written."), "Is it open in another program?",
      arg = "file", call = call
    )
  }
  if (!quiet) cli::cli_progress_done()
  invisible(file)
}

check_report_file <- function(file, overwrite, call) {
  check_text(file, "file", call, null = FALSE)
  format <- tolower(sub(".*[.]", "", basename(file)))
  if (!grepl("[.]", basename(file)) || !format %in% c("html", "docx", "pdf")) {
    abort_rule("value", paste0("`file` must end in .html, .docx or .pdf, not ", one_line(basename(file)), "."),
      arg = "file", call = call
    )
  }
  check_new_file(file, "file", overwrite, call)
  format
}

check_report_programs <- function(format, call) {
  for (package in c("rmarkdown", "knitr", "ggplot2", "patchwork", if (format == "docx") c("flextable", "officer"))) {
    need_package(package, "write a report", call)
  }
  if (!rmarkdown::pandoc_available("2.0")) {
    abort_rule("package", "pandoc 2.0 or later is needed to write a report.", "RStudio has it; else see pandoc.org.",
      call = call
    )
  }
  if (format == "pdf" && !nzchar(Sys.which("xelatex"))) {
    abort_rule("package", "LaTeX (xelatex) is needed to write a PDF.",
      "Write .docx or .html instead, or install it with tinytex::install_tinytex().",
      call = call
    )
  }
}

# Titles go to pandoc as metadata, which it takes for text.
render_report <- function(input, format, lang, params, title, author, call) {
  # What would begin with a letter of YAML's own is text as well.
  meta <- function(key, value) if (!is.null(value)) c("--metadata", paste0(key, ":", one_row(value)))
  args <- c(meta("title", title), meta("pagetitle", title), meta("author", author), meta("lang", lang))
  output <- switch(format,
    html = rmarkdown::html_document(
      theme = NULL, mathjax = NULL, highlight = NULL, css = "report.css", dev = "svg", self_contained = TRUE,
      toc = TRUE, pandoc_args = args
    ),
    docx = rmarkdown::word_document(pandoc_args = args, fig_width = 6.3),
    pdf = rmarkdown::pdf_document(latex_engine = "xelatex", dev = "cairo_pdf", pandoc_args = args, keep_tex = FALSE)
  )
  tryCatch(
    rmarkdown::render(input, output, output_file = paste0("report.", format), params = params, quiet = TRUE,
      envir = new.env(parent = globalenv())
    ),
    error = function(e) {
      if (inherits(e, "cryonodes_error")) rlang::cnd_signal(e)
      abort_rule("core", paste0("the document could not be made: ", conditionMessage(e)),
        "Its parts can be made one by one: table_characteristics(), table_rates(), figure_outcomes().",
        call = call
      )
    }
  )
}

#' Words of the report
#'
#' Headings, captions and sentences of the report, by key, from a table of texts. `{name}` in a sentence stands for what
#' is filled in.
#'
#' @param key Name of a text, e.g. `"methods"`; without it a data frame of all.
#' @param lang `"en"` or `"fr"`.
#' @return One string.
#' @section Errors: `cryonodes_error_choice` (a key or a language that is not there).
#' @examples
#' report_text("methods", "fr")
#' head(report_text())
#' @export
report_text <- function(key = NULL, lang = "en") {
  call <- quote(report_text())
  texts <- read_rules("texts")
  if (is.null(key)) return(texts)
  lang <- check_choice(lang, languages(), "lang", call)
  key <- check_choice(key, texts$key, "key", call)
  texts[[lang]][texts$key == key]
}

languages <- function() setdiff(names(read_rules("texts")), "key")

#' Tables of what a report says in words
#'
#' The estimand of each endpoint, a checklist, the checks of a cohort, and the software as tables that
#' wrap their text, for documents.
#'
#' @param x [outcomes()], a [checklist()], a [cohort()] (its checks), or `NULL` (software).
#' @param caption Caption.
#' @param lang Language of headings and definitions. A checklist has its own.
#' @return A `cryonodes_table`, or `NULL` for a cohort in which nothing was found.
#' @section Errors: `cryonodes_error_object`.
#' @examples
#' table_text(outcomes(endpoint(ablation_cohort, "OS")))
#' @export
table_text <- function(x = NULL, caption = "", lang = "en") {
  call <- quote(table_text())
  head <- function(...) vapply(c(...), report_text, "", lang = lang, USE.NAMES = FALSE)
  if (is.null(x)) return(text_table(software_versions(), caption, head("software", "version"), c(0.3, 0.7)))
  if (inherits(x, "checklist")) {
    states <- vapply(paste0("state.", x$state), report_text, "", lang = lang)
    data <- data.frame(x$item, states, x$finding)
    return(text_table(data, caption, head("item", "state", "finding"), c(0.28, 0.14, 0.58)))
  }
  if (inherits(x, "cohort")) {
    checks <- x$checks
    if (!nrow(checks)) return(NULL)
    where <- paste0(checks$table, ifelse(is.na(checks$row), "", paste0(", ", checks$row)))
    data <- data.frame(where, checks$severity, ifelse(is.na(checks$patient), "", checks$patient), checks$finding)
    return(text_table(data, caption, head("where", "severity", "patient", "finding"), c(0.2, 0.13, 0.15, 0.52)))
  }
  if (inherits(x, "outcomes")) {
    check_outcomes(x, call)
    data <- do.call(rbind, lapply(names(x$endpoints), function(name) {
      e <- x$endpoints[[name]]
      lines <- estimand(e, lang)
      data.frame(name, lines[1], paste(lines[-1], collapse = ". "), if (attr(e, "meta")$rule$kind == "time") {
        event <- if (is.factor(e$status)) e$status == levels(e$status)[2] else e$status == 1
        paste0(sum(event), "/", nrow(e))
      } else {
        paste0(sum(e$status, na.rm = TRUE), "/", sum(!is.na(e$status)))
      })
    }))
    return(text_table(data, caption, head("endpoint", "units", "definition", "events"), c(0.22, 0.26, 0.4, 0.12)))
  }
  abort_rule("object", paste0("no table of text can be made of an object of class ", class(x)[1], "."), call = call)
}

software_versions <- function() {
  packages <- c("cryonodes", "survival", "ggplot2", "rmarkdown", "flextable")
  packages <- packages[vapply(packages, requireNamespace, TRUE, quietly = TRUE)]
  data.frame(
    name = c("R", packages, "Platform", "Date"),
    version = c(
      paste(R.version$major, R.version$minor, sep = "."), vapply(packages, function(p) {
        as.character(utils::packageVersion(p))
      }, ""), R.version$platform, format(Sys.Date())
    )
  )
}
