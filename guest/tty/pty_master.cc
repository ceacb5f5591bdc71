#include "tty/pty_master.h"

#include <utility>

#include "fs/file_table.h"
#include "mm/user_ptr.h"
#include "task/process.h"
#include "task/signal.h"
#include "task/task.h"
#include "tty/tty_file.h"

namespace kernel::tty {
namespace {

constexpr std::uint64_t kDone = 0;

class MasterFile final : public fs::File {
 public:
  MasterFile(Ref<Pty> pty, const fs::Path& slaves, const fs::Path& path, std::uint32_t flags)
      : File(path, flags), slaves_(slaves), pty_(std::move(pty)) {}
  ~MasterFile() override {
    dev_pts().remove(*pty_, slaves_.dentry);
    pty_->master_closed();
  }

  bool is_stream() const override { return true; }
  Result<void> sync() override { return Errno::kInval; }
  Result<std::uint64_t> ioctl(std::uint32_t request, std::uint64_t argument) override;
  fs::Readiness readiness() override { return {pty_->master_events(), &pty_->master_changed()}; }
  task::WaitQueue* owner_changes() override { return &pty_->output_arrivals(); }
  fs::FileOwner::Name default_owner() const override {
    return {fs::FileOwner::Kind::kProcess, task::current().process->ids.pid};
  }

 private:
  Result<std::size_t> do_read(std::uint64_t, mm::IoBuffer& buffer) override {
    return pty_->master_read(buffer, non_blocking());
  }
  Result<std::size_t> do_write(std::uint64_t, mm::IoBuffer& buffer) override {
    return pty_->master_write(buffer, non_blocking());
  }
  DevPts& dev_pts() const { return static_cast<DevPts&>(slaves_.dentry->inode()->file_system()); }
  Result<void> flush(std::uint64_t what);
  Result<void> signal(std::uint64_t number);
  Result<std::uint64_t> open_slave(std::uint32_t open_flags);

  const fs::Path slaves_;
  const Ref<Pty> pty_;
  bool exclusive_ = false;
};

Result<std::uint64_t> give(std::uint64_t argument, std::uint32_t value) {
  TRY(mm::UserPtr<std::uint32_t>(argument).write(value));
  return kDone;
}

Result<std::uint64_t> MasterFile::ioctl(std::uint32_t request, std::uint64_t argument) {
  switch (request) {
    case kTiocGPtn:
      return give(argument, pty_->index());
    case kTiocSPtLck:
      pty_->set_locked(TRY(mm::UserPtr<const std::int32_t>(argument).read()) != 0);
      return kDone;
    case kTiocGPtLck:
      return give(argument, pty_->locked() ? 1 : 0);
    case kTiocPkt:
      pty_->set_packet_mode(TRY(mm::UserPtr<const std::int32_t>(argument).read()) != 0);
      return kDone;
    case kTiocGPkt:
      return give(argument, pty_->packet_mode() ? 1 : 0);
    case kTiocSig:
      TRY(signal(argument));
      return kDone;
    case kTiocGPtPeer:
      return open_slave(static_cast<std::uint32_t>(argument));
    case kFionRead:
      return give(argument, static_cast<std::uint32_t>(pty_->master_readable()));
    case kTcFlsh:
      TRY(flush(argument));
      return kDone;
    case kTiocExcl:
    case kTiocNxcl:
      exclusive_ = request == kTiocExcl;
      return kDone;
    case kTiocGExcl:
      return give(argument, exclusive_ ? 1 : 0);
    case kTcXOnc:  // the master's own output is never stopped
    case kTiocSti:
    case kTiocVHangUp:
      return Errno::kNoTty;
    default:
      // The settings, the window and the session are the slave's.
      return pty_->ioctl(request, argument, {.flags = flags(), .hang_ups = pty_->hang_ups(), .master = true});
  }
}

// tcflush(3), of what this side has not read, or the other one.
Result<void> MasterFile::flush(std::uint64_t what) {
  enum : std::uint64_t { kInput = 0, kOutput = 1, kBoth = 2 };
  if (what > kBoth) return Errno::kInval;
  if (what != kOutput) pty_->drop_output();
  if (what != kInput) pty_->drop_input();
  pty_->changed().wake_all();
  pty_->master_changed().wake_all();
  return {};
}

// What the keys of the terminal would send.
Result<void> MasterFile::signal(std::uint64_t number) {
  switch (static_cast<int>(number)) {
    case task::kSigInt:
    case task::kSigQuit:
    case task::kSigTstp:
      pty_->signal_foreground(static_cast<int>(number));
      return {};
    default:
      return Errno::kInval;
  }
}

// TIOCGPTPEER: the slave, without its name.
Result<std::uint64_t> MasterFile::open_slave(std::uint32_t open_flags) {
  const fs::Path slave{slaves_.mount, TRY(fs::Dentry::look_up(slaves_.dentry, TRY(DevPts::name_of(pty_->index()))))};
  if (slave.dentry->negative()) return Errno::kIo;
  Ref<fs::File> file = TRY(open_tty(pty_, slave, open_flags & ~fs::kCloseOnExec));
  const int fd = TRY(task::current().files->install(std::move(file), open_flags & fs::kCloseOnExec));
  return static_cast<std::uint64_t>(fd);
}

}  // namespace

Result<Ref<fs::File>> open_master(const fs::Path& slaves, const fs::Path& path, std::uint32_t flags) {
  auto& dev_pts = static_cast<DevPts&>(slaves.dentry->inode()->file_system());
  Ref<Pty> pty = TRY(dev_pts.add(slaves.dentry));
  auto file = make_ref<MasterFile>(pty, slaves, path, flags & ~fs::kNoCtty);
  if (!file) {
    dev_pts.remove(*pty, slaves.dentry);
    return file.error();
  }
  return Ref<fs::File>(file.take());
}

}  // namespace kernel::tty
