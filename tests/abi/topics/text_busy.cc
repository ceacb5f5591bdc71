// ETXTBSY: a program that runs cannot be written, a file that is open for writing cannot be run.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "../topic.h"

using namespace abi;

static void copy_file(const char* from, const char* to) {
  const int in = ::open(from, O_RDONLY), out = ::open(to, O_WRONLY | O_CREAT | O_TRUNC, 0755);
  while (::sendfile(out, in, nullptr, 1 << 20) > 0) continue;
  ::close(in);
  ::close(out);
}

static const char* opened(const char* path, int flags) {
  const int fd = ::open(path, flags, 0644);
  const char* result = outcome(fd);
  if (fd >= 0) ::close(fd);
  return result;
}

static void say_writing(const char* when, const char* path) {
  say("%s: O_RDONLY %s", when, opened(path, O_RDONLY));
  say(", O_WRONLY %s", opened(path, O_WRONLY));
  say(", O_RDWR %s", opened(path, O_RDWR));
  say(", O_CREAT %s", opened(path, O_WRONLY | O_CREAT));
  say(", append %s", opened(path, O_WRONLY | O_APPEND));
  say(", O_RDONLY O_TRUNC %s", opened("prog", O_RDONLY | O_TRUNC | O_EXCL));
  say(", O_PATH %s", opened(path, O_PATH));
  say(", truncate %s", outcome(::truncate(path, 1 << 20)));
  say(", chmod %s", outcome(::chmod(path, 0755)));
  say(", W_OK %s\n", outcome(::access(path, W_OK)));
}

constexpr int kReady = 10, kGo = 11;

// Starts `path` with this topic's second part, which says that it runs and waits.
static pid_t start(const char* path, int* go) {
  int ready[2], wait[2];
  ::pipe2(ready, O_CLOEXEC);
  ::pipe2(wait, O_CLOEXEC);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ready[1], kReady);
    ::dup2(wait[0], kGo);
    for (const int fd : {ready[0], ready[1], wait[0], wait[1]}) ::close(fd);
    ::execl(path, path, "text_busy", "again", nullptr);
    ::_exit(9);
  }
  ::close(ready[1]);
  ::close(wait[0]);
  char byte;
  say("started: %zd\n", ::read(ready[0], &byte, 1));
  ::close(ready[0]);
  *go = wait[1];
  return child;
}

static void running() {
  copy_file(self_path(), "prog");
  say_writing("before", "prog");
  copy_file(self_path(), "prog");
  int go;
  const pid_t child = start("./prog", &go);
  say_writing("running", "prog");
  ::symlink("prog", "prog_link");
  ::link("prog", "prog_hard");
  say("by a link: %s, by another name: %s\n", opened("prog_link", O_WRONLY), opened("prog_hard", O_WRONLY));
  int second_go;
  const pid_t second = start("./prog_hard", &second_go);
  say("names may change: %s", outcome(::rename("prog", "prog_moved")));
  say(", go: %s\n", outcome(::unlink("prog_hard")));
  say_writing("two run", "prog_moved");
  ::close(go);
  ::waitpid(child, nullptr, 0);
  say_writing("one runs", "prog_moved");
  ::close(second_go);
  siginfo_t info;
  ::waitid(P_PID, static_cast<id_t>(second), &info, WEXITED | WNOWAIT);
  say_writing("a zombie", "prog_moved");
  ::waitpid(second, nullptr, 0);
}

// A child of fork(2) runs the same program, until it executes another one.
static void forked() {
  copy_file(self_path(), "other");
  say_end("in a child of it", in_child([] {
            ::execl("./other", "other", "text_busy", "fork", nullptr);
            return 9;
          }));
  say_writing("afterwards", "other");
}

static void run_it(const char* what, const char* path) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl(path, path, nullptr);
    say("%s: %s\n", what, outcome(-1));
    ::_exit(9);
  }
  say_end(what, child);
}

static void written() {
  write_file("script", "#!/bin/sh\nexit 3\n", 0755);
  run_it("script", "./script");
  const int fd = ::open("script", O_WRONLY | O_APPEND);
  run_it("open for writing", "./script");
  const int copy = ::dup(fd);
  ::close(fd);
  run_it("a duplicate is", "./script");
  ::close(copy);
  run_it("closed", "./script");
  const int both = ::open("script", O_RDWR);
  void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, both, 0);
  void* own = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, both, 0);
  ::close(both);
  run_it("mapped, shared and privately", "./script");
  ::munmap(page, 4096);
  run_it("mapped privately", "./script");
  ::munmap(own, 4096);
  run_it("unmapped", "./script");
  // The interpreter of a script is the program; the script itself is a file that it reads.
  write_file("writes_itself", "#!/bin/sh\necho '#' >>writes_itself && exit 4\n", 0755);
  run_it("a script that writes itself", "./writes_itself");
  write_file("linked_program", "#!./script\n", 0755);
  const int interpreter = ::open("script", O_WRONLY | O_APPEND);
  run_it("its interpreter is open for writing", "./linked_program");
  ::close(interpreter);
  say("what another program's loader is: %s\n", opened("/lib64/ld-linux-x86-64.so.2", O_WRONLY));
}

static void in_memory() {
  const int fd = ::memfd_create("program", 0);
  const int in = ::open(self_path(), O_RDONLY);
  while (::sendfile(fd, in, nullptr, 1 << 20) > 0) continue;
  ::close(in);
  say_end("the only descriptor of a memfd", in_child([&] {
            const char* arguments[] = {"memory", "text_busy", "end", nullptr};
            const char* environment[] = {nullptr};
            ::syscall(SYS_execveat, fd, "", arguments, environment, AT_EMPTY_PATH);
            say("execveat: %s\n", outcome(-1));
            return 9;
          }));
  char path[64];
  ::snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  const int again = ::open(path, O_WRONLY);
  say_end("opened for writing a second time", in_child([&] {
            const char* arguments[] = {"memory", "text_busy", "end", nullptr};
            const char* environment[] = {nullptr};
            ::syscall(SYS_execveat, fd, "", arguments, environment, AT_EMPTY_PATH);
            say("execveat: %s\n", outcome(-1));
            return 9;
          }));
  ::close(again);
}

static int run() {
  const char* part = arguments[0];
  if (part != nullptr && ::strcmp(part, "again") == 0) {
    char byte = 'r';
    ::write(kReady, &byte, 1);
    ::close(kReady);
    ::read(kGo, &byte, 1);
    return 0;
  }
  if (part != nullptr && ::strcmp(part, "end") == 0) return 5;
  if (part != nullptr && ::strcmp(part, "fork") == 0) {
    const pid_t child = in_child([] {
      ::usleep(50'000);
      say("the child: %s\n", opened("other", O_WRONLY));
      ::execl("/bin/true", "true", nullptr);
      return 9;
    });
    say("its parent: %s\n", opened("other", O_WRONLY));
    say_end("the child", child);
    return 0;
  }
  running();
  forked();
  written();
  in_memory();
  return 0;
}

static const Topic topic("text_busy", run);
