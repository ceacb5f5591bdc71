// vfork: the parent waits until the child has executed or ended, and they share memory until then; posix_spawn on top.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "../topic.h"

using namespace abi;

static volatile int shared = 1;

static int run() {
  if (arguments[0] != nullptr) {
    say("executed\n");
    return 11;
  }
  pid_t child = ::vfork();
  if (child == 0) {
    shared = 2;
    ::_exit(3);
  }
  say("after vfork: shared %d\n", shared);
  say_end("child", child);

  const char* path = self_path();
  child = ::vfork();
  if (child == 0) {
    shared = 3;
    ::execl(path, "abi_topics", "vfork_exec", "again", nullptr);
    ::_exit(1);
  }
  say_end("child", child);
  say("shared %d\n", shared);

  child = ::vfork();
  if (child == 0) {
    ::execl("/no/such/file", "x", nullptr);
    ::_exit(127);
  }
  say_end("execl fails in the child", child);

  char* argv[] = {const_cast<char*>("abi_topics"), const_cast<char*>("vfork_exec"), const_cast<char*>("again"),
                  nullptr};
  const int error = ::posix_spawn(&child, path, nullptr, nullptr, argv, environ);
  say_end("spawned", child);  // it speaks before we do
  say("posix_spawn: %d\n", error);
  say("posix_spawn of nothing: %s\n",
      ::strerrorname_np(::posix_spawn(&child, "/no/such/file", nullptr, nullptr, argv, environ)));
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 1, "output", O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::posix_spawn(&child, path, &actions, nullptr, argv, environ);
  say_end("spawned with its output in a file", child);
  char text[32] = {};
  const int fd = ::open("output", O_RDONLY);
  ::read(fd, text, sizeof text - 1);
  say("file: %s", text);
  return 0;
}

static const Topic topic("vfork_exec", run);
