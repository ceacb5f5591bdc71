// SHA-256 (FIPS 180-4), by nettle, which uses the processor's own instructions where it has them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace husk::cache {

using Digest = std::array<std::uint8_t, 32>;

class Sha256 {
 public:
  Sha256();
  void update(std::span<const std::byte> bytes) {
    if (bytes.size() > buffer_.size() - used_) return update_past_buffer(bytes);
    std::memcpy(buffer_.data() + used_, bytes.data(), bytes.size());
    used_ += bytes.size();
  }
  void update(std::string_view text) { update(std::as_bytes(std::span(text))); }
  Digest finish();

 private:
  // Small pieces are gathered: a call for each field of each file would cost more than the hash.
  void update_past_buffer(std::span<const std::byte> bytes);
  void flush();

  alignas(8) std::array<std::byte, 128> state_;  // nettle's context, whose type stays in the source file
  std::array<std::byte, 4096> buffer_;
  std::size_t used_ = 0;
};

Digest sha256(std::string_view text);
std::string to_hex(const Digest& digest);  // 64 characters
// Of 64 digits in lower case; nothing for any other text.
std::optional<Digest> from_hex(std::string_view text);

}  // namespace husk::cache
