#include "net/socket_address.h"

#include <algorithm>

namespace kernel::net {

SocketAddress::SocketAddress(std::span<const std::byte> bytes) : size_(std::min(bytes.size(), kLargest)) {
  memcpy(bytes_.data(), bytes.data(), size_);
}

Result<SocketAddress> SocketAddress::from_user(mm::UserBuffer address, int size) {
  if (size < 0 || static_cast<std::size_t>(size) > kLargest) return Errno::kInval;
  SocketAddress result;
  result.size_ = static_cast<std::size_t>(size);
  TRY(mm::copy_from_user(result.bytes_.data(), address.address(), result.size_));
  return result;
}

Result<void> SocketAddress::to_user(mm::UserBuffer address, mm::UserPtr<std::int32_t> size) const {
  const std::int32_t room = TRY(size.read());
  if (room < 0) return Errno::kInval;
  TRY(mm::copy_to_user(address.address(), bytes_.data(), std::min(size_, static_cast<std::size_t>(room))));
  return size.write(static_cast<std::int32_t>(size_));
}

int SocketAddress::family() const {
  if (size_ < sizeof(std::uint16_t)) return kUnspecified;
  return as<std::uint16_t>();
}

}  // namespace kernel::net
