#include "vmm/machine/io_thread.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <future>
#include <thread>

namespace husk::machine {
namespace {

using namespace std::chrono_literals;

struct Pipe {
  UniqueFd read, write;
  Pipe() {
    std::array<int, 2> fds{};
    EXPECT_EQ(::pipe2(fds.data(), O_CLOEXEC), 0);
    read.reset(fds[0]);
    write.reset(fds[1]);
  }
};

TEST(IoThread, CallsBackOnceWhenReadable) {
  Pipe pipe;
  IoThread loop;
  std::atomic<int> calls{0};
  std::promise<void> called;
  loop.when_readable(pipe.read.get(), [&] {
    ++calls;
    called.set_value();
  });
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(calls, 0);
  ASSERT_EQ(::write(pipe.write.get(), "x", 1), 1);
  ASSERT_EQ(called.get_future().wait_for(30s), std::future_status::ready);
  std::this_thread::sleep_for(20ms);  // still readable, but nobody asked again
  EXPECT_EQ(calls, 1);
}

TEST(IoThread, ACallbackMayAskAgain) {
  Pipe pipe;
  IoThread loop;
  std::promise<std::string> all;
  std::string seen;
  std::function<void()> read_one = [&] {
    char byte;
    if (::read(pipe.read.get(), &byte, 1) != 1) return all.set_value(seen);  // end of file counts as readable
    seen.push_back(byte);
    loop.when_readable(pipe.read.get(), read_one);
  };
  loop.when_readable(pipe.read.get(), read_one);
  ASSERT_EQ(::write(pipe.write.get(), "abc", 3), 3);
  pipe.write.reset();
  auto result = all.get_future();
  ASSERT_EQ(result.wait_for(30s), std::future_status::ready);
  EXPECT_EQ(result.get(), "abc");
}

TEST(IoThread, BothDirectionsOfOneDescriptor) {
  std::array<int, 2> fds{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0);
  const UniqueFd near(fds[0]);
  const UniqueFd far(fds[1]);
  IoThread loop;
  std::promise<void> readable, writable;
  loop.when_readable(near.get(), [&] { readable.set_value(); });
  loop.when_writable(near.get(), [&] { writable.set_value(); });
  ASSERT_EQ(writable.get_future().wait_for(30s), std::future_status::ready);
  ASSERT_EQ(::write(far.get(), "x", 1), 1);  // the other direction is still waited for
  ASSERT_EQ(readable.get_future().wait_for(30s), std::future_status::ready);
}

TEST(IoThread, DescriptorsWithoutReadinessAreAlwaysReady) {
  const UniqueFd file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  IoThread loop;
  std::promise<void> first, second;
  loop.when_readable(file.get(), [&] {
    first.set_value();
    loop.when_readable(file.get(), [&] { second.set_value(); });
  });
  EXPECT_EQ(first.get_future().wait_for(30s), std::future_status::ready);
  EXPECT_EQ(second.get_future().wait_for(30s), std::future_status::ready);
}

TEST(IoThread, PostedTasksRunInOrderAndStopForgetsTheRest) {
  IoThread loop;
  std::string order;
  std::promise<void> done;
  loop.post([&] { order += 'a'; });
  loop.post([&] { order += 'b'; });
  loop.post([&] { done.set_value(); });
  ASSERT_EQ(done.get_future().wait_for(30s), std::future_status::ready);
  EXPECT_EQ(order, "ab");
  loop.stop();
  loop.post([&] { order += 'c'; });
  loop.stop();
  EXPECT_EQ(order, "ab");
}

// As a write(2) does, between whose poll(2) and it another process filled the pipe.
TEST(IoThread, ACallbackThatBlocksIsNotWaitedForWithoutEnd) {
  Pipe pipe;
  std::promise<void> begun;
  IoThread loop;
  loop.post([&] {
    begun.set_value();
    char byte = 0;
    EXPECT_EQ(::read(pipe.read.get(), &byte, 1), 1);
  });
  ASSERT_EQ(begun.get_future().wait_for(30s), std::future_status::ready);
  EXPECT_FALSE(loop.stop_within(1ms));
  ASSERT_EQ(::write(pipe.write.get(), "x", 1), 1);
  EXPECT_TRUE(loop.stop_within(30s));
  EXPECT_TRUE(loop.stop_within(0ms));
}

TEST(IoThread, CostsNothingUntilItIsAsked) {
  IoThread loop;
  loop.stop();
  EXPECT_TRUE(loop.stop_within(0ms));
}

}  // namespace
}  // namespace husk::machine
