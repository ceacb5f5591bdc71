// execve(2): replaces the program of the current process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fs/file.h"
#include "lib/result.h"
#include "lib/string.h"
#include "lib/vector.h"

namespace kernel::task {

// Strings one after the other, each with its NUL: the arguments or the environment, as they will lie on the new stack.
class StringBlock {
 public:
  Result<void> append(std::string_view text);
  // The NULL-terminated array of string pointers at a user address. k2Big beyond the limits of execve(2).
  static Result<StringBlock> from_user(std::uint64_t array_address);

  std::size_t count() const { return count_; }
  std::size_t size() const { return text_.size(); }
  const char* data() const { return text_.data(); }
  // Drops the first string (a script's argv[0] gives way to its interpreter's).
  void drop_first();
  Result<void> prepend(std::string_view text);

 private:
  Vector<char> text_;
  std::size_t count_ = 0;
};

struct Program {
  Ref<fs::File> file;
  Ref<fs::File> script;  // that named `file` its interpreter: closed last, as inotify(7) tells
  String path;           // as it was named: AT_EXECFN, and a script's name for its interpreter
  bool path_closes =
      false;              // it leads through a descriptor that execve closes: no interpreter would find a script there
  bool nameless = false;  // it was named by its descriptor alone: the thread is called as the file is that runs
  StringBlock arguments;
  StringBlock environment;
};

// On success the current task's user registers are those of the new program's start, and nothing of the old one is
// left. On failure nothing has changed, unless the failure came after the point of no return: then the process is
// killed.
Result<void> execute(Program program);

}  // namespace kernel::task
