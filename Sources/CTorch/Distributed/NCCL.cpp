// Sums of what lies on GPUs by NCCL, NVIDIA's library of collectives, which the CUDA builds of libtorch
// bring along. It is found when it is asked for: nothing here needs its headers or CUDA's.

#include "Handles.h"
#include "OptionalSymbol.h"
#include "TestHooks.h"

#include <c10/core/DeviceGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <chrono>
#include <future>
#include <mutex>
#include <thread>

struct ct_nccl_s {
  void *communicator;
  int device;
};

namespace {

// What NCCL's header says: ncclSum, and of ncclDataType_t.
void *const first_stream = nullptr;
constexpr int sum_operation = 0, uint8_code = 1, int64_code = 4, float32_code = 7, float64_code = 8;

const ct_nccl_functions *replacement = nullptr;

// Its functions; where one is missing, nothing.
const ct_nccl_functions *functions() {
  static const ct_nccl_functions found = [] {
    ct_nccl_functions result = {};
    result.error_text = optional_symbol<decltype(result.error_text)>("ncclGetErrorString");
    result.make_identity = optional_symbol<decltype(result.make_identity)>("ncclGetUniqueId");
    result.join = optional_symbol<decltype(result.join)>("ncclCommInitRank");
    result.leave = optional_symbol<decltype(result.leave)>("ncclCommDestroy");
    result.begin_group = optional_symbol<decltype(result.begin_group)>("ncclGroupStart");
    result.end_group = optional_symbol<decltype(result.end_group)>("ncclGroupEnd");
    result.all_reduce = optional_symbol<decltype(result.all_reduce)>("ncclAllReduce");
    return result;
  }();
  if (replacement) return replacement;
  const bool is_whole = found.error_text && found.make_identity && found.join && found.leave &&
                        found.begin_group && found.end_group && found.all_reduce;
  return is_whole ? &found : nullptr;
}

const ct_nccl_functions &required() {
  const ct_nccl_functions *found = functions();
  if (!found) throw std::runtime_error("this libtorch brings no NCCL, or keeps it to itself");
  return *found;
}

void check(int code) {
  if (code) throw std::runtime_error(required().error_text(code));
}

int code_of(const at::Tensor &tensor) {
  switch (tensor.scalar_type()) {
  case at::kFloat: return float32_code;
  case at::kDouble: return float64_code;
  case at::kLong: return int64_code;
  case at::kByte: return uint8_code;
  default: throw std::runtime_error("NCCL has no sums of this type here");
  }
}

// Makes a device the current one of a thread, which NCCL goes by; and sees to it that libtorch's work on
// it is in CUDA's first stream, where NCCL's comes before and after it in order.
struct CurrentDevice {
  c10::OptionalDeviceGuard guard;

  explicit CurrentDevice(int number) {
    if (number < 0) return;
    const at::Device device = device_of(number);
    guard.reset_device(device);
    const c10::impl::VirtualGuardImpl implementation(device.type());
    if (implementation.getStream(device) != implementation.getDefaultStream(device)) {
      throw std::runtime_error("another stream of the GPU's than its first is in use");
    }
  }
};

} // namespace

void ct_test_replace_nccl(const ct_nccl_functions *functions) { replacement = functions; }

ct_error ct_nccl_find(void) {
  return guarded("NCCL", [&] { required(); });
}

ct_error ct_nccl_make_identity(ct_nccl_identity *identity) {
  return guarded("NCCL", [&] { check(required().make_identity(identity)); });
}

ct_error ct_nccl_join(
    ct_nccl_identity identity, int rank, int size, int device, double seconds, ct_nccl *result) {
  return guarded("NCCL", [&] {
    const ct_nccl_functions &nccl = required();
    using Outcome = std::pair<int, void *>;
    auto promise = std::make_shared<std::promise<Outcome>>();
    std::future<Outcome> future = promise->get_future();
    // NCCL waits for the others without a limit.
    std::thread([=, &nccl] {
      try {
        const CurrentDevice current(device);
        void *communicator = nullptr;
        const int code = nccl.join(&communicator, size, identity, rank);
        promise->set_value({code, communicator});
      } catch (...) {
        promise->set_exception(std::current_exception());
      }
    }).detach();
    const auto limit = std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
    if (future.wait_for(limit) != std::future_status::ready) {
      throw std::runtime_error("not all processes joined in time");
    }
    const auto [code, communicator] = future.get();
    check(code);
    *result = new ct_nccl_s{communicator, device};
  });
}

void ct_nccl_leave(ct_nccl nccl) {
  contained([&] {
    const CurrentDevice current(nccl->device);
    required().leave(nccl->communicator);
    delete nccl;
  });
}

ct_error ct_nccl_sum(ct_nccl nccl, const ct_tensor *tensors, int count) {
  return guarded("sum over processes by NCCL", [&] {
    const ct_nccl_functions &functions = required();
    const CurrentDevice current(nccl->device);
    check(functions.begin_group());
    int code = 0;
    for (int i = 0; i < count && !code; ++i) {
      const at::Tensor tensor = borrow(tensors[i]);
      void *data = tensor.mutable_data_ptr();
      code = functions.all_reduce(
          data, data, static_cast<size_t>(tensor.numel()), code_of(tensor), sum_operation,
          nccl->communicator, first_stream);
    }
    const int end = functions.end_group();
    check(code ? code : end);
  });
}
