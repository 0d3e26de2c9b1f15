// Symmetric matrices for K-FAC: Gram matrices, Cholesky factors and solves.
//
// A symmetric or triangular matrix of n rows lives in n×n row-major memory of which only the upper
// triangle counts; to LAPACK, which is column-major, that is the lower one. Results have zeros below
// it, so that equal matrices are equal memory.

#include "CTorch.h"
#include "LibraryCounts.h"
#include "OptionalSymbol.h"
#include "Team.h"
#include "Threads.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#define KERNEL_BODIES "SymmetricBodies.inc"
#include "KernelDispatch.h"

namespace {

// Plain loops take their place where libtorch does not export them, or where there is more than they
// can count.
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

bool can_count(int64_t a, int64_t b) { return std::max(a, b) <= largest_library_count(); }

// Teams follow, and would find the processors taken by the library's threads.
struct Threads : LibraryThreads {
  explicit Threads(double operations) : LibraryThreads(thread_count(operations), ends) {}
};

template <class T>
void update_gram(
    int64_t rows, int64_t columns, bool appends_one, const T *x, double alpha, double beta,
    const T *previous, T *next) {
  const int64_t n = columns + appends_one;
  const T scale = T(beta);
  for (int64_t i = 0; i < n; ++i) {
    T *target = next + i * n;
    if (!previous) {
      std::fill(target, target + n, T(0));
    } else if (previous != next || beta != 1) {
      const T *source = previous + i * n;
      for (int64_t j = i; j < n; ++j) target[j] = scale * source[j];
    }
  }
  const double operations = double(rows) * double(n) * double(n);
  KERNEL(T, add_gram, rows, columns, appends_one, x, T(alpha), next, thread_count(operations));
  for (int64_t i = 1; i < n; ++i) std::fill(next + i * n, next + i * n + i, T(0));
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
  constexpr int64_t small = 160;
  const auto potrf = factorization(T(0));
  if (!potrf || n <= small || !can_count(n, n)) {
    return KERNEL(T, factorize_small, n, matrix);
  }
  Threads threads(double(n) * n * n / 3);
  const int size = int(n);
  int info = 0;
  potrf("L", &size, matrix, &size, &info);
  if (info != 0) return false;
  for (int64_t i = 0; i < n; ++i) {
    const T pivot = matrix[i * n + i];
    if (!(pivot > 0) || !std::isfinite(pivot)) return false;
  }
  return true;
}

// x ← M⁻¹x for x [rows×columns], M = RᵀR.
template <class T> void solve_left(int64_t rows, int64_t columns, const T *r, T *x) {
  if (const auto trsm = triangular_solve(T(0)); trsm && can_count(rows, columns)) {
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
  if (const auto trsm = triangular_solve(T(0)); trsm && can_count(rows, columns)) {
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
