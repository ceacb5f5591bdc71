// A console between threads that are real: the guest's, the I/O thread, a host that reads and writes in its own time, and one that
// changes the terminal's window. What each may touch is what ThreadSanitizer watches (tests/sanitizers).
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <string>
#include <thread>

#include "devices/virtio/console.h"
#include "tests/unit/fake_driver.h"
#include "vmm/machine/io_thread.h"

namespace husk::virtio {
namespace {

using namespace husk::test;
using namespace std::chrono_literals;

constexpr std::uint64_t kOutput = 0x2'0000, kInput = 0x4'0000, kOutputStatus = 0x9000;
constexpr std::uint32_t kPiece = 0x8000;  // half of what a pipe holds, so that some wait and some do not
constexpr int kPieces = 40;
constexpr std::uint32_t kStatusSize = sizeof(abi::ConsoleStatus);

struct Pipe {
  Pipe() {
    std::array<int, 2> fds{};
    if (::pipe2(fds.data(), O_CLOEXEC) != 0) std::abort();
    read.reset(fds[0]);
    write.reset(fds[1]);
  }
  UniqueFd read, write;
};

// The guest's side. A driver looks at a request again when it has been interrupted, so guest memory has one user at a time.
class Guest {
 public:
  Guest(int input, int output)
      : console_({.name = "test", .input_fd = input, .output_fd = output, .terminal = true}, loop_),
        driver_(console_, ram_, loop_),
        receive_(ram_, 0x1000, 16),
        transmit_(ram_, 0x3000, 16) {
    driver_.negotiate(abi::kConsoleFeatureStream);
    driver_.set_queue(Console::kReceiveQueue, receive_.layout);
    driver_.set_queue(Console::kTransmitQueue, transmit_.layout);
    driver_.driver_ok();
  }
  // Before the device goes, as a machine does it.
  ~Guest() { loop_.stop(); }

  // How many of the bytes at kOutput the host has taken.
  std::uint32_t send(std::uint32_t size) {
    transmit_.descriptor(0, kOutput, size, kNext, 1);
    transmit_.descriptor(1, kOutputStatus, kStatusSize, kWrite);
    transmit_.offer(0);
    if (!is_served(Console::kTransmitQueue)) return 0;
    return ram_.get<abi::ConsoleStatus>(kOutputStatus).accepted;
  }
  // What there is, up to a piece; waits for it. Empty at the end.
  std::string receive() {
    for (;;) {
      receive_.descriptor(0, kInput, kStatusSize + kPiece, kWrite);
      receive_.offer(0);
      if (!is_served(Console::kReceiveQueue)) return "";
      const auto status = ram_.get<abi::ConsoleStatus>(kInput);
      if (status.accepted > 0) return ram_.get_text(kInput + kStatusSize, status.accepted);
      if (static_cast<abi::ConsoleStatusCode>(status.code) == abi::ConsoleStatusCode::kOk) return "";
    }
  }
  void reset_window(std::uint16_t rows) {
    console_.set_window_size(rows, 80);
    driver_.transport.notify_config_changed();
  }
  FakeRam& ram() { return ram_; }
  const std::vector<std::string>& faults() const { return driver_.faults; }

 private:
  // Notifies and waits for the answer. Interrupts tell of the window as well; there is one request at a time.
  bool is_served(std::uint32_t queue) {
    constexpr std::uint32_t kUsedBuffer = 1;  // virtio 1.2, section 4.2.2: InterruptStatus
    driver_.notify(queue);
    const auto end = std::chrono::steady_clock::now() + 60s;
    while (std::chrono::steady_clock::now() < end) {
      const std::uint32_t causes = driver_.read(kInterruptStatus);
      driver_.write(kInterruptAck, causes);
      if ((causes & kUsedBuffer) != 0) return true;
      std::this_thread::yield();
    }
    ADD_FAILURE() << "no answer from queue " << queue;
    return false;
  }

  FakeRam ram_;
  machine::IoThread loop_;
  Console console_;
  FakeDriver driver_;
  FakeDriverQueue receive_;
  FakeDriverQueue transmit_;
};

TEST(ConsoleThreads, EverythingArrivesWhoeverWaitsForWhom) {
  ::signal(SIGPIPE, SIG_IGN);
  Pipe in, out;
  Guest guest(in.read.get(), out.write.get());
  guest.ram().put_text(kOutput, std::string(kPiece, 'o'));

  std::atomic<std::size_t> read_by_host = 0;
  std::thread reader([&] {
    std::array<char, 5000> buffer;
    for (ssize_t count; (count = ::read(out.read.get(), buffer.data(), buffer.size())) > 0;) {
      read_by_host += static_cast<std::size_t>(count);
      std::this_thread::sleep_for(200us);
    }
  });
  std::thread writer([&] {
    const std::string piece(kPiece, 'i');
    for (int i = 0; i < kPieces; ++i) {
      ASSERT_EQ(::write(in.write.get(), piece.data(), piece.size()), static_cast<ssize_t>(piece.size()));
      if (i % 8 == 0) std::this_thread::sleep_for(2ms);
    }
    in.write.reset();
  });
  std::atomic<bool> over = false;
  std::thread window([&] {
    for (std::uint16_t rows = 1; !over; ++rows) {
      guest.reset_window(rows);
      std::this_thread::sleep_for(1ms);
    }
  });

  std::size_t sent = 0, received = 0;
  for (int i = 0; i < kPieces; ++i) {
    sent += guest.send(kPiece);
    received += guest.receive().size();
  }
  for (std::string text; !(text = guest.receive()).empty();) received += text.size();
  over = true;
  window.join();
  writer.join();
  EXPECT_EQ(sent, std::size_t{kPiece} * kPieces);
  EXPECT_EQ(received, std::size_t{kPiece} * kPieces);
  EXPECT_TRUE(guest.faults().empty());
  out.write.reset();
  reader.join();
  EXPECT_EQ(read_by_host, sent);
}

}  // namespace
}  // namespace husk::virtio
