#include "derived_columns.h"

#include <R_ext/Altrep.h>

namespace {

R_altrep_class_t derived_class;

// A column is the pair (pointer to its source, which column). The pointer owns the source and protects its list.
glue::ColumnSource& source_of(SEXP x) {
  return *static_cast<glue::ColumnSource*>(R_ExternalPtrAddr(R_altrep_data1(x)));
}
std::size_t column_of(SEXP x) { return static_cast<std::size_t>(INTEGER(R_altrep_data2(x))[0]); }
SEXP computed(SEXP x) {
  return VECTOR_ELT(R_ExternalPtrProtected(R_altrep_data1(x)), static_cast<R_xlen_t>(column_of(x)));
}

R_xlen_t derived_length(SEXP x) { return static_cast<R_xlen_t>(source_of(x).size(column_of(x))); }

void* derived_numbers(SEXP x, Rboolean) {
  if (column_of(x) == 0)
    return source_of(x).counted.time.get();
  if (computed(x) == R_NilValue)
    source_of(x).compute(column_of(x));
  return REAL(computed(x));
}

const void* derived_numbers_or_null(SEXP x) {
  return column_of(x) > 0 && computed(x) == R_NilValue ? nullptr : derived_numbers(x, FALSE);
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

double* ColumnSource::new_column(std::size_t column) {
  SEXP x = PROTECT(Rf_allocVector(REALSXP, static_cast<R_xlen_t>(size(column))));
  cryonodes::welcome_huge_pages(REAL(x), size(column) * sizeof(double));
  SET_VECTOR_ELT(list_, static_cast<R_xlen_t>(column), x);
  UNPROTECT(1);
  return REAL(x);
}
bool ColumnSource::has(std::size_t column) const {
  return VECTOR_ELT(list_, static_cast<R_xlen_t>(column)) != R_NilValue;
}
double* ColumnSource::numbers(std::size_t column) const {
  return REAL(VECTOR_ELT(list_, static_cast<R_xlen_t>(column)));
}

DerivedColumns::DerivedColumns(std::unique_ptr<ColumnSource> source, std::size_t n_column)
    : pointer_(R_MakeExternalPtr(nullptr, R_NilValue, Rcpp::List(static_cast<int>(n_column)))) {
  R_RegisterCFinalizerEx(pointer_, forget, FALSE);
  source->list_ = R_ExternalPtrProtected(pointer_);
  R_SetExternalPtrAddr(pointer_, source.release());
}

Rcpp::RObject DerivedColumns::operator[](std::size_t column) const {
  Rcpp::Shield<SEXP> which(Rf_ScalarInteger(static_cast<int>(column)));
  return R_new_altrep(derived_class, pointer_, which);
}

} // namespace glue
