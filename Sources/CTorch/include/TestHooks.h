#ifndef CTORCH_TEST_HOOKS_H
#define CTORCH_TEST_HOOKS_H

// What tests set or look at, where the real thing is too large for them or needs a GPU. Nothing else
// calls these.

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Gives libraries that count in 32 bits no more than this to count in one call.
void ct_test_set_largest_library_count(int64_t count);
// The threads for work of so many floating-point operations.
int ct_test_thread_count(double operations);
// From now on products are guarded as they are where there is a GPU.
void ct_test_guard_products(void);
// A call that may compute products on a GPU; returns how often, in so many looks, products would have
// been computed in another way than this thread's.
int64_t ct_test_count_disturbances(int64_t count);

#ifdef __cplusplus
}
#endif

#endif
