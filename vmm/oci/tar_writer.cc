#include "vmm/oci/tar_writer.h"

#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "vmm/error.h"
#include "vmm/oci/tar_format.h"

namespace husk::oci {
namespace {

using tar::Field;
using tar::kBlock;
using Header = std::array<char, kBlock>;
using Type = TarEntry::Type;

char type_flag(Type type) {
  switch (type) {
    case Type::kFile:
      return '0';
    case Type::kHardLink:
      return '1';
    case Type::kSymlink:
      return '2';
    case Type::kCharacterDevice:
      return '3';
    case Type::kBlockDevice:
      return '4';
    case Type::kDirectory:
      return '5';
    case Type::kFifo:
      return '6';
  }
  throw Error("write", "a tar archive", "a file has no type");
}

// The most that a field's octal digits can say; the last byte is a NUL.
constexpr std::uint64_t most_of(Field field) {
  return (std::uint64_t{1} << 3 * (field.size - 1)) - 1;
}

void put_text(Header& header, Field field, std::string_view text) {
  std::memcpy(header.data() + field.offset, text.data(), std::min(text.size(), field.size));
}

void put_number(Header& header, Field field, std::uint64_t value) {
  for (std::size_t digit = field.size - 1; digit-- > 0; value >>= 3) {
    header[field.offset + digit] = static_cast<char>('0' + (value & 7));
  }
}

// The sum of all bytes, the checksum's own as spaces: six digits, a NUL and a space.
void put_checksum(Header& header) {
  std::memset(header.data() + tar::kChecksum.offset, ' ', tar::kChecksum.size);
  std::uint64_t sum = 0;
  for (const char byte : header) sum += static_cast<unsigned char>(byte);
  put_number(header, {tar::kChecksum.offset, 7}, sum);
  header[tar::kChecksum.offset + 6] = '\0';
}

// "LENGTH KEY=VALUE\n", where the length counts its own digits.
void add_record(std::string& records, std::string_view key, std::string_view value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t length = rest + std::to_string(rest).size();
  length = rest + std::to_string(length).size();
  records.append(std::to_string(length)).append(" ").append(key).append("=").append(value).append("\n");
}

// Seconds with a fraction; of a time before 1970 both are its distance from there.
std::string time_text(std::int64_t seconds, std::uint32_t ns) {
  const bool is_negative = seconds < 0;
  std::uint64_t whole = is_negative ? ~static_cast<std::uint64_t>(seconds) + 1 : static_cast<std::uint64_t>(seconds);
  if (is_negative && ns != 0) {
    --whole;
    ns = 1'000'000'000 - ns;
  }
  std::string text = (is_negative ? "-" : "") + std::to_string(whole);
  if (ns != 0) {
    const std::string digits = std::to_string(ns);
    text.append(".").append(9 - digits.size(), '0').append(digits);
  }
  return text;
}

class HeaderOf {
 public:
  explicit HeaderOf(const TarEntry& entry) : header_{} {
    name(tar::kName, "path", entry.name);
    name(tar::kTarget, "linkpath", entry.target);
    put_number(header_, tar::kMode, entry.mode);
    number(tar::kUid, "uid", entry.uid);
    number(tar::kGid, "gid", entry.gid);
    number(tar::kSize, "size", entry.type == Type::kFile ? entry.size : 0);
    if (entry.mtime_ns == 0 && entry.mtime_s >= 0) {
      number(tar::kMtime, "mtime", static_cast<std::uint64_t>(entry.mtime_s));
    } else {
      if (entry.mtime_s >= 0) number_in_header(tar::kMtime, static_cast<std::uint64_t>(entry.mtime_s));
      add_record(records_, "mtime", time_text(entry.mtime_s, entry.mtime_ns));
    }
    if (entry.type == Type::kCharacterDevice || entry.type == Type::kBlockDevice) {
      put_number(header_, tar::kMajor, major(entry.device));
      put_number(header_, tar::kMinor, minor(entry.device));
    }
    for (const auto& [key, value] : entry.xattrs) add_record(records_, std::string(tar::kPaxXattr) + key, value);
    header_[tar::kType] = type_flag(entry.type);
    finish();
  }

  const std::string& records() const { return records_; }
  std::string_view bytes() const { return {header_.data(), header_.size()}; }

 private:
  void name(Field field, const char* key, const std::string& value) {
    put_text(header_, field, value);
    if (value.size() > field.size) add_record(records_, key, value);
  }
  void number_in_header(Field field, std::uint64_t value) {
    if (value <= most_of(field)) put_number(header_, field, value);
  }
  void number(Field field, const char* key, std::uint64_t value) {
    number_in_header(field, value);
    if (value > most_of(field)) add_record(records_, key, std::to_string(value));
  }
  void finish() {
    put_text(header_, tar::kMagic, tar::kPosixMagic);
    put_checksum(header_);
  }

  Header header_;
  std::string records_;
};

// An extended header is a file of its own before the file that it is for.
std::string extended_header(std::uint64_t size) {
  Header header{};
  put_text(header, tar::kName, "PaxHeader");
  put_number(header, tar::kMode, 0644);
  put_number(header, tar::kUid, 0);
  put_number(header, tar::kGid, 0);
  put_number(header, tar::kSize, size);
  put_number(header, tar::kMtime, 0);
  header[tar::kType] = 'x';
  put_text(header, tar::kMagic, tar::kPosixMagic);
  put_checksum(header);
  return {header.data(), header.size()};
}

}  // namespace

void TarWriter::pad() {
  const Header zeros{};
  const std::size_t rest = written_ % kBlock;
  if (rest != 0) sink_.write(std::string_view(zeros.data(), kBlock - rest));
  written_ = 0;
}

void TarWriter::begin(const TarEntry& entry) {
  pad();
  const HeaderOf header(entry);
  if (!header.records().empty()) {
    sink_.write(extended_header(header.records().size()));
    write(std::as_bytes(std::span(header.records())));
    pad();
  }
  sink_.write(header.bytes());
}

void TarWriter::write(std::span<const std::byte> contents) {
  sink_.write(contents);
  written_ += contents.size();
}

void TarWriter::finish() {
  pad();
  sink_.write(std::string(2 * kBlock, '\0'));
}

}  // namespace husk::oci
