#include "derived_columns.h"

namespace {

// The columns of a survfit, in its order.
struct Column {
  enum : std::size_t {
    time, n_risk, n_event, n_censor, estimate, std_error_log, cumhaz, std_chaz, conf_low, conf_high
  };
  static constexpr std::size_t count = conf_high + 1;
};

// The counts, the curve, the limits: read one column, and the others of its part are there.
class CurveSource : public glue::ColumnSource {
public:
  CurveSource(cryonodes::CountedRows rows, const cryonodes::KaplanMeierOptions& options)
      : ColumnSource(std::move(rows), Column::count), options_(options) {}
  // A few operations a row, so that no part of 10^7 rows takes more than half a second.
  static bool cheap(cryonodes::ConfType type) {
    return cryonodes::is_transformed(type) || type == cryonodes::ConfType::rothman;
  }

protected:
  void compute(std::size_t column) override {
    if (column <= Column::n_censor) {
      double *const n_risk = new_column(Column::n_risk), *const n_event = new_column(Column::n_event);
      counted.write({nullptr, n_risk, n_event, new_column(Column::n_censor)});
      return;
    }
    if (!has(Column::n_risk))
      compute(Column::n_risk);
    if (column <= Column::std_chaz) {
      double *const estimate = new_column(Column::estimate), *const std_error = new_column(Column::std_error_log),
                   *const cumhaz = new_column(Column::cumhaz);
      cryonodes::kaplan_meier(table(), options_,
                              {estimate, std_error, nullptr, cumhaz, new_column(Column::std_chaz), nullptr, nullptr});
      return;
    }
    if (!has(Column::estimate))
      compute(Column::estimate);
    const std::size_t n = counted.rows();
    double *const low = new_column(Column::conf_low), *const high = new_column(Column::conf_high);
    for (std::size_t g = 0; g + 1 < counted.first.size(); ++g)
      cryonodes::conf_limits(table(), g, {numbers(Column::estimate), n}, {numbers(Column::std_error_log), n}, options_,
                             {low, n}, {high, n}, {}, NA_REAL);
  }

private:
  cryonodes::RiskRows table() const {
    const std::size_t n = counted.rows();
    return {counted.first, {numbers(Column::n_risk), n}, {numbers(Column::n_event), n}, {numbers(Column::n_censor), n},
            false};
  }
  cryonodes::KaplanMeierOptions options_;
};

// Clustered rows: robust standard errors of log S, and limits that count patients where an interval is undefined.
void use_clusters(const glue::Input& in, const cryonodes::ClusterVariance& clusters, bool jackknife, bool all_rows,
                  const cryonodes::KaplanMeierOptions& options, cryonodes::KaplanMeierResult& fit,
                  const cryonodes::Poll& poll) {
  const auto greenwood = fit.std_error_log;
  const auto& robust = jackknife ? clusters.log_survival : clusters.cumhaz;
  auto std_error = robust;
  for (double& v : std_error)
    v = std::sqrt(v);
  fit = cryonodes::kaplan_meier(in.table, options, std_error, poll);
  for (std::size_t i = 0; i < in.table.rows(); ++i)
    fit.std_chaz[i] = std::sqrt(clusters.cumhaz[i]);
  cryonodes::cluster_limits(in.table, clusters, fit.estimate, greenwood, robust, options.conf_level, fit.conf_low,
                            fit.conf_high, !all_rows, poll);
}

// Is S 1 or 0 somewhere? If so it is 1 in the first row of a group or 0 in the last.
bool ends_at_one_or_zero(const std::vector<std::size_t>& first, const double* estimate) {
  for (std::size_t g = 0; g + 1 < first.size(); ++g)
    if (first[g] < first[g + 1] && (estimate[first[g]] >= 1.0 || estimate[first[g + 1] - 1] <= 0.0))
      return true;
  return false;
}
bool ends_at_one_or_zero(const cryonodes::CountedRows& counted) {
  for (std::size_t g = 0; g + 1 < counted.first.size(); ++g)
    if (counted.first[g] < counted.first[g + 1]) {
      const bool no_event_yet = static_cast<std::uint32_t>(counted.leaving[counted.first[g]]) == 0;
      const bool nobody_censored = counted.leaving[counted.first[g + 1] - 1] >> 32 == 0;
      if (no_event_yet || nobody_censored)
        return true;
    }
  return false;
}

// `columns` are those of a survfit, under its names and in its order, as are `limits`. `surv_ends`: is S 1 or 0 in some
// row?
template <class Columns>
Rcpp::List curve_list(const std::vector<double>& n, const std::vector<std::size_t>& first, std::size_t n_time_merged,
                      bool surv_ends, const Columns& column) {
  return Rcpp::List::create(
      Rcpp::_["n"] = n, Rcpp::_["rows"] = glue::rows_by_group(first),
      Rcpp::_["columns"] = Rcpp::List::create(
          Rcpp::_["time"] = column(Column::time), Rcpp::_["n.risk"] = column(Column::n_risk),
          Rcpp::_["n.event"] = column(Column::n_event), Rcpp::_["n.censor"] = column(Column::n_censor),
          Rcpp::_["surv"] = column(Column::estimate), Rcpp::_["std.err"] = column(Column::std_error_log),
          Rcpp::_["cumhaz"] = column(Column::cumhaz), Rcpp::_["std.chaz"] = column(Column::std_chaz)),
      Rcpp::_["limits"] = Rcpp::List::create(Rcpp::_["lower"] = column(Column::conf_low),
                                             Rcpp::_["upper"] = column(Column::conf_high)),
      Rcpp::_["n_time_merged"] = static_cast<double>(n_time_merged), Rcpp::_["surv_ends"] = surv_ends);
}

// The curve of a risk table whose columns `fill` writes.
template <class Fill>
Rcpp::List computed_list(const std::vector<double>& n, const std::vector<std::size_t>& first, std::size_t n_time_merged,
                         bool delayed_entry, const Fill& fill, const cryonodes::KaplanMeierOptions& options,
                         const cryonodes::Poll& poll) {
  std::vector<Rcpp::NumericVector> columns;
  for (std::size_t k = 0; k < Column::count; ++k)
    columns.push_back(glue::new_column(first.back()));
  const auto at = [&](std::size_t column) -> Rcpp::NumericVector& {
    return columns[column];
  };
  const auto to = [&](std::size_t column) { return at(column).begin(); };
  fill({to(Column::time), to(Column::n_risk), to(Column::n_event), to(Column::n_censor)});
  cryonodes::kaplan_meier({first, glue::view(at(Column::n_risk)), glue::view(at(Column::n_event)),
                           glue::view(at(Column::n_censor)), delayed_entry},
                          options,
                          {to(Column::estimate), to(Column::std_error_log), nullptr, to(Column::cumhaz),
                           to(Column::std_chaz), to(Column::conf_low), to(Column::conf_high)},
                          {}, poll, NA_REAL);
  return curve_list(n, first, n_time_merged, ends_at_one_or_zero(first, to(Column::estimate)), at);
}

} // namespace

// [[Rcpp::export(rng = false)]]
Rcpp::List kaplan_meier_cpp(Rcpp::List frame, std::string conf_type, std::string conf_lower, double conf_level,
                            std::string variance, int threads) {
  const bool of_clusters = conf_type == "beta-cluster";
  cryonodes::KaplanMeierOptions options;
  options.conf_level = conf_level;
  options.conf_type = of_clusters ? cryonodes::ConfType::log_log : glue::conf_type(conf_type);
  options.conf_lower = conf_lower == "peto"       ? cryonodes::ConfLower::peto
                       : conf_lower == "modified" ? cryonodes::ConfLower::modified
                                                  : cryonodes::ConfLower::usual;
  const cryonodes::Poll poll = glue::RPoll(R_NilValue);
  if (variance == "greenwood") {
    if (auto counted = glue::count_rows(frame, poll, threads)) {
      if (counted->rows() < glue::DerivedColumns::worth || !CurveSource::cheap(options.conf_type))
        return computed_list(
            counted->n, counted->first, counted->n_time_merged, false,
            [&](const cryonodes::RiskColumns& to) { counted->write(to); }, options, poll);
      const auto n = counted->n;
      const auto first = counted->first;
      const auto n_time_merged = counted->n_time_merged;
      const bool surv_ends = ends_at_one_or_zero(*counted);
      const glue::DerivedColumns columns(std::make_unique<CurveSource>(std::move(*counted), options));
      return curve_list(n, first, n_time_merged, surv_ends, [&](std::size_t column) { return columns[column]; });
    }
    const glue::Input in(frame, poll);
    const auto& table = in.table;
    return computed_list(
        table.n, table.first, in.timeline.n_time_merged, table.delayed_entry,
        [&](const cryonodes::RiskColumns& to) {
          std::copy(table.time.begin(), table.time.end(), to.time);
          std::copy(table.n_risk.begin(), table.n_risk.end(), to.n_risk);
          std::copy(table.n_event.begin(), table.n_event.end(), to.n_event);
          std::copy(table.n_censor.begin(), table.n_censor.end(), to.n_censor);
        },
        options, poll);
  }
  const glue::Input in(frame, poll);
  const auto& table = in.table;
  const auto clusters = in.cluster_variance(poll);
  auto fit = cryonodes::kaplan_meier(table, options, {}, poll);
  use_clusters(in, clusters, variance == "ij", of_clusters, options, fit, poll);
  return Rcpp::List::create(
      Rcpp::_["n"] = table.n, Rcpp::_["rows"] = in.rows_by_group(),
      Rcpp::_["columns"] = Rcpp::List::create(
          Rcpp::_["time"] = table.time, Rcpp::_["n.risk"] = table.n_risk, Rcpp::_["n.event"] = table.n_event,
          Rcpp::_["n.censor"] = table.n_censor, Rcpp::_["surv"] = fit.estimate, Rcpp::_["std.err"] = fit.std_error,
          Rcpp::_["cumhaz"] = fit.cumhaz, Rcpp::_["std.chaz"] = fit.std_chaz),
      Rcpp::_["limits"] = Rcpp::List::create(Rcpp::_["lower"] = fit.conf_low, Rcpp::_["upper"] = fit.conf_high),
      Rcpp::_["n_time_merged"] = static_cast<double>(in.timeline.n_time_merged),
      Rcpp::_["surv_ends"] = ends_at_one_or_zero(table.first, fit.estimate.data()),
      Rcpp::_["clusters"] = clusters.clusters);
}
