// virtio-console over real descriptors (pipes, files), with a fake guest and an event loop that the test drives.
#include "devices/virtio/console.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "tests/unit/fake_driver.h"

namespace husk::virtio {
namespace {

using namespace husk::test;
using abi::ConsoleStatusCode;

constexpr std::uint64_t kData = 0x10000;
constexpr std::uint64_t kStatusAt = 0x9000;
constexpr std::uint16_t kQueueSize = 16;
constexpr std::uint32_t kStatusSize = sizeof(abi::ConsoleStatus);

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

Console::Options output_to(int fd) {
  return {.name = "out", .input_fd = {}, .output_fd = fd, .terminal = false};
}
Console::Options input_from(int fd) {
  return {.name = "in", .input_fd = fd, .output_fd = {}, .terminal = false};
}

// ---- output

TEST_F(ConsoleTest, OutputArrivesWithinTheNotification) {
  Fixture guest(output_to(pipe_.fds[1]), abi::kConsoleFeatureStream);
  guest.ram.put_text(kData, "hello\n");
  guest.send(6, true);
  EXPECT_EQ(guest.transmit.used_index(), 1);
  EXPECT_EQ(guest.transmit.used(0), (FakeDriverQueue::Used{0, sizeof(abi::ConsoleStatus)}));
  EXPECT_EQ(guest.code(), ConsoleStatusCode::kOk);
  EXPECT_EQ(guest.status().accepted, 6U);
  EXPECT_EQ(pipe_.read_now(100), "hello\n");
  EXPECT_FALSE(guest.loop.waits_writable(pipe_.fds[1])) << "the I/O thread is not needed";
}

TEST_F(ConsoleTest, PlainDriverGetsPlainConsole) {
  Fixture guest(output_to(pipe_.fds[1]), 0);
  guest.ram.put_text(kData, "x");
  guest.send(1, false);
  EXPECT_EQ(guest.transmit.used(0), (FakeDriverQueue::Used{0, 0}));
  EXPECT_EQ(pipe_.read_now(100), "x");
}

TEST_F(ConsoleTest, FullPipeWaitsForItsReaderAndLosesNothing) {
  Fixture guest(output_to(pipe_.fds[1]), abi::kConsoleFeatureStream);
  constexpr std::uint32_t kSize = 200'000;  // more than a pipe holds
  std::string text(kSize, '\0');
  for (std::size_t i = 0; i < kSize; ++i) text[i] = static_cast<char>('a' + i % 23);
  guest.ram.put_text(kData, text);
  guest.send(kSize, true);
  EXPECT_EQ(guest.transmit.used_index(), 0) << "not done, and the vCPU was not blocked";
  EXPECT_EQ(guest.transmit.used_flags(), 1) << "no notifications meanwhile";
  std::string received;
  while (received.size() < kSize) {
    received += pipe_.read_now(30'000);
    guest.loop.fire_writable(pipe_.fds[1]);
  }
  EXPECT_EQ(received, text);
  EXPECT_EQ(guest.transmit.used_index(), 1);
  EXPECT_EQ(guest.transmit.used_flags(), 0);
  EXPECT_EQ(guest.status().accepted, kSize);
  EXPECT_GE(guest.driver.interrupt.raised, 1);
}

TEST_F(ConsoleTest, ReaderThatIsGoneIsReported) {
  Fixture guest(output_to(pipe_.fds[1]), abi::kConsoleFeatureStream);
  pipe_.close_read();
  guest.ram.put_text(kData, "x");
  guest.send(1, true);
  EXPECT_EQ(guest.code(), ConsoleStatusCode::kHungUp);
  EXPECT_EQ(guest.status().accepted, 0U);
}

TEST_F(ConsoleTest, ReaderThatGoesWhileOutputWaitsIsReported) {
  Fixture guest(output_to(pipe_.fds[1]), abi::kConsoleFeatureStream);
  guest.send(200'000, true);
  ASSERT_EQ(guest.transmit.used_index(), 0);
  pipe_.close_read();
  guest.loop.fire_writable(pipe_.fds[1]);
  EXPECT_EQ(guest.transmit.used_index(), 1);
  EXPECT_EQ(guest.code(), ConsoleStatusCode::kHungUp);
  EXPECT_GT(guest.status().accepted, 0U);
  EXPECT_LT(guest.status().accepted, 200'000U);
}

TEST_F(ConsoleTest, FullDeviceIsReported) {
  const int fd = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  Fixture guest(output_to(fd), abi::kConsoleFeatureStream);
  guest.send(10, true);
  EXPECT_EQ(guest.code(), ConsoleStatusCode::kNoSpace);
  ::close(fd);
}

TEST_F(ConsoleTest, DescriptorThatIsNotOpenForOutputIsReported) {
  Fixture closed(output_to(pipe_.fds[1]), abi::kConsoleFeatureStream);
  pipe_.close_write();
  closed.send(10, true);
  EXPECT_EQ(closed.code(), ConsoleStatusCode::kBadDescriptor);
  Fixture other_end(output_to(pipe_.fds[0]), abi::kConsoleFeatureStream);
  other_end.send(10, true);
  EXPECT_EQ(other_end.code(), ConsoleStatusCode::kBadDescriptor);
}

// The process ignores SIGXFSZ, and the guest's writer gets it.
TEST_F(ConsoleTest, LimitOfFileSizeIsReported) {
  ::signal(SIGXFSZ, SIG_IGN);
  std::FILE* file = std::tmpfile();
  ASSERT_NE(file, nullptr);
  rlimit previous{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &previous), 0);
  const rlimit small{.rlim_cur = 4, .rlim_max = previous.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  Fixture guest(output_to(::fileno(file)), abi::kConsoleFeatureStream);
  guest.send(10, true);
  ::setrlimit(RLIMIT_FSIZE, &previous);
  EXPECT_EQ(guest.code(), ConsoleStatusCode::kFileTooLarge);
  EXPECT_EQ(guest.status().accepted, 4U);
  std::fclose(file);
}

TEST_F(ConsoleTest, SocketIsWrittenWithoutBlocking) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  Fixture guest(output_to(ends[0]), abi::kConsoleFeatureStream);
  guest.send(900'000, true);
  EXPECT_EQ(guest.transmit.used_index(), 0);
  std::vector<char> sink(100'000);
  std::size_t received = 0;
  while (received < 900'000) {
    const ssize_t n = ::read(ends[1], sink.data(), sink.size());
    ASSERT_GT(n, 0);
    received += static_cast<std::size_t>(n);
    guest.loop.fire_writable(ends[0]);
  }
  EXPECT_EQ(guest.status().accepted, 900'000U);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(ConsoleTest, StatusMustHaveItsExactSize) {
  for (std::uint32_t size : {0U, 4U, 9U}) {
    Fixture guest(output_to(pipe_.fds[1]), abi::kConsoleFeatureStream);
    guest.transmit.descriptor(0, kData, 1, kNext, 1);
    guest.transmit.descriptor(1, kStatusAt, size, kWrite);
    guest.transmit.offer(0);
    guest.driver.notify(Console::kTransmitQueue);
    EXPECT_TRUE(guest.driver.read(kStatus) & kStatusNeedsReset) << size;
  }
}

TEST_F(ConsoleTest, PlainDriverMayNotOfferWritableBytesForOutput) {
  Fixture guest(output_to(pipe_.fds[1]), 0);
  guest.transmit.descriptor(0, kData, 8, kWrite);
  guest.transmit.offer(0);
  guest.driver.notify(Console::kTransmitQueue);
  EXPECT_TRUE(guest.driver.read(kStatus) & kStatusNeedsReset);
}

TEST_F(ConsoleTest, ResetForgetsOutputThatWaits) {
  Fixture guest(output_to(pipe_.fds[1]), abi::kConsoleFeatureStream);
  guest.send(200'000, true);
  guest.driver.write(kStatus, 0);
  guest.loop.fire_writable(pipe_.fds[1]);  // a callback of the old life must find nothing to do
  EXPECT_EQ(guest.transmit.used_index(), 0);
  EXPECT_EQ(guest.driver.interrupt.raised, 0);
}

TEST_F(ConsoleTest, QueueThatBreaksWhileOutputWaitsNeedsReset) {
  Fixture guest(output_to(pipe_.fds[1]), abi::kConsoleFeatureStream);
  guest.send(200'000, true);
  guest.transmit.set_available_index(100);
  std::string received;
  while (received.size() < 200'000) {
    received += pipe_.read_now(65'536);
    guest.loop.fire_writable(pipe_.fds[1]);
  }
  EXPECT_TRUE(guest.driver.read(kStatus) & kStatusNeedsReset);
}

// What one notification may ask for is far more than what one may get.
TEST_F(ConsoleTest, NotificationIsShortAndTheRestFollowsTurnByTurn) {
  const int fd = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  Fixture guest(output_to(fd), 0);
  constexpr std::uint32_t kTotal = 8 * FakeRam::kSize;
  for (std::uint16_t i = 0; i < 8; ++i) {
    guest.transmit.descriptor(i, 0, FakeRam::kSize, i < 7 ? kNext : std::uint16_t{0},
                              static_cast<std::uint16_t>(i + 1));
  }
  for (int i = 0; i < 3; ++i) guest.transmit.offer(0);
  guest.driver.notify(Console::kTransmitQueue);
  EXPECT_EQ(guest.transmit.used_index(), 0) << "the vCPU does not wait for 24 MiB";
  unsigned turns = 1;
  while (guest.loop.run_posted()) ++turns;
  EXPECT_EQ(turns, 3 * kTotal / kTurnBytes);
  EXPECT_EQ(guest.transmit.used_index(), 3);
  ::close(fd);
}

TEST_F(ConsoleTest, TurnsLoseNothing) {
  std::FILE* file = std::tmpfile();
  ASSERT_NE(file, nullptr);
  Fixture to_file(output_to(::fileno(file)), abi::kConsoleFeatureStream);
  std::string text(700'000, '\0');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i % 23);
  to_file.ram.put_text(kData, text.substr(0, FakeRam::kReadOnlyStart - kData));
  text = to_file.ram.get_text(kData, 700'000);
  to_file.transmit.descriptor(0, kData, 700'000, kNext, 1);
  to_file.transmit.descriptor(1, kData, 700'000, kNext, 2);
  to_file.transmit.descriptor(2, kStatusAt, sizeof(abi::ConsoleStatus), kWrite);
  to_file.transmit.offer(0);
  to_file.driver.notify(Console::kTransmitQueue);
  EXPECT_EQ(to_file.transmit.used_index(), 0);
  EXPECT_EQ(to_file.loop.posted(), 1U);
  to_file.driver.notify(Console::kTransmitQueue);  // in between: another turn, which finishes
  EXPECT_EQ(to_file.transmit.used_index(), 1);
  EXPECT_EQ(to_file.status().accepted, 1'400'000U);
  while (to_file.loop.run_posted()) {
  }
  std::string written(1'500'000, '\0');
  const ssize_t size = ::pread(::fileno(file), written.data(), written.size(), 0);
  ASSERT_EQ(size, 1'400'000);
  written.resize(static_cast<std::size_t>(size));
  EXPECT_TRUE(written == text + text);
  std::fclose(file);
}

TEST_F(ConsoleTest, ResetsDoNotMakeTurnsPileUp) {
  const int fd = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  Fixture guest(output_to(fd), 0);
  for (int i = 0; i < 100; ++i) {
    FakeDriverQueue transmit(guest.ram, 0x3000, kQueueSize);
    guest.driver.negotiate(0);
    transmit.set_available_index(0);
    guest.driver.set_queue(Console::kTransmitQueue, transmit.layout);
    guest.driver.driver_ok();
    transmit.descriptor(0, 0, FakeRam::kSize, kNext, 1);
    transmit.descriptor(1, 0, FakeRam::kSize);
    transmit.offer(0);
    guest.driver.notify(Console::kTransmitQueue);
    EXPECT_EQ(guest.loop.posted(), 1U);
  }
  ::close(fd);
}

// A write that blocks although poll said that it would not (a terminal that is stopped at that moment, or another
// writer): the signal that ends it is for whoever called.
TEST_F(ConsoleTest, SignalEndsAWriteThatBlocks) {
  struct sigaction action {};
  action.sa_handler = [](int) {};
  struct sigaction previous {};
  ASSERT_EQ(::sigaction(SIGALRM, &action, &previous), 0);
  // An eventfd does that every time: poll(2) says that a counter of 1 can be written to, but not by how much.
  const int fd = ::eventfd(1, EFD_CLOEXEC);
  ASSERT_GE(fd, 0);
  const itimerval soon{.it_interval = {.tv_sec = 0, .tv_usec = 50'000}, .it_value = {.tv_sec = 0, .tv_usec = 50'000}};
  ASSERT_EQ(::setitimer(ITIMER_REAL, &soon, nullptr), 0);
  OutputStream stream(fd);
  const std::uint64_t too_much = ~std::uint64_t{1};
  const std::span<const std::byte> bytes = std::as_bytes(std::span(&too_much, 1));
  const OutputStream::Result result = stream.write(std::span(&bytes, 1), 0, bytes.size());
  const itimerval never{};
  ::setitimer(ITIMER_REAL, &never, nullptr);
  ::sigaction(SIGALRM, &previous, nullptr);
  EXPECT_EQ(result.status, OutputStream::Status::kWouldBlock);
  EXPECT_EQ(result.written, 0U);
  ::close(fd);
}

// ---- input

TEST_F(ConsoleTest, InputArrivesWithinTheNotification) {
  Fixture guest(input_from(pipe_.fds[0]), abi::kConsoleFeatureStream);
  ASSERT_EQ(::write(pipe_.fds[1], "typed", 5), 5);
  EXPECT_EQ(guest.receive.used_index(), 0);
  guest.ask(0, 100);
  EXPECT_EQ(guest.receive.used(0), (FakeDriverQueue::Used{0, kStatusSize + 5}));
  EXPECT_EQ(guest.input_code(0), ConsoleStatusCode::kOk);
  EXPECT_EQ(guest.input(0), "typed");
  EXPECT_FALSE(guest.loop.waits_readable(pipe_.fds[0])) << "the I/O thread is not needed";
}

TEST_F(ConsoleTest, NothingIsTakenThatWasNotAskedFor) {
  Fixture guest(input_from(pipe_.fds[0]), abi::kConsoleFeatureStream);
  ASSERT_EQ(::write(pipe_.fds[1], "l1\nl2\n", 6), 6);
  guest.ask(0, 3);
  EXPECT_EQ(guest.input(0), "l1\n");
  EXPECT_EQ(guest.input_code(0), ConsoleStatusCode::kMore);
  EXPECT_EQ(pipe_.read_now(10), "l2\n");
}

// A reader that waits may be gone when there is something to read.
TEST_F(ConsoleTest, NothingIsTakenForARequestThatHadToWait) {
  Fixture guest(input_from(pipe_.fds[0]), abi::kConsoleFeatureStream);
  guest.ask(0, 100);
  EXPECT_EQ(guest.receive.used_index(), 0);
  EXPECT_EQ(guest.receive.used_flags(), 1) << "no notifications meanwhile";
  ASSERT_EQ(::write(pipe_.fds[1], "late", 4), 4);
  guest.loop.fire_readable(pipe_.fds[0]);
  EXPECT_EQ(guest.receive.used(0), (FakeDriverQueue::Used{0, kStatusSize}));
  EXPECT_EQ(guest.input_code(0), ConsoleStatusCode::kReadable);
  EXPECT_EQ(guest.driver.interrupt.raised, 1);
  EXPECT_EQ(guest.receive.used_flags(), 0);
  EXPECT_FALSE(guest.loop.waits_readable(pipe_.fds[0])) << "no request, no interest";
  guest.ask(1, 100);
  EXPECT_EQ(guest.input(1), "late");
}

TEST_F(ConsoleTest, RequestWithoutRoomAsksWhetherThereIsInput) {
  Fixture guest(input_from(pipe_.fds[0]), abi::kConsoleFeatureStream);
  guest.ask(0, 0);
  EXPECT_EQ(guest.receive.used_index(), 0);
  ASSERT_EQ(::write(pipe_.fds[1], "x", 1), 1);
  guest.loop.fire_readable(pipe_.fds[0]);
  EXPECT_EQ(guest.input_code(0), ConsoleStatusCode::kReadable);
  guest.ask(1, 0);
  EXPECT_EQ(guest.receive.used_index(), 2);
  EXPECT_EQ(guest.input_code(1), ConsoleStatusCode::kReadable);
  EXPECT_EQ(pipe_.read_now(10), "x");
}

TEST_F(ConsoleTest, PlainDriversBufferWaitsForInput) {
  Fixture guest(input_from(pipe_.fds[0]), 0);
  guest.offer_buffer(0, 100);
  ASSERT_TRUE(guest.loop.waits_readable(pipe_.fds[0]));
  ASSERT_EQ(::write(pipe_.fds[1], "typed", 5), 5);
  guest.loop.fire_readable(pipe_.fds[0]);
  EXPECT_EQ(guest.receive.used(0), (FakeDriverQueue::Used{0, 5}));
  EXPECT_EQ(guest.ram.get_text(kData, 5), "typed");
  EXPECT_EQ(guest.driver.interrupt.raised, 1);
}

TEST_F(ConsoleTest, OneTurnReadsNoMoreThanItsBudget) {
  const int fd = ::open("/dev/zero", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  Fixture guest(input_from(fd), abi::kConsoleFeatureStream);
  constexpr std::uint32_t kPiece = 400'000;
  for (std::uint16_t i = 0; i < 5; ++i) {
    guest.receive.descriptor(i, 0x1'0000, kPiece, kWrite | (i < 4 ? kNext : std::uint16_t{0}),
                             static_cast<std::uint16_t>(i + 1));
  }
  guest.receive.offer(0);
  guest.driver.notify(Console::kReceiveQueue);
  EXPECT_EQ(guest.receive.used(0).length, kStatusSize + kTurnBytes);
  ::close(fd);
}

TEST_F(ConsoleTest, ManyBuffersAreFilledTurnByTurn) {
  const int fd = ::open("/dev/zero", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  Fixture guest(input_from(fd), 0);
  for (std::uint16_t i = 0; i < 8; ++i) {
    guest.receive.descriptor(i, 0x1'0000, 400'000, kWrite);
    guest.receive.offer(i);
  }
  guest.driver.notify(Console::kReceiveQueue);
  EXPECT_LT(guest.receive.used_index(), 8) << "the vCPU does not wait for all";
  while (guest.loop.run_posted()) {
  }
  EXPECT_EQ(guest.receive.used_index(), 8);
  ::close(fd);
}

TEST_F(ConsoleTest, ResetsDoNotMakeRequestsPileUp) {
  Fixture guest(input_from(pipe_.fds[0]), abi::kConsoleFeatureStream);
  guest.ask(0, 10);
  guest.driver.write(kStatus, 0);
  guest.driver.negotiate(abi::kConsoleFeatureStream);
  guest.driver.set_queue(Console::kReceiveQueue, guest.receive.layout);
  guest.driver.driver_ok();
  guest.driver.notify(Console::kReceiveQueue);  // the first request still stands, and serves the new life
  ASSERT_EQ(::write(pipe_.fds[1], "x", 1), 1);
  guest.loop.fire_readable(pipe_.fds[0]);
  EXPECT_EQ(guest.receive.used(0), (FakeDriverQueue::Used{0, kStatusSize + 1}));
  EXPECT_EQ(guest.loop.requests(), 1U);
}

TEST_F(ConsoleTest, BuffersAreFilledOneAfterTheOther) {
  Fixture guest(input_from(pipe_.fds[0]), 0);
  guest.offer_buffer(0, 4);
  guest.offer_buffer(1, 4);
  ASSERT_EQ(::write(pipe_.fds[1], "abcdefgh", 8), 8);
  guest.loop.fire_readable(pipe_.fds[0]);
  EXPECT_EQ(guest.receive.used_index(), 2);
  EXPECT_EQ(guest.ram.get_text(kData, 4) + guest.ram.get_text(kData + 0x1000, 4), "abcdefgh");
}

TEST_F(ConsoleTest, StaleReadinessDoesNotBlock) {
  Fixture guest(input_from(pipe_.fds[0]), 0);
  guest.offer_buffer(0, 4);
  guest.loop.fire_readable(pipe_.fds[0]);  // nothing is there
  EXPECT_EQ(guest.receive.used_index(), 0);
  EXPECT_TRUE(guest.loop.waits_readable(pipe_.fds[0]));
}

// What cannot refuse a read is asked whether it would wait.
TEST_F(ConsoleTest, CounterThatIsZeroDoesNotBlock) {
  const int fd = ::eventfd(0, EFD_CLOEXEC);
  ASSERT_GE(fd, 0);
  Fixture guest(input_from(fd), abi::kConsoleFeatureStream);
  guest.ask(0, 8);
  EXPECT_EQ(guest.receive.used_index(), 0);
  EXPECT_TRUE(guest.loop.waits_readable(fd));
  ::close(fd);
}

// It looks like /dev/null and waits for the kernel's next line.
TEST_F(ConsoleTest, MemoryDeviceThatWaitsDoesNotBlock) {
  const int fd = ::open("/dev/kmsg", O_RDONLY | O_CLOEXEC);
  if (fd < 0 || ::lseek(fd, 0, SEEK_END) != 0) GTEST_SKIP() << "the kernel's log may not be read";
  Fixture guest(input_from(fd), abi::kConsoleFeatureStream);
  ::alarm(20);
  guest.ask(0, 2000);
  ::alarm(0);
  EXPECT_EQ(guest.receive.used_index(), 0);
  EXPECT_TRUE(guest.loop.waits_readable(fd));
  ::close(fd);
}

TEST_F(ConsoleTest, EndOfFileIsNoBytesAndIsToldAgain) {
  Fixture guest(input_from(pipe_.fds[0]), abi::kConsoleFeatureStream);
  pipe_.close_write();
  for (std::uint16_t i = 0; i < 3; ++i) {
    guest.ask(i, 10);
    EXPECT_EQ(guest.receive.used_index(), i + 1);
    EXPECT_EQ(guest.receive.used(i).length, kStatusSize);
    EXPECT_EQ(guest.input_code(i), ConsoleStatusCode::kOk);
  }
}

TEST_F(ConsoleTest, PlainDriverIsNotToldOfEndOfFile) {
  Fixture guest(input_from(pipe_.fds[0]), 0);
  pipe_.close_write();
  guest.offer_buffer(0, 10);
  EXPECT_EQ(guest.receive.used_index(), 0);
  guest.offer_buffer(1, 10);
  EXPECT_FALSE(guest.loop.waits_readable(pipe_.fds[0])) << "a closed pipe is always readable: watching it would spin";
}

TEST_F(ConsoleTest, RegularFileIsReadToItsEnd) {
  std::FILE* file = std::tmpfile();
  ASSERT_NE(file, nullptr);
  std::fputs("from a file", file);
  std::rewind(file);
  std::fflush(file);
  const int fd = ::fileno(file);
  Fixture guest(input_from(fd), abi::kConsoleFeatureStream);
  guest.ask(0, 5);
  EXPECT_EQ(guest.input(0), "from ");
  EXPECT_EQ(::lseek(fd, 0, SEEK_CUR), 5);
  guest.ask(1, 100);
  EXPECT_EQ(guest.input(1), "a file");
  guest.ask(2, 100);
  EXPECT_EQ(guest.receive.used(2).length, kStatusSize);
  std::fclose(file);
}

TEST_F(ConsoleTest, SocketIsRead) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  Fixture guest(input_from(ends[0]), abi::kConsoleFeatureStream);
  guest.ask(0, 10);
  EXPECT_EQ(guest.receive.used_index(), 0);
  ASSERT_EQ(::write(ends[1], "abc", 3), 3);
  guest.loop.fire_readable(ends[0]);
  guest.ask(1, 2);
  EXPECT_EQ(guest.input(1), "ab");
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(ConsoleTest, InputThatCannotBeReadIsNotTheEndOfAFile) {
  const int directory = ::open("/", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(directory, 0);
  Fixture in_directory(input_from(directory), abi::kConsoleFeatureStream);
  in_directory.ask(0, 10);
  EXPECT_EQ(in_directory.input_code(0), ConsoleStatusCode::kDirectory);
  Fixture other_end(input_from(pipe_.fds[1]), abi::kConsoleFeatureStream);
  other_end.ask(0, 10);
  EXPECT_EQ(other_end.input_code(0), ConsoleStatusCode::kBadDescriptor);
  ::close(directory);
}

TEST_F(ConsoleTest, ReadableBufferForInputNeedsReset) {
  Fixture guest(input_from(pipe_.fds[0]), abi::kConsoleFeatureStream);
  ASSERT_EQ(::write(pipe_.fds[1], "x", 1), 1);
  guest.receive.descriptor(0, kData, 10);
  guest.receive.offer(0);
  guest.driver.notify(Console::kReceiveQueue);
  EXPECT_TRUE(guest.driver.read(kStatus) & kStatusNeedsReset);
  EXPECT_EQ(pipe_.read_now(10), "x") << "nothing was consumed";
}

TEST_F(ConsoleTest, InputStatusNeedsItsRoom) {
  Fixture guest(input_from(pipe_.fds[0]), abi::kConsoleFeatureStream);
  ASSERT_EQ(::write(pipe_.fds[1], "x", 1), 1);
  guest.offer_buffer(0, kStatusSize - 1);
  EXPECT_TRUE(guest.driver.read(kStatus) & kStatusNeedsReset);
  EXPECT_EQ(pipe_.read_now(10), "x") << "nothing was consumed";
}

TEST_F(ConsoleTest, ResetForgetsInputThatWaits) {
  Fixture guest(input_from(pipe_.fds[0]), abi::kConsoleFeatureStream);
  guest.ask(0, 10);
  guest.driver.write(kStatus, 0);
  ASSERT_EQ(::write(pipe_.fds[1], "x", 1), 1);
  guest.loop.fire_readable(pipe_.fds[0]);
  EXPECT_EQ(guest.receive.used_index(), 0);
  EXPECT_EQ(pipe_.read_now(10), "x");
}

TEST_F(ConsoleTest, EventIndexDriverIsAlwaysAskedForTheNextBuffer) {
  Fixture guest(input_from(pipe_.fds[0]), abi::kConsoleFeatureStream | kFeatureEventIdx);
  for (std::uint16_t i = 0; i < 5; ++i) {
    guest.receive.set_used_event(i);
    guest.ask(i, 4);
    ASSERT_EQ(::write(pipe_.fds[1], "abcd", 4), 4);
    guest.loop.fire_readable(pipe_.fds[0]);
    ASSERT_EQ(guest.receive.used_index(), i + 1);
    EXPECT_EQ(guest.receive.available_event(), i + 1) << "a driver that honours it would never notify again";
    EXPECT_EQ(pipe_.read_now(4), "abcd");
  }
}

// ---- terminal

TEST_F(ConsoleTest, TerminalHasASize) {
  Fixture guest({.name = "tty", .input_fd = pipe_.fds[0], .output_fd = pipe_.fds[1], .terminal = true}, 1);
  EXPECT_EQ(guest.driver.offered_features() & kConsoleFeatureSize, kConsoleFeatureSize);
  guest.console.set_window_size(24, 80);
  guest.driver.transport.notify_config_changed();
  EXPECT_EQ(guest.driver.read(kConfig), 24U << 16 | 80U) << "le16 cols, le16 rows";
  EXPECT_EQ(guest.driver.interrupt.raised, 1);
  EXPECT_EQ(guest.driver.read(kConfig + 12), 0U) << "beyond the end";
  EXPECT_EQ(guest.driver.read(kConfig + 0xfffc), 0U);
}

}  // namespace
}  // namespace husk::virtio
