// Entry points of the fused kernels: each picks the scalar type, and the instruction set once per
// process. The kernels themselves are in KernelBodies.inc, compiled once for each instruction set.

#include "CTorch.h"
#include "Exponentials.h"
#include "NarrowProduct.h"

#include <algorithm>
#include <cmath>
#include <limits>

extern "C" {
// From libtorch's own BLAS.
void sgemm_(
    const char *, const char *, const int *, const int *, const int *, const float *,
    const float *, const int *, const float *, const int *, const float *, float *, const int *);
void dgemm_(
    const char *, const char *, const int *, const int *, const int *, const double *,
    const double *, const int *, const double *, const int *, const double *, double *,
    const int *);
}

namespace {

const auto set_local_thread_count = optional_symbol<int (*)(int)>("MKL_Set_Num_Threads_Local");

int maximum_thread_count = 1;

// The thread count for one matrix product: a fixed function of its size, so that a run repeats to
// the last bit. Waking a thread does not pay below a few million operations.
constexpr double operations_per_thread = 3e6;

// Whether the calling thread is one of several that share the work already.
thread_local bool is_single_threaded = false;

int thread_count(double operations) {
  if (is_single_threaded) return 1;
  return std::clamp(static_cast<int>(operations / operations_per_thread), 1, maximum_thread_count);
}

void gemm(
    const char *ta, const char *tb, const int *m, const int *n, const int *k, const float *alpha,
    const float *a, const int *lda, const float *b, const int *ldb, const float *beta, float *c,
    const int *ldc) {
  sgemm_(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}
void gemm(
    const char *ta, const char *tb, const int *m, const int *n, const int *k, const double *alpha,
    const double *a, const int *lda, const double *b, const int *ldb, const double *beta,
    double *c, const int *ldc) {
  dgemm_(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

} // namespace

#define KERNEL_BODIES "KernelBodies.inc"
#include "KernelDispatch.h"

extern "C" void ct_set_kernel_thread_count(int count) { maximum_thread_count = std::max(count, 1); }

void ct_set_single_threaded(bool is_single) { is_single_threaded = is_single; }

// The same limit for other calls of the mathematics library (LinearAlgebra.cpp).
extern "C" int ct_thread_count_for(double operations) { return thread_count(operations); }
extern "C" void ct_set_thread_count_for(double operations) {
  if (set_local_thread_count) set_local_thread_count(thread_count(operations));
}
extern "C" void ct_reset_thread_count(void) {
  if (set_local_thread_count) set_local_thread_count(0);
}

void ct_gemm(
    bool is_double, bool transposes_a, bool transposes_b, int64_t m, int64_t n, int64_t k,
    const void *a, const void *b, double beta, void *c) {
  // Row-major c = op(a)·op(b) is column-major cᵀ = op(b)ᵀ·op(a)ᵀ.
  const int rows = static_cast<int>(m), columns = static_cast<int>(n), inner = static_cast<int>(k);
  const int lda = transposes_a ? rows : inner, ldb = transposes_b ? inner : columns;
  const char *ta = transposes_a ? "T" : "N", *tb = transposes_b ? "T" : "N";
  const double operations = 2.0 * rows * columns * inner;
  DISPATCH(
      if ((beta == 0 || beta == 1) &&
          multiply_narrow(
              transposes_a, transposes_b, m, n, k, IN(a), IN(b), beta != 0, OUT(c),
              thread_count(operations))) {
        return;
      }
      ct_set_thread_count_for(operations);
      const T one = 1, scale = static_cast<T>(beta);
      gemm(tb, ta, &columns, &rows, &inner, &one, IN(b), &ldb, IN(a), &lda, &scale, OUT(c),
           &columns);)
  ct_reset_thread_count();
}

void ct_add_bias(
    bool is_double, int64_t rows, int64_t columns, const void *bias, void *z, void *a) {
  DISPATCH(KERNEL(T, add_bias, rows, columns, IN(bias), OUT(z), OUT(a));)
}

void ct_add_bias_tangent(
    bool is_double, int64_t rows, int64_t columns, const void *bias_tangent, const void *z,
    void *t, void *ta) {
  DISPATCH(KERNEL(
      T, add_bias_tangent, rows, columns, IN(bias_tangent), IN(z), OUT(t), OUT(ta));)
}

void ct_mask_and_sum(
    bool is_double, int64_t rows, int64_t columns, const void *da, const void *z, void *dz,
    bool accumulates, void *sums) {
  DISPATCH(KERNEL(
      T, mask_and_sum, rows, columns, IN(da), IN(z), OUT(dz), accumulates, OUT(sums));)
}

void ct_displace(
    bool is_double, int64_t count, const void *z, const void *const *tangents,
    const double *coefficients, int tangent_count, bool rectifies, void *out) {
  DISPATCH(KERNEL(
      T, displace, count, IN(z), tangents, coefficients, tangent_count, rectifies, OUT(out));)
}

double ct_cross_entropy(
    bool is_double, int64_t rows, int64_t columns, const void *logits, const int64_t *labels,
    void *probabilities, void *cotangent, int64_t *correct) {
  DISPATCH(return KERNEL(
      T, cross_entropy, rows, columns, IN(logits), labels, OUT(probabilities), OUT(cotangent),
      correct);)
}

double ct_cross_entropy_fisher(
    bool is_double, int64_t rows, int64_t columns, const void *probabilities, const void *a,
    const void *b) {
  DISPATCH(return KERNEL(
      T, cross_entropy_fisher, rows, columns, IN(probabilities), IN(a), IN(b));)
}

void ct_sample_classes(
    bool is_double, int64_t rows, int64_t columns, const void *probabilities,
    const double *uniforms, void *cotangent) {
  DISPATCH(KERNEL(
      T, sample_classes, rows, columns, IN(probabilities), uniforms, OUT(cotangent));)
}

void ct_class_factor(
    bool is_double, int64_t rows, int64_t columns, int64_t k, const void *probabilities,
    void *cotangent) {
  DISPATCH(KERNEL(T, class_factor, rows, columns, k, IN(probabilities), OUT(cotangent));)
}

double ct_squared_error(
    bool is_double, int64_t count, const void *z, const void *y, void *cotangent) {
  DISPATCH(return KERNEL(T, squared_error, count, IN(z), IN(y), OUT(cotangent));)
}

double ct_dot(bool is_double, int64_t count, const void *x, const void *y) {
  DISPATCH(return KERNEL(T, dot, count, IN(x), IN(y));)
}

bool ct_linear_combination(
    bool is_double, int64_t count, double a, const void *x, double b, const void *y, void *out) {
  DISPATCH(return KERNEL(
      T, linear_combination, count, static_cast<T>(a), IN(x), static_cast<T>(b), IN(y), OUT(out));)
}

void ct_product(bool is_double, int64_t count, const void *x, const void *y, void *out) {
  DISPATCH(KERNEL(T, product, count, IN(x), IN(y), OUT(out));)
}

void ct_quotient(
    bool is_double, int64_t count, const void *x, const void *y, double offset, void *out) {
  DISPATCH(KERNEL(T, quotient, count, IN(x), IN(y), static_cast<T>(offset), OUT(out));)
}

void ct_square_root(bool is_double, int64_t count, const void *x, double offset, void *out) {
  DISPATCH(KERNEL(T, square_root, count, IN(x), static_cast<T>(offset), OUT(out));)
}

void ct_clamp(bool is_double, int64_t count, double low, double high, void *x) {
  DISPATCH(KERNEL(T, clamp, count, static_cast<T>(low), static_cast<T>(high), OUT(x));)
}

void ct_sign(bool is_double, int64_t count, const void *x, void *out) {
  DISPATCH(KERNEL(T, sign, count, IN(x), OUT(out));)
}

void ct_direction_products(
    bool is_double, int64_t count, const void *gradient, const void *direction,
    double products[3]) {
  DISPATCH(KERNEL(T, direction_products, count, IN(gradient), IN(direction), products);)
}

void ct_scaled_gradient(
    bool is_double, int64_t count, ct_adam_coefficients coefficients, const void *gradient,
    const void *second, void *next_second, void *direction, double products[3]) {
  DISPATCH(KERNEL(
      T, scaled_gradient, count, coefficients, IN(gradient), IN(second), OUT(next_second),
      OUT(direction), products);)
}

void ct_adam_direction(
    bool is_double, int64_t count, ct_adam_coefficients coefficients, const void *gradient,
    const void *first, const void *second, void *next_first, void *next_second, void *direction,
    double products[3]) {
  DISPATCH(KERNEL(
      T, adam_direction, count, coefficients, IN(gradient), IN(first), IN(second),
      OUT(next_first), OUT(next_second), OUT(direction), products);)
}
