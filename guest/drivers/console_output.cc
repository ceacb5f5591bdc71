#include "drivers/console_output.h"

#include <algorithm>

#include "drivers/console_requests.h"
#include "drivers/console_status.h"
#include "lib/string.h"
#include "mm/address.h"
#include "mm/frame.h"

namespace kernel::drivers {
namespace {

using husk::abi::ConsoleStatus;
using husk::abi::ConsoleStatusCode;

}  // namespace

// One write at a time, so that the pieces of two do not mix and an answer belongs to who asked.
class ConsoleOutput::WriterLock {
 public:
  explicit WriterLock(ConsoleOutput& output) : output_(output) { output_.writing_ = true; }
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;
  ~WriterLock() {
    output_.writing_ = false;
    output_.flush_echo();
    output_.changed_.wake_all();
  }

 private:
  ConsoleOutput& output_;
};

// What is left of the queue's page is the small buffer, and the device's answer at its end.
void ConsoleOutput::attach(VirtioMmio& transport, std::uint32_t index, bool streams) {
  transport_ = &transport;
  index_ = index;
  streams_ = streams;
  const std::span<std::byte> room = queue_.room();
  small_buffer_ = room.first(room.size() - sizeof(ConsoleStatus));
  status_ = reinterpret_cast<volatile ConsoleStatus*>(small_buffer_.data() + small_buffer_.size());
}

Result<std::size_t> ConsoleOutput::write(mm::IoBuffer& buffer, bool non_blocking, OutputFilter* filter) {
  if (buffer.remaining() == 0) return std::size_t{0};
  TRY(wait_for_turn(non_blocking));
  const WriterLock lock(*this);
  std::size_t total = 0;
  const auto moved_or = [&](Errno error) -> Result<std::size_t> {
    if (total != 0) return total;
    return error;
  };
  while (buffer.remaining() != 0) {
    const std::size_t expansion = filter ? filter->expansion() : 1;
    const std::span<std::byte> room = buffer_for(expansion * buffer.remaining());
    // The end of the room, so that there is space to expand into.
    const std::size_t wanted = std::min(room.size() / expansion, buffer.remaining());
    const std::span<std::byte> piece = room.last(wanted);
    auto loaded = buffer.load(piece);
    if (!loaded) return moved_or(loaded.error());
    const std::size_t count = loaded.value();
    if (count == 0) break;
    send(filter ? room.first(filter->apply(room.data(), piece.first(count))) : piece.first(count));
    if (!collect()) {
      queue_.enable_interrupts(true);
      if (non_blocking) return total + count;
      auto waited = changed_.wait_until([&] { return collect(); });
      if (!waited) return total + count;  // what the device has got will go out
    }
    if (answer_.code != ConsoleStatusCode::kOk) {
      if (!filter) total += std::min(answer_.accepted, count);
      return moved_or(errno_of(answer_.code));
    }
    total += count;
  }
  return total;
}

Result<void> ConsoleOutput::wait_for_turn(bool non_blocking) {
  const auto free = [&] { return !writing_ && collect(); };
  if (free()) return {};
  if (non_blocking) return Errno::kAgain;
  queue_.enable_interrupts(true);
  return changed_.wait_until(free);
}

std::span<std::byte> ConsoleOutput::buffer_for(std::size_t size) {
  if (size <= small_buffer_.size()) return small_buffer_;
  if (large_buffer_.empty()) {
    auto frames = mm::allocate_frames(kLargeBufferOrder);
    if (!frames) return small_buffer_;  // slower, but it needs no memory
    large_buffer_ = {mm::frame_data(frames.value()), kLargeBufferSize};
  }
  // No more of it than needed: each page of it that is touched for the first time costs.
  return large_buffer_.first(std::min(size, large_buffer_.size()));
}

void ConsoleOutput::send(std::span<std::byte> bytes) {
  const QueueBuffer request[] = {
      {bytes.data(), static_cast<std::uint32_t>(bytes.size()), false},
      {reinterpret_cast<std::byte*>(const_cast<ConsoleStatus*>(status_)), sizeof(ConsoleStatus), true},
  };
  // Nothing else is in flight, so there is room unless the device is done with.
  if (queue_.submit(std::span(request).first(streams_ ? 2 : 1), kOnlyRequest)) {
    in_flight_ = true;
    in_flight_size_ = static_cast<std::uint32_t>(bytes.size());
    if (queue_.wants_notification()) transport_->notify(index_);
  } else {
    answer_ = {ConsoleStatusCode::kIoError, 0};
  }
}

// Whether the device is done with what it was sent. Takes its answer.
bool ConsoleOutput::collect() {
  if (!in_flight_) return true;
  const auto done = queue_.take();
  if (done.error() == Errno::kAgain) return false;
  in_flight_ = false;
  if (!done || (streams_ && done.value().written < sizeof(ConsoleStatus))) {
    answer_ = {ConsoleStatusCode::kIoError, 0};
  } else if (streams_) {
    answer_ = {static_cast<ConsoleStatusCode>(status_->code), status_->accepted};
  } else {
    answer_ = {ConsoleStatusCode::kOk, in_flight_size_};
  }
  queue_.enable_interrupts(false);
  return true;
}

bool ConsoleOutput::idle() {
  return collect() && !writing_;
}

bool ConsoleOutput::idle_or_announce() {
  if (idle()) return true;
  queue_.enable_interrupts(true);
  return idle();
}

void ConsoleOutput::handle_interrupt() {
  if (!collect()) return;
  flush_echo();
  changed_.wake_all();
}

void ConsoleOutput::echo(std::span<const char> characters) {
  if (characters.size() > echo_room_.size() - echo_size_) flush_echo();
  const std::size_t count = std::min(characters.size(), echo_room_.size() - echo_size_);
  memcpy(echo_room_.data() + echo_size_, characters.data(), count);
  echo_size_ += count;
}

void ConsoleOutput::flush_echo() {
  if (echo_size_ == 0 || !idle()) return;
  const std::span<std::byte> bytes = small_buffer_.first(echo_size_);
  memcpy(bytes.data(), echo_room_.data(), echo_size_);
  echo_size_ = 0;
  send(bytes);
  // What comes to be echoed while this is on its way goes out when it has arrived.
  if (!collect()) queue_.enable_interrupts(true);
}

void ConsoleOutput::drain(const bool& give_up) {
  if (!queue_.page() || writing_ || collect()) return;
  queue_.enable_interrupts(true);
  (void)changed_.wait_until([&] { return collect() || give_up; }, Deadline::never(), task::Interruptible::kNo);
}

}  // namespace kernel::drivers
