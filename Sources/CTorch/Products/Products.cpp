#include "Products.h"

#include "Handles.h"

#include <ATen/Context.h>

#include <atomic>
#include <thread>

namespace {

void allow_tf32(bool allows) {
  at::globalContext().setAllowTF32CuBLAS(allows);
  at::globalContext().setAllowTF32CuDNN(allows);
}

// libtorch has this switch for the process alone, and looks at it whenever it starts a product on a
// GPU, in the calling thread or, for derivatives, in one of its own.
SharedSwitch &tf32() {
  static auto &tf32 = *new SharedSwitch(allow_tf32); // a process may exit while threads wait
  return tf32;
}

std::atomic<bool> has_gpu = false;

thread_local ct_products products = CT_PRODUCTS_FLOAT;
thread_local bool has_pass = false;

} // namespace

void SharedSwitch::enter(bool position) {
  std::unique_lock<std::mutex> lock(mutex);
  ++waiting[position];
  is_empty.wait(lock, [&] {
    return position == is_on ? waiting[!position] == 0 || entered < longest_run : inside == 0;
  });
  --waiting[position];
  if (position != is_on) {
    set(position);
    is_on = position;
    entered = 0;
  }
  if (entered < longest_run) ++entered;
  ++inside;
}

void SharedSwitch::leave() {
  const std::lock_guard<std::mutex> lock(mutex);
  if (--inside == 0 && waiting[0] + waiting[1] > 0) is_empty.notify_all();
}

void SharedSwitch::rest() {
  const std::lock_guard<std::mutex> lock(mutex);
  if (inside > 0 || !is_on) return;
  set(false);
  is_on = false;
  entered = 0;
}

void guard_products() {
  allow_tf32(false);
  has_gpu = true;
}

// Within a call there is no second one that wants anything else.
ProductsPass::ProductsPass() : is_inside(has_gpu && !has_pass) {
  if (!is_inside) return;
  tf32().enter(products == CT_PRODUCTS_TF32);
  has_pass = true;
}

ProductsPass::~ProductsPass() {
  if (!is_inside) return;
  has_pass = false;
  tf32().leave();
}

ct_products ct_set_products(ct_products how) {
  const ct_products before = products;
  products = how;
  // What others in the process compute is not rounded because of us, once we are done.
  if (before == CT_PRODUCTS_TF32 && how != CT_PRODUCTS_TF32 && has_gpu) {
    contained([] { tf32().rest(); });
  }
  return before;
}

bool ct_reduces_products() { return products == CT_PRODUCTS_BFLOAT16; }

bool reduces_products() { return ct_reduces_products(); }

void ct_test_guard_products() { contained(guard_products); }

int64_t ct_test_count_disturbances(int64_t count) {
  return contained([=] {
    const ProductsPass pass;
    int64_t disturbances = 0;
    for (int64_t i = 0; i < count; ++i) {
      const auto precision = at::globalContext().float32Precision(
          at::Float32Backend::CUDA, at::Float32Op::MATMUL);
      const bool is_on = precision == at::Float32Precision::TF32;
      disturbances += is_on != (products == CT_PRODUCTS_TF32);
      std::this_thread::yield();
    }
    return disturbances;
  });
}
