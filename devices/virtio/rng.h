// virtio-rng, the "entropy device" (virtio 1.2, section 5.4): fills the driver's buffers from the host's getrandom(2).
//
// Threading: on the vCPU thread that notified, with the transport's mutex held. getrandom does not block once the
// host's pool is initialised, which it is when there are users to run a VM.
#pragma once

#include <array>

#include "devices/virtio/device.h"

namespace husk::virtio {

class Rng final : public Device {
 public:
  std::uint32_t id() const override;
  std::string_view name() const override { return "rng"; }
  std::uint64_t features() const override { return 0; }
  std::span<const std::uint16_t> queue_sizes() const override { return kQueueSizes; }
  void read_config(std::uint64_t offset, std::span<std::byte> out) const override;
  void write_config(std::uint64_t offset, std::span<const std::byte> in) override;
  void activate(Transport& transport, std::uint64_t features) override;
  void process_queue(std::size_t index) override;
  void reset() override;

 private:
  static constexpr std::array<std::uint16_t, 1> kQueueSizes{64};

  Transport* transport_ = nullptr;
  Chain chain_;
};

}  // namespace husk::virtio
