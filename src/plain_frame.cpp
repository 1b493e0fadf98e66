#include "glue.h"

// Columns without fault, which most are, become a cohort_frame at once. What is not as it should be gives NULL, and
// goes the long way (R/frame.R), on which it is found and told.

bool all_countable_cpp(SEXP x); // src/checks.cpp
bool all_zero_one_cpp(SEXP x);
bool clearly_different_cpp(SEXP labels);

namespace {

bool without_attributes(SEXP x) {
  return ATTRIB(x) == R_NilValue;
}

// Is none of them missing, or bytes without an encoding?
bool plain_levels(SEXP levels) {
  for (R_xlen_t k = 0; k < Rf_xlength(levels); ++k)
    if (STRING_ELT(levels, k) == NA_STRING || Rf_getCharCE(STRING_ELT(levels, k)) == CE_BYTES)
      return false;
  return true;
}

bool is_factor(SEXP x) {
  const SEXP levels = Rf_getAttrib(x, R_LevelsSymbol);
  return TYPEOF(x) == INTSXP && Rf_inherits(x, "factor") && Rf_getAttrib(x, R_DimSymbol) == R_NilValue &&
         TYPEOF(levels) == STRSXP && plain_levels(levels);
}

// Groups that need no closer look: codes from 0, or the factor itself, whose codes are from 1; and the labels. Whoever
// gets them protects them before anything else.
struct PlainGroups {
  SEXP codes;
  SEXP labels;
};

// Of text in plain letters, in the order of its bytes.
std::optional<PlainGroups> plain_text(SEXP x, int most) {
  // R keeps one copy of each text, so that texts are told apart by their place.
  const auto room = std::size_t{1} << cryonodes::detail::bit_width(static_cast<std::uint64_t>(4 * most));
  std::vector<std::pair<SEXP, int>> where(room, {nullptr, 0});
  std::vector<std::pair<std::string, int>> labels;
  const R_xlen_t n = Rf_xlength(x);
  const SEXP* const from = STRING_PTR_RO(x);
  const Rcpp::Shield<SEXP> codes(Rf_allocVector(INTSXP, n));
  int* const to = INTEGER(codes);
  for (R_xlen_t i = 0; i < n; ++i) {
    const auto place = reinterpret_cast<std::uintptr_t>(from[i]);
    std::size_t at = (place >> 4 ^ place >> 16) & (room - 1);
    while (where[at].first != from[i] && where[at].first != nullptr)
      at = (at + 1) & (room - 1);
    if (where[at].first == nullptr) {
      const char *const text = CHAR(from[i]), *const end = text + LENGTH(from[i]);
      if (from[i] == NA_STRING || labels.size() == static_cast<std::size_t>(most) ||
          std::any_of(text, end, [](char c) { return (c & 0x80) != 0; }))
        return std::nullopt;
      where[at] = {from[i], static_cast<int>(labels.size())};
      labels.emplace_back(std::string(text, end), static_cast<int>(labels.size()));
    }
    to[i] = where[at].second;
  }
  std::sort(labels.begin(), labels.end());
  std::vector<int> rank(labels.size());
  const Rcpp::Shield<SEXP> texts(Rf_allocVector(STRSXP, static_cast<R_xlen_t>(labels.size())));
  for (std::size_t k = 0; k < labels.size(); ++k) {
    rank[static_cast<std::size_t>(labels[k].second)] = static_cast<int>(k);
    SET_STRING_ELT(texts, static_cast<R_xlen_t>(k), Rf_mkChar(labels[k].first.c_str()));
  }
  for (R_xlen_t i = 0; i < n; ++i)
    to[i] = rank[static_cast<std::size_t>(to[i])];
  return PlainGroups{codes, texts};
}

// Read where it is, not copied.
std::optional<PlainGroups> plain_factor(SEXP x, int most) {
  const SEXP levels = Rf_getAttrib(x, R_LevelsSymbol);
  const R_xlen_t n = Rf_xlength(x), n_level = Rf_xlength(levels);
  if (n == 0 || n_level > most)
    return std::nullopt;
  std::vector<char> there(static_cast<std::size_t>(n_level), 0);
  const int* const from = INTEGER(x);
  for (R_xlen_t i = 0; i < n; ++i) {
    if (from[i] < 1 || from[i] > n_level) // missing
      return std::nullopt;
    there[static_cast<std::size_t>(from[i]) - 1] = 1;
  }
  if (std::count(there.begin(), there.end(), 1) < n_level)
    return std::nullopt;
  return PlainGroups{x, levels};
}

// Of a factor each level of which has a row, of text in plain letters, or of whole numbers from -most to most without
// attributes; at most `most` groups, nothing missing. Nothing of all others.
std::optional<PlainGroups> plain_groups(SEXP x, int most) {
  const R_xlen_t n = Rf_xlength(x);
  if (TYPEOF(x) == STRSXP && without_attributes(x))
    return plain_text(x, most);
  if (is_factor(x))
    return plain_factor(x, most);
  if ((TYPEOF(x) != INTSXP && TYPEOF(x) != REALSXP) || !without_attributes(x))
    return std::nullopt;

  // A place for each value there can be; then the places that are taken are numbered.
  const Rcpp::Shield<SEXP> codes(Rf_allocVector(INTSXP, n));
  int* const to = INTEGER(codes);
  std::vector<int> number_of;
  int least = 0;
  const auto put = [&](const auto* from) {
    auto low = from[0], high = from[0];
    for (R_xlen_t i = 0; i < n; ++i) {
      low = from[i] < low ? from[i] : low;
      high = from[i] > high ? from[i] : high;
    }
    if (!(low >= -most && high <= most))
      return false;
    least = static_cast<int>(low);
    number_of.assign(static_cast<std::size_t>(static_cast<int>(high) - least + 1), 0);
    int* const there = number_of.data();
    const int base = least;
    bool other = false; // not a number, or a fraction
    for (R_xlen_t i = 0; i < n; ++i) {
      const auto here = from[i] >= low ? from[i] : low;
      const int place = static_cast<int>(here) - base;
      other |= from[i] != place + base;
      to[i] = place;
      there[place] = 1;
    }
    return !other;
  };
  if (n == 0 || !(TYPEOF(x) == INTSXP ? put(INTEGER(x)) : put(REAL(x))))
    return std::nullopt;
  const int n_place = static_cast<int>(number_of.size());
  const auto taken = std::count(number_of.begin(), number_of.end(), 1);
  if (taken > most)
    return std::nullopt;
  const Rcpp::Shield<SEXP> labels(Rf_allocVector(STRSXP, taken));
  int next = 0;
  for (int k = 0; k < n_place; ++k)
    if (number_of[static_cast<std::size_t>(k)] != 0) {
      SET_STRING_ELT(labels, next, Rf_mkChar(std::to_string(k + least).c_str()));
      number_of[static_cast<std::size_t>(k)] = next++;
    }
  if (taken < n_place)
    for (R_xlen_t i = 0; i < n; ++i)
      to[i] = number_of[static_cast<std::size_t>(to[i])];
  return PlainGroups{codes, labels};
}

// What each row ended with: a code, 0 for censored, and the labels of the causes.
struct PlainCauses {
  Rcpp::IntegerVector codes;
  Rcpp::CharacterVector labels;
};

SEXP numbers_as_text(int from, int to) {
  const Rcpp::Shield<SEXP> labels(Rf_allocVector(STRSXP, to - from + 1));
  for (int k = from; k <= to; ++k)
    SET_STRING_ELT(labels, k - from, Rf_mkChar(std::to_string(k).c_str()));
  return labels;
}

// The least and the greatest of numbers, at least one: in each of 16 lanes, so that the compiler takes several at once.
std::pair<int, int> range_of(const int* x, R_xlen_t n) {
  constexpr R_xlen_t lanes = 16;
  std::array<int, lanes> least, greatest;
  least.fill(x[0]);
  greatest.fill(x[0]);
  R_xlen_t i = 0;
  for (; i + lanes <= n; i += lanes)
    for (std::size_t k = 0; k < least.size(); ++k) {
      const int here = x[i + static_cast<R_xlen_t>(k)];
      least[k] = here < least[k] ? here : least[k];
      greatest[k] = here > greatest[k] ? here : greatest[k];
    }
  for (; i < n; ++i) {
    least[0] = std::min(least[0], x[i]);
    greatest[0] = std::max(greatest[0], x[i]);
  }
  return {*std::min_element(least.begin(), least.end()), *std::max_element(greatest.begin(), greatest.end())};
}

// Has each whole number of the range a row?
bool without_gap(const int* x, R_xlen_t n, int least, int greatest) {
  if (greatest - least < 2) // both ends have
    return true;
  std::vector<char> there(static_cast<std::size_t>(greatest - least + 1), 0);
  for (R_xlen_t i = 0; i < n; ++i)
    there[static_cast<std::size_t>(x[i] - least)] = 1;
  return std::find(there.begin(), there.end(), 0) == there.end();
}

// Of a factor of at least two levels, the first of which is censored, or of whole numbers from 0 without attributes, of
// which none is left out between 1 and the largest, at most 63; nothing missing. Nothing of all others. Whether one is
// left out is not looked at for a caller who counts them.
std::optional<PlainCauses> plain_causes(SEXP x, bool counts_them) {
  constexpr int most = 63;
  const R_xlen_t n = Rf_xlength(x);
  if (is_factor(x)) {
    const SEXP levels = Rf_getAttrib(x, R_LevelsSymbol);
    const R_xlen_t n_level = Rf_xlength(levels);
    if (n_level < 2 || n_level > most)
      return std::nullopt;
    Rcpp::CharacterVector labels(n_level - 1);
    for (R_xlen_t k = 0; k < n_level; ++k) {
      if (std::strcmp(CHAR(STRING_ELT(levels, k)), "(s0)") == 0) // survival's name for those without event
        return std::nullopt;
      if (k > 0)
        labels[k - 1] = Rf_mkCharCE(Rf_translateCharUTF8(STRING_ELT(levels, k)), CE_UTF8);
    }
    Rcpp::IntegerVector codes = Rcpp::no_init(n);
    int* const to = codes.begin();
    const int* const from = INTEGER(x);
    bool other = false;
    for (R_xlen_t i = 0; i < n; ++i) {
      other |= from[i] < 1 || from[i] > n_level;
      to[i] = from[i] - 1;
    }
    if (other)
      return std::nullopt;
    return PlainCauses{codes, labels};
  }
  if ((TYPEOF(x) != INTSXP && TYPEOF(x) != REALSXP) || !without_attributes(x))
    return std::nullopt;
  // Which codes there are, as bits; 0 if there is something else.
  const auto look = [n](const auto* from, int* to) {
    std::uint64_t seen = 0;
    bool other = false;
    for (R_xlen_t i = 0; i < n; ++i) {
      const int code = from[i] >= 0 && from[i] <= most ? static_cast<int>(from[i]) : 0;
      other |= from[i] != code;
      seen |= std::uint64_t{1} << code;
      if (to != nullptr)
        to[i] = code;
    }
    return other ? 0 : seen;
  };
  const bool whole = TYPEOF(x) == INTSXP;
  if (whole && counts_them && n > 0) {
    const auto [least, greatest] = range_of(INTEGER(x), n);
    if (least < 0 || greatest < 1 || greatest > most)
      return std::nullopt;
    return PlainCauses{Rcpp::IntegerVector(x), numbers_as_text(1, greatest)};
  }
  const Rcpp::IntegerVector codes = whole ? Rcpp::IntegerVector(x) : Rcpp::IntegerVector(Rcpp::no_init(n));
  const std::uint64_t seen = whole ? look(INTEGER(x), nullptr) : look(REAL(x), INTEGER(codes));
  const std::uint64_t events = seen >> 1;
  if (events == 0 || (events & (events + 1)) != 0) // all of them up to the largest: no gap in the bits
    return std::nullopt;
  return PlainCauses{codes, numbers_as_text(1, static_cast<int>(cryonodes::detail::bit_width(events)))};
}

// Very many rows are looked at and counted in one go: to read them twice takes twice as long. Whole numbers of small
// range; events up to n_cause; no group, or `groups` codes from `first_group` on, each with a row. Nothing of all
// others.
std::unique_ptr<cryonodes::CountedRows> counted_columns(SEXP time, SEXP status, std::size_t n_cause, const int* group,
                                                        R_xlen_t groups, int first_group) {
  const auto n = static_cast<std::size_t>(Rf_xlength(time)), n_group = static_cast<std::size_t>(groups);
  if (TYPEOF(status) != LGLSXP && TYPEOF(status) != INTSXP)
    return nullptr;
  cryonodes::WholeCells cells(n, n_group, n_cause);
  const int* const event = TYPEOF(status) == LGLSXP ? LOGICAL(status) : INTEGER(status);
  try {
    if (!cells.count({REAL(time), n}, {event, n}, {group, group != nullptr ? n : 0}, first_group))
      return nullptr;
  } catch (const cryonodes::input_error&) { // also what is missing, which is no code
    return nullptr;
  }
  auto counted = std::make_unique<cryonodes::CountedRows>(cells.rows());
  const bool all_there =
      std::all_of(counted->n.begin(), counted->n.end(), [](double rows) { return rows > 0.0; });
  return all_there ? std::move(counted) : nullptr;
}

// Very many rows that were not counted, looked through; nothing where one is not as it should be.
std::optional<cryonodes::OrderedRows> checked_columns(SEXP time, SEXP status, std::size_t n_cause, const int* group,
                                                      std::size_t n_group, int first_group) {
  const auto n = static_cast<std::size_t>(Rf_xlength(time));
  if ((TYPEOF(status) != LGLSXP && TYPEOF(status) != INTSXP) || n > std::numeric_limits<int>::max() / 2)
    return std::nullopt;
  const int* const event = TYPEOF(status) == LGLSXP ? LOGICAL(status) : INTEGER(status);
  try {
    cryonodes::OrderedRows rows({REAL(time), n}, {event, n}, {group, group != nullptr ? n : 0}, n_group, n_cause,
                                first_group);
    return rows.fit() ? std::optional(std::move(rows)) : std::nullopt;
  } catch (const cryonodes::input_error&) { // also what is missing, which is no code
    return std::nullopt;
  }
}

// Will very many rows be counted? Most often all times are whole, or the first is not.
bool likely_counted(SEXP time, SEXP status) {
  return TYPEOF(status) != REALSXP && REAL(time)[0] == std::trunc(REAL(time)[0]);
}

// Is it a factor of two levels, or whole numbers of which the least and the greatest are neighbours?
bool in_two_groups(SEXP group) {
  if (is_factor(group))
    return Rf_xlength(Rf_getAttrib(group, R_LevelsSymbol)) == 2;
  if (TYPEOF(group) != INTSXP || !without_attributes(group) || Rf_xlength(group) == 0)
    return false;
  const auto [least, greatest] = range_of(INTEGER(group), Rf_xlength(group));
  return least != NA_INTEGER && greatest - 1 == least;
}

bool has_each_cause(const cryonodes::CountedRows& counted) {
  const std::size_t n = counted.n_cause;
  for (std::size_t k = 0; n > 1 && k < n; ++k) {
    std::size_t i = 0;
    while (i < counted.rows() && counted.cause_events[i * n + k] == 0)
      ++i;
    if (i == counted.rows())
      return false;
  }
  return true;
}

// The groups' elements of a cohort_frame; `title` is a vector of one text.
void add_groups(glue::NamedList& list, SEXP codes, SEXP labels, SEXP title) {
  const std::string before = std::string(Rf_translateCharUTF8(STRING_ELT(title, 0))) + "=";
  const R_xlen_t n = Rf_xlength(labels);
  const Rcpp::Shield<SEXP> names(Rf_allocVector(STRSXP, n)), texts(Rf_allocVector(STRSXP, n));
  for (R_xlen_t k = 0; k < n; ++k) {
    const std::string label = Rf_translateCharUTF8(STRING_ELT(labels, k)), name = before + label;
    SET_STRING_ELT(texts, k, Rf_mkCharLenCE(label.data(), static_cast<int>(label.size()), CE_UTF8));
    SET_STRING_ELT(names, k, Rf_mkCharLenCE(name.data(), static_cast<int>(name.size()), CE_UTF8));
  }
  list.add("group", codes);
  list.add("group_names", names);
  list.add("group_labels", texts);
  list.add("group_title", title);
}

} // namespace

SEXP glue::plain_frame(SEXP time, SEXP status, SEXP group, SEXP title, int most, Rows wanted, bool by_cause) {
  constexpr R_xlen_t few = 4096, very_many = 100000;
  const R_xlen_t n = Rf_xlength(time);
  const bool grouped = group != R_NilValue;
  if (TYPEOF(time) != REALSXP || n == 0 || Rf_xlength(status) != n || !without_attributes(time) ||
      (!by_cause && !without_attributes(status)) || (grouped && Rf_xlength(group) != n))
    return R_NilValue;
  const bool many = n >= very_many;
  if (wanted != Rows::any && n > few &&
      (wanted == Rows::few || !many || !likely_counted(time, status) || !in_two_groups(group)))
    return R_NilValue;
  std::optional<PlainCauses> causes;
  if (by_cause && !(causes = plain_causes(status, many)))
    return R_NilValue;
  const Rcpp::Shield<SEXP> event(causes                        ? static_cast<SEXP>(causes->codes)
                                 : TYPEOF(status) == REALSXP && all_zero_one_cpp(status)
                                     ? Rf_coerceVector(status, INTSXP)
                                     : status);
  const auto n_cause = causes ? static_cast<std::size_t>(causes->labels.size()) : 1;

  // Groups that are whole numbers already are counted, and stay, where they are; `first` is the code of the first. What
  // is neither a factor nor many becomes codes in any case.
  std::unique_ptr<cryonodes::CountedRows> counted;
  Rcpp::Armor<SEXP> codes(R_NilValue), labels(R_NilValue);
  const auto take = [&](const std::optional<PlainGroups>& found) {
    if (found) {
      codes = found->codes;
      labels = found->labels;
    }
  };
  int first = 0;
  if (grouped && is_factor(group) && Rf_xlength(Rf_getAttrib(group, R_LevelsSymbol)) <= most) {
    first = 1;
    const PlainGroups kept{group, Rf_getAttrib(group, R_LevelsSymbol)};
    if (many && Rf_xlength(kept.labels) > 0)
      counted = counted_columns(time, event, n_cause, INTEGER(group), Rf_xlength(kept.labels), first);
    take(counted ? kept : plain_factor(group, most));
  } else if (grouped) {
    if (TYPEOF(group) == INTSXP && without_attributes(group)) {
      const auto [least, greatest] = range_of(INTEGER(group), n);
      if (least >= -most && greatest <= most && greatest - least < most) {
        if (many)
          counted = counted_columns(time, event, n_cause, INTEGER(group), greatest - least + 1, least);
        if (counted || without_gap(INTEGER(group), n, least, greatest)) {
          labels = numbers_as_text(least, greatest);
          codes = group;
          first = least;
        }
      }
    }
    if (codes == R_NilValue) {
      take(plain_groups(group, most));
      if (codes != R_NilValue && many)
        counted = counted_columns(time, event, n_cause, INTEGER(codes), Rf_xlength(labels), 0);
    }
  } else if (many) {
    counted = counted_columns(time, event, n_cause, nullptr, 1, 0);
  }
  if ((grouped && codes == R_NilValue) || (many && !counted && wanted != Rows::any))
    return R_NilValue;
  if (many && causes && !(counted ? has_each_cause(*counted) : plain_causes(status, false).has_value()))
    return R_NilValue;
  auto read = std::make_unique<glue::ReadRows>();
  if (counted)
    read->counted = std::move(*counted);
  else if (many && !(read->checked = checked_columns(time, event, n_cause, grouped ? INTEGER(codes) : nullptr,
                                                     grouped ? static_cast<std::size_t>(Rf_xlength(labels)) : 1,
                                                     first)))
    return R_NilValue;
  else if (wanted == Rows::any && !many && !(all_countable_cpp(time) && (causes || all_zero_one_cpp(event))))
    return R_NilValue;

  static SEXP names_of_one = nullptr, names_of_several = nullptr;
  glue::NamedList frame(grouped ? 12 : 7, grouped ? &names_of_several : &names_of_one);
  frame.add("time", time);
  frame.add("event", event);
  if (grouped) {
    add_groups(frame, codes, labels, title);
    frame.add("group_first", Rcpp::Shield<SEXP>(Rf_ScalarInteger(first)));
  }
  frame.add("causes", causes ? static_cast<SEXP>(causes->labels) : R_NilValue);
  static const SEXP none = glue::keep(Rf_allocVector(INTSXP, 0));
  frame.add("rows_dropped", none);
  const Rcpp::Shield<SEXP> n_row(n <= std::numeric_limits<int>::max() ? Rf_ScalarInteger(static_cast<int>(n))
                                                                      : Rf_ScalarReal(static_cast<double>(n)));
  frame.add("n_rows", n_row);
  frame.add("n_input", n_row);
  frame.add("read_rows", many ? static_cast<SEXP>(Rcpp::XPtr<glue::ReadRows>(read.release())) : R_NilValue);
  return frame;
}

SEXP glue::plain_frame(SEXP time, SEXP status, SEXP group, int most, Rows wanted, bool by_cause) {
  static const SEXP title = glue::kept_text({"group"});
  return plain_frame(time, status, group, title, most, wanted, by_cause);
}

SEXP glue::plain_frame(SEXP formula, SEXP data, int most, Rows wanted, bool by_cause) {
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
  const SEXP time = column(CADR(response)), status = column(CADDR(response)),
             values = grouped ? column(group) : R_NilValue;
  if (time == R_NilValue || status == R_NilValue || (grouped && values == R_NilValue))
    return R_NilValue;
  const Rcpp::Shield<SEXP> title(grouped ? Rf_ScalarString(PRINTNAME(group)) : R_NilValue);
  return plain_frame(time, status, values, title, most, wanted, by_cause);
}

bool glue::needs_no_word(SEXP frame) {
  if (frame == R_NilValue)
    return false;
  const SEXP labels = Frame(frame)["group_labels"];
  return labels == R_NilValue || clearly_different_cpp(labels);
}

// [[Rcpp::export(rng = false)]]
SEXP plain_frame_cpp(SEXP time, SEXP status, SEXP group, int most, bool by_cause) {
  return glue::plain_frame(time, status, group, most, glue::Rows::any, by_cause);
}

// [[Rcpp::export(rng = false)]]
SEXP plain_formula_cpp(SEXP formula, SEXP data, int most, bool by_cause) {
  return glue::plain_frame(formula, data, most, glue::Rows::any, by_cause);
}

// Codes from 0, names, labels and title of a column of groups that needs no closer look; or NULL.
// [[Rcpp::export(rng = false)]]
SEXP plain_groups_cpp(SEXP x, SEXP title, int most) {
  const auto groups = plain_groups(x, most);
  if (!groups)
    return R_NilValue;
  Rcpp::Armor<SEXP> codes(groups->codes);
  const Rcpp::Shield<SEXP> labels(groups->labels);
  if (is_factor(x)) {
    codes = Rf_allocVector(INTSXP, Rf_xlength(x));
    std::transform(INTEGER(x), INTEGER(x) + Rf_xlength(x), INTEGER(codes), [](int level) { return level - 1; });
  }
  glue::NamedList list(4);
  add_groups(list, codes, labels, title);
  return list;
}
