#include "glue.h"

// [[Rcpp::export(rng = false)]]
Rcpp::List fisher_cpp(Rcpp::NumericVector table, double odds_ratio, std::string alternative, bool conf_int,
                      double conf_level) {
  if (table.size() != 4)
    throw cryonodes::input_error("a table has four counts");
  cryonodes::FisherOptions options;
  options.sides = alternative == "less"      ? cryonodes::Sides::less
                  : alternative == "greater" ? cryonodes::Sides::greater
                                             : cryonodes::Sides::two;
  options.odds_ratio = odds_ratio;
  options.conf_int = conf_int;
  options.conf_level = conf_level;
  const auto test = cryonodes::fisher({table[0], table[1], table[2], table[3]}, options, glue::RPoll(R_NilValue));
  return Rcpp::List::create(
      Rcpp::_["p_value"] = test.p_value, Rcpp::_["log_p_value"] = test.log_p_value,
      Rcpp::_["estimate"] = test.estimate, Rcpp::_["conf_low"] = test.conf_low, Rcpp::_["conf_high"] = test.conf_high,
      Rcpp::_["decided_exactly"] = test.decided_exactly);
}
