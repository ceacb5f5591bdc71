// Mappings: made, unmapped, split, copied by fork, listed.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/scale/scale.h"

namespace scale {
namespace {

constexpr std::size_t kPage = 4096;

// Neighbours differ in their protection, so that they stay apart.
int protection(unsigned index) {
  return index % 2 == 0 ? PROT_READ : PROT_READ | PROT_WRITE;
}

char* map(std::size_t pages, int protections) {
  void* mapped = ::mmap(nullptr, pages * kPage, protections, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return mapped == MAP_FAILED ? nullptr : static_cast<char*>(mapped);
}

// One reservation, in which every page is a mapping of its own.
char* map_many(unsigned count) {
  char* pages = map(count, PROT_READ);
  check(pages != nullptr, "mmap", 0);
  for (unsigned index = 1; index < count; index += 2)
    check(::mprotect(pages + index * kPage, kPage, protection(index)) == 0, "mprotect", index);
  return pages;
}

std::uint64_t mmap_pages(unsigned count) {
  const Stopwatch watch;
  for (unsigned index = 0; index < count; ++index) check(map(1, protection(index)) != nullptr, "mmap", index);
  return watch.elapsed();
}

std::uint64_t mmap_with_gaps(unsigned count) {
  char* pages = map_many(count);
  for (unsigned index = 0; index < count; index += 2) ::munmap(pages + index * kPage, kPage);
  const Stopwatch watch;
  // None fits into the gaps.
  for (unsigned index = 0; index < count; ++index) check(map(2, protection(index)) != nullptr, "mmap", index);
  return watch.elapsed();
}

std::uint64_t munmap_pages(unsigned count) {
  char* pages = map_many(count);
  const Stopwatch watch;
  for (unsigned index = 0; index < count; ++index) check(::munmap(pages + index * kPage, kPage) == 0, "munmap", index);
  return watch.elapsed();
}

std::uint64_t munmap_scattered(unsigned count) {
  char* pages = map_many(count);
  const Stopwatch watch;
  // A step that has no divisor in common with a power of ten visits every page.
  for (unsigned index = 0, at = 0; index < count; ++index, at = (at + 7'919) % count)
    check(::munmap(pages + at * kPage, kPage) == 0, "munmap", index);
  return watch.elapsed();
}

std::uint64_t mprotect_pages(unsigned count) {
  char* pages = map(2 * count, PROT_READ);
  check(pages != nullptr, "mmap", 0);
  const Stopwatch watch;
  for (unsigned index = 0; index < count; ++index)
    check(::mprotect(pages + 2 * index * kPage, kPage, PROT_READ | PROT_WRITE) == 0, "mprotect", index);
  return watch.elapsed();
}

std::uint64_t mremap_grow(unsigned count) {
  char* pages = map(1, PROT_READ | PROT_WRITE);
  const Stopwatch watch;
  for (unsigned index = 1; index < count; ++index) {
    pages = static_cast<char*>(::mremap(pages, index * kPage, (index + 1) * kPage, MREMAP_MAYMOVE));
    check(pages != MAP_FAILED, "mremap", index);
  }
  return watch.elapsed();
}

std::uint64_t brk_grow(unsigned count) {
  const Stopwatch watch;
  for (unsigned index = 0; index < count; ++index) check(::sbrk(kPage) != reinterpret_cast<void*>(-1), "brk", index);
  return watch.elapsed();
}

std::uint64_t touch_pages(unsigned count) {
  char* pages = map(count, PROT_READ | PROT_WRITE);
  check(pages != nullptr, "mmap", 0);
  const Stopwatch watch;
  for (unsigned index = 0; index < count; ++index) pages[index * kPage] = 1;
  return watch.elapsed();
}

std::uint64_t refault_pages(unsigned count) {
  char* pages = map(count, PROT_READ | PROT_WRITE);
  check(pages != nullptr, "mmap", 0);
  for (unsigned index = 0; index < count; ++index) pages[index * kPage] = 1;
  const Stopwatch watch;
  check(::madvise(pages, count * kPage, MADV_DONTNEED) == 0, "madvise", 0);
  for (unsigned index = 0; index < count; ++index) pages[index * kPage] = 1;
  return watch.elapsed();
}

std::uint64_t fork_once() {
  const Stopwatch watch;
  const pid_t child = ::fork();
  check(child >= 0, "fork", 0);
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  return watch.elapsed();
}

std::uint64_t fork_with_mappings(unsigned count) {
  map_many(count);
  return fork_once();
}

std::uint64_t fork_with_pages(unsigned count) {
  char* pages = map(count, PROT_READ | PROT_WRITE);
  check(pages != nullptr, "mmap", 0);
  for (unsigned index = 0; index < count; ++index) pages[index * kPage] = 1;
  return fork_once();
}

std::uint64_t read_maps(unsigned count) {
  map_many(count);
  const int file = ::open("/proc/self/maps", O_RDONLY);
  check(file >= 0, "open", 0);
  static char text[4096];
  const Stopwatch watch;
  while (::read(file, text, sizeof text) > 0) continue;
  return watch.elapsed();
}

constexpr Case kCases[] = {
    {"mmap", 5'000, mmap_pages},
    {"mmap-gaps", 2'500, mmap_with_gaps},
    {"munmap", 5'000, munmap_pages},
    {"munmap-scattered", 5'000, munmap_scattered},
    {"mprotect", 2'500, mprotect_pages},
    {"mremap", 2'000, mremap_grow},
    {"brk", 2'000, brk_grow},
    {"touch", 2'000, touch_pages},
    {"refault", 2'000, refault_pages},
    {"fork-mappings", 5'000, fork_with_mappings},
    {"fork-pages", 2'000, fork_with_pages},
    {"read-maps", 2'000, read_maps},
};

}  // namespace

const Cases kMemoryCases{kCases, sizeof kCases / sizeof kCases[0]};

}  // namespace scale
