// eventfd(2): the counter, the semaphore, blocking, what poll(2) says, what the descriptor is.
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstring>

#include "../topic.h"

using namespace abi;

static std::uint64_t take(int fd) {
  std::uint64_t value = 0;
  say("read: %s", outcome(::read(fd, &value, sizeof value)));
  say(" %llu\n", static_cast<unsigned long long>(value));
  return value;
}

static void add(int fd, std::uint64_t value) {
  say("write %llu: %s\n", static_cast<unsigned long long>(value), outcome(::write(fd, &value, sizeof value)));
}

static void ready(int fd) {
  pollfd poll{fd, POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM, 0};
  const int count = ::poll(&poll, 1, 0);
  say("poll: %d, events %#x\n", count, static_cast<unsigned>(poll.revents));
}

static void counter() {
  const int fd = ::eventfd(3, EFD_NONBLOCK);
  ready(fd);
  take(fd);
  take(fd);
  ready(fd);
  add(fd, 0);
  ready(fd);
  add(fd, 5);
  add(fd, 7);
  take(fd);
  add(fd, UINT64_MAX);
  add(fd, UINT64_MAX - 1);
  ready(fd);
  add(fd, 1);
  add(fd, 0);
  take(fd);
  ::close(fd);
}

static void semaphore() {
  const int fd = ::eventfd(2, EFD_NONBLOCK | EFD_SEMAPHORE);
  for (int i = 0; i < 3; ++i) take(fd);
  ::close(fd);
}

static void sizes() {
  const int fd = ::eventfd(1, EFD_NONBLOCK);
  char bytes[16] = {};
  say("read of 7: %s\n", outcome(::read(fd, bytes, 7)));
  say("read of 16: %zd\n", ::read(fd, bytes, 16));
  bytes[0] = 1;
  say("write of 7: %s\n", outcome(::write(fd, bytes, 7)));
  std::memset(bytes + 8, 0xff, 8);
  say("write of 16: %zd\n", ::write(fd, bytes, 16));
  take(fd);
  std::uint64_t one = 1;
  iovec parts[2] = {{&one, 4}, {reinterpret_cast<char*>(&one) + 4, 4}};
  say("writev of two halves: %s\n", outcome(::writev(fd, parts, 2)));
  iovec two[2] = {{&one, 8}, {&one, 8}};
  say("writev of two: %zd\n", ::writev(fd, two, 2));
  std::uint64_t first = 9, second = 9;
  iovec rooms[2] = {{&first, 8}, {&second, 8}};
  say("readv of two: %zd", ::readv(fd, rooms, 2));
  say(" %d %d\n", static_cast<int>(first), static_cast<int>(second));
  ::close(fd);
  const int unreadable = ::eventfd(1, EFD_NONBLOCK);
  say("read to nowhere: %s\n", outcome(::read(unreadable, reinterpret_cast<void*>(8), 8)));
  take(unreadable);
  ::close(unreadable);
}

// Nobody speaks while two run.
static void blocking() {
  const int fd = ::eventfd(0, 0);
  std::uint64_t value = 4;
  const pid_t reader = in_child([&] {
    std::uint64_t got = 0;
    return ::read(fd, &got, sizeof got) == 8 && got == 4 ? 0 : 1;
  });
  await_asleep(reader);
  ::write(fd, &value, sizeof value);
  say_end("reader", reader);
  add(fd, UINT64_MAX - 1);
  const pid_t writer = in_child([&] {
    const std::uint64_t two = 2;
    return ::write(fd, &two, sizeof two) == 8 ? 0 : 1;
  });
  await_asleep(writer);
  ::read(fd, &value, sizeof value);
  say_end("writer", writer);
  take(fd);
  const pid_t poller = in_child([&] {
    pollfd poll{fd, POLLIN, 0};
    return ::poll(&poll, 1, -1) == 1 && poll.revents == POLLIN ? 0 : 1;
  });
  await_asleep(poller);
  value = 1;
  ::write(fd, &value, sizeof value);
  say_end("poller", poller);
  ::close(fd);
}

static void what_it_is() {
  say("flags: %s\n", outcome(::eventfd(0, 0x100)));
  const int fd = ::eventfd(0, EFD_CLOEXEC);
  struct stat status = {};
  ::fstat(fd, &status);
  struct statfs system = {};
  ::fstatfs(fd, &system);
  say("mode %o, size %d, file system %#lx\n", status.st_mode, static_cast<int>(status.st_size),
      static_cast<unsigned long>(system.f_type));
  say("F_GETFL %#x F_GETFD %d\n", ::fcntl(fd, F_GETFL), ::fcntl(fd, F_GETFD));
  char link[PATH_MAX] = {};
  char name[64];
  std::snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  const ssize_t length = ::readlink(name, link, sizeof link - 1);
  say("link: %s\n", length > 0 ? link : "none");
  say("open it: %s\n", outcome(::open(name, O_RDWR)));
  say("lseek: %s\n", outcome(::lseek(fd, 10, SEEK_SET)));
  std::uint64_t value = 1;
  say("pread: %s, pwrite: %s\n", outcome(::pread(fd, &value, 8, 0)), outcome(::pwrite(fd, &value, 8, 0)));
  say("fsync: %s, ftruncate: %s\n", outcome(::fsync(fd)), outcome(::ftruncate(fd, 0)));
  const int other = ::dup(fd);
  add(other, 6);
  ::fcntl(fd, F_SETFL, O_NONBLOCK);
  take(fd);
  take(other);
}

static int run() {
  counter();
  semaphore();
  sizes();
  blocking();
  what_it_is();
  return 0;
}

static const Topic topic("eventfd", run);
