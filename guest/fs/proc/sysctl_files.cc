// /proc/sys: what sysctl(8) shows and programs ask for. What other layers have is added (fs/proc/additions.h).
#include <cstdint>

#include "fs/epoll.h"
#include "fs/inotify.h"
#include "fs/proc/proc_fs.h"
#include "lib/random.h"
#include "task/uts.h"

namespace kernel::fs {

namespace {

// RFC 4122, version 4 from 16 random bytes.
void write_uuid(ProcText& text, const std::uint8_t (&random)[16]) {
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text.put("-");
    std::uint8_t byte = random[i];
    if (i == 6) byte = static_cast<std::uint8_t>((byte & 0x0f) | 0x40);
    if (i == 8) byte = static_cast<std::uint8_t>((byte & 0x3f) | 0x80);
    text.put_number(byte, 16, 2, '0');
  }
  text.put("\n");
}

struct Uuid {
  std::uint8_t bytes[16];
};

void write_new_uuid(ProcText& text) {
  write_uuid(text, random_value<Uuid>().bytes);
}

void write_boot_id(ProcText& text) {
  constinit static Uuid boot_id{};
  constinit static bool made = false;
  if (!made) boot_id = random_value<Uuid>();
  made = true;
  write_uuid(text, boot_id.bytes);
}

void write_line(ProcText& text, std::string_view value) {
  text.put(value);
  text.put("\n");
}

constexpr ProcNode kRandomNodes[] = {
    {.name = "boot_id", .generate = write_boot_id},
    // random(4): since Linux 5.18 the pool is always full, and has 256 bits.
    {.name = "entropy_avail", .generate = [](ProcText& text) { write_line(text, "256"); }},
    {.name = "poolsize", .generate = [](ProcText& text) { write_line(text, "256"); }},
    {.name = "uuid", .generate = write_new_uuid},
};

constexpr ProcNode kKernelNodes[] = {
    {.name = "cap_last_cap", .generate = [](ProcText& text) { write_line(text, "40"); }},
    {.name = "core_pattern", .generate = [](ProcText& text) { write_line(text, "core"); }},
    {.name = "domainname",
     .generate =
         [](ProcText& text) { write_line(text, task::domain_name().empty() ? "(none)" : task::domain_name()); }},
    {.name = "hostname", .generate = [](ProcText& text) { write_line(text, task::host_name()); }},
    {.name = "ngroups_max", .generate = [](ProcText& text) { write_line(text, "65536"); }},
    {.name = "osrelease", .generate = [](ProcText& text) { write_line(text, task::kKernelRelease); }},
    {.name = "ostype", .generate = [](ProcText& text) { write_line(text, task::kSystemName); }},
    {.name = "overflowgid", .generate = [](ProcText& text) { write_line(text, "65534"); }},
    {.name = "overflowuid", .generate = [](ProcText& text) { write_line(text, "65534"); }},
    {.name = "pid_max", .generate = [](ProcText& text) { write_line(text, "32768"); }},
    {.name = "random", .children = [] { return std::span<const ProcNode>(kRandomNodes); }},
    // Stack, programs and mmap's area.
    {.name = "randomize_va_space", .generate = [](ProcText& text) { write_line(text, "2"); }},
    {.name = "tainted", .generate = [](ProcText& text) { write_line(text, "0"); }},
    // As many as there are ids.
    {.name = "threads-max", .generate = [](ProcText& text) { write_line(text, "32768"); }},
    {.name = "version", .generate = [](ProcText& text) { write_line(text, task::kKernelVersion); }},
};

constexpr ProcNode kEpollNodes[] = {
    {.name = "max_user_watches", .generate = [](ProcText& text) { text.print("{}\n", most_epoll_watches()); }},
};

void write_number(ProcText& text, std::uint64_t value) {
  text.print("{}\n", value);
}

constexpr ProcNode kInotifyNodes[] = {
    {.name = "max_queued_events", .generate = [](ProcText& text) { write_number(text, kMaxQueuedEvents); }},
    {.name = "max_user_instances", .generate = [](ProcText& text) { write_number(text, kMaxUserInstances); }},
    {.name = "max_user_watches", .generate = [](ProcText& text) { write_number(text, max_user_watches()); }},
};

constexpr ProcNode kFileNodes[] = {
    {.name = "epoll", .children = [] { return std::span<const ProcNode>(kEpollNodes); }},
    // No limit but RAM: Linux's own value where none was set.
    {.name = "file-max", .generate = [](ProcText& text) { write_line(text, "9223372036854775807"); }},
    {.name = "inotify", .children = [] { return std::span<const ProcNode>(kInotifyNodes); }},
    // Those of fs/leases.cc.
    {.name = "lease-break-time", .generate = [](ProcText& text) { write_line(text, "45"); }},
    {.name = "leases-enable", .generate = [](ProcText& text) { write_line(text, "1"); }},
    {.name = "nr_open", .generate = [](ProcText& text) { write_line(text, "1048576"); }},
    {.name = "overflowgid", .generate = [](ProcText& text) { write_line(text, "65534"); }},
    {.name = "overflowuid", .generate = [](ProcText& text) { write_line(text, "65534"); }},
    {.name = "pipe-max-size", .generate = [](ProcText& text) { write_line(text, "1048576"); }},
    // Links and files of others in sticky directories are followed and opened as POSIX says.
    {.name = "protected_fifos", .generate = [](ProcText& text) { write_line(text, "0"); }},
    {.name = "protected_hardlinks", .generate = [](ProcText& text) { write_line(text, "0"); }},
    {.name = "protected_regular", .generate = [](ProcText& text) { write_line(text, "0"); }},
    {.name = "protected_symlinks", .generate = [](ProcText& text) { write_line(text, "0"); }},
    {.name = "suid_dumpable", .generate = [](ProcText& text) { write_line(text, "0"); }},
};

constexpr ProcNode kMemoryNodes[] = {
    {.name = "max_map_count", .generate = [](ProcText& text) { write_line(text, "65530"); }},
    // The lowest address of a payload (abi/husk_abi.h).
    {.name = "mmap_min_addr", .generate = [](ProcText& text) { write_line(text, "65536"); }},
    // Memory is given out when it is touched, whatever was mapped before.
    {.name = "overcommit_memory", .generate = [](ProcText& text) { write_line(text, "1"); }},
};

constexpr ProcNode kTopNodes[] = {
    {.name = "fs", .children = [] { return std::span<const ProcNode>(kFileNodes); }, .place = ProcPlace::kSysFs},
    {.name = "kernel",
     .children = [] { return std::span<const ProcNode>(kKernelNodes); },
     .place = ProcPlace::kSysKernel},
    {.name = "vm", .children = [] { return std::span<const ProcNode>(kMemoryNodes); }},
};

}  // namespace

std::span<const ProcNode> sysctl_nodes() {
  return kTopNodes;
}

}  // namespace kernel::fs
