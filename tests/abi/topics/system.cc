// What a process learns of its system: uname, limits, random numbers, and how its ids relate.
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "../topic.h"

using namespace abi;

static int run() {
  utsname system{};
  ::uname(&system);
  say("uname: %s %s\n", system.sysname, system.machine);
  say("a release that glibc accepts: %s\n", std::atoi(system.release) >= 4 ? "yes" : "no");
  say("thread id is process id: %s\n", ::gettid() == ::getpid() ? "yes" : "no");
  const pid_t self = ::getpid();
  say_end("relations", in_child([self] { return ::getppid() == self && ::getpid() > self ? 0 : 1; }));
  say("ids: %u %u %u %u\n", ::getuid(), ::geteuid(), ::getgid(), ::getegid());
  char name[65] = {};
  say("gethostname: %s\n", outcome(::gethostname(name, sizeof name)));
  ::uname(&system);
  say("is uname's node name: %s\n", std::strcmp(name, system.nodename) == 0 ? "yes" : "no");
  say("page size %ld, clock ticks %ld\n", ::sysconf(_SC_PAGESIZE), ::sysconf(_SC_CLK_TCK));
  struct sysinfo information {};
  say("sysinfo: %s, memory %s\n", outcome(::sysinfo(&information)), information.totalram > 0 ? "some" : "none");

  rlimit limit{};
  ::getrlimit(RLIMIT_STACK, &limit);
  say("stack limit is 8 MiB: %s\n", limit.rlim_cur == 8ul << 20 ? "yes" : "no");
  limit = {.rlim_cur = 4ul << 20, .rlim_max = 4ul << 20};
  say("lower RLIMIT_STACK: %s\n", outcome(::setrlimit(RLIMIT_STACK, &limit)));
  rlimit now{};
  ::getrlimit(RLIMIT_STACK, &now);
  say("it is %lu\n", now.rlim_cur);
  say_end("inherited", in_child([] {
            rlimit inherited{};
            ::getrlimit(RLIMIT_STACK, &inherited);
            return inherited.rlim_max == 4ul << 20 ? 0 : 1;
          }));
  limit = {.rlim_cur = 100, .rlim_max = 50};
  say("soft above hard: %s\n", outcome(::setrlimit(RLIMIT_CORE, &limit)));
  say("unknown resource: %s\n", outcome(::syscall(SYS_prlimit64, 0, 99, nullptr, &limit)));
  rusage usage{};
  say("getrusage: %s\n", outcome(::getrusage(RUSAGE_SELF, &usage)));

  unsigned char a[32] = {}, b[32] = {};
  say("getrandom: %zd\n", ::getrandom(a, sizeof a, 0));
  ::getrandom(b, sizeof b, GRND_NONBLOCK);
  say("differs: %s\n", std::memcmp(a, b, sizeof a) != 0 ? "yes" : "no");
  say("unknown flags: %s\n", outcome(::getrandom(a, 1, 0x100)));
  static unsigned char large[20'000];
  say("20,000 bytes: %zd\n", ::getrandom(large, sizeof large, 0));
  int counts[256] = {};
  for (const unsigned char byte : large) ++counts[byte];
  bool even = true;
  for (const int count : counts) even = even && count > 20 && count < 160;  // 78 expected, 8.8 is one sigma
  say("bytes are evenly spread: %s\n", even ? "yes" : "no");
  return 0;
}

static const Topic topic("system", run);
