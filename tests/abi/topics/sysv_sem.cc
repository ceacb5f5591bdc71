// semget(2), semop(2), semctl(2): sets and limits, several operations at once, who waits and in which order they go on,
// and what ends a wait.
#include <signal.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <set>
#include <string>
#include <vector>

#include "../topic.h"

using namespace abi;

static int control(int id, int number, int command, long argument = 0) {
  return static_cast<int>(::syscall(SYS_semctl, id, number, command, argument));
}

static int operate(int id, std::vector<struct sembuf> operations) {
  return ::semop(id, operations.data(), operations.size());
}

static struct sembuf step(int number, int change, int flags = 0) {
  return {static_cast<unsigned short>(number), static_cast<short>(change), static_cast<short>(flags)};
}

static void say_values(int id, int count) {
  say("[");
  for (int i = 0; i < count; ++i) say(i == 0 ? "%d" : " %d", control(id, i, GETVAL));
  say("]");
}

static void sets() {
  say("sets: none %s", outcome(::semget(IPC_PRIVATE, 0, 0600)));
  say(", negative %s", outcome(::semget(IPC_PRIVATE, -1, 0600)));
  say(", too many %s", outcome(::semget(IPC_PRIVATE, 32001, 0600)));
  const int large = ::semget(IPC_PRIVATE, 32000, 0600);
  say(", most %s", outcome(large));
  say(", its last %d", control(large, 31999, GETVAL));
  say(", removed %s\n", outcome(control(large, 0, IPC_RMID)));
  const int id = ::semget(0x5e, 3, IPC_CREAT | 0666);
  say("by key: %s %s %s", ::semget(0x5e, 0, 0) == id ? "same" : "other", ::semget(0x5e, 3, 0) == id ? "same" : "other",
      outcome(::semget(0x5e, 4, 0)));
  say(" %s\n", outcome(::semget(0x5e, 1, IPC_CREAT | IPC_EXCL)));
  struct semid_ds ds;
  std::memset(&ds, 0xff, sizeof ds);
  say("state: %s", outcome(control(id, 0, IPC_STAT, reinterpret_cast<long>(&ds))));
  say(" key %#x mode %o nsems %lu otime %s ctime %s\n", ds.sem_perm.__key, ds.sem_perm.mode, ds.sem_nsems,
      ds.sem_otime == 0 ? "never" : "set", ds.sem_ctime == 0 ? "never" : "set");
  operate(id, {step(0, 0)});
  control(id, 0, IPC_STAT, reinterpret_cast<long>(&ds));
  say("operated: %s\n", ds.sem_otime == 0 ? "never" : "set");
  struct seminfo limits {};
  say("limits: %d", control(0, 0, IPC_INFO, reinterpret_cast<long>(&limits)) - id % 32768);
  say(" map %d mni %d mns %d mnu %d msl %d opm %d ume %d usz %d vmx %d aem %d\n", limits.semmap, limits.semmni,
      limits.semmns, limits.semmnu, limits.semmsl, limits.semopm, limits.semume, limits.semusz, limits.semvmx,
      limits.semaem);
  say("usage: %d", control(0, 0, SEM_INFO, reinterpret_cast<long>(&limits)) - id % 32768);
  say(" %d %d\n", limits.semusz, limits.semaem);
  say("by place: %s %s %s\n", control(id % 32768, 0, SEM_STAT, reinterpret_cast<long>(&ds)) == id ? "same" : "other",
      control(id % 32768, 0, SEM_STAT_ANY, reinterpret_cast<long>(&ds)) == id ? "same" : "other",
      outcome(control(4711, 0, SEM_STAT, reinterpret_cast<long>(&ds))));
  ds.sem_perm.uid = 5;
  ds.sem_perm.mode = 0444;
  say("set: %s", outcome(control(id, 0, IPC_SET, reinterpret_cast<long>(&ds))));
  control(id, 0, IPC_STAT, reinterpret_cast<long>(&ds));
  say(" %o %d\n", ds.sem_perm.mode, ds.sem_perm.uid);
  control(id, 0, IPC_RMID);
  say("removed: %s\n", outcome(control(id, 0, GETVAL)));
}

static void values() {
  const int id = ::semget(IPC_PRIVATE, 4, 0600);
  say("values: "), say_values(id, 4);
  say(" set %s", outcome(control(id, 1, SETVAL, 7)));
  say(", largest %s", outcome(control(id, 2, SETVAL, 32767)));
  say(", too large %s", outcome(control(id, 2, SETVAL, 32768)));
  say(", negative %s", outcome(control(id, 2, SETVAL, -1)));
  say(", outside %s", outcome(control(id, 4, SETVAL, 1)));
  say(", before %s", outcome(control(id, -1, GETVAL)));
  say(", command %s ", outcome(control(id, 0, 77)));
  say_values(id, 4);
  unsigned short all[4] = {1, 2, 3, 40000};
  say("\nall: %s", outcome(control(id, 0, SETALL, reinterpret_cast<long>(all))));
  all[3] = 4;
  say(" %s ", outcome(control(id, 99, SETALL, reinterpret_cast<long>(all))));
  say_values(id, 4);
  std::memset(all, 0, sizeof all);
  say(" %s %d %d %d %d", outcome(control(id, 99, GETALL, reinterpret_cast<long>(all))), all[0], all[1], all[2], all[3]);
  say(", nowhere %s %s\n", outcome(control(id, 0, GETALL)), outcome(control(id, 0, SETALL)));
  say("last: %s %s\n", control(id, 0, GETPID) == ::getpid() ? "self" : "another",
      control(id, 3, GETPID) == ::getpid() ? "self" : "another");
  control(id, 0, IPC_RMID);
}

static void several_at_once() {
  const int id = ::semget(IPC_PRIVATE, 3, 0600);
  say("all: %s ", outcome(operate(id, {step(0, 2), step(1, 1), step(2, 0)}))), say_values(id, 3);
  say(", the third fails: %s ", outcome(operate(id, {step(0, -1), step(1, 5), step(2, -1, IPC_NOWAIT)})));
  say_values(id, 3);
  say(", the same twice: %s ", outcome(operate(id, {step(0, -2), step(0, 0), step(0, 3)}))), say_values(id, 3);
  say(", too much: %s ", outcome(operate(id, {step(1, -1), step(0, 32767)}))), say_values(id, 3);
  say(", down and up: %s ", outcome(operate(id, {step(1, -2, IPC_NOWAIT), step(1, 2)}))), say_values(id, 3);
  say("\nwrong: none %s", outcome(::semop(id, nullptr, 0)));
  say(", nowhere %s", outcome(::semop(id, nullptr, 1)));
  say(", no such semaphore %s", outcome(operate(id, {step(3, 1)})));
  say(", many %s", outcome(operate(id, std::vector<struct sembuf>(500, step(0, 1)))));
  say(", too many %s", outcome(operate(id, std::vector<struct sembuf>(501, step(0, 1)))));
  say(", id %s", outcome(operate(-1, {step(0, 1)})));
  say(" %s\n", outcome(operate(4711, {step(0, 1)})));
  say_values(id, 3);
  struct timespec time {
    0, 20'000'000
  };
  struct sembuf wait = step(2, -1);
  say(" in time: %s", outcome(::semtimedop(id, &wait, 1, &time)));
  time = {0, 1'000'000'000};
  say(", wrong time %s", outcome(::semtimedop(id, &wait, 1, &time)));
  time = {-1, 0};
  say(" %s", outcome(::semtimedop(id, &wait, 1, &time)));
  time = {0, 0};
  say(", no time %s", outcome(::semtimedop(id, &wait, 1, &time)));
  time = {LONG_MAX, 0};
  wait = step(2, 1);
  say(", much time %s\n", outcome(::semtimedop(id, &wait, 1, &time)));
  control(id, 0, IPC_RMID);
}

// A process that performs the operations; its number is written when it is done.
static pid_t waiter(int id, std::vector<struct sembuf> operations, int number, int pipe) {
  const pid_t child = in_child([&] {
    const int result = operate(id, operations);
    char text[32];
    const int length = std::snprintf(text, sizeof text, "%d:%s", number, outcome(result));
    ::write(pipe, text, static_cast<std::size_t>(length) + 1);
    return 0;
  });
  await_asleep(child);
  return child;
}

// Who went on, sorted: those who are woken together run in any order.
static void say_order(int pipe, int count) {
  std::set<std::string> all;
  for (int i = 0; i < count; ++i) {
    char text[32] = "";
    for (char* next = text; ::read(pipe, next, 1) == 1 && *next != '\0'; ++next) continue;
    all.insert(text);
  }
  say("done:");
  for (const std::string& text : all) say(" %s", text.c_str());
  say("\n");
  while (::waitpid(-1, nullptr, WNOHANG) > 0) continue;
}

static void waiting() {
  const int id = ::semget(IPC_PRIVATE, 2, 0600);
  int ends[2];
  ::pipe(ends);
  control(id, 0, SETVAL, 1);
  waiter(id, {step(0, -2)}, 1, ends[1]);
  waiter(id, {step(0, 0)}, 2, ends[1]);
  waiter(id, {step(0, -1), step(1, -1)}, 3, ends[1]);
  say("waiting: increase %d zero %d, of the second %d %d\n", control(id, 0, GETNCNT), control(id, 0, GETZCNT),
      control(id, 1, GETNCNT), control(id, 1, GETZCNT));
  operate(id, {step(0, 1)});
  say_order(ends[0], 2);
  say_values(id, 2);
  say(" %d %d %d\n", control(id, 0, GETNCNT), control(id, 1, GETNCNT), control(id, 0, GETZCNT));
  operate(id, {step(1, 1)});
  operate(id, {step(0, 1)});
  say_order(ends[0], 1);
  say_values(id, 2);
  say("\n");

  // The first that fits, in the order of coming.
  waiter(id, {step(0, -3)}, 1, ends[1]);
  waiter(id, {step(0, -1)}, 2, ends[1]);
  operate(id, {step(0, 1)});
  say_order(ends[0], 1);
  waiter(id, {step(0, -1)}, 3, ends[1]);
  control(id, 0, SETVAL, 3);
  say_order(ends[0], 1);
  say_values(id, 2);
  operate(id, {step(0, 1)});
  say_order(ends[0], 1);
  // An operation that cannot be done any more.
  waiter(id, {step(0, -1), step(1, 1)}, 1, ends[1]);
  control(id, 1, SETVAL, 32767);
  operate(id, {step(0, 1)});
  say_order(ends[0], 1);
  say_values(id, 2);
  say("\n");
  unsigned short all[2] = {0, 0};
  control(id, 0, SETALL, reinterpret_cast<long>(all));
  waiter(id, {step(1, -1)}, 1, ends[1]);
  say("at once: %s\n", outcome(operate(id, {step(0, -1, IPC_NOWAIT), step(1, -1)})));
  waiter(id, {step(1, -1), step(0, -1, IPC_NOWAIT)}, 3, ends[1]);
  all[1] = 2;
  control(id, 0, SETALL, reinterpret_cast<long>(all));
  say_order(ends[0], 2);
  say_values(id, 2);
  say("\n");
  control(id, 1, SETVAL, 0);
  waiter(id, {step(0, -1)}, 1, ends[1]);
  waiter(id, {step(0, -1), step(1, -1)}, 2, ends[1]);
  control(id, 1, SETVAL, 1);
  const pid_t zero = waiter(id, {step(1, 0)}, 3, ends[1]);
  (void)zero;
  control(id, 0, IPC_RMID);
  say("removed: ");
  for (int i = 0; i < 3; ++i) ::waitpid(-1, nullptr, 0);
  say_order(ends[0], 3);
}

static volatile sig_atomic_t handled = 0;

static void signals() {
  const int id = ::semget(IPC_PRIVATE, 1, 0600);
  struct sigaction action {};
  action.sa_handler = [](int) { handled = handled + 1; };
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGUSR1, &action, nullptr);
  const pid_t self = ::getpid();
  const pid_t killer = in_child([&] {
    await_asleep(self);
    ::kill(self, SIGUSR1);
    return 0;
  });
  say("a handler: %s", outcome(operate(id, {step(0, -1)})));
  ::waitpid(killer, nullptr, 0);
  say(", handled %d, waiting %d\n", static_cast<int>(handled), control(id, 0, GETNCNT));
  const pid_t stopped = in_child([&] {
    say("stopped and continued: %s\n", outcome(operate(id, {step(0, -1)})));
    return 0;
  });
  await_asleep(stopped);
  ::kill(stopped, SIGSTOP);
  ::waitpid(stopped, nullptr, WUNTRACED);
  ::kill(stopped, SIGCONT);
  say_end("it", stopped);
  const pid_t killed = in_child([&] { return operate(id, {step(0, -1)}); });
  await_asleep(killed);
  ::kill(killed, SIGKILL);
  say_end("killed", killed);
  say("waiting: %d\n", control(id, 0, GETNCNT));
  control(id, 0, IPC_RMID);
}

static int run() {
  sets();
  values();
  several_at_once();
  waiting();
  signals();
  return 0;
}

static const Topic topic("sysv_sem", run);
