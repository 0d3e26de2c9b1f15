#ifndef CTORCH_H
#define CTORCH_H

// A narrow C interface over libtorch: tensors, any operator by its name, reverse-mode derivatives,
// and a few fused kernels over raw memory. Everything else is Swift.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Functions that can fail return NULL, or a message that the caller releases with free(). None throws.
typedef char *ct_error;

// Whether the calling thread's last error was that memory was missing.
bool ct_was_out_of_memory(void);

// An owning reference to a tensor.
typedef struct ct_tensor_impl *ct_tensor;

typedef enum { CT_FLOAT32 = 0, CT_FLOAT64 = 1, CT_INT64 = 2, CT_BOOL = 3, CT_UINT8 = 4 } ct_dtype;

typedef enum {
  CT_ARGUMENT_NONE = 0,
  CT_ARGUMENT_TENSOR,
  CT_ARGUMENT_INT,
  CT_ARGUMENT_DOUBLE,
  CT_ARGUMENT_BOOL,
  CT_ARGUMENT_INT_LIST,
  CT_ARGUMENT_BOOL_LIST,
  CT_ARGUMENT_TENSOR_LIST,
  CT_ARGUMENT_STRING,
  CT_ARGUMENT_DTYPE,
} ct_argument_kind;

typedef struct {
  ct_argument_kind kind;
  int64_t integer;         // INT, BOOL, DTYPE; the count of a list
  double real;             // DOUBLE
  ct_tensor tensor;        // TENSOR
  const int64_t *integers; // INT_LIST, BOOL_LIST
  const ct_tensor *tensors; // TENSOR_LIST
  const char *string;      // STRING
} ct_argument;

// The process.
// Sets for the whole process what makes a run fast: freed memory is kept for reuse, and OpenMP's
// threads end when others need the processors. Nothing else changes a setting that the process has.
void ct_tune_process(void);
const char *ct_version(void);
void ct_set_thread_count(int count);
int ct_thread_count(void);
// The processors that this process may use, as bits, of the first 1024; none where that is not known.
void ct_processors(uint32_t bits[32]);
// Keeps the kernels called from this thread from using others.
void ct_set_single_threaded(bool is_single);

// Devices have numbers: CUDA's from 0 on, and a negative one for the processor.

// Makes a GPU ready for use, or says why it cannot be used. Once for each, before its first tensor.
ct_error ct_prepare_cuda(int index);
// The number of GPUs; 0 before the first was made ready.
int ct_cuda_count(void);
// A copy of the tensor there.
ct_error ct_copy_to(ct_tensor tensor, int device, ct_tensor *result);

// How products of float matrices are computed in this thread: as they are; in TF32, on CUDA alone; or
// with operands rounded to bfloat16. Calls on CUDA from threads that disagree about TF32 wait for each
// other, but not for what a GPU still has to do.
typedef enum { CT_PRODUCTS_FLOAT = 0, CT_PRODUCTS_TF32, CT_PRODUCTS_BFLOAT16 } ct_products;
// Returns what it was before.
ct_products ct_set_products(ct_products how);
bool ct_reduces_products(void);

// Tensors.
ct_error ct_empty(ct_dtype type, const int64_t *shape, int rank, int device, ct_tensor *result);
void ct_release(ct_tensor tensor);
// On the processor only. Never NULL, even where there are no elements.
void *ct_data(ct_tensor tensor);
int ct_rank(ct_tensor tensor);
int64_t ct_size(ct_tensor tensor, int dimension);
int64_t ct_count(ct_tensor tensor);
int ct_type(ct_tensor tensor); // a ct_dtype, or -1 for any other
bool ct_is_contiguous(ct_tensor tensor);
// `count` elements from `offset` of a contiguous tensor, in a new shape, sharing its memory.
ct_error ct_slice(
    ct_tensor tensor, int64_t offset, const int64_t *shape, int rank, ct_tensor *result);

// Operators, by the names of libtorch's own schemas ("aten::tanh", ""). Arguments are positional;
// those left out take the schema's defaults. With `records` autograd follows the call. The operands
// of a call that `is_product` are rounded where ct_set_products says so. A result that the operator
// leaves undefined is NULL.
typedef const struct ct_operator_impl *ct_operator;
ct_error ct_find_operator(const char *name, const char *overload, ct_operator *result);
ct_error ct_call(
    ct_operator operation, const ct_argument *arguments, int count, bool records, bool is_product,
    ct_tensor *results, int *result_count);

// Reverse-mode derivatives. A result is NULL where an input was not used.
ct_error ct_track(ct_tensor tensor, ct_tensor *result);
// Whether autograd follows it.
bool ct_is_tracked(ct_tensor tensor);
ct_error ct_detach(ct_tensor tensor, ct_tensor *result);
ct_error ct_gradients(
    const ct_tensor *outputs, const ct_tensor *cotangents, int output_count,
    const ct_tensor *inputs, int input_count, bool creates_graph, ct_tensor *results);

// Fused kernels. Pointers are to contiguous row-major memory of type float, or double where
// `is_double`. Those that need memory of their own can fail.

// c[m×n] ← op(a)·op(b), added to c where `accumulates`.
ct_error ct_gemm(
    bool is_double, bool transposes_a, bool transposes_b, int64_t m, int64_t n, int64_t k,
    const void *a, const void *b, bool accumulates, void *c);
// z ← x·weight + bias, and a ← max(z, 0) where `a` is given; a may be z. bias may be NULL.
ct_error ct_dense(
    bool is_double, int64_t rows, int64_t inputs, int64_t outputs, const void *x,
    const void *weight, const void *bias, void *z, void *a);
// t ← x·weight_tangent + bias_tangent, added to t where `accumulates`, and ta ← t where z > 0, else
// 0, where `ta` is given. Both tangents may be NULL; t is then what it was.
ct_error ct_dense_tangent(
    bool is_double, int64_t rows, int64_t inputs, int64_t outputs, const void *x,
    const void *weight_tangent, const void *bias_tangent, const void *z, bool accumulates, void *t,
    void *ta);
// dz ← da where z > 0, else 0; weight_cotangent ← xᵀ·dz and bias_cotangent ← column sums of dz, each
// added to what is there where told, and each of which may be NULL. Unless `keeps_dz`, dz is scratch.
ct_error ct_rectified_pullback(
    bool is_double, int64_t rows, int64_t inputs, int64_t outputs, const void *x, const void *da,
    const void *z, bool accumulates_weight, void *weight_cotangent, bool accumulates_bias,
    void *bias_cotangent, bool keeps_dz, void *dz);
// z ← z + bias by rows.
void ct_add_bias(bool is_double, int64_t rows, int64_t columns, const void *bias, void *z);
// sums ← (accumulates ? sums : 0) + column sums of x.
void ct_sum_columns(
    bool is_double, int64_t rows, int64_t columns, const void *x, bool accumulates, void *sums);
// out ← max(z + Σ coefficients[i]·tangents[i], 0), without the maximum unless `rectifies`.
void ct_displace(
    bool is_double, int64_t count, const void *z, const void *const *tangents,
    const double *coefficients, int tangent_count, bool rectifies, void *out);

// Mean softmax cross entropy: returns the loss; with `probabilities`, fills them (as scratch they
// are always needed); with `cotangent`, fills the loss's derivative. `correct` counts the rows whose
// largest logit is the label's, or is −1 − row for the first row whose label is no class.
double ct_cross_entropy(
    bool is_double, int64_t rows, int64_t columns, const void *logits, const int64_t *labels,
    void *probabilities, void *cotangent, int64_t *correct);
// (1/rows) Σ aᵀ(diag p − ppᵀ)b
double ct_cross_entropy_fisher(
    bool is_double, int64_t rows, int64_t columns, const void *probabilities, const void *a,
    const void *b);
// ½·mean (z − y)²; with `cotangent`, (z − y)/count.
double ct_squared_error(
    bool is_double, int64_t count, const void *z, const void *y, void *cotangent);

// Vectors.
double ct_dot(bool is_double, int64_t count, const void *x, const void *y);
// out ← a·x + b·y; whether all of out is finite. b = 0 ignores y.
bool ct_linear_combination(
    bool is_double, int64_t count, double a, const void *x, double b, const void *y, void *out);
void ct_product(bool is_double, int64_t count, const void *x, const void *y, void *out);
void ct_quotient(
    bool is_double, int64_t count, const void *x, const void *y, double offset, void *out);
void ct_square_root(bool is_double, int64_t count, const void *x, double offset, void *out);
void ct_clamp(bool is_double, int64_t count, double low, double high, void *x);

void ct_sign(bool is_double, int64_t count, const void *x, void *out);
// products: gᵀd, dᵀd, gᵀg
void ct_direction_products(
    bool is_double, int64_t count, const void *gradient, const void *direction,
    double products[3]);

typedef struct {
  double beta1, first_gain, beta2, second_gain, epsilon, epsilon_root, first_correction,
      second_correction, gradient_weight;
} ct_adam_coefficients;
// Adam's direction of the moments as g would advance them. products: gᵀd, dᵀd, gᵀg.
void ct_adam_direction(
    bool is_double, int64_t count, ct_adam_coefficients coefficients, const void *gradient,
    const void *first, const void *second, void *direction, double products[3]);
// The same without a first moment.
void ct_scaled_gradient(
    bool is_double, int64_t count, ct_adam_coefficients coefficients, const void *gradient,
    const void *second, void *direction, double products[3]);
// first ← beta1·first + first_gain·g and second ← beta2·second + second_gain·g², by the formulas of
// the two above. first may be NULL.
void ct_advance_moments(
    bool is_double, int64_t count, ct_adam_coefficients coefficients, const void *gradient,
    void *first, void *second);

// Samples of the softmax model: row by row, draws a class whose cumulative probability exceeds the
// row's number in [0, 1), and writes the derivative of its −log p, softmax − one-hot.
void ct_sample_classes(
    bool is_double, int64_t rows, int64_t columns, const void *probabilities,
    const double *uniforms, void *cotangent);
// One factor of each row's output Fisher matrix: √p_k·(p − e_k) for class k.
void ct_class_factor(
    bool is_double, int64_t rows, int64_t columns, int64_t k, const void *probabilities,
    void *cotangent);

// Symmetric and triangular matrices [n×n], of which only the upper triangle counts.

// next ← beta·previous + alpha·x̄ᵀx̄, with x̄ the [rows×columns] x, with a column of ones behind it
// where `appends_one`. Without `previous` beta is 0; it may be next.
void ct_update_gram(
    bool is_double, int64_t rows, int64_t columns, bool appends_one, const void *x, double alpha,
    double beta, const void *previous, void *next);
// out ← scale·matrix + shift·I; with scale = 0, the matrix is not looked at.
void ct_form_damped(
    bool is_double, int64_t n, const void *matrix, double scale, double shift, void *out);
// The upper-triangular r with rᵀr = matrix, in its place; whether the matrix is positive definite.
bool ct_cholesky(bool is_double, int64_t n, void *matrix);
// x ← (rᵀr)⁻¹x, or x ← x(rᵀr)⁻¹ where `is_right`, for x [rows×columns].
void ct_cholesky_solve(
    bool is_double, bool is_right, int64_t rows, int64_t columns, const void *r, void *x);

// Normalization over rows×columns. Statistics and coefficients have an element for each column.

// The mean of each column, and its mean squared deviation from it.
ct_error ct_column_moments(
    bool is_double, int64_t rows, int64_t columns, const void *x, void *mean, void *variance);
// out [columns, rows] ← xᵀ of x [rows, columns], added to what is there where `accumulates`.
void ct_transpose(
    bool is_double, int64_t rows, int64_t columns, const void *x, bool accumulates, void *out);
// sums ← Σ u and products ← Σ u·(x − mean) of each column; u counts as 0 where `mask`, if given, is
// not positive.
ct_error ct_column_products(
    bool is_double, int64_t rows, int64_t columns, const void *u, const void *mask, const void *x,
    const void *mean, void *sums, void *products);
// out ← a·x + q (+ r, where given); without its negative elements where `rectifies`.
void ct_scale_columns(
    bool is_double, int64_t rows, int64_t columns, const void *a, const void *x, const void *q,
    const void *r, bool rectifies, void *out);
// out ← a·u + p·x + q (+ r, where given), and 0 where `mask`, if given, is not positive.
void ct_combine_columns(
    bool is_double, int64_t rows, int64_t columns, const void *a, const void *u, const void *p,
    const void *x, const void *q, const void *r, const void *mask, void *out);
// masked ← u, but 0 where `mask`, if given, is not positive, and out ← a·masked + p·x + q; `masked`
// and `out` are each optional.
void ct_combine_masked_columns(
    bool is_double, int64_t rows, int64_t columns, const void *a, const void *u, const void *mask,
    const void *p, const void *x, const void *q, void *masked, void *out);
// The tangent of the normalization of each row: out ← scale·r(u − Σu/n − x̂·Σu·x̂/n) +
// scale_tangent·x̂ + offset_tangent, with x̂ = r·(x − mean); u and the tangents are optional.
void ct_layer_norm_tangent(
    bool is_double, int64_t rows, int64_t columns, const void *x, const void *mean,
    const void *inverse_deviation, const void *scale, const void *u, const void *scale_tangent,
    const void *offset_tangent, void *out);

// One step of an LSTM over rows×hidden; gates are rows×4·hidden, packed input, candidate, forget,
// output.

// gates: their arguments, replaced by their values; c ← forget·previous + input·candidate; bounded ←
// tanh c; h ← output·bounded. Without `previous`, it is 0. `forget_offset` is added to the forget
// gate's argument.
void ct_lstm_cell(
    bool is_double, int64_t rows, int64_t hidden, double forget_offset, const void *previous,
    void *gates, void *c, void *bounded, void *h);
// t: the tangents of the gates' arguments; dc: the tangent of the previous c,
// replaced by c's; dh ← that of h.
void ct_lstm_cell_tangent(
    bool is_double, int64_t rows, int64_t hidden, const void *gates, const void *previous,
    const void *bounded, const void *t, void *dc, void *dh);
// dh: the cotangent of h; dc: that of c but for what comes through h, replaced by that of the
// previous c; t ← the cotangents of the gates' arguments.
void ct_lstm_cell_pullback(
    bool is_double, int64_t rows, int64_t hidden, const void *gates, const void *previous,
    const void *bounded, const void *dh, void *dc, void *t);

#ifdef __cplusplus
}
#endif

#include "DeviceKernels.h"
#include "Distributed.h"
#include "TestHooks.h"

#endif
