// execveat(2) and fexecve(3): programs and scripts that are named by a descriptor, in memory or in a file; what they are told
// to be their name.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "../topic.h"

using namespace abi;

static void run(const char* what, int directory, const char* path, int flags) {
  const pid_t child = in_child([&] {
    const char* words[] = {"zero", "one", nullptr};
    const char* environment[] = {nullptr};
    ::syscall(SYS_execveat, directory, path, words, environment, flags);
    say("%s: %s\n", what, outcome(-1));
    return 1;
  });
  say_end(what, child);
}

static const char kScript[] = "#!/bin/sh\necho \"I am $0 $1\"; read comm </proc/$$/comm; echo \"comm $comm\"; exit 3\n";

static int in_memory(const char* contents, unsigned flags) {
  const int fd = ::memfd_create("script", flags);
  ::write(fd, contents, std::strlen(contents));
  ::fchmod(fd, 0755);
  return ::fcntl(fd, flags & MFD_CLOEXEC ? F_DUPFD_CLOEXEC : F_DUPFD, 20);  // the same number everywhere
}

static const Topic topic("exec_by_descriptor", [] {
  run("a script in memory", in_memory(kScript, 0), "", AT_EMPTY_PATH);
  run("which execve closes", in_memory(kScript, MFD_CLOEXEC), "", AT_EMPTY_PATH);
  write_file("script", kScript, 0755);
  const int directory = ::fcntl(::open(".", O_RDONLY | O_DIRECTORY), F_DUPFD, 30);
  run("beside a directory", directory, "script", 0);
  run("with a long way", directory, "./../../proc/self/cwd/script", 0);
  ::fcntl(directory, F_SETFD, FD_CLOEXEC);
  run("in a directory that execve closes", directory, "script", 0);
  run("in the current one", AT_FDCWD, "script", 0);
  char path[256];
  std::snprintf(path, sizeof path, "%s/script", ::getcwd(path, 200));
  const int file = ::fcntl(::open("script", O_RDONLY), F_DUPFD, 40);
  run("an open file", file, "", AT_EMPTY_PATH);
  run("an open file that execve closes", ::fcntl(file, F_DUPFD_CLOEXEC, 50), "", AT_EMPTY_PATH);
  run("no path, and not said so", file, "", 0);
  // A program, which needs no name.
  const int program = ::fcntl(::open("/bin/busybox", O_RDONLY), F_DUPFD_CLOEXEC, 60);
  const pid_t child = in_child([program] {
    const char* words[] = {"sh", "-c", "read comm </proc/$$/comm; echo \"comm $comm\"; exit 4", nullptr};
    const char* environment[] = {nullptr};
    ::syscall(SYS_execveat, program, "", words, environment, AT_EMPTY_PATH);
    return 1;
  });
  say_end("a program that execve closes", child);
  return 0;
});
