#ifndef CRYONODES_PLAIN_TABLE_HPP
#define CRYONODES_PLAIN_TABLE_HPP

// Timeline and risk table as their definitions read, ordered by comparison: what the quick ones are held against.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <utility>
#include <vector>

#include "cryonodes/risk_table.hpp"

template <class T> bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

inline cryonodes::Timeline plain_timeline(const std::vector<double>& time, cryonodes::Ties ties,
                                          const std::vector<double>& entry = {}) {
  std::vector<double> sorted(time);
  sorted.insert(sorted.end(), entry.begin(), entry.end());
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  double mean = 0.0;
  for (double t : sorted)
    mean += std::fabs(t) / static_cast<double>(sorted.size());
  const double tolerance = std::sqrt(std::numeric_limits<double>::epsilon());

  cryonodes::Timeline out;
  std::vector<std::uint32_t> id;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const double gap = i == 0 ? 0.0 : sorted[i] - sorted[i - 1];
    if (i > 0 && ties == cryonodes::Ties::near && (gap <= tolerance || gap / mean <= tolerance))
      ++out.n_time_merged;
    else
      out.time.push_back(sorted[i] + 0.0);
    id.push_back(static_cast<std::uint32_t>(out.time.size() - 1));
  }
  const auto find = [&](double t) {
    return id[static_cast<std::size_t>(std::lower_bound(sorted.begin(), sorted.end(), t) - sorted.begin())];
  };
  for (double t : time)
    out.exit_id.push_back(find(t));
  for (double t : entry)
    out.entry_id.push_back(find(t));
  return out;
}

/// Each cell of group and time is summed up in the order of the rows.
inline cryonodes::RiskTable plain_risk_table(const cryonodes::Timeline& timeline, const std::vector<int>& event,
                                             const std::vector<int>& group, std::size_t n_group,
                                             const std::vector<double>& weight, std::size_t n_cause) {
  struct Cell {
    double events = 0.0, censored = 0.0, entered = 0.0;
    std::vector<double> by_cause;
  };
  std::map<std::pair<int, std::uint32_t>, Cell> cells;
  cryonodes::RiskTable out;
  out.n_cause = n_cause;
  out.delayed_entry = !timeline.entry_id.empty();
  out.n.assign(n_group, 0.0);
  for (std::size_t i = 0; i < event.size(); ++i) {
    const double w = weight.empty() ? 1.0 : weight[i];
    Cell& leaves = cells[{group[i], timeline.exit_id[i]}];
    leaves.by_cause.resize(n_cause);
    (event[i] > 0 ? leaves.events : leaves.censored) += w;
    if (event[i] > 0)
      leaves.by_cause[static_cast<std::size_t>(event[i]) - 1] += w;
    if (out.delayed_entry)
      cells[{group[i], timeline.entry_id[i]}].entered += w;
    out.n[static_cast<std::size_t>(group[i])] += w > 0.0 ? 1.0 : 0.0;
  }
  std::vector<std::vector<double>> causes(n_cause);
  auto cell = cells.begin();
  for (std::size_t g = 0; g < n_group; ++g) {
    const std::size_t first = out.rows();
    out.first.push_back(first);
    cryonodes::CompensatedSum present;
    for (; cell != cells.end() && cell->first.first == static_cast<int>(g); ++cell) {
      const Cell& c = cell->second;
      const double left = c.events + c.censored;
      if (left > 0.0) {
        out.time_id.push_back(cell->first.second);
        out.time.push_back(timeline.time[cell->first.second]);
        out.n_event.push_back(c.events);
        out.n_censor.push_back(c.censored);
        out.n_risk.push_back(std::max(present.value(), left));
        for (std::size_t k = 0; k < n_cause; ++k)
          causes[k].push_back(c.by_cause[k]);
        present.add(-left);
      }
      present.add(c.entered);
    }
    double at_risk = 0.0;
    for (std::size_t i = out.rows(); i-- > first && !out.delayed_entry;)
      out.n_risk[i] = at_risk += out.n_event[i] + out.n_censor[i];
  }
  out.first.push_back(out.rows());
  for (const auto& column : causes)
    if (n_cause > 1)
      out.cause_events.insert(out.cause_events.end(), column.begin(), column.end());
  return out;
}

#endif
