// splice, tee, vmsplice, sendfile, copy_file_range: what moves, what stays, and what is refused.
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "../topic.h"

using namespace abi;

namespace {

struct Pipe {
  int in, out;
  explicit Pipe(int flags = 0) {
    int ends[2];
    ::pipe2(ends, flags);
    out = ends[0], in = ends[1];
  }
  ~Pipe() {
    if (in >= 0) ::close(in);
    if (out >= 0) ::close(out);
  }
  int held() const {
    int count = -1;
    ::ioctl(out, FIONREAD, &count);
    return count;
  }
};

void say_result(const char* what, ssize_t result) {
  const char* name = outcome(result);
  if (result < 0)
    say("%s: %s\n", what, name);
  else
    say("%s: %zd\n", what, result);
}

std::string drain(int fd, std::size_t most = 64) {
  std::string text(most, '\0');
  const ssize_t got = ::read(fd, text.data(), most);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
}

int numbers_file() {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += std::to_string(i) + "\n";
  write_file("numbers", text.c_str());
  return ::open("numbers", O_RDWR);
}

void pipe_to_file() {
  Pipe p;
  ::write(p.in, "hello world", 11);
  const int null = ::open("/dev/null", O_WRONLY);
  say_result("pipe to /dev/null", ::splice(p.out, nullptr, null, nullptr, 100'000, SPLICE_F_MOVE));
  ::write(p.in, "some more", 9);
  const int fd = ::open("out", O_RDWR | O_CREAT | O_TRUNC, 0644);
  say_result("pipe to a file", ::splice(p.out, nullptr, fd, nullptr, 4, 0));
  off_t at = 10;
  say_result("at an offset", ::splice(p.out, nullptr, fd, &at, 100, 0));
  say("offset %ld, position %ld, size %ld\n", static_cast<long>(at), static_cast<long>(::lseek(fd, 0, SEEK_CUR)),
      static_cast<long>(::lseek(fd, 0, SEEK_END)));
  char text[32] = {};
  ::pread(fd, text, sizeof text, 0);
  say("[%.4s] [%.5s]\n", text, text + 10);
  say_result("empty, not waiting", ::splice(p.out, nullptr, fd, nullptr, 1, SPLICE_F_NONBLOCK));
  ::close(p.in), p.in = -1;
  say_result("at the end", ::splice(p.out, nullptr, fd, nullptr, 1, 0));
  ::close(fd), ::close(null);
}

void file_to_pipe() {
  const int fd = numbers_file();
  Pipe p;
  say_result("file to pipe", ::splice(fd, nullptr, p.in, nullptr, 10, 0));
  say("[%s] position %ld\n", drain(p.out).substr(0, 9).c_str(), static_cast<long>(::lseek(fd, 0, SEEK_CUR)));
  off_t at = 4096;
  say_result("at an offset", ::splice(fd, &at, p.in, nullptr, 6000, 0));
  say("offset %ld, position %ld, held %d\n", static_cast<long>(at), static_cast<long>(::lseek(fd, 0, SEEK_CUR)),
      p.held());
  std::string all = drain(p.out, 8000), expected(6000, '\0');
  ::pread(fd, expected.data(), expected.size(), 4096);
  say("the same: %d\n", all == expected);
  at = 1 << 20;
  say_result("behind the end", ::splice(fd, &at, p.in, nullptr, 10, 0));
  const int zero = ::open("/dev/zero", O_RDONLY);
  say_result("more than fits", ::splice(zero, nullptr, p.in, nullptr, 1 << 20, 0));
  say_result("full, not waiting", ::splice(fd, nullptr, p.in, nullptr, 10, SPLICE_F_NONBLOCK));
  ::close(p.out), p.out = -1;
  ::signal(SIGPIPE, SIG_IGN);
  say_result("to nobody", ::splice(fd, nullptr, p.in, nullptr, 10, 0));
  ::signal(SIGPIPE, SIG_DFL);
  ::close(zero), ::close(fd);
}

void pipe_to_pipe() {
  Pipe a, b;
  ::write(a.in, "abcdefghij", 10);
  say_result("pipe to pipe", ::splice(a.out, nullptr, b.in, nullptr, 4, 0));
  say("left %d, there %d\n", a.held(), b.held());
  ::write(a.in, "klm", 3);
  say_result("tee", ::tee(a.out, b.in, 6, 0));
  say("left %d, there %d\n", a.held(), b.held());
  ::write(b.in, "!", 1);
  say("[%s]", drain(b.out).c_str());
  say(" [%s]\n", drain(a.out).c_str());
  say_result("tee of nothing, not waiting", ::tee(a.out, b.in, 6, SPLICE_F_NONBLOCK));
  say_result("to itself", ::splice(a.out, nullptr, a.in, nullptr, 1, 0));
  say_result("tee to itself", ::tee(a.out, a.in, 1, 0));
  ::close(a.in), a.in = -1;
  say_result("tee at the end", ::tee(a.out, b.in, 6, 0));
  say_result("splice at the end", ::splice(a.out, nullptr, b.in, nullptr, 6, 0));
}

void waiting() {
  Pipe a, b;
  const pid_t child = in_child([&] {
    ::close(a.in), a.in = -1;
    long total = 0;
    for (ssize_t moved; (moved = ::splice(a.out, nullptr, b.in, nullptr, 1 << 20, 0)) > 0;) total += moved;
    say("the child moved %ld\n", total);
    return 0;
  });
  ::close(b.in), b.in = -1;
  const pid_t writer = in_child([&] {
    std::string block(300'000, 'x');
    return ::write(a.in, block.data(), block.size()) == static_cast<ssize_t>(block.size()) ? 0 : 1;
  });
  ::close(a.in), a.in = -1;
  long total = 0;
  for (std::string some; !(some = drain(b.out, 5000)).empty();) total += static_cast<long>(some.size());
  say_end("writer", writer);
  say_end("splicer", child);
  say("arrived %ld\n", total);
}

void memory() {
  Pipe p;
  char first[] = "first ", second[] = "second";
  iovec parts[] = {{first, 6}, {second, 6}};
  say_result("vmsplice", ::vmsplice(p.in, parts, 2, 0));
  say("[%s]\n", drain(p.out).c_str());
  std::string large(100'000, 'v');
  iovec one{large.data(), large.size()};
  say("more than fits: %d\n", ::vmsplice(p.in, &one, 1, SPLICE_F_NONBLOCK) > 60'000);
  say_result("full, not waiting", ::vmsplice(p.in, &one, 1, SPLICE_F_NONBLOCK));
  char space[8] = {};
  iovec into{space, 5};
  say_result("out of the pipe", ::vmsplice(p.out, &into, 1, 0));
  say("[%s]\n", space);
  say_result("unknown flags", ::vmsplice(p.in, &one, 1, 0x10));
  const int null = ::open("/dev/null", O_WRONLY);
  say_result("no pipe", ::vmsplice(null, &one, 1, 0));
  say_result("nothing", ::vmsplice(p.in, nullptr, 0, 0));
  ::close(null);
}

void refused() {
  const int fd = numbers_file();
  const int append = ::open("numbers", O_WRONLY | O_APPEND);
  const int directory = ::open(".", O_RDONLY);
  Pipe p;
  ::write(p.in, "x", 1);
  off_t at = 0, negative = -1;
  say_result("no pipe", ::splice(fd, nullptr, append, nullptr, 1, 0));
  say_result("unknown flags", ::splice(p.out, nullptr, fd, nullptr, 1, 0x10));
  say_result("nothing", ::splice(-1, nullptr, -1, nullptr, 0, 0));
  say_result("bad input", ::splice(-1, nullptr, p.in, nullptr, 1, 0));
  say_result("bad output", ::splice(p.out, nullptr, -1, nullptr, 1, 0));
  say_result("an offset in a pipe", ::splice(p.out, &at, fd, nullptr, 1, 0));
  say_result("an offset in the other", ::splice(fd, nullptr, p.in, &at, 1, 0));
  say_result("a negative offset", ::splice(fd, &negative, p.in, nullptr, 1, 0));
  say_result("appending", ::splice(p.out, nullptr, append, nullptr, 1, 0));
  say_result("the wrong end", ::splice(p.in, nullptr, fd, nullptr, 1, 0));
  say_result("the other wrong end", ::splice(fd, nullptr, p.out, nullptr, 1, 0));
  say_result("a directory", ::splice(directory, nullptr, p.in, nullptr, 1, 0));
  say_result("tee to a file", ::tee(p.out, fd, 1, 0));
  say_result("tee with unknown flags", ::tee(p.out, p.in, 0, 0x10));
  ::close(fd), ::close(append), ::close(directory);
}

void send() {
  const int fd = numbers_file();
  Pipe p;
  off_t at = 100;
  say_result("sendfile to a pipe", ::sendfile(p.in, fd, &at, 50));
  say("offset %ld, position %ld, held %d\n", static_cast<long>(at), static_cast<long>(::lseek(fd, 0, SEEK_CUR)),
      p.held());
  drain(p.out, 100);
  const int zero = ::open("/dev/zero", O_RDONLY);
  say_result("more than a pipe holds", ::sendfile(p.in, zero, nullptr, 1 << 20));
  const int out = ::open("copy", O_RDWR | O_CREAT | O_TRUNC, 0644);
  say_result("to a file", ::sendfile(out, fd, nullptr, 1 << 20));
  say("position %ld\n", static_cast<long>(::lseek(fd, 0, SEEK_CUR)));
  say_result("from a pipe", ::sendfile(out, p.out, nullptr, 10));
  say_result("from a pipe at an offset", ::sendfile(out, p.out, &at, 10));
  const int append = ::open("copy", O_WRONLY | O_APPEND);
  say_result("appending", ::sendfile(append, fd, nullptr, 10));
  say_result("nothing", ::sendfile(out, fd, nullptr, 0));
  say_result("unreadable", ::sendfile(out, append, nullptr, 1));
  say_result("unwritable", ::sendfile(zero, fd, nullptr, 1));
  off_t negative = -1;
  say_result("a negative offset", ::sendfile(out, fd, &negative, 1));
  ::close(zero), ::close(fd), ::close(out), ::close(append);
}

void copy_range() {
  const int fd = numbers_file();
  const int out = ::open("range", O_RDWR | O_CREAT | O_TRUNC, 0644);
  off_t from = 50, to = 5000;
  say_result("range", ::copy_file_range(fd, &from, out, &to, 300, 0));
  say("from %ld to %ld size %ld\n", static_cast<long>(from), static_cast<long>(to),
      static_cast<long>(::lseek(out, 0, SEEK_END)));
  from = 1 << 20;
  say_result("behind the end", ::copy_file_range(fd, &from, out, &to, 300, 0));
  from = 0, to = 100;
  say_result("overlapping", ::copy_file_range(fd, &from, fd, &to, 101, 0));
  say_result("side by side", ::copy_file_range(fd, &from, fd, &to, 100, 0));
  from = 0, to = 1L << 62;
  say_result("wrapping", ::copy_file_range(fd, &from, fd, &to, ~0UL >> 1, 0));
  from = 10, to = 0;
  say_result("a length that wraps", ::copy_file_range(fd, &from, out, &to, ~0UL - 5, 0));
  say_result("flags", ::copy_file_range(fd, nullptr, out, nullptr, 1, 1));
  Pipe p;
  say_result("a pipe", ::copy_file_range(p.out, nullptr, out, nullptr, 1, 0));
  ::close(fd), ::close(out);
}

int run() {
  pipe_to_file();
  file_to_pipe();
  pipe_to_pipe();
  waiting();
  memory();
  refused();
  send();
  copy_range();
  return 0;
}

const Topic topic("splice", run);

}  // namespace
