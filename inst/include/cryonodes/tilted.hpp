#ifndef CRYONODES_TILTED_HPP
#define CRYONODES_TILTED_HPP

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "cryonodes/hypergeometric.hpp"
#include "cryonodes/poll.hpp"

namespace cryonodes {
namespace detail {

/// The first cell X of one table at many odds ratios exp(theta), seen from the count x observed: P(x) is the unit, and
/// the quotients of neighbouring probabilities are computed once. Tables too wide to walk through are handed to
/// Conditional. Reused for table after table, it allocates nothing.
class Tilted {
public:
  using Int = std::int64_t;

  /// Masses in a unit of their own: their logarithms are those of probabilities after `shift` is taken off.
  struct Sums {
    double near = 0.0;      ///< P(X > x) + weight P(x)
    double far = 0.0;       ///< P(X <= y)
    double own = 0.0;       ///< P(x)
    double total = 1.0;
    double near_mean = 0.0; ///< mean of X - x within the near tail
    double far_mean = 0.0;
    double mean = 0.0;      ///< E(X) - x
    double variance = 0.0;
    double shift = 0.0;

    double log_of(double mass) const { return std::log(mass / total) - shift; }
    /// near + far as a probability, and its derivative with respect to theta.
    double both() const { return (near + far) / total * (shift == 0.0 ? 1.0 : std::exp(-shift)); }
    double log_slope() const {
      const double far_part = far > 0.0 ? far * (far_mean - mean) : 0.0;
      return (near * (near_mean - mean) + far_part) / (near + far);
    }
  };

  void reset(const Margins& table, double rough_theta, double rough_variance) {
    table_ = table;
    start_ = rough_theta;
    up_.clear();
    down_.clear();
    log_down_.clear();
    anchor_.reset();
    steps_up_ = table.high() - table.x;
    steps_down_ = table.x - table.low();
    wide_ = steps_up_ + steps_down_ > most_steps && rough_variance > most_variance;
  }

  const Margins& margins() const { return table_; }

  /// All sums at once. y < x, or y < low() for none; weight in [0, 1].
  Sums at(double theta, Int y, double weight) {
    Sums out;
    if (!wide_ && walk(theta, y, weight, out))
      return out;
    return by_conditional(theta, y, weight);
  }

  /// The theta at which P(y) = P(x), y < x.
  double tie(Int y) {
    const double distance = static_cast<double>(table_.x - y);
    if (!wide_ && table_.x - y <= most_steps) {
      const auto steps = static_cast<std::size_t>(table_.x - y);
      while (log_down_.size() < steps) {
        const std::size_t j = log_down_.size();
        while (down_.size() <= j)
          grow_down();
        log_down_.push_back((j > 0 ? log_down_[j - 1] : 0.0) + std::log(down_[j]));
      }
      return log_down_[steps - 1] / distance;
    }
    if (!anchor_)
      anchor_.emplace(table_.at(std::exp(start_)));
    return std::log(std::exp(start_)) + (anchor_->log_ratio(y).value - anchor_->log_ratio(table_.x).value) / distance;
  }

  /// The smallest y with P(X <= y) >= P(X >= x), at most x - 1.
  Int balance(double theta) {
    Sums sums;
    if (!wide_ && walk(theta, table_.low() - 1, 1.0, sums)) {
      // The terms once more, then their sum from the far end.
      terms_.clear();
      const double inverse = std::exp(-theta);
      double u = 1.0;
      for (std::size_t j = 0; j < down_.size() && (u >= negligible || down_[j] * inverse >= 1.0); ++j) {
        u *= down_[j] * inverse;
        terms_.push_back(u);
      }
      double far = 0.0;
      std::size_t j = terms_.size();
      while (j > 1 && far < sums.near)
        far += terms_[--j];
      return far < sums.near ? table_.x - 1 : table_.x - 1 - static_cast<Int>(j);
    }
    const Conditional conditional = table_.at(std::exp(theta));
    const ConditionalSums of(conditional);
    const double own = of.tail(table_.x, true).log_mass;
    Int below = table_.low() - 1, reached = table_.x - 1;
    while (reached - below > 1) {
      const Int middle = below + (reached - below) / 2;
      (of.tail(middle, false).log_mass >= own ? reached : below) = middle;
    }
    return reached;
  }

private:
  static constexpr Int most_steps = 8192;          // beyond, rounding in a chain of quotients would show
  static constexpr double most_variance = 250000.0; // 8192 steps are 16 standard deviations
  static constexpr double negligible = 1e-20;

  bool grow_up() {
    const auto j = static_cast<Int>(up_.size());
    if (j >= steps_up_)
      return false;
    const Int x = table_.x + j;
    up_.push_back(static_cast<double>(table_.m - x) * static_cast<double>(table_.k - x) /
                  (static_cast<double>(x + 1) * static_cast<double>(table_.n - table_.k + x + 1)));
    return true;
  }

  bool grow_down() {
    const auto j = static_cast<Int>(down_.size());
    if (j >= steps_down_)
      return false;
    const Int x = table_.x - j;
    down_.push_back(static_cast<double>(x) * static_cast<double>(table_.n - table_.k + x) /
                    (static_cast<double>(table_.m - x + 1) * static_cast<double>(table_.k - x + 1)));
    return true;
  }

  /// False: too many steps, or numbers too large for a double.
  bool walk(double theta, Int y, double weight, Sums& out) {
    const double omega = std::exp(theta), inverse = std::exp(-theta);
    const Int most_middle = table_.x - 1 - y; // steps down that do not yet belong to the far tail
    double u = 1.0, mass = 0.0, first = 0.0, second = 0.0;
    for (std::size_t j = 0; j < up_.size() || grow_up(); ++j) {
      const double step = up_[j] * omega, distance = static_cast<double>(j + 1);
      u *= step;
      mass += u;
      first += distance * u;
      second += distance * distance * u;
      if (u < negligible && step < 1.0)
        break;
      if (j >= static_cast<std::size_t>(most_steps))
        return false;
    }
    double down_mass = 0.0, down_first = 0.0, down_second = 0.0, far = 0.0, far_first = 0.0;
    u = 1.0;
    for (std::size_t j = 0; j < down_.size() || grow_down(); ++j) {
      const double step = down_[j] * inverse, distance = static_cast<double>(j + 1);
      u *= step;
      down_mass += u;
      down_first += distance * u;
      down_second += distance * distance * u;
      if (static_cast<Int>(j) >= most_middle) {
        far += u;
        far_first += distance * u;
      }
      if (u < negligible && step < 1.0 && (far == 0.0 || u <= far * negligible))
        break;
      if (j >= static_cast<std::size_t>(most_steps))
        return false;
    }
    out.own = 1.0;
    out.near = weight + mass;
    out.near_mean = first / out.near;
    out.far = far;
    out.far_mean = far > 0.0 ? -far_first / far : 0.0;
    out.total = 1.0 + mass + down_mass;
    out.mean = (first - down_first) / out.total;
    out.variance = (second + down_second) / out.total - out.mean * out.mean;
    out.shift = 0.0;
    return out.total < 1e290 && out.near > 1e-290 && out.variance > 0.0;
  }

  Sums by_conditional(double theta, Int y, double weight) const {
    const Conditional conditional = table_.at(std::exp(theta));
    const ConditionalSums of(conditional);
    const double to_x = static_cast<double>(conditional.mode() - table_.x);
    const auto tail = of.tail(table_.x, true);
    const double log_own = conditional.log_ratio(table_.x).value - of.log_total();
    Sums out;
    // The unit is P(X >= x).
    out.own = std::exp(log_own - tail.log_mass);
    out.near = 1.0 - (1.0 - weight) * out.own;
    out.near_mean = (tail.mean + to_x) / out.near; // X = x adds nothing to the first moment
    if (y >= table_.low()) {
      const auto other = of.tail(y, false);
      out.far = std::exp(other.log_mass - tail.log_mass);
      out.far_mean = other.mean + to_x;
    }
    out.mean = of.mean() + to_x;
    out.variance = of.variance();
    out.shift = -tail.log_mass;
    return out;
  }

  Margins table_{};
  double start_ = 0.0;
  Int steps_up_ = 0, steps_down_ = 0;
  bool wide_ = false;
  std::vector<double> up_, down_, log_down_, terms_; // up_[j] = P(x + j + 1) / P(x + j) at the odds ratio 1, and so on
  std::optional<Conditional> anchor_;
};

} // namespace detail
} // namespace cryonodes

#endif
