// Making, naming and connecting sockets, and their options. Moving data: socket_message_calls.cc.
#include "syscall/socket_calls.h"

#include <utility>

#include "net/families.h"
#include "syscall/file_arguments.h"
#include "syscall/socket_argument.h"

namespace kernel::syscall {
namespace {

constexpr int kCreationFlags = net::kSocketNonBlock | net::kSocketCloseOnExec;

// In the order in which Linux looks at the arguments.
Result<const net::Family*> family_argument(int family, int type) {
  if (family < 0 || family >= net::kFamilyCount) return Errno::kAfNoSupport;
  if ((type & net::kTypeMask) >= net::kTypeCount) return Errno::kInval;
  const net::Family* found = net::find_family(family);
  if (!found) return Errno::kAfNoSupport;
  return found;
}

Result<int> install(Ref<net::Socket> socket, int flags) {
  const std::uint32_t file_flags = flags & net::kSocketNonBlock ? fs::kNonBlock : 0;
  Ref<fs::File> file = TRY(net::SocketFile::create(std::move(socket), file_flags));
  return task::current().files->install(std::move(file), flags & net::kSocketCloseOnExec);
}

}  // namespace

SyscallResult sys_socket(int family, int type, int protocol) {
  if (type & ~(net::kTypeMask | kCreationFlags)) return Errno::kInval;
  const net::Family* found = TRY(family_argument(family, type));
  Ref<net::Socket> socket = TRY(found->create(type & net::kTypeMask, protocol));
  return static_cast<std::uint64_t>(TRY(install(std::move(socket), type)));
}

SyscallResult sys_socketpair(int family, int type, int protocol, mm::UserPtr<std::int32_t> descriptors) {
  if (type & ~(net::kTypeMask | kCreationFlags)) return Errno::kInval;
  const net::Family* found = TRY(family_argument(family, type));
  if (!found->create_pair) {
    // Linux makes both before it asks whether they can be a pair.
    for (int i = 0; i < 2; ++i) TRY(found->create(type & net::kTypeMask, protocol))->closed();
    return Errno::kOpNotSupp;
  }
  net::SocketPair pair = TRY(found->create_pair(type & net::kTypeMask, protocol));
  auto installed = install(std::move(pair.first), type);
  if (!installed) {
    pair.second->closed();
    return installed.error();
  }
  const int first = installed.value();
  auto second = install(std::move(pair.second), type);
  if (!second) {
    TRY(task::current().files->close(first));
    return second.error();
  }
  const std::int32_t both[2] = {first, second.value()};
  auto copied = mm::copy_to_user(descriptors.address(), both, sizeof both);
  if (copied) return 0;
  TRY(task::current().files->close(second.value()));
  TRY(task::current().files->close(first));
  return copied.error();
}

SyscallResult sys_bind(int fd, mm::UserBuffer address, int size) {
  const SocketArgument socket = TRY(socket_argument(fd));
  return done(socket->bind(TRY(net::SocketAddress::from_user(address, size))));
}

SyscallResult sys_connect(int fd, mm::UserBuffer address, int size) {
  const SocketArgument socket = TRY(socket_argument(fd));
  const auto where = TRY(net::SocketAddress::from_user(address, size));
  return done(socket->connect(where, socket.file->non_blocking()));
}

SyscallResult sys_listen(int fd, int backlog) {
  return done(TRY(socket_argument(fd))->listen(backlog));
}

SyscallResult sys_accept(int fd, mm::UserBuffer address, mm::UserPtr<std::int32_t> size) {
  return sys_accept4(fd, address, size, 0);
}

SyscallResult sys_accept4(int fd, mm::UserBuffer address, mm::UserPtr<std::int32_t> size, int flags) {
  if (flags & ~kCreationFlags) {
    TRY(task::current().files->get_any(fd));
    return Errno::kInval;
  }
  const SocketArgument socket = TRY(socket_argument(fd));
  TRY(task::current().files->check_room());
  Ref<net::Socket> accepted = TRY(socket->accept(socket.file->non_blocking()));
  net::SocketAddress peer;
  if (address) {
    auto name = accepted->accepted_name();
    if (!name) return Errno::kConnAborted;
    peer = name.take();
  }
  const int descriptor = TRY(install(std::move(accepted), flags));
  if (!address) return static_cast<std::uint64_t>(descriptor);
  auto told = peer.to_user(address, size);
  if (told) return static_cast<std::uint64_t>(descriptor);
  TRY(task::current().files->close(descriptor));
  return told.error();
}

SyscallResult sys_getsockname(int fd, mm::UserBuffer address, mm::UserPtr<std::int32_t> size) {
  const SocketArgument socket = TRY(socket_argument(fd));
  return done(TRY(socket->local_name()).to_user(address, size));
}

SyscallResult sys_getpeername(int fd, mm::UserBuffer address, mm::UserPtr<std::int32_t> size) {
  const SocketArgument socket = TRY(socket_argument(fd));
  return done(TRY(socket->peer_name()).to_user(address, size));
}

SyscallResult sys_shutdown(int fd, int how) {
  const SocketArgument socket = TRY(socket_argument(fd));
  if (how < net::kShutReceive || how > net::kShutBoth) return Errno::kInval;
  return done(socket->shutdown(static_cast<net::ShutdownHow>(how)));
}

SyscallResult sys_setsockopt(int fd, int level, int name, mm::UserBuffer value, int size) {
  if (size < 0) return Errno::kInval;
  const SocketArgument socket = TRY(socket_argument(fd));
  return done(socket->set_any_option(level, name, net::OptionInput(value, static_cast<std::size_t>(size))));
}

SyscallResult sys_getsockopt(int fd, int level, int name, mm::UserBuffer value, mm::UserPtr<std::int32_t> size) {
  const SocketArgument socket = TRY(socket_argument(fd));
  net::OptionOutput output = TRY(net::OptionOutput::at(value, size));
  return done(socket->get_any_option(level, name, output));
}

}  // namespace kernel::syscall
