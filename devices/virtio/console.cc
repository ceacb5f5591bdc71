#include "devices/virtio/console.h"

#include <limits.h>
#include <poll.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>

#include "devices/virtio/features.h"

namespace husk::virtio {
namespace {

// One turn of the I/O thread reads at most into so many buffers (and at most a turn's bytes, queue.h).
constexpr std::size_t kMaxReadSegments = 16;

abi::ConsoleStatusCode status_code(OutputStream::Status status) {
  switch (status) {
    case OutputStream::Status::kOk:
    case OutputStream::Status::kWouldBlock:
      return abi::ConsoleStatusCode::kOk;
    case OutputStream::Status::kHungUp:
      return abi::ConsoleStatusCode::kHungUp;
    case OutputStream::Status::kNoSpace:
      return abi::ConsoleStatusCode::kNoSpace;
    case OutputStream::Status::kError:
      return abi::ConsoleStatusCode::kIoError;
  }
  return abi::ConsoleStatusCode::kIoError;
}

}  // namespace

Console::Console(const Options& options, EventLoop& loop) : options_(options), loop_(loop) {
  if (options_.output_fd) output_.emplace(*options_.output_fd);
}

void Console::set_window_size(std::uint16_t rows, std::uint16_t columns) {
  window_size_.store(std::uint32_t{rows} << 16 | columns, std::memory_order_relaxed);
}

std::uint32_t Console::id() const {
  return kDeviceConsole;
}

std::uint64_t Console::features() const {
  return abi::kConsoleFeatureStream | (options_.terminal ? kConsoleFeatureSize : 0);
}

// struct virtio_console_config: le16 cols, le16 rows, le32 max_nr_ports, le32 emerg_wr. The last two belong to features
// that are not offered.
void Console::read_config(std::uint64_t offset, std::span<std::byte> out) const {
  std::array<std::byte, 12> config{};
  const std::uint32_t size = window_size_.load(std::memory_order_relaxed);
  const std::uint16_t columns_rows[2] = {static_cast<std::uint16_t>(size), static_cast<std::uint16_t>(size >> 16)};
  if (options_.terminal) std::memcpy(config.data(), columns_rows, sizeof columns_rows);
  std::ranges::fill(out, std::byte{0});
  if (offset >= config.size()) return;
  const std::size_t n = std::min<std::size_t>(out.size(), config.size() - offset);
  std::memcpy(out.data(), config.data() + offset, n);
}

// The only writable field is emerg_wr, of a feature that is not offered.
void Console::write_config(std::uint64_t, std::span<const std::byte>) {}

void Console::activate(Transport& transport, std::uint64_t features) {
  transport_ = &transport;
  features_ = features;
}

void Console::reset() {
  transport_ = nullptr;
  features_ = 0;
  input_ended_ = false;
  input_pending_ = output_pending_ = false;
  output_offset_ = 0;
}

void Console::process_queue(std::size_t index) {
  if (index == kReceiveQueue) receive();
  if (index == kTransmitQueue) transmit();
}

// The driver has added receive buffers.
void Console::receive() {
  if (!options_.input_fd || waiting_readable_ || input_ended_) return;
  waiting_readable_ = true;
  // Until the descriptor is readable, further buffers are of no interest.
  transport_->queue(kReceiveQueue).suppress_notifications(true);
  loop_.when_readable(*options_.input_fd, [this, transport = transport_] {
    const std::lock_guard lock(transport->mutex());
    on_readable();
  });
}

void Console::on_readable() {
  waiting_readable_ = false;
  if (transport_ == nullptr) return;  // it was reset meanwhile
  Queue& queue = transport_->queue(kReceiveQueue);
  // The answer may be stale (another process reads the same descriptor), and this thread must not block.
  pollfd request{.fd = *options_.input_fd, .events = POLLIN, .revents = 0};
  if (::poll(&request, 1, 0) == 0) return receive();

  queue.suppress_notifications(false);
  queue.begin_turn();
  if (!input_pending_ && !queue.pop(input_chain_)) return transport_->check_queues();
  input_pending_ = false;
  if (input_chain_.writable_bytes() == 0) {
    queue.fail(QueueError::kWrongDirection);
    return transport_->check_queues();
  }
  std::array<iovec, kMaxReadSegments> segments;
  std::size_t count = 0;
  for (std::span<std::byte> segment : input_chain_.writable()) {
    if (count == segments.size()) break;
    const std::uint64_t allowed = queue.allow(segment.size());
    if (allowed == 0) break;
    segments[count++] = {segment.data(), allowed};
  }
  const ssize_t received = ::readv(*options_.input_fd, segments.data(), static_cast<int>(count));
  // EAGAIN: another reader of a descriptor that does not wait was faster.
  if (received < 0 && (errno == EINTR || errno == EAGAIN)) {
    input_pending_ = true;
    return receive();
  }

  // A terminal that was hung up answers EIO; for the guest that is the end, like any other read error. Without the
  // extension the buffer stays with the device: the standard has no way to say so.
  const bool ended = received <= 0;
  if (ended && !streams()) {
    input_ended_ = true;
    return;
  }
  if (queue.push(input_chain_, ended ? 0 : static_cast<std::uint32_t>(received))) transport_->interrupt_used();
  if (queue.has_chain()) receive();
}

// The driver has added chains to the transmit queue, or the I/O thread goes on with them. Needs a turn.
void Console::transmit() {
  if (waiting_writable_) return;
  Queue& queue = transport_->queue(kTransmitQueue);
  bool interrupt = false;
  while (output_pending_ || queue.pop(output_chain_)) {
    if (!output_pending_) {
      output_pending_ = true;
      output_offset_ = 0;
      const std::uint64_t status_size = streams() ? sizeof(abi::ConsoleStatus) : 0;
      if (output_chain_.writable_bytes() != status_size) {
        output_pending_ = false;
        queue.fail(QueueError::kWrongDirection);
        break;
      }
    }
    // What nobody gets costs nothing.
    const std::uint64_t rest = output_chain_.readable_bytes() - output_offset_;
    const std::uint64_t allowed = output_ ? queue.allow(rest) : rest;
    OutputStream::Result result{.written = allowed};
    if (output_) result = output_->write(output_chain_.readable(), output_offset_, allowed);
    output_offset_ += result.written;
    if (result.status == OutputStream::Status::kWouldBlock) {
      waiting_writable_ = true;
      queue.suppress_notifications(true);
      loop_.when_writable(output_->fd(), [this, transport = transport_] {
        const std::lock_guard lock(transport->mutex());
        on_writable();
      });
      break;
    }
    if (result.status == OutputStream::Status::kOk && result.written < rest) break;  // the next turn goes on with it
    std::uint32_t written = 0;
    if (streams()) {
      const abi::ConsoleStatus status{.code = static_cast<std::uint32_t>(status_code(result.status)),
                                      .accepted = static_cast<std::uint32_t>(output_offset_)};
      written = static_cast<std::uint32_t>(output_chain_.copy_in(0, std::as_bytes(std::span(&status, 1))));
    }
    output_pending_ = false;
    interrupt |= queue.push(output_chain_, written);
  }
  if (interrupt) transport_->interrupt_used();
}

void Console::on_writable() {
  waiting_writable_ = false;
  if (transport_ == nullptr) return;  // it was reset meanwhile
  transport_->queue(kTransmitQueue).suppress_notifications(false);
  transport_->work(kTransmitQueue);
}

}  // namespace husk::virtio
