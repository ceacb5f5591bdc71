// `abi_topics TOPIC [ARG...]` runs one topic in a fresh directory; `abi_topics --list` names all.
#include <fcntl.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "topic.h"

namespace abi {
namespace {

const Topic* topics = nullptr;  // initialised before the topics' constructors run: it is a constant

}  // namespace

const char* const* arguments = nullptr;

Topic::Topic(const char* name, Run run) : name_(name), run_(run), next_(topics) {
  topics = this;
}
const Topic* Topic::first() {
  return topics;
}

void say(const char* format, ...) {
  std::va_list values;
  va_start(values, format);
  ::vdprintf(STDOUT_FILENO, format, values);
  va_end(values);
}

const char* outcome(long result) {
  if (result >= 0) return "ok";
  const char* name = ::strerrorname_np(errno);
  return name != nullptr ? name : "an unknown errno";
}

uid_t fresh_user() {
  unsigned number = 0;
  ::getrandom(&number, sizeof number, 0);
  return 100'000 + number % 1'000'000'000;
}

pid_t in_child(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  if (child < 0) say("fork: %s\n", outcome(child));
  return child;
}

void say_status(const char* what, int status) {
  if (WIFEXITED(status)) {
    say("%s: exited with %d\n", what, WEXITSTATUS(status));
  } else if (WIFSIGNALED(status)) {
    say("%s: killed by SIG%s\n", what, ::sigabbrev_np(WTERMSIG(status)));
  } else if (WIFSTOPPED(status)) {
    say("%s: stopped by SIG%s\n", what, ::sigabbrev_np(WSTOPSIG(status)));
  } else if (WIFCONTINUED(status)) {
    say("%s: continued\n", what);
  } else {
    say("%s: status %#x\n", what, status);
  }
}

void say_end(const char* what, pid_t child) {
  int status = 0;
  const pid_t waited = ::waitpid(child, &status, 0);
  if (waited != child) {
    say("%s: waitpid: %s\n", what, outcome(waited));
    return;
  }
  say_status(what, status);
}

void await_asleep(pid_t process, pid_t thread) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/task/%d/stat", process, thread != 0 ? thread : process);
  for (;; ::usleep(1'000)) {
    char text[256];
    const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t length = ::read(fd, text, sizeof text - 1);
    ::close(fd);
    if (length < 0) {
      say("%s: %s\n", path, outcome(length));
      return;
    }
    text[length] = '\0';
    const char* name_end = std::strrchr(text, ')');  // a name may contain anything
    if (name_end != nullptr && name_end[1] == ' ' && name_end[2] != '\0' && std::strchr("SZX", name_end[2]) != nullptr)
      return;
  }
}

const char* self_path() {
  static char path[4096];
  const ssize_t length = ::readlink("/proc/self/exe", path, sizeof path - 1);
  if (length < 0) {
    say("readlink /proc/self/exe: %s\n", outcome(length));
    ::_exit(2);
  }
  path[length] = '\0';
  return path;
}

void write_file(const char* path, const char* contents, mode_t mode) {
  const int fd = ::open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
  if (fd < 0) say("open %s: %s\n", path, outcome(fd));
  const std::size_t length = std::strlen(contents);
  if (::write(fd, contents, length) != static_cast<ssize_t>(length)) say("write %s: %s\n", path, outcome(-1));
  ::close(fd);
}

}  // namespace abi

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--list") == 0) {
    for (const abi::Topic* topic = abi::Topic::first(); topic != nullptr; topic = topic->next())
      std::puts(topic->name());
    return 0;
  }
  if (argc < 2) {
    std::fprintf(stderr, "usage: abi_topics TOPIC [ARG...] | --list\n");
    return 2;
  }
  abi::arguments = argv + 2;
  const bool again = argc > 2;  // executed by itself: in the directory that the first one made
  if (!again) {
    ::umask(022);
    char directory[] = "/tmp/abi-XXXXXX";
    if (::mkdtemp(directory) == nullptr || ::chdir(directory) != 0 || ::chmod(directory, 0755) != 0) {
      std::perror("abi_topics: /tmp");
      return 2;
    }
  }
  for (const abi::Topic* topic = abi::Topic::first(); topic != nullptr; topic = topic->next()) {
    if (std::strcmp(topic->name(), argv[1]) == 0) return topic->run();
  }
  std::fprintf(stderr, "abi_topics: no topic %s\n", argv[1]);
  return 2;
}
