#include "glue.h"

// [[Rcpp::export(rng = false)]]
Rcpp::List kaplan_meier_cpp(Rcpp::List frame, std::string conf_type, double conf_level, std::string variance) {
  cryonodes::KaplanMeierOptions options;
  options.conf_level = conf_level;
  options.conf_type = conf_type == "plain" ? cryonodes::ConfType::plain
                      : conf_type == "log" ? cryonodes::ConfType::log
                                           : cryonodes::ConfType::log_log;
  const glue::Input in(frame);
  const auto& table = in.table;
  cryonodes::KaplanMeierResult fit;
  cryonodes::ClusterVariance clusters;
  if (variance == "greenwood") {
    fit = cryonodes::kaplan_meier(table, options);
  } else {
    const Rcpp::IntegerVector event = frame["event"], group = frame["group"], cluster = frame["cluster"];
    const Rcpp::NumericVector weight = frame["weight"];
    clusters = cryonodes::cluster_variance(in.timeline, table, glue::view(event), glue::view(group),
                                           glue::view(cluster), Rcpp::as<std::size_t>(frame["n_cluster"]),
                                           glue::view(weight));
    const auto robust = variance == "ij" ? clusters.log_survival : clusters.cumhaz;
    auto std_error = robust;
    for (double& v : std_error)
      v = std::sqrt(v);
    const auto greenwood = cryonodes::kaplan_meier(table, options).std_error_log;
    fit = cryonodes::kaplan_meier(table, options, std_error);
    for (std::size_t i = 0; i < table.rows(); ++i)
      fit.std_chaz[i] = std::sqrt(clusters.cumhaz[i]);
    if (conf_type == "beta-cluster")
      cryonodes::cluster_limits(table, clusters, fit.estimate, greenwood, robust, conf_level, fit.conf_low,
                                fit.conf_high);
  }
  return Rcpp::List::create(
      Rcpp::_["n"] = table.n, Rcpp::_["rows"] = in.rows_by_group(), Rcpp::_["time"] = table.time,
      Rcpp::_["n_risk"] = table.n_risk, Rcpp::_["n_event"] = table.n_event, Rcpp::_["n_censor"] = table.n_censor,
      Rcpp::_["estimate"] = fit.estimate, Rcpp::_["std_error_log"] = fit.std_error_log,
      Rcpp::_["std_error"] = fit.std_error, Rcpp::_["cumhaz"] = fit.cumhaz, Rcpp::_["std_chaz"] = fit.std_chaz,
      Rcpp::_["conf_low"] = fit.conf_low, Rcpp::_["conf_high"] = fit.conf_high,
      Rcpp::_["n_time_merged"] = static_cast<double>(in.timeline.n_time_merged),
      Rcpp::_["clusters"] = clusters.clusters);
}
