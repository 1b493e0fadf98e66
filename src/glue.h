#ifndef CRYONODES_GLUE_HPP
#define CRYONODES_GLUE_HPP

// What every glue file needs: views over R's memory, lists out, and a poll that R can interrupt.

#include <chrono>

#include <RcppArmadillo.h>

#include "cryonodes.hpp"

namespace glue {

inline cryonodes::span<const double> view(const Rcpp::NumericVector& x) {
  return {x.begin(), static_cast<std::size_t>(x.size())};
}
inline cryonodes::span<const int> view(const Rcpp::IntegerVector& x) {
  return {x.begin(), static_cast<std::size_t>(x.size())};
}

/// Looks for an interrupt ten times a second at most, and then tells `progress` (an R function of one
/// number, or NULL) how far the work is. Rcpp::checkUserInterrupt() throws, so destructors run.
class RPoll {
public:
  explicit RPoll(Rcpp::Nullable<Rcpp::Function> progress) : progress_(progress) {}
  void operator()(double share) {
    const auto now = std::chrono::steady_clock::now();
    if (now - last_ < std::chrono::milliseconds(100))
      return;
    last_ = now;
    Rcpp::checkUserInterrupt();
    if (progress_.isNotNull())
      Rcpp::Function(progress_.get())(share);
  }

private:
  Rcpp::Nullable<Rcpp::Function> progress_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

} // namespace glue

#endif
