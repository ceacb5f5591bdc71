// inotify(7): renames, in one directory and between two, over something and in exchange; unmounting.
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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

static void moves() {
  ::mkdir("a", 0755);
  ::mkdir("b", 0755);
  ::mkdir("a/sub", 0755);
  write_file("a/one", "1");
  write_file("a/two", "2");
  write_file("b/three", "3");
  fd = ::inotify_init1(IN_NONBLOCK);
  for (const char* name : {"a", "b", "a/one", "a/two", "b/three", "a/sub"}) {
    say("%d ", ::inotify_add_watch(fd, name, IN_ALL_EVENTS));
  }
  say("\n");
  doing("in one directory", [] { ::rename("a/one", "a/uno"); });
  doing("to another", [] { ::rename("a/uno", "b/uno"); });
  doing("a directory", [] { ::rename("a/sub", "b/sub"); });
  doing("out", [] { ::rename("b/sub", "sub"); });
  doing("in", [] { ::rename("sub", "a/sub"); });
  doing("over another", [] { ::rename("b/uno", "a/two"); });
  doing("open it", [] { ::close(::open("a/two", O_RDONLY)); });
  doing("exchange", [] { ::syscall(SYS_renameat2, AT_FDCWD, "a/two", AT_FDCWD, "b/three", 2); });
  doing("onto itself", [] { ::rename("a/two", "a/two"); });
  doing("two names of one file", [] {
    ::link("a/two", "a/tre");
    ::rename("a/two", "a/tre");
  });
  doing("that fails", [] { ::rename("a/none", "a/two"); });
  doing("a directory over an empty one", [] {
    ::mkdir("b/target", 0755);
    ::rename("a/sub", "b/target");
  });
  doing("over an open file", [] {
    write_file("b/open", "x");
    const int file = ::open("b/open", O_RDONLY);
    write_file("b/fresh", "x");
    ::rename("b/fresh", "b/open");
    ::close(file);
  });
  doing("an open file", [] {
    const int file = ::open("b/open", O_RDWR);
    ::rename("b/open", "a/moved");
    ::write(file, "x", 1);
    ::close(file);
  });
  doing("the directory itself", [] { ::rename("a", "c"); });
  doing("and then in it", [] { ::unlink("c/moved"); });
  ::close(fd);
}

// Each move has a cookie of its own.
static void cookies() {
  ::mkdir("m", 0755);
  write_file("m/x", "x");
  fd = ::inotify_init1(IN_NONBLOCK);
  ::inotify_add_watch(fd, "m", IN_MOVE);
  doing("three moves", [] {
    ::rename("m/x", "m/y");
    ::rename("m/y", "m/z");
    ::rename("m/z", "m/x");
  });
  ::close(fd);
}

static void unmounting() {
  ::mkdir("mount", 0755);
  if (::mount("none", "mount", "tmpfs", 0, nullptr) != 0) say("mount: %s\n", outcome(-1));
  ::mkdir("mount/sub", 0755);
  write_file("mount/file", "x");
  fd = ::inotify_init1(IN_NONBLOCK);
  say("%d %d %d\n", ::inotify_add_watch(fd, "mount", IN_ALL_EVENTS), ::inotify_add_watch(fd, "mount/file", IN_OPEN),
      ::inotify_add_watch(fd, ".", IN_ALL_EVENTS));
  doing("create in it", [] { ::close(::open("mount/new", O_CREAT | O_RDWR, 0644)); });
  ::inotify_rm_watch(fd, 2);
  doing("take away a watch", [] {});
  say("umount: %s\n", outcome(::umount("mount")));
  say_events("unmounted", fd);
  ::close(fd);
}

static int run() {
  moves();
  cookies();
  unmounting();
  return 0;
}

static const Topic topic("inotify_moves", run);
