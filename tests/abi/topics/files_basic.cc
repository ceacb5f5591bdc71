// Regular files: open's flags, offsets, holes, append, truncation, links, renaming, life after unlink.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "../topic.h"

using namespace abi;

static void say_file(const char* path) {
  char text[64] = {};
  const int fd = ::open(path, O_RDONLY);
  if (fd < 0) {
    say("%s: %s\n", path, outcome(fd));
    return;
  }
  const ssize_t got = ::read(fd, text, sizeof text - 1);
  for (ssize_t i = 0; i < got; ++i) {
    if (text[i] == '\0') text[i] = '.';
  }
  struct stat status {};
  ::fstat(fd, &status);
  say("%s: [%s], %ld bytes, %lu links\n", path, text, static_cast<long>(status.st_size),
      static_cast<unsigned long>(status.st_nlink));
  ::close(fd);
}

static int run() {
  say("open what is not there: %s\n", outcome(::open("file", O_RDONLY)));
  const int fd = ::open("file", O_RDWR | O_CREAT | O_EXCL, 0640);
  say("create: %s, lowest descriptor: %s\n", outcome(fd), fd == 3 ? "yes" : "no");
  say("O_EXCL again: %s\n", outcome(::open("file", O_RDWR | O_CREAT | O_EXCL, 0640)));
  say("write: %zd\n", ::write(fd, "0123456789", 10));
  say("lseek SET %ld, ", static_cast<long>(::lseek(fd, 3, SEEK_SET)));
  say("CUR %ld, ", static_cast<long>(::lseek(fd, 2, SEEK_CUR)));
  say("END %ld, ", static_cast<long>(::lseek(fd, -1, SEEK_END)));
  say("before the start %s, ", outcome(::lseek(fd, -20, SEEK_CUR)));
  say("bad whence %s\n", outcome(::lseek(fd, 0, 77)));
  say("beyond the end: %ld\n", static_cast<long>(::lseek(fd, 15, SEEK_SET)));
  char byte = 'x';
  say("read there: %zd\n", ::read(fd, &byte, 1));
  say("write there: %zd\n", ::write(fd, "end", 3));
  say_file("file");
  say("ftruncate: %s\n", outcome(::ftruncate(fd, 5)));
  say_file("file");
  say("ftruncate to more: %s\n", outcome(::ftruncate(fd, 8)));
  say_file("file");
  say("negative: %s\n", outcome(::ftruncate(fd, -1)));
  say("truncate by name: %s\n", outcome(::truncate("file", 4)));

  const int append = ::open("file", O_WRONLY | O_APPEND);
  ::lseek(append, 0, SEEK_SET);
  ::write(append, "AA", 2);
  say("offset after an append: %ld\n", static_cast<long>(::lseek(append, 0, SEEK_CUR)));
  ::pwrite(fd, "bb", 2, 6);
  ::write(append, "CC", 2);
  say_file("file");
  say("read a write-only one: %s\n", outcome(::read(append, &byte, 1)));
  const int truncated = ::open("file", O_RDWR | O_TRUNC);
  say("O_TRUNC: %s\n", outcome(truncated));
  say_file("file");
  ::write(truncated, "fresh", 5);

  say("link: %s\n", outcome(::link("file", "second")));
  say_file("second");
  say("link over an existing one: %s\n", outcome(::link("file", "second")));
  say("rename: %s\n", outcome(::rename("second", "third")));
  say_file("second");
  say("rename onto itself (hard links): %s\n", outcome(::rename("third", "file")));
  say_file("third");
  write_file("target", "to be replaced");
  say("rename over: %s\n", outcome(::rename("third", "target")));
  say_file("target");
  say("rename what is not there: %s\n", outcome(::rename("nothing", "target")));

  say("unlink: %s\n", outcome(::unlink("target")));
  ::unlink("file");
  say_file("file");
  ::lseek(fd, 0, SEEK_SET);
  char text[16] = {};
  say("its open descriptor reads %zd", ::read(fd, text, sizeof text));
  struct stat status {};
  ::fstat(fd, &status);
  say(" [%s], %lu links\n", text, static_cast<unsigned long>(status.st_nlink));
  say("unlink again: %s\n", outcome(::unlink("file")));
  say("close: %s, ", outcome(::close(fd)));
  say("twice: %s\n", outcome(::close(fd)));

  // Files of the image: read, changed, removed; all of it in the container's own layer.
  write_file("/etc/abi-new", "new");
  say_file("/etc/abi-new");
  const int image_file = ::open("/etc/passwd", O_RDWR | O_APPEND);
  say("open a file of the image for writing: %s\n", outcome(image_file));
  char first[5] = {};
  ::pread(image_file, first, 4, 0);
  ::write(image_file, "abi:x:1:1::/:/bin/sh\n", 21);
  const long size = ::lseek(image_file, 0, SEEK_END);
  char tail[22] = {};
  ::pread(image_file, tail, 21, size - 21);
  say("it begins with %s and ends with %s", first, tail);
  say("rename a file of the image: %s\n", outcome(::rename("/etc/group", "/etc/group.old")));
  say("the old name: %s, ", outcome(::access("/etc/group", F_OK)));
  say("the new one: %s\n", outcome(::access("/etc/group.old", F_OK)));
  say("unlink a file of the image: %s, ", outcome(::unlink("/etc/group.old")));
  say("then %s\n", outcome(::access("/etc/group.old", F_OK)));
  const int temporary = ::open(".", O_RDWR | O_TMPFILE, 0600);
  say("O_TMPFILE: %s\n", outcome(temporary));
  return 0;
}

static const Topic topic("files_basic", run);
