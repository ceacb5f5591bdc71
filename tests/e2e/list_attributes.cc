// The payload of image_attributes_test.py: says what /data has in the way of extended attributes, changes some of it, says it
// again, and executes a program that has capabilities.
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

namespace {

const char* outcome(long result) {
  return result >= 0 ? "ok" : ::strerrorname_np(errno);
}

std::vector<std::string> attribute_names(const std::string& path) {
  std::vector<char> list(70'000);
  const ssize_t size = ::llistxattr(path.c_str(), list.data(), list.size());
  if (size < 0) std::printf("  llistxattr: %s\n", outcome(size));
  std::vector<std::string> names;
  for (ssize_t at = 0; at < size; at += static_cast<ssize_t>(names.back().size()) + 1)
    names.emplace_back(list.data() + at);
  std::sort(names.begin(), names.end());
  return names;
}

void list_file(const std::string& path) {
  struct stat about {};
  ::lstat(path.c_str(), &about);
  const bool is_directory = S_ISDIR(about.st_mode);
  std::printf("%s %o %u:%u %ld\n", path.c_str(), about.st_mode, about.st_uid, about.st_gid,
              is_directory ? 0 : static_cast<long>(about.st_size));
  for (const std::string& name : attribute_names(path)) {
    std::vector<char> value(70'000);
    const ssize_t size = ::lgetxattr(path.c_str(), name.c_str(), value.data(), value.size());
    std::printf("  %s %s %zd:", name.c_str(), outcome(size), size);
    for (ssize_t i = 0; i < size; ++i)
      std::printf("%02x", static_cast<unsigned char>(value[static_cast<std::size_t>(i)]));
    std::printf("\n");
  }
  if (!is_directory) return;
  std::vector<std::string> children;
  DIR* directory = ::opendir(path.c_str());
  while (const dirent* entry = ::readdir(directory)) {
    if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0)
      children.emplace_back(entry->d_name);
  }
  ::closedir(directory);
  std::sort(children.begin(), children.end());
  for (const std::string& child : children) list_file(path + "/" + child);
}

void change() {
  std::printf("append: ");
  std::ofstream("/data/file", std::ios::app) << "more";
  std::printf("%s\n", outcome(::access("/data/file", F_OK)));
  std::printf("rename: %s\n", outcome(::rename("/data/second", "/data/dir/moved")));
  std::printf("set: %s, ", outcome(::setxattr("/data/dir/moved", "user.new", "1", 1, XATTR_CREATE)));
  std::printf("%s, ", outcome(::setxattr("/data/dir/moved", "user.colour", "blue", 4, XATTR_REPLACE)));
  std::printf("%s\n", outcome(::setxattr("/data/dir", "user.colour", "blue", 4, XATTR_CREATE)));
  std::printf("remove: %s, ", outcome(::removexattr("/data/dir", "user.colour")));
  std::printf("%s\n", outcome(::removexattr("/data/dir", "user.colour")));
  std::printf("none: %s\n", outcome(::lgetxattr("/data/plain", "user.colour", nullptr, 0)));
  std::printf("shorter: %s\n", outcome(::truncate("/data/shorter", 1)));
}

int say_capabilities() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("CapPrm", 0) == 0 || line.rfind("CapEff", 0) == 0) std::printf("  %s\n", line.c_str());
  }
  std::printf("  euid %u secure %lu\n", ::geteuid(), ::getauxval(AT_SECURE));
  return 0;
}

void execute(const char* path) {
  std::printf("%s:\n", path);
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setgroups(0, nullptr) != 0 || ::setresgid(1000, 1000, 1000) != 0 || ::setresuid(1000, 1000, 1000) != 0)
      ::_exit(9);
    ::execl(path, path, "capabilities", nullptr);
    std::printf("  %s\n", outcome(-1));
    std::fflush(stdout);
    ::_exit(1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  std::printf("  status %d\n", WEXITSTATUS(status));
}

}  // namespace

int main(int count, char**) {
  if (count > 1) return say_capabilities();
  list_file("/data");
  for (const char* path : {"/data/program", "/data/inheritable", "/data/demanding"}) execute(path);
  change();
  list_file("/data");
  return 0;
}
