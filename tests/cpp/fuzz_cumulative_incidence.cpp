// Hostile numbers through timeline, risk table and the incidences of competing events, with and without clusters. Only
// two endings are allowed: a result that keeps the invariants below, or a cryonodes::error.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cryonodes/cumulative_incidence.hpp"
#include "cryonodes/kaplan_meier.hpp"
#include "fuzz_bytes.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cryonodes;
  // The last eight bytes are options, so that the doubles before them stay where the driver put them.
  if (size < 8)
    return 0;
  const std::uint8_t* option = data + size - 8;
  Reader reader{data, size - 8};
  const std::size_t n_group = 1U + option[0] % 3U, n = option[1] % 40U, n_cause = 1U + option[2] % 3U;
  const bool delayed = option[3] % 4U == 0, weighted = option[4] % 3U == 0, clustered = option[7] % 2U == 0;
  IncidenceOptions options;
  options.conf_type = static_cast<IncidenceScale>(option[5] % 5U);
  options.variance = static_cast<IncidenceVariance>(option[7] / 2U % 2U);
  options.conf_level = static_cast<double>(option[6]) / 255.0; // 0 and 1 are refused

  std::vector<double> time(n), entry(delayed ? n : 0), weight(weighted ? n : 0);
  std::vector<int> event(n), group(n), cluster(n);
  for (auto* column : {&time, &entry, &weight})
    for (double& x : *column)
      x = reader.number();
  for (std::size_t i = 0; i < n; ++i) {
    event[i] = static_cast<int>(reader.byte() % (n_cause + 1));
    group[i] = static_cast<int>(reader.byte() % n_group);
    cluster[i] = static_cast<int>(reader.byte() % 5) - (option[7] == 255 ? 1 : 0); // now and then no code at all
  }

  RiskTable table;
  IncidenceResult fit;
  KaplanMeierResult km;
  try {
    const Timeline timeline = make_timeline(time, Ties::near, entry);
    table = make_risk_table(timeline, event, group, n_group, weight, n_cause);
    const ClusteredRows rows{timeline, event, group, weight, cluster, 5};
    fit = cumulative_incidence(table, options, clustered ? &rows : nullptr);
    km = kaplan_meier(table);
  } catch (const error&) {
    return 0;
  }

  const std::size_t rows = table.rows();
  must(fit.estimate.size() == (n_cause + 1) * rows && fit.cumhaz.size() == n_cause * rows, "one entry per row");
  for (std::size_t g = 0; g < n_group; ++g)
    for (std::size_t i = table.first[g]; i < table.first[g + 1]; ++i) {
      double sum = 0.0;
      for (std::size_t state = 0; state <= n_cause; ++state) {
        const std::size_t at = state * rows + i;
        const double p = fit.estimate[at];
        must(p >= 0.0 && p <= 1.0, "a probability lies in [0, 1]");
        sum += p;
        if (i > table.first[g])
          must(state == 0 ? p <= fit.estimate[at - 1] : p >= fit.estimate[at - 1], "S falls, incidences rise");
        must(!(fit.std_error[at] < 0.0), "standard errors are >= 0 or NaN");
        if (!std::isnan(fit.conf_low[at]))
          must(0.0 <= fit.conf_low[at] && fit.conf_low[at] <= p && p <= fit.conf_high[at] && fit.conf_high[at] <= 1.0,
               "0 <= low <= p <= high <= 1");
        if (p == 0.0 || p == 1.0)
          must(!std::isnan(fit.conf_low[at]), "0 and 1 always have limits");
        if (state > 0)
          must(fit.one_minus_km[at - rows] >= p - 1e-14, "1 - KM is not below the incidence");
      }
      must(std::fabs(sum - 1.0) <= 1e-14, "incidences and S sum to 1");
      must(std::fabs(fit.estimate[i] - km.estimate[i]) <= 1e-14, "S is the Kaplan-Meier curve of any event");
    }
  return 0;
}
