// Hostile numbers through the clustered variances, the small-sample limits and the bootstrap. Only two endings are
// allowed: a result that keeps the invariants below, or a cryonodes::error.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "cryonodes/cluster_bootstrap.hpp"
#include "cryonodes/kaplan_meier.hpp"
#include "fuzz_bytes.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cryonodes;
  // The last eight bytes are options, so that the doubles before them stay where the driver put them.
  if (size < 8)
    return 0;
  const std::uint8_t* option = data + size - 8;
  Reader reader{data, size - 8};
  const std::size_t n_group = option[0] % 4U, n = option[1] % 30U, n_cluster = option[2] % 12U;
  const bool delayed = option[3] % 4U == 0, weighted = option[3] % 3U == 0;
  ClusterBootstrapOptions options;
  options.statistic = static_cast<CurveStatistic>(option[4] % 3U);
  options.replicates = option[5] % 8U;
  options.seed = option[6];
  options.jackknife = option[6] % 2U == 0;
  options.threads = 1;

  std::vector<double> time(n), entry(delayed ? n : 0), weight(weighted ? n : 0);
  std::vector<int> event(n), group(n), cluster(n);
  for (auto* column : {&time, &entry, &weight})
    for (double& x : *column)
      x = reader.number();
  options.at = {reader.number(), 0.5};
  for (std::size_t i = 0; i < n; ++i) {
    event[i] = reader.byte() % 2;
    group[i] = static_cast<int>(reader.byte() % (n_group > 0 ? n_group : 1));
    // Now and then a code that does not exist.
    cluster[i] = option[7] == 1 ? static_cast<int>(reader.byte()) - 100
                                : static_cast<int>(reader.byte() % (n_cluster > 0 ? n_cluster : 1));
  }

  RiskTable table;
  KaplanMeierResult fit;
  ClusterVariance robust;
  ClusterBootstrapResult drawn, again;
  std::vector<double> low, high;
  try {
    const Timeline timeline = make_timeline(time, Ties::near, entry);
    table = make_risk_table(timeline, event, group, n_group, weight);
    fit = kaplan_meier(table);
    robust = cluster_variance(timeline, table, event, group, cluster, n_cluster, weight);
    cluster_limits(table, robust, fit.estimate, fit.std_error_log, robust.log_survival, 0.95, low, high);
    const ResampledCohort cohort(timeline, event, group, n_group, cluster, n_cluster, weight);
    drawn = cluster_bootstrap(cohort, options);
    options.threads = 2;
    again = cluster_bootstrap(cohort, options);
  } catch (const error&) {
    return 0;
  }

  for (std::size_t g = 0; g < n_group; ++g)
    for (std::size_t i = table.first[g]; i < table.first[g + 1]; ++i) {
      const bool lone = robust.clusters[g] < 2.0;
      must(robust.clusters[g] >= 1.0 && robust.n_cluster[i] >= 1.0 && robust.n_cluster[i] <= robust.clusters[g],
           "clusters at risk");
      must(!(robust.log_survival[i] < 0.0) && !(robust.cumhaz[i] < 0.0), "variances are >= 0");
      must(std::isnan(robust.cumhaz[i]) == lone || std::isnan(fit.std_chaz[i]) || !std::isfinite(fit.std_chaz[i]),
           "a variance wherever there are two clusters");
      must(0.0 <= low[i] && low[i] <= fit.estimate[i] && fit.estimate[i] <= high[i] && high[i] <= 1.0,
           "0 <= low <= S <= high <= 1");
    }
  const std::size_t width = n_group * options.at.size();
  must(drawn.estimate.size() == width && drawn.replicates.size() == options.replicates * width, "sizes");
  must(drawn.replicates.empty() || std::memcmp(drawn.replicates.data(), again.replicates.data(),
                                               drawn.replicates.size() * sizeof(double)) == 0,
       "threads change no bit");
  for (const auto* values : {&drawn.estimate, &drawn.replicates, &drawn.jackknife})
    for (double x : *values) {
      must(!(x < 0.0) || options.statistic == CurveStatistic::quantile, "shares and areas are >= 0");
      must(options.statistic != CurveStatistic::survival || !(x > 1.0), "S <= 1");
    }
  return 0;
}
