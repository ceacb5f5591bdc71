// Symbolic links: following and not following, relative and absolute, loops, lengths.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "../topic.h"

using namespace abi;

static void say_link(const char* path) {
  char target[64] = {};
  const ssize_t length = ::readlink(path, target, sizeof target - 1);
  struct stat own {
  }, followed{};
  ::lstat(path, &own);
  const int result = ::stat(path, &followed);
  say("%s -> %s, length %zd, size %ld, following: %s\n", path, length < 0 ? outcome(length) : target, length,
      static_cast<long>(own.st_size), outcome(result));
}

static int run() {
  ::mkdir("directory", 0755);
  write_file("directory/file", "contents");
  ::symlink("directory/file", "link");
  ::symlink("directory", "directory_link");
  ::symlink("nowhere", "dangling");
  ::symlink("loop_b", "loop_a");
  ::symlink("loop_a", "loop_b");
  ::symlink("../directory/../directory/./file", "directory/round");
  ::symlink("/etc/passwd", "absolute");
  for (const char* path :
       {"link", "directory_link", "dangling", "loop_a", "directory/round", "absolute", "directory/file"}) {
    say_link(path);
  }
  say("through: %s\n", outcome(::access("directory_link/file", R_OK)));
  say("through, and up: %s\n", outcome(::access("directory_link/../link", R_OK)));
  say("a link with a slash: %s\n", outcome(::access("link/", R_OK)));
  say("a directory link with a slash: %s\n", outcome(::access("directory_link/", R_OK)));
  say("O_NOFOLLOW: %s\n", outcome(::open("link", O_RDONLY | O_NOFOLLOW)));
  say("O_NOFOLLOW in the middle: %s\n", outcome(::open("directory_link/file", O_RDONLY | O_NOFOLLOW)));
  say("O_PATH | O_NOFOLLOW: %s\n", outcome(::open("link", O_PATH | O_NOFOLLOW)));
  say("loop: %s\n", outcome(::open("loop_a", O_RDONLY)));
  say("create through a dangling link: %s\n", outcome(::open("dangling", O_WRONLY | O_CREAT, 0644)));
  say("its target: %s\n", outcome(::access("nowhere", F_OK)));
  ::unlink("nowhere");
  say("O_EXCL through a dangling link: %s\n", outcome(::open("dangling", O_WRONLY | O_CREAT | O_EXCL, 0644)));
  say("mkdir on a dangling link: %s\n", outcome(::mkdir("dangling", 0755)));
  say("unlink takes the link: %s, the file is %s\n", outcome(::unlink("link")),
      outcome(::access("directory/file", F_OK)));
  say("rmdir of a link: %s\n", outcome(::rmdir("directory_link")));
  say("link follows not: %s\n", outcome(::link("dangling", "dangling_again")));
  say_link("dangling_again");
  say("over an existing file: %s\n", outcome(::symlink("x", "directory/file")));
  say("empty target: %s\n", outcome(::symlink("", "empty")));
  char small[4] = {};
  say("readlink into 3 bytes: %zd", ::readlink("dangling", small, 3));
  say(" [%s]\n", small);
  say("readlink into none: %s\n", outcome(::readlink("dangling", small, 0)));
  // 40 links in a row are followed, 41 are not. Linux counts the links twice when it has to begin a look-up again, as it
  // has when somebody else mounts or renames at the same time (fs/namei.c: ECHILD in RCU-walk), so 40 get some tries.
  ::symlink("directory", "chain0");
  for (int i = 1; i <= 41; ++i) {
    ::symlink(("chain" + std::to_string(i - 1)).c_str(), ("chain" + std::to_string(i)).c_str());
  }
  int result = -1;
  for (int attempt = 0; attempt < 100 && result != 0; ++attempt) result = ::access("chain39", F_OK);
  say("40 links: %s, ", outcome(result));
  say("41 links: %s\n", outcome(::access("chain40", F_OK)));
  const std::string longest(4095, 'l');
  say("target of 4095 bytes: %s, ", outcome(::symlink(longest.c_str(), "long")));
  say("of 4096: %s\n", outcome(::symlink((longest + "l").c_str(), "longer")));
  return 0;
}

static const Topic topic("symlinks", run);
