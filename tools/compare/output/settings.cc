#include "tools/compare/output/settings.h"

#include <sstream>
#include <vector>

#include "tools/compare/output/grid.h"
#include "tools/compare/output/numbers.h"
#include "tools/compare/output/plain_text.h"
#include "tools/compare/quoted.h"

namespace husk::compare {
namespace {

constexpr std::size_t kIndent = 9;  // of the lines above the tables
constexpr std::size_t kMostLines = 10;

std::string image_line(const ImageFacts& image) {
  std::string text = image.given;
  if (!image.directory.empty()) text += ", imported first; start_directory_ns has the directory itself";
  if (image.files != 0) {
    text += "; " + std::to_string(image.files) + " files, " + with_unit(static_cast<double>(image.bytes), Unit::kBytes);
  }
  return text + (image.digest.empty() ? "" : "; " + image.digest);
}

std::string memory_line(const ComparisonResult& result) {
  if (result.settings.memory_bytes == 0) return "no limit (-m none); a VM has 64 MiB";
  std::string text =
      "every run may use " + with_unit(static_cast<double>(result.settings.memory_bytes), Unit::kBytes) + " (-m)";
  for (const RunnerResult& runner : result.runners) {
    constexpr std::string_view kNone = "none";
    if (runner.status == Status::kMeasured && runner.memory_limit.starts_with(kNone)) {
      text += "; " + runner.name + ": " + runner.memory_limit;
    }
  }
  return text;
}

}  // namespace

std::string format_settings(const ComparisonResult& result, std::size_t width) {
  std::string text;
  const auto add = [&](const char* title, const std::string& line) {
    text += title + wrap(line, width, kIndent) + "\n";
  };
  if (!result.image.given.empty()) add("image:   ", image_line(result.image));
  if (!result.settings.arguments.empty()) {
    add("memory:  ", memory_line(result));
    add("command: ", "husk compare " + quoted(result.settings.arguments));
  }
  return text;
}

std::string format_failures(const ComparisonResult& result) {
  std::string text;
  for (const RunnerResult& runner : result.runners) {
    std::istringstream words(runner.last_words);
    std::vector<std::string> lines;
    for (std::string line; std::getline(words, line);) lines.push_back(plain(line));
    if (lines.size() < 2) continue;
    text += "\nWhat a run that failed under " + plain(runner.name) + " wrote to standard error" +
            (lines.size() > kMostLines ? " (its last lines)" : "") + ":\n";
    const std::size_t first = lines.size() > kMostLines ? lines.size() - kMostLines : 0;
    for (std::size_t i = first; i < lines.size(); ++i) text += "  " + lines[i] + "\n";
  }
  return text;
}

}  // namespace husk::compare
