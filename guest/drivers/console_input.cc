#include "drivers/console_input.h"

#include <algorithm>
#include <utility>

#include "mm/address.h"
#include "mm/frame.h"

namespace kernel::drivers {
namespace {

constexpr unsigned kLargeBufferOrder = 4;
constexpr std::size_t kLargeBufferSize = std::size_t{mm::kPageSize} << kLargeBufferOrder;

}  // namespace

void ConsoleInput::initialise(std::byte* page, VirtioMmio& transport, std::uint32_t index) {
  queue_.initialise(page);
  queue_.enable_interrupts(true);  // input comes when it comes: there is nothing to poll for
  transport_ = &transport;
  index_ = index;
  small_buffer_ = {page + VirtQueue::kEnd, mm::kPageSize - VirtQueue::kEnd};
}

Result<std::size_t> ConsoleInput::read(mm::IoBuffer& buffer, bool non_blocking) {
  if (buffer.remaining() == 0) return std::size_t{0};
  for (;;) {
    if (collect()) {
      if (data_.empty()) return take_end_of_stream() ? Result<std::size_t>(std::size_t{0}) : Errno::kAgain;
      auto stored = buffer.store(data_.first(std::min(data_.size(), buffer.remaining())));
      if (stored) consume(stored.value());
      return stored;
    }
    request(buffer.remaining());
    if (non_blocking) return Errno::kAgain;
    TRY(changed_.wait_until([&] { return collect(); }));
  }
}

bool ConsoleInput::ready_or_request() {
  if (collect()) return true;
  request(small_buffer_.size());
  return false;
}

void ConsoleInput::request(std::size_t size) {
  if (!posted_.empty()) return;
  posted_ = buffer_for(size);
  const QueueBuffer buffer{posted_.data(), static_cast<std::uint32_t>(posted_.size()), true};
  if (!queue_.submit({&buffer, 1})) {  // cannot happen: nothing else is in flight
    posted_ = {};
    return;
  }
  if (queue_.wants_notification()) transport_->notify(index_);
}

std::span<std::byte> ConsoleInput::buffer_for(std::size_t size) {
  if (size <= small_buffer_.size()) return small_buffer_;
  if (large_buffer_.empty()) {
    auto frames = mm::allocate_frames(kLargeBufferOrder);
    if (!frames) return small_buffer_;
    large_buffer_ = {mm::frame_data(frames.value()), kLargeBufferSize};
  }
  return large_buffer_;
}

bool ConsoleInput::collect() {
  VirtQueue::Used used;
  if (!posted_.empty() && queue_.take_used(used)) {
    data_ = posted_.first(std::min<std::size_t>(used.written, posted_.size()));
    posted_ = {};
    end_of_stream_ = data_.empty();
  }
  return !data_.empty() || end_of_stream_;
}

bool ConsoleInput::take_end_of_stream() {
  return std::exchange(end_of_stream_, false);
}

void ConsoleInput::handle_interrupt() {
  if (collect()) changed_.wake_all();
}

}  // namespace kernel::drivers
