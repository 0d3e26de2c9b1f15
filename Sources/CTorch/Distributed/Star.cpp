// Sums of a few numbers over processes, by a connection of each to the first. Gloo takes 20 to 50 times
// as long for them: it hands each from thread to thread.

#include "Errors.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

struct ct_star_s {
  // The connections: of the first process, one to each other in the order of ranks.
  std::vector<int> connections;
  int listener = -1;
  int rank;
  double patience;
  // How many sums there were.
  uint64_t sums = 0;

  void stop_listening() {
    if (listener >= 0) close(listener);
    listener = -1;
  }

  ~ct_star_s() {
    for (const int connection : connections) {
      if (connection >= 0) close(connection);
    }
    stop_listening();
  }
};

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const std::string &what) {
  throw std::runtime_error(what + ": " + strerror(errno));
}

// What a process says of itself when it connects.
struct Greeting {
  uint64_t token;
  int64_t rank;
};

// Which sum numbers are for, sent before them.
struct Sum {
  uint64_t place;
  int64_t count;
  int64_t beside;
};

// Waits until the connection can be read or written; not beyond the deadline.
void wait(int connection, short events, Clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd entry = {connection, events, 0};
    const int ready = poll(&entry, 1, static_cast<int>(std::max<int64_t>(left.count(), 0)));
    if (ready > 0) return;
    if (ready < 0 && errno != EINTR) fail("poll");
    if (left.count() <= 0) throw std::runtime_error("no answer in time");
  }
}

template <class Transfer>
void transfer(int connection, short events, size_t size, double patience, const Transfer &body) {
  const auto deadline = Clock::now() + std::chrono::milliseconds(int64_t(1000 * patience));
  for (size_t done = 0; done < size;) {
    const ssize_t count = body(done, size - done);
    if (count > 0) {
      done += static_cast<size_t>(count);
    } else if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
      wait(connection, events, deadline);
    } else if (count == 0) {
      throw std::runtime_error("connection closed by peer");
    } else {
      fail("connection");
    }
  }
}

void send_all(
    int connection, const void *bytes, size_t size, double patience, bool is_first_part = false) {
  const int flags = MSG_NOSIGNAL | MSG_DONTWAIT | (is_first_part ? MSG_MORE : 0);
  transfer(connection, POLLOUT, size, patience, [&](size_t done, size_t left) {
    return send(connection, static_cast<const char *>(bytes) + done, left, flags);
  });
}

void receive_all(int connection, void *bytes, size_t size, double patience) {
  transfer(connection, POLLIN, size, patience, [&](size_t done, size_t left) {
    return recv(connection, static_cast<char *>(bytes) + done, left, MSG_DONTWAIT);
  });
}

// What a new connection says of itself; nothing where it says nothing soon.
Greeting greeted(int connection) {
  Greeting greeting = {};
  try {
    receive_all(connection, &greeting, sizeof greeting, 2);
  } catch (const std::exception &) {
    greeting = {};
  }
  return greeting;
}

void send_at_once(int connection) {
  const int on = 1;
  setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

int connected(const char *host, uint16_t port) {
  addrinfo hints = {}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  if (getaddrinfo(host, std::to_string(port).c_str(), &hints, &found) != 0) {
    throw std::runtime_error(std::string("unknown host ") + host);
  }
  int result = -1;
  for (addrinfo *next = found; next && result < 0; next = next->ai_next) {
    result = socket(next->ai_family, next->ai_socktype | SOCK_CLOEXEC, 0);
    if (result >= 0 && connect(result, next->ai_addr, next->ai_addrlen) != 0) {
      close(result);
      result = -1;
    }
  }
  freeaddrinfo(found);
  if (result < 0) fail(std::string("connection to ") + host);
  return result;
}

} // namespace

ct_error ct_star_listen(int size, uint16_t *port, ct_star *result) {
  return guarded("star", [&] {
    auto star = std::unique_ptr<ct_star_s>(new ct_star_s{});
    star->listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_storage own = {};
    socklen_t length;
    if (star->listener >= 0) {
      // For both versions of the protocol.
      const int off = 0;
      setsockopt(star->listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
      own.ss_family = AF_INET6;
      length = sizeof(sockaddr_in6);
    } else {
      star->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      own.ss_family = AF_INET;
      length = sizeof(sockaddr_in);
    }
    auto *address = reinterpret_cast<sockaddr *>(&own);
    if (star->listener < 0 || bind(star->listener, address, length) != 0 ||
        listen(star->listener, size) != 0 || getsockname(star->listener, address, &length) != 0) {
      fail("listening");
    }
    *port = ntohs(own.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6 *>(&own)->sin6_port
                                            : reinterpret_cast<sockaddr_in *>(&own)->sin_port);
    *result = star.release();
  });
}

ct_error ct_star_accept(ct_star star, int size, uint64_t token, double seconds, double patience) {
  return guarded("star", [&] {
    const auto deadline = Clock::now() + std::chrono::milliseconds(int64_t(1000 * seconds));
    star->patience = patience;
    star->connections.assign(static_cast<size_t>(size - 1), -1);
    for (int missing = size - 1; missing > 0;) {
      wait(star->listener, POLLIN, deadline);
      const int connection = accept4(star->listener, nullptr, nullptr, SOCK_CLOEXEC);
      if (connection < 0) fail("connection");
      const Greeting greeting = greeted(connection);
      // Whoever else finds the port does not know the token.
      const bool is_known = greeting.token == token && greeting.rank > 0 && greeting.rank < size &&
                            star->connections[static_cast<size_t>(greeting.rank - 1)] < 0;
      if (!is_known) {
        close(connection);
        continue;
      }
      send_at_once(connection);
      star->connections[static_cast<size_t>(greeting.rank - 1)] = connection;
      --missing;
    }
    star->stop_listening();
  });
}

ct_error ct_star_connect(
    const char *host, uint16_t port, int rank, uint64_t token, double patience, ct_star *result) {
  return guarded("star", [&] {
    auto star = std::unique_ptr<ct_star_s>(new ct_star_s{});
    star->rank = rank;
    star->patience = patience;
    star->connections.push_back(connected(host, port));
    send_at_once(star->connections[0]);
    const Greeting greeting = {token, rank};
    send_all(star->connections[0], &greeting, sizeof greeting, patience);
    *result = star.release();
  });
}

void ct_star_release(ct_star star) {
  contained([&] { delete star; });
}

ct_error ct_star_sum(ct_star star, double *numbers, int64_t count, int64_t beside) {
  return guarded("sum over processes", [&] {
    const size_t size = static_cast<size_t>(count) * sizeof(double);
    const Sum sum = {star->sums++, count, beside};
    if (star->rank > 0) {
      send_all(star->connections[0], &sum, sizeof sum, star->patience, true);
      send_all(star->connections[0], numbers, size, star->patience);
      receive_all(star->connections[0], numbers, size, star->patience);
      return;
    }
    std::vector<double> other;
    resize(other, count);
    for (size_t place = 0; place < star->connections.size(); ++place) {
      Sum theirs;
      receive_all(star->connections[place], &theirs, sizeof theirs, star->patience);
      if (theirs.place != sum.place || theirs.count != count || theirs.beside != beside) {
        throw std::runtime_error(
            "rank " + std::to_string(place + 1) + " makes another sum than rank 0, of " +
            std::to_string(theirs.count + theirs.beside) + " numbers instead of " +
            std::to_string(count + beside));
      }
      receive_all(star->connections[place], other.data(), size, star->patience);
      for (int64_t i = 0; i < count; ++i) numbers[i] += other[static_cast<size_t>(i)];
    }
    for (const int connection : star->connections) {
      send_all(connection, numbers, size, star->patience);
    }
  });
}
