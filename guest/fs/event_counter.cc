#include "fs/event_counter.h"

#include <utility>

#include "fs/anonymous_file.h"
#include "fs/proc/proc_text.h"

namespace kernel::fs {

namespace {

constexpr std::uint64_t kLargest = ~std::uint64_t{0} - 1;  // eventfd(2): ULLONG_MAX - 1

class EventCounter final : public AnonymousFile {
 public:
  static constexpr FileKind kKind = FileKind::kEventCounter;

  EventCounter(Path place, std::uint64_t value, bool semaphore, std::uint32_t flags, unsigned id)
      : AnonymousFile(std::move(place), kReadWrite | flags, kKind), value_(value), semaphore_(semaphore), id_(id) {}

  Readiness readiness() override {
    std::uint32_t events = 0;
    if (value_ > 0) events |= kPollIn;
    if (value_ < kLargest) events |= kPollOut;
    return {events, &changed_};
  }

  bool takes_buffers_singly(Direction direction) const override { return direction == Direction::kWrite; }

  void describe(ProcText& text) override {
    text.put("eventfd-count: ");
    text.put_number(value_, 16, 16, ' ');
    text.print("\neventfd-id: {}\neventfd-semaphore: {}\n", id_, semaphore_ ? 1 : 0);
  }

 private:
  Result<std::size_t> do_read(std::uint64_t, mm::IoBuffer& buffer) override {
    if (buffer.remaining() < sizeof value_) return Errno::kInval;
    if (value_ == 0) {
      if (non_blocking()) return Errno::kAgain;
      TRY(changed_.wait_for(kPollIn, [this] { return value_ > 0; }));
    }
    // Whoever cannot be given it loses it, as on Linux; but not for a page that is only late.
    if (auto room = buffer.check_room(sizeof value_); !room && buffer.pending()) return room.error();
    const std::uint64_t taken = semaphore_ ? 1 : value_;
    value_ -= taken;
    changed_.wake(kPollOut);
    TRY(buffer.store_value(taken));
    return sizeof taken;
  }

  Result<std::size_t> do_write(std::uint64_t, mm::IoBuffer& buffer) override {
    if (buffer.remaining() != sizeof value_) return Errno::kInval;
    const auto added = TRY(buffer.load_value<std::uint64_t>());
    if (added > kLargest) return Errno::kInval;
    const auto fits = [&] { return added <= kLargest - value_; };
    if (!fits()) {
      if (non_blocking()) return Errno::kAgain;
      TRY(changed_.wait_for(kPollOut, fits));
    }
    value_ += added;
    changed_.wake(kPollIn);  // an edge, even of nothing (epoll(7))
    return sizeof added;
  }

  std::uint64_t value_;
  bool semaphore_;
  unsigned id_;
  task::WaitQueue changed_;
};

constinit unsigned g_next_id = 0;

}  // namespace

Result<Ref<File>> make_event_counter(std::uint64_t value, bool semaphore, std::uint32_t flags) {
  Path place = TRY(anonymous_place("[eventfd]"));
  return Ref<File>(TRY(make_ref<EventCounter>(std::move(place), value, semaphore, flags, g_next_id++)));
}

}  // namespace kernel::fs
