#include "vmm/image/image_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

#include "vmm/config/image_config_text.h"
#include "vmm/error.h"
#include "vmm/image/crc32c.h"

namespace husk::image {
namespace {

constexpr std::size_t kBlock = 4096;
constexpr std::uint64_t kMagic = 0x3267'6d69'6b73'7568;  // "huskimg2"

struct Record {
  std::uint64_t magic;
  std::uint64_t image_bytes;
  std::int64_t mtime_s;
  cache::Digest made_from;
  std::uint32_t config_bytes;  // of a container's configuration, from the second block on
  std::uint32_t checksum;      // CRC-32C of the fields before
};
static_assert(sizeof(Record) == 64 && std::is_trivially_copyable_v<Record>);

// Behind the record, where there is a configuration: CRC-32C of it, and of the table of layers behind it.
constexpr std::size_t kConfigChecksum = 64;

// Behind that, where the image was given a name or is a container's.
constexpr std::size_t kContents = 72;
constexpr std::uint64_t kContentsMagic = 0x3161'6873'6b73'7568;  // "husksha1", the first version of this record
struct Contents {
  std::uint64_t magic;
  cache::Digest digest;  // SHA-256 of all from byte 1024 on
};
static_assert(sizeof(Contents) == 40 && std::is_trivially_copyable_v<Contents>);

// The fields of erofs_super_block (fs/erofs/erofs_fs.h) that are looked at.
constexpr std::size_t kSuperblock = 1024;
constexpr std::size_t kSuperMagic = kSuperblock + 0;
constexpr std::size_t kSuperChecksum = kSuperblock + 4;
constexpr std::size_t kSuperBlockBits = kSuperblock + 12;
constexpr std::size_t kSuperInodes = kSuperblock + 16;
constexpr std::size_t kSuperBlocks = kSuperblock + 36;
constexpr std::size_t kSuperIncompatible = kSuperblock + 80;
constexpr std::size_t kSuperDevices = kSuperblock + 86;
constexpr std::size_t kSuperDeviceSlot = kSuperblock + 88;
constexpr std::uint32_t kErofsMagic = 0xE0F5'E1E2;

using Head = std::array<std::byte, kBlock>;

template <typename T>
T get(const Head& head, std::size_t offset) {
  T value;
  std::memcpy(&value, head.data() + offset, sizeof value);
  return value;
}

std::uint32_t record_checksum(const Record& record) {
  return crc32c(~0u, std::as_bytes(std::span(&record, 1)).first(offsetof(Record, checksum)));
}

// What is wrong with the superblock; empty if nothing is.
std::string superblock_damage(Head& head, std::uint64_t size) {
  if (get<std::uint32_t>(head, kSuperMagic) != kErofsMagic) return "it has no EROFS superblock";
  const auto incompatible = get<std::uint32_t>(head, kSuperIncompatible);
  if (get<std::uint8_t>(head, kSuperBlockBits) != 12 ||
      (incompatible != 0 && incompatible != erofs::kIncompatDeviceTable)) {
    return "it is an EROFS image of another kind than husk makes";
  }
  const std::uint64_t blocks = get<std::uint32_t>(head, kSuperBlocks);
  if (blocks * kBlock != size) {
    return "it has " + std::to_string(size) + " bytes, and its superblock says " + std::to_string(blocks * kBlock);
  }
  // Over the rest of the first block, the checksum's own field as zero.
  const auto checksum = get<std::uint32_t>(head, kSuperChecksum);
  std::memset(head.data() + kSuperChecksum, 0, sizeof checksum);
  if (crc32c(~0u, std::span(head).subspan(kSuperblock)) != checksum) return "its superblock's checksum is wrong";
  return {};
}

std::string damage_of(Head& head, const struct stat& status, const cache::Digest* made_from) {
  const auto size = static_cast<std::uint64_t>(status.st_size);
  const auto record = get<Record>(head, 0);
  if (record.magic != kMagic) return "it has no record of husk's: another version or another program made it";
  if (record.checksum != record_checksum(record)) return "its record is damaged";
  if (record.image_bytes != size) {
    return "it has " + std::to_string(size) + " bytes and was made with " + std::to_string(record.image_bytes);
  }
  if (status.st_mtim.tv_sec != record.mtime_s || status.st_mtim.tv_nsec != 0) {
    return "something wrote to it after it was made";
  }
  if (made_from != nullptr && *made_from != record.made_from) return "it was made from something else";
  return superblock_damage(head, size);
}

bool read_head(int fd, Head& head) {
  return ::pread(fd, head.data(), head.size(), 0) == static_cast<ssize_t>(head.size());
}

// The configuration's text, if it is there and whole.
std::optional<std::string> read_config(int fd, std::size_t bytes) {
  std::string text(bytes, '\0');
  const bool is_good =
      bytes <= config::kMaxImageConfigText && ::pread(fd, text.data(), bytes, kBlock) == static_cast<ssize_t>(bytes);
  return is_good ? std::optional(text) : std::nullopt;
}

std::uint32_t checksum_of(std::string_view text, std::string_view table) {
  return crc32c(crc32c(~0u, std::as_bytes(std::span(text))), std::as_bytes(std::span(table)));
}

std::uint64_t table_offset(std::size_t config_bytes) {
  return kBlock + erofs::blocks_of(config_bytes) * kBlock;
}

// An index's table of layers, which has one place only; empty if it has none, nothing if it is elsewhere or cannot be read.
std::optional<std::string> read_table(int fd, const Head& head, std::size_t config_bytes) {
  if (get<std::uint32_t>(head, kSuperIncompatible) == 0) return std::string();
  const std::size_t count = get<std::uint16_t>(head, kSuperDevices);
  const std::uint64_t begin = table_offset(config_bytes);
  const std::uint64_t slot = get<std::uint16_t>(head, kSuperDeviceSlot);
  if (count == 0 || count > erofs::kMaxDevices || slot * sizeof(erofs::DeviceSlot) != begin) return std::nullopt;
  std::string table(count * sizeof(erofs::DeviceSlot), '\0');
  const ssize_t got = ::pread(fd, table.data(), table.size(), static_cast<off_t>(begin));
  return got == static_cast<ssize_t>(table.size()) ? std::optional(table) : std::nullopt;
}

std::optional<std::vector<erofs::Device>> layers_in(std::string_view table, const Head& head) {
  return erofs::decode_devices(std::as_bytes(std::span(table)), get<std::uint32_t>(head, kSuperBlocks));
}

cache::Digest digest_of_contents(int fd, const std::string& path) {
  cache::Sha256 hash;
  std::vector<std::byte> buffer(std::size_t{1} << 20);
  for (off_t at = kSuperblock;;) {
    const ssize_t got = ::pread(fd, buffer.data(), buffer.size(), at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw Error::from_errno("read image", path);
    if (got == 0) return hash.finish();
    hash.update(std::span(buffer).first(static_cast<std::size_t>(got)));
    at += got;
  }
}

}  // namespace

OpenedImage open_image(const Folder& folder, const std::string& name, const cache::Digest* made_from) {
  OpenedImage result;
  struct stat status {};
  UniqueFd fd = folder.open(name, status);
  if (!fd) return result;
  result.file_size = static_cast<std::uint64_t>(status.st_size);
  result.created_s = status.st_mtim.tv_sec;
  result.links = status.st_nlink;
  Head head;
  if (!read_head(fd.get(), head)) {
    result.damage = "it has only " + std::to_string(status.st_size) + " bytes that can be read";
    return result;
  }
  result.damage = damage_of(head, status, made_from);
  if (!result.damage.empty()) return result;
  const auto record = get<Record>(head, 0);
  result.made_from = record.made_from;
  if (const auto contents = get<Contents>(head, kContents); contents.magic == kContentsMagic) {
    result.contents = contents.digest;
  }
  result.inodes = get<std::uint64_t>(head, kSuperInodes);
  if (record.config_bytes != 0) {
    const auto text = read_config(fd.get(), record.config_bytes);
    const auto table = read_table(fd.get(), head, record.config_bytes);
    if (text && table && checksum_of(*text, *table) == get<std::uint32_t>(head, kConfigChecksum)) {
      if (auto layers = layers_in(*table, head)) {
        result.layers = *std::move(layers);
        result.image.configuration = config::parse_image_config_text(*text);
      }
    }
    if (!result.image.configuration) {
      result.damage = "its configuration is damaged";
      return result;
    }
  } else if (get<std::uint32_t>(head, kSuperIncompatible) != 0) {
    result.damage = "it has layers and no configuration";
    return result;
  }
  result.image.fd = std::move(fd);
  result.image.size = result.file_size;
  result.image.erofs_path = folder.path_of(name);
  return result;
}

std::uint64_t size_with_layers(const OpenedImage& image) {
  std::uint64_t size = image.file_size;
  for (const erofs::Device& layer : image.layers) size += layer.blocks * kBlock;
  return size;
}

void seal_image(int fd, const std::string& path, const cache::Digest& made_from, std::size_t config_bytes,
                std::span<const erofs::Device> layers) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) throw Error::from_errno("stat image", path);
  Head head;
  const std::string damage =
      read_head(fd, head) ? superblock_damage(head, static_cast<std::uint64_t>(status.st_size)) : "it is too short";
  if (!damage.empty()) throw Error("use the image that was made,", path, damage);

  auto table = read_table(fd, head, config_bytes);
  auto found = table ? layers_in(*table, head) : std::nullopt;
  const auto is_same = [](const erofs::Device& one, const erofs::Device& other) {
    return one.tag == other.tag && one.blocks == other.blocks;
  };
  if (!found || !std::ranges::equal(*found, layers, is_same)) {
    throw Error("use the image that was made,", path, "its layers are others");
  }
  for (std::size_t i = 0; i < layers.size(); ++i) (*found)[i].contents = layers[i].contents;
  table = erofs::encode_devices(*found);
  const auto table_begin = static_cast<off_t>(table_offset(config_bytes));
  if (::pwrite(fd, table->data(), table->size(), table_begin) != static_cast<ssize_t>(table->size())) {
    throw Error::from_errno("write image to disk", path);
  }
  if (config_bytes != 0) {
    const auto text = read_config(fd, config_bytes);
    if (!text || !config::parse_image_config_text(*text)) {
      throw Error("use the image that was made,", path, "its configuration cannot be understood");
    }
    const std::uint32_t checksum = checksum_of(*text, *table);
    if (::pwrite(fd, &checksum, sizeof checksum, kConfigChecksum) != static_cast<ssize_t>(sizeof checksum)) {
      throw Error::from_errno("write image to disk", path);
    }
  }

  // An even number of seconds, which every file system can keep, FAT as well.
  const timespec now{.tv_sec = ::time(nullptr) & ~time_t{1}, .tv_nsec = 0};
  Record record{.magic = kMagic,
                .image_bytes = static_cast<std::uint64_t>(status.st_size),
                .mtime_s = now.tv_sec,
                .made_from = made_from,
                .config_bytes = static_cast<std::uint32_t>(config_bytes),
                .checksum = 0};
  record.checksum = record_checksum(record);
  const std::array<timespec, 2> times = {timespec{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, now};
  if (::pwrite(fd, &record, sizeof record, 0) != static_cast<ssize_t>(sizeof record) ||
      ::futimens(fd, times.data()) != 0 || ::fsync(fd) != 0) {
    throw Error::from_errno("write image to disk", path);
  }
}

void add_checksum(int fd, const std::string& path) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) throw Error::from_errno("stat image", path);
  const Contents contents{.magic = kContentsMagic, .digest = digest_of_contents(fd, path)};
  const std::array<timespec, 2> times = {timespec{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, status.st_mtim};
  if (::pwrite(fd, &contents, sizeof contents, kContents) != static_cast<ssize_t>(sizeof contents) ||
      ::futimens(fd, times.data()) != 0 || ::fsync(fd) != 0) {
    throw Error::from_errno("write image to disk", path);
  }
}

std::string find_damage(int fd) {
  Head head;
  if (!read_head(fd, head)) return "it is too short";
  const auto contents = get<Contents>(head, kContents);
  if (contents.magic != kContentsMagic) return "it has no checksum of its contents: an older husk made it";
  if (digest_of_contents(fd, "the image") == contents.digest) return {};
  const std::array<timespec, 2> times = {timespec{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, timespec{}};
  ::futimens(fd, times.data());  // another time than the record's
  return "its contents are not what was imported";
}

}  // namespace husk::image
