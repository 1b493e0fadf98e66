#include "derived_columns.h"

namespace {

struct Column {
  enum : std::size_t { time, n_risk, n_event, n_censor, estimate, std_error, conf_low, conf_high };
  static constexpr std::size_t count = conf_high + 1;
};

// The counts, the hazard, the limits: read one column, and the others of its part are there.
class HazardSource : public glue::ColumnSource {
public:
  HazardSource(cryonodes::CountedRows rows, const cryonodes::NelsonAalenOptions& options)
      : ColumnSource(std::move(rows), Column::count), options_(options) {}

protected:
  void compute(std::size_t column) override {
    if (column <= Column::n_censor) {
      double *const n_risk = new_column(Column::n_risk), *const n_event = new_column(Column::n_event);
      counted.write({nullptr, n_risk, n_event, new_column(Column::n_censor)});
      return;
    }
    if (!has(Column::n_risk))
      compute(Column::n_risk);
    const std::size_t n = counted.rows();
    const cryonodes::RiskRows table{counted.first, {numbers(Column::n_risk), n}, {numbers(Column::n_event), n},
                                    {numbers(Column::n_censor), n}, false};
    if (column <= Column::std_error) {
      double* const estimate = new_column(Column::estimate);
      cryonodes::nelson_aalen(table, options_, estimate, new_column(Column::std_error));
      return;
    }
    if (!has(Column::estimate))
      compute(Column::estimate);
    double* const low = new_column(Column::conf_low);
    cryonodes::hazard_limits(table, options_, {numbers(Column::estimate), n}, {numbers(Column::std_error), n}, low,
                             new_column(Column::conf_high), {}, NA_REAL);
  }

private:
  cryonodes::NelsonAalenOptions options_;
};

template <class Columns>
SEXP hazard_list(const std::vector<double>& n, const std::vector<std::size_t>& first, std::size_t n_time_merged,
                 const Columns& column) {
  glue::NamedList list(11);
  list.add("n", n);
  list.add("rows", glue::rows_by_group(first));
  list.add("time", column(Column::time));
  list.add("n_risk", column(Column::n_risk));
  list.add("n_event", column(Column::n_event));
  list.add("n_censor", column(Column::n_censor));
  list.add("estimate", column(Column::estimate));
  list.add("std_error", column(Column::std_error));
  list.add("conf_low", column(Column::conf_low));
  list.add("conf_high", column(Column::conf_high));
  list.add("n_time_merged", static_cast<double>(n_time_merged));
  return list;
}

} // namespace

// [[Rcpp::export(rng = false)]]
SEXP nelson_aalen_cpp(SEXP list, std::string conf_type, double conf_level, std::string variance) {
  cryonodes::NelsonAalenOptions options;
  options.conf_level = conf_level;
  options.conf_type = conf_type == "plain"    ? cryonodes::HazardScale::plain
                      : conf_type == "arcsin" ? cryonodes::HazardScale::arcsin
                                              : cryonodes::HazardScale::log;
  options.variance =
      variance == "greenwood" ? cryonodes::HazardVariance::greenwood : cryonodes::HazardVariance::aalen;
  const cryonodes::Poll poll = glue::RPoll(R_NilValue);
  const glue::Frame frame(list);
  cryonodes::RiskTable table;
  std::size_t n_time_merged = 0;
  if (auto counted = glue::count_rows(frame, poll)) {
    n_time_merged = counted->n_time_merged;
    if (counted->rows() >= glue::DerivedColumns::worth) {
      const auto n = counted->n;
      const auto first = counted->first;
      const glue::DerivedColumns columns(std::make_unique<HazardSource>(std::move(*counted), options));
      return hazard_list(n, first, n_time_merged, [&](std::size_t column) { return columns[column]; });
    }
    table = glue::table_of(*counted);
  } else {
    glue::Input in(frame, poll);
    n_time_merged = in.timeline.n_time_merged;
    table = std::move(in.table);
  }
  const auto fit = cryonodes::nelson_aalen(table, options, poll);
  // In the order of Column.
  const std::vector<double>* const columns[] = {&table.time,   &table.n_risk,  &table.n_event, &table.n_censor,
                                                &fit.estimate, &fit.std_error, &fit.conf_low,  &fit.conf_high};
  return hazard_list(table.n, table.first, n_time_merged,
                     [&](std::size_t column) { return glue::shown(*columns[column]); });
}
