# A follow-up of 29 imaginary patients that prints like Table 3 as far as any can. Built from the printed numbers
# alone: structures from reconstruct_km(), times drawn within what they leave free. Run after lnm_rates.R and
# lnm_facts.R, with the package installed, from the package's root.
source("data-raw/write.R")
library(cryonodes)
load("data/lnm_rates.rda")
load("data/lnm_facts.rda")
printed_fact <- function(id) lnm_facts$value[match(id, lnm_facts$id)]
whole <- "Whole cohort"
groups <- c("Loco-regional", "Oligo-metastatic")
fact <- function(fact, group, time, value) data.frame(fact = fact, group = group, time = time, value = value, decimals = NA)
fisher <- function(endpoint, until) {
  x <- unique(lnm_rates[lnm_rates$endpoint == endpoint & lnm_rates$time <= until, c("time", "p")])
  data.frame(fact = "fisher.p", group = NA, time = x$time, value = x$p, decimals = 2)
}

# Overall survival. One standard error was cut, not rounded; 6 died. The text has 16 patients alive with two years of
# follow-up; with three more deaths in the third year that would be 19 at risk at two years, where the rates leave 16
# at most. The other printed reading, 55% of 29 surviving two years, is 16 at risk, and is taken.
os_printed <- lnm_rates[lnm_rates$endpoint == "Overall survival", ]
os <- reconstruct_km(os_printed, pooled = whole, rounding = "half-up or truncated", facts = rbind(
  fact("total.events", whole, NA, printed_fact("patients") - printed_fact("alive")),
  fact("n.risk", whole, 24, printed_fact("followed_2y")), fisher("Overall survival", 36)
))
# Disease-free survival: the one cell that no structure can print is released; 16 progressed. The p printed for three
# years is left out: it cannot stand beside the rates unless two more cells give way (see the vignette).
dfs_printed <- lnm_rates[lnm_rates$endpoint == "Disease-free survival", ]
refused <- reconstruct_km(dfs_printed, pooled = whole, facts = fisher("Disease-free survival", 24))
stopifnot(refused$n_solutions == 0, nrow(refused$release) == 1)
free <- refused$release
dfs_printed[dfs_printed$group == free$group & dfs_printed$time == free$time, free$cell] <- NA
dfs <- reconstruct_km(dfs_printed, pooled = whole, max_solutions = 1000, facts = rbind(
  fact("total.events", whole, NA, printed_fact("progressed")), fisher("Disease-free survival", 24)
))
stopifnot(os$n_solutions > 0, dfs$n_solutions > 0)

# A patient's disease-free time cannot exceed the survival time, and the second local progression was followed on, free
# of another, for a printed time. Within a group, times can be paired so if and only if, sorted, each of the needed does
# not exceed that of the follow-up.
needed <- function(time) {
  ifelse(time == printed_fact("ltp_second"), time + printed_fact("ltp_free_after"), time)
}
pairable <- function(os, dfs) {
  all(vapply(groups, function(g) all(sort(needed(dfs$time[dfs$group == g])) <= sort(os$time[os$group == g])), TRUE))
}
# The two local progressions are progressions of loco-regional patients at known times; the draw's nearest event
# times in that interval move there, provided that no other time lies in between.
pin_progressions <- function(dfs) {
  for (t in c(printed_fact("ltp_first"), printed_fact("ltp_second"))) {
    own <- which(dfs$group == groups[1] & dfs$event == 1 & dfs$time > 12 & dfs$time <= 24 & !dfs$time %in% c(printed_fact("ltp_first"), printed_fact("ltp_second")))
    if (!length(own)) return(NULL)
    i <- own[which.min(abs(dfs$time[own] - t))]
    between <- setdiff(which(dfs$time > min(t, dfs$time[i]) & dfs$time < max(t, dfs$time[i])), i)
    if (length(between)) return(NULL)
    dfs$time[i] <- t
  }
  dfs
}
target <- vapply(c("follow_up_q1", "follow_up_median", "follow_up_q3"), printed_fact, 0)
horizon <- 130 # months from February 2009 to December 2019, the period of the study
set.seed(20211001)
best <- NULL
for (i in seq_len(20000)) {
  o <- simulate(os, follow.up = horizon)
  off <- sum(abs(quantile(o$time, c(0.25, 0.5, 0.75)) - target))
  if (!is.null(best) && off >= best$off) next
  for (k in 1:40) {
    d <- pin_progressions(simulate(dfs, follow.up = horizon))
    if (!is.null(d) && pairable(o, d)) {
      best <- list(off = off, os = o, dfs = d)
      break
    }
  }
}
stopifnot(!is.null(best))

# Pairing: the shortest survival times choose first among the disease-free times that do not exceed them; a death is
# given to a patient who progressed where one is left.
pair <- function(g) {
  o <- best$os[best$os$group == g, ]
  d <- best$dfs[best$dfs$group == g, ]
  free <- rep(TRUE, nrow(d))
  o <- o[order(o$time), ]
  pick <- integer(nrow(o))
  for (i in seq_len(nrow(o))) {
    can <- which(free & needed(d$time) <= o$time[i])
    # Taking the i-th shortest at most keeps the rest pairable; of those prefer a progression for a death.
    ok <- Filter(function(c) all(sort(needed(d$time[free & seq_along(free) != c])) <= o$time[-seq_len(i)]), can)
    prefer <- ok[d$event[ok] == o$event[i]]
    pick[i] <- if (length(prefer)) max(prefer) else max(ok)
    free[pick[i]] <- FALSE
  }
  data.frame(group = g, os_months = o$time, died = o$event, dfs_months = d$time[pick], progressed = d$event[pick])
}
drawn <- do.call(rbind, lapply(groups, pair))
ltp_times <- c(printed_fact("ltp_first"), printed_fact("ltp_second"))
drawn$ltp <- as.integer(drawn$progressed == 1 & drawn$dfs_months %in% ltp_times)
# Without local progression a patient is followed for it as long as for survival.
drawn$ltpfs_months <- ifelse(drawn$ltp == 1, drawn$dfs_months, drawn$os_months)
for (v in c("os_months", "dfs_months", "ltpfs_months")) drawn[[v]] <- round(drawn[[v]], 2)
drawn <- data.frame(
  patient = sprintf("R%02d", seq_len(nrow(drawn))), group = factor(drawn$group, groups),
  drawn[c("os_months", "died", "dfs_months", "progressed", "ltpfs_months", "ltp")]
)
stopifnot(
  nrow(drawn) == printed_fact("patients"), all(drawn$dfs_months <= drawn$os_months),
  sum(drawn$died) == printed_fact("patients") - printed_fact("alive"), sum(drawn$ltp) == printed_fact("ltp"),
  sum(drawn$progressed) == printed_fact("progressed"), !anyDuplicated(drawn$os_months),
  sum(drawn$os_months > 24) == printed_fact("followed_2y"),
  max(drawn$os_months[drawn$ltp == 1]) >= printed_fact("ltp_second") + printed_fact("ltp_free_after")
)
print(drawn)
print(quantile(drawn$os_months, c(0.25, 0.5, 0.75)))

# As dated records. The days are made up so that they lie within the period of the study: who is alive was last seen at
# its end. Each patient has one session and one lesion, completely ablated at one month; a progression that is not local
# is regional in the loco-regional group and distant in the other; between the drawn times imaging is half-yearly.
closing <- as.Date("2019-12-31")
days <- function(months) round(months * 365.25 / 12)
drawn$start <- closing - days(drawn$os_months) - ifelse(drawn$died == 1, 365, 0)
row <- function(d, day, scope, lesion, finding) {
  data.frame(patient = d$patient, date = d$start + day, kind = "imaging", scope, lesion, finding)
}
follow_up <- do.call(rbind, lapply(split(drawn, drawn$patient), function(d) {
  lesion <- paste0(d$patient, "-L1")
  dfs <- days(d$dfs_months)
  os <- days(d$os_months)
  regular <- seq(180, by = 180, length.out = 30)
  wide <- regular[regular < dfs]
  late <- regular[regular > dfs & regular < os]
  out <- row(d, 30, "site", lesion, "complete ablation")
  for (day in wide) out <- rbind(out, row(d, day, "whole body", NA, "no progression"))
  elsewhere <- if (d$group == groups[1]) "regional progression" else "distant progression"
  out <- rbind(out, if (d$ltp == 1) {
    row(d, dfs, "whole body", lesion, "LTP")
  } else {
    row(d, dfs, "whole body", NA, if (d$progressed == 1) elsewhere else "no progression")
  })
  for (day in late) out <- rbind(out, row(d, day, "site", lesion, if (d$ltp == 1) NA else "no progression"))
  if (d$ltp == 0 && os > dfs) out <- rbind(out, row(d, os, "site", lesion, "no progression"))
  out
}))
end <- drawn$start + days(drawn$os_months)
lnm_cohort <- cohort(
  patients = data.frame(
    patient = drawn$patient, group = as.character(drawn$group), vital_status = ifelse(drawn$died == 1, "dead", "alive"),
    last_contact = end, death_date = replace(end, drawn$died == 0, NA)
  ),
  sessions = data.frame(session = paste0(drawn$patient, "-S1"), patient = drawn$patient, date = drawn$start),
  lesions = data.frame(
    lesion = paste0(drawn$patient, "-L1"), patient = drawn$patient, session = paste0(drawn$patient, "-S1")
  ),
  follow_up = follow_up, closing = closing, title = "Reconstructed from print, no data of the study"
)
print(lnm_cohort)
for (name in c("OS", "DFS", "LTPFS")) print(endpoint(lnm_cohort, name, rules = "paper2021"))
save(lnm_cohort, file = "data/lnm_cohort.rda", version = 2, compress = "xz")
write_cohort(lnm_cohort, "inst/extdata/lnm_cohort", overwrite = TRUE)
