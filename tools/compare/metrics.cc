#include "tools/compare/metrics.h"

#include <algorithm>
#include <array>

namespace husk::compare {
namespace {

using enum Unit;

constexpr std::array kMetrics = {
    Metric{"start_ns", Group::kStartUp, "start to exit", kNanoseconds},
    Metric{"start_with_root_ns", Group::kStartUp, "start to exit, root made within", kNanoseconds},
    Metric{"start_directory_ns", Group::kStartUp, "start to exit, from a directory", kNanoseconds},
    Metric{"first_start_ns", Group::kStartUp, "first start on a host", kNanoseconds},
    Metric{"ready_ns", Group::kStartUp, "start to the line of --ready", kNanoseconds},
    Metric{"cold_start_ns", Group::kStartUp, "start to exit, cold page cache", kNanoseconds},
    Metric{"first_instruction_ns", Group::kStartUp, "payload's first instruction", kNanoseconds},
    Metric{"first_output_ns", Group::kStartUp, "first byte of output", kNanoseconds},
    Metric{"teardown_ns", Group::kStartUp, "payload's last instruction to exit", kNanoseconds},

    Metric{"phase_setup_ns", Group::kPhases, "set-up", kNanoseconds},
    Metric{"phase_exec_ns", Group::kPhases, "exec", kNanoseconds},
    Metric{"phase_vm_ns", Group::kPhases, "VM", kNanoseconds},
    Metric{"phase_kernel_ns", Group::kPhases, "guest kernel", kNanoseconds},
    Metric{"phase_payload_ns", Group::kPhases, "payload", kNanoseconds},
    Metric{"phase_teardown_ns", Group::kPhases, "tear-down", kNanoseconds},

    Metric{"task_touch_ns", Group::kWorkloads, "touch 16 MiB", kNanoseconds},
    Metric{"task_syscalls_ns", Group::kWorkloads, "100,000 system calls", kNanoseconds},
    Metric{"task_write_ns", Group::kWorkloads, "write a file of 4 MiB", kNanoseconds},
    Metric{"task_python_ns", Group::kWorkloads, "start Python", kNanoseconds},
    Metric{"task_imports_ns", Group::kWorkloads, "Python with imports", kNanoseconds},
    Metric{"task_shell_ns", Group::kWorkloads, "200 processes of a shell", kNanoseconds},
    Metric{"task_sqlite_ns", Group::kWorkloads, "sqlite, 20,000 inserts", kNanoseconds},
    Metric{"task_tar_ns", Group::kWorkloads, "tar and gzip of a tree", kNanoseconds},
    Metric{"task_git_ns", Group::kWorkloads, "git commit of a tree", kNanoseconds},
    Metric{"task_gcc_ns", Group::kWorkloads, "gcc of a small file", kNanoseconds},
    Metric{"task_sort_ns", Group::kWorkloads, "sort 300,000 lines", kNanoseconds},
    Metric{"task_find_ns", Group::kWorkloads, "find in /usr", kNanoseconds},
    Metric{"task_redis_ns", Group::kWorkloads, "redis, 10,000 requests", kNanoseconds},
    Metric{"task_redis_pipelined_ns", Group::kWorkloads, "redis, 100,000 requests, 16 at a time", kNanoseconds},
    Metric{"task_nginx_ns", Group::kWorkloads, "nginx, 1,000 requests", kNanoseconds},
    Metric{"task_nginx_ab_ns", Group::kWorkloads, "nginx, 1,000 connections of ab", kNanoseconds},
    Metric{"task_postgres_ns", Group::kWorkloads, "postgres, 200 transactions", kNanoseconds},

    Metric{"peak_pss_bytes", Group::kMemory, "peak PSS", kBytes},
    Metric{"idle_pss_bytes", Group::kMemory, "idle PSS", kBytes},
    Metric{"idle_private_bytes", Group::kMemory, "idle, private pages", kBytes},
    Metric{"idle_shared_bytes", Group::kMemory, "idle, share of shared pages", kBytes},
    Metric{"idle_kernel_bytes", Group::kMemory, "idle, memory of the host's kernel", kBytes},
    Metric{"idle_total_bytes", Group::kMemory, "idle, PSS and memory of the host's kernel", kBytes},

    Metric{"detached_idle_pss_bytes", Group::kMemory, "idle, detached, PSS", kBytes},
    Metric{"detached_idle_private_bytes", Group::kMemory, "idle, detached, private pages", kBytes},
    Metric{"detached_idle_shared_bytes", Group::kMemory, "idle, detached, share of shared pages", kBytes},
    Metric{"detached_idle_kernel_bytes", Group::kMemory, "idle, detached, memory of the host's kernel", kBytes},
    Metric{"detached_idle_total_bytes", Group::kMemory, "idle, detached, PSS and memory of the host's kernel", kBytes},

    Metric{"total_pss_bytes", Group::kDensity, "PSS of n idle instances", kBytes},
    Metric{"total_group_bytes", Group::kDensity, "control group of n idle instances", kBytes},
    Metric{"total_system_bytes", Group::kDensity, "MemAvailable taken by n idle instances", kBytes},
    Metric{"additional_pss_bytes", Group::kDensity, "PSS of one instance more", kBytes},
    Metric{"additional_group_bytes", Group::kDensity, "control group's total of one instance more", kBytes},
    Metric{"additional_system_bytes", Group::kDensity, "MemAvailable taken, for each of 100 or more", kBytes},

    Metric{"python_idle_pss_bytes", Group::kDensity, "idle Python, PSS", kBytes},
    Metric{"python_idle_total_bytes", Group::kDensity, "idle Python, PSS and memory of the host's kernel", kBytes},
    Metric{"python_total_pss_bytes", Group::kDensity, "PSS of n idle Pythons", kBytes},
    Metric{"python_total_group_bytes", Group::kDensity, "control group of n idle Pythons", kBytes},
    Metric{"python_total_system_bytes", Group::kDensity, "MemAvailable taken by n idle Pythons", kBytes},
    Metric{"python_additional_pss_bytes", Group::kDensity, "PSS of one Python more", kBytes},
    Metric{"python_additional_group_bytes", Group::kDensity, "control group's total of one Python more", kBytes},
    Metric{"python_additional_system_bytes", Group::kDensity, "MemAvailable taken, for each of 100 Pythons or more",
           kBytes},

    Metric{"python_unshared_idle_pss_bytes", Group::kDensity, "idle Python, image not shared, PSS", kBytes},
    Metric{"python_unshared_idle_total_bytes", Group::kDensity,
           "idle Python, image not shared, PSS and memory of the host's kernel", kBytes},
    Metric{"python_unshared_total_pss_bytes", Group::kDensity, "PSS of n idle Pythons, image not shared", kBytes},
    Metric{"python_unshared_total_group_bytes", Group::kDensity, "control group of n idle Pythons, image not shared",
           kBytes},
    Metric{"python_unshared_additional_pss_bytes", Group::kDensity, "PSS of one Python more, image not shared", kBytes},
    Metric{"python_unshared_additional_group_bytes", Group::kDensity,
           "control group's total of one Python more, image not shared", kBytes},

    Metric{"start_rate", Group::kDensity, "starts per second, n at a time", kPerSecond, true},
    Metric{"arrival_ns", Group::kDensity, "start to exit, from a random arrival at half the start rate", kNanoseconds},
    Metric{"arrival_lag_ns", Group::kDensity, "of it, what the comparison itself came too late", kNanoseconds},
    Metric{"arrival_rate", Group::kDensity, "arrivals per second that were asked for", kPerSecond},

    Metric{"cpu_ns", Group::kSpeed, "CPU loop, per iteration", kNanoseconds},
    Metric{"memory_l2_rate", Group::kSpeed, "memory read, half of L2", kBytesPerSecond, true},
    Metric{"memory_llc_rate", Group::kSpeed, "memory read, half of last cache", kBytesPerSecond, true},
    Metric{"memory_ram_rate", Group::kSpeed, "memory read, 4 x last cache", kBytesPerSecond, true},
    Metric{"syscall_ns", Group::kSpeed, "null system call", kNanoseconds},
    Metric{"context_switch_ns", Group::kSpeed, "context switch", kNanoseconds},
    Metric{"page_fault_ns", Group::kSpeed, "page fault", kNanoseconds},
    Metric{"fork_exec_ns", Group::kSpeed, "fork + exec + wait", kNanoseconds},
    Metric{"file_write_rate", Group::kSpeed, "file write", kBytesPerSecond, true},
    Metric{"file_read_rate", Group::kSpeed, "file read", kBytesPerSecond, true},
    Metric{"file_metadata_ns", Group::kSpeed, "file create + stat + unlink", kNanoseconds},
    Metric{"clock_ns", Group::kSpeed, "clock read by the vDSO", kNanoseconds},
    Metric{"futex_switch_ns", Group::kSpeed, "futex switch", kNanoseconds},
    Metric{"epoll_ns", Group::kSpeed, "one of 1,000 files ready, epoll", kNanoseconds},
    Metric{"unix_ns", Group::kSpeed, "AF_UNIX round trip", kNanoseconds},
    Metric{"unix_rate", Group::kSpeed, "AF_UNIX stream", kBytesPerSecond, true},
    Metric{"tcp_ns", Group::kSpeed, "loopback TCP round trip", kNanoseconds},
    Metric{"tcp_rate", Group::kSpeed, "loopback TCP stream", kBytesPerSecond, true},

    Metric{"image_directory_ns", Group::kImageSize, "start from a directory of n files", kNanoseconds},
    Metric{"image_named_ns", Group::kImageSize, "start from an imported image of n files", kNanoseconds},
};

}  // namespace

std::span<const Metric> metrics() {
  return kMetrics;
}

const Metric* find_metric(std::string_view id) {
  const auto found = std::ranges::find(kMetrics, id.substr(0, id.find('@')), &Metric::id);
  return found == kMetrics.end() ? nullptr : &*found;
}

std::string with_parameter(std::string_view id, unsigned parameter) {
  return std::string(id) + "@" + std::to_string(parameter);
}

std::string_view parameter_of(std::string_view id) {
  const std::size_t at = id.find('@');
  return at == std::string_view::npos ? std::string_view() : id.substr(at + 1);
}

std::string_view name_of(Unit unit) {
  switch (unit) {
    case kNanoseconds:
      return "ns";
    case kBytes:
      return "bytes";
    case kBytesPerSecond:
      return "bytes/s";
    case kPerSecond:
      return "1/s";
  }
  return "";
}

std::string_view name_of(Group group) {
  switch (group) {
    case Group::kStartUp:
      return "start_up";
    case Group::kPhases:
      return "phases";
    case Group::kWorkloads:
      return "workloads";
    case Group::kMemory:
      return "memory";
    case Group::kDensity:
      return "density";
    case Group::kSpeed:
      return "speed";
    case Group::kImageSize:
      return "image_size";
  }
  return "";
}

}  // namespace husk::compare
