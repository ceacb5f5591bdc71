// tar archives, file by file, as they come: ustar (POSIX), PAX, GNU's and the old one. Names are bytes. Every size is
// checked before it is believed, and no more memory is used than limits.h allows.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "vmm/oci/byte_source.h"
#include "vmm/oci/pax.h"
#include "vmm/oci/tar_format.h"

namespace husk::oci {

struct TarEntry {
  enum class Type { kFile, kHardLink, kSymlink, kCharacterDevice, kBlockDevice, kDirectory, kFifo };

  Type type = Type::kFile;
  std::string name;        // as it stands there
  std::string target;      // of links
  std::uint16_t mode = 0;  // without a type
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::int64_t mtime_s = 0;
  std::uint32_t mtime_ns = 0;
  dev_t device = 0;
  std::uint64_t size = 0;  // of a file, with its holes
  bool is_sparse = false;
  std::map<std::string, std::string> xattrs;
};

class TarReader {
 public:
  // `name` is for messages.
  TarReader(ByteSource& source, std::string name);

  // The next file; what is left of the one before is passed over. False at the end. Throws husk::Error.
  bool next(TarEntry& entry);

  // The contents of a file: how many zeros come next, which are passed over; then bytes, until it is 0 and another hole
  // or the end comes.
  std::uint64_t take_hole();
  std::size_t read(std::span<std::byte> into);
  bool has_more() const { return at_ < size_; }

  // Where the contents of the file begin, counted from the source's first byte on.
  std::uint64_t position() const { return position_; }

 private:
  static constexpr std::size_t kBlock = tar::kBlock;
  using Header = std::array<char, kBlock>;

  bool read_header(Header& header);
  std::size_t read_some(std::span<std::byte> into);
  void read_exactly(std::span<std::byte> into);
  void skip(std::uint64_t count);
  void skip_padding();
  std::string read_extension(std::uint64_t size, const char* what);
  void read_common(const Header& header, const PaxRecords& pax, TarEntry& entry) const;
  void read_names(const Header& header, const PaxRecords& pax, TarEntry& entry) const;
  bool read_type(const Header& header, TarEntry& entry) const;
  void begin_contents(const Header& header, PaxRecords& pax, TarEntry& entry);
  void read_old_map(const Header& header, PaxRecords& pax);
  void read_map_in_data(PaxRecords& pax);
  std::uint64_t read_map_number(std::string& line);
  [[noreturn]] void refuse(std::string_view why) const;

  ByteSource& source_;
  std::string name_;
  std::vector<std::byte> buffer_;
  std::size_t begin_ = 0, end_ = 0;
  std::uint64_t position_ = 0;

  // Of the file at hand: what is stored of it and not yet read, with the padding, and how far in its contents we are.
  std::uint64_t stored_ = 0;
  std::uint64_t padding_ = 0;
  std::uint64_t extension_bytes_ = 0;
  std::uint64_t at_ = 0, size_ = 0;
  std::vector<SparsePiece> pieces_;
  std::size_t piece_ = 0;
};

}  // namespace husk::oci
