#ifndef CTORCH_TEST_HOOKS_H
#define CTORCH_TEST_HOOKS_H

// What tests set or look at, where the real thing is too large for them or needs a GPU. Nothing else
// calls these.

#include "Distributed.h"

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

// The functions of NCCL that sums on GPUs call, as its header declares them.
typedef struct {
  const char *(*error_text)(int code);
  int (*make_identity)(ct_nccl_identity *identity);
  int (*join)(void **communicator, int size, ct_nccl_identity identity, int rank);
  int (*leave)(void *communicator);
  int (*begin_group)(void);
  int (*end_group)(void);
  int (*all_reduce)(
      const void *from, void *to, size_t count, int type, int operation, void *communicator,
      void *stream);
} ct_nccl_functions;

// Puts others in their place, which last as long as they are used; NULL takes them back.
void ct_test_replace_nccl(const ct_nccl_functions *functions);

#ifdef __cplusplus
}
#endif

#endif
