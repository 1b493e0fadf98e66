# One row per method. Dispatch, print labels, tables, help and vignettes read it here.

catalogue <- data.frame(
  stem = c("kaplan_meier", "confidence_band", "logrank", "fisher", "reconstruct"),
  fun = c("kaplan_meier", "confidence_band", "logrank_test", "fisher_test", "reconstruct_km"),
  label = c(
    "Kaplan-Meier estimate", "Simultaneous confidence band", "Log-rank test", "Fisher's exact test",
    "Reconstruction of printed Kaplan-Meier rates"
  ),
  null = c(
    NA, NA, "the hazards of the groups are equal at all times", "odds ratio = 1", NA
  ),
  sides = c(NA, NA, "two", "one or two", NA),
  source = c(
    "Kaplan & Meier (1958), Greenwood (1926)", "Hall & Wellner (1980), Nair (1984)",
    "Mantel (1966), Peto & Peto (1972)",
    "Fisher (1935), Freeman & Halton (1951)", "exhaustive search; this package"
  ),
  since = "0.1.0",
  stringsAsFactors = FALSE
)

#' The methods of the package
#'
#' @return A data frame, one row per method: `stem` (the name its files share), `fun`, `label`, `null` (the null
#'   hypothesis), `sides`, `source`, `since` (version).
#' @examples
#' method_catalogue()[, c("fun", "null", "source")]
#' @export
method_catalogue <- function() catalogue

method_label <- function(stem) catalogue$label[match(stem, catalogue$stem)]
method_source <- function(stem) catalogue$source[match(stem, catalogue$stem)]
method_null <- function(stem) catalogue$null[match(stem, catalogue$stem)]
