// Tensors behind the handles of the C interface, and exceptions as messages. Includes libtorch's
// headers, which take seconds to compile: for the few source files that need them.

#pragma once

#include "CTorch.h"

#include <ATen/ATen.h>

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

inline ct_error message(const std::string &text) { return strdup(text.c_str()); }

// Whether the calling thread's last error was that memory was missing.
inline thread_local bool was_out_of_memory = false;

// The reason of an error, without libtorch's C++ stack and where in its sources it was found.
inline std::string reason_of(const std::exception &error) {
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

// Runs `body`; an exception becomes its message.
template <class Body> ct_error guarded(const char *what, Body body) {
  try {
    body();
    return nullptr;
  } catch (const std::exception &error) {
    return message(std::string(what) + ": " + reason_of(error));
  }
}

// The same for what makes a tensor of this type and shape.
template <class Body>
ct_error guarded(const char *what, at::ScalarType type, at::IntArrayRef shape, Body body) {
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

// Whether products of float matrices in this thread are computed in bfloat16 now.
bool reduces_products();
