// The structures of sockets, of IPC, of epoll and of terminals.
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/fuzz/syscalls/actions.h"
#include "tests/fuzz/syscalls/dictionary.h"
#include "tests/fuzz/syscalls/raw.h"
#include "tests/fuzz/syscalls/values.h"

namespace fuzz {
namespace {

// Few ports and few names, so that families meet.
constexpr std::uint64_t kFirstPort = 4000, kPorts = 6;

std::uint16_t swapped(std::uint64_t value) {
  return static_cast<std::uint16_t>(value << 8 | (value >> 8 & 0xff));
}

}  // namespace

#define ODD_INSTEAD                             \
  if (random_.one_in(16)) return any_address(); \
  if (random_.one_in(40)) return 0

std::uint64_t Values::epoll_event() {
  ODD_INSTEAD;
  auto* at = reinterpret_cast<std::uint32_t*>(room(16));
  std::uint32_t events = 0;
  for (std::uint64_t part = 1 + random_.below(4); part > 0; --part)
    events |= random_.one_of({1u, 1u, 4u, 2u, 8u, 16u, 0x2000u, 1u << 28, 1u << 29, 1u << 30, 1u << 31});
  at[0] = random_.one_in(16) ? static_cast<std::uint32_t>(number()) : events;
  at[1] = at[2] = static_cast<std::uint32_t>(random_.next());
  return address_of(at);
}

std::uint64_t Values::socket_address() {
  ODD_INSTEAD;
  auto* at = reinterpret_cast<std::uint8_t*>(room(128));
  for (int index = 0; index < 128; ++index) at[index] = 0;
  const auto family = random_.one_of({AF_UNIX, AF_UNIX, AF_UNIX, AF_INET, AF_INET, AF_INET6, AF_NETLINK, AF_UNSPEC});
  *reinterpret_cast<std::uint16_t*>(at) =
      static_cast<std::uint16_t>(random_.one_in(24) ? number() : static_cast<std::uint64_t>(family));
  if (family == AF_UNIX) {
    // By its name, or in the file system.
    const bool abstract = random_.one_in(2);
    at[2] = abstract ? '\0' : 's';
    at[abstract ? 3 : 2] = static_cast<std::uint8_t>('a' + random_.below(4));
    if (random_.one_in(12)) {
      for (int index = 2; index < 110; ++index) at[index] = 'x';
    }
  } else if (family == AF_INET || family == AF_INET6) {
    *reinterpret_cast<std::uint16_t*>(at + 2) =
        swapped(random_.one_in(8) ? random_.below(65536) : kFirstPort + random_.below(kPorts));
    if (family == AF_INET) {
      const auto address =
          random_.one_of({0x0100007fu, 0x0100007fu, 0u, 0x0200007fu, 0xffffffffu, 0x010000e0u, 0x01020304u});
      *reinterpret_cast<std::uint32_t*>(at + 4) = address;
    } else if (random_.one_in(3)) {  // one of IPv4's
      at[18] = at[19] = 0xff;
      *reinterpret_cast<std::uint32_t*>(at + 20) = 0x0100007f;
    } else {
      at[23] = static_cast<std::uint8_t>(random_.below(2));
    }
  } else {
    *reinterpret_cast<std::uint32_t*>(at + 4) = static_cast<std::uint32_t>(random_.below(4));
    *reinterpret_cast<std::uint32_t*>(at + 8) = static_cast<std::uint32_t>(random_.below(3));
  }
  return address_of(at);
}

// Control messages: rights, credentials, and such as none should be.
std::uint64_t Values::control(std::uint64_t& size) {
  size = 0;
  if (random_.one_in(3)) return 0;
  auto* at = reinterpret_cast<std::uint8_t*>(room(512));
  const std::uint64_t count = 1 + random_.below(random_.one_in(6) ? 6 : 2);
  for (std::uint64_t index = 0; index < count && size < 300; ++index) {
    auto* header = reinterpret_cast<std::uint64_t*>(at + size);
    auto* levels = reinterpret_cast<std::uint32_t*>(header + 1);
    auto* data = reinterpret_cast<std::uint32_t*>(header + 2);
    std::uint64_t bytes = 4;
    levels[0] = SOL_SOCKET;
    levels[1] = static_cast<std::uint32_t>(random_.one_of({1ull, 1ull, 1ull, 2ull, 29ull, 0ull}));
    if (levels[1] == SCM_RIGHTS) {
      const std::uint64_t rights = 1 + random_.below(5);
      for (std::uint64_t right = 0; right < rights; ++right) data[right] = static_cast<std::uint32_t>(descriptor());
      bytes = rights * 4;
    } else if (levels[1] == SCM_CREDENTIALS) {
      data[0] = static_cast<std::uint32_t>(raw(SYS_getpid));
      data[1] = data[2] = random_.one_in(2) ? 0 : 1000;
      bytes = 12;
    } else {
      levels[0] = static_cast<std::uint32_t>(random_.one_of({0ull, 41ull, 6ull, 17ull, 1ull}));
      data[0] = static_cast<std::uint32_t>(number());
    }
    header[0] = random_.one_in(10) ? number() : 16 + bytes;
    size += 16 + ((bytes + 7) & ~std::uint64_t{7});
  }
  if (random_.one_in(10)) size = number();
  return address_of(at);
}

std::uint64_t Values::message(std::uint64_t* header) {
  ODD_INSTEAD;
  header[0] = random_.one_in(2) ? 0 : socket_address();
  header[1] = make({Kind::kSocketLength});
  header[2] = vectors();
  header[3] = make({Kind::kCount});
  header[4] = control(header[5]);
  if (random_.one_in(3)) {  // to receive: room
    header[4] = any_address();
    header[5] = random_.below(200);
  }
  header[6] = random_.one_in(4) ? number() : 0;
  return address_of(header);
}

std::uint64_t Values::messages() {
  ODD_INSTEAD;
  const std::uint64_t count = 1 + random_.below(5);
  std::uint64_t* at = room(count * 64);
  for (std::uint64_t index = 0; index < count; ++index) {
    message(at + index * 8);
    at[index * 8 + 7] = 0;
  }
  return address_of(at);
}

// Instructions of the classical BPF: mostly such as pass, and a return at the end.
std::uint64_t Values::filter() {
  ODD_INSTEAD;
  constexpr std::uint16_t kCodes[] = {0x20, 0x28, 0x30, 0x40, 0x48, 0x50, 0x60, 0x80, 0x00, 0xb1,
                                      0x61, 0x81, 0x01, 0x02, 0x03, 0x04, 0x0c, 0x14, 0x24, 0x34,
                                      0x3c, 0x44, 0x54, 0x64, 0x6c, 0x74, 0x84, 0x94, 0x9c, 0xa4,
                                      0x05, 0x15, 0x1d, 0x25, 0x35, 0x45, 0x07, 0x87, 0x06, 0x16};
  const std::uint64_t count = random_.one_in(12) ? random_.below(600) : 1 + random_.below(10);
  std::uint64_t* program = room(count * 8 + 16);
  for (std::uint64_t index = 0; index < count; ++index) {
    const bool odd = random_.one_in(24), last = index + 1 == count;
    const std::uint64_t code = odd ? number() & 0xffff : last ? 0x06 : random_.one_of(kCodes);
    const std::uint64_t jumps = random_.below(3) | random_.below(3) << 8;
    const std::uint64_t value = random_.one_in(6)   ? number() & 0xffff'ffff
                                : random_.one_in(4) ? 0xffff'f000 + 4 * random_.below(18)
                                                    : random_.below(64);
    program[index] = code | jumps << 16 | value << 32;
  }
  std::uint64_t* header = program + count;
  header[0] = random_.one_in(16) ? number() : count;
  header[1] = random_.one_in(16) ? any_address() : address_of(program);
  return address_of(header);
}

// What there is to ask for with rtnetlink(7) and sock_diag(7), and what there is not.
std::uint64_t Values::netlink_request() {
  ODD_INSTEAD;
  auto* at = reinterpret_cast<std::uint32_t*>(room(128));
  for (int index = 0; index < 32; ++index) at[index] = random_.one_in(3) ? static_cast<std::uint32_t>(number()) : 0;
  at[0] = static_cast<std::uint32_t>(
      random_.one_in(8) ? number() : random_.one_of({16ull, 17ull, 20ull, 24ull, 32ull, 48ull, 72ull}));
  const std::uint64_t type = random_.one_in(8)   ? number()
                             : random_.one_in(3) ? random_.one_of({16ull, 18ull, 20ull, 22ull, 24ull, 26ull, 30ull})
                                                 : random_.below(120);
  const std::uint64_t asked = random_.one_of({0x301ull, 0x301ull, 5ull, 1ull, 0x605ull, 0x401ull});
  at[1] = static_cast<std::uint32_t>((type & 0xffff) | asked << 16);
  at[3] = random_.one_in(4) ? static_cast<std::uint32_t>(pid()) : 0;
  at[4] = random_.one_of({0u, 2u, 10u, 1u, 0x0602u, 0x1102u});  // a family, and a protocol behind it
  // Attributes begin behind bodies of 4, 8, 12, 16 or 56 bytes.
  auto* attribute = at + 4 + random_.one_of({1, 2, 3, 4, 14});
  attribute[0] = static_cast<std::uint32_t>(random_.one_in(6) ? number() : 8) |
                 static_cast<std::uint32_t>(random_.below(12)) << 16;
  return address_of(at);
}

std::uint64_t Values::semaphore_operations() {
  ODD_INSTEAD;
  const std::uint64_t count = random_.one_in(10) ? 501 : 8;
  auto* at = reinterpret_cast<std::uint16_t*>(room(count * 6));
  for (std::uint64_t index = 0; index < count; ++index) {
    at[index * 3] = static_cast<std::uint16_t>(random_.one_in(16) ? number() : random_.below(4));
    at[index * 3 + 1] = static_cast<std::uint16_t>(random_.one_in(10) ? number() : random_.below(5) - 2);
    at[index * 3 + 2] = static_cast<std::uint16_t>(random_.one_of({0, 04000, 04000, 010000, 014000}));
  }
  return address_of(at);
}

std::uint64_t Values::typed_message() {
  ODD_INSTEAD;
  std::uint64_t* at = room(8 << random_.below(11));
  at[0] = random_.one_in(10) ? number() : 1 + random_.below(3);
  return address_of(at);
}

// Those that were made first, or a few times later: ids come in turn (Linux: 32,768 places; a sequence number above).
std::uint64_t Values::ipc_id() {
  if (random_.one_in(16)) return number();
  return random_.below(12) + 32768 * (random_.one_in(3) ? random_.below(4) : 0);
}

std::uint64_t Values::queue_name() {
  if (random_.one_in(8)) return name();
  return store_string(random_.one_of({"q", "r", "s", "a/b", ""}), random_.one_in(14));
}

std::uint64_t Values::queue_attributes() {
  if (random_.one_in(2)) return 0;
  ODD_INSTEAD;
  std::uint64_t* at = room(64);
  at[0] = random_.one_in(2) ? 0 : O_NONBLOCK;
  at[1] = random_.one_in(8) ? number() : 1 + random_.below(10);
  at[2] = random_.one_in(8) ? number() : 1ull << random_.below(14);
  at[3] = 0;
  return address_of(at);
}

std::uint64_t Values::sched_attributes() {
  ODD_INSTEAD;
  std::uint64_t* at = room(56);
  at[0] = random_.one_of({48ull, 56ull, 0ull, 47ull, 64ull}) | random_.below(8) << 32;
  for (int index = 1; index < 7; ++index) at[index] = random_.one_in(4) ? number() : random_.below(20);
  return address_of(at);
}

std::uint64_t Values::terminal_attributes() {
  ODD_INSTEAD;
  auto* at = reinterpret_cast<std::uint32_t*>(room(64));
  // Sane, but for some bits.
  constexpr std::uint32_t kSane[] = {02400, 05, 0277, 0105073};
  for (int index = 0; index < 4; ++index) at[index] = kSane[index] ^ (random_.one_in(2) ? 1u << random_.below(16) : 0);
  auto* characters = reinterpret_cast<std::uint8_t*>(at + 4);
  constexpr std::uint8_t kCharacters[] = {0, 3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0, 0, 0};
  for (int index = 0; index < 20; ++index)
    characters[index] = random_.one_in(6) ? static_cast<std::uint8_t>(random_.below(256)) : kCharacters[index];
  at[9] = at[10] = static_cast<std::uint32_t>(number());
  return address_of(at);
}

}  // namespace fuzz
