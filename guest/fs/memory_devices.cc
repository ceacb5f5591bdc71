// null, zero, full, random and urandom: null(4), full(4), random(4).
#include "fs/memory_devices.h"

#include "drivers/rng.h"
#include "mm/ram_object.h"
#include "mm/user_ptr.h"
#include "task/random_output.h"
#include "task/task.h"

namespace kernel::fs {

namespace {

class NullDevice final : public CharDevice {
 public:
  Result<std::size_t> read(mm::IoBuffer&, std::uint32_t) override { return 0; }
  Result<std::size_t> write(mm::IoBuffer& buffer, std::uint32_t) override { return buffer.remaining(); }
  Readiness readiness() override { return kAlwaysReady; }
  bool can_be_polled() const override { return false; }
  bool seekable() const override { return true; }
  bool can_splice_from() const override { return false; }  // nothing would ever come
};

class ZeroDevice final : public CharDevice {
 public:
  explicit constexpr ZeroDevice(bool full) : full_(full) {}
  Result<std::size_t> read(mm::IoBuffer& buffer, std::uint32_t) override {
    return buffer.store_zeros(buffer.remaining());
  }
  Result<std::size_t> write(mm::IoBuffer& buffer, std::uint32_t) override {
    if (full_) return Errno::kNoSpc;
    return buffer.remaining();
  }
  Readiness readiness() override { return kAlwaysReady; }
  bool can_be_polled() const override { return false; }
  bool seekable() const override { return true; }
  bool can_splice_to() const override { return !full_; }
  // A mapping of /dev/zero is anonymous memory (mmap(2)): holes as far as a file can reach.
  Result<Ref<mm::MemoryObject>> memory_object() override {
    if (full_) return Errno::kNoDev;
    return Ref<mm::MemoryObject>(TRY(make_ref<mm::RamObject>(std::uint64_t{1} << 43)));
  }

 private:
  bool full_;
};

class RandomDevice final : public CharDevice {
 public:
  // random(4): one of the two could be waited for once, and still has what poll(2) asks.
  explicit constexpr RandomDevice(bool can_be_polled) : can_be_polled_(can_be_polled) {}
  Result<std::size_t> read(mm::IoBuffer& buffer, std::uint32_t) override { return task::write_random(buffer); }
  // What a payload writes is not entropy.
  Result<std::size_t> write(mm::IoBuffer& buffer, std::uint32_t) override { return buffer.remaining(); }
  Readiness readiness() override { return kAlwaysReady; }
  bool can_be_polled() const override { return can_be_polled_; }
  bool seekable() const override { return true; }
  Result<std::uint64_t> ioctl(std::uint32_t request, std::uint64_t argument) override {
    switch (request) {
      case kGetEntropyCount:
        TRY(mm::UserPtr<std::int32_t>(argument).write(kPoolBits));
        return std::uint64_t{0};
      case kReseed:
        if (!task::current().credentials.can(task::Capability::kSysAdmin)) return Errno::kPerm;
        TRY(drivers::reseed_from_host());
        return std::uint64_t{0};
      default:
        return Errno::kInval;
    }
  }

 private:
  // random(4): RNDGETENTCNT and RNDRESEEDCRNG. The pool is full from the first moment on: the VMM seeds it.
  static constexpr std::uint32_t kGetEntropyCount = 0x80045200;
  static constexpr std::uint32_t kReseed = 0x5207;
  static constexpr std::int32_t kPoolBits = 256;

  bool can_be_polled_;
};

constinit NullDevice g_null;
constinit ZeroDevice g_zero(false);
constinit ZeroDevice g_full(true);
constinit RandomDevice g_random(true);
constinit RandomDevice g_urandom(false);

}  // namespace

CharDevice* memory_device(std::uint32_t minor) {
  switch (minor) {
    case kNullMinor:
      return &g_null;
    case kZeroMinor:
      return &g_zero;
    case kFullMinor:
      return &g_full;
    case kRandomMinor:
      return &g_random;
    case kUrandomMinor:
      return &g_urandom;
    default:
      return nullptr;
  }
}

}  // namespace kernel::fs
