#include "payload/files.h"

#include <utility>

#include "common/own_places.h"
#include "fs/fs_context.h"
#include "fs/mount.h"
#include "fs/ram/ram_fs.h"
#include "fs/vfs.h"
#include "mm/frame.h"
#include "mm/io_buffer.h"
#include "payload/as_root.h"
#include "task/process.h"

namespace kernel::payload {

namespace {

struct Directory {
  fs::Path path;
  bool made = false;  // it was not there
};

// A directory of the payload's own, wherever the image's links lead.
Result<Directory> own_directory(task::Task& task, std::string_view path) {
  Directory directory;
  auto found = fs::resolve(task.fs->root, path, fs::LastLink::kFollow);
  if (!found && found.error() == Errno::kNoEnt) {
    directory.made = true;
    TRY(make_directories(task, path));
    found = fs::resolve(task.fs->root, path, fs::LastLink::kFollow);
  }
  directory.path = TRY(std::move(found));
  if (!directory.path.dentry->inode()->is_directory()) return Errno::kNotDir;
  if (husk::is_husks_own(TRY(fs::path_text(directory.path, task.fs->root)))) return Errno::kPerm;
  return directory;
}

Result<void> mount_one(task::Task& task, std::string_view path, std::string_view text, std::uint32_t flags) {
  constexpr std::uint32_t kFlags = fs::kMountReadOnly | fs::kMountNoSuid | fs::kMountNoDev | fs::kMountNoExec;
  if (flags & ~kFlags) return Errno::kInval;
  fs::TmpfsOptions options = TRY(fs::TmpfsOptions::parse(text, mm::memory_statistics().total_frames));
  const Directory point = TRY(own_directory(task, path));
  if (!options.permissions && !point.made) {
    options.permissions = TRY(point.path.dentry->inode()->metadata()).mode & fs::kModePermissions;
  }
  Ref<fs::FileSystem> made = TRY(fs::RamFs::create_tmpfs(options));
  made->read_only = (flags & fs::kMountReadOnly) != 0;
  TRY(fs::add_mount(std::move(made), point.path, "tmpfs", flags));
  return {};
}

Result<void> write_file(const fs::Path& directory, std::string_view name, std::string_view contents) {
  if (name.find('/') != std::string_view::npos) return Errno::kInval;
  const auto removed = fs::unlink(directory, name);
  if (!removed && removed.error() != Errno::kNoEnt) return removed;
  constexpr std::uint32_t kFlags = fs::kCreate | fs::kExclusive | fs::kWriteOnly;
  const Ref<fs::File> file = TRY(fs::open(directory, name, kFlags, 0644));
  mm::IoBuffer buffer = mm::IoBuffer::kernel_source(std::as_bytes(std::span(contents.data(), contents.size())));
  const std::size_t written = TRY(file->write(buffer));
  return written == contents.size() ? Result<void>() : Errno::kNoSpc;
}

}  // namespace

Result<void> make_directories(task::Task& task, std::string_view path) {
  Result<void> result;
  for (std::size_t end = 0; result && end != std::string_view::npos;) {
    end = path.find('/', end + 1);
    const std::string_view part = path.substr(0, end);
    if (part.ends_with('/')) continue;
    result = fs::make_directory(task.fs->working_directory, part, 0755);
    if (result.error() == Errno::kExist) result = {};
  }
  return result;
}

Result<void> mount_tmpfs(const PayloadDescription& payload, task::Task& task, std::string_view& failed) {
  const AsRoot root(task);
  std::size_t index = 0;
  for (auto text = payload.tmpfs.begin(); text != payload.tmpfs.end(); ++text, ++index) {
    failed = *text;
    TRY(mount_one(task, failed, *++text, payload.tmpfs_flag(index)));
  }
  return {};
}

Result<void> write_etc_files(const PayloadDescription& payload, task::Task& task, std::string_view& failed) {
  const AsRoot root(task);
  failed = "/etc";
  const Directory directory = TRY(own_directory(task, failed));
  // The limit of file sizes is the payload's.
  task::ResourceLimits& limits = task.process->limits;
  const task::Rlimit size = limits.get(task::Resource::kFileSize);
  limits.set(task::Resource::kFileSize, {});
  Result<void> result;
  for (auto text = payload.etc_files.begin(); result && text != payload.etc_files.end(); ++text) {
    failed = *text;
    result = write_file(directory.path, failed, *++text);
  }
  limits.set(task::Resource::kFileSize, size);
  return result;
}

Result<void> make_root_read_only() {
  fs::Mount& mount = *fs::root_path().mount;
  return fs::change_mount_flags(mount, mount.flags | fs::kMountReadOnly);
}

}  // namespace kernel::payload
