// What /proc tells of a process's memory and end: auxv, smaps, coredump_filter, children, a leader that ended first;
// and what getrusage(2) and the CPU-time clocks make of it.
#include <fcntl.h>
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <string>

#include "../topic.h"

using namespace abi;

static std::string contents(const std::string& path) {
  std::string text;
  const int fd = ::open(path.c_str(), O_RDONLY);
  if (fd < 0) return std::string("open: ") + outcome(fd);
  char buffer[4096];
  for (ssize_t got; (got = ::read(fd, buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<std::size_t>(got));
  ::close(fd);
  return text;
}

static void auxiliary() {
  const std::string text = contents("/proc/self/auxv");
  bool same = text.size() >= 16, ended = false;
  for (std::size_t at = 0; at + 16 <= text.size(); at += 16) {
    std::uint64_t pair[2];
    std::memcpy(pair, text.data() + at, sizeof pair);
    if (pair[0] == AT_NULL) ended = true;
    // The C library shows only those features that it knows.
    if (pair[0] == AT_HWCAP || pair[0] == AT_HWCAP2) continue;
    if (!ended) same = same && ::getauxval(pair[0]) == pair[1];
  }
  say_end("of a child", in_child([&text] { return contents("/proc/self/auxv") == text ? 0 : 1; }));
  say("auxv: the same %d, whole %d\n", same, ended && text.size() % 16 == 0);
}

// The lines of a mapping of smaps.
static std::string entry_of(const void* address) {
  char start[32];
  std::snprintf(start, sizeof start, "%08lx-", reinterpret_cast<unsigned long>(address));
  const std::string text = contents("/proc/self/smaps");
  const std::size_t from = text.find(start);
  if (from == std::string::npos) return {};
  return text.substr(from, text.find('\n', text.find("VmFlags:", from)) - from + 1);
}

static std::string value_of(const std::string& entry, const std::string& name) {
  const std::size_t at = entry.find("\n" + name + ":");
  if (at == std::string::npos) return "none";
  const std::size_t from = entry.find_first_not_of(' ', at + name.size() + 2);
  return entry.substr(from, entry.find('\n', from) - from);
}

static void maps() {
  constexpr std::size_t kSize = 3 * 4096;
  const int file = ::open("/proc/self/exe", O_RDONLY);
  for (const int type : {MAP_PRIVATE | MAP_ANONYMOUS, MAP_SHARED | MAP_ANONYMOUS, MAP_PRIVATE}) {
    const bool anonymous = type & MAP_ANONYMOUS;
    // Between two that differ from it, so that it is a mapping of its own.
    char* place =
        static_cast<char*>(::mmap(nullptr, kSize + 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) + 4096;
    ::mmap(place, kSize, anonymous ? PROT_READ | PROT_WRITE : PROT_READ, type | MAP_FIXED, anonymous ? -1 : file, 0);
    if (anonymous) place[4096] = 1;
    const std::string entry = entry_of(place);
    for (const char* name : {"Size", "KernelPageSize", "MMUPageSize", "Swap", "Locked"})
      say("%s %s, ", name, value_of(entry, name).c_str());
    // A kernel may give more pages than were touched.
    if (anonymous) say("resident %d, ", std::stoi(value_of(entry, "Rss")) >= 4);
    std::string flags = value_of(entry, "VmFlags");
    for (const char* flag : {"rd", "wr", "ex", "sh", "mr", "mw", "me", "ms"})
      say("%s", flags.find(flag) == std::string::npos ? "" : flag);
    say(", deleted %d\n", entry.find("/dev/zero (deleted)") != std::string::npos);
  }
  const std::string sum = contents("/proc/self/smaps_rollup");
  say("rollup: %d, resident %d\n",
      sum.find("---p 00000000 00:00 0") != std::string::npos && sum.find("[rollup]\n") != std::string::npos,
      std::stoi(value_of(sum, "Rss")) > 0);
}

static void core_filter() {
  say("coredump_filter: %s", contents("/proc/self/coredump_filter").c_str());
  for (const char* value : {"0x7f", "12", "017", "0xffff", "x", "", "0x1ffffffff", "3\n"}) {
    const int fd = ::open("/proc/self/coredump_filter", O_WRONLY);
    say("write '%s': %s, ", value, outcome(::write(fd, value, std::strlen(value))));
    ::close(fd);
    say("then %s", contents("/proc/self/coredump_filter").c_str());
  }
  say_end("a child", in_child([] {
            say("inherits %s", contents("/proc/self/coredump_filter").c_str());
            return 0;
          }));
  const int fd = ::open("/proc/self/oom_score_adj", O_WRONLY);
  say("a number and a NUL: %s\n", outcome(::write(fd, "5", 2)));
  ::close(fd);
}

static void children() {
  int end[2];
  ::pipe(end);
  const pid_t child = in_child([&] {
    char byte;
    ::close(end[1]);
    ::read(end[0], &byte, 1);
    return 0;
  });
  const std::string path = "/proc/self/task/" + std::to_string(::getpid()) + "/children";
  say("children: %d\n", contents(path) == std::to_string(child) + " ");
  ::close(end[1]);
  say_end("it", child);
  say("none: '%s'\n", contents(path).c_str());
}

static std::string state_of(pid_t pid) {
  const std::string text = contents("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t at = text.rfind(')');
  return at == std::string::npos ? text : text.substr(at + 2, 1);
}

static void leader() {
  int end[2];
  ::pipe(end);
  static int read_end;
  read_end = end[0];
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(end[1]);
    pthread_t thread;
    ::pthread_create(
        &thread, nullptr,
        [](void*) -> void* {
          char byte;
          ::read(read_end, &byte, 1);
          ::_exit(3);
        },
        nullptr);
    ::syscall(SYS_exit, 0);
  }
  for (int i = 0; i < 2000 && state_of(child) != "Z"; ++i) ::usleep(1000);
  say("a leader that has ended: %s, nothing to wait for: %d\n", state_of(child).c_str(),
      ::waitpid(child, nullptr, WNOHANG) == 0);
  const std::string status = contents("/proc/" + std::to_string(child) + "/status");
  say("its threads:%s\n", value_of(status, "Threads").c_str());
  ::close(end[1]);
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
  say("and of a zombie:%s\n", value_of(contents("/proc/" + std::to_string(child) + "/status"), "Threads").c_str());
  say_end("then", child);
}

static void usage() {
  constexpr std::size_t kSize = 4 << 20;
  rusage of_child{}, of_children{};
  const pid_t child = in_child([] {
    char* memory =
        static_cast<char*>(::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    for (std::size_t i = 0; i < kSize; i += 4096) memory[i] = 1;
    return 0;
  });
  ::wait4(child, nullptr, 0, &of_child);
  ::getrusage(RUSAGE_CHILDREN, &of_children);
  say("a child's memory: %d, children's: %d\n", of_child.ru_maxrss > 4096, of_children.ru_maxrss > 4096);
}

static void cpu_time() {
  timespec before{}, after{};
  const timespec little{0, 30'000'000};
  static std::atomic<bool> stop = false;
  pthread_t burner;
  ::pthread_create(
      &burner, nullptr,
      [](void*) -> void* {
        while (!stop) {
        }
        return nullptr;
      },
      nullptr);
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
  say("sleep for CPU time: %d", ::clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, 0, &little, nullptr));
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
  const long passed = (after.tv_sec - before.tv_sec) * 1'000'000'000 + after.tv_nsec - before.tv_nsec;
  say(", it has passed: %d\n", passed >= 30'000'000);
  say("until a time that has been: %d\n", ::clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, TIMER_ABSTIME, &before, nullptr));
  stop = true;
  ::pthread_join(burner, nullptr);
  say("of a thread: %s\n",
      ::clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &little, nullptr) == EINVAL ? "EINVAL" : "another");
}

static int run() {
  auxiliary();
  maps();
  core_filter();
  children();
  leader();
  usage();
  cpu_time();
  return 0;
}

static const Topic topic("proc_memory", run);
