// The kernel's start. The VMM has done what a boot loader does, and more: the CPU is in 64-bit mode, with page tables,
// descriptor tables and the mode's stubs in place. So what is left is to read the device tree, hand RAM to the
// allocator, and start the payload as process 1.
#include <algorithm>
#include <cstdint>
#include <utility>

#include "abi/husk_abi.h"
#include "arch/x86_64/per_cpu.h"
#include "arch/x86_64/privileged.h"
#include "arch/x86_64/xapic.h"
#include "boot_parameters.h"
#include "drivers/control.h"
#include "fs/console.h"
#include "fs/file_table.h"
#include "fs/fs.h"
#include "fs/vfs.h"
#include "guest_stats.h"
#include "ipc/queue_fs.h"
#include "lib/errno_text.h"
#include "lib/log.h"
#include "lib/random.h"
#include "lib/time.h"
#include "lib/vector.h"
#include "mm/address_space.h"
#include "mm/frame.h"
#include "mm/page_table.h"
#include "payload/as_root.h"
#include "payload/files.h"
#include "payload/user.h"
#include "task/exec.h"
#include "task/identity.h"
#include "task/process.h"
#include "task/scheduler.h"
#include "task/signal.h"
#include "tty/console_tty.h"
#include "tty/dev_pts.h"

namespace kernel {
namespace {

// How a command that cannot be started ends, as docker and podman say it.
constexpr int kCannotRun = 126;
constexpr int kNotFound = 127;
constexpr int kInternalError = 125;

void initialise_memory(const BootParameters& boot, std::uint64_t root_page_table) {
  std::uint64_t highest = 0;
  for (std::size_t i = 0; i < boot.memory_count; ++i) highest = std::max(highest, boot.memory[i].end());
  const std::uint64_t table = mm::initialise_frame_table(mm::page_floor(highest));
  for (std::size_t i = 0; i < boot.memory_count; ++i) {
    const std::uint64_t start = std::max(boot.memory[i].start, mm::page_ceil(boot.kernel_end));
    const std::uint64_t end = std::min(mm::page_floor(boot.memory[i].end()), table);
    if (start < end) mm::add_memory(start, end);
  }
  mm::PageTable::set_boot_root(root_page_table);
}

void set_limits(task::Process& process, const PayloadDescription& payload) {
  process.limits = task::ResourceLimits::of_container();
  for (std::size_t i = 0; i < payload.limit_count(); ++i) {
    const PayloadDescription::Limit limit = payload.limit(i);
    if (const auto resource = task::resource_of(limit.resource)) {
      process.limits.set(*resource, {limit.soft, limit.hard});
    }
  }
}

// The terminal belongs to the payload's user, who could not open it by its name (/dev/stdout, /dev/console) otherwise; the
// group stays. runc does so with the streams that it hands over (opencontainers/runc#280).
Result<void> give_terminal(fs::File& terminal, std::uint32_t uid) {
  if (uid == 0) return {};
  fs::MetadataChange change;
  change.set_uid = true;
  change.uid = uid;
  return terminal.inode().change_metadata(change);
}

Result<void> open_standard_streams(fs::FileTable& files, const PayloadDescription& payload, std::uint32_t uid) {
  using fs::ConsoleRole;
  if (payload.terminal) {
    Ref<fs::File> file = TRY(tty::open_console(fs::kReadWrite));
    TRY(give_terminal(*file, uid));
    for (int fd = 0; fd < 3; ++fd) TRY(files.install_at(fd, file, false));
    return {};
  }
  TRY(files.install_at(0, TRY(fs::open_console(ConsoleRole::kStdin, fs::kReadOnly)), false));
  TRY(files.install_at(1, TRY(fs::open_console(ConsoleRole::kStdout, fs::kWriteOnly)), false));
  TRY(files.install_at(2, TRY(fs::open_console(ConsoleRole::kStderr, fs::kWriteOnly)), false));
  return {};
}

Result<Ref<task::Task>> make_first_task(const PayloadDescription& payload) {
  Ref<task::Process> process = TRY(make_ref<task::Process>());
  process->ids.pid = TRY(task::allocate_id());
  TRY(task::start_session(*process));
  process->signals.handlers = TRY(make_ref<task::SignalHandlers>());
  for (unsigned i = 0; i < task::kSignalCount; ++i) {
    const bool ignored = payload.ignored_signals >> i & 1;
    if (ignored) process->signals.handlers->actions[i].handler = task::SignalAction::kIgnore;
  }
  process->accounting.start_ns = monotonic_ns();
  set_limits(*process, payload);
  Ref<task::Task> first = TRY(task::Task::create(process, process->ids.pid, {}));
  constexpr task::SignalSet kNeverBlocked = task::signal_bit(task::kSigKill) | task::signal_bit(task::kSigStop);
  first->signals.blocked = payload.blocked_signals & ~kNeverBlocked;
  task::add_process(*process);
  task::Credentials& who = first->credentials;
  who.uid = who.euid = who.suid = who.fsuid = payload.uid;
  who.gid = who.egid = who.sgid = who.fsgid = payload.gid;
  first->charge = task::TaskCharge(TRY(task::User::of(who.uid)));
  task::set_initial_capabilities(who);
  for (std::size_t i = 0; i < payload.group_count(); ++i) TRY(who.groups.push_back(payload.group(i)));
  first->files = TRY(make_ref<fs::FileTable>());
  return first;
}

// As runc has it (libcontainer: prepareRootfs, finalizeNamespace), root does what the payload's user may not: a working
// directory that is missing is made, with what is missing on the way to it, with mode 0755, and one that the user may
// not enter is entered.
Result<void> enter_working_directory(task::Task& task, std::string_view path) {
  auto entered = fs::change_directory(path);
  if (entered.error() != Errno::kNoEnt && entered.error() != Errno::kAcces) return entered;
  const payload::AsRoot root(task);
  if (entered.error() == Errno::kNoEnt) entered = payload::make_directories(task, path);
  if (entered || entered.error() == Errno::kAcces) entered = fs::change_directory(path);
  return entered;
}

// execvp(3)'s search, which a container's runtime does for its payload: a name without a slash is looked for in $PATH.
Result<Ref<fs::File>> find_program(std::string_view name, const BootParameters& boot, String& path) {
  if (name.empty()) return Errno::kNoEnt;
  if (name.find('/') != std::string_view::npos) {
    path = TRY(String::from(name));
    return fs::open_executable(name);
  }
  std::string_view directories = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  constexpr std::string_view kVariable = "PATH=";
  for (std::string_view variable : boot.payload.environment) {
    if (variable.starts_with(kVariable)) directories = variable.substr(kVariable.size());
  }
  Errno error = Errno::kNoEnt;
  for (;;) {
    const std::string_view directory = directories.substr(0, directories.find(':'));
    String candidate = TRY(String::from(directory.empty() ? "." : directory));
    TRY(candidate.append("/"));
    TRY(candidate.append(name));
    auto file = fs::open_executable(candidate);
    if (file) {
      path = std::move(candidate);
      return file;
    }
    if (file.error() == Errno::kAcces) error = Errno::kAcces;
    if (directory.size() == directories.size()) return error;
    directories.remove_prefix(directory.size() + 1);
  }
}

[[noreturn]] void give_up(int code, std::string_view what, std::string_view object, Errno error) {
  log(LogLevel::kError, "cannot {} {}: {}", what, object, error_text(error));
  drivers::end_machine(code, 0);
}

bool has_variable(const fdt::StringList& environment, std::string_view name_and_equals) {
  for (std::string_view variable : environment) {
    if (variable.starts_with(name_and_equals)) return true;
  }
  return false;
}

// What the user of husk asks for, if anything. Nothing of it is looked at otherwise: that code is seldom run, and each of
// its pages would cost a start a fault (docs/memory.md). `home` gets the variable, if the environment lacks it.
Result<void> prepare(const PayloadDescription& payload, task::Task& task, String& home) {
  // By the image's own files, before a tmpfs may cover them.
  if (!payload.user.empty()) {
    const std::string_view problem = payload::find_user(payload, task);
    if (!problem.empty()) {
      log(LogLevel::kError, "cannot find user '{}': {}", payload.user, problem);
      drivers::end_machine(kInternalError, 0);
    }
  }
  if (!has_variable(payload.environment, "HOME=")) home = TRY(payload::home_variable(task));
  std::string_view path;
  if (!payload.tmpfs.empty()) {
    if (auto mounted = payload::mount_tmpfs(payload, task, path); !mounted) {
      give_up(kInternalError, "mount a tmpfs at", path, mounted.error());
    }
  }
  if (!payload.etc_files.empty()) {
    if (auto written = payload::write_etc_files(payload, task, path); !written) {
      give_up(kInternalError, "write in /etc:", path, written.error());
    }
  }
  return {};
}

Result<void> start_payload(const BootParameters& boot, const String& home) {
  task::Program program;
  for (std::string_view argument : boot.payload.arguments) TRY(program.arguments.append(argument));
  for (std::string_view variable : boot.payload.environment) TRY(program.environment.append(variable));
  if (!home.view().empty()) TRY(program.environment.append(home));
  const std::string_view name(program.arguments.data());
  program.file = TRY(find_program(name, boot, program.path));
  return task::execute(std::move(program));
}

// A new size of the host's window is the terminal's affair; everything else is the payload's.
void take_host_signals(std::uint32_t signals) {
  constexpr std::uint32_t kWindowChanged = std::uint32_t{1} << task::kSigWinch;
  if ((signals & kWindowChanged) && tty::console_window_changed()) signals &= ~kWindowChanged;
  constexpr std::uint32_t kStop = std::uint32_t{1} << task::kSigTerm;
  const int stop_signal = static_cast<int>(boot_parameters().payload.stop_signal);
  if ((signals & kStop) && stop_signal != 0) {
    task::send_payload_from_host(stop_signal);
    signals &= ~kStop;
  }
  if (signals != 0) task::signal_payload_from_host(signals);
}

}  // namespace

extern "C" [[noreturn]] void kernel_main(std::uint64_t device_tree_gpa, std::uint64_t ring,
                                         std::uint64_t root_page_table) {
  record_entry();
  drivers::register_log_sink();
  arch::this_cpu().ring = ring == 0 ? arch::Ring::k0 : arch::Ring::k3;
  task::initialise_scheduler();
  initialise_boot_parameters(device_tree_gpa);
  const BootParameters& boot = boot_parameters();
  set_log_level(static_cast<LogLevel>(boot.log_level));
  initialise_clock(boot.tsc_khz, boot.boot_tsc, boot.boot_realtime_ns);
  if (boot.xapic_timer_khz != 0) arch::use_xapic_timer(boot.xapic_timer_khz, boot.tsc_khz);
  drivers::offer_vector_device();
  drivers::offer_prepared_ram();
  add_entropy(boot.random_seed);
  initialise_memory(boot, root_page_table);
  drivers::set_host_signal_handler(take_host_signals);

  auto first = make_first_task(boot.payload);
  if (!first) give_up(kInternalError, "make", "the first process", first.error());
  Ref<task::Task> task = first.take();
  arch::this_cpu().current = task.get();  // what follows runs on its behalf, still on the boot stack
  if (auto mounted = fs::initialise(boot.root_image.start, boot.root_image.size); !mounted) {
    give_up(kInternalError, "mount", "the root image", mounted.error());
  }
  if (auto mounted = tty::mount_dev_pts(); !mounted) {
    give_up(kInternalError, "mount", "/dev/pts", mounted.error());
  }
  if (auto mounted = ipc::mount_queues(); !mounted) {
    give_up(kInternalError, "mount", "/dev/mqueue", mounted.error());
  }
  if (auto mounted = fs::mount_sys(); !mounted) {
    give_up(kInternalError, "mount", "/sys", mounted.error());
  }
  auto context = fs::FsContext::create();
  if (!context) give_up(kInternalError, "open", "the root directory", context.error());
  task->fs = context.take();
  String home;
  if (auto prepared = prepare(boot.payload, *task, home); !prepared) {
    give_up(kInternalError, "read", "/etc/passwd", prepared.error());
  }
  if (auto entered = enter_working_directory(*task, boot.payload.working_directory); !entered) {
    give_up(kInternalError, "enter working directory", boot.payload.working_directory, entered.error());
  }
  if (boot.payload.read_only) {
    if (auto done = payload::make_root_read_only(); !done) {
      give_up(kInternalError, "make read-only:", "the root", done.error());
    }
  }
  if (auto opened = open_standard_streams(*task->files, boot.payload, task->credentials.uid); !opened) {
    give_up(kInternalError, "open", "the standard streams", opened.error());
  }
  if (auto started = start_payload(boot, home); !started) {
    const Errno error = started.error();
    give_up(error == Errno::kNoEnt || error == Errno::kNotDir ? kNotFound : kCannotRun, "run",
            *boot.payload.arguments.begin(), error);
  }
  task::start_scheduling(std::move(task));
}

}  // namespace kernel
