// virtio-console: what the guest writes.
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cstdio>

#include "tests/unit/console_fixture.h"

namespace husk::test::console {
namespace {

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

}  // namespace
}  // namespace husk::test::console
