#include "devices/virtio/balloon.h"

#include <cstring>

#include "abi/husk_abi.h"
#include "devices/virtio/features.h"

namespace husk::virtio {

// What is answered is a length of 32 bits.
static_assert(kMaxChainBytes <= UINT32_MAX);

std::uint32_t Balloon::id() const {
  return kDeviceBalloon;
}

std::uint64_t Balloon::features() const {
  return kBalloonFeatureReporting | kBalloonFeaturePagePoison | abi::kBalloonFeatureZeroes;
}

void Balloon::read_config(std::uint64_t offset, std::span<std::byte> out) const {
  copy_config(std::as_bytes(std::span(&config_, 1)), offset, out);
}

// The driver's fields are `actual`, which only it reads, and `poison_val`, which it must leave alone once DRIVER_OK is set
// (5.5.6.6.1). Each is written as a whole.
void Balloon::write_config(std::uint64_t offset, std::span<const std::byte> in) {
  std::uint32_t value = 0;
  if (in.size() != sizeof value) return;
  std::memcpy(&value, in.data(), sizeof value);
  if (offset == offsetof(Config, actual)) config_.actual = value;
  if (offset == offsetof(Config, poison_val) && transport_ == nullptr) config_.poison_val = value;
}

void Balloon::activate(Transport& transport, std::uint64_t features) {
  transport_ = &transport;
  features_ = features;
}

void Balloon::reset() {
  transport_ = nullptr;
  features_ = 0;
  config_ = {};
  pending_ = false;
}

void Balloon::process_queue(std::size_t index) {
  Queue& queue = transport_->queue(index);
  if (index == kReportingQueue) return take_reports(queue);
  acknowledge(queue);
}

// 5.5.6: the device answers a request to inflate or to deflate by using its descriptor.
void Balloon::acknowledge(Queue& queue) {
  bool interrupt = false;
  while (queue.pop(request_)) {
    if (request_.writable_bytes() != 0) {
      queue.fail(QueueError::kWrongDirection);
      break;
    }
    interrupt |= queue.push(request_, 0);
  }
  if (interrupt) transport_->interrupt_used();
}

void Balloon::take_reports(Queue& queue) {
  bool interrupt = false;
  while (pending_ || queue.pop(report_)) {
    if (!pending_) {
      if (report_.writable_bytes() == 0 || report_.readable_bytes() != 0) {
        queue.fail(QueueError::kWrongDirection);
        break;
      }
      pending_ = true;
      segment_ = 0;
      offset_ = taken_ = 0;
      refused_ = keeps_pages();
    }
    if (!take_report(queue)) break;
    pending_ = false;
    interrupt |= queue.push(report_, static_cast<std::uint32_t>(taken_));
  }
  if (interrupt) transport_->interrupt_used();
}

// A device must not make of a page anything but what the driver says it is (5.5.6.7.2), and can make zeros only.
bool Balloon::keeps_pages() const {
  return (features_ & kBalloonFeatureReporting) == 0 ||
         ((features_ & kBalloonFeaturePagePoison) != 0 && config_.poison_val != 0);
}

// Whether the chain is done with; else the turn is over. Nothing is taken behind what was refused: the answer could not
// say so.
bool Balloon::take_report(Queue& queue) {
  const std::span<const std::span<std::byte>> segments = report_.writable();
  while (!refused_ && segment_ < segments.size()) {
    const std::span<std::byte> segment = segments[segment_];
    // Pages of guest memory are pages of the host's: it is mapped that way.
    if (reinterpret_cast<std::uintptr_t>(segment.data()) % abi::kPageSize != 0 ||
        segment.size() % abi::kPageSize != 0) {
      refused_ = true;
      break;
    }
    const std::uint64_t pages = (segment.size() - offset_) / abi::kPageSize;
    const std::uint64_t allowed = queue.allow(pages * kTurnBytesOfPage) / kTurnBytesOfPage;
    if (allowed == 0) return false;
    const std::uint64_t size = allowed * abi::kPageSize;
    if (!owner_.give_back(segment.subspan(offset_, size))) {
      refused_ = true;
      break;
    }
    taken_ += size;
    offset_ += size;
    if (offset_ < segment.size()) return false;
    ++segment_;
    offset_ = 0;
  }
  return true;
}

}  // namespace husk::virtio
