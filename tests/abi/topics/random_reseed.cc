// /dev/urandom's ioctls (random(4)): a new seed from below (RNDRESEEDCRNG), by one and by many at once, and without
// the capability for it.
#include <fcntl.h>
#include <linux/random.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "../topic.h"

using namespace abi;

#ifndef RNDRESEEDCRNG
#define RNDRESEEDCRNG _IO('R', 0x07)
#endif

static int reseed_often(int fd, int times) {
  for (int i = 0; i < times; ++i) {
    if (::ioctl(fd, RNDRESEEDCRNG) != 0) return 1;
  }
  return 0;
}

static int run() {
  constexpr int kProcesses = 24, kTimes = 5;
  const int fd = ::open("/dev/urandom", O_RDONLY);
  int bits = 0;
  say("entropy: %s", outcome(::ioctl(fd, RNDGETENTCNT, &bits)));
  say(", %d bits\n", bits);
  for (int i = 0; i < 3; ++i) say("reseed: %s\n", outcome(::ioctl(fd, RNDRESEEDCRNG)));
  std::array<pid_t, kProcesses> children{};
  for (pid_t& child : children) {
    child = ::fork();
    if (child == 0) ::_exit(reseed_often(fd, kTimes));
  }
  int failed = 0;
  for (const pid_t child : children) {
    int status = -1;
    ::waitpid(child, &status, 0);
    failed += status != 0;
  }
  say("many at once: %d failed\n", failed);
  char a[32] = {}, b[32] = {};
  say("read %zd, %zd\n", ::read(fd, a, sizeof a), ::read(fd, b, sizeof b));
  say("different: %s\n", std::memcmp(a, b, sizeof a) != 0 ? "yes" : "no");
  say_end("without the capability", in_child([&] {
            if (::setuid(1000) != 0) return 1;
            say("reseed: %s\n", outcome(::ioctl(fd, RNDRESEEDCRNG)));
            return 0;
          }));
  return 0;
}

static const Topic topic("random_reseed", run);
