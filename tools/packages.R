# Rscript tools/packages.R missing    names the packages of DESCRIPTION that are absent or too old, one a line
# Rscript tools/packages.R install    gets these from CRAN
# DESCRIPTION is the only list. With SETUP_SERVERS set, it includes what only tests with a real database server use.
# Base R alone runs here.

wanted <- function() {
  servers <- if (nzchar(Sys.getenv("SETUP_SERVERS"))) "Config/Needs/servers"
  fields <- read.dcf("DESCRIPTION", c("Depends", "Imports", "LinkingTo", "Suggests", servers))
  items <- trimws(unlist(strsplit(fields[!is.na(fields)], ",")))
  items <- unique(items[nzchar(items)])
  version <- ifelse(grepl("\\(>=", items), sub(".*\\(>= *([^ )]+) *\\).*", "\\1", items), "0")
  data.frame(name = trimws(sub("\\(.*", "", items)), version = version)
}

missing_packages <- function() {
  needed <- wanted()
  r <- needed$version[needed$name == "R"]
  if (length(r) && getRversion() < r) {
    stop("R ", r, " or later is needed, this is ", getRversion(), call. = FALSE)
  }
  needed <- needed[needed$name != "R", ]
  there <- mapply(function(name, version) {
    nzchar(system.file(package = name)) && utils::packageVersion(name) >= version
  }, needed$name, needed$version)
  unique(needed$name[!there])
}

install_missing <- function() {
  repos <- getOption("repos")
  if (is.null(repos) || any(repos == "@CRAN@")) utils::chooseCRANmirror(ind = 1, local.only = TRUE)
  library <- Filter(function(path) file.access(path, 2) == 0, .libPaths())
  if (!length(library)) {
    library <- strsplit(Sys.getenv("R_LIBS_USER"), .Platform$path.sep)[[1]][1]
    dir.create(library, recursive = TRUE, showWarnings = FALSE)
    .libPaths(library)
  }
  utils::install.packages(missing_packages(), lib = library[1], quiet = TRUE, Ncpus = 2L)
  left <- missing_packages()
  if (length(left)) {
    stop("could not be installed: ", paste(left, collapse = ", "), ". Install ", if (length(left) == 1) "it" else "them",
      " by hand and try again.",
      call. = FALSE
    )
  }
}

action <- commandArgs(trailingOnly = TRUE)
if (identical(action, "install")) install_missing() else cat(missing_packages(), sep = "\n")
