#include "tools/compare/isolation/kernel_functions.h"

#include <fcntl.h>
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

#include "tools/compare/guard.h"
#include "tools/compare/isolation/proc.h"
#include "tools/compare/output/file.h"
#include "vmm/error.h"
#include "vmm/runner/leftovers.h"

namespace husk::compare {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTracefs[] = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};
constexpr char kInstancePrefix[] = "husk-compare-";
constexpr char kExecFunction[] = "begin_new_exec";
constexpr int kBackgroundMs = 5000;
constexpr unsigned kBufferKilobytes = 16 << 10;  // for each processor

void write_to(const fs::path& file, const std::string& text) {
  const UniqueFd out(open(file.c_str(), O_WRONLY | O_CLOEXEC));
  if (!out || write(out.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw Error::from_errno("trace the host's kernel functions with", file.string());
  }
}

// tracefs knows tasks by their numbers in the initial pid namespace (PROC_PID_INIT_INO of the kernel's
// include/linux/proc_ns.h).
void check_pid_namespace() {
  constexpr ino_t kInitialPidNamespace = 0xEFFFFFFC;
  struct stat status {};
  if (stat("/proc/self/ns/pid", &status) == 0 && status.st_ino == kInitialPidNamespace) return;
  throw Error("trace", "the host's kernel functions", "this is not the host's pid namespace");
}

fs::path find_tracefs() {
  for (const char* path : kTracefs) {
    if (access((fs::path(path) / "instances").c_str(), W_OK) == 0) return path;
  }
  throw Error("find", "tracefs", "it is not mounted, or not for this user",
              std::string("mount -t tracefs tracefs ") + kTracefs[0]);
}

// The whole of a buffer is taken when it is made.
unsigned buffer_kilobytes() {
  constexpr unsigned kOfAll = 256 << 10;
  return std::min(kBufferKilobytes, kOfAll / std::max(1U, static_cast<unsigned>(sysconf(_SC_NPROCESSORS_ONLN))));
}

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

std::vector<std::string> FunctionTracer::directories() {
  std::vector<std::string> paths;
  for (const char* path : kTracefs) paths.push_back(fs::path(path) / "instances");
  return paths;
}

FunctionTracer::Instance::~Instance() {
  // The kernel refuses while somebody still reads there.
  if (!path.empty()) rmdir(path.c_str());
}

FunctionTracer::FunctionTracer() {
  check_pid_namespace();
  const fs::path tracefs = find_tracefs();
  runner::sweep(tracefs / "instances", kInstancePrefix);
  const fs::path instance = tracefs / "instances" / (kInstancePrefix + std::to_string(comparison_id()));
  if (mkdir(instance.c_str(), 0700) != 0) throw Error::from_errno("make", instance.string());
  instance_.path = instance;
  write_to(instance_.path / "tracing_on", "0");
  // For as long as the instance lives: the kernel does not change the tracer of one whose pages somebody has open.
  write_to(instance_.path / "current_tracer", "function");
  write_to(instance_.path / "options/function-fork", "1");
  write_to(instance_.path / "trace_clock", "mono");
  write_to(instance_.path / "buffer_size_kb", std::to_string(buffer_kilobytes()));
  format_ = parse_function_format(read_file(tracefs / "events/ftrace/function/format"));
  for (const fs::directory_entry& cpu : fs::directory_iterator(instance_.path / "per_cpu")) {
    UniqueFd page(open((cpu.path() / "trace_pipe_raw").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (!page) throw Error::from_errno("open", (cpu.path() / "trace_pipe_raw").string());
    pages_.push_back(std::move(page));
  }
  read_symbols();
}

void FunctionTracer::read_symbols() {
  std::ifstream file("/proc/kallsyms");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::uint64_t address = 0;
    char kind = 0;
    Symbol symbol;
    if (!(words >> std::hex >> address >> kind >> symbol.name) ||
        (kind != 't' && kind != 'T' && kind != 'w' && kind != 'W')) {
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
    for (const fs::directory_entry& cpu : fs::directory_iterator(instance_.path / "per_cpu")) {
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
  write_to(instance_.path / "set_ftrace_pid", tasks);
  write_to(instance_.path / "tracing_on", "1");
  const TracingOn tracing{instance_.path};

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
  write_to(instance_.path / "tracing_on", "0");
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
