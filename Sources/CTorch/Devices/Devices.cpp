// Devices beside the processor: what there is, and copies.

#include "Handles.h"
#include "Products.h"

#include <ATen/Context.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

#include <cstdlib>
#include <dlfcn.h>
#include <link.h>
#include <mutex>

namespace {

// The folder of libtorch's libraries.
std::string library_folder() {
  void *handle = dlopen("libtorch_cpu.so", RTLD_LAZY | RTLD_NOLOAD);
  link_map *map = nullptr;
  if (!handle || dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0 || !map) return "";
  char *path = realpath(map->l_name, nullptr);
  std::string folder = path ? path : map->l_name;
  free(path);
  dlclose(handle);
  return folder.substr(0, folder.find_last_of('/'));
}

// Loads the part of libtorch that computes on GPUs; an empty text, or why that is not to be.
std::string load_cuda() {
  using c10::impl::hasDeviceGuardImpl;
  if (!hasDeviceGuardImpl(c10::DeviceType::CUDA)) {
    const std::string folder = library_folder(), path = folder + "/libtorch_cuda.so";
    if (FILE *file = fopen(path.c_str(), "r")) {
      fclose(file);
    } else {
      return "this libtorch has no CUDA: there is no libtorch_cuda.so in " + folder +
             "; LIBTORCH=dir make setup takes one that has";
    }
    if (!dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL)) {
      const char *reason = dlerror();
      return "libtorch's CUDA libraries do not load: " + std::string(reason ? reason : path);
    }
    if (!hasDeviceGuardImpl(c10::DeviceType::CUDA)) {
      return path + " does not know CUDA devices";
    }
  }
  if (c10::impl::getDeviceGuardImpl(c10::DeviceType::CUDA)->deviceCount() == 0) {
    return "no GPU can be used: the NVIDIA driver is missing, too old for this libtorch, or finds "
           "none (nvidia-smi shows what there is)";
  }
  // The same command gives the same figures; and what is not asked for is not rounded.
  at::globalContext().setDeterministicCuDNN(true);
  at::globalContext().setBenchmarkCuDNN(false);
  guard_products();
  return "";
}

} // namespace

ct_error ct_prepare_cuda(int index) {
  static std::mutex mutex;
  static bool is_loaded = false;
  ct_error failure = nullptr;
  const ct_error error = guarded("CUDA", [&] {
    const std::lock_guard<std::mutex> lock(mutex);
    if (!is_loaded) {
      const std::string reason = load_cuda();
      is_loaded = reason.empty();
      if (!is_loaded) {
        failure = message(reason);
        return;
      }
    }
    const int count = c10::impl::getDeviceGuardImpl(c10::DeviceType::CUDA)->deviceCount();
    if (index < count) return;
    failure = message(
        "there is no cuda:" + std::to_string(index) + ": " +
        (count == 1 ? std::string("the only GPU is cuda:0")
                    : "the GPUs are cuda:0 to cuda:" + std::to_string(count - 1)));
  });
  return error ? error : failure;
}

int ct_cuda_count() {
  return contained([] {
    using namespace c10::impl;
    return hasDeviceGuardImpl(c10::DeviceType::CUDA)
               ? static_cast<int>(getDeviceGuardImpl(c10::DeviceType::CUDA)->deviceCount())
               : 0;
  });
}

ct_error ct_copy_to(ct_tensor tensor, int device, ct_tensor *result) {
  return guarded("copy between devices", [&] {
    at::AutoDispatchBelowADInplaceOrView guard;
    *result = release(borrow(tensor).contiguous().to(
        device_of(device), borrow(tensor).scalar_type(), false, true));
  });
}
