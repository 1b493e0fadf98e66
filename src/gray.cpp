#include "gray_list.h"

namespace {

// Of any rows or counts, as they are quickest had.
std::vector<cryonodes::GrayResult> fit(const glue::Frame& frame, std::size_t n_group,
                                       const std::vector<std::size_t>& causes, const cryonodes::GrayOptions& options,
                                       int threads, std::size_t& n_time_merged, const cryonodes::Poll& poll) {
  // Rows need not be counted by group first, unless those of a stratum stand together.
  auto rows = glue::order_rows(frame, poll, threads);
  if (rows.ordered && frame.n_group() == n_group) {
    auto out = cryonodes::gray(*rows.ordered, n_group, causes, options, poll);
    n_time_merged = rows.ordered->n_time_merged();
    return out;
  }
  if (const auto counted = std::move(rows).all_counted(poll)) {
    n_time_merged = counted->n_time_merged;
    return cryonodes::gray(*counted, n_group, causes, options, poll);
  }
  const glue::Input in(frame, poll);
  n_time_merged = in.timeline.n_time_merged;
  return cryonodes::gray(in.table, n_group, causes, options, poll);
}

} // namespace

// `cause` is a code from 1.
// [[Rcpp::export(rng = false)]]
Rcpp::List gray_cpp(SEXP list, int n_group, int cause, double rho, int threads) {
  const cryonodes::Poll poll = glue::RPoll(R_NilValue);
  cryonodes::GrayOptions options;
  options.rho = rho;
  std::size_t n_time_merged = 0;
  const auto tests = fit(glue::Frame(list), static_cast<std::size_t>(n_group), {static_cast<std::size_t>(cause)},
                         options, threads, n_time_merged, poll);
  return glue::gray_lists(tests, n_time_merged)[0];
}

// `group` and `stratum` (empty: all are of one) of each unit: of each cluster, where the frame has clusters.
// `max_ways`: how many ways of dealing may be counted; 0: `replicates` of them are drawn.
// [[Rcpp::export(rng = false)]]
Rcpp::List gray_tail_cpp(SEXP list, int cause, double rho, Rcpp::IntegerVector group, int n_group,
                         Rcpp::IntegerVector stratum, int n_stratum, double max_ways, double replicates, double seed,
                         int threads, Rcpp::Nullable<Rcpp::Function> progress) {
  const cryonodes::Poll poll = glue::RPoll(progress);
  const glue::Frame frame(list);
  const auto timeline = cryonodes::make_timeline(frame.numbers("time"), frame.ties(), {}, poll);
  const cryonodes::GrayRows rows{timeline,
                                 frame.codes("event"),
                                 static_cast<std::size_t>(cause),
                                 frame.codes("cluster"),
                                 glue::view(group),
                                 static_cast<std::size_t>(n_group),
                                 glue::view(stratum),
                                 static_cast<std::size_t>(n_stratum)};
  cryonodes::GrayOptions options;
  options.rho = rho;
  cryonodes::DealOptions deal;
  deal.replicates = static_cast<std::size_t>(replicates);
  deal.seed = static_cast<std::uint64_t>(seed);
  deal.threads = static_cast<std::size_t>(threads);
  const auto tail = max_ways > 0.0 ? cryonodes::exact_gray_tail(rows, options, static_cast<std::size_t>(max_ways),
                                                                deal.threads, poll)
                                   : cryonodes::approximate_gray_tail(rows, options, deal, poll);
  return Rcpp::List::create(Rcpp::_["as_large"] = tail.as_large, Rcpp::_["undefined"] = tail.undefined,
                            Rcpp::_["ways"] = tail.ways);
}
