// Hostile numbers through the comparison at a time, all methods. It ends in a result that keeps the invariants below,
// or in a cryonodes::error.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cryonodes/compare_at.hpp"
#include "fuzz_bytes.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cryonodes;
  if (size < 8)
    return 0;
  const std::uint8_t* option = data + size - 8;
  Reader reader{data, size - 8};
  const std::size_t n_group = 2 + option[0] % 2U, n = option[1] % 30U, n_cluster = 1 + option[5] % 8U;
  const bool delayed = option[3] % 4U == 0, clustered = option[4] % 3U == 0, tame = option[7] % 4U != 0;
  const auto method = static_cast<CompareMethod>(option[2] % 9U);
  const auto number = [&] { return tame ? static_cast<double>(reader.byte()) / 4.0 : reader.number(); };

  std::vector<double> time(n), entry(delayed ? n : 0);
  std::vector<int> event(n), group(n), cluster(n);
  for (std::size_t i = 0; i < n; ++i) {
    time[i] = number();
    if (delayed)
      entry[i] = tame ? time[i] * static_cast<double>(reader.byte()) / 256.0 : reader.number();
    event[i] = reader.byte() % 2;
    group[i] = static_cast<int>(reader.byte() % n_group);
    cluster[i] = static_cast<int>(reader.byte() % n_cluster);
  }
  CompareAtOptions options;
  options.method = method;
  options.conf_level = static_cast<double>(option[6]) / 255.0;
  options.pooled = option[4] % 5U == 0;
  const double when = number();

  FixedTime at;
  CompareAtResult test, mirrored;
  try {
    const Timeline timeline = make_timeline(time, Ties::near, entry);
    const RiskTable table = make_risk_table(timeline, event, group, n_group, {}, 1, {}, EntryRows::kept);
    const ClusteredRows rows{timeline, event, group, {}, cluster, n_cluster};
    // What R refuses.
    if (delayed && (method == CompareMethod::pseudo_values || method == CompareMethod::fisher_crude))
      return 0;
    for (double x : table.n)
      if (x <= 0.0)
        return 0;
    at = method == CompareMethod::fisher_crude ? crude_share_at(table, when) : survival_at(table, when);
    if (clustered && method != CompareMethod::fisher_crude)
      cluster_fixed_time(at, table, rows, when, options.conf_level);
    if (options.pooled)
      add_null_variance(at, table, when);
    if (method == CompareMethod::pseudo_values)
      at = pseudo_values_at(table, when, clustered ? &rows : nullptr);
    test = compare_at(at, options);
    FixedTime turned = at;
    turned.covariance.clear();
    for (std::size_t g = 0; g < n_group; ++g) {
      const std::size_t from = n_group - 1 - g;
      turned.estimate[g] = at.estimate[from];
      turned.variance[g] = at.variance[from];
      turned.laws[g] = at.laws[from];
      turned.n[g] = at.n[from];
      turned.n_event[g] = at.n_event[from];
      if (options.pooled)
        turned.null_variance[g] = at.null_variance[from];
    }
    mirrored = compare_at(turned, options);
  } catch (const error&) {
    return 0;
  }

  for (std::size_t g = 0; g < n_group; ++g) {
    const double p = at.estimate[g];
    if (std::isnan(p) || std::isnan(at.variance[g]) || method == CompareMethod::pseudo_values)
      continue;
    must(p >= 0.0 && p <= 1.0 && at.variance[g] >= 0.0, "a probability with a variance");
    // A mid-p interval of hardly any coverage can miss the estimate.
    const bool around = method != CompareMethod::melded_mid_p || options.conf_level > 0.5;
    must(!around || (test.conf_low[g] <= p + 1e-9 && test.conf_high[g] >= p - 1e-9), "low <= estimate <= high");
    must(test.conf_low[g] < test.conf_high[g] || at.variance[g] <= 1e-30, "no interval without width");
  }
  for (std::size_t g = 0; g + 1 < n_group; ++g) {
    must(std::isnan(test.log_p_value[g]) || test.log_p_value[g] <= 0.0, "p <= 1");
    for (std::size_t m = 0; m < 3; ++m) {
      const auto& x = test.measures[m];
      if (std::isnan(x.estimate[g]) || std::isnan(x.conf_low[g]))
        continue;
      must(x.conf_low[g] <= x.conf_high[g], "low <= high");
      if (method != CompareMethod::pseudo_values && !test.melded[g])
        must(x.conf_low[g] <= x.estimate[g] * (1 + 1e-9) + 1e-9 && x.conf_high[g] >= x.estimate[g] * (1 - 1e-9) - 1e-9,
             "low <= estimate <= high");
    }
  }
  // Whichever group comes first.
  if (n_group == 2 && !std::isnan(test.log_p_value[0]) && at.covariance.empty()) {
    must(std::fabs(test.log_p_value[0] - mirrored.log_p_value[0]) <= 1e-9 * (1.0 + std::fabs(test.log_p_value[0])),
         "p does not depend on the order of the groups");
    if (!std::isnan(test.measures[0].conf_low[0]))
      must(std::fabs(test.measures[0].conf_low[0] + mirrored.measures[0].conf_high[0]) <= 1e-7, "mirrored limits");
  }
  return 0;
}
