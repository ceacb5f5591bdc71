// Extended attributes of files: user.* ones, who may have them, their limits, and the names that are not there.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "../topic.h"

using namespace abi;

static constexpr uid_t kNobody = 65534;

static const char* set(const char* path, const char* name, const char* value, int flags = 0) {
  return outcome(::setxattr(path, name, value, std::strlen(value), flags));
}

static void say_value(const char* path, const char* name) {
  char value[64] = {};
  const ssize_t size = ::lgetxattr(path, name, value, sizeof value - 1);
  say("%s of %s: %s %s\n", name, path, outcome(size), value);
}

static void say_list(const char* what, ssize_t size, const std::vector<char>& list) {
  std::vector<std::string> names;
  for (ssize_t at = 0; at < size;) {
    names.emplace_back(list.data() + at);
    at += static_cast<ssize_t>(names.back().size()) + 1;
  }
  // What a security module adds is the host's affair.
  std::erase_if(names, [](const std::string& name) { return name.rfind("user.", 0) != 0; });
  std::sort(names.begin(), names.end());
  say("%s:", what);
  for (const std::string& name : names) say(" %s", name.c_str());
  say("\n");
}

static void basics() {
  write_file("file", "data");
  ::mkdir("directory", 0755);
  ::symlink("file", "link");
  ::mkfifo("fifo", 0644);
  say_value("file", "user.colour");
  say("replace: %s\n", set("file", "user.colour", "red", XATTR_REPLACE));
  say("create: %s\n", set("file", "user.colour", "red", XATTR_CREATE));
  say("create again: %s\n", set("file", "user.colour", "blue", XATTR_CREATE));
  say("replace: %s\n", set("file", "user.colour", "blue", XATTR_REPLACE));
  say("both: %s, %s\n", set("file", "user.colour", "grey", XATTR_CREATE | XATTR_REPLACE),
      set("file", "user.other", "grey", XATTR_CREATE | XATTR_REPLACE));
  say("unknown flag: %s\n", set("file", "user.colour", "grey", 4));
  say_value("file", "user.colour");
  say("through a link: %s\n", set("link", "user.shape", "round"));
  say("empty: %s\n", set("file", "user.empty", ""));
  for (const char* path : {"directory", "fifo", "/dev/null", "absent", "file/below", "/proc/self/status"})
    say("%s: %s\n", path, set(path, "user.x", "1"));
  say("the link itself: %s, %s\n", outcome(::lsetxattr("link", "user.x", "1", 1, 0)),
      outcome(::lgetxattr("link", "user.x", nullptr, 0)));
  std::vector<char> list(1024);
  say_list("file", ::listxattr("file", list.data(), list.size()), list);
  say_list("link", ::llistxattr("link", list.data(), list.size()), list);
  say_list("directory", ::listxattr("directory", list.data(), list.size()), list);
  ::rename("file", "renamed");
  ::link("renamed", "second");
  say_value("second", "user.shape");
  say("remove: %s", outcome(::removexattr("second", "user.shape")));
  say(", again: %s\n", outcome(::removexattr("renamed", "user.shape")));
  say_list("then", ::listxattr("renamed", list.data(), list.size()), list);
}

static void sizes() {
  char value[8];
  say("size: %zd, too small: %s\n", ::getxattr("renamed", "user.colour", nullptr, 0),
      outcome(::getxattr("renamed", "user.colour", value, 2)));
  say("list too small: %s\n", outcome(::listxattr("renamed", value, 3)));
  say("bad buffers: %s", outcome(::getxattr("renamed", "user.colour", reinterpret_cast<void*>(8), 8)));
  say(", %s", outcome(::setxattr("renamed", "user.colour", reinterpret_cast<void*>(8), 8, 0)));
  say(", %s\n", outcome(::syscall(SYS_listxattr, "renamed", 8, 4096)));
  const std::vector<char> large(65537, 'x');
  say("value too large: %s\n", outcome(::setxattr("renamed", "user.large", large.data(), 65537, 0)));
  say("a large value: %s\n", outcome(::setxattr("renamed", "user.large", large.data(), 2000, 0)));
  say("its size: %zd\n", ::getxattr("renamed", "user.large", nullptr, 0));
  const std::string longest = "user." + std::string(250, 'n'), longer = longest + "n";
  say("longest name: %s, longer: %s\n", set("renamed", longest.c_str(), "1"), set("renamed", longer.c_str(), "1"));
  for (const char* name : {"", "user.", "user", "colour", "foreign.x", "system.x", "trusted.", "security."}) {
    say("'%s': set %s, ", name, set("renamed", name, "1"));
    say("get %s, ", outcome(::getxattr("renamed", name, nullptr, 0)));
    say("remove %s\n", outcome(::removexattr("renamed", name)));
  }
  say("bad names: %s", outcome(::syscall(SYS_getxattr, "renamed", 8, nullptr, 0)));
  say(", %s\n", outcome(::syscall(SYS_setxattr, "renamed", 0, value, 1, 0)));
}

static void descriptors() {
  const int fd = ::open("renamed", O_RDONLY);
  say("by descriptor: %s", outcome(::fsetxattr(fd, "user.fd", "1", 1, 0)));
  say(", %zd", ::fgetxattr(fd, "user.fd", nullptr, 0));
  say(", %s", outcome(::flistxattr(fd, nullptr, 0)));
  say(", %s\n", outcome(::fremovexattr(fd, "user.fd")));
  const int name_only = ::open("renamed", O_PATH);
  say("O_PATH: %s, %s\n", outcome(::fsetxattr(name_only, "user.fd", "1", 1, 0)),
      outcome(::fgetxattr(name_only, "user.fd", nullptr, 0)));
  int ends[2];
  ::pipe(ends);
  say("a pipe: set %s", outcome(::fsetxattr(ends[0], "user.fd", "1", 1, 0)));
  say(", get %s\n", outcome(::fgetxattr(ends[0], "user.fd", nullptr, 0)));
  for (const int each : {fd, name_only, ends[0], ends[1]}) ::close(each);
  struct stat before {
  }, after{};
  ::stat("renamed", &before);
  ::usleep(20'000);
  set("renamed", "user.time", "1");
  ::stat("renamed", &after);
  say("ctime moves: %d, mtime: %d\n", before.st_ctim.tv_nsec != after.st_ctim.tv_nsec,
      before.st_mtim.tv_nsec != after.st_mtim.tv_nsec);
}

static void others() {
  write_file("readable", "");
  write_file("closed", "", 0600);
  write_file("writable", "");
  ::chmod("writable", 0666);
  ::mkdir("sticky", 01777);
  ::chmod("sticky", 01777);
  for (const char* path : {"readable", "closed"}) set(path, "user.mine", "1");
  const pid_t child = in_child([] {
    if (::setresuid(kNobody, kNobody, kNobody) != 0) return 1;
    for (const char* path : {"readable", "closed", "writable", "sticky"}) {
      say("nobody, %s: get %s, ", path, outcome(::getxattr(path, "user.mine", nullptr, 0)));
      say("set %s, ", set(path, "user.his", "1"));
      say("trusted %s, %s, ", set(path, "trusted.his", "1"), outcome(::getxattr(path, "trusted.his", nullptr, 0)));
      say("security %s, %s, ", set(path, "security.his", "1"), outcome(::getxattr(path, "security.his", nullptr, 0)));
      say("capability %s\n", outcome(::removexattr(path, "security.capability")));
    }
    return 0;
  });
  say_end("nobody", child);
}

// Of a program that gives capabilities, nobody may change the contents and keep them.
static void capabilities() {
  const unsigned version2[5] = {0x0200'0000, 1, 0, 0, 0};
  const char* name = "security.capability";
  write_file("program", "");
  say("bad capabilities: %s, ", set("program", name, "x"));
  say("good ones: %s, ", outcome(::setxattr("program", name, version2, sizeof version2, 0)));
  say("%zd bytes\n", ::getxattr("program", name, nullptr, 0));
  const int fd = ::open("program", O_WRONLY);
  ::write(fd, "x", 1);
  ::close(fd);
  say("written: %s\n", outcome(::getxattr("program", name, nullptr, 0)));
  ::setxattr("program", name, version2, sizeof version2, 0);
  ::chown("program", 1, 1);
  say("another owner: %s\n", outcome(::getxattr("program", name, nullptr, 0)));
}

static int run() {
  ::chmod(".", 0755);
  basics();
  sizes();
  descriptors();
  others();
  capabilities();
  return 0;
}

static const Topic topic("extended_attributes", run);
