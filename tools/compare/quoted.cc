#include "tools/compare/quoted.h"

#include <string_view>

namespace husk::compare {
namespace {

// "Shell Command Language", 2.2 Quoting, in POSIX.1-2017 names what must be quoted; all else than these is.
constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,+@%";

std::string quoted(const std::string& word) {
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string text = "'";
  for (const char character : word) {
    if (character == '\'') {
      text += "'\\''";  // a quote cannot stand between quotes
    } else {
      text += character;
    }
  }
  return text + "'";
}

}  // namespace

std::string quoted(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + quoted(word);
  return text;
}

}  // namespace husk::compare
