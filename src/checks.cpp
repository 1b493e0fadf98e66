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

// The status of a cohort without fault, or NULL. Times are doubles, finite and >= 0, at least one; statuses are as
// many, 0 or 1, none missing; neither has attributes. Logical and integer statuses are handed back as they are.
// [[Rcpp::export(rng = false)]]
SEXP plain_status_cpp(SEXP time, SEXP status) {
  const R_xlen_t n = Rf_xlength(time);
  const bool plain = TYPEOF(time) == REALSXP && n > 0 && Rf_xlength(status) == n && ATTRIB(time) == R_NilValue &&
                     ATTRIB(status) == R_NilValue && all_countable_cpp(time) && all_zero_one_cpp(status);
  if (!plain)
    return R_NilValue;
  return TYPEOF(status) == REALSXP ? Rf_coerceVector(status, INTSXP) : status;
}

// Is none of them missing, or bytes without an encoding?
static bool plain_levels(SEXP levels) {
  for (R_xlen_t k = 0; k < Rf_xlength(levels); ++k)
    if (STRING_ELT(levels, k) == NA_STRING || Rf_getCharCE(STRING_ELT(levels, k)) == CE_BYTES)
      return false;
  return true;
}

// Very many rows are looked at and counted in one go: to read them twice takes twice as long. Time and status as above,
// and whole numbers of small range; no group (NULL), or a factor of at most `most` levels, each with a row. NULL for
// all others; else a list of the group's codes from 0, its labels, and a pointer to the counted rows.
// [[Rcpp::export(rng = false)]]
SEXP counted_columns_cpp(SEXP time, SEXP status, SEXP group, int most) {
  const R_xlen_t n = Rf_xlength(time);
  const bool grouped = group != R_NilValue;
  const SEXP levels = Rf_getAttrib(group, R_LevelsSymbol);
  const bool plain = TYPEOF(time) == REALSXP && (TYPEOF(status) == LGLSXP || TYPEOF(status) == INTSXP) && n > 0 &&
                     Rf_xlength(status) == n && ATTRIB(time) == R_NilValue && ATTRIB(status) == R_NilValue;
  const bool factor = grouped && Rf_inherits(group, "factor") && TYPEOF(group) == INTSXP && Rf_xlength(group) == n &&
                      Rf_getAttrib(group, R_DimSymbol) == R_NilValue && TYPEOF(levels) == STRSXP &&
                      Rf_xlength(levels) > 0 && Rf_xlength(levels) <= most;
  if (!plain || (grouped && !factor))
    return R_NilValue;
  if (!plain_levels(levels))
    return R_NilValue;

  const auto n_group = static_cast<std::size_t>(grouped ? Rf_xlength(levels) : 1);
  cryonodes::WholeCells cells(static_cast<std::size_t>(n), n_group, 1);
  Rcpp::IntegerVector codes = Rcpp::no_init(grouped ? n : 0);
  const auto event = glue::view_codes(status);
  constexpr std::size_t stretch = std::size_t{1} << 12; // codes are counted while they are in the cache
  try {
    for (std::size_t start = 0; start < static_cast<std::size_t>(n); start += stretch) {
      const std::size_t rows = std::min(stretch, static_cast<std::size_t>(n) - start);
      int* const to = codes.begin() + start;
      // A missing code wraps round to one that is out of range.
      for (std::size_t i = 0; grouped && i < rows; ++i)
        to[i] = static_cast<int>(static_cast<unsigned>(INTEGER(group)[start + i]) - 1U);
      if (!cells.count({REAL(time) + start, rows}, {event.data() + start, rows}, {to, grouped ? rows : 0}))
        return R_NilValue;
    }
  } catch (const cryonodes::input_error&) {
    return R_NilValue;
  }
  auto counted = std::make_unique<cryonodes::CountedRows>(cells.rows());
  if (std::any_of(counted->n.begin(), counted->n.end(), [](double rows) { return rows == 0.0; }))
    return R_NilValue;
  Rcpp::XPtr<cryonodes::CountedRows> pointer(counted.release());
  if (!grouped)
    return Rcpp::List::create(Rcpp::_["counted"] = pointer);
  return Rcpp::List::create(Rcpp::_["counted"] = pointer, Rcpp::_["code"] = codes, Rcpp::_["labels"] = levels);
}

// The columns of `Surv(time, status) ~ 1` or `~ group`, all of them names of columns: time, status, and NULL or a list
// of the group under its name. NULL for all other formulas, and for data whose names need a closer look.
// [[Rcpp::export(rng = false)]]
SEXP named_columns_cpp(SEXP formula, SEXP data) {
  const bool table = TYPEOF(data) == VECSXP && (!Rf_isObject(data) || Rf_inherits(data, "data.frame"));
  if (!table || TYPEOF(formula) != LANGSXP || !Rf_inherits(formula, "formula") || Rf_length(formula) != 3)
    return R_NilValue;
  const SEXP response = CADR(formula), group = CADDR(formula);
  if (TYPEOF(response) != LANGSXP || Rf_length(response) != 3 || CAR(response) != Rf_install("Surv") ||
      TAG(CDR(response)) != R_NilValue || TAG(CDDR(response)) != R_NilValue)
    return R_NilValue;
  const bool grouped = TYPEOF(group) == SYMSXP && group != Rf_install(".");
  const bool alone = TYPEOF(group) == REALSXP && Rf_xlength(group) == 1 && REAL(group)[0] == 1.0;
  const SEXP names = Rf_getAttrib(data, R_NamesSymbol);
  if ((!grouped && !alone) || TYPEOF(names) != STRSXP)
    return R_NilValue;

  // R keeps one copy of each text in plain letters.
  std::vector<SEXP> seen;
  for (R_xlen_t k = 0; k < Rf_xlength(names); ++k) {
    const SEXP name = STRING_ELT(names, k);
    const char* const end = CHAR(name) + LENGTH(name);
    if (name == NA_STRING || LENGTH(name) == 0 || std::any_of(CHAR(name), end, [](char c) { return (c & 0x80) != 0; }))
      return R_NilValue;
    seen.push_back(name);
  }
  std::sort(seen.begin(), seen.end());
  if (std::adjacent_find(seen.begin(), seen.end()) != seen.end())
    return R_NilValue;
  const auto column = [&](SEXP symbol) {
    for (R_xlen_t k = 0; k < Rf_xlength(names) && TYPEOF(symbol) == SYMSXP; ++k)
      if (STRING_ELT(names, k) == PRINTNAME(symbol))
        return VECTOR_ELT(data, k);
    return R_NilValue;
  };
  const SEXP time = column(CADR(response)), status = column(CADDR(response));
  if (time == R_NilValue || status == R_NilValue)
    return R_NilValue;
  if (alone)
    return Rcpp::List::create(time, status, R_NilValue);
  const SEXP values = column(group);
  if (values == R_NilValue)
    return R_NilValue;
  Rcpp::List by = Rcpp::List::create(values);
  Rf_setAttrib(by, R_NamesSymbol, Rcpp::Shield<SEXP>(Rf_ScalarString(PRINTNAME(group))));
  return Rcpp::List::create(time, status, by);
}

// A column of groups that needs no closer look, as codes from 0 and labels; or NULL. That is a factor each level of
// which has a row, or whole numbers from -most to most without attributes; at most `most` groups, nothing missing.
// [[Rcpp::export(rng = false)]]
SEXP plain_groups_cpp(SEXP x, int most) {
  const R_xlen_t n = Rf_xlength(x);
  const bool factor = Rf_inherits(x, "factor") && TYPEOF(x) == INTSXP && Rf_getAttrib(x, R_DimSymbol) == R_NilValue;
  const bool number = (TYPEOF(x) == INTSXP || TYPEOF(x) == REALSXP) && ATTRIB(x) == R_NilValue;
  const SEXP levels = factor ? Rf_getAttrib(x, R_LevelsSymbol) : R_NilValue;
  if (!(factor && TYPEOF(levels) == STRSXP && Rf_xlength(levels) <= most) && !number)
    return R_NilValue;
  if (!plain_levels(levels))
    return R_NilValue;

  // A place for each value there can be; then the places that are taken are numbered.
  const int least = factor ? 1 : -most, n_place = factor ? static_cast<int>(Rf_xlength(levels)) : 2 * most + 1;
  std::vector<int> number_of(static_cast<std::size_t>(n_place), 0);
  Rcpp::IntegerVector codes = Rcpp::no_init(n);
  const auto put = [&](const auto* from) {
    for (R_xlen_t i = 0; i < n; ++i) {
      if (!(from[i] >= least && from[i] < least + n_place) || from[i] != static_cast<int>(from[i]))
        return false;
      codes[i] = static_cast<int>(from[i]) - least;
      number_of[static_cast<std::size_t>(codes[i])] = 1;
    }
    return true;
  };
  if (!(TYPEOF(x) == INTSXP ? put(INTEGER(x)) : put(REAL(x))))
    return R_NilValue;
  const auto taken = std::count(number_of.begin(), number_of.end(), 1);
  if (factor ? taken < n_place : taken > most)
    return R_NilValue;
  if (factor)
    return Rcpp::List::create(Rcpp::_["code"] = codes, Rcpp::_["labels"] = levels);
  Rcpp::CharacterVector labels(taken);
  int next = 0;
  for (int k = 0; k < n_place; ++k)
    if (number_of[static_cast<std::size_t>(k)] != 0) {
      labels[next] = std::to_string(k + least);
      number_of[static_cast<std::size_t>(k)] = next++;
    }
  for (int& code : codes)
    code = number_of[static_cast<std::size_t>(code)];
  return Rcpp::List::create(Rcpp::_["code"] = codes, Rcpp::_["labels"] = labels);
}
