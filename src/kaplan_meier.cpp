#include "glue.h"

// [[Rcpp::export(rng = false)]]
Rcpp::List kaplan_meier_cpp(Rcpp::List frame, std::string conf_type, double conf_level) {
  cryonodes::KaplanMeierOptions options;
  options.conf_level = conf_level;
  options.conf_type = conf_type == "plain" ? cryonodes::ConfType::plain
                      : conf_type == "log" ? cryonodes::ConfType::log
                                           : cryonodes::ConfType::log_log;
  const cryonodes::Poll poll = glue::RPoll(R_NilValue);
  const glue::RiskTableColumns table(frame, poll);
  const std::size_t rows = table.rows();
  Rcpp::NumericVector estimate = glue::new_column(rows), std_error_log = glue::new_column(rows),
                      cumhaz = glue::new_column(rows), std_chaz = glue::new_column(rows),
                      conf_low = glue::new_column(rows), conf_high = glue::new_column(rows);
  cryonodes::kaplan_meier({table.first, glue::view(table.n_risk), glue::view(table.n_event)}, options,
                          {estimate.begin(), std_error_log.begin(), nullptr, cumhaz.begin(), std_chaz.begin(),
                           conf_low.begin(), conf_high.begin()},
                          NA_REAL, poll);
  return Rcpp::List::create(
      Rcpp::_["n"] = table.n, Rcpp::_["rows"] = table.rows_by_group(), Rcpp::_["time"] = table.time,
      Rcpp::_["n_risk"] = table.n_risk, Rcpp::_["n_event"] = table.n_event, Rcpp::_["n_censor"] = table.n_censor,
      Rcpp::_["estimate"] = estimate, Rcpp::_["std_error_log"] = std_error_log, Rcpp::_["cumhaz"] = cumhaz,
      Rcpp::_["std_chaz"] = std_chaz, Rcpp::_["conf_low"] = conf_low, Rcpp::_["conf_high"] = conf_high,
      Rcpp::_["n_time_merged"] = static_cast<double>(table.n_time_merged));
}
