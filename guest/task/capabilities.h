// The privileges of capabilities(7), and the sets of them that a thread has.
#pragma once

#include <cstdint>

namespace kernel::task {

// <linux/capability.h>
enum class Capability : std::uint8_t {
  kChown = 0,
  kDacOverride = 1,
  kDacReadSearch = 2,
  kFowner = 3,
  kFsetid = 4,
  kKill = 5,
  kSetgid = 6,
  kSetuid = 7,
  kSetpcap = 8,
  kLinuxImmutable = 9,
  kNetBindService = 10,
  kNetBroadcast = 11,
  kNetAdmin = 12,
  kNetRaw = 13,
  kIpcLock = 14,
  kIpcOwner = 15,
  kSysChroot = 18,
  kSysPtrace = 19,
  kSysAdmin = 21,
  kSysNice = 23,
  kSysResource = 24,
  kSysTime = 25,
  kMknod = 27,
  kLease = 28,
  kSetfcap = 31,
  kMacOverride = 32,
  kSyslog = 34,
  kWakeAlarm = 35,
};
inline constexpr unsigned kLastCapability = 40;  // CAP_CHECKPOINT_RESTORE

class CapabilitySet {
 public:
  constexpr CapabilitySet() = default;
  // Numbers that name no capability are dropped, as Linux drops them.
  static constexpr CapabilitySet from_bits(std::uint64_t bits) {
    CapabilitySet set;
    set.bits_ = bits & kValid;
    return set;
  }
  static constexpr CapabilitySet all() { return from_bits(kValid); }
  template <typename... More>
  static constexpr CapabilitySet of(More... capabilities) {
    return from_bits((bit(capabilities) | ...));
  }

  constexpr std::uint64_t bits() const { return bits_; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr bool has(Capability capability) const { return bits_ & bit(capability); }
  constexpr bool is_subset_of(CapabilitySet other) const { return (bits_ & ~other.bits_) == 0; }
  constexpr void add(Capability capability) { bits_ |= bit(capability); }
  constexpr void remove(Capability capability) { bits_ &= ~bit(capability); }
  constexpr CapabilitySet operator|(CapabilitySet other) const { return from_bits(bits_ | other.bits_); }
  constexpr CapabilitySet operator&(CapabilitySet other) const { return from_bits(bits_ & other.bits_); }
  constexpr CapabilitySet without(CapabilitySet other) const { return from_bits(bits_ & ~other.bits_); }

 private:
  static constexpr std::uint64_t kValid = (std::uint64_t{1} << (kLastCapability + 1)) - 1;
  static constexpr std::uint64_t bit(Capability capability) {
    return std::uint64_t{1} << static_cast<unsigned>(capability);
  }
  std::uint64_t bits_ = 0;
};

// What goes with the file-system user id (capabilities(7), "Effect of user ID changes on capabilities").
inline constexpr CapabilitySet kFileCapabilities =
    CapabilitySet::of(Capability::kChown, Capability::kDacOverride, Capability::kDacReadSearch, Capability::kFowner,
                      Capability::kFsetid, Capability::kLinuxImmutable, Capability::kMknod, Capability::kMacOverride);

// The securebits flags (capabilities(7), "The securebits flags"): each has its lock one bit higher.
enum SecureBit : std::uint32_t {
  kSecureNoRoot = 1 << 0,
  kSecureNoSetuidFixup = 1 << 2,
  kSecureKeepCapabilities = 1 << 4,
  kSecureNoAmbientRaise = 1 << 6,
  kSecureExecRestrictFile = 1 << 8,
  kSecureExecDenyInteractive = 1 << 10,
  // A process may set these without a privilege: they bind only itself (since Linux 6.14).
  kSecureUnprivileged = kSecureExecRestrictFile | kSecureExecDenyInteractive,
  kSecureAll =
      kSecureNoRoot | kSecureNoSetuidFixup | kSecureKeepCapabilities | kSecureNoAmbientRaise | kSecureUnprivileged,
  kSecureAllLocks = kSecureAll << 1,
};

struct Capabilities {
  CapabilitySet effective, permitted, inheritable, ambient;
  CapabilitySet bounding = CapabilitySet::all();
  std::uint32_t secure_bits = 0;
};

}  // namespace kernel::task
