#include "net/inet/error_queue.h"

#include <new>
#include <utility>

#include "net/inet/datagram_socket.h"

namespace kernel::net::inet {

void ErrorQueue::add(Ref<Payload> payload, const Endpoint& destination, const Address& offender,
                     const UserExtendedError& error) {
  if (count_ >= kMost || bytes_ + payload->bytes.size() > kMostBytes) return;
  bytes_ += payload->bytes.size();
  auto* added = new (std::nothrow) SentError{};
  if (!added) {
    bytes_ -= payload->bytes.size();
    return;
  }
  added->payload = std::move(payload);
  added->destination = destination;
  added->offender = offender;
  added->error = error;
  errors_.push_back(*added);
  ++count_;
}

void ErrorQueue::pop() {
  SentError* const first = errors_.pop_front();
  bytes_ -= first->payload->bytes.size();
  delete first;
  --count_;
}

void ErrorQueue::clear() {
  while (!errors_.empty()) pop();
}

}  // namespace kernel::net::inet
