// /proc of a process that has ended: what was opened before, as a zombie's and once it is gone. /proc/TID; /proc/PID/io; and
// names that a chroot hides.
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "../topic.h"

using namespace abi;

static std::string contents(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

static std::string link_at(int directory, const char* name) {
  char target[256];
  const ssize_t length = ::readlinkat(directory, name, target, sizeof target);
  return length < 0 ? outcome(length) : "a link";
}

static const char* const kFiles[] = {
    "cgroup", "cmdline",      "comm",   "coredump_filter", "environ",   "gid_map",       "io",          "limits",
    "maps",   "mountinfo",    "mounts", "oom_adj",         "oom_score", "oom_score_adj", "personality", "setgroups",
    "smaps",  "smaps_rollup", "stat",   "statm",           "status",    "uid_map",       "wchan"};
static const char* const kLinks[] = {"exe", "cwd", "root", "ns/net", "ns/pid", "ns/user", "fd/0"};

struct Opened {
  int directory;
  int files[sizeof kFiles / sizeof kFiles[0]];
  int links[sizeof kLinks / sizeof kLinks[0]];

  explicit Opened(const std::string& path) : directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY)) {
    int i = 0;
    for (const char* name : kFiles) files[i++] = ::openat(directory, name, O_RDONLY);
    i = 0;
    for (const char* name : kLinks) links[i++] = ::openat(directory, name, O_PATH | O_NOFOLLOW);
  }

  void tell(const char* when) const {
    say("%s:", when);
    char byte = 0;
    int i = 0;
    for (const char* name : kFiles) {
      const ssize_t count = ::read(files[i++], &byte, 1);
      say(" %s %s", name, count == 0 ? "empty" : outcome(count));
    }
    say("\n  links:");
    i = 0;
    for (const char* name : kLinks) say(" %s %s", name, link_at(links[i++], "").c_str());
    say("\n  looked up:");
    for (const char* name : {"stat", "exe", "ns", "absent"})
      say(" %s %s", name, outcome(::faccessat(directory, name, F_OK, AT_SYMLINK_NOFOLLOW)));
    char buffer[1024];
    const long listed = ::syscall(SYS_getdents64, directory, buffer, sizeof buffer);
    say("\n  listed: %s\n", listed == 0 ? "nothing" : outcome(listed));
  }
};

static void ended() {
  int ends[2];
  ::pipe(ends);
  const pid_t child = in_child([&] {
    char byte;
    ::close(ends[1]);
    ::read(ends[0], &byte, 1);
    return 0;
  });
  const std::string path = "/proc/" + std::to_string(child);
  const Opened living(path), zombie(path), gone(path);
  living.tell("living");
  ::close(ends[1]);
  siginfo_t information{};
  ::waitid(P_PID, static_cast<id_t>(child), &information, WEXITED | WNOWAIT);
  zombie.tell("a zombie");
  say_end("then", child);
  gone.tell("gone");
}

static std::string line_of(const std::string& text, const std::string& name) {
  std::stringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (line.rfind(name + ":", 0) == 0) return line.substr(name.size() + 1);
  return "none";
}

// A thread has a directory of its own, which no list names.
static void thread_directories() {
  const std::string status = "/status";
  std::thread([&] {
    const pid_t id = static_cast<pid_t>(::syscall(SYS_gettid));
    const std::string text = contents("/proc/" + std::to_string(id) + status);
    say("of a thread: Tgid %d, Pid %d", std::atoi(line_of(text, "Tgid").c_str()) == ::getpid(),
        std::atoi(line_of(text, "Pid").c_str()) == id);
    say(", stat %d", std::atoi(contents("/proc/" + std::to_string(id) + "/stat").c_str()) == id);
    say(", task %s", outcome(::access(("/proc/" + std::to_string(id) + "/task").c_str(), F_OK)));
    say(", children %s\n", outcome(::access(("/proc/" + std::to_string(id) + "/children").c_str(), F_OK)));
  }).join();
}

struct Transfers {
  long long read_bytes, written_bytes, reads, writes;
  explicit Transfers(const std::string& path) {
    const std::string text = contents(path);
    std::sscanf(text.c_str(), "rchar: %lld\nwchar: %lld\nsyscr: %lld\nsyscw: %lld\n", &read_bytes, &written_bytes,
                &reads, &writes);
  }
};

// The second look counts the first one's own reads, so what a look costs is taken off.
static void say_transfers(const char* what, const std::string& path, void (*body)()) {
  const Transfers first(path), before(path);
  body();
  const Transfers after(path);
  say("%s: read %lld in %lld, written %lld in %lld\n", what,
      after.read_bytes - 2 * before.read_bytes + first.read_bytes, after.reads - 2 * before.reads + first.reads,
      after.written_bytes - before.written_bytes, after.writes - before.writes);
}

static void transfers() {
  std::stringstream lines(contents("/proc/self/io"));
  for (std::string line; std::getline(lines, line);) say("%s ", line.substr(0, line.find(' ')).c_str());
  say("\n");
  const std::string process = "/proc/self/io", thread = "/proc/thread-self/io";
  static int file;
  static char buffer[5000];
  file = ::open("transfers", O_RDWR | O_CREAT, 0600);
  say_transfers("write", process, [] {
    (void)!::write(file, buffer, 5000);
    (void)!::pwrite(file, buffer, 100, 0);
  });
  say_transfers("read", thread, [] {
    (void)!::pread(file, buffer, 100, 0);
    (void)!::pread(file, buffer, 100, 4950);
    (void)!::pread(file, buffer, 100, 9000);
  });
  say_transfers("vectors", process, [] {
    const iovec parts[2] = {{buffer, 10}, {buffer, 20}};
    (void)!::pwritev(file, parts, 2, 0);
    (void)!::preadv(file, parts, 2, 0);
    (void)!::readv(-1, parts, 2);
    (void)!::readv(file, parts, 0);
  });
  say_transfers("errors", process, [] {
    (void)!::read(-1, buffer, 1);
    (void)!::read(file, nullptr, 1);
    (void)!::write(file, nullptr, 1);
  });
  say_transfers("sendfile", process, [] {
    const int null = ::open("/dev/null", O_WRONLY);
    off_t start = 0;
    ::sendfile(null, file, &start, 1000);
    ::close(null);
  });
  say_transfers("copies", process, [] {
    off_t from = 0, to = 6000;
    ::copy_file_range(file, &from, file, &to, 1000, 0);
  });
  say_transfers("a child's", process, [] {
    const pid_t child = in_child([] {
      (void)!::write(file, buffer, 77);
      return 0;
    });
    ::waitpid(child, nullptr, 0);
  });
  say_transfers("another thread's, of this one", thread,
                [] { std::thread([] { (void)!::write(file, buffer, 33); }).join(); });
  ::close(file);
}

static std::string contents_at(int directory, const char* name) {
  char text[4096];
  const int fd = ::openat(directory, name, O_RDONLY);
  const ssize_t count = ::read(fd, text, sizeof text);
  ::close(fd);
  return count < 0 ? outcome(count) : std::string(text, static_cast<std::size_t>(count));
}

static void hidden_names() {
  ::mkdir("jail", 0755);
  write_file("outside", "");
  const int file = ::open("outside", O_RDONLY), proc = ::open("/proc", O_RDONLY), here = ::open(".", O_RDONLY);
  char directory[512];
  ::getcwd(directory, sizeof directory);
  say_end("in a chroot", in_child([&] {
            ::chroot("jail");
            for (const int fd : {file, here}) {
              char target[512] = {};
              ::readlinkat(proc, ("self/fd/" + std::to_string(fd)).c_str(), target, sizeof target - 1);
              // Linux's side of this comparison is in a chroot of its own.
              const char* at = std::strstr(target, directory);
              say("%s, ", at ? at + std::strlen(directory) : target);
            }
            char target[512] = {};
            ::readlinkat(proc, "self/cwd", target, sizeof target - 1);
            say("working directory %d, ", std::strstr(target, directory) != nullptr);
            say("mounts %zu, ", contents_at(proc, "self/mounts").size() + contents_at(proc, "self/mountinfo").size());
            const long length = ::syscall(SYS_getcwd, target, sizeof target);
            say("getcwd %s %.13s\n", outcome(length), target);
            return 0;
          }));
}

static int run() {
  ended();
  thread_directories();
  transfers();
  hidden_names();
  return 0;
}

static const Topic topic("proc_ended", run);
