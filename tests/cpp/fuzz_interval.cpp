// Hostile counts through every kind of interval, and the bands over them. Only two endings are allowed: limits that
// keep the invariants below, or a cryonodes::error.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cryonodes/confidence_band.hpp"
#include "cryonodes/interval.hpp"
#include "cryonodes/kaplan_meier.hpp"
#include "fuzz_bytes.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cryonodes;
  if (size < 8)
    return 0;
  const std::uint8_t* option = data + size - 8;
  Reader reader{data, size - 8};
  const std::size_t n = 1 + option[1] % 24U;
  const bool weighted = option[4] % 3U == 0, delayed = option[3] % 4U == 0;
  std::vector<double> time(n), entry(delayed ? n : 0), weight(weighted ? n : 0);
  std::vector<int> event(n), group(n, 0);
  for (std::size_t i = 0; i < n; ++i) {
    time[i] = 1.0 + reader.byte() % 16;
    event[i] = reader.byte() % 2;
    if (delayed)
      entry[i] = reader.byte() % 16 * 0.1 * time[i] / 2.0;
  }
  for (double& w : weight)
    w = option[2] % 2U ? std::fabs(reader.number()) : reader.byte() % 4;

  const auto type = static_cast<ConfType>(option[5] % 9U);
  KaplanMeierOptions options, wider;
  options.conf_type = wider.conf_type = type;
  options.conf_lower = wider.conf_lower = static_cast<ConfLower>(option[0] % 3U);
  options.conf_level = 0.5 + 0.49 * static_cast<double>(option[6]) / 255.0;
  wider.conf_level = 0.995;
  RiskTable table;
  KaplanMeierResult fit, wide;
  try {
    table = make_risk_table(make_timeline(time, Ties::exact, entry), event, group, 1, weight);
    fit = kaplan_meier(table, options);
    wide = kaplan_meier(table, wider);
  } catch (const error&) {
    return 0;
  }
  // The mid-p limits of hardly any information and moderate level can miss the estimate: they are an average.
  const bool product = type == ConfType::bpcp || type == ConfType::bpcp_mid_p;
  for (std::size_t i = 0; i < table.rows(); ++i) {
    const double s = fit.estimate[i];
    must(0.0 <= fit.conf_low[i] && fit.conf_low[i] <= fit.conf_high[i] && fit.conf_high[i] <= 1.0,
         "0 <= low <= high <= 1");
    must(wide.conf_low[i] <= fit.conf_low[i] + 1e-12 && fit.conf_high[i] <= wide.conf_high[i] + 1e-12,
         "limits are nested in the level");
    if (!product)
      must(fit.conf_low[i] <= s && s <= fit.conf_high[i], "the interval contains the estimate");
    else if (i > 0)
      must(fit.conf_low[i] <= fit.conf_low[i - 1] && fit.conf_high[i] <= fit.conf_high[i - 1],
           "the beta product's limits do not rise");
    if (!weighted && !delayed)
      must(fit.conf_low[i] < fit.conf_high[i], "an interval is no point");
  }

  if (table.rows() == 0)
    return 0;
  ConfidenceBandOptions band_options;
  band_options.type = option[7] % 2U ? BandType::equal_precision : BandType::hall_wellner;
  band_options.conf_level = options.conf_level;
  band_options.conf_type = static_cast<ConfType>(option[2] % 5U);
  std::size_t rows = 0;
  while (rows < table.rows() && fit.estimate[rows] > 0.0)
    ++rows;
  // A band costs more than all else here.
  if (option[7] % 128U != 0)
    return 0;
  try {
    const auto band = confidence_band({fit.estimate.data(), rows}, {fit.std_error_log.data(), rows},
                                      table.n_risk[0], band_options);
    for (std::size_t i = 0; i < rows; ++i)
      if (!std::isnan(band.conf_low[i]))
        must(0.0 <= band.conf_low[i] && band.conf_low[i] <= fit.estimate[i] &&
                 fit.estimate[i] <= band.conf_high[i] && band.conf_high[i] <= 1.0,
             "a band contains the estimate");
  } catch (const error&) {
  }
  return 0;
}
