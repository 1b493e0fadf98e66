#include "glue.h"

namespace {

using glue::NamedList;
using Rcpp::Shield;

// NULL where there is one group only.
SEXP to_list(const std::vector<cryonodes::RestrictedMeanContrast>& x) {
  using Contrast = cryonodes::RestrictedMeanContrast;
  if (x.empty())
    return R_NilValue;
  static SEXP list_names = nullptr;
  NamedList list(7, &list_names);
  list.add("estimate", x, &Contrast::estimate);
  list.add("conf.low", x, &Contrast::conf_low);
  list.add("conf.high", x, &Contrast::conf_high);
  list.add("std.error", x, &Contrast::std_error);
  list.add("statistic", x, &Contrast::statistic);
  list.add("p.value", x, [](const Contrast& one) { return std::exp(one.log_p_value); });
  list.add("log_p_value", x, &Contrast::log_p_value);
  return list;
}

// A column without NaN. The vector is empty then: of very many rows there is no room for both.
void move_to(NamedList& list, const char* name, std::vector<double>& x) {
  const Shield<SEXP> column(Rf_allocVector(REALSXP, static_cast<R_xlen_t>(x.size())));
  std::copy(x.begin(), x.end(), REAL(column));
  list.add(name, column);
  std::vector<double>().swap(x);
}

// The elements of a restricted_mean, but for notes that R has words for; where tau is not allowed, only tau and the
// limits. `n` rows in each group; clusters are those of `in`, or null.
SEXP fit(const glue::Frame& frame, cryonodes::Falls falls, const std::vector<double>& n, const glue::Input* in,
         double tau, double conf_level, std::size_t n_time_merged, const cryonodes::Poll& poll) {
  cryonodes::RestrictedMeanOptions options;
  options.conf_level = conf_level;
  const auto limits = cryonodes::largest_tau(falls);
  options.tau = cryonodes::choose_tau(falls, tau, limits);
  const double least = *std::min_element(limits.begin(), limits.end());
  if (!(options.tau > 0.0 && options.tau <= least)) {
    NamedList refused(2);
    refused.add("tau", options.tau);
    refused.add("limits", limits);
    return refused;
  }
  const bool clustered = in != nullptr && in->clustered();
  cryonodes::RestrictedMeanResult result;
  if (clustered) {
    const auto rows = in->rows();
    result = cryonodes::restricted_mean(falls, options, &in->table, &rows, poll);
  } else {
    result = cryonodes::restricted_mean(falls, options, nullptr, nullptr, poll);
  }
  using Group = cryonodes::RestrictedMean;

  static SEXP curve_names = nullptr;
  NamedList curve(4, &curve_names);
  std::vector<double>().swap(falls.n_risk);
  move_to(curve, "time", falls.time);
  move_to(curve, "n.event", falls.n_event);
  move_to(curve, "surv", result.survival);
  curve.add("rows", glue::rows_by_group(falls.first));

  static SEXP lost_names = nullptr;
  NamedList lost(3, &lost_names);
  lost.add("estimate", result.group, &Group::lost);
  lost.add("conf.low", result.group, &Group::lost_conf_low);
  lost.add("conf.high", result.group, &Group::lost_conf_high);

  static SEXP meta_names = nullptr;
  static const SEXP name = glue::kept_text({"restricted_mean"}), all = glue::kept_text({"All"});
  NamedList meta(11, &meta_names);
  meta.add("format", glue::result_format());
  meta.add("method", name);
  meta.add("group_title", frame["group_title"]);
  meta.add("group_labels", frame.has("group_labels") ? frame["group_labels"] : all);
  for (const char* element : {"cluster_title", "n_cluster", "unit", "n_rows", "rows_dropped"})
    meta.add(element, frame[element]);
  meta.add("n_time_merged", static_cast<double>(n_time_merged));
  meta.add("notes", Rf_xlength(frame["notes"]) > 0 ? frame["notes"] : R_NilValue);

  static SEXP out_names = nullptr;
  NamedList out(16, &out_names);
  out.add("tau", options.tau);
  out.add("tau.max", least);
  if (frame.has("n"))
    out.add("n", frame["n"]);
  else
    out.add("n", n);
  out.add("n.event", result.group, &Group::n_event);
  if (clustered)
    out.add("n.cluster", result.group, &Group::n_cluster);
  else
    out.add("n.cluster", R_NilValue);
  out.add("estimate", result.group, &Group::estimate);
  out.add("std.error", result.group, &Group::std_error);
  out.add("conf.low", result.group, &Group::conf_low);
  out.add("conf.high", result.group, &Group::conf_high);
  out.add("lost", lost);
  out.add("difference", Shield<SEXP>(to_list(result.difference)));
  out.add("ratio", Shield<SEXP>(to_list(result.ratio)));
  out.add("lost_ratio", Shield<SEXP>(to_list(result.lost_ratio)));
  out.add("conf.level", conf_level);
  out.add("curve", curve);
  out.add("meta", meta);
  const Shield<SEXP> list(out);
  Rf_setAttrib(list, R_ClassSymbol, name);
  return list;
}

struct FallsInOrder {
  cryonodes::Falls falls;
  std::vector<double> n; // rows in each group
  std::size_t n_time_merged;
};

// Of rows that count one each and are there from the start, whose own memory is given back; nothing of others.
std::optional<FallsInOrder> falls_in_order(const glue::Frame& frame, const cryonodes::Poll& poll) {
  auto rows = glue::order_rows(frame, poll);
  if (!rows.ordered && !rows.counted)
    return {};
  FallsInOrder out;
  if (rows.ordered) {
    for (std::size_t g = 0; g < rows.ordered->n_group(); ++g)
      out.n.push_back(rows.ordered->in_group(g));
    out.falls = cryonodes::falls_of(std::move(*rows.ordered), poll);
    out.n_time_merged = rows.ordered->n_time_merged(); // known once they have been walked through
  } else {
    out.n = rows.counted->n;
    out.n_time_merged = rows.counted->n_time_merged;
    out.falls = cryonodes::falls_of(std::move(*rows.counted), poll);
  }
  return out;
}

} // namespace

// `tau` is NA for the default. A tau that is not allowed comes back as it is, with the limits and without an estimate.
// [[Rcpp::export(rng = false)]]
SEXP restricted_mean_cpp(SEXP list, double tau, double conf_level) {
  const cryonodes::Poll poll = glue::RPoll(R_NilValue);
  const glue::Frame frame(list);
  if (!frame.clustered())
    if (auto known = falls_in_order(frame, poll))
      return fit(frame, std::move(known->falls), known->n, nullptr, tau, conf_level, known->n_time_merged, poll);
  const glue::Input in(frame, poll);
  return fit(frame, cryonodes::falls_of(in.table, poll), in.table.n, &in, tau, conf_level, in.timeline.n_time_merged,
             poll);
}

// The result of few rows without fault, all other settings at their defaults; NULL of others, and where there is
// something to be told. `names` of the arguments as they were given: none, or that of `tau`.
// [[Rcpp::export(rng = false)]]
SEXP plain_restricted_mean_cpp(SEXP time, SEXP status, SEXP group, SEXP tau, SEXP names, int most) {
  const auto is_name = [names](R_xlen_t i, const char* name) {
    return std::strcmp(CHAR(STRING_ELT(names, i)), name) == 0;
  };
  if (names != R_NilValue && !(TYPEOF(names) == STRSXP && Rf_xlength(names) == 4 && is_name(0, "") && is_name(1, "") &&
                               is_name(2, "") && is_name(3, "tau")))
    return R_NilValue;
  const bool stated = TYPEOF(tau) == REALSXP && Rf_xlength(tau) == 1 && ATTRIB(tau) == R_NilValue &&
                      std::isfinite(REAL(tau)[0]) && REAL(tau)[0] > 0.0;
  if (!stated && tau != R_NilValue)
    return R_NilValue;
  const Shield<SEXP> list(glue::plain_frame(time, status, group, most, glue::Rows::few));
  return glue::plain_fit(list, [&](const glue::Frame& frame) -> SEXP {
    auto known = falls_in_order(frame, {});
    if (!known || known->n_time_merged > 0)
      return R_NilValue;
    const Shield<SEXP> out(fit(frame, std::move(known->falls), known->n, nullptr, stated ? REAL(tau)[0] : NA_REAL, 0.95,
                               0, {}));
    return Rf_isObject(out) ? static_cast<SEXP>(out) : R_NilValue;
  });
}
