// A virtio-console over real descriptors (pipes, files), with a fake guest and an event loop that the test drives.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>

#include "devices/virtio/console.h"
#include "tests/unit/fake_driver.h"

namespace husk::test::console {

using namespace husk::virtio;
using abi::ConsoleStatusCode;

inline constexpr std::uint64_t kData = 0x10000;
inline constexpr std::uint64_t kStatusAt = 0x9000;
inline constexpr std::uint16_t kQueueSize = 16;
inline constexpr std::uint32_t kStatusSize = sizeof(abi::ConsoleStatus);

struct Pipe {
  Pipe() {
    if (::pipe2(fds, O_CLOEXEC) != 0) std::abort();
  }
  ~Pipe() {
    close_read();
    close_write();
  }
  void close_read() { close_one(fds[0]); }
  void close_write() { close_one(fds[1]); }
  static void close_one(int& fd) {
    if (fd >= 0) ::close(fd);
    fd = -1;
  }
  std::string read_now(std::size_t most) {
    std::string text(most, '\0');
    const ssize_t n = ::read(fds[0], text.data(), most);
    text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return text;
  }
  int fds[2];
};

// A console with a driver that has brought it up.
class Fixture {
 public:
  Fixture(const Console::Options& options, std::uint64_t features)
      : console(options, loop),
        driver(console, ram, loop),
        receive(ram, 0x1000, kQueueSize),
        transmit(ram, 0x3000, kQueueSize) {
    driver.negotiate(features);
    driver.set_queue(Console::kReceiveQueue, receive.layout);
    driver.set_queue(Console::kTransmitQueue, transmit.layout);
    driver.driver_ok();
  }

  // Sends `size` bytes at kData.
  void send(std::uint32_t size, bool with_status) {
    transmit.descriptor(0, kData, size, with_status ? kNext : std::uint16_t{0}, 1);
    if (with_status) transmit.descriptor(1, kStatusAt, sizeof(abi::ConsoleStatus), kWrite);
    transmit.offer(0);
    driver.notify(Console::kTransmitQueue);
  }
  abi::ConsoleStatus status() const { return ram.get<abi::ConsoleStatus>(kStatusAt); }
  ConsoleStatusCode code() const { return static_cast<ConsoleStatusCode>(status().code); }

  // A plain driver's: room for `size` bytes.
  void offer_buffer(std::uint16_t index, std::uint32_t size) {
    receive.descriptor(index, kData + 0x1000ULL * index, size, kWrite);
    receive.offer(index);
    driver.notify(Console::kReceiveQueue);
  }

  // With the extension: a status in front.
  void ask(std::uint16_t index, std::uint32_t size) { offer_buffer(index, size + kStatusSize); }
  abi::ConsoleStatus input_status(std::uint16_t index) const {
    return ram.get<abi::ConsoleStatus>(kData + 0x1000ULL * index);
  }
  ConsoleStatusCode input_code(std::uint16_t index) const {
    return static_cast<ConsoleStatusCode>(input_status(index).code);
  }
  std::string input(std::uint16_t index) const {
    return ram.get_text(kData + 0x1000ULL * index + kStatusSize, input_status(index).accepted);
  }

  FakeRam ram;
  ManualEventLoop loop;
  Console console;
  FakeDriver driver;
  FakeDriverQueue receive;
  FakeDriverQueue transmit;
};

class ConsoleTest : public ::testing::Test {
 protected:
  void SetUp() override { ::signal(SIGPIPE, SIG_IGN); }
  Pipe pipe_;
};

inline Console::Options output_to(int fd) {
  return {.name = "out", .input_fd = {}, .output_fd = fd, .terminal = false};
}
inline Console::Options input_from(int fd) {
  return {.name = "in", .input_fd = fd, .output_fd = {}, .terminal = false};
}

}  // namespace husk::test::console
