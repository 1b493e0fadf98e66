#ifndef CRYONODES_HPP
#define CRYONODES_HPP

/// The whole core, in the order in which it builds on itself. C++17, no R.

#include "cryonodes/counted_rows.hpp"
#include "cryonodes/error.hpp"
#include "cryonodes/memory.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/sort_keys.hpp"
#include "cryonodes/span.hpp"
#include "cryonodes/sums.hpp"
#include "cryonodes/tails.hpp"
#include "cryonodes/beta.hpp"
#include "cryonodes/timeline.hpp"
#include "cryonodes/risk_table.hpp"
#include "cryonodes/interval.hpp"
#include "cryonodes/kaplan_meier.hpp"
#include "cryonodes/restricted_mean.hpp"
#include "cryonodes/follow_up.hpp"
#include "cryonodes/nelson_aalen.hpp"
#include "cryonodes/wide.hpp"
#include "cryonodes/cumulative_incidence.hpp"
#include "cryonodes/cluster_variance.hpp"
#include "cryonodes/random.hpp"
#include "cryonodes/threads.hpp"
#include "cryonodes/cluster_bootstrap.hpp"
#include "cryonodes/confidence_band.hpp"
#include "cryonodes/printed_curve.hpp"
#include "cryonodes/group_graph.hpp"
#include "cryonodes/first_solution.hpp"
#include "cryonodes/reconstruct.hpp"
#include "cryonodes/fisher.hpp"
#include "cryonodes/logrank.hpp"
#include "cryonodes/logrank_rows.hpp"
#include "cryonodes/permutation.hpp"
#include "cryonodes/permutation_tail.hpp"

#endif
