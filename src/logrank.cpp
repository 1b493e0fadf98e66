#include "glue.h"

namespace {

// Sum over the connected parts of u' V^-1 u, one group of each part left out: within a part the rest of V is
// positive definite, and the choice of the group left out does not matter because u sums to zero there.
double quadratic_form(const cryonodes::LogrankResult& fit) {
  const arma::uword k = fit.observed.size();
  const arma::mat covariance(fit.covariance.data(), k, k);
  const arma::vec u = arma::vec(fit.observed) - arma::vec(fit.expected);
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

} // namespace

// [[Rcpp::export(rng = false)]]
Rcpp::List logrank_cpp(SEXP frame, int n_group) {
  const cryonodes::Poll poll = glue::RPoll(R_NilValue);
  const glue::TableOfRows in(glue::Frame(frame), poll);
  const auto fit = cryonodes::logrank(in.table, static_cast<std::size_t>(n_group), poll);
  const double df = static_cast<double>(fit.rank());
  const double statistic = df > 0.0 ? quadratic_form(fit) : R_NaReal;
  return Rcpp::List::create(
      Rcpp::_["n"] = fit.n, Rcpp::_["observed"] = fit.observed, Rcpp::_["expected"] = fit.expected,
      Rcpp::_["covariance"] = Rcpp::NumericMatrix(n_group, n_group, fit.covariance.begin()),
      Rcpp::_["component"] = fit.component, Rcpp::_["statistic"] = statistic, Rcpp::_["df"] = df,
      Rcpp::_["log_p_value"] = df > 0.0 ? cryonodes::log_chisq_upper(statistic, df) : R_NaReal,
      Rcpp::_["n_time_merged"] = static_cast<double>(in.n_time_merged));
}
