// Hostile numbers through timeline, risk table and Kaplan-Meier. Only two endings are allowed: a
// result that keeps the invariants below, or a cryonodes::error.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cryonodes/interval.hpp"
#include "cryonodes/kaplan_meier.hpp"
#include "cryonodes/risk_table.hpp"
#include "fuzz_bytes.hpp"

namespace {

// Sums of weights are compared up to rounding; without weights all counts are whole and exact.
bool same(double a, double b, bool weighted) {
  return a == b || (weighted && std::fabs(a - b) <= 1e-12 * (std::fabs(a) + std::fabs(b)));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cryonodes;
  // The last eight bytes are options, so that the doubles before them stay where the driver put them.
  if (size < 8)
    return 0;
  const std::uint8_t* option = data + size - 8;
  Reader reader{data, size - 8};
  const std::size_t n_group = option[0] % 4U, n = option[1] % 40U;
  const Ties ties = option[2] % 2U ? Ties::near : Ties::exact;
  const bool delayed = option[3] % 4U == 0, weighted = option[4] % 3U == 0;
  KaplanMeierOptions options;
  options.conf_type = static_cast<ConfType>(option[5] % 3U); // the others: fuzz_interval.cpp
  options.conf_level = static_cast<double>(option[6]) / 255.0; // 0 and 1 are refused

  std::vector<double> time(n), entry(delayed ? n : 0), weight(weighted ? n : 0);
  std::vector<int> event(n), group(n);
  for (auto* column : {&time, &entry, &weight})
    for (double& x : *column)
      x = reader.number();
  for (std::size_t i = 0; i < n; ++i) {
    // Now and then a code that does not exist.
    event[i] = option[7] == 1 ? static_cast<int>(reader.byte()) - 100 : reader.byte() % 2;
    group[i] = option[7] == 2 ? static_cast<int>(reader.byte()) - 100
                              : static_cast<int>(reader.byte() % (n_group > 0 ? n_group : 1));
  }

  RiskTable table;
  KaplanMeierResult fit;
  try {
    const Timeline timeline = make_timeline(time, ties, entry);
    must(timeline.exit_id.size() == n, "one exit per row");
    for (std::size_t i = 1; i < timeline.time.size(); ++i)
      must(timeline.time[i - 1] < timeline.time[i], "times increase");
    table = make_risk_table(timeline, event, group, n_group, weight);
    fit = kaplan_meier(table, options);
  } catch (const error&) {
    return 0;
  }

  const std::size_t rows = table.time.size();
  must(table.first.size() == n_group + 1 && table.first.front() == 0 && table.first.back() == rows, "offsets");
  must(fit.estimate.size() == rows && fit.conf_low.size() == rows, "one estimate per row");
  double n_all = 0.0;
  for (std::size_t g = 0; g < n_group; ++g) {
    double total = 0.0, left = 0.0, s = 1.0;
    for (std::size_t i = 0; i < n; ++i)
      if (group[i] == static_cast<int>(g))
        total += weighted ? weight[i] : 1.0;
    for (std::size_t i = table.first[g]; i < table.first[g + 1]; ++i) {
      must(table.n_risk[i] >= 0.0 && table.n_event[i] >= 0.0 && table.n_censor[i] >= 0.0, "counts are >= 0");
      must(table.n_event[i] <= table.n_risk[i] || same(table.n_event[i], table.n_risk[i], weighted),
           "events were at risk");
      must(i == table.first[g] || table.time[i - 1] < table.time[i], "a group's times increase");
      left += table.n_event[i] + table.n_censor[i];
      must(fit.estimate[i] >= 0.0 && fit.estimate[i] <= s, "S lies in [0, 1] and does not increase");
      s = fit.estimate[i];
      must(fit.std_error_log[i] >= 0.0 && fit.cumhaz[i] >= 0.0 && fit.std_chaz[i] >= 0.0, "standard errors are >= 0");
      if (!std::isnan(fit.conf_low[i])) // NaN: no interval there
        must(fit.conf_low[i] >= 0.0 && fit.conf_low[i] <= s && s <= fit.conf_high[i] && fit.conf_high[i] <= 1.0,
             "0 <= low <= S <= high <= 1");
    }
    must(same(left, total, weighted), "everybody leaves once: events + censorings = n");
    n_all += table.n[g];
  }
  must(weighted || n_all == static_cast<double>(n), "every row is in one group");
  return 0;
}
