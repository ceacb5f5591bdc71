// Seals of memory files (fcntl(2), "File sealing"): what is sealed against writing cannot be written by any way.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../topic.h"

using namespace abi;

static constexpr std::size_t kPage = 4096;
static constexpr int kFutureWrite = 16;

static int make() {
  const int fd = ::memfd_create("seals", MFD_ALLOW_SEALING | MFD_CLOEXEC);
  ::ftruncate(fd, 2 * kPage);
  return fd;
}

static char* map(int fd, int protection, int flags = MAP_SHARED) {
  return static_cast<char*>(::mmap(nullptr, 2 * kPage, protection, flags, fd, 0));
}

static const char* mapping(int fd, int protection, int flags = MAP_SHARED) {
  char* area = map(fd, protection, flags);
  const char* result = outcome(area == MAP_FAILED ? -1 : 0);
  if (area != MAP_FAILED) ::munmap(area, 2 * kPage);
  return result;
}

static const char* seal(int fd, int seals) {
  return outcome(::fcntl(fd, F_ADD_SEALS, seals));
}

static int run() {
  say("-- mapped before\n");
  int fd = make();
  char* area = map(fd, PROT_READ | PROT_WRITE);
  say("seal: %s\n", seal(fd, F_SEAL_WRITE));
  ::mprotect(area, 2 * kPage, PROT_READ);
  say("still mapped, read-only now: %s\n", seal(fd, F_SEAL_WRITE));
  ::munmap(area, kPage);
  say("half of it unmapped: %s\n", seal(fd, F_SEAL_WRITE));
  say_end("a child has it", in_child([&] {
            ::munmap(area + kPage, kPage);
            say("in the child: %s\n", seal(fd, F_SEAL_WRITE));
            return 0;
          }));
  char* moved = static_cast<char*>(::mremap(area + kPage, kPage, 2 * kPage, MREMAP_MAYMOVE));
  say("moved: %s\n", seal(fd, F_SEAL_WRITE));
  ::munmap(moved, 2 * kPage);
  char* copy = map(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE);
  copy[0] = 'c';
  say("a private mapping: %s, seals %d\n", seal(fd, F_SEAL_WRITE), ::fcntl(fd, F_GET_SEALS));

  say("-- mapped after\n");
  say("for writing: %s\n", mapping(fd, PROT_READ | PROT_WRITE));
  say("private: %s\n", mapping(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE));
  area = map(fd, PROT_READ);
  say("for reading: %s\n", outcome(area == MAP_FAILED ? -1 : 0));
  if (area != MAP_FAILED) say("mprotect: %s\n", outcome(::mprotect(area, 2 * kPage, PROT_READ | PROT_WRITE)));
  say("write: %s, ", outcome(::pwrite(fd, "x", 1, 0)));
  say("truncate: %s, ", outcome(::ftruncate(fd, kPage)));
  say("punch: %s\n", outcome(::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, kPage)));
  say("sealed twice: %s\n", seal(fd, F_SEAL_WRITE));

  say("-- from now on\n");
  fd = make();
  area = map(fd, PROT_READ | PROT_WRITE);
  say("future writes: %s\n", seal(fd, kFutureWrite));
  area[0] = 'y';
  char seen = 0;
  ::pread(fd, &seen, 1, 0);
  say("the mapping still writes: %c\n", seen);
  say("write: %s, ", outcome(::pwrite(fd, "x", 1, 0)));
  say("map: %s, ", mapping(fd, PROT_READ | PROT_WRITE));
  char* readable = map(fd, PROT_READ);
  say("map for reading: %s, ", outcome(readable == MAP_FAILED ? -1 : 0));
  say("mprotect: %s\n", outcome(::mprotect(readable, kPage, PROT_READ | PROT_WRITE)));
  say("and for good: %s, ", seal(fd, F_SEAL_WRITE));
  ::munmap(area, 2 * kPage);
  say("unmapped: %s, seals %d\n", seal(fd, F_SEAL_WRITE), ::fcntl(fd, F_GET_SEALS));

  say("-- errors\n");
  fd = make();
  say("unknown: %s\n", seal(fd, 0x1000));
  say("sealed: %s, ", seal(fd, F_SEAL_SEAL));
  say("%s\n", seal(fd, F_SEAL_WRITE));
  const int plain = ::memfd_create("plain", 0);
  say("not sealable: %d %s\n", ::fcntl(plain, F_GET_SEALS), seal(plain, F_SEAL_WRITE));
  const int file = ::open("file", O_RDWR | O_CREAT, 0644);
  say("a directory: %s\n", seal(::open(".", O_RDONLY), F_SEAL_WRITE));
  ::close(file);
  char path[64];
  fd = make();
  __builtin_snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  say("read-only descriptor: %s\n", seal(::open(path, O_RDONLY), F_SEAL_WRITE));
  return 0;
}

static const Topic topic("memfd_seals", run);
