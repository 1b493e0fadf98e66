#include "glue.h"

namespace {

// Values that R's `==` takes for the same have one key: 0 and -0, the two codes of a whole number. Missing values and
// NaN have one each. Texts are the same if R's cache holds one for both.
std::vector<std::uint64_t> keys_of(SEXP column, std::size_t rows) {
  if (static_cast<std::size_t>(Rf_xlength(column)) != rows)
    throw cryonodes::input_error("columns must be of one length");
  std::vector<std::uint64_t> keys(rows);
  switch (TYPEOF(column)) {
  case LGLSXP:
  case INTSXP:
    for (std::size_t i = 0; i < rows; ++i)
      keys[i] = static_cast<std::uint32_t>(TYPEOF(column) == LGLSXP ? LOGICAL(column)[i] : INTEGER(column)[i]);
    return keys;
  case REALSXP:
    for (std::size_t i = 0; i < rows; ++i) {
      double value = REAL(column)[i];
      if (value == 0.0)
        value = 0.0;
      else if (R_IsNA(value))
        value = NA_REAL;
      else if (std::isnan(value))
        value = R_NaN;
      std::memcpy(&keys[i], &value, sizeof value);
    }
    return keys;
  case STRSXP:
    for (std::size_t i = 0; i < rows; ++i)
      keys[i] = reinterpret_cast<std::uintptr_t>(STRING_ELT(column, static_cast<R_xlen_t>(i)));
    return keys;
  default:
    throw cryonodes::input_error("a column is of a type that cannot be counted");
  }
}

} // namespace

// The distinct rows of the columns: a row of each, from 1, how many rows there are of it, and its sum of weights.
// [[Rcpp::export(rng = false)]]
Rcpp::List count_cells_cpp(Rcpp::List columns, double rows, Rcpp::NumericVector count, Rcpp::NumericVector weight) {
  const auto n = static_cast<std::size_t>(rows);
  std::vector<std::vector<std::uint64_t>> keys;
  for (R_xlen_t j = 0; j < columns.size(); ++j)
    keys.push_back(keys_of(columns[j], n));
  const std::vector<cryonodes::span<const std::uint64_t>> views(keys.begin(), keys.end());
  const auto cells = cryonodes::count_cells(views, n, glue::view(count), glue::view(weight), glue::RPoll(R_NilValue));
  Rcpp::NumericVector first(cells.first.begin(), cells.first.end());
  return Rcpp::List::create(Rcpp::_["first"] = first + 1.0, Rcpp::_["n"] = glue::to_column(cells.n),
                            Rcpp::_["weight"] = glue::to_column(cells.weight));
}
