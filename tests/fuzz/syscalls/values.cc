#include "tests/fuzz/syscalls/values.h"

#include "tests/fuzz/syscalls/actions.h"
#include "tests/fuzz/syscalls/raw.h"

namespace fuzz {
namespace {

// Ends of ranges, of types and of address spaces; Linux's and husk's (abi/husk_abi.h).
constexpr std::uint64_t kDictionary[] = {0,
                                         1,
                                         2,
                                         3,
                                         7,
                                         8,
                                         15,
                                         16,
                                         31,
                                         32,
                                         63,
                                         64,
                                         127,
                                         128,
                                         255,
                                         256,
                                         511,
                                         512,
                                         1023,
                                         1024,
                                         4095,
                                         4096,
                                         4097,
                                         8192,
                                         65535,
                                         65536,
                                         0xf'ffff,
                                         0x10'0000,
                                         0x1f'ffff,
                                         0x20'0000,
                                         0x7fff'fffe,
                                         0x7fff'ffff,
                                         0x8000'0000,
                                         0x8000'0001,
                                         0x8000'0002,
                                         0xffff'f000,
                                         0xffff'fffe,
                                         0xffff'ffff,
                                         0x1'0000'0000,
                                         0x1'0000'0001,
                                         0x20'0000'0000,
                                         0x7f'ffff'ffff,
                                         0x7f7f'ffff'e000,
                                         0x7f7f'ffff'efff,
                                         0x7f7f'ffff'f000,
                                         0x7f7f'ffff'ffff,
                                         0x7f80'0000'0000,
                                         0x7f80'0000'1000,
                                         0x7f80'0010'0000,
                                         0x7f80'0100'0000,
                                         0x7f80'd000'0000,
                                         0x7fff'f7ff'f000,
                                         0x7fff'ffff'dfff,
                                         0x7fff'ffff'e000,
                                         0x7fff'ffff'efff,
                                         0x7fff'ffff'f000,
                                         0x7fff'ffff'ffff,
                                         0x8000'0000'0000,
                                         0x8000'0000'1000,
                                         0xffff'7fff'ffff'ffff,
                                         0xffff'8000'0000'0000,
                                         0xffff'ffff'8000'0000,
                                         0xffff'ffff'8100'0000,
                                         0xffff'ffff'ff60'0000,
                                         0x1234'5678'9abc'def0,
                                         0x7fff'ffff'ffff'f000,
                                         0x7fff'ffff'ffff'fffe,
                                         0x7fff'ffff'ffff'ffff,
                                         0x8000'0000'0000'0000,
                                         0x8000'0000'0000'0001,
                                         0xffff'ffff'0000'0000,
                                         0xffff'ffff'7fff'ffff,
                                         0xffff'ffff'8000'0002,
                                         0xffff'ffff'ffe0'0000,
                                         0xffff'ffff'fff0'0000,
                                         0xffff'ffff'ffff'0000,
                                         0xffff'ffff'ffff'e000,
                                         0xffff'ffff'ffff'f000,
                                         0xffff'ffff'ffff'f001,
                                         0xffff'ffff'ffff'fff0,
                                         0xffff'ffff'ffff'fffe,
                                         0xffff'ffff'ffff'ffff};

constexpr const char* kPaths[] = {".",
                                  "..",
                                  "a",
                                  "b",
                                  "c",
                                  "d",
                                  "a/b",
                                  "a/c",
                                  "a/b/c",
                                  "d/e/f",
                                  "./a",
                                  "../a",
                                  "file",
                                  "file",
                                  "link",
                                  "dangling",
                                  "loop",
                                  "dir",
                                  "dir/x",
                                  "dir/y",
                                  "dir/../file",
                                  "fifo",
                                  "fifo",
                                  "run",
                                  "exe",
                                  "mnt",
                                  "mnt",
                                  "mnt/a",
                                  "mnt/..",
                                  "mnt/dir",
                                  "",
                                  "/",
                                  "//",
                                  "/.",
                                  "/..",
                                  "/tmp",
                                  "/proc",
                                  "/proc/self",
                                  "/proc/self/fd",
                                  "/proc/self/fd/1",
                                  "/proc/self/fd/4",
                                  "/proc/self/fd/5",
                                  "/proc/self/fd/7",
                                  "/proc/self/fd/20",
                                  "/proc/self/fd/2147483650",
                                  "/proc/self/exe",
                                  "/proc/self/cwd",
                                  "/proc/self/root",
                                  "/proc/self/maps",
                                  "/proc/self/mem",
                                  "/proc/self/stat",
                                  "/proc/self/status",
                                  "/proc/self/statm",
                                  "/proc/self/mounts",
                                  "/proc/self/mountinfo",
                                  "/proc/self/environ",
                                  "/proc/self/cmdline",
                                  "/proc/self/limits",
                                  "/proc/self/task",
                                  "/proc/self/auxv",
                                  "/proc/self/comm",
                                  "/proc/self/ns/mnt",
                                  "/proc/1/status",
                                  "/proc/1/fd",
                                  "/proc/2",
                                  "/proc/thread-self",
                                  "/proc/meminfo",
                                  "/proc/mounts",
                                  "/proc/stat",
                                  "/proc/uptime",
                                  "/proc/cpuinfo",
                                  "/proc/nothing",
                                  "/proc/sys/kernel/hostname",
                                  "/dev",
                                  "/dev/null",
                                  "/dev/zero",
                                  "/dev/full",
                                  "/dev/urandom",
                                  "/dev/tty",
                                  "/dev/fd/3",
                                  "/dev/stdin",
                                  "/dev/shm",
                                  "/dev/shm/x",
                                  "/bin",
                                  "/bin/sh",
                                  "/bin/busybox",
                                  "/etc/passwd",
                                  "/etc/passwd/x",
                                  "/nothing/at/all"};

constexpr const char* kNames[] = {"tmpfs", "tmpfs", "tmpfs",  "proc",      "sysfs",      "devtmpfs", "erofs", "none",
                                  "x",     "",      "user.a", "trusted.b", "security.c", "a/b",      "ramfs"};

}  // namespace

std::uint64_t Values::number() {
  switch (random_.below(8)) {
    case 0:
      return random_.next();
    case 1:
      return random_.next() >> random_.below(64);
    case 2:
      return random_.one_of(kDictionary) + random_.below(17) - 8;
    case 3:
      return (std::uint64_t{1} << random_.below(64)) - random_.below(2);
    case 4:
      return random_.below(64);
    default:
      return random_.one_of(kDictionary);
  }
}

std::uint64_t* Values::room(std::uint64_t bytes) {
  const std::uint64_t size = (bytes + 7) & ~std::uint64_t{7};
  std::uint64_t at = kGuard - size;
  if (!random_.one_in(4)) at = kData + (random_.below(kDataSize - size) & ~std::uint64_t{7});
  return reinterpret_cast<std::uint64_t*>(at);
}

std::uint64_t Values::any_address() {
  switch (random_.below(20)) {
    case 0:
      return kGuard - random_.below(80);  // goes over the edge
    case 1:
      return kReadOnly + random_.below(kPage);
    case 2:
      return kForbidden + random_.below(kPage);
    case 3:
      return random_.one_of(kDictionary);
    case 4:
      return number();
    case 5:
      return random_.below(3) * kPage;
    case 6:
      return kReachableKernel + (random_.below(0x1000'0000) & ~std::uint64_t{7});
    case 7:
      return kPlayground + random_.below(kPlaygroundSize);
    case 8:
      return kShared + random_.below(kSharedSize);
    case 9:
      return address_of_function(&signal_handler);
    default:
      return address_of(room(8 << random_.below(12)));
  }
}

std::uint64_t Values::mapping_address() {
  if (!random_.one_in(5)) return kPlayground + random_.below(kPlaygroundSize / kPage) * kPage;
  switch (random_.below(8)) {
    case 0:
      return 0;
    case 1:
      return random_.one_of(kDictionary) & ~(kPage - 1);
    case 2:
      return kPlayground + random_.below(kPlaygroundSize);  // not aligned
    case 3:
      return kData + random_.below(kDataSize / kPage + 8) * kPage;
    case 4:
      return (random_.next() >> 17) & ~(kPage - 1);
    case 5:
      return random_.one_of({std::uint64_t{0x1'0000}, std::uint64_t{0x40'0000}, std::uint64_t{0x7f7f'ffff'e000}});
    default:
      return number();
  }
}

std::uint64_t Values::map_length() {
  if (!random_.one_in(5)) return (1 + random_.below(1 << random_.below(8))) * kPage;
  switch (random_.below(6)) {
    case 0:
      return 0;
    case 1:
      return 1 + random_.below(3 * kPage);
    case 2:
      return std::uint64_t{1} << (21 + random_.below(20));  // a reservation
    case 3:
      return std::uint64_t{0} - random_.below(4 * kPage);
    default:
      return number();
  }
}

std::uint64_t Values::length() {
  switch (random_.below(12)) {
    case 0:
      return number();
    case 1:
      return kPage + random_.below(3) - 1;
    case 2:
      return random_.below(16 * kPage);
    case 3:
      return random_.below(3);
    default:
      return random_.below(1 << random_.below(13));
  }
}

std::uint64_t Values::offset() {
  if (random_.one_in(5)) return number();
  return random_.one_in(2) ? random_.below(8 * kPage) : random_.below(64) * kPage;
}

std::uint64_t Values::descriptor() {
  switch (random_.below(20)) {
    case 0:
      return number();
    case 1:
      return static_cast<std::uint64_t>(-1 - static_cast<std::int64_t>(random_.below(2)));
    case 2:
    case 3:
      return static_cast<std::uint64_t>(-100);  // AT_FDCWD
    case 4:
      return random_.below(300);
    case 5:
      return random_.below(48);
    default:
      return random_.below(24);
  }
}

std::uint64_t Values::store_string(const char* text, bool longer) {
  std::uint64_t size = 0;
  while (text[size] != '\0') ++size;
  const std::uint64_t filler =
      longer ? random_.one_of({1ull, 200ull, 254ull, 255ull, 256ull, 1000ull, 4094ull, 4095ull, 4096ull, 5000ull}) : 0;
  const bool ended = !random_.one_in(40);
  const std::uint64_t bytes = size + filler + (ended ? 1 : 0);
  // Right before the page that is not there, or anywhere.
  char* at =
      reinterpret_cast<char*>(random_.one_in(3) || !ended ? kGuard - bytes : kData + random_.below(kDataSize - bytes));
  for (std::uint64_t index = 0; index < size; ++index) at[index] = text[index];
  const char with = random_.one_of({'a', '/', '.', '\xff'});
  for (std::uint64_t index = 0; index < filler; ++index) at[size + index] = with != '.' ? with : "./"[index & 1];
  if (ended) at[bytes - 1] = '\0';
  return address_of(at);
}

std::uint64_t Values::path() {
  if (random_.one_in(24)) return any_address();
  return store_string(random_.one_of(kPaths), random_.one_in(14));
}

std::uint64_t Values::name() {
  if (random_.one_in(16)) return any_address();
  return store_string(random_.one_of(kNames), random_.one_in(14));
}

std::int32_t Values::pid() {
  std::int32_t value = 0;
  switch (random_.below(12)) {
    case 0:
      value = static_cast<std::int32_t>(number());
      break;
    case 1:
      value = 0;
      break;
    case 2:
      value = -1;
      break;
    case 3:
      value = static_cast<std::int32_t>(random_.below(40));
      break;
    case 4:
      value = static_cast<std::int32_t>(raw(SYS_getpid));
      break;
    default: {
      // A thread of the family that was there once; it may have gone.
      const Slot& slot = world_.block->slots[random_.below(kSlots)];
      value = random_.one_in(2) ? slot.tid.load(std::memory_order_relaxed) : slot.pid;
      if (random_.one_in(8)) value = -value;
    }
  }
  const std::int64_t magnitude = value < 0 ? -std::int64_t{value} : value;
  const bool forbidden = magnitude != 0 && magnitude <= world_.last_protected;
  if (world_.root && (forbidden || value == -1)) value = static_cast<std::int32_t>(raw(SYS_gettid));
  return value;
}

std::uint64_t Values::signal() {
  if (random_.one_in(10)) return number();
  // Rather those that do not end everything.
  if (random_.one_in(2))
    return random_.one_of(
        {0ull, 10ull, 12ull, 14ull, 17ull, 18ull, 19ull, 20ull, 21ull, 22ull, 23ull, 28ull, 34ull, 64ull});
  return random_.below(66);
}

std::uint64_t Values::mode() {
  if (random_.one_in(3))
    return random_.one_of({010644ull, 040755ull, 020666ull, 060666ull, 0100644ull, 0120777ull, 0140777ull, 0777777ull});
  return random_.one_in(2) ? 0755 : random_.below(010000);
}

std::uint64_t Values::make(const Argument& argument) {
  switch (argument.kind) {
    case Kind::kNone:
    case Kind::kNumber:
      return number();
    case Kind::kSmall:
      return random_.one_in(12) ? number() : random_.below(17);
    case Kind::kFd:
      return descriptor();
    case Kind::kPath:
      return path();
    case Kind::kName:
      return name();
    case Kind::kOut:
      return any_address();
    case Kind::kIn:
      return words();
    case Kind::kLength:
      return length();
    case Kind::kAddress:
      return mapping_address();
    case Kind::kMapLength:
      return map_length();
    case Kind::kOffset:
      return offset();
    case Kind::kOffsetIn: {
      if (random_.one_in(2)) return 0;
      if (random_.one_in(8)) return any_address();
      std::uint64_t* at = room(8);
      *at = offset();
      return address_of(at);
    }
    case Kind::kPid:
      return static_cast<std::uint64_t>(std::int64_t{pid()});
    case Kind::kSignal:
      return signal();
    case Kind::kSignalSet:
      return signal_set();
    case Kind::kSetSize:
      return random_.one_in(16) ? number() : 8;
    case Kind::kAction:
      return signal_action();
    case Kind::kTimespec:
      return time_spec();
    case Kind::kIovec:
      return vectors();
    case Kind::kCount:
      return random_.one_in(10) ? number() : random_.below(random_.one_in(8) ? 1100 : 9);
    case Kind::kUid:
      return random_.one_of({0ull, 1000ull, 65534ull, 0xffffffffull, 54321ull, 0x80000000ull, ~0ull});
    case Kind::kMode:
      return mode();
    case Kind::kPollFds:
      return poll_descriptors();
    case Kind::kFutex:
      return futex_word();
    case Kind::kTimerId:
      return random_.one_in(8) ? number() : random_.below(8);
    case Kind::kEvent:
      return event();
    case Kind::kSignalInfo:
      return signal_info();
    case Kind::kStack:
      return stack();
    case Kind::kStrings:
      return strings(8);
    case Kind::kLimit:
      return limit();
    case Kind::kDevice:
      return random_.one_of({0x103ull, 0x105ull, 0x107ull, 0x500ull, 0x404ull, 0ull, 0xffffffffull, 0x800ull});
    case Kind::kChoice:
    case Kind::kFlags:
      return from_list(argument);
  }
  return 0;
}

std::uint64_t Values::from_list(const Argument& argument) {
  if (random_.one_in(20)) return number();
  if (argument.values == nullptr) return random_.below(argument.count);
  if (argument.kind == Kind::kChoice) return argument.values[random_.below(argument.count)];
  std::uint64_t value = 0;
  const std::uint64_t parts = random_.one_in(6) ? random_.below(argument.count + 1) : random_.below(4);
  for (std::uint64_t part = 0; part < parts; ++part) value |= argument.values[random_.below(argument.count)];
  if (random_.one_in(24)) value |= std::uint64_t{1} << random_.below(64);
  return value;
}

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
