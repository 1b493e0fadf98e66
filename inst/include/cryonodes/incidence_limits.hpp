#ifndef CRYONODES_INCIDENCE_LIMITS_HPP
#define CRYONODES_INCIDENCE_LIMITS_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "cryonodes/poll.hpp"
#include "cryonodes/tails.hpp"

namespace cryonodes {

/// Scale on which the normal interval for a probability is taken before it is mapped back.
enum class IncidenceScale { plain, log, log_log, logit, arcsin };

namespace detail {

/// Probabilities and the half widths of their plain intervals, several at a time: what takes a logarithm and three
/// exponentials, each waiting for the one before, is done side by side.
struct LimitBlock {
  static constexpr std::size_t size = 16;
  double p[size], half[size], low[size], high[size];

  void map(IncidenceScale scale) {
    switch (scale) {
    case IncidenceScale::plain:
      for (std::size_t m = 0; m < size; ++m) {
        low[m] = p[m] - half[m];
        high[m] = p[m] + half[m];
      }
      break;
    case IncidenceScale::log:
      for (std::size_t m = 0; m < size; ++m)
        high[m] = half[m] / p[m];
      exponentials(high);
      for (std::size_t m = 0; m < size; ++m) {
        low[m] = p[m] / high[m];
        high[m] = p[m] * high[m];
      }
      break;
    case IncidenceScale::log_log: { // p to the power exp(width) and exp(-width), as p exp((power - 1) log p)
      double log_p[size], power[size];
      for (std::size_t m = 0; m < size; ++m)
        log_p[m] = std::log(p[m]);
      for (std::size_t m = 0; m < size; ++m)
        power[m] = -half[m] / (p[m] * log_p[m]);
      exponentials(power);
      for (std::size_t m = 0; m < size; ++m) {
        low[m] = log_p[m] * (power[m] - 1.0);
        high[m] = log_p[m] * (1.0 / power[m] - 1.0);
      }
      exponentials(low);
      exponentials(high);
      for (std::size_t m = 0; m < size; ++m) {
        low[m] *= p[m];
        high[m] *= p[m];
      }
      break;
    }
    case IncidenceScale::logit:
      for (std::size_t m = 0; m < size; ++m)
        high[m] = half[m] / (p[m] * (1.0 - p[m]));
      exponentials(high);
      for (std::size_t m = 0; m < size; ++m) {
        const double odds = p[m] / (1.0 - p[m]), factor = high[m];
        low[m] = 1.0 - 1.0 / (1.0 + odds / factor);
        high[m] = 1.0 - 1.0 / (1.0 + odds * factor);
      }
      break;
    case IncidenceScale::arcsin:
      for (std::size_t m = 0; m < size; ++m) {
        const double angle = std::asin(std::sqrt(p[m])), width = 0.5 * half[m] / std::sqrt(p[m] * (1.0 - p[m]));
        const double from = std::sin(std::max(0.0, angle - width));
        const double to = angle + width < 2.0 * std::atan(1.0) ? std::sin(angle + width) : 1.0;
        low[m] = from * from;
        high[m] = to * to;
      }
      break;
    }
    // Mapping there and back may lose the last place.
    for (std::size_t m = 0; m < size; ++m) {
      low[m] = std::min(p[m], std::max(0.0, low[m]));
      high[m] = std::max(p[m], std::min(1.0, high[m]));
    }
  }

private:
  /// Small ones, as they are in large cohorts, by the series, whose next term is below 3e-18.
  static void exponentials(double (&x)[size]) {
    double series[size];
    for (std::size_t m = 0; m < size; ++m) {
      const double v = x[m], v2 = v * v;
      const double high = 1.0 / 40320 + v * (1.0 / 362880) + v2 * (1.0 / 3628800);
      const double middle = 1.0 / 24 + v * (1.0 / 120) + v2 * (1.0 / 720 + v * (1.0 / 5040) + v2 * high);
      series[m] = 1.0 + v + v2 * (1.0 / 2 + v * (1.0 / 6) + v2 * middle);
    }
    for (std::size_t m = 0; m < size; ++m)
      x[m] = std::fabs(x[m]) <= 0.125 ? series[m] : std::exp(x[m]);
  }
};

/// The intervals of one state in one group, a column each; `conf_low` and `conf_high` are filled.
struct StateLimits {
  std::size_t rows;
  const double *estimate, *std_error, *n_effective;
  double *conf_low, *conf_high;

  void fill(IncidenceScale scale, double conf_level, double undefined, PollRows& ask) const {
    constexpr std::size_t stretch = 1024;
    const double z = normal_quantile(0.5 + 0.5 * conf_level), log_half_alpha = std::log(0.5 * (1.0 - conf_level));
    std::uint32_t moved[stretch + 1]; // rows whose limits are not those of the row before
    // theirs, after the last of before
    double low[stretch + 1 + LimitBlock::size], high[stretch + 1 + LimitBlock::size];
    low[0] = high[0] = undefined;
    for (std::size_t start = 0; start < rows; start += stretch) {
      const std::size_t end = std::min(rows, start + stretch);
      std::size_t n_moved = 0;
      for (std::size_t i = start; i < end; ++i) {
        const double p = estimate[i], se = std_error[i];
        moved[n_moved] = static_cast<std::uint32_t>(i - start);
        // An event moves two states, a censoring none, unless they are at 0 or 1: without branches, since none could be
        // foreseen.
        n_moved += static_cast<std::size_t>((i == 0) | (p != estimate[i - (i > 0)]) | (se != std_error[i - (i > 0)]) |
                                            !((p > 0.0) & (p < 1.0)));
      }
      for (std::size_t m = 0; m < n_moved; m += LimitBlock::size)
        limits(start, moved + m, std::min(LimitBlock::size, n_moved - m), z, log_half_alpha, scale, undefined,
               low + 1 + m, high + 1 + m);
      moved[n_moved] = stretch; // no row
      std::size_t m = 0;
      for (std::size_t i = start; i < end; ++i, ask()) {
        m += moved[m] == i - start;
        conf_low[i] = low[m];
        conf_high[i] = high[m];
      }
      low[0] = low[n_moved];
      high[0] = high[n_moved];
    }
  }

private:
  /// Limits of n rows, at most a block. A probability of exactly 0 or 1 has a limit without a normal approximation:
  /// with n subjects and no event the one-sided limit q solves (1 - q)^n = alpha / 2 (Clopper & Pearson 1934; Fay,
  /// Brittain & Proschan 2013).
  void limits(std::size_t start, const std::uint32_t* row, std::size_t n, double z, double log_half_alpha,
              IncidenceScale scale, double undefined, double* low, double* high) const {
    LimitBlock block;
    std::size_t inside = 0;
    for (std::size_t m = 0; m < LimitBlock::size; ++m) {
      const std::size_t i = start + row[std::min(m, n - 1)];
      const bool normal = estimate[i] > 0.0 && estimate[i] < 1.0 && std_error[i] > 0.0;
      block.p[m] = normal ? estimate[i] : 0.5;
      block.half[m] = normal ? z * std_error[i] : 0.0;
      inside += normal;
    }
    if (inside > 0)
      block.map(scale);
    std::copy_n(block.low, n, low);
    std::copy_n(block.high, n, high);
    if (inside == LimitBlock::size)
      return;
    for (std::size_t m = 0; m < n; ++m) {
      const std::size_t i = start + row[m];
      if (estimate[i] <= 0.0) {
        low[m] = 0.0;
        high[m] = -std::expm1(log_half_alpha / n_effective[i]);
      } else if (estimate[i] >= 1.0) {
        low[m] = std::exp(log_half_alpha / n_effective[i]);
        high[m] = 1.0;
      } else if (!(std_error[i] > 0.0)) { // a point is not an interval
        low[m] = high[m] = undefined;
      }
    }
  }
};

} // namespace detail

} // namespace cryonodes

#endif
