// RLIMIT_FSIZE: what a write, a truncation and fallocate get, and what the file looks like afterwards.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "../topic.h"

using namespace abi;

namespace {

volatile int signals = 0;

void say_state(int fd, const char* what, const char* result) {
  struct stat status;
  ::fstat(fd, &status);
  say("%s: %s, size %ld, signals %d\n", what, result, static_cast<long>(status.st_size), signals);
}

void limit(rlim_t bytes) {
  rlimit values{bytes, RLIM_INFINITY};
  ::setrlimit(RLIMIT_FSIZE, &values);
}

std::string number(long value) {
  return value < 0 ? outcome(value) : std::to_string(value);
}

int within() {
  ::signal(SIGXFSZ, [](int) { signals = signals + 1; });
  limit(10'000);
  const int fd = ::open("limited", O_RDWR | O_CREAT | O_TRUNC, 0644);
  const std::string block(6000, 'b');
  say_state(fd, "first", number(::write(fd, block.data(), block.size())).c_str());
  say_state(fd, "in part", number(::write(fd, block.data(), block.size())).c_str());
  say_state(fd, "at the limit", number(::write(fd, block.data(), block.size())).c_str());
  say_state(fd, "nothing, at the limit", number(::write(fd, block.data(), 0)).c_str());
  say_state(fd, "beyond it", number(::pwrite(fd, "x", 1, 20'000)).c_str());
  say_state(fd, "over what is there", number(::pwrite(fd, "x", 1, 9999)).c_str());
  say_state(fd, "truncate to it", outcome(::ftruncate(fd, 10'000)));
  say_state(fd, "truncate beyond it", outcome(::ftruncate(fd, 10'001)));
  say_state(fd, "truncate by name", outcome(::truncate("limited", 1 << 20)));
  say_state(fd, "fallocate", outcome(::fallocate(fd, 0, 0, 10'001)));
  say_state(fd, "fallocate to it", outcome(::fallocate(fd, 0, 0, 10'000)));
  iovec parts[] = {{const_cast<char*>(block.data()), 3000}, {const_cast<char*>(block.data()), 3000}};
  ::ftruncate(fd, 0);
  say_state(fd, "writev in part", number(::pwritev(fd, parts, 2, 7000)).c_str());
  const int zero = ::open("/dev/zero", O_RDONLY);
  ::ftruncate(fd, 0), ::lseek(fd, 0, SEEK_SET);
  say_state(fd, "sendfile", number(::sendfile(fd, zero, nullptr, 50'000)).c_str());
  const int append = ::open("limited", O_WRONLY | O_APPEND);
  say_state(fd, "append at the limit", number(::write(append, "x", 1)).c_str());
  limit(5000);
  say_state(fd, "a lower limit: grown already", outcome(::ftruncate(fd, 9000)));
  say_state(fd, "but not again", outcome(::ftruncate(fd, 9500)));
  say_state(fd, "a write inside, above the limit", number(::pwrite(fd, "x", 1, 6000)).c_str());
  int ends[2];
  ::pipe(ends);
  say_state(fd, "a pipe", number(::write(ends[1], block.data(), 6000)).c_str());
  const int memory = ::memfd_create("limited", 0);
  say_state(memory, "a memfd", number(::pwrite(memory, block.data(), 6000, 0)).c_str());
  say_state(memory, "fallocate of it", outcome(::fallocate(memory, 0, 0, 6000)));
  return 0;
}

int run() {
  say_end("limited", in_child(within));
  say_end("without a handler", in_child([] {
            limit(10);
            const int fd = ::open("killed", O_RDWR | O_CREAT | O_TRUNC, 0644);
            ::write(fd, "0123456789ab", 12);  // in part; what says so would be a file that is too large, too
            ::write(fd, "c", 1);
            return 0;
          }));
  return 0;
}

const Topic topic("file_limits", run);

}  // namespace
