#include "net/inet/error_queue.h"

#include <new>
#include <utility>

#include "net/inet/datagram_socket.h"

namespace kernel::net::inet {

void ErrorQueue::add(Ref<Payload> payload, const Endpoint& destination, const Address& offender,
                     const UserExtendedError& error) {
  if (count_ >= kMost) return;
  auto* added = new (std::nothrow) SentError{};
  if (!added) return;
  added->payload = std::move(payload);
  added->destination = destination;
  added->offender = offender;
  added->error = error;
  errors_.push_back(*added);
  ++count_;
}

void ErrorQueue::pop() {
  delete errors_.pop_front();
  --count_;
}

void ErrorQueue::clear() {
  while (!errors_.empty()) pop();
}

}  // namespace kernel::net::inet
