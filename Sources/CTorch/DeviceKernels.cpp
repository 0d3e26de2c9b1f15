// The fused kernels by libtorch's operators, for tensors on any device: a few operators each, with
// results that are equal to the kernels' but for rounding. Sums that are in double precision there
// are so here, over parts or rows.

#include "Handles.h"

#include <cmath>
#include <limits>
#include <vector>

namespace {

using at::Tensor;

// The tensor as kernels see it: the last dimension has the columns.
Tensor matrix(const Tensor &x) {
  const int64_t columns = x.dim() == 0 ? 1 : x.size(-1);
  return x.view({columns == 0 ? 0 : x.numel() / columns, columns});
}
Tensor matrix(ct_tensor x) { return x ? matrix(borrow(x)) : Tensor(); }
Tensor flat(ct_tensor x) { return x ? borrow(x).view({-1}) : Tensor(); }

template <class Body> ct_error run(const char *what, Body body) {
  return guarded(what, [&] {
    at::AutoDispatchBelowADInplaceOrView guard;
    body();
  });
}

Tensor in_double(const Tensor &x) { return x.to(at::kDouble); }

// out ← a·x
void scale_into(Tensor out, double a, const Tensor &x) {
  at::mul_out(out, x, at::scalar_tensor(a, out.options().device(at::kCPU)));
}

// c ← a·b (+ c) (+ bias)
void multiply(
    const Tensor &a, const Tensor &b, bool accumulates, Tensor c, const Tensor &bias = {}) {
  if (reduces_products() && c.scalar_type() == at::kFloat) {
    const Tensor product = at::mm(a.to(at::kBFloat16), b.to(at::kBFloat16));
    if (accumulates) c.add_(product);
    else c.copy_(product);
    if (bias.defined()) c.add_(bias);
  } else if (accumulates) {
    c.addmm_(a, b);
    if (bias.defined()) c.add_(bias);
  } else if (bias.defined()) {
    at::addmm_out(c, bias, a, b);
  } else {
    at::mm_out(c, a, b);
  }
}

// out ← u where mask > 0, else 0
void mask_into(Tensor out, const Tensor &u, const Tensor &mask) {
  at::threshold_backward_out(out, u, mask, 0);
}

// Adds body(first, count) up over parts of a long vector, so that copies in double precision stay
// small.
template <class Body> Tensor sum_over_parts(const Tensor &like, int64_t size, Body body) {
  constexpr int64_t largest = 1 << 24;
  const int64_t count = like.numel();
  Tensor sum;
  for (int64_t first = 0; first < count; first += largest) {
    const Tensor part = body(first, std::min(largest, count - first));
    sum = sum.defined() ? sum + part : part;
  }
  return sum.defined() ? sum : at::zeros({size}, like.options().dtype(at::kDouble));
}

Tensor dot_product(const Tensor &x, const Tensor &y) {
  return sum_over_parts(x, 1, [&](int64_t first, int64_t count) {
    const Tensor a = in_double(x.narrow(0, first, count));
    const Tensor b = y.is_same(x) ? a : in_double(y.narrow(0, first, count));
    return at::dot(a, b).view({1});
  });
}

// gᵀd, dᵀd and gᵀg
Tensor direction_products(const Tensor &gradient, const Tensor &direction) {
  return sum_over_parts(gradient, 3, [&](int64_t first, int64_t count) {
    const Tensor g = in_double(gradient.narrow(0, first, count));
    const Tensor d = in_double(direction.narrow(0, first, count));
    return at::stack({at::dot(g, d), at::dot(d, d), at::dot(g, g)});
  });
}

// √(c₂v + ε_root) + ε
Tensor denominator(const ct_adam_coefficients &k, const Tensor &second) {
  Tensor root = second * k.second_correction;
  if (k.epsilon_root != 0) root.add_(k.epsilon_root);
  return root.sqrt_().add_(k.epsilon);
}

// beta·previous + gain·x⊙y
void advance(
    Tensor next, const Tensor &previous, double beta, double gain, const Tensor &x,
    const Tensor &y = {}) {
  scale_into(next, beta, previous);
  if (y.defined()) next.addcmul_(x, y, gain);
  else next.add_(x, gain);
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

ct_error ct_device_gemm(
    bool transposes_a, bool transposes_b, ct_tensor a, ct_tensor b, bool accumulates,
    ct_tensor c) {
  return run("matrix product", [&] {
    const Tensor x = matrix(a), y = matrix(b), left = transposes_a ? x.t() : x;
    const Tensor right = transposes_b ? y.t() : y;
    multiply(left, right, accumulates, borrow(c).view({left.size(0), right.size(1)}));
  });
}

ct_error ct_device_dense(
    ct_tensor x, ct_tensor weight, ct_tensor bias, ct_tensor z, ct_tensor a) {
  return run("dense layer", [&] {
    const Tensor out = matrix(z);
    multiply(matrix(x), matrix(weight), false, out, flat(bias));
    if (a) {
      Tensor rectified = matrix(a);
      at::clamp_min_out(rectified, out, 0);
    }
  });
}

ct_error ct_device_dense_tangent(
    ct_tensor x, ct_tensor weight_tangent, ct_tensor bias_tangent, ct_tensor z, bool accumulates,
    ct_tensor t, ct_tensor ta) {
  return run("dense layer's tangent", [&] {
    const Tensor out = matrix(t);
    if (weight_tangent) {
      multiply(matrix(x), matrix(weight_tangent), accumulates, out, flat(bias_tangent));
    } else if (bias_tangent) {
      out.add_(flat(bias_tangent));
    }
    if (ta) mask_into(matrix(ta), out, matrix(z));
  });
}

ct_error ct_device_rectified_pullback(
    ct_tensor x, ct_tensor da, ct_tensor z, bool accumulates_weight, ct_tensor weight_cotangent,
    bool accumulates_bias, ct_tensor bias_cotangent, ct_tensor dz) {
  return run("dense layer's pullback", [&] {
    const Tensor masked = matrix(dz);
    mask_into(masked, matrix(da), matrix(z));
    if (weight_cotangent) {
      multiply(matrix(x).t(), masked, accumulates_weight, matrix(weight_cotangent));
    }
    if (bias_cotangent) {
      const Tensor sums = masked.sum(0);
      if (accumulates_bias) flat(bias_cotangent).add_(sums);
      else flat(bias_cotangent).copy_(sums);
    }
  });
}

ct_error ct_device_add_bias(ct_tensor bias, ct_tensor z) {
  return run("bias", [&] { matrix(z).add_(flat(bias)); });
}

ct_error ct_device_sum_columns(ct_tensor x, bool accumulates, ct_tensor sums) {
  return run("column sums", [&] {
    const Tensor total = matrix(x).sum(0);
    if (accumulates) flat(sums).add_(total);
    else flat(sums).copy_(total);
  });
}

ct_error ct_device_displace(
    ct_tensor z, const ct_tensor *tangents, const double *coefficients, int tangent_count,
    bool rectifies, ct_tensor out) {
  return run("displacement", [&] {
    Tensor result = flat(out);
    at::add_out(result, flat(z), flat(tangents[0]), coefficients[0]);
    for (int i = 1; i < tangent_count; ++i) result.add_(flat(tangents[i]), coefficients[i]);
    if (rectifies) result.clamp_min_(0);
  });
}

ct_error ct_device_cross_entropy(
    ct_tensor logits, ct_tensor labels, ct_tensor probabilities, ct_tensor cotangent,
    ct_tensor *numbers) {
  return run("cross entropy", [&] {
    const Tensor z = matrix(logits);
    const int64_t rows = z.size(0), columns = z.size(1);
    const Tensor given = borrow(labels).view({rows, 1});
    // A label that is no class must not be looked up; it is counted instead.
    const Tensor label = given.clamp(0, columns - 1);
    Tensor p = matrix(probabilities);
    at::sub_out(p, z, z.amax(1, true));
    const Tensor own = in_double(p.gather(1, label));
    p.exp_();
    const Tensor sums = p.sum(1, true);
    const Tensor loss = (in_double(sums).log() - own).sum() / double(rows);
    const Tensor wrong = given.ne(label).sum();
    *numbers = release(at::stack({loss, in_double(own.eq(0).sum()), in_double(wrong)}));
    if (!cotangent) return;
    p.div_(sums);
    Tensor d = matrix(cotangent);
    scale_into(d, 1 / double(rows), p);
    d.scatter_add_(1, label, at::full({rows, 1}, -1.0 / double(rows), d.options()));
  });
}

ct_error ct_device_cross_entropy_fisher(
    ct_tensor probabilities, ct_tensor a, ct_tensor b, ct_tensor *numbers) {
  return run("Fisher product", [&] {
    const Tensor p = matrix(probabilities);
    const auto centered = [&](ct_tensor tensor) {
      const Tensor x = matrix(tensor);
      return x - (p * x).sum(1, true);
    };
    const Tensor x = centered(a), y = a == b ? x : centered(b);
    const Tensor sums = in_double((p * x).mul_(y).sum(1));
    *numbers = release((sums.sum() / double(p.size(0))).view({1}));
  });
}

ct_error ct_device_sample_classes(
    ct_tensor probabilities, ct_tensor uniforms, ct_tensor cotangent) {
  return run("sampling", [&] {
    const Tensor p = matrix(probabilities);
    const Tensor sums = p.cumsum(1);
    const Tensor bound = borrow(uniforms).view({-1, 1}) * sums.narrow(1, p.size(1) - 1, 1);
    const Tensor label = sums.le(bound).sum(1, true).clamp_max_(p.size(1) - 1);
    Tensor out = matrix(cotangent);
    out.copy_(p);
    out.scatter_add_(1, label, at::full({p.size(0), 1}, -1.0, out.options()));
  });
}

ct_error ct_device_class_factor(ct_tensor probabilities, int64_t k, ct_tensor cotangent) {
  return run("Fisher factor", [&] {
    const Tensor p = matrix(probabilities), weight = p.narrow(1, k, 1).sqrt();
    Tensor out = matrix(cotangent);
    at::mul_out(out, p, weight);
    out.narrow(1, k, 1).sub_(weight);
  });
}

ct_error ct_device_squared_error(
    ct_tensor z, ct_tensor y, ct_tensor cotangent, ct_tensor *numbers) {
  return run("squared error", [&] {
    Tensor difference;
    if (cotangent) {
      difference = flat(cotangent);
      at::sub_out(difference, flat(z), flat(y));
    } else {
      difference = flat(z) - flat(y);
    }
    const double count = double(difference.numel());
    *numbers = release(dot_product(difference, difference).div_(2 * count));
    if (cotangent) difference.div_(count);
  });
}

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
    ct_tensor next_first, ct_tensor next_second, ct_tensor direction, ct_tensor *numbers) {
  return run("Adam's direction", [&] {
    const Tensor g = flat(gradient), m = flat(next_first), v = flat(next_second);
    advance(m, flat(first), k.beta1, k.first_gain, g);
    advance(v, flat(second), k.beta2, k.second_gain, g, g);
    Tensor d = flat(direction);
    scale_into(d, k.first_correction, m);
    if (k.gradient_weight != 0) d.add_(g, k.gradient_weight);
    d.div_(denominator(k, v));
    *numbers = release(direction_products(g, d));
  });
}

ct_error ct_device_scaled_gradient(
    ct_adam_coefficients k, ct_tensor gradient, ct_tensor second, ct_tensor next_second,
    ct_tensor direction, ct_tensor *numbers) {
  return run("scaled gradient", [&] {
    const Tensor g = flat(gradient), v = flat(next_second);
    advance(v, flat(second), k.beta2, k.second_gain, g, g);
    Tensor d = flat(direction);
    scale_into(d, k.gradient_weight, g);
    d.div_(denominator(k, v));
    *numbers = release(direction_products(g, d));
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

ct_error ct_device_column_moments(ct_tensor x, ct_tensor mean, ct_tensor variance) {
  return run("column moments", [&] {
    const auto [v, m] = at::var_mean(matrix(x), at::OptionalIntArrayRef({0}), at::Scalar(0));
    flat(mean).copy_(m);
    flat(variance).copy_(v);
  });
}

ct_error ct_device_column_products(
    ct_tensor u, ct_tensor mask, ct_tensor x, ct_tensor mean, ct_tensor sums,
    ct_tensor products) {
  return run("column products", [&] {
    Tensor values = matrix(u);
    if (mask) values = at::threshold_backward(values, matrix(mask), 0);
    flat(sums).copy_(values.sum(0));
    flat(products).copy_((matrix(x) - flat(mean)).mul_(values).sum(0));
  });
}

ct_error ct_device_scale_columns(
    ct_tensor a, ct_tensor x, ct_tensor q, ct_tensor r, bool rectifies, ct_tensor out) {
  return run("columnwise scale", [&] {
    Tensor result = matrix(out);
    at::addcmul_out(result, flat(q), matrix(x), flat(a));
    if (r) result.add_(matrix(r));
    if (rectifies) result.clamp_min_(0);
  });
}

ct_error ct_device_combine_columns(
    ct_tensor a, ct_tensor u, ct_tensor p, ct_tensor x, ct_tensor q, ct_tensor r, ct_tensor mask,
    ct_tensor out) {
  return run("columnwise combination", [&] {
    Tensor result = matrix(out);
    at::addcmul_out(result, flat(q), matrix(u), flat(a));
    result.addcmul_(matrix(x), flat(p));
    if (r) result.add_(matrix(r));
    if (mask) mask_into(result, result, matrix(mask));
  });
}

ct_error ct_device_combine_masked_columns(
    ct_tensor a, ct_tensor u, ct_tensor mask, ct_tensor p, ct_tensor x, ct_tensor q,
    ct_tensor masked, ct_tensor out) {
  return run("columnwise combination", [&] {
    Tensor values = matrix(u);
    if (mask && masked) {
      mask_into(matrix(masked), values, matrix(mask));
      values = matrix(masked);
    } else if (mask) {
      values = at::threshold_backward(values, matrix(mask), 0);
    } else if (masked) {
      matrix(masked).copy_(values);
    }
    if (!out) return;
    Tensor result = matrix(out);
    at::addcmul_out(result, flat(q), values, flat(a));
    result.addcmul_(matrix(x), flat(p));
  });
}

ct_error ct_device_layer_norm_tangent(
    ct_tensor x, ct_tensor mean, ct_tensor inverse_deviation, ct_tensor scale, ct_tensor u,
    ct_tensor scale_tangent, ct_tensor offset_tangent, ct_tensor out) {
  return run("layer normalization", [&] {
    const Tensor r = borrow(inverse_deviation).view({-1, 1});
    const Tensor normalized = (matrix(x) - borrow(mean).view({-1, 1})).mul_(r);
    Tensor result = matrix(out);
    if (u) {
      const Tensor tangent = matrix(u);
      const Tensor slope = (tangent * normalized).mean(1, true);
      at::sub_out(result, tangent, tangent.mean(1, true));
      result.sub_(normalized * slope).mul_(r).mul_(flat(scale));
    } else {
      result.zero_();
    }
    if (scale_tangent) result.addcmul_(normalized, flat(scale_tangent));
    if (offset_tangent) result.add_(flat(offset_tangent));
  });
}

namespace {

// Input, candidate, forget and output gates of rows×4·hidden.
struct Gates {
  Tensor i, g, f, o;

  explicit Gates(ct_tensor packed) {
    const auto parts = matrix(packed).chunk(4, 1);
    i = parts[0];
    g = parts[1];
    f = parts[2];
    o = parts[3];
  }
};

// 1 − x²
Tensor one_minus_square(const Tensor &x) { return (x * x).neg_().add_(1); }
// x(1 − x)
Tensor logistic_slope(const Tensor &x) { return x - x * x; }

} // namespace

ct_error ct_device_lstm_cell(
    double forget_offset, ct_tensor previous, ct_tensor gates, ct_tensor c, ct_tensor bounded,
    ct_tensor h) {
  return run("LSTM", [&] {
    const Gates gate(gates);
    gate.i.sigmoid_();
    gate.g.tanh_();
    gate.f.add_(forget_offset).sigmoid_();
    gate.o.sigmoid_();
    Tensor state = matrix(c), limited = matrix(bounded), output = matrix(h);
    at::mul_out(state, gate.i, gate.g);
    if (previous) state.addcmul_(gate.f, matrix(previous));
    at::tanh_out(limited, state);
    at::mul_out(output, gate.o, limited);
  });
}

ct_error ct_device_lstm_cell_tangent(
    ct_tensor gates, ct_tensor previous, ct_tensor bounded, ct_tensor t, ct_tensor dc,
    ct_tensor dh) {
  return run("LSTM", [&] {
    const Gates gate(gates), d(t);
    const Tensor state = matrix(dc), limited = matrix(bounded);
    state.mul_(gate.f);
    if (previous) state.addcmul_(d.f * logistic_slope(gate.f), matrix(previous));
    state.addcmul_(d.i * logistic_slope(gate.i), gate.g);
    state.addcmul_(d.g * one_minus_square(gate.g), gate.i);
    Tensor output = matrix(dh);
    at::mul_out(output, d.o * logistic_slope(gate.o), limited);
    output.addcmul_(gate.o * one_minus_square(limited), state);
  });
}

ct_error ct_device_lstm_cell_pullback(
    ct_tensor gates, ct_tensor previous, ct_tensor bounded, ct_tensor dh, ct_tensor dc,
    ct_tensor t) {
  return run("LSTM", [&] {
    const Gates gate(gates);
    Gates d(t);
    const Tensor output = matrix(dh), limited = matrix(bounded), state = matrix(dc);
    state.addcmul_(output * gate.o, one_minus_square(limited));
    d.i.copy_((state * gate.g).mul_(logistic_slope(gate.i)));
    d.g.copy_((state * gate.i).mul_(one_minus_square(gate.g)));
    if (previous) d.f.copy_((state * matrix(previous)).mul_(logistic_slope(gate.f)));
    else d.f.zero_();
    d.o.copy_((output * limited).mul_(logistic_slope(gate.o)));
    state.mul_(gate.f);
  });
}

ct_error ct_device_add_rows(ct_tensor rows, ct_tensor indices, ct_tensor table) {
  return run("row sums", [&] {
    // Unlike index_add, this adds in a fixed order on a GPU.
    c10::List<std::optional<Tensor>> places;
    places.push_back(borrow(indices));
    borrow(table).index_put_(places, borrow(rows), true);
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
  return run("reading numbers", [&] {
    const Tensor copy = borrow(numbers).to(at::kCPU, at::kDouble).contiguous();
    TORCH_CHECK(copy.numel() == count, copy.numel(), " numbers instead of ", count);
    std::memcpy(result, copy.data_ptr(), sizeof(double) * count);
  });
}
