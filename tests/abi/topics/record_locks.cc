// fcntl(2) and flock(2) locks: what splits and merges, which one F_GETLK names, circles of waiters, and what ends a wait.
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <vector>

#include "../topic.h"

using namespace abi;

static struct flock range(int type, off_t start, off_t length, int whence = SEEK_SET) {
  struct flock lock {};
  lock.l_type = static_cast<short>(type);
  lock.l_whence = static_cast<short>(whence);
  lock.l_start = start;
  lock.l_len = length;
  return lock;
}

static int set(int fd, int type, off_t start, off_t length, int command = F_SETLK) {
  struct flock lock = range(type, start, length);
  return ::fcntl(fd, command, &lock);
}

static void say_lock(const struct flock& lock, pid_t first) {
  const char* type = lock.l_type == F_RDLCK ? "read" : lock.l_type == F_WRLCK ? "write" : "none";
  say(" %s", type);
  if (lock.l_type != F_UNLCK) {
    say(" %ld+%ld by %s", static_cast<long>(lock.l_start), static_cast<long>(lock.l_len),
        lock.l_pid == -1      ? "a description"
        : lock.l_pid == first ? "the first"
                              : "another");
  }
}

static void ask(int fd, int type, off_t start, off_t length, pid_t first = 0, int command = F_GETLK) {
  struct flock lock = range(type, start, length);
  const int result = ::fcntl(fd, command, &lock);
  say(" [%ld+%ld:", static_cast<long>(start), static_cast<long>(length));
  if (result < 0) {
    say(" %s", outcome(result));
  } else {
    say_lock(lock, first);
  }
  say("]");
}

// A process that sets locks when it is told to.
class Holder {
 public:
  Holder() {
    ::pipe2(commands_, O_CLOEXEC);
    ::pipe2(answers_, O_CLOEXEC);
    pid = ::fork();
    if (pid != 0) return;
    ::close(commands_[1]);
    const int fd = ::open("locked", O_RDWR);
    Command command;
    while (::read(commands_[0], &command, sizeof command) == sizeof command && command.type >= 0) {
      const int result = command.whole
                             ? ::flock(fd, command.type)
                             : set(fd, command.type, command.start, command.length, command.wait ? F_SETLKW : F_SETLK);
      const int error = result < 0 ? errno : 0;
      ::write(answers_[1], &error, sizeof error);
    }
    ::_exit(0);
  }
  void ask_for(int type, off_t start, off_t length, bool wait = false) { tell({type, start, length, wait, false}); }
  // flock(2), which waits.
  void ask_for_whole(int operation) { tell({operation, 0, 0, true, true}); }
  // For a lock: it sleeps, too, while it has not read the command yet.
  void await_waiting() {
    for (int unread = 1; ::ioctl(commands_[0], FIONREAD, &unread) == 0 && unread > 0;) ::usleep(1'000);
    await_asleep(pid);
  }
  const char* answer() {
    int error = -1;
    ::read(answers_[0], &error, sizeof error);
    errno = error;
    return outcome(error == 0 ? 0 : -1);
  }
  const char* lock(int type, off_t start, off_t length) {
    ask_for(type, start, length);
    return answer();
  }
  const char* unlock() { return lock(F_UNLCK, 0, 0); }
  void end() {
    ask_for(-1, 0, 0);  // later ones have this one's pipes open: there is no end of file
    ::waitpid(pid, nullptr, 0);
    for (const int fd : {commands_[0], commands_[1], answers_[0], answers_[1]}) ::close(fd);
  }

  pid_t pid;

 private:
  struct Command {
    int type;
    off_t start, length;
    bool wait, whole;
  };
  void tell(const Command& command) { ::write(commands_[1], &command, sizeof command); }
  int commands_[2], answers_[2];
};

static void ranges() {
  const int fd = ::open("locked", O_RDWR);
  const auto what_is_held = [&] {
    say_end("", in_child([&] {
              say("held:");
              for (off_t at = 0; at < 1000;) {
                struct flock lock = range(F_WRLCK, at, 0);
                ::fcntl(fd, F_GETLK, &lock);
                if (lock.l_type == F_UNLCK) break;
                say_lock(lock, ::getppid());
                if (lock.l_len == 0) break;
                at = lock.l_start + lock.l_len;
              }
              say(" ");
              return 0;
            }));
  };
  say("split and merged\n");
  say("%s\n", outcome(set(fd, F_WRLCK, 100, 100)));
  say("%s\n", outcome(set(fd, F_UNLCK, 120, 10)));
  what_is_held();
  say("%s\n", outcome(set(fd, F_RDLCK, 125, 50)));
  what_is_held();
  say("%s\n", outcome(set(fd, F_RDLCK, 90, 10)));
  say("%s\n", outcome(set(fd, F_RDLCK, 200, 1)));
  say("%s\n", outcome(set(fd, F_WRLCK, 175, 25)));
  what_is_held();
  say("%s\n", outcome(set(fd, F_WRLCK, 110, 80)));
  what_is_held();
  say("%s\n", outcome(set(fd, F_RDLCK, 195, 0)));
  what_is_held();
  say("%s\n", outcome(set(fd, F_UNLCK, 0, 101)));
  what_is_held();
  say("%s\n", outcome(set(fd, F_UNLCK, 0, 0)));
  what_is_held();
  for (int i = 10; i > 0; --i) set(fd, F_WRLCK, i * 10, 5);
  set(fd, F_RDLCK, 33, 40);
  what_is_held();
  set(fd, F_UNLCK, 0, 0);

  say("wrong:");
  struct flock lock = range(F_WRLCK, -1, 1);
  say(" before the start %s", outcome(::fcntl(fd, F_SETLK, &lock)));
  lock = range(F_WRLCK, 5, -6);
  say(", length before it %s", outcome(::fcntl(fd, F_SETLK, &lock)));
  lock = range(F_WRLCK, INT64_MAX, 2);
  say(", behind the end %s", outcome(::fcntl(fd, F_SETLK, &lock)));
  lock = range(F_WRLCK, INT64_MAX, 1);
  say(", the last byte %s", outcome(::fcntl(fd, F_SETLK, &lock)));
  lock = range(F_UNLCK, 1, INT64_MAX);
  say(", all but one %s", outcome(::fcntl(fd, F_SETLK, &lock)));
  lock = range(F_WRLCK, 1, 1, 7);
  say(", whence %s", outcome(::fcntl(fd, F_SETLK, &lock)));
  lock = range(9, 1, 1);
  say(", type %s", outcome(::fcntl(fd, F_SETLK, &lock)));
  lock = range(F_UNLCK, 1, 1);
  say(", F_GETLK of F_UNLCK %s", outcome(::fcntl(fd, F_GETLK, &lock)));
  say(", nowhere %s", outcome(::fcntl(fd, F_SETLK, nullptr)));
  const int reader = ::open("locked", O_RDONLY);
  say(", write lock on a reader %s", outcome(set(reader, F_WRLCK, 0, 1)));
  lock = range(F_WRLCK, 0, 1);
  lock.l_pid = 1;
  say(", a pid %s\n", outcome(::fcntl(fd, F_OFD_SETLK, &lock)));
  ::close(reader);
  ::close(fd);
}

static void who_is_in_the_way() {
  say("in the way\n");
  const int fd = ::open("locked", O_RDWR);
  Holder first, second;
  say("%s", first.lock(F_WRLCK, 300, 10));
  say(" %s", second.lock(F_RDLCK, 200, 10));
  say(" %s", first.lock(F_RDLCK, 100, 10));
  say(" %s", second.lock(F_RDLCK, 100, 50));
  say(" %s", first.lock(F_WRLCK, 120, 5));
  say(" %s\n", first.lock(F_WRLCK, 160, 5));
  for (const int type : {F_RDLCK, F_WRLCK}) {
    for (const off_t start : {0, 100, 105, 115, 155, 210, 305, 310}) ask(fd, type, start, 0, first.pid);
    say("\n");
  }
  // Who has let all go comes last again.
  say("%s", first.lock(F_UNLCK, 0, 0));
  say(" %s", first.lock(F_RDLCK, 0, 10));
  ask(fd, F_WRLCK, 0, 0, first.pid);
  say("\n");
  first.end();
  ask(fd, F_WRLCK, 0, 0, first.pid);
  second.end();
  ask(fd, F_WRLCK, 0, 0, first.pid);
  say("\n");
  ::close(fd);
}

static void circles() {
  say("circles\n");
  {
    Holder a, b;
    say("%s", a.lock(F_WRLCK, 0, 1));
    say(" %s", b.lock(F_WRLCK, 1, 1));
    a.ask_for(F_WRLCK, 1, 1, true);
    a.await_waiting();
    b.ask_for(F_WRLCK, 0, 1, true);
    say(", two: %s", b.answer());
    say(", then %s", b.lock(F_UNLCK, 1, 1));
    say(", the other has it: %s\n", a.answer());
    a.end();
    b.end();
  }
  {
    Holder a, b, c;
    say("%s", a.lock(F_WRLCK, 0, 1));
    say(" %s", b.lock(F_WRLCK, 1, 1));
    say(" %s", c.lock(F_WRLCK, 2, 1));
    a.ask_for(F_WRLCK, 1, 1, true);
    a.await_waiting();
    b.ask_for(F_WRLCK, 2, 1, true);
    b.await_waiting();
    c.ask_for(F_RDLCK, 0, 1, true);
    say(", three: %s", c.answer());
    c.end();
    say(", one ends: %s", b.answer());
    b.end();
    say(", %s\n", a.answer());
    a.end();
  }
  {
    // Two readers that both want to write.
    Holder a, b;
    say("%s", a.lock(F_RDLCK, 0, 1));
    say(" %s", b.lock(F_RDLCK, 0, 1));
    a.ask_for(F_WRLCK, 0, 1, true);
    a.await_waiting();
    b.ask_for(F_WRLCK, 0, 1, true);
    say(", upgrades: %s\n", b.answer());
    b.end();
    a.answer();
    a.end();
  }
  {
    // No circle: the one that is waited for will let go.
    Holder a, b, c;
    say("%s", a.lock(F_WRLCK, 0, 1));
    b.ask_for(F_WRLCK, 0, 1, true);
    b.await_waiting();
    c.ask_for(F_WRLCK, 0, 1, true);
    c.await_waiting();
    say(", a queue: %s", a.lock(F_UNLCK, 0, 1));
    a.end();
    say(", both in the end:");
    b.ask_for(F_UNLCK, 0, 1);
    say(" %s", b.answer());
    b.answer();
    b.end();
    say(" %s\n", c.answer());
    c.end();
  }
}

// Who came first gets it first, also when the scheduler would have others run first.
static void queues() {
  say("queues\n");
  constexpr int kLazy = 19;
  {
    Holder a, b, c, d;
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(b.pid), kLazy);
    say("%s", a.lock(F_WRLCK, 0, 0));
    for (Holder* waiter : {&b, &c, &d}) {
      waiter->ask_for(F_WRLCK, 0, 0, true);
      waiter->await_waiting();
    }
    say(", first %s", a.unlock());
    for (Holder* waiter : {&b, &c, &d}) {
      say(" %s", waiter->answer());
      say(" %s", waiter->unlock());
    }
    say("\n");
    for (Holder* holder : {&a, &b, &c, &d}) holder->end();
  }
  {
    Holder a, b, c, d;
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(b.pid), kLazy);
    say("%s", a.lock(F_RDLCK, 10, 10));
    b.ask_for(F_WRLCK, 0, 15, true);
    b.await_waiting();
    // A reader need not wait behind a writer that waits for another reader; those who want what is held wait behind him.
    say(", a reader: %s", c.lock(F_RDLCK, 12, 1));
    say(" %s", c.unlock());
    say(", the holder writes: %s", a.lock(F_WRLCK, 10, 10));
    b.await_waiting();  // Linux has it look again, and who asks meanwhile is in front of it
    c.ask_for(F_RDLCK, 12, 1, true);
    c.await_waiting();
    d.ask_for(F_RDLCK, 12, 2, true);
    d.await_waiting();
    say(", %s", a.unlock());
    say(", writer: %s", b.answer());
    say(" %s", b.unlock());
    say(", readers: %s", c.answer());
    say(" %s\n", d.answer());
    for (Holder* holder : {&a, &b, &c, &d}) holder->end();
  }
  {
    Holder a, b, c;
    say("%s", a.lock(F_WRLCK, 0, 0));
    for (Holder* waiter : {&b, &c}) {
      waiter->ask_for(F_WRLCK, 0, 0, true);
      waiter->await_waiting();
    }
    ::kill(b.pid, SIGKILL);
    say_end(", the first in line", b.pid);
    say(", %s", a.unlock());
    say(", the next: %s\n", c.answer());
    for (Holder* holder : {&a, &b, &c}) holder->end();
  }
  {
    Holder a, b, c;
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(b.pid), kLazy);
    a.ask_for_whole(LOCK_EX);
    say("flock: %s", a.answer());
    for (Holder* waiter : {&b, &c}) {
      waiter->ask_for_whole(LOCK_EX);
      waiter->await_waiting();
    }
    a.ask_for_whole(LOCK_UN);
    say(" %s", a.answer());
    for (Holder* waiter : {&b, &c}) {
      say(", %s", waiter->answer());
      waiter->ask_for_whole(LOCK_UN);
      say(" %s", waiter->answer());
    }
    say("\n");
    for (Holder* holder : {&a, &b, &c}) holder->end();
  }
}

static void nothing(int) {}

static void waits() {
  say("waits\n");
  const int fd = ::open("locked", O_RDWR);
  Holder holder;
  say("%s\n", holder.lock(F_WRLCK, 0, 0));
  const pid_t sleeper = in_child([&] {
    struct sigaction action {};
    action.sa_handler = nothing;
    ::sigaction(SIGUSR1, &action, nullptr);
    say("interrupted: %s\n", outcome(set(fd, F_WRLCK, 5, 1, F_SETLKW)));
    return 0;
  });
  await_asleep(sleeper);
  ::kill(sleeper, SIGUSR1);
  ::waitpid(sleeper, nullptr, 0);
  const pid_t killed = in_child([&] { return set(fd, F_WRLCK, 5, 1, F_SETLKW); });
  await_asleep(killed);
  ::kill(killed, SIGKILL);
  say_end("killed", killed);
  say("not now: %s, ", outcome(set(fd, F_RDLCK, 5, 1)));
  holder.end();
  say("now: %s\n", outcome(set(fd, F_RDLCK, 5, 1)));
  // Any descriptor that is closed takes the process's locks with it.
  ::close(::open("locked", O_RDONLY));
  say_end("", in_child([&] {
            say("after a close:");
            ask(fd, F_WRLCK, 0, 0);
            say(" ");
            return 0;
          }));
  ::close(fd);
}

// A thread closes the descriptor on which another one waits for a lock.
static int race_fd;
static void* waits_for_lock(void*) {
  const int result = set(race_fd, F_WRLCK, 0, 1, F_SETLKW);
  say("closed meanwhile: %s\n", outcome(result));
  return nullptr;
}
static void closed_meanwhile() {
  Holder holder;
  holder.lock(F_WRLCK, 0, 1);
  race_fd = ::open("locked", O_RDWR);
  pthread_t thread;
  ::pthread_create(&thread, nullptr, waits_for_lock, nullptr);
  ::usleep(50'000);
  ::close(race_fd);
  holder.end();
  ::pthread_join(thread, nullptr);
  const int fd = ::open("locked", O_RDWR);
  say_end("", in_child([&] {
            say("nothing is left:");
            ask(fd, F_WRLCK, 0, 0);
            say(" ");
            return 0;
          }));
  ::close(fd);
}

static void descriptions() {
  say("open file descriptions\n");
  const int a = ::open("locked", O_RDWR), b = ::open("locked", O_RDWR);
  say("%s", outcome(set(a, F_WRLCK, 0, 10, F_OFD_SETLK)));
  say(" %s", outcome(set(b, F_WRLCK, 5, 1, F_OFD_SETLK)));
  say(" %s", outcome(set(b, F_RDLCK, 20, 10, F_OFD_SETLK)));
  say(" %s", outcome(set(a, F_RDLCK, 25, 10, F_OFD_SETLK)));
  say(" own process: %s", outcome(set(b, F_WRLCK, 0, 1)));
  ask(b, F_WRLCK, 0, 0, 0, F_OFD_GETLK);
  ask(b, F_UNLCK, 0, 0, 0, F_OFD_GETLK);
  ask(b, F_UNLCK, 30, 0, 0, F_OFD_GETLK);
  ask(b, F_WRLCK, 0, 0);
  say("\n");
  const int copy = ::dup(a);
  ::close(a);
  say("a duplicate keeps it: %s", outcome(set(b, F_WRLCK, 0, 1, F_OFD_SETLK)));
  ::close(copy);
  say(", closed: %s", outcome(set(b, F_WRLCK, 0, 1, F_OFD_SETLK)));
  const pid_t child = in_child([&] { return set(b, F_UNLCK, 0, 0, F_OFD_SETLK); });
  ::waitpid(child, nullptr, 0);
  const int other = ::open("locked", O_RDWR);
  say(", a child unlocks: %s\n", outcome(set(other, F_WRLCK, 0, 1, F_OFD_SETLK)));
  ::close(other);
  ::close(b);
}

static void whole_files() {
  say("flock\n");
  const int a = ::open("locked", O_RDWR), b = ::open("locked", O_RDONLY);
  say("%s", outcome(::flock(a, LOCK_SH)));
  say(" %s", outcome(::flock(b, LOCK_SH)));
  say(" upgrade: %s", outcome(::flock(a, LOCK_EX | LOCK_NB)));
  say(", lost by it: %s", outcome(::flock(b, LOCK_EX | LOCK_NB)));
  say(", %s", outcome(::flock(a, LOCK_SH | LOCK_NB)));
  say(", not in the way of fcntl's: %s", outcome(set(a, F_WRLCK, 0, 0)));
  const pid_t child = in_child([&] {
    ::close(b);
    ::flock(a, LOCK_EX);
    return 7;
  });
  await_asleep(child);
  say(", unlock: %s", outcome(::flock(b, LOCK_UN)));
  say_end(", a child", child);
  say("it is its description's: %s", outcome(::flock(b, LOCK_SH | LOCK_NB)));
  ::close(a);
  say(", closed: %s", outcome(::flock(b, LOCK_SH | LOCK_NB)));
  say(", wrong: %s", outcome(::flock(b, 0)));
  say(", %s\n", outcome(::flock(b, LOCK_SH | LOCK_EX)));
  ::close(b);
}

static int run() {
  write_file("locked", "contents");
  ranges();
  who_is_in_the_way();
  circles();
  queues();
  waits();
  closed_meanwhile();
  descriptions();
  whole_files();
  return 0;
}

static const Topic topic("record_locks", run);
