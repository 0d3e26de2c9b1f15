// Rounds numbers too small for the normal format to zero while it exists, in this thread.
//
// Near a minimum, probabilities and squared gradients get as small as that, and arithmetic on such
// numbers takes several times as long.

#pragma once

#if defined(__x86_64__)
#include <xmmintrin.h>

class FlushToZero {
public:
  FlushToZero() : before(_mm_getcsr()) { _mm_setcsr(before | results_and_operands); }
  ~FlushToZero() { _mm_setcsr(before); }
  FlushToZero(const FlushToZero &) = delete;
  FlushToZero &operator=(const FlushToZero &) = delete;

private:
  static constexpr unsigned results_and_operands = 0x8040;
  const unsigned before;
};
#else
class FlushToZero {
public:
  FlushToZero() {}
  ~FlushToZero() {}
};
#endif
