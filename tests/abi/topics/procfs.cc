// What programs look for in /proc: itself, its memory map, its descriptors, its status.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>

#include "../topic.h"

using namespace abi;

static std::string contents(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

static std::string link_target(const std::string& path) {
  char target[4096];
  const ssize_t length = ::readlink(path.c_str(), target, sizeof target);
  return length < 0 ? outcome(length) : std::string(target, static_cast<std::size_t>(length));
}

static void say_maps() {
  std::ifstream maps("/proc/self/maps");
  std::string line;
  bool well_formed = true, sorted = true, stack = false, heap = false, own = false;
  unsigned long last = 0;
  while (std::getline(maps, line)) {
    unsigned long start = 0, end = 0, offset = 0, inode = 0;
    char protection[5] = {}, path[1000] = {};
    unsigned major = 0, minor = 0;
    const int fields = std::sscanf(line.c_str(), "%lx-%lx %4s %lx %x:%x %lu %999s", &start, &end, protection, &offset,
                                   &major, &minor, &inode, path);
    well_formed = well_formed && fields >= 7 && start < end && std::strlen(protection) == 4;
    sorted = sorted && start >= last;
    last = end;
    stack = stack || (std::strcmp(path, "[stack]") == 0 && start < reinterpret_cast<unsigned long>(&line) &&
                      reinterpret_cast<unsigned long>(&line) < end);
    heap = heap || std::strcmp(path, "[heap]") == 0;
    own = own || (std::strcmp(path, self_path()) == 0 && protection[2] == 'x' && protection[3] == 'p');
  }
  say("maps: well-formed %d, sorted %d, stack %d, heap %d, program %d\n", well_formed, sorted, stack, heap, own);
}

static int open_descriptors() {
  int count = 0;
  DIR* stream = ::opendir("/proc/self/fd");
  while (const dirent* entry = ::readdir(stream)) count += entry->d_name[0] != '.';
  ::closedir(stream);
  return count;
}

static int run() {
  say("self is us: %s\n", std::atoi(link_target("/proc/self").c_str()) == ::getpid() ? "yes" : "no");
  const std::string own = "/proc/" + std::to_string(::getpid());
  say("exe: %s\n", link_target("/proc/self/exe").c_str());
  say("cwd ends like getcwd: %s\n", link_target("/proc/self/cwd").compare(0, 9, "/tmp/abi-") == 0 ? "yes" : "no");
  say("root: %s\n", link_target("/proc/self/root").c_str());
  std::string line = contents("/proc/self/cmdline");
  say("cmdline: %zu bytes, last one %d, ", line.size(), line.empty() ? -1 : line.back());
  for (char& c : line) c = c == '\0' ? ' ' : c;
  say("[%s]\n", line.substr(line.rfind('/') + 1).c_str());
  say("comm: %s", contents(own + "/comm").c_str());
  say_maps();

  const int before = open_descriptors();  // the topic may have been started with more than three
  const int fd = ::open("/etc/passwd", O_RDONLY);
  int ends[2];
  ::pipe(ends);
  say("fd of a file: %s\n", link_target("/proc/self/fd/" + std::to_string(fd)).c_str());
  say("fd of a pipe: %.6s\n", link_target("/proc/self/fd/" + std::to_string(ends[0])).c_str());
  say("fd that is closed: %s\n", link_target("/proc/self/fd/99").c_str());
  const int again = ::open(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_RDONLY);
  char text[5] = {};
  ::read(again, text, 4);
  say("opened again: [%s]\n", text);
  say("descriptors opened here: %d\n", open_descriptors() - before);

  std::istringstream status(contents("/proc/self/status"));
  while (std::getline(status, line)) {
    for (const char* field : {"Name:", "State:", "Uid:", "Gid:", "Threads:", "SigIgn:", "SigBlk:"}) {
      if (line.compare(0, std::strlen(field), field) == 0) say("%s\n", line.c_str());
    }
    if (line.compare(0, 4, "Pid:") == 0)
      say("Pid is ours: %s\n", std::atoi(line.c_str() + 4) == ::getpid() ? "yes" : "no");
    if (line.compare(0, 5, "PPid:") == 0)
      say("PPid is right: %s\n", std::atoi(line.c_str() + 5) == ::getppid() ? "yes" : "no");
  }
  const std::string stat = contents("/proc/self/stat");
  say("stat: process %s, %s\n", std::atoi(stat.c_str()) == ::getpid() ? "right" : "wrong",
      stat.substr(stat.find('('), stat.find(')') - stat.find('(') + 3).c_str());
  struct stat directory {};
  say("a process that is not there: %s\n", outcome(::stat("/proc/999999", &directory)));
  say("write to /proc/self/cmdline: %s\n", outcome(::open("/proc/self/cmdline", O_WRONLY)));
  say("create in /proc: %s\n", outcome(::open("/proc/new", O_WRONLY | O_CREAT, 0644)));
  for (const char* file : {"/proc/meminfo", "/proc/stat", "/proc/uptime", "/proc/loadavg", "/proc/cpuinfo",
                           "/proc/version", "/proc/filesystems", "/proc/mounts"}) {
    say("%s: %s\n", file, contents(file).empty() ? "empty" : "there");
  }
  const pid_t child = in_child([&] {
    ::close(ends[1]);
    char byte = 0;
    return static_cast<int>(::read(ends[0], &byte, 1));
  });
  say("a child's exe: %s\n", link_target("/proc/" + std::to_string(child) + "/exe").c_str());
  ::close(ends[1]);
  say_end("child", child);
  say("gone: %s\n", outcome(::stat(("/proc/" + std::to_string(child)).c_str(), &directory)));
  return 0;
}

static const Topic topic("procfs", run);
