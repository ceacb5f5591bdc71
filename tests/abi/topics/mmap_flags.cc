// The flags of mmap(2): which are known, which exclude each other, where MAP_32BIT goes.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

#include "../topic.h"

using namespace abi;

static constexpr std::size_t kPage = 4096;
static constexpr int kSharedValidate = 3;

static const char* map(int flags, int fd = -1, int protection = PROT_READ) {
  void* area = ::mmap(nullptr, kPage, protection, flags, fd, 0);
  const char* result = outcome(area == MAP_FAILED ? -1 : 0);
  if (area != MAP_FAILED) ::munmap(area, kPage);
  return result;
}

static int run() {
  const int fd = ::open("file", O_RDWR | O_CREAT, 0644);
  ::ftruncate(fd, 2 * kPage);
  say("MAP_SHARED_VALIDATE: %s\n", map(kSharedValidate, fd));
  for (const int flag :
       {MAP_GROWSDOWN, MAP_DENYWRITE, MAP_EXECUTABLE, MAP_NORESERVE, MAP_POPULATE, MAP_NONBLOCK, MAP_STACK, MAP_LOCKED,
        MAP_32BIT, MAP_HUGETLB, 0x200000, 0x400000, 0x800000, 0x1000000, 0x2000000}) {
    say("flag %#x: private %s, ", flag, map(MAP_PRIVATE | flag, fd));
    say("shared %s, ", map(MAP_SHARED | flag, fd));
    say("validated %s, ", map(kSharedValidate | flag, fd));
    say("anonymous %s, ", map(MAP_PRIVATE | MAP_ANONYMOUS | flag));
    say("shared anonymous %s\n", map(MAP_SHARED | MAP_ANONYMOUS | flag));
  }
  for (const int flag : {0x80000, 0x100000}) say("flag %#x: validated %s\n", flag, map(kSharedValidate | flag, fd));
  say("validated anonymous: %s\n", map(kSharedValidate | MAP_ANONYMOUS));
  for (const int type : {0, 4, 5, 7, 15}) {
    say("type %d: %s, ", type, map(type, fd));
    say("anonymous: %s\n", map(type | MAP_ANONYMOUS));
  }
  say("no descriptor: %s\n", map(MAP_PRIVATE));
  say("validated without a descriptor: %s\n", map(kSharedValidate | 0x80000, -1));
  const int write_only = ::open("file", O_WRONLY), read_only = ::open("file", O_RDONLY);
  say("write-only: private %s, ", map(MAP_PRIVATE, write_only));
  say("shared %s\n", map(MAP_SHARED, write_only, PROT_WRITE));
  say("read-only: shared for writing %s, ", map(MAP_SHARED, read_only, PROT_WRITE));
  say("private for writing %s\n", map(MAP_PRIVATE, read_only, PROT_WRITE));
  say("a directory: %s\n", map(MAP_PRIVATE, ::open(".", O_RDONLY)));
  int ends[2];
  ::pipe(ends);
  say("a pipe: %s\n", map(MAP_PRIVATE, ends[0]));

  bool low = true, aligned = true;
  void* hint = reinterpret_cast<void*>(0x5000'0000'0000);
  for (int i = 0; i < 20; ++i) {
    void* area = ::mmap(i < 10 ? nullptr : hint, 3 * kPage, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    const auto address = reinterpret_cast<std::uintptr_t>(area);
    low = low && address < 0x8000'0000;
    aligned = aligned && address % kPage == 0;
    if (area != MAP_FAILED) *static_cast<char*>(area) = 1;
  }
  say("MAP_32BIT: %s, %s\n", low ? "below 2 GiB" : "above 2 GiB", aligned ? "aligned" : "unaligned");
  say("MAP_32BIT of 2 GiB: %s\n",
      outcome(::mmap(nullptr, std::size_t{1} << 31, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT | MAP_NORESERVE,
                     -1, 0) == MAP_FAILED
                  ? -1
                  : 0));
  void* taken =
      ::mmap(reinterpret_cast<void*>(0x6000'0000), kPage, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  say("MAP_32BIT with a low hint: %s\n",
      reinterpret_cast<std::uintptr_t>(taken) == 0x6000'0000 ? "taken" : "elsewhere");

  // A stack that grows keeps its distance, and stops before it meets what is below.
  constexpr std::size_t kRoom = 2048;
  char* room =
      static_cast<char*>(::mmap(nullptr, kRoom * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  ::munmap(room, kRoom * kPage);
  char* stack = static_cast<char*>(::mmap(room + (kRoom - 4) * kPage, 4 * kPage, PROT_READ | PROT_WRITE,
                                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0));
  ::mmap(room, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  say_end("a stack grows", in_child([&] {
            for (std::size_t i = 0; i < 1000; ++i) stack[-static_cast<long>(i * kPage) - 1] = 1;
            return 0;
          }));
  say_end("not into what is below", in_child([&] {
            for (std::size_t i = 0; i < kRoom; ++i) stack[-static_cast<long>(i * kPage) - 1] = 1;
            return 0;
          }));
  return 0;
}

static const Topic topic("mmap_flags", run);
