#ifndef CRYONODES_HYPERGEOMETRIC_HPP
#define CRYONODES_HYPERGEOMETRIC_HPP

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <vector>

#include "cryonodes/bignum.hpp"
#include "cryonodes/poll.hpp"

namespace cryonodes {
namespace detail {

/// log Gamma(y) - ((y - 1/2) log y - y + log(2 pi) / 2). Below 16 y must be whole: tabulated. From 16 on
/// Stirling's series (Abramowitz & Stegun 6.1.40), whose first term left out is below 2e-18. The C
/// library's log-gamma is not used: it writes a global variable, a race between threads.
inline double stirling_rest(double y) {
  static constexpr std::array<double, 16> table = {
      0.0,
      0.08106146679532725822,
      0.041340695955409294094,
      0.027677925684998339149,
      0.020790672103765093112,
      0.016644691189821192163,
      0.013876128823070747999,
      0.011896709945891770095,
      0.010411265261972096497,
      0.0092554621827127329177,
      0.0083305634333628712565,
      0.007573675487951840795,
      0.0069428401072095298657,
      0.0064089941880042070684,
      0.0059513701127588477356,
      0.005554733551962801371};
  if (y < 16.0)
    return table[static_cast<std::size_t>(y)];
  const double r = 1.0 / y, r2 = r * r;
  return r * (1.0 / 12 -
              r2 * (1.0 / 360 - r2 * (1.0 / 1260 - r2 * (1.0 / 1680 - r2 * (1.0 / 1188 - r2 * (691.0 / 360360))))));
}

/// y log(y / s) - (y - s) >= 0 for y = s + delta, without cancellation (Loader 2000, "bd0").
inline double deviance(double y, double s, double delta) {
  const double v = delta / (y + s);
  if (std::fabs(v) >= 0.1)
    return y * std::log(y / s) - delta;
  double sum = delta * v, power = 2.0 * y * v;
  for (int j = 3; j < 100; j += 2) {
    power *= v * v;
    const double next = sum + power / j;
    if (next == sum)
      break;
    sum = next;
  }
  return sum;
}

/// A logarithm and a bound for its absolute rounding error.
struct Bounded {
  double value = 0.0, error = 0.0;
};

/// Sums over u = 0, 1, ... of F, u F and u^2 F, where F is a probability relative to that of u = 0.
struct Moments {
  double mass = 0.0, first = 0.0, second = 0.0;
};

/// The number X in the first cell of a 2x2 table given its margins, when the odds ratio is omega:
/// P(x) proportional to C(m, x) C(n, k - x) omega^x (Fisher 1935; noncentral hypergeometric).
/// Everything is relative to the mode, so nothing large is subtracted from anything large.
class Conditional {
public:
  using Int = std::int64_t;

  Conditional(Int first_column, Int second_column, Int first_row, double odds_ratio)
      : m_(first_column), k_(first_row), shift_(second_column - first_row), low_(std::max(Int{0}, -shift_)),
        high_(std::min(k_, m_)), omega_(odds_ratio) {
    int exponent = 0;
    const double fraction = std::frexp(omega_, &exponent);
    omega_whole_ = static_cast<std::uint64_t>(std::ldexp(fraction, 53));
    omega_bits_ = exponent - 53;
    for (; omega_whole_ % 2 == 0; omega_whole_ /= 2)
      ++omega_bits_;
    // The smallest x with P(x + 1) <= P(x): P is log-concave, so the steps change sign once.
    Int from = low_, to = high_;
    while (from < to) {
      const Int middle = from + (to - from) / 2;
      if (rises(middle))
        from = middle + 1;
      else
        to = middle;
    }
    mode_ = from;
    at_mode_ = reference(mode_);
  }

  Int low() const { return low_; }
  Int high() const { return high_; }
  Int mode() const { return mode_; }

  /// log P(x) - log P(mode).
  Bounded log_ratio(Int x) const { return log_ratio(at_mode_, x); }

  /// Sums over all x from `start` to `end`, outwards from the mode, relative to P(start).
  Moments outwards(Int start, Int end) const {
    const Int direction = end >= start ? 1 : -1, count = (end - start) * direction;
    // Up to here term by term; a longer run is so smooth that an integral with one correction has it.
    constexpr Int direct = 20000;
    if (count <= direct)
      return walk(start, direction, count);
    const Reference from = reference(start);
    if (log_ratio(from, start + direction * direct).value < -60.0)
      return walk(start, direction, count);
    return integrate(from, direction, count);
  }

  /// Sign of P(u) - P(v). Decided in doubles where their error bound allows it, else in integers.
  int order(Int u, Int v, bool& exactly, const Poll& poll) const {
    if (u == v)
      return 0;
    const Bounded first = log_ratio(u), second = log_ratio(v);
    if (std::fabs(first.value - second.value) > first.error + second.error)
      return first.value < second.value ? -1 : 1;
    exactly = true;
    return u < v ? compare(u, v, poll) : -compare(v, u, poll);
  }

  /// Sign of P(X <= y) - P(X >= a), y < a, in whole numbers: Horner's scheme for the quotient of either tail and its
  /// inner end, in 256-bit truncated numbers unless the tails agree to 128 bits, then in full.
  int order_tails(Int y, Int a, const Poll& poll) const {
    if (omega_ == 1.0 && ((m_ + shift_ == k_ && y == m_ - a) || (m_ == k_ + shift_ && y == k_ - a)))
      return 0; // mirror images: equal rows or columns
    for (const bool full : {false, true}) {
      const std::size_t most = full ? std::numeric_limits<std::size_t>::max() : 8;
      Natural upper(1, most), upper_part(1, most), lower(1, most), lower_part(1, most);
      tail_quotient(a, true, full, upper, upper_part, poll);
      tail_quotient(y, false, full, lower, lower_part, poll);
      for (Int x = y; x < a; ++x) { // P(y) / P(a)
        times_step(x, lower_part, lower);
        ask(poll, x);
      }
      lower = lower.product(upper_part);
      upper = upper.product(lower_part);
      // Up to 2^40 operations, each cutting less than 2^-224: far below a unit of the fifth limb.
      const int sign = full ? lower.compare(upper) : lower.compare(upper, 5, 2);
      if (sign != 0 || full)
        return sign;
    }
    return 0;
  }

private:
  struct Reference {
    Int x = 0;
    std::array<double, 4> cell{}; // the four counts + 1, the arguments of the gamma function
    std::array<double, 4> rest{};
    double log_step = 0.0;        // log(omega * cell[1] * cell[2] / (cell[0] * cell[3]))
  };

  std::array<Int, 4> cells(Int x) const { return {x, k_ - x, m_ - x, shift_ + x}; }

  static std::uint64_t word(Int x) { return static_cast<std::uint64_t>(x); }

  static void ask(const Poll& poll, Int step) {
    if (poll && step % 1024 == 0)
      poll(-1.0);
  }

  /// up *= omega (m - x)(k - x), down *= (x + 1)(n - k + x + 1), whose quotient is P(x + 1) / P(x).
  void times_step(Int x, Natural& up, Natural& down) const {
    const auto cell = cells(x);
    up.times(word(cell[1]));
    up.times(word(cell[2]));
    if (omega_whole_ > 1)
      up.times(omega_whole_);
    up.shift(omega_bits_);
    down.times(word(cell[0] + 1));
    down.times(word(cell[3] + 1));
  }

  /// sum / part = P(tail) / P(at). Unless `full`, what lies below e^-120 of P(at) is left out.
  void tail_quotient(Int at, bool upper, bool full, Natural& sum, Natural& part, const Poll& poll) const {
    Int end = upper ? high_ : low_;
    if (!full) {
      const double own = log_ratio(at).value;
      const auto counts = [&](Int x) { return log_ratio(x).value > own - 120.0; };
      Int near = at;
      while (std::abs(end - near) > 1 && !counts(end)) {
        const Int middle = near + (end - near) / 2;
        (counts(middle) ? near : end) = middle;
      }
    }
    while (end != at) {
      end += upper ? -1 : 1;
      // 1 + (up / down) (sum / part)
      upper ? times_step(end, sum, part) : times_step(end - 1, part, sum);
      sum = sum.plus(part);
      ask(poll, end);
    }
  }

  /// Is P(x + 1) > P(x), that is omega (m - x)(k - x) > (x + 1)(n - k + x + 1)?
  bool rises(Int x) const {
    const auto cell = cells(x);
    const double ratio = step_up(x);
    if (std::fabs(ratio - 1.0) > 1e-14) // some twenty times the rounding error of five operations
      return ratio > 1.0;
    Natural up(omega_whole_), down(word(cell[0] + 1));
    up.times(word(cell[1]));
    up.times(word(cell[2]));
    up.shift(omega_bits_);
    down.times(word(cell[3] + 1));
    return up.compare(down) > 0;
  }

  /// P(x + 1) / P(x).
  double step_up(Int x) const {
    const auto cell = cells(x);
    return static_cast<double>(cell[1]) * static_cast<double>(cell[2]) /
           (static_cast<double>(cell[0] + 1) * static_cast<double>(cell[3] + 1)) * omega_;
  }

  /// P(x - 1) / P(x).
  double step_down(Int x) const {
    const auto cell = cells(x);
    return static_cast<double>(cell[0]) * static_cast<double>(cell[3]) /
           (static_cast<double>(cell[1] + 1) * static_cast<double>(cell[2] + 1)) / omega_;
  }

  Reference reference(Int x) const {
    Reference out;
    out.x = x;
    const auto cell = cells(x);
    for (std::size_t i = 0; i < 4; ++i) {
      out.cell[i] = static_cast<double>(cell[i] + 1);
      out.rest[i] = stirling_rest(out.cell[i]);
    }
    // Near the mode this quotient is close to 1 and its logarithm is multiplied by the distance from
    // the mode: its difference from 1 is taken in integers.
    Natural up(omega_whole_), down(word(cell[0] + 1));
    up.times(word(cell[1] + 1));
    up.times(word(cell[2] + 1));
    up.shift(omega_bits_);
    down.times(word(cell[3] + 1));
    std::int64_t up_bits = 0, down_bits = 0, bits = 0;
    const double up_part = up.mantissa(up_bits), down_part = down.mantissa(down_bits);
    const int sign = up.compare(down);
    const double part = (sign >= 0 ? up.minus(down) : down.minus(up)).mantissa(bits);
    if (bits < down_bits) {
      const int places = static_cast<int>(std::max<Int>(bits - down_bits, -2000));
      out.log_step = std::log1p(sign * std::ldexp(part / down_part, places));
    } else
      out.log_step = std::log(up_part / down_part) + static_cast<double>(up_bits - down_bits) * 0.693147180559945309417;
    return out;
  }

  Bounded log_ratio(const Reference& from, Int x) const {
    const auto cell = cells(x);
    std::array<double, 4> y{};
    for (std::size_t i = 0; i < 4; ++i)
      y[i] = static_cast<double>(cell[i] + 1);
    return log_ratio(from, y, static_cast<double>(x - from.x));
  }

  double log_ratio(const Reference& from, double delta) const {
    const std::array<double, 4> y = {from.cell[0] + delta, from.cell[1] - delta, from.cell[2] - delta,
                                     from.cell[3] + delta};
    return log_ratio(from, y, delta).value;
  }

  /// log P at distance delta from the reference, minus log P there: with y = count + 1 in each cell, the
  /// sum of log Gamma(s) - log Gamma(y), log Gamma by Stirling's formula with its rest. The error bound
  /// is 128 roundings of the sum of all absolute terms: each term takes fewer than 20 operations whose
  /// results stay below five times the term.
  static Bounded log_ratio(const Reference& from, const std::array<double, 4>& y, double delta) {
    if (delta == 0.0)
      return {};
    double value = delta * from.log_step, size = std::fabs(value);
    for (std::size_t i = 0; i < 4; ++i) {
      const double s = from.cell[i], change = i == 0 || i == 3 ? delta : -delta;
      const double spread = deviance(y[i], s, change);
      const double half_log = 0.5 * (std::fabs(change) < 0.5 * s ? std::log1p(change / s) : std::log(y[i] / s));
      const double rest = stirling_rest(y[i]) - from.rest[i];
      value += half_log - spread - rest;
      size += spread + std::fabs(half_log) + std::fabs(rest);
    }
    return {value, 128.0 * std::numeric_limits<double>::epsilon() * (1.0 + size)};
  }

  Moments walk(Int start, Int direction, Int count) const {
    Moments out{1.0, 0.0, 0.0};
    double term = 1.0;
    for (Int u = 1; u <= count; ++u) {
      term *= direction > 0 ? step_up(start + u - 1) : step_down(start - u + 1);
      const double distance = static_cast<double>(u);
      out.mass += term;
      out.first += distance * term;
      out.second += distance * distance * term;
      // What follows is a falling, log-concave tail: below rounding of every sum.
      if (term * distance * distance < 1e-24)
        break;
    }
    return out;
  }

  /// Euler-Maclaurin at half-integer ends: sum F(u) = integral F - (F'(end) - F'(begin)) / 24 + ...
  /// Only for runs of more than 20000 terms that fall by less than e^60 over the first 20000. Log P is
  /// concave, so the slope at the start is below 60 / 20000 per step and the next correction,
  /// 7 F''' / 5760, is below 4e-11 of one term, and that one term of at least 300.
  Moments integrate(const Reference& from, Int direction, Int count) const {
    const double sign = static_cast<double>(direction);
    const auto log_f = [&](double u) { return log_ratio(from, sign * u); };
    // What lies below e^-50 of the first term is left out. Asked at whole counts only: near the end of
    // the support a count reckoned in doubles can come out negative.
    const auto negligible = [&](Int u) { return log_ratio(from, from.x + direction * u).value < -50.0; };
    Int last = count;
    if (negligible(count)) {
      Int inside = 0;
      for (last = std::min(count, Int{20000}); !negligible(last); last = last > count / 2 ? count : 2 * last)
        inside = last;
      for (int i = 0; i < 6; ++i) {
        const Int middle = inside + (last - inside) / 2;
        (negligible(middle) ? last : inside) = middle;
      }
    }

    // Gauss-Legendre, 16 nodes on each of 32 panels (Abramowitz & Stegun 25.4.30).
    static constexpr std::array<double, 8> node = {0.9894009349916499326,  0.94457502307323257608,
                                                   0.86563120238783174388, 0.7554044083550030339,
                                                   0.61787624440264374845, 0.45801677765722738634,
                                                   0.28160355077925891323, 0.095012509837637440185};
    static constexpr std::array<double, 8> weight = {0.027152459411754094852, 0.062253523938647892863,
                                                     0.09515851168249278481,  0.12462897125553387205,
                                                     0.14959598881657673208,  0.16915651939500253819,
                                                     0.18260341504492358887,  0.18945061045506849629};
    constexpr int panels = 32;
    const double begin = -0.5, end = static_cast<double>(last) + 0.5, half = (end - begin) / (2 * panels);
    Moments out;
    for (int panel = 0; panel < panels; ++panel) {
      const double centre = begin + half * (2 * panel + 1);
      for (std::size_t i = 0; i < 16; ++i) {
        const double u = centre + half * (i < 8 ? -node[i] : node[15 - i]);
        const double f = half * weight[i < 8 ? i : 15 - i] * std::exp(log_f(u));
        out.mass += f;
        out.first += u * f;
        out.second += u * u * f;
      }
    }
    for (const double u : {begin, end}) {
      const double f = std::exp(log_f(u)), slope = log_f(u + 0.5) - log_f(u - 0.5);
      const double scale = u == begin ? 1.0 / 24 : -1.0 / 24;
      out.mass += scale * f * slope;
      out.first += scale * f * (1.0 + u * slope);
      out.second += scale * f * u * (2.0 + u * slope);
    }
    return out;
  }

  /// Sign of P(u) - P(v) for u < v, in whole numbers: with delta = v - u it is that of
  ///   (u, v] (n-k+u, n-k+v]  -  omega^delta (k-v, k-u] (m-v, m-u],
  /// where (a, b] is the product of a+1, ..., b. Factors common to both sides are struck out first;
  /// then 256-bit truncated products decide unless the two agree to 128 bits, and last the full ones.
  int compare(Int u, Int v, const Poll& poll) const {
    struct End {
      Int at;
      int change;
    };
    const std::array<std::array<Int, 2>, 4> run = {
        {{u, v}, {shift_ + u, shift_ + v}, {k_ - v, k_ - u}, {m_ - v, m_ - u}}};
    std::vector<End> ends;
    for (std::size_t i = 0; i < 4; ++i) {
      ends.push_back({run[i][0], i < 2 ? 1 : -1});
      ends.push_back({run[i][1], i < 2 ? -1 : 1});
    }
    std::sort(ends.begin(), ends.end(), [](const End& a, const End& b) { return a.at < b.at; });

    const auto products = [&](std::size_t most, Natural& left, Natural& right) {
      left = right = Natural(1, most);
      std::uint64_t asked = 0;
      const auto multiply = [&](Natural& side, std::uint64_t factor) {
        side.times(factor);
        if (poll && ++asked % 1024 == 0)
          poll(-1.0);
      };
      int times = 0;
      for (std::size_t i = 0; i + 1 < ends.size(); ++i) {
        times += ends[i].change;
        Natural& side = times > 0 ? left : right;
        for (int t = 0; t < std::abs(times); ++t) {
          for (Int factor = ends[i].at + 1; factor <= ends[i + 1].at; ++factor) {
            std::uint64_t packed = word(factor);
            // Two factors below 2^32 travel in one word.
            if (factor < ends[i + 1].at && factor < 0xffffffff)
              packed *= word(++factor);
            multiply(side, packed);
          }
        }
      }
      if (omega_whole_ > 1) {
        for (Int t = u; t < v; ++t)
          multiply(right, omega_whole_);
      }
      right.shift(omega_bits_ * (v - u));
    };
    Natural left, right;
    products(8, left, right);
    // Up to 2^57 multiplications, each cutting less than 2^-224: far below a unit of the fifth limb.
    const int sign = left.compare(right, 5, 2);
    if (sign != 0)
      return sign;
    products(std::numeric_limits<std::size_t>::max(), left, right);
    return left.compare(right);
  }

  Int m_, k_, shift_, low_, high_, mode_ = 0; // shift: n - k, so the fourth count is x + shift
  double omega_;
  std::uint64_t omega_whole_ = 1; // omega = omega_whole * 2^omega_bits, exactly
  Int omega_bits_ = 0;
  Reference at_mode_;
};

/// The Conditional distribution summed: total mass relative to the mode, mean and variance, tails.
class ConditionalSums {
public:
  using Int = Conditional::Int;
  struct Tail {
    double log_mass = 0.0; ///< log P of the tail
    double mean = 0.0;     ///< mean of X within the tail, minus the mode
  };

  explicit ConditionalSums(const Conditional& x)
      : x_(x), up_(x.outwards(x.mode(), x.high())), down_(x.outwards(x.mode(), x.low())),
        total_(up_.mass + (down_.mass - 1.0)), mean_((up_.first - down_.first) / total_),
        variance_((up_.second + down_.second) / total_ - mean_ * mean_) {}

  double log_total() const { return std::log(total_); }
  double mean() const { return mean_; }
  double variance() const { return variance_; }

  /// P(X >= at) if upper, else P(X <= at). A tail beyond the mode is summed from its own end inwards.
  Tail tail(Int at, bool upper) const {
    const double side = upper ? 1.0 : -1.0;
    if (upper ? at > x_.mode() : at < x_.mode()) {
      const Moments own = x_.outwards(at, upper ? x_.high() : x_.low());
      return {x_.log_ratio(at).value + std::log(own.mass) - log_total(),
              static_cast<double>(at - x_.mode()) + side * own.first / own.mass};
    }
    const Moments& own = upper ? up_ : down_;
    const Moments rest = x_.outwards(x_.mode(), at);
    const double mass = own.mass + (rest.mass - 1.0);
    return {std::min(0.0, std::log(mass / total_)), side * (own.first - rest.first) / mass};
  }

private:
  const Conditional& x_;
  Moments up_, down_;
  double total_, mean_, variance_;
};

/// The four margins that matter, and the observed first cell.
struct Margins {
  std::int64_t m, n, k, x;
  Conditional at(double odds_ratio) const { return Conditional(m, n, k, odds_ratio); }
  std::int64_t low() const { return std::max(std::int64_t{0}, k - n); }
  std::int64_t high() const { return std::min(k, m); }
  /// Columns swapped: odds ratios turn into their reciprocals.
  Margins mirrored() const { return {n, m, k, k - x}; }
};

} // namespace detail
} // namespace cryonodes

#endif
