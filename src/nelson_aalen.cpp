#include "glue.h"

// [[Rcpp::export(rng = false)]]
Rcpp::List nelson_aalen_cpp(SEXP frame, std::string conf_type, double conf_level, std::string variance) {
  cryonodes::NelsonAalenOptions options;
  options.conf_level = conf_level;
  options.conf_type = conf_type == "plain"    ? cryonodes::HazardScale::plain
                      : conf_type == "arcsin" ? cryonodes::HazardScale::arcsin
                                              : cryonodes::HazardScale::log;
  options.variance =
      variance == "greenwood" ? cryonodes::HazardVariance::greenwood : cryonodes::HazardVariance::aalen;
  const cryonodes::Poll poll = glue::RPoll(R_NilValue);
  const glue::TableOfRows in(glue::Frame(frame), poll);
  const auto& table = in.table;
  const auto fit = cryonodes::nelson_aalen(table, options, poll);
  return Rcpp::List::create(
      Rcpp::_["n"] = table.n, Rcpp::_["rows"] = glue::rows_by_group(table.first), Rcpp::_["time"] = table.time,
      Rcpp::_["n_risk"] = table.n_risk, Rcpp::_["n_event"] = table.n_event, Rcpp::_["n_censor"] = table.n_censor,
      Rcpp::_["estimate"] = fit.estimate, Rcpp::_["std_error"] = fit.std_error, Rcpp::_["conf_low"] = fit.conf_low,
      Rcpp::_["conf_high"] = fit.conf_high,
      Rcpp::_["n_time_merged"] = static_cast<double>(in.n_time_merged));
}
