#include <RcppArmadillo.h>

#include "glue.h"

#include <tuple>

namespace {

using glue::keep;
using glue::kept_text;

// Sum over the connected parts of u' V^-1 u, one group of each part left out: within a part the rest of V is
// positive definite, and the choice of the group left out does not matter because u sums to zero there.
double quadratic_form(const cryonodes::LogrankResult& fit) {
  const arma::uword k = fit.observed.size();
  const arma::mat covariance(fit.covariance.data(), k, k);
  const arma::vec u(fit.score);
  const arma::uvec component = arma::conv_to<arma::uvec>::from(fit.component);
  double statistic = 0.0;
  for (arma::uword part = 0; part < fit.n_component; ++part) {
    const arma::uvec members = arma::find(component == part);
    if (members.n_elem < 2)
      continue;
    const arma::uvec kept = members.tail(members.n_elem - 1);
    arma::mat root;
    if (!arma::chol(root, covariance.submat(kept, kept), "lower"))
      throw cryonodes::error("the covariance of the log-rank test is too ill-conditioned to be solved");
    const arma::vec z = arma::solve(arma::trimatl(root), u(kept), arma::solve_opts::fast);
    statistic += arma::dot(z, z);
  }
  return statistic;
}

// R's spelling; what it can be is checked in R.
cryonodes::TestWeight test_weight(const std::string& name) {
  const char* const names[] = {
      "logrank", "Gehan-Breslow", "Tarone-Ware", "Peto-Peto", "modified Peto-Peto", "Fleming-Harrington", "given"};
  for (int i = 0; i < 7; ++i)
    if (name == names[i])
      return static_cast<cryonodes::TestWeight>(i);
  throw cryonodes::input_error("unknown weight");
}

// With clusters: u' V^- u of their covariance, whose rank is that of rounding errors; and that rank.
std::pair<double, double> clustered_form(const cryonodes::LogrankResult& fit, const std::vector<double>& covariance) {
  const arma::uword k = fit.score.size();
  arma::vec values;
  arma::mat vectors;
  if (!arma::eig_sym(values, vectors, arma::mat(covariance.data(), k, k)))
    throw cryonodes::error("the covariance of the log-rank test cannot be decomposed");
  const arma::uvec kept = arma::find(values > 1e-10 * values.max());
  if (kept.is_empty() || !(values.max() > 0.0))
    return {R_NaReal, 0.0};
  const arma::vec along = vectors.cols(kept).t() * arma::vec(fit.score);
  return {arma::accu(arma::square(along) / values(kept)), static_cast<double>(kept.n_elem)};
}

cryonodes::LogrankOptions options_of(const std::string& weight, double rho, double gamma,
                                     const Rcpp::NumericVector& given) {
  cryonodes::LogrankOptions options;
  options.weight = test_weight(weight);
  options.rho = rho;
  options.gamma = gamma;
  options.given = glue::view(given);
  return options;
}

// `size_weights`: what rows of clusters count for, where not all alike.
cryonodes::TestRows test_rows(const glue::Frame& frame, const glue::Input& in, std::size_t n_group) {
  return {in.timeline, in.rows().event, in.rows().group, n_group, in.n_group / n_group, frame.numbers("size_weights")};
}

// `draws`: how many replicates, the number of the first, the seed.
cryonodes::DealOptions deal_options(const Rcpp::NumericVector& draws, int threads) {
  cryonodes::DealOptions options;
  options.replicates = static_cast<std::size_t>(draws[0]);
  options.first = static_cast<std::size_t>(draws[1]);
  options.seed = static_cast<std::uint64_t>(draws[2]);
  options.threads = static_cast<std::size_t>(threads);
  return options;
}

Rcpp::NumericVector named(const std::vector<double>& x, SEXP names) {
  Rcpp::NumericVector out(x.begin(), x.end());
  Rf_setAttrib(out, R_NamesSymbol, names);
  return out;
}

// The formula `Surv(time, status) ~ group` of three plain names as R writes it; nothing of other formulas.
std::string plain_formula_text(SEXP formula) {
  std::string text;
  const auto name = [&](SEXP symbol) {
    if (TYPEOF(symbol) != SYMSXP)
      return false;
    const std::string x = CHAR(PRINTNAME(symbol));
    const bool plain = std::all_of(x.begin(), x.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
    });
    if (!plain || x.empty() || x.size() > 100 || !((x[0] >= 'a' && x[0] <= 'z') || (x[0] >= 'A' && x[0] <= 'Z')) ||
        x == "if" || x == "in" || x == "for")
      return false;
    text += x;
    return true;
  };
  const SEXP response = CADR(formula);
  text = "Surv(";
  if (!name(CADR(response)))
    return "";
  text += ", ";
  if (!name(CADDR(response)))
    return "";
  text += ") ~ ";
  return name(CADDR(formula)) ? text : "";
}

// The logrank_test of a plain frame of two groups, nothing asked for and nothing to be told; else NULL. What R puts
// together in fit_logrank() (R/logrank.R) takes longer than the test.
SEXP plain_test(const glue::Frame& frame, const std::string& data_name) {
  if (frame.n_group() != 2 || !frame.has("group_labels"))
    return R_NilValue;
  auto rows = glue::order_rows(frame, {});
  cryonodes::LogrankResult fit;
  if (rows.ordered)
    fit = cryonodes::logrank(*rows.ordered, 2);
  else if (rows.counted)
    fit = cryonodes::logrank(*rows.counted, 2);
  else
    return R_NilValue;
  const std::size_t merged = rows.ordered ? rows.ordered->n_time_merged() : rows.counted->n_time_merged;
  const double* const o = fit.observed.data();
  const double* const e = fit.expected.data();
  if (merged > 0 || fit.rank() != 1 || o[0] == 0.0 || o[1] == 0.0 || e[0] < 5.0 || e[1] < 5.0)
    return R_NilValue;

  constexpr double conf_level = 0.95;
  const SEXP labels = frame["group_labels"];
  const double statistic = quadratic_form(fit), log_p = cryonodes::log_chisq_upper(statistic, 1.0);
  const double z = R::qnorm((1 - conf_level) / 2, 0.0, 1.0, 0, 0), v = fit.covariance[0];
  const double log_ratio[] = {std::log(o[1] / e[1]) - std::log(o[0] / e[0]), (o[1] - e[1]) / v};
  const double std_error[] = {std::sqrt(1 / e[0] + 1 / e[1]), 1 / std::sqrt(v)};
  Rcpp::NumericVector ratio(2), low(2), high(2);
  for (int m = 0; m < 2; ++m) {
    ratio[m] = std::exp(log_ratio[m]);
    low[m] = std::exp(log_ratio[m] - z * std_error[m]);
    high[m] = std::exp(log_ratio[m] + z * std_error[m]);
  }
  static SEXP ratio_names = nullptr, meta_names = nullptr, test_names = nullptr;
  static const SEXP which = kept_text({"Pike", "Peto"}), data_frame = kept_text({"data.frame"}),
                    estimates = kept_text({"Pike hazard ratio", "Peto hazard ratio"}), logrank = kept_text({"logrank"}),
                    of_statistic = kept_text({"X-squared"}), of_parameter = kept_text({"df"}),
                    two_sided = kept_text({"two.sided"}), title = kept_text({"Log-rank test"}),
                    test_class = kept_text({"logrank_test", "htest"}), nothing = keep(Rf_allocVector(STRSXP, 0));
  glue::NamedList hazard_ratio(4, &ratio_names);
  hazard_ratio.add("method", which);
  hazard_ratio.add("estimate", ratio);
  hazard_ratio.add("conf.low", low);
  hazard_ratio.add("conf.high", high);
  const Rcpp::Shield<SEXP> ratios(hazard_ratio);
  Rf_setAttrib(ratios, R_ClassSymbol, data_frame);
  Rf_setAttrib(ratios, R_RowNamesSymbol, Rcpp::IntegerVector::create(1, 2));
  Rcpp::NumericVector estimate = Rcpp::clone(ratio);
  Rf_setAttrib(estimate, R_NamesSymbol, estimates);

  Rcpp::NumericMatrix covariance(2, 2, fit.covariance.begin());
  Rf_setAttrib(covariance, R_DimNamesSymbol, Rcpp::List::create(labels, labels));
  Rcpp::RObject n = glue::whole_numbers(fit.n);
  Rf_setAttrib(n, R_NamesSymbol, labels);
  Rcpp::CharacterVector comparison(1);
  const std::string words = std::string("hazard of '") + CHAR(STRING_ELT(labels, 1)) + "' divided by hazard of '" +
                            CHAR(STRING_ELT(labels, 0)) + "'";
  comparison[0] = Rf_mkCharLenCE(words.data(), static_cast<int>(words.size()), CE_UTF8);

  glue::NamedList meta(15, &meta_names);
  meta.add("format", glue::result_format());
  meta.add("method", logrank);
  meta.add("type", logrank);
  meta.add("rho", 0.0);
  meta.add("gamma", 0.0);
  meta.add("group_title", frame["group_title"]);
  meta.add("group_labels", labels);
  meta.add("stratum_labels", R_NilValue);
  meta.add("unit", R_NilValue);
  meta.add("n_rows", frame["n_rows"]);
  meta.add("rows_dropped", frame["rows_dropped"]);
  meta.add("n_time_merged", 0.0);
  meta.add("cluster_title", R_NilValue);
  meta.add("n_cluster", R_NilValue);
  meta.add("notes", nothing);

  glue::NamedList out(20, &test_names);
  out.add("statistic", named({statistic}, of_statistic));
  out.add("parameter", named({1.0}, of_parameter));
  out.add("p.value", std::exp(log_p));
  out.add("alternative", two_sided);
  out.add("method", title);
  out.add("data.name", Rcpp::Shield<SEXP>(Rf_mkString(data_name.c_str())));
  out.add("estimate", estimate);
  out.add("observed", named(fit.observed, labels));
  out.add("expected", named(fit.expected, labels));
  out.add("score", named(fit.score, labels));
  out.add("log_p_value", log_p);
  out.add("covariance", covariance);
  out.add("n", n);
  out.add("hazard_ratio", ratios);
  out.add("comparison", comparison);
  out.add("trend", R_NilValue);
  out.add("components", R_NilValue);
  out.add("permutation", R_NilValue);
  out.add("conf.level", conf_level);
  out.add("meta", Rcpp::Shield<SEXP>(meta));
  const Rcpp::Shield<SEXP> test(out);
  Rf_setAttrib(test, R_ClassSymbol, test_class);
  return test;
}

} // namespace

// [[Rcpp::export(rng = false)]]
SEXP plain_logrank_cpp(SEXP time, SEXP status, SEXP group, int most) {
  const Rcpp::Shield<SEXP> list(glue::plain_frame(time, status, group, most, glue::Rows::few_or_two_groups));
  return glue::plain_fit(list,
                         [](const glue::Frame& frame) { return plain_test(frame, "time and event by group"); });
}

// [[Rcpp::export(rng = false)]]
SEXP plain_logrank_formula_cpp(SEXP formula, SEXP data, int most) {
  const Rcpp::Shield<SEXP> list(glue::plain_frame(formula, data, most, glue::Rows::few_or_two_groups));
  return glue::plain_fit(list, [formula](const glue::Frame& frame) {
    const std::string text = plain_formula_text(formula);
    return text.empty() ? R_NilValue : plain_test(frame, text);
  });
}

// `given`: the weights of the event times, for weight = "given". With clusters, `covariance` is theirs.
// [[Rcpp::export(rng = false)]]
Rcpp::List logrank_cpp(SEXP list, int n_group, std::string weight, double rho, double gamma, Rcpp::NumericVector given,
                       int threads) {
  const cryonodes::Poll poll = glue::RPoll(R_NilValue);
  const glue::Frame frame(list);
  const auto options = options_of(weight, rho, gamma, given);
  const auto k = static_cast<std::size_t>(n_group);
  cryonodes::LogrankResult fit;
  double statistic = R_NaReal, df = 0.0, n_time_merged = 0.0, n_cluster = 0.0;
  if (frame.clustered()) {
    const glue::Input in(frame, poll, cryonodes::EntryRows::kept);
    fit = cryonodes::logrank(in.table, k, options, poll);
    const auto clusters =
        cryonodes::clustered_covariance(test_rows(frame, in, k), in.rows().cluster, in.rows().n_cluster, options, poll);
    fit.covariance = clusters.covariance;
    if (frame.has("size_weights")) {
      const auto part = cryonodes::logrank_scores(test_rows(frame, in, k), options, poll);
      std::vector<cryonodes::CompensatedSum> score(k);
      for (std::size_t i = 0; i < part.size(); ++i)
        score[static_cast<std::size_t>(in.rows().group[i]) % k].add(part[i]);
      for (std::size_t j = 0; j < k; ++j)
        fit.score[j] = score[j].value();
    }
    n_cluster = static_cast<double>(clusters.n_part);
    // Where no two groups are linked the variance is 0, and what is left of it is rounding.
    if (fit.rank() > 0)
      std::tie(statistic, df) = clustered_form(fit, fit.covariance);
    n_time_merged = static_cast<double>(in.timeline.n_time_merged);
  } else {
    // Rows need not be counted by group first, unless those of a stratum stand together.
    auto rows = glue::order_rows(frame, poll, threads);
    if (rows.ordered && frame.n_group() == k) {
      fit = cryonodes::logrank(*rows.ordered, k, options, poll);
      n_time_merged = static_cast<double>(rows.ordered->n_time_merged());
    } else if (const auto counted = std::move(rows).all_counted(poll)) {
      fit = cryonodes::logrank(*counted, k, options, poll);
      n_time_merged = static_cast<double>(counted->n_time_merged);
    } else {
      const glue::Input in(frame, poll, cryonodes::EntryRows::kept);
      fit = cryonodes::logrank(in.table, k, options, poll);
      n_time_merged = static_cast<double>(in.timeline.n_time_merged);
    }
    df = static_cast<double>(fit.rank());
    if (df > 0.0)
      statistic = quadratic_form(fit);
  }
  return Rcpp::List::create(Rcpp::_["n"] = fit.n, Rcpp::_["observed"] = fit.observed,
                            Rcpp::_["expected"] = fit.expected, Rcpp::_["score"] = fit.score,
                            Rcpp::_["covariance"] = Rcpp::NumericMatrix(n_group, n_group, fit.covariance.begin()),
                            Rcpp::_["component"] = fit.component, Rcpp::_["statistic"] = statistic, Rcpp::_["df"] = df,
                            Rcpp::_["log_p_value"] = df > 0.0 ? cryonodes::log_chisq_upper(statistic, df) : R_NaReal,
                            Rcpp::_["n_time_merged"] = n_time_merged, Rcpp::_["n_cluster"] = n_cluster);
}

// One test a column of `time`; `event` and `group` have a column for each test, or one for all.
// [[Rcpp::export(rng = false)]]
Rcpp::List logrank_columns_cpp(Rcpp::NumericMatrix time, SEXP event, SEXP group, int n_group, std::string weight,
                               double rho, double gamma, bool timefix, int threads,
                               Rcpp::Nullable<Rcpp::Function> progress) {
  const auto codes = [](SEXP x) {
    if (TYPEOF(x) != INTSXP && TYPEOF(x) != LGLSXP)
      throw cryonodes::input_error("codes of another type than they should have");
    return cryonodes::span<const int>(TYPEOF(x) == LGLSXP ? LOGICAL(x) : INTEGER(x),
                                      static_cast<std::size_t>(Rf_xlength(x)));
  };
  const cryonodes::CohortColumns in{static_cast<std::size_t>(time.nrow()), glue::view(time), codes(event),
                                    codes(group), static_cast<std::size_t>(n_group)};
  const auto found = cryonodes::logrank_columns(in, options_of(weight, rho, gamma, Rcpp::NumericVector()),
                                                timefix ? cryonodes::Ties::near : cryonodes::Ties::exact,
                                                static_cast<std::size_t>(threads), quadratic_form,
                                                glue::RPoll(progress));
  return Rcpp::List::create(Rcpp::_["statistic"] = glue::shown(found.statistic), Rcpp::_["df"] = found.df,
                            Rcpp::_["log_p_value"] = glue::shown(found.log_p_value),
                            Rcpp::_["z"] = glue::shown(found.z), Rcpp::_["n_event"] = found.n_event);
}

// Each row's part in the score of its group, summed over the rows of a cluster if there are any.
// [[Rcpp::export(rng = false)]]
Rcpp::NumericVector logrank_scores_cpp(SEXP list, int n_group, std::string weight, double rho, double gamma,
                                       Rcpp::NumericVector given) {
  const cryonodes::Poll poll = glue::RPoll(R_NilValue);
  const glue::Frame frame(list);
  const glue::Input in(frame, poll);
  const auto score = cryonodes::logrank_scores(test_rows(frame, in, static_cast<std::size_t>(n_group)),
                                               options_of(weight, rho, gamma, given), poll);
  if (!in.clustered())
    return glue::to_column(score);
  std::vector<cryonodes::CompensatedSum> sums(in.rows().n_cluster);
  for (std::size_t i = 0; i < score.size(); ++i)
    sums[static_cast<std::size_t>(in.rows().cluster[i])].add(score[i]);
  std::vector<double> out;
  for (const auto& sum : sums)
    out.push_back(sum.value());
  return glue::to_column(out);
}

// What a weight can be a function of, at each event time in the order in which logrank_cpp() takes `given`.
// [[Rcpp::export(rng = false)]]
Rcpp::List event_times_cpp(SEXP frame, int n_group) {
  const cryonodes::Poll poll = glue::RPoll(R_NilValue);
  const glue::TableOfRows in(glue::Frame(frame), poll, cryonodes::EntryRows::kept);
  cryonodes::LogrankOptions options;
  options.weight = cryonodes::TestWeight::fleming_harrington; // which follows S
  cryonodes::TestWeights weights(options);
  std::vector<double> time, n_risk, survival;
  cryonodes::each_event_time(
      in.table, static_cast<std::size_t>(n_group),
      [&](const cryonodes::EventTime& at) {
        weights(at);
        time.push_back(at.time);
        n_risk.push_back(at.n);
        survival.push_back(weights.survival_before());
      },
      poll);
  return Rcpp::List::create(Rcpp::_["time"] = time, Rcpp::_["n_risk"] = n_risk, Rcpp::_["survival"] = survival);
}

// Two groups, one stratum.
// [[Rcpp::export(rng = false)]]
Rcpp::List exact_tail_cpp(Rcpp::NumericVector score, Rcpp::IntegerVector group, double max_states,
                          Rcpp::Nullable<Rcpp::Function> progress) {
  const cryonodes::Poll poll = glue::RPoll(progress);
  const auto tail = cryonodes::exact_tail({glue::view(score), glue::view(group), 2, {}, 1},
                                          static_cast<std::size_t>(max_states), poll);
  return Rcpp::List::create(Rcpp::_["p_value"] = tail.p_value, Rcpp::_["farther"] = tail.farther,
                            Rcpp::_["tolerance"] = tail.tolerance, Rcpp::_["ways"] = tail.ways,
                            Rcpp::_["error"] = tail.error);
}

// The same for more units than can be counted, within an error.
// [[Rcpp::export(rng = false)]]
Rcpp::List numeric_tail_cpp(Rcpp::NumericVector score, Rcpp::IntegerVector group, int threads,
                            Rcpp::Nullable<Rcpp::Function> progress) {
  const cryonodes::Poll poll = glue::RPoll(progress);
  cryonodes::NumericTailOptions options;
  options.threads = static_cast<std::size_t>(threads);
  const auto tail = cryonodes::numeric_tail({glue::view(score), glue::view(group), 2, {}, 1}, options, poll);
  return Rcpp::List::create(Rcpp::_["p_value"] = tail.p_value, Rcpp::_["error"] = tail.error,
                            Rcpp::_["log_ways"] = tail.log_ways);
}

// How many replicates, number `first` and those after it, are as extreme as the scores were found, or more. An empty
// `stratum`: all are of one.
// [[Rcpp::export(rng = false)]]
double approximate_tail_cpp(Rcpp::NumericVector score, Rcpp::IntegerVector group, int n_group,
                            Rcpp::IntegerVector stratum, int n_stratum, Rcpp::NumericVector draws, int threads,
                            Rcpp::Nullable<Rcpp::Function> progress) {
  const cryonodes::Poll poll = glue::RPoll(progress);
  return static_cast<double>(
      cryonodes::approximate_tail({glue::view(score), glue::view(group), static_cast<std::size_t>(n_group),
                                   glue::view(stratum), static_cast<std::size_t>(n_stratum)},
                                  deal_options(draws, threads), poll));
}

// The same of studentised scores, two groups: rows of a frame whose groups are those of stratum and group together.
// [[Rcpp::export(rng = false)]]
double studentised_tail_cpp(SEXP list, std::string weight, double rho, double gamma, Rcpp::NumericVector given,
                            Rcpp::IntegerVector group, Rcpp::IntegerVector stratum, int n_stratum,
                            Rcpp::NumericVector draws, int threads, Rcpp::Nullable<Rcpp::Function> progress) {
  const cryonodes::Poll poll = glue::RPoll(progress);
  const glue::Frame frame(list);
  const glue::Input in(frame, poll);
  const auto rows = cryonodes::studentised_rows(test_rows(frame, in, 2), options_of(weight, rho, gamma, given), poll);
  return static_cast<double>(cryonodes::studentised_tail(
      rows, {{}, glue::view(group), 2, glue::view(stratum), static_cast<std::size_t>(n_stratum)},
      deal_options(draws, threads), poll));
}

// The same of the largest of several scores, one column each, two groups.
// [[Rcpp::export(rng = false)]]
Rcpp::List largest_tail_cpp(Rcpp::NumericVector score, Rcpp::IntegerVector group, Rcpp::IntegerVector stratum,
                            int n_stratum, Rcpp::NumericVector draws, int threads,
                            Rcpp::Nullable<Rcpp::Function> progress) {
  const cryonodes::Poll poll = glue::RPoll(progress);
  const auto tail = cryonodes::largest_tail(
      glue::view(score), {{}, glue::view(group), 2, glue::view(stratum), static_cast<std::size_t>(n_stratum)},
      deal_options(draws, threads), poll);
  return Rcpp::List::create(Rcpp::_["z"] = tail.z, Rcpp::_["hits"] = static_cast<double>(tail.hits));
}
