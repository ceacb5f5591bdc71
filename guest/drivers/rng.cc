#include "drivers/rng.h"

#include "boot_parameters.h"
#include "drivers/virtio_mmio.h"
#include "drivers/virtqueue.h"
#include "lib/random.h"
#include "lib/string.h"
#include "mm/frame.h"

namespace kernel::drivers {
namespace {

constexpr std::uint32_t kRequestQueue = 0;
constexpr std::size_t kSeedSize = 64;

constinit VirtioMmio g_transport;
constinit VirtQueue g_queue;
constinit bool g_started = false;

Result<void> start() {
  if (g_started) return {};
  const DeviceDescription* device = boot_parameters().find_device(DeviceRole::kRng);
  if (!device) return Errno::kNoDev;
  if (!g_queue.page()) g_queue.initialise(mm::frame_data(TRY(mm::allocate_frame(mm::Fill::kZero))));
  TRY(g_transport.negotiate(*device, kVirtioEntropy, 0));
  TRY(g_transport.add_queue(kRequestQueue, g_queue));
  g_transport.start();
  g_started = true;
  return {};
}

}  // namespace

Result<void> reseed_from_host() {
  TRY(start());
  const std::span<std::byte> seed(g_queue.page() + VirtQueue::kEnd, kSeedSize);
  const QueueBuffer buffer{seed.data(), static_cast<std::uint32_t>(seed.size()), true};
  VirtQueue::Used used;
  while (g_queue.take_used(used)) {  // an answer that came late
  }
  TRY(g_queue.submit({&buffer, 1}));
  g_transport.notify(kRequestQueue);
  if (!g_queue.take_used(used) || used.written == 0) return Errno::kIo;
  add_entropy(seed.first(used.written < kSeedSize ? used.written : kSeedSize));
  memset(seed.data(), 0, kSeedSize);
  return {};
}

}  // namespace kernel::drivers
