#include "vmm/cache/sha256.h"

#include <nettle/sha2.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <new>

namespace husk::cache {
namespace {

sha256_ctx* context(std::array<std::byte, 128>& state) {
  static_assert(sizeof(sha256_ctx) <= sizeof state && alignof(sha256_ctx) <= 8);
  return std::launder(reinterpret_cast<sha256_ctx*>(state.data()));
}

}  // namespace

Sha256::Sha256() {
  ::sha256_init(new (state_.data()) sha256_ctx);
}

void Sha256::flush() {
  ::sha256_update(context(state_), used_, reinterpret_cast<const std::uint8_t*>(buffer_.data()));
  used_ = 0;
}

void Sha256::update_past_buffer(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    if (used_ == buffer_.size()) flush();
    const std::size_t count = std::min(bytes.size(), buffer_.size() - used_);
    std::memcpy(buffer_.data() + used_, bytes.data(), count);
    used_ += count;
    bytes = bytes.subspan(count);
  }
}

Digest Sha256::finish() {
  flush();
  Digest digest;
  ::sha256_digest(context(state_), digest.size(), digest.data());
  return digest;
}

Digest sha256(std::string_view text) {
  Sha256 hash;
  hash.update(text);
  return hash.finish();
}

std::string to_hex(const Digest& digest) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * digest.size());
  for (const std::uint8_t byte : digest) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

std::optional<Digest> from_hex(std::string_view text) {
  Digest digest{};
  if (text.size() != 2 * digest.size() || text.find_first_not_of("0123456789abcdef") != text.npos) return std::nullopt;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    std::from_chars(text.data() + 2 * i, text.data() + 2 * i + 2, digest[i], 16);
  }
  return digest;
}

}  // namespace husk::cache
