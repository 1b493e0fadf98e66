#ifndef CRYONODES_HPP
#define CRYONODES_HPP

/// The whole core, in the order in which it builds on itself. C++17, no R.

#include "cryonodes/error.hpp"
#include "cryonodes/poll.hpp"
#include "cryonodes/span.hpp"
#include "cryonodes/sums.hpp"
#include "cryonodes/tails.hpp"
#include "cryonodes/beta.hpp"
#include "cryonodes/timeline.hpp"
#include "cryonodes/risk_table.hpp"
#include "cryonodes/interval.hpp"
#include "cryonodes/kaplan_meier.hpp"
#include "cryonodes/confidence_band.hpp"
#include "cryonodes/printed_curve.hpp"
#include "cryonodes/group_graph.hpp"
#include "cryonodes/first_solution.hpp"
#include "cryonodes/reconstruct.hpp"
#include "cryonodes/fisher.hpp"
#include "cryonodes/logrank.hpp"

#endif
