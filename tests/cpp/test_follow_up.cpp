#include "cryonodes/follow_up.hpp"

#include "catch.h"

#include <cmath>
#include <vector>

#include "cryonodes/kaplan_meier.hpp"

using namespace cryonodes;
using Doubles = std::vector<double>;
using Codes = std::vector<int>;

namespace {

bool near(double value, double truth) { return std::fabs(value - truth) <= 1e-14 * std::fmax(1.0, std::fabs(truth)); }

RiskTable one_group(const Doubles& time, const Codes& event, const Doubles& weight = {}) {
  return make_risk_table(make_timeline(time, Ties::exact), event, Codes(time.size(), 0), 1, weight);
}

} // namespace

TEST_CASE("reverse Kaplan-Meier by hand: the event comes before the censorings of its time") {
  const auto table = one_group({2, 2, 3, 3, 5, 7, 8}, {1, 0, 1, 0, 0, 1, 0});
  const auto fit = kaplan_meier(censoring_table(table));
  // At 2 six are left when the dead one is out: 5/6. At 3, four: 5/6 * 3/4 = 5/8. At 5, three: 5/12. At 8, one: 0.
  const double g[] = {5.0 / 6, 5.0 / 8, 5.0 / 12, 5.0 / 12, 0.0};
  for (std::size_t i = 0; i < 5; ++i)
    CHECK(near(fit.estimate[i], g[i]));
  CHECK(near(fit.std_error[1], 5.0 / 8 * std::sqrt(1.0 / 30 + 1.0 / 12)));
  // S(t) G(t) is the share still there after t.
  const auto forward = kaplan_meier(table);
  const double left[] = {5, 3, 2, 1, 0};
  for (std::size_t i = 0; i < 5; ++i)
    CHECK(near(forward.estimate[i] * fit.estimate[i], left[i] / 7));
}

TEST_CASE("plain summaries by hand") {
  // Eight times: quarters fall on steps, so the quantiles are the means of neighbours.
  const Doubles time{1, 2, 4, 8, 16, 32, 64, 128};
  const auto table = one_group(time, {1, 0, 1, 0, 1, 0, 1, 0});
  const auto all = summarise_times(table, Doubles(8, 1.0));
  CHECK(all.n[0] == 8);
  CHECK(near(all.mean[0], 255.0 / 8));
  CHECK(all.q25[0] == 3);
  CHECK(all.median[0] == 12);
  CHECK(all.q75[0] == 48);
  CHECK(all.min[0] == 1);
  CHECK(all.max[0] == 128);
  const auto free = summarise_times(table, table.n_censor);
  CHECK(free.n[0] == 4);
  CHECK(free.q25[0] == 5); // 2, 8, 32, 128
  CHECK(free.median[0] == 20);
  // Weight 2 is two rows: 1, 1, 2 has median 1.
  CHECK(summarise_times(one_group({1, 2}, {1, 0}, {2, 1}), Doubles{2, 1}).median[0] == 1);
  const auto nobody = summarise_times(table, Doubles(8, 0.0));
  CHECK(std::isnan(nobody.median[0]));
  CHECK(std::isnan(nobody.mean[0]));
  // The middle of two times near the largest double is one of them.
  const auto huge = one_group({1.6e308, 1.7e308}, {0, 0});
  CHECK(near(summarise_times(huge, huge.n_censor).median[0] / 1e308, 1.65));
  CHECK(std::isfinite(summarise_times(huge, huge.n_censor).mean[0]));
  CHECK_THROWS_AS(summarise_times(table, Doubles{1}), input_error);
}

TEST_CASE("completeness by hand") {
  // Dead at 4; lost at 3 of 10; followed to the end at 6; observed 13, possible 4 + 10 + 6.
  const Doubles time{4, 3, 6}, potential{10, 10, 6};
  const Codes event{1, 0, 0}, group{0, 0, 0};
  const auto table = one_group(time, event);
  CHECK(near(completeness(table, potential, event, group)[0], 13.0 / 20));
  // Ten for everyone: 13 / 24. As one number or three the same.
  CHECK(near(completeness(table, Doubles{10})[0], 13.0 / 24));
  CHECK(completeness(table, Doubles{10, 10, 10}, event, group)[0] == completeness(table, Doubles{10})[0]);
  // Weight 2 for the lost one: 16 / (4 + 20 + 6).
  const Doubles weight{1, 2, 1};
  CHECK(near(completeness(one_group(time, event, weight), potential, event, group, weight)[0], 16.0 / 30));
  CHECK(std::isnan(completeness(one_group({0}, {0}), Doubles{0})[0]));
  CHECK(near(completeness(one_group({1e308, 1e308}, {0, 0}), Doubles{1.5e308})[0], 2.0 / 3));
  CHECK_THROWS_AS(completeness(table, Doubles{1, 2}, event, group), input_error);
  CHECK_THROWS_AS(completeness(table, Doubles{-1.0}), input_error);
}
