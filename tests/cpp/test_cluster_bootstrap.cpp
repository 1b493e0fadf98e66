#include "cryonodes/cluster_bootstrap.hpp"

#include "catch.h"

#include <atomic>
#include <cmath>
#include <cstring>
#include <random>
#include <stdexcept>
#include <vector>

#include "cryonodes/kaplan_meier.hpp"

using namespace cryonodes;
using Doubles = std::vector<double>;
using Codes = std::vector<int>;

namespace {

struct Cohort {
  Doubles time, entry, weight;
  Codes event, group, cluster;
  std::size_t n_group, n_cluster;
};

Cohort random_cohort(unsigned seed) {
  std::mt19937 random(seed);
  const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  Cohort c;
  c.n_group = 1 + below(3);
  const unsigned n = 1 + below(50);
  c.n_cluster = 1 + below(n);
  for (unsigned i = 0; i < n; ++i) {
    c.time.push_back(seed % 2 ? 1.0 + below(12) : 1.0 + 1e-6 * below(20000000));
    if (seed % 3 == 0)
      c.entry.push_back(c.time.back() * (0.9 * below(100) / 100.0));
    if (seed % 4 == 0)
      c.weight.push_back(below(4));
    c.event.push_back(below(3) > 0);
    c.group.push_back(static_cast<int>(below(static_cast<unsigned>(c.n_group))));
    // Every cluster has a row.
    c.cluster.push_back(static_cast<int>(i < c.n_cluster ? i : below(static_cast<unsigned>(c.n_cluster))));
  }
  return c;
}

Timeline timeline_of(const Cohort& c) { return make_timeline(c.time, Ties::near, c.entry); }

ResampledCohort resampled(const Cohort& c) {
  return {timeline_of(c), c.event, c.group, c.n_group, c.cluster, c.n_cluster, c.weight};
}

bool same_bits(const Doubles& a, const Doubles& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0);
}

// S(t) of the group read from the curve of rows that are really there several times.
double survival_of_copies(const Cohort& c, const std::vector<std::uint32_t>& copies, std::size_t g, double t) {
  Cohort out;
  for (std::size_t i = 0; i < c.time.size(); ++i)
    for (std::uint32_t k = 0; k < copies[static_cast<std::size_t>(c.cluster[i])]; ++k) {
      out.time.push_back(c.time[i]);
      if (!c.entry.empty())
        out.entry.push_back(c.entry[i]);
      out.event.push_back(c.event[i]);
      out.group.push_back(c.group[i]);
      if (!c.weight.empty())
        out.weight.push_back(c.weight[i]);
    }
  if (out.time.empty())
    return std::nan("");
  const auto table =
      make_risk_table(make_timeline(out.time, Ties::exact, out.entry), out.event, out.group, c.n_group, out.weight);
  const auto fit = kaplan_meier(table);
  double s = 1.0;
  if (table.first[g] == table.first[g + 1])
    return std::nan("");
  for (std::size_t j = table.first[g]; j < table.first[g + 1] && table.time[j] <= t; ++j)
    s = fit.estimate[j];
  return t <= table.time[table.first[g + 1] - 1] || s == 0.0 ? s : std::nan("");
}

} // namespace

TEST_CASE("Philox gives the published vectors") {
  // Random123, tests/kat_vectors: "philox4x32 10", counter, key, result.
  using Four = std::array<std::uint32_t, 4>;
  constexpr std::uint32_t all = 0xffffffff;
  const Four zeros{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
  const Four ones{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd};
  const Four pi{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1};
  CHECK((philox4x32({0, 0, 0, 0}, {0, 0}) == zeros));
  CHECK((philox4x32({all, all, all, all}, {all, all}) == ones));
  CHECK((philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) == pi));
}

TEST_CASE("a stream is the blocks of its counter, and streams differ") {
  RandomStream stream(5, 7);
  for (std::uint32_t block = 0; block < 3; ++block) {
    const auto expected = philox4x32({block, 0, 7, 0}, {5, 0});
    for (std::uint32_t x : expected)
      CHECK(stream.next() == x);
  }
  CHECK(RandomStream(5, 7).next() != RandomStream(5, 8).next());
  CHECK(RandomStream(5, 7).next() != RandomStream(6, 7).next());
  CHECK(RandomStream(5, std::uint64_t{1} << 32).next() != RandomStream(5, 0).next());
}

TEST_CASE("bounded integers are in range and as frequent as they should be") {
  for (std::uint32_t n : {1U, 2U, 3U, 7U, 3000000000U}) {
    RandomStream random(1, n);
    Doubles seen(std::min(n, 7U), 0.0);
    std::size_t count = 0;
    for (std::size_t share : {1U, 63U, 64U, 69872U})
      random.each_below(n, share, [&](std::uint32_t x) {
        REQUIRE(x < n);
        ++count;
        // A multiply-and-shift without rejection would favour the lowest third of 3e9.
        seen[n > 7 ? static_cast<std::size_t>(x / (n / 7 + 1)) : x] += 1.0;
      });
    REQUIRE(count == 70000);
    double chi = 0.0;
    const double expected = 70000.0 / static_cast<double>(seen.size());
    for (double k : seen)
      chi += (k - expected) * (k - expected) / expected;
    CHECK(chi < 27.9); // the 0.9999 point of chi-square with 6 degrees of freedom; seeds are fixed
  }
}

TEST_CASE("a replicate of very many rows asks its poll on the way") {
  const std::size_t n = 4 * PollRows::stretch;
  Doubles time(n);
  std::vector<int> event(n, 1), group(n, 0), cluster(n);
  for (std::size_t i = 0; i < n; ++i) {
    time[i] = static_cast<double>(i);
    cluster[i] = static_cast<int>(i);
  }
  const ResampledCohort cohort(make_timeline(time, Ties::exact), event, group, 1, cluster, n);
  ClusterBootstrapOptions options;
  options.at = {10.0};
  options.replicates = 1;
  std::size_t asked = 0;
  cluster_bootstrap(cohort, options, [&](double) { ++asked; });
  CHECK(asked >= 3 + 3 + 3); // the cohort itself, the drawing, the replicate
}

TEST_CASE("a replicate is the curve of the copied rows to the last bit") {
  std::size_t compared = 0, missing = 0;
  for (unsigned seed = 1; seed <= 150; ++seed) {
    const Cohort c = random_cohort(seed);
    const auto cohort = resampled(c);
    ClusterBootstrapOptions options;
    options.at = {0.0, 3.0, 6.5, 11.0, 30.0};
    options.replicates = 20;
    options.seed = seed;
    const auto out = cluster_bootstrap(cohort, options);
    std::vector<std::uint32_t> copies(c.n_cluster);
    for (std::size_t r = 0; r < options.replicates; ++r) {
      draw_clusters(seed, r, copies);
      std::uint32_t total = 0;
      for (std::uint32_t k : copies)
        total += k;
      REQUIRE(total == c.n_cluster);
      for (std::size_t g = 0; g < c.n_group; ++g)
        for (std::size_t k = 0; k < options.at.size(); ++k) {
          const double ours = out.replicates[(r * c.n_group + g) * options.at.size() + k];
          const double truth = survival_of_copies(c, copies, g, options.at[k]);
          INFO("seed " << seed << ", replicate " << r << ", group " << g << ", time " << options.at[k]);
          CHECK((ours == truth || (std::isnan(ours) && std::isnan(truth))));
          std::isnan(truth) ? ++missing : ++compared;
        }
    }
  }
  CHECK(compared > 10000);
  CHECK(missing > 1000);
}

TEST_CASE("all 27 resamples of three rows") {
  // Deaths at 1 and 2, a censoring at 3. S(2) of the copies (a, b, c): (b, c left) / n at 1, c / (b + c) at 2.
  const Doubles time = {1, 2, 3};
  const Codes event = {1, 1, 0}, group(3, 0), cluster = {0, 1, 2};
  const ResampledCohort cohort(make_timeline(time, Ties::exact), event, group, 1, cluster, 3);
  ResampledCohort::Scratch scratch;
  double mean = 0.0, median_not_reached = 0.0;
  for (std::uint32_t i = 0; i < 27; ++i) {
    std::vector<std::uint32_t> copies(3, 0U);
    ++copies[i % 3];
    ++copies[i / 3 % 3];
    ++copies[i / 9];
    double s = 0.0, median = 0.0;
    cohort.evaluate(copies, CurveStatistic::survival, Doubles{2.0}, scratch, &s);
    cohort.evaluate(copies, CurveStatistic::quantile, Doubles{0.5}, scratch, &median);
    // Without censoring before the end S(2) is the share of the third row.
    CHECK(std::fabs(s - copies[2] / 3.0) < 1e-15);
    mean += s / 27.0;
    median_not_reached += std::isinf(median) ? 1.0 : 0.0;
  }
  CHECK(std::fabs(mean - 1.0 / 3.0) < 1e-15);
  CHECK(median_not_reached == 7.0); // two or three copies of the third row: 3 * 2 + 1
  // The drawn replicates have the distribution of the enumerated ones.
  ClusterBootstrapOptions options;
  options.at = {2.0};
  options.replicates = 27000;
  options.seed = 11;
  const auto out = cluster_bootstrap(cohort, options);
  double seen[4] = {0, 0, 0, 0};
  for (double s : out.replicates)
    seen[static_cast<int>(std::lround(3 * s))] += 1.0;
  const double expected[4] = {8000, 12000, 6000, 1000}; // binomial(3, 1/3)
  double chi = 0.0;
  for (int k = 0; k < 4; ++k)
    chi += (seen[k] - expected[k]) * (seen[k] - expected[k]) / expected[k];
  CHECK(chi < 21.1); // the 0.9999 point of chi-square with 3 degrees of freedom; the seed is fixed
}

TEST_CASE("median at a flat piece and restricted mean, by hand") {
  // Deaths at 1 and 2 of four, a death at 5, a censoring at 7: S = 3/4, 1/2, 1/4.
  const Doubles time = {1, 2, 5, 7};
  const Codes event = {1, 1, 1, 0}, group(4, 0), cluster = {0, 1, 2, 3};
  const ResampledCohort cohort(make_timeline(time, Ties::exact), event, group, 1, cluster, 4);
  ClusterBootstrapOptions options;
  options.replicates = 0;
  options.statistic = CurveStatistic::quantile;
  options.at = {0.25, 0.5, 0.75, 0.9};
  auto q = cluster_bootstrap(cohort, options).estimate;
  CHECK(q[0] == 1.5); // flat at 3/4 from 1 to 2
  CHECK(q[1] == 3.5);
  CHECK(q[2] == 6.0); // flat from 5 to the last row at 7
  CHECK(std::isinf(q[3]));
  // The curve lies at 1 - p when it is no further from it than 2^-26, whichever way the product is rounded.
  options.at = {0.25 + 0x1p-26, 0.25 + 0x1p-26 + 0x1p-45, 0.25 - 0x1p-26, 0.25 - 0x1p-26 + 0x1p-45};
  const Doubles around{1.5, 2.0, 1.0, 1.5};
  CHECK(cluster_bootstrap(cohort, options).estimate == around);
  options.statistic = CurveStatistic::restricted_mean;
  options.at = {0.5, 3.0, 7.0, 8.0};
  q = cluster_bootstrap(cohort, options).estimate;
  CHECK(q[0] == 0.5);
  CHECK(q[1] == 1.0 + 0.75 + 0.5);
  CHECK(q[2] == 1.0 + 0.75 + 1.5 + 0.5);
  CHECK(std::isnan(q[3])); // beyond the last row, with S > 0
}

TEST_CASE("threads change no bit, and the jackknife leaves out one cluster") {
  for (unsigned seed = 1; seed <= 12; ++seed) {
    const Cohort c = random_cohort(seed);
    const auto cohort = resampled(c);
    ClusterBootstrapOptions options;
    options.statistic = static_cast<CurveStatistic>(seed % 3);
    options.at = {0.25, 0.5};
    options.replicates = 100;
    options.seed = seed;
    options.jackknife = true;
    const auto one = cluster_bootstrap(cohort, options);
    options.threads = 3;
    const auto three = cluster_bootstrap(cohort, options);
    CHECK(same_bits(one.replicates, three.replicates));
    CHECK(same_bits(one.jackknife, three.jackknife));
    REQUIRE(one.jackknife.size() == c.n_cluster * c.n_group * 2);
    std::vector<std::uint32_t> copies(c.n_cluster, 1U);
    copies.back() = 0U;
    ResampledCohort::Scratch scratch;
    Doubles left_out(c.n_group * 2);
    cohort.evaluate(copies, options.statistic, options.at, scratch, left_out.data());
    CHECK(same_bits(left_out, Doubles(one.jackknife.end() - static_cast<std::ptrdiff_t>(c.n_group * 2),
                                      one.jackknife.end())));
  }
}

TEST_CASE("an interrupt ends all threads and comes out as itself") {
  std::atomic<int> done{0};
  std::atomic<bool> caller_works{false};
  const Poll stop = [](double) { throw std::runtime_error("interrupted"); };
  const auto counts = [&](std::size_t, std::size_t thread) {
    // Only the caller's thread asks: the others leave it a block.
    if (thread == 0)
      caller_works = true;
    while (!caller_works)
      std::this_thread::yield();
    ++done;
  };
  CHECK_THROWS_WITH(for_each_block(10000000, 3, counts, stop), "interrupted");
  CHECK(done < 10000000);
  const auto fails = [](std::size_t block, std::size_t) {
    if (block == 500)
      throw std::runtime_error("block 500");
  };
  CHECK_THROWS_WITH(for_each_block(1000, 3, fails), "block 500");
  std::atomic<int> all{0};
  for_each_block(1000, 4, [&](std::size_t, std::size_t) { ++all; });
  CHECK(all == 1000);
}

TEST_CASE("codes and numbers that do not fit are refused") {
  const Doubles time = {1, 2};
  const Codes event = {1, 0}, group = {0, 0};
  const auto timeline = make_timeline(time, Ties::exact);
  CHECK_THROWS_AS(ResampledCohort(timeline, event, group, 1, Codes{0, 2}, 2), input_error);
  CHECK_THROWS_AS(ResampledCohort(timeline, event, Codes{0, 1}, 1, Codes{0, 1}, 2), input_error);
  CHECK_THROWS_AS(ResampledCohort(timeline, event, group, 1, Codes{0}, 2), input_error);
  CHECK_THROWS_AS(ResampledCohort(timeline, event, group, 1, Codes{0, 1}, 2, Doubles{1, -1}), input_error);
  const ResampledCohort cohort(timeline, event, group, 1, Codes{0, 1}, 2);
  ClusterBootstrapOptions options;
  options.at = {-1.0};
  CHECK_THROWS_AS(cluster_bootstrap(cohort, options), input_error);
  options.statistic = CurveStatistic::quantile;
  options.at = {1.5};
  CHECK_THROWS_AS(cluster_bootstrap(cohort, options), input_error);
  options.at = {0.5};
  options.threads = 0;
  CHECK_THROWS_AS(cluster_bootstrap(cohort, options), input_error);
}
