#include "vmm/size.h"

#include <limits>
#include <optional>
#include <string_view>

#include "vmm/error.h"
#include "vmm/number.h"

namespace husk {

std::uint64_t parse_size(const std::string& text) {
  std::string_view digits = text;
  unsigned shift = 0;
  if (!digits.empty()) {
    switch (digits.back()) {
      case 'k':
      case 'K':
        shift = 10;
        break;
      case 'm':
      case 'M':
        shift = 20;
        break;
      case 'g':
      case 'G':
        shift = 30;
        break;
      default:
        break;
    }
    if (shift != 0) digits.remove_suffix(1);
  }
  const std::optional<std::uint64_t> value = parse_number(digits);
  if (!value || *value == 0 || *value > (std::numeric_limits<std::uint64_t>::max() >> shift)) {
    throw Error("use", "'" + text + "' as a size", "give a positive number, with K, M or G if you like (64M, 1G)");
  }
  return *value << shift;
}

}  // namespace husk
