// One way to run a payload, as a command line that somebody could type. A new runner is one class and one line in
// runners/all.cc.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tools/compare/quickest.h"

namespace husk::compare {

class RootMaker;

// How one sees that a run has come to wait, so that it can be looked at.
struct Waiting {
  enum class Sign {
    kFirstByte,  // the embedded payload says so
    kLine,       // a line of the payload's with `text` in it
    kStill       // it has used no processor time for a while: it waits for its standard input
  };
  Sign sign = Sign::kFirstByte;
  std::string text;
  bool is_held = false;  // it would go on after that line: its processes are stopped there
};

// How the payload's root comes to be. A figure is like another only in the same form.
enum class RootForm {
  kReady,     // before the clock starts, from an imported image: what a start costs once its root is there
  kMade,      // while the clock runs, from an imported image, and removed while it runs
  kDirectory  // as kMade, from a directory that was not imported
};

// The root file system of one run: the same files for every runner, and nothing in it that an earlier run has written.
struct Root {
  RootForm form = RootForm::kReady;
  // As `husk run` takes it, for the runners that make the payload's writable root themselves.
  std::string image;
  std::string image_directory;      // the user's own, that `image` was imported from; empty where there is none
  std::filesystem::path directory;  // for the others: that root, made for this run alone
  bool is_private = false;          // false: `directory` is the user's own and must not be written to
  std::filesystem::path erofs;      // for the VMMs that take an image file; empty where there is none
};

// What one run is to do.
struct Invocation {
  RootMaker* roots = nullptr;      // where Session::prepare gets the root from
  std::vector<std::string> argv;   // argv[0] as a path in the root
  std::optional<Waiting> waiting;  // of a run that is to be looked at; empty: it ends by itself
  bool is_embedded = false;        // argv[0] is husk's embedded payload (payload/)
  // The run is made for Runner::timeline(): the runner may spend time on recording moments, which it must not do in a
  // run whose start-up is timed.
  bool wants_timeline = false;
  bool wants_vm_exits = false;  // the same for Runner::vm_exits()
  // The command ends as soon as the payload runs, and leaves it behind (`runc run --detach`). Only for runners with
  // has_detached_form().
  bool is_detached = false;
  // It is started in a control group of the measurement's own, and so in none that limits its memory: that is only for
  // runners without Runner::limits_memory().
  bool has_own_group = false;
  RootForm form = RootForm::kReady;
  // That all of the run may take (--memory); 0: no limit was asked for. See Runner::limits_memory().
  std::uint64_t memory_bytes = 0;
  const Root* root = nullptr;  // of this run; Session::prepare fills it in
};

struct Availability {
  bool available = false;
  std::string version;  // when available
  std::string reason;   // when not: "not installed (apt package runc)"
};

// Where the runners put files, and husk's own programs.
struct Context {
  std::filesystem::path scratch;  // private to this comparison, removed at its end
  std::filesystem::path husk;     // the husk command
  bool may_mount = false;         // in a mount namespace of the comparison's own

  // What is installed with it: kvm-floor and the like.
  std::filesystem::path beside_husk(const char* name) const { return husk.parent_path() / name; }
};

// What the payload's isolation is made of: decides which facts about it can be asked for. kUserKernel: its system calls
// go to a kernel that is a process of the host's (gVisor).
enum class Isolation { kNone, kNamespaces, kUserKernel, kVm, kLanguage };

// The processes through which a payload reaches the host's kernel: where whoever has taken over the payload (and in a
// VM its kernel) stands (docs/isolation.md).
struct Boundary {
  enum class Kind {
    kPayload,  // the payload itself
    kVcpus,    // a VMM: every process that has a vCPU open
    kProgram,  // what serves or interprets the payload: a language runtime, a kernel in user space
  };
  Kind kind = Kind::kPayload;
  std::string program;  // the executable that these processes must have; of kPayload: the payload's, in the image
  // Of kProgram: words of which each of these processes, and no other of the program, has one on its command line; none:
  // all that execute it.
  std::vector<std::string> arguments;
};

// Moments of one run on CLOCK_MONOTONIC, in ns. One that the runner cannot tell is absent.
struct Timeline {
  std::optional<std::uint64_t> program_ns;            // the runner's main(), after exec and its dynamic linker
  std::optional<std::uint64_t> guest_entered_ns;      // VMs: just before the first guest instruction
  std::optional<std::uint64_t> kernel_entry_ns;       // VMs: the guest kernel's first instruction
  std::optional<std::uint64_t> first_instruction_ns;  // the payload's
  std::optional<std::uint64_t> last_instruction_ns;   // the payload's, just before its last write and exit
};

class Runner {
 public:
  virtual ~Runner() = default;

  virtual std::string name() const = 0;
  virtual Isolation isolation() const = 0;
  virtual Availability detect(const Context& context) const = 0;

  // Once, before the first run; not timed. Throws husk::Error.
  virtual void prepare(const Context&) {}

  // After prepare(): which of its variants it has taken, where it has any.
  virtual Choice choice() const { return {}; }

  // Why it cannot do this, in words ("only the embedded payload"); empty when it can.
  virtual std::string objection(const Invocation&) const { return {}; }

  // The command line of the next run. It may differ from call to call (runc wants a new container name each time).
  // Whatever has to be written down for it is written here, before the clock starts.
  virtual std::vector<std::string> command(const Invocation& invocation) = 0;

  // What the last command line reads besides its words, the OCI configuration say; null where there is nothing.
  virtual nlohmann::ordered_json configuration() const { return nullptr; }

  // After a run with wants_timeline of `payload --stamp` has ended; `output` is what the payload wrote.
  virtual Timeline timeline(const std::string& output) const;

  // After a run with wants_vm_exits has ended: VM exits by reason and what else of a VM is counted and not
  // timed (docs/stats.md), as an object; null where the runner cannot tell.
  virtual nlohmann::ordered_json vm_exits() const { return nullptr; }

  // The payload's exit status, from the runner's, for runners that do not hand it on as it is.
  virtual int payload_status(int exit_status) const { return exit_status; }

  // What `command` puts between payload and host.
  virtual Boundary boundary(const std::vector<std::string>& command) const;

  // Interfaces between payload and host that the host cannot show: the devices of a VM (docs/isolation.md).
  virtual std::vector<std::string> interfaces(const std::vector<std::string>&) const { return {}; }

  // The runner whose hardened form this one is. Its start-up and isolation are measured, nothing else.
  virtual std::string hardened_form_of() const { return {}; }

  // Whether the payload learns that its standard input has ended; where not, an idle instance is ended by a signal.
  virtual bool hands_on_end_of_input() const { return true; }

  // Why strace(1) cannot watch its runs, in words; empty when it can.
  virtual std::string why_not_traced() const { return {}; }

  // Whether command() can start the payload in the background, with its standard input open. Runner::clean_up() ends
  // what runs so.
  virtual bool has_detached_form() const { return false; }

  // The file that gets what the payload of the last detached command() writes; empty: the command's standard output.
  virtual std::filesystem::path detached_output() const { return {}; }

  // Whether a run of this form is given Root::directory. False for those that make the writable root themselves, from
  // Root::image or Root::erofs.
  virtual bool needs_directory(RootForm) const { return true; }

  // Its payload has no /dev but the image's.
  virtual bool opens_its_devices() const { return false; }

  // Whether command() hands Invocation::memory_bytes on. Whoever has no option for it is started in a control group of
  // that size.
  virtual bool limits_memory() const { return false; }

  // After runs that were killed, and at the end: removes what the runner could not.
  virtual void clean_up() {}

  // Processes that take part in its runs without being below one: a daemon that serves all of them, say. Roots of trees.
  virtual std::vector<pid_t> daemons() const { return {}; }

  // Whether its first start after the host was booted measures the host, for all later ones
  // (vmm/machine/host_profile.h).
  virtual bool measures_host() const { return false; }

  // Why its times are not those of the machine that it is for, in words; empty when they are. Only its start-up, its memory
  // and its isolation are then looked at.
  virtual std::string why_no_times() const { return {}; }

  // A limit to compare with, not a way to isolate anything: only its start-up is measured.
  virtual bool is_reference() const { return false; }
};

// In the order of the table.
std::vector<std::unique_ptr<Runner>> all_runners();

}  // namespace husk::compare
