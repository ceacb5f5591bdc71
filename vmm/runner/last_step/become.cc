// The last step of a container's process 1: into the working directory, then execve(2) of the payload.
//
// Both are paths that the image has a say in. The kernel follows a magic link (proc(5), /proc/PID/fd, exe, cwd, root)
// wherever it leads, out of the container as well, so they are looked up here: where no descriptor but the standard
// streams is open (CVE-2024-21626 was a working directory /proc/self/fd/N), and where /proc/self/exe is a sealed file
// with nothing but this program in it (CVE-2019-5736 was a payload that got runc's own file that way). The look-up
// refuses magic links by itself, too; what it cannot see, the interpreters that the kernel looks up during execve(2),
// is what the other two are for.
#include "vmm/runner/last_step/become.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/uio.h>

#include "common/bare_call.h"
#include "vmm/runner/last_step/error_text.h"
#include "vmm/runner/last_step/interface.h"

namespace husk::runner::last_step {
namespace {

using bare::address;
using bare::leave;
using bare::system_call;

constexpr int kStandardError = 2;

unsigned long length(const char* text) {
  unsigned long size = 0;
  while (text[size] != '\0') ++size;
  return size;
}

// One line in the form of husk's own (vmm/log.h), in one piece.
template <typename... Text>
void say(Text... parts) {
  const iovec pieces[] = {{const_cast<char*>(parts), length(parts)}...};
  system_call(SYS_writev, kStandardError, address(pieces), sizeof...(parts));
}

// Decimal, for an error without a text.
class Number {
 public:
  explicit Number(int value) {
    for (unsigned rest = static_cast<unsigned>(value); rest != 0 || first_ == kSize; rest /= 10) {
      digits_[--first_] = static_cast<char>('0' + rest % 10);
    }
  }
  const char* text() const { return digits_ + first_; }

 private:
  static constexpr unsigned kSize = 12;
  char digits_[kSize + 1] = {};
  unsigned first_ = kSize;
};

[[noreturn]] void fail(int status, const char* what, const char* object, int error, const char* reason = nullptr) {
  if (reason == nullptr) reason = error_text(error);
  if (reason != nullptr) {
    say("husk: cannot ", what, "'", object, "': ", reason, "\n");
  } else {
    say("husk: cannot ", what, "'", object, "': error ", Number(error).text(), "\n");
  }
  leave(status);
}

long look_up(const char* path, unsigned long long flags) {
  open_how how{};
  how.flags = flags | O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_NO_MAGICLINKS;
  return system_call(SYS_openat2, AT_FDCWD, address(path), address(&how), sizeof how);
}

// As the payload's user. A directory that it may not enter is one that root has entered for it, as runc does
// (vmm/runner/open_in_root.h, prepare_working_directory).
void enter(const char* directory) {
  constexpr char kWhat[] = "enter working directory ";
  const long descriptor = look_up(directory, O_DIRECTORY);
  const long entered = descriptor < 0 ? descriptor : system_call(SYS_fchdir, descriptor);
  if (entered < 0 && entered != -EACCES) fail(kHuskError, kWhat, directory, static_cast<int>(-entered));
  if (descriptor >= 0) system_call(SYS_close, descriptor);
  // getcwd(2): "(unreachable)" and no slash comes first when the directory is not below the root directory.
  char path[4096];
  const long known = system_call(SYS_getcwd, address(path), sizeof path);
  if (known < 0) fail(kHuskError, kWhat, directory, static_cast<int>(-known));
  if (path[0] != '/') fail(kHuskError, kWhat, directory, 0, "it lies outside the container");
}

}  // namespace

[[noreturn]] void become_payload(const char* const* arguments, const char* const* environment) {
  enter(arguments[0]);
  const char* const* paths = arguments + 1;
  const char* const* argv = paths;
  while (argv[0][0] != '\0') ++argv;
  ++argv;

  // As execvp(3): a directory in PATH that lacks the file, or may not be searched, does not end the search, but a file
  // that was found and could not be run is what the user wants to hear about. The same as husk's `execute`.
  int error = ENOENT;
  for (; paths[0][0] != '\0'; ++paths) {
    long result = look_up(paths[0], 0);
    if (result >= 0) {
      system_call(SYS_close, result);
      result = system_call(SYS_execve, address(paths[0]), address(argv), address(environment));
    }
    if (result == -ENOENT || result == -ENOTDIR) continue;
    error = static_cast<int>(-result);
    if (error != EACCES) break;
  }
  if (error == ENOENT) fail(kNotFound, "run ", argv[0], error, "command not found");
  fail(kNotExecutable, "run ", argv[0], error);
}

[[noreturn]] void refuse_to_be_an_interpreter(const char* name) {
  fail(kNotExecutable, "run ", name, 0, "/proc/self/exe is no interpreter");
}

}  // namespace husk::runner::last_step
