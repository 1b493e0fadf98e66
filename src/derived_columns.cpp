#include "derived_columns.h"

#include <R_ext/Altrep.h>

namespace {

R_altrep_class_t derived_class;

// A column is the pair (pointer to its source, which column). The pointer owns the source and protects its lists.
glue::ColumnSource& source_of(SEXP x) {
  return *static_cast<glue::ColumnSource*>(R_ExternalPtrAddr(R_altrep_data1(x)));
}
std::size_t column_of(SEXP x) { return static_cast<std::size_t>(INTEGER(R_altrep_data2(x))[0]); }

R_xlen_t derived_length(SEXP x) { return static_cast<R_xlen_t>(source_of(x).size(column_of(x))); }

void* derived_numbers(SEXP x, Rboolean) {
  double* const numbers = glue::DerivedColumns::numbers(source_of(x), column_of(x));
  // Here R calls, with no C++ above and nothing to be destroyed: an exception could not leave, this can.
  if (numbers == nullptr)
    Rf_error("not enough memory to compute the columns of a curve");
  return numbers;
}

const void* derived_numbers_or_null(SEXP x) {
  return glue::DerivedColumns::known(source_of(x), column_of(x)) ? derived_numbers(x, FALSE) : nullptr;
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

SEXP ColumnSource::computed(std::size_t column) const {
  SEXP x = VECTOR_ELT(list_, static_cast<R_xlen_t>(column));
  return x != R_NilValue ? x : VECTOR_ELT(attempt_, static_cast<R_xlen_t>(column));
}
bool ColumnSource::has(std::size_t column) const { return computed(column) != R_NilValue; }
double* ColumnSource::numbers(std::size_t column) const { return REAL(computed(column)); }

double* ColumnSource::new_column(std::size_t column) {
  SEXP x = PROTECT(Rf_allocVector(REALSXP, static_cast<R_xlen_t>(size(column))));
  cryonodes::welcome_huge_pages(REAL(x), size(column) * sizeof(double));
  SET_VECTOR_ELT(attempt_, static_cast<R_xlen_t>(column), x);
  UNPROTECT(1);
  return REAL(x);
}

void ColumnSource::read(std::size_t column) {
  const R_xlen_t n = Rf_xlength(list_);
  for (R_xlen_t k = 0; k < n; ++k) // of an attempt that failed
    SET_VECTOR_ELT(attempt_, k, R_NilValue);
  compute(column);
  for (R_xlen_t k = 0; k < n; ++k)
    if (VECTOR_ELT(attempt_, k) != R_NilValue) {
      SET_VECTOR_ELT(list_, k, VECTOR_ELT(attempt_, k));
      SET_VECTOR_ELT(attempt_, k, R_NilValue);
    }
}

DerivedColumns::DerivedColumns(std::unique_ptr<ColumnSource> source, std::size_t n_column)
    : pointer_(R_MakeExternalPtr(nullptr, R_NilValue,
                                 Rcpp::List::create(Rcpp::List(static_cast<int>(n_column)),
                                                    Rcpp::List(static_cast<int>(n_column))))) {
  R_RegisterCFinalizerEx(pointer_, forget, FALSE);
  source->list_ = VECTOR_ELT(R_ExternalPtrProtected(pointer_), 0);
  source->attempt_ = VECTOR_ELT(R_ExternalPtrProtected(pointer_), 1);
  R_SetExternalPtrAddr(pointer_, source.release());
}

Rcpp::RObject DerivedColumns::operator[](std::size_t column) const {
  Rcpp::Shield<SEXP> which(Rf_ScalarInteger(static_cast<int>(column)));
  Rcpp::RObject x = R_new_altrep(derived_class, pointer_, which);
  MARK_NOT_MUTABLE(x); // others are computed from it
  return x;
}

bool DerivedColumns::known(const ColumnSource& source, std::size_t column) {
  return column == 0 || VECTOR_ELT(source.list_, static_cast<R_xlen_t>(column)) != R_NilValue;
}

double* DerivedColumns::numbers(ColumnSource& source, std::size_t column) {
  if (column == 0)
    return source.counted.time.get();
  try {
    if (!known(source, column))
      source.read(column);
    return REAL(VECTOR_ELT(source.list_, static_cast<R_xlen_t>(column)));
  } catch (...) {
    return nullptr;
  }
}

} // namespace glue
