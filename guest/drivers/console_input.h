// The receive side of one virtio console port: bytes from a stream of the host.
//
// The host is asked for exactly what a reader wants, and only while there is one: what the payload does not read stays
// on the host, for whoever reads the same file after husk. A request is answered within the notification where input is
// there; else it comes back without bytes when there is some, and whoever still wants it asks again. poll(2) asks for
// nothing but that.
//
// End of file is an event, not a state: the reader that asked gets it, and the next read asks the host again, as a
// terminal after ^D can go on.
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

class ConsoleInput {
 public:
  // `changed` is woken when there is something to read.
  explicit constexpr ConsoleInput(task::WaitQueue& changed) : changed_(changed) {}

  VirtQueue& queue() { return queue_; }
  // The queue is initialised; `transport` notifies it by `index`. Without `streams` the device is an ordinary
  // virtio-console: a request waits for input, and there is neither an end nor an error.
  void attach(VirtioMmio& transport, std::uint32_t index, bool streams);

  // Bytes stored; 0 at the end of the stream; kAgain or kRestart if there is nothing to read yet; what the host's read
  // failed with.
  Result<std::size_t> read(mm::IoBuffer& buffer, bool non_blocking);

  // Whether a read would return at once. When not, the host has been asked to say when.
  bool ready_or_request();

  // The parts that read() is made of, for a terminal. `request` asks the host for up to `size` bytes unless it has been
  // asked already. `collect` takes what has arrived since; false while the host still waits.
  void request(std::size_t size);
  bool collect();
  std::span<const std::byte> data() const { return data_; }
  void consume(std::size_t count) { data_ = data_.subspan(count); }
  // Whether the host's stream has ended or failed.
  bool over() const { return ended_ || error_ != Errno::kNone; }

  void handle_interrupt();

 private:
  class ReaderLock;

  std::span<std::byte> buffer_for(std::size_t size);
  void take_answer(std::size_t written);
  Result<std::size_t> take_result(mm::IoBuffer& buffer);
  bool has_result() const { return !data_.empty() || over(); }

  VirtQueue queue_;
  VirtioMmio* transport_ = nullptr;
  std::uint32_t index_ = 0;
  volatile husk::abi::ConsoleStatus* status_ = nullptr;  // in the queue's page; the device fills it in
  std::span<std::byte> small_buffer_;
  std::span<std::byte> large_buffer_;  // made by the first read that wants more than the small one holds
  bool streams_ = true;                // the device answers with a ConsoleStatus
  bool in_flight_ = false;             // the device has a request, and `posted_` with it
  std::span<std::byte> posted_;
  bool reading_ = false;             // some task copies from the buffer, which may let others run
  bool readable_ = false;            // the host has said so since the last request for bytes
  std::span<const std::byte> data_;  // received and not read yet
  bool ended_ = false;
  Errno error_ = Errno::kNone;
  task::WaitQueue& changed_;
};

}  // namespace kernel::drivers
