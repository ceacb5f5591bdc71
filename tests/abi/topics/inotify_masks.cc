// inotify_add_watch(2): which events are asked for, and the flags of a watch.
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <functional>

#include "../watching.h"

using namespace abi;

static int fd;

static int watch(const char* name, std::uint32_t mask) {
  return ::inotify_add_watch(fd, name, mask);
}

static void touch(const char* name) {
  const int file = ::open(name, O_CREAT | O_RDWR, 0644);
  ::write(file, "x", 1);
  ::close(file);
}

static void errors() {
  say("flags: %s\n", outcome(::inotify_init1(1)));
  fd = ::inotify_init1(IN_NONBLOCK);
  write_file("file", "x");
  ::mkdir("dir", 0755);
  ::symlink("file", "link");
  say("no mask: %s\n", outcome(watch("file", 0)));
  say("only flags: %s\n", outcome(watch("file", IN_ONLYDIR)));
  say("IN_ISDIR: %s\n", outcome(watch("file", IN_ISDIR)));
  say("unknown bits: %s, %s\n", outcome(watch("file", IN_OPEN | 0x1000)), outcome(watch("file", 0x00800000)));
  say("nothing there: %s\n", outcome(watch("none", IN_OPEN)));
  say("empty: %s\n", outcome(watch("", IN_OPEN)));
  say("nowhere: %s\n", outcome(::inotify_add_watch(fd, reinterpret_cast<char*>(8), IN_OPEN)));
  say("not open: %s\n", outcome(::inotify_add_watch(99, "file", IN_OPEN)));
  say("no instance: %s, %s\n", outcome(::inotify_add_watch(0, "file", IN_OPEN)), outcome(::inotify_rm_watch(0, 1)));
  say("ADD and CREATE: %s\n", outcome(watch("file", IN_OPEN | IN_MASK_ADD | IN_MASK_CREATE)));
  say("IN_ONLYDIR: %s, %s\n", outcome(watch("file", IN_OPEN | IN_ONLYDIR)),
      outcome(watch("dir", IN_OPEN | IN_ONLYDIR)));
  say("rm of none: %s, %s, %s\n", outcome(::inotify_rm_watch(fd, 77)), outcome(::inotify_rm_watch(fd, 0)),
      outcome(::inotify_rm_watch(fd, -1)));
  const pid_t stranger = in_child([] {
    ::chmod("file", 0600);
    ::setresgid(1000, 1000, 1000);
    ::setresuid(1000, 1000, 1000);
    say("not readable: %s\n", outcome(watch("file", IN_OPEN)));
    return 0;
  });
  say_end("stranger", stranger);
  ::close(fd);
}

static void masks() {
  fd = ::inotify_init1(IN_NONBLOCK);
  const int first = watch("file", IN_OPEN);
  touch("file");
  say_events("IN_OPEN", fd);
  say("the same again: %d\n", watch("file", IN_MODIFY) == first);
  touch("file");
  say_events("IN_MODIFY", fd);
  watch("file", IN_OPEN | IN_MASK_ADD);
  touch("file");
  say_events("and IN_OPEN", fd);
  say("IN_MASK_CREATE: %s\n", outcome(watch("file", IN_CLOSE | IN_MASK_CREATE)));
  touch("file");
  say_events("as before", fd);
  say("by another name: %d\n", watch("link", IN_CLOSE) == first);
  say("the link itself: %d\n", watch("link", IN_ALL_EVENTS | IN_DONT_FOLLOW));
  touch("link");
  ::unlink("link");
  say_events("link", fd);
  say("the next: %d\n", watch("dir", IN_CREATE | IN_DELETE_SELF));
  ::inotify_rm_watch(fd, 1);
  say_events("rm", fd);
  say("not used again: %d\n", watch("file", IN_OPEN));
  touch("dir/new");
  say_events("only creation", fd);
  ::close(fd);
}

static void once() {
  fd = ::inotify_init1(IN_NONBLOCK);
  say("oneshot: %d\n", watch("dir", IN_CREATE | IN_OPEN | IN_ONESHOT));
  touch("dir/once");
  touch("dir/twice");
  say_events("one event", fd);
  say("rm: %s\n", outcome(::inotify_rm_watch(fd, 1)));
  ::close(fd);
}

static void unlinked() {
  for (const std::uint32_t flag : {0U, static_cast<std::uint32_t>(IN_EXCL_UNLINK)}) {
    fd = ::inotify_init1(IN_NONBLOCK);
    watch("dir", IN_ALL_EVENTS | flag);
    const int file = ::open("dir/gone", O_CREAT | O_RDWR, 0644);
    ::write(file, "x", 1);
    ::unlink("dir/gone");
    ::write(file, "x", 1);
    char byte;
    ::pread(file, &byte, 1, 0);
    ::close(file);
    say_events(flag ? "IN_EXCL_UNLINK" : "unlinked", fd);
    ::close(fd);
  }
}

// Two instances and two watches of one file do not know of each other.
static void several() {
  fd = ::inotify_init1(IN_NONBLOCK);
  const int other = ::inotify_init1(IN_NONBLOCK);
  watch("dir", IN_OPEN);
  ::inotify_add_watch(other, "dir", IN_CLOSE);
  touch("dir/new");
  say_events("first", fd);
  say_events("second", other);
  ::close(other);
  touch("dir/new");
  say_events("first alone", fd);
  ::close(fd);
}

// Files whose inodes are made when somebody looks.
static void proc() {
  fd = ::inotify_init1(IN_NONBLOCK);
  const int other = ::inotify_init1(IN_NONBLOCK);
  const int file = watch("/proc/version", IN_ALL_EVENTS), directory = watch("/proc/sys/kernel", IN_OPEN | IN_ONESHOT);
  say("the same %d, another %d\n", watch("/proc/version", IN_MASK_ADD | IN_OPEN) == file, directory != file);
  ::inotify_add_watch(other, "/proc/version", IN_OPEN);
  char byte;
  const int version = ::open("/proc/version", O_RDONLY), host = ::open("/proc/sys/kernel/hostname", O_RDONLY);
  ::read(version, &byte, 1);
  ::close(version);
  ::close(host);
  ::close(::open("/proc/sys/kernel/ostype", O_RDONLY));
  ::close(::open("/proc/uptime", O_RDONLY));
  say_events("proc", fd);
  say_events("another instance", other);
  say("rm %s\n", outcome(::inotify_rm_watch(fd, file)));
  ::close(::open("/proc/version", O_RDONLY));
  say_events("then", fd);
  ::close(fd);
  ::close(other);
}

static int run() {
  errors();
  masks();
  once();
  unlinked();
  several();
  proc();
  return 0;
}

static const Topic topic("inotify_masks", run);
