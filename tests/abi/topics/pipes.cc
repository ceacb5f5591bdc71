// Pipes: order, partial reads, end of file, broken pipes, non-blocking ends, more than fits.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "../topic.h"

using namespace abi;

static void basics() {
  int ends[2];
  say("pipe: %s\n", outcome(::pipe(ends)));
  char buffer[32] = {};
  ::write(ends[1], "hello world", 11);
  say("read 5: %zd", ::read(ends[0], buffer, 5));
  say(" [%.5s]\n", buffer);
  say("read the rest: %zd", ::read(ends[0], buffer, sizeof buffer));
  say(" [%.6s]\n", buffer);
  say("write to the read end: %s\n", outcome(::write(ends[0], "x", 1)));
  say("read from the write end: %s\n", outcome(::read(ends[1], buffer, 1)));
  say("lseek: %s\n", outcome(::lseek(ends[0], 0, SEEK_SET)));
  ::write(ends[1], "last", 4);
  ::close(ends[1]);
  say("after close: %zd, ", ::read(ends[0], buffer, sizeof buffer));
  say("then %zd\n", ::read(ends[0], buffer, sizeof buffer));
  ::close(ends[0]);
}

static void broken() {
  int ends[2];
  ::pipe(ends);
  ::close(ends[0]);
  say_end("writer of a broken pipe", in_child([&] { return static_cast<int>(::write(ends[1], "x", 1)); }));
  say_end("one that ignores SIGPIPE", in_child([&] {
            ::signal(SIGPIPE, SIG_IGN);
            say("write: %s\n", outcome(::write(ends[1], "x", 1)));
            return 0;
          }));
  ::close(ends[1]);
}

static void non_blocking() {
  int ends[2];
  say("pipe2: %s\n", outcome(::pipe2(ends, O_NONBLOCK | O_CLOEXEC)));
  char page[4096];
  std::memset(page, 'p', sizeof page);
  say("empty: %s\n", outcome(::read(ends[0], page, 1)));
  int total = 0;
  while (::write(ends[1], page, sizeof page) == static_cast<ssize_t>(sizeof page)) total += sizeof page;
  say("full after %d bytes: %s\n", total, outcome(-1));
  ::read(ends[0], page, sizeof page);
  say("a page fits again: %zd\n", ::write(ends[1], page, sizeof page));
  ::close(ends[0]);
  ::close(ends[1]);
}

static void stream() {
  int ends[2];
  ::pipe(ends);
  const pid_t child = in_child([&] {
    ::close(ends[0]);
    std::string block(70'000, '\0');  // more than a pipe holds: the writer must sleep
    for (std::size_t i = 0; i < block.size(); ++i) block[i] = static_cast<char>(i * 7);
    for (int i = 0; i < 5; ++i) {
      if (::write(ends[1], block.data(), block.size()) != static_cast<ssize_t>(block.size())) return 1;
    }
    return 0;
  });
  ::close(ends[1]);
  unsigned long sum = 0, count = 0;
  unsigned char buffer[3000];
  ssize_t got = 0;
  while ((got = ::read(ends[0], buffer, sizeof buffer)) > 0) {
    for (ssize_t i = 0; i < got; ++i) sum = sum * 31 + buffer[i];
    count += static_cast<unsigned long>(got);
  }
  say("stream: %lu bytes, sum %lx\n", count, sum);
  say_end("its writer", child);
  ::close(ends[0]);
}

static int run() {
  basics();
  broken();
  non_blocking();
  stream();
  return 0;
}

static const Topic topic("pipes", run);
