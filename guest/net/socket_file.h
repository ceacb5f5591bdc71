// The open file that descriptors of a socket refer to.
#pragma once

#include "fs/file.h"
#include "net/socket.h"

namespace kernel::net {

class SocketFile final : public fs::File {
 public:
  static constexpr fs::FileKind kKind = fs::FileKind::kSocket;

  // `flags`: O_NONBLOCK. The inode is a nameless one, "socket:[n]", owned by the current task.
  static Result<Ref<fs::File>> create(Ref<Socket> socket, std::uint32_t flags);
  SocketFile(Ref<Socket> socket, fs::Path place, std::uint32_t flags);
  ~SocketFile() override;

  Socket& socket() { return *socket_; }
  const Ref<Socket>& socket_ref() { return socket_; }

  bool is_stream() const override { return true; }
  fs::Readiness readiness() override { return socket_->readiness(); }
  void descriptor_closed() override;
  task::WaitQueue* owner_changes() override { return &socket_->changes(); }
  Result<std::uint64_t> ioctl(std::uint32_t request, std::uint64_t argument) override;
  Result<Ref<mm::MemoryObject>> memory_object() override { return Errno::kNoDev; }

 private:
  Result<std::size_t> do_read(std::uint64_t, mm::IoBuffer& buffer) override;
  Result<std::size_t> do_write(std::uint64_t, mm::IoBuffer& buffer) override;

  Ref<Socket> socket_;
};

// The socket that the file is, or null.
inline Socket* socket_of(fs::File& file) {
  auto* as_socket = fs::file_as<SocketFile>(file);
  return as_socket ? &as_socket->socket() : nullptr;
}

}  // namespace kernel::net
