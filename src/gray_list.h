#ifndef CRYONODES_GRAY_LIST_HPP
#define CRYONODES_GRAY_LIST_HPP

#include "glue.h"

namespace glue {

/// Gray's tests as R makes gray_test objects of them, one list each. Undefined is NA.
inline Rcpp::List gray_lists(const std::vector<cryonodes::GrayResult>& tests, std::size_t n_time_merged) {
  const auto shown_number = [](double x) { return std::isnan(x) ? R_NaReal : x; };
  Rcpp::List out;
  for (const auto& test : tests) {
    const int n_group = static_cast<int>(test.n.size());
    out.push_back(Rcpp::List::create(
        Rcpp::_["n"] = test.n, Rcpp::_["observed"] = test.observed, Rcpp::_["expected"] = test.expected,
        Rcpp::_["score"] = shown(test.score),
        Rcpp::_["covariance"] = Rcpp::NumericMatrix(n_group, n_group, shown(test.covariance).begin()),
        Rcpp::_["component"] = test.component, Rcpp::_["greatest_pooled"] = test.greatest_pooled,
        Rcpp::_["statistic"] = shown_number(test.statistic), Rcpp::_["df"] = test.df,
        Rcpp::_["log_p_value"] = shown_number(test.log_p_value),
        Rcpp::_["n_time_merged"] = static_cast<double>(n_time_merged)));
  }
  return out;
}

} // namespace glue

#endif
