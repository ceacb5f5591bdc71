// The directories /proc/PID and /proc/PID/task/TID, and in them fd, ns and task.
#include <algorithm>

#include "fs/access.h"
#include "fs/file_table.h"
#include "fs/fs_context.h"
#include "fs/proc/namespace_files.h"
#include "fs/proc/proc_fs.h"
#include "fs/proc/process_files.h"
#include "fs/proc/process_memory_file.h"
#include "lib/string.h"
#include "lib/vector.h"
#include "task/inspection.h"

namespace kernel::fs {

namespace {

// Who an inode is about. It holds numbers, not pointers: the process may go at any time, and is looked up at each use.
struct Who {
  int pid;
  int tid;                  // 0: the whole process
  bool below_task = false;  // task/TID, which tells of the thread; not /proc/TID, which tells of the process

  bool has_tasks() const { return !below_task; }
};

Result<ProcSubject> find_subject(const Who& who) {
  task::Process* process = task::find_process(who.pid);
  if (!process) return Errno::kSrch;
  if (who.tid == 0) {
    task::Task* leader = process->leader();
    return ProcSubject(*process, leader ? leader : process->threads.front(), who.pid, true);
  }
  task::Task* task = task::find_task(who.tid);
  if (!task || task->process.get() != process) return Errno::kSrch;
  return ProcSubject(*process, task, who.tid, !who.below_task);
}

// Inode numbers: 16 bits of pid or tid above 16 bits that say which file.
std::uint64_t number_of(const Who& who, std::uint64_t which) {
  return static_cast<std::uint64_t>(who.tid ? who.tid : who.pid) << 16 | (who.below_task ? 0x8000 : 0) | which;
}

Result<void> describe_owner(const Who& who, Metadata& metadata) {
  auto subject = find_subject(who);
  if (!subject) return Errno::kNoEnt;
  // What a process that hides (prctl(2) PR_SET_DUMPABLE) shows belongs to root.
  const ProcSubject& found = subject.value();
  if (!found.task || !found.process.policy.dumpable) return {};
  metadata.uid = found.task->credentials.euid;
  metadata.gid = found.task->credentials.egid;
  return {};
}

// What a file says that was opened before its process went.
enum class Afterwards : std::uint8_t {
  kNothing,  // kSrch
  kEnd,      // Linux has kept the memory, which is empty by then
  kSame,     // what is about namespaces: Linux has kept these
};

struct FileEntry {
  std::string_view name;
  std::uint32_t permissions;
  ProcWriter write;
  bool inspects = false;        // needs check_inspection()
  ProcReader accept = nullptr;  // null: cannot be written, whoever may open it for that
  bool spliced = false;         // splice(2) takes from it
  Afterwards afterwards = Afterwards::kNothing;
};
constexpr FileEntry kFiles[] = {
    {"auxv", 0400, write_process_auxv, true, nullptr, false, Afterwards::kEnd},
    {"cgroup", 0444, write_process_cgroup},
    {"cmdline", 0444, write_process_cmdline},
    {"comm", 0644, write_process_comm, false, accept_comm},
    {"coredump_filter", 0644, write_process_coredump_filter, false, accept_coredump_filter},
    {"environ", 0400, write_process_environ, true, nullptr, false, Afterwards::kEnd},
    {"gid_map", 0644, write_process_id_map, false, nullptr, false, Afterwards::kSame},
    {"io", 0400, write_process_io, true},
    {"limits", 0444, write_process_limits},
    {"maps", 0444, write_process_maps, true},
    {"mountinfo", 0444, write_process_mountinfo, false, nullptr, true, Afterwards::kSame},
    {"mounts", 0444, write_process_mounts, false, nullptr, true, Afterwards::kSame},
    {"oom_adj", 0644, write_process_oom_adj, false, accept_oom_adj},
    {"oom_score", 0444, write_process_oom_score},
    {"oom_score_adj", 0644, write_process_oom_score_adj, false, accept_oom_score_adj},
    {"personality", 0400, write_process_personality, true},
    {"setgroups", 0644, write_process_setgroups, false, nullptr, false, Afterwards::kSame},
    {"smaps", 0444, write_process_smaps, true},
    {"smaps_rollup", 0444, write_process_smaps_rollup, true},
    {"stat", 0444, write_process_stat},
    {"statm", 0444, write_process_statm},
    {"status", 0444, write_process_status},
    {"uid_map", 0644, write_process_id_map, false, nullptr, false, Afterwards::kSame},
    {"wchan", 0444, write_process_wchan},
};
constexpr FileEntry kChildren = {"children", 0444, write_process_children};  // of task/TID only
constexpr std::size_t kFileCount = sizeof kFiles / sizeof kFiles[0];

class ProcessFile final : public ProcFile {
 public:
  ProcessFile(ProcFs& fs, const Who& who, const FileEntry& entry, std::uint64_t inode_number)
      : ProcFile(fs, entry.permissions, inode_number), who_(who), entry_(entry) {}

  Result<void> generate(ProcText& text) override {
    const auto subject = find_subject(who_);
    if (subject) return entry_.write(subject.value(), text);
    if (entry_.afterwards == Afterwards::kEnd) return {};
    if (entry_.afterwards == Afterwards::kNothing) return subject.error();
    // There is one namespace of each kind, so the reader's own will do.
    task::Task& self = task::current();
    return entry_.write(ProcSubject(*self.process, &self, self.tid, false), text);
  }
  Result<void> accept(std::string_view text) override {
    // As a file of Linux without a write operation (fs/read_write.c); those of /proc itself say kIo.
    if (!entry_.accept) return Errno::kInval;
    return entry_.accept(TRY(find_subject(who_)), text);
  }
  bool can_splice_from() const override { return entry_.spliced; }

 protected:
  Result<void> describe(Metadata& metadata) override { return describe_owner(who_, metadata); }
  Result<void> check_open() override {
    if (!entry_.inspects) return {};
    const ProcSubject subject = TRY(find_subject(who_));
    return check_inspection(subject.process);
  }

 private:
  Who who_;
  const FileEntry& entry_;
};

// mem.
class MemoryInode final : public ProcInode {
 public:
  MemoryInode(ProcFs& fs, const Who& who, std::uint64_t inode_number)
      : ProcInode(fs, FileType::kRegular, 0600, inode_number), who_(who) {}
  Result<Ref<File>> open(const Path& path, std::uint32_t flags) override {
    return open_process_memory(who_.pid, path, flags);
  }
  Result<void> truncate(std::uint64_t) override { return {}; }

 protected:
  Result<void> describe(Metadata& metadata) override { return describe_owner(who_, metadata); }

 private:
  Who who_;
};

// cwd, root and exe, the entries of fd and of ns: links that lead to the thing itself, whatever its name is.
class MagicLink final : public ProcInode {
 public:
  enum class Kind : std::uint8_t { kCwd, kRoot, kExe, kDescriptor, kNamespace };
  // `which`: the descriptor, or the index into namespace_kinds().
  MagicLink(ProcFs& fs, const Who& who, Kind kind, int which, std::uint32_t permissions, std::uint64_t inode_number)
      : ProcInode(fs, FileType::kSymlink, permissions, inode_number), who_(who), kind_(kind), which_(which) {}

  Result<String> read_link() override {
    const Path target = TRY(find());
    return path_text(target, task::current().fs->root);
  }
  Result<bool> follow_magic(Path& target) override {
    target = TRY(find());
    return true;
  }

 protected:
  Result<void> describe(Metadata& metadata) override {
    metadata.size = kind_ == Kind::kDescriptor ? 64 : 0;
    return describe_owner(who_, metadata);
  }

 private:
  Result<Path> find() {
    auto found = find_subject(who_);
    if (!found) return kind_ == Kind::kNamespace ? Errno::kAcces : Errno::kNoEnt;
    const ProcSubject& subject = found.value();
    TRY(check_inspection(subject.process));
    switch (kind_) {
      case Kind::kCwd:
        if (!subject.task || !subject.task->fs) return Errno::kNoEnt;
        return Path(subject.task->fs->working_directory);
      case Kind::kRoot:
        if (!subject.task || !subject.task->fs) return Errno::kNoEnt;
        return Path(subject.task->fs->root);
      case Kind::kExe:
        if (!subject.process.program.executable) return Errno::kNoEnt;
        return Path(subject.process.program.executable->path());
      case Kind::kNamespace:
        // A zombie is still in the namespaces that give it its numbers and its users.
        if (!subject.task && !namespace_kinds()[static_cast<std::size_t>(which_)].kept_by_zombies) return Errno::kNoEnt;
        return namespace_path(namespace_kinds()[static_cast<std::size_t>(which_)]);
      case Kind::kDescriptor:
        break;
    }
    if (!subject.task || !subject.task->files) return Errno::kNoEnt;
    auto file = subject.task->files->get_any(which_);
    if (!file) return Errno::kNoEnt;
    return Path(file.value()->path());
  }

  Who who_;
  Kind kind_;
  int which_;
};

constexpr std::uint64_t kFdNumber = 0x100, kFdInfoNumber = 0x101, kTaskNumber = 0x102, kNamespacesNumber = 0x103,
                        kNetNumber = 0x104, kChildrenNumber = 0x105, kFirstNamespaceNumber = 0x110,
                        kFirstDescriptorNumber = 0x1000;

// fdinfo/N.
class DescriptorInfo final : public ProcFile {
 public:
  DescriptorInfo(ProcFs& fs, const Who& who, int fd, std::uint64_t inode_number)
      : ProcFile(fs, 0444, inode_number), who_(who), fd_(fd) {}
  bool can_splice_from() const override { return false; }
  Result<void> generate(ProcText& text) override {
    const ProcSubject subject = TRY(find_subject(who_));
    if (!subject.task || !subject.task->files) return Errno::kNoEnt;
    const Ref<File> file = TRY(subject.task->files->get_any(fd_));
    const bool close_on_exec = TRY(subject.task->files->close_on_exec(fd_));
    const std::uint64_t inode = TRY(file->inode().metadata()).inode;
    text.print("pos:\t{}\nflags:\t0{o}\nmnt_id:\t{}\nino:\t{}\n", file->offset(),
               file->flags() | (close_on_exec ? kCloseOnExec : 0), file->path().mount ? file->path().mount->id : 0,
               inode);
    file->describe(text);
    return {};
  }

 protected:
  Result<void> describe(Metadata& metadata) override { return describe_owner(who_, metadata); }
  Result<void> check_open() override {
    const ProcSubject subject = TRY(find_subject(who_));
    return check_inspection(subject.process);
  }

 private:
  Who who_;
  int fd_;
};

// fd and fdinfo.
class DescriptorDirectory final : public ProcInode {
 public:
  DescriptorDirectory(ProcFs& fs, const Who& who, bool information)
      : ProcInode(fs, FileType::kDirectory, information ? 0555 : 0500,
                  number_of(who, information ? kFdInfoNumber : kFdNumber)),
        who_(who),
        information_(information) {}

  Result<Ref<Inode>> lookup(std::string_view name) override {
    const int fd = name == "0" ? 0 : parse_id(name);
    if (fd < 0) return Errno::kNoEnt;
    const Ref<FileTable> files = TRY(table());
    auto file = files->get_any(fd);
    if (!file) return Errno::kNoEnt;
    const std::uint64_t number = number_of(who_, kFirstDescriptorNumber + static_cast<std::uint64_t>(fd));
    if (information_) return Ref<Inode>(TRY(make_ref<DescriptorInfo>(fs(), who_, fd, number)));
    // The link's permissions tell how the file is open (proc(5)).
    const std::uint32_t permissions =
        (file.value()->readable() ? 0500 : 0100) | (file.value()->writable() ? 0300 : 0100);
    return Ref<Inode>(TRY(make_ref<MagicLink>(fs(), who_, MagicLink::Kind::kDescriptor, fd, permissions, number)));
  }

  Result<void> iterate(std::uint64_t position, DirectoryVisitor& visitor) override {
    const Ref<FileTable> files = TRY(table());
    const auto end = static_cast<std::uint64_t>(files->end());
    for (std::uint64_t value = entries_before(position, kFirstPosition); value < end; ++value) {
      if (!files->get_any(static_cast<int>(value))) continue;
      FixedText<16> name;
      name.print("{}", value);
      const FileType type = information_ ? FileType::kRegular : FileType::kSymlink;
      if (!visitor.entry(name.view(), number_of(who_, kFirstDescriptorNumber + value), type,
                         kFirstPosition + value + 1))
        break;
    }
    return {};
  }

 protected:
  Result<void> describe(Metadata& metadata) override { return describe_owner(who_, metadata); }

 private:
  Result<Ref<FileTable>> table() {
    auto subject = find_subject(who_);
    if (!subject) return Errno::kNoEnt;
    TRY(check_inspection(subject.value().process));
    if (!subject.value().task || !subject.value().task->files) return Errno::kNoEnt;
    return Ref<FileTable>(subject.value().task->files);
  }

  Who who_;
  bool information_;
};

// /proc/PID/ns.
class NamespaceDirectory final : public ProcInode {
 public:
  NamespaceDirectory(ProcFs& fs, const Who& who)
      : ProcInode(fs, FileType::kDirectory, 0511, number_of(who, kNamespacesNumber)), who_(who) {}

  Result<Ref<Inode>> lookup(std::string_view name) override {
    const auto kinds = namespace_kinds();
    for (std::size_t i = 0; i < kinds.size(); ++i) {
      if (kinds[i].name != name) continue;
      return Ref<Inode>(TRY(make_ref<MagicLink>(fs(), who_, MagicLink::Kind::kNamespace, static_cast<int>(i), 0777,
                                                number_of(who_, kFirstNamespaceNumber + i))));
    }
    return Errno::kNoEnt;
  }

  Result<void> iterate(std::uint64_t position, DirectoryVisitor& visitor) override {
    const auto kinds = namespace_kinds();
    for (std::uint64_t i = entries_before(position, kFirstPosition); i < kinds.size(); ++i) {
      if (!visitor.entry(kinds[i].name, number_of(who_, kFirstNamespaceNumber + i), FileType::kSymlink,
                         kFirstPosition + i + 1))
        break;
    }
    return {};
  }

 protected:
  Result<void> describe(Metadata& metadata) override { return describe_owner(who_, metadata); }

 private:
  Who who_;
};

// /proc/PID/task.
class TaskDirectory final : public ProcInode {
 public:
  TaskDirectory(ProcFs& fs, const Who& who)
      : ProcInode(fs, FileType::kDirectory, 0555, number_of(who, kTaskNumber)), who_(who) {}

  Result<Ref<Inode>> lookup(std::string_view name) override {
    const int tid = parse_id(name);
    if (tid <= 0) return Errno::kNoEnt;
    return make_process_directory(fs(), who_.pid, tid);
  }

  Result<void> iterate(std::uint64_t position, DirectoryVisitor& visitor) override {
    auto subject = find_subject(who_);
    if (!subject) return Errno::kNoEnt;
    const std::uint64_t first = entries_before(position, kNumberBase);
    Vector<int> ids;
    for (task::Task& task : subject.value().process.threads) {
      if (static_cast<std::uint64_t>(task.tid) >= first) TRY(ids.push_back(task.tid));
    }
    std::sort(ids.begin(), ids.end());
    for (int id : ids) {
      FixedText<16> name;
      name.print("{}", id);
      if (!visitor.entry(name.view(), number_of(Who{who_.pid, id, true}, 0), FileType::kDirectory,
                         kNumberBase + static_cast<std::uint64_t>(id) + 1)) {
        break;
      }
    }
    return {};
  }

 protected:
  Result<void> describe(Metadata& metadata) override {
    auto subject = find_subject(who_);
    if (subject) metadata.links = 2 + subject.value().process.threads.count();
    return describe_owner(who_, metadata);
  }

 private:
  Who who_;
};

// The entries of /proc/PID that are no texts.
struct SpecialEntry {
  std::string_view name;
  FileType type;
};
constexpr SpecialEntry kSpecial[] = {
    {"cwd", FileType::kSymlink},      {"exe", FileType::kSymlink},  {"fd", FileType::kDirectory},
    {"fdinfo", FileType::kDirectory}, {"mem", FileType::kRegular},  {"net", FileType::kDirectory},
    {"ns", FileType::kDirectory},     {"root", FileType::kSymlink}, {"task", FileType::kDirectory},
};
constexpr std::size_t kSpecialCount = sizeof kSpecial / sizeof kSpecial[0];

class ProcessDirectory final : public ProcInode {
 public:
  ProcessDirectory(ProcFs& fs, const Who& who)
      : ProcInode(fs, FileType::kDirectory, 0555, number_of(who, 0)), who_(who) {}

  Result<Ref<Inode>> lookup(std::string_view name) override {
    TRY(find_subject(who_));
    for (std::size_t i = 0; i < kFileCount; ++i) {
      if (kFiles[i].name == name) {
        return Ref<Inode>(TRY(make_ref<ProcessFile>(fs(), who_, kFiles[i], number_of(who_, 1 + i))));
      }
    }
    if (name == "fd") return Ref<Inode>(TRY(make_ref<DescriptorDirectory>(fs(), who_, false)));
    if (name == "fdinfo") return Ref<Inode>(TRY(make_ref<DescriptorDirectory>(fs(), who_, true)));
    if (name == "mem") return Ref<Inode>(TRY(make_ref<MemoryInode>(fs(), who_, number_of(who_, 0x90))));
    if (name == "net") return make_added_directory(fs(), ProcPlace::kNet, number_of(who_, kNetNumber));
    if (name == "ns") return Ref<Inode>(TRY(make_ref<NamespaceDirectory>(fs(), who_)));
    if (name == "task" && who_.has_tasks()) return Ref<Inode>(TRY(make_ref<TaskDirectory>(fs(), who_)));
    if (name == kChildren.name && !who_.has_tasks())
      return Ref<Inode>(TRY(make_ref<ProcessFile>(fs(), who_, kChildren, number_of(who_, kChildrenNumber))));
    if (name == "cwd") return link(MagicLink::Kind::kCwd, 0);
    if (name == "exe") return link(MagicLink::Kind::kExe, 1);
    if (name == "root") return link(MagicLink::Kind::kRoot, 2);
    return Errno::kNoEnt;
  }

  Result<void> iterate(std::uint64_t position, DirectoryVisitor& visitor) override {
    if (!find_subject(who_)) return Errno::kNoEnt;
    const std::size_t total = kFileCount + kSpecialCount;
    for (std::uint64_t i = entries_before(position, kFirstPosition); i < total; ++i) {
      const bool text = i < kFileCount;
      std::string_view name = text ? kFiles[i].name : kSpecial[i - kFileCount].name;
      FileType type = text ? FileType::kRegular : kSpecial[i - kFileCount].type;
      // In the place of a process's task/ a thread has the list of its children.
      if (i + 1 == total && !who_.has_tasks()) name = kChildren.name, type = FileType::kRegular;
      if (!visitor.entry(name, number_of(who_, 1 + i), type, kFirstPosition + i + 1)) break;
    }
    return {};
  }

 protected:
  Result<void> describe(Metadata& metadata) override { return describe_owner(who_, metadata); }

 private:
  Result<Ref<Inode>> link(MagicLink::Kind kind, std::uint64_t which) {
    return Ref<Inode>(TRY(make_ref<MagicLink>(fs(), who_, kind, 0, 0777, number_of(who_, 0x80 + which))));
  }

  Who who_;
};

}  // namespace

Result<void> check_inspection(task::Process& process) {
  if (task::may_inspect(process, task::InspectWith::kFileSystemIds)) return {};
  return Errno::kAcces;
}

int process_of_directory(File& file) {
  Inode& inode = file.inode();
  if (inode.nameless() || !inode.is_directory() || inode.file_system().type_name() != "proc") return 0;
  // Its number says what it is: see number_of().
  auto metadata = inode.metadata();
  if (!metadata || (metadata.value().inode & 0xffff) != 0) return 0;
  return static_cast<int>(metadata.value().inode >> 16);
}

Result<Ref<Inode>> make_process_directory(ProcFs& fs, int pid, int tid) {
  const Who who{pid, tid, tid != 0};
  if (!find_subject(who)) {
    // /proc/TID of a thread that is not a leader is there, too, though not listed (proc(5)).
    task::Task* thread = tid == 0 ? task::find_task(pid) : nullptr;
    if (!thread) return Errno::kNoEnt;
    return Ref<Inode>(TRY(make_ref<ProcessDirectory>(fs, Who{thread->process->ids.pid, pid})));
  }
  return Ref<Inode>(TRY(make_ref<ProcessDirectory>(fs, who)));
}

}  // namespace kernel::fs
