#include "cryonodes/melded_median.hpp"

#include "catch.h"

#include <cmath>
#include <random>
#include <vector>

#include "cryonodes/timeline.hpp"

using namespace cryonodes;
using Doubles = std::vector<double>;

namespace {

bool near(double value, double truth, double tolerance = 1e-12) {
  return value == truth || std::fabs(value - truth) <= tolerance * std::fmax(1.0, std::fabs(truth));
}

std::vector<TimeLaws> laws_of(const Doubles& one, const Doubles& two, double prob = 0.5) {
  Doubles time(one);
  time.insert(time.end(), two.begin(), two.end());
  std::vector<int> group(one.size(), 0);
  group.resize(time.size(), 1);
  const RiskTable table =
      make_risk_table(make_timeline(time, Ties::exact), std::vector<int>(time.size(), 1), group, 2);
  return {quantile_laws(table, 0, prob), quantile_laws(table, 1, prob)};
}

} // namespace

TEST_CASE("two samples of three, by hand") {
  // Of three, 0, 1, 2, 3 lie below the median with 1/8, 3/8, 3/8, 1/8. The lower law of 4, 5, 6 has these at 0, 4, 5,
  // 6, the upper law of 1, 2, 3 at 1, 2, 3 and infinity: P(lower <= upper) = 1/8 + 7/8 1/8 = 15/64.
  const auto laws = laws_of({1, 2, 3}, {4, 5, 6});
  CHECK(laws[1].lower.at == Doubles({0, 4, 5, 6}));
  CHECK(near(laws[1].lower.upto[1], 0.5));
  CHECK(laws[0].upper.at == Doubles({1, 2, 3}));
  CHECK(near(laws[0].upper.upto[2], 7.0 / 8));
  CHECK(near(melded_times(laws[0], laws[1], 0.95).log_p_value, std::log(30.0 / 64)));
  // Differences of lower and upper: minus infinity has 1/8; -3 (0 less 3) the next 3/64, -2 3/64 more, -1 (0 less 1)
  // 1/64 more, 1 (4 less 3) 9/64 more.
  CHECK(near(melded_times(laws[0], laws[1], 1 - 2 * 0.13).conf_low, -3.0));
  CHECK(near(melded_times(laws[0], laws[1], 1 - 2 * 0.18).conf_low, -2.0));
  CHECK(near(melded_times(laws[0], laws[1], 1 - 2 * 0.23).conf_low, -1.0));
  CHECK(near(melded_times(laws[0], laws[1], 1 - 2 * 0.30).conf_low, 1.0));
  CHECK(std::isinf(melded_times(laws[0], laws[1], 0.95).conf_low));
}

TEST_CASE("limits are the quantiles of all differences, listed and sorted") {
  std::mt19937 random(5);
  for (int round = 0; round < 30; ++round) {
    Doubles one(3 + random() % 12), two(3 + random() % 12);
    for (auto* sample : {&one, &two})
      for (double& x : *sample)
        x = static_cast<double>(random() % 40) / 4;
    const auto laws = laws_of(one, two, round % 2 == 0 ? 0.5 : 0.7);
    const double level = 0.5 + 0.1 * static_cast<double>(round % 5);
    std::vector<std::pair<double, double>> all; // difference, mass
    const TimeLaw &x = laws[1].lower, &y = laws[0].upper;
    for (std::size_t i = 0; i < x.at.size(); ++i)
      for (std::size_t j = 0; j < y.at.size(); ++j)
        all.push_back({x.at[i] - y.at[j],
                       (x.upto[i] - (i > 0 ? x.upto[i - 1] : 0)) * (y.upto[j] - (j > 0 ? y.upto[j - 1] : 0))});
    std::sort(all.begin(), all.end());
    double sum = 1.0 - y.upto.back(), found = -std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < all.size() && sum <= 0.5 * (1 - level); ++i) {
      sum += all[i].second;
      found = all[i].first;
    }
    CHECK(near(melded_times(laws[0], laws[1], level).conf_low, found));
  }
}
