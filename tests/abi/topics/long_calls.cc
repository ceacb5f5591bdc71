// One call that takes long: a signal ends it early, and other processes run meanwhile.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <functional>

#include "../topic.h"

using namespace abi;

// Many addresses that need little memory: one file, mapped again and again, but for the last page, which is written last
// and shared with the parent.
static constexpr std::size_t kPart = std::size_t{8} << 20;
static constexpr std::size_t kParts = 32;
static constexpr std::size_t kSize = kPart * kParts;

static unsigned char* make_buffer() {
  const int file = ::memfd_create("part", 0);
  ::ftruncate(file, kPart);
  auto* buffer = static_cast<unsigned char*>(
      ::mmap(nullptr, kSize + 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  for (std::size_t i = 0; i < kParts; ++i) {
    ::mmap(buffer + i * kPart, kPart, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0);
  }
  ::close(file);
  ::mmap(buffer + kSize, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  return buffer;
}

// `call` fills the buffer and its last page.
static void look(const char* what, const std::function<ssize_t(unsigned char*)>& call) {
  unsigned char* buffer = make_buffer();
  const unsigned char* last_page = buffer + kSize;
  const auto last_page_is_written = [&] {
    for (int i = 0; i < 4096; ++i) {
      if (last_page[i] != 0) return true;
    }
    return false;
  };
  say_end(what, in_child([&] {
            ::signal(SIGALRM, [](int) {});
            const itimerval ticks{.it_interval = {.tv_sec = 0, .tv_usec = 20'000},
                                  .it_value = {.tv_sec = 0, .tv_usec = 20'000}};
            ::setitimer(ITIMER_REAL, &ticks, nullptr);
            const ssize_t result = call(buffer);
            say("%s, interrupted: %s\n", what,
                result < 0                             ? outcome(result)
                : result < static_cast<ssize_t>(kSize) ? "a part"
                                                       : "all of it");
            return 0;
          }));
  const pid_t child = in_child([&] {
    call(buffer);
    return 0;
  });
  ::usleep(50'000);
  say("%s, meanwhile: %s\n", what, last_page_is_written() ? "nobody ran" : "others run");
  ::kill(child, SIGKILL);
  say_end("killed", child);
  ::munmap(buffer, kSize + 4096);
}

static int run() {
  look("getrandom", [](unsigned char* buffer) { return ::getrandom(buffer, kSize + 4096, 0); });
  const int random = ::open("/dev/urandom", O_RDONLY);
  look("read of /dev/urandom", [&](unsigned char* buffer) { return ::read(random, buffer, kSize + 4096); });
  return 0;
}

static const Topic topic("long_calls", run);
