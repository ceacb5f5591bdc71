// Errors of datagrams that were sent, in the order they came: what IP_RECVERR keeps for recvmsg(2) with MSG_ERRQUEUE.
#pragma once

#include <cstdint>

#include "lib/errno.h"
#include "lib/list.h"
#include "lib/ref.h"
#include "net/inet/address.h"

namespace kernel::net::inet {

class Payload;

// Linux's struct sock_extended_err.
struct UserExtendedError {
  std::uint32_t error = 0;
  std::uint8_t origin = 0;
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  std::uint8_t padding = 0;
  std::uint32_t info = 0;
  std::uint32_t data = 0;
};
static_assert(sizeof(UserExtendedError) == 16);

inline constexpr std::uint8_t kOriginLocal = 1, kOriginIcmp = 2, kOriginIcmp6 = 3;

struct SentError {
  ListNode link;
  Ref<Payload> payload;
  Endpoint destination;
  Address offender;
  UserExtendedError error;
};

class ErrorQueue {
 public:
  ErrorQueue() = default;
  ErrorQueue(const ErrorQueue&) = delete;
  ErrorQueue& operator=(const ErrorQueue&) = delete;
  ~ErrorQueue() { clear(); }

  bool empty() { return errors_.empty(); }
  // Drops it if there are too many already.
  void add(Ref<Payload> payload, const Endpoint& destination, const Address& offender, const UserExtendedError& error);
  SentError* front() { return errors_.front(); }
  void pop();
  void clear();

 private:
  static constexpr std::size_t kMost = 128;
  static constexpr std::size_t kMostBytes = 212992;
  List<SentError, &SentError::link> errors_;
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace kernel::net::inet
