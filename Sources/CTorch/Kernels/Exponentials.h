// eˣ of many numbers at once.

#pragma once

#include "LibraryCounts.h"
#include "OptionalSymbol.h"
#include "Threads.h"

#include <cmath>
#include <cstdint>

namespace {

// From the mathematics library inside libtorch.
const auto vs_exp = optional_symbol<void (*)(int, const float *, float *)>("vsExp");
const auto vd_exp = optional_symbol<void (*)(int, const double *, double *)>("vdExp");

// Left alone, the library wakes other threads for a microsecond's work.
template <class T>
void call_library(void (*function)(int, const T *, T *), int64_t count, const T *x, T *y) {
  const LibraryThreads threads(thread_count(20.0 * count));
  for_library_counts(count, [=](int64_t first, int part) { function(part, x + first, y + first); });
}

inline void exponentials(int64_t count, const float *x, float *y) {
  if (vs_exp) return call_library(vs_exp, count, x, y);
  for (int64_t i = 0; i < count; ++i) y[i] = std::exp(x[i]);
}
inline void exponentials(int64_t count, const double *x, double *y) {
  if (vd_exp) return call_library(vd_exp, count, x, y);
  for (int64_t i = 0; i < count; ++i) y[i] = std::exp(x[i]);
}

} // namespace
