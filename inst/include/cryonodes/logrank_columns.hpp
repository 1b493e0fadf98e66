#ifndef CRYONODES_LOGRANK_COLUMNS_HPP
#define CRYONODES_LOGRANK_COLUMNS_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "cryonodes/counted_rows.hpp"
#include "cryonodes/error.hpp"
#include "cryonodes/logrank.hpp"
#include "cryonodes/ordered_rows.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/risk_table.hpp"
#include "cryonodes/span.hpp"
#include "cryonodes/tails.hpp"
#include "cryonodes/threads.hpp"
#include "cryonodes/timeline.hpp"

namespace cryonodes {

/// Many cohorts of n rows each, one after the other.
struct CohortColumns {
  std::size_t n = 0;
  span<const double> time; ///< n for each cohort
  span<const int> event;   ///< as many, or n for all cohorts
  span<const int> group;   ///< likewise; codes in [0, n_group)
  std::size_t n_group = 2;
};

/// One entry per cohort.
struct LogrankColumns {
  std::vector<double> statistic, df, log_p_value; ///< NaN where the test is undefined, df 0
  std::vector<double> z; ///< of two groups: score of the second over the root of its variance; else NaN
  std::vector<double> n_event;
};

/// A log-rank test of each cohort; see logrank().
/// @param solve quadratic form of a LogrankResult of more than two groups; called from several threads at a time.
/// @throws input_error when lengths or codes do not fit. O(cohorts n log n).
template <class Solve>
LogrankColumns logrank_columns(const CohortColumns& in, const LogrankOptions& options, Ties ties, std::size_t threads,
                               Solve solve, const Poll& poll = {}) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const std::size_t n = in.n, k = in.n_group, cohorts = n > 0 ? in.time.size() / n : 0;
  const auto fits = [&](span<const int> codes) { return codes.size() == n || codes.size() == n * cohorts; };
  detail::require(in.time.size() == n * cohorts && fits(in.event) && fits(in.group), "the columns differ in length");
  LogrankColumns out;
  for (auto* column : {&out.statistic, &out.df, &out.log_p_value, &out.z, &out.n_event})
    column->assign(cohorts, nan);
  const auto codes_of = [n](span<const int> codes, std::size_t j) {
    return span<const int>(codes.data() + (codes.size() == n ? 0 : n * j), n);
  };
  // What one cohort takes is little beside what a thread costs to start.
  constexpr std::size_t block = 64;
  const auto work = [&](std::size_t b, std::size_t) {
    for (std::size_t j = b * block; j < std::min(cohorts, (b + 1) * block); ++j) {
      const span<const double> time(in.time.data() + n * j, n);
      const auto event = codes_of(in.event, j), group = codes_of(in.group, j);
      auto rows = order_rows(time, event, group, k, ties);
      LogrankResult fit;
      if (rows.ordered)
        fit = logrank(*rows.ordered, k, options);
      else if (rows.counted)
        fit = logrank(*rows.counted, k, options);
      else
        fit = logrank(make_risk_table(make_timeline(time, ties), event, group, k), k, options);
      out.n_event[j] = 0.0;
      for (double d : fit.observed)
        out.n_event[j] += d;
      out.df[j] = static_cast<double>(fit.rank());
      if (fit.rank() == 0)
        continue;
      if (k == 2)
        out.z[j] = fit.score[1] / std::sqrt(fit.covariance[0]);
      out.statistic[j] = k == 2 ? out.z[j] * out.z[j] : solve(fit);
      out.log_p_value[j] = log_chisq_upper(out.statistic[j], out.df[j]);
    }
  };
  for_each_block((cohorts + block - 1) / block, threads, work, poll);
  return out;
}

} // namespace cryonodes

#endif
