// signalfd(2): signals as data, in order, several at a time, with all that is known of them; whose they are; poll(2) and
// epoll(7) of it.
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "../topic.h"

using namespace abi;

static sigset_t set_of(std::initializer_list<int> signals) {
  sigset_t set;
  ::sigemptyset(&set);
  for (int number : signals) ::sigaddset(&set, number);
  return set;
}

static void show(const signalfd_siginfo& info) {
  say(" [signal %u code %d errno %d own %d uid %u fd %d timer %u band %#x overrun %u status %d int %d ptr %#llx addr "
      "%#llx"
      " call %#llx %d arch %#x]",
      info.ssi_signo, info.ssi_code, info.ssi_errno, info.ssi_pid == static_cast<unsigned>(::getpid()), info.ssi_uid,
      info.ssi_fd, info.ssi_tid, info.ssi_band, info.ssi_overrun, info.ssi_status, info.ssi_int,
      static_cast<unsigned long long>(info.ssi_ptr), static_cast<unsigned long long>(info.ssi_addr),
      static_cast<unsigned long long>(info.ssi_call_addr), info.ssi_syscall, info.ssi_arch);
}

static void take(const char* what, int fd, std::size_t room = 4 * sizeof(signalfd_siginfo)) {
  signalfd_siginfo infos[4]{};
  const ssize_t count = ::read(fd, infos, room);
  say("%s: %s %d", what, outcome(count), static_cast<int>(count < 0 ? 0 : count / static_cast<ssize_t>(sizeof *infos)));
  for (ssize_t i = 0; i * static_cast<ssize_t>(sizeof *infos) < count; ++i) show(infos[i]);
  say("\n");
}

static void errors() {
  const sigset_t set = set_of({SIGUSR1});
  say("size: %s\n", outcome(::syscall(SYS_signalfd4, -1, &set, 4, 0)));
  say("flags: %s\n", outcome(::syscall(SYS_signalfd4, -1, &set, 8, 1)));
  say("nowhere: %s\n", outcome(::syscall(SYS_signalfd4, -1, 16, 8, 0)));
  say("nowhere, flags: %s\n", outcome(::syscall(SYS_signalfd4, -1, 16, 8, 1)));
  say("bad descriptor: %s\n", outcome(::syscall(SYS_signalfd4, 99, &set, 8, 0)));
  say("another kind: %s\n", outcome(::syscall(SYS_signalfd4, 0, &set, 8, 0)));
  say("-2: %s\n", outcome(::syscall(SYS_signalfd4, -2, &set, 8, 0)));
  const int fd = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  say("flags %#o %d\n", ::fcntl(fd, F_GETFL), ::fcntl(fd, F_GETFD));
  take("nothing", fd);
  take("too small", fd, sizeof(signalfd_siginfo) - 1);
  char byte = 0;
  say("write: %s\n", outcome(::write(fd, &byte, 1)));
  ::close(fd);
}

static void several() {
  const sigset_t set = set_of({SIGUSR1, SIGUSR2, SIGRTMIN, SIGRTMIN + 1, SIGHUP});
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  const sigset_t some = set_of({SIGUSR1, SIGUSR2, SIGRTMIN, SIGRTMIN + 1, SIGKILL, SIGSTOP});
  const int fd = ::signalfd(-1, &some, SFD_NONBLOCK);
  ::kill(::getpid(), SIGUSR2);
  ::kill(::getpid(), SIGUSR1);
  ::kill(::getpid(), SIGUSR1);
  ::kill(::getpid(), SIGHUP);
  for (int i = 0; i < 3; ++i) {
    sigval value{};
    value.sival_ptr = reinterpret_cast<void*>(0x123456789000LL + i);
    ::sigqueue(::getpid(), SIGRTMIN + 1 - i % 2, value);
  }
  take("one", fd, sizeof(signalfd_siginfo) + 20);
  take("four", fd);
  take("rest", fd);
  ::raise(SIGUSR1);
  take("to the thread", fd);
  say("mask changed: %d\n", ::signalfd(fd, &set, SFD_CLOEXEC) == fd);
  say("flags unchanged: %#o %d\n", ::fcntl(fd, F_GETFL), ::fcntl(fd, F_GETFD));
  take("the one that was not asked for", fd);
  ::kill(::getpid(), SIGUSR1);
  say("read to nowhere: %s\n", outcome(::read(fd, reinterpret_cast<void*>(16), sizeof(signalfd_siginfo))));
  take("lost", fd);
  ::close(fd);
}

static void contents() {
  const sigset_t set = set_of({SIGUSR1, SIGCHLD, SIGALRM, SIGSEGV, SIGBUS, SIGIO, SIGSYS, SIGRTMIN + 2});
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  const int fd = ::signalfd(-1, &set, 0);
  const pid_t child = in_child([] { return 7; });
  signalfd_siginfo info{};
  ::read(fd, &info, sizeof info);
  say("child: %d", info.ssi_pid == static_cast<unsigned>(child));
  info.ssi_utime = info.ssi_stime = 0;
  show(info);
  say("\n");
  ::waitpid(child, nullptr, 0);
  timer_t timer;
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGRTMIN + 2;
  event.sigev_value.sival_int = 77;
  ::timer_create(CLOCK_MONOTONIC, &event, &timer);
  const itimerspec soon{{0, 0}, {0, 1}};
  ::timer_settime(timer, 0, &soon, nullptr);
  take("timer", fd, sizeof info);
  ::timer_delete(timer);
  const itimerval alarm{{0, 0}, {0, 1}};
  ::setitimer(ITIMER_REAL, &alarm, nullptr);
  take("alarm", fd, sizeof info);
  // What a program sends to itself may have any code.
  const struct {
    int number, code;
  } kSent[] = {{SIGUSR1, 0},  {SIGUSR1, -1},  {SIGUSR1, -3},     {SIGUSR1, -60}, {SIGUSR1, 1}, {SIGUSR1, 6},
               {SIGUSR1, 7},  {SIGUSR1, 128}, {SIGUSR1, -5},     {SIGUSR1, -2},  {SIGSEGV, 1}, {SIGSEGV, 10},
               {SIGSEGV, 11}, {SIGBUS, 4},    {SIGBUS, 1},       {SIGBUS, 6},    {SIGIO, 1},   {SIGIO, 6},
               {SIGIO, 7},    {SIGSYS, 1},    {SIGCHLD, 1},      {SIGCHLD, 6},   {SIGCHLD, 7}, {SIGALRM, 3},
               {SIGSEGV, -5}, {SIGSEGV, 128}, {SIGRTMIN + 2, 2}, {SIGSYS, 3}};
  for (const auto& sent : kSent) {
    unsigned char raw[128];
    for (unsigned i = 0; i < sizeof raw; ++i) raw[i] = static_cast<unsigned char>(i < 48 ? i : 0);
    std::memcpy(raw, &sent.number, 4);
    std::memset(raw + 4, 0, 4);
    std::memcpy(raw + 8, &sent.code, 4);
    const int pid = ::getpid(), uid = 5;
    std::memcpy(raw + 16, &pid, 4);
    std::memcpy(raw + 20, &uid, 4);
    const long result = ::syscall(SYS_rt_sigqueueinfo, pid, sent.number, raw);
    say("%d %d: %s\n", sent.number, sent.code, outcome(result));
    if (result != 0) continue;
    signalfd_siginfo got{};
    if (::read(fd, &got, sizeof got) != sizeof got) continue;
    // The first words of the union are the process id where they are anything else.
    if (got.ssi_addr != 0)
      got.ssi_addr = got.ssi_addr == (static_cast<std::uint64_t>(uid) << 32 | static_cast<unsigned>(pid));
    if (got.ssi_call_addr != 0) got.ssi_call_addr = 1;
    if (got.ssi_band == static_cast<unsigned>(pid)) got.ssi_band = 1;
    if (got.ssi_tid == static_cast<unsigned>(pid)) got.ssi_tid = 1;
    show(got);
    say(" lsb %u\n", unsigned{got.ssi_addr_lsb});
  }
  ::close(fd);
}

static bool readable(int fd) {
  pollfd poll{fd, POLLIN | POLLOUT | POLLRDNORM, 0};
  return ::poll(&poll, 1, 0) == 1 && poll.revents == POLLIN;
}

static void waiting() {
  const sigset_t set = set_of({SIGUSR1});
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  const int fd = ::signalfd(-1, &set, 0);
  say("nothing: %d\n", readable(fd));
  const pid_t reader = in_child([&] {
    signalfd_siginfo info{};
    return ::read(fd, &info, sizeof info) == sizeof info && info.ssi_signo == SIGUSR1 ? 0 : 1;
  });
  await_asleep(reader);
  say("not ours: %d\n", readable(fd));
  ::kill(reader, SIGUSR1);
  say_end("reader", reader);
  const pid_t poller = in_child([&] {
    pollfd poll{fd, POLLIN, 0};
    return ::poll(&poll, 1, -1) == 1 && poll.revents == POLLIN ? 0 : 1;
  });
  await_asleep(poller);
  ::kill(poller, SIGUSR1);
  say_end("poller", poller);
  ::signal(SIGUSR2, [](int) {});
  const pid_t interrupted = in_child([&] {
    struct sigaction action {};
    action.sa_handler = [](int) {};
    ::sigaction(SIGUSR2, &action, nullptr);
    const sigset_t other = set_of({SIGUSR2});
    ::sigprocmask(SIG_UNBLOCK, &other, nullptr);
    signalfd_siginfo info{};
    return ::read(fd, &info, sizeof info) == -1 && errno == EINTR ? 0 : 1;
  });
  await_asleep(interrupted);
  ::kill(interrupted, SIGUSR2);
  say_end("interrupted", interrupted);
  const int epoll = ::epoll_create1(0);
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  say("epoll, nothing: %d\n", ::epoll_wait(epoll, &event, 1, 0));
  ::kill(::getpid(), SIGUSR1);
  say("epoll: %d\n", ::epoll_wait(epoll, &event, 1, 1000));
  say("no edge: %d\n", ::epoll_wait(epoll, &event, 1, 0));
  // In a child the descriptor is about the child's signals, which the epoll does not wait for.
  const pid_t heir = in_child([&] {
    if (readable(fd)) return 1;
    ::kill(::getpid(), SIGUSR1);
    if (!readable(fd)) return 2;
    return ::epoll_wait(epoll, &event, 1, 0) == 0 ? 0 : 3;
  });
  say_end("heir", heir);
  take("ours", fd, sizeof(signalfd_siginfo));
  // A mask that is changed while somebody waits.
  const pid_t late = in_child([&] {
    const sigset_t other = set_of({SIGUSR1, SIGHUP});
    ::sigprocmask(SIG_BLOCK, &other, nullptr);
    ::kill(::getpid(), SIGHUP);
    signalfd_siginfo info{};
    return ::read(fd, &info, sizeof info) == sizeof info ? static_cast<int>(info.ssi_signo) : 0;
  });
  await_asleep(late);
  const sigset_t more = set_of({SIGUSR1, SIGHUP});
  ::signalfd(fd, &more, 0);
  ::kill(late, SIGUSR1);
  say_end("late", late);
  ::close(fd);
  ::close(epoll);
}

static void* read_one(void* argument) {
  signalfd_siginfo info{};
  const ssize_t count = ::read(*static_cast<int*>(argument), &info, sizeof info);
  say("thread: %s %u\n", outcome(count), info.ssi_signo);
  return nullptr;
}

static void threads() {
  const sigset_t set = set_of({SIGUSR1, SIGUSR2});
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  int fd = ::signalfd(-1, &set, 0);
  // One that was sent to this thread is not the other's.
  ::raise(SIGUSR2);
  pthread_t thread;
  ::pthread_create(&thread, nullptr, read_one, &fd);
  ::usleep(20'000);
  ::kill(::getpid(), SIGUSR1);
  // Whoever comes first may take what is the process's: let the thread.
  ::pthread_join(thread, nullptr);
  take("own", fd, sizeof(signalfd_siginfo));
  char name[64];
  std::snprintf(name, sizeof name, "/proc/self/fdinfo/%d", fd);
  FILE* file = ::fopen(name, "r");
  char line[256];
  while (::fgets(line, sizeof line, file)) {
    if (std::strncmp(line, "sigmask", 7) == 0) say("%s", line);
  }
  ::fclose(file);
  ::close(fd);
}

static const Topic topic("signalfd", [] {
  errors();
  several();
  contents();
  waiting();
  threads();
  return 0;
});
