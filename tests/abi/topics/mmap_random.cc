// Many changes of mappings in a small window, at random but the same everywhere: each outcome, and what every page then
// shows, goes into a number that must be the same. The kernel reads and writes the pages, so no access is fatal.
//
// With an argument: so many seeds, instead of the few that a kernel that is emulated has time for.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>

#include "../topic.h"

using namespace abi;

static constexpr std::size_t kPage = 4096, kPages = 24;
static constexpr int kDontUnmap = 4;

struct Window {
  char* base;
  int file, source, sink;
  std::uint64_t state;
  std::uint64_t digest = 0xcbf2'9ce4'8422'2325;

  unsigned pick(unsigned bound) {
    state = state * 6364136223846793005 + 1442695040888963407;
    return static_cast<unsigned>(state >> 33) % bound;
  }
  void note(std::uint64_t value) { digest = (digest ^ value) * 0x100'0000'01b3; }
  void note_call(long result) { note(result == -1 ? static_cast<std::uint64_t>(errno) : 1000); }
  char* page(unsigned index) const { return base + index * kPage; }
  int protection() {
    static constexpr int kChoices[] = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE};
    return kChoices[pick(4)];
  }

  // What each page shows: its first bytes, or that nobody may read it.
  void look() {
    for (unsigned i = 0; i < kPages; ++i) {
      std::uint64_t word = 0;
      note_call(::pwrite(sink, page(i), sizeof word, 0));
      ::pread(sink, &word, sizeof word, 0);
      note(word);
    }
  }

  void map(unsigned first, unsigned count) {
    const unsigned kind = pick(4);
    const int fd = kind < 2 ? -1 : file;
    const int flags = (kind % 2 == 0 ? MAP_PRIVATE : MAP_SHARED) | MAP_FIXED | (fd < 0 ? MAP_ANONYMOUS : 0);
    const off_t offset = fd < 0 ? 0 : static_cast<off_t>(pick(8) * kPage);
    note_call(::mmap(page(first), count * kPage, protection(), flags, fd, offset) == MAP_FAILED ? -1 : 0);
  }

  void step() {
    const unsigned first = pick(kPages), count = 1 + pick(kPages - first), other = pick(kPages);
    switch (pick(10)) {
      case 0:
      case 1:
        return map(first, count);
      case 2:
        return note_call(::munmap(page(first), (1 + pick(count)) * kPage));
      case 3:
      case 4:
        return note_call(::mprotect(page(first), count * kPage, protection()));
      case 5:
        // One page: where Linux has one mapping and where two is not the same everywhere.
        return note_call(::mremap(page(first), kPage, kPage,
                                  MREMAP_MAYMOVE | MREMAP_FIXED | (pick(3) == 0 ? kDontUnmap : 0),
                                  page(other)) == MAP_FAILED
                             ? -1
                             : 0);
      case 6:
        return note_call(::madvise(page(first), count * kPage, MADV_DONTNEED));
      case 7:
        if (pick(8) != 0) return;
        // Both sides write to what they have in common, one after the other.
        in_child([&] {
          ::pread(source, page(first), 8, 8);
          return 0;
        });
        ::wait(nullptr);
        note_call(::pread(source, page(other), 8, 16));
        return look();
      default:
        for (unsigned i = first; i < first + count; i += 3) note_call(::pread(source, page(i), 8, 8 * (1 + pick(60))));
    }
  }
};

static int run() {
  const int file = ::open("file", O_RDWR | O_CREAT | O_TRUNC, 0644), source = ::open("source", O_RDWR | O_CREAT, 0644);
  for (std::uint64_t i = 0; i < 64 * kPage / 8; ++i) {
    const std::uint64_t word = i * 0x9e37'79b9'7f4a'7c15;
    if (i < 64) ::pwrite(source, &word, sizeof word, static_cast<off_t>(i * 8));
    if (i * 8 % kPage == 0) ::pwrite(file, &word, sizeof word, static_cast<off_t>(i * 8));
  }
  ::ftruncate(file, 64 * kPage);
  const int sink = ::open("sink", O_RDWR | O_CREAT, 0644);
  char* base = static_cast<char*>(
      ::mmap(nullptr, kPages * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  const std::uint64_t seeds = arguments[0] != nullptr ? std::strtoul(arguments[0], nullptr, 10) : 2;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    Window window{base, file, source, sink, seed};
    for (int i = 1; i <= 100; ++i) {
      window.step();
      if (i % 20 == 0) window.look();
      if (i % 50 == 0) say("seed %lu, step %d: %016lx\n", seed, i, window.digest);
    }
  }
  return 0;
}

static const Topic topic("mmap_random", run);
