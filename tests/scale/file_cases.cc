// Descriptors, names, pipes, locks and mounts.
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "tests/scale/names.h"
#include "tests/scale/scale.h"

namespace scale {
namespace {

void make_files(unsigned count) {
  for (unsigned index = 0; index < count; ++index)
    check(::mknod(Name(index).text, S_IFREG | 0600, 0) == 0, "mknod", index);
}

void remove_files(unsigned count) {
  for (unsigned index = 0; index < count; ++index) ::unlink(Name(index).text);
}

std::uint64_t open_files(unsigned count) {
  const Stopwatch watch;
  for (unsigned index = 0; index < count; ++index) check(::open("/dev/null", O_RDONLY) >= 0, "open", index);
  return watch.elapsed();
}

std::uint64_t duplicate(unsigned count) {
  const Stopwatch watch;
  for (unsigned index = 0; index < count; ++index) check(::dup(0) >= 0, "dup", index);
  return watch.elapsed();
}

std::uint64_t close_all(unsigned count) {
  std::vector<int> fds(count);
  for (unsigned index = 0; index < count; ++index) check((fds[index] = ::dup(0)) >= 0, "dup", index);
  const Stopwatch watch;
  for (const int fd : fds) ::close(fd);
  return watch.elapsed();
}

std::uint64_t list_descriptors(unsigned count) {
  for (unsigned index = 0; index < count; ++index) check(::dup(0) >= 0, "dup", index);
  const Stopwatch watch;
  DIR* directory = ::opendir("/proc/self/fd");
  check(directory != nullptr, "opendir", 0);
  unsigned seen = 0;
  while (::readdir(directory) != nullptr) ++seen;
  check(seen >= count, "readdir", seen);
  return watch.elapsed();
}

std::uint64_t make_pipes(unsigned count) {
  int ends[2];
  const Stopwatch watch;
  for (unsigned index = 0; index < count; ++index) check(::pipe(ends) == 0, "pipe", index);
  return watch.elapsed();
}

std::uint64_t poll_pipes(unsigned count) {
  std::vector<pollfd> fds;
  for (unsigned index = 0; index < count; ++index) {
    int ends[2];
    check(::pipe(ends) == 0, "pipe", index);
    fds.push_back({ends[0], POLLIN, 0});
  }
  const Stopwatch watch;
  for (unsigned turn = 0; turn < 20; ++turn) check(::poll(fds.data(), fds.size(), turn % 2) == 0, "poll", turn);
  return watch.elapsed();
}

std::uint64_t create_names(unsigned count) {
  enter_directory();
  const Stopwatch watch;
  make_files(count);
  const std::uint64_t time = watch.elapsed();
  remove_files(count);
  return time;
}

std::uint64_t look_up_names(unsigned count) {
  enter_directory();
  make_files(count);
  struct stat status;
  const Stopwatch watch;
  for (unsigned index = 0; index < count; ++index) check(::stat(Name(index).text, &status) == 0, "stat", index);
  const std::uint64_t time = watch.elapsed();
  remove_files(count);
  return time;
}

std::uint64_t list_names(unsigned count) {
  enter_directory();
  make_files(count);
  const Stopwatch watch;
  DIR* directory = ::opendir(".");
  check(directory != nullptr, "opendir", 0);
  unsigned seen = 0;
  while (::readdir(directory) != nullptr) ++seen;
  check(seen == count + 2, "readdir", seen);
  const std::uint64_t time = watch.elapsed();
  remove_files(count);
  return time;
}

std::uint64_t rename_names(unsigned count) {
  enter_directory();
  make_files(count);
  const Stopwatch watch;
  for (unsigned index = 0; index < count; ++index) check(::rename(Name(index).text, "x") == 0, "rename", index);
  return watch.elapsed();
}

std::uint64_t unlink_names(unsigned count) {
  enter_directory();
  make_files(count);
  const Stopwatch watch;
  remove_files(count);
  return watch.elapsed();
}

std::uint64_t write_pages(unsigned count) {
  enter_directory();
  const int file = ::open("file", O_RDWR | O_CREAT, 0600);
  static char page[4096];
  const Stopwatch watch;
  for (unsigned index = 0; index < count; ++index)
    check(::write(file, page, sizeof page) == sizeof page, "write", index);
  const std::uint64_t time = watch.elapsed();
  ::unlink("file");
  return time;
}

std::uint64_t write_sparse(unsigned count) {
  enter_directory();
  const int file = ::open("file", O_RDWR | O_CREAT, 0600);
  const Stopwatch watch;
  for (unsigned index = count; index > 0; --index) check(::pwrite(file, "x", 1, index * 65536l) == 1, "pwrite", index);
  const std::uint64_t time = watch.elapsed();
  ::unlink("file");
  return time;
}

std::uint64_t lock_bytes(unsigned count) {
  enter_directory();
  const int file = ::open("file", O_RDWR | O_CREAT, 0600);
  const Stopwatch watch;
  for (unsigned index = 0; index < count; ++index) {
    struct flock lock = {};
    lock.l_type = F_WRLCK;
    lock.l_start = 2 * static_cast<off_t>(index);
    lock.l_len = 1;
    check(::fcntl(file, F_SETLK, &lock) == 0, "F_SETLK", index);
  }
  return watch.elapsed();
}

std::uint64_t mount_many(unsigned count) {
  enter_directory();
  for (unsigned index = 0; index < count; ++index) check(::mkdir(Name(index).text, 0700) == 0, "mkdir", index);
  const Stopwatch watch;
  for (unsigned index = 0; index < count; ++index)
    check(::mount("x", Name(index).text, "tmpfs", 0, "") == 0, "mount", index);
  const std::uint64_t time = watch.elapsed();
  for (unsigned index = 0; index < count; ++index) ::umount2(Name(index).text, MNT_DETACH);
  return time;
}

constexpr Case kCases[] = {
    {"open", 1'900, open_files},           {"dup", 1'900, duplicate},         {"close", 1'900, close_all},
    {"list-fds", 1'900, list_descriptors}, {"pipes", 900, make_pipes},        {"poll", 900, poll_pipes},
    {"create", 1'000, create_names},       {"lookup", 1'000, look_up_names},  {"readdir", 1'000, list_names},
    {"rename", 1'000, rename_names},       {"unlink", 1'000, unlink_names},   {"write-pages", 1'000, write_pages},
    {"write-sparse", 1'000, write_sparse}, {"record-locks", 500, lock_bytes}, {"mounts", 50, mount_many},
};

}  // namespace

const Cases kFileCases{kCases, sizeof kCases / sizeof kCases[0]};

}  // namespace scale
