// What the kernels by libtorch's operators share. They work on tensors of any device, with results that
// are equal to the fused kernels' but for rounding; sums that are in double precision there are so here.

#pragma once

#include "Handles.h"
#include "Products.h"

// Not all of ATen, which takes three times as long to compile.
#include <ATen/TensorOperators.h>
#include <ATen/core/List.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/ops/add.h>
#include <ATen/ops/addcmul.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/bitwise_right_shift.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/clamp_min.h>
#include <ATen/ops/div.h>
#include <ATen/ops/dot.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linalg_cholesky_ex.h>
#include <ATen/ops/linalg_solve_triangular.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/sqrt.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/sub.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/threshold_backward.h>
#include <ATen/ops/var_mean.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

namespace {

using at::Tensor;

// The tensor as kernels see it: the last dimension has the columns.
inline Tensor matrix(const Tensor &x) {
  const int64_t columns = x.dim() == 0 ? 1 : x.size(-1);
  return x.view({columns == 0 ? 0 : x.numel() / columns, columns});
}
inline Tensor matrix(ct_tensor x) { return x ? matrix(borrow(x)) : Tensor(); }
inline Tensor flat(ct_tensor x) { return x ? borrow(x).view({-1}) : Tensor(); }

template <class Body> ct_error run(const char *what, Body body) {
  return guarded(what, [&] {
    const ProductsPass pass;
    at::AutoDispatchBelowADInplaceOrView guard;
    body();
  });
}

inline Tensor in_double(const Tensor &x) { return x.to(at::kDouble); }

// out ← a·x
inline void scale_into(Tensor out, double a, const Tensor &x) {
  at::mul_out(out, x, at::scalar_tensor(a, out.options().device(at::kCPU)));
}

// out ← u where mask > 0, else 0
inline void mask_into(Tensor out, const Tensor &u, const Tensor &mask) {
  at::threshold_backward_out(out, u, mask, 0);
}

// Calls body(first, count) for parts of a long vector, so that what it makes for them stays small.
template <class Body> void for_parts(const Tensor &like, Body body) {
  constexpr int64_t largest = 1 << 24;
  const int64_t count = like.numel();
  for (int64_t first = 0; first < count; first += largest) {
    body(first, std::min(largest, count - first));
  }
}

// Adds body(first, count) up over the parts, so that copies in double precision stay small.
template <class Body> Tensor sum_over_parts(const Tensor &like, int64_t size, Body body) {
  Tensor sum;
  for_parts(like, [&](int64_t first, int64_t count) {
    const Tensor part = body(first, count);
    sum = sum.defined() ? sum + part : part;
  });
  return sum.defined() ? sum : at::zeros({size}, like.options().dtype(at::kDouble));
}

inline Tensor dot_product(const Tensor &x, const Tensor &y) {
  return sum_over_parts(x, 1, [&](int64_t first, int64_t count) {
    const Tensor a = in_double(x.narrow(0, first, count));
    const Tensor b = y.is_same(x) ? a : in_double(y.narrow(0, first, count));
    return at::dot(a, b).view({1});
  });
}

} // namespace
