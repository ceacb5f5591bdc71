// /proc/sysvipc and the limits in /proc/sys/kernel: what they show, and what happens when root changes them.
#include <fcntl.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <string>
#include <vector>

#include "../topic.h"

using namespace abi;

static std::string contents(const char* path) {
  const int fd = ::open(path, O_RDONLY);
  if (fd < 0) return std::string(outcome(fd)) + "\n";
  std::string text;
  char buffer[4096];
  for (ssize_t count; (count = ::read(fd, buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(count));
  ::close(fd);
  return text;
}

static const char* store(const char* path, const char* text) {
  const int fd = ::open(path, O_WRONLY | O_TRUNC);
  if (fd < 0) return outcome(fd);
  const ssize_t written = ::write(fd, text, std::strlen(text));
  ::close(fd);
  return outcome(written);
}

// A file of /proc/sysvipc: its heading, and of each line the fields, but process ids and times, which two runs do not have
// in common. `format` is how Linux writes a line.
static void show(const char* path, const char* format, const std::string& pids, const std::string& times) {
  std::istringstream text(contents(path));
  std::string line;
  std::getline(text, line);
  say("%s\n%s|\n", path, line.c_str());
  std::vector<std::string> names;
  std::istringstream heading(line);
  for (std::string name; heading >> name;) names.push_back(name);
  while (std::getline(text, line)) {
    std::vector<std::string> fields;
    std::istringstream words(line);
    for (std::string word; words >> word;) fields.push_back(word);
    if (fields.size() != names.size()) {
      say("%s\n", line.c_str());
      continue;
    }
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const std::string name = " " + names[i] + " ";
      const char* value = fields[i].c_str();
      if (pids.find(name) != std::string::npos && std::atoi(value) == ::getpid()) value = "self";
      if (times.find(name) != std::string::npos && fields[i] != "0") value = "now";
      say("%s=%s ", names[i].c_str(), value);
    }
    // What was read, written again with its columns.
    std::string again, rest = format;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const std::size_t at = rest.find('%'), end = rest.find('s', at);
      char field[64];
      std::snprintf(field, sizeof field, rest.substr(at, end + 1 - at).c_str(), fields[i].c_str());
      again += rest.substr(0, at) + field;
      rest.erase(0, end + 1);
    }
    say("columns %s\n", again == line ? "as on Linux" : line.c_str());
  }
}

constexpr const char* kShmLine = "%10s %10s  %4s %21s %5s %5s  %5s %5s %5s %5s %5s %10s %10s %10s %21s %21s";
constexpr const char* kSemLine = "%10s %10s  %4s %10s %5s %5s %5s %5s %10s %10s";
constexpr const char* kMsgLine = "%10s %10s  %4s  %10s %10s %5s %5s %5s %5s %5s %5s %10s %10s %10s";

static void limits() {
  const char* names[] = {"msgmax", "msgmnb", "msgmni", "sem", "shmall", "shmmax", "shmmni"};
  for (const char* name : names) {
    const std::string path = std::string("/proc/sys/kernel/") + name;
    struct stat st {};
    ::stat(path.c_str(), &st);
    say("%s %o: %s", name, st.st_mode, contents(path.c_str()).c_str());
    for (const char* text : {"x", "", "-1", "12 13", "99999999999", "99999999999999999999999", "70000"}) {
      say(" '%s' %s", text, store(path.c_str(), text));
    }
    say("\n now %s", contents(path.c_str()).c_str());
  }
  say("effects\n");
  store("/proc/sys/kernel/msgmax", "10\n");
  const int queue = ::msgget(IPC_PRIVATE, 0600);
  struct {
    long type;
    char text[20];
  } message{1, ""};
  say("msgmax: %s %s\n", outcome(::msgsnd(queue, &message, 10, IPC_NOWAIT)),
      outcome(::msgsnd(queue, &message, 11, IPC_NOWAIT)));
  store("/proc/sys/kernel/msgmni", "1");
  say("msgmni: %s\n", outcome(::msgget(IPC_PRIVATE, 0600)));
  store("/proc/sys/kernel/msgmnb", "77");
  store("/proc/sys/kernel/msgmni", "2");
  struct msqid_ds ds {};
  const int second = ::msgget(IPC_PRIVATE, 0600);
  ::msgctl(second, IPC_STAT, &ds);
  say("msgmnb: %lu\n", ds.msg_qbytes);
  store("/proc/sys/kernel/sem", "3 5 2 2");
  say("sem: %s", contents("/proc/sys/kernel/sem").c_str());
  struct sembuf steps[3] = {{0, 0, 0}, {0, 0, 0}, {0, 0, 0}};
  const int set = ::semget(IPC_PRIVATE, 3, 0600);
  say("sem: %s", outcome(::semget(IPC_PRIVATE, 4, 0600)));
  say(" %s", outcome(::semget(IPC_PRIVATE, 3, 0600)));
  const int small = ::semget(IPC_PRIVATE, 2, 0600);
  say(" %s", outcome(small));
  say(" %s", outcome(::semop(set, steps, 2)));
  say(" %s\n", outcome(::semop(set, steps, 3)));
  store("/proc/sys/kernel/shmmax", "5000");
  store("/proc/sys/kernel/shmall", "3");
  store("/proc/sys/kernel/shmmni", "2");
  const int segment = ::shmget(IPC_PRIVATE, 5000, 0600);
  say("shm: %s", outcome(::shmget(IPC_PRIVATE, 5001, 0600)));
  say(" %s", outcome(::shmget(IPC_PRIVATE, 4097, 0600)));
  const int other = ::shmget(IPC_PRIVATE, 100, 0600);
  say(" %s", outcome(other));
  say(" %s\n", outcome(::shmget(IPC_PRIVATE, 1, 0600)));
  for (const int id : {queue, second}) ::msgctl(id, IPC_RMID, nullptr);
  for (const int id : {set, small}) ::semctl(id, 0, IPC_RMID);
  for (const int id : {segment, other}) ::shmctl(id, IPC_RMID, nullptr);
  say_end("another user", in_child([] {
            ::setuid(1000);
            say("%s", store("/proc/sys/kernel/shmmni", "4096"));
            say(" %s\n", store("/proc/sys/kernel/sem", "4096"));
            return 0;
          }));
}

static int run() {
  for (const char* name : {"shm", "sem", "msg"}) {
    struct stat st {};
    ::stat((std::string("/proc/sysvipc/") + name).c_str(), &st);
    say("%s: %o\n", name, st.st_mode);
  }
  show("/proc/sysvipc/shm", kShmLine, " cpid  lpid ", " atime  dtime  ctime ");
  const int segment = ::shmget(0x7fffffff, 5000, IPC_CREAT | 0604);
  auto* memory = static_cast<char*>(::shmat(segment, nullptr, 0));
  memory[0] = 1;
  const int dead = ::shmget(static_cast<key_t>(0x80000000), 1 << 20, IPC_CREAT | 0777);
  void* mapped = ::shmat(dead, nullptr, 0);
  ::shmctl(dead, IPC_RMID, nullptr);
  ::shmget(-2, 1, IPC_CREAT);
  show("/proc/sysvipc/shm", kShmLine, " cpid  lpid ", " atime  dtime  ctime ");
  ::shmdt(memory);
  ::shmdt(mapped);
  const int set = ::semget(17, 12, IPC_CREAT | 0123);
  show("/proc/sysvipc/sem", kSemLine, "", " otime  ctime ");
  ::semctl(set, 0, IPC_RMID);
  const int queue = ::msgget(18, IPC_CREAT | 0456);
  struct {
    long type;
    char text[20];
  } message{1, ""};
  ::msgsnd(queue, &message, 7, 0);
  ::msgsnd(queue, &message, 0, 0);
  show("/proc/sysvipc/msg", kMsgLine, " lspid  lrpid ", " stime  rtime  ctime ");
  ::msgctl(queue, IPC_RMID, nullptr);
  ::shmctl(segment, IPC_RMID, nullptr);
  limits();
  return 0;
}

static const Topic topic("sysv_proc", run);
