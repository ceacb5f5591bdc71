// What the programs of the differential tests share. Each file in topics/ looks at one part of Linux's ABI and says
// what it saw; the same program runs on Linux and in the guest, and what it says must be equal. So a topic says nothing
// that two runs on Linux could say differently: no addresses, no times, no process ids.
#pragma once

#include <sys/types.h>

#include <functional>

namespace abi {

// One topic, found by its name. Define one object of this type per file; its name must be the file's.
class Topic {
 public:
  using Run = int (*)();
  Topic(const char* name, Run run);

  const char* name() const { return name_; }
  const Topic* next() const { return next_; }
  int run() const { return run_(); }
  static const Topic* first();

 private:
  const char* name_;
  Run run_;
  const Topic* next_;
};

// printf to standard output without a buffer, so that what several processes say comes in the order of events.
void say(const char* format, ...) __attribute__((format(printf, 1, 2)));

// "ok" for a result that is not negative, else errno's name ("ENOENT"). Reads errno: call it with the failing call as
// its argument, or right after it.
const char* outcome(long result);

// Forks; the child runs `body` and exits with what it returns.
pid_t in_child(const std::function<int()>& body);

// A user whom nobody else is. The limits of a user count what all its processes have, in whatever namespace: a topic that uses
// one up, or that looks how much is left, is not root, as whom the topics beside it run.
uid_t fresh_user();

// Waits for `child` and says how it ended: "WHAT: exited with 3", "WHAT: killed by SIGSEGV".
void say_end(const char* what, pid_t child);
void say_status(const char* what, int status);

// Waits until a thread of a process (0: its first one) sleeps, in the call that it is about to make, say, or has ended:
// however slow or busy the machine is.
void await_asleep(pid_t process, pid_t thread = 0);

// The path of this program, for topics that execute it again, and what it was given after the topic's name.
extern const char* const* arguments;  // NULL-terminated
const char* self_path();

// Writes a whole new file in the topic's working directory, which is empty at the beginning.
void write_file(const char* path, const char* contents, mode_t mode = 0644);

}  // namespace abi
