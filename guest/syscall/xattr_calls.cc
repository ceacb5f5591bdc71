#include "syscall/xattr_calls.h"

#include <algorithm>

#include "fs/extended_attributes.h"
#include "fs/fs_context.h"
#include "syscall/file_arguments.h"

namespace kernel::syscall {

namespace {

Result<fs::Path> followed(mm::UserString path) {
  return resolve_argument(fs::kAtFdCwd, path, fs::LastLink::kFollow);
}
Result<fs::Path> not_followed(mm::UserString path) {
  return resolve_argument(fs::kAtFdCwd, path, fs::LastLink::kKeep);
}
// O_PATH is not enough.
Result<fs::Path> opened(int fd) {
  const Ref<fs::File> file = TRY(file_argument(fd));
  return fs::Path(file->path());
}

// kRange: empty or too long.
Result<String> name_argument(mm::UserString name) {
  auto text = mm::copy_string_from_user(name.address(), fs::kLongestAttributeName + 1);
  if (!text) return text.error() == Errno::kNameTooLong ? Errno::kRange : text.error();
  if (text.value().empty()) return Errno::kRange;
  return text;
}

// What a size of 0 asks for is the size itself. kRange: it does not fit.
SyscallResult hand_out(const Vector<std::byte>& data, mm::UserBuffer buffer, std::size_t size) {
  if (size == 0) return data.size();
  if (data.size() > size) return Errno::kRange;
  TRY(mm::copy_to_user(buffer.address(), data.data(), data.size()));
  return data.size();
}

SyscallResult set(const Result<fs::Path>& target, mm::UserString name, mm::UserBuffer buffer, std::size_t size,
                  int flags) {
  if (!target) return target.error();
  const auto how = static_cast<std::uint32_t>(flags);
  if (how & ~(fs::kAttributeCreate | fs::kAttributeReplace)) return Errno::kInval;
  const String text = TRY(name_argument(name));
  if (size > fs::kLongestAttributeValue) return Errno::k2Big;
  Vector<std::byte> value;
  TRY(value.resize(size));
  TRY(mm::copy_from_user(value.data(), buffer.address(), size));
  return done(fs::set_extended_attribute(target.value(), text, value.span(), how));
}

SyscallResult get(const Result<fs::Path>& target, mm::UserString name, mm::UserBuffer buffer, std::size_t size) {
  if (!target) return target.error();
  const String text = TRY(name_argument(name));
  return hand_out(TRY(fs::get_extended_attribute(target.value(), text)), buffer, size);
}

SyscallResult list(const Result<fs::Path>& target, mm::UserBuffer buffer, std::size_t size) {
  if (!target) return target.error();
  return hand_out(TRY(fs::list_extended_attributes(target.value())), buffer, size);
}

SyscallResult remove(const Result<fs::Path>& target, mm::UserString name) {
  if (!target) return target.error();
  const String text = TRY(name_argument(name));
  return done(fs::remove_extended_attribute(target.value(), text));
}

}  // namespace

SyscallResult sys_setxattr(mm::UserString path, mm::UserString name, mm::UserBuffer value, std::size_t size,
                           int flags) {
  return set(followed(path), name, value, size, flags);
}
SyscallResult sys_lsetxattr(mm::UserString path, mm::UserString name, mm::UserBuffer value, std::size_t size,
                            int flags) {
  return set(not_followed(path), name, value, size, flags);
}
SyscallResult sys_fsetxattr(int fd, mm::UserString name, mm::UserBuffer value, std::size_t size, int flags) {
  return set(opened(fd), name, value, size, flags);
}
SyscallResult sys_getxattr(mm::UserString path, mm::UserString name, mm::UserBuffer value, std::size_t size) {
  return get(followed(path), name, value, size);
}
SyscallResult sys_lgetxattr(mm::UserString path, mm::UserString name, mm::UserBuffer value, std::size_t size) {
  return get(not_followed(path), name, value, size);
}
SyscallResult sys_fgetxattr(int fd, mm::UserString name, mm::UserBuffer value, std::size_t size) {
  return get(opened(fd), name, value, size);
}
SyscallResult sys_listxattr(mm::UserString path, mm::UserBuffer buffer, std::size_t size) {
  return list(followed(path), buffer, size);
}
SyscallResult sys_llistxattr(mm::UserString path, mm::UserBuffer buffer, std::size_t size) {
  return list(not_followed(path), buffer, size);
}
SyscallResult sys_flistxattr(int fd, mm::UserBuffer buffer, std::size_t size) {
  return list(opened(fd), buffer, size);
}
SyscallResult sys_removexattr(mm::UserString path, mm::UserString name) {
  return remove(followed(path), name);
}
SyscallResult sys_lremovexattr(mm::UserString path, mm::UserString name) {
  return remove(not_followed(path), name);
}
SyscallResult sys_fremovexattr(int fd, mm::UserString name) {
  return remove(opened(fd), name);
}

}  // namespace kernel::syscall
