#ifndef CRYONODES_BERNSTEIN_HPP
#define CRYONODES_BERNSTEIN_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <queue>
#include <utility>
#include <vector>

#include "cryonodes/poll.hpp"

namespace cryonodes {
namespace detail {

/// A polynomial by its Bernstein coefficients on an interval: sum_k c_k C(n, k) t^k (1 - t)^(n - k), t from 0 to 1. The
/// polynomial lies between the least and the largest coefficient, and meets the first and the last at the ends; the
/// coefficients close in on it as the square of the interval's length. All those here are >= 0, so that nothing is
/// subtracted and relative errors stay near n roundings.
using Bernstein = std::vector<double>;

/// Cuts at t (de Casteljau): `c` keeps what is right of it, `left` is given the rest. O(n^2).
inline void cut(Bernstein& c, Bernstein& left, double t) {
  const std::size_t n = c.size();
  const double s = 1.0 - t;
  left.resize(n);
  left[0] = c[0];
  for (std::size_t r = 1; r < n; ++r) {
    double* const x = c.data();
    for (std::size_t k = 0; k < n - r; ++k)
      x[k] = s * x[k] + t * x[k + 1];
    left[r] = x[0];
  }
}

/// Of many polynomials at once, the n rows of a matrix being the k-th coefficients of each: restricts them from [0, 1]
/// to [low, high].
inline void restrict_rows(std::vector<double>& rows, std::size_t n, double low, double high, const Poll& poll = {}) {
  const std::size_t width = rows.size() / n;
  const auto mix = [&](double* x, const double* next, double t) {
    const double s = 1.0 - t;
    for (std::size_t j = 0; j < width; ++j)
      x[j] = s * x[j] + t * next[j];
  };
  if (low > 0.0) // keeps the right part
    for (std::size_t r = 1; r < n; ++r) {
      for (std::size_t k = 0; k < n - r; ++k)
        mix(&rows[k * width], &rows[(k + 1) * width], low);
      if (poll)
        poll(-1.0);
    }
  if (high < 1.0) { // keeps the left part: as the right part of what is read backwards
    const double t = low < 1.0 ? (1.0 - high) / (1.0 - low) : 0.0;
    for (std::size_t r = 1; r < n; ++r) {
      for (std::size_t k = n - 1; k >= r; --k)
        mix(&rows[k * width], &rows[(k - 1) * width], t);
      if (poll)
        poll(-1.0);
    }
  }
}

/// The quotient of two such polynomials on [0, 1]; without `under` that is 1.
struct Quotient {
  Bernstein over, under;
};

struct Maximum {
  double value = 0.0; ///< attained
  double at = 0.0;    ///< where: t in [0, 1], of one of the quotients
  double bound = 0.0; ///< nothing is larger
};

/// The largest value of several quotients, found with certainty: intervals are halved, the one with the largest
/// coefficient first, until no coefficient is larger than (1 + tolerance) times a value that is attained. Ends earlier
/// once a value above `enough` is attained. Some 60 halvings a maximum for 1e-11, each O(n^2).
inline Maximum largest(std::vector<Quotient> quotients, double tolerance = 1e-11,
                       double enough = std::numeric_limits<double>::infinity(), const Poll& poll = {}) {
  struct Part {
    Quotient q;
    double low, high, bound;
    bool operator<(const Part& other) const { return bound < other.bound; }
  };
  Maximum out;
  std::priority_queue<Part> parts;
  const auto take = [&](Part&& part) {
    const Bernstein& over = part.q.over;
    const Bernstein& under = part.q.under;
    const auto ratio = [&](std::size_t k) { return under.empty() ? over[k] : over[k] / under[k]; };
    const std::size_t last = over.size() - 1;
    for (const std::size_t end : {std::size_t{0}, last}) {
      if (ratio(end) > out.value) {
        out.value = ratio(end);
        out.at = end == 0 ? part.low : part.high;
      }
    }
    part.bound = 0.0;
    for (std::size_t k = 0; k <= last; ++k)
      part.bound = std::max(part.bound, ratio(k));
    parts.push(std::move(part));
  };
  for (auto& q : quotients)
    take({std::move(q), 0.0, 1.0, 0.0});
  while (!parts.empty() && parts.top().bound > out.value * (1.0 + tolerance) && !(out.value > enough)) {
    if (poll)
      poll(-1.0);
    Part part = parts.top();
    parts.pop();
    const double middle = part.low + 0.5 * (part.high - part.low);
    if (!(middle > part.low && middle < part.high)) // as near as doubles are
      break;
    Part left{{}, part.low, middle, 0.0};
    cut(part.q.over, left.q.over, 0.5);
    if (!part.q.under.empty())
      cut(part.q.under, left.q.under, 0.5);
    part.low = middle;
    take(std::move(left));
    take(std::move(part));
  }
  out.bound = parts.empty() ? out.value : std::max(out.value, parts.top().bound);
  return out;
}

} // namespace detail
} // namespace cryonodes

#endif
