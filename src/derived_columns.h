#ifndef CRYONODES_DERIVED_COLUMNS_HPP
#define CRYONODES_DERIVED_COLUMNS_HPP

#include "glue.h"

namespace glue {

/// What columns are derived from, and how. Columns are numbered from 0; column 0 are the times.
class ColumnSource {
public:
  ColumnSource(cryonodes::CountedRows rows, std::size_t n_column);
  virtual ~ColumnSource();
  ColumnSource(const ColumnSource&) = delete;
  ColumnSource& operator=(const ColumnSource&) = delete;

  /// Numbers in a column: a matrix has as many as rows times columns.
  virtual std::size_t size(std::size_t) const { return counted.rows(); }
  bool has(std::size_t column) const { return column == 0 || columns_[column] != nullptr; }
  /// The numbers of a column, computed if need be. When that fails nothing has been computed.
  double* read(std::size_t column);

  /// Bytes that all sources hold now. R does not know of them.
  static std::size_t held() { return held_; }

  cryonodes::CountedRows counted;

protected:
  /// Computes a column and those that come with it: takes memory by new_column() for each and fills it. R cannot be
  /// interrupted meanwhile.
  virtual void compute(std::size_t column) = 0;
  double* new_column(std::size_t column);
  double* numbers(std::size_t column) const { return columns_[column].get(); }

private:
  std::vector<cryonodes::Memory<double>> columns_;
  std::vector<std::size_t> attempt_; // columns that are being computed
  std::size_t bytes_ = 0;
  static std::size_t held_;
};

/// Columns of R's that are computed when somebody reads one of them: to write them all costs more than to order the
/// rows. To all who read it such a column is an ordinary numeric vector. Their memory is not R's: R computes a column
/// where it does not collect, and would have to collect after each.
class DerivedColumns {
public:
  explicit DerivedColumns(std::unique_ptr<ColumnSource> source);
  Rcpp::RObject operator[](std::size_t column) const;

  /// Fewer rows than these are computed at once: that takes no longer than to promise them.
  static constexpr std::size_t worth = 4096;

private:
  Rcpp::Shield<SEXP> pointer_;
};

} // namespace glue

#endif
