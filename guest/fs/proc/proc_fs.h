// procfs: processes and the state of the kernel as files, proc(5). Everything is made when it is looked at; nothing is
// kept.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "fs/file_system.h"
#include "fs/inode.h"
#include "fs/proc/proc_text.h"
#include "fs/text_file.h"
#include "task/process.h"
#include "task/task.h"

namespace kernel::fs {

class ProcFs final : public FileSystem {
 public:
  static Result<Ref<ProcFs>> create();

  std::string_view type_name() const override { return "proc"; }
  Result<Ref<Inode>> root() override;
  FileSystemStatistics statistics() override;
  bool names_are_stable() const override { return false; }
  std::uint64_t largest_position() const override { return 0x7fff'ffff; }
};

// What all inodes of procfs have in common: attributes that nobody can change.
class ProcInode : public Inode {
 public:
  ProcInode(ProcFs& fs, FileType type, std::uint32_t permissions, std::uint64_t number)
      : Inode(&fs, type), permissions_(permissions), number_(number) {}
  Result<Metadata> metadata() override;

 protected:
  ProcFs& fs() const { return static_cast<ProcFs&>(file_system()); }
  std::uint64_t number() const { return number_; }
  // Sets the owner; kNoEnt if what the inode shows has gone. Root's by default.
  virtual Result<void> describe(Metadata&) { return {}; }

 private:
  std::uint32_t permissions_;
  std::uint64_t number_;
};

// A file whose text is made when it is read.
class ProcFile : public ProcInode, public TextSource {
 public:
  ProcFile(ProcFs& fs, std::uint32_t permissions, std::uint64_t number)
      : ProcInode(fs, FileType::kRegular, permissions, number) {}
  Result<Ref<File>> open(const Path& path, std::uint32_t flags) override;
  // O_TRUNC means nothing here: a write replaces the value in any case.
  Result<void> truncate(std::uint64_t) override { return {}; }

 protected:
  // Checked when the file is opened, beyond its permissions.
  virtual Result<void> check_open() { return {}; }
};

// The directories to which other layers add (fs/proc/additions.h).
enum class ProcPlace : std::uint8_t {
  kNone,
  kRoot,       // /proc
  kNet,        // /proc/PID/net, to which /proc/net leads
  kSys,        // /proc/sys
  kSysFs,      // /proc/sys/fs
  kSysKernel,  // /proc/sys/kernel
};

// The fixed part of the tree (/proc and /proc/sys), as a table. What can be written is for root to write.
struct ProcNode {
  std::string_view name;
  void (*generate)(ProcText&) = nullptr;               // a file
  Result<void> (*accept)(std::string_view) = nullptr;  // ... that takes this, too
  std::span<const ProcNode> (*children)() = nullptr;   // a directory
  void (*target)(ProcText&) = nullptr;                 // a symbolic link
  bool sysctl = false;                                 // of /proc/sys: its permissions bind root, too
  ProcPlace place = ProcPlace::kNone;                  // a directory to which others add
};

// The tables: fs/proc/system_files.cc and fs/proc/sysctl_files.cc.
std::span<const ProcNode> proc_root_nodes();
std::span<const ProcNode> sysctl_nodes();

// The directory that others' tables alone describe.
Result<Ref<Inode>> make_added_directory(ProcFs& fs, ProcPlace place, std::uint64_t number);

// The directory of a process (`task` null: of the process; else of that thread, below task/). kNoEnt if there is none.
Result<Ref<Inode>> make_process_directory(ProcFs& fs, int pid, int tid);

// May the current task look into that process? As ptrace(2)'s read access: the same user, or root. kAcces.
Result<void> check_inspection(task::Process& process);

// The pid if the file is a directory /proc/PID, else 0.
int process_of_directory(File& file);

// A decimal number without sign or leading zeros, or -1.
int parse_id(std::string_view text);

// Positions of readdir in /proc and in a task directory: fixed entries first, then numbers.
inline constexpr std::uint64_t kFirstPosition = 2;
inline constexpr std::uint64_t kNumberBase = 1 << 16;

}  // namespace kernel::fs
