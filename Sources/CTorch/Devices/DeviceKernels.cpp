// Dense layers and losses by libtorch's operators; see DeviceOperators.h.

#include "DeviceOperators.h"

namespace {

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
