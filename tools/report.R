# Rscript tools/report.R <input.Rmd> <output.html> <scratch directory>
# knitr writes its figures beside its input, so it gets a copy of the vignettes to work in.

argument <- commandArgs(trailingOnly = TRUE)
if (!file.exists(argument[1])) stop("there is no ", argument[1], call. = FALSE)
copied <- file.copy(dirname(argument[1]), argument[3], recursive = TRUE)
stopifnot(copied)
input <- file.path(argument[3], basename(dirname(argument[1])), basename(argument[1]))

format <- rmarkdown::default_output_format(input)$name
if (!grepl("html", format)) format <- "rmarkdown::html_vignette"
rmarkdown::render(input,
  output_format = format, output_file = argument[2], output_options = list(self_contained = TRUE),
  intermediates_dir = file.path(argument[3], "between"), envir = new.env(parent = globalenv()), quiet = FALSE
)
