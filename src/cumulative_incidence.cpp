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
  // Matrices as a survfitms has them: the first column is the state that all start in, which none are at risk to enter.
  const std::size_t n_row = table.rows(), n_state = table.n_cause + 1;
  const auto by_state = [&](const std::vector<double>& x) { return glue::to_matrix(x, n_row, n_state); };
  Rcpp::CharacterVector transitions;
  for (std::size_t k = 2; k <= n_state; ++k)
    transitions.push_back("1." + std::to_string(k));
  const auto by_cause = [&](const std::vector<double>& x) {
    auto matrix = glue::to_matrix(x, n_row, table.n_cause);
    matrix.attr("dimnames") = Rcpp::List::create(R_NilValue, transitions);
    return matrix;
  };
  return Rcpp::List::create(
      Rcpp::_["n"] = table.n, Rcpp::_["rows"] = in.rows_by_group(), Rcpp::_["time"] = glue::to_column(table.time),
      Rcpp::_["n_risk"] = by_state(table.n_risk), Rcpp::_["n_censor"] = glue::to_column(table.n_censor),
      Rcpp::_["n_event"] = glue::to_matrix(n_state == 2 ? table.n_event : table.cause_events, n_row, n_state, 1),
      Rcpp::_["estimate"] = by_state(fit.estimate), Rcpp::_["std_error"] = by_state(fit.std_error),
      Rcpp::_["conf_low"] = by_state(fit.conf_low), Rcpp::_["conf_high"] = by_state(fit.conf_high),
      Rcpp::_["cumhaz"] = by_cause(fit.cumhaz), Rcpp::_["one_minus_km"] = by_cause(fit.one_minus_km),
      Rcpp::_["n_time_merged"] = static_cast<double>(in.timeline.n_time_merged));
}
