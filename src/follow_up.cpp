#include "glue.h"

namespace {

Rcpp::List to_list(const cryonodes::TimeSummary& x) {
  return Rcpp::List::create(Rcpp::_["n"] = x.n, Rcpp::_["mean"] = x.mean, Rcpp::_["min"] = x.min,
                            Rcpp::_["q25"] = x.q25, Rcpp::_["median"] = x.median, Rcpp::_["q75"] = x.q75,
                            Rcpp::_["max"] = x.max);
}

} // namespace

// The plain summaries and the completeness; the reverse curve is kaplan_meier_cpp()'s. `potential` is empty, one number
// for all, or one for each row.
// [[Rcpp::export(rng = false)]]
Rcpp::List follow_up_cpp(SEXP frame, Rcpp::NumericVector potential) {
  const glue::Input in{glue::Frame(frame), glue::RPoll(R_NilValue)};
  const auto& table = in.table;
  std::vector<double> leave(table.rows());
  for (std::size_t i = 0; i < leave.size(); ++i)
    leave[i] = table.n_event[i] + table.n_censor[i];
  std::vector<double> complete;
  if (potential.size() == 1) {
    complete = cryonodes::completeness(table, glue::view(potential));
  } else if (potential.size() > 1) {
    const auto rows = in.rows();
    complete = cryonodes::completeness(table, glue::view(potential), rows.event, rows.group, rows.weight);
  }
  return Rcpp::List::create(Rcpp::_["all"] = to_list(cryonodes::summarise_times(table, leave)),
                            Rcpp::_["censored"] = to_list(cryonodes::summarise_times(table, table.n_censor)),
                            Rcpp::_["n_event"] = cryonodes::summarise_times(table, table.n_event).n,
                            Rcpp::_["completeness"] = complete);
}
