// Reads and writes that take long: other processes run meanwhile, signals end what they end, and what they move is whole.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "../topic.h"

using namespace abi;

namespace {

constexpr std::size_t kPart = std::size_t{4} << 20;
constexpr std::size_t kSize = std::size_t{1} << 30;

// A gigabyte of addresses that needs 4 MiB of memory: one file, mapped again and again.
char* make_buffer() {
  const int file = ::memfd_create("part", 0);
  ::ftruncate(file, kPart);
  auto* buffer =
      static_cast<char*>(::mmap(nullptr, kSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  for (std::size_t i = 0; i < kSize / kPart; ++i) {
    ::mmap(buffer + i * kPart, kPart, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0);
  }
  ::close(file);
  return buffer;
}

void zeros(char* buffer) {
  say_end("interrupted", in_child([&] {
            ::signal(SIGALRM, [](int) {});
            const itimerval ticks{.it_interval = {.tv_sec = 0, .tv_usec = 10'000},
                                  .it_value = {.tv_sec = 0, .tv_usec = 10'000}};
            ::setitimer(ITIMER_REAL, &ticks, nullptr);
            const int zero = ::open("/dev/zero", O_RDONLY);
            const ssize_t got = ::read(zero, buffer, kSize);
            say("a read of /dev/zero: %s\n", got == static_cast<ssize_t>(kSize) ? "all"
                                             : got > 0                          ? "a part"
                                                                                : outcome(got));
            return 0;
          }));
  // The child reads for ever; the parent's sleep is not as long as one of its reads.
  int ends[2];
  ::pipe(ends);
  const pid_t child = in_child([&] {
    const int zero = ::open("/dev/zero", O_RDONLY);
    for (;;) {
      ::read(zero, buffer, kSize);
      ::write(ends[1], "x", 1);
    }
    return 0;
  });
  ::usleep(5000);
  int flags = ::fcntl(ends[0], F_GETFL);
  ::fcntl(ends[0], F_SETFL, flags | O_NONBLOCK);
  char byte;
  say("woken in the middle of it: %s\n", outcome(::read(ends[0], &byte, 1)));
  ::kill(child, SIGKILL);
  say_end("its reader", child);
}

// Two that append blocks much larger than a piece: no block is mixed with another.
void appends() {
  constexpr std::size_t kBlock = 150'000;
  write_file("log", "");
  pid_t children[3];
  for (int which = 0; which < 3; ++which) {
    children[which] = in_child([&] {
      const int fd = ::open("log", O_WRONLY | O_APPEND);
      const std::string block(kBlock, static_cast<char>('a' + which));
      for (int i = 0; i < 3; ++i) {
        if (::write(fd, block.data(), block.size()) != static_cast<ssize_t>(block.size())) return 1;
      }
      return 0;
    });
  }
  for (const pid_t child : children) say_end("appender", child);
  const int fd = ::open("log", O_RDONLY);
  std::string block(kBlock, ' ');
  int whole = 0, mixed = 0;
  while (::read(fd, block.data(), kBlock) == static_cast<ssize_t>(kBlock)) {
    (block.find_first_not_of(block[0]) == std::string::npos ? whole : mixed) += 1;
  }
  say("whole blocks %d, mixed ones %d\n", whole, mixed);
  ::close(fd);
}

// Three that read through one description: each block comes to one of them, in one piece.
void shared_position() {
  const int fd = ::open("log", O_RDWR | O_TRUNC);
  constexpr int kBlocks = 8;
  constexpr std::size_t kBlock = 150'000;
  for (int i = 0; i < kBlocks; ++i) {
    const std::string block(kBlock, static_cast<char>('a' + i));
    ::write(fd, block.data(), block.size());
  }
  ::lseek(fd, 0, SEEK_SET);
  pid_t children[3];
  for (pid_t& child : children) {
    child = in_child([&] {
      std::string block(kBlock, ' ');
      int bad = 0;
      while (::read(fd, block.data(), kBlock) == static_cast<ssize_t>(kBlock)) {
        if (block.find_first_not_of(block[0]) != std::string::npos) ++bad;
      }
      return bad;
    });
  }
  for (const pid_t child : children) say_end("reader", child);
  say("position %ld\n", static_cast<long>(::lseek(fd, 0, SEEK_CUR)));
  ::close(fd);
}

int run() {
  char* buffer = make_buffer();
  zeros(buffer);
  appends();
  shared_position();
  return 0;
}

const Topic topic("long_transfers", run);

}  // namespace
