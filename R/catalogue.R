# One row per method. Dispatch, print labels, tables, help and vignettes read it here.

catalogue <- data.frame(
  stem = c("kaplan_meier", "logrank", "fisher", "reconstruct", "cluster_bootstrap"),
  fun = c("kaplan_meier", "logrank_test", "fisher_test", "reconstruct_km", "cluster_bootstrap"),
  label = c(
    "Kaplan-Meier estimate", "Log-rank test", "Fisher's exact test", "Reconstruction of printed Kaplan-Meier rates",
    "Bootstrap of patients"
  ),
  null = c(
    NA, "the hazards of the groups are equal at all times", "odds ratio = 1", NA, NA
  ),
  sides = c(NA, "two", "one or two", NA, NA),
  source = c(
    "Kaplan & Meier (1958), Greenwood (1926)", "Mantel (1966), Peto & Peto (1972)",
    "Fisher (1935), Freeman & Halton (1951)", "exhaustive search; this package",
    "Efron (1979), Davison & Hinkley (1997)"
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
