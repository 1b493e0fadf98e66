#ifndef CRYONODES_GRAY_SUMS_HPP
#define CRYONODES_GRAY_SUMS_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "cryonodes/error.hpp"
#include "cryonodes/event_times.hpp"
#include "cryonodes/sums.hpp"
#include "cryonodes/tails.hpp"

namespace cryonodes {

/// Gray's test for the incidence of one cause, summed over the strata. k groups.
struct GrayResult {
  std::vector<double> n;          ///< k: who leaves, with or without an event; filled by gray()
  std::vector<double> observed;   ///< k: events of the cause
  std::vector<double> expected;   ///< k: those of all groups, shared out as the subdistribution risk sets are
  std::vector<double> score;      ///< k: sum of weight times (observed - expected)
  std::vector<double> covariance; ///< k x k, symmetric: of the scores
  /// k: groups with one number were at risk together, directly or through others, at an event of the cause. Numbered
  /// from 0 by first appearance.
  std::vector<std::size_t> component;
  std::size_t n_component = 0;
  double greatest_pooled = 0.0; ///< the pooled incidence where it is largest; beyond 1 it is no probability
  double statistic = std::numeric_limits<double>::quiet_NaN(); ///< NaN: undefined
  double df = 0.0;
  double log_p_value = std::numeric_limits<double>::quiet_NaN();
};

namespace detail {

/// u' V^-1 u over the members of a part but the first, whose numbers follow from those of the others because rows of V
/// and u sum to zero. NaN when V is not positive definite there: pivots of its correlations that are rounding are none.
inline double quadratic_form(const std::vector<double>& u, const std::vector<double>& v,
                             const std::vector<std::size_t>& members) {
  constexpr double undefined = std::numeric_limits<double>::quiet_NaN();
  const std::size_t k = u.size(), m = members.size() - 1;
  std::vector<double> size(m), root(m * m, 0.0), z(m);
  for (std::size_t i = 0; i < m; ++i) {
    const double variance = v[members[i + 1] * (k + 1)];
    if (!(variance > 0.0))
      return undefined;
    size[i] = std::sqrt(variance);
  }
  double out = 0.0;
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double rest = v[members[i + 1] * k + members[j + 1]] / (size[i] * size[j]);
      for (std::size_t l = 0; l < j; ++l)
        rest -= root[i * m + l] * root[j * m + l];
      if (j < i)
        root[i * m + j] = rest / root[j * m + j];
      else if (rest > 1e-10)
        root[i * m + i] = std::sqrt(rest);
      else
        return undefined;
    }
    z[i] = u[members[i + 1]] / size[i];
    for (std::size_t l = 0; l < i; ++l)
      z[i] -= root[i * m + l] * z[l];
    z[i] /= root[i * m + i];
    out += z[i] * z[i];
  }
  return out;
}

/// The sums behind Gray's tests of some causes, as they grow from event time to event time (see gray() for what they
/// are).
///
/// An event of the cause at time u moves the score of group i through group k by a_ik at once, and by t4_k times what
/// c_ik grows by afterwards, because the weights of later times are made of the incidence and the S of group k; one of
/// another cause does the latter only. With w the variance of the event's share,
///   V_ij = sum over u and k of w (a_ik + t4_k D_ik) (a_jk + t4_k D_jk),   D_ik = c_ik(end) - c_ik(u).
/// V is kept as if the end were now. When c grows by dc,
///   V_ij += sum_k (dc_ik P_jk + P_ik dc_jk + G_k dc_ik dc_jk),   P_jk += G_k dc_jk,
/// with P_jk = sum w t4_k (a_jk + t4_k D_jk) and G_k = sum w t4_k^2: one pass, and nothing is taken off again. Because
/// a_ik is r_i ([i = k] - r_k / R), a sum over k costs k steps for each i or j, not for each pair of them.
class GraySums {
public:
  /// @param causes different codes from 1 to n_cause, a test of each.
  GraySums(std::size_t n_group, std::size_t n_cause, const std::vector<std::size_t>& causes, double rho)
      : k_(n_group), rho_(rho), survival_(k_), s_(k_), inverse_(k_), test_of_(n_cause + 1, none), r_(k_), rate_(k_),
        events_(k_, 0.0), h_(k_), mean_(k_), change_(k_), of_all_(k_), here_(k_ + 1), own_(causes.size() + 1) {
    require(k_ > 0, "there is no group");
    require(rho >= 0.0 && std::isfinite(rho), "rho must be finite and >= 0");
    for (std::size_t cause : causes) {
      require(cause >= 1 && cause <= n_cause && test_of_[cause] == none, "there is no such cause, or twice");
      test_of_[cause] = test_.size();
      test_.emplace_back(k_);
    }
    clear();
  }
  void clear() {
    for (Test& test : test_)
      test.clear();
    start_stratum();
  }
  /// Strata share the scores and their covariance, and nothing else.
  void start_stratum() {
    CompensatedSum one;
    one.add(1.0);
    std::fill(survival_.begin(), survival_.end(), one);
    std::fill(s_.begin(), s_.end(), 1.0);
    std::fill(inverse_.begin(), inverse_.end(), 1.0);
    for (Test& test : test_)
      test.start_stratum();
  }
  /// A time of the stratum. Called: written out in the walk over the rows it takes longer.
  [[gnu::noinline]] void at(const CauseTime& time) {
    // r: as many as would be at risk if nobody had had an event yet.
    double all = 0.0, most = 0.0;
    for (std::size_t g = 0; g < k_; ++g) {
      const double r = time.n_risk[g] * inverse_[g];
      r_[g] = r;
      all += r;
      most = r > most ? r : most;
    }
    const AtRisk at_risk{time.n_risk, all, 1.0 / all, most < all};
    if (time.n_cell == 1 && time.cell[0].n == 1.0) // most times are so, unless they are much tied
      one_event(time.cell[0], at_risk);
    else
      events(time, at_risk);
  }

  /// Of the test of causes[c].
  GrayResult result(std::size_t c = 0) {
    Test& test = test_[c];
    test.add_up();
    GrayResult out;
    out.observed = test.observed;
    out.greatest_pooled = test.greatest;
    for (std::size_t g = 0; g < k_; ++g) {
      out.expected.push_back(test.expected[g].value());
      out.score.push_back(rho_ == 0.0 ? out.observed[g] - out.expected[g] : test.score[g].value());
    }
    out.covariance.resize(k_ * k_);
    for (std::size_t i = 0; i < k_; ++i) {
      CompensatedSum diagonal; // rows sum to 0
      for (std::size_t j = 0; j < k_; ++j)
        if (j != i) {
          out.covariance[i * k_ + j] = test.v[std::min(i, j) * k_ + std::max(i, j)].value();
          diagonal.add(-out.covariance[i * k_ + j]);
        }
      out.covariance[i * k_ + i] = diagonal.value();
    }
    std::vector<std::vector<std::size_t>> parts;
    for (std::size_t g = 0; g < k_; ++g) {
      if (test.root[g] == g) {
        out.component.push_back(parts.size());
        parts.emplace_back();
      } else {
        out.component.push_back(out.component[test.root_of(g)]);
      }
      parts[out.component[g]].push_back(g);
    }
    out.n_component = parts.size();
    double statistic = 0.0;
    for (const auto& members : parts)
      if (members.size() > 1)
        statistic += quadratic_form(out.score, out.covariance, members);
    if (out.n_component < k_ && std::isfinite(statistic)) {
      out.statistic = statistic;
      out.df = static_cast<double>(k_ - out.n_component);
      out.log_p_value = log_chisq_upper(statistic, out.df);
    }
    return out;
  }

private:
  struct Test {
    explicit Test(std::size_t k)
        : observed(k), expected(k), score(k), v(k * k), root(k), other(k), free(k), g(k), p(k * k), own(k), factor(k),
          run_expected(k), run_score(k), run_v(k * k) {}
    void clear() {
      add_up(); // leaves nothing in the run
      std::fill(observed.begin(), observed.end(), 0.0);
      for (auto* sums : {&expected, &score, &v})
        std::fill(sums->begin(), sums->end(), CompensatedSum());
      for (std::size_t i = 0; i < root.size(); ++i)
        root[i] = i;
      greatest = 0.0;
    }
    void start_stratum() {
      for (auto* column : {&other, &g, &p})
        std::fill(column->begin(), column->end(), 0.0);
      std::fill(free.begin(), free.end(), 1.0);
      pooled = CompensatedSum();
      after = 1.0;
      linked = false;
    }
    // Plain sums of a run of times go to the compensated ones of all.
    void add_up() {
      const auto move = [](std::vector<double>& from, std::vector<CompensatedSum>& to) {
        for (std::size_t i = 0; i < from.size(); ++i) {
          to[i].add(from[i]);
          from[i] = 0.0;
        }
      };
      move(run_expected, expected);
      move(run_score, score);
      move(run_v, v);
      run = 0;
    }
    std::size_t root_of(std::size_t i) const {
      while (root[i] != i)
        i = root[i];
      return i;
    }
    // All that are at risk together, at the first event of the stratum: those at risk later are among them. The lesser
    // number is the root.
    void link(const double* n_risk) {
      std::size_t first = root.size();
      for (std::size_t i = 0; i < root.size(); ++i) {
        if (n_risk[i] == 0.0)
          continue;
        const std::size_t here = root_of(i), there = root_of(first < root.size() ? first : i);
        root[std::max(here, there)] = std::min(here, there);
        first = std::min(first, i);
      }
      linked = true;
    }

    std::vector<double> observed;
    std::vector<CompensatedSum> expected, score, v; // score: not for rho = 0; v: i < j
    std::vector<std::size_t> root;                  // a group with which it was at risk, or itself
    double greatest = 0.0;
    // Of the stratum so far. By group: the incidence of the other causes; 1 less that of this one; G_k. P_jk at
    // [j * k + k]. The pooled incidence, and 1 less it.
    std::vector<double> other, free, g, p;
    CompensatedSum pooled;
    double after = 1.0;
    bool linked = false;
    // Of one time. Events, all and by group: 0 between times.
    std::vector<double> own;
    double d = 0.0, step = 0.0, weight = 1.0, grows = 0.0;
    std::vector<double> factor;
    // Of a run of times.
    std::vector<double> run_expected, run_score, run_v;
    std::size_t run = 0;
  };

  /// At one time.
  struct AtRisk {
    const double* n;
    double all, rest; // the sum of r, and 1 over it
    bool compared;    // not one group alone
  };

  void one_event(const CauseTime::Cell& cell, AtRisk at_risk) {
    const std::size_t g = cell.group, c = test_of_[cell.cause];
    if (c != none) {
      test_[c].d = test_[c].own[g] = 1.0;
      test_[c].observed[g] += 1.0;
      compare(test_[c], at_risk);
    }
    const double rate = leave(g, at_risk.n[g], 1.0);
    if (c != none) {
      if (at_risk.compared)
        spread(test_[c], at_risk);
      test_[c].d = test_[c].own[g] = 0.0;
    }
    for (std::size_t j = 0; j < test_.size(); ++j) // no jump on which cause it is: none could be foreseen
      move_on(test_[j], g, at_risk.n[g], rate, j != c ? 1.0 : 0.0);
  }
  void events(const CauseTime& time, AtRisk at_risk) {
    std::size_t n_own = 0, n_here = 0;
    for (std::size_t j = 0; j < time.n_cell; ++j) {
      const CauseTime::Cell& cell = time.cell[j];
      here_[n_here] = cell.group;
      n_here += events_[cell.group] == 0.0 ? 1U : 0U;
      events_[cell.group] += cell.n;
      const std::size_t c = test_of_[cell.cause];
      if (c == none)
        continue;
      Test& test = test_[c];
      own_[n_own] = c;
      n_own += test.d == 0.0 ? 1U : 0U;
      test.d += cell.n;
      test.own[cell.group] = cell.n;
      test.observed[cell.group] += cell.n;
    }
    for (std::size_t j = 0; j < n_own; ++j)
      compare(test_[own_[j]], at_risk);
    for (std::size_t j = 0; j < n_here; ++j)
      rate_[j] = leave(here_[j], at_risk.n[here_[j]], events_[here_[j]]);
    if (at_risk.compared)
      for (std::size_t j = 0; j < n_own; ++j)
        spread(test_[own_[j]], at_risk);
    for (std::size_t j = 0; j < n_here; ++j) {
      const std::size_t g = here_[j];
      for (Test& test : test_) {
        move_on(test, g, at_risk.n[g], rate_[j], events_[g] - test.own[g]);
        test.own[g] = 0.0;
      }
      events_[g] = 0.0;
    }
    for (std::size_t j = 0; j < n_own; ++j)
      test_[own_[j]].d = 0.0;
  }

  // Events in a group of which n are at risk. Returns S / n before them.
  double leave(std::size_t g, double n, double events) {
    const double rate = s_[g] / n, stay = n - events;
    // Less what the events take, to a rounding of that; of less than half that stays, what stays.
    if (2.0 * stay >= n) {
      survival_[g].add(-rate * events);
    } else {
      survival_[g] = CompensatedSum();
      survival_[g].add(rate * stay);
    }
    const double s = survival_[g].value();
    s_[g] = s;
    inverse_[g] = s > 0.0 ? 1.0 / s : 0.0;
    return rate;
  }
  // Events of the cause, and those expected.
  void compare(Test& test, AtRisk at_risk) {
    const double before = test.after, d = test.d, weight = rho_ == 0.0 ? 1.0 : std::pow(before, rho_);
    test.step = d * at_risk.rest;
    test.weight = weight;
    test.grows = weight * test.step / before;
    double free = 0.0; // of r, all without an event of the cause
    for (std::size_t g = 0; g < k_; ++g) {
      h_[g] = r_[g] * test.free[g];
      free += h_[g];
    }
    const double share = at_risk.compared ? d / free : 0.0;
    for (std::size_t g = 0; g < k_; ++g)
      test.run_expected[g] += h_[g] * share;
    if (rho_ != 0.0 || d > 1.0 || !at_risk.compared || !test.linked)
      compare_more(test, at_risk, share);
    test.pooled.add(test.step);
    test.after = 1.0 - test.pooled.value();
    test.greatest = std::max(test.greatest, test.pooled.value());
    if (++test.run == 64)
      test.add_up();
  }
  // What most times do not need: called, so that compare() stays short.
  [[gnu::noinline]] void compare_more(Test& test, AtRisk at_risk, double share) {
    if (at_risk.compared && !test.linked)
      test.link(at_risk.n);
    for (std::size_t g = 0; g < k_; ++g) {
      if (r_[g] == 0.0) {
        test.factor[g] = 1.0; // m may be 1
        continue;
      }
      if (!at_risk.compared) // of a group alone no rounding errors, and no score, whatever the weight
        test.run_expected[g] += test.d;
      else if (rho_ != 0.0)
        test.run_score[g] += test.weight * (test.own[g] - h_[g] * share);
      // Hypergeometric, with m at risk on the scale of the group; exactly 0 where all of them have the event.
      const double d = test.d, m = at_risk.all * s_[g];
      test.factor[g] = d <= 1.0 ? 1.0 : std::fabs(m - d) <= 1e-12 * m ? 0.0 : (m - d) / (m - 1.0);
    }
  }
  // Events of other causes: they move the scores of later times only.
  void move_on(Test& test, std::size_t g, double n, double rate, double others) {
    const double part = test.after * inverse_[g] * rate; // t4 / r
    test.other[g] += others * rate;
    test.free[g] = s_[g] + test.other[g]; // 1 - F is added up, not taken off 1
    test.g[g] += part * part * others * (others > 1.0 ? (n - others) / (n - 1.0) : 1.0);
  }

  // The covariance of this time, and of earlier events with it. `after`: 1 - F after it, as is inverse_.
  void spread(Test& test, AtRisk at_risk) {
    const double rest = at_risk.rest;
    if (k_ == 2)
      return spread_two(test, rest);
    const std::size_t k = k_;
    const double* const r = r_.data();
    double *const h = h_.data(), *const mean = mean_.data(), *const change = change_.data(),
                  *const of_all = of_all_.data(), *const p = test.p.data(), *const v = test.run_v.data();
    const double b = test.grows, weight = test.weight; // dc_ik = b (r_i [i = k] - r_i r_k / R)
    double squares = 0.0;
    for (std::size_t g = 0; g < k; ++g) {
      of_all[g] = r[g] * rest;
      double sum = 0.0;
      for (std::size_t l = 0; l < k; ++l)
        sum += r[l] * p[g * k + l];
      mean[g] = sum * rest;
      const double t4 = 1.0 - test.after * inverse_[g]; // 1 where S is 0: nobody is left to be moved
      double wr = r[g] > 0.0 ? test.step : 0.0;         // w r
      if (test.d > 1.0)
        wr *= test.factor[g];
      const double older = b * test.g[g] * r[g], moved = weight * wr;
      h[g] = b * older + weight * moved; // of the terms in which i = k
      squares += h[g] * r[g];
      change[g] = older + moved * t4;
      test.g[g] += wr * t4 * t4 / (r[g] > 1.0 ? r[g] : 1.0); // r is 0 or at least 1
    }
    squares *= rest;
    for (std::size_t j = 0; j < k; ++j) {
      for (std::size_t i = 0; i < j; ++i)
        v[i * k + j] += b * (r[i] * (p[j * k + i] - mean[j]) + r[j] * (p[i * k + j] - mean[i])) +
                        r[i] * of_all[j] * (squares - h[i] - h[j]);
    }
    for (std::size_t j = 0; j < k; ++j) {
      for (std::size_t g = 0; g < k; ++g)
        p[j * k + g] -= change[g] * of_all[j];
      p[j * k + j] += change[j];
    }
  }

  // The same of two groups: a_00 = -a_01 and dc_00 = -dc_01, so P_00 - P_01, at p[0], and the sum of G_k will do.
  void spread_two(Test& test, double rest) {
    const double q = r_[0] * r_[1] * rest, change = test.grows * q, moved = test.weight * q;
    const double t0 = 1.0 - test.after * inverse_[0], t1 = 1.0 - test.after * inverse_[1];
    double w0 = test.step / r_[0], w1 = test.step / r_[1];
    if (test.d > 1.0) {
      w0 *= test.factor[0];
      w1 *= test.factor[1];
    }
    const double g = test.g[0] + test.g[1], w0t0 = w0 * t0, w1t1 = w1 * t1;
    test.run_v[1] -= change * (2.0 * test.p[0] + g * change) + moved * moved * (w0 + w1);
    test.p[0] += g * change + moved * (w0t0 + w1t1);
    test.g[0] += w0t0 * t0 + w1t1 * t1;
  }

  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  std::size_t k_;
  double rho_;
  std::vector<CompensatedSum> survival_; // of each group
  std::vector<double> s_, inverse_;      // its value, and 1 over it; 0 where it is 0
  std::vector<Test> test_;
  std::vector<std::size_t> test_of_; // by cause
  // Of one time. By group: r; events, 0 between times; room. The groups and tests that have events; of these groups
  // S / n before it.
  std::vector<double> r_, rate_, events_, h_, mean_, change_, of_all_;
  std::vector<std::size_t> here_, own_;
};

} // namespace detail

} // namespace cryonodes

#endif
