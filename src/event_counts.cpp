#include "glue.h"

namespace {

Rcpp::List counts_of(const cryonodes::RiskTable& table, std::size_t n_time_merged,
                     const cryonodes::Timeline& timeline) {
  Rcpp::NumericMatrix events(static_cast<int>(table.rows()), static_cast<int>(table.n_cause));
  for (std::size_t k = 1; k <= table.n_cause; ++k) {
    const auto column = table.events_of(k);
    std::copy(column.begin(), column.end(), events.begin() + static_cast<R_xlen_t>((k - 1) * table.rows()));
  }
  return Rcpp::List::create(
      Rcpp::_["n"] = table.n, Rcpp::_["rows"] = glue::rows_by_group(table.first), Rcpp::_["time"] = table.time,
      Rcpp::_["n_event"] = events, Rcpp::_["n_censor"] = table.n_censor, Rcpp::_["times"] = timeline.time,
      Rcpp::_["exit_id"] = timeline.exit_id, Rcpp::_["entry_id"] = timeline.entry_id,
      Rcpp::_["n_time_merged"] = static_cast<double>(n_time_merged));
}

} // namespace

// The counts behind a cohort; with `ids`, also the times and at which of them each row leaves and enters.
// [[Rcpp::export(rng = false)]]
Rcpp::List event_counts_cpp(SEXP list, bool ids) {
  const cryonodes::Poll poll = glue::RPoll(R_NilValue);
  if (ids) {
    const glue::Input in{glue::Frame(list), poll};
    return counts_of(in.table, in.timeline.n_time_merged, in.timeline);
  }
  const glue::TableOfRows rows{glue::Frame(list), poll};
  return counts_of(rows.table, rows.n_time_merged, {});
}
