#ifndef CRYONODES_GRAY_HPP
#define CRYONODES_GRAY_HPP

#include <cstddef>
#include <type_traits>
#include <vector>

#include "cryonodes/error.hpp"
#include "cryonodes/event_times.hpp"
#include "cryonodes/gray_sums.hpp"
#include "cryonodes/ordered_rows.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/risk_table.hpp"

namespace cryonodes {

struct GrayOptions {
  double rho = 0.0; ///< >= 0, finite: a time counts for (1 - F)^rho, F the pooled incidence just before it
};

/// Gray's test (1988) that the incidence of one cause is the same in all groups, stratum by stratum.
///
/// With n_i at risk in group i at a time, S_i its probability of no event and F_i its incidence of the cause just
/// before it, r_i = n_i / S_i, R = sum r_i, and d events of the cause, d_i of them in group i:
///   pooled incidence F += d / R,   weight = (1 - F)^rho, F before the time,
///   expected_i += d h_i / sum h,   h_i = r_i (1 - F_i),   score_i += weight (d_i - d h_i / sum h).
/// The covariance follows each event into the scores of all later times (section 3 of the paper), with
///   a_ik = weight r_i ([i = k] - r_k / R),   dc_ik = a_ik d / (R (1 - F)),
/// an event of the cause: t4_k = 1 - (1 - F) / S_k after the time, w_k = d / (R r_k) (m - d) / (m - 1) with m = R S_k,
/// one of another: t4_k = (1 - F) / S_k, w_k = e_k / r_k^2 (n_k - e_k) / (n_k - 1), the last factor of either 1 for one
/// event. Where S_k is 0 after the time, t4_k is 1, and 0 for other causes. These are the conventions of the program of
/// the paper's author, in the R package cmprsk.
///
/// Degrees of freedom are one less than the groups of each connected part. A statistic with a covariance that is not
/// positive definite there, as few and much tied events can have it, is undefined.
///
/// @param source a risk table, counted or ordered rows, cells as in each_cause_time(). Of a table whole counts, to
/// which rows of a whole weight add up; no delayed entry.
/// @param causes codes of the causes of interest, from 1, each once: one walk for the tests of all.
/// @throws input_error when the source does not fit. O(rows * n_group + event times * n_group^2).
template <class Source>
std::vector<GrayResult> gray(Source&& source, std::size_t n_group, const std::vector<std::size_t>& causes,
                             const GrayOptions& options = {}, const Poll& poll = {}) {
  if constexpr (std::is_same_v<std::decay_t<Source>, RiskTable>)
    detail::require(!source.delayed_entry, "Gray's test is for rows that are there from the start");
  std::size_t n_cause = 0;
  if constexpr (std::is_same_v<std::decay_t<Source>, OrderedRows>)
    n_cause = source.n_cause();
  else
    n_cause = source.n_cause;
  detail::GraySums sums(n_group, n_cause, causes, options.rho);
  std::size_t stratum = 0, work = 0;
  each_cause_time(
      source, n_group,
      [&](const CauseTime& at) {
        if (at.stratum != stratum) {
          sums.start_stratum();
          stratum = at.stratum;
        }
        sums.at(at);
        // Of very many groups a time is long.
        work += n_group * n_group;
        if (poll && work > std::size_t{1} << 22) {
          poll(-1.0);
          work = 0;
        }
      },
      poll);
  const std::vector<double> n = detail::leaving_by_group(source, n_group);
  std::vector<GrayResult> out;
  for (std::size_t c = 0; c < causes.size(); ++c) {
    out.push_back(sums.result(c));
    out.back().n = n;
  }
  return out;
}

} // namespace cryonodes

#endif
