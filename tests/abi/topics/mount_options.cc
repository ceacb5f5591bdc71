// What /proc/self/mounts and mountinfo show of a file system's own options.
#include <sys/mount.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>
#include <string>

#include "../topic.h"

using namespace abi;

namespace {

// Which of the two a tmpfs has is a choice of whoever built the kernel (CONFIG_TMPFS_INODE64).
std::string without_inode_width(std::string text) {
  for (const char* word : {",inode64", ",inode32"}) {
    if (const auto at = text.find(word); at != std::string::npos) text.erase(at, 8);
  }
  return text;
}

void say_lines(const char* what) {
  std::ifstream mounts("/proc/self/mounts");
  for (std::string line; std::getline(mounts, line);) {
    if (line.find("/options_here") != std::string::npos) {
      say("%s: %s\n", what, without_inode_width(line.substr(line.find("options_here"))).c_str());
    }
  }
  std::ifstream mountinfo("/proc/self/mountinfo");
  for (std::string line; std::getline(mountinfo, line);) {
    if (line.find("/options_here") == std::string::npos) continue;
    // Without the numbers, and without what is at the mount's place in the tree of the test's own root.
    const std::string rest = without_inode_width(line.substr(line.find("options_here")));
    say("  mountinfo: %s\n", rest.c_str());
  }
}

void say_mounted(const char* type, unsigned long flags, const char* options) {
  const std::string shown = std::string(type) + " " + (options != nullptr ? options : "(none)");
  say("%s: %s\n", shown.c_str(), outcome(::mount("source", "options_here", type, flags, options)));
  say_lines("mounts");
  ::umount("options_here");
}

int run() {
  ::mkdir("options_here", 0755);
  ::mkdir("options_here_too", 0755);
  say_mounted("tmpfs", 0, nullptr);
  for (const char* options : {"size=64k", "size=15k", "size=0", "size=3m,mode=755", "nr_blocks=3", "nr_inodes=9",
                              "nr_inodes=1k,size=1g", "nr_inodes=0", "mode=1777", "mode=777", "mode=0", "mode=7755",
                              "uid=0,gid=0", "uid=12,gid=13,mode=700,size=8k", "size=8k,size=16k"}) {
    say_mounted("tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options);
  }
  say_mounted("tmpfs", MS_RDONLY, "size=64k");
  ::mount("source", "options_here", "tmpfs", MS_RDONLY, "size=64k");
  say("the mount alone: %s\n", outcome(::mount("none", "options_here", nullptr, MS_REMOUNT | MS_BIND, nullptr)));
  say_lines("then");
  say("mkdir: %s\n", outcome(::mkdir("options_here/new", 0755)));
  ::umount("options_here");

  say("then others: %s\n", outcome(::mount("source", "options_here", "tmpfs", 0, "size=64k,nr_inodes=20,mode=700")));
  say("mode of the root: %s\n", outcome(::chmod("options_here", 0755)));
  say("remount: %s\n", outcome(::mount("none", "options_here", nullptr, MS_REMOUNT, "size=128k,mode=711,uid=5")));
  say_lines("remounted");
  say("read-only: %s\n", outcome(::mount("none", "options_here", nullptr, MS_REMOUNT | MS_RDONLY, "nr_inodes=30")));
  say_lines("remounted read-only");
  say("bind: %s\n", outcome(::mount("options_here", "options_here_too", nullptr, MS_BIND, nullptr)));
  say_lines("at two places");
  ::umount("options_here_too");
  ::umount("options_here");

  for (const char* options :
       {"newinstance", "newinstance,gid=5,mode=620,ptmxmode=666", "newinstance,uid=7,mode=0,max=9"}) {
    say_mounted("devpts", MS_NOSUID | MS_NOEXEC, options);
  }
  return 0;
}

const Topic topic("mount_options", run);

}  // namespace
