#include "glue.h"

// One band per group; `first` holds the offsets of the groups among the rows.
// [[Rcpp::export(rng = false)]]
Rcpp::List confidence_band_cpp(Rcpp::NumericVector estimate, Rcpp::NumericVector std_error_log,
                               Rcpp::IntegerVector first, Rcpp::NumericVector n, std::string type,
                               std::string conf_type, double conf_level) {
  cryonodes::ConfidenceBandOptions options;
  options.type = type == "equal precision" ? cryonodes::BandType::equal_precision : cryonodes::BandType::hall_wellner;
  options.conf_type = glue::conf_type(conf_type);
  options.conf_level = conf_level;
  std::vector<double> critical, a_low, a_high, low, high;
  for (R_xlen_t g = 0; g < n.size(); ++g) {
    const auto start = static_cast<std::size_t>(first[g]), rows = static_cast<std::size_t>(first[g + 1]) - start;
    const auto band = cryonodes::confidence_band({estimate.begin() + start, rows},
                                                 {std_error_log.begin() + start, rows}, n[g], options);
    critical.push_back(band.critical);
    a_low.push_back(band.a_low);
    a_high.push_back(band.a_high);
    low.insert(low.end(), band.conf_low.begin(), band.conf_low.end());
    high.insert(high.end(), band.conf_high.begin(), band.conf_high.end());
  }
  return Rcpp::List::create(Rcpp::_["critical"] = critical, Rcpp::_["a_low"] = a_low, Rcpp::_["a_high"] = a_high,
                            Rcpp::_["conf_low"] = low, Rcpp::_["conf_high"] = high);
}
