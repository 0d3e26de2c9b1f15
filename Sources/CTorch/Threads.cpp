#include "Threads.h"

#include "CTorch.h"
#include "OptionalSymbol.h"

#include <algorithm>

namespace {

const auto set_local_thread_count = optional_symbol<int (*)(int)>("MKL_Set_Num_Threads_Local");
const auto pause_threads = optional_symbol<int (*)(int)>("omp_pause_resource_all");

constexpr double operations_per_thread = 3e6;

int maximum_thread_count = 1;

// Whether the calling thread is one of several that share the work already.
thread_local bool is_single_threaded = false;

} // namespace

extern "C" void ct_set_kernel_thread_count(int count) { maximum_thread_count = std::max(count, 1); }

void ct_set_single_threaded(bool is_single) { is_single_threaded = is_single; }

int thread_count(double operations) {
  if (is_single_threaded) return 1;
  return std::clamp(static_cast<int>(operations / operations_per_thread), 1, maximum_thread_count);
}

LibraryThreads::LibraryThreads(int count, End end) : ends_threads(end == ends && count > 1) {
  if (set_local_thread_count) set_local_thread_count(count);
}

LibraryThreads::~LibraryThreads() {
  if (set_local_thread_count) set_local_thread_count(0);
  constexpr int omp_pause_soft = 1;
  if (ends_threads && pause_threads) pause_threads(omp_pause_soft);
}
