// A payload that is known to take what it says: what the instrument must find.
//
//   payload sleep MS            sleeps, then exits
//   payload spin MS             uses so much processor time, then exits
//   payload touch MIB           writes to so much fresh memory, then waits
//   payload tables MIB          has so much of page tables, and next to nothing in them, then waits
//   payload share MIB N         shares so much memory with N children, all of which have written to it, then waits
//   payload map FILE            maps a file and reads all of it, then waits
//   payload resident FILE LOG   writes to the end of LOG how many pages of FILE were in the page cache, then reads FILE
//
// "Waits": writes a byte when it is ready and ends when its input does, as husk's embedded payload.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kMebibyte = std::size_t{1} << 20;

[[noreturn]] void fail(const char* operation) {
  std::perror(operation);
  std::exit(1);
}

long number(const char* text) {
  return std::strtol(text, nullptr, 10);
}

std::int64_t now_ns(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

int wait_for_end() {
  char byte = '.';
  if (write(STDOUT_FILENO, &byte, 1) != 1) fail("write");
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
  return 0;
}

volatile unsigned char* map(std::size_t size, int flags, int fd = -1, int protection = PROT_READ | PROT_WRITE) {
  void* memory = mmap(nullptr, size, protection, flags, fd, 0);
  if (memory == MAP_FAILED) fail("mmap");
  madvise(memory, size, MADV_NOHUGEPAGE);
  return static_cast<volatile unsigned char*>(memory);
}

int sleep_for(long ms) {
  const timespec pause{ms / 1000, (ms % 1000) * 1'000'000};
  return nanosleep(&pause, nullptr);
}

int spin(long ms) {
  while (now_ns(CLOCK_PROCESS_CPUTIME_ID) < std::int64_t{ms} * 1'000'000) {
  }
  return 0;
}

int touch(std::size_t size) {
  volatile unsigned char* memory = map(size, MAP_PRIVATE | MAP_ANONYMOUS);
  for (std::size_t at = 0; at < size; at += kPage) memory[at] = 1;
  return wait_for_end();
}

// A page of page tables maps 2 MiB; in each is one and the same page of a file. (What is only read of anonymous memory is the kernel's one
// page of zeros, but not on every kernel.)
int hold_tables(std::size_t size) {
  constexpr std::size_t kMapped = 512 * kPage;
  const std::size_t tables = size / kPage;
  volatile unsigned char* memory = map(tables * kMapped, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);
  const int file = memfd_create("page", MFD_CLOEXEC);
  if (file < 0 || ftruncate(file, kPage) != 0) fail("memfd_create");
  for (std::size_t i = 0; i < tables; ++i) {
    void* place = const_cast<unsigned char*>(memory + i * kMapped);
    if (mmap(place, kPage, PROT_READ, MAP_SHARED | MAP_FIXED, file, 0) == MAP_FAILED) fail("mmap");
    static_cast<void>(memory[i * kMapped]);
  }
  return wait_for_end();
}

int share(std::size_t size, long children) {
  volatile unsigned char* memory = map(size, MAP_SHARED | MAP_ANONYMOUS);
  int ready[2], end[2];
  if (pipe(ready) != 0 || pipe(end) != 0) fail("pipe");
  for (long i = 0; i < children; ++i) {
    const pid_t child = fork();
    if (child < 0) fail("fork");
    if (child != 0) continue;
    close(end[1]);
    for (std::size_t at = 0; at < size; at += kPage) memory[at] = 1;
    char byte = '.';
    if (write(ready[1], &byte, 1) != 1) _exit(1);
    static_cast<void>(!read(end[0], &byte, 1));  // until the parent is gone
    _exit(0);
  }
  for (std::size_t at = 0; at < size; at += kPage) memory[at] = 1;
  char byte = 0;
  for (long i = 0; i < children; ++i) {
    if (read(ready[0], &byte, 1) != 1) fail("read");
  }
  wait_for_end();
  close(end[1]);
  while (wait(nullptr) > 0) {
  }
  return 0;
}

struct File {
  int fd;
  std::size_t size;
};

File open_file(const char* path) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct stat status {};
  if (fd < 0 || fstat(fd, &status) != 0) fail(path);
  return {fd, static_cast<std::size_t>(status.st_size)};
}

int map_file(const char* path) {
  const File file = open_file(path);
  volatile unsigned char* memory = map(file.size, MAP_SHARED, file.fd, PROT_READ);
  for (std::size_t at = 0; at < file.size; at += kPage) static_cast<void>(memory[at]);
  return wait_for_end();
}

int log_resident(const char* path, const char* log) {
  const File file = open_file(path);
  void* memory = mmap(nullptr, file.size, PROT_READ, MAP_SHARED, file.fd, 0);
  if (memory == MAP_FAILED) fail("mmap");
  std::vector<unsigned char> pages((file.size + kPage - 1) / kPage);
  if (mincore(memory, file.size, pages.data()) != 0) fail("mincore");
  long resident = 0;
  for (const unsigned char page : pages) resident += page & 1;
  const std::string line = std::to_string(resident) + "\n";
  const int output = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (output < 0 || write(output, line.data(), line.size()) < 0) fail(log);
  std::vector<char> buffer(kMebibyte);
  while (read(file.fd, buffer.data(), buffer.size()) > 0) {
  }
  return 0;
}

}  // namespace

int main(int count, char** words) {
  const std::string_view what = count > 2 ? words[1] : "";
  const auto size = [&] { return static_cast<std::size_t>(number(words[2])) * kMebibyte; };
  if (what == "sleep") return sleep_for(number(words[2]));
  if (what == "spin") return spin(number(words[2]));
  if (what == "touch") return touch(size());
  if (what == "tables") return hold_tables(size());
  if (what == "share" && count == 4) return share(size(), number(words[3]));
  if (what == "map") return map_file(words[2]);
  if (what == "resident" && count == 4) return log_resident(words[2], words[3]);
  std::fprintf(stderr, "usage: see payload.cc\n");
  return 2;
}
