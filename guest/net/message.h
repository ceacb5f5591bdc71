// What sendmsg(2) and recvmsg(2) move at once: data, an address, and control messages (cmsg(3)). read(2), write(2),
// send(2) and recvfrom(2) are messages with less to them, so a protocol has one function for each direction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "fs/file.h"
#include "lib/ref.h"
#include "lib/result.h"
#include "lib/vector.h"
#include "mm/io_buffer.h"
#include "net/abi.h"
#include "net/socket_address.h"

namespace kernel::net {

// Open files under way between processes (unix(7), SCM_RIGHTS).
using Rights = Vector<Ref<fs::File>>;

// The control messages of a send, copied from the payload and checked once: every header lies within them.
class ControlInput {
 public:
  // kInval for a header that reaches beyond the end; kNoBufs for more than optmem_max; kFault.
  static Result<ControlInput> from_user(std::uint64_t address, std::size_t size);

  bool empty() const { return bytes_.empty(); }
  // visit(level, type, data) for each one, until it fails.
  template <typename Visit>
  Result<void> for_each(Visit visit) const {
    for (std::size_t at = 0; at + sizeof(UserControlHeader) <= bytes_.size();) {
      const UserControlHeader header = header_at(at);
      const auto data = bytes_.span().subspan(at + sizeof header, header.length - sizeof header);
      TRY(visit(header.level, header.type, data));
      at += control_aligned(header.length);
    }
    return {};
  }

 private:
  UserControlHeader header_at(std::size_t offset) const;
  Vector<std::byte> bytes_;
};

// Where the control messages of a receive go, one behind the other. What does not fit is cut and flagged
// (kControlTruncated), as put_cmsg() of Linux does.
class ControlOutput {
 public:
  ControlOutput() = default;  // nowhere: everything is dropped and flagged
  ControlOutput(std::uint64_t address, std::size_t size) : address_(address), size_(size) {}

  Result<void> put(int level, int type, std::span<const std::byte> data);
  template <typename T>
  Result<void> put_value(int level, int type, const T& value) {
    return put(level, type, std::as_bytes(std::span(&value, 1)));
  }
  // Descriptors for as many of the files as there is room for; the rest is dropped (unix(7)).
  Result<void> put_rights(Rights rights, bool close_on_exec);

  // A descriptor for the file, as put_rights() makes one, in a message of this type.
  Result<void> put_descriptor(int type, Ref<fs::File> file, bool close_on_exec);

  std::size_t used() const { return used_; }
  bool truncated() const { return truncated_; }

 private:
  Result<void> put_files(int type, Rights files, bool close_on_exec);

  std::uint64_t address_ = 0;
  std::size_t size_ = 0;
  std::size_t used_ = 0;
  bool truncated_ = false;
};

struct OutgoingMessage {
  mm::IoBuffer& data;
  std::uint32_t flags = 0;                // kMessage*; kDontWait also where the file does not block
  const SocketAddress* name = nullptr;    // where to; null: to whom the socket is connected
  const ControlInput* control = nullptr;  // null: none
};

struct IncomingMessage {
  mm::IoBuffer& data;
  std::uint32_t flags = 0;
  SocketAddress* name = nullptr;     // null: nobody asks. Stays empty where there is none
  ControlOutput* control = nullptr;  // null: nobody asks for it (read(2)); what comes with the data is dropped
  std::uint32_t result_flags = 0;    // what recvmsg(2) returns in msg_flags
};

}  // namespace kernel::net
