// What mount points forbid, and what a bind mount is a second name of: nothing of what is mounted may be taken for the
// name that it hides.
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "../topic.h"

using namespace abi;

static void say_directory(const char* path) {
  std::vector<std::string> names;
  if (DIR* directory = ::opendir(path)) {
    while (const dirent* entry = ::readdir(directory)) names.push_back(entry->d_name);
    ::closedir(directory);
  } else {
    say("  %s: %s\n", path, outcome(-1));
    return;
  }
  std::sort(names.begin(), names.end());
  say("  %s:", path);
  for (const std::string& name : names) {
    if (name[0] != '.') say(" %s", name.c_str());
  }
  say("\n");
}

static void say_all() {
  for (const char* path : {"a", "b", "b/src", "a/point"}) say_directory(path);
}

// Names that have a file system of their own on them, and the source of a bind mount, whose last name is another one's.
static void points() {
  say("points\n");
  for (const char* path : {"a", "a/point", "a/src", "a/other", "b", "b/src", "b/src/inner"}) ::mkdir(path, 0755);
  write_file("a/file_point", "under");
  write_file("b/file", "bound");
  write_file("b/src/kept", "kept");
  say("bind: %s\n", outcome(::mount("b/src", "a/point", nullptr, MS_BIND, nullptr)));
  say("bind a file: %s\n", outcome(::mount("b/file", "a/file_point", nullptr, MS_BIND, nullptr)));
  say("bind a file on a directory: %s\n", outcome(::mount("b/file", "a/other", nullptr, MS_BIND, nullptr)));
  say("bind a directory on a file: %s\n", outcome(::mount("b/src", "b/file", nullptr, MS_BIND, nullptr)));
  say_all();
  for (const char* path : {"a/point", "a/point/", "a/file_point"}) {
    say("%s: unlink %s", path, outcome(::unlink(path)));
    say(", rmdir %s", outcome(::rmdir(path)));
    say(", rename from %s", outcome(::rename(path, "a/new")));
    say(", rename dir to %s", outcome(::rename("a/other", path)));
    say(", rename file to %s", outcome(::rename("b/file", path)));
    say(", exchange %s", outcome(::renameat2(AT_FDCWD, path, AT_FDCWD, "a/other", RENAME_EXCHANGE)));
    say(", no replace %s", outcome(::renameat2(AT_FDCWD, "a/other", AT_FDCWD, path, RENAME_NOREPLACE)));
    say(", mkdir %s", outcome(::mkdir(path, 0755)));
    say(", mknod %s", outcome(::mknod(path, S_IFREG | 0644, 0)));
    say(", symlink %s", outcome(::symlink("x", path)));
    say(", link %s", outcome(::link("b/src/kept", path)));
    say(", link from %s\n", outcome(::link(path, "a/linked")));
  }
  say_all();
  say("across: rename %s", outcome(::rename("a/point/kept", "a/moved")));
  say(", link %s\n", outcome(::link("a/point/kept", "a/moved")));
  say("the source may go: %s\n", outcome(::rename("b/src", "b/renamed")));
  write_file("a/point/later", "later");
  say_directory("b/renamed");
  say("its parent is not empty: %s\n", outcome(::rmdir("b/renamed")));
  say("busy while in use: ");
  const int fd = ::open("a/point", O_PATH);
  say("%s", outcome(::umount("a/point")));
  ::close(fd);
  say(", then %s\n", outcome(::umount("a/point")));
  say("no mount any more: %s\n", outcome(::umount("a/point")));
  say("file: %s\n", outcome(::umount("a/file_point")));
  say("now: rmdir %s", outcome(::rmdir("a/point")));
  say(", unlink %s\n", outcome(::unlink("a/file_point")));
  say_all();
}

static void recursive() {
  say("recursive\n");
  for (const char* path : {"tree", "copy", "tree/one", "tree/two"}) ::mkdir(path, 0755);
  say("%s", outcome(::mount("x", "tree/one", "tmpfs", 0, nullptr)));
  ::mkdir("tree/one/deep", 0755);
  write_file("tree/one/file", "one");
  say(" %s", outcome(::mount("y", "tree/one/deep", "tmpfs", 0, nullptr)));
  write_file("tree/one/deep/file", "deep");
  say(" %s", outcome(::mount("z", "tree/two", "tmpfs", 0, nullptr)));
  write_file("tree/two/file", "two");
  say(" %s\n", outcome(::mount(nullptr, "tree/two", nullptr, MS_UNBINDABLE, nullptr)));
  say("bind: %s\n", outcome(::mount("tree", "copy", nullptr, MS_BIND, nullptr)));
  for (const char* path : {"copy", "copy/one", "copy/two"}) say_directory(path);
  say("umount: %s\n", outcome(::umount("copy")));
  say("recursive bind: %s\n", outcome(::mount("tree", "copy", nullptr, MS_BIND | MS_REC, nullptr)));
  for (const char* path : {"copy", "copy/one", "copy/one/deep", "copy/two"}) say_directory(path);
  say("of an unbindable one: %s\n", outcome(::mount("tree/two", "copy/two", nullptr, MS_BIND, nullptr)));
  say("umount with others on it: %s", outcome(::umount("copy")));
  const int inside = ::open("copy/one/deep", O_RDONLY | O_DIRECTORY);
  say(", detached %s\n", outcome(::umount2("copy", MNT_DETACH)));
  for (const char* path : {"copy", "copy/one", "tree/one/deep"}) say_directory(path);
  say("who was inside still is: %s", outcome(::faccessat(inside, "file", R_OK, 0)));
  say(", and its parent is itself: %s\n", outcome(::faccessat(inside, "../file", R_OK, 0)));
  ::fchdir(inside);
  ::close(inside);
  char text[256] = {};
  say("its name: %s\n", ::getcwd(text, sizeof text) ? text : outcome(-1));
  ::chdir("/tmp");
  say("bind what was detached: no\n");
}

static void moving() {
  say("moving\n");
  for (const char* path : {"from", "to", "from/sub"}) ::mkdir(path, 0755);
  ::mount("x", "from", "tmpfs", 0, nullptr);
  ::mkdir("from/sub", 0755);
  ::mount("y", "from/sub", "tmpfs", 0, nullptr);
  write_file("from/sub/file", "file");
  say("under itself: %s", outcome(::mount("from", "from/sub", nullptr, MS_MOVE, nullptr)));
  say(", no mount: %s", outcome(::mount("to", "from", nullptr, MS_MOVE, nullptr)));
  say(", from to: %s\n", outcome(::mount("from", "to", nullptr, MS_MOVE, nullptr)));
  for (const char* path : {"from", "to", "to/sub"}) say_directory(path);
  say("umount: %s", outcome(::umount("to")));
  say(", %s", outcome(::umount("to/sub")));
  say(", %s\n", outcome(::umount("to")));
}

static void flags() {
  say("flags\n");
  ::mkdir("f", 0755);
  ::mkdir("g", 0755);
  say("tmpfs: %s\n", outcome(::mount("x", "f", "tmpfs", MS_NODEV | MS_NOSUID, nullptr)));
  ::mknod("f/null", S_IFCHR | 0666, 1 << 8 | 3);
  write_file("f/program", "#!/bin/sh\nexit 0\n", 0755);
  ::symlink("program", "f/link");
  const auto attempt = [](const char* what) {
    struct statfs statistics {};
    ::statfs("f", &statistics);
    say("%s (%#lx):", what, static_cast<unsigned long>(statistics.f_flags) & 0x3fff);
    int fd = ::open("f/null", O_RDONLY);
    say(" device %s", outcome(fd));
    ::close(fd);
    say(", exec %s", outcome(::faccessat(AT_FDCWD, "f/program", X_OK, 0)));
    fd = ::open("f/program", O_WRONLY);
    say(", write %s", outcome(fd));
    ::close(fd);
    say(", create %s", outcome(::mkdir("f/new", 0755)));
    ::rmdir("f/new");
    say(", remove %s", outcome(::unlink("f/none")));
    say(", chmod %s", outcome(::chmod("f/program", 0755)));
    say(", through a link %s\n", outcome(::access("f/link", R_OK)));
  };
  const auto remount = [](unsigned long bits) { return ::mount(nullptr, "f", nullptr, MS_REMOUNT | bits, nullptr); };
  attempt("nodev, nosuid");
  say("remount: %s\n", outcome(remount(MS_BIND)));
  attempt("nothing");
  say("remount: %s\n", outcome(remount(MS_BIND | MS_NOEXEC | MS_RDONLY)));
  attempt("ro, noexec");
  say("remount: %s\n", outcome(remount(0)));
  attempt("nothing");
  const int fd = ::open("f/program", O_WRONLY);
  say("ro while one writes: %s", outcome(remount(MS_BIND | MS_RDONLY)));
  say(", %s", outcome(remount(MS_RDONLY)));
  ::close(fd);
  say(", afterwards: %s\n", outcome(remount(MS_RDONLY)));
  attempt("the file system is ro");
  // A new bind mount has the flags of the mount that it shows, whatever is asked for.
  say("bind: %s\n", outcome(::mount("f", "g", nullptr, MS_BIND | MS_NOEXEC, nullptr)));
  say("write there: %s", outcome(::open("g/program", O_WRONLY)));
  say(", exec there: %s\n", outcome(::access("g/program", X_OK)));
  say("rw again: %s", outcome(remount(0)));
  say(", write there: %s\n", outcome(::access("g/program", W_OK)));
  say("nosymfollow: %s\n", outcome(remount(MS_BIND | 256)));
  attempt("nosymfollow");
  ::umount("g");
  ::umount("f");
  say("remount of no mount: %s\n", outcome(remount(MS_BIND)));
}

static void propagation() {
  say("propagation\n");
  ::mkdir("p", 0755);
  const auto change = [](unsigned long bits) { return ::mount(nullptr, "p", nullptr, bits, nullptr); };
  say("no mount: %s\n", outcome(change(MS_PRIVATE)));
  ::mount("x", "p", "tmpfs", 0, nullptr);
  say("private: %s", outcome(change(MS_PRIVATE)));
  say(", recursive: %s", outcome(change(MS_PRIVATE | MS_REC)));
  say(", slave: %s", outcome(change(MS_SLAVE)));
  say(", unbindable: %s", outcome(change(MS_UNBINDABLE)));
  say(", two: %s\n", outcome(change(MS_PRIVATE | MS_SLAVE)));
  ::umount("p");
}

static void unmounting() {
  say("unmounting\n");
  ::mkdir("u", 0755);
  ::symlink("u", "ul");
  ::mount("x", "u", "tmpfs", 0, nullptr);
  say("unknown flags: %s", outcome(::umount2("u", 16)));
  say(", nowhere: %s", outcome(::umount2("none", 0)));
  say(", a link, not followed: %s", outcome(::umount2("ul", UMOUNT_NOFOLLOW)));
  say(", expire and detach: %s", outcome(::umount2("u", MNT_EXPIRE | MNT_DETACH)));
  say(", expire: %s", outcome(::umount2("u", MNT_EXPIRE)));
  say(", looked at: %s", outcome(::access("u/x", F_OK)));
  say(", expire: %s", outcome(::umount2("u", MNT_EXPIRE)));
  say(", again: %s", outcome(::umount2("u", MNT_EXPIRE)));
  say(", gone: %s\n", outcome(::umount2("u", 0)));
  ::mount("x", "u", "tmpfs", 0, nullptr);
  ::mount("y", "u", "tmpfs", 0, nullptr);
  say("two on one point, through a link: %s", outcome(::umount2("ul", 0)));
  say(", %s", outcome(::umount2("u", 0)));
  say(", %s\n", outcome(::umount2("u", 0)));
  // The last user of a mount that was detached leaves it: what it showed goes, names first.
  ::mount("x", "u", "tmpfs", 0, nullptr);
  ::mkdir("u/in", 0755);
  write_file("u/in/file", "in");
  ::chdir("u/in");
  say("detach under a working directory: %s", outcome(::umount2("../../u", MNT_DETACH)));
  say(", still there: %s", outcome(::access("file", R_OK)));
  say(", leave: %s\n", outcome(::chdir("/tmp")));
}

// Many on one point, each the parent of the next, that all go with their last user.
static void many() {
  ::mkdir("m", 0755);
  int mounted = 0, detached = 0;
  for (int i = 0; i < 120; ++i) mounted += ::mount("x", "m", "tmpfs", 0, nullptr) == 0;
  const int inside = ::open("m", O_RDONLY | O_DIRECTORY);
  while (::umount2("m", MNT_DETACH) == 0) ++detached;
  say("many: %d mounted, %d detached", mounted, detached);
  ::close(inside);
  say(", %s\n", outcome(::rmdir("m")));
}

static int run() {
  // A file system whose behaviour is the same everywhere, and that is private.
  char directory[256];
  ::getcwd(directory, sizeof directory);
  say("start: %s\n", outcome(::mount("top", directory, "tmpfs", 0, nullptr)));
  for (void (*part)() : {points, recursive, moving, flags, propagation, unmounting, many}) {
    ::chdir(directory);
    part();
  }
  if (in_child([] {
        ::setuid(1000);
        say("as a user: mount %s", outcome(::mount("x", "/tmp", "tmpfs", 0, nullptr)));
        say(", nowhere %s", outcome(::mount("x", "/none", "tmpfs", 0, nullptr)));
        say(", umount %s", outcome(::umount2("/tmp", 0)));
        say(", nowhere %s\n", outcome(::umount2("/none", 0)));
        return 0;
      }) > 0) {
    int status = 0;
    ::wait(&status);
  }
  return 0;
}

static const Topic topic("mount_points", run);
