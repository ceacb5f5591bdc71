#include "arch/x86_64/xapic.h"

#include <algorithm>

#include "abi/husk_abi.h"
#include "arch/x86_64/privileged.h"
#include "drivers/mmio.h"

namespace kernel::arch {
namespace {

constexpr std::uint64_t kMaxCount = 0xffff'ffff;

constinit std::uint64_t timer_khz_ = 0;
constinit std::uint64_t tsc_khz_ = 0;

}  // namespace

void use_xapic_timer(std::uint64_t timer_khz, std::uint64_t tsc_khz) {
  timer_khz_ = timer_khz;
  tsc_khz_ = tsc_khz;
  drivers::write_register(kXapicGpa + kXapicDivide, kXapicDivideBy1);
  drivers::write_register(kXapicGpa + kXapicLvtTimer, husk::abi::kTimerVector);  // one-shot, not masked
}

bool xapic_timer_in_use() {
  return timer_khz_ != 0;
}

// What is too far away for the counter fires early, which its user expects (task/scheduler.cc).
void set_xapic_timer(std::uint64_t tsc) {
  const std::uint64_t now = read_tsc();
  std::uint64_t count = 0;  // stops it
  if (tsc != 0) {
    const std::uint64_t ticks = tsc > now ? tsc - now : 0;
    count = ticks / tsc_khz_ > kMaxCount / timer_khz_ ? kMaxCount : ticks / tsc_khz_ * timer_khz_;
    count += ticks % tsc_khz_ * timer_khz_ / tsc_khz_ + 1;
  }
  drivers::write_register(kXapicGpa + kXapicInitialCount, static_cast<std::uint32_t>(std::min(count, kMaxCount)));
}

}  // namespace kernel::arch
