// eˣ of many numbers at once.

#pragma once

#include <cmath>
#include <cstdint>
#include <dlfcn.h>

namespace {

// Some builds of libtorch also export these of the mathematics library inside.
template <class Function> Function optional_symbol(const char *name) {
  return reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
}
const auto vs_exp = optional_symbol<void (*)(int, const float *, float *)>("vsExp");
const auto vd_exp = optional_symbol<void (*)(int, const double *, double *)>("vdExp");

inline void exponentials(int64_t count, const float *x, float *y) {
  if (vs_exp) return vs_exp(static_cast<int>(count), x, y);
  for (int64_t i = 0; i < count; ++i) y[i] = std::exp(x[i]);
}
inline void exponentials(int64_t count, const double *x, double *y) {
  if (vd_exp) return vd_exp(static_cast<int>(count), x, y);
  for (int64_t i = 0; i < count; ++i) y[i] = std::exp(x[i]);
}

} // namespace
