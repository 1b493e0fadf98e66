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

// The same, where `flag(x[i])` has the first bit set for what may be bad: the compiler knows how long a block is, and
// takes several numbers at once. Only a block with a flag is looked at more closely.
template <class T, class Flag, class Bad> bool none(const T* x, R_xlen_t n, Flag flag, Bad is_bad) {
  constexpr R_xlen_t block = 64;
  R_xlen_t start = 0;
  for (; start + block <= n; start += block) {
    decltype(flag(*x)) flags = 0;
    for (R_xlen_t i = 0; i < block; ++i)
      flags |= flag(x[start + i]);
    if (flags >> (8 * sizeof flags - 1) != 0 && !none(x + start, block, is_bad))
      return false;
  }
  return none(x + start, n - start, is_bad);
}

} // namespace

// Are all numbers finite and >= 0, none missing?
// [[Rcpp::export(rng = false)]]
bool all_countable_cpp(SEXP x) {
  const R_xlen_t n = Rf_xlength(x);
  if (TYPEOF(x) == REALSXP)
    return none(
        REAL(x), n,
        [](double t) { // -0 has a flag as well; an exponent of ones runs over into the first bit
          std::uint64_t bits;
          std::memcpy(&bits, &t, sizeof bits);
          return bits | (bits + (std::uint64_t{1} << 52));
        },
        [](double t) { return !(t >= 0.0 && t <= std::numeric_limits<double>::max()); });
  return TYPEOF(x) == INTSXP && none(INTEGER(x), n, [](int t) { return t < 0; });
}

// Are all values 0 or 1 (FALSE or TRUE), none missing?
// [[Rcpp::export(rng = false)]]
bool all_zero_one_cpp(SEXP x) {
  const R_xlen_t n = Rf_xlength(x);
  if (TYPEOF(x) == REALSXP)
    return none(REAL(x), n, [](double t) { return !(t == 0.0 || t == 1.0); });
  const auto bad = [](int code) { return static_cast<unsigned>(code) > 1U; };
  const auto flag = [](int code) { return static_cast<unsigned>(code) | (1U - static_cast<unsigned>(code)); };
  return TYPEOF(x) == LGLSXP ? none(LOGICAL(x), n, flag, bad) : TYPEOF(x) == INTSXP && none(INTEGER(x), n, flag, bad);
}

// Which numbers there are, in order, if all are whole and from 0 to `most`; else, or of none, NULL.
// [[Rcpp::export(rng = false)]]
SEXP small_numbers_cpp(SEXP x, int most) {
  const R_xlen_t n = Rf_xlength(x);
  std::vector<char> there(static_cast<std::size_t>(most) + 1, 0);
  const auto limit = static_cast<unsigned>(most);
  const auto outside = [&](int number) {
    const bool is = static_cast<unsigned>(number) > limit;
    if (!is)
      there[static_cast<std::size_t>(number)] = 1;
    return is;
  };
  const auto no_such = [&](double t) {
    const bool in_range = t >= 0.0 && t <= most; // not of what is missing
    const int number = in_range ? static_cast<int>(t) : -1;
    return outside(number) || number != t;
  };
  const bool all_small = TYPEOF(x) == REALSXP  ? none(REAL(x), n, no_such)
                         : TYPEOF(x) == INTSXP ? none(INTEGER(x), n, outside)
                                               : false;
  if (!all_small || n == 0)
    return R_NilValue;
  Rcpp::IntegerVector out;
  for (int number = 0; number <= most; ++number)
    if (there[static_cast<std::size_t>(number)] != 0)
      out.push_back(number);
  return out;
}

// table[x + 1], for numbers that have a place there.
// [[Rcpp::export(rng = false)]]
Rcpp::IntegerVector recoded_cpp(SEXP x, Rcpp::IntegerVector table) {
  const R_xlen_t n = Rf_xlength(x);
  Rcpp::IntegerVector out = Rcpp::no_init(n);
  int* const to = out.begin();
  const int* const code = table.begin();
  const auto recode = [&](const auto* from) {
    for (R_xlen_t i = 0; i < n; ++i)
      to[i] = code[static_cast<int>(from[i])];
  };
  if (TYPEOF(x) == REALSXP)
    recode(REAL(x));
  else
    recode(INTEGER(x));
  return out;
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

// Integers without attributes, none missing, of no wider range than four times their number: numbered from 0 in the
// order in which they first come. NULL of all others.
// [[Rcpp::export(rng = false)]]
SEXP number_codes_cpp(SEXP x) {
  const R_xlen_t n = Rf_xlength(x);
  if (TYPEOF(x) != INTSXP || ATTRIB(x) != R_NilValue || n == 0)
    return R_NilValue;
  const int* const from = INTEGER(x);
  const auto [low, high] = std::minmax_element(from, from + n);
  const double range = static_cast<double>(*high) - static_cast<double>(*low) + 1.0;
  if (*low == NA_INTEGER || range > 4.0 * static_cast<double>(n) + 1000.0)
    return R_NilValue;
  const int least = *low;
  std::vector<int> number_of(static_cast<std::size_t>(range), -1);
  Rcpp::IntegerVector codes = Rcpp::no_init(n);
  int next = 0;
  int* const to = codes.begin();
  for (R_xlen_t i = 0; i < n; ++i) {
    int& number = number_of[static_cast<std::size_t>(from[i] - least)];
    if (number < 0)
      number = next++;
    to[i] = number;
  }
  return codes;
}
