// virtio-balloon (virtio 1.2, section 5.5), of which husk wants one thing: free page reporting (5.5.6.7). The guest says
// which of its memory is free, in its own time, and the host takes it back; the guest uses it again without a word.
//
// The balloon itself is always wanted empty (num_pages is 0). A driver that inflates it all the same is answered, and
// nothing comes of it.
//
// Queues are numbered as Linux and other VMMs do: without a gap for those that the offered features do not bring, so
// reports go to queue 2, where the standard (5.5.2) can be read to mean 4.
//
// husk's own promise, when the driver accepts kBalloonFeatureZeroes of abi/husk_abi.h: the used length of a report is how
// many of its bytes were taken, from the first on, and they are zero. The standard has the driver take them for
// uninitialized. VIRTIO_BALLOON_F_PAGE_POISON is offered too: a driver that counts on some other value in its free pages
// keeps them.
//
// A guest that reports what it uses finds zeros there, which is its own affair: MemoryOwner decides what may be taken at
// all.
//
// Threading: on the vCPU thread that notified, with the transport's mutex held; what is more than a turn's work, on the
// I/O thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "devices/virtio/device.h"

namespace husk::virtio {

inline constexpr std::uint64_t kBalloonFeaturePagePoison = std::uint64_t{1} << 4;  // VIRTIO_BALLOON_F_PAGE_POISON
inline constexpr std::uint64_t kBalloonFeatureReporting = std::uint64_t{1} << 5;   // VIRTIO_BALLOON_F_PAGE_REPORTING

// Whose memory the guest's is.
class MemoryOwner {
 public:
  virtual ~MemoryOwner() = default;
  // Whole pages of guest memory, which have been checked to be writable. Takes all of them, so that they read as zeros,
  // or, if it answers false, perhaps none.
  virtual bool give_back(std::span<std::byte> pages) = 0;
};

class Balloon final : public Device {
 public:
  static constexpr std::size_t kInflateQueue = 0;
  static constexpr std::size_t kDeflateQueue = 1;
  static constexpr std::size_t kReportingQueue = 2;

  // A page that is given back counts as so many bytes of a turn's: some 4,000 of them take a millisecond.
  static constexpr std::uint64_t kTurnBytesOfPage = 256;

  // `owner` must outlive the device.
  explicit Balloon(MemoryOwner& owner) : owner_(owner) {}

  std::uint32_t id() const override;
  std::string_view name() const override { return "balloon"; }
  std::uint64_t features() const override;
  std::span<const std::uint16_t> queue_sizes() const override { return kQueueSizes; }
  void read_config(std::uint64_t offset, std::span<std::byte> out) const override;
  void write_config(std::uint64_t offset, std::span<const std::byte> in) override;
  void activate(Transport& transport, std::uint64_t features) override;
  void process_queue(std::size_t index) override;
  void reset() override;

 private:
  static constexpr std::array<std::uint16_t, 3> kQueueSizes{64, 64, 64};

  // struct virtio_balloon_config.
  struct Config {
    std::uint32_t num_pages = 0;
    std::uint32_t actual = 0;
    std::uint32_t free_page_hint_cmd_id = 0;
    std::uint32_t poison_val = 0;
  };

  void acknowledge(Queue& queue);
  void take_reports(Queue& queue);
  bool take_report(Queue& queue);
  bool keeps_pages() const;

  MemoryOwner& owner_;
  Transport* transport_ = nullptr;
  std::uint64_t features_ = 0;
  Config config_;
  Chain request_;  // to inflate or to deflate
  Chain report_;
  bool pending_ = false;      // report_ was popped and is not answered
  std::size_t segment_ = 0;   // of it, the next one to be taken
  std::uint64_t offset_ = 0;  // in that segment
  std::uint64_t taken_ = 0;   // bytes of it, from its first on
  bool refused_ = false;      // some of it, so what follows does not count
};

}  // namespace husk::virtio
