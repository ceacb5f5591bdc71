#include "tools/compare/runners/qemu_words.h"

#include <cstdlib>
#include <fstream>
#include <string_view>

namespace husk::compare {

std::string qemu_value(const std::filesystem::path& path) {
  std::string value;
  for (const char character : path.string()) {
    if (character == ',') value += ',';
    value += character;
  }
  return value;
}

int status_from_guest(int qemu_status, const std::filesystem::path& log) {
  constexpr int kAskTheLog = 255;
  constexpr int kNotTheGuestsWord = 125;
  constexpr int kOwnFailure = 1;  // also what no status of a guest's ends with
  if (qemu_status == kOwnFailure || qemu_status == 0) return kNotTheGuestsWord;
  if (qemu_status % 2 == 0) return qemu_status;
  if (qemu_status != kAskTheLog) return qemu_status / 2 - 1;
  std::ifstream file(log);
  int status = kNotTheGuestsWord;
  for (std::string line; std::getline(file, line);) {
    constexpr std::string_view kKey = "husk: exit status ";
    if (line.starts_with(kKey)) status = std::atoi(line.c_str() + kKey.size());
  }
  return status;
}

}  // namespace husk::compare
