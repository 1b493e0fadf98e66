#ifndef CRYONODES_FISHER_CLOSED_HPP
#define CRYONODES_FISHER_CLOSED_HPP

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "cryonodes/bignum.hpp"
#include "cryonodes/hypergeometric.hpp"
#include "cryonodes/tails.hpp"

namespace cryonodes {

/// The alternative to "odds ratio = null": unequal, smaller or greater.
enum class Sides { two, less, greater };

/// Which tables count as no less extreme than the one observed when both sides do (FisherOptions).
enum class FisherMethod { minlike, central, blaker };

namespace detail {

/// A p-value and its logarithm.
struct LoggedP {
  double p = 1.0, log_p = 0.0;
};

/// Eight steps away from x, P(next) / P(this) = tilt * p0 * p1 / ((q0 + 1)(q1 + 1)): their quotients at once, then
/// products of few links. A count of 0 makes all terms from there on 0.
class Steps {
public:
  static constexpr std::size_t size = 8;
  static constexpr double negligible = 1e-17;
  std::array<double, size> term{};

  Steps(double p0, double p1, double q0, double q1, double tilt) : p0_(p0), p1_(p1), q0_(q0), q1_(q1), tilt_(tilt) {}
  void go() {
    static constexpr std::array<double, size + 1> step = {0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0};
    std::array<double, size> r;
    for (std::size_t i = 0; i < size; ++i)
      r[i] = tilt_ * ((p0_ - step[i]) * (p1_ - step[i])) / ((q0_ + step[i + 1]) * (q1_ + step[i + 1]));
    p0_ -= 8.0;
    p1_ -= 8.0;
    q0_ += 8.0;
    q1_ += 8.0;
    const double r01 = r[0] * r[1], r45 = r[4] * r[5], r0123 = r01 * (r[2] * r[3]), r4567 = r45 * (r[6] * r[7]);
    term[0] = last_ * r[0];
    term[1] = last_ * r01;
    term[2] = term[1] * r[2];
    term[3] = last_ * r0123;
    term[4] = term[3] * r[4];
    term[5] = term[3] * r45;
    term[6] = term[5] * r[6];
    term[7] = last_ = term[3] * r4567;
  }
  double sum() const {
    return ((term[0] + term[1]) + (term[2] + term[3])) + ((term[4] + term[5]) + (term[6] + term[7]));
  }
  double last() const { return last_; }
  bool falls() const { return term[7] <= term[6]; }

private:
  double p0_, p1_, q0_, q1_, tilt_, last_ = 1.0;
};

/// n! as fraction * 2^power, the fraction in [0.5, 1) and right to the last bit but one.
class Factorials {
public:
  static constexpr std::int64_t most = 4096;
  struct Number {
    double fraction;
    int power;
  };

  /// Computed once, in a fifth of a millisecond.
  static const Factorials& table() {
    static const Factorials all;
    return all;
  }
  const Number& operator[](std::int64_t n) const { return number_[static_cast<std::size_t>(n)]; }

private:
  Factorials() {
    Natural factorial(1, 4); // cut to 128 bits, at most 4096 times: 83 bits are right
    for (std::uint64_t n = 0; n <= most; ++n) {
      factorial.times(n > 0 ? n : 1);
      std::int64_t power = 0;
      const double fraction = factorial.mantissa(power);
      number_.push_back({fraction, static_cast<int>(power)});
    }
  }
  std::vector<Number> number_;
};

/// 64^n / n!, with which a table of up to `most` has P(x) = constant * product over its cells, the constant being that
/// of its margins, and no number leaves the range of doubles.
class CellWeights {
public:
  static constexpr std::int64_t most = 512;
  static constexpr std::int64_t block = 8;
  using Block = std::array<double, static_cast<std::size_t>(block)>;

  static const CellWeights& table() {
    static const CellWeights all;
    return all;
  }
  double of(std::int64_t n) const { return rising_[static_cast<std::size_t>(n)]; }

  /// 1 over the sum of all products that have these margins. In this order no part leaves the range of doubles.
  double unit(const Margins& t) const {
    const auto inverse = [this](std::int64_t n) { return inverse_[static_cast<std::size_t>(n)]; };
    const std::int64_t total = t.m + t.n;
    return rising_[static_cast<std::size_t>(total)] * inverse(t.m) * inverse(t.n) *
           (inverse(t.k) * inverse(total - t.k));
  }

  /// The products 1, ..., 8 steps away, where two counts fall and two rise. Those below 0 are 0.
  Block steps(std::int64_t p0, std::int64_t p1, std::int64_t q0, std::int64_t q1) const {
    const auto place = [](std::int64_t n) { return static_cast<std::size_t>(n) + 1; };
    const double *const up0 = &rising_[place(q0)], *const up1 = &rising_[place(q1)];
    const double *const down0 = &falling_[place(most - p0)], *const down1 = &falling_[place(most - p1)];
    Block out;
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = up0[i] * up1[i] * (down0[i] * down1[i]);
    return out;
  }

private:
  CellWeights() {
    const auto& factorial = Factorials::table();
    for (std::int64_t n = 0; n <= most + room; ++n) {
      const int power = static_cast<int>(6 * n) - factorial[n].power;
      rising_.push_back(std::ldexp(1.0 / factorial[n].fraction, power));
      inverse_.push_back(std::ldexp(factorial[n].fraction, -power));
    }
    falling_.assign(rising_.rend() - (most + 1), rising_.rend());
    falling_.resize(falling_.size() + room, 0.0);
  }
  // Steps start within the table; not more than one block lies behind its end.
  static constexpr std::int64_t room = 2 * block;
  std::vector<double> rising_, inverse_, falling_; // falling_: from `most` down to 0, then 0
};

/// The p-value under an odds ratio of 1 where factorials give P(x) itself: then only what lies beyond x, and beyond the
/// last count on the other side that is as probable, is summed, and not what lies between.
class ClosedP {
public:
  using Int = std::int64_t;

  /// Is it not small, and not too large?
  static bool serves(const Margins& table) {
    return table.m + table.n > CellWeights::most && table.m + table.n <= Factorials::most;
  }

  /// p of a small table, as most are.
  /// @return false if it is not had in this way.
  static bool small(const Margins& table, Sides sides, FisherMethod method, bool mid_p, LoggedP& out) {
    if (table.m + table.n > CellWeights::most || (sides == Sides::two && method == FisherMethod::blaker))
      return false;
    const ClosedP closed(table, mid_p);
    if (sides == Sides::two && method == FisherMethod::minlike)
      return closed.minlike_small(out);
    out = sides == Sides::two ? closed.central() : closed.one_sided(sides == Sides::greater);
    return true;
  }

  /// May minlike() be asked, that is, is x so far from the mode that what lies between takes longer than all that
  /// spares it?
  static bool far(const Margins& table) {
    const double x = static_cast<double>(table.x), k = static_cast<double>(table.k), m = static_cast<double>(table.m),
                 all = static_cast<double>(table.m + table.n);
    return std::fabs(x * all - m * k) > 12.0 * all;
  }

  ClosedP(const Margins& table, bool mid_p)
      : weights_(CellWeights::table()), t_(table), mid_(mid_p),
        small_(table.m + table.n <= CellWeights::most) {
    const Int a = t_.x, b = t_.k - t_.x, c = t_.m - t_.x, d = t_.n - t_.k + t_.x;
    above_ = b * c <= (a + 1) * (d + 1);
    p0_ = above_ ? b : a;
    p1_ = above_ ? c : d;
    q0_ = above_ ? a : b;
    q1_ = above_ ? d : c;
    const Int total = t_.m + t_.n;
    if (small_) {
      x_ = weights_.of(q0_) * weights_.of(q1_) * (weights_.of(p0_) * weights_.of(p1_));
      inverse_ = 1.0 / x_;
      unit_ = {weights_.unit(t_), 0};
      return;
    }
    const auto& factorial = Factorials::table();
    const Number m = factorial[t_.m], n = factorial[t_.n], k = factorial[t_.k], rest = factorial[total - t_.k],
                 all = factorial[total];
    cells_ = cells(p0_, p1_, q0_, q1_);
    unit_ = {m.fraction * n.fraction * (k.fraction * rest.fraction) / (all.fraction * cells_.fraction),
            m.power + n.power + k.power + rest.power - all.power - cells_.power};
  }

  /// P(X <= x), or P(X >= x) if upper.
  LoggedP one_sided(bool upper) const {
    if (upper != above_)
      return all_but(outer_tail() + other_half());
    // Of a mode both tails are long, and what is left of either is summed.
    return is_mode() ? all_but(tail(q0_, q1_, p0_, p1_) + other_half()) : share(half() + outer_tail());
  }

  /// Twice the smaller of both.
  LoggedP central() const {
    const double beyond = outer_tail(), outer = of_all(half() + beyond);
    const double inner = 1.0 - of_all(beyond + other_half()), smaller = std::min(outer, inner);
    if (smaller >= 0.5 - rounding)
      return {};
    return outer <= inner ? share(2.0 * (half() + beyond)) : LoggedP{2.0 * inner, std::log(2.0 * inner)};
  }

  /// All y with P(y) <= P(x), of a table that is not small; order(y) is the sign of P(y) - P(x), asked for where
  /// doubles do not tell.
  /// @return false if the answer is not had in this way.
  template <class Order>
  bool minlike(LoggedP& out, const Order& order) const {
    // `far` steps inwards and on, the first that is no more probable than x; or one step beyond the last.
    const Int last = std::min(q0_, q1_);
    Int far = std::min(mirror(), last);
    const auto there = cells(p0_ + far, p1_ + far, q0_ - far, q1_ - far);
    const int power = cells_.power - there.power;
    if (power < -900 || power > 900)
      return false;
    double ratio = scaled(cells_.fraction / there.fraction, power), doubt = 1e-14; // P(far) / P(x)
    const auto sign = [&](double value, Int step) {
      return value < 1.0 - doubt ? -1 : value > 1.0 + doubt ? 1 : order(t_.x + (above_ ? -step : step));
    };
    int tried = 0, here = sign(ratio, far);
    if (here > 0) {
      for (; here > 0 && far < last; ++far) {
        if (++tried > most_tries)
          return false;
        ratio *= quotient((q0_ - far) * (q1_ - far), (p0_ + far + 1) * (p1_ + far + 1));
        doubt += 1e-15;
        here = sign(ratio, far + 1);
      }
      if (here > 0) {
        ++far;
        ratio = 0.0;
      }
    } else {
      while (far > 1) {
        if (++tried > most_tries)
          return false;
        const double nearer = ratio * quotient((p0_ + far) * (p1_ + far), (q0_ - far + 1) * (q1_ - far + 1));
        doubt += 1e-15;
        const int next = sign(nearer, far - 1);
        if (next > 0)
          break;
        here = next;
        ratio = nearer;
        --far;
      }
    }
    const double halves = mid_ ? (here == 0 ? 1.0 : 0.5) : 0.0;
    const double beyond = outer_tail();
    const double other = ratio > 0.0 ? ratio * (1.0 + tail(q0_ - far, q1_ - far, p0_ + far, p1_ + far)) : 0.0;
    out = share(1.0 + beyond + other - halves); // so far out below 1/2: standard deviations are at most 16
    return true;
  }

private:
  using Number = Factorials::Number;
  using Block = CellWeights::Block;

  bool minlike_small(LoggedP& out) const {
    if (is_mode()) { // all others count
      const double ties = (q0_ * q1_ == (p0_ + 1) * (p1_ + 1) ? 1.0 : 0.0) +
                          (p0_ * p1_ == (q0_ + 1) * (q1_ + 1) ? 1.0 : 0.0);
      out = mid_ ? all_but(0.5 * x_ * (1.0 + ties)) : LoggedP{};
      return true;
    }
    if (t_.m == t_.n || 2 * t_.k == t_.m + t_.n) { // equal columns or rows: the other side is a mirror image
      out = central();
      return true;
    }
    // The block in which P comes down to that of x is from the mode on, or from a little before the mirror image of x,
    // or before the last.
    constexpr double doubt = 1e-14;
    constexpr Int step = CellWeights::block;
    const double high = x_ * (1.0 + doubt), low = x_ * (1.0 - doubt), turn = this->turn();
    const Int mode = static_cast<Int>(turn + 0.5), mirrored = static_cast<Int>(2.0 * turn);
    const Int start = std::max(mode, std::min(mirrored, std::min(q0_, q1_)) - 3);
    const Block weight = weights_.steps(q0_ - start, q1_ - start, p0_ + start, p1_ + start);
    std::size_t n = 0;
    Block at_most_x;
    for (std::size_t i = 0; i < weight.size(); ++i)
      n += weight[i] > x_ ? 1U : 0U;
    for (std::size_t i = 0; i < weight.size(); ++i)
      at_most_x[i] = weight[i] <= x_ ? weight[i] : 0.0;
    if (n == weight.size() || weight[n] > low || (n == 0 ? start != mode : weight[n - 1] < high))
      return false;
    double part = half() + outer_tail() + sum_of(at_most_x);
    if (goes_on(weight))
      part += tail(q0_ - start - step, q1_ - start - step, p0_ + start + step, p1_ + start + step);
    // What is near to 1 is 1 less what lies between.
    out = of_all(part) <= 0.5 ? share(part) : all_but(between_small() + other_half());
    return true;
  }

  /// Of weights that fall, those that follow a block are less than a geometric series: do they count beside that of x?
  bool goes_on(const Block& weight) const {
    const double last = weight.back(), before = weight[weight.size() - 2];
    return last * (last * inverse_) > 1e-16 * (before - last); // in this order: a weight squared may be 0
  }

  /// The sum of all that are more probable than x.
  double between_small() const {
    double sum = 0.0;
    for (Int at = 0;; at += CellWeights::block)
      for (const double weight : weights_.steps(q0_ - at, q1_ - at, p0_ + at, p1_ + at)) {
        if (weight <= x_)
          return sum;
        sum += weight;
      }
  }

  static double sum_of(const Block& x) {
    return ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + (x[6] + x[7]));
  }

  static constexpr int most_tries = 100;
  static constexpr double rounding = 1e-15;

  static double quotient(Int x, Int y) { return static_cast<double>(x) / static_cast<double>(y); }

  static Number cells(Int a, Int b, Int c, Int d) {
    const auto& factorial = Factorials::table();
    const Number first = factorial[a], second = factorial[b], third = factorial[c], fourth = factorial[d];
    return {first.fraction * second.fraction * (third.fraction * fourth.fraction),
            first.power + second.power + third.power + fourth.power};
  }

  /// What counts of x itself, and what does not.
  double half() const { return mid_ ? 0.5 * x_ : x_; }
  double other_half() const { return mid_ ? 0.5 * x_ : 0.0; }

  double of_all(double relative) const { return scaled(unit_.fraction * relative, unit_.power); }
  LoggedP share(double relative) const {
    const double p = of_all(relative);
    if (unit_.power > -900)
      return {std::min(p, 1.0), std::min(std::log(p), 0.0)};
    return {p, std::log(unit_.fraction * relative) + static_cast<double>(unit_.power) * 0.693147180559945309417};
  }
  LoggedP all_but(double relative) const {
    const double rest = of_all(relative);
    return {1.0 - rest, std::log1p(-rest)};
  }

  /// value * 2^power
  static double scaled(double value, int power) {
    if (power < -1000 || power > 1000)
      return std::ldexp(value, power);
    const std::uint64_t bits = static_cast<std::uint64_t>(power + 1023) << 52;
    double two = 0.0;
    std::memcpy(&two, &bits, sizeof two);
    return value * two;
  }

  bool is_mode() const { return q0_ * q1_ <= (p0_ + 1) * (p1_ + 1); }
  double outer_tail() const { return tail(p0_, p1_, q0_, q1_); }

  /// The sum of all beyond a count that is no less probable than what follows.
  double tail(Int p0, Int p1, Int q0, Int q1) const {
    double sum = 0.0;
    if (small_) {
      for (;; p0 -= CellWeights::block, p1 -= CellWeights::block, q0 += CellWeights::block, q1 += CellWeights::block) {
        const Block weight = weights_.steps(p0, p1, q0, q1);
        sum += sum_of(weight);
        if (!goes_on(weight))
          return sum;
      }
    }
    Steps steps = far_steps(p0, p1, q0, q1);
    do {
      steps.go();
      sum += steps.sum();
    } while (steps.last() > Steps::negligible);
    return sum;
  }

  static Steps far_steps(Int p0, Int p1, Int q0, Int q1) {
    return {static_cast<double>(p0), static_cast<double>(p1), static_cast<double>(q0), static_cast<double>(q1), 1.0};
  }

  /// So many steps inwards, whole or not, one more step and one back are alike: there is the mode.
  double turn() const {
    // 4 times the difference of (q0 + 1/2)(q1 + 1/2) and (p0 + 1/2)(p1 + 1/2)
    const Int difference = (2 * q0_ + 1) * (2 * q1_ + 1) - (2 * p0_ + 1) * (2 * p1_ + 1);
    return 0.25 * static_cast<double>(difference) / static_cast<double>(p0_ + p1_ + q0_ + q1_ + 2);
  }

  /// About how many steps inwards P is that of x again: log P is taken for a parabola with a cubic term.
  Int mirror() const {
    const double u = turn();
    const auto inverse = [](Int count, double step) { return 1.0 / (static_cast<double>(count) + step + 0.5); };
    const double r0 = inverse(p0_, u), r1 = inverse(p1_, u), s0 = inverse(q0_, -u), s1 = inverse(q1_, -u);
    const double bend = (s0 - r0) * (s0 + r0) + (s1 - r1) * (s1 + r1);
    const double far = 2.0 * u - bend / (r0 + r1 + s0 + s1) * u * u / 3.0;
    return std::max(static_cast<Int>(far + 0.5), Int{1});
  }

  const CellWeights& weights_;
  const Margins& t_;
  const bool mid_, small_;
  bool above_ = false;
  Int p0_, p1_, q0_, q1_; // outwards p falls and q rises
  Number cells_{};           // the product of the four factorials, where not small
  double x_ = 1.0;           // P(x), and all that is summed, in units of unit_
  double inverse_ = 1.0;     // of x_
  Number unit_{};
};

} // namespace detail
} // namespace cryonodes

#endif
