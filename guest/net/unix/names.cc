// The names of Unix sockets: binding, finding who has one, and telling.
#include <array>
#include <utility>

#include "fs/access.h"
#include "fs/fs_context.h"
#include "fs/vfs.h"
#include "fs/walk.h"
#include "lib/global.h"
#include "lib/random.h"
#include "net/unix/unix_socket.h"
#include "task/task.h"

namespace kernel::net {

namespace {

using Bucket = List<UnixSocket, &UnixSocket::name_node>;

constexpr std::size_t kBuckets = 1024;
constinit Global<std::array<Bucket, kBuckets>> g_abstract;

// FNV-1a, begun at random: a payload cannot choose names that meet in one bucket.
Bucket& bucket_of(const UnixName& name, int type) {
  constinit static std::uint64_t seed = 0;
  if (seed == 0) seed = random_value<std::uint64_t>() | 1;
  std::uint64_t hash = seed ^ static_cast<std::uint64_t>(type);
  for (const char byte : name.bytes()) hash = (hash ^ static_cast<std::uint8_t>(byte)) * 0x100000001b3;
  return (*g_abstract)[(hash ^ hash >> 32) % kBuckets];
}

const fs::Path& working_directory() {
  return task::current().fs->working_directory;
}

}  // namespace

UnixSocket* UnixSocket::find_abstract(const UnixName& name, int type) {
  for (UnixSocket& socket : bucket_of(name, type)) {
    if (socket.type() == type && socket.name_ == name) return &socket;
  }
  return nullptr;
}

Result<void> UnixSocket::bind(const SocketAddress& address) {
  if (address.size() == sizeof(std::uint16_t) && address.family() == kUnix) return bind_automatically();
  const UnixName name = TRY(UnixName::from(address));
  return name.abstract() ? bind_abstract(name) : bind_path(name);
}

// As Linux: the name is made before it is looked whether the socket has one already.
Result<void> UnixSocket::bind_path(const UnixName& name) {
  std::uint32_t mode = fs::mode_of(fs::FileType::kSocket, 0777);
  if (inode()) mode = TRY(inode()->metadata()).mode;
  auto made = fs::make_socket(working_directory(), name.path(), mode);
  if (!made) return made.error() == Errno::kExist ? Errno::kAddrInUse : made.error();
  if (!name_.empty()) {
    TRY(fs::unlink(working_directory(), name.path()));
    return Errno::kInval;
  }
  place_ = made.take();
  bound_inode_ = place_.dentry->inode_ref();
  bound_inode_->attached = Ref<RefCounted>(this);
  name_ = name;
  return {};
}

Result<void> UnixSocket::bind_abstract(const UnixName& name) {
  if (!name_.empty()) return Errno::kInval;
  if (find_abstract(name, type())) return Errno::kAddrInUse;
  name_ = name;
  bucket_of(name_, type()).push_back(*this);
  return {};
}

Result<void> UnixSocket::bind_automatically() {
  if (!name_.empty()) return {};
  const auto first = random_value<std::uint32_t>();
  for (std::uint32_t i = 0; i < UnixName::kAutomaticNames; ++i) {
    const UnixName name = UnixName::automatic((first + i) % UnixName::kAutomaticNames);
    if (!find_abstract(name, type())) return bind_abstract(name);
  }
  return Errno::kNoSpc;
}

Result<void> UnixSocket::bind_for_credentials() {
  return wants_senders() ? bind_automatically() : Result<void>();
}

Result<Ref<UnixSocket>> UnixSocket::find(const UnixName& name, int type) {
  if (name.abstract()) {
    UnixSocket* found = find_abstract(name, type);
    if (!found) return Errno::kConnRefused;
    return Ref<UnixSocket>(found);
  }
  const fs::Path path = TRY(fs::resolve(working_directory(), name.path(), fs::LastLink::kFollow));
  fs::Inode& inode = *path.dentry->inode();
  TRY(fs::check_access(inode, fs::kMayWrite));
  if (inode.type() != fs::FileType::kSocket) return Errno::kConnRefused;
  // The attached object of a socket's inode is the socket that was bound to it.
  Ref<UnixSocket> found(static_cast<UnixSocket*>(inode.attached.get()));
  if (!found) return Errno::kConnRefused;
  if (found->type() != type) return Errno::kPrototype;
  return found;
}

Result<SocketAddress> UnixSocket::local_name() {
  return name_.address();
}

Result<SocketAddress> UnixSocket::peer_name() {
  if (!peer_) return Errno::kNotConn;
  return peer_->name_.address();
}

}  // namespace kernel::net
