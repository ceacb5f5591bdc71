// Descriptors: duplicates share an offset, flags belong to one or to all, lowest numbers, limits.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../topic.h"

using namespace abi;

static int run() {
  const int fd = ::open("file", O_RDWR | O_CREAT | O_TRUNC, 0644);
  const int copy = ::dup(fd);
  say("dup gives the lowest free number: %s\n", copy == fd + 1 ? "yes" : "no");
  ::write(fd, "abcdef", 6);
  say("one offset: %ld\n", static_cast<long>(::lseek(copy, 0, SEEK_CUR)));
  const int other = ::open("file", O_RDONLY);
  say("another open, another offset: %ld\n", static_cast<long>(::lseek(other, 0, SEEK_CUR)));
  say("dup2 onto an open one: %d\n", ::dup2(fd, other) == other);
  say("dup2 onto itself: %d\n", ::dup2(fd, fd) == fd);
  say("dup3 onto itself: %s\n", outcome(::dup3(fd, fd, 0)));
  say("dup2 from a closed one: %s\n", outcome(::dup2(77, 78)));
  say("dup2 onto -1: %s\n", outcome(::dup2(fd, -1)));
  say("F_DUPFD from 20: %d\n", ::fcntl(fd, F_DUPFD, 20));
  say("F_DUPFD_CLOEXEC from 20: %d, flags %d\n", ::fcntl(fd, F_DUPFD_CLOEXEC, 20), ::fcntl(21, F_GETFD));
  say("F_GETFL: %o\n", ::fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK));
  say("F_SETFL: %s\n", outcome(::fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK | O_WRONLY)));
  say("seen by its duplicate: %o\n", ::fcntl(copy, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK));
  say("F_SETFD: %s, ", outcome(::fcntl(copy, F_SETFD, FD_CLOEXEC)));
  say("%d and %d\n", ::fcntl(copy, F_GETFD), ::fcntl(fd, F_GETFD));
  ::close(fd);
  say("its duplicate lives: %zd\n", ::write(copy, "g", 1));
  say("the closed number is taken again: %s\n", ::open("/dev/null", O_RDONLY) == fd ? "yes" : "no");
  say("unknown command: %s\n", outcome(::fcntl(copy, 9999)));
  say("on a closed one: %s\n", outcome(::fcntl(77, F_GETFD)));
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = 32;
  say("setrlimit: %s\n", outcome(::setrlimit(RLIMIT_NOFILE, &limit)));
  int last = -1, next = 0;
  while ((next = ::dup(copy)) >= 0) last = next;
  say("descriptors up to %d, then %s\n", last, outcome(-1));
  say("dup2 beyond the limit: %s\n", outcome(::dup2(copy, 40)));
  say_end("a child's table is its own", in_child([&] {
            ::close(copy);
            return 0;
          }));
  say("ours is still open: %s\n", outcome(::fcntl(copy, F_GETFD)));
  say("close_range: %s, ", outcome(::close_range(20, 31, 0)));
  say("%s\n", outcome(::fcntl(25, F_GETFD)));
  return 0;
}

static const Topic topic("dup_fcntl", run);
