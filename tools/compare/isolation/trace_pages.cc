#include "tools/compare/isolation/trace_pages.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "vmm/error.h"

namespace husk::compare {
namespace {

// struct buffer_data_page: time of the first entry, size of what is committed, entries. The size has two flags.
constexpr std::size_t kCommitOffset = 8;
constexpr std::size_t kDataOffset = 16;
constexpr std::uint64_t kSizeMask = (1U << 27) - 1;
constexpr std::uint64_t kMissedEvents = 1U << 31;

// struct ring_buffer_event: 5 bits of type or length, 27 bits of time since the entry before.
constexpr std::uint32_t kTypeBits = 5;
constexpr std::uint32_t kTypeMask = (1U << kTypeBits) - 1;
constexpr std::uint32_t kDeltaBits = 27;
constexpr std::uint32_t kLongestInWords = 28;
enum Special : std::uint32_t { kLengthFollows = 0, kPadding = 29, kTimeExtend = 30, kTimeStamp = 31 };

// enum trace_flag_type of the kernel's include/linux/trace_events.h.
constexpr std::uint8_t kHardInterrupt = 0x08;
constexpr std::uint8_t kSoftInterrupt = 0x10;
constexpr std::uint8_t kNonMaskable = 0x40;

template <typename T>
std::optional<T> read_at(std::span<const std::byte> bytes, std::size_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

std::size_t offset_of(const std::string& text, const std::string& field) {
  const std::size_t name = text.find(" " + field + ";");
  const std::size_t offset = name == std::string::npos ? name : text.find("offset:", name);
  if (offset == std::string::npos) throw Error("read", "the format of the function tracer", "it has no field " + field);
  return std::strtoul(text.c_str() + offset + std::strlen("offset:"), nullptr, 10);
}

}  // namespace

FunctionEntryFormat parse_function_format(const std::string& text) {
  const std::size_t id = text.find("ID: ");
  if (id == std::string::npos) throw Error("read", "the format of the function tracer", "it has no ID");
  return {static_cast<std::uint16_t>(std::strtoul(text.c_str() + id + std::strlen("ID: "), nullptr, 10)),
          offset_of(text, "common_flags"), offset_of(text, "common_pid"), offset_of(text, "ip")};
}

bool read_trace_page(std::span<const std::byte> page, const FunctionEntryFormat& format,
                     const std::function<void(const FunctionCall&)>& take) {
  const auto begin = read_at<std::uint64_t>(page, 0);
  const auto commit = read_at<std::uint64_t>(page, kCommitOffset);
  if (!begin || !commit) return false;
  const std::size_t size = std::min<std::size_t>(*commit & kSizeMask, page.size() - kDataOffset);
  const std::span<const std::byte> data = page.subspan(kDataOffset, size);
  std::uint64_t time = *begin;
  std::size_t at = 0;
  while (const auto header = read_at<std::uint32_t>(data, at)) {
    const std::uint32_t type = *header & kTypeMask;
    const std::uint64_t delta = *header >> kTypeBits;
    const auto first_word = read_at<std::uint32_t>(data, at + sizeof *header);
    std::size_t entry = at + sizeof *header;
    std::size_t length = 0;
    if (type == kTimeExtend || type == kTimeStamp) {
      if (!first_word) break;
      const std::uint64_t whole = (static_cast<std::uint64_t>(*first_word) << kDeltaBits) + delta;
      time = type == kTimeExtend ? time + whole : whole;
      at += sizeof *header + sizeof *first_word;
      continue;
    }
    if (type == kPadding) {
      if (delta == 0 || !first_word) break;  // the rest of the page is empty
      at += sizeof *header + *first_word;
      time += delta;
      continue;
    }
    time += delta;
    if (type == kLengthFollows) {
      if (!first_word || *first_word < sizeof *first_word) break;
      entry += sizeof *first_word;
      length = *first_word - sizeof *first_word;
    } else {
      static_assert(kLongestInWords < kPadding);
      length = type * sizeof(std::uint32_t);
    }
    if (entry > data.size() || data.size() - entry < length) break;
    const std::span<const std::byte> fields = data.subspan(entry, length);
    const auto address = read_at<std::uint64_t>(fields, format.address_offset);
    const auto pid = read_at<std::int32_t>(fields, format.pid_offset);
    const auto flags = read_at<std::uint8_t>(fields, format.flags_offset);
    if (read_at<std::uint16_t>(fields, 0) == format.type && address && pid && flags) {
      take({time, *address, *pid, (*flags & (kHardInterrupt | kSoftInterrupt | kNonMaskable)) != 0});
    }
    at = entry + length;
  }
  return (*commit & kMissedEvents) != 0;
}

}  // namespace husk::compare
