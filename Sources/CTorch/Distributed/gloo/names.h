// What libtorch's header of its Gloo process group names of Gloo, whose own headers libtorch is shipped
// without. Only references and pointers to these types are passed on; none is made here.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace gloo {

class Algorithm;

class Context {
public:
  void setTimeout(std::chrono::milliseconds timeout);
};

class IoException : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

namespace rendezvous {
class Store {
public:
  virtual ~Store();
  virtual void set(const std::string &key, const std::vector<char> &data) = 0;
  virtual std::vector<char> get(const std::string &key) = 0;
  virtual void wait(const std::vector<std::string> &keys) = 0;
  virtual void
  wait(const std::vector<std::string> &keys, const std::chrono::milliseconds &timeout) = 0;
};
} // namespace rendezvous

namespace transport {
class Device;
class UnboundBuffer;
} // namespace transport

} // namespace gloo
