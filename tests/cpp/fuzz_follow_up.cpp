// Hostile numbers through the reverse Kaplan-Meier estimate, the plain summaries and the completeness.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cryonodes/follow_up.hpp"
#include "cryonodes/kaplan_meier.hpp"
#include "fuzz_bytes.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cryonodes;
  if (size < 8)
    return 0;
  const std::uint8_t* option = data + size - 8;
  Reader reader{data, size - 8};
  const std::size_t n_group = 1 + option[0] % 3U, n = option[1] % 40U;
  const bool weighted = option[4] % 3U == 0, tame = option[7] % 4U != 0;
  const auto number = [&] { return tame ? static_cast<double>(reader.byte()) / 4.0 : reader.number(); };

  std::vector<double> time(n), potential(n), weight(weighted ? n : 0);
  std::vector<int> event(n), group(n);
  for (std::size_t i = 0; i < n; ++i) {
    time[i] = number();
    potential[i] = time[i] + (tame ? number() : 0.0);
    if (weighted)
      weight[i] = number();
    event[i] = reader.byte() % 2;
    group[i] = static_cast<int>(reader.byte() % n_group);
  }

  RiskTable table;
  TimeSummary all, free;
  KaplanMeierResult forward, reverse;
  std::vector<double> complete;
  try {
    table = make_risk_table(make_timeline(time, Ties::exact), event, group, n_group, weight);
    std::vector<double> leave(table.rows());
    for (std::size_t i = 0; i < leave.size(); ++i)
      leave[i] = table.n_event[i] + table.n_censor[i];
    all = summarise_times(table, leave);
    free = summarise_times(table, table.n_censor);
    forward = kaplan_meier(table);
    reverse = kaplan_meier(censoring_table(table));
    complete = completeness(table, potential, event, group, weight);
  } catch (const error&) {
    return 0;
  }

  for (std::size_t g = 0; g < n_group; ++g) {
    for (const auto* x : {&all, &free}) {
      must((x->n[g] > 0.0) != std::isnan(x->median[g]), "a median where there is somebody");
      if (x->n[g] > 0.0)
        must(x->min[g] <= x->q25[g] && x->q25[g] <= x->median[g] && x->median[g] <= x->q75[g] &&
                 x->q75[g] <= x->max[g] && x->min[g] <= x->mean[g] && x->mean[g] <= x->max[g],
             "the summaries are in order");
    }
    must(std::isnan(complete[g]) || (complete[g] >= 0.0 && complete[g] <= 1.0), "completeness is a proportion");
    if (weighted || table.first[g] == table.first[g + 1])
      continue;
    const double n_all = table.n_risk[table.first[g]];
    for (std::size_t i = table.first[g]; i < table.first[g + 1]; ++i) {
      const double left = table.n_risk[i] - table.n_event[i] - table.n_censor[i];
      must(std::fabs(forward.estimate[i] * reverse.estimate[i] - left / n_all) <= 1e-13, "S G = share still there");
    }
  }
  return 0;
}
