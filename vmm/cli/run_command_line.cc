#include "vmm/cli/run_command_line.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "vmm/cli/run_option_table.h"

namespace husk::cli {
namespace {

// As CLI11 has it: "-m,--memory".
std::string names_of(const RunOption& option) {
  const std::string name = std::string("--") + option.name;
  return option.letter != 0 ? std::string("-") + option.letter + "," + name : name;
}

CLI::Option* declare(CLI::App& app, RunOptions& options, const RunOption& option) {
  const auto add = [&](auto& variable) { return app.add_option(names_of(option), variable, option.help); };
  if (const Text* const text = std::get_if<Text>(&option.target)) return add((*text)(options));
  if (const OptionalText* const text = std::get_if<OptionalText>(&option.target)) return add((*text)(options));
  // One value for each -e: CLI11 would otherwise take IMAGE as a second one.
  if (const Texts* const texts = std::get_if<Texts>(&option.target)) {
    return add((*texts)(options))->allow_extra_args(false);
  }
  return app.add_flag(names_of(option), std::get<Flag>(option.target)(options), option.help);
}

// Whether the word behind this option, without a "=", is its value. Of letters that stand together (-ti) the first one that
// has a value takes what is left of the word.
bool awaits_value(const CLI::App& app, const std::string& word) {
  const auto has_value = [&](const std::string& name) {
    const CLI::Option* option = app.get_option_no_throw(name);
    return option != nullptr && option->get_items_expected_max() > 0;
  };
  if (word.starts_with("--")) return has_value(word);
  for (std::size_t letter = 1; letter < word.size(); ++letter) {
    if (has_value(std::string("-") + word[letter])) return letter + 1 == word.size();
  }
  return false;
}

}  // namespace

void declare_run_options(CLI::App& app, RunOptions& options) {
  app.name("husk run");
  app.description("Run one container payload, isolated by a micro-VM, by namespaces, or not at all");
  app.footer(
      "husk run [OPTIONS] IMAGE [COMMAND [ARGUMENT...]]\n"
      "IMAGE is a directory with a root file system, a name made by `husk image import`, or a container image: "
      "oci:DIR[:TAG],\n"
      "oci-archive:FILE[:TAG], docker-archive:FILE[:NAME], dir:DIR, or the path of one.\n"
      "Everything after IMAGE belongs to the payload.");
  app.prefix_command();  // IMAGE and all that follows it, options of the payload among it, are left alone
  for (const RunOption& option : run_option_table()) {
    CLI::Option* const declared = declare(app, options, option);
    if (option.type != nullptr) declared->type_name(option.type);
    if (option.name == std::string(kKvmStats)) declared->needs("--stats");
  }
}

void parse_run_options(CLI::App& app, int count, char** arguments) {
  std::vector<std::string> words;
  bool value = false;  // of the option before
  int index = 1;
  // Up to IMAGE, the first word that is neither an option nor an option's value.
  for (; index < count; ++index) {
    const std::string word = arguments[index];
    if (!value && (word.size() < 2 || word[0] != '-' || word == "--")) break;
    const std::size_t equals = word.starts_with("--") ? word.find('=') : std::string::npos;
    if (!value && equals + 1 == word.size()) {
      words.push_back(word.substr(0, equals));
      words.emplace_back();
      continue;
    }
    words.push_back(word);
    value = !value && equals == std::string::npos && awaits_value(app, word);
  }
  for (; index < count; ++index) words.emplace_back(arguments[index]);
  std::ranges::reverse(words);  // as CLI11 takes them
  app.parse(std::move(words));
}

}  // namespace husk::cli
