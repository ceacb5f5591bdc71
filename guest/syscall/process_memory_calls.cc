#include "syscall/process_memory_calls.h"

#include <algorithm>
#include <span>

#include "lib/vector.h"
#include "mm/address.h"
#include "mm/address_space.h"
#include "mm/frame.h"
#include "mm/io_buffer.h"
#include "task/exit.h"
#include "task/inspection.h"
#include "task/process.h"
#include "task/scheduler.h"
#include "task/task.h"

namespace kernel::syscall {

namespace {

constexpr std::size_t kMostParts = 1024;  // UIO_MAXIOV

struct Part {
  std::uint64_t address;
  std::uint64_t length;
};

enum class Towards : bool { kLocal, kRemote };

Result<Vector<Part>> read_parts(std::uint64_t address, std::size_t count) {
  if (count > kMostParts) return Errno::kInval;
  Vector<Part> parts;
  TRY(parts.reserve(count));
  for (std::size_t i = 0; i < count; ++i) {
    const Part part = TRY(mm::UserPtr<const Part>(address + i * sizeof(Part)).read());
    if (static_cast<std::int64_t>(part.length) < 0) return Errno::kInval;
    TRY(parts.push_back(part));
  }
  return parts;
}

Result<Ref<mm::AddressSpace>> space_of(int pid) {
  const task::Task* thread = pid > 0 ? task::find_task(pid) : nullptr;
  if (!thread) return Errno::kSrch;
  if (!task::may_inspect(*thread->process, task::InspectWith::kRealIds)) return Errno::kPerm;
  if (!thread->space) return Errno::kSrch;
  return thread->space;
}

// One piece that lies in one page of the other process, through `page`: either side's memory may have to be waited for,
// with others running. What was moved; less than asked where memory of one of them is not there.
Result<std::size_t> move_piece(mm::AddressSpace& remote, std::uint64_t address, mm::IoBuffer& local,
                               std::span<std::byte> page, Towards towards) {
  if (towards == Towards::kLocal) {
    const std::size_t count = mm::copy_from_space_partial(remote, page.data(), address, page.size());
    if (count == 0) return Errno::kFault;
    return mm::across_waits(local, [&](std::size_t done) { return local.store(page.subspan(done, count - done)); });
  }
  const std::size_t count = TRY(
      mm::across_waits(local, [&](std::size_t done) { return local.load(page.subspan(done, page.size() - done)); }));
  TRY(mm::copy_to_space(remote, address, page.data(), count));
  return count;
}

// process_vm_rw() of Linux, with the order of its checks.
SyscallResult move(int pid, std::uint64_t local_parts, std::size_t local_count, std::uint64_t remote_parts,
                   std::size_t remote_count, std::uint64_t flags, Towards towards) {
  if (flags != 0) return Errno::kInval;
  mm::IoBuffer local = TRY(mm::IoBuffer::from_iovec(local_parts, local_count));
  if (local.remaining() == 0) return 0;
  const Vector<Part> remote = TRY(read_parts(remote_parts, remote_count));
  if (std::all_of(remote.begin(), remote.end(), [](const Part& part) { return part.length == 0; })) return 0;
  const Ref<mm::AddressSpace> space = TRY(space_of(pid));
  const auto page = mm::FrameRef::adopt(TRY(mm::allocate_frame(mm::Fill::kNone)));
  std::size_t total = 0;
  for (const Part& part : remote) {
    for (std::uint64_t done = 0; done < part.length && local.remaining() > 0;) {
      const std::uint64_t address = part.address + done;
      const std::size_t wanted =
          std::min({std::uint64_t{mm::kPageSize - mm::page_offset(address)}, part.length - done, local.remaining()});
      const auto moved = move_piece(*space, address, local, std::span(page.data(), wanted), towards);
      if (!moved && total == 0) return moved.error();
      if (!moved) return total;
      total += moved.value();
      done += moved.value();
      if (moved.value() < wanted) return total;
      if (task::preemption_point() && task::must_exit(task::current())) return total;
    }
  }
  return total;
}

}  // namespace

SyscallResult sys_process_vm_readv(int pid, std::uint64_t local, std::size_t local_count, std::uint64_t remote,
                                   std::size_t remote_count, std::uint64_t flags) {
  return move(pid, local, local_count, remote, remote_count, flags, Towards::kLocal);
}

SyscallResult sys_process_vm_writev(int pid, std::uint64_t local, std::size_t local_count, std::uint64_t remote,
                                    std::size_t remote_count, std::uint64_t flags) {
  return move(pid, local, local_count, remote, remote_count, flags, Towards::kRemote);
}

}  // namespace kernel::syscall
