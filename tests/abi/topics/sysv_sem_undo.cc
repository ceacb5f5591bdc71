// SEM_UNDO: what is given back at the end of a process, of all threads that share it, and of a set.
#include <pthread.h>
#include <sched.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "../topic.h"

using namespace abi;

static int control(int id, int number, int command, long argument = 0) {
  return static_cast<int>(::syscall(SYS_semctl, id, number, command, argument));
}

static struct sembuf step(int number, int change, int flags = SEM_UNDO) {
  return {static_cast<unsigned short>(number), static_cast<short>(change), static_cast<short>(flags)};
}

static int operate(int id, std::vector<struct sembuf> operations) {
  return ::semop(id, operations.data(), operations.size());
}

static void say_values(const char* what, int id) {
  say("%s: [%d %d %d]\n", what, control(id, 0, GETVAL), control(id, 1, GETVAL), control(id, 2, GETVAL));
}

static void ends(int id) {
  unsigned short all[3] = {5, 5, 5};
  control(id, 0, SETALL, reinterpret_cast<long>(all));
  say_end("child", in_child([&] {
            say("%s", outcome(operate(id, {step(0, -2), step(1, 3), step(2, -1, 0)})));
            say(" %s\n", outcome(operate(id, {step(0, -1)})));
            say_values("while it runs", id);
            return 0;
          }));
  say_values("after its end", id);
  say_end("killed", in_child([&] {
            operate(id, {step(0, -5)});
            ::abort();
            return 0;
          }));
  say_values("after that", id);
  say_end("zero and below", in_child([&] {
            operate(id, {step(0, 3)});
            operate(id, {step(0, -8, 0)});
            say_values("before", id);
            return 0;
          }));
  say_values("not below zero", id);
  control(id, 0, SETVAL, 1);
  say_end("and above", in_child([&] {
            operate(id, {step(0, -1)});
            control(id, 1, SETVAL, 0);
            operate(id, {step(0, 32767, 0)});
            return 0;
          }));
  say_values("not above the maximum", id);
}

static void forgotten(int id) {
  unsigned short all[3] = {5, 5, 5};
  control(id, 0, SETALL, reinterpret_cast<long>(all));
  say_end("set meanwhile", in_child([&] {
            operate(id, {step(0, -1), step(1, -1)});
            control(id, 0, SETVAL, 9);
            return 0;
          }));
  say_values("one is forgotten", id);
  say_end("all set", in_child([&] {
            operate(id, {step(0, -1), step(1, -1)});
            control(id, 0, SETALL, reinterpret_cast<long>(all));
            return 0;
          }));
  say_values("both are", id);
  say_end("failed", in_child([&] {
            say("%s", outcome(operate(id, {step(0, -1), step(1, -9, SEM_UNDO | IPC_NOWAIT)})));
            say(" %s\n", outcome(operate(id, {step(0, -1), step(0, 32767, SEM_UNDO)})));
            return 0;
          }));
  say_values("nothing is owed", id);
  say_end("too much", in_child([&] {
            control(id, 0, SETVAL, 0);
            say("%s", outcome(operate(id, {step(0, 32767)})));
            operate(id, {step(0, -32767, 0)});
            say(" %s", outcome(operate(id, {step(0, 1)})));
            say(" %s\n", outcome(operate(id, {step(0, 2)})));
            return 0;
          }));
  say_values("after it", id);
}

static void* decrease(void* id) {
  operate(*static_cast<int*>(id), {step(0, -1)});
  return nullptr;
}

static void shared(int id) {
  unsigned short all[3] = {5, 5, 5};
  control(id, 0, SETALL, reinterpret_cast<long>(all));
  say_end("threads", in_child([&] {
            pthread_t thread;
            ::pthread_create(&thread, nullptr, decrease, &id);
            ::pthread_join(thread, nullptr);
            say_values("a thread has ended", id);
            return 0;
          }));
  say_values("the process has", id);
  say_end("execve", in_child([&] {
            operate(id, {step(0, -2)});
            char text[16];
            std::snprintf(text, sizeof text, "%d", id);
            const char* argv[] = {self_path(), "sysv_sem_undo", text, nullptr};
            ::execv(argv[0], const_cast<char* const*>(argv));
            return 1;
          }));
  say_values("the program has ended", id);
  say_end("fork", in_child([&] {
            operate(id, {step(0, -2)});
            say_end("its child", in_child([&] { return 0; }));
            say_values("it owes nothing", id);
            return 0;
          }));
  say_values("its parent has ended", id);
  say_end("shared with a process", in_child([&] {
            const long child = ::syscall(SYS_clone, CLONE_SYSVSEM | SIGCHLD, 0, 0, 0, 0);
            if (child == 0) {
              operate(id, {step(0, -3)});
              ::_exit(0);
            }
            ::waitpid(static_cast<pid_t>(child), nullptr, 0);
            say_values("one of the two has ended", id);
            return 0;
          }));
  say_values("both have", id);
}

static void wakes(int id) {
  control(id, 0, SETVAL, 1);
  int ready[2], go[2];
  ::pipe(ready);
  ::pipe(go);
  char byte = 0;
  const pid_t owner = in_child([&] {
    operate(id, {step(0, -1)});
    ::write(ready[1], &byte, 1);
    ::read(go[0], &byte, 1);
    return 0;
  });
  ::read(ready[0], &byte, 1);
  const pid_t next = in_child([&] {
    if (operate(id, {step(0, -1)}) != 0) return 1;
    return control(id, 0, GETPID) == ::getpid() ? 2 : 3;
  });
  await_asleep(next);
  ::write(go[1], &byte, 1);
  say_end("owner", owner);
  say_end("next", next);
  say_values("given back", id);
  say("by %s\n", control(id, 0, GETPID) == next ? "the next one" : "another");
}

static int run() {
  if (arguments[0] != nullptr) {
    say_values("in the new program", std::atoi(arguments[0]));
    return 0;
  }
  const int id = ::semget(IPC_PRIVATE, 3, 0600);
  ends(id);
  forgotten(id);
  shared(id);
  wakes(id);
  say_end("removed meanwhile", in_child([&] {
            operate(id, {step(0, 1)});
            control(id, 0, IPC_RMID);
            const int other = ::semget(IPC_PRIVATE, 3, 0600);
            say("%s\n", outcome(operate(other, {step(0, 1)})));
            control(other, 0, IPC_RMID);
            return 0;
          }));
  return 0;
}

static const Topic topic("sysv_sem_undo", run);
