# Five patients whose endpoints are worked out by hand in test-endpoint.R.
five_patients <- function() {
  table <- function(header, ...) {
    cells <- do.call(rbind, strsplit(c(...), " *, *"))
    out <- as.data.frame(cells)
    names(out) <- strsplit(header, " *, *")[[1]]
    out[] <- lapply(out, function(x) ifelse(x == "-", NA, x))
    out
  }
  list(
    patients = table(
      "patient, group, vital_status, last_contact, death_date, cause_of_death",
      "A, loco, alive, 2021-03-01, -, -",
      "B, distant, dead, 2021-06-01, 2021-06-01, cancer",
      "C, loco, dead, 2020-11-15, 2020-11-15, other",
      "D, distant, alive, 2020-08-01, -, -",
      "E, loco, alive, 2021-02-01, -, -"
    ),
    sessions = table(
      "session, patient, date, course",
      "S1, A, 2020-01-01, -", "S2, A, 2020-08-01, -", "S3, B, 2020-03-01, -", "S4, B, 2020-05-01, -",
      "S5, C, 2020-01-15, K1", "S6, C, 2020-02-12, K1", "S7, D, 2020-06-01, -", "S8, E, 2020-02-01, -"
    ),
    lesions = table(
      "lesion, patient, long_axis_mm",
      "A1, A, 12", "A2, A, 15", "B1, B, 22", "C1, C, 9", "C2, C, 14", "D1, D, 30", "E1, E, 18"
    ),
    ablations = table(
      "lesion, session, technical_success",
      "A1, S1, yes", "A2, S1, yes", "A1, S2, yes", "B1, S3, no", "B1, S4, yes", "C1, S5, yes", "C2, S6, yes",
      "D1, S7, yes", "E1, S8, yes"
    ),
    follow_up = table(
      "patient, date, kind, scope, lesion, finding",
      "A, 2020-02-01, imaging, site, A1, complete ablation", "A, 2020-02-01, imaging, site, A2, complete ablation",
      "A, 2020-07-01, imaging, site, A1, LTP", "A, 2020-09-01, imaging, site, A1, complete ablation",
      "A, 2021-01-01, imaging, whole body, -, no progression",
      "B, 2020-04-01, imaging, site, B1, residual", "B, 2020-06-01, imaging, site, B1, complete ablation",
      "B, 2020-12-01, imaging, whole body, -, distant progression",
      "C, 2020-03-15, imaging, site, C1, complete ablation", "C, 2020-03-15, imaging, site, C2, complete ablation",
      "C, 2020-09-15, imaging, whole body, -, no progression",
      "D, 2020-07-01, contact, -, -, -",
      "E, 2020-03-01, imaging, site, E1, complete ablation",
      "E, 2020-06-01, imaging, whole body, -, regional progression", "E, 2020-12-01, imaging, site, E1, LTP"
    ),
    systemic_therapy = table(
      "patient, start, stop", "B, 2021-01-01, -", "E, 2019-01-01, -"
    ),
    complications = table(
      "session, date, system, grade, description", "S3, 2020-03-02, SIR 2017, 2, haematoma",
      "S8, 2020-02-01, SIR 2003, B, nerve palsy"
    )
  )
}

five_cohort <- function(...) do.call(cohort, c(five_patients(), list(...)))
