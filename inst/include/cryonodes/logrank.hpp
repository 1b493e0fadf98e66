#ifndef CRYONODES_LOGRANK_HPP
#define CRYONODES_LOGRANK_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "cryonodes/counted_rows.hpp"
#include "cryonodes/error.hpp"
#include "cryonodes/event_times.hpp"
#include "cryonodes/ordered_rows.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/risk_table.hpp"
#include "cryonodes/span.hpp"
#include "cryonodes/sums.hpp"

namespace cryonodes {

/// What an event time counts for in a test of the log-rank family. S is Kaplan and Meier's estimate of all groups
/// together just before the time; Peto's is the product of 1 - d / (n + 1) up to and including it.
enum class TestWeight {
  one,               ///< log-rank
  gehan,             ///< n (Gehan 1965, Breslow 1970)
  tarone_ware,       ///< sqrt n (Tarone & Ware 1977)
  peto,              ///< Peto's S (Peto & Peto 1972)
  modified_peto,     ///< Peto's S times n / (n + 1) (Andersen et al. 1982)
  fleming_harrington,///< S^rho (1 - S)^gamma (Harrington & Fleming 1982)
  given              ///< by the caller, one number per event time
};

struct LogrankOptions {
  TestWeight weight = TestWeight::one;
  double rho = 0.0;              ///< >= 0, finite; of fleming_harrington only
  double gamma = 0.0;            ///< likewise
  span<const double> given;      ///< finite; of `given` only, in the order of each_event_time()
};

/// Follows the event times of one stratum after the other.
class TestWeights {
public:
  explicit TestWeights(const LogrankOptions& options)
      : options_(options), follows_(options.weight == TestWeight::peto || options.weight == TestWeight::modified_peto ||
                                    options.weight == TestWeight::fleming_harrington) {
    detail::require(options.rho >= 0.0 && options.gamma >= 0.0 && std::isfinite(options.rho + options.gamma),
                    "rho and gamma must be finite and >= 0");
    for (double w : options.given)
      detail::require(std::isfinite(w), "a given weight is not finite");
  }
  /// To be asked once for each event time, in order.
  double operator()(const EventTime& at) {
    if (!follows_)
      return options_.weight == TestWeight::gehan         ? at.n
             : options_.weight == TestWeight::tarone_ware ? std::sqrt(at.n)
             : options_.weight == TestWeight::given       ? next_given()
                                                          : 1.0;
    if (at.stratum != stratum_) {
      survival_ = CompensatedProduct();
      peto_ = CompensatedProduct();
      stratum_ = at.stratum;
    }
    const double before = survival_.value();
    survival_.multiply(at.n - at.d, at.n);
    peto_.multiply(at.n + 1.0 - at.d, at.n + 1.0);
    survival_before_ = before;
    if (options_.weight == TestWeight::fleming_harrington)
      return std::pow(before, options_.rho) * std::pow(1.0 - before, options_.gamma);
    return options_.weight == TestWeight::peto ? peto_.value() : peto_.value() * (at.n / (at.n + 1.0));
  }
  /// S just before the time that was asked about last; of weights that are made of S.
  double survival_before() const noexcept { return survival_before_; }

private:
  double next_given() {
    detail::require(used_ < options_.given.size(), "there are more event times than given weights");
    return options_.given[used_++];
  }

  const LogrankOptions& options_;
  bool follows_; // S, which most weights do not need
  CompensatedProduct survival_, peto_;
  std::size_t stratum_ = 0, used_ = 0;
  double survival_before_ = 1.0;
};

/// What a test of the log-rank family is made of, summed over the strata. k groups.
struct LogrankResult {
  std::vector<double> n;          ///< k: who leaves, with or without the event
  std::vector<double> observed;   ///< k: events per group
  std::vector<double> expected;   ///< k: events expected if all groups had the pooled hazard of their stratum
  std::vector<double> score;      ///< k: sum of weight times (observed - expected)
  std::vector<double> covariance; ///< k x k, symmetric: of the scores, hypergeometric
  /// k: groups with the same number are linked, directly or through others, by event times of weight other than 0 at
  /// which they were at risk together and somebody survived. Numbered from 0 by first appearance. The rank of
  /// `covariance` is k - n_component: see logrank().
  std::vector<std::size_t> component;
  std::size_t n_component = 0;

  std::size_t rank() const { return observed.size() - n_component; }
};

namespace detail {

/// Number per element of the connected part it belongs to, when i and j are joined where `joined(i, j)`.
template <class Joined> std::vector<std::size_t> connected_parts(std::size_t k, std::size_t& n_part, Joined joined) {
  constexpr std::size_t none = static_cast<std::size_t>(-1);
  std::vector<std::size_t> part(k, none), reached;
  n_part = 0;
  for (std::size_t start = 0; start < k; ++start) {
    if (part[start] != none)
      continue;
    part[start] = n_part;
    reached.assign(1, start);
    while (!reached.empty()) {
      const std::size_t i = reached.back();
      reached.pop_back();
      for (std::size_t j = 0; j < k; ++j)
        if (part[j] == none && joined(i, j)) {
          part[j] = n_part;
          reached.push_back(j);
        }
    }
    ++n_part;
  }
  return part;
}

/// Sums of an unweighted test of two groups. Event times are taken in blocks, whose terms do not wait for each other:
/// plain sums within a block, compensated ones of the blocks. What comes out depends on the event times alone, not on
/// where they were read.
class PairSums {
public:
  static constexpr std::size_t block = 32;
  /// The next event time goes to place i of the block; what stands there already is replaced.
  void put(std::size_t i, double n, double d, double n_first) {
    n_[i] = n;
    d_[i] = d;
    first_[i] = n_first;
  }
  /// The first `size` of them are a block. `tied`: not all have one event.
  void close(std::size_t size, bool tied) {
    if (tied)
      add_up<false, true>(size);
    else if (size < block)
      add_up<false, false>(size);
    else
      add_up<true, false>(block);
  }
  double observed = 0.0, observed_first = 0.0;
  CompensatedSum expected_first, expected_second;
  CompensatedSum covariance; ///< with the sign turned: >= 0

private:
  // Of a `whole` block the compiler knows the length, and takes several event times at once.
  template <bool whole, bool tied> void add_up(std::size_t size) {
    const std::size_t m = whole ? block : size;
    for (std::size_t i = 0; i < m; ++i) {
      const double n = n_[i], d = tied ? d_[i] : 1.0, first = first_[i], second = n - first, hazard = d / n;
      const double c = tied ? hazard * (n - d) / (n * std::max(1.0, n - 1.0)) : hazard * hazard;
      to_first_[i] = first * hazard;
      to_second_[i] = second * hazard;
      both_[i] = first * second * c;
    }
    double expected[2] = {0.0, 0.0}, together = 0.0;
    for (std::size_t i = 0; i < m; ++i) {
      expected[0] += to_first_[i];
      expected[1] += to_second_[i];
      together += both_[i];
    }
    expected_first.add(expected[0]);
    expected_second.add(expected[1]);
    covariance.add(together);
  }
  double n_[block], d_[block], first_[block], to_first_[block], to_second_[block], both_[block];
};

template <class Source> PairSums pair_sums(Source& source, const Poll& poll) {
  PairSums sums;
  std::size_t size = 0;
  bool tied = false;
  const auto close = [&] { sums.close(std::exchange(size, 0), std::exchange(tied, false)); };
  each_event_time(
      source, 2,
      [&](const EventTime& at) {
        sums.put(size++, at.n, at.d, at.n_risk[0]);
        tied |= at.d != 1.0;
        sums.observed += at.d;
        sums.observed_first += at.n_event[0];
        if (size == sums.block)
          close();
      },
      poll);
  close();
  return sums;
}

/// Whole numbers, and no jump on what nobody can foresee, group or event: each time is put in its place, and stays
/// there if somebody had an event then.
struct PairWalk {
  PairSums& sums;
  std::int64_t left, left_first; ///< rows not yet seen
  std::int64_t n = 0, n_first = 0, d = 0, observed = 0, observed_first = 0, closed = 0;
  std::size_t size = 0;

  void operator()(bool new_time, double, std::size_t group, std::uint64_t event) {
    const std::int64_t dies = event != 0 ? 1 : 0, first = group == 0 ? 1 : 0;
    if (new_time) {
      depart();
      n = left;
      n_first = left_first;
      d = 0;
    }
    d += dies;
    observed += dies;
    observed_first += dies & first;
    --left;
    left_first -= first;
  }
  void depart() {
    sums.put(size, static_cast<double>(n), static_cast<double>(d), static_cast<double>(n_first));
    size += d > 0 ? 1U : 0U;
    if (size == sums.block)
      close();
  }
  void close() {
    sums.close(size, observed - closed > static_cast<std::int64_t>(size));
    closed = observed;
    size = 0;
  }
};

inline PairSums pair_sums(OrderedRows& rows, const Poll& poll) {
  require(rows.n_group() == 2, "ordered rows are of one stratum");
  PairSums sums;
  auto walk = rows.each(
      PairWalk{sums, static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(rows.in_group(0))}, poll);
  walk.depart();
  walk.close();
  sums.observed = static_cast<double>(walk.observed);
  sums.observed_first = static_cast<double>(walk.observed_first);
  return sums;
}

} // namespace detail

/// Observed and expected events, weighted scores and their covariance (Mantel 1966, Peto & Peto 1972; with weights
/// Fleming & Harrington 1991, eq. 7.1.3 ff.), stratum by stratum.
///
/// With d events among n at risk at a time, d_i and n_i of them in group i, and the weight w of the time:
///   expected_i += d n_i / n,   score_i += w (d_i - d n_i / n),
///   cov_ij += w^2 c (n_i [i = j] / n - n_i n_j / n^2),   c = d (n - d) / (n - 1).
/// -cov_ij for i != j is a sum of terms >= 0: nothing cancels, and what is zero in theory is zero in the result. The
/// diagonal follows from rows that sum to zero.
///
/// So `covariance` is the Laplacian of a graph with edge weights -cov_ij, and its rank is exactly k minus the number
/// of connected parts: no tolerance is needed. The scores sum to zero over each part, because where c = 0 everybody or
/// nobody at risk has the event.
///
/// @param source a risk table, counted or ordered rows: see each_event_time(). Of a table whole counts, to which rows
/// of a whole weight add up.
/// @param poll asked now and then; see poll.hpp.
/// @throws input_error when the source does not fit. O(rows * n_group + event times * n_group^2).
template <class Source>
LogrankResult logrank(Source&& source, std::size_t n_group, const LogrankOptions& options = {},
                      const Poll& poll = {}) {
  const std::size_t k = n_group;
  LogrankResult out;
  out.observed.assign(k, 0.0);
  std::vector<CompensatedSum> expected(k), score(k), together(k * k); // together: -cov_ij for i < j
  std::vector<std::size_t> present;
  TestWeights weights(options);

  const bool pair = k == 2 && options.weight == TestWeight::one;
  if (pair) {
    const detail::PairSums sums = detail::pair_sums(source, poll);
    out.observed = {sums.observed_first, sums.observed - sums.observed_first};
    expected = {sums.expected_first, sums.expected_second};
    together[1] = sums.covariance;
  } else {
    each_event_time(
        source, k,
        [&](const EventTime& at) {
          const double w = weights(at), hazard = at.d / at.n;
          present.clear();
          for (std::size_t g = 0; g < k; ++g) {
            if (at.n_risk[g] == 0.0)
              continue;
            present.push_back(g);
            const double e = at.n_risk[g] * hazard;
            out.observed[g] += at.n_event[g];
            expected[g].add(e);
            if (options.weight != TestWeight::one)
              score[g].add(w * (at.n_event[g] - e));
          }
          if (at.d >= at.n)
            return;
          const double b = w * w * hazard * ((at.n - at.d) / at.n) / (at.n - 1.0);
          for (std::size_t i = 0; i < present.size(); ++i)
            for (std::size_t j = i + 1; j < present.size(); ++j)
              together[present[i] * k + present[j]].add(at.n_risk[present[i]] * at.n_risk[present[j]] * b);
        },
        poll);
  }
  out.n = detail::leaving_by_group(source, k);

  out.expected.resize(k);
  out.score.resize(k);
  out.covariance.resize(k * k);
  for (std::size_t i = 0; i < k; ++i) {
    out.expected[i] = expected[i].value();
    out.score[i] = options.weight == TestWeight::one ? out.observed[i] - out.expected[i] : score[i].value();
    CompensatedSum diagonal;
    for (std::size_t j = 0; j < k; ++j) {
      if (j == i)
        continue;
      const double w = together[std::min(i, j) * k + std::max(i, j)].value();
      diagonal.add(w);
      out.covariance[i * k + j] = w > 0.0 ? -w : 0.0;
    }
    out.covariance[i * k + i] = diagonal.value();
  }
  out.component = detail::connected_parts(
      k, out.n_component, [&](std::size_t i, std::size_t j) { return i != j && out.covariance[i * k + j] < 0.0; });
  return out;
}

} // namespace cryonodes

#endif
