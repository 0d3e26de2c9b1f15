// Columns, normalization, LSTM cells and rows of tables by libtorch's operators; see DeviceOperators.h.

#include "DeviceOperators.h"

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
