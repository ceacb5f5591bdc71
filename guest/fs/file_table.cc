#include "fs/file_table.h"

#include <algorithm>
#include <utility>

#include "fs/locks.h"
#include "task/process.h"
#include "task/task.h"

namespace kernel::fs {

FileTable::~FileTable() {
  close_all();
}

Result<Ref<File>> FileTable::get_any(int fd) const {
  if (!in_use(fd)) return Errno::kBadF;
  return slots_[static_cast<std::size_t>(fd)].file;
}

Result<Ref<File>> FileTable::get(int fd) const {
  if (!in_use(fd) || slots_[static_cast<std::size_t>(fd)].file->is_path_only()) return Errno::kBadF;
  return slots_[static_cast<std::size_t>(fd)].file;
}

Result<int> FileTable::install(Ref<File> file, bool close_on_exec, int minimum) {
  const std::uint64_t limit = task::current().process->limits.current(task::Resource::kOpenFiles);
  const std::size_t fd = used_.first_free(static_cast<std::size_t>(minimum));
  if (fd >= limit) return Errno::kMFile;
  TRY(make_room(fd));
  put(fd, std::move(file), close_on_exec);
  return static_cast<int>(fd);
}

Result<void> FileTable::check_room() const {
  const std::uint64_t limit = task::current().process->limits.current(task::Resource::kOpenFiles);
  return used_.first_free(0) < limit ? Result<void>() : Errno::kMFile;
}

Result<void> FileTable::install_at(int fd, Ref<File> file, bool close_on_exec) {
  const auto index = static_cast<std::size_t>(fd);
  if (fd < 0 || index >= task::current().process->limits.current(task::Resource::kOpenFiles)) return Errno::kBadF;
  TRY(make_room(index));
  drop(index);
  put(index, std::move(file), close_on_exec);
  return {};
}

Result<void> FileTable::make_room(std::size_t fd) {
  TRY(used_.reserve(fd + 1));
  if (fd >= slots_.size()) TRY(slots_.resize(fd + 1));
  return {};
}

void FileTable::put(std::size_t fd, Ref<File> file, bool close_on_exec) {
  slots_[fd] = Slot{std::move(file), close_on_exec};
  used_.add(fd);
}

void FileTable::drop(std::size_t fd) {
  Ref<File> file = std::move(slots_[fd].file);
  slots_[fd].close_on_exec = false;
  used_.remove(fd);
  if (!file) return;
  file->descriptor_closed();
  // POSIX record locks go when their owner closes any descriptor of the file (fcntl(2)).
  if (LockTable* locks = file->inode().locks) locks->release_owner(*this);
}

Result<void> FileTable::close(int fd) {
  if (!in_use(fd)) return Errno::kBadF;
  drop(static_cast<std::size_t>(fd));
  return {};
}

void FileTable::close_range(unsigned first, unsigned last) {
  // kNone is above any `last`.
  for (std::size_t fd = used_.next(first); fd <= last; fd = used_.next(fd + 1)) drop(fd);
}

Result<void> FileTable::set_range_close_on_exec(unsigned first, unsigned last) {
  for (std::size_t fd = used_.next(first); fd <= last; fd = used_.next(fd + 1)) slots_[fd].close_on_exec = true;
  return {};
}

Result<bool> FileTable::close_on_exec(int fd) const {
  if (!in_use(fd)) return Errno::kBadF;
  return slots_[static_cast<std::size_t>(fd)].close_on_exec;
}

Result<void> FileTable::set_close_on_exec(int fd, bool close_on_exec) {
  if (!in_use(fd)) return Errno::kBadF;
  slots_[static_cast<std::size_t>(fd)].close_on_exec = close_on_exec;
  return {};
}

Result<Ref<FileTable>> FileTable::clone() const {
  auto copy = TRY(make_ref<FileTable>());
  const std::size_t end = used_.end();
  if (end > 0) TRY(copy->make_room(end - 1));
  for (std::size_t fd = used_.next(0); fd < end; fd = used_.next(fd + 1)) {
    copy->put(fd, slots_[fd].file, slots_[fd].close_on_exec);
  }
  return copy;
}

void FileTable::close_marked_on_exec() {
  for (std::size_t fd = used_.next(0); fd != NumberSet::kNone; fd = used_.next(fd + 1)) {
    if (slots_[fd].close_on_exec) drop(fd);
  }
}

void FileTable::close_all() {
  close_range(0, ~0U);
}

}  // namespace kernel::fs
