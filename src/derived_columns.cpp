#include "derived_columns.h"

#include <R_ext/Altrep.h>

namespace {

R_altrep_class_t derived_class;

// A column is the pair (pointer to its source, which column). The pointer owns the source.
glue::ColumnSource& source_of(SEXP x) {
  return *static_cast<glue::ColumnSource*>(R_ExternalPtrAddr(R_altrep_data1(x)));
}
std::size_t column_of(SEXP x) { return static_cast<std::size_t>(INTEGER(R_altrep_data2(x))[0]); }

R_xlen_t derived_length(SEXP x) { return static_cast<R_xlen_t>(source_of(x).size(column_of(x))); }

void* derived_numbers(SEXP x, Rboolean) {
  double* numbers = nullptr;
  try {
    numbers = source_of(x).read(column_of(x));
  } catch (...) {
  }
  // Here R calls, with no C++ above and nothing left to be destroyed: an exception could not leave, this can.
  if (numbers == nullptr)
    Rf_error("not enough memory to compute the columns of a curve");
  return numbers;
}

const void* derived_numbers_or_null(SEXP x) {
  return source_of(x).has(column_of(x)) ? derived_numbers(x, FALSE) : nullptr;
}

void forget(SEXP pointer) {
  delete static_cast<glue::ColumnSource*>(R_ExternalPtrAddr(pointer));
  R_ClearExternalPtr(pointer);
}

} // namespace

// [[Rcpp::init]]
void init_derived_columns(DllInfo* dll) {
  derived_class = R_make_altreal_class("derived_column", "cryonodes", dll);
  R_set_altrep_Length_method(derived_class, derived_length);
  R_set_altvec_Dataptr_method(derived_class, derived_numbers);
  R_set_altvec_Dataptr_or_null_method(derived_class, derived_numbers_or_null);
}

namespace glue {

std::size_t ColumnSource::held_ = 0;

ColumnSource::ColumnSource(cryonodes::CountedRows rows, std::size_t n_column)
    : counted(std::move(rows)), columns_(n_column) {
  bytes_ = counted.rows() * (16 + (counted.n_cause > 1 ? 4 * counted.n_cause : 0));
  held_ += bytes_;
}
ColumnSource::~ColumnSource() { held_ -= bytes_; }

double* ColumnSource::new_column(std::size_t column) {
  attempt_.push_back(column);
  columns_[column] = cryonodes::make_memory<double>(size(column));
  bytes_ += size(column) * sizeof(double);
  held_ += size(column) * sizeof(double);
  return numbers(column);
}

double* ColumnSource::read(std::size_t column) {
  if (column == 0)
    return counted.time.get();
  if (!has(column)) {
    attempt_.clear();
    try {
      compute(column);
    } catch (...) {
      // A column without its numbers must not be taken for one that has them.
      for (const std::size_t k : attempt_) {
        if (!has(k))
          continue;
        bytes_ -= size(k) * sizeof(double);
        held_ -= size(k) * sizeof(double);
        columns_[k].reset();
      }
      throw;
    }
  }
  return numbers(column);
}

// R collects what it knows to be large; of these it sees the pointers only. So it is asked to, whenever twice as much
// is held as was after the last time.
DerivedColumns::DerivedColumns(std::unique_ptr<ColumnSource> source)
    : pointer_(R_MakeExternalPtr(nullptr, R_NilValue, R_NilValue)) {
  static std::size_t bound = std::size_t{1} << 28;
  R_RegisterCFinalizerEx(pointer_, forget, FALSE);
  R_SetExternalPtrAddr(pointer_, source.release());
  if (ColumnSource::held() > bound) {
    R_gc();
    bound = std::max(std::size_t{1} << 28, 2 * ColumnSource::held());
  }
}

Rcpp::RObject DerivedColumns::operator[](std::size_t column) const {
  Rcpp::Shield<SEXP> which(Rf_ScalarInteger(static_cast<int>(column)));
  Rcpp::RObject x = R_new_altrep(derived_class, pointer_, which);
  MARK_NOT_MUTABLE(x); // others are computed from it
  return x;
}

} // namespace glue
