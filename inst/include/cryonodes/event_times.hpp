#ifndef CRYONODES_EVENT_TIMES_HPP
#define CRYONODES_EVENT_TIMES_HPP

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "cryonodes/counted_rows.hpp"
#include "cryonodes/error.hpp"
#include "cryonodes/ordered_rows.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/risk_table.hpp"

namespace cryonodes {

/// A time of a stratum at which somebody has the event, seen by all groups together. The pointers hold one number per
/// group and are good for the moment.
struct EventTime {
  std::size_t stratum;
  double time;
  double n; ///< at risk, all groups
  double d; ///< events, all groups
  const double* n_risk;
  const double* n_event;
};

/// A time of a stratum at which somebody has an event of any cause. The pointers are good for the moment.
struct CauseTime {
  std::size_t stratum;
  const double* n_risk; ///< one number per group
  struct Cell {
    std::size_t group, cause; ///< from 0, and from 1
    double n;                 ///< events
  };
  const Cell* cell; ///< where there are events
  std::size_t n_cell;
};

namespace detail {

/// The events of a time by group and cause, counted row by row.
class EventCells {
public:
  EventCells(std::size_t n_group, std::size_t n_cause)
      : n_code_(n_cause + 1), count_(n_group * n_code_, 0.0), cell_(n_group * n_cause + 1) {}
  /// Cause 0 is a censoring. No jump on who it is: none could be foreseen.
  void add(std::size_t group, std::size_t cause) {
    double& events = count_[group * n_code_ + cause]; // of censorings it stays 0
    cell_[size_] = {group, cause, 0.0};
    size_ += static_cast<unsigned>(cause != 0) & static_cast<unsigned>(events == 0.0);
    events += cause != 0 ? 1.0 : 0.0;
  }
  /// The time is over, and visited if somebody had an event.
  template <class Visit> void close(std::size_t stratum, const double* n_risk, Visit&& visit) {
    for (std::size_t j = 0; j < size_; ++j)
      cell_[j].n = std::exchange(count_[cell_[j].group * n_code_ + cell_[j].cause], 0.0);
    if (size_ > 0)
      visit(CauseTime{stratum, n_risk, cell_.data(), std::exchange(size_, 0)});
  }

private:
  std::size_t n_code_;
  std::vector<double> count_; // group by group, a place for each cause and one for censorings
  std::vector<CauseTime::Cell> cell_;
  std::size_t size_ = 0;
};

/// Rows by cell, within a cell by time, as merge_groups() reads them.
struct TableSource {
  const RiskTable& table;
  const std::vector<std::size_t>& first() const { return table.first; }
  std::size_t n_cause() const { return table.n_cause; }
  double time(std::size_t row) const { return table.time[row]; }
  double events(std::size_t row) const { return table.n_event[row]; }
  double of_cause(std::size_t row, std::size_t cause) const { return table.events_of(cause)[row]; }
  /// At risk at `row` of the cell; `before` were so at the row before, if it is not the first.
  double at_risk(std::size_t, std::size_t row, double) const { return table.n_risk[row]; }
};
struct CountedSource {
  const CountedRows& counted;
  const std::vector<std::size_t>& first() const { return counted.first; }
  std::size_t n_cause() const { return counted.n_cause; }
  double time(std::size_t row) const { return counted.time[row]; }
  double events(std::size_t row) const { return static_cast<std::uint32_t>(counted.leaving[row]); }
  double of_cause(std::size_t row, std::size_t cause) const {
    return counted.n_cause == 1 ? events(row) : counted.cause_events[row * counted.n_cause + cause - 1];
  }
  double at_risk(std::size_t cell, std::size_t row, double before) const {
    return row == counted.first[cell]
               ? counted.n[cell]
               : before - events(row - 1) - static_cast<double>(counted.leaving[row - 1] >> 32);
  }
};

/// Visits EventTime, or CauseTime where `causes` are wanted.
template <bool causes = false, class Source, class Visit>
void merge_groups(const Source& rows, std::size_t n_group, Visit visit, const Poll& poll) {
  const std::vector<std::size_t>& first = rows.first();
  require(n_group > 0 && (first.size() - 1) % n_group == 0, "the risk table has not one cell per stratum and group");
  constexpr double never = std::numeric_limits<double>::infinity();
  std::vector<std::size_t> row(n_group), end(n_group), here(n_group + 1);
  std::vector<double> next(n_group), n_risk(n_group), n_event(n_group, 0.0);
  std::vector<CauseTime::Cell> cell(causes ? n_group * rows.n_cause() + 1 : 0);
  std::size_t done = 0;
  for (std::size_t s = 0; s * n_group + 1 < first.size(); ++s) {
    double n = 0.0;
    const auto arrive = [&](std::size_t g) { // at the row that comes next in group g, or at none
      const bool there = row[g] < end[g];
      next[g] = there ? rows.time(row[g]) : never;
      // Nobody enters or leaves between two rows: who is at risk at the later one is so since the earlier.
      const double before = n_risk[g];
      n_risk[g] = there ? rows.at_risk(s * n_group + g, row[g], before) : 0.0;
      n += n_risk[g] - before;
    };
    for (std::size_t g = 0; g < n_group; ++g) {
      row[g] = first[s * n_group + g];
      end[g] = first[s * n_group + g + 1];
      n_risk[g] = 0.0;
      arrive(g);
    }
    for (;;) {
      double time = never, d = 0.0;
      for (const double t : next)
        time = t < time ? t : time;
      if (time == never)
        break;
      std::size_t n_here = 0;
      for (std::size_t g = 0; g < n_group; ++g) { // no jump on which group it is: none could be foreseen
        here[n_here] = g;
        n_here += next[g] == time ? 1U : 0U;
      }
      if constexpr (causes) {
        std::size_t n_cell = 0;
        for (std::size_t j = 0; j < n_here; ++j)
          for (std::size_t c = 1; c <= rows.n_cause(); ++c) {
            const double events = rows.of_cause(row[here[j]], c);
            cell[n_cell] = {here[j], c, events};
            n_cell += events > 0.0 ? 1U : 0U;
          }
        if (n_cell > 0)
          visit(CauseTime{s, n_risk.data(), cell.data(), n_cell});
      } else {
        for (std::size_t j = 0; j < n_here; ++j)
          d += n_event[here[j]] = rows.events(row[here[j]]);
        if (d > 0.0)
          visit(EventTime{s, time, n, d, n_risk.data(), n_event.data()});
      }
      for (std::size_t j = 0; j < n_here; ++j) {
        const std::size_t g = here[j];
        n_event[g] = 0.0;
        ++row[g];
        arrive(g);
        if (poll && ++done % 1024 == 0)
          poll(static_cast<double>(done) / static_cast<double>(first.back()));
      }
    }
  }
}

} // namespace detail

/// Calls `visit` with each event time, stratum by stratum, in order of time.
/// @param table one cell per stratum and group, cell = stratum * n_group + group. With delayed entry it has a row for
/// each entry as well: see make_risk_table().
/// @param poll asked now and then with the share of rows that are done.
/// @throws input_error when the table has not one cell per stratum and group. O(rows * n_group).
template <class Visit>
void each_event_time(const RiskTable& table, std::size_t n_group, Visit visit, const Poll& poll = {}) {
  detail::merge_groups(detail::TableSource{table}, n_group, visit, poll);
}

/// The same of rows that count one each and are there from the start; cells as above.
template <class Visit>
void each_event_time(const CountedRows& counted, std::size_t n_group, Visit visit, const Poll& poll = {}) {
  detail::merge_groups(detail::CountedSource{counted}, n_group, visit, poll);
}

/// The same of such rows in their order, one stratum: they need not be counted first.
template <class Visit>
void each_event_time(OrderedRows& rows, std::size_t n_group, Visit visit, const Poll& poll = {}) {
  detail::require(rows.n_group() == n_group, "ordered rows are of one stratum");
  std::vector<double> n_risk(n_group), n_event(n_group, 0.0), leaving(n_group, 0.0);
  for (std::size_t g = 0; g < n_group; ++g)
    n_risk[g] = rows.in_group(g);
  double n = static_cast<double>(rows.size()), d = 0.0, gone = 0.0, now = 0.0;
  const auto depart = [&] { // those whose time this was
    if (d > 0.0)
      visit(EventTime{0, now, n, d, n_risk.data(), n_event.data()});
    for (std::size_t g = 0; g < n_group; ++g) {
      n_risk[g] -= leaving[g];
      n_event[g] = leaving[g] = 0.0;
    }
    n -= gone;
    d = gone = 0.0;
  };
  rows.each(
      [&](bool new_time, double time, std::size_t group, std::uint64_t event) {
        if (new_time) {
          depart();
          now = time;
        }
        const double dies = event != 0 ? 1.0 : 0.0;
        n_event[group] += dies;
        d += dies;
        leaving[group] += 1.0;
        gone += 1.0;
      },
      poll);
  depart();
}

/// Calls `visit` with each time at which somebody has an event of any cause, a CauseTime. Sources as above.
template <class Visit>
void each_cause_time(const RiskTable& table, std::size_t n_group, Visit visit, const Poll& poll = {}) {
  detail::merge_groups<true>(detail::TableSource{table}, n_group, visit, poll);
}
template <class Visit>
void each_cause_time(const CountedRows& counted, std::size_t n_group, Visit visit, const Poll& poll = {}) {
  detail::merge_groups<true>(detail::CountedSource{counted}, n_group, visit, poll);
}
template <class Visit>
void each_cause_time(OrderedRows& rows, std::size_t n_group, Visit visit, const Poll& poll = {}) {
  detail::require(rows.n_group() == n_group, "ordered rows are of one stratum");
  std::vector<double> n_risk(n_group), left(n_group);
  std::vector<std::size_t> here(n_group + 1); // groups in which somebody leaves now
  detail::EventCells cells(n_group, rows.n_cause());
  std::size_t n_here = 0;
  for (std::size_t g = 0; g < n_group; ++g)
    n_risk[g] = left[g] = rows.in_group(g);
  const auto depart = [&] { // those whose time this was
    cells.close(0, n_risk.data(), visit);
    for (std::size_t j = 0; j < n_here; ++j)
      n_risk[here[j]] = left[here[j]];
    n_here = 0;
  };
  rows.each(
      [&](bool new_time, double, std::size_t group, std::uint64_t event) {
        if (new_time)
          depart();
        here[n_here] = group;
        n_here += left[group] == n_risk[group] ? 1U : 0U;
        left[group] -= 1.0;
        cells.add(group, event);
      },
      poll);
  depart();
}

namespace detail {

inline std::vector<double> leaving_by_group(const RiskTable& table, std::size_t n_group) {
  std::vector<double> out(n_group, 0.0);
  for (std::size_t cell = 0; cell < table.n_group(); ++cell)
    for (std::size_t row = table.first[cell]; row < table.first[cell + 1]; ++row) {
      const double leaving = table.n_event[row] + table.n_censor[row];
      require(table.n_event[row] == std::floor(table.n_event[row]) && leaving == std::floor(leaving),
              "the log-rank test takes whole counts, not weights");
      out[cell % n_group] += leaving;
    }
  return out;
}
inline std::vector<double> leaving_by_group(const CountedRows& counted, std::size_t n_group) {
  std::vector<double> out(n_group, 0.0);
  for (std::size_t cell = 0; cell < counted.n.size(); ++cell)
    out[cell % n_group] += counted.n[cell];
  return out;
}
inline std::vector<double> leaving_by_group(const OrderedRows& rows, std::size_t n_group) {
  std::vector<double> out;
  for (std::size_t g = 0; g < n_group; ++g)
    out.push_back(rows.in_group(g));
  return out;
}

} // namespace detail

} // namespace cryonodes

#endif
