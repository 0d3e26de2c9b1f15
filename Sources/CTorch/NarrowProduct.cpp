// Matrix products with few columns by AVX-512.
//
// A row of b with up to 64 columns fits into four registers. A tile of c, a few rows of as many
// columns, stays in registers while a block of rows of b passes, which the first-level cache holds.

#include "NarrowProduct.h"

#include "FlushToZero.h"

#include <algorithm>
#include <dlfcn.h>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>

namespace {

constexpr int64_t lanes = 16;
constexpr int64_t panel_columns = 4 * lanes;
// A block of b has 128·64·4 bytes at most; taller ones are no faster, and walk over more pages of a
// transposed a.
constexpr int64_t block_rows = 128;
constexpr int64_t maximum_columns = 4 * panel_columns;

// One thread's share of a panel: op(a) as strides, b and c as rows.
struct Panel {
  int64_t rows, inner;
  const float *a;
  int64_t a_row_stride, a_inner_stride;
  const float *b;
  int64_t b_stride;
  float *c;
  int64_t c_stride;
  __mmask16 tail; // the columns of the last vector
  bool accumulates;
};

#pragma clang attribute push(__attribute__((target("avx512f"))), apply_to = function)

template <int rows, int vectors> void form_tile(const Panel &panel, int64_t row) {
  __m512 sums[rows][vectors];
  const auto mask = [&](int v) -> __mmask16 { return v + 1 < vectors ? 0xffff : panel.tail; };
  float *c = panel.c + row * panel.c_stride;
  for (int r = 0; r < rows; ++r) {
    for (int v = 0; v < vectors; ++v) {
      const float *there = c + r * panel.c_stride + v * lanes;
      sums[r][v] =
          panel.accumulates ? _mm512_maskz_loadu_ps(mask(v), there) : _mm512_setzero_ps();
    }
  }
  const float *a = panel.a + row * panel.a_row_stride, *b = panel.b;
  for (int64_t p = 0; p < panel.inner; ++p, a += panel.a_inner_stride, b += panel.b_stride) {
    __m512 row_of_b[vectors];
    for (int v = 0; v < vectors; ++v) {
      row_of_b[v] = v + 1 < vectors ? _mm512_loadu_ps(b + v * lanes)
                                    : _mm512_maskz_loadu_ps(panel.tail, b + v * lanes);
    }
    for (int r = 0; r < rows; ++r) {
      const __m512 factor = _mm512_set1_ps(a[r * panel.a_row_stride]);
      for (int v = 0; v < vectors; ++v) {
        sums[r][v] = _mm512_fmadd_ps(factor, row_of_b[v], sums[r][v]);
      }
    }
  }
  for (int r = 0; r < rows; ++r) {
    for (int v = 0; v < vectors; ++v) {
      _mm512_mask_storeu_ps(c + r * panel.c_stride + v * lanes, mask(v), sums[r][v]);
    }
  }
}

// Of the 32 registers, 24 hold the tile.
template <int vectors> void form_panel(const Panel &panel) {
  constexpr int rows = vectors == 4 ? 6 : 8;
  int64_t row = 0;
  for (; row + rows <= panel.rows; row += rows) form_tile<rows, vectors>(panel, row);
  if (row + 4 <= panel.rows) {
    form_tile<4, vectors>(panel, row);
    row += 4;
  }
  if (row + 2 <= panel.rows) {
    form_tile<2, vectors>(panel, row);
    row += 2;
  }
  if (row < panel.rows) form_tile<1, vectors>(panel, row);
}

#pragma clang attribute pop

struct Product {
  int64_t m, n, k;
  const float *a;
  int64_t a_row_stride, a_inner_stride;
  const float *b;
  bool accumulates;
  float *c;
};

void form_rows(const Product &product, int64_t first, int64_t last) {
  constexpr void (*form[])(const Panel &) = {
      form_panel<1>, form_panel<2>, form_panel<3>, form_panel<4>};
  const int64_t n = product.n;
  for (int64_t p = 0; p < product.k; p += block_rows) {
    for (int64_t j = 0; j < n; j += panel_columns) {
      const int64_t columns = std::min(panel_columns, n - j);
      const int64_t vectors = (columns + lanes - 1) / lanes;
      const int64_t rest = columns - (vectors - 1) * lanes;
      form[vectors - 1]({
          last - first, std::min(block_rows, product.k - p),
          product.a + first * product.a_row_stride + p * product.a_inner_stride,
          product.a_row_stride, product.a_inner_stride, product.b + p * n + j, n,
          product.c + first * n + j, n, static_cast<__mmask16>((1u << rest) - 1),
          product.accumulates || p > 0});
    }
  }
}

// The threads of libtorch's OpenMP, if it has them under the names of GNU's.
template <class Function> Function optional_symbol(const char *name) {
  return reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
}
const auto run_in_parallel =
    optional_symbol<void (*)(void (*)(void *), void *, unsigned, unsigned)>("GOMP_parallel");
const auto team_size = optional_symbol<int (*)()>("omp_get_num_threads");
const auto thread_number = optional_symbol<int (*)()>("omp_get_thread_num");

void form_share(void *context) {
  const FlushToZero flush_to_zero;
  const auto &product = *static_cast<const Product *>(context);
  // Shares start where tiles of any kind do.
  constexpr int64_t unit = 24;
  const int64_t units = (product.m + unit - 1) / unit, team = team_size(), own = thread_number();
  const int64_t first = units * own / team * unit, last = units * (own + 1) / team * unit;
  if (first < product.m) form_rows(product, first, std::min(last, product.m));
}

bool has_avx512() {
  static const bool value = __builtin_cpu_supports("avx512f");
  return value;
}

} // namespace

bool multiply_narrow(
    bool transposes_a, bool transposes_b, int64_t m, int64_t n, int64_t k, const float *a,
    const float *b, bool accumulates, float *c, int thread_count) {
  if (!has_avx512() || n < 2 || n > maximum_columns || m < 2 || k < 1) return false;
  thread_local std::vector<float> transposed;
  if (transposes_b) {
    transposed.resize(static_cast<size_t>(k * n));
    for (int64_t p = 0; p < k; ++p) {
      for (int64_t j = 0; j < n; ++j) transposed[p * n + j] = b[j * k + p];
    }
    b = transposed.data();
  }
  Product product = {m, n, k, a, transposes_a ? 1 : k, transposes_a ? m : 1, b, accumulates, c};
  if (thread_count > 1 && run_in_parallel && team_size && thread_number) {
    run_in_parallel(form_share, &product, static_cast<unsigned>(thread_count), 0);
  } else {
    form_rows(product, 0, m);
  }
  return true;
}

#else

bool multiply_narrow(
    bool, bool, int64_t, int64_t, int64_t, const float *, const float *, bool, float *, int) {
  return false;
}

#endif
