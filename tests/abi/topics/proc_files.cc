// What of /proc programs in a container open: which files there are, their modes, who may write them and with what result,
// namespaces, and a process's memory as a file.
#include <fcntl.h>
#include <grp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>

#include "../file_text.h"
#include "../topic.h"

using namespace abi;

static void say_mode(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    say(" %s:%s", path.c_str(), outcome(-1));
  } else {
    say(" %s:%o/%u", path.c_str(), status.st_mode, status.st_uid);
  }
}

static const char* written(const std::string& path, const char* text) {
  const int fd = ::open(path.c_str(), O_WRONLY);
  if (fd < 0) return outcome(fd);
  const ssize_t count = ::write(fd, text, std::strlen(text));
  const char* result = outcome(count);
  ::close(fd);
  return count >= 0 ? "written" : result;
}

static void files() {
  for (const char* name : {"cgroup", "cmdline", "comm",      "cwd",           "environ",     "exe",       "fd",
                           "fdinfo", "gid_map", "limits",    "maps",          "mem",         "mountinfo", "mounts",
                           "ns",     "oom_adj", "oom_score", "oom_score_adj", "personality", "root",      "setgroups",
                           "stat",   "statm",   "status",    "task",          "uid_map"}) {
    say_mode(std::string("/proc/self/") + name);
  }
  say("\n");
  for (const char* name : {"cmdline",
                           "cpuinfo",
                           "devices",
                           "diskstats",
                           "filesystems",
                           "loadavg",
                           "meminfo",
                           "mounts",
                           "partitions",
                           "stat",
                           "swaps",
                           "uptime",
                           "version",
                           "vmstat",
                           "sys",
                           "sys/kernel",
                           "sys/kernel/ostype",
                           "sys/kernel/osrelease",
                           "sys/kernel/version",
                           "sys/kernel/random/uuid"}) {
    say_mode(std::string("/proc/") + name);
  }
  say("\n");
  for (const char* name :
       {"swaps", "self/setgroups", "self/uid_map", "self/gid_map", "self/personality", "self/oom_adj",
        "self/oom_score_adj", "sys/kernel/randomize_va_space", "sys/fs/overflowuid"}) {
    say(" %s[%s]", name, contents(std::string("/proc/") + name).c_str());
  }
  say("\n");
}

static void writing(const char* who) {
  say("%s writes:", who);
  for (const char* name : {"self/status",
                           "self/stat",
                           "self/cmdline",
                           "self/limits",
                           "self/maps",
                           "self/mounts",
                           "self/environ",
                           "self/oom_score",
                           "self/comm",
                           "uptime",
                           "meminfo",
                           "version",
                           "cpuinfo",
                           "stat",
                           "swaps",
                           "vmstat",
                           "loadavg",
                           "sys/kernel/ostype",
                           "sys/kernel/osrelease",
                           "sys/kernel/version",
                           "sys/kernel/random/uuid",
                           "sys/kernel/random/entropy_avail",
                           "sys/fs/overflowuid/x",
                           "1/status",
                           "1/oom_score_adj",
                           "1/environ",
                           "none"}) {
    say(" %s %s", name, written(std::string("/proc/") + name, "x\n"));
  }
  say("\n%s creates: %s", who, outcome(::open("/proc/new", O_WRONLY | O_CREAT, 0644)));
  say(", over one %s", outcome(::open("/proc/self/status", O_WRONLY | O_CREAT | O_TRUNC, 0644)));
  say(", mkdir %s", outcome(::mkdir("/proc/new", 0755)));
  say(", unlink %s", outcome(::unlink("/proc/uptime")));
  say(", rename %s", outcome(::rename("/proc/uptime", "/proc/new")));
  say(", chmod %s", outcome(::chmod("/proc/self/status", 0666)));
  say(", truncate %s\n", outcome(::truncate("/proc/uptime", 0)));
}

// Downwards needs a privilege that root in a container may not have.
static void adjustments(const char* who) {
  say("%s adjusts:", who);
  for (const char* text : {"500", "1000", "1001", "-1001", "", "x", "12 ", " 3\n", "+4", "4x", "99999999999",
                           "99999999999999999999999", "0"}) {
    say(" [%s] %s", text, written("/proc/self/oom_score_adj", text));
    say(" %s", contents("/proc/self/oom_score_adj").c_str());
    say("%s", contents("/proc/self/oom_adj").c_str());
  }
  for (const char* text : {"16", "-18", "0", "5", "15"}) {
    say(" old [%s] %s", text, written("/proc/self/oom_adj", text));
    say(" %s", contents("/proc/self/oom_score_adj").c_str());
    say("%s", contents("/proc/self/oom_adj").c_str());
  }
  say("\n");
}

static void namespaces() {
  say("namespaces:");
  for (const char* name :
       {"cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "time", "time_for_children", "user", "uts", "none"}) {
    const std::string path = std::string("/proc/self/ns/") + name;
    char target[64] = {};
    const ssize_t length = ::readlink(path.c_str(), target, sizeof target - 1);
    if (char* number = std::strchr(target, '[')) *number = '\0';
    say(" %s %s", name, length < 0 ? outcome(length) : target);
    const int fd = ::open(path.c_str(), O_RDONLY);
    if (fd < 0) {
      say(" %s;", outcome(fd));
      continue;
    }
    struct stat own {
    }, parents{};
    char byte;
    ::fstat(fd, &own);
    ::stat((std::string("/proc/") + std::to_string(::getppid()) + "/ns/" + name).c_str(), &parents);
    say(" mode %o, the parent's %d, read %s, type %x;", own.st_mode,
        own.st_ino == parents.st_ino && own.st_dev == parents.st_dev, outcome(::read(fd, &byte, 1)),
        ::ioctl(fd, 0xb703));
    ::close(fd);
  }
  say(" write %s\n", outcome(::open("/proc/self/ns/pid", O_WRONLY)));
}

static void memory() {
  static char here[] = "here it is";
  const int fd = ::open("/proc/self/mem", O_RDWR);
  char text[32] = {};
  const auto at = [](const void* address) { return static_cast<off_t>(reinterpret_cast<std::uintptr_t>(address)); };
  say("memory: %s", outcome(fd));
  say(", read %zd [%s]", ::pread(fd, text, 10, at(here)), text);
  say(", write %zd [%s]", ::pwrite(fd, "mere", 4, at(here)), here);
  say(", nothing mapped %s", outcome(::pread(fd, text, 4, 0)));
  say(", %s", outcome(::pwrite(fd, text, 4, 0)));
  say(", the kernel's %s", outcome(::pread(fd, text, 4, static_cast<off_t>(0x7ffffffff000))));
  char* pages =
      static_cast<char*>(::mmap(nullptr, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  std::memset(pages, 'p', 3 * 4096);
  ::munmap(pages + 2 * 4096, 4096);
  static char big[3 * 4096];
  say(", over an edge %zd", ::pread(fd, big, sizeof big, at(pages + 4000)));
  say(" %zd", ::pwrite(fd, big, sizeof big, at(pages + 4000)));
  say(", seek %s", outcome(::lseek(fd, at(here), SEEK_SET)));
  say(" read %zd, at %d", ::read(fd, text, 4), ::lseek(fd, 0, SEEK_CUR) == at(here) + 4);
  say(", end %s", outcome(::lseek(fd, 0, SEEK_END)));
  say(", truncated %s", outcome(::ftruncate(fd, 0)));
  say(", mapped %s\n", outcome(::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0));
  ::close(fd);

  // A child's, which has the same addresses.
  int go[2];
  ::pipe(go);
  const pid_t child = in_child([&] {
    std::strcpy(here, "in a child");
    ::close(go[1]);
    char byte;
    ::read(go[0], &byte, 1);
    return here[0] == 'o' ? 0 : 1;
  });
  await_asleep(child);
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/mem", child);
  const int childs = ::open(path, O_RDWR);
  std::memset(text, 0, sizeof text);
  say("a child's: %zd [%s]", ::pread(childs, text, 10, at(here)), text);
  say(", write %zd, ours %s\n", ::pwrite(childs, "o", 1, at(here)), here);
  const pid_t stranger = in_child([&] {
    ::setgroups(0, nullptr);
    ::setgid(1000);
    ::setuid(1000);
    say("another user: %s", outcome(::open(path, O_RDONLY)));
    say(", already open %s", outcome(::pread(childs, text, 1, at(here)) >= 0 ? 0 : -1));
    std::snprintf(path, sizeof path, "/proc/%d/ns/pid", child);
    say(", namespace %s\n", outcome(::readlink(path, text, sizeof text)));
    return 0;
  });
  ::waitpid(stranger, nullptr, 0);
  ::close(go[1]);
  say_end("the child saw it", child);
  say("who has ended: %zd\n", ::pread(childs, text, 4, at(here)));
}

static int run() {
  files();
  writing("root");
  adjustments("root");
  namespaces();
  memory();
  say_end("a user", in_child([] {
            written("/proc/self/oom_score_adj", "100");
            ::setgroups(0, nullptr);
            ::setgid(1000);
            ::setuid(1000);
            writing("a user");
            const pid_t own = in_child([] {
              // Owns its files again after it has executed something; here it is not dumpable.
              say_mode("/proc/self/status");
              say_mode("/proc/self/mem");
              say(" %s\n", outcome(::open("/proc/self/mem", O_RDONLY)));
              return 0;
            });
            ::waitpid(own, nullptr, 0);
            return 0;
          }));
  return 0;
}

static const Topic topic("proc_files", run);
