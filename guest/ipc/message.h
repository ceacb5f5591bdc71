// A message on its way through a queue, System V's or POSIX's.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ipc/kernel_memory.h"
#include "lib/list.h"
#include "lib/ref.h"
#include "lib/vector.h"

namespace kernel::ipc {

struct Message final : RefCounted {
  // Room for `size` bytes of text; kNoMem.
  static Result<Ref<Message>> create(std::int64_t type, std::size_t size);

  std::int64_t type = 0;       // of a POSIX queue: the priority
  std::uint64_t sequence = 0;  // there, the order of coming
  Vector<std::byte> text;
  KernelMemory memory;
  ListNode node;
};
// The messages of a queue, each with a reference.
class MessageList {
 public:
  MessageList() = default;
  ~MessageList() { clear(); }
  void push_back(Ref<Message> message) { messages_.push_back(*message.leak()); }
  Ref<Message> take(Message& message);
  void clear();
  auto begin() { return messages_.begin(); }
  auto end() { return messages_.end(); }

 private:
  List<Message, &Message::node> messages_;
};

// Who waits is on its own stack, and leaves the list before it leaves its frame. GCC cannot see that if it looks into
// this.
template <typename Line, typename Who>
[[gnu::noinline]] void line_up(Line& line, Who& who) {
  line.push_back(who);
}

}  // namespace kernel::ipc
