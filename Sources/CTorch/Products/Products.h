// How products of float matrices are computed: what each thread wants, and a switch that all share.

#pragma once

#include <condition_variable>
#include <mutex>

// Prepares for products on GPUs: none is rounded unless a thread wants it.
void guard_products();

// Whether products of float matrices in this thread are computed in bfloat16 now.
bool reduces_products();

// A switch of the whole process, and the threads that each need it in one position for a while. Those
// that agree are inside together; who wants it otherwise waits until they have left, and they let him
// in after a while even if they keep coming.
class SharedSwitch {
public:
  explicit SharedSwitch(void (*set)(bool)) : set(set) {}
  // Waits until the switch can be there, and keeps it until `leave`.
  void enter(bool position);
  void leave();
  // Turns it off unless it is in use.
  void rest();

private:
  static constexpr int longest_run = 64;
  void (*const set)(bool);
  std::mutex mutex;
  std::condition_variable is_empty;
  bool is_on = false;
  int inside = 0, waiting[2] = {};
  int entered = 0; // since it was last moved
};

// Keeps products on GPUs as this thread wants them while it exists: for every call that may compute
// some. What a GPU does later, it does as the switch was at the call.
class ProductsPass {
public:
  ProductsPass();
  ~ProductsPass();
  ProductsPass(const ProductsPass &) = delete;
  ProductsPass &operator=(const ProductsPass &) = delete;

private:
  const bool is_inside;
};
