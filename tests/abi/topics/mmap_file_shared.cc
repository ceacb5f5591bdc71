// Shared file mappings: mapping, file and other processes see one memory.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "../topic.h"

using namespace abi;

static constexpr std::size_t kPage = 4096;

static int run() {
  const int fd = ::open("file", O_RDWR | O_CREAT, 0644);
  ::ftruncate(fd, 3 * kPage);
  char* area = static_cast<char*>(::mmap(nullptr, 3 * kPage, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  say("mmap: %s\n", area == MAP_FAILED ? outcome(-1) : "ok");
  say("a hole reads %d\n", area[kPage]);
  std::strcpy(area, "through the mapping");
  char text[32] = {};
  ::pread(fd, text, sizeof text - 1, 0);
  say("read: [%s]\n", text);
  ::pwrite(fd, "through write", 14, static_cast<off_t>(kPage));
  say("mapping: [%s]\n", area + kPage);
  char* second = static_cast<char*>(::mmap(nullptr, 3 * kPage, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  std::strcpy(second + 2 * kPage, "second mapping");
  say("first mapping: [%s]\n", area + 2 * kPage);
  say_end("child", in_child([&] {
            std::strcpy(area, "from the child");
            return 0;
          }));
  say("parent: [%s]\n", second);
  say_end("child that opens it anew", in_child([&] {
            const int other = ::open("file", O_RDWR);
            char* mine = static_cast<char*>(::mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, other, 0));
            say("sees [%s]\n", mine);
            std::strcpy(mine, "from far away");
            return 0;
          }));
  say("parent: [%s]\n", area);
  say("msync: %s\n", outcome(::msync(area, 3 * kPage, MS_SYNC)));
  say("munmap: %s\n", outcome(::munmap(second, 3 * kPage)));
  ::pread(fd, text, sizeof text - 1, 0);
  say("file after munmap: [%s]\n", text);

  ::ftruncate(fd, static_cast<off_t>(kPage));
  say_end("a page cut off", in_child([&] { return area[2 * kPage]; }));
  ::ftruncate(fd, 3 * kPage);
  say("grown again: %d\n", area[2 * kPage]);

  const int read_only = ::open("file", O_RDONLY);
  say("writable on a read-only descriptor: %s\n",
      outcome(::mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, read_only, 0) == MAP_FAILED ? -1 : 0));
  char* readable = static_cast<char*>(::mmap(nullptr, kPage, PROT_READ, MAP_SHARED, read_only, 0));
  say("readable: [%s]\n", readable);
  say("mprotect to writable: %s\n", outcome(::mprotect(readable, kPage, PROT_READ | PROT_WRITE)));
  return 0;
}

static const Topic topic("mmap_file_shared", run);
