#include "tools/compare/isolation/kernel_functions.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <sstream>
#include <unordered_map>
#include <unordered_set>

#include "tools/compare/isolation/proc.h"
#include "vmm/error.h"
#include "vmm/runner/leftovers.h"
#include "vmm/runner/mounts.h"

namespace husk::compare {
namespace {

namespace fs = std::filesystem;

constexpr char kPrefix[] = "husk-compare-";
constexpr char kExecFunction[] = "begin_new_exec";
constexpr int kBackgroundMs = 5000;
constexpr unsigned kBufferKilobytes = 16 << 10;  // for each processor

void write_to(const fs::path& file, const std::string& text) {
  const UniqueFd out(open(file.c_str(), O_WRONLY | O_CLOEXEC));
  if (!out || write(out.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw Error::from_errno("trace the host's kernel functions with", file.string());
  }
}

std::string text_of(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

// tracefs knows tasks by their numbers in the initial pid namespace (PROC_PID_INIT_INO of the kernel's
// include/linux/proc_ns.h).
void check_pid_namespace() {
  constexpr ino_t kInitialPidNamespace = 0xEFFFFFFC;
  struct stat status {};
  if (stat("/proc/self/ns/pid", &status) == 0 && status.st_ino == kInitialPidNamespace) return;
  throw Error("trace", "the host's kernel functions", "this is not the host's pid namespace");
}

fs::path find_tracefs(const fs::path& scratch) {
  for (const char* path : {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"}) {
    if (access((fs::path(path) / "instances").c_str(), W_OK) == 0) return path;
  }
  // In the comparison's own mount namespace, with which it goes.
  const fs::path own = scratch / "tracefs";
  fs::create_directories(own);
  if (mount("tracefs", own.c_str(), "tracefs", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0) {
    throw Error::from_errno("mount", "tracefs");
  }
  return own;
}

// Waits for the end of its input, which comes when the comparison has ended or wants it, and removes the instance. The
// kernel refuses while somebody still reads there.
constexpr char kGuard[] =
    "trap '' INT TERM HUP; read end; for try in 1 2 3 4 5 6 7 8 9 10; do [ -d \"$1\" ] || exit 0; "
    "echo 0 >\"$1/tracing_on\"; rmdir \"$1\" && exit 0; sleep 0.2; done";

// Off again, however the run ends.
struct TracingOn {
  const fs::path& instance;
  ~TracingOn() {
    const UniqueFd file(open((instance / "tracing_on").c_str(), O_WRONLY | O_CLOEXEC));
    (void)!write(file.get(), "0", 1);
  }
};

void wait_until_stopped(Process& process, int timeout_ms) {
  while (!proc::status_field(proc::of(process.pid()), "State").starts_with('T')) {
    if (process.wait(1) || left_of(timeout_ms, process.start_ns()) == 0) {
      throw Error("trace", "a run", "its shell does not start: " + process.last_error_line());
    }
  }
}

}  // namespace

FunctionTracer::FunctionTracer(const fs::path& scratch) {
  check_pid_namespace();
  const fs::path tracefs = find_tracefs(scratch);
  const fs::path instances = tracefs / "instances";
  for (const std::string& old : runner::left_by_the_dead(instances, kPrefix)) {
    rmdir(old.c_str());
  }
  instance_ = instances / (kPrefix + std::to_string(getpid()));
  guard_.emplace(Process::start({"/bin/sh", "-c", kGuard, "sh", instance_.string()}, Process::Streams::kPipes));
  if (mkdir(instance_.c_str(), 0700) != 0) throw Error::from_errno("make", instance_.string());
  write_to(instance_ / "tracing_on", "0");
  // For as long as the instance lives: the kernel does not change the tracer of one whose pages somebody has open.
  write_to(instance_ / "current_tracer", "function");
  write_to(instance_ / "options/function-fork", "1");
  write_to(instance_ / "trace_clock", "mono");
  write_to(instance_ / "buffer_size_kb", std::to_string(kBufferKilobytes));
  format_ = parse_function_format(text_of(tracefs / "events/ftrace/function/format"));
  for (const fs::directory_entry& cpu : fs::directory_iterator(instance_ / "per_cpu")) {
    UniqueFd page(open((cpu.path() / "trace_pipe_raw").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (!page) throw Error::from_errno("open", (cpu.path() / "trace_pipe_raw").string());
    pages_.push_back(std::move(page));
  }
  read_symbols();
}

FunctionTracer::~FunctionTracer() {
  constexpr int kPatienceMs = 5000;
  const Uninterruptible tidying;
  pages_.clear();
  if (!guard_) return;
  guard_->close_input();
  guard_->wait(kPatienceMs);
}

void FunctionTracer::read_symbols() {
  std::ifstream file("/proc/kallsyms");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::uint64_t address = 0;
    char kind = 0;
    Symbol symbol;
    if (!(words >> std::hex >> address >> kind >> symbol.name) || (kind != 't' && kind != 'T' && kind != 'w' && kind != 'W')) {
      continue;
    }
    std::string module;
    if (words >> module && module.size() > 2) symbol.module = module.substr(1, module.size() - 2);
    if (symbol.name == kExecFunction) exec_address_ = address;
    if (address != 0) symbols_.emplace(address, std::move(symbol));
  }
  if (exec_address_ == 0) {
    throw Error("read", "/proc/kallsyms", std::string("there is no address of ") + kExecFunction,
                "see kptr_restrict in sysctl(8)");
  }
}

// ftrace's address of a function may lie behind an instruction or two of it.
const FunctionTracer::Symbol* FunctionTracer::symbol_at(std::uint64_t address) const {
  const auto next = symbols_.upper_bound(address);
  return next == symbols_.begin() ? nullptr : &std::prev(next)->second;
}

void FunctionTracer::drain(const std::function<void(const FunctionCall&)>& take) {
  static std::array<std::byte, 64 << 10> page;  // the kernel's pages may be of several
  for (const UniqueFd& file : pages_) {
    for (ssize_t got = 0; (got = read(file.get(), page.data(), page.size())) > 0;) {
      read_trace_page(std::span(page).first(static_cast<std::size_t>(got)), format_, take);
    }
  }
}

KernelFunctions FunctionTracer::trace(const std::vector<std::string>& command, const std::vector<pid_t>& others,
                                      int timeout_ms, const std::function<void(Process&)>& finish) {
  std::vector<std::string> words = {"/bin/sh", "-c", "kill -STOP $$; exec \"$@\"", "sh"};
  words.insert(words.end(), command.begin(), command.end());
  drain([](const FunctionCall&) {});
  const auto lost = [&] {
    std::uint64_t sum = 0;
    for (const fs::directory_entry& cpu : fs::directory_iterator(instance_ / "per_cpu")) {
      std::ifstream file(cpu.path() / "stats");
      for (std::string line; std::getline(file, line);) {
        for (const std::string key : {"overrun: ", "dropped events: "}) {
          if (line.starts_with(key)) sum += std::strtoull(line.c_str() + key.size(), nullptr, 10);
        }
      }
    }
    return sum;
  };
  const std::uint64_t lost_before = lost();

  Process process = Process::start(words, Process::Streams::kNone);
  wait_until_stopped(process, timeout_ms);
  std::string tasks = std::to_string(process.pid());
  for (const pid_t other : others) {
    for (const pid_t thread : proc::threads(other)) tasks += " " + std::to_string(thread);
  }
  write_to(instance_ / "set_ftrace_pid", tasks);
  write_to(instance_ / "tracing_on", "1");
  const TracingOn tracing{instance_};

  // What the shell does before it executes the command is the tracer's own noise.
  std::unordered_map<std::uint64_t, std::uint64_t> last_of_starter;
  std::unordered_set<std::uint64_t> addresses;
  std::optional<std::uint64_t> exec_time;
  const auto take = [&](const FunctionCall& call) {
    if (call.in_interrupt) return;
    if (call.pid != process.pid()) {
      addresses.insert(call.address);
      return;
    }
    last_of_starter[call.address] = std::max(last_of_starter[call.address], call.time);
    const auto symbol = symbols_.upper_bound(call.address);
    const bool is_exec = symbol != symbols_.begin() && std::prev(symbol)->first == exec_address_;
    if (is_exec && (!exec_time || call.time < *exec_time)) exec_time = call.time;
  };
  kill(process.pid(), SIGCONT);
  while (!process.wait(1)) {
    drain(take);
    if (left_of(timeout_ms, process.start_ns()) == 0) break;
  }
  finish(process);
  // What it has left in the background belongs to the run.
  for (const std::uint64_t begin = monotonic_ns(); left_of(kBackgroundMs, begin) > 0;) {
    const std::vector<pid_t> left = orphans();
    if (left.empty()) break;
    for (const pid_t pid : left) waitpid(pid, nullptr, WNOHANG);
    drain(take);
  }
  write_to(instance_ / "tracing_on", "0");
  drain(take);
  if (!exec_time) throw Error("trace", command[0], "its exec was not seen");
  for (const auto& [address, time] : last_of_starter) {
    if (time >= *exec_time) addresses.insert(address);
  }
  KernelFunctions found;
  found.lost_calls = lost() - lost_before;
  for (const std::uint64_t address : addresses) {
    const Symbol* symbol = symbol_at(address);
    if (symbol == nullptr) continue;
    // Functions that have one name, static ones of two files say, count once.
    const std::string prefix = symbol->module.empty() ? "" : "[" + symbol->module + "] ";
    if (!found.names.insert(prefix + symbol->name).second) continue;
    ++found.by_module[symbol->module.empty() ? "kernel" : symbol->module];
  }
  return found;
}

}  // namespace husk::compare
