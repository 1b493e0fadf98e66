// Hostile numbers through timeline, risk table and Nelson-Aalen. Only two endings are allowed: a result that keeps the
// invariants below, or a cryonodes::error.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cryonodes/kaplan_meier.hpp"
#include "cryonodes/nelson_aalen.hpp"
#include "fuzz_bytes.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cryonodes;
  // The last eight bytes are options, so that the doubles before them stay where the driver put them.
  if (size < 8)
    return 0;
  const std::uint8_t* option = data + size - 8;
  Reader reader{data, size - 8};
  const std::size_t n_group = 1U + option[0] % 3U, n = option[1] % 40U;
  const bool delayed = option[2] % 4U == 0, weighted = option[3] % 3U == 0;
  NelsonAalenOptions options;
  options.conf_type = static_cast<HazardScale>(option[4] % 3U);
  options.variance = static_cast<HazardVariance>(option[5] % 2U);
  options.conf_level = static_cast<double>(option[6]) / 255.0; // 0 and 1 are refused

  std::vector<double> time(n), entry(delayed ? n : 0), weight(weighted ? n : 0);
  std::vector<int> event(n), group(n);
  for (auto* column : {&time, &entry, &weight})
    for (double& x : *column)
      x = reader.number();
  for (std::size_t i = 0; i < n; ++i) {
    event[i] = static_cast<int>(reader.byte() % 2);
    group[i] = static_cast<int>(reader.byte() % n_group);
  }

  RiskTable table;
  NelsonAalenResult fit;
  KaplanMeierResult km;
  try {
    const Timeline timeline = make_timeline(time, Ties::near, entry);
    table = make_risk_table(timeline, event, group, n_group, weight);
    fit = nelson_aalen(table, options);
    km = kaplan_meier(table);
  } catch (const error&) {
    return 0;
  }

  must(fit.estimate.size() == table.rows() && fit.conf_high.size() == table.rows(), "one entry per row");
  for (std::size_t g = 0; g < n_group; ++g)
    for (std::size_t i = table.first[g]; i < table.first[g + 1]; ++i) {
      const double h = fit.estimate[i];
      must(std::isfinite(h) && h >= 0.0 && h == km.cumhaz[i], "H is the hazard beside the Kaplan-Meier curve");
      must(i == table.first[g] || h >= fit.estimate[i - 1], "H does not fall");
      // 1 - x <= exp(-x)
      must(km.estimate[i] <= std::exp(-h) * (1.0 + 1e-12), "S <= exp(-H)");
      must(fit.std_error[i] >= 0.0, "a standard error is >= 0");
      if (!std::isnan(fit.conf_low[i]))
        must(0.0 <= fit.conf_low[i] && fit.conf_low[i] <= h && h <= fit.conf_high[i], "0 <= low <= H <= high");
    }
  return 0;
}
