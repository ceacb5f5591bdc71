// splice(2), tee(2), sendfile(2), copy_file_range(2) between every two kinds of file, and vmsplice(2) to each: what moves, or
// why nothing does, and where the offsets are afterwards.
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "../topic.h"

using namespace abi;

namespace {

// A descriptor, and what must stay open or be closed with it.
struct Object {
  int fd = -1;
  int other = -1;
  ~Object() {
    if (fd >= 0) ::close(fd);
    if (other >= 0) ::close(other);
  }
};

// A new one each time: the two of a pair are not one file.
void open_file(Object& object, int flags) {
  ::unlink("file");
  write_file("file", "0123456789");
  object.fd = ::open("file", flags);
}

void make_pipe(Object& object, bool reader) {
  int ends[2];
  ::pipe2(ends, O_NONBLOCK);
  object.fd = ends[reader ? 0 : 1];
  object.other = ends[reader ? 1 : 0];
  if (reader) ::write(ends[1], "pipe", 4);
}

struct Kind {
  const char* name;
  void (*make)(Object&);
};

const Kind kKinds[] = {
    {"file", [](Object& o) { open_file(o, O_RDWR); }},
    {"append", [](Object& o) { open_file(o, O_RDWR | O_APPEND); }},
    {"path", [](Object& o) { open_file(o, O_PATH); }},
    {"memfd",
     [](Object& o) {
       o.fd = ::memfd_create("m", 0);
       ::write(o.fd, "memory", 6);
       ::lseek(o.fd, 0, SEEK_SET);
     }},
    {"reader", [](Object& o) { make_pipe(o, true); }},
    {"writer", [](Object& o) { make_pipe(o, false); }},
    {"fifo",
     [](Object& o) {
       ::mkfifo("fifo", 0600);
       o.fd = ::open("fifo", O_RDWR | O_NONBLOCK);
       ::write(o.fd, "fifo", 4);
     }},
    {"eventfd", [](Object& o) { o.fd = ::eventfd(1, EFD_NONBLOCK); }},
    {"null", [](Object& o) { o.fd = ::open("/dev/null", O_RDWR); }},
    {"zero", [](Object& o) { o.fd = ::open("/dev/zero", O_RDWR); }},
    {"full", [](Object& o) { o.fd = ::open("/dev/full", O_RDWR); }},
    {"proc", [](Object& o) { o.fd = ::open("/proc/sys/kernel/ostype", O_RDONLY); }},
    {"procself", [](Object& o) { o.fd = ::open("/proc/self/comm", O_RDWR); }},
    {"dir", [](Object& o) { o.fd = ::open(".", O_RDONLY); }},
    {"none", [](Object&) {}},
};

using Move = long (*)(int in, int out, loff_t* from, loff_t* to);

struct Call {
  const char* name;
  Move move;
};

constexpr std::size_t kBytes = 3;
const Call kCalls[] = {
    {"splice",
     [](int in, int out, loff_t* from, loff_t* to) -> long {
       return ::splice(in, from, out, to, kBytes, SPLICE_F_NONBLOCK | SPLICE_F_MORE);
     }},
    {"tee", [](int in, int out, loff_t*, loff_t*) -> long { return ::tee(in, out, kBytes, SPLICE_F_NONBLOCK); }},
    {"sendfile", [](int in, int out, loff_t* from, loff_t*) -> long { return ::sendfile(out, in, from, kBytes); }},
    {"copy_file_range",
     [](int in, int out, loff_t* from, loff_t* to) -> long { return ::copy_file_range(in, from, out, to, kBytes, 0); }},
};

void say_result(long result) {
  if (result < 0) {
    say(" %s", outcome(result));
  } else {
    say(" %ld", result);
  }
}

// Whether the kind is one of the few that offsets are tried with: each with each would take too long.
bool is_tried_with_offsets(const Kind& kind) {
  for (const char* name : {"file", "reader", "writer", "zero", "proc"}) {
    if (std::strcmp(kind.name, name) == 0) return true;
  }
  return false;
}

void all_pairs(const Call& call, loff_t* from, loff_t* to, const char* with) {
  for (const Kind& in : kKinds) {
    if ((from || to) && !is_tried_with_offsets(in)) continue;
    say("%s%s %s:", call.name, with, in.name);
    for (const Kind& out : kKinds) {
      if ((from || to) && !is_tried_with_offsets(out)) continue;
      Object source, target;
      in.make(source);
      out.make(target);
      loff_t from_here = from ? *from : 0, to_here = to ? *to : 0;
      const long result = call.move(source.fd, target.fd, from ? &from_here : nullptr, to ? &to_here : nullptr);
      say_result(result);
      if (result > 0) {
        // Where it stopped: the offsets given, and the files' own.
        const long own_in = ::lseek(source.fd, 0, SEEK_CUR), own_out = ::lseek(target.fd, 0, SEEK_CUR);
        say("@%ld,%ld", from ? static_cast<long>(from_here) : own_in, to ? static_cast<long>(to_here) : own_out);
      }
    }
    say("\n");
  }
}

void vmsplice_to_all() {
  for (const unsigned flags : {0U, static_cast<unsigned>(SPLICE_F_GIFT), 0x10U}) {
    say("vmsplice %#x:", flags);
    for (const Kind& kind : kKinds) {
      Object object;
      kind.make(object);
      static char bytes[8] = "memory";
      iovec part = {bytes, kBytes};
      say_result(::vmsplice(object.fd, &part, 1, flags | SPLICE_F_NONBLOCK));
    }
    say("\n");
  }
}

// One file, both ways.
void with_itself() {
  for (const Kind& kind : kKinds) {
    Object object;
    kind.make(object);
    say("%s with itself:", kind.name);
    for (const Call& call : kCalls) {
      // The far end of what a FIFO is told to move to itself never comes.
      say_result(call.move(object.fd, object.fd, nullptr, nullptr));
    }
    say("\n");
  }
}

}  // namespace

static int run() {
  ::signal(SIGPIPE, SIG_IGN);
  loff_t one = 1, two = 2;
  for (const Call& call : kCalls) all_pairs(call, nullptr, nullptr, "");
  all_pairs(kCalls[0], &one, nullptr, " from 1");
  all_pairs(kCalls[0], nullptr, &two, " to 2");
  all_pairs(kCalls[2], &one, nullptr, " from 1");
  all_pairs(kCalls[3], &one, &two, " from 1 to 2");
  vmsplice_to_all();
  with_itself();
  return 0;
}

static const Topic topic("splice_pairs", run);
