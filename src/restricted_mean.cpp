#include "glue.h"

namespace {

Rcpp::List to_list(const cryonodes::RestrictedMeanComparison& x) {
  return Rcpp::List::create(Rcpp::_["estimate"] = x.estimate, Rcpp::_["std_error"] = x.std_error,
                            Rcpp::_["conf_low"] = x.conf_low, Rcpp::_["conf_high"] = x.conf_high,
                            Rcpp::_["statistic"] = x.statistic, Rcpp::_["log_p_value"] = x.log_p_value);
}

} // namespace

// `tau` is NA for the default. A tau that is not allowed comes back as it is, with the limits and without an estimate.
// [[Rcpp::export(rng = false)]]
Rcpp::List restricted_mean_cpp(Rcpp::List frame, double tau, double conf_level) {
  const cryonodes::Poll poll = glue::RPoll(R_NilValue);
  const glue::Input in(frame, poll);
  const auto& table = in.table;
  cryonodes::RestrictedMeanOptions options;
  options.conf_level = conf_level;
  options.tau = cryonodes::choose_tau(table, tau);
  const auto limits = cryonodes::largest_tau(table);
  const bool allowed = options.tau > 0.0 && options.tau <= *std::min_element(limits.begin(), limits.end());
  if (!allowed)
    return Rcpp::List::create(Rcpp::_["tau"] = options.tau, Rcpp::_["limits"] = limits);

  const auto rows = in.rows();
  const auto fit = cryonodes::restricted_mean(table, options, in.clustered() ? &rows : nullptr, poll);
  // A list of more than 20 elements is more than Rcpp's create() takes.
  const auto lost = Rcpp::List::create(Rcpp::_["estimate"] = fit.lost, Rcpp::_["conf_low"] = fit.lost_conf_low,
                                       Rcpp::_["conf_high"] = fit.lost_conf_high);
  const auto curve = Rcpp::List::create(Rcpp::_["time"] = table.time, Rcpp::_["n.event"] = table.n_event,
                                        Rcpp::_["surv"] = fit.survival, Rcpp::_["rows"] = in.rows_by_group());
  return Rcpp::List::create(
      Rcpp::_["tau"] = options.tau, Rcpp::_["limits"] = limits, Rcpp::_["n"] = table.n,
      Rcpp::_["n_event"] = fit.n_event, Rcpp::_["n_cluster"] = fit.n_cluster, Rcpp::_["estimate"] = fit.estimate,
      Rcpp::_["std_error"] = fit.std_error, Rcpp::_["conf_low"] = fit.conf_low,
      Rcpp::_["conf_high"] = fit.conf_high, Rcpp::_["lost"] = lost, Rcpp::_["difference"] = to_list(fit.difference),
      Rcpp::_["ratio"] = to_list(fit.ratio), Rcpp::_["lost_ratio"] = to_list(fit.lost_ratio),
      Rcpp::_["curve"] = curve, Rcpp::_["n_time_merged"] = static_cast<double>(in.timeline.n_time_merged));
}
