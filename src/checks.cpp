#include "glue.h"

// One look over a column each, so that only a column with something wrong in it is looked at closely (R/checks.R).

namespace {

// Whether nothing is found; large columns are not copied. `is_bad` is summed up without jumps.
template <class T, class Bad> bool none(const T* x, R_xlen_t n, Bad is_bad) {
  constexpr R_xlen_t block = 4096;
  for (R_xlen_t start = 0; start < n; start += block) {
    unsigned bad = 0;
    for (R_xlen_t i = start; i < std::min(start + block, n); ++i)
      bad |= static_cast<unsigned>(is_bad(x[i]));
    if (bad != 0)
      return false;
  }
  return true;
}

} // namespace

// Are all numbers finite and >= 0, none missing?
// [[Rcpp::export(rng = false)]]
bool all_countable_cpp(SEXP x) {
  const R_xlen_t n = Rf_xlength(x);
  if (TYPEOF(x) == REALSXP)
    return none(REAL(x), n, [](double t) { return !(t >= 0.0 && t <= std::numeric_limits<double>::max()); });
  return TYPEOF(x) == INTSXP && none(INTEGER(x), n, [](int t) { return t < 0; });
}

// Are all values 0 or 1 (FALSE or TRUE), none missing?
// [[Rcpp::export(rng = false)]]
bool all_zero_one_cpp(SEXP x) {
  const R_xlen_t n = Rf_xlength(x);
  if (TYPEOF(x) == REALSXP)
    return none(REAL(x), n, [](double t) { return !(t == 0.0 || t == 1.0); });
  const auto bad = [](int code) { return static_cast<unsigned>(code) > 1U; };
  return TYPEOF(x) == LGLSXP ? none(LOGICAL(x), n, bad) : TYPEOF(x) == INTSXP && none(INTEGER(x), n, bad);
}

// Has each code of a factor that is not missing a level?
// [[Rcpp::export(rng = false)]]
bool all_levels_cpp(SEXP x, int n_level) {
  const auto bad = [n_level](int code) { return code != NA_INTEGER && (code < 1 || code > n_level); };
  return TYPEOF(x) == INTSXP && none(INTEGER(x), Rf_xlength(x), bad);
}

// Do labels of plain text still differ without case and blanks? FALSE also when a letter is not of the Latin alphabet.
// [[Rcpp::export(rng = false)]]
bool clearly_different_cpp(SEXP labels) {
  if (TYPEOF(labels) != STRSXP)
    return false;
  std::vector<std::string> folded;
  for (R_xlen_t i = 0; i < Rf_xlength(labels); ++i) {
    folded.emplace_back();
    for (const char* c = CHAR(STRING_ELT(labels, i)); *c != 0; ++c) {
      if (static_cast<unsigned char>(*c) > 126)
        return false;
      if (static_cast<unsigned char>(*c) > 32)
        folded.back() += static_cast<char>(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
    }
  }
  std::sort(folded.begin(), folded.end());
  return std::adjacent_find(folded.begin(), folded.end()) == folded.end();
}

// The codes of a factor from 0, or NULL: when one is missing or has no level, or a level has no row.
// [[Rcpp::export(rng = false)]]
SEXP factor_codes_cpp(SEXP x, int n_level) {
  const R_xlen_t n = Rf_xlength(x);
  if (TYPEOF(x) != INTSXP)
    return R_NilValue;
  const int* from = INTEGER(x);
  Rcpp::IntegerVector codes = Rcpp::no_init(n);
  int* to = codes.begin();
  std::vector<unsigned char> used(static_cast<std::size_t>(n_level), 0);
  for (R_xlen_t i = 0; i < n; ++i) {
    const int code = from[i];
    if (code < 1 || code > n_level)
      return R_NilValue;
    used[static_cast<std::size_t>(code) - 1] = 1;
    to[i] = code - 1;
  }
  return std::count(used.begin(), used.end(), 1) == n_level ? static_cast<SEXP>(codes) : R_NilValue;
}
