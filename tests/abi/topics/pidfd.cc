// pidfd_open(2), pidfd_send_signal(2), pidfd_getfd(2): what a descriptor of a process is and can do.
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "../topic.h"

using namespace abi;

static int open_pidfd(pid_t pid, unsigned flags = 0) {
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, flags));
}

static long send(int fd, int signal, siginfo_t* info = nullptr, unsigned flags = 0) {
  return ::syscall(SYS_pidfd_send_signal, fd, signal, info, flags);
}

static long take(int fd, int target, unsigned flags = 0) {
  return ::syscall(SYS_pidfd_getfd, fd, target, flags);
}

static constexpr unsigned kThread = O_EXCL;

static void say_information(const char* when, int fd, pid_t pid) {
  char name[64], line[128];
  std::snprintf(name, sizeof name, "/proc/self/fdinfo/%d", fd);
  FILE* file = ::fopen(name, "r");
  while (file && ::fgets(line, sizeof line, file)) {
    char* colon = std::strchr(line, ':');
    if (!colon || std::strstr(line, "mnt_id") || std::strstr(line, "ino")) continue;
    const long value = std::strtol(colon + 1, nullptr, 0);
    *colon = 0;
    say("%s: %s %ld\n", when, line, value == pid ? -1000 : value);
  }
  if (file) ::fclose(file);
}

static void opening() {
  say("flags 1: %s\n", outcome(open_pidfd(::getpid(), 1)));
  say("O_CLOEXEC: %s\n", outcome(open_pidfd(::getpid(), O_CLOEXEC)));
  say("pid 0: %s\n", outcome(open_pidfd(0)));
  say("pid -1: %s\n", outcome(open_pidfd(-1)));
  say("nobody: %s\n", outcome(open_pidfd(4'000'000)));
  say("init: %s\n", outcome(open_pidfd(1)));
}

static void what_it_is() {
  const int fd = open_pidfd(::getpid());
  struct stat status = {}, second = {}, parents = {};
  ::fstat(fd, &status);
  struct statfs system = {};
  ::fstatfs(fd, &system);
  say("mode %o, size %d, links %d, file system %#lx\n", status.st_mode, static_cast<int>(status.st_size),
      static_cast<int>(status.st_nlink), static_cast<unsigned long>(system.f_type));
  say("F_GETFL %#x F_GETFD %d\n", ::fcntl(fd, F_GETFL), ::fcntl(fd, F_GETFD));
  say_information("fdinfo", fd, ::getpid());
  const int same = open_pidfd(::getpid(), O_NONBLOCK);
  say("F_GETFL of a non-blocking one %#x\n", ::fcntl(same, F_GETFL));
  ::fstat(same, &second);
  ::fstat(open_pidfd(::getppid()), &parents);
  say("same inode: %d, the parent's: %d\n", status.st_ino == second.st_ino, status.st_ino == parents.st_ino);
  char link[PATH_MAX] = {};
  char name[64];
  std::snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  ::readlink(name, link, sizeof link - 1);
  say("link: %s\n", link);
  const int again = ::open(name, O_RDONLY);
  say("open it again: %s", outcome(again));
  say(", and signal with it: %s\n", outcome(send(again, 0)));
  char byte = 0;
  say("read %s", outcome(::read(fd, &byte, 1)));
  say(", write %s", outcome(::write(fd, &byte, 1)));
  say(", pread %s", outcome(::pread(fd, &byte, 1, 0)));
  say(", lseek %s", outcome(::lseek(fd, 0, SEEK_SET)));
  say(", fsync %s\n", outcome(::fsync(fd)));
  say("mmap %s", outcome(::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0));
  say(", fchmod %s", outcome(::fchmod(fd, 0600)));
  say(", FIONREAD %s\n", outcome(::ioctl(fd, FIONREAD, &byte)));
  ::fcntl(fd, F_SETFL, O_NONBLOCK);
  say("F_SETFL: %#x\n", ::fcntl(fd, F_GETFL));
}

static siginfo_t got;
static void handle(int, siginfo_t* info, void*) {
  got = *info;
}

static void say_got(const char* what) {
  say("%s: signal %d, code %d, pid %d, value %d\n", what, got.si_signo, got.si_code, got.si_pid == ::getpid(),
      got.si_value.sival_int);
  got = {};
}

static void signals() {
  struct sigaction action = {};
  action.sa_sigaction = handle;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGUSR1, &action, nullptr);
  ::sigaction(SIGRTMIN + 1, &action, nullptr);
  const int fd = open_pidfd(::getpid());
  say("send: %s\n", outcome(send(fd, SIGUSR1)));
  say_got("to the process");
  say("send to the thread: %s\n", outcome(send(fd, SIGUSR1, nullptr, 1)));
  say_got("to the thread");
  say("send to the thread group: %s\n", outcome(send(fd, SIGUSR1, nullptr, 2)));
  say_got("to the thread group");
  const int thread = open_pidfd(::gettid(), kThread);
  say("with a thread's: %s\n", outcome(send(thread, SIGUSR1)));
  say_got("with a thread's");
  say("two flags: %s\n", outcome(send(fd, SIGUSR1, nullptr, 3)));
  say("unknown flag: %s\n", outcome(send(fd, SIGUSR1, nullptr, 8)));
  say("signal 0: %s\n", outcome(send(fd, 0)));
  say("signal 65: %s\n", outcome(send(fd, 65)));
  say("signal -1: %s\n", outcome(send(fd, -1)));
  say("self as thread: %s\n", outcome(send(-10000, SIGUSR1)));
  say_got("self as thread");
  say("self as process: %s\n", outcome(send(-10001, SIGUSR1)));
  say_got("self as process");
  say("no descriptor: %s, %s\n", outcome(send(-1, 0)), outcome(send(-10002, 0)));
  say("standard input: %s\n", outcome(send(0, 0)));
  const int directory = ::open("/proc/self", O_RDONLY | O_DIRECTORY);
  say("/proc/self: %s\n", outcome(send(directory, 0)));
  const int proc = ::open("/proc", O_RDONLY | O_DIRECTORY);
  say("/proc: %s\n", outcome(send(proc, 0)));
  const int below = ::open("/proc/self/task", O_RDONLY | O_DIRECTORY);
  say("/proc/self/task: %s\n", outcome(send(below, 0)));

  siginfo_t info = {};
  info.si_signo = SIGRTMIN + 1;
  info.si_code = SI_QUEUE;
  info.si_value.sival_int = 7;
  say("with information: %s\n", outcome(send(fd, SIGRTMIN + 1, &info)));
  say_got("with information");
  say("another signal in it: %s\n", outcome(send(fd, SIGUSR1, &info)));
  say("information nowhere: %s\n", outcome(send(fd, SIGUSR1, reinterpret_cast<siginfo_t*>(8))));
  info.si_code = SI_USER;
  say("SI_USER to oneself: %s\n", outcome(send(fd, SIGRTMIN + 1, &info)));
  say_got("SI_USER");
  info.si_code = SI_TKILL;
  say("SI_TKILL to oneself: %s\n", outcome(send(fd, SIGRTMIN + 1, &info)));
  say("SI_TKILL to one's group: %s\n", outcome(send(fd, SIGRTMIN + 1, &info, 4)));
  got = {};
  const pid_t child = in_child([] {
    for (;;) ::pause();
    return 0;
  });
  const int other = open_pidfd(child);
  say("SI_TKILL to another: %s\n", outcome(send(other, SIGRTMIN + 1, &info)));
  info.si_code = SI_KERNEL;
  say("SI_KERNEL to another: %s\n", outcome(send(other, SIGRTMIN + 1, &info)));
  say("group of a child that leads none: %s\n", outcome(send(other, 0, nullptr, 4)));
  say("kill: %s\n", outcome(send(other, SIGKILL)));
  siginfo_t end = {};
  ::waitid(P_PID, child, &end, WEXITED | WNOWAIT);
  say("a zombie: %s, no such signal %s\n", outcome(send(other, SIGKILL)), outcome(send(other, 99)));
  say_information("zombie", other, child);
  say_end("child", child);
  say("collected: %s, no such signal %s\n", outcome(send(other, SIGKILL)), outcome(send(other, 99)));
  say_information("collected", other, child);
  say("open it now: %s\n", outcome(open_pidfd(child)));
}

// A process group is there as long as it has a member.
static void group() {
  int ready[2];
  ::pipe(ready);
  const pid_t leader = in_child([&] {
    ::setpgid(0, 0);
    ::signal(SIGUSR2, SIG_IGN);
    const pid_t member = ::fork();
    if (member == 0) {
      ::close(ready[0]);
      ::write(ready[1], "x", 1);
      for (;;) ::pause();
    }
    return 0;
  });
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const int fd = open_pidfd(leader);
  char byte;
  ::read(ready[0], &byte, 1);
  ::close(ready[1]);
  say("group: %s\n", outcome(send(fd, 0, nullptr, 4)));
  say_end("leader", leader);
  say("without its leader: %s, process %s\n", outcome(send(fd, 0, nullptr, 4)), outcome(send(fd, 0)));
  say("kill: %s\n", outcome(send(fd, SIGKILL, nullptr, 4)));
  int status = 0;
  const pid_t member = ::waitpid(-1, &status, 0);
  say("%s", member > 0 ? "" : "no member\n");
  say_status("member", status);
  say("without members: %s\n", outcome(send(fd, 0, nullptr, 4)));
}

static void getting() {
  int ends[2];
  ::pipe(ends);
  const pid_t child = in_child([&] {
    const int file = ::open("/dev/null", O_RDONLY);
    ::dup2(file, 100);
    ::dup2(ends[0], 101);
    ::write(ends[1], "r", 1);
    for (;;) ::pause();
    return 0;
  });
  char byte;
  ::read(ends[0], &byte, 1);
  const int fd = open_pidfd(child);
  const int got_file = static_cast<int>(take(fd, 100));
  say("take: %s, F_GETFD %d, F_GETFL %#x\n", outcome(got_file), ::fcntl(got_file, F_GETFD), ::fcntl(got_file, F_GETFL));
  const int reader = static_cast<int>(take(fd, 101));
  ::write(ends[1], "!", 1);
  byte = 0;
  ::read(reader, &byte, 1);
  say("through it came %c\n", byte);
  say("not open: %s, -1: %s\n", outcome(take(fd, 999)), outcome(take(fd, -1)));
  say("flags: %s\n", outcome(take(fd, 0, 1)));
  say("no pidfd: %s, %s, %s\n", outcome(take(0, 0)), outcome(take(-1, 0)), outcome(take(-10001, 0)));
  const int directory = ::open("/proc/self", O_RDONLY | O_DIRECTORY);
  say("/proc/self: %s\n", outcome(take(directory, 0)));
  // Another user may not.
  const pid_t stranger = in_child([&] {
    ::setresgid(1000, 1000, 1000);
    ::setresuid(1000, 1000, 1000);
    say("of another user: %s, signal %s\n", outcome(take(fd, 0)), outcome(send(fd, 0)));
    const int own = open_pidfd(::getpid());
    say("of one's own: %s\n", outcome(take(own, 1)));
    return 0;
  });
  say_end("stranger", stranger);
  ::kill(child, SIGKILL);
  siginfo_t end = {};
  ::waitid(P_PID, child, &end, WEXITED | WNOWAIT);
  say("of a zombie: %s\n", outcome(take(fd, 0)));
  say_end("child", child);
  say("of a collected one: %s\n", outcome(take(fd, 0)));
}

static pid_t thread_id;
static int thread_ready[2], thread_end[2];
static void* thread_body(void*) {
  thread_id = ::gettid();
  ::write(thread_ready[1], "x", 1);
  char byte;
  ::read(thread_end[0], &byte, 1);
  return nullptr;
}

static void threads() {
  ::pipe(thread_ready);
  ::pipe(thread_end);
  pthread_t thread;
  ::pthread_create(&thread, nullptr, thread_body, nullptr);
  char byte;
  ::read(thread_ready[0], &byte, 1);
  say("a thread: %s\n", outcome(open_pidfd(thread_id)));
  const int fd = open_pidfd(thread_id, kThread);
  say("PIDFD_THREAD: %s, F_GETFL %#x\n", outcome(fd), ::fcntl(fd, F_GETFL));
  say("signal: %s, as the group %s\n", outcome(send(fd, 0)), outcome(send(fd, 0, nullptr, 2)));
  say("take: %s\n", outcome(take(fd, 0)));
  siginfo_t info = {};
  say("wait: %s\n", outcome(::waitid(static_cast<idtype_t>(3), static_cast<id_t>(fd), &info, WEXITED)));
  say_information("thread", fd, thread_id);
  ::write(thread_end[1], "x", 1);
  ::pthread_join(thread, nullptr);
  while (open_pidfd(thread_id, kThread) >= 0) ::usleep(20'000);
  say("ended: signal %s, take %s\n", outcome(send(fd, 0)), outcome(take(fd, 0)));
  say_information("ended", fd, thread_id);
}

static int run() {
  opening();
  what_it_is();
  signals();
  group();
  getting();
  threads();
  return 0;
}

static const Topic topic("pidfd", run);
