// An image's configuration as husk keeps it beside the image: read at each start, and after it came from a process that
// may have been taken over. Not JSON: pairs of a key and a value, each ended by a NUL, which neither can have in it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "vmm/config/image_config.h"

namespace husk::config {

inline constexpr std::size_t kMaxImageConfigText = std::size_t{256} << 10;

// Throws husk::Error if it has more than kMaxImageConfigText bytes.
std::string image_config_text(const ImageConfig& config);

// Nothing if the text is not what image_config_text() writes. Keys that are not known are passed over: a newer husk's.
std::optional<ImageConfig> parse_image_config_text(std::string_view text);

}  // namespace husk::config
