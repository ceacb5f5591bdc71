// The name of a Unix socket (unix(7)): a path in the file system, or a string of bytes that begins with a zero byte and
// is in no file system (an abstract name). What struct sockaddr_un holds behind the family.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "lib/result.h"
#include "net/socket_address.h"

namespace kernel::net {

class UnixName {
 public:
  UnixName() = default;
  // kInval unless the address is of this family, not too long and not only a family.
  static Result<UnixName> from(const SocketAddress& address);
  // What an automatic bind chooses from: five hexadecimal digits.
  static UnixName automatic(std::uint32_t number);
  static constexpr std::uint32_t kAutomaticNames = 1 << 20;

  bool empty() const { return size_ == 0; }
  bool abstract() const { return size_ > 0 && bytes_[0] == '\0'; }
  std::string_view path() const { return {bytes_.data(), size_ - std::size_t{1}}; }  // of a path: without its end
  std::string_view bytes() const { return {bytes_.data(), size_}; }
  // As getsockname(2) reports it; a path with the zero byte behind it, even where that makes it longer than
  // struct sockaddr_un.
  SocketAddress address() const;
  friend bool operator==(const UnixName& a, const UnixName& b) { return a.bytes() == b.bytes(); }

 private:
  std::array<char, kUnixPathMax + 1> bytes_{};
  std::uint8_t size_ = 0;
};

}  // namespace kernel::net
