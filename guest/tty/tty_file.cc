#include "tty/tty_file.h"

#include <utility>

#include "task/process.h"
#include "task/task.h"

namespace kernel::tty {
namespace {

class TtyFile final : public fs::File {
 public:
  TtyFile(Ref<Tty> tty, const fs::Path& path, std::uint32_t flags)
      : File(path, flags), tty_(std::move(tty)), hang_ups_(tty_->hang_ups()) {}
  ~TtyFile() override { tty_->close(); }

  bool is_stream() const override { return true; }
  Result<std::uint64_t> ioctl(std::uint32_t request, std::uint64_t argument) override {
    return tty_->ioctl(request, argument, opening());
  }
  Result<void> sync() override { return Errno::kInval; }
  fs::Readiness readiness() override { return {tty_->events(opening()), &tty_->changed()}; }
  task::WaitQueue* owner_changes() override { return &tty_->input_arrivals(); }
  // __tty_fasync() of Linux.
  fs::FileOwner::Name default_owner() const override {
    if (const int group = tty_->foreground_group()) return {fs::FileOwner::Kind::kGroup, group};
    return {fs::FileOwner::Kind::kProcess, task::current().process->ids.pid};
  }

 private:
  Result<std::size_t> do_read(std::uint64_t, mm::IoBuffer& buffer) override { return tty_->read(buffer, opening()); }
  Result<std::size_t> do_write(std::uint64_t, mm::IoBuffer& buffer) override { return tty_->write(buffer, opening()); }
  Opening opening() const { return {.flags = flags(), .hang_ups = hang_ups_}; }

  const Ref<Tty> tty_;
  const std::uint32_t hang_ups_;
};

}  // namespace

Result<Ref<fs::File>> open_tty(Ref<Tty> tty, const fs::Path& path, std::uint32_t flags, bool may_control) {
  TRY(tty->open(flags, may_control));
  auto file = make_ref<TtyFile>(tty, path, flags & ~fs::kNoCtty);
  if (!file) {
    tty->close();
    return file.error();
  }
  return Ref<fs::File>(file.take());
}

}  // namespace kernel::tty
