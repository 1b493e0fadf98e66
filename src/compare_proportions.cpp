#include "glue.h"
#include "two_counts.h"

// `counts`: x1, n1, x2, n2. Undefined is NA.
// [[Rcpp::export(rng = false)]]
Rcpp::List compare_proportions_cpp(Rcpp::NumericVector counts, std::string measure, std::string alternative,
                                   bool correct, double conf_level) {
  cryonodes::CompareProportionsOptions options;
  options.measure = glue::measure(measure);
  options.sides = glue::sides(alternative);
  options.correct = correct;
  options.conf_level = conf_level;
  const auto test = cryonodes::compare_proportions({counts[0], counts[1], counts[2], counts[3]}, options);
  return Rcpp::List::create(Rcpp::_["estimate"] = test.estimate, Rcpp::_["statistic"] = test.statistic,
                            Rcpp::_["p_value"] = test.p_value, Rcpp::_["log_p_value"] = test.log_p_value,
                            Rcpp::_["conf_low"] = test.conf_low, Rcpp::_["conf_high"] = test.conf_high);
}
