// inotify(7): which events come of what is done to a file and to a directory, and in which order.
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <functional>

#include "../watching.h"

using namespace abi;

static int fd;

static void doing(const char* what, const std::function<void()>& body) {
  body();
  say_events(what, fd);
}

// A directory is watched as descriptor 1, a file in it as 2, a directory in it as 3.
static void files() {
  ::mkdir("d", 0755);
  ::mkdir("d/sub", 0755);
  write_file("d/file", "0123456789");
  write_file("other", "abc");
  fd = ::inotify_init1(IN_NONBLOCK);
  say("watch: %d %d %d\n", ::inotify_add_watch(fd, "d", IN_ALL_EVENTS),
      ::inotify_add_watch(fd, "d/file", IN_ALL_EVENTS), ::inotify_add_watch(fd, "d/sub", IN_ALL_EVENTS));
  int file = -1;
  char bytes[16] = {};
  doing("nothing", [] {});
  doing("stat", [] {
    struct stat status;
    ::stat("d/file", &status);
    ::access("d/file", R_OK);
  });
  doing("open", [&] { file = ::open("d/file", O_RDWR); });
  doing("read", [&] { ::read(file, bytes, 4); });
  doing("read twice", [&] {
    ::read(file, bytes, 1);
    ::read(file, bytes, 1);
  });
  doing("read at the end", [&] { ::pread(file, bytes, 4, 100); });
  doing("read nothing", [&] { ::read(file, bytes, 0); });
  doing("readv", [&] {
    iovec parts[2] = {{bytes, 2}, {bytes + 2, 2}};
    ::preadv(file, parts, 2, 0);
  });
  doing("write", [&] { ::write(file, "xy", 2); });
  doing("write nothing", [&] { ::write(file, "xy", 0); });
  doing("writev", [&] {
    iovec parts[2] = {{bytes, 2}, {bytes + 2, 2}};
    ::pwritev(file, parts, 2, 0);
  });
  doing("read and write", [&] {
    ::pread(file, bytes, 1, 0);
    ::pwrite(file, bytes, 1, 0);
    ::pread(file, bytes, 1, 0);
  });
  doing("ftruncate", [&] { ::ftruncate(file, 5); });
  doing("fallocate", [&] { ::fallocate(file, 0, 0, 100); });
  doing("fchmod", [&] { ::fchmod(file, 0600); });
  doing("fchown", [&] { ::fchown(file, 0, 0); });
  doing("fchown of nothing", [&] { ::fchown(file, -1, -1); });
  doing("futimens", [&] { ::futimens(file, nullptr); });
  doing("access time", [&] {
    const timespec times[2] = {{1, 0}, {0, UTIME_OMIT}};
    ::futimens(file, times);
  });
  doing("modification time", [&] {
    const timespec times[2] = {{0, UTIME_OMIT}, {1, 0}};
    ::futimens(file, times);
  });
  doing("no time", [&] {
    const timespec times[2] = {{0, UTIME_OMIT}, {0, UTIME_OMIT}};
    ::futimens(file, times);
  });
  doing("fsync", [&] { ::fsync(file); });
  doing("mapping", [&] {
    void* memory = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    *static_cast<volatile char*>(memory) = 1;
    ::munmap(memory, 4096);
  });
  doing("dup and close", [&] { ::close(::dup(file)); });
  doing("fork and exit", [&] { ::waitpid(in_child([] { return 0; }), nullptr, 0); });
  doing("sendfile from it", [&] {
    const int out = ::open("other", O_WRONLY);
    ::sendfile(out, file, nullptr, 3);
    ::close(out);
  });
  doing("sendfile to it", [&] {
    const int in = ::open("other", O_RDONLY);
    ::sendfile(file, in, nullptr, 3);
    ::close(in);
  });
  doing("copy_file_range in it", [&] {
    off64_t from = 0, to = 50;
    ::copy_file_range(file, &from, file, &to, 3, 0);
  });
  doing("splice and tee", [&] {
    int ends[2];
    ::pipe(ends);
    off64_t from = 0;
    ::splice(file, &from, ends[1], nullptr, 3, 0);
    from = 0;
    ::splice(ends[0], nullptr, file, &from, 3, 0);
    ::close(ends[0]);
    ::close(ends[1]);
  });
  doing("close", [&] { ::close(file); });
  doing("open for reading and close", [&] { ::close(::open("d/file", O_RDONLY)); });
  doing("O_PATH", [&] { ::close(::open("d/file", O_PATH)); });
  doing("O_TRUNC", [&] { file = ::open("d/file", O_WRONLY | O_TRUNC); });
  doing("close", [&] { ::close(file); });
  doing("truncate", [&] { ::truncate("d/file", 7); });
  doing("chmod", [&] { ::chmod("d/file", 0644); });
  doing("open that fails", [&] { ::open("d/file", O_CREAT | O_EXCL | O_WRONLY, 0644); });
  doing("open by /proc", [&] {
    file = ::open("d/file", O_RDONLY);
    char name[64];
    std::snprintf(name, sizeof name, "/proc/self/fd/%d", file);
    ::close(::open(name, O_RDONLY));
    ::close(file);
  });
}

static void names() {
  doing("create", [] { ::close(::open("d/new", O_CREAT | O_WRONLY, 0644)); });
  doing("mkdir", [] { ::mkdir("d/made", 0755); });
  doing("mkfifo", [] { ::mkfifo("d/fifo", 0644); });
  doing("symlink", [] { ::symlink("file", "d/link"); });
  doing("follow", [] { ::close(::open("d/link", O_RDONLY)); });
  doing("link", [] { ::link("d/file", "d/second"); });
  doing("open the second name", [] { ::close(::open("d/second", O_RDONLY)); });
  doing("unlink the second name", [] { ::unlink("d/second"); });
  doing("link elsewhere", [] { ::link("d/file", "elsewhere"); });
  doing("write it there", [] {
    const int file = ::open("elsewhere", O_WRONLY);
    ::write(file, "x", 1);
    ::close(file);
  });
  doing("unlink it there", [] { ::unlink("elsewhere"); });
  doing("rmdir", [] { ::rmdir("d/made"); });
  doing("unlink", [] {
    ::unlink("d/new");
    ::unlink("d/fifo");
    ::unlink("d/link");
  });
  doing("list", [] {
    const int directory = ::open("d", O_RDONLY | O_DIRECTORY);
    char entries[1024];
    while (::syscall(SYS_getdents64, directory, entries, sizeof entries) > 0) {
    }
    ::close(directory);
  });
  doing("open the directory in it", [] { ::close(::open("d/sub", O_RDONLY)); });
  doing("chmod the directory in it", [] { ::chmod("d/sub", 0700); });
  doing("create below", [] { ::close(::open("d/sub/deep", O_CREAT | O_RDWR, 0644)); });
  doing("unlink below", [] { ::unlink("d/sub/deep"); });
  doing("chmod the directory", [] { ::chmod("d", 0700); });
  doing("a FIFO", [] {
    ::mkfifo("d/fifo", 0644);
    const int fifo = ::open("d/fifo", O_RDWR);
    char byte = 'x';
    ::write(fifo, &byte, 1);
    ::read(fifo, &byte, 1);
    ::close(fifo);
    ::unlink("d/fifo");
  });
}

static void ends() {
  int file = -1;
  doing("unlink an open file", [&] {
    file = ::open("d/file", O_RDWR);
    ::unlink("d/file");
  });
  doing("write to it", [&] { ::write(file, "x", 1); });
  doing("fchmod", [&] { ::fchmod(file, 0600); });
  doing("close it", [&] { ::close(file); });
  doing("rmdir what is watched", [] { ::rmdir("d/sub"); });
  doing("rmdir itself", [] { ::rmdir("d"); });
  say("remove a watch that went: %s\n", outcome(::inotify_rm_watch(fd, 2)));
  write_file("last", "x");
  ::inotify_add_watch(fd, "last", IN_ALL_EVENTS);
  doing("unlink a watched file", [] { ::unlink("last"); });
  ::close(fd);
}

// What execve(2) opens and reads. The program is this one, which does not know the topic.
static void programs() {
  ::mkdir("bin", 0755);
  const int in = ::open(self_path(), O_RDONLY);
  const int out = ::open("bin/program", O_CREAT | O_WRONLY, 0755);
  struct stat status = {};
  ::fstat(in, &status);
  ::sendfile(out, in, nullptr, static_cast<std::size_t>(status.st_size));
  ::close(out);
  write_file("bin/script", "#!bin/program --list\n", 0755);
  fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  ::inotify_add_watch(fd, "bin", IN_ALL_EVENTS);
  for (const char* name : {"bin/program", "bin/script"}) {
    doing(name, [&] {
      const pid_t child = in_child([&] {
        const int null = ::open("/dev/null", O_RDWR);
        ::dup2(null, 1);
        ::dup2(null, 2);
        ::execl(name, name, "--list", nullptr);
        return 1;
      });
      ::waitpid(child, nullptr, 0);
    });
  }
}

static int run() {
  files();
  names();
  ends();
  programs();
  return 0;
}

static const Topic topic("inotify_events", run);
