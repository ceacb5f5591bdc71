// virtio-console: what the guest reads, and the terminal's size.
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cstdio>

#include "tests/unit/console_fixture.h"

namespace husk::test::console {
namespace {

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
}  // namespace husk::test::console
