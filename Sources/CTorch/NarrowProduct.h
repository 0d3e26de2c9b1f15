// Matrix products with few columns, for which BLAS libraries are not made.

#pragma once
#include <cstdint>

// c ← op(a)·op(b), added to c where `accumulates`; row-major as in ct_gemm. Sums are added up in the
// same order whatever the number of threads.
//
// Returns false, having done nothing, where the processor or the shape does not suit.
bool multiply_narrow(
    bool transposes_a, bool transposes_b, int64_t m, int64_t n, int64_t k, const float *a,
    const float *b, bool accumulates, float *c, int thread_count);

// Not in double precision.
inline bool multiply_narrow(
    bool, bool, int64_t, int64_t, int64_t, const double *, const double *, bool, double *, int) {
  return false;
}
