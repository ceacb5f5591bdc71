// inotify(7): reading, what is told twice, the limits, and what the descriptor is.
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "../watching.h"

using namespace abi;

static int queued(int fd) {
  int bytes = -1;
  if (::ioctl(fd, FIONREAD, &bytes) != 0) say("FIONREAD: %s\n", outcome(-1));
  return bytes;
}

static void ready(int fd) {
  pollfd poll{fd, static_cast<short>(0xffff), 0};
  const int count = ::poll(&poll, 1, 0);
  say("poll: %d, events %#x\n", count, static_cast<unsigned>(poll.revents));
}

static void open_close(const char* name) {
  ::close(::open(name, O_RDONLY));
}

static void reading() {
  const int fd = ::inotify_init1(IN_NONBLOCK);
  char buffer[4096];
  write_file("file", "x");
  ::mkdir("dir", 0755);
  ::inotify_add_watch(fd, "file", IN_OPEN | IN_CLOSE);
  ::inotify_add_watch(fd, "dir", IN_CREATE | IN_DELETE);
  say("empty: %s, %d bytes\n", outcome(::read(fd, buffer, sizeof buffer)), queued(fd));
  say("empty, no room: %s\n", outcome(::read(fd, buffer, 1)));
  ready(fd);
  open_close("file");
  say("two events: %d bytes\n", queued(fd));
  ready(fd);
  say("no room: %s, %s\n", outcome(::read(fd, buffer, 0)), outcome(::read(fd, buffer, 15)));
  say("room for one: %zd\n", ::read(fd, buffer, 16));
  say("room for one and a half: %zd\n", ::read(fd, buffer, 24));
  open_close("file");
  say("room for one and a half: %zd\n", ::read(fd, buffer, 24));
  say("nowhere: %s", outcome(::read(fd, reinterpret_cast<void*>(8), 100)));
  say(", %d bytes left\n", queued(fd));
  for (const std::size_t length : {1, 14, 15, 16, 17, 31, 32, 255}) {
    const std::string name = "dir/" + std::string(length, 'n');
    ::mkdir(name.c_str(), 0755);
    say("name of %zu: %d bytes", length, queued(fd));
    say(", too little room: %s", outcome(::read(fd, buffer, 16 + length)));
    say(", read %zd\n", ::read(fd, buffer, sizeof buffer));
    ::rmdir(name.c_str());
    ::read(fd, buffer, sizeof buffer);
  }
  open_close("file");
  iovec parts[2] = {{buffer, 16}, {buffer + 16, 16}};
  say("readv: %zd\n", ::readv(fd, parts, 2));
  say("write: %s\n", outcome(::write(fd, buffer, 1)));
  ::close(fd);
}

static void equals() {
  const int fd = ::inotify_init1(IN_NONBLOCK);
  const int wd = ::inotify_add_watch(fd, "file", IN_OPEN);
  for (int i = 0; i < 5; ++i) open_close("file");
  say_events("five times", fd);
  ::inotify_add_watch(fd, "file", IN_OPEN | IN_CLOSE);
  for (int i = 0; i < 2; ++i) open_close("file");
  say_events("twice two", fd);
  ::inotify_rm_watch(fd, wd);
  open_close("file");
  ::inotify_rm_watch(fd, ::inotify_add_watch(fd, "file", IN_OPEN));
  say_events("two that ended", fd);
  ::close(fd);
}

static void waiting() {
  const int fd = ::inotify_init1(0);
  ::inotify_add_watch(fd, "file", IN_OPEN);
  const pid_t reader = in_child([&] {
    char buffer[64];
    return ::read(fd, buffer, sizeof buffer) == 16 ? 0 : 1;
  });
  await_asleep(reader);
  open_close("file");
  say_end("reader", reader);
  const pid_t poller = in_child([&] {
    pollfd poll{fd, POLLIN, 0};
    return ::poll(&poll, 1, -1) == 1 && poll.revents == POLLIN ? 0 : 1;
  });
  await_asleep(poller);
  open_close("file");
  say_end("poller", poller);
  ::close(fd);
}

// More than the queue takes.
static void overflow() {
  const int fd = ::inotify_init1(IN_NONBLOCK);
  ::inotify_add_watch(fd, "file", IN_OPEN | IN_CLOSE);
  for (int i = 0; i < 8200; ++i) open_close("file");
  say("%d bytes\n", queued(fd));
  static inotify_event events[20000];
  const ssize_t size = ::read(fd, events, sizeof events);
  const auto count = size / static_cast<ssize_t>(sizeof(inotify_event));
  const inotify_event& last = events[count - 1];
  say("%zd events, the last: %d %s\n", count, last.wd, event_names(last.mask).c_str());
  open_close("file");
  say_events("afterwards", fd);
  ::close(fd);
}

static void instances() {
  int fds[200];
  int count = 0;
  while (count < 200 && (fds[count] = ::inotify_init1(0)) >= 0) ++count;
  say("instances: at most 128: %d, then %s\n", count, outcome(-1));
  for (int i = 0; i < count; ++i) ::close(fds[i]);
  const int fd = ::inotify_init1(0);
  say("when they are closed: %s\n", outcome(fd));
  ::close(fd);
}

static void limits() {
  say_end("a user of its own", in_child([] {
            ::setuid(fresh_user());
            instances();
            return 0;
          }));
  for (const char* name : {"max_queued_events", "max_user_instances", "max_user_watches"}) {
    const std::string path = std::string("/proc/sys/fs/inotify/") + name;
    FILE* file = ::fopen(path.c_str(), "r");
    long value = -1;
    if (file) ::fscanf(file, "%ld", &value);
    if (file) ::fclose(file);
    say("%s: %s\n", name, value >= 8192 ? "many" : value == 128 ? "128" : "?");
  }
}

static void what_it_is() {
  const int fd = ::inotify_init1(IN_CLOEXEC);
  struct stat status = {};
  ::fstat(fd, &status);
  struct statfs system = {};
  ::fstatfs(fd, &system);
  say("mode %o, file system %#lx\n", status.st_mode, static_cast<unsigned long>(system.f_type));
  say("F_GETFL %#x F_GETFD %d\n", ::fcntl(fd, F_GETFL), ::fcntl(fd, F_GETFD));
  char link[PATH_MAX] = {};
  char name[64], line[256];
  std::snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  ::readlink(name, link, sizeof link - 1);
  say("link: %s\n", link);
  ::inotify_add_watch(fd, "file", IN_OPEN | IN_CREATE);
  std::snprintf(name, sizeof name, "/proc/self/fdinfo/%d", fd);
  FILE* file = ::fopen(name, "r");
  while (file && ::fgets(line, sizeof line, file)) {
    if (std::strncmp(line, "inotify", 7) != 0) continue;
    unsigned wd = 0, mask = 0;
    unsigned long inode = 0;
    unsigned device = 0;
    std::sscanf(line, "inotify wd:%x ino:%lx sdev:%x mask:%x", &wd, &inode, &device, &mask);
    ::stat("file", &status);
    say("wd %u, the inode %d, mask %#x\n", wd, inode == status.st_ino, mask & IN_ALL_EVENTS);
  }
  if (file) ::fclose(file);
  say("lseek: %s\n", outcome(::lseek(fd, 10, SEEK_SET)));
}

static int run() {
  reading();
  equals();
  waiting();
  overflow();
  limits();
  what_it_is();
  return 0;
}

static const Topic topic("inotify_limits", run);
