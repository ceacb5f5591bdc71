// The stack grows on demand, to its limit and not beyond; large frames, alloca, and a fault below it.
#include <alloca.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstring>

#include "../topic.h"

using namespace abi;

__attribute__((noinline)) static unsigned long descend(int depth) {
  volatile char frame[1024];
  frame[0] = static_cast<char>(depth);
  frame[1023] = 1;
  const unsigned long below = depth == 0 ? 0 : descend(depth - 1);
  return below + static_cast<unsigned long>(frame[0]) + static_cast<unsigned long>(frame[1023]);
}

__attribute__((noinline)) static int endless(int depth) {
  volatile char frame[4096];
  frame[0] = static_cast<char>(depth);
  return endless(depth + 1) + frame[0];
}

__attribute__((noinline)) static int large_frame() {
  char* area = static_cast<char*>(alloca(4'000'000));
  area[0] = 1;  // far below everything that was touched: the lowest page comes first
  area[3'999'999] = 2;
  return area[0] + area[3'999'999] + area[2'000'000] * 0;
}

static int run() {
  say("5000 frames of 1 KiB: %lu\n", descend(5000));
  say("a frame of 4 MB: %d\n", large_frame());
  say_end("overflow", in_child([] { return endless(0); }));
  say_end("a smaller limit holds for the next program", in_child([] {
            const rlimit limit{.rlim_cur = 256 << 10, .rlim_max = 256 << 10};
            ::setrlimit(RLIMIT_STACK, &limit);
            ::execl(self_path(), "abi_topics", "deep_stack", "small", nullptr);
            return 1;
          }));
  say_end("a child's stack is its own", in_child([] {
            volatile char local[100'000];
            std::memset(const_cast<char*>(local), 1, sizeof local);
            return local[50'000];
          }));
  return 0;
}

static int start() {
  if (arguments[0] == nullptr) return run();
  say("100 frames: %lu\n", descend(100));
  return static_cast<int>(descend(5000));  // more than 256 KiB
}

static const Topic topic("deep_stack", start);
