// Thousands of descriptors: which number is given, what close_range and exec leave, and what a child gets.
#include <dirent.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "../topic.h"

using namespace abi;

namespace {

int open_count() {
  int count = 0;
  DIR* directory = ::opendir("/proc/self/fd");
  while (::readdir(directory)) ++count;
  ::closedir(directory);
  return count - 3;  // ".", "..", and the directory's own
}

int close_between(unsigned first, unsigned last, unsigned flags) {
  return static_cast<int>(::syscall(SYS_close_range, first, last, flags));
}

int run() {
  close_between(3, ~0u, 0);  // what a test's runner left open
  constexpr int kCount = 1'300;
  rlimit limit{kCount + 100, kCount + 100};
  say("limit: %s\n", outcome(::setrlimit(RLIMIT_NOFILE, &limit)));
  int last = 0;
  for (int i = 0; i < kCount; ++i) last = ::dup(0);
  say("last %d, open %d\n", last, open_count());
  for (const int fd : {63, 64, 511, 512, 1024, kCount}) ::close(fd);
  say("lowest first:");
  for (int i = 0; i < 7; ++i) say(" %d", ::dup(0));
  say("\nfrom 800: %d\n", ::fcntl(0, F_DUPFD, 800));
  say("close_range: %s, open %d\n", outcome(close_between(100, 900, 0)), open_count());
  say("next: %d", ::dup(0));
  say(" %d", ::fcntl(0, F_DUPFD_CLOEXEC, 800));
  say(" %d\n", ::fcntl(0, F_DUPFD, 901));
  say("dup2 of a high one: %d\n", ::dup2(0, kCount + 99));
  say("beyond the limit: %s, ", outcome(::dup2(0, kCount + 100)));
  say("%s\n", outcome(::fcntl(0, F_DUPFD, kCount + 100)));
  say("marked: %s\n", outcome(close_between(3, 1'100, CLOSE_RANGE_CLOEXEC)));
  say_end("a child", in_child([] {
            say("has %d\n", open_count());
            say("closes all but three: %s, ", outcome(close_between(3, ~0u, CLOSE_RANGE_UNSHARE)));
            say("has %d\n", open_count());
            return 0;
          }));
  say("still open %d\n", open_count());
  say("backwards: %s, ", outcome(close_between(5, 4, 0)));
  say("unknown flags: %s\n", outcome(close_between(5, 6, 8)));
  const pid_t child = in_child([] {
    ::execl("/bin/sh", "sh", "-c", "ls /proc/self/fd | wc -l", nullptr);
    return 1;
  });
  say_end("exec", child);
  rlimit low{50, kCount + 100};
  ::setrlimit(RLIMIT_NOFILE, &low);
  ::close(20);
  say("under a lower limit: %d, ", ::dup(0));
  say("then %s\n", outcome(::dup(0)));
  return 0;
}

const Topic topic("many_descriptors", run);

}  // namespace
