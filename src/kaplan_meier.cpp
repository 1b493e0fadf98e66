#include "glue.h"

// [[Rcpp::export(rng = false)]]
Rcpp::List kaplan_meier_cpp(Rcpp::NumericVector time, Rcpp::NumericVector entry, Rcpp::IntegerVector event,
                            Rcpp::IntegerVector group, int n_group, Rcpp::NumericVector weight, bool timefix,
                            std::string conf_type, double conf_level) {
  cryonodes::KaplanMeierOptions options;
  options.conf_level = conf_level;
  options.conf_type = conf_type == "plain" ? cryonodes::ConfType::plain
                      : conf_type == "log" ? cryonodes::ConfType::log
                                           : cryonodes::ConfType::log_log;
  const auto ties = timefix ? cryonodes::Ties::near : cryonodes::Ties::exact;
  const auto timeline = cryonodes::make_timeline(glue::view(time), ties, glue::view(entry));
  const auto table = cryonodes::make_risk_table(timeline, glue::view(event), glue::view(group),
                                                static_cast<std::size_t>(n_group), glue::view(weight));
  const auto fit = cryonodes::kaplan_meier(table, options);
  Rcpp::NumericVector rows(table.n_group());
  for (std::size_t g = 0; g < table.n_group(); ++g)
    rows[static_cast<R_xlen_t>(g)] = static_cast<double>(table.first[g + 1] - table.first[g]);
  return Rcpp::List::create(
      Rcpp::_["n"] = table.n, Rcpp::_["rows"] = rows, Rcpp::_["time"] = table.time, Rcpp::_["n_risk"] = table.n_risk,
      Rcpp::_["n_event"] = table.n_event, Rcpp::_["n_censor"] = table.n_censor,
      Rcpp::_["estimate"] = fit.estimate, Rcpp::_["std_error_log"] = fit.std_error_log,
      Rcpp::_["std_error"] = fit.std_error, Rcpp::_["cumhaz"] = fit.cumhaz, Rcpp::_["std_chaz"] = fit.std_chaz,
      Rcpp::_["conf_low"] = fit.conf_low, Rcpp::_["conf_high"] = fit.conf_high,
      Rcpp::_["n_time_merged"] = static_cast<double>(timeline.n_time_merged));
}
