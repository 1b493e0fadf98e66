# One row per method. Dispatch, print labels, tables, help and vignettes read it here.

method_row <- function(stem, fun, label, source, null = NA_character_, sides = NA_character_, since = "0.1.0") {
  data.frame(stem, fun, label, null, sides, source, since, stringsAsFactors = FALSE)
}

catalogue <- rbind(
  method_row("kaplan_meier", "kaplan_meier", "Kaplan-Meier estimate", "Kaplan & Meier (1958), Greenwood (1926)"),
  method_row("confidence_band", "confidence_band", "Simultaneous confidence band",
    "Hall & Wellner (1980), Nair (1984)"
  ),
  method_row("nelson_aalen", "nelson_aalen", "Nelson-Aalen estimate of the cumulative hazard",
    "Nelson (1972), Aalen (1978)"
  ),
  method_row("cumulative_incidence", "cumulative_incidence", "Aalen-Johansen estimate of cumulative incidence",
    "Aalen & Johansen (1978)"
  ),
  method_row("restricted_mean", "restricted_mean", "Restricted mean survival time",
    "Irwin (1949), Klein & Moeschberger (2003, sec. 4.5)",
    null = "the restricted means of two groups are equal", sides = "two"
  ),
  method_row("follow_up", "follow_up", "Length and completeness of follow-up",
    "Schemper & Smith (1996), Clark et al. (2002)"
  ),
  method_row("cluster_bootstrap", "cluster_bootstrap", "Bootstrap of patients",
    "Efron (1979), Davison & Hinkley (1997)"
  ),
  method_row("logrank", "logrank_test", "Log-rank test", "Mantel (1966), Peto & Peto (1972)",
    null = "the hazards of the groups are equal at all times", sides = "two"
  ),
  method_row("compare_at", "compare_at", "Comparison at a fixed time",
    "Klein et al. (2007), Fay, Proschan & Brittain (2015)",
    null = "the groups are equal at that time", sides = "two"
  ),
  method_row("gray", "gray_test", "Gray's test", "Gray (1988)",
    null = "the incidence of the cause is the same in all groups at all times", sides = "two"
  ),
  method_row("fisher", "fisher_test", "Fisher's exact test", "Fisher (1935), Freeman & Halton (1951)",
    null = "odds ratio = 1", sides = "one or two"
  ),
  method_row("fisher_rxc", "fisher_test", "Fisher-Freeman-Halton test",
    "Freeman & Halton (1951), Patefield (1981)",
    null = "rows and columns are independent", sides = "two"
  ),
  method_row("proportion", "proportion", "Proportion with confidence interval",
    "Clopper & Pearson (1934), Blaker (2000), Korn & Graubard (1998)"
  ),
  method_row("unconditional", "boschloo_test", "Boschloo's unconditional exact test", "Boschloo (1970)",
    null = "two proportions are equal", sides = "one or two"
  ),
  method_row("unconditional", "barnard_test", "Barnard's unconditional exact test",
    "Barnard (1947), Suissa & Shuster (1985)",
    null = "two proportions are equal", sides = "one or two"
  ),
  method_row("compare_proportions", "compare_proportions", "Two proportions compared",
    "Miettinen & Nurminen (1985), Chan & Zhang (1999)",
    null = "two proportions are equal", sides = "one or two"
  ),
  method_row("reconstruct", "reconstruct_km", "Reconstruction of printed Kaplan-Meier rates",
    "exhaustive search; this package"
  )
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
