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
    must(fit->group.size() == n_group && fit->difference.size() == n_group - 1, "one entry per group");
    for (std::size_t g = 0; g < n_group; ++g) {
      const RestrictedMean& of = fit->group[g];
      must(of.estimate == plain.group[g].estimate && of.lost == plain.group[g].lost, "clusters change no estimate");
      must(of.estimate >= 0.0 && of.estimate <= tau, "0 <= area <= tau");
      must(std::fabs(of.estimate - (tau - of.lost)) <= slack, "area and time lost make tau");
      must(of.std_error >= 0.0 && std::isfinite(of.std_error), "the standard error is finite");
      must((of.std_error > 0.0) != std::isnan(of.conf_low), "an interval where there is a standard error");
      if (of.std_error > 0.0)
        must(of.conf_low >= 0.0 && of.conf_low <= of.estimate && of.estimate <= of.conf_high && of.conf_high <= tau,
             "0 <= low <= area <= high <= tau");
      must(of.n_event > 0.0 || of.estimate == tau || of.std_error == 0.0, "no event, no spread");
    }
    for (const auto* contrasts : {&fit->difference, &fit->ratio, &fit->lost_ratio})
      for (const RestrictedMeanContrast& to : *contrasts) {
        must(std::isnan(to.log_p_value) || to.log_p_value <= 0.0, "p <= 1");
        must(std::isnan(to.std_error) == std::isnan(to.log_p_value), "a p-value with a standard error");
        if (!std::isnan(to.std_error))
          must(to.conf_low <= to.estimate + slack * (1.0 + to.estimate) &&
                   to.conf_high >= to.estimate - slack * (1.0 + to.estimate),
               "low <= estimate <= high");
      }
  }
  // Every row its own cluster: the infinitesimal jackknife of independent right-censored rows is Greenwood's formula.
  if (!delayed && !weighted)
    for (std::size_t g = 0; g < n_group; ++g)
      must(own.group[g].n_cluster < 2.0 || std::fabs(own.group[g].std_error - plain.group[g].std_error) <= slack,
           "jackknife = Greenwood");
  return 0;
}
