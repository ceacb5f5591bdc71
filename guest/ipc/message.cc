#include "ipc/message.h"

#include <utility>

namespace kernel::ipc {

Result<Ref<Message>> Message::create(std::int64_t type, std::size_t size) {
  auto memory = TRY(KernelMemory::reserve(sizeof(Message) + size));
  auto message = TRY(make_ref<Message>());
  TRY(message->text.resize(size));
  message->type = type;
  message->memory = std::move(memory);
  return message;
}

Ref<Message> MessageList::take(Message& message) {
  message.node.unlink();
  Ref<Message> taken(&message);
  message.release();  // the list's reference
  return taken;
}

void MessageList::clear() {
  while (Message* message = messages_.front()) take(*message);
}

}  // namespace kernel::ipc
