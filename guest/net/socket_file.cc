#include "net/socket_file.h"

#include <utility>

#include "fs/nameless.h"
#include "net/device_ioctl.h"
#include "net/unix/collector.h"
#include "task/task.h"

namespace kernel::net {

Result<Ref<fs::File>> SocketFile::create(Ref<Socket> socket, std::uint32_t flags) {
  fs::NewInode attributes;
  attributes.mode = fs::mode_of(fs::FileType::kSocket, 0777);
  attributes.uid = task::current().credentials.fsuid;
  attributes.gid = task::current().credentials.fsgid;
  auto place = fs::make_nameless(fs::kSocketObject, attributes);
  auto file = place ? make_ref<SocketFile>(socket, place.take(), flags) : place.error();
  // Its end must not wait for a file that there will not be.
  if (!file) socket->closed();
  return Ref<fs::File>(TRY(std::move(file)));
}

SocketFile::SocketFile(Ref<Socket> socket, fs::Path place, std::uint32_t flags)
    : File(std::move(place), fs::kReadWrite | flags, kKind), socket_(std::move(socket)) {
  socket_->set_inode(&inode());
}

SocketFile::~SocketFile() {
  socket_->set_inode(nullptr);
  socket_->closed();
}

void SocketFile::descriptor_closed() {
  note_descriptor_closed(*this);
}

Result<std::uint64_t> SocketFile::ioctl(std::uint32_t request, std::uint64_t argument) {
  auto answered = socket_->ioctl(request, argument);
  // What is nothing to the protocol may be about a device.
  if (answered.error() == Errno::kNoTty) return device_ioctl(socket_->family(), request, argument);
  return answered;
}

Result<std::size_t> SocketFile::do_read(std::uint64_t, mm::IoBuffer& buffer) {
  if (buffer.remaining() == 0) return 0;
  IncomingMessage message{.data = buffer, .flags = non_blocking() ? kDontWait : 0u};
  return socket_->receive(message);
}

Result<std::size_t> SocketFile::do_write(std::uint64_t, mm::IoBuffer& buffer) {
  OutgoingMessage message{.data = buffer, .flags = non_blocking() ? kDontWait : 0u};
  return socket_->send(message);
}

}  // namespace kernel::net
