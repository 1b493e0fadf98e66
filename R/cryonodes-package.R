#' cryonodes: survival analysis for small, nested, image-guided-treatment cohorts
#'
#' Estimates and tests are compiled C++17 routines called from R wrappers: [kaplan_meier()],
#' [logrank_test()], [fisher_test()]. [reconstruct_km()] reads a printed Kaplan-Meier table backwards.
#' [table_characteristics()], [table_rates()] and [figure_outcomes()] write the journal's tables and
#' its six-panel figure. Every method, with its null hypothesis and source, is a row of
#' [method_catalogue()].
#'
#' @section Conditions:
#' Every error has class `cryonodes_error` and a second class that names the broken rule:
#' `r paste0("\x60cryonodes_error_", error_rules, "\x60", collapse = ", ")`. The fields `arg` (the
#' argument or column) and `rows` (row numbers in the data as given) say where. Warnings have class
#' `cryonodes_warning` in the same manner.
#'
#' @keywords internal
#' @useDynLib cryonodes, .registration = TRUE
#' @importFrom Rcpp evalCpp
#' @importFrom compiler cmpfun
#' @importFrom rlang enquo eval_tidy quo_get_expr quo_is_missing quo_is_null
#' @importFrom stats median quantile setNames
#' @importFrom survival Surv
"_PACKAGE"

#' @export
survival::Surv

#' @importFrom generics tidy
#' @export
generics::tidy

#' @importFrom generics glance
#' @export
generics::glance
