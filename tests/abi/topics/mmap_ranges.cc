// Addresses and lengths that are wrong: unaligned, beyond the address space, or so long that their sum wraps around.
// Each call has its own errno for each of them, and none of them may change anything.
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

#include "../topic.h"

using namespace abi;

static constexpr unsigned long kPage = 4096;

static const char* raw(long number, unsigned long a, unsigned long b, unsigned long c, unsigned long d = 0,
                       unsigned long e = 0, unsigned long f = 0) {
  return outcome(::syscall(number, a, b, c, d, e, f));
}

static unsigned long address_of(const void* pointer) {
  return reinterpret_cast<unsigned long>(pointer);
}

static int run() {
  constexpr unsigned long kAnonymous = MAP_PRIVATE | MAP_ANONYMOUS;
  char* area = static_cast<char*>(::mmap(nullptr, 8 * kPage, PROT_READ | PROT_WRITE, kAnonymous, -1, 0));
  area[0] = 'a';
  const unsigned long here = address_of(area);
  static unsigned char residency[64];

  // A hint that cannot be followed is no error.
  for (const unsigned long hint : {~0ul, ~0ul << 12, 0x7fff'ffff'f000ul, 0x8000'0000'0000ul, 1ul, 4096ul, ~0ul << 47}) {
    void* got = ::mmap(reinterpret_cast<void*>(hint), kPage, PROT_READ | PROT_WRITE, kAnonymous, -1, 0);
    say("hint %#lx: %s, %s\n", hint, outcome(got == MAP_FAILED ? -1 : 0),
        address_of(got) < 0x7fff'ffff'f000ul ? "below the end" : "beyond the end");
    if (got != MAP_FAILED) *static_cast<char*>(got) = 1;
    ::munmap(got, kPage);
  }
  struct {
    const char* name;
    unsigned long address;
  } const starts[] = {{"a mapping", here},
                      {"unaligned", here + 1},
                      {"nothing", 0x10'0000},
                      {"the last page of 64 bits", ~0ul << 12},
                      {"the kernel's half", 0xffff'8000'0000'0000ul},
                      {"the middle", 0x8000'0000'0000ul},
                      {"all ones", ~0ul}};
  struct {
    const char* name;
    unsigned long length;
  } const lengths[] = {{"0", 0},
                       {"1", 1},
                       {"all ones", ~0ul},
                       {"all but a page", ~0ul << 12},
                       {"2^63", 1ul << 63},
                       {"2^62", 1ul << 62},
                       {"wraps to its start", 0ul - here},
                       {"wraps to a page", kPage - here}};
  for (const auto& start : starts) {
    for (const auto& length : lengths) {
      if (length.length == 1 && start.address == here) continue;  // valid
      const unsigned long a = start.address, l = length.length;
      say("%s, length %s:", start.name, length.name);
      if (a != ~0ul) say(" mmap fixed %s", raw(SYS_mmap, a, l, PROT_READ, kAnonymous | MAP_FIXED_NOREPLACE, -1ul, 0));
      if (a != here || l == 0 || l + a < a) say(" munmap %s", raw(SYS_munmap, a, l, 0));
      // From a mapping on it would change what lies above, which is not the same everywhere.
      if (a != here || l == 0 || l + a < a) say(" mprotect %s", raw(SYS_mprotect, a, l, PROT_READ | PROT_WRITE));
      say(" madvise %s", raw(SYS_madvise, a, l, MADV_NORMAL));
      say(" msync %s", raw(SYS_msync, a, l, MS_ASYNC));
      say(" mincore %s", raw(SYS_mincore, a, l, address_of(residency)));
      say(" mlock %s", raw(SYS_mlock2, a, l, 1));
      say(" munlock %s", raw(SYS_munlock, a, l, 0));
      say(" mremap %s\n", raw(SYS_mremap, a, kPage, l, 0));
    }
  }
  for (const unsigned long old : {~0ul, ~0ul << 12, 1ul << 62, 0ul - here, 9 * kPage}) {
    say("mremap of %s: grow %s", old == 9 * kPage ? "too much" : "a wrong length",
        raw(SYS_mremap, here, old, old + kPage, 0));
    say(", move %s", raw(SYS_mremap, here, old, 16 * kPage, MREMAP_MAYMOVE));
    if (old > (1ul << 61)) say(", shrink %s", raw(SYS_mremap, here, old, 8 * kPage, 0));
    say("\n");
  }
  for (const unsigned long target :
       {~0ul << 12, 0x8000'0000'0000ul, 0xffff'8000'0000'0000ul, here + 1, here, here + kPage}) {
    say("mremap to a wrong place: %s\n",
        raw(SYS_mremap, here, 2 * kPage, 2 * kPage, MREMAP_MAYMOVE | MREMAP_FIXED, target));
  }
  say("mmap of all but a page: %s\n", raw(SYS_mmap, 0, ~0ul << 12, PROT_READ, kAnonymous, -1ul, 0));
  say("mmap of all ones: %s\n", raw(SYS_mmap, 0, ~0ul, PROT_READ, kAnonymous, -1ul, 0));
  say("mmap of 2^47: %s\n", raw(SYS_mmap, 0, 1ul << 47, PROT_READ, kAnonymous | MAP_NORESERVE, -1ul, 0));
  say("mmap of an offset that wraps: %s\n",
      raw(SYS_mmap, 0, 2 * kPage, PROT_READ, MAP_PRIVATE, static_cast<unsigned long>(STDERR_FILENO), ~0ul << 12));
  say("mmap with an unaligned offset: %s\n", raw(SYS_mmap, 0, kPage, PROT_READ, kAnonymous, -1ul, 1));
  say("the mapping is as it was: %c\n", area[0]);
  say("munmap beyond the end: %s", raw(SYS_munmap, 0, 0x7fff'ffff'f001ul, 0));
  say(", at the end: %s\n", raw(SYS_munmap, 0x7fff'ffff'f000ul, kPage, 0));
  say_end("munmap of everything", in_child([] {
            raw(SYS_munmap, 0, 0x7fff'ffff'f000ul, 0);
            return 0;
          }));
  say_end("read into a buffer that wraps", in_child([&] {
            const int zero = ::syscall(SYS_memfd_create, "x", 0);
            ::pwrite(zero, area, 100, 0);
            say("%s, ", raw(SYS_pread64, static_cast<unsigned long>(zero), ~0ul - 10, 100, 0));
            say("%s, ", raw(SYS_pread64, static_cast<unsigned long>(zero), ~0ul << 12, 100, 0));
            say("%s\n", raw(SYS_pread64, static_cast<unsigned long>(zero), 0x7fff'ffff'f000ul - 10, 100, 0));
            return 0;
          }));
  return 0;
}

static const Topic topic("mmap_ranges", run);
