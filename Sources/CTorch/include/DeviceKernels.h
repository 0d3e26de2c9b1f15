#ifndef CTORCH_DEVICE_KERNELS_H
#define CTORCH_DEVICE_KERNELS_H

// The fused kernels of CTorch.h by libtorch's operators, for tensors on any device, contiguous and of
// one floating-point type. What a kernel there returns is in `numbers` here, a new tensor of double
// precision on the device, for ct_device_numbers to read. Matrix products are computed as
// ct_set_products says.

#include "CTorch.h"

#ifdef __cplusplus
extern "C" {
#endif

ct_error ct_device_gemm(
    bool transposes_a, bool transposes_b, ct_tensor a, ct_tensor b, bool accumulates,
    ct_tensor c);
ct_error ct_device_dense(
    ct_tensor x, ct_tensor weight, ct_tensor bias, ct_tensor z, ct_tensor a);
ct_error ct_device_dense_tangent(
    ct_tensor x, ct_tensor weight_tangent, ct_tensor bias_tangent, ct_tensor z, bool accumulates,
    ct_tensor t, ct_tensor ta);
ct_error ct_device_rectified_pullback(
    ct_tensor x, ct_tensor da, ct_tensor z, bool accumulates_weight, ct_tensor weight_cotangent,
    bool accumulates_bias, ct_tensor bias_cotangent, ct_tensor dz);
ct_error ct_device_add_bias(ct_tensor bias, ct_tensor z);
ct_error ct_device_sum_columns(ct_tensor x, bool accumulates, ct_tensor sums);
ct_error ct_device_displace(
    ct_tensor z, const ct_tensor *tangents, const double *coefficients, int tangent_count,
    bool rectifies, ct_tensor out);
// numbers: the loss, the number of correct rows, and that of labels that are no class.
ct_error ct_device_cross_entropy(
    ct_tensor logits, ct_tensor labels, ct_tensor probabilities, ct_tensor cotangent,
    ct_tensor *numbers);
ct_error ct_device_cross_entropy_fisher(
    ct_tensor probabilities, ct_tensor a, ct_tensor b, ct_tensor *numbers);
// uniforms: a tensor of double precision.
ct_error ct_device_sample_classes(
    ct_tensor probabilities, ct_tensor uniforms, ct_tensor cotangent);
ct_error ct_device_class_factor(ct_tensor probabilities, int64_t k, ct_tensor cotangent);
ct_error ct_device_squared_error(
    ct_tensor z, ct_tensor y, ct_tensor cotangent, ct_tensor *numbers);
ct_error ct_device_dot(ct_tensor x, ct_tensor y, ct_tensor *numbers);
// Returns nothing; whether the result is finite, ct_device_largest tells.
ct_error ct_device_linear_combination(
    double a, ct_tensor x, double b, ct_tensor y, ct_tensor out);
// numbers: the largest magnitude, NaN where there is a NaN.
ct_error ct_device_largest(ct_tensor x, ct_tensor *numbers);
ct_error ct_device_product(ct_tensor x, ct_tensor y, ct_tensor out);
ct_error ct_device_quotient(ct_tensor x, ct_tensor y, double offset, ct_tensor out);
ct_error ct_device_square_root(ct_tensor x, double offset, ct_tensor out);
ct_error ct_device_clamp(double low, double high, ct_tensor x);
ct_error ct_device_sign(ct_tensor x, ct_tensor out);
ct_error ct_device_direction_products(
    ct_tensor gradient, ct_tensor direction, ct_tensor *numbers);
ct_error ct_device_adam_direction(
    ct_adam_coefficients k, ct_tensor gradient, ct_tensor first, ct_tensor second,
    ct_tensor direction, ct_tensor *numbers);
ct_error ct_device_scaled_gradient(
    ct_adam_coefficients k, ct_tensor gradient, ct_tensor second, ct_tensor direction,
    ct_tensor *numbers);
ct_error ct_device_advance_moments(
    ct_adam_coefficients k, ct_tensor gradient, ct_tensor first, ct_tensor second);
ct_error ct_device_update_gram(
    bool appends_one, ct_tensor x, double alpha, double beta, ct_tensor previous,
    ct_tensor next);
ct_error ct_device_trace(ct_tensor square, ct_tensor *numbers);
ct_error ct_device_form_damped(ct_tensor square, double scale, double shift, ct_tensor out);
// numbers: 1 where the matrix is positive definite, else 0.
ct_error ct_device_cholesky(ct_tensor square, ct_tensor *numbers);
ct_error ct_device_cholesky_solve(bool is_right, ct_tensor r, ct_tensor x);
ct_error ct_device_column_moments(ct_tensor x, ct_tensor mean, ct_tensor variance);
ct_error ct_device_column_products(
    ct_tensor u, ct_tensor mask, ct_tensor x, ct_tensor mean, ct_tensor sums,
    ct_tensor products);
ct_error ct_device_scale_columns(
    ct_tensor a, ct_tensor x, ct_tensor q, ct_tensor r, bool rectifies, ct_tensor out);
ct_error ct_device_combine_columns(
    ct_tensor a, ct_tensor u, ct_tensor p, ct_tensor x, ct_tensor q, ct_tensor r, ct_tensor mask,
    ct_tensor out);
ct_error ct_device_combine_masked_columns(
    ct_tensor a, ct_tensor u, ct_tensor mask, ct_tensor p, ct_tensor x, ct_tensor q,
    ct_tensor masked, ct_tensor out);
ct_error ct_device_layer_norm_tangent(
    ct_tensor x, ct_tensor mean, ct_tensor inverse_deviation, ct_tensor scale, ct_tensor u,
    ct_tensor scale_tangent, ct_tensor offset_tangent, ct_tensor out);
ct_error ct_device_lstm_cell(
    double forget_offset, ct_tensor previous, ct_tensor gates, ct_tensor c, ct_tensor bounded,
    ct_tensor h);
ct_error ct_device_lstm_cell_tangent(
    ct_tensor gates, ct_tensor previous, ct_tensor bounded, ct_tensor t, ct_tensor dc,
    ct_tensor dh);
ct_error ct_device_lstm_cell_pullback(
    ct_tensor gates, ct_tensor previous, ct_tensor bounded, ct_tensor dh, ct_tensor dc,
    ct_tensor t);
// Adds rows to those of the table that the indices name.
ct_error ct_device_add_rows(ct_tensor rows, ct_tensor indices, ct_tensor table);
// 0, 1, …, count − 1.
ct_error ct_device_count_up(int64_t count, int device, ct_tensor *result);
// Random numbers that follow from the seed and a number's place, the same on every device: from [0, 1),
// of double precision; or with mean 0 and variance 1.
ct_error ct_device_random_uniforms(
    uint64_t seed, int64_t count, int device, ct_tensor *result);
ct_error ct_device_random_normals(
    ct_dtype type, uint64_t seed, int64_t count, int device, ct_tensor *result);
// 0 with this probability p, else 1/(1 − p); the elements have the places from `first` on.
ct_error ct_device_dropout_mask(
    ct_dtype type, uint64_t seed, int64_t first, int64_t count, double probability, int device,
    ct_tensor *result);
// Waits for the device.
ct_error ct_device_numbers(ct_tensor numbers, int64_t count, double *result);

#ifdef __cplusplus
}
#endif

#endif
