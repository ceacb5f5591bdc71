// How much a pipe holds, in what pieces, and what F_SETPIPE_SZ, O_DIRECT, FIONREAD and poll say of it.
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "../topic.h"

using namespace abi;

namespace {

struct Pipe {
  int in, out;
  explicit Pipe(int flags = O_NONBLOCK) {
    int ends[2] = {-1, -1};
    say("pipe2: %s\n", outcome(::pipe2(ends, flags)));
    out = ends[0], in = ends[1];
  }
  ~Pipe() {
    ::close(in);
    ::close(out);
  }
  ssize_t put(std::size_t count) const {
    const std::string text(count, 'p');
    return ::write(in, text.data(), count);
  }
  ssize_t get(std::size_t count) const {
    std::string text(count, ' ');
    return ::read(out, text.data(), count);
  }
  int held() const {
    int count = -1;
    ::ioctl(out, FIONREAD, &count);
    return count;
  }
  bool writable() const {
    pollfd poll_in{in, POLLOUT, 0};
    ::poll(&poll_in, 1, 0);
    return poll_in.revents & POLLOUT;
  }
};

// Writes of one size until no more fits.
void fill(std::size_t size) {
  Pipe p;
  int writes = 0;
  while (p.put(size) == static_cast<ssize_t>(size)) ++writes;
  say("of %zu bytes: %d writes, then %s, held %d", size, writes, outcome(-1), p.held());
  say(", poll %d\n", p.writable());
  p.get(100);
  say("100 read: poll %d, ", p.writable());
  say("write of 50: %s\n", outcome(p.put(50)));
  p.get(4096);
  say("a page read: poll %d, ", p.writable());
  say("write of 50: %s, ", outcome(p.put(50)));
  say("held %d\n", p.held());
}

void sizes() {
  Pipe p;
  say("size %d\n", ::fcntl(p.in, F_GETPIPE_SZ));
  for (const long size : {0L, 1L, 4095L, 4096L, 4097L, 100'000L, 1L << 20, 1L << 31, (1L << 31) + 1, 1L << 32, -1L}) {
    if (size == 1L << 31) continue;  // depends on the machine's memory
    const int result = ::fcntl(p.in, F_SETPIPE_SZ, size);
    say("F_SETPIPE_SZ %ld: %s %d, ", size, outcome(result), result);
    say("then %d\n", ::fcntl(p.out, F_GETPIPE_SZ));
  }
  say("written: %zd\n", p.put(4096));
  say("written: %zd\n", p.put(10));
  ::fcntl(p.in, F_SETPIPE_SZ, 65536);
  p.put(10'000);
  say("too small: %s\n", outcome(::fcntl(p.in, F_SETPIPE_SZ, 8192)));
  say("held %d\n", p.held());
  const int null = ::open("/dev/null", O_RDWR);
  say("no pipe: %s, ", outcome(::fcntl(null, F_GETPIPE_SZ)));
  say("%s\n", outcome(::fcntl(null, F_SETPIPE_SZ, 4096)));
  ::close(null);
}

void packets() {
  Pipe p(O_NONBLOCK | O_DIRECT);
  say("flags %x %x\n", ::fcntl(p.out, F_GETFL) & (O_DIRECT | O_NONBLOCK),
      ::fcntl(p.in, F_GETFL) & (O_DIRECT | O_NONBLOCK));
  p.put(5), p.put(7), p.put(5000);
  say("held %d\n", p.held());
  say("read %zd", p.get(100));
  say(" %zd", p.get(3));
  say(" %zd", p.get(10'000));
  say(" %zd", p.get(10'000));
  say(" %s\n", outcome(p.get(10'000)));
  int writes = 0;
  while (p.put(1) == 1) ++writes;
  say("%d packets fit\n", writes);
  Pipe q;
  say("F_SETFL: %s\n", outcome(::fcntl(q.in, F_SETFL, O_DIRECT | O_NONBLOCK)));
  q.put(5), q.put(7);
  say("read %zd\n", q.get(100));
}

void edges() {
  Pipe p;
  char byte = 'x';
  iovec parts[] = {{&byte, 1}, {nullptr, 1}};
  say("a bad part: %s, ", outcome(::writev(p.in, parts, 2)));
  say("held %d\n", p.held());
  say("nothing: %zd, ", ::write(p.in, nullptr, 0));
  say("%zd\n", ::read(p.out, nullptr, 0));
  p.put(100);
  say("a bad buffer: %s, ", outcome(::read(p.out, reinterpret_cast<void*>(16), 10)));
  say("held %d\n", p.held());
}

// A FIFO that nobody writes has not been hung up on; one whose writer went has.
void fifo_poll() {
  ::mkfifo("fifo", 0600);
  const int reader = ::open("fifo", O_RDONLY | O_NONBLOCK);
  pollfd watched{reader, POLLIN, 0};
  say("no writer yet: %d", ::poll(&watched, 1, 0));
  say(" %x\n", static_cast<unsigned>(watched.revents));
  const int writer = ::open("fifo", O_WRONLY);
  say("a writer: %d\n", ::poll(&watched, 1, 0));
  ::close(writer);
  say("he went: %d", ::poll(&watched, 1, 0));
  say(" %x\n", static_cast<unsigned>(watched.revents));
  const int second = ::open("fifo", O_RDONLY | O_NONBLOCK);
  pollfd other{second, POLLIN, 0};
  say("a second reader: %d", ::poll(&other, 1, 0));
  say(" %x\n", static_cast<unsigned>(other.revents));
  ::close(second), ::close(reader);
}

int run() {
  for (const std::size_t size : {50, 100, 1000, 3000, 4096, 5000, 65536}) fill(size);
  sizes();
  packets();
  edges();
  fifo_poll();
  return 0;
}

const Topic topic("pipe_slots", run);

}  // namespace
