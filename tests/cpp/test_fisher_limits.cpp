// The two-sided methods of Fisher's exact test: p in whole numbers, limits against p itself. Golden numbers are
// compared in tests/testthat/test-fisher_methods.R.

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <vector>

#include "catch.h"

#include "cryonodes/fisher.hpp"
#include "cryonodes/fisher_batch.hpp"

using cryonodes::fisher;
using cryonodes::FisherMethod;
using cryonodes::FisherOptions;
using cryonodes::Sides;
using cryonodes::detail::Natural;

namespace {

using Table = std::array<double, 4>;

constexpr std::array<FisherMethod, 3> methods = {FisherMethod::minlike, FisherMethod::central, FisherMethod::blaker};

FisherOptions chosen(FisherMethod method, bool mid_p = false, double odds_ratio = 1.0, bool conf_int = false) {
  FisherOptions options;
  options.method = method;
  options.mid_p = mid_p;
  options.odds_ratio = odds_ratio;
  options.conf_int = conf_int;
  return options;
}

double p(const Table& table, FisherMethod method, bool mid_p, double odds_ratio = 1.0) {
  return fisher(table, chosen(method, mid_p, odds_ratio)).p_value;
}

bool near(double value, double truth, double tolerance) { return std::fabs(value / truth - 1.0) <= tolerance; }

std::uint64_t choose(int n, int k) {
  std::uint64_t out = 1;
  for (int i = 1; i <= k; ++i)
    out = out * static_cast<std::uint64_t>(n - k + i) / static_cast<std::uint64_t>(i);
  return out;
}

/// Twice the p-value times the number of all arrangements, in whole numbers, at the odds ratio 1.
std::uint64_t twice(const std::vector<std::uint64_t>& weight, std::size_t x, FisherMethod method, bool mid_p) {
  std::vector<std::uint64_t> below(weight.size()), above(weight.size());
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < weight.size(); ++i)
    below[i] = total += weight[i];
  for (std::size_t i = 0; i < weight.size(); ++i)
    above[i] = total - below[i] + weight[i];
  const auto statistic = [&](std::size_t i) {
    return method == FisherMethod::minlike ? weight[i] : std::min(below[i], above[i]);
  };
  if (method == FisherMethod::central)
    return std::min(2 * total, 4 * statistic(x) - (mid_p ? 2 * weight[x] : 0));
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < weight.size(); ++i)
    if (statistic(i) <= statistic(x))
      sum += (statistic(i) == statistic(x) && mid_p ? 1 : 2) * weight[i];
  return sum;
}

} // namespace

TEST_CASE("each method and its mid-p have the p-values of whole numbers in all tables of up to 17") {
  double worst = 0.0;
  int tables = 0;
  for (int m = 1; m <= 16; ++m)
    for (int n = 1; m + n <= 17; ++n)
      for (int k = 1; k < m + n; ++k) {
        const int low = std::max(0, k - n), high = std::min(k, m);
        std::vector<std::uint64_t> weight;
        std::uint64_t total = 0;
        for (int x = low; x <= high; ++x) {
          weight.push_back(choose(m, x) * choose(n, k - x));
          total += weight.back();
        }
        for (int x = low; x <= high; ++x) {
          const Table table = {double(x), double(k - x), double(m - x), double(n - k + x)};
          for (const auto method : methods)
            for (const bool mid_p : {false, true}) {
              const double truth = double(twice(weight, std::size_t(x - low), method, mid_p)) / (2.0 * double(total));
              worst = std::max(worst, std::fabs(p(table, method, mid_p) / truth - 1.0));
              ++tables;
            }
        }
      }
  CHECK(tables > 15000);
  CHECK(worst < 1e-13);
}

namespace {

/// P(x) times one and the same whole number, for x = low, ..., high.
std::vector<Natural> whole_weights(std::uint64_t m, std::uint64_t n, std::uint64_t k, std::uint64_t low,
                                   std::uint64_t high) {
  std::vector<Natural> out;
  for (std::uint64_t x = low; x <= high; ++x) {
    Natural weight(1);
    for (std::uint64_t y = low; y < high; ++y) // a step up from y: its numerator below x, else its denominator
      weight.times(y < x ? (m - y) * (k - y) : (y + 1) * (n - k + y + 1));
    out.push_back(weight);
  }
  return out;
}

/// The quotient of two sums of weights, `doubled` counted twice, over twice the sum of all.
double half_quotient(const std::vector<Natural>& weight, const std::vector<int>& times) {
  Natural part(0), all(0);
  for (std::size_t i = 0; i < weight.size(); ++i) {
    for (int t = 0; t < times[i]; ++t)
      part = part.plus(weight[i]);
    all = all.plus(weight[i]).plus(weight[i]);
  }
  std::int64_t part_power = 0, all_power = 0;
  const double fraction = part.mantissa(part_power) / all.mantissa(all_power);
  return std::ldexp(fraction, static_cast<int>(part_power - all_power));
}

} // namespace

TEST_CASE("tables near to and far from their mode have the p-values of whole numbers") {
  std::uint64_t state = 1;
  const auto drawn = [&state](std::uint64_t low, std::uint64_t high) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return low + (state >> 33) % (high - low + 1);
  };
  double worst = 0.0;
  int n_far = 0, n_out = 0;
  for (int i = 0; i < 300; ++i) {
    // Every third has equal columns, so that counts on both sides tie; every tenth is as large as factorials go; two of
    // ten have one large cell, and up to 512 in all.
    const bool large = i % 10 == 0, lopsided = i % 10 == 4 || i % 10 == 8;
    const std::uint64_t m = large ? drawn(1500, 2500) : lopsided ? drawn(15, 40) : drawn(20, 90);
    const std::uint64_t n = large ? 4096 - m : lopsided ? drawn(440, 512 - m) : i % 3 == 0 ? m : drawn(20, 90);
    const std::uint64_t k = large ? drawn(40, 60) : lopsided ? drawn(15, 40) : drawn(10, m + n - 10);
    const std::uint64_t low = k > n ? k - n : 0, high = std::min(k, m), x = lopsided ? drawn(0, 3) : drawn(low, high);
    const auto weight = whole_weights(m, n, k, low, high);
    const Table table = {double(x), double(k - x), double(m - x), double(n - k + x)};
    n_far += cryonodes::detail::ClosedP::far({std::int64_t(m), std::int64_t(n), std::int64_t(k), std::int64_t(x)});
    for (const bool mid_p : {false, true}) {
      std::vector<int> less, greater, minlike;
      for (std::uint64_t y = low; y <= high; ++y) {
        const int order = weight[y - low].compare(weight[x - low]), full = mid_p ? 1 : 2;
        less.push_back(y < x ? 2 : y == x ? full : 0);
        greater.push_back(y > x ? 2 : y == x ? full : 0);
        minlike.push_back(order < 0 ? 2 : order == 0 ? full : 0);
      }
      const double lower = half_quotient(weight, less), upper = half_quotient(weight, greater);
      FisherOptions options = chosen(FisherMethod::minlike, mid_p);
      const auto off = [&](double truth) {
        const auto found = fisher(table, options);
        worst = std::max(worst, std::fabs(found.p_value / truth - 1.0));
        worst = std::max(worst, std::fabs(found.log_p_value - std::log(truth)) / std::max(1.0, -std::log(truth)));
        n_out += truth < 1e-10;
      };
      off(half_quotient(weight, minlike));
      options.method = FisherMethod::central;
      off(std::min(1.0, 2.0 * std::min(lower, upper)));
      options.sides = Sides::less;
      off(lower);
      options.sides = Sides::greater;
      off(upper);
    }
  }
  CHECK(n_far > 40);
  CHECK(n_out > 40);
  CHECK(worst < 1e-13);

  // Two of C(1400, 700) arrangements: 1400! over 700! twice.
  Natural numerator(1), denominator(1);
  for (std::uint64_t i = 1; i <= 700; ++i) {
    numerator.times(700 + i);
    denominator.times(i);
  }
  std::int64_t up = 0, down = 0;
  const double quotient = numerator.mantissa(up) / denominator.mantissa(down);
  const double log_p = std::log(2.0) - std::log(quotient) - double(up - down) * std::log(2.0);
  for (const auto method : methods) {
    CHECK(p({700, 0, 0, 700}, method, false) == 0.0); // below the least double
    CHECK(near(fisher({700, 0, 0, 700}, chosen(method)).log_p_value, log_p, 1e-14));
  }
}

TEST_CASE("half of the table observed is taken off a tail also where log p is of the order of -1e16") {
  const double most = 9007199254740992.0;
  FisherOptions options = chosen(FisherMethod::minlike, true, 2.0);
  options.sides = Sides::greater;
  for (const double less : {6.0, 7.0, 8.0, 9.0, 10.0, 11.0}) {
    const double log_p = fisher({most - less, 11, 5, most - 9.0}, options).log_p_value;
    CHECK(std::isfinite(log_p));
    CHECK(log_p < -9e15);
  }
}

TEST_CASE("whole numbers: what all tables make together is 1 to the last bit, half of a symmetric one with it") {
  FisherOptions options = chosen(FisherMethod::central);
  const auto both = [&](const Table& table) {
    const auto found = fisher(table, options);
    CHECK(found.p_value == 1.0);
    CHECK(found.log_p_value == 0.0);
  };
  both({1, 2, 2, 1}); // weights 1, 9, 9, 1
  both({499, 500, 500, 499});
  options.sides = Sides::greater;
  both({0, 1, 2, 5});
  both({0, 3, 3, 1000});
  options.sides = Sides::less;
  both({3, 1, 0, 6});
  // Of 1003 two are drawn, 1001 are red: none red once in 1003 * 1002 / 2.
  options.sides = Sides::greater;
  CHECK(near(fisher({1, 1, 1000, 1}, options).log_p_value, std::log1p(-2.0 / (1003.0 * 1002.0)), 1e-13));
}

TEST_CASE("Blaker's tails are compared exactly where they tie, and where they all but tie") {
  // Columns of equal size: the two outer tails of (x, k - x) mirror each other.
  CHECK(fisher({1, 5, 5, 1}, chosen(FisherMethod::blaker)).decided_exactly);
  // (1, 1; 1, 1) at w = sqrt(2) - ..: P(X <= 0) = P(X >= 2) at w = 1; at 4 + eps weights 1, 16, 16(1 + eps).
  CHECK(p({2, 0, 0, 2}, FisherMethod::blaker, false) == p({0, 2, 2, 0}, FisherMethod::blaker, false));
  CHECK(near(p({2, 0, 0, 2}, FisherMethod::blaker, false), 2.0 / 6, 1e-14));
  CHECK(near(p({2, 0, 0, 2}, FisherMethod::blaker, true), 1.0 / 6, 1e-14));
  const double above = std::nextafter(1.0, 2.0), below = std::nextafter(1.0, 0.0);
  CHECK(near(p({2, 0, 0, 2}, FisherMethod::blaker, false, above), 2.0 / 6, 1e-14)); // lower tail now the smaller
  CHECK(near(p({2, 0, 0, 2}, FisherMethod::blaker, false, below), 1.0 / 6, 1e-14));
  CHECK(near(p({0, 2, 2, 0}, FisherMethod::blaker, false, above), 1.0 / 6, 1e-14));
  // Wide: a mirror image that ties but for the last bit of omega, decided by 256-bit sums.
  const Table wide = {230, 270, 270, 230};
  const double tied = p(wide, FisherMethod::blaker, false), upper = p(wide, FisherMethod::blaker, false, above),
               lower = p(wide, FisherMethod::blaker, false, below);
  const double one = 0.5 * tied;
  CHECK(near(std::max(upper, lower), tied, 1e-12));
  CHECK(std::min(upper, lower) < tied * (1.0 - 1e-3)); // one of 270 counts less
  CHECK(std::min(upper, lower) > one);
  // The same where tails are integrals.
  const Table wider = {5e8 - 2e4, 5e8 + 2e4, 5e8 + 2e4, 5e8 - 2e4};
  CHECK(near(p(wider, FisherMethod::blaker, false), p(wider, FisherMethod::central, false), 1e-12));
  CHECK(near(p(wider, FisherMethod::blaker, false), p(wider, FisherMethod::minlike, false), 1e-12));
}

TEST_CASE("p is the same whether tables are walked through or integrated, for each method") {
  // A table whose standard deviation is just below and one just above the border of walking.
  for (const double s : {500.0, 2e3, 6e5, 3e6}) {
    const double off = std::floor(1.1 * std::sqrt(s)) + 3;
    const Table table = {s - off, 2 * s + off, s + off, 2 * s - off};
    for (const bool mid_p : {false, true}) {
      const double minlike = p(table, FisherMethod::minlike, mid_p), central = p(table, FisherMethod::central, mid_p),
                   blaker = p(table, FisherMethod::blaker, mid_p);
      // Equal columns, k = 3s of 6s: both tails mirror each other, so all three agree.
      CHECK(near(minlike, central, 1e-12));
      CHECK(near(blaker, central, 1e-12));
      FisherOptions less = chosen(FisherMethod::minlike, mid_p);
      less.sides = Sides::less;
      CHECK(near(central, 2.0 * fisher(table, less).p_value, 1e-12));
    }
    CHECK(p(table, FisherMethod::minlike, true) < p(table, FisherMethod::minlike, false));
  }
}

TEST_CASE("right of its edges the p of minlike rises from edge to edge") {
  // What the search for its limits relies on (fisher_limits.hpp), in all tables of up to 30 and some wider ones.
  std::vector<std::array<int, 3>> margins;
  for (int all = 2; all <= 30; ++all)
    for (int m = 1; 2 * m <= all; ++m)
      for (int k = 1; 2 * k <= all; ++k)
        margins.push_back({m, all - m, k});
  for (const auto& more : {std::array<int, 3>{60, 60, 40}, {100, 20, 55}, {7, 4000, 300}, {80, 3000, 90}})
    margins.push_back(more);
  int compared = 0, falls = 0;
  for (const auto& [m, n, k] : margins) {
    const int low = std::max(0, k - n), high = std::min(k, m);
    std::vector<double> log_weight = {0.0};
    for (int x = low; x < high; ++x)
      log_weight.push_back(log_weight.back() + std::log(double(m - x) * (k - x) / (double(x + 1) * (n - k + x + 1))));
    for (std::size_t a = 1; a < log_weight.size(); ++a) {
      double before = 0.0;
      for (std::size_t y = 0; y < a; ++y) {
        const double theta = (log_weight[y] - log_weight[a]) / double(a - y);
        double total = 0.0, counted = 0.0;
        for (std::size_t x = 0; x < log_weight.size(); ++x) {
          const double u = std::exp(log_weight[x] - log_weight[a] + theta * (double(x) - double(a)));
          total += u;
          counted += x <= y || x >= a ? u : 0.0;
        }
        falls += counted / total <= before;
        before = counted / total;
        ++compared;
      }
    }
  }
  CHECK(compared > 10000);
  CHECK(falls == 0);
}

TEST_CASE("outside the limits of each method p is below alpha, inside it is not but in the gaps told") {
  int inside = 0, in_gap = 0;
  for (const Table& table : {Table{3, 1, 1, 3}, Table{7, 12, 15, 5}, Table{7, 255, 30, 464}, Table{0, 8, 7, 5},
                             Table{20, 40, 38, 106}, Table{100, 1, 2, 100}, Table{2, 9, 11, 4}}) {
    for (const auto method : methods)
      for (const bool mid_p : {false, true}) {
        auto options = chosen(method, mid_p, 1.0, true);
        options.gaps = true;
        const auto test = fisher(table, options);
        for (double theta = -9.0; theta < 13.0; theta += 0.037) {
          const double omega = std::exp(theta);
          const bool kept = p(table, method, mid_p, omega) >= 0.05;
          bool told = false;
          for (const auto& gap : test.gaps)
            told = told || (omega > gap[0] && omega < gap[1]);
          const bool within = omega >= test.conf_low && omega <= test.conf_high && !told;
          CHECK(kept == within);
          inside += within;
          in_gap += told;
        }
        for (const auto& gap : test.gaps)
          CHECK(p(table, method, mid_p, 0.5 * (gap[0] + gap[1])) < 0.05);
      }
  }
  CHECK(inside > 1000);
}

TEST_CASE("limits of wide tables go over into those of wider ones") {
  // On the scale of standard errors they come to those of the normal distribution; 1e-3 is far above the jumps of p.
  for (const double s : {1e6, 3e7, 1e9, 1e12, 1e15}) {
    const double off = std::floor(std::sqrt(s));
    const Table table = {s - off, s + off, s + off, s - off};
    const double centre = std::log((s - off) / (s + off)) * 2.0, error = std::sqrt(4.0 / s);
    for (const auto method : methods)
      for (const bool mid_p : {false, true}) {
        const auto test = fisher(table, chosen(method, mid_p, 1.0, true));
        CHECK(std::fabs((std::log(test.conf_low) - centre) / error + 1.959964) < 5e-3);
        CHECK(std::fabs((std::log(test.conf_high) - centre) / error - 1.959964) < 5e-3);
      }
  }
}

TEST_CASE("a level that a two-sided mid-p cannot serve is refused") {
  auto options = chosen(FisherMethod::blaker, true, 1.0, true);
  options.conf_level = 0.49;
  CHECK_THROWS_AS(fisher({3, 1, 1, 3}, options), cryonodes::input_error);
  options.method = FisherMethod::central;
  CHECK(fisher({3, 1, 1, 3}, options).conf_low > 0.0);
  options.sides = Sides::less;
  CHECK(std::isfinite(fisher({3, 1, 1, 3}, options).conf_high));
}

TEST_CASE("a batch has the results of single tables, with any number of threads, and says where a count is none") {
  std::vector<double> a, b, c, d;
  std::uint32_t state = 1;
  const auto draw = [&](std::uint32_t most) {
    state = state * 1664525u + 1013904223u;
    return double((state >> 8) % most);
  };
  for (int i = 0; i < 3000; ++i) {
    a.push_back(draw(i % 3 == 0 ? 4 : 40));
    b.push_back(draw(9));
    c.push_back(draw(30));
    d.push_back(1 + draw(i % 500 == 0 ? 200000 : i % 7 == 0 ? 2000 : 12)); // some too large to be remembered
  }
  std::size_t n_empty = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    n_empty += a[i] + b[i] == 0.0 || a[i] + c[i] == 0.0 ? 1U : 0U;
  CHECK(n_empty > 10);
  std::vector<int> whole(c.begin(), c.end());
  const std::size_t n = a.size();
  for (const auto method : methods) {
    auto options = chosen(method, method == FisherMethod::central, 1.0, true);
    std::vector<double> x[2][5];
    for (const std::size_t threads : {std::size_t{1}, std::size_t{3}}) {
      auto& out = x[threads > 1];
      for (auto& column : out)
        column.assign(n, -1.0);
      const auto end = cryonodes::fisher_batch(
          {cryonodes::CountColumn{a.data(), nullptr, n}, {b.data(), nullptr, n}, {nullptr, whole.data(), n},
           {d.data(), nullptr, n}},
          n, options, {out[0].data(), out[1].data(), out[2].data(), out[3].data(), out[4].data()}, threads);
      CHECK(end.done == n);
      CHECK(end.n_empty == n_empty);
    }
    int wrong = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const auto test = fisher({a[i], b[i], c[i], d[i]}, options);
      const double own[] = {test.p_value, test.log_p_value, test.estimate, test.conf_low, test.conf_high};
      for (std::size_t j = 0; j < 5; ++j)
        for (const auto& out : x)
          wrong += !(out[j][i] == own[j] || (std::isnan(out[j][i]) && std::isnan(own[j])));
    }
    CHECK(wrong == 0);
  }
  // P-values alone, where images of a table share a place: rows, columns or both the other way round, and transposed.
  for (const auto method : methods)
    for (const auto sides : {Sides::two, Sides::less, Sides::greater})
      for (const double odds_ratio : {1.0, 1.7}) {
        auto options = chosen(method, false, odds_ratio);
        options.sides = sides;
        options.conf_int = options.estimate = false;
        std::vector<double> cells[4], p(8 * 200), log_p(p.size());
        for (std::size_t i = 0; i < 200; ++i)
          for (const auto& image : {std::array<double, 4>{a[i], b[i], c[i], d[i]}, {a[i], c[i], b[i], d[i]},
                                    {b[i], a[i], d[i], c[i]}, {b[i], d[i], a[i], c[i]}, {c[i], a[i], d[i], b[i]},
                                    {c[i], d[i], a[i], b[i]}, {d[i], b[i], c[i], a[i]}, {d[i], c[i], b[i], a[i]}})
            for (std::size_t j = 0; j < 4; ++j)
              cells[j].push_back(image[j]);
        const auto column = [&](std::size_t j) { return cryonodes::CountColumn{cells[j].data(), nullptr, p.size()}; };
        CHECK(cryonodes::fisher_batch({column(0), column(1), column(2), column(3)}, p.size(), options,
                                      {p.data(), log_p.data()}).done == p.size());
        int wrong = 0;
        for (std::size_t i = 0; i < p.size(); ++i) {
          const auto test = fisher({cells[0][i], cells[1][i], cells[2][i], cells[3][i]}, options);
          wrong += p[i] != test.p_value || log_p[i] != test.log_p_value;
        }
        CHECK(wrong == 0);
      }
  std::vector<double> p_value(n), log_p(n);
  const auto run = [&] {
    return cryonodes::fisher_batch({cryonodes::CountColumn{a.data(), nullptr, n}, {b.data(), nullptr, n},
                                    {c.data(), nullptr, n}, {d.data(), nullptr, n}},
                                   n, chosen(FisherMethod::minlike), {p_value.data(), log_p.data()});
  };
  for (const double bad : {-1.0, 0.5, 1e16, std::numeric_limits<double>::quiet_NaN(),
                           std::numeric_limits<double>::infinity()}) {
    const double kept = a[1234];
    a[1234] = bad;
    CHECK(run().done == 1234);
    a[1234] = kept;
  }
  CHECK(run().done == n);
  CHECK_THROWS_AS(cryonodes::fisher_batch({cryonodes::CountColumn{a.data(), nullptr, n}, {b.data(), nullptr, n},
                                           {c.data(), nullptr, n}, {d.data(), nullptr, n}},
                                          n, chosen(FisherMethod::minlike), {p_value.data(), log_p.data()}, 2,
                                          [](double) { throw std::runtime_error("stop"); }),
                  std::runtime_error);
}
