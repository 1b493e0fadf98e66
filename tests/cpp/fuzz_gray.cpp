// Hostile rows through Gray's test and its permutation. Only two endings are allowed: a result that keeps the
// invariants below, or a cryonodes::error.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cryonodes/gray_permutation.hpp"
#include "cryonodes/permutation_dealing.hpp"
#include "fuzz_bytes.hpp"

namespace {

using namespace cryonodes;

struct Rows {
  std::vector<double> time;
  std::vector<int> event, cell;
};

GrayResult run(const Rows& rows, Ties ties, std::size_t n_group, std::size_t n_stratum, std::size_t n_cause,
               double rho) {
  GrayOptions options;
  options.rho = rho;
  const auto table = make_risk_table(make_timeline(rows.time, ties), rows.event, rows.cell, n_group * n_stratum, {},
                                     n_cause);
  const auto alone = gray(table, n_group, {1}, options)[0];
  std::vector<std::size_t> causes;
  for (std::size_t cause = n_cause; cause > 0; --cause)
    causes.push_back(cause);
  const auto all = gray(table, n_group, causes, options);
  const auto same = [](double x, double y) { return x == y || (std::isnan(x) && std::isnan(y)); };
  bool equal = all.back().n_component == alone.n_component;
  for (std::size_t i = 0; i < n_group * n_group; ++i)
    equal &= same(all.back().covariance[i], alone.covariance[i]) &&
             same(all.back().score[i % n_group], alone.score[i % n_group]);
  must(equal, "one walk for all causes gives what a walk for each does");
  return alone;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 8)
    return 0;
  const std::uint8_t* option = data + size - 8;
  Reader reader{data, size - 8};
  const std::size_t k = option[0] % 5U, n_stratum = 1 + option[1] % 3U, n_cause = 1 + option[2] % 3U,
                    n = option[3] % 60U;
  const Ties ties = option[4] % 2U ? Ties::near : Ties::exact;
  const double rho = option[5] == 1 ? reader.number() : option[5] % 4 / 2.0;
  const std::size_t cells = k * n_stratum;
  Rows rows;
  for (std::size_t i = 0; i < n; ++i) {
    const double t = option[6] % 2U ? reader.number() : reader.byte() % 16;
    rows.time.push_back(option[4] != 3 && !std::isfinite(t) ? 7.0 : t);
    rows.event.push_back(option[7] == 1 ? reader.byte() - 100 : static_cast<int>(reader.byte() % (n_cause + 1)));
    rows.cell.push_back(option[7] == 2 ? reader.byte() - 100
                                       : static_cast<int>(reader.byte() % (cells > 0 ? cells : 1)));
  }
  // The bytes of short inputs end before the rows do: what is missing differs from row to row all the same.
  if (reader.left == 0 && option[7] > 2)
    for (std::size_t i = 0; i < n; ++i) {
      rows.time[i] = static_cast<double>((i * (3 + option[6] % 8U)) % 17);
      rows.event[i] = static_cast<int>((i * (1 + option[7] % 7U) + option[6]) % (n_cause + 1));
      rows.cell[i] = static_cast<int>(cells > 0 ? (i * (1 + option[6] % 5U)) % cells : 0);
    }

  try {
    const GrayResult fit = run(rows, ties, k, n_stratum, n_cause, rho);
    Rows moved;
    for (std::size_t i = n; i-- > 0;) {
      moved.time.push_back(rows.time[i]);
      moved.event.push_back(rows.event[i]);
      moved.cell.push_back(rows.cell[i]);
    }
    const GrayResult again = run(moved, ties, k, n_stratum, n_cause, rho);
    must(fit.observed.size() == k && fit.score.size() == k && fit.covariance.size() == k * k, "one number per group");
    must(fit.n_component >= 1 && fit.n_component <= k, "there are from one to k parts");
    must(std::isnan(fit.statistic) == (fit.df == 0.0), "without a statistic there are no degrees of freedom");
    must(fit.df == 0.0 || (fit.df == static_cast<double>(k - fit.n_component) && fit.statistic >= 0.0 &&
                           std::isfinite(fit.log_p_value) && fit.log_p_value <= 0.0),
         "a statistic is >= 0 and its p lies in (0, 1]");
    double observed = 0.0, expected = 0.0, total = 0.0;
    for (std::size_t i = 0; i < k; ++i) {
      must(again.observed[i] == fit.observed[i] && again.expected[i] == fit.expected[i] && again.n[i] == fit.n[i],
           "the order of rows does not count");
      must(fit.observed[i] <= fit.n[i] && fit.expected[i] >= 0.0, "who has the event is there");
      must(fit.component[i] < fit.n_component, "components are numbered from 0");
      observed += fit.observed[i];
      expected += fit.expected[i];
      total += fit.n[i];
      for (std::size_t j = 0; j < k; ++j) {
        const double v = fit.covariance[i * k + j];
        must(std::isnan(v) || v == fit.covariance[j * k + i], "the covariance is symmetric");
        must(rho != 0.0 || fit.greatest_pooled > 1.0 - 1e-9 || std::isfinite(v), "without rho it is a number");
        must(fit.component[i] == fit.component[j] || v == 0.0, "groups that never met do not covary");
      }
    }
    must(total == static_cast<double>(n), "everybody leaves once");
    must(std::fabs(observed - expected) <= 1e-11 * std::fmax(1.0, observed), "as many are expected as observed");

    if (n_stratum == 1 && !std::isnan(fit.statistic)) {
      const Timeline timeline = make_timeline(rows.time, ties);
      GrayOptions options;
      options.rho = rho;
      DealOptions deal;
      deal.replicates = 8;
      deal.seed = option[4];
      const GrayRows dealt{timeline, rows.event, 1, {}, rows.cell, k, {}, 1};
      const GrayTail drawn = approximate_gray_tail(dealt, options, deal);
      must(drawn.undefined <= drawn.as_large && drawn.as_large <= 8.0, "no more hits than replicates");
      if (k == 2) {
        const GrayTail tail = exact_gray_tail(dealt, options, 500);
        must(tail.as_large >= 1.0 && tail.as_large <= tail.ways, "the way that was found is one of them");
      }
    }
  } catch (const error&) {
  }
  return 0;
}
