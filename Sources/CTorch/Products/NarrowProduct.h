// Matrix products with few columns, for which BLAS libraries are not made.

#pragma once
#include <cstdint>

// What else happens to the elements of a product as they are written.
struct Finish {
  const float *bias = nullptr; // added to each row
  const float *gate = nullptr; // shaped like the product
  // Shaped like the product: receives its elements where the gate's are positive or, without a gate,
  // where they are not negative themselves; 0 elsewhere. May be the product.
  float *rectified = nullptr;
};

// Whether the processor and the shape suit the function below.
bool is_narrow(bool transposes_a, int64_t m, int64_t n, int64_t k);

// c ← op(a)·op(b), added to c where `accumulates`; row-major as in ct_gemm. Sums are added up in the
// same order whatever the number of threads.
//
// Only a product with more than one column can have a finish.
void multiply_narrow(
    bool transposes_a, bool transposes_b, int64_t m, int64_t n, int64_t k, const float *a,
    const float *b, bool accumulates, float *c, int thread_count, const Finish &finish = {});
