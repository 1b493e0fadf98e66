#ifndef CRYONODES_PERMUTATION_BOUNDS_HPP
#define CRYONODES_PERMUTATION_BOUNDS_HPP

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

#include "cryonodes/permutation_characteristic.hpp"
#include "cryonodes/tails.hpp"

namespace cryonodes {

namespace detail {

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

/// The same bound (H = 1) from a few blocks of a few neighbouring scores each: those that lie closest together, for
/// which one value serves very many frequencies. No factor is larger than 1, so that units may be left out. It is for
/// frequencies so high that even these scores have nothing to do with each other.
///
/// |S| of a block is at most |S|^2 / 2t + t / 2, which takes no square root; t is the size that |S| has on average.
class FineBounds {
public:
  /// How many scores are in a block, how many blocks there are, and how far from a frequency the bound is to hold.
  struct Plan {
    std::size_t in_block = 0, blocks = 0;
    double half = 0.0;
  };
  /// What serves most frequencies for its work, when the logarithm of the bound is to be `log_wanted` on average.
  static Plan plan(const DealtSum& sum, double log_wanted) {
    Plan best;
    double most = 0.0;
    for (std::size_t in_block : std::array<std::size_t, 5>{2, 3, 6, 12, 24}) {
      const auto blocks = blocks_of(sum.score(), in_block);
      for (double half = 1e-2; half < 1e8; half *= 1.25) {
        double log_bound = sum.log_front();
        std::size_t used = 0;
        while (used < blocks.size() && log_bound > log_wanted && blocks[used].gain(half) > 0.0)
          log_bound -= sum.pq() * blocks[used++].gain(half);
        if (log_bound > log_wanted)
          break;
        if (const double served = half / static_cast<double>(in_block * used + 40); served > most) {
          most = served;
          best = {in_block, used, half};
        }
      }
    }
    return best;
  }
  FineBounds(const DealtSum& sum, const Plan& plan) : in_block_(plan.in_block), pq_(sum.pq()) {
    const auto blocks = blocks_of(sum.score(), in_block_);
    const std::size_t used = std::min(plan.blocks, blocks.size());
    for (std::size_t b = 0; b < used; b += lanes) {
      eights_.emplace_back();
      for (std::size_t v = 0; v < lanes && b + v < used; ++v) {
        const Block& block = blocks[b + v];
        eights_.back().size[v] = static_cast<float>(block.size);
        eights_.back().per_square[v] = static_cast<float>(0.5 / block.average);
        eights_.back().rest[v] =
            static_cast<float>(0.5 * block.average + plan.half * block.spread + off_ * block.size) * (1.0F + 4e-7F);
        size_ += block.size;
      }
      for (std::size_t i = 0; i < in_block_; ++i) {
        units_.emplace_back();
        for (std::size_t v = 0; v < lanes && b + v < used; ++v)
          if (i < blocks[b + v].score.size()) {
            units_.back().score[v] = blocks[b + v].score[i];
            units_.back().count[v] = static_cast<float>(blocks[b + v].count[i]);
          }
      }
    }
    // The sum over all eights, in single precision.
    log_front_ = sum.log_front() + pq_ * size_ * static_cast<double>(eights_.size() + 32) * 1.2e-7;
  }
  double units() const { return static_cast<double>(lanes * units_.size()); }

  void start(double theta) {
    for (auto& u : units_)
      for (std::size_t v = 0; v < lanes; ++v) {
        u.re[v] = u.count[v] * static_cast<float>(std::cos(theta * u.score[v]));
        u.im[v] = u.count[v] * static_cast<float>(std::sin(theta * u.score[v]));
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
  static constexpr std::size_t turns = 1024; ///< as many as next() may be called after start()

  /// log of the bound as far as `half` around where it stands; then turns all scores on.
  double next() {
    std::array<float, lanes> sum{};
    auto u = units_.begin();
    for (const auto& eight : eights_) {
      std::array<float, lanes> s_re{}, s_im{};
      for (std::size_t i = 0; i < in_block_; ++i, ++u)
        for (std::size_t v = 0; v < lanes; ++v) {
          const float re = u->re[v], im = u->im[v];
          s_re[v] += re;
          s_im[v] += im;
          u->re[v] = re * u->turn_re[v] - im * u->turn_im[v];
          u->im[v] = re * u->turn_im[v] + im * u->turn_re[v];
        }
      for (std::size_t v = 0; v < lanes; ++v) {
        const float most = (s_re[v] * s_re[v] + s_im[v] * s_im[v]) * eight.per_square[v] + eight.rest[v];
        sum[v] += most < eight.size[v] ? most : eight.size[v];
      }
    }
    double out = -size_;
    for (float lane : sum)
      out += static_cast<double>(lane);
    return log_front_ + pq_ * out;
  }

private:
  static constexpr std::size_t lanes = 8;
  // The turns, as there; then 24 scores summed up, and what is done with the sum.
  static constexpr double off_ = (3.5 * static_cast<double>(turns) + 40.0) * 6e-8;
  struct Units {
    std::array<float, lanes> re{}, im{}, turn_re{}, turn_im{}, count{};
    std::array<double, lanes> score{};
  };
  struct Eight {
    std::array<float, lanes> size{}, per_square{}, rest{};
  };
  /// Neighbouring scores, how many units have each, and how far these are from the middle one.
  struct Block {
    std::vector<double> score, count;
    double size = 0.0, average = 0.0, spread = 0.0, price = inf;
    double gain(double half) const { return size - average - half * spread; }
  };
  /// From the most useful on.
  static std::vector<Block> blocks_of(const std::vector<double>& score, std::size_t in_block) {
    std::vector<Block> out;
    for (std::size_t i = 0; i < score.size();) {
      if (out.empty() || out.back().score.size() == in_block)
        out.emplace_back();
      const std::size_t from = i;
      while (i < score.size() && score[i] == score[from])
        ++i;
      out.back().score.push_back(score[from]);
      out.back().count.push_back(static_cast<double>(i - from));
    }
    for (Block& b : out) {
      const double middle = b.score[b.score.size() / 2];
      for (std::size_t i = 0; i < b.score.size(); ++i) {
        b.size += b.count[i];
        b.average += b.count[i] * b.count[i];
        b.spread += b.count[i] * std::fabs(b.score[i] - middle);
      }
      b.average = std::sqrt(b.average);
      if (b.size > b.average)
        b.price = b.spread / (b.size - b.average);
    }
    std::sort(out.begin(), out.end(), [](const Block& x, const Block& y) { return x.price < y.price; });
    return out;
  }
  std::size_t in_block_;
  double pq_, size_ = 0.0, log_front_ = 0.0;
  std::vector<Units> units_;
  std::vector<Eight> eights_;
};

} // namespace detail

} // namespace cryonodes

#endif
