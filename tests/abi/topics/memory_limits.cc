// RLIMIT_AS, RLIMIT_DATA, RLIMIT_STACK and RLIMIT_MEMLOCK, and mlock(2) in what they count.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "../topic.h"

using namespace abi;

static constexpr std::size_t kPage = 4096;
static constexpr std::size_t kMiB = 1 << 20;

static char* map(std::size_t size, int protection = PROT_READ | PROT_WRITE, int flags = MAP_PRIVATE | MAP_ANONYMOUS) {
  return static_cast<char*>(::mmap(nullptr, size, protection, flags, -1, 0));
}
static const char* mapping(std::size_t size, int protection = PROT_READ | PROT_WRITE,
                           int flags = MAP_PRIVATE | MAP_ANONYMOUS) {
  return outcome(map(size, protection, flags) == MAP_FAILED ? -1 : 0);
}

// A value of /proc/self/status, in KiB.
static long status(const char* name) {
  char text[8192];
  const int fd = ::open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  const ssize_t length = ::read(fd, text, sizeof text - 1);
  ::close(fd);
  text[length > 0 ? length : 0] = '\0';
  const char* line = std::strstr(text, name);
  return line != nullptr ? std::atol(line + std::strlen(name) + 1) : -1;
}

static void limit(int resource, std::size_t size) {
  const rlimit value{size, size};
  if (::setrlimit(static_cast<__rlimit_resource>(resource), &value) != 0) say("setrlimit: %s\n", outcome(-1));
}

static void address_space() {
  limit(RLIMIT_AS, static_cast<std::size_t>(status("VmSize")) * 1024 + 16 * kMiB);
  say("RLIMIT_AS: 17 MiB %s, ", mapping(17 * kMiB));
  say("17 MiB of nothing %s, ", mapping(17 * kMiB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE));
  char* area = map(15 * kMiB);
  say("15 MiB %s, ", outcome(area == MAP_FAILED ? -1 : 0));
  say("2 more %s, ", mapping(2 * kMiB));
  say("over it %s, ",
      outcome(::mmap(area, 15 * kMiB, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED ? -1
                                                                                                               : 0));
  say("grown %s, ", outcome(::mremap(area, 15 * kMiB, 17 * kMiB, MREMAP_MAYMOVE) == MAP_FAILED ? -1 : 0));
  const char* end = static_cast<char*>(::sbrk(0));
  say("break %s, ", outcome(::brk(const_cast<char*>(end) + 2 * kMiB)));
  ::munmap(area, 15 * kMiB);
  say("unmapped: %s\n", mapping(15 * kMiB));
}

static void data() {
  limit(RLIMIT_DATA, static_cast<std::size_t>(status("VmData")) * 1024 + 4 * kMiB);
  say("RLIMIT_DATA: 5 MiB %s, ", mapping(5 * kMiB));
  say("read-only %s, ", mapping(5 * kMiB, PROT_READ));
  say("shared %s, ", mapping(5 * kMiB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS));
  say("3 MiB %s, ", mapping(3 * kMiB));
  char* area = map(5 * kMiB, PROT_READ);
  say("made writable %s, ", outcome(::mprotect(area, 5 * kMiB, PROT_READ | PROT_WRITE)));
  say("half a MiB of it %s, ", outcome(::mprotect(area, kMiB / 2, PROT_READ | PROT_WRITE)));
  const char* end = static_cast<char*>(::sbrk(0));
  say("break %s\n", outcome(::brk(const_cast<char*>(end) + 2 * kMiB)));
}

[[gnu::noinline]] static int deep(int levels) {
  volatile char frame[64 * 1024];
  frame[0] = static_cast<char>(levels);
  return levels == 0 ? 0 : deep(levels - 1) + frame[0];
}

static void locks() {
  limit(RLIMIT_MEMLOCK, 8 * kPage);
  if (::setresuid(1000, 1000, 1000) != 0) say("setresuid: %s\n", outcome(-1));
  char* area = map(32 * kPage);
  say("locked at first: %ld\n", status("VmLck:"));
  say("9 pages %s, ", outcome(::mlock(area, 9 * kPage)));
  say("8 pages %s, ", outcome(::mlock(area, 8 * kPage)));
  say("locked %ld kB, ", status("VmLck:"));
  say("again %s, ", outcome(::mlock(area, 8 * kPage)));
  say("one more %s, ", outcome(::mlock(area + 16 * kPage, kPage)));
  say("MAP_LOCKED %s, ", mapping(kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED));
  say("all %s\n", outcome(::mlockall(MCL_CURRENT)));
  say("unlock two in the middle: %s, ", outcome(::munlock(area + 2 * kPage + 5, kPage)));
  say("locked %ld kB\n", status("VmLck:"));
  say("unmap some: %s, ", outcome(::munmap(area, 2 * kPage)));
  say("locked %ld kB, ", status("VmLck:"));
  say("moved %s, ", outcome(::mremap(area + 4 * kPage, 2 * kPage, 4 * kPage, MREMAP_MAYMOVE) == MAP_FAILED ? -1 : 0));
  say("locked %ld kB\n", status("VmLck:"));
  say_end("a child", in_child([&] {
            say("child: locked %ld kB, ", status("VmLck:"));
            say("MCL_FUTURE %s, ", outcome(::mlockall(MCL_FUTURE)));
            char* more = map(4 * kPage);
            say("4 pages %s, locked %ld kB, ", outcome(more == MAP_FAILED ? -1 : 0), status("VmLck:"));
            say("9 pages %s, ", mapping(9 * kPage));
            say("%s, ", outcome(::munlockall()));
            say("locked %ld kB, ", status("VmLck:"));
            say("then %s\n", mapping(9 * kPage));
            return 0;
          }));
  say("over a hole: %s, ", outcome(::mlock(area, 4 * kPage)));
  char* closed = map(2 * kPage, PROT_NONE);
  say("PROT_NONE: %s\n", outcome(::mlock(closed, kPage)));
  limit(RLIMIT_MEMLOCK, 0);
  say("no limit left: mlock %s, ", outcome(::mlock(area + 20 * kPage, kPage)));
  say("MAP_LOCKED %s, ", mapping(kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED));
  say("all %s, ", outcome(::mlockall(MCL_CURRENT)));
  say("munlock %s\n", outcome(::munlock(area + 8 * kPage, kPage)));
}

static int run() {
  say_end("address space", in_child([] { return address_space(), 0; }));
  say_end("data", in_child([] { return data(), 0; }));
  say_end("a stack within its limit", in_child([] { return deep(40) == -1; }));
  say_end("a stack after the limit was lowered", in_child([] {
            limit(RLIMIT_STACK, kMiB);
            return deep(40) == -1;
          }));
  say_end("a stack without address space", in_child([] {
            limit(RLIMIT_AS, static_cast<std::size_t>(status("VmSize")) * 1024 + kMiB);
            return deep(40) == -1;
          }));
  say_end("locks", in_child([] { return locks(), 0; }));

  const long peak_before = status("VmPeak:");
  char* area = map(64 * kMiB, PROT_READ);
  ::munmap(area, 64 * kMiB);
  say("VmPeak remembers: %s\n", status("VmPeak:") - peak_before >= 60 * 1024 ? "yes" : "no");
  const long resident_before = status("VmRSS:");
  area = map(16 * kMiB);
  std::memset(area, 1, 16 * kMiB);
  say("VmRSS grows: %s, ", status("VmRSS:") - resident_before >= 15 * 1024 ? "yes" : "no");
  ::munmap(area, 16 * kMiB);
  say("and shrinks: %s, ", status("VmRSS:") - resident_before < 4 * 1024 ? "yes" : "no");
  say("VmHWM remembers: %s\n", status("VmHWM:") - resident_before >= 15 * 1024 ? "yes" : "no");
  return 0;
}

static const Topic topic("memory_limits", run);
