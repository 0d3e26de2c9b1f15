// Entry points of the kernels of normalization layers and of LSTMs, which divide their rows among
// threads; the kernels themselves are in LayerBodies.inc.

#include "CTorch.h"
#include "Exponentials.h"
#include "Team.h"
#include "Threads.h"

#include <algorithm>
#include <vector>

namespace {
constexpr int lanes = 16;
}

#define KERNEL_BODIES "LayerBodies.inc"
#include "KernelDispatch.h"

namespace {

// Below so many elements a second thread does not pay.
constexpr int64_t elements_per_thread = 1 << 15;

// Calls body(begin, end) for parts of 0..<count, on several threads unless the calling one is one of
// several that share the work already.
template <class Body> void parallel_for(int64_t count, int64_t grain, Body body) {
  const int threads = thread_count(1e12);
  const int64_t parts = std::min<int64_t>(2 * threads, count / std::max<int64_t>(grain, 1));
  if (threads == 1 || parts <= 1) return body(0, count);
  // Operators of libtorch come before and after.
  in_team(
      threads, parts,
      [&](int64_t number) { body(count * number / parts, count * (number + 1) / parts); },
      Threads::library);
}

// Calls body(first, last) for parts of the rows.
template <class Body> void for_rows(int64_t rows, int64_t columns, Body body) {
  parallel_for(
      rows, std::max<int64_t>(elements_per_thread / std::max<int64_t>(columns, 1), 1), body);
}

// The sums over all rows of the pairs that body(first, last, sums, products) adds up over some. The
// parts depend on the shape alone, so that a sum is the same for every number of threads.
template <class Body>
std::vector<double> sum_pairs(int64_t rows, int64_t columns, Body body) {
  const int64_t parts = std::clamp<int64_t>(rows * columns / elements_per_thread, 1, 16);
  const int64_t height = (rows + parts - 1) / parts;
  std::vector<double> partial;
  resize(partial, parts * 2 * columns);
  parallel_for(parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      double *sums = partial.data() + i * 2 * columns;
      body(std::min(i * height, rows), std::min((i + 1) * height, rows), sums, sums + columns);
    }
  });
  for (int64_t i = 1; i < parts; ++i) {
    for (int64_t j = 0; j < 2 * columns; ++j) partial[j] += partial[i * 2 * columns + j];
  }
  partial.resize(static_cast<size_t>(2 * columns));
  return partial;
}

} // namespace

void ct_transpose(
    bool is_double, int64_t rows, int64_t columns, const void *x, bool accumulates, void *out) {
  // Parts of whole tiles.
  constexpr int64_t height = 64;
  DISPATCH(for_rows((rows + height - 1) / height, height * columns, [=](int64_t first, int64_t last) {
    KERNEL(
        T, transpose, first * height, std::min(last * height, rows), rows, columns, IN(x),
        accumulates, OUT(out));
  });)
}

ct_error ct_column_moments(
    bool is_double, int64_t rows, int64_t columns, const void *x, void *mean, void *variance) {
  DISPATCH(return guarded("column moments", [&] {
    const T *shift = IN(x); // the first row, so that a large mean takes no precision
    const auto sums = sum_pairs(
        rows, columns, [=](int64_t first, int64_t last, double *sums, double *squares) {
          KERNEL(T, shifted_moments, first, last, columns, IN(x), shift, sums, squares);
        });
    for (int64_t j = 0; j < columns; ++j) {
      const double average = sums[j] / double(rows);
      const double square = sums[columns + j] / double(rows);
      OUT(mean)[j] = static_cast<T>(double(shift[j]) + average);
      OUT(variance)[j] = static_cast<T>(std::max(square - average * average, 0.0));
    }
  });)
}

ct_error ct_column_products(
    bool is_double, int64_t rows, int64_t columns, const void *u, const void *mask, const void *x,
    const void *mean, void *sums, void *products) {
  DISPATCH(return guarded("column products", [&] {
    const auto totals = sum_pairs(
        rows, columns, [=](int64_t first, int64_t last, double *sums, double *products) {
          KERNEL(
              T, column_products, first, last, columns, IN(u), IN(mask), IN(x), IN(mean), sums,
              products);
        });
    for (int64_t j = 0; j < columns; ++j) {
      OUT(sums)[j] = static_cast<T>(totals[j]);
      OUT(products)[j] = static_cast<T>(totals[columns + j]);
    }
  });)
}

void ct_scale_columns(
    bool is_double, int64_t rows, int64_t columns, const void *a, const void *x, const void *q,
    const void *r, bool rectifies, void *out) {
  DISPATCH(for_rows(rows, columns, [=](int64_t first, int64_t last) {
    KERNEL(
        T, scale_columns, first, last, columns, IN(a), IN(x), IN(q), IN(r), rectifies, OUT(out));
  });)
}

void ct_combine_columns(
    bool is_double, int64_t rows, int64_t columns, const void *a, const void *u, const void *p,
    const void *x, const void *q, const void *r, const void *mask, void *out) {
  DISPATCH(for_rows(rows, columns, [=](int64_t first, int64_t last) {
    KERNEL(
        T, combine_columns, first, last, columns, IN(a), IN(u), IN(p), IN(x), IN(q), IN(r),
        IN(mask), OUT(out));
  });)
}

void ct_combine_masked_columns(
    bool is_double, int64_t rows, int64_t columns, const void *a, const void *u, const void *mask,
    const void *p, const void *x, const void *q, void *masked, void *out) {
  DISPATCH(for_rows(rows, columns, [=](int64_t first, int64_t last) {
    KERNEL(
        T, combine_masked_columns, first, last, columns, IN(a), IN(u), IN(mask), IN(p), IN(x),
        IN(q), OUT(masked), OUT(out));
  });)
}

void ct_layer_norm_tangent(
    bool is_double, int64_t rows, int64_t columns, const void *x, const void *mean,
    const void *inverse_deviation, const void *scale, const void *u, const void *scale_tangent,
    const void *offset_tangent, void *out) {
  DISPATCH(for_rows(rows, columns, [=](int64_t first, int64_t last) {
    KERNEL(
        T, layer_norm_tangent, first, last, columns, IN(x), IN(mean), IN(inverse_deviation),
        IN(scale), IN(u), IN(scale_tangent), IN(offset_tangent), OUT(out));
  });)
}

void ct_lstm_cell(
    bool is_double, int64_t rows, int64_t hidden, double forget_offset, const void *previous,
    void *gates, void *c, void *bounded, void *h) {
  DISPATCH(for_rows(rows, 4 * hidden, [=](int64_t first, int64_t last) {
    KERNEL(
        T, lstm_cell, first, last, hidden, static_cast<T>(forget_offset), IN(previous), OUT(gates),
        OUT(c), OUT(bounded), OUT(h));
  });)
}

void ct_lstm_cell_tangent(
    bool is_double, int64_t rows, int64_t hidden, const void *gates, const void *previous,
    const void *bounded, const void *t, void *dc, void *dh) {
  DISPATCH(for_rows(rows, 4 * hidden, [=](int64_t first, int64_t last) {
    KERNEL(
        T, lstm_cell_tangent, first, last, hidden, IN(gates), IN(previous), IN(bounded), IN(t),
        OUT(dc), OUT(dh));
  });)
}

void ct_lstm_cell_pullback(
    bool is_double, int64_t rows, int64_t hidden, const void *gates, const void *previous,
    const void *bounded, const void *dh, void *dc, void *t) {
  DISPATCH(for_rows(rows, 4 * hidden, [=](int64_t first, int64_t last) {
    KERNEL(
        T, lstm_cell_pullback, first, last, hidden, IN(gates), IN(previous), IN(bounded), IN(dh),
        OUT(dc), OUT(t));
  });)
}
