#include "glue.h"

namespace {

// Clustered rows: robust standard errors of log S, and limits that count patients where an interval is undefined.
void use_clusters(const glue::Input& in, const cryonodes::ClusterVariance& clusters, bool jackknife, bool all_rows,
                  const cryonodes::KaplanMeierOptions& options, cryonodes::KaplanMeierResult& fit) {
  const auto greenwood = fit.std_error_log;
  const auto& robust = jackknife ? clusters.log_survival : clusters.cumhaz;
  auto std_error = robust;
  for (double& v : std_error)
    v = std::sqrt(v);
  fit = cryonodes::kaplan_meier(in.table, options, std_error);
  for (std::size_t i = 0; i < in.table.rows(); ++i)
    fit.std_chaz[i] = std::sqrt(clusters.cumhaz[i]);
  std::vector<double> low, high;
  cryonodes::cluster_limits(in.table, clusters, fit.estimate, greenwood, robust, options.conf_level, low, high);
  for (std::size_t i = 0; i < in.table.rows(); ++i)
    if (all_rows || fit.estimate[i] <= 0.0 || fit.estimate[i] >= 1.0) {
      fit.conf_low[i] = low[i];
      fit.conf_high[i] = high[i];
    }
}

} // namespace

// `columns` are those of a survfit, under its names and in its order, as are `limits`.
// [[Rcpp::export(rng = false)]]
Rcpp::List kaplan_meier_cpp(Rcpp::List frame, std::string conf_type, std::string conf_lower, double conf_level,
                            std::string variance) {
  const bool of_clusters = conf_type == "beta-cluster";
  cryonodes::KaplanMeierOptions options;
  options.conf_level = conf_level;
  options.conf_type = of_clusters ? cryonodes::ConfType::log_log : glue::conf_type(conf_type);
  options.conf_lower = conf_lower == "peto"       ? cryonodes::ConfLower::peto
                       : conf_lower == "modified" ? cryonodes::ConfLower::modified
                                                  : cryonodes::ConfLower::usual;
  const cryonodes::Poll poll = glue::RPoll(R_NilValue);
  if (variance == "greenwood") {
    const glue::RiskTableColumns table(frame, poll);
    const std::size_t rows = table.rows();
    Rcpp::NumericVector estimate = glue::new_column(rows), std_error_log = glue::new_column(rows),
                        cumhaz = glue::new_column(rows), std_chaz = glue::new_column(rows),
                        conf_low = glue::new_column(rows), conf_high = glue::new_column(rows);
    cryonodes::kaplan_meier({table.first, glue::view(table.n_risk), glue::view(table.n_event),
                             glue::view(table.n_censor), table.delayed_entry},
                            options,
                            {estimate.begin(), std_error_log.begin(), nullptr, cumhaz.begin(), std_chaz.begin(),
                             conf_low.begin(), conf_high.begin()},
                            {}, poll, NA_REAL);
    return Rcpp::List::create(
        Rcpp::_["n"] = table.n, Rcpp::_["rows"] = table.rows_by_group(),
        Rcpp::_["columns"] = Rcpp::List::create(
            Rcpp::_["time"] = table.time, Rcpp::_["n.risk"] = table.n_risk, Rcpp::_["n.event"] = table.n_event,
            Rcpp::_["n.censor"] = table.n_censor, Rcpp::_["surv"] = estimate, Rcpp::_["std.err"] = std_error_log,
            Rcpp::_["cumhaz"] = cumhaz, Rcpp::_["std.chaz"] = std_chaz),
        Rcpp::_["limits"] = Rcpp::List::create(Rcpp::_["lower"] = conf_low, Rcpp::_["upper"] = conf_high),
        Rcpp::_["n_time_merged"] = static_cast<double>(table.n_time_merged));
  }
  const glue::Input in(frame);
  const auto& table = in.table;
  const auto clusters = in.cluster_variance();
  auto fit = cryonodes::kaplan_meier(table, options, {}, poll);
  use_clusters(in, clusters, variance == "ij", of_clusters, options, fit);
  return Rcpp::List::create(
      Rcpp::_["n"] = table.n, Rcpp::_["rows"] = in.rows_by_group(),
      Rcpp::_["columns"] = Rcpp::List::create(
          Rcpp::_["time"] = table.time, Rcpp::_["n.risk"] = table.n_risk, Rcpp::_["n.event"] = table.n_event,
          Rcpp::_["n.censor"] = table.n_censor, Rcpp::_["surv"] = fit.estimate, Rcpp::_["std.err"] = fit.std_error,
          Rcpp::_["cumhaz"] = fit.cumhaz, Rcpp::_["std.chaz"] = fit.std_chaz),
      Rcpp::_["limits"] = Rcpp::List::create(Rcpp::_["lower"] = fit.conf_low, Rcpp::_["upper"] = fit.conf_high),
      Rcpp::_["n_time_merged"] = static_cast<double>(in.timeline.n_time_merged),
      Rcpp::_["clusters"] = clusters.clusters);
}
