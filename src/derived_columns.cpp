#include "derived_columns.h"

#include <R_ext/Altrep.h>

namespace {

using glue::Column;

R_altrep_class_t derived_class;

struct Source {
  cryonodes::CountedRows counted;
  cryonodes::KaplanMeierOptions options;
};

// A column is the pair (source, which column). The source's pointer owns a Source, and keeps the columns that have been
// computed in a list of R's.
Source& source_of(SEXP pointer) {
  return *static_cast<Source*>(R_ExternalPtrAddr(pointer));
}
SEXP computed(SEXP pointer, Column column) {
  return VECTOR_ELT(R_ExternalPtrProtected(pointer), static_cast<int>(column));
}
double* numbers(SEXP pointer, Column column) {
  return REAL(computed(pointer, column));
}

// R allocates, and may jump out when it cannot: nothing here has a destructor.
void allocate(SEXP pointer, Column first, Column last) {
  const std::size_t rows = source_of(pointer).counted.rows();
  for (int k = static_cast<int>(first); k <= static_cast<int>(last); ++k) {
    SEXP column = PROTECT(Rf_allocVector(REALSXP, static_cast<R_xlen_t>(rows)));
    cryonodes::welcome_huge_pages(REAL(column), rows * sizeof(double));
    SET_VECTOR_ELT(R_ExternalPtrProtected(pointer), k, column);
    UNPROTECT(1);
  }
}

// The core's exceptions end here, without its message where that would need memory.
template <class Work> void guarded(Work work) {
  bool failed = false;
  try {
    work();
  } catch (...) {
    failed = true;
  }
  if (failed)
    Rf_error("not enough memory to compute the columns of a curve");
}

void compute(SEXP pointer, Column column) {
  const Source& source = source_of(pointer);
  if (column <= Column::n_censor) {
    allocate(pointer, Column::n_risk, Column::n_censor);
    source.counted.write({nullptr, numbers(pointer, Column::n_risk), numbers(pointer, Column::n_event),
                          numbers(pointer, Column::n_censor)});
    return;
  }
  if (computed(pointer, Column::n_risk) == R_NilValue)
    compute(pointer, Column::n_risk);
  const std::size_t rows = source.counted.rows();
  const cryonodes::RiskRows table{source.counted.first,
                                  {numbers(pointer, Column::n_risk), rows},
                                  {numbers(pointer, Column::n_event), rows},
                                  {numbers(pointer, Column::n_censor), rows},
                                  false};
  if (column <= Column::std_chaz) {
    allocate(pointer, Column::estimate, Column::std_chaz);
    guarded([&] {
      cryonodes::kaplan_meier(table, source.options,
                              {numbers(pointer, Column::estimate), numbers(pointer, Column::std_error_log), nullptr,
                               numbers(pointer, Column::cumhaz), numbers(pointer, Column::std_chaz), nullptr, nullptr});
    });
    return;
  }
  if (computed(pointer, Column::estimate) == R_NilValue)
    compute(pointer, Column::estimate);
  allocate(pointer, Column::conf_low, Column::conf_high);
  guarded([&] {
    for (std::size_t g = 0; g + 1 < source.counted.first.size(); ++g)
      cryonodes::conf_limits(table, g, {numbers(pointer, Column::estimate), rows},
                             {numbers(pointer, Column::std_error_log), rows}, source.options,
                             {numbers(pointer, Column::conf_low), rows}, {numbers(pointer, Column::conf_high), rows},
                             {}, NA_REAL);
  });
}

R_xlen_t derived_length(SEXP x) {
  return static_cast<R_xlen_t>(source_of(R_altrep_data1(x)).counted.rows());
}

void* derived_numbers(SEXP x, Rboolean) {
  SEXP pointer = R_altrep_data1(x);
  const auto column = static_cast<Column>(INTEGER(R_altrep_data2(x))[0]);
  if (column == Column::time)
    return source_of(pointer).counted.time.get();
  if (computed(pointer, column) == R_NilValue)
    compute(pointer, column);
  return numbers(pointer, column);
}

const void* derived_numbers_or_null(SEXP x) {
  SEXP pointer = R_altrep_data1(x);
  const auto column = static_cast<Column>(INTEGER(R_altrep_data2(x))[0]);
  if (column == Column::time)
    return source_of(pointer).counted.time.get();
  return computed(pointer, column) == R_NilValue ? nullptr : numbers(pointer, column);
}

void forget(SEXP pointer) {
  delete static_cast<Source*>(R_ExternalPtrAddr(pointer));
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

DerivedColumns::DerivedColumns(cryonodes::CountedRows counted, const cryonodes::KaplanMeierOptions& options)
    : source_(R_MakeExternalPtr(nullptr, R_NilValue, Rcpp::List(static_cast<int>(n_column)))) {
  R_RegisterCFinalizerEx(source_, forget, FALSE);
  R_SetExternalPtrAddr(source_, new Source{std::move(counted), options});
}

SEXP DerivedColumns::operator[](Column column) const {
  Rcpp::Shield<SEXP> which(Rf_ScalarInteger(static_cast<int>(column)));
  return R_new_altrep(derived_class, source_, which);
}

} // namespace glue
