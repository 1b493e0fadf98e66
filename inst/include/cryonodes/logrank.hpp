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
#include "cryonodes/poll.hpp"
#include "cryonodes/risk_table.hpp"
#include "cryonodes/span.hpp"
#include "cryonodes/sums.hpp"

namespace cryonodes {

/// A time of a stratum at which somebody has the event, seen by all groups together. The pointers hold one number per
/// group and are good for the moment.
struct EventTime {
  std::size_t stratum;
  double time;
  double n; ///< at risk, all groups
  double d; ///< events, all groups
  const double* n_risk;
  const double* n_event;
  const double* n_cause = nullptr; ///< events of the one cause that was asked for, if one was
};

namespace detail {

/// Rows by cell, within a cell by time, as merge_groups() reads them.
struct TableSource {
  const RiskTable& table;
  std::size_t cause = 1; // of interest, where one is
  const std::vector<std::size_t>& first() const { return table.first; }
  double time(std::size_t row) const { return table.time[row]; }
  double events(std::size_t row) const { return table.n_event[row]; }
  double of_cause(std::size_t row) const { return table.events_of(cause)[row]; }
  /// At risk at `row` of the cell; `before` were so at the row before, if it is not the first.
  double at_risk(std::size_t, std::size_t row, double) const { return table.n_risk[row]; }
};
struct CountedSource {
  const CountedRows& counted;
  std::size_t cause = 1;
  const std::vector<std::size_t>& first() const { return counted.first; }
  double time(std::size_t row) const { return counted.time[row]; }
  double events(std::size_t row) const { return static_cast<std::uint32_t>(counted.leaving[row]); }
  double of_cause(std::size_t row) const {
    return counted.n_cause == 1 ? events(row) : counted.cause_events[row * counted.n_cause + cause - 1];
  }
  double at_risk(std::size_t cell, std::size_t row, double before) const {
    return row == counted.first[cell]
               ? counted.n[cell]
               : before - events(row - 1) - static_cast<double>(counted.leaving[row - 1] >> 32);
  }
};

template <bool by_cause = false, class Source, class Visit>
void merge_groups(const Source& rows, std::size_t n_group, Visit visit, const Poll& poll) {
  const std::vector<std::size_t>& first = rows.first();
  require(n_group > 0 && (first.size() - 1) % n_group == 0, "the risk table has not one cell per stratum and group");
  constexpr double never = std::numeric_limits<double>::infinity();
  std::vector<std::size_t> row(n_group), end(n_group);
  std::vector<double> next(n_group), n_risk(n_group), n_event(n_group, 0.0), n_cause(by_cause ? n_group : 0, 0.0);
  std::size_t done = 0;
  for (std::size_t s = 0; s * n_group + 1 < first.size(); ++s) {
    double n = 0.0;
    const auto arrive = [&](std::size_t g) { // at the row that comes next in group g, or at none
      const bool there = row[g] < end[g];
      next[g] = there ? rows.time(row[g]) : never;
      // Nobody enters or leaves between two rows: who is at risk at the later one is so since the earlier.
      const double before = n_risk[g];
      n_risk[g] = there ? rows.at_risk(s * n_group + g, row[g], before) : 0.0;
      n += n_risk[g] - before;
    };
    for (std::size_t g = 0; g < n_group; ++g) {
      row[g] = first[s * n_group + g];
      end[g] = first[s * n_group + g + 1];
      n_risk[g] = 0.0;
      arrive(g);
    }
    for (;;) {
      double time = never, d = 0.0;
      for (const double t : next)
        time = t < time ? t : time;
      if (time == never)
        break;
      for (std::size_t g = 0; g < n_group; ++g) {
        n_event[g] = next[g] == time ? rows.events(row[g]) : 0.0;
        d += n_event[g];
        if constexpr (by_cause)
          n_cause[g] = next[g] == time ? rows.of_cause(row[g]) : 0.0;
      }
      if (d > 0.0)
        visit(EventTime{s, time, n, d, n_risk.data(), n_event.data(), n_cause.data()});
      for (std::size_t g = 0; g < n_group; ++g) {
        if (next[g] != time)
          continue;
        ++row[g];
        arrive(g);
        if (poll && ++done % 1024 == 0)
          poll(static_cast<double>(done) / static_cast<double>(first.back()));
      }
    }
  }
}

} // namespace detail

/// Calls `visit` with each event time, stratum by stratum, in order of time.
/// @param table one cell per stratum and group, cell = stratum * n_group + group. With delayed entry it has a row for
/// each entry as well: see make_risk_table().
/// @param poll asked now and then with the share of rows that are done.
/// @throws input_error when the table has not one cell per stratum and group. O(rows * n_group).
template <class Visit>
void each_event_time(const RiskTable& table, std::size_t n_group, Visit visit, const Poll& poll = {}) {
  detail::merge_groups(detail::TableSource{table}, n_group, visit, poll);
}

/// The same of rows that count one each and are there from the start; cells as above.
template <class Visit>
void each_event_time(const CountedRows& counted, std::size_t n_group, Visit visit, const Poll& poll = {}) {
  detail::merge_groups(detail::CountedSource{counted}, n_group, visit, poll);
}

namespace detail {

/// Of rows in their order. `cause`: the events of which are counted by themselves, if any.
template <bool by_cause = false, class Visit>
void walk_ordered(OrderedRows& rows, std::size_t n_group, Visit visit, const Poll& poll, std::size_t cause = 1) {
  require(rows.n_group() == n_group, "ordered rows are of one stratum");
  std::vector<double> n_risk(n_group), n_event(n_group, 0.0), leaving(n_group, 0.0),
      n_cause(by_cause ? n_group : 0, 0.0);
  for (std::size_t g = 0; g < n_group; ++g)
    n_risk[g] = rows.in_group(g);
  double n = static_cast<double>(rows.size()), d = 0.0, gone = 0.0, now = 0.0;
  const auto depart = [&] { // those whose time this was
    if (d > 0.0)
      visit(EventTime{0, now, n, d, n_risk.data(), n_event.data(), n_cause.data()});
    for (std::size_t g = 0; g < n_group; ++g) {
      n_risk[g] -= leaving[g];
      n_event[g] = leaving[g] = 0.0;
      if constexpr (by_cause)
        n_cause[g] = 0.0;
    }
    n -= gone;
    d = gone = 0.0;
  };
  rows.each(
      [&](bool new_time, double time, std::size_t group, std::uint64_t event) {
        if (new_time) {
          depart();
          now = time;
        }
        const double dies = event != 0 ? 1.0 : 0.0;
        n_event[group] += dies;
        if constexpr (by_cause)
          n_cause[group] += event == cause ? 1.0 : 0.0;
        d += dies;
        leaving[group] += 1.0;
        gone += 1.0;
      },
      poll);
  depart();
}

} // namespace detail

/// The same of such rows in their order, one stratum: they need not be counted first.
template <class Visit>
void each_event_time(OrderedRows& rows, std::size_t n_group, Visit visit, const Poll& poll = {}) {
  detail::walk_ordered(rows, n_group, visit, poll);
}

/// Calls `visit` with each time at which somebody has an event of any cause; n_cause counts those of `cause`, a code
/// from 1. Sources as above.
template <class Visit>
void each_cause_time(const RiskTable& table, std::size_t n_group, std::size_t cause, Visit visit,
                     const Poll& poll = {}) {
  detail::require(cause >= 1 && cause <= table.n_cause, "there is no such cause");
  detail::merge_groups<true>(detail::TableSource{table, cause}, n_group, visit, poll);
}
template <class Visit>
void each_cause_time(const CountedRows& counted, std::size_t n_group, std::size_t cause, Visit visit,
                     const Poll& poll = {}) {
  detail::require(cause >= 1 && cause <= counted.n_cause, "there is no such cause");
  detail::merge_groups<true>(detail::CountedSource{counted, cause}, n_group, visit, poll);
}
template <class Visit>
void each_cause_time(OrderedRows& rows, std::size_t n_group, std::size_t cause, Visit visit, const Poll& poll = {}) {
  detail::require(cause >= 1, "there is no such cause");
  detail::walk_ordered<true>(rows, n_group, visit, poll, cause);
}

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

} // namespace detail

namespace detail {

inline std::vector<double> leaving_by_group(const RiskTable& table, std::size_t n_group) {
  std::vector<double> out(n_group, 0.0);
  for (std::size_t cell = 0; cell < table.n_group(); ++cell)
    for (std::size_t row = table.first[cell]; row < table.first[cell + 1]; ++row) {
      const double leaving = table.n_event[row] + table.n_censor[row];
      require(table.n_event[row] == std::floor(table.n_event[row]) && leaving == std::floor(leaving),
              "the log-rank test takes whole counts, not weights");
      out[cell % n_group] += leaving;
    }
  return out;
}
inline std::vector<double> leaving_by_group(const CountedRows& counted, std::size_t n_group) {
  std::vector<double> out(n_group, 0.0);
  for (std::size_t cell = 0; cell < counted.n.size(); ++cell)
    out[cell % n_group] += counted.n[cell];
  return out;
}
inline std::vector<double> leaving_by_group(const OrderedRows& rows, std::size_t n_group) {
  std::vector<double> out;
  for (std::size_t g = 0; g < n_group; ++g)
    out.push_back(rows.in_group(g));
  return out;
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
  /// The first `size` of them are a block.
  void close(std::size_t size) {
    double expected[2] = {0.0, 0.0}, together = 0.0;
    for (std::size_t i = 0; i < size; ++i) {
      const double hazard = d_[i] / n_[i];
      const double c = hazard * (n_[i] - d_[i]) / (n_[i] * std::max(1.0, n_[i] - 1.0));
      to_first_[i] = first_[i] * hazard;
      to_second_[i] = (n_[i] - first_[i]) * hazard;
      both_[i] = first_[i] * (n_[i] - first_[i]) * c;
    }
    for (std::size_t i = 0; i < size; ++i) {
      expected[0] += to_first_[i];
      expected[1] += to_second_[i];
      together += both_[i];
    }
    expected_first.add(expected[0]);
    expected_second.add(expected[1]);
    covariance.add(together);
  }
  double observed = 0.0, observed_first = 0.0;
  CompensatedSum expected_first, expected_second;
  CompensatedSum covariance; ///< with the sign turned: >= 0

private:
  double n_[block], d_[block], first_[block], to_first_[block], to_second_[block], both_[block];
};

template <class Source> void pair_sums(Source& source, PairSums& sums, const Poll& poll) {
  std::size_t size = 0;
  each_event_time(
      source, 2,
      [&](const EventTime& at) {
        sums.put(size++, at.n, at.d, at.n_risk[0]);
        sums.observed += at.d;
        sums.observed_first += at.n_event[0];
        if (size == PairSums::block)
          sums.close(std::exchange(size, 0));
      },
      poll);
  sums.close(size);
}

/// Whole numbers, and no jump on what nobody can foresee, group or event: each time is put in its place, and stays
/// there if somebody had an event then.
struct PairWalk {
  PairSums& sums;
  std::int64_t left, left_first; ///< rows not yet seen
  std::int64_t n = 0, n_first = 0, d = 0, observed = 0, observed_first = 0;
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
    if (size == PairSums::block)
      sums.close(std::exchange(size, 0));
  }
};

inline void pair_sums(OrderedRows& rows, PairSums& sums, const Poll& poll) {
  require(rows.n_group() == 2, "ordered rows are of one stratum");
  auto walk = rows.each(
      PairWalk{sums, static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(rows.in_group(0))}, poll);
  walk.depart();
  sums.close(walk.size);
  sums.observed = static_cast<double>(walk.observed);
  sums.observed_first = static_cast<double>(walk.observed_first);
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
    detail::PairSums sums;
    detail::pair_sums(source, sums, poll);
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
