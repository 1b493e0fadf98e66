#include "glue.h"

namespace {

/// A matrix with a column per state, as a survfitms has them: the first is the state that all start in. Not filled yet.
Rcpp::NumericVector new_matrix(std::size_t rows, std::size_t columns) {
  Rcpp::NumericVector matrix = glue::new_column(rows * columns);
  matrix.attr("dim") = Rcpp::IntegerVector::create(static_cast<int>(rows), static_cast<int>(columns));
  return matrix;
}

/// The risk table of several causes as columns of R. Where rows count one each and are there from the start it is
/// counted straight into them; otherwise copied from an Input's, which is kept.
struct CauseColumns {
  CauseColumns(const Rcpp::List& frame, const cryonodes::Poll& poll) {
    n_cause = static_cast<std::size_t>(Rcpp::as<int>(frame["n_cause"]));
    const Rcpp::IntegerVector cluster = frame["cluster"];
    const auto counted = cluster.size() == 0 ? glue::count_rows(frame, poll) : std::nullopt;
    if (counted) {
      first = counted->first;
      n = counted->n;
      n_time_merged = counted->n_time_merged;
      make_columns(counted->rows());
      if (n_cause > 1)
        all_events_.reset(new double[counted->rows()]);
      counted->write({time.begin(), n_risk.begin(), all_events(), n_censor.begin(), of_causes()});
      return;
    }
    input.reset(new glue::Input(frame, poll));
    const auto& table = input->table;
    first = table.first;
    n = table.n;
    n_time_merged = input->timeline.n_time_merged;
    make_columns(table.rows());
    std::copy(table.time.begin(), table.time.end(), time.begin());
    std::copy(table.n_risk.begin(), table.n_risk.end(), n_risk.begin());
    std::copy(table.n_censor.begin(), table.n_censor.end(), n_censor.begin());
    const auto& events = n_cause == 1 ? table.n_event : table.cause_events;
    std::copy(events.begin(), events.end(), of_causes());
    all_events_.reset(new double[table.rows()]);
    std::copy(table.n_event.begin(), table.n_event.end(), all_events_.get());
  }

  std::size_t rows() const { return first.back(); }
  cryonodes::CauseRows view() {
    const std::size_t n_row = rows();
    return {first, {n_risk.begin(), n_row}, {all_events(), n_row}, {n_censor.begin(), n_row},
            {of_causes(), n_cause * n_row}, n_cause};
  }
  std::vector<std::size_t> first;
  std::vector<double> n;
  std::size_t n_cause, n_time_merged = 0;
  Rcpp::NumericVector time, n_censor, n_risk, n_event; // the last two by state
  std::unique_ptr<glue::Input> input;                  // where it was needed

private:
  // None are at risk to enter the causes, and none have the event "no event yet".
  void make_columns(std::size_t n_row) {
    time = glue::new_column(n_row);
    n_censor = glue::new_column(n_row);
    n_risk = new_matrix(n_row, n_cause + 1);
    n_event = new_matrix(n_row, n_cause + 1);
    std::fill(n_risk.begin() + static_cast<R_xlen_t>(n_row), n_risk.end(), 0.0);
    std::fill_n(n_event.begin(), n_row, 0.0);
  }
  double* of_causes() { return n_event.begin() + rows(); }
  double* all_events() { return all_events_ ? all_events_.get() : of_causes(); }
  std::unique_ptr<double[]> all_events_; // of any cause, where there are several
};

} // namespace

// [[Rcpp::export(rng = false)]]
Rcpp::List cumulative_incidence_cpp(Rcpp::List frame, std::string conf_type, double conf_level, std::string variance) {
  using cryonodes::IncidenceScale;
  cryonodes::IncidenceOptions options;
  options.conf_level = conf_level;
  options.conf_type = conf_type == "plain"    ? IncidenceScale::plain
                      : conf_type == "log"    ? IncidenceScale::log
                      : conf_type == "logit"  ? IncidenceScale::logit
                      : conf_type == "arcsin" ? IncidenceScale::arcsin
                                              : IncidenceScale::log_log;
  options.variance =
      variance == "aalen" ? cryonodes::IncidenceVariance::aalen : cryonodes::IncidenceVariance::delta;
  const cryonodes::Poll poll = glue::RPoll(R_NilValue);
  CauseColumns table(frame, poll);
  const bool clustered = table.input && table.input->clustered();
  cryonodes::IncidenceBetweenClusters between;
  if (clustered)
    between = cryonodes::incidence_between_clusters(table.input->table, table.input->rows(), poll);

  const std::size_t n_row = table.rows(), n_state = table.n_cause + 1;
  Rcpp::NumericVector estimate = new_matrix(n_row, n_state), std_error = new_matrix(n_row, n_state),
                      conf_low = new_matrix(n_row, n_state), conf_high = new_matrix(n_row, n_state),
                      cumhaz = new_matrix(n_row, table.n_cause), one_minus_km = new_matrix(n_row, table.n_cause);
  cryonodes::cumulative_incidence(table.view(), options,
                                  {estimate.begin(), std_error.begin(), conf_low.begin(), conf_high.begin(),
                                   cumhaz.begin(), one_minus_km.begin()},
                                  clustered ? &between : nullptr, poll, NA_REAL);
  Rcpp::CharacterVector transitions;
  for (std::size_t k = 2; k <= n_state; ++k)
    transitions.push_back("1." + std::to_string(k));
  cumhaz.attr("dimnames") = one_minus_km.attr("dimnames") = Rcpp::List::create(R_NilValue, transitions);
  return Rcpp::List::create(
      Rcpp::_["n"] = table.n, Rcpp::_["rows"] = glue::rows_by_group(table.first), Rcpp::_["time"] = table.time,
      Rcpp::_["n_risk"] = table.n_risk, Rcpp::_["n_censor"] = table.n_censor, Rcpp::_["n_event"] = table.n_event,
      Rcpp::_["estimate"] = estimate, Rcpp::_["std_error"] = std_error, Rcpp::_["conf_low"] = conf_low,
      Rcpp::_["conf_high"] = conf_high, Rcpp::_["cumhaz"] = cumhaz, Rcpp::_["one_minus_km"] = one_minus_km,
      Rcpp::_["n_time_merged"] = static_cast<double>(table.n_time_merged));
}
