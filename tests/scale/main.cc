// scale [--turns N] [CASE...]: for each case a line "NAME COUNT NANOSECONDS-OF-COUNT NANOSECONDS-OF-TEN-TIMES-COUNT",
// each time the shortest of a few turns, each in a process of its own. "NAME COUNT - WHY" where something failed.
// A turn does COUNT ten times over and takes the mean, so that both measurements are as long: a short one fits between
// two turns of a busy host's scheduler, and a long one does not.
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "tests/scale/scale.h"

namespace scale {
namespace {

int report = -1;  // where a case's process writes its time, or why there is none

// Empty: `time` has one more result added.
std::string measure(const Case& one, unsigned count, std::uint64_t& time) {
  int ends[2];
  if (::pipe(ends) != 0) return std::strerror(errno);
  const pid_t child = ::fork();
  if (child == 0) {
    ::setsid();
    report = ends[1];
    const std::uint64_t taken = one.run(count);
    static_cast<void>(::write(report, &taken, sizeof taken));
    ::_exit(0);
  }
  ::close(ends[1]);
  char text[200] = {};
  const ssize_t length = child < 0 ? -1 : ::read(ends[0], text, sizeof text - 1);
  ::close(ends[0]);
  int status = 0;
  if (child > 0) {
    ::waitpid(child, &status, 0);
    // What it left: in its process group, and, where this is process 1, children of this one.
    ::kill(-child, SIGKILL);
    while (::getpid() == 1 && ::waitpid(-1, nullptr, 0) > 0) continue;
  }
  if (length != sizeof time || status != 0) return length > 0 ? text : "the process ended";
  std::uint64_t taken = 0;
  std::memcpy(&taken, text, sizeof taken);
  time += taken;
  return {};
}

void run(const Case& one, unsigned turns) {
  std::uint64_t small = ~std::uint64_t{0}, large = small;
  for (unsigned turn = 0; turn < turns; ++turn) {
    std::uint64_t ten_small = 0, one_large = 0;
    std::string problem;
    for (int again = 0; again < 10 && problem.empty(); ++again) problem = measure(one, one.count, ten_small);
    if (problem.empty()) problem = measure(one, one.count * 10, one_large);
    small = std::min(small, ten_small / 10);
    large = std::min(large, one_large);
    if (!problem.empty()) {
      std::printf("%s %u - %s\n", one.name, one.count, problem.c_str());
      return;
    }
  }
  std::printf("%s %u %lu %lu\n", one.name, one.count, static_cast<unsigned long>(small),
              static_cast<unsigned long>(large));
  std::fflush(stdout);
}

// As far as it goes: to raise the hard limit is not everywhere allowed, not even to root.
void raise_limit(decltype(RLIMIT_AS) what) {
  struct rlimit limit = {};
  ::getrlimit(what, &limit);
  limit.rlim_cur = limit.rlim_max = std::max<rlim_t>(limit.rlim_max, 100'000);
  if (::setrlimit(what, &limit) == 0) return;
  ::getrlimit(what, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(what, &limit);
}

}  // namespace

void check(bool ok, const char* what, unsigned turn) {
  if (ok) return;
  char text[150];
  const int length = std::snprintf(text, sizeof text, "%s number %u: %s", what, turn, std::strerror(errno));
  static_cast<void>(::write(report, text, static_cast<std::size_t>(length)));
  ::_exit(1);
}

}  // namespace scale

int main(int argument_count, char** arguments) {
  using namespace scale;
  unsigned turns = 1;
  int first = 1;
  if (argument_count > 2 && std::strcmp(arguments[1], "--turns") == 0) {
    turns = static_cast<unsigned>(std::atoi(arguments[2]));
    first = 3;
  }
  raise_limit(RLIMIT_NOFILE);
  raise_limit(RLIMIT_SIGPENDING);
  // A tmpfs everywhere.
  if (::chdir("/dev/shm") != 0) {
    std::perror("scale: /dev/shm");
    return 2;
  }
  for (const Cases& cases : {kMemoryCases, kFileCases, kTaskCases, kEventCases}) {
    for (std::size_t index = 0; index < cases.count; ++index) {
      bool wanted = first == argument_count;
      for (int at = first; at < argument_count; ++at)
        wanted = wanted || std::strcmp(arguments[at], cases.first[index].name) == 0;
      if (wanted) run(cases.first[index], turns);
    }
  }
  return 0;
}
