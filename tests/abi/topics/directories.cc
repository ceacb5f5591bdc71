// Directories: entries, types, offsets, link counts, and the errors of mkdir, rmdir and rename.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "../topic.h"

using namespace abi;

static std::vector<std::string> entries(const char* path) {
  std::vector<std::string> names;
  DIR* stream = ::opendir(path);
  if (stream == nullptr) {
    say("opendir %s: %s\n", path, outcome(-1));
    return names;
  }
  while (const dirent* entry = ::readdir(stream)) {
    const char* type = entry->d_type == DT_DIR    ? "/"
                       : entry->d_type == DT_LNK  ? "@"
                       : entry->d_type == DT_REG  ? ""
                       : entry->d_type == DT_FIFO ? "|"
                                                  : "?";
    names.push_back(std::string(entry->d_name) + type + (entry->d_ino == 0 ? " (inode 0)" : ""));
  }
  ::closedir(stream);
  std::sort(names.begin(), names.end());
  return names;
}

static void say_entries(const char* path) {
  say("%s:", path);
  for (const std::string& name : entries(path)) say(" %s", name.c_str());
  say("\n");
}

static void say_links(const char* path) {
  struct stat status {};
  ::stat(path, &status);
  say("%s is a directory: %s\n", path, S_ISDIR(status.st_mode) ? "yes" : "no");
}

static int run() {
  say("mkdir: %s\n", outcome(::mkdir("one", 0755)));
  say("again: %s\n", outcome(::mkdir("one", 0755)));
  say("below nothing: %s\n", outcome(::mkdir("no/where", 0755)));
  ::mkdir("one/two", 0700);
  ::mkdir("one/two/three", 0700);
  write_file("one/file", "x");
  ::symlink("file", "one/link");
  ::mkfifo("one/fifo", 0600);
  say_entries(".");
  say_entries("one");
  say_entries("one/two/three");
  say_links("one");
  say("rmdir of a full one: %s\n", outcome(::rmdir("one")));
  say("rmdir of a file: %s\n", outcome(::rmdir("one/file")));
  say("rmdir of '.': %s\n", outcome(::rmdir("one/two/three/.")));
  say("rmdir of '..': %s\n", outcome(::rmdir("one/two/..")));
  say("unlink of a directory: %s\n", outcome(::unlink("one/two")));
  say("rmdir: %s\n", outcome(::rmdir("one/two/three")));
  say("rename into itself: %s\n", outcome(::rename("one", "one/two/inside")));
  ::mkdir("other", 0755);
  write_file("other/file", "y");
  say("rename over a full directory: %s\n", outcome(::rename("one/two", "other")));
  ::unlink("other/file");
  say("rename over an empty directory: %s\n", outcome(::rename("one/two", "other")));
  say("rename a directory over a file: %s\n", outcome(::rename("other", "one/file")));
  say("rename a file over a directory: %s\n", outcome(::rename("one/file", "other")));
  say_entries(".");
  say("open for writing: %s\n", outcome(::open("one", O_WRONLY)));
  say("O_DIRECTORY on a file: %s\n", outcome(::open("one/file", O_RDONLY | O_DIRECTORY)));
  const int fd = ::open("one", O_RDONLY | O_DIRECTORY);
  char buffer[64];
  say("read: %s\n", outcome(::read(fd, buffer, sizeof buffer)));
  say("getdents64 into too small a buffer: %s\n", outcome(::getdents64(fd, buffer, 4)));
  say("openat: %s\n", outcome(::openat(fd, "file", O_RDONLY)));
  say("mkdirat: %s\n", outcome(::mkdirat(fd, "new", 0755)));
  say("unlinkat: %s\n", outcome(::unlinkat(fd, "new", AT_REMOVEDIR)));

  // More entries than one getdents64 returns, and each exactly once while none is removed.
  ::mkdir("many", 0755);
  const std::string long_name = "many/" + std::string(220, 'n');  // the C library asks for 32 KiB at a time
  for (int i = 0; i < 200; ++i) write_file((long_name + std::to_string(i)).c_str(), "");
  std::vector<std::string> names = entries("many");
  const bool unique = std::adjacent_find(names.begin(), names.end()) == names.end();
  say("many: %zu entries, %s\n", names.size(), unique ? "each once" : "some twice");
  DIR* stream = ::opendir("many");
  int removed = 0;
  while (const dirent* entry = ::readdir(stream)) {
    if (entry->d_name[0] != '.') removed += ::unlinkat(::dirfd(stream), entry->d_name, 0) == 0;
  }
  ::closedir(stream);
  say("removed while reading: %d, left %zu\n", removed, entries("many").size());
  stream = ::opendir("one");
  ::readdir(stream);
  ::rewinddir(stream);
  int count = 0;
  while (::readdir(stream) != nullptr) ++count;
  say("after rewinddir: %d\n", count);

  // A directory that was removed while open is empty and takes nothing new.
  ::mkdir("gone", 0755);
  const int gone = ::open("gone", O_RDONLY | O_DIRECTORY);
  ::rmdir("gone");
  say("create in a removed directory: %s\n", outcome(::openat(gone, "x", O_WRONLY | O_CREAT, 0644)));
  say_entries("/etc");
  write_file("/etc/abi-extra", "x");
  ::unlink("/etc/hostname");
  ::unlink("/etc/passwd");
  say_entries("/etc");
  return 0;
}

static const Topic topic("directories", run);
