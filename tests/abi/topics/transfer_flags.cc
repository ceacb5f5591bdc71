// preadv2 and pwritev2: their flags, and the order in which arguments are looked at.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

#include "../topic.h"

#ifndef RWF_NOAPPEND
#define RWF_NOAPPEND 0x20
#endif

using namespace abi;

namespace {

std::string number(long value) {
  return value < 0 ? outcome(value) : std::to_string(value);
}

void say_file(int fd, const char* what, long result) {
  const std::string text = number(result);
  struct stat status;
  ::fstat(fd, &status);
  say("%s: %s, size %ld, position %ld\n", what, text.c_str(), static_cast<long>(status.st_size),
      static_cast<long>(::lseek(fd, 0, SEEK_CUR)));
}

void appending() {
  const int fd = ::open("file", O_RDWR | O_CREAT | O_TRUNC, 0644);
  ::write(fd, "0123456789", 10);
  ::lseek(fd, 2, SEEK_SET);
  char text[] = "ab";
  const iovec part{text, 2};
  say_file(fd, "append at an offset", ::pwritev2(fd, &part, 1, 4, RWF_APPEND));
  say_file(fd, "append at its own", ::pwritev2(fd, &part, 1, -1, RWF_APPEND));
  say_file(fd, "at its own", ::pwritev2(fd, &part, 1, -1, 0));
  ::close(fd);
  const int append = ::open("file", O_RDWR | O_APPEND);
  say_file(append, "opened for appending, at an offset", ::pwritev2(append, &part, 1, 0, 0));
  say_file(append, "not appending", ::pwritev2(append, &part, 1, 0, RWF_NOAPPEND));
  say_file(append, "both", ::pwritev2(append, &part, 1, 0, RWF_NOAPPEND | RWF_APPEND));
  say_file(append, "pwrite", ::pwrite(append, "zz", 2, 0));
  say_file(append, "write", ::write(append, "zz", 2));
  char all[64] = {};
  ::pread(append, all, sizeof all, 0);
  say("[%s]\n", all);
  ::close(append);
}

void others() {
  const int fd = ::open("file", O_RDWR);
  char text[8];
  const iovec part{text, 2};
  for (const int flags : {0x1, 0x2, 0x4, 0x10, 0x20, 0x8000, 1 << 30}) {
    say("read with %x: %s, ", flags, number(::preadv2(fd, &part, 1, 0, flags)).c_str());
    if (flags != 0x10 && flags != 0x20) say("write: %s", number(::pwritev2(fd, &part, 1, 0, flags)).c_str());
    say("\n");
  }
  say("unknown flags, nothing to do: %s\n", number(::preadv2(fd, &part, 0, 0, 1 << 30)).c_str());
  say("offset -2: %s\n", number(::preadv2(fd, &part, 1, -2, 0)).c_str());
  int ends[2];
  ::pipe(ends);
  say("pipe, own position: %s\n", number(::pwritev2(ends[1], &part, 1, -1, 0)).c_str());
  say("pipe, an offset: %s\n", number(::pwritev2(ends[1], &part, 1, 0, 0)).c_str());
  say("read: %s\n", number(::preadv2(ends[0], &part, 1, -1, RWF_NOWAIT)).c_str());
  say("not waiting: %s\n", number(::preadv2(ends[0], &part, 1, -1, RWF_NOWAIT)).c_str());
  say("its flags: %x\n", ::fcntl(ends[0], F_GETFL) & O_NONBLOCK);
  say("pipe, bad vector and offset: %s\n", number(::preadv(ends[0], reinterpret_cast<iovec*>(8), 1, 0)).c_str());
  say("wrong end: %s\n", number(::readv(ends[1], &part, 1)).c_str());
  say("wrong end, bad vector: %s\n", number(::readv(ends[1], reinterpret_cast<iovec*>(8), 1)).c_str());
  ::close(fd);
}

void vectors() {
  const int fd = ::open("file", O_RDWR | O_TRUNC);
  std::vector<iovec> many(1025, iovec{const_cast<char*>("x"), 1});
  say("1024: %s\n", number(::writev(fd, many.data(), 1024)).c_str());
  say("1025: %s\n", number(::writev(fd, many.data(), 1025)).c_str());
  say("-1: %s\n", number(::writev(fd, many.data(), -1)).c_str());
  iovec large[] = {{const_cast<char*>("x"), 1}, {nullptr, ~std::size_t{0}}};
  say("a negative length: %s\n", number(::writev(fd, large, 2)).c_str());
  large[1].iov_len = ~std::size_t{0} >> 1;
  say("beyond the address space: %s\n", number(::writev(fd, large, 2)).c_str());
  const int null = ::open("/dev/null", O_WRONLY);
  const std::size_t half = std::size_t{3} << 30;
  auto* space =
      static_cast<char*>(::mmap(nullptr, half, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  iovec two[] = {{space, half}, {space, half}};
  say("more than one call moves: %s\n", number(::writev(null, two, 2)).c_str());
  say("in one: %s\n", number(::write(null, space, half)).c_str());
  ::munmap(space, half);
  ::close(fd), ::close(null);
}

int run() {
  appending();
  others();
  vectors();
  return 0;
}

const Topic topic("transfer_flags", run);

}  // namespace
