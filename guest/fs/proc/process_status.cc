// /proc/PID/stat, status, statm, limits, io, comm.
#include "fs/file_table.h"
#include "fs/fs_context.h"
#include "fs/proc/process_files.h"
#include "mm/address_space.h"
#include "task/cpu_time.h"

namespace kernel::fs {

namespace {

using task::to_ticks;

struct State {
  char letter;
  std::string_view name;
};

State state_of(const ProcSubject& subject) {
  if (subject.process.life.state == task::ProcessState::kZombie || !subject.task) return {'Z', "zombie"};
  // Also a leader that has ended, while others go on.
  if (subject.id == subject.process.ids.pid && !subject.process.leader()) return {'Z', "zombie"};
  if (subject.task->tracee) {
    // A tracer may let it run while its process is stopped.
    if (subject.task->tracee->stopped) return {'t', "tracing stop"};
  } else if (subject.process.life.state == task::ProcessState::kStopped) {
    return {'T', "stopped"};
  }
  switch (subject.task->state) {
    case task::TaskState::kRunnable:
      return {'R', "running"};
    case task::TaskState::kSleeping:
      return {'S', "sleeping"};
    case task::TaskState::kUninterruptible:
      return {'D', "disk sleep"};
    case task::TaskState::kDead:
      return {'X', "dead"};
  }
  return {'S', "sleeping"};
}

// A zombie has no thread left to have a name; its program's stands in.
std::string_view name_of(const ProcSubject& subject) {
  if (subject.task) return subject.task->name;
  const std::string_view path = subject.process.program.path;
  return path.substr(path.rfind('/') + 1).substr(0, sizeof(task::Task::name) - 1);
}

// Memory by kind, in bytes.
struct MemoryUse {
  mm::AddressSpace::Usage sizes;
  std::uint64_t resident = 0;
  std::uint64_t shared = 0;  // of what is resident: pages of files and of shared memory
};

MemoryUse memory_of(const ProcSubject& subject) {
  MemoryUse use;
  if (!subject.task || !subject.task->space) return use;
  const mm::AddressSpace& space = *subject.task->space;
  use.sizes = space.usage();
  use.resident = space.resident_pages() * mm::kPageSize;
  space.for_each_mapping([&](const mm::Mapping& mapping) {
    if (mapping.object) use.shared += space.resident_pages(mapping) * mm::kPageSize;
  });
  return use;
}

struct Dispositions {
  task::SignalSet ignored = 0;
  task::SignalSet caught = 0;
};

Dispositions dispositions_of(const task::Process& process) {
  Dispositions result;
  if (!process.signals.handlers) return result;
  for (int signal = 1; signal <= task::kSignalCount; ++signal) {
    const std::uint64_t handler = process.signals.handlers->actions[signal - 1].handler;
    if (handler == 1) result.ignored |= task::signal_bit(signal);
    if (handler > 1) result.caught |= task::signal_bit(signal);
  }
  return result;
}

// A leader that has ended counts until its process is gone.
std::uint64_t thread_count(task::Process& process) {
  return process.threads.count() + (process.leader() ? 0 : 1);
}

void put_kilobytes(ProcText& text, std::string_view name, std::uint64_t bytes) {
  text.put(name);
  text.put(":\t");
  text.put_number(bytes / 1024, 10, 8, ' ');
  text.put(" kB\n");
}

void put_mask(ProcText& text, std::string_view name, std::uint64_t mask) {
  text.put(name);
  text.put(":\t");
  text.put_number(mask, 16, 16, '0');
  text.put("\n");
}

}  // namespace

Result<void> write_process_stat(const ProcSubject& subject, ProcText& text) {
  task::Process& process = subject.process;
  const task::CpuTime time =
      subject.whole_process || !subject.task ? task::process_cpu_time(process) : task::task_cpu_time(*subject.task);
  const MemoryUse memory = memory_of(subject);
  const Dispositions signals = dispositions_of(process);
  text.print("{} ({}) {} {} {} {} ", subject.id, name_of(subject), state_of(subject).letter,
             process.family.parent() ? process.family.parent()->ids.pid : 0, int{process.ids.group},
             process.ids.session->id());
  // tty_nr and tpgid, then flags and page faults: minor, of children, major, of children. The number of the device in
  // proc(5) is as in stat(2).
  const task::ControllingTerminal* terminal = process.ids.terminal();
  text.print("{} {} 0 {} 0 0 0 ", terminal ? terminal->device_number() : 0,
             terminal ? terminal->foreground_group() : -1, process.accounting.minor_faults);
  text.print("{} {} {} {} ", to_ticks(time.user_ns), to_ticks(time.system_ns),
             to_ticks(process.accounting.reaped.user_ns), to_ticks(process.accounting.reaped.system_ns));
  // priority, nice, threads, itrealvalue, start time
  const task::SchedulingParameters scheduling =
      subject.task ? subject.task->scheduling.parameters() : task::SchedulingParameters();
  // With what it has of who waits for a lock of its.
  const int realtime = subject.task ? subject.task->scheduling.priority() : 0;
  const int priority = realtime != 0 ? -1 - realtime : 20 + scheduling.nice;
  text.print("{} {} {} 0 {} ", priority, int{scheduling.nice}, thread_count(process),
             to_ticks(process.accounting.start_ns));
  text.print("{} {} {} ", memory.sizes.total, memory.resident / mm::kPageSize,
             process.limits.current(task::Resource::kResidentSet));
  // startcode, endcode, startstack, kstkesp, kstkeip: not told, as to a reader without ptrace rights.
  text.put("0 0 0 0 0 ");
  // Signals as decimal masks of the first 31.
  const std::uint64_t low = 0x7fffffff;
  const std::uint64_t pending = subject.task ? subject.task->signals.pending.set | process.signals.pending.set : 0;
  const std::uint64_t blocked = subject.task ? subject.task->signals.blocked : 0;
  text.print("{} {} {} {} ", pending & low, blocked & low, signals.ignored & low, signals.caught & low);
  // wchan, nswap, cnswap, exit_signal, processor, rt_priority, policy, delayacct, guest times
  text.print("0 0 0 {} 0 {} {} 0 0 0 ", process.family.exit_signal, int{scheduling.priority},
             static_cast<int>(scheduling.policy));
  // start_data, end_data, start_brk, arguments, environment, exit code
  const std::uint64_t start_break = subject.task && subject.task->space ? subject.task->space->break_start() : 0;
  text.print("0 0 {} {} {} {} {} {}\n", start_break, process.program.arguments.start, process.program.arguments.end,
             process.program.environment.start, process.program.environment.end, process.life.exit_status);
  return {};
}

Result<void> write_process_status(const ProcSubject& subject, ProcText& text) {
  task::Process& process = subject.process;
  const State state = state_of(subject);
  text.print("Name:\t{}\n", name_of(subject));
  if (subject.task && subject.task->fs) {
    text.put("Umask:\t");
    text.put_number(subject.task->fs->umask, 8, 4, '0');
    text.put("\n");
  }
  const task::Tracee* tracee = subject.task ? subject.task->tracee : nullptr;
  text.print("State:\t{} ({})\nTgid:\t{}\nNgid:\t0\nPid:\t{}\nPPid:\t{}\nTracerPid:\t{}\n", state.letter, state.name,
             process.ids.pid, subject.id, process.family.parent() ? process.family.parent()->ids.pid : 0,
             tracee ? tracee->tracer()->tid : 0);
  const task::Credentials nobody;
  const task::Credentials& who = subject.task ? subject.task->credentials : nobody;
  text.print("Uid:\t{}\t{}\t{}\t{}\n", who.uid, who.euid, who.suid, who.fsuid);
  text.print("Gid:\t{}\t{}\t{}\t{}\n", who.gid, who.egid, who.sgid, who.fsgid);
  text.print("FDSize:\t{}\nGroups:\t", subject.task && subject.task->files ? subject.task->files->end() : 0);
  for (std::uint32_t group : who.groups) text.print("{} ", group);
  if (who.groups.empty()) text.put(" ");  // as Linux ends the list
  text.print("\nNStgid:\t{}\nNSpid:\t{}\nNSpgid:\t{}\nNSsid:\t{}\n", process.ids.pid, subject.id,
             int{process.ids.group}, process.ids.session->id());
  if (subject.task && subject.task->space) {
    const MemoryUse memory = memory_of(subject);
    const mm::AddressSpace& space = *subject.task->space;
    put_kilobytes(text, "VmPeak", space.peak_bytes());
    put_kilobytes(text, "VmSize", memory.sizes.total);
    put_kilobytes(text, "VmLck", memory.sizes.locked);
    put_kilobytes(text, "VmPin", 0);
    put_kilobytes(text, "VmHWM", space.peak_resident_pages() * mm::kPageSize);
    put_kilobytes(text, "VmRSS", memory.resident);
    put_kilobytes(text, "RssAnon", memory.resident - memory.shared);
    put_kilobytes(text, "RssFile", memory.shared);
    put_kilobytes(text, "VmData", memory.sizes.data);
    put_kilobytes(text, "VmStk", memory.sizes.stack);
    put_kilobytes(text, "VmExe", memory.sizes.text);
    put_kilobytes(text, "VmLib", 0);  // a library's text is counted in VmExe
    put_kilobytes(text, "VmPTE", space.page_tables() * mm::kPageSize);
    put_kilobytes(text, "VmSwap", 0);
  }
  const Dispositions signals = dispositions_of(process);
  text.print("Threads:\t{}\nSigQ:\t{}/{}\n", thread_count(process),
             subject.task && subject.task->charge.user() ? subject.task->charge.user()->queued_signals : 0,
             process.limits.current(task::Resource::kPendingSignals));
  put_mask(text, "SigPnd", subject.task ? subject.task->signals.pending.set : 0);
  put_mask(text, "ShdPnd", process.signals.pending.set);
  put_mask(text, "SigBlk", subject.task ? subject.task->signals.blocked : 0);
  put_mask(text, "SigIgn", signals.ignored);
  put_mask(text, "SigCgt", signals.caught);
  const task::Capabilities& held = who.capabilities;
  put_mask(text, "CapInh", held.inheritable.bits());
  put_mask(text, "CapPrm", held.permitted.bits());
  put_mask(text, "CapEff", held.effective.bits());
  put_mask(text, "CapBnd", held.bounding.bits());
  put_mask(text, "CapAmb", held.ambient.bits());
  text.print("NoNewPrivs:\t{}\nSeccomp:\t0\n", subject.task && subject.task->no_new_privileges ? 1 : 0);
  text.put("Cpus_allowed:\t1\nCpus_allowed_list:\t0\nMems_allowed:\t1\nMems_allowed_list:\t0\n");
  return {};
}

Result<void> write_process_statm(const ProcSubject& subject, ProcText& text) {
  const MemoryUse memory = memory_of(subject);
  text.print("{} {} {} {} 0 {} 0\n", memory.sizes.total / mm::kPageSize, memory.resident / mm::kPageSize,
             memory.shared / mm::kPageSize, memory.sizes.text / mm::kPageSize,
             (memory.sizes.data + memory.sizes.stack) / mm::kPageSize);
  return {};
}

Result<void> write_process_limits(const ProcSubject& subject, ProcText& text) {
  struct Row {
    task::Resource resource;
    std::string_view name;
    std::string_view unit;
  };
  static constexpr Row kRows[] = {
      {task::Resource::kCpu, "Max cpu time", "seconds"},
      {task::Resource::kFileSize, "Max file size", "bytes"},
      {task::Resource::kData, "Max data size", "bytes"},
      {task::Resource::kStack, "Max stack size", "bytes"},
      {task::Resource::kCore, "Max core file size", "bytes"},
      {task::Resource::kResidentSet, "Max resident set", "bytes"},
      {task::Resource::kProcesses, "Max processes", "processes"},
      {task::Resource::kOpenFiles, "Max open files", "files"},
      {task::Resource::kLockedMemory, "Max locked memory", "bytes"},
      {task::Resource::kAddressSpace, "Max address space", "bytes"},
      {task::Resource::kFileLocks, "Max file locks", "locks"},
      {task::Resource::kPendingSignals, "Max pending signals", "signals"},
      {task::Resource::kMessageQueues, "Max msgqueue size", "bytes"},
      {task::Resource::kNice, "Max nice priority", ""},
      {task::Resource::kRealTimePriority, "Max realtime priority", ""},
      {task::Resource::kRealTimeTimeout, "Max realtime timeout", "us"},
  };
  const auto put_value = [&](std::uint64_t value) {
    if (value == ~std::uint64_t{0}) {
      text.put("unlimited");
    } else {
      text.print("{}", value);
    }
  };
  text.put("Limit                     Soft Limit           Hard Limit           Units     \n");
  for (const Row& row : kRows) {
    const task::Rlimit& limit = subject.process.limits.get(row.resource);
    text.put(row.name);
    text.pad_to(26);
    put_value(limit.current);
    text.pad_to(47);
    put_value(limit.maximum);
    text.pad_to(68);
    text.put(row.unit);
    text.pad_to(row.unit.empty() ? 68 : 78);
    text.put("\n");
  }
  return {};
}

// Bytes that moved, whether or not a disk had to do with it; which none has here.
Result<void> write_process_io(const ProcSubject& subject, ProcText& text) {
  task::TransferCounts counts;
  if (subject.whole_process) {
    counts = subject.process.accounting.transfers;
    for (const task::Task& thread : subject.process.threads) counts += thread.transfers;
  } else if (subject.task) {
    counts = subject.task->transfers;
  }
  text.print("rchar: {}\nwchar: {}\nsyscr: {}\nsyscw: {}\n", counts.read_bytes, counts.written_bytes, counts.reads,
             counts.writes);
  text.put("read_bytes: 0\nwrite_bytes: 0\ncancelled_write_bytes: 0\n");
  return {};
}

Result<void> write_process_comm(const ProcSubject& subject, ProcText& text) {
  text.print("{}\n", name_of(subject));
  return {};
}

}  // namespace kernel::fs
