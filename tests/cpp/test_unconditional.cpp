#include "cryonodes/unconditional.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "catch.h"

using namespace cryonodes;
using namespace cryonodes::detail;

namespace {

double choose(int n, int k) {
  double out = 1.0;
  for (int i = 1; i <= k; ++i)
    out = out * (n - k + i) / i;
  return out;
}

double pmf(int n, int k, double p) {
  return choose(n, k) * std::pow(p, k) * std::pow(1.0 - p, n - k);
}

double probability(const Staircase& set, int n1, int n2, double p1, double p2) {
  double sum = 0.0;
  for (int i = 0; i <= n1; ++i)
    for (int j = 0; j <= set[static_cast<std::size_t>(i)]; ++j)
      sum += pmf(n1, i, p1) * pmf(n2, j, p2);
  return sum;
}

double at(const Bernstein& c, double t) {
  const int n = static_cast<int>(c.size()) - 1;
  double sum = 0.0;
  for (int k = 0; k <= n; ++k)
    sum += c[static_cast<std::size_t>(k)] * pmf(n, k, t);
  return sum;
}

UnconditionalResult run(const TwoCounts& t, TableOrder order, Sides sides, bool limits = false,
                        TwoSided two = TwoSided::central, Measure measure = Measure::difference) {
  UnconditionalOptions options;
  options.order = order;
  options.sides = sides;
  options.two_sided = two;
  options.conf_int = limits;
  options.measure = order == TableOrder::boschloo ? Measure::odds_ratio : measure;
  return unconditional(t, options);
}

TwoCounts counts(int i, int n1, int j, int n2) {
  return {static_cast<double>(i), static_cast<double>(n1), static_cast<double>(j), static_cast<double>(n2)};
}

} // namespace

TEST_CASE("a Whole adds, multiplies and compares like whole numbers") {
  CHECK(compare(Whole::choose(60, 30) + Whole(1), Whole::choose(60, 30)) > 0);
  // Vandermonde: sum of C(20, k) C(30, 25 - k) = C(50, 25).
  Whole sum;
  for (std::uint32_t k = 0; k <= 20; ++k)
    sum = sum + Whole::choose(20, k) * Whole::choose(30, 25 - k);
  CHECK(compare(sum, Whole::choose(50, 25)) == 0);
  Whole power(1);
  for (int i = 0; i < 5; ++i)
    power.times(0xffffffffu);
  Whole product = Whole(0xffffffffu) * Whole(0xffffffffu) * Whole(0xffffffffu) * Whole(0xffffffffu);
  product.times(0xffffffffu);
  CHECK(compare(power, product) == 0);
  for (int i = 0; i < 5; ++i)
    power.over(0xffffffffu);
  CHECK(compare(power, Whole(1)) == 0);
  CHECK(compare(Whole(0), Whole(0) * Whole(5)) == 0);
}

TEST_CASE("Bernstein polynomials: cutting and restricting keep the values, and the largest is found") {
  Bernstein c{0.1, 0.9, 0.0, 0.3, 0.7, 0.2};
  Bernstein right = c, left;
  cut(right, left, 0.3);
  for (const double t : {0.0, 0.2, 0.77, 1.0}) {
    CHECK(at(left, t) == Approx(at(c, 0.3 * t)).epsilon(1e-14));
    CHECK(at(right, t) == Approx(at(c, 0.3 + 0.7 * t)).epsilon(1e-14));
  }
  for (const auto& [low, high] :
       std::vector<std::pair<double, double>>{{0, 1}, {0.2, 0.6}, {0.4, 0.4}, {1, 1}, {0, 0.1}}) {
    Bernstein part = c;
    restrict_rows(part, part.size(), low, high);
    for (const double t : {0.0, 0.5, 0.9})
      CHECK(at(part, t) == Approx(at(c, low + t * (high - low))).epsilon(1e-13));
  }
  double best = 0.0;
  for (int g = 0; g <= 100000; ++g)
    best = std::max(best, at(c, g / 100000.0));
  const Maximum m = largest({{c, {}}});
  CHECK(m.value == Approx(best).epsilon(1e-9)); // the grid misses the top by its square
  CHECK(m.value >= best * (1 - 1e-11));         // what largest() promises
  CHECK(m.bound <= m.value * (1 + 1e-11));
  CHECK(at(c, m.at) == Approx(m.value).epsilon(1e-12));
  CHECK_THROWS_AS(largest({{c, {}}}, 1e-11, detail::inf, [](double) { throw std::runtime_error("stop"); }),
                  std::runtime_error);
}

TEST_CASE("what the regions rest on: score statistics fall in j and in the value, and rise in i") {
  for (const auto& [n1, n2] : std::vector<std::pair<int, int>>{{1, 1}, {3, 3}, {4, 9}, {12, 5}, {10, 10}, {2, 30}})
    for (const Measure m : {Measure::difference, Measure::ratio, Measure::odds_ratio})
      for (int v = -39; v <= 39; ++v) {
        const double value = m == Measure::difference ? v / 40.0 : std::exp(v / 5.0);
        const double next = m == Measure::difference ? (v + 1) / 40.0 : std::exp((v + 1) / 5.0);
        const bool staircase = m != Measure::odds_ratio; // those do not, and no region is made of them
        for (int i = 0; i <= n1; ++i)
          for (int j = 0; j <= n2; ++j) {
            const double z = score_statistic(counts(i, n1, j, n2), m, value), least = z - slack(z);
            if (i < n1 && staircase)
              CHECK(score_statistic(counts(i + 1, n1, j, n2), m, value) >= least);
            if (j > 0 && staircase)
              CHECK(score_statistic(counts(i, n1, j - 1, n2), m, value) >= least);
            CHECK(score_statistic(counts(i, n1, j, n2), m, next) <= z + slack(z));
            // Of the groups exchanged it is the negative.
            const double back =
                score_statistic(counts(j, n2, i, n1), m, m == Measure::difference ? -value : 1.0 / value);
            CHECK(back == Approx(-z).epsilon(1e-9).margin(1e-12)); // 1 / value is rounded
          }
      }
}

TEST_CASE("what Boschloo's limits rest on: Fisher's p under any odds falls in i, rises in j and in the odds") {
  for (const auto& [n1, n2] : std::vector<std::pair<int, int>>{{3, 3}, {4, 9}, {9, 6}})
    for (int v = -10; v <= 10; ++v) {
      const auto fisher = [&, n1 = n1, n2 = n2](int i, int j, double odds) {
        double tail = 0.0, sum = 0.0;
        for (int k = std::max(0, i + j - n2); k <= std::min(n1, i + j); ++k) {
          const double w = choose(n1, k) * choose(n2, i + j - k) * std::pow(odds, k);
          sum += w;
          tail += k >= i ? w : 0.0;
        }
        return tail / sum;
      };
      const double odds = std::exp(v);
      const Tables tables(n1, n2);
      for (int i = 0; i <= n1; ++i)
        for (int j = 0; j <= n2; ++j) {
          const double p = fisher(i, j, odds), room = 1.0 + 1e-12;
          if (i < n1)
            CHECK(fisher(i + 1, j, odds) <= p * room);
          if (j > 0)
            CHECK(fisher(i, j - 1, odds) <= p * room);
          CHECK(p <= fisher(i, j, 2.0 * odds) * room);
          const Staircase set = fisher_region(tables, i, j, odds, odds);
          for (int a = 0; a <= n1; ++a)
            for (int b = 0; b <= n2; ++b)
              CHECK((b <= set[static_cast<std::size_t>(a)]) == (fisher(a, b, odds) <= p * (1.0 + 1e-10)));
        }
    }
}

TEST_CASE("constrained estimates: the slope of the likelihood along the curve is nothing") {
  for (const auto& t :
       {counts(3, 9, 7, 8), counts(0, 9, 7, 8), counts(0, 5, 0, 6), counts(5, 5, 0, 6), counts(40, 90, 1, 500)})
    for (int v = -19; v <= 19; ++v) {
      const auto loglik = [&](const TwoProbabilities& p) {
        const auto part = [](double x, double n, double q) {
          return (x > 0 ? x * std::log(q) : 0.0) + (n > x ? (n - x) * std::log1p(-q) : 0.0);
        };
        return part(t.x1, t.n1, p.p1) + part(t.x2, t.n2, p.p2);
      };
      const double d = v / 20.0, r = std::exp(v / 4.0);
      const TwoProbabilities best_d = likeliest(t, Measure::difference, d), best_r = likeliest(t, Measure::ratio, r),
                             best_o = likeliest(t, Measure::odds_ratio, r);
      for (int g = 1; g < 400; ++g) {
        const double p2 = g / 400.0;
        if (p2 + d > 0 && p2 + d < 1)
          CHECK(loglik({p2 + d, p2}) <= loglik(best_d) + 1e-9);
        if (p2 * r < 1)
          CHECK(loglik({p2 * r, p2}) <= loglik(best_r) + 1e-9);
        CHECK(loglik({r * p2 / (1 - p2 + r * p2), p2}) <= loglik(best_o) + 1e-9);
      }
    }
}

TEST_CASE("regions hold the tables that a comparison one by one says, ties included") {
  for (const auto& [n1, n2] : std::vector<std::pair<int, int>>{{4, 4}, {6, 3}, {5, 7}, {8, 8}}) {
    const Tables tables(n1, n2);
    // z |z| (n1 n2)^2 / n and Fisher's p times C(n, s), small whole numbers.
    const auto z_over = [&](int i, int j) {
      const std::int64_t d = i * n2 - j * n1;
      return d * std::abs(d);
    };
    const auto z_under = [&](int i, int j) { return std::int64_t{i + j} * (n1 + n2 - i - j); };
    const auto fisher = [&](int i, int j) {
      double sum = 0.0;
      for (int k = i; k <= std::min(n1, i + j); ++k)
        if (i + j - k <= n2)
          sum += choose(n1, k) * choose(n2, i + j - k);
      return std::round(sum);
    };
    for (int a = 0; a <= n1; ++a)
      for (int b = 0; b <= n2; ++b) {
        const Staircase z = walk_edge(n1, n2, [&](int i, int j) { return pooled_at_least(i, j, a, b, n1, n2); });
        const Staircase f = boschloo_region(tables, a, b);
        for (int i = 0; i <= n1; ++i)
          for (int j = 0; j <= n2; ++j) {
            const std::int64_t u = z_under(i, j), u0 = z_under(a, b), o = u == 0 ? 0 : z_over(i, j),
                               o0 = u0 == 0 ? 0 : z_over(a, b);
            CHECK((j <= z[static_cast<std::size_t>(i)]) ==
                  (o * std::max<std::int64_t>(u0, 1) >= o0 * std::max<std::int64_t>(u, 1)));
            // Whole numbers below 2^53.
            CHECK((j <= f[static_cast<std::size_t>(i)]) == (fisher(i, j) * std::round(choose(n1 + n2, a + b)) <=
                                                            fisher(a, b) * std::round(choose(n1 + n2, i + j))));
          }
      }
  }
}

TEST_CASE("the probability along a curve is that of its points") {
  const int n1 = 7, n2 = 5;
  const Tables tables(n1, n2);
  const Staircase set{-1, -1, 0, 0, 2, 3, 3, 4};
  const auto check = [&](const Box& box, Measure measure, double value) {
    for (const Segment& s : curve(box, measure, value, false)) {
      const Quotient q = along(tables, set, s);
      for (const double t : {0.0, 0.25, 0.6, 1.0}) {
        const double p2 = s.from2 + t * (s.to2 - s.from2),
                     p1 = std::min(1.0, std::max(0.0, partner(p2, measure, value)));
        const double found = at(q.over, t) / (q.under.empty() ? 1.0 : at(q.under, t));
        CHECK(found == Approx(probability(set, n1, n2, p1, p2)).epsilon(1e-12));
      }
    }
  };
  for (const Box& box : {Box{}, Box{0.2, 0.9, 0.1, 0.7}}) {
    for (const double d : {-0.9, -0.3, 0.0, 0.4, 0.75})
      check(box, Measure::difference, d);
    for (const double r : {0.1, 0.6, 1.0, 3.0, 1e6}) {
      check(box, Measure::ratio, r);
      check(box, Measure::odds_ratio, r);
    }
  }
  CHECK(curve(Box{}, Measure::odds_ratio, 1e6, false).size() > 5);
  CHECK(curve(Box{0.5, 0.6, 0.1, 0.2}, Measure::difference, 0.0, false).empty());
}

TEST_CASE("unconditional p by hand: one subject in each group") {
  for (const auto order : {TableOrder::score, TableOrder::csm, TableOrder::boschloo}) {
    CHECK(run({1, 1, 0, 1}, order, Sides::greater).p_value == Approx(0.25).epsilon(1e-13));
    CHECK(run({1, 1, 0, 1}, order, Sides::two).p_value == Approx(0.5).epsilon(1e-13));
    // By Fisher's two-sided p all four tables are alike.
    const double joint = order == TableOrder::boschloo ? 1.0 : 0.5;
    CHECK(run({1, 1, 0, 1}, order, Sides::two, false, TwoSided::joint).p_value == Approx(joint).epsilon(1e-13));
    CHECK(run({0, 1, 0, 1}, order, Sides::two).p_value == 1.0);
  }
}

TEST_CASE("Barnard's order by hand: two subjects in each group") {
  // After (2, 0): of (1, 0) and (2, 1), mirror images of each other, both, tied.
  const Tables tables(2, 2);
  const CsmRegion one = csm_region(tables, 2, 0, false), three = csm_region(tables, 1, 0, false);
  CHECK(one.tables == 1);
  CHECK(three.tables == 3);
  CHECK((three.set == Staircase{-1, 0, 1}));
  CHECK(csm_region(tables, 2, 0, true).tables == 2);
  CHECK(csm_region(tables, 0, 2, true).tables == 2);
  // (2,0), (1,0), (2,1): p^2 q^2 + 2 p q q^2 + 2 p^2 p q, at 1/2: 5/16.
  CHECK(largest({{three.probability, {}}}).value == Approx(5.0 / 16).epsilon(1e-13));
}

TEST_CASE("a first look at limits changes none: bisection by certain answers alone agrees") {
  for (const auto& t : {counts(7, 9, 2, 8), counts(3, 5, 0, 9), counts(4, 6, 4, 6)}) {
    const double found = run(t, TableOrder::score, Sides::greater, true).conf_low;
    const Tables tables(static_cast<int>(t.n1), static_cast<int>(t.n2));
    const auto refused = [&](double low, double high) {
      const double z = score_statistic(t, Measure::difference, high);
      const auto set = score_region(tables, Measure::difference, low, z - slack(z));
      return largest_on_curve(tables, set, Box{}, Measure::difference, high, true, detail::inf, {}).bound <= 0.05;
    };
    const double other = first_kept(
        -1.0, 1.0, [](double) { return false; }, refused);
    CHECK(found == Approx(other).margin(3e-11)); // each within 1e-11
  }
}

TEST_CASE("unconditional tests refuse what they cannot do") {
  UnconditionalOptions options;
  CHECK_THROWS_AS(unconditional({1.5, 3, 1, 3}), input_error);
  CHECK_THROWS_AS(unconditional({4, 3, 1, 3}), input_error);
  CHECK_THROWS_AS(unconditional({0, 0, 1, 3}), input_error);
  CHECK_THROWS_AS(unconditional({1, 1500, 1, 1500}), memory_error);
  options.order = TableOrder::csm;
  CHECK_THROWS_AS(unconditional({1, 300, 1, 300}, options), memory_error);
  options.order = TableOrder::boschloo;
  CHECK_THROWS_AS(unconditional({1, 3, 1, 3}, options), input_error); // limits of a difference
  options = {};
  options.measure = Measure::odds_ratio;
  CHECK_THROWS_AS(unconditional({1, 3, 1, 3}, options), input_error); // whose score makes no region
  options = {};
  options.gamma = 1.0;
  CHECK_THROWS_AS(unconditional({1, 3, 1, 3}, options), input_error);
  int asked = 0;
  CHECK_THROWS_AS(unconditional({30, 60, 20, 60}, {},
                                [&](double) {
                                  if (++asked > 3)
                                    throw std::runtime_error("stop");
                                }),
                  std::runtime_error);
}
