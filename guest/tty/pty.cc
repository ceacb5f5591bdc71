#include "tty/pty.h"

#include <algorithm>
#include <new>

#include "fs/abi.h"
#include "fs/file.h"

namespace kernel::tty {
namespace {

// As much as a writer may be ahead of the other side's reader (Linux's TTYB_DEFAULT_MEM_LIMIT).
constexpr std::size_t kMostBuffered = std::size_t{64} << 10;
// Echo may go beyond it, and what a writer makes of its last piece.
constexpr std::size_t kEchoReserve = 4096;
constexpr std::size_t kReserve = 2 * kEchoReserve;
// What a signal does not drop: Linux has that in the master's line discipline by then.
constexpr std::size_t kWithMaster = LineDiscipline::kCapacity - 1;
constexpr std::size_t kPiece = 256;  // copied through the stack, so that nobody sleeps in the middle of a ring

// TIOCPKT's control bytes (ioctl_tty(2)).
enum PacketStatus : std::uint8_t {
  kData = 0,
  kFlushRead = 1,
  kFlushWrite = 2,
  kStop = 4,
  kStart = 8,
  kNoStop = 16,
  kDoStop = 32,
  kIoctl = 64
};

// Whether the terminal's flow control is the one that a remote end may do by itself: ^S and ^Q.
bool has_usual_flow_control(const Termios& settings) {
  constexpr std::uint8_t kCtrlS = 0x13, kCtrlQ = 0x11;
  return (settings.input_flags & kIXOn) && settings.characters[kVStop] == kCtrlS &&
         settings.characters[kVStart] == kCtrlQ;
}

}  // namespace

Result<std::uint32_t> PtyNumbers::take(std::uint32_t most) {
  const std::size_t number = used_.first_free(0);
  if (number >= most) return Errno::kNoSpc;
  TRY(used_.reserve(number + 1));
  used_.add(number);
  return static_cast<std::uint32_t>(number);
}

Result<Ref<Pty>> Pty::create(const Ref<PtyNumbers>& numbers, std::uint32_t most) {
  const std::uint32_t index = TRY(numbers->take(most));
  auto* buffers = new (std::nothrow) Buffers;
  auto* pty = buffers ? new (std::nothrow) Pty(numbers, index, buffers) : nullptr;
  if (!pty) {
    delete buffers;
    numbers->give_back(index);
    return Errno::kNoMem;
  }
  return Ref<Pty>(pty);
}

Pty::~Pty() {
  numbers_->give_back(index_);
  delete buffers_;
}

std::uint64_t Pty::device_number() const {
  return fs::make_device(kSlaveMajor, index_);
}

Result<void> Pty::check_open() {
  if (locked_ || master_closed_) return Errno::kIo;
  ++slaves_;
  slave_closed_ = false;
  return {};
}

void Pty::close() {
  if (--slaves_ != 0) return;
  slave_closed_ = true;
  master_changed_.wake_all();
}

void Pty::master_closed() {
  packet_mode_ = false;
  master_closed_ = true;
  input_.clear();
  output_.clear();
  hang_up();
}

void Pty::take_input() {
  const std::size_t lines_before = line_.ended_up_to();
  bool received = false;
  while (!input_.empty()) {
    const std::size_t room = line_.room();
    if (room == 0) break;
    std::byte piece[kPiece];
    auto buffer = mm::IoBuffer::kernel(std::span(piece).first(std::min(room, kPiece)));
    const std::size_t count = input_.take(buffer).value_or(0);
    if (count == 0) break;
    for (std::size_t i = 0; i < count; ++i) line_.receive(static_cast<std::uint8_t>(piece[i]), *this);
    received = true;
  }
  if (!received) return;
  send_pending_echo();
  changed_.wake_all();
  master_changed_.wake_all();
  tell_of_input(lines_before);
}

void Pty::send(std::span<const char> characters) {
  auto buffer = mm::IoBuffer::kernel_source(std::as_bytes(characters));
  (void)output_.fill(buffer, kMostBuffered + kReserve);  // without memory for it, it is lost
  master_changed_.wake_all();
  output_arrivals_.wake(fs::kPollIn);
}

std::size_t Pty::emit(std::span<const char> characters) {
  if (master_closed_) return characters.size();
  if (output_.bytes() + characters.size() > kMostBuffered + kEchoReserve) return 0;
  send(characters);
  return characters.size();
}

bool Pty::can_transmit() {
  return output_.bytes() + OutputProcessor::expansion(line_.settings) <= kMostBuffered;
}

Result<std::size_t> Pty::transmit(mm::IoBuffer& buffer, const Opening& by) {
  std::size_t total = 0;
  while (buffer.remaining() != 0 && !stopped() && !is_hung_up(by)) {
    if (!can_transmit()) {
      if (by.non_blocking()) return fs::moved_or(total, Errno::kAgain);
      auto waited = changed_.wait_until([&] { return can_transmit() || stopped() || is_hung_up(by); });
      if (!waited) return fs::moved_or(total, waited.error());
      continue;
    }
    const std::size_t room = (kMostBuffered - output_.bytes()) / OutputProcessor::expansion(line_.settings);
    std::byte text[kPiece];
    auto loaded = buffer.load(std::span(text).first(std::min(room, kPiece)));
    if (!loaded) return fs::moved_or(total, loaded.error());
    if (loaded.value() == 0) break;
    char made[kPiece];
    std::size_t size = 0;
    for (std::size_t i = 0; i < loaded.value(); ++i) {
      if (size + OutputProcessor::kMostPerCharacter > sizeof made) {
        send({made, size});
        size = 0;
      }
      size += line_.output.process(line_.settings, static_cast<std::uint8_t>(text[i]), made + size);
    }
    send({made, size});
    total += loaded.value();
  }
  return total;
}

Result<std::size_t> Pty::master_read(mm::IoBuffer& buffer, bool non_blocking) {
  if (buffer.remaining() == 0) return std::size_t{0};
  TRY(Turn::wait(master_reading_, master_changed_, non_blocking));
  const Turn turn(master_reading_, master_changed_);
  const auto has_status = [this] { return packet_mode_ && packet_status_ != 0; };
  while (!has_status() && output_.empty()) {
    if (slave_closed_) return Errno::kIo;
    if (non_blocking) return Errno::kAgain;
    TRY(master_changed_.wait_until([&] { return has_status() || !output_.empty() || slave_closed_; }));
  }
  std::size_t total = 0;
  if (packet_mode_) {
    TRY(buffer.check_room(1));
    const std::byte status{std::exchange(packet_status_, kData)};
    total = TRY(buffer.store({&status, 1}));
    if (status != std::byte{kData}) return total;
  }
  if (!output_.empty()) {
    auto taken = output_.take(buffer);
    if (!taken) return fs::moved_or(total, taken.error());
    total += taken.value();
  }
  send_pending_echo();
  changed_.wake_all();
  return total;
}

Result<std::size_t> Pty::master_write(mm::IoBuffer& buffer, bool non_blocking) {
  if (buffer.remaining() == 0) return std::size_t{0};
  TRY(Turn::wait(master_writing_, master_changed_, non_blocking));
  const Turn turn(master_writing_, master_changed_);
  std::size_t total = 0;
  while (buffer.remaining() != 0) {
    if (input_.bytes() >= kMostBuffered) {
      if (non_blocking) return fs::moved_or(total, Errno::kAgain);
      auto waited = master_changed_.wait_until([&] { return input_.bytes() < kMostBuffered; });
      if (!waited) return fs::moved_or(total, waited.error());
    }
    std::byte piece[kPiece];
    auto loaded = buffer.load(std::span(piece).first(std::min(kMostBuffered - input_.bytes(), kPiece)));
    if (!loaded) return fs::moved_or(total, loaded.error());
    if (loaded.value() == 0) break;
    auto typed = mm::IoBuffer::kernel_source({piece, loaded.value()});
    const auto moved = input_.fill(typed, kMostBuffered);
    take_input();
    if (!moved) return fs::moved_or(total, moved.error());
    total += moved.value();
    if (moved.value() < loaded.value()) break;  // no memory
  }
  return total;
}

std::uint32_t Pty::master_events() const {
  std::uint32_t events = 0;
  if (!output_.empty()) events |= fs::kPollReadable;
  if (packet_mode_ && packet_status_ != 0) events |= fs::kPollPri | fs::kPollReadable;
  if (slave_closed_) events |= fs::kPollHup;
  if (input_.bytes() < kMostBuffered) events |= fs::kPollWritable;
  return events;
}

void Pty::set_packet_mode(bool on) {
  if (on && !packet_mode_) packet_status_ = 0;
  packet_mode_ = on;
}

void Pty::tell_master(std::uint8_t status, std::uint8_t instead_of) {
  if (!packet_mode_) return;
  packet_status_ = static_cast<std::uint8_t>((packet_status_ & ~instead_of) | status);
  master_changed_.wake_all();
}

void Pty::output_stopped(bool stopped) {
  tell_master(stopped ? kStop : kStart, stopped ? kStart : kStop);
}

void Pty::input_flushed() {
  tell_master(kFlushRead);
}

void Pty::output_flushed() {
  if (output_.bytes() > kWithMaster) {
    fs::ByteRing kept;
    while (kept.bytes() < kWithMaster) {
      std::byte piece[kPiece];
      auto taken = mm::IoBuffer::kernel(std::span(piece).first(std::min(kWithMaster - kept.bytes(), kPiece)));
      const std::size_t count = output_.take(taken).value_or(0);
      auto put = mm::IoBuffer::kernel_source({piece, count});
      if (count == 0 || !kept.fill(put, kWithMaster)) break;
    }
    output_ = std::move(kept);
    changed_.wake_all();
  }
  tell_master(kFlushWrite);
}

void Pty::settings_replaced(const Termios& old) {
  const bool usual = has_usual_flow_control(line_.settings);
  if (usual != has_usual_flow_control(old)) tell_master(usual ? kDoStop : kNoStop, kDoStop | kNoStop);
  if ((old.local_flags | line_.settings.local_flags) & kExtProc) tell_master(kIoctl);
}

}  // namespace kernel::tty
