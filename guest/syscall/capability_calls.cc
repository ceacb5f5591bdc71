#include "syscall/capability_calls.h"

#include "task/process.h"
#include "task/task.h"

namespace kernel::syscall {

using task::Capabilities;
using task::Capability;
using task::CapabilitySet;
using task::Credentials;

namespace {

struct CapabilityWords {
  std::uint32_t effective, permitted, inheritable;
};
constexpr unsigned kMaxWords = 2;

Credentials& own() {
  return task::current().credentials;
}

// How many CapabilityWords this version of the interface has. Unknown versions are answered with the preferred one.
Result<unsigned> word_count(mm::UserPtr<CapabilityHeader> address, CapabilityHeader& header) {
  constexpr std::uint32_t kVersion1 = 0x1998'0330, kVersion2 = 0x2007'1026, kVersion3 = 0x2008'0522;
  if (header.version == kVersion1) return 1u;
  if (header.version == kVersion2 || header.version == kVersion3) return kMaxWords;
  header.version = kVersion3;
  TRY(address.write(header));
  return Errno::kInval;
}

Result<Capability> capability_of(std::uint64_t number) {
  if (number > task::kLastCapability) return Errno::kInval;
  return static_cast<Capability>(number);
}

CapabilitySet join(std::uint32_t low, std::uint32_t high) {
  return CapabilitySet::from_bits(std::uint64_t{high} << 32 | low);
}

}  // namespace

SyscallResult sys_capget(mm::UserPtr<CapabilityHeader> header_address, mm::UserBuffer data) {
  CapabilityHeader header = TRY(header_address.read());
  const auto words = word_count(header_address, header);
  // With no room for data it is a question for the version.
  if (!words) return data || words.error() != Errno::kInval ? SyscallResult(words.error()) : SyscallResult(0);
  if (header.pid < 0) return Errno::kInval;
  const task::Task* thread = header.pid == 0 ? &task::current() : task::find_task(header.pid);
  if (!thread) return Errno::kSrch;
  if (!data) return 0;
  const Capabilities& held = thread->credentials.capabilities;
  for (unsigned i = 0; i < words.value(); ++i) {
    const auto word = [&](CapabilitySet set) { return static_cast<std::uint32_t>(set.bits() >> (32 * i)); };
    const CapabilityWords out{word(held.effective), word(held.permitted), word(held.inheritable)};
    TRY(mm::copy_to_user(data.address() + i * sizeof out, &out, sizeof out));
  }
  return 0;
}

SyscallResult sys_capset(mm::UserPtr<CapabilityHeader> header_address, mm::UserPtr<const std::byte> data) {
  CapabilityHeader header = TRY(header_address.read());
  const unsigned words = TRY(word_count(header_address, header));
  if (header.pid != 0 && header.pid != task::current().tid) return Errno::kPerm;
  CapabilityWords wanted[kMaxWords] = {};
  TRY(mm::copy_from_user(wanted, data.address(), words * sizeof wanted[0]));
  const CapabilitySet effective = join(wanted[0].effective, wanted[1].effective);
  const CapabilitySet permitted = join(wanted[0].permitted, wanted[1].permitted);
  const CapabilitySet inheritable = join(wanted[0].inheritable, wanted[1].inheritable);

  // capabilities(7), "Programmatically adjusting capability sets".
  Capabilities& held = own().capabilities;
  if (!own().can(Capability::kSetpcap) && !inheritable.is_subset_of(held.inheritable | held.permitted))
    return Errno::kPerm;
  if (!inheritable.is_subset_of(held.inheritable | held.bounding)) return Errno::kPerm;
  if (!permitted.is_subset_of(held.permitted) || !effective.is_subset_of(permitted)) return Errno::kPerm;
  held.effective = effective;
  held.permitted = permitted;
  held.inheritable = inheritable;
  held.ambient = held.ambient & permitted & inheritable;
  return 0;
}

SyscallResult read_bounding_set(std::uint64_t capability) {
  return own().capabilities.bounding.has(TRY(capability_of(capability)));
}

SyscallResult drop_from_bounding_set(std::uint64_t capability) {
  if (!own().can(Capability::kSetpcap)) return Errno::kPerm;
  own().capabilities.bounding.remove(TRY(capability_of(capability)));
  return 0;
}

SyscallResult set_keep_capabilities(std::uint64_t keep) {
  if (keep > 1) return Errno::kInval;
  std::uint32_t& bits = own().capabilities.secure_bits;
  if (bits & task::kSecureKeepCapabilities << 1) return Errno::kPerm;  // locked
  bits = keep ? bits | task::kSecureKeepCapabilities : bits & ~std::uint32_t{task::kSecureKeepCapabilities};
  return 0;
}

SyscallResult set_secure_bits(std::uint64_t bits) {
  constexpr std::uint64_t kKnown = task::kSecureAll | task::kSecureAllLocks;
  constexpr std::uint64_t kFree = task::kSecureUnprivileged | task::kSecureUnprivileged << 1;
  const std::uint64_t old = own().capabilities.secure_bits;
  const std::uint64_t changed = old ^ bits;
  const std::uint64_t locks = old & task::kSecureAllLocks;
  if ((locks >> 1 & changed) || (locks & ~bits) || (bits & ~kKnown)) return Errno::kPerm;
  if (!own().can(Capability::kSetpcap) && (!changed || (changed & ~kFree))) return Errno::kPerm;
  own().capabilities.secure_bits = static_cast<std::uint32_t>(bits);
  return 0;
}

SyscallResult change_ambient_set(std::uint64_t operation, std::uint64_t capability, std::uint64_t argument4,
                                 std::uint64_t argument5) {
  enum { kIsSet = 1, kRaise = 2, kLower = 3, kClearAll = 4 };
  Capabilities& held = own().capabilities;
  if (operation == kClearAll) {
    if (capability || argument4 || argument5) return Errno::kInval;
    held.ambient = {};
    return 0;
  }
  const Capability which = TRY(capability_of(capability));
  if (argument4 || argument5) return Errno::kInval;
  switch (operation) {
    case kIsSet:
      return held.ambient.has(which);
    case kRaise:
      if (!held.permitted.has(which) || !held.inheritable.has(which)) return Errno::kPerm;
      if (held.secure_bits & task::kSecureNoAmbientRaise) return Errno::kPerm;
      held.ambient.add(which);
      return 0;
    case kLower:
      held.ambient.remove(which);
      return 0;
    default:
      return Errno::kInval;
  }
}

}  // namespace kernel::syscall
