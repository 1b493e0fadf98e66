#ifndef CRYONODES_DERIVED_COLUMNS_HPP
#define CRYONODES_DERIVED_COLUMNS_HPP

#include "glue.h"

namespace glue {

/// The columns of a survfit, in its order. All follow from the times and from who leaves at each: 16 bytes a row.
enum class Column { time, n_risk, n_event, n_censor, estimate, std_error_log, cumhaz, std_chaz, conf_low, conf_high };
constexpr std::size_t n_column = 10;

/// Columns of R's that are computed when somebody reads one of them: to write them all costs more than to order the
/// rows. They come in three parts, the counts, the curve, the limits; read one column and the others of its part are
/// there. No part may take long, since R cannot be interrupted while it reads: intervals that cost more than a few
/// operations a row are not for this road.
class DerivedColumns {
public:
  DerivedColumns(cryonodes::CountedRows counted, const cryonodes::KaplanMeierOptions& options);
  SEXP operator[](Column column) const;

  /// Fewer rows than these are computed at once: that takes no longer than to promise them.
  static constexpr std::size_t worth = 4096;
  static bool possible(cryonodes::ConfType type) {
    return cryonodes::is_transformed(type) || type == cryonodes::ConfType::rothman;
  }

private:
  Rcpp::Shield<SEXP> source_;
};

} // namespace glue

#endif
