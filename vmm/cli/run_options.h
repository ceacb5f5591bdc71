// What the command line of `husk run` says.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "vmm/config/merge.h"
#include "vmm/container_spec.h"
#include "vmm/sandbox/identity.h"
#include "vmm/size.h"

namespace husk::cli {

struct RunOptions {
  ContainerSpec spec;                                    // without what `wishes` and the image say
  config::Wishes wishes;                                 // see vmm/config/merge.h
  std::string name;                                      // --name, empty: none
  std::string kernel_path;                               // --kernel, empty: the embedded one
  std::string stats_path;                                // --stats, empty: none
  bool kvm_stats = false;                                // --kvm-stats
  sandbox::JailLevel jail = sandbox::JailLevel::kBasic;  // --jail
  std::string log_level = "warning";

  // As given, before they are checked and moved into `spec`.
  std::optional<std::string> memory;
  std::string isolation = "vm";
  std::string guest_ring = "auto";
  std::string jail_level = "basic";
  std::string user;
  std::string stop_signal;
  std::vector<std::string> tmpfs;
  std::vector<std::string> ulimits;
  std::vector<std::string> hosts;
  std::vector<std::string> environment;
  std::vector<std::string> environment_files;
  bool in_place = false;     // --in-place
  bool interactive = false;  // -i: accepted as docker's; standard input is always connected
};

// Checks what was parsed and fills options.spec and options.wishes. `rest` is IMAGE and what follows it. Throws
// husk::Error.
void finish_run_options(RunOptions& options, std::vector<std::string> rest);

// Sets the log's level from "error", "warning", "info" or "debug". Throws husk::Error for any other word.
void apply_log_level(const std::string& word);

}  // namespace husk::cli
