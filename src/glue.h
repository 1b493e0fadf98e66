#ifndef CRYONODES_GLUE_HPP
#define CRYONODES_GLUE_HPP

// What every glue file needs: views over R's memory, lists out, and a poll that R can interrupt.

#include <array>
#include <chrono>
#include <cstring>
#include <functional>
#include <optional>

#include <Rcpp.h>

#include "cryonodes.hpp"

namespace glue {

inline cryonodes::span<const double> view(const Rcpp::NumericVector& x) {
  return {x.begin(), static_cast<std::size_t>(x.size())};
}
inline cryonodes::span<const int> view(const Rcpp::IntegerVector& x) {
  return {x.begin(), static_cast<std::size_t>(x.size())};
}

/// A column of R's whose numbers are written before they are read.
inline Rcpp::NumericVector new_column(std::size_t rows) {
  Rcpp::NumericVector column(Rcpp::no_init(static_cast<R_xlen_t>(rows)));
  cryonodes::welcome_huge_pages(column.begin(), rows * sizeof(double));
  return column;
}

/// Rows of a risk table in each group, as R counts them.
inline Rcpp::NumericVector rows_by_group(const std::vector<std::size_t>& first) {
  Rcpp::NumericVector rows(static_cast<R_xlen_t>(first.size()) - 1);
  for (R_xlen_t g = 0; g < rows.size(); ++g)
    rows[g] = static_cast<double>(first[static_cast<std::size_t>(g) + 1] - first[static_cast<std::size_t>(g)]);
  return rows;
}

/// Counts as R has them: integers while they fit.
inline SEXP whole_numbers(const std::vector<double>& x) {
  const bool fit = std::all_of(x.begin(), x.end(), [](double value) { return value <= 2147483647.0; });
  const Rcpp::Shield<SEXP> out(Rcpp::wrap(x));
  return fit ? Rf_coerceVector(out, INTSXP) : static_cast<SEXP>(out);
}

/// What stands in every small result is made once.
inline SEXP keep(SEXP x) {
  R_PreserveObject(x);
  MARK_NOT_MUTABLE(x);
  return x;
}
inline SEXP kept_text(std::initializer_list<const char*> texts) {
  const Rcpp::Shield<SEXP> x(Rf_allocVector(STRSXP, static_cast<R_xlen_t>(texts.size())));
  R_xlen_t i = 0;
  for (const char* text : texts)
    SET_STRING_ELT(x, i++, Rf_mkChar(text));
  return keep(x);
}

/// The number that results carry, and methods look at (R/checks.R).
inline SEXP result_format() {
  static const SEXP format = keep(Rf_ScalarInteger(1));
  return format;
}

/// A list of R that is filled element by element, each under its name.
class NamedList {
public:
  /// @param size how many elements there will be. @param kept where the names of a list that is made again and again
  /// are kept from the first time on, since R takes long to find each; the names are always the same then.
  explicit NamedList(R_xlen_t size, SEXP* kept = nullptr)
      : values_(Rf_allocVector(VECSXP, size)),
        names_(kept != nullptr && *kept != nullptr ? *kept : Rf_allocVector(STRSXP, size)), kept_(kept),
        known_(kept != nullptr && *kept != nullptr) {}
  void add(const char* name, SEXP value) {
    SET_VECTOR_ELT(values_, size_, value);
    if (!known_)
      SET_STRING_ELT(names_, size_, Rf_mkChar(name));
    ++size_;
  }
  void add(const char* name, double value) { add(name, Rcpp::Shield<SEXP>(Rf_ScalarReal(value))); }
  /// As R shows it: undefined is NA.
  void add(const char* name, const std::vector<double>& x) {
    add(name, x, [](double value) { return value; });
  }
  /// One number of each row: a member of it, or what a function makes of it.
  template <class Row, class Of> void add(const char* name, const std::vector<Row>& rows, Of of) {
    const Rcpp::Shield<SEXP> column(Rf_allocVector(REALSXP, static_cast<R_xlen_t>(rows.size())));
    std::transform(rows.begin(), rows.end(), REAL(column), [&](const Row& row) {
      const double value = std::invoke(of, row);
      return std::isnan(value) ? NA_REAL : value;
    });
    add(name, column);
  }
  operator SEXP() {
    Rf_setAttrib(values_, R_NamesSymbol, names_);
    if (kept_ != nullptr && !known_) {
      *kept_ = keep(names_);
      known_ = true;
    }
    return values_;
  }

private:
  Rcpp::Shield<SEXP> values_, names_;
  SEXP* kept_;
  bool known_;
  R_xlen_t size_ = 0;
};

/// A cohort_frame (R/frame.R), rows or counts, with what a verb adds to it: `timefix`, and `n_group` where groups are
/// not those of the labels. An element that is not there is NULL or empty.
class Frame {
public:
  explicit Frame(SEXP list) : list_(list) {
    const SEXP names = Rf_getAttrib(list, R_NamesSymbol);
    size_ = static_cast<std::size_t>(Rf_xlength(names));
    require(size_ <= name_.size(), "a frame has too many columns");
    for (std::size_t i = 0; i < size_; ++i)
      name_[i] = CHAR(STRING_ELT(names, static_cast<R_xlen_t>(i)));
  }

  SEXP operator[](const char* name) const {
    for (std::size_t i = 0; i < size_; ++i)
      if (name_[i][0] == name[0] && std::strcmp(name_[i], name) == 0)
        return VECTOR_ELT(list_, static_cast<R_xlen_t>(i));
    return R_NilValue;
  }
  bool has(const char* name) const { return (*this)[name] != R_NilValue; }
  bool counted() const { return has("n_censor"); }
  bool clustered() const { return has("cluster"); }
  bool reverse() const { return has("reverse"); }
  cryonodes::span<const double> numbers(const char* name) const {
    const SEXP x = (*this)[name];
    if (x == R_NilValue)
      return {};
    require(TYPEOF(x) == REALSXP);
    return {REAL(x), static_cast<std::size_t>(Rf_xlength(x))};
  }
  /// Logical codes are read where they are, not copied.
  cryonodes::span<const int> codes(const char* name) const {
    const SEXP x = (*this)[name];
    if (x == R_NilValue)
      return {};
    require(TYPEOF(x) == INTSXP || TYPEOF(x) == LGLSXP);
    return {TYPEOF(x) == LGLSXP ? LOGICAL(x) : INTEGER(x), static_cast<std::size_t>(Rf_xlength(x))};
  }
  /// Codes from 0, empty when all rows are of one group. Those from another number go through `room`.
  cryonodes::span<const int> groups(std::vector<int>& room) const {
    const auto given = codes("group");
    const int first = first_group();
    if (first == 0)
      return given;
    room.resize(given.size());
    for (std::size_t i = 0; i < room.size(); ++i)
      room[i] = given[i] - first;
    return room;
  }
  /// The code of the first group.
  int first_group() const {
    const SEXP first = (*this)["group_first"];
    return first == R_NilValue ? 0 : Rf_asInteger(first);
  }
  std::size_t n_group() const {
    const SEXP given = (*this)["n_group"];
    return given != R_NilValue ? static_cast<std::size_t>(Rf_asInteger(given)) : at_least_one("group_names");
  }
  std::size_t n_cause() const { return at_least_one("causes"); }
  std::size_t n_cluster() const {
    return clustered() ? static_cast<std::size_t>(Rf_asInteger((*this)["n_cluster"])) : 0;
  }
  cryonodes::Ties ties() const {
    return Rf_asLogical((*this)["timefix"]) != 0 ? cryonodes::Ties::near : cryonodes::Ties::exact;
  }

private:
  static void require(bool fits, const char* what = "a column of the frame has another type than it should") {
    if (!fits)
      throw cryonodes::input_error(what);
  }
  std::size_t at_least_one(const char* labels) const {
    return std::max<std::size_t>(1, static_cast<std::size_t>(Rf_xlength((*this)[labels])));
  }
  SEXP list_; // the caller's: R protects what it hands over
  std::array<const char*, 64> name_; // R takes longer to hand out each than to compare it
  std::size_t size_ = 0;
};

/// The cohort_frame of columns without fault, which most are, but for notes on labels that look alike; NULL of all
/// others. Times are doubles, finite and >= 0, at least one; statuses are as many, 0 or 1, none missing; neither has
/// attributes. `group` is NULL, a factor each level of which has a row, plain text, or whole numbers of small range; at
/// most `most` groups. `by_cause`: statuses are a factor whose first level is censored, or whole numbers with 0 for
/// censored and no gap among the others.
/// For a fit in one call (see plain_fit()) only few rows may be `wanted`, whose times and statuses are then left to
/// whoever orders them; or also very many in two groups that are counted as they are read. Others would be read again.
enum class Rows { any, few, few_or_two_groups };
SEXP plain_frame(SEXP time, SEXP status, SEXP group, SEXP title, int most, Rows wanted, bool by_cause = false);
SEXP plain_frame(SEXP time, SEXP status, SEXP group, int most, Rows wanted, bool by_cause = false);
/// The same of the columns in `Surv(time, status) ~ 1` or `~ group`, all of them names of columns. NULL for all other
/// formulas, and for data whose names need a closer look.
SEXP plain_frame(SEXP formula, SEXP data, int most, Rows wanted, bool by_cause = false);

/// Is the frame plain, and one about which nothing is to be told?
bool needs_no_word(SEXP frame);
/// What `fit` makes of such a frame; NULL of all others, and where a row is not as it should be: that is found again,
/// and told, on the long way.
template <class Fit> SEXP plain_fit(SEXP frame, Fit fit) {
  if (!needs_no_word(frame))
    return R_NilValue;
  try {
    return fit(Frame(frame));
  } catch (const cryonodes::input_error&) {
    return R_NilValue;
  }
}

/// The timeline and the risk table of a frame.
struct Input {
  Input(const Frame& frame, const cryonodes::Poll& poll,
        cryonodes::EntryRows entry_rows = cryonodes::EntryRows::left_out)
      : n_group(frame.n_group()), n_cause(frame.n_cause()), group_(frame.groups(room_)) {
    const auto time = frame.numbers("time"), entry = frame.numbers("entry");
    if (group_.size() == 0) {
      room_.assign(time.size(), 0); // all of one group
      group_ = room_;
    }
    if (frame.counted()) {
      table = cryonodes::make_risk_table(
          cryonodes::Counts{time, group_, frame.numbers("event"), frame.numbers("n_censor"), entry, n_cause}, n_group,
          entry_rows);
      // Of weighted rows the sums of weights are not their number.
      if (const auto given = frame.numbers("n"); given.size() == table.n.size())
        table.n.assign(given.begin(), given.end());
    } else {
      event_ = frame.codes("event");
      weight_ = frame.numbers("weights");
      cluster_ = frame.codes("cluster");
      n_cluster_ = frame.n_cluster();
      timeline = cryonodes::make_timeline(time, frame.ties(), entry, poll);
      table = cryonodes::make_risk_table(timeline, event_, group_, n_group, weight_, n_cause, poll, entry_rows);
    }
    if (frame.reverse()) // censoring is the event
      table = cryonodes::censoring_table(std::move(table));
  }
  std::size_t n_group, n_cause;
  cryonodes::Timeline timeline; ///< empty for counts
  cryonodes::RiskTable table;

  /// Which rows belong together; lives as long as this.
  bool clustered() const { return cluster_.size() > 0; }
  cryonodes::ClusteredRows rows() const {
    return {timeline, event_, group_, weight_, cluster_, n_cluster_};
  }
  cryonodes::ClusterVariance cluster_variance(const cryonodes::Poll& poll) const {
    return cryonodes::cluster_variance(timeline, table, event_, group_, cluster_, n_cluster_, weight_, poll);
  }
  Rcpp::NumericVector rows_by_group() const { return glue::rows_by_group(table.first); }

  Input(const Input&) = delete; // views of its own memory
  Input& operator=(const Input&) = delete;

private:
  std::vector<int> room_;
  cryonodes::span<const int> group_, event_, cluster_;
  cryonodes::span<const double> weight_;
  std::size_t n_cluster_ = 0;
};

/// Copies a column of the core.
inline Rcpp::NumericVector to_column(const std::vector<double>& x) {
  Rcpp::NumericVector column = new_column(x.size());
  std::copy(x.begin(), x.end(), column.begin());
  return column;
}

/// Very many rows, as the reader of their columns leaves them in a frame: counted, or looked through, so that they need
/// only be ordered.
struct ReadRows {
  std::optional<cryonodes::CountedRows> counted;
  std::optional<cryonodes::OrderedRows> checked;
};

/// Rows that count one each and are there from the start, in their order, or counted already; nothing for other rows.
inline cryonodes::RowsInOrder order_rows(const Frame& frame, const cryonodes::Poll& poll, int threads = 1) {
  cryonodes::RowsInOrder out;
  if (frame.counted() || frame.has("entry") || frame.has("weights") || frame.reverse())
    return out;
  const SEXP read = frame["read_rows"];
  if (read != R_NilValue && R_ExternalPtrAddr(read) != nullptr) { // for the first who asks
    const std::unique_ptr<ReadRows> rows(static_cast<ReadRows*>(R_ExternalPtrAddr(read)));
    R_ClearExternalPtr(read);
    out.counted = std::move(rows->counted);
    out.ordered = std::move(rows->checked);
    if (out.ordered)
      out.ordered->order(frame.numbers("time"), frame.codes("event"), frame.codes("group"), frame.ties(), poll,
                         static_cast<std::size_t>(threads));
    return out;
  }
  return cryonodes::order_rows(frame.numbers("time"), frame.codes("event"), frame.codes("group"), frame.n_group(),
                               frame.ties(), poll, frame.n_cause(), static_cast<std::size_t>(threads),
                               frame.first_group());
}

/// The same, all of them counted.
inline std::optional<cryonodes::CountedRows> count_rows(const Frame& frame, const cryonodes::Poll& poll,
                                                        int threads = 1) {
  return order_rows(frame, poll, threads).all_counted(poll);
}

/// The risk table of counted rows.
inline cryonodes::RiskTable table_of(const cryonodes::CountedRows& counted) {
  cryonodes::RiskTable table;
  table.first = counted.first;
  table.n = counted.n;
  table.n_cause = counted.n_cause;
  for (auto* column : {&table.time, &table.n_risk, &table.n_event, &table.n_censor})
    column->resize(counted.rows());
  if (table.n_cause > 1)
    table.cause_events.resize(table.n_cause * counted.rows());
  counted.write({table.time.data(), table.n_risk.data(), table.n_event.data(), table.n_censor.data(),
                 table.cause_events.data()});
  return table;
}

/// The risk table of a frame, for who needs nothing else of its rows.
struct TableOfRows {
  TableOfRows(const Frame& frame, const cryonodes::Poll& poll,
              cryonodes::EntryRows entry_rows = cryonodes::EntryRows::left_out) {
    if (const auto counted = count_rows(frame, poll)) {
      table = table_of(*counted);
      n_time_merged = counted->n_time_merged;
    } else {
      Input in(frame, poll, entry_rows);
      table = std::move(in.table);
      n_time_merged = in.timeline.n_time_merged;
    }
  }
  cryonodes::RiskTable table;
  std::size_t n_time_merged = 0;
};

/// As R shows it: undefined is NA.
inline Rcpp::NumericVector shown(const std::vector<double>& x) {
  Rcpp::NumericVector out = to_column(x);
  for (double& value : out)
    if (std::isnan(value))
      value = NA_REAL;
  return out;
}

/// R's spelling of ConfType; what it can be is checked in R.
inline cryonodes::ConfType conf_type(const std::string& name) {
  const char* const names[] = {"plain", "log",        "log-log",    "logit",  "arcsin",
                               "bpcp",  "bpcp mid-p", "likelihood", "rothman"};
  for (int i = 0; i < 9; ++i)
    if (name == names[i])
      return static_cast<cryonodes::ConfType>(i);
  throw cryonodes::input_error("unknown conf_type");
}

/// Looks for an interrupt ten times a second at most, and then tells `progress` (an R function of one
/// number, or NULL) how far the work is. Rcpp::checkUserInterrupt() throws, so destructors run.
class RPoll {
public:
  explicit RPoll(Rcpp::Nullable<Rcpp::Function> progress) : progress_(progress) {}
  void operator()(double share) {
    const auto now = std::chrono::steady_clock::now();
    if (now - last_ < std::chrono::milliseconds(100))
      return;
    last_ = now;
    Rcpp::checkUserInterrupt();
    if (progress_.isNotNull())
      Rcpp::Function(progress_.get())(share);
  }

private:
  Rcpp::Nullable<Rcpp::Function> progress_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

} // namespace glue

#endif
