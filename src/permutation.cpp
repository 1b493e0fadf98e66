#include "glue.h"

// Two groups, one stratum.
// [[Rcpp::export(rng = false)]]
Rcpp::List exact_tail_cpp(Rcpp::NumericVector score, Rcpp::IntegerVector group, double max_states,
                          Rcpp::Nullable<Rcpp::Function> progress) {
  const cryonodes::Poll poll = glue::RPoll(progress);
  const auto tail = cryonodes::exact_tail({glue::view(score), glue::view(group), 2, {}, 1},
                                          static_cast<std::size_t>(max_states), poll);
  return Rcpp::List::create(Rcpp::_["p_value"] = tail.p_value, Rcpp::_["farther"] = tail.farther,
                            Rcpp::_["tolerance"] = tail.tolerance, Rcpp::_["ways"] = tail.ways);
}

// How many of the replicates are as extreme as the scores were found, or more. An empty `stratum`: all are of one.
// [[Rcpp::export(rng = false)]]
double approximate_tail_cpp(Rcpp::NumericVector score, Rcpp::IntegerVector group, int n_group,
                            Rcpp::IntegerVector stratum, int n_stratum, double replicates, double seed, int threads,
                            Rcpp::Nullable<Rcpp::Function> progress) {
  const cryonodes::Poll poll = glue::RPoll(progress);
  cryonodes::DealOptions options;
  options.replicates = static_cast<std::size_t>(replicates);
  options.seed = static_cast<std::uint64_t>(seed);
  options.threads = static_cast<std::size_t>(threads);
  return static_cast<double>(cryonodes::approximate_tail(
      {glue::view(score), glue::view(group), static_cast<std::size_t>(n_group), glue::view(stratum),
       static_cast<std::size_t>(n_stratum)},
      options, poll));
}
