// lseek(2) on directories takes any position: what is listed from there, and that it ends.
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string>

#include "../topic.h"

using namespace abi;

struct Record {
  ino64_t inode;
  off64_t offset;
  unsigned short length;
  unsigned char type;
  char name[];
};

static long list(int fd, char* buffer, std::size_t size) {
  return ::syscall(SYS_getdents64, fd, buffer, size);
}

// A long way behind the last entry of any of them.
static void far_behind(const char* path) {
  const int fd = ::open(path, O_RDONLY | O_DIRECTORY);
  say("%s:", path);
  char buffer[4096];
  for (const long long position :
       {0x40000000LL, 0x7ffffffeLL, 0x80000002LL, 0xffffffffLL, 0x100000002LL, 0x180000002LL}) {
    say(" %s", outcome(::lseek(fd, position, SEEK_SET)));
    timespec before{}, after{};
    ::clock_gettime(CLOCK_MONOTONIC, &before);
    const long result = list(fd, buffer, sizeof buffer);
    ::clock_gettime(CLOCK_MONOTONIC, &after);
    say("%s%s", result < 0 ? outcome(result) : "", after.tv_sec - before.tv_sec > 1 ? " (slow)" : "");
  }
  say(", negative %s\n", outcome(::lseek(fd, -1, SEEK_SET)));
  ::close(fd);
}

// Every position that a listing gave is where the next entry is.
static void positions(const char* path, std::size_t size) {
  const int fd = ::open(path, O_RDONLY | O_DIRECTORY);
  char buffer[65536];
  int entries = 0, right = 0;
  std::string previous;
  off64_t at = 0;
  for (long got; (got = list(fd, buffer, size)) > 0;) {
    for (long done = 0; done < got;) {
      const auto* record = reinterpret_cast<const Record*>(buffer + done);
      char again[512];
      const int other = ::open(path, O_RDONLY | O_DIRECTORY);
      ::lseek(other, at, SEEK_SET);
      if (list(other, again, sizeof again) > 0)
        right += std::strcmp(reinterpret_cast<Record*>(again)->name, record->name) == 0;
      ::close(other);
      at = record->offset;
      ++entries;
      done += record->length;
    }
  }
  say("%s in pieces of %zu: %s\n", path, size, entries > 2 && entries == right ? "right" : "wrong");
  ::close(fd);
}

static void small_buffers() {
  ::mkdir("d", 0755);
  write_file("d/a_name_of_some_length", "");
  const int fd = ::open("d", O_RDONLY | O_DIRECTORY);
  char buffer[512];
  say("room for none: %s", outcome(list(fd, buffer, 8)));
  say(", nowhere: %s", outcome(list(fd, nullptr, sizeof buffer)));
  say(", old call: %s", outcome(::syscall(SYS_getdents, fd, nullptr, sizeof buffer)));
  int entries = 0;
  for (long got; (got = list(fd, buffer, sizeof buffer)) > 0;) {
    for (long done = 0; done < got; done += reinterpret_cast<Record*>(buffer + done)->length) ++entries;
  }
  say(", nothing was lost: %d\n", entries);
  ::close(fd);
  const int gone = ::open("d", O_RDONLY | O_DIRECTORY);
  ::unlink("d/a_name_of_some_length");
  ::rmdir("d");
  say("of a removed directory: %s\n", outcome(list(gone, buffer, sizeof buffer)));
  const int file = ::open("/proc/self/status", O_RDONLY);
  say("of a file: %s\n", outcome(list(file, buffer, sizeof buffer)));
}

// rm -r: remove what was read, go on reading.
static void remove_while_reading() {
  ::mkdir("many", 0755);
  for (int i = 0; i < 120; ++i) write_file(("many/" + std::to_string(i)).c_str(), "");
  const int fd = ::open("many", O_RDONLY | O_DIRECTORY);
  char buffer[512];
  int removed = 0;
  for (long got; (got = list(fd, buffer, sizeof buffer)) > 0;) {
    for (long done = 0; done < got;) {
      const auto* record = reinterpret_cast<const Record*>(buffer + done);
      if (record->name[0] != '.') removed += ::unlinkat(fd, record->name, 0) == 0;
      done += record->length;
    }
  }
  ::close(fd);
  say("removed %d, then the directory: %s\n", removed, outcome(::rmdir("many")));
}

static void* sleeper(void*) {
  ::pause();
  return nullptr;
}

static int run() {
  char directory[256];
  ::getcwd(directory, sizeof directory);
  ::mount("top", directory, "tmpfs", 0, nullptr);
  ::chdir(directory);
  for (int i = 0; i < 20; ++i) ::dup(0);
  pthread_t thread;
  for (int i = 0; i < 5; ++i) ::pthread_create(&thread, nullptr, sleeper, nullptr);
  ::mkdir("tmpfs", 0755);
  for (const char* path : {"/proc", "/proc/self", "/proc/self/fd", "/proc/self/fdinfo", "/proc/self/task", "/proc/sys",
                           "/proc/sys/kernel", "tmpfs", "/dev", "/abi"}) {
    far_behind(path);
  }
  for (int i = 0; i < 60; ++i) write_file(("tmpfs/" + std::to_string(i)).c_str(), "");
  for (const std::size_t size : {280u, 60000u}) {
    for (const char* path : {"tmpfs", "/proc/self/task", "/proc/self"}) positions(path, size);
  }
  small_buffers();
  remove_while_reading();
  ::chdir("/");
  return 0;
}

static const Topic topic("directory_positions", run);
