#include "glue.h"

// [[Rcpp::export(rng = false)]]
Rcpp::List kaplan_meier_cpp(Rcpp::List frame, std::string conf_type, std::string conf_lower, double conf_level) {
  cryonodes::KaplanMeierOptions options;
  options.conf_level = conf_level;
  options.conf_type = glue::conf_type(conf_type);
  options.conf_lower = conf_lower == "peto"       ? cryonodes::ConfLower::peto
                       : conf_lower == "modified" ? cryonodes::ConfLower::modified
                                                  : cryonodes::ConfLower::usual;
  const glue::Input in(frame);
  const auto& table = in.table;
  const auto fit = cryonodes::kaplan_meier(table, options, glue::RPoll(R_NilValue));
  return Rcpp::List::create(
      Rcpp::_["n"] = table.n, Rcpp::_["rows"] = in.rows_by_group(), Rcpp::_["time"] = table.time,
      Rcpp::_["n_risk"] = table.n_risk, Rcpp::_["n_event"] = table.n_event, Rcpp::_["n_censor"] = table.n_censor,
      Rcpp::_["estimate"] = fit.estimate, Rcpp::_["std_error_log"] = fit.std_error_log,
      Rcpp::_["std_error"] = fit.std_error, Rcpp::_["cumhaz"] = fit.cumhaz, Rcpp::_["std_chaz"] = fit.std_chaz,
      Rcpp::_["conf_low"] = fit.conf_low, Rcpp::_["conf_high"] = fit.conf_high,
      Rcpp::_["n_time_merged"] = static_cast<double>(in.timeline.n_time_merged));
}
