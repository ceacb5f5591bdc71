#include "vmm/cli/plain_options.h"

#include <bitset>
#include <string_view>
#include <utility>

#include "vmm/cli/run_option_table.h"

namespace husk::cli {
namespace {

// The place of an option in the table.
std::optional<std::size_t> find_option(std::string_view name) {
  const std::span<const RunOption> table = run_option_table();
  for (std::size_t index = 0; index < table.size(); ++index) {
    if (name.size() > 1 ? name == table[index].name : !name.empty() && name[0] == table[index].letter) return index;
  }
  return std::nullopt;
}

// CLI11 has uses for values that are empty or begin with one of these.
bool is_plain_value(std::string_view value) {
  return !value.empty() && std::string_view("-[{%").find(value[0]) == std::string_view::npos;
}

class Reader {
 public:
  explicit Reader(RunOptions options) : options_(std::move(options)) {}

  bool set_flag(std::size_t index) {
    const Flag* const flag = std::get_if<Flag>(&run_option_table()[index].target);
    if (flag == nullptr || seen_[index]) return false;
    seen_[index] = true;
    (*flag)(options_) = true;
    return true;
  }

  bool set_value(std::size_t index, std::string_view value) {
    if (!is_plain_value(value)) return false;
    const auto& target = run_option_table()[index].target;
    if (const Texts* const texts = std::get_if<Texts>(&target)) {
      (*texts)(options_).emplace_back(value);
      return true;
    }
    if (seen_[index]) return false;
    seen_[index] = true;
    if (const Text* const text = std::get_if<Text>(&target)) {
      (*text)(options_) = value;
      return true;
    }
    const OptionalText* const text = std::get_if<OptionalText>(&target);
    if (text != nullptr) (*text)(options_) = std::string(value);
    return text != nullptr;
  }

  bool is_complete() const { return !options_.kvm_stats || !options_.stats_path.empty(); }
  RunOptions take() { return std::move(options_); }

 private:
  RunOptions options_;
  std::bitset<kMostRunOptions> seen_;  // what may be given once
};

// An option at words[index], and its value; false where it is not a plain one. `index` goes behind it.
bool read_option(std::span<char* const> words, std::size_t& index, Reader& reader) {
  const std::string_view word = words[index++];
  const bool is_long = word.starts_with("--");
  const std::string_view text = word.substr(is_long ? 2 : 1);
  // -ti: flags only. A value in the same word as its letter (-m64M) is left to CLI11.
  if (!is_long && text.size() > 1) {
    for (const char& letter : text) {
      const std::optional<std::size_t> option = find_option({&letter, 1});
      if (!option || !reader.set_flag(*option)) return false;
    }
    return true;
  }
  const std::size_t equals = text.find('=');
  const std::string_view name = text.substr(0, equals);
  if (is_long == (name.size() < 2)) return false;
  const std::optional<std::size_t> option = find_option(name);
  if (!option) return false;
  if (equals != std::string_view::npos) return reader.set_value(*option, text.substr(equals + 1));
  if (!run_option_table()[*option].has_value()) return reader.set_flag(*option);
  return index < words.size() && reader.set_value(*option, words[index++]);
}

}  // namespace

std::optional<std::vector<std::string>> read_plain_options(std::span<char* const> words, RunOptions& options) {
  Reader reader(options);
  std::size_t index = 0;
  while (index < words.size() && words[index][0] == '-') {
    if (!read_option(words, index, reader)) return std::nullopt;
  }
  if (index == words.size() || words[index][0] == '\0' || !reader.is_complete()) return std::nullopt;
  options = reader.take();
  return std::vector<std::string>(words.begin() + static_cast<std::ptrdiff_t>(index), words.end());
}

}  // namespace husk::cli
