#include "derived_columns.h"
#include "gray_list.h"

#include <numeric>

namespace {

// The columns of a survfitms.
struct Column {
  enum : std::size_t {
    time, n_censor, n_risk, n_event, estimate, std_error, conf_low, conf_high, cumhaz, one_minus_km
  };
  static constexpr std::size_t count = one_minus_km + 1;
  // How many vectors side by side: one, one by state (the first is the state that all start in), one by cause.
  static std::size_t width(std::size_t column, std::size_t n_cause) {
    return column <= n_censor ? 1 : column < cumhaz ? n_cause + 1 : n_cause;
  }
};

// The counts, and the curve with its limits: read one column, and the others of its part are there.
class IncidenceSource : public glue::ColumnSource {
public:
  IncidenceSource(cryonodes::CountedRows rows, const cryonodes::IncidenceOptions& options)
      : ColumnSource(std::move(rows), Column::count), options_(options) {}
  // Computed in less than half a second.
  static bool cheap(const cryonodes::CountedRows& rows) { return rows.rows() * rows.n_cause <= std::size_t{1} << 21; }

  std::size_t size(std::size_t column) const override {
    return Column::width(column, counted.n_cause) * counted.rows();
  }

protected:
  void compute(std::size_t column) override {
    const std::size_t rows = counted.rows(), n_cause = counted.n_cause;
    if (column <= Column::n_event) {
      double *const n_censor = new_column(Column::n_censor), *const n_risk = new_column(Column::n_risk),
                   *const n_event = new_column(Column::n_event);
      // None are at risk to enter the causes, and none have the event "no event yet".
      std::fill_n(n_risk + rows, n_cause * rows, 0.0);
      counted.write({nullptr, n_risk, n_event, n_censor, n_event + rows});
      if (n_cause == 1)
        std::copy_n(n_event, rows, n_event + rows);
      std::fill_n(n_event, rows, 0.0);
      return;
    }
    if (!has(Column::n_risk))
      compute(Column::n_risk);
    double* out[Column::count] = {};
    for (std::size_t k = Column::estimate; k < Column::count; ++k)
      out[k] = new_column(k);
    const double* const of_causes = numbers(Column::n_event) + rows;
    const cryonodes::Memory<double> any = cryonodes::make_memory<double>(rows);
    for (std::size_t i = 0; i < rows; ++i)
      any[i] = static_cast<std::uint32_t>(counted.leaving[i]);
    cryonodes::cumulative_incidence(
        {counted.first, {numbers(Column::n_risk), rows}, {any.get(), rows}, {numbers(Column::n_censor), rows},
         {of_causes, n_cause * rows}, n_cause},
        options_,
        {out[Column::estimate], out[Column::std_error], out[Column::conf_low], out[Column::conf_high],
         out[Column::cumhaz], out[Column::one_minus_km]},
        nullptr, {}, NA_REAL);
  }

private:
  cryonodes::IncidenceOptions options_;
};

void set_columns(Rcpp::RObject x, std::size_t rows, std::size_t columns) {
  x.attr("dim") = Rcpp::IntegerVector::create(static_cast<int>(rows), static_cast<int>(columns));
}
// Not filled yet.
Rcpp::NumericVector new_matrix(std::size_t rows, std::size_t columns) {
  Rcpp::NumericVector matrix = glue::new_column(rows * columns);
  set_columns(matrix, rows, columns);
  return matrix;
}

/// The risk table of several causes as columns of R: of counted rows, or copied from an Input's, which is kept.
struct CauseColumns {
  CauseColumns(const glue::Frame& frame, const std::optional<cryonodes::CountedRows>& counted,
               const cryonodes::Poll& poll)
      : n_cause(frame.n_cause()) {
    if (counted) {
      first = counted->first;
      n = counted->n;
      n_time_merged = counted->n_time_merged;
      make_columns(counted->rows());
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
    if (n_cause > 1)
      std::copy(table.n_event.begin(), table.n_event.end(), all_events());
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
  // Of any cause: they stand in the column of "no event yet" until the curve is computed.
  double* all_events() { return n_cause > 1 ? n_event.begin() : of_causes(); }
};

// What R makes a survfitms of. `events` by cause; `tests` of each cause, if they are wanted.
template <class Columns>
Rcpp::List incidence_list(const std::vector<double>& n, const std::vector<std::size_t>& first,
                          std::size_t n_time_merged, std::size_t n_cause, const std::vector<double>& events,
                          double censored, const std::vector<cryonodes::GrayResult>& tests, const Columns& column) {
  Rcpp::CharacterVector transitions;
  for (std::size_t k = 1; k <= n_cause; ++k)
    transitions.push_back("1." + std::to_string(k + 1));
  Rcpp::RObject cumhaz = column(Column::cumhaz), one_minus_km = column(Column::one_minus_km);
  cumhaz.attr("dimnames") = one_minus_km.attr("dimnames") = Rcpp::List::create(R_NilValue, transitions);
  return Rcpp::List::create(
      Rcpp::_["n"] = n, Rcpp::_["rows"] = glue::rows_by_group(first), Rcpp::_["time"] = column(Column::time),
      Rcpp::_["n_risk"] = column(Column::n_risk), Rcpp::_["n_censor"] = column(Column::n_censor),
      Rcpp::_["n_event"] = column(Column::n_event), Rcpp::_["estimate"] = column(Column::estimate),
      Rcpp::_["std_error"] = column(Column::std_error), Rcpp::_["conf_low"] = column(Column::conf_low),
      Rcpp::_["conf_high"] = column(Column::conf_high), Rcpp::_["cumhaz"] = cumhaz,
      Rcpp::_["one_minus_km"] = one_minus_km, Rcpp::_["events"] = events, Rcpp::_["censored"] = censored,
      Rcpp::_["n_time_merged"] = static_cast<double>(n_time_merged),
      Rcpp::_["tests"] = glue::gray_lists(tests, n_time_merged));
}

} // namespace

// `test`: with Gray's test of each cause between the groups.
// [[Rcpp::export(rng = false)]]
Rcpp::List cumulative_incidence_cpp(SEXP list, std::string conf_type, double conf_level, std::string variance,
                                    bool test, int threads) {
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
  const glue::Frame frame(list);
  auto rows = frame.clustered() ? cryonodes::RowsInOrder() : glue::order_rows(frame, poll, threads);
  std::vector<cryonodes::GrayResult> tests;
  const auto find_tests = [&](auto& source) {
    std::vector<std::size_t> causes(frame.n_cause());
    std::iota(causes.begin(), causes.end(), std::size_t{1});
    tests = cryonodes::gray(source, frame.n_group(), causes, {}, poll);
  };
  if (test && rows.ordered) // in their order, before they are counted by group
    find_tests(*rows.ordered);
  else if (test && rows.counted)
    find_tests(*rows.counted);
  auto counted = std::move(rows).all_counted(poll);
  if (counted && counted->rows() >= glue::DerivedColumns::worth && IncidenceSource::cheap(*counted)) {
    const auto n = counted->n;
    const auto first = counted->first;
    const std::size_t n_row = counted->rows(), n_cause = counted->n_cause, n_time_merged = counted->n_time_merged;
    std::vector<double> events;
    for (std::size_t k = 0; k < n_cause; ++k) {
      std::uint64_t sum = 0;
      for (std::size_t i = 0; i < n_row; ++i)
        sum += n_cause == 1 ? static_cast<std::uint32_t>(counted->leaving[i]) : counted->cause_events[i * n_cause + k];
      events.push_back(static_cast<double>(sum));
    }
    const double censored = std::accumulate(n.begin(), n.end(), 0.0) -
                            std::accumulate(events.begin(), events.end(), 0.0);
    const glue::DerivedColumns columns(std::make_unique<IncidenceSource>(std::move(*counted), options));
    return incidence_list(n, first, n_time_merged, n_cause, events, censored, tests, [&](std::size_t column) {
      Rcpp::RObject x = columns[column];
      if (column > Column::n_censor)
        set_columns(x, n_row, Column::width(column, n_cause));
      return x;
    });
  }
  CauseColumns table(frame, counted, poll);
  counted.reset(); // no longer needed, and large
  if (test && table.input)
    find_tests(table.input->table);
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
  std::fill_n(table.n_event.begin(), n_row, 0.0);
  std::vector<double> events;
  for (std::size_t k = 1; k <= table.n_cause; ++k)
    events.push_back(std::accumulate(table.n_event.begin() + static_cast<R_xlen_t>(k * n_row),
                                     table.n_event.begin() + static_cast<R_xlen_t>((k + 1) * n_row), 0.0));
  const double censored = std::accumulate(table.n_censor.begin(), table.n_censor.end(), 0.0);
  const Rcpp::NumericVector columns[] = {table.time, table.n_censor, table.n_risk, table.n_event, estimate,
                                         std_error,  conf_low,       conf_high,    cumhaz,        one_minus_km};
  return incidence_list(table.n, table.first, table.n_time_merged, table.n_cause, events, censored, tests,
                        [&](std::size_t column) -> Rcpp::RObject { return columns[column]; });
}
