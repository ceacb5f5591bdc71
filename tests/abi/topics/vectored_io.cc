// readv, writev, pread, pwrite, sendfile and copies at given offsets.
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstring>

#include "../topic.h"

using namespace abi;

static int run() {
  const int fd = ::open("file", O_RDWR | O_CREAT | O_TRUNC, 0644);
  char one[] = "one ", two[] = "", three[] = "three";
  const iovec parts[3] = {{one, 4}, {two, 0}, {three, 5}};
  say("writev: %zd\n", ::writev(fd, parts, 3));
  char a[3] = {}, b[5] = {}, c[20] = {};
  ::lseek(fd, 0, SEEK_SET);
  const iovec buffers[3] = {{a, 2}, {b, 4}, {c, 19}};
  say("readv: %zd", ::readv(fd, buffers, 3));
  say(" [%s][%s][%s]\n", a, b, c);
  say("at the end: %zd\n", ::readv(fd, buffers, 3));
  say("pwrite: %zd\n", ::pwrite(fd, "XYZ", 3, 20));
  char text[32] = {};
  say("pread: %zd", ::pread(fd, text, sizeof text, 18));
  say(" %d %d [%s], offset %ld\n", text[0], text[1], text + 2, static_cast<long>(::lseek(fd, 0, SEEK_CUR)));
  say("pread at a negative offset: %s\n", outcome(::pread(fd, text, 1, -1)));
  say("preadv: %zd\n", ::preadv(fd, buffers, 3, 1));
  say("pwritev: %zd\n", ::pwritev(fd, parts, 3, 40));
  say("too many parts: %s\n", outcome(::writev(fd, parts, 5000)));
  say("negative count: %s\n", outcome(::writev(fd, parts, -1)));
  const iovec bad[2] = {{one, 4}, {reinterpret_cast<void*>(8), 4}};
  say("the second part is bad: %zd\n", ::writev(fd, bad, 2));
  const iovec huge[2] = {{one, static_cast<std::size_t>(-1) / 2}, {one, static_cast<std::size_t>(-1) / 2}};
  say("lengths overflow: %s\n", outcome(::writev(fd, huge, 2)));
  int ends[2];
  ::pipe(ends);
  say("pread from a pipe: %s\n", outcome(::pread(ends[0], text, 1, 0)));
  say("writev to a pipe: %zd, ", ::writev(ends[1], parts, 3));
  std::memset(text, 0, sizeof text);
  say("readv from it: %zd\n", ::readv(ends[0], buffers, 3));
  const int out = ::open("copy", O_RDWR | O_CREAT | O_TRUNC, 0644);
  off_t offset = 4;
  say("sendfile: %zd, offset %ld\n", ::sendfile(out, fd, &offset, 5), static_cast<long>(offset));
  std::memset(text, 0, sizeof text);
  ::pread(out, text, sizeof text - 1, 0);
  say("[%s]\n", text);
  return 0;
}

static const Topic topic("vectored_io", run);
