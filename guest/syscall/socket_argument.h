// The socket that a descriptor refers to, for the calls on sockets.
#pragma once

#include "fs/file_table.h"
#include "net/socket_file.h"
#include "syscall/table.h"
#include "task/task.h"

namespace kernel::syscall {

// Holds the file, and with it the socket, while the call lasts: another thread may close the descriptor.
struct SocketArgument {
  Ref<fs::File> file;
  net::Socket* socket;

  net::Socket* operator->() const { return socket; }
  std::uint32_t wait_flag() const { return file->non_blocking() ? net::kDontWait : 0u; }
};

// kBadF, kNotSock.
inline Result<SocketArgument> socket_argument(int fd) {
  Ref<fs::File> file = TRY(task::current().files->get_any(fd));
  net::Socket* socket = net::socket_of(*file);
  if (file->is_path_only()) return Errno::kBadF;
  if (!socket) return Errno::kNotSock;
  return SocketArgument{std::move(file), socket};
}

}  // namespace kernel::syscall
