#include "devices/virtio/console.h"

#include <sys/uio.h>

#include <algorithm>
#include <cstring>
#include <mutex>

#include "devices/virtio/features.h"

namespace husk::virtio {
namespace {

// One turn of the I/O thread reads at most into so many buffers (and at most a turn's bytes, queue.h).
constexpr std::size_t kMaxReadSegments = 16;

abi::ConsoleStatusCode status_code(StreamStatus status) {
  switch (status) {
    case StreamStatus::kOk:
    case StreamStatus::kWouldBlock:
      return abi::ConsoleStatusCode::kOk;
    case StreamStatus::kHungUp:
      return abi::ConsoleStatusCode::kHungUp;
    case StreamStatus::kNoSpace:
      return abi::ConsoleStatusCode::kNoSpace;
    case StreamStatus::kFileTooLarge:
      return abi::ConsoleStatusCode::kFileTooLarge;
    case StreamStatus::kBadDescriptor:
      return abi::ConsoleStatusCode::kBadDescriptor;
    case StreamStatus::kDirectory:
      return abi::ConsoleStatusCode::kDirectory;
    case StreamStatus::kError:
      return abi::ConsoleStatusCode::kIoError;
  }
  return abi::ConsoleStatusCode::kIoError;
}

// Room for input behind the first `skipped` bytes of a chain, of at most a turn's bytes.
class InputRoom {
 public:
  InputRoom(const Chain& chain, std::size_t skipped, Queue& queue) {
    for (std::span<std::byte> segment : chain.writable()) {
      const std::size_t status = std::min(skipped, segment.size());
      skipped -= status;
      segment = segment.subspan(status);
      if (segment.empty()) continue;
      if (count_ == segments_.size()) break;
      const std::uint64_t allowed = queue.allow(segment.size());
      if (allowed == 0) break;
      segments_[count_++] = {segment.data(), allowed};
      size_ += allowed;
    }
  }
  std::size_t size() const { return size_; }
  std::span<const iovec> segments() const { return std::span(segments_).first(count_); }

 private:
  std::array<iovec, kMaxReadSegments> segments_;
  std::size_t count_ = 0;
  std::size_t size_ = 0;
};

}  // namespace

Console::Console(const Options& options, EventLoop& loop) : options_(options), loop_(loop) {
  if (options_.input_fd) input_.emplace(*options_.input_fd);
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
  copy_config(config, offset, out);
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

// The driver has added receive buffers, or the input has become readable. Needs a turn.
void Console::receive() {
  if (!input_ || waiting_readable_ || input_ended_) return;
  Queue& queue = transport_->queue(kReceiveQueue);
  bool interrupt = false;
  while (input_pending_ || queue.pop(input_chain_)) {
    input_pending_ = true;
    if (!serve(queue, interrupt)) break;
    input_pending_ = false;
  }
  if (interrupt) transport_->interrupt_used();
}

// Whether the chain is done with.
bool Console::serve(Queue& queue, bool& interrupt) {
  const std::size_t status_size = streams() ? sizeof(abi::ConsoleStatus) : 0;
  const std::uint64_t writable = input_chain_.writable_bytes();
  if (writable < status_size || writable == 0) {
    queue.fail(QueueError::kWrongDirection);
    return false;
  }
  const InputRoom room(input_chain_, status_size, queue);
  if (room.segments().empty()) {
    if (writable != status_size) return false;  // the turn is over
    if (!input_->ready()) {
      wait_readable();
      return false;
    }
    interrupt |= push_input(queue, abi::ConsoleStatusCode::kReadable, 0);
    return true;
  }
  const InputStream::Result result = input_->read(room.segments());
  if (result.status == StreamStatus::kWouldBlock) {
    wait_readable();
    return false;
  }
  // Without the extension the buffer stays with the device: the standard has no way to say that there is no more.
  if (result.received == 0 && !streams()) {
    input_ended_ = true;
    return false;
  }
  abi::ConsoleStatusCode code = status_code(result.status);
  // A program that reads in small pieces asks before each whether there is something (poll(2)): it need not ask here.
  if (streams() && result.received == room.size() && input_->ready()) code = abi::ConsoleStatusCode::kMore;
  interrupt |= push_input(queue, code, result.received);
  return true;
}

// Says whether the driver wants an interrupt.
bool Console::push_input(Queue& queue, abi::ConsoleStatusCode code, std::size_t received) {
  std::size_t written = received;
  if (streams()) {
    const abi::ConsoleStatus status{.code = static_cast<std::uint32_t>(code),
                                    .accepted = static_cast<std::uint32_t>(received)};
    written += input_chain_.copy_in(0, std::as_bytes(std::span(&status, 1)));
  }
  return queue.push(input_chain_, static_cast<std::uint32_t>(written));
}

// Until the descriptor is readable, further buffers are of no interest.
void Console::wait_readable() {
  waiting_readable_ = true;
  transport_->queue(kReceiveQueue).suppress_notifications(true);
  loop_.when_readable(input_->fd(), [this, transport = transport_] {
    const std::lock_guard lock(transport->mutex());
    on_readable();
  });
}

void Console::on_readable() {
  waiting_readable_ = false;
  if (transport_ == nullptr) return;  // it was reset meanwhile
  Queue& queue = transport_->queue(kReceiveQueue);
  queue.suppress_notifications(false);
  if (streams() && input_pending_) {
    // Nothing is read for a payload that may not wait for it any more: it asks again if it does.
    input_pending_ = false;
    if (push_input(queue, abi::ConsoleStatusCode::kReadable, 0)) transport_->interrupt_used();
  }
  transport_->work(kReceiveQueue);
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
    if (result.status == StreamStatus::kWouldBlock) {
      waiting_writable_ = true;
      queue.suppress_notifications(true);
      loop_.when_writable(output_->fd(), [this, transport = transport_] {
        const std::lock_guard lock(transport->mutex());
        on_writable();
      });
      break;
    }
    if (result.status == StreamStatus::kOk && result.written < rest) break;  // the next turn goes on with it
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
