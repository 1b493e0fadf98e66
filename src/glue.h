#ifndef CRYONODES_GLUE_HPP
#define CRYONODES_GLUE_HPP

// What every glue file needs: views over R's memory, lists out, and a poll that R can interrupt.

#include <chrono>
#include <optional>

#include <RcppArmadillo.h>

#include "cryonodes.hpp"

namespace glue {

inline cryonodes::span<const double> view(const Rcpp::NumericVector& x) {
  return {x.begin(), static_cast<std::size_t>(x.size())};
}
inline cryonodes::span<const int> view(const Rcpp::IntegerVector& x) {
  return {x.begin(), static_cast<std::size_t>(x.size())};
}

/// Event codes as R has them: logical ones are read where they are, not copied.
inline cryonodes::span<const int> view_codes(SEXP x) {
  const int* codes = TYPEOF(x) == LGLSXP ? LOGICAL(x) : INTEGER(x);
  return {codes, static_cast<std::size_t>(Rf_xlength(x))};
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

/// What R's frame_core() hands over: rows (time, entry, event, group, weight, cluster) or counts, and how many groups
/// and causes there are.
struct Input {
  Input(const Rcpp::List& frame, const cryonodes::Poll& poll)
      : n_group(static_cast<std::size_t>(Rcpp::as<int>(frame["n_group"]))),
        n_cause(static_cast<std::size_t>(Rcpp::as<int>(frame["n_cause"]))), group_(frame["group"]) {
    const Rcpp::NumericVector time = frame["time"], entry = frame["entry"];
    if (group_.size() == 0)
      group_ = Rcpp::IntegerVector(time.size()); // all of one group
    if (Rcpp::as<bool>(frame["counted"])) {
      const Rcpp::NumericVector events = frame["event"], censor = frame["n_censor"];
      table = cryonodes::make_risk_table(
          cryonodes::Counts{view(time), view(group_), view(events), view(censor), view(entry), n_cause}, n_group);
    } else {
      const auto ties = Rcpp::as<bool>(frame["timefix"]) ? cryonodes::Ties::near : cryonodes::Ties::exact;
      event_ = Rcpp::as<Rcpp::IntegerVector>(frame["event"]);
      weight_ = Rcpp::as<Rcpp::NumericVector>(frame["weight"]);
      cluster_ = Rcpp::as<Rcpp::IntegerVector>(frame["cluster"]);
      n_cluster_ = static_cast<std::size_t>(Rcpp::as<int>(frame["n_cluster"]));
      timeline = cryonodes::make_timeline(view(time), ties, view(entry), poll);
      table = cryonodes::make_risk_table(timeline, view(event_), view(group_), n_group, view(weight_), n_cause, poll);
    }
    if (Rcpp::as<bool>(frame["reverse"])) // censoring is the event
      table = cryonodes::censoring_table(std::move(table));
  }
  std::size_t n_group, n_cause;
  cryonodes::Timeline timeline; ///< empty for counts
  cryonodes::RiskTable table;

  /// Which rows belong together; lives as long as this.
  bool clustered() const { return cluster_.size() > 0; }
  cryonodes::ClusteredRows rows() const {
    return {timeline, view(event_), view(group_), view(weight_), view(cluster_), n_cluster_};
  }
  cryonodes::ClusterVariance cluster_variance(const cryonodes::Poll& poll) const {
    return cryonodes::cluster_variance(timeline, table, view(event_), view(group_), view(cluster_), n_cluster_,
                                       view(weight_), poll);
  }
  Rcpp::NumericVector rows_by_group() const { return glue::rows_by_group(table.first); }

private:
  Rcpp::IntegerVector group_, event_, cluster_;
  Rcpp::NumericVector weight_;
  std::size_t n_cluster_ = 0;
};

/// Copies a column of the core.
inline Rcpp::NumericVector to_column(const std::vector<double>& x) {
  Rcpp::NumericVector column = new_column(x.size());
  std::copy(x.begin(), x.end(), column.begin());
  return column;
}

/// Rows that count one each and are there from the start, counted as they are ordered; nothing for other rows.
inline std::optional<cryonodes::CountedRows> count_rows(const Rcpp::List& frame, const cryonodes::Poll& poll,
                                                        int threads = 1) {
  const Rcpp::NumericVector entry = frame["entry"], weight = frame["weight"];
  if (Rcpp::as<bool>(frame["counted"]) || entry.size() > 0 || weight.size() > 0 ||
      Rcpp::as<bool>(frame["reverse"]))
    return std::nullopt;
  const SEXP counted = frame["counted_rows"]; // by the reader of the columns, for the first who asks
  if (counted != R_NilValue && R_ExternalPtrAddr(counted) != nullptr) {
    const std::unique_ptr<cryonodes::CountedRows> rows(
        static_cast<cryonodes::CountedRows*>(R_ExternalPtrAddr(counted)));
    R_ClearExternalPtr(counted);
    return std::move(*rows);
  }
  const Rcpp::NumericVector time = frame["time"];
  const Rcpp::IntegerVector group = frame["group"];
  const auto ties = Rcpp::as<bool>(frame["timefix"]) ? cryonodes::Ties::near : cryonodes::Ties::exact;
  return cryonodes::count_rows(view(time), view_codes(frame["event"]), view(group),
                               static_cast<std::size_t>(Rcpp::as<int>(frame["n_group"])), ties, poll,
                               static_cast<std::size_t>(Rcpp::as<int>(frame["n_cause"])),
                               static_cast<std::size_t>(threads));
}

/// The risk table of a frame, for who needs nothing else of its rows.
struct TableOfRows {
  explicit TableOfRows(const Rcpp::List& frame, const cryonodes::Poll& poll) {
    const auto counted = count_rows(frame, poll);
    if (!counted) {
      Input in(frame, poll);
      table = std::move(in.table);
      n_time_merged = in.timeline.n_time_merged;
      return;
    }
    table.first = counted->first;
    table.n = counted->n;
    table.n_cause = counted->n_cause;
    for (auto* column : {&table.time, &table.n_risk, &table.n_event, &table.n_censor})
      column->resize(counted->rows());
    if (table.n_cause > 1)
      table.cause_events.resize(table.n_cause * counted->rows());
    counted->write({table.time.data(), table.n_risk.data(), table.n_event.data(), table.n_censor.data(),
                    table.cause_events.data()});
    n_time_merged = counted->n_time_merged;
  }
  cryonodes::RiskTable table;
  std::size_t n_time_merged = 0;
};

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
