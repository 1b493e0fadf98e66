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

// What of a fit does not stand in its rows.
struct Fit {
  const glue::Frame& frame;
  const std::vector<double>& n;
  const std::vector<std::size_t>& first;
  std::size_t n_time_merged;
  const std::string &conf_type, &conf_lower, &variance;
  double conf_level;
  SEXP user_call;

  bool robust() const { return variance != "greenwood"; }
};

SEXP text(const std::string& value) {
  return Rf_mkString(value.c_str());
}

// Labels, counts and notes; R adds to it what has words of its own. `surv_ends`: is S 1 or 0 in some row?
SEXP meta_of(const Fit& x, bool surv_ends, const std::vector<double>& clusters) {
  using Rcpp::Shield;
  const glue::Frame& frame = x.frame;
  static SEXP meta_names = nullptr;
  static const SEXP method = glue::kept_text({"kaplan_meier"}), all = glue::kept_text({"All"}),
                    product_limits =
                        glue::kept_text({"where S is 1 or 0 the limits are the beta product's (bpcp)"}),
                    cluster_limits = glue::kept_text({"where S is 1 or 0 the limits are those of as many patients as "
                                                      "there are clusters at risk (beta-cluster)"});
  glue::NamedList meta(12, &meta_names);
  meta.add("format", glue::result_format());
  meta.add("method", method);
  meta.add("group_title", frame["group_title"]);
  meta.add("group_labels", frame.has("group_labels") ? frame["group_labels"] : all);
  meta.add("unit", frame["unit"]);
  meta.add("n_rows", frame["n_rows"]);
  meta.add("rows_dropped", frame["rows_dropped"]);
  meta.add("n_time_merged", static_cast<double>(x.n_time_merged));
  const SEXP given = Rf_xlength(frame["notes"]) > 0 ? frame["notes"] : R_NilValue;
  if (surv_ends && x.conf_type != "bpcp" && x.conf_type != "bpcp mid-p" && x.conf_type != "beta-cluster") {
    const SEXP note = x.robust() ? cluster_limits : product_limits;
    if (given == R_NilValue) {
      meta.add("notes", note);
    } else {
      Rcpp::CharacterVector notes(given);
      notes.push_back(STRING_ELT(note, 0));
      meta.add("notes", notes);
    }
  } else {
    meta.add("notes", given);
  }
  meta.add("entries", R_NilValue);
  meta.add("variance", Shield<SEXP>(text(x.variance)));
  meta.add("cluster", clusters.empty() ? R_NilValue : static_cast<SEXP>(Rcpp::wrap(clusters)));
  return meta;
}

// The elements of a survfit, in its order, and `meta`.
template <class Columns>
SEXP survfit(const Fit& x, bool surv_ends, const Columns& column, const std::vector<double>& clusters = {}) {
  using Rcpp::Shield;
  const SEXP dropped = x.frame["rows_dropped"];
  const bool grouped = x.frame.has("group_names"), usual = x.conf_lower == "usual", all_used = Rf_xlength(dropped) == 0;
  static SEXP names_of_one = nullptr, names_of_groups = nullptr;
  static const SEXP fit_class = glue::kept_text({"kaplan_meier", "survfit"});
  glue::NamedList fit(17 + (grouped ? 1 : 0) + (usual ? 0 : 1) + (all_used ? 0 : 1),
                      !usual || !all_used ? nullptr
                      : grouped           ? &names_of_groups
                                          : &names_of_one);
  fit.add("n", Shield<SEXP>(glue::whole_numbers(
                   x.frame.has("n") ? Rcpp::as<std::vector<double>>(x.frame["n"]) : x.n)));
  fit.add("time", column(Column::time));
  fit.add("n.risk", column(Column::n_risk));
  fit.add("n.event", column(Column::n_event));
  fit.add("n.censor", column(Column::n_censor));
  fit.add("surv", column(Column::estimate));
  fit.add("std.err", column(Column::std_error_log));
  fit.add("cumhaz", column(Column::cumhaz));
  fit.add("std.chaz", column(Column::std_chaz));
  if (grouped) {
    const Rcpp::IntegerVector strata(glue::rows_by_group(x.first));
    Rf_setAttrib(strata, R_NamesSymbol, x.frame["group_names"]);
    fit.add("strata", strata);
  }
  fit.add("type", Shield<SEXP>(text(x.frame.has("entry") ? "counting" : "right")));
  fit.add("logse", Shield<SEXP>(Rf_ScalarLogical(x.robust() ? 0 : 1)));
  fit.add("conf.int", x.conf_level);
  fit.add("conf.type", Shield<SEXP>(text(x.conf_type)));
  if (!usual)
    fit.add("conf.lower", Shield<SEXP>(text(x.conf_lower)));
  fit.add("lower", column(Column::conf_low));
  fit.add("upper", column(Column::conf_high));
  fit.add("call", x.user_call);
  if (!all_used) {
    const Rcpp::IntegerVector omitted = Rcpp::clone(Rcpp::IntegerVector(dropped));
    Rf_setAttrib(omitted, R_NamesSymbol, Shield<SEXP>(Rf_coerceVector(omitted, STRSXP)));
    Rf_setAttrib(omitted, R_ClassSymbol, Shield<SEXP>(text("omit")));
    fit.add("na.action", omitted);
  }
  fit.add("meta", Shield<SEXP>(meta_of(x, surv_ends, clusters)));
  const Shield<SEXP> out(fit);
  Rf_setAttrib(out, R_ClassSymbol, fit_class);
  return out;
}

// The curve of a risk table whose columns `fill` writes.
template <class Fill>
SEXP computed_list(const Fit& x, bool delayed_entry, const Fill& fill, const cryonodes::KaplanMeierOptions& options,
                   const cryonodes::Poll& poll) {
  std::vector<Rcpp::NumericVector> columns;
  columns.reserve(Column::count);
  for (std::size_t k = 0; k < Column::count; ++k)
    columns.push_back(glue::new_column(x.first.back()));
  const auto at = [&](std::size_t column) -> SEXP { return columns[column]; };
  const auto to = [&](std::size_t column) { return columns[column].begin(); };
  fill({to(Column::time), to(Column::n_risk), to(Column::n_event), to(Column::n_censor)});
  cryonodes::kaplan_meier({x.first, glue::view(columns[Column::n_risk]), glue::view(columns[Column::n_event]),
                           glue::view(columns[Column::n_censor]), delayed_entry},
                          options,
                          {to(Column::estimate), to(Column::std_error_log), nullptr, to(Column::cumhaz),
                           to(Column::std_chaz), to(Column::conf_low), to(Column::conf_high)},
                          {}, poll, NA_REAL);
  return survfit(x, ends_at_one_or_zero(x.first, to(Column::estimate)), at);
}

} // namespace

// [[Rcpp::export(rng = false)]]
SEXP kaplan_meier_cpp(SEXP list, std::string conf_type, std::string conf_lower, double conf_level,
                      std::string variance, int threads, SEXP user_call) {
  const bool of_clusters = conf_type == "beta-cluster";
  cryonodes::KaplanMeierOptions options;
  options.conf_level = conf_level;
  options.conf_type = of_clusters ? cryonodes::ConfType::log_log : glue::conf_type(conf_type);
  options.conf_lower = conf_lower == "peto"       ? cryonodes::ConfLower::peto
                       : conf_lower == "modified" ? cryonodes::ConfLower::modified
                                                  : cryonodes::ConfLower::usual;
  const cryonodes::Poll poll = glue::RPoll(R_NilValue);
  const glue::Frame frame(list);
  const auto fit_of = [&](const auto& rows, std::size_t n_time_merged) {
    return Fit{frame, rows.n, rows.first, n_time_merged, conf_type, conf_lower, variance, conf_level, user_call};
  };
  if (variance == "greenwood") {
    if (auto counted = glue::count_rows(frame, poll, threads)) {
      if (counted->rows() < glue::DerivedColumns::worth || !CurveSource::cheap(options.conf_type))
        return computed_list(
            fit_of(*counted, counted->n_time_merged), false,
            [&](const cryonodes::RiskColumns& to) { counted->write(to); }, options, poll);
      const struct {
        std::vector<double> n;
        std::vector<std::size_t> first;
      } kept{counted->n, counted->first};
      const auto n_time_merged = counted->n_time_merged;
      const bool surv_ends = ends_at_one_or_zero(*counted);
      const glue::DerivedColumns columns(std::make_unique<CurveSource>(std::move(*counted), options));
      return survfit(fit_of(kept, n_time_merged), surv_ends,
                        [&](std::size_t column) -> SEXP { return columns[column]; });
    }
    const glue::Input in(frame, poll);
    const auto& table = in.table;
    return computed_list(
        fit_of(table, in.timeline.n_time_merged), table.delayed_entry,
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
  // In the order of Column.
  const std::vector<double>* const columns[] = {&table.time,   &table.n_risk,  &table.n_event, &table.n_censor,
                                                &fit.estimate, &fit.std_error, &fit.cumhaz,    &fit.std_chaz,
                                                &fit.conf_low, &fit.conf_high};
  return survfit(
      fit_of(table, in.timeline.n_time_merged), ends_at_one_or_zero(table.first, fit.estimate.data()),
      [&](std::size_t column) { return glue::shown(*columns[column]); }, clusters.clusters);
}

// The fit of few rows without fault, all settings at their defaults; NULL of others, and where there is something to be
// told.
// [[Rcpp::export(rng = false)]]
SEXP plain_kaplan_meier_cpp(SEXP time, SEXP status, SEXP group, int most, SEXP user_call) {
  using Rcpp::Shield;
  const Shield<SEXP> list(glue::plain_frame(time, status, group, most, glue::Rows::few));
  return glue::plain_fit(list, [&](const glue::Frame& frame) -> SEXP {
    const auto counted = glue::count_rows(frame, {});
    if (!counted || counted->n_time_merged > 0)
      return R_NilValue;
    const std::string conf_type = "log-log", conf_lower = "usual", variance = "greenwood";
    cryonodes::KaplanMeierOptions options;
    options.conf_type = cryonodes::ConfType::log_log;
    const Shield<SEXP> call(Rf_lcons(Rf_install("kaplan_meier"), CDR(user_call)));
    const Fit fit{frame, counted->n, counted->first, 0, conf_type, conf_lower, variance, options.conf_level, call};
    return computed_list(fit, false, [&](const cryonodes::RiskColumns& to) { counted->write(to); }, options, {});
  });
}
