// umask, chdir, fchdir, getcwd: what they return, what a child inherits, what happens to a removed directory.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <cstring>

#include "../topic.h"

using namespace abi;

static mode_t mode_of(const char* path) {
  struct stat status {};
  return ::stat(path, &status) == 0 ? status.st_mode & 07777 : 0;
}

static void say_directory(const char* when) {
  char path[PATH_MAX];
  const char* result = ::getcwd(path, sizeof path);
  // The topic's own directory has a random name: only what comes after it is said.
  const char* rest = result != nullptr && std::strncmp(path, "/tmp/abi-", 9) == 0 ? path + 15 : path;
  say("%s: %s\n", when, result == nullptr ? outcome(-1) : rest);
}

static int run() {
  say("umask was %o\n", ::umask(077));
  write_file("a", "", 0666);
  ::mkdir("b", 0777);
  say("with 077: %o %o\n", mode_of("a"), mode_of("b"));
  say("umask returns %o\n", ::umask(0));
  write_file("c", "", 04766);
  say("with 0: %o\n", mode_of("c"));
  ::umask(027);
  say_end("inherited", in_child([] {
            const mode_t mask = ::umask(0);
            return static_cast<int>(mask);
          }));
  say("the parent's: %o\n", ::umask(07777777));
  say("cut to 0777: %o\n", ::umask(022));

  ::mkdir("d", 0755);
  ::mkdir("d/e", 0755);
  ::symlink("d/e", "link");
  say_directory("start");
  say("chdir: %s\n", outcome(::chdir("d/e")));
  say_directory("there");
  say("chdir ../..: %s\n", outcome(::chdir("../..")));
  say("chdir through a link: %s\n", outcome(::chdir("link")));
  say_directory("there");
  ::chdir("../..");
  const int fd = ::open("d", O_RDONLY | O_DIRECTORY);
  say("fchdir: %s\n", outcome(::fchdir(fd)));
  say_directory("there");
  say("a child's: ");
  say_end("child", in_child([] { return ::chdir("/"); }));
  say_directory("is its own");
  say("chdir to a file: %s\n", outcome(::chdir("../a")));
  say("to nothing: %s\n", outcome(::chdir("nothing")));
  say("to '': %s\n", outcome(::chdir("")));
  char small[3];
  say("getcwd into 3 bytes: %s\n", outcome(::getcwd(small, sizeof small) == nullptr ? -1 : 0));
  ::chdir("e");
  ::rmdir("../e");
  say_directory("removed");
  say("create in it: %s\n", outcome(::open("x", O_WRONLY | O_CREAT, 0644)));
  say("up from it: %s\n", outcome(::chdir("..")));
  say_directory("up");
  ::chdir("/");
  ::chdir("../../..");
  say_directory("above the root");
  return 0;
}

static const Topic topic("umask_cwd", run);
