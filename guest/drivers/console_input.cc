#include "drivers/console_input.h"

#include <algorithm>
#include <utility>

#include "drivers/console_requests.h"
#include "drivers/console_status.h"
#include "mm/address.h"
#include "mm/frame.h"

namespace kernel::drivers {
namespace {

using husk::abi::ConsoleStatus;
using husk::abi::ConsoleStatusCode;

}  // namespace

// One reader at a time asks and copies, so that nobody gets another's bytes or writes over them. It does not wait for
// the host meanwhile.
class ConsoleInput::ReaderLock {
 public:
  explicit ReaderLock(ConsoleInput& input) : input_(input) { input_.reading_ = true; }
  ReaderLock(const ReaderLock&) = delete;
  ReaderLock& operator=(const ReaderLock&) = delete;
  ~ReaderLock() {
    input_.reading_ = false;
    input_.changed_.wake_all();
  }

 private:
  ConsoleInput& input_;
};

// What is left of the queue's page is the small buffer, and the device's answer at its end.
void ConsoleInput::attach(VirtioMmio& transport, std::uint32_t index, bool streams) {
  transport_ = &transport;
  index_ = index;
  streams_ = streams;
  const std::span<std::byte> room = queue_.room();
  small_buffer_ = room.first(room.size() - sizeof(ConsoleStatus));
  status_ = reinterpret_cast<volatile ConsoleStatus*>(small_buffer_.data() + small_buffer_.size());
}

Result<std::size_t> ConsoleInput::read(mm::IoBuffer& buffer, bool non_blocking) {
  if (buffer.remaining() == 0) return std::size_t{0};
  for (;;) {
    if (!reading_ && collect()) {
      const ReaderLock lock(*this);
      if (!has_result()) request(buffer.remaining());
      if (has_result()) return take_result(buffer);
    }
    if (non_blocking) return Errno::kAgain;
    TRY(changed_.wait_until([this] { return !reading_ && collect(); }));
  }
}

Result<std::size_t> ConsoleInput::take_result(mm::IoBuffer& buffer) {
  if (data_.empty()) {
    if (std::exchange(ended_, false)) return std::size_t{0};
    return std::exchange(error_, Errno::kNone);
  }
  auto stored = buffer.store(data_.first(std::min(data_.size(), buffer.remaining())));
  if (stored) consume(stored.value());
  return stored;
}

bool ConsoleInput::ready_or_request() {
  if (reading_) return false;
  if (!collect()) return false;
  if (!has_result() && !readable_) request(streams_ ? 0 : small_buffer_.size());
  return has_result() || readable_;
}

void ConsoleInput::request(std::size_t size) {
  if (in_flight_) return;
  if (size != 0) readable_ = false;
  posted_ = buffer_for(size);
  const QueueBuffer status{reinterpret_cast<std::byte*>(const_cast<ConsoleStatus*>(status_)), sizeof(ConsoleStatus),
                           true};
  const QueueBuffer room{posted_.data(), static_cast<std::uint32_t>(posted_.size()), true};
  const QueueBuffer request[] = {streams_ ? status : room, room};
  const std::size_t count = streams_ && size != 0 ? 2 : 1;
  // Nothing else is in flight, so there is room unless the device is done with.
  if (auto submitted = queue_.submit(std::span(request).first(count), kOnlyRequest); !submitted) {
    error_ = submitted.error();
    return;
  }
  in_flight_ = true;
  if (queue_.wants_notification()) transport_->notify(index_);
  if (collect()) return;
  // From here on it comes when it comes. The device may have looked at the ring before.
  queue_.enable_interrupts(true);
  collect();
}

// No more of the large buffer than needed: each page of it that is touched for the first time costs.
std::span<std::byte> ConsoleInput::buffer_for(std::size_t size) {
  if (size <= small_buffer_.size()) return small_buffer_.first(size);
  if (large_buffer_.empty()) {
    auto frames = mm::allocate_frames(kLargeBufferOrder);
    if (!frames) return small_buffer_;
    large_buffer_ = {mm::frame_data(frames.value()), kLargeBufferSize};
  }
  return large_buffer_.first(std::min(size, large_buffer_.size()));
}

bool ConsoleInput::collect() {
  if (!in_flight_) return true;
  const auto done = queue_.take();
  if (done.error() == Errno::kAgain) return false;
  in_flight_ = false;
  queue_.enable_interrupts(false);
  if (done) {
    take_answer(done.value().written);
  } else {
    error_ = done.error();
  }
  return true;
}

void ConsoleInput::take_answer(std::size_t written) {
  if (streams_) {
    const auto code =
        written < sizeof(ConsoleStatus) ? ConsoleStatusCode::kIoError : static_cast<ConsoleStatusCode>(status_->code);
    if (code == ConsoleStatusCode::kReadable) {
      readable_ = true;
      return;
    }
    readable_ = code == ConsoleStatusCode::kMore;
    if (code != ConsoleStatusCode::kOk && code != ConsoleStatusCode::kMore) {
      error_ = errno_of(code);
      return;
    }
    written -= sizeof(ConsoleStatus);
  }
  data_ = posted_.first(std::min(written, posted_.size()));
  ended_ = data_.empty();
}

void ConsoleInput::handle_interrupt() {
  if (collect()) changed_.wake_all();
}

}  // namespace kernel::drivers
