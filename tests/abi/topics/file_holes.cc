// Holes: where lseek finds them, what fallocate makes of them, and what they count. On a memfd, which is tmpfs's on Linux.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "../topic.h"

using namespace abi;

namespace {

void say_seek(int fd, const char* what, off_t offset, int whence) {
  const off_t found = ::lseek(fd, offset, whence);
  if (found < 0)
    say("%s from %ld: %s\n", what, static_cast<long>(offset), outcome(-1));
  else
    say("%s from %ld: %ld\n", what, static_cast<long>(offset), static_cast<long>(found));
}

void say_size(int fd, const char* what) {
  struct stat status;
  ::fstat(fd, &status);
  say("%s: size %ld, blocks %ld\n", what, static_cast<long>(status.st_size), static_cast<long>(status.st_blocks));
}

void seeking() {
  const int fd = ::memfd_create("holes", 0);
  say_seek(fd, "data in nothing", 0, SEEK_DATA);
  ::pwrite(fd, "x", 1, 100'000);
  ::pwrite(fd, "y", 1, 40L << 20);
  ::pwrite(fd, "z", 1, 3L << 40);
  say_size(fd, "three bytes");
  for (const off_t from : {0L, 98'304L, 100'000L, 102'400L, 1L << 20, 40L << 20, (40L << 20) + 1, 2L << 40, 3L << 40}) {
    say_seek(fd, "data", from, SEEK_DATA);
    say_seek(fd, "hole", from, SEEK_HOLE);
  }
  say_seek(fd, "data at the end", (3L << 40) + 1, SEEK_DATA);
  say_seek(fd, "hole at the end", (3L << 40) + 1, SEEK_HOLE);
  say_seek(fd, "negative", -1, SEEK_DATA);
  say_seek(fd, "unknown", 0, 5);
  ::ftruncate(fd, 101'000);
  ::ftruncate(fd, 1L << 30);
  say_seek(fd, "data behind the rest", 102'400, SEEK_DATA);
  say_seek(fd, "from the end, far", 1L << 62, SEEK_END);
  ::lseek(fd, 100, SEEK_SET);
  say_seek(fd, "too far", 0x7fff'ffff'ffff'ffff, SEEK_CUR);
  say_seek(fd, "before the beginning", -101, SEEK_CUR);
  ::close(fd);
}

void allocating() {
  const int fd = ::memfd_create("allocated", 0);
  say("allocate: %s\n", outcome(::fallocate(fd, 0, 0, 10'000)));
  say_size(fd, "allocated");
  say("keep size: %s\n", outcome(::fallocate(fd, FALLOC_FL_KEEP_SIZE, 20'000, 10'000)));
  say_size(fd, "and more behind the end");
  ::pwrite(fd, "end", 3, 24'000);
  say_size(fd, "written there");
  ::ftruncate(fd, 24'003);
  say_size(fd, "cut at its end");
  char page[12'288];
  std::memset(page, 'x', sizeof page);
  ::pwrite(fd, page, sizeof page, 0);
  say("punch: %s\n", outcome(::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 100, 8192)));
  say_size(fd, "punched");
  ::pread(fd, page, sizeof page, 0);
  say("%d %d %d %d\n", page[99], page[100], page[8291], page[8292]);
  say("punch without keeping: %s\n", outcome(::fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 1)));
  say("punch behind the end: %s\n",
      outcome(::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 1L << 30, 4096)));
  // Also where the range lies behind the end and in its page.
  for (const off_t from : {0L, 8191L, 1L << 20})
    say("zero range: %s\n", outcome(::fallocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, from, 100)));
  say_size(fd, "nothing changed");
  say("no length: %s\n", outcome(::fallocate(fd, 0, 0, 0)));
  say("negative: %s\n", outcome(::fallocate(fd, 0, -1, 10)));
  say("negative length: %s\n", outcome(::fallocate(fd, 0, 0, -10)));
  say("collapse: %s\n", outcome(::fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, 4096)));
  say("wraps: %s\n", outcome(::fallocate(fd, 0, 0x7fff'ffff'ffff'f000, 0x7fff'ffff'ffff'f000)));
  const int reader = ::open("/proc/self/exe", O_RDONLY);
  say("read only: %s\n", outcome(::fallocate(reader, 0, 0, 10)));
  int ends[2];
  ::pipe(ends);
  say("pipe: %s\n", outcome(::fallocate(ends[1], 0, 0, 10)));
  const int null = ::open("/dev/null", O_RDWR);
  say("device: %s\n", outcome(::fallocate(null, 0, 0, 10)));
  say("negative on a pipe: %s\n", outcome(::fallocate(ends[1], 0, -1, 10)));
  ::close(fd), ::close(reader), ::close(ends[0]), ::close(ends[1]), ::close(null);
}

// A hole that is punched shows in a mapping; what is kept behind the end is zero when the file grows over it.
void mapped() {
  const int fd = ::memfd_create("mapped", 0);
  ::ftruncate(fd, 3 * 4096);
  auto* memory = static_cast<char*>(::mmap(nullptr, 3 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  std::memset(memory, 'm', 3 * 4096);
  ::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4000, 5000);
  say("%d %d %d %d\n", memory[3999], memory[4000], memory[8999], memory[9000]);
  memory[4100] = 'w';
  char seen = 0;
  ::pread(fd, &seen, 1, 4100);
  say("written through: %c\n", seen);
  ::fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 10 * 4096);
  ::ftruncate(fd, 10 * 4096);
  ::pread(fd, &seen, 1, 9 * 4096);
  say("behind the old end: %d\n", seen);
  ::munmap(memory, 3 * 4096);
  ::close(fd);
}

int run() {
  seeking();
  allocating();
  mapped();
  return 0;
}

const Topic topic("file_holes", run);

}  // namespace
