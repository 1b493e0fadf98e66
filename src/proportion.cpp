#include "glue.h"
#include "two_counts.h"

namespace {

cryonodes::ProportionOptions options_of(const std::string& conf_type, const std::string& alternative,
                                        double conf_level) {
  using cryonodes::ProportionInterval;
  cryonodes::ProportionOptions options;
  options.conf_type = conf_type == "blaker"   ? ProportionInterval::blaker
                      : conf_type == "mid-p"  ? ProportionInterval::mid_p
                      : conf_type == "wilson" ? ProportionInterval::wilson
                                              : ProportionInterval::clopper_pearson;
  options.sides = glue::sides(alternative);
  options.conf_level = conf_level;
  return options;
}

} // namespace

// Limits of x out of n, element by element; NaN where n is NaN or 0.
// [[Rcpp::export(rng = false)]]
Rcpp::List proportion_cpp(Rcpp::NumericVector x, Rcpp::NumericVector n, std::string conf_type, std::string alternative,
                          double conf_level) {
  const auto options = options_of(conf_type, alternative, conf_level);
  const cryonodes::Poll poll = glue::RPoll(R_NilValue);
  Rcpp::NumericVector low(x.size(), 0.0), high(x.size(), 1.0);
  for (R_xlen_t i = 0; i < x.size(); ++i) {
    if (poll && i % 256 == 0)
      poll(-1.0);
    if (!(n[i] > 0.0))
      continue;
    const auto limits = cryonodes::proportion(x[i], n[i], options);
    low[i] = limits.low;
    high[i] = limits.high;
  }
  return Rcpp::List::create(Rcpp::_["low"] = low, Rcpp::_["high"] = high);
}

// Events and sizes of the clusters of one group. `alpha` is the two-sided error rate.
// [[Rcpp::export(rng = false)]]
Rcpp::NumericVector clustered_counts_cpp(Rcpp::NumericVector events, Rcpp::NumericVector n, double alpha) {
  const auto counts = cryonodes::clustered_counts(glue::view(events), glue::view(n), alpha);
  return Rcpp::NumericVector::create(counts.events, counts.n, counts.clusters, counts.variance, counts.n_effective);
}
