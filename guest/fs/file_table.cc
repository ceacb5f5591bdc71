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
  const std::uint64_t limit = task::current().process->limits[task::kRlimitNofile].current;
  std::size_t fd = static_cast<std::size_t>(minimum);
  while (fd < slots_.size() && slots_[fd].file) ++fd;
  if (fd >= limit) return Errno::kMFile;
  if (fd >= slots_.size()) TRY(slots_.resize(fd + 1));
  slots_[fd] = Slot{std::move(file), close_on_exec};
  return static_cast<int>(fd);
}

Result<void> FileTable::install_at(int fd, Ref<File> file, bool close_on_exec) {
  const auto index = static_cast<std::size_t>(fd);
  if (fd < 0 || index >= task::current().process->limits[task::kRlimitNofile].current) return Errno::kBadF;
  if (index >= slots_.size()) TRY(slots_.resize(index + 1));
  drop(index);
  slots_[index] = Slot{std::move(file), close_on_exec};
  return {};
}

void FileTable::drop(std::size_t fd) {
  Ref<File> file = std::move(slots_[fd].file);
  slots_[fd].close_on_exec = false;
  if (!file) return;
  // POSIX record locks go when their owner closes any descriptor of the file (fcntl(2)).
  if (LockTable* locks = file->inode().locks) locks->release_owner(*this);
}

Result<void> FileTable::close(int fd) {
  if (!in_use(fd)) return Errno::kBadF;
  drop(static_cast<std::size_t>(fd));
  while (!slots_.empty() && !slots_.back().file) slots_.pop_back();
  return {};
}

void FileTable::close_range(unsigned first, unsigned last) {
  for (std::size_t fd = first; fd < slots_.size() && fd <= last; ++fd) drop(fd);
  while (!slots_.empty() && !slots_.back().file) slots_.pop_back();
}

Result<void> FileTable::set_range_close_on_exec(unsigned first, unsigned last) {
  for (std::size_t fd = first; fd < slots_.size() && fd <= last; ++fd) {
    if (slots_[fd].file) slots_[fd].close_on_exec = true;
  }
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
  TRY(copy->slots_.reserve(slots_.size()));
  for (const Slot& slot : slots_) TRY(copy->slots_.push_back(Slot{slot.file, slot.close_on_exec}));
  return copy;
}

void FileTable::close_marked_on_exec() {
  for (std::size_t fd = 0; fd < slots_.size(); ++fd) {
    if (slots_[fd].close_on_exec) drop(fd);
  }
}

void FileTable::close_all() {
  close_range(0, ~0U);
}

}  // namespace kernel::fs
