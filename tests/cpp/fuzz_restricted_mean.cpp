// Hostile numbers through the restricted mean, with and without clusters. It ends in a result that keeps the invariants
// below, or in a cryonodes::error.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "cryonodes/restricted_mean.hpp"
#include "fuzz_bytes.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cryonodes;
  if (size < 8)
    return 0;
  const std::uint8_t* option = data + size - 8;
  Reader reader{data, size - 8};
  const std::size_t n_group = 1 + option[0] % 3U, n = option[1] % 40U, n_cluster = 1 + option[5] % 8U;
  const Ties ties = option[2] % 2U ? Ties::near : Ties::exact;
  const bool delayed = option[3] % 4U == 0, weighted = option[4] % 3U == 0, tame = option[7] % 4U != 0;
  // Mostly times and weights a clinic could have: with raw doubles hardly a cohort gets past the checks.
  const auto number = [&] { return tame ? static_cast<double>(reader.byte()) / 4.0 : reader.number(); };

  std::vector<double> time(n), entry(delayed ? n : 0), weight(weighted ? n : 0);
  std::vector<int> event(n), group(n), cluster(n);
  for (auto* column : {&time, &weight})
    for (double& x : *column)
      x = number();
  for (std::size_t i = 0; i < n; ++i) {
    if (delayed)
      entry[i] = tame ? time[i] * static_cast<double>(reader.byte()) / 256.0 : reader.number();
    event[i] = reader.byte() % 2;
    group[i] = static_cast<int>(reader.byte() % n_group);
    cluster[i] = static_cast<int>(reader.byte() % n_cluster);
  }
  RestrictedMeanOptions options;
  options.conf_level = static_cast<double>(option[6]) / 255.0;

  RestrictedMeanResult plain, joint, own;
  try {
    const Timeline timeline = make_timeline(time, ties, entry);
    const RiskTable table = make_risk_table(timeline, event, group, n_group, weight);
    const Falls falls = falls_of(table);
    options.tau = choose_tau(falls, option[7] % 3U == 0 ? std::nan("") : number(), largest_tau(falls));
    plain = restricted_mean(falls_of(table), options);
    const ClusteredRows rows{timeline, event, group, weight, cluster, n_cluster};
    joint = restricted_mean(falls_of(table), options, &table, &rows);
    std::vector<int> alone(n);
    for (std::size_t i = 0; i < n; ++i)
      alone[i] = static_cast<int>(i);
    const ClusteredRows each{timeline, event, group, weight, alone, n};
    own = restricted_mean(falls_of(table), options, &table, &each);
  } catch (const error&) {
    return 0;
  }

  const double tau = options.tau, slack = 1e-9 * tau; // rounding, of sums of a few dozen rows
  for (const auto* fit : {&plain, &joint, &own}) {
    must(fit->estimate.size() == n_group && fit->difference.estimate.size() == n_group - 1, "one entry per group");
    must(fit->estimate == plain.estimate && fit->lost == plain.lost, "clusters change no estimate");
    for (std::size_t g = 0; g < n_group; ++g) {
      must(fit->estimate[g] >= 0.0 && fit->estimate[g] <= tau, "0 <= area <= tau");
      must(std::fabs(fit->estimate[g] - (tau - fit->lost[g])) <= slack, "area and time lost make tau");
      must(fit->std_error[g] >= 0.0 && std::isfinite(fit->std_error[g]), "the standard error is finite");
      must((fit->std_error[g] > 0.0) != std::isnan(fit->conf_low[g]), "an interval where there is a standard error");
      if (fit->std_error[g] > 0.0)
        must(fit->conf_low[g] >= 0.0 && fit->conf_low[g] <= fit->estimate[g] &&
                 fit->estimate[g] <= fit->conf_high[g] && fit->conf_high[g] <= tau,
             "0 <= low <= area <= high <= tau");
      must(fit->n_event[g] > 0.0 || fit->estimate[g] == tau || fit->std_error[g] == 0.0, "no event, no spread");
    }
    for (std::size_t k = 0; k + 1 < n_group; ++k)
      for (const auto* to : {&fit->difference, &fit->ratio, &fit->lost_ratio}) {
        must(std::isnan(to->log_p_value[k]) || to->log_p_value[k] <= 0.0, "p <= 1");
        must(std::isnan(to->std_error[k]) == std::isnan(to->log_p_value[k]), "a p-value with a standard error");
        if (!std::isnan(to->std_error[k]))
          must(to->conf_low[k] <= to->estimate[k] + slack * (1.0 + to->estimate[k]) &&
                   to->conf_high[k] >= to->estimate[k] - slack * (1.0 + to->estimate[k]),
               "low <= estimate <= high");
      }
  }
  // Every row its own cluster: the infinitesimal jackknife of independent right-censored rows is Greenwood's formula.
  if (!delayed && !weighted)
    for (std::size_t g = 0; g < n_group; ++g)
      must(own.n_cluster[g] < 2.0 || std::fabs(own.std_error[g] - plain.std_error[g]) <= slack,
           "jackknife = Greenwood");
  return 0;
}
