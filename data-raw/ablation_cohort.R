# An entirely simulated cohort of 200 patients, for examples: who, when and how often are drawn here, and nothing of it
# is anybody's. Writes data/ablation_cohort.rda; run with the package installed.
#
# Model. Each patient has 1 to 4 lesions and a gamma frailty (mean 1, variance 0.5) that all hazards of the patient
# share. Local progression of a completely ablated lesion: exponential, 0.8% a month, twice that beyond 20 mm. Regional
# and distant progression: 1.5% and 1% a month in the loco-regional group, 1% and 2.5% in the oligo-metastatic one.
# Death: 0.6% and 1.2% a month, four times that after distant progression. Ablation leaves residual disease in 4% of
# lesions, treated again once at two months, with success in 80%. Progression is seen at the next imaging: 1, 3, 6, 12
# months, then each half year, until death, loss (0.5% a month) or the closing of the study. A tenth of the patients with
# two lesions or more are treated in two planned stages, four weeks apart.
library(cryonodes)
set.seed(20260607)
n <- 200
closing <- as.Date("2025-12-31")
month <- 365.25 / 12
day_after <- function(start, months) start + round(months * month)

name <- sprintf("P%03d", seq_len(n))
group <- sample(c("Loco-regional", "Oligo-metastatic"), n, TRUE, c(0.65, 0.35))
distant <- group == "Oligo-metastatic"
start <- as.Date("2016-01-04") + sample.int(365 * 9, n, TRUE)
start <- start - (as.POSIXlt(start)$wday %in% c(0, 6)) * 2
age <- round(pmin(pmax(rnorm(n, 62, 12), 28), 88), 1)
patients <- data.frame(
  patient = name, sex = sample(c("F", "M"), n, TRUE), birth_date = start - round(age * 365.25), group = group,
  primary_tumor = sample(c("Breast", "Melanoma", "Prostate", "Colorectal", "Kidney", "Lung"), n, TRUE),
  diagnosis_date = start - sample(200:2500, n, TRUE)
)
n_lesions <- sample(1:4, n, TRUE, c(0.5, 0.28, 0.14, 0.08))
frailty <- rgamma(n, 2, 2)
two_stage <- n_lesions > 1 & runif(n) < 0.1

sessions <- lesions <- ablations <- follow_up <- systemic <- complications <- list()
put <- function(list, ...) c(list, list(data.frame(...)))
patients$vital_status <- "alive"
patients$last_contact <- patients$death_date <- as.Date(NA)
patients$cause_of_death <- NA_character_
for (i in seq_len(n)) {
  hazard <- function(rate) rexp(1, rate * frailty[i])
  spread_regional <- hazard(if (distant[i]) 0.010 else 0.015)
  spread_distant <- hazard(if (distant[i]) 0.025 else 0.010)
  dies <- hazard(if (distant[i]) 0.012 else 0.006)
  if (dies > spread_distant) dies <- spread_distant + (dies - spread_distant) / 4
  death <- day_after(start[i], dies + 0.5)
  lost <- day_after(start[i], 2 + rexp(1, 0.005))
  end <- min(death - 1, lost, closing)
  died <- death <= min(lost, closing)
  session <- function(k) sprintf("%s-S%d", name[i], k)
  lesion <- sprintf("%s-L%d", name[i], seq_len(n_lesions[i]))
  size <- round(pmin(pmax(rlnorm(n_lesions[i], log(15), 0.4), 6), 45))
  staged <- two_stage[i] && start[i] + 28 <= end
  stage <- if (staged) rep(1:2, length.out = n_lesions[i]) else rep(1, n_lesions[i])
  course <- if (staged) sprintf("%s-C1", name[i]) else NA
  for (k in unique(stage)) {
    sessions <- put(sessions, session = session(k), patient = name[i], date = start[i] + 28 * (k - 1), course = course,
      modality = "Cryoablation", guidance = sample(c("CT", "MR", "US and CT"), 1))
  }
  n_sessions <- max(stage)
  lesions <- put(lesions, lesion = lesion, patient = name[i], location = sample(
    c("Iliac", "Retroperitoneal", "Axillary", "Mediastinal", "Cervical"), n_lesions[i], TRUE
  ), long_axis_mm = size)
  ablations <- put(ablations, lesion = lesion, session = session(stage), technical_success = runif(n_lesions[i]) < 0.98,
    margin_mm = pmax(0, round(rnorm(n_lesions[i], 6, 2))))
  first <- start[i] + 28 * (stage - 1)
  residual <- runif(n_lesions[i]) < 0.04
  cleared <- !residual | runif(n_lesions[i]) < 0.8
  again <- day_after(first, 2)
  if (any(residual & again <= end)) {
    redo <- which(residual & again <= end)
    n_sessions <- n_sessions + 1
    day <- max(again[redo])
    if (day <= end) {
      sessions <- put(sessions, session = session(n_sessions), patient = name[i], date = day, course = NA,
        modality = "Cryoablation", guidance = "CT")
      ablations <- put(ablations, lesion = lesion[redo], session = session(n_sessions), technical_success = TRUE,
        margin_mm = 5)
      again[redo] <- day
    }
  }
  ltp <- vapply(seq_along(lesion), function(j) hazard(0.008 * if (size[j] > 20) 2 else 1), 0)
  months <- c(1, 3, 6, 12, seq(18, 180, 6))
  visits <- day_after(start[i], months) + sample(-5:5, length(months), TRUE)
  visits <- visits[visits <= end & visits > max(first)]
  state <- ifelse(residual, "residual", "free")
  told <- character()
  for (v in seq_along(visits)) {
    visit <- visits[v]
    scan <- sample(c("MR", "CT", "PET-CT"), 1)
    for (j in seq_along(lesion)) {
      finding <- NA
      if (v == 1) finding <- if (residual[j]) "residual" else "complete ablation"
      if (state[j] == "residual" && v > 1 && visit > again[j]) {
        finding <- if (cleared[j]) "complete ablation" else "residual"
        if (cleared[j]) state[j] <- "free"
      }
      if (state[j] == "free" && is.na(finding) && v > 1 && day_after(first[j], ltp[j]) <= visit) {
        finding <- "LTP"
        state[j] <- "progressed"
      }
      if (!is.na(finding)) follow_up <- put(follow_up, patient = name[i], date = visit, kind = "imaging", scope = "site",
        lesion = lesion[j], modality = scan, finding = finding)
    }
    news <- c("regional progression", "distant progression")[c(
      day_after(start[i], spread_regional) <= visit, day_after(start[i], spread_distant) <= visit
    )]
    for (finding in if (length(setdiff(news, told))) setdiff(news, told) else "no progression") {
      follow_up <- put(follow_up, patient = name[i], date = visit, kind = "imaging", scope = "whole body", lesion = NA,
        modality = scan, finding = finding)
    }
    told <- union(told, news)
  }
  patients$last_contact[i] <- if (died) death else end
  if (died) {
    patients$vital_status[i] <- "dead"
    patients$death_date[i] <- death
    patients$cause_of_death[i] <- if (death > day_after(start[i], spread_distant) || runif(1) < 0.4) "cancer" else "other"
  }
  # Systemic therapy: half have one before, most of which stop at the ablation; many begin one after progression.
  if (runif(1) < 0.5) {
    stays <- runif(1) < 0.25
    systemic <- put(systemic, patient = name[i], start = start[i] - sample(60:400, 1),
      stop = if (stays) as.Date(NA) else start[i] - sample(0:20, 1), agent = "before")
  }
  begins <- day_after(start[i], min(spread_regional, spread_distant) + 1.5)
  if (begins <= end && runif(1) < 0.6) {
    systemic <- put(systemic, patient = name[i], start = begins, stop = as.Date(NA), agent = "after progression")
  }
  if (runif(1) < 0.07) {
    complications <- put(complications, session = session(1), date = start[i] + sample(0:5, 1), system = "SIR 2017",
      grade = sample(as.character(1:3), 1, TRUE, c(0.6, 0.3, 0.1)), description = sample(c(
        "Nerve injury, transient", "Haematoma", "Infection", "Skin burn"
      ), 1))
  }
}
bind <- function(x) do.call(rbind, x)
more <- sample(c("surgery afterwards", "lost before treatment", "other histology"), 31, TRUE)
screening <- data.frame(
  candidate = sprintf("C%03d", seq_len(n + 31)), patient = c(name, rep(NA, 31)), reason = c(rep(NA, n), more)
)
ablation_cohort <- cohort(patients, bind(sessions), bind(lesions), bind(follow_up), bind(ablations),
  systemic_therapy = bind(systemic), complications = bind(complications), screening = screening, closing = closing,
  title = "Simulated cohort of 200 patients"
)
print(ablation_cohort)
save(ablation_cohort, file = "data/ablation_cohort.rda", compress = "xz", version = 2)
