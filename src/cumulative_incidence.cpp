#include "glue.h"

// [[Rcpp::export(rng = false)]]
Rcpp::List cumulative_incidence_cpp(Rcpp::List frame, std::string conf_type, double conf_level, std::string variance) {
  using cryonodes::IncidenceScale;
  cryonodes::IncidenceOptions options;
  options.conf_level = conf_level;
  options.conf_type = conf_type == "plain"    ? IncidenceScale::plain
                      : conf_type == "log"    ? IncidenceScale::log
                      : conf_type == "logit"  ? IncidenceScale::logit
                      : conf_type == "arcsin" ? IncidenceScale::arcsin
                                              : IncidenceScale::log_log;
  options.variance =
      variance == "aalen" ? cryonodes::IncidenceVariance::aalen : cryonodes::IncidenceVariance::delta;
  const glue::Input in(frame);
  const auto& table = in.table;
  const auto rows = in.rows();
  const auto fit = cryonodes::cumulative_incidence(table, options, in.clustered() ? &rows : nullptr);
  return Rcpp::List::create(
      Rcpp::_["n"] = table.n, Rcpp::_["rows"] = in.rows_by_group(), Rcpp::_["time"] = table.time,
      Rcpp::_["n_risk"] = table.n_risk, Rcpp::_["n_censor"] = table.n_censor,
      Rcpp::_["n_event"] = table.n_cause == 1 ? table.n_event : table.cause_events,
      Rcpp::_["estimate"] = fit.estimate, Rcpp::_["std_error"] = fit.std_error, Rcpp::_["conf_low"] = fit.conf_low,
      Rcpp::_["conf_high"] = fit.conf_high, Rcpp::_["cumhaz"] = fit.cumhaz,
      Rcpp::_["one_minus_km"] = fit.one_minus_km,
      Rcpp::_["n_time_merged"] = static_cast<double>(in.timeline.n_time_merged));
}
