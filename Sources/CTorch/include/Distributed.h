// Processes that work on one thing: a store of theirs, and sums over all of them. Part of CTorch.h.

#ifndef CTORCH_DISTRIBUTED_H
#define CTORCH_DISTRIBUTED_H

#include "CTorch.h"

#ifdef __cplusplus
extern "C" {
#endif

// A client of a store of small values that processes share, by TCP. One thread at a time uses a client.
typedef struct ct_store_s *ct_store;
// This process's membership in a group whose processes call the same collectives in the same order.
typedef struct ct_group_s *ct_group;
// A connection of each process to the first, for a few numbers at a time.
typedef struct ct_star_s *ct_star;
// The same for what lies on GPUs, one a process, by NCCL.
typedef struct ct_nccl_s *ct_nccl;
// What processes that belong together have in common for NCCL: its ncclUniqueId.
typedef struct {
  uint8_t bytes[128];
} ct_nccl_identity;

// Connects to the store, with `serves` after starting it here; waits for it as long as the limit says.
ct_error ct_store_connect(
    const char *host, uint16_t port, bool serves, double seconds, ct_store *result);
void ct_store_release(ct_store store);
ct_error ct_store_set(ct_store store, const char *key, const char *value);
// The value of a key, which the caller frees; NULL where there is none.
ct_error ct_store_get(ct_store store, const char *key, char **value);
// Sets a key that has no value; `found`, which the caller frees, is the value that it then has.
ct_error ct_store_claim(ct_store store, const char *key, const char *value, char **found);

// Joins the group of `size` processes as number `rank`; all of them do, within the limit. Connections
// go by the network interface of that name; where it is NULL, by that which leads to the store, and which
// other machines reach, unless there are none. Keys of the store begin with the prefix. A collective
// that takes longer than `patience` fails.
ct_error ct_group_join(
    ct_store store, const char *prefix, int rank, int size, const char *interface,
    bool is_on_one_machine, double seconds, double patience, ct_group *result);
void ct_group_leave(ct_group group);
// Replaces tensors by their sums over all processes, the same to the bit in each.
ct_error ct_group_sum(ct_group group, const ct_tensor *tensors, int count);

// The first process listens at a port that it says, and accepts the others when they know it; they say
// the token, and who they are. A sum that takes longer than `patience` fails.
ct_error ct_star_listen(int size, uint16_t *port, ct_star *result);
ct_error ct_star_accept(ct_star star, int size, uint64_t token, double seconds, double patience);
ct_error ct_star_connect(
    const char *host, uint16_t port, int rank, uint64_t token, double patience, ct_star *result);
void ct_star_release(ct_star star);
// Replaces numbers by their sums over all processes, the same to the bit in each. Fails where another
// process makes another sum than the first, by its place among all, its count, or that of what is summed
// beside it in other ways.
ct_error ct_star_sum(ct_star star, double *numbers, int64_t count, int64_t beside);

// Fails where there is no NCCL in this process; libtorch's CUDA libraries bring it.
ct_error ct_nccl_find(void);
ct_error ct_nccl_make_identity(ct_nccl_identity *identity);
// Joins as ct_group_join does, with a GPU of this process's own; of a device that is none, a test's
// replacement of NCCL takes the memory.
ct_error ct_nccl_join(
    ct_nccl_identity identity, int rank, int size, int device, double seconds, ct_nccl *result);
void ct_nccl_leave(ct_nccl nccl);
// Replaces contiguous tensors by their sums over all processes, in the order of the device's other work.
ct_error ct_nccl_sum(ct_nccl nccl, const ct_tensor *tensors, int count);

#ifdef __cplusplus
}
#endif

#endif
