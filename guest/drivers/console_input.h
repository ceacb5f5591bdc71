// The receive side of one virtio console port: bytes from a stream of the host.
//
// A buffer is posted only when somebody wants to read, so the host's stream is not read ahead of the payload by more
// than one buffer. What arrived stays here until it has been read. End of file is an event, not a state: it is reported
// once, and the next read asks the host again, as a terminal after ^D can go on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "drivers/virtio_mmio.h"
#include "drivers/virtqueue.h"
#include "lib/result.h"
#include "mm/io_buffer.h"
#include "task/wait_queue.h"

namespace kernel::drivers {

class ConsoleInput {
 public:
  constexpr ConsoleInput() = default;

  // `page`, zeroed, becomes the queue and the small buffer. `transport` notifies queue `index`.
  void initialise(std::byte* page, VirtioMmio& transport, std::uint32_t index);
  const VirtQueue& queue() const { return queue_; }

  // Bytes stored; 0 at the end of the stream; kAgain or kRestart if there is nothing to read yet.
  Result<std::size_t> read(mm::IoBuffer& buffer, bool non_blocking);

  // Whether a read would return at once. When not, the host has been asked.
  bool ready_or_request();

  // The parts that read() is made of, for a terminal. `request` asks the host for up to `size` bytes unless it has been
  // asked already; `collect` says whether something, or the end of the stream, has arrived since.
  void request(std::size_t size);
  bool collect();
  std::span<const std::byte> data() const { return data_; }
  void consume(std::size_t count) { data_ = data_.subspan(count); }
  bool take_end_of_stream();

  task::WaitQueue& changed() { return changed_; }
  void handle_interrupt();

 private:
  std::span<std::byte> buffer_for(std::size_t size);

  VirtQueue queue_;
  VirtioMmio* transport_ = nullptr;
  std::uint32_t index_ = 0;
  std::span<std::byte> small_buffer_;
  std::span<std::byte> large_buffer_;  // made by the first read that wants more than the small one holds
  std::span<std::byte> posted_;        // empty: none
  std::span<const std::byte> data_;    // received and not read yet
  bool end_of_stream_ = false;
  task::WaitQueue changed_;
};

}  // namespace kernel::drivers
