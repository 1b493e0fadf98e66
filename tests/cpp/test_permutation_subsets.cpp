#include "cryonodes/permutation_subsets.hpp"

#include "catch.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <vector>

using namespace cryonodes;
using Doubles = std::vector<double>;
using Codes = std::vector<int>;

namespace {

double choose(std::size_t n, std::size_t k) {
  double out = 1.0;
  for (std::size_t i = 1; i <= k; ++i)
    out = out * static_cast<double>(n + 1 - i) / static_cast<double>(i);
  return std::round(out);
}

Codes first_of(std::size_t n, std::size_t m) {
  Codes out(n, 0);
  std::fill(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(m), 1);
  return out;
}

// The groups of replicates 0, 1, ..., each unit's.
template <class Visit> void each_replicate(const DealtScores& dealt, std::size_t replicates, Visit visit) {
  const detail::SubsetDealer dealer(dealt);
  auto room = dealer.room();
  Codes group(dealt.group.size());
  for (std::size_t r = 0; r < replicates; ++r) {
    if (r % dealer.lanes == 0)
      dealer.draw(11, r / dealer.lanes, room);
    dealer.write_groups(room.words, r % dealer.lanes, group);
    visit(group);
  }
}

// Chi-square over as many degrees of freedom as there are cells less one, as a normal deviate (Wilson & Hilferty).
double deviate(const Doubles& seen, const Doubles& expected) {
  double chi_square = 0.0;
  for (std::size_t i = 0; i < seen.size(); ++i)
    chi_square += (seen[i] - expected[i]) * (seen[i] - expected[i]) / expected[i];
  const double df = static_cast<double>(seen.size()) - 1.0, c = 2.0 / (9.0 * df);
  return (std::cbrt(chi_square / df) - 1.0 + c) / std::sqrt(c);
}

} // namespace

TEST_CASE("each subset has one number") {
  for (std::size_t n = 0; n <= 13; ++n)
    for (std::size_t m = 0; m <= n; ++m) {
      const detail::NumberedSubsets subsets(n, m);
      REQUIRE(subsets.count() == choose(n, m));
      std::set<std::uint32_t> seen;
      for (std::uint32_t i = 0; i < subsets.count(); ++i) {
        const std::uint32_t word = subsets(i);
        std::uint32_t in = 0;
        for (std::size_t b = 0; b < 3; ++b) {
          const std::uint32_t pattern = subsets.pattern(word >> subsets.shift[b] & subsets.mask);
          REQUIRE(pattern >> subsets.size(b) == 0);
          in += detail::ones(pattern);
        }
        REQUIRE(in == m);
        seen.insert(word);
      }
      REQUIRE(seen.size() == subsets.count());
    }
}

TEST_CASE("quotients are right to the last of 155117520 subsets: each neighbour has m units and another word") {
  const detail::NumberedSubsets subsets(30, 15);
  REQUIRE(subsets.count() == 155117520U);
  const auto in = [&](std::uint32_t word) {
    std::uint32_t out = 0;
    for (std::size_t b = 0; b < 3; ++b)
      out += detail::ones(subsets.pattern(word >> subsets.shift[b] & subsets.mask));
    return out;
  };
  std::mt19937 random(1);
  for (std::size_t round = 0; round < 300000; ++round) {
    const std::uint32_t i = static_cast<std::uint32_t>(round < 1000 ? round : random() % 155117518U);
    REQUIRE(in(subsets(i)) == 15);
    REQUIRE(subsets(i) != subsets(i + 1));
  }
  CHECK(in(subsets(155117519U)) == 15);
}

TEST_CASE("numbers made in blocks are those of the generator, counter by counter") {
  const std::uint64_t seed = 0x123456789abcULL, stream = 0x700000005ULL;
  const RandomBlocks<8> blocks{seed, stream};
  std::array<std::uint32_t, 32> made;
  for (std::uint32_t c : std::vector<std::uint32_t>{0, 1, 5}) {
    blocks.fill(c, made.data());
    for (std::uint32_t k = 0; k < 8; ++k) {
      const auto four = philox4x32({8 * c + k, 0, 5, 7}, {0x56789abc, 0x1234});
      for (std::uint32_t w = 0; w < 4; ++w) {
        REQUIRE(made[8 * w + k] == four[w]);
        REQUIRE(blocks.number(32 * c + 8 * w + k) == four[w]);
      }
    }
  }
}

TEST_CASE("groups keep their sizes in each stratum, whatever they are") {
  const std::vector<std::size_t> size{1, 33, 2, 0, 30, 100, 7, 64, 40, 40}, in{1, 1, 1, 0, 20, 37, 0, 63, 0, 40};
  Codes group, stratum;
  for (std::size_t i = 0; i < 100; ++i) // strata mixed
    for (std::size_t s = 0; s < size.size(); ++s)
      if (i < size[s]) {
        stratum.push_back(static_cast<int>(s));
        group.push_back(i < in[s] ? 1 : 0);
      }
  const DealtScores dealt{{}, group, 2, stratum, size.size()};
  std::vector<Codes> all;
  each_replicate(dealt, 48, [&](const Codes& to) {
    std::vector<std::size_t> now(size.size(), 0);
    for (std::size_t i = 0; i < to.size(); ++i)
      now[static_cast<std::size_t>(stratum[i])] += to[i] == 1 ? 1U : 0U;
    REQUIRE(now == in);
    all.push_back(to);
  });
  REQUIRE(all[0] != all[1]);
  for (std::size_t r = 1; r < all.size(); ++r)
    REQUIRE(all[r] != all[r - 1]);
}

TEST_CASE("replicate i is the same whichever are counted with it, by however many threads") {
  const Codes group = first_of(70, 33);
  const detail::SubsetDealer dealer({{}, group, 2, {}, 1});
  const auto unit_0 = [](const std::vector<detail::SubsetDealer::Lanes>& words, std::size_t) {
    std::uint32_t out = 0;
    for (std::size_t k = 0; k < detail::SubsetDealer::lanes; ++k)
      out |= (words[0][k] & 1U) << k;
    return out;
  };
  DealOptions options;
  options.seed = 3;
  std::vector<std::size_t> before{0};
  for (std::size_t i = 0; i < 1500; ++i) {
    options.first = i;
    options.replicates = 1;
    before.push_back(before.back() + detail::count_subsets(dealer, options, unit_0, {}));
  }
  for (std::size_t threads : std::vector<std::size_t>{1, 3})
    for (std::size_t from : std::vector<std::size_t>{0, 5, 16, 700})
      for (std::size_t to : std::vector<std::size_t>{700, 1299, 1500}) {
        options = {to - from, from, 3, threads};
        REQUIRE(detail::count_subsets(dealer, options, unit_0, {}) == before[to] - before[from]);
      }
  CHECK(before.back() > 600);
  CHECK(before.back() < 815); // 707 expected, five standard deviations
}

TEST_CASE("all subsets are drawn alike often, by number and by changing sides") {
  struct Case {
    std::size_t n, m;
  };
  for (const Case& at : std::vector<Case>{
           {12, 4}, {13, 7}, {25, 2}, {29, 27}, {31, 2}, {32, 30}, {33, 2}, {35, 32}, {36, 33}, {50, 1}}) {
    std::map<Codes, double> seen;
    const double ways = choose(at.n, at.m), each = 40.0;
    each_replicate({{}, first_of(at.n, at.m), 2, {}, 1}, static_cast<std::size_t>(each * ways),
                   [&](const Codes& to) { seen[to] += 1.0; });
    REQUIRE(static_cast<double>(seen.size()) == ways);
    Doubles times;
    for (const auto& way : seen)
      times.push_back(way.second);
    INFO(at.n << " " << at.m);
    CHECK(std::fabs(deviate(times, Doubles(times.size(), each))) < 4.0);
  }
}

TEST_CASE("parts of larger subsets are hypergeometric, and neighbours no likelier to be together than others") {
  struct Case {
    std::size_t n, m;
  };
  for (const Case& at :
       std::vector<Case>{{30, 15}, {29, 8}, {32, 11}, {33, 16}, {64, 32}, {90, 31}, {100, 93}, {200, 20}, {500, 240}}) {
    INFO(at.n << " " << at.m);
    const std::size_t part = at.n / 3;
    const double replicates = 30000.0;
    Doubles of_part(part + 1, 0.0), of_even(part + 1, 0.0), each(at.n, 0.0);
    double pairs = 0.0;
    each_replicate({{}, first_of(at.n, at.m), 2, {}, 1}, 30000, [&](const Codes& to) {
      std::size_t first = 0, even = 0;
      for (std::size_t i = 0; i < part; ++i) {
        first += to[i] == 1 ? 1U : 0U;
        even += to[2 * i] == 1 ? 1U : 0U;
      }
      of_part[first] += 1.0;
      of_even[even] += 1.0;
      for (std::size_t i = 0; i < at.n; ++i) {
        each[i] += to[i];
        pairs += i > 0 ? to[i] * to[i - 1] : 0;
      }
    });
    // Cells of fewer than ten expected are put together with their neighbours.
    for (const Doubles& counts : {of_part, of_even}) {
      Doubles seen{0.0}, expected{0.0};
      double probability = 0.0;
      for (std::size_t k = 0; k <= part; ++k) {
        double term = k <= at.m && part - k <= at.n - at.m ? 1.0 : 0.0;
        if (term > 0.0)
          term = std::exp(std::lgamma(part + 1) - std::lgamma(k + 1) - std::lgamma(part - k + 1) +
                          std::lgamma(at.n - part + 1) - std::lgamma(at.m - k + 1) -
                          std::lgamma(at.n - part - at.m + k + 1) - std::lgamma(at.n + 1) + std::lgamma(at.m + 1) +
                          std::lgamma(at.n - at.m + 1));
        probability += term;
        seen.back() += counts[k];
        expected.back() += replicates * term;
        if (expected.back() >= 10.0 && replicates * (1.0 - probability) >= 10.0) {
          seen.push_back(0.0);
          expected.push_back(0.0);
        }
      }
      REQUIRE(probability == Approx(1.0).epsilon(1e-9)); // lgamma's digits at 500!
      CHECK(std::fabs(deviate(seen, expected)) < 4.0);
    }
    const auto n = static_cast<double>(at.n), m = static_cast<double>(at.m), share = m / n;
    for (double in : each)
      CHECK(std::fabs(in - replicates * share) < 5.0 * std::sqrt(replicates * share * (1.0 - share)) + 1.0);
    const double together = (n - 1.0) * share * (m - 1.0) / (n - 1.0);
    CHECK(std::fabs(pairs / replicates - together) < 5.0 * std::sqrt(together / replicates) + 1e-3);
  }
}

TEST_CASE("sums looked up are those of the units in the second group") {
  std::mt19937 random(9);
  for (std::size_t n : std::vector<std::size_t>{1, 2, 5, 31, 32, 33, 47, 150}) {
    Doubles part;
    Codes group, stratum;
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < n; ++i) {
      part.push_back(static_cast<double>(random() % 1000)); // sums of whole numbers are exact
      group.push_back(static_cast<int>(random() % 2));
      stratum.push_back(i % 4 == 0 ? 1 : 0);
      order.push_back(n - 1 - i);
    }
    const detail::SubsetDealer dealer({{}, group, 2, stratum, 2}, order);
    const detail::LookedUpSums sums(dealer, part);
    auto room = dealer.room();
    dealer.draw(2, 3, room);
    const auto found = sums(room.words);
    Codes to(n);
    for (std::size_t k = 0; k < dealer.lanes; ++k) {
      dealer.write_groups(room.words, k, to);
      double sum = 0.0;
      for (std::size_t i = 0; i < n; ++i)
        sum += to[i] == 1 ? part[i] : 0.0;
      REQUIRE(found[k] == sum);
    }
  }
}

TEST_CASE("subsets that do not fit are refused") {
  CHECK_THROWS_AS(detail::SubsetDealer({{}, Codes{0, 2}, 2, {}, 1}), input_error);
  CHECK_THROWS_AS(detail::SubsetDealer({{}, Codes{0, 1}, 2, Codes{0, 2}, 2}), input_error);
  CHECK_THROWS_AS(detail::SubsetDealer({{}, Codes{0, 1}, 2, Codes{0}, 1}), input_error);
  CHECK_THROWS_AS(detail::SubsetDealer({{}, Codes{0, 1}, 2, {}, 1}, std::vector<std::size_t>{0}), input_error);
}
