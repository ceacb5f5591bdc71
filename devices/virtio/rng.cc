#include "devices/virtio/rng.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>

#include "devices/virtio/features.h"

namespace husk::virtio {
namespace {

// "The device MUST place one or more random bytes into the buffer, but it MAY use less than the entire buffer length"
// (5.4.6.2). A kernel needs a seed, not megabytes, and a notification should be short.
constexpr std::size_t kMaxBytesPerChain = 4096;

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
    std::size_t filled = 0;
    for (std::span<std::byte> segment : chain_.writable()) {
      segment = segment.first(std::min(segment.size(), kMaxBytesPerChain - filled));
      while (!segment.empty()) {
        const ssize_t n = ::getrandom(segment.data(), segment.size(), 0);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) break;  // not reachable with valid arguments; the driver sees what was filled
        filled += static_cast<std::size_t>(n);
        segment = segment.subspan(static_cast<std::size_t>(n));
      }
    }
    interrupt |= queue.push(chain_, static_cast<std::uint32_t>(filled));
  }
  if (interrupt) transport_->interrupt_used();
}

}  // namespace husk::virtio
