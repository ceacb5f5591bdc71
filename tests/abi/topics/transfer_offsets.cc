// sendfile(2), splice(2), copy_file_range(2): counts and offsets that are out of range, limits, and transfers that are cut
// short.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "../topic.h"

using namespace abi;

static int in, out, reader, writer;

static void start() {
  write_file("in", "0123456789");
  write_file("out", "");
  in = ::open("in", O_RDONLY);
  out = ::open("out", O_RDWR);
  int ends[2];
  ::pipe2(ends, O_NONBLOCK);
  reader = ends[0], writer = ends[1];
}

static void end() {
  for (const int fd : {in, out, reader, writer}) ::close(fd);
}

static long send(int to, int from, off_t* offset, std::size_t count) {
  return ::sendfile(to, from, offset, count);
}

static void say_moved(const char* what, long moved) {
  say("%s: %s %ld, in at %ld, out at %ld\n", what, outcome(moved), moved, static_cast<long>(::lseek(in, 0, SEEK_CUR)),
      static_cast<long>(::lseek(out, 0, SEEK_CUR)));
}

static void sending() {
  start();
  off_t offset = -1;
  say_moved("negative", send(out, in, &offset, 1));
  offset = -1;
  say_moved("negative, not open", send(-1, -1, &offset, 1));
  offset = -1;
  say_moved("negative, to nothing", send(-1, in, &offset, 1));
  say_moved("offset nowhere, not open", send(-1, -1, reinterpret_cast<off_t*>(8), 1));
  offset = LONG_MAX;
  say_moved("the last offset", send(out, in, &offset, 5));
  offset = LONG_MAX - 2;
  say_moved("nearly the last offset", send(out, in, &offset, 5));
  offset = 10;
  say_moved("at the end", send(out, in, &offset, 5));
  offset = 8;
  say_moved("over the end", send(out, in, &offset, 5));
  say("offset %ld\n", static_cast<long>(offset));
  say_moved("all", send(out, in, nullptr, SSIZE_MAX));
  say_moved("too many", send(out, in, nullptr, static_cast<std::size_t>(SSIZE_MAX) + 1));
  say_moved("nothing", send(out, in, nullptr, 0));
  say_moved("nothing to a directory", send(::open(".", O_RDONLY), in, nullptr, 0));
  say_moved("nothing from a pipe", send(out, reader, nullptr, 0));
  ::lseek(in, 0, SEEK_SET);
  say_moved("to a pipe", send(writer, in, nullptr, 100));
  say_moved("to a pipe, at the end", send(writer, in, nullptr, 100));
  say_moved("from a pipe to a file", send(out, reader, nullptr, 3));
  say_moved("from a pipe to a pipe", send(writer, reader, nullptr, 3));
  say_moved("to the read end", send(reader, in, nullptr, 3));
  end();
}

// Into a pipe that has room for less.
static void short_moves() {
  start();
  ::fcntl(writer, F_SETPIPE_SZ, 4096);
  static char bytes[20000];
  ::memset(bytes, 'x', sizeof bytes);
  const int big = ::open("big", O_CREAT | O_RDWR | O_TRUNC, 0644);
  ::write(big, bytes, sizeof bytes);
  ::lseek(big, 100, SEEK_SET);
  say("sendfile: %ld", send(writer, big, nullptr, 10000));
  say(", then at %ld\n", static_cast<long>(::lseek(big, 0, SEEK_CUR)));
  say("when it is full: %s", outcome(send(writer, big, nullptr, 10000)));
  say(", at %ld\n", static_cast<long>(::lseek(big, 0, SEEK_CUR)));
  say("read: %zd\n", ::read(reader, bytes, 5000));
  loff_t offset = 7;
  say("splice: %ld", static_cast<long>(::splice(big, &offset, writer, nullptr, 10000, 0)));
  say(", offset %ld\n", static_cast<long>(offset));
  offset = 3;
  say("splice back: %ld", static_cast<long>(::splice(reader, nullptr, out, &offset, 10000, 0)));
  say(", offset %ld\n", static_cast<long>(offset));
  say("splice from nothing: %s\n", outcome(::splice(reader, nullptr, out, &offset, 10000, 0)));
  ::close(writer);
  say("splice from nobody: %ld\n", static_cast<long>(::splice(reader, nullptr, out, &offset, 10000, 0)));
  ::close(big);
  end();
}

static void splicing() {
  start();
  ::write(writer, "pipe", 4);
  loff_t offset = -1;
  say("negative to a file: %s\n", outcome(::splice(reader, nullptr, out, &offset, 3, 0)));
  offset = -1;
  say("negative from a file: %s\n", outcome(::splice(in, &offset, writer, nullptr, 3, 0)));
  offset = -1;
  say("negative to what cannot be written: %s\n", outcome(::splice(reader, nullptr, in, &offset, 3, 0)));
  say("nowhere: %s\n", outcome(::splice(in, reinterpret_cast<loff_t*>(8), writer, nullptr, 3, 0)));
  say("nowhere, of a pipe: %s\n", outcome(::splice(reader, reinterpret_cast<loff_t*>(8), out, nullptr, 3, 0)));
  say("nothing, not open: %s\n", outcome(::splice(-1, nullptr, -1, nullptr, 0, 0)));
  say("nothing, wrong flags: %s\n", outcome(::splice(-1, nullptr, -1, nullptr, 0, 0x100)));
  say("wrong flags, not open: %s\n", outcome(::splice(-1, nullptr, -1, nullptr, 3, 0x100)));
  say("too many: %s\n", outcome(::splice(in, nullptr, writer, nullptr, static_cast<std::size_t>(SSIZE_MAX) + 1, 0)));
  say("wrong end: %s, %s\n", outcome(::splice(in, nullptr, reader, nullptr, 3, 0)),
      outcome(::splice(writer, nullptr, out, nullptr, 3, 0)));
  end();
}

static void copying() {
  start();
  const auto copy = [](loff_t from, loff_t to, std::size_t count, unsigned flags = 0) -> long {
    return ::copy_file_range(in, &from, out, &to, count, flags);
  };
  say("flags: %s\n", outcome(copy(0, 0, 1, 1)));
  say("negative: %s, %s\n", outcome(copy(-1, 0, 1)), outcome(copy(0, -1, 1)));
  say("far: %s, %s\n", outcome(copy(LONG_MAX, 0, 1)), outcome(copy(0, LONG_MAX, 1)));
  say("many: %ld, %s\n", copy(0, 0, SSIZE_MAX), outcome(copy(1, 0, SIZE_MAX)));
  say("at the end: %ld\n", copy(10, 0, 5));
  say("nothing: %ld\n", copy(0, 0, 0));
  say("over the end: %ld\n", copy(8, 100, 5));
  struct stat status = {};
  ::fstat(out, &status);
  say("size %ld\n", static_cast<long>(status.st_size));
  loff_t from = 0, to = 5;
  say("itself: %ld\n", static_cast<long>(::copy_file_range(out, &from, out, &to, 5, 0)));
  from = 0, to = 3;
  say("itself, overlapping: %s\n", outcome(::copy_file_range(out, &from, out, &to, 5, 0)));
  say("without offsets: %ld, at %ld and %ld\n", static_cast<long>(::copy_file_range(in, nullptr, out, nullptr, 4, 0)),
      static_cast<long>(::lseek(in, 0, SEEK_CUR)), static_cast<long>(::lseek(out, 0, SEEK_CUR)));
  const int null = ::open("/dev/null", O_RDWR);
  say("a device: %s\n", outcome(::copy_file_range(in, nullptr, null, nullptr, 4, 0)));
  ::close(null);
  end();
}

// Says what came of it when the limit is gone: it is that of standard output, too.
static void limited() {
  start();
  ::write(writer, "0123456789", 10);
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit old = {};
  ::getrlimit(RLIMIT_FSIZE, &old);
  rlimit less = old;
  less.rlim_cur = 6;
  struct {
    const char* what;
    long result;
    int error;
  } results[8] = {};
  int count = 0;
  const auto note = [&](const char* what, long result) { results[count++] = {what, result, errno}; };
  ::setrlimit(RLIMIT_FSIZE, &less);
  note("sendfile over the limit", send(out, in, nullptr, 10));
  note("sendfile at the limit", send(out, in, nullptr, 10));
  loff_t from = 0, to = 3;
  note("copy_file_range over the limit", ::copy_file_range(in, &from, out, &to, 8, 0));
  from = 0, to = 6;
  note("copy_file_range at the limit", ::copy_file_range(in, &from, out, &to, 8, 0));
  loff_t offset = 2;
  note("splice over the limit", ::splice(reader, nullptr, out, &offset, 10, 0));
  offset = 6;
  note("splice at the limit", ::splice(reader, nullptr, out, &offset, 10, 0));
  ::setrlimit(RLIMIT_FSIZE, &old);
  for (int i = 0; i < count; ++i) {
    errno = results[i].error;
    say("%s: %s %ld\n", results[i].what, outcome(results[i].result), results[i].result);
  }
  char bytes[16];
  say("left in the pipe: %zd\n", ::read(reader, bytes, sizeof bytes));
  say("offsets %ld, %ld\n", static_cast<long>(::lseek(in, 0, SEEK_CUR)), static_cast<long>(::lseek(out, 0, SEEK_CUR)));
  end();
}

// Enough for several steps, from and to the same file as well.
static void large() {
  const int file = ::open("large", O_CREAT | O_RDWR | O_TRUNC, 0644);
  ::ftruncate(file, 3 << 20);
  ::pwrite(file, "end", 3, (3 << 20) - 3);
  const int copy = ::memfd_create("copy", 0);
  say("sendfile: %ld\n", send(copy, file, nullptr, 10 << 20));
  char bytes[4] = {};
  ::pread(copy, bytes, 3, (3 << 20) - 3);
  say("the end: %s, at %ld\n", bytes, static_cast<long>(::lseek(copy, 0, SEEK_CUR)));
  off_t offset = 0;
  ::lseek(file, 1 << 20, SEEK_SET);
  say("to itself: %ld, offset %ld", send(file, file, &offset, 1 << 20), static_cast<long>(offset));
  say(", at %ld\n", static_cast<long>(::lseek(file, 0, SEEK_CUR)));
  ::close(file);
  ::close(copy);
}

static int run() {
  ::signal(SIGPIPE, SIG_IGN);
  sending();
  splicing();
  short_moves();
  copying();
  limited();
  large();
  return 0;
}

static const Topic topic("transfer_offsets", run);
