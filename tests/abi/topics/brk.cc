// The program break: growing, shrinking, zero pages, inheritance, and malloc on top of it.
#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "../topic.h"

using namespace abi;

static int run() {
  char* start = static_cast<char*>(::sbrk(0));
  say("sbrk returns the old break: %s\n", ::sbrk(20'000) == start ? "yes" : "no");
  say("new break: %+ld\n", static_cast<long>(static_cast<char*>(::sbrk(0)) - start));
  bool zero = true;
  for (int i = 0; i < 20'000; ++i) zero = zero && start[i] == 0;
  say("zero: %s\n", zero ? "yes" : "no");
  std::memset(start, 5, 20'000);
  ::sbrk(-20'000);
  say("shrunk: %+ld\n", static_cast<long>(static_cast<char*>(::sbrk(0)) - start));
  ::sbrk(40'000);
  // Whole pages that were given back are zero again; the page with the old break keeps what it had.
  const std::size_t rest = 4096 - reinterpret_cast<std::uintptr_t>(start) % 4096;
  say("regrown: zero in whole pages: %s\n", start[rest] == 0 && start[39'999] == 0 ? "yes" : "no");
  std::memset(start, 6, 40'000);
  say_end("child moves its own break only", in_child([start] {
            const bool inherited = ::sbrk(0) == start + 40'000 && start[100] == 6;
            ::sbrk(100'000);
            start[130'000] = 1;
            return inherited ? 0 : 1;
          }));
  say("parent's: %+ld\n", static_cast<long>(static_cast<char*>(::sbrk(0)) - start));
  say("too far: %s\n", outcome(::brk(reinterpret_cast<void*>(0x7fff'ffff'f000))));
  say("before the start: %s\n", outcome(::brk(reinterpret_cast<void*>(4096))));

  unsigned long sum = 0;
  char* blocks[300];
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 300; ++i) {
      const std::size_t size = static_cast<std::size_t>((i * 7919) % 9000 + 1);
      blocks[i] = static_cast<char*>(std::malloc(size));
      std::memset(blocks[i], i, size);
    }
    for (int i = 0; i < 300; ++i) sum = sum * 31 + static_cast<unsigned char>(blocks[i][0]);
    for (int i = 0; i < 300; ++i) std::free(blocks[(i * 7) % 300]);
  }
  char* large = static_cast<char*>(std::malloc(3'000'000));
  large[2'999'999] = 1;
  large = static_cast<char*>(std::realloc(large, 6'000'000));
  say("malloc: %lx, realloc kept %d\n", sum, large[2'999'999]);
  std::free(large);
  return 0;
}

static const Topic topic("brk", run);
