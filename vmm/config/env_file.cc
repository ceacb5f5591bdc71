#include "vmm/config/env_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "common/text_lines.h"
#include "common/unique_fd.h"
#include "vmm/error.h"

namespace husk::config {
namespace {

constexpr std::size_t kMostBytes = std::size_t{1} << 20;  // more than execve(2) would pass on
constexpr std::string_view kWhiteSpace = " \t\v\f\r";
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

}  // namespace

std::vector<std::string> parse_env_file(std::string_view text, const std::string& file) {
  std::vector<std::string> variables;
  const auto refuse = [&](std::size_t number, std::string_view why) {
    throw Error("use", "--env-file " + file, "line " + std::to_string(number) + ": " + std::string(why));
  };
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::string_view line = take_field(text, '\n');
    if (line.ends_with('\r')) line.remove_suffix(1);
    line.remove_prefix(std::min(line.size(), line.find_first_not_of(kWhiteSpace)));
    if (line.empty() || line.starts_with('#')) continue;
    const std::string_view name = line.substr(0, line.find('='));
    if (name.empty()) refuse(number, "no name before the '='");
    if (name.find_first_of(kWhiteSpace) != std::string_view::npos) refuse(number, "white space in the name");
    if (line.find('\0') != std::string_view::npos) refuse(number, "a NUL byte");
    variables.emplace_back(line);
  }
  return variables;
}

std::vector<std::string> read_env_file(const std::string& path) {
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) throw Error::from_errno("read", "--env-file '" + path + "'");
  std::string text;
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t size = read(file.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) throw Error::from_errno("read", "--env-file '" + path + "'");
    if (size == 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(size));
    if (text.size() > kMostBytes) throw Error("read", "--env-file '" + path + "'", "it has more than 1 MiB");
  }
  return parse_env_file(text, path);
}

}  // namespace husk::config
