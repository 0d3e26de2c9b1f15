// Which instruction sets the processor has, beside the one that every source file is compiled for.

#pragma once

#if defined(__x86_64__)
inline const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
// With the parts that all processors have since the first for servers.
inline const bool has_avx512 = has_avx2 && __builtin_cpu_supports("avx512f") &&
                               __builtin_cpu_supports("avx512dq") &&
                               __builtin_cpu_supports("avx512vl") &&
                               __builtin_cpu_supports("avx512bw");
#endif
