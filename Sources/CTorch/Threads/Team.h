// Several threads for one piece of work.

#pragma once
#include <cstdint>

// Calls `body` with each number below `count` once, in this thread and in up to `size` − 1 others,
// and returns when all calls have returned. Which thread makes which call is left to chance.
//
// Threads take numbers as they come to it, so that nothing waits for a thread that the machine is
// too busy to run. Those of a team that meets another at work stay with their caller.
void run_team(int size, int64_t count, void (*body)(void *context, int64_t number), void *context);

// The same with the threads of libtorch's operators, where they are to be had. They stay awake for a
// few milliseconds after an operator, and would contend with others for the processors; but all of
// them have to run before this returns.
void run_library_team(
    int size, int64_t count, void (*body)(void *context, int64_t number), void *context);

// Both for anything that can be called with a number.
enum class Threads { own, library };
template <class Body>
void in_team(int size, int64_t count, const Body &body, Threads threads = Threads::own) {
  const auto run = threads == Threads::own ? run_team : run_library_team;
  run(
      size, count,
      [](void *context, int64_t number) { (*static_cast<const Body *>(context))(number); },
      const_cast<Body *>(&body));
}
