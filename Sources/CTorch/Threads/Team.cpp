#include "Team.h"

#include "FlushToZero.h"
#include "OptionalSymbol.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>

namespace {

// Whether this thread is part of a team; what it calls upon is then its own to do.
thread_local bool is_taking_part = false;

struct Work {
  int64_t count;
  void (*body)(void *, int64_t);
  void *context;
  int places; // for helpers
  std::atomic<int64_t> taken = 0, done = 0;
  std::atomic<int> helpers = 0;

  void take_part() {
    const FlushToZero flush_to_zero;
    is_taking_part = true;
    for (int64_t number; (number = taken.fetch_add(1)) < count;) {
      body(context, number);
      done.fetch_add(1);
    }
    is_taking_part = false;
  }
};

// Null where there is no memory for it.
std::shared_ptr<Work> make_work() {
  try {
    return std::make_shared<Work>();
  } catch (const std::bad_alloc &) {
    return nullptr;
  }
}

// Starts a function in so many threads of OpenMP's, and waits until it has returned in all.
const auto run_in_library_threads =
    optional_symbol<void (*)(void (*)(void *), void *, unsigned, unsigned)>("GOMP_parallel");

// The threads that help. They are never ended, because a process may exit while they sleep.
class Helpers {
public:
  static Helpers &shared() {
    static auto &helpers = *new Helpers;
    return helpers;
  }

  // The lock that a team holds; it is not waited for.
  std::mutex team;

  void start(const std::shared_ptr<Work> &work) {
    {
      const std::lock_guard<std::mutex> lock(mutex);
      try {
        for (; thread_count < work->places; ++thread_count) {
          std::thread([this] { help(); }).detach();
        }
      } catch (const std::system_error &) {
        // The system has no more threads to give: those that there are will do.
      } catch (const std::bad_alloc &) {
        // The same of memory for them.
      }
      current = work;
      generation.fetch_add(1);
    }
    sleepers.notify_all();
  }

private:
  static constexpr auto patience = std::chrono::microseconds(300);
  std::mutex mutex;
  std::condition_variable sleepers;
  std::shared_ptr<Work> current;
  std::atomic<uint64_t> generation = 0;
  int thread_count = 0;

  void help() {
    uint64_t seen = 0;
    while (true) {
      // Within a step, the next work follows soon, and waking up would take longer; but the
      // processor goes to whoever else wants it.
      const auto end = std::chrono::steady_clock::now() + patience;
      while (generation.load() == seen && std::chrono::steady_clock::now() < end) {
        std::this_thread::yield();
      }
      std::shared_ptr<Work> work;
      {
        std::unique_lock<std::mutex> lock(mutex);
        sleepers.wait(lock, [&] { return generation.load() != seen; });
        seen = generation.load();
        work = current;
      }
      if (work->helpers.fetch_add(1) < work->places) work->take_part();
    }
  }
};

} // namespace

void run_library_team(int size, int64_t count, void (*body)(void *, int64_t), void *context) {
  if (!run_in_library_threads || size <= 1 || count <= 1 || is_taking_part) {
    return run_team(size, count, body, context);
  }
  Work work;
  work.count = count;
  work.body = body;
  work.context = context;
  run_in_library_threads(
      [](void *work) { static_cast<Work *>(work)->take_part(); }, &work,
      static_cast<unsigned>(std::min<int64_t>(size, count)), 0);
}

void run_team(int size, int64_t count, void (*body)(void *, int64_t), void *context) {
  if (size > 1 && count > 1 && !is_taking_part) {
    auto &helpers = Helpers::shared();
    const std::unique_lock<std::mutex> lock(helpers.team, std::try_to_lock);
    // A helper may look at the work after it is done, and thus owns it too.
    if (const auto work = lock.owns_lock() ? make_work() : nullptr) {
      work->count = count;
      work->body = body;
      work->context = context;
      work->places = size - 1;
      helpers.start(work);
      work->take_part();
      while (work->done.load() < count) std::this_thread::yield();
      return;
    }
  }
  for (int64_t number = 0; number < count; ++number) body(context, number);
}
