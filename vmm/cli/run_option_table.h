// The options of `husk run`, each once: their names, what --help says of them, and where their values go. Two readers go by
// it: the plain one (plain_options.h), which every ordinary start takes, and CLI11 (run_command_line.h), which has the help,
// the errors and the unusual forms.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "vmm/cli/run_options.h"

namespace husk::cli {

using Flag = bool& (*)(RunOptions&);
using Text = std::string& (*)(RunOptions&);                         // once, with a default
using OptionalText = std::optional<std::string>& (*)(RunOptions&);  // once, and it matters whether it is given
using Texts = std::vector<std::string>& (*)(RunOptions&);           // a value each time

struct RunOption {
  char letter;       // -m, 0: none
  const char* name;  // --memory, without the dashes
  const char* type;  // what --help calls the value; null: a flag, or CLI11's own word
  const char* help;
  std::variant<Flag, Text, OptionalText, Texts> target;

  bool has_value() const { return !std::holds_alternative<Flag>(target); }
};

inline constexpr std::size_t kMostRunOptions = 64;

// Needs --stats.
inline constexpr char kKvmStats[] = "kvm-stats";

// In the order of --help.
std::span<const RunOption> run_option_table();

}  // namespace husk::cli
