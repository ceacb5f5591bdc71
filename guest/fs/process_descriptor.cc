#include "fs/process_descriptor.h"

#include <utility>

#include "fs/anonymous_file.h"
#include "fs/nameless.h"
#include "fs/proc/proc_text.h"
#include "task/life.h"
#include "task/process.h"

namespace kernel::fs {

namespace {

class ProcessDescriptor final : public AnonymousFile {
 public:
  static constexpr FileKind kKind = FileKind::kProcess;

  ProcessDescriptor(Path place, std::uint32_t flags, Ref<task::PidHandle> handle)
      : AnonymousFile(std::move(place), flags, kKind), handle_(std::move(handle)) {}

  const Ref<task::PidHandle>& handle() const { return handle_; }

  // Linux opens it as it opens a file with offsets: pread(2) fails as read(2) does, and yet lseek(2) knows no position.
  bool is_stream() const override { return false; }
  Result<std::uint64_t> seek(std::int64_t, int) override { return Errno::kSPipe; }
  Result<void> sync() override { return Errno::kInval; }

  // A leader that exits before the other threads is no event: its process goes on.
  Readiness readiness() override {
    std::uint32_t events = 0;
    const task::Process* process = handle_->process();
    if (handle_->gone()) {
      events = kPollReadable | kPollHup;
    } else if (process && process->life.state == task::ProcessState::kZombie) {
      events = kPollReadable;
    }
    return {events, &handle_->changed};
  }

  void describe(ProcText& text) override { text.print("Pid:\t{}\nNSpid:\t{}\n", handle_->id(), handle_->id()); }

 private:
  Ref<task::PidHandle> handle_;
};

// pidfs's: all descriptors of one process have the same inode number, and it is not used again.
class ProcessInode final : public Inode {
 public:
  explicit ProcessInode(Ref<task::PidHandle> handle)
      : Inode(nullptr, FileType::kNone), handle_(std::move(handle)), made_(to_timespec(realtime_ns())) {}

  std::uint64_t nameless_magic() const override { return 0x50494446; }  // PID_FS_MAGIC
  Result<Ref<File>> open(const Path& path, std::uint32_t flags) override {
    return Ref<File>(TRY(make_ref<ProcessDescriptor>(path, flags, handle_)));
  }
  Result<Metadata> metadata() override {
    Metadata metadata;
    metadata.mode = mode_of(FileType::kNone, 0700);
    metadata.inode = handle_->serial();
    metadata.device = kProcessDevice;
    metadata.accessed = metadata.modified = metadata.changed = made_;
    return metadata;
  }
  Result<void> change_metadata(const MetadataChange&) override { return Errno::kOpNotSupp; }

 private:
  static constexpr std::uint64_t kProcessDevice = make_device(0, 0x3fd);

  Ref<task::PidHandle> handle_;
  Timespec made_;
};

}  // namespace

Result<Ref<File>> make_process_descriptor(Ref<task::PidHandle> handle, std::uint32_t flags) {
  auto inode = TRY(make_ref<ProcessInode>(std::move(handle)));
  return inode->open(Path{nullptr, TRY(Dentry::make_root(Ref<Inode>(inode), "anon_inode:[pidfd]"))},
                     kReadWrite | flags);
}

Result<Ref<task::PidHandle>> handle_of(File& file) {
  ProcessDescriptor* descriptor = file_as<ProcessDescriptor>(file);
  if (!descriptor) return Errno::kBadF;
  return Ref<task::PidHandle>(descriptor->handle());
}

}  // namespace kernel::fs
