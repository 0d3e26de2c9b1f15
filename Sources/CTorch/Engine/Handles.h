// Tensors behind the handles of the C interface. Includes libtorch's headers, which take seconds to
// compile: for the few source files that need them.

#pragma once

#include "CTorch.h"
#include "Errors.h"

#if !__has_include(<ATen/core/Tensor.h>)
#error "libtorch is not found: run `make setup`, and name the folder of its libtorch.pc in PKG_CONFIG_PATH"
#endif
#include <ATen/core/Tensor.h>

#include <cstring>
#include <sstream>
#include <string>

namespace {

inline at::TensorImpl *impl(ct_tensor tensor) { return reinterpret_cast<at::TensorImpl *>(tensor); }

// Gives up ownership to the caller.
inline ct_tensor release(at::Tensor tensor) {
  return reinterpret_cast<ct_tensor>(tensor.unsafeReleaseTensorImpl());
}

// A second owner, for as long as a call into libtorch lasts; undefined for NULL.
inline at::Tensor borrow(ct_tensor tensor) {
  if (!tensor) return at::Tensor();
  return at::Tensor(c10::intrusive_ptr<at::TensorImpl, at::UndefinedTensorImpl>::reclaim_copy(
      impl(tensor)));
}

inline at::ScalarType scalar_type(ct_dtype type) {
  switch (type) {
  case CT_FLOAT32: return at::kFloat;
  case CT_FLOAT64: return at::kDouble;
  case CT_INT64: return at::kLong;
  case CT_BOOL: return at::kBool;
  case CT_UINT8: return at::kByte;
  }
  return at::kFloat;
}

// A device by the number that the C interface gives it.
inline at::Device device_of(int number) {
  return number < 0 ? at::Device(at::kCPU)
                    : at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(number));
}

// As guarded(what, body), for what makes a tensor of this type and shape.
template <class Body>
ct_error guarded(
    const char *what, at::ScalarType type, at::IntArrayRef shape, const Body &body) noexcept {
  try {
    body();
    return nullptr;
  } catch (const std::exception &error) {
    std::ostringstream text;
    text << what << "(" << c10::toString(type) << shape << "): " << reason_of(error);
    return message(text.str());
  }
}

} // namespace
