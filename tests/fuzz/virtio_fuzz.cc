// A guest made of bytes: each input is a program of register accesses, descriptor and ring writes, and host events
// against a console and a random number generator. Nothing may crash, hang, or touch memory outside guest RAM.
//
// Built with clang and -fsanitize=fuzzer it is a libFuzzer target; with fuzz_main.cc it runs a bounded number of inputs
// that are the same every time, as an ordinary test.
#include <fcntl.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "devices/virtio/console.h"
#include "devices/virtio/rng.h"
#include "tests/unit/fake_driver.h"

namespace husk {
namespace {

using namespace husk::test;

constexpr std::uint16_t kQueueSize = 8;
constexpr std::uint64_t kRings = 0x1000;
constexpr std::uint64_t kRingStride = 0x1000;

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

 private:
  std::span<const std::uint8_t> data_;
};

// An address that is often inside RAM, often near its end, and sometimes anything.
std::uint64_t take_address(Bytes& bytes) {
  switch (bytes.take(1) % 4) {
    case 0:
      return bytes.take(2) * 16;
    case 1:
      return FakeRam::kSize - bytes.take(1);
    case 2:
      return bytes.take(3);
    default:
      return bytes.take(8);
  }
}

int open_null(int flags) {
  const int fd = ::open("/dev/null", flags | O_CLOEXEC);
  if (fd < 0) std::abort();
  return fd;
}

class Machine {
 public:
  explicit Machine(bool brought_up) {
    if (!brought_up) return;
    for (FakeDriver* driver : {&console_driver_, &rng_driver_}) {
      driver->negotiate(virtio::kFeatureIndirectDesc);
      driver->set_queue(0, queues_[0].layout);
      driver->set_queue(1, queues_[1].layout);
      driver->driver_ok();
    }
  }

  void step(Bytes& bytes) {
    const auto operation = bytes.take(1);
    FakeDriver& driver = operation & 0x80 ? rng_driver_ : console_driver_;
    FakeDriverQueue& queue = queues_[operation >> 6 & 1];
    const std::uint64_t other = queue.layout.descriptors.value;
    switch (operation % 12) {
      case 0:
        driver.write(bytes.take(1) * 4, static_cast<std::uint32_t>(bytes.take(4)));
        break;
      case 1:
        driver.read(bytes.take(2));
        break;
      case 2:
        driver.write(kStatus, static_cast<std::uint32_t>(bytes.take(1)));
        break;
      case 3:
        driver.negotiate(bytes.take(1) % 4 == 0 ? driver.offered_features() : bytes.take(8));
        break;
      case 4:
        driver.set_queue(static_cast<std::uint32_t>(bytes.take(1) % 3),
                         {.size = static_cast<std::uint16_t>(bytes.take(1)),
                          .descriptors = Gpa{take_address(bytes)},
                          .available = Gpa{take_address(bytes)},
                          .used = Gpa{take_address(bytes)}});
        break;
      case 5:
        driver.driver_ok();
        break;
      case 6:
      case 7: {
        const auto index = static_cast<std::uint16_t>(bytes.take(1) % kQueueSize);
        const std::uint64_t address = take_address(bytes);
        const auto length = static_cast<std::uint32_t>(bytes.take(bytes.take(1) % 8 == 0 ? 4 : 2));
        queue.descriptor(index, address, length, static_cast<std::uint16_t>(bytes.take(1) & 7),
                         static_cast<std::uint16_t>(bytes.take(1) % 9));
        break;
      }
      case 8:
        queue.offer(static_cast<std::uint16_t>(bytes.take(1) % 9));
        break;
      case 9:
        queue.set_available_index(static_cast<std::uint16_t>(bytes.take(2)));
        break;
      case 10:
        driver.notify(static_cast<std::uint32_t>(bytes.take(1) % 3));
        break;
      case 11:
        loop_.fire_readable(input_);
        loop_.fire_writable(output_);
        ram_.put<std::uint64_t>(other + bytes.take(1), bytes.take(8));
        break;
      default:
        break;
    }
  }

  ~Machine() {
    ::close(input_);
    ::close(output_);
  }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

 private:
  int input_ = open_null(O_RDONLY);
  int output_ = open_null(O_WRONLY);
  FakeRam ram_;
  ManualEventLoop loop_;
  virtio::Console console_{{.name = "fuzz", .input_fd = input_, .output_fd = output_, .terminal = true}, loop_};
  virtio::Rng rng_;
  FakeDriver console_driver_{console_, ram_};
  FakeDriver rng_driver_{rng_, ram_};
  FakeDriverQueue queues_[2] = {{ram_, kRings, kQueueSize}, {ram_, kRings + kRingStride, kQueueSize}};
};

}  // namespace
}  // namespace husk

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  husk::Bytes bytes({data, size});
  husk::Machine machine(bytes.take(1) % 4 != 0);
  while (!bytes.empty()) machine.step(bytes);
  return 0;
}
