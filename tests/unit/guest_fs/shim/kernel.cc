#include "shim/kernel.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <unordered_map>

#include "arch/x86_64/per_cpu.h"
#include "drivers/console.h"
#include "drivers/rng.h"
#include "fs/char_device.h"
#include "fs/file_table.h"
#include "fs/fs_context.h"
#include "lib/log.h"
#include "lib/random.h"
#include "lib/time.h"
#include "mm/frame.h"
#include "mm/user_ptr.h"
#include "task/exit.h"
#include "task/scheduler.h"
#include "task/signal.h"
#include "task/timers.h"
#include "task/undo_list.h"
#include "task/wait_queue.h"

namespace husk::test {
namespace {
Kernel* g_kernel = nullptr;
std::unordered_map<std::uint64_t, std::uint32_t> g_frames;  // pfn to references
}  // namespace

Kernel::Kernel(std::uint64_t frames) : frames_total(frames) {
  g_kernel = this;
  g_frames.clear();
  task_ = kernel::make_ref<kernel::task::Task>().take();
  task_->process = kernel::make_ref<kernel::task::Process>().take();
  task_->process->ids.pid = 1;
  task_->set_tid(1);
  task_->process->limits.set(kernel::task::Resource::kOpenFiles, {1024, 4096});
  task_->files = kernel::make_ref<kernel::fs::FileTable>().take();
}

Kernel::~Kernel() {
  task_ = nullptr;
  // Mounts live as long as the program; their frames do not.
  for (const auto& [pfn, references] : g_frames) std::free(kernel::mm::frame_data(kernel::mm::Pfn{pfn}));
  g_frames.clear();
  g_kernel = nullptr;
}

kernel::Ref<kernel::task::Task> Kernel::make_task() {
  auto made = kernel::make_ref<kernel::task::Task>().take();
  made->process = task_->process;
  made->fs = task_->fs;
  return made;
}

Kernel& Kernel::current() {
  return *g_kernel;
}

}  // namespace husk::test

using husk::test::Kernel;

kernel::arch::PerCpu kernel::arch::boot_cpu;

namespace kernel {

bool log_enabled(LogLevel) {
  return false;
}
void log_line(LogLevel, std::string_view) {}
void panic_line(std::string_view text) {
  std::fprintf(stderr, "kernel panic: %.*s\n", static_cast<int>(text.size()), text.data());
  std::abort();
}
std::uint64_t realtime_offset_ns() {
  return 1'700'000'000'000'000'000;
}
std::uint64_t monotonic_ns() {
  return Kernel::current().now_ns;
}
std::uint64_t realtime_ns() {
  return realtime_offset_ns() + Kernel::current().now_ns;
}
void random_bytes(std::span<std::byte> output) {
  for (std::byte& byte : output) byte = std::byte{static_cast<unsigned char>(std::rand())};
}

}  // namespace kernel

namespace kernel::mm {

Result<Pfn> allocate_frame(Fill fill) {
  Kernel& machine = Kernel::current();
  if (machine.frames_used >= machine.frames_total) return Errno::kNoMem;
  void* page = std::aligned_alloc(kPageSize, kPageSize);
  std::memset(page, fill == Fill::kZero ? 0 : 0xa5, kPageSize);
  ++machine.frames_used;
  const Pfn pfn = frame_of(page);
  husk::test::g_frames[pfn.value] = 1;
  return pfn;
}
Result<Pfn> allocate_user_frame(Fill fill) {
  return allocate_frame(fill);
}
void retain_frame(Pfn pfn) {
  if (auto found = husk::test::g_frames.find(pfn.value); found != husk::test::g_frames.end()) ++found->second;
}
void release_frame(Pfn pfn) {
  auto found = husk::test::g_frames.find(pfn.value);
  if (found == husk::test::g_frames.end() || --found->second > 0) return;
  husk::test::g_frames.erase(found);
  if (husk::test::g_kernel) --Kernel::current().frames_used;
  std::free(frame_data(pfn));
}
std::uint32_t frame_references(Pfn pfn) {
  auto found = husk::test::g_frames.find(pfn.value);
  return found == husk::test::g_frames.end() ? 0 : found->second;
}
bool is_ram(Pfn pfn) {
  return husk::test::g_frames.contains(pfn.value);
}
MemoryStatistics memory_statistics() {
  const Kernel& machine = Kernel::current();
  return {machine.frames_total, machine.frames_total - machine.frames_used, machine.frames_used, 0};
}

namespace {
bool is_user(std::uint64_t address) {
  return address >= kPageSize;
}
}  // namespace
Result<void> copy_from_user(void* destination, std::uint64_t user_address, std::size_t size) {
  if (size > 0 && !is_user(user_address)) return Errno::kFault;
  std::memcpy(destination, reinterpret_cast<const void*>(user_address), size);
  return {};
}
Result<void> copy_to_user(std::uint64_t user_address, const void* source, std::size_t size) {
  if (size > 0 && !is_user(user_address)) return Errno::kFault;
  std::memcpy(reinterpret_cast<void*>(user_address), source, size);
  return {};
}
// How much can be moved before the page that the test withholds; sets `pending` then.
static std::size_t before_withheld(std::uint64_t address, std::size_t size, Ref<PendingPage>& pending) {
  const Kernel& machine = Kernel::current();
  const std::uint64_t withheld = machine.withheld_page;
  if (!machine.withheld || size == 0 || address >= withheld + kPageSize || address + size <= withheld) return size;
  pending = machine.withheld;
  return withheld > address ? withheld - address : 0;
}
std::size_t copy_from_user_present(void* destination, std::uint64_t user_address, std::size_t size,
                                   Ref<PendingPage>& pending) {
  size = before_withheld(user_address, size, pending);
  return copy_from_user(destination, user_address, size) ? size : 0;
}
std::size_t copy_to_user_present(std::uint64_t user_address, const void* source, std::size_t size,
                                 Ref<PendingPage>& pending) {
  size = before_withheld(user_address, size, pending);
  return copy_to_user(user_address, source, size) ? size : 0;
}
std::size_t user_room_present(std::uint64_t user_address, std::size_t size, Ref<PendingPage>& pending) {
  return is_user(user_address) ? before_withheld(user_address, size, pending) : 0;
}
std::size_t clear_user_present(std::uint64_t user_address, std::size_t size, Ref<PendingPage>& pending) {
  size = before_withheld(user_address, size, pending);
  if (!is_user(user_address)) return 0;
  std::memset(reinterpret_cast<void*>(user_address), 0, size);
  return size;
}
Result<String> copy_string_from_user(std::uint64_t user_address, std::size_t limit) {
  if (!is_user(user_address)) return Errno::kFault;
  const char* text = reinterpret_cast<const char*>(user_address);
  const std::size_t length = strnlen(text, limit);
  if (length == limit) return Errno::kNameTooLong;
  return String::from({text, length});
}

}  // namespace kernel::mm

// Tests have no page tables; a task's address space is only ever null.
namespace kernel::mm {
void notice_next_writes_to(const MemoryObject&) {}
class AddressSpace : public RefCounted {};
}  // namespace kernel::mm

namespace kernel::task {

Task::~Task() = default;
Process::Process() : family(*this) {}
Process::~Process() = default;
ProcessSignals::~ProcessSignals() = default;
void start_cpu_timers(Task&) {}
void PendingSignals::discard(SignalSet) {}
Task& current() {
  return Kernel::current().running();
}
void send_signal(Task&, const SignalInfo& info) {
  Kernel::current().signals.push_back(info.signal);
}
SignalInfo signal_from_current(int signal, SignalCode code) {
  SignalInfo info;
  info.signal = signal;
  info.code = code;
  return info;
}
bool must_exit(const Task&) {
  return false;
}
SignalInfo kernel_signal(int number) {
  SignalInfo info;
  info.signal = number;
  return info;
}
void send_signal(Process&, const SignalInfo& info) {
  Kernel::current().signals.push_back(info.signal);
}
Result<void> queue_signal(Task&, const SignalInfo& info) {
  Kernel::current().signals.push_back(info.signal);
  return {};
}
Result<void> queue_signal(Process&, const SignalInfo& info) {
  Kernel::current().signals.push_back(info.signal);
  return {};
}
Process* find_process(int) {
  return nullptr;
}
Task* find_task(int) {
  return nullptr;
}
void for_each_process(int, ProcessVisitor, void*) {}
void wake_task(Task&) {}
void Task::set_tid(int id) {
  tid_ = id;
}
bool preemption_point() {
  return false;
}
Result<void> block(Deadline deadline, Interruptible) {
  Kernel& machine = Kernel::current();
  if (machine.on_block) {
    machine.on_block();
    return {};
  }
  if (deadline.is_never()) {
    panic_line("the task sleeps and nobody would wake it");
  }
  machine.now_ns = deadline.ns();
  return Errno::kTimedOut;
}

}  // namespace kernel::task

namespace kernel::arch {
Context::~Context() = default;
KernelStack::~KernelStack() = default;
}  // namespace kernel::arch

namespace kernel::fs {
// No drivers here, and no nodes of theirs.
std::span<const CharDeviceMajor> char_device_majors() {
  return {};
}
}  // namespace kernel::fs

namespace kernel::drivers {
ConsolePort* console_port(DeviceRole) {
  return nullptr;
}
Result<void> reseed_from_host() {
  return Errno::kNoDev;
}
}  // namespace kernel::drivers

namespace kernel::mm {

void still_busy();
void still_busy() {}

class MemoryObject;
void unmap_object_pages(const MemoryObject&, std::uint64_t, std::uint64_t);
// There are no address spaces here that could map anything.
void unmap_object_pages(const MemoryObject&, std::uint64_t, std::uint64_t) {}

}  // namespace kernel::mm
