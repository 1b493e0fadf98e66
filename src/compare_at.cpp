#include "glue.h"

namespace {

cryonodes::CompareMethod compare_method(const std::string& name) {
  const char* const names[] = {"melded",  "melded mid-p", "identity",      "log",         "cloglog",
                               "arcsine", "logit",        "pseudo-values", "fisher-crude"};
  for (int i = 0; i < 9; ++i)
    if (name == names[i])
      return static_cast<cryonodes::CompareMethod>(i);
  throw cryonodes::input_error("unknown method");
}

// Columns that grow time by time.
struct Columns {
  std::vector<double> estimate, std_error, conf_low, conf_high, n, n_risk, n_event, n_censor, n_cluster, last;
  std::vector<double> statistic, log_p_value, melded, chi_square, log_p_all;
  std::vector<double> measure[3][4];

  void add(const cryonodes::FixedTime& at, const cryonodes::CompareAtResult& test) {
    const auto append = [](std::vector<double>& to, const auto& from) {
      to.insert(to.end(), from.begin(), from.end());
    };
    append(estimate, at.estimate);
    for (double v : at.variance)
      std_error.push_back(std::sqrt(v));
    append(conf_low, test.conf_low);
    append(conf_high, test.conf_high);
    append(n, at.n);
    append(n_risk, at.n_risk);
    append(n_event, at.n_event);
    append(n_censor, at.n_censor);
    append(n_cluster, at.n_cluster);
    append(last, at.last);
    append(statistic, test.statistic);
    append(log_p_value, test.log_p_value);
    append(melded, test.melded);
    chi_square.push_back(test.chi_square);
    log_p_all.push_back(test.log_p_all);
    for (std::size_t m = 0; m < 3; ++m) {
      append(measure[m][0], test.measures[m].estimate);
      append(measure[m][1], test.measures[m].std_error);
      append(measure[m][2], test.measures[m].conf_low);
      append(measure[m][3], test.measures[m].conf_high);
    }
  }
  Rcpp::List contrast(std::size_t m) const {
    return Rcpp::List::create(
        Rcpp::_["estimate"] = glue::shown(measure[m][0]), Rcpp::_["std.error"] = glue::shown(measure[m][1]),
        Rcpp::_["conf.low"] = glue::shown(measure[m][2]), Rcpp::_["conf.high"] = glue::shown(measure[m][3]));
  }
};

} // namespace

// Time by time, within a time group by group. `cause` is 0 for survival.
// [[Rcpp::export(rng = false)]]
Rcpp::List compare_at_cpp(SEXP list, Rcpp::NumericVector times, std::string method, bool pooled, int cause,
                          double conf_level, Rcpp::LogicalVector wanted) {
  using cryonodes::CompareMethod;
  const cryonodes::Poll poll = glue::RPoll(R_NilValue);
  const glue::Frame frame(list);
  cryonodes::CompareAtOptions options;
  options.method = compare_method(method);
  options.pooled = pooled;
  options.incidence = cause > 0;
  options.conf_level = conf_level;
  for (int m = 0; m < 3; ++m)
    options.wanted[static_cast<std::size_t>(m)] = wanted[m] != 0;

  // With delayed entry, who is at risk at any time is read from the table.
  const auto entries = cause > 0 ? cryonodes::EntryRows::left_out : cryonodes::EntryRows::kept;
  const bool clustered = frame.clustered();
  std::unique_ptr<glue::TableOfRows> counted;
  std::unique_ptr<glue::Input> input;
  if (clustered)
    input = std::make_unique<glue::Input>(frame, poll, entries);
  else
    counted = std::make_unique<glue::TableOfRows>(frame, poll, entries);
  const cryonodes::RiskTable& table = clustered ? input->table : counted->table;
  const std::size_t merged = clustered ? input->timeline.n_time_merged : counted->n_time_merged;

  std::optional<cryonodes::ClusteredRows> rows;
  if (clustered)
    rows.emplace(input->rows());
  cryonodes::IncidenceResult curve;
  if (cause > 0) {
    cryonodes::IncidenceOptions incidence;
    incidence.conf_level = conf_level;
    curve = cryonodes::cumulative_incidence(table, incidence, rows ? &*rows : nullptr, poll);
  }
  Columns out;
  for (const double time : times) {
    poll(-1.0);
    cryonodes::FixedTime at;
    if (cause > 0) {
      at = cryonodes::incidence_at(table, curve, conf_level, static_cast<std::size_t>(cause), time);
    } else if (options.method == CompareMethod::fisher_crude) {
      at = cryonodes::crude_share_at(table, time);
    } else {
      at = cryonodes::survival_at(table, time);
      if (rows)
        cryonodes::cluster_fixed_time(at, table, *rows, time, conf_level, poll);
      if (pooled)
        cryonodes::add_null_variance(at, table, time, poll);
      if (options.method == CompareMethod::pseudo_values) {
        auto pseudo = cryonodes::pseudo_values_at(table, time, rows ? &*rows : nullptr, poll);
        pseudo.laws = at.laws;
        at = std::move(pseudo);
      }
    }
    out.add(at, cryonodes::compare_at(at, options, poll));
  }
  const auto rates = Rcpp::List::create(
      Rcpp::_["n"] = glue::whole_numbers(out.n), Rcpp::_["n.risk"] = out.n_risk, Rcpp::_["cum.event"] = out.n_event,
      Rcpp::_["cum.censor"] = out.n_censor, Rcpp::_["estimate"] = glue::shown(out.estimate),
      Rcpp::_["std.error"] = glue::shown(out.std_error), Rcpp::_["conf.low"] = glue::shown(out.conf_low),
      Rcpp::_["conf.high"] = glue::shown(out.conf_high));
  return Rcpp::List::create(
      Rcpp::_["rates"] = rates, Rcpp::_["n_cluster"] = out.n_cluster, Rcpp::_["last"] = out.last,
      Rcpp::_["difference"] = out.contrast(0), Rcpp::_["ratio"] = out.contrast(1),
      Rcpp::_["odds ratio"] = out.contrast(2), Rcpp::_["statistic"] = glue::shown(out.statistic),
      Rcpp::_["log_p_value"] = glue::shown(out.log_p_value), Rcpp::_["melded"] = out.melded,
      Rcpp::_["chi_square"] = glue::shown(out.chi_square), Rcpp::_["log_p_all"] = glue::shown(out.log_p_all),
      Rcpp::_["n_time_merged"] = static_cast<double>(merged));
}

// Group by group the limits of the time at which S falls to `prob`, then each group against the first.
// [[Rcpp::export(rng = false)]]
Rcpp::List compare_medians_cpp(SEXP list, double prob, double conf_level) {
  const cryonodes::Poll poll = glue::RPoll(R_NilValue);
  const glue::TableOfRows in(glue::Frame(list), poll);
  const double half_alpha = 0.5 * (1.0 - conf_level);
  std::vector<cryonodes::TimeLaws> laws;
  std::vector<double> low, high, difference_low, difference_high, log_p_value;
  for (std::size_t g = 0; g < in.table.n_group(); ++g) {
    laws.push_back(cryonodes::quantile_laws(in.table, g, prob, poll));
    low.push_back(laws[g].lower.quantile(half_alpha));
    high.push_back(laws[g].upper.quantile(1.0 - half_alpha));
    if (g == 0)
      continue;
    const auto test = cryonodes::melded_times(laws[0], laws[g], conf_level, poll);
    difference_low.push_back(test.conf_low);
    difference_high.push_back(test.conf_high);
    log_p_value.push_back(test.log_p_value);
  }
  return Rcpp::List::create(Rcpp::_["conf_low"] = low, Rcpp::_["conf_high"] = high,
                            Rcpp::_["difference_low"] = difference_low, Rcpp::_["difference_high"] = difference_high,
                            Rcpp::_["log_p_value"] = log_p_value);
}
