#include "glue.h"

namespace {

// The counts row by row, as whole numbers; R has looked at them (R/fisher_tables.R).
std::vector<std::int64_t> whole_counts(const Rcpp::NumericVector& counts) {
  std::vector<std::int64_t> out;
  for (double x : counts)
    out.push_back(static_cast<std::int64_t>(x));
  return out;
}

cryonodes::TableStatistic table_statistic(const std::string& name) {
  return name == "chisq"     ? cryonodes::TableStatistic::chisq
         : name == "kruskal" ? cryonodes::TableStatistic::kruskal
         : name == "linear"  ? cryonodes::TableStatistic::linear
                             : cryonodes::TableStatistic::probability;
}

} // namespace

// p of all tables with the margins of this one, or `feasible = FALSE` where that is out of reach.
// [[Rcpp::export(rng = false)]]
Rcpp::List fisher_rxc_exact_cpp(Rcpp::NumericVector counts, int rows, std::string statistic,
                                std::vector<double> row_scores, std::vector<double> column_scores, double max_work,
                                double memory, Rcpp::Nullable<Rcpp::Function> progress) {
  cryonodes::RxcLimits limits;
  limits.work = max_work;
  limits.memory = memory;
  const auto n_row = static_cast<std::size_t>(rows), n_column = static_cast<std::size_t>(counts.size()) / n_row;
  const auto found = cryonodes::exact_tables(whole_counts(counts), n_row, n_column, table_statistic(statistic),
                                             {row_scores, column_scores}, limits, glue::RPoll(progress));
  return Rcpp::List::create(Rcpp::_["feasible"] = found.feasible, Rcpp::_["p_value"] = found.p_value,
                            Rcpp::_["log_p_value"] = found.log_p_value, Rcpp::_["work"] = found.work,
                            Rcpp::_["memory"] = found.memory);
}

// [[Rcpp::export(rng = false)]]
Rcpp::List fisher_rxc_sample_cpp(Rcpp::NumericVector counts, int rows, std::string statistic,
                                 std::vector<double> row_scores, std::vector<double> column_scores, double draws,
                                 double seed, int threads, Rcpp::Nullable<Rcpp::Function> progress) {
  cryonodes::TableSampleOptions options;
  options.statistic = table_statistic(statistic);
  options.scores = {row_scores, column_scores};
  options.draws = static_cast<std::uint64_t>(draws);
  options.seed = static_cast<std::uint64_t>(seed);
  options.threads = static_cast<std::size_t>(threads);
  const auto n_row = static_cast<std::size_t>(rows), n_column = static_cast<std::size_t>(counts.size()) / n_row;
  const auto found = cryonodes::sample_tables(whole_counts(counts), n_row, n_column, options, glue::RPoll(progress));
  return Rcpp::List::create(Rcpp::_["hits"] = static_cast<double>(found.hits),
                            Rcpp::_["decided"] = static_cast<double>(found.decided));
}

// Of each run of splitting log p.
// [[Rcpp::export(rng = false)]]
std::vector<double> fisher_rxc_split_cpp(Rcpp::NumericVector counts, int rows, std::string statistic,
                                         std::vector<double> row_scores, std::vector<double> column_scores, double seed,
                                         int threads, Rcpp::Nullable<Rcpp::Function> progress) {
  cryonodes::TableSplittingOptions options;
  options.statistic = table_statistic(statistic);
  options.scores = {row_scores, column_scores};
  options.seed = static_cast<std::uint64_t>(seed);
  options.threads = static_cast<std::size_t>(threads);
  const auto n_row = static_cast<std::size_t>(rows), n_column = static_cast<std::size_t>(counts.size()) / n_row;
  return cryonodes::split_tables(whole_counts(counts), n_row, n_column, options, glue::RPoll(progress));
}
