// The records of PAX extended headers (POSIX, pax, "pax Extended Header").
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace husk::oci {

// A part of a sparse file that is stored.
struct SparsePiece {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

// What the records of a file's extended header say in the place of its header.
struct PaxRecords {
  std::optional<std::string> path, link_path;
  std::optional<std::uint64_t> size, uid, gid;
  std::optional<std::int64_t> mtime_s;
  std::uint32_t mtime_ns = 0;
  std::map<std::string, std::string> xattrs;  // by their names

  // GNU tar's sparse files, in the three ways that it has had.
  bool is_sparse = false;
  bool map_is_in_data = false;  // version 1.0
  std::uint64_t sparse_size = 0;
  std::vector<SparsePiece> pieces;
};

// Adds what `text` says. Unknown keys are passed over. Throws husk::Error; `name` is for messages.
void read_pax(std::string_view text, PaxRecords& records, const std::string& name);

// Checks that the pieces follow one another within `size`; returns how many bytes they have. Throws husk::Error.
std::uint64_t check_pieces(const std::vector<SparsePiece>& pieces, std::uint64_t size, const std::string& name);

}  // namespace husk::oci
