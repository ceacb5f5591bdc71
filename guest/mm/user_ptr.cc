#include "mm/user_ptr.h"

#include <algorithm>

#include "arch/x86_64/no_switch.h"
#include "mm/address_space.h"
#include "mm/environment.h"

namespace kernel::mm {
namespace {

// Whether the mapping's protection binds who copies.
enum class Bound : std::uint8_t { kByProtection, kNot };

Result<Pfn> frame_for(AddressSpace& space, std::uint64_t address, FaultAccess access, Bound bound,
                      Ref<PendingPage>& pending) {
  return bound == Bound::kByProtection ? space.frame_for_kernel(address, access, pending)
                                       : space.frame_for_tracer(address, access, pending);
}

Result<Pfn> frame_with_reserve(AddressSpace& space, std::uint64_t address, FaultAccess access, Bound bound,
                               Ref<PendingPage>& pending) {
  auto frame = frame_for(space, address, access, bound, pending);
  if (frame || frame.error() != Errno::kNoMem) return frame;
  const ReserveOpening opening;
  return frame_for(space, address, access, bound, pending);
}

// Calls move(pointer into the direct map, offset, size) for each part of the range that lies in one page, in order,
// until the range ends, a page is not accessible, or has to be waited for (then `pending` is set), or move returns false.
// Returns how much was moved.
//
// No other task runs meanwhile, not even for want of memory: callers hold references to what other tasks change.
template <typename Move>
std::size_t for_each_part_present(AddressSpace& space, std::uint64_t address, std::size_t size, FaultAccess access,
                                  Ref<PendingPage>& pending, Move move, Bound bound = Bound::kByProtection) {
  const arch::NoSwitch guard;
  std::size_t done = 0;
  while (done < size) {
    const std::uint64_t position = address + done;
    if (position < address) break;  // wrapped around
    const auto frame = frame_with_reserve(space, position, access, bound, pending);
    // As for a page fault of the payload's own: somebody must give way, maybe the caller.
    if (!frame && frame.error() == Errno::kNoMem && make_room_now()) continue;
    if (!frame) break;
    const std::size_t part = std::min<std::size_t>(size - done, kPageSize - page_offset(position));
    if (!move(frame_data(frame.value()) + page_offset(position), done, part)) break;
    done += part;
  }
  return done;
}

// The same, asleep where a page has to be waited for.
template <typename Move>
std::size_t for_each_part(AddressSpace& space, std::uint64_t address, std::size_t size, FaultAccess access, Move move,
                          Bound bound = Bound::kByProtection) {
  std::size_t done = 0;
  for (;;) {
    Ref<PendingPage> pending;
    done += for_each_part_present(
        space, address + done, size - done, access, pending,
        [&, before = done](std::byte* data, std::size_t offset, std::size_t part) {
          return move(data, before + offset, part);
        },
        bound);
    if (!pending || arch::NoSwitch::in_force() || !pending->wait()) return done;
  }
}

auto part_reader(void* destination) {
  return [destination](const std::byte* data, std::size_t offset, std::size_t part) {
    memcpy(static_cast<std::byte*>(destination) + offset, data, part);
    return true;
  };
}

auto part_writer(const void* source) {
  return [source](std::byte* data, std::size_t offset, std::size_t part) {
    memcpy(data, static_cast<const std::byte*>(source) + offset, part);
    return true;
  };
}

std::size_t copy_in(AddressSpace& space, void* destination, std::uint64_t address, std::size_t size) {
  return for_each_part(space, address, size, FaultAccess::kRead, part_reader(destination));
}

std::size_t copy_out(AddressSpace& space, std::uint64_t address, const void* source, std::size_t size) {
  return for_each_part(space, address, size, FaultAccess::kWrite, part_writer(source));
}

bool clear_part(std::byte* data, std::size_t, std::size_t part) {
  memset(data, 0, part);
  return true;
}

Result<void> all_of(std::size_t done, std::size_t size) {
  return done == size ? Result<void>() : Errno::kFault;
}

}  // namespace

Result<void> copy_from_user(void* destination, std::uint64_t user_address, std::size_t size) {
  return all_of(copy_in(current_space(), destination, user_address, size), size);
}

Result<void> copy_to_user(std::uint64_t user_address, const void* source, std::size_t size) {
  return all_of(copy_out(current_space(), user_address, source, size), size);
}

std::size_t copy_from_user_present(void* destination, std::uint64_t user_address, std::size_t size,
                                   Ref<PendingPage>& pending) {
  return for_each_part_present(current_space(), user_address, size, FaultAccess::kRead, pending,
                               part_reader(destination));
}

std::size_t copy_to_user_present(std::uint64_t user_address, const void* source, std::size_t size,
                                 Ref<PendingPage>& pending) {
  return for_each_part_present(current_space(), user_address, size, FaultAccess::kWrite, pending, part_writer(source));
}

std::size_t clear_user_present(std::uint64_t user_address, std::size_t size, Ref<PendingPage>& pending) {
  return for_each_part_present(current_space(), user_address, size, FaultAccess::kWrite, pending, clear_part);
}

std::size_t user_room_present(std::uint64_t user_address, std::size_t size, Ref<PendingPage>& pending) {
  return for_each_part_present(current_space(), user_address, size, FaultAccess::kWrite, pending,
                               [](std::byte*, std::size_t, std::size_t) { return true; });
}

Result<void> copy_to_space(AddressSpace& space, std::uint64_t user_address, const void* source, std::size_t size) {
  return all_of(copy_out(space, user_address, source, size), size);
}

std::size_t copy_from_space_partial(AddressSpace& space, void* destination, std::uint64_t user_address,
                                    std::size_t size) {
  return copy_in(space, destination, user_address, size);
}

std::size_t copy_to_traced_space(AddressSpace& space, std::uint64_t user_address, const void* source,
                                 std::size_t size) {
  return for_each_part(space, user_address, size, FaultAccess::kWrite, part_writer(source), Bound::kNot);
}

std::size_t copy_from_traced_space(AddressSpace& space, void* destination, std::uint64_t user_address,
                                   std::size_t size) {
  return for_each_part(space, user_address, size, FaultAccess::kRead, part_reader(destination), Bound::kNot);
}

Result<String> copy_string_from_user(std::uint64_t user_address, std::size_t limit) {
  String text;
  bool terminated = false;
  Errno failure = Errno::kNone;
  const std::size_t done = for_each_part(
      current_space(), user_address, limit, FaultAccess::kRead, [&](std::byte* data, std::size_t, std::size_t part) {
        const auto* characters = reinterpret_cast<const char*>(data);
        const auto* end = std::find(characters, characters + part, '\0');
        if (auto appended = text.append({characters, static_cast<std::size_t>(end - characters)}); !appended) {
          failure = appended.error();
        }
        terminated = end != characters + part;
        return !terminated && failure == Errno::kNone;
      });
  if (failure != Errno::kNone) return failure;
  if (terminated) return text;
  return done == limit ? Errno::kNameTooLong : Errno::kFault;
}

}  // namespace kernel::mm
