#include "vmm/error.h"

#include <cstring>

namespace husk {
namespace {

std::string sentence(std::string_view operation, std::string_view object, std::string_view reason,
                     std::string_view advice) {
  std::string text = "cannot ";
  text.append(operation);
  if (!object.empty()) text.append(" ").append(object);
  text.append(": ").append(reason);
  if (!advice.empty()) text.append("; ").append(advice);
  return text;
}

}  // namespace

Error::Error(std::string_view operation, std::string_view object, std::string_view reason, std::string_view advice)
    : std::runtime_error(sentence(operation, object, reason, advice)) {}

Error Error::from_errno(std::string_view operation, std::string_view object, std::string_view advice) {
  const int saved = errno;
  Error error(operation, object, std::strerror(saved), advice);
  error.errno_value_ = saved;
  return error;
}

}  // namespace husk
