#include "vmm/oci/pax.h"

#include <algorithm>

#include "common/text_lines.h"
#include "vmm/error.h"
#include "vmm/number.h"
#include "vmm/oci/limits.h"
#include "vmm/oci/tar_format.h"

namespace husk::oci {
namespace {

[[noreturn]] void refuse(const std::string& name, std::string_view why) {
  throw Error("read the extended header in", name, why);
}

std::uint64_t number(std::string_view key, std::string_view text, const std::string& name) {
  const std::optional<std::uint64_t> value = parse_number(text);
  if (!value) refuse(name, std::string(key) + " is no number");
  return *value;
}

// "1700000000.123456789", "-0.5": seconds, rounded down, and what is left of nanoseconds, of which further digits are cut.
void read_time(std::string_view text, PaxRecords& records, const std::string& name) {
  const bool is_negative = text.starts_with('-');
  if (is_negative) text.remove_prefix(1);
  const std::string_view whole = text.substr(0, text.find('.'));
  std::string_view fraction = text.substr(std::min(text.size(), whole.size() + 1));
  const std::optional<std::uint64_t> seconds = parse_number(whole);
  if (!seconds || *seconds > std::uint64_t{1} << 62 || fraction.find_first_not_of("0123456789") != fraction.npos) {
    refuse(name, "mtime is no time");
  }
  fraction = fraction.substr(0, 9);
  std::uint64_t ns = parse_number(fraction).value_or(0);
  for (std::size_t digits = fraction.size(); digits < 9; ++digits) ns *= 10;
  auto whole_s = static_cast<std::int64_t>(*seconds);
  if (is_negative) {
    whole_s = -whole_s;
    if (ns != 0) {
      --whole_s;
      ns = 1'000'000'000 - ns;
    }
  }
  records.mtime_s = whole_s;
  records.mtime_ns = static_cast<std::uint32_t>(ns);
}

void add_piece(PaxRecords& records, std::uint64_t offset, const std::string& name) {
  if (records.pieces.size() >= kMaxSparsePieces) {
    refuse(name, "a sparse file has more than " + std::to_string(kMaxSparsePieces) + " pieces");
  }
  records.pieces.push_back({.offset = offset, .size = 0});
}

// Version 0.1: all of the map in one record, "OFFSET,SIZE,OFFSET,SIZE".
void read_map(std::string_view text, PaxRecords& records, const std::string& name) {
  records.pieces.clear();
  while (!text.empty()) {
    add_piece(records, number("GNU.sparse.map", take_field(text, ','), name), name);
    records.pieces.back().size = number("GNU.sparse.map", take_field(text, ','), name);
  }
}

void read_sparse(std::string_view key, std::string_view value, PaxRecords& records, const std::string& name) {
  records.is_sparse = true;
  if (key == "major") {
    records.map_is_in_data = value == "1";
    if (value != "1" && value != "0") refuse(name, "it has a sparse file of a version that is not known");
  } else if (key == "name") {
    records.path = value;
  } else if (key == "size" || key == "realsize") {
    records.sparse_size = number("the sparse file's size", value, name);
  } else if (key == "map") {
    read_map(value, records, name);
  } else if (key == "offset") {
    add_piece(records, number("GNU.sparse.offset", value, name), name);
  } else if (key == "numbytes") {
    if (records.pieces.empty()) refuse(name, "a piece of a sparse file has no offset");
    records.pieces.back().size = number("GNU.sparse.numbytes", value, name);
  }
}

void read_record(std::string_view key, std::string_view value, PaxRecords& records, const std::string& name) {
  constexpr std::string_view kSparse = "GNU.sparse.";
  if (key.starts_with(tar::kPaxXattr)) {
    records.xattrs[std::string(key.substr(tar::kPaxXattr.size()))] = value;
  } else if (value.empty()) {
    return;  // the header's own counts
  } else if (key == "path") {
    if (!records.is_sparse || !records.path) records.path = value;
  } else if (key == "linkpath") {
    records.link_path = value;
  } else if (key == "size") {
    records.size = number(key, value, name);
  } else if (key == "uid") {
    records.uid = number(key, value, name);
  } else if (key == "gid") {
    records.gid = number(key, value, name);
  } else if (key == "mtime") {
    read_time(value, records, name);
  } else if (key.starts_with(kSparse)) {
    read_sparse(key.substr(kSparse.size()), value, records, name);
  }
}

}  // namespace

std::uint64_t check_pieces(const std::vector<SparsePiece>& pieces, std::uint64_t size, const std::string& name) {
  std::uint64_t end = 0, bytes = 0;
  for (const SparsePiece& piece : pieces) {
    if (piece.offset < end || piece.offset > size || piece.size > size - piece.offset) {
      throw Error("read", name, "the pieces of a sparse file are out of order, or out of it");
    }
    end = piece.offset + piece.size;
    bytes += piece.size;
  }
  return bytes;
}

void read_pax(std::string_view text, PaxRecords& records, const std::string& name) {
  while (!text.empty() && text.front() != '\0') {
    const std::size_t space = text.find(' ');
    const std::optional<std::uint64_t> length = parse_number(text.substr(0, std::min<std::size_t>(space, 20)));
    if (space == text.npos || !length || *length <= space + 1 || *length > text.size() || text[*length - 1] != '\n') {
      refuse(name, "a record's length is wrong");
    }
    const std::string_view record = text.substr(space + 1, *length - space - 2);
    text.remove_prefix(*length);
    const std::size_t equals = record.find('=');
    if (equals == record.npos || equals == 0) refuse(name, "a record has no key");
    read_record(record.substr(0, equals), record.substr(equals + 1), records, name);
  }
}

}  // namespace husk::oci
