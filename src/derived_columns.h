#ifndef CRYONODES_DERIVED_COLUMNS_HPP
#define CRYONODES_DERIVED_COLUMNS_HPP

#include "glue.h"

namespace glue {

/// What columns are derived from, and how. Columns are numbered from 0; column 0 are the times.
class ColumnSource {
public:
  explicit ColumnSource(cryonodes::CountedRows rows) : counted(std::move(rows)) {}
  virtual ~ColumnSource() = default;
  /// Numbers in a column: a matrix has as many as rows times columns.
  virtual std::size_t size(std::size_t) const { return counted.rows(); }
  /// Computes a column and those that come with it: takes memory by new_column() for each and fills it. R cannot be
  /// interrupted meanwhile. new_column() may leave by a jump of R's, so it comes before anything with a destructor.
  virtual void compute(std::size_t column) = 0;

  cryonodes::CountedRows counted;

protected:
  double* new_column(std::size_t column);
  bool has(std::size_t column) const;
  double* numbers(std::size_t column) const;

private:
  friend class DerivedColumns;
  SEXP computed(std::size_t column) const; // or R's NULL
  void read(std::size_t column);
  // Lists of R's. What an attempt has computed counts only once it has come to its end.
  SEXP list_ = nullptr, attempt_ = nullptr;
};

/// Columns of R's that are computed when somebody reads one of them: to write them all costs more than to order the
/// rows. To all who read it such a column is an ordinary numeric vector.
class DerivedColumns {
public:
  DerivedColumns(std::unique_ptr<ColumnSource> source, std::size_t n_column);
  Rcpp::RObject operator[](std::size_t column) const;
  /// The numbers of a column, computed if need be; null where memory is lacking.
  static double* numbers(ColumnSource& source, std::size_t column);
  static bool known(const ColumnSource& source, std::size_t column);

  /// Fewer rows than these are computed at once: that takes no longer than to promise them.
  static constexpr std::size_t worth = 4096;

private:
  Rcpp::Shield<SEXP> pointer_;
};

} // namespace glue

#endif
