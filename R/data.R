#' Sessions of the founding case
#'
#' Table 1 of the founding case as printed: percutaneous cryoablation of lymph-node metastases in one centre, 2009
#' to 2019, one row a session.
#'
#' @format A data frame with 37 rows: `patient` (1 to 29), `session` (within patient), `two_stage` (`TRUE`: one of two
#'   sessions planned together), `sex` (`F`, `M`), `age` (years, at the session), `primary_tumor`, `histology`,
#'   `location` (lymph-node territory), `n_lnm` (metastases treated), `long_axis_mm` (long axis, mm).
#' @source Autrusseau P-A et al. (2021). *J Vasc Interv Radiol* 32(10):1435-1444, Table 1.
#'   \doi{10.1016/j.jvir.2021.07.002}. Author manuscript hal-03964194.
#' @examples
#' sum(lnm_sessions$n_lnm)
"lnm_sessions"

#' Definitions of the founding case
#'
#' Table 2 of the founding case in our own words.
#'
#' @format A data frame with 8 rows: `term`, `definition`, `event` (what ends the time; `NA` for terms that are not
#'   times), `censored_by_death` (does death censor rather than count?).
#' @source As [lnm_sessions], Table 2, paraphrased.
#' @examples
#' lnm_definitions[, c("term", "event")]
"lnm_definitions"

#' Printed rates of the founding case
#'
#' Table 3 of the founding case as printed, in long form. `NA` nowhere: what looks impossible is as printed.
#'
#' @format A data frame with 27 rows: `endpoint`, `group` (`Whole cohort` is the two others together), `n` (patients),
#'   `time` (months), `estimate` and `std.error` (percent), `p` (the printed Fisher p of the two groups at that time,
#'   repeated in each group's row), `decimals` (digits after the point; the print drops trailing zeros).
#' @source As [lnm_sessions], Table 3.
#' @examples
#' subset(lnm_rates, endpoint == "Overall survival")
"lnm_rates"

#' Other printed numbers of the founding case
#'
#' Numbers from the text that constrain the follow-up, or that can be checked against Table 1: a part of [lnm_claims],
#' under the same ids.
#'
#' @format A data frame: `id`, `fact` (in our own words), `value`, `unit`, `where` (section of the manuscript).
#' @source As [lnm_sessions].
#' @examples
#' lnm_facts[lnm_facts$unit == "events", ]
"lnm_facts"

#' Every number that the founding case prints
#'
#' A claims table (see [audit_template()]) of the founding case: one row for each number in title, abstract, text,
#' tables and legends, in our own words, with the way to recompute it. [audit_claims()] holds them against Table 1,
#' against one another and against the printed curves.
#'
#' @format A data frame with 465 rows: `id`; `where` (section of the manuscript, table, legend); `claim` (in our own
#'   words); `kind`; `value` and `decimals` as printed; `unit`; `variable` (of summaries of one variable); `n` (the
#'   denominator) and `count` (of a percentage); `whole` (a summary of whole numbers); `recompute` (rules, see
#'   [audit_claims()]); `needs` (what would have to be true where they fail); `reason` (why there is none); `endpoint`,
#'   `group`, `time` (of Table 3). Left out are page and reference numbers, addresses, the version of R, and the years
#'   1, 2, 3 where they only name a rate. [lnm_facts] is the part of these rows that other code reads; ids and values
#'   agree.
#' @source As [lnm_sessions].
#' @examples
#' table(lnm_claims$where)
#' subset(lnm_claims, where == "3.4", c(id, claim, value, recompute))
"lnm_claims"

#' A rebuilt follow-up of the founding case
#'
#' **Reconstructed, not data of the study.** The study's follow-up was never published. These are 29 imaginary patients
#' whose overall survival prints like Table 3 but for one standard error that no data can print so, and whose
#' disease-free survival prints like it but for another; see the vignette `paper`. Event times are drawn within what the
#' printed numbers leave free; patients do not correspond to those of [lnm_sessions], and the days of the calendar are
#' made up.
#'
#' @format A [cohort()]: patients R01 to R29, each with one session and one lesion, whose [endpoint()]s `OS`, `DFS` and
#'   `LTPFS` by the rules `paper2021` are meant. Disease-free time never exceeds survival time; six die; 16 progress,
#'   two of them locally, at the printed times; 16 are followed beyond two years, the later deaths among them (the text
#'   has 16 *alive* with two years of follow-up, which the printed rates leave no room for). Its tables are also in
#'   `extdata/lnm_cohort` as csv files.
#' @source Built by `data-raw/lnm_cohort.R` with [reconstruct_km()] from [lnm_rates] and [lnm_facts].
#' @examples
#' kaplan_meier(endpoint(lnm_cohort, "OS", rules = "paper2021"), by = "group")
"lnm_cohort"

#' A simulated cohort
#'
#' **Entirely simulated.** 200 imaginary patients with lymph-node metastases treated by cryoablation, with sessions,
#' lesions, imaging, therapies, complications and the screening before: for examples and for trying the report.
#'
#' @format A [cohort()]; `write_cohort(ablation_cohort, folder)` gives its tables as csv files.
#' @source `data-raw/ablation_cohort.R`, where the model is written down: one to four lesions a patient, a frailty that
#'   they share, progression seen at the next imaging, loss to follow-up, the study closed at the end of 2025.
#' @examples
#' ablation_cohort
#' summary(ablation_cohort)
"ablation_cohort"
