// Pseudo-terminals (pty(7)): a terminal whose other end is a file, the master. What is written to the master is typed at
// the slave, which is the terminal; what is written to the slave, and its echo, is read from the master.
//
// Both directions are buffered here. What is typed goes on into the slave's line discipline as far as that has room.
#pragma once

#include <cstdint>

#include "fs/byte_ring.h"
#include "lib/number_set.h"
#include "lib/ref.h"
#include "tty/tty.h"

namespace kernel::tty {

inline constexpr std::uint32_t kSlaveMajor = 136;  // UNIX98 slaves

// The numbers of the pseudo-terminals of one devpts. One is taken until both sides are closed.
class PtyNumbers final : public RefCounted {
 public:
  Result<std::uint32_t> take(std::uint32_t most);  // kNoSpc
  void give_back(std::uint32_t number) { used_.remove(number); }

 private:
  NumberSet used_;
};

class Pty final : public Tty {
 public:
  static Result<Ref<Pty>> create(const Ref<PtyNumbers>& numbers, std::uint32_t most);
  ~Pty() override;

  std::uint32_t index() const { return index_; }
  std::uint64_t device_number() const override;
  task::WaitQueue& changed() override { return changed_; }
  void close() override;

  // --- the master, which is open from the beginning
  Result<std::size_t> master_read(mm::IoBuffer& buffer, bool non_blocking);
  Result<std::size_t> master_write(mm::IoBuffer& buffer, bool non_blocking);
  std::uint32_t master_events() const;
  std::size_t master_readable() const { return output_.bytes(); }
  task::WaitQueue& master_changed() { return master_changed_; }
  task::WaitQueue& output_arrivals() { return output_arrivals_; }  // as input_arrivals(), for the master
  void master_closed();
  bool locked() const { return locked_; }
  void set_locked(bool locked) { locked_ = locked; }
  bool packet_mode() const { return packet_mode_; }
  void set_packet_mode(bool on);
  void drop_output() { output_.clear(); }
  void drop_input() { input_.clear(); }

 private:
  Pty(Ref<PtyNumbers> numbers, std::uint32_t index, Buffers* buffers)
      : Tty(*buffers), numbers_(std::move(numbers)), index_(index), buffers_(buffers) {}

  Result<void> check_open() override;
  void take_input() override;
  Result<std::size_t> transmit(mm::IoBuffer& buffer, const Opening& by) override;
  bool can_transmit() override;
  bool peer_closed() const override { return master_closed_; }
  std::size_t emit(std::span<const char> characters) override;
  void output_stopped(bool stopped) override;
  void input_flushed() override;
  void output_flushed() override;
  void settings_replaced(const Termios& old) override;

  void send(std::span<const char> characters);
  void tell_master(std::uint8_t status, std::uint8_t instead_of = 0);

  const Ref<PtyNumbers> numbers_;
  const std::uint32_t index_;
  Buffers* const buffers_;
  fs::ByteRing input_;   // typed, and not in the line discipline yet
  fs::ByteRing output_;  // written, and not read by the master yet
  task::WaitQueue changed_;
  task::WaitQueue master_changed_;
  task::WaitQueue output_arrivals_;
  unsigned slaves_ = 0;        // open files of the slave
  bool slave_closed_ = false;  // there were some, and are no more
  bool master_closed_ = false;
  bool locked_ = true;
  bool packet_mode_ = false;
  std::uint8_t packet_status_ = 0;  // TIOCPKT_* that the master has not read yet
  bool master_reading_ = false;
  bool master_writing_ = false;
};

}  // namespace kernel::tty
