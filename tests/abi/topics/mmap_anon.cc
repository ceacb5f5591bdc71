// Anonymous mappings: zero pages, partial unmapping, fixed addresses, sharing across fork, hints and errors.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "../topic.h"

using namespace abi;

static constexpr std::size_t kPage = 4096;

static char* map(std::size_t pages, int flags = MAP_PRIVATE | MAP_ANONYMOUS, void* hint = nullptr) {
  return static_cast<char*>(::mmap(hint, pages * kPage, PROT_READ | PROT_WRITE, flags, -1, 0));
}

static const char* mapped(const void* address) {
  // mincore tells mapped pages from holes without touching them.
  unsigned char state = 0;
  return ::mincore(const_cast<void*>(address), kPage, &state) == 0 ? "mapped" : outcome(-1);
}

static int run() {
  char* area = map(16);
  bool zero = true;
  for (std::size_t i = 0; i < 16 * kPage; ++i) zero = zero && area[i] == 0;
  say("zero at first: %s, page-aligned: %s\n", zero ? "yes" : "no",
      reinterpret_cast<std::uintptr_t>(area) % kPage == 0 ? "yes" : "no");
  std::memset(area, 7, 16 * kPage);
  say("hole in the middle: %s\n", outcome(::munmap(area + 4 * kPage, 2 * kPage)));
  say("before %d, after %d\n", area[4 * kPage - 1], area[6 * kPage]);
  say("pages: %s, ", mapped(area + 3 * kPage));
  say("%s, ", mapped(area + 4 * kPage));
  say("%s\n", mapped(area + 6 * kPage));
  say("unmap the hole again: %s\n", outcome(::munmap(area + 4 * kPage, 2 * kPage)));
  char* refilled = map(2, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, area + 4 * kPage);
  say("MAP_FIXED fills it: %s, with %d\n", refilled == area + 4 * kPage ? "there" : "elsewhere", refilled[0]);
  char* replaced = map(1, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, area);
  say("MAP_FIXED replaces: %d\n", replaced[0]);
  say("MAP_FIXED_NOREPLACE: %s\n",
      outcome(map(1, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, area) == MAP_FAILED ? -1 : 0));
  say("a hint that is free is taken: %s\n",
      ::munmap(area, kPage) == 0 && map(1, MAP_PRIVATE | MAP_ANONYMOUS, area) == area ? "yes" : "no");

  char* shared = map(1, MAP_SHARED | MAP_ANONYMOUS);
  char* own = map(1);
  say_end("writer", in_child([&] {
            shared[0] = 's';
            own[0] = 'p';
            return 0;
          }));
  say("shared: %d, private: %d\n", shared[0], own[0]);

  say("madvise DONTNEED: %s", outcome(::madvise(area + 8 * kPage, kPage, MADV_DONTNEED)));
  say(", page is %d again\n", area[8 * kPage]);
  say("length 0: %s\n",
      outcome(::mmap(nullptr, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0));
  say("neither shared nor private: %s\n",
      outcome(::mmap(nullptr, kPage, PROT_READ, MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0));
  say("unaligned fixed address: %s\n",
      outcome(map(1, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, area + 1) == MAP_FAILED ? -1 : 0));
  say("unaligned munmap: %s\n", outcome(::munmap(area + 1, kPage)));
  say("munmap of length 0: %s\n", outcome(::munmap(area, 0)));
  say("beyond the address space: %s\n",
      outcome(::mmap(nullptr, std::size_t{1} << 62, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1
                                                                                                                 : 0));

  char* grown = static_cast<char*>(::mremap(area + 8 * kPage, 2 * kPage, 40 * kPage, MREMAP_MAYMOVE));
  if (grown == MAP_FAILED) {
    say("mremap: %s\n", outcome(-1));
  } else {
    say("mremap keeps what was there: %d %d, and adds %d\n", grown[0], grown[kPage], grown[2 * kPage]);
  }
  char* shrunk = static_cast<char*>(::mremap(grown, 40 * kPage, kPage, 0));
  say("mremap shrinks in place: %s, the rest is gone: %s\n", shrunk == grown ? "yes" : "no", mapped(grown + kPage));
  char* big = map(100'000, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);
  say("400 MB, not touched: %s\n", big == MAP_FAILED ? outcome(-1) : "ok");
  return 0;
}

static const Topic topic("mmap_anon", run);
