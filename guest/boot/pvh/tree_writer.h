// Writes a flattened device tree (Devicetree Specification 0.4, chapter 5) from front to back into a buffer: what
// lib/fdt.h reads. When the buffer is full everything else is dropped and finish() says so.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace kernel::pvh {

class TreeWriter {
 public:
  explicit TreeWriter(std::span<std::byte> buffer);

  void begin(std::string_view name);
  void begin_at(std::string_view name, std::uint64_t address);  // "name@address"
  void end();

  void u32(std::string_view name, std::uint32_t value);
  void u64(std::string_view name, std::uint64_t value);
  void reg(std::uint64_t start, std::uint64_t size);
  void string(std::string_view name, std::string_view value);
  void bytes(std::string_view name, std::span<const std::byte> value);
  void empty(std::string_view name) { bytes(name, {}); }

  // A property in pieces.
  void begin_property(std::string_view name);
  void append(std::string_view text);
  void append_string(std::string_view text);  // and its NUL
  void end_property();

  // The size of the tree; 0 if it did not fit.
  std::size_t finish();

 private:
  void put_u32(std::uint32_t value);
  void put(const void* data, std::size_t size);
  void pad();
  std::uint32_t name_offset(std::string_view name);

  static constexpr std::size_t kMaxNames = 512;  // bytes of all property names, each once

  std::span<std::byte> buffer_;
  std::size_t size_ = 0;
  std::size_t property_ = 0;  // offset of the length of the property that is being written
  bool overflow_ = false;
  std::array<char, kMaxNames> names_{};
  std::size_t names_size_ = 0;
};

}  // namespace kernel::pvh
