// How many threads work on one thing.

#pragma once

// The threads for work of so many floating-point operations: a fixed function of its size, so that a
// run repeats to the last bit. Waking a thread does not pay below a few million operations.
int thread_count(double operations);

// From now on LibraryThreads may end the threads of OpenMP, which all of the process shares.
void let_library_threads_end();

// Limits the threads of libtorch's mathematics library, in calls from this thread, while it exists.
class LibraryThreads {
public:
  // What to do with the library's threads in the end. They stay awake for a while, for a call that
  // may follow; ending them leaves the processors to others at once, and takes some 50 µs. Only where
  // let_library_threads_end was called are any ended.
  enum End { keeps, ends };

  explicit LibraryThreads(int count, End end = keeps);
  ~LibraryThreads();
  LibraryThreads(const LibraryThreads &) = delete;
  LibraryThreads &operator=(const LibraryThreads &) = delete;

private:
  const bool ends_threads;
  const int before;
};
