#include "glue.h"

namespace {

/// A list that R/fisher.R has read and checked.
cryonodes::FisherOptions fisher_options(const Rcpp::List& asked) {
  cryonodes::FisherOptions options;
  const auto alternative = Rcpp::as<std::string>(asked["alternative"]);
  options.sides = alternative == "less"      ? cryonodes::Sides::less
                  : alternative == "greater" ? cryonodes::Sides::greater
                                             : cryonodes::Sides::two;
  const auto method = Rcpp::as<std::string>(asked["method"]);
  options.method = method == "central"  ? cryonodes::FisherMethod::central
                   : method == "blaker" ? cryonodes::FisherMethod::blaker
                                        : cryonodes::FisherMethod::minlike;
  options.odds_ratio = Rcpp::as<double>(asked["or"]);
  options.mid_p = Rcpp::as<bool>(asked["mid.p"]);
  options.conf_int = Rcpp::as<bool>(asked["conf.int"]);
  options.conf_level = Rcpp::as<double>(asked["conf.level"]);
  return options;
}

/// Doubles or integers of R's, one or n of them.
cryonodes::CountColumn counts(SEXP x, std::size_t n) {
  cryonodes::CountColumn column;
  column.size = static_cast<std::size_t>(Rf_xlength(x));
  if ((TYPEOF(x) != REALSXP && TYPEOF(x) != INTSXP) || (column.size != n && column.size != 1))
    throw cryonodes::input_error("counts must be numbers, one or as many as there are tables");
  if (TYPEOF(x) == REALSXP)
    column.real = REAL(x);
  else
    column.whole = INTEGER(x);
  return column;
}

} // namespace

// [[Rcpp::export(rng = false)]]
Rcpp::List fisher_cpp(Rcpp::NumericVector table, Rcpp::List asked) {
  if (table.size() != 4)
    throw cryonodes::input_error("a table has four counts");
  auto options = fisher_options(asked);
  options.gaps = true;
  const auto test = cryonodes::fisher({table[0], table[1], table[2], table[3]}, options, glue::RPoll(R_NilValue));
  Rcpp::NumericMatrix gaps(static_cast<int>(test.gaps.size()), 2);
  for (int i = 0; i < gaps.nrow(); ++i)
    for (int j = 0; j < 2; ++j)
      gaps(i, j) = test.gaps[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)];
  return Rcpp::List::create(
      Rcpp::_["p_value"] = test.p_value, Rcpp::_["log_p_value"] = test.log_p_value,
      Rcpp::_["estimate"] = test.estimate, Rcpp::_["conf_low"] = test.conf_low, Rcpp::_["conf_high"] = test.conf_high,
      Rcpp::_["decided_exactly"] = test.decided_exactly, Rcpp::_["gaps"] = gaps);
}

// One row a table; `bad` is the number of the first table that is none, or 0.
// [[Rcpp::export(rng = false)]]
Rcpp::List fisher_batch_cpp(SEXP a, SEXP b, SEXP c, SEXP d, double n, Rcpp::List asked, int threads,
                            Rcpp::Nullable<Rcpp::Function> progress) {
  const auto rows = static_cast<std::size_t>(n);
  auto options = fisher_options(asked);
  options.estimate = Rcpp::as<bool>(asked["estimate"]);
  Rcpp::NumericVector p = glue::new_column(rows), log_p = glue::new_column(rows), estimate(0), low(0), high(0);
  cryonodes::FisherColumns out{p.begin(), log_p.begin()};
  if (options.estimate) {
    estimate = glue::new_column(rows);
    out.estimate = estimate.begin();
  }
  if (options.conf_int) {
    low = glue::new_column(rows);
    high = glue::new_column(rows);
    out.conf_low = low.begin();
    out.conf_high = high.begin();
  }
  const auto end = cryonodes::fisher_batch({counts(a, rows), counts(b, rows), counts(c, rows), counts(d, rows)}, rows,
                                           options, out, static_cast<std::size_t>(threads), glue::RPoll(progress));
  for (double& value : estimate)
    if (std::isnan(value))
      value = NA_REAL;
  return Rcpp::List::create(Rcpp::_["p_value"] = p, Rcpp::_["log_p_value"] = log_p, Rcpp::_["estimate"] = estimate,
                            Rcpp::_["conf_low"] = low, Rcpp::_["conf_high"] = high,
                            Rcpp::_["bad"] = end.done < rows ? static_cast<double>(end.done + 1) : 0.0,
                            Rcpp::_["n_empty"] = static_cast<double>(end.n_empty));
}
