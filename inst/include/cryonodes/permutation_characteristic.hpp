#ifndef CRYONODES_PERMUTATION_CHARACTERISTIC_HPP
#define CRYONODES_PERMUTATION_CHARACTERISTIC_HPP

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "cryonodes/tails.hpp"

namespace cryonodes {

namespace detail {

constexpr double two_pi = 6.283185307179586476925286766559;
constexpr double unit_roundoff = 1.1102230246251565e-16;

/// The sum X of the scores of m units out of n, drawn without replacement; the scores have the mean 0, and X has the
/// standard deviation 1.
class DealtSum {
public:
  DealtSum(std::vector<double> score, std::size_t chosen)
      : score_(std::move(score)), n_(static_cast<double>(score_.size())), m_(static_cast<double>(chosen)), p_(m_ / n_),
        pq_(p_ * (1.0 - p_)) {
    std::sort(score_.begin(), score_.end());
    largest_ = std::max(std::fabs(score_.front()), std::fabs(score_.back()));
    // 1 / P(m) of the binomial distribution whose mean is m (Loader 2000: there it is Stirling's errors alone).
    log_front_ =
        stirling_error(m_) + stirling_error(n_ - m_) - stirling_error(n_) + 0.5 * std::log(two_pi * m_ * (1.0 - p_));
    // Odd numbers of nodes until the coefficients that are taken for the m-th are small: Bernstein's inequality.
    nodes_ = 3;
    while (static_cast<double>(nodes_) < n_ + 1.0 && log_alias() > std::log(1e-15))
      nodes_ += 2;
    alias_ = static_cast<double>(nodes_) < n_ + 1.0 ? std::exp(log_alias()) : 0.0;
  }
  const std::vector<double>& score() const { return score_; }
  double log_front() const { return log_front_; }
  double pq() const { return pq_; }
  double log_ways() const {
    const auto log_factorial = [](double x) { return stirling(x) + stirling_error(x) + std::log(x); };
    return log_factorial(n_) - log_factorial(m_) - log_factorial(n_ - m_);
  }

  struct Value {
    double re, im;
    double error; ///< bounds the distance from the true value
    double work;
  };
  /// E exp(i theta X): the coefficient of z^m in the product of 1 - p + p z exp(i theta a_j), over that of theta = 0,
  /// by the trapezoidal rule on the unit circle (Pagano & Tritchler 1983). A factor squared is 1 - 2 pq (1 - cos psi)
  /// <= exp(-2 pq (1 - cos psi)), so that at z = exp(iu) the product is at most exp(-pq (n - Re exp(iu) S)), S the sum
  /// of exp(i theta a_j): nodes far from its peak are left out, and bounded.
  Value characteristic(double theta) const {
    const std::size_t n = score_.size();
    std::vector<double> cosine(n), sine(n);
    double s_re = 0.0, s_im = 0.0;
    for (std::size_t j = 0; j < n; ++j) {
      cosine[j] = std::cos(theta * score_[j]);
      sine[j] = std::sin(theta * score_[j]);
      s_re += cosine[j];
      s_im += sine[j];
    }
    const double size = std::hypot(s_re, s_im), turn = -std::atan2(s_im, s_re);
    const double count = static_cast<double>(nodes_);
    const auto log_bound = [&](std::size_t t) {
      return log_front_ - pq_ * (n_ - size * std::cos(two_pi * static_cast<double>(t) / count));
    };
    const std::size_t most = (nodes_ - 1) / 2;
    std::size_t side = 0;
    while (side < most && log_bound(side + 1) > std::log(1e-15))
      ++side;
    const std::size_t used = 2 * side + 1;
    double left_out = side < most ? std::exp(log_bound(side + 1)) * static_cast<double>(nodes_ - used) / count : 0.0;
    double sum_re = 0.0, sum_im = 0.0;
    constexpr std::size_t lanes = 8;
    for (std::size_t from = 0; from < used; from += lanes) {
      struct {
        std::array<double, lanes> z_re, z_im, re, im;
      } at;
      const std::size_t to = std::min(from + lanes, used);
      const auto angle = [&](std::size_t t) {
        return turn + two_pi * (static_cast<double>(t) - static_cast<double>(side)) / count;
      };
      for (std::size_t v = 0; v < lanes; ++v) { // lanes beyond the last node repeat it
        at.z_re[v] = p_ * std::cos(angle(std::min(from + v, used - 1)));
        at.z_im[v] = p_ * std::sin(angle(std::min(from + v, used - 1)));
        at.re[v] = 1.0;
        at.im[v] = 0.0;
      }
      const double q = 1.0 - p_;
      for (std::size_t j = 0; j < n; ++j) {
        const double c = cosine[j], s = sine[j];
        for (std::size_t v = 0; v < lanes; ++v) {
          const double f_re = q + at.z_re[v] * c - at.z_im[v] * s, f_im = at.z_re[v] * s + at.z_im[v] * c;
          const double re = at.re[v] * f_re - at.im[v] * f_im;
          at.im[v] = at.re[v] * f_im + at.im[v] * f_re;
          at.re[v] = re;
        }
      }
      for (std::size_t t = from; t < to; ++t) {
        const double back_re = std::cos(m_ * angle(t)), back_im = -std::sin(m_ * angle(t));
        sum_re += at.re[t - from] * back_re - at.im[t - from] * back_im;
        sum_im += at.re[t - from] * back_im + at.im[t - from] * back_re;
      }
    }
    const double front = std::exp(log_front_) / count;
    // No factor is larger than 1, and each is off by less than this; so is exp(-i m u), by its angle.
    const double each = unit_roundoff * (10.0 + std::fabs(theta) * largest_);
    const double rounding =
        front * static_cast<double>(used) * (std::expm1(n_ * each) + unit_roundoff * 8.0 * (m_ + 4.0));
    return {front * sum_re, front * sum_im, rounding + alias_ + left_out,
            n_ * (20.0 + 1.5 * static_cast<double>(used))};
  }

  /// An upper bound of log P(|X| >= x), x > 0: Chernoff's, with the coefficient of z^m bounded by the value of the
  /// polynomial at some z > 0. Newton's method looks for the best point; any point gives a bound.
  double log_far(double x) const {
    double sides[2];
    for (int side = 0; side < 2; ++side) {
      const double sign = side == 0 ? 1.0 : -1.0;
      double lambda = x, kappa = 0.0, best = 0.0;
      for (int step = 0; step < 8; ++step) {
        double value = log_front_ - m_ * kappa - lambda * x, d_l = -x, d_k = -m_, ll = 0.0, lk = 0.0, kk = 0.0;
        for (double a : score_) {
          const double b = sign * a, e = p_ * std::exp(kappa + lambda * b), t = e / (1.0 - p_ + e), v = t * (1.0 - t);
          value += std::log(1.0 - p_ + e);
          d_l += t * b;
          d_k += t;
          ll += v * b * b;
          lk += v * b;
          kk += v;
        }
        if (std::isfinite(value))
          best = std::min(best, value + 1e-9 * (1.0 + std::fabs(value)));
        const double determinant = ll * kk - lk * lk;
        if (!(determinant > 0.0))
          break;
        const double to_l = -(kk * d_l - lk * d_k) / determinant, to_k = -(ll * d_k - lk * d_l) / determinant;
        const double length = std::min(1.0, std::min(0.5 * (1.0 + lambda) / std::fabs(to_l), 2.0 / std::fabs(to_k)));
        if (std::fabs(to_l) < 1e-3 * lambda && std::fabs(to_k) < 1e-3)
          break;
        lambda = std::max(lambda + length * to_l, 0.0);
        kappa += length * to_k;
      }
      sides[side] = best;
    }
    const double high = std::max(sides[0], sides[1]), low = std::min(sides[0], sides[1]);
    return std::min(0.0, high + std::log1p(std::exp(low - high)));
  }

private:
  double log_alias() const {
    const auto t = static_cast<double>(nodes_);
    return std::log(2.0) + log_front_ - t * t / (2.0 * (n_ * pq_ + t / 3.0));
  }

  std::vector<double> score_;
  double n_, m_, p_, pq_, largest_, log_front_, alias_;
  std::size_t nodes_;
};

} // namespace detail

} // namespace cryonodes

#endif
