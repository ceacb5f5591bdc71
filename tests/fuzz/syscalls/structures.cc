// The values that are structures in memory.
#include "tests/fuzz/syscalls/actions.h"
#include "tests/fuzz/syscalls/dictionary.h"
#include "tests/fuzz/syscalls/raw.h"
#include "tests/fuzz/syscalls/values.h"

namespace fuzz {

// What is read often: an address that is right, sometimes one byte off, sometimes none.
#define ODD_INSTEAD                             \
  if (random_.one_in(16)) return any_address(); \
  if (random_.one_in(40)) return 0

std::uint64_t Values::words() {
  ODD_INSTEAD;
  const std::uint64_t count = 1 + random_.below(16);
  std::uint64_t* at = room(count * 8);
  for (std::uint64_t index = 0; index < count; ++index)
    at[index] = random_.one_in(3) ? for_own_use(world_, any_address()) : random_.one_in(2) ? word() : random_.below(8);
  return address_of(at) + (random_.one_in(32) ? 1 : 0);
}

std::uint64_t Values::signal_set() {
  ODD_INSTEAD;
  std::uint64_t* at = room(8);
  *at = random_.one_in(3) ? random_.next() & random_.next() : std::uint64_t{1} << random_.below(64);
  if (random_.one_in(16)) *at = random_.one_in(2) ? ~std::uint64_t{0} : 0;
  return address_of(at);
}

std::uint64_t Values::signal_action() {
  ODD_INSTEAD;
  std::uint64_t* at = room(32);
  switch (random_.below(5)) {
    case 0:
      at[0] = random_.below(2);  // SIG_DFL, SIG_IGN
      break;
    case 1:
      at[0] = word();
      break;
    default:
      at[0] = address_of_function(&signal_handler);
  }
  constexpr std::uint64_t kBits[] = {1, 2, 4, 0x400, 0x800, 0x0800'0000, 0x1000'0000, 0x4000'0000, 0x8000'0000};
  at[1] = 0x0400'0000;  // SA_RESTORER
  for (std::uint64_t part = random_.below(4); part > 0; --part) at[1] |= random_.one_of(kBits);
  if (random_.one_in(12)) at[1] &= ~std::uint64_t{0x0400'0000};
  at[2] = random_.one_in(12) ? word() : address_of_function(&signal_restorer);
  at[3] = random_.one_in(2) ? 0 : random_.next() & random_.next();
  return address_of(at);
}

std::uint64_t Values::time_spec() {
  ODD_INSTEAD;
  if (random_.one_in(8)) return 0;
  std::uint64_t* at = room(32);
  for (int part = 0; part < 2; ++part) {
    // Short ones, since the long ones only keep the thread from making calls.
    at[part * 2] = random_.one_in(6) ? number() : 0;
    at[part * 2 + 1] = random_.one_in(12) ? number() : random_.below(2'000) * random_.one_of({1ull, 1000ull, 1000ull});
  }
  return address_of(at);
}

std::uint64_t Values::vectors() {
  ODD_INSTEAD;
  const std::uint64_t count = 1 + random_.below(random_.one_in(10) ? 1024 : 8);
  std::uint64_t* at = room(count * 16);
  for (std::uint64_t index = 0; index < count; ++index) {
    at[index * 2] = any_address();
    at[index * 2 + 1] = random_.one_in(12) ? number() : random_.below(1 << random_.below(13));
  }
  return address_of(at);
}

std::uint64_t Values::poll_descriptors() {
  ODD_INSTEAD;
  const std::uint64_t count = 1 + random_.below(8);
  std::uint64_t* at = room(count * 8);
  for (std::uint64_t index = 0; index < count; ++index)
    at[index] = (descriptor() & 0xffff'ffff) | random_.below(0x1'0000) << 32;
  return address_of(at);
}

std::uint64_t Values::futex_word() {
  ODD_INSTEAD;
  const std::uint64_t at = (random_.one_in(3) ? kShared : kData) + random_.below(8) * 4;
  return random_.one_in(10) ? kPlayground + random_.below(kPlaygroundSize) : at;
}

std::uint64_t Values::event() {
  ODD_INSTEAD;
  if (random_.one_in(4)) return 0;
  std::uint64_t* at = room(64);
  for (int index = 0; index < 8; ++index) at[index] = 0;
  at[0] = random_.next();
  at[1] = (signal() & 0xffff'ffff) | random_.one_of({0ull, 1ull, 2ull, 4ull, 5ull}) << 32;
  at[2] = static_cast<std::uint32_t>(pid());
  return address_of(at);
}

std::uint64_t Values::signal_info() {
  ODD_INSTEAD;
  std::uint64_t* at = room(128);
  for (int index = 0; index < 16; ++index) at[index] = random_.one_in(2) ? 0 : word();
  at[0] = signal() & 0xffff'ffff;
  at[1] = random_.one_of({0xffff'ffffull, 0xffff'fffeull, 0ull, 0xffff'fffaull, 128ull});
  return address_of(at);
}

std::uint64_t Values::stack() {
  ODD_INSTEAD;
  std::uint64_t* at = room(24);
  at[0] = random_.one_in(6) ? word() : kSignalStacks + random_.below(kSignalStackCount) * kStackSize;
  at[1] = random_.one_in(6) ? random_.one_of({2ull, 4ull, 0x8000'0000ull, 0x8000'0002ull, ~0ull}) : 0;
  at[2] = random_.one_in(6) ? number() : random_.one_of({2048ull, 4096ull, 8192ull, 65536ull});
  return address_of(at);
}

std::uint64_t Values::limit() {
  ODD_INSTEAD;
  std::uint64_t* at = room(16);
  for (int part = 0; part < 2; ++part) {
    const std::uint64_t value =
        random_.one_in(3) ? number() : random_.one_of({~0ull, 1ull << 20, 16ull << 20, 64ull << 20, 1024ull, 64ull});
    at[part] = value;
  }
  return address_of(at);
}

std::uint64_t Values::strings(std::uint64_t most) {
  ODD_INSTEAD;
  const std::uint64_t count = random_.below(random_.one_in(20) ? 2000 : most);
  std::uint64_t* at = room((count + 1) * 8);
  for (std::uint64_t index = 0; index < count; ++index) at[index] = random_.one_in(24) ? any_address() : path();
  if (!random_.one_in(40)) at[count] = 0;
  return address_of(at);
}

}  // namespace fuzz
