// poll and select on pipes and files: readiness, hang-up, time-outs, wake-up by another process.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

#include "../topic.h"

using namespace abi;

static void say_events(const char* what, int result, short events) {
  say("%s: %d", what, result);
  const struct {
    short bit;
    const char* name;
  } names[] = {{POLLIN, "IN"}, {POLLOUT, "OUT"}, {POLLERR, "ERR"}, {POLLHUP, "HUP"}, {POLLNVAL, "NVAL"}};
  for (const auto& each : names) {
    if (events & each.bit) say(" %s", each.name);
  }
  say("\n");
}

static void look(const char* what, int fd, short wanted, int timeout = 0) {
  pollfd one{.fd = fd, .events = wanted, .revents = 0};
  const int result = ::poll(&one, 1, timeout);
  say_events(what, result, one.revents);
}

static int run() {
  int ends[2];
  ::pipe(ends);
  look("empty, read end", ends[0], POLLIN);
  look("empty, write end", ends[1], POLLOUT);
  look("empty, 20 ms", ends[0], POLLIN, 20);
  ::write(ends[1], "x", 1);
  look("with a byte", ends[0], POLLIN);
  look("the write end asks for input", ends[1], POLLIN);
  look("closed descriptor", 77, POLLIN);
  look("negative descriptor", -1, POLLIN);
  write_file("file", "x");
  look("a file is always ready", ::open("file", O_RDWR), POLLIN | POLLOUT);
  look("/dev/null", ::open("/dev/null", O_RDWR), POLLIN | POLLOUT);
  char byte = 0;
  ::read(ends[0], &byte, 1);

  const pid_t child = in_child([&] {
    ::usleep(30'000);
    ::write(ends[1], "y", 1);
    return 0;
  });
  look("woken by the child", ends[0], POLLIN, 10'000);
  say_end("child", child);
  ::read(ends[0], &byte, 1);

  fd_set readable, writable;
  FD_ZERO(&readable);
  FD_ZERO(&writable);
  FD_SET(ends[0], &readable);
  FD_SET(ends[1], &writable);
  timeval time{.tv_sec = 0, .tv_usec = 20'000};
  int result = ::select(ends[1] + 1, &readable, &writable, nullptr, &time);
  say("select: %d, readable %d, writable %d\n", result, FD_ISSET(ends[0], &readable) != 0,
      FD_ISSET(ends[1], &writable) != 0);
  FD_ZERO(&readable);
  FD_SET(ends[0], &readable);
  time = {.tv_sec = 0, .tv_usec = 20'000};
  result = ::select(ends[0] + 1, &readable, nullptr, nullptr, &time);
  say("select that times out: %d, time left %ld.%06ld\n", result, time.tv_sec, static_cast<long>(time.tv_usec));
  FD_SET(40, &readable);  // beyond 63, Linux looks or not, depending on how large its table has grown
  say("select on a closed one: %s\n", outcome(::select(41, &readable, nullptr, nullptr, &time)));

  ::signal(SIGALRM, [](int) {});
  struct sigaction action {};
  action.sa_handler = [](int) {};
  action.sa_flags = SA_RESTART;  // poll is never restarted
  ::sigaction(SIGALRM, &action, nullptr);
  ::ualarm(20'000, 100'000);  // again and again: the first may come before the call
  say("interrupted poll: %s\n", outcome(::poll(nullptr, 0, 10'000)));
  ::ualarm(0, 0);
  sigset_t blocked, none;
  ::sigemptyset(&none);
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGUSR1);
  ::sigprocmask(SIG_BLOCK, &blocked, nullptr);
  ::signal(SIGUSR1, [](int) { say("SIGUSR1 let in\n"); });
  ::raise(SIGUSR1);
  const timespec second{.tv_sec = 1, .tv_nsec = 0};
  say("ppoll with another mask: %s\n", outcome(::ppoll(nullptr, 0, &second, &none)));

  ::close(ends[1]);
  look("writer gone", ends[0], POLLIN);
  ::pipe(ends);
  ::close(ends[0]);
  look("reader gone", ends[1], POLLOUT);
  return 0;
}

static const Topic topic("poll_select", run);
