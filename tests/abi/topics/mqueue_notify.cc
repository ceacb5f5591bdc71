// mq_notify(3): who is told, when, and what ends it.
#include <fcntl.h>
#include <linux/netlink.h>
#include <mqueue.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

#include "../topic.h"

using namespace abi;

static sigset_t usr1() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGUSR1);
  return set;
}

static long ask(mqd_t queue, int notify, int signal = 0, int value = 0) {
  struct sigevent event {};
  event.sigev_notify = notify;
  event.sigev_signo = signal;
  event.sigev_value.sival_int = value;
  return ::syscall(SYS_mq_notify, queue, &event);
}

static long end(mqd_t queue) {
  return ::syscall(SYS_mq_notify, queue, nullptr);
}

static void say_signal(const char* what) {
  const sigset_t set = usr1();
  siginfo_t info;
  std::memset(&info, 0, sizeof info);
  const struct timespec none { 0, 0 };
  const int signal = ::sigtimedwait(&set, &info, &none);
  if (signal < 0) {
    say("%s: none\n", what);
  } else {
    say("%s: SIG%s code %d value %d from %s uid %d\n", what, ::sigabbrev_np(signal), info.si_code,
        info.si_value.sival_int, info.si_pid == ::getpid() ? "self" : "another", info.si_uid);
  }
}

// SIGEV_THREAD, as a C library has it: the kernel writes the cookie into a netlink socket, with what happened in its last byte.
static int through_socket(mqd_t queue) {
  const int socket = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0), other = ::socket(AF_UNIX, SOCK_STREAM, 0);
  char cookie[32] = "biscuit";
  struct sigevent event {};
  event.sigev_notify = SIGEV_THREAD;
  event.sigev_value.sival_ptr = cookie;
  event.sigev_signo = other;
  say("other family %s", outcome(::syscall(SYS_mq_notify, queue, &event)));
  event.sigev_signo = socket;
  say(", no queue %s", outcome(::syscall(SYS_mq_notify, 0, &event)));
  say(", asked %s", outcome(::syscall(SYS_mq_notify, queue, &event)));
  say(", again %s\n", outcome(::syscall(SYS_mq_notify, queue, &event)));
  char text[40] = "", message[20];
  say("before %s", outcome(::recv(socket, text, sizeof text, MSG_DONTWAIT)));
  ::mq_send(queue, "x", 1, 0);
  const ssize_t got = ::recv(socket, text, sizeof text, MSG_DONTWAIT);
  say(", told %zd %s %d", got, text, text[31]);
  ::mq_receive(queue, message, sizeof message, nullptr);
  ::syscall(SYS_mq_notify, queue, &event);
  say(", ended %s", outcome(::syscall(SYS_mq_notify, queue, nullptr)));
  const ssize_t ended = ::recv(socket, text, sizeof text, MSG_DONTWAIT);
  say(", told %zd %s %d\n", ended, text, text[31]);
  ::close(socket), ::close(other);
  // And what the library makes of it.
  static sem_t done;
  ::sem_init(&done, 0, 0);
  struct sigevent thread {};
  thread.sigev_notify = SIGEV_THREAD;
  thread.sigev_notify_function = [](union sigval value) {
    say("a thread is told: %d\n", value.sival_int);
    ::sem_post(&done);
  };
  thread.sigev_value.sival_int = 17;
  say("library %s\n", outcome(::mq_notify(queue, &thread)));
  ::mq_send(queue, "x", 1, 0);
  ::sem_wait(&done);
  ::mq_receive(queue, message, sizeof message, nullptr);
  return 0;
}

static std::string first_line(mqd_t queue) {
  char text[200] = "";
  ::pread(queue, text, sizeof text - 1, 0);
  char* pid = std::strstr(text, "NOTIFY_PID:");
  if (pid == nullptr) return text;
  const int number = std::atoi(pid + 11);
  *pid = '\0';
  return std::string(text) + (number == 0 ? "nobody" : number == ::getpid() ? "self" : "another");
}

static int run() {
  const sigset_t set = usr1();
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  struct mq_attr attributes {};
  attributes.mq_maxmsg = 5;
  attributes.mq_msgsize = 20;
  const mqd_t queue = ::mq_open("/n", O_RDWR | O_CREAT, 0600, &attributes);
  char buffer[20];
  say("wrong: how %s, signal %s", outcome(ask(queue, 7)), outcome(ask(queue, SIGEV_SIGNAL, 65)));
  say(", no queue %s %s, nowhere %s\n", outcome(ask(0, SIGEV_NONE)), outcome(end(0)),
      outcome(::syscall(SYS_mq_notify, queue, 1)));
  say("thread: nowhere %s", outcome(ask(queue, SIGEV_THREAD, queue)));
  struct sigevent event {};
  event.sigev_notify = SIGEV_THREAD;
  char cookie[32] = "";
  event.sigev_value.sival_ptr = cookie;
  event.sigev_signo = -1;
  say(", no descriptor %s", outcome(::syscall(SYS_mq_notify, queue, &event)));
  event.sigev_signo = queue;
  say(", no socket %s\n", outcome(::syscall(SYS_mq_notify, queue, &event)));
  say_end("threads", in_child([queue] { return through_socket(queue); }));

  say("asked: %s", outcome(ask(queue, SIGEV_SIGNAL, SIGUSR1, 42)));
  say(", again %s\n", outcome(ask(queue, SIGEV_NONE)));
  say("%s\n", first_line(queue).c_str());
  ::mq_send(queue, "x", 1, 0);
  say_signal("told");
  say("%s\n", first_line(queue).c_str());
  ::mq_send(queue, "x", 1, 0);
  say_signal("once");
  ask(queue, SIGEV_SIGNAL, SIGUSR1, 43);
  ::mq_send(queue, "x", 1, 0);
  say_signal("not empty before");
  for (int i = 0; i < 3; ++i) ::mq_receive(queue, buffer, sizeof buffer, nullptr);
  ::mq_send(queue, "x", 1, 0);
  say_signal("empty before");
  ::mq_receive(queue, buffer, sizeof buffer, nullptr);

  ask(queue, SIGEV_SIGNAL, SIGUSR1, 44);
  const pid_t receiver = in_child([&] { return ::mq_receive(queue, buffer, sizeof buffer, nullptr) == 1 ? 0 : 1; });
  await_asleep(receiver);
  ::mq_send(queue, "x", 1, 0);
  say_end("a receiver waited", receiver);
  say_signal("not told");
  ::waitpid(in_child([&] {
              say("another: busy %s, ending %s\n", outcome(ask(queue, SIGEV_NONE)), outcome(end(queue)));
              ::mq_close(queue);
              return 0;
            }),
            nullptr, 0);
  say("%s\n", first_line(queue).c_str());
  say_end("sender", in_child([&] {
            ::setuid(1000);
            ::mq_send(queue, "x", 1, 0);
            return 0;
          }));
  say_signal("told by another");
  ::mq_receive(queue, buffer, sizeof buffer, nullptr);

  say("ended: %s %s", outcome(ask(queue, SIGEV_SIGNAL, SIGUSR1)), outcome(end(queue)));
  say(" %s\n", outcome(end(queue)));
  ::mq_send(queue, "x", 1, 0);
  say_signal("ended");
  ::mq_receive(queue, buffer, sizeof buffer, nullptr);
  say("none: %s\n", outcome(ask(queue, SIGEV_NONE)));
  say("%s\n", first_line(queue).c_str());
  ::mq_send(queue, "x", 1, 0);
  say("%s\n", first_line(queue).c_str());
  ::mq_receive(queue, buffer, sizeof buffer, nullptr);
  say("signal 0: %s\n", outcome(ask(queue, SIGEV_SIGNAL, 0)));
  ::mq_send(queue, "x", 1, 0);
  say("%s\n", first_line(queue).c_str());
  ::mq_receive(queue, buffer, sizeof buffer, nullptr);

  // Any descriptor of the queue that its owner closes, and its end.
  const mqd_t second = ::mq_open("/n", O_RDONLY);
  ask(queue, SIGEV_SIGNAL, SIGUSR1);
  ::mq_close(second);
  say("closed another: %s\n", first_line(queue).c_str());
  ask(queue, SIGEV_SIGNAL, SIGUSR1);
  ::close(::dup(queue));
  say("closed a copy: %s\n", first_line(queue).c_str());
  say_end("owner", in_child([&] { return ask(queue, SIGEV_SIGNAL, SIGUSR1) == 0 ? 0 : 1; }));
  say("owner ended: %s\n", first_line(queue).c_str());
  ::mq_close(queue);
  ::mq_unlink("/n");
  return 0;
}

static const Topic topic("mqueue_notify", run);
