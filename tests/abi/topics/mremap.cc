// mremap(2): in place, elsewhere, across mappings, of shared memory, and its errors.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "../topic.h"

using namespace abi;

static constexpr std::size_t kPage = 4096;
static constexpr int kDontUnmap = 4;

static char* map(std::size_t pages, int protection = PROT_READ | PROT_WRITE, int flags = MAP_PRIVATE | MAP_ANONYMOUS) {
  return static_cast<char*>(::mmap(nullptr, pages * kPage, protection, flags, -1, 0));
}

static const char* mapped(const char* address) {
  unsigned char state = 0;
  return ::mincore(const_cast<char*>(address), kPage, &state) == 0 ? "mapped" : outcome(-1);
}

static long failed(const void* address) {
  return address == MAP_FAILED ? -1 : 0;
}

static void fill(char* area, std::size_t pages) {
  for (std::size_t i = 0; i < pages; ++i) area[i * kPage] = static_cast<char>('a' + i % 26);
}

static int run() {
  // Room around everything, so that it depends on nothing else whether there is space.
  char* area = map(64, PROT_NONE);
  ::mprotect(area + 16 * kPage, 4 * kPage, PROT_READ | PROT_WRITE);
  ::mprotect(area + 20 * kPage, 4 * kPage, PROT_READ);
  fill(area + 16 * kPage, 4);
  say("shrink across mappings: %s\n", outcome(failed(::mremap(area + 16 * kPage, 8 * kPage, 2 * kPage, 0))));
  say("what is left: %c %c, ", area[16 * kPage], area[17 * kPage]);
  say("%s, %s, ", mapped(area + 18 * kPage), mapped(area + 23 * kPage));
  say("%s\n", mapped(area + 24 * kPage));
  say("shrink over a hole: %s\n", outcome(failed(::mremap(area + 16 * kPage, 6 * kPage, kPage, 0))));
  say("grow across mappings: %s\n",
      outcome(failed(::mremap(area + 24 * kPage, 41 * kPage, 50 * kPage, MREMAP_MAYMOVE))));
  say("from a hole: %s\n", outcome(failed(::mremap(area + 20 * kPage, kPage, 2 * kPage, MREMAP_MAYMOVE))));
  say("grow in place: %s\n", outcome(::mremap(area + 16 * kPage, kPage, 3 * kPage, 0) == area + 16 * kPage ? 0 : -1));
  say("no room: %s\n", outcome(failed(::mremap(area + 16 * kPage, 3 * kPage, 20 * kPage, 0))));
  char* moved = static_cast<char*>(::mremap(area + 16 * kPage, 3 * kPage, 20 * kPage, MREMAP_MAYMOVE));
  say("moved: %s %c %d, ", outcome(failed(moved)), moved[0], moved[kPage]);
  say("old place %s\n", mapped(area + 16 * kPage));

  char* target = map(8);
  fill(target, 8);
  char* source = map(4);
  fill(source, 4);
  char* fixed =
      static_cast<char*>(::mremap(source, 4 * kPage, 2 * kPage, MREMAP_MAYMOVE | MREMAP_FIXED, target + 2 * kPage));
  say("fixed: %s, %c %c %c %c %c, ", fixed == target + 2 * kPage ? "there" : outcome(failed(fixed)), target[kPage],
      target[2 * kPage], target[3 * kPage], target[4 * kPage], target[7 * kPage]);
  say("%s %s\n", mapped(source), mapped(source + 3 * kPage));
  char* part = map(8);
  fill(part, 8);
  fixed = static_cast<char*>(::mremap(part, 2 * kPage, 2 * kPage, MREMAP_MAYMOVE | MREMAP_FIXED, part + 4 * kPage));
  say("within one mapping: %s, %c %c %c, ", fixed == part + 4 * kPage ? "there" : outcome(failed(fixed)),
      part[2 * kPage], part[4 * kPage], part[6 * kPage]);
  say("%s\n", mapped(part));

  say("-- the same length\n");
  say("nothing to do: %s\n", outcome(::mremap(target, 8 * kPage, 8 * kPage, 0) == target ? 0 : -1));
  say("of a hole: %s\n", outcome(failed(::mremap(part, kPage, kPage, 0))));
  char* two = map(4);
  ::mprotect(two + 2 * kPage, 2 * kPage, PROT_READ);
  say("of two mappings: %s\n", outcome(failed(::mremap(two, 4 * kPage, 4 * kPage, 0))));

  say("-- MREMAP_DONTUNMAP\n");
  char* kept = map(4);
  fill(kept, 4);
  char* copy = static_cast<char*>(::mremap(kept, 4 * kPage, 4 * kPage, MREMAP_MAYMOVE | kDontUnmap, 0));
  say("%s: %c %c, old place %d %d\n", outcome(failed(copy)), copy[0], copy[3 * kPage], kept[0], kept[3 * kPage]);
  say("another length: %s\n", outcome(failed(::mremap(kept, 4 * kPage, 5 * kPage, MREMAP_MAYMOVE | kDontUnmap, 0))));
  say("without MAYMOVE: %s\n", outcome(failed(::mremap(kept, 4 * kPage, 4 * kPage, kDontUnmap, 0))));

  say("-- old length 0\n");
  char* shared = map(2, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS);
  std::strcpy(shared + kPage, "shared");
  char* second = static_cast<char*>(::mremap(shared, 0, 2 * kPage, MREMAP_MAYMOVE));
  say("shared: %s", outcome(failed(second)));
  if (second != MAP_FAILED) {
    std::strcpy(second, "twice");
    say(", %s %s", second + kPage, shared);
  }
  say("\nprivate: %s\n", outcome(failed(::mremap(target, 0, 2 * kPage, MREMAP_MAYMOVE))));
  say("without MAYMOVE: %s\n", outcome(failed(::mremap(shared, 0, 2 * kPage, 0))));

  say("-- a file\n");
  const int fd = ::open("file", O_RDWR | O_CREAT, 0644);
  for (int i = 0; i < 6; ++i) {
    char text[16];
    std::snprintf(text, sizeof text, "page %d", i);
    ::pwrite(fd, text, sizeof text, i * static_cast<off_t>(kPage));
  }
  char* file = static_cast<char*>(::mmap(nullptr, 3 * kPage, PROT_READ | PROT_WRITE, MAP_SHARED, fd, kPage));
  char* tail = static_cast<char*>(::mremap(file + kPage, 2 * kPage, 4 * kPage, MREMAP_MAYMOVE));
  say("%s: %s, %s, %s\n", outcome(failed(tail)), file, tail, tail + 3 * kPage);

  say("-- errors\n");
  say("unknown flags: %s\n", outcome(failed(::mremap(target, kPage, kPage, 8))));
  say("FIXED alone: %s\n", outcome(failed(::mremap(target, kPage, kPage, MREMAP_FIXED, part))));
  say("unaligned: %s\n", outcome(failed(::mremap(target + 1, kPage, kPage, 0))));
  say("new length 0: %s\n", outcome(failed(::mremap(target, kPage, 0, 0))));
  say("unaligned target: %s\n",
      outcome(failed(::mremap(target, kPage, kPage, MREMAP_MAYMOVE | MREMAP_FIXED, part + 1))));
  say("overlap: %s\n",
      outcome(failed(::mremap(target, 4 * kPage, 4 * kPage, MREMAP_MAYMOVE | MREMAP_FIXED, target + kPage))));
  return 0;
}

static const Topic topic("mremap", run);
