#include "vmm/machine/host_profile.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>

#include "common/unique_fd.h"
#include "vmm/cache/cache_file.h"
#include "vmm/error.h"
#include "vmm/log.h"
#include "vmm/machine/host_profile_format.h"
#include "vmm/own_executable.h"

namespace husk::machine {
namespace {

// FNV-1a: against torn or damaged files, not against an enemy (cache::Folder lets only the user himself and root
// write).
std::uint64_t checksum_of(std::span<const std::byte> bytes) {
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325;
  for (const std::byte byte : bytes) hash = (hash ^ static_cast<std::uint64_t>(byte)) * 0x100'0000'01b3;
  return hash;
}

// The linker's --build-id of this executable, from its program headers.
std::array<std::byte, 32> build_id() {
  std::array<std::byte, 32> id{};
  const OwnExecutable self = own_executable();
  for (const Elf64_Phdr& segment : self.headers) {
    if (segment.p_type != PT_NOTE) continue;
    const auto* note = reinterpret_cast<const std::byte*>(segment.p_vaddr + self.bias);
    const auto* end = note + segment.p_filesz;
    while (note + sizeof(Elf64_Nhdr) <= end) {
      const auto* header = reinterpret_cast<const Elf64_Nhdr*>(note);
      const std::byte* description = note + sizeof(Elf64_Nhdr) + ((header->n_namesz + 3U) & ~3U);
      if (header->n_type == NT_GNU_BUILD_ID && header->n_namesz == 4) {
        std::memcpy(id.data(), description, std::min<std::size_t>(header->n_descsz, id.size()));
        return id;
      }
      note = description + ((header->n_descsz + 3U) & ~3U);
    }
  }
  return id;
}

std::optional<HostProfileKey> current_key(const kvm::System& system) {
  HostProfileKey key;
  const UniqueFd boot_id(::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC));
  if (!boot_id || ::read(boot_id.get(), key.boot_id.data(), key.boot_id.size()) < 36) return std::nullopt;
  struct stat status {};
  if (::fstat(system.fd(), &status) != 0) return std::nullopt;
  key.device_inode = status.st_ino;
  key.device_ctime_s = status.st_ctim.tv_sec;
  key.device_ctime_ns = status.st_ctim.tv_nsec;
  key.build_id = build_id();
  return key;
}

constexpr std::size_t kMaxEntries = 256;
constexpr const char* kFileName = "host-profile";

}  // namespace

std::optional<HostProfile> load_host_profile(const kvm::System& system, const cache::CacheDir& cache) {
  const std::optional<cache::Folder> folder = cache.find(cache::CacheDir::Part::kTop);
  if (!folder) return std::nullopt;
  struct stat status {};
  const UniqueFd file = folder->open(kFileName, status);
  if (!file) return std::nullopt;

  struct {
    HostProfileHeader header;
    std::array<kvm_cpuid_entry2, kMaxEntries> entries;
  } contents;
  const ssize_t size = ::read(file.get(), &contents, sizeof contents);
  if (size < static_cast<ssize_t>(sizeof(HostProfileHeader))) return std::nullopt;
  const HostProfileHeader& header = contents.header;
  if (header.magic != kHostProfileMagic || header.entries == 0 || header.entries > kMaxEntries || header.tsc_khz == 0) {
    return std::nullopt;
  }
  if (static_cast<std::size_t>(size) != sizeof(HostProfileHeader) + header.entries * sizeof(kvm_cpuid_entry2)) {
    return std::nullopt;
  }
  const std::span entries(contents.entries.data(), header.entries);
  if (header.checksum != checksum_of(std::as_bytes(entries))) return std::nullopt;
  const std::optional<HostProfileKey> key = current_key(system);
  if (!key || *key != header.key) return std::nullopt;
  return HostProfile{.cpuid = {entries.begin(), entries.end()},
                     .features = header.features,
                     .cpl0_ticks_per_instruction = header.cpl0_ticks_per_instruction,
                     .tsc_khz = header.tsc_khz};
}

void store_host_profile(const kvm::System& system, const HostProfile& profile, const cache::CacheDir& cache) {
  const std::optional<HostProfileKey> key = current_key(system);
  if (!key || profile.cpuid.size() > kMaxEntries) return;

  const std::span<const std::byte> entries = std::as_bytes(std::span(profile.cpuid));
  HostProfileHeader header;
  header.key = *key;
  header.features = profile.features;
  header.cpl0_ticks_per_instruction = profile.cpl0_ticks_per_instruction;
  header.tsc_khz = profile.tsc_khz;
  header.entries = static_cast<std::uint32_t>(profile.cpuid.size());
  header.checksum = checksum_of(entries);
  std::string contents(reinterpret_cast<const char*>(&header), sizeof header);
  contents.append(reinterpret_cast<const char*>(entries.data()), entries.size());

  try {
    const cache::Folder folder = cache.make(cache::CacheDir::Part::kTop);
    cache::sweep(folder);
    cache::TemporaryFile file(folder, kFileName);
    file.write(contents);
    file.publish(kFileName);
  } catch (const Error& error) {
    log::print(log::Severity::kInfo, "the host's profile is not kept, every start measures anew: %s", error.what());
  }
}

}  // namespace husk::machine
