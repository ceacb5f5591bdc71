#include "net/netlink/message.h"

namespace kernel::net::netlink {

std::optional<Attribute> Request::find(std::size_t fixed_size, std::uint16_t type) const {
  std::optional<Attribute> found;
  for (std::size_t at = aligned(fixed_size); at + sizeof(AttributeHeader) <= contents.size();) {
    AttributeHeader attribute;
    memcpy(&attribute, contents.data() + at, sizeof attribute);
    if (attribute.length < sizeof attribute || attribute.length > contents.size() - at) break;
    if ((attribute.type & kAttributeTypeMask) == type) {
      found = Attribute{type, contents.subspan(at + sizeof attribute, attribute.length - sizeof attribute)};
    }
    at += aligned(attribute.length);
  }
  return found;
}

void Answer::append(std::span<const std::byte> bytes) {
  const std::size_t before = bytes_.size();
  if (failed_ || !bytes_.resize(before + aligned(bytes.size()))) {
    failed_ = true;
    return;
  }
  memcpy(bytes_.data() + before, bytes.data(), bytes.size());
}

void Answer::begin(std::uint16_t type, std::uint16_t flags, const Header& request, std::uint32_t port) {
  message_ = bytes_.size();
  put_body(Header{.length = 0, .type = type, .flags = flags, .sequence = request.sequence, .port = port});
}

void Answer::put(std::uint16_t type, std::span<const std::byte> data) {
  put_body(AttributeHeader{static_cast<std::uint16_t>(sizeof(AttributeHeader) + data.size()), type});
  append(data);
}

void Answer::put_string(std::uint16_t type, std::string_view text) {
  const std::size_t place = begin_nest(type);
  append(std::as_bytes(std::span(text.data(), text.size())));
  // The zero byte: it may be there already, up to the next multiple of four.
  if (text.size() % 4 == 0) append(std::as_bytes(std::span("", 1)));
  if (failed_) return;
  const auto length = static_cast<std::uint16_t>(sizeof(AttributeHeader) + text.size() + 1);
  memcpy(bytes_.data() + place, &length, sizeof length);
}

void Answer::put_zeros(std::uint16_t type, std::size_t size) {
  put_body(AttributeHeader{static_cast<std::uint16_t>(sizeof(AttributeHeader) + size), type});
  if (!failed_ && !bytes_.resize(bytes_.size() + aligned(size))) failed_ = true;
}

std::size_t Answer::begin_nest(std::uint16_t type) {
  const std::size_t place = bytes_.size();
  put_body(AttributeHeader{0, type});
  return place;
}

void Answer::end_nest(std::size_t place) {
  if (failed_) return;
  const auto length = static_cast<std::uint16_t>(bytes_.size() - place);
  memcpy(bytes_.data() + place, &length, sizeof length);
}

void Answer::end() {
  if (failed_) return;
  const auto length = static_cast<std::uint32_t>(bytes_.size() - message_);
  memcpy(bytes_.data() + message_, &length, sizeof length);
}

Result<void> Answer::set(std::span<const std::byte> bytes) {
  TRY(bytes_.resize(bytes.size()));
  memcpy(bytes_.data(), bytes.data(), bytes.size());
  return {};
}

}  // namespace kernel::net::netlink
