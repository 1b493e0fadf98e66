#ifndef CRYONODES_GRAY_HPP
#define CRYONODES_GRAY_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <type_traits>
#include <vector>

#include "cryonodes/counted_rows.hpp"
#include "cryonodes/error.hpp"
#include "cryonodes/logrank.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/risk_table.hpp"
#include "cryonodes/sums.hpp"
#include "cryonodes/tails.hpp"

namespace cryonodes {

struct GrayOptions {
  double rho = 0.0; ///< >= 0, finite: a time counts for (1 - F)^rho, F the pooled incidence just before it
};

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

/// The sums behind Gray's test, as they grow from event time to event time (see gray() for what they are).
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
  GraySums(std::size_t n_group, double rho)
      : k_(n_group), rho_(rho), survival_(k_), s_(k_), inverse_(k_), other_(k_), g_(k_), p_(k_ * k_), observed_(k_),
        expected_(k_), score_(k_), v_(k_ * k_), root_(k_), before_(k_), r_(k_), h_(k_), mean_(k_), change_(k_),
        later_(k_) {
    require(k_ > 0, "there is no group");
    require(rho >= 0.0 && std::isfinite(rho), "rho must be finite and >= 0");
    clear();
  }
  void clear() {
    std::fill(observed_.begin(), observed_.end(), 0.0);
    std::fill(expected_.begin(), expected_.end(), CompensatedSum());
    std::fill(score_.begin(), score_.end(), CompensatedSum());
    std::fill(v_.begin(), v_.end(), CompensatedSum());
    for (std::size_t g = 0; g < k_; ++g)
      root_[g] = g;
    greatest_ = 0.0;
    start_stratum();
  }
  /// Strata share the scores and their covariance, and nothing else.
  void start_stratum() {
    std::fill(survival_.begin(), survival_.end(), CompensatedProduct());
    std::fill(s_.begin(), s_.end(), 1.0);
    std::fill(inverse_.begin(), inverse_.end(), 1.0);
    std::fill(other_.begin(), other_.end(), 0.0);
    std::fill(g_.begin(), g_.end(), 0.0);
    std::fill(p_.begin(), p_.end(), 0.0);
    pooled_ = CompensatedSum();
    linked_ = false;
  }

  /// A time of the stratum: k numbers each, at risk, with an event of any cause, with one of the cause of interest.
  void at(const double* n_risk, const double* n_event, const double* n_cause) {
    double d = 0.0;
    for (std::size_t g = 0; g < k_; ++g)
      d += n_cause[g];
    const bool compared = d > 0.0 && compare(n_risk, n_cause, d);
    const double after = 1.0 - pooled_.value();
    bool others_too = false;
    for (std::size_t g = 0; g < k_; ++g) {
      later_[g] = 0.0;
      if (n_event[g] == 0.0)
        continue;
      const double n = n_risk[g], others = n_event[g] - n_cause[g], r = n * inverse_[g];
      survival_[g].multiply(n - n_event[g], n);
      const double before = s_[g];
      s_[g] = survival_[g].value();
      inverse_[g] = s_[g] > 0.0 ? 1.0 / s_[g] : 0.0;
      if (others == 0.0)
        continue;
      other_[g] += before * (others / n);
      const double t4 = after * inverse_[g], share = t4 / r;
      later_[g] = share * share * others * (others > 1.0 ? (n - others) / (n - 1.0) : 1.0);
      others_too = true;
    }
    if (compared)
      spread(n_risk, d, after);
    if (others_too) // of this time: they move the scores of later ones only
      for (std::size_t g = 0; g < k_; ++g)
        g_[g] += later_[g];
  }

  GrayResult result() const {
    GrayResult out;
    out.observed = observed_;
    out.greatest_pooled = greatest_;
    for (std::size_t g = 0; g < k_; ++g) {
      out.expected.push_back(expected_[g].value());
      out.score.push_back(rho_ == 0.0 ? observed_[g] - out.expected[g] : score_[g].value());
    }
    out.covariance.resize(k_ * k_);
    for (std::size_t i = 0; i < k_; ++i) {
      CompensatedSum diagonal; // rows sum to 0
      for (std::size_t j = 0; j < k_; ++j)
        if (j != i) {
          out.covariance[i * k_ + j] = v_[std::min(i, j) * k_ + std::max(i, j)].value();
          diagonal.add(-out.covariance[i * k_ + j]);
        }
      out.covariance[i * k_ + i] = diagonal.value();
    }
    std::vector<std::vector<std::size_t>> parts;
    for (std::size_t g = 0; g < k_; ++g) {
      if (root_[g] == g) {
        out.component.push_back(parts.size());
        parts.emplace_back();
      } else {
        out.component.push_back(out.component[root_of(g)]);
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
  // Events of the cause, and those expected. False when a group is alone: it is compared with nobody.
  bool compare(const double* n_risk, const double* n_cause, double d) {
    // r: as many as would be at risk if nobody had had an event yet. h: of those, all without an event of the cause.
    double free = 0.0;
    std::size_t present = 0;
    all_ = 0.0;
    for (std::size_t g = 0; g < k_; ++g) {
      present += n_risk[g] > 0.0 ? 1U : 0U;
      before_[g] = s_[g];
      r_[g] = n_risk[g] * inverse_[g];
      h_[g] = r_[g] * (s_[g] + other_[g]); // 1 - F is added up, not taken off 1
      all_ += r_[g];
      free += h_[g];
      observed_[g] += n_cause[g];
    }
    step_ = d / all_;
    const double pooled = 1.0 - pooled_.value(), share = d / free;
    weight_ = rho_ == 0.0 ? 1.0 : std::pow(pooled, rho_);
    grows_ = weight_ * step_ / pooled;
    pooled_.add(step_);
    greatest_ = std::max(greatest_, pooled_.value());
    for (std::size_t g = 0; g < k_; ++g) {
      if (n_risk[g] == 0.0)
        continue;
      const double e = present > 1 ? h_[g] * share : d; // of a group alone no rounding errors
      expected_[g].add(e);
      if (rho_ != 0.0)
        score_[g].add(weight_ * (n_cause[g] - e));
    }
    if (present > 1 && !linked_)
      link(n_risk);
    return present > 1;
  }

  // The covariance of this time, and of earlier events with it. `after`: 1 - F after it, as are s_ and inverse_.
  void spread(const double* n_risk, double d, double after) {
    const double b = grows_, weight = weight_, rest = 1.0 / all_; // dc_ik = b (r_i [i = k] - r_i r_k / R)
    double squares = 0.0;
    for (std::size_t g = 0; g < k_; ++g) {
      double mean = 0.0;
      for (std::size_t l = 0; l < k_; ++l)
        mean += r_[l] * p_[g * k_ + l];
      mean_[g] = mean * rest;
      h_[g] = change_[g] = 0.0;
      if (n_risk[g] == 0.0)
        continue;
      const double t4 = s_[g] > 0.0 ? 1.0 - after * inverse_[g] : 1.0; // with S = 0 nobody is left to be moved
      double wr = step_; // w r
      if (d > 1.0) {
        // Hypergeometric, with n at risk on the scale of the group; exactly 0 where all of them have the event.
        const double n = all_ * before_[g];
        wr *= std::fabs(n - d) <= 1e-12 * n ? 0.0 : (n - d) / (n - 1.0);
      }
      const double older = b * g_[g] * r_[g];
      h_[g] = b * older + weight * weight * wr; // of the terms in which i = k
      squares += h_[g] * r_[g];
      change_[g] = older + weight * wr * t4;
      g_[g] += wr * t4 * t4 * before_[g] / n_risk[g];
    }
    squares *= rest;
    for (std::size_t i = 0; i < k_; ++i)
      for (std::size_t j = i + 1; j < k_; ++j)
        v_[i * k_ + j].add(b * (r_[i] * (p_[j * k_ + i] - mean_[j]) + r_[j] * (p_[i * k_ + j] - mean_[i])) +
                           r_[i] * r_[j] * rest * (squares - h_[i] - h_[j]));
    for (std::size_t j = 0; j < k_; ++j) {
      const double share = r_[j] * rest;
      for (std::size_t g = 0; g < k_; ++g)
        p_[j * k_ + g] -= change_[g] * share;
      p_[j * k_ + j] += change_[j];
    }
  }

  std::size_t root_of(std::size_t g) const {
    while (root_[g] != g)
      g = root_[g];
    return g;
  }
  // All that are at risk together, at the first event of the stratum: those at risk later are among them. The lesser
  // number is the root.
  void link(const double* n_risk) {
    std::size_t first = k_;
    for (std::size_t g = 0; g < k_; ++g) {
      if (n_risk[g] == 0.0)
        continue;
      const std::size_t here = root_of(g), there = root_of(first < k_ ? first : g);
      root_[std::max(here, there)] = std::min(here, there);
      first = std::min(first, g);
    }
    linked_ = true;
  }

  std::size_t k_;
  double rho_;
  std::vector<CompensatedProduct> survival_; // of each group
  std::vector<double> s_, inverse_;          // its value, and 1 over it; 0 where it is 0
  std::vector<double> other_;                // of each group, the incidence of the other causes
  std::vector<double> g_, p_;                // G_k; P_jk at [j * k_ + k]
  std::vector<double> observed_;
  std::vector<CompensatedSum> expected_, score_, v_; // score_: not for rho = 0; v_: i < j
  std::vector<std::size_t> root_;                    // a group with which it was at risk, or itself
  std::vector<double> before_, r_, h_, mean_, change_, later_; // of one time
  double all_ = 0.0, step_ = 0.0, weight_ = 1.0, grows_ = 0.0; // likewise
  CompensatedSum pooled_;
  double greatest_ = 0.0;
  bool linked_ = false;
};

} // namespace detail

/// Gray's test (1988) that the incidence of one cause is the same in all groups, stratum by stratum.
///
/// With n_i at risk in group i at a time, S_i its probability of no event and F_i its incidence of the cause just
/// before it, r_i = n_i / S_i, R = sum r_i, and d events of the cause, d_i of them in group i:
///   pooled incidence F += d / R,   weight = (1 - F)^rho, F before the time,
///   expected_i += d h_i / sum h,   h_i = r_i (1 - F_i),   score_i += weight (d_i - d h_i / sum h).
/// The covariance follows each event into the scores of all later times (section 3 of the paper), with
///   a_ik = weight r_i ([i = k] - r_k / R),   dc_ik = a_ik d / (R (1 - F)),
/// an event of the cause: t4_k = 1 - (1 - F) / S_k after the time, w_k = d / (R r_k) (m - d) / (m - 1) with m = R S_k,
/// one of another: t4_k = (1 - F) / S_k, w_k = e_k / r_k^2 (n_k - e_k) / (n_k - 1), the last factor of either 1 for one
/// event. Where S_k is 0 after the time, t4_k is 1, and 0 for other causes. These are the conventions of the program of
/// the paper's author, in the R package cmprsk.
///
/// Degrees of freedom are one less than the groups of each connected part. A statistic with a covariance that is not
/// positive definite there, as few and much tied events can have it, is undefined.
///
/// @param source a risk table, counted or ordered rows, cells as in each_cause_time(). Of a table whole counts, to
/// which rows of a whole weight add up; no delayed entry.
/// @param cause code of the cause of interest, from 1.
/// @throws input_error when the source does not fit. O(rows * n_group + event times * n_group^2).
template <class Source>
GrayResult gray(Source&& source, std::size_t n_group, std::size_t cause, const GrayOptions& options = {},
                const Poll& poll = {}) {
  if constexpr (std::is_same_v<std::decay_t<Source>, RiskTable>)
    detail::require(!source.delayed_entry, "Gray's test is for rows that are there from the start");
  detail::GraySums sums(n_group, options.rho);
  std::size_t stratum = 0, work = 0;
  each_cause_time(
      source, n_group, cause,
      [&](const EventTime& at) {
        if (at.stratum != stratum) {
          sums.start_stratum();
          stratum = at.stratum;
        }
        sums.at(at.n_risk, at.n_event, at.n_cause);
        // Of very many groups a time is long.
        work += n_group * n_group;
        if (poll && work > std::size_t{1} << 22) {
          poll(-1.0);
          work = 0;
        }
      },
      poll);
  GrayResult out = sums.result();
  out.n = detail::leaving_by_group(source, n_group);
  return out;
}

} // namespace cryonodes

#endif
