#ifndef CRYONODES_PERMUTATION_STATISTICS_HPP
#define CRYONODES_PERMUTATION_STATISTICS_HPP

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include "cryonodes/error.hpp"
#include "cryonodes/logrank.hpp"
#include "cryonodes/logrank_rows.hpp"
#include "cryonodes/permutation.hpp"
#include "cryonodes/permutation_dealing.hpp"
#include "cryonodes/permutation_subsets.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/risk_table.hpp"
#include "cryonodes/span.hpp"
#include "cryonodes/sums.hpp"

namespace cryonodes {

/// What of a log-rank test of two groups depends on who is in which: the scores of the rows, and the variance as a sum
/// of terms w^2 d (n - d) / ((n - 1) n^2) n_1 n_2 over the event times, n_g of those at risk being of group g.
struct StudentisedRows {
  struct Term {
    std::size_t from, to; ///< at risk are the rows order[from], ..., order[to - 1]
    double weight;        ///< w^2 d (n - d) / ((n - 1) n^2)
  };
  std::vector<double> score;
  std::vector<std::size_t> order; ///< rows, stratum by stratum, those followed longest first
  std::vector<Term> term;         ///< with growing `to`
};

/// @param rows without delayed entry; their groups do not count. O(n log n).
/// @throws input_error as make_risk_table(), or with delayed entry.
inline StudentisedRows studentised_rows(const TestRows& rows, const LogrankOptions& options, const Poll& poll = {}) {
  detail::require(rows.timeline.entry_id.empty(), "rows are dealt out without delayed entry");
  StudentisedRows out;
  out.score = logrank_scores(rows, options, poll);
  const std::size_t n = out.score.size();
  const auto stratum_of = [&](std::size_t i) { return static_cast<std::size_t>(rows.cell[i]) / rows.n_group; };
  std::vector<std::size_t> first(rows.n_stratum + 1, 0);
  for (std::size_t i = 0; i < n; ++i)
    ++first[stratum_of(i) + 1];
  std::partial_sum(first.begin(), first.end(), first.begin());
  out.order.resize(n);
  std::iota(out.order.begin(), out.order.end(), std::size_t{0});
  std::sort(out.order.begin(), out.order.end(), [&](std::size_t a, std::size_t b) {
    const std::size_t s = stratum_of(a), t = stratum_of(b);
    return s != t ? s < t : rows.timeline.exit_id[a] > rows.timeline.exit_id[b];
  });
  const auto table = make_risk_table(rows.timeline, rows.event, rows.cell, rows.n_group * rows.n_stratum, {}, 1, poll);
  TestWeights weights(options);
  each_event_time(
      table, rows.n_group,
      [&](const EventTime& at) {
        const double w = weights(at);
        if (at.n > at.d) // who all have the event tell nothing
          out.term.push_back({first[at.stratum], first[at.stratum] + static_cast<std::size_t>(at.n),
                              w * w * at.d * (at.n - at.d) / ((at.n - 1.0) * at.n * at.n)});
      },
      poll);
  std::sort(out.term.begin(), out.term.end(), [](const auto& a, const auto& b) { return a.to < b.to; });
  return out;
}

namespace detail {

/// The variances of studentised scores, looked up. Of a term whose last unit lies in a field, with c units of the
/// second group before the field and a in it up to there, n_1 n_2 = (c + a) (N - c - a): a polynomial in c, whose
/// coefficients depend on the field's code alone.
class LookedUpVariance {
public:
  LookedUpVariance(const SubsetDealer& dealer, const StudentisedRows& rows) {
    auto term = rows.term.begin();
    for (const auto& f : dealer.fields()) {
      Field to{f.word, code_.size(), f.shift, f.mask, f.first, 0.0, 0.0};
      code_.resize(code_.size() + f.codes);
      for (std::uint32_t code = 0; code < f.codes; ++code)
        code_[to.at + code].in_second = ones(f.pattern(code));
      for (; term != rows.term.end() && term->to <= f.to; ++term) {
        const auto at_risk = static_cast<double>(term->to - term->from);
        to.linear += term->weight * at_risk;
        to.square += term->weight;
        for (std::uint32_t code = 0; code < f.codes; ++code) {
          const double a = ones(f.pattern(code) & ((1U << (term->to - f.from)) - 1U));
          code_[to.at + code].constant += term->weight * a * (at_risk - a);
          code_[to.at + code].linear += 2.0 * term->weight * a;
        }
      }
      field_.push_back(to);
    }
  }
  std::array<double, SubsetDealer::lanes> operator()(const std::vector<SubsetDealer::Lanes>& words) const {
    std::array<double, SubsetDealer::lanes> out{}, before{};
    for (const auto& f : field_) {
      if (f.first)
        before.fill(0.0);
      for (std::size_t k = 0; k < out.size(); ++k) {
        const Code& code = code_[f.at + (words[f.word][k] >> f.shift & f.mask)];
        out[k] += code.constant + before[k] * (f.linear - code.linear - before[k] * f.square);
        before[k] += code.in_second;
      }
    }
    return out;
  }

private:
  struct Code {
    double constant, linear, in_second;
  };
  struct Field {
    std::size_t word, at;
    std::uint32_t shift, mask;
    bool first;
    double linear, square;
  };
  std::vector<Code> code_;
  std::vector<Field> field_;
};

} // namespace detail

/// How many of the replicates have a score that is as large for its standard deviation as that of the second group was
/// found, or larger, either recomputed for each dealing (Neuhaus 1993; Brendel, Janssen, Mayer & Pauly 2014): a test
/// that holds its level in large samples even if follow-up differs between the groups. A dealing without variance has a
/// score of 0. `dealt.score` is not looked at.
inline std::size_t studentised_tail(const StudentisedRows& rows, const DealtScores& dealt, const DealOptions& options,
                                    const Poll& poll = {}) {
  const std::size_t n = rows.score.size();
  detail::require(dealt.group.size() == n && dealt.n_group == 2, "a studentised score is that of two groups");
  double size = 0.0;
  for (double a : rows.score)
    size += std::fabs(a);
  const double equal = static_cast<double>(n + 2) * detail::step_of_scores(size);
  struct Found {
    double score, variance;
  };
  const auto find = [&](const auto& groups) {
    Found out{0.0, 0.0};
    for (std::size_t i = 0; i < n; ++i)
      out.score += groups[i] == 1 ? rows.score[i] : 0.0;
    std::size_t at = 0, in_second = 0;
    for (const auto& term : rows.term) {
      if (at <= term.from) { // another stratum
        at = term.from;
        in_second = 0;
      }
      for (; at < term.to; ++at)
        in_second += groups[rows.order[at]] == 1 ? 1U : 0U;
      out.variance +=
          term.weight * static_cast<double>(in_second) * static_cast<double>(term.to - term.from - in_second);
    }
    return out;
  };
  const detail::SubsetDealer dealer(dealt, rows.order);
  detail::require(dealer.unit() == rows.order, "rows are dealt out within strata of their own");
  const Found found = find(dealt.group);
  const bool any = found.variance > 0.0 && std::fabs(found.score) > equal;
  const double ratio = any ? found.score * found.score / found.variance : 0.0;
  const detail::LookedUpSums scores(dealer, rows.score);
  const detail::LookedUpVariance variances(dealer, rows);
  std::vector<std::vector<int>> groups(std::max<std::size_t>(options.threads, 1), std::vector<int>(n));
  const auto as_large = [&](const std::vector<detail::SubsetDealer::Lanes>& words, std::size_t thread) {
    std::uint32_t hit = 0;
    if (!any)
      return ~hit;
    const auto score = scores(words);
    auto variance = variances(words);
    for (std::size_t k = 0; k < score.size(); ++k) {
      if (std::fabs(score[k]) <= equal) { // perhaps without variance, which rounding may hide
        dealer.write_groups(words, k, groups[thread]);
        variance[k] = find(groups[thread]).variance;
      }
      const bool large = variance[k] > 0.0 && std::fabs(score[k]) >= std::sqrt(ratio * variance[k]) - equal;
      hit |= (large ? 1U : 0U) << k;
    }
    return hit;
  };
  return detail::count_subsets(dealer, options, as_large, poll);
}

struct LargestOfScores {
  std::vector<double> z; ///< of each kind, as found: the second group's score over its standard deviation; NaN without
  std::size_t hits;      ///< replicates the largest of whose |z| is as large as that, or larger
};

/// Scores of several kinds, dealt out together; the standard deviation of each is that over all ways of dealing.
/// @param score n of each kind, kind by kind. `dealt.score` is not looked at.
inline LargestOfScores largest_tail(span<const double> score, const DealtScores& dealt, const DealOptions& options,
                                    const Poll& poll = {}) {
  const std::size_t n = dealt.group.size();
  detail::require(n > 0 && score.size() % n == 0 && dealt.n_group == 2, "scores of two groups, n of each kind");
  const auto stratum_of = [&](std::size_t i) {
    return dealt.stratum.empty() ? std::size_t{0} : static_cast<std::size_t>(dealt.stratum[i]);
  };
  const detail::SubsetDealer dealer(dealt);
  const std::size_t kinds = score.size() / n;
  std::vector<double> in(dealt.n_stratum, 0.0), in_second(dealt.n_stratum, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    in[stratum_of(i)] += 1.0;
    in_second[stratum_of(i)] += dealt.group[i];
  }
  LargestOfScores out{{}, 0};
  double equal = 0.0, largest = 0.0;
  std::vector<detail::LookedUpSums> sums;
  for (std::size_t kind = 0; kind < kinds; ++kind) {
    const double* of = score.data() + kind * n;
    std::vector<CompensatedSum> sum(dealt.n_stratum), square(dealt.n_stratum);
    double size = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
      detail::require(std::isfinite(of[i]), "a score is not finite");
      sum[stratum_of(i)].add(of[i]);
      size += std::fabs(of[i]);
    }
    std::vector<double> column(n);
    for (std::size_t i = 0; i < n; ++i) {
      column[i] = of[i] - sum[stratum_of(i)].value() / in[stratum_of(i)];
      square[stratum_of(i)].add(column[i] * column[i]);
    }
    double variance = 0.0;
    for (std::size_t s = 0; s < dealt.n_stratum; ++s)
      if (in[s] > 1.0)
        variance += square[s].value() * in_second[s] * (in[s] - in_second[s]) / (in[s] * (in[s] - 1.0));
    const double step = static_cast<double>(n + 2) * detail::step_of_scores(size);
    if (!(std::sqrt(variance) > step)) {
      out.z.push_back(std::numeric_limits<double>::quiet_NaN());
      continue;
    }
    CompensatedSum found;
    for (std::size_t i = 0; i < n; ++i) {
      column[i] /= std::sqrt(variance);
      if (dealt.group[i] == 1)
        found.add(column[i]);
    }
    out.z.push_back(found.value());
    equal = std::max(equal, step / std::sqrt(variance));
    largest = std::max(largest, std::fabs(found.value()));
    sums.emplace_back(dealer, column);
  }
  const auto as_large = [&](const std::vector<detail::SubsetDealer::Lanes>& words, std::size_t) {
    std::array<double, detail::SubsetDealer::lanes> most{};
    for (const auto& of_kind : sums) {
      const auto z = of_kind(words);
      for (std::size_t k = 0; k < most.size(); ++k)
        most[k] = std::max(most[k], std::fabs(z[k]));
    }
    std::uint32_t hit = 0;
    for (std::size_t k = 0; k < most.size(); ++k)
      hit |= (most[k] >= largest - equal ? 1U : 0U) << k;
    return hit;
  };
  out.hits = detail::count_subsets(dealer, options, as_large, poll);
  return out;
}

} // namespace cryonodes

#endif
