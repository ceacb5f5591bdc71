// The times of a file that is written through a shared mapping.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../topic.h"

using namespace abi;

static constexpr std::size_t kPage = 4096;

// Whether mtime and ctime have changed since the last call; sets mtime back to the year 2001.
static const char* changed(int fd) {
  static timespec before{};
  struct stat now {};
  ::fstat(fd, &now);
  const bool modified = now.st_mtim.tv_sec > 1'100'000'000;
  const bool ctime = now.st_ctim.tv_sec != before.tv_sec || now.st_ctim.tv_nsec != before.tv_nsec;
  ::usleep(20'000);  // Linux's file times move on with the timer's ticks
  const timespec times[2] = {{.tv_sec = 1'000'000'000, .tv_nsec = 0}, {.tv_sec = 1'000'000'000, .tv_nsec = 0}};
  ::futimens(fd, times);
  struct stat after {};
  ::fstat(fd, &after);
  before = after.st_ctim;
  ::usleep(20'000);
  return modified ? ctime ? "mtime and ctime" : "mtime only" : ctime ? "ctime only" : "nothing";
}

static int run() {
  const int fd = ::open("file", O_RDWR | O_CREAT, 0644);
  for (int i = 0; i < 4; ++i) ::pwrite(fd, "file", 4, i * static_cast<off_t>(kPage));
  ::fsync(fd);
  changed(fd);
  volatile char* shared = static_cast<char*>(::mmap(nullptr, 4 * kPage, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  volatile char* own = static_cast<char*>(::mmap(nullptr, 4 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
  char* const area = const_cast<char*>(shared);
  say("mapped: %s\n", changed(fd));
  char c = shared[0];
  say("read: %s (%c)\n", changed(fd), c);
  own[0] = 'p';
  say("written to a private mapping: %s\n", changed(fd));
  shared[0] = 's';
  say("written: %s\n", changed(fd));
  shared[0] = 't';
  say("written again: %s\n", changed(fd));
  shared[kPage] = 's';
  say("another page: %s\n", changed(fd));
  say("msync %s: %s\n", outcome(::msync(area, 4 * kPage, MS_SYNC)), changed(fd));
  c = shared[0];
  say("read: %s (%c)\n", changed(fd), c);
  shared[0] = 'u';
  say("written after msync: %s\n", changed(fd));
  say("MS_ASYNC %s: %s\n", outcome(::msync(area, 4 * kPage, MS_ASYNC)), changed(fd));
  shared[0] = 'v';
  say("written after MS_ASYNC: %s\n", changed(fd));
  say("fsync %s: %s\n", outcome(::fsync(fd)), changed(fd));
  shared[0] = 'w';
  say("written after fsync: %s\n", changed(fd));
  ::fdatasync(fd);
  say_end("a child writes", in_child([&] {
            shared[0] = 'x';
            return 0;
          }));
  say("written after fdatasync by a child: %s\n", changed(fd));
  const int zero = ::open("/dev/zero", O_RDONLY);
  ::read(zero, area + 2 * kPage, 10);
  say("written by the kernel: %s\n", changed(fd));
  ::munmap(area, 4 * kPage);
  say("unmapped: %s\n", changed(fd));
  char text[8] = {};
  ::pread(fd, text, 4, 0);
  say("[%s]\n", text);
  return 0;
}

static const Topic topic("mmap_times", run);
