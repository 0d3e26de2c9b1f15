// Vectors, symmetric matrices and random numbers by libtorch's operators; see DeviceOperators.h.

#include "DeviceOperators.h"

#include <cmath>
#include <limits>

namespace {

// gᵀd, dᵀd and gᵀg
Tensor direction_products(const Tensor &gradient, const Tensor &direction) {
  return sum_over_parts(gradient, 3, [&](int64_t first, int64_t count) {
    const Tensor g = in_double(gradient.narrow(0, first, count));
    const Tensor d = in_double(direction.narrow(0, first, count));
    return at::stack({at::dot(g, d), at::dot(d, d), at::dot(g, g)});
  });
}

// beta·previous + gain·x⊙y
void advance(
    Tensor next, const Tensor &previous, double beta, double gain, const Tensor &x,
    const Tensor &y = {}) {
  scale_into(next, beta, previous);
  if (y.defined()) next.addcmul_(x, y, gain);
  else next.add_(x, gain);
}

// d ← d/(√(c₂v + ε_root) + ε), with v that is `second` advanced by g.
void divide_by_next(
    const Tensor &d, const ct_adam_coefficients &k, const Tensor &second, const Tensor &g) {
  for_parts(g, [&](int64_t first, int64_t count) {
    const Tensor part = g.narrow(0, first, count);
    Tensor v = at::empty_like(part);
    advance(v, second.narrow(0, first, count), k.beta2, k.second_gain, part, part);
    v.mul_(k.second_correction);
    if (k.epsilon_root != 0) v.add_(k.epsilon_root);
    d.narrow(0, first, count).div_(v.sqrt_().add_(k.epsilon));
  });
}

// x ← x xor (x shifted right by `count`, with zeros moving in).
void mix_down(Tensor x, int64_t count) {
  const int64_t kept = (int64_t(1) << (64 - count)) - 1;
  x.bitwise_xor_(at::bitwise_right_shift(x, count).bitwise_and_(kept));
}

// Random bits for the numbers first, first + 1, …: a counter, mixed as by splitmix64 (Steele, Lea and
// Flood 2014).
Tensor random_bits(uint64_t seed, int64_t first, int64_t count, at::Device device) {
  Tensor x = at::arange(
      first + 1, first + count + 1, at::TensorOptions(at::kLong).device(device));
  x.mul_(static_cast<int64_t>(0x9e3779b97f4a7c15)).add_(static_cast<int64_t>(seed));
  mix_down(x, 30);
  x.mul_(static_cast<int64_t>(0xbf58476d1ce4e5b9));
  mix_down(x, 27);
  x.mul_(static_cast<int64_t>(0x94d049bb133111eb));
  mix_down(x, 31);
  return x;
}

// Numbers from [0, 1).
Tensor random_uniforms(uint64_t seed, int64_t first, int64_t count, at::Device device) {
  const Tensor bits = at::bitwise_right_shift(random_bits(seed, first, count, device), 11);
  return in_double(bits.bitwise_and_((int64_t(1) << 53) - 1)).mul_(0x1p-53);
}

} // namespace

ct_error ct_device_dot(ct_tensor x, ct_tensor y, ct_tensor *numbers) {
  return run("scalar product", [&] {
    const Tensor a = flat(x);
    *numbers = release(dot_product(a, x == y ? a : flat(y)));
  });
}

ct_error ct_device_linear_combination(
    double a, ct_tensor x, double b, ct_tensor y, ct_tensor out) {
  return run("linear combination", [&] {
    Tensor result = flat(out);
    const Tensor first = flat(x), second = flat(y);
    const bool is_first = result.data_ptr() == first.data_ptr();
    const bool is_second = result.data_ptr() == second.data_ptr();
    if (b == 0 || (is_first && is_second)) {
      scale_into(result, b == 0 ? a : a + b, first);
    } else if (a == 1) {
      at::add_out(result, first, second, b);
    } else if (is_second) {
      result.mul_(b).add_(first, a);
    } else {
      scale_into(result, a, first);
      result.add_(second, b);
    }
  });
}

ct_error ct_device_largest(ct_tensor x, ct_tensor *numbers) {
  return run("largest element", [&] {
    const Tensor elements = flat(x);
    *numbers = release(
        elements.numel() == 0
            ? at::zeros({1}, elements.options().dtype(at::kDouble))
            : in_double(at::linalg_vector_norm(
                            elements, std::numeric_limits<double>::infinity()))
                  .view({1}));
  });
}

ct_error ct_device_product(ct_tensor x, ct_tensor y, ct_tensor out) {
  return run("product", [&] {
    Tensor result = flat(out);
    at::mul_out(result, flat(x), flat(y));
  });
}

ct_error ct_device_quotient(ct_tensor x, ct_tensor y, double offset, ct_tensor out) {
  return run("quotient", [&] {
    Tensor result = flat(out);
    at::div_out(result, flat(x), offset == 0 ? flat(y) : flat(y) + offset);
  });
}

ct_error ct_device_square_root(ct_tensor x, double offset, ct_tensor out) {
  return run("square root", [&] {
    Tensor result = flat(out);
    at::sqrt_out(result, offset == 0 ? flat(x) : flat(x) + offset);
  });
}

ct_error ct_device_clamp(double low, double high, ct_tensor x) {
  return run("clamp", [&] { flat(x).clamp_(low, high); });
}

ct_error ct_device_sign(ct_tensor x, ct_tensor out) {
  return run("sign", [&] {
    const Tensor elements = flat(x);
    flat(out).copy_(at::where(elements.eq(elements), elements.sign(), elements));
  });
}

ct_error ct_device_direction_products(
    ct_tensor gradient, ct_tensor direction, ct_tensor *numbers) {
  return run("direction's products", [&] {
    *numbers = release(direction_products(flat(gradient), flat(direction)));
  });
}

ct_error ct_device_adam_direction(
    ct_adam_coefficients k, ct_tensor gradient, ct_tensor first, ct_tensor second,
    ct_tensor direction, ct_tensor *numbers) {
  return run("Adam's direction", [&] {
    const Tensor g = flat(gradient), d = flat(direction);
    advance(d, flat(first), k.beta1, k.first_gain, g);
    scale_into(d, k.first_correction, d);
    if (k.gradient_weight != 0) d.add_(g, k.gradient_weight);
    divide_by_next(d, k, flat(second), g);
    *numbers = release(direction_products(g, d));
  });
}

ct_error ct_device_scaled_gradient(
    ct_adam_coefficients k, ct_tensor gradient, ct_tensor second, ct_tensor direction,
    ct_tensor *numbers) {
  return run("scaled gradient", [&] {
    const Tensor g = flat(gradient), d = flat(direction);
    scale_into(d, k.gradient_weight, g);
    divide_by_next(d, k, flat(second), g);
    *numbers = release(direction_products(g, d));
  });
}

ct_error ct_device_advance_moments(
    ct_adam_coefficients k, ct_tensor gradient, ct_tensor first, ct_tensor second) {
  return run("moments", [&] {
    const Tensor g = flat(gradient), v = flat(second);
    if (first) {
      const Tensor m = flat(first);
      advance(m, m, k.beta1, k.first_gain, g);
    }
    advance(v, v, k.beta2, k.second_gain, g, g);
  });
}

ct_error ct_device_update_gram(
    bool appends_one, ct_tensor x, double alpha, double beta, ct_tensor previous,
    ct_tensor next) {
  return run("Gram matrix", [&] {
    Tensor rows = matrix(x);
    if (appends_one) rows = at::cat({rows, at::ones({rows.size(0), 1}, rows.options())}, 1);
    const int64_t n = rows.size(1);
    Tensor out = borrow(next).view({n, n});
    const Tensor before = previous ? borrow(previous).view({n, n}) : out;
    at::addmm_out(out, before, rows.t(), rows, previous ? beta : 0, alpha);
    out.triu_();
  });
}

ct_error ct_device_trace(ct_tensor square, ct_tensor *numbers) {
  return run("trace", [&] {
    *numbers = release(in_double(matrix(square).diagonal()).sum().view({1}));
  });
}

ct_error ct_device_form_damped(ct_tensor square, double scale, double shift, ct_tensor out) {
  return run("damped matrix", [&] {
    const Tensor a = matrix(square);
    Tensor result = borrow(out).view({a.size(1), a.size(1)});
    if (scale == 0) result.zero_();
    else result.copy_(a.view_as(result)).mul_(scale).triu_();
    result.diagonal().add_(shift);
  });
}

ct_error ct_device_cholesky(ct_tensor square, ct_tensor *numbers) {
  return run("Cholesky factor", [&] {
    Tensor a = matrix(square);
    const auto [factor, info] = at::linalg_cholesky_ex(a, true, false);
    a.copy_(factor);
    const Tensor is_whole = a.diagonal().isfinite().all().logical_and_(info.eq(0));
    *numbers = release(in_double(is_whole).view({1}));
  });
}

ct_error ct_device_cholesky_solve(bool is_right, ct_tensor r, ct_tensor x) {
  return run("Cholesky solve", [&] {
    const Tensor upper = matrix(r), lower = upper.t();
    Tensor rows = matrix(x);
    const Tensor half = is_right ? at::linalg_solve_triangular(upper, rows, true, false)
                                 : at::linalg_solve_triangular(lower, rows, false, true);
    rows.copy_(
        is_right ? at::linalg_solve_triangular(lower, half, false, false)
                 : at::linalg_solve_triangular(upper, half, true, true));
  });
}

ct_error ct_device_count_up(int64_t count, int device, ct_tensor *result) {
  return run("numbers from 0", [&] {
    *result = release(
        at::arange(count, at::TensorOptions(at::kLong).device(device_of(device))));
  });
}

ct_error ct_device_random_uniforms(
    uint64_t seed, int64_t count, int device, ct_tensor *result) {
  return run("random numbers", [&] {
    *result = release(random_uniforms(seed, 0, count, device_of(device)));
  });
}

ct_error ct_device_random_normals(
    ct_dtype type, uint64_t seed, int64_t count, int device, ct_tensor *result) {
  return run("random numbers", [&] {
    // Box and Muller 1958.
    const Tensor radius = random_uniforms(seed, 0, count, device_of(device));
    const Tensor angle = random_uniforms(seed, count, count, device_of(device));
    const Tensor normals =
        radius.neg().log1p_().mul_(-2).sqrt_().mul_((angle * (2 * M_PI)).cos_());
    *result = release(normals.to(scalar_type(type)));
  });
}

ct_error ct_device_dropout_mask(
    ct_dtype type, uint64_t seed, int64_t first, int64_t count, double probability, int device,
    ct_tensor *result) {
  return run("dropout mask", [&] {
    const auto bound = static_cast<int64_t>(std::ldexp(probability, 64) - 0x1p63);
    *result = release(random_bits(seed, first, count, device_of(device))
                          .ge(bound)
                          .to(scalar_type(type))
                          .mul_(1 / (1 - probability)));
  });
}

ct_error ct_device_numbers(ct_tensor numbers, int64_t count, double *result) {
  // Without a pass for products, which others might need while this waits.
  return guarded("reading numbers", [&] {
    at::AutoDispatchBelowADInplaceOrView guard;
    const Tensor copy = borrow(numbers).to(at::kCPU, at::kDouble).contiguous();
    TORCH_CHECK(copy.numel() == count, copy.numel(), " numbers instead of ", count);
    std::memcpy(result, copy.data_ptr(), sizeof(double) * count);
  });
}
