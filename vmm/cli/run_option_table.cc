#include "vmm/cli/run_option_table.h"

#include <iterator>

namespace husk::cli {
namespace {

constexpr RunOption kTable[] = {
    {'m', "memory", "SIZE", "memory of the container (default 64M)",
     [](RunOptions& o) -> std::optional<std::string>& { return o.memory; }},
    {'e', "env", "NAME[=VALUE]", "set an environment variable; NAME alone takes the caller's value",
     [](RunOptions& o) -> std::vector<std::string>& { return o.environment; }},
    {0, "env-file", "FILE", "environment variables from a file, one NAME=VALUE or NAME a line; -e comes after it",
     [](RunOptions& o) -> std::vector<std::string>& { return o.environment_files; }},
    {0, "entrypoint", "PROGRAM", "program that gets COMMAND and ARGUMENTs as its arguments; '' runs COMMAND itself",
     [](RunOptions& o) -> std::optional<std::string>& { return o.wishes.entrypoint; }},
    {'w', "workdir", "DIR", "working directory of the payload; made if it is missing",
     [](RunOptions& o) -> std::optional<std::string>& { return o.wishes.working_directory; }},
    {'u', "user", "NAME|UID[:GROUP|GID]",
     "user and group of the payload, by name (in the image's /etc/passwd and /etc/group) or number; without "
     "GROUP the user's own and all that list it",
     [](RunOptions& o) -> std::string& { return o.user; }},
    {0, "name", nullptr, "name of the container: while it runs no second one can have it",
     [](RunOptions& o) -> std::string& { return o.name; }},
    {0, "hostname", nullptr,
     "host name that the payload sees (default husk), also written to its /etc/hostname and /etc/hosts",
     [](RunOptions& o) -> std::optional<std::string>& { return o.wishes.hostname; }},
    {0, "add-host", "NAME:ADDRESS", "a line of the payload's /etc/hosts",
     [](RunOptions& o) -> std::vector<std::string>& { return o.hosts; }},
    {0, "tmpfs", "PATH[:OPTIONS]",
     "an empty file system in memory at PATH; OPTIONS as /run:size=64m,mode=755,exec (nosuid, nodev and "
     "noexec unless they say otherwise)",
     [](RunOptions& o) -> std::vector<std::string>& { return o.tmpfs; }},
    {0, "read-only", nullptr, "nothing can be written to the root file system; to a --tmpfs, /dev/shm and /proc it can",
     [](RunOptions& o) -> bool& { return o.spec.read_only; }},
    {0, "ulimit", "NAME=SOFT[:HARD]",
     "resource limit of the payload, as nofile=1024:4096 (getrlimit(2)); -1 is no limit",
     [](RunOptions& o) -> std::vector<std::string>& { return o.ulimits; }},
    {0, "stop-signal", "SIGNAL", "what the payload gets in the place of SIGTERM when that is sent to husk",
     [](RunOptions& o) -> std::string& { return o.stop_signal; }},
    {0, "isolation", "HOW", "vm (default), namespace or process",
     [](RunOptions& o) -> std::string& { return o.isolation; }},
    {0, "in-place", nullptr,
     "with --isolation namespace: IMAGE, a directory, is the payload's root itself, and what it writes stays there",
     [](RunOptions& o) -> bool& { return o.in_place; }},
    {0, "guest-ring", "RING", "privilege ring of the guest kernel: auto (default), 0 or 3",
     [](RunOptions& o) -> std::string& { return o.guest_ring; }},
    {0, "jail", "LEVEL",
     "how the VMM is confined: basic (default), or full, which adds namespaces and takes longer to start",
     [](RunOptions& o) -> std::string& { return o.jail_level; }},
    {'t', "tty", nullptr, "give the payload a terminal", [](RunOptions& o) -> bool& { return o.spec.terminal; }},
    {'i', "interactive", nullptr, "accepted as docker has it; standard input is always connected",
     [](RunOptions& o) -> bool& { return o.interactive; }},
    {0, "kernel", "FILE", "guest kernel to boot instead of the embedded one",
     [](RunOptions& o) -> std::string& { return o.kernel_path; }},
    {0, "log-level", "LEVEL", "error, warning (default), info or debug",
     [](RunOptions& o) -> std::string& { return o.log_level; }},
    {0, "stats", "FILE", "write times and counters of the micro-VM as JSON",
     [](RunOptions& o) -> std::string& { return o.stats_path; }},
    {0, kKvmStats, nullptr, "with --stats: also KVM's own counters, exits by reason; reading them takes time",
     [](RunOptions& o) -> bool& { return o.kvm_stats; }},
};

static_assert(std::size(kTable) <= kMostRunOptions);

}  // namespace

std::span<const RunOption> run_option_table() {
  return kTable;
}

}  // namespace husk::cli
