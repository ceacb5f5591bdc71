// Control messages (cmsg(3)): from and to the payload's memory.
#include <algorithm>
#include <utility>

#include "fs/file_table.h"
#include "lib/string.h"
#include "mm/user_ptr.h"
#include "net/message.h"
#include "net/socket_options.h"
#include "task/task.h"

namespace kernel::net {

Result<ControlInput> ControlInput::from_user(std::uint64_t address, std::size_t size) {
  ControlInput input;
  if (size == 0) return input;
  if (size > kMostOptionMemory) return Errno::kNoBufs;
  TRY(input.bytes_.resize(size));
  TRY(mm::copy_from_user(input.bytes_.data(), address, size));
  // A rest that is too short for a header is none (CMSG_NXTHDR).
  for (std::size_t at = 0; at + sizeof(UserControlHeader) <= size;) {
    const std::uint64_t length = input.header_at(at).length;
    if (length < sizeof(UserControlHeader) || length > size - at) return Errno::kInval;
    at += control_aligned(length);
  }
  return input;
}

UserControlHeader ControlInput::header_at(std::size_t offset) const {
  UserControlHeader header;
  memcpy(&header, bytes_.data() + offset, sizeof header);
  return header;
}

Result<void> ControlOutput::put(int level, int type, std::span<const std::byte> data) {
  const std::size_t room = size_ - used_;
  if (room < sizeof(UserControlHeader)) {
    truncated_ = true;
    return {};
  }
  const std::size_t whole = sizeof(UserControlHeader) + data.size();
  const std::size_t length = std::min(whole, room);
  truncated_ |= length < whole;
  const UserControlHeader header{length, level, type};
  TRY(mm::copy_to_user(address_ + used_, &header, sizeof header));
  TRY(mm::copy_to_user(address_ + used_ + sizeof header, data.data(), length - sizeof header));
  used_ += std::min(control_aligned(length), room);
  return {};
}

Result<void> ControlOutput::put_rights(Rights rights, bool close_on_exec) {
  return put_files(kRights, std::move(rights), close_on_exec);
}

Result<void> ControlOutput::put_descriptor(int type, Ref<fs::File> file, bool close_on_exec) {
  Rights one;
  TRY(one.push_back(std::move(file)));
  return put_files(type, std::move(one), close_on_exec);
}

Result<void> ControlOutput::put_files(int type, Rights files, bool close_on_exec) {
  const std::size_t room = size_ - used_;
  const std::size_t fitting =
      room < sizeof(UserControlHeader) ? 0 : (room - sizeof(UserControlHeader)) / sizeof(std::int32_t);
  const std::size_t most = std::min(fitting, files.size());
  std::size_t count = 0;
  for (; count < most; ++count) {
    auto installed = task::current().files->install(files[count], close_on_exec);
    if (!installed) break;
    const std::int32_t fd = installed.value();
    const std::uint64_t place = address_ + used_ + sizeof(UserControlHeader) + count * sizeof fd;
    if (!mm::copy_to_user(place, &fd, sizeof fd)) {
      TRY(task::current().files->close(fd));
      break;
    }
  }
  truncated_ |= count < files.size();
  if (count == 0) return {};
  const std::size_t length = sizeof(UserControlHeader) + count * sizeof(std::int32_t);
  const UserControlHeader header{length, kLevelSocket, type};
  TRY(mm::copy_to_user(address_ + used_, &header, sizeof header));
  used_ += std::min(control_aligned(length), room);
  return {};
}

}  // namespace kernel::net
