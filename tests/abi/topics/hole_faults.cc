// Pages that cannot be had for a while: a large hole is punched into a file while others touch its mapping, and while data
// is moved to and from it by calls of all kinds. All wait for the end of the hole, and nothing is lost or done twice.
#include <fcntl.h>
#include <linux/falloc.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "../topic.h"

namespace abi {
namespace {

constexpr std::size_t kSize = 1 << 20, kPage = 4096;
constexpr auto kLasts = 120'000'000;  // ns

std::atomic<bool> over;

std::int64_t now() {
  timespec time;
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

int make_file(std::size_t size) {
  const int file = ::memfd_create("holes", 0);
  ::ftruncate(file, static_cast<off_t>(size));
  return file;
}

char* map(int file) {
  return static_cast<char*>(::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
}

// A place in the mapping that is in another page each time, and not at its beginning.
std::size_t next_place() {
  static thread_local std::size_t place = 0;
  place = (place + 5 * kPage + 64) % (kSize - (1 << 17));
  return place;
}

void fill_and_punch(int file) {
  for (const auto end = now() + kLasts; now() < end;) {
    ::fallocate(file, 0, 0, kSize);
    ::fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, kSize);
  }
}

// One word for all calls of a kind: the first that did something else than it should.
struct Verdict {
  const char* word = "whole";
  void expect(bool right, const char* what) {
    if (!right && strcmp(word, "whole") == 0) word = what;
  }
};

void touch(char* mapping) {
  while (!over) mapping[next_place()] = 1;
}

char pattern_at(std::size_t offset) {
  return static_cast<char>(offset % 251);
}

void move_files(char* mapping, int pattern, int holes, Verdict& verdict) {
  char before[100], after[100];
  while (!over) {
    const std::size_t at = next_place();
    const iovec parts[] = {{before, sizeof before}, {mapping + at, 40'000}, {after, sizeof after}};
    verdict.expect(::preadv(pattern, parts, 3, 0) == 40'200, "preadv");
    verdict.expect(before[99] == pattern_at(99), "first part");
    for (std::size_t i = 0; i < sizeof after; ++i) verdict.expect(after[i] == pattern_at(40'100 + i), "last part");
    verdict.expect(::pread(pattern, mapping + next_place(), 100'000, 1) == 100'000, "pread");
    verdict.expect(::pwrite(holes, mapping + at, 100'000, static_cast<off_t>(next_place())) == 100'000, "pwrite");
  }
}

void move_pipes(char* mapping, Verdict& verdict) {
  int ends[2];
  ::pipe(ends);
  while (!over) {
    verdict.expect(::write(ends[1], mapping + next_place(), 60'000) == 60'000, "write to a pipe");
    std::size_t got = 0;
    while (got < 60'000) {
      const ssize_t count = ::read(ends[0], mapping + next_place(), 60'000 - got);
      verdict.expect(count > 0, "read of a pipe");
      if (count <= 0) return;
      got += static_cast<std::size_t>(count);
    }
  }
}

void move_arguments(char* mapping, Verdict& verdict) {
  while (!over) {
    verdict.expect(::clock_gettime(CLOCK_REALTIME, reinterpret_cast<timespec*>(mapping + next_place())) == 0, "a time");
    verdict.expect(::getrandom(mapping + next_place(), 5000, 0) == 5000, "getrandom");
    verdict.expect(::access(mapping + next_place(), F_OK) == -1 && (errno == ENOENT || errno == ENAMETOOLONG),
                   "a name");
    const timespec wanted = {0, 1};
    memcpy(mapping + next_place(), &wanted, sizeof wanted);
  }
}

void everything() {
  const int holes = make_file(kSize), pattern = make_file(0);
  static char text[1 << 17];
  for (std::size_t i = 0; i < sizeof text; ++i) text[i] = pattern_at(i);
  ::write(pattern, text, sizeof text);
  char* mapping = map(holes);
  over = false;
  Verdict files, pipes, arguments;
  std::thread threads[] = {
      std::thread([&] { touch(mapping); }),
      std::thread([&] { move_files(mapping, pattern, holes, files); }),
      std::thread([&] { move_pipes(mapping, pipes); }),
      std::thread([&] { move_arguments(mapping, arguments); }),
  };
  fill_and_punch(holes);
  over = true;
  for (auto& thread : threads) thread.join();
  say("files: %s\npipes: %s\narguments: %s\n", files.word, pipes.word, arguments.word);
  ::fallocate(holes, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, kSize);
  std::size_t left = 0;
  for (std::size_t i = 0; i < kSize; i += kPage) left += mapping[i] != 0;
  say("in the hole: %zu\n", left);
}

// A mapping that goes away under a transfer: all of it, a part or EFAULT, and no end that does not come.
void unmapped() {
  const int holes = make_file(kSize), pattern = make_file(1 << 17);
  over = false;
  bool sound = true;
  char* place = map(holes);
  std::thread reader([&] {
    while (!over) {
      const ssize_t got = ::pread(pattern, place + next_place(), 100'000, 0);
      if (got < 0 ? errno != EFAULT : got > 100'000) sound = false;
    }
  });
  std::thread remover([&] {
    while (!over) {
      ::munmap(place, kSize);
      ::sched_yield();
      ::mmap(place, kSize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, holes, 0);
      ::sched_yield();
    }
  });
  fill_and_punch(holes);
  over = true;
  reader.join();
  remover.join();
  say("unmapped: %s\n", sound ? "whole, a part or EFAULT" : "something else");
}

void killed() {
  const pid_t child = in_child([] {
    const int holes = make_file(kSize);
    char* mapping = map(holes);
    over = false;
    std::thread toucher([&] { touch(mapping); });
    for (;;) fill_and_punch(holes);
    return 0;
  });
  ::usleep(50'000);
  ::kill(child, SIGKILL);
  say_end("killed", child);
}

// Cutting a file takes long, too.
void truncated() {
  const int file = make_file(kSize);
  over = false;
  bool sound = true;
  std::thread reader([&] {
    static char bytes[1 << 16];
    while (!over) {
      const ssize_t got = ::pread(file, bytes, sizeof bytes, kSize / 2);
      if (got < 0) sound = false;
    }
  });
  for (const auto end = now() + kLasts / 2; now() < end;) {
    ::fallocate(file, 0, 0, kSize);
    ::ftruncate(file, 10);
  }
  over = true;
  reader.join();
  say("truncated: %s, length %ld\n", sound ? "no error" : "an error", static_cast<long>(::lseek(file, 0, SEEK_END)));
}

int run() {
  everything();
  unmapped();
  killed();
  truncated();
  return 0;
}

const Topic topic("hole_faults", run);

}  // namespace
}  // namespace abi
