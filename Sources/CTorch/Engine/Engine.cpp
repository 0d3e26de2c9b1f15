// Tensors, operators and autograd over libtorch.

#include "Handles.h"
#include "Products.h"
#include "Threads.h"

#include <ATen/Parallel.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/variable.h>
#include <torch/version.h>

#include <sched.h>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace {

std::string description(const c10::IValue &value) {
  if (value.isTensor()) {
    const auto &tensor = value.toTensor();
    if (!tensor.defined()) return "no tensor";
    std::string text = c10::toString(tensor.scalar_type());
    text += "[";
    for (int64_t i = 0; i < tensor.dim(); ++i) {
      if (i > 0) text += ", ";
      text += std::to_string(tensor.size(i));
    }
    return text + "]";
  }
  if (value.isTensorList()) {
    std::string text = "[";
    for (const at::Tensor &tensor : value.toTensorVector()) text += description(tensor) + " ";
    return text + "]";
  }
  std::ostringstream stream;
  stream << value;
  return stream.str();
}

c10::IValue convert(const ct_argument &argument) {
  switch (argument.kind) {
  case CT_ARGUMENT_NONE: return c10::IValue();
  case CT_ARGUMENT_TENSOR: return borrow(argument.tensor);
  case CT_ARGUMENT_INT: return argument.integer;
  case CT_ARGUMENT_DOUBLE: return argument.real;
  case CT_ARGUMENT_BOOL: return argument.integer != 0;
  case CT_ARGUMENT_INT_LIST:
    return c10::List<int64_t>(
        at::IntArrayRef(argument.integers, static_cast<size_t>(argument.integer)));
  case CT_ARGUMENT_BOOL_LIST: {
    c10::List<bool> list;
    for (int64_t i = 0; i < argument.integer; ++i) list.push_back(argument.integers[i] != 0);
    return list;
  }
  case CT_ARGUMENT_TENSOR_LIST: {
    c10::List<at::Tensor> list;
    for (int64_t i = 0; i < argument.integer; ++i) list.push_back(borrow(argument.tensors[i]));
    return list;
  }
  case CT_ARGUMENT_STRING: return std::string(argument.string);
  case CT_ARGUMENT_DTYPE:
    return static_cast<int64_t>(scalar_type(static_cast<ct_dtype>(argument.integer)));
  }
  return c10::IValue();
}

// Replaces tensors of one type by the same of another.
void convert_tensors(std::vector<c10::IValue> &stack, at::ScalarType from, at::ScalarType to) {
  at::AutoDispatchBelowADInplaceOrView guard;
  for (auto &value : stack) {
    if (!value.isTensor() || !value.toTensor().defined()) continue;
    if (value.toTensor().scalar_type() == from) value = value.toTensor().to(to);
  }
}

ct_error call(
    const c10::OperatorHandle &handle, const ct_argument *arguments, int count, bool records,
    bool is_product, ct_tensor *results, int *result_count) noexcept {
  const auto &schema = handle.schema();
  torch::jit::Stack stack;
  try {
    TORCH_CHECK(
        static_cast<size_t>(count) <= schema.arguments().size(), "takes at most ",
        schema.arguments().size(), " arguments, but was given ", count);
    stack.reserve(schema.arguments().size());
    for (int i = 0; i < count; ++i) stack.push_back(convert(arguments[i]));
    const bool reduces = is_product && !records && reduces_products();
    if (reduces) convert_tensors(stack, at::kFloat, at::kBFloat16);
    for (size_t i = count; i < schema.arguments().size(); ++i) {
      const auto &argument = schema.arguments()[i];
      TORCH_CHECK(argument.default_value().has_value(), "argument '", argument.name(), "' is missing");
      stack.push_back(*argument.default_value());
    }
    const ProductsPass pass;
    if (records) {
      handle.callBoxed(stack);
    } else {
      at::AutoDispatchBelowADInplaceOrView guard;
      handle.callBoxed(stack);
    }
    if (reduces) convert_tensors(stack, at::kBFloat16, at::kFloat);
    int produced = 0;
    for (auto &value : stack) {
      if (value.isTensor()) {
        TORCH_CHECK(produced < *result_count, "has more than ", *result_count, " results");
        auto tensor = std::move(value).toTensor();
        results[produced++] = tensor.defined() ? release(std::move(tensor)) : nullptr;
      }
    }
    *result_count = produced;
    return nullptr;
  } catch (const std::exception &error) {
    std::string text = c10::toString(schema.operator_name());
    text += "(";
    for (int i = 0; i < count; ++i) {
      if (i > 0) text += ", ";
      text += description(convert(arguments[i]));
    }
    return message(text + "): " + reason_of(error));
  }
}

// Whether the calling thread's last error was that memory was missing.
thread_local bool was_out_of_memory = false;

} // namespace

ct_error message(const std::string &text) {
  if (char *copy = strdup(text.c_str())) return copy;
  throw std::bad_alloc(); // no message would mean that nothing is wrong
}

std::string reason_of(const std::exception &error) {
  const auto *details = dynamic_cast<const c10::Error *>(&error);
  std::string text = details ? details->what_without_backtrace() : error.what();
  was_out_of_memory = dynamic_cast<const c10::OutOfMemoryError *>(&error) ||
                      dynamic_cast<const std::bad_alloc *>(&error) ||
                      text.find("can't allocate memory") != std::string::npos;
  const std::string check = "err == 0. ";
  if (const auto end = text.find("] "); text.rfind("[enforce fail", 0) == 0 && end != text.npos) {
    text.erase(0, end + 2);
    if (text.rfind(check, 0) == 0) text.erase(0, check.size());
  }
  return text;
}

void ct_tune_process() {
#if defined(__GLIBC__)
  // The shapes of a run do not change: keep freed buffers instead of returning them to the kernel,
  // whose pages would have to be faulted in again at every step.
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
#endif
  let_library_threads_end();
}

bool ct_was_out_of_memory() { return was_out_of_memory; }

const char *ct_version() { return TORCH_VERSION; }

ct_error ct_empty(
    ct_dtype type, const int64_t *shape, int rank, int device, ct_tensor *result) {
  const at::IntArrayRef sizes(shape, rank);
  return guarded("empty", scalar_type(type), sizes, [&] {
    at::AutoDispatchBelowADInplaceOrView guard;
    const auto options = at::TensorOptions(scalar_type(type));
    *result = release(at::empty(
        sizes, device < 0 ? options : options.device(device_of(device))));
  });
}

void ct_release(ct_tensor tensor) {
  contained([&] {
    c10::intrusive_ptr<at::TensorImpl, at::UndefinedTensorImpl>::reclaim(impl(tensor));
  });
}

void *ct_data(ct_tensor tensor) {
  static char nothing;
  void *data = contained([&] { return impl(tensor)->mutable_data(); });
  return data ? data : &nothing;
}
int ct_rank(ct_tensor tensor) {
  return contained([&] { return static_cast<int>(impl(tensor)->dim()); });
}
int64_t ct_size(ct_tensor tensor, int dimension) {
  return contained([&] { return impl(tensor)->size(dimension); });
}
int64_t ct_count(ct_tensor tensor) {
  return contained([&] { return impl(tensor)->numel(); });
}
bool ct_is_contiguous(ct_tensor tensor) {
  return contained([&] { return impl(tensor)->is_contiguous(); });
}

int ct_type(ct_tensor tensor) {
  switch (contained([&] { return c10::typeMetaToScalarType(impl(tensor)->dtype()); })) {
  case at::kFloat: return CT_FLOAT32;
  case at::kDouble: return CT_FLOAT64;
  case at::kLong: return CT_INT64;
  case at::kBool: return CT_BOOL;
  case at::kByte: return CT_UINT8;
  default: return -1;
  }
}

ct_error ct_slice(
    ct_tensor tensor, int64_t offset, const int64_t *shape, int rank, ct_tensor *result) {
  return guarded("slice", [&] {
    at::AutoDispatchBelowADInplaceOrView guard;
    auto source = borrow(tensor);
    int64_t strides[16];
    TORCH_CHECK(rank <= 16, "a slice has at most 16 dimensions");
    int64_t count = 1;
    for (int i = rank - 1; i >= 0; --i) {
      strides[i] = count;
      count *= shape[i];
    }
    TORCH_CHECK(
        source.is_contiguous() && offset >= 0 && offset + count <= source.numel(), "elements ",
        offset, " to ", offset + count, " of ", source.numel());
    *result = release(source.as_strided(
        at::IntArrayRef(shape, rank), at::IntArrayRef(strides, rank),
        source.storage_offset() + offset));
  });
}

ct_error ct_find_operator(const char *name, const char *overload, ct_operator *result) {
  return guarded(name, [&] {
    auto handle = c10::Dispatcher::singleton().findSchemaOrThrow(name, overload);
    *result = reinterpret_cast<ct_operator>(new c10::OperatorHandle(handle));
  });
}

ct_error ct_call(
    ct_operator operation, const ct_argument *arguments, int count, bool records,
    bool is_product, ct_tensor *results, int *result_count) {
  const auto &handle = *reinterpret_cast<const c10::OperatorHandle *>(operation);
  return call(handle, arguments, count, records, is_product, results, result_count);
}

ct_error ct_track(ct_tensor tensor, ct_tensor *result) {
  return guarded("track", [&] {
    *result = release(borrow(tensor).detach().set_requires_grad(true));
  });
}

ct_error ct_detach(ct_tensor tensor, ct_tensor *result) {
  return guarded("detach", [&] { *result = release(borrow(tensor).detach()); });
}

bool ct_is_tracked(ct_tensor tensor) {
  return contained([&] { return borrow(tensor).requires_grad(); });
}

ct_error ct_gradients(
    const ct_tensor *outputs, const ct_tensor *cotangents, int output_count,
    const ct_tensor *inputs, int input_count, bool creates_graph, ct_tensor *results) {
  return guarded("gradients", [&] {
    torch::autograd::variable_list roots, seeds, leaves;
    for (int i = 0; i < output_count; ++i) {
      roots.push_back(borrow(outputs[i]));
      seeds.push_back(cotangents && cotangents[i] ? borrow(cotangents[i]) : at::Tensor());
    }
    for (int i = 0; i < input_count; ++i) leaves.push_back(borrow(inputs[i]));
    const ProductsPass pass;
    auto gradients = torch::autograd::grad(roots, leaves, seeds, true, creates_graph, true);
    for (int i = 0; i < input_count; ++i) {
      results[i] = gradients[i].defined() ? release(std::move(gradients[i])) : nullptr;
    }
  });
}

// The number of threads of the operators is libtorch's; that of the fused kernels is set per call
// from the size of the work (Threads.cpp).
extern "C" void ct_set_kernel_thread_count(int count);

void ct_set_thread_count(int count) {
  contained([&] { at::set_num_threads(count); });
  ct_set_kernel_thread_count(count);
}

void ct_processors(uint32_t bits[32]) {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) CPU_ZERO(&set);
  for (int i = 0; i < 32; ++i) {
    bits[i] = 0;
    for (int j = 0; j < 32; ++j) bits[i] |= uint32_t(CPU_ISSET(32 * i + j, &set) ? 1 : 0) << j;
  }
}

int ct_thread_count() { return contained([] { return at::get_num_threads(); }); }
