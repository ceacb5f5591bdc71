// Leases (fcntl(2), F_SETLEASE): who gets one, what asks it back and how its holder hears of it, who waits and what ends the wait.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "../topic.h"

using namespace abi;

static const char* name_of(int type) {
  return type == F_RDLCK ? "read" : type == F_WRLCK ? "write" : type == F_UNLCK ? "none" : "?";
}

static void say_lease(const char* what, int fd) {
  const int type = ::fcntl(fd, F_GETLEASE);
  say("%s: %s\n", what, type < 0 ? outcome(type) : name_of(type));
}

static void try_lease(const char* what, int fd, int type) {
  say("%s, %s: %s", what, name_of(type), outcome(::fcntl(fd, F_SETLEASE, type)));
  say(" -> %s\n", name_of(::fcntl(fd, F_GETLEASE)));
}

// Takes a signal that is there, or says that none is.
static void say_signal(const char* what, int fd) {
  sigset_t both;
  ::sigemptyset(&both);
  ::sigaddset(&both, SIGIO);
  ::sigaddset(&both, SIGRTMIN);
  const timespec now{};
  siginfo_t info{};
  const int signal = ::sigtimedwait(&both, &info, &now);
  if (signal < 0) {
    say("%s: no signal\n", what);
  } else if (signal == SIGIO) {
    say("%s: SIGIO, code %d\n", what, info.si_code);
  } else {
    say("%s: SIGRTMIN, code %d, band %lx, %s descriptor\n", what, info.si_code, info.si_band,
        info.si_fd == fd ? "its" : "another");
  }
}

static int open_once(int flags) {
  return ::open("file", flags | O_CLOEXEC);
}

static void who_gets_one() {
  int reader = open_once(O_RDONLY), writer = open_once(O_RDWR);
  say_lease("without one", reader);
  try_lease("written elsewhere", reader, F_RDLCK);
  try_lease("open elsewhere", reader, F_WRLCK);
  try_lease("the writer, read elsewhere", writer, F_WRLCK);
  try_lease("the writer itself", writer, F_RDLCK);
  try_lease("none there", reader, F_UNLCK);
  ::close(reader);
  try_lease("the only writer", writer, F_WRLCK);
  try_lease("the only writer, once more", writer, F_WRLCK);
  try_lease("the only writer", writer, F_RDLCK);
  const int same = ::dup(writer);
  say_lease("a duplicate", same);
  ::close(writer);
  say_lease("the other is closed", same);
  try_lease("given up", same, F_UNLCK);
  ::close(same);

  reader = open_once(O_RDONLY);
  try_lease("the only reader", reader, F_WRLCK);
  try_lease("downgraded", reader, F_RDLCK);
  const int second = open_once(O_RDONLY);
  try_lease("a second reader", second, F_RDLCK);
  try_lease("one of two readers", reader, F_WRLCK);
  ::close(second);
  try_lease("alone again", reader, F_WRLCK);
  ::close(reader);
  reader = open_once(O_RDONLY);
  say_lease("after the end", reader);

  say("type 3: %s\n", outcome(::fcntl(reader, F_SETLEASE, 3)));
  say("type -1: %s\n", outcome(::fcntl(reader, F_SETLEASE, -1)));
  int ends[2];
  ::pipe(ends);
  say("a pipe: %s\n", outcome(::fcntl(ends[0], F_SETLEASE, F_RDLCK)));
  say_lease("a pipe", ends[0]);
  const int directory = ::open(".", O_RDONLY), path = ::open("file", O_PATH);
  say("a path: %s\n", outcome(::fcntl(path, F_SETLEASE, F_RDLCK)));
  say_lease("a path", path);
  say_lease("a directory", directory);
  const int memory = ::memfd_create("m", 0);
  try_lease("memory", memory, F_WRLCK);
  try_lease("memory", memory, F_RDLCK);
  for (const int fd : {reader, ends[0], ends[1], directory, path, memory}) ::close(fd);

  ::chmod("file", 0666);
  say_end("somebody else", in_child([] {
            ::setresuid(1000, 1000, 1000);
            const int fd = open_once(O_RDONLY);
            try_lease("somebody else", fd, F_RDLCK);
            return 0;
          }));
}

static void what_asks_back() {
  int holder = open_once(O_RDONLY);
  ::fcntl(holder, F_SETLEASE, F_RDLCK);
  int fd = open_once(O_RDONLY);
  say_signal("opened for reading", holder);
  ::close(fd);
  ::chmod("file", 0644);
  ::link("file", "second");
  ::unlink("second");
  struct stat status {};
  ::stat("file", &status);
  say_signal("changed otherwise", holder);
  say("opened for writing: %s\n", outcome(::open("file", O_WRONLY | O_NONBLOCK)));
  say_lease("asked back", holder);
  say_signal("asked back", holder);
  say("opened for writing again: %s\n", outcome(::open("file", O_RDWR | O_NONBLOCK)));
  say_signal("asked back once", holder);
  fd = open_once(O_RDONLY | O_NONBLOCK);
  say("a reader meanwhile: %s\n", outcome(fd));
  try_lease("a reader meanwhile", fd, F_RDLCK);
  ::close(fd);
  try_lease("the holder meanwhile", holder, F_RDLCK);
  try_lease("the holder", holder, F_UNLCK);
  fd = ::open("file", O_WRONLY | O_NONBLOCK);
  say("then: %s\n", outcome(fd));
  ::close(fd);

  try_lease("for writing", holder, F_WRLCK);
  say("who is told: %s\n", ::fcntl(holder, F_GETOWN) == ::getpid() ? "this process" : "another");
  say("F_SETSIG: %s\n", outcome(::fcntl(holder, F_SETSIG, SIGRTMIN)));
  say("opened for reading: %s\n", outcome(open_once(O_RDONLY | O_NONBLOCK)));
  say_signal("to be downgraded", holder);
  say_lease("to be downgraded", holder);
  say("opened for writing: %s\n", outcome(open_once(O_WRONLY | O_NONBLOCK)));
  say_signal("to be given up", holder);
  say_lease("to be given up", holder);
  try_lease("given up", holder, F_UNLCK);
  say("who is told: %d, with signal %d\n", ::fcntl(holder, F_GETOWN), ::fcntl(holder, F_GETSIG));
  ::close(holder);
}

// Another process does something that has to wait until the lease goes in one way or another.
static void wait_for(const char* what, int type, int flags, const char* truncated, void (*give_up)(int)) {
  int holder = open_once(O_RDONLY);
  ::fcntl(holder, F_SETLEASE, type);
  const pid_t other = in_child([&] {
    ::close(holder);
    if (truncated) return ::truncate(truncated, 1) == 0 ? 0 : errno;
    return ::open("file", flags) >= 0 ? 0 : errno;
  });
  await_asleep(other);
  say_signal(what, holder);
  give_up(holder);
  say_lease(what, holder);
  say_end(what, other);
  ::close(holder);
}

static void who_waits() {
  const auto unlock = [](int fd) { ::fcntl(fd, F_SETLEASE, F_UNLCK); };
  const auto downgrade = [](int fd) { ::fcntl(fd, F_SETLEASE, F_RDLCK); };
  wait_for("a writer, unlocked", F_RDLCK, O_WRONLY, nullptr, unlock);
  wait_for("a reader, unlocked", F_WRLCK, O_RDONLY, nullptr, unlock);
  wait_for("a reader, downgraded", F_WRLCK, O_RDONLY, nullptr, downgrade);
  wait_for("O_TRUNC", F_RDLCK, O_WRONLY | O_TRUNC, nullptr, unlock);
  wait_for("truncate", F_RDLCK, 0, "file", unlock);
  wait_for("truncate, closed", F_WRLCK, 0, "file", [](int fd) { ::close(fd); });

  // A signal ends the wait.
  int holder = open_once(O_RDONLY);
  ::fcntl(holder, F_SETLEASE, F_WRLCK);
  const pid_t other = in_child([&] {
    ::close(holder);
    struct sigaction action {};
    action.sa_handler = [](int) {};
    ::sigaction(SIGUSR1, &action, nullptr);
    say("interrupted: %s\n", outcome(open_once(O_RDONLY)));
    return 0;
  });
  await_asleep(other);
  ::kill(other, SIGUSR1);
  say_end("interrupted", other);
  say_signal("interrupted", holder);
  say_lease("still asked back", holder);
  ::close(holder);

  // A program is read.
  holder = ::open("program", O_RDONLY | O_CLOEXEC);
  say("of a program: %s\n", outcome(::fcntl(holder, F_SETLEASE, F_WRLCK)));
  const pid_t runner = in_child([&] {
    ::close(holder);
    ::execl("program", "program", nullptr);
    return errno;
  });
  await_asleep(runner);
  say_signal("execve", holder);
  ::close(holder);
  say_end("execve", runner);
}

static int run() {
  sigset_t both;
  ::sigemptyset(&both);
  ::sigaddset(&both, SIGIO);
  ::sigaddset(&both, SIGRTMIN);
  ::sigprocmask(SIG_BLOCK, &both, nullptr);
  write_file("file", "contents");
  write_file("program", "no program", 0755);
  who_gets_one();
  what_asks_back();
  who_waits();
  return 0;
}

static Topic topic("leases", run);
