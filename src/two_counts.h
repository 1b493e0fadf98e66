#ifndef CRYONODES_TWO_COUNTS_H
#define CRYONODES_TWO_COUNTS_H

// R's spelling of the choices of tests of two proportions; what they can be is checked in R.

#include <string>

#include "cryonodes.hpp"

namespace glue {

inline cryonodes::Sides sides(const std::string& alternative) {
  return alternative == "less"      ? cryonodes::Sides::less
         : alternative == "greater" ? cryonodes::Sides::greater
                                    : cryonodes::Sides::two;
}

inline cryonodes::Measure measure(const std::string& name) {
  return name == "ratio"        ? cryonodes::Measure::ratio
         : name == "odds ratio" ? cryonodes::Measure::odds_ratio
                                : cryonodes::Measure::difference;
}

} // namespace glue

#endif
