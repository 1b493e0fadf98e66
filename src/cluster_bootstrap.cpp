#include "glue.h"

// [[Rcpp::export(rng = false)]]
Rcpp::List cluster_bootstrap_cpp(SEXP frame, std::string statistic, std::vector<double> at, double replicates,
                                 double seed, int threads, bool jackknife,
                                 Rcpp::Nullable<Rcpp::Function> progress) {
  cryonodes::ClusterBootstrapOptions options;
  options.statistic = statistic == "survival"   ? cryonodes::CurveStatistic::survival
                      : statistic == "quantile" ? cryonodes::CurveStatistic::quantile
                                                : cryonodes::CurveStatistic::restricted_mean;
  options.at = at;
  options.replicates = static_cast<std::size_t>(replicates);
  options.seed = static_cast<std::uint64_t>(seed);
  options.threads = static_cast<std::size_t>(threads);
  options.jackknife = jackknife;
  const cryonodes::Poll poll = glue::RPoll(progress);
  const glue::Input in(glue::Frame(frame), poll);
  const auto rows = in.rows();
  const cryonodes::ResampledCohort cohort(in.timeline, rows.event, rows.group, in.n_group, rows.cluster, rows.n_cluster,
                                          rows.weight, poll);
  const auto out = cryonodes::cluster_bootstrap(cohort, options, poll);
  return Rcpp::List::create(Rcpp::_["estimate"] = out.estimate, Rcpp::_["replicates"] = out.replicates,
                            Rcpp::_["jackknife"] = out.jackknife,
                            Rcpp::_["n_time_merged"] = static_cast<double>(in.timeline.n_time_merged));
}

// How often each cluster is drawn in one replicate (counted from 0).
// [[Rcpp::export(rng = false)]]
Rcpp::IntegerVector draw_clusters_cpp(int n_cluster, double seed, double replicate) {
  std::vector<std::uint32_t> drawn(static_cast<std::size_t>(n_cluster));
  cryonodes::draw_clusters(static_cast<std::uint64_t>(seed), static_cast<std::uint64_t>(replicate), drawn);
  return Rcpp::IntegerVector(drawn.begin(), drawn.end());
}
