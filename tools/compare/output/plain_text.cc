#include "tools/compare/output/plain_text.h"

#include <algorithm>
#include <cstdint>

namespace husk::compare {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

struct Character {
  std::size_t size;  // bytes
  char32_t code;
  bool is_valid;
};

// The first character of `text`, which is not empty. RFC 3629: no overlong forms, no surrogates.
Character first_of(std::string_view text) {
  const auto lead = static_cast<std::uint8_t>(text[0]);
  if (lead < 0x80) return {1, lead, true};
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return {1, 0, false};
  char32_t code = lead & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    if ((byte & 0xc0) != 0x80) return {1, 0, false};
    code = code << 6 | (byte & 0x3fU);
  }
  const char32_t least = size == 2 ? 0x80 : size == 3 ? 0x800 : 0x10000;
  const bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
  if (code < least || code > 0x10ffff || is_surrogate) return {1, 0, false};
  return {size, code, true};
}

bool is_space(char32_t code) {
  return code == '\t' || code == '\n' || code == '\r';
}

bool is_control(char32_t code) {
  const bool is_c0_or_c1 = code < 0x20 || (code >= 0x7f && code < 0xa0);
  const bool separates_lines = code == 0x2028 || code == 0x2029;
  const bool steers_direction = code == 0x200e || code == 0x200f || code == 0x61c ||
                                (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
  return is_c0_or_c1 || separates_lines || steers_direction;
}

}  // namespace

std::string plain(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const Character character = first_of(text);
    if (character.is_valid && is_space(character.code)) {
      result += ' ';
    } else if (!character.is_valid || is_control(character.code)) {
      result += kReplacement;
    } else {
      result += text.substr(0, character.size);
    }
    text.remove_prefix(character.size);
  }
  return result;
}

}  // namespace husk::compare
