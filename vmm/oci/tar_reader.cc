#include "vmm/oci/tar_reader.h"

#include <sys/sysmacros.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "vmm/error.h"
#include "vmm/number.h"
#include "vmm/oci/limits.h"

namespace husk::oci {
namespace {

constexpr std::size_t kBuffer = 64 * 1024;
// Larger reads of contents go past the buffer.
constexpr std::size_t kLargeRead = 16 * 1024;
constexpr std::uint64_t kLargest = ~std::uint64_t{0} >> 1;

using tar::Field, tar::kChecksum, tar::kGid, tar::kMagic, tar::kMajor, tar::kMinor, tar::kMode, tar::kMtime, tar::kName,
    tar::kPosixMagic, tar::kPrefix, tar::kSize, tar::kTarget, tar::kType, tar::kUid;
// GNU's old sparse files: four pieces in the header, more in blocks that follow, 21 in each.
constexpr std::size_t kSparseInHeader = 386, kSparseMoreInHeader = 482, kSparsePiecesInHeader = 4;
constexpr Field kSparseSize{483, 12};
constexpr std::size_t kSparseMoreInBlock = 504, kSparsePiecesInBlock = 21;

template <typename Header>
std::string_view field(const Header& header, Field where) {
  return {header.data() + where.offset, where.size};
}

std::string_view text(std::string_view field) {
  return field.substr(0, field.find('\0'));
}

// Octal digits between spaces and NULs, or, with the first bit set, a number of two's complement (GNU). Without a value if
// it is neither, or has more than 63 bits.
std::optional<std::int64_t> number(std::string_view field) {
  const auto first = static_cast<unsigned char>(field.front());
  if ((first & 0x80) != 0) {
    const bool is_negative = (first & 0x40) != 0;
    std::uint64_t value = is_negative ? ~std::uint64_t{0} : 0;
    for (std::size_t i = 0; i < field.size(); ++i) {
      auto byte = static_cast<std::uint64_t>(static_cast<unsigned char>(field[i]));
      if (i == 0) byte = is_negative ? byte | 0x80 : byte & 0x7f;
      if (value >> 55 != (is_negative ? 0x1ffu : 0u)) return std::nullopt;
      value = value << 8 | byte;
    }
    return static_cast<std::int64_t>(value);
  }
  std::uint64_t value = 0;
  std::size_t at = field.find_first_not_of(std::string_view(" \0", 2));
  for (; at < field.size() && field[at] >= '0' && field[at] <= '7'; ++at) {
    if (value >> 60 != 0) return std::nullopt;
    value = value << 3 | static_cast<std::uint64_t>(field[at] - '0');
  }
  if (at < field.size() && field[at] != ' ' && field[at] != '\0') return std::nullopt;
  return static_cast<std::int64_t>(value);
}

bool is_zero(std::span<const char> bytes) {
  return std::ranges::all_of(bytes, [](char c) { return c == 0; });
}

// The sum of all bytes, the checksum's own as spaces. Some old programs summed signed ones.
bool has_good_checksum(std::span<const char> header) {
  std::int64_t of_unsigned = 0, of_signed = 0;
  for (std::size_t i = 0; i < header.size(); ++i) {
    const bool own = i >= kChecksum.offset && i < kChecksum.offset + kChecksum.size;
    const char byte = own ? ' ' : header[i];
    of_unsigned += static_cast<unsigned char>(byte);
    of_signed += static_cast<signed char>(byte);
  }
  const auto said = number({header.data() + kChecksum.offset, kChecksum.size});
  return said && (*said == of_unsigned || *said == of_signed);
}

}  // namespace

TarReader::TarReader(ByteSource& source, std::string name)
    : source_(source), name_(std::move(name)), buffer_(kBuffer) {}

void TarReader::refuse(std::string_view why) const {
  throw Error("read", name_, why);
}

std::size_t TarReader::read_some(std::span<std::byte> into) {
  std::size_t count = 0;
  if (begin_ == end_ && into.size() >= kLargeRead) {
    count = source_.read(into);
  } else {
    if (begin_ == end_) {
      begin_ = 0;
      end_ = source_.read(buffer_);
    }
    count = std::min(into.size(), end_ - begin_);
    std::memcpy(into.data(), buffer_.data() + begin_, count);
    begin_ += count;
  }
  position_ += count;
  return count;
}

void TarReader::read_exactly(std::span<std::byte> into) {
  while (!into.empty()) {
    const std::size_t got = read_some(into);
    if (got == 0) refuse("the tar archive ends too early");
    into = into.subspan(got);
  }
}

void TarReader::skip(std::uint64_t count) {
  const std::size_t buffered = static_cast<std::size_t>(std::min<std::uint64_t>(count, end_ - begin_));
  begin_ += buffered;
  if (count > buffered) source_.skip(count - buffered);
  position_ += count;
}

// False at the end: a block of zeros, or no block. What follows it is nobody's.
bool TarReader::read_header(Header& header) {
  const std::span<std::byte> bytes = std::as_writable_bytes(std::span(header));
  const std::size_t got = read_some(bytes);
  if (got == 0) return false;
  read_exactly(bytes.subspan(got));
  if (is_zero(header)) return false;
  if (!has_good_checksum(header)) refuse("it is no tar archive, or damaged: a header's checksum is wrong");
  return true;
}

std::string TarReader::read_extension(std::uint64_t size, const char* what) {
  // All of a file's together: they can be as many as they like.
  if (size > kMaxExtendedHeader - extension_bytes_) {
    refuse(std::string(what) + " of a file has more than the " + std::to_string(kMaxExtendedHeader) +
           " bytes that it may have");
  }
  extension_bytes_ += size;
  std::string contents(static_cast<std::size_t>(size), '\0');
  read_exactly(std::as_writable_bytes(std::span(contents)));
  skip((kBlock - size % kBlock) % kBlock);
  return contents;
}

// What fills a file's last block. Go's archive/tar leaves it out at the end of an archive that nobody has closed, as `umoci insert` does not, and
// its readers, which most tools have, do not miss it.
void TarReader::skip_padding() {
  std::array<std::byte, kBlock> block;
  while (padding_ > 0) {
    const std::size_t got = read_some(std::span(block).first(static_cast<std::size_t>(padding_)));
    if (got == 0) return;
    padding_ -= got;
  }
}

bool TarReader::next(TarEntry& entry) {
  skip(stored_);
  skip_padding();
  stored_ = padding_ = at_ = size_ = extension_bytes_ = 0;
  pieces_.clear();
  entry = {};
  PaxRecords pax;
  Header header;
  for (;;) {
    if (!read_header(header)) {
      if (pax.path || pax.link_path || pax.size) refuse("the tar archive ends after an extended header");
      return false;
    }
    const std::optional<std::int64_t> size = number(field(header, kSize));
    if (!size || *size < 0) refuse("a file's size is no number, or negative");
    const char type = header[kType];
    const auto bytes = static_cast<std::uint64_t>(*size);
    if (type == 'x' || type == 'X') {
      read_pax(read_extension(bytes, "an extended header"), pax, name_);
    } else if (type == 'g') {
      // For all files that follow. Those who make images write nothing but comments there, and Go's readers do not look.
      read_extension(bytes, "an extended header");
    } else if (type == 'L') {
      pax.path = text(read_extension(bytes, "a long name"));
    } else if (type == 'K') {
      pax.link_path = text(read_extension(bytes, "a long name"));
    } else if (type == 'V') {
      skip((bytes + kBlock - 1) / kBlock * kBlock);  // a label of the archive's
    } else {
      break;
    }
  }
  read_names(header, pax, entry);
  read_common(header, pax, entry);
  if (!read_type(header, entry)) refuse("'" + entry.name + "' is of a type that is not known: '" + header[kType] + "'");
  begin_contents(header, pax, entry);
  entry.xattrs = std::move(pax.xattrs);
  return true;
}

void TarReader::read_names(const Header& header, const PaxRecords& pax, TarEntry& entry) const {
  entry.name = text(field(header, kName));
  if (field(header, kMagic) == kPosixMagic) {
    const std::string_view prefix = text(field(header, kPrefix));
    if (!prefix.empty()) entry.name = std::string(prefix) + "/" + entry.name;
  }
  entry.target = text(field(header, kTarget));
  if (pax.path) entry.name = *pax.path;
  if (pax.link_path) entry.target = *pax.link_path;
  if (entry.name.size() > kMaxPath) refuse("a name has more than 4095 bytes");
  if (entry.name.find('\0') != std::string::npos || entry.target.find('\0') != std::string::npos) {
    refuse("there is a NUL in a name");
  }
}

void TarReader::read_common(const Header& header, const PaxRecords& pax, TarEntry& entry) const {
  const auto id = [&](Field where, const std::optional<std::uint64_t>& said, const char* what) {
    const std::int64_t value =
        said ? static_cast<std::int64_t>(std::min(*said, kLargest)) : number(field(header, where)).value_or(-1);
    if (value < 0 || value >= 0xffff'ffff) refuse("the " + std::string(what) + " of '" + entry.name + "' is none");
    return static_cast<std::uint32_t>(value);
  };
  entry.uid = id(kUid, pax.uid, "owner");
  entry.gid = id(kGid, pax.gid, "group");
  const auto mode = number(field(header, kMode));
  if (!mode) refuse("the mode of '" + entry.name + "' is no number");
  entry.mode = static_cast<std::uint16_t>(*mode & 07777);
  const auto mtime = number(field(header, kMtime));
  if (!mtime && !pax.mtime_s) refuse("the time of '" + entry.name + "' is no number");
  entry.mtime_s = pax.mtime_s ? *pax.mtime_s : *mtime;
  entry.mtime_ns = pax.mtime_ns;
}

bool TarReader::read_type(const Header& header, TarEntry& entry) const {
  using Type = TarEntry::Type;
  switch (header[kType]) {
    case '\0':  // before POSIX a directory was a file whose name ends so
    case '0':
    case '7':
    case 'S':
      entry.type = entry.name.ends_with('/') ? Type::kDirectory : Type::kFile;
      return true;
    case '1':
      entry.type = Type::kHardLink;
      return true;
    case '2':
      entry.type = Type::kSymlink;
      return true;
    case '3':
      entry.type = Type::kCharacterDevice;
      break;
    case '4':
      entry.type = Type::kBlockDevice;
      break;
    case '5':
      entry.type = Type::kDirectory;
      return true;
    case '6':
      entry.type = Type::kFifo;
      return true;
    default:
      return false;
  }
  const auto major_number = number(field(header, kMajor));
  const auto minor_number = number(field(header, kMinor));
  const auto is_good = [](const std::optional<std::int64_t>& part) {
    return part && *part >= 0 && *part <= 0x7fff'ffff;
  };
  if (!is_good(major_number) || !is_good(minor_number)) refuse("the device '" + entry.name + "' has no number");
  entry.device = makedev(static_cast<unsigned>(*major_number), static_cast<unsigned>(*minor_number));
  return true;
}

void TarReader::begin_contents(const Header& header, PaxRecords& pax, TarEntry& entry) {
  // What is no file has no contents, whatever its size says: so Go's archive/tar reads it, with which images are made.
  if (entry.type != TarEntry::Type::kFile) return;
  stored_ = pax.size ? *pax.size : static_cast<std::uint64_t>(*number(field(header, kSize)));
  if (stored_ > kLargest) refuse("'" + entry.name + "' has a size that no file can have");
  padding_ = (kBlock - stored_ % kBlock) % kBlock;
  size_ = stored_;
  if (header[kType] == 'S') {
    read_old_map(header, pax);
  } else if (pax.map_is_in_data) {
    read_map_in_data(pax);
  }
  if (pax.is_sparse) {
    size_ = pax.sparse_size;
    if (size_ > kLargest) refuse("'" + entry.name + "' has a size that no file can have");
    if (check_pieces(pax.pieces, size_, name_) != stored_) {
      refuse("'" + entry.name + "' is sparse, and the sizes of its pieces are not its size");
    }
    pieces_ = std::move(pax.pieces);
    std::erase_if(pieces_, [](const SparsePiece& piece) { return piece.size == 0; });
  } else if (size_ != 0) {
    pieces_ = {{.offset = 0, .size = size_}};
  }
  piece_ = 0;
  entry.is_sparse = pax.is_sparse;
  entry.size = size_;
}

void TarReader::read_old_map(const Header& header, PaxRecords& pax) {
  pax.is_sparse = true;
  pax.pieces.clear();
  const auto size = number(field(header, kSparseSize));
  if (!size || *size < 0) refuse("the size of a sparse file is no number");
  pax.sparse_size = static_cast<std::uint64_t>(*size);
  const auto add = [&](const Header& block, std::size_t where, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i, where += 24) {
      if (block[where] == '\0') return;
      const auto offset = number(field(block, {where, 12}));
      const auto bytes = number(field(block, {where + 12, 12}));
      if (!offset || !bytes || *offset < 0 || *bytes < 0) refuse("a piece of a sparse file has no place");
      if (pax.pieces.size() >= kMaxSparsePieces) refuse("a sparse file has too many pieces");
      pax.pieces.push_back({static_cast<std::uint64_t>(*offset), static_cast<std::uint64_t>(*bytes)});
    }
  };
  add(header, kSparseInHeader, kSparsePiecesInHeader);
  Header block;
  for (bool more = header[kSparseMoreInHeader] != 0; more; more = block[kSparseMoreInBlock] != 0) {
    read_exactly(std::as_writable_bytes(std::span(block)));
    add(block, 0, kSparsePiecesInBlock);
  }
}

// A line of digits from the file's contents.
std::uint64_t TarReader::read_map_number(std::string& line) {
  line.clear();
  for (;;) {
    char c = 0;
    if (stored_ == 0) refuse("a sparse file's map ends too early");
    read_exactly(std::as_writable_bytes(std::span(&c, 1)));
    --stored_;
    if (c == '\n') break;
    line += c;
    if (line.size() > 20) break;
  }
  const auto value = parse_number(line);
  if (!value) refuse("a sparse file's map has what is no number");
  return *value;
}

void TarReader::read_map_in_data(PaxRecords& pax) {
  const std::uint64_t before = stored_;
  std::string line;
  const std::uint64_t count = read_map_number(line);
  if (count > kMaxSparsePieces) refuse("a sparse file has too many pieces");
  pax.pieces.clear();
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t offset = read_map_number(line);
    pax.pieces.push_back({offset, read_map_number(line)});
  }
  const std::uint64_t rest = (kBlock - (before - stored_) % kBlock) % kBlock;
  if (rest > stored_) refuse("a sparse file's map ends too early");
  skip(rest);
  stored_ -= rest;
}

std::uint64_t TarReader::take_hole() {
  const std::uint64_t next = piece_ < pieces_.size() ? pieces_[piece_].offset : size_;
  if (next <= at_) return 0;
  const std::uint64_t zeros = next - at_;
  at_ = next;
  return zeros;
}

std::size_t TarReader::read(std::span<std::byte> into) {
  if (piece_ == pieces_.size() || at_ < pieces_[piece_].offset) return 0;
  const SparsePiece& piece = pieces_[piece_];
  const std::uint64_t left = piece.offset + piece.size - at_;
  const std::size_t got = read_some(into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), left))));
  if (got == 0) refuse("the tar archive ends within a file");
  at_ += got;
  stored_ -= got;
  if (got == left) ++piece_;
  return got;
}

}  // namespace husk::oci
