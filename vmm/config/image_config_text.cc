#include "vmm/config/image_config_text.h"

#include <array>
#include <vector>

#include "vmm/error.h"

namespace husk::config {
namespace {

struct ListKey {
  std::string_view key;
  std::vector<std::string> ImageConfig::*list;
};
constexpr std::array kLists = {ListKey{"entrypoint", &ImageConfig::entrypoint},
                               ListKey{"command", &ImageConfig::command},
                               ListKey{"environment", &ImageConfig::environment},
                               ListKey{"volume", &ImageConfig::volumes},
                               ListKey{"port", &ImageConfig::ports},
                               ListKey{"label", &ImageConfig::labels}};

struct TextKey {
  std::string_view key;
  std::string ImageConfig::*text;
};
constexpr std::array kTexts = {TextKey{"directory", &ImageConfig::working_directory},
                               TextKey{"user", &ImageConfig::user}, TextKey{"stop-signal", &ImageConfig::stop_signal}};
constexpr std::string_view kHealthCheck = "health-check";
constexpr std::string_view kBegin(
    "version\0"
    "1\0",
    10);

void append(std::string& text, std::string_view key, const std::string& value) {
  text.append(key).append(1, '\0').append(value).append(1, '\0');
  if (text.size() > kMaxImageConfigText) {
    throw Error("keep", "the image's configuration", "it has more than 256 KiB");
  }
}

void set(ImageConfig& config, std::string_view key, std::string_view value) {
  for (const ListKey& list : kLists) {
    if (key == list.key) (config.*list.list).emplace_back(value);
  }
  for (const TextKey& text : kTexts) {
    if (key == text.key) config.*text.text = value;
  }
  if (key == kHealthCheck) config.has_health_check = true;
}

}  // namespace

std::string image_config_text(const ImageConfig& config) {
  std::string text(kBegin);
  for (const ListKey& list : kLists) {
    for (const std::string& value : config.*list.list) append(text, list.key, value);
  }
  for (const TextKey& one : kTexts) {
    if (!(config.*one.text).empty()) append(text, one.key, config.*one.text);
  }
  if (config.has_health_check) append(text, kHealthCheck, "ignored");
  return text;
}

std::optional<ImageConfig> parse_image_config_text(std::string_view text) {
  if (!text.starts_with(kBegin)) return std::nullopt;
  text.remove_prefix(kBegin.size());
  ImageConfig config;
  while (!text.empty()) {
    std::array<std::string_view, 2> pair;
    for (std::string_view& part : pair) {
      const std::size_t end = text.find('\0');
      if (end == text.npos) return std::nullopt;
      part = text.substr(0, end);
      text.remove_prefix(end + 1);
    }
    set(config, pair[0], pair[1]);
  }
  return config;
}

}  // namespace husk::config
