// Copies from and to memory that somebody else writes at the same time: a running guest. This is the one place where
// the VMM reads such memory to look at it.
//
// What is read is checked and then used, so it must be read once: a compiler that sees an ordinary load of the same
// bytes twice, or a copy whose source it can still see, may load again after the check what it loaded before it
// (Xen's XSA-155, "double fetches" that the compiler made). Accesses to volatile objects are made exactly as written,
// each once. Words of eight bytes, so that a naturally aligned field of up to that size is also not torn (SDM vol. 3,
// 9.1.1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace husk {

namespace detail {
// Any bytes, at any address, may be looked at through it.
using SharedWord [[gnu::may_alias, gnu::aligned(1)]] = std::uint64_t;
}  // namespace detail

// A guest asks nobody before it writes, so that two threads meet here is no finding of ThreadSanitizer's.
#ifdef __SANITIZE_THREAD__
#define HUSK_SHARED [[gnu::no_sanitize("thread")]]
#else
#define HUSK_SHARED
#endif

HUSK_SHARED inline void copy_from_shared(void* to, const std::byte* shared, std::size_t size) {
  auto* out = static_cast<std::byte*>(to);
  for (; size >= sizeof(std::uint64_t); size -= sizeof(std::uint64_t)) {
    const std::uint64_t word = *reinterpret_cast<const volatile detail::SharedWord*>(shared);
    std::memcpy(out, &word, sizeof word);
    shared += sizeof word;
    out += sizeof word;
  }
  for (; size > 0; --size) *out++ = *static_cast<const volatile std::byte*>(shared++);
}

// The other way round: each byte is stored once, and never read back.
HUSK_SHARED inline void copy_to_shared(std::byte* shared, const void* from, std::size_t size) {
  const auto* in = static_cast<const std::byte*>(from);
  for (; size >= sizeof(std::uint64_t); size -= sizeof(std::uint64_t)) {
    std::uint64_t word;
    std::memcpy(&word, in, sizeof word);
    *reinterpret_cast<volatile detail::SharedWord*>(shared) = word;
    shared += sizeof word;
    in += sizeof word;
  }
  for (; size > 0; --size) *static_cast<volatile std::byte*>(shared++) = *in++;
}

#undef HUSK_SHARED

}  // namespace husk
