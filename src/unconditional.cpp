#include "glue.h"
#include "two_counts.h"

// `counts`: x1, n1, x2, n2. `order`: "score", "csm" or "boschloo". Limits not computed are NaN.
// [[Rcpp::export(rng = false)]]
Rcpp::List unconditional_cpp(Rcpp::NumericVector counts, std::string order, std::string alternative, bool joint,
                             std::string measure, double gamma, bool conf_int, double conf_level,
                             Rcpp::Nullable<Rcpp::Function> progress) {
  cryonodes::UnconditionalOptions options;
  options.order = order == "csm"        ? cryonodes::TableOrder::csm
                  : order == "boschloo" ? cryonodes::TableOrder::boschloo
                                        : cryonodes::TableOrder::score;
  options.sides = glue::sides(alternative);
  options.two_sided = joint ? cryonodes::TwoSided::joint : cryonodes::TwoSided::central;
  options.measure = glue::measure(measure);
  options.gamma = gamma;
  options.conf_int = conf_int;
  options.conf_level = conf_level;
  const auto test =
      cryonodes::unconditional({counts[0], counts[1], counts[2], counts[3]}, options, glue::RPoll(progress));
  return Rcpp::List::create(Rcpp::_["statistic"] = test.statistic, Rcpp::_["p_value"] = test.p_value,
                            Rcpp::_["log_p_value"] = test.log_p_value, Rcpp::_["nuisance"] = test.nuisance,
                            Rcpp::_["conf_low"] = test.conf_low, Rcpp::_["conf_high"] = test.conf_high);
}
