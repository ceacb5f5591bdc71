#include "net/option_value.h"

#include <algorithm>

namespace kernel::net {

Result<OptionOutput> OptionOutput::at(mm::UserBuffer address, mm::UserPtr<std::int32_t> size) {
  const std::int32_t room = TRY(size.read());
  if (room < 0) return Errno::kInval;
  return OptionOutput(address, size, static_cast<std::size_t>(room));
}

Result<void> OptionOutput::put(std::span<const std::byte> bytes) {
  const std::size_t stored = std::min(bytes.size(), room_);
  TRY(mm::copy_to_user(address_.address(), bytes.data(), stored));
  return size_.write(static_cast<std::int32_t>(stored));
}

Result<void> OptionOutput::put_of(std::span<const std::byte> bytes, std::size_t whole_size) {
  TRY(mm::copy_to_user(address_.address(), bytes.data(), std::min(bytes.size(), room_)));
  return size_.write(static_cast<std::int32_t>(whole_size));
}

Result<void> OptionOutput::put_whole(std::span<const std::byte> bytes, std::size_t said) {
  TRY(mm::copy_to_user(address_.address(), bytes.data(), bytes.size()));
  return size_.write(static_cast<std::int32_t>(said));
}

Result<void> OptionOutput::needs(std::size_t size) {
  TRY(size_.write(static_cast<std::int32_t>(size)));
  return Errno::kRange;
}

}  // namespace kernel::net
