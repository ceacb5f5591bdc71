// Arguments at the ends of their ranges, and buffers that end too early, of calls on files and directories.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <string>

#include "../topic.h"

using namespace abi;

static constexpr std::int64_t kLast = 0x7fff'ffff'ffff'ffff;
static constexpr std::size_t kPage = 4096;

static void offsets() {
  write_file("file", "0123456789");
  const int fd = ::open("file", O_RDWR);
  char buffer[1024];
  say("pread at the last offset: %s\n", outcome(::pread(fd, buffer, sizeof buffer, kLast)));
  say("pwrite there: %s, of nothing: %s\n", outcome(::pwrite(fd, buffer, sizeof buffer, kLast)),
      outcome(::pwrite(fd, buffer, 0, kLast)));
  say("just not too far: %zd\n", ::pread(fd, buffer, sizeof buffer, kLast - 1024));
  iovec parts[2] = {{buffer, 512}, {buffer, 512}};
  say("preadv: %s, pwritev: %s\n", outcome(::preadv(fd, parts, 2, kLast - 1000)),
      outcome(::pwritev(fd, parts, 2, kLast - 1000)));
  say("sync_file_range: %s, to the end: %s\n", outcome(::sync_file_range(fd, kLast, kLast, 0)),
      outcome(::sync_file_range(fd, 0, kLast, 0)));
  for (const std::uint64_t offset :
       {std::uint64_t{0x7fff'ffff'ffff'f000}, std::uint64_t{1} << 63, ~std::uint64_t{8191}})
    say("map at %#lx: %s\n", offset, outcome(::syscall(SYS_mmap, nullptr, kPage, PROT_READ, MAP_SHARED, fd, offset)));
  ::close(fd);
}

static void times() {
  say("futimesat without a name: %s", outcome(::syscall(SYS_futimesat, AT_FDCWD, nullptr, nullptr)));
  say(", utimensat: %s\n", outcome(::syscall(SYS_utimensat, AT_FDCWD, nullptr, nullptr, 0)));
  const timespec neither[2] = {{0, UTIME_OMIT}, {0, UTIME_OMIT}};
  say("nothing to change: %s\n", outcome(::syscall(SYS_utimensat, -1, "absent", neither, 0)));
}

static void directories() {
  ::mkdir("directory", 0755);
  for (const char* name : {"a", "b", "c"}) write_file((std::string("directory/") + name).c_str(), "");
  const int fd = ::open("directory", O_RDONLY | O_DIRECTORY);
  char buffer[512];
  say("a large size: %s", outcome(::syscall(SYS_getdents64, fd, buffer, 0x8000'0000u)));
  say(", %s\n", outcome(::syscall(SYS_getdents64, fd, buffer, 0xffff'ffffu)));
  char* pages =
      static_cast<char*>(::mmap(nullptr, 2 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ::munmap(pages + kPage, kPage);
  // Room for one record of 24 bytes, and then memory that is not there.
  int entries = 0, failures = 0;
  for (;;) {
    const long got = ::syscall(SYS_getdents64, fd, pages + kPage - 40, kPage);
    if (got < 0) ++failures;
    if (got <= 0) break;
    if (got <= 40) ++entries;
  }
  say("one by one: %d, failed %d\n", entries, failures);
  ::lseek(fd, 0, SEEK_SET);
  say("no room for one: %s\n", outcome(::syscall(SYS_getdents64, fd, pages + kPage - 8, kPage)));
  ::close(fd);
  for (const char* path : {"/proc", "/proc/self", "/proc/self/task", "/proc/self/fd", "/sys/devices"}) {
    const int proc = ::open(path, O_RDONLY | O_DIRECTORY);
    say("the end of %s: %ld\n", path, static_cast<long>(::lseek(proc, 0, SEEK_END)));
    ::close(proc);
  }
  say("O_DIRECT: %s\n", outcome(::open("directory", O_RDONLY | O_DIRECT)));
  const int neither = ::open("file", O_RDONLY | 3);
  char byte = 0;
  say("access mode 3: %s, read %s", outcome(neither), outcome(::read(neither, &byte, 1)));
  say(", write %s, mode %d\n", outcome(::write(neither, &byte, 1)), ::fcntl(neither, F_GETFL) & O_ACCMODE);
  ::close(neither);
}

static int sender;
static void size_limit() {
  struct sigaction action {};
  action.sa_flags = SA_SIGINFO;
  action.sa_sigaction = [](int, siginfo_t* info, void*) { sender = info->si_code == SI_USER ? info->si_pid : -1; };
  ::sigaction(SIGXFSZ, &action, nullptr);
  const int fd = ::open("file", O_RDWR);
  rlimit none{};
  ::getrlimit(RLIMIT_FSIZE, &none);
  const rlimit limit{100, none.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &limit);
  const char* what = outcome(::pwrite(fd, "x", 1, 100));
  ::setrlimit(RLIMIT_FSIZE, &none);
  say("beyond the limit: %s", what);
  say(", the signal is from itself: %d\n", sender == ::getpid());
}

static int run() {
  offsets();
  times();
  directories();
  size_limit();
  return 0;
}

static const Topic topic("offset_limits", run);
