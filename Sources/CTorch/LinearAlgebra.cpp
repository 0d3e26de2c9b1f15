// Symmetric matrices for K-FAC: Gram matrices, Cholesky factors and solves.
//
// A symmetric or triangular matrix of n rows lives in n×n row-major memory of which only the upper
// triangle counts; to LAPACK, which is column-major, that is the lower one. Results have zeros below
// it, so that equal matrices are equal memory.

#include "CTorch.h"

#include <algorithm>
#include <cmath>
#include <dlfcn.h>
#include <utility>

// The threads of one call of the mathematics library, a fixed function of its size (Kernels.cpp).
extern "C" int ct_set_thread_count_for(double operations);
extern "C" void ct_reset_thread_count(void);

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

// Some builds of libtorch also export these; plain loops take their place elsewhere.
template <class Function> Function optional_symbol(const char *name) {
  return reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
}
template <class T> using Factorization = void (*)(const char *, const int *, T *, const int *, int *);
template <class T>
using TriangularSolve = void (*)(
    const char *, const char *, const char *, const char *, const int *, const int *, const T *,
    const T *, const int *, T *, const int *);
const auto spotrf = optional_symbol<Factorization<float>>("spotrf_");
const auto dpotrf = optional_symbol<Factorization<double>>("dpotrf_");
const auto strsm = optional_symbol<TriangularSolve<float>>("strsm_");
const auto dtrsm = optional_symbol<TriangularSolve<double>>("dtrsm_");
Factorization<float> factorization(float) { return spotrf; }
Factorization<double> factorization(double) { return dpotrf; }
TriangularSolve<float> triangular_solve(float) { return strsm; }
TriangularSolve<double> triangular_solve(double) { return dtrsm; }

struct Threads {
  explicit Threads(double operations) { ct_set_thread_count_for(operations); }
  ~Threads() { ct_reset_thread_count(); }
};

void gemm(
    const char *ta, const char *tb, int m, int n, int k, float alpha, const float *a, int lda,
    const float *b, int ldb, float beta, float *c, int ldc) {
  sgemm_(ta, tb, &m, &n, &k, &alpha, a, &lda, b, &ldb, &beta, c, &ldc);
}
void gemm(
    const char *ta, const char *tb, int m, int n, int k, double alpha, const double *a, int lda,
    const double *b, int ldb, double beta, double *c, int ldc) {
  dgemm_(ta, tb, &m, &n, &k, &alpha, a, &lda, b, &ldb, &beta, c, &ldc);
}

// Panels of this many rows: what lies below the diagonal within one is computed for nothing.
constexpr int64_t panel = 128;

// c ← alpha·xᵀx + beta·c in the upper triangle, x rows×columns, c with rows of `stride` elements.
template <class T>
void gram(
    int64_t rows, int64_t columns, const T *x, double alpha, double beta, T *c, int64_t stride) {
  Threads threads(double(rows) * columns * (columns + std::min(panel, columns)));
  for (int64_t start = 0; start < columns; start += panel) {
    const int64_t height = std::min(panel, columns - start), width = columns - start;
    // Row-major c[start.., start..] is column-major [width × height].
    gemm(
        "N", "T", int(width), int(height), int(rows), T(alpha), x + start, int(columns), x + start,
        int(columns), T(beta), c + start * stride + start, int(stride));
  }
}

template <class T>
void update_gram(
    int64_t rows, int64_t columns, bool appends_one, const T *x, double alpha, double beta,
    const T *previous, T *next) {
  const int64_t n = columns + appends_one;
  const T scale = T(beta);
  if (previous && previous != next) {
    for (int64_t i = 0; i < n; ++i) {
      const T *source = previous + i * n;
      T *target = next + i * n;
      for (int64_t j = i; j < n; ++j) target[j] = scale * source[j];
    }
  }
  const double old = !previous ? 0 : previous == next ? beta : 1;
  gram(rows, columns, x, alpha, old, next, n);
  for (int64_t i = 1; i < n; ++i) std::fill(next + i * n, next + i * n + i, T(0));
  if (!appends_one) return;
  // The last column holds the sums of x's columns, accumulated in double precision.
  constexpr int64_t block = 64;
  for (int64_t start = 0; start < columns; start += block) {
    const int64_t width = std::min(block, columns - start);
    double sums[block] = {};
    for (int64_t row = 0; row < rows; ++row) {
      const T *source = x + row * columns + start;
      for (int64_t j = 0; j < width; ++j) sums[j] += double(source[j]);
    }
    for (int64_t j = 0; j < width; ++j) {
      T &element = next[(start + j) * n + columns];
      element = T(alpha * sums[j]) + (old == 0 ? T(0) : T(old) * element);
    }
  }
  T &corner = next[n * n - 1];
  corner = T(alpha * double(rows)) + (old == 0 ? T(0) : T(old) * corner);
}

template <class T>
void form_damped(int64_t n, const T *matrix, double scale, double shift, T *out) {
  for (int64_t i = 0; i < n; ++i) {
    T *target = out + i * n;
    if (scale == 0) {
      std::fill(target, target + n, T(0));
    } else {
      std::fill(target, target + i, T(0));
      const T *source = matrix + i * n;
      const T factor = T(scale);
      for (int64_t j = i; j < n; ++j) target[j] = factor * source[j];
    }
    target[i] += T(shift);
  }
}

// Upper-triangular R with RᵀR = matrix, in its place; whether there is one.
template <class T> bool cholesky(int64_t n, T *matrix) {
  if (const auto potrf = factorization(T(0))) {
    Threads threads(double(n) * n * n / 3);
    const int size = int(n);
    int info = 0;
    potrf("L", &size, matrix, &size, &info);
    if (info != 0) return false;
  } else {
    for (int64_t i = 0; i < n; ++i) {
      T *row = matrix + i * n;
      const T root = std::sqrt(row[i]);
      if (!(root > 0)) return false;
      row[i] = root;
      for (int64_t j = i + 1; j < n; ++j) row[j] /= root;
      for (int64_t k = i + 1; k < n; ++k) {
        const T factor = row[k];
        T *target = matrix + k * n;
        for (int64_t j = k; j < n; ++j) target[j] -= factor * row[j];
      }
    }
  }
  for (int64_t i = 0; i < n; ++i) {
    const T pivot = matrix[i * n + i];
    if (!(pivot > 0) || !std::isfinite(pivot)) return false;
  }
  return true;
}

// x ← M⁻¹x for x [rows×columns], M = RᵀR.
template <class T> void solve_left(int64_t rows, int64_t columns, const T *r, T *x) {
  if (const auto trsm = triangular_solve(T(0))) {
    Threads threads(2.0 * rows * rows * columns);
    // Column-major, with L = Rᵀ: xᵀ ← xᵀ·(LLᵀ)⁻¹.
    const int m = int(columns), n = int(rows);
    const T one = 1;
    trsm("R", "L", "T", "N", &m, &n, &one, r, &n, x, &m);
    trsm("R", "L", "N", "N", &m, &n, &one, r, &n, x, &m);
    return;
  }
  for (int64_t i = 0; i < rows; ++i) { // Rᵀy = x
    T *row = x + i * columns;
    for (int64_t j = 0; j < columns; ++j) row[j] /= r[i * rows + i];
    for (int64_t k = i + 1; k < rows; ++k) {
      const T factor = r[i * rows + k];
      for (int64_t j = 0; j < columns; ++j) x[k * columns + j] -= factor * row[j];
    }
  }
  for (int64_t i = rows - 1; i >= 0; --i) { // Rx = y
    T *row = x + i * columns;
    for (int64_t k = i + 1; k < rows; ++k) {
      const T factor = r[i * rows + k];
      for (int64_t j = 0; j < columns; ++j) row[j] -= factor * x[k * columns + j];
    }
    for (int64_t j = 0; j < columns; ++j) row[j] /= r[i * rows + i];
  }
}

// x ← xM⁻¹ for x [rows×columns], M = RᵀR.
template <class T> void solve_right(int64_t rows, int64_t columns, const T *r, T *x) {
  if (const auto trsm = triangular_solve(T(0))) {
    Threads threads(2.0 * columns * columns * rows);
    const int m = int(columns), n = int(rows);
    const T one = 1;
    trsm("L", "L", "N", "N", &m, &n, &one, r, &m, x, &m);
    trsm("L", "L", "T", "N", &m, &n, &one, r, &m, x, &m);
    return;
  }
  // Each row of x is a column of its own.
  for (int64_t row = 0; row < rows; ++row) solve_left(columns, 1, r, x + row * columns);
}

} // namespace

#define DISPATCH(...) \
  if (is_double) { \
    using T = double; \
    __VA_ARGS__ \
  } else { \
    using T = float; \
    __VA_ARGS__ \
  }
#define IN(pointer) static_cast<const T *>(pointer)
#define OUT(pointer) static_cast<T *>(pointer)

void ct_update_gram(
    bool is_double, int64_t rows, int64_t columns, bool appends_one, const void *x, double alpha,
    double beta, const void *previous, void *next) {
  DISPATCH(update_gram(
      rows, columns, appends_one, IN(x), alpha, beta, IN(previous), OUT(next));)
}

void ct_form_damped(
    bool is_double, int64_t n, const void *matrix, double scale, double shift, void *out) {
  DISPATCH(form_damped(n, IN(matrix), scale, shift, OUT(out));)
}

bool ct_cholesky(bool is_double, int64_t n, void *matrix) {
  DISPATCH(return cholesky(n, OUT(matrix));)
}

void ct_cholesky_solve(
    bool is_double, bool is_right, int64_t rows, int64_t columns, const void *r, void *x) {
  DISPATCH(
      if (is_right) solve_right(rows, columns, IN(r), OUT(x));
      else solve_left(rows, columns, IN(r), OUT(x));)
}
