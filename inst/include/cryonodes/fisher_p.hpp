#ifndef CRYONODES_FISHER_P_HPP
#define CRYONODES_FISHER_P_HPP

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "cryonodes/fisher_closed.hpp"
#include "cryonodes/hypergeometric.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/tails.hpp"

namespace cryonodes {

namespace detail {

/// The p-value of one table under one null odds ratio.
class NullP {
public:
  using Int = std::int64_t;
  struct Answer : LoggedP {
    bool decided_exactly = false;
  };

  NullP(const Margins& table, double odds_ratio, Sides sides, FisherMethod method, bool mid_p, const Poll& poll)
      : t_(table), omega_(odds_ratio), sides_(sides), method_(method), mid_(mid_p), poll_(poll) {}

  /// @param room memory to be reused from table to table.
  Answer answer(std::vector<double>& room) {
    Answer out;
    if (!closed(out) && !walk(room, out)) {
      out.log_p = std::min(0.0, by_conditional());
      out.p = std::exp(out.log_p);
    }
    out.decided_exactly = exactly_;
    return out;
  }

private:
  // P(x) is the unit. In a walk away from x, towards and past the mode or straight down.
  struct Walk {
    double more = 0.0;   // P of what is more probable than x
    double within = 0.0; // P of what is not
    double tied = 0.0;   // P of the one as probable as x
    bool ended = true;   // else too many steps, or numbers too large for a double
  };

  static constexpr double negligible = Steps::negligible;
  static constexpr Int most_steps = 16384;

  // Of tables that ClosedP::small() has not answered.
  bool closed(LoggedP& out) {
    const bool ordered = sides_ == Sides::two && method_ != FisherMethod::central;
    if (omega_ != 1.0 || !ClosedP::serves(t_) || (ordered && (method_ == FisherMethod::blaker || !ClosedP::far(t_))))
      return false;
    const ClosedP table(t_, mid_);
    if (ordered)
      return table.minlike(out, [&](Int y) { return order(y); });
    out = sides_ == Sides::two ? table.central() : table.one_sided(sides_ == Sides::greater);
    return true;
  }

  bool walk(std::vector<double>& room, Answer& out) {
    const double a = static_cast<double>(t_.x), b = static_cast<double>(t_.k - t_.x);
    const double c = static_cast<double>(t_.m - t_.x), d = static_cast<double>(t_.n - t_.k + t_.x);
    if (omega_ == 1.0 && std::min(std::min(a, d) + std::min(b, c), a + b) > static_cast<double>(most_steps)) {
      // Too wide, or too far out?
      const double m = a + c, n = b + d, k = a + b, all = m + n, mean = m / all * k;
      if (mean / all * n / all * (all - k) > 250000.0 || std::fabs(a - mean) > 0.5 * static_cast<double>(most_steps))
        return false;
    }
    double up_all, down_all, part, rest; // part: what p counts; rest: what it does not
    if (sides_ == Sides::two && method_ == FisherMethod::minlike) {
      const Walk up = ordered_walk(b, c, a, d, omega_, 1), down = ordered_walk(a, d, b, c, 1.0 / omega_, -1);
      if (!up.ended || !down.ended)
        return false;
      part = 1.0 + up.within + down.within;
      rest = up.more + down.more;
      if (mid_) {
        const double half = 0.5 * (1.0 + up.tied + down.tied);
        part -= half;
        rest += half;
      }
    } else {
      const bool keep = method_ == FisherMethod::blaker;
      room.clear();
      if (!plain_walk(b, c, a, d, omega_, up_all, keep ? &room : nullptr))
        return false;
      const std::size_t n_up = room.size();
      if (!plain_walk(a, d, b, c, 1.0 / omega_, down_all, keep ? &room : nullptr))
        return false;
      const double own = mid_ ? 0.5 : 1.0, other = 1.0 - own;
      const bool upper = sides_ == Sides::greater || (sides_ == Sides::two && up_all <= down_all);
      part = own + (upper ? up_all : down_all);
      rest = other + (upper ? down_all : up_all);
      if (sides_ == Sides::two && method_ == FisherMethod::central) {
        rest = std::max(0.0, rest - part);
        part *= 2.0;
        if (rest == 0.0)
          part = 1.0;
      } else if (sides_ == Sides::two) {
        double tied = 0.0;
        const double far = opposite_tail(room, upper ? n_up : 0, upper ? room.size() : n_up,
                                         1.0 + (upper ? up_all : down_all), upper, tied);
        part += far - 0.5 * (mid_ ? tied : 0.0);
        rest = std::max(0.0, rest - far + 0.5 * (mid_ ? tied : 0.0));
      }
    }
    const double total = part + rest;
    if (!(total < 1e290))
      return false;
    out.p = part / total;
    out.log_p = rest < part ? std::log1p(-rest / total) : std::log(out.p);
    return true;
  }

  Walk ordered_walk(double p0, double p1, double q0, double q1, double tilt, Int direction) {
    // Six roundings a step.
    constexpr double rounding = 4.0 * std::numeric_limits<double>::epsilon();
    Walk out;
    Steps steps(p0, p1, q0, q1, tilt);
    Int done = 0;
    bool within = false;
    do {
      steps.go();
      done += 8;
      const double doubt = rounding * static_cast<double>(done);
      // P is log-concave: once it is below that of x it falls, and of eight in a row the first or the last is smallest.
      if (within) {
        out.within += steps.sum();
      } else if (steps.term[0] > 1.0 + doubt && steps.term[7] > 1.0 + doubt) {
        out.more += steps.sum();
      } else {
        for (std::size_t i = 0; i < Steps::size; ++i) {
          const double u = steps.term[i];
          if (!within && u <= 1.0 + doubt) {
            const int sign = u < 1.0 - doubt ? -1 : order(t_.x + direction * (done - 7 + static_cast<Int>(i)));
            within = sign <= 0;
            if (sign == 0)
              out.tied = u;
          }
          (within ? out.within : out.more) += u;
        }
      }
    } while ((!within || steps.last() > negligible) && done < most_steps);
    out.ended = done < most_steps && out.more < 1e290;
    return out;
  }

  static bool plain_walk(double p0, double p1, double q0, double q1, double tilt, double& mass,
                         std::vector<double>* terms) {
    mass = 0.0;
    Steps steps(p0, p1, q0, q1, tilt);
    Int done = 0;
    do {
      steps.go();
      done += 8;
      mass += steps.sum();
      if (terms)
        terms->insert(terms->end(), steps.term.begin(), steps.term.end());
    } while ((steps.last() > negligible || !steps.falls()) && done < most_steps);
    return done < most_steps && mass < 1e290;
  }

  /// Blaker's: the longest tail on the other side that does not exceed that of x, `own`; terms from x outwards.
  double opposite_tail(const std::vector<double>& terms, std::size_t begin, std::size_t end, double own, bool upper,
                       double& tied) {
    const double rounding =
        8.0 * std::numeric_limits<double>::epsilon() * static_cast<double>(terms.size() + 1) * own;
    double far = 0.0;
    for (std::size_t i = end; i > begin; --i) {
      const double next = far + terms[i - 1];
      if (next > own - rounding) {
        if (next > own + rounding)
          break;
        const Int y = t_.x + (upper ? -1 : 1) * static_cast<Int>(i - begin);
        const int sign = order_tails(y, upper);
        if (sign > 0)
          break;
        if (sign == 0)
          tied = terms[i - 1];
      }
      far = next;
    }
    return far;
  }

  const Conditional& exact() {
    if (exact_.empty())
      exact_.push_back(t_.at(omega_));
    return exact_.front();
  }

  /// Equal columns or rows make y and its mirror image tie.
  bool mirror_image(Int y) const {
    return omega_ == 1.0 && ((t_.m == t_.n && y == t_.k - t_.x) || (2 * t_.k == t_.m + t_.n && y == t_.m - t_.x));
  }

  /// Sign of P(y) - P(x).
  int order(Int y) {
    exactly_ = true;
    if (mirror_image(y))
      return 0;
    bool unused = false;
    return exact().order(y, t_.x, unused, poll_);
  }

  /// Sign of the tail beyond y, on the other side of x, less that of x.
  int order_tails(Int y, bool x_is_upper) {
    exactly_ = true;
    if (mirror_image(y))
      return 0;
    return x_is_upper ? exact().order_tails(y, t_.x, poll_) : -exact().order_tails(t_.x, y, poll_);
  }

  /// log(e^a - e^b), where e^b is at most half of e^a; the last digit of numbers like -1e16 cannot tell.
  static double log_less(double a, double b) { return a + std::log1p(-std::min(0.5, std::exp(b - a))); }

  /// log p where a walk will not do.
  double by_conditional() {
    const Conditional& table = exact();
    const ConditionalSums sums(table);
    const auto tail = [&](Int at, bool upper) { return sums.tail(at, upper).log_mass; };
    const auto half = [&](Int at) { return table.log_ratio(at).value - sums.log_total() - std::log(2.0); };
    const Int x = t_.x;
    const auto less_half = [&](double log_p) { return mid_ ? log_less(log_p, half(x)) : log_p; };
    if (sides_ != Sides::two)
      return less_half(tail(x, sides_ == Sides::greater));
    const bool minlike = method_ == FisherMethod::minlike;
    const double above = tail(x, true), below = tail(x, false);
    if (method_ == FisherMethod::central)
      return std::log(2.0) + less_half(std::min(above, below));
    const bool upper = minlike ? x > table.mode() : above <= below;
    const double own = upper ? above : below;
    if (minlike && x == table.mode()) // all but a second mode is less probable
      return mid_ ? log_of_rest(table, sums) : 0.0;
    // The count on the other side that is nearest to x and still counts; `far` does, `near` does not.
    const Int outside = upper ? table.low() - 1 : table.high() + 1;
    Int far = outside, near = minlike ? table.mode() : x;
    int sign = -1; // of far - x
    const auto compared = [&](Int y) {
      if (minlike)
        return table.order(y, x, exactly_, poll_);
      const double other = tail(y, !upper);
      // Tails are summed to a few units of 1e-14.
      if (std::fabs(other - own) > 1e-12 * (1.0 + std::fabs(own)))
        return other < own ? -1 : 1;
      return order_tails(y, upper);
    };
    if (minlike) {
      sign = compared(near);
      if (sign <= 0) // two modes, and x is one of them
        return mid_ ? log_of_rest(table, sums) : 0.0;
      sign = -1;
    }
    while (std::abs(near - far) > 1) {
      const Int middle = far + (near - far) / 2;
      const int here = compared(middle);
      if (here <= 0)
        sign = here;
      (here <= 0 ? far : near) = middle;
    }
    if (!minlike && std::abs(far - x) == 1)
      return mid_ ? std::log1p(-std::exp(half(x)) - (sign == 0 ? std::exp(half(far)) : 0.0)) : 0.0;
    double log_p = own;
    if (far != outside)
      log_p = log_add(own, tail(far, !upper));
    log_p = less_half(log_p);
    return mid_ && sign == 0 ? log_less(log_p, half(far)) : log_p;
  }

  /// Of a mode: all of the others count, a second mode half.
  double log_of_rest(const Conditional& table, const ConditionalSums& sums) {
    double halves = 0.0;
    for (Int y = t_.x - 1; y <= t_.x + 1; ++y)
      if (y >= table.low() && y <= table.high() && table.order(y, t_.x, exactly_, poll_) == 0)
        halves += 0.5 * std::exp(table.log_ratio(y).value - sums.log_total());
    return std::log1p(-halves);
  }

  const Margins& t_;
  const double omega_;
  const Sides sides_;
  const FisherMethod method_;
  const bool mid_;
  const Poll& poll_;
  bool exactly_ = false;
  std::vector<Conditional> exact_; // none or one
};

} // namespace detail
} // namespace cryonodes

#endif
