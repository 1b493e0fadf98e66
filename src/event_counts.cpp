#include "glue.h"

// The counts behind a cohort, and at which of the times its rows leave and enter.
// [[Rcpp::export(rng = false)]]
Rcpp::List event_counts_cpp(SEXP frame) {
  const glue::Input in{glue::Frame(frame), glue::RPoll(R_NilValue)};
  const auto& table = in.table;
  Rcpp::NumericMatrix events(static_cast<int>(table.rows()), static_cast<int>(table.n_cause));
  for (std::size_t k = 1; k <= table.n_cause; ++k) {
    const auto column = table.events_of(k);
    std::copy(column.begin(), column.end(), events.begin() + static_cast<R_xlen_t>((k - 1) * table.rows()));
  }
  return Rcpp::List::create(
      Rcpp::_["n"] = table.n, Rcpp::_["rows"] = in.rows_by_group(), Rcpp::_["time"] = table.time,
      Rcpp::_["n_risk"] = table.n_risk, Rcpp::_["n_event"] = events, Rcpp::_["n_censor"] = table.n_censor,
      Rcpp::_["times"] = in.timeline.time, Rcpp::_["exit_id"] = in.timeline.exit_id,
      Rcpp::_["entry_id"] = in.timeline.entry_id,
      Rcpp::_["n_time_merged"] = static_cast<double>(in.timeline.n_time_merged));
}
