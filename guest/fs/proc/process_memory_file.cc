// /proc/PID/mem: the memory of a process as a file, at its addresses. proc(5).
#include <algorithm>

#include "fs/file.h"
#include "fs/proc/process_memory_file.h"
#include "mm/address_space.h"
#include "mm/frame.h"
#include "mm/user_ptr.h"

namespace kernel::fs {

namespace {

class OpenMemory final : public StoredFile {
 public:
  OpenMemory(Path path, std::uint32_t flags, task::Process& process)
      : StoredFile(std::move(path), flags), process_(&process), program_(process.program.generation) {}

  // Any position, even one that is negative as an offset: addresses are (Linux's mem_lseek).
  Result<std::uint64_t> seek(std::int64_t offset, int whence) override {
    if (whence != kSeekSet && whence != kSeekCur) return Errno::kInval;
    offset_ = (whence == kSeekCur ? offset_ : 0) + static_cast<std::uint64_t>(offset);
    return offset_;
  }
  Result<Ref<mm::MemoryObject>> memory_object() override { return Errno::kNoDev; }
  bool can_splice(Direction) const override { return false; }

 private:
  Result<std::size_t> do_read(std::uint64_t offset, mm::IoBuffer& buffer) override {
    return move(offset, buffer, [&](mm::AddressSpace& space, std::span<std::byte> page) -> Result<std::size_t> {
      const std::size_t count = mm::copy_from_traced_space(space, page.data(), offset, page.size());
      if (count == 0) return Errno::kIo;
      return buffer.store(page.first(count));
    });
  }
  Result<std::size_t> do_write(std::uint64_t offset, mm::IoBuffer& buffer) override {
    std::uint64_t at = offset;
    return move(at, buffer, [&](mm::AddressSpace& space, std::span<std::byte> page) -> Result<std::size_t> {
      const std::size_t count = TRY(buffer.load(page));
      const std::size_t written = mm::copy_to_traced_space(space, at, page.data(), count);
      if (written == 0) return Errno::kIo;
      return written;
    });
  }

  // Page by page, through a page of the kernel: the memory of either side may have to be made while others run. Who may
  // look was asked when the file was opened, and holds for the program that ran then: once the process has executed
  // another one there is nothing more to read.
  template <typename Move>
  Result<std::size_t> move(std::uint64_t& address, mm::IoBuffer& buffer, Move move_part) {
    task::Task* task = process_->threads.front();
    if (process_->program.generation != program_) return 0;
    const Ref<mm::AddressSpace> space = task ? task->space : nullptr;
    if (!space) return 0;
    const auto page = mm::FrameRef::adopt(TRY(mm::allocate_frame(mm::Fill::kNone)));
    std::size_t done = 0;
    while (buffer.remaining() > 0) {
      const std::size_t wanted = std::min(mm::kPageSize - mm::page_offset(address), buffer.remaining());
      const auto moved = move_part(*space, std::span(page.data(), wanted));
      if (!moved) return moved_or(done, moved.error());
      done += moved.value();
      address += moved.value();
      if (moved.value() < wanted) break;
    }
    return done;
  }

  Ref<task::Process> process_;
  std::uint64_t program_;
};

}  // namespace

Result<Ref<File>> open_process_memory(int pid, const Path& path, std::uint32_t flags) {
  task::Process* process = task::find_process(pid);
  if (!process) return Errno::kSrch;
  TRY(check_inspection(*process));
  return Ref<File>(TRY(make_ref<OpenMemory>(path, flags, *process)));
}

}  // namespace kernel::fs
