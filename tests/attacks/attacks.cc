// A payload that tries the known ways out of a container, one after the other, each in a process of its own:
//   attacks SECRET-FILE SECRET MARKER VARIABLE PID...
// Nothing that it does harms the host where it works: it reads a file, creates a file, or asks for what nobody misses.
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/attacks/attack.h"

namespace attacks {
namespace {

const char* name(Result::Kind kind) {
  switch (kind) {
    case Result::Kind::kRefused:
      return "refused";
    case Result::Kind::kContained:
      return "contained";
    case Result::Kind::kDone:
      return "DONE";
  }
  return "?";
}

// In a process of its own: an attack may change its root directory, its user, or be killed for what it tries.
void run(const Attack& attack, const Host& host) {
  fflush(stdout);
  const pid_t child = fork();
  if (child < 0) {
    perror("fork");
    exit(1);
  }
  if (child == 0) {
    alarm(20);
    const Result result = attack.run(host);
    printf("%s %s %s\n", attack.name, name(result.kind), result.detail.c_str());
    fflush(stdout);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) printf("%s refused killed by signal %d\n", attack.name, WTERMSIG(status));
}

}  // namespace
}  // namespace attacks

int main(int count, char** arguments) {
  if (count < 5) {
    fprintf(stderr, "usage: attacks SECRET-FILE SECRET MARKER VARIABLE PID...\n");
    return 2;
  }
  attacks::Host host{arguments[1], arguments[2], arguments[3], arguments[4], {}};
  for (int index = 5; index < count; ++index) host.processes.push_back(atoi(arguments[index]));
  int tried = 0;
  for (const auto& group :
       {attacks::attacks_on_files(), attacks::attacks_on_processes(), attacks::attacks_on_kernel()}) {
    for (const attacks::Attack& attack : group) {
      attacks::run(attack, host);
      ++tried;
    }
  }
  printf("%d attacks tried\n", tried);
}
