// Functions that some builds of libtorch export beside their own.

#pragma once
#include <dlfcn.h>

// The function of this name, or null.
template <class Function> Function optional_symbol(const char *name) {
  return reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
}
