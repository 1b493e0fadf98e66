// Hostile times through timeline, risk table and log-rank test. Only two endings are allowed: a result that keeps the
// invariants below, or a cryonodes::error.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cryonodes/logrank.hpp"
#include "cryonodes/tails.hpp"
#include "fuzz_bytes.hpp"

namespace {

using namespace cryonodes;

struct Rows {
  std::vector<double> time, entry, weight;
  std::vector<int> event, cell;
};

LogrankResult run(const Rows& rows, Ties ties, std::size_t n_group, std::size_t n_stratum, TestWeight weight) {
  const Timeline timeline = make_timeline(rows.time, ties, rows.entry);
  LogrankOptions options;
  options.weight = weight;
  options.rho = 0.5;
  options.gamma = 1.5;
  const auto table = make_risk_table(timeline, rows.event, rows.cell, n_group * n_stratum, rows.weight, 1, {},
                                     EntryRows::kept);
  return logrank(table, n_group, options);
}

bool near(double x, double y) {
  return std::fabs(x - y) <= 1e-12 * std::fmax(1.0, std::fabs(y));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The last eight bytes are options, so that the doubles before them stay where the driver put them.
  if (size < 8)
    return 0;
  const std::uint8_t* option = data + size - 8;
  Reader reader{data, size - 8};
  const std::size_t k = option[0] % 5U, n_stratum = 1 + option[1] % 3U, n = option[2] % 60U;
  const Ties ties = option[3] % 2U ? Ties::near : Ties::exact;
  const bool delayed = option[4] % 16U == 0, weighted = option[5] % 8U == 0; // fractions are refused
  const auto weight = static_cast<TestWeight>(option[3] / 2U % 6U);
  const std::size_t cells = k * n_stratum;

  Rows rows;
  rows.time.resize(n);
  rows.entry.resize(delayed ? n : 0);
  rows.weight.resize(weighted ? n : 0);
  for (auto* column : {&rows.time, &rows.entry, &rows.weight})
    for (double& x : *column)
      x = reader.number();
  for (std::size_t i = 0; i < n; ++i) {
    if (option[6] % 2U && !std::isfinite(rows.time[i])) // else most long inputs would be refused for one time
      rows.time[i] = 7.0;
    rows.event.push_back(option[7] == 1 ? reader.byte() - 100 : reader.byte() % 2);
    rows.cell.push_back(option[7] == 2 ? reader.byte() - 100
                                       : static_cast<int>(reader.byte() % (cells > 0 ? cells : 1)));
  }
  // The bytes of short inputs end before the rows do: what is missing differs from row to row all the same.
  if (reader.left == 0 && option[7] > 2)
    for (std::size_t i = 0; i < n; ++i) {
      rows.event[i] = static_cast<int>((i * (1 + option[7] % 7U) + option[6]) % 3 == 0);
      rows.cell[i] = static_cast<int>(cells > 0 ? (i * (1 + option[6] % 5U)) % cells : 0);
    }

  // Whole weights are counts. Beyond 2^53 their sums are no longer whole and exact, so nothing is claimed of them.
  double total = 0.0;
  for (const double w : rows.weight)
    total += w;
  if (!(total <= 9007199254740992.0))
    return 0;

  LogrankResult fit, again;
  try {
    fit = run(rows, ties, k, n_stratum, weight);
    Rows moved; // every third row, beginning with the last, the next to last and so on
    for (std::size_t start = 0; start < 3; ++start)
      for (std::size_t i = start; i < n; i += 3) {
        const std::size_t from = n - 1 - i;
        moved.time.push_back(rows.time[from]);
        moved.event.push_back(rows.event[from]);
        moved.cell.push_back(rows.cell[from]);
        if (delayed)
          moved.entry.push_back(rows.entry[from]);
        if (weighted)
          moved.weight.push_back(rows.weight[from]);
      }
    again = run(moved, ties, k, n_stratum, weight);
  } catch (const error&) {
    return 0;
  }

  must(fit.observed.size() == k && fit.expected.size() == k && fit.covariance.size() == k * k, "one number per group");
  must(fit.n_component >= 1 && fit.n_component <= k && fit.rank() < k, "the rank lies in [0, k - 1]");
  std::vector<double> surplus(fit.n_component);
  double events = 0.0, there = 0.0;
  for (std::size_t i = 0; i < k; ++i) {
    must(fit.observed[i] >= 0.0 && fit.expected[i] >= 0.0, "counts are >= 0");
    must(weighted || fit.observed[i] <= fit.n[i], "who has the event is there");
    must(again.observed[i] == fit.observed[i] && again.n[i] == fit.n[i], "the order of rows does not count");
    must(near(again.expected[i], fit.expected[i]), "the order of rows does not change what is expected");
    must(again.component[i] == fit.component[i], "the order of rows does not change what is linked");
    must(fit.component[i] < fit.n_component, "components are numbered from 0");
    surplus[fit.component[i]] += fit.score[i];
    there += fit.n[i];
    events += fit.observed[i];
    double row = 0.0;
    for (std::size_t j = 0; j < k; ++j) {
      const double v = fit.covariance[i * k + j];
      must(v == fit.covariance[j * k + i], "the covariance is symmetric");
      must(i == j ? v >= 0.0 : v <= 0.0, "only a group's own variance is positive");
      must(i == j || fit.component[i] == fit.component[j] || v == 0.0, "groups that are not linked do not covary");
      must(near(again.covariance[i * k + j], v), "the order of rows does not change the covariance");
      row += v;
    }
    must(std::fabs(row) <= 1e-12 * std::fmax(1.0, fit.covariance[i * k + i]), "a row of the covariance sums to 0");
  }
  for (const double x : surplus)
    // No weight is larger than the number at risk.
    must(std::fabs(x) <= 1e-12 * std::fmax(1.0, events) * std::fmax(1.0, weight == TestWeight::one ? 1.0 : there),
         "the scores sum to 0 over linked groups");

  if (k == 2 && fit.rank() == 1) {
    const double u = fit.score[0], log_p = log_chisq_upper(u * u / fit.covariance[0], 1.0);
    must(std::isfinite(log_p) && log_p <= 0.0, "p lies in [0, 1]");
  }
  return 0;
}
