#include "vmm/kvm/statistics.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>

#include "vmm/error.h"
#include "vmm/kvm/api.h"

namespace husk::kvm {
namespace {

// The kernel's are 48 and about 50; the limits keep a file that is no such file from filling the memory.
constexpr std::size_t kMaxNameSize = 256;
constexpr std::size_t kMaxDescriptions = 4096;
constexpr std::size_t kMaxFileSize = std::size_t{4} << 20;

void read_exactly(int fd, std::span<char> buffer) {
  const ssize_t got = ::read(fd, buffer.data(), buffer.size());
  if (got < 0) throw Error::from_errno("read", "KVM's counters");
  if (static_cast<std::size_t>(got) != buffer.size()) {
    throw Error("read", "KVM's counters", "their descriptions end early");
  }
}

// Events that are added up; not times, sizes, peaks, momentary values or histograms.
bool counts_events(const kvm_stats_desc& description) {
  return (description.flags & KVM_STATS_TYPE_MASK) == KVM_STATS_TYPE_CUMULATIVE &&
         (description.flags & KVM_STATS_UNIT_MASK) == KVM_STATS_UNIT_NONE && description.size == 1;
}

}  // namespace

Statistics::Statistics(int owner) : fd_(::ioctl(owner, KVM_GET_STATS_FD, 0UL)) {
  if (!fd_) {
    if (errno != ENOTTY && errno != EINVAL) throw Error::from_errno("open", "KVM's counters");
    return;
  }
  kvm_stats_header header;
  read_exactly(fd_.get(), {reinterpret_cast<char*>(&header), sizeof header});
  // Each description is followed by its name, in a field of name_size bytes.
  const std::size_t stride = sizeof(kvm_stats_desc) + header.name_size;
  const std::size_t table_size = stride * header.num_desc;
  if (header.name_size == 0 || header.name_size > kMaxNameSize || header.num_desc > kMaxDescriptions ||
      header.desc_offset < sizeof header || header.data_offset < header.desc_offset + table_size ||
      header.data_offset > kMaxFileSize) {
    throw Error("read", "KVM's counters", "their header makes no sense");
  }
  std::vector<char> descriptions(header.data_offset - sizeof header);
  read_exactly(fd_.get(), descriptions);
  const std::span<const char> table = std::span(descriptions).subspan(header.desc_offset - sizeof header, table_size);
  for (std::size_t i = 0; i < header.num_desc; ++i) {
    kvm_stats_desc description;
    std::memcpy(&description, table.data() + i * stride, sizeof description);
    if (!counts_events(description)) continue;
    const char* name = table.data() + i * stride + sizeof description;
    descriptions_.push_back({std::string(name, ::strnlen(name, header.name_size)), description.offset});
  }
}

std::vector<Counter> Statistics::read() {
  std::size_t size = 0;
  for (const Description& description : descriptions_) {
    size = std::max(size, description.offset + sizeof(std::uint64_t));
  }
  std::vector<char> values(size);
  std::vector<Counter> counters;
  if (size == 0 || ::read(fd_.get(), values.data(), size) != static_cast<ssize_t>(size)) return counters;
  counters.reserve(descriptions_.size());
  for (const Description& description : descriptions_) {
    std::uint64_t value = 0;
    std::memcpy(&value, values.data() + description.offset, sizeof value);
    counters.push_back({description.name, value});
  }
  return counters;
}

}  // namespace husk::kvm
