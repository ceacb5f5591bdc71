// Who carries what sockets send. The socket layer above has what programs see: states, options, ports, queues.
// Below is a Transport for each way to somewhere: the guest's own loopback now; one that leaves the guest
// (virtio-vsock to the VMM, which owns the real socket) later.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/ref.h"
#include "lib/result.h"
#include "mm/io_buffer.h"
#include "net/inet/address.h"

namespace kernel::net::inet {

class DatagramSocket;
class TcpSocket;
struct OutgoingDatagram;

// One end of a stream as the other end sees it: what a connection's segments would tell. Nothing here sleeps.
class StreamEnd {
 public:
  // Keeps the end alive while somebody works with it.
  virtual RefCounted& lifetime() = 0;
  // How many of the bytes that were delivered do not fit into the receiver's window: they are still with the sender.
  virtual std::size_t beyond_window() const = 0;
  // Takes up to `most` bytes. kFault, kNoMem if it takes none; kConnReset: the end answers with a reset. With `held_segment`,
  // what is less than that many bytes at the end is not sent yet, and not seen (TCP_CORK, MSG_MORE).
  virtual Result<std::size_t> deliver(mm::IoBuffer& buffer, std::size_t most, std::size_t held_segment) = 0;
  virtual void deliver_held() = 0;  // whatever was not sent is
  // The last byte that was delivered is urgent.
  virtual void deliver_urgent() = 0;
  virtual void deliver_end() = 0;    // FIN
  virtual void deliver_reset() = 0;  // RST
  virtual void window_opened() = 0;  // the receiver has taken bytes
  virtual void end_taken() = 0;      // the receiver has come to the FIN
  // Who was at the other end has gone after its FIN: more bytes would be answered with a reset.
  virtual void other_end_gone() = 0;

 protected:
  ~StreamEnd() = default;
};

class Transport {
 public:
  // The address that what goes to `destination` comes from, unless the socket is bound to one.
  virtual Address source_for(const Address& destination) const = 0;
  // Begins what ends in socket.connected() or socket.refused(), maybe before this returns.
  virtual Result<void> connect(TcpSocket& socket) = 0;
  virtual Result<void> send(DatagramSocket& socket, OutgoingDatagram& datagram) = 0;

 protected:
  ~Transport() = default;
};

// Null: nobody does (ENETUNREACH). `device`: the number of the one that the socket insists on, 0 for any.
Transport* transport_to(const Address& destination, std::uint32_t device = 0);

// The guest's own addresses: what a socket can be bound to.
bool is_own_address(const Address& address);

// The loopback device's number and name (if_nametoindex(3)).
inline constexpr std::uint32_t kLoopbackDevice = 1;
inline constexpr char kLoopbackName[] = "lo";

}  // namespace kernel::net::inet
