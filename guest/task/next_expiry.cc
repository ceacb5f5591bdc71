#include "lib/time.h"
#include "task/timers.h"

namespace kernel::task {

NextExpiry next_expiry(std::uint64_t expired_ns, std::uint64_t interval_ns, std::uint64_t now) {
  const std::uint64_t earliest = interval_ns < kMinimumTimerPeriodNs ? now + kMinimumTimerPeriodNs : now + 1;
  const std::uint64_t regular = saturating_add(expired_ns, interval_ns);
  if (regular >= earliest) return {regular, 0};
  const std::uint64_t periods = (earliest - expired_ns + interval_ns - 1) / interval_ns;
  return {expired_ns + periods * interval_ns, periods - 1};
}

}  // namespace kernel::task
