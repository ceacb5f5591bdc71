// /dev: null, zero, full, random, urandom, tty; how they answer to reading, writing, mapping and seeking.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cstring>

#include "../topic.h"

using namespace abi;

static int run() {
  char data[64];
  for (const char* path : {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"}) {
    struct stat status {};
    ::stat(path, &status);
    const int fd = ::open(path, O_RDWR);
    std::memset(data, 7, sizeof data);
    say("%s: %s, device %u:%u, open %s", path, S_ISCHR(status.st_mode) ? "character" : "other", major(status.st_rdev),
        minor(status.st_rdev), outcome(fd));
    say(", read %zd", ::read(fd, data, 16));
    bool zero = true, same = true;
    for (int i = 0; i < 16; ++i) zero = zero && data[i] == 0, same = same && data[i] == 7;
    say(" (%s)", zero ? "zeros" : same ? "untouched" : "data");
    say(", write %s", outcome(::write(fd, "abc", 3)));
    say(", seek %s", outcome(::lseek(fd, 10, SEEK_SET)));
    say(", ioctl %s\n", ::isatty(fd) ? "terminal" : outcome(-1));
  }
  char a[32], b[32];
  const int random = ::open("/dev/urandom", O_RDONLY);
  ::read(random, a, sizeof a);
  ::read(random, b, sizeof b);
  say("random numbers differ: %s\n", std::memcmp(a, b, sizeof a) != 0 ? "yes" : "no");
  say_end("a child's, too", in_child([&] {
            ::read(random, b, sizeof b);
            return std::memcmp(a, b, sizeof a) == 0;
          }));
  char* zeros =
      static_cast<char*>(::mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, ::open("/dev/zero", O_RDWR), 0));
  say("/dev/zero mapped: %s\n", zeros == MAP_FAILED ? outcome(-1) : zeros[5000] == 0 ? "zeros" : "data");
  zeros[5000] = 1;
  say("no terminal: %s\n", outcome(::open("/dev/tty", O_RDWR)));
  for (const char* path : {"/dev/stdin", "/dev/stdout", "/dev/stderr", "/dev/fd"}) {
    char target[32] = {};
    say("%s: %s", path, outcome(::readlink(path, target, sizeof target - 1)));
    say(" %s\n", target);
  }
  const int shared = ::open("/dev/shm/abi", O_RDWR | O_CREAT, 0600);
  say("/dev/shm: %s\n", outcome(shared));
  ::unlink("/dev/shm/abi");
  say("open with a slash: %s\n", outcome(::open("/dev/null/", O_RDONLY)));
  say("truncate: %s\n", outcome(::open("/dev/null", O_WRONLY | O_TRUNC | O_CREAT, 0644)));
  return 0;
}

static const Topic topic("devices", run);
