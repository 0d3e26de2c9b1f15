// Compiles the fused kernels of the file that KERNEL_BODIES names once for each instruction set, and
// picks one of them per process. Included once by each source file that has kernels. There,
// `vector_bytes` is the size of a vector register.

#pragma once

#include "InstructionSets.h"
#include "ScalarDispatch.h"

namespace {

namespace baseline {
constexpr int vector_bytes = 16;
#include KERNEL_BODIES
}

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
namespace avx2 {
constexpr int vector_bytes = 32;
#include KERNEL_BODIES
}
#pragma clang attribute pop
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,fma"))), apply_to = function)
namespace avx512 {
constexpr int vector_bytes = 64;
#include KERNEL_BODIES
}
#pragma clang attribute pop

#define KERNEL(T, name, ...) \
  (has_avx512 ? avx512::name<T>(__VA_ARGS__) \
   : has_avx2 ? avx2::name<T>(__VA_ARGS__) \
              : baseline::name<T>(__VA_ARGS__))
#else
#define KERNEL(T, name, ...) baseline::name<T>(__VA_ARGS__)
#endif

} // namespace
