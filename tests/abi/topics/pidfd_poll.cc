// poll(2) of a pidfd: the end of a process, its collection, threads, execve(2).
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "../topic.h"

using namespace abi;

static constexpr unsigned kThread = O_EXCL;

static int open_pidfd(pid_t pid, unsigned flags = 0) {
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, flags));
}

static void ready(const char* what, int fd, int timeout = 0) {
  pollfd poll{fd, static_cast<short>(0xffff), 0};
  const int count = ::poll(&poll, 1, timeout);
  say("%s: %d, events %#x\n", what, count, static_cast<unsigned>(poll.revents));
}

static void await_zombie(pid_t child) {
  siginfo_t info = {};
  ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
}

static void ends() {
  int pipe[2];
  ::pipe(pipe);
  const pid_t child = in_child([&] {
    ::close(pipe[1]);
    char byte;
    ::read(pipe[0], &byte, 1);
    return 0;
  });
  const int fd = open_pidfd(child);
  ready("alive", fd);
  ::kill(child, SIGSTOP);
  siginfo_t info = {};
  ::waitid(P_PID, static_cast<id_t>(child), &info, WSTOPPED);
  ready("stopped", fd);
  ::kill(child, SIGCONT);
  // One sleeps until the end, one until the collection.
  const pid_t ending = in_child([&] {
    ::close(pipe[1]);
    pollfd poll{fd, POLLIN, 0};
    return ::poll(&poll, 1, -1) == 1 && (poll.revents & POLLIN) ? 0 : 1;
  });
  const pid_t collecting = in_child([&] {
    ::close(pipe[1]);
    pollfd poll{fd, 0, 0};
    return ::poll(&poll, 1, -1) == 1 && poll.revents == POLLHUP ? 0 : 1;
  });
  await_asleep(ending);
  await_asleep(collecting);
  ::write(pipe[1], "x", 1);
  await_zombie(child);
  ready("ended", fd);
  say_end("who waited for the end", ending);
  await_asleep(collecting);
  say_end("child", child);
  ready("collected", fd);
  say_end("who waited for the collection", collecting);
  ready("one's own", open_pidfd(::getpid()));
}

// Nobody waits for it: it is collected at once.
static void ignored() {
  int pipe[2];
  ::pipe(pipe);
  ::signal(SIGCHLD, SIG_IGN);
  const pid_t child = in_child([&] {
    char byte;
    ::read(pipe[0], &byte, 1);
    return 0;
  });
  const int fd = open_pidfd(child);
  ::write(pipe[1], "x", 1);
  while (::kill(child, 0) == 0) ::usleep(20'000);
  ready("of an ignored child", fd, -1);
  ::signal(SIGCHLD, SIG_DFL);
}

static int begin[2];
static void* sleep_on(void*) {
  char byte;
  ::read(begin[0], &byte, 1);
  return nullptr;
}

// The leader is gone, the process is not.
static void leader_first() {
  ::pipe(begin);
  const pid_t child = in_child([] {
    pthread_t thread;
    ::pthread_create(&thread, nullptr, sleep_on, nullptr);
    ::syscall(SYS_exit, 4);
    return 0;
  });
  const int fd = open_pidfd(child);
  const int thread = open_pidfd(child, kThread);
  // A leader that has exited is a zombie among the threads (Linux), or none of them any more.
  char name[64], text[256];
  std::snprintf(name, sizeof name, "/proc/%d/task/%d/stat", child, child);
  do {
    ::usleep(20'000);
    const int file = ::open(name, O_RDONLY);
    const ssize_t length = ::read(file, text, sizeof text - 1);
    ::close(file);
    text[length > 0 ? length : 0] = 0;
  } while (text[0] != 0 && !std::strstr(text, ") Z"));
  ready("without its leader", fd);
  ready("the leader", thread);
  say("signal: %s\n", outcome(::syscall(SYS_pidfd_send_signal, fd, 0, nullptr, 0)));
  say("signal the leader: %s\n", outcome(::syscall(SYS_pidfd_send_signal, thread, 0, nullptr, 0)));
  say("take from it: %s\n", outcome(::syscall(SYS_pidfd_getfd, fd, 1, 0)));
  ::write(begin[1], "x", 1);
  await_zombie(child);
  ready("without threads", fd);
  ready("the leader", thread);
  say_end("child", child);
  ready("collected", thread);
}

static int thread_number[2];
static void* execute(void*) {
  const pid_t id = ::gettid();
  ::write(thread_number[1], &id, sizeof id);
  char byte;
  ::read(begin[0], &byte, 1);
  // Opened by nobody else: a shell that waits for the end of its input.
  ::dup2(begin[0], 0);
  ::close(begin[1]);
  ::execl("/bin/sh", "sh", "-c", "read line; exit 9", nullptr);
  return nullptr;
}

// A thread that is not the leader executes a program, and is the leader then.
static void thread_executes() {
  ::pipe(begin);
  ::pipe(thread_number);
  const pid_t child = in_child([] {
    pthread_t thread;
    ::pthread_create(&thread, nullptr, execute, nullptr);
    ::pthread_join(thread, nullptr);
    return 0;
  });
  pid_t id = 0;
  ::read(thread_number[0], &id, sizeof id);
  const int fd = open_pidfd(child);
  const int leader = open_pidfd(child, kThread);
  const int thread = open_pidfd(id, kThread);
  ready("thread", thread);
  ::write(begin[1], "x", 1);
  ready("thread that became the leader", thread, -1);
  ready("process", fd);
  ready("leader", leader);
  ::write(begin[1], "\n", 1);
  ready("process, at its end", fd, -1);
  say_end("child", child);
}

static int run() {
  ends();
  ignored();
  leader_first();
  thread_executes();
  return 0;
}

static const Topic topic("pidfd_poll", run);
