// msgget(2), msgsnd(2), msgrcv(2), msgctl(2): types, sizes, who waits and in which order they go on, and what ends a wait.
#include <signal.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <set>
#include <string>

#include "../answers.h"
#include "../topic.h"

using namespace abi;

struct Message {
  long type;
  char text[20000];
};

static int send(int id, long type, const std::string& text, int flags = IPC_NOWAIT) {
  static Message message;
  message.type = type;
  std::memcpy(message.text, text.data(), text.size());
  return ::msgsnd(id, &message, text.size(), flags);
}

static std::string receive(int id, long type, int flags = IPC_NOWAIT, std::size_t size = sizeof(Message::text)) {
  static Message message;
  const ssize_t length = ::msgrcv(id, &message, size, type, flags);
  if (length < 0) return outcome(length);
  return std::to_string(message.type) + "=" + std::string(message.text, static_cast<std::size_t>(length)).substr(0, 12);
}

static void say_state(const char* what, int id) {
  struct msqid_ds ds {};
  const int result = ::msgctl(id, IPC_STAT, &ds);
  if (result < 0) {
    say("%s: %s\n", what, outcome(result));
    return;
  }
  const auto who = [](pid_t pid) { return pid == 0 ? "nobody" : pid == ::getpid() ? "self" : "another"; };
  say("%s: %lu bytes in %lu of %lu, mode %o, sent %s by %s, received %s by %s, changed %s\n", what, ds.__msg_cbytes,
      ds.msg_qnum, ds.msg_qbytes, ds.msg_perm.mode, ds.msg_stime == 0 ? "never" : "once", who(ds.msg_lspid),
      ds.msg_rtime == 0 ? "never" : "once", who(ds.msg_lrpid), ds.msg_ctime == 0 ? "never" : "once");
}

static void types() {
  const int id = ::msgget(IPC_PRIVATE, 0600);
  say_state("new", id);
  say("types: 0 %s, -1 %s, 1 %s, largest %s\n", outcome(send(id, 0, "x")), outcome(send(id, -1, "x")),
      outcome(send(id, 1, "one")), outcome(send(id, LONG_MAX, "largest")));
  send(id, 3, "three");
  send(id, 2, "two");
  send(id, 3, "three again");
  send(id, 5, "");
  say_state("six", id);
  say("copies: %s, %s, %s", receive(id, 0, IPC_NOWAIT | MSG_COPY).c_str(),
      receive(id, 3, IPC_NOWAIT | MSG_COPY).c_str(), receive(id, 6, IPC_NOWAIT | MSG_COPY).c_str());
  say(", waiting %s, except %s", receive(id, 0, MSG_COPY).c_str(),
      receive(id, 0, IPC_NOWAIT | MSG_COPY | MSG_EXCEPT).c_str());
  say(", cut %s %s\n", receive(id, 0, IPC_NOWAIT | MSG_COPY | MSG_NOERROR, 2).c_str(),
      receive(id, 0, IPC_NOWAIT | MSG_COPY, 2).c_str());
  say("received: of type 3 %s", receive(id, 3).c_str());
  say(", up to 4 %s", receive(id, -4).c_str());
  say(", up to 4 %s", receive(id, -4).c_str());
  say(", not of type 5 %s", receive(id, 5, IPC_NOWAIT | MSG_EXCEPT).c_str());
  say(", lowest %s", receive(id, LONG_MIN).c_str());
  say(", any %s", receive(id, 0).c_str());
  say(", none %s", receive(id, 0).c_str());
  say(", of type 1 %s\n", receive(id, 1).c_str());
  say_state("empty", id);
  send(id, 1, "0123456789");
  say("too small: %s", receive(id, 0, IPC_NOWAIT, 5).c_str());
  say(", cut: %s, and gone: %s\n", receive(id, 0, IPC_NOWAIT | MSG_NOERROR, 5).c_str(), receive(id, 0).c_str());
  send(id, 1, "lost");
  say("nowhere: %s", outcome(::msgrcv(id, nullptr, 10, 0, IPC_NOWAIT)));
  say(", then %s", receive(id, 0).c_str());
  say(", sent from nowhere %s", outcome(::msgsnd(id, nullptr, 1, 0)));
  say(", size %s %s\n", outcome(::msgrcv(id, nullptr, static_cast<std::size_t>(-1), 0, IPC_NOWAIT)),
      outcome(::msgsnd(id, &id, static_cast<std::size_t>(-1), 0)));
  ::msgctl(id, IPC_RMID, nullptr);
}

static void limits() {
  const int id = ::msgget(0x4711, IPC_CREAT | 0644);
  say("by key: %s %s %s\n", ::msgget(0x4711, 0) == id ? "same" : "other",
      outcome(::msgget(0x4711, IPC_CREAT | IPC_EXCL)), outcome(::msgget(0x4712, 0)));
  say("largest: %s, larger %s\n", outcome(send(id, 1, std::string(8192, 'a'))),
      outcome(send(id, 1, std::string(8193, 'a'))));
  say("full: %s %s %s\n", outcome(send(id, 1, std::string(8192, 'a'))), outcome(send(id, 1, "a")),
      outcome(send(id, 1, "")));
  say_state("full", id);
  struct msginfo info {};
  say("limits: %s", outcome(::msgctl(0, IPC_INFO, reinterpret_cast<struct msqid_ds*>(&info))));
  say(" pool %d map %d max %d mnb %d mni %d ssz %d tql %d seg %d\n", info.msgpool, info.msgmap, info.msgmax,
      info.msgmnb, info.msgmni, info.msgssz, info.msgtql, info.msgseg);
  const int highest = ::msgctl(0, MSG_INFO, reinterpret_cast<struct msqid_ds*>(&info));
  say("usage: %d %d %d\n", info.msgpool, info.msgmap, info.msgtql);
  struct msqid_ds ds {};
  say("by place: %s %s\n", ::msgctl(highest, MSG_STAT, &ds) == id ? "same" : "other",
      ::msgctl(highest, MSG_STAT_ANY, &ds) == id ? "same" : "other");
  ds.msg_qbytes = 100;
  say("fewer bytes: %s", outcome(::msgctl(id, IPC_SET, &ds)));
  say(", send %s, receive %s\n", outcome(send(id, 1, "")), receive(id, 0).c_str());
  receive(id, 0), receive(id, 0);
  int count = 0;
  while (send(id, 1, "") == 0) ++count;
  say("empty ones: %d %s\n", count, outcome(-1));
  ds.msg_qbytes = 16384;
  say("more bytes: %s", outcome(::msgctl(id, IPC_SET, &ds)));
  say_end("", in_child([&] {
            ::setuid(1000);
            ds.msg_qbytes = 1 << 10;
            say(" not the owner %s", outcome(::msgctl(id, IPC_SET, &ds)));
            const int own = ::msgget(IPC_PRIVATE, 0600);
            ::msgctl(own, IPC_STAT, &ds);
            ds.msg_qbytes = 16384;
            say(", own %s", outcome(::msgctl(own, IPC_SET, &ds)));
            ds.msg_qbytes = 16385;
            say(", larger %s", outcome(::msgctl(own, IPC_SET, &ds)));
            ::msgctl(own, IPC_RMID, nullptr);
            return 0;
          }));
  ::msgctl(id, IPC_RMID, nullptr);
  say("gone: %s %s %s\n", outcome(send(id, 1, "a")), receive(id, 0).c_str(), outcome(::msgctl(id, IPC_RMID, nullptr)));
}

static pid_t receiver(int id, int number, long type, int flags = 0, std::size_t size = 100) {
  return waiter(number, [=] { return receive(id, type, flags, size); });
}

static pid_t sender(int id, int number, std::size_t size) {
  return waiter(number, [=] { return std::string(outcome(send(id, number, std::string(size, 's'), 0))); });
}

static void waiting() {
  ::pipe(answers);
  int id = ::msgget(IPC_PRIVATE, 0600);
  receiver(id, 1, 7);
  receiver(id, 2, 0);
  receiver(id, 3, 0);
  say("receivers:");
  send(id, 1, "first");
  say_answers(1);
  send(id, 2, "second");
  say_answers(1);
  send(id, 3, "kept");
  send(id, 7, "seventh");
  say_answers(1);
  say_state("kept", id);
  say("kept: %s\n", receive(id, 0).c_str());
  receiver(id, 1, 0, 0, 3);
  receiver(id, 2, 0, MSG_NOERROR, 3);
  say("too large for the first:");
  send(id, 1, "large");
  say_answers(2);
  receiver(id, 1, 2, MSG_EXCEPT);
  receiver(id, 2, -2);
  send(id, 3, "not 2");
  say("except:");
  say_answers(1);
  send(id, 2, "up to 2");
  say_answers(1);

  struct msqid_ds ds {};
  ::msgctl(id, IPC_STAT, &ds);
  ds.msg_qbytes = 100;
  ::msgctl(id, IPC_SET, &ds);
  send(id, 1, std::string(90, 'f'));
  sender(id, 1, 50);
  sender(id, 2, 20);
  say("senders: received %s, then", receive(id, 1).c_str());
  say_answers(2);
  say_state("two", id);
  sender(id, 3, 60);
  sender(id, 4, 40);
  say("received %s, then", receive(id, 2).c_str());
  say_answers(1);
  say("received %s, then", receive(id, 0).c_str());
  say_answers(1);
  say("left: %s %s\n", receive(id, 0).c_str(), receive(id, 0).c_str());
  send(id, 1, std::string(90, 'f'));
  sender(id, 5, 50);
  ds.msg_qbytes = 200;
  ::msgctl(id, IPC_SET, &ds);
  say("more room:");
  say_answers(1);
  receive(id, 0), receive(id, 0);
  receiver(id, 1, 0);
  say("removed:");
  ::msgctl(id, IPC_RMID, nullptr);
  say_answers(1);
  id = ::msgget(IPC_PRIVATE, 0600);
  send(id, 1, std::string(8192, 'a')), send(id, 1, std::string(8192, 'a'));
  sender(id, 1, 10);
  ::msgctl(id, IPC_RMID, nullptr);
  say("removed:");
  say_answers(1);
}

static void signals() {
  const int id = ::msgget(IPC_PRIVATE, 0600);
  for (const bool restart : {false, true}) {
    struct sigaction action {};
    action.sa_handler = [](int) {};
    action.sa_flags = restart ? SA_RESTART : 0;
    ::sigaction(SIGUSR1, &action, nullptr);
    const pid_t child = in_child([&] {
      say("a handler: %s\n", receive(id, 0, 0).c_str());
      return 0;
    });
    await_asleep(child);
    ::kill(child, SIGUSR1);
    ::waitpid(child, nullptr, 0);
  }
  const pid_t child = in_child([&] {
    say("stopped and continued: %s\n", receive(id, 0, 0).c_str());
    return 0;
  });
  await_asleep(child);
  ::kill(child, SIGSTOP);
  ::waitpid(child, nullptr, WUNTRACED);
  ::kill(child, SIGCONT);
  await_asleep(child);
  send(id, 1, "late");
  say_end("it", child);
  ::msgctl(id, IPC_RMID, nullptr);
}

static int run() {
  types();
  limits();
  waiting();
  signals();
  return 0;
}

static const Topic topic("sysv_msg", run);
