#ifndef CRYONODES_PERMUTATION_TAIL_HPP
#define CRYONODES_PERMUTATION_TAIL_HPP

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "cryonodes/error.hpp"
#include "cryonodes/permutation.hpp"
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

/// Bounds of |E exp(i theta X)| for very many theta side by side, from sums of exp(i h theta a_j), h = 1, 2, ..., over
/// blocks of neighbouring scores. With y = 2 pq (1 - cos psi) the logarithm of a factor is log(1 - y) / 2 <= -y / 2 -
/// y^2 / 4 - ... - y^H / 2H, a polynomial in the cosines of psi, ..., H psi; summed over a block it is at most -c_0 n +
/// c_1 |S_1| + ... + c_H |S_H|, whatever u is. A block's |S_h| moves by no more than h times the sum of the distances
/// from the median for each unit of theta: one value bounds those around it, the farther the narrower the blocks.
template <std::size_t H> class DealtBounds {
public:
  explicit DealtBounds(const DealtSum& sum) : log_front_(sum.log_front()) {
    const auto& score = sum.score();
    const std::size_t n = score.size();
    std::size_t blocks = 1;
    while (n / (2 * blocks) >= 24)
      blocks *= 2;
    for (std::size_t b = 0; b < blocks; ++b) {
      const std::size_t from = n * b / blocks, to = n * (b + 1) / blocks;
      for (std::size_t i = from; i < to; i += lanes) {
        units_.emplace_back();
        for (std::size_t v = 0; v < lanes && i + v < to; ++v) {
          units_.back().score[v] = score[i + v];
          units_.back().there[v] = 1.0F;
        }
      }
      end_.push_back(units_.size());
      size_.push_back(static_cast<double>(to - from));
    }
    for (std::size_t count = 1; count <= blocks; count *= 2) {
      double spread = 0.0;
      for (std::size_t b = 0; b < count; ++b) {
        const std::size_t from = n * (b * (blocks / count)) / blocks, to = n * ((b + 1) * (blocks / count)) / blocks;
        const double middle = score[(from + to) / 2];
        for (std::size_t i = from; i < to; ++i)
          spread += std::fabs(score[i] - middle);
      }
      spread_.push_back(spread);
    }
    double power = 1.0;
    for (std::size_t i = 1; i <= H; ++i) {
      power *= sum.pq();
      double choose = 1.0; // of 2i the first i - h
      std::array<double, 2 * H + 1> row{};
      for (std::size_t r = 0; r <= 2 * i; ++r) {
        row[r] = choose;
        choose *= static_cast<double>(2 * i - r) / static_cast<double>(r + 1);
      }
      for (std::size_t h = 0; h <= i; ++h)
        weight_[h] += power * (h == 0 ? 1.0 : 2.0) * row[i - h] / (2.0 * static_cast<double>(i));
    }
    for (std::size_t h = 1; h <= H; ++h)
      slope_ += static_cast<double>(h) * weight_[h];
    found_.resize(blocks);
  }
  std::size_t levels() const { return spread_.size(); }
  double units() const { return static_cast<double>(lanes * units_.size()); }
  /// What the bound's logarithm grows by when it is to hold as far as `half` on either side.
  double slope(std::size_t level, double half) const { return slope_ * spread_[level] * half; }

  void start(double theta) {
    for (auto& u : units_)
      for (std::size_t v = 0; v < lanes; ++v) {
        u.re[v] = u.there[v] * static_cast<float>(std::cos(theta * u.score[v]));
        u.im[v] = u.there[v] * static_cast<float>(std::sin(theta * u.score[v]));
      }
  }
  /// How far next() goes on.
  void turn_by(double turn) {
    for (auto& u : units_)
      for (std::size_t v = 0; v < lanes; ++v) {
        u.turn_re[v] = static_cast<float>(std::cos(turn * u.score[v]));
        u.turn_im[v] = static_cast<float>(std::sin(turn * u.score[v]));
      }
  }
  /// So many turns until the rounding errors of single precision come to `off_` of a number of size 1.
  static constexpr std::size_t turns = 128;

  /// The sums where it stands; then turns all scores on.
  void next() {
    std::size_t i = 0;
    for (std::size_t b = 0; b < end_.size(); ++b) {
      struct {
        std::array<float, lanes> re[H], im[H];
      } sum{};
      for (; i < end_[b]; ++i) {
        Units& u = units_[i];
        std::array<float, lanes> re, im;
        for (std::size_t v = 0; v < lanes; ++v) {
          re[v] = u.re[v];
          im[v] = u.im[v];
          sum.re[0][v] += re[v];
          sum.im[0][v] += im[v];
          u.re[v] = re[v] * u.turn_re[v] - im[v] * u.turn_im[v];
          u.im[v] = re[v] * u.turn_im[v] + im[v] * u.turn_re[v];
        }
        std::array<float, lanes> h_re = re, h_im = im;
        for (std::size_t h = 1; h < H; ++h)
          for (std::size_t v = 0; v < lanes; ++v) {
            const float up = h_re[v] * re[v] - h_im[v] * im[v];
            h_im[v] = h_re[v] * im[v] + h_im[v] * re[v];
            h_re[v] = up;
            sum.re[h][v] += h_re[v];
            sum.im[h][v] += h_im[v];
          }
      }
      for (std::size_t h = 0; h < H; ++h) {
        float re = 0.0F, im = 0.0F;
        for (std::size_t v = 0; v < lanes; ++v) {
          re += sum.re[h][v];
          im += sum.im[h][v];
        }
        found_[b].re[h] = re;
        found_[b].im[h] = im;
      }
    }
  }
  /// log of the bound at the sums last found, in 2^level blocks.
  double log_bound(std::size_t level) const {
    const std::size_t together = end_.size() >> level;
    double out = log_front_;
    for (std::size_t b = 0; b < end_.size(); b += together) {
      double size = 0.0, of_block = 0.0;
      for (std::size_t c = b; c < b + together; ++c)
        size += size_[c];
      for (std::size_t h = 0; h < H; ++h) {
        double re = 0.0, im = 0.0;
        for (std::size_t c = b; c < b + together; ++c) {
          re += static_cast<double>(found_[c].re[h]);
          im += static_cast<double>(found_[c].im[h]);
        }
        of_block += weight_[h + 1] * (std::sqrt(re * re + im * im) + off_ * static_cast<double>(h + 1) * size);
      }
      out += std::min(0.0, of_block - weight_[0] * size);
    }
    return out;
  }

private:
  static constexpr std::size_t lanes = 8;
  // Each turn is off by 3.5 roundings at most, sqrt(5) of them the product's and one that of the turn itself.
  static constexpr double off_ = (3.5 * static_cast<double>(turns) + 16.0) * 6e-8;
  struct Units {
    std::array<float, lanes> re{}, im{}, turn_re{}, turn_im{}, there{};
    std::array<double, lanes> score{};
  };
  struct Found {
    std::array<float, H> re{}, im{};
  };
  std::vector<Units> units_;
  std::vector<std::size_t> end_;
  std::vector<double> size_, spread_;
  std::vector<Found> found_;
  std::array<double, H + 1> weight_{};
  double slope_ = 0.0, log_front_;
};

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
      : sum_(sum), series_(series), log_wanted_(log_wanted), bounds_(sum), between_(sum) {}

  /// Frequencies from..to. @throws work_error when they take more than so much work.
  Sum operator()(std::size_t from, std::size_t to, double most_work) {
    out_ = {};
    most_work_ = most_work;
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
