#include "devices/virtio/rng.h"

#include <sys/random.h>

#include <algorithm>

#include "devices/virtio/features.h"

namespace husk::virtio {
namespace {

// "The device MUST place one or more random bytes into the buffer, but it MAY use less than the entire buffer length"
// (5.4.6.2). A kernel needs a seed, not megabytes, and a notification should be short.
constexpr std::size_t kMaxBytesPerChain = 4096;

// Up to so many bytes getrandom(2) always gives all that were asked for, and no signal interrupts it.
constexpr std::size_t kBytesPerCall = 256;

}  // namespace

std::uint32_t Rng::id() const {
  return kDeviceEntropy;
}

void Rng::read_config(std::uint64_t, std::span<std::byte> out) const {
  std::ranges::fill(out, std::byte{0});
}
void Rng::write_config(std::uint64_t, std::span<const std::byte>) {}
void Rng::activate(Transport& transport, std::uint64_t) {
  transport_ = &transport;
}
void Rng::reset() {
  transport_ = nullptr;
}

void Rng::process_queue(std::size_t index) {
  Queue& queue = transport_->queue(index);
  bool interrupt = false;
  while (queue.pop(chain_)) {
    if (chain_.writable_bytes() == 0) {
      queue.fail(QueueError::kWrongDirection);
      break;
    }
    // At least 1: a turn without bytes yields no chain.
    const std::size_t wanted = queue.allow(std::min<std::uint64_t>(chain_.writable_bytes(), kMaxBytesPerChain));
    std::array<std::byte, kBytesPerCall> random;
    std::size_t filled = 0;
    while (filled < wanted) {
      const std::size_t size = std::min(wanted - filled, random.size());
      const ssize_t n = ::getrandom(random.data(), size, 0);
      if (n <= 0) break;  // not reachable with valid arguments; the driver sees what was filled
      filled += chain_.copy_in(filled, std::span(random).first(static_cast<std::size_t>(n)));
    }
    interrupt |= queue.push(chain_, static_cast<std::uint32_t>(filled));
  }
  if (interrupt) transport_->interrupt_used();
}

}  // namespace husk::virtio
