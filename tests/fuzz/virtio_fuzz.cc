// A guest made of bytes: each input is a program of register accesses, descriptor and ring writes, and host events
// against all that a guest can reach in the VMM: the window of device registers with the control device, a console, a
// random number generator and a balloon behind it, and the log ring. A part of its memory is read-only, and nothing is mapped
// around it (tests/unit/fake_guest.h). Nothing may crash, hang, or touch memory outside guest RAM.
//
// A libFuzzer target (CMakeLists.txt).
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>

#include "abi/husk_abi.h"
#include "devices/control.h"
#include "devices/mmio_window.h"
#include "devices/virtio/balloon.h"
#include "devices/virtio/console.h"
#include "devices/virtio/prepare.h"
#include "devices/virtio/rng.h"
#include "tests/unit/fake_driver.h"
#include "vmm/machine/guest_log.h"
#include "vmm/machine/guest_words.h"

// Not vmm/log.cc: what the guest says goes into a sink of the test's.
namespace husk::log {
Severity level() {
  return Severity::kDebug;
}
}  // namespace husk::log

namespace husk {
namespace {

using namespace husk::test;

constexpr std::array<std::uint64_t, 2> kRings{0x1'0000, 0x1'1000};
constexpr std::uint64_t kStatusAt = 0x1'0800;  // a ConsoleStatus, or an indirect table, or whatever it is taken for
constexpr std::uint64_t kLongRings = 0x1'8000;
// Turns that the event loop gives before the next step of the guest: the I/O thread gets on with its work, but does not
// get done with it.
constexpr unsigned kTurnsPerStep = 2;

// The input as a stream of numbers; zeros after its end.
class Bytes {
 public:
  explicit Bytes(std::span<const std::uint8_t> data) : data_(data) {}
  bool empty() const { return data_.empty(); }
  std::uint64_t take(std::size_t width) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < width && !data_.empty(); ++i) {
      value |= std::uint64_t{data_.front()} << (8 * i);
      data_ = data_.subspan(1);
    }
    return value;
  }
  std::uint16_t take16(std::size_t width) { return static_cast<std::uint16_t>(take(width)); }
  std::uint32_t take32(std::size_t width) { return static_cast<std::uint32_t>(take(width)); }

 private:
  std::span<const std::uint8_t> data_;
};

// An address that is often inside RAM, often near the end of RAM or of its read-only part, and sometimes anything.
std::uint64_t take_address(Bytes& bytes) {
  switch (bytes.take(1) % 6) {
    case 0:
      return bytes.take(2) * 16;
    case 1:
      return FakeRam::kSize - bytes.take(1);
    case 2:
      return FakeRam::kReadOnlyStart - 64 + bytes.take(1);
    case 3:
      return FakeRam::kReadOnlyStart + FakeRam::kReadOnlySize - 64 + bytes.take(1);
    case 4:
      return bytes.take(3);
    default:
      return bytes.take(8);
  }
}

// Where a part of a queue may be: mostly aligned, so that there is something to get wrong beyond that.
Gpa take_ring_address(Bytes& bytes) {
  const std::uint64_t address = take_address(bytes);
  return Gpa{bytes.take(1) % 8 == 0 ? address : address & ~std::uint64_t{15}};
}

// A queue laid out like those that the VMM prepares (abi/husk_abi.h).
FakeDriverQueue prepared_queue(FakeRam& ram, std::uint64_t page) {
  FakeDriverQueue queue(ram, page, abi::kPreparedQueueSize);
  queue.layout.descriptors = Gpa{page + abi::kPreparedDescriptors};
  queue.layout.available = Gpa{page + abi::kPreparedAvailable};
  queue.layout.used = Gpa{page + abi::kPreparedUsed};
  return queue;
}

int open_host(const char* path, int flags) {
  const int fd = ::open(path, flags | O_CLOEXEC);
  if (fd < 0) std::abort();
  return fd;
}

std::array<int, 2> open_pipe() {
  std::array<int, 2> ends;
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
  return ends;
}

// What can be at the other end of a stream, opened once; it is the same for every input. Nobody reads from or writes to
// the pipes.
struct HostStreams {
  HostStreams() {
    ::signal(SIGPIPE, SIG_IGN);
    const std::array ended = open_pipe();
    ::close(ended[1]);
    const std::array hung_up = open_pipe();
    ::close(hung_up[0]);
    const std::array full = open_pipe();
    if (::fcntl(full[1], F_SETFL, O_NONBLOCK) != 0) std::abort();
    const std::array<char, 4096> page{};
    while (::write(full[1], page.data(), page.size()) > 0) {
    }
    if (::fcntl(full[1], F_SETFL, 0) != 0) std::abort();
    inputs = {open_host("/dev/zero", O_RDONLY), open_host("/dev/null", O_RDONLY), ended[0], open_pipe()[0]};
    outputs = {open_host("/dev/null", O_WRONLY), open_host("/dev/full", O_WRONLY), hung_up[1], full[1]};
  }
  std::array<int, 4> inputs;
  std::array<int, 4> outputs;
};

class Host final : public ControlHost {
 public:
  explicit Host(machine::GuestLogReader& log) : log_(log) {}
  void guest_exited(std::uint8_t, std::uint8_t) override { guest_panicked(); }
  void guest_panicked() override {
    log_.print_last_lines();
    ended = true;
  }
  void flush_guest_log() override { log_.print_new_lines(); }
  std::uint32_t window_size() override { return 25U << 16 | 80U; }
  void save_vectors(Gpa) override {}
  void load_vectors(Gpa) override {}
  void prepare_ram(Gpa, std::uint64_t) override {}

  bool ended = false;  // the VM does not run any more

 private:
  machine::GuestLogReader& log_;
};

// Takes what a device may give: whole pages of memory that is not read-only. (Not those of the queues: there a bit of luck would undo all
// that an input has built.)
class Owner final : public virtio::MemoryOwner {
 public:
  explicit Owner(FakeRam& ram) : ram_(ram) {}
  bool give_back(std::span<std::byte> pages) override {
    const std::span<const std::byte> all = ram_.memory.readable(Gpa{0}, FakeRam::kSize);
    const auto start = static_cast<std::uint64_t>(pages.data() - all.data());
    if (pages.empty() || start % abi::kPageSize != 0 || pages.size() % abi::kPageSize != 0) std::abort();
    if (ram_.memory.writable(Gpa{start}, pages.size()).data() != pages.data()) std::abort();
    if (start < kLongRings + abi::kPageSize * 4) return false;
    return ::madvise(pages.data(), pages.size(), MADV_DONTNEED) == 0;
  }

 private:
  FakeRam& ram_;
};

class Machine {
 public:
  Machine(Bytes& bytes, const HostStreams& streams)
      : input_(streams.inputs[bytes.take(1) % 4]),
        output_(streams.outputs[bytes.take(1) % 4]),
        console_({.name = "fuzz", .input_fd = input_, .output_fd = output_, .terminal = true}, loop_) {
    window_.add(control_);
    window_.add(console_driver_.transport);
    window_.add(rng_driver_.transport);
    window_.add(balloon_driver_.transport);
    const std::uint64_t start = bytes.take(1);
    if (start % 4 == 0) return;
    // As the VMM brings it up, or as a driver does, with one set of features or another.
    if (start % 4 == 1) {
      const virtio::PreparedQueue queues[] = {{.index = 0, .page = Gpa{kRings[0]}},
                                              {.index = 1, .page = Gpa{kRings[1]}}};
      if (!virtio::prepare_device(console_driver_.transport, abi::kConsoleFeatureStream, queues)) std::abort();
      return;
    }
    const std::uint64_t features[] = {0, virtio::kFeatureIndirectDesc,
                                      abi::kConsoleFeatureStream | virtio::kBalloonFeatureReporting, ~std::uint64_t{0}};
    for (FakeDriver* driver : {&console_driver_, &rng_driver_, &balloon_driver_}) {
      driver->negotiate(features[start >> 2 & 3] & driver->offered_features());
      driver->set_queue(0, queues_[0].layout);
      driver->set_queue(1, queues_[1].layout);
      if (driver == &balloon_driver_) driver->set_queue(virtio::Balloon::kReportingQueue, queues_[0].layout);
      driver->driver_ok();
    }
  }

  bool ended() const { return host_.ended; }

  void step(Bytes& bytes) {
    const auto operation = static_cast<unsigned>(bytes.take(1));
    const unsigned flags = operation / kOperations;
    FakeDriver& driver = flags & 4 ? balloon_driver_ : flags & 1 ? rng_driver_ : console_driver_;
    FakeDriverQueue& queue = queues_[flags >> 1 & 1];
    switch (operation % kOperations) {
      case 0:
        return access(bytes);
      case 1:
        return driver.write(bytes.take(1) * 4, bytes.take32(4));
      case 2:
        return driver.write(kStatus, bytes.take32(1));
      case 3:
        return driver.negotiate(bytes.take(1) % 4 == 0 ? driver.offered_features() : bytes.take(8));
      case 4: {
        const std::uint32_t index = bytes.take32(1) % 3;
        driver.write(kQueueSel, index);
        driver.write(kQueueReady, 0);
        virtio::QueueLayout layout = queue.layout;
        const std::uint64_t lies = bytes.take(1);
        if (lies & 1) layout.size = bytes.take16(2);
        if (lies & 2) layout.descriptors = take_ring_address(bytes);
        if (lies & 4) layout.available = take_ring_address(bytes);
        if (lies & 8) layout.used = take_ring_address(bytes);
        return driver.set_queue(index, layout);
      }
      case 5:
        return driver.driver_ok();
      case 6: {
        const std::uint16_t index = bytes.take16(1) % abi::kPreparedQueueSize;
        const std::uint64_t address = take_address(bytes);
        const std::uint32_t length = bytes.take32(bytes.take(1) % 8 == 0 ? 4 : 2);
        return queue.descriptor(index, address, length, bytes.take16(1) & 7, bytes.take16(1) % 17);
      }
      case 7: {
        const std::uint64_t where = kStatusAt + 16 * (bytes.take(1) % 16);
        const std::uint64_t address = take_address(bytes);
        return queue.descriptor_at(where, address, bytes.take32(2), bytes.take16(1) & 7, bytes.take16(1) % 17);
      }
      case 8:
        return queue.offer(bytes.take16(1) % 17);
      case 9:
        return queue.set_available_index(bytes.take16(2));
      case 10:
        queue.set_available_flags(bytes.take16(1));
        return queue.set_used_event(bytes.take16(2));
      case 11:
        return driver.notify(bytes.take32(1) % 3);
      case 12:
        loop_.fire_readable(input_);
        loop_.fire_writable(output_);
        return;
      case 13:
        for (unsigned i = 0; i < kTurnsPerStep && loop_.run_posted(); ++i) {
        }
        return;
      case 14: {
        // Anything, to anywhere that it can write. The log is there as well.
        const std::uint64_t value = bytes.take(8);
        static_cast<void>(
            ram_.memory.write(Gpa{bytes.take(1) % 4 == 0 ? abi::kGuestLogGpa : take_address(bytes)}, value));
        return;
      }
      case 15:
        control_.forward_signal(static_cast<int>(bytes.take(1)) - 8);
        console_.set_window_size(bytes.take16(1), bytes.take16(1));
        console_driver_.transport.notify_config_changed();
        return;
      case 16: {
        // A request as an honest driver makes it, to be spoilt by what follows: output with room for the answer, or
        // room for input; or an indirect table, if there is one.
        const std::uint16_t head = bytes.take16(1) % 15;
        const std::uint64_t how = bytes.take(1);
        if (how & 1) {
          queue.descriptor(head, kStatusAt, 16 * bytes.take16(1), kIndirect);
        } else if (how & 2) {
          queue.descriptor(head, take_address(bytes), bytes.take32(3), kWrite);
        } else {
          queue.descriptor(head, take_address(bytes), bytes.take32(3), kNext, head + 1);
          const bool loops = (how & 4) != 0;
          queue.descriptor(head + 1, kStatusAt, sizeof(abi::ConsoleStatus), loops ? kNext : kWrite, head);
        }
        queue.offer(head);
        return driver.notify(&driver == &balloon_driver_ && how & 2 ? 2 : flags >> 1 & 1);
      }
      case 17: {
        // The longest chain that there can be, of as many bytes as there can be, in a queue of the device's own size.
        FakeDriverQueue queue_of_256(ram_, kLongRings, 256);
        const std::uint32_t length = bytes.take(1) % 2 == 0 ? FakeRam::kSize : bytes.take32(2);
        const std::uint16_t last = bytes.take16(1);
        for (std::uint16_t i = 0; i <= last; ++i) {
          queue_of_256.descriptor(i, 0, length, i < last ? kNext : std::uint16_t{0}, static_cast<std::uint16_t>(i + 1));
        }
        queue_of_256.set_available_index(0);
        queue_of_256.offer(0);
        driver.write(kQueueSel, 1);
        driver.write(kQueueReady, 0);
        driver.set_queue(1, queue_of_256.layout);
        return driver.notify(1);
      }
      default:
        return;
    }
  }

 private:
  static constexpr unsigned kOperations = 18;

  // An access as KVM reports one, with any width at any place.
  void access(Bytes& bytes) {
    const std::uint64_t how = bytes.take(1);
    const std::size_t width = std::size_t{1} << (how & 3);
    const std::uint64_t offset = how & 0x20 ? bytes.take(2) % abi::kMmioStride : bytes.take(1) * 4;
    const Gpa address{abi::kMmioBase + (how >> 3 & 3) * abi::kMmioStride + offset};
    std::array<std::byte, 8> data;
    if (how & 4) {
      const std::uint64_t value = bytes.take(width);
      std::memcpy(data.data(), &value, sizeof value);
      static_cast<void>(window_.write(address, std::span(data).first(width)));
    } else {
      static_cast<void>(window_.read(address, std::span(data).first(width)));
    }
  }

  FakeRam ram_;
  ManualEventLoop loop_;
  std::uint64_t now_ns_ = 0;
  std::uint64_t said_ = 0;
  machine::GuestWords words_{[this](log::Severity, std::string_view line) {
                               said_ += line.size();
                               if (said_ > 2 * machine::GuestWords::kBudget) std::abort();  // no time has passed
                             },
                             [this] { return now_ns_; }};
  machine::GuestLogReader log_{ram_.memory, words_};
  Host host_{log_};
  CountingInterrupt control_interrupt_;
  ControlDevice control_{host_, control_interrupt_};
  MmioWindow window_;
  const int input_;
  const int output_;
  virtio::Console console_;
  virtio::Rng rng_;
  Owner owner_{ram_};
  virtio::Balloon balloon_{owner_};
  FakeDriver console_driver_{console_, ram_, loop_};
  FakeDriver rng_driver_{rng_, ram_, loop_};
  FakeDriver balloon_driver_{balloon_, ram_, loop_};
  FakeDriverQueue queues_[2] = {prepared_queue(ram_, kRings[0]), prepared_queue(ram_, kRings[1])};
};

}  // namespace
}  // namespace husk

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const husk::HostStreams streams;
  husk::Bytes bytes({data, size});
  husk::Machine machine(bytes, streams);
  while (!bytes.empty() && !machine.ended()) machine.step(bytes);
  return 0;
}
