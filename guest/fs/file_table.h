// A table of file descriptors, shared by the threads of a process (clone(2) CLONE_FILES).
#pragma once

#include <cstdint>

#include "fs/file.h"
#include "lib/number_set.h"
#include "lib/ref.h"
#include "lib/vector.h"

namespace kernel::fs {

class FileTable final : public RefCounted {
 public:
  FileTable() = default;
  ~FileTable() override;

  // kBadF. A file opened with O_PATH is given by get_any only.
  Result<Ref<File>> get(int fd) const;
  Result<Ref<File>> get_any(int fd) const;

  // The lowest free descriptor from `minimum` on. kMFile beyond the current process's RLIMIT_NOFILE.
  Result<int> install(Ref<File> file, bool close_on_exec, int minimum = 0);
  // Whether install() would find a number now: kMFile. For who must not take something before he can give it a number.
  Result<void> check_room() const;
  // Exactly `fd`, closing what was there (dup2(2)).
  Result<void> install_at(int fd, Ref<File> file, bool close_on_exec);
  Result<void> close(int fd);
  void close_range(unsigned first, unsigned last);
  Result<void> set_range_close_on_exec(unsigned first, unsigned last);

  Result<bool> close_on_exec(int fd) const;
  Result<void> set_close_on_exec(int fd, bool close_on_exec);

  // fork(2): the same files in a table of its own.
  Result<Ref<FileTable>> clone() const;
  // execve(2).
  void close_marked_on_exec();
  // exit(2) of the last user: closes everything at once rather than when the last reference goes.
  void close_all();

  // For /proc/PID/fd: one more than the highest descriptor in use.
  int end() const { return static_cast<int>(used_.end()); }

 private:
  struct Slot {
    Ref<File> file;
    bool close_on_exec = false;
  };
  bool in_use(int fd) const { return fd >= 0 && used_.contains(static_cast<std::size_t>(fd)); }
  Result<void> make_room(std::size_t fd);
  void put(std::size_t fd, Ref<File> file, bool close_on_exec);
  void drop(std::size_t fd);

  // As long as the highest descriptor that was ever used needs it.
  Vector<Slot> slots_;
  NumberSet used_;
};

}  // namespace kernel::fs
