// Entry points for both scalar types.

#pragma once

#include "Errors.h"
#include "FlushToZero.h"

// Runs its argument, which throws nothing, with T as the scalar type that `is_double` names, and
// returns what it returns.
#define DISPATCH(...) \
  return contained([&] { \
    const FlushToZero flush_to_zero; \
    if (is_double) { \
      using T = double; \
      __VA_ARGS__ \
    } else { \
      using T = float; \
      __VA_ARGS__ \
    } \
  });
#define IN(pointer) static_cast<const T *>(pointer)
#define OUT(pointer) static_cast<T *>(pointer)
