#include "task/wall_clock.h"

#include "lib/global.h"
#include "lib/time.h"

namespace kernel::task {
namespace {

constinit Global<WaitQueue> changes_;

}  // namespace

void set_wall_clock(std::uint64_t realtime_at_boot_ns) {
  set_realtime_offset(realtime_at_boot_ns);
  changes_->wake_all();
}

WaitQueue& wall_clock_changes() {
  return *changes_;
}

}  // namespace kernel::task
