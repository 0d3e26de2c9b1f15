// Exceptions as messages: none leaves the C interface.

#pragma once

#include "CTorch.h"

#include <exception>
#include <new>
#include <string>
#include <vector>

// A message that the caller of the C interface releases.
ct_error message(const std::string &text);

// The reason of an error, without libtorch's C++ stack and where in its sources it was found. Notes
// whether it is that memory was missing, for ct_was_out_of_memory.
std::string reason_of(const std::exception &error);

// Memory for a kernel's own numbers was missing.
class MissingMemory : public std::bad_alloc {
public:
  explicit MissingMemory(size_t bytes)
      : text("can't allocate memory: a kernel asked for " + std::to_string(bytes) + " bytes") {}
  const char *what() const noexcept override { return text.c_str(); }

private:
  const std::string text;
};

namespace {

// The result of `body`, which throws nothing: the process would end with the error's description.
template <class Body> inline auto contained(const Body &body) noexcept { return body(); }

// Runs `body`; an exception becomes its message.
template <class Body> ct_error guarded(const char *what, const Body &body) noexcept {
  try {
    body();
    return nullptr;
  } catch (const std::exception &error) {
    return message(std::string(what) + ": " + reason_of(error));
  }
}

// Gives a kernel's numbers a place, or says how much memory was missing for it.
template <class T> void resize(std::vector<T> &numbers, int64_t count) {
  try {
    numbers.resize(static_cast<size_t>(count));
  } catch (const std::bad_alloc &) {
    throw MissingMemory(static_cast<size_t>(count) * sizeof(T));
  }
}

} // namespace
