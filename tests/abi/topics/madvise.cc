// madvise(2): what each advice does, to which mappings, and what an advice that nobody knows gets.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "../topic.h"

using namespace abi;

static constexpr std::size_t kPage = 4096;

static char* map(std::size_t pages, int flags = MAP_PRIVATE | MAP_ANONYMOUS, int fd = -1,
                 int protection = PROT_READ | PROT_WRITE) {
  char* area = static_cast<char*>(::mmap(nullptr, pages * kPage, protection, flags, fd, 0));
  if (area == MAP_FAILED) say("mmap: %s\n", outcome(-1));
  return area;
}

static void fill(char* area, std::size_t pages) {
  for (std::size_t i = 0; i < pages; ++i) area[i * kPage] = static_cast<char>('a' + i);
}

static int run() {
  const int fd = ::open("file", O_RDWR | O_CREAT, 0644);
  for (int i = 0; i < 4; ++i) ::pwrite(fd, "file", 4, i * static_cast<off_t>(kPage));
  char* own = map(4);
  char* shared = map(4, MAP_SHARED | MAP_ANONYMOUS);
  char* file = map(4, MAP_SHARED, fd);
  char* readable = map(4, MAP_SHARED, ::open("file", O_RDONLY), PROT_READ);
  char* copy = map(4, MAP_PRIVATE, fd);
  char* locked = map(4);
  ::mlock(locked, 4 * kPage);
  char* nothing = map(4);
  ::munmap(nothing + kPage, kPage);
  char* closed = map(4, MAP_PRIVATE | MAP_ANONYMOUS, -1, PROT_NONE);

  for (const int advice :
       {-1, 0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23, 24, 26, 30, 99, 1000, 0x7fffffff}) {
    fill(own, 4);
    say("advice %d: private %s, ", advice, outcome(::madvise(own, 4 * kPage, advice)));
    if (advice != MADV_FREE) say("reads %d, ", own[kPage]);
    say("shared %s, ", outcome(::madvise(shared, 4 * kPage, advice)));
    say("file %s, ", outcome(::madvise(file, 4 * kPage, advice)));
    say("read-only %s, ", outcome(::madvise(readable, 4 * kPage, advice)));
    say("copy %s, ", outcome(::madvise(copy, 4 * kPage, advice)));
    say("locked %s, ", outcome(::madvise(locked, 4 * kPage, advice)));
    say("a hole %s, ", outcome(::madvise(nothing, 4 * kPage, advice)));
    say("PROT_NONE %s, ", outcome(::madvise(closed, 4 * kPage, advice)));
    say("unaligned %s, ", outcome(::madvise(own + 1, kPage, advice)));
    say("nothing %s\n", outcome(::madvise(own, 0, advice)));
  }
  ::madvise(own, 4 * kPage, MADV_KEEPONFORK);

  say("-- fork\n");
  char* forked = map(6);
  fill(forked, 6);
  say("%s, ", outcome(::madvise(forked + kPage, kPage, MADV_DONTFORK)));
  say("%s\n", outcome(::madvise(forked + 3 * kPage, 2 * kPage, MADV_WIPEONFORK)));
  say("%s\n", outcome(::madvise(forked + 4 * kPage, kPage, MADV_KEEPONFORK)));
  say_end("child", in_child([&] {
            unsigned char state = 0;
            say("child: %d, %s, %d, ", forked[0], outcome(::mincore(forked + kPage, kPage, &state)), forked[2 * kPage]);
            say("wiped %d, kept %d\n", forked[3 * kPage], forked[4 * kPage]);
            forked[3 * kPage] = 'x';
            say_end("grandchild", in_child([&] {
                      say("wiped again %d\n", forked[3 * kPage]);
                      return 0;
                    }));
            return 0;
          }));
  say_end("what is not in the child", in_child([&] { return forked[kPage]; }));
  say("parent: %d %d\n", forked[kPage], forked[3 * kPage]);
  ::madvise(forked + kPage, kPage, MADV_DOFORK);
  say_end("forked again", in_child([&] { return forked[kPage] == 'b' ? 0 : 1; }));

  say("-- holes\n");
  std::memset(shared, 's', 4 * kPage);
  ::pwrite(fd, "0123", 4, 0);
  ::pwrite(fd, "1123", 4, kPage);
  say("shared %s: ", outcome(::madvise(shared + kPage, kPage, MADV_REMOVE)));
  say("%d %d %d\n", shared[0], shared[kPage], shared[2 * kPage]);
  say("file %s: ", outcome(::madvise(file + kPage, kPage, MADV_REMOVE)));
  char text[4] = {};
  ::pread(fd, text, 4, kPage);
  say("%c %d %d\n", file[0], file[kPage], text[0]);

  say("-- discarded\n");
  std::memset(copy, 'c', 2 * kPage);
  say("a private copy: %s, ", outcome(::madvise(copy, kPage, MADV_DONTNEED)));
  say("%c %c\n", copy[0], copy[kPage]);
  fill(own, 4);
  say("over a hole: %s, ", outcome(::madvise(nothing, 4 * kPage, MADV_DONTNEED)));
  fill(nothing, 1);
  nothing[3 * kPage] = 'd';
  say("%s, %d %d\n", outcome(::madvise(nothing, 4 * kPage, MADV_DONTNEED)), nothing[0], nothing[3 * kPage]);
  return 0;
}

static const Topic topic("madvise", run);
