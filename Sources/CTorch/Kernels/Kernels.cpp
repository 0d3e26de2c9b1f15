// Entry points of the fused kernels: each picks the scalar type, and the instruction set once per
// process. The kernels themselves are in KernelBodies.inc, compiled once for each instruction set.

#include "CTorch.h"
#include "Exponentials.h"
#include "LibraryCounts.h"
#include "NarrowProduct.h"
#include "Team.h"
#include "Threads.h"

#include <algorithm>
#include <atomic>
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

// As ct_gemm, by BLAS.
template <class T>
void multiply_by_blas(
    bool transposes_a, bool transposes_b, int64_t m, int64_t n, int64_t k, const T *a, const T *b,
    bool accumulates, T *c) {
  // A batch may have more rows than BLAS can count: they come in parts then.
  if (!transposes_a && m > largest_library_count()) {
    return for_library_counts(m, [&](int64_t first, int rows) {
      multiply_by_blas(
          false, transposes_b, rows, n, k, a + first * k, b, accumulates, c + first * n);
    });
  }
  if (transposes_a && !transposes_b && k > largest_library_count()) {
    return for_library_counts(k, [&](int64_t first, int rows) {
      multiply_by_blas(
          true, false, m, n, rows, a + first * m, b + first * n, accumulates || first > 0, c);
    });
  }
  // Row-major c = op(a)·op(b) is column-major cᵀ = op(b)ᵀ·op(a)ᵀ.
  const int rows = library_count(m), columns = library_count(n), inner = library_count(k);
  const int lda = transposes_a ? rows : inner, ldb = transposes_b ? inner : columns;
  const T one = 1, beta = accumulates ? 1 : 0;
  const LibraryThreads threads(thread_count(2.0 * m * n * k));
  gemm(
      transposes_b ? "T" : "N", transposes_a ? "T" : "N", &columns, &rows, &inner, &one, b, &ldb, a,
      &lda, &beta, c, &columns);
}

// The same in the best way there is.
void multiply(
    bool transposes_a, bool transposes_b, int64_t m, int64_t n, int64_t k, const float *a,
    const float *b, bool accumulates, float *c) {
  if (is_narrow(transposes_a, m, n, k)) {
    const int threads = thread_count(2.0 * m * n * k);
    multiply_narrow(transposes_a, transposes_b, m, n, k, a, b, accumulates, c, threads);
  } else {
    multiply_by_blas(transposes_a, transposes_b, m, n, k, a, b, accumulates, c);
  }
}
void multiply(
    bool transposes_a, bool transposes_b, int64_t m, int64_t n, int64_t k, const double *a,
    const double *b, bool accumulates, double *c) {
  multiply_by_blas(transposes_a, transposes_b, m, n, k, a, b, accumulates, c);
}

// c ← a·b with a finish, in one go; false, having done nothing, where that is not to be had.
bool multiply_and_finish(
    int64_t m, int64_t n, int64_t k, const float *a, const float *b, bool accumulates, float *c,
    const float *bias, const float *gate, float *rectified) {
  if (n == 1 || !is_narrow(false, m, n, k)) return false;
  const int threads = thread_count(2.0 * m * n * k);
  multiply_narrow(
      false, false, m, n, k, a, b, accumulates, c, threads, {bias, gate, rectified});
  return true;
}
bool multiply_and_finish(
    int64_t, int64_t, int64_t, const double *, const double *, bool, double *, const double *,
    const double *, double *) {
  return false;
}

} // namespace

namespace {
std::atomic<int64_t> library_counts = std::numeric_limits<int>::max();
}

int64_t largest_library_count() { return library_counts.load(std::memory_order_relaxed); }

void ct_test_set_largest_library_count(int64_t count) { library_counts = count; }

#define KERNEL_BODIES "KernelBodies.inc"
#include "KernelDispatch.h"

namespace {

// Calls body(part, first, count) for the parts of a long vector, at most `largest_part_count`. They
// depend on its length alone, so that sums over them are the same for every number of threads.
constexpr int64_t shortest_part = 1 << 18;
constexpr int64_t largest_part_count = 64;
int64_t part_count(int64_t count) {
  return std::clamp<int64_t>(count / shortest_part, 1, largest_part_count);
}
template <class Body> void for_parts(int64_t count, Body body) {
  const int64_t parts = part_count(count), part_length = count / parts;
  in_team(parts == 1 ? 1 : thread_count(1e12), parts, [&](int64_t part) {
    const int64_t first = part * part_length;
    body(part, first, part == parts - 1 ? count - first : part_length);
  });
}

} // namespace

ct_error ct_gemm(
    bool is_double, bool transposes_a, bool transposes_b, int64_t m, int64_t n, int64_t k,
    const void *a, const void *b, bool accumulates, void *c) {
  DISPATCH(return guarded("matrix product", [&] {
    multiply(transposes_a, transposes_b, m, n, k, IN(a), IN(b), accumulates, OUT(c));
  });)
}

ct_error ct_dense(
    bool is_double, int64_t rows, int64_t inputs, int64_t outputs, const void *x,
    const void *weight, const void *bias, void *z, void *a) {
  DISPATCH(return guarded("dense layer", [&] {
    if (multiply_and_finish(
            rows, outputs, inputs, IN(x), IN(weight), false, OUT(z), IN(bias), nullptr, OUT(a))) {
      return;
    }
    multiply(false, false, rows, outputs, inputs, IN(x), IN(weight), false, OUT(z));
    KERNEL(T, add_bias, rows, outputs, IN(bias), OUT(z), OUT(a));
  });)
}

ct_error ct_dense_tangent(
    bool is_double, int64_t rows, int64_t inputs, int64_t outputs, const void *x,
    const void *weight_tangent, const void *bias_tangent, const void *z, bool accumulates, void *t,
    void *ta) {
  DISPATCH(return guarded("dense layer's tangent", [&] {
    if (weight_tangent) {
      if (multiply_and_finish(
              rows, outputs, inputs, IN(x), IN(weight_tangent), accumulates, OUT(t),
              IN(bias_tangent), IN(z), OUT(ta))) {
        return;
      }
      multiply(
          false, false, rows, outputs, inputs, IN(x), IN(weight_tangent), accumulates, OUT(t));
    }
    KERNEL(
        T, add_bias_tangent, rows, outputs, IN(bias_tangent), ta ? IN(z) : nullptr, OUT(t),
        OUT(ta));
  });)
}

ct_error ct_rectified_pullback(
    bool is_double, int64_t rows, int64_t inputs, int64_t outputs, const void *x, const void *da,
    const void *z, bool accumulates_weight, void *weight_cotangent, bool accumulates_bias,
    void *bias_cotangent, bool keeps_dz, void *dz) {
  // By blocks, so that dz is still in the cache when the product needs it; but all blocks add to the
  // same sums, one after the other, so a product for several threads is done in one piece.
  const bool goes_by_blocks = !is_double && is_narrow(true, inputs, outputs, rows) &&
                              thread_count(2.0 * rows * outputs * inputs) == 1;
  const int64_t step = goes_by_blocks ? 32 : rows;
  DISPATCH(return guarded("dense layer's pullback", [&] {
    for (int64_t first = 0; first < rows; first += step) {
      const int64_t count = std::min(step, rows - first), offset = first * outputs;
      T *block = OUT(dz) + (keeps_dz ? offset : 0);
      KERNEL(
          T, mask_and_sum, count, outputs, IN(da) + offset, IN(z) + offset, block,
          accumulates_bias || first > 0, OUT(bias_cotangent));
      if (!weight_cotangent) continue;
      multiply(
          true, false, inputs, outputs, count, IN(x) + first * inputs, block,
          accumulates_weight || first > 0, OUT(weight_cotangent));
    }
  });)
}

void ct_add_bias(bool is_double, int64_t rows, int64_t columns, const void *bias, void *z) {
  DISPATCH(KERNEL(T, add_bias, rows, columns, IN(bias), OUT(z), nullptr);)
}

void ct_sum_columns(
    bool is_double, int64_t rows, int64_t columns, const void *x, bool accumulates, void *sums) {
  DISPATCH(KERNEL(T, sum_columns, rows, columns, IN(x), accumulates, OUT(sums));)
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
  DISPATCH(
      double sums[largest_part_count];
      for_parts(count, [&](int64_t part, int64_t first, int64_t length) {
        sums[part] = KERNEL(T, dot, length, IN(x) + first, IN(y) + first);
      });
      for (int64_t part = 1; part < part_count(count); ++part) sums[0] += sums[part];
      return sums[0];)
}

bool ct_linear_combination(
    bool is_double, int64_t count, double a, const void *x, double b, const void *y, void *out) {
  DISPATCH(
      std::atomic<bool> is_finite = true;
      for_parts(count, [&](int64_t, int64_t first, int64_t length) {
        if (!KERNEL(
                T, linear_combination, length, static_cast<T>(a), IN(x) + first,
                static_cast<T>(b), IN(y) + first, OUT(out) + first)) {
          is_finite = false;
        }
      });
      return is_finite.load();)
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
    const void *second, void *direction, double products[3]) {
  DISPATCH(KERNEL(
      T, scaled_gradient, count, coefficients, IN(gradient), IN(second), OUT(direction),
      products);)
}

void ct_adam_direction(
    bool is_double, int64_t count, ct_adam_coefficients coefficients, const void *gradient,
    const void *first, const void *second, void *direction, double products[3]) {
  DISPATCH(
      double sums[3 * largest_part_count];
      for_parts(count, [&](int64_t part, int64_t start, int64_t length) {
        KERNEL(
            T, adam_direction, length, coefficients, IN(gradient) + start, IN(first) + start,
            IN(second) + start, OUT(direction) + start, sums + 3 * part);
      });
      for (int i = 0; i < 3; ++i) {
        products[i] = sums[i];
        for (int64_t part = 1; part < part_count(count); ++part) products[i] += sums[3 * part + i];
      })
}

void ct_advance_moments(
    bool is_double, int64_t count, ct_adam_coefficients coefficients, const void *gradient,
    void *first, void *second) {
  DISPATCH(for_parts(count, [&](int64_t, int64_t start, int64_t length) {
    KERNEL(
        T, advance_moments, length, coefficients, IN(gradient) + start,
        first ? OUT(first) + start : nullptr, OUT(second) + start);
  });)
}
