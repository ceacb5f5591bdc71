// Sizes as a user writes them.
#pragma once

#include <cstdint>
#include <string>

namespace husk {

// "64M", "1G", "65536K", "268435456": bytes, or with a binary unit. Throws husk::Error when it is no positive size.
std::uint64_t parse_size(const std::string& text);

}  // namespace husk
