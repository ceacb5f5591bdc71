// The transmit side of one virtio console port: bytes from the payload to a stream of the host.
//
// A write copies into a buffer of the driver, notifies once for as much as fits (64 KiB), and finds the answer there
// when the notification returns, since the VMM writes to a ready stream at once. Only when the stream's reader is slow
// does the writer sleep until the device's interrupt.
//
// The buffer belongs to the driver, so a writer that a signal takes away leaves nothing of its own behind: what it had
// handed over still goes out, and counts as written, as with a pipe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "abi/husk_abi.h"
#include "drivers/virtio_mmio.h"
#include "drivers/virtqueue.h"
#include "lib/result.h"
#include "mm/io_buffer.h"
#include "task/wait_queue.h"

namespace kernel::drivers {

// What makes of a written text what is sent (a terminal's output processing).
class OutputFilter {
 public:
  virtual std::size_t expansion() const = 0;  // the most bytes that one may become
  // Writes what `text` becomes to `room`, which has expansion() bytes for each, and says how much it is. The text may lie
  // at the end of the room: what a byte becomes is written after it was read.
  virtual std::size_t apply(std::byte* room, std::span<const std::byte> text) = 0;

 protected:
  ~OutputFilter() = default;
};

class ConsoleOutput {
 public:
  // `changed` is woken when there is room for more. What is echoed waits in `echo_room`, where there is any.
  constexpr ConsoleOutput(task::WaitQueue& changed, std::span<char> echo_room)
      : changed_(changed), echo_room_(echo_room) {}

  VirtQueue& queue() { return queue_; }
  // The queue is initialised; `transport` notifies it by `index`. Without `streams` the device is an ordinary
  // virtio-console, without husk's stream extension: what it uses it has taken.
  void attach(VirtioMmio& transport, std::uint32_t index, bool streams);

  // Bytes taken from `buffer`; what a filter made of them does not count. kPipe when the stream has no reader, kFBig,
  // kNoSpc, kBadF, kIo; kAgain or kRestart when it would block or was interrupted before anything was written.
  Result<std::size_t> write(mm::IoBuffer& buffer, bool non_blocking, OutputFilter* filter);

  // A few characters that go out as soon as the stream is idle (a terminal's echo), but not before flush_echo() or until
  // there are many; what does not fit is dropped.
  void echo(std::span<const char> characters);
  void flush_echo();

  bool idle();
  // The same; if it is not, `changed` will be woken when it is.
  bool idle_or_announce();
  void handle_interrupt();
  // Waits until the device has taken what write() has reported as written, or `give_up`. What a writer still waits for
  // is lost with the writer, as on Linux.
  void drain(const bool& give_up);

 private:
  class WriterLock;
  // The answer to what was sent last.
  struct Answer {
    husk::abi::ConsoleStatusCode code = husk::abi::ConsoleStatusCode::kOk;
    std::size_t accepted = 0;
  };

  std::span<std::byte> buffer_for(std::size_t size);
  void send(std::span<std::byte> bytes);
  bool collect();
  Result<void> wait_for_turn(bool non_blocking);

  VirtQueue queue_;
  VirtioMmio* transport_ = nullptr;
  std::uint32_t index_ = 0;
  volatile husk::abi::ConsoleStatus* status_ = nullptr;  // in the queue's page; the device fills it in
  std::span<std::byte> small_buffer_;
  std::span<std::byte> large_buffer_;  // made by the first write that is too large for the small one
  bool in_flight_ = false;             // the device has a request, and the buffer with it
  std::uint32_t in_flight_size_ = 0;
  bool streams_ = true;   // the device answers with a ConsoleStatus
  bool writing_ = false;  // some task is inside write()
  Answer answer_;
  task::WaitQueue& changed_;
  const std::span<char> echo_room_;
  std::size_t echo_size_ = 0;
};

}  // namespace kernel::drivers
