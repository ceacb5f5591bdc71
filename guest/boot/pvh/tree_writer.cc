#include "boot/pvh/tree_writer.h"

#include "lib/format.h"

namespace kernel::pvh {
namespace {

constexpr std::uint32_t kTreeMagic = 0xd00dfeed;
constexpr std::uint32_t kTreeVersion = 17;
constexpr std::uint32_t kLastCompatibleVersion = 16;
constexpr std::size_t kHeaderSize = 40;
constexpr std::size_t kReserveMapSize = 16;  // its end mark alone
constexpr std::size_t kStructure = kHeaderSize + kReserveMapSize;

constexpr std::uint32_t kBeginNode = 1, kEndNode = 2, kProperty = 3, kEnd = 9;

void store_u32(std::byte* at, std::uint32_t value) {
  const std::uint32_t big_endian = __builtin_bswap32(value);
  __builtin_memcpy(at, &big_endian, sizeof big_endian);
}

}  // namespace

TreeWriter::TreeWriter(std::span<std::byte> buffer) : buffer_(buffer) {
  for (std::size_t i = 0; i < kStructure / 4; ++i) put_u32(0);
}

void TreeWriter::put(const void* data, std::size_t size) {
  if (overflow_ || size > buffer_.size() - size_) {
    overflow_ = true;
    return;
  }
  if (size != 0) __builtin_memcpy(buffer_.data() + size_, data, size);
  size_ += size;
}

void TreeWriter::put_u32(std::uint32_t value) {
  const std::uint32_t big_endian = __builtin_bswap32(value);
  put(&big_endian, sizeof big_endian);
}

void TreeWriter::pad() {
  constexpr std::uint32_t kZero = 0;
  put(&kZero, -size_ % 4);
}

void TreeWriter::begin(std::string_view name) {
  put_u32(kBeginNode);
  append_string(name);
  pad();
}

void TreeWriter::begin_at(std::string_view name, std::uint64_t address) {
  FixedText<64> full;
  full.print("{}@{x}", name, address);
  begin(full.view());
}

void TreeWriter::end() {
  put_u32(kEndNode);
}

void TreeWriter::u32(std::string_view name, std::uint32_t value) {
  begin_property(name);
  put_u32(value);
  end_property();
}

void TreeWriter::u64(std::string_view name, std::uint64_t value) {
  begin_property(name);
  put_u32(static_cast<std::uint32_t>(value >> 32));
  put_u32(static_cast<std::uint32_t>(value));
  end_property();
}

void TreeWriter::reg(std::uint64_t start, std::uint64_t size) {
  begin_property("reg");
  for (const std::uint64_t value : {start, size}) {
    put_u32(static_cast<std::uint32_t>(value >> 32));
    put_u32(static_cast<std::uint32_t>(value));
  }
  end_property();
}

void TreeWriter::string(std::string_view name, std::string_view value) {
  begin_property(name);
  append_string(value);
  end_property();
}

void TreeWriter::bytes(std::string_view name, std::span<const std::byte> value) {
  begin_property(name);
  put(value.data(), value.size());
  end_property();
}

void TreeWriter::begin_property(std::string_view name) {
  put_u32(kProperty);
  property_ = size_;
  put_u32(0);
  put_u32(name_offset(name));
}

void TreeWriter::append(std::string_view text) {
  put(text.data(), text.size());
}

void TreeWriter::append_string(std::string_view text) {
  append(text);
  put("", 1);
}

void TreeWriter::end_property() {
  if (overflow_) return;
  store_u32(buffer_.data() + property_, static_cast<std::uint32_t>(size_ - property_ - 8));
  pad();
}

std::uint32_t TreeWriter::name_offset(std::string_view name) {
  const std::string_view names(names_.data(), names_size_);
  for (std::size_t i = 0; i < names.size(); i += names.substr(i).find('\0') + 1) {
    if (names.substr(i, names.substr(i).find('\0')) == name) return static_cast<std::uint32_t>(i);
  }
  if (name.size() + 1 > names_.size() - names_size_) {
    overflow_ = true;
    return 0;
  }
  const std::size_t offset = names_size_;
  __builtin_memcpy(names_.data() + offset, name.data(), name.size());
  names_size_ += name.size() + 1;  // the array is zero
  return static_cast<std::uint32_t>(offset);
}

std::size_t TreeWriter::finish() {
  put_u32(kEnd);
  const std::size_t structure_end = size_;
  put(names_.data(), names_size_);
  if (overflow_) return 0;
  const std::uint32_t header[kHeaderSize / 4] = {kTreeMagic,
                                                 static_cast<std::uint32_t>(size_),
                                                 kStructure,
                                                 static_cast<std::uint32_t>(structure_end),
                                                 kHeaderSize,
                                                 kTreeVersion,
                                                 kLastCompatibleVersion,
                                                 0,  // the boot processor's id
                                                 static_cast<std::uint32_t>(names_size_),
                                                 static_cast<std::uint32_t>(structure_end - kStructure)};
  for (std::size_t i = 0; i < kHeaderSize / 4; ++i) store_u32(buffer_.data() + 4 * i, header[i]);
  return size_;
}

}  // namespace kernel::pvh
