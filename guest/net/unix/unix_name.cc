#include "net/unix/unix_name.h"

#include <algorithm>

#include "lib/string.h"

namespace kernel::net {

Result<UnixName> UnixName::from(const SocketAddress& address) {
  constexpr std::size_t kFamilySize = sizeof(std::uint16_t);
  if (address.size() <= kFamilySize || address.size() > kFamilySize + kUnixPathMax) return Errno::kInval;
  if (address.family() != kUnix) return Errno::kInval;
  const auto given = address.bytes().subspan(kFamilySize);
  UnixName name;
  memcpy(name.bytes_.data(), given.data(), given.size());
  std::size_t size = given.size();
  if (name.bytes_[0] != '\0') {
    // The path ends at the first zero byte, or where the address does.
    size = static_cast<std::size_t>(std::find(name.bytes_.begin(), name.bytes_.begin() + size, '\0') -
                                    name.bytes_.begin()) +
           1;
  }
  name.size_ = static_cast<std::uint8_t>(size);
  return name;
}

UnixName UnixName::automatic(std::uint32_t number) {
  constexpr std::size_t kDigits = 5;
  UnixName name;
  for (std::size_t i = kDigits; i > 0; --i) {
    name.bytes_[i] = "0123456789abcdef"[number & 0xf];
    number >>= 4;
  }
  name.size_ = kDigits + 1;
  return name;
}

SocketAddress UnixName::address() const {
  std::array<std::byte, sizeof(std::uint16_t) + kUnixPathMax + 1> bytes{};
  const std::uint16_t family = kUnix;
  memcpy(bytes.data(), &family, sizeof family);
  memcpy(bytes.data() + sizeof family, bytes_.data(), size_);
  return SocketAddress(std::span<const std::byte>(bytes).first(sizeof family + size_));
}

}  // namespace kernel::net
