#include "tests/fuzz/syscalls/values.h"

#include "tests/fuzz/syscalls/actions.h"
#include "tests/fuzz/syscalls/dictionary.h"
#include "tests/fuzz/syscalls/raw.h"

namespace fuzz {

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
  switch (random_.below(9)) {
    case 0:
      return 0;
    case 8:  // the vDSO, and the pages of data before it
      return world_.vdso - 4 * kPage + random_.below(8) * kPage;
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
      return random_.below(2 * kOpenDescriptors);
    default:
      return random_.below(kOpenDescriptors);
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
    case Kind::kEpollEvent:
      return epoll_event();
    case Kind::kSocketAddress:
      return socket_address();
    case Kind::kSocketLength:
      return random_.one_in(10) ? number() : random_.one_of({2ull, 3ull, 8ull, 12ull, 16ull, 16ull, 28ull, 110ull});
    case Kind::kMessage:
      return message(room(56));
    case Kind::kMessages:
      return messages();
    case Kind::kSemaphoreOperations:
      return semaphore_operations();
    case Kind::kTypedMessage:
      return typed_message();
    case Kind::kIpcId:
      return ipc_id();
    case Kind::kQueueName:
      return queue_name();
    case Kind::kQueueAttributes:
      return queue_attributes();
    case Kind::kSchedAttributes:
      return sched_attributes();
    case Kind::kTerminalAttributes:
      return terminal_attributes();
    case Kind::kProcessClock:
      return process_clock();
    case Kind::kFilter:
      return filter();
    case Kind::kNetlinkRequest:
      return netlink_request();
    case Kind::kChoice:
    case Kind::kFlags:
      return from_list(argument);
  }
  return 0;
}

// clock_getcpuclockid(3): the complement of a number, whose kind of clock, and which of its times.
std::uint64_t Values::process_clock() {
  const std::uint32_t which = static_cast<std::uint32_t>(random_.one_in(8)   ? random_.below(8)
                                                         : random_.one_in(2) ? 2
                                                                             : 6);
  return ~static_cast<std::uint32_t>(pid()) << 3 | which;
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

}  // namespace fuzz
