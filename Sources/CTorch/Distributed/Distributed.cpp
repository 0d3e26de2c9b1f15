// Process groups by libtorch's own collectives: Gloo, with a store by TCP.

#define USE_C10D_GLOO
#include "Handles.h"

#include <ATen/core/LegacyTypeDispatch.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

struct ct_store_s {
  c10::intrusive_ptr<c10d::TCPStore> store;
};

struct ct_group_s {
  c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo;
};

namespace {

std::chrono::milliseconds milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
}

std::vector<uint8_t> bytes(const char *text) {
  const std::string value = text;
  return std::vector<uint8_t>(value.begin(), value.end());
}

bool is_loopback(const sockaddr *address) {
  if (address->sa_family == AF_INET) {
    return (ntohl(reinterpret_cast<const sockaddr_in *>(address)->sin_addr.s_addr) >> 24) == 127;
  }
  return address->sa_family == AF_INET6 &&
         IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6 *>(address)->sin6_addr);
}

std::string text_of(const sockaddr *address, socklen_t size) {
  char text[NI_MAXHOST];
  return getnameinfo(address, size, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0 ? text : "";
}

// An address of this machine that others may reach; of version 4, where there is one.
std::string address_for_others() {
  ifaddrs *all = nullptr;
  if (getifaddrs(&all) != 0) return "";
  std::string found[2];
  for (const ifaddrs *next = all; next; next = next->ifa_next) {
    const sockaddr *address = next->ifa_addr;
    const bool is_usable = address && (next->ifa_flags & IFF_UP) && !is_loopback(address) &&
                           (address->sa_family == AF_INET || address->sa_family == AF_INET6);
    if (!is_usable) continue;
    const bool is_old = address->sa_family == AF_INET;
    std::string &place = found[is_old ? 0 : 1];
    if (place.empty()) {
      place = text_of(address, is_old ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    }
  }
  freeifaddrs(all);
  return found[0].empty() ? found[1] : found[0];
}

// The address of this machine on the way to a host: what packets to it would come from. A host's own
// name often stands for an address that no other can reach, which is not taken where there are others.
std::string address_towards(const std::string &host, int port, bool is_on_one_machine) {
  addrinfo hints = {}, *found = nullptr;
  hints.ai_socktype = SOCK_DGRAM;
  if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return "";
  std::string result;
  for (addrinfo *next = found; next && result.empty(); next = next->ai_next) {
    const int number = socket(next->ai_family, next->ai_socktype, 0);
    if (number < 0) continue;
    sockaddr_storage own = {};
    socklen_t size = sizeof own;
    auto *address = reinterpret_cast<sockaddr *>(&own);
    // Connecting a datagram socket sends nothing.
    if (connect(number, next->ai_addr, next->ai_addrlen) == 0 &&
        getsockname(number, address, &size) == 0 && (is_on_one_machine || !is_loopback(address))) {
      result = text_of(address, size);
    }
    close(number);
  }
  freeaddrinfo(found);
  return result.empty() && !is_on_one_machine ? address_for_others() : result;
}

std::shared_ptr<gloo::transport::Device>
make_device(const char *interface, bool is_on_one_machine, c10d::TCPStore &store) {
  using c10d::ProcessGroupGloo;
  if (interface) return ProcessGroupGloo::createDeviceForInterface(interface);
  const std::string address = address_towards(store.getHost(), store.getPort(), is_on_one_machine);
  return address.empty() ? ProcessGroupGloo::createDefaultDevice()
                         : ProcessGroupGloo::createDeviceForHostname(address);
}

} // namespace

ct_error ct_store_connect(
    const char *host, uint16_t port, bool serves, double seconds, ct_store *result) {
  return guarded("store", [&] {
    c10d::TCPStoreOptions options;
    options.port = port;
    options.isServer = serves;
    options.waitWorkers = false;
    options.timeout = milliseconds(seconds);
    *result = new ct_store_s{c10::make_intrusive<c10d::TCPStore>(host, options)};
  });
}

void ct_store_release(ct_store store) {
  contained([&] { delete store; });
}

ct_error ct_store_set(ct_store store, const char *key, const char *value) {
  return guarded("store", [&] { store->store->set(key, bytes(value)); });
}

ct_error ct_store_get(ct_store store, const char *key, char **value) {
  return guarded("store", [&] {
    *value = nullptr;
    if (!store->store->check({key})) return;
    const std::vector<uint8_t> found = store->store->get(key);
    *value = strndup(reinterpret_cast<const char *>(found.data()), found.size());
  });
}

ct_error ct_store_claim(ct_store store, const char *key, const char *value, char **found) {
  return guarded("store", [&] {
    const std::vector<uint8_t> held = store->store->compareSet(key, {}, bytes(value));
    *found = strndup(reinterpret_cast<const char *>(held.data()), held.size());
  });
}

ct_error ct_group_join(
    ct_store store, const char *prefix, int rank, int size, const char *interface,
    bool is_on_one_machine, double seconds, double patience, ct_group *result) {
  return guarded("process group", [&] {
    using c10d::ProcessGroupGloo;
    auto options = ProcessGroupGloo::Options::create(milliseconds(seconds));
    options->devices.push_back(make_device(interface, is_on_one_machine, *store->store));
    auto keys = c10::make_intrusive<c10d::PrefixStore>(prefix, store->store);
    auto gloo = c10::make_intrusive<ProcessGroupGloo>(keys, rank, size, options);
    gloo->setTimeout(milliseconds(patience));
    *result = new ct_group_s{std::move(gloo)};
  });
}

void ct_group_leave(ct_group group) {
  contained([&] { delete group; });
}

ct_error ct_group_sum(ct_group group, const ct_tensor *tensors, int count) {
  return guarded("sum over processes", [&] {
    at::AutoDispatchBelowADInplaceOrView guard;
    // All are under way before one is waited for.
    std::vector<c10::intrusive_ptr<c10d::Work>> works;
    for (int i = 0; i < count; ++i) {
      std::vector<at::Tensor> one{borrow(tensors[i])};
      works.push_back(group->gloo->allreduce(one));
    }
    for (const auto &work : works) work->wait();
  });
}
