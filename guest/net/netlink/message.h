// Netlink messages: requests as they were sent, and answers while they are put together. One datagram holds several messages.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

#include "lib/list.h"
#include "lib/ref.h"
#include "lib/result.h"
#include "lib/string.h"
#include "lib/vector.h"
#include "net/netlink/abi.h"

namespace kernel::net::netlink {

struct Attribute {
  std::uint16_t type;
  std::span<const std::byte> data;
  // What there is too little of is zero.
  template <typename T>
  T as() const requires std::is_trivially_copyable_v<T> {
    T value{};
    memcpy(&value, data.data(), data.size() < sizeof(T) ? data.size() : sizeof(T));
    return value;
  }
};

// One message of a request: its header, and what follows it. Copied from the payload, and within it.
class Request {
 public:
  Request(const Header& its_header, std::span<const std::byte> its_contents)
      : header(its_header), contents(its_contents) {}

  const Header header;
  const std::span<const std::byte> contents;

  // Any of the two bits will do, as on Linux.
  bool is_dump() const { return header.flags & kDump; }
  // The family, with which all bodies begin; 0 if there is not even that.
  int family() const { return contents.empty() ? 0 : static_cast<int>(contents[0]); }
  bool has(std::size_t size) const { return contents.size() >= size; }
  // The fixed part; the caller has looked whether it is there.
  template <typename T>
  T body() const requires std::is_trivially_copyable_v<T> {
    T value{};
    memcpy(&value, contents.data(), contents.size() < sizeof(T) ? contents.size() : sizeof(T));
    return value;
  }
  // The last attribute of a type behind a fixed part of that size.
  std::optional<Attribute> find(std::size_t fixed_size, std::uint16_t type) const;
  bool has_attributes(std::size_t fixed_size) const { return contents.size() > aligned(fixed_size); }
};

// A datagram in a socket's queue.
class Answer final : public RefCounted {
 public:
  static constexpr std::size_t kUsualSize = 16384;  // a dump's datagrams: no more is begun beyond this

  std::span<const std::byte> bytes() const { return bytes_.span(); }
  std::size_t size() const { return bytes_.size(); }
  bool full() const { return size() >= kUsualSize; }

  // Messages: begin(), then attributes, then end(). Errors are remembered until status() is asked (kNoMem).
  void begin(std::uint16_t type, std::uint16_t flags, const Header& request, std::uint32_t port);
  template <typename T>
  void put_body(const T& body) requires std::is_trivially_copyable_v<T> {
    append(std::as_bytes(std::span(&body, 1)));
  }
  void put_raw(std::span<const std::byte> bytes) { append(bytes); }
  void put(std::uint16_t type, std::span<const std::byte> data);
  template <typename T>
  void put_value(std::uint16_t type, const T& value) requires std::is_trivially_copyable_v<T> {
    put(type, std::as_bytes(std::span(&value, 1)));
  }
  void put_u8(std::uint16_t type, std::uint8_t value) { put_value(type, value); }
  void put_u16(std::uint16_t type, std::uint16_t value) { put_value(type, value); }
  void put_u32(std::uint16_t type, std::uint32_t value) { put_value(type, value); }
  void put_string(std::uint16_t type, std::string_view text);  // with its zero byte
  void put_zeros(std::uint16_t type, std::size_t size);
  // A nest's place, which end_nest() wants back.
  std::size_t begin_nest(std::uint16_t type);
  void end_nest(std::size_t place);
  void end();

  Result<void> status() const { return failed_ ? Result<void>(Errno::kNoMem) : Result<void>(); }

  std::uint32_t from_port = 0;  // 0: the kernel
  std::uint32_t group = 0;      // to which it was sent, counted from 1
  // SCM_CREDENTIALS: the kernel's are zero.
  std::int32_t pid = 0;
  std::uint32_t uid = 0, gid = 0;
  // A message from another socket, or mq_notify(3)'s.
  Result<void> set(std::span<const std::byte> bytes);
  void trim(std::size_t size) { bytes_.shrink(size); }

  ListNode link;

 private:
  void append(std::span<const std::byte> bytes);  // and up to the next multiple of four

  Vector<std::byte> bytes_;
  std::size_t message_ = 0;
  bool failed_ = false;
};

}  // namespace kernel::net::netlink
