// Matrix products with few columns by AVX-512.
//
// A row of b with up to 64 columns fits into four registers. A tile of c, a few rows of as many
// columns, stays in registers while a block of rows of b passes, which the first-level cache holds.

#include "NarrowProduct.h"
#include "InstructionSets.h"

#include "Errors.h"
#include "Team.h"

#include <algorithm>
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
// Shares start where tiles of any kind do.
constexpr int64_t share_unit = 24;

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
  Finish finish;
};

#pragma clang attribute push(__attribute__((target("avx512f"))), apply_to = function)

// Whole loops over the tile have to be unrolled, or it is not held in registers.
template <int rows, int vectors> void form_tile(const Panel &panel, int64_t row) {
  __m512 sums[rows][vectors];
  const auto mask = [&](int v) -> __mmask16 { return v + 1 < vectors ? 0xffff : panel.tail; };
  float *c = panel.c + row * panel.c_stride;
#pragma unroll
  for (int r = 0; r < rows; ++r) {
#pragma unroll
    for (int v = 0; v < vectors; ++v) {
      const float *there = c + r * panel.c_stride + v * lanes;
      sums[r][v] =
          panel.accumulates ? _mm512_maskz_loadu_ps(mask(v), there) : _mm512_setzero_ps();
    }
  }
  const float *a = panel.a + row * panel.a_row_stride, *b = panel.b;
  for (int64_t p = 0; p < panel.inner; ++p, a += panel.a_inner_stride, b += panel.b_stride) {
    __m512 row_of_b[vectors];
#pragma unroll
    for (int v = 0; v < vectors; ++v) {
      row_of_b[v] = v + 1 < vectors ? _mm512_loadu_ps(b + v * lanes)
                                    : _mm512_maskz_loadu_ps(panel.tail, b + v * lanes);
    }
#pragma unroll
    for (int r = 0; r < rows; ++r) {
      const __m512 factor = _mm512_set1_ps(a[r * panel.a_row_stride]);
#pragma unroll
      for (int v = 0; v < vectors; ++v) {
        sums[r][v] = _mm512_fmadd_ps(factor, row_of_b[v], sums[r][v]);
      }
    }
  }
  if (panel.finish.bias) {
#pragma unroll
    for (int v = 0; v < vectors; ++v) {
      const __m512 bias = _mm512_maskz_loadu_ps(mask(v), panel.finish.bias + v * lanes);
#pragma unroll
      for (int r = 0; r < rows; ++r) sums[r][v] = _mm512_add_ps(sums[r][v], bias);
    }
  }
#pragma unroll
  for (int r = 0; r < rows; ++r) {
#pragma unroll
    for (int v = 0; v < vectors; ++v) {
      _mm512_mask_storeu_ps(c + r * panel.c_stride + v * lanes, mask(v), sums[r][v]);
    }
  }
  if (!panel.finish.rectified) return;
  const __m512 zero = _mm512_setzero_ps();
#pragma unroll
  for (int r = 0; r < rows; ++r) {
#pragma unroll
    for (int v = 0; v < vectors; ++v) {
      const int64_t offset = (row + r) * panel.c_stride + v * lanes;
      // Not less, so that NaN is kept.
      __mmask16 keeps = _mm512_cmp_ps_mask(sums[r][v], zero, _CMP_NLT_UQ);
      if (panel.finish.gate) {
        const __m512 gate = _mm512_maskz_loadu_ps(mask(v), panel.finish.gate + offset);
        keeps = _mm512_cmp_ps_mask(gate, zero, _CMP_GT_OQ);
      }
      _mm512_mask_storeu_ps(
          panel.finish.rectified + offset, mask(v), _mm512_maskz_mov_ps(keeps, sums[r][v]));
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

// c ← a·b for a single column.
void form_column(
    int64_t rows, int64_t inner, const float *a, const float *b, bool accumulates, float *c) {
  const int64_t rest = inner % lanes;
  const auto tail = static_cast<__mmask16>((1u << rest) - 1);
  constexpr int group = 8; // as many sums as hide the latency of one
  for (int64_t row = 0; row < rows; row += group) {
    __m512 sums[group];
    const float *start[group];
#pragma unroll
    for (int r = 0; r < group; ++r) {
      sums[r] = _mm512_setzero_ps();
      start[r] = a + std::min(row + r, rows - 1) * inner;
    }
    int64_t p = 0;
    for (; p + lanes <= inner; p += lanes) {
      const __m512 part = _mm512_loadu_ps(b + p);
#pragma unroll
      for (int r = 0; r < group; ++r) {
        sums[r] = _mm512_fmadd_ps(_mm512_loadu_ps(start[r] + p), part, sums[r]);
      }
    }
    if (rest > 0) {
      const __m512 part = _mm512_maskz_loadu_ps(tail, b + p);
#pragma unroll
      for (int r = 0; r < group; ++r) {
        sums[r] = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(tail, start[r] + p), part, sums[r]);
      }
    }
    for (int r = 0; r < group && row + r < rows; ++r) {
      const float sum = _mm512_reduce_add_ps(sums[r]);
      c[row + r] = accumulates ? c[row + r] + sum : sum;
    }
  }
}

#pragma clang attribute pop

struct Product {
  int64_t m, n, k;
  const float *a;
  int64_t a_row_stride, a_inner_stride;
  const float *b;
  bool accumulates;
  float *c;
  Finish finish;
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
      Finish finish;
      if (p + block_rows >= product.k) finish = product.finish;
      if (finish.bias) finish.bias += j;
      if (finish.gate) finish.gate += first * n + j;
      if (finish.rectified) finish.rectified += first * n + j;
      form[vectors - 1]({
          last - first, std::min(block_rows, product.k - p),
          product.a + first * product.a_row_stride + p * product.a_inner_stride,
          product.a_row_stride, product.a_inner_stride, product.b + p * n + j, n,
          product.c + first * n + j, n, static_cast<__mmask16>((1u << rest) - 1),
          product.accumulates || p > 0, finish});
    }
  }
}

} // namespace

bool is_narrow(bool transposes_a, int64_t m, int64_t n, int64_t k) {
  if (k < 1 || !has_avx512) return false;
  if (n == 1) return !transposes_a || m <= maximum_columns;
  return n <= maximum_columns && m >= 2;
}

void multiply_narrow(
    bool transposes_a, bool transposes_b, int64_t m, int64_t n, int64_t k, const float *a,
    const float *b, bool accumulates, float *c, int thread_count, const Finish &finish) {
  if (n == 1 && transposes_a) { // cᵀ = bᵀ·a has one row
    return form_rows({1, m, k, b, k, 1, a, accumulates, c, {}}, 0, 1);
  }
  if (n == 1) return form_column(m, k, a, b, accumulates, c);
  thread_local std::vector<float> transposed;
  if (transposes_b) {
    resize(transposed, k * n);
    for (int64_t p = 0; p < k; ++p) {
      for (int64_t j = 0; j < n; ++j) transposed[p * n + j] = b[j * k + p];
    }
    b = transposed.data();
  }
  const Product product = {
      m, n, k, a, transposes_a ? 1 : k, transposes_a ? m : 1, b, accumulates, c, finish};
  // Two shares for each thread, so that little is left to wait for when one thread is held up.
  const int64_t shares = thread_count > 1 ? 2 * thread_count : 1;
  const int64_t share = (m + shares * share_unit - 1) / (shares * share_unit) * share_unit;
  in_team(thread_count, (m + share - 1) / share, [&](int64_t number) {
    form_rows(product, number * share, std::min((number + 1) * share, m));
  });
}

#else

bool is_narrow(bool, int64_t, int64_t, int64_t) { return false; }

void multiply_narrow(
    bool, bool, int64_t, int64_t, int64_t, const float *, const float *, bool, float *, int,
    const Finish &) {}

#endif
