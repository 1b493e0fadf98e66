#ifndef CRYONODES_PERMUTATION_TAIL_HPP
#define CRYONODES_PERMUTATION_TAIL_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "cryonodes/error.hpp"
#include "cryonodes/permutation.hpp"
#include "cryonodes/permutation_bounds.hpp"
#include "cryonodes/permutation_characteristic.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/span.hpp"
#include "cryonodes/sums.hpp"
#include "cryonodes/tails.hpp"
#include "cryonodes/threads.hpp"

namespace cryonodes {

/// @param error what the bound of the error is to come to, a smaller one where p < 0.05. @param work how many terms of
/// sums may be spent on it: a thousand million take about a second. The answer does not depend on `threads`.
struct NumericTailOptions {
  double error = 1e-7;
  double work = 2e9;
  std::size_t threads = 1;
};

/// The probability exact_tail() gives lies within `error` of p_value.
struct NumericTail {
  double p_value;
  double error;    ///< a proven bound; may be larger than was asked for
  double log_ways; ///< natural logarithm of the number of ways of dealing
};

namespace detail {

/// Trigonometric polynomials on a circle on which X comes to lie, each with the coefficients of its cosines. The tails
/// |X| >= d are one arc there. For scores that are whole multiples of a step the polynomial is the arc's indicator on
/// these; else it is one above and one below the indicator, as near to it as can be (Selberg; Montgomery 1994, ch. 1).
struct ArcSeries {
  double around;       ///< length of the circle
  std::size_t highest; ///< frequencies up to this one
  bool lattice = false;
  double above = 0.0, below = 0.0; ///< where the arc begins for either polynomial, as a share of the circle
  double arc = 0.0, middle = 0.0;  ///< lattice: points in the arc, and where its middle is

  double theta(double k) const { return two_pi * k / around; }
  /// No smaller than the coefficient of frequency k, and falling in k.
  double size(std::size_t k) const {
    const auto count = static_cast<double>(lattice ? 2 * highest + 1 : highest + 1);
    const double u = static_cast<double>(k) / count;
    if (lattice)
      return 2.0 / (count * std::sin(0.5 * two_pi * u));
    return 2.0 / count * (2.0 / (two_pi * u) + 1.0 - u);
  }
  std::pair<double, double> constant() const {
    if (lattice) {
      const double share = arc / static_cast<double>(2 * highest + 1);
      return {share, share};
    }
    const double edge = 1.0 / static_cast<double>(highest + 1);
    return {1.0 - 2.0 * above + edge, 1.0 - 2.0 * below - edge};
  }
  /// What frequency k adds to the polynomial above, and below.
  std::pair<double, double> term(std::size_t k, const DealtSum::Value& at) const {
    const auto number = static_cast<double>(k);
    if (lattice) {
      const auto count = static_cast<double>(2 * highest + 1);
      const double sines = std::sin(0.5 * two_pi * std::fmod(number * arc, 2.0 * count) / count) /
                           std::sin(0.5 * two_pi * number / count);
      const double turn = theta(number) * middle;
      const double out = 2.0 / count * sines * (at.re * std::cos(turn) + at.im * std::sin(turn));
      return {out, out};
    }
    const auto count = static_cast<double>(highest + 1);
    const double u = number / count, half = 0.5 * two_pi;
    const double vaaler = -(1.0 - u) / std::tan(half * u) - 1.0 / half;
    const auto one = [&](double begin, double sign) {
      const double turn = two_pi * std::fmod(number * begin, 1.0);
      return 2.0 / count * (vaaler * std::sin(turn) + sign * (1.0 - u) * std::cos(turn)) * at.re;
    };
    return {one(above, 1.0), one(below, -1.0)};
  }
};

/// Are all sums whole multiples of a step apart, wider than those to which scores are rounded? In those steps: the
/// lattice's gap, its origin less the mean, and its points next to the mean that are as far from it as was observed.
struct Lattice {
  Lattice(const DealtScores& dealt, std::size_t m, int chosen, double step) {
    const std::size_t n = dealt.score.size();
    std::int64_t first = 0, total = 0, observed = 0, common = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double steps = dealt.score[i] / step;
      const std::int64_t whole = std::llround(steps);
      if (static_cast<double>(whole) != steps)
        return;
      first = i == 0 ? whole : first;
      common = std::gcd(common, whole - first);
      total += whole;
      observed += dealt.group[i] == chosen ? whole : 0;
    }
    const auto slack = static_cast<double>(std::min<std::size_t>(n + 2, 64));
    gap = static_cast<double>(common);
    if (gap < 16.0 * slack)
      return;
    const double mean = static_cast<double>(m) * (static_cast<double>(total) / static_cast<double>(n));
    origin = static_cast<double>(m) * static_cast<double>(first) - mean;
    const double distance = std::fabs(static_cast<double>(observed) - mean) - slack;
    above = std::ceil((distance - origin) / gap);
    below = std::floor((-distance - origin) / gap);
    all_as_far = above - below <= 1.0;
    found = true;
  }
  bool found = false, all_as_far = false;
  double gap = 0.0, origin = 0.0, above = 0.0, below = 0.0;
};

/// The sum of a series over the frequencies of a stretch: those with a small bound are bounded, the others computed.
template <std::size_t H> class StretchSum {
public:
  struct Sum {
    double above = 0.0, below = 0.0, error = 0.0, work = 0.0;
  };
  StretchSum(const DealtSum& sum, const ArcSeries& series, double log_wanted)
      : sum_(sum), series_(series), log_wanted_(log_wanted), bounds_(sum), between_(sum),
        plan_(FineBounds::plan(sum, log_wanted - 5.0)), fine_(sum, plan_),
        finest_(sum, {plan_.in_block, 2 * plan_.blocks, plan_.half}) {}

  /// Frequencies from..to. @throws work_error when they take more than so much work.
  Sum operator()(std::size_t from, std::size_t to, double most_work) {
    out_ = {};
    most_work_ = most_work;
    if (finely(from, to))
      return out_;
    // How wide a group of frequencies one bound can serve, by some of them.
    std::vector<double> tried(bounds_.levels(), -inf);
    for (std::size_t i = 0; i < 4; ++i) {
      const std::size_t k = from + (to - from) * (2 * i + 1) / 8;
      bounds_.start(series_.theta(static_cast<double>(k)));
      bounds_.next();
      for (std::size_t level = 0; level < tried.size(); ++level)
        tried[level] = std::max(tried[level], bounds_.log_bound(level));
    }
    out_.work += 100.0 * bounds_.units();
    std::size_t group = 1, level = 0;
    for (std::size_t l = 0; l < tried.size(); ++l) {
      const double half = 0.9 * (log_wanted_ - 1.0 - tried[l]) / bounds_.slope(l, series_.theta(1.0));
      if (half > 0.0 && 2.0 * half + 1.0 > static_cast<double>(group)) {
        group = static_cast<std::size_t>(std::min(2.0 * half + 1.0, static_cast<double>(to - from + 1)));
        level = l;
      }
    }
    bounds_.turn_by(series_.theta(static_cast<double>(group)));
    std::size_t turns = 0;
    for (std::size_t k = from; k <= to; k += group) {
      const std::size_t last = std::min(k + group - 1, to);
      if (turns++ % DealtBounds<H>::turns == 0) {
        bounds_.start(series_.theta(static_cast<double>(k) + 0.5 * static_cast<double>(group - 1)));
        out_.work += 20.0 * bounds_.units();
      }
      bounds_.next();
      out_.work += static_cast<double>(H) * bounds_.units();
      const double log_bound =
          bounds_.log_bound(level) + bounds_.slope(level, series_.theta(0.5 * static_cast<double>(group - 1)));
      if (log_bound <= log_wanted_ + patience)
        accept(k, last, log_bound);
      else
        resolve(k, last);
      if (out_.work > most_work_)
        throw work_error("more work than allowed");
    }
    return out_;
  }

private:
  // Of a few frequencies more than the wanted share is put up with: it is their sum that counts.
  static constexpr double patience = 3.0;

  /// Sums up the stretch in wide groups; false when even its first have no bound.
  bool finely(std::size_t from, std::size_t to) {
    const auto group = static_cast<std::size_t>(
        std::min(2.0 * plan_.half / series_.theta(1.0) + 1.0, static_cast<double>(to - from + 1)));
    if (plan_.blocks == 0 || group < 32)
      return false;
    const double half = 0.5 * static_cast<double>(group - 1);
    fine_.turn_by(series_.theta(static_cast<double>(group)));
    std::size_t turns = 0;
    for (std::size_t k = from; k <= to; k += group) {
      const std::size_t last = std::min(k + group - 1, to);
      if (turns++ % FineBounds::turns == 0) {
        fine_.start(series_.theta(static_cast<double>(k) + half));
        out_.work += 20.0 * fine_.units();
      }
      double log_bound = fine_.next();
      out_.work += fine_.units();
      if (log_bound > log_wanted_ + patience) {
        if (k == from)
          return false;
        finest_.start(series_.theta(static_cast<double>(k) + half));
        log_bound = finest_.next();
        out_.work += 21.0 * finest_.units();
      }
      if (log_bound <= log_wanted_ + patience)
        accept(k, last, log_bound);
      else
        resolve(k, last);
      if (out_.work > most_work_)
        throw work_error("more work than allowed");
    }
    return true;
  }
  void accept(std::size_t from, std::size_t to, double log_bound) {
    out_.error += std::exp(std::min(log_bound, 0.0)) * series_.size(from) * static_cast<double>(to - from + 1);
  }
  void resolve(std::size_t from, std::size_t to) {
    if (out_.work > most_work_)
      throw work_error("more work than allowed");
    if (to > from) {
      const double half = 0.5 * static_cast<double>(to - from);
      between_.start(series_.theta(static_cast<double>(from) + half));
      between_.next();
      out_.work += 22.0 * between_.units();
      for (std::size_t level = 0; level < between_.levels(); ++level) {
        const double log_bound = between_.log_bound(level) + between_.slope(level, series_.theta(half));
        if (log_bound <= log_wanted_ + patience) {
          accept(from, to, log_bound);
          return;
        }
      }
      resolve(from, from + (to - from) / 2);
      resolve(from + (to - from) / 2 + 1, to);
      return;
    }
    const auto at = sum_.characteristic(series_.theta(static_cast<double>(from)));
    const auto term = series_.term(from, at);
    out_.above += term.first;
    out_.below += term.second;
    out_.error += at.error * series_.size(from) + 8.0 * unit_roundoff;
    out_.work += at.work;
  }

  const DealtSum& sum_;
  const ArcSeries& series_;
  double log_wanted_, most_work_ = 0.0;
  DealtBounds<H> bounds_, between_;
  FineBounds::Plan plan_;
  FineBounds fine_, finest_;
  Sum out_;
};

/// Sums of the series over frequencies 1, 2, ..., `highest`: the first are given, the others come in stretches, each by
/// itself, added up in their order.
template <std::size_t H>
typename StretchSum<H>::Sum sum_series(const DealtSum& sum, const ArcSeries& series,
                                       const std::vector<DealtSum::Value>& first, double goal,
                                       const NumericTailOptions& options, const Poll& poll) {
  typename StretchSum<H>::Sum out;
  for (std::size_t k = 1; k <= std::min(first.size(), series.highest); ++k) {
    const auto term = series.term(k, first[k - 1]);
    out.above += term.first;
    out.below += term.second;
    out.error += first[k - 1].error * series.size(k) + 8.0 * unit_roundoff;
  }
  // Each twice as long as all before it, up to a sixteenth of the whole.
  std::vector<std::size_t> starts;
  double sizes = 0.0;
  for (std::size_t k = first.size() + 1; k <= series.highest;) {
    starts.push_back(k);
    const std::size_t length =
        std::min({std::max<std::size_t>(k, 16), series.highest / 16 + 1, series.highest + 1 - k});
    sizes += series.size(k) * static_cast<double>(length);
    k += length;
  }
  if (starts.empty())
    return out;
  std::vector<typename StretchSum<H>::Sum> parts(starts.size());
  const std::size_t threads = std::min(std::max<std::size_t>(options.threads, 1), starts.size());
  std::vector<StretchSum<H>> workers(threads, StretchSum<H>(sum, series, std::log(goal / sizes)));
  for_each_block(
      starts.size(), threads,
      [&](std::size_t i, std::size_t thread) {
        const std::size_t to = i + 1 < starts.size() ? starts[i + 1] - 1 : series.highest;
        const double share = static_cast<double>(to - starts[i] + 1) / static_cast<double>(series.highest);
        parts[i] = workers[thread](starts[i], to, options.work * std::max(share, 0.02));
      },
      poll);
  for (const auto& part : parts) {
    out.above += part.above;
    out.below += part.below;
    out.error += part.error;
    out.work += part.work;
  }
  return out;
}

} // namespace detail

/// What exact_tail() gives, within a bound, for any number of units: the characteristic function of the sum, summed up
/// to the probability of an arc on a circle. Scores that are whole multiples of a step (ranks) come out as exactly as
/// numbers are; of others the indicator of the arc is bracketed by trigonometric polynomials of some million terms, of
/// which all but the first few dozen are proven to be negligible. The error that is stated covers: the bracket, the
/// terms that were bounded, the nodes left out, what lies beyond the circle, and rounding. Its cost hardly depends on
/// n.
///
/// Where so few scores differ that single sums have a weight of their own, or there are less than some 45 units, no
/// such bracket is narrow, and the error stated is large: exact_tail() is for these. Up to a hundred units the work
/// allowed may end at an error of some 1e-6.
/// @throws input_error when lengths or codes do not fit.
inline NumericTail numeric_tail(const DealtScores& dealt, const NumericTailOptions& options = {},
                                const Poll& poll = {}) {
  const std::size_t n = dealt.score.size();
  detail::require(dealt.group.size() == n && dealt.n_group == 2 && dealt.n_stratum == 1,
                  "exact sums are those of two groups in one stratum");
  detail::require(options.error > 0.0, "the error asked for must be > 0");
  double size = 0.0, largest = 0.0;
  std::size_t in_second = 0;
  for (std::size_t i = 0; i < n; ++i) {
    detail::require(std::isfinite(dealt.score[i]), "a score is not finite");
    detail::require(dealt.group[i] == 0 || dealt.group[i] == 1, "a group code is out of range");
    size += std::fabs(dealt.score[i]);
    largest = std::max(largest, std::fabs(dealt.score[i]));
    in_second += static_cast<std::size_t>(dealt.group[i]);
  }
  const double step = detail::step_of_scores(size);
  const std::size_t m = std::min(in_second, n - in_second);
  if (m == 0 || largest == 0.0)
    return {1.0, 0.0, 0.0};
  const int chosen = in_second == m ? 1 : 0;
  // In units of the largest, so that nothing overflows.
  CompensatedSum total;
  for (double a : dealt.score)
    total.add(a / largest);
  const double mean = total.value() / static_cast<double>(n);
  CompensatedSum squares, sum;
  std::vector<double> score(n);
  for (std::size_t i = 0; i < n; ++i) {
    score[i] = dealt.score[i] / largest - mean;
    squares.add(score[i] * score[i]);
    if (dealt.group[i] == chosen)
      sum.add(score[i]);
  }
  const double share = static_cast<double>(m) / static_cast<double>(n);
  const double deviation = std::sqrt(squares.value() * share * static_cast<double>(n - m) /
                                     static_cast<double>(std::max<std::size_t>(n - 1, 1)));
  // The distance, less and more what exact_tail() takes for equal: twice its tolerance, and its own rounding.
  const double tolerance = static_cast<double>(std::min<std::size_t>(n + 2, 64)) * (step / largest);
  const double distance = std::fabs(sum.value());
  if (!(distance > 2.0 * tolerance + step / largest) || !(deviation > 0.0))
    return {1.0, 0.0, 0.0};
  for (double& a : score)
    a /= deviation;
  const double low = (distance - 2.0 * tolerance - step / largest) / deviation;
  const double high = (distance + step / largest) / deviation;
  const detail::DealtSum dealt_sum(score, m);
  NumericTail out{1.0, 1.0, dealt_sum.log_ways()};

  // How far the circle reaches: what lies beyond is to be a small part of p. For that p need not be known well.
  const double guess = std::max(std::erfc(high / std::sqrt(2.0)), 1e-4);
  const double of_error = std::min(1.0, 20.0 * guess), goal = options.error * of_error;
  const double log_most = dealt_sum.log_far(low);
  double reach = 5.5, log_beyond = dealt_sum.log_far(reach);
  while (log_beyond > std::log(0.05 * goal) && reach < 60.0) {
    reach *= 1.08;
    log_beyond = dealt_sum.log_far(reach);
  }
  if (log_beyond > std::log(0.05 * goal))
    return out;
  detail::ArcSeries series{high + std::max(reach, high + 0.5), 0};

  const detail::Lattice lattice(dealt, m, chosen, step);
  if (lattice.found) {
    const double unit = lattice.gap * (step / largest) / deviation;
    const double points = std::ceil(series.around / unit) + 2.0;
    if (lattice.all_as_far)
      return {1.0, 0.0, out.log_ways};
    if (points < 4e6) {
      series.lattice = true;
      series.highest = static_cast<std::size_t>(points) / 2;
      const auto count = static_cast<double>(2 * series.highest + 1);
      series.around = count * unit;
      series.arc = lattice.below + count - lattice.above + 1.0;
      series.middle =
          (lattice.origin + 0.5 * lattice.gap * (lattice.above + lattice.below + count)) * (step / largest) / deviation;
    }
  }
  series.above = low / series.around;
  series.below = high / series.around;

  // The frequencies at which the function is not yet small tell how dense sums are at the ends of the arc.
  std::vector<detail::DealtSum::Value> first;
  double density = 1.0;
  for (std::size_t k = 1, small = 0; k <= 200 && small < 3 && !(series.lattice && k > series.highest); ++k) {
    first.push_back(dealt_sum.characteristic(series.theta(static_cast<double>(k))));
    const double modulus = std::hypot(first.back().re, first.back().im);
    small = modulus < 1e-4 ? small + 1 : 0;
    density += 2.0 * first.back().re * std::cos(detail::two_pi * static_cast<double>(k) * series.above);
  }
  const double information = dealt_sum.pq() * static_cast<double>(n);
  double lower = std::exp(-out.log_ways) * (1.0 - 1e-9), upper = std::min(1.0, std::exp(log_most));
  double work = 0.0;
  const auto narrow = [&](double error) {
    const double wanted = error * of_error;
    if (!series.lattice)
      series.highest = static_cast<std::size_t>(std::min(std::max(density, 1e-4) / (0.8 * wanted), 1e8)) + 1;
    const auto add = [&](const auto& sums) {
      lower = std::max(lower, series.constant().second + sums.below - sums.error);
      upper =
          std::max(lower, std::min(upper, series.constant().first + sums.above + sums.error + std::exp(log_beyond)));
      work += sums.work;
    };
    // The fewer units, the closer must their bound be.
    if (information > 40.0)
      add(detail::sum_series<1>(dealt_sum, series, first, 0.15 * wanted, options, poll));
    else if (information > 24.0)
      add(detail::sum_series<2>(dealt_sum, series, first, 0.15 * wanted, options, poll));
    else
      add(detail::sum_series<8>(dealt_sum, series, first, 0.15 * wanted, options, poll));
  };
  const auto done = [&](double error) {
    try {
      narrow(error);
      return true;
    } catch (const work_error&) {
      return false; // what is known by now stands
    }
  };
  constexpr double coarse = 5e-6;
  if (options.error >= coarse || series.lattice) {
    done(options.error);
  } else if (information > 40.0) {
    if (!done(options.error))
      done(coarse);
  } else if (done(coarse)) {
    // Some hundred units and fewer: the first, wider bracket tells what a narrow one takes.
    const double error = std::max(options.error, coarse * 1.5 * work / options.work);
    if (error < 0.8 * coarse)
      done(error);
  }
  out.p_value = 0.5 * (lower + upper);
  out.error = 0.5 * (upper - lower);
  return out;
}

} // namespace cryonodes

#endif
