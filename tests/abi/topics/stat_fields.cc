// The fields of stat that must be equal everywhere, for each kind of file; times that follow changes.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <unistd.h>

#include "../topic.h"

using namespace abi;

static struct stat look(const char* path, bool follow = false) {
  struct stat status {};
  const int result = follow ? ::stat(path, &status) : ::lstat(path, &status);
  if (result != 0) {
    say("%s: %s\n", path, outcome(result));
    return status;
  }
  const bool sized = S_ISREG(status.st_mode) || S_ISLNK(status.st_mode);
  say("%s: mode %o, owner %u:%u, size %ld, block size %ld, device %u:%u\n", path, status.st_mode, status.st_uid,
      status.st_gid, sized ? static_cast<long>(status.st_size) : 0L, static_cast<long>(status.st_blksize),
      major(status.st_rdev), minor(status.st_rdev));
  return status;
}

static bool later(const timespec& a, const timespec& b) {
  return a.tv_sec > b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec > b.tv_nsec);
}

static int run() {
  write_file("file", "12345");
  ::mkdir("directory", 01751);
  ::symlink("file", "link");
  ::mkfifo("fifo", 0620);
  say("mknod: %s\n", outcome(::mknod("device", S_IFCHR | 0600, makedev(1, 3))));
  const struct stat file = look("file");
  look("directory");
  look("link");
  look("link", true);
  look("fifo");
  look("device");
  look("/bin/busybox");
  look("/bin/sh");
  look("/etc/passwd");
  look("/dev/null");
  say("one link: %lu, 8 blocks of 512 bytes at most: %s\n", static_cast<unsigned long>(file.st_nlink),
      file.st_blocks <= 8 ? "yes" : "no");
  struct stat by_descriptor {};
  const int fd = ::open("file", O_RDWR);
  ::fstat(fd, &by_descriptor);
  say("fstat agrees: %s\n", by_descriptor.st_ino == file.st_ino && by_descriptor.st_dev == file.st_dev ? "yes" : "no");
  struct stat at {};
  say("fstatat AT_EMPTY_PATH: %s", outcome(::fstatat(fd, "", &at, AT_EMPTY_PATH)));
  say(", agrees: %s\n", at.st_ino == file.st_ino ? "yes" : "no");
  struct statx extended {};
  say("statx: %s", outcome(::statx(AT_FDCWD, "file", 0, STATX_BASIC_STATS, &extended)));
  say(", mode %o, size %llu\n", extended.stx_mode, static_cast<unsigned long long>(extended.stx_size));

  ::usleep(30'000);
  ::write(fd, "6", 1);
  struct stat after {};
  ::fstat(fd, &after);
  say("write moves mtime: %s, ctime: %s\n", later(after.st_mtim, file.st_mtim) ? "yes" : "no",
      later(after.st_ctim, file.st_ctim) ? "yes" : "no");
  ::usleep(30'000);
  ::chmod("file", 0604);
  struct stat changed {};
  ::fstat(fd, &changed);
  say("chmod moves mtime: %s, ctime: %s, mode %o\n", later(changed.st_mtim, after.st_mtim) ? "yes" : "no",
      later(changed.st_ctim, after.st_ctim) ? "yes" : "no", changed.st_mode);
  const timespec times[2] = {{.tv_sec = 1000, .tv_nsec = 5}, {.tv_sec = 2000, .tv_nsec = 7}};
  say("utimensat: %s\n", outcome(::utimensat(AT_FDCWD, "file", times, 0)));
  ::fstat(fd, &changed);
  say("atime %ld.%09ld, mtime %ld.%09ld\n", changed.st_atim.tv_sec, changed.st_atim.tv_nsec, changed.st_mtim.tv_sec,
      changed.st_mtim.tv_nsec);
  struct stat before {};
  ::stat(".", &before);
  ::usleep(30'000);
  write_file("another", "x");
  ::stat(".", &after);
  say("a new entry moves the directory's mtime: %s\n", later(after.st_mtim, before.st_mtim) ? "yes" : "no");
  struct statfs space {};
  say("statfs: %s, block size %ld, names to %ld\n", outcome(::statfs(".", &space)), static_cast<long>(space.f_bsize),
      static_cast<long>(space.f_namelen));
  return 0;
}

static const Topic topic("stat_fields", run);
