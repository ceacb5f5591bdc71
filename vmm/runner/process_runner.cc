#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "vmm/become_user.h"
#include "vmm/descriptors.h"
#include "vmm/error.h"
#include "vmm/parent_death.h"
#include "vmm/runner/child_process.h"
#include "vmm/runner/descriptors.h"
#include "vmm/runner/limits.h"
#include "vmm/runner/open_in_root.h"
#include "vmm/runner/payload_user.h"
#include "vmm/runner/program.h"
#include "vmm/runner/runner.h"
#include "vmm/runner/standard_streams.h"
#include "vmm/runner/supervisor.h"
#include "vmm/terminal.h"

namespace husk::runner {
namespace {

// Whether the kernel needs no other file to start this one: an ELF program without PT_INTERP.
bool is_static_elf(int file) {
  Elf64_Ehdr header{};
  if (pread(file, &header, sizeof header, 0) != sizeof header) return false;
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64) return false;
  for (unsigned index = 0; index < header.e_phnum; ++index) {
    Elf64_Phdr segment{};
    const off_t offset = static_cast<off_t>(header.e_phoff + index * sizeof segment);
    if (pread(file, &segment, sizeof segment, offset) != sizeof segment || segment.p_type == PT_INTERP) return false;
  }
  return true;
}

// The caller may not change its root directory: the program is run from where it lies on the host.
ExecFailure execute_in_place(const ContainerSpec& spec, const std::vector<std::string>& variables, int root) {
  const std::vector<char*> arguments = c_vector(spec.argv);
  const std::vector<char*> environment = c_vector(variables);
  for (std::string path : candidates(spec.argv[0], lookup(variables, "PATH", kDefaultPath))) {
    if (!path.starts_with('/')) path = spec.cwd + "/" + path;
    const UniqueFd file = open_in_root(root, path, O_RDONLY);
    if (!file && (errno == ENOENT || errno == ENOTDIR)) continue;
    if (!file) return {kExitNotExecutable, "cannot run '" + spec.argv[0] + "': " + std::strerror(errno)};
    if (!is_static_elf(file.get())) {
      return {kExitNotExecutable, "cannot run '" + spec.argv[0] +
                                      "' as a plain process: it is no static program, and only root can use the "
                                      "libraries of the image; run husk as root or use --isolation namespace"};
    }
    syscall(SYS_execveat, file.get(), "", arguments.data(), environment.data(), AT_EMPTY_PATH);
    return {kExitNotExecutable, "cannot run '" + spec.argv[0] + "': " + std::strerror(errno)};
  }
  return {kExitNotFound, "cannot run '" + spec.argv[0] + "': command not found"};
}

void become(const PayloadUser& user) {
  if (user.uid == geteuid() && user.gid == getegid() && user.groups.empty()) return;
  if (!become_user(user.uid, user.gid, user.groups)) {
    throw Error::from_errno("become", "user " + std::to_string(user.uid) + ", group " + std::to_string(user.gid));
  }
}

// `image`: the image's directory where that is not the root directory of the process, else kOwnRoot.
void enter_working_directory(const std::string& path, int image) {
  constexpr int kFlags = O_PATH | O_DIRECTORY;
  const UniqueFd directory = image == kOwnRoot ? open_as_payload(path, kFlags) : open_in_root(image, path, kFlags);
  if (directory && fchdir(directory.get()) == 0) return;
  // EACCES: it has been entered by who may (prepare_working_directory).
  if (errno != EACCES) throw Error::from_errno("enter", "working directory '" + path + "'");
}

void become_plain_process(const ContainerSpec& spec, const PayloadUser& user, const RootSource& root,
                          const sigset_t& mask, int parent, ChildReport& report) {
  if (!spec.terminal) setsid();  // as in a namespace: Ctrl-C reaches the payload once, through husk
  if (fchdir(root.directory.get()) != 0) throw Error::from_errno("enter", "image '" + root.name + "'");
  const bool in_image = chroot(".") == 0;
  if (!in_image && errno != EPERM) throw Error::from_errno("enter", "image '" + root.name + "'");
  prepare_working_directory(in_image ? kOwnRoot : root.directory.get(), spec.cwd);
  const std::vector<std::string> environment =
      environment_with_home(spec, user.uid, in_image ? kOwnRoot : root.directory.get());
  set_limits(spec.limits);
  if (in_image) become(user);  // who may not chroot(2) may not change its user either
  die_with_parent(parent);
  // The image's paths come now. In the image no descriptor leads out of it; elsewhere its own is needed for them.
  const int directory = in_image ? kOwnRoot : root.directory.get();
  keep_only(std::array{directory});
  enter_working_directory(spec.cwd, directory);
  reset_signals(mask, spec.ignored_signals);
  report.failure = in_image ? execute(spec.argv, environment) : execute_in_place(spec, environment, directory);
}

}  // namespace

int run_as_process(const ContainerSpec& spec, const RootSource& root) {
  if (!root.directory) {
    throw Error("run", "image '" + root.name + "' as a plain process", "its files are in an image file",
                "give the directory that it was made from, or use --isolation namespace");
  }
  const SignalGate gate(spec.terminal ? SignalGate::Stops::kLeft : SignalGate::Stops::kTaken, spec.ignored_signals);
  const UniqueFd self = open_pidfd_of_self();
  std::optional<SavedTerminal> terminal;
  if (spec.terminal) terminal.emplace();
  // Who may not change its root directory does not change its user either: see become_plain_process.
  const PayloadUser user = find_user(spec, root.directory.get());
  hand_over_streams(geteuid() == 0 ? user.uid : geteuid());
  ChildReport report;
  Payload payload = start_child(0, report, [&](ChildReport& child_report) {
    become_plain_process(spec, user, root, gate.previous_mask(), self.get(), child_report);
  });
  if (const std::optional<int> status = check_start(payload, report)) return *status;
  payload.shares_terminal = spec.terminal;
  payload.stop_signal = spec.stop_signal;
  if (!spec.terminal) payload.stopped_with_husk = -payload.pid;
  const int status = supervise(payload, gate);
  // A shell with job control has taken the terminal for its own process groups.
  if (spec.terminal) set_foreground_group(getpgrp());
  return status;
}

}  // namespace husk::runner
