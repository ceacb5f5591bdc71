// Calls that name a last component, with a trailing slash or a dot behind it: which follow a link, which mean the link, and
// what is left afterwards.
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "../topic.h"

using namespace abi;

static const char* kind_of(const char* path) {
  struct stat status {};
  if (::lstat(path, &status) != 0) return "-";
  if (S_ISDIR(status.st_mode)) return "directory";
  if (S_ISLNK(status.st_mode)) return "link";
  return S_ISREG(status.st_mode) ? "file" : "other";
}

static void make_all() {
  ::mkdir("dir", 0755);
  ::mkdir("target", 0755);
  write_file("file", "contents");
  write_file("file_target", "contents");
  ::symlink("target", "ln");
  ::symlink("file_target", "file_ln");
  ::symlink("made", "dangling");
}

static void remove_all() {
  for (const char* name : {"dir", "target", "file", "file_target", "ln", "file_ln", "dangling", "made", "new"}) {
    if (::rmdir(name) != 0) ::unlink(name);
  }
}

static std::string tree() {
  std::string text;
  for (const char* name : {"dir", "target", "file", "file_target", "ln", "file_ln", "dangling", "made", "new"})
    text += std::string(" ") + kind_of(name);
  return text;
}

// One line for all the names; the tree is made anew, and said, when a call has changed it.
static void attempt(const char* what, const char* suffix, const std::function<long(const char*)>& call) {
  std::string line = std::string(what) + " *" + suffix + ":";
  make_all();
  const std::string before = tree();
  for (const char* name : {"dir", "file", "ln", "file_ln", "dangling", "new"}) {
    const long result = call((std::string(name) + suffix).c_str());
    line += std::string(" ") + outcome(result);
    if (result < 0) continue;
    line += " (" + tree() + ")";
    remove_all();
    make_all();
  }
  say("%s%s\n", line.c_str(), tree() == before ? "" : ", and changed something");
  remove_all();
}

static long closed(int fd) {
  if (fd >= 0) ::close(fd);
  return fd;
}

static int run() {
  for (const char* suffix : {"", "//", "/."}) {
    attempt("rmdir", suffix, [](const char* path) { return ::rmdir(path); });
    attempt("unlink", suffix, [](const char* path) { return ::unlink(path); });
    attempt("mkdir", suffix, [](const char* path) { return ::mkdir(path, 0755); });
    attempt("mknod", suffix, [](const char* path) { return ::mknod(path, S_IFREG | 0644, 0); });
    attempt("mkfifo", suffix, [](const char* path) { return ::mkfifo(path, 0644); });
    attempt("symlink", suffix, [](const char* path) { return ::symlink("target", path); });
    attempt("link to", suffix, [](const char* path) { return ::link("file_target", path); });
    attempt("link from", suffix, [](const char* path) { return ::link(path, "made"); });
    attempt("rename from", suffix, [](const char* path) { return ::rename(path, "made"); });
    attempt("rename dir to", suffix, [](const char* path) { return ::rename("target", path); });
    attempt("rename file to", suffix, [](const char* path) { return ::rename("file_target", path); });
    attempt("exchange from", suffix,
            [](const char* path) { return ::renameat2(AT_FDCWD, path, AT_FDCWD, "target", RENAME_EXCHANGE); });
    attempt("exchange to", suffix,
            [](const char* path) { return ::renameat2(AT_FDCWD, "file_target", AT_FDCWD, path, RENAME_EXCHANGE); });
    attempt("no replace to", suffix,
            [](const char* path) { return ::renameat2(AT_FDCWD, "target", AT_FDCWD, path, RENAME_NOREPLACE); });
    attempt("open", suffix, [](const char* path) { return closed(::open(path, O_RDONLY)); });
    attempt("open O_NOFOLLOW", suffix, [](const char* path) { return closed(::open(path, O_RDONLY | O_NOFOLLOW)); });
    attempt("open O_DIRECTORY O_NOFOLLOW", suffix,
            [](const char* path) { return closed(::open(path, O_RDONLY | O_NOFOLLOW | O_DIRECTORY)); });
    attempt("open O_PATH O_NOFOLLOW", suffix,
            [](const char* path) { return closed(::open(path, O_PATH | O_NOFOLLOW)); });
    attempt("open O_CREAT", suffix, [](const char* path) { return closed(::open(path, O_WRONLY | O_CREAT, 0644)); });
    attempt("open O_CREAT O_NOFOLLOW", suffix,
            [](const char* path) { return closed(::open(path, O_WRONLY | O_CREAT | O_NOFOLLOW, 0644)); });
    attempt("open O_EXCL", suffix,
            [](const char* path) { return closed(::open(path, O_WRONLY | O_CREAT | O_EXCL, 0644)); });
    attempt("open O_TMPFILE", suffix, [](const char* path) { return closed(::open(path, O_RDWR | O_TMPFILE, 0600)); });
    attempt("lstat", suffix, [](const char* path) {
      struct stat status {};
      return ::lstat(path, &status);
    });
    attempt("truncate", suffix, [](const char* path) { return ::truncate(path, 0); });
    attempt("chdir", suffix, [](const char* path) {
      const int back = ::open(".", O_PATH | O_DIRECTORY);
      const int result = ::chdir(path);
      const int error = errno;
      ::fchdir(back);
      ::close(back);
      errno = error;
      return result;
    });
    attempt("readlink", suffix, [](const char* path) {
      char text[64];
      return ::readlink(path, text, sizeof text);
    });
    attempt("lchown", suffix, [](const char* path) { return ::lchown(path, 0, 0); });
    attempt("utimensat", suffix,
            [](const char* path) { return ::utimensat(AT_FDCWD, path, nullptr, AT_SYMLINK_NOFOLLOW); });
  }
  // The root has no name.
  say("root: rmdir %s", outcome(::rmdir("/")));
  say(", unlink %s", outcome(::unlink("/")));
  say(", mkdir %s", outcome(::mkdir("/", 0755)));
  say(", rename from %s", outcome(::rename("/", "made")));
  make_all();
  say(", rename to %s", outcome(::rename("dir", "/")));
  say(", creat %s\n", outcome(::open("/", O_WRONLY | O_CREAT, 0644)));
  remove_all();
  return 0;
}

static const Topic topic("trailing_slashes", run);
