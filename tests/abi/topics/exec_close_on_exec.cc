// Which descriptors and which signal settings survive execve.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>

#include "../topic.h"

using namespace abi;

static const char* disposition(int number) {
  struct sigaction action {};
  ::sigaction(number, nullptr, &action);
  if (action.sa_handler == SIG_IGN) return "ignored";
  return action.sa_handler == SIG_DFL ? "default" : "handled";
}

static int run() {
  if (arguments[0] != nullptr) {
    for (int fd = 10; fd < 15; ++fd) say("descriptor %d: %s\n", fd, outcome(::fcntl(fd, F_GETFD)));
    char text[6] = {};
    say("shared offset: %zd", ::read(10, text, 5));
    say(" [%s]\n", text);
    say("SIGUSR1 %s, SIGUSR2 %s, SIGHUP %s\n", disposition(SIGUSR1), disposition(SIGUSR2), disposition(SIGHUP));
    sigset_t mask;
    ::sigprocmask(SIG_SETMASK, nullptr, &mask);
    say("SIGTERM %s, SIGINT %s\n", ::sigismember(&mask, SIGTERM) ? "blocked" : "open",
        ::sigismember(&mask, SIGINT) ? "blocked" : "open");
    sigset_t pending;
    ::sigpending(&pending);
    say("SIGTERM %s\n", ::sigismember(&pending, SIGTERM) ? "still pending" : "not pending");
    return 0;
  }
  write_file("file", "0123456789abcdef");
  const int fd = ::open("file", O_RDONLY | O_CLOEXEC);
  ::dup2(fd, 10);
  ::dup3(fd, 11, O_CLOEXEC);
  ::fcntl(fd, F_DUPFD_CLOEXEC, 12);
  ::dup2(fd, 13);
  ::fcntl(13, F_SETFD, FD_CLOEXEC);
  ::dup2(fd, 14);
  ::fcntl(14, F_SETFD, FD_CLOEXEC);
  ::fcntl(14, F_SETFD, 0);
  ::lseek(fd, 10, SEEK_SET);
  ::signal(SIGUSR1, SIG_IGN);
  ::signal(SIGUSR2, [](int) {});
  sigset_t mask;
  ::sigemptyset(&mask);
  ::sigaddset(&mask, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &mask, nullptr);
  ::raise(SIGTERM);
  ::execl(self_path(), "abi_topics", "exec_close_on_exec", "again", nullptr);
  say("execl: %s\n", outcome(-1));
  return 1;
}

static const Topic topic("exec_close_on_exec", run);
