#ifndef CRYONODES_GLUE_HPP
#define CRYONODES_GLUE_HPP

// What every glue file needs: views over R's memory, lists out, and a poll that R can interrupt.

#include <chrono>

#include <RcppArmadillo.h>

#include "cryonodes.hpp"

namespace glue {

inline cryonodes::span<const double> view(const Rcpp::NumericVector& x) {
  return {x.begin(), static_cast<std::size_t>(x.size())};
}
inline cryonodes::span<const int> view(const Rcpp::IntegerVector& x) {
  return {x.begin(), static_cast<std::size_t>(x.size())};
}

/// What R's frame_core() hands over: rows (time, entry, event, group, weight) or counts, and how many groups and
/// causes there are.
struct Input {
  explicit Input(const Rcpp::List& frame)
      : n_group(static_cast<std::size_t>(Rcpp::as<int>(frame["n_group"]))),
        n_cause(static_cast<std::size_t>(Rcpp::as<int>(frame["n_cause"]))) {
    const Rcpp::NumericVector time = frame["time"], entry = frame["entry"];
    const Rcpp::IntegerVector group = frame["group"];
    if (Rcpp::as<bool>(frame["counted"])) {
      const Rcpp::NumericVector events = frame["event"], censor = frame["n_censor"];
      table = cryonodes::make_risk_table(
          cryonodes::Counts{view(time), view(group), view(events), view(censor), view(entry), n_cause}, n_group);
      return;
    }
    const auto ties = Rcpp::as<bool>(frame["timefix"]) ? cryonodes::Ties::near : cryonodes::Ties::exact;
    const Rcpp::IntegerVector event = frame["event"];
    const Rcpp::NumericVector weight = frame["weight"];
    timeline = cryonodes::make_timeline(view(time), ties, view(entry));
    table = cryonodes::make_risk_table(timeline, view(event), view(group), n_group, view(weight), n_cause);
  }
  std::size_t n_group, n_cause;
  cryonodes::Timeline timeline; ///< empty for counts
  cryonodes::RiskTable table;

  /// Rows of the table in each group, as R counts them.
  Rcpp::NumericVector rows_by_group() const {
    Rcpp::NumericVector rows(static_cast<R_xlen_t>(n_group));
    for (std::size_t g = 0; g < n_group; ++g)
      rows[static_cast<R_xlen_t>(g)] = static_cast<double>(table.first[g + 1] - table.first[g]);
    return rows;
  }
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
