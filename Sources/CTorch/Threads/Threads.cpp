#include "Threads.h"

#include "CTorch.h"
#include "OptionalSymbol.h"

#include <algorithm>
#include <atomic>

namespace {

const auto set_local_thread_count = optional_symbol<int (*)(int)>("MKL_Set_Num_Threads_Local");
const auto pause_threads = optional_symbol<int (*)(int)>("omp_pause_resource_all");

constexpr double operations_per_thread = 3e6;

// Read by whatever thread computes, while another may set it.
std::atomic<int> maximum_thread_count = 1;

// Whether threads of the library, and of whoever else uses OpenMP in this process, may be ended.
std::atomic<bool> may_end_threads = false;

// Whether the calling thread is one of several that share the work already.
thread_local bool is_single_threaded = false;

} // namespace

extern "C" void ct_set_kernel_thread_count(int count) {
  maximum_thread_count.store(std::max(count, 1), std::memory_order_relaxed);
}

void ct_set_single_threaded(bool is_single) { is_single_threaded = is_single; }

int thread_count(double operations) {
  if (is_single_threaded) return 1;
  // Limited before it becomes an int, which need not hold it.
  const double count = operations / operations_per_thread;
  const double maximum = maximum_thread_count.load(std::memory_order_relaxed);
  return static_cast<int>(std::clamp(count, 1.0, maximum));
}

void let_library_threads_end() { may_end_threads = true; }

LibraryThreads::LibraryThreads(int count, End end)
    : ends_threads(end == ends && count > 1 && may_end_threads),
      before(set_local_thread_count ? set_local_thread_count(count) : 0) {}

LibraryThreads::~LibraryThreads() {
  if (set_local_thread_count) set_local_thread_count(before);
  constexpr int omp_pause_soft = 1;
  if (ends_threads && pause_threads) pause_threads(omp_pause_soft);
}

int ct_test_thread_count(double operations) { return thread_count(operations); }
