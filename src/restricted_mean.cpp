#include "glue.h"

namespace {

using glue::shown;

// NULL where there is one group only.
SEXP to_list(const cryonodes::RestrictedMeanComparison& x, std::size_t n_group) {
  if (n_group < 2)
    return R_NilValue;
  const auto log_p_value = shown(x.log_p_value);
  auto p_value = Rcpp::clone(log_p_value);
  for (double& value : p_value)
    if (!std::isnan(value)) // the system's exp() need not keep NA apart from NaN
      value = std::exp(value);
  return Rcpp::List::create(Rcpp::_["estimate"] = shown(x.estimate), Rcpp::_["conf.low"] = shown(x.conf_low),
                            Rcpp::_["conf.high"] = shown(x.conf_high), Rcpp::_["std.error"] = shown(x.std_error),
                            Rcpp::_["statistic"] = shown(x.statistic), Rcpp::_["p.value"] = p_value,
                            Rcpp::_["log_p_value"] = log_p_value);
}

// The result of one risk table; clusters are `rows`, or null.
Rcpp::List fit(const cryonodes::RiskTable& table, const cryonodes::ClusteredRows* rows, double tau, double conf_level,
               std::size_t n_time_merged, const cryonodes::Poll& poll) {
  cryonodes::RestrictedMeanOptions options;
  options.conf_level = conf_level;
  options.tau = cryonodes::choose_tau(table, tau);
  const auto limits = cryonodes::largest_tau(table);
  const bool allowed = options.tau > 0.0 && options.tau <= *std::min_element(limits.begin(), limits.end());
  if (!allowed)
    return Rcpp::List::create(Rcpp::_["tau"] = options.tau, Rcpp::_["limits"] = limits);

  const auto fit = cryonodes::restricted_mean(table, options, rows, poll);
  const std::size_t n_group = table.n_group();
  // A list of more than 20 elements is more than Rcpp's create() takes.
  const auto lost =
      Rcpp::List::create(Rcpp::_["estimate"] = shown(fit.lost), Rcpp::_["conf.low"] = shown(fit.lost_conf_low),
                         Rcpp::_["conf.high"] = shown(fit.lost_conf_high));
  const auto curve = Rcpp::List::create(Rcpp::_["time"] = table.time, Rcpp::_["n.event"] = table.n_event,
                                        Rcpp::_["surv"] = fit.survival,
                                        Rcpp::_["rows"] = glue::rows_by_group(table.first));
  return Rcpp::List::create(
      Rcpp::_["tau"] = options.tau, Rcpp::_["limits"] = limits, Rcpp::_["n"] = table.n,
      Rcpp::_["n_event"] = fit.n_event, Rcpp::_["n_cluster"] = fit.n_cluster, Rcpp::_["estimate"] = fit.estimate,
      Rcpp::_["std_error"] = fit.std_error, Rcpp::_["conf_low"] = shown(fit.conf_low),
      Rcpp::_["conf_high"] = shown(fit.conf_high), Rcpp::_["lost"] = lost,
      Rcpp::_["difference"] = to_list(fit.difference, n_group), Rcpp::_["ratio"] = to_list(fit.ratio, n_group),
      Rcpp::_["lost_ratio"] = to_list(fit.lost_ratio, n_group), Rcpp::_["curve"] = curve,
      Rcpp::_["n_time_merged"] = static_cast<double>(n_time_merged));
}

} // namespace

// `tau` is NA for the default. A tau that is not allowed comes back as it is, with the limits and without an estimate.
// [[Rcpp::export(rng = false)]]
Rcpp::List restricted_mean_cpp(SEXP list, double tau, double conf_level) {
  const cryonodes::Poll poll = glue::RPoll(R_NilValue);
  const glue::Frame frame(list);
  if (!frame.clustered()) {
    const glue::TableOfRows in(frame, poll);
    return fit(in.table, nullptr, tau, conf_level, in.n_time_merged, poll);
  }
  const glue::Input in(frame, poll);
  const auto rows = in.rows();
  return fit(in.table, &rows, tau, conf_level, in.timeline.n_time_merged, poll);
}
