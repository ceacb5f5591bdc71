// The files of /proc that are about the whole machine: proc(5).
#include <cstdint>

#include "boot_parameters.h"
#include "fs/proc/cpu_identity.h"
#include "fs/proc/proc_fs.h"
#include "lib/time.h"
#include "mm/frame.h"
#include "task/cpu_time.h"
#include "task/uts.h"

namespace kernel::fs {

namespace {

using task::to_ticks;

void write_memory_line(ProcText& text, std::string_view name, std::uint64_t frames) {
  text.put(name);
  text.put(":");
  text.pad_to(16);
  text.put_number(frames * (mm::kPageSize / 1024), 10, 8, ' ');
  text.put(" kB\n");
}

void write_meminfo(ProcText& text) {
  const mm::MemoryStatistics memory = mm::memory_statistics();
  write_memory_line(text, "MemTotal", memory.total_frames);
  write_memory_line(text, "MemFree", memory.free_frames);
  write_memory_line(text, "MemAvailable", memory.free_frames);
  // File data is either in the image, which is not this machine's memory, or in a RAM file system, which is no cache.
  for (std::string_view name : {"Buffers", "Cached", "SwapCached", "Active", "Inactive", "SwapTotal", "SwapFree"}) {
    write_memory_line(text, name, 0);
  }
}

// CPU time of all processes there ever were: a dead one's time is in the sums of who waited for it.
struct TotalTime {
  std::uint64_t user_ns = 0;
  std::uint64_t system_ns = 0;
};
TotalTime total_time() {
  TotalTime total;
  task::for_each_process([&](task::Process& process) {
    const task::CpuTime own = task::process_cpu_time(process);
    total.user_ns += own.user_ns + process.accounting.reaped.user_ns;
    total.system_ns += own.system_ns + process.accounting.reaped.system_ns;
    return true;
  });
  return total;
}

void write_cpu_line(ProcText& text, std::string_view name, const TotalTime& total, std::uint64_t idle_ns) {
  text.print("{} {} 0 {} {} 0 0 0 0 0 0\n", name, to_ticks(total.user_ns), to_ticks(total.system_ns),
             to_ticks(idle_ns));
}

void write_stat(ProcText& text) {
  const task::TaskStatistics tasks = task::task_statistics();
  const TotalTime total = total_time();
  write_cpu_line(text, "cpu ", total, tasks.idle_ns);
  write_cpu_line(text, "cpu0", total, tasks.idle_ns);
  text.print("intr 0\nctxt {}\nbtime {}\nprocesses {}\n", tasks.context_switches,
             (realtime_ns() - monotonic_ns()) / kNanosecondsPerSecond, tasks.forks);
  text.print("procs_running {}\nprocs_blocked 0\nsoftirq 0 0 0 0 0 0 0 0 0 0 0\n", tasks.runnable);
}

void write_seconds(ProcText& text, std::uint64_t ns) {
  text.print("{}.", ns / kNanosecondsPerSecond);
  text.put_number(to_ticks(ns) % task::kTicksPerSecond, 10, 2, '0');
}

void write_uptime(ProcText& text) {
  write_seconds(text, monotonic_ns());
  text.put(" ");
  write_seconds(text, task::task_statistics().idle_ns);
  text.put("\n");
}

void write_loadavg(ProcText& text) {
  // Averages would need a sampler that wakes an idle machine; sysinfo(2) reports none either.
  const task::TaskStatistics tasks = task::task_statistics();
  text.print("0.00 0.00 0.00 {}/{} {}\n", tasks.runnable, tasks.processes, tasks.last_pid);
}

void write_version(ProcText& text) {
  text.print("{} version {} (husk) {}\n", task::kSystemName, task::kKernelRelease, task::kKernelVersion);
}

void write_cpuinfo(ProcText& text) {
  const CpuIdentity cpu = identify_cpu();
  text.print("processor\t: 0\nvendor_id\t: {}\ncpu family\t: {}\nmodel\t\t: {}\n", cpu.vendor_text(), cpu.family,
             cpu.model);
  text.print("model name\t: {}\nstepping\t: {}\n", cpu.brand_text(), cpu.stepping);
  const std::uint64_t khz = boot_parameters().tsc_khz;
  text.print("cpu MHz\t\t: {}.", khz / 1000);
  text.put_number(khz % 1000, 10, 3, '0');
  text.put("\ncache size\t: 0 KB\nphysical id\t: 0\nsiblings\t: 1\ncore id\t\t: 0\ncpu cores\t: 1\n");
  text.print(
      "apicid\t\t: 0\ninitial apicid\t: 0\nfpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: {}\nwp\t\t: "
      "yes\nflags\t\t:",
      cpu.highest_leaf);
  for (const CpuFlag& flag : kCpuFlags) {
    if (cpu.has(flag)) text.print(" {}", flag.name);
  }
  text.print("\nbogomips\t: {}.", khz / 500);
  text.put_number(khz / 5 % 100, 10, 2, '0');
  text.print("\nclflush size\t: {}\ncache_alignment\t: {}\n", cpu.cache_line, cpu.cache_line);
  text.print("address sizes\t: {} bits physical, {} bits virtual\npower management:\n\n", cpu.physical_bits,
             cpu.virtual_bits);
}

void write_filesystems(ProcText& text) {
  text.put("nodev\tsysfs\nnodev\tproc\nnodev\ttmpfs\nnodev\toverlay\nnodev\tmqueue\nnodev\tdevpts\n");
}

// What happened to pages. None goes to or comes from a disk: there is none.
void write_vmstat(ProcText& text) {
  text.print("nr_free_pages {}\n", mm::memory_statistics().free_frames);
  for (std::string_view name : {"pgpgin", "pgpgout", "pswpin", "pswpout", "pgmajfault"}) text.print("{} 0\n", name);
}

// The columns that Linux shows when there is no swap space.
void write_swaps(ProcText& text) {
  text.put("Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
}

// What dev_fs.cc makes nodes of.
void write_devices(ProcText& text) {
  text.put("Character devices:\n  1 mem\n  5 /dev/tty\n  5 /dev/console\n\nBlock devices:\n");
}

// No block devices, so not even a heading.
void write_nothing(ProcText&) {}

// Without a boot loader there is no command line; the VMM describes the machine in a device tree.
void write_cmdline(ProcText& text) {
  text.put("\n");
}

void write_self(ProcText& text) {
  text.print("{}", task::current().process->ids.pid);
}

void write_thread_self(ProcText& text) {
  text.print("{}/task/{}", task::current().process->ids.pid, task::current().tid);
}

void write_mounts_link(ProcText& text) {
  text.put("self/mounts");
}

void write_net_link(ProcText& text) {
  text.put("self/net");
}

constexpr ProcNode kNodes[] = {
    {.name = "cmdline", .generate = write_cmdline},
    {.name = "cpuinfo", .generate = write_cpuinfo},
    {.name = "devices", .generate = write_devices},
    {.name = "diskstats", .generate = write_nothing},
    {.name = "filesystems", .generate = write_filesystems},
    {.name = "loadavg", .generate = write_loadavg},
    {.name = "meminfo", .generate = write_meminfo},
    {.name = "mounts", .target = write_mounts_link},
    {.name = "net", .target = write_net_link},
    {.name = "partitions", .generate = write_nothing},
    {.name = "self", .target = write_self},
    {.name = "stat", .generate = write_stat},
    {.name = "swaps", .generate = write_swaps},
    {.name = "sys", .children = sysctl_nodes, .sysctl = true, .place = ProcPlace::kSys},
    {.name = "thread-self", .target = write_thread_self},
    {.name = "uptime", .generate = write_uptime},
    {.name = "version", .generate = write_version},
    {.name = "vmstat", .generate = write_vmstat},
};

}  // namespace

std::span<const ProcNode> proc_root_nodes() {
  return kNodes;
}

}  // namespace kernel::fs
